"""What a person may see: one rule, spelled once, for every model that hangs on a dossier."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.db import models
from django.db.models import Q

if TYPE_CHECKING:
    from dossiers.models.collaborateur import Collaborateur


class PortefeuilleQuerySet(models.QuerySet):
    """Rows limited to the portfolio of the person who looks, when that person is limited."""

    #: Lookup prefix that leads from the model to its dossier.
    vers_dossier = "dossier__"

    def visibles_par(self, personne: Collaborateur) -> Self:
        """Rows `personne` may see: all, or those of the dossiers they are in charge of.

        In charge means maître de dossier or engagement manager under the person's Loop login.
        """
        if not getattr(personne, "portefeuille_seul", False):
            return self
        if not personne.login_loop:
            return self.none()
        return self.filter(
            Q(**{f"{self.vers_dossier}maitre_dossier": personne.login_loop})
            | Q(**{f"{self.vers_dossier}engagement_manager": personne.login_loop})
        )
