"""Subscriptions: what people do, in which state, and what is refused with which words."""

import datetime as dt
from itertools import product

import pytest
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from dossiers.models import Environnement
from dossiers.services.erreurs import ActionImpossible
from raccordements.models import DonneesConnexion, Souscription
from raccordements.souscriptions import lignes, plateformes, suivi, traces, vie
from raccordements.souscriptions.endpoints import EndpointRefuse, NomIrresolu
from raccordements.souscriptions.erreurs import DejaSouscrite, EtapeInterdite
from raccordements.souscriptions.etapes import TRANSITIONS_SOUSCRIPTION, Pas, Progres
from raccordements.souscriptions.etapes import EtatSouscription as Etat
from tests.fabriques import CollaborateurFactory
from tests.raccordements.fabriques_od import (
    LigneAdressageFactory,
    MandatFactory,
    PlateformeFactory,
    deposer,
    ligne,
    onboardee,
    oubliee,
    planifiee,
    relue,
    souscrite,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("aujourd_hui")]
JOUR = dt.timedelta(days=1)


def test_une_souscription_va_de_son_plan_a_sa_fin(par, aujourd_hui):
    souscription = planifiee(par=par)
    assert souscription.endpoint.endswith(f"/cegid/{souscription.ligne.identifiant}")
    vus = [souscription.progres(aujourd_hui)]
    suivi.commencer_onboarding(souscription, par=par)
    souscription = suivi.noter_onboarding(souscription, numero="ON-7", donnees="{}")
    vus.append(souscription.progres(aujourd_hui))
    suivi.commencer_souscription(souscription, par=par)
    souscription = suivi.noter_souscription(souscription, numero="SO-7", du=aujourd_hui + 2 * JOUR)
    vus += [souscription.progres(aujourd_hui), souscription.progres(aujourd_hui + 2 * JOUR)]
    assert (souscription.debut, souscription.contrat) == (
        aujourd_hui + 2 * JOUR,
        souscription.plateforme.contrat_reference,
    )
    vie.terminer(souscription, le=aujourd_hui + 5 * JOUR, motif="cessation", par=par)
    suivi.commencer_resiliation(souscription, par=par)
    souscription = suivi.noter_resiliation(souscription)
    vus += [souscription.progres(aujourd_hui + 5 * JOUR), souscription.progres(aujourd_hui + 6 * JOUR)]
    assert vus == [
        Progres.NON_COMMENCE,
        Progres.ONBOARDE,
        Progres.SOUSCRIT,
        Progres.ACTIF,
        Progres.ACTIF,
        Progres.TERMINE,
    ]
    assert (souscription.etat, souscription.fin) == (Etat.RESILIEE, aujourd_hui + 5 * JOUR)
    assert not DonneesConnexion.objects.vives().exists()
    trace = traces.evenements_de(souscription)
    assert [e.details["vers"] for e in trace if "vers" in e.details][::-1] == [
        "onboarding",
        "onboardee",
        "souscription",
        "souscrite",
        "resiliation",
        "resiliee",
    ]


PAS = {
    Pas.COMMENCER_ONBOARDING: lambda s, par: suivi.commencer_onboarding(s, par=par),
    Pas.NOTER_ONBOARDING: lambda s, par: suivi.noter_onboarding(s, numero="1", donnees="{}"),
    Pas.ECHOUER_ONBOARDING: lambda s, par: suivi.noter_echec_onboarding(s, message="non"),
    Pas.COMMENCER_SOUSCRIPTION: lambda s, par: suivi.commencer_souscription(s, par=par),
    Pas.NOTER_SOUSCRIPTION: lambda s, par: suivi.noter_souscription(s, numero="1"),
    Pas.ECHOUER_SOUSCRIPTION: lambda s, par: suivi.noter_echec_souscription(s, message="non"),
    Pas.COMMENCER_RESILIATION: lambda s, par: suivi.commencer_resiliation(s, par=par),
    Pas.NOTER_RESILIATION: lambda s, par: suivi.noter_resiliation(s),
    Pas.ECHOUER_RESILIATION: lambda s, par: suivi.noter_echec_resiliation(s, message="non"),
    Pas.OUBLIER: lambda s, par: suivi.noter_oubli(s, message="inconnue"),
    Pas.REPRENDRE: lambda s, par: vie.reprendre(s, motif="vu", par=par),
    Pas.CLORE: lambda s, par: vie.clore(s, motif="vu", par=par),
    Pas.ANNULER: lambda s, par: vie.annuler(s, par=par),
}


