"""Ends that Cegid OD has, what has served, and locks: what a later click must not undo."""

import datetime as dt

import pytest
from django.db import IntegrityError, connection, transaction

from dossiers.services.erreurs import ActionImpossible
from raccordements.models import DonneesConnexion, Souscription
from raccordements.souscriptions import suivi, vie
from raccordements.souscriptions.erreurs import EtapeInterdite
from raccordements.souscriptions.etapes import EtatSouscription as Etat
from raccordements.souscriptions.etapes import Progres
from tests.raccordements.fabriques_od import (
    PlateformeFactory,
    onboardee,
    oubliee,
    planifiee,
    relue,
    souscrite,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("aujourd_hui")]
JOUR = dt.timedelta(days=1)


def resiliee(souscription, par, au):
    suivi.commencer_resiliation(souscription, par=par)
    return suivi.noter_resiliation(souscription, au=au)


# --- the end that Cegid OD has -----------------------------------------------------------------------------------


def test_une_fin_dite_ne_se_retire_ni_ne_se_repousse(par, aujourd_hui):
    souscription = souscrite(fin=aujourd_hui + 20 * JOUR)
    assert souscription.fin_dite == aujourd_hui + 20 * JOUR
    with pytest.raises(ActionImpossible, match="a déjà la fin du 30/09/2026"):
        vie.terminer(souscription, le=aujourd_hui + 21 * JOUR, par=par)
    with pytest.raises(ActionImpossible, match="a déjà la fin") as refus:
        vie.rouvrir(souscription, par=par)
    assert "planifiez une autre souscription" in refus.value.remede
    assert vie.terminer(souscription, le=aujourd_hui + 10 * JOUR, par=par).fin == aujourd_hui + 10 * JOUR
    assert vie.terminer(souscription, le=aujourd_hui + 20 * JOUR, par=par).fin == aujourd_hui + 20 * JOUR


def test_une_suite_annulee_ne_rend_pas_une_fin_refusee_la_bas(par, aujourd_hui):
    ancienne = souscrite()
    suite = vie.changer_de_plateforme(ancienne, PlateformeFactory(), le=aujourd_hui + 9 * JOUR, par=par)
    Souscription.objects.filter(pk=ancienne.pk).update(fin_dite=aujourd_hui + 8 * JOUR)
    vie.annuler(suite, par=par)
    assert relue(ancienne).fin == aujourd_hui + 8 * JOUR


def test_une_fin_dite_en_retard_garde_le_jour_dit(par, aujourd_hui):
    souscription = souscrite()
    vie.terminer(souscription, le=aujourd_hui, par=par)
    finie = resiliee(souscription, par, aujourd_hui + 3 * JOUR)
    assert (finie.etat, finie.fin, finie.fin_dite) == (Etat.RESILIEE, *[aujourd_hui + 3 * JOUR] * 2)


def test_une_fin_dite_en_retard_laisse_ses_jours_a_la_suite(par, aujourd_hui):
    ancienne = souscrite()
    suite = vie.changer_de_plateforme(ancienne, PlateformeFactory(), le=aujourd_hui + 2 * JOUR, par=par)
    finie = resiliee(ancienne, par, aujourd_hui + 5 * JOUR)
    assert (finie.fin, finie.fin_dite) == (suite.debut - JOUR, aujourd_hui + 5 * JOUR)


def test_une_fin_passee_que_cegid_ignore_n_est_pas_terminee(par, aujourd_hui):
    souscription = souscrite()
    vie.terminer(souscription, le=aujourd_hui, par=par)
    demain = aujourd_hui + JOUR
    assert relue(souscription).progres(demain) is Progres.FIN_A_DIRE
    assert list(Souscription.objects.au_stade(Progres.FIN_A_DIRE, demain)) == [souscription]
    assert not Souscription.objects.au_stade(Progres.TERMINE, demain).exists()
    resiliee(souscription, par, aujourd_hui)
    assert relue(souscription).progres(demain) is Progres.TERMINE


# --- what has served ---------------------------------------------------------------------------------------------


