"""The blocks of a fiche, with the portal's titles in its order, and where each stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from raccordements.models import Fiche, Generation, Genre
from raccordements.services.risques import Risque

#: Codes of the remarks that only say that something is not written yet.
A_FAIRE = ("manque_", "aucun_code", "codes_sans_reponse")


class Avancement(StrEnum):
    """State of a step: the class of `.chemin` that draws it, with its word and its icon beside."""

    FAIT = "faite"
    A_COMPLETER = "avenir"
    ERREUR = "arretee"


MOTS = {
    Avancement.FAIT: ("Fait", "check_circle"),
    Avancement.A_COMPLETER: ("À compléter", "edit_note"),
    Avancement.ERREUR: ("Erreur", "error"),
}


@dataclass(frozen=True, slots=True)
class Etape:
    """One block. `champs`: the beginnings of the fields of the remarks it answers for."""

    nom: str
    titre: str
    champs: tuple[str, ...] = ()

    def repond_de(self, risque: Risque) -> bool:
        return bool(risque.champ) and risque.champ.startswith(self.champs)


GENERALES = Etape(
    "generales",
    "Informations générales",
    ("structure", "protocole", "periode", "generation", "application_piste", "usage_piste"),
)
CERTIFICATS = Etape("certificats", "Certificat(s)", ("certificats",))
CONTACT = Etape("contact", "Contact technique", ("contact",))
RESEAU = Etape("reseau", "Caractéristiques réseaux", ("reseau", "partenaire"))
CODES = Etape("codes", "Codes interfaces", ("codes",))
COMMENTAIRES = Etape("commentaires", "Commentaires", ("commentaires",))


@dataclass(frozen=True, slots=True)
class Pas:
    """A step of one fiche, with what is to be said of it."""

    etape: Etape
    avancement: Avancement
    risques: tuple[Risque, ...]

    @property
    def mot(self) -> str:
        return MOTS[self.avancement][0]

    @property
    def icone(self) -> str:
        return MOTS[self.avancement][1]


def etapes_de(fiche: Fiche) -> list[Etape]:
    """The blocks of this kind of fiche, in the order of the portal's screen."""
    if fiche.genre == Genre.EDI:
        return [GENERALES, CERTIFICATS, CONTACT, RESEAU, CODES, COMMENTAIRES]
    if fiche.generation == Generation.CERTIFICAT:
        return [GENERALES, CERTIFICATS, CONTACT, COMMENTAIRES]
    return [GENERALES, CONTACT, COMMENTAIRES]


def etape_nommee(fiche: Fiche, nom: str) -> Etape | None:
    """The block of this name, None when this kind of fiche has none."""
    return next((etape for etape in etapes_de(fiche) if etape.nom == nom), None)


def chemin(fiche: Fiche, risques: Sequence[Risque]) -> list[Pas]:
    """Every step with its state: an error, something missing, or nothing that blocks."""
    return [_pas(etape, [risque for risque in risques if etape.repond_de(risque)]) for etape in etapes_de(fiche)]


def a_completer(pas: Sequence[Pas], apres: str = "") -> Etape | None:
    """The first step that is not done, looked for from the one that follows `apres`; None when all are."""
    noms = [un.etape.nom for un in pas]
    debut = noms.index(apres) + 1 if apres in noms else 0
    tournes = [*pas[debut:], *pas[:debut]]
    return next((un.etape for un in tournes if un.avancement is not Avancement.FAIT and un.etape.nom != apres), None)


def _pas(etape: Etape, risques: list[Risque]) -> Pas:
    graves = [risque for risque in risques if risque.bloquant]
    if any(not risque.code.startswith(A_FAIRE) for risque in graves):
        avancement = Avancement.ERREUR
    else:
        avancement = Avancement.A_COMPLETER if graves else Avancement.FAIT
    return Pas(etape, avancement, tuple(risques))
