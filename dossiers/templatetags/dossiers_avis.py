"""The bell of the header: how many notices a person has not read."""

from __future__ import annotations

from typing import Any

from django import template

from dossiers.echeances.avis import non_lus

register = template.Library()


@register.inclusion_tag("dossiers/echeances/_cloche.html", takes_context=True)
def cloche(context: template.Context) -> dict[str, Any]:
    """A link to the notices; its name says their number."""
    personne = context["request"].user
    return {"non_lus": non_lus(personne) if personne.is_authenticated and personne.is_active else ""}
