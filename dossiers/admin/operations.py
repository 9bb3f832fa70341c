"""Operations and calls: what was asked of Loop, what it answered, what a person may decide."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.text import Truncator
from unfold.contrib.filters.admin import ChoicesDropdownFilter
from unfold.decorators import display

from config import production
from config.admin import Bouton, bouton
from config.exports import Colonne
from dossiers import greffes
from dossiers.admin.filtres import FiltreIdentifiants, FiltreNature, FiltrePeriode
from dossiers.admin.lecture import AdminLecture, FicheLecture
from dossiers.affichage import VIDE, adresse, badge_choix, heure, lien, nature_lisible, phrase
from dossiers.models import Appel, AvecGuichet, Etat, Explication, Operation
from dossiers.recherche import FORME_REQUETE, RECHERCHE_OPERATION
from dossiers.services import catalogue
from dossiers.services import operations as services
from dossiers.services.erreurs import ActionImpossible

SECRETS_DE_CLE = ("guichet__cleapi__client_secret", "guichet__cleapi__cle_abonnement")
APPELS_MONTRES = 50


#: Remedies of the catalogue that have a button here, with the permission it requires.
REMEDES = {
    "tester_cle": "dossiers.tester_cleapi",
    "actualiser_loophub": "dossiers.synchroniser_cleapi",
    "relancer": "dossiers.relancer_operation",
    "actualiser_dossier": "dossiers.actualiser_dossier",
    "ouvrir_cle": "dossiers.view_cleapi",
    "ouvrir_dossier": "dossiers.view_dossier",
    "choisir_dossier": "dossiers.view_dossier",
}


class TrancherForm(forms.Form):
    decision = forms.ChoiceField(
        label="Qu’avez-vous constaté ?",
        choices=(
            (services.Decision.APPLIQUEE, "L’effet est là : la marquer réussie"),
            (services.Decision.RENVOYER, "L’effet est absent : l’envoyer de nouveau"),
            (services.Decision.ABANDONNER, "L’effet est absent : l’abandonner"),
        ),
        widget=forms.RadioSelect,
    )
    motif = forms.CharField(
        label="Ce que vous avez vu",
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Une phrase, gardée au journal avec votre nom.",
    )
    preuve = forms.CharField(
        required=False,
        max_length=200,
        help_text="Demandé seulement si l’effet est là ; recopié depuis le produit distant.",
    )
    field_order = ("decision", "preuve", "motif")

    doute = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, preuve: str = "", doute: str = "", **options: Any) -> None:
        super().__init__(*args, initial={"doute": doute}, **options)
        self.fields["preuve"].label = preuve
        if not preuve:
            del self.fields["preuve"]


def _trancher(operation: Operation) -> TrancherForm:
    return TrancherForm(preuve=operation.definition.preuve, doute=operation.doute)


def _echouee(operation: Operation) -> bool:
    return operation.definition.relancable and operation.etat == Etat.ECHOUEE and not operation.relances.exists()


def _ou_ecrit(operation: Operation) -> str:
    """The environment where a relaunch writes; "" for a reading."""
    definition = operation.definition
    return definition.guichet_de(operation).environnement if definition.ecriture else ""


@admin.register(Operation)
class OperationAdmin(FicheLecture):
    list_display = (
        "numero",
        "nature_affichee",
        "dossier_affiche",
        "etat_affiche",
        "message_court",
        "demandee_par",
        "creee_affichee",
    )
    list_display_links = ("numero",)
    list_select_related = ("dossier", "guichet", "demandee_par")
    list_filter = (
        ("etat", ChoicesDropdownFilter),
        FiltreNature,
        ("famille", ChoicesDropdownFilter),
        FiltreIdentifiants,
        ("creee_le", FiltrePeriode),
    )
    ordering = ("-id",)
    recherche = RECHERCHE_OPERATION
    search_help_text = "Numéro, code du dossier ou requestid"
    boutons = ("annuler", "relancer", "trancher")
    colonnes_export = (
        Colonne("Opération", "pk"),
        Colonne("Nature", "nature"),
        Colonne("Code du dossier", "dossier__code", texte=True),
        Colonne("Nom usuel", "dossier__nom_usuel"),
        Colonne("État", "etat"),
        Colonne("Famille", "famille"),
        Colonne("Message", "message"),
        Colonne("requestid", "requete_id", texte=True),
        Colonne("Identifiants", "guichet__nom"),
        Colonne("Demandée par", "demandee_par__username"),
        Colonne("Créée le", "creee_le"),
        Colonne("Terminée le", "terminee_le"),
    )

    @display(description="n°", ordering="id")
    def numero(self, operation: Operation) -> str:
        return f"N° {operation.pk}"

    @display(description="nature", ordering="nature")
    def nature_affichee(self, operation: Operation) -> str:
        return nature_lisible(operation)

    @display(description="dossier")
    def dossier_affiche(self, operation: Operation) -> SafeString | str:
        return lien(operation.dossier)

    @display(description="état", ordering="etat")
    def etat_affiche(self, operation: Operation) -> SafeString:
        return badge_choix(operation.etat, operation.get_etat_display())

    @display(description="message", empty_value=VIDE)
    def message_court(self, operation: Operation) -> str:
        return Truncator(operation.message).chars(120)

    @display(description="créée le", ordering="creee_le")
    def creee_affichee(self, operation: Operation) -> str:
        return heure(operation.creee_le)

    # --- page ----------------------------------------------------------------------------------------------------

    def fiche(self, request: HttpRequest, objet: Operation, formulaire: TrancherForm | None = None) -> HttpResponse:
        operation = (
            Operation.objects.select_related(
                "dossier",
                "guichet__cleapi",
                "lot",
                "demandee_par",
                "explication",
                "relance_de__dossier",
                "relance_de__guichet",
            )
            .defer(*SECRETS_DE_CLE)
            .get(pk=objet.pk)
        )
        a_trancher = operation.etat == Etat.A_VERIFIER and request.user.has_perm("dossiers.trancher_operation")
        conseil, sorties = remede(request, operation), greffes.remedes(request, [operation]).get(operation.pk, [])
        appels = Appel.objects.none()
        if request.user.has_perm("dossiers.view_appel"):
            appels = operation.appels.order_by("id")[:APPELS_MONTRES]
        return self.page(
            request,
            "dossiers/operation.html",
            f"Opération n°\u00a0{operation.pk}",
            operation=operation,
            systeme=Explication.Systeme(operation.definition.systeme).label,
            identifiants=operation.guichet.proprietaire,
            identifiants_visibles=_visible(request, operation.guichet.proprietaire),
            lot_visible=operation.lot if operation.lot and _lot_visible(request, operation.lot) else None,
            appels=appels,
            evenements=operation.evenements.select_related("acteur").order_by("id"),
            suites=operation.relances.select_related("dossier", "guichet"),
            boutons=self._boutons_a_cote(request, operation, conseil, sorties),
            remede=conseil,
            greffes=sorties,
            information=_information(operation),
            formulaire=(formulaire or TrancherForm(preuve=operation.definition.preuve, doute=operation.doute))
            if a_trancher
            else None,
            adresse_trancher=_voisine(adresse(operation), "trancher"),
            a_regarder=operation.definition.a_regarder(operation) if operation.etat == Etat.A_VERIFIER else "",
        )

    # --- buttons -------------------------------------------------------------------------------------------------

    def _boutons_a_cote(
        self, request: HttpRequest, operation: Operation, conseil: dict[str, Any] | None, sorties: list[greffes.Remede]
    ) -> list[dict[str, Any]]:
        """The buttons beside the explanation.

        « Relancer » as it stands does not tempt: left out where a remedy does it, second where one must come first.
        """
        relance, tranche = self.relancer.bouton, self.trancher.bouton
        boutons = [b for b in self.boutons_de(request, operation) if b["reglage"] is not tranche]
        if any(sortie.reprend for sortie in sorties) or (conseil and operation.explication.geste == "relancer"):
            return [b for b in boutons if b["reglage"] is not relance]
        return en_second(boutons, relance) if conseil or sorties else boutons

    @bouton(
        "Annuler",
        permission="annuler",
        icone="block",
        variante="danger",
        visible=lambda operation: operation.etat == Etat.EN_ATTENTE and not operation.retenue,
    )
    def annuler(self, request: HttpRequest, operation: Operation) -> None:
        if services.annuler([operation], par=request.user):
            self.message_user(request, "L’opération est annulée : rien n’avait été envoyé.", messages.SUCCESS)
        else:
            self.message_user(
                request,
                "L’opération n’a pas été annulée : elle est déjà réglée ou partie, ou a pu partir avant "
                "la restauration de la base. Regardez son état ci-dessous.",
                messages.WARNING,
            )

    @bouton(
        "Relancer",
        permission="relancer",
        icone="refresh",
        variante="primaire",
        visible=_echouee,
        environnement=_ou_ecrit,
    )
    def relancer(self, request: HttpRequest, operation: Operation) -> HttpResponseBase | None:
        try:
            nouvelles = services.relancer([operation], par=request.user)
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.ERROR)
            return None
        if not nouvelles:
            self.message_user(
                request,
                "L’opération n’a pas été relancée : elle n’est pas en échec, ou elle a déjà été relancée. "
                "Ouvrez la relance pour la suivre.",
                messages.WARNING,
            )
            return None
        self.message_user(request, "L’opération est relancée ; voici la nouvelle.", messages.SUCCESS)
        return redirect(adresse(nouvelles[0]))

    @bouton("Trancher", permission="trancher", visible=lambda operation: operation.etat == Etat.A_VERIFIER)
    def trancher(self, request: HttpRequest, operation: Operation) -> HttpResponseBase | None:
        formulaire = TrancherForm(request.POST, preuve=operation.definition.preuve)
        if not formulaire.is_valid():
            return self.fiche(request, operation, formulaire)
        appellent = {services.Decision.RENVOYER}
        if operation.definition.constat_ecrit:
            appellent.add(services.Decision.APPLIQUEE)
        appelle = formulaire.cleaned_data["decision"] in appellent
        if appelle and production.manque(operation.guichet.environnement, request.POST):
            return self.page_production(request, "Trancher", adresse(operation))
        try:
            services.trancher(
                operation,
                formulaire.cleaned_data["decision"],
                par=request.user,
                motif=formulaire.cleaned_data["motif"],
                preuve=formulaire.cleaned_data.get("preuve", ""),
                doute=formulaire.cleaned_data["doute"],
            )
        except ActionImpossible as refus:
            if operation.etat == Etat.A_VERIFIER:
                formulaire.add_error(None, phrase(refus))
                return self.fiche(request, operation, formulaire)
            self.message_user(request, phrase(refus), messages.ERROR)
        else:
            self.message_user(request, "Votre décision est enregistrée.", messages.SUCCESS)
        return None


def en_second(boutons: list[dict[str, Any]], reglage: Bouton) -> list[dict[str, Any]]:
    """The same buttons, this one no longer standing out."""
    return [b | {"reglage": replace(reglage, variante="")} if b["reglage"] is reglage else b for b in boutons]


def _information(operation: Operation) -> Any:
    """The entry of the catalogue that tells a success is no change (« déjà affectée »...), None otherwise."""
    if operation.etat != Etat.REUSSIE or not operation.message:
        return None
    entree = catalogue.trouver(operation.definition.systeme, operation.message)
    return entree if entree and entree.gravite == entree.Gravite.INFORMATION else None


def _visible(request: HttpRequest, identifiants: AvecGuichet) -> bool:
    """Whether the credential has a page that this person may open: the channel of the fiches has none."""
    options = identifiants._meta
    a_une_page = admin.site.is_registered(type(identifiants))
    return a_une_page and request.user.has_perm(f"{options.app_label}.view_{options.model_name}")


def _lot_visible(request: HttpRequest, lot: Any) -> bool:
    return not getattr(request.user, "portefeuille_seul", False) or lot.cree_par_id == request.user.pk


def remede(request: HttpRequest, operation: Operation) -> dict[str, Any] | None:
    """The button that does what the explanation says, when this person may press it.

    Returns `libelle`, `adresse`, `methode`, and for a POST the `champs` it sends.
    """
    code = operation.explication.geste if operation.explication else ""
    permission = REMEDES.get(code)
    if permission is None or not request.user.has_perm(permission):
        return None
    ici, de_loop = adresse(operation), operation.guichet.systeme == Explication.Systeme.LOOP
    cle = adresse(operation.cle) if de_loop else ""
    dossier = adresse(operation.dossier) if operation.dossier else ""
    relevable = de_loop and operation.cle.archivee_le is None
    match code:
        case "tester_cle" if relevable:
            return _en_post("Tester la connexion de la clé", _voisine(cle, "tester"))
        case "actualiser_loophub" if relevable:
            return _en_post("Relever LoopHub", _voisine(cle, "relever"))
        case "relancer" if _echouee(operation):
            ou = production.en_mots(_ou_ecrit(operation))
            return {**_en_post("Relancer l’opération", _voisine(ici, "relancer")), "environnement": ou}
        case "actualiser_dossier" if dossier:
            return _en_post("Actualiser le dossier depuis Loop", _voisine(dossier, "geste"), geste="actualiser_dossier")
        case "ouvrir_cle" if cle:
            return {"libelle": "Ouvrir la clé d’API", "adresse": cle, "methode": "get"}
        case "ouvrir_dossier" | "choisir_dossier" if dossier:
            return {"libelle": "Ouvrir le dossier", "adresse": dossier, "methode": "get"}
    return None


def _voisine(page: str, nom: str) -> str:
    return f"{page.removesuffix('change/')}{nom}/"


def _en_post(libelle: str, adresse_: str, **champs: str) -> dict[str, Any]:
    return {"libelle": libelle, "adresse": adresse_, "methode": "post", "champs": champs}


@admin.register(Appel)
class AppelAdmin(AdminLecture):
    """The calls as they are stored: secrets were masked before."""

    list_display = ("debut_affiche", "methode", "adresse", "statut", "duree", "operation_affichee", "requete_id")
    list_display_links = ("debut_affiche",)
    list_filter = (FiltreIdentifiants, ("debut", FiltrePeriode))
    ordering = ("-id",)
    recherche = (
        (
            FORME_REQUETE,
            lambda appels, terme: appels.filter(
                pk__in=Appel.objects.order_by()
                .filter(requete_id__in=_casses(terme))
                .values("pk")
                .union(Appel.objects.order_by().filter(x_requete_id__in=_casses(terme)).values("pk"))
            ),
        ),
        (r"[0-9]{1,15}", lambda appels, terme: appels.filter(operation_id=int(terme))),
    )
    search_help_text = "requestid ou numéro d’opération"
    fields = readonly_fields = (
        "operation_affichee",
        "debut_affiche",
        "methode",
        "adresse",
        "requete",
        "statut",
        "duree",
        "reponse",
        "erreur",
        "requete_id",
        "x_requete_id",
    )
    colonnes_export = (
        Colonne("Début", "debut"),
        Colonne("Opération", "operation_id"),
        Colonne("Méthode", "methode"),
        Colonne("Adresse", "adresse"),
        Colonne("Statut HTTP", "statut"),
        Colonne("Durée (ms)", "duree_ms"),
        Colonne("Erreur réseau", "erreur"),
        Colonne("requestid", "requete_id", texte=True),
        Colonne("x-request-id", "x_requete_id", texte=True),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appel]:
        appels: QuerySet[Appel] = super().get_queryset(request)
        # A list shows neither headers nor bodies, which weigh the most.
        if request.resolver_match and request.resolver_match.url_name == "dossiers_appel_changelist":
            return appels.defer("entetes_requete", "corps_requete", "entetes_reponse", "corps_reponse")
        return appels

    @display(description="début", ordering="debut")
    def debut_affiche(self, appel: Appel) -> str:
        return heure(appel.debut)

    @display(description="durée", ordering="duree_ms")
    def duree(self, appel: Appel) -> str:
        return f"{appel.duree_ms}\u00a0ms"

    @display(description="opération", ordering="operation_id")
    def operation_affichee(self, appel: Appel) -> SafeString:
        page = reverse("admin:dossiers_operation_change", args=[appel.operation_id])
        return format_html('<a href="{}">N° {}</a>', page, appel.operation_id)

    @display(description="requête envoyée (masquée)")
    def requete(self, appel: Appel) -> SafeString:
        return _message(appel.entetes_requete, appel.corps_requete)

    @display(description="réponse reçue (masquée)")
    def reponse(self, appel: Appel) -> SafeString:
        return _message(appel.entetes_reponse, appel.corps_reponse)


def _casses(terme: str) -> set[str]:
    return {terme, terme.lower(), terme.upper()}


def _message(entetes: Any, corps: str) -> SafeString:
    lisibles = json.dumps(entetes, ensure_ascii=False, indent=2) if entetes else ""
    return format_html('<pre class="brut" tabindex="0">{}\n\n{}</pre>', lisibles, corps)
