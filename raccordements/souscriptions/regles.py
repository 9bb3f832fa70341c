"""The rules before any call, each with its sentence; the database keeps those that it can."""

from __future__ import annotations

from datetime import date

from django.db.models import Q
from django.utils import timezone

from dossiers.models import Dossier
from dossiers.services.erreurs import ActionImpossible
from raccordements.models import HoteAdmis, LigneAdressage, Mandat, Plateforme, Souscription
from raccordements.souscriptions import endpoints
from raccordements.souscriptions.erreurs import DejaSouscrite
from raccordements.souscriptions.etapes import EtatSouscription


def hotes_admis(plateforme: Plateforme) -> frozenset[str]:
    """The hosts that two persons admitted for this platform."""
    return frozenset(HoteAdmis.objects.en_vigueur().filter(plateforme=plateforme).values_list("hote", flat=True))


def admettre_endpoint(adresse: str, plateforme: Plateforme, *, resoudre: endpoints.Resolveur | None) -> str:
    """An endpoint as it may be kept when it is typed. Raises EndpointRefuse."""
    return endpoints.verifier(adresse, hotes=hotes_admis(plateforme), resoudre=resoudre, resolu_exige=False)


def exiger_hote_admis(adresse: str, plateforme: Plateforme) -> None:
    """As `admettre_endpoint` for an address that was verified, without a name server. Raises EndpointRefuse."""
    if adresse:
        endpoints.exiger_hote_admis(adresse, hotes_admis(plateforme))


def exiger_dossier(dossier: Dossier, constat: str, ligne: LigneAdressage | None = None) -> None:
    """Raises ActionImpossible for a dossier that is archived, has no SIREN, or no longer the one of `ligne`."""
    if dossier.archive:
        raise ActionImpossible(constat, "Le dossier est archivé.", "Remettez-le en service d’abord.")
    if not dossier.siren:
        raise ActionImpossible(constat, "Le dossier n’a pas de SIREN.", "Complétez-le, puis recommencez.")
    if ligne is not None and ligne.siren != dossier.siren:
        raise ActionImpossible(
            constat,
            "La ligne porte un autre SIREN que le dossier, qui a changé depuis.",
            "Terminez ou annulez cette ligne, puis enregistrez celle du SIREN du dossier.",
        )


def exiger_plateforme(plateforme: Plateforme, ligne: LigneAdressage, constat: str) -> None:
    """Raises ActionImpossible for a platform that is archived or of another environment."""
    if plateforme.archivee_le:
        raise ActionImpossible(
            constat, f"La plateforme « {plateforme.nom} » est archivée.", "Choisissez une plateforme en service."
        )
    if plateforme.environnement != ligne.environnement:
        raise ActionImpossible(
            constat,
            f"La plateforme est enregistrée pour « {plateforme.get_environnement_display()} », et la ligne pour "
            f"« {ligne.get_environnement_display()} ».",
            "Choisissez une plateforme du même environnement que le dossier.",
        )


def exiger_mandat(mandat: Mandat | None, dossier: Dossier, constat: str) -> None:
    """Raises ActionImpossible for a mandate of another dossier."""
    if mandat is not None and mandat.dossier_id != dossier.pk:
        raise ActionImpossible(
            constat, "Ce mandat est celui d’un autre dossier.", "Choisissez un mandat du dossier, ou déposez-en un."
        )


def exiger_dans_la_ligne(ligne: LigneAdressage, debut: date, fin: date | None, constat: str) -> None:
    """Raises ActionImpossible unless these days are in order and within those of the line."""
    if fin is not None and fin < debut:
        raise ActionImpossible(constat, "La fin précède la date d’effet.", "Corrigez l’une des deux dates.")
    if ligne.annulee_le or not ligne.couvre(debut, fin):
        jusque = f" au {ligne.fin:%d/%m/%Y}" if ligne.fin else ""
        raise ActionImpossible(
            constat,
            "La ligne d’adressage est annulée."
            if ligne.annulee_le
            else f"Ces dates sortent de celles de la ligne, valable du {ligne.debut:%d/%m/%Y}{jusque}.",
            "Choisissez d’autres dates, ou une autre ligne.",
        )


