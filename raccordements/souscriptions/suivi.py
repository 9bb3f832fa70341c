"""The two steps and the end, as the operations note them: each one moves along the table, or not at all.

`commencer_*` is asked by a person and written with the operation that it starts; `noter_*` and `verifier_avant_appel`
are for the worker, ask no permission, and belong to the transaction of the settlement. A step noted twice changes
nothing the second time: it raises EtapeInterdite.
"""

from __future__ import annotations

from datetime import date

from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur, Evenement
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from raccordements.models import Souscription
from raccordements.souscriptions import endpoints, regles
from raccordements.souscriptions.erreurs import EtapeInterdite
from raccordements.souscriptions.etapes import EtatSouscription, Pas
from raccordements.souscriptions.remise import effacer, garder
from raccordements.souscriptions.traces import avancer, exiger_pas, tracer, verrouiller, verrouiller_ligne
from raccordements.souscriptions.vie import finir

AVEC_DONNEES = (
    EtatSouscription.ONBOARDEE,
    EtatSouscription.SOUSCRIPTION,
    EtatSouscription.SOUSCRITE,
    EtatSouscription.RESILIATION,
)
COMMENCER, TERMINER = "raccordements.commencer_souscription", "raccordements.terminer_souscription"


@transaction.atomic
def commencer_onboarding(souscription: Souscription, *, par: Collaborateur) -> Souscription:
    """Step 1 is asked for: nothing changes meanwhile. Raises PermissionDenied, EtapeInterdite, ActionImpossible."""
    exiger(par, COMMENCER)
    actuelle = verrouiller(souscription, par)
    exiger_pas(actuelle, Pas.COMMENCER_ONBOARDING)
    regles.exiger_pret_pour_onboarding(actuelle)
    avancer(actuelle, Pas.COMMENCER_ONBOARDING, "on-boarding demandé.", par=par, message="")
    return actuelle


@transaction.atomic
def noter_droits(souscription: Souscription, *, numero: str) -> None:
    """Cegid OD validated the rights: the number is kept at once, since the connection data may never come."""
    numero = numero[:120]
    en_cours = Souscription.objects.filter(pk=souscription.pk, etat=EtatSouscription.ONBOARDING)
    if en_cours.exclude(numero_onboarding=numero).update(numero_onboarding=numero, modifiee_le=timezone.now()):
        tracer(souscription, f"droits validés, on-boarding n°\u00a0{numero}.", par=None)


@transaction.atomic
def noter_onboarding(souscription: Souscription, *, numero: str, donnees: str) -> Souscription:
    """Cegid OD validated the rights and gave the connection data: they are sealed. Raises EtapeInterdite.

    Parameters
    ----------
    numero:
        Cegid OD's own number of this on-boarding.
    donnees:
        The « Pdp connection data » as received, a secret.
    """
    actuelle = verrouiller(souscription, None)
    exiger_pas(actuelle, Pas.NOTER_ONBOARDING)
    garder(actuelle, donnees)
    avancer(
        actuelle,
        Pas.NOTER_ONBOARDING,
        "on-boardée, données de connexion reçues.",
        par=None,
        type_=Evenement.Type.SECRET,
        numero_onboarding=numero[:120],
        onboardee_le=timezone.now(),
        message="",
    )
    return actuelle


@transaction.atomic
def noter_nouvelles_donnees(souscription: Souscription, *, donnees: str) -> Souscription:
    """Cegid OD gave other connection data for the same on-boarding: the former are void, erased, and these are sealed.

    They may be shown once in their turn. The step that waits behind this call needs them too: it was asked for
    meanwhile. Raises EtapeInterdite when the line is not on-boarded.
    """
    actuelle = verrouiller(souscription, None)
    if actuelle.etat not in AVEC_DONNEES:
        raise EtapeInterdite(
            "Les nouvelles données de connexion n’ont pas été gardées.",
            f"La souscription est à l’état « {actuelle.get_etat_display()} ».",
            "Rechargez la page.",
        )
    garder(actuelle, donnees)
    tracer(actuelle, "nouvelles données de connexion reçues.", par=None, type_=Evenement.Type.SECRET)
    return actuelle


@transaction.atomic
def noter_echec_onboarding(souscription: Souscription, *, message: str) -> Souscription:
    """Step 1 was refused, or given up: it may be asked for again. Raises EtapeInterdite."""
    actuelle = verrouiller(souscription, None)
    avancer(actuelle, Pas.ECHOUER_ONBOARDING, "on-boarding non fait.", par=None, message=message)
    return actuelle


@transaction.atomic
def commencer_souscription(souscription: Souscription, *, par: Collaborateur) -> Souscription:
    """Step 2 is asked for, under the contract of the platform. Raises as `commencer_onboarding`."""
    exiger(par, COMMENCER)
    actuelle = verrouiller(souscription, par)
    exiger_pas(actuelle, Pas.COMMENCER_SOUSCRIPTION)
    regles.exiger_pret_pour_souscription(actuelle)
    endpoints.exiger_hote_admis(actuelle.endpoint, regles.hotes_admis(actuelle.plateforme))
    avancer(
        actuelle,
        Pas.COMMENCER_SOUSCRIPTION,
        "souscription demandée.",
        par=par,
        contrat=actuelle.plateforme.contrat_reference,
        message="",
    )
    return actuelle


def verifier_avant_appel(souscription: Souscription, *, resoudre: endpoints.Resolveur | None = None) -> str:
    """The endpoint to give to Cegid OD, every rule checked once more, its name asked now. Outside any transaction.

    Raises EndpointRefuse; ActionImpossible when a rule broke since; NomIrresolu (a later try may work).
    """
    actuelle = Souscription.objects.pour_liste().get(pk=souscription.pk)
    regles.exiger_pret_pour_souscription(actuelle)
    return endpoints.verifier(actuelle.endpoint, hotes=regles.hotes_admis(actuelle.plateforme), resoudre=resoudre)


