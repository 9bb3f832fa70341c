"""A spreadsheet of contacts from its file to its last corrected reject: nothing is done twice."""

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from interlocuteurs.imports.execution import PAQUET
from tests.navigateur.conftest import ETROIT, LARGE, Ouvrir, attendre_la_fin
from tests.navigateur.ecrans import defauts, montrer
from tests.navigateur.pile import Demo
from tests.navigateur.test_interlocuteurs import INTERLOCUTEURS, capturer, commander

IMPORTS = "/admin/interlocuteurs/importinterlocuteurs/"
AJOUT = "POST /provisionningCollab/addClient"
#: No heading of its own is known for the address, and no column gives the offer: both are said on the page.
ENTETES = ("Contact principal", "Nom", "Prénom", "Portable", "Code dossier", "Remarque")
DOSSIERS = tuple(f"DEMO{rang:03}" for rang in (2, 3, 4, 6, 7, 8))
#: More than what a confirmation does by itself: a worker carries it, in two rounds.
BONNES = PAQUET + 10
#: Good lines between two that are not.
ECART = 40
#: Line as it comes, what its reason says, the cell to mend and its right value (none: it stays a reject).
ABIMEES: tuple[tuple[list[str], str, int, str], ...] = (
    (["sans-arobase.example", "Dupré", "Inès", "", "DEMO002", ""], "nom@domaine", 0, "ines@lot.example"),
    (["jules@lot.example", "", "Jules", "", "DEMO002", ""], "la cellule est vide", 1, "Vasseur"),
    (["lila@lot.example", "Maret", "Lila", "06 12", "DEMO003", ""], "bon nombre de chiffres", 3, "06 12 34 56 78"),
    (["omar@lot.example", "Petit", "Omar", "", "DEMO999", ""], "« DEMO999 » est inconnu", 4, "DEMO004"),
    (["rose@lot.example", "Roy", "Rose", "", "DEMO009", ""], "archivé", 4, "DEMO007"),
    (["=cmd|'/c calc'!A1", "Faux", "Max", "", "DEMO002", "=1+1"], "est une formule", 0, ""),
)


def fichier(lignes: Sequence[Sequence[str]], nom: str, entetes: Sequence[str] = ENTETES) -> dict[str, Any]:
    """A CSV as a French spreadsheet saves it, ready to be chosen in a page."""
    tampon = io.StringIO()
    csv.writer(tampon, delimiter=";", lineterminator="\r\n").writerows([entetes, *lignes])
    return {"name": nom, "mimeType": "text/csv", "buffer": tampon.getvalue().encode("cp1252")}


def lignes_du_cabinet() -> list[list[str]]:
    bonnes = [
        [
            f"contact{rang}@lot.example",
            f"Inventé {rang}",
            "Camille",
            "06 12 34 56 78",
            DOSSIERS[rang % len(DOSSIERS)],
            "",
        ]
        for rang in range(BONNES)
    ]
    # Far from one another, as defects are.
    for rang, (ligne, *_) in enumerate(ABIMEES):
        bonnes.insert(rang * ECART, ligne)
    return bonnes


def deposer(page: Page, envoi: dict[str, Any]) -> None:
    page.goto(f"{IMPORTS}add/")
    page.locator("input[type=file]").set_input_files(envoi)
    expect(page.locator(".champ input[type=text]")).to_have_value(envoi["name"])
    page.get_by_role("button", name="Lire le fichier").click()
    page.wait_for_url("**/colonnes/")


def compte(page: Page, verdict: str) -> int:
    """The number beside a verdict, on the page of an import."""
    fait = page.locator("dl.faits > div", has=page.locator("dt .badge", has_text=verdict))
    return int(re.sub(r"\D", "", fait.locator("dd").inner_text()))


def confirmer(page: Page, nombre: int) -> None:
    """Confirm a preview; on return a worker has the import, or has finished it."""
    libelle = re.compile(rf"^Importer {nombre} lignes? – bac à sable$")
    page.get_by_role("button", name=libelle).click()
    page.locator("#progression").wait_for()


def attendre_l_import(page: Page) -> None:
    """Wait, without reloading, for the import to say that it is over."""
    page.locator("#progression[data-finie=oui]").or_(page.locator("#annonce", has_text="Terminé")).first.wait_for(
        state="attached", timeout=60_000
    )
    page.reload()
    expect(page.locator(".intitule .badge", has_text="Terminé")).to_be_visible()


