"""Saved searches: what may be kept of an address, and who may change what was kept."""

from __future__ import annotations

from collections.abc import Collection

from django.contrib.admin.views.main import ORDER_VAR, SEARCH_VAR, ChangeList
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.http import QueryDict

from config.masquage import masquer_texte
from dossiers.models import Collaborateur, Evenement, RechercheEnregistree, journaliser
from dossiers.services.erreurs import ActionImpossible

PAR_PERSONNE = 50
"""Searches one person may keep on one list: past that, nobody finds one by its name."""
GERER = "dossiers.gerer_rechercheenregistree"
NON_ENREGISTREE = "La recherche n’a pas été enregistrée."


def parametres_de(liste: ChangeList) -> set[str]:
    """Names of what the address of a list carries: its filters, its search, its order; no page, no mode of display."""
    noms = {nom for filtre in liste.filter_specs for nom in filtre.expected_parameters() if nom}
    noms.add(ORDER_VAR)
    return noms | {SEARCH_VAR} if liste.search_fields else noms


def nettoyer(criteres: str, connus: Collection[str]) -> str:
    """The query string with what the list knows and nothing else, in a fixed order.

    Parameters
    ----------
    criteres:
        A query string as the address of a list has it, without its `?`.
    connus:
        Names of the parameters of the list. Empty values, other parameters (a page number...) and values with a
        control character are dropped.
    """
    gardes = QueryDict(mutable=True)
    lus = QueryDict(criteres)
    for nom in sorted(connus):
        if valeurs := [valeur for valeur in lus.getlist(nom) if valeur and valeur.isprintable()]:
            gardes.setlist(nom, valeurs)
    return gardes.urlencode()


def peut_changer(recherche: RechercheEnregistree, par: Collaborateur) -> bool:
    """Its owner may; a shared one also whoever has the right to keep those of the practice in order."""
    return recherche.proprietaire_id == par.pk or (recherche.partagee and par.has_perm(GERER))


def enregistrer(
    liste: str, criteres: str, connus: Collection[str], *, nom: str, partagee: bool, par: Collaborateur
) -> RechercheEnregistree:
    """Keep the criteria of a list that `par` may see (the caller's to check).

    Raises ActionImpossible when nothing is left to keep, or when it is too long, looks like a secret, is one too many,
    or bears a name already taken.
    """
    propres = nettoyer(criteres, connus)
    _exiger_conservables(propres)
    siennes = RechercheEnregistree.objects.de_liste(liste).filter(proprietaire=par)
    if siennes.count() >= PAR_PERSONNE:
        raise ActionImpossible(
            NON_ENREGISTREE,
            f"Vous en avez déjà {PAR_PERSONNE} sur cette liste.",
            "Supprimez-en une qui ne sert plus, puis recommencez.",
        )
    recherche = RechercheEnregistree(liste=liste, criteres=propres, nom=nom, partagee=partagee, proprietaire=par)
    _ecrire(recherche, "enregistrée", par)
    return recherche


def modifier(recherche: RechercheEnregistree, *, nom: str, partagee: bool, par: Collaborateur) -> None:
    """Rename it, share it or make it private again. Raises PermissionDenied, or ActionImpossible for a name taken."""
    with transaction.atomic():
        actuelle = _verrouiller(recherche, par)
        actuelle.nom, etait_partagee, actuelle.partagee = nom, actuelle.partagee, partagee
        _ecrire(actuelle, "modifiée", par, public=etait_partagee or partagee)


def supprimer(recherche: RechercheEnregistree, *, par: Collaborateur) -> None:
    """Delete it. Raises PermissionDenied."""
    with transaction.atomic():
        actuelle = _verrouiller(recherche, par)
        _tracer(actuelle, "supprimée", par, public=actuelle.partagee)
        actuelle.delete()


def _exiger_conservables(criteres: str) -> None:
    if not criteres:
        raise ActionImpossible(
            NON_ENREGISTREE,
            "La liste n’a ni filtre, ni recherche, ni ordre choisi.",
            "Choisissez au moins un critère, puis enregistrez la recherche.",
        )
    if len(criteres) > RechercheEnregistree.LONGUEUR_CRITERES:
        raise ActionImpossible(
            NON_ENREGISTREE,
            "Ses critères sont trop longs pour être gardés.",
            "Retirez-en, puis enregistrez la recherche.",
        )
    if any(masquer_texte(valeur) != valeur for _, valeurs in QueryDict(criteres).lists() for valeur in valeurs):
        raise ActionImpossible(
            NON_ENREGISTREE,
            "Le terme cherché a la forme d’un secret (clé, jeton ou mot de passe).",
            "Cherchez autrement : un secret ne se garde pas dans une recherche.",
        )


def _verrouiller(recherche: RechercheEnregistree, par: Collaborateur) -> RechercheEnregistree:
    visibles = RechercheEnregistree.objects.visibles_par(par)
    actuelle: RechercheEnregistree | None = visibles.select_for_update().filter(pk=recherche.pk).first()
    if actuelle is None or not peut_changer(actuelle, par):
        raise PermissionDenied(GERER)
    return actuelle


def _ecrire(recherche: RechercheEnregistree, verbe: str, par: Collaborateur, *, public: bool | None = None) -> None:
    try:
        with transaction.atomic():
            recherche.save()
            _tracer(recherche, verbe, par, public=recherche.partagee if public is None else public)
    except IntegrityError as exc:
        raise ActionImpossible(
            NON_ENREGISTREE,
            "Une recherche du même propriétaire porte déjà ce nom sur cette liste.",
            "Donnez-lui un autre nom, ou supprimez l’ancienne.",
        ) from exc


def _tracer(recherche: RechercheEnregistree, verbe: str, par: Collaborateur, *, public: bool) -> None:
    # Everyone reads the journal: it says of a private search that it exists, not what its owner looks for.
    nom = f" « {recherche.nom} »" if public else " privée"
    details = {"nom": recherche.nom, "criteres": recherche.criteres} if public else {}
    journaliser(
        Evenement.Type.MODIFICATION,
        f"Recherche{nom} {verbe}.",
        acteur=par,
        details={"recherche": recherche.pk, "liste": recherche.liste, "partagee": recherche.partagee, **details},
    )
