from __future__ import annotations

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from raccordements.models.approbation import Version
from raccordements.models.fiche import Fiche
from raccordements.models.statuts import Etat


class EvenementFicheQuerySet(models.QuerySet):
    def pour_frise(self) -> Self:
        return self.select_related("acteur", "version")


class EvenementFiche(models.Model):
    """One line of the life of a fiche: who did what, and from which status to which. Written once, never changed."""

    class Type(models.TextChoices):
        CREATION = "creation", "Création"
        MODIFICATION = "modification", "Modification"
        SUPPRESSION = "suppression", "Suppression"
        SOUMISSION = "soumission", "Soumission à l’approbation"
        APPROBATION = "approbation", "Approbation"
        REFUS = "refus", "Refus"
        ANNULATION = "annulation", "Approbation annulée"
        PRISE = "prise", "Envoi commencé"
        ABANDON = "abandon", "Envoi abandonné"
        ENVOI = "envoi", "Envoi"
        ACTIVATION = "activation", "Activation constatée"
        RETRAIT = "retrait", "Retrait de la demande"
        DESACTIVATION = "desactivation", "Désactivation"
        REACTIVATION = "reactivation", "Désactivation annulée"
        CODE_APPLI = "code_appli", "Code appli partenaire"
        CONSTAT = "constat", "Constat"
        VERIFICATION = "verification", "Vérification dans Chorus Pro"
        ALERTE = "alerte", "Activation en retard"

    fiche = models.ForeignKey(Fiche, models.CASCADE, related_name="evenements", db_index=False)
    version = models.ForeignKey(Version, models.PROTECT, null=True, blank=True, related_name="evenements")
    type = models.CharField("type", max_length=13, choices=Type)
    de = models.CharField("état avant", max_length=11, choices=Etat, blank=True)
    vers = models.CharField("état après", max_length=11, choices=Etat, blank=True)
    texte = models.TextField("texte")
    acteur = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    details = models.JSONField("détails", default=dict, blank=True)
    cree_le = models.DateTimeField("date", default=timezone.now)

    objects = EvenementFicheQuerySet.as_manager()

    class Meta:
        verbose_name = "événement d’une fiche"
        verbose_name_plural = "événements des fiches"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["fiche", "version"],
                condition=Q(type="alerte"),
                name="evenement_alerte_unique",
                violation_error_message="Le retard de cet envoi est déjà signalé.",
            )
        ]
        indexes = [
            models.Index(fields=["fiche", "-id"], name="evenement_fiche_frise"),
            models.Index(fields=["acteur", "-id"], name="evenement_fiche_acteur"),
        ]

    def __str__(self) -> str:
        return self.texte[:100]
