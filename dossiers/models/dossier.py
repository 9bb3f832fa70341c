from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Upper
from simple_history.models import HistoricalRecords

from dossiers.models.cle import CleApi
from dossiers.models.portefeuille import PortefeuilleQuerySet
from dossiers.sirene import admettre_siren, admettre_siret

FORME_CODE = RegexValidator(
    r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,34}\Z",
    "Le code dossier compte 1 à 35 lettres sans accent, chiffres, tirets, points ou soulignés, et commence par une "
    "lettre ou un chiffre (exemples : MANON001, 044212). Recopiez-le depuis Loop.",
)


class DossierQuerySet(PortefeuilleQuerySet):
    vers_dossier = ""

    def en_service(self) -> DossierQuerySet:
        return self.filter(archive_le=None)

    def de_code(self, code: str) -> DossierQuerySet:
        """Look-up that ignores case: Loop shows MANON001 and accepts manon001."""
        return self.filter(code__iexact=code.strip())


class Dossier(models.Model):
    """A client file of the practice in Cegid Loop. Archived, never deleted."""

    class Statut(models.TextChoices):
        A_PREPARER = "a_preparer", "À préparer"
        OPERATIONNEL = "operationnel", "Opérationnel"

    # dossier_cle_ordre begins with it.
    cle = models.ForeignKey(CleApi, models.PROTECT, verbose_name="clé d’API", related_name="dossiers", db_index=False)
    code = models.CharField("code", max_length=100, validators=[FORME_CODE], help_text="codeIbs / codeDossier de Loop.")
    nom_usuel = models.CharField("nom usuel", max_length=200, blank=True)
    raison_sociale = models.CharField("raison sociale", max_length=200, blank=True)
    siren = models.CharField("SIREN", max_length=9, blank=True)
    forme_juridique = models.CharField("forme juridique", max_length=20, blank=True)
    statut = models.CharField("statut", max_length=12, choices=Statut, default=Statut.A_PREPARER)
    maitre_dossier = models.CharField("maître de dossier", max_length=254, blank=True)
    engagement_manager = models.CharField("engagement manager", max_length=254, blank=True)

    object_id = models.UUIDField("objectId", null=True, blank=True, editable=False)
    revision_id = models.CharField("revisionId", max_length=60, blank=True, editable=False)
    connu = models.JSONField("dernière version connue de Loop", default=dict, blank=True, editable=False)
    synchronise_le = models.DateTimeField("vu dans Loop le", null=True, blank=True, editable=False)

    archive_le = models.DateTimeField("archivé le", null=True, blank=True, editable=False)
    archive_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    cree_le = models.DateTimeField("créé le", auto_now_add=True)

    objects = DossierQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["connu", "synchronise_le", "revision_id"])

    class Meta:
        verbose_name = "dossier"
        verbose_name_plural = "dossiers"
        ordering = ["code", "id"]
        permissions = [
            ("planifier_offre", "Peut ajouter ou retirer une offre collaborative"),
            ("provisionner_dossier", "Peut provisionner un dossier dans Loop"),
            ("actualiser_dossier", "Peut actualiser un dossier depuis Loop"),
            ("corriger_dossier", "Peut corriger un dossier dans Loop"),
            ("archiver_dossier", "Peut archiver ou remettre en service un dossier"),
        ]
        constraints = [
            models.UniqueConstraint(
                F("cle"),
                Upper("code"),
                name="dossier_code_unique",
                violation_error_message="Ce code existe déjà pour cette clé (majuscules et minuscules confondues).",
            ),
            models.CheckConstraint(
                condition=Q(siren="") | Q(siren__regex=r"^[0-9]{9}$"),
                name="dossier_siren_neuf_chiffres",
                violation_error_message="Le SIREN compte 9 chiffres.",
            ),
        ]
        indexes = [
            models.Index(fields=["code", "id"], name="dossier_ordre"),
            models.Index(fields=["code", "id"], name="dossier_en_service", condition=Q(archive_le=None)),
            models.Index(fields=["code", "id"], name="dossier_archives", condition=Q(archive_le__isnull=False)),
            models.Index(fields=["nom_usuel", "code", "id"], name="dossier_nom"),
            models.Index(fields=["statut", "code", "id"], name="dossier_statut"),
            models.Index(fields=["cle", "code", "id"], name="dossier_cle_ordre"),
            models.Index(OpClass(Upper("code"), name="text_pattern_ops"), name="dossier_code_prefixe"),
            models.Index(fields=["siren"], name="dossier_siren", condition=~Q(siren="")),
            models.Index(fields=["code", "id"], name="dossier_sans_siren", condition=Q(siren="")),
            models.Index(fields=["maitre_dossier", "code", "id"], name="dossier_maitre"),
            models.Index(fields=["engagement_manager", "code", "id"], name="dossier_engagement"),
            GinIndex(OpClass(Upper("raison_sociale"), name="gin_trgm_ops"), name="dossier_raison_trgm"),
            GinIndex(OpClass(Upper("nom_usuel"), name="gin_trgm_ops"), name="dossier_nom_trgm"),
        ]

    def __str__(self) -> str:
        return (
            f"{self.code} – {self.nom_usuel or self.raison_sociale}"
            if self.nom_usuel or self.raison_sociale
            else self.code
        )

    def clean(self) -> None:
        super().clean()
        self.siren = admettre_siren(self.siren) if self.siren else ""
        self.maitre_dossier = self.maitre_dossier.strip().lower()
        self.engagement_manager = self.engagement_manager.strip().lower()

    @property
    def archive(self) -> bool:
        return self.archive_le is not None


