from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Upper
from simple_history.models import HistoricalRecords

from dossiers.models import Dossier, Environnement
from interlocuteurs.courriel import LONGUEUR_COURRIEL, normaliser_courriel, normaliser_nom
from interlocuteurs.telephone import lire_telephone

if TYPE_CHECKING:
    from dossiers.models import CleApi, Collaborateur

E164 = r"^(\+[1-9][0-9]{4,14})?$"
#: The only value of `profile` in the API Cabinet guide (addClient); its meaning is not given.
PROFIL = "2.0"


class InterlocuteurQuerySet(models.QuerySet):
    def visibles_par(self, personne: Collaborateur) -> Self:
        """Contacts `personne` may see: all, or those with an accès on one of their dossiers, or that they created."""
        if not getattr(personne, "portefeuille_seul", False):
            return self
        from interlocuteurs.models.acces import Acces

        siens = Acces.objects.filter(dossier__in=Dossier.objects.visibles_par(personne)).order_by()
        return self.filter(Q(pk__in=siens.values("interlocuteur")) | Q(cree_par=personne))

    def du_domaine(self, cle: CleApi) -> Self:
        """Contacts of the environment and Loop domain that `cle` opens."""
        return self.filter(environnement=cle.environnement, domaine=cle.domaine.upper())

    def a_inviter(self) -> Self:
        """Those that Loop refused because the practice has not invited them on its tenant."""
        return self.filter(invitation=Interlocuteur.Invitation.A_INVITER, anonymise_le=None)


