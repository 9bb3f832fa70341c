"""The door of the operations of Chorus Pro: asking for a test, a verification, a sending, a follow-up.

Each function checks the permission and that the person sees the object, then the rules, then queues; it returns the
operation already waiting for the same thing when there is one.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur, Operation
from dossiers.models import Etat as EtatOperation
from dossiers.operations.registre import Nature
from dossiers.operations.reveil import reveiller
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import annuler, demander, exiger
from raccordements.models import Action, CompteChorus, EvenementFiche, Fiche, Structure
from raccordements.natures import SuivreFiche, TesterCompteChorus, TransmettreFiche, VerifierFiche, VerifierStructure
from raccordements.natures.canal import empechement_du_canal, guichet_du_canal
from raccordements.natures.suivi import ObserverFiche, lancer_suivis
from raccordements.services.approbation import verifier_empreinte
from raccordements.services.envoi import ENVOYER, Canal, abandonner_envoi, exiger_envoi_possible
from raccordements.services.erreurs import ActionInterdite, FicheBloquee
from raccordements.services.risques import bloquants, faits, risques
from raccordements.services.structures import compte_pour
from raccordements.services.traces import Type, exiger_action, tracer, verrouiller

__all__ = [
    "abandonner_transmission",
    "canal_courant",
    "compte_pour",
    "demander_envoi",
    "demander_suivi",
    "demander_test",
    "demander_verification",
    "demander_verification_avant_saisie",
    "derniere_verification",
    "operation_d_envoi",
    "operation_de_suivi",
]


def canal_courant() -> Canal:
    """How fiches leave now (setting CHORUS_CANAL)."""
    return Canal(settings.CHORUS_CANAL)


def demander_test(compte: CompteChorus, *, par: Collaborateur, siret: str = "") -> Operation:
    """Try the credentials of an account in four steps; the last one only when `siret` names a structure to reach.

    Raises PermissionDenied; ActionImpossible for an archived account.
    """
    parametres = {"siret": siret} if siret else {}
    return demander(TesterCompteChorus.cle, par=par, guichet=compte.guichet, parametres=parametres)


def demander_verification(structure: Structure, *, par: Collaborateur) -> Operation:
    """Read a structure in Chorus Pro. Raises PermissionDenied; ActionImpossible without a usable account."""
    exiger(par, VerifierStructure.permission)
    if not Structure.objects.visibles_par(par).filter(pk=structure.pk).exists():
        raise PermissionDenied(VerifierStructure.permission)
    compte = _exiger_un_compte(structure, "La structure n’a pas été vérifiée.")
    return demander(
        VerifierStructure.cle,
        par=par,
        guichet=compte.guichet,
        dossier=structure.dossier,
        parametres={"structure": structure.pk, "siret": structure.siret},
    )


def demander_verification_avant_saisie(fiche: Fiche, *, par: Collaborateur) -> Operation:
    """Check by the API what can be, before a person types the fiche on the portal; see `derniere_verification`.

    Raises PermissionDenied; ActionImpossible without a usable account.
    """
    exiger(par, VerifierFiche.permission)
    visible = _visible(fiche, par)
    compte = _exiger_un_compte(visible.structure, "La vérification n’a pas été demandée.")
    parametres = {"fiche": visible.pk, "reference": str(visible.reference), "siret": visible.structure.siret}
    return demander(
        VerifierFiche.cle,
        par=par,
        guichet=compte.guichet,
        dossier=visible.structure.dossier,
        parametres=parametres,
    )


def derniere_verification(fiche: Fiche) -> EvenementFiche | None:
    """The outcome of the last check before typing: `details` has `reussie` and `etapes`, as a connection test."""
    evenement: EvenementFiche | None = (
        EvenementFiche.objects.filter(fiche_id=fiche.pk, type=Type.VERIFICATION).order_by("-id").first()
    )
    return evenement


@transaction.atomic
def demander_envoi(fiche: Fiche, *, par: Collaborateur) -> Operation:
    """Queue the sending of the approved version by the channel `api`. The worker proves it again when it claims.

    Raises PermissionDenied; ActionInterdite when its status does not permit it, or when it, or a former version, is
    being sent; EmpreinteDifferente when what was approved is not what it says; FicheBloquee; ActionImpossible when the
    channel cannot serve.
    """
    exiger(par, ENVOYER)
    actuelle = verrouiller(fiche, par)
    if empechement := empechement_du_canal(actuelle.environnement):
        raise ActionImpossible("La fiche n’a pas été envoyée.", empechement, "")
    if deja := operation_d_envoi(actuelle):
        if deja.parametres["version"] != actuelle.version_id:
            raise ActionInterdite(
                "La fiche n’a pas été envoyée.",
                "L’envoi d’une version précédente attend encore.",
                "Abandonnez-le, puis envoyez celle-ci.",
            )
        return deja
    exiger_envoi_possible(actuelle)
    version = verifier_empreinte(actuelle)
    if graves := bloquants(risques(faits(actuelle, fige=version.contenu))):
        raise FicheBloquee("La fiche n’a pas été envoyée.", graves)
    return demander(
        TransmettreFiche.cle,
        par=par,
        guichet=guichet_du_canal(actuelle.environnement),
        dossier=actuelle.structure.dossier,
        parametres={
            "fiche": actuelle.pk,
            "reference": str(actuelle.reference),
            "siret": actuelle.structure.siret,
            "version": version.pk,
            "empreinte": version.empreinte,
        },
    )


@transaction.atomic
def abandonner_transmission(fiche: Fiche, *, motif: str, par: Collaborateur) -> None:
    """Give up a sending by the channel `api`: cancel what waits, or give back a claim that no operation holds.

    Cancelling asks for the permission of `annuler` too. Raises PermissionDenied; ActionImpossible while the call is
    under way, or its effect unknown.
    """
    exiger(par, ENVOYER)
    visible = _visible(fiche, par)
    operation = operation_d_envoi(visible)
    if operation is None:
        if visible.version_en_envoi is not None:
            abandonner_envoi(visible, visible.version_en_envoi, motif=motif, par=par)
        return
    if operation.etat != EtatOperation.EN_ATTENTE or not annuler([operation], par=par):
        raise ActionImpossible(
            "L’envoi n’a pas été abandonné.",
            f"L’opération est « {operation.get_etat_display().lower()} » : la fiche est peut-être déjà partie.",
            "Attendez qu’elle soit réglée, ou demandez à un manager de la trancher.",
        )
    tracer(visible, Type.ABANDON, f"Envoi abandonné : {motif}", par=par)


@transaction.atomic
def demander_suivi(fiche: Fiche, *, par: Collaborateur) -> Operation:
    """Look now at where a sent fiche stands. Raises PermissionDenied; ActionImpossible when nothing can be read."""
    exiger(par, SuivreFiche.permission)
    actuelle = verrouiller(fiche, par)
    exiger_action(actuelle, Action.CONSTATER)
    canal = canal_de(actuelle)
    suivis = lancer_suivis([(actuelle, canal)], par=par, dans=timedelta())
    if not suivis:
        constat = "Le suivi n’a pas été demandé."
        if canal is Canal.API:
            raise ActionImpossible(constat, empechement_du_canal(actuelle.environnement), "")
        compte = _exiger_un_compte(actuelle.structure, constat)
        raise ActionImpossible(constat, ObserverFiche().empechement(compte.guichet), "")
    suivi = suivis[0]
    if Operation.objects.filter(pk=suivi.pk, etat=EtatOperation.EN_ATTENTE).update(pas_avant=timezone.now()):
        reveiller([suivi])
    return suivi


def canal_de(fiche: Fiche) -> Canal:
    """How what was last sent left, as its history tells; the channel of the settings when it does not."""
    details = (
        EvenementFiche.objects.filter(fiche_id=fiche.pk, type=Type.ENVOI)
        .order_by("-id")
        .values_list("details__canal", flat=True)
        .first()
    )
    return Canal(details) if details in set(Canal) else canal_courant()


def operation_d_envoi(fiche: Fiche) -> Operation | None:
    """The sending of a fiche that is not settled."""
    objet = f"canal:{fiche.environnement}:fiche/{fiche.reference}"
    return _non_reglee(TransmettreFiche, objet)


def operation_de_suivi(fiche: Fiche) -> Operation | None:
    """The follow-up of what was last sent, while it goes on."""
    suite = f"{fiche.environnement}:fiche/{fiche.reference}/suivi/{fiche.version_envoyee_id}"
    return _non_reglee(SuivreFiche, f"canal:{suite}") or _non_reglee(ObserverFiche, f"chorus:{suite}")


def _non_reglee(nature: type[Nature], objet: str) -> Operation | None:
    trouvee: Operation | None = (
        Operation.objects.non_reglees().filter(objet=objet, nature=nature.cle).order_by("id").first()
    )
    return trouvee


def _visible(fiche: Fiche, par: Collaborateur) -> Fiche:
    trouvee: Fiche | None = (
        Fiche.objects.visibles_par(par)
        .select_related("structure__compte", "structure__dossier", "version_en_envoi")
        .filter(pk=fiche.pk)
        .first()
    )
    if trouvee is None:
        raise PermissionDenied("raccordements.view_fiche")
    return trouvee


def _exiger_un_compte(structure: Structure, constat: str) -> CompteChorus:
    compte = compte_pour(structure)
    if compte is None:
        raise ActionImpossible(
            constat,
            f"Aucun compte Chorus Pro de {structure.get_environnement_display().lower()} n’est rattaché à la "
            "structure, et le cabinet n’en a pas un seul en service.",
            "Rattachez un compte à la structure, ou demandez à un administrateur d’en enregistrer un.",
        )
    return compte
