"""Platforms and addressing lines in the browser: a key that is never read, two persons for a host, nothing deleted."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dossiers.models import Operation
from raccordements.models import HoteAdmis, LigneAdressage, Plateforme
from tests.interlocuteurs.admin.conftest import Entrer
from tests.raccordements.admin.test_souscriptions_pages import dossier_pret, texte
from tests.raccordements.fabriques_od import LigneAdressageFactory, PlateformeFactory, planifiee

pytestmark = pytest.mark.django_db
LISTE = "/admin/raccordements/plateforme/"
LIGNES = "/admin/raccordements/ligneadressage/"


def saisie(**autres: Any) -> dict[str, Any]:
    return {
        "nom": "Plateforme inventée",
        "matricule": "0042",
        "environnement": "bac_a_sable",
        "contrat_reference": "C-1",
        "contrat_le": "15/01/2026",
        **autres,
    }


@pytest.fixture
def administrateur(entrer: Entrer) -> Client:
    return entrer(administrateur=True)


@pytest.fixture
def redacteur(entrer: Entrer) -> Client:
    return entrer(collaborateur=True)


def test_la_cle_s_ecrit_et_ne_se_relit_jamais(administrateur: Client, redacteur: Client) -> None:
    assert administrateur.post(f"{LISTE}add/", saisie(cle_abonnement="cle-tres-secrete")).status_code == 302
    plateforme = Plateforme.objects.get()
    assert plateforme.cle_abonnement == "cle-tres-secrete"
    for client in (administrateur, redacteur):
        for page in (LISTE, f"{LISTE}{plateforme.pk}/change/", f"{LISTE}{plateforme.pk}/history/"):
            reponse = client.get(page)
            assert reponse.status_code == 200, page
            assert "tres-secrete" not in texte(reponse), page
    assert "tres-secrete" not in administrateur.get(f"{LISTE}export.csv").getvalue().decode()
    assert administrateur.post(f"{LISTE}{plateforme.pk}/change/", saisie(nom="Autre nom")).status_code == 302
    plateforme.refresh_from_db()
    assert (plateforme.nom, plateforme.cle_abonnement) == ("Autre nom", "cle-tres-secrete")


def test_le_matricule_d_une_plateforme_qui_sert_ne_change_plus(administrateur: Client) -> None:
    plateforme = PlateformeFactory(matricule="0042", nue=True)
    fiche = f"{LISTE}{plateforme.pk}/change/"
    assert administrateur.post(fiche, saisie(matricule="0043")).status_code == 302
    planifiee(plateforme=plateforme)
    assert administrateur.post(fiche, saisie(matricule="0044", nom="Autre nom")).status_code == 302
    plateforme.refresh_from_db()
    assert (plateforme.matricule, plateforme.nom) == ("0043", "Autre nom")


def test_un_matricule_reserve_est_refuse_au_formulaire(administrateur: Client) -> None:
    reponse = administrateur.post(f"{LISTE}add/", saisie(matricule="9998"))
    assert "désignent le portail public" in texte(reponse)
    assert not Plateforme.objects.exists()


def test_tester_la_cle_demande_une_operation(administrateur: Client) -> None:
    plateforme = PlateformeFactory()
    assert administrateur.get(f"{LISTE}{plateforme.pk}/tester/").status_code == 405
    administrateur.post(f"{LISTE}{plateforme.pk}/tester/")
    assert Operation.objects.get().guichet == plateforme.guichet


def test_un_hote_demande_deux_personnes(entrer: Entrer) -> None:
    plateforme = PlateformeFactory(nue=True)
    premier, second = entrer(manager=True), entrer(manager=True)
    page = f"{LISTE}{plateforme.pk}/change/"
    adresse = f"{LISTE}{plateforme.pk}/hotes/proposer/"
    refuse = premier.post(adresse, {"hote": "localhost"})
    assert "hote" in refuse.context["formulaire"].errors
    premier.post(adresse, {"hote": "Facture.PA.example"})
    hote = HoteAdmis.objects.get()
    confirmer = f"{LISTE}{plateforme.pk}/hotes/{hote.pk}/confirmer/"
    assert confirmer not in texte(premier.get(page))
    assert confirmer in texte(second.get(page))
    assert "une autre personne doit le reconnaître" in texte(premier.post(confirmer, follow=True))
    assert second.get(confirmer).status_code == 405
    second.post(confirmer)
    hote.refresh_from_db()
    assert hote.admis
    autre = PlateformeFactory()
    assert second.post(f"{LISTE}{autre.pk}/hotes/{hote.pk}/retirer/").status_code == 404
    premier.post(f"{LISTE}{plateforme.pk}/hotes/{hote.pk}/retirer/")
    hote.refresh_from_db()
    assert not hote.admis


def test_le_collaborateur_ne_change_rien_aux_plateformes(redacteur: Client) -> None:
    plateforme = PlateformeFactory()
    assert redacteur.post(f"{LISTE}{plateforme.pk}/hotes/proposer/", {"hote": "a.example"}).status_code == 403
    assert redacteur.post(f"{LISTE}{plateforme.pk}/archiver/").status_code == 403
    assert redacteur.get(f"{LISTE}add/").status_code == 403


def test_une_ligne_par_niveau_avec_ses_parties(redacteur: Client) -> None:
    dossier = dossier_pret()
    adresse = f"{LIGNES}add/?dossier={dossier.pk}"
    debut = f"{timezone.localdate():%Y-%m-%d}"
    faux = redacteur.post(adresse, {"niveau": "SIREN_SIRET", "debut": debut, "siret": "123"})
    assert "siret" in faux.context["formulaire"].errors
    reponse = redacteur.post(adresse, {"niveau": "SIREN_SUFFIXE", "debut": debut, "suffixe": "COMPTA"}, follow=True)
    ligne = LigneAdressage.objects.get()
    assert ligne.identifiant == f"{dossier.siren}_COMPTA"
    assert ligne.identifiant in texte(reponse)
    double = redacteur.post(adresse, {"niveau": "SIREN_SUFFIXE", "debut": debut, "suffixe": "compta"})
    assert double.status_code == 409
    assert "existe déjà" in texte(double)
    assert 'value="compta"' in texte(double)


def test_une_ligne_se_termine_ou_se_remplace_mais_ne_se_supprime_pas(redacteur: Client) -> None:
    ligne = LigneAdressageFactory(dossier=dossier_pret(), suffixe="A")
    base = f"{LIGNES}{ligne.pk}/"
    assert redacteur.post(f"{base}delete/", {"post": "yes"}).status_code == 403
    demain = timezone.localdate() + timedelta(days=1)
    redacteur.post(f"{base}remplacer/", {"niveau": "SIREN_SUFFIXE", "suffixe": "B", "le": f"{demain:%Y-%m-%d}"})
    suite = LigneAdressage.objects.get(remplace=ligne)
    assert suite.suffixe == "B"
    ligne.refresh_from_db()
    assert ligne.fin == timezone.localdate()
    assert suite.identifiant in texte(redacteur.get(f"{base}change/"))
    redacteur.post(f"{LIGNES}{suite.pk}/annuler/", {"motif": "Erreur"})
    suite.refresh_from_db()
    assert suite.annulee_le is not None


def test_une_ligne_servie_ne_s_annule_pas(redacteur: Client) -> None:
    ligne = planifiee(ligne=LigneAdressageFactory(dossier=dossier_pret())).ligne
    reponse = redacteur.post(f"{LIGNES}{ligne.pk}/annuler/", {"motif": "Erreur"})
    assert reponse.status_code == 409
    assert "Une souscription la porte" in texte(reponse)
    assert 'value="Erreur"' in texte(reponse)


def test_une_ligne_hors_du_portefeuille_n_existe_pas(limite: Client) -> None:
    ligne = LigneAdressageFactory(dossier=dossier_pret())
    for chemin in (f"{ligne.pk}/change/", f"{ligne.pk}/terminer/", f"add/?dossier={ligne.dossier_id}"):
        assert limite.get(f"{LIGNES}{chemin}").status_code == 404, chemin


def test_les_filtres_de_la_liste(redacteur: Client, subtests: pytest.Subtests) -> None:
    ligne = LigneAdressageFactory(dossier=dossier_pret())
    for validite in ("en_vigueur", "a_venir", "terminees", "annulees"):
        with subtests.test(validite):
            presente = ligne.identifiant in texte(redacteur.get(f"{LIGNES}?validite={validite}"))
            assert presente is (validite == "en_vigueur")
