"""What the pages of a fiche share: its addresses, who may see it, who may write on it now."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, reverse

from config.admin import AdminCabinet
from raccordements.models import Action, Fiche
from raccordements.services import redaction

Vue = Callable[..., HttpResponseBase]


class FicheBase(AdminCabinet):
    """Base of the admins of fiches. The services are the door: nothing here writes on a fiche."""

    def visible_ou_404(self, request: HttpRequest, object_id: str) -> Any:
        """The fiche of the address. Raises Http404 out of sight, PermissionDenied without the right to look."""
        fiche = self.objet_ou_404(request, object_id)
        if not self.has_view_permission(request, fiche):
            raise PermissionDenied
        return fiche

    def modifiable(self, request: HttpRequest, fiche: Fiche) -> bool:
        """Whether this person may write on this fiche now."""
        permis = fiche.permet(Action.MODIFIER) and not fiche.en_envoi
        return permis and request.user.has_perm(redaction.MODIFIER)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(redaction.AJOUTER)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(redaction.MODIFIER)

    def url(self, nom: str, *arguments: Any) -> str:
        """Address of one of the pages of this admin."""
        return reverse(f"admin:raccordements_{self.opts.model_name}_{nom}", args=arguments)

    def adresse_vue(self, chemin: str, vue: Vue, nom: str) -> URLPattern:
        """A page of this admin, behind its login."""
        return path(chemin, self.admin_site.admin_view(vue), name=f"raccordements_{self.opts.model_name}_{nom}")
