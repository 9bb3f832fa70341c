from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone


class Epoque(models.Model):
    """Which database this is: what a restored one contradicts. One row. See `dossiers.supervision.epoque`.

    `identite` names the database in which workers may work; `repere`, what the broker remembers of it; `fermee_le`,
    since when it is known to have gone back; `retenues`, whether operations wait behind doubtful ones.
    """

    identite = models.CharField("identité", max_length=120)
    repere = models.UUIDField("repère", default=uuid.uuid4)
    ouverte_le = models.DateTimeField("ouverte le", default=timezone.now)
    fermee_le = models.DateTimeField("fermée le", null=True, blank=True)
    sauvegarde_du = models.DateTimeField("restaurée depuis la sauvegarde du", null=True, blank=True)
    retenues = models.BooleanField("opérations retenues", default=False)

    class Meta:
        verbose_name = "époque"
        verbose_name_plural = "époques"
        default_permissions = ()
        constraints = [models.CheckConstraint(condition=Q(pk=1), name="epoque_unique")]

    def __str__(self) -> str:
        return f"Base ouverte le {timezone.localtime(self.ouverte_le):%d/%m/%Y %H:%M}"
