"""The two steps, the end and the readings against the simulator: what is asked, by whom, in which order, told how."""

import datetime as dt
import json

import httpx
import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dossiers.models import Evenement, Operation
from dossiers.services import plans
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import annuler, relancer
from raccordements.models import DonneesConnexion, HoteAdmis
from raccordements.natures.od import ClientsOD
from raccordements.od.client import ClientCabinet
from raccordements.od.schemas import Demandeur, Qualite
from raccordements.souscriptions import endpoints, suivi, vie
from raccordements.souscriptions.erreurs import EtapeInterdite
from raccordements.souscriptions.etapes import EtatSouscription
from raccordements.souscriptions.operations import (
    demander_lecture,
    demander_nouvelles_donnees,
    demander_onboarding,
    demander_resiliation,
    demander_souscription,
    demander_test,
    dernier_test,
    lancer_changement,
    operation_en_cours,
)
from tests.fabriques import CollaborateurFactory
from tests.raccordements.fabriques_od import LigneAdressageFactory, MandatFactory, PlateformeFactory, planifiee, relue

pytestmark = pytest.mark.django_db
E = EtatSouscription
SEMAINE = dt.timedelta(days=7)


def secret():
    return json.loads(DonneesConnexion.objects.vives().get().contenu)["apiKey"]


def controler(sim, chemin, corps):
    httpx.post(f"{sim.racine}/_simulateur/{chemin}", json=corps, trust_env=False).raise_for_status()


def changee(souscription, plateforme, par, le=None):
    return vie.changer_de_plateforme(
        souscription, plateforme, le=le or timezone.localdate() + SEMAINE, par=par, endpoint=""
    )


# --- the main path -----------------------------------------------------------------------------------------------


def test_les_deux_etapes_puis_la_fin(sim, prevue, par, travailler):
    assert travailler(demander_onboarding(prevue, par=par)).etat == "reussie"
    onboardee = relue(prevue)
    assert (onboardee.etat, onboardee.numero_onboarding) == (E.ONBOARDEE, "ONB-000001")
    assert travailler(demander_souscription(onboardee, par=par)).etat == "reussie"
    souscrite = relue(prevue)
    assert (souscrite.etat, souscrite.numero_distant) == (E.SOUSCRITE, "SUB-000001")
    distante = sim.onboardings()[0]["subscriptions"][0]
    assert (distante["endpoint"], distante["effectiveDate"]) == (prevue.endpoint, prevue.debut.isoformat())
    fin = timezone.localdate() + SEMAINE
    vie.terminer(souscrite, le=fin, par=par)
    assert travailler(demander_resiliation(souscrite, par=par)).etat == "reussie"
    assert (relue(prevue).etat, relue(prevue).fin) == (E.RESILIEE, fin)
    assert sim.onboardings()[0]["subscriptions"][0]["endDate"] == fin.isoformat()
    assert not DonneesConnexion.objects.vives().exists()


def test_un_on_boarding_sans_suite_s_abandonne_au_guichet_du_cabinet(sim, onboardee_la_bas, par, travailler):
    operation = demander_resiliation(onboardee_la_bas, par=par)
    assert operation.guichet == onboardee_la_bas.dossier.cle.guichet
    assert travailler(operation).etat == "reussie"
    assert relue(onboardee_la_bas).etat == E.ANNULEE
    assert sim.onboardings()[0]["status"] == "cancelled"


def test_chaque_demande_attend_au_guichet_de_sa_cle(prevue, plateforme, par, travailler):
    premiere = demander_onboarding(prevue, par=par)
    assert premiere.guichet == prevue.dossier.cle.guichet
    travailler(premiere)
    seconde = demander_souscription(prevue, par=par)
    assert seconde.guichet == plateforme.guichet
    assert premiere.objet == seconde.objet