class Interlocuteur(models.Model):
    """A contact person of the practice's clients, on one Loop domain. Anonymised, never deleted.

    Loop knows a contact by e-mail (no identifier in the bodies of its API): the address is unique per domain.
    """

    class Invitation(models.TextChoices):
        INCONNUE = "inconnue", "Inconnue"
        A_INVITER = "a_inviter", "À inviter"
        INVITE = "invite", "Invité"

    class Presence(models.TextChoices):
        """What Loop last said of this address; no public call reads contacts, so it is learnt from writes."""

        INCONNUE = "inconnue", "Jamais envoyé"
        PRESENT = "present", "Présent"
        AUTRE = "autre", "E-mail déjà pris dans Loop"
        ABSENT = "absent", "Absent"

    environnement = models.CharField("environnement", max_length=12, choices=Environnement, editable=False)
    domaine = models.CharField("domaine Loop", max_length=60, editable=False)
    email = models.CharField("e-mail", max_length=LONGUEUR_COURRIEL)
    nom = models.CharField("nom", max_length=100)
    prenom = models.CharField("prénom", max_length=100)
    mobile = models.CharField(
        "téléphone mobile", max_length=60, blank=True, help_text="Envoyé à Loop. Par exemple 07 05 06 03 02."
    )
    fixe = models.CharField("téléphone fixe", max_length=60, blank=True, help_text="Gardé ici : Loop n’en prend qu’un.")
    profil = models.CharField("profil", max_length=20, default=PROFIL)
    social = models.BooleanField("social", default=True)
    actif = models.BooleanField("actif", default=True)
    emetteur_par_defaut = models.BooleanField("émetteur par défaut", default=False)

    invitation = models.CharField(
        "invitation sur le tenant", max_length=9, choices=Invitation, default=Invitation.INCONNUE, editable=False
    )
    invite_le = models.DateTimeField("invité le", null=True, blank=True, editable=False)
    invite_par = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        verbose_name="invitation notée par",
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    presence = models.CharField("dans Loop", max_length=8, choices=Presence, default=Presence.INCONNUE, editable=False)
    interlocuteur_object_id = models.UUIDField("objectId de l’interlocuteur", null=True, blank=True, editable=False)
    interlocuteur_revision_id = models.CharField(
        "revisionId de l’interlocuteur", max_length=60, blank=True, editable=False
    )
    utilisateur_object_id = models.UUIDField("objectId de l’utilisateur client", null=True, blank=True, editable=False)
    utilisateur_revision_id = models.CharField(
        "revisionId de l’utilisateur client", max_length=60, blank=True, editable=False
    )
    version = models.PositiveIntegerField("version de la fiche", default=1, editable=False)
    version_envoyee = models.PositiveIntegerField("version connue de Loop", null=True, blank=True, editable=False)

    cree_le = models.DateTimeField("créé le", auto_now_add=True)
    cree_par = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name="créé par",
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )
    anonymise_le = models.DateTimeField("anonymisé le", null=True, blank=True, editable=False)
    anonymise_par = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        verbose_name="anonymisé par",
        null=True,
        blank=True,
        editable=False,
        related_name="+",
    )

    objects = InterlocuteurQuerySet.as_manager()
    history = HistoricalRecords(
        excluded_fields=[
            "interlocuteur_object_id",
            "interlocuteur_revision_id",
            "utilisateur_object_id",
            "utilisateur_revision_id",
            "version_envoyee",
            "presence",
        ]
    )

    class Meta:
        verbose_name = "interlocuteur"
        verbose_name_plural = "interlocuteurs"
        ordering = ["nom", "prenom", "id"]
        permissions = [
            ("planifier_acces", "Peut donner ou retirer un accès"),
            ("marquer_invite", "Peut noter qu’un interlocuteur est invité sur le tenant"),
            ("importer_interlocuteurs", "Peut importer des interlocuteurs depuis un tableur"),
            ("exporter_donnees", "Peut exporter les données personnelles d’un interlocuteur"),
            ("anonymiser_interlocuteur", "Peut anonymiser un interlocuteur"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["environnement", "domaine", "email"],
                name="interlocuteur_email_unique",
                violation_error_message="Cette adresse e-mail est déjà celle d’un autre interlocuteur de ce domaine.",
            ),
            models.CheckConstraint(
                condition=Q(email=Lower("email")),
                name="interlocuteur_email_minuscule",
                violation_error_message="L’adresse e-mail s’enregistre en minuscules.",
            ),
            models.CheckConstraint(
                condition=Q(domaine=Upper("domaine")),
                name="interlocuteur_domaine_majuscule",
                violation_error_message="Le domaine s’enregistre en majuscules.",
            ),
            models.CheckConstraint(
                condition=Q(mobile__regex=E164) & Q(fixe__regex=E164),
                name="interlocuteur_telephones_e164",
                violation_error_message="Un téléphone s’enregistre au format international.",
            ),
        ]
        indexes = [
            models.Index(fields=["nom", "prenom", "id"], name="interlocuteur_ordre"),
            models.Index(OpClass(Upper("email"), name="text_pattern_ops"), name="interlocuteur_email_prefixe"),
            models.Index(fields=["mobile"], name="interlocuteur_mobile", condition=~Q(mobile="")),
            models.Index(fields=["fixe"], name="interlocuteur_fixe", condition=~Q(fixe="")),
            models.Index(fields=["nom", "id"], name="interlocuteur_a_inviter", condition=Q(invitation="a_inviter")),
            models.Index(fields=["presence", "nom", "id"], name="interlocuteur_presence"),
            models.Index(fields=["cree_par", "nom", "id"], name="interlocuteur_cree_par"),
            GinIndex(OpClass(Upper("nom"), name="gin_trgm_ops"), name="interlocuteur_nom_trgm"),
            GinIndex(OpClass(Upper("prenom"), name="gin_trgm_ops"), name="interlocuteur_prenom_trgm"),
        ]

    def __str__(self) -> str:
        return f"{self.nom_complet} ({self.email})"

    @property
    def nom_complet(self) -> str:
        return f"{self.prenom} {self.nom}"

    @property
    def anonymise(self) -> bool:
        return self.anonymise_le is not None

    @property
    def a_renvoyer(self) -> bool:
        """Whether the record changed since Loop last received it."""
        return self.version_envoyee is not None and self.version_envoyee < self.version

    @classmethod
    def libelle(cls, champ: str) -> str:
        """French name of a field."""
        return str(cls._meta.get_field(champ).verbose_name)

    def ecrire(self, *champs: str, par: Collaborateur) -> None:
        """Save these fields, with their line of history."""
        self._history_user = par
        self.save(update_fields=champs)

    def clean(self) -> None:
        """Put every field in its kept form. Raises ValidationError, field by field."""
        super().clean()
        lectures: dict[str, Any] = {
            "email": normaliser_courriel,
            "nom": normaliser_nom,
            "prenom": normaliser_nom,
            "profil": normaliser_nom,
            "mobile": lire_telephone,
            "fixe": lire_telephone,
        }
        erreurs: dict[str, Any] = {}
        for champ, lire in lectures.items():
            try:
                if valeur := getattr(self, champ):
                    setattr(self, champ, lire(valeur))
            except ValidationError as exc:
                erreurs[champ] = exc
        if erreurs:
            raise ValidationError(erreurs)


#: The fields that a person types, in the order of the form.
CHAMPS_SAISIS = (
    "email",
    "nom",
    "prenom",
    "mobile",
    "fixe",
    "profil",
    "social",
    "actif",
    "emetteur_par_defaut",
)
#: Those that Loop receives.
CHAMPS_ENVOYES = tuple(champ for champ in CHAMPS_SAISIS if champ != "fixe")
