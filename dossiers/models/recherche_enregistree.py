from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone

if TYPE_CHECKING:
    from dossiers.models.collaborateur import Collaborateur


class RechercheEnregistreeQuerySet(models.QuerySet):
    def visibles_par(self, personne: Collaborateur) -> Self:
        """Their own, and those that others share with the practice."""
        return self.filter(Q(proprietaire=personne) | Q(partagee=True))

    def de_liste(self, liste: str) -> Self:
        return self.filter(liste=liste)


class RechercheEnregistree(models.Model):
    """The criteria of one list of the admin, under a name. It keeps no row: each person finds what they may see."""

    LONGUEUR_NOM = 80
    LONGUEUR_CRITERES = 2000

    nom = models.CharField("nom", max_length=LONGUEUR_NOM)
    liste = models.CharField("liste", max_length=100, editable=False)
    criteres = models.CharField("critères", max_length=LONGUEUR_CRITERES, editable=False)
    partagee = models.BooleanField(
        "partagée avec le cabinet",
        default=False,
        help_text="Chacun y retrouve les seules lignes qu’il a le droit de voir.",
    )
    proprietaire = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        verbose_name="propriétaire",
        related_name="recherches_enregistrees",
        db_index=False,
        editable=False,
    )
    cree_le = models.DateTimeField("créée le", default=timezone.now, editable=False)

    objects = RechercheEnregistreeQuerySet.as_manager()

    class Meta:
        verbose_name = "recherche enregistrée"
        verbose_name_plural = "recherches enregistrées"
        ordering = ["nom", "id"]
        default_permissions = ()
        permissions = [("gerer_rechercheenregistree", "Peut renommer ou supprimer les recherches partagées des autres")]
        constraints = [
            models.UniqueConstraint(
                fields=["proprietaire", "liste", "nom"],
                name="recherche_enregistree_nom_unique",
                violation_error_message=(
                    "Vous avez déjà une recherche de ce nom sur cette liste. Donnez-lui un autre nom, ou supprimez "
                    "l’ancienne."
                ),
            )
        ]
        indexes = [
            models.Index(fields=["liste", "nom"], name="recherche_partagee", condition=Q(partagee=True)),
        ]

    def __str__(self) -> str:
        return self.nom

    @property
    def adresse(self) -> str:
        """Address of the list with these criteria."""
        return f"{reverse('admin:{}_{}_changelist'.format(*self.liste.split('.')))}?{self.criteres}"
