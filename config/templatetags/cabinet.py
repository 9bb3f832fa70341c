"""Template filters of no business: dates and durations as a French reader expects them."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django import template
from django.utils import timezone

register = template.Library()

PALIERS = (  # seconds of one unit, from which number of seconds it is used, singular, plural
    (365 * 86_400, 700 * 86_400, "an", "ans"),
    (30 * 86_400, 90 * 86_400, "mois", "mois"),
    (86_400, 86_400, "jour", "jours"),
    (3_600, 3_600, "heure", "heures"),
    (60, 60, "minute", "minutes"),
)


@register.filter
def date_relative(valeur: date | datetime | None) -> str:
    """`12/01/2027 — dans 41 jours`; with the time (Europe/Paris) for a datetime; `—` for none."""
    if valeur is None or valeur == "":
        return "—"
    if isinstance(valeur, datetime):
        locale = timezone.localtime(valeur)
        return f"{locale:%d/%m/%Y %H:%M} — {_ecart(valeur - timezone.now())}"
    return f"{valeur:%d/%m/%Y} — {_ecart_en_jours((valeur - timezone.localdate()).days)}"


@register.filter
def duree(valeur: timedelta | None) -> str:
    """`2 heures`, `30 minutes`, `moins d’une minute`; `—` for none."""
    return "—" if valeur is None else _grandeur(abs(valeur.total_seconds()))


def _ecart(ecart: timedelta) -> str:
    secondes = ecart.total_seconds()
    if abs(secondes) < PALIERS[-1][0]:
        return "à l’instant"
    return f"dans {_grandeur(secondes)}" if secondes > 0 else f"il y a {_grandeur(-secondes)}"


def _ecart_en_jours(jours: int) -> str:
    proches = {0: "aujourd’hui", 1: "demain", -1: "hier"}
    return proches.get(jours) or _ecart(timedelta(days=jours))


def _grandeur(secondes: float) -> str:
    for unite, seuil, singulier, pluriel in PALIERS:
        if secondes >= seuil:
            nombre = int(secondes // unite)
            return f"{nombre}\u00a0{pluriel if nombre > 1 else singulier}"
    return "moins d’une minute"