def test_chaque_pas_ne_se_fait_que_dans_ses_etats(par):
    souscription = souscrite(fin=timezone.localdate() + 9 * JOUR)
    for etat, (pas, faire) in product(Etat, PAS.items()):
        # « Annuler » also ends what Cegid OD ended before its first day: a person only cancels what is not started.
        permis = etat in TRANSITIONS_SOUSCRIPTION[pas] and not (pas is Pas.ANNULER and etat != Etat.NON_COMMENCEE)
        with transaction.atomic():
            servie = etat != Etat.ANNULEE and pas is not Pas.ANNULER
            Souscription.objects.filter(pk=souscription.pk).update(
                etat=etat, resiliee_le=timezone.now(), servie=servie, numero_onboarding=""
            )
            if permis:
                assert faire(souscription, par).etat == TRANSITIONS_SOUSCRIPTION[pas][etat], (etat, pas)
            else:
                with pytest.raises(EtapeInterdite):
                    faire(souscription, par)
            assert relue(souscription).etat == (TRANSITIONS_SOUSCRIPTION[pas][etat] if permis else etat)
            transaction.set_rollback(True)


def test_un_etat_relu_trop_tot_ne_fait_rien_deux_fois(par):
    souscription = planifiee()
    perimee = relue(souscription)
    suivi.commencer_onboarding(souscription, par=par)
    with pytest.raises(EtapeInterdite):
        suivi.commencer_onboarding(perimee, par=par)
    traces.verrouiller(souscription, par)
    with pytest.raises(EtapeInterdite, match="vient de changer"):
        traces.avancer(perimee, Pas.ANNULER, "x", par=par)


def test_les_echecs_rendent_l_etape_et_une_resiliation_refusee_rend_l_etat(par):
    souscription = planifiee()
    suivi.commencer_onboarding(souscription, par=par)
    refusee = suivi.noter_echec_onboarding(souscription, message="Droits insuffisants.")
    assert (refusee.etat, refusee.message) == (Etat.NON_COMMENCEE, "Droits insuffisants.")
    souscription = onboardee()
    suivi.commencer_souscription(souscription, par=par)
    assert suivi.noter_echec_souscription(souscription, message="Non.").contrat == ""
    suivi.commencer_resiliation(souscription, par=par)
    assert suivi.noter_echec_resiliation(souscription, message="Non.").etat == Etat.ONBOARDEE


def test_un_on_boarding_abandonne_libere_la_ligne(par):
    souscription = onboardee()
    suivi.commencer_resiliation(souscription, par=par)
    assert suivi.noter_resiliation(souscription).etat == Etat.ANNULEE
    planifiee(ligne=souscription.ligne, plateforme=souscription.plateforme)


def test_rien_ne_part_sans_mandat_contrat_cle_endpoint_ni_hote_admis(par):
    sans_mandat = planifiee(avec_mandat=False)
    with pytest.raises(ActionImpossible, match="mandat"):
        suivi.commencer_onboarding(sans_mandat, par=par)
    for champs, mot in (
        ({"contrat_reference": "", "contrat_le": None}, "contrat"),
        ({"cle_abonnement_defini_le": None}, "clé d’abonnement"),
        ({"archivee_le": timezone.now()}, "archivée"),
    ):
        souscription = onboardee()
        type(souscription.plateforme).objects.filter(pk=souscription.plateforme_id).update(**champs)
        with pytest.raises(ActionImpossible, match=mot):
            suivi.commencer_souscription(souscription, par=par)
    sans_endpoint = onboardee(plateforme=PlateformeFactory(modele_endpoint=""))
    with pytest.raises(ActionImpossible, match="endpoint"):
        suivi.commencer_souscription(sans_endpoint, par=par)
    souscription = onboardee()
    plateformes.retirer_hote(souscription.plateforme.hotes.get(), par=par)
    with pytest.raises(EndpointRefuse, match="pas admis"):
        suivi.commencer_souscription(souscription, par=par)


