"""The circuit of a platform hears of its own access only; the one of a dossier's key, of Cegid Loop."""

import httpx
import pytest
from django.utils import timezone

from dossiers.models import Guichet, Operation
from dossiers.operations import execution
from raccordements.models import HoteAdmis
from raccordements.souscriptions import endpoints
from raccordements.souscriptions.operations import demander_lecture, demander_onboarding, demander_souscription

pytestmark = pytest.mark.django_db
REPOS = 3


def faire(operation):
    """One turn, the circuit as it stands."""
    execution.vider(operation.guichet_id)
    return Operation.objects.get(pk=operation.pk)


def echecs(guichet, nombre=None):
    if nombre is not None:
        Guichet.objects.filter(pk=guichet.pk).update(echecs_consecutifs=nombre)
    guichet.refresh_from_db()
    return guichet.echecs_consecutifs


def test_des_donnees_revoquees_ne_ferment_que_leur_ligne(sim, onboardee_la_bas, par):
    corps = {"onboarding": onboardee_la_bas.numero_onboarding}
    httpx.post(f"{sim.racine}/_simulateur/revoquer", json=corps, trust_env=False).raise_for_status()
    operation = demander_souscription(onboardee_la_bas, par=par)
    assert faire(operation).code_erreur == "connexion_refusee"
    assert echecs(operation.guichet) == 0


def test_un_refus_fait_ici_ne_referme_pas_le_disjoncteur(onboardee_la_bas, par):
    operation = demander_souscription(onboardee_la_bas, par=par)
    echecs(operation.guichet, REPOS)
    HoteAdmis.objects.update(retire_le=timezone.now(), retire_par=par)
    assert faire(operation).etat == "echouee"
    assert echecs(operation.guichet) == REPOS


def test_un_nom_muet_n_est_pas_la_faute_de_la_plateforme(onboardee_la_bas, par, monkeypatch):
    def muet(hote):
        raise endpoints.NomIrresolu(hote)

    monkeypatch.setattr(endpoints, "resoudre_nom", muet)
    operation = demander_souscription(onboardee_la_bas, par=par)
    assert faire(operation).etat == "en_attente"
    assert echecs(operation.guichet) == 0


def test_la_cle_d_abonnement_refusee_compte(onboardee_la_bas, plateforme, par):
    plateforme.cle_abonnement = "fausse"
    plateforme.save()
    operation = demander_souscription(onboardee_la_bas, par=par)
    assert faire(operation).code_erreur == "cle_abonnement_refusee"
    assert echecs(operation.guichet) == 1


def test_un_refus_de_cegid_referme_celui_de_la_plateforme(sim, onboardee_la_bas, par):
    operation = demander_souscription(onboardee_la_bas, par=par)
    echecs(operation.guichet, REPOS)
    sim.base.execute("UPDATE plateforme SET contrat = 0")
    assert "contrat de coopération" in faire(operation).message
    assert echecs(operation.guichet) == 0


def test_cegid_od_en_panne_n_arrete_pas_loop_et_sa_reprise_ne_le_rouvre_pas(sim, prevue, par):
    sim.poser_pannes([{"type": "500_avant", "chemin": "/od/addressingLines", "fois": 1}])
    operation = demander_lecture(prevue, par=par)
    assert faire(operation).etat == "en_attente"
    assert echecs(operation.guichet) == 0
    echecs(operation.guichet, REPOS)
    Operation.objects.update(pas_avant=timezone.now())
    assert faire(operation).etat == "reussie"
    assert echecs(operation.guichet) == REPOS


def test_le_quota_de_la_cle_d_abonnement_repose_les_deux(sim, prevue, par):
    sim.poser_pannes([{"type": "429", "chemin": "/od/onboardings", "fois": 1}])
    operation = demander_onboarding(prevue, par=par)
    assert faire(operation).etat == "en_attente"
    operation.guichet.refresh_from_db()
    assert operation.guichet.en_pause
