"""The home page, and the CSV of each of its plots."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe

from config.lignes import exporter_lignes
from config.templatetags.cabinet import date_relative
from dossiers.accueil import dessin, registre
from dossiers.accueil.comptes import ACompter, Compte, compter
from dossiers.accueil.registre import PLAFOND_CARTE, PLAFOND_LIGNE, Carte, Conseil, Graphique, Ligne
from dossiers.admin.ecritures.graphique import nombre
from dossiers.models import Evenement, journaliser

JAMAIS = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class LigneComptee:
    """A line that waits: its number, how old, what to do."""

    ligne: Ligne
    compte: Compte
    conseils: list[tuple[Conseil, str]]

    @property
    def titre(self) -> str:
        """What waits, in the number that waits."""
        return self.ligne.des if self.compte.nombre > 1 else self.ligne.un

    @property
    def age(self) -> str:
        """`Depuis le 12/11/2026 — il y a 10 jours`, or `Dès le` for what is to come."""
        if self.compte.depuis is None:
            return ""
        jour = timezone.localdate(self.compte.depuis)
        return f"{'Dès' if jour > timezone.localdate() else 'Depuis'} le {date_relative(jour)}"


def contexte(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """What the theme's home page shows besides its menu (setting UNFOLD, `DASHBOARD_CALLBACK`).

    Its number of queries depends on who looks and on which lines wait, never on how many rows they have.
    """
    lignes, cartes = registre.lignes(request), registre.cartes(request)
    toutes: list[Ligne | Carte] = [*lignes, *cartes]
    a_compter = {un.code: _a_compter(un, un.rangs) for un in toutes if un.rangs is not None}
    comptes = dict(zip(a_compter, compter(list(a_compter.values())), strict=True))
    attendues = sorted(
        (
            LigneComptee(ligne=ligne, compte=compte, conseils=_conseils(ligne))
            for ligne, compte in _lire(lignes, comptes)
        ),
        key=lambda attendue: attendue.compte.depuis or JAMAIS,
    )
    groupes = (
        ("urgent", "Urgent", [une for une in attendues if une.ligne.urgente]),
        ("a-suivre", "À suivre", [une for une in attendues if not une.ligne.urgente]),
    )
    context["accueil"] = {
        "groupes": [groupe for groupe in groupes if groupe[2]],
        "cartes": [(carte, comptes.get(carte.code) or _donne(carte)) for carte in cartes],
        "graphiques": [_montrer(graphique) for graphique in registre.graphiques(request)],
    }
    return context


@require_safe
def exporter(request: HttpRequest, code: str) -> HttpResponseBase:
    """The table of one plot. Raises Http404 for an unknown one, or one that this person may not see."""
    graphique = registre.graphique(request, code)
    if graphique is None:
        raise Http404
    nom = f"accueil-{graphique.code}"
    if request.method != "HEAD":
        journaliser(
            Evenement.Type.EXPORT,
            f"Export du graphique «\u00a0{graphique.titre}\u00a0».",
            acteur=request.user,
            details={"modele": "accueil", "fichier": f"{nom}.csv"},
        )
    plafonne = any(rangee.plus for rangee in graphique.rangees)
    titres = (graphique.entete, *(serie for serie, _ in graphique.series), *(("Compte arrêté au plafond",) * plafonne))
    lignes = (
        (rangee.libelle, *rangee.valeurs, *(("oui" if rangee.plus else "",) * plafonne)) for rangee in graphique.rangees
    )
    return exporter_lignes(nom, titres, lignes)


def _a_compter(un: Ligne | Carte, rangs: QuerySet[Any]) -> ACompter:
    if isinstance(un, Ligne):
        return ACompter(rangs=rangs, date=un.date, plafond=PLAFOND_LIGNE)
    return ACompter(rangs=rangs, plafond=PLAFOND_CARTE)


def _lire(lignes: list[Ligne], comptes: dict[str, Compte]) -> list[tuple[Ligne, Compte]]:
    """The lines that something waits in."""
    lues = [(ligne, comptes.get(ligne.code) or _donne(ligne)) for ligne in lignes]
    return [(ligne, compte) for ligne, compte in lues if compte.nombre]


def _donne(un: Ligne | Carte) -> Compte:
    """The number that its source already has."""
    return Compte(nombre=un.nombre, plafonne=un.plafonne, depuis=un.depuis if isinstance(un, Ligne) else None)


def _conseils(ligne: Ligne) -> list[tuple[Conseil, str]]:
    return [(conseil, nombre(conseil.nombre)) for conseil in ligne.conseils()]


def _montrer(graphique: Graphique) -> dict[str, Any]:
    trace: SafeString | None = dessin.tracer(graphique)
    return {
        "graphique": graphique,
        "dessin": trace,
        "legende": dessin.legende(graphique) if len(graphique.series) > 1 else [],
        "rangees": [
            (rangee, [nombre(valeur) + ("+" if rangee.plus else "") for valeur in rangee.valeurs])
            for rangee in graphique.rangees
        ],
        "csv": reverse("accueil_csv", args=[graphique.code]),
    }
