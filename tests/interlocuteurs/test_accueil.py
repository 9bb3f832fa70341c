"""What contacts put on the home page: each number is that of its list, for each role."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from interlocuteurs.models import ImportInterlocuteurs, Interlocuteur
from tests.accueil import comparer, lignes
from tests.dossiers.admin.conftest import Entrer, entrer, limite, par_role
from tests.fabriques import CleApiFactory, InterlocuteurFactory

__all__ = ["entrer", "limite", "par_role"]

pytestmark = pytest.mark.django_db
A_INVITER = Interlocuteur.Invitation.A_INVITER


def importation(par: Any, etat: str, jours: int) -> ImportInterlocuteurs:
    return ImportInterlocuteurs.objects.create(
        cle=CleApiFactory(prete=True),
        nom_fichier="contacts.csv",
        empreinte_fichier="0" * 64,
        empreinte_entetes="0" * 64,
        etat=etat,
        cree_par=par,
        cree_le=timezone.now() - timedelta(days=jours),
    )


def garnir(personne: Any) -> None:
    """A contact to invite and an erased one; imports left half-way, of this person and of another."""
    InterlocuteurFactory.create_batch(2, invitation=A_INVITER, cree_par=personne)
    InterlocuteurFactory(invitation=A_INVITER, anonymise_le=timezone.now(), cree_par=personne)
    InterlocuteurFactory(invitation=A_INVITER)
    for etat, jours in (("lu", 9), ("examine", 8), ("lu", 3), ("interrompu", 1), ("termine", 9)):
        importation(personne, etat, jours)


def test_chaque_nombre_est_celui_de_sa_liste(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    garnir(client.personne)  # type: ignore[attr-defined]
    comptes = comparer(client)
    agit = role != "consultation"
    assert comptes.get("a-inviter") == (3 if agit else None)
    assert comptes.get("imports-interlocuteurs-interrompus") == (1 if agit else None)
    assert comptes.get("imports-interlocuteurs-oublies") == (2 if agit else None)


def test_la_personne_limitee_invite_les_siens(limite: Client) -> None:
    garnir(limite.personne)  # type: ignore[attr-defined]
    assert comparer(limite)["a-inviter"] == 2


def test_les_brouillons_d_un_autre_ne_sont_pas_a_soi(entrer: Entrer) -> None:
    garnir(entrer(collaborateur=True).personne)  # type: ignore[attr-defined]
    assert "imports-interlocuteurs-oublies" not in lignes(entrer(manager=True))
