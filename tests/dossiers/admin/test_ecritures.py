"""The board and the page of an import: who sees what, how much it costs, and nothing of a signed link."""

from __future__ import annotations

import re
from contextlib import nullcontext
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from dossiers.models import Evenement, ImportEcritures, Lot, Operation, SuiviImport
from tests.dossiers.admin.ecritures import (
    SIGNATURE,
    a_verifier,
    bloquant,
    importation,
    operation_de,
    par_lien,
    rapport,
)
from tests.dossiers.admin.formulaires import formulaire, formulaires
from tests.fabriques import CollaborateurFactory, DossierFactory, EtablissementFactory
from tests.rendu import sans_rendu

pytestmark = pytest.mark.django_db
RANG = {"consultation": 0, "collaborateur": 1, "manager": 2, "administrateur": 3}
LISTE = reverse("admin:dossiers_importecritures_changelist")


def page(nom: str, *arguments: Any) -> str:
    return reverse(f"admin:dossiers_importecritures_{nom}", args=arguments)


def texte(reponse: Any) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reponse.content.decode()))


def retenus(client: Client, **criteres: Any) -> list[int]:
    """The imports that the list keeps, in its order."""
    with sans_rendu():
        reponse = client.get(LISTE, criteres)
    return [objet.pk for objet in reponse.context_data["cl"].result_list]


def requetes(client: Client, adresse: str) -> int:
    with CaptureQueriesContext(connection) as contexte:
        assert client.get(adresse).status_code == 200
    return len(contexte)


# --- rights --------------------------------------------------------------------------------------------------------


