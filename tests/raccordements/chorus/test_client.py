"""The Chorus Pro client over real HTTP with the simulator: what each service gives, and which credential is named."""

import base64
import dataclasses
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import httpx
import pytest

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurPassagere
from raccordements.chorus.client import ClientChorus
from raccordements.chorus.erreurs import API_NON_ABONNEE, APPLICATION_REFUSEE, COMPTE_REFUSE, JETON_REFUSE
from raccordements.chorus.jetons import JetonsEnMemoire
from raccordements.chorus.matelas import APPLICATIONS, COMPTES, STRUCTURES
from raccordements.chorus.schemas import SERVICE_GENERIQUE, Etat, IssueFlux

PUBLIQUE, PRIVEE = STRUCTURES[0][0], STRUCTURES[2][0]
ID_PUBLIQUE = 26_300_000


def abonner(sim, *apis, **options):
    sim.charger(applications=[APPLICATIONS["qualification"] | {"abonnements": apis} | options])


# --- services ----------------------------------------------------------------------------------------------------


def test_verifier_sante(chorus):
    assert chorus.verifier_sante().message == "L'API CPRO est actuellement disponible et fonctionnel."


def test_rechercher_une_structure_par_son_siret(chorus):
    (trouvee,) = chorus.rechercher_structures(siret=PUBLIQUE)
    assert (trouvee.id, trouvee.identifiant, trouvee.designation) == (ID_PUBLIQUE, PUBLIQUE, "COMMUNE DE VALFICTIF")
    assert trouvee.active is True


def test_un_siret_de_qualification_sans_cle_de_luhn_se_cherche_aussi(chorus):
    (trouvee,) = chorus.rechercher_structures(siret="00000000000149")
    assert trouvee.identifiant == "00000000000149"


def test_une_recherche_sans_resultat_est_une_liste_vide(chorus):
    assert chorus.rechercher_structures(siret="99999999999999") == []
    assert chorus.services(ID_PUBLIQUE + 2) == []


def test_une_recherche_sans_critere_ne_part_pas(sim, chorus):
    with pytest.raises(ErreurDefinitive) as refus:
        chorus.rechercher_structures()
    assert "au moins un critère" in refus.value.message
    assert sim.compte()["appels"] == {}


def test_une_structure_inactive_est_dite_inactive(sim, chorus):
    sim.charger(
        structures=[
            {"environnement": "qualification", "idStructureCPP": 1, "identifiant": "X1", "type": "HORS_UE"}
            | {"designation": "INACTIVE FICTIVE", "statut": "INACTIVE"}
        ]
    )
    (trouvee,) = chorus.rechercher_structures(raison_sociale="INACTIVE FICTIVE", actives=False)
    assert trouvee.active is False
    assert chorus.rechercher_structures(raison_sociale="INACTIVE FICTIVE", actives=True) == []


def test_consulter_une_structure(sim, chorus):
    consultee = chorus.consulter_structure(ID_PUBLIQUE)
    assert (consultee.identifiant, consultee.prive_ou_public) == (PUBLIQUE, "PUBLIQUE")
    assert consultee.connexion_edi is False
    assert consultee.recevoir_donnees_via_edi is False
    attendue = (sim.maintenant() - timedelta(days=30) + timedelta(days=424)).date()
    assert abs(consultee.expiration_mot_de_passe - attendue) <= timedelta(days=1)
    assert (consultee.code_postal, consultee.pays) == ("99999", "France")


def test_hors_des_rattachements_la_fin_du_mot_de_passe_reste_inconnue(sim, chorus):
    sim.charger(comptes=[COMPTES["qualification"] | {"structures": [PRIVEE]}])
    assert chorus.consulter_structure(ID_PUBLIQUE).expiration_mot_de_passe is None
    assert [lu.identifiant for lu in chorus.mes_rattachements()] == [PRIVEE]


def test_consulter_une_structure_inconnue_est_refuse_avec_le_texte_distant(chorus):
    with pytest.raises(ErreurDefinitive) as refus:
        chorus.consulter_structure(404)
    assert (refus.value.code, refus.value.statut) == ("20002", 400)
    assert refus.value.message == "La structure demandée n'existe pas (idStructureCPP)."


