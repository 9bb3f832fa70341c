"""How states, dates and refusals are shown: always an icon and a word, never a colour alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db.models import Model
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from dossiers.models import Dossier, Ecart, Environnement, Etat, Explication, Guichet, Operation
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.plans import Verdict

VIDE = "—"

#: Icon (Material Symbols) and tone of each choice that is shown as a badge.
BADGES: dict[str, tuple[str, str]] = {
    Dossier.Statut.A_PREPARER: ("hourglass_empty", "attente"),
    Dossier.Statut.OPERATIONNEL: ("check_circle", "succes"),
    Etat.EN_ATTENTE: ("schedule", "attente"),
    Etat.EN_COURS: ("sync", "attente"),
    Etat.REUSSIE: ("check_circle", "succes"),
    Etat.ECHOUEE: ("cancel", "echec"),
    Etat.INCERTAINE: ("help", "alerte"),
    Etat.A_VERIFIER: ("person_search", "alerte"),
    Etat.ANNULEE: ("block", "neutre"),
    Ecart.Etat.OUVERT: ("error", "alerte"),
    Ecart.Etat.REPARE: ("check_circle", "succes"),
    Ecart.Etat.CLOS: ("done", "neutre"),
    Ecart.Classe.ABSENT_LA_BAS: ("cloud_off", "alerte"),
    Ecart.Classe.ABSENT_ICI: ("playlist_add", "alerte"),
    Ecart.Classe.DIFFERENT: ("difference", "alerte"),
    Environnement.BAC_A_SABLE: ("science", "succes"),
    Environnement.TEST: ("biotech", "alerte"),
    Environnement.PRODUCTION: ("warning", "echec"),
    "qualification": ("science", "succes"),  # the other environment of Chorus Pro
    Explication.Statut.DOCUMENTEE: ("menu_book", "neutre"),
    Explication.Statut.A_ECRIRE: ("edit_note", "alerte"),
    Explication.Statut.ECRITE: ("check_circle", "succes"),
    Verdict.FAIRE: ("play_arrow", "attente"),
    Verdict.RIEN: ("remove", "neutre"),
    Verdict.BLOQUE: ("block", "echec"),
}


def badge(mot: str, icone: str, ton: str) -> SafeString:
    """A word with its icon; `ton` is `succes`, `attente`, `alerte`, `echec` or `neutre`."""
    return format_html(
        '<span class="badge badge-{}"><span class="material-symbols-outlined" aria-hidden="true">{}</span>{}</span>',
        ton,
        icone,
        mot,
    )


def badge_choix(valeur: str, libelle: str) -> SafeString:
    """The badge of a value of `BADGES`."""
    return badge(libelle, *BADGES[valeur])


def heure(instant: datetime | None) -> str:
    """`22/11/2026 14:05`, Europe/Paris; a dash for none."""
    return f"{timezone.localtime(instant):%d/%m/%Y %H:%M}" if instant else VIDE


def adresse(objet: Model) -> str:
    """Address of the admin page of `objet`."""
    return reverse(f"admin:{objet._meta.app_label}_{objet._meta.model_name}_change", args=[objet.pk])


def lien(objet: Model | None, texte: str = "") -> SafeString | str:
    """A link to the page of `objet`; a dash for none."""
    return format_html('<a href="{}">{}</a>', adresse(objet), texte or str(objet)) if objet is not None else VIDE


def phrase(refus: ActionImpossible) -> str:
    """The three parts of a refusal, as the text of a message."""
    return " ".join(filter(None, (refus.constat, refus.cause, refus.remede)))


def disjoncteur(guichet: Guichet) -> str:
    """State of the circuit breaker of `guichet`, in words."""
    echecs = pluriel(guichet.echecs_consecutifs, "échec")
    if guichet.en_pause:
        return (
            f"Ouvert après {echecs} de suite : rien ne part avant le {heure(guichet.pause_jusqu_au)} ; "
            f"le travail attend, rien n’est perdu."
        )
    if guichet.echecs_consecutifs:
        return f"Fermé, mais sous surveillance : {echecs} de suite."
    return "Fermé : les appels passent."


def nature_lisible(operation: Operation) -> str:
    """Title of an operation without its dossier, which lists show in another column."""
    return operation.libelle.partition(" – ")[0]


def pluriel(nombre: int, mot: str, mots: str = "") -> str:
    """`0 dossier`, `1 dossier`, `2 dossiers`: the French plural starts at two."""
    return f"{nombre} {(mots or mot + 's') if nombre > 1 else mot}"


def ancre(evenement: Any) -> str:
    """Permalink of an event on the timeline of its dossier."""
    page = reverse("admin:dossiers_dossier_frise", args=[evenement.dossier_id])
    return f"{page}?depuis={evenement.pk}#evenement-{evenement.pk}"
