from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Func, IntegerField, Q, TextField
from django.db.models.lookups import Exact, LessThanOrEqual
from django.utils import timezone

from raccordements.certificats.schemas import Analyse

#: Bytes of a canonical file; the reader's own limit is the setting CERTIFICATS_TAILLE_MAX, at most this one.
TAILLE_MAX = 64 * 1024


class Octets(Func):
    function = "octet_length"
    output_field = IntegerField()


class EmpreinteHexadecimale(Func):
    template = "encode(sha256(%(expressions)s), 'hex')"
    output_field = TextField()


class MarqueDeCle(Func):
    """Where a PEM private key of any kind begins to say so, 0 when nowhere."""

    template = "position('PRIVATE KEY'::bytea IN %(expressions)s)"
    output_field = IntegerField()


class Certificat(models.Model):
    """The public certificates of one file, in the canonical form of the reader: a DER PKCS#7, never a private key.

    The same certificates given as PEM or DER, in any order, are one row: `sha256` is their identity. Subject, issuer
    and serial number are those of the first leaf; `expire_le` is the first end of the whole chain.
    """

    sha256 = models.CharField("empreinte SHA-256", max_length=64, unique=True, editable=False)
    contenu = models.BinaryField("certificats (PKCS#7)", max_length=TAILLE_MAX)
    nom_fichier = models.CharField("nom du fichier", max_length=150)
    sujet = models.CharField("sujet", max_length=500)
    emetteur = models.CharField("émetteur", max_length=500)
    numero_serie = models.CharField("numéro de série", max_length=64, blank=True)
    debute_le = models.DateTimeField("valable du")
    expire_le = models.DateTimeField("valable au")
    analyse = models.JSONField("analyse", default=dict)
    ajoute_par = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, verbose_name="ajouté par", related_name="+"
    )
    ajoute_le = models.DateTimeField("ajouté le", default=timezone.now)

    class Meta:
        verbose_name = "certificat"
        verbose_name_plural = "certificats"
        ordering = ["expire_le", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(sha256=EmpreinteHexadecimale("contenu")),
                name="certificat_empreinte_du_contenu",
                violation_error_message="L’empreinte n’est pas celle du contenu.",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(Octets("contenu"), TAILLE_MAX),
                name="certificat_taille",
                violation_error_message="Le fichier de certificats dépasse 64 ko.",
            ),
            models.CheckConstraint(
                condition=Exact(MarqueDeCle("contenu"), 0),
                name="certificat_sans_cle_privee",
                violation_error_message="Le fichier contient une clé privée : il n’est pas gardé.",
            ),
        ]
        indexes = [models.Index(fields=["expire_le"], name="certificat_expire")]

    def __str__(self) -> str:
        return f"{self.nom_fichier} – {self.sujet}"

    @property
    def lu(self) -> Analyse:
        """What the reader said of it. Raises ValueError when the row was altered."""
        return Analyse.depuis_json(self.analyse)
