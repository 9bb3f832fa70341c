"""The pages of an import, as a browser uses them."""

from __future__ import annotations

import re

import pytest
from django.urls import reverse

from tests.dossiers.admin.formulaires import formulaire, formulaires
from tests.interlocuteurs.imports.tableurs import texte_csv

pytestmark = pytest.mark.django_db
LISTE = "admin:interlocuteurs_importinterlocuteurs_changelist"
AJOUT = "admin:interlocuteurs_importinterlocuteurs_add"


def rangee(rang, code="DEMO1"):
    return (f"p{rang}@tpe.example", f"Inventé {rang}", "Camille", "", code, "start")


def deposer(client, cle, contenu, nom="contacts.csv"):
    from django.core.files.uploadedfile import SimpleUploadedFile

    contenu = contenu.encode() if isinstance(contenu, str) else contenu
    return client.post(reverse(AJOUT), {"cle": cle.pk, "fichier": SimpleUploadedFile(nom, contenu)})


def le_seul():
    from interlocuteurs.models import ImportInterlocuteurs

    return ImportInterlocuteurs.objects.get()


def page(nom, importation):
    return reverse(f"admin:interlocuteurs_importinterlocuteurs_{nom}", args=[importation.pk])


def texte(reponse):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", reponse.content.decode()))


def test_du_fichier_au_resultat(entrer, dossiers, cle):
    from interlocuteurs.models import Interlocuteur

    client = entrer(collaborateur=True)
    depot = client.get(reverse(AJOUT))
    assert depot.status_code == 200
    assert any({"csrfmiddlewaretoken", "fichier"} <= set(f.champs) for f in formulaires(depot))

    reponse = deposer(client, cle, texte_csv(rangee(1), rangee(2, "DEMO7"), rangee(3)))
    importation = le_seul()
    assert (reponse.status_code, reponse["Location"]) == (302, page("colonnes", importation))

    colonnes = client.get(page("colonnes", importation))
    html = colonnes.content.decode()
    assert html.count(" selected>") == 6
    assert "p1@tpe.example · p2@tpe.example" in html
    choix = {f"colonne_{place}": champ for champ, place in (("email", 0), ("nom", 1), ("prenom", 2), ("dossier", 4))}
    apercu = client.post(page("colonnes", importation), choix | {"colonne_5": "offre"}, follow=True)
    assert "Rien n’a encore été écrit" in texte(apercu)
    assert "« DEMO7 » est inconnu" in texte(apercu)
    assert not Interlocuteur.objects.exists()

    confirmation = formulaire(apercu, "/confirmer/")
    assert "Importer 2 lignes – bac à sable" in confirmation.textes
    resultat = confirmation.envoyer(client)
    resultat = client.get(resultat["Location"])
    assert "Terminé" in texte(resultat)
    assert Interlocuteur.objects.count() == 2
    assert f"/admin/dossiers/lot/{le_seul().lot_id}/change/" in resultat.content.decode()
    suivi = client.get(page("progression", importation)).json()
    assert (suivi["finie"], suivi["pourcent"], suivi["annonce"]) == (True, 100, "Terminé : 2 sur 2.")
    encore = confirmation.envoyer(client)
    assert encore.status_code == 302
    assert Interlocuteur.objects.count() == 2


def test_un_refus_de_lecture_est_dit_en_trois_parties_et_ne_laisse_rien(entrer, lecture_ici, dossiers, cle):
    from interlocuteurs.models import ImportInterlocuteurs

    reponse = deposer(entrer(collaborateur=True), cle, b"PK\x03\x04" + bytes(400))
    assert reponse.status_code == 409
    assert all(mot in texte(reponse) for mot in ("Ce qui s’est passé", "Pourquoi", "Que faire", "« .csv »"))
    assert not ImportInterlocuteurs.objects.exists()


def test_un_fichier_trop_gros_n_est_pas_garde(entrer, lecture_ici, cle, settings):
    settings.TELEVERSEMENT_TAILLE_MAX = 3 * 2**20
    client = entrer(collaborateur=True)
    reponse = deposer(client, cle, b"x" * (5 * 2**20))
    assert reponse.status_code == 409
    assert "Il dépasse 3 Mo" in texte(reponse)
    assert deposer(client, cle, texte_csv(rangee(1))).status_code == 302


def test_deux_colonnes_ne_donnent_pas_le_meme_champ(entrer, lecture_ici, dossiers, cle):
    client = entrer(collaborateur=True)
    deposer(client, cle, texte_csv(rangee(1)))
    reponse = client.post(page("colonnes", le_seul()), {"colonne_0": "email", "colonne_1": "email"})
    assert reponse.status_code == 409
    assert "colonnes A et B donnent toutes deux : E-mail" in texte(reponse)
    assert client.post(page("colonnes", le_seul()), {"colonne_0": "autre"}).status_code == 400
    assert client.post(page("colonnes", le_seul()), {"offre_commune": "autre"}).status_code == 400


