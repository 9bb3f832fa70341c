from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.core.validators import EmailValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone

from config.champs import ChiffreTextField
from dossiers.models import Dossier, Environnement
from dossiers.models.portefeuille import PortefeuilleQuerySet
from raccordements.models.adressage import LigneAdressage, Periode
from raccordements.models.certificat import EmpreinteHexadecimale, Octets
from raccordements.models.plateforme import Plateforme
from raccordements.souscriptions.etapes import (
    ACQUISES,
    EN_COURS,
    EN_PLACE,
    TRANSITIONS_SOUSCRIPTION,
    VIVANTES,
    EtatSouscription,
    Pas,
    Progres,
    Qualite,
)

if TYPE_CHECKING:
    from datetime import date

#: Bytes of the document of a mandate.
TAILLE_MANDAT = 5 * 1024 * 1024
_E = EtatSouscription
#: Before the first call: nothing is asked of the row yet.
_SANS_APPEL = (_E.NON_COMMENCEE, _E.ANNULEE)
#: The second step was asked for.
_ETAPE_2 = (_E.SOUSCRIPTION, _E.SOUSCRITE)


class Mandat(models.Model):
    """Who, at the customer's, starts the process, in what capacity, and the signed document that proves it.

    The document is kept here and not in a folder: one backup, one transaction, no address that serves it. It never
    changes (trigger). Source: « started by the customer (the legal representative or an habilitated administrator) ».
    """

    class Format(models.TextChoices):
        PDF = "application/pdf", "PDF"
        PNG = "image/png", "PNG"
        JPEG = "image/jpeg", "JPEG"

    dossier = models.ForeignKey(Dossier, models.PROTECT, verbose_name="dossier", related_name="mandats", db_index=False)
    demandeur = models.CharField("demandé par (nom, prénom)", max_length=150)
    courriel = models.CharField(
        "adresse électronique",
        max_length=254,
        validators=[EmailValidator("Cette adresse électronique est incomplète : vérifiez ce qui entoure l’arobase.")],
    )
    qualite = models.CharField("en qualité de", max_length=23, choices=Qualite)
    signe_le = models.DateField("signé le")
    contenu = models.BinaryField("document", max_length=TAILLE_MANDAT)
    sha256 = models.CharField("empreinte SHA-256", max_length=64, editable=False)
    nom_fichier = models.CharField("nom du fichier", max_length=150)
    format = models.CharField("format", max_length=15, choices=Format)
    ajoute_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="ajouté par", related_name="+", editable=False
    )
    ajoute_le = models.DateTimeField("ajouté le", default=timezone.now, editable=False)

    objects: Any = PortefeuilleQuerySet.as_manager()

    class Meta:
        verbose_name = "mandat"
        verbose_name_plural = "mandats"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sha256=EmpreinteHexadecimale("contenu")),
                name="mandat_empreinte_du_contenu",
                violation_error_message="L’empreinte n’est pas celle du document.",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(Octets("contenu"), TAILLE_MANDAT),
                name="mandat_taille",
                violation_error_message="Le document dépasse 5 Mo.",
            ),
            models.CheckConstraint(
                condition=Q(qualite__in=Qualite.values),
                name="mandat_qualite",
                violation_error_message="La demande vient du représentant légal ou d’un administrateur habilité.",
            ),
            models.CheckConstraint(
                condition=Q(demandeur__gt="", courriel__gt=""),
                name="mandat_demandeur",
                violation_error_message="Le mandat nomme la personne qui l’a signé.",
            ),
            # What the foreign key of the subscriptions points at: a mandate serves its own dossier.
            models.UniqueConstraint(fields=["id", "dossier"], name="mandat_dossier_cible"),
        ]
        indexes = [models.Index(fields=["dossier", "-id"], name="mandat_dossier")]

    def __str__(self) -> str:
        return f"{self.demandeur}, {self.get_qualite_display().lower()}, {self.signe_le:%d/%m/%Y}"