def test_demandee_deux_fois_c_est_la_meme(prevue, par):
    operation = demander_onboarding(prevue, par=par)
    assert demander_onboarding(prevue, par=par) == operation
    assert operation_en_cours(prevue) == operation
    assert Operation.objects.count() == 1


def test_une_demande_annulee_rend_l_etat(prevue, par):
    operation = demander_onboarding(prevue, par=par)
    annuler([operation], par=par)
    assert relue(prevue).etat == E.NON_COMMENCEE
    assert operation_en_cours(prevue) is None


def test_rien_de_secret_ne_sort_des_donnees_scellees(en_place, par, travailler, caplog):
    api_key = secret()
    travailler(demander_lecture(en_place, par=par))
    traces = [f"{o.parametres} {o.message}" for o in Operation.objects.all()]
    traces += [f"{e.texte} {e.details}" for e in Evenement.objects.all()]
    for operation in Operation.objects.all():
        traces += [
            f"{a.adresse} {a.entetes_requete} {a.corps_requete} {a.entetes_reponse} {a.corps_reponse}"
            for a in operation.appels.all()
        ]
    for texte in (*traces, caplog.text, en_place.message):
        assert api_key not in texte
        assert en_place.plateforme.cle_abonnement not in texte


# --- who may ask -------------------------------------------------------------------------------------------------

DEMANDES = [demander_onboarding, demander_souscription, demander_resiliation, demander_lecture, lancer_changement]


def test_ni_sans_droit_ni_hors_portefeuille(prevue, subtests):
    for personne in (
        CollaborateurFactory(consultation=True),
        CollaborateurFactory(collaborateur=True, portefeuille=True),
    ):
        for demander in (*DEMANDES, demander_nouvelles_donnees):
            with subtests.test(demander.__name__, par=str(personne)), pytest.raises(PermissionDenied):
                demander(prevue, par=personne)
    assert not Operation.objects.exists()


def test_la_cle_d_une_plateforme_est_essayee_par_un_administrateur(plateforme, travailler):
    with pytest.raises(PermissionDenied):
        demander_test(plateforme, par=CollaborateurFactory(manager=True))
    administrateur = CollaborateurFactory(administrateur=True)
    assert travailler(demander_test(plateforme, par=administrateur)).etat == "reussie"
    assert "accepte" in dernier_test(plateforme).message
    plateforme.cle_abonnement = "fausse"
    plateforme.save()
    assert travailler(demander_test(plateforme, par=administrateur)).famille == Operation.Famille.REGLAGE
    assert dernier_test(plateforme).etat == "echouee"
    with pytest.raises(ActionImpossible, match="pas définie"):
        demander_test(PlateformeFactory(nue=True), par=administrateur)


# --- what is refused before any call -----------------------------------------------------------------------------


def test_sans_mandat_ni_cle_utilisable_rien_n_est_demande(prevue, dossier, par):
    dossier.cle.activee_loophub = False
    dossier.cle.save()
    with pytest.raises(ActionImpossible, match="LoopHub"):
        demander_onboarding(prevue, par=par)
    assert relue(prevue).etat == E.NON_COMMENCEE
    sans = planifiee(ligne=LigneAdressageFactory(dossier=dossier, suffixe="SANS"), par=par, avec_mandat=False)
    with pytest.raises(ActionImpossible, match="mandat"):
        demander_onboarding(sans, par=par)
    assert not Operation.objects.exists()


def test_la_seconde_etape_attend_la_premiere(prevue, par):
    with pytest.raises(EtapeInterdite):
        demander_souscription(prevue, par=par)


def test_un_dossier_passe_a_une_cle_d_un_autre_environnement_ne_part_pas(prevue, dossier, par):
    dossier.cle.environnement = "production"
    dossier.cle.save()
    with pytest.raises(ActionImpossible, match="environnement"):
        demander_onboarding(prevue, par=par)


