"""« À approuver »: the list of what was submitted, the page of one decision, the approval of several."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.options import IS_POPUP_VAR
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config.admin import ListeCabinet
from config.exports import Colonne
from config.templatetags.cabinet import date_relative
from dossiers.admin.filtres import FiltrePeriode
from dossiers.admin.lecture import FicheLecture
from dossiers.affichage import badge, pluriel
from dossiers.greffes import Entree, greffer_menu
from dossiers.recherche import FORME_SIRET
from dossiers.services.erreurs import ActionImpossible
from dossiers.sirene import chiffres
from raccordements.accueil import FiltreADecider
from raccordements.admin.pages import MotifForm, risques_de
from raccordements.affichage import adresse_fiche, badge_de, canal_en_mots
from raccordements.certificats.schemas import Gravite
from raccordements.models import Delegation, EnvironnementChorus, Etat, Fiche, Version
from raccordements.services import approbation
from raccordements.services.contenu import differences
from raccordements.services.pack import blocs
from raccordements.services.risques import bloquants

EN_ATTENTE = "etat__exact=en_attente"
EN_MASSE_MAX = 100

greffer_menu(
    "Chorus Pro",
    [
        Entree(
            titre="À approuver",
            icone="approval",
            page="raccordements_version",
            filtre=EN_ATTENTE,
            permission="raccordements.view_version",
        ),
        Entree(
            titre="Délégations",
            icone="supervised_user_circle",
            page="raccordements_delegation",
            permission="raccordements.view_delegation",
        ),
    ],
)


def derniere_approuvee(fiche: Fiche, avant: Version | None = None) -> Version | None:
    """The last approved version of a fiche, before another one when it is given."""
    approuvees = fiche.versions.filter(etat=Version.Etat.APPROUVEE)
    if avant is not None:
        approuvees = approuvees.filter(numero__lt=avant.numero)
    trouvee: Version | None = approuvees.order_by("-numero").first()
    return trouvee


class RefusForm(MotifForm):
    """What must change, for the author."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["motif"].label = "Motif du refus"
        self.fields["motif"].help_text = "Son auteur le lira : écrivez ce qui doit changer."


