"""An import of contacts, and its lines as the spreadsheet gave them: the row says how far it went."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from dossiers.models import CleApi, Lot, Offre
from interlocuteurs.models.interlocuteur import Interlocuteur

if TYPE_CHECKING:
    from dossiers.models import Collaborateur


class ImportQuerySet(models.QuerySet):
    def visibles_par(self, personne: Collaborateur) -> Self:
        """Imports `personne` may see: their own when limited to their portfolio."""
        return self.filter(cree_par=personne) if getattr(personne, "portefeuille_seul", False) else self

    def reprenables(self) -> Self:
        """Under way, and held by nobody: the message was lost or its worker died."""
        libre = Q(bail_jusqu_au=None) | Q(bail_jusqu_au__lt=timezone.now())
        return self.filter(libre, etat=ImportInterlocuteurs.Etat.EN_COURS)


class ImportInterlocuteurs(models.Model):
    """One spreadsheet of contacts, from its reading to its end."""

    class Etat(models.TextChoices):
        LU = "lu", "Colonnes à associer"
        EXAMINE = "examine", "À confirmer"
        EN_COURS = "en_cours", "En cours"
        INTERROMPU = "interrompu", "Interrompu"
        TERMINE = "termine", "Terminé"
        ABANDONNE = "abandonne", "Abandonné"

    reference = models.UUIDField("référence", default=uuid.uuid4, unique=True, editable=False)
    cle = models.ForeignKey(CleApi, models.PROTECT, verbose_name="clé d’API", related_name="+")
    nom_fichier = models.CharField("fichier", max_length=200)
    empreinte_fichier = models.CharField("empreinte du fichier", max_length=64)
    faits = models.JSONField("faits de lecture", default=dict)
    entetes = models.JSONField("en-têtes", default=list)
    empreinte_entetes = models.CharField("empreinte des en-têtes", max_length=64)
    nombre = models.PositiveIntegerField("lignes", default=0)

    correspondance = models.JSONField("correspondance", null=True, blank=True)
    offre_commune = models.CharField("offre de toutes les lignes", max_length=13, choices=Offre.Code, blank=True)
    comptes = models.JSONField("lignes par verdict", default=dict)
    empreinte_lignes = models.CharField("empreinte de l’aperçu", max_length=64, blank=True)

    etat = models.CharField("état", max_length=10, choices=Etat, default=Etat.LU)
    a_traiter = models.PositiveIntegerField("lignes à importer", default=0)
    faites = models.PositiveIntegerField("lignes importées", default=0)
    refusees = models.PositiveIntegerField("lignes refusées à la confirmation", default=0)
    incident = models.TextField("incident", blank=True)
    jeton = models.UUIDField("jeton", null=True, blank=True, editable=False)
    bail_jusqu_au = models.DateTimeField("bail jusqu’au", null=True, blank=True)
    lot = models.OneToOneField(Lot, models.PROTECT, null=True, blank=True, related_name="+")

    cree_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="fait par", related_name="imports_interlocuteurs"
    )
    cree_le = models.DateTimeField("lu le", default=timezone.now)
    confirme_le = models.DateTimeField("confirmé le", null=True, blank=True)
    fini_le = models.DateTimeField("fini le", null=True, blank=True)
    efface_le = models.DateTimeField("lignes effacées le", null=True, blank=True)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = "import d’interlocuteurs"
        verbose_name_plural = "imports d’interlocuteurs"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(faites__gte=0) & Q(a_traiter__gte=models.F("faites") + models.F("refusees")),
                name="import_compte_juste",
                violation_error_message="Un import ne traite pas plus de lignes qu’il n’en a.",
            ),
        ]
        indexes = [
            models.Index(fields=["empreinte_entetes", "-id"], name="import_entetes"),
            models.Index(fields=["empreinte_fichier"], name="import_fichier"),
            models.Index(fields=["bail_jusqu_au"], name="import_en_cours", condition=Q(etat="en_cours")),
            models.Index(fields=["cree_par", "-id"], name="import_cree_par"),
        ]

    def __str__(self) -> str:
        return f"Import n° {self.pk} – {self.nom_fichier}"

    @property
    def traitees(self) -> int:
        return self.faites + self.refusees

    @property
    def restantes(self) -> int:
        return self.a_traiter - self.traitees

    @property
    def pourcent(self) -> int:
        return 100 * self.traitees // self.a_traiter if self.a_traiter else 100


class LigneQuerySet(models.QuerySet):
    def a_traiter(self) -> Self:
        """Lines to import whose turn has not come, in the order of import: a contact's lines follow each other."""
        return self.filter(verdict__in=LigneImport.A_FAIRE, issue="").order_by("groupe", "numero")

    def rejets(self) -> Self:
        """Lines that were not imported, and why."""
        refusees = Q(verdict=LigneImport.Verdict.REJETEE) | Q(issue=LigneImport.Issue.REFUSEE)
        return self.filter(refusees).order_by("numero")


class LigneImport(models.Model):
    """One line of a spreadsheet. Holds personal data: erased some weeks after the end of its import."""

    class Verdict(models.TextChoices):
        A_CREER = "a_creer", "À créer"
        A_RATTACHER = "a_rattacher", "À rattacher"
        RIEN = "sans_objet", "Déjà fait"
        REJETEE = "rejetee", "Rejetée"

    class Issue(models.TextChoices):
        FAITE = "faite", "Importée"
        REFUSEE = "refusee", "Refusée à la confirmation"

    A_FAIRE = (Verdict.A_CREER, Verdict.A_RATTACHER)

    importation = models.ForeignKey(ImportInterlocuteurs, models.CASCADE, related_name="lignes", db_index=False)
    numero = models.PositiveIntegerField("ligne du fichier")
    cellules = models.JSONField("cellules", default=list)
    marques = models.JSONField("marques", default=dict)
    verdict = models.CharField("verdict", max_length=11, choices=Verdict, blank=True)
    motif = models.TextField("motif", blank=True)
    empreinte = models.CharField("empreinte", max_length=16, blank=True)
    groupe = models.PositiveIntegerField("première ligne du même interlocuteur", null=True, blank=True)
    issue = models.CharField("issue", max_length=7, choices=Issue, blank=True)
    interlocuteur = models.ForeignKey(Interlocuteur, models.SET_NULL, null=True, blank=True, related_name="+")

    objects = LigneQuerySet.as_manager()

    class Meta:
        verbose_name = "ligne d’import"
        verbose_name_plural = "lignes d’import"
        ordering = ["importation_id", "numero"]
        default_permissions = ()
        constraints = [models.UniqueConstraint(fields=["importation", "numero"], name="ligne_import_unique")]
        indexes = [
            models.Index(fields=["importation", "verdict", "numero"], name="ligne_import_verdict"),
            models.Index(
                fields=["importation", "groupe", "numero"],
                name="ligne_import_a_traiter",
                condition=Q(verdict__in=("a_creer", "a_rattacher"), issue=""),
            ),
        ]

    def __str__(self) -> str:
        return f"Ligne {self.numero}"

    def marques_par_place(self) -> dict[int, str]:
        """What was seen in the cells, by index: the keys of a JSON object are texts."""
        marques: dict[str, Any] = self.marques
        return {int(place): marque for place, marque in marques.items()}
