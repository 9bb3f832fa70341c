"""`manage.py verifier_passeport FICHIER`: whether a passport says what was approved, as lines and an exit code."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from raccordements.services.passeport import Verification, verifier

TAILLE_MAX = 16 * 2**20


class Command(BaseCommand):
    help = "Recalcule l’empreinte d’un passeport exporté en JSON ; code 1 quand elle n’est pas celle qu’il annonce."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("fichier", type=Path, help="Le passeport, tel que téléchargé depuis la fiche.")

    def handle(self, *args: Any, **options: Any) -> None:
        verification = _verifier(options["fichier"])
        self.stdout.write("\n".join(lignes(verification)))
        if not verification.conforme:
            raise CommandError(
                "Ce passeport ne dit pas ce qui a été approuvé : il a été modifié après son export. Téléchargez-le de "
                "nouveau depuis la page de la fiche, et demandez d’où vient ce fichier."
            )


def _verifier(chemin: Path) -> Verification:
    try:
        if chemin.stat().st_size > TAILLE_MAX:
            raise CommandError("Ce fichier est trop gros pour un passeport. Vérifiez que vous avez choisi le bon.")
        return verifier(json.loads(chemin.read_bytes()))
    except OSError as exc:
        raise CommandError(f"Le fichier n’a pas été ouvert : {exc.strerror}. Vérifiez son chemin.") from exc
    except (ValueError, RecursionError) as exc:
        raise CommandError(
            "Ce fichier n’est pas un passeport de fiche. Téléchargez-le en JSON depuis la page de la fiche."
        ) from exc


def lignes(verification: Verification) -> list[str]:
    """What was compared, and how it came out."""
    base = {
        True: "égale",
        False: "différente",
        None: "cette version n’y est pas : seul le fichier a été vérifié",
    }
    return [
        f"Empreinte annoncée   {verification.empreinte_dite}",
        f"Empreinte recalculée {verification.empreinte_calculee}",
        f"Contenu\u00a0: {_mot(verification.contenu_egal)}",
        f"Document entier\u00a0: {_mot(verification.document_egal)}",
        f"Base de données\u00a0: {base[verification.base]}",
    ]


def _mot(egal: bool) -> str:
    return "égal" if egal else "différent"
