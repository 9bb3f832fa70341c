"""Approval: freezing a version, deciding on exactly what was read, delegating.

Who wrote a version takes no decision on it, superusers included: the rule is here with its sentence, and in the
database (`participation_unique`, `version_decidee_par_un_tiers`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from dossiers.models import Collaborateur
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from raccordements.models import (
    Action,
    Approbation,
    Delegation,
    Etat,
    Fiche,
    Participation,
    Version,
)
from raccordements.services.contenu import contenu, empreinte
from raccordements.services.erreurs import ApprobationInterdite, EmpreinteDifferente, FicheBloquee
from raccordements.services.redaction import annuler_l_approbation, exiger_edition
from raccordements.services.risques import bloquants, faits, risques
from raccordements.services.traces import Type, exiger_action, tracer, verrouiller

SOUMETTRE, APPROUVER = "raccordements.soumettre_fiche", "raccordements.approuver_fiche"
DELEGUER = "raccordements.deleguer_approbation"
Role = Participation.Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Bilan:
    """What became of a bulk approval: fiches approved, left out by the person, and refused with the reason."""

    approuvees: list[Fiche] = field(default_factory=list)
    ecartees: list[Fiche] = field(default_factory=list)
    refus: list[tuple[Fiche, ActionImpossible]] = field(default_factory=list)


@transaction.atomic
def soumettre(fiche: Fiche, *, edition: int, par: Collaborateur, message: str = "") -> Version:
    """Freeze the fiche as it is and ask for a decision on it.

    Raises PermissionDenied, ActionInterdite, EditionPerimee; FicheBloquee with its blocking risks; ActionImpossible
    when a decision is already awaited, or when nothing differs from what Chorus Pro has.
    """
    exiger(par, SOUMETTRE)
    actuelle = verrouiller(fiche, par)
    exiger_action(actuelle, Action.SOUMETTRE)
    exiger_edition(actuelle, edition)
    if actuelle.approbation not in {Approbation.A_SOUMETTRE, Approbation.REFUSEE}:
        raise ActionImpossible(
            "La fiche n’a pas été soumise.",
            f"Elle est déjà au statut « {actuelle.get_approbation_display()} ».",
            "Attendez la décision, ou modifiez la fiche pour en soumettre une autre version.",
        )
    fige = contenu(actuelle)
    sceau = empreinte(fige)
    if actuelle.etat == Etat.ACTIVEE and actuelle.version_active and actuelle.version_active.empreinte == sceau:
        raise ActionImpossible(
            "La fiche n’a pas été soumise.",
            "Elle dit exactement ce que Chorus Pro a déjà.",
            "Modifiez-la d’abord, par exemple pour mettre à jour son certificat.",
        )
    trouves = risques(faits(actuelle, fige=fige))
    if graves := bloquants(trouves):
        raise FicheBloquee("La fiche n’a pas été soumise.", graves)
    version = Version.objects.create(
        fiche=actuelle,
        numero=(actuelle.versions.aggregate(dernier=Max("numero"))["dernier"] or 0) + 1,
        contenu=fige,
        empreinte=sceau,
        risques=[risque.en_json() for risque in trouves],
        message=message.strip(),
        soumise_par=par,
    )
    redacteurs = {actuelle.cree_par_id, par.pk, *actuelle.redactions.values_list("personne", flat=True)}
    Participation.objects.bulk_create(
        Participation(version=version, personne_id=personne, role=Role.REDACTEUR) for personne in sorted(redacteurs)
    )
    actuelle.version, actuelle.approbation = version, Approbation.EN_ATTENTE
    actuelle.save(update_fields=["version", "approbation"])
    tracer(
        actuelle,
        Type.SOUMISSION,
        f"Version {version.numero} soumise à l’approbation.",
        par=par,
        version=version,
        details={"empreinte": sceau},
    )
    return version


@transaction.atomic
def reprendre(fiche: Fiche, *, par: Collaborateur) -> None:
    """Take back a submission that awaits its decision. Raises PermissionDenied, ActionImpossible."""
    exiger(par, SOUMETTRE)
    actuelle = verrouiller(fiche, par)
    if actuelle.approbation != Approbation.EN_ATTENTE:
        raise ActionImpossible(
            "La demande n’a pas été reprise.",
            f"La fiche n’attend pas de décision : elle est « {actuelle.get_approbation_display()} ».",
            "Rechargez la page.",
        )
    annuler_l_approbation(actuelle, par=par, motif="la demande a été reprise")
    actuelle.save(update_fields=["version", "approbation"])


def approuver(fiche: Fiche, *, empreinte_lue: str, par: Collaborateur) -> Version:
    """Approve the version whose hash the person read.

    Raises PermissionDenied; ApprobationInterdite to its authors and editors; EmpreinteDifferente when the fiche is not
    what was read any more; FicheBloquee when a blocking risk appeared since; ActionImpossible.
    """
    return _decider(fiche, Version.Etat.APPROUVEE, empreinte_lue=empreinte_lue, motif="", par=par)


def refuser(fiche: Fiche, *, empreinte_lue: str, motif: str, par: Collaborateur) -> Version:
    """Refuse it, with a reason for its author. Raises as `approuver` does, risks apart."""
    motif = motif.strip()
    if not motif:
        raise ActionImpossible(
            "La fiche n’a pas été refusée.",
            "Un refus donne son motif à l’auteur de la fiche.",
            "Écrivez ce qui doit changer, puis refusez de nouveau.",
        )
    return _decider(fiche, Version.Etat.REFUSEE, empreinte_lue=empreinte_lue, motif=motif, par=par)


def approuver_plusieurs(empreintes: Mapping[Fiche, str], *, par: Collaborateur, sauf: Collection[int] = ()) -> Bilan:
    """Approve several fiches, each in a transaction of its own: one refusal does not stop the others.

    Parameters
    ----------
    empreintes:
        The hash that the person read, by fiche.
    sauf:
        Primary keys that the person left out.

    Raises PermissionDenied when they may approve nothing.
    """
    if not par.has_perm(APPROUVER) and not Delegation.objects.en_cours().filter(delegue=par).exists():
        raise PermissionDenied(APPROUVER)
    bilan = Bilan()
    for fiche, lue in empreintes.items():
        if fiche.pk in sauf:
            bilan.ecartees.append(fiche)
            continue
        try:
            approuver(fiche, empreinte_lue=lue, par=par)
        except ActionImpossible as refus:
            bilan.refus.append((fiche, refus))
        except PermissionDenied:
            hors_de_vue = ActionImpossible(
                "La fiche n’a pas été approuvée.",
                "Vous n’avez pas le droit de l’approuver, ou elle n’est plus là.",
                "Demandez à un manager qui suit ce dossier.",
            )
            bilan.refus.append((fiche, hors_de_vue))
        else:
            bilan.approuvees.append(fiche)
    return bilan


def verifier_empreinte(fiche: Fiche) -> Version:
    """The approved version of a fiche, once proved that the fiche still says it. The worker calls it when it claims.

    Raises EmpreinteDifferente: nothing was approved, the fiche changed since, or the frozen content was altered.
    """
    version = fiche.version
    if fiche.approbation != Approbation.APPROUVEE or version is None or version.etat != Version.Etat.APPROUVEE:
        raise EmpreinteDifferente(
            "La fiche n’est pas partie.",
            "Aucune version n’en est approuvée.",
            "Soumettez-la à l’approbation, puis envoyez-la.",
        )
    if empreinte(version.contenu) != version.empreinte or empreinte(contenu(fiche)) != version.empreinte:
        raise EmpreinteDifferente(
            "La fiche n’est pas partie.",
            f"Elle ne dit plus ce qui a été approuvé (version {version.numero}).",
            "Relisez-la, puis soumettez-la de nouveau à l’approbation.",
        )
    return version


def motif_de_non_approbation(version: Version, personne: Collaborateur) -> str:
    """Why this person cannot decide on this version, in French; empty when they can."""
    return motifs_de_non_approbation([version], personne)[version.pk]


def motifs_de_non_approbation(versions: Sequence[Version], personne: Collaborateur) -> dict[int, str]:
    """`motif_de_non_approbation` by primary key, for a number of queries that does not depend on them."""
    redacteurs: dict[int, set[int]] = {version.pk: set() for version in versions}
    for pk, participant in Participation.objects.filter(version__in=redacteurs).values_list("version", "personne"):
        redacteurs[pk].add(participant)
    mandats = _mandats(personne)
    motifs = {}
    for version in versions:
        try:
            _choisir(redacteurs[version.pk], personne, mandats)
        except ApprobationInterdite as refus:
            motifs[version.pk] = str(refus)
        except PermissionDenied:
            motifs[version.pk] = "Votre rôle ne permet pas d’approuver. Demandez à un manager, ou une délégation."
        else:
            motifs[version.pk] = ""
    return motifs


@transaction.atomic
def deleguer(
    delegue: Collaborateur, *, fin: datetime, par: Collaborateur, debut: datetime | None = None, motif: str = ""
) -> Delegation:
    """Let `delegue` approve in the name of `par`, until `fin`. Raises PermissionDenied; ValidationError."""
    exiger(par, DELEGUER)
    exiger(par, APPROUVER)
    delegation = Delegation(delegant=par, delegue=delegue, debut=debut or timezone.now(), fin=fin, motif=motif.strip())
    delegation.full_clean()
    delegation.save()
    return delegation


@transaction.atomic
def revoquer(delegation: Delegation, *, par: Collaborateur) -> None:
    """End a delegation now; what was decided by it stays. Raises PermissionDenied unless `par` gave it."""
    exiger(par, DELEGUER)
    if not Delegation.objects.filter(pk=delegation.pk, delegant=par, revoquee_le=None).update(
        revoquee_le=timezone.now()
    ):
        raise PermissionDenied(DELEGUER)


def _decider(fiche: Fiche, issue: Version.Etat, *, empreinte_lue: str, motif: str, par: Collaborateur) -> Version:
    with transaction.atomic():
        actuelle = verrouiller(fiche, par)
        version = actuelle.version
        participe = "approuvée" if issue == Version.Etat.APPROUVEE else "refusée"
        if version is None or actuelle.approbation != Approbation.EN_ATTENTE or version.empreinte != empreinte_lue:
            raise EmpreinteDifferente(
                f"La fiche n’a pas été {participe}.",
                "Ce n’est plus celle que vous avez lue : elle a été modifiée, reprise, ou une décision a été prise.",
                "Rechargez la page et relisez-la.",
            )
        delegation = _delegation_pour(version, par)
        fidele = empreinte(contenu(actuelle)) == version.empreinte == empreinte(version.contenu)
        if fidele:
            _inscrire(actuelle, version, issue, motif, par, delegation)
        else:
            # Something wrote on the fiche without going through the services: the submission falls.
            annuler_l_approbation(actuelle, par=par, motif="la fiche ne dit plus ce qui a été soumis")
            actuelle.save(update_fields=["version", "approbation"])
    if not fidele:
        raise EmpreinteDifferente(
            f"La fiche n’a pas été {participe}.",
            "Son contenu ne correspond plus à la version soumise.",
            "Demandez à son auteur de la relire et de la soumettre de nouveau.",
        )
    return version


def _inscrire(
    fiche: Fiche,
    version: Version,
    issue: Version.Etat,
    motif: str,
    par: Collaborateur,
    delegation: Delegation | None,
) -> None:
    approuvee = issue == Version.Etat.APPROUVEE
    if approuvee and (graves := bloquants(risques(faits(fiche, fige=version.contenu)))):
        raise FicheBloquee("La fiche n’a pas été approuvée.", graves)
    Participation.objects.create(version=version, personne=par, role=Role.DECIDEUR)
    if delegation:
        Participation.objects.create(version=version, personne=delegation.delegant, role=Role.DELEGANT)
    version.etat, version.decide_par, version.decide_le = issue, par, timezone.now()
    version.motif, version.delegation = motif, delegation
    version.save(update_fields=["etat", "decide_par", "decide_le", "motif", "delegation"])
    fiche.approbation = Approbation(issue.value)
    fiche.save(update_fields=["approbation"])
    au_nom = f" au nom de {delegation.delegant}" if delegation else ""
    suite = f" : {motif}" if motif else "."
    tracer(
        fiche,
        Type.APPROBATION if approuvee else Type.REFUS,
        f"Version {version.numero} {'approuvée' if approuvee else 'refusée'}{au_nom}{suite}",
        par=par,
        version=version,
        details={"empreinte": version.empreinte},
    )


def _delegation_pour(version: Version, par: Collaborateur) -> Delegation | None:
    """The delegation under which `par` decides, None when in their own name.

    Raises ApprobationInterdite, PermissionDenied.
    """
    return _choisir(set(version.participations.values_list("personne", flat=True)), par, _mandats(par))


def _mandats(par: Collaborateur) -> list[Delegation]:
    """The delegations by which `par` may decide now; none is looked for when they decide in their own name."""
    if par.has_perm(APPROUVER):
        return []
    recues: list[Delegation] = list(
        Delegation.objects.en_cours().filter(delegue=par).select_related("delegant").order_by("fin")
    )
    return [d for d in recues if d.delegant.is_active and d.delegant.has_perm(APPROUVER)]


def _choisir(redacteurs: Collection[int], par: Collaborateur, mandats: Sequence[Delegation]) -> Delegation | None:
    if par.pk in redacteurs:
        raise ApprobationInterdite(
            "Vous ne pouvez pas décider de cette fiche.",
            "Vous l’avez créée, modifiée ou soumise : une autre personne doit la relire.",
            "Demandez à un manager qui n’y a pas écrit, ou qu’il délègue ses approbations.",
        )
    if par.has_perm(APPROUVER):
        return None
    if not mandats:
        raise PermissionDenied(APPROUVER)
    for delegation in mandats:
        if delegation.delegant_id not in redacteurs:
            return delegation
    raise ApprobationInterdite(
        "Vous ne pouvez pas décider de cette fiche.",
        "La personne au nom de qui vous décideriez l’a écrite : ce serait l’approuver elle-même.",
        "Demandez à un manager qui n’y a pas écrit.",
    )
