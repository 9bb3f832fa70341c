from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q

from dossiers.models import Dossier, Offre
from dossiers.models.portefeuille import PortefeuilleQuerySet
from interlocuteurs.models.interlocuteur import Interlocuteur


class AccesQuerySet(PortefeuilleQuerySet):
    def en_ecart(self) -> AccesQuerySet:
        """Accès whose wanted state is not the last observed one; never observed means absent."""
        partiel = Q(constate=None) | ~Q(voulu=F("constate"))  # the condition of the index `acces_en_ecart`
        return self.filter(partiel).exclude(voulu=False, constate=None)


class Acces(models.Model):
    """What a contact may use: one offer on one dossier; what the practice wants, what Loop last said."""

    interlocuteur = models.ForeignKey(
        Interlocuteur, models.PROTECT, verbose_name="interlocuteur", related_name="acces", db_index=False
    )
    dossier = models.ForeignKey(Dossier, models.PROTECT, verbose_name="dossier", related_name="acces", db_index=False)
    offre = models.CharField("offre", max_length=13, choices=Offre.Code)
    voulu = models.BooleanField("voulu", default=False)
    constate = models.BooleanField("constaté", null=True, blank=True, help_text="Vide : Loop n’en a encore rien dit.")
    constate_le = models.DateTimeField("constaté le", null=True, blank=True)

    objects = AccesQuerySet.as_manager()

    class Meta:
        verbose_name = "accès"
        verbose_name_plural = "accès"
        ordering = ["interlocuteur_id", "dossier_id", "offre"]
        constraints = [
            models.UniqueConstraint(
                fields=["interlocuteur", "dossier", "offre"],
                name="acces_unique",
                violation_error_message="Cet interlocuteur a déjà une ligne pour cette offre sur ce dossier.",
            )
        ]
        indexes = [
            models.Index(fields=["dossier", "interlocuteur"], name="acces_dossier"),
            models.Index(
                fields=["interlocuteur"],
                name="acces_en_ecart",
                condition=Q(constate=None) | ~Q(voulu=F("constate")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_offre_display()} sur {self.dossier.code}"

    @property
    def en_ecart(self) -> bool:
        """What is wanted is not what was last observed."""
        return self.voulu != bool(self.constate)

    def clean(self) -> None:
        super().clean()
        if not meme_domaine(self.interlocuteur, self.dossier):
            raise ValidationError(
                "L’accès n’a pas été enregistré : le dossier n’est pas sur le domaine Loop de l’interlocuteur. "
                "Créez l’interlocuteur sur le domaine de ce dossier.",
                code="domaine",
            )


def meme_domaine(interlocuteur: Interlocuteur, dossier: Dossier) -> bool:
    """Whether the key of the dossier opens the environment and domain of the contact."""
    cle = dossier.cle
    return (interlocuteur.environnement, interlocuteur.domaine) == (cle.environnement, cle.domaine.upper())
