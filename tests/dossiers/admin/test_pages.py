"""Every page opens, grows no query with its rows, and survives bad input."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dossiers.models import Dossier, Evenement, Lot
from tests.fabriques import (
    AppelFactory,
    CleApiFactory,
    CollaborateurFactory,
    DossierFactory,
    EcartFactory,
    EtablissementFactory,
    EvenementFactory,
    ExplicationFactory,
    ImportEcrituresFactory,
    LotFactory,
    OffreFactory,
    OperationFactory,
    RechercheEnregistreeFactory,
)
from tests.rendu import sans_rendu

FABRIQUES: dict[str, Callable[[], object]] = {
    "dossier": lambda: OffreFactory(dossier__maitre_dossier="a@cabinet.example").dossier,
    "cleapi": lambda: CleApiFactory(prete=True),
    "lot": LotFactory,
    "operation": lambda: OperationFactory(echouee=True, demandee_par=CollaborateurFactory()),
    "appel": AppelFactory,
    "ecart": EcartFactory,
    "explication": ExplicationFactory,
    "importecritures": lambda: ImportEcrituresFactory(parti=True),
    "evenement": lambda: EvenementFactory(acteur=CollaborateurFactory()),
    "collaborateur": lambda: CollaborateurFactory(manager=True),
    "rechercheenregistree": RechercheEnregistreeFactory,
}


def liste(modele: str) -> str:
    return reverse(f"admin:dossiers_{modele}_changelist")


def fiche(objet: object) -> str:
    return reverse(f"admin:dossiers_{objet._meta.model_name}_change", args=[objet.pk])  # type: ignore[attr-defined]


def requetes(client: Client, adresse: str) -> int:
    with CaptureQueriesContext(connection) as captures:
        assert client.get(adresse).status_code == 200
    return len(captures)


def test_tous_les_modeles_de_l_application_ont_leur_fabrique() -> None:
    enregistres = {m._meta.model_name for m in admin.site._registry if m._meta.app_label == "dossiers"}
    assert enregistres == set(FABRIQUES)


@pytest.mark.parametrize("modele", FABRIQUES)
def test_chaque_page_s_ouvre_et_sa_liste_ne_fait_pas_plus_de_requetes_quand_elle_grandit(
    racine: Client, modele: str
) -> None:
    def ouvrir(adresse: str) -> int:
        with CaptureQueriesContext(connection) as captures:
            reponse = racine.get(adresse)
        assert reponse.status_code == 200, adresse
        assert reponse.content.count(b"<h1") == 1, adresse
        return len(captures)

    objet, _ = FABRIQUES[modele](), FABRIQUES[modele]()
    ouvrir(fiche(objet))
    ouvrir(f"{liste(modele)}?q=essai")
    peu = ouvrir(liste(modele))
    for _ in range(30):
        FABRIQUES[modele]()
    assert ouvrir(liste(modele)) == peu


def _remplir_le_dossier(dossier: Dossier, combien: int) -> None:
    for _ in range(combien):
        EtablissementFactory(dossier=dossier)
        operation = OperationFactory(dossier=dossier, echouee=True, lot=LotFactory(), explication=ExplicationFactory())
        EvenementFactory(dossier=dossier, operation=operation, lot=operation.lot, acteur=CollaborateurFactory())
        DossierFactory(siren=dossier.siren)


def test_la_page_d_un_dossier_ne_fait_pas_plus_de_requetes_quand_il_grandit(racine: Client) -> None:
    dossier = OffreFactory().dossier
    frise = reverse("admin:dossiers_dossier_frise", args=[dossier.pk])
    _remplir_le_dossier(dossier, 2)
    EcartFactory(dossier=dossier)
    requetes(racine, fiche(dossier))
    peu = requetes(racine, fiche(dossier)), requetes(racine, frise)
    _remplir_le_dossier(dossier, 30)
    assert (requetes(racine, fiche(dossier)), requetes(racine, frise)) == peu


def _remplir_le_lot(lot: Lot, combien: int) -> None:
    for _ in range(combien):
        OperationFactory(lot=lot, echouee=True, explication=ExplicationFactory(ecrite=True))
        OperationFactory(lot=lot, en_cours=True)
    lot.total = lot.operations.count()
    lot.save()


def test_la_page_d_un_lot_ne_fait_pas_plus_de_requetes_quand_il_grandit(racine: Client) -> None:
    lot = LotFactory()
    progression = reverse("admin:dossiers_lot_progression", args=[lot.pk])
    _remplir_le_lot(lot, 2)
    requetes(racine, fiche(lot))
    peu = requetes(racine, fiche(lot)), requetes(racine, progression)
    _remplir_le_lot(lot, 30)
    assert (requetes(racine, fiche(lot)), requetes(racine, progression)) == peu


def test_la_page_d_une_operation_ne_fait_pas_plus_de_requetes_quand_elle_grandit(racine: Client) -> None:
    operation = OperationFactory(echouee=True)

    def remplir(combien: int) -> None:
        for _ in range(combien):
            AppelFactory(operation=operation)
            EvenementFactory(operation=operation, dossier=operation.dossier, acteur=CollaborateurFactory())
            OperationFactory(relance_de=operation)

    remplir(2)
    requetes(racine, fiche(operation))
    peu = requetes(racine, fiche(operation))
    remplir(30)
    assert requetes(racine, fiche(operation)) == peu


def test_la_page_d_une_cle_ne_fait_pas_plus_de_requetes_quand_elle_sert(racine: Client) -> None:
    cle = CleApiFactory(prete=True)

    def remplir(combien: int) -> None:
        for _ in range(combien):
            OperationFactory(dossier=None, cle=cle, nature="tester_cle", parametres={}, echouee=True)
            EvenementFactory(
                dossier=None, guichet=cle.guichet, acteur=CollaborateurFactory(), type=Evenement.Type.SECRET
            )

    remplir(2)
    requetes(racine, fiche(cle))
    peu = requetes(racine, fiche(cle))
    remplir(30)
    assert requetes(racine, fiche(cle)) == peu


#: What every list reads alike, in the code that they share: asked of one.
ABSURDES_COMMUNES = (
    "p=9999999999",
    "p=-1",
    "p=abc",
    "o=99.-98",
    "o=abc",
    "statut__foo=1",
    "inconnu=1",
    "cle__client_secret__contains=a",
    "pk=99999999999999999999999",
    "all=",
)
#: What the search and the filters of a list read, under the list that draws them.
ABSURDES = {
    "dossier": (
        "cle=abc",
        "cle=99999999999999999999",
        "service=nimporte",
        "offres=avec_rien",
        "q=" + "a" * 3000,
        "q=%27%22%3B--",
        "q=99999999999999999999",
        "q=%D9%A1%D9%A2%D9%A3",
        "q=123%20456%20782",
    ),
    "operation": (
        "etat=nimporte",
        "nature=nimporte",
        "creee_le_from=hier",
        "creee_le_from=31/02/2026",
        "creee_le_to=01/01/0001",
    ),
    "lot": ("cree_le_to=31/12/9999",),
    "cleapi": ("usage=x",),
}


def test_une_adresse_absurde_n_est_jamais_une_erreur_interne(racine: Client) -> None:
    for modele, absurdes in (("dossier", ABSURDES_COMMUNES), *ABSURDES.items()):
        FABRIQUES[modele]()
        for requete in absurdes:
            reponse = racine.get(f"{liste(modele)}?{requete}")
            assert reponse.status_code in {200, 302, 400, 404}, requete
            if reponse.status_code == 302:
                assert racine.get(reponse["Location"]).status_code == 200, requete


@pytest.mark.epreuve
@pytest.mark.parametrize("modele", FABRIQUES)
def test_une_requete_absurde_ne_fait_tomber_aucune_liste(racine: Client, modele: str) -> None:
    FABRIQUES[modele]()
    for requete in (requete for absurdes in ABSURDES.values() for requete in absurdes):
        with sans_rendu():
            reponse = racine.get(f"{liste(modele)}?{requete}")
        assert reponse.status_code in {200, 302, 400, 404}, requete
        if reponse.status_code == 200:
            list(reponse.context_data["cl"].result_list)


def test_un_objet_absurde_est_introuvable(racine: Client) -> None:
    suites = dict.fromkeys(FABRIQUES, ("change/", ""))
    suites |= {"dossier": ("change/", "history/", "frise/", ""), "lot": ("change/", "progression/", "resultat.csv")}
    for modele in FABRIQUES:
        for cle in ("abc", "0", "-1", "99999999999999999999", "1%00", "1/2", "é"):
            for suite in suites[modele]:
                reponse = racine.get(f"{liste(modele)}{cle}/{suite}", follow=True)
                assert reponse.status_code in {400, 404}, (modele, cle, suite)


def test_un_caractere_nul_est_refuse(racine: Client) -> None:
    assert racine.get(f"{liste('dossier')}?q=a%00b").status_code == 400
    reponse = racine.post(liste("dossier"), {"action": "ajouter_offre", "_selected_action": "1\x00"})
    assert reponse.status_code in {302, 400}


def test_l_accueil_montre_le_menu_selon_les_droits(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    page = client.get(reverse("admin:index")).content.decode()
    assert "Dossiers" in page
    assert ("Collaborateurs" in page) == (role in {"manager", "administrateur"})
    assert ("Clés d’API" in page) == (role != "consultation")


def test_l_environnement_est_toujours_visible(racine: Client) -> None:
    from dossiers.admin.navigation import environnement

    assert not environnement(None)  # type: ignore[arg-type]
    for code, attendu in (("bac_a_sable", "Bac à sable"), ("production", "Production + Bac à sable")):
        CleApiFactory(environnement=code)
        assert environnement(None)[0] == attendu  # type: ignore[arg-type, index]
        assert attendu in racine.get(reverse("admin:index")).content.decode()
