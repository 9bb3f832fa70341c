"""What is said to Cegid OD and what it answers, as plain values. How they are written on the wire is in `contrat`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol


class Niveau(StrEnum):
    """Levels of an addressing line, as the national directory names them (AFNOR XP Z12-013)."""

    SIREN = "SIREN"
    SIRET = "SIREN_SIRET"
    CODE_ROUTAGE = "SIREN_SIRET_CODEROUTAGE"
    SUFFIXE = "SIREN_SUFFIXE"


@dataclass(frozen=True, kw_only=True, slots=True)
class Ligne:
    """An addressing line; only the parts of its level count."""

    niveau: Niveau
    siren: str
    siret: str = ""
    code_routage: str = ""
    suffixe: str = ""

    @property
    def parties(self) -> tuple[str, ...]:
        """The parts of the level, in the order of the identifier."""
        match self.niveau:
            case Niveau.SIREN:
                return (self.siren,)
            case Niveau.SIRET:
                return self.siren, self.siret
            case Niveau.CODE_ROUTAGE:
                return self.siren, self.siret, self.code_routage
            case Niveau.SUFFIXE:
                return self.siren, self.suffixe

    @property
    def identifiant(self) -> str:
        """As the directory writes it: `SIREN_SIRET_CODEROUTAGE`. Two levels may give the same text."""
        return "_".join(self.parties)


class Qualite(StrEnum):
    """In what capacity the customer's user acts. Source: externalPdp-Onboarding, « Getting started »."""

    REPRESENTANT_LEGAL = "representant_legal"
    ADMINISTRATEUR_HABILITE = "administrateur_habilite"


@dataclass(frozen=True, kw_only=True, slots=True)
class Demandeur:
    """The customer's user who on-boards a platform."""

    qualite: Qualite
    nom: str
    email: str


class CleCabinet(Protocol):
    """The cabinet's own API key. `environnement` is a key of the setting OD_URLS."""

    @property
    def environnement(self) -> str: ...
    @property
    def cle_publique(self) -> str: ...
    @property
    def client_secret(self) -> str: ...
    @property
    def cle_abonnement(self) -> str: ...


@dataclass(frozen=True, slots=True)
class DonneesConnexion:
    """The « Pdp connection data » as received, in JSON: only its APIKey is known, the whole goes to the platform."""

    texte: str = field(repr=False)

    @property
    def api_key(self) -> str:
        """Empty when the text does not hold one."""
        try:
            donnees = json.loads(self.texte)
        except (ValueError, RecursionError):
            return ""
        cle = donnees.get("apiKey") if isinstance(donnees, dict) else None
        return cle if isinstance(cle, str) else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class AccesPlateforme:
    """What a platform calls with on behalf of one customer: its own subscription key, and what it got for this line."""

    environnement: str
    cle_abonnement: str = field(repr=False)
    connexion: DonneesConnexion
    ligne: Ligne


class EtatOD(StrEnum):
    """Where a line stands for Cegid OD; its words are in `contrat`."""

    DROITS_VALIDES = "droits validés"
    ON_BOARDEE = "on-boardée"
    ANNULEE = "annulée"
    SOUSCRITE = "souscrite"
    ACTIVE = "active"
    TERMINEE = "terminée"


@dataclass(frozen=True, slots=True)
class Sante:
    """The gateway and the service answered; `message` verbatim."""

    message: str


@dataclass(frozen=True, kw_only=True, slots=True)
class PlateformeDistante:
    """A platform as Cegid OD names it."""

    matricule: str
    nom: str

    def __str__(self) -> str:
        return f"« {self.nom} » (matricule {self.matricule})" if self.nom else f"de matricule {self.matricule}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Onboarding:
    """The first step for one line and one platform. `etat` is None when its word, `etat_brut`, is unknown."""

    numero: str
    etat: EtatOD | None
    etat_brut: str
    plateforme: PlateformeDistante
    valide_le: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class SouscriptionDistante:
    """The second step. `du`, `au`: first and last day routed, both included; `endpoint` is empty for another's."""

    numero: str
    etat: EtatOD | None
    etat_brut: str
    plateforme: PlateformeDistante
    endpoint: str
    du: date | None
    au: date | None
    souscrite_le: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EtatLigne:
    """All that Cegid OD knows of a line, oldest first."""

    identifiant: str
    onboardings: tuple[Onboarding, ...]
    souscriptions: tuple[SouscriptionDistante, ...]


class Issue(StrEnum):
    """How the end of something went. OUBLIEE: Cegid OD does not know it any more, there was nothing to end."""

    TERMINEE = "terminée"
    OUBLIEE = "oubliée"
