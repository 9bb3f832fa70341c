from __future__ import annotations

from django.conf import settings
from django.db import models


class Explication(models.Model):
    """An entry of the error catalogue: a remote message, what it means, what to do about it.

    `motif` is the exact message with `{...}` where the remote puts a value.
    """

    class Systeme(models.TextChoices):
        LOOP = "loop", "Cegid Loop"
        CHORUS = "chorus", "Chorus Pro"
        OD = "od", "Cegid OD"
        # Where fiches are posted: the practice's own gateway, or the simulated portal.
        CANAL = "canal", "Canal des fiches"

    class Gravite(models.TextChoices):
        INFORMATION = "information", "Information"
        ERREUR = "erreur", "Erreur"

    class Statut(models.TextChoices):
        DOCUMENTEE = "documentee", "Documentée par l’éditeur"
        A_ECRIRE = "a_ecrire", "Explication à écrire"
        ECRITE = "ecrite", "Écrite par le cabinet"

    systeme = models.CharField("système", max_length=6, choices=Systeme)
    motif = models.TextField("message", help_text="Texte exact ; {…} remplace ce qui varie.")
    gravite = models.CharField("gravité", max_length=11, choices=Gravite, default=Gravite.ERREUR)
    constat = models.TextField("ce qui s’est passé", blank=True)
    cause = models.TextField("pourquoi", blank=True)
    remede = models.TextField("que faire", blank=True)
    geste = models.CharField("bouton proposé", max_length=40, blank=True)
    source = models.CharField("source", max_length=300, blank=True)
    statut = models.CharField("statut", max_length=10, choices=Statut, default=Statut.A_ECRIRE)
    occurrences = models.PositiveIntegerField("occurrences", default=0, editable=False)
    vue_le = models.DateTimeField("vue le", null=True, blank=True, editable=False)
    dernier_requete_id = models.CharField("dernier requestid", max_length=80, blank=True, editable=False)
    redigee_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    redigee_le = models.DateTimeField("rédigée le", null=True, blank=True, editable=False)

    class Meta:
        verbose_name = "explication"
        verbose_name_plural = "messages expliqués"
        ordering = ["systeme", "id"]
        constraints = [models.UniqueConstraint(fields=["systeme", "motif"], name="explication_motif_unique")]

    def __str__(self) -> str:
        return self.motif[:120]
