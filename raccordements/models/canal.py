from __future__ import annotations

from django.db import models

from dossiers.models import AvecGuichet, Explication
from raccordements.models.statuts import EnvironnementChorus


class CanalFiches(AvecGuichet):
    """The channel `api` in one environment: where its calls queue. Its address and its token are settings."""

    systeme = Explication.Systeme.CANAL

    environnement = models.CharField("environnement", max_length=13, choices=EnvironnementChorus, unique=True)

    class Meta:
        verbose_name = "canal des fiches"
        verbose_name_plural = "canaux des fiches"
        default_permissions = ()

    def __str__(self) -> str:
        return self.nom

    @property
    def nom(self) -> str:
        return f"Canal « api » ({self.get_environnement_display().lower()})"
