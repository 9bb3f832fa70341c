"""The contacts: list, page with its matrix of accès, creation, remedies of Loop's refusals."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import BadRequest, PermissionDenied, ValidationError
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config import production
from config.admin import AdminHistorise
from config.exports import Colonne
from dossiers.admin.exports import ExportJournalise
from dossiers.admin.plans import GestesAdmin, Selection
from dossiers.affichage import VIDE, adresse, badge, pluriel
from dossiers.models import Operation
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.production import exiger_confirmation
from interlocuteurs import matrice
from interlocuteurs.admin.donnees import DonneesPersonnelles
from interlocuteurs.admin.filtres import FiltreAcces, FiltreActif, FiltreARelancer
from interlocuteurs.admin.formulaires import AjoutDossierForm, CreationForm, ModificationForm, lisible, saisie
from interlocuteurs.admin.page import avis_de, evenements_de, operations_de, rangees_de
from interlocuteurs.admin.remedes import RemedesAdmin
from interlocuteurs.courriel import afficher_courriel
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.recherche import rechercher
from interlocuteurs.services import fiches, remedes
from interlocuteurs.services.acces import preparer_cellules
from interlocuteurs.services.erreurs import CopiePerimee, CourrielDejaPris
from interlocuteurs.telephone import afficher_telephone, avertissement, est_mobile

Presence, Invitation = Interlocuteur.Presence, Interlocuteur.Invitation
ACCES_MONTRES = 3
RETOUR = re.compile(r"(interlocuteur|dossier):([1-9][0-9]{0,17})")


@admin.register(Interlocuteur)
class InterlocuteurAdmin(RemedesAdmin, DonneesPersonnelles, ExportJournalise, AdminHistorise, GestesAdmin):
    list_display = ("nom_affiche", "email_affiche", "mobile_affiche", "acces_affiches", "etat_affiche")
    list_display_links = ("nom_affiche",)
    list_filter = (
        FiltreActif,
        ("invitation", ChoicesDropdownFilter),
        ("presence", ChoicesDropdownFilter),
        FiltreARelancer,
        FiltreAcces,
        ("environnement", ChoicesDropdownFilter),
    )
    ordering = ("nom", "prenom", "id")
    search_fields = ("pk",)
    search_help_text = "Nom, e-mail, téléphone ou code de dossier"
    actions = ("noter_invites",)
    boutons = ("marquer_invite", "rattacher", "creer_dans_loop", "renvoyer_fiche")
    colonnes_export = (
        Colonne("Nom", "nom"),
        Colonne("Prénom", "prenom"),
        Colonne("E-mail", "email"),
        Colonne("Téléphone mobile", "mobile", texte=True),
        Colonne("Téléphone fixe", "fixe", texte=True),
        Colonne("Profil", "profil", texte=True),
        Colonne("Social", "social"),
        Colonne("Actif", "actif"),
        Colonne("Émetteur par défaut", "emetteur_par_defaut"),
        Colonne("Invitation sur le tenant", "invitation"),
        Colonne("Dans Loop", "presence"),
        Colonne("Environnement", "environnement"),
        Colonne("Domaine Loop", "domaine"),
        Colonne("Créé le", "cree_le"),
    )

    # --- list ----------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Interlocuteur]:
        visibles = Acces.objects.visibles_par(request.user).filter(Q(voulu=True) | Q(constate=True))  # type: ignore[arg-type]
        acces = visibles.select_related("dossier").order_by("dossier__code", "offre")
        return super().get_queryset(request).prefetch_related(Prefetch("acces", acces, to_attr="acces_visibles"))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Interlocuteur], search_term: str
    ) -> tuple[QuerySet[Interlocuteur], bool]:
        return rechercher(queryset, search_term[:200], par=request.user), False  # type: ignore[arg-type]

    @display(description="nom", ordering="nom")
    def nom_affiche(self, interlocuteur: Interlocuteur) -> str:
        return f"{interlocuteur.nom} {interlocuteur.prenom}"

    @display(description="e-mail", ordering="email")
    def email_affiche(self, interlocuteur: Interlocuteur) -> str:
        return afficher_courriel(interlocuteur.email)

    @display(description="mobile", empty_value=VIDE)
    def mobile_affiche(self, interlocuteur: Interlocuteur) -> str:
        return afficher_telephone(interlocuteur.mobile)

    @display(description="accès")
    def acces_affiches(self, interlocuteur: Interlocuteur) -> SafeString | str:
        acces = interlocuteur.acces_visibles  # type: ignore[attr-defined]
        if not acces:
            return VIDE
        lignes = [
            (a.dossier.code, a.get_offre_display(), badge("en écart", "sync_problem", "alerte") if a.en_ecart else "")
            for a in acces[:ACCES_MONTRES]
        ]
        suite = len(acces) - ACCES_MONTRES
        autres = format_html("<div>et {} de plus</div>", suite) if suite > 0 else ""
        return format_html("{}{}", format_html_join("", "<div>{} – {} {}</div>", lignes), autres)

    @display(description="état")
    def etat_affiche(self, interlocuteur: Interlocuteur) -> SafeString:
        return badge(*etat_de(interlocuteur))

    @admin.action(description="Invités sur le tenant : relancer", permissions=["marquer_invite"])
    def noter_invites(self, request: HttpRequest, interlocuteurs: QuerySet[Interlocuteur]) -> HttpResponse | None:
        en_production = interlocuteurs.filter(environnement=production.PRODUCTION).exists()
        if en_production and production.manque(production.PRODUCTION, request.POST):
            return self.page_production(request, "Invités sur le tenant : relancer", request.get_full_path())
        self._dire(request, remedes.marquer_invite(interlocuteurs.a_inviter(), par=request.user))  # type: ignore[attr-defined, arg-type]
        return None

    def has_marquer_invite_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("interlocuteurs.marquer_invite")  # type: ignore[union-attr]

    # --- addresses -----------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        return [
            self._adresse("acces/", self.vue_acces, "acces"),
            self._adresse("rattacher/", self.vue_rattacher, "rattacher_operation"),
            *super().get_urls(),
        ]

    def visible_ou_404(self, request: HttpRequest, object_id: str) -> Interlocuteur:
        """The contact of the address. Raises Http404 out of sight, PermissionDenied without the right to look."""
        interlocuteur: Interlocuteur = self.objet_ou_404(request, object_id)
        if not self.has_view_permission(request, interlocuteur):
            raise PermissionDenied
        return interlocuteur

    # --- creation ------------------------------------------------------------------------------------------------

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        if not self.has_add_permission(request):
            raise PermissionDenied
        if request.method == "POST":
            formulaire = CreationForm(request.POST, par=request.user)  # type: ignore[arg-type]
            return self._creer(request, formulaire)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        return self._page_creation(request, CreationForm(initial=self._amorce(request), par=request.user))  # type: ignore[arg-type]

    def _amorce(self, request: HttpRequest) -> dict[str, Any]:
        """What the form starts from: a dossier, or the operation whose refusal led here."""
        amorce: dict[str, Any] = {}
        if (dossier := request.GET.get("dossier", "")).isdecimal() and len(dossier) <= 18:
            amorce["dossier"] = int(dossier)
        if (numero := request.GET.get("operation", "")).isdecimal() and len(numero) <= 18:
            operation = Operation.objects.visibles_par(request.user).filter(pk=int(numero)).first()  # type: ignore[arg-type]
            if operation:
                parametres = operation.parametres
                amorce |= {champ: parametres[champ] for champ in ("email", "nom", "prenom") if champ in parametres}
                amorce.setdefault("email", parametres.get("contact", ""))
                amorce |= {"dossier": operation.dossier_id, "offres": [parametres.get("offre", "")]}
        return amorce

    def _page_creation(
        self, request: HttpRequest, formulaire: CreationForm, refus: ActionImpossible | None = None, **contexte: Any
    ) -> HttpResponse:
        return self.page(
            request,
            "interlocuteurs/creation.html",
            "Créer un interlocuteur",
            formulaire=formulaire,
            media=self.media + formulaire.media,
            refus=refus,
            retour=self._liste(),
            **contexte,
        )

    def _creer(self, request: HttpRequest, formulaire: CreationForm) -> HttpResponseBase:
        if not formulaire.is_valid():
            return self._page_creation(request, formulaire)
        cle = formulaire.cleaned_data["dossier"].cle
        en_production = cle.environnement == production.PRODUCTION
        par: Any = request.user
        try:
            if formulaire.acces:
                exiger_confirmation(cle.environnement, request.POST)
            if "rattacher" in request.POST:
                return self._rattacher_la_saisie(request, formulaire, cle)
            interlocuteur, operations = fiches.creer(formulaire.fiche(), cle=cle, par=par, acces=formulaire.acces)
        except ValidationError as refus:
            formulaire.refuser(refus)
            return self._page_creation(request, formulaire, production=en_production)
        except CourrielDejaPris as refus:
            porteur = refus.porteur if refus.porteur_visible else None
            return self._page_creation(
                request, formulaire, refus, porteur=porteur, a_rattacher=True, production=en_production
            )
        except ActionImpossible as refus:
            return self._page_creation(request, formulaire, refus, production=en_production)
        demandees = pluriel(len(operations), "accès demandé à Loop", "accès demandés à Loop")
        suite = f"{demandees}." if operations else "rien n’est encore demandé à Loop."
        self.message_user(request, f"Interlocuteur créé ; {suite}", messages.SUCCESS)
        self._avertir(request, interlocuteur)
        return redirect(adresse(interlocuteur))

    def _rattacher_la_saisie(self, request: HttpRequest, formulaire: CreationForm, cle: Any) -> HttpResponseBase:
        """Give what was asked for to the contact that has the address already."""
        par: Any = request.user
        saisi = fiches.lire(formulaire.fiche(), cle=cle)
        porteur = fiches.porteurs(cle, [saisi.email]).get(saisi.email)
        if porteur is None:
            raise ActionImpossible(
                "Rien n’a été rattaché.",
                "Cette adresse n’est plus celle d’aucun interlocuteur.",
                "Créez l’interlocuteur.",
            )
        if not formulaire.acces:
            raise ActionImpossible(
                "Rien n’a été rattaché.",
                "Aucune offre n’est cochée.",
                "Cochez ce que la personne doit pouvoir utiliser.",
            )
        self._dire(request, remedes.rattacher(porteur, formulaire.acces, par=par))
        return redirect(adresse(porteur))

    # --- page ----------------------------------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        interlocuteur = self.visible_ou_404(request, object_id)
        if request.method == "POST":
            if not self.has_change_permission(request, interlocuteur):
                raise PermissionDenied
            return self._modifier(request, interlocuteur, ModificationForm(request.POST))
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        return self.fiche(request, interlocuteur)

    def fiche(
        self,
        request: HttpRequest,
        interlocuteur: Interlocuteur,
        formulaire: forms.Form | None = None,
        refus: ActionImpossible | None = None,
        **contexte: Any,
    ) -> HttpResponse:
        """The page of a contact: record, matrix, operations, timeline."""
        par: Any = request.user
        modifiable = self.has_change_permission(request, interlocuteur) and not interlocuteur.anonymise
        depart = saisie(interlocuteur) | {"version": interlocuteur.version}
        ajout = AjoutDossierForm(par=par)
        rangees, feuillet = rangees_de(request, interlocuteur)
        operations = operations_de(interlocuteur, par)
        return self.page(
            request,
            "interlocuteurs/fiche.html",
            str(interlocuteur),
            interlocuteur=interlocuteur,
            etat=badge(*etat_de(interlocuteur)),
            avis=avis_de(interlocuteur),
            boutons=self.boutons_de(request, interlocuteur),
            formulaire=(formulaire or ModificationForm(initial=depart)) if modifiable else None,
            lecture=[(Interlocuteur.libelle(champ), valeur) for champ, valeur in saisie(interlocuteur).items()],
            refus=refus,
            ajout=ajout if self.has_planifier_permission(request) and not interlocuteur.anonymise else None,
            media=self.media + ajout.media,
            rangees=rangees,
            feuillet=feuillet,
            manquantes=[case for rangee in rangees for case in rangee.cases if case.manquante],
            editable=self.has_planifier_permission(request) and not interlocuteur.anonymise,
            titre_ligne="Dossier",
            retour=f"interlocuteur:{interlocuteur.pk}",
            operations=operations,
            evenements=evenements_de(interlocuteur, operations),
            adresse_historique=reverse("admin:interlocuteurs_interlocuteur_history", args=[interlocuteur.pk]),
            **contexte,
        )

    def _modifier(
        self, request: HttpRequest, interlocuteur: Interlocuteur, formulaire: ModificationForm
    ) -> HttpResponseBase:
        if not formulaire.is_valid():
            return self.fiche(request, interlocuteur, formulaire)
        par: Any = request.user
        try:
            exiger_confirmation(interlocuteur.environnement, request.POST)
            fait = fiches.modifier(
                interlocuteur, formulaire.fiche(), version=formulaire.cleaned_data["version"], par=par
            )
        except ValidationError as refus:
            formulaire.refuser(refus)
            return self.fiche(request, interlocuteur, formulaire)
        except CopiePerimee as refus:
            return self._montrer_les_versions(request, refus, formulaire)
        except CourrielDejaPris as refus:
            porteur = refus.porteur if refus.porteur_visible else None
            return self.fiche(request, interlocuteur, formulaire, refus, porteur=porteur)
        except ActionImpossible as refus:
            return self.fiche(request, interlocuteur, formulaire, refus)
        if not fait.champs:
            self.message_user(request, "Rien n’a changé : rien n’a été écrit ni envoyé.", messages.INFO)
        elif fait.operation:
            texte = f"Fiche enregistrée ; elle part vers Loop (opération n° {fait.operation.pk})."
            self.message_user(request, texte, messages.SUCCESS)
        elif fait.non_envoyee:
            self.message_user(request, f"Fiche enregistrée ici. {fait.non_envoyee}", messages.WARNING)
        else:
            self.message_user(request, "Fiche enregistrée.", messages.SUCCESS)
        self._avertir(request, fait.interlocuteur)
        return redirect(adresse(interlocuteur))

    def _montrer_les_versions(
        self, request: HttpRequest, refus: CopiePerimee, formulaire: ModificationForm
    ) -> HttpResponse:
        """The stale copy beside the record now. What the person had not touched follows the record; what they typed
        stays in the form, ready to be saved over a version they have seen."""
        suivies = {d.champ: d.eux for d in refus.differences if d.moi == d.base}
        fusion = {**formulaire.cleaned_data, "version": refus.actuelle.version}
        fusion |= {champ: lisible(champ, valeur) for champ, valeur in suivies.items()}
        versions = [
            {
                "libelle": d.libelle,
                "valeurs": [_en_mots(lisible(d.champ, valeur)) for valeur in (d.base, d.eux, d.moi)],
                "conflit": d.conflit,
            }
            for d in refus.differences
        ]
        reponse = self.fiche(request, refus.actuelle, ModificationForm(initial=fusion), refus, versions=versions)
        reponse.status_code = 409
        return reponse

    def _avertir(self, request: HttpRequest, interlocuteur: Interlocuteur) -> None:
        for numero in filter(None, (interlocuteur.mobile, interlocuteur.fixe)):
            if texte := avertissement(numero):
                self.message_user(request, f"{afficher_telephone(numero)} : {texte}", messages.WARNING)
        if interlocuteur.mobile and not est_mobile(interlocuteur.mobile):
            self.message_user(
                request,
                f"{afficher_telephone(interlocuteur.mobile)} est enregistré comme mobile, mais c’est un numéro fixe : "
                "vérifiez-le.",
                messages.WARNING,
            )

    # --- matrix --------------------------------------------------------------------------------------------------

    def vue_acces(self, request: HttpRequest) -> HttpResponseBase:
        """The plan of what was changed in a matrix, whichever side it was shown from."""
        if not self.has_planifier_permission(request):
            raise PermissionDenied
        par: Any = request.user
        lu = RETOUR.fullmatch(request.POST.get("retour", ""))
        retour = reverse(_PAGES[lu[1]], args=[int(lu[2])]) if lu else self._liste()
        try:
            if "redemander" in request.POST:
                demandes = matrice.manquantes(request.POST.getlist("manquante"))
            else:
                demandes = matrice.demandes(request.POST.getlist("vue"), request.POST.getlist("voulu"))
        except ValueError as exc:
            raise BadRequest("matrice illisible") from exc
        if not demandes:
            self.message_user(
                request, "Aucune case n’a changé : cochez ou décochez un accès, puis voyez le plan.", messages.INFO
            )
            return redirect(retour)
        plan = preparer_cellules(demandes, par=par)
        if not plan.lignes:
            raise Http404
        selection = Selection(
            geste=plan.geste.nom,
            pks=list(range(len(demandes))),
            retour="",
            pour=par.pk,
            parametres=plan.parametres,
        )
        return self.montrer_plan(request, plan, retour=retour, selection=selection)


_PAGES = {"interlocuteur": "admin:interlocuteurs_interlocuteur_change", "dossier": "admin:dossiers_dossier_change"}


def etat_de(interlocuteur: Interlocuteur) -> tuple[str, str, str]:
    """Word, icon and tone of a contact: what matters first."""
    if interlocuteur.anonymise:
        return "Anonymisé", "person_off", "neutre"
    if not interlocuteur.actif:
        return "Désactivé", "block", "neutre"
    if interlocuteur.invitation == Invitation.A_INVITER:
        return "À inviter sur le tenant", "mail", "alerte"
    return _PRESENCES[Presence(interlocuteur.presence)]


_PRESENCES: dict[Presence, tuple[str, str, str]] = {
    Presence.PRESENT: ("Dans Loop", "check_circle", "succes"),
    Presence.AUTRE: ("E-mail déjà pris dans Loop", "alternate_email", "alerte"),
    Presence.ABSENT: ("Absent de Loop", "cloud_off", "alerte"),
    Presence.INCONNUE: ("Pas encore dans Loop", "hourglass_empty", "attente"),
}


def _en_mots(valeur: Any) -> str:
    if isinstance(valeur, bool):
        return "Oui" if valeur else "Non"
    return str(valeur) if valeur not in (None, "") else VIDE
