"""Each step interrupted at each point: settled by reading back, or left to a person, and never done twice."""

import datetime as dt

import httpx
import pytest
from django.utils import timezone

from dossiers.models import Etat, Operation
from dossiers.operations import balayage
from dossiers.operations.reservation import reserver
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import Decision, trancher
from raccordements.models import DonneesConnexion, Souscription
from raccordements.natures.od import ClientsOD
from raccordements.souscriptions import vie
from raccordements.souscriptions.etapes import EtatSouscription
from raccordements.souscriptions.operations import (
    demander_nouvelles_donnees,
    demander_onboarding,
    demander_resiliation,
    demander_souscription,
    operation_en_cours,
)
from raccordements.souscriptions.traces import evenements_de
from tests.raccordements.fabriques_od import relue

pytestmark = pytest.mark.django_db
E = EtatSouscription
ONBOARDINGS, CONNEXION = "/od/onboardings", "/od/onboardings/{onboarding}/connectionData"
SOUSCRIPTIONS, FIN = "/od/subscriptions", "/od/subscriptions/{souscription}/end"
APPLIQUEES = ["coupure_apres", "500_apres", "json_tronque"]
PERDUES = ["coupure_avant", "500_avant", "html_200"]


def panne(sim, type_, chemin, **options):
    sim.poser_pannes([{"type": type_, "chemin": chemin, **options}])


def faites(sim, chemin):
    """How many times a write was applied, by reference."""
    return sim.compte()["appliques"].get(f"POST {chemin}", {})


def finir(operation, relire, travailler):
    """Read back, then send again when the effect is absent."""
    lu = relire(operation)
    return travailler(operation) if lu.etat == Etat.EN_ATTENTE else lu


# --- an answer is lost -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("type_", [*APPLIQUEES, *PERDUES])
def test_les_droits_ne_sont_valides_qu_une_fois(sim, prevue, par, travailler, relire, type_):
    panne(sim, type_, ONBOARDINGS)
    operation = demander_onboarding(prevue, par=par)
    assert travailler(operation).etat == Etat.INCERTAINE
    assert relue(prevue).etat == E.ONBOARDING
    assert finir(operation, relire, travailler).etat == Etat.REUSSIE
    assert relue(prevue).etat == E.ONBOARDEE
    assert list(faites(sim, ONBOARDINGS).values()) == [1]


@pytest.mark.parametrize("type_", ["coupure_apres", "coupure_avant", "json_tronque"])
def test_les_donnees_scellees_sont_celles_qui_valent(sim, prevue, par, travailler, relire, type_):
    panne(sim, type_, CONNEXION)
    operation = demander_onboarding(prevue, par=par)
    assert travailler(operation).etat == Etat.INCERTAINE
    assert finir(operation, relire, travailler).etat == Etat.REUSSIE
    assert list(faites(sim, ONBOARDINGS).values()) == [1]
    assert travailler(demander_souscription(prevue, par=par)).etat == Etat.REUSSIE


@pytest.mark.parametrize("type_", [*APPLIQUEES, *PERDUES])
def test_la_souscription_n_est_faite_qu_une_fois(sim, onboardee_la_bas, par, travailler, relire, type_):
    panne(sim, type_, SOUSCRIPTIONS, si={"endpoint": onboardee_la_bas.endpoint})
    operation = demander_souscription(onboardee_la_bas, par=par)
    assert travailler(operation).etat == Etat.INCERTAINE
    assert relue(onboardee_la_bas).etat == E.SOUSCRIPTION
    assert finir(operation, relire, travailler).etat == Etat.REUSSIE
    assert relue(onboardee_la_bas).etat == E.SOUSCRITE
    assert list(faites(sim, SOUSCRIPTIONS).values()) == [1]


@pytest.mark.parametrize("type_", ["coupure_apres", "coupure_avant", "500_apres"])
def test_une_fin_se_redit_sans_risque(sim, en_place, par, travailler, type_):
    fin = timezone.localdate() + dt.timedelta(days=7)
    vie.terminer(en_place, le=fin, par=par)
    panne(sim, type_, FIN)
    operation = demander_resiliation(en_place, par=par)
    assert travailler(operation).etat == Etat.EN_ATTENTE
    assert travailler(operation).etat == Etat.REUSSIE
    assert (relue(en_place).etat, relue(en_place).fin) == (E.RESILIEE, fin)
    assert sim.onboardings()[0]["subscriptions"][0]["endDate"] == fin.isoformat()


@pytest.mark.parametrize("type_", ["coupure_apres", "coupure_avant"])
def test_de_nouvelles_donnees_perdues_sont_redemandees(sim, onboardee_la_bas, par, travailler, relire, type_):
    panne(sim, type_, CONNEXION)
    operation = demander_nouvelles_donnees(onboardee_la_bas, par=par)
    assert travailler(operation).etat == Etat.INCERTAINE
    assert relire(operation).etat == Etat.REUSSIE
    assert DonneesConnexion.objects.count() == 2
    assert travailler(demander_souscription(onboardee_la_bas, par=par)).etat == Etat.REUSSIE


def test_la_relecture_se_passe_des_donnees_revoquees(sim, onboardee_la_bas, par, travailler, relire):
    panne(sim, "coupure_apres", SOUSCRIPTIONS, si={"endpoint": onboardee_la_bas.endpoint})
    operation = demander_souscription(onboardee_la_bas, par=par)
    travailler(operation)
    corps = {"onboarding": onboardee_la_bas.numero_onboarding}
    httpx.post(f"{sim.racine}/_simulateur/revoquer", json=corps, trust_env=False).raise_for_status()
    assert relire(operation).etat == Etat.REUSSIE
    assert relue(onboardee_la_bas).numero_distant == "SUB-000001"


