"""Template filters that show states, links and permalinks."""

from __future__ import annotations

from datetime import datetime

from django import template
from django.db.models import Model
from django.utils.safestring import SafeString

from dossiers import affichage
from dossiers.models import Evenement

register = template.Library()


@register.filter
def badge(valeur: str, libelle: str) -> SafeString:
    """Icon and word of a choice: `{{ objet.etat|badge:objet.get_etat_display }}`."""
    return affichage.badge_choix(valeur, libelle)


@register.filter
def adresse(objet: Model) -> str:
    """Address of the admin page of an object."""
    return affichage.adresse(objet)


@register.filter
def ancre(evenement: Evenement) -> str:
    """Permalink of an event."""
    return affichage.ancre(evenement)


@register.filter
def heure(instant: datetime | None) -> str:
    """Day and time, Europe/Paris; `—` when there is none."""
    return affichage.heure(instant)


@register.filter
def pluriel(nombre: int, mots: str) -> str:
    """`{{ n|pluriel:"dossier" }}`, or `"cheval,chevaux"`: the French plural starts at two."""
    return affichage.pluriel(nombre, *mots.split(","))
