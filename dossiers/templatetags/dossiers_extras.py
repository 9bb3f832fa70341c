"""Template filters of the business: how identifiers are shown."""

from __future__ import annotations

from django import template

from dossiers import sirene

register = template.Library()


@register.filter
def siren(numero: str | None) -> str:
    """A SIREN by groups of three; `—` when there is none."""
    return sirene.afficher_siren(numero) if numero else "—"


@register.filter
def siret(numero: str | None) -> str:
    """A SIRET as 3-3-3-5; `—` when there is none."""
    return sirene.afficher_siret(numero) if numero else "—"
