"""The words of a fiche, which action is permitted in which status, and how statuses follow each other.

Sources: AIFE guide « Fiche de raccordement (EDI et API) », 2017, for the five statuses and what a draft, a sent and an
active fiche allow; docs/decisions/0012 for what it leaves open (deactivation, withdrawal, « Envoyée MAJ »).
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from django.db import models

from raccordements.chorus import contrat


class Genre(models.TextChoices):
    EDI = "edi", "EDI"
    API = "api", "API"


class Generation(models.TextChoices):
    """Form of an API fiche: a certificate until 1 January 2021, a PISTE application since."""

    PISTE = "piste", "Application PISTE"
    CERTIFICAT = "certificat", "Certificat (formulaire de 2017)"


class EnvironnementChorus(models.TextChoices):
    """The keys of the setting CHORUS_URLS."""

    QUALIFICATION = "qualification", "Qualification"
    PRODUCTION = "production", "Production"


class Protocole(models.TextChoices):
    PESIT = "pesit", "PeSIT"
    SFTP = "sftp", "SFTP"
    AS2 = "as2", "AS2"


class UsagePiste(models.TextChoices):
    """The three organisations AIFE describes for the API; the list of the portal's form is not published."""

    DIRECT = "direct", "Raccordement direct"
    CLIENT_LOURD = "client_lourd", "Logiciel installé chez le client (« client lourd »)"
    CONCENTRATEUR = "concentrateur", "Éditeur qui appelle pour ses clients (« concentrateur »)"


class UsageCertificat(models.TextChoices):
    """What one file serves for; the values are those of the channel's contract."""

    CLIENT = "client", "Client"
    SERVEUR = "serveur", "Serveur"
    LES_DEUX = "client et serveur", "Client et serveur"


class Mode(models.TextChoices):
    """The three choices of the portal for one interface code, with its words."""

    AUCUN = "aucun", "Pas de raccordement"
    COMPLETE = "complete", "Complète"
    PARTIELLE = "partielle", "Partielle"


class Etat(models.TextChoices):
    """« Etat courant »: these five and nothing else."""

    BROUILLON = "brouillon", "Brouillon"
    ENVOYEE = "envoyee", "Envoyée"
    ENVOYEE_MAJ = "envoyee_maj", "Envoyée MAJ"
    ACTIVEE = "activee", "Activée"
    DESACTIVEE = "desactivee", "Désactivée"


class Approbation(models.TextChoices):
    """The second axis, ours: Chorus Pro knows nothing of it."""

    A_SOUMETTRE = "a_soumettre", "À soumettre"
    EN_ATTENTE = "en_attente", "En attente d’approbation"
    APPROUVEE = "approuvee", "Approuvée"
    REFUSEE = "refusee", "Refusée"


class Action(models.TextChoices):
    """What a person, or a worker, may do with a fiche."""

    CONSULTER = "consulter", "Consulter"
    MODIFIER = "modifier", "Modifier"
    CHANGER_CERTIFICAT = "changer_certificat", "Mettre à jour le certificat"
    REGLER_CODES = "regler_codes", "Régler les codes interfaces"
    SUPPRIMER = "supprimer", "Supprimer"
    SOUMETTRE = "soumettre", "Soumettre à l’approbation"
    ENVOYER = "envoyer", "Envoyer"
    CONSTATER = "constater", "Constater l’activation"
    RETIRER = "retirer", "Noter le retrait de la demande"
    DESACTIVER = "desactiver", "Noter la désactivation"
    REACTIVER = "reactiver", "Annuler la désactivation"
    CLONER = "cloner", "Cloner"
    PROMOUVOIR = "promouvoir", "Préparer la production"


@dataclass(frozen=True, slots=True)
class Regle:
    """Statuses in which an action is permitted, by kind of fiche; `source` says who decided so."""

    edi: frozenset[Etat]
    api: frozenset[Etat]
    source: str

    def etats(self, genre: str) -> frozenset[Etat]:
        return self.edi if genre == Genre.EDI else self.api


