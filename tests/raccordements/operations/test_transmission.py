"""A fiche leaves by the channel `api`: once, with the approved hash, and every end of its operation frees it."""

import httpx
import pytest
import respx
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dossiers.models import Collaborateur, Operation
from dossiers.models import Etat as EtatOperation
from dossiers.operations import balayage, execution
from dossiers.operations.reglement import terminer
from dossiers.operations.reservation import reserver
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import Decision, annuler, trancher
from raccordements.admin.section_envoi import contexte
from raccordements.models import Approbation, CodeInterface, Etat, EvenementFiche, Fiche
from raccordements.natures.transmission import prendre
from raccordements.services.envoi import Canal, abandonner_envoi, prendre_pour_envoi
from raccordements.services.erreurs import ActionInterdite, EmpreinteDifferente
from raccordements.services.operations import abandonner_transmission, demander_envoi, operation_d_envoi
from raccordements.services.redaction import Saisie, modifier
from tests.fabriques import CollaborateurFactory
from tests.raccordements.fabriques import activee, approuvee, fiche_api, fiche_edi, relue, superutilisateur

pytestmark = pytest.mark.django_db
CHEMIN = "/qualification/portail/fiches"
ABANDON = "Abandonner l’envoi…"


@pytest.fixture
def prete(structure):
    """An approved EDI fiche of the simulator's structure."""
    return approuvee(fiche_edi(structure=structure))


@pytest.fixture
def demandee(prete):
    return demander_envoi(prete, par=superutilisateur())


def pannes(sim, *types, **options):
    sim.poser_pannes([{"type": nom, "chemin": CHEMIN, **options} for nom in types])


def suivis(fiche):
    return Operation.objects.filter(nature="suivre_fiche", parametres__fiche=fiche.pk)


def bloquer():
    """The portal asks for one more code: every approved fiche now lacks an answer."""
    code = CodeInterface.objects.get(code="FSO1100A")
    code.code, code.pk = "FSO1999A", None if code._meta.pk.name != "code" else "FSO1999A"
    code._state.adding = True
    code.save()


def libre(fiche):
    """No fiche stays « en cours d’envoi » once its operation is settled."""
    fiche = relue(fiche)
    assert not fiche.en_envoi
    return fiche


# --- the main path -----------------------------------------------------------------------------------------------


def test_la_fiche_part_telle_qu_approuvee_et_son_code_est_note(sim, prete, demandee, travailler):
    fini = travailler(demandee)
    assert (fini.etat, fini.famille) == (EtatOperation.REUSSIE, "")
    fiche = libre(prete)
    assert (fiche.etat, fiche.version_envoyee_id) == (Etat.ENVOYEE, prete.version_id)
    recue = sim.fiche(str(fiche.reference))
    assert recue["empreinte"] == prete.version.empreinte
    assert fiche.code_appli == recue["code_appli"]
    assert fiche.code_appli
    corps = recue["corps"]
    assert corps["caracteristiquesReseau"]["Identifiant du partenaire"] == "PARTENAIRE1"
    assert {c["mode"] for c in corps["codesInterfaces"]} == {"Pas de raccordement", "Complète"}
    envoi = EvenementFiche.objects.get(fiche=fiche, type="envoi")
    assert envoi.details["canal"] == "api"
    assert envoi.details["operation"] == demandee.pk
    assert suivis(fiche).get().demandee_par == demandee.demandee_par


def test_une_fiche_api_part(sim, structure, travailler):
    fiche = approuvee(fiche_api(structure=structure))
    assert travailler(demander_envoi(fiche, par=superutilisateur())).etat == EtatOperation.REUSSIE
    assert sim.fiche(str(fiche.reference))["corps"]["applicationPiste"] == "Application inventée"


def test_une_periode_commencee_depuis_longtemps_part(structure, travailler):
    """The database sorts the keys of the frozen content: the two ends of the period are read by name."""
    fiche = approuvee(fiche_edi(structure=structure, periode_du=timezone.localdate() - timezone.timedelta(days=30)))
    assert travailler(demander_envoi(fiche, par=superutilisateur())).etat == EtatOperation.REUSSIE


def test_une_mise_a_jour_part_avec_son_code(sim, prete, demandee, travailler):
    travailler(demandee)
    sim.avancer(5 * 86400)
    travailler(suivis(prete).get())
    fiche = relue(prete)
    assert fiche.etat == Etat.ACTIVEE
    par = superutilisateur()
    modifier(fiche, Saisie(champs={"commentaires": "autre chose"}), edition=fiche.edition, par=par)
    mise_a_jour = demander_envoi(approuvee(fiche, par=par), par=par)
    assert travailler(mise_a_jour).etat == EtatOperation.REUSSIE
    assert libre(fiche).etat == Etat.ENVOYEE_MAJ
    assert sim.fiche(str(fiche.reference))["corps"]["codeAppliPartenaire"] == fiche.code_appli


