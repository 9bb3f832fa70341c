"""A contact from its creation to its erasure, and the four documented refusals, each left by its button."""

import os
import re

import httpx
import psycopg
import pytest
from playwright.sync_api import Page, expect

from config.embarque import base_depuis_url
from tests.navigateur.conftest import ETROIT, Ouvrir, attendre_la_fin, recharger_jusqu_a
from tests.navigateur.ecrans import THEMES, montrer
from tests.navigateur.pile import Demo
from tests.navigateur.test_captures import SANS_FLOU

INTERLOCUTEURS = "/admin/interlocuteurs/interlocuteur/"
DOSSIERS = ("DEMO002", "DEMO003")
ECRAN = {"width": 1280, "height": 800}
#: An A4 sheet less its margins of 15 mm, in CSS pixels.
FEUILLE = {"width": 680, "height": 1009}
#: What a sheet would cut: frames that keep a scroll bar, cells that overflow.
COUPES = """() => [...document.querySelectorAll(".cadre-table, .cadre-table td, .faits dd, pre")]
    .filter((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0)
    .map((e) => e.textContent.trim().slice(0, 60))"""


def commander(demo: Demo, commande: str, **corps: object) -> None:
    """An order to the simulated Loop."""
    with httpx.Client(base_url=demo.simulateur, trust_env=False, timeout=10) as http:
        http.post(f"/_simulateur/{commande}", json=corps).raise_for_status()


def dire_present(email: str) -> None:
    """Note here that Loop has this contact, as if it had been removed there since: no call of Loop removes one."""
    lue = base_depuis_url(os.environ["DATABASE_URL"])
    champs = {"HOST": "host", "PORT": "port", "USER": "user", "PASSWORD": "password"}
    serveur = {champ: lue[cle] for cle, champ in champs.items() if lue.get(cle)}
    with psycopg.connect(**serveur, dbname=f"navigateur_{os.getpid()}", autocommit=True) as connexion:
        connexion.execute(
            "UPDATE interlocuteurs_interlocuteur SET presence = 'present', invitation = 'invite' WHERE email = %s",
            [email],
        )


def capturer(page: Page, nom: str, *, entiere: bool = True) -> None:
    """Keep a picture, when pictures are asked for: of the whole page, or of the screen."""
    if dossier := os.environ.get("CAPTURES"):
        page.evaluate("document.activeElement?.blur()")
        fichier = f"{dossier}/interlocuteur-{nom}.png"
        page.screenshot(path=fichier, full_page=entiere, animations="disabled", caret="hide", style=SANS_FLOU)


def creer(page: Page, email: str, *, offre: str = "") -> str:
    """Create a contact from the page of the first dossier. Returns the address of its page."""
    page.goto(f"/admin/dossiers/dossier/?q={DOSSIERS[0]}")
    page.get_by_role("link", name=DOSSIERS[0]).first.click()
    page.get_by_role("link", name="Créer un interlocuteur sur ce dossier").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Nom", exact=True).fill("Inventé")
    page.get_by_label("Prénom").fill("Camille")
    page.get_by_label("Téléphone mobile").fill("+33 6 12 34 56 78")
    if offre:
        page.get_by_label(offre, exact=True).check()
    page.get_by_role("button", name="Créer l’interlocuteur").click()
    page.wait_for_url(re.compile(rf"{INTERLOCUTEURS}\d+/change/"))
    return page.url


def attendre(page: Page, texte: str) -> None:
    """Reload the page until it shows a badge or a button."""
    recharger_jusqu_a(page.locator(".badge, button", has_text=texte))


def derniere_operation(page: Page) -> None:
    """Open the newest operation of a contact."""
    page.locator("section[aria-labelledby=titre-operations] tbody a").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Opération")


def confirmer(page: Page) -> None:
    page.get_by_role("button", name="Voir le plan des changements").click()
    confirmation = page.get_by_role("button", name=re.compile("^Confirmer"))
    confirmation.wait_for()
    capturer(page, "plan")
    confirmation.click()
    attendre_la_fin(page)


