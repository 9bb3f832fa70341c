"""A subscription of a day to come is given up before it routes: its line stays, its days are free again."""

import datetime as dt

import pytest
from django.utils import timezone

from dossiers.models import Operation
from dossiers.services.erreurs import ActionImpossible
from raccordements.models import LigneAdressage, Souscription
from raccordements.souscriptions import vie
from raccordements.souscriptions.etapes import EtatSouscription
from raccordements.souscriptions.operations import (
    demander_onboarding,
    demander_renoncement,
    demander_resiliation,
    demander_souscription,
)
from tests.raccordements.fabriques_od import LigneAdressageFactory, planifiee, relue

pytestmark = pytest.mark.django_db
E = EtatSouscription
DIX_JOURS = dt.timedelta(days=10)


@pytest.fixture
def a_venir(dossier, plateforme, par, travailler):
    """Both steps done for a first day in ten days."""
    ligne = LigneAdressageFactory(dossier=dossier)
    prevue = planifiee(ligne=ligne, plateforme=plateforme, par=par, debut=timezone.localdate() + DIX_JOURS)
    for demander in (demander_onboarding, demander_souscription):
        assert travailler(demander(prevue, par=par)).etat == "reussie"
    return relue(prevue)


def test_elle_s_abandonne_sans_perdre_sa_ligne(sim, a_venir, autre_plateforme, par, travailler):
    operation = demander_renoncement(a_venir, par=par)
    assert operation.guichet == a_venir.dossier.cle.guichet
    assert relue(a_venir).etat == E.RESILIATION
    assert travailler(operation).etat == "reussie"
    abandonnee = relue(a_venir)
    assert (abandonnee.etat, abandonnee.servie) == (E.ANNULEE, False)
    assert not abandonnee.donnees_connexion.vives().exists()
    assert sim.onboardings()[0]["status"] == "cancelled"
    assert LigneAdressage.objects.presentes().get() == a_venir.ligne
    # The same days, at another platform, here and there.
    suite = planifiee(ligne=a_venir.ligne, plateforme=autre_plateforme, par=par, debut=a_venir.debut)
    assert travailler(demander_onboarding(suite, par=par)).etat == "reussie"
    assert travailler(demander_souscription(suite, par=par)).etat == "reussie"


def test_commencee_elle_se_termine_et_ne_s_abandonne_pas(en_place, par):
    with pytest.raises(ActionImpossible, match="a pris effet"):
        demander_renoncement(en_place, par=par)
    assert relue(en_place).etat == E.SOUSCRITE


def test_le_jour_venu_l_executant_n_appelle_pas(sim, a_venir, par, travailler):
    operation = demander_renoncement(a_venir, par=par)
    Souscription.objects.filter(pk=a_venir.pk).update(debut=timezone.localdate())
    assert travailler(operation).etat == "echouee"
    assert relue(a_venir).etat == E.SOUSCRITE
    assert sim.onboardings()[0]["status"] != "cancelled"
    assert Operation.objects.filter(nature="lire_souscription").exists()


def test_un_on_boarding_partage_ne_s_annule_pas_sous_une_autre(sim, en_place, plateforme, par, travailler):
    fin = timezone.localdate() + DIX_JOURS
    vie.terminer(en_place, le=fin, par=par)
    travailler(demander_resiliation(en_place, par=par))
    suite = planifiee(ligne=en_place.ligne, plateforme=plateforme, par=par, debut=fin + dt.timedelta(days=1))
    for demander in (demander_onboarding, demander_souscription):
        assert travailler(demander(suite, par=par)).etat == "reussie"
    with pytest.raises(ActionImpossible, match="Le même on-boarding"):
        demander_renoncement(relue(suite), par=par)
    Souscription.objects.filter(pk=en_place.pk).update(debut=timezone.localdate(), fin=timezone.localdate())
    assert demander_renoncement(relue(suite), par=par)


def test_refuse_ou_annule_rien_n_est_perdu(sim, a_venir, par, travailler):
    sim.poser_pannes([{"type": "401", "chemin": "/od/onboardings/{onboarding}/cancel", "fois": 1}])
    assert travailler(demander_renoncement(a_venir, par=par)).etat == "echouee"
    assert relue(a_venir).etat == E.SOUSCRITE
    assert relue(a_venir).message


def test_oubliee_de_cegid_c_est_fait(sim, a_venir, par, travailler):
    with sim.verrou, sim.base:
        for table in ("jeton", "souscription", "onboarding"):
            sim.base.execute(f"DELETE FROM {table}")
    fini = travailler(demander_renoncement(a_venir, par=par))
    assert (fini.etat, relue(a_venir).etat) == ("reussie", E.ANNULEE)
    assert "ne la connaissait plus" in fini.message


def test_la_reponse_perdue_se_redemande(sim, a_venir, par, travailler):
    sim.poser_pannes([{"type": "coupure_apres", "chemin": "/od/onboardings/{onboarding}/cancel"}])
    operation = demander_renoncement(a_venir, par=par)
    assert travailler(operation).etat == "en_attente"
    assert travailler(operation).etat == "reussie"
    assert relue(a_venir).etat == E.ANNULEE
    assert Operation.objects.filter(nature="renoncer_souscription").count() == 1