def test_une_ligne_tenue_ailleurs_n_est_pas_on_boardee(sim, en_place, autre_plateforme, par):
    suite = changee(en_place, autre_plateforme, par)
    with pytest.raises(ActionImpossible, match=f"n°\u00a0{en_place.pk}"):
        demander_onboarding(suite, par=par)
    assert relue(suite).etat == E.NON_COMMENCEE


def test_le_nom_est_demande_par_l_executant_et_un_detournement_arrete_tout(
    sim, onboardee_la_bas, par, travailler, monkeypatch
):
    operation = demander_souscription(onboardee_la_bas, par=par)
    monkeypatch.setattr(endpoints, "resoudre_nom", lambda hote: ["169.254.169.254"])
    fini = travailler(operation)
    assert (fini.etat, fini.famille) == ("echouee", Operation.Famille.DEFINITIVE)
    assert "pas publique" in fini.message
    assert relue(onboardee_la_bas).etat == E.ONBOARDEE
    assert not operation.appels.exists()


def test_un_nom_qui_ne_repond_pas_est_redemande(onboardee_la_bas, par, travailler, monkeypatch):
    operation = demander_souscription(onboardee_la_bas, par=par)

    def muet(hote):
        raise endpoints.NomIrresolu(hote)

    with monkeypatch.context() as patch:
        patch.setattr(endpoints, "resoudre_nom", muet)
        assert travailler(operation).etat == "en_attente"
    assert travailler(operation).etat == "reussie"


def test_un_hote_retire_depuis_la_demande_arrete_tout(sim, onboardee_la_bas, par, travailler):
    operation = demander_souscription(onboardee_la_bas, par=par)
    HoteAdmis.objects.update(retire_le=timezone.now(), retire_par=par)
    assert travailler(operation).etat == "echouee"
    assert not sim.onboardings()[0]["subscriptions"]


# --- change of platform ------------------------------------------------------------------------------------------


def test_le_changement_dit_la_fin_puis_on_boarde(sim, en_place, autre_plateforme, par, travailler):
    suite = changee(en_place, autre_plateforme, par)
    fin, debut = lancer_changement(suite, par=par)
    assert travailler(debut).etat == "en_attente"
    assert travailler(fin).etat == "reussie"
    assert travailler(debut).etat == "reussie"
    assert travailler(demander_souscription(suite, par=par)).etat == "reussie"
    assert (relue(en_place).etat, relue(suite).etat) == (E.RESILIEE, E.SOUSCRITE)
    ancienne, nouvelle = (lu["subscriptions"][0] for lu in sim.onboardings())
    assert (ancienne["endDate"], nouvelle["effectiveDate"]) == (
        (suite.debut - dt.timedelta(days=1)).isoformat(),
        suite.debut.isoformat(),
    )


def test_une_fin_refusee_retient_la_suite(sim, en_place, autre_plateforme, par, travailler):
    suite = changee(en_place, autre_plateforme, par)
    sim.poser_pannes([{"type": "401", "chemin": "/od/subscriptions/{souscription}/end", "fois": 2}])
    fin, debut = lancer_changement(suite, par=par)
    assert travailler(fin).etat == "echouee"
    assert travailler(debut).etat == "echouee"
    assert (relue(en_place).etat, relue(suite).etat) == (E.SOUSCRITE, E.NON_COMMENCEE)
    assert not debut.appels.exists()
    assert len(sim.onboardings()) == 1


def test_revenir_a_la_premiere_plateforme_reprend_son_on_boarding(sim, en_place, plateforme, par, travailler):
    hier = timezone.localdate() + SEMAINE
    vie.terminer(en_place, le=hier, par=par)
    travailler(demander_resiliation(en_place, par=par))
    suite = planifiee(ligne=en_place.ligne, plateforme=plateforme, par=par, debut=hier + dt.timedelta(days=1))
    assert travailler(demander_onboarding(suite, par=par)).etat == "reussie"
    assert relue(suite).numero_onboarding == en_place.numero_onboarding
    assert travailler(demander_souscription(suite, par=par)).etat == "reussie"


