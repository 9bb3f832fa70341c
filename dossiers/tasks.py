"""Celery tasks. A message carries a row id and says "look"; the database says what to do."""

from __future__ import annotations

from celery import shared_task
from celery.signals import worker_init, worker_ready, worker_shutdown, worker_shutting_down

from dossiers.echeances import courriel, nouvelles, rappels
from dossiers.ecritures import verification
from dossiers.operations import balayage, execution
from dossiers.retention import registre
from dossiers.services import restauration
from dossiers.supervision import battements, conservation, epoque

#: A message older than this is useless: the sweep has sent another.
PEREMPTION = 30


@worker_shutting_down.connect
def _arreter(**_: object) -> None:
    execution.arret.set()


@worker_init.connect
def _demarrer(**_: object) -> None:
    execution.arret.clear()


@worker_ready.connect
def _donner_signe_de_vie(**_: object) -> None:
    pouls = battements.Pouls()
    pouls.start()
    worker_shutdown.connect(lambda **_: pouls.arreter(), weak=False)


@shared_task(name="dossiers.travailler")
def travailler(guichet_id: int) -> None:
    """Work through what is due for one guichet, then look again: a loop ends after some seconds, its work may not.

    Nothing of a restored base is touched before what it holds was set apart (`dossiers.supervision.epoque`).
    """
    if not epoque.est_ouverte():
        return
    balayage.regler_au_passage()
    if execution.vider(guichet_id) and not execution.arret.is_set():
        travailler.apply_async((guichet_id,), expires=PEREMPTION)


@shared_task(name="dossiers.balayer")
def balayer() -> None:
    """Expire leases, settle what is settleable, wake loops for what is due."""
    if not epoque.est_ouverte():
        return
    restauration.liberer_les_retenues()
    if conservation.reste_a_faire():
        controler_conservation.apply_async(expires=PEREMPTION)
    for guichet_id, combien in balayage.balayer().items():
        for _ in range(combien):
            travailler.apply_async((guichet_id,), expires=PEREMPTION)


@shared_task(name="dossiers.controler_ecritures")
def controler_ecritures() -> None:
    """Check the oldest file that waits, then ask for another turn while some do."""
    if verification.controler_le_suivant():
        controler_ecritures.apply_async(expires=PEREMPTION)


@shared_task(name="dossiers.reprendre_ecritures")
def reprendre_ecritures() -> None:
    """Wake the checks that nobody makes, and erase the files of the imports ended long ago."""
    for _ in range(verification.places_libres()):
        controler_ecritures.apply_async(expires=PEREMPTION)
    verification.effacer_les_anciens()


@shared_task(name="dossiers.purger")
def purger() -> None:
    """Erase what the rules of retention say is old. Nothing of a restored base is touched before it was set apart."""
    if epoque.est_ouverte():
        registre.purger()


@shared_task(name="dossiers.controler_conservation")
def controler_conservation() -> None:
    """Check the conservation law for whoever asked on the supervision page."""
    conservation.executer()


@shared_task(name="dossiers.prevenir")
def prevenir() -> None:
    """Tell what happened, remind of the deadlines of the day, then send the digests. Each goes on from its row."""
    if not epoque.est_ouverte():
        return
    nouvelles.annoncer_les_nouvelles()
    if rappels.faire_la_tournee():
        courriel.envoyer_les_resumes()
