from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.indexes import BrinIndex
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dossiers.models.cle import CleApi, Environnement
from dossiers.models.dossier import Dossier
from dossiers.models.guichet import Guichet
from dossiers.models.portefeuille import PortefeuilleQuerySet

if TYPE_CHECKING:
    from dossiers.operations.registre import Nature


class Etat(models.TextChoices):
    EN_ATTENTE = "en_attente", "En attente"
    EN_COURS = "en_cours", "En cours"
    REUSSIE = "reussie", "Réussie"
    ECHOUEE = "echouee", "Échouée"
    INCERTAINE = "incertaine", "Incertaine"
    A_VERIFIER = "a_verifier", "À vérifier"
    ANNULEE = "annulee", "Annulée"


#: Where each state may go. What leaves a settled state does so by a new operation, never by reopening the old one.
TRANSITIONS: dict[Etat, frozenset[Etat]] = {
    Etat.EN_ATTENTE: frozenset({Etat.EN_COURS, Etat.ANNULEE}),
    Etat.EN_COURS: frozenset({Etat.REUSSIE, Etat.ECHOUEE, Etat.INCERTAINE, Etat.EN_ATTENTE}),
    Etat.INCERTAINE: frozenset({Etat.REUSSIE, Etat.EN_ATTENTE, Etat.A_VERIFIER}),
    Etat.A_VERIFIER: frozenset({Etat.REUSSIE, Etat.ECHOUEE, Etat.EN_ATTENTE}),
    Etat.REUSSIE: frozenset(),
    Etat.ECHOUEE: frozenset(),
    Etat.ANNULEE: frozenset(),
}
#: The remote object is ours while its operation is here: no other may start.
EN_VOL = (Etat.EN_COURS, Etat.INCERTAINE, Etat.A_VERIFIER)
NON_REGLEES = (Etat.EN_ATTENTE, *EN_VOL)
REGLEES = (Etat.REUSSIE, Etat.ECHOUEE, Etat.ANNULEE)
#: Date no operation reaches by waiting: that of what a restoration holds, which may have left since the backup.
#: Far from the last year, which time zones overflow.
JAMAIS = datetime(9000, 1, 1, tzinfo=UTC)


class LotQuerySet(models.QuerySet):
    def visibles_par(self, personne: Any) -> Self:
        """Lots `personne` may see: their own when limited to their portfolio."""
        return self.filter(cree_par=personne) if getattr(personne, "portefeuille_seul", False) else self


class Lot(models.Model):
    """The operations that one bulk action created together, bound to the plan its author saw."""

    plan = models.UUIDField("plan", unique=True, editable=False)
    geste = models.CharField("geste", max_length=40)
    libelle = models.CharField("libellé", max_length=200)
    parametres = models.JSONField("paramètres", default=dict, blank=True)
    environnement = models.CharField("environnement", max_length=12, choices=Environnement, blank=True)
    cree_par = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="créé par", related_name="lots")
    cree_le = models.DateTimeField("créé le", default=timezone.now)
    total = models.PositiveIntegerField("opérations", default=0)
    faites_ici = models.PositiveIntegerField("modifications locales", default=0)
    sans_objet = models.PositiveIntegerField("rien à faire", default=0)
    bloquees = models.PositiveIntegerField("bloquées", default=0)
    refus = models.JSONField("lignes refusées à la confirmation", default=list, blank=True, encoder=DjangoJSONEncoder)
    relance_de = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="relances")

    objects = LotQuerySet.as_manager()

    class Meta:
        verbose_name = "lot"
        verbose_name_plural = "lots"
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"Lot n° {self.pk} – {self.libelle}"


class OperationQuerySet(PortefeuilleQuerySet):
    def dues(self) -> Self:
        """Waiting and due: a worker may claim them now."""
        return self.filter(etat=Etat.EN_ATTENTE, pas_avant__lte=timezone.now())

    def non_reglees(self) -> Self:
        return self.filter(etat__in=NON_REGLEES)

    def annulables(self) -> Self:
        """Waiting, and surely not gone: a restoration holds none of them."""
        return self.filter(etat=Etat.EN_ATTENTE).exclude(pas_avant=JAMAIS)


