"""What people are told: a notice in the product, and the digest that carries it by e-mail."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone


class Courriel(models.Model):
    """The digest of one person on one day: its row is written before anything leaves.

    `en_envoi` that lasts is a process killed while it sent: nobody knows whether the mail left, so it is never sent
    again; its notices are in the product all the same.
    """

    class Etat(models.TextChoices):
        EN_ENVOI = "en_envoi", "Envoi commencé"
        ENVOYE = "envoye", "Envoyé"
        A_REPRENDRE = "a_reprendre", "À reprendre"
        ECHOUE = "echoue", "Échoué"

    personne = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="courriels_avis", db_index=False
    )
    jour = models.DateField("jour")
    etat = models.CharField("état", max_length=11, choices=Etat, default=Etat.EN_ENVOI)
    tentatives = models.PositiveSmallIntegerField("tentatives", default=1)
    essaye_le = models.DateTimeField("dernier essai", default=timezone.now)

    class Meta:
        verbose_name = "résumé par courriel"
        verbose_name_plural = "résumés par courriel"
        ordering = ["-id"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["personne", "jour"], name="courriel_un_par_jour")]
        indexes = [
            models.Index(fields=["essaye_le"], name="courriel_a_reprendre", condition=Q(etat="a_reprendre")),
        ]

    def __str__(self) -> str:
        return f"Résumé du {self.jour:%d/%m/%Y} pour {self.personne}"


class Avis(models.Model):
    """One notice to one person about one thing, once: `avis_unique`.

    `genre` says what kind of thing it is (a `Sujet`) and thereby who may see it, `objet` is the key of the thing, `cle`
    names what is told of it: a threshold of a deadline, a decision, the end of a lot. `a_envoyer` lasts until a digest
    has it: the end of that digest's row does not send it again.
    """

    personne = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="avis", db_index=False)
    genre = models.CharField("type", max_length=30)
    objet = models.BigIntegerField("objet")
    cle = models.CharField("ce qui est dit", max_length=120)
    texte = models.CharField("texte", max_length=400)
    adresse = models.CharField("adresse", max_length=300)
    escalade = models.BooleanField("faute d’autre destinataire", default=False)
    montre = models.BooleanField("dans Passerelle", default=True)
    a_envoyer = models.BooleanField("à mettre dans un résumé", default=False)
    courriel = models.ForeignKey(
        Courriel, models.SET_NULL, null=True, blank=True, related_name="avis", verbose_name="résumé"
    )
    cree_le = models.DateTimeField("date", default=timezone.now)
    lu_le = models.DateTimeField("lu le", null=True, blank=True)

    class Meta:
        verbose_name = "avis"
        verbose_name_plural = "avis"
        ordering = ["-id"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["personne", "cle"], name="avis_unique")]
        indexes = [
            models.Index(fields=["personne", "-id"], name="avis_personne", condition=Q(montre=True)),
            models.Index(fields=["personne", "-id"], name="avis_non_lus", condition=Q(montre=True, lu_le=None)),
            models.Index(fields=["personne", "id"], name="avis_a_envoyer", condition=Q(a_envoyer=True, courriel=None)),
        ]

    def __str__(self) -> str:
        return self.texte


class Tournee(models.Model):
    """How far a periodic reading went, so that the next one goes on from there: one row a reading."""

    nom = models.CharField("nom", max_length=30, unique=True)
    jour = models.DateField("jour", null=True, blank=True)
    finie = models.BooleanField("finie", default=False)
    position = models.JSONField("position", default=dict, blank=True)

    class Meta:
        verbose_name = "tournée"
        verbose_name_plural = "tournées"
        default_permissions = ()

    def __str__(self) -> str:
        return self.nom
