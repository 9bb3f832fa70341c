"""The reads of the Chorus Pro API by an account: connection test, structure, checks before a fiche is typed."""

import re

import httpx
import pytest
import respx
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dossiers.models import Etat as EtatOperation
from dossiers.models import Evenement, Operation
from dossiers.operations import balayage
from dossiers.operations.reservation import reserver
from dossiers.services.erreurs import ActionImpossible
from raccordements.chorus.matelas import APPLICATIONS, COMPTES
from raccordements.models import CompteChorus, Structure
from raccordements.services.operations import (
    compte_pour,
    demander_test,
    demander_verification,
    demander_verification_avant_saisie,
    derniere_verification,
)
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.raccordements.fabriques import CompteChorusFactory, StructureFactory, fiche_edi, superutilisateur

pytestmark = pytest.mark.django_db


def relu(compte):
    return CompteChorus.objects.get(pk=compte.pk)


def etapes(compte):
    return {etape["cle"]: etape["etat"] for etape in relu(compte).test_diagnostic}


# --- test of an account ------------------------------------------------------------------------------------------


def test_une_connexion_reussie_est_notee_etape_par_etape(compte, structure, travailler):
    fini = travailler(demander_test(compte, par=superutilisateur(), siret=structure.siret))
    assert fini.etat == EtatOperation.REUSSIE
    assert relu(compte).test_reussi
    assert set(etapes(compte).values()) == {"réussi"}
    assert fini.message.startswith("Connexion réussie")


def test_sans_structure_le_rattachement_n_est_pas_essaye(compte, travailler):
    assert travailler(demander_test(compte, par=superutilisateur())).etat == EtatOperation.REUSSIE
    assert etapes(compte)["rattachement"] == "non essayé"


@pytest.mark.parametrize(
    ("donnees", "etape", "famille"),
    [
        ({"client_secret": "faux"}, "jeton", "reglage"),
        ({"mot_de_passe": "faux"}, "compte_technique", "reglage"),
    ],
)
def test_un_secret_faux_echoue_a_son_etape(compte, travailler, donnees, etape, famille):
    CompteChorus.objects.filter(pk=compte.pk).update(**donnees)
    fini = travailler(demander_test(compte, par=superutilisateur()))
    assert (fini.etat, fini.famille) == (EtatOperation.ECHOUEE, famille)
    assert relu(compte).test_reussi is False
    assert etapes(compte)[etape] == "échoué"
    assert fini.message


def test_une_api_fermee_est_un_reglage_et_une_structure_hors_d_atteinte_un_refus(sim, compte, travailler):
    sim.charger(applications=[APPLICATIONS["qualification"] | {"abonnements": ["transverses"]}])
    fini = travailler(demander_test(compte, par=superutilisateur()))
    assert (fini.famille, etapes(compte)["abonnements"]) == ("reglage", "échoué")
    sim.charger(applications=[APPLICATIONS["qualification"]], comptes=[COMPTES["qualification"] | {"structures": []}])
    fini = travailler(demander_test(compte, par=superutilisateur(), siret="99000103400018"))
    assert (fini.famille, etapes(compte)["rattachement"]) == ("definitive", "échoué")


def test_un_reseau_muet_se_dit_et_n_est_pas_essaye_sans_fin(compte, travailler):
    with respx.mock:
        respx.route().mock(side_effect=httpx.ConnectError("non"))
        fini = travailler(demander_test(compte, par=superutilisateur()))
    assert fini.etat == EtatOperation.ECHOUEE
    assert etapes(compte)["jeton"] == "échoué"


def test_une_adresse_absente_se_lit_sur_le_compte(compte, travailler, settings):
    settings.CHORUS_URLS = {}
    fini = travailler(demander_test(compte, par=superutilisateur()))
    assert (fini.etat, fini.famille) == (EtatOperation.ECHOUEE, "reglage")
    assert relu(compte).test_reussi is False
    assert "CHORUS_OAUTH_URL_QUALIFICATION" in relu(compte).test_diagnostic[0]["cause"]


