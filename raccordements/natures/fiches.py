"""What the operations on a fiche share: the rows they are about, and their title."""

from __future__ import annotations

from config.http import ErreurDefinitive
from dossiers.models import Operation
from raccordements.models import Fiche, Version


def fiche_de(operation: Operation, *, meme_supprimee: bool = False) -> Fiche:
    """The fiche that an operation is about, with its versions. Raises ErreurDefinitive when it is gone.

    Parameters
    ----------
    meme_supprimee:
        Whether a draft deleted since is found too: what happened is written in its history all the same.
    """
    presentes = Fiche.toutes if meme_supprimee else Fiche.objects
    fiche: Fiche | None = (
        presentes.select_related("structure__compte", "version", "version_en_envoi", "version_envoyee")
        .filter(pk=operation.parametres["fiche"])
        .first()
    )
    if fiche is None:
        raise ErreurDefinitive("Cette fiche n’existe plus : elle a été supprimée. Rien n’a été envoyé.")
    return fiche


def version_de(operation: Operation) -> Version:
    """The version that was asked to leave."""
    version: Version = Version.objects.get(pk=operation.parametres["version"])
    return version


def titre(libelle: str, operation: Operation) -> str:
    """French title of an operation on a fiche, without a query."""
    parametres = operation.parametres
    return f"{libelle} n° {parametres['fiche']} – {parametres['siret']}"
