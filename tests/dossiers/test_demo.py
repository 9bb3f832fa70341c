"""The demonstration: an invented practice, made once, completed after; its simulator; the headless proof."""

import json
import threading

import httpx
import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count
from django.utils import timezone

from dossiers import demo
from dossiers.loop.simulateur import SimulateurLoop
from dossiers.management.commands import preuve
from dossiers.models import CleApi, Collaborateur, Dossier, Ecart, Etablissement, Offre, Operation
from dossiers.operations import balayage, execution
from dossiers.roles import ROLES
from dossiers.services.operations import demander
from dossiers.sirene import siren_valide, siret_valide
from tests.epreuves import repetitions
from tests.fabriques import CollaborateurFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def simulateur(settings):
    with SimulateurLoop() as sim:
        settings.LOOP_URLS = {"bac_a_sable": sim.url}
        yield sim


def comptes():
    modeles = (Collaborateur, CleApi, Dossier, Etablissement, Offre, Dossier.history.model)
    return {modele.__name__: modele.objects.count() for modele in modeles}


def lancer(capsys, *options):
    capsys.readouterr()
    call_command("donnees_demo", *options)
    return capsys.readouterr().out


def test_les_donnees_montrent_chaque_situation(capsys):
    lancer(capsys)
    dossiers = Dossier.objects.all()
    assert len(dossiers) == demo.NOMBRE
    assert {d.statut for d in dossiers} == set(Dossier.Statut.values)
    assert dossiers.exclude(archive_le=None).count() == 4
    assert dossiers.filter(code__startswith="0").count() == 12
    assert dossiers.filter(siren="").count() == 2
    assert dossiers.exclude(siren="").values("siren").annotate(n=Count("pk")).filter(n__gt=1).count() == 1
    assert dossiers.filter(cle__type=CleApi.Type.STANDARD).count() == 4
    assert len({offre.en_ecart for offre in Offre.objects.all()}) == 2
    assert Etablissement.objects.filter(siret__startswith="0").exists()
    libres = dossiers.filter(cle__type=CleApi.Type.AVANCEE, archive_le=None).exclude(offres__code="consultation")
    assert libres.count() >= 30, "la preuve en prend vingt"


def test_les_numeros_sont_fictifs_et_leur_cle_est_juste(capsys):
    lancer(capsys, "--dossiers", "50")
    for siren in Dossier.objects.exclude(siren="").values_list("siren", flat=True):
        assert siren_valide(siren)
        assert siren.startswith("0")
    for siret in Etablissement.objects.values_list("siret", flat=True):
        assert siret_valide(siret)
        assert siret.startswith("0000")


def test_relancer_ne_change_que_les_mots_de_passe(capsys):
    premiers = json.loads(lancer(capsys, "--mots-de-passe-json"))["utilisateurs"]
    Dossier.objects.filter(code="DEMO001").update(nom_usuel="Nom changé par quelqu’un")
    Offre.objects.filter(dossier__code="DEMO001").delete()
    secrets = list(CleApi.objects.values_list("client_secret", "cle_abonnement"))
    avant = comptes()
    seconds = json.loads(lancer(capsys, "--mots-de-passe-json"))["utilisateurs"]
    assert comptes() == avant
    assert list(CleApi.objects.values_list("client_secret", "cle_abonnement")) == secrets
    assert Dossier.objects.get(code="DEMO001").nom_usuel == "Nom changé par quelqu’un"
    for avant_, apres in zip(premiers, seconds, strict=True):
        compte = Collaborateur.objects.get(username=apres["identifiant"])
        assert compte.check_password(apres["mot_de_passe"])
        assert not compte.check_password(avant_["mot_de_passe"])


def test_un_utilisateur_par_role_et_un_portefeuille(capsys):
    utilisateurs = json.loads(lancer(capsys, "--mots-de-passe-json"))["utilisateurs"]
    assert [sorted(u) for u in utilisateurs] == [["identifiant", "mot_de_passe", "role"]] * 5
    roles = {c.username: c.groups.get().name for c in Collaborateur.objects.all()}
    assert set(roles.values()) == set(ROLES)
    assert not Collaborateur.objects.filter(is_superuser=True).exists()
    limite = Collaborateur.objects.get(limite_au_portefeuille=True)
    assert 0 < Dossier.objects.visibles_par(limite).count() < demo.NOMBRE / 2
    premier = next(u for u in utilisateurs if u["role"].startswith("Collaborateur"))
    assert premier["identifiant"] != limite.username, "la démonstration prend le premier"


