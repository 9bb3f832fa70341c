from __future__ import annotations

from django.db import models

from config.champs import ChiffreTextField


class JetonAcces(models.Model):
    """An access token of a remote, shared by every process of the practice, and who is asking for the next one.

    `cle` names the credentials without telling them (`raccordements.chorus.jetons.Jetons`). The lease (`bail`) is that
    of the one caller that asks; `bail_echoue` is the last lease that ended in an error, with that error (`echec`), for
    those who were waiting on that very lease and for nobody else.
    """

    cle = models.CharField("clé", max_length=64, unique=True)
    valeur = ChiffreTextField("jeton", blank=True, default="")
    obtenu_le = models.DateTimeField("obtenu le", null=True, blank=True)
    duree = models.FloatField("durée (s)", default=0)
    bail = models.UUIDField("bail", null=True, blank=True)
    bail_jusqu_au = models.DateTimeField("bail jusqu’au", null=True, blank=True)
    bail_echoue = models.UUIDField("dernier bail en échec", null=True, blank=True)
    echec = models.JSONField("échec", default=dict, blank=True)

    class Meta:
        verbose_name = "jeton d’accès"
        verbose_name_plural = "jetons d’accès"
        default_permissions = ()

    def __str__(self) -> str:
        return f"Jeton n° {self.pk}"