# --- readings ----------------------------------------------------------------------------------------------------


def lire(souscription, par, travailler):
    operation = travailler(demander_lecture(souscription, par=par))
    assert operation.etat == "reussie"
    return operation, relue(souscription)


def test_une_lecture_conforme_ne_change_rien(en_place, par, travailler):
    operation, lue = lire(en_place, par, travailler)
    assert "comme ici" in operation.message
    assert (lue.etat, lue.message) == (E.SOUSCRITE, "")


def test_une_ligne_oubliee_se_reprend_ou_se_retrouve(sim, en_place, par, travailler):
    controler(sim, "oublier", {"identifiant": en_place.ligne.identifiant})
    _, lue = lire(en_place, par, travailler)
    assert lue.etat == E.OUBLIEE
    vie.reprendre(lue, motif="Cegid confirme la perte.", par=par)
    assert travailler(demander_onboarding(lue, par=par)).etat == "reussie"
    assert travailler(demander_souscription(lue, par=par)).etat == "reussie"


def test_ce_que_cegid_retrouve_revient(en_place, par, travailler):
    suivi.noter_oubli(en_place, message="Ligne inconnue.")
    assert lire(en_place, par, travailler)[1].etat == E.SOUSCRITE


def test_une_fin_differente_est_dite_et_ne_bouge_rien(en_place, par, travailler):
    vie.terminer(en_place, le=timezone.localdate() + SEMAINE, par=par)
    operation, lue = lire(en_place, par, travailler)
    assert lue.etat == E.SOUSCRITE
    assert "Relisez sa fin" in lue.message == operation.message
    vie.rouvrir(en_place, par=par)
    assert lire(en_place, par, travailler)[1].message == ""


def test_une_ligne_deja_ailleurs_est_nommee(sim, prevue, autre_plateforme, par, travailler):
    demandeur = Demandeur(qualite=Qualite.REPRESENTANT_LEGAL, nom="Camille Inventée", email="direction@tpe.example")
    with ClientCabinet.pour_cle(prevue.dossier.cle) as cabinet:
        cabinet.valider_droits(prevue.ligne.adresse, demandeur, autre_plateforme.matricule)
    echec = travailler(demander_onboarding(prevue, par=par))
    refusee = relue(prevue)
    assert (echec.etat, refusee.etat) == ("echouee", E.NON_COMMENCEE)
    assert f"matricule {autre_plateforme.matricule}) depuis le" in refusee.message
    assert f"matricule {autre_plateforme.matricule}) depuis le" in lire(prevue, par, travailler)[0].message


def test_des_donnees_revoquees_menent_a_une_lecture_puis_se_redemandent(sim, onboardee_la_bas, par, travailler):
    avant = secret()
    controler(sim, "revoquer", {"onboarding": onboardee_la_bas.numero_onboarding})
    echec = travailler(demander_souscription(onboardee_la_bas, par=par))
    assert (echec.etat, echec.code_erreur) == ("echouee", "connexion_refusee")
    lecture = operation_en_cours(onboardee_la_bas)
    assert lecture.nature == "lire_souscription"
    assert travailler(lecture).etat == "reussie"
    assert relue(onboardee_la_bas).etat == E.ONBOARDEE
    assert travailler(demander_nouvelles_donnees(onboardee_la_bas, par=par)).etat == "reussie"
    assert secret() != avant
    assert travailler(demander_souscription(onboardee_la_bas, par=par)).etat == "reussie"


def test_une_ligne_oubliee_se_decouvre_en_souscrivant(sim, onboardee_la_bas, par, travailler):
    controler(sim, "oublier", {"identifiant": onboardee_la_bas.ligne.identifiant})
    travailler(demander_souscription(onboardee_la_bas, par=par))
    travailler(operation_en_cours(onboardee_la_bas))
    assert relue(onboardee_la_bas).etat == E.OUBLIEE


