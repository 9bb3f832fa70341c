"""Search and filters of lines and subscriptions: each term goes to an indexed column, each filter has its choices."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from dossiers.admin.filtres import FiltreChoix
from dossiers.models import Dossier
from dossiers.recherche import FORME_SIREN, FORME_SIRET, par_numero
from dossiers.sirene import chiffres
from raccordements.models import LigneAdressage, Plateforme
from raccordements.souscriptions.etapes import Progres

FORME_IDENTIFIANT = r"[0-9]{9}_.+"
FORME_NUMERO = r"n\s*°\s*[0-9]{1,18}"


def _de_siret(lignes: QuerySet, terme: str) -> QuerySet:
    return lignes.filter(siret=chiffres(terme))


def _de_siren(lignes: QuerySet, terme: str) -> QuerySet:
    return lignes.filter(siren=chiffres(terme))


def _d_identifiant(lignes: QuerySet, terme: str) -> QuerySet:
    # The index is on the SIREN; the few lines of one company are compared without case.
    return lignes.filter(siren=terme[:9], identifiant__iexact=terme)


def _de_code(lignes: QuerySet, terme: str) -> QuerySet:
    return lignes.filter(dossier__in=Dossier.objects.order_by().de_code(terme).values("pk"))


RECHERCHE_LIGNE = (
    (FORME_SIRET, _de_siret),
    (FORME_SIREN, _de_siren),
    (FORME_IDENTIFIANT, _d_identifiant),
    (r".+", _de_code),
)


def _souscriptions_de(chercher: Any) -> Any:
    def trouver(souscriptions: QuerySet, terme: str) -> QuerySet:
        return souscriptions.filter(ligne__in=chercher(LigneAdressage.objects.order_by(), terme).values("pk"))

    return trouver


def _de_numero(souscriptions: QuerySet, terme: str) -> QuerySet:
    return par_numero(souscriptions, "".join(filter(str.isdigit, terme)))


RECHERCHE_SOUSCRIPTION = (
    (FORME_NUMERO, _de_numero),
    *((forme, _souscriptions_de(chercher)) for forme, chercher in RECHERCHE_LIGNE),
)


class FiltreValidite(FiltreChoix):
    """Whether a line is valid today."""

    title = "validité"
    parameter_name = "validite"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [
            ("en_vigueur", "En vigueur"),
            ("a_venir", "À venir"),
            ("terminees", "Terminées"),
            ("annulees", "Annulées"),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        choix, jour = self.valeur(), timezone.localdate()
        if choix == "annulees":
            return queryset.filter(annulee_le__isnull=False)
        if choix == "en_vigueur":
            return queryset.au(jour)  # type: ignore[attr-defined,no-any-return]
        if choix == "a_venir":
            return queryset.filter(annulee_le=None, debut__gt=jour)
        return queryset.filter(annulee_le=None, fin__lt=jour) if choix == "terminees" else queryset


class FiltreProgres(FiltreChoix):
    """The words of the portfolio, as of today."""

    title = "progression"
    parameter_name = "progres"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [(choix, str(libelle)) for choix, libelle in Progres.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        choix = self.valeur()
        if not choix:
            return queryset
        return queryset.au_stade(Progres(choix), timezone.localdate())  # type: ignore[attr-defined,no-any-return]


class FiltrePlateforme(FiltreChoix):
    """The platforms of the practice: a handful, archived ones included."""

    title = "plateforme"
    parameter_name = "plateforme"
    NOMBRE_MAX = 100

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        noms = Plateforme.objects.values_list("pk", "nom", "matricule")[: self.NOMBRE_MAX]
        return [(str(pk), f"{nom} ({matricule})") for pk, nom, matricule in noms]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(plateforme_id=choix) if (choix := self.valeur()) else queryset
