"""Addressing lines, hosts of the platforms and mandates: recorded, proved, never deleted."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied, ValidationError

from dossiers.models import Environnement, Evenement
from dossiers.services.erreurs import ActionImpossible
from raccordements.models import HoteAdmis, LigneAdressage, Mandat
from raccordements.souscriptions import lignes, plateformes
from raccordements.souscriptions.endpoints import LONGUEUR_MAX, EndpointRefuse
from raccordements.souscriptions.etapes import Niveau
from raccordements.souscriptions.identifiants import LONGUEUR_IDENTIFIANT
from tests.fabriques import CollaborateurFactory, DossierFactory, siret_fictif
from tests.raccordements.fabriques_od import (
    DOCUMENT,
    PlateformeFactory,
    deposer,
    ligne,
    souscrite,
    superutilisateur,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("aujourd_hui")]
JOUR = dt.timedelta(days=1)


def test_une_ligne_prend_le_siren_et_l_environnement_du_dossier(par):
    dossier = DossierFactory()
    faite = ligne(dossier, par=par, niveau="Suffix (Siret + Suffix)", suffixe=" Agence ")
    assert (faite.identifiant, faite.niveau) == (f"{dossier.siren}_Agence", Niveau.SUFFIXE)
    assert faite.environnement == Environnement.BAC_A_SABLE
    assert Evenement.objects.get(details__ligne=faite.pk).acteur == par


def test_une_ligne_fausse_se_dit_au_champ_et_une_double_en_trois_parties(par):
    dossier = DossierFactory()
    with pytest.raises(ValidationError) as refus:
        ligne(dossier, niveau=Niveau.SIRET, siret=siret_fictif(4242))
    assert list(refus.value.message_dict) == ["siret"]
    with pytest.raises(ValidationError) as refus:
        ligne(dossier, fin=dt.date(2025, 1, 1))
    assert list(refus.value.message_dict) == ["fin"]
    ligne(dossier)
    with pytest.raises(ActionImpossible, match="existe déjà"):
        ligne(dossier)
    with pytest.raises(ActionImpossible, match="existe déjà"):
        ligne(DossierFactory(siren=dossier.siren))
    with pytest.raises(ActionImpossible, match="pas de SIREN"):
        ligne(DossierFactory(siren=""))
    with pytest.raises(ActionImpossible, match="archivé"):
        ligne(DossierFactory(archive=True))


def test_une_ligne_se_termine_se_remplace_ou_s_annule_mais_ne_s_efface_pas(par, aujourd_hui):
    premiere = ligne(par=par)
    suite = lignes.remplacer_ligne(premiere, le=aujourd_hui, niveau=Niveau.SUFFIXE, suffixe="USINE", par=par)
    premiere.refresh_from_db()
    assert (premiere.fin, suite.remplace, suite.debut) == (aujourd_hui - JOUR, premiere, aujourd_hui)
    lignes.annuler_ligne(suite, motif="erreur", par=par)
    with pytest.raises(ActionImpossible):
        lignes.annuler_ligne(suite, motif="erreur", par=par)
    with pytest.raises(ActionImpossible, match="finit déjà"):
        lignes.terminer_ligne(premiere, le=aujourd_hui, par=par)
    assert LigneAdressage.objects.presentes().count() == 1


def test_les_jours_passes_d_une_ligne_restent_les_siens(par, aujourd_hui):
    ouverte = ligne(par=par)
    for geste in (
        lambda: lignes.terminer_ligne(ouverte, le=aujourd_hui - JOUR, par=par),
        lambda: lignes.remplacer_ligne(ouverte, le=aujourd_hui - JOUR, niveau=Niveau.SUFFIXE, suffixe="A", par=par),
    ):
        with pytest.raises(ActionImpossible, match="est passé : des factures"):
            geste()
    ouverte.refresh_from_db()
    assert ouverte.fin is None
    lignes.terminer_ligne(ouverte, le=aujourd_hui, par=par)


def test_une_ligne_servie_ne_finit_pas_avant_sa_souscription(par, aujourd_hui):
    souscription = souscrite(fin=aujourd_hui + 9 * JOUR)
    for geste in (
        lambda: lignes.terminer_ligne(souscription.ligne, le=aujourd_hui, par=par),
        lambda: lignes.remplacer_ligne(souscription.ligne, le=aujourd_hui, niveau=Niveau.SUFFIXE, suffixe="A", par=par),
        lambda: lignes.annuler_ligne(souscription.ligne, motif="", par=par),
    ):
        with pytest.raises(ActionImpossible):
            geste()
    lignes.terminer_ligne(souscription.ligne, le=aujourd_hui + 9 * JOUR, par=par)


def test_un_hote_demande_deux_personnes_superutilisateurs_compris(par):
    plateforme = PlateformeFactory(nue=True)
    propose = plateformes.proposer_hote(plateforme, "Facture.PA.example", par=par)
    assert (propose.hote, propose.admis) == ("facture.pa.example", False)
    with pytest.raises(ActionImpossible, match="autre personne"):
        plateformes.confirmer_hote(propose, par=par)
    with pytest.raises(ActionImpossible, match="déjà proposé"):
        plateformes.proposer_hote(plateforme, "facture.pa.example", par=superutilisateur())
    assert plateformes.confirmer_hote(propose, par=superutilisateur()).admis
    with pytest.raises(ActionImpossible):
        plateformes.confirmer_hote(propose, par=superutilisateur())
    plateformes.retirer_hote(propose, par=par)
    assert not HoteAdmis.objects.en_vigueur().exists()
    assert not plateformes.proposer_hote(plateforme, "facture.pa.example", par=par).admis
    with pytest.raises(EndpointRefuse):
        plateformes.proposer_hote(plateforme, "127.0.0.1", par=par)
    with pytest.raises(PermissionDenied):
        plateformes.proposer_hote(plateforme, "b.example", par=CollaborateurFactory(collaborateur=True))


def test_le_modele_d_endpoint_porte_l_identifiant_une_fois():
    plateforme = PlateformeFactory.build(modele_endpoint="HTTPS://PA.example/cegid/{identifiant}/")
    plateforme.clean()
    assert plateforme.modele_endpoint == "https://pa.example/cegid/{identifiant}"
    assert plateforme.endpoint_pour("999_A") == "https://pa.example/cegid/999_A"
    for modele in (
        "https://pa.example/cegid",
        "https://{identifiant}.example/cegid",
        "https://pa.example/{identifiant}/{identifiant}",
        "http://pa.example/{identifiant}",
        "https://pa.example/?a={identifiant}",
    ):
        plateforme.modele_endpoint = modele
        with pytest.raises(ValidationError) as refus:
            plateforme.clean()
        assert list(refus.value.message_dict) == ["modele_endpoint"]


def test_le_modele_laisse_la_place_du_plus_long_identifiant():
    plateforme = PlateformeFactory.build()
    for longueur, refuse in ((175, False), (176, True)):
        plateforme.modele_endpoint = "https://pa.example/".ljust(longueur, "x") + "{identifiant}"
        if refuse:
            with pytest.raises(ValidationError):
                plateforme.clean()
        else:
            plateforme.clean()
            assert len(plateforme.endpoint_pour("9" * LONGUEUR_IDENTIFIANT)) == LONGUEUR_MAX


def test_un_mandat_est_garde_avec_son_empreinte(par):
    mandat = deposer(
        DossierFactory(), par, nom_fichier="..\\..\\mandat\x00 signé.pdf", demandeur=" Camille   Inventée "
    )
    assert (mandat.demandeur, mandat.nom_fichier) == ("Camille Inventée", "mandat signé.pdf")
    assert mandat.format == "application/pdf"
    assert bytes(Mandat.objects.get(pk=mandat.pk).contenu) == DOCUMENT


@pytest.mark.parametrize(
    ("champs", "champ"),
    [
        ({"octets": b""}, "contenu"),
        ({"octets": b"MZ\x90\x00"}, "contenu"),
        ({"octets": b"<svg onload=alert(1)>"}, "contenu"),
        ({"octets": b"%PDF-" + bytes(5 * 1024 * 1024)}, "contenu"),
        ({"signe_le": dt.date(2026, 9, 11)}, "signe_le"),
        ({"courriel": "direction"}, "courriel"),
        ({"qualite": "stagiaire"}, "qualite"),
        ({"demandeur": " "}, "demandeur"),
    ],
)
def test_un_mandat_inutilisable_se_dit_au_champ(par, champs, champ):
    with pytest.raises(ValidationError) as refus:
        deposer(DossierFactory(), par, **champs)
    assert list(refus.value.message_dict) == [champ]
