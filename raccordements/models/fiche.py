from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.expressions import ArraySubquery
from django.core.validators import EmailValidator, MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from dossiers.models import Dossier
from dossiers.models.portefeuille import PortefeuilleQuerySet
from raccordements.models.certificat import Certificat
from raccordements.models.reference import CodeInterface
from raccordements.models.statuts import (
    Action,
    Approbation,
    EnvironnementChorus,
    Etat,
    Generation,
    Genre,
    Mode,
    Protocole,
    UsageCertificat,
    UsagePiste,
    actions_permises,
    permise,
)
from raccordements.models.structure import Structure

if TYPE_CHECKING:
    from dossiers.models import Collaborateur

#: Every code seen in AIFE's documents has this form (VFE039, SEI009, CPP001); another one is only remarked.
FORME_CODE_APPLI = re.compile(r"[A-Z]{3}[0-9]{3}")
#: Known by Chorus Pro: sent, or active.
EN_SERVICE = (Etat.ENVOYEE, Etat.ENVOYEE_MAJ, Etat.ACTIVEE)


def parmi(champ: str, cles: models.QuerySet) -> models.Func:
    """Whether `champ` is one of `cles`, a query of one column that is read once, before the rows.

    Joined to them by `IN`, PostgreSQL takes the few fiches of one person for many, and walks every row of a list.
    """
    tableau = ArraySubquery(cles)
    return models.Func(
        F(champ), tableau, template="%(expressions)s)", arg_joiner=" = ANY(", output_field=models.BooleanField()
    )


class FicheQuerySet(PortefeuilleQuerySet):
    def visibles_par(self, personne: Collaborateur) -> Self:
        """Those of the dossiers `personne` may see, and those they created for a structure without a dossier."""
        if not getattr(personne, "portefeuille_seul", False):
            return self
        siens = Dossier.objects.visibles_par(personne).values("pk")
        des_dossiers = Fiche.toutes.order_by().filter(structure__dossier__in=siens).values("pk")
        sans_dossier = Fiche.toutes.order_by().filter(structure__dossier=None, cree_par=personne).values("pk")
        # An OR across two tables would read every fiche for the few of one person.
        return self.filter(parmi("pk", des_dossiers.union(sans_dossier)))

    def pour_liste(self) -> Self:
        return self.select_related("structure", "cree_par", "version")

    def en_attente_d_approbation(self) -> Self:
        return self.filter(approbation=Approbation.EN_ATTENTE)

    def a_approuver_par(self, personne: Collaborateur) -> Self:
        """Those that wait for a decision `personne` did not take part in writing."""
        return (
            self.en_attente_d_approbation()
            .exclude(cree_par=personne)
            .exclude(version__participations__personne=personne)
        )

    def en_service(self) -> Self:
        """Those Chorus Pro has: sent or active."""
        return self.filter(etat__in=EN_SERVICE)

    def avec(self, certificat: Certificat) -> Self:
        return self.filter(certificats_joints__certificat=certificat)


class FicheManager(models.Manager.from_queryset(FicheQuerySet)):  # type: ignore[misc]
    """Fiches that were not deleted, of one kind when `genre` is given."""

    def __init__(self, genre: str = "") -> None:
        super().__init__()
        self.genre = genre

    def get_queryset(self) -> FicheQuerySet:
        presentes = super().get_queryset().filter(supprimee_le=None)
        return presentes.filter(genre=self.genre) if self.genre else presentes


