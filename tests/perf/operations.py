"""Operations per second against a bare loop that makes the same calls to the same simulator."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.perf.terrain import CLE, Mesure, Terrain, attendre, cle_de_mesure, dire, vider_la_base

LATENCE = 0.1
EN_VOL = 16
NOMBRE = 3000
PART = 0.9


def boucle_nue(codes: list[str]) -> float:
    """Calls per second of `EN_VOL` threads that do nothing but call, over kept-alive connections."""
    from django.conf import settings

    entetes = {
        "x-apikey": f"{CLE['cle_publique']}:{CLE['client_secret']}",
        "Ocp-Apim-Subscription-Key": CLE["cle_abonnement"],
    }
    adresse = settings.LOOP_URLS["bac_a_sable"] + settings.LOOP_CHEMINS["ajouter_offre"]

    def appeler(rang: int) -> None:
        with httpx.Client(headers=entetes, trust_env=False) as client:
            for code in codes[rang::EN_VOL]:
                client.post(adresse, json={"codeDossier": code, "offre": "consultation"}).raise_for_status()

    debut = time.perf_counter()
    with ThreadPoolExecutor(EN_VOL) as fils:
        list(fils.map(appeler, range(EN_VOL)))
    return len(codes) / (time.perf_counter() - debut)


def produit(offre: str) -> float:
    """Operations per second of the product, from the person's confirmation to the last settled end."""
    from dossiers.models import Collaborateur, Dossier, Etat
    from dossiers.services.plans import confirmer, preparer
    from tests.fabriques import CollaborateurFactory

    personne = Collaborateur.objects.first() or CollaborateurFactory(manager=True)
    choisis = list(Dossier.objects.values_list("pk", flat=True))
    lot = confirmer(preparer("ajouter_offre", choisis, {"offre": offre}, par=personne).sceller(), par=personne)
    debut = time.time()
    attendre(lambda: not lot.operations.non_reglees().exists(), 180, 0.5)
    reussies = lot.operations.filter(etat=Etat.REUSSIE)
    if reussies.count() != NOMBRE:
        raise RuntimeError(f"{NOMBRE - reussies.count()} opérations n’ont pas réussi")
    return NOMBRE / (reussies.latest("terminee_le").terminee_le.timestamp() - debut)


def mesurer(terrain: Terrain) -> list[Mesure]:
    from dossiers.models import Dossier

    vider_la_base()
    codes = [f"MESURE{rang:05d}" for rang in range(NOMBRE)]
    cle = cle_de_mesure(plafond=EN_VOL)
    Dossier.objects.bulk_create([Dossier(cle=cle, code=code) for code in codes], batch_size=1000)
    tiers = [codes[rang::3] for rang in range(3)]
    with terrain.simulateur(latence=LATENCE, dossiers=[{"codeIbs": code} for code in codes]):
        dire(f"  boucle nue et produit, {NOMBRE} appels chacun, {EN_VOL} en vol…")
        nues = [boucle_nue(tiers[0])]
        with terrain.ouvriers():
            obtenu = produit("consultation")
        nues.append(boucle_nue(tiers[1]))
        with terrain.ouvriers(PGOPTIONS="-c synchronous_commit=off"):
            sans_disque = produit("start")
        nues.append(boucle_nue(tiers[2]))
    nue = statistics.median(nues)
    quoi = f"opérations par seconde, {LATENCE * 1000:.0f} ms de latence, {EN_VOL} en vol"
    repere = f"boucle httpx nue : {nue:.0f} /s"
    return [
        Mesure(
            quoi=quoi,
            mesure=f"{obtenu:.0f} /s",
            repere=repere,
            rapport=f"{obtenu / nue:.0%}",
            but=f"≥ {PART:.0%}",
            tenu=obtenu >= PART * nue,
        ),
        Mesure(
            quoi=f"{quoi}, sans attendre le disque",
            mesure=f"{sans_disque:.0f} /s",
            repere=repere,
            rapport=f"{sans_disque / nue:.0%}",
        ),
    ]
