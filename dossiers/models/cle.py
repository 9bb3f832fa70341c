from __future__ import annotations

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from config.champs import ChiffreCharField
from dossiers.models.explication import Explication
from dossiers.models.guichet import AvecGuichet


class Environnement(models.TextChoices):
    BAC_A_SABLE = "bac_a_sable", "Bac à sable"
    TEST = "test", "Test"
    PRODUCTION = "production", "Production"


class CleApi(AvecGuichet):
    """A Loop API key: its public part and its encrypted secrets.

    Source: developers.cegid.com, Loop "Getting started": Standard P04448 is free and may be shared with partners,
    Advanced P04454 is billable and for the practice's exclusive use.
    """

    class Type(models.TextChoices):
        STANDARD = "P04448", "Standard (P04448)"
        AVANCEE = "P04454", "Avancée (P04454)"

    systeme = Explication.Systeme.LOOP

    nom = models.CharField("nom", max_length=80, unique=True)
    type = models.CharField("type", max_length=6, choices=Type)
    environnement = models.CharField("environnement", max_length=12, choices=Environnement)
    domaine = models.CharField(
        "domaine Loop",
        max_length=60,
        validators=[
            RegexValidator(r"^[A-Za-z0-9_-]+\Z", "Lettres sans accent, chiffres, tirets et soulignés seulement.")
        ],
        help_text="Le code du cabinet affiché dans Loop Hub.",
    )
    cle_publique = models.CharField(
        "clé publique (key)",
        max_length=120,
        validators=[
            RegexValidator(r"^[!-9;-~]+\Z", "La clé publique ne contient ni espace, ni accent, ni deux-points.")
        ],
        help_text="La partie « key », avant les deux-points ; c’est elle qui est déclarée dans Loop Hub.",
    )
    client_secret = ChiffreCharField("client secret", max_length=500, blank=True, default="")
    client_secret_defini_le = models.DateTimeField("client secret défini le", null=True, blank=True, editable=False)
    client_secret_defini_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    cle_abonnement = ChiffreCharField(
        "clé d’abonnement (Ocp-Apim-Subscription-Key)", max_length=500, blank=True, default=""
    )
    cle_abonnement_defini_le = models.DateTimeField(
        "clé d’abonnement définie le", null=True, blank=True, editable=False
    )
    cle_abonnement_defini_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    activee_loophub = models.BooleanField(
        "activée dans LoopHub",
        default=False,
        help_text="Un administrateur du cabinet a saisi la clé dans Loop Hub ; sinon, Cegid refuse tous les appels.",
    )
    partenaire = models.CharField(
        "partagée avec le partenaire", max_length=120, blank=True, help_text="Vide si la clé reste au cabinet."
    )
    expire_le = models.DateField("expire le", null=True, blank=True)
    archivee_le = models.DateTimeField("archivée le", null=True, blank=True, editable=False)

    teste_le = models.DateTimeField("testée le", null=True, blank=True, editable=False)
    test_reussi = models.BooleanField("dernier test réussi", null=True, blank=True, editable=False)
    test_message = models.TextField("résultat du dernier test", blank=True, editable=False)
    synchronisee_le = models.DateTimeField("LoopHub relevé le", null=True, blank=True, editable=False)

    history = HistoricalRecords(
        excluded_fields=[
            "client_secret",
            "cle_abonnement",
            "guichet",
            "teste_le",
            "test_reussi",
            "test_message",
            "synchronisee_le",
        ]
    )

    class Meta:
        verbose_name = "clé d’API"
        verbose_name_plural = "clés d’API"
        ordering = ["nom"]
        permissions = [
            ("tester_cleapi", "Peut tester la connexion d’une clé d’API"),
            ("synchroniser_cleapi", "Peut relever LoopHub avec une clé d’API"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["cle_publique", "environnement"],
                name="cle_publique_unique",
                violation_error_message="Cette clé publique est déjà enregistrée pour cet environnement.",
            ),
            models.CheckConstraint(
                condition=~Q(type="P04454") | Q(partenaire=""),
                name="cle_avancee_jamais_partagee",
                violation_error_message=(
                    "Une clé avancée (P04454) est réservée au cabinet : elle ne se partage pas avec un partenaire. "
                    "Utilisez une clé standard (P04448) pour ce partenaire."
                ),
            ),
        ]

    def __str__(self) -> str:
        return self.nom

    def clean(self) -> None:
        super().clean()
        if ":" in self.cle_publique:
            raise ValidationError(
                {
                    "cle_publique": "La clé complète a été collée ici. Ce qui précède les deux-points est public : "
                    "gardez cette partie ici et placez la suite dans « client secret »."
                }
            )

    @property
    def avancee(self) -> bool:
        return self.type == self.Type.AVANCEE

    @property
    def prete(self) -> bool:
        """Whether both secrets are set and the key is declared active in LoopHub."""
        return bool(self.client_secret and self.cle_abonnement and self.activee_loophub and not self.archivee_le)

    def empechement(self, *, cabinet: bool) -> str:
        """Why this key cannot be used now, in French; empty when it can.

        Parameters
        ----------
        cabinet:
            Whether the call is one of the "API Cabinet", which only an advanced key may make.
        """
        if self.archivee_le:
            return f"La clé « {self.nom} » est archivée. Rattachez le dossier à une clé en service."
        if not self.client_secret_defini_le or not self.cle_abonnement_defini_le:
            return f"La clé « {self.nom} » est incomplète : un administrateur doit saisir ses deux secrets."
        if not self.activee_loophub:
            return (
                f"La clé « {self.nom} » n’est pas activée dans LoopHub : Cegid refuserait l’appel. "
                "Activez-la puis cochez la case."
            )
        if cabinet and not self.avancee:
            return f"La clé « {self.nom} » est standard (P04448) : cette fonction demande une clé avancée (P04454)."
        return ""
