from __future__ import annotations

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dossiers.models.dossier import Dossier
from dossiers.models.guichet import Guichet
from dossiers.models.operation import Lot, Operation
from dossiers.models.portefeuille import PortefeuilleQuerySet


class EvenementQuerySet(PortefeuilleQuerySet):
    def pour_frise(self) -> Self:
        return self.select_related("acteur", "operation", "lot", "guichet")


class Evenement(models.Model):
    """One line of the journal: who did what, on what, when. Written once, never changed."""

    class Type(models.TextChoices):
        OPERATION_DEMANDEE = "operation_demandee", "Opération demandée"
        OPERATION_REUSSIE = "operation_reussie", "Opération réussie"
        OPERATION_ECHOUEE = "operation_echouee", "Opération échouée"
        OPERATION_INCERTAINE = "operation_incertaine", "Opération incertaine"
        OPERATION_A_VERIFIER = "operation_a_verifier", "Opération à vérifier"
        OPERATION_ANNULEE = "operation_annulee", "Opération annulée"
        OPERATION_REPRISE = "operation_reprise", "Opération remise en attente"
        LOT_CONFIRME = "lot_confirme", "Lot confirmé"
        MODIFICATION = "modification", "Modification"
        ARCHIVAGE = "archivage", "Archivage"
        RECONCILIATION = "reconciliation", "Réconciliation"
        EXPORT = "export", "Export"
        SECRET = "secret", "Secret défini"
        REFUS = "refus", "Action refusée"

    type = models.CharField("type", max_length=24, choices=Type)
    texte = models.TextField("texte")
    # Three without an index of their own: those of Meta begin with these columns.
    dossier = models.ForeignKey(
        Dossier, models.PROTECT, null=True, blank=True, related_name="evenements", db_index=False
    )
    operation = models.ForeignKey(
        Operation, models.PROTECT, null=True, blank=True, related_name="evenements", db_index=False
    )
    lot = models.ForeignKey(Lot, models.PROTECT, null=True, blank=True, related_name="evenements")
    guichet = models.ForeignKey(
        Guichet, models.PROTECT, verbose_name="identifiants", null=True, blank=True, related_name="evenements"
    )
    acteur = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    details = models.JSONField("détails", default=dict, blank=True)
    cree_le = models.DateTimeField("date", default=timezone.now)

    objects = EvenementQuerySet.as_manager()

    class Meta:
        verbose_name = "événement"
        verbose_name_plural = "journal"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["dossier", "-id"], name="evenement_dossier", condition=Q(dossier__isnull=False)),
            models.Index(
                fields=["operation", "type"], name="evenement_operation", condition=Q(operation__isnull=False)
            ),
            models.Index(fields=["type", "-id"], name="evenement_type"),
            models.Index(fields=["acteur", "-id"], name="evenement_acteur"),
        ]

    def __str__(self) -> str:
        return self.texte[:100]


def journaliser(type_: Evenement.Type | str, texte: str, **champs: Any) -> Evenement:
    """Write one line of the journal, in the caller's transaction.

    Parameters
    ----------
    type_, texte:
        The kind of event and its French sentence, without secret.
    champs:
        `dossier`, `operation`, `lot`, `guichet`, `acteur`, `details`.
    """
    return Evenement.objects.create(type=type_, texte=texte, **champs)
