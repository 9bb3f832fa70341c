"""Mandates: the signed document is deposited for a dossier, and given back as a download to those who may see it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from config.televersement import trop_gros
from dossiers.affichage import adresse
from dossiers.models import Evenement, journaliser
from raccordements.admin.souscriptions import formulaires
from raccordements.admin.souscriptions.pages import PagesObjet, exiger_droit
from raccordements.models import Mandat, Souscription
from raccordements.models.souscription import TAILLE_MANDAT
from raccordements.souscriptions import mandats, vie

VOIR = "raccordements.view_mandat"
TROP_GROS = "Le document dépasse 5 Mo : il n’a pas été gardé. Numérisez-le en plus petit."


class PagesMandat(PagesObjet):
    """No address serves a file by its path: each download is asked for, permitted and journaled."""

    def get_urls(self) -> list[URLPattern]:
        return [
            self.page_a("mandats/deposer/", self.vue_deposer, "mandat_deposer"),
            self.page_a("mandats/<int:mandat>/document/", require_safe(self.vue_document), "mandat_document"),
            *super().get_urls(),
        ]

    def vue_deposer(self, request: HttpRequest) -> HttpResponseBase:
        """For the dossier of the address; `souscription`, of this dossier, takes the mandate if it may still."""
        exiger_droit(request, mandats.DEPOSER)
        souscription = self._souscription_demandee(request)
        dossier = souscription.dossier if souscription else self.dossier_demande(request)
        if dossier is None:
            return self.choisir_dossier(request, "Déposer un mandat")
        personne: Any = request.user
        retour = adresse(souscription or dossier)

        def agir(saisie: dict[str, Any]) -> HttpResponseBase:
            if trop_gros(request):
                raise ValidationError({"contenu": TROP_GROS})
            fichier = saisie.pop("contenu")
            # One byte too many tells the service that the document is too big.
            octets = fichier.read(TAILLE_MANDAT + 1)
            texte = "Mandat déposé."
            # Refused, the attachment would leave a mandate that nothing shows, and another one at the next try.
            with transaction.atomic():
                mandat = mandats.deposer_mandat(
                    dossier, **saisie, octets=octets, nom_fichier=fichier.name or "", par=personne
                )
                if souscription is not None and personne.has_perm(vie.CORRIGER):
                    vie.corriger(souscription, vie.Correction(mandat=mandat), par=personne)
                    texte = f"Mandat déposé, et rattaché à la souscription n° {souscription.pk}."
            self.message_user(request, texte, messages.SUCCESS)
            return redirect(retour)

        return self.saisir(
            request,
            titre=f"Déposer un mandat – {dossier}",
            bouton="Déposer le mandat",
            formulaire=formulaires.MandatForm,
            agir=agir,
            retour=retour,
            phrases=[
                "Cegid demande que la souscription soit commencée par le client : son représentant légal, ou un "
                "administrateur habilité. Ce document le prouve."
            ],
        )

    def vue_document(self, request: HttpRequest, mandat: int) -> HttpResponseBase:
        personne: Any = request.user
        if not personne.has_perm(VOIR):
            raise PermissionDenied(VOIR)
        visibles = Mandat.objects.visibles_par(personne).select_related("dossier")
        trouve: Mandat | None = visibles.filter(pk=mandat).first() if mandat < 2**63 else None
        if trouve is None:
            raise Http404
        journaliser(
            Evenement.Type.EXPORT,
            f"Mandat du {trouve.signe_le:%d/%m/%Y} téléchargé.",
            dossier=trouve.dossier,
            acteur=personne,
            details={"mandat": trouve.pk, "sha256": trouve.sha256},
        )
        reponse = HttpResponse(bytes(trouve.contenu), content_type=trouve.format)
        reponse["Content-Disposition"] = content_disposition_header(True, trouve.nom_fichier)
        reponse["X-Content-Type-Options"] = "nosniff"
        reponse["Content-Security-Policy"] = "sandbox; default-src 'none'"
        reponse["Cache-Control"] = "no-store"
        return reponse

    def _souscription_demandee(self, request: HttpRequest) -> Souscription | None:
        numero = request.GET.get("souscription", "")
        if not numero:
            return None
        souscription: Souscription = self.objet_ou_404(request, numero)
        return souscription
