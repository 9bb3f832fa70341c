"""What stops here when a backup was restored: imports under way, whose next lines may have been imported since."""

from __future__ import annotations

from dossiers.services.restauration import suspendre
from interlocuteurs.models import ImportInterlocuteurs

Etat = ImportInterlocuteurs.Etat
INCIDENT = (
    "La base a été restaurée depuis une sauvegarde : les lignes qui restent ont pu être importées entre-temps. "
    "Relevez LoopHub et regardez dans Loop avant de reprendre."
)


@suspendre
def interrompre_les_imports() -> str:
    """Interrupt the imports of contacts under way; a person goes on with each, or abandons it."""
    interrompus = ImportInterlocuteurs.objects.filter(etat=Etat.EN_COURS).update(
        etat=Etat.INTERROMPU, incident=INCIDENT, jeton=None, bail_jusqu_au=None
    )
    return f"{interrompus} imports d’interlocuteurs interrompus, à reprendre par une personne" if interrompus else ""