class ListeVersions(ListeCabinet):
    """Each row with why this person may not decide on it, for a number of queries that does not depend on them."""

    def __init__(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().__init__(request, *args, **kwargs)
        self.attente = request.GET.get("etat__exact") == Version.Etat.EN_ATTENTE
        if self.attente:
            self.title = "À approuver"

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        self.result_list = list(self.result_list)
        motifs = approbation.motifs_de_non_approbation(self.result_list, request.user)  # type: ignore[arg-type]
        for version in self.result_list:
            version.motif_du_refus = motifs[version.pk]
        self.a_vous = sum(not motif for motif in motifs.values())
        self.plus_ancienne = min((version.soumise_le for version in self.result_list), default=None)


def _par_fiche(versions: QuerySet[Version], terme: str) -> QuerySet[Version]:
    return versions.filter(fiche_id=int(terme))


def _par_siret(versions: QuerySet[Version], terme: str) -> QuerySet[Version]:
    return versions.filter(fiche__structure__siret=chiffres(terme))


@admin.register(Version)
class VersionAdmin(FicheLecture):
    list_display = ("titre", "partenaire", "environnement", "decision", "risques_affiches", "soumise")
    list_before_template = "raccordements/approbations_entete.html"
    list_display_links = ("titre",)
    list_select_related = ("fiche__structure", "soumise_par", "decide_par", "delegation__delegant")
    list_filter = (
        ("etat", ChoicesDropdownFilter),
        FiltreADecider,
        ("fiche__environnement", ChoicesDropdownFilter),
        ("fiche__genre", ChoicesDropdownFilter),
        ("soumise_le", FiltrePeriode),
    )
    recherche = ((FORME_SIRET, _par_siret), (r"[0-9]{1,9}", _par_fiche))
    search_help_text = "Numéro de la fiche ou SIRET du partenaire"
    actions = ("approuver_la_selection",)
    nom_export = "versions"
    colonnes_export = (
        Colonne("Fiche", "fiche_id"),
        Colonne("Version", "numero"),
        Colonne("Partenaire", "fiche__structure__siret", texte=True),
        Colonne("Désignation", "fiche__structure__designation", texte=True),
        Colonne("Environnement", "fiche__environnement"),
        Colonne("État", "etat"),
        Colonne("Soumise par", "soumise_par__username", texte=True),
        Colonne("Soumise le", "soumise_le"),
        Colonne("Décidée par", "decide_par__username", texte=True),
        Colonne("Décidée le", "decide_le"),
        Colonne("Par délégation de", "delegation__delegant__username", texte=True),
        Colonne("Motif", "motif", texte=True),
        Colonne("Empreinte", "empreinte", texte=True),
    )

    # --- list ----------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Version]:
        versions = super().get_queryset(request).filter(fiche__supprimee_le=None)
        personne: Any = request.user
        if getattr(personne, "portefeuille_seul", False):
            versions = versions.filter(fiche__in=Fiche.objects.visibles_par(personne).values("pk"))
        return versions

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ListeCabinet]:
        return ListeVersions

    def get_ordering(self, request: HttpRequest) -> Sequence[str]:
        """The oldest first among those that wait; else the newest."""
        return ("id",) if request.GET.get("etat__exact") == Version.Etat.EN_ATTENTE else ("-id",)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        # The plan opens on another page: a popup cannot.
        return {} if IS_POPUP_VAR in request.GET else super().get_actions(request)

    def has_decider_permission(self, request: HttpRequest) -> bool:
        personne: Any = request.user
        if personne.has_perm(approbation.APPROUVER):
            return True
        return Delegation.objects.en_cours().filter(delegue=personne).exists()

    @display(description="version")
    def titre(self, version: Version) -> str:
        return f"Fiche n° {version.fiche_id}, version {version.numero}"

    @display(description="partenaire")
    def partenaire(self, version: Version) -> str:
        return str(version.fiche.structure)

    @display(description="environnement")
    def environnement(self, version: Version) -> SafeString:
        return badge_de(EnvironnementChorus(version.fiche.environnement))

    @display(description="risques")
    def risques_affiches(self, version: Version) -> SafeString:
        return resume_des_risques(version)

    @display(description="soumise", ordering="id")
    def soumise(self, version: Version) -> str:
        return f"{date_relative(version.soumise_le)}, par {version.soumise_par}"

    @display(description="décision")
    def decision(self, version: Version) -> SafeString:
        if version.etat != Version.Etat.EN_ATTENTE:
            return format_html("{} {}", badge_de(Version.Etat(version.etat)), decideur(version))
        if motif := version.motif_du_refus:  # type: ignore[attr-defined]
            pas_par_vous = badge("Pas par vous", "block", "neutre")
            return format_html("<details><summary>{}</summary>{}</details>", pas_par_vous, motif)
        return badge("À vous de décider", "gavel", "attente")

    # --- one decision --------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        def adresse_de(chemin: str, vue: Any, nom: str) -> URLPattern:
            return path(chemin, self.admin_site.admin_view(require_POST(vue)), name=f"raccordements_version_{nom}")

        return [
            adresse_de("approuver-plusieurs/", self.vue_approuver_plusieurs, "approuver_plusieurs"),
            adresse_de("<path:object_id>/approuver/", self.vue_approuver, "approuver"),
            adresse_de("<path:object_id>/refuser/", self.vue_refuser, "refuser"),
            *super().get_urls(),
        ]

    def fiche(self, request: HttpRequest, objet: Version) -> HttpResponse:
        return self._page_decision(request, objet)

    def _page_decision(
        self,
        request: HttpRequest,
        version: Version,
        refus: ActionImpossible | None = None,
        formulaire: RefusForm | None = None,
    ) -> HttpResponse:
        """The risks first, then what changes, then all that leaves; the decision under what was read."""
        fiche, personne = version.fiche, request.user
        attend = version.etat == Version.Etat.EN_ATTENTE and version.pk == fiche.version_id
        motif = approbation.motif_de_non_approbation(version, personne) if attend else ""  # type: ignore[arg-type]
        maintenant = risques_de(fiche, version.contenu) if attend else []
        precedente = derniere_approuvee(fiche, version)
        reponse = self.page(
            request,
            "raccordements/approuver.html",
            f"{'Décider' if attend and not motif else 'Version'} – {fiche}, version {version.numero}",
            version=version,
            fiche=fiche,
            etat=badge_de(Version.Etat(version.etat)),
            environnement=EnvironnementChorus(version.contenu["environnement"]),
            canal=canal_en_mots(),
            attend=attend,
            motif=motif,
            risques=maintenant,
            risques_soumis=risques_soumis(version),
            bloquants=bloquants(maintenant),
            precedente=precedente,
            differences=differences(precedente.contenu, version.contenu) if precedente else [],
            blocs=blocs(version.contenu),
            redacteurs=_redacteurs(version),
            decideur=decideur(version),
            formulaire=formulaire or RefusForm(),
            refus=refus,
            mise_a_jour=fiche.etat == Etat.ACTIVEE,
        )
        reponse.status_code = 409 if refus else 200
        return reponse

    def vue_approuver(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        version = self._a_decider(request, object_id)
        try:
            approuvee = approbation.approuver(
                version.fiche,
                empreinte_lue=request.POST.get("empreinte", ""),
                par=request.user,  # type: ignore[arg-type]
            )
        except ActionImpossible as refus:
            return self._page_decision(request, self._relue(request, version), refus)
        self.message_user(request, f"La version {approuvee.numero} est approuvée : elle peut partir.", messages.SUCCESS)
        return redirect(adresse_fiche(version.fiche))

    def vue_refuser(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        version = self._a_decider(request, object_id)
        formulaire = RefusForm(request.POST)
        if not formulaire.is_valid():
            return self._page_decision(request, version, formulaire=formulaire)
        try:
            approbation.refuser(
                version.fiche,
                empreinte_lue=request.POST.get("empreinte", ""),
                motif=formulaire.cleaned_data["motif"],
                par=request.user,  # type: ignore[arg-type]
            )
        except ActionImpossible as refus:
            return self._page_decision(request, self._relue(request, version), refus, formulaire)
        self.message_user(request, f"La version {version.numero} est refusée : son auteur lira pourquoi.")
        return redirect(adresse_fiche(version.fiche))

    def _a_decider(self, request: HttpRequest, object_id: str) -> Version:
        version: Version = self.visible_ou_404(request, object_id)
        if not self.has_decider_permission(request):
            raise PermissionDenied(approbation.APPROUVER)
        return version

    def _relue(self, request: HttpRequest, version: Version) -> Version:
        return self.get_queryset(request).select_related(*self.list_select_related).get(pk=version.pk)

    # --- several -------------------------------------------------------------------------------------------------

    @admin.action(description="Approuver…", permissions=["decider"])
    def approuver_la_selection(self, request: HttpRequest, queryset: QuerySet[Version]) -> HttpResponseBase:
        """The page where each one is seen with its risks, and may be left out."""
        choisies = list(
            queryset.filter(etat=Version.Etat.EN_ATTENTE)
            .select_related("fiche__structure", "soumise_par")
            .order_by("id")[: EN_MASSE_MAX + 1]
        )
        tronque, choisies = len(choisies) > EN_MASSE_MAX, choisies[:EN_MASSE_MAX]
        motifs = approbation.motifs_de_non_approbation(choisies, request.user)  # type: ignore[arg-type]
        lignes = [(v, motifs[v.pk], risques_soumis(v)) for v in choisies]
        permises = [ligne for ligne in lignes if not ligne[1]]
        return self.page(
            request,
            "raccordements/approuver_plusieurs.html",
            f"Approuver {pluriel(len(permises), 'fiche')}",
            permises=permises,
            interdites=[ligne for ligne in lignes if ligne[1]],
            canal=canal_en_mots(),
            tronque=EN_MASSE_MAX if tronque else 0,
            retour=f"{reverse('admin:raccordements_version_changelist')}?{EN_ATTENTE}",
        )

    def vue_approuver_plusieurs(self, request: HttpRequest) -> HttpResponseBase:
        """Approve each one that was left ticked, as it was read. A number that is not seen by the person is a 404."""
        if not self.has_decider_permission(request):
            raise PermissionDenied(approbation.APPROUVER)
        versions = self._postees(request)
        gardees = {int(pk) for pk in request.POST.getlist("approuver") if pk.isdecimal() and len(pk) <= 18}
        sauf = [v.fiche_id for v in versions if v.pk not in gardees]
        retour = f"{reverse('admin:raccordements_version_changelist')}?{EN_ATTENTE}"
        bilan = approbation.approuver_plusieurs(
            {v.fiche: request.POST.get(f"empreinte_{v.pk}", "") for v in versions},
            par=request.user,  # type: ignore[arg-type]
            sauf=sauf,
        )
        return self.page(
            request,
            "raccordements/approbations_bilan.html",
            f"{pluriel(len(bilan.approuvees), 'fiche approuvée', 'fiches approuvées')}",
            bilan=bilan,
            retour=retour,
        )

    def _postees(self, request: HttpRequest) -> list[Version]:
        demandees = request.POST.getlist("version")[:EN_MASSE_MAX]
        if not demandees or not all(pk.isdecimal() and len(pk) <= 18 for pk in demandees):
            raise Http404
        pks = {int(pk) for pk in demandees}
        versions = list(self.get_queryset(request).filter(pk__in=pks).select_related("fiche__structure").order_by("id"))
        if len(versions) < len(pks):
            raise Http404
        return versions


def risques_soumis(version: Version) -> list[dict[str, Any]]:
    """The remarks that the author had before them, the heaviest first."""
    return [{**risque, "gravite": Gravite(risque["gravite"])} for risque in version.risques]


def resume_des_risques(version: Version) -> SafeString:
    """How many warnings the author submitted with: a blocking risk forbids submitting."""
    nombre = sum(risque["gravite"] == Gravite.AVERTISSEMENT for risque in version.risques)
    if not nombre:
        return badge("Aucun", "check_circle", "succes")
    return badge(pluriel(nombre, "avertissement"), "warning", "alerte")


def decideur(version: Version) -> str:
    """Who decided, in whose name, and when; empty while nobody did."""
    if version.decide_par is None:
        return ""
    au_nom = f", par délégation de {version.delegation.delegant}" if version.delegation else ""
    return f"{version.decide_par}{au_nom}, {date_relative(version.decide_le)}"


def _redacteurs(version: Version) -> list[str]:
    participations: Iterable[Any] = version.participations.filter(role="redacteur").select_related("personne")
    return [str(participation.personne) for participation in participations]
