"""`manage.py donnees_demo_od`: invented platforms, lines and subscriptions, in step with the simulated Cegid OD.

What is there already is left as it is. A simulator whose store was lost does not get it back: « Relire chez Cegid OD »
shows what a remote that has forgotten us does.
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from raccordements import demo_od
from raccordements.models import LigneAdressage


class Command(BaseCommand):
    help = "Crée (ou complète) des souscriptions inventées, après donnees_demo."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--simulateur", metavar="URL", help="le simulateur de Cegid OD, pour jouer les deux étapes")

    def handle(self, *args: Any, simulateur: str | None, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "Données de démonstration refusées : PASSERELLE_PRODUCTION vaut « oui », et cette commande écrirait "
                "des souscriptions inventées dans cette base. Lancez-la sur une base de démonstration."
            )
        if simulateur is None:
            nombre = demo_od.creer_souscriptions(None)
        else:
            try:
                nombre = avec_le_simulateur(simulateur.rstrip("/"))
            except (httpx.HTTPError, demo_od.SimulateurMuet) as exc:
                raise CommandError(
                    "Les souscriptions de démonstration n’ont pas toutes été faites : le simulateur de Cegid OD ne "
                    f"répond pas comme attendu à l’adresse donnée ({type(exc).__name__}). Démarrez-le avec « manage.py "
                    "simulateur od », vérifiez l’adresse et OD_URL_BAC_A_SABLE, puis relancez."
                ) from exc
        self.stdout.write(f"{nombre} souscriptions et {LigneAdressage.objects.count()} lignes d’adressage.")


def avec_le_simulateur(adresse: str) -> int:
    """Give the simulator its data and our keys, then play. Raises httpx.HTTPError, SimulateurMuet."""
    with httpx.Client(base_url=f"{adresse}/_simulateur", timeout=60, trust_env=False) as http:

        def controler(chemin: str, corps: Any) -> None:
            http.post(chemin, json=corps).raise_for_status()

        controler("/matelas", {})
        controler("/charger", {"cabinets": demo_od.cabinets()})
        return demo_od.creer_souscriptions(lambda identifiant: controler("/oublier", {"identifiant": identifiant}))