def test_un_bail_perdu_garde_quand_meme_le_resultat(compte):
    """What was tried is true whatever becomes of the operation, given up by a sweep at its last try."""
    operation = demander_test(compte, par=superutilisateur())
    reserver(operation.guichet)
    Operation.objects.filter(pk=operation.pk).update(tentatives=99, bail_jusqu_au=timezone.now())
    balayage.expirer_les_baux()
    assert Operation.objects.get(pk=operation.pk).etat == EtatOperation.ECHOUEE
    assert relu(compte).test_reussi is False


def test_aucun_secret_ni_jeton_dans_les_traces(compte, travailler):
    fini = travailler(demander_test(compte, par=superutilisateur(), siret="99000103400018"))
    champs = ("entetes_requete", "corps_requete", "entetes_reponse", "corps_reponse", "adresse")
    traces = str(list(fini.appels.values_list(*champs)))
    assert fini.appels.count() >= 5
    for secret in (compte.client_secret, compte.mot_de_passe):
        assert secret not in traces
        assert not Evenement.objects.filter(texte__contains=secret).exists()
    jeton = re.search(r'access_token\\*"\s*:\s*\\*"([^"\\]*)', traces)
    assert jeton is None or set(jeton[1]) == {"•"}


def test_les_droits_de_tester(compte):
    with pytest.raises(PermissionDenied):
        demander_test(compte, par=CollaborateurFactory(collaborateur=True))
    assert demander_test(compte, par=CollaborateurFactory(manager=True))
    CompteChorus.objects.filter(pk=compte.pk).update(archive_le=timezone.now())
    with pytest.raises(ActionImpossible, match="archivé"):
        demander_test(relu(compte), par=superutilisateur())


# --- structures --------------------------------------------------------------------------------------------------


def test_une_structure_est_lue_et_la_fin_du_mot_de_passe_va_au_compte(compte, structure, travailler):
    fini = travailler(demander_verification(structure, par=superutilisateur()))
    assert fini.etat == EtatOperation.REUSSIE
    lue = Structure.objects.get(pk=structure.pk)
    assert (lue.active, lue.connexion_edi, lue.designation) == (True, False, "BATIMENT FICTIF SAS")
    assert lue.id_structure_cpp
    assert lue.verifiee_le
    assert relu(compte).fin_lue == lue.fin_mot_de_passe is not None


def test_un_siret_inconnu_est_une_reponse_et_non_un_echec(compte, travailler):
    inconnue = StructureFactory(qualification=True, compte=compte)
    fini = travailler(demander_verification(inconnue, par=superutilisateur()))
    assert fini.etat == EtatOperation.REUSSIE
    assert "ne connaît pas ce SIRET" in Structure.objects.get(pk=inconnue.pk).verification


def test_une_consultation_refusee_n_empeche_pas_de_dire_que_la_structure_existe(compte, structure, travailler, sim):
    with respx.mock(assert_all_called=False) as faux:
        faux.post(url__regex=".*/rechercher$").pass_through()
        faux.post(url__regex=".*token$").pass_through()
        faux.post(url__regex=".*/consulter$").mock(
            return_value=httpx.Response(400, json={"codeRetour": 20002, "libelle": "Structure hors périmètre."})
        )
        assert travailler(demander_verification(structure, par=superutilisateur())).etat == EtatOperation.REUSSIE
    lue = Structure.objects.get(pk=structure.pk)
    assert lue.active
    assert lue.connexion_edi is None


@pytest.mark.parametrize(
    ("chemin", "reponse", "etat", "famille"),
    [
        ("token", httpx.Response(503), "en_attente", "passagere"),
        ("token", httpx.Response(400, json={"error": "invalid_client"}), "echouee", "reglage"),
        ("rechercher", httpx.Response(500), "en_attente", "passagere"),
        ("rechercher", httpx.Response(403), "echouee", "reglage"),
        ("rechercher", httpx.Response(400, json={"codeRetour": 20002, "libelle": "Non."}), "echouee", "definitive"),
        ("consulter", httpx.Response(502), "en_attente", "passagere"),
        ("consulter", httpx.Response(401, json={"ErrorCode": "401"}), "echouee", "reglage"),
    ],
)
def test_chaque_famille_a_chaque_appel(compte, structure, travailler, chemin, reponse, etat, famille):
    with respx.mock(assert_all_called=False) as faux:
        faux.post(url__regex=f".*/{chemin}$").mock(return_value=reponse)
        faux.route().pass_through()
        fini = travailler(demander_verification(structure, par=superutilisateur()))
    assert (fini.etat, fini.famille) == (etat, famille)
    assert Structure.objects.get(pk=structure.pk).verifiee_le is None


