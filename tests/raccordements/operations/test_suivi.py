"""A sent fiche is followed to Activée, by evidence; who waits too long is told, once, with the words to write."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import httpx
import pytest
import respx
import time_machine
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from config.jours import est_ouvre
from dossiers.models import Etat as EtatOperation
from dossiers.models import Operation
from dossiers.services.erreurs import ActionImpossible
from raccordements.chorus.matelas import APPLICATIONS
from raccordements.models import CompteChorus, Etat, EvenementFiche, Fiche, Structure
from raccordements.natures.suivi import Observation
from raccordements.services import suivi, veille
from raccordements.services.envoi import Canal, constater, desactiver, noter_envoi, prendre_pour_envoi, retirer
from raccordements.services.operations import demander_envoi, demander_suivi, operation_de_suivi
from raccordements.services.redaction import Saisie, modifier, supprimer
from raccordements.tasks import suivre_fiches
from tests.fabriques import CollaborateurFactory
from tests.raccordements.fabriques import (
    CompteChorusFactory,
    StructureFactory,
    approuvee,
    envoyee,
    fiche_api,
    fiche_edi,
    relue,
    superutilisateur,
)

PARIS = ZoneInfo("Europe/Paris")
BASE = pytest.mark.django_db


@pytest.fixture
def partie(structure, travailler):
    """A fiche that the worker sent to the simulator."""
    fiche = approuvee(fiche_edi(structure=structure))
    travailler(demander_envoi(fiche, par=superutilisateur()))
    return relue(fiche)


def par_le_portail(fiche):
    """Typed by a person on the portal."""
    fiche = approuvee(fiche)
    version = prendre_pour_envoi(fiche, canal=Canal.PORTAIL, par=None)
    noter_envoi(fiche, version, canal=Canal.PORTAIL, par=superutilisateur())
    return relue(fiche)


def vue_active():
    return Observation(texte="Le canal montre « Activée ».", source="essai", etat=Etat.ACTIVEE, code_appli="XYZ001")


def suivi_de(fiche):
    return Operation.objects.filter(parametres__fiche=fiche.pk, nature__in=("suivre_fiche", "observer_fiche")).get()


def allumer(sim, structure):
    """The simulator now shows connexionEDI."""
    sim.charger(
        structures=[
            {
                "environnement": "qualification",
                "idStructureCPP": 26300002,
                "identifiant": structure.siret,
                "designation": "BATIMENT FICTIF SAS",
                "connexionEDI": True,
            }
        ]
    )


def eteinte(structure, *, il_y_a=timedelta()):
    """connexionEDI was read off."""
    Structure.objects.filter(pk=structure.pk).update(connexion_edi=False, verifiee_le=timezone.now() - il_y_a)
    return Structure.objects.get(pk=structure.pk)


def api_fermees(compte, *, il_y_a=timedelta()):
    """The last test of the account found the APIs closed."""
    CompteChorus.objects.filter(pk=compte.pk).update(
        test_diagnostic=[{"code": "api_non_abonnee"}], teste_le=timezone.now() - il_y_a
    )


# --- by the channel ----------------------------------------------------------------------------------------------


@BASE
def test_de_brouillon_a_activee_sans_une_main(sim, partie, travailler):
    operation = operation_de_suivi(partie)
    attente = travailler(operation)
    assert (attente.etat, relue(partie).etat) == (EtatOperation.EN_ATTENTE, Etat.ENVOYEE)
    assert attente.message == "Le canal montre « Envoyée »."
    sim.avancer(5 * 86400)
    assert travailler(operation).etat == EtatOperation.REUSSIE
    fiche = relue(partie)
    assert (fiche.etat, fiche.version_active_id) == (Etat.ACTIVEE, fiche.version_envoyee_id)
    activation = EvenementFiche.objects.get(fiche=fiche, type="activation")
    assert activation.details["preuve"]["empreinte"] == fiche.version_envoyee.empreinte
    assert operation_de_suivi(fiche) is None


@BASE
def test_le_delai_croit_avec_le_temps_deja_attendu(partie, travailler, settings):
    operation = operation_de_suivi(partie)
    settings.CHORUS_SUIVI = {"premier": 10, "max": 600, "jours": 30}
    for age, attendu in ((timedelta(), 10), (timedelta(minutes=20), 300), (timedelta(days=2), 600)):
        Fiche.objects.filter(pk=partie.pk).update(envoyee_le=timezone.now() - age)
        delai = travailler(operation).pas_avant - timezone.now()
        assert abs(delai.total_seconds() - attendu) < 5


@BASE
def test_une_activation_d_une_autre_empreinte_ne_prouve_rien(sim, partie, travailler):
    sim.avancer(5 * 86400)
    reponse = {
        "reference": str(partie.reference),
        "empreinte": "f" * 64,
        "etat": "Activée",
        "codeAppliPartenaire": partie.code_appli,
    }
    with respx.mock:
        respx.get(url__regex=".*fiches/.*").mock(return_value=httpx.Response(200, json=reponse))
        attente = travailler(operation_de_suivi(partie))
    assert (attente.etat, relue(partie).etat) == (EtatOperation.EN_ATTENTE, Etat.ENVOYEE)
    assert "autre version" in attente.message


@BASE
@pytest.mark.parametrize("reponse", [httpx.Response(404, json={"code": "fiche_inconnue", "message": "?"}), None])
def test_une_fiche_inconnue_ou_un_mot_inconnu_reste_suivie(partie, travailler, reponse):
    corps = {"reference": str(partie.reference), "empreinte": partie.version.empreinte, "etat": "En recette"}
    with respx.mock:
        respx.get(url__regex=".*fiches/.*").mock(return_value=reponse or httpx.Response(200, json=corps))
        assert travailler(operation_de_suivi(partie)).etat == EtatOperation.EN_ATTENTE
    assert relue(partie).etat == Etat.ENVOYEE


@BASE
@pytest.mark.parametrize(
    ("reponse", "etat"),
    [
        (httpx.Response(503), "en_attente"),
        (httpx.Response(401), "echouee"),
        (httpx.Response(418, json={"code": "x", "message": "Non."}), "echouee"),
    ],
)
def test_un_suivi_qui_echoue_ne_change_pas_la_fiche(partie, travailler, reponse, etat):
    with respx.mock:
        respx.get(url__regex=".*fiches/.*").mock(return_value=reponse)
        assert travailler(operation_de_suivi(partie)).etat == etat
    assert relue(partie).etat == Etat.ENVOYEE


@BASE
def test_un_suivi_finit_au_bout_de_ses_jours(partie, travailler):
    Fiche.objects.filter(pk=partie.pk).update(envoyee_le=timezone.now() - timedelta(days=31))
    fini = travailler(operation_de_suivi(partie))
    assert fini.etat == EtatOperation.ECHOUEE
    assert "support" in fini.message


@BASE
def test_ce_qu_une_personne_a_regle_n_est_plus_suivi(partie, travailler):
    operation = operation_de_suivi(partie)
    retirer(partie, motif="Demande retirée avec le support.", par=superutilisateur())
    fini = travailler(operation)
    assert fini.etat == EtatOperation.REUSSIE
    assert relue(partie).etat == Etat.BROUILLON


@BASE
def test_une_desactivation_lue_pendant_l_attente_se_voit(sim, partie, travailler):
    sim.avancer(5 * 86400)
    with respx.mock:
        corps = {
            "reference": str(partie.reference),
            "empreinte": partie.version.empreinte,
            "etat": "DESACTIVEE",
        }
        respx.get(url__regex=".*fiches/.*").mock(return_value=httpx.Response(200, json=corps))
        assert travailler(operation_de_suivi(partie)).etat == EtatOperation.REUSSIE
    assert relue(partie).etat == Etat.ENVOYEE
    assert "Désactivée" in EvenementFiche.objects.get(fiche=partie, type="constat").texte


# --- by the API of Chorus Pro ------------------------------------------------------------------------------------


@BASE
def test_connexion_edi_qui_s_allume_prouve_une_premiere_activation(sim, compte, structure, travailler):
    fiche = par_le_portail(fiche_edi(structure=eteinte(structure)))
    operation = demander_suivi(fiche, par=superutilisateur())
    assert operation.guichet == compte.guichet
    assert travailler(operation).etat == EtatOperation.EN_ATTENTE
    allumer(sim, structure)
    assert travailler(operation).etat == EtatOperation.REUSSIE
    assert relue(fiche).etat == Etat.ACTIVEE


@BASE
@pytest.mark.parametrize("cas", ["deja_allumee", "jamais_lue", "une_autre_attend"])
def test_rien_n_est_conclu_de_ce_qui_ne_prouve_rien(sim, structure, travailler, cas):
    Structure.objects.filter(pk=structure.pk).update(
        connexion_edi={"deja_allumee": True, "jamais_lue": None}.get(cas, False), verifiee_le=timezone.now()
    )
    structure = Structure.objects.get(pk=structure.pk)
    fiche = par_le_portail(fiche_edi(structure=structure))
    if cas == "une_autre_attend":
        par_le_portail(fiche_edi(structure=structure, protocole="sftp"))
    operation = demander_suivi(fiche, par=superutilisateur())
    allumer(sim, structure)
    attente = travailler(operation)
    assert (attente.etat, relue(fiche).etat) == (EtatOperation.EN_ATTENTE, Etat.ENVOYEE)
    assert "portail" in attente.message


@BASE
def test_des_api_fermees_puis_ouvertes_prouvent_une_fiche_api(sim, compte, structure, travailler):
    sim.charger(applications=[APPLICATIONS["qualification"] | {"raccordee": False}])
    api_fermees(compte)
    fiche = par_le_portail(fiche_api(structure=structure))
    operation = demander_suivi(fiche, par=superutilisateur())
    assert travailler(operation).etat == EtatOperation.EN_ATTENTE
    sim.charger(applications=[APPLICATIONS["qualification"]])
    assert travailler(operation).etat == EtatOperation.REUSSIE
    assert relue(fiche).etat == Etat.ACTIVEE


@BASE
@pytest.mark.parametrize("suite", ["activee", "desactivee"])
def test_ce_qu_une_fiche_reglee_a_pu_allumer_ne_prouve_rien_pour_la_suivante(sim, structure, travailler, suite):
    structure = eteinte(structure)
    par = superutilisateur()
    premiere = par_le_portail(fiche_edi(structure=structure))
    constater(premiere, Etat.ACTIVEE, source="vue sur le portail", preuve={"note": "vue"}, par=par)
    if suite == "desactivee":
        desactiver(premiere, motif="Vue désactivée.", par=par)
    fiche = par_le_portail(fiche_edi(structure=structure, protocole="sftp"))
    allumer(sim, structure)
    operation = demander_suivi(fiche, par=par)
    assert travailler(operation).etat == EtatOperation.EN_ATTENTE
    assert relue(fiche).etat == Etat.ENVOYEE


@BASE
@pytest.mark.parametrize("avec_compte", [True, False])
def test_les_api_qu_une_autre_structure_a_pu_ouvrir_ne_prouvent_rien(compte, structure, travailler, avec_compte):
    """The simulator has them open: another fiche of the account, or of the only one in service, may have done it."""
    api_fermees(compte)
    voisine = StructureFactory(qualification=True, compte=compte if avec_compte else None)
    premiere = par_le_portail(fiche_api(structure=voisine))
    constater(premiere, Etat.ACTIVEE, source="vue sur le portail", preuve={"note": "vue"}, par=superutilisateur())
    fiche = par_le_portail(fiche_api(structure=structure))
    operation = demander_suivi(fiche, par=superutilisateur())
    assert travailler(operation).etat == EtatOperation.EN_ATTENTE
    assert relue(fiche).etat == Etat.ENVOYEE


@BASE
def test_la_fiche_d_une_autre_application_n_empeche_pas_de_conclure(compte, structure, travailler):
    api_fermees(compte)
    autre = StructureFactory(qualification=True, compte=CompteChorusFactory())
    par_le_portail(fiche_api(structure=autre))
    fiche = par_le_portail(fiche_api(structure=structure))
    assert travailler(demander_suivi(fiche, par=superutilisateur())).etat == EtatOperation.REUSSIE
    assert relue(fiche).etat == Etat.ACTIVEE


@BASE
@pytest.mark.parametrize("lue", ["trop_tot", "sans_date"])
@pytest.mark.parametrize("genre", ["edi", "api"])
def test_une_premiere_lecture_ancienne_ou_sans_date_ne_prouve_rien(sim, compte, structure, travailler, genre, lue):
    eteinte(structure, il_y_a=timedelta(days=8))
    api_fermees(compte, il_y_a=timedelta(days=8))
    if lue == "sans_date":
        Structure.objects.update(verifiee_le=None)
        CompteChorus.objects.update(teste_le=None)
    structure = Structure.objects.get(pk=structure.pk)
    fiche = par_le_portail((fiche_edi if genre == "edi" else fiche_api)(structure=structure))
    allumer(sim, structure)
    assert travailler(demander_suivi(fiche, par=superutilisateur())).etat == EtatOperation.EN_ATTENTE
    assert relue(fiche).etat == Etat.ENVOYEE


# --- the fiche changed while it was looked at --------------------------------------------------------------------


@BASE
@pytest.mark.parametrize("geste", ["reussir", "patienter"])
def test_ce_qui_fut_lu_d_une_version_ne_vaut_pas_pour_celle_qui_est_partie_depuis(partie, geste):
    par, operation = superutilisateur(), operation_de_suivi(partie)
    retirer(partie, motif="Demande retirée avec le support.", par=par)
    fiche = relue(partie)
    modifier(fiche, Saisie(champs={"commentaires": "autre chose"}), edition=fiche.edition, par=par)
    fiche = approuvee(fiche, par=par)
    noter_envoi(fiche, prendre_pour_envoi(fiche, canal=Canal.API, par=None), canal=Canal.API, par=None)
    getattr(operation.definition, geste)(operation, vue_active())
    fiche = relue(partie)
    assert (fiche.etat, fiche.version_active_id) == (Etat.ENVOYEE, None)
    assert fiche.code_appli == partie.code_appli


@BASE
@pytest.mark.parametrize("geste", ["reussir", "patienter"])
def test_un_brouillon_supprime_pendant_la_lecture_n_arrete_pas_le_reglement(partie, geste):
    operation = operation_de_suivi(partie)
    retirer(partie, motif="Demande retirée avec le support.", par=superutilisateur())
    supprimer(relue(partie), par=superutilisateur())
    getattr(operation.definition, geste)(operation, vue_active())
    assert not EvenementFiche.objects.filter(fiche=partie, type__in=("activation", "constat")).exists()


# --- asking ------------------------------------------------------------------------------------------------------


@BASE
def test_demander_le_suivi_avance_celui_qui_attend(partie, travailler):
    operation = operation_de_suivi(partie)
    Operation.objects.filter(pk=operation.pk).update(pas_avant=timezone.now() + timedelta(hours=1))
    assert demander_suivi(partie, par=superutilisateur()) == operation
    assert Operation.objects.get(pk=operation.pk).pas_avant <= timezone.now()


@BASE
def test_les_droits_et_l_etat_du_suivi(partie, structure, settings):
    with pytest.raises(PermissionDenied):
        demander_suivi(partie, par=CollaborateurFactory(consultation=True))
    with pytest.raises(PermissionDenied):
        demander_suivi(partie, par=CollaborateurFactory(collaborateur=True, portefeuille=True))
    with pytest.raises(ActionImpossible):
        demander_suivi(fiche_edi(structure=structure), par=superutilisateur())
    settings.CHORUS_CANAL = "portail"
    with pytest.raises(ActionImpossible, match="portail"):
        demander_suivi(partie, par=superutilisateur())


@BASE
def test_sans_compte_le_suivi_d_une_saisie_se_refuse(structure):
    fiche = par_le_portail(fiche_edi(structure=structure))
    Structure.objects.update(compte=None)
    CompteChorus.objects.update(archive_le=timezone.now())
    with pytest.raises(ActionImpossible, match="Aucun compte"):
        demander_suivi(fiche, par=superutilisateur())


# --- without anybody ---------------------------------------------------------------------------------------------


@BASE
def test_la_veille_reprend_ce_que_personne_ne_suit_une_seule_fois(sim, structure):
    fiches = [envoyee(fiche_edi(structure=structure, protocole=p)) for p in ("as2", "sftp")]
    assert veille.reprendre_les_suivis() == 2
    assert veille.reprendre_les_suivis() == 0
    assert Operation.objects.filter(nature="suivre_fiche").count() == 2
    assert suivi_de(fiches[0]).demandee_par is None
    Fiche.objects.update(suivie_le=timezone.now() - timedelta(days=2))
    assert veille.reprendre_les_suivis() == 2
    assert Operation.objects.filter(nature="suivre_fiche").count() == 2, "un suivi qui dure n’est pas doublé"
    Operation.objects.update(etat=EtatOperation.ANNULEE, terminee_le=timezone.now())
    Fiche.objects.update(suivie_le=timezone.now() - timedelta(days=2))
    assert veille.reprendre_les_suivis() == 2
    assert Operation.objects.filter(nature="suivre_fiche").count() == 4


@BASE
def test_la_veille_laisse_ce_qui_est_trop_vieux_ou_actif_et_s_arrete_a_sa_limite(sim, structure):
    vieille = envoyee(fiche_edi(structure=structure))
    Fiche.objects.filter(pk=vieille.pk).update(envoyee_le=timezone.now() - timedelta(days=31))
    active = envoyee(fiche_edi(structure=structure, protocole="sftp"))
    constater(active, Etat.ACTIVEE, source="essai", preuve={}, par=None)
    assert veille.reprendre_les_suivis() == 0
    for protocole in ("sftp", "pesit"):
        envoyee(fiche_edi(structure=structure, protocole=protocole))
    assert veille.reprendre_les_suivis(limite=1) == 1
    assert veille.reprendre_les_suivis(limite=1) == 1
    assert Operation.objects.filter(nature="suivre_fiche").count() == 2


@BASE
def test_la_veille_ne_fait_pas_plus_de_requetes_pour_plus_de_fiches(sim, structure):
    envoyee(fiche_edi(structure=structure))
    veille.reprendre_les_suivis()
    comptes = []
    for combien in (1, 4):
        Fiche.objects.update(suivie_le=timezone.now())
        for _ in range(combien):
            envoyee(fiche_edi(structure=structure))
        with CaptureQueriesContext(
            connection,
        ) as requetes:
            assert veille.reprendre_les_suivis() == combien
        comptes.append(len(requetes))
    assert comptes[0] == comptes[1]


@BASE
def test_une_alerte_par_envoi_et_une_seule(partie, travailler):
    Fiche.objects.filter(pk=partie.pk).update(envoyee_le=timezone.now() - timedelta(days=6))
    tardive = relue(partie)
    assert suivi.en_retard(tardive)
    assert suivi.derniere_alerte(tardive) is None
    suivre_fiches()
    suivre_fiches()
    assert suivi.alerter([tardive, tardive]) == 2
    travailler(operation_de_suivi(tardive))
    alerte = EvenementFiche.objects.get(fiche=partie, type="alerte")
    assert suivi.derniere_alerte(tardive) == alerte
    assert alerte.version_id == tardive.version_envoyee_id


@BASE
def test_le_suivi_alerte_lui_aussi(partie, travailler):
    Fiche.objects.filter(pk=partie.pk).update(envoyee_le=timezone.now() - timedelta(days=6))
    travailler(operation_de_suivi(partie))
    assert suivi.derniere_alerte(relue(partie))


@BASE
def test_une_fiche_a_l_heure_ou_active_n_alerte_pas(partie):
    assert not suivi.en_retard(partie)
    assert suivi.alerter_les_retards() == 0
    Fiche.objects.filter(pk=partie.pk).update(envoyee_le=timezone.now() - timedelta(days=6))
    constater(partie, Etat.ACTIVEE, source="essai", preuve={}, par=None)
    assert suivi.alerter_les_retards() == 0
    assert not suivi.en_retard(relue(partie))


# --- the calendar ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("envoi", "fin"),
    [
        ("2026-11-18 09:00", "2026-11-20 00:00"),  # Wednesday -> end of Thursday
        ("2026-11-20 18:00", "2026-11-24 00:00"),  # Friday -> end of Monday
        ("2026-11-21 10:00", "2026-11-24 00:00"),  # Saturday
        ("2026-11-10 23:30", "2026-11-13 00:00"),  # the eve of 11 November
        ("2027-03-27 12:00", "2027-03-31 00:00"),  # Easter week-end, and the change of hour
    ],
)
def test_la_fin_du_jour_ouvre_suivant(envoi, fin):
    moment = datetime.fromisoformat(envoi).replace(tzinfo=PARIS)
    assert suivi.echeance_activation(moment) == datetime.fromisoformat(fin).replace(tzinfo=PARIS)
    assert suivi.echeance_activation(moment.astimezone(UTC)) == suivi.echeance_activation(moment)


@given(
    jour=st.dates(date(2024, 1, 1), date(2030, 12, 31)),
    secondes=st.integers(0, 86_399),
    attente=st.integers(0, 10 * 86_400),
)
def test_la_borne_d_un_tour_est_exactement_celle_de_chaque_fiche(jour, secondes, attente):
    """The set-based bound and the rule of one fiche agree, whatever the moments."""
    envoyee_le = datetime.combine(jour, datetime.min.time(), PARIS) + timedelta(seconds=secondes)
    maintenant = envoyee_le.astimezone(UTC) + timedelta(seconds=attente)
    fiche = Fiche(genre="edi", etat=Etat.ENVOYEE, envoyee_le=envoyee_le)
    assert (envoyee_le < suivi.envoyees_avant(maintenant)) == suivi.en_retard(fiche, maintenant)
    fin = suivi.echeance_activation(envoyee_le).astimezone(PARIS)
    assert est_ouvre((fin - timedelta(seconds=1)).date())


# --- the words ---------------------------------------------------------------------------------------------------


@BASE
def test_le_texte_du_support_dit_tout_et_rien_de_secret(partie):
    with time_machine.travel("2026-11-24T10:00:00+01:00", tick=False):
        texte = suivi.texte_support(partie)
    assert partie.code_appli in texte.objet
    for mot in (partie.structure.siret, "AS2", "Qualification", "Camille Inventée", "Envoyée", partie.code_appli):
        assert mot in texte.corps
    assert "portail" in texte.destinataire
    compte = CompteChorus.objects.get()
    for secret in (compte.client_secret, compte.mot_de_passe, compte.login, compte.client_id):
        assert secret not in f"{texte.objet}{texte.corps}"
    assert suivi.texte_support(fiche_api(structure=partie.structure)).corps.startswith("Bonjour")
