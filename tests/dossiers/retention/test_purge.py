"""What age erases, what it never does, and that the conservation law still holds."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dossiers.echeances import courriel as module
from dossiers.echeances.rappels import _avancer
from dossiers.models import Appel, Avis, Courriel, Etat, Evenement, Operation, Tournee
from dossiers.retention import registre
from dossiers.services.conservation import verifier
from dossiers.tasks import purger
from tests.fabriques import AppelFactory, CleApiFactory, CollaborateurFactory, OperationFactory

pytestmark = pytest.mark.django_db


def il_y_a(jours: int) -> Any:
    return timezone.now() - timedelta(days=jours)


def commander(*arguments: str) -> str:
    sortie = StringIO()
    call_command("purger", *arguments, stdout=sortie)
    return sortie.getvalue()


@pytest.fixture
def vieux_appels(settings: Any) -> list[Any]:
    """Three old calls of settled operations, one recent, one old of an operation that is not settled."""
    settings.RETENTION = settings.RETENTION | {"appels": 365}
    vieux = [AppelFactory(operation=OperationFactory(reussie=True), debut=il_y_a(400)) for _ in range(3)]
    recent = AppelFactory(operation=OperationFactory(reussie=True), debut=il_y_a(300))
    non_regle = AppelFactory(operation=OperationFactory(a_verifier=True), debut=il_y_a(400))
    return [*vieux, recent, non_regle]


def test_sans_executer_rien_ne_change(vieux_appels: list[Any]) -> None:
    dit = commander()
    assert Appel.objects.count() == 5
    assert "Rien n’a été effacé" in dit
    ligne = next(ligne for ligne in dit.splitlines() if ligne.startswith("Appels aux systèmes distants"))
    assert ligne.split()[4:7] == ["365", "jours", "3"]
    assert "Jamais effacés" in dit
    assert "Journal. Il est la preuve" in dit


def test_ce_qui_n_est_pas_regle_ou_recent_reste(vieux_appels: list[Any]) -> None:
    commander("--executer", "--regle", "appels")
    assert set(Appel.objects.values_list("pk", flat=True)) == {vieux_appels[3].pk, vieux_appels[4].pk}
    assert Operation.objects.count() == 5
    dite = Evenement.objects.get(details__purge="appels")
    assert dite.details["nombre"] == 3


def test_la_loi_de_conservation_tient(vieux_appels: list[Any]) -> None:
    avant = verifier()
    registre.purger()
    apres = verifier()
    assert (avant.lignes, avant.par_etat, avant.fautes) == (apres.lignes, apres.par_etat, apres.fautes)
    assert Operation.objects.filter(etat=Etat.REUSSIE).count() == 4


def test_une_purge_va_par_paquets_et_s_arrete_a_sa_borne(
    vieux_appels: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registre, "PAQUET", 1)
    regle = next(r for r in registre.regles() if r.cle == "appels")
    premier = registre.effacer(regle, 2)
    assert (premier.nombre, premier.borne) == (2, True)
    assert (registre.effacer(regle, 2).nombre, registre.effacer(regle, 2).nombre) == (1, 0)
    assert Evenement.objects.filter(details__purge="appels").count() == 3


def test_zero_jour_n_efface_jamais(vieux_appels: list[Any], settings: Any) -> None:
    settings.RETENTION = dict.fromkeys(settings.RETENTION, 0)
    assert registre.purger() == []
    assert "jamais" in commander("--executer")
    assert Appel.objects.count() == 5


def test_les_traces_de_connexion_et_les_avis_lus_s_en_vont(settings: Any) -> None:
    Session.objects.create(session_key="vieille", session_data="", expire_date=il_y_a(10))
    Session.objects.create(session_key="vivante", session_data="", expire_date=il_y_a(-1))
    for age in (0, 60):
        essai = AccessAttempt.objects.create(username=f"p{age}", ip_address="127.0.0.1", failures_since_start=1)
        AccessAttempt.objects.filter(pk=essai.pk).update(attempt_time=il_y_a(age))
    personne = CollaborateurFactory()
    for cle, age, lu in (("lu", 300, True), ("frais", 1, True), ("non-lu", 300, False)):
        Avis.objects.create(
            personne=personne,
            genre="essai",
            objet=1,
            cle=cle,
            texte="Inventé.",
            adresse="/admin/",
            cree_le=il_y_a(age),
            lu_le=il_y_a(age) if lu else None,
        )
    purger()
    assert list(Session.objects.values_list("session_key", flat=True)) == ["vivante"]
    assert list(AccessAttempt.objects.values_list("username", flat=True)) == ["p0"]
    assert set(Avis.objects.values_list("cle", flat=True)) == {"frais", "non-lu"}


@pytest.mark.parametrize("regle_due", [True, False])
def test_l_avis_d_une_echeance_encore_depassee_reste_et_n_est_pas_redit(regle_due: bool) -> None:
    administrateur = CollaborateurFactory(administrateur=True)
    cle = CleApiFactory(expire_le=il_y_a(300).date())
    _avancer(timezone.localdate())
    Avis.objects.update(lu_le=il_y_a(299), cree_le=il_y_a(299))
    assert Avis.objects.get().personne == administrateur
    if not regle_due:
        cle.expire_le = il_y_a(-300).date()
        cle.save()
    purger()
    Tournee.objects.all().delete()
    _avancer(timezone.localdate())
    assert Avis.objects.filter(lu_le=None).count() == 0
    assert Avis.objects.count() == regle_due


def test_les_resumes_et_ce_qui_n_etait_que_pour_eux_s_en_vont_sans_repartir() -> None:
    personne = CollaborateurFactory(collaborateur=True)
    commun: Any = {"personne": personne, "genre": "lien", "objet": 1, "texte": "Inventé.", "adresse": "/admin/"}
    Avis.objects.create(cle="par courriel seulement", montre=False, cree_le=il_y_a(300), **commun)
    Avis.objects.create(cle="non lu", a_envoyer=True, **commun)
    envoye = module._prendre(personne, il_y_a(300).date(), Avis.objects.filter(cle="non lu"))
    ancien = Courriel.objects.create(personne=personne, jour=il_y_a(299).date())
    Avis.objects.create(cle="d’avant", a_envoyer=True, courriel=ancien, **commun)
    recent = Courriel.objects.create(personne=personne, jour=il_y_a(2).date())
    purger()
    assert set(Courriel.objects.all()) == {recent, ancien}
    assert envoye is not None
    assert set(Avis.objects.values_list("cle", flat=True)) == {"non lu", "d’avant"}
    assert not Avis.objects.filter(a_envoyer=True, courriel=None).exists()


def test_la_borne_dit_qu_il_en_reste_et_le_journal_ce_qui_est_efface(
    vieux_appels: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registre, "PAQUET", 2)
    regle = next(r for r in registre.regles() if r.cle == "appels")
    AppelFactory(operation=OperationFactory(reussie=True), debut=il_y_a(400))  # the fourth old one
    premier = registre.effacer(regle, 3)
    assert (premier.nombre, premier.borne) == (3, True)
    assert sorted(e.details["nombre"] for e in Evenement.objects.filter(details__purge="appels")) == [1, 2]
    dernier = registre.effacer(regle, 3)
    assert (dernier.nombre, dernier.borne) == (1, False)


def test_ce_qu_une_autre_purge_a_pris_entre_temps_n_est_pas_compte(
    vieux_appels: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    regle = next(r for r in registre.regles() if r.cle == "appels")
    atomic = registre.transaction.atomic

    def apres_l_autre() -> Any:
        monkeypatch.undo()
        Appel.objects.filter(pk=vieux_appels[0].pk).delete()
        return atomic()

    monkeypatch.setattr(registre.transaction, "atomic", apres_l_autre)
    assert registre.effacer(regle).nombre == 2
    assert Evenement.objects.get(details__purge="appels").details["nombre"] == 2


def test_les_vieux_appels_se_trouvent_par_leur_date(vieux_appels: list[Any]) -> None:
    regle = next(r for r in registre.regles() if r.cle == "appels")
    with CaptureQueriesContext(connection) as requetes:
        registre.effacer(regle, 1)
    assert not any("ORDER BY" in requete["sql"] for requete in requetes)
    with connection.cursor() as curseur:
        curseur.execute("SET LOCAL enable_seqscan = off")
        curseur.execute("DROP INDEX appel_guichet_debut")  # as good on a table of some rows
    assert "appel_debut" in Appel.objects.filter(debut__lt=il_y_a(365)).order_by().explain()


def test_une_regle_inconnue_est_refusee_en_trois_parties() -> None:
    with pytest.raises(CommandError, match=r"Rien n’a été effacé.*inventee.*Choisissez parmi.*appels"):
        commander("--regle", "inventee")
    with pytest.raises(CommandError, match="au moins 1"):
        commander("--maximum", "0")


def test_chaque_regle_dit_ce_qui_reste() -> None:
    assert {regle.cle for regle in registre.regles()}
    for regle in registre.regles():
        assert regle.garde.endswith(".")
    assert all(garde.raison.endswith(".") for garde in registre.gardes())
    assert len(registre.gardes()) >= 6
