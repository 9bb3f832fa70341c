"""The health of a dossier: one word, each reason with its list, nothing of another dossier, one query."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from dossiers.affichage import adresse
from raccordements.models import Souscription
from raccordements.souscriptions.etapes import EtatSouscription
from tests.accueil import rangs_de_la_liste
from tests.dossiers.admin.conftest import Entrer, entrer
from tests.fabriques import DossierFactory, EcartFactory, OperationFactory
from tests.raccordements.fabriques import StructureFactory, approuvee, fiche_edi
from tests.raccordements.fabriques_od import souscrite

__all__ = ["entrer"]
pytestmark = pytest.mark.django_db


def sante(client: Client, dossier: Any) -> tuple[str, dict[str, str]]:
    """The word, and each reason by its code."""
    page = unescape(client.get(adresse(dossier)).content.decode())
    section = re.search(r'<section aria-labelledby="titre-sante">(.*?)</section>', page, re.DOTALL)
    assert section
    mot = re.search(r"</span>([^<]+)</span>", section[1])
    assert mot
    return mot[1], dict(re.findall(r'<li data-raison="([^"]+)">(.*?)</li>', section[1], re.DOTALL))


def test_un_dossier_en_ordre_le_dit(entrer: Entrer) -> None:
    sain, autre = DossierFactory(), DossierFactory()
    OperationFactory(a_verifier=True, dossier=autre)
    assert sante(entrer(manager=True), sain) == ("En ordre", {})


def test_chaque_raison_mene_a_sa_liste(entrer: Entrer) -> None:
    client = entrer(manager=True)
    dossier = DossierFactory()
    EcartFactory(dossier=dossier)
    mot, raisons = sante(client, dossier)
    assert (mot, set(raisons)) == ("À suivre", {"ecarts"})
    OperationFactory.create_batch(2, echouee=True, dossier=dossier)
    OperationFactory(echouee=True)
    OperationFactory(a_verifier=True, dossier=dossier)
    mot, raisons = sante(client, dossier)
    assert (mot, list(raisons)[-1]) == ("Urgent", "ecarts")
    assert "2 opérations échouées" in raisons["operations-echouees"]
    for raison in raisons.values():
        lien = re.search(r'href="([^"]+)">(\d+)', raison)
        assert lien
        assert rangs_de_la_liste(client, lien[1]) == int(lien[2])


def test_fiches_et_souscriptions_en_sont(entrer: Entrer) -> None:
    dossier = DossierFactory()
    approuvee(fiche_edi(structure=StructureFactory(dossier=dossier)))
    oubliee = souscrite()
    Souscription.objects.filter(pk=oubliee.pk).update(etat=EtatSouscription.OUBLIEE)
    client = entrer(manager=True)
    assert set(sante(client, dossier)[1]) == {"fiches-a-envoyer-edi"}
    assert set(sante(client, oubliee.dossier)[1]) == {"souscriptions-oubliees"}


def test_les_requetes_ne_suivent_pas_les_raisons(entrer: Entrer) -> None:
    client, dossier = entrer(manager=True), DossierFactory()
    client.get(adresse(dossier))

    def requetes() -> int:
        with CaptureQueriesContext(connection) as captures:
            client.get(adresse(dossier))
        return sum("AS rangs(d)" in requete["sql"] for requete in captures)

    assert requetes() == 1
    OperationFactory.create_batch(8, echouee=True, dossier=dossier)
    EcartFactory(dossier=dossier)
    assert requetes() == 1
