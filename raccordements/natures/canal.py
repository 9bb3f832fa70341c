"""The channel `api` as the operations see it: where its calls queue, its client, and why it may not serve."""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.conf import settings

from dossiers.models import Guichet
from dossiers.operations.registre import Journal, Nature
from raccordements.chorus.canal import ClientCanal
from raccordements.models import CanalFiches
from raccordements.services.envoi import Canal


class NatureCanal(Nature):
    """A call of the channel `api`. Its guichet is that of a CanalFiches."""

    systeme = "canal"

    def client(self, guichet: Guichet, journal: Journal) -> AbstractContextManager[ClientCanal]:
        return ClientCanal.pour_environnement(guichet.environnement, journal=journal)

    def empechement(self, guichet: Guichet) -> str:
        return empechement_du_canal(guichet.environnement)


def guichet_du_canal(environnement: str) -> Guichet:
    """Where the calls of the channel `api` queue, made when it first serves."""
    canal, _ = CanalFiches.objects.select_related("guichet").get_or_create(environnement=environnement)
    guichet: Guichet = canal.guichet
    return guichet


def empechement_du_canal(environnement: str) -> str:
    """Why nothing can be sent by the channel `api`, in French; empty when it can."""
    if settings.CHORUS_CANAL != Canal.API:
        return (
            "Le canal réglé est « portail » : une personne saisit la fiche sur le portail. "
            "Préparez le dossier de saisie, ou demandez à un administrateur de changer CHORUS_CANAL."
        )
    if not settings.CHORUS_URLS.get(environnement, {}).get("canal"):
        return (
            f"Le canal « api » n’a pas d’adresse pour l’environnement « {environnement} ». "
            f"Un administrateur doit renseigner CHORUS_CANAL_URL_{environnement.upper()}."
        )
    if not settings.CHORUS_CANAL_JETON:
        return "Le canal « api » n’a pas de jeton. Un administrateur doit renseigner CHORUS_CANAL_JETON."
    return ""
