"""Filters of the board, and its search: each shape of term goes to its own indexed columns."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from dossiers.admin.ecritures.etats import ONGLETS
from dossiers.admin.filtres import FiltreChoix, FiltreCle
from dossiers.models import Dossier, ImportEcritures
from dossiers.recherche import (
    FORME_CODE,
    FORME_REQUETE,
    FORME_SIREN,
    FORME_SIRET,
    par_code_ou_nom,
    par_nom,
    par_siren,
    par_siret,
)
from dossiers.sirene import chiffres

Imports = QuerySet[ImportEcritures]


class FiltreOnglet(FiltreChoix):
    """The tabs of the board."""

    title = "tableau"
    parameter_name = "tableau"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Sequence[tuple[str, str]]:
        return [(code, titre) for code, titre, _ in ONGLETS]

    def queryset(self, request: HttpRequest, queryset: Imports) -> Imports:
        conditions = {code: condition for code, _, condition in ONGLETS}
        return queryset.filter(conditions[choix]) if (choix := self.valeur()) else queryset


class FiltreCleDuDossier(FiltreCle):
    def queryset(self, request: HttpRequest, queryset: Imports) -> Imports:
        return queryset.filter(dossier__cle=choix) if (choix := self.valeur()) else queryset


def de_demande(imports: Imports, terme: str) -> Imports:
    """The import that Loop knows by this accountingImportRequestId."""
    return imports.filter(demande_id__in={terme, terme.lower(), terme.upper()}, demande_id__gt="")


def _tous() -> Imports:
    return ImportEcritures.objects.order_by()


def _des_dossiers(dossiers: QuerySet[Dossier]) -> Imports:
    return _tous().filter(dossier__in=dossiers.order_by().values("pk"))


def _de_fichier(terme: str) -> Imports:
    return _tous().filter(nom_fichier__istartswith=terme).exclude(nom_fichier="")


def _reunir(imports: Imports, *trouves: Imports) -> Imports:
    premier, *autres = (requete.values("pk") for requete in trouves)
    return imports.filter(pk__in=premier.union(*autres))


def par_numero(imports: Imports, terme: str) -> Imports:
    """The import of this number, those of the dossier of this code (a code may be all digits), those of this file."""
    du_code = _des_dossiers(Dossier.objects.de_code(terme))
    return _reunir(imports, _tous().filter(pk=int(terme)), du_code, _de_fichier(terme))


def de_siret(imports: Imports, terme: str) -> Imports:
    """Imports into this establishment, or into a dossier that has it."""
    vises = _tous().filter(siret=chiffres(terme)).exclude(siret="")
    return _reunir(imports, vises, _des_dossiers(par_siret(Dossier.objects.all(), terme)))


def de_siren(imports: Imports, terme: str) -> Imports:
    """Imports into the dossiers of this SIREN, and the files whose name begins with it."""
    return _reunir(imports, _des_dossiers(par_siren(Dossier.objects.all(), terme)), _de_fichier(chiffres(terme)))


def par_mot(imports: Imports, terme: str) -> Imports:
    """Imports of a dossier by code or name, of a file by the beginning of its name, or of a request id."""
    dossiers = par_code_ou_nom(Dossier.objects.all(), terme)
    return _reunir(imports, _des_dossiers(dossiers), _de_fichier(terme), de_demande(_tous(), terme))


def par_texte(imports: Imports, terme: str) -> Imports:
    """Imports of a dossier by name, or of a file by the beginning of its name."""
    return _reunir(imports, _des_dossiers(par_nom(Dossier.objects.all(), terme)), _de_fichier(terme))


RECHERCHE_IMPORT = (
    (FORME_REQUETE, de_demande),
    (FORME_SIRET, de_siret),
    (FORME_SIREN, de_siren),
    (r"[0-9]{1,15}", par_numero),
    (FORME_CODE, par_mot),
    (r".+", par_texte),
)
