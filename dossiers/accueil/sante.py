"""The health of one dossier: what of « À traiter » is about it, and so why."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest

from dossiers import greffes
from dossiers.accueil import registre
from dossiers.accueil.comptes import ACompter, compter
from dossiers.accueil.page import LigneComptee
from dossiers.accueil.registre import PLAFOND_LIGNE, Ligne
from dossiers.affichage import badge
from dossiers.models import Dossier

URGENT = ("Urgent", "priority_high", "echec")
A_SUIVRE = ("À suivre", "schedule", "attente")
EN_ORDRE = ("En ordre", "task_alt", "succes")


@greffes.greffer_section
def section(request: HttpRequest, dossier: Dossier) -> greffes.Section | None:
    """One word, and each reason for it with its list: one query, whatever their number. None without any right."""
    lignes = [(ligne, ligne.rangs) for ligne in registre.lignes_de_dossier(request) if ligne.rangs is not None]
    if not lignes:
        return None
    comptes = compter(
        [
            ACompter(rangs=rangs.filter(**{ligne.dossier: dossier}), date=ligne.date, plafond=PLAFOND_LIGNE)
            for ligne, rangs in lignes
        ]
    )
    raisons = [
        LigneComptee(ligne=ligne, compte=compte, conseils=[])
        for (ligne, _), compte in zip(lignes, comptes, strict=True)
        if compte.nombre
    ]
    raisons.sort(key=lambda raison: not raison.ligne.urgente)
    urgente = any(raison.ligne.urgente for raison in raisons)
    contexte: dict[str, Any] = {
        "niveau": badge(*(URGENT if urgente else A_SUIVRE if raisons else EN_ORDRE)),
        "raisons": [(raison, _liste(raison.ligne, dossier)) for raison in raisons],
    }
    return greffes.Section(gabarit="dossiers/accueil/_sante.html", contexte=contexte)


def _liste(ligne: Ligne, dossier: Dossier) -> str:
    """The list of exactly these rows; empty where a list has no such filter: they are on the page of the dossier."""
    if ligne.dossier != "dossier" or "?" not in ligne.adresse:
        return ""
    return f"{ligne.adresse}&{urlencode({'dossier__exact': dossier.pk})}"
