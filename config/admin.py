"""The house's admin site and base ModelAdmin: bounded lists, routed search, what one may not see does not exist."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial, update_wrapper
from typing import Any, NoReturn

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.utils import quote, unquote
from django.contrib.admin.views.main import ERROR_FLAG, SEARCH_VAR
from django.contrib.admin.widgets import ForeignKeyRawIdWidget
from django.core.exceptions import BadRequest, FieldError, PermissionDenied, ValidationError
from django.core.paginator import InvalidPage, Paginator
from django.db import DataError, models
from django.forms import ModelChoiceField, ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.formats import number_format
from django.utils.functional import SimpleLazyObject, cached_property
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.views.decorators.http import require_POST
from simple_history.admin import SimpleHistoryAdmin
from unfold.admin import ModelAdmin, StackedInline, TabularInline
from unfold.sites import UnfoldAdminSite
from unfold.views import ChangeList
from unfold.widgets import UnfoldBooleanWidget, UnfoldForeignKeyRawIdWidget

from config import connexion, production
from config.champs import SecretsFormMixin

LONGUEUR_TERME = 200

Recherche = Sequence[tuple[str, Callable[[models.QuerySet, str], models.QuerySet]]]


class PaginateurBorne(Paginator):
    """Counts up to `PLAFOND` rows and no more; `plafonne` tells that there are others."""

    PLAFOND = 10_000

    @cached_property
    def _comptees(self) -> int:
        # One row more than the cap, to know whether the count is exact.
        return self.object_list.order_by().values("pk")[: self.PLAFOND + 1].count()

    @cached_property
    def count(self) -> int:
        return min(self._comptees, self.PLAFOND)

    @property
    def plafonne(self) -> bool:
        return self._comptees > self.PLAFOND

    @property
    def total_affiche(self) -> str:
        """`1 234`, or `10 000+` past the cap."""
        return number_format(self.count, use_l10n=True, force_grouping=True) + ("+" if self.plafonne else "")


class PaginateurDeRecherche(PaginateurBorne):
    """A search that finds more is to be refined, not leafed through; counting its rows costs more than other lists'."""

    PLAFOND = 1_000


class ListeCabinet(ChangeList):
    """A list that no query string can break: an absurd page is brought back in range, an absurd filter is refused."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        if not self.is_popup:
            self.title = capfirst(self.opts.verbose_name_plural)

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> models.QuerySet:
        try:
            return super().get_queryset(request, exclude_parameters)
        except (FieldError, OverflowError, TypeError, ValueError, ValidationError) as exc:
            raise IncorrectLookupParameters(exc) from exc

    def get_results(self, request: HttpRequest) -> None:
        paginateur = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        try:
            self.result_count = paginateur.count
        except (DataError, OverflowError, ValueError) as exc:
            raise IncorrectLookupParameters(exc) from exc
        self.hors_borne = not 1 <= self.page_num <= paginateur.num_pages
        self.page_num = min(max(self.page_num, 1), paginateur.num_pages)
        self.paginator = paginateur
        self.show_full_result_count, self.show_admin_actions = False, True
        # The theme writes the count beside the title when the two differ, and would write the cap as if it were true.
        self.full_result_count = self.result_count
        self.can_show_all = self.result_count <= self.list_max_show_all
        self.multi_page = self.result_count > self.list_per_page
        entiere = not self.multi_page or (self.show_all and self.can_show_all)
        self.result_list = self.queryset._clone() if entiere else paginateur.page(self.page_num).object_list


class IdentifiantBorne(UnfoldForeignKeyRawIdWidget):
    """Raw id whose label is shown only for a row of `visibles`."""

    def __init__(self, *args: Any, visibles: models.QuerySet, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.visibles = visibles

    def label_and_url_for_value(self, value: Any) -> tuple[str, str]:
        cle = self.rel.get_related_field().name
        try:
            visible = self.visibles.filter(**{cle: value}).exists()
        except (ValueError, ValidationError):
            visible = False
        return super().label_and_url_for_value(value) if visible else ("", "")


class ChoixLisible(ModelChoiceField):
    """A choice of one row, shown again whatever was sent: Django's autocomplete fails on what is not a number."""

    def prepare_value(self, value: Any) -> Any:
        valeur = super().prepare_value(value)
        if valeur in self.empty_values:
            return valeur
        try:
            self.queryset.model._meta.pk.to_python(valeur)
        except ValidationError:
            return None
        return valeur