GUIDE, USAGE = "guide AIFE", "décision 0012"
TOUS, AUCUN_ETAT = frozenset(Etat), frozenset[Etat]()
EN_MAIN = frozenset({Etat.BROUILLON, Etat.ACTIVEE})
PARTIS = frozenset({Etat.ENVOYEE, Etat.ENVOYEE_MAJ})

#: Which action in which status: the only place that says so.
ACTIONS: dict[Action, Regle] = {
    Action.CONSULTER: Regle(TOUS, TOUS, GUIDE),
    # The guide says it of the API list for Activée; the EDI list is not described.
    Action.MODIFIER: Regle(EN_MAIN, EN_MAIN, GUIDE),
    Action.CHANGER_CERTIFICAT: Regle(EN_MAIN, EN_MAIN, GUIDE),
    Action.REGLER_CODES: Regle(EN_MAIN, AUCUN_ETAT, GUIDE),
    Action.SUPPRIMER: Regle(frozenset({Etat.BROUILLON}), frozenset({Etat.BROUILLON}), GUIDE),
    Action.SOUMETTRE: Regle(EN_MAIN, EN_MAIN, GUIDE),
    Action.ENVOYER: Regle(EN_MAIN, EN_MAIN, GUIDE),
    Action.CONSTATER: Regle(PARTIS, PARTIS, GUIDE),
    Action.RETIRER: Regle(PARTIS, PARTIS, USAGE),
    Action.DESACTIVER: Regle(
        frozenset({Etat.ACTIVEE, Etat.ENVOYEE_MAJ}), frozenset({Etat.ACTIVEE, Etat.ENVOYEE_MAJ}), USAGE
    ),
    Action.REACTIVER: Regle(frozenset({Etat.DESACTIVEE}), frozenset({Etat.DESACTIVEE}), USAGE),
    Action.CLONER: Regle(TOUS, TOUS, USAGE),
    Action.PROMOUVOIR: Regle(frozenset({Etat.ACTIVEE}), frozenset({Etat.ACTIVEE}), GUIDE),
}

#: From each status, where an event leads; an event that is not here for a status does not happen.
TRANSITIONS: dict[Action, dict[Etat, Etat]] = {
    Action.ENVOYER: {Etat.BROUILLON: Etat.ENVOYEE, Etat.ACTIVEE: Etat.ENVOYEE_MAJ},
    Action.CONSTATER: {Etat.ENVOYEE: Etat.ACTIVEE, Etat.ENVOYEE_MAJ: Etat.ACTIVEE},
    Action.RETIRER: {Etat.ENVOYEE: Etat.BROUILLON, Etat.ENVOYEE_MAJ: Etat.ACTIVEE},
    Action.DESACTIVER: {Etat.ACTIVEE: Etat.DESACTIVEE, Etat.ENVOYEE_MAJ: Etat.DESACTIVEE},
    Action.REACTIVER: {Etat.DESACTIVEE: Etat.ACTIVEE},
}


def permise(action: Action, genre: str, etat: str) -> bool:
    """Whether the table permits `action` on a fiche of this kind in this status."""
    return etat in ACTIONS[action].etats(genre)


def actions_permises(genre: str, etat: str) -> list[Action]:
    """Every action that the table permits, in its order."""
    return [action for action in Action if permise(action, genre, etat)]


def lire_etat(mot: str) -> Etat | None:
    """A status as any screen or file of the portal writes it (Brouillon, BROUILLON, ENVOYEE_MAJ); None when unknown."""
    lu = contrat.lire_etat(mot)
    return next((etat for etat in Etat if lu and etat.label == lu.value), None)


def est_titre_etat(titre: str) -> bool:
    """Whether a column title is the status: « Etat courant » in the EDI list, « État courant » in the API list."""
    decompose = unicodedata.normalize("NFKD", titre)
    simple = "".join(c for c in decompose if not unicodedata.combining(c)).casefold()
    return " ".join(simple.replace("_", " ").split()) in {"etat courant", "etat"}
