"""What the page of a fiche shows, in a number of queries that does not depend on its rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from raccordements.admin import approbations, envois
from raccordements.admin.fiches import analyses
from raccordements.admin.fiches.codes import rangees_lues
from raccordements.admin.fiches.etapes import CERTIFICATS, CODES, GENERALES, Pas, a_completer, chemin
from raccordements.admin.fiches.saisie import avertissement
from raccordements.affichage import adresse_fiche, canal_en_mots
from raccordements.models import Action, EvenementFiche, Fiche, Genre, Mode
from raccordements.services.contenu import Contenu, contenu, lisible, meme_saisie
from raccordements.services.redaction import AJOUTER
from raccordements.services.risques import Risque, faits, risques

EVENEMENTS_MONTRES = 20
#: Beginnings of the fields of `contenu.lisible` that each block shows.
LIGNES = {
    "generales": ("partenaire", "protocole", "periode", "application_piste", "usage_piste"),
    "contact": ("contact",),
    "reseau": ("reseau",),
    "commentaires": ("commentaires",),
}
#: Fields that the other kind of fiche has.
HORS_EDI, HORS_API = ("application_piste", "usage_piste"), ("protocole", "periode")


def contexte(request: HttpRequest, fiche: Fiche, *, modifiable: bool) -> dict[str, Any]:
    """The whole page: blocks, certificates, risks, approval, sending, history."""
    fige = contenu(fiche)
    trouves = risques(faits(fiche, fige=fige))
    pas = chemin(fiche, trouves)
    suivante = a_completer(pas)
    return {
        "fiche": fiche,
        "canal": canal_en_mots(),
        "pas": pas,
        "suivante": adresse_fiche(fiche, "etape", suivante.nom) if modifiable and suivante else "",
        "titre_suivant": suivante.titre if suivante else "",
        "modifiable": modifiable,
        "avertissement": avertissement(fiche) if modifiable else "",
        "blocs": [_bloc(fiche, un, fige) for un in pas],
        "releves": analyses.de_la_fiche(fiche) if fiche.demande_un_certificat else [],
        "rangees": rangees_lues(fige["codes"], fiche.environnement, timezone.localdate())
        if _a_des_codes(fiche)
        else [],
        "aucun": Mode.AUCUN,
        "remarques": _remarques(fiche, trouves, pas, modifiable=modifiable),
        "section_approbation": approbations.contexte(fiche, request),
        "section_envoi": envois.contexte(fiche, request),
        "evenements": list(fiche.evenements.pour_frise()[:EVENEMENTS_MONTRES]),
        "adresse_historique": adresse_fiche(fiche, "history"),
        **_gestes(request, fiche, fige),
    }


def _a_des_codes(fiche: Fiche) -> bool:
    return fiche.genre == Genre.EDI


def _bloc(fiche: Fiche, un: Pas, fige: Contenu) -> dict[str, Any]:
    debuts = LIGNES.get(un.etape.nom, ())
    absents = HORS_API if fiche.genre == Genre.API else HORS_EDI
    lignes = [
        (libelle, valeur)
        for nom, (libelle, valeur) in lisible(fige).items()
        if nom.startswith(debuts) and not nom.startswith(absents) and (valeur or not nom.startswith("reseau.aife"))
    ]
    if un.etape == GENERALES:
        if fiche.generation:
            lignes.append(("Formulaire", fiche.get_generation_display()))
        lignes.append(("Code Appli Partenaire", fiche.code_appli or "attribué par Chorus Pro, pas encore connu"))
    return {
        "pas": un,
        "lignes": lignes,
        "adresse": adresse_fiche(fiche, "etape", un.etape.nom),
        "certificats": un.etape == CERTIFICATS,
        "codes": un.etape == CODES,
    }


def _remarques(
    fiche: Fiche, trouves: Sequence[Risque], pas: Sequence[Pas], *, modifiable: bool
) -> list[tuple[Risque, str, str]]:
    """Each risk with the step that answers for it, and its address when it may be opened."""
    remarques = []
    for risque in trouves:
        etape = next((un.etape for un in pas if un.etape.repond_de(risque)), None)
        adresse = adresse_fiche(fiche, "etape", etape.nom) if etape and modifiable else ""
        remarques.append((risque, etape.titre if etape else "", adresse))
    return remarques


def _gestes(request: HttpRequest, fiche: Fiche, fige: Contenu) -> dict[str, Any]:
    """What may be done beside approval and sending, which have their own sections."""
    personne: Any = request.user
    certificats = fiche.certificats_joints.values_list("certificat", flat=True)
    active = fiche.version_active
    return {
        "cloner": adresse_fiche(fiche, "cloner") if personne.has_perm(AJOUTER) else "",
        "renouveler": (
            [f"{reverse('admin:raccordements_certificat_remplacer', args=[pk])}?fiche={fiche.pk}" for pk in certificats]
            if fiche.permet(Action.CHANGER_CERTIFICAT) and personne.has_perm("raccordements.change_fiche")
            else []
        ),
        "en_preparation": bool(active and fiche.permet(Action.MODIFIER) and not meme_saisie(fige, active.contenu)),
    }


def frise(fiche: Fiche, avant: int | None, nombre: int) -> list[EvenementFiche]:
    """The events of a fiche older than `avant`, newest first, one more than `nombre` when there are others."""
    evenements = fiche.evenements.pour_frise()
    return list((evenements.filter(pk__lt=avant) if avant else evenements)[: nombre + 1])
