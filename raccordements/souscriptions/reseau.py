"""Lines as plain values, for the routing simulator and the conflict detector, and those that lack a platform."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from django.contrib.postgres.fields import DateRangeField
from django.db.models import Aggregate, BooleanField, F, FilteredRelation, Func, OuterRef, Q, Subquery, Value
from django.db.models.functions import Greatest

from dossiers.models import Collaborateur, Dossier
from raccordements.models import LigneAdressage, Souscription
from raccordements.models.adressage import LigneAdressageQuerySet, Periode
from raccordements.od.schemas import Ligne
from raccordements.od.schemas import Niveau as NiveauOD
from raccordements.souscriptions.conflits import Conflit, Genre, conflits
from raccordements.souscriptions.etapes import ACQUISES, EtatSouscription
from raccordements.souscriptions.routage import LigneDatee, Route


def charger(siren: str, environnement: str) -> tuple[LigneDatee, ...]:
    """Every line of a SIREN in one environment, with its subscriptions, those that were cancelled apart.

    The lines of one company decide together: they are all read, whichever dossier they were recorded for.
    """
    return _lire(LigneAdressage.objects.presentes().filter(siren=siren, environnement=environnement))


def charger_pour(dossier: Dossier) -> tuple[LigneDatee, ...]:
    """`charger` for the company of a dossier, in the environment of its key."""
    return charger(dossier.siren, dossier.cle.environnement) if dossier.siren else ()


def lignes_a_decouvert(par: Collaborateur, jour: date) -> LigneAdressageQuerySet:
    """The lines that `par` sees with a day without a platform, on `jour` or after; the database subtracts the days."""
    periode = Func(Greatest("debut", Value(jour)), F("fin"), Value("[]"), function="daterange")
    siennes = Souscription.objects.filter(ligne=OuterRef("pk")).exclude(etat=EtatSouscription.ANNULEE)
    couverts = siennes.order_by().values("ligne").annotate(jours=_Reunion(Periode())).values("jours")
    restants = Func(
        Func(periode, function="datemultirange"),
        Func(Subquery(couverts), template="coalesce(%(expressions)s, '{}'::datemultirange)"),
        template="(%(expressions)s)",
        arg_joiner=" - ",
    )
    visibles: LigneAdressageQuerySet = (
        LigneAdressage.objects.visibles_par(par)
        .presentes()
        .filter(Q(fin=None) | Q(fin__gte=jour))
        .annotate(couverte=Func(restants, function="isempty", output_field=BooleanField()))
        .filter(couverte=False)
    )
    return visibles


def trous(lignes: Sequence[LigneAdressage], jour: date) -> dict[int, list[Conflit]]:
    """By primary key, the periods without a platform that are not over on `jour`; one query."""
    lues = _lire(LigneAdressage.objects.filter(pk__in=[ligne.pk for ligne in lignes]))
    return {
        lue.id: [c for c in conflits([lue]) if c.genre is Genre.TROU and (c.fin is None or c.fin >= jour)]
        for lue in lues
        if lue.id is not None
    }


class _Reunion(Aggregate):
    function = "range_agg"
    output_field = DateRangeField()


def _lire(choisies: LigneAdressageQuerySet) -> tuple[LigneDatee, ...]:
    """These lines with their subscriptions."""
    lignes: dict[int, LigneDatee] = {}
    lues = (
        choisies.annotate(
            s=FilteredRelation("souscriptions", condition=~Q(souscriptions__etat=EtatSouscription.ANNULEE)),
        )
        .order_by("debut", "pk", "s__debut", "s__pk")
        .values_list(
            "pk", "niveau", "siren", "siret", "code_routage", "suffixe", "debut", "fin",
            "s__pk", "s__plateforme", "s__plateforme__nom", "s__endpoint", "s__debut", "s__fin", "s__etat",
            "s__souscrite_le",
        )
    )  # fmt: skip
    for pk, niveau, siren_, siret, code, suffixe, debut, fin, *route in lues:
        if pk not in lignes:
            adresse = Ligne(niveau=NiveauOD(niveau), siren=siren_, siret=siret, code_routage=code, suffixe=suffixe)
            lignes[pk] = LigneDatee(id=pk, adresse=adresse, debut=debut, fin=fin)
        numero, plateforme_id, plateforme, endpoint, du, au, etat, souscrite_le = route
        if numero is not None:
            suite = Route(
                souscription=numero,
                plateforme_id=plateforme_id,
                plateforme=plateforme,
                endpoint=endpoint,
                debut=du,
                fin=au,
                acquise=etat in ACQUISES and (souscrite_le is not None or etat == EtatSouscription.RESILIEE),
            )
            lignes[pk] = replace(lignes[pk], routes=(*lignes[pk].routes, suite))
    return tuple(lignes.values())
