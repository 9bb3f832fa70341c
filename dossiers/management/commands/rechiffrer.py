"""`manage.py rechiffrer`: every stored secret goes under the first of FERNET_KEYS, and an old key can be removed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import fernet_fields
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, models, transaction

LOT = 1000


@dataclass
class Compte:
    """What became of the values of one table: opened by the first key already, put under it, opened by none."""

    table: str
    a_jour: int = 0
    rechiffres: int = 0
    illisibles: list[int] = field(default_factory=list)


class Command(BaseCommand):
    help = (
        "Rechiffre tous les secrets avec la première clé de FERNET_KEYS (après y avoir ajouté une clé neuve en tête)."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        comptes = [rechiffrer(modele, champs) for modele, champs in modeles_chiffres()]
        for compte in comptes:
            self.stdout.write(
                f"{compte.table}\u00a0: {compte.rechiffres} rechiffrés, {compte.a_jour} déjà à jour, "
                f"{len(compte.illisibles)} illisibles"
            )
        self.stdout.write(f"Total\u00a0: {sum(compte.rechiffres for compte in comptes)} rechiffrés.")
        if any(compte.illisibles for compte in comptes):
            lignes = "; ".join(
                f"{compte.table} n° {', '.join(map(str, compte.illisibles[:10]))}"
                for compte in comptes
                if compte.illisibles
            )
            raise CommandError(
                f"Des secrets n’ont pas pu être rechiffrés ({lignes})\u00a0: aucune clé de FERNET_KEYS ne les ouvre. "
                "Remettez l’ancienne clé à la fin de FERNET_KEYS et relancez, ou faites ressaisir ces secrets."
            )
        self.stdout.write("Les clés qui suivent la première dans FERNET_KEYS peuvent être retirées.")


def champs_chiffres(modele: type[models.Model]) -> list[Any]:
    """The encrypted columns of one table."""
    return [c for c in modele._meta.local_concrete_fields if isinstance(c, fernet_fields.EncryptedField)]


def modeles_chiffres() -> Iterator[tuple[type[models.Model], list[Any]]]:
    """Every table that holds encrypted columns, historical ones included."""
    for modele in apps.get_models(include_auto_created=True):
        if modele._meta.managed and (champs := champs_chiffres(modele)):
            yield modele, champs


def rechiffrer(modele: type[models.Model], champs: list[Any]) -> Compte:
    """Rotate the encrypted columns of one table, LOT rows at a time, each batch locked and written in its transaction.

    Raw tokens are read and written: the clear text stays inside `rotate`, which also keeps the date of the encryption.
    """
    compte = Compte(modele._meta.db_table)
    serrures = [[Fernet(cle) for cle in champ.fernet_keys] for champ in champs]
    citer = connection.ops.quote_name
    table, cle = citer(modele._meta.db_table), citer(str(modele._meta.pk.column))
    colonnes = [citer(champ.column) for champ in champs]
    lire = (
        f"SELECT {cle}, {', '.join(colonnes)} FROM {table} "  # noqa: S608 - names come from the models
        f"WHERE {cle} > %s ORDER BY {cle} LIMIT {LOT} FOR NO KEY UPDATE"
    )
    ecrire = f"UPDATE {table} SET {', '.join(f'{colonne} = %s' for colonne in colonnes)} WHERE {cle} = %s"  # noqa: S608
    dernier = 0
    lignes: list[tuple[int, list[bytes | None]]] = []
    while dernier == 0 or len(lignes) == LOT:
        with transaction.atomic(), connection.cursor() as curseur:
            curseur.execute(lire, [dernier])
            lignes = [(pk, [jeton and bytes(jeton) for jeton in jetons]) for pk, *jetons in curseur.fetchall()]
            changees = []
            for pk, jetons in lignes:
                nouveaux = [_tourner(jeton, cles, compte, pk) for jeton, cles in zip(jetons, serrures, strict=True)]
                if nouveaux != jetons:
                    changees.append([*nouveaux, pk])
            curseur.executemany(ecrire, changees)
        dernier = lignes[-1][0] if lignes else -1
    return compte


def _tourner(jeton: bytes | None, cles: list[Fernet], compte: Compte, pk: int) -> bytes | None:
    """The token under the first key; unchanged when it is already, absent, or opened by no key."""
    if jeton is None:
        return None
    try:
        cles[0].decrypt(jeton)
    except InvalidToken:
        try:
            tourne = MultiFernet(cles).rotate(jeton)
        except InvalidToken:
            compte.illisibles.append(pk)
            return jeton
        compte.rechiffres += 1
        return tourne
    compte.a_jour += 1
    return jeton
