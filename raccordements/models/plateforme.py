from __future__ import annotations

from typing import Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from config.champs import ChiffreCharField
from dossiers.models import AvecGuichet, Environnement, Explication
from raccordements.souscriptions import endpoints
from raccordements.souscriptions.identifiants import LONGUEUR_IDENTIFIANT

#: What the directory keeps for others than platforms: the public portal, nobody, Chorus Pro.
MATRICULES_RESERVES = ("0000", "9998", "9999")
MARQUE = "{identifiant}"
#: As long as an identifier may be, to try a pattern with.
_ESSAI = "999000009_".ljust(LONGUEUR_IDENTIFIANT, "x")


class PlateformeQuerySet(models.QuerySet):
    def en_service(self) -> Self:
        return self.filter(archivee_le=None)

    def pour_liste(self) -> Self:
        return self.defer("cle_abonnement")


class Plateforme(AvecGuichet):
    """A « plateforme agréée » (PA, ex-PDP) in one environment of Cegid OD, with its own way in.

    Its Cegid Developers subscription key belongs to it, and serves for every customer. Source: « External PDP
    subscription Process », 2nd step, which also asks for a cooperation contract with Cegid first.
    """

    systeme = Explication.Systeme.OD

    nom = models.CharField("nom", max_length=80)
    environnement = models.CharField("environnement", max_length=12, choices=Environnement)
    matricule = models.CharField(
        "matricule",
        max_length=4,
        validators=[RegexValidator(r"^[0-9]{4}\Z", "Le matricule d’une plateforme compte 4 chiffres.")],
        help_text="Ses 4 chiffres dans l’annuaire de la facturation électronique.",
    )
    contrat_reference = models.CharField("contrat de coopération, référence", max_length=80, blank=True)
    contrat_le = models.DateField("contrat de coopération signé le", null=True, blank=True)
    cle_abonnement = ChiffreCharField(
        "clé d’abonnement de la plateforme (Ocp-Apim-Subscription-Key)", max_length=500, blank=True, default=""
    )
    cle_abonnement_defini_le = models.DateTimeField(
        "clé d’abonnement définie le", null=True, blank=True, editable=False
    )
    cle_abonnement_defini_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    modele_endpoint = models.CharField(
        "modèle d’endpoint",
        max_length=200,
        blank=True,
        help_text="Avec {identifiant} dans son chemin : chaque ligne d’adressage a ainsi le sien. Son hôte doit être "
        "admis par deux personnes.",
    )
    cree_le = models.DateTimeField("créée le", default=timezone.now, editable=False)
    archivee_le = models.DateTimeField("archivée le", null=True, blank=True, editable=False)

    objects = PlateformeQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["guichet", "cle_abonnement"])

    class Meta:
        verbose_name = "plateforme"
        verbose_name_plural = "plateformes"
        ordering = ["nom", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["nom", "environnement"],
                name="plateforme_nom_unique",
                violation_error_message="Une plateforme de ce nom est déjà enregistrée dans cet environnement.",
            ),
            models.UniqueConstraint(
                fields=["matricule", "environnement"],
                name="plateforme_matricule_unique",
                violation_error_message="Ce matricule est déjà celui d’une plateforme de cet environnement.",
            ),
            # What the foreign key of the subscriptions points at: a subscription is of the environment of its platform.
            models.UniqueConstraint(fields=["id", "environnement"], name="plateforme_environnement_cible"),
            models.CheckConstraint(
                condition=Q(matricule__regex=r"^[0-9]{4}$") & ~Q(matricule__in=MATRICULES_RESERVES),
                name="plateforme_matricule",
                violation_error_message=(
                    "Ce matricule n’est pas celui d’une plateforme agréée : il compte 4 chiffres, et 0000, 9998 et "
                    "9999 désignent le portail public, personne et Chorus Pro. Recopiez-le depuis l’annuaire."
                ),
            ),
            models.CheckConstraint(
                condition=Q(contrat_reference="", contrat_le=None)
                | Q(contrat_reference__gt="", contrat_le__isnull=False),
                name="plateforme_contrat_entier",
                violation_error_message="Un contrat de coopération a une référence et une date. Saisissez les deux.",
            ),
            models.CheckConstraint(
                condition=Q(environnement__in=Environnement.values),
                name="plateforme_environnement",
                violation_error_message="Cet environnement n’existe pas.",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.nom} ({self.matricule})"

    def clean(self) -> None:
        """Put the pattern in its kept form. Raises ValidationError by field."""
        super().clean()
        erreurs: dict[str, ValidationError] = {}
        self.contrat_reference = self.contrat_reference.strip()
        if self.contrat_le and self.contrat_le > timezone.localdate():
            erreurs["contrat_le"] = ValidationError(
                "Le contrat serait signé dans l’avenir. Corrigez la date, ou attendez sa signature."
            )
        if self.modele_endpoint:
            try:
                self.modele_endpoint = normaliser_modele(self.modele_endpoint)
            except endpoints.EndpointRefuse as refus:
                erreurs["modele_endpoint"] = ValidationError(str(refus))
        if erreurs:
            raise ValidationError(erreurs)

    def endpoint_pour(self, identifiant: str) -> str:
        """The endpoint of a line by the pattern; empty without one."""
        return self.modele_endpoint.replace(MARQUE, identifiant)

    def empechement(self) -> str:
        """Why Cegid OD cannot be called in its name now, in French; empty when it can."""
        if self.archivee_le:
            return f"La plateforme « {self.nom} » est archivée. Choisissez une plateforme en service."
        if not self.contrat_reference:
            return (
                f"Aucun contrat de coopération avec Cegid n’est noté pour « {self.nom} ». La plateforme le signe avec "
                "le service commercial de Cegid ; un administrateur en saisit la référence et la date."
            )
        if not self.cle_abonnement_defini_le:
            return (
                f"La clé d’abonnement Cegid Developers de « {self.nom} » n’est pas définie : un administrateur doit la "
                "saisir."
            )
        return ""


