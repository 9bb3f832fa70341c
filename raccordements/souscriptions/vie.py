"""What people do with a subscription: plan it, correct it, change platform, end it, resume what the remote forgot.

Each function checks the permission on the object, then the rules, then writes, in one transaction with its line of the
journal. Nothing here calls a remote; what does is in `suivi`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from raccordements.models import LigneAdressage, Mandat, Plateforme, Souscription
from raccordements.souscriptions import regles
from raccordements.souscriptions.endpoints import Resolveur
from raccordements.souscriptions.erreurs import EtapeInterdite, refus_de_la_base
from raccordements.souscriptions.etapes import EtatSouscription, Pas
from raccordements.souscriptions.remise import effacer
from raccordements.souscriptions.traces import avancer, ecrire, exiger_pas, tracer, verrouiller, verrouiller_ligne

SOUSCRIRE, CORRIGER = "raccordements.add_souscription", "raccordements.change_souscription"
TERMINER, REGULARISER = "raccordements.terminer_souscription", "raccordements.regulariser_souscription"
JOUR = timedelta(days=1)
#: Known by Cegid OD, no call under way: its end may be planned.
_EN_PLACE = (EtatSouscription.ONBOARDEE, EtatSouscription.SOUSCRITE)


@transaction.atomic
def souscrire(
    ligne: LigneAdressage,
    plateforme: Plateforme,
    *,
    debut: date,
    par: Collaborateur,
    fin: date | None = None,
    mandat: Mandat | None = None,
    endpoint: str = "",
    resoudre: Resolveur | None = None,
) -> Souscription:
    """Plan a platform for a line; neither step is started.

    Parameters
    ----------
    debut, fin:
        First and last days, included; `fin` defaults to the line's.
    endpoint:
        The one of this line alone; by default that of the platform's pattern, if it has one.
    resoudre:
        See `endpoints.verifier`.

    Raises PermissionDenied; EndpointRefuse; DejaSouscrite; ActionImpossible.
    """
    exiger(par, SOUSCRIRE)
    actuelle = verrouiller_ligne(ligne, par)
    constat = "La souscription n’a pas été planifiée."
    if debut < timezone.localdate():
        raise ActionImpossible(constat, "Sa date d’effet est passée.", "Choisissez aujourd’hui ou un jour à venir.")
    souscription = _preparer(
        actuelle, plateforme, debut, fin or actuelle.fin, mandat, endpoint, constat, par=par, resoudre=resoudre
    )
    return _inserer(souscription, constat, par)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What changes in a subscription; None: unchanged. An empty `endpoint` takes the platform's pattern again."""

    debut: date | None = None
    mandat: Mandat | None = None
    endpoint: str | None = None


@transaction.atomic
def corriger(
    souscription: Souscription, correction: Correction, *, par: Collaborateur, resoudre: Resolveur | None = None
) -> Souscription:
    """Change what was planned, before the second step. Raises as `souscrire`, and EtapeInterdite."""
    exiger(par, CORRIGER)
    ligne = verrouiller_ligne(souscription.ligne, par)
    actuelle = verrouiller(souscription, par)
    constat = "La souscription n’a pas été modifiée."
    if actuelle.etat not in (EtatSouscription.NON_COMMENCEE, EtatSouscription.ONBOARDEE):
        raise EtapeInterdite(
            constat,
            f"Elle est à l’état « {actuelle.get_etat_display()} » : Cegid OD a ces valeurs, ou va les recevoir.",
            "Attendez la fin de l’étape en cours ; pour changer l’endpoint d’une souscription faite, terminez-la puis "
            "planifiez-en une autre.",
        )
    champs: dict[str, object] = {}
    if correction.debut is not None and correction.debut != actuelle.debut:
        if correction.debut < timezone.localdate():
            raise ActionImpossible(constat, "La date d’effet est passée.", "Choisissez aujourd’hui ou un jour à venir.")
        regles.exiger_dans_la_ligne(ligne, correction.debut, actuelle.fin, constat)
        regles.exiger_libre(ligne, correction.debut, actuelle.fin, constat, sauf=actuelle)
        champs["debut"] = correction.debut
    if correction.mandat is not None:
        regles.exiger_mandat(correction.mandat, actuelle.dossier, constat)
        champs["mandat"] = correction.mandat
    if correction.endpoint is not None:
        adresse = correction.endpoint or actuelle.plateforme.endpoint_pour(ligne.identifiant)
        champs["endpoint"] = adresse and regles.admettre_endpoint(adresse, actuelle.plateforme, resoudre=resoudre)
    if champs:
        with refus_de_la_base(constat):
            ecrire(actuelle, f"modifiée ({', '.join(_NOMS[champ] for champ in champs)}).", par=par, **champs)
    return actuelle