def test_le_compte_d_une_structure_est_le_sien_ou_le_seul(compte):
    sienne = StructureFactory(qualification=True, compte=compte)
    autre = StructureFactory(qualification=True)
    assert (compte_pour(sienne), compte_pour(autre)) == (compte, compte)
    CompteChorusFactory(pret=True)
    assert (compte_pour(sienne), compte_pour(autre)) == (compte, None)
    with pytest.raises(ActionImpossible, match="Aucun compte"):
        demander_verification(autre, par=superutilisateur())
    CompteChorusFactory(production=True)
    assert compte_pour(StructureFactory()) is not None


def test_un_compte_incomplet_ou_expire_est_nomme(structure, compte):
    CompteChorus.objects.filter(pk=compte.pk).update(mot_de_passe_defini_le=None)
    with pytest.raises(ActionImpossible, match="incomplet"):
        demander_verification(structure, par=superutilisateur())


def test_les_droits_de_verifier(compte, structure):
    with pytest.raises(PermissionDenied):
        demander_verification(structure, par=CollaborateurFactory(consultation=True))
    limite = CollaborateurFactory(collaborateur=True, portefeuille=True)
    with pytest.raises(PermissionDenied):
        demander_verification(structure, par=limite)
    Structure.objects.filter(pk=structure.pk).update(dossier=DossierFactory(maitre_dossier=limite.login_loop))
    demandee = demander_verification(Structure.objects.get(pk=structure.pk), par=limite)
    assert Operation.objects.visibles_par(limite).filter(pk=demandee.pk).exists()


# --- before typing on the portal ---------------------------------------------------------------------------------


def test_avant_la_saisie_tout_ce_que_l_api_sait_est_garde(structure, travailler):
    fiche = fiche_edi(structure=structure)
    fini = travailler(demander_verification_avant_saisie(fiche, par=superutilisateur()))
    assert fini.etat == EtatOperation.REUSSIE
    verification = derniere_verification(fiche)
    assert verification.details["reussie"]
    assert [etape["cle"] for etape in verification.details["etapes"]] == [
        "jeton",
        "compte_technique",
        "abonnements",
        "rattachement",
        "structure",
    ]
    assert Structure.objects.get(pk=structure.pk).verifiee_le


def test_ce_qui_manque_est_nomme_sans_que_l_operation_echoue(sim, compte, structure, travailler):
    sim.charger(
        comptes=[COMPTES["qualification"] | {"structures": []}],
        structures=[
            {
                "environnement": "qualification",
                "idStructureCPP": 26300002,
                "identifiant": structure.siret,
                "designation": "BATIMENT FICTIF SAS",
                "statut": "INACTIVE",
            }
        ],
    )
    fiche = fiche_edi(structure=structure)
    assert travailler(demander_verification_avant_saisie(fiche, par=superutilisateur())).etat == EtatOperation.REUSSIE
    verification = derniere_verification(fiche)
    assert not verification.details["reussie"]
    faux = {etape["cle"] for etape in verification.details["etapes"] if etape["etat"] == "échoué"}
    assert faux == {"rattachement", "structure"}
    assert "à corriger" in verification.texte


def test_un_compte_refuse_s_y_lit_aussi(compte, structure, travailler):
    CompteChorus.objects.filter(pk=compte.pk).update(client_secret="faux")
    fiche = fiche_edi(structure=structure)
    travailler(demander_verification_avant_saisie(fiche, par=superutilisateur()))
    assert not derniere_verification(fiche).details["reussie"]
    assert Structure.objects.get(pk=structure.pk).verifiee_le is None


def test_hors_du_portefeuille_rien_ne_se_verifie(structure):
    fiche = fiche_edi(structure=structure)
    with pytest.raises(PermissionDenied):
        demander_verification_avant_saisie(fiche, par=CollaborateurFactory(collaborateur=True, portefeuille=True))
