"""What every page of the admin shows around its content: the menu and the environment."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from dossiers import greffes
from dossiers.models import CleApi, Environnement

A_VERIFIER = "etat__exact=a_verifier"
#: The pages of the menu that are no list of a model.
SUPERVISION, ECHEANCES = "supervision", "echeances"
PAGES = (SUPERVISION, ECHEANCES)
#: Group, then (title, icon, page, query string, permission).
MENU: tuple[tuple[str, tuple[tuple[str, str, str, str, str], ...]], ...] = (
    (
        "Cegid Loop",
        (
            ("Dossiers", "folder_open", "dossiers_dossier", "", "dossiers.view_dossier"),
            (
                "Imports d’écritures",
                "receipt_long",
                "dossiers_importecritures",
                "",
                "dossiers.view_importecritures",
            ),
            ("Écarts avec LoopHub", "difference", "dossiers_ecart", "", "dossiers.view_ecart"),
            ("Clés d’API", "key", "dossiers_cleapi", "", "dossiers.view_cleapi"),
        ),
    ),
    ("Chorus Pro", ()),
    ("Cegid OD", ()),
    (
        "Suivi",
        (
            ("Échéances", "event_upcoming", ECHEANCES, "", "dossiers.view_dossier"),
            ("Lots", "stacks", "dossiers_lot", "", "dossiers.view_lot"),
            ("Opérations", "send", "dossiers_operation", "", "dossiers.view_operation"),
            (
                "À vérifier",
                "person_search",
                "dossiers_operation",
                A_VERIFIER,
                "dossiers.trancher_operation",
            ),
            ("Appels", "swap_vert", "dossiers_appel", "", "dossiers.view_appel"),
            ("Journal", "history", "dossiers_evenement", "", "dossiers.view_evenement"),
            ("Messages expliqués", "menu_book", "dossiers_explication", "", "dossiers.view_explication"),
            ("Supervision", "monitor_heart", SUPERVISION, "", "dossiers.view_battement"),
        ),
    ),
    (
        "Cabinet",
        (("Collaborateurs", "group", "dossiers_collaborateur", "", "dossiers.view_collaborateur"),),
    ),
)
TONS = {Environnement.PRODUCTION: "danger", Environnement.TEST: "warning", Environnement.BAC_A_SABLE: "success"}


def menu(request: HttpRequest) -> list[dict[str, Any]]:
    """The pages this person may open, by group."""
    droit = request.user.has_perm  # type: ignore[union-attr]
    groupes = [{"title": "", "items": [{"title": "Accueil", "icon": "home", "link": reverse("admin:index")}]}]
    for titre, entrees in MENU:
        toutes = [*entrees, *((e.titre, e.icone, e.page, e.filtre, e.permission) for e in greffes.menu(titre))]
        filtres = {(page, filtre) for _, _, page, filtre, _ in toutes if filtre}
        permises = [_entree(request, filtres, *entree) for *entree, permission in toutes if droit(permission)]
        if permises:
            groupes.append({"title": titre, "separator": True, "items": permises})
    _garder_la_plus_precise(groupes)
    return groupes


def _garder_la_plus_precise(groupes: list[dict[str, Any]]) -> None:
    """A page under the address of a list is the only one shown as open."""
    ouvertes = [entree for groupe in groupes for entree in groupe["items"] if entree.get("active")]
    for entree in ouvertes:
        entree["active"] = entree is max(ouvertes, key=lambda autre: len(autre["link"]))


def _entree(
    request: HttpRequest, filtres: set[tuple[str, str]], titre: str, icone: str, page: str, filtre: str
) -> dict[str, Any]:
    liste = reverse(page if page in PAGES or ":" in page else f"admin:{page}_changelist")
    demande = request.META.get("QUERY_STRING", "") if request.path == liste else ""
    demandes = {autre for autre_page, autre in filtres if autre_page == page and autre in demande}
    return {
        "title": titre,
        "icon": icone,
        "link": f"{liste}?{filtre}" if filtre else liste,
        "active": request.path.startswith(liste) and (filtre in demandes if filtre else not demandes),
    }


def environnement(request: HttpRequest) -> list[str] | None:
    """Badge of the header: where the keys in use lead, the riskiest first; none while there is no key."""
    cles = CleApi.objects.filter(archivee_le=None).order_by()
    presents = set(cles.values_list("environnement", flat=True).distinct())
    codes = [code for code in TONS if code in presents]
    if not codes:
        return None
    return [" + ".join(str(code.label) for code in codes), TONS[codes[0]]]
