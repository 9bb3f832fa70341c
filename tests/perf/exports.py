"""CSV and XLSX of the list of dossiers against COPY of the same query, first byte and memory."""

from __future__ import annotations

import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from tests.perf.terrain import Memoire, Mesure, Terrain, chronometrer, dire

LIGNES_CSV, LIGNES_XLSX = 1_000_000, 100_000
RAPPORT, PREMIER_OCTET, MEMOIRE = 4, 0.3, 32


def copier(queryset: Any, sources: Iterable[str]) -> None:
    """COPY of the same rows and columns, as PostgreSQL holds them, read and thrown away."""
    from django.db import connection

    sql, parametres = queryset.prefetch_related(None).values_list(*sources).query.sql_with_params()
    with connection.cursor() as curseur, curseur.copy(f"COPY ({sql}) TO STDOUT WITH (FORMAT csv)", parametres) as copie:
        for _ in copie:
            pass


def exporter_a_part() -> tuple[int, float, float, float]:
    """Bytes, first row (s), whole (s), memory (MiB); in a process of its own, where no freed memory hides the use."""
    import django

    django.setup()
    from django.urls import reverse

    from tests.perf.volume import entrer

    liste = reverse("admin:dossiers_dossier_export_csv")
    client = entrer(superutilisateur=True)
    client.get(f"{liste}?q=V0000001").getvalue()  # type: ignore[attr-defined]

    def exporter() -> tuple[int, float]:
        debut = time.perf_counter()
        paquets = iter(client.get(f"{liste}?service=tous").streaming_content)  # type: ignore[attr-defined]
        octets = len(next(paquets)) + len(next(paquets))
        premier = time.perf_counter() - debut
        return octets + sum(map(len, paquets)), premier

    debut = time.perf_counter()
    with Memoire() as memoire:
        octets, premier = exporter()
    return octets, premier, time.perf_counter() - debut, memoire.depassement


def tableur_a_part() -> tuple[float, float]:
    """The same for the XLSX: seconds, memory (MiB)."""
    import django

    django.setup()
    from django.contrib import admin

    from config.exports import exporter_xlsx
    from dossiers.models import Dossier

    colonnes = admin.site._registry[Dossier].colonnes_export  # type: ignore[attr-defined]
    lignes = Dossier.objects.order_by("code", "id")
    for _ in exporter_xlsx("essai", colonnes, lignes[:10]):
        pass
    debut = time.perf_counter()
    with Memoire() as memoire:
        for _ in exporter_xlsx("dossiers", colonnes, lignes[:LIGNES_XLSX]):
            pass
    return time.perf_counter() - debut, memoire.depassement


def mesurer(terrain: Terrain) -> list[Mesure]:
    from django.contrib import admin

    from dossiers.models import Dossier
    from tests.perf.volume import garnir

    dire(f"  {LIGNES_CSV} dossiers : écriture…")
    garnir(LIGNES_CSV)
    sources = [colonne.source for colonne in admin.site._registry[Dossier].colonnes_export]  # type: ignore[attr-defined]
    lignes = Dossier.objects.order_by("code", "id")
    dire("  CSV et XLSX…")
    nue = min(chronometrer(lambda: copier(lignes, sources)) for _ in range(2))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as autre:
        octets, premier, csv, memoire = min(
            (autre.submit(exporter_a_part).result() for _ in range(2)), key=lambda mesure: mesure[2]
        )
        xlsx, memoire_xlsx = autre.submit(tableur_a_part).result()
    nue = min(nue, chronometrer(lambda: copier(lignes, sources)))
    nue_xlsx = chronometrer(lambda: copier(lignes[:LIGNES_XLSX], sources))
    quoi = "CSV de 1 million de dossiers"
    return [
        Mesure(
            quoi=f"{quoi} ({octets / 2**20:.0f} Mio)",
            mesure=f"{csv:.1f} s",
            repere=f"COPY de la même requête : {nue:.1f} s",
            rapport=f"× {csv / nue:.1f}",
            but=f"≤ × {RAPPORT}",
            tenu=csv <= RAPPORT * nue,
        ),
        Mesure(
            quoi=f"{quoi} : première ligne",
            mesure=f"{premier:.3f} s",
            repere=f"limite : {PREMIER_OCTET} s",
            rapport=f"{premier / PREMIER_OCTET:.0%}",
            but="≤ 100 %",
            tenu=premier <= PREMIER_OCTET,
        ),
        Mesure(
            quoi=f"{quoi} : mémoire au-dessus du repos",
            mesure=f"{memoire:.0f} Mio",
            repere=f"limite : {MEMOIRE} Mio",
            rapport=f"{memoire / MEMOIRE:.0%}",
            but="≤ 100 %",
            tenu=memoire <= MEMOIRE,
        ),
        Mesure(
            quoi="XLSX de 100 000 dossiers",
            mesure=f"{xlsx:.1f} s, {memoire_xlsx:.0f} Mio",
            repere=f"COPY de la même requête : {nue_xlsx:.2f} s",
            rapport=f"× {xlsx / nue_xlsx:.0f}",
        ),
    ]