class Operation(models.Model):
    """One intended remote effect, kept from the click to its settled end."""

    class Famille(models.TextChoices):
        PASSAGERE = "passagere", "Passagère"
        DEFINITIVE = "definitive", "Refus du service distant"
        REGLAGE = "reglage", "Réglage à corriger"
        PERSONNE = "personne", "Décidée par une personne"

    reference = models.UUIDField("référence", default=uuid.uuid4, unique=True, editable=False)
    nature = models.CharField("nature", max_length=40)
    etat = models.CharField("état", max_length=10, choices=Etat, default=Etat.EN_ATTENTE)
    objet = models.CharField("objet distant", max_length=240)
    parametres = models.JSONField("paramètres", default=dict, blank=True)
    # Without an index of its own: operation_dossier and operation_lot begin with these columns.
    dossier = models.ForeignKey(
        Dossier, models.PROTECT, null=True, blank=True, related_name="operations", db_index=False
    )
    guichet = models.ForeignKey(Guichet, models.PROTECT, verbose_name="identifiants", related_name="operations")
    lot = models.ForeignKey(Lot, models.PROTECT, null=True, blank=True, related_name="operations", db_index=False)
    demandee_par = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name="demandée par",
        null=True,
        blank=True,
        related_name="operations",
    )
    relance_de = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="relances")
    creee_le = models.DateTimeField("créée le", default=timezone.now)

    pas_avant = models.DateTimeField("pas avant", default=timezone.now)
    tentatives = models.PositiveSmallIntegerField("tentatives", default=0)
    relectures = models.PositiveSmallIntegerField("relectures", default=0)
    jeton = models.UUIDField("jeton", null=True, blank=True, editable=False)
    bail_jusqu_au = models.DateTimeField("bail jusqu’au", null=True, blank=True)
    quarantaine_jusqu_au = models.DateTimeField("quarantaine jusqu’au", null=True, blank=True)

    famille = models.CharField("famille", max_length=10, choices=Famille, blank=True)
    message = models.TextField("message reçu", blank=True)
    code_erreur = models.CharField("code d’erreur", max_length=120, blank=True)
    requete_id = models.CharField("requestid", max_length=80, blank=True)
    explication = models.ForeignKey(
        "dossiers.Explication",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="operations",
        verbose_name="explication",
    )
    terminee_le = models.DateTimeField("terminée le", null=True, blank=True)

    objects = OperationQuerySet.as_manager()

    class Meta:
        verbose_name = "opération"
        verbose_name_plural = "opérations"
        ordering = ["-id"]
        permissions = [
            ("annuler_operation", "Peut annuler une opération en attente"),
            ("relancer_operation", "Peut relancer une opération échouée"),
            ("trancher_operation", "Peut trancher une opération à vérifier"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["objet"],
                condition=Q(etat__in=EN_VOL),
                name="operation_une_en_vol_par_objet",
                violation_error_message="Une opération est déjà en vol sur cet objet.",
            ),
            models.CheckConstraint(
                condition=~Q(etat=Etat.EN_COURS) | Q(jeton__isnull=False, bail_jusqu_au__isnull=False),
                name="operation_en_cours_a_un_bail",
            ),
            models.CheckConstraint(
                condition=Q(etat__in=REGLEES, terminee_le__isnull=False) | Q(etat__in=NON_REGLEES, terminee_le=None),
                name="operation_reglee_a_une_fin",
            ),
        ]
        indexes = [
            models.Index(
                fields=["guichet", "pas_avant", "id"], name="operation_due", condition=Q(etat=Etat.EN_ATTENTE)
            ),
            models.Index(fields=["bail_jusqu_au"], name="operation_bail", condition=Q(bail_jusqu_au__isnull=False)),
            models.Index(fields=["guichet"], name="operation_en_cours", condition=Q(jeton__isnull=False)),
            models.Index(
                fields=["quarantaine_jusqu_au"], name="operation_quarantaine", condition=Q(etat=Etat.INCERTAINE)
            ),
            models.Index(fields=["objet", "id"], name="operation_objet", condition=Q(etat__in=NON_REGLEES)),
            models.Index(fields=["etat", "-id"], name="operation_etat"),
            models.Index(fields=["nature", "-id"], name="operation_nature"),
            models.Index(fields=["dossier", "-id"], name="operation_dossier"),
            models.Index(fields=["lot", "etat", "id"], name="operation_lot"),
            models.Index(fields=["requete_id"], name="operation_requete_id", condition=~Q(requete_id="")),
            # The home page: outcomes of each day, recent failures.
            models.Index(
                fields=["terminee_le", "etat"],
                include=["dossier"],
                name="operation_fin",
                condition=Q(terminee_le__isnull=False),
            ),
            models.Index(fields=["creee_le"], name="operation_echouee", condition=Q(etat=Etat.ECHOUEE)),
        ]

    def __str__(self) -> str:
        return f"Opération n° {self.pk} – {self.libelle}"

    @property
    def definition(self) -> Nature:
        """The class of this kind of operation."""
        from dossiers.operations.registre import nature

        return nature(self.nature)

    @property
    def cle(self) -> CleApi:
        """The Loop key that its guichet is of; only the kinds of Loop have one."""
        return self.guichet.cleapi

    @property
    def libelle(self) -> str:
        return self.definition.intitule(self)

    @property
    def doute(self) -> str:
        """Names the lost answer that a person looks at: another sending, lost in its turn, is another doubt."""
        quand = self.quarantaine_jusqu_au
        return f"{self.etat}/{quand.isoformat() if quand else ''}"

    @property
    def reglee(self) -> bool:
        return self.etat in REGLEES

    @property
    def retenue(self) -> bool:
        """Whether a restoration holds it, behind another in doubt on the same object: it may have left."""
        return self.etat == Etat.EN_ATTENTE and self.pas_avant == JAMAIS