def test_services(chorus):
    generique, compta = chorus.services(ID_PUBLIQUE)
    assert generique.code == SERVICE_GENERIQUE
    assert generique.au is None
    assert (compta.code, compta.actif) == ("COMPTA", True)
    assert compta.du == datetime(2019, 1, 2, 7, 0, tzinfo=UTC)


def test_les_rattachements_sont_lus_jusqu_a_la_derniere_page(sim, chorus):
    sim.charger(
        structures=[
            {"environnement": "qualification", "idStructureCPP": n, "identifiant": f"F{n}", "designation": f"N° {n}"}
            for n in range(1, 251)
        ]
    )
    lus = chorus.mes_rattachements()
    assert len(lus) == len({lu.id_structure for lu in lus}) == 250 + len(STRUCTURES)
    assert sim.compte()["appels"]["POST /qualification/cpro/utilisateurs/v1/monCompte/recuperer/rattachements"] == 3


def test_les_structures_actives_rendent_au_siret_ses_zeros(chorus):
    assert {lu.identifiant for lu in chorus.structures_actives("fournisseur")} == {siret for siret, *_ in STRUCTURES}
    assert chorus.structures_actives("facturetravaux") == []


def test_deposer_un_flux_puis_suivre_son_etat(sim, chorus):
    depot = chorus.deposer_flux("FACTURE-1.pdf", b"%PDF fictif", "IN_DP_E2_CII_FACTURX")
    assert len(depot.numero) == 25
    assert depot.numero.startswith("CPP0011117")
    assert isinstance(depot.depose_le, date)
    assert chorus.consulter_cr(depot.numero).issue is IssueFlux.EN_COURS
    sim.avancer(400)
    rendu = chorus.consulter_cr(depot.numero)
    assert (rendu.etat, rendu.issue) == ("IN_INTEGRE", IssueFlux.INTEGREE)
    assert (rendu.code_appli, rendu.code_interface) == ("CPP001", "FSO1117A")
    assert rendu.pdf.startswith(b"%PDF")
    assert chorus.consulter_cr_detaille(depot.numero).erreurs_factures == ()
    assert sim.compte()["appliques"] == {"POST /qualification/cpro/factures/v1/deposer/flux": {"FACTURE-1.pdf": 1}}


def test_le_depot_d_essai_ne_part_jamais_en_production(sim, ouvrir):
    chorus = ouvrir(sim.urls("production"), environnement="production")
    with pytest.raises(ErreurDefinitive, match="sans réponse") as refus:
        chorus.deposer_flux("f.xml", b"<x/>", "IN_DP_E1_CII")
    assert "réservé à la qualification" in refus.value.message
    assert sim.compte()["appels"] == {}


@pytest.mark.parametrize("nombre", [0, 1, 2])
def test_les_erreurs_d_un_flux_viennent_en_liste_ou_en_objet(sim, chorus, nombre):
    erreurs = [{"numeroDP": f"F{n}", "libelleErreurDP": "Destinataire inconnu"} for n in range(nombre)]
    technique = {"codeErreur": "T1", "libelleErreur": "Fichier mal nommé", "natureErreur": "REJET"}
    numero = edi(sim, etat="IN_REJETE", erreurs=[technique, *erreurs])
    detail = chorus.consulter_cr_detaille(numero)
    assert [erreur.numero for erreur in detail.erreurs_factures] == [f"F{n}" for n in range(nombre)]
    assert [erreur.code for erreur in detail.erreurs_techniques] == ["T1"]
    assert detail.issue is IssueFlux.REJETEE


def test_un_etat_inconnu_n_est_ni_une_attente_ni_un_succes(sim, chorus):
    rendu = chorus.consulter_cr(edi(sim, etat="IN_ETAT_NOUVEAU"))
    assert (rendu.etat, rendu.issue) == ("IN_ETAT_NOUVEAU", IssueFlux.INCONNUE)