def test_la_page_de_l_operation_s_ouvre_sans_page_du_canal(client, demandee, travailler):
    travailler(demandee)
    client.force_login(superutilisateur())
    page = client.get(f"/admin/dossiers/operation/{demandee.pk}/change/", follow=True)
    assert page.status_code == 200
    assert "Canal «\u00a0api\u00a0»" in page.content.decode()


def test_aucun_secret_dans_les_appels(demandee, travailler, settings):
    travailler(demandee)
    appel = demandee.appels.get()
    assert settings.CHORUS_CANAL_JETON not in f"{appel.entetes_requete}{appel.corps_requete}{appel.adresse}"


# --- nothing leaves with another hash ----------------------------------------------------------------------------


def test_une_fiche_modifiee_apres_la_demande_ne_part_pas(sim, prete, demandee, travailler):
    par = superutilisateur()
    modifier(prete, Saisie(champs={"commentaires": "changé"}), edition=relue(prete).edition, par=par)
    fini = travailler(demandee)
    assert (fini.etat, fini.famille) == (EtatOperation.ECHOUEE, Operation.Famille.DEFINITIVE)
    assert "a changé depuis la demande" in fini.message
    assert not sim.fiches()
    assert libre(prete).etat == Etat.BROUILLON


def test_une_autre_version_approuvee_depuis_ne_part_pas_sous_l_ancienne_demande(sim, prete, demandee, travailler):
    par = superutilisateur()
    modifier(prete, Saisie(champs={"commentaires": "changé"}), edition=relue(prete).edition, par=par)
    approuvee(prete, par=par)
    assert travailler(demandee).etat == EtatOperation.ECHOUEE
    assert not sim.fiches()
    assert libre(prete).approbation == Approbation.APPROUVEE


def test_une_fiche_ecrite_sans_les_services_perd_son_approbation(sim, prete, demandee, travailler):
    Fiche.objects.filter(pk=prete.pk).update(commentaires="écrit en cachette")
    fini = travailler(demandee)
    assert "ne dit plus ce qui a été approuvé" in fini.message
    assert not sim.fiches()
    assert libre(prete).approbation == Approbation.A_SOUMETTRE


def test_une_prise_deja_faite_est_prouvee_de_nouveau(sim, prete, demandee, travailler):
    pannes(sim, "429")
    travailler(demandee)
    assert relue(prete).en_envoi
    Fiche.objects.filter(pk=prete.pk).update(commentaires="écrit en cachette")
    assert travailler(demandee).etat == EtatOperation.ECHOUEE
    assert not sim.fiches()
    libre(prete)


def test_un_risque_bloquant_apparu_retient_la_fiche(sim, prete, demandee, travailler):
    bloquer()
    fini = travailler(demandee)
    assert fini.etat == EtatOperation.ECHOUEE
    assert fini.message.startswith("La fiche n’est pas partie.")
    assert not sim.fiches()
    assert libre(prete).approbation == Approbation.APPROUVEE


def test_la_prise_d_une_personne_n_est_ni_employee_ni_rendue(sim, prete, demandee, travailler):
    prendre_pour_envoi(prete, canal=Canal.PORTAIL, par=superutilisateur())
    assert travailler(demandee).etat == EtatOperation.ECHOUEE
    assert not sim.fiches()
    assert relue(prete).en_envoi


def test_un_bail_perdu_ne_prend_rien(prete, demandee):
    tenue = reserver(demandee.guichet)
    Operation.objects.filter(pk=demandee.pk).update(jeton="00000000-0000-4000-8000-000000000000")
    with pytest.raises(Exception, match="sans réponse"):
        prendre(tenue)
    assert not relue(prete).en_envoi


# --- failures, each family ---------------------------------------------------------------------------------------


def test_ce_qui_n_est_pas_parti_reste_pris_et_repart(sim, prete, demandee, travailler):
    pannes(sim, "429", retry_after=1)
    attente = travailler(demandee)
    assert attente.etat == EtatOperation.EN_ATTENTE
    assert relue(prete).en_envoi
    assert travailler(demandee).etat == EtatOperation.REUSSIE
    assert libre(prete).etat == Etat.ENVOYEE
    assert EvenementFiche.objects.filter(fiche=prete, type="prise").count() == 1