# --- a worker is killed ------------------------------------------------------------------------------------------


def tuer(operation, *, apres_l_appel):
    """Claim as a worker does, make the call or not, and fall silent."""
    prise = reserver(operation.guichet)
    if apres_l_appel:
        prise.definition.appeler(ClientsOD(lambda echange: None), prise)
    Operation.objects.filter(pk=operation.pk).update(bail_jusqu_au=timezone.now() - dt.timedelta(seconds=1))
    balayage.expirer_les_baux()
    return Operation.objects.get(pk=operation.pk)


@pytest.mark.parametrize("apres_l_appel", [True, False])
def test_un_executant_tue_pendant_une_etape_ne_la_double_pas(sim, prevue, par, travailler, relire, apres_l_appel):
    premiere = demander_onboarding(prevue, par=par)
    assert tuer(premiere, apres_l_appel=apres_l_appel).etat == Etat.INCERTAINE
    assert finir(premiere, relire, travailler).etat == Etat.REUSSIE
    seconde = demander_souscription(prevue, par=par)
    assert tuer(seconde, apres_l_appel=apres_l_appel).etat == Etat.INCERTAINE
    assert finir(seconde, relire, travailler).etat == Etat.REUSSIE
    for chemin in (ONBOARDINGS, SOUSCRIPTIONS):
        assert list(faites(sim, chemin).values()) == [1]


def test_une_reprise_apres_un_bail_perdu_n_appelle_pas(sim, onboardee_la_bas, par):
    operation = demander_souscription(onboardee_la_bas, par=par)
    prise = reserver(operation.guichet)
    Operation.objects.filter(pk=operation.pk).update(jeton="00000000-0000-4000-8000-000000000000")
    with pytest.raises(Exception, match="sans_appel"):
        prise.definition.appeler(ClientsOD(lambda echange: None), prise)
    assert not faites(sim, SOUSCRIPTIONS)


def test_une_reponse_qui_ne_peut_plus_etre_notee_se_lit_dans_l_histoire(prevue, par, travailler):
    operation = demander_onboarding(prevue, par=par)
    Souscription.objects.filter(pk=prevue.pk).update(etat=E.NON_COMMENCEE)
    perdue = travailler(operation)
    assert (perdue.etat, "n’a pas pu être gardée" in perdue.message) == (Etat.ECHOUEE, True)
    assert relue(prevue).etat == E.NON_COMMENCEE
    assert evenements_de(prevue).filter(texte__contains="relisez la ligne").exists()


# --- a person decides --------------------------------------------------------------------------------------------


def a_verifier(operation, travailler):
    """Its answer is lost, and no reading succeeds."""
    assert travailler(operation).etat == Etat.INCERTAINE
    Operation.objects.filter(pk=operation.pk).update(
        relectures=99, quarantaine_jusqu_au=timezone.now() - dt.timedelta(seconds=1)
    )
    balayage.confier_aux_personnes()
    lue = Operation.objects.select_related("dossier", "guichet").get(pk=operation.pk)
    assert lue.etat == Etat.A_VERIFIER
    return lue


@pytest.fixture
def douteuse(sim, onboardee_la_bas, par, travailler):
    """A subscription whose answer was lost, applied."""
    panne(sim, "coupure_apres", SOUSCRIPTIONS, si={"endpoint": onboardee_la_bas.endpoint})
    return a_verifier(demander_souscription(onboardee_la_bas, par=par), travailler)


def test_constatee_presente_elle_prend_le_numero_recopie(douteuse, onboardee_la_bas, par):
    with pytest.raises(ActionImpossible, match="numéro"):
        trancher(douteuse, Decision.APPLIQUEE, par=par, motif="Vue chez Cegid OD.")
    trancher(douteuse, Decision.APPLIQUEE, par=par, motif="Vue chez Cegid OD.", preuve=" SUB-000001 ")
    assert (relue(onboardee_la_bas).etat, relue(onboardee_la_bas).numero_distant) == (E.SOUSCRITE, "SUB-000001")


def test_un_renvoi_autorise_a_tort_ne_souscrit_pas_deux_fois(sim, douteuse, onboardee_la_bas, par, travailler):
    trancher(douteuse, Decision.RENVOYER, par=par, motif="Je ne la vois pas.")
    assert travailler(douteuse).etat == Etat.REUSSIE
    assert relue(onboardee_la_bas).etat == E.SOUSCRITE
    assert list(faites(sim, SOUSCRIPTIONS).values()) == [1]


def test_abandonnee_elle_peut_etre_redemandee_sans_doubler(sim, douteuse, onboardee_la_bas, par, travailler):
    trancher(douteuse, Decision.ABANDONNER, par=par, motif="Absente.")
    assert relue(onboardee_la_bas).etat == E.ONBOARDEE
    assert travailler(demander_souscription(onboardee_la_bas, par=par)).etat == Etat.REUSSIE
    assert list(faites(sim, SOUSCRIPTIONS).values()) == [1]


def test_un_on_boarding_constate_present_va_chercher_ses_donnees(sim, prevue, par, travailler):
    panne(sim, "coupure_apres", ONBOARDINGS)
    douteux = a_verifier(demander_onboarding(prevue, par=par), travailler)
    trancher(douteux, Decision.APPLIQUEE, par=par, motif="Vu chez Cegid OD.")
    assert relue(prevue).etat == E.ONBOARDING
    assert travailler(operation_en_cours(prevue)).etat == Etat.REUSSIE
    assert relue(prevue).etat == E.ONBOARDEE
    assert list(faites(sim, ONBOARDINGS).values()) == [1]
