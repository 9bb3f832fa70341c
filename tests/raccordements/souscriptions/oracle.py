"""A reference that knows nothing of intervals: a period is the set of its days, a rule is read word for word."""

from __future__ import annotations

import datetime as dt
import random
from functools import cache

from raccordements.od.schemas import Ligne, Niveau
from raccordements.souscriptions.routage import Destinataire, LigneDatee, Reception, Route
from tests.fabriques import siren_fictif, siret_fictif

DEBUT = dt.date(2026, 1, 1)
JOURS = tuple(DEBUT + dt.timedelta(days=rang) for rang in range(-3, 64))
SIREN = siren_fictif(17)
SIRETS = (siret_fictif(17, 1), siret_fictif(17, 2))
CODES = ("ACHATS", "achats", "PAIE")
SUFFIXES = ("AGENCE", "Agence", "USINE")
#: « suffixe, code de routage, SIRET, SIREN »
RANGS = {"SIREN_SUFFIXE": 0, "SIREN_SIRET_CODEROUTAGE": 1, "SIREN_SIRET": 2, "SIREN": 3}


@cache
def jours(debut: dt.date, fin: dt.date | None) -> frozenset[dt.date]:
    """The days of a period, within the window."""
    return frozenset(jour for jour in JOURS if jour >= debut and (fin is None or jour <= fin))


def designe(ligne: Ligne, pour: Destinataire) -> bool:
    """Whether the line may receive for this recipient."""

    def meme(a: str, b: str) -> bool:
        return bool(a) and a.upper() == b.upper()

    match str(ligne.niveau):
        case "SIREN":
            return ligne.siren == pour.siren
        case "SIREN_SIRET":
            return meme(ligne.siret, pour.siret)
        case "SIREN_SIRET_CODEROUTAGE":
            return meme(ligne.siret, pour.siret) and meme(ligne.code_routage, pour.code_routage)
        case _:
            return ligne.siren == pour.siren and meme(ligne.suffixe, pour.suffixe)


def reference(lignes: tuple[LigneDatee, ...], pour: Destinataire, jour: dt.date) -> tuple[int, int] | None:
    """Line and subscription that receive, None when none does."""
    pretes = [
        (RANGS[ligne.adresse.niveau], ligne.debut, route.debut, ligne.id, route.souscription)
        for ligne in lignes
        if designe(ligne.adresse, pour) and jour in jours(ligne.debut, ligne.fin)
        for route in ligne.routes
        if jour in jours(route.debut, route.fin)
    ]
    return min(pretes)[3:] if pretes else None


def accord(trouvee: Reception) -> tuple[int, int] | None:
    """What the product found, in the form of the reference."""
    return (trouvee.ligne.id, trouvee.route.souscription) if trouvee.ligne and trouvee.route else None


def reseau(hasard: random.Random, taille: int = 8) -> tuple[LigneDatee, ...]:
    """Lines of one company over the window, with routes that may overlap, leave holes, or leave their line."""
    lignes = []
    for id_ in range(1, hasard.randint(3, taille) + 1):
        debut, fin = _periode(hasard)
        lignes.append(
            LigneDatee(
                id=id_,
                adresse=_adresse(hasard),
                debut=debut,
                fin=fin,
                routes=tuple(_route(hasard, 10 * id_ + rang) for rang in range(hasard.randint(0, 3))),
            )
        )
    return tuple(lignes)


def destinataires() -> list[Destinataire]:
    """Every combination of parts, unknown ones included."""
    return [
        Destinataire(siren=SIREN, siret=siret, code_routage=code, suffixe=suffixe)
        for siret in ("", *SIRETS)
        for code in ("", "ACHATS", "INCONNU")
        for suffixe in ("", "agence", "INCONNU")
    ]


def _adresse(hasard: random.Random) -> Ligne:
    niveau = hasard.choice(list(Niveau))
    avec_siret = niveau in (Niveau.SIRET, Niveau.CODE_ROUTAGE)
    return Ligne(
        niveau=niveau,
        siren=SIREN,
        siret=hasard.choice(SIRETS) if avec_siret else "",
        code_routage=hasard.choice(CODES) if niveau is Niveau.CODE_ROUTAGE else "",
        suffixe=hasard.choice(SUFFIXES) if niveau is Niveau.SUFFIXE else "",
    )


def _periode(hasard: random.Random) -> tuple[dt.date, dt.date | None]:
    debut = DEBUT + dt.timedelta(days=hasard.randint(0, 40))
    return debut, None if hasard.random() < 0.4 else debut + dt.timedelta(days=hasard.choice((0, 1, 9, 20)))


def _route(hasard: random.Random, numero: int) -> Route:
    debut, fin = _periode(hasard)
    plateforme = hasard.randint(1, 3)
    endpoint = f"https://pa.example/{hasard.randint(1, 12)}" if hasard.random() < 0.8 else ""
    return Route(
        souscription=numero,
        plateforme_id=plateforme,
        plateforme=f"Plateforme {plateforme}",
        endpoint=endpoint,
        debut=debut,
        fin=fin,
        acquise=hasard.random() < 0.7,
    )
