"""How statuses, environments and remarks of connection sheets are shown, and where their pages are."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dossiers.affichage import VIDE, badge, heure, pluriel
from raccordements.certificats.schemas import Gravite
from raccordements.models import Approbation, EnvironnementChorus, Etat, Fiche, Genre, Version
from raccordements.services.envoi import Canal

#: Icon (Material Symbols) and tone, by choice: two enumerations may share a value.
BADGES: dict[Enum, tuple[str, str]] = {
    Etat.BROUILLON: ("edit_note", "neutre"),
    Etat.ENVOYEE: ("send", "attente"),
    Etat.ENVOYEE_MAJ: ("update", "attente"),
    Etat.ACTIVEE: ("check_circle", "succes"),
    Etat.DESACTIVEE: ("block", "neutre"),
    Approbation.A_SOUMETTRE: ("draw", "neutre"),
    Approbation.EN_ATTENTE: ("hourglass_empty", "attente"),
    Approbation.APPROUVEE: ("verified", "succes"),
    Approbation.REFUSEE: ("cancel", "echec"),
    EnvironnementChorus.QUALIFICATION: ("science", "succes"),
    EnvironnementChorus.PRODUCTION: ("warning", "echec"),
    Gravite.BLOQUANT: ("block", "echec"),
    Gravite.AVERTISSEMENT: ("warning", "alerte"),
    Gravite.INFORMATION: ("info", "neutre"),
    Version.Etat.EN_ATTENTE: ("hourglass_empty", "attente"),
    Version.Etat.APPROUVEE: ("verified", "succes"),
    Version.Etat.REFUSEE: ("cancel", "echec"),
    Version.Etat.CADUQUE: ("block", "neutre"),
}
MOTS = {
    Gravite.BLOQUANT: "Bloquant",
    Gravite.AVERTISSEMENT: "Avertissement",
    Gravite.INFORMATION: "Information",
}
CANAUX = {
    Canal.PORTAIL: "portail : une personne la saisit dans Chorus Pro",
    Canal.API: "api : Passerelle l’envoie à l’adresse du canal",
}
MODELES = {Genre.EDI: "ficheedi", Genre.API: "ficheapi"}
JOUR = timedelta(days=1)


def badge_de(choix: Any) -> SafeString:
    """The badge of a status, an approval, an environment, the weight of a remark or the state of a version."""
    return badge(MOTS.get(choix) or str(choix.label), *BADGES[choix])


def badge_etat(fiche: Fiche) -> SafeString:
    return badge_de(Etat(fiche.etat))


def badge_approbation(fiche: Fiche) -> SafeString:
    return badge_de(Approbation(fiche.approbation))


def badge_environnement(objet: Any) -> SafeString:
    """That of a fiche, a structure or an account."""
    return badge_de(EnvironnementChorus(objet.environnement))


def canal() -> Canal:
    """How fiches leave, from the setting CHORUS_CANAL."""
    return Canal(settings.CHORUS_CANAL)


def canal_en_mots() -> str:
    return CANAUX[canal()]


def adresse_fiche(fiche: Fiche, nom: str = "change", *arguments: Any) -> str:
    """Address of a page of a fiche, whichever model it was read as."""
    return reverse(f"admin:raccordements_{MODELES[Genre(fiche.genre)]}_{nom}", args=[fiche.pk, *arguments])


def lien_fiche(fiche: Fiche) -> SafeString:
    return format_html('<a href="{}">{}</a>', adresse_fiche(fiche), fiche)


def jours_restants(instant: datetime) -> int:
    """Whole days left until `instant`, 0 on the last one, negative once it is past."""
    return math.floor((instant - timezone.now()) / JOUR)


def badge_echeance(instant: datetime | None) -> SafeString | str:
    """When something ends, in days left, with the thresholds of CERTIFICATS_SEUILS; a dash for none."""
    if instant is None:
        return VIDE
    jours, seuils = jours_restants(instant), settings.CERTIFICATS["seuils"]
    fin = f"{timezone.localtime(instant):%d/%m/%Y}"
    if jours < 0:
        return badge(f"Expiré le {fin}", "event_busy", "echec")
    reste = pluriel(jours, "jour restant", "jours restants")
    # The largest threshold informs, the others warn (`certificats.verdicts`).
    pressant = len(seuils) > 1 and jours <= seuils[1]
    ton = "alerte" if pressant else "attente" if seuils and jours <= seuils[0] else "succes"
    return badge(f"{fin}, {reste}", "event_upcoming" if ton == "alerte" else "event_available", ton)


def valeur_de_preuve(valeur: Any) -> Any:
    """One value of an evidence as people read it: yes or no, a moment of the remote on the clock of Paris."""
    if isinstance(valeur, bool):
        return "oui" if valeur else "non"
    try:
        instant = datetime.fromisoformat(valeur)
    except (TypeError, ValueError):
        return valeur
    return heure(instant) if instant.tzinfo else valeur