@pytest.mark.epreuve
def test_un_fichier_de_contacts_jusqu_a_ses_rejets_corriges(demo: Demo, ouvrir: Ouvrir) -> None:
    lignes = lignes_du_cabinet()
    corrigees = [case for _, _, _, case in ABIMEES if "@" in case] + [ligne[0] for ligne, *_ in ABIMEES]
    commander(demo, "inviter", emails=[*(ligne[0] for ligne in lignes), *corrigees])
    page = ouvrir("collaborateur", admises="409")
    page.goto("/admin/")
    page.locator("#nav-sidebar").get_by_role("link", name="Imports d’interlocuteurs").click()
    page.locator("#header-inner a[href$='/add/']").click()
    expect(page.get_by_role("heading", level=1, name="Importer des interlocuteurs")).to_be_visible()
    capturer(page, "import-depot", entiere=False)

    # The columns: those that are recognised, and what the person says.
    deposer(page, fichier(lignes, "contacts-2026.csv"))
    expect(page.get_by_label("La colonne B donne")).to_have_value("nom")
    expect(page.get_by_label("La colonne A donne")).to_have_value("")
    page.get_by_role("button", name="Voir l’aperçu").click()
    expect(page.get_by_role("alert")).to_contain_text("Aucune colonne ne donne : E-mail, Offre.")
    page.go_back()
    page.get_by_label("La colonne A donne").select_option("email")
    page.get_by_label("Offre de toutes les lignes").select_option("start")
    capturer(page, "import-colonnes", entiere=False)
    page.get_by_role("button", name="Voir l’aperçu").click()

    # The verdicts, before anything is written.
    page.wait_for_url("**/change/")
    assert (compte(page, "Rejetée"), compte(page, "À créer")) == (len(ABIMEES), BONNES)
    rejets = page.get_by_role("region", name="rejetée").locator("tbody tr")
    expect(rejets).to_have_count(len(ABIMEES))
    for rang, (_, motif, _, _) in enumerate(ABIMEES):
        expect(rejets.nth(rang).locator("th")).to_have_text(str(rang * ECART + 2))
        expect(rejets.nth(rang)).to_contain_text(motif)
    assert not [nom for nom in demo.appliques(AJOUT) if "@lot.example" in nom]
    capturer(page, "import-apercu", entiere=False)
    apercu = page.url
    assert defauts(page) == []
    for suffixe, theme, largeur in (("sombre", "dark", LARGE), ("320", "light", ETROIT)):
        montrer(page, theme, largeur)
        capturer(page, f"import-apercu-{suffixe}", entiere=False)
    montrer(page, "light", LARGE)

    # A worker does it while the page tells how far it is.
    page.evaluate("window.scrollTo(0, 0)")
    confirmer(page, BONNES)
    assert page.locator("#progression").get_attribute("data-finie") == "non", "une confirmation a tout fait elle-même"
    attendre_l_import(page)
    expect(page.locator("[data-compte=faites]")).to_have_text(re.compile(rf"^{BONNES}$"))
    expect(page.locator("[data-compte=refusees]")).to_have_text("0")
    capturer(page, "import-fini", entiere=False)
    page.get_by_role("link", name=re.compile("^lot n°")).click()
    attendre_la_fin(page)
    expect(page.locator("[data-etat=reussie]")).to_have_text(re.compile(rf"^{BONNES}$"))
    crees = {nom: fois for nom, fois in demo.appliques(AJOUT).items() if "@lot.example" in nom}
    assert (len(crees), set(crees.values())) == (BONNES, {1})

    # The rejects come with their reason, are mended, and come back.
    page.goto(apercu)
    with page.expect_download() as attente:
        page.get_by_role("link", name="Rejets à corriger (CSV)").click()
    rendus = list(csv.reader(io.StringIO(attente.value.path().read_text("utf-8-sig"), newline=""), delimiter=";"))
    assert rendus[0] == [*ENTETES, "Motif du rejet"]
    for ligne, (telle, motif, _, _) in zip(rendus[1:], ABIMEES, strict=True):
        assert [cellule.removeprefix("'") for cellule in ligne[:-1]] == telle
        assert motif in ligne[-1]
    mendes = [list(ligne) for ligne in rendus[1:]]
    for ligne, (_, _, place, bonne) in zip(mendes, ABIMEES, strict=True):
        ligne[place] = bonne or ligne[place]
    envoi = fichier(mendes, "rejets-corriges.csv", rendus[0])
    deposer(page, envoi)
    expect(page.get_by_text("reprises du dernier import")).to_be_visible()
    page.get_by_role("button", name="Voir l’aperçu").click()
    page.wait_for_url("**/change/")
    assert (compte(page, "Rejetée"), compte(page, "À créer")) == (1, len(ABIMEES) - 1)
    confirmer(page, len(ABIMEES) - 1)
    attendre_l_import(page)
    page.get_by_role("link", name=re.compile("^lot n°")).click()
    attendre_la_fin(page)
    expect(page.locator("[data-etat=reussie]")).to_have_text(str(len(ABIMEES) - 1))

    # Sending either file again changes nothing.
    for envoye, deja in ((envoi, len(ABIMEES) - 1), (fichier(lignes, "contacts-2026.csv"), BONNES)):
        deposer(page, envoye)
        expect(page.get_by_text("ce qui est fait ne sera pas refait")).to_be_visible()
        page.get_by_role("button", name="Voir l’aperçu").click()
        page.wait_for_url("**/change/")
        expect(page.get_by_text("Il n’y a rien à confirmer.")).to_be_visible()
        assert (compte(page, "Déjà fait"), compte(page, "À créer")) == (deja, 0)
        expect(page.get_by_role("button", name=re.compile("^Importer"))).to_have_count(0)
    fois = {nom: fois for nom, fois in demo.appliques(AJOUT).items() if "@lot.example" in nom}
    assert (len(fois), set(fois.values())) == (BONNES + len(ABIMEES) - 1, {1})
    page.goto(f"{INTERLOCUTEURS}?q=lila@lot.example")
    expect(page.locator("#result_list")).to_contain_text("06 12 34 56 78")


def test_le_depot_et_les_colonnes_tiennent_sur_un_telephone(ouvrir: Ouvrir) -> None:
    page = ouvrir("collaborateur", largeur=ETROIT)
    deposer(page, fichier(lignes_du_cabinet()[:3], "trois.csv"))
    assert page.evaluate("document.documentElement.scrollWidth") == ETROIT
    assert defauts(page) == []
    montrer(page, "light", ETROIT)
    # What each column gives is chosen without scrolling sideways.
    cadre = page.locator(".cadre-table")
    assert cadre.evaluate("cadre => cadre.scrollWidth <= cadre.clientWidth")