def test_un_flux_inconnu_est_refuse(chorus):
    with pytest.raises(ErreurDefinitive) as refus:
        chorus.consulter_cr("CPP0000000000000000000000")
    assert refus.value.code == "20000"


def edi(sim, **valeurs):
    corps = {"environnement": "qualification", "code_appli": "VFE039", "code_interface": "FSO1100A", "nom": "flux"}
    return httpx.post(f"{sim.racine}/_simulateur/flux", json=corps | valeurs).json()["numero"]


def test_referentiel_des_organisations(chorus):
    chorus.organisations.verifier_sante()
    (trouvee,) = chorus.organisations.rechercher(PUBLIQUE, champs=("uuid", "identifiant"))
    assert (trouvee.identifiant, trouvee.raison_sociale, trouvee.emetteur_flux_edi) == (PUBLIQUE, "", None)
    par_uuid, par_siret = (chorus.organisations.consulter(cle) for cle in (trouvee.uuid, PUBLIQUE))
    assert par_uuid == par_siret
    assert (par_siret.statut, par_siret.emetteur_flux_edi) == ("active", False)
    assert par_siret.derniere_maj.year == 2022
    assert [lu["codeService"] for lu in chorus.organisations.services(PUBLIQUE)] == [SERVICE_GENERIQUE, "COMPTA"]
    assert chorus.organisations.rechercher("99999999999999") == []


@pytest.mark.parametrize(
    ("cle", "code"), [("n'importe quoi", "ParamsInvalidUuidStructures"), ("0" * 32, "NotFoundReference")]
)
def test_une_organisation_inconnue_est_refusee_avec_son_code(chorus, cle, code):
    with pytest.raises(ErreurDefinitive) as refus:
        chorus.organisations.consulter(cle)
    assert (refus.value.code, refus.value.statut) == (code, 400)


# --- credentials -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("faux", ["client_id", "client_secret"])
def test_une_application_refusee_est_nommee(sim, ouvrir, faux):
    with pytest.raises(ErreurDeReglage) as refus:
        ouvrir(sim.urls("qualification"), **{faux: "autre"}).verifier_sante()
    assert (refus.value.code, refus.value.statut) == (APPLICATION_REFUSEE, 400)
    assert "OAuth Credentials" in refus.value.message


def test_les_identifiants_d_un_environnement_sont_inconnus_de_l_autre(sim, ouvrir):
    with pytest.raises(ErreurDeReglage) as refus:
        ouvrir(sim.urls("production")).verifier_sante()
    assert refus.value.code == APPLICATION_REFUSEE


def test_des_adresses_de_deux_environnements_se_voient_au_jeton(sim, ouvrir, appels_de_jeton):
    chorus = ouvrir(sim.urls("production") | {"oauth": sim.urls("qualification")["oauth"]})
    with pytest.raises(ErreurDeReglage) as refus:
        chorus.verifier_sante()
    assert refus.value.code == JETON_REFUSE
    assert appels_de_jeton() == 1
    assert etats(chorus.tester(siret=PUBLIQUE)) == ["réussi", "non essayé", "échoué", "non essayé"]


@pytest.mark.parametrize("faux", ["login", "mot_de_passe"])
def test_un_compte_technique_refuse_est_nomme_sans_redemander_de_jeton(sim, ouvrir, appels_de_jeton, faux):
    with pytest.raises(ErreurDeReglage) as refus:
        ouvrir(sim.urls("qualification"), **{faux: "autre"}).verifier_sante()
    assert (refus.value.code, refus.value.statut) == (COMPTE_REFUSE, 401)
    assert "424 jours" in refus.value.message
    assert appels_de_jeton() == 1


def test_un_compte_technique_a_son_age(sim, chorus):
    sim.charger(comptes=[COMPTES["qualification"] | {"cree_le": sim.maintenant().isoformat()}])
    with pytest.raises(ErreurDeReglage):
        chorus.verifier_sante()
    sim.avancer(31 * 60)
    chorus.verifier_sante()
    sim.avancer(424 * 86_400)
    with pytest.raises(ErreurDeReglage) as refus:
        chorus.verifier_sante()
    assert refus.value.code == COMPTE_REFUSE


