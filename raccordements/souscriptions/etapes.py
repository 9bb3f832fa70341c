"""The words of a subscription, and how its states follow each other: the only place that says so.

Source: Cegid OD, « External PDP subscription Process », for the two steps; docs/decisions/0015 for what it leaves open
(end, change of platform, a remote that has forgotten the line).
"""

from __future__ import annotations

from django.db import models

from raccordements.od import schemas


class Niveau(models.TextChoices):
    """Levels of an addressing line, as the national directory names them (AFNOR XP Z12-013)."""

    SIREN = schemas.Niveau.SIREN.value, "SIREN"
    SIRET = schemas.Niveau.SIRET.value, "SIRET"
    CODE_ROUTAGE = schemas.Niveau.CODE_ROUTAGE.value, "Code de routage"
    SUFFIXE = schemas.Niveau.SUFFIXE.value, "Suffixe"


class Qualite(models.TextChoices):
    """In what capacity the customer's user starts the process; the values are those of the remote's border."""

    REPRESENTANT_LEGAL = schemas.Qualite.REPRESENTANT_LEGAL.value, "Représentant légal"
    ADMINISTRATEUR_HABILITE = schemas.Qualite.ADMINISTRATEUR_HABILITE.value, "Administrateur habilité"


class EtatSouscription(models.TextChoices):
    NON_COMMENCEE = "non_commencee", "Non commencée"
    ONBOARDING = "onboarding", "On-boarding en cours"
    ONBOARDEE = "onboardee", "On-boardée"
    SOUSCRIPTION = "souscription", "Souscription en cours"
    SOUSCRITE = "souscrite", "Souscrite"
    RESILIATION = "resiliation", "Résiliation en cours"
    RESILIEE = "resiliee", "Résiliée"
    OUBLIEE = "oubliee", "Oubliée par Cegid OD"
    ANNULEE = "annulee", "Annulée"


class Pas(models.TextChoices):
    """What makes a subscription change of state."""

    COMMENCER_ONBOARDING = "commencer_onboarding", "Commencer l’on-boarding"
    NOTER_ONBOARDING = "noter_onboarding", "Noter l’on-boarding"
    ECHOUER_ONBOARDING = "echouer_onboarding", "Noter l’échec de l’on-boarding"
    COMMENCER_SOUSCRIPTION = "commencer_souscription", "Souscrire chez la plateforme"
    NOTER_SOUSCRIPTION = "noter_souscription", "Noter la souscription"
    ECHOUER_SOUSCRIPTION = "echouer_souscription", "Noter l’échec de la souscription"
    COMMENCER_RESILIATION = "commencer_resiliation", "Résilier"
    NOTER_RESILIATION = "noter_resiliation", "Noter la résiliation"
    ECHOUER_RESILIATION = "echouer_resiliation", "Noter l’échec de la résiliation"
    ECHOUER_RENONCEMENT = "echouer_renoncement", "Noter l’échec du renoncement"
    OUBLIER = "oublier", "Noter l’oubli"
    REPRENDRE = "reprendre", "Recommencer les deux étapes"
    CLORE = "clore", "Clore"
    ANNULER = "annuler", "Annuler"


_E = EtatSouscription

#: From each state, where a step leads; a step that is not here for a state does not happen.
TRANSITIONS_SOUSCRIPTION: dict[Pas, dict[EtatSouscription, EtatSouscription]] = {
    Pas.COMMENCER_ONBOARDING: {_E.NON_COMMENCEE: _E.ONBOARDING},
    Pas.NOTER_ONBOARDING: {_E.ONBOARDING: _E.ONBOARDEE},
    Pas.ECHOUER_ONBOARDING: {_E.ONBOARDING: _E.NON_COMMENCEE},
    Pas.COMMENCER_SOUSCRIPTION: {_E.ONBOARDEE: _E.SOUSCRIPTION},
    # From « oubliée »: the remote knows the line after all.
    Pas.NOTER_SOUSCRIPTION: {_E.SOUSCRIPTION: _E.SOUSCRITE, _E.OUBLIEE: _E.SOUSCRITE},
    Pas.ECHOUER_SOUSCRIPTION: {_E.SOUSCRIPTION: _E.ONBOARDEE},
    Pas.COMMENCER_RESILIATION: {_E.ONBOARDEE: _E.RESILIATION, _E.SOUSCRITE: _E.RESILIATION},
    Pas.NOTER_RESILIATION: {_E.RESILIATION: _E.RESILIEE},
    Pas.ECHOUER_RESILIATION: {_E.RESILIATION: _E.SOUSCRITE},
    Pas.ECHOUER_RENONCEMENT: {_E.RESILIATION: _E.ONBOARDEE},
    Pas.OUBLIER: {_E.ONBOARDEE: _E.OUBLIEE, _E.SOUSCRIPTION: _E.OUBLIEE, _E.SOUSCRITE: _E.OUBLIEE},
    Pas.REPRENDRE: {_E.OUBLIEE: _E.NON_COMMENCEE},
    # From « non commencée »: what was resumed, had served, and will not be started anew after all.
    Pas.CLORE: {_E.OUBLIEE: _E.RESILIEE, _E.NON_COMMENCEE: _E.RESILIEE},
    # What never took effect leaves its period free: given up before the second step, or ended before its first day.
    Pas.ANNULER: {_E.NON_COMMENCEE: _E.ANNULEE, _E.OUBLIEE: _E.ANNULEE, _E.RESILIATION: _E.ANNULEE},
}

#: A call is under way, or its answer is awaited: nothing is changed meanwhile.
EN_COURS = (_E.ONBOARDING, _E.SOUSCRIPTION, _E.RESILIATION)
#: Known by Cegid OD, no call under way: its end may be planned, other connection data asked for.
EN_PLACE = (_E.ONBOARDEE, _E.SOUSCRITE)
#: Cegid OD routes by it, from its first day to its last: what is « résiliée » may still have days to run.
ACQUISES = (_E.SOUSCRITE, _E.RESILIATION, _E.RESILIEE)
#: Neither over nor given up.
VIVANTES = tuple(etat for etat in _E if etat not in {_E.RESILIEE, _E.ANNULEE})


class Progres(models.TextChoices):
    """Where a subscription stands for the practice, in the words of the portfolio."""

    NON_COMMENCE = "non_commence", "Non commencé"
    ONBOARDE = "onboarde", "On-boardé"
    SOUSCRIT = "souscrit", "Souscrit"
    ACTIF = "actif", "Actif"
    # Its last day is over here, and Cegid OD, which was not told, still routes by it.
    FIN_A_DIRE = "fin_a_dire", "Fin à dire à Cegid OD"
    TERMINE = "termine", "Terminé"
