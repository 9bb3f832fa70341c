"""`manage.py donnees_demo_chorus`: invented connection sheets in the database and, on request, in the simulated portal.

What is there already is left as it is; a portal whose store was lost gets again what the database says it has.
"""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from raccordements import demo
from raccordements.chorus.contrat import FicheTransmise
from raccordements.models import Etat, Fiche, Structure, Version
from raccordements.services.envoi import noter_code_appli
from raccordements.services.suivi import alerter_les_retards, en_retard
from raccordements.services.transmission import fiche_transmise

#: Seconds after which the simulated portal treats what is submitted: nobody waits for a real morning.
MATIN = 90


class Command(BaseCommand):
    help = "Crée (ou complète) des raccordements inventés, après donnees_demo."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--simulateur", metavar="URL", help="charge aussi le simulateur de Chorus Pro à cette adresse"
        )

    def handle(self, *args: Any, simulateur: str | None, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "Données de démonstration refusées : PASSERELLE_PRODUCTION vaut « oui », et cette commande écrirait "
                "des fiches inventées dans cette base. Lancez-la sur une base de démonstration."
            )
        envoyees = demo.creer_raccordements()
        if simulateur:
            try:
                charger_portail(simulateur.rstrip("/"), envoyees)
            except (httpx.HTTPError, ValueError, KeyError) as exc:
                raise CommandError(
                    "Le simulateur de Chorus Pro n’a pas été chargé : il ne répond pas comme attendu à l’adresse "
                    f"donnée ({type(exc).__name__}). Démarrez-le avec « manage.py simulateur chorus » et vérifiez "
                    "l’adresse, puis relancez."
                ) from exc
        alerter_les_retards()
        self.stdout.write(f"{Fiche.objects.count()} fiches et {Structure.objects.count()} structures.")


def charger_portail(adresse: str, envoyees: list[Fiche]) -> None:
    """Give the simulator its credentials and structures, and the fiches it lacks, in the status they have here.

    Raises httpx.HTTPError, ValueError, KeyError when something else answers there.
    """
    with httpx.Client(base_url=f"{adresse}/_simulateur", timeout=60, trust_env=False) as http:

        def controler(chemin: str, corps: Any) -> Any:
            return http.post(chemin, json=corps).raise_for_status().json()

        controler("/matelas", {})
        controler("/charger", {"structures": demo.structures_du_portail()})
        controler("/matin", {"secondes": MATIN})
        connues = {fiche["reference"] for fiche in http.get("/fiches").raise_for_status().json()}
        for fiche in envoyees:
            if str(fiche.reference) in connues:
                continue
            suivi = _saisir(controler, fiche)
            if suivi["codeAppliPartenaire"] != fiche.code_appli:
                noter_code_appli(fiche, suivi["codeAppliPartenaire"], source=demo.RAISON, par=None)


def _saisir(controler: Any, fiche: Fiche) -> Any:
    """Play what happened to a fiche on the portal. Returns its status there."""
    reference = str(fiche.reference)

    def saisir(version: Version | None) -> Any:
        if version is None:
            raise ValueError(f"fiche {fiche.pk} : rien n’est parti")
        return controler("/saisie", _corps(fiche_transmise(fiche, version)))

    def faire(geste: str) -> None:
        controler("/fiche", {"reference": reference, "geste": geste})

    premiere = fiche.version_active or fiche.version_envoyee
    suivi = saisir(premiere)
    if fiche.etat in {Etat.ACTIVEE, Etat.ENVOYEE_MAJ, Etat.DESACTIVEE}:
        faire("activer")
    if fiche.etat == Etat.ENVOYEE_MAJ:
        suivi = saisir(fiche.version_envoyee)
    if fiche.etat == Etat.DESACTIVEE:
        faire("desactiver")
    if en_retard(fiche):
        # The one that the support is asked about.
        faire("retenir")
    return suivi


def _corps(transmise: FicheTransmise) -> dict[str, Any]:
    return transmise.en_json() | {"codeAppliPartenaire": ""}