def test_chaque_page_selon_le_role(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    objet = importation(rapport=rapport(bloquant(3)))
    minimums = {
        LISTE: 0,
        page("export_csv"): 0,
        page("export_xlsx"): 0,
        page("change", objet.pk): 0,
        page("progression", objet.pk): 0,
        page("constats", objet.pk): 0,
        page("depot", objet.depot): 0,
        page("depot_progression", objet.depot): 0,
        page("add"): 1,
        f"{page('propositions')}?dossier={objet.dossier_id}": 1,
        page("delete", objet.pk): 9,
    }
    vus = {}
    for adresse, minimum in minimums.items():
        # Drawn for the least role that may open it.
        with nullcontext() if RANG[role] == minimum else sans_rendu():
            vus[adresse] = client.get(adresse).status_code
    assert vus == {adresse: 200 if RANG[role] >= minimum else 403 for adresse, minimum in minimums.items()}


def test_chaque_geste_selon_le_role(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    objet = importation(rapport=rapport())
    importation("termine", dossier=objet.dossier, empreinte=objet.empreinte)
    minimums = {
        (page("destination", objet.pk), ()): 1,
        (page("geste", objet.pk), (("geste", "envoyer_ecritures"),)): 1,
        (page("depot_envoyer", objet.depot), ()): 1,
        (page("admettre_doublon", objet.pk), ()): 2,
        (page("abandonner", objet.pk), ()): 1,
    }
    for (adresse, donnees), minimum in minimums.items():
        with sans_rendu():
            statut = client.post(adresse, {"genre": "fec", "dossier": objet.dossier_id, **dict(donnees)}).status_code
        assert (statut == 403) == (RANG[role] < minimum), (role, adresse, statut)
        assert statut < 500
    objet.refresh_from_db()
    assert (objet.doublon_admis_par_id is not None) == (RANG[role] >= 2)
    assert objet.etat == ("abandonne" if RANG[role] >= 1 else "pret")


def test_hors_du_portefeuille_rien_n_existe(limite: Client) -> None:
    sien = importation(dossier=DossierFactory(maitre_dossier=limite.personne.login_loop))
    autre, sans_dossier = importation(rapport=rapport()), importation(dossier_id=None)
    a_lui = importation(dossier_id=None, cree_par=limite.personne)
    liste = limite.get(LISTE).content.decode()
    for objet, visible in ((sien, True), (a_lui, True), (autre, False), (sans_dossier, False)):
        assert (page("change", objet.pk) in liste) == visible
        for adresse in (page("change", objet.pk), page("progression", objet.pk), page("depot", objet.depot)):
            with sans_rendu():
                assert limite.get(adresse).status_code == (200 if visible else 404), adresse
    for nom in ("destination", "abandonner", "admettre_doublon", "reprendre_suivi", "geste"):
        assert limite.post(page(nom, autre.pk)).status_code == 404
    assert limite.get(page("constats", autre.pk)).status_code == 404
    assert limite.get(f"{page('propositions')}?dossier={autre.dossier_id}").status_code == 404
    export = b"".join(limite.get(page("export_csv")).streaming_content).decode()
    assert str(sien.dossier.code) in export
    assert str(autre.dossier.code) not in export
    onglets = dict(re.findall(r'data-onglet="(\w+)">(\d+)', liste))
    assert onglets["prets"] == "2"


def test_ce_qui_agit_ne_repond_qu_a_un_envoi(manager: Client) -> None:
    objet = importation()
    for nom in ("destination", "abandonner", "admettre_doublon", "reprendre_suivi"):
        assert manager.get(page(nom, objet.pk)).status_code == 405
    assert manager.get(page("depot_envoyer", objet.depot)).status_code == 405
    assert manager.post(page("change", objet.pk)).status_code == 405


# --- the board -----------------------------------------------------------------------------------------------------


def test_chaque_import_est_dans_un_onglet_et_un_seul(collaborateur: Client) -> None:
    for etat in ImportEcritures.Etat.values:
        objet = importation(etat)
        if etat in ("depot", "envoi"):
            operation_de(objet)
    a_verifier()
    html = collaborateur.get(LISTE).content.decode()
    onglets = {code: int(n) for code, n in re.findall(r'data-onglet="(\w+)">(\d+)', html)}
    assert onglets == {
        "a_verifier": 1,
        "a_corriger": 1,
        "prets": 1,
        "en_cours": 5,
        "termines": 1,
        "refuses": 2,
        "abandonnes": 1,
    }
    assert sum(onglets.values()) == ImportEcritures.objects.count()
    for code, nombre in onglets.items():
        assert len(retenus(collaborateur, tableau=code)) == nombre, code


def test_la_recherche_suit_la_forme_du_terme(collaborateur: Client) -> None:
    dossier = DossierFactory(code="MANON001", nom_usuel="Poterie des Brumes")
    siret = EtablissementFactory(dossier=dossier).siret
    vise = importation("termine", dossier=dossier, nom_fichier="Journal de mars.txt", siret=siret)
    importation("termine", nom_fichier="autre.txt")
    for terme in ("manon", "Brumes", "journal de", dossier.siren, siret, vise.demande_id, vise.demande_id.upper()):
        assert retenus(collaborateur, q=terme) == [vise.pk], terme
    assert page("change", vise.pk) in collaborateur.get(LISTE, {"q": str(vise.pk)}).content.decode()
    globale = collaborateur.get("/admin/recherche/", {"q": vise.demande_id})
    assert globale["Location"] == page("change", vise.pk)


def test_un_filtre_absurde_ne_casse_rien(collaborateur: Client) -> None:
    importation()
    for filtres in (
        {"tableau": "autre"},
        {"depot__exact": "pas-un-uuid"},
        {"cle": "x"},
        {"cree_le_from": "32/13/2025"},
        {"url": "https://"},
        {"url__startswith": "https://"},
        {"dossier__cle__client_secret__startswith": "a"},
    ):
        assert collaborateur.get(LISTE, filtres, follow=True).status_code in {200, 400}, filtres


def test_les_filtres_retiennent_ce_qu_ils_disent(collaborateur: Client) -> None:
    vise = importation("a_corriger", genre="perso")
    importation("pret")
    for filtre in (
        {"etat__exact": "a_corriger"},
        {"genre__exact": "perso"},
        {"cle": vise.dossier.cle_id},
        {"depot__exact": str(vise.depot)},
        {"dossier__id__exact": vise.dossier_id, "cree_le_from": f"{timezone.localdate():%d/%m/%Y}"},
    ):
        assert retenus(collaborateur, **filtre) == [vise.pk], filtre


def test_le_cout_ne_depend_pas_des_lignes(collaborateur: Client) -> None:
    def remplir(nombre: int, depot: Any) -> None:
        for rang in range(nombre):
            objet = importation(("pret", "termine", "envoi", "refuse")[rang % 4], depot=depot)
            if objet.etat == "envoi":
                operation_de(objet, a_verifier=True)

    depots = [importation().depot for _ in range(2)]
    remplir(1, depots[0])
    requetes(collaborateur, LISTE)
    liste = requetes(collaborateur, LISTE)
    remplir(31, depots[1])
    assert requetes(collaborateur, LISTE) == liste
    assert requetes(collaborateur, page("depot", depots[0])) == requetes(collaborateur, page("depot", depots[1]))


def test_le_cout_d_une_page_ne_depend_pas_de_ce_qu_elle_a_vecu(collaborateur: Client) -> None:
    def vivre(nombre: int) -> str:
        objet = importation("en_erreur", rapport=rapport(*(bloquant(rang) for rang in range(nombre))))
        operation_de(objet, reussie=True)
        for rang in range(nombre):
            operation_de(objet, "suivre_import", reussie=True)
            SuiviImport.objects.create(importation=objet, statut=2, statut_brut="2", message=f"{rang}")
            importation("termine", dossier=objet.dossier, empreinte=objet.empreinte)
        return page("change", objet.pk)

    petit, grand = vivre(2), vivre(32)
    requetes(collaborateur, petit)
    assert requetes(collaborateur, petit) == requetes(collaborateur, grand)


# --- secrets -------------------------------------------------------------------------------------------------------


def test_la_signature_d_un_lien_n_est_nulle_part(racine: Client) -> None:
    objet = par_lien("refuse", message="L'import a été refusé.")
    operation_de(objet, echouee=True)
    pages = [LISTE, page("change", objet.pk), page("progression", objet.pk), page("depot", objet.depot)]
    pages += [reverse("admin:dossiers_dossier_change", args=[objet.dossier_id]), f"{LISTE}?q={objet.dossier.code}"]
    for adresse in pages:
        html = racine.get(adresse).content.decode()
        assert SIGNATURE not in html, adresse
        assert "depot.example.com" in html or adresse == page("progression", objet.pk)
    plan = racine.post(page("geste", objet.pk), {"geste": "envoyer_ecritures"})
    assert plan.status_code == 200
    assert SIGNATURE not in plan.content.decode()
    export = b"".join(racine.get(page("export_csv")).streaming_content).decode()
    assert "depot.example.com" not in export
    assert "sig=" not in export


# --- the page ------------------------------------------------------------------------------------------------------


def test_chaque_etat_a_sa_page(collaborateur: Client) -> None:
    for etat in ImportEcritures.Etat.values:
        objet = importation(etat, rapport=rapport())
        if etat in ("depot", "envoi"):
            operation_de(objet, "deposer_ecritures" if etat == "depot" else "importer_ecritures")
        html = collaborateur.get(page("change", objet.pk))
        assert objet.get_etat_display() in texte(html), etat
        suivi = collaborateur.get(page("progression", objet.pk), {"vu": etat}).json()
        assert suivi["finie"] == (etat not in ("controle", "depot", "envoi")), etat
        assert suivi["morceaux"] == {}, etat
        destination = [f for f in formulaires(html) if f.action.endswith("/destination/")]
        assert bool(destination) == objet.modifiable, etat


def test_le_rapport_est_montre_avec_ses_nombres(collaborateur: Client) -> None:
    constats = [bloquant(rang, extrait=f"2025133{rang}") for rang in range(2, 32)]
    constats.append(bloquant(40, code="montant_illisible", message="Montant <b>illisible</b>.", colonne="Debit"))
    objet = importation("a_corriger", rapport=rapport(*constats, credit=1234000))
    vue = collaborateur.get(page("change", objet.pk))
    html, lu = vue.content.decode(), texte(vue)
    assert "31 défauts bloquants" in lu
    assert "Les 20 premiers sur 30" in lu
    assert "<code>20251332</code>" in html
    assert "<code>202513331</code>" not in html
    assert "&lt;b&gt;illisible&lt;/b&gt;" in html
    assert "Écart de 5,67\u00a0€ (débit en trop)" in html
    assert "12\u202f345,67\u00a0€" in html
    assert html.count('<rect class="serie-0"') == 3
    assert 'aria-labelledby="graphique-titre graphique-description"' in html
    csv = b"".join(collaborateur.get(page("constats", objet.pk)).streaming_content).decode()
    assert len(csv.splitlines()) == 32
    assert "Bloquant;date_invalide;2;EcritureDate;Cette date n’existe pas.;20251332" in csv
    assert Evenement.objects.filter(type="export", acteur=collaborateur.personne).count() == 1


def test_un_rapport_d_une_autre_version_ne_casse_pas_la_page(collaborateur: Client) -> None:
    objet = importation("a_corriger")
    ImportEcritures.objects.filter(pk=objet.pk).update(rapport={"autre": 1})
    assert "Aucun rapport de contrôle n’est gardé" in texte(collaborateur.get(page("change", objet.pk)))
    assert collaborateur.get(page("constats", objet.pk)).status_code == 404


def test_la_page_se_met_a_jour_morceau_par_morceau(collaborateur: Client) -> None:
    objet = importation("a_corriger", rapport=rapport(bloquant(3)))
    suivi = collaborateur.get(page("progression", objet.pk), {"vu": "controle"}).json()
    assert "Cette date n’existe pas." in suivi["morceaux"]["rapport"]
    assert "destination" not in suivi["morceaux"]
    refuse = importation("refuse", message="Refusé.")
    operation_de(refuse, echouee=True)
    suivi = collaborateur.get(page("progression", refuse.pk), {"vu": "envoi"}).json()
    assert "Enregistrer la destination" in suivi["morceaux"]["destination"]


def test_le_meme_contenu_est_annonce_et_un_manager_l_admet(manager: Client, collaborateur: Client) -> None:
    objet = importation(rapport=rapport())
    frere = importation("termine", dossier=objet.dossier, empreinte=objet.empreinte)
    vue = collaborateur.get(page("change", objet.pk))
    assert "Même contenu déjà envoyé à ce dossier" in texte(vue)
    assert page("change", frere.pk) in vue.content.decode()
    assert not [f for f in formulaires(vue) if f.action.endswith("/admettre-doublon/")]
    plan = collaborateur.post(page("geste", objet.pk), {"geste": "envoyer_ecritures"})
    assert f"import n° {frere.pk} du" in texte(plan)
    assert not [f for f in formulaires(plan) if f.action.endswith("/plan/confirmer/")]
    formulaire(manager.get(page("change", objet.pk)), "/admettre-doublon/").envoyer(manager)
    assert "Ce nouvel envoi est admis par" in texte(manager.get(page("change", objet.pk)))
    plan = collaborateur.post(page("geste", objet.pk), {"geste": "envoyer_ecritures"})
    assert [f for f in formulaires(plan) if f.action.endswith("/plan/confirmer/")]


def test_l_envoi_passe_par_le_plan(collaborateur: Client) -> None:
    objet = importation(rapport=rapport())
    vue = collaborateur.get(page("change", objet.pk))
    plan = formulaire(vue, "/geste/").envoyer(collaborateur)
    assert not Operation.objects.exists()
    formulaire(plan, "/plan/confirmer/").envoyer(collaborateur)
    objet.refresh_from_db()
    assert (objet.etat, objet.operation.nature) == ("depot", "deposer_ecritures")
    assert Lot.objects.get().total == 1


def test_ce_qui_est_a_verifier_mene_a_la_decision(collaborateur: Client, manager: Client) -> None:
    objet = a_verifier()
    vue = texte(collaborateur.get(page("change", objet.pk)))
    assert "À vérifier : Loop a-t-il reçu la demande" in vue
    assert f"cherchez « {objet.nom_fichier} »" in vue
    assert "un manager tranchera" in vue
    html = manager.get(page("change", objet.pk)).content.decode()
    assert f"/admin/dossiers/operation/{objet.operation_id}/change/" in html
    assert "Dire ce que vous avez vu" in html


def test_un_suivi_arrete_se_reprend(collaborateur: Client) -> None:
    objet = importation("en_cours", statut_brut="9", message="")
    SuiviImport.objects.create(importation=objet, statut_brut="9")
    operation_de(objet, "suivre_import", echouee=True)
    vue = collaborateur.get(page("change", objet.pk))
    assert "Le suivi s’est arrêté avant la fin" in texte(vue)
    assert "statut inconnu « 9 », montré tel quel" in texte(vue)
    formulaire(vue, "/reprendre-suivi/").envoyer(collaborateur)
    assert Operation.objects.filter(nature="suivre_import", etat="en_attente").count() == 1
    vue = collaborateur.get(page("change", objet.pk))
    assert not [f for f in formulaires(vue) if f.action.endswith("/reprendre-suivi/")]


def test_un_lien_montre_sa_jauge(collaborateur: Client) -> None:
    objet = par_lien()
    assert "Suffisante" in texte(collaborateur.get(page("change", objet.pk)))
    objet.lien_jusqu_au = timezone.now() + timezone.timedelta(hours=12, minutes=1)
    objet.save()
    vue = collaborateur.get(page("change", objet.pk))
    assert "Insuffisante" in texte(vue)
    assert 'value="50"' in vue.content.decode()
    objet.lien_jusqu_au = None
    objet.save()
    assert "Durée de validité inconnue" in texte(collaborateur.get(page("change", objet.pk)))


def test_la_page_du_dossier_montre_ses_imports(collaborateur: Client) -> None:
    dossier = DossierFactory()
    adresse = reverse("admin:dossiers_dossier_change", args=[dossier.pk])
    assert "Aucun import d’écritures" in texte(collaborateur.get(adresse))
    for _ in range(2):
        importation("termine", dossier=dossier)
    deux = requetes(collaborateur, adresse)
    for _ in range(30):
        importation("termine", dossier=dossier, cree_par=CollaborateurFactory())
    with CaptureQueriesContext(connection) as trente_deux:
        html = collaborateur.get(adresse).content.decode()
    assert len(trente_deux) == deux
    assert len(re.findall(r"importecritures/\d+/change", html)) == 5
    assert f"add/?dossier={dossier.pk}" in html
