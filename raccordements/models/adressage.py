from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeOperators
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Concat, Left, Upper
from django.utils import timezone

from dossiers.models import Dossier, Environnement
from dossiers.models.portefeuille import PortefeuilleQuerySet
from raccordements.od.schemas import Ligne
from raccordements.od.schemas import Niveau as NiveauOD
from raccordements.souscriptions.etapes import Niveau
from raccordements.souscriptions.identifiants import FORME_CODE, LONGUEUR_IDENTIFIANT, SUFFIXE_AMBIGU, composer

if TYPE_CHECKING:
    from datetime import date

PARTIES = ("siren", "siret", "code_routage", "suffixe")
_SIRET_DU_SIREN = Q(siret__regex=r"^[0-9]{14}$", siren=Left("siret", 9))


class Periode(Func):
    """The days of a row, its first and its last included; without a last one, for ever."""

    function = "daterange"
    output_field = DateRangeField()

    def __init__(self) -> None:
        super().__init__(F("debut"), F("fin"), Value("[]"))


class LigneAdressageQuerySet(PortefeuilleQuerySet):
    def pour_liste(self) -> Self:
        return self.select_related("dossier", "cree_par")

    def presentes(self) -> Self:
        """Those that were not cancelled as mistakes; ended ones included."""
        return self.filter(annulee_le=None)

    def au(self, jour: date) -> Self:
        return self.presentes().filter(Q(fin=None) | Q(fin__gte=jour), debut__lte=jour)


class LigneAdressage(models.Model):
    """One address of a customer in the directory, for a time: the level and its parts, kept apart.

    Frozen once written (trigger), its end apart: a line is ended or superseded (`remplace`), never changed nor deleted,
    as in the directory (Chorus Pro FAQ). Identifiers are compared without case.
    """

    dossier = models.ForeignKey(
        Dossier, models.PROTECT, verbose_name="dossier", related_name="lignes_adressage", db_index=False
    )
    environnement = models.CharField("environnement", max_length=12, choices=Environnement, editable=False)
    niveau = models.CharField("niveau", max_length=23, choices=Niveau)
    siren = models.CharField("SIREN", max_length=9)
    siret = models.CharField("SIRET", max_length=14, blank=True)
    code_routage = models.CharField("code de routage", max_length=100, blank=True)
    suffixe = models.CharField("suffixe", max_length=100, blank=True)
    identifiant = models.CharField("identifiant d’adressage", max_length=LONGUEUR_IDENTIFIANT, editable=False)
    debut = models.DateField("du")
    fin = models.DateField("au (inclus)", null=True, blank=True)
    remplace = models.ForeignKey(
        "self",
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="remplacantes",
        verbose_name="remplace",
    )
    motif = models.CharField("motif de la fin", max_length=200, blank=True)
    cree_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, verbose_name="créée par", related_name="+", editable=False
    )
    cree_le = models.DateTimeField("créée le", default=timezone.now, editable=False)
    annulee_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", editable=False
    )
    annulee_le = models.DateTimeField("annulée le", null=True, blank=True, editable=False)

    objects = LigneAdressageQuerySet.as_manager()

    class Meta:
        verbose_name = "ligne d’adressage"
        verbose_name_plural = "lignes d’adressage"
        ordering = ["siren", "identifiant", "debut", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(niveau=Niveau.SIREN, siret="", code_routage="", suffixe="", identifiant=F("siren"))
                | Q(
                    _SIRET_DU_SIREN,
                    niveau=Niveau.SIRET,
                    code_routage="",
                    suffixe="",
                    identifiant=Concat("siren", Value("_"), "siret"),
                )
                | Q(
                    _SIRET_DU_SIREN,
                    niveau=Niveau.CODE_ROUTAGE,
                    code_routage__regex=FORME_CODE,
                    suffixe="",
                    identifiant=Concat("siren", Value("_"), "siret", Value("_"), "code_routage"),
                )
                | Q(
                    ~Q(suffixe__regex=SUFFIXE_AMBIGU),
                    niveau=Niveau.SUFFIXE,
                    siret="",
                    code_routage="",
                    suffixe__regex=FORME_CODE,
                    identifiant=Concat("siren", Value("_"), "suffixe"),
                ),
                name="ligne_parties_de_son_niveau",
                violation_error_message="Les parties de la ligne ne sont pas celles de son niveau.",
            ),
            models.CheckConstraint(
                condition=Q(siren__regex=r"^[0-9]{9}$"),
                name="ligne_siren",
                violation_error_message="Le SIREN compte 9 chiffres.",
            ),
            models.CheckConstraint(
                condition=Q(fin=None) | Q(fin__gte=F("debut")),
                name="ligne_periode",
                violation_error_message="La ligne finit avant de commencer. Corrigez l’une des deux dates.",
            ),
            models.CheckConstraint(
                condition=Q(annulee_le=None, annulee_par=None) | Q(annulee_le__isnull=False, annulee_par__isnull=False),
                name="ligne_annulee_par_quelqu_un",
            ),
            models.CheckConstraint(
                condition=Q(environnement__in=Environnement.values),
                name="ligne_environnement",
                violation_error_message="Cet environnement n’existe pas.",
            ),
            ExclusionConstraint(
                name="ligne_sans_chevauchement",
                expressions=[
                    ("environnement", RangeOperators.EQUAL),
                    ("niveau", RangeOperators.EQUAL),
                    (Upper("identifiant"), RangeOperators.EQUAL),
                    (Periode(), RangeOperators.OVERLAPS),
                ],
                condition=Q(annulee_le=None),
                violation_error_message=(
                    "Une ligne de ce niveau existe déjà pour ce destinataire sur cette période. Terminez-la d’abord, "
                    "ou choisissez d’autres dates."
                ),
            ),
            models.UniqueConstraint(
                fields=["remplace"],
                condition=Q(annulee_le=None),
                name="ligne_une_remplacante",
                violation_error_message="Cette ligne est déjà remplacée par une autre.",
            ),
            # What the foreign key of the subscriptions points at: same dossier, same environment.
            models.UniqueConstraint(fields=["id", "dossier", "environnement"], name="ligne_cible"),
        ]
        indexes = [
            models.Index(fields=["dossier", "debut"], name="ligne_adressage_dossier"),
            models.Index(fields=["siren", "environnement"], name="ligne_adressage_siren"),
            models.Index(fields=["siret"], name="ligne_adressage_siret", condition=Q(siret__gt="")),
            models.Index(fields=["niveau", "-id"], name="ligne_adressage_niveau"),
        ]

    def __str__(self) -> str:
        return self.identifiant

    def clean(self) -> None:
        """Put the parts in their kept form, and render the identifier. Raises ValidationError by field."""
        super().clean()
        parties = {nom: getattr(self, nom) for nom in PARTIES}
        lue = composer(self.niveau, **parties)
        for nom in PARTIES:
            setattr(self, nom, getattr(lue, nom))
        self.identifiant = lue.identifiant
        if self.fin and self.debut and self.fin < self.debut:
            raise ValidationError({"fin": "La ligne finit avant de commencer. Corrigez l’une des deux dates."})

    @property
    def adresse(self) -> Ligne:
        """The line as Cegid OD is told it."""
        return Ligne(niveau=NiveauOD(self.niveau), **{nom: getattr(self, nom) for nom in PARTIES})

    def couvre(self, debut: date, fin: date | None) -> bool:
        """Whether these days, both included, are all within the line's."""
        return debut >= self.debut and (self.fin is None or (fin is not None and fin <= self.fin))
