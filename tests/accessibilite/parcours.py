"""What a person does first so that every list has a row: pages are judged full, not empty."""

from __future__ import annotations

import csv
import io

from playwright.sync_api import Page

LOOPHUB = "Relever LoopHub"
LIGNES = (
    ("E-mail", "Nom", "Prénom", "Portable", "Code dossier", "Offre"),
    ("ines@inventee.example", "Dupré", "Inès", "06 12 34 56 78", "DEMO002", "start"),
    ("sans-arobase.example", "Petit", "Omar", "", "DEMO999", "start"),
)


def relever(page: Page) -> None:
    """Ask LoopHub what the key of the practice sees: operations, calls, discrepancies."""
    page.goto("/admin/dossiers/cleapi/")
    page.get_by_role("link", name="Clé du cabinet").first.click()
    page.get_by_role("button", name=LOOPHUB).click()
    page.wait_for_timeout(4_000)


def deposer_un_tableur(page: Page) -> None:
    """A spreadsheet of contacts with one right line and one wrong."""
    tampon = io.StringIO()
    csv.writer(tampon, delimiter=";", lineterminator="\r\n").writerows(LIGNES)
    page.goto("/admin/interlocuteurs/importinterlocuteurs/add/")
    page.locator("input[type=file]").set_input_files(
        {"name": "invente.csv", "mimeType": "text/csv", "buffer": tampon.getvalue().encode("cp1252")}
    )
    page.get_by_role("button", name="Lire le fichier").click()
    page.wait_for_url("**/colonnes/")


def enregistrer_une_recherche(page: Page) -> None:
    """A saved search of one's own."""
    page.goto("/admin/dossiers/dossier/?q=DEMO0")
    page.locator("details.recherches").evaluate("details => { details.open = true; }")
    page.locator("#recherche-nom").fill("Dossiers inventés")
    page.get_by_role("button", name="Enregistrer", exact=True).click()
    page.wait_for_load_state()


def creer_un_interlocuteur(page: Page) -> None:
    """A contact with an accès on the first dossier in service."""
    page.goto("/admin/dossiers/dossier/?q=DEMO002")
    fiche = str(page.locator("#result_list tbody th a").first.get_attribute("href"))
    page.goto(f"/admin/interlocuteurs/interlocuteur/add/?dossier={fiche.split('/')[4]}")
    for nom, valeur in (("email", "camille@inventee.example"), ("nom", "Inventée"), ("prenom", "Camille")):
        page.locator(f"#content input[name={nom}]").fill(valeur)
    page.locator("#content input[name=offres]").first.check()
    page.get_by_role("button", name="Créer l’interlocuteur").click()
    page.wait_for_load_state()


def demander_une_offre(page: Page) -> None:
    """A lot of one operation."""
    page.goto("/admin/dossiers/dossier/?q=DEMO003")
    page.locator("input.action-select").first.check()
    page.locator("select[name=action]").select_option("actualiser_dossier")
    page.get_by_role("button", name="Exécuter").click()
    page.locator("#content form[action$='/confirmer/'] [type=submit]").click()
    page.wait_for_load_state()


TOUS = (relever, deposer_un_tableur, enregistrer_une_recherche, creer_un_interlocuteur, demander_une_offre)