def test_la_production_se_confirme_par_une_case(entrer, lecture_ici, dossiers, cle):
    from interlocuteurs.models import Interlocuteur

    cle.environnement = "production"
    cle.save()
    client = entrer(collaborateur=True)
    deposer(client, cle, texte_csv(rangee(1)))
    importation = le_seul()
    apercu = client.post(
        page("colonnes", importation),
        {f"colonne_{p}": c for p, c in enumerate(("email", "nom", "prenom", "", "dossier", "offre"))},
        follow=True,
    )
    envoi = formulaire(apercu, "/confirmer/")
    envoi.champs.pop("production", None)
    assert "Je confirme agir en production" in envoi.textes
    refus = envoi.envoyer(client)
    assert refus.status_code == 409
    assert "n’est pas cochée" in texte(refus)
    assert not Interlocuteur.objects.exists()
    envoi.envoyer(client, production="oui")
    assert Interlocuteur.objects.count() == 1


def test_interrompre_reprendre_et_abandonner(entrer, dossiers, importer):
    from interlocuteurs.imports import services
    from interlocuteurs.models import ImportInterlocuteurs

    client = entrer(collaborateur=True)
    importation = importer(rangee(1), rangee(2), par=client.personne)
    services.confirmer(importation, services.sceller(importation), par=client.personne)
    ImportInterlocuteurs.objects.update(etat="interrompu", incident="Une erreur imprévue l’a arrêté.")
    fiche = client.get(page("change", importation))
    assert "L’import s’est arrêté après 0 ligne sur 2" in texte(fiche)
    formulaire(fiche, "/reprendre/").envoyer(client)
    assert le_seul().etat == "termine"
    autre = importer(rangee(3), par=client.personne)
    formulaire(client.get(page("change", autre)), "/abandonner/").envoyer(client)
    autre.refresh_from_db()
    assert (autre.etat, autre.lignes.count()) == ("abandonne", 0)


def test_reprendre_en_production_se_confirme_par_une_case(entrer, dossiers, cle, importer):
    from interlocuteurs.imports import services
    from interlocuteurs.models import ImportInterlocuteurs, Interlocuteur

    client = entrer(collaborateur=True)
    importation = importer(rangee(1), par=client.personne)
    services.confirmer(importation, services.sceller(importation), par=client.personne)
    ImportInterlocuteurs.objects.update(etat="interrompu", incident="Une erreur imprévue l’a arrêté.")
    cle.environnement = "production"
    cle.save()
    reprise = formulaire(client.get(page("change", importation)), "/reprendre/")
    reprise.champs.pop("production", None)
    refus = reprise.envoyer(client)
    assert refus.status_code == 409
    assert "n’est pas cochée" in texte(refus)
    assert (le_seul().etat, Interlocuteur.objects.count()) == ("interrompu", 0)
    reprise.envoyer(client, production="oui")
    assert (le_seul().etat, Interlocuteur.objects.count()) == ("termine", 1)


def test_ce_qui_agit_ne_repond_qu_a_un_envoi(entrer, dossiers, importer):
    client = entrer(collaborateur=True)
    importation = importer(rangee(1), par=client.personne)
    for nom in ("confirmer", "reprendre", "abandonner"):
        assert client.get(page(nom, importation)).status_code == 405, nom


def test_le_contenu_du_fichier_est_montre_sans_etre_interprete(entrer, dossiers, importer):
    client = entrer(collaborateur=True)
    importation = importer(
        ("<script>x</script>@t.example", "<b>Nom</b>", "Zoé", "", "DEMO1", "start"), par=client.personne
    )
    html = client.get(page("change", importation)).content.decode()
    assert "<script>x</script>" not in html
    assert "&lt;b&gt;Nom&lt;/b&gt;" in html


def test_les_pages_ne_font_pas_plus_de_requetes_pour_un_grand_fichier(entrer, dossiers, importer, confirmer):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = entrer(collaborateur=True)

    def requetes(adresse):
        with CaptureQueriesContext(connection) as contexte:
            assert client.get(adresse).status_code == 200
        return len(contexte)

    petit = confirmer(importer(rangee(1), rangee(2, "NON"), par=client.personne))
    lignes = [rangee(10 + rang) for rang in range(16)] + [rangee(100 + rang, "NON") for rang in range(16)]
    grand = confirmer(importer(*lignes, par=client.personne))
    requetes(page("change", petit))
    assert requetes(page("change", petit)) == requetes(page("change", grand))
    liste = requetes(reverse(LISTE))
    importer(*lignes, par=client.personne)
    assert requetes(reverse(LISTE)) == liste


def test_une_page_montre_un_nombre_borne_de_lignes_par_classe(entrer, dossiers, importer, monkeypatch):
    monkeypatch.setattr("interlocuteurs.admin.imports.LIGNES_MONTREES", 20)
    client = entrer(collaborateur=True)
    importation = importer(*(rangee(rang) for rang in range(25)), par=client.personne)
    reponse = client.get(page("change", importation))
    assert "Les 20 premières sont montrées" in texte(reponse)
    assert len(b"".join(client.get(page("lignes", importation)).streaming_content).splitlines()) == 26


def test_les_telechargements_sont_au_journal(entrer, dossiers, importer):
    from dossiers.models import Evenement

    client = entrer(collaborateur=True)
    importation = importer(rangee(1, "NON"), par=client.personne)
    for nom, debut in (("rejets_csv", b"\xef\xbb\xbf"), ("rejets_xlsx", b"PK"), ("lignes", b"\xef\xbb\xbf")):
        reponse = client.get(page(nom, importation))
        assert b"".join(reponse.streaming_content).startswith(debut)
        assert "no-store" in reponse["Cache-Control"]
    assert Evenement.objects.filter(type="export", acteur=client.personne).count() == 3
