"""Which pages there are: every route of the product, and the addresses that its own pages lead to.

A new page is covered by itself: its route is in the resolver, and a link or an object of its model gives its address.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from django.urls import NoReverseMatch, Resolver404, get_resolver, resolve, reverse
from django.urls.resolvers import URLPattern, URLResolver
from playwright.sync_api import BrowserContext, Error, Page

#: Addresses judged by route: objects of one model are in several states.
PAR_ROUTE, PAR_FICHE = 1, 3
#: Ways that show no page of ours: redirections, catch-alls, files, data for scripts, a search replaced.
SANS_PAGE = re.compile(
    r"logout|autocomplete|jsi18n|propositions|progression/$|^admin/(search/$|r/)|\(\?P<url>"
    r"|<path:object_id>/(delete/)?$|\.(csv|xlsx|json|ics|p7b|zip)\b"
)
FICHE = re.compile(r"/(?P<modele>\w+/\w+)/(?P<pk>[^/]+)/change/$")
#: Where nothing leads but what is typed.
DEPARTS = (
    "/admin/",
    *(f"/admin/{application}/" for application in ("dossiers", "interlocuteurs", "raccordements")),
    "/admin/commandes/?q=offre+start+DEMO002",
    "/admin/recherche/?q=introuvable",
)
LIENS = "() => [...document.querySelectorAll('a[href]')].filter((a) => !a.download).map((a) => a.href)"


def routes() -> dict[str, str]:
    """Name, or "", of each route that may be a page."""

    def parcourir(resolver: URLResolver, debut: str) -> Iterator[tuple[str, str]]:
        for motif in resolver.url_patterns:
            route = debut + str(motif.pattern)
            if isinstance(motif, URLPattern):
                yield route, motif.name or ""
            else:
                yield from parcourir(motif, route)

    return {route: nom for route, nom in parcourir(get_resolver(), "") if route and not SANS_PAGE.search(route)}


def route_de(adresse: str) -> str:
    """Route of an address of the product, or ""."""
    try:
        return str(resolve(urlsplit(adresse).path).route)
    except Resolver404:
        return ""


@dataclass(slots=True)
class Carte:
    """What is known of the addresses, for one person: those to look at, and why a route gave no page."""

    contexte: BrowserContext
    connues: dict[str, str] = field(default_factory=routes)
    visitees: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    refus: dict[str, str] = field(default_factory=dict)
    objets: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    file: list[str] = field(default_factory=lambda: list(DEPARTS))

    def suivantes(self) -> Iterator[str]:
        """Addresses of pages, as long as the pages opened give new ones; then those that no link leads to."""
        while True:
            while self.file:
                adresse = self.file.pop(0)
                if self._est_page(adresse):
                    self.visitees[route_de(adresse)].append(adresse)
                    yield adresse
            self.file = [adresse for route in self.manquantes() for adresse in self._devinees(route)]
            if not self.file:
                return

    def apprendre(self, page: Page) -> None:
        """Note where a page leads."""
        for lien in page.evaluate(LIENS):
            morceaux = urlsplit(lien)
            if morceaux.hostname != "127.0.0.1" or not morceaux.path.startswith("/"):
                continue
            if trouvee := FICHE.search(morceaux.path):
                cles = self.objets[trouvee["modele"].replace("/", "_")]
                if trouvee["pk"] not in cles:
                    cles.append(trouvee["pk"])
            # The way back to a filtered list makes no other page.
            question = "" if "_changelist_filters" in morceaux.query else morceaux.query
            adresse = morceaux.path + (f"?{question}" if question else "")
            if adresse not in self.file:
                self.file.append(adresse)

    def manquantes(self) -> list[str]:
        """Routes without a page yet, and without a reason for having none."""
        return [route for route in self.connues if not self.visitees.get(route) and route not in self.refus]

    def _est_page(self, adresse: str) -> bool:
        route = route_de(adresse)
        plafond = PAR_FICHE if route.endswith("change/") else PAR_ROUTE
        vues = self.visitees.get(route, [])
        if route not in self.connues or adresse in vues or len(vues) >= plafond:
            return False
        try:
            reponse = self.contexte.request.get(adresse, max_redirects=0, fail_on_status_code=False)
        except Error:
            self.refus.setdefault(route, "sans réponse")
            return False
        if reponse.status == 200 and "text/html" in reponse.headers.get("content-type", ""):
            self.refus.pop(route, None)
            return True
        if not vues:
            self.refus[route] = "fichier ou données" if reponse.status == 200 else f"réponse {reponse.status}"
        return False

    def _devinees(self, route: str) -> list[str]:
        """Addresses of a route for the objects seen so far."""
        nom = self.connues[route]
        if not nom:
            return []
        if "<" not in route and "(" not in route:
            return ["/" + route]
        modele = next((m for m in sorted(self.objets, key=len, reverse=True) if nom.startswith(f"{m}_")), "")
        devinees = []
        for pk in self.objets.get(modele, ()):
            try:
                devinees.append(reverse(f"admin:{nom}", args=[pk]))
            except NoReverseMatch:
                return []
        if not devinees:
            return []
        return [adresse for adresse in devinees if adresse not in self.visitees[route]]