@pytest.mark.epreuve
@pytest.mark.usefixtures("cabinet_au_travail")
def test_d_un_interlocuteur_de_sa_creation_a_son_effacement(demo: Demo, ouvrir: Ouvrir) -> None:
    page = ouvrir("manager")

    # Not invited on the tenant: a to-do with its list, left by « Invité : relancer » on the operation.
    fiche = creer(page, "camille@inventee.example", offre="Start")
    attendre(page, "À inviter sur le tenant")
    capturer(page, "a-inviter", entiere=False)
    page.goto(f"{INTERLOCUTEURS}?invitation__exact=a_inviter")
    expect(page.get_by_text("camille@inventee.example")).to_be_visible()
    commander(demo, "inviter", emails=["camille@inventee.example", "absente@inventee.example"])
    page.goto(fiche)
    derniere_operation(page)
    page.get_by_role("button", name="Invité").click()
    attendre(page, "En place")

    # A second dossier, found as one types, then given from the matrix through its plan.
    page.locator(".select2-selection").first.click()
    page.locator(".select2-search__field").fill(DOSSIERS[1])
    page.locator(".select2-results__option", has_text=DOSSIERS[1]).first.click()
    page.get_by_role("button", name="Ajouter une ligne").click()
    page.get_by_role("checkbox", name=re.compile(f"^Consultation – {DOSSIERS[1]}")).check()
    confirmer(page)
    page.goto(fiche)
    expect(page.locator(".matrice .badge", has_text="En place")).to_have_count(2)
    capturer(page, "matrice", entiere=False)

    # Withdrawn, both at once.
    cochees = page.locator(".matrice input:checked")
    while cochees.count():
        cochees.first.uncheck()
    confirmer(page)
    page.goto(fiche)
    expect(page.locator(".matrice .badge", has_text="Retiré")).to_have_count(2)

    # All that is held on the person: a file, and a sheet of paper that cuts nothing.
    with page.expect_download() as attente:
        page.get_by_role("link", name="Données personnelles (JSON)").click()
    assert "camille@inventee.example" in attente.value.path().read_text()
    page.get_by_role("link", name="Données personnelles (à imprimer)").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Camille Inventé")
    page.emulate_media(media="print")
    page.set_viewport_size(FEUILLE)
    assert page.evaluate("document.documentElement.scrollWidth") <= FEUILLE["width"]
    assert page.evaluate(COUPES) == []
    for absent in ("#nav-sidebar", "#header-inner", "#content .bouton-fiche"):
        assert page.locator(f"{absent}:visible").count() == 0, absent
    capturer(page, "donnees-imprimees", entiere=False)
    page.emulate_media(media="screen")
    page.set_viewport_size(ECRAN)
    page.goto(fiche)

    # Erased.
    page.get_by_role("link", name="Anonymiser").click()
    page.get_by_label("Motif").fill("Demande reçue par courrier.")
    page.get_by_label("Je comprends").check()
    capturer(page, "anonymiser")
    page.get_by_role("button", name="Effacer définitivement").click()
    expect(page.locator(".badge", has_text="Anonymisé").first).to_be_visible()
    assert "camille@inventee.example" not in page.content()


@pytest.mark.usefixtures("cabinet_au_travail")
def test_l_adresse_deja_prise_se_rattache(demo: Demo, ouvrir: Ouvrir) -> None:
    commander(demo, "charger", contacts=[{"email": "prise@inventee.example", "acces": [[DOSSIERS[0], "start"]]}])
    page = ouvrir("collaborateur")
    fiche = creer(page, "prise@inventee.example", offre="Start")
    attendre(page, "E-mail déjà pris dans Loop")
    derniere_operation(page)
    capturer(page, "deja-pris", entiere=False)
    page.get_by_role("button", name="Rattacher à cet interlocuteur").click()
    attendre(page, "En place")
    # Loop gave it already: information, not an error.
    page.goto(fiche)
    derniere_operation(page)
    expect(page.locator(".badge", has_text="Information")).to_be_visible()
    capturer(page, "deja-affectee", entiere=False)


@pytest.mark.epreuve
@pytest.mark.usefixtures("cabinet_au_travail")
def test_l_interlocuteur_qui_n_existe_pas_se_cree(demo: Demo, ouvrir: Ouvrir) -> None:
    commander(demo, "inviter", emails=["absente@inventee.example"])
    page = ouvrir("collaborateur")
    fiche = creer(page, "absente@inventee.example")
    dire_present("absente@inventee.example")
    page.goto(f"/admin/dossiers/dossier/?q={DOSSIERS[0]}")
    page.get_by_role("link", name=DOSSIERS[0]).first.click()
    page.get_by_label("E-mail d’un interlocuteur connu").fill("absente@inventee.example")
    page.get_by_role("button", name="Ajouter une ligne").click()
    page.get_by_role("checkbox", name=re.compile("^Start – Camille Inventé .absente@")).check()
    confirmer(page)
    page.goto(fiche)
    derniere_operation(page)
    capturer(page, "n-existe-pas", entiere=False)
    page.get_by_role("button", name="Créer à partir de cette saisie").click()
    attendre(page, "En place")


@pytest.mark.usefixtures("cabinet_au_travail")
def test_seule_la_matrice_defile_sur_un_telephone(ouvrir: Ouvrir) -> None:
    page = ouvrir("manager", largeur=ETROIT)
    creer(page, "etroit@inventee.example", offre="Start")
    assert page.evaluate("document.documentElement.scrollWidth") <= ETROIT
    for theme in THEMES:
        montrer(page, theme, ETROIT)
        capturer(page, f"etroit-{theme}")
