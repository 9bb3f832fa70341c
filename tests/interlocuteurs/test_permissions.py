"""Who may do what with contacts: the four roles, in their own portfolio and in another's."""

import tempfile
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction

from dossiers.roles import ROLES
from dossiers.services.erreurs import ActionImpossible
from interlocuteurs.imports import services
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.services.acces import demander_acces, preparer_cellules
from interlocuteurs.services.donnees import anonymiser, exporter_donnees
from interlocuteurs.services.fiches import Fiche, creer, modifier, renvoyer_fiche
from interlocuteurs.services.remedes import creer_depuis_echec, marquer_invite, rattacher
from tests.fabriques import AccesFactory, CollaborateurFactory
from tests.interlocuteurs.imports.tableurs import ecrire, texte_csv

pytestmark = pytest.mark.django_db


def demande(i, d):
    return [{"interlocuteur": i.pk, "dossier": d.pk, "offre": "start", "voulu": True}]


def changee(i):
    return Fiche(email=i.email, nom="Autre", prenom=i.prenom)


#: Action: (first role that may, what it does). `i` a contact in Loop with an accès in place on the dossier `d`.
ACTIONS = {
    "voir": ("Consultation", lambda i, d, par: Interlocuteur.objects.visibles_par(par).get(pk=i.pk)),
    "creer": (
        "Collaborateur",
        lambda i, d, par: creer(
            Fiche(email="neuf@tpe.example", nom="N", prenom="P"), cle=d.cle, acces=[(d, "start")], par=par
        ),
    ),
    "modifier": ("Collaborateur", lambda i, d, par: modifier(i, changee(i), version=1, par=par)),
    "renvoyer": ("Collaborateur", lambda i, d, par: renvoyer_fiche(i, par=par)),
    "planifier": ("Collaborateur", lambda i, d, par: preparer_cellules(demande(i, d), par=par).a_faire[0]),
    "demander": ("Collaborateur", lambda i, d, par: demander_acces(demande(i, d), par=par, tout_ou_rien=True)),
    "retirer": (
        "Collaborateur",
        lambda i, d, par: demander_acces(
            [{"interlocuteur": i.pk, "dossier": d.pk, "offre": "consultation", "voulu": False}],
            par=par,
            tout_ou_rien=True,
        ),
    ),
    "importer": ("Collaborateur", lambda i, d, par: _importer(d, par)),
    "rattacher": ("Collaborateur", lambda i, d, par: rattacher(i, [(d, "start")], par=par)),
    "inviter": ("Collaborateur", lambda i, d, par: _invite(i, par)),
    "creer_depuis_echec": ("Collaborateur", lambda i, d, par: _recreer(i, par)),
    "exporter": ("Manager", lambda i, d, par: exporter_donnees(i, par=par)),
    "anonymiser": ("Manager", lambda i, d, par: _anonymiser(i, par)),
}


def _invite(i, par):
    marquer_invite([i], par=par)
    i.refresh_from_db()
    if i.invite_le is None:
        raise PermissionDenied


def _importer(d, par):
    """From the file to the confirmation; the line names the dossier."""
    with tempfile.TemporaryDirectory() as dossier:
        ligne = ("importee@tpe.example", "Inventée", "Camille", "", d.code, "start")
        fichier = ecrire(Path(dossier), "contacts.csv", texte_csv(ligne))
        importation = services.recevoir(fichier, fichier.name, cle=d.cle, par=par)
    correspondance, offre, _ = services.proposition(importation)
    importation = services.examiner(importation, correspondance, offre, par=par)
    services.confirmer(importation, services.sceller(importation), par=par)


def _recreer(i, par):
    Interlocuteur.objects.update(presence="absent")
    creer_depuis_echec(i, par=par)


def _anonymiser(i, par):
    i.acces.update(constate=False)
    anonymiser(i, par=par, motif="Départ du client.")


def permis(action, acces, par):
    """Whether a person may do it on the contact and the dossier of an accès; all is undone after."""
    with transaction.atomic():
        acces = Acces.objects.select_related("interlocuteur", "dossier__cle").get(pk=acces.pk)
        try:
            ACTIONS[action][1](acces.interlocuteur, acces.dossier, par)
        except (PermissionDenied, ActionImpossible, Interlocuteur.DoesNotExist, IndexError):
            return False
        finally:
            transaction.set_rollback(True)
    return True


@pytest.mark.parametrize("role", ROLES)
def test_la_table_des_droits(lecture_ici, subtests, role):
    personne = CollaborateurFactory(portefeuille=True, **{role.lower(): True})
    sien, autre = (
        AccesFactory(dossier__maitre_dossier=maitre, interlocuteur__present=True, en_place=True)
        for maitre in (personne.login_loop, "autre@x.fr")
    )
    for action, (premier, _) in ACTIONS.items():
        with subtests.test(action):
            assert permis(action, sien, personne) is (ROLES.index(role) >= ROLES.index(premier))
            assert permis(action, autre, personne) is False
