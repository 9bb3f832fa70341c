"""The home page of each role: what is counted is what the lists show, for a number of queries that does not grow."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dossiers.models import Battement, ControleConservation, Evenement
from tests.accueil import comparer, graphiques, ligne, lignes, ouvrir
from tests.fabriques import (
    DossierFactory,
    EcartFactory,
    ExplicationFactory,
    ImportEcrituresFactory,
    OperationFactory,
)

pytestmark = pytest.mark.django_db
ACCUEIL = reverse("admin:index")


def il_y_a(jours: int) -> Any:
    return timezone.now() - timedelta(days=jours)


def cabinet(client: Client, nombre: int = 2) -> None:
    """A practice where everything happens to a few dossiers, one of them in the portfolio of the client's person."""
    personne = client.personne  # type: ignore[attr-defined]
    explication = ExplicationFactory(ecrite=True)
    for rang in range(nombre):
        maitre = personne.login_loop if rang % 2 else "autre@cabinet.example"
        dossier = DossierFactory(operationnel=True, maitre_dossier=maitre)
        OperationFactory(dossier=dossier, a_verifier=True, creee_le=il_y_a(rang))
        echouee = OperationFactory(dossier=dossier, echouee=True, explication=explication)
        OperationFactory(dossier=dossier, relance_de=OperationFactory(dossier=dossier, echouee=True), reussie=True)
        OperationFactory(dossier=dossier, echouee=True, creee_le=il_y_a(45), terminee_le=il_y_a(45))
        OperationFactory(dossier=dossier, annulee=True)
        EcartFactory(dossier=dossier, operation=echouee)
        ExplicationFactory()
        for etat in ("a_corriger", "pret"):
            ImportEcrituresFactory(dossier=dossier, etat=etat, cree_par=personne, cree_le=il_y_a(3))
            ImportEcrituresFactory(dossier=dossier, etat=etat, cree_par=personne, cree_le=il_y_a(9))
        ImportEcrituresFactory(dossier=dossier, etat="refuse", cree_par=personne, fini_le=timezone.now())
        ImportEcrituresFactory(
            dossier=dossier,
            etat="refuse",
            cree_par=personne,
            cree_le=il_y_a(60),
            fini_le=il_y_a(60),
        )


def test_chaque_nombre_est_celui_de_sa_liste(par_role: tuple[str, Client]) -> None:
    _, client = par_role
    cabinet(client, 3)
    comparees = comparer(client)
    assert {"operations-echouees", "imports-refuses", "imports-a-corriger", "ecarts"} <= comparees.keys()
    assert comparees["operations-echouees"] == 3
    assert comparees["dossiers"] == 3


def test_la_personne_limitee_ne_compte_que_son_portefeuille(entrer: Any) -> None:
    client = entrer(manager=True, portefeuille=True)
    cabinet(client, 4)
    comparees = comparer(client)
    assert comparees["operations-a-verifier"] == 2
    assert comparees["ecarts"] == 2
    assert comparees["dossiers"] == 2


def test_sans_portefeuille_rien_ne_se_compte(entrer: Any) -> None:
    client = entrer(manager=True, portefeuille=True, login_loop="")
    cabinet(client)
    assert "operations-a-verifier" not in comparer(client)


def test_ce_qui_attend_le_plus_est_en_tete(entrer: Any) -> None:
    client = entrer(manager=True)
    dossier = DossierFactory()
    OperationFactory(dossier=dossier, a_verifier=True, creee_le=il_y_a(2))
    OperationFactory(dossier=dossier, echouee=True, creee_le=il_y_a(12))
    EcartFactory(dossier=dossier, releve_le=il_y_a(20), operation=OperationFactory(dossier=dossier, reussie=True))
    reponse = ouvrir(client)
    groupes = reponse.context["accueil"]["groupes"]
    assert [(titre, [une.ligne.code for une in attendues]) for _, titre, attendues in groupes] == [
        ("Urgent", ["operations-echouees", "operations-a-verifier"]),
        ("À suivre", ["ecarts"]),
    ]
    page = reponse.content.decode()
    assert "il y a 12\u00a0jours" in page
    assert "Trancher les opérations" in page


def test_rien_a_faire_se_dit(entrer: Any) -> None:
    page = ouvrir(entrer(manager=True)).content.decode()
    assert "Rien ne vous attend" in page
    assert 'class="a-traiter ' not in page


def test_la_consultation_regarde_et_ne_fait_rien(entrer: Any) -> None:
    client = entrer(consultation=True)
    cabinet(client)
    montrees = lignes(client)
    for une in montrees.values():
        assert une.ligne.verbe.startswith("Consulter"), une.ligne.code
    assert not {"operations-a-verifier", "messages", "imports-oublies", "machine-silencieuse"} & montrees.keys()


def test_qui_ne_voit_rien_a_une_page_quand_meme(entrer: Any) -> None:
    client = entrer()
    assert ouvrir(client).context["accueil"] == {"groupes": [], "cartes": [], "graphiques": []}


def test_un_echec_dit_quoi_faire(entrer: Any) -> None:
    client = entrer(collaborateur=True)
    connue, dossier = ExplicationFactory(ecrite=True, remede="Relevez <LoopHub>."), DossierFactory()
    OperationFactory.create_batch(3, dossier=dossier, echouee=True, explication=connue)
    OperationFactory(dossier=dossier, echouee=True)
    ((conseil, combien),) = ligne(client, "operations-echouees").conseils
    assert (conseil.nombre, combien) == (3, "3")
    assert client.get(conseil.adresse).context["cl"].result_count == 3
    assert "Loop n’a pas trouvé le dossier. Relevez &lt;LoopHub&gt;." in ouvrir(client).content.decode()


