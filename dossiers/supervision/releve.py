"""The figures of the machine, each from a bounded number of rows: never a count of a whole table.

Counts stop at `PLAFOND` by state and `DUES_MAX` by guichet, calls at the last `APPELS_MAX` of each guichet in an hour;
the partial indexes of operations and the index of calls by guichet and date give them.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.utils import timezone

from dossiers.models import NON_REGLEES, REGLEES, Guichet
from dossiers.operations.registre import natures

PLAFOND = 10_000
DUES_MAX = 1_000
APPELS_MAX = 5_000
#: Credentials of a practice: a handful.
GUICHETS_MAX = 200
FENETRE = timedelta(hours=1)
TRANCHE = timedelta(minutes=5)
#: Of the calls of an hour, by five minutes.
TRANCHES = int(FENETRE / TRANCHE)

_NON_REGLEES = " UNION ALL ".join(
    f"SELECT '{etat.value}', nature, count(*) FROM (SELECT nature FROM dossiers_operation WHERE etat = '{etat.value}' "  # noqa: S608
    f"LIMIT {PLAFOND}) r GROUP BY nature"
    for etat in NON_REGLEES
)
_REGLEES = " UNION ALL ".join(
    f"SELECT '{etat.value}', nature, count(*) FROM (SELECT nature, terminee_le FROM dossiers_operation "  # noqa: S608
    f"WHERE etat = '{etat.value}' ORDER BY id DESC LIMIT {PLAFOND}) r WHERE terminee_le > %(depuis)s GROUP BY nature"
    for etat in REGLEES
)
_GUICHETS = f"""
SELECT g.id,
       (SELECT count(*) FROM (SELECT 1 FROM dossiers_operation o WHERE o.guichet_id = g.id AND o.etat = 'en_attente'
                               AND o.pas_avant <= %(maintenant)s LIMIT {DUES_MAX}) d),
       (SELECT min(o.pas_avant) FROM dossiers_operation o WHERE o.guichet_id = g.id AND o.etat = 'en_attente'),
       (SELECT count(*) FROM dossiers_operation o WHERE o.guichet_id = g.id AND o.jeton IS NOT NULL)
  FROM dossiers_guichet g WHERE g.id = ANY(%(guichets)s)
"""  # noqa: S608 - constants
_APPELS = f"""
  FROM dossiers_guichet g CROSS JOIN LATERAL (
       SELECT a.debut, a.duree_ms, a.erreur <> '' AS echec FROM dossiers_appel a
        WHERE a.guichet_id = g.id AND a.debut > %(depuis)s ORDER BY a.debut DESC LIMIT {APPELS_MAX}) a
 WHERE g.id = ANY(%(guichets)s)
"""  # noqa: S608 - constants
_LATENCES = f"""
SELECT g.systeme, count(*), count(*) FILTER (WHERE a.echec),
       percentile_cont(0.5) WITHIN GROUP (ORDER BY a.duree_ms), percentile_cont(0.95) WITHIN GROUP (ORDER BY a.duree_ms)
{_APPELS} GROUP BY g.systeme ORDER BY g.systeme
"""
_TRANCHES = f"""
SELECT floor(extract(epoch FROM %(maintenant)s - a.debut) / {TRANCHE.total_seconds():.0f})::int AS rang,
       count(*) FILTER (WHERE NOT a.echec), count(*) FILTER (WHERE a.echec)
{_APPELS} GROUP BY rang
"""  # noqa: S608 - constants


@dataclass(frozen=True, slots=True, kw_only=True)
class FileGuichet:
    """Where one credential stands: what is due (at most DUES_MAX counted), since when, what is under way."""

    guichet: Guichet
    dues: int
    depuis: datetime | None
    en_cours: int

    @property
    def plafonnee(self) -> bool:
        return self.dues >= DUES_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Latence:
    """Calls to one remote system in the last hour; times in milliseconds."""

    systeme: str
    appels: int
    echecs: int
    mediane: float
    p95: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Tranche:
    """Calls begun in five minutes."""

    debut: datetime
    reussis: int
    echecs: int


def _lignes(requete: str, **parametres: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as curseur:
        curseur.execute(requete, parametres)
        lignes: list[tuple[Any, ...]] = curseur.fetchall()
    return lignes


def operations_en_vie() -> dict[tuple[str, str], int]:
    """Unsettled operations by state and remote system, each state counted up to PLAFOND."""
    return _par_systeme(_lignes(_NON_REGLEES))


def operations_reglees() -> dict[tuple[str, str], int]:
    """Operations settled in the last hour, by state and remote system, among the last PLAFOND of each state."""
    return _par_systeme(_lignes(_REGLEES, depuis=timezone.now() - FENETRE))


def _par_systeme(lignes: list[tuple[Any, ...]]) -> dict[tuple[str, str], int]:
    systemes = {nature.cle: nature.systeme for nature in natures()}
    comptes: dict[tuple[str, str], int] = defaultdict(int)
    for etat, nature, nombre in lignes:
        comptes[etat, systemes.get(nature, "inconnu")] += nombre
    return dict(comptes)


def guichets() -> list[FileGuichet]:
    """The queue of each credential, in three queries at most."""
    maintenant = timezone.now()
    connus = {guichet.pk: guichet for guichet in Guichet.objects.order_by("systeme", "nom", "pk")[:GUICHETS_MAX]}
    lues = {pk: reste for pk, *reste in _lignes(_GUICHETS, maintenant=maintenant, guichets=list(connus))}
    return [
        FileGuichet(
            guichet=guichet,
            dues=dues,
            depuis=premiere if premiere and premiere <= maintenant else None,
            en_cours=en_cours,
        )
        for guichet, (dues, premiere, en_cours) in ((guichet, lues[pk]) for pk, guichet in connus.items())
    ]


def latences(files: list[FileGuichet]) -> list[Latence]:
    """Median and 95th percentile of the last hour, by remote system."""
    lues = _lignes(_LATENCES, depuis=timezone.now() - FENETRE, guichets=[file.guichet.pk for file in files])
    return [
        Latence(systeme=systeme, appels=appels, echecs=echecs, mediane=mediane, p95=p95)
        for systeme, appels, echecs, mediane, p95 in lues
    ]


def tranches(files: list[FileGuichet]) -> list[Tranche]:
    """The calls of the last hour by five minutes, oldest first, empty ones included."""
    maintenant = timezone.now()
    lues = _lignes(
        _TRANCHES,
        maintenant=maintenant,
        depuis=maintenant - FENETRE,
        guichets=[file.guichet.pk for file in files],
    )
    par_rang = {rang: (reussis, echecs) for rang, reussis, echecs in lues}
    return [
        Tranche(
            debut=maintenant - (rang + 1) * TRANCHE,
            reussis=par_rang.get(rang, (0, 0))[0],
            echecs=par_rang.get(rang, (0, 0))[1],
        )
        for rang in reversed(range(TRANCHES))
    ]
