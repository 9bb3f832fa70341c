"""`manage.py purger`: what is old enough to go, rule by rule; `--executer` erases it."""

from __future__ import annotations

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dossiers.retention import registre


class Command(BaseCommand):
    help = "Montre ce que les règles de conservation effaceraient\u202f; avec --executer, l’efface par paquets."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--executer", action="store_true", help="efface\u202f; sans elle, rien n’est changé")
        parser.add_argument("--regle", action="append", default=[], help="une seule règle (à répéter)")
        parser.add_argument("--maximum", type=int, default=registre.MAXIMUM, help="lignes par règle, au plus")

    def handle(self, *args: Any, executer: bool, regle: list[str], maximum: int, **options: Any) -> None:
        connues = {une.cle: une for une in registre.regles()}
        if inconnues := sorted(set(regle) - set(connues)):
            raise CommandError(
                f"Rien n’a été effacé\u00a0: il n’y a pas de règle «\u00a0{inconnues[0]}\u00a0». "
                f"Choisissez parmi\u00a0: {', '.join(connues)}."
            )
        if maximum < 1:
            raise CommandError("Rien n’a été effacé\u00a0: --maximum doit valoir au moins 1.")
        faire = registre.effacer if executer else registre.compter
        bilans = [faire(une, maximum) for une in connues.values() if not regle or une.cle in regle]
        self.stdout.write("\n".join(_tableau(bilans, executer)))
        self.stdout.write("\nJamais effacés\u00a0:")
        for garde in registre.gardes():
            self.stdout.write(f"  {garde.libelle}. {garde.raison}")
        if not executer:
            self.stdout.write("\nRien n’a été effacé\u00a0: relancez avec --executer pour le faire.")


def _tableau(bilans: list[registre.Bilan], executer: bool) -> list[str]:
    largeur = max(len(bilan.regle.libelle) for bilan in bilans)
    titres = f"{'Règle':<{largeur}}  {'Au-delà de':>12}  {'Effacées' if executer else 'À effacer':>10}  Ce qui reste"
    lignes = [titres, "-" * len(titres)]
    for bilan in bilans:
        age = f"{bilan.regle.jours} jours" if bilan.regle.jours else "jamais"
        nombre = f"{bilan.nombre}{'+' if bilan.borne else ''}"
        lignes.append(f"{bilan.regle.libelle:<{largeur}}  {age:>12}  {nombre:>10}  {bilan.regle.garde}")
    return lignes