@pytest.mark.parametrize("options", [{"apis": ("structures",)}, {"apis": (), "raccordee": True}, {"raccordee": False}])
def test_une_api_fermee_est_nommee(sim, chorus, options):
    abonner(sim, *options.get("apis", ("transverses",)), raccordee=options.get("raccordee", True))
    with pytest.raises(ErreurDeReglage) as refus:
        chorus.verifier_sante()
    assert (refus.value.code, refus.value.statut) == (API_NON_ABONNEE, 403)
    assert "l’API Transverses" in refus.value.message


@pytest.mark.parametrize("absent", ["client_id", "client_secret", "login", "mot_de_passe"])
def test_des_identifiants_incomplets_n_appellent_rien(sim, ouvrir, absent):
    with pytest.raises(ErreurDeReglage) as refus:
        ouvrir(sim.urls("qualification"), **{absent: ""})
    assert "incomplets" in refus.value.message or "inutilisables" in refus.value.message
    assert sim.compte()["appels"] == {}


@pytest.mark.parametrize("valeur", ["TECH:1@cpro.fr", "\ud800"])
def test_un_identifiant_impossible_est_refuse_sans_etre_montre(sim, ouvrir, valeur):
    with pytest.raises(ErreurDeReglage) as refus:
        ouvrir(sim.urls("qualification"), login=valeur)
    assert valeur not in refus.value.message


# --- token -------------------------------------------------------------------------------------------------------


def test_un_jeton_sert_plusieurs_appels(chorus, appels_de_jeton):
    for _ in range(3):
        chorus.verifier_sante()
    chorus.mes_rattachements()
    assert appels_de_jeton() == 1


def test_un_jeton_garde_mais_refuse_est_remplace_une_fois(sim, chorus, appels_de_jeton):
    chorus.verifier_sante()
    sim.avancer(3601)  # only the simulator's clock: the cached token still looks good here
    chorus.verifier_sante()
    assert appels_de_jeton() == 2


def test_un_compte_refuse_avec_un_jeton_garde_ne_redemande_qu_un_jeton(sim, chorus, appels_de_jeton):
    chorus.verifier_sante()
    sim.charger(comptes=[COMPTES["qualification"] | {"mot_de_passe": "changé"}])
    with pytest.raises(ErreurDeReglage) as refus:
        chorus.verifier_sante()
    assert refus.value.code == COMPTE_REFUSE
    assert appels_de_jeton() == 2


def test_un_jeton_refuse_pendant_une_ecriture_n_en_fait_qu_une(sim, chorus):
    chorus.verifier_sante()
    sim.avancer(3601)
    chorus.deposer_flux("UNE-FOIS.xml", b"<x/>", "IN_DP_E1_CII")
    assert sim.compte()["appliques"]["POST /qualification/cpro/factures/v1/deposer/flux"] == {"UNE-FOIS.xml": 1}


def test_d_autres_secrets_ne_partagent_pas_le_jeton(sim, ouvrir):
    jetons = JetonsEnMemoire()
    ouvrir(sim.urls("qualification"), jetons=jetons).verifier_sante()
    with pytest.raises(ErreurDeReglage) as refus:
        ouvrir(sim.urls("qualification"), jetons=jetons, client_secret="autre").verifier_sante()
    assert refus.value.code == APPLICATION_REFUSEE


# --- writes whose answer is lost ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("panne", "effets"),
    [("500_avant", 0), ("500_apres", 1), ("coupure_apres", 1), ("json_tronque", 1), ("html_200", 0)],
)
def test_un_depot_sans_reponse_lisible_est_incertain(sim, chorus, panne, effets):
    chorus.verifier_sante()
    sim.poser_pannes([{"type": panne, "chemin": "/qualification/cpro/factures/v1/deposer/flux"}])
    with pytest.raises(ErreurPassagere) as erreur:
        chorus.deposer_flux("PERDU.xml", b"<x/>", "IN_DP_E1_CII")
    assert erreur.value.effet_possible
    assert sum(sum(refs.values()) for refs in sim.compte()["appliques"].values()) == effets


