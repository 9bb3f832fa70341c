"""The work of each person, done in a real browser as they do it."""

import csv
import io
import re
import time
from base64 import b32decode

import pytest
from django_otp.oath import TOTP
from playwright.sync_api import Page, expect

from tests.navigateur.conftest import LISTE, Ouvrir, attendre_la_fin, connecter, planifier, recharger_jusqu_a
from tests.navigateur.pile import Demo

AJOUT = "POST /collaborativeOffer/addOffer"
CONFIRMER = re.compile(r"^Confirmer .* – bac à sable$")


def filtrer(page: Page, **choix: str) -> None:
    """Set filters of a list in its panel, by the label of each choice."""
    page.get_by_role("button", name="Filtres").click()
    for filtre, libelle in choix.items():
        page.locator(f"#changelist-filter .select2-selection[aria-labelledby~=select2-id_{filtre}-container]").click()
        page.get_by_role("option", name=libelle, exact=True).click()
    page.get_by_role("button", name="Appliquer les filtres").click()
    page.wait_for_url(f"**?*{next(iter(choix))}=*")


def aller_au_clavier(page: Page, nom: str) -> None:
    """Press Tab until the focus is on the control of this name; it must be seen there."""
    for _ in range(80):
        page.keyboard.press("Tab")
        lu = page.evaluate(
            """() => { const e = document.activeElement, copie = e.cloneNode(true);
                       copie.querySelectorAll("[aria-hidden=true]").forEach((icone) => icone.remove());
                       return [e.getAttribute("aria-label") || copie.textContent.trim().replace(/\\s+/g, " "),
                               getComputedStyle(e).outlineStyle, e.checkVisibility()]; }"""
        )
        if lu[0] == nom:
            assert lu[1:] == ["solid", True], f"« {nom} » prend le focus sans se montrer"
            return
    pytest.fail(f"« {nom} » ne s’atteint pas au clavier")


def test_ajouter_une_offre_a_vingt_dossiers(demo: Demo, ouvrir: Ouvrir) -> None:
    demo.poser_pannes({"type": "latence", "secondes": 0.3, "fois": -1, "chemin": "/collaborativeOffer/addOffer"})
    avant = demo.appliques(AJOUT)
    page = ouvrir()
    connecter(page, "collaborateur", demo.mots_de_passe["collaborateur"])
    page.get_by_role("link", name="Dossiers", exact=True).last.click()
    filtrer(page, offres="Sans Consultation", cle="Clé du cabinet (démonstration)")
    codes = planifier(page, "Ajouter l’offre…", "Consultation", nombre=20)

    expect(page.get_by_role("heading", level=1)).to_contain_text("20 dossiers")
    expect(page.locator("[data-compte=faire]")).to_have_text("20")
    expect(page.locator("[data-compte=facturables]")).to_have_text("20")
    assert demo.appliques(AJOUT) == avant, "le plan a appelé Loop"
    page.get_by_role("button", name=CONFIRMER).click()

    page.wait_for_url("**/lot/*/change/")
    page.evaluate("window.chargee = true")
    avancement = page.locator("#progression progress")
    vus = set()
    while page.locator("#progression dd", has_text="Terminé").count() == 0:
        vus.add(int(avancement.get_attribute("value") or 0))
        page.wait_for_timeout(150)
    assert vus - {0, 20}, f"aucun avancement vu avant la fin : {vus}"
    assert page.evaluate("window.chargee"), "la page s’est rechargée"
    expect(page.locator("[data-etat=reussie]")).to_have_text("20")
    expect(page.locator("#annonce")).to_contain_text("20 sur 20")
    demo.poser_pannes()
    assert {f"{code}:consultation" for code in codes} <= set(demo.appliques(AJOUT)) - set(avant)

    page.goto(f"{LISTE}?q={codes[0]}")
    page.locator("#result_list").get_by_role("link", name=codes[0]).click()
    message = f"L'offre consultation a été ajoutée au dossier client {codes[0]}"
    expect(page.get_by_role("region", name="Opérations").get_by_text(message)).to_be_visible()
    frise = page.locator("ol.frise")
    expect(frise.get_by_text("Opération demandée").first).to_be_visible()
    expect(frise.get_by_text("Opération réussie").first).to_be_visible()


def test_confirmer_un_plan_sans_souris(ouvrir: Ouvrir) -> None:
    page = ouvrir("collaborateur")
    page.goto(f"{LISTE}?q=DEMO016")
    aller_au_clavier(page, "DEMO016")
    page.keyboard.press("Enter")
    page.wait_for_url("**/dossier/*/change/**")
    aller_au_clavier(page, "Ajouter l’offre Start")
    page.keyboard.press("Enter")
    page.wait_for_url("**/geste/")
    aller_au_clavier(page, "Confirmer 1 appel – bac à sable")
    page.keyboard.press("Enter")
    attendre_la_fin(page)
    expect(page.locator("[data-etat=reussie]")).to_have_text("1")


