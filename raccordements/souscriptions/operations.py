"""The door of the operations of Cegid OD: asking for a step, an end, a reading, other connection data, a test of a key.

Each function checks the permission and that the person sees the object, then the rules, then moves the subscription and
queues, in one transaction. It returns the operation already waiting for the same thing when there is one.
"""

from __future__ import annotations

from collections.abc import Callable

from django.db import transaction
from django.db.models import QuerySet

from dossiers.models import NON_REGLEES, REGLEES, Collaborateur, Guichet, Operation
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import demander, exiger
from raccordements.models import Plateforme, Souscription
from raccordements.natures.etapes_od import (
    OnboarderSouscription,
    RenoncerSouscription,
    RenouvelerConnexion,
    ResilierSouscription,
    SouscrirePlateforme,
)
from raccordements.natures.od import LireSouscription, NatureOD, TesterCleAbonnement, parametres_de
from raccordements.souscriptions import suivi
from raccordements.souscriptions.concurrence import exiger_libre_la_bas, objet_de
from raccordements.souscriptions.erreurs import EtapeInterdite
from raccordements.souscriptions.etapes import EN_PLACE, EtatSouscription, Pas
from raccordements.souscriptions.traces import exiger_pas, verrouiller, verrouiller_ligne

Commencer = Callable[..., Souscription]


@transaction.atomic
def demander_onboarding(souscription: Souscription, *, par: Collaborateur) -> Operation:
    """Step 1, with the cabinet's key.

    Raises PermissionDenied; EtapeInterdite; ActionImpossible without a mandate, a usable key, or while another
    subscription of the line is at Cegid OD and its end not told.
    """
    actuelle, deja = _prendre(OnboarderSouscription, souscription, par)
    if deja:
        return deja
    exiger_pas(actuelle, Pas.COMMENCER_ONBOARDING)
    exiger_libre_la_bas(actuelle)
    return _demander(OnboarderSouscription, actuelle, guichet_cabinet(actuelle), par, suivi.commencer_onboarding)


@transaction.atomic
def demander_souscription(souscription: Souscription, *, par: Collaborateur) -> Operation:
    """Step 2, in the name of the platform.

    Raises PermissionDenied; EtapeInterdite; EndpointRefuse; ActionImpossible without contract, key or endpoint.
    """
    actuelle, deja = _prendre(SouscrirePlateforme, souscription, par)
    if deja:
        return deja
    guichet: Guichet = actuelle.plateforme.guichet
    return _demander(SouscrirePlateforme, actuelle, guichet, par, suivi.commencer_souscription)


@transaction.atomic
def demander_resiliation(souscription: Souscription, *, par: Collaborateur) -> Operation:
    """Tell Cegid OD the planned end; give up an on-boarding that no subscription followed.

    Raises PermissionDenied; EtapeInterdite; ActionImpossible without a planned end.
    """
    actuelle, deja = _prendre(ResilierSouscription, souscription, par)
    return deja or _demander(ResilierSouscription, actuelle, guichet_de_fin(actuelle), par, suivi.commencer_resiliation)


@transaction.atomic
def demander_renoncement(souscription: Souscription, *, par: Collaborateur) -> Operation:
    """Give up, before its first day, what Cegid OD has: its on-boarding is cancelled, its days are free again.

    Raises PermissionDenied; EtapeInterdite; ActionImpossible once it has begun, or when others share its on-boarding.
    """
    actuelle, deja = _prendre(RenoncerSouscription, souscription, par)
    return deja or _demander(
        RenoncerSouscription, actuelle, guichet_cabinet(actuelle), par, suivi.commencer_renoncement
    )


@transaction.atomic
def lancer_changement(suite: Souscription, *, par: Collaborateur) -> list[Operation]:
    """Do a planned change of platform: the end of the former is told, then `suite` is on-boarded. In this order.

    When the end is refused, the on-boarding does not leave. Raises as the two requests.
    """
    exiger(par, OnboarderSouscription.permission)
    verrouiller_ligne(suite.ligne, par)
    actuelle = verrouiller(suite, par)
    if actuelle.precedente is None:
        raise ActionImpossible(
            "Le changement de plateforme n’a pas été lancé.",
            "Cette souscription ne prend la suite d’aucune autre.",
            "Lancez son on-boarding.",
        )
    etapes: list[Operation] = []
    if actuelle.precedente.etat in (*EN_PLACE, EtatSouscription.RESILIATION):
        if not par.has_perm(ResilierSouscription.permission):
            raise ActionImpossible(
                "Le changement de plateforme n’a pas été lancé.",
                "Il commence par la fin de la souscription précédente, et vos droits ne permettent pas de résilier.",
                "Demandez-le à une personne qui le peut.",
            )
        etapes.append(demander_resiliation(actuelle.precedente, par=par))
    return [*etapes, demander_onboarding(actuelle, par=par)]


