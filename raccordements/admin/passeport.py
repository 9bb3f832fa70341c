"""The passport of a fiche: one page to print, and its JSON export that proves itself."""

from __future__ import annotations

import json

from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern
from django.views.decorators.http import require_safe

from dossiers.services.erreurs import ActionImpossible
from raccordements.admin.packs import journaliser_telechargement, telecharger
from raccordements.admin.pages import PagesDeFiche
from raccordements.affichage import adresse_fiche
from raccordements.services import passeport
from raccordements.services.pack import blocs


class PagesPasseport(PagesDeFiche):
    """What a fiche says and who answers for it, for whoever may read the fiche."""

    def get_urls(self) -> list[URLPattern]:
        return [
            self.page_de_fiche("passeport/", require_safe(self.vue_passeport), "passeport"),
            self.page_de_fiche("passeport.json", require_safe(self.vue_passeport_json), "passeport_json"),
            *super().get_urls(),
        ]

    def vue_passeport(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        fiche = self.fiche_permise(request, object_id)
        try:
            document = passeport.etablir(fiche, par=request.user, numero=_numero(request))  # type: ignore[arg-type]
        except ActionImpossible as refus:
            return self.page_refus(request, fiche, refus)
        reponse = self.page(
            request,
            "raccordements/passeport.html",
            f"Passeport – {fiche}",
            fiche=fiche,
            document=document,
            blocs=blocs(document["contenu"]),
            retour=adresse_fiche(fiche),
        )
        reponse["Cache-Control"] = "no-store"
        return reponse

    def vue_passeport_json(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        fiche = self.fiche_permise(request, object_id)
        try:
            document = passeport.etablir(fiche, par=request.user, numero=_numero(request))  # type: ignore[arg-type]
        except ActionImpossible as refus:
            return self.page_refus(request, fiche, refus)
        nom = f"passeport_fiche_{fiche.pk}_{document['empreinte'][:12]}.json"
        journaliser_telechargement(request, fiche, nom)
        texte = json.dumps(document, ensure_ascii=False, indent=2)
        return telecharger(texte.encode(), nom, "application/json; charset=utf-8")


def _numero(request: HttpRequest) -> int | None:
    """The version that the address asks for. Raises Http404 when it is not a number."""
    demande = request.GET.get("version", "")
    if not demande:
        return None
    if not demande.isdecimal() or len(demande) > 9:
        raise Http404
    return int(demande)
