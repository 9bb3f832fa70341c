"""The pages between an action and its lot: parameters, plan, confirmation. Nothing is written before the last one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.core import signing
from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.views.decorators.http import require_safe

from config import production
from config.admin import AdminCabinet
from config.lignes import exporter_lignes
from dossiers.affichage import adresse, pluriel
from dossiers.models import Environnement
from dossiers.services import plans
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.plans import Geste, Ligne, Plan, Verdict

SEL = "passerelle.selection"
LIGNES_MONTREES = 500
VERDICTS = (
    (Verdict.BLOQUE, "Bloqué", "bloquées"),
    (Verdict.FAIRE, "À faire", "à faire"),
    (Verdict.RIEN, "Rien à faire", "où il n’y a rien à faire"),
)
Vue = Callable[..., HttpResponseBase]


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What a person chose in a list: which gesture, on which rows, and where to go back: a list or a page.

    `parametres` are those of a gesture that has no form to carry them.
    """

    geste: str
    pks: list[int]
    retour: str
    pour: int
    fiche: bool = False
    parametres: dict[str, Any] = field(default_factory=dict)

    def sceller(self) -> str:
        """The signed text that the pages carry."""
        contenu = [self.geste, self.pks, self.retour, self.pour, self.fiche, self.parametres]
        return signing.dumps(contenu, salt=SEL, compress=True)

    @classmethod
    def ouvrir(cls, scelle: str, *, pour: int) -> Selection:
        """Read back a sealed selection. Raises ActionImpossible when it is altered, too old, or someone else's."""
        try:
            nom, pks, retour, personne, fiche, parametres = signing.loads(scelle, salt=SEL, max_age=plans.VALIDITE)
        except signing.SignatureExpired as exc:
            raise ActionImpossible(
                "Le plan n’a pas été préparé.", "La sélection a plus d’une heure.", "Choisissez de nouveau les lignes."
            ) from exc
        except (signing.BadSignature, ValueError) as exc:
            raise ActionImpossible(
                "Le plan n’a pas été préparé.",
                "La sélection a été modifiée en chemin.",
                "Choisissez de nouveau les lignes dans la liste.",
            ) from exc
        if personne != pour:
            raise ActionImpossible(
                "Le plan n’a pas été préparé.",
                "La sélection a été faite par une autre personne.",
                "Choisissez vous-même les lignes dans la liste.",
            )
        return cls(geste=nom, pks=pks, retour=retour, pour=personne, fiche=fiche, parametres=parametres)


