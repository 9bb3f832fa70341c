"""Imports of accounting entries into a dossier of Cegid Loop, each followed to its end."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.indexes import OpClass
from django.core.files.storage import Storage, storages
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone

from config.champs import ChiffreTextField
from dossiers.models.dossier import Dossier
from dossiers.models.operation import Etat as EtatOperation
from dossiers.models.operation import Operation
from dossiers.models.portefeuille import PortefeuilleQuerySet

if TYPE_CHECKING:
    from dossiers.models.collaborateur import Collaborateur


def entrepot() -> Storage:
    """Where the files wait for their deposit: a private folder, served by no address."""
    return storages["ecritures"]


def chemin_du_fichier(importation: ImportEcritures, nom: str) -> str:
    """A path that owes nothing to the name a person gave."""
    return f"{timezone.now():%Y/%m}/{importation.reference}"


class ImportEcrituresQuerySet(PortefeuilleQuerySet):
    def visibles_par(self, personne: Collaborateur) -> Self:
        """Those of the dossiers `personne` may see, and their own while no dossier is chosen."""
        if not getattr(personne, "portefeuille_seul", False):
            return self
        du_portefeuille = Dossier.objects.visibles_par(personne).values("pk")
        return self.filter(Q(dossier__in=du_portefeuille) | Q(dossier=None, cree_par=personne))

    def a_controler(self) -> Self:
        """Waiting for their check, and held by nobody."""
        libre = Q(bail_jusqu_au=None) | Q(bail_jusqu_au__lt=timezone.now())
        return self.filter(libre, etat=ImportEcritures.Etat.CONTROLE)

    def meme_contenu(self, importation: ImportEcritures) -> Self:
        """Earlier imports that sent, or may have sent, the same content to the same dossier."""
        if not importation.empreinte or importation.dossier_id is None:
            return self.none()
        return self.filter(
            dossier=importation.dossier_id, empreinte=importation.empreinte, etat__in=ImportEcritures.PARTIS
        ).exclude(pk=importation.pk)


class ImportEcritures(models.Model):
    """One file, or one link to a file, of accounting entries for one dossier.

    Loop imports later what a request names: `demande_id` is its accountingImportRequestId, `statut` what
    getImportStatus says of it.
    """

    class Genre(models.TextChoices):
        FEC = "fec", "FEC (importFEC)"
        PERSO = "perso", "Personnalisé (importPerso)"

    class Source(models.TextChoices):
        FICHIER = "fichier", "Fichier"
        LIEN = "lien", "Lien"

    class Etat(models.TextChoices):
        CONTROLE = "controle", "Contrôle en cours"
        A_CORRIGER = "a_corriger", "À corriger"
        PRET = "pret", "Prêt à envoyer"
        DEPOT = "depot", "Dépôt du fichier"
        ENVOI = "envoi", "Envoi à Loop"
        EN_ATTENTE = "en_attente", "En attente dans Loop"
        EN_COURS = "en_cours", "En cours dans Loop"
        TERMINE = "termine", "Terminé"
        EN_ERREUR = "en_erreur", "En erreur dans Loop"
        REFUSE = "refuse", "Refusé"
        ABANDONNE = "abandonne", "Abandonné"

    class Statut(models.IntegerChoices):
        """What getImportStatus answers, as two open-source connectors report it."""

        EN_ATTENTE = 1, "en attente"
        EN_COURS = 2, "en cours"
        TERMINE = 3, "terminé"
        EN_ERREUR = 4, "en erreur"

    #: Nothing left for Loop yet: the person may still change everything.
    MODIFIABLES = (Etat.CONTROLE, Etat.A_CORRIGER, Etat.PRET, Etat.REFUSE)
    #: On their way to Loop, or received, or perhaps received.
    PARTIS = (Etat.DEPOT, Etat.ENVOI, Etat.EN_ATTENTE, Etat.EN_COURS, Etat.TERMINE, Etat.EN_ERREUR)
    #: Loop has the request and has not finished.
    SUIVIS = (Etat.EN_ATTENTE, Etat.EN_COURS)
    FINIS = (Etat.TERMINE, Etat.EN_ERREUR, Etat.REFUSE, Etat.ABANDONNE)

    reference = models.UUIDField("référence", default=uuid.uuid4, unique=True, editable=False)
    depot = models.UUIDField("dépôt", default=uuid.uuid4, editable=False)
    dossier = models.ForeignKey(
        Dossier, models.PROTECT, null=True, blank=True, related_name="imports_ecritures", db_index=False
    )
    genre = models.CharField("type", max_length=5, choices=Genre, default=Genre.FEC)
    source = models.CharField("source", max_length=7, choices=Source, default=Source.FICHIER)
    fichier = models.FileField("fichier", upload_to=chemin_du_fichier, storage=entrepot, blank=True)
    nom_fichier = models.CharField("nom du fichier", max_length=200, blank=True)
    taille = models.PositiveBigIntegerField("taille (octets)", null=True, blank=True)
    empreinte = models.CharField("empreinte du contenu", max_length=64, blank=True)
    url = ChiffreTextField("lien", null=True, blank=True, editable=False)
    lien_affiche = models.CharField("lien (signature masquée)", max_length=2100, blank=True)
    lien_jusqu_au = models.DateTimeField("lien valable jusqu’au", null=True, blank=True)
    uri = models.CharField("URI du dépôt", max_length=500, blank=True)
    modele = models.CharField("modèle d’import (MODELE)", max_length=100, blank=True)
    siret = models.CharField("SIRET de l’établissement", max_length=14, blank=True)

    periode_debut = models.DateField("première écriture", null=True, blank=True)
    periode_fin = models.DateField("dernière écriture", null=True, blank=True)
    lignes = models.PositiveBigIntegerField("lignes", null=True, blank=True)
    bloquants = models.PositiveIntegerField("défauts bloquants", default=0)
    avertissements = models.PositiveIntegerField("avertissements", default=0)
    rapport = models.JSONField("rapport du contrôle", null=True, blank=True)
    jeton = models.UUIDField("jeton", null=True, blank=True, editable=False)
    bail_jusqu_au = models.DateTimeField("bail jusqu’au", null=True, blank=True)
    controles = models.PositiveSmallIntegerField("contrôles tentés", default=0)

    etat = models.CharField("état", max_length=10, choices=Etat, default=Etat.CONTROLE)
    operation = models.ForeignKey(
        Operation, models.PROTECT, null=True, blank=True, related_name="imports_ecritures", verbose_name="opération"
    )
    demande_id = models.CharField("accountingImportRequestId", max_length=100, blank=True)
    statut = models.PositiveSmallIntegerField("statut dans Loop", choices=Statut, null=True, blank=True)
    statut_brut = models.CharField("statut reçu", max_length=80, blank=True)
    message = models.TextField("message reçu", blank=True)
    suivi_le = models.DateTimeField("statut lu le", null=True, blank=True)

    doublon_admis_par = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="doublon admis par",
    )
    cree_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="créé par", related_name="imports_ecritures"
    )
    cree_le = models.DateTimeField("créé le", default=timezone.now)
    envoye_le = models.DateTimeField("reçu par Loop le", null=True, blank=True)
    fini_le = models.DateTimeField("fini le", null=True, blank=True)
    efface_le = models.DateTimeField("fichier effacé le", null=True, blank=True)

    objects = ImportEcrituresQuerySet.as_manager()

    class Meta:
        verbose_name = "import d’écritures"
        verbose_name_plural = "imports d’écritures"
        ordering = ["-id"]
        permissions = [
            ("envoyer_importecritures", "Peut envoyer un import d’écritures à Loop"),
            ("admettre_doublon_importecritures", "Peut admettre un nouvel envoi d’un même contenu"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(url__isnull=False, uri__gt=""),
                name="import_ecritures_url_ou_uri",
                violation_error_message="Un import porte une URL ou une URI, jamais les deux.",
            ),
            models.CheckConstraint(
                condition=~Q(etat__in=("envoi", "en_attente", "en_cours", "termine", "en_erreur"))
                | Q(url__isnull=False, uri="")
                | Q(url__isnull=True, uri__gt=""),
                name="import_ecritures_une_source",
                violation_error_message="Un import envoyé porte exactement une URL ou une URI.",
            ),
            models.CheckConstraint(
                condition=Q(etat__in=("controle", "a_corriger", "pret", "abandonne")) | Q(dossier__isnull=False),
                name="import_ecritures_un_dossier",
                violation_error_message="Un import envoyé a un dossier.",
            ),
            models.CheckConstraint(
                condition=Q(genre="fec")
                | Q(etat__in=("controle", "a_corriger", "pret", "abandonne"))
                | Q(modele__gt=""),
                name="import_ecritures_un_modele",
                violation_error_message="Un import personnalisé nomme son modèle.",
            ),
            models.CheckConstraint(
                condition=~Q(etat__in=("en_attente", "en_cours", "termine", "en_erreur")) | Q(demande_id__gt=""),
                name="import_ecritures_une_demande",
                violation_error_message="Un import reçu par Loop porte son accountingImportRequestId.",
            ),
            models.UniqueConstraint(
                fields=["demande_id"],
                condition=Q(demande_id__gt=""),
                name="import_ecritures_demande_unique",
                violation_error_message="Cet accountingImportRequestId est déjà celui d’un autre import.",
            ),
        ]
        indexes = [
            models.Index(fields=["dossier", "-id"], name="ecritures_dossier"),
            models.Index(fields=["dossier", "empreinte"], name="ecritures_empreinte", condition=Q(empreinte__gt="")),
            models.Index(fields=["etat", "-id"], name="ecritures_etat"),
            models.Index(fields=["depot", "id"], name="ecritures_depot"),
            # The search box: beginning of a file name, SIRET.
            models.Index(
                OpClass(Upper("nom_fichier"), name="text_pattern_ops"),
                name="ecritures_nom",
                condition=Q(nom_fichier__gt=""),
            ),
            models.Index(fields=["siret"], name="ecritures_siret", condition=Q(siret__gt="")),
            models.Index(fields=["cree_par", "-id"], name="ecritures_cree_par"),
            models.Index(fields=["bail_jusqu_au"], name="ecritures_controle", condition=Q(etat="controle")),
            models.Index(fields=["cree_le"], name="ecritures_a_effacer", condition=Q(fichier__gt="")),
            # The home page: outcomes of each week, recent refusals.
            models.Index(
                fields=["fini_le", "etat"],
                include=["dossier"],
                name="ecritures_fin",
                condition=Q(fini_le__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"Import n° {self.pk} – {self.nom_fichier or self.lien_affiche or self.get_genre_display()}"

    @property
    def a_verifier(self) -> bool:
        """Whether a person must look in Loop if the request was received."""
        return self.etat == self.Etat.ENVOI and bool(
            self.operation and self.operation.etat in (EtatOperation.INCERTAINE, EtatOperation.A_VERIFIER)
        )

    @property
    def modifiable(self) -> bool:
        return self.etat in self.MODIFIABLES

    @property
    def statut_lisible(self) -> str:
        """The remote status in French; an unknown code is shown as it came."""
        if self.statut is not None:
            return str(self.Statut(self.statut).label)
        return f"inconnu : « {self.statut_brut} »" if self.statut_brut else ""


class SuiviImport(models.Model):
    """One status of an import, as Loop first gave it: the history, without its repetitions."""

    importation = models.ForeignKey(ImportEcritures, models.CASCADE, related_name="suivis", verbose_name="import")
    lu_le = models.DateTimeField("lu le", default=timezone.now)
    statut = models.PositiveSmallIntegerField("statut", choices=ImportEcritures.Statut, null=True, blank=True)
    statut_brut = models.CharField("statut reçu", max_length=80)
    message = models.TextField("message reçu", blank=True)

    class Meta:
        verbose_name = "statut d’import"
        verbose_name_plural = "statuts d’import"
        ordering = ["id"]
        default_permissions = ()

    def __str__(self) -> str:
        return f"{self.get_statut_display() or self.statut_brut}"


class ModeleImport(models.Model):
    """A model name (MODELE) used for a dossier: Loop has no call that lists them."""

    dossier = models.ForeignKey(Dossier, models.CASCADE, related_name="modeles_import", db_index=False)
    nom = models.CharField("nom", max_length=100)
    employe_le = models.DateTimeField("dernier emploi", default=timezone.now)
    reussi_le = models.DateTimeField("dernier succès", null=True, blank=True)

    objects: Any = PortefeuilleQuerySet.as_manager()

    class Meta:
        verbose_name = "modèle d’import"
        verbose_name_plural = "modèles d’import"
        ordering = ["dossier_id", "nom"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["dossier", "nom"], name="modele_import_unique")]

    def __str__(self) -> str:
        return self.nom