class Fiche(models.Model):
    """A connection sheet, EDI or API: the copy that people work on. What leaves is a `Version`, frozen and approved.

    One table for both kinds: docs/decisions/0011. `etat` is Chorus Pro's axis, `approbation` ours; both move only by
    the services. `code_appli` is Chorus Pro's to give: no form ever writes it.
    """

    reference = models.UUIDField("référence", default=uuid.uuid4, unique=True, editable=False)
    genre = models.CharField("type", max_length=3, choices=Genre, editable=False)
    generation = models.CharField("formulaire", max_length=10, choices=Generation, blank=True, editable=False)
    structure = models.ForeignKey(
        Structure, models.PROTECT, verbose_name="partenaire", related_name="fiches", db_index=False
    )
    environnement = models.CharField("environnement", max_length=13, choices=EnvironnementChorus, editable=False)
    protocole = models.CharField("protocole de raccordement", max_length=5, choices=Protocole, blank=True)
    periode_du = models.DateField("période de raccordement, du", null=True, blank=True)
    periode_au = models.DateField("période de raccordement, au", null=True, blank=True)
    code_appli = models.CharField("code appli partenaire", max_length=20, blank=True, editable=False)

    contact_nom = models.CharField("nom prénom", max_length=150, blank=True)
    contact_telephone = models.CharField("téléphone", max_length=40, blank=True)
    contact_courriel = models.CharField(
        "adresse électronique",
        max_length=254,
        blank=True,
        validators=[EmailValidator("Cette adresse électronique est incomplète : vérifiez ce qui entoure l’arobase.")],
    )
    contact_fax = models.CharField("fax", max_length=40, blank=True)

    reseau_aife = models.JSONField("caractéristiques réseaux, AIFE", default=dict, blank=True, editable=False)
    partenaire_identifiant = models.CharField("identifiant du partenaire", max_length=128, blank=True)
    partenaire_adresse = models.CharField("adresse IP de connexion du partenaire", max_length=253, blank=True)
    partenaire_port = models.PositiveIntegerField(
        "port du partenaire", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    partenaire_chemin = models.CharField("chemin de dépôt du partenaire", max_length=200, blank=True)

    application_piste = models.CharField("application PISTE", max_length=150, blank=True)
    usage_piste = models.CharField("type d’utilisation", max_length=14, choices=UsagePiste, blank=True)
    commentaires = models.TextField("commentaires", max_length=2000, blank=True)

    etat = models.CharField("état courant", max_length=11, choices=Etat, default=Etat.BROUILLON, editable=False)
    approbation = models.CharField(
        "approbation", max_length=11, choices=Approbation, default=Approbation.A_SOUMETTRE, editable=False
    )
    edition = models.PositiveIntegerField("édition", default=1, editable=False)
    version = models.ForeignKey(
        "raccordements.Version",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name="version soumise",
    )
    version_en_envoi = models.ForeignKey(
        "raccordements.Version",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name="version en cours d’envoi",
    )
    version_envoyee = models.ForeignKey(
        "raccordements.Version",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name="dernière version envoyée",
    )
    version_active = models.ForeignKey(
        "raccordements.Version",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name="version active",
    )
    envoyee_le = models.DateTimeField("envoyée le", null=True, blank=True, editable=False)
    activee_le = models.DateTimeField("activée le", null=True, blank=True, editable=False)
    suivie_le = models.DateTimeField("suivi demandé le", null=True, blank=True, editable=False)
    issue_de = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, editable=False, related_name="issues", verbose_name="issue de"
    )

    cree_par = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name="créée par",
        related_name="fiches_creees",
        db_index=False,
        editable=False,
    )
    cree_le = models.DateTimeField("créée le", default=timezone.now, editable=False)
    modifiee_le = models.DateTimeField("modifiée le", default=timezone.now, editable=False)
    supprimee_le = models.DateTimeField("supprimée le", null=True, blank=True, editable=False)

    objects = FicheManager()
    #: Deleted drafts too.
    toutes = FicheQuerySet.as_manager()

    class Meta:
        verbose_name = "fiche de raccordement"
        verbose_name_plural = "fiches de raccordement"
        ordering = ["-id"]
        permissions = [
            ("supprimer_fiche", "Peut supprimer un brouillon de fiche"),
            ("soumettre_fiche", "Peut soumettre une fiche à l’approbation"),
            ("approuver_fiche", "Peut approuver ou refuser une fiche"),
            ("envoyer_fiche", "Peut envoyer une fiche approuvée"),
            ("constater_fiche", "Peut noter ce que le portail dit d’une fiche"),
            ("desactiver_fiche", "Peut noter une désactivation, ou l’annuler"),
            ("promouvoir_fiche", "Peut préparer la fiche de production d’une fiche qualifiée"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(periode_au=None) | Q(periode_du__isnull=False, periode_au__gte=F("periode_du")),
                name="fiche_periode",
                violation_error_message=(
                    "La période de raccordement finit avant de commencer. Corrigez l’une des deux dates, ou laissez la "
                    "seconde vide."
                ),
            ),
            models.CheckConstraint(
                condition=Q(genre=Genre.EDI, generation="", application_piste="", usage_piste="")
                | Q(
                    genre=Genre.API,
                    generation__in=Generation.values,
                    protocole="",
                    periode_du=None,
                    reseau_aife={},
                    partenaire_identifiant="",
                    partenaire_adresse="",
                    partenaire_port=None,
                    partenaire_chemin="",
                ),
                name="fiche_champs_de_son_genre",
                violation_error_message="Une fiche EDI et une fiche API n’ont pas les mêmes champs.",
            ),
            models.CheckConstraint(
                condition=Q(etat__in=Etat.values, approbation__in=Approbation.values)
                & Q(protocole__in=["", *Protocole.values])
                & Q(environnement__in=EnvironnementChorus.values),
                name="fiche_mots_connus",
                violation_error_message="L’état, l’approbation, le protocole ou l’environnement n’existe pas.",
            ),
            models.CheckConstraint(
                condition=Q(approbation=Approbation.A_SOUMETTRE, version=None)
                | (~Q(approbation=Approbation.A_SOUMETTRE) & Q(version__isnull=False)),
                name="fiche_approbation_d_une_version",
                violation_error_message="Une approbation porte sur une version.",
            ),
            models.CheckConstraint(
                condition=Q(version_en_envoi=None)
                | Q(
                    version_en_envoi=F("version"),
                    approbation=Approbation.APPROUVEE,
                    etat__in=[Etat.BROUILLON, Etat.ACTIVEE],
                ),
                name="fiche_envoi_de_la_version_approuvee",
                violation_error_message="Seule la version approuvée part.",
            ),
            models.CheckConstraint(
                condition=~Q(etat__in=[Etat.ENVOYEE, Etat.ENVOYEE_MAJ]) | Q(version_envoyee__isnull=False),
                name="fiche_envoyee_a_une_version",
                violation_error_message="Une fiche envoyée garde la version qui est partie.",
            ),
            models.CheckConstraint(
                condition=Q(supprimee_le=None) | Q(etat=Etat.BROUILLON, version_en_envoi=None),
                name="fiche_brouillon_seul_supprime",
                violation_error_message="Seul un brouillon se supprime.",
            ),
            models.CheckConstraint(
                condition=Q(partenaire_port=None) | Q(partenaire_port__range=(1, 65535)),
                name="fiche_port_possible",
                violation_error_message="Un port va de 1 à 65535.",
            ),
        ]
        indexes = [
            models.Index(fields=["genre", "-id"], name="fiche_genre"),
            models.Index(fields=["genre", "etat", "-id"], name="fiche_etat"),
            models.Index(fields=["structure", "-id"], name="fiche_structure"),
            models.Index(fields=["protocole", "-id"], name="fiche_protocole", condition=~Q(protocole="")),
            models.Index(fields=["code_appli", "-id"], name="fiche_code_appli", condition=~Q(code_appli="")),
            models.Index(fields=["periode_du", "-id"], name="fiche_periode_du", condition=Q(periode_du__isnull=False)),
            models.Index(fields=["periode_au", "-id"], name="fiche_periode_au", condition=Q(periode_au__isnull=False)),
            models.Index(fields=["-id"], name="fiche_a_approuver", condition=Q(approbation=Approbation.EN_ATTENTE)),
            models.Index(
                fields=["envoyee_le"], name="fiche_suivie", condition=Q(etat__in=[Etat.ENVOYEE, Etat.ENVOYEE_MAJ])
            ),
            models.Index(fields=["cree_par", "-id"], name="fiche_cree_par"),
            models.Index(fields=["activee_le"], name="fiche_activee", condition=Q(activee_le__isnull=False)),
            models.Index(fields=["-id"], name="fiche_refusee", condition=Q(approbation=Approbation.REFUSEE)),
        ]

    def __str__(self) -> str:
        quoi = self.get_protocole_display() if self.protocole else "API" if self.genre == Genre.API else "EDI"
        return f"Fiche n° {self.pk} – {quoi}, {self.structure}"

    @property
    def en_envoi(self) -> bool:
        """Whether a worker or a person is sending it now: nothing is changed meanwhile."""
        return self.version_en_envoi_id is not None

    @property
    def demande_un_certificat(self) -> bool:
        return self.genre == Genre.EDI or self.generation == Generation.CERTIFICAT

    def permet(self, action: Action) -> bool:
        """Whether the table of statuses permits `action`; approval, permissions and rules come on top."""
        return permise(action, self.genre, self.etat)

    @property
    def actions(self) -> list[Action]:
        return actions_permises(self.genre, self.etat)

    @property
    def code_appli_inhabituel(self) -> bool:
        """Whether the code Chorus Pro gave has not the form of those seen: a remark, never a refusal."""
        return bool(self.code_appli) and FORME_CODE_APPLI.fullmatch(self.code_appli) is None