def test_les_dossiers_crees_ont_une_histoire(capsys):
    lancer(capsys)
    assert Dossier.history.count() == demo.NOMBRE


def test_le_volume_se_complete(capsys):
    lancer(capsys, "--dossiers", "300")
    lancer(capsys, "--dossiers", "500")
    volume = Dossier.objects.filter(code__startswith="V")
    assert volume.count() == 500
    assert volume.order_by("-code")[0].code == "V0000500"
    assert Offre.objects.filter(dossier__in=volume).count() == volume.extra(where=["id %% 2 = 0"]).count()
    lancer(capsys, "--dossiers", "100")
    assert volume.count() == 500


def test_refusee_en_production(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="PASSERELLE_PRODUCTION"):
        call_command("donnees_demo")
    assert comptes()["Dossier"] == 0


def test_aucun_secret_de_cle_n_est_montre(capsys, simulateur):
    sortie = lancer(capsys, "--simulateur", simulateur.racine)
    for paire in CleApi.objects.values_list("client_secret", "cle_abonnement"):
        assert not [secret for secret in paire if secret in sortie]


def test_le_simulateur_connait_les_cles_et_montre_les_ecarts_prevus(capsys, simulateur):
    lancer(capsys, "--simulateur", simulateur.racine)
    manager = CollaborateurFactory(manager=True)
    for cle in CleApi.objects.all():
        demander("synchroniser_loophub", par=manager, guichet=cle.guichet)
        assert execution.vider(cle.guichet_id) == 1
    assert set(Operation.objects.values_list("etat", flat=True)) == {"reussie"}
    ecarts = set(Ecart.objects.values_list("code", "classe"))
    par_rang = {dossier.rang: dossier.code for dossier in demo.dossiers()}
    assert ecarts == {
        *((par_rang[rang], "absent_la_bas") for rang in (demo.RANG_NON_RATTACHE, demo.RANG_INCONNU)),
        *((par_rang[rang], "different") for rang in (demo.RANG_AUTRE_NOM, demo.RANG_AUTRE_MAITRE)),
        *((f"LABAS{rang:03d}", "absent_ici") for rang in (1, 2, 3)),
    }


def test_recharger_le_simulateur_garde_sa_vie(capsys, simulateur):
    lancer(capsys, "--simulateur", simulateur.racine)
    avant = simulateur.dossier("DEMO001")
    with simulateur.verrou, simulateur.base:
        simulateur.base.execute("DELETE FROM dossier WHERE code = 'DEMO002'")
        simulateur.base.execute("UPDATE dossier SET provisionne = 1")
    lancer(capsys, "--simulateur", simulateur.racine, "--dossiers", "30")
    assert simulateur.dossier("DEMO001") == avant | {"provisionne": 1}
    assert simulateur.dossier("DEMO002")["provisionne"] == 1
    assert simulateur.dossier("V0000030")["siren"] == demo.siren_de_volume(30)


def test_un_simulateur_absent_est_dit(capsys):
    with pytest.raises(CommandError, match="simulateur n’a pas été chargé"):
        call_command("donnees_demo", "--simulateur", "http://127.0.0.1:9")


def test_un_autre_serveur_n_est_pas_le_simulateur(capsys, simulateur):
    with pytest.raises(CommandError, match="simulateur n’a pas été chargé"):
        call_command("donnees_demo", "--simulateur", f"{simulateur.racine}/ailleurs")
    assert httpx.get(f"{simulateur.racine}/_simulateur/etat").status_code == 200


# --- the headless proof ------------------------------------------------------------------------------------------


@pytest.fixture
def executant():
    """A worker in a thread: sweeps and works until the end of the test."""
    fin = threading.Event()

    def travailler():
        try:
            while not fin.wait(0.2):
                for guichet_id in balayage.balayer():
                    execution.vider(guichet_id, duree=1)
        finally:
            connection.close()

    fil = threading.Thread(target=travailler)
    fil.start()
    yield
    fin.set()
    fil.join()


