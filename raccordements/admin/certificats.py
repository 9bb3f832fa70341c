"""Certificates: deposit, our remarks and the chain, where each is used, replacing one everywhere."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, Func, IntegerField, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.views.decorators.http import require_safe
from unfold.decorators import display

from config.exports import Colonne
from config.televersement import trop_gros
from dossiers.admin.lecture import FicheLecture
from dossiers.affichage import adresse, heure, phrase, pluriel
from dossiers.services.erreurs import ActionImpossible
from raccordements.admin.fiches import analyses
from raccordements.admin.fiches.certificats import CertificatField, deposer, fichier_field
from raccordements.admin.fiches.saisie import TROP_GROS
from raccordements.admin.termes import RECHERCHE_CERTIFICAT, FiltreEcheance, certificats_visibles
from raccordements.affichage import adresse_fiche, badge_echeance
from raccordements.certificats.lecteur import FichierRefuse
from raccordements.models import Certificat, Fiche
from raccordements.services import certificats as services
from raccordements.services.certificats import BilanRenouvellement, Emplois, Maniere

#: Fiches made ready by one confirmation; the next ones stay on the page, to be confirmed in their turn.
FICHES_PAR_FOIS = 100
TYPE_P7B = "application/x-pkcs7-certificates"
MANIERES = (
    (Maniere.MISE_A_JOUR.value, "Mettre à jour chaque fiche : elle repartira « Envoyée MAJ »"),
    (Maniere.NOUVELLE_FICHE.value, "Créer une nouvelle fiche : elle aura un autre code appli partenaire"),
)


class DepotForm(forms.Form):
    fichier = fichier_field(
        "Fichier du certificat",
        "PKCS#7 (.p7b) avec toute la chaîne de certification. Jamais de clé privée : un fichier qui en contient une "
        "est refusé et n’est pas gardé.",
    )

    def clean_fichier(self) -> Any:
        fichier = self.cleaned_data["fichier"]
        if fichier is None:
            raise forms.ValidationError("Rien n’a été reçu : aucun fichier n’est choisi. Choisissez le fichier .p7b.")
        return fichier


class RemplacantForm(forms.Form):
    """The certificate that takes the place of another: a file, or one already given."""

    fichier = fichier_field("Fichier du nouveau certificat", "PKCS#7 (.p7b) avec toute la chaîne de certification.")
    nouveau = CertificatField("ou certificat déjà déposé")

    def __init__(self, *args: Any, par: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["nouveau"].queryset = certificats_visibles(par).defer("contenu", "analyse")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        donnees = super().clean() or self.cleaned_data
        if not donnees.get("fichier") and not donnees.get("nouveau") and not self.errors:
            self.add_error("fichier", "Aucun certificat n’est donné. Choisissez son fichier, ou un certificat déposé.")
        return donnees


class JoursRestants(Func):
    """Whole days from today to a date, Europe/Paris."""

    template = "((%(expressions)s AT TIME ZONE 'Europe/Paris')::date - (now() AT TIME ZONE 'Europe/Paris')::date)"
    output_field = IntegerField()


@admin.register(Certificat)
class CertificatAdmin(FicheLecture):
    list_display = ("nom_fichier", "sujet", "emetteur", "echeance_affichee", "ajoute_affiche")
    list_display_links = ("nom_fichier",)
    list_select_related = ("ajoute_par",)
    sortable_by = ("echeance_affichee",)
    list_filter = (FiltreEcheance,)
    ordering = ("expire_le", "id")
    recherche = RECHERCHE_CERTIFICAT
    search_help_text = "Sujet, nom de fichier, numéro de série ou empreinte SHA-256"
    colonnes_export = (
        Colonne("Fichier", "nom_fichier"),
        Colonne("Sujet", "sujet"),
        Colonne("Émetteur", "emetteur"),
        Colonne("Numéro de série", "numero_serie", texte=True),
        Colonne("Valable du", "debute_le"),
        Colonne("Valable au", "expire_le"),
        Colonne("Jours restants", JoursRestants(F("expire_le"))),
        Colonne("Empreinte SHA-256", "sha256", texte=True),
        Colonne("Ajouté par", "ajoute_par__username"),
        Colonne("Ajouté le", "ajoute_le"),
    )

    # --- list ----------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Certificat]:
        siens = certificats_visibles(request.user).order_by().values("pk")
        certificats: QuerySet[Certificat] = super().get_queryset(request).defer("contenu", "analyse")
        limite = getattr(request.user, "portefeuille_seul", False)
        return certificats.filter(pk__in=siens) if limite else certificats

    @display(description="validité", ordering="expire_le")
    def echeance_affichee(self, certificat: Certificat) -> SafeString | str:
        return badge_echeance(certificat.expire_le)

    @display(description="ajouté le, par")
    def ajoute_affiche(self, certificat: Certificat) -> str:
        return ", ".join(filter(None, (heure(certificat.ajoute_le), str(certificat.ajoute_par or ""))))

    # --- rights and addresses ------------------------------------------------------------------------------------

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(services.AJOUTER)

    def has_renouveler_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("raccordements.change_fiche")

    def get_urls(self) -> list[URLPattern]:
        def adresse_de(chemin: str, vue: Any, nom: str) -> URLPattern:
            return path(chemin, self.admin_site.admin_view(vue), name=f"raccordements_certificat_{nom}")

        return [
            adresse_de("<path:object_id>/remplacer/", self.vue_remplacer, "remplacer"),
            adresse_de("<path:object_id>/certificat.p7b", require_safe(self.vue_p7b), "p7b"),
            *super().get_urls(),
        ]

    def _url(self, nom: str, *arguments: Any) -> str:
        return reverse(f"admin:raccordements_certificat_{nom}", args=arguments)

    # --- deposit -------------------------------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        if not self.has_add_permission(request):
            raise PermissionDenied(services.AJOUTER)
        if request.method != "POST":
            return self._page_depot(request, DepotForm())
        formulaire = DepotForm(request.POST, request.FILES)
        valable = formulaire.is_valid()
        if trop_gros(request):
            formulaire.errors.pop("fichier", None)
            formulaire.add_error("fichier", TROP_GROS)
        elif valable and (certificat := self._recevoir(request, formulaire)):
            return redirect(adresse(certificat))
        return self._page_depot(request, formulaire)

    def _recevoir(self, request: HttpRequest, formulaire: forms.Form) -> Certificat | None:
        """The certificate of the field `fichier`; a refusal is told there, and nothing of the file is kept."""
        try:
            return deposer(formulaire.cleaned_data["fichier"], par=request.user)  # type: ignore[arg-type]
        except FichierRefuse as refus:
            formulaire.add_error("fichier", phrase(refus))
            return None

    def _page_depot(self, request: HttpRequest, formulaire: DepotForm) -> HttpResponse:
        return self.page(
            request,
            "raccordements/certificat_depot.html",
            "Déposer un certificat",
            formulaire=formulaire,
            media=self.media + formulaire.media,
            retour=self._url("changelist"),
        )

    # --- page ----------------------------------------------------------------------------------------------------

    def fiche(self, request: HttpRequest, objet: Certificat) -> HttpResponse:
        emplois = self._emplois(request, objet)
        renouvelable = self.has_renouveler_permission(request) and bool(emplois and emplois.remplacables)
        return self.page(
            request,
            "raccordements/certificat.html",
            objet.nom_fichier,
            certificat=objet,
            releve=analyses.du_certificat(objet),
            emplois=emplois,
            adresse_p7b=self._url("p7b", objet.pk),
            adresse_remplacer=self._url("remplacer", objet.pk) if renouvelable else "",
        )

    def _emplois(self, request: HttpRequest, certificat: Certificat) -> Emplois | None:
        """Where it is used; None for who may not see fiches."""
        if not request.user.has_perm("raccordements.view_fiche"):
            return None
        return services.emplois(certificat, par=request.user)  # type: ignore[arg-type]

    def vue_p7b(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """The file in the reader's canonical form: public certificates, nothing else."""
        certificat: Certificat = self.visible_ou_404(request, object_id)
        reponse = HttpResponse(bytes(certificat.contenu), content_type=TYPE_P7B)
        reponse["Content-Disposition"] = content_disposition_header(True, certificat.nom_fichier)
        reponse["Cache-Control"] = "no-store"
        return reponse

    # --- replacing everywhere ------------------------------------------------------------------------------------

    def vue_remplacer(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Counts first, then the new certificate and its remarks, then the confirmation; nothing is sent."""
        ancien: Certificat = self.visible_ou_404(request, object_id)
        if not self.has_renouveler_permission(request):
            raise PermissionDenied("raccordements.change_fiche")
        par: Any = request.user
        if request.method == "POST" and "confirmer" in request.POST:
            return self._renouveler(request, ancien)
        if request.method == "POST":
            formulaire = RemplacantForm(request.POST, request.FILES, par=par)
            valable = formulaire.is_valid()
            if trop_gros(request):
                formulaire.errors.pop("fichier", None)
                formulaire.add_error("fichier", TROP_GROS)
                valable = False
            nouveau = None
            if valable:
                recu = formulaire.cleaned_data["fichier"]
                nouveau = self._recevoir(request, formulaire) if recu else formulaire.cleaned_data["nouveau"]
            if nouveau is None:
                return self._page_remplacer(request, ancien, formulaire)
            choix = {"nouveau": nouveau.pk, **({"fiche": une} if (une := request.GET.get("fiche")) else {})}
            return redirect(f"{self._url('remplacer', ancien.pk)}?{urlencode(choix)}")
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        return self._page_remplacer(request, ancien, RemplacantForm(par=par), self._nouveau(request, request.GET))

    def _nouveau(self, request: HttpRequest, donnees: Any) -> Certificat | None:
        """The replacing certificate named by an address or a form. Raises Http404 out of sight."""
        choisi = donnees.get("nouveau", "")
        if not choisi:
            return None
        if not (choisi.isdecimal() and len(choisi) <= 18):
            raise Http404
        nouveau: Certificat | None = certificats_visibles(request.user).filter(pk=int(choisi)).first()
        if nouveau is None:
            raise Http404
        return nouveau

    def _page_remplacer(
        self,
        request: HttpRequest,
        ancien: Certificat,
        formulaire: RemplacantForm,
        nouveau: Certificat | None = None,
        *,
        bilan: BilanRenouvellement | None = None,
        refus: ActionImpossible | None = None,
    ) -> HttpResponse:
        par: Any = request.user
        emplois = services.emplois(ancien, par=par)
        une = request.GET.get("fiche", "")
        montrees = [f for f in emplois.remplacables if not une or str(f.pk) == une]
        reponse = self.page(
            request,
            "raccordements/remplacer.html",
            f"Remplacer partout « {ancien.nom_fichier} »" if not une else "Préparer le renouvellement",
            ancien=ancien,
            nouveau=nouveau,
            releve=analyses.du_certificat(nouveau) if nouveau else None,
            emplois=emplois,
            montrees=montrees[:FICHES_PAR_FOIS],
            reste=max(0, len(montrees) - FICHES_PAR_FOIS),
            manieres=MANIERES,
            formulaire=formulaire,
            media=self.media + formulaire.media,
            bilan=bilan,
            refus=refus,
            retour=adresse(ancien),
        )
        reponse.status_code = 409 if refus else 200
        return reponse

    def _renouveler(self, request: HttpRequest, ancien: Certificat) -> HttpResponseBase:
        par: Any = request.user
        nouveau = self._nouveau(request, request.POST)
        maniere = request.POST.get("maniere", Maniere.MISE_A_JOUR.value)
        choisies = {int(pk) for pk in request.POST.getlist("fiches")[:FICHES_PAR_FOIS] if _est_numero(pk)}
        if nouveau is None or maniere not in dict(MANIERES):
            raise Http404
        try:
            if not choisies:
                raise ActionImpossible(
                    "Rien n’a été préparé.", "Aucune fiche n’est cochée.", "Cochez au moins une fiche, puis confirmez."
                )
            bilan = services.preparer_renouvellement(
                ancien, nouveau, par=par, maniere=Maniere(maniere), fiches=choisies
            )
        except ActionImpossible as refus:
            return self._page_remplacer(request, ancien, RemplacantForm(par=par), nouveau, refus=refus)
        if len(bilan.pretes) == 1 and not bilan.refus:
            self.message_user(request, _prete(bilan.pretes[0]), messages.SUCCESS)
            return redirect(adresse_fiche(bilan.pretes[0]))
        texte = f"{pluriel(len(bilan.pretes), 'fiche prête', 'fiches prêtes')} : rien n’est encore envoyé."
        self.message_user(request, texte, messages.SUCCESS if bilan.pretes else messages.WARNING)
        return self._page_remplacer(request, ancien, RemplacantForm(par=par), nouveau, bilan=bilan)


def _est_numero(texte: str) -> bool:
    return texte.isdecimal() and len(texte) <= 18


def _prete(fiche: Fiche) -> str:
    return f"La fiche n° {fiche.pk} est prête avec le nouveau certificat : soumettez-la à l’approbation."
