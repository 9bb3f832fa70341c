"""Ten thousand dossiers against LoopHub: first seen, repaired here, seen again, one in a hundred changed.

The peer is what no synchronisation can do without: the same GET, and COPY of the same rows into a bare table.
"""

from __future__ import annotations

from typing import Any

import httpx

from tests.perf.terrain import CLE, DOMAINE, Mesure, Terrain, chronometrer, cle_de_mesure, dire, vider_la_base

NOMBRE = 10_000
CHAMPS = ("codeIbs", "objectId", "nomUsuel", "raisonSociale", "maitreDossier", "engagementManager")


def distants(*, changes: bool = False) -> list[dict[str, str]]:
    """Invented files as LOOPHUB lists them; with `changes`, one name in a hundred is another."""
    return [
        {
            "codeIbs": f"MESURE{rang:05d}",
            "nomUsuel": f"Atelier {'renommé ' if changes and rang % 100 == 0 else ''}{rang}",
            "raisonSociale": f"SARL Atelier inventé {rang}",
            "maitreDossier": f"maitre{rang % 40}@cabinet.example",
            "engagementManager": f"manager{rang % 10}@cabinet.example",
        }
        for rang in range(NOMBRE)
    ]


def copie_nue() -> None:
    """GET the list, parse it, COPY its rows into a table without any index."""
    from django.conf import settings
    from django.db import connection, transaction

    entetes = {
        "x-apikey": f"{CLE['cle_publique']}:{CLE['client_secret']}",
        "Ocp-Apim-Subscription-Key": CLE["cle_abonnement"],
    }
    adresse = settings.LOOP_URLS["bac_a_sable"] + settings.LOOP_CHEMINS["loophub"]
    corps = {"apiKey": CLE["cle_publique"], "domain": DOMAINE}
    reponse = httpx.request("GET", adresse, headers=entetes, json=corps, timeout=60, trust_env=False)
    with transaction.atomic(), connection.cursor() as curseur:
        curseur.execute(f"CREATE TABLE copie_nue ({', '.join(f'{champ} text' for champ in CHAMPS)})")
        with curseur.copy("COPY copie_nue FROM STDIN") as copie:
            for ligne in reponse.raise_for_status().json():
                copie.write_row([ligne[champ] for champ in CHAMPS])
        curseur.execute("DROP TABLE copie_nue")


def relever(cle: Any, personne: Any) -> None:
    """One synchronisation, from the request of a person to its settled end."""
    from dossiers.models import Etat
    from dossiers.operations.execution import vider
    from dossiers.services.operations import demander

    operation = demander("synchroniser_loophub", par=personne, guichet=cle.guichet)
    vider(cle.guichet_id)
    operation.refresh_from_db()
    if operation.etat != Etat.REUSSIE:
        raise RuntimeError(f"relevé non réussi : {operation.message}")


def reparer(personne: Any) -> None:
    """Plan and confirmation of « Réparer ici » on every open difference."""
    from dossiers.models import Ecart
    from dossiers.services.plans import confirmer, preparer

    ouverts = list(Ecart.objects.filter(etat=Ecart.Etat.OUVERT).values_list("pk", flat=True))
    confirmer(preparer("reparer_ici", ouverts, {}, par=personne).sceller(), par=personne)


def mesurer(terrain: Terrain) -> list[Mesure]:
    from dossiers.models import Dossier, Ecart
    from tests.fabriques import CollaborateurFactory

    vider_la_base()
    cle, personne = cle_de_mesure(), CollaborateurFactory(manager=True)
    temps: dict[str, float] = {}

    def chronique(nom: str, ecarts: int, faire: Any) -> None:
        temps[nom] = chronometrer(faire)
        restent = Ecart.objects.filter(etat=Ecart.Etat.OUVERT).count()
        if restent != ecarts:
            raise RuntimeError(f"{nom} : {restent} écarts au lieu de {ecarts}")

    with terrain.simulateur(dossiers=distants()) as simulateur:
        dire(f"  relevés de {NOMBRE} dossiers…")
        nue = min(chronometrer(copie_nue) for _ in range(3))
        chronique("relevé, tous absents ici", NOMBRE, lambda: relever(cle, personne))
        chronique("réparation ici de tous (plan et confirmation)", 0, lambda: reparer(personne))
        chronique("relevé, rien à faire", 0, lambda: relever(cle, personne))
        simulateur.post("/charger", json={"dossiers": distants(changes=True)}).raise_for_status()
        chronique("relevé, 1 % de différents", NOMBRE // 100, lambda: relever(cle, personne))
    assert Dossier.objects.count() == NOMBRE
    return [
        Mesure(
            quoi=f"{NOMBRE} dossiers : {nom}",
            mesure=f"{duree:.1f} s",
            repere=f"GET et COPY des mêmes lignes : {nue:.2f} s",
            rapport=f"× {duree / nue:.1f}",
        )
        for nom, duree in temps.items()
    ]