def test_des_essais_epuises_rendent_la_fiche(settings, prete, demandee, travailler):
    settings.OPERATIONS = settings.OPERATIONS | {"tentatives": 1}
    with respx.mock:
        respx.post(url__regex=".*fiches").mock(side_effect=httpx.ConnectError("non"))
        assert travailler(demandee).etat == EtatOperation.ECHOUEE
    fiche = libre(prete)
    assert (fiche.etat, fiche.approbation) == (Etat.BROUILLON, Approbation.APPROUVEE)


@pytest.mark.parametrize(
    ("reponse", "famille"),
    [
        (httpx.Response(400, json={"code": "partenaire", "message": "Le partenaire n’existe pas."}), "definitive"),
        (httpx.Response(409, json={"code": "en_traitement", "message": "La fiche est en traitement."}), "definitive"),
        (httpx.Response(401, json={"code": "jeton", "message": "Le jeton est refusé."}), "reglage"),
        (httpx.Response(403, json={"code": "droit", "message": "Accès fermé."}), "definitive"),
    ],
)
def test_un_refus_rend_la_fiche_et_se_lit_dans_son_histoire(prete, demandee, travailler, reponse, famille):
    with respx.mock:
        respx.post(url__regex=".*fiches").mock(return_value=reponse)
        fini = travailler(demandee)
    assert (fini.etat, fini.famille) == (EtatOperation.ECHOUEE, famille)
    fiche = libre(prete)
    assert (fiche.etat, fiche.approbation) == (Etat.BROUILLON, Approbation.APPROUVEE)
    abandon = EvenementFiche.objects.get(fiche=fiche, type="abandon")
    assert fini.message in abandon.texte


def test_un_canal_deregle_entre_temps_rend_la_fiche(settings, prete, demandee, travailler):
    settings.CHORUS_CANAL = "portail"
    fini = travailler(demandee)
    assert (fini.etat, fini.famille) == (EtatOperation.ECHOUEE, Operation.Famille.REGLAGE)
    libre(prete)


# --- uncertain, read back ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("panne", ["coupure_apres", "500_apres", "json_tronque"])
def test_une_reponse_perdue_est_relue_et_la_fiche_n_est_pas_renvoyee(sim, prete, demandee, travailler, relire, panne):
    pannes(sim, panne)
    assert travailler(demandee).etat == EtatOperation.INCERTAINE
    assert relue(prete).en_envoi
    fini = relire(demandee)
    assert fini.etat == EtatOperation.REUSSIE
    assert libre(prete).etat == Etat.ENVOYEE
    assert sim.compte()["appels"][f"POST {CHEMIN}"] == 1
    assert relue(prete).code_appli


@pytest.mark.parametrize("panne", ["coupure_avant", "500_avant", "html_200"])
def test_une_fiche_que_le_canal_n_a_pas_repart_une_fois_relue(sim, prete, demandee, travailler, relire, panne):
    pannes(sim, panne)
    assert travailler(demandee).etat == EtatOperation.INCERTAINE
    assert relire(demandee).etat in {EtatOperation.EN_ATTENTE, EtatOperation.REUSSIE}
    assert travailler(demandee).etat == EtatOperation.REUSSIE
    assert sum(sim.compte()["appliques"][f"POST {CHEMIN}"].values()) == 1
    libre(prete)


def test_un_processus_tue_apres_sa_prise_ne_perd_pas_la_fiche(prete, demandee, relire, travailler):
    prendre(reserver(demandee.guichet))
    Operation.objects.filter(pk=demandee.pk).update(bail_jusqu_au=timezone.now() - timezone.timedelta(seconds=1))
    balayage.expirer_les_baux()
    assert relue(prete).en_envoi
    relire(demandee)
    assert travailler(demandee).etat == EtatOperation.REUSSIE
    assert libre(prete).etat == Etat.ENVOYEE


def test_un_processus_tue_apres_l_envoi_ne_renvoie_pas(sim, prete, demandee, relire):
    operation = reserver(demandee.guichet)
    with execution.Clients(demandee.guichet) as clients:
        operation.definition.appeler(clients.pour(operation), operation)
    Operation.objects.filter(pk=demandee.pk).update(bail_jusqu_au=timezone.now() - timezone.timedelta(seconds=1))
    balayage.expirer_les_baux()
    assert relire(demandee).etat == EtatOperation.REUSSIE
    assert sim.compte()["appels"][f"POST {CHEMIN}"] == 1
    assert libre(prete).etat == Etat.ENVOYEE


