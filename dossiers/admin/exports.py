"""Exports of the lists, each written in the journal."""

from __future__ import annotations

from django.http import HttpRequest

from config.exports import ExportMixin
from dossiers.models import Evenement, journaliser


class ExportJournalise(ExportMixin):
    """Who exported what, with which filters."""

    def journaliser_export(self, request: HttpRequest, nom: str, filtre: str) -> None:
        texte = f"Export de « {self.opts.verbose_name_plural} » ({nom})"
        journaliser(
            Evenement.Type.EXPORT,
            f"{texte}, filtres : {filtre}." if filtre else f"{texte}, liste entière.",
            acteur=request.user,
            details={"modele": self.opts.label_lower, "fichier": nom, "filtre": filtre},
        )
