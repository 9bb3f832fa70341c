"""What connection sheets add to the pages of the core: the menu, the global search, a section of a dossier."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from dossiers import greffes
from dossiers.greffes import Entree, Resultats, Section
from dossiers.models import Dossier
from raccordements.admin.termes import chercher_structures
from raccordements.models import Fiche, Structure

FICHES_MONTREES = 20
VOIR, VOIR_STRUCTURE = "raccordements.view_fiche", "raccordements.view_structure"

greffes.greffer_menu(
    "Chorus Pro",
    (
        Entree(
            titre="Fiches EDI",
            icone="hub",
            page="raccordements_ficheedi",
            permission="raccordements.view_ficheedi",
        ),
        Entree(
            titre="Fiches API",
            icone="api",
            page="raccordements_ficheapi",
            permission="raccordements.view_ficheapi",
        ),
        Entree(titre="Structures", icone="apartment", page="raccordements_structure", permission=VOIR_STRUCTURE),
        Entree(
            titre="Certificats",
            icone="workspace_premium",
            page="raccordements_certificat",
            permission="raccordements.view_certificat",
        ),
        Entree(
            titre="Comptes Chorus Pro",
            icone="vpn_key",
            page="raccordements_comptechorus",
            permission="raccordements.change_comptechorus",
        ),
        Entree(
            titre="Codes interfaces",
            icone="list_alt",
            page="raccordements_codeinterface",
            permission="raccordements.view_codeinterface",
        ),
        Entree(
            titre="Valeurs réseau de l’AIFE",
            icone="lan",
            page="raccordements_referencereseau",
            permission="raccordements.view_referencereseau",
        ),
        Entree(
            titre="Émetteurs admis",
            icone="verified_user",
            page="raccordements_emetteuradmis",
            permission="raccordements.view_emetteuradmis",
        ),
    ),
)


@greffes.greffer_recherche
def chercher(request: HttpRequest, terme: str, nombre: int) -> Resultats | None:
    """Structures by SIRET, SIREN, designation: their page shows their fiches."""
    personne: Any = request.user
    if not personne.has_perm(VOIR_STRUCTURE):
        return None
    trouvees = chercher_structures(Structure.objects.visibles_par(personne).en_service(), terme)
    liste = reverse("admin:raccordements_structure_changelist")
    return Resultats(
        titre="Structures Chorus Pro",
        objets=list(trouvees.order_by("siret", "environnement")[:nombre]),
        liste=f"{liste}?{urlencode({'q': terme})}",
    )


@greffes.greffer_section
def section_du_dossier(request: HttpRequest, dossier: Dossier) -> Section | None:
    """The structures of a dossier in Chorus Pro, and their fiches."""
    personne: Any = request.user
    if not (personne.has_perm(VOIR) and personne.has_perm(VOIR_STRUCTURE)):
        return None
    fiches = Fiche.objects.visibles_par(personne).filter(structure__dossier=dossier).select_related("structure")
    return Section(
        gabarit="raccordements/_section_dossier.html",
        contexte={
            "structures": list(dossier.structures.en_service()[:FICHES_MONTREES]),
            "fiches": list(fiches.order_by("-id")[:FICHES_MONTREES]),
            "ajout": (
                f"{reverse('admin:raccordements_structure_add')}?{urlencode({'dossier': dossier.pk})}"
                if personne.has_perm("raccordements.add_structure")
                else ""
            ),
        },
    )
