"""Template filter of the passport, whose values are those of its JSON."""

from __future__ import annotations

from datetime import datetime

from django import template

from dossiers.affichage import VIDE

register = template.Library()


@register.filter
def jour(instant: str | None) -> str:
    """`2026-11-22T10:23:00+01:00` as `22/11/2026`; a dash for none."""
    return f"{datetime.fromisoformat(instant):%d/%m/%Y}" if instant else VIDE