class AppelQuerySet(PortefeuilleQuerySet):
    vers_dossier = "operation__dossier__"


class Appel(models.Model):
    """One HTTP attempt of an operation: masked request and answer. Written once, never changed."""

    operation = models.ForeignKey(Operation, models.CASCADE, related_name="appels", verbose_name="opération")
    # appel_guichet_debut begins with it.
    guichet = models.ForeignKey(
        Guichet, models.PROTECT, related_name="appels", verbose_name="identifiants", db_index=False
    )
    debut = models.DateTimeField("début")
    methode = models.CharField("méthode", max_length=7)
    adresse = models.TextField("adresse")
    entetes_requete = models.JSONField("en-têtes de la requête", default=dict)
    corps_requete = models.TextField("corps de la requête", blank=True)
    statut = models.PositiveSmallIntegerField("statut HTTP", null=True, blank=True)
    entetes_reponse = models.JSONField("en-têtes de la réponse", default=dict)
    corps_reponse = models.TextField("corps de la réponse", blank=True)
    duree_ms = models.PositiveIntegerField("durée (ms)")
    erreur = models.CharField("erreur réseau", max_length=300, blank=True)
    requete_id = models.CharField("requestid", max_length=80, blank=True)
    x_requete_id = models.CharField("x-request-id", max_length=80, blank=True)

    objects = AppelQuerySet.as_manager()

    class Meta:
        verbose_name = "appel"
        verbose_name_plural = "appels"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["guichet", "debut"], name="appel_guichet_debut"),
            # Rows come in the order of time: what is old is at the head of the table.
            BrinIndex(fields=["debut"], name="appel_debut", autosummarize=True),
            models.Index(fields=["requete_id"], name="appel_requete_id", condition=~Q(requete_id="")),
            models.Index(fields=["x_requete_id"], name="appel_x_requete_id", condition=~Q(x_requete_id="")),
        ]

    def __str__(self) -> str:
        return f"{self.methode} {self.adresse}"