@pytest.mark.parametrize("panne", ["500_apres", "coupure_apres", "json_tronque", "html_200", "429", "503"])
def test_un_jeton_qui_n_arrive_pas_ne_laisse_jamais_de_doute_sur_une_ecriture(sim, chorus, panne):
    sim.poser_pannes([{"type": panne, "chemin": "/qualification/api/oauth/token"}])
    with pytest.raises(ErreurPassagere) as erreur:
        chorus.deposer_flux("RETENU.xml", b"<x/>", "IN_DP_E1_CII")
    assert not erreur.value.effet_possible
    assert sim.compte()["appliques"] == {}


# --- secrets -----------------------------------------------------------------------------------------------------


def test_aucun_secret_dans_les_traces(sim, ouvrir, identifiants):
    traces = []
    chorus = ouvrir(sim.urls("qualification"), journal=traces.append)
    chorus.verifier_sante()
    chorus.rechercher_structures(siret=PUBLIQUE)
    sim.avancer(3601)
    chorus.verifier_sante()
    with pytest.raises(ErreurDeReglage) as refus:
        ouvrir(sim.urls("qualification"), journal=traces.append, mot_de_passe="Autre-secret-1").verifier_sante()
    jetons = [ligne["jeton"] for ligne in sim.base.execute("SELECT jeton FROM jeton")]
    assert len(jetons) == 3
    ecrit = repr([dataclasses.asdict(trace) for trace in traces]) + repr(chorus) + repr(refus.value)
    compte = base64.b64encode(f"{identifiants['login']}:{identifiants['mot_de_passe']}".encode()).decode()
    for secret in (*jetons, identifiants["client_secret"], identifiants["mot_de_passe"], compte, "Autre-secret-1"):
        assert secret not in ecrit
    assert [trace.corps_requete for trace in traces if trace.adresse.endswith("/token")] == [
        "(140 octets non gardés)"
    ] * 3


# --- settings ----------------------------------------------------------------------------------------------------


def stockes(environnement="qualification"):
    application, compte = APPLICATIONS[environnement], COMPTES[environnement]
    return SimpleNamespace(
        environnement=environnement,
        client_id=application["client_id"],
        client_secret=application["client_secret"],
        login=compte["login"],
        mot_de_passe=compte["mot_de_passe"],
    )


@pytest.mark.parametrize("environnement", ["qualification", "production"])
def test_pour_identifiants_lit_les_reglages_de_l_environnement(sim, settings, environnement):
    settings.CHORUS_URLS = {nom: sim.urls(nom) for nom in ("qualification", "production")}
    with ClientChorus.pour_identifiants(stockes(environnement), jetons=JetonsEnMemoire()) as chorus:
        assert len(chorus.rechercher_structures(siret=PUBLIQUE)) == 1
    assert chorus.environnement == environnement


def test_sans_adresse_l_erreur_nomme_les_reglages(settings):
    settings.CHORUS_URLS = {"production": {"oauth": "", "api": "https://api.exemple"}}
    with pytest.raises(ErreurDeReglage) as refus:
        ClientChorus.pour_identifiants(stockes("production"), jetons=JetonsEnMemoire())
    assert "CHORUS_OAUTH_URL_PRODUCTION" in refus.value.message


# --- diagnostic --------------------------------------------------------------------------------------------------


def etats(diagnostic):
    return [etape.etat.value for etape in diagnostic.etapes]


def test_tout_reussit(chorus):
    diagnostic = chorus.tester(
        siret=PUBLIQUE, apis=("transverses", "structures", "utilisateurs", "factures", "organisations")
    )
    assert etats(diagnostic) == ["réussi"] * 4
    assert diagnostic.reussi
    assert diagnostic.premier_echec is None
    assert {detail.etat for detail in diagnostic.etapes[2].details} == {Etat.REUSSI}


def test_l_essai_prend_un_jeton_a_lui(chorus, appels_de_jeton):
    chorus.verifier_sante()
    chorus.tester()
    chorus.verifier_sante()
    assert appels_de_jeton() == 2