def test_une_fin_que_cegid_ne_connait_plus_est_faite(sim, en_place, par, travailler):
    vie.terminer(en_place, le=timezone.localdate() + SEMAINE, par=par)
    controler(sim, "oublier", {"souscription": en_place.numero_distant})
    fini = travailler(demander_resiliation(en_place, par=par))
    assert (fini.etat, relue(en_place).etat) == ("reussie", E.RESILIEE)
    assert "ne la connaissait plus" in fini.message


def test_une_fin_que_cegid_avait_deja_est_celle_qu_on_garde(sim, en_place, par, travailler):
    plus_tot = timezone.localdate() + SEMAINE
    vie.terminer(en_place, le=plus_tot + SEMAINE, par=par)
    with ClientsOD(lambda echange: None).plateforme(en_place) as client:
        client.terminer(en_place.numero_distant, au=plus_tot)
    fini = travailler(demander_resiliation(en_place, par=par))
    finie = relue(en_place)
    assert (fini.etat, finie.etat, finie.fin, finie.fin_dite) == ("reussie", E.RESILIEE, plus_tot, plus_tot)
    assert f"{plus_tot:%d/%m/%Y}" in fini.message


def test_une_fin_dite_en_retard_est_celle_d_aujourd_hui(sim, en_place, par, travailler):
    hier, jour = timezone.localdate() - dt.timedelta(days=1), timezone.localdate()
    type(en_place).objects.filter(pk=en_place.pk).update(debut=hier, fin=hier)
    assert travailler(demander_resiliation(en_place, par=par)).etat == "reussie"
    assert (relue(en_place).fin, sim.onboardings()[0]["subscriptions"][0]["endDate"]) == (jour, jour.isoformat())


def test_les_droits_valides_se_retiennent_quand_les_donnees_manquent(sim, prevue, par, travailler):
    sim.poser_pannes([{"type": "401", "chemin": "/od/onboardings/{onboarding}/connectionData", "fois": 2}])
    assert travailler(demander_onboarding(prevue, par=par)).etat == "echouee"
    assert (relue(prevue).etat, relue(prevue).numero_onboarding) == (E.NON_COMMENCEE, "ONB-000001")
    with pytest.raises(EtapeInterdite, match="ONB-000001"):
        vie.annuler(prevue, par=par)


def test_des_donnees_qui_ne_peuvent_etre_gardees_ne_sont_pas_une_reussite(sim, onboardee_la_bas, par, travailler):
    operation = demander_nouvelles_donnees(onboardee_la_bas, par=par)
    suivi.noter_oubli(onboardee_la_bas, message="Ligne inconnue.")
    perdue = travailler(operation)
    assert (perdue.etat, "n’a pas pu être gardée" in perdue.message) == ("echouee", True)


def test_ce_qui_est_relu_et_ne_peut_etre_garde_va_a_une_personne(sim, onboardee_la_bas, par, travailler):
    operation = demander_nouvelles_donnees(onboardee_la_bas, par=par)
    passe = timezone.now() - dt.timedelta(hours=1)
    Operation.objects.filter(pk=operation.pk).update(etat="incertaine", tentatives=1, quarantaine_jusqu_au=passe)
    suivi.noter_oubli(onboardee_la_bas, message="Ligne inconnue.")
    perdue = travailler(operation)
    assert (perdue.etat, perdue.jeton, "n’a pas pu être gardée" in perdue.message) == ("a_verifier", None, True)


def test_seule_la_lecture_se_relance_telle_quelle(sim, onboardee_la_bas, par, travailler):
    controler(sim, "revoquer", {"onboarding": onboardee_la_bas.numero_onboarding})
    echec = travailler(demander_souscription(onboardee_la_bas, par=par))
    with pytest.raises(ActionImpossible, match="ne se relance pas"):
        relancer([echec], par=par)


# --- many at once ------------------------------------------------------------------------------------------------


