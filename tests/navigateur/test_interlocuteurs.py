"""A contact from its creation to its erasure, and the four documented refusals, each left by its button."""

import os
import re

import httpx
import psycopg
import pytest
from playwright.sync_api import Page, expect

from config.embarque import base_depuis_url
from tests.navigateur.conftest import Ouvrir, attendre_la_fin
from tests.navigateur.pile import Demo

INTERLOCUTEURS = "/admin/interlocuteurs/interlocuteur/"
DOSSIERS = ("DEMO002", "DEMO003")


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


def capturer(page: Page, nom: str) -> None:
    """Keep a picture, when pictures are asked for."""
    if dossier := os.environ.get("CAPTURES"):
        page.screenshot(path=f"{dossier}/interlocuteur-{nom}.png", full_page=True)


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
    for _ in range(40):
        if page.locator(".badge, button", has_text=texte).count():
            return
        page.wait_for_timeout(500)
        page.reload()
    raise AssertionError(f"« {texte} » ne paraît pas :\n{page.locator('main').inner_text()}")


def derniere_operation(page: Page) -> None:
    """Open the newest operation of a contact."""
    page.locator("section[aria-labelledby=titre-operations] tbody a").first.click()


def confirmer(page: Page) -> None:
    page.get_by_role("button", name="Voir le plan des changements").click()
    capturer(page, "plan")
    page.get_by_role("button", name=re.compile("^Confirmer")).click()
    attendre_la_fin(page)


@pytest.mark.usefixtures("cabinet_au_travail")
def test_d_un_interlocuteur_de_sa_creation_a_son_effacement(demo: Demo, ouvrir: Ouvrir) -> None:
    page = ouvrir("manager")

    # Not invited on the tenant: a to-do with its list, left by « Invité : relancer » on the operation.
    fiche = creer(page, "camille@inventee.example", offre="Start")
    attendre(page, "À inviter sur le tenant")
    capturer(page, "a-inviter")
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
    capturer(page, "matrice")

    # Withdrawn, both at once.
    cochees = page.locator(".matrice input:checked")
    while cochees.count():
        cochees.first.uncheck()
    confirmer(page)
    page.goto(fiche)
    expect(page.locator(".matrice .badge", has_text="Retiré")).to_have_count(2)

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
    capturer(page, "deja-pris")
    page.get_by_role("button", name="Rattacher à cet interlocuteur").click()
    attendre(page, "En place")
    # Loop gave it already: information, not an error.
    page.goto(fiche)
    derniere_operation(page)
    expect(page.locator(".badge", has_text="Information")).to_be_visible()
    capturer(page, "deja-affectee")


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
    capturer(page, "n-existe-pas")
    page.get_by_role("button", name="Créer à partir de cette saisie").click()
    attendre(page, "En place")


@pytest.mark.usefixtures("cabinet_au_travail")
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_320_pixels_seule_la_matrice_defile(ouvrir: Ouvrir, theme: str) -> None:
    page = ouvrir("manager", theme=theme, largeur=320)
    creer(page, f"etroit-{theme}@inventee.example", offre="Start")
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    capturer(page, f"etroit-{theme}")