def test_ce_qui_a_servi_garde_ses_jours_et_son_endpoint(par, aujourd_hui):
    reprise = vie.reprendre(oubliee(), motif="Vu avec Cegid.", par=par)
    assert reprise.servie
    hote = reprise.plateforme.hotes.get().hote
    with pytest.raises(EtapeInterdite, match="a servi"):
        vie.annuler(reprise, par=par)
    for correction in (vie.Correction(debut=aujourd_hui + JOUR), vie.Correction(endpoint=f"https://{hote}/autre")):
        with pytest.raises(EtapeInterdite, match="a servi"):
            vie.corriger(reprise, correction, par=par)
    inchangee = vie.Correction(debut=reprise.debut, endpoint=reprise.endpoint, mandat=reprise.mandat)
    assert vie.corriger(reprise, inchangee, par=par).endpoint == reprise.endpoint
    with pytest.raises(IntegrityError, match="souscription_servie_non_annulee"), transaction.atomic():
        Souscription.objects.filter(pk=reprise.pk).update(etat=Etat.ANNULEE)
    suivi.commencer_onboarding(reprise, par=par)
    suivi.noter_onboarding(reprise, numero="ON-2", donnees="{}")
    suivi.commencer_souscription(reprise, par=par)
    assert suivi.noter_souscription(reprise, numero="SO-2", du=aujourd_hui + 5 * JOUR).debut == aujourd_hui


def test_ce_qui_a_servi_puis_est_abandonne_se_clot(par, aujourd_hui):
    close = vie.clore(vie.reprendre(oubliee(), motif="Vu.", par=par), motif="Le client est parti.", par=par)
    assert (close.etat, close.fin, close.acquise) == (Etat.RESILIEE, aujourd_hui, True)
    reprise = vie.reprendre(oubliee(), motif="Vu.", par=par)
    suivi.commencer_onboarding(reprise, par=par)
    suivi.noter_onboarding(reprise, numero="ON-2", donnees="{}")
    suivi.commencer_resiliation(reprise, par=par)
    abandonnee = suivi.noter_resiliation(reprise)
    assert (abandonnee.etat, abandonnee.fin) == (Etat.RESILIEE, aujourd_hui)
    assert set(Souscription.objects.acquises()) == {close, abandonnee}
    with pytest.raises(EtapeInterdite, match="jamais servi"):
        vie.clore(planifiee(), motif="Vu.", par=par)


def test_ce_qui_n_a_pas_encore_servi_s_annule(par, aujourd_hui):
    reprise = vie.reprendre(oubliee(debut=aujourd_hui + 9 * JOUR), motif="Vu.", par=par)
    assert vie.annuler(reprise, par=par).etat == Etat.ANNULEE


# --- half an on-boarding, and data that come late ----------------------------------------------------------------


def test_un_on_boarding_a_demi_fait_ne_s_annule_pas(par):
    souscription = planifiee()
    suivi.commencer_onboarding(souscription, par=par)
    suivi.noter_droits(souscription, numero="ON-9")
    suivi.noter_echec_onboarding(souscription, message="Non.")
    with pytest.raises(EtapeInterdite, match="ON-9"):
        vie.annuler(souscription, par=par)


@pytest.mark.parametrize("etat", [Etat.SOUSCRIPTION, Etat.RESILIATION])
def test_de_nouvelles_donnees_sont_gardees_pendant_une_etape(par, etat):
    souscription = onboardee()
    commencer = suivi.commencer_souscription if etat == Etat.SOUSCRIPTION else suivi.commencer_resiliation
    commencer(souscription, par=par)
    suivi.noter_nouvelles_donnees(souscription, donnees='{"apiKey":"autre"}')
    assert "autre" in DonneesConnexion.objects.vives().get().contenu


# --- a name server is asked before any lock ----------------------------------------------------------------------


def test_le_nom_est_demande_avant_tout_verrou(par, aujourd_hui):
    profondeur, vues = len(connection.savepoint_ids), []

    def resoudre(hote):
        vues.append(len(connection.savepoint_ids))
        return ["93.184.216.34"]

    souscription = planifiee(resoudre=resoudre)
    vie.corriger(souscription, vie.Correction(endpoint=""), par=par, resoudre=resoudre)
    vie.changer_de_plateforme(souscrite(), PlateformeFactory(), le=aujourd_hui + 9 * JOUR, par=par, resoudre=resoudre)
    assert vues == [profondeur] * 3