class FicheEDI(Fiche):
    objects = FicheManager(Genre.EDI)

    class Meta:
        proxy = True
        verbose_name = "fiche EDI"
        verbose_name_plural = "fiches EDI"


class FicheAPI(Fiche):
    objects = FicheManager(Genre.API)

    class Meta:
        proxy = True
        verbose_name = "fiche API"
        verbose_name_plural = "fiches API"


class LigneCode(models.Model):
    """The choice made on one fiche for one interface code. No row: the portal's question has no answer yet."""

    fiche = models.ForeignKey(Fiche, models.CASCADE, related_name="lignes", db_index=False)
    code = models.ForeignKey(CodeInterface, models.PROTECT, verbose_name="code interface", related_name="lignes")
    mode = models.CharField("type d’intégration", max_length=9, choices=Mode)

    class Meta:
        verbose_name = "code interface d’une fiche"
        verbose_name_plural = "codes interfaces d’une fiche"
        ordering = ["fiche_id", "code_id"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(fields=["fiche", "code"], name="ligne_code_unique"),
            models.CheckConstraint(condition=Q(mode__in=Mode.values), name="ligne_code_mode"),
        ]
        indexes = [
            # The search: one row per fiche and connected code, the latest fiches first.
            models.Index(
                fields=["-fiche", "code"], include=["mode"], name="ligne_code_cherchee", condition=~Q(mode=Mode.AUCUN)
            ),
            models.Index(fields=["code", "-fiche"], name="ligne_code_raccordee", condition=~Q(mode=Mode.AUCUN)),
            models.Index(fields=["mode", "-fiche"], name="ligne_code_par_mode", condition=~Q(mode=Mode.AUCUN)),
        ]

    def __str__(self) -> str:
        return f"{self.code_id} : {self.get_mode_display()}"


class CertificatJoint(models.Model):
    """One file of certificates on one fiche, and what it serves for."""

    fiche = models.ForeignKey(Fiche, models.CASCADE, related_name="certificats_joints", db_index=False)
    certificat = models.ForeignKey(Certificat, models.PROTECT, related_name="emplois", verbose_name="certificat")
    usage = models.CharField("usage", max_length=17, choices=UsageCertificat)

    class Meta:
        verbose_name = "certificat d’une fiche"
        verbose_name_plural = "certificats d’une fiche"
        ordering = ["fiche_id", "usage"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["fiche", "usage"],
                name="certificat_joint_usage_unique",
                violation_error_message="Cette fiche a déjà un certificat pour cet usage.",
            ),
            models.CheckConstraint(condition=Q(usage__in=UsageCertificat.values), name="certificat_joint_usage"),
        ]

    def __str__(self) -> str:
        return f"{self.certificat} ({self.get_usage_display().lower()})"
