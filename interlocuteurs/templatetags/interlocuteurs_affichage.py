"""Template filter of the matrix."""

from __future__ import annotations

from django import template
from django.utils.safestring import SafeString

from dossiers.affichage import badge
from interlocuteurs.matrice import Case

register = template.Library()


@register.filter
def apparence(case: Case) -> SafeString:
    """Icon and word of what Loop last said of a cell."""
    return badge(*case.apparence)
