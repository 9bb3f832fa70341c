from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper
from django.utils import timezone
from simple_history.models import HistoricalRecords

from dossiers import sirene
from dossiers.models import Dossier
from dossiers.models.portefeuille import PortefeuilleQuerySet
from raccordements.models.compte import CompteChorus
from raccordements.models.statuts import EnvironnementChorus

if TYPE_CHECKING:
    from dossiers.models import Collaborateur


class StructureQuerySet(PortefeuilleQuerySet):
    def visibles_par(self, personne: Collaborateur) -> Self:
        """Those of the dossiers `personne` may see, and those they created without a dossier."""
        if not getattr(personne, "portefeuille_seul", False):
            return self
        siens = Dossier.objects.visibles_par(personne).values("pk")
        return self.filter(Q(dossier__in=siens) | Q(dossier=None, cree_par=personne))

    def en_service(self) -> Self:
        return self.filter(archivee_le=None)


class Structure(models.Model):
    """A « partenaire »: one structure of Chorus Pro in one environment, known by its SIRET.

    Chorus Pro numbers a structure apart in each environment, and its qualification platform has structures of its own.
    What the API said is dated: `verifiee_le`.
    """

    siret = models.CharField("SIRET", max_length=14)
    environnement = models.CharField("environnement", max_length=13, choices=EnvironnementChorus)
    designation = models.CharField("désignation", max_length=200, blank=True)
    dossier = models.ForeignKey(
        Dossier, models.PROTECT, null=True, blank=True, verbose_name="dossier", related_name="structures"
    )
    compte = models.ForeignKey(
        CompteChorus,
        models.PROTECT,
        null=True,
        blank=True,
        verbose_name="compte Chorus Pro",
        related_name="structures",
        help_text="Celui qui voit cette structure par l’API ; il sert aux vérifications.",
    )

    id_structure_cpp = models.BigIntegerField("idStructureCPP", null=True, blank=True, editable=False)
    statut_lu = models.CharField("statut dans Chorus Pro", max_length=40, blank=True, editable=False)
    active = models.BooleanField("active dans Chorus Pro", null=True, blank=True, editable=False)
    connexion_edi = models.BooleanField("connexionEDI", null=True, blank=True, editable=False)
    recevoir_donnees_via_edi = models.BooleanField("recevoirDonneesViaEDI", null=True, blank=True, editable=False)
    fin_mot_de_passe = models.DateField("fin du mot de passe technique", null=True, blank=True, editable=False)
    verifiee_le = models.DateTimeField("vérifiée le", null=True, blank=True, editable=False)
    verification = models.TextField("résultat de la vérification", blank=True, editable=False)

    espace_confirme_le = models.DateTimeField("espace Raccordement confirmé le", null=True, blank=True, editable=False)
    espace_confirme_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    editeur = models.CharField(
        "éditeur du logiciel", max_length=150, blank=True, help_text="Celui qui a pu être raccordé en qualification."
    )
    editeur_qualifie_le = models.DateField("éditeur raccordé en qualification le", null=True, blank=True)
    tiers_teletransmission = models.BooleanField(
        "passe par un tiers de télétransmission",
        default=False,
        help_text="Dans ce cas, la structure n’a aucune demande de raccordement à faire (guide AIFE).",
    )

    cree_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="créée par", null=True, blank=True, related_name="+"
    )
    cree_le = models.DateTimeField("créée le", default=timezone.now, editable=False)
    archivee_le = models.DateTimeField("archivée le", null=True, blank=True, editable=False)

    objects = StructureQuerySet.as_manager()
    history = HistoricalRecords(
        excluded_fields=[
            "statut_lu",
            "active",
            "connexion_edi",
            "recevoir_donnees_via_edi",
            "fin_mot_de_passe",
            "verifiee_le",
            "verification",
        ]
    )

    class Meta:
        verbose_name = "structure"
        verbose_name_plural = "structures"
        ordering = ["siret", "environnement"]
        permissions = [
            ("verifier_structure", "Peut vérifier une structure dans Chorus Pro"),
            ("confirmer_espace", "Peut confirmer que l’espace Raccordement EDI et API est actif"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["siret", "environnement"],
                name="structure_unique",
                violation_error_message="Cette structure est déjà enregistrée dans cet environnement.",
            ),
            # What the foreign key of the fiches points at: a fiche is of the environment of its structure.
            models.UniqueConstraint(fields=["id", "environnement"], name="structure_environnement_cible"),
            models.CheckConstraint(
                condition=Q(siret__regex=r"^[0-9]{14}$"),
                name="structure_siret_quatorze_chiffres",
                violation_error_message="Le SIRET compte 14 chiffres.",
            ),
            models.CheckConstraint(
                condition=Q(environnement__in=EnvironnementChorus.values),
                name="structure_environnement",
                violation_error_message="L’environnement est Qualification ou Production.",
            ),
        ]
        indexes = [
            models.Index(fields=["verifiee_le"], name="structure_verifiee"),
            GinIndex(OpClass(Upper("designation"), name="gin_trgm_ops"), name="structure_designation_trgm"),
        ]

    def __str__(self) -> str:
        # As the portal shows it: « SIRET - désignation ».
        return f"{self.siret} - {self.designation}" if self.designation else self.siret

    def clean(self) -> None:
        """Put the SIRET in its kept form. Raises ValidationError by field.

        A false key is admitted in qualification: AIFE's data sets have such structures (3 of 8 in one set, measured in
        2026), and no list of them is published.
        """
        super().clean()
        erreurs: dict[str, ValidationError] = {}
        verdict = sirene.verdict_siret(self.siret)
        if verdict.bloquant and not (verdict.numero and self.environnement == EnvironnementChorus.QUALIFICATION):
            erreurs["siret"] = ValidationError(verdict.message)
        self.siret = verdict.numero or self.siret
        if self.compte and self.compte.environnement != self.environnement:
            erreurs["compte"] = ValidationError(
                "Le compte n’a pas été retenu : il ouvre l’autre environnement de Chorus Pro. "
                f"Choisissez un compte de {self.get_environnement_display().lower()}."
            )
        if self._changee_sous_une_fiche():
            erreurs["siret"] = ValidationError(
                "Le SIRET et l’environnement ne changent plus : une fiche de raccordement les porte déjà. "
                "Créez une autre structure, puis clonez la fiche pour elle."
            )
        if erreurs:
            raise ValidationError(erreurs)

    def _changee_sous_une_fiche(self) -> bool:
        if self.pk is None or not self.fiches.exists():
            return False
        meme = Structure.objects.filter(pk=self.pk, siret=self.siret, environnement=self.environnement)
        return not meme.exists()

    @property
    def remarque_siret(self) -> str:
        """What is to be said of the number, in French; empty when its key is right."""
        return sirene.verdict_siret(self.siret).message
