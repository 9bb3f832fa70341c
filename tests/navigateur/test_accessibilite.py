"""The palette by keyboard, and axe on the pages that everyone opens; every page is judged by `make accessibilite`."""

from playwright.sync_api import expect

from tests.accessibilite.audit import BLOQUANTES, Constat, analyser, examiner, preparer
from tests.navigateur.conftest import LISTE, Ouvrir


def graves(constats: list[Constat]) -> list[str]:
    return [f"{c.regle} [{c.ecran}] {c.exemple}" for c in constats if c.gravite in BLOQUANTES]


def test_rien_de_grave(ouvrir: Ouvrir) -> None:
    """The list on every screen; the home page and the palette as they open."""
    page = ouvrir("collaborateur")
    page.goto(LISTE)
    assert graves(examiner(page)) == []
    for adresse in ("/admin/", "/admin/commandes/?q=offre+start"):
        page.goto(adresse)
        preparer(page)
        assert graves(analyser(page, adresse)) == []


def test_rien_de_grave_sans_connexion(ouvrir: Ouvrir) -> None:
    page = ouvrir()
    for adresse in ("/admin/login/", "/accessibilite/"):
        page.goto(adresse)
        assert graves(examiner(page)) == []


def test_la_palette_se_conduit_au_clavier(ouvrir: Ouvrir) -> None:
    page = ouvrir("collaborateur")
    page.goto(LISTE)
    page.keyboard.press("Control+k")
    champ = page.get_by_role("combobox", name="Commande, puis son objet")
    expect(champ).to_be_focused()
    champ.fill("offre start DEMO002")
    premiere = page.get_by_role("option").first
    expect(premiere).to_contain_text("Ajouter l’offre Start – DEMO002")
    expect(premiere).to_have_attribute("aria-selected", "true")
    expect(page.locator("#palette-annonce")).to_contain_text("proposition")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("option").nth(1)).to_have_attribute("aria-selected", "true")
    assert page.evaluate("document.activeElement.id") == "palette-texte"
    for _ in range(3):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.get_by_role("button", name="Commandes").click()
    champ.fill("offre start DEMO002")
    expect(premiere).to_contain_text("DEMO002")
    page.keyboard.press("Enter")
    page.wait_for_url("**/preparer/ajouter_offre/**")
    expect(page.get_by_label("Start")).to_be_checked()


def test_les_touches_seules_vont_a_la_recherche_et_se_desactivent(ouvrir: Ouvrir) -> None:
    page = ouvrir("collaborateur")
    page.goto("/admin/")
    page.keyboard.press("s")
    expect(page.locator("#recherche-globale")).to_be_focused()
    page.keyboard.type("s?/")
    expect(page.locator("#recherche-globale")).to_have_value("s?/")
    page.goto(LISTE)
    page.keyboard.press("/")
    expect(page.locator("#searchbar")).to_be_focused()
    page.goto("/admin/commandes/")
    page.get_by_role("button", name="Désactiver les raccourcis d’une seule touche").click()
    page.goto("/admin/")
    page.keyboard.press("s")
    expect(page.locator("#recherche-globale")).not_to_be_focused()
    page.keyboard.press("Control+k")
    expect(page.locator("#palette")).to_be_visible()


def test_le_lien_d_evitement_mene_au_contenu(ouvrir: Ouvrir) -> None:
    page = ouvrir("collaborateur")
    page.goto(LISTE)
    page.keyboard.press("Tab")
    lien = page.get_by_role("link", name="Aller au contenu")
    expect(lien).to_be_focused()
    expect(lien).to_be_in_viewport()
    lien.press("Enter")
    assert page.evaluate("document.activeElement.id") == "contenu"
