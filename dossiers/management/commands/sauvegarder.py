"""`manage.py sauvegarder`: the database and the private files, in a folder of their own."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.sauvegarde import SauvegardeImpossible, sauvegarder


class Command(BaseCommand):
    help = "Écrit une sauvegarde de la base et des fichiers privés, sans arrêter le produit. Les clés n’y sont pas."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dossier", type=Path, help="où créer le dossier de la sauvegarde")

    def handle(self, *args: Any, dossier: Path, **options: Any) -> str:
        try:
            faite = sauvegarder(dossier)
        except SauvegardeImpossible as exc:
            raise CommandError(str(exc)) from exc
        self.stderr.write("FERNET_KEYS n’est pas dans la sauvegarde : gardez cette clé ailleurs, et à l’abri.")
        return str(faite)
