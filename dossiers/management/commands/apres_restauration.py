"""`manage.py apres_restauration`: set apart what a restored base holds, then let the workers work on it."""

from __future__ import annotations

from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from dossiers.services.erreurs import ActionImpossible
from dossiers.services.restauration import Bilan, mettre_en_doute

SUITES = """
Et maintenant :
  1. démarrez l’horloge et les exécutants : ce qui se relit est relu, le reste paraît dans « À vérifier » ;
  2. relevez LoopHub avec chaque clé : ce qui a été fait après la sauvegarde paraît dans « Écarts avec LoopHub » ;
  3. ne redemandez rien de ce qui l’avait été après la sauvegarde avant d’avoir regardé chez Cegid et sur Chorus Pro."""


class Command(BaseCommand):
    help = "Met en doute tout ce qui a pu partir depuis la sauvegarde restaurée, puis rouvre la base aux exécutants."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--sauvegarde-du", required=True, metavar="INSTANT", help="2026-11-22T08:00, heure de Paris sans fuseau"
        )
        parser.add_argument(
            "--tout-a-verifier", action="store_true", help="laisse tout à une personne, même ce qui se relit"
        )
        parser.add_argument(
            "--forcer", action="store_true", help="même si rien ne montre que la base est revenue en arrière"
        )

    def handle(self, *args: Any, sauvegarde_du: str, tout_a_verifier: bool, forcer: bool, **options: Any) -> None:
        try:
            bilan = mettre_en_doute(_instant(sauvegarde_du), tout_a_verifier=tout_a_verifier, forcer=forcer)
        except ActionImpossible as refus:
            raise CommandError(str(refus)) from refus
        self.stdout.write("\n".join(lignes(bilan)) + f"\n{SUITES}")


def _instant(texte: str) -> datetime:
    try:
        lu = datetime.fromisoformat(texte)
    except ValueError:
        raise CommandError(
            f"Rien n’a été changé : « {texte[:40]} » n’est pas un instant. Écrivez-le comme 2026-11-22T08:00."
        ) from None
    instant = timezone.make_aware(lu) if timezone.is_naive(lu) else lu
    if instant > timezone.now():
        raise CommandError("Rien n’a été changé : cette sauvegarde serait de l’avenir. Vérifiez la date et le fuseau.")
    return instant


def lignes(bilan: Bilan) -> list[str]:
    """What was done, as text."""
    return [
        f"{bilan.incertaines:>7}  opérations mises en doute",
        f"{bilan.retenues:>7}  retenues derrière elles",
        f"{bilan.a_verifier:>7}  déjà à vérifier, le restent",
        f"{bilan.lectures:>7}  lectures à refaire",
        *(f"         {suspension}" for suspension in bilan.suspensions),
    ]
