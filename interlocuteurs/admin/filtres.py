"""Filters of the list of contacts."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.db.models import BigIntegerField, QuerySet
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast
from django.http import HttpRequest

from dossiers.admin.filtres import FiltreChoix
from dossiers.models import Offre, Operation
from interlocuteurs.models import Acces, Interlocuteur

Interlocuteurs = QuerySet[Interlocuteur]


class FiltreActif(FiltreChoix):
    title = "fiche"
    parameter_name = "fiche"
    all_option = None

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Sequence[tuple[str, str]]:
        return [("tous", "Tous"), ("actifs", "Actifs"), ("inactifs", "Désactivés"), ("anonymises", "Anonymisés")]

    def queryset(self, request: HttpRequest, queryset: Interlocuteurs) -> Interlocuteurs:
        choix = self.valeur() or "tous"
        if choix == "tous":
            return queryset
        if choix == "anonymises":
            return queryset.filter(anonymise_le__isnull=False)
        return queryset.filter(anonymise_le=None, actif=choix == "actifs")


class FiltreARelancer(FiltreChoix):
    """What stays in the way until a person does something."""

    title = "à relancer"
    parameter_name = "a_relancer"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Sequence[tuple[str, str]]:
        return [("oui", "Accès en écart, rien en cours")]

    def queryset(self, request: HttpRequest, queryset: Interlocuteurs) -> Interlocuteurs:
        if not self.valeur():
            return queryset
        visibles = Acces.objects.visibles_par(request.user)  # type: ignore[arg-type]
        en_ecart = visibles.en_ecart().order_by().values("interlocuteur")
        en_cours = (
            Operation.objects.non_reglees()
            .order_by()
            .filter(parametres__has_key="interlocuteur")
            .annotate(personne=Cast(KeyTextTransform("interlocuteur", "parametres"), BigIntegerField()))
        )
        return queryset.filter(pk__in=en_ecart, anonymise_le=None).exclude(pk__in=en_cours.values("personne"))


class FiltreAcces(FiltreChoix):
    title = "accès en place"
    parameter_name = "acces"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> Sequence[tuple[str, str]]:
        return [
            *((f"avec_{code}", f"Avec {libelle}") for code, libelle in Offre.Code.choices),
            ("aucun", "Aucun accès"),
        ]

    def queryset(self, request: HttpRequest, queryset: Interlocuteurs) -> Interlocuteurs:
        choix = self.valeur()
        visibles = Acces.objects.visibles_par(request.user).order_by().filter(constate=True)  # type: ignore[arg-type]
        if choix == "aucun":
            return queryset.exclude(pk__in=visibles.values("interlocuteur"))
        _, _, offre = choix.partition("_")
        return queryset.filter(pk__in=visibles.filter(offre=offre).values("interlocuteur")) if offre else queryset