def normaliser_modele(modele: str) -> str:
    """The kept form of a pattern: an endpoint with `{identifiant}` once, in its path. Raises EndpointRefuse."""
    avant, marque, apres = modele.strip().partition(MARQUE)
    if not marque or MARQUE in apres or "/" not in avant.removeprefix("https://"):
        raise endpoints.EndpointRefuse(
            "Le modèle d’endpoint n’a pas été retenu.",
            "Il ne porte pas {identifiant} une fois dans son chemin : plusieurs clients auraient le même endpoint.",
            "Écrivez-le par exemple https://facture.pa.example/cegid/{identifiant}.",
        )
    return endpoints.normaliser(avant + _ESSAI + apres).replace(_ESSAI, MARQUE)


class HoteAdmisQuerySet(models.QuerySet):
    def en_vigueur(self) -> Self:
        """Those that two persons admitted, and nobody withdrew."""
        return self.filter(confirme_le__isnull=False, retire_le=None)


class HoteAdmis(models.Model):
    """A host where the endpoints of a platform may be: proposed by one person, confirmed by another, then frozen."""

    plateforme = models.ForeignKey(
        Plateforme, models.PROTECT, verbose_name="plateforme", related_name="hotes", db_index=False
    )
    hote = models.CharField("hôte", max_length=253)
    propose_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="proposé par", related_name="+", editable=False
    )
    propose_le = models.DateTimeField("proposé le", default=timezone.now, editable=False)
    confirme_par = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name="confirmé par",
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    confirme_le = models.DateTimeField("confirmé le", null=True, blank=True, editable=False)
    retire_par = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name="retiré par",
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    retire_le = models.DateTimeField("retiré le", null=True, blank=True, editable=False)

    objects = HoteAdmisQuerySet.as_manager()

    class Meta:
        verbose_name = "hôte admis"
        verbose_name_plural = "hôtes admis"
        ordering = ["plateforme_id", "hote", "id"]
        permissions = [("confirmer_hoteadmis", "Peut confirmer un hôte proposé par une autre personne")]
        constraints = [
            models.UniqueConstraint(
                fields=["plateforme", "hote"],
                condition=Q(retire_le=None),
                name="hote_unique",
                violation_error_message="Cet hôte est déjà proposé ou admis pour cette plateforme.",
            ),
            models.CheckConstraint(
                condition=~Q(confirme_par=F("propose_par")),
                name="hote_deux_personnes",
                violation_error_message="Un hôte est confirmé par une autre personne que celle qui l’a proposé.",
            ),
            models.CheckConstraint(
                condition=Q(confirme_par=None, confirme_le=None)
                | Q(confirme_par__isnull=False, confirme_le__isnull=False),
                name="hote_confirme_par_quelqu_un",
            ),
            models.CheckConstraint(
                condition=Q(retire_par=None, retire_le=None) | Q(retire_par__isnull=False, retire_le__isnull=False),
                name="hote_retire_par_quelqu_un",
            ),
            models.CheckConstraint(
                condition=Q(hote__regex=r"^[a-z0-9.-]+\.[a-z][a-z0-9-]*[a-z0-9]$"),
                name="hote_nom_public",
                violation_error_message="L’hôte est un nom complet, en minuscules, sans accent.",
            ),
        ]

    def __str__(self) -> str:
        return self.hote

    @property
    def hote_lisible(self) -> str:
        """The host as it is read, with its punycode when it is international."""
        return endpoints.hote_lisible(self.hote)

    @property
    def admis(self) -> bool:
        return self.confirme_le is not None and self.retire_le is None