class VisibiliteMixin:
    """Limits every queryset of an admin to `visibles_par(request.user)`, when the manager has it."""

    def get_queryset(self, request: HttpRequest) -> models.QuerySet:
        return _visibles(super().get_queryset(request), request)  # type: ignore[misc]

    def get_field_queryset(self, db: str | None, db_field: models.Field, request: HttpRequest) -> models.QuerySet:
        queryset = super().get_field_queryset(db, db_field, request)  # type: ignore[misc]
        if queryset is None:
            queryset = db_field.remote_field.model._default_manager.using(db)
        return _visibles(queryset, request)

    def formfield_for_foreignkey(self, db_field: models.ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs.setdefault("form_class", ChoixLisible)
        champ = super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]
        if champ is not None and isinstance(champ.widget, ForeignKeyRawIdWidget):
            champ.widget = IdentifiantBorne(
                db_field.remote_field,
                self.admin_site,  # type: ignore[attr-defined]
                attrs=champ.widget.attrs,
                visibles=champ.queryset,
            )
        return champ


def _visibles(queryset: models.QuerySet, request: HttpRequest) -> models.QuerySet:
    return queryset.visibles_par(request.user) if hasattr(queryset, "visibles_par") else queryset


class LignesCabinet(VisibiliteMixin, TabularInline):
    """Base of the tabular inlines."""

    extra = 0
    show_change_link = True

    def get_formset(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        lignes = super().get_formset(request, obj, **kwargs)
        # The heading of a column is no label: each box of a row says its own name.
        for champ in lignes.form.base_fields.values():
            champ.widget.attrs.setdefault("aria-label", capfirst(champ.label or ""))
        return lignes


class FichesCabinet(VisibiliteMixin, StackedInline):
    """Base of the stacked inlines."""

    extra = 0


@dataclass(frozen=True, slots=True)
class Bouton:
    """What the `bouton` decorator says of a method: how it is shown, and to whom."""

    libelle: str
    permission: str
    icone: str
    variante: str
    confirmation: str
    visible: Callable[[Any], bool]
    environnement: Callable[[Any], str]


def bouton(
    libelle: str,
    *,
    permission: str = "change",
    icone: str = "",
    variante: str = "",
    confirmation: str = "",
    visible: Callable[[Any], bool] = lambda objet: True,
    environnement: Callable[[Any], str] = lambda objet: "",
) -> Callable[[Callable], Callable]:
    """Make a method `(self, request, objet)` of an `AdminCabinet` a POST-only button of its form.

    Parameters
    ----------
    permission:
        `has_<permission>_permission` of the ModelAdmin if there is one, else the right `<permission>_<model>`.
    variante:
        `""`, `"primaire"` or `"danger"`.
    confirmation:
        French question asked before sending; none when empty.
    visible:
        Whether the button is shown for this object. The service called stays the judge.
    environnement:
        Code of the environment that pressing it writes in, shown inside the button; "" when nothing remote changes. In
        production the press is confirmed by a box (`config.production`).
    """

    def marquer(methode: Callable) -> Callable:
        methode.bouton = Bouton(  # type: ignore[attr-defined]
            libelle, permission, icone, variante, confirmation, visible, environnement
        )
        return methode

    return marquer


class AdminCabinet(VisibiliteMixin, ModelAdmin):
    """No list page counts or loads a whole table; a row out of sight answers 404 on every page; nothing is deleted.

    Attributes
    ----------
    recherche:
        Pairs (regular expression of the whole term, function (queryset, term) -> queryset), tried in order, so that a
        term goes to one indexed column. No pair fits: no row. Empty: Django's `search_fields`.
    boutons:
        Names of the methods made POST-only buttons by `bouton`.
    """

    show_full_result_count = False
    paginator = PaginateurBorne
    list_per_page = list_max_show_all = 50
    list_filter_submit = True
    warn_unsaved_form = True
    recherche: Recherche = ()
    boutons: Sequence[str] = ()

    def __init__(self, model: type[models.Model], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        if self.recherche and not self.search_fields:
            # The search box and the autocomplete view exist only for an admin that names a field.
            self.search_fields = ("pk",)

    # --- lists ---------------------------------------------------------------------------------------------------

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ListeCabinet]:
        return ListeCabinet

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Paginator:
        return (PaginateurDeRecherche if request.GET.get(SEARCH_VAR) else self.paginator)(*args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponseBase:
        if ERROR_FLAG in request.GET and request.method == "GET":
            self.message_user(
                request,
                "Un filtre de l’adresse n’est pas valable : il a été ignoré et la liste est complète. "
                "Choisissez les filtres dans le panneau « Filtres ».",
                messages.WARNING,
            )
        reponse = super().changelist_view(request, extra_context)
        liste = (getattr(reponse, "context_data", None) or {}).get("cl")
        if isinstance(liste, ListeCabinet) and liste.paginator.plafonne:
            reponse.context_data["selection_note_all"] = f"{liste.paginator.total_affiche} lignes sélectionnées"
        return reponse

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        # `password__startswith=` would read a hash letter by letter, and a regular expression can be made to last.
        if {"password", "regex", "iregex"} & set(lookup.split("__")):
            return False
        return super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        terme = search_term.strip()[:LONGUEUR_TERME]
        if not self.recherche:
            return super().get_search_results(request, queryset, terme)
        if not terme:
            return queryset, False
        for motif, chercher in self.recherche:
            if re.fullmatch(motif, terme, re.IGNORECASE | re.DOTALL):
                return chercher(queryset, terme), False
        return queryset.none(), False

    @admin.display(description="Tout sélectionner")
    def action_checkbox(self, obj: models.Model) -> SafeString:
        attributs = {"class": "action-select", "aria-label": f"Sélectionner {obj}"}
        return UnfoldBooleanWidget(attributs, lambda valeur: False).render(ACTION_CHECKBOX_NAME, str(obj.pk))

    def response_action(self, request: HttpRequest, queryset: models.QuerySet) -> HttpResponseBase | None:
        for valeur in request.POST.getlist(ACTION_CHECKBOX_NAME):
            try:
                self.model._meta.pk.clean(valeur, None)
            except (ValidationError, ValueError) as exc:
                raise BadRequest("identifiant de ligne illisible") from exc
        return super().response_action(request, queryset)

    # --- one object ----------------------------------------------------------------------------------------------

    def objet_ou_404(self, request: HttpRequest, object_id: str) -> Any:
        """The object of a page's address, among those the person may see. Raises Http404."""
        objet = self.get_object(request, unquote(object_id))
        if objet is None:
            self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        return objet

    def _get_obj_does_not_exist_redirect(self, request: HttpRequest, opts: Any, object_id: str) -> NoReturn:
        # Django redirects to the index with a message; an address that leads nowhere is a 404.
        raise Http404

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> type[ModelForm]:
        formulaire = super().get_form(request, obj, change, **kwargs)
        if issubclass(formulaire, SecretsFormMixin):
            # Django makes a new class for each request.
            formulaire.personne = request.user
        return formulaire

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        self.objet_ou_404(request, object_id)
        return super().delete_view(request, object_id, extra_context)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is deleted: things are archived."""
        return False

    def page(self, request: HttpRequest, gabarit: str, titre: str, **contexte: Any) -> TemplateResponse:
        """A page of the admin around `gabarit`, for an action that asks something before it acts."""
        request.current_app = self.admin_site.name
        # The theme writes the title of a page in its h1 only without `opts`.
        commun = {"model_admin": self, "title": titre, "media": self.media}
        return TemplateResponse(request, gabarit, {**self.admin_site.each_context(request), **commun, **contexte})

    def page_production(self, request: HttpRequest, libelle: str, retour: str = "") -> HttpResponse:
        """What a POST in production without its box gets (409): why nothing was done, and all it sent, to confirm."""
        jetons = {"csrfmiddlewaretoken", production.CHAMP}
        reponse = self.page(
            request,
            "dossiers/production.html",
            f"{libelle} – production",
            refus={"constat": production.CONSTAT, "cause": production.CAUSE, "remede": production.REMEDE},
            adresse=request.get_full_path(),
            envoi=[(nom, valeur) for nom, tous in request.POST.lists() if nom not in jetons for valeur in tous],
            bouton=libelle,
            retour=self._retour_sur(request, retour),
        )
        reponse.status_code = 409
        return reponse

    def _retour_sur(self, request: HttpRequest, adresse: str) -> str:
        ici = url_has_allowed_host_and_scheme(adresse, {request.get_host()}, request.is_secure())
        return adresse if ici else reverse(f"{self.admin_site.name}:index")

    # --- buttons -------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        return [*self._adresses_des_boutons(), *super().get_urls()]

    def _adresses_des_boutons(self) -> Iterable[URLPattern]:
        for nom in self.boutons:
            vue = update_wrapper(partial(self._presser, nom=nom), self._presser)
            yield path(
                f"<path:object_id>/{nom.replace('_', '-')}/",
                self.admin_site.admin_view(require_POST(vue)),
                name=self._nom_du_bouton(nom),
            )

    def _nom_du_bouton(self, nom: str) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{nom}"

    def _presser(self, request: HttpRequest, object_id: str, nom: str) -> HttpResponseBase:
        objet = self.objet_ou_404(request, object_id)
        methode = getattr(self, nom)
        if not self._bouton_permis(request, methode.bouton):
            raise PermissionDenied
        if production.manque(methode.bouton.environnement(objet), request.POST):
            return self.page_production(request, methode.bouton.libelle, request.headers.get("Referer", ""))
        reponse = methode(request, objet)
        if isinstance(reponse, HttpResponseBase):
            return reponse
        return redirect(f"{self.admin_site.name}:{self.opts.app_label}_{self.opts.model_name}_change", quote(objet.pk))

    def _bouton_permis(self, request: HttpRequest, reglage: Bouton) -> bool:
        if permis := getattr(self, f"has_{reglage.permission}_permission", None):
            return permis(request)
        return request.user.has_perm(f"{self.opts.app_label}.{reglage.permission}_{self.opts.model_name}")

    def boutons_de(self, request: HttpRequest, objet: Any) -> list[dict[str, Any]]:
        """The buttons this person sees on this object's form."""
        montres = []
        for nom in self.boutons:
            reglage = getattr(self, nom).bouton
            if reglage.visible(objet) and self._bouton_permis(request, reglage):
                adresse = reverse(f"{self.admin_site.name}:{self._nom_du_bouton(nom)}", args=[quote(objet.pk)])
                ou = production.en_mots(reglage.environnement(objet))
                montres.append({"reglage": reglage, "adresse": adresse, "environnement": ou})
        return montres

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, obj: Any = None, **kwargs: Any
    ) -> TemplateResponse:
        context["boutons"] = self.boutons_de(request, obj) if obj is not None else []
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)


