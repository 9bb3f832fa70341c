from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Battement(models.Model):
    """The last sign of life of one process. It writes it again every few seconds; the dead ones are forgotten.

    `messages` is how many messages the broker held, as a worker saw it; `compteurs`, what `config.metriques` counted
    in this process since it started.
    """

    class Genre(models.TextChoices):
        EXECUTANT = "executant", "Exécutant"
        HORLOGE = "horloge", "Horloge"

    genre = models.CharField("genre", max_length=9, choices=Genre)
    nom = models.CharField("processus", max_length=120)
    demarre_le = models.DateTimeField("démarré le")
    battu_le = models.DateTimeField("dernier signe")
    messages = models.PositiveIntegerField("messages en file", null=True, blank=True)
    compteurs = models.JSONField("compteurs", default=dict, blank=True)

    class Meta:
        verbose_name = "battement"
        verbose_name_plural = "supervision"
        ordering = ["genre", "nom"]
        default_permissions = ("view",)
        permissions = [("controler_battement", "Peut lancer le contrôle de conservation des opérations")]
        constraints = [models.UniqueConstraint(fields=["genre", "nom"], name="battement_unique")]
        indexes = [models.Index(fields=["genre", "battu_le"], name="battement_genre")]

    def __str__(self) -> str:
        return f"{self.get_genre_display()} {self.nom}"


class ControleConservation(models.Model):
    """The last check of the conservation law: asked for by a person or by the clock, made by a worker. One row."""

    demande_le = models.DateTimeField("demandé le", default=timezone.now)
    demande_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="demandé par"
    )
    commence_le = models.DateTimeField("commencé le", null=True, blank=True)
    fini_le = models.DateTimeField("fini le", null=True, blank=True)
    conforme = models.BooleanField("conforme", null=True, blank=True)
    bilan = models.JSONField("bilan", default=list, blank=True)

    class Meta:
        verbose_name = "contrôle de conservation"
        verbose_name_plural = "contrôles de conservation"
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="controle_conservation_unique")]

    def __str__(self) -> str:
        return f"Contrôle du {timezone.localtime(self.demande_le):%d/%m/%Y %H:%M}"
