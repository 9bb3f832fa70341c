"""`make accessibilite`: axe-core on every page of the product, as `make demo` serves it; 1 on a grave finding.

Every route for an administrator (for a manager or a collaborateur where the administrator is refused), the home and the
main lists of the other roles, the public pages, each form sent empty, and what each action of a list answers.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import re
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from playwright.sync_api import Browser, BrowserContext, Error, Page, sync_playwright

from tests import reseau, serveurs

if TYPE_CHECKING:
    from tests.accessibilite.adresses import Carte
    from tests.accessibilite.audit import Constat
    from tests.navigateur.pile import Demo

AUTRES_ROLES = ("manager", "collaborateur", "consultation")
LISTES = (
    "dossiers/dossier",
    "dossiers/operation",
    "dossiers/importecritures",
    "interlocuteurs/interlocuteur",
    "raccordements/ficheedi",
    "raccordements/souscription",
)
PUBLIQUES = ("/admin/login/", "/accessibilite/", "/admin/cette-page-n-existe-pas/", "/admin/?q=%00")


#: Why a route that is a page was not seen: no object of the demonstration is in the right state.
SANS_OBJET = frozenset({"réponse 404", "réponse 409", "réponse 500", "sans réponse"})


@dataclass(slots=True)
class Releve:
    """What was found, page by page, in the order of the visits."""

    detail: bool = False
    pages: dict[str, list[Constat]] = field(default_factory=dict)

    def noter(self, nom: str, page: Page) -> None:
        """Judge the page as it stands, under this name."""
        from tests.accessibilite.audit import compter, examiner

        self.pages[nom] = constats = examiner(page)
        comptes = compter(constats)
        dire(f"{nom[:88]:88}" + "".join(f"{nombre or '·':>9}" for nombre in comptes.values()))
        for constat in constats if self.detail else ():
            dire(f"    {constat.gravite:9}{constat.regle} ×{constat.nombre} [{constat.ecran}] {constat.exemple[:230]}")

    @property
    def bloquants(self) -> int:
        """How many critical and serious findings there are."""
        from tests.accessibilite.audit import BLOQUANTES

        return sum(c.nombre for constats in self.pages.values() for c in constats if c.gravite in BLOQUANTES)

    def bilan(self) -> str:
        """The rules broken, with one example each, and the totals."""
        from tests.accessibilite.audit import GRAVITES, compter

        regles: dict[tuple[str, str], list[tuple[str, Constat]]] = defaultdict(list)
        for nom, constats in self.pages.items():
            for constat in constats:
                regles[constat.gravite, constat.regle].append((nom, constat))
        lignes = []
        for (gravite, regle), trouves in sorted(regles.items(), key=lambda cle: GRAVITES.index(cle[0][0])):
            nom, constat = trouves[0]
            lignes.append(f"{gravite:9} {regle} : {len(trouves)} page(s), dont {nom} [{constat.ecran}]")
            lignes.append(f"          {constat.exemple[:230]}")
        totaux = compter([constat for constats in self.pages.values() for constat in constats])
        lignes.append("")
        lignes.append(f"{len(self.pages)} pages jugées : " + ", ".join(f"{n} {g}" for g, n in totaux.items()))
        return "\n".join(lignes)


def dire(texte: str) -> None:
    """Say where the visit is."""
    sys.stdout.write(f"{texte}\n")
    sys.stdout.flush()


def main() -> int:
    lecteur = argparse.ArgumentParser(prog="make accessibilite", description="axe-core sur chaque page.")
    lecteur.add_argument("--detail", action="store_true", help="montre chaque règle enfreinte, page par page")
    lecteur.add_argument("--seulement", default="", help="ne juge que les pages dont l’adresse contient ce texte")
    lecteur.add_argument("--publier", action="store_true", help="écrit la mesure que montre la déclaration publique")
    options = lecteur.parse_args()
    # The ground of the tests forgets the settings of the machine when it is loaded: before the servers give theirs.
    from tests.conftest import chromium

    reseau.fermer()
    with contextlib.ExitStack() as pile:
        dossier = Path(tempfile.mkdtemp(prefix="passerelle-accessibilite-", dir="/var/tmp"))
        pile.callback(shutil.rmtree, dossier, ignore_errors=True)
        serveurs.demarrer_serveurs(pile)
        import django

        django.setup()
        from tests.navigateur.conftest import OPTIONS_CHROMIUM
        from tests.navigateur.pile import demarrer

        chemin = chromium()
        if not chemin:
            dire("Aucun Chromium trouvé : rien n’a été jugé. Installez-le, ou donnez CHROMIUM=chemin, puis relancez.")
            return 2
        demo = pile.enter_context(demarrer(dossier))
        playwright = pile.enter_context(sync_playwright())
        navigateur = playwright.chromium.launch(executable_path=chemin, args=OPTIONS_CHROMIUM)
        releve = Releve(options.detail)
        dire(f"{'page':88}" + "".join(f"{nom:>9}" for nom in ("critique", "grave", "modéré", "mineur")))
        oubliees, routes = visiter(navigateur, demo, releve, options.seulement)
        navigateur.close()
    dire(f"\n{releve.bilan()}")
    if oubliees:
        dire(f"\nATTENTION : {len(oubliees)} ROUTE(S) NON VISITÉE(S), les données de démonstration n’y mènent pas :")
        dire("\n".join(f"  – {route}" for route in oubliees))
    if options.publier and not options.seulement:
        publier(releve, routes, len(oubliees))
    return 1 if releve.bloquants else 0


def publier(releve: Releve, routes: int, oubliees: int) -> None:
    """Write the measure of this run where the public statement reads it."""
    from axe_playwright_python.base import AXE_SCRIPT

    from config.accessibilite import FICHIER, Mesure
    from tests.accessibilite.audit import compter

    totaux = compter([constat for constats in releve.pages.values() for constat in constats])
    version = re.search(r"axe v([0-9.]+)", AXE_SCRIPT[:200])
    mesure = Mesure(
        jour=dt.date.today(),
        version=version[1] if version else "",
        pages=len(releve.pages),
        routes=routes,
        critiques=totaux["critical"],
        graves=totaux["serious"],
        moderes=totaux["moderate"],
        mineurs=totaux["minor"],
        non_visitees=oubliees,
    )
    FICHIER.write_text(mesure.ecrire(), encoding="utf-8")


def visiter(navigateur: Browser, demo: Demo, releve: Releve, seulement: str = "") -> tuple[list[str], int]:
    """Open everything. Returns the routes that no address was found for, and how many gave a page."""
    from tests.accessibilite.adresses import Carte

    admin = _ouvrir(navigateur, demo, "administrateur")
    carte = Carte(admin)
    page = admin.new_page()
    travailler(page)
    explorer(page, carte, releve, seulement)
    # Refused to the administrator: a page of the people who work, or of nobody (nothing is added by hand to a journal).
    refusees = {route for route, motif in carte.refus.items() if motif == "réponse 403"}
    oubliees = set(carte.manquantes()) | {route for route, motif in carte.refus.items() if motif in SANS_OBJET}
    for role in AUTRES_ROLES:
        autre = _ouvrir(navigateur, demo, role)
        page_du_role = autre.new_page()
        for adresse in ("/admin/", *(f"/admin/{liste}/" for liste in LISTES)):
            if seulement in adresse and _aller(page_du_role, adresse):
                releve.noter(f"{adresse} ({role})", page_du_role)
        suite = Carte(autre, connues={r: n for r, n in carte.connues.items() if r in refusees | oubliees})
        suite.objets, suite.file = carte.objets, []
        explorer(page_du_role, suite, releve, seulement, f" ({role})")
        refusees, oubliees = refusees - set(suite.visitees), oubliees - set(suite.visitees)
        autre.close()
    ajouts = [adresse for route, vues in carte.visitees.items() if route.endswith("/add/") for adresse in vues[:1]]
    for adresse in filter(lambda a: seulement in a, ajouts):
        envoyer_vide(page, adresse, releve)
    listes = [a for r, vues in carte.visitees.items() if carte.connues[r].endswith("_changelist") for a in vues[:1]]
    for adresse in filter(lambda a: seulement in a, listes):
        agir(page, adresse, releve)
    admin.close()
    public = navigateur.new_context(base_url=demo.adresse, locale="fr-FR", reduced_motion="reduce")
    dehors = public.new_page()
    for adresse in filter(lambda a: seulement in a, PUBLIQUES):
        dehors.goto(adresse)
        releve.noter(f"{adresse} (sans connexion)", dehors)
    public.close()
    return sorted(oubliees), len([route for route in carte.connues if carte.visitees.get(route)])


def explorer(page: Page, carte: Carte, releve: Releve, seulement: str, suffixe: str = "") -> None:
    """Judge each page that the map gives, and give it the links of each."""
    for adresse in carte.suivantes():
        if not _aller(page, adresse):
            continue
        page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true; })")
        carte.apprendre(page)
        if seulement in adresse:
            releve.noter(f"{adresse}{suffixe}", page)


def envoyer_vide(page: Page, adresse: str, releve: Releve) -> None:
    """A form sent with nothing in it: its errors are read where they are made."""
    if not _aller(page, adresse):
        return
    page.evaluate("document.querySelectorAll('#content form').forEach((f) => { f.noValidate = true; })")
    bouton = page.locator("#content form[method=post] [type=submit]").last
    if _presser(page, bouton.click):
        releve.noter(f"{adresse} (envoyé vide)", page)


def agir(page: Page, liste: str, releve: Releve) -> None:
    """What each action of a list answers for its first row, up to the plan and never past its confirmation."""
    if not _aller(page, liste):
        return
    actions = page.locator("select[name=action] option").evaluate_all("tous => tous.map((o) => o.value)")
    for action in filter(None, actions):
        if not _aller(page, liste) or not page.locator("input.action-select").count():
            return
        page.locator("input.action-select").first.check()
        page.locator("select[name=action]").select_option(action)
        if (
            not _presser(page, page.get_by_role("button", name="Exécuter").click)
            or page.locator("#result_list").count()
        ):
            continue
        releve.noter(f"{liste} : {action}", page)
        voir = page.get_by_role("button", name="Voir le plan")
        if voir.count():
            for choix in page.locator("#content input[type=radio]").all()[:1]:
                choix.check()
            if _presser(page, voir.click):
                releve.noter(f"{liste} : {action}, le plan", page)


def travailler(page: Page) -> None:
    """Read LoopHub, deposit a spreadsheet, ask for an offer: pages that the demonstration has no row for."""
    from tests.accessibilite import parcours

    for faire in parcours.TOUS:
        try:
            faire(page)
        except Error as exc:
            dire(f"ATTENTION : le parcours « {faire.__name__} » n’a pas abouti ({exc.message.splitlines()[0]})")


def _ouvrir(navigateur: Browser, demo: Demo, role: str) -> BrowserContext:
    from tests.navigateur.conftest import FRANCAIS, connecter

    contexte = navigateur.new_context(
        **FRANCAIS,
        base_url=demo.adresse,
        color_scheme="light",
        reduced_motion="reduce",
        viewport={"width": 1280, "height": 800},
    )
    contexte.set_default_timeout(20_000)
    connecter(contexte.new_page(), role, demo.mots_de_passe[role])
    return contexte


def _aller(page: Page, adresse: str) -> bool:
    try:
        reponse = page.goto(adresse)
    except Error:
        return False
    return reponse is not None and reponse.status == 200


def _presser(page: Page, geste: Callable[[], None]) -> bool:
    """Whether a page came, and not a file."""
    try:
        with page.expect_navigation(timeout=8_000):
            geste()
    except Error:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main())