def test_a_l_emploi_le_nom_est_demande_de_nouveau(par):
    souscription = onboardee()
    suivi.commencer_souscription(souscription, par=par)
    assert suivi.verifier_avant_appel(souscription) == souscription.endpoint
    with pytest.raises(EndpointRefuse, match="pas publique"):
        suivi.verifier_avant_appel(souscription, resoudre=lambda hote: ["169.254.169.254"])
    with pytest.raises(NomIrresolu):
        suivi.verifier_avant_appel(souscription, resoudre=lambda hote: [])
    plateformes.retirer_hote(souscription.plateforme.hotes.get(), par=par)
    with pytest.raises(EndpointRefuse, match="pas admis"):
        suivi.verifier_avant_appel(souscription)


def test_un_endpoint_prive_ou_d_un_hote_inconnu_n_est_pas_garde(par):
    with pytest.raises(EndpointRefuse, match="pas publique"):
        planifiee(resoudre=lambda hote: ["10.0.0.1"])
    with pytest.raises(EndpointRefuse, match="pas admis"):
        planifiee(endpoint="https://ailleurs.example/client")
    assert not Souscription.objects.exists()


def test_un_endpoint_deja_pris_se_dit_sans_nommer_l_autre_dossier(par):
    plateforme = PlateformeFactory()
    premiere = planifiee(plateforme=plateforme)
    with pytest.raises(ActionImpossible, match="un par ligne") as refus:
        planifiee(plateforme=plateforme, endpoint=premiere.endpoint)
    assert premiere.dossier.code not in str(refus.value)


def test_une_ligne_deja_servie_dit_par_qui_et_depuis_quand(par, aujourd_hui):
    souscription = souscrite()
    with pytest.raises(DejaSouscrite) as refus:
        planifiee(ligne=souscription.ligne, debut=aujourd_hui + 9 * JOUR)
    assert refus.value.souscription == souscription
    assert souscription.plateforme.nom in refus.value.cause
    assert "10/09/2026" in refus.value.cause


def test_les_dates_restent_dans_la_ligne_et_dans_l_avenir(par, aujourd_hui):
    courte = LigneAdressageFactory(fin=aujourd_hui + 5 * JOUR)
    for champs, mot in (
        ({"debut": aujourd_hui - JOUR}, "passée"),
        ({"debut": aujourd_hui + 6 * JOUR, "fin": aujourd_hui + 7 * JOUR}, "sortent"),
        ({"fin": aujourd_hui + 6 * JOUR}, "sortent"),
        ({"debut": aujourd_hui + 2 * JOUR, "fin": aujourd_hui}, "précède"),
    ):
        with pytest.raises(ActionImpossible, match=mot):
            planifiee(ligne=courte, **champs)
    assert planifiee(ligne=courte).fin == courte.fin


def test_la_plateforme_et_le_mandat_sont_ceux_du_dossier(par):
    with pytest.raises(ActionImpossible, match="environnement"):
        planifiee(plateforme=PlateformeFactory(environnement=Environnement.PRODUCTION))
    with pytest.raises(ActionImpossible, match="autre dossier"):
        vie.souscrire(
            LigneAdressageFactory(), PlateformeFactory(), debut=timezone.localdate(), mandat=MandatFactory(), par=par
        )
    souscription = planifiee()
    type(souscription.dossier).objects.filter(pk=souscription.dossier_id).update(siren="356000000")
    with pytest.raises(ActionImpossible, match="autre SIREN"):
        suivi.commencer_onboarding(souscription, par=par)


