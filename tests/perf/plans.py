"""The plan of 5,000 dossiers through the admin's own pages, then its confirmation: time, queries, remote calls."""

from __future__ import annotations

from typing import Any

from tests.perf.terrain import Mesure, Terrain, chronometrer, dire, vider_la_base

NOMBRE = 5000
LIMITE = 3.0


def mesurer(terrain: Terrain) -> list[Mesure]:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext
    from django.urls import reverse

    from dossiers.models import Lot
    from tests.dossiers.admin.formulaires import formulaire
    from tests.perf.volume import entrer, garnir

    vider_la_base()
    garnir(NOMBRE)
    client = entrer(collaborateur=True)
    liste = reverse("admin:dossiers_dossier_changelist")
    dire(f"  plan et confirmation de {NOMBRE} dossiers…")
    pages: dict[str, Any] = {}
    temps: dict[str, float] = {}
    requetes: dict[str, int] = {}

    def ouvrir(nom: str, envoyer: Any, *, fois: int = 1) -> None:
        def une_fois() -> None:
            with CaptureQueriesContext(connection) as captures:
                pages[nom] = envoyer()
            requetes[nom] = len(captures)

        temps[nom] = min(chronometrer(une_fois) for _ in range(fois))

    with terrain.simulateur() as simulateur:
        choix = {"action": "ajouter_offre", "_selected_action": "1", "select_across": "1", "index": "0"}
        ouvrir("choix de la sélection", lambda: client.post(f"{liste}?service=tous", choix), fois=3)
        parametres = formulaire(pages["choix de la sélection"], "/plan/")
        ouvrir("page du plan", lambda: parametres.envoyer(client, offre="start"), fois=3)
        confirmation = formulaire(pages["page du plan"], "/plan/confirmer/")
        ouvrir("confirmation", lambda: confirmation.envoyer(client))
        appels = sum(simulateur.get("/compte").json()["appels"].values())
    lot = Lot.objects.get()
    assert lot.total + lot.bloquees == NOMBRE
    return [
        Mesure(
            quoi=f"{NOMBRE} dossiers : {nom}",
            mesure=f"{duree:.2f} s, {requetes[nom]} requêtes",
            repere=f"limite : {LIMITE:g} s",
            rapport=f"{duree / LIMITE:.0%}",
            but="≤ 100 %" if nom != "confirmation" else "–",
            tenu=duree <= LIMITE if nom != "confirmation" else None,
        )
        for nom, duree in temps.items()
    ] + [
        Mesure(
            quoi=f"{NOMBRE} dossiers : appels distants avant l’ouvrier",
            mesure=str(appels),
            repere="aucun",
            rapport="=" if not appels else "≠",
            but="aucun",
            tenu=not appels,
        )
    ]
