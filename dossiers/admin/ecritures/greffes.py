"""What the imports add to the global search."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from dossiers import greffes
from dossiers.admin.ecritures.filtres import de_demande
from dossiers.greffes import Resultats
from dossiers.models import ImportEcritures
from dossiers.recherche import est_requete


@greffes.greffer_recherche
def chercher(request: HttpRequest, terme: str, nombre: int) -> Resultats | None:
    """The import that Loop knows by a request id."""
    personne: Any = request.user
    if not est_requete(terme) or not personne.has_perm("dossiers.view_importecritures"):
        return None
    trouves = de_demande(ImportEcritures.objects.visibles_par(personne), terme).defer("rapport", "url")
    liste = reverse("admin:dossiers_importecritures_changelist")
    return Resultats(
        titre="Imports d’écritures", objets=list(trouves[:nombre]), liste=f"{liste}?{urlencode({'q': terme})}"
    )