class GestesAdmin(AdminCabinet):
    """An admin whose list offers the gestures of its model, each through its plan."""

    # --- the actions of the list -----------------------------------------------------------------------------------

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        actions: dict[str, Any] = super().get_actions(request)
        if IS_POPUP_VAR in request.GET:
            return actions
        for geste in self.gestes_permis(request):
            actions[geste.nom] = (_action(geste), geste.nom, f"{geste.libelle}…")
        return actions

    def gestes_permis(self, request: HttpRequest) -> list[Geste]:
        """The gestures this person may prepare."""
        return [geste for geste in plans.gestes(self.model) if request.user.has_perm(geste.permission)]

    def get_urls(self) -> list[URLPattern]:
        return [
            self._adresse("plan/", self.vue_plan, "plan"),
            self._adresse("plan/csv/", self.vue_plan_csv, "plan_csv"),
            self._adresse("plan/confirmer/", self.vue_confirmer, "plan_confirmer"),
            self._adresse("<path:object_id>/geste/", self.vue_geste, "geste"),
            path(
                "<path:object_id>/preparer/<slug:nom>/",
                self.admin_site.admin_view(require_safe(self.vue_preparer)),
                name=f"{self.opts.app_label}_{self.opts.model_name}_preparer",
            ),
            *super().get_urls(),
        ]

    def _adresse(self, chemin: str, vue: Vue, nom: str) -> URLPattern:
        def en_post(request: HttpRequest, **arguments: str) -> HttpResponseBase:
            if request.method != "POST":
                self.message_user(
                    request,
                    "Cette page ne s’ouvre pas par son adresse : un plan est préparé pour les lignes que l’on choisit. "
                    "Choisissez des lignes dans la liste, puis l’action.",
                    messages.WARNING,
                )
                return redirect(self._liste())
            try:
                return vue(request, **arguments)
            except ActionImpossible as refus:
                return self.page_impossible(request, refus)

        modele = f"{self.opts.app_label}_{self.opts.model_name}"
        return path(chemin, self.admin_site.admin_view(en_post), name=f"{modele}_{nom}")

    def _url(self, nom: str, *arguments: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{nom}", args=arguments)

    def _liste(self, filtres: str = "") -> str:
        return f"{self._url('changelist')}?{filtres}" if filtres else self._url("changelist")

    # --- pages ---------------------------------------------------------------------------------------------------

    def preparer_la_selection(self, request: HttpRequest, geste: Geste, lignes: QuerySet[Any]) -> HttpResponseBase:
        """First page after the action: the parameters of the gesture, or its plan when it has none.

        Only primary keys are read, and no more than a plan may hold.
        """
        pks = list(lignes.order_by("pk").values_list("pk", flat=True)[: settings.PLAN_MAXIMUM + 1])
        selection = Selection(geste=geste.nom, pks=pks, retour=request.GET.urlencode(), pour=request.user.pk)
        try:
            if geste.formulaire is not None:
                return self.page_parametres(request, geste, selection, geste.formulaire())
            return self.page_plan(request, geste, selection, {})
        except ActionImpossible as refus:
            return self.page_impossible(request, refus)

    def vue_geste(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """One gesture on one object, from its page."""
        objet = self.objet_ou_404(request, object_id)
        geste = self._geste(request, request.POST.get("geste", ""))
        selection = Selection(geste=geste.nom, pks=[objet.pk], retour="", pour=request.user.pk, fiche=True)
        return self._parametrer(request, geste, selection)

    def vue_preparer(self, request: HttpRequest, object_id: str, nom: str) -> HttpResponseBase:
        """The first page of one gesture on one object, by its address: parameters given there are only proposed."""
        objet = self.objet_ou_404(request, object_id)
        geste = next((g for g in plans.gestes(self.model) if g.nom == nom), None)
        if geste is None:
            raise Http404
        if not request.user.has_perm(geste.permission):
            raise PermissionDenied(geste.permission)
        selection = Selection(geste=geste.nom, pks=[objet.pk], retour="", pour=request.user.pk, fiche=True)
        try:
            if geste.formulaire is not None:
                return self.page_parametres(request, geste, selection, geste.formulaire(initial=request.GET.dict()))
            return self.page_plan(request, geste, selection, {})
        except ActionImpossible as refus:
            return self.page_impossible(request, refus)

    def vue_plan(self, request: HttpRequest) -> HttpResponseBase:
        selection = self._selection(request)
        return self._parametrer(request, self._geste(request, selection.geste), selection)

    def _parametrer(self, request: HttpRequest, geste: Geste, selection: Selection) -> HttpResponseBase:
        formulaire = self._formulaire(geste, request)
        if formulaire is not None and not formulaire.is_valid():
            return self.page_parametres(request, geste, selection, formulaire)
        return self.page_plan(request, geste, selection, formulaire.cleaned_data if formulaire else {})

    def vue_plan_csv(self, request: HttpRequest) -> HttpResponseBase:
        """Every line of the plan, judged now."""
        selection = self._selection(request)
        geste = plans.geste(selection.geste)
        formulaire = self._formulaire(geste, request)
        if formulaire is not None and not formulaire.is_valid():
            raise BadRequest("paramètres du plan illisibles")
        parametres = formulaire.cleaned_data if formulaire else selection.parametres
        plan = plans.preparer(geste.nom, selection.pks, parametres, par=request.user)
        titres = ("Ligne", "Verdict", "Motif", "Appels", "Sur la clé facturable", "Environnement")
        return exporter_lignes(f"plan_{geste.nom}", titres, _lignes_csv(plan))

    def vue_confirmer(self, request: HttpRequest) -> HttpResponseBase:
        scelle = request.POST.get("plan", "")
        contenu = plans.ouvrir(scelle, par=request.user)
        if production.manque(contenu["environnement"], request.POST):
            return self.page_production(request, "Confirmer le plan", self._liste())
        lot = plans.confirmer(scelle, par=request.user)
        return redirect(adresse(lot))

    def page_parametres(
        self, request: HttpRequest, geste: Geste, selection: Selection, formulaire: forms.Form
    ) -> HttpResponse:
        return self.page(
            request,
            "dossiers/plan_parametres.html",
            f"{geste.libelle} – {pluriel(len(selection.pks), 'ligne choisie', 'lignes choisies')}",
            formulaire=formulaire,
            selection=selection.sceller(),
            adresse_plan=self._url("plan"),
            retour=self._retour(selection),
        )

    def page_plan(
        self, request: HttpRequest, geste: Geste, selection: Selection, parametres: dict[str, Any]
    ) -> HttpResponse:
        plan = plans.preparer(geste.nom, selection.pks, parametres, par=request.user)
        return self.montrer_plan(request, plan, retour=self._retour(selection), selection=selection)

    def montrer_plan(self, request: HttpRequest, plan: Plan, *, retour: str, selection: Selection) -> HttpResponse:
        """The page of a plan; `selection` prepares it again, for its CSV."""
        meta = plan.geste.modele._meta
        nom = meta.verbose_name if len(plan.lignes) < 2 else meta.verbose_name_plural
        return self.page(
            request,
            "dossiers/plan.html",
            f"Plan : {plan.geste.intitule(plan.parametres)} – {len(plan.lignes)} {nom}",
            plan=plan,
            groupes=list(_groupes(plan)),
            lignes_montrees=LIGNES_MONTREES,
            tronque=len(plan.lignes) > LIGNES_MONTREES,
            local=not plan.appels,
            production=plan.environnements == [Environnement.PRODUCTION],
            environnements=[Environnement(code).label for code in plan.environnements],
            scelle=plan.sceller() if plan.confirmable else "",
            selection=selection.sceller(),
            parametres={} if selection.parametres else plan.parametres,
            adresse_csv=self._url("plan_csv"),
            adresse_confirmer=self._url("plan_confirmer"),
            retour=retour,
        )

    def page_impossible(self, request: HttpRequest, refus: ActionImpossible) -> HttpResponse:
        reponse = self.page(request, "dossiers/impossible.html", "Action impossible", refus=refus, retour=self._liste())
        reponse.status_code = 409
        return reponse

    def _retour(self, selection: Selection) -> str:
        """The list with its filters, or the page of the only object chosen."""
        if selection.fiche:
            return self._url("change", selection.pks[0])
        return self._liste(selection.retour)

    # --- reading what the pages carry -------------------------------------------------------------------------------

    def _selection(self, request: HttpRequest) -> Selection:
        return Selection.ouvrir(request.POST.get("selection", ""), pour=request.user.pk)

    def _geste(self, request: HttpRequest, nom: str) -> Geste:
        geste = next((g for g in plans.gestes(self.model) if g.nom == nom), None)
        if geste is None:
            raise BadRequest("geste inconnu")
        if not request.user.has_perm(geste.permission):
            raise PermissionDenied(geste.permission)
        return geste

    def _formulaire(self, geste: Geste, request: HttpRequest) -> forms.Form | None:
        return geste.formulaire(request.POST) if geste.formulaire is not None else None


def _action(geste: Geste) -> Callable[[GestesAdmin, HttpRequest, QuerySet[Any]], HttpResponseBase]:
    def agir(modeladmin: GestesAdmin, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase:
        return modeladmin.preparer_la_selection(request, geste, queryset)

    return agir


def _groupes(plan: Plan) -> Iterator[dict[str, Any]]:
    """The lines by verdict, the first `LIGNES_MONTREES` in all."""
    place = LIGNES_MONTREES
    for verdict, titre, suite in VERDICTS:
        lignes = plan.de_verdict(verdict)
        montrees: Sequence[Ligne] = lignes[:place]
        place -= len(montrees)
        if lignes:
            yield {"verdict": verdict, "titre": titre, "suite": suite, "nombre": len(lignes), "lignes": montrees}


def _lignes_csv(plan: Plan) -> Iterator[tuple[str | int, ...]]:
    titres = {verdict: titre for verdict, titre, _ in VERDICTS}
    for ligne in plan.lignes:
        a_faire = ligne.verdict == Verdict.FAIRE
        yield (
            ligne.libelle,
            titres[ligne.verdict],
            ligne.motif,
            ligne.appels if a_faire else 0,
            ligne.appels if a_faire and ligne.facturable else 0,
            str(Environnement(ligne.environnement).label) if ligne.environnement else "",
        )


def gestes_de(modeladmin: GestesAdmin, request: HttpRequest, objet: Model) -> dict[str, Any]:
    """What a page of one object needs to offer its gestures: their address, and those the person may prepare."""
    return {
        "adresse_geste": modeladmin._url("geste", objet.pk),
        "gestes": {geste.nom: geste.libelle for geste in modeladmin.gestes_permis(request)},
    }