def exiger_libre(
    ligne: LigneAdressage, debut: date, fin: date | None, constat: str, *, sauf: Souscription | None = None
) -> None:
    """Raises DejaSouscrite when the line has a subscription on these days."""
    autres = ligne.souscriptions.exclude(etat=EtatSouscription.ANNULEE).exclude(pk=sauf.pk if sauf else None)
    if fin is not None:
        autres = autres.filter(debut__lte=fin)
    genante = autres.exclude(fin__lt=debut).pour_liste().order_by("debut").first()
    if genante is not None:
        raise DejaSouscrite(constat, genante)


def exiger_renoncable(souscription: Souscription) -> None:
    """Raises ActionImpossible unless giving up its on-boarding stops this subscription alone, before it routes."""
    constat, jour = "La souscription n’a pas été abandonnée.", timezone.localdate()
    if souscription.debut <= jour:
        raise ActionImpossible(
            constat,
            f"Elle a pris effet le {souscription.debut:%d/%m/%Y} : Cegid OD achemine par elle.",
            "Planifiez sa fin, puis résiliez-la.",
        )
    memes = Souscription.objects.exclude(pk=souscription.pk).exclude(etat=EtatSouscription.ANNULEE)
    memes = memes.filter(plateforme=souscription.plateforme_id, numero_onboarding=souscription.numero_onboarding)
    if souscription.numero_onboarding and memes.filter(Q(fin=None) | Q(fin__gt=jour)).exists():
        raise ActionImpossible(
            constat,
            "Le même on-boarding porte une autre souscription de cette ligne, qui s’arrêterait aujourd’hui avec elle.",
            "Attendez que l’autre soit finie, ou planifiez la fin de celle-ci à son premier jour.",
        )


def exiger_fin_acceptable(souscription: Souscription, fin: date | None, constat: str) -> None:
    """Raises ActionImpossible when Cegid OD has an end of this subscription, and `fin` is later, or none."""
    if not souscription.accepte_fin(fin):
        raise ActionImpossible(
            constat,
            f"Cegid OD a déjà la fin du {souscription.fin_dite:%d/%m/%Y} et n’en accepte pas de plus tardive.",
            "Choisissez ce jour ou un jour plus tôt ; pour continuer après, planifiez une autre souscription à partir "
            "du lendemain.",
        )


def suivante(souscription: Souscription) -> Souscription | None:
    """The next subscription of its line, if there is one."""
    autres = Souscription.objects.filter(ligne=souscription.ligne_id, debut__gt=souscription.debut)
    return autres.exclude(etat=EtatSouscription.ANNULEE).order_by("debut").first()


def exiger_pret_pour_onboarding(souscription: Souscription) -> None:
    """Raises ActionImpossible unless the first step may be asked for: mandate, dossier, platform in service."""
    constat = "L’on-boarding n’a pas été lancé."
    exiger_dossier(souscription.dossier, constat, souscription.ligne)
    exiger_plateforme(souscription.plateforme, souscription.ligne, constat)
    if souscription.mandat is None:
        raise ActionImpossible(
            constat,
            "Il manque le mandat : le représentant légal du client, ou un administrateur habilité, le demande.",
            "Déposez le mandat signé et daté, rattachez-le à la souscription, puis recommencez.",
        )
    if souscription.fin is not None and souscription.fin < timezone.localdate():
        raise ActionImpossible(constat, "La souscription est déjà passée.", "Annulez-la, puis planifiez-en une autre.")


def exiger_pret_pour_souscription(souscription: Souscription) -> None:
    """Raises ActionImpossible unless the second step may be asked for: contract, key, endpoint."""
    constat = "La souscription chez la plateforme n’a pas été lancée."
    exiger_dossier(souscription.dossier, constat, souscription.ligne)
    exiger_plateforme(souscription.plateforme, souscription.ligne, constat)
    if empechement := souscription.plateforme.empechement():
        raise ActionImpossible(constat, empechement, "")
    if not souscription.endpoint:
        raise ActionImpossible(
            constat,
            "Il manque l’endpoint : Cegid OD en demande un pour cette ligne seule.",
            "Demandez-le à la plateforme, puis saisissez-le.",
        )
