"""What Chorus Pro offers, as data that the practice may correct: interface codes, network values, known issuers."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import F, Q
from simple_history.models import HistoricalRecords

from raccordements.models.statuts import EnvironnementChorus, Protocole


class Surete(models.TextChoices):
    """How sure a fact is."""

    A = "A", "A – texte officiel de l’AIFE"
    B = "B", "B – code public qui fonctionne ou mesure datée"
    C = "C", "C – un seul témoignage, ou une déduction"


class CodeInterfaceQuerySet(models.QuerySet):
    def offerts(self, environnement: str, jour: date | None = None) -> CodeInterfaceQuerySet:
        """Codes that a fiche of this environment may connect, on `jour` when it is given."""
        offerts = self.filter(**{environnement: True})
        if jour is None:
            return offerts
        return offerts.filter(Q(du=None) | Q(du__lte=jour), Q(au=None) | Q(au__gte=jour))


class CodeInterface(models.Model):
    """One EDI flow. `au_guide`: on the portal's form of 2017, which asks for one choice for each of them."""

    class Sens(models.TextChoices):
        ENTRANT = "entrant", "Vers Chorus Pro"
        SORTANT = "sortant", "Depuis Chorus Pro"

    code = models.CharField(
        "code",
        max_length=8,
        primary_key=True,
        validators=[RegexValidator(r"^[A-Z]{3}[0-9]{4}[A-Z]\Z", "Trois capitales, quatre chiffres, une capitale.")],
    )
    ordre = models.PositiveSmallIntegerField("ordre", default=1000)
    description = models.CharField("description", max_length=200)
    flux = models.CharField("flux", max_length=4)
    format = models.CharField("format", max_length=80)
    sens = models.CharField("sens", max_length=7, choices=Sens)
    syntaxe_flux = models.CharField("syntaxeFlux", max_length=60, blank=True)
    qualification = models.BooleanField("offert en qualification", default=True)
    production = models.BooleanField("offert en production", default=True)
    du = models.DateField("valable du", null=True, blank=True)
    au = models.DateField("valable au", null=True, blank=True)
    au_guide = models.BooleanField("au formulaire de 2017", default=False)
    source = models.CharField("source", max_length=300)
    surete = models.CharField("sûreté", max_length=1, choices=Surete)
    remarque = models.TextField("remarque", blank=True)

    objects = CodeInterfaceQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        verbose_name = "code interface"
        verbose_name_plural = "codes interfaces"
        ordering = ["ordre", "code"]
        constraints = [
            models.CheckConstraint(
                condition=Q(au=None) | Q(du=None) | Q(au__gte=F("du")),
                name="code_interface_periode",
                violation_error_message="La validité finit avant de commencer.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.code} – {self.description} ({self.format})"

    def valable(self, jour: date) -> bool:
        return (self.du is None or self.du <= jour) and (self.au is None or jour <= self.au)


#: The lines of the network block on AIFE's side, in the order of the portal: field -> French label.
LIBELLES_AIFE = {
    "identifiant": "Identifiant",
    "adresse": "Adresse IP de connexion",
    "port": "Port",
    "chemin": "Chemin de dépôt",
    "chiffrement": "Algorithme de chiffrement",
    "signature": "Algorithme de signature",
    "mdn": "Mode de livraison MDN",
    "variante": "Variante du protocole",
}


class ReferenceReseau(models.Model):
    """AIFE's side of the network block for one protocol and environment, as last seen. Copied on each new fiche."""

    protocole = models.CharField("protocole", max_length=5, choices=Protocole)
    environnement = models.CharField("environnement", max_length=13, choices=EnvironnementChorus)
    identifiant = models.CharField("identifiant", max_length=60, blank=True)
    adresse = models.CharField("adresse", max_length=253, blank=True)
    port = models.PositiveIntegerField(
        "port", null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(65535)]
    )
    chemin = models.CharField("chemin de dépôt", max_length=200, blank=True)
    chiffrement = models.CharField("algorithme de chiffrement", max_length=60, blank=True)
    signature = models.CharField("algorithme de signature", max_length=60, blank=True)
    mdn = models.CharField("mode de livraison MDN", max_length=60, blank=True)
    variante = models.CharField("variante du protocole", max_length=80, blank=True)
    vu_le = models.DateField("vu le")
    source = models.CharField("source", max_length=300)

    history = HistoricalRecords()

    class Meta:
        verbose_name = "valeurs réseau de l’AIFE"
        verbose_name_plural = "valeurs réseau de l’AIFE"
        ordering = ["protocole", "environnement"]
        constraints = [
            models.UniqueConstraint(
                fields=["protocole", "environnement"],
                name="reference_reseau_unique",
                violation_error_message="Ces valeurs existent déjà pour ce protocole et cet environnement.",
            ),
            models.CheckConstraint(
                condition=Q(port=None) | Q(port__range=(1, 65535)), name="reference_reseau_port_possible"
            ),
        ]

    def __str__(self) -> str:
        ou = f"{self.get_protocole_display()}, {self.get_environnement_display().lower()}"
        return f"{ou} (vu le {self.vu_le:%d/%m/%Y})"

    def valeurs(self) -> dict[str, Any]:
        """The values to copy on a fiche, without the empty ones, and the day they were seen."""
        presentes = {champ: getattr(self, champ) for champ in LIBELLES_AIFE if getattr(self, champ)}
        return {**presentes, "vu_le": self.vu_le.isoformat()}


class EmetteurAdmis(models.Model):
    """An authority whose certificates the practice accepts. See `raccordements.certificats.schemas.EmetteurConnu`."""

    nom = models.CharField("nom", max_length=200, help_text="Nom commun ou organisation de l’autorité.")
    sha256 = models.CharField(
        "empreinte SHA-256 de son certificat",
        max_length=64,
        blank=True,
        validators=[RegexValidator(r"^[0-9a-f]{64}\Z", "64 chiffres hexadécimaux, en minuscules.")],
    )
    source = models.CharField("source", max_length=300, blank=True)

    history = HistoricalRecords()

    class Meta:
        verbose_name = "émetteur admis"
        verbose_name_plural = "émetteurs admis"
        ordering = ["nom", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["nom", "sha256"],
                name="emetteur_admis_unique",
                violation_error_message="Cet émetteur est déjà sur la liste.",
            )
        ]

    def __str__(self) -> str:
        return self.nom
