"""The verbs of the palette: a page that needs no script, what the palette asks for, and the keys that open them."""

from __future__ import annotations

from dataclasses import asdict

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_POST, require_safe

from dossiers.affichage import pluriel
from dossiers.palette.grammaire import LONGUEUR_TEXTE, proposer
from dossiers.palette.registre import permises

#: « non »: no single key does anything (WCAG 2.2, success criterion 2.1.4). Kept by the browser, a year.
TEMOIN_RACCOURCIS = "raccourcis"
DUREE_TEMOIN = 365 * 24 * 3600


@require_safe
def lister(request: HttpRequest) -> HttpResponse:
    """Every verb of the person by group, or what a typed line leads to."""
    texte = request.GET.get("q", "").strip()[:LONGUEUR_TEXTE]
    groupes: dict[str, list[object]] = {}
    for commande in permises(request.user):
        groupes.setdefault(commande.groupe, []).append(commande)
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    contexte = {
        **admin.site.each_context(request),
        "title": "Commandes et raccourcis clavier",
        "texte": texte,
        "longueur": LONGUEUR_TEXTE,
        "propositions": proposer(request, texte) if texte else [],
        "groupes": groupes,
    }
    return TemplateResponse(request, "dossiers/commandes.html", contexte)


@require_safe
def resultats(request: HttpRequest) -> JsonResponse:
    """What a line leads to, worked out for each request: a right taken away is seen at once."""
    propositions = proposer(request, request.GET.get("q", ""))
    annonce = pluriel(len(propositions), "proposition")
    return JsonResponse({"annonce": annonce, "propositions": [asdict(proposition) for proposition in propositions]})


@require_POST
def regler_les_raccourcis(request: HttpRequest) -> HttpResponse:
    """Switch the single keys on or off in this browser."""
    actifs = request.POST.get("actifs") == "oui"
    reponse = redirect("commandes")
    reponse.set_cookie(
        TEMOIN_RACCOURCIS,
        "oui" if actifs else "non",
        max_age=DUREE_TEMOIN,
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    dit = "Les raccourcis d’une seule touche sont activés." if actifs else "Ils ne font plus rien dans ce navigateur."
    messages.success(request, dit)
    return reponse
