"""Celery tasks of the connection sheets. The rows say what is left to do."""

from __future__ import annotations

from celery import shared_task

from dossiers.supervision import epoque
from raccordements.services import suivi, veille
from raccordements.souscriptions import fins


@shared_task(name="raccordements.suivre_fiches")
def suivre_fiches() -> None:
    """Follow what nobody follows, tell what is late, forget the tokens that ended."""
    veille.reprendre_les_suivis()
    suivi.alerter_les_retards()
    veille.oublier_les_jetons()


@shared_task(name="raccordements.dire_les_fins")
def dire_les_fins() -> None:
    """Tell Cegid OD the planned ends whose day has come; nothing of a restored base that is not open yet."""
    if epoque.est_ouverte():
        fins.dire_les_fins()
