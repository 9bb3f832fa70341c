"""What is done without anybody asking: following what was sent, telling what is late, forgetting ended tokens."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, OuterRef, Q, Subquery
from django.utils import timezone

from raccordements.models import EvenementFiche, Fiche, JetonAcces
from raccordements.models.statuts import PARTIS
from raccordements.natures.suivi import lancer_suivis
from raccordements.services.envoi import Canal
from raccordements.services.traces import Type

#: Fiches taken up in one turn.
LIMITE = 500
#: A follow-up that stopped (refused, cancelled) is asked for again after this.
REPRISE = timedelta(days=1)
#: A token lives an hour; its row is kept a little longer.
GARDE_DES_JETONS = timedelta(days=2)


@transaction.atomic
def reprendre_les_suivis(*, limite: int = LIMITE) -> int:
    """Queue the follow-up of sent fiches that have none. Returns how many are followed after it.

    Two turns at once take different fiches. What was sent before CHORUS_SUIVI_JOURS is left to people.
    """
    maintenant = timezone.now()
    dernier_canal = (
        EvenementFiche.objects.filter(fiche=OuterRef("pk"), type=Type.ENVOI)
        .order_by("-id")
        .values("details__canal")[:1]
    )
    a_suivre = (
        Fiche.objects.filter(
            Q(suivie_le=None) | Q(suivie_le__lt=F("envoyee_le")) | Q(suivie_le__lt=maintenant - REPRISE),
            etat__in=PARTIS,
            envoyee_le__gt=maintenant - timedelta(days=settings.CHORUS_SUIVI["jours"]),
        )
        .annotate(canal=Subquery(dernier_canal))
        .select_related("structure__compte__guichet", "structure__dossier", "version_envoyee")
        .order_by(F("suivie_le").asc(nulls_first=True), "pk")
        .select_for_update(no_key=True, skip_locked=True, of=("self",))[:limite]
    )
    envois = [(fiche, Canal(fiche.canal)) for fiche in a_suivre if fiche.canal in set(Canal)]
    return len(lancer_suivis(envois, par=None))


def oublier_les_jetons() -> int:
    """Erase the rows of tokens that ended long ago, of credentials that were changed for instance."""
    vieux = Q(obtenu_le=None) | Q(obtenu_le__lt=timezone.now() - GARDE_DES_JETONS)
    return JetonAcces.objects.filter(vieux, bail=None).delete()[0]