@pytest.fixture
def trois(dossier, plateforme, par):
    return [
        planifiee(ligne=LigneAdressageFactory(dossier=dossier, suffixe=f"S{rang}"), plateforme=plateforme, par=par)
        for rang in range(3)
    ]


def lots(nom, souscriptions, par):
    return plans.preparer(nom, [s.pk for s in souscriptions], {}, par=par)


def test_un_plan_dit_quoi_faire_et_pourquoi_pas(trois, en_place, autre_plateforme, par, travailler):
    suite = changee(en_place, autre_plateforme, par)
    sans = planifiee(ligne=LigneAdressageFactory(dossier=en_place.dossier, suffixe="SANS"), par=par, avec_mandat=False)
    plan = lots("onboarder_souscriptions", [*trois, en_place, suite, sans], par)
    assert [ligne.pk for ligne in plan.a_faire] == [s.pk for s in trois]
    assert [ligne.motif for ligne in plan.rien] == ["Déjà souscrite."]
    motifs = {ligne.pk: ligne.motif for ligne in plan.bloquees}
    assert f"n°\u00a0{en_place.pk}" in motifs[suite.pk]
    assert "mandat" in motifs[sans.pk]
    assert plan.appels == 6
    lot = plans.confirmer(plan.sceller(), par=par)
    assert {relue(s).etat for s in trois} == {E.ONBOARDING}
    for operation in lot.operations.all():
        assert travailler(operation).etat == "reussie"
    plan = lots("souscrire_plateformes", [*trois, sans], par)
    assert (len(plan.a_faire), len(plan.bloquees)) == (3, 1)
    plans.confirmer(plan.sceller(), par=par)
    assert lots("resilier_souscriptions", [*trois, en_place, suite], par).rien[0].motif.startswith("Une étape")


def test_de_deux_souscriptions_d_une_ligne_la_premiere_a_commencer_part(prevue, autre_plateforme, par):
    fin = timezone.localdate() + SEMAINE
    type(prevue).objects.filter(pk=prevue.pk).update(debut=fin + dt.timedelta(days=1))
    premiere = planifiee(ligne=prevue.ligne, plateforme=autre_plateforme, par=par, fin=fin)
    plan = lots("onboarder_souscriptions", [prevue, premiere], par)
    assert [ligne.pk for ligne in plan.a_faire] == [premiere.pk]
    assert f"n°\u00a0{premiere.pk}" in plan.bloquees[0].motif
    assert plans.confirmer(plan.sceller(), par=par).total == 1


def test_un_on_boarding_est_demande_sous_le_verrou_de_sa_ligne(prevue, par):
    with CaptureQueriesContext(connection) as vues:
        demander_onboarding(prevue, par=par)
    verrous = [requete["sql"] for requete in vues if "FOR NO KEY UPDATE" in requete["sql"]]
    assert 'FROM "raccordements_ligneadressage"' in verrous[0]


def test_une_ligne_changee_depuis_le_plan_est_refusee(trois, par):
    plan = lots("onboarder_souscriptions", trois, par)
    vie.annuler(trois[0], par=par)
    lot = plans.confirmer(plan.sceller(), par=par)
    assert (lot.total, len(lot.refus)) == (2, 1)


def test_les_requetes_d_un_plan_ne_dependent_pas_du_nombre(trois, par, django_assert_max_num_queries):
    with django_assert_max_num_queries(6) as deux:
        lots("onboarder_souscriptions", trois[:2], par)
    with django_assert_max_num_queries(len(deux)):
        lots("onboarder_souscriptions", trois, par)


def test_sans_droit_aucun_plan(trois):
    with pytest.raises(PermissionDenied):
        lots("onboarder_souscriptions", trois, CollaborateurFactory(consultation=True))


def test_un_mandat_d_un_autre_client_ne_sert_pas(prevue, par):
    with pytest.raises(ActionImpossible, match="autre dossier"):
        vie.corriger(prevue, vie.Correction(mandat=MandatFactory()), par=par)