class SouscriptionQuerySet(PortefeuilleQuerySet):
    def pour_liste(self) -> Self:
        return self.select_related("dossier", "ligne", "plateforme", "mandat").defer(
            "plateforme__cle_abonnement", "mandat__contenu"
        )

    def vivantes(self) -> Self:
        """Neither over nor given up."""
        return self.filter(etat__in=VIVANTES)

    def acquises(self) -> Self:
        """Those Cegid OD routes by, from their first day to their last."""
        return self.filter(Q(souscrite_le__isnull=False) | Q(etat=_E.RESILIEE), etat__in=ACQUISES)

    def finies(self, jour: date) -> Self:
        """Those that have served and whose last day is before `jour`, told to Cegid OD or not."""
        return self.acquises().filter(fin__lt=jour, debut__lte=jour)

    def changements_en_attente(self) -> Self:
        """Those that replace another and were not started, which its end, once told, does not do."""
        avant = (*EN_PLACE, _E.RESILIATION, _E.RESILIEE)
        return self.filter(etat=_E.NON_COMMENCEE, precedente__etat__in=avant)

    def au_stade(self, progres: Progres, jour: date) -> Self:
        """Those that stand there on this day; each one stands at one place, the cancelled ones at none."""
        match progres:
            case Progres.NON_COMMENCE:
                return self.filter(etat__in=(_E.NON_COMMENCEE, _E.ONBOARDING, _E.OUBLIEE))
            case Progres.ONBOARDE:
                return self.filter(
                    Q(etat__in=(_E.ONBOARDEE, _E.SOUSCRIPTION)) | Q(etat=_E.RESILIATION, souscrite_le=None)
                )
            case Progres.SOUSCRIT:
                return self.acquises().filter(debut__gt=jour)
            case Progres.ACTIF:
                return self.acquises().filter(Q(fin=None) | Q(fin__gte=jour), debut__lte=jour)
            case Progres.TERMINE:
                return self.finies(jour).filter(Q(etat=_E.RESILIEE) | Q(fin_dite__lt=jour))
            case Progres.FIN_A_DIRE:
                return self.finies(jour).exclude(etat=_E.RESILIEE).filter(Q(fin_dite=None) | Q(fin_dite__gte=jour))