@transaction.atomic
def changer_de_plateforme(
    souscription: Souscription,
    plateforme: Plateforme,
    *,
    le: date,
    par: Collaborateur,
    mandat: Mandat | None = None,
    endpoint: str = "",
    motif: str = "",
    resoudre: Resolveur | None = None,
) -> Souscription:
    """Plan another platform from `le` on, its first day: this one ends the day before, the other takes its end.

    `mandat` defaults to the one of this subscription. Raises as `souscrire`, and EtapeInterdite.
    """
    exiger(par, TERMINER)
    exiger(par, SOUSCRIRE)
    ligne = verrouiller_ligne(souscription.ligne, par)
    actuelle = verrouiller(souscription, par)
    constat = "Le changement de plateforme n’a pas été planifié."
    _exiger_en_place(actuelle, constat)
    if le <= timezone.localdate() or le <= actuelle.debut or (actuelle.fin is not None and le > actuelle.fin):
        raise ActionImpossible(
            constat,
            "Le changement se fait un jour à venir, après la date d’effet et avant la fin de la souscription.",
            "Choisissez une autre date.",
        )
    if plateforme.pk == actuelle.plateforme_id:
        raise ActionImpossible(constat, "C’est déjà la plateforme de cette ligne.", "Choisissez-en une autre.")
    fin = actuelle.fin
    ecrire(
        actuelle,
        f"finit le {le - JOUR:%d/%m/%Y}, « {plateforme.nom} » prend la suite.",
        par=par,
        fin=le - JOUR,
        motif=motif.strip()[:200],
    )
    suite = _preparer(
        ligne, plateforme, le, fin, mandat or actuelle.mandat, endpoint, constat, par=par, resoudre=resoudre
    )
    suite.precedente = actuelle
    return _inserer(suite, constat, par)


@transaction.atomic
def terminer(souscription: Souscription, *, le: date, motif: str = "", par: Collaborateur) -> Souscription:
    """Plan the end on `le`, its last day; an operation tells Cegid OD. Raises PermissionDenied, ActionImpossible."""
    exiger(par, TERMINER)
    ligne = verrouiller_ligne(souscription.ligne, par)
    actuelle = verrouiller(souscription, par)
    constat = "La fin n’a pas été planifiée."
    _exiger_en_place(actuelle, constat)
    if le < timezone.localdate():
        raise ActionImpossible(constat, "Cette date est passée.", "Choisissez aujourd’hui ou un jour à venir.")
    regles.exiger_dans_la_ligne(ligne, actuelle.debut, le, constat)
    regles.exiger_libre(ligne, actuelle.debut, le, constat, sauf=actuelle)
    with refus_de_la_base(constat):
        ecrire(actuelle, f"finit le {le:%d/%m/%Y}.", par=par, fin=le, motif=motif.strip()[:200])
    return actuelle


@transaction.atomic
def rouvrir(souscription: Souscription, *, par: Collaborateur) -> Souscription:
    """Take back a planned end that Cegid OD was not told: the line's own end comes back. Raises as `terminer`."""
    exiger(par, TERMINER)
    ligne = verrouiller_ligne(souscription.ligne, par)
    actuelle = verrouiller(souscription, par)
    constat = "La fin n’a pas été retirée."
    _exiger_en_place(actuelle, constat)
    regles.exiger_libre(ligne, actuelle.debut, ligne.fin, constat, sauf=actuelle)
    with refus_de_la_base(constat):
        ecrire(actuelle, "la fin prévue est retirée.", par=par, fin=ligne.fin, motif="")
    return actuelle


@transaction.atomic
def annuler(souscription: Souscription, *, motif: str = "", par: Collaborateur) -> Souscription:
    """Give up what was planned and not started; the platform it would have followed goes on, when it still can.

    Raises PermissionDenied, EtapeInterdite.
    """
    exiger(par, CORRIGER)
    verrouiller_ligne(souscription.ligne, par)
    actuelle = verrouiller(souscription, par)
    if actuelle.etat != EtatSouscription.NON_COMMENCEE:
        raise EtapeInterdite(
            "La souscription n’a pas été annulée.",
            f"Elle est à l’état « {actuelle.get_etat_display()} » : Cegid OD la connaît, ou va la connaître.",
            "Planifiez sa fin, puis résiliez-la.",
        )
    avancer(actuelle, Pas.ANNULER, "annulée.", par=par, motif=motif.strip()[:200])
    if actuelle.precedente is not None:
        precedente = verrouiller(actuelle.precedente, par)
        if precedente.etat in _EN_PLACE and precedente.fin == actuelle.debut - JOUR:
            ecrire(precedente, "la suite est annulée, sa fin est retirée.", par=par, fin=actuelle.fin, motif="")
    return actuelle


