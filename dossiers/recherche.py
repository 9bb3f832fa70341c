"""Search by the shape of the term: each shape goes to its own indexed columns, never to an OR across tables."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Q, QuerySet

from dossiers.models import Appel, Dossier, Etablissement, Operation
from dossiers.sirene import LONGUEUR_SIREN, LONGUEUR_SIRET, chiffres

#: Separators people paste inside a number: blanks of any width, dots, dashes.
_SEPARATEUR = r"[\s.\u00a0\u202f\u2009\u2010-\u2015-]*"
FORME_EMAIL = r"[^@\s]+@[^@\s]+"
#: `requestid` is a UUID, `x-request-id` is 32 hexadecimal digits (developers.cegid.com, Loop, response headers).
FORME_REQUETE = r"[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
FORME_SIRET = rf"(?:\d{_SEPARATEUR}){{{LONGUEUR_SIRET}}}"
FORME_SIREN = rf"(?:\d{_SEPARATEUR}){{{LONGUEUR_SIREN}}}"
FORME_CODE = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,34}"
#: A trigram index is of no use under three characters.
LONGUEUR_NOM = 3


def est_requete(terme: str) -> bool:
    """Whether `terme` has the shape of a request id."""
    return re.fullmatch(FORME_REQUETE, terme.strip(), re.IGNORECASE) is not None


def par_email(dossiers: QuerySet[Dossier], terme: str) -> QuerySet[Dossier]:
    """Dossiers whose maître de dossier or engagement manager has this login."""
    identifiant = terme.lower()
    return dossiers.filter(Q(maitre_dossier=identifiant) | Q(engagement_manager=identifiant))


def operations_de_requete(terme: str) -> QuerySet[Operation]:
    """Operations one of whose calls carries this request id."""
    identifiants = {terme, terme.lower(), terme.upper()}
    par_requete = Appel.objects.filter(requete_id__in=identifiants).values("operation")
    par_x_requete = Appel.objects.filter(x_requete_id__in=identifiants).values("operation")
    sur_operation = Operation.objects.filter(requete_id__in=identifiants).values("pk")
    return Operation.objects.filter(pk__in=par_requete.union(par_x_requete, sur_operation))


def par_requete(dossiers: QuerySet[Dossier], terme: str) -> QuerySet[Dossier]:
    """Dossiers touched by the call that carries this request id."""
    return dossiers.filter(pk__in=operations_de_requete(terme).filter(dossier__isnull=False).values("dossier"))


def par_siret(dossiers: QuerySet[Dossier], terme: str) -> QuerySet[Dossier]:
    """Dossiers of an establishment, or of the SIREN that its number begins with."""
    siret = chiffres(terme)
    etablissements = Etablissement.objects.order_by().filter(siret=siret).values("dossier")
    memes_siren = Dossier.objects.order_by().filter(siren=siret[:LONGUEUR_SIREN]).values("pk")
    return dossiers.filter(pk__in=etablissements.union(memes_siren))


def par_siren(dossiers: QuerySet[Dossier], terme: str) -> QuerySet[Dossier]:
    """Dossiers of a SIREN; nine digits may also be a code."""
    memes_siren = Dossier.objects.order_by().filter(siren=chiffres(terme)).values("pk")
    meme_code = Dossier.objects.order_by().de_code(terme).values("pk")
    return dossiers.filter(pk__in=memes_siren.union(meme_code))


def par_code_ou_nom(dossiers: QuerySet[Dossier], terme: str) -> QuerySet[Dossier]:
    """Dossiers whose code begins with the term or whose names contain it."""
    par_code = Q(code__istartswith=terme)
    return dossiers.filter(par_code if len(terme) < LONGUEUR_NOM else par_code | _noms(terme))


def par_nom(dossiers: QuerySet[Dossier], terme: str) -> QuerySet[Dossier]:
    """Dossiers one of whose names contains the term."""
    return dossiers.filter(_noms(terme))


def _noms(terme: str) -> Q:
    # One table: PostgreSQL joins the three indexes for a rare term, and walks the list in its order for a common one.
    return Q(raison_sociale__icontains=terme) | Q(nom_usuel__icontains=terme)


#: Pairs (shape of the whole term, search), tried in order.
RECHERCHE_DOSSIER = (
    (FORME_EMAIL, par_email),
    (FORME_REQUETE, par_requete),
    (FORME_SIRET, par_siret),
    (FORME_SIREN, par_siren),
    (FORME_CODE, par_code_ou_nom),
    (r".+", par_nom),
)


def operations_de_dossier(operations: QuerySet[Operation], terme: str) -> QuerySet[Operation]:
    """Operations on the dossiers whose code begins with the term."""
    return operations.filter(dossier__in=Dossier.objects.order_by().filter(code__istartswith=terme).values("pk"))


def operations_de_numero(operations: QuerySet[Operation], terme: str) -> QuerySet[Operation]:
    """The operation of this number, and those on the dossier of this code: a code may be all digits."""
    toutes = Operation.objects.order_by()
    du_dossier = toutes.filter(dossier__in=Dossier.objects.order_by().de_code(terme).values("pk"))
    return operations.filter(pk__in=toutes.filter(pk=int(terme)).values("pk").union(du_dossier.values("pk")))


def par_numero(lignes: QuerySet[Any], terme: str) -> QuerySet[Any]:
    """The row of this number."""
    return lignes.filter(pk=int(terme))


#: Pairs (shape of the whole term, search), tried in order.
RECHERCHE_OPERATION = (
    (FORME_REQUETE, lambda operations, terme: operations.filter(pk__in=operations_de_requete(terme).values("pk"))),
    (r"[0-9]{1,15}", operations_de_numero),
    (FORME_CODE, operations_de_dossier),
)
