"""Addressing lines: recording one, ending it, superseding it. None is ever deleted."""

from __future__ import annotations

from datetime import date, timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dossiers.models import Collaborateur, Dossier, Evenement, journaliser
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from raccordements.models import LigneAdressage
from raccordements.souscriptions.erreurs import refus_de_la_base
from raccordements.souscriptions.etapes import EtatSouscription
from raccordements.souscriptions.identifiants import lire_niveau
from raccordements.souscriptions.regles import exiger_dossier
from raccordements.souscriptions.traces import verrouiller_ligne

AJOUTER, CHANGER = "raccordements.add_ligneadressage", "raccordements.change_ligneadressage"
JOUR = timedelta(days=1)


@transaction.atomic
def enregistrer_ligne(
    dossier: Dossier,
    *,
    niveau: str,
    debut: date,
    par: Collaborateur,
    siret: str = "",
    code_routage: str = "",
    suffixe: str = "",
    fin: date | None = None,
) -> LigneAdressage:
    """Record a line of the customer of `dossier`, under its SIREN and in the environment of its key.

    Parameters
    ----------
    niveau:
        In any of the words of `identifiants.lire_niveau`.

    Raises PermissionDenied; ValidationError by field; ActionImpossible when one of this level overlaps it.
    """
    exiger(par, AJOUTER)
    visible: Dossier | None = (
        Dossier.objects.visibles_par(par)
        .select_related("cle")
        .defer("cle__client_secret", "cle__cle_abonnement")
        .filter(pk=dossier.pk)
        .first()
    )
    if visible is None:
        raise PermissionDenied(AJOUTER)
    exiger_dossier(visible, "La ligne n’a pas été enregistrée.")
    ligne = LigneAdressage(
        dossier=visible,
        environnement=visible.cle.environnement,
        niveau=niveau,
        siren=visible.siren,
        siret=siret,
        code_routage=code_routage,
        suffixe=suffixe,
        debut=debut,
        fin=fin,
        cree_par=par,
    )
    return _inserer(ligne, "La ligne n’a pas été enregistrée.", par)


@transaction.atomic
def terminer_ligne(ligne: LigneAdressage, *, le: date, motif: str = "", par: Collaborateur) -> LigneAdressage:
    """End a line on `le`, its last day, today at the earliest. Raises PermissionDenied, ActionImpossible."""
    exiger(par, CHANGER)
    actuelle = verrouiller_ligne(ligne, par)
    constat = "La ligne n’a pas été terminée."
    _exiger_a_venir(le, constat)
    _finir(actuelle, le, motif, constat)
    _tracer(actuelle, f"terminée le {le:%d/%m/%Y}", par)
    return actuelle


@transaction.atomic
def remplacer_ligne(
    ligne: LigneAdressage,
    *,
    le: date,
    niveau: str,
    par: Collaborateur,
    siret: str = "",
    code_routage: str = "",
    suffixe: str = "",
    motif: str = "",
) -> LigneAdressage:
    """Supersede a line from `le` on, today at the earliest: it ends the day before, another takes its last day.

    Raises as above.
    """
    exiger(par, CHANGER)
    actuelle = verrouiller_ligne(ligne, par)
    constat = "La ligne n’a pas été remplacée."
    _exiger_a_venir(le, constat)
    suite = LigneAdressage(
        dossier=actuelle.dossier,
        environnement=actuelle.environnement,
        niveau=niveau,
        siren=actuelle.siren,
        siret=siret,
        code_routage=code_routage,
        suffixe=suffixe,
        debut=le,
        fin=actuelle.fin,
        remplace=actuelle,
        cree_par=par,
    )
    _finir(actuelle, le - JOUR, motif, constat)
    return _inserer(suite, constat, par)


@transaction.atomic
def annuler_ligne(ligne: LigneAdressage, *, motif: str, par: Collaborateur) -> LigneAdressage:
    """Set aside a line recorded by mistake, never served. Raises PermissionDenied, ActionImpossible."""
    exiger(par, CHANGER)
    actuelle = verrouiller_ligne(ligne, par)
    constat = "La ligne n’a pas été annulée."
    if actuelle.annulee_le:
        raise ActionImpossible(constat, "Elle l’est déjà.", "Rechargez la page.")
    if actuelle.souscriptions.exclude(etat=EtatSouscription.ANNULEE).exists():
        raise ActionImpossible(
            constat,
            "Une souscription la porte.",
            "Annulez ou résiliez d’abord cette souscription, ou terminez la ligne.",
        )
    actuelle.annulee_le, actuelle.annulee_par, actuelle.motif = timezone.now(), par, motif.strip()[:200]
    actuelle.save(update_fields=["annulee_le", "annulee_par", "motif"])
    _tracer(actuelle, "annulée", par)
    return actuelle


def _inserer(ligne: LigneAdressage, constat: str, par: Collaborateur) -> LigneAdressage:
    ligne.niveau = lire_niveau(ligne.niveau) or ligne.niveau
    ligne.full_clean(exclude={"identifiant"}, validate_unique=False, validate_constraints=False)
    with refus_de_la_base(constat):
        ligne.save()
    _tracer(ligne, f"enregistrée à partir du {ligne.debut:%d/%m/%Y}", par)
    return ligne


def _exiger_a_venir(le: date, constat: str) -> None:
    """The days of a line that are over were routed by it: they stay true."""
    if le < timezone.localdate():
        raise ActionImpossible(
            constat,
            f"Le {le:%d/%m/%Y} est passé : des factures ont pu arriver par elle depuis.",
            "Choisissez aujourd’hui ou un jour à venir.",
        )


def _finir(ligne: LigneAdressage, le: date, motif: str, constat: str) -> None:
    if ligne.annulee_le or (ligne.fin and ligne.fin < le):
        raise ActionImpossible(constat, "Elle est annulée, ou finit déjà plus tôt.", "Rechargez la page.")
    if le < ligne.debut:
        raise ActionImpossible(
            constat,
            f"Elle ne commence que le {ligne.debut:%d/%m/%Y}.",
            "Choisissez un jour plus tardif, ou annulez la ligne si elle a été enregistrée par erreur.",
        )
    plus_tard = ligne.souscriptions.exclude(etat=EtatSouscription.ANNULEE).filter(Q(fin=None) | Q(fin__gt=le))
    if plus_tard.exists():
        raise ActionImpossible(
            constat,
            f"Une plateforme y reçoit encore après le {le:%d/%m/%Y}.",
            "Terminez d’abord la souscription, ou changez de date.",
        )
    ligne.fin, ligne.motif = le, motif.strip()[:200]
    ligne.save(update_fields=["fin", "motif"])


def _tracer(ligne: LigneAdressage, quoi: str, par: Collaborateur) -> None:
    journaliser(
        Evenement.Type.MODIFICATION,
        f"Ligne d’adressage {ligne.identifiant} {quoi}.",
        dossier=ligne.dossier,
        acteur=par,
        details={"ligne": ligne.pk},
    )
