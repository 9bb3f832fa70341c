"""Filters of the lists: always from choices, never from the rows of a big table."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.contrib.filters.admin import DropdownFilter, RangeDateFilter

from dossiers.models import CleApi, Dossier, Ecart, Guichet, Offre
from dossiers.operations.registre import natures


class FiltreChoix(DropdownFilter):
    """A closed list of choices; a value that is none of them is refused, as Django does for its own filters."""

    def valeur(self) -> str:
        """The choice made, or an empty text. Raises IncorrectLookupParameters."""
        valeur = self.value() or ""
        if valeur and valeur not in {str(choix) for choix, _ in self.lookup_choices}:
            raise IncorrectLookupParameters(f"{self.parameter_name}={valeur}")
        return valeur


class FiltreService(FiltreChoix):
    """In service unless asked otherwise: an archived dossier is out of the way, not lost."""

    title = "service"
    parameter_name = "service"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Sequence[tuple[str, str]]:
        return [("en_service", "En service"), ("archives", "Archivés"), ("tous", "Tous")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dossier]) -> QuerySet[Dossier]:
        choix = self.valeur() or "en_service"
        if choix == "tous":
            return queryset
        return queryset.filter(archive_le__isnull=choix == "en_service")


class FiltreCle(FiltreChoix):
    """The keys of the practice: a handful, archived ones included."""

    title = "clé d’API"
    parameter_name = "cle"
    NOMBRE_MAX = 100

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Sequence[tuple[str, str]]:
        return [(str(pk), nom) for pk, nom in CleApi.objects.values_list("pk", "nom")[: self.NOMBRE_MAX]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(cle_id=choix) if (choix := self.valeur()) else queryset


class FiltreIdentifiants(FiltreChoix):
    """The credentials of the practice, whatever their system: a handful, archived ones included."""

    title = "identifiants"
    parameter_name = "identifiants"
    NOMBRE_MAX = 100

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Sequence[tuple[str, str]]:
        return [(str(pk), nom) for pk, nom in Guichet.objects.values_list("pk", "nom")[: self.NOMBRE_MAX]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(guichet_id=choix) if (choix := self.valeur()) else queryset


class FiltreMesDossiers(FiltreChoix):
    title = "portefeuille"
    parameter_name = "portefeuille"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Sequence[tuple[str, str]]:
        return [("mien", "Mes dossiers")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dossier]) -> QuerySet[Dossier]:
        if not self.valeur():
            return queryset
        identifiant = request.user.login_loop  # type: ignore[union-attr]
        if not identifiant:
            return queryset.none()
        return queryset.filter(Q(maitre_dossier=identifiant) | Q(engagement_manager=identifiant))


class FiltreOffres(FiltreChoix):
    title = "offres"
    parameter_name = "offres"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Sequence[tuple[str, str]]:
        return [
            ("ecart", "En écart avec Loop"),
            *((f"avec_{code}", f"Avec {libelle}") for code, libelle in Offre.Code.choices),
            *((f"sans_{code}", f"Sans {libelle}") for code, libelle in Offre.Code.choices),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dossier]) -> QuerySet[Dossier]:
        choix = self.valeur()
        if choix == "ecart":
            return queryset.filter(pk__in=Offre.objects.en_ecart().values("dossier"))
        presence, _, code = choix.partition("_")
        presentes = Offre.objects.filter(code=code, constatee=True).values("dossier")
        if presence == "avec":
            return queryset.filter(pk__in=presentes)
        return queryset.exclude(pk__in=presentes) if presence == "sans" else queryset


class FiltreSiren(FiltreChoix):
    title = "SIREN"
    parameter_name = "siren_connu"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Sequence[tuple[str, str]]:
        return [("sans", "Sans SIREN")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Dossier]) -> QuerySet[Dossier]:
        return queryset.filter(siren="") if self.valeur() else queryset


class FiltreNature(FiltreChoix):
    title = "nature"
    parameter_name = "nature"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Sequence[tuple[str, str]]:
        return [(nature.cle, nature.libelle) for nature in natures()]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(nature=choix) if (choix := self.valeur()) else queryset


class FiltreEcart(FiltreChoix):
    """Open differences unless asked otherwise."""

    title = "état"
    parameter_name = "etat"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Sequence[tuple[str, str]]:
        return [*Ecart.Etat.choices, ("tous", "Tous")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Ecart]) -> QuerySet[Ecart]:
        choix = self.valeur() or Ecart.Etat.OUVERT
        return queryset if choix == "tous" else queryset.filter(etat=choix)


class FiltrePeriode(RangeDateFilter):
    """From one day to another, both included, Europe/Paris, on a date and time."""

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        debut, fin = self._jour("_from"), self._jour("_to")
        if debut:
            queryset = queryset.filter(**{f"{self.field_path}__gte": _minuit(debut)})
        if fin:
            queryset = queryset.filter(**{f"{self.field_path}__lt": _minuit(fin + timedelta(days=1))})
        return queryset

    def _jour(self, bout: str) -> date | None:
        texte = self.used_parameters.get(f"{self.field_path}{bout}")
        if not texte:
            return None
        try:
            # The theme reads only the formats of settings, which are American.
            jour = forms.DateField().clean(texte)
        except ValidationError as exc:
            raise IncorrectLookupParameters(exc) from exc
        if not 1900 <= jour.year <= 9000:
            raise IncorrectLookupParameters(f"{self.field_path}{bout}={texte}")
        return jour


def _minuit(jour: date) -> datetime:
    return timezone.make_aware(datetime.combine(jour, time.min))