def test_ce_qui_est_prevu_se_corrige_jusqu_a_la_seconde_etape(par, aujourd_hui):
    souscription = planifiee(avec_mandat=False)
    mandat = MandatFactory(dossier=souscription.dossier)
    hote = souscription.plateforme.hotes.get().hote
    faite = vie.corriger(
        souscription,
        vie.Correction(debut=aujourd_hui + JOUR, mandat=mandat, endpoint=f"https://{hote}/autre"),
        par=par,
    )
    assert (faite.debut, faite.mandat, faite.endpoint) == (aujourd_hui + JOUR, mandat, f"https://{hote}/autre")
    assert vie.corriger(faite, vie.Correction(endpoint=""), par=par).endpoint.endswith(faite.ligne.identifiant)
    with pytest.raises(ActionImpossible, match="passée"):
        vie.corriger(faite, vie.Correction(debut=aujourd_hui - JOUR), par=par)
    with pytest.raises(EtapeInterdite):
        vie.corriger(souscrite(), vie.Correction(debut=aujourd_hui + JOUR), par=par)


def test_changer_de_plateforme_ne_laisse_ni_trou_ni_double_et_s_annule(par, aujourd_hui):
    ancienne = souscrite(fin=aujourd_hui + 60 * JOUR)
    autre = PlateformeFactory()
    for le in (aujourd_hui, aujourd_hui + 61 * JOUR):
        with pytest.raises(ActionImpossible, match="jour à venir"):
            vie.changer_de_plateforme(ancienne, autre, le=le, par=par)
    with pytest.raises(ActionImpossible, match="déjà la plateforme"):
        vie.changer_de_plateforme(ancienne, ancienne.plateforme, le=aujourd_hui + JOUR, par=par)
    suite = vie.changer_de_plateforme(ancienne, autre, le=aujourd_hui + 30 * JOUR, motif="choix du client", par=par)
    ancienne = relue(ancienne)
    assert (ancienne.fin, suite.debut, suite.fin) == (
        suite.debut - JOUR,
        aujourd_hui + 30 * JOUR,
        aujourd_hui + 60 * JOUR,
    )
    assert (suite.precedente, suite.mandat, suite.etat) == (ancienne, ancienne.mandat, Etat.NON_COMMENCEE)
    with pytest.raises(ActionImpossible):
        vie.changer_de_plateforme(ancienne, PlateformeFactory(), le=aujourd_hui + 10 * JOUR, par=par)
    assert Souscription.objects.count() == 2
    with pytest.raises(DejaSouscrite):
        vie.rouvrir(ancienne, par=par)
    vie.annuler(suite, motif="il a changé d’avis", par=par)
    assert relue(ancienne).fin == aujourd_hui + 60 * JOUR
    assert vie.changer_de_plateforme(ancienne, autre, le=aujourd_hui + 30 * JOUR, par=par).etat == Etat.NON_COMMENCEE


def test_une_fin_se_planifie_et_se_retire(par, aujourd_hui):
    souscription = souscrite()
    with pytest.raises(ActionImpossible, match="pas de date de fin"):
        suivi.commencer_resiliation(souscription, par=par)
    with pytest.raises(ActionImpossible, match="passée"):
        vie.terminer(souscription, le=aujourd_hui - JOUR, par=par)
    assert vie.terminer(souscription, le=aujourd_hui, par=par).fin == aujourd_hui
    assert vie.rouvrir(souscription, par=par).fin is None


# --- a remote that has forgotten ---------------------------------------------------------------------------------


