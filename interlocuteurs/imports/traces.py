"""Where an import keeps words about a person: known to the export and to the erasure of personal data."""

from __future__ import annotations

from django.db.models import Q

from interlocuteurs.models import ImportInterlocuteurs, LigneImport
from interlocuteurs.services.traces import Personne, Trace, enregistrer_trace


def _lignes(personne: Personne) -> Q:
    return Q(interlocuteur=personne.interlocuteur.pk)


def _imports(personne: Personne) -> Q:
    """Imports of its lines: the name of a file, or a heading, may be a person's."""
    return Q(pk__in=LigneImport.objects.filter(_lignes(personne)).order_by().values("importation"))


enregistrer_trace(
    Trace(
        nom="lignes importées d’un tableur",
        modele=LigneImport,
        colonnes=("cellules", "motif"),
        siennes=_lignes,
        exportees=("importation", "numero", "cellules", "verdict", "motif"),
    )
)
enregistrer_trace(
    Trace(nom="tableurs importés", modele=ImportInterlocuteurs, colonnes=("nom_fichier", "entetes"), siennes=_imports)
)
