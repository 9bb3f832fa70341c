"""`manage.py simulateur loop --port 8091 --magasin var/simulateur-loop.sqlite3`: one simulator in the foreground."""

from __future__ import annotations

import signal
import threading
from argparse import ArgumentParser
from importlib import import_module
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.simulateur import Simulateur


def simulateurs() -> dict[str, type[Simulateur]]:
    """The simulators of the installed applications, by name: those of each `<app>/<remote>/simulateur.py`."""
    for application in apps.get_app_configs():
        for fichier in Path(application.path).glob("*/simulateur.py"):
            import_module(f"{application.name}.{fichier.parent.name}.simulateur")
    return Simulateur.registre


class Command(BaseCommand):
    help = "Lance le simulateur d’un service distant, sur 127.0.0.1, jusqu’à Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("nom", choices=sorted(simulateurs()), help="le service à simuler")
        parser.add_argument(
            "--port", type=int, help="port d’écoute (par défaut, celui des réglages ; 0 : un port libre)"
        )
        parser.add_argument("--magasin", default=":memory:", help="fichier SQLite gardé d’un lancement à l’autre")
        parser.add_argument("--latence", type=float, default=0.0, help="secondes ajoutées à chaque réponse")

    def handle(self, *args: Any, nom: str, port: int | None, magasin: str, latence: float, **options: Any) -> None:
        if port is None:
            port = getattr(settings, f"{nom.upper()}_SIMULATEUR_PORT", 0)
        if magasin != ":memory:":
            Path(magasin).parent.mkdir(parents=True, exist_ok=True)
        fin = threading.Event()
        for numero in (signal.SIGTERM, signal.SIGINT):
            signal.signal(numero, lambda *_: fin.set())
        try:
            simulateur = simulateurs()[nom](port=port, magasin=magasin, latence=latence)
        except OSError as exc:
            raise CommandError(
                f"Le simulateur ne peut pas démarrer : le port {port} de 127.0.0.1 est déjà pris ou interdit. "
                "Arrêtez le programme qui l’occupe, ou choisissez un autre port avec --port."
            ) from exc
        with simulateur:
            self.stdout.write(f"Simulateur « {nom} » prêt : {simulateur.url} (Ctrl-C pour arrêter)")
            self.stdout.flush()
            fin.wait()
