from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper

from dossiers.models.cle import CleApi
from dossiers.models.dossier import Dossier
from dossiers.models.operation import Operation
from dossiers.models.portefeuille import PortefeuilleQuerySet


class Ecart(models.Model):
    """One difference between the practice's dossiers and what Loop answered, found by a synchronisation.

    `champs` holds, for each field that differs, what we want, what Loop last said, what it says now:
    `{"nom_usuel": {"voulu": "...", "connu": "...", "constate": "..."}}`.
    """

    class Classe(models.TextChoices):
        ABSENT_LA_BAS = "absent_la_bas", "Absent de LoopHub"
        ABSENT_ICI = "absent_ici", "Absent ici"
        DIFFERENT = "different", "Différent"

    class Etat(models.TextChoices):
        OUVERT = "ouvert", "Ouvert"
        REPARE = "repare", "Réparé"
        CLOS = "clos", "Disparu au relevé suivant"

    cle = models.ForeignKey(CleApi, models.CASCADE, verbose_name="clé d’API", related_name="ecarts")
    code = models.CharField("code", max_length=100)
    dossier = models.ForeignKey(Dossier, models.CASCADE, null=True, blank=True, related_name="ecarts")
    classe = models.CharField("classe", max_length=13, choices=Classe)
    champs = models.JSONField("différences", default=dict)
    etat = models.CharField("état", max_length=6, choices=Etat, default=Etat.OUVERT)
    releve_le = models.DateTimeField("relevé le")
    operation = models.ForeignKey(Operation, models.PROTECT, related_name="ecarts", verbose_name="relevé")

    objects = PortefeuilleQuerySet.as_manager()

    class Meta:
        verbose_name = "écart"
        verbose_name_plural = "écarts avec LoopHub"
        ordering = ["code", "id"]
        permissions = [("reparer_ecart", "Peut réparer un écart avec LoopHub")]
        constraints = [
            models.UniqueConstraint(F("cle"), Upper("code"), condition=Q(etat="ouvert"), name="ecart_ouvert_unique")
        ]
        indexes = [
            models.Index(fields=["classe", "code", "id"], name="ecart_classe", condition=Q(etat="ouvert")),
            models.Index(fields=["cle", "etat"], name="ecart_cle"),
        ]

    def __str__(self) -> str:
        return f"{self.code} – {self.get_classe_display()}"
