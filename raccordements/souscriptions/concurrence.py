"""Who else holds a line at Cegid OD: it has one platform at a time, and the next one waits until an end is told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from dossiers.services.erreurs import ActionImpossible
from raccordements.models import Souscription
from raccordements.souscriptions.etapes import EtatSouscription

#: Cegid OD may have them, and was not told their end. One being resigned is ahead in the order of its line.
TENANTES = (
    EtatSouscription.ONBOARDING,
    EtatSouscription.ONBOARDEE,
    EtatSouscription.SOUSCRIPTION,
    EtatSouscription.SOUSCRITE,
)


def objet_de(souscription: Souscription) -> str:
    """Name of the line at Cegid OD: what is asked about it is done in order, one thing at a time."""
    ligne = souscription.ligne
    return nom_de_ligne(souscription.environnement, ligne.niveau, ligne.identifiant)


def nom_de_ligne(environnement: str, niveau: str, identifiant: str) -> str:
    """As `objet_de`; two lines that follow each other in time share one name. Identifiers are compared without case."""
    return f"od:{environnement}:ligne/{niveau}/{identifiant.upper()}"


def rivales(souscriptions: Iterable[Souscription]) -> dict[int, Souscription]:
    """By primary key, another subscription that holds the same line at Cegid OD; one query.

    Parameters
    ----------
    souscriptions:
        With their line, as `pour_liste` gives them.
    """
    demandees = list(souscriptions)
    tenues: defaultdict[str, list[Souscription]] = defaultdict(list)
    sirens = {souscription.ligne.siren for souscription in demandees}
    for tenante in Souscription.objects.pour_liste().filter(etat__in=TENANTES, ligne__siren__in=sirens).order_by("pk"):
        tenues[objet_de(tenante)].append(tenante)
    trouvees: dict[int, Souscription] = {}
    for souscription in demandees:
        autres = (tenante for tenante in tenues[objet_de(souscription)] if tenante.pk != souscription.pk)
        if rivale := next(autres, None):
            trouvees[souscription.pk] = rivale
    return trouvees


def exiger_sans_rivale(souscription: Souscription, rivale: Souscription | None) -> None:
    """Raises ActionImpossible when `rivale` holds the line at Cegid OD.

    Another dossier of the same company may be out of the person's portfolio: its subscription is not named.
    """
    if rivale is None:
        return
    if rivale.dossier_id != souscription.dossier_id:
        raise ActionImpossible(
            "L’on-boarding n’a pas été lancé.",
            f"Cegid OD a encore cette ligne pour « {rivale.plateforme.nom} », par un autre dossier de cette entreprise "
            ": sa fin ne lui a pas été dite.",
            "Demandez à un responsable, qui voit tous les dossiers de ce SIREN, de la résilier d’abord.",
        )
    raise ActionImpossible(
        "L’on-boarding n’a pas été lancé.",
        f"Cegid OD a encore cette ligne pour « {rivale.plateforme.nom} » (souscription n°\u00a0{rivale.pk}, "
        f"{rivale.get_etat_display().lower()}) : sa fin ne lui a pas été dite.",
        "Ouvrez cette nouvelle souscription et faites le changement de plateforme : il dit l’une, puis demande l’autre."
        if souscription.precedente_id == rivale.pk
        else f"Résiliez d’abord la souscription n°\u00a0{rivale.pk}, après avoir planifié sa fin si elle n’en a pas.",
    )


def exiger_libre_la_bas(souscription: Souscription) -> None:
    """Raises ActionImpossible while another subscription holds the line at Cegid OD."""
    exiger_sans_rivale(souscription, rivales([souscription]).get(souscription.pk))
