"""`manage.py demo`: the whole product in this terminal, with demonstration data."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from config.supervision_demo import Supervision


class Command(BaseCommand):
    help = "Démarre toute la démonstration (base, file, simulateurs, web, exécutant) ; Ctrl-C arrête tout."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--preuve", action="store_true", help="fait le travail principal sans écran, puis s’arrête")

    def handle(self, *args: Any, preuve: bool, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "Démonstration refusée : PASSERELLE_PRODUCTION vaut « oui », et elle écrirait des données inventées et "
                "des mots de passe dans cette base. Retirez ce réglage, ou lancez les services de production un par un."
            )
        supervision = Supervision(
            settings.BASE_DIR,
            settings.VAR,
            port_web=settings.DEMO_PORT,
            ports_simulateurs={
                "loop": settings.LOOP_SIMULATEUR_PORT,
                "chorus": settings.CHORUS_SIMULATEUR_PORT,
                "od": settings.OD_SIMULATEUR_PORT,
            },
            base_privee=settings.BASE_PRIVEE,
            courtier_prive=settings.COURTIER_PRIVE,
            ecrire=lambda ligne: print(ligne, flush=True),
        )
        raise SystemExit(supervision.executer(preuve))
