"""A fiche leaves and comes back: claiming exactly what was approved, and noting what Chorus Pro says of it.

Both channels go the same way: `prendre_pour_envoi` (the worker, or the person who takes the pack), then `noter_envoi`
or `abandonner_envoi`. Between the two, the fiche cannot be changed.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from raccordements.models import Action, Approbation, Etat, Fiche, Version
from raccordements.services.approbation import verifier_empreinte
from raccordements.services.erreurs import ActionInterdite, EmpreinteDifferente, FicheBloquee
from raccordements.services.redaction import annuler_l_approbation
from raccordements.services.risques import bloquants, faits, risques
from raccordements.services.traces import Type, exiger_action, tracer, transitionner, verrouiller

ENVOYER, CONSTATER = "raccordements.envoyer_fiche", "raccordements.constater_fiche"
DESACTIVER = "raccordements.desactiver_fiche"


class Canal(StrEnum):
    """How a fiche leaves; the values of the setting CHORUS_CANAL."""

    PORTAIL = "portail"
    API = "api"


class Constat(StrEnum):
    """What noting a status of Chorus Pro did."""

    APPLIQUE = "appliqué"
    DEJA = "déjà connu"
    CONTRAIRE = "contraire"


def prendre_pour_envoi(fiche: Fiche, *, canal: Canal, par: Collaborateur | None) -> Version:
    """Claim a fiche for sending: its approved version, whose frozen content is the only thing that may leave.

    Its hash and its blocking risks are looked at again. A fiche that does not say what was approved loses its approval.
    `par` is None for the worker; who asked was checked before.

    Raises PermissionDenied; ActionInterdite when it may not leave now, or is being sent already;
    EmpreinteDifferente; FicheBloquee.
    """
    if par is not None:
        exiger(par, ENVOYER)
    with transaction.atomic():
        actuelle = verrouiller(fiche, par)
        exiger_envoi_possible(actuelle)
        try:
            version = verifier_empreinte(actuelle)
        except EmpreinteDifferente as exc:
            refus = exc
            annuler_l_approbation(actuelle, par=par, motif="la fiche ne dit plus ce qui a été approuvé")
            actuelle.save(update_fields=["version", "approbation"])
        else:
            if graves := bloquants(risques(faits(actuelle, fige=version.contenu))):
                raise FicheBloquee("La fiche n’est pas partie.", graves)
            actuelle.version_en_envoi = version
            actuelle.save(update_fields=["version_en_envoi"])
            tracer(
                actuelle,
                Type.PRISE,
                f"Envoi de la version {version.numero} commencé par le canal « {canal} ».",
                par=par,
                version=version,
                details={"canal": canal.value, "empreinte": version.empreinte},
            )
            return version
    raise refus


def exiger_envoi_possible(fiche: Fiche) -> None:
    """Raises ActionInterdite unless the status permits sending, nobody is doing it, and it was not done yet."""
    exiger_action(fiche, Action.ENVOYER)
    if fiche.en_envoi:
        raise ActionInterdite(
            "La fiche n’a pas été envoyée.",
            "Elle est déjà en cours d’envoi.",
            "Attendez la fin de cet envoi, ou abandonnez-le s’il n’aboutira pas.",
        )
    if fiche.version_id is not None and fiche.version_id == fiche.version_envoyee_id:
        raise ActionInterdite(
            "La fiche n’a pas été envoyée.",
            "Cette version est déjà partie.",
            "Modifiez la fiche et faites-la approuver pour envoyer une mise à jour.",
        )


@transaction.atomic
def noter_envoi(
    fiche: Fiche,
    version: Version,
    *,
    canal: Canal,
    par: Collaborateur | None,
    code_appli: str = "",
    envoyee_le: datetime | None = None,
    details: dict[str, Any] | None = None,
) -> Fiche:
    """Note that the claimed version left: « Envoyée », or « Envoyée MAJ » for an active fiche.

    Parameters
    ----------
    par:
        Who typed it on the portal; None for the worker.
    envoyee_le:
        When, now by default; never later than now.

    Raises PermissionDenied; ActionInterdite when another version, or none, was claimed.
    """
    if par is not None:
        exiger(par, CONSTATER)
    actuelle = verrouiller(fiche, par)
    _exiger_prise(actuelle, version, "noté")
    maintenant = timezone.now()
    transitionner(
        actuelle,
        Action.ENVOYER,
        Type.ENVOI,
        f"Version {version.numero} saisie sur le portail."
        if canal is Canal.PORTAIL
        else f"Version {version.numero} envoyée.",
        par=par,
        au_sujet_de=version,
        details={"canal": canal.value, "empreinte": version.empreinte, **(details or {})},
        version_envoyee=version,
        version_en_envoi=None,
        envoyee_le=min(envoyee_le or maintenant, maintenant),
    )
    if code_appli:
        _noter_le_code(actuelle, code_appli, source=canal.value, par=par)
    return actuelle


@transaction.atomic
def abandonner_envoi(fiche: Fiche, version: Version, *, motif: str, par: Collaborateur | None) -> None:
    """Let go of a claimed version that surely did not leave; it stays approved.

    Raises PermissionDenied; ActionInterdite when another version, or none, was claimed.
    """
    if par is not None:
        exiger(par, ENVOYER)
    actuelle = verrouiller(fiche, par)
    _exiger_prise(actuelle, version, "abandonné")
    actuelle.version_en_envoi = None
    actuelle.save(update_fields=["version_en_envoi"])
    tracer(
        actuelle,
        Type.ABANDON,
        f"Envoi de la version {version.numero} abandonné : {motif}",
        par=par,
        version=version,
    )


@transaction.atomic
def constater(
    fiche: Fiche,
    etat: Etat,
    *,
    source: str,
    preuve: dict[str, Any],
    par: Collaborateur | None,
    code_appli: str = "",
) -> Constat:
    """Note the status that Chorus Pro shows, with its evidence.

    Only what TRANSITIONS permits is applied: an activation of what was sent, a deactivation by who may note one.
    Another status is written in the history and changes nothing.

    Parameters
    ----------
    source:
        French: who says so (the channel, the portal's file, a person).
    preuve:
        Plain values, shown on the fiche, without secret.

    Raises PermissionDenied.
    """
    if par is not None:
        exiger(par, CONSTATER)
    actuelle = verrouiller(fiche, par)
    if code_appli:
        _noter_le_code(actuelle, code_appli, source=source, par=par)
    details = {"source": source, "preuve": preuve}
    if etat == actuelle.etat:
        return Constat.DEJA
    if etat == Etat.ACTIVEE and actuelle.permet(Action.CONSTATER):
        transitionner(
            actuelle,
            Action.CONSTATER,
            Type.ACTIVATION,
            f"Activation constatée ({source}).",
            par=par,
            au_sujet_de=actuelle.version_envoyee,
            details=details,
            version_active=actuelle.version_envoyee,
            activee_le=timezone.now(),
        )
        # Nothing was changed since it left: what comes next has other editors.
        actuelle.redactions.all().delete()
        return Constat.APPLIQUE
    # The same right as the gesture that notes it (docs/decisions/0012): a file is no way round.
    permise = par is None or par.has_perm(DESACTIVER)
    if etat == Etat.DESACTIVEE and permise and actuelle.permet(Action.DESACTIVER) and not actuelle.en_envoi:
        _desactiver(actuelle, f"Désactivation constatée ({source}).", par, details)
        return Constat.APPLIQUE
    tracer(
        actuelle,
        Type.CONSTAT,
        f"Chorus Pro montre « {etat.label} » ({source}), alors que la fiche est « {actuelle.get_etat_display()} ».",
        par=par,
        details=details,
    )
    return Constat.CONTRAIRE


@transaction.atomic
def noter_code_appli(fiche: Fiche, code: str, *, source: str, par: Collaborateur | None) -> None:
    """Note the code appli partenaire that Chorus Pro gave. Raises PermissionDenied; ActionImpossible when empty."""
    if par is not None:
        exiger(par, CONSTATER)
    _noter_le_code(verrouiller(fiche, par), code, source=source, par=par)


@transaction.atomic
def retirer(fiche: Fiche, *, motif: str, par: Collaborateur) -> Fiche:
    """Note that the request was withdrawn with the support: back to Brouillon, or to Activée for an update.

    What had been approved was used: another submission is needed. Raises PermissionDenied, ActionImpossible.
    """
    exiger(par, CONSTATER)
    actuelle = verrouiller(fiche, par)
    exiger_action(actuelle, Action.RETIRER)
    transitionner(
        actuelle,
        Action.RETIRER,
        Type.RETRAIT,
        f"Demande retirée : {_motif(motif, 'Le retrait')}",
        par=par,
        au_sujet_de=actuelle.version_envoyee,
        version_envoyee=actuelle.version_active,
        version=None,
        approbation=Approbation.A_SOUMETTRE,
    )
    return actuelle


@transaction.atomic
def desactiver(fiche: Fiche, *, motif: str, par: Collaborateur) -> Fiche:
    """Note that Chorus Pro shows the fiche « Désactivée ». Raises PermissionDenied, ActionImpossible."""
    exiger(par, DESACTIVER)
    actuelle = verrouiller(fiche, par)
    exiger_action(actuelle, Action.DESACTIVER)
    _desactiver(actuelle, f"Fiche désactivée : {_motif(motif, 'La désactivation')}", par, {})
    return actuelle


@transaction.atomic
def reactiver(fiche: Fiche, *, motif: str, par: Collaborateur) -> Fiche:
    """Undo a deactivation: noted by mistake, or undone by Chorus Pro. Raises PermissionDenied, ActionImpossible."""
    exiger(par, DESACTIVER)
    actuelle = verrouiller(fiche, par)
    exiger_action(actuelle, Action.REACTIVER)
    transitionner(
        actuelle,
        Action.REACTIVER,
        Type.REACTIVATION,
        f"Désactivation annulée : {_motif(motif, 'L’annulation')}",
        par=par,
        au_sujet_de=actuelle.version_active,
    )
    return actuelle


def _desactiver(fiche: Fiche, texte: str, par: Collaborateur | None, details: dict[str, Any]) -> None:
    transitionner(
        fiche,
        Action.DESACTIVER,
        Type.DESACTIVATION,
        texte,
        par=par,
        au_sujet_de=fiche.version_active,
        details=details,
        version_envoyee=fiche.version_active,
    )


def _noter_le_code(fiche: Fiche, code: str, *, source: str, par: Collaborateur | None) -> None:
    code = code.strip().upper()
    if not code or len(code) > 20:
        raise ActionImpossible(
            "Le code appli partenaire n’a pas été noté.",
            "Il est vide ou trop long : Chorus Pro en donne six caractères, par exemple VFE039.",
            "Recopiez-le depuis la liste des fiches du portail.",
        )
    if code == fiche.code_appli:
        return
    avant = f" (c’était {fiche.code_appli})" if fiche.code_appli else ""
    fiche.code_appli = code
    fiche.save(update_fields=["code_appli"])
    tracer(fiche, Type.CODE_APPLI, f"Code appli partenaire : {code}{avant}.", par=par, details={"source": source})


def _exiger_prise(fiche: Fiche, version: Version, participe: str) -> None:
    if fiche.version_en_envoi_id != version.pk:
        raise ActionInterdite(
            f"L’envoi n’a pas été {participe}.",
            "La fiche n’est pas en cours d’envoi pour cette version.",
            "Rechargez la page : elle montre où en est la fiche.",
        )


def _motif(motif: str, quoi: str) -> str:
    motif = motif.strip()
    if not motif:
        raise ActionImpossible(
            f"{quoi} n’a pas été noté{'e' if quoi != 'Le retrait' else ''}.",
            "Son motif manque : il explique la fiche à qui la lira plus tard.",
            "Écrivez en une phrase ce qui s’est passé, puis recommencez.",
        )
    return motif