class Etablissement(models.Model):
    """An establishment of a dossier, known by its SIRET."""

    class Type(models.IntegerChoices):
        # LOOP/etablissement.html: {Principal-siège social:1, Secondaire:2, Principal:3, Siège social:4}
        PRINCIPAL_SIEGE = 1, "Principal – siège social"
        SECONDAIRE = 2, "Secondaire"
        PRINCIPAL = 3, "Principal"
        SIEGE = 4, "Siège social"

    dossier = models.ForeignKey(Dossier, models.CASCADE, verbose_name="dossier", related_name="etablissements")
    siret = models.CharField("SIRET", max_length=14)
    nom = models.CharField("nom", max_length=200, blank=True)
    type = models.PositiveSmallIntegerField("type", choices=Type, null=True, blank=True)
    object_id = models.UUIDField("objectId", null=True, blank=True, editable=False)
    revision_id = models.CharField("revisionId", max_length=60, blank=True, editable=False)

    objects = PortefeuilleQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["revision_id"])

    class Meta:
        verbose_name = "établissement"
        verbose_name_plural = "établissements"
        ordering = ["siret"]
        constraints = [
            models.UniqueConstraint(
                fields=["dossier", "siret"],
                name="etablissement_unique",
                violation_error_message="Cet établissement est déjà enregistré sur ce dossier.",
            ),
            models.CheckConstraint(
                condition=Q(siret__regex=r"^[0-9]{14}$"),
                name="etablissement_siret_quatorze_chiffres",
                violation_error_message="Le SIRET compte 14 chiffres.",
            ),
        ]
        indexes = [models.Index(fields=["siret"], name="etablissement_siret")]

    def __str__(self) -> str:
        return self.siret

    def clean(self) -> None:
        super().clean()
        self.siret = admettre_siret(self.siret)


class OffreQuerySet(PortefeuilleQuerySet):
    def en_ecart(self) -> OffreQuerySet:
        """Offers whose wanted state is not the last observed one; never observed means absent."""
        partielle = Q(constatee=None) | ~Q(voulue=F("constatee"))  # the condition of the index `offre_en_ecart`
        return self.filter(partielle).exclude(voulue=False, constatee=None)


class Offre(models.Model):
    """One collaborative offer on one dossier: what the practice wants, what Loop last said."""

    class Code(models.TextChoices):
        # The API takes exactly these three values, in lower case (guide "API Cabinet").
        START = "start", "Start"
        COPRODUCTION = "co-production", "Co-production"
        CONSULTATION = "consultation", "Consultation"

    # offre_unique begins with it.
    dossier = models.ForeignKey(Dossier, models.CASCADE, verbose_name="dossier", related_name="offres", db_index=False)
    code = models.CharField("offre", max_length=13, choices=Code)
    voulue = models.BooleanField("voulue", default=False)
    constatee = models.BooleanField("constatée", null=True, blank=True, help_text="Vide : Loop n’en a encore rien dit.")
    constatee_le = models.DateTimeField("constatée le", null=True, blank=True)

    objects = OffreQuerySet.as_manager()

    class Meta:
        verbose_name = "offre"
        verbose_name_plural = "offres"
        ordering = ["dossier_id", "code"]
        constraints = [models.UniqueConstraint(fields=["dossier", "code"], name="offre_unique")]
        indexes = [
            models.Index(
                fields=["dossier"], name="offre_en_ecart", condition=Q(constatee=None) | ~Q(voulue=F("constatee"))
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_code_display()} sur {self.dossier.code}"

    @property
    def en_ecart(self) -> bool:
        """What is wanted is not what was last observed."""
        return self.voulue != bool(self.constatee)


def valeurs_loophub(dossier: Any) -> dict[str, str]:
    """The fields that LOOPHUB gives, as this dossier holds them."""
    return {
        "nom_usuel": dossier.nom_usuel,
        "raison_sociale": dossier.raison_sociale,
        "maitre_dossier": dossier.maitre_dossier,
        "engagement_manager": dossier.engagement_manager,
    }