def test_les_filtres_s_ouvrent_et_se_ferment_au_clavier(ouvrir: Ouvrir) -> None:
    page = ouvrir("consultation")
    page.goto(LISTE)
    aller_au_clavier(page, "Filtres")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Appliquer les filtres")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Appliquer les filtres")).to_be_hidden()


def test_le_menu_du_compte_s_ouvre_au_clavier(ouvrir: Ouvrir) -> None:
    page = ouvrir("consultation")
    page.goto("/admin/")
    aller_au_clavier(page, "Mon compte : Camille Consulte consultation@cabinet-demo.example")
    page.keyboard.press("Enter")
    expect(page.locator("#menu-compte")).to_be_visible()
    aller_au_clavier(page, "Sombre")
    page.keyboard.press("Enter")
    expect(page.locator("html")).to_have_class(re.compile(r"\bdark\b"))
    aller_au_clavier(page, "Déconnexion")


def test_un_manager_tranche_une_operation_a_verifier(demo: Demo, ouvrir: Ouvrir) -> None:
    demo.poser_pannes({"type": "coupure_apres", "chemin": "/collaborativeOffer/addOffer", "fois": 1})
    page = ouvrir("collaborateur")
    page.goto(f"{LISTE}?q=DEMO018")
    planifier(page, "Ajouter l’offre…", "Co-production")
    page.get_by_role("button", name=CONFIRMER).click()
    attendre_la_fin(page)
    expect(page.locator("[data-etat=a_verifier]")).to_have_text("1")
    assert demo.appliques(AJOUT)["DEMO018:co-production"] == 1, "Loop devait appliquer, puis couper"

    page = ouvrir("manager")
    page.goto("/admin/")
    page.locator("#nav-sidebar").get_by_role("link", name="À vérifier").click()
    page.locator("#result_list tbody tr", has_text="DEMO018").get_by_role("link").first.click()
    expect(page.get_by_text("ouvrez le dossier DEMO018")).to_be_visible()
    page.get_by_role("button", name="Enregistrer la décision").click()
    expect(page.get_by_text("Ce champ est obligatoire.").first).to_be_visible()
    page.get_by_label("L’effet est là").check()
    page.get_by_label("Ce que vous avez vu").fill("L’offre figure dans Loop Hub.")
    page.get_by_role("button", name="Enregistrer la décision").click()
    expect(page.get_by_text("Votre décision est enregistrée.")).to_be_visible()
    expect(page.locator(".intitule .badge")).to_contain_text("Réussie")
    expect(page.get_by_text("L’offre figure dans Loop Hub.")).to_be_visible()
    assert demo.appliques(AJOUT)["DEMO018:co-production"] == 1


@pytest.mark.usefixtures("cabinet_au_travail")
def test_reparer_les_ecarts_d_une_classe(ouvrir: Ouvrir) -> None:
    page = ouvrir("manager")
    page.goto("/admin/dossiers/ecart/")
    for colonne in ("Voulu", "Dernier connu", "Constaté"):
        expect(page.get_by_role("columnheader", name=colonne)).to_be_visible()
    page.locator("#result_list").get_by_role("link", name="DEMO021", exact=True).click()
    ligne = page.get_by_role("row", name="nom usuel")
    expect(ligne).to_contain_text("Cordonnerie des Neuf Lunes et fils")
    page.goto("/admin/dossiers/ecart/")
    filtrer(page, classe__exact="Différent")
    lignes = page.locator("#result_list tbody tr")
    nombre = lignes.count()
    assert nombre >= 1
    planifier(page, "Réparer ici…", nombre=nombre)
    expect(page.locator("[data-compte=faire]")).to_have_text(str(nombre))
    page.get_by_role("button", name=re.compile("^Confirmer")).click()
    page.wait_for_url("**/lot/*/change/")
    page.goto("/admin/dossiers/ecart/?classe__exact=different")
    expect(page.get_by_text("Aucun résultat")).to_be_visible()
    page.goto(f"{LISTE}?q=DEMO021")
    expect(page.locator("#result_list")).to_contain_text("Cordonnerie des Neuf Lunes et fils")


def test_une_cle_se_teste_et_s_explique(demo: Demo, ouvrir: Ouvrir) -> None:
    secret, fausse, juste = "secret-invente-pour-le-test", "abonnement-faux-du-test", "abonnement-juste-du-test"
    demo.declarer_cle(
        cle_publique="CLEDUTEST0000000000000001",
        client_secret=secret,
        cle_abonnement=juste,
        domaine="CABINETDEMO",
        avancee=True,
        active=True,
    )
    page = ouvrir("administrateur")
    page.goto("/admin/dossiers/cleapi/add/")
    page.get_by_label("Nom", exact=False).first.fill("Clé d’essai")
    page.locator("#id_type").select_option(label="Standard (P04448)")
    page.locator("#id_domaine").fill("CABINETDEMO")
    page.locator("#id_cle_publique").fill("CLEDUTEST0000000000000001")
    page.locator("#id_client_secret").fill(secret)
    page.locator("#id_cle_abonnement").fill(fausse)
    page.locator("#id_activee_loophub").check()
    page.get_by_role("button", name="Enregistrer et continuer").click()
    page.wait_for_url("**/cleapi/*/change/")

    demander_le_test(page, "Échoué")
    expect(page.get_by_text("invalid subscription key").first).to_be_visible()
    expect(page.get_by_text("clé d’abonnement").first).to_be_visible()
    page.locator("#id_cle_abonnement").fill(juste)
    page.get_by_role("button", name="Enregistrer et continuer").click()
    demander_le_test(page, "Réussi")
    expect(page.get_by_text("Connexion réussie").first).to_be_visible()
    source = page.content()
    page.get_by_role("link", name="Historique").click()
    for montre in (source, page.content()):
        assert not {valeur for valeur in (secret, fausse, juste) if valeur in montre}


