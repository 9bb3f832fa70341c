"""Sending on the page of a fiche: where it stands, and the gestures that lead on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from dossiers.affichage import adresse
from raccordements.affichage import adresse_fiche, canal, canal_en_mots, valeur_de_preuve
from raccordements.models import Action, Approbation, EnvironnementChorus, EvenementFiche, Fiche
from raccordements.services import envoi, operations, pack, suivi
from raccordements.services.envoi import Canal
from raccordements.services.promotion import PROMOUVOIR

#: What giving up an operation asks for, beside the right to send.
ANNULER = "dossiers.annuler_operation"


@dataclass(frozen=True, slots=True)
class Lien:
    """A gesture of the section: where it leads, and its tone (`primaire`, `danger`, or none)."""

    libelle: str
    adresse: str
    icone: str = ""
    variante: str = ""
    poste: bool = False


def contexte(fiche: Fiche, request: HttpRequest) -> dict[str, Any]:
    """What `raccordements/_section_envoi.html` shows, for a bounded number of queries."""
    personne: Any = request.user
    prise = pack.canal_de_la_prise(fiche)
    operation = operations.operation_d_envoi(fiche)
    retard = suivi.en_retard(fiche)
    activation = (
        EvenementFiche.objects.filter(fiche_id=fiche.pk, type=EvenementFiche.Type.ACTIVATION)
        .select_related("acteur")
        .order_by("-id")
        .first()
    )
    return {
        "canal": canal_en_mots(),
        "prise": prise,
        "operation": operation,
        "adresse_operation": adresse(operation) if operation and personne.has_perm("dossiers.view_operation") else "",
        "progression": adresse_fiche(fiche, "envoi_progression") if operation or prise is Canal.API else "",
        "support": suivi.texte_support(fiche) if retard else None,
        "activation": activation,
        "preuve": _preuve(activation) if activation else [],
        "liens": _liens(fiche, personne, prise, demandee=operation is not None),
    }


def _liens(fiche: Fiche, personne: Any, prise: Canal | None, *, demandee: bool) -> list[Lien]:
    """The gestures that the status, the approval and the rights permit; the service called stays the judge."""

    def lien(libelle: str, nom: str, icone: str, variante: str = "", *, poste: bool = False) -> Lien:
        return Lien(libelle, adresse_fiche(fiche, nom), icone, variante, poste)

    droit = personne.has_perm
    liens = []
    if droit(envoi.ENVOYER):
        if a_envoyer(fiche) and not demandee:
            liens.append(lien(libelle_envoi(fiche), "envoyer", "send", "primaire"))
        if prise is Canal.PORTAIL:
            liens.append(lien("Dossier de saisie", "pack", "assignment", "primaire"))
        elif fiche.version_envoyee_id and canal() is Canal.PORTAIL:
            liens.append(lien("Dossier de saisie", "pack", "assignment"))
        if prise is Canal.PORTAIL or (droit(ANNULER) if demandee else prise is not None):
            liens.append(lien("Abandonner l’envoi…", "abandonner", "cancel", "danger"))
    if droit(envoi.CONSTATER) and fiche.permet(Action.CONSTATER):
        liens.append(lien("Constater l’activation…", "constater", "visibility"))
        liens.append(lien("Relire l’état maintenant", "suivre", "sync", poste=True))
        liens.append(lien("Noter le retrait de la demande…", "retirer", "undo"))
    qualifiee = fiche.environnement == EnvironnementChorus.QUALIFICATION and fiche.permet(Action.PROMOUVOIR)
    if qualifiee and droit(PROMOUVOIR):
        liens.append(lien("Préparer la production…", "promouvoir", "rocket_launch", "primaire"))
    if droit(envoi.DESACTIVER) and not fiche.en_envoi:
        if fiche.permet(Action.DESACTIVER):
            liens.append(lien("Noter la désactivation…", "desactiver", "block", "danger"))
        if fiche.permet(Action.REACTIVER):
            liens.append(lien("Annuler la désactivation…", "reactiver", "replay"))
    return liens


def _preuve(activation: EvenementFiche) -> list[tuple[str, Any]]:
    """What an activation was concluded from, line by line."""
    return [(nom, valeur_de_preuve(valeur)) for nom, valeur in (activation.details.get("preuve") or {}).items()]


def a_envoyer(fiche: Fiche) -> bool:
    """Whether the approved version is still to leave, and nobody is sending it."""
    return (
        fiche.approbation == Approbation.APPROUVEE
        and fiche.permet(Action.ENVOYER)
        and not fiche.en_envoi
        and fiche.version_id != fiche.version_envoyee_id
    )


def libelle_envoi(fiche: Fiche) -> str:
    """The words of the button: the gesture, the channel and the environment."""
    geste = "Préparer la saisie" if canal() is Canal.PORTAIL else "Envoyer"
    return f"{geste} par le canal « {canal()} » – {fiche.get_environnement_display()}"
