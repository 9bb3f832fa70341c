"""What is written by the product alone, and only read by people."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase, HttpResponseNotAllowed

from config.admin import AdminCabinet
from dossiers.admin.exports import ExportJournalise


class AdminLecture(ExportJournalise, AdminCabinet):
    """Neither added nor changed nor deleted from a form."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FicheLecture(AdminLecture):
    """A read-only page of its own in place of Django's form: the subclass writes `fiche`."""

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return self.fiche(request, self.visible_ou_404(request, object_id))

    def fiche(self, request: HttpRequest, objet: Any) -> HttpResponseBase:
        """The page of one object that the person may see."""
        raise NotImplementedError

    def visible_ou_404(self, request: HttpRequest, object_id: str) -> Any:
        """The object of the address. Raises Http404 out of sight, PermissionDenied without the right to look."""
        objet = self.objet_ou_404(request, object_id)
        if not self.has_view_permission(request, objet):
            raise PermissionDenied
        return objet