@transaction.atomic
def reprendre(souscription: Souscription, *, motif: str, par: Collaborateur) -> Souscription:
    """Start both steps anew for a subscription that Cegid OD has forgotten. Raises PermissionDenied, EtapeInterdite."""
    exiger(par, REGULARISER)
    actuelle = verrouiller(souscription, par)
    exiger_pas(actuelle, Pas.REPRENDRE)
    effacer(actuelle)
    avancer(
        actuelle,
        Pas.REPRENDRE,
        f"oubliée par Cegid OD, les deux étapes recommencent. {_exiger_motif(motif)}",
        par=par,
        contrat="",
        numero_onboarding="",
        numero_distant="",
        message="",
        onboardee_le=None,
        souscrite_le=None,
    )
    return actuelle


@transaction.atomic
def clore(souscription: Souscription, *, motif: str, par: Collaborateur) -> Souscription:
    """End here what Cegid OD has forgotten, without a call: today is its last day, unless it ended before.

    What never took effect is cancelled instead, and leaves its days free. Raises PermissionDenied, EtapeInterdite.
    """
    exiger(par, REGULARISER)
    actuelle = verrouiller(souscription, par)
    exiger_pas(actuelle, Pas.CLORE)
    effacer(actuelle)
    finir(
        actuelle,
        aujourd_hui_au_plus_tard=True,
        texte=f"oubliée par Cegid OD, close ici. {_exiger_motif(motif)}",
        par=par,
    )
    return actuelle


def finir(souscription: Souscription, *, texte: str, par: Collaborateur | None, aujourd_hui_au_plus_tard: bool) -> None:
    """Settle the end of a locked subscription: its planned last day, else today, which may also be the latest.

    Cancelled instead, so that its days are free, when it never routed anything.
    """
    jour = timezone.localdate()
    fin = souscription.fin or jour
    if aujourd_hui_au_plus_tard:
        fin = min(fin, jour)
    if souscription.souscrite_le is None or fin < souscription.debut:
        avancer(souscription, Pas.ANNULER, texte, par=par)
        return
    pas = Pas.CLORE if souscription.etat == EtatSouscription.OUBLIEE else Pas.NOTER_RESILIATION
    avancer(souscription, pas, texte, par=par, fin=fin, resiliee_le=timezone.now())


_NOMS = {"debut": "date d’effet", "mandat": "mandat", "endpoint": "endpoint"}


def _preparer(
    ligne: LigneAdressage,
    plateforme: Plateforme,
    debut: date,
    fin: date | None,
    mandat: Mandat | None,
    endpoint: str,
    constat: str,
    *,
    par: Collaborateur,
    resoudre: Resolveur | None,
) -> Souscription:
    regles.exiger_dossier(ligne.dossier, constat, ligne)
    regles.exiger_plateforme(plateforme, ligne, constat)
    regles.exiger_mandat(mandat, ligne.dossier, constat)
    regles.exiger_dans_la_ligne(ligne, debut, fin, constat)
    regles.exiger_libre(ligne, debut, fin, constat)
    adresse = endpoint.strip() or plateforme.endpoint_pour(ligne.identifiant)
    return Souscription(
        dossier=ligne.dossier,
        environnement=ligne.environnement,
        ligne=ligne,
        plateforme=plateforme,
        mandat=mandat,
        endpoint=adresse and regles.admettre_endpoint(adresse, plateforme, resoudre=resoudre),
        debut=debut,
        fin=fin,
        cree_par=par,
    )


def _inserer(souscription: Souscription, constat: str, par: Collaborateur) -> Souscription:
    with refus_de_la_base(constat):
        souscription.save()
    tracer(
        souscription,
        f"planifiée chez « {souscription.plateforme.nom} » à partir du {souscription.debut:%d/%m/%Y}.",
        par=par,
    )
    return souscription


def _exiger_en_place(souscription: Souscription, constat: str) -> None:
    if souscription.etat not in _EN_PLACE:
        raise EtapeInterdite(
            constat,
            f"La souscription est à l’état « {souscription.get_etat_display()} ».",
            "Attendez la fin de l’étape en cours ; ce qui n’est pas commencé s’annule, ce qui est oublié se reprend "
            "ou se clôt.",
        )


def _exiger_motif(motif: str) -> str:
    if not motif.strip():
        raise ActionImpossible(
            "Rien n’a été changé.",
            "Cette décision engage le cabinet et doit pouvoir être relue.",
            "Écrivez en une phrase ce que vous avez constaté.",
        )
    return motif.strip()[:500]