class AdminHistorise(SimpleHistoryAdmin, AdminCabinet):
    """`AdminCabinet` of a model followed by simple-history: its past is read, never written back from there."""

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        self.objet_ou_404(request, object_id)
        return super().history_view(request, object_id, extra_context)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        # simple-history 3.13 saves the old version on POST, past every service and rule, even for a read-only user.
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        self.objet_ou_404(request, object_id)
        if not version_id.isdecimal():
            raise Http404
        return super().history_form_view(request, object_id, version_id, extra_context)

    def revert_disabled(self, request: HttpRequest, obj: Any = None) -> bool:
        return True


class SiteCabinet(UnfoldAdminSite):
    """The back office: French titles, login with a one-time code, and only the house's own pages."""

    index_title = "Accueil"
    site_title = site_header = "Passerelle"
    empty_value_display = "—"

    def register(self, model_or_iterable: Any, admin_class: type | None = None, **options: Any) -> None:
        """Ignore the stock pages of installed packages: they are not styled, not bounded, and show TOTP keys."""
        if admin_class is not None and issubclass(admin_class, ModelAdmin):
            super().register(model_or_iterable, admin_class, **options)

    def get_app_list(self, request: HttpRequest, app_label: str | None = None) -> Any:
        """Django's own list of models, built when a template reads it: the menu of the house is another."""
        return SimpleLazyObject(lambda: super(SiteCabinet, self).get_app_list(request, app_label))

    def get_urls(self) -> list[URLPattern]:
        compte = [
            path(
                "mon-compte/double-authentification/",
                self.admin_view(connexion.vue_double_authentification, cacheable=False),
                {"site": self},
                name="double_authentification",
            )
        ]
        return [*compte, *super().get_urls()]

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        # unfold 0.91 reads `page` with a bare int() and an unchecked Paginator.page().
        if not request.GET.get("page", "1").isdecimal():
            raise Http404
        try:
            return super().search(request, extra_context)
        except InvalidPage as exc:
            raise Http404 from exc
