"""The second axis: what was frozen for a decision, who wrote it, who decided, and in whose name."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Case, F, GeneratedField, Q, Value, When
from django.utils import timezone

from raccordements.models.fiche import Fiche


class DelegationQuerySet(models.QuerySet):
    def en_cours(self, maintenant: datetime | None = None) -> Self:
        maintenant = maintenant or timezone.now()
        return self.filter(debut__lte=maintenant, fin__gt=maintenant, revoquee_le=None)


class Delegation(models.Model):
    """A person who may approve lets another do it in their name, until a date."""

    delegant = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="délégant", related_name="delegations_donnees"
    )
    delegue = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="délégué", related_name="delegations_recues"
    )
    debut = models.DateTimeField("du", default=timezone.now)
    fin = models.DateTimeField("jusqu’au")
    motif = models.CharField("motif", max_length=200, blank=True)
    creee_le = models.DateTimeField("créée le", default=timezone.now, editable=False)
    revoquee_le = models.DateTimeField("révoquée le", null=True, blank=True, editable=False)

    objects = DelegationQuerySet.as_manager()

    class Meta:
        verbose_name = "délégation d’approbation"
        verbose_name_plural = "délégations d’approbation"
        ordering = ["-id"]
        permissions = [("deleguer_approbation", "Peut déléguer ses approbations")]
        constraints = [
            models.CheckConstraint(
                condition=Q(fin__gt=F("debut")),
                name="delegation_finit_apres_son_debut",
                violation_error_message="La délégation finit avant de commencer.",
            ),
            models.CheckConstraint(
                condition=~Q(delegant=F("delegue")),
                name="delegation_a_un_autre",
                violation_error_message="On ne se délègue pas à soi-même.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.delegant} à {self.delegue}, jusqu’au {timezone.localtime(self.fin):%d/%m/%Y}"


class Version(models.Model):
    """A fiche as it was submitted: its content, frozen, and the hash that a manager approves.

    `contenu` and `empreinte` never change (trigger). Whoever decides is a `Participation` in the role of `decideur`
    (foreign key of the database), and a person takes part once: an author or an editor cannot decide.
    """

    class Etat(models.TextChoices):
        EN_ATTENTE = "en_attente", "En attente d’approbation"
        APPROUVEE = "approuvee", "Approuvée"
        REFUSEE = "refusee", "Refusée"
        CADUQUE = "caduque", "Caduque"

    DECIDEES = (Etat.APPROUVEE, Etat.REFUSEE)

    fiche = models.ForeignKey(Fiche, models.PROTECT, related_name="versions", db_index=False)
    numero = models.PositiveIntegerField("numéro")
    contenu = models.JSONField("contenu")
    empreinte = models.CharField("empreinte SHA-256", max_length=64)
    etat = models.CharField("état", max_length=10, choices=Etat, default=Etat.EN_ATTENTE)
    risques = models.JSONField("risques à la soumission", default=list, blank=True)
    message = models.TextField("message au manager", blank=True)
    soumise_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="soumise par", related_name="+"
    )
    soumise_le = models.DateTimeField("soumise le", default=timezone.now)
    decide_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name="décidée par", related_name="+"
    )
    decide_le = models.DateTimeField("décidée le", null=True, blank=True)
    motif = models.TextField("motif", blank=True)
    delegation = models.ForeignKey(
        Delegation, models.PROTECT, null=True, blank=True, verbose_name="par délégation", related_name="decisions"
    )
    #: First column of the foreign key to the deciding participation.
    decide_role: Any = GeneratedField(
        expression=Case(When(decide_par__isnull=False, then=Value("decideur"))),
        output_field=models.CharField(max_length=9, null=True),
        db_persist=True,
    )

    class Meta:
        verbose_name = "version d’une fiche"
        verbose_name_plural = "versions des fiches"
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["fiche", "numero"], name="version_numero_unique"),
            models.UniqueConstraint(
                fields=["fiche"],
                condition=Q(etat="en_attente"),
                name="version_une_en_attente",
                violation_error_message="Cette fiche attend déjà une décision.",
            ),
            # What the foreign key of the fiche points at: its approval is that of its own version.
            models.UniqueConstraint(fields=["id", "etat", "fiche"], name="version_etat_cible"),
            models.CheckConstraint(
                condition=Q(etat__in=("approuvee", "refusee"), decide_par__isnull=False, decide_le__isnull=False)
                | Q(etat__in=("en_attente", "caduque"), decide_par=None, decide_le=None),
                name="version_decidee_par_quelqu_un",
            ),
            models.CheckConstraint(
                condition=~Q(etat="refusee") | Q(motif__gt=""),
                name="version_refus_motive",
                violation_error_message="Un refus donne son motif.",
            ),
            models.CheckConstraint(condition=Q(empreinte__regex=r"^[0-9a-f]{64}$"), name="version_empreinte"),
        ]

    def __str__(self) -> str:
        return f"Version {self.numero} de la fiche n° {self.fiche_id}"


class Participation(models.Model):
    """The part of one person in one version, never changed (trigger): one each, so that who wrote never decides."""

    class Role(models.TextChoices):
        REDACTEUR = "redacteur", "Rédacteur"
        DELEGANT = "delegant", "Délégant"
        DECIDEUR = "decideur", "Décideur"

    version = models.ForeignKey(Version, models.PROTECT, related_name="participations", db_index=False)
    personne = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    role = models.CharField("rôle", max_length=9, choices=Role)

    class Meta:
        verbose_name = "participation à une version"
        verbose_name_plural = "participations aux versions"
        ordering = ["version_id", "id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["version", "personne"],
                name="participation_unique",
                violation_error_message="Qui a rédigé une version ne l’approuve pas.",
            ),
            models.UniqueConstraint(fields=["version", "personne", "role"], name="participation_cible"),
            models.UniqueConstraint(fields=["version"], condition=Q(role="decideur"), name="participation_un_decideur"),
            models.CheckConstraint(
                condition=Q(role__in=("redacteur", "delegant", "decideur")), name="participation_role"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.personne} : {self.get_role_display().lower()}"


class Redaction(models.Model):
    """Who changed a fiche since the version Chorus Pro has: the editors of the version to come."""

    fiche = models.ForeignKey(Fiche, models.CASCADE, related_name="redactions", db_index=False)
    personne = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    depuis = models.DateTimeField("depuis", default=timezone.now)

    class Meta:
        verbose_name = "rédaction d’une fiche"
        verbose_name_plural = "rédactions des fiches"
        ordering = ["fiche_id", "id"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["fiche", "personne"], name="redaction_unique")]

    def __str__(self) -> str:
        return f"{self.personne}"
