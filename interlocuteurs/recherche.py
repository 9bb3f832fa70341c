"""Search of contacts by the shape of the term: an address, a telephone, else a name or the code of a dossier."""

from __future__ import annotations

import re
from functools import reduce
from operator import and_

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from dossiers.models import Collaborateur, Dossier
from dossiers.recherche import FORME_CODE, LONGUEUR_NOM
from interlocuteurs.courriel import normaliser_courriel
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.telephone import lire_telephone

FORME_TELEPHONE = re.compile(r"[+(]?[0-9][0-9\s.()/\u2010-\u2015-]{7,}")
MOTS_LUS = 4


def rechercher(
    interlocuteurs: QuerySet[Interlocuteur], terme: str, *, par: Collaborateur, dossiers: bool = True
) -> QuerySet[Interlocuteur]:
    """The contacts of `interlocuteurs` that a term as typed finds.

    Parameters
    ----------
    par:
        Codes are looked for among the dossiers this person sees.
    dossiers:
        Whether a term may be the code of a dossier.
    """
    terme = " ".join(terme.split()).replace("\0", "")
    if not terme:
        return interlocuteurs
    if "@" in terme:
        return interlocuteurs.filter(email__istartswith=_adresse(terme))
    trouves = [*_par_telephone(terme), *(_par_dossier(terme, par) if dossiers else ()), *_par_nom(terme)]
    if not trouves:
        return interlocuteurs.none()
    premiers, *autres = trouves
    return interlocuteurs.filter(pk__in=premiers.union(*autres) if autres else premiers)


def _adresse(terme: str) -> str:
    try:
        return normaliser_courriel(terme)
    except ValidationError:
        return terme.lower()


def _par_telephone(terme: str) -> list[QuerySet[Interlocuteur]]:
    if not FORME_TELEPHONE.fullmatch(terme):
        return []
    try:
        numero = lire_telephone(terme)
    except ValidationError:
        return []
    base = Interlocuteur.objects.order_by()
    return [base.filter(mobile=numero).values("pk"), base.filter(fixe=numero).values("pk")]


def _par_dossier(terme: str, par: Collaborateur) -> list[QuerySet[Acces]]:
    if not re.fullmatch(FORME_CODE, terme):
        return []
    dossiers = Dossier.objects.visibles_par(par).order_by().filter(code__istartswith=terme).values("pk")
    return [Acces.objects.order_by().filter(dossier__in=dossiers).values("interlocuteur")]


def _par_nom(terme: str) -> list[QuerySet[Interlocuteur]]:
    """Every word in the name or the first name; a single word is also the beginning of an address."""
    base, mots = Interlocuteur.objects.order_by(), terme.split()[:MOTS_LUS]
    if len(max(mots, key=len)) < LONGUEUR_NOM:
        return []
    if len(mots) > 1:
        return [base.filter(reduce(and_, (Q(nom__icontains=m) | Q(prenom__icontains=m) for m in mots))).values("pk")]
    return [
        base.filter(**{recherche: terme}).values("pk")
        for recherche in ("nom__icontains", "prenom__icontains", "email__istartswith")
    ]
