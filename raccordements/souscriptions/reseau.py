"""The lines of a company as plain values, for the routing simulator and the conflict detector: one query."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import FilteredRelation, Q

from dossiers.models import Dossier
from raccordements.models import LigneAdressage
from raccordements.od.schemas import Ligne
from raccordements.od.schemas import Niveau as NiveauOD
from raccordements.souscriptions.etapes import ACQUISES, EtatSouscription
from raccordements.souscriptions.routage import LigneDatee, Route


def charger(siren: str, environnement: str) -> tuple[LigneDatee, ...]:
    """Every line of a SIREN in one environment, with its subscriptions, those that were cancelled apart.

    The lines of one company decide together: they are all read, whichever dossier they were recorded for.
    """
    lignes: dict[int, LigneDatee] = {}
    lues = (
        LigneAdressage.objects.presentes()
        .filter(siren=siren, environnement=environnement)
        .annotate(
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


def charger_pour(dossier: Dossier) -> tuple[LigneDatee, ...]:
    """`charger` for the company of a dossier, in the environment of its key."""
    return charger(dossier.siren, dossier.cle.environnement) if dossier.siren else ()