def test_une_ancienne_version_chez_le_canal_n_est_pas_la_notre(sim, prete, demandee, travailler):
    travailler(demandee)
    sim.avancer(5 * 86400)
    travailler(suivis(prete).get())
    fiche, par = relue(prete), superutilisateur()
    modifier(fiche, Saisie(champs={"commentaires": "autre chose"}), edition=fiche.edition, par=par)
    suite = demander_envoi(approuvee(fiche, par=par), par=par)
    operation = Operation.objects.get(pk=suite.pk)
    with execution.Clients(suite.guichet) as clients:
        constat, _ = operation.definition.relire(clients.pour(operation), operation)
    assert constat.value == "absente"


# --- decided by a person -----------------------------------------------------------------------------------------


@pytest.fixture
def a_verifier(sim, prete, demandee, travailler, relire):
    pannes(sim, "coupure_avant")
    travailler(demandee)
    with respx.mock:
        respx.get(url__regex=".*fiches/.*").mock(return_value=httpx.Response(418, json={"code": "x", "message": "?"}))
        fini = relire(demandee)
    assert fini.etat == EtatOperation.A_VERIFIER
    assert relue(prete).en_envoi
    return fini


def test_declaree_presente_la_fiche_est_envoyee_et_suivie(prete, a_verifier):
    trancher(a_verifier, Decision.APPLIQUEE, par=superutilisateur(), motif="Vue chez le destinataire.")
    assert libre(prete).etat == Etat.ENVOYEE
    assert suivis(prete).count() == 1


def test_declaree_absente_et_abandonnee_la_fiche_est_rendue(prete, a_verifier):
    trancher(a_verifier, Decision.ABANDONNER, par=superutilisateur(), motif="Pas chez le destinataire.")
    assert libre(prete).etat == Etat.BROUILLON


def test_renvoi_autorise(prete, a_verifier, travailler):
    trancher(a_verifier, Decision.RENVOYER, par=superutilisateur(), motif="Pas chez le destinataire.")
    assert travailler(a_verifier).etat == EtatOperation.REUSSIE
    assert libre(prete).etat == Etat.ENVOYEE


def test_annulee_pendant_son_attente_la_fiche_est_rendue(sim, prete, demandee, travailler):
    # `demandee` is the copy read before the claim: cancelling reads the row again.
    pannes(sim, "429")
    travailler(demandee)
    assert relue(prete).en_envoi
    assert annuler([demandee], par=superutilisateur()) == 1
    assert libre(prete).etat == Etat.BROUILLON


def test_abandonner_annule_ce_qui_attend_et_refuse_ce_qui_est_en_vol(sim, prete, demandee, travailler):
    pannes(sim, "coupure_avant")
    travailler(demandee)
    with pytest.raises(ActionImpossible, match="peut-être déjà partie"):
        abandonner_transmission(prete, motif="erreur", par=superutilisateur())
    Operation.objects.filter(pk=demandee.pk).update(
        etat=EtatOperation.EN_ATTENTE, quarantaine_jusqu_au=None, jeton=None, bail_jusqu_au=None
    )
    abandonner_transmission(prete, motif="erreur", par=superutilisateur())
    assert operation_d_envoi(prete) is None
    libre(prete)


@pytest.mark.parametrize("prise", [False, True])
def test_le_motif_de_qui_abandonne_se_lit_dans_l_histoire(sim, prete, demandee, travailler, prise):
    if prise:
        pannes(sim, "429")
        travailler(demandee)
    par = superutilisateur()
    abandonner_transmission(prete, motif="mauvais port", par=par)
    derniere = EvenementFiche.objects.filter(fiche=prete, type="abandon").first()
    assert (derniere.texte, derniere.acteur) == ("Envoi abandonné\u00a0: mauvais port", par)
    libre(prete)


def test_l_abandon_de_ce_qui_attend_ne_se_propose_qu_a_qui_peut_l_annuler(rf, prete):
    """The claim itself, without an operation, is given back with the right to send alone."""

    def liens(personne):
        requete = rf.get("/")
        requete.user = Collaborateur.objects.get(pk=personne.pk)
        return {lien.libelle for lien in contexte(relue(prete), requete)["liens"]}

    seul = CollaborateurFactory()
    seul.user_permissions.add(Permission.objects.get(codename="envoyer_fiche"))
    plein = CollaborateurFactory(collaborateur=True)
    operation = demander_envoi(prete, par=seul)
    assert ABANDON not in liens(seul)
    assert ABANDON in liens(plein)
    annuler([operation], par=plein)
    assert ABANDON not in liens(plein)
    prendre_pour_envoi(prete, canal=Canal.API, par=None)
    assert ABANDON in liens(seul)