def test_un_compte_s_arrete_a_son_plafond(entrer: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dossiers.accueil.page.PLAFOND_LIGNE", 2)
    client, dossier = entrer(manager=True), DossierFactory()
    OperationFactory.create_batch(3, dossier=dossier, a_verifier=True)
    compte = ligne(client, "operations-a-verifier").compte
    assert (compte.nombre, compte.plafonne, compte.affiche) == (2, True, "plus\u00a0de\u00a02")


def test_la_machine_ne_se_dit_qu_a_un_administrateur(entrer: Any) -> None:
    dossier = DossierFactory()
    dossier.cle.guichet.pause_jusqu_au = timezone.now() + timedelta(minutes=5)
    dossier.cle.guichet.save()
    Battement.objects.create(genre="horloge", nom="beat", demarre_le=il_y_a(1), battu_le=timezone.now())
    ControleConservation.objects.create(pk=1, demande_le=il_y_a(1), fini_le=timezone.now(), conforme=False)
    client = entrer(administrateur=True)
    page = client.get(reverse("supervision")).content.decode()
    montrees = {code: une.compte.nombre for code, une in lignes(client).items()}
    assert montrees["machine-silencieuse"] == page.count("Jamais vu") + page.count("Silencieux") == 1
    assert montrees["identifiants-en-pause"] == page.count("pause_circle") == 1
    assert montrees["conservation"] == page.count("enfreinte") == 1
    assert not {"machine-silencieuse", "identifiants-en-pause", "conservation"} & lignes(entrer(manager=True)).keys()


def test_le_nombre_de_requetes_ne_depend_pas_des_rangs(racine: Client) -> None:
    cabinet(racine, 2)
    ouvrir(racine)
    with CaptureQueriesContext(connection) as peu:
        ouvrir(racine)
    cabinet(racine, 30)
    with CaptureQueriesContext(connection) as beaucoup:
        ouvrir(racine)
    assert len(beaucoup) == len(peu)


# --- plots -----------------------------------------------------------------------------------------------------------


def test_les_operations_se_comptent_par_jour_de_paris_et_par_issue(entrer: Any) -> None:
    client, dossier = entrer(consultation=True), DossierFactory()
    soir = timezone.localtime().replace(hour=23, minute=30) - timedelta(days=3)
    OperationFactory.create_batch(2, dossier=dossier, reussie=True, terminee_le=soir)
    OperationFactory(dossier=dossier, echouee=True, terminee_le=soir)
    OperationFactory(dossier=dossier, reussie=True, terminee_le=il_y_a(31))
    OperationFactory(dossier=dossier)
    rangees = graphiques(client)["operations"].rangees
    assert len(rangees) == 30
    assert {rangee.libelle: rangee.valeurs for rangee in rangees if any(rangee.valeurs)} == {
        f"{soir:%d/%m/%Y}": (2, 1, 0)
    }


def test_les_imports_se_comptent_par_semaine(entrer: Any) -> None:
    client = entrer(consultation=True)
    lundi = timezone.localtime() - timedelta(days=timezone.localdate().weekday())
    for etat, quand in (("refuse", lundi), ("abandonne", lundi - timedelta(days=1)), ("refuse", il_y_a(100))):
        ImportEcrituresFactory(etat=etat, fini_le=quand)
    rangees = graphiques(client)["imports"].rangees
    assert len(rangees) == 12
    assert rangees[-1].libelle == f"{lundi:%d/%m/%Y}"
    assert [rangee.valeurs for rangee in rangees[-2:]] == [(0, 0, 0, 1), (0, 0, 1, 0)]
    assert sum(sum(rangee.valeurs) for rangee in rangees) == 2


def test_un_graphique_a_sa_table_et_son_csv(entrer: Any) -> None:
    client = entrer(consultation=True)
    OperationFactory.create_batch(4, reussie=True)
    reponse = ouvrir(client)
    montre = next(un for un in reponse.context["accueil"]["graphiques"] if un["graphique"].code == "operations")
    assert "<svg" in montre["dessin"]
    table = client.get(montre["csv"])
    lignes_csv = b"".join(table.streaming_content).decode("utf-8-sig").splitlines()
    assert lignes_csv[0] == "Jour;Réussies;Échouées;Annulées"
    assert lignes_csv[-1] == f"{timezone.localdate():%d/%m/%Y};4;0;0"
    assert len(lignes_csv) == 31
    assert Evenement.objects.filter(type=Evenement.Type.EXPORT, acteur=client.personne).count() == 1
    page = reponse.content.decode()
    assert page.count("<details") == page.count(".csv") == page.count("<caption>")


def test_un_graphique_vide_le_dit(entrer: Any) -> None:
    reponse = ouvrir(entrer(consultation=True))
    assert {un["dessin"] for un in reponse.context["accueil"]["graphiques"]} == {None}
    assert "Rien sur cette période" in reponse.content.decode()


@pytest.mark.parametrize("code", ["operations", "imports", "inconnu"])
def test_un_csv_sans_le_droit_est_introuvable(entrer: Any, code: str) -> None:
    assert entrer().get(reverse("accueil_csv", args=[code])).status_code == 404


def test_un_csv_ne_s_ecrit_pas(racine: Client) -> None:
    assert racine.post(reverse("accueil_csv", args=["operations"])).status_code == 405