class Souscription(models.Model):
    """One platform for one addressing line over a period, and how far the two steps went at Cegid OD.

    `etat` moves only by the services, along `TRANSITIONS_SOUSCRIPTION`. No two of them overlap on one line; an endpoint
    serves one line for ever. Never deleted (trigger): ended, or cancelled when it never took effect.
    """

    reference = models.UUIDField("référence", default=uuid.uuid4, unique=True, editable=False)
    dossier = models.ForeignKey(
        Dossier, models.PROTECT, verbose_name="dossier", related_name="souscriptions", db_index=False
    )
    environnement = models.CharField("environnement", max_length=12, choices=Environnement, editable=False)
    ligne = models.ForeignKey(
        LigneAdressage, models.PROTECT, verbose_name="ligne d’adressage", related_name="souscriptions"
    )
    plateforme = models.ForeignKey(
        Plateforme, models.PROTECT, verbose_name="plateforme", related_name="souscriptions", db_index=False
    )
    mandat = models.ForeignKey(
        Mandat, models.PROTECT, verbose_name="mandat", null=True, blank=True, related_name="souscriptions"
    )
    endpoint = models.CharField("endpoint exclusif", max_length=300, blank=True)
    debut = models.DateField("date d’effet")
    fin = models.DateField("date de fin (incluse)", null=True, blank=True)
    # The end that Cegid OD has, told or read: it takes an earlier one, never a later one.
    fin_dite = models.DateField("fin connue de Cegid OD (incluse)", null=True, blank=True, editable=False)
    # Cegid OD had it once; it stays when it forgets the line. Only an end before the first day takes it back.
    servie = models.BooleanField("a été souscrite", default=False, editable=False)

    etat = models.CharField(
        "état", max_length=13, choices=EtatSouscription, default=EtatSouscription.NON_COMMENCEE, editable=False
    )
    contrat = models.CharField("contrat de coopération", max_length=80, blank=True, editable=False)
    numero_onboarding = models.CharField("numéro d’on-boarding", max_length=120, blank=True, editable=False)
    numero_distant = models.CharField("numéro de souscription", max_length=120, blank=True, editable=False)
    message = models.TextField("dernier message de Cegid OD", blank=True, editable=False)
    motif = models.CharField("motif de la fin", max_length=200, blank=True, editable=False)
    precedente = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="suivantes",
        verbose_name="prend la suite de",
    )
    onboardee_le = models.DateTimeField("on-boardée le", null=True, blank=True, editable=False)
    souscrite_le = models.DateTimeField("souscrite le", null=True, blank=True, editable=False)
    resiliee_le = models.DateTimeField("résiliée le", null=True, blank=True, editable=False)
    cree_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="créée par", related_name="+", editable=False
    )
    cree_le = models.DateTimeField("créée le", default=timezone.now, editable=False)
    modifiee_le = models.DateTimeField("modifiée le", default=timezone.now, editable=False)

    objects = SouscriptionQuerySet.as_manager()

    class Meta:
        verbose_name = "souscription"
        verbose_name_plural = "souscriptions"
        ordering = ["-id"]
        permissions = [
            ("commencer_souscription", "Peut lancer l’on-boarding ou la souscription d’une ligne"),
            ("terminer_souscription", "Peut terminer une souscription ou changer de plateforme"),
            ("regulariser_souscription", "Peut reprendre ou clore une souscription oubliée par Cegid OD"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(fin=None) | Q(fin__gte=F("debut")),
                name="souscription_periode",
                violation_error_message="La souscription finit avant de commencer. Corrigez l’une des deux dates.",
            ),
            models.CheckConstraint(
                condition=Q(etat__in=EtatSouscription.values, environnement__in=Environnement.values),
                name="souscription_mots_connus",
                violation_error_message="L’état ou l’environnement n’existe pas.",
            ),
            models.CheckConstraint(
                condition=Q(etat__in=_SANS_APPEL) | Q(mandat__isnull=False),
                name="souscription_mandatee",
                violation_error_message="L’on-boarding demande le mandat daté du client.",
            ),
            models.CheckConstraint(
                condition=~Q(etat__in=_ETAPE_2) | Q(contrat__gt="", endpoint__gt="", onboardee_le__isnull=False),
                name="souscription_contrat_et_endpoint",
                violation_error_message=(
                    "La souscription chez la plateforme demande son contrat de coopération et un endpoint exclusif."
                ),
            ),
            models.CheckConstraint(
                condition=~Q(etat__in=(_E.SOUSCRITE, _E.RESILIEE))
                | Q(souscrite_le__isnull=False)
                | Q(etat=_E.RESILIEE, servie=True),
                name="souscription_datee",
            ),
            models.CheckConstraint(
                condition=~Q(etat=_E.ANNULEE) | Q(servie=False),
                name="souscription_servie_non_annulee",
                violation_error_message="Une souscription qui a servi ne s’annule pas : elle se termine.",
            ),
            models.CheckConstraint(
                condition=~Q(etat=_E.RESILIEE) | Q(fin__isnull=False, resiliee_le__isnull=False),
                name="souscription_resiliee_a_une_fin",
                violation_error_message="Une souscription résiliée a une date de fin.",
            ),
            models.UniqueConstraint(
                fields=["precedente"],
                condition=~Q(etat=_E.ANNULEE),
                name="souscription_une_suite",
                violation_error_message="Un changement de plateforme est déjà prévu pour cette souscription.",
            ),
            ExclusionConstraint(
                name="souscription_sans_chevauchement",
                expressions=[("ligne", RangeOperators.EQUAL), (Periode(), RangeOperators.OVERLAPS)],
                condition=~Q(etat=_E.ANNULEE),
                violation_error_message=(
                    "Cette ligne a déjà une souscription sur cette période. Terminez-la d’abord, ou choisissez "
                    "d’autres dates."
                ),
            ),
            ExclusionConstraint(
                name="souscription_endpoint_exclusif",
                expressions=[(Lower("endpoint"), RangeOperators.EQUAL), ("ligne", RangeOperators.NOT_EQUAL)],
                condition=Q(endpoint__gt="") & ~Q(etat=_E.ANNULEE),
                violation_error_message=(
                    "Cet endpoint est déjà celui d’une autre ligne : Cegid OD en demande un par ligne. Demandez-en un "
                    "autre à la plateforme."
                ),
            ),
        ]
        indexes = [
            models.Index(fields=["dossier", "-id"], name="souscription_dossier"),
            models.Index(fields=["plateforme", "-id"], name="souscription_plateforme"),
            models.Index(fields=["etat", "-id"], name="souscription_etat"),
            models.Index(fields=["debut", "-id"], name="souscription_debut"),
            models.Index(fields=["fin"], name="souscription_fin", condition=Q(fin__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"Souscription n° {self.pk} – {self.ligne}, {self.plateforme.nom}"

    @property
    def en_cours(self) -> bool:
        """Whether a call is under way, or its answer awaited: nothing is changed meanwhile."""
        return self.etat in EN_COURS

    def permet(self, pas: Pas) -> bool:
        """Whether the table permits `pas`; permissions and rules come on top."""
        return EtatSouscription(self.etat) in TRANSITIONS_SOUSCRIPTION[pas]

    @property
    def acquise(self) -> bool:
        """Whether Cegid OD routes by it, from its first day to its last."""
        return self.etat in ACQUISES and (self.souscrite_le is not None or self.etat == _E.RESILIEE)

    def a_servi(self, jour: date) -> bool:
        """Whether Cegid OD routed by it on `jour` or before, even if it has forgotten it since."""
        return self.servie and self.debut <= jour

    def accepte_fin(self, fin: date | None) -> bool:
        """Whether Cegid OD would take this last day: it refuses one later than the end that it has."""
        return self.fin_dite is None or (fin is not None and fin <= self.fin_dite)

    def progres(self, jour: date) -> Progres | None:
        """Where it stands on `jour`, as `au_stade`; None once cancelled."""
        if self.acquise:
            if self.debut > jour:
                return Progres.SOUSCRIT
            if self.fin is None or self.fin >= jour:
                return Progres.ACTIF
            dite = self.etat == _E.RESILIEE or (self.fin_dite is not None and self.fin_dite < jour)
            return Progres.TERMINE if dite else Progres.FIN_A_DIRE
        if self.etat == _E.ANNULEE:
            return None
        commencee = self.etat not in (_E.NON_COMMENCEE, _E.ONBOARDING, _E.OUBLIEE)
        return Progres.ONBOARDE if commencee else Progres.NON_COMMENCE


class DonneesConnexionQuerySet(PortefeuilleQuerySet):
    vers_dossier = "souscription__dossier__"

    def vives(self) -> Self:
        return self.filter(effacees_le=None)


class DonneesConnexion(models.Model):
    """The « Pdp connection data » of one on-boarding, sealed: the machine calls with them, a person sees them once.

    `accuse` is the receipt of that one time, signed, and never changes (trigger). The data are erased at the end, or
    when others replace them; the receipt stays.
    """

    souscription = models.ForeignKey(
        Souscription, models.PROTECT, related_name="donnees_connexion", verbose_name="souscription"
    )
    contenu = ChiffreTextField("données de connexion", null=True, blank=True, editable=False)
    empreinte = models.CharField("empreinte SHA-256", max_length=64, editable=False)
    recues_le = models.DateTimeField("reçues le", default=timezone.now, editable=False)
    revelees_le = models.DateTimeField("révélées le", null=True, blank=True, editable=False)
    revelees_par = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name="révélées par",
        editable=False,
    )
    accuse = models.JSONField("accusé de remise", null=True, blank=True, editable=False)
    signature = models.CharField("signature", max_length=64, blank=True, editable=False)
    effacees_le = models.DateTimeField("effacées le", null=True, blank=True, editable=False)

    objects = DonneesConnexionQuerySet.as_manager()

    class Meta:
        verbose_name = "données de connexion"
        verbose_name_plural = "données de connexion"
        ordering = ["-id"]
        default_permissions = ("view",)
        permissions = [("reveler_donneesconnexion", "Peut révéler, une fois, des données de connexion")]
        constraints = [
            models.UniqueConstraint(
                fields=["souscription"],
                condition=Q(effacees_le=None),
                name="donnees_connexion_vives_uniques",
                violation_error_message="Cette souscription a déjà des données de connexion.",
            ),
            models.CheckConstraint(
                condition=Q(effacees_le=None, contenu__isnull=False)
                | Q(effacees_le__isnull=False, contenu__isnull=True),
                name="donnees_connexion_effacees",
            ),
            models.CheckConstraint(
                condition=Q(revelees_le=None, revelees_par=None, accuse__isnull=True, signature="")
                | Q(
                    revelees_le__isnull=False,
                    revelees_par__isnull=False,
                    accuse__isnull=False,
                    signature__regex=r"^[0-9a-f]{64}$",
                ),
                name="donnees_connexion_revelees_avec_accuse",
            ),
            models.CheckConstraint(condition=Q(empreinte__regex=r"^[0-9a-f]{64}$"), name="donnees_connexion_empreinte"),
        ]

    def __str__(self) -> str:
        return f"Données de connexion n° {self.pk}"
