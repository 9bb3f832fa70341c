"""`manage.py restaurer`: put a backup back. Nothing leaves of it before `apres_restauration`."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from pathlib import Path
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from django.utils import timezone

from config import sauvegarde
from dossiers.models import Battement
from dossiers.supervision.battements import derniers, est_silencieux


class Command(BaseCommand):
    help = "Remet une sauvegarde à la place de la base. Arrêtez d’abord le web, les exécutants et l’horloge."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("dossier", type=Path, help="le dossier écrit par « manage.py sauvegarder »")
        parser.add_argument("--ecraser", action="store_true", help="remplace une base qui n’est pas vide")

    def handle(self, *args: Any, dossier: Path, ecraser: bool, **options: Any) -> None:
        try:
            feuille = sauvegarde.lire(dossier)
            self._verifier(feuille, ecraser)
            sauvegarde.restaurer(dossier)
        except sauvegarde.SauvegardeImpossible as exc:
            raise CommandError(str(exc)) from exc
        call_command("migrate", verbosity=0)
        faite_le = timezone.localtime(datetime.fromisoformat(feuille.faite_le))
        self.stdout.write(
            f"Base restaurée, telle qu’elle était le {faite_le:%d/%m/%Y à %H:%M}. Rien n’en part encore. Lancez "
            f"maintenant :\n  manage.py apres_restauration --sauvegarde-du {feuille.faite_le}"
        )

    def _verifier(self, feuille: sauvegarde.Feuille, ecraser: bool) -> None:
        if not set(feuille.cles) & set(sauvegarde.empreintes()):
            raise CommandError(
                "Rien n’a été restauré : aucune clé de FERNET_KEYS n’est de celles de cette sauvegarde, ses secrets "
                "seraient illisibles. Remettez dans FERNET_KEYS la clé de ce moment-là."
            )
        if sauvegarde.est_vide():
            return
        if not ecraser:
            raise CommandError(
                "Rien n’a été restauré : la base de DATABASE_URL n’est pas vide. Donnez une base neuve, ou relancez "
                "avec --ecraser si tout ce qu’elle contient doit disparaître."
            )
        presents = Battement._meta.db_table in connection.introspection.table_names()
        vus = derniers() if presents else {}
        if not all(est_silencieux(dernier) for dernier in vus.values()):
            raise CommandError(
                "Rien n’a été restauré : un exécutant ou l’horloge travaille encore sur cette base. Arrêtez-les, "
                "attendez une minute, puis relancez."
            )
