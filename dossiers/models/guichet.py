"""Where the calls of one credential queue, whatever the remote system and the application that keeps the credential."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.utils import timezone

from dossiers.models.explication import Explication

#: What a credential writes on its guichet; the rest is the workers'.
REPETES = frozenset({"nom", "environnement", "plafond"})


class Guichet(models.Model):
    """The counter where the calls of one credential queue: how many at once, and whether it rests after failures.

    `systeme`, `nom` and `environnement` repeat those of the credential, which writes them (`AvecGuichet`).
    """

    systeme = models.CharField("système", max_length=6, choices=Explication.Systeme)
    nom = models.CharField("nom", max_length=80)
    environnement = models.CharField("environnement", max_length=20)
    plafond = models.PositiveSmallIntegerField(
        "appels simultanés au plus", default=4, validators=[MinValueValidator(1), MaxValueValidator(64)]
    )
    echecs_consecutifs = models.PositiveIntegerField("échecs consécutifs", default=0)
    pause_jusqu_au = models.DateTimeField("en pause jusqu’au", null=True, blank=True)

    class Meta:
        verbose_name = "identifiants"
        verbose_name_plural = "identifiants"
        ordering = ["nom", "id"]
        default_permissions = ()

    def __str__(self) -> str:
        return self.nom

    @property
    def en_pause(self) -> bool:
        return bool(self.pause_jusqu_au and self.pause_jusqu_au > timezone.now())

    @property
    def proprietaire(self) -> AvecGuichet:
        """The credential whose calls queue here; the core does not know its class."""
        relation = next(
            relation
            for relation in self._meta.related_objects
            if relation.one_to_one and relation.related_model.systeme == self.systeme
        )
        return getattr(self, relation.get_accessor_name())


class AvecGuichet(models.Model):
    """A credential, with the guichet of its own that it keeps up to date. It has the fields `nom` and `environnement`.

    Attributes
    ----------
    systeme:
        Remote system, as in the error catalogue.
    """

    systeme: ClassVar[str]

    guichet = models.OneToOneField(Guichet, models.PROTECT, editable=False, related_name="%(class)s")

    class Meta:
        abstract = True

    @property
    @admin.display(description=Guichet._meta.get_field("plafond").verbose_name)
    def plafond(self) -> int:
        """How many calls may be under way at once; written by `save`."""
        return self._son_guichet().plafond

    @plafond.setter
    def plafond(self, nombre: int) -> None:
        self._son_guichet().plafond = nombre

    def _son_guichet(self) -> Guichet:
        if not hasattr(self, "guichet"):
            self.guichet = Guichet()
        return self.guichet

    def save(self, **options: Any) -> None:
        champs = options.get("update_fields")
        ecrits = REPETES if champs is None else REPETES.intersection(champs)
        if not ecrits:
            super().save(**options)
            return
        guichet = self._son_guichet()
        guichet.systeme, guichet.nom, guichet.environnement = self.systeme, self.nom, self.environnement
        with transaction.atomic():
            guichet.save(update_fields=ecrits if guichet.pk else None)
            self.guichet = guichet
            super().save(**options)

    def delete(self, **options: Any) -> Any:
        """Raises ProtectedError when anything was asked with this credential."""
        with transaction.atomic():
            effaces = super().delete(**options)
            self.guichet.delete()
        return effaces