def test_une_souscription_oubliee_recommence_ses_deux_etapes(par):
    souscription = oubliee()
    assert souscription.progres(timezone.localdate()) == Progres.NON_COMMENCE
    with pytest.raises(ActionImpossible, match="en une phrase"):
        vie.reprendre(souscription, motif=" ", par=par)
    reprise = vie.reprendre(souscription, motif="Vu avec Cegid.", par=par)
    assert (reprise.etat, reprise.contrat, reprise.souscrite_le) == (Etat.NON_COMMENCEE, "", None)
    assert not DonneesConnexion.objects.vives().exists()
    suivi.commencer_onboarding(reprise, par=par)
    suivi.noter_onboarding(reprise, numero="ON-2", donnees="{}")
    assert DonneesConnexion.objects.count() == 2


def test_une_souscription_oubliee_se_clot_et_libere_la_suite(par, aujourd_hui):
    close = vie.clore(oubliee(), motif="Le client est parti.", par=par)
    assert (close.etat, close.fin) == (Etat.RESILIEE, aujourd_hui)
    planifiee(ligne=close.ligne, plateforme=close.plateforme, debut=aujourd_hui + JOUR)
    jamais = vie.clore(oubliee(debut=aujourd_hui + 9 * JOUR), motif="Jamais servie.", par=par)
    assert jamais.etat == Etat.ANNULEE
    seulement_onboardee = suivi.noter_oubli(onboardee(), message="inconnue")
    with pytest.raises(EtapeInterdite, match="jamais été demandée"):
        suivi.noter_souscription(seulement_onboardee, numero="1")
    assert vie.clore(seulement_onboardee, motif="Vu.", par=par).etat == Etat.ANNULEE


def test_une_resiliation_survit_a_un_distant_qui_ne_sait_plus(par, aujourd_hui):
    souscription = souscrite(fin=aujourd_hui + 20 * JOUR)
    suivi.commencer_resiliation(souscription, par=par)
    finie = suivi.noter_resiliation(souscription, oubliee=True)
    assert (finie.etat, finie.fin) == (Etat.RESILIEE, aujourd_hui)


def test_cegid_od_s_en_souvient_apres_tout(par):
    assert suivi.noter_souscription(oubliee(), numero="SO-1").etat == Etat.SOUSCRITE


# --- who may -----------------------------------------------------------------------------------------------------


def test_chaque_geste_redemande_le_droit_et_le_portefeuille(aujourd_hui):
    souscription = souscrite()
    etranger = CollaborateurFactory(administrateur=True, portefeuille=True)
    consultant = CollaborateurFactory(consultation=True)
    for par in (etranger, consultant):
        for geste in (
            lambda p: ligne(souscription.dossier, par=p),
            lambda p: lignes.terminer_ligne(souscription.ligne, le=aujourd_hui, par=p),
            lambda p: lignes.annuler_ligne(souscription.ligne, motif="", par=p),
            lambda p: deposer(souscription.dossier, p),
            lambda p: vie.souscrire(souscription.ligne, souscription.plateforme, debut=aujourd_hui, par=p),
            lambda p: vie.corriger(souscription, vie.Correction(), par=p),
            lambda p: vie.changer_de_plateforme(souscription, PlateformeFactory(), le=aujourd_hui + JOUR, par=p),
            lambda p: vie.terminer(souscription, le=aujourd_hui, par=p),
            lambda p: vie.rouvrir(souscription, par=p),
            lambda p: vie.annuler(souscription, par=p),
            lambda p: vie.reprendre(souscription, motif="x", par=p),
            lambda p: vie.clore(souscription, motif="x", par=p),
            lambda p: suivi.commencer_onboarding(souscription, par=p),
            lambda p: suivi.commencer_souscription(souscription, par=p),
            lambda p: suivi.commencer_resiliation(souscription, par=p),
        ):
            with pytest.raises(PermissionDenied):
                geste(par)
    sien = CollaborateurFactory(collaborateur=True, portefeuille=True)
    type(souscription.dossier).objects.filter(pk=souscription.dossier_id).update(maitre_dossier=sien.login_loop)
    assert vie.terminer(souscription, le=aujourd_hui, par=sien).fin == aujourd_hui
    with pytest.raises(PermissionDenied):
        vie.reprendre(souscription, motif="x", par=sien)