def test_le_jeton_echoue(sim, ouvrir):
    diagnostic = ouvrir(sim.urls("qualification"), client_secret="autre").tester(siret=PUBLIQUE)
    assert etats(diagnostic) == ["échoué", "non essayé", "non essayé", "non essayé"]
    assert diagnostic.premier_echec.code == APPLICATION_REFUSEE
    assert "API Keys" in diagnostic.premier_echec.remede


def test_le_compte_technique_echoue(sim, ouvrir):
    diagnostic = ouvrir(sim.urls("qualification"), mot_de_passe="autre").tester(siret=PUBLIQUE)
    assert etats(diagnostic) == ["réussi", "échoué", "non essayé", "non essayé"]
    assert diagnostic.premier_echec.code == COMPTE_REFUSE


def test_un_abonnement_manque_et_les_autres_prouvent_le_compte(sim, chorus):
    abonner(sim, "structures", "utilisateurs")
    diagnostic = chorus.tester(siret=PUBLIQUE)
    assert etats(diagnostic) == ["réussi", "réussi", "échoué", "réussi"]
    assert [detail.etat for detail in diagnostic.etapes[2].details] == [Etat.ECHOUE, Etat.REUSSI, Etat.REUSSI]
    assert "Transverses" in diagnostic.premier_echec.cause
    assert not diagnostic.reussi


def test_sans_aucun_abonnement_le_compte_reste_inconnu(sim, chorus):
    abonner(sim)
    assert etats(chorus.tester(siret=PUBLIQUE)) == ["réussi", "non essayé", "échoué", "non essayé"]


def test_sans_l_api_utilisateurs_le_rattachement_n_est_pas_essaye(sim, chorus):
    abonner(sim, "transverses", "structures")
    assert etats(chorus.tester(siret=PUBLIQUE)) == ["réussi", "réussi", "échoué", "non essayé"]


def test_le_rattachement_manque(sim, chorus):
    sim.charger(comptes=[COMPTES["qualification"] | {"structures": [PRIVEE]}])
    diagnostic = chorus.tester(siret=PUBLIQUE)
    assert etats(diagnostic) == ["réussi", "réussi", "réussi", "échoué"]
    assert PUBLIQUE in diagnostic.premier_echec.cause
    sim.charger(comptes=[COMPTES["qualification"] | {"structures": []}])
    assert chorus.tester(siret=PUBLIQUE).premier_echec.code == "structure_non_rattachee"


def test_sans_structure_le_rattachement_n_est_pas_essaye(chorus):
    diagnostic = chorus.tester()
    assert etats(diagnostic) == ["réussi", "réussi", "réussi", "non essayé"]
    assert diagnostic.reussi


@pytest.mark.parametrize("panne", ["coupure_avant", "500_avant", "429", "503", "html_200", "json_tronque", "401"])
@pytest.mark.parametrize("chemin", ["/api/oauth/token", "/cpro/transverses/v1/health-check", "*"])
def test_l_essai_ne_leve_jamais(sim, chorus, panne, chemin):
    chemin = chemin if chemin == "*" else f"/qualification{chemin}"
    sim.poser_pannes([{"type": panne, "chemin": chemin, "fois": -1}])
    diagnostic = chorus.tester(siret=PUBLIQUE)
    assert len(diagnostic.etapes) == 4
    assert not diagnostic.reussi
    assert diagnostic.premier_echec.cause
    assert diagnostic.premier_echec.remede


def test_un_service_muet_arrete_l_essai(sim, chorus):
    sim.poser_pannes(
        [{"type": "coupure_avant", "chemin": "/qualification/cpro/transverses/v1/health-check", "fois": -1}]
    )
    diagnostic = chorus.tester(siret=PUBLIQUE)
    assert etats(diagnostic) == ["réussi", "échoué", "échoué", "non essayé"]
    assert [detail.etat for detail in diagnostic.etapes[2].details] == [Etat.ECHOUE, Etat.NON_ESSAYE, Etat.NON_ESSAYE]
