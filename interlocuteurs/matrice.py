"""The matrix of accès: contacts x offers of one dossier, or dossiers x offers of one contact, read in two queries."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from dossiers.models import Dossier, Offre, Operation
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.natures import objet_de

FORME_CASE = re.compile(
    rf"(?P<interlocuteur>[1-9][0-9]{{0,17}}):(?P<dossier>[1-9][0-9]{{0,17}}):(?P<offre>{'|'.join(Offre.Code.values)})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One cell: what is wanted, what Loop last said (None: nothing), what is under way."""

    interlocuteur: int
    dossier: int
    offre: str
    voulu: bool = False
    constate: bool | None = None
    operation: Operation | None = None

    @property
    def cle(self) -> str:
        """How a form names the cell."""
        return f"{self.interlocuteur}:{self.dossier}:{self.offre}"

    @property
    def libelle(self) -> str:
        return str(Offre.Code(self.offre).label)

    @property
    def manquante(self) -> bool:
        """Wanted, not in place, and nothing under way."""
        return self.voulu and not self.constate and self.operation is None

    @property
    def apparence(self) -> tuple[str, str, str]:
        """Word, icon and tone of what Loop last said, beside what is wanted."""
        if self.constate:
            return (
                ("En place", "check_circle", "succes")
                if self.voulu
                else ("En place, pas voulu", "sync_problem", "alerte")
            )
        if self.voulu:
            return "Pas en place", "sync_problem", "alerte"
        return ("Retiré", "remove", "neutre") if self.constate is False else ("Aucun accès", "remove", "neutre")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rangee:
    """One line of the matrix: a dossier or a contact, and its cell for each offer."""

    objet: Dossier | Interlocuteur
    cases: list[Case]


def de_l_interlocuteur(interlocuteur: Interlocuteur, dossiers: Sequence[Dossier]) -> list[Rangee]:
    """The accès of a contact on these dossiers."""
    ouvertes = Operation.objects.non_reglees().filter(objet=objet_de(interlocuteur))
    acces = Acces.objects.filter(interlocuteur=interlocuteur, dossier__in=dossiers)
    connues = _connues(acces, ouvertes)
    return [
        Rangee(
            objet=dossier,
            cases=[_case(connues, interlocuteur.pk, dossier.pk, offre) for offre in Offre.Code.values],
        )
        for dossier in dossiers
    ]


def du_dossier(dossier: Dossier, interlocuteurs: Sequence[Interlocuteur]) -> list[Rangee]:
    """The accès of these contacts on a dossier."""
    ouvertes = Operation.objects.non_reglees().filter(dossier=dossier, parametres__has_key="interlocuteur")
    acces = Acces.objects.filter(dossier=dossier, interlocuteur__in=interlocuteurs)
    connues = _connues(acces, ouvertes)
    return [
        Rangee(
            objet=interlocuteur,
            cases=[_case(connues, interlocuteur.pk, dossier.pk, offre) for offre in Offre.Code.values],
        )
        for interlocuteur in interlocuteurs
    ]


def _connues(acces: Any, ouvertes: Any) -> dict[tuple[int, int, str], dict[str, Any]]:
    connues: dict[tuple[int, int, str], dict[str, Any]] = {
        (ligne.interlocuteur_id, ligne.dossier_id, ligne.offre): {"voulu": ligne.voulu, "constate": ligne.constate}
        for ligne in acces.order_by()
    }
    for operation in ouvertes.order_by("id"):
        parametres = operation.parametres
        if "voulu_avant" in parametres:
            case = (parametres["interlocuteur"], operation.dossier_id, parametres["offre"])
            connues.setdefault(case, {})["operation"] = operation
    return connues


def _case(connues: dict[tuple[int, int, str], dict[str, Any]], interlocuteur: int, dossier: int, offre: str) -> Case:
    connue = connues.get((interlocuteur, dossier, offre), {})
    return Case(interlocuteur=interlocuteur, dossier=dossier, offre=offre, **connue)


def demandes(vues: Iterable[str], cochees: Iterable[str]) -> list[dict[str, Any]]:
    """What a person changed in a matrix, for `acces.preparer_cellules`.

    Parameters
    ----------
    vues:
        Each cell shown with what was wanted then: `interlocuteur:dossier:offre:0|1`.
    cochees:
        The cells ticked now.

    Raises ValueError on a text that names no cell.
    """
    voulues, changees = set(cochees), []
    for vue in vues:
        cle, _, avant = vue.rpartition(":")
        lue = FORME_CASE.fullmatch(cle)
        if lue is None or avant not in {"0", "1"}:
            raise ValueError("not a cell of the matrix")
        if (voulu := cle in voulues) != (avant == "1"):
            changees.append(_demande(lue, voulu))
    return changees


def manquantes(cles: Iterable[str]) -> list[dict[str, Any]]:
    """The cells named, asked for again. Raises ValueError on a text that names no cell."""
    lues = [FORME_CASE.fullmatch(cle) for cle in cles]
    if None in lues:
        raise ValueError("not a cell of the matrix")
    return [_demande(lue, True) for lue in lues if lue]


def _demande(lue: re.Match[str], voulu: bool) -> dict[str, Any]:
    return {
        "interlocuteur": int(lue["interlocuteur"]),
        "dossier": int(lue["dossier"]),
        "offre": lue["offre"],
        "voulu": voulu,
    }
