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
from raccordements.souscriptions.etapes import EN_PLACE, EtatSouscription, Pas
from raccordements.souscriptions.remise import effacer
from raccordements.souscriptions.traces import avancer, ecrire, exiger_pas, tracer, verrouiller, verrouiller_ligne

SOUSCRIRE, CORRIGER = "raccordements.add_souscription", "raccordements.change_souscription"
TERMINER, REGULARISER = "raccordements.terminer_souscription", "raccordements.regulariser_souscription"
JOUR = timedelta(days=1)


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
    constat = "La souscription n’a pas été planifiée."
    if debut < timezone.localdate():
        raise ActionImpossible(constat, "Sa date d’effet est passée.", "Choisissez aujourd’hui ou un jour à venir.")
    adresse = _admettre(endpoint, plateforme, ligne, resoudre)
    with transaction.atomic():
        actuelle = verrouiller_ligne(ligne, par)
        souscription = _preparer(actuelle, plateforme, debut, fin or actuelle.fin, mandat, adresse, constat, par=par)
        return _inserer(souscription, constat, par)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """What changes in a subscription; None: unchanged. An empty `endpoint` takes the platform's pattern again."""

    debut: date | None = None
    mandat: Mandat | None = None
    endpoint: str | None = None


def corriger(
    souscription: Souscription, correction: Correction, *, par: Collaborateur, resoudre: Resolveur | None = None
) -> Souscription:
    """Change what was planned, before the second step. Raises as `souscrire`, and EtapeInterdite.

    Of what has served, even if Cegid OD has forgotten it, the first day and the endpoint stay.
    """
    exiger(par, CORRIGER)
    adresse = None
    if correction.endpoint is not None:
        adresse = _admettre(correction.endpoint, souscription.plateforme, souscription.ligne, resoudre)
    with transaction.atomic():
        return _corriger(souscription, correction, adresse, par)


def _corriger(
    souscription: Souscription, correction: Correction, adresse: str | None, par: Collaborateur
) -> Souscription:
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
    change_debut = correction.debut is not None and correction.debut != actuelle.debut
    change_endpoint = adresse is not None and adresse != actuelle.endpoint
    if (change_debut or change_endpoint) and actuelle.a_servi(timezone.localdate()):
        raise EtapeInterdite(
            constat,
            "Elle a servi avant d’être oubliée par Cegid OD : sa date d’effet et son endpoint restent les siens.",
            "Recommencez ses deux étapes telle quelle ; pour en changer, clôturez-la, puis planifiez-en une autre.",
        )
    if correction.debut is not None and change_debut:
        if correction.debut < timezone.localdate():
            raise ActionImpossible(constat, "La date d’effet est passée.", "Choisissez aujourd’hui ou un jour à venir.")
        regles.exiger_dans_la_ligne(ligne, correction.debut, actuelle.fin, constat)
        regles.exiger_libre(ligne, correction.debut, actuelle.fin, constat, sauf=actuelle)
        champs["debut"] = correction.debut
    if correction.mandat is not None:
        regles.exiger_mandat(correction.mandat, actuelle.dossier, constat)
        champs["mandat"] = correction.mandat
    if adresse is not None:
        regles.exiger_hote_admis(adresse, actuelle.plateforme)
        champs["endpoint"] = adresse
    if champs:
        with refus_de_la_base(constat):
            ecrire(actuelle, f"modifiée ({', '.join(_NOMS[champ] for champ in champs)}).", par=par, **champs)
    return actuelle


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
    adresse = _admettre(endpoint, plateforme, souscription.ligne, resoudre)
    with transaction.atomic():
        return _changer(souscription, plateforme, le, par, mandat, adresse, motif)


def _changer(
    souscription: Souscription,
    plateforme: Plateforme,
    le: date,
    par: Collaborateur,
    mandat: Mandat | None,
    adresse: str,
    motif: str,
) -> Souscription:
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
    suite = _preparer(ligne, plateforme, le, fin, mandat or actuelle.mandat, adresse, constat, par=par)
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
    regles.exiger_fin_acceptable(actuelle, le, constat)
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
    regles.exiger_fin_acceptable(actuelle, ligne.fin, constat)
    with refus_de_la_base(constat):
        ecrire(actuelle, "la fin prévue est retirée.", par=par, fin=ligne.fin, motif="")
    return actuelle


