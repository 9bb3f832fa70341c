"""The saved searches of a list, above it."""

from __future__ import annotations

from typing import Any

from django import template

from dossiers.models import RechercheEnregistree
from dossiers.services.recherches import nettoyer, parametres_de

register = template.Library()
#: More than one person may keep on a list: past that, the page of saved searches has the others.
MONTREES = 100


@register.inclusion_tag("dossiers/_recherches.html", takes_context=True)
def recherches_enregistrees(context: template.Context, cl: Any) -> dict[str, Any]:
    """Those of the list `cl` that this person may open, theirs first, and the form that keeps the present one."""
    liste, personne = cl.opts.label_lower, context["request"].user
    visibles = RechercheEnregistree.objects.visibles_par(personne).de_liste(liste).select_related("proprietaire")
    trouvees = list(visibles[: MONTREES + 1])
    actuels = nettoyer(cl.get_query_string()[1:], parametres_de(cl))
    return {
        "miennes": [r for r in trouvees[:MONTREES] if r.proprietaire_id == personne.pk],
        "partagees": [r for r in trouvees[:MONTREES] if r.proprietaire_id != personne.pk],
        "nombre": len(trouvees),
        "suite": len(trouvees) > MONTREES,
        "liste": liste,
        "criteres": actuels,
        "courante": next((recherche.nom for recherche in trouvees if recherche.criteres == actuels), ""),
        "longueur": RechercheEnregistree.LONGUEUR_NOM,
    }
