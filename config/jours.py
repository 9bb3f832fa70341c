"""French working days: those of the practice, and of the automatic treatments that rest on holidays."""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

#: Art. L3133-1 of the Code du travail, but for the days that follow Easter. Alsace-Moselle's two others do not count.
FIXES = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
#: Easter Monday, Ascension, Whit Monday: days after Easter Sunday.
APRES_PAQUES = (1, 39, 50)


@lru_cache(maxsize=64)
def feries(annee: int) -> frozenset[date]:
    """The eleven public holidays of a year in France."""
    paques = dimanche_de_paques(annee)
    mobiles = {paques + timedelta(days=jours) for jours in APRES_PAQUES}
    return frozenset({date(annee, mois, jour) for mois, jour in FIXES} | mobiles)


def est_ouvre(jour: date) -> bool:
    """Monday to Friday, holidays apart."""
    return jour.weekday() < 5 and jour not in feries(jour.year)


def jour_ouvre_suivant(jour: date) -> date:
    """The first working day after `jour`."""
    suivant = jour + timedelta(days=1)
    while not est_ouvre(suivant):
        suivant += timedelta(days=1)
    return suivant


def dimanche_de_paques(annee: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    siecle, reste = divmod(annee, 100)
    epacte = (19 * (annee % 19) + siecle - siecle // 4 - (siecle - (siecle + 8) // 25 + 1) // 3 + 15) % 30
    lune = (32 + 2 * (siecle % 4) + 2 * (reste // 4) - epacte - reste % 4) % 7
    correction = (annee % 19 + 11 * epacte + 22 * lune) // 451
    mois, jour = divmod(epacte + lune - 7 * correction + 114, 31)
    return date(annee, mois, jour + 1)