@transaction.atomic
def annuler(souscription: Souscription, *, motif: str = "", par: Collaborateur) -> Souscription:
    """Give up what was planned and not started; the platform it would have followed goes on, when it still can.

    Raises PermissionDenied, EtapeInterdite: what Cegid OD has half done is not given up, nor what has served.
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
    _exiger_sans_onboarding(actuelle, "La souscription n’a pas été annulée.")
    if actuelle.a_servi(timezone.localdate()):
        raise EtapeInterdite(
            "La souscription n’a pas été annulée.",
            f"Elle a servi à partir du {actuelle.debut:%d/%m/%Y}, avant d’être oubliée par Cegid OD : ses jours et son "
            "endpoint restent les siens.",
            "Clôturez-la : elle finira aujourd’hui au plus tard.",
        )
    avancer(actuelle, Pas.ANNULER, "annulée.", par=par, motif=motif.strip()[:200], servie=False)
    _rendre_la_fin(actuelle, par)
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
        fin_dite=None,
    )
    return actuelle


@transaction.atomic
def clore(souscription: Souscription, *, motif: str, par: Collaborateur) -> Souscription:
    """End here what Cegid OD has forgotten, without a call: today is its last day, unless it ended before.

    Resumed since, it may still be closed when it has served and Cegid OD has none of its on-boarding yet. What never
    took effect is cancelled instead, and leaves its days free. Raises PermissionDenied, EtapeInterdite.
    """
    exiger(par, REGULARISER)
    verrouiller_ligne(souscription.ligne, par)
    actuelle = verrouiller(souscription, par)
    exiger_pas(actuelle, Pas.CLORE)
    if actuelle.etat == EtatSouscription.NON_COMMENCEE:
        _exiger_sans_onboarding(actuelle, "La souscription n’a pas été close.")
        if not actuelle.a_servi(timezone.localdate()):
            raise EtapeInterdite(
                "La souscription n’a pas été close.", "Elle n’a jamais servi.", "Annulez-la : ses jours seront libres."
            )
    effacer(actuelle)
    finir(
        actuelle,
        aujourd_hui_au_plus_tard=True,
        texte=f"oubliée par Cegid OD, close ici. {_exiger_motif(motif)}",
        par=par,
    )
    return actuelle


def finir(
    souscription: Souscription,
    *,
    texte: str,
    par: Collaborateur | None,
    aujourd_hui_au_plus_tard: bool,
    dite: date | None = None,
) -> None:
    """Settle the end of a subscription, locked after its line.

    Cancelled instead, so that its days are free, when it never routed anything.

    Parameters
    ----------
    aujourd_hui_au_plus_tard:
        Whether today is the latest day that may be written.
    dite:
        The last day that Cegid OD has; by default the planned one, else today. Told late, it may be in the days of the
        subscription that follows, which keeps them here.
    """
    jour = timezone.localdate()
    fin = dite or souscription.fin or jour
    if aujourd_hui_au_plus_tard:
        fin = min(fin, jour)
    if not souscription.servie or fin < souscription.debut:
        avancer(souscription, Pas.ANNULER, texte, par=par, servie=False)
        _rendre_la_fin(souscription, par)
        return
    suivante = regles.suivante(souscription)
    if suivante is not None:
        fin = min(fin, suivante.debut - JOUR)
    pas = Pas.NOTER_RESILIATION if souscription.etat == EtatSouscription.RESILIATION else Pas.CLORE
    connue = dite or souscription.fin_dite
    avancer(souscription, pas, texte, par=par, fin=fin, fin_dite=connue, resiliee_le=timezone.now())


_NOMS = {"debut": "date d’effet", "mandat": "mandat", "endpoint": "endpoint"}


def _admettre(endpoint: str, plateforme: Plateforme, ligne: LigneAdressage, resoudre: Resolveur | None) -> str:
    """The endpoint to keep, that of the pattern without one. It asks a name server: before any lock is taken."""
    adresse = endpoint.strip() or plateforme.endpoint_pour(ligne.identifiant)
    return adresse and regles.admettre_endpoint(adresse, plateforme, resoudre=resoudre)


def _preparer(
    ligne: LigneAdressage,
    plateforme: Plateforme,
    debut: date,
    fin: date | None,
    mandat: Mandat | None,
    adresse: str,
    constat: str,
    *,
    par: Collaborateur,
) -> Souscription:
    regles.exiger_dossier(ligne.dossier, constat, ligne)
    regles.exiger_plateforme(plateforme, ligne, constat)
    regles.exiger_mandat(mandat, ligne.dossier, constat)
    regles.exiger_dans_la_ligne(ligne, debut, fin, constat)
    regles.exiger_libre(ligne, debut, fin, constat)
    regles.exiger_hote_admis(adresse, plateforme)
    return Souscription(
        dossier=ligne.dossier,
        environnement=ligne.environnement,
        ligne=ligne,
        plateforme=plateforme,
        mandat=mandat,
        endpoint=adresse,
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


def _rendre_la_fin(annulee: Souscription, par: Collaborateur | None) -> None:
    """The platform that it would have followed goes on, when it still can."""
    if annulee.precedente is None:
        return
    precedente = verrouiller(annulee.precedente, par)
    suivie = precedente.etat in EN_PLACE and precedente.fin == annulee.debut - JOUR
    if suivie and precedente.accepte_fin(annulee.fin):
        ecrire(precedente, "la suite est annulée, sa fin est retirée.", par=par, fin=annulee.fin, motif="")


def _exiger_en_place(souscription: Souscription, constat: str) -> None:
    if souscription.etat not in EN_PLACE:
        raise EtapeInterdite(
            constat,
            f"La souscription est à l’état « {souscription.get_etat_display()} ».",
            "Attendez la fin de l’étape en cours ; ce qui n’est pas commencé s’annule, ce qui est oublié se reprend "
            "ou se clôt.",
        )


def _exiger_sans_onboarding(souscription: Souscription, constat: str) -> None:
    """Raises EtapeInterdite when Cegid OD validated the rights of an on-boarding whose data never came."""
    if souscription.numero_onboarding:
        raise EtapeInterdite(
            constat,
            f"Cegid OD a validé les droits (on-boarding n°\u00a0{souscription.numero_onboarding}), mais les données de "
            "connexion ne sont pas arrivées.",
            "Relancez l’on-boarding, qui reprend ce numéro, puis résiliez-le.",
        )


def _exiger_motif(motif: str) -> str:
    if not motif.strip():
        raise ActionImpossible(
            "Rien n’a été changé.",
            "Cette décision engage le cabinet et doit pouvoir être relue.",
            "Écrivez en une phrase ce que vous avez constaté.",
        )
    return motif.strip()[:500]
