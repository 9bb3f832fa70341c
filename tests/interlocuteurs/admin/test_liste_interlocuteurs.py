"""The list of contacts: what is typed, filters, queries that do not follow its rows, and the gesture on a selection."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dossiers.models import Operation
from interlocuteurs.models import Acces
from tests.dossiers.admin.formulaires import formulaire, formulaires
from tests.fabriques import AccesFactory, DossierFactory, InterlocuteurFactory, OperationFactory
from tests.rendu import sans_rendu

pytestmark = pytest.mark.django_db
LISTE = "/admin/interlocuteurs/interlocuteur/"


def fiche(objet: Any) -> str:
    return reverse(f"admin:{objet._meta.app_label}_{objet._meta.model_name}_change", args=[objet.pk])


TERMES = (
    "Tourneur",
    "tourn",
    "camille tourneur",
    "ACCUEIL@",
    "accueil@tpe.example",
    "06 12 34 56 78",
    "+33612345678",
    "CODE7",
)


def trouves(client: Client, **filtres: str) -> list[int]:
    """The contacts of the list, under these filters."""
    with sans_rendu():
        reponse: Any = client.get(LISTE, filtres)
    return [i.pk for i in reponse.context_data["cl"].result_list]


def test_chercher_comme_on_tape(au_bureau: Client) -> None:
    contact = InterlocuteurFactory(nom="Tourneur", prenom="Camille", email="accueil@tpe.example", mobile="+33612345678")
    AccesFactory(interlocuteur=contact, dossier__code="CODE7")
    InterlocuteurFactory(prenom="Dominique", mobile="")
    for terme in TERMES:
        assert trouves(au_bureau, q=terme) == [contact.pk], terme
        if terme != "CODE7":
            assert au_bureau.get("/admin/recherche/", {"q": terme})["Location"] == fiche(contact), terme


def test_une_recherche_absurde_ne_casse_rien(au_bureau: Client) -> None:
    InterlocuteurFactory()
    assert au_bureau.get(LISTE, {"q": "\0"}).status_code == 400
    for terme in ("%", "a", "@", "9" * 300, "\u202e"):
        trouves(au_bureau, q=terme)
    assert au_bureau.get(LISTE, {"q": "'\"<script>"}).status_code == 200


def test_les_filtres(au_bureau: Client) -> None:
    absent = AccesFactory(interlocuteur__present=True).interlocuteur
    place = AccesFactory(interlocuteur__present=True, en_place=True).interlocuteur
    inactif = InterlocuteurFactory(actif=False)

    assert trouves(au_bureau, a_relancer="oui") == [absent.pk]
    assert trouves(au_bureau, acces="avec_consultation") == [place.pk]
    assert set(trouves(au_bureau, acces="aucun")) == {absent.pk, inactif.pk}
    assert trouves(au_bureau, fiche="inactifs") == [inactif.pk]
    OperationFactory(
        nature="donner_acces", parametres={"interlocuteur": absent.pk, "offre": "consultation", "nom": "", "prenom": ""}
    )
    assert trouves(au_bureau, a_relancer="oui") == []


def test_les_requetes_ne_dependent_pas_des_lignes(au_bureau: Client) -> None:
    contact, dossier = InterlocuteurFactory(present=True), DossierFactory()

    def compter() -> dict[str, int]:
        comptes = {}
        for adresse in (LISTE, fiche(contact), fiche(dossier)):
            with CaptureQueriesContext(connection) as requetes:
                assert au_bureau.get(adresse).status_code == 200
            comptes[adresse] = len(requetes)
        return comptes

    def peupler(nombre: int) -> None:
        for _ in range(nombre):
            acces = AccesFactory(dossier__cle=dossier.cle, interlocuteur=contact)
            AccesFactory(dossier=dossier)
            OperationFactory(
                dossier=acces.dossier,
                nature="donner_acces",
                objet=f"loop:bac_a_sable:CABINETDEMO:interlocuteur/{contact.pk}",
                parametres={
                    "interlocuteur": contact.pk,
                    "offre": "start",
                    "voulu_avant": False,
                    "nom": "N",
                    "prenom": "P",
                },
            )

    peupler(2)
    compter()
    deux = compter()
    peupler(30)
    assert Acces.objects.count() == 64
    assert compter() == deux


# --- bulk --------------------------------------------------------------------------------------------------------


def test_donner_un_acces_a_une_selection(au_bureau: Client) -> None:
    # Over 999: a primary key written with a thousand separator is not one any more.
    dossier = DossierFactory(pk=1_234_567)
    contacts = [InterlocuteurFactory(present=True) for _ in range(2)]
    depart = {"action": "donner_acces", "_selected_action": [contact.pk for contact in contacts]}
    page = au_bureau.post(LISTE, depart)
    assert "select2" in page.content.decode(), "the dossier is found as one types"
    envoi = next(f for f in formulaires(page) if "selection" in f.champs)
    plan = envoi.envoyer(au_bureau, dossier=dossier.pk, offre="start")
    assert len(plan.context["plan"].a_faire) == 2
    csv = formulaire(plan, "/plan/csv/").envoyer(au_bureau)
    assert csv.status_code == 200
    assert formulaire(plan, "/plan/confirmer/").envoyer(au_bureau).status_code == 302
    assert list(Operation.objects.values_list("nature", "dossier")) == [("donner_acces", dossier.pk)] * 2
