"""Ceiling on the files that a browser sends: Django has one for the fields of a form, none for its files."""

from __future__ import annotations

from typing import IO, Any

from django.conf import settings
from django.core.files.uploadhandler import FileUploadHandler, StopUpload
from django.http import HttpRequest

MARQUE = "televersement_trop_gros"


class PlafondDeTaille(FileUploadHandler):
    """Stops a request whose files pass the ceiling of its page; `trop_gros` then tells the form why it has none.

    First of FILE_UPLOAD_HANDLERS: what passes the ceiling reaches no other one, so no disk. The rest of the request is
    read and thrown away, for the browser to get its page.
    """

    recus = 0

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],
        content_length: int,
        boundary: str,
        encoding: str | None = None,
    ) -> Any:
        self.recus = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        self.recus += len(raw_data)
        if self.request is not None and self.recus > plafond(self.request):
            setattr(self.request, MARQUE, True)
            raise StopUpload(connection_reset=False)
        return raw_data

    def file_complete(self, file_size: int) -> None:
        return None


def plafond(request: HttpRequest) -> int:
    """Bytes that the files of this request may hold: TELEVERSEMENTS by name of page, else TELEVERSEMENT_TAILLE_MAX."""
    page = request.resolver_match.view_name if request.resolver_match else ""
    return int(settings.TELEVERSEMENTS.get(page, settings.TELEVERSEMENT_TAILLE_MAX))


def trop_gros(request: HttpRequest) -> bool:
    """Whether a file of this request passed the ceiling: it and those after it were thrown away."""
    # The body is only read when something asks for it.
    return bool(request.FILES is not None and getattr(request, MARQUE, False))