@transaction.atomic
def demander_lecture(souscription: Souscription, *, par: Collaborateur) -> Operation:
    """Read what Cegid OD knows of the line. Raises PermissionDenied; ActionImpossible without a usable key."""
    actuelle, deja = _prendre(LireSouscription, souscription, par)
    return deja or _demander(LireSouscription, actuelle, guichet_cabinet(actuelle), par)


@transaction.atomic
def demander_nouvelles_donnees(souscription: Souscription, *, par: Collaborateur) -> Operation:
    """Have other connection data given for an on-boarded line: those the platform has are void at once.

    Raises PermissionDenied; EtapeInterdite; ActionImpossible without a usable key.
    """
    actuelle, deja = _prendre(RenouvelerConnexion, souscription, par)
    if deja:
        return deja
    if actuelle.etat not in EN_PLACE:
        raise EtapeInterdite(
            "De nouvelles données de connexion n’ont pas été demandées.",
            f"La souscription est à l’état « {actuelle.get_etat_display()} » : elle n’en a pas chez Cegid OD.",
            "Lancez l’on-boarding, ou attendez la fin de l’étape en cours.",
        )
    return _demander(RenouvelerConnexion, actuelle, guichet_cabinet(actuelle), par)


def demander_test(plateforme: Plateforme, *, par: Collaborateur) -> Operation:
    """Try a platform's own subscription key. Raises PermissionDenied; ActionImpossible when it is not set."""
    return demander(TesterCleAbonnement.cle, par=par, guichet=plateforme.guichet)


def dernier_test(plateforme: Plateforme) -> Operation | None:
    """The last test of its key that ended: its state and message are the outcome."""
    derniere: Operation | None = (
        Operation.objects.filter(guichet=plateforme.guichet_id, nature=TesterCleAbonnement.cle, etat__in=REGLEES)
        .order_by("-id")
        .first()
    )
    return derniere


def operation_en_cours(souscription: Souscription) -> Operation | None:
    """The operation of this subscription that is not settled, the first one; `souscription` has its line."""
    return _non_reglees(souscription).first()


def guichet_cabinet(souscription: Souscription) -> Guichet:
    """Where the calls with the cabinet's key queue. Raises ActionImpossible when the dossier changed environment."""
    cle = souscription.dossier.cle
    if cle.environnement != souscription.environnement:
        raise ActionImpossible(
            "Cegid OD ne sera pas appelé.",
            f"La clé du dossier est maintenant de l’environnement « {cle.get_environnement_display()} », et la "
            f"souscription de « {souscription.get_environnement_display()} ».",
            "Rattachez le dossier à une clé du même environnement que la souscription.",
        )
    guichet: Guichet = cle.guichet
    return guichet


def guichet_de_fin(souscription: Souscription) -> Guichet:
    """Where its end queues: the platform's counter, or the cabinet's for an on-boarding alone."""
    if souscription.souscrite_le is None:
        return guichet_cabinet(souscription)
    guichet: Guichet = souscription.plateforme.guichet
    return guichet


def _prendre(
    nature: type[NatureOD], souscription: Souscription, par: Collaborateur
) -> tuple[Souscription, Operation | None]:
    """The subscription under the locks of its line and its own, and what already waits for the same thing.

    Two subscriptions of one line asked for at once: the second request sees the first one.
    """
    exiger(par, nature.permission)
    verrouiller_ligne(souscription.ligne, par)
    actuelle = verrouiller(souscription, par)
    return actuelle, _non_reglees(actuelle).filter(nature=nature.cle).first()


def _non_reglees(souscription: Souscription) -> QuerySet[Operation]:
    return Operation.objects.filter(
        objet=objet_de(souscription), etat__in=NON_REGLEES, parametres__souscription=souscription.pk
    ).order_by("id")


def _demander(
    nature: type[NatureOD],
    souscription: Souscription,
    guichet: Guichet,
    par: Collaborateur,
    commencer: Commencer | None = None,
) -> Operation:
    """Queue in the transaction of the change of state; both are undone when the credential cannot serve."""
    if commencer is not None:
        commencer(souscription, par=par)
    return demander(
        nature.cle, par=par, guichet=guichet, dossier=souscription.dossier, parametres=parametres_de(souscription)
    )
