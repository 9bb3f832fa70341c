"""What is claimed here when a backup was restored: fiches whose sending waited in it, and may have left since."""

from __future__ import annotations

from django.db import transaction

from dossiers.affichage import pluriel
from dossiers.models import Operation
from dossiers.services.restauration import suspendre
from raccordements.models import Approbation, Fiche
from raccordements.natures import TransmettreFiche
from raccordements.natures.fiches import version_de
from raccordements.services.envoi import Canal, exiger_envoi_possible
from raccordements.services.erreurs import ActionInterdite
from raccordements.services.traces import Type, tracer


@suspendre
@transaction.atomic
def tenir_les_envois() -> str:
    """Claim each approved fiche whose sending by the channel `api` had not begun in the backup, as its worker would.

    What left meanwhile can then be noted once read back; until then it is neither changed nor sent again. The claim is
    let go of as any other (`raccordements.natures.transmission`). Where the fiche now says something else than the
    version that was asked to leave, there is nothing to claim.
    """
    envois = Operation.objects.non_reglees().filter(nature=TransmettreFiche.cle).exclude(parametres__has_key="prise")
    tenues = sum(map(_tenir, envois.order_by("pk")))
    return pluriel(tenues, "fiche tenue", "fiches tenues") + " jusqu’à ce que son envoi soit vérifié" if tenues else ""


def _tenir(operation: Operation) -> bool:
    fiche: Fiche | None = (
        Fiche.objects.select_for_update(no_key=True, of=("self",))
        .filter(
            pk=operation.parametres["fiche"],
            version=operation.parametres["version"],
            approbation=Approbation.APPROUVEE,
        )
        .first()
    )
    if fiche is None:
        return False
    try:
        exiger_envoi_possible(fiche)
    except ActionInterdite:
        return False
    version = version_de(operation)
    fiche.version_en_envoi = version
    fiche.save(update_fields=["version_en_envoi"])
    operation.parametres |= {"prise": operation.pk}
    operation.save(update_fields=["parametres"])
    tracer(
        fiche,
        Type.PRISE,
        f"Envoi de la version {version.numero} tenu pour commencé par le canal « {Canal.API} » : la base a été "
        "restaurée, et la fiche a pu partir depuis la sauvegarde.",
        par=None,
        version=version,
        details={"canal": Canal.API.value, "empreinte": version.empreinte, "operation": operation.pk},
    )
    return True