@transaction.atomic
def noter_souscription(
    souscription: Souscription, *, numero: str, du: date | None = None, au: date | None = None
) -> Souscription:
    """Cegid OD knows how to reach the platform, from `du` on when it says so. Raises EtapeInterdite.

    From « oubliée » too: it knew the line after all. A first day earlier than the planned one is not taken, nor a later
    one for what has served.

    Parameters
    ----------
    au:
        The last day that Cegid OD has, None without an end.
    """
    actuelle = verrouiller(souscription, None)
    if not actuelle.contrat:
        raise EtapeInterdite(
            "La souscription n’a pas été notée.",
            "La seconde étape n’a jamais été demandée pour elle.",
            "Reprenez les deux étapes.",
        )
    debut = max(actuelle.debut, du) if du else actuelle.debut
    if actuelle.a_servi(timezone.localdate()) or (actuelle.fin is not None and debut > actuelle.fin):
        debut = actuelle.debut
    avancer(
        actuelle,
        Pas.NOTER_SOUSCRIPTION,
        f"souscrite, avec effet le {debut:%d/%m/%Y}.",
        par=None,
        numero_distant=numero[:120],
        souscrite_le=actuelle.souscrite_le or timezone.now(),
        debut=debut,
        fin_dite=au,
        servie=True,
        message="",
    )
    return actuelle


@transaction.atomic
def noter_echec_souscription(souscription: Souscription, *, message: str) -> Souscription:
    """Step 2 was refused, or given up: the line stays on-boarded. Raises EtapeInterdite."""
    actuelle = verrouiller(souscription, None)
    avancer(actuelle, Pas.ECHOUER_SOUSCRIPTION, "souscription non faite.", par=None, message=message, contrat="")
    return actuelle


@transaction.atomic
def commencer_resiliation(souscription: Souscription, *, par: Collaborateur | None) -> Souscription:
    """The end is told to Cegid OD, or the on-boarding given up. Raises as `commencer_onboarding`.

    Parameters
    ----------
    par:
        None when its day has come: who planned it had the right.
    """
    if par is not None:
        exiger(par, TERMINER)
    actuelle = verrouiller(souscription, par)
    exiger_pas(actuelle, Pas.COMMENCER_RESILIATION)
    if actuelle.souscrite_le is not None and actuelle.fin is None:
        raise ActionImpossible(
            "La résiliation n’a pas été lancée.",
            "La souscription n’a pas de date de fin.",
            "Planifiez sa fin, puis résiliez-la.",
        )
    texte = "résiliation demandée." if par else f"fin du {actuelle.fin:%d/%m/%Y} à dire à Cegid OD, son jour est venu."
    avancer(actuelle, Pas.COMMENCER_RESILIATION, texte, par=par, message="")
    return actuelle


@transaction.atomic
def commencer_renoncement(souscription: Souscription, *, par: Collaborateur) -> Souscription:
    """What Cegid OD has for a day to come is given up, its line kept. Raises as `commencer_onboarding`."""
    exiger(par, TERMINER)
    verrouiller_ligne(souscription.ligne, par)
    actuelle = verrouiller(souscription, par)
    exiger_pas(actuelle, Pas.COMMENCER_RESILIATION)
    regles.exiger_renoncable(actuelle)
    avancer(actuelle, Pas.COMMENCER_RESILIATION, "abandon demandé avant son premier jour.", par=par, message="")
    return actuelle


@transaction.atomic
def noter_resiliation(souscription: Souscription, *, oubliee: bool = False, au: date | None = None) -> Souscription:
    """Cegid OD noted the end, or did not know the line any more (`oubliee`): over in both cases. Raises EtapeInterdite.

    What never routed anything is cancelled. The connection data are erased.

    Parameters
    ----------
    au:
        The last day that Cegid OD has; by default the planned one stays, unless the line was forgotten before.
    """
    verrouiller_ligne(souscription.ligne, None)
    actuelle = verrouiller(souscription, None)
    exiger_pas(actuelle, Pas.NOTER_RESILIATION)
    effacer(actuelle)
    texte = "résiliée."
    if oubliee:
        texte = "résiliée ; Cegid OD ne la connaissait plus."
    elif au is not None and au < actuelle.debut:
        texte = "abandonnée avant son premier jour."
    elif au is not None:
        texte = f"résiliée, dernier jour le {au:%d/%m/%Y} chez Cegid OD."
    au_plus_tard = oubliee or actuelle.souscrite_le is None
    finir(actuelle, texte=texte, par=None, aujourd_hui_au_plus_tard=au_plus_tard, dite=au)
    return actuelle


@transaction.atomic
def noter_echec_resiliation(souscription: Souscription, *, message: str) -> Souscription:
    """The end was refused: things stand as before. Raises EtapeInterdite."""
    actuelle = verrouiller(souscription, None)
    pas = Pas.ECHOUER_RESILIATION if actuelle.souscrite_le else Pas.ECHOUER_RENONCEMENT
    avancer(actuelle, pas, "résiliation non faite.", par=None, message=message)
    return actuelle


@transaction.atomic
def noter_oubli(souscription: Souscription, *, message: str) -> Souscription:
    """Cegid OD does not know the line any more: a manager resumes it or closes it. Raises EtapeInterdite."""
    actuelle = verrouiller(souscription, None)
    avancer(actuelle, Pas.OUBLIER, "Cegid OD ne la connaît plus.", par=None, message=message)
    return actuelle
