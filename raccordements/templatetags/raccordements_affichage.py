"""Template filters that show connection sheets."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils.safestring import SafeString

from raccordements import affichage
from raccordements.models import Fiche

register = template.Library()


@register.filter
def badge_de(choix: Any) -> SafeString:
    """Icon and word of a status, an approval, an environment, a weight."""
    return affichage.badge_de(choix)


@register.filter
def badge_etat(fiche: Fiche) -> SafeString:
    """The « Etat courant » of a fiche."""
    return affichage.badge_etat(fiche)


@register.filter
def badge_approbation(fiche: Fiche) -> SafeString:
    """Where the approval of a fiche stands."""
    return affichage.badge_approbation(fiche)


@register.filter
def badge_environnement(objet: Any) -> SafeString:
    """The environment of a fiche, a structure or an account."""
    return affichage.badge_environnement(objet)


@register.filter
def adresse_fiche(fiche: Fiche, nom: str = "change") -> str:
    """Address of a page of a fiche: `{{ fiche|adresse_fiche }}`, `{{ fiche|adresse_fiche:"history" }}`."""
    return affichage.adresse_fiche(fiche, nom)


@register.filter
def adresse_etape(fiche: Fiche, etape: Any) -> str:
    """Address of the page that writes a block of a fiche."""
    return affichage.adresse_fiche(fiche, "etape", etape.nom)


@register.filter
def echeance(instant: Any) -> SafeString | str:
    """When something ends and the days left."""
    return affichage.badge_echeance(instant)


@register.filter
def valeur_de_preuve(valeur: Any) -> Any:
    """One value of an evidence, in words."""
    return affichage.valeur_de_preuve(valeur)
