"""How the states of subscriptions are shown."""

from __future__ import annotations

from datetime import date
from enum import Enum
from typing import Any

from django.utils.safestring import SafeString

from dossiers.affichage import VIDE, badge, badge_choix
from raccordements.models import LigneAdressage, Souscription
from raccordements.souscriptions.etapes import EtatSouscription, Progres

#: Icon (Material Symbols) and tone, by choice.
BADGES: dict[Enum, tuple[str, str]] = {
    EtatSouscription.NON_COMMENCEE: ("edit_note", "neutre"),
    EtatSouscription.ONBOARDING: ("sync", "attente"),
    EtatSouscription.ONBOARDEE: ("how_to_reg", "attente"),
    EtatSouscription.SOUSCRIPTION: ("sync", "attente"),
    EtatSouscription.SOUSCRITE: ("check_circle", "succes"),
    EtatSouscription.RESILIATION: ("sync", "attente"),
    EtatSouscription.RESILIEE: ("event_busy", "neutre"),
    EtatSouscription.OUBLIEE: ("cloud_off", "alerte"),
    EtatSouscription.ANNULEE: ("block", "neutre"),
    Progres.NON_COMMENCE: ("edit_note", "neutre"),
    Progres.ONBOARDE: ("how_to_reg", "attente"),
    Progres.SOUSCRIT: ("event_upcoming", "attente"),
    Progres.ACTIF: ("check_circle", "succes"),
    Progres.FIN_A_DIRE: ("campaign", "alerte"),
    Progres.TERMINE: ("event_busy", "neutre"),
}


def badge_de(choix: Any) -> SafeString:
    """The badge of a state or of a place in the progress."""
    return badge(str(choix.label), *BADGES[choix])


def badge_etat(souscription: Souscription) -> SafeString:
    return badge_de(EtatSouscription(souscription.etat))


def badge_progres(progres: Progres | None) -> SafeString | str:
    """A dash for a cancelled subscription."""
    return badge_de(progres) if progres is not None else VIDE


def badge_environnement(objet: Any) -> SafeString:
    """That of a platform, a line or a subscription."""
    return badge_choix(objet.environnement, objet.get_environnement_display())


def badge_ligne(ligne: LigneAdressage, jour: date) -> SafeString:
    """Whether the line is valid on `jour`."""
    if ligne.annulee_le:
        return badge("Annulée", "block", "neutre")
    if ligne.debut > jour:
        return badge("À venir", "event_upcoming", "attente")
    if ligne.fin is not None and ligne.fin < jour:
        return badge("Terminée", "event_busy", "neutre")
    return badge("En vigueur", "check_circle", "succes")


def periode(debut: date, fin: date | None) -> str:
    """`du 01/01/2026 au 31/12/2026`, `à partir du 01/01/2026` without an end."""
    if fin is None:
        return f"à partir du {debut:%d/%m/%Y}"
    return f"du {debut:%d/%m/%Y} au {fin:%d/%m/%Y}"