def demander_le_test(page: Page, issue: str) -> None:
    """Press « Tester la connexion » and reload until the result is there."""
    page.get_by_role("button", name="Tester la connexion").click()
    recharger_jusqu_a(page.locator(".faits").get_by_text(re.compile(rf"^\s*{issue},")))


def test_la_double_authentification_du_debut_a_la_fin(demo: Demo, ouvrir: Ouvrir) -> None:
    mot_de_passe = demo.mots_de_passe["consultation"]
    page = ouvrir("consultation")
    page.goto("/admin/")
    page.goto("/admin/mon-compte/double-authentification/")
    page.get_by_role("button", name="Commencer").click()
    expect(page.get_by_role("img", name="Code QR")).to_be_visible()
    cle = b32decode(page.locator(".etapes code").inner_text())
    page.get_by_label("Code affiché").fill("000000")
    page.get_by_role("button", name="Activer").click()
    expect(page.get_by_text("Le code à usage unique est refusé")).to_be_visible()
    page.wait_for_timeout(1100)  # a wrong code slows the device down for a second
    page.get_by_label("Code affiché").fill(code_totp(cle))
    page.get_by_role("button", name="Activer").click()
    expect(page.locator(".codes-secours code")).to_have_count(10)
    secours = page.locator(".codes-secours code").all_inner_texts()

    page = ouvrir()
    connecter(page, "consultation", mot_de_passe)
    expect(page.get_by_role("alert")).to_contain_text("le mot de passe ne suffit pas")
    connecter(page, "consultation", mot_de_passe, code=code_totp(cle, decalage=1))
    expect(page).to_have_url(re.compile("/admin/$"))
    page.goto("/admin/mon-compte/double-authentification/")
    page.get_by_label("Code affiché").fill(secours[0])
    page.get_by_role("button", name="Désactiver").click()
    expect(page.get_by_text("La double authentification est désactivée.")).to_be_visible()


def code_totp(cle: bytes, decalage: int = 0) -> str:
    """What the application of a person shows now, or `decalage` half-minutes later."""
    totp = TOTP(cle)
    totp.time = time.time() + 30 * decalage
    return f"{totp.token():06d}"


def test_un_mauvais_mot_de_passe_se_dit_en_francais(ouvrir: Ouvrir) -> None:
    page = ouvrir()
    connecter(page, "manager", "ce-n-est-pas-lui")
    alerte = page.get_by_role("alert")
    expect(alerte).to_contain_text("nom d’utilisateur")
    expect(alerte).to_contain_text("mot de passe")
    assert not re.search(r"\b(please|password|username)\b", page.locator("main").inner_text(), re.IGNORECASE)


def test_un_dossier_hors_du_portefeuille_n_existe_pas(ouvrir: Ouvrir) -> None:
    page = ouvrir("collaborateur")
    page.goto(f"{LISTE}?q=DEMO001")
    adresse = page.locator("#result_list").get_by_role("link", name="DEMO001").get_attribute("href")
    page = ouvrir("portefeuille", admises="404")
    reponse = page.goto(adresse or "")
    assert reponse is not None
    assert reponse.status == 404
    expect(page.get_by_role("heading", name="Cette page n’existe pas")).to_be_visible()
    expect(page.get_by_text("hors de votre portefeuille")).to_be_visible()
    assert "Pharmacie" not in page.content()


def test_le_csv_suit_les_filtres_de_l_ecran(ouvrir: Ouvrir) -> None:
    page = ouvrir("consultation")
    page.goto(LISTE)
    filtrer(page, statut__exact="À préparer")
    codes = [texte.split()[0] for texte in page.locator("#result_list tbody th").all_inner_texts()]
    assert 1 < len(codes) < 50
    with page.expect_download() as attente:
        page.get_by_role("link", name="Exporter en CSV").click()
    octets = attente.value.path().read_bytes()
    assert octets.startswith(b"\xef\xbb\xbf")
    lignes = list(csv.DictReader(io.StringIO(octets.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert [ligne["Code"] for ligne in lignes] == codes
    assert {ligne["Statut"] for ligne in lignes} == {"À préparer"}