@pytest.fixture
def prouver(live_server, django_db_serialized_rollback, simulateur, executant, capsys, monkeypatch):
    # Fewer dossiers than in the demonstration: the proof leafs through all of them.
    monkeypatch.setattr(demo, "NOMBRE", repetitions(16, demo.NOMBRE))
    utilisateurs = json.loads(lancer(capsys, "--mots-de-passe-json", "--simulateur", simulateur.racine))["utilisateurs"]
    mots_de_passe = {u["identifiant"]: u["mot_de_passe"] for u in utilisateurs}

    def lancer_la_preuve(*options, identifiant="collaborateur", mot_de_passe=None):
        monkeypatch.setenv("PREUVE_MOT_DE_PASSE", mot_de_passe or mots_de_passe[identifiant])
        adresses = ("--adresse", live_server.url, "--simulateur", simulateur.racine, "--identifiant", identifiant)
        call_command("preuve", *adresses, *options)
        return capsys.readouterr().out

    return lancer_la_preuve


DE_BOUT_EN_BOUT = pytest.mark.django_db(transaction=True)


@DE_BOUT_EN_BOUT
@pytest.mark.epreuve
def test_la_preuve_se_fait_puis_se_refait_quand_tout_est_pris(prouver, simulateur):
    nombre = repetitions(3, 20)
    en_service = Dossier.objects.filter(cle__type=CleApi.Type.AVANCEE, archive_le=None)
    libres = en_service.exclude(offres__code="consultation").values_list("pk", flat=True)[: nombre + 1]
    Dossier.objects.exclude(pk__in=list(libres)).update(archive_le=timezone.now())
    for tour in (1, 2):
        sortie = prouver("--nombre", str(nombre))
        assert (
            f"{nombre} demandées, {nombre} réussies dans l’admin, {nombre} appliquées dans le simulateur, {nombre} où"
            in sortie
        )
        assert "Preuve faite." in sortie
        assert ("Préparation" in sortie) == (tour == 2)
        appliques = simulateur.compte()["appliques"]["POST /collaborativeOffer/addOffer"].values()
        assert (sum(appliques), max(appliques)) == (nombre * tour, tour)
        assert simulateur.compte()["appels"]["POST /collaborativeOffer/addOffer"] == nombre * tour


@DE_BOUT_EN_BOUT
@pytest.mark.epreuve
def test_la_preuve_voit_un_effet_que_l_admin_ignore(prouver, simulateur, settings, capsys):
    settings.OPERATIONS = settings.OPERATIONS | {"quarantaine": 0}
    chemin = "/collaborativeOffer/addOffer"
    simulateur.poser_pannes([{"type": "html_200", "chemin": chemin, "fois": 1, "applique": True}])
    with pytest.raises(CommandError, match="ne disent pas partout"):
        prouver("--nombre", "3")
    sortie = capsys.readouterr().out
    assert "3 demandées, 2 réussies dans l’admin, 3 appliquées dans le simulateur, 2 où" in sortie
    assert "À vérifier" in sortie


@DE_BOUT_EN_BOUT
@pytest.mark.epreuve
def test_la_preuve_dit_ce_qui_l_empeche(prouver, simulateur):
    empechements = [
        ({"mot_de_passe": "faux"}, "connexion de .* est refusée"),
        ({"identifiant": "portefeuille"}, "seulement peuvent recevoir"),
        ({"identifiant": "consultation"}, "n’a pas le formulaire attendu"),
    ]
    for personne, attendu in empechements:
        with pytest.raises(CommandError, match=attendu):
            prouver(**personne)
    assert "POST /collaborativeOffer/addOffer" not in simulateur.compte()["appels"]


def test_la_preuve_demande_son_mot_de_passe(monkeypatch):
    monkeypatch.delenv("PREUVE_MOT_DE_PASSE", raising=False)
    with pytest.raises(CommandError, match="PREUVE_MOT_DE_PASSE est vide"):
        call_command("preuve", "--identifiant", "x", "--simulateur", "http://127.0.0.1:9")


@pytest.mark.parametrize(
    ("change", "attendu"),
    [
        ({}, []),
        ({"etat": "Échouée"}, ["état"]),
        ({"message": "Autre chose"}, ["message"]),
        ({"sur_sa_page": False}, ["message absent de sa page"]),
        ({"dans_la_liste": False}, ["offre absente du CSV de la liste"]),
        ({"compte": 0}, ["compte du simulateur"]),
        ({"compte": 2}, ["compte du simulateur"]),
    ],
    ids=lambda v: str(v)[:40],
)
def test_un_seul_desaccord_suffit(change, attendu):
    vu = {
        "code": "DEMO001",
        "etat": "Réussie",
        "message": "L'offre consultation a été ajoutée au dossier client DEMO001",
        "sur_sa_page": True,
        "dans_la_liste": True,
        "compte": 1,
    }
    assert preuve.Constat(**vu | change).desaccords == attendu
