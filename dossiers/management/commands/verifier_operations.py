"""`manage.py verifier_operations`: the conservation law, as a table and an exit code."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from dossiers.services.conservation import Bilan, verifier


class Command(BaseCommand):
    help = "Vérifie qu’aucune opération n’est perdue, réglée deux fois ou tenue par personne ; code 1 en cas de faute."

    def handle(self, *args: Any, **options: Any) -> None:
        bilan = verifier()
        self.stdout.write("\n".join(lignes(bilan)))
        if not bilan.conforme:
            raise CommandError(
                "La loi de conservation des opérations est enfreinte\u00a0: des lignes ont été changées hors de "
                "l’application, ou un défaut les a mal écrites. Ouvrez les numéros cités ci-dessus, comparez leur "
                "journal à leur état, et prévenez un administrateur avant toute relance."
            )
        self.stdout.write("Tout est conforme.")


def lignes(bilan: Bilan) -> list[str]:
    """The table, as text: figures aligned, the first ids beside each breach."""
    tableau: list[tuple[str, int, str]] = [
        ("Opérations demandées (journal)", bilan.demandees, ""),
        ("Opérations en base", bilan.lignes, ""),
        ("Somme des états", bilan.somme, ""),
        *((f"  {etat.label}", nombre, "") for etat, nombre in bilan.par_etat.items()),
        ("Baux dépassés (repris au prochain balayage)", bilan.baux_depasses, ""),
        *(
            (
                faute.titre,
                faute.nombre,
                f"FAUTE\u00a0: n° {', '.join(map(str, faute.exemples))}" if faute.nombre else "",
            )
            for faute in bilan.fautes
        ),
    ]
    largeur = max(len(titre) for titre, _, _ in tableau)
    return [f"{titre:<{largeur}}  {nombre:>9}  {suite}".rstrip() for titre, nombre, suite in tableau]
