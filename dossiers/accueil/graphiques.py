"""The plots of the core: operations by day and outcome, imports by week and outcome, deadlines by month.

The first two read an index on the end of the rows, from a bounded date; the third, the radar.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, DateField
from django.db.models.functions import TruncDate, TruncWeek
from django.http import HttpRequest
from django.utils import timezone

from dossiers.accueil.echeances import relever_une_fois
from dossiers.accueil.lignes import VOIR_IMPORT, VOIR_OPERATION, il_y_a, minuit
from dossiers.accueil.registre import Graphique, Rangee, greffer_graphique, rangs_de
from dossiers.echeances.radar import compter_par_mois
from dossiers.echeances.registre import sources_de
from dossiers.echeances.ruban import mois_lisible
from dossiers.models import Etat, ImportEcritures, Operation

JOURS, SEMAINES = 30, 12
#: State, name of the series, rank of its colour and pattern.
ISSUES = ((Etat.REUSSIE, "Réussies", 1), (Etat.ECHOUEE, "Échouées", 4), (Etat.ANNULEE, "Annulées", 5))
_E = ImportEcritures.Etat
ISSUES_IMPORT = (
    (_E.TERMINE, "Terminés", 1),
    (_E.EN_ERREUR, "En erreur dans Loop", 4),
    (_E.REFUSE, "Refusés", 2),
    (_E.ABANDONNE, "Abandonnés", 5),
)


@greffer_graphique("operations")
def operations(request: HttpRequest) -> Graphique | None:
    """Operations settled each day, by outcome."""
    if not request.user.has_perm(VOIR_OPERATION):
        return None
    premier = il_y_a(JOURS - 1)
    reglees = rangs_de(request, Operation).filter(terminee_le__gte=minuit(premier))
    jours = [premier + timedelta(days=rang) for rang in range(JOURS)]
    return Graphique(
        code="operations",
        titre="Opérations par jour et par issue",
        phrase=f"Opérations réglées chaque jour, depuis {JOURS}\u00a0jours.",
        entete="Jour",
        series=tuple((nom, rang) for _, nom, rang in ISSUES),
        rangees=_rangees(_compter(reglees, TruncDate("terminee_le")), jours, [etat for etat, *_ in ISSUES]),
    )


@greffer_graphique("imports")
def imports(request: HttpRequest) -> Graphique | None:
    """Imports of entries that ended each week, by outcome."""
    if not request.user.has_perm(VOIR_IMPORT):
        return None
    aujourd_hui = timezone.localdate()
    premier = aujourd_hui - timedelta(days=aujourd_hui.weekday(), weeks=SEMAINES - 1)
    finis = rangs_de(request, ImportEcritures).filter(fini_le__gte=minuit(premier))
    lundis = [premier + timedelta(weeks=rang) for rang in range(SEMAINES)]
    return Graphique(
        code="imports",
        titre="Imports d’écritures par semaine et par issue",
        phrase=f"Imports finis chaque semaine, depuis {SEMAINES}\u00a0semaines\u202f; une semaine porte la date de son "
        "lundi.",
        entete="Semaine du",
        series=tuple((nom, rang) for _, nom, rang in ISSUES_IMPORT),
        rangees=_rangees(
            _compter(finis, TruncWeek("fini_le", output_field=DateField())),
            lundis,
            [etat for etat, *_ in ISSUES_IMPORT],
        ),
    )


@greffer_graphique("echeances")
def echeances(request: HttpRequest) -> Graphique | None:
    """Deadlines of each month to come."""
    if not sources_de(request.user):  # type: ignore[arg-type]
        return None
    comptes = compter_par_mois(relever_une_fois(request), timezone.localdate())
    return Graphique(
        code="echeances",
        titre="Échéances à venir, par mois",
        phrase="Certificats, mots de passe, clés, liens, périodes et dates d’effet, sur douze mois\u202f; le premier "
        "mois est celui en cours.",
        entete="Mois",
        series=(("Échéances", 2),),
        rangees=[
            Rangee(libelle=mois_lisible(mois), court=f"{mois:%m/%y}", valeurs=(nombre,), plus=plus)
            for mois, nombre, plus in comptes
        ],
    )


def _compter(rangs: Any, periode: Any) -> Counter[tuple[date, str]]:
    lus = rangs.order_by().annotate(periode=periode).values_list("periode", "etat").annotate(combien=Count("*"))
    return Counter({(jour, etat): combien for jour, etat, combien in lus})


def _rangees(comptes: Counter[tuple[date, str]], jours: Sequence[date], etats: Sequence[str]) -> list[Rangee]:
    return [
        Rangee(
            libelle=f"{jour:%d/%m/%Y}",
            court=f"{jour:%d/%m}",
            valeurs=tuple(comptes[jour, etat] for etat in etats),
        )
        for jour in jours
    ]
