"""`manage.py signe_de_vie GENRE`: whether a worker or the clock of this host is alive, as an exit code."""

from __future__ import annotations

import socket
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db.models import Max

from dossiers.models import Battement
from dossiers.supervision.battements import est_silencieux


class Command(BaseCommand):
    help = "Code 0 si un processus de ce genre, sur cette machine, a donné signe de vie il y a peu."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("genre", choices=Battement.Genre.values)

    def handle(self, *args: Any, genre: str, **options: Any) -> None:
        ici = Battement.objects.filter(genre=genre, nom__startswith=f"{socket.gethostname()}:")
        if est_silencieux(ici.aggregate(dernier=Max("battu_le"))["dernier"]):
            raise CommandError(f"Aucun signe de vie récent de « {genre} » sur cette machine : voyez ses journaux.")
