"""What Cegid OD shows of a line beside what we hold of a subscription. Pure values, nothing is written."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto
from typing import TypeVar

from django.utils import timezone

from raccordements.models import Souscription
from raccordements.od.schemas import EtatLigne, EtatOD, Onboarding, SouscriptionDistante
from raccordements.souscriptions.etapes import EtatSouscription

T = TypeVar("T")
_E = EtatSouscription


class Suite(Enum):
    """What a reading leads to."""

    RIEN = auto()
    OUBLIEE = auto()
    RETROUVEE = auto()
    #: The two differ, and a person decides.
    A_REGARDER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Releve:
    """A reading, in one French sentence. `numero` and `au`: those of a subscription found again."""

    suite: Suite
    texte: str
    numero: str = ""
    au: date | None = None


def comparer(souscription: Souscription, lu: EtatLigne | None) -> Releve:
    """What `lu` (None: Cegid OD does not know the line) says of `souscription`, read with its line and platform."""
    if souscription.en_cours:
        return Releve(suite=Suite.RIEN, texte="Une étape est en cours : elle dira ce qu’il en est.")
    sienne = souscription_chez_od(souscription, lu)
    match souscription.etat:
        case _E.SOUSCRITE:
            return _souscrite(souscription, sienne, lu)
        case _E.ONBOARDEE if onboarding_chez_od(souscription, lu) is None:
            return Releve(suite=Suite.OUBLIEE, texte=f"Cegid OD n’a plus cet on-boarding. {_qui(lu)}")
        case _E.ONBOARDEE if sienne is not None:
            texte = (
                f"Cegid OD a déjà une souscription {_periode(sienne)} : « Souscrire » la reprend si elle est la même."
            )
            return Releve(suite=Suite.A_REGARDER, texte=texte)
        case _E.OUBLIEE if sienne is not None and sienne.etat is not EtatOD.TERMINEE and souscription.contrat:
            texte = f"Cegid OD montre de nouveau la souscription {_periode(sienne)}."
            return Releve(suite=Suite.RETROUVEE, texte=texte, numero=sienne.numero, au=sienne.au)
    return Releve(suite=Suite.RIEN, texte=_qui(lu))


def onboarding_chez_od(souscription: Souscription, lu: EtatLigne | None) -> Onboarding | None:
    """The on-boarding of this platform that stands, the last one."""
    siens = (o for o in lu.onboardings if o.plateforme.matricule == souscription.plateforme.matricule) if lu else ()
    return _dernier(o for o in siens if o.etat is not EtatOD.ANNULEE)


def souscription_chez_od(souscription: Souscription, lu: EtatLigne | None) -> SouscriptionDistante | None:
    """This very subscription in what the cabinet reads of the line; see `la_meme`."""
    if lu is None:
        return None
    siennes = [s for s in lu.souscriptions if s.plateforme.matricule == souscription.plateforme.matricule]
    if souscription.numero_distant:
        return _dernier(s for s in siennes if s.numero == souscription.numero_distant)
    return la_meme(souscription, siennes)


def la_meme(souscription: Souscription, siennes: Iterable[SouscriptionDistante]) -> SouscriptionDistante | None:
    """What our own request made, among the subscriptions of this platform on this line.

    The endpoint is exclusive to the line, and no two of our subscriptions overlap on it: endpoint and last day tell.
    The first day may be later than planned.
    """
    return _dernier(
        s
        for s in siennes
        if s.endpoint == souscription.endpoint and s.au == souscription.fin and s.etat is not EtatOD.TERMINEE
    )


def _souscrite(souscription: Souscription, sienne: SouscriptionDistante | None, lu: EtatLigne | None) -> Releve:
    if sienne is None:
        return Releve(suite=Suite.OUBLIEE, texte=f"Cegid OD n’a plus cette souscription. {_qui(lu)}")
    if sienne.etat is EtatOD.TERMINEE or sienne.au != souscription.fin:
        ici = f"jusqu’au {_jour(souscription.fin)}" if souscription.fin else "sans fin"
        texte = f"Cegid OD montre la souscription {_periode(sienne)} ; ici, elle court {ici}. Relisez sa fin."
        return Releve(suite=Suite.A_REGARDER, texte=texte)
    return Releve(suite=Suite.RIEN, texte=f"Cegid OD montre la souscription {_periode(sienne)}, comme ici.")


def _dernier(elements: Iterable[T]) -> T | None:
    return next(reversed([*elements]), None)


def _qui(lu: EtatLigne | None) -> str:
    """Which platform has the line there, and since when."""
    tenant = _dernier(o for o in lu.onboardings if o.etat is not EtatOD.ANNULEE and not _finie(o, lu)) if lu else None
    if tenant is None:
        return "La ligne n’est rattachée à aucune plateforme chez Cegid OD."
    depuis = f" depuis le {_jour(timezone.localtime(tenant.valide_le))}" if tenant.valide_le else ""
    return f"Chez Cegid OD, la ligne est rattachée à la plateforme {tenant.plateforme}{depuis}."


def _finie(onboarding: Onboarding, lu: EtatLigne) -> bool:
    """Whether all that its platform subscribed on the line is over."""
    etats = {s.etat for s in lu.souscriptions if s.plateforme.matricule == onboarding.plateforme.matricule}
    return etats == {EtatOD.TERMINEE}


def _periode(lue: SouscriptionDistante) -> str:
    etat = f"{lue.numero}, {lue.etat or lue.etat_brut}"
    au = f"jusqu’au {_jour(lue.au)}" if lue.au else "sans fin"
    return f"{etat}, à partir du {_jour(lue.du)} et {au}" if lue.du else f"{etat}, {au}"


def _jour(jour: date | None) -> str:
    return f"{jour:%d/%m/%Y}" if jour else ""
