"""Celery tasks of the connection sheets. The rows say what is left to do."""

from __future__ import annotations

from celery import shared_task

from raccordements.services import suivi, veille


@shared_task(name="raccordements.suivre_fiches")
def suivre_fiches() -> None:
    """Follow what nobody follows, tell what is late, forget the tokens that ended."""
    veille.reprendre_les_suivis()
    suivi.alerter_les_retards()
    veille.oublier_les_jetons()