def test_abandonner_rend_une_prise_que_plus_rien_ne_tient(prete):
    prendre_pour_envoi(prete, canal=Canal.API, par=None)
    abandonner_transmission(prete, motif="reprise à la main", par=superutilisateur())
    libre(prete)


@pytest.mark.parametrize("supprimee", [False, True])
def test_une_fiche_rendue_pendant_l_appel_le_dit_dans_son_histoire(prete, demandee, travailler, supprimee):
    operation = reserver(demandee.guichet)
    with execution.Clients(demandee.guichet) as clients:
        resultat = operation.definition.appeler(clients.pour(operation), operation)
        abandonner_envoi(prete, prete.version, motif="à la main", par=superutilisateur())
        if supprimee:
            Fiche.objects.filter(pk=prete.pk).update(supprimee_le=timezone.now())
        assert terminer(operation, clients.relever(), resultat)
    assert "avait été abandonné ici" in EvenementFiche.objects.filter(fiche=prete, type="constat").get().texte


# --- the door ----------------------------------------------------------------------------------------------------


def test_un_second_clic_rend_la_meme_operation(prete, demandee, sim, travailler):
    assert demander_envoi(prete, par=superutilisateur()) == demandee
    pannes(sim, "429")
    travailler(demandee)
    assert demander_envoi(prete, par=superutilisateur()) == demandee


def test_la_demande_d_une_version_precedente_n_est_pas_rendue_pour_la_suivante(prete, demandee):
    par = superutilisateur()
    modifier(prete, Saisie(champs={"commentaires": "changé"}), edition=relue(prete).edition, par=par)
    seconde = approuvee(prete, par=par)
    with pytest.raises(ActionInterdite, match="version précédente attend encore"):
        demander_envoi(seconde, par=par)
    abandonner_transmission(seconde, motif="remplacée", par=par)
    suite = demander_envoi(seconde, par=par)
    assert (suite.parametres["version"], suite != demandee) == (seconde.version_id, True)


def test_ce_qui_est_parti_ne_se_redemande_pas(prete, demandee, travailler):
    travailler(demandee)
    with pytest.raises(ActionInterdite):
        demander_envoi(prete, par=superutilisateur())


def test_une_fiche_non_approuvee_ne_se_demande_pas(structure):
    with pytest.raises(EmpreinteDifferente):
        demander_envoi(fiche_edi(structure=structure), par=superutilisateur())


def test_un_risque_bloquant_retient_la_demande(prete):
    bloquer()
    with pytest.raises(ActionImpossible, match="La fiche n’a pas été envoyée"):
        demander_envoi(prete, par=superutilisateur())


@pytest.mark.parametrize(
    ("reglages", "mot"),
    [
        ({"CHORUS_CANAL": "portail"}, "portail"),
        ({"CHORUS_CANAL_JETON": ""}, "jeton"),
        ({"CHORUS_URLS": {"qualification": {"canal": ""}}}, "adresse"),
    ],
)
def test_un_canal_qui_ne_peut_pas_servir_est_nomme(prete, settings, reglages, mot):
    for nom, valeur in reglages.items():
        setattr(settings, nom, valeur)
    with pytest.raises(ActionImpossible, match=mot):
        demander_envoi(prete, par=superutilisateur())


def test_qui_n_a_pas_le_droit_ou_ne_voit_pas_la_fiche_est_refuse(prete):
    with pytest.raises(PermissionDenied):
        demander_envoi(prete, par=CollaborateurFactory(consultation=True))
    limite = CollaborateurFactory(collaborateur=True, portefeuille=True)
    for geste in (
        lambda: demander_envoi(prete, par=limite),
        lambda: abandonner_transmission(prete, motif="x", par=limite),
    ):
        with pytest.raises(PermissionDenied):
            geste()
    assert demander_envoi(prete, par=CollaborateurFactory(collaborateur=True)).etat == EtatOperation.EN_ATTENTE


def test_relancer_ne_renvoie_jamais_la_meme_operation(prete, demandee, travailler):
    from dossiers.services.operations import relancer

    modifier(prete, Saisie(champs={"commentaires": "x"}), edition=relue(prete).edition, par=superutilisateur())
    echec = travailler(demandee)
    with pytest.raises(ActionImpossible):
        relancer([echec], par=superutilisateur())


def test_une_fiche_deja_active_dans_la_base_n_est_pas_reprise(structure):
    """The factory's own path, without the worker: the states it makes are those the operations expect."""
    fiche = activee(fiche_edi(structure=structure))
    assert operation_d_envoi(fiche) is None
