"""One box for everything: the shape of the term says where to look."""

from __future__ import annotations

import re
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from dossiers import greffes
from dossiers.affichage import adresse
from dossiers.models import Dossier, Operation
from dossiers.recherche import RECHERCHE_DOSSIER, est_requete, operations_de_requete

RESULTATS_MONTRES = 25
LONGUEUR_TERME = 200


@require_safe
def rechercher(request: HttpRequest) -> HttpResponse:
    """Dossiers by code, name, SIREN, SIRET or e-mail; operations by request id; a single answer opens at once."""
    terme = request.GET.get("q", "").strip()[:LONGUEUR_TERME]
    dossiers, operations = _dossiers(request, terme), _operations(request, terme)
    groupes = greffes.chercher(request, terme, RESULTATS_MONTRES + 1) if terme else []
    trouves: list[Any] = [*dossiers, *operations, *(objet for groupe in groupes for objet in groupe.objets)]
    if len(trouves) == 1:
        return redirect(adresse(trouves[0]))
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    contexte = {
        **admin.site.each_context(request),
        "title": f"Recherche de « {terme} »" if terme else "Recherche",
        "terme": terme,
        "dossiers": dossiers[:RESULTATS_MONTRES],
        "operations": operations[:RESULTATS_MONTRES],
        "groupes": groupes,
        "nombre": RESULTATS_MONTRES,
        "autres": len(dossiers) > RESULTATS_MONTRES or len(operations) > RESULTATS_MONTRES,
    }
    return TemplateResponse(request, "dossiers/recherche.html", contexte)


def _dossiers(request: HttpRequest, terme: str) -> list[Dossier]:
    if not terme or not request.user.has_perm("dossiers.view_dossier"):  # type: ignore[union-attr]
        return []
    visibles = Dossier.objects.visibles_par(request.user)  # type: ignore[arg-type]
    for forme, chercher in RECHERCHE_DOSSIER:
        if re.fullmatch(forme, terme, re.IGNORECASE | re.DOTALL):
            return list(chercher(visibles, terme)[: RESULTATS_MONTRES + 1])
    return []


def _operations(request: HttpRequest, terme: str) -> list[Operation]:
    if not est_requete(terme) or not request.user.has_perm("dossiers.view_operation"):  # type: ignore[union-attr]
        return []
    trouvees = operations_de_requete(terme).visibles_par(request.user).select_related("dossier", "guichet")
    return list(trouvees[: RESULTATS_MONTRES + 1])
