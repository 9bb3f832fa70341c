from __future__ import annotations

import re
from datetime import date, timedelta

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from simple_history.models import HistoricalRecords

from config.champs import ChiffreCharField
from dossiers.models import AvecGuichet, Explication
from raccordements.models.statuts import EnvironnementChorus

#: AIFE, « creation of a technical account for an API access in production »: the password is renewed every 424 days.
VIE_MOT_DE_PASSE = timedelta(days=424)
#: As AIFE's e-mail of creation writes it; only a remark is made of another form.
FORME_LOGIN = re.compile(r"TECH_\d+_\d+@cpro\.fr", re.IGNORECASE)
SANS_ESPACE = RegexValidator(r"^[!-~]+\Z", "Ni espace, ni accent : copiez la valeur d’un seul tenant.")


class CompteChorusQuerySet(models.QuerySet):
    def en_service(self) -> CompteChorusQuerySet:
        return self.filter(archive_le=None)


class CompteChorus(AvecGuichet):
    """What opens the Chorus Pro API in one environment: a PISTE application and a technical account.

    The account inherits the rights of the « gestionnaire principal » on all its structures (AIFE): its password is a
    high-value secret. It has the fields of `raccordements.chorus.schemas.Identifiants`.
    """

    systeme = Explication.Systeme.CHORUS

    nom = models.CharField("nom", max_length=80, unique=True)
    environnement = models.CharField("environnement", max_length=13, choices=EnvironnementChorus)
    application = models.CharField(
        "application PISTE",
        max_length=150,
        blank=True,
        help_text="Son nom sur PISTE, unique : c’est lui que la fiche API déclare.",
    )
    client_id = models.CharField(
        "client id",
        max_length=120,
        validators=[SANS_ESPACE],
        help_text="Partie « OAuth Credentials » de l’application PISTE, et non « API Keys ».",
    )
    client_secret = ChiffreCharField("client secret", max_length=500, blank=True, default="")
    client_secret_defini_le = models.DateTimeField("client secret défini le", null=True, blank=True, editable=False)
    client_secret_defini_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    login = models.CharField(
        "compte technique",
        max_length=254,
        validators=[SANS_ESPACE],
        help_text="De la forme TECH_1_123456@cpro.fr, créé par le gestionnaire principal.",
    )
    mot_de_passe = ChiffreCharField("mot de passe du compte technique", max_length=500, blank=True, default="")
    mot_de_passe_defini_le = models.DateTimeField("mot de passe défini le", null=True, blank=True, editable=False)
    mot_de_passe_defini_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    mot_de_passe_change_le = models.DateField(
        "mot de passe créé ou changé sur Chorus Pro le",
        null=True,
        blank=True,
        help_text="Chorus Pro le refuse 424 jours plus tard.",
    )
    fin_lue = models.DateField("fin du mot de passe lue dans Chorus Pro", null=True, blank=True, editable=False)
    fin_lue_le = models.DateTimeField("fin lue le", null=True, blank=True, editable=False)

    teste_le = models.DateTimeField("testé le", null=True, blank=True, editable=False)
    test_reussi = models.BooleanField("dernier test réussi", null=True, blank=True, editable=False)
    test_diagnostic = models.JSONField("étapes du dernier test", default=list, blank=True, editable=False)
    archive_le = models.DateTimeField("archivé le", null=True, blank=True, editable=False)

    objects = CompteChorusQuerySet.as_manager()
    history = HistoricalRecords(
        excluded_fields=[
            "guichet",
            "client_secret",
            "mot_de_passe",
            "fin_lue",
            "fin_lue_le",
            "teste_le",
            "test_reussi",
            "test_diagnostic",
        ]
    )

    class Meta:
        verbose_name = "compte Chorus Pro"
        verbose_name_plural = "comptes Chorus Pro"
        ordering = ["nom"]
        permissions = [("tester_comptechorus", "Peut tester la connexion d’un compte Chorus Pro")]
        constraints = [
            models.UniqueConstraint(
                fields=["environnement", "client_id", "login"],
                name="compte_chorus_unique",
                violation_error_message="Ce compte technique est déjà enregistré avec cette application PISTE.",
            )
        ]

    def __str__(self) -> str:
        return f"{self.nom} ({self.get_environnement_display()})"

    @property
    def expire_le(self) -> date | None:
        """When the technical password ends: what Chorus Pro said, else 424 days after its change; None when unknown."""
        lue_apres = self.fin_lue_le and (
            self.mot_de_passe_change_le is None or self.fin_lue_le.date() > self.mot_de_passe_change_le
        )
        if self.fin_lue and lue_apres:
            return self.fin_lue
        return self.mot_de_passe_change_le and self.mot_de_passe_change_le + VIE_MOT_DE_PASSE

    @property
    def login_inhabituel(self) -> bool:
        """Whether the login has not the form AIFE gives: a remark, never a refusal."""
        return FORME_LOGIN.fullmatch(self.login) is None

    def empechement(self, aujourd_hui: date) -> str:
        """Why this account cannot be used, in French; empty when it can."""
        if self.archive_le:
            return f"Le compte « {self.nom} » est archivé. Rattachez la structure à un compte en service."
        if not self.client_secret_defini_le or not self.mot_de_passe_defini_le:
            return f"Le compte « {self.nom} » est incomplet : un administrateur doit saisir ses deux secrets."
        if self.expire_le and self.expire_le < aujourd_hui:
            return (
                f"Le mot de passe du compte « {self.nom} » a expiré le {self.expire_le:%d/%m/%Y} : Chorus Pro le "
                "refuserait. Le gestionnaire principal doit le renouveler, puis un administrateur le saisir ici."
            )
        return ""
