"""How each person wants to be told, and the private address of their calendar."""

from __future__ import annotations

import hashlib

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Preference(models.Model):
    """What one person chose; who has no row is told of everything, in the product and each working morning."""

    class Frequence(models.TextChoices):
        CHAQUE_MATIN = "chaque_matin", "Chaque matin ouvré"
        CHAQUE_SEMAINE = "chaque_semaine", "Une fois par semaine, le premier jour ouvré"
        JAMAIS = "jamais", "Jamais"

    personne = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="preference_avis")
    #: What was declined, so that a kind born tomorrow is told.
    sans_avis = ArrayField(models.CharField(max_length=30), verbose_name="sans avis", default=list, blank=True)
    sans_courriel = ArrayField(models.CharField(max_length=30), verbose_name="sans courriel", default=list, blank=True)
    frequence = models.CharField(
        "résumé par courriel", max_length=14, choices=Frequence, default=Frequence.CHAQUE_MATIN
    )

    class Meta:
        verbose_name = "préférences d’avis"
        verbose_name_plural = "préférences d’avis"
        default_permissions = ()

    def __str__(self) -> str:
        return f"Préférences de {self.personne}"


class Agenda(models.Model):
    """The private calendar of one person. Its token is shown once; the row keeps a hash of it."""

    personne = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="agenda")
    empreinte = models.CharField("empreinte SHA-256 du jeton", max_length=64, unique=True, editable=False)
    cree_le = models.DateTimeField("créé le", default=timezone.now, editable=False)

    class Meta:
        verbose_name = "agenda privé"
        verbose_name_plural = "agendas privés"
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(empreinte__regex=r"^[0-9a-f]{64}$"), name="agenda_empreinte")]

    def __str__(self) -> str:
        return f"Agenda de {self.personne}"

    @staticmethod
    def hacher(jeton: str) -> str:
        """The hash kept for a token: 256 random bits need no salt and no slow function."""
        return hashlib.sha256(jeton.encode()).hexdigest()
