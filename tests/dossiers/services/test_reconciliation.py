"""LoopHub against our dossiers, over real HTTP with the simulator."""

import pytest

from dossiers.models import Dossier, Ecart, Etablissement, Etat, Operation
from dossiers.operations.execution import vider
from dossiers.services import operations as services
from dossiers.services.plans import Verdict, confirmer, preparer
from tests.fabriques import DossierFactory, siren_fictif, siret_fictif

pytestmark = pytest.mark.django_db
SIREN, AUTRE_SIREN, SIRET = siren_fictif(1), siren_fictif(2), siret_fictif(1)


def relever(cle, manager):
    operation = services.demander("synchroniser_loophub", par=manager, guichet=cle.guichet)
    vider(cle.guichet_id)
    operation.refresh_from_db()
    assert operation.etat == Etat.REUSSIE, operation.message
    return operation


def reparer(geste, manager, **filtre):
    ecarts = Ecart.objects.filter(etat=Ecart.Etat.OUVERT, **filtre)
    plan = preparer(geste, list(ecarts.values_list("pk", flat=True)), {}, par=manager)
    return plan, confirmer(plan.sceller(), par=manager) if plan.a_faire else None


@pytest.fixture
def trois_ecarts(cle, simulateur):
    """One dossier missing there, one missing here, one different, one equal."""
    DossierFactory(cle=cle, code="SEULEICI")
    DossierFactory(cle=cle, code="DIFFERENT", nom_usuel="Ici", raison_sociale="Ici SARL")
    DossierFactory(
        cle=cle, code="Pareil", nom_usuel="Pareil", raison_sociale="Pareil SARL", maitre_dossier="a@cabinet.example"
    )
    simulateur.charger(
        dossiers=[
            {"codeIbs": "044212", "nomUsuel": "Là-bas", "raisonSociale": "Là-bas SARL"},
            {"codeIbs": "different", "nomUsuel": "Là-bas", "raisonSociale": "Ici SARL"},
            {
                "codeIbs": "PAREIL",
                "nomUsuel": "Pareil",
                "raisonSociale": "Pareil SARL",
                "maitreDossier": "A@cabinet.example",
            },
        ]
    )


def test_trois_ecarts_connus_trois_ecarts_trouves(cle, manager, trois_ecarts):
    relever(cle, manager)
    trouves = {(ecart.code.upper(), ecart.classe) for ecart in Ecart.objects.filter(etat="ouvert")}
    assert trouves == {("SEULEICI", "absent_la_bas"), ("044212", "absent_ici"), ("DIFFERENT", "different")}
    different = Ecart.objects.get(classe="different")
    assert different.champs["nom_usuel"] == {"voulu": "Ici", "connu": "", "constate": "Là-bas"}
    assert Dossier.objects.get(code="DIFFERENT").nom_usuel == "Ici", "rien n’est changé ici sans qu’on le demande"


def test_reparer_ici_par_classe_puis_relever_ne_trouve_plus_rien(cle, manager, trois_ecarts):
    relever(cle, manager)
    plan, lot = reparer("reparer_ici", manager)
    assert len(plan.a_faire) == 3
    assert (lot.total, lot.faites_ici) == (0, 3)
    assert Dossier.objects.get(code="044212").raison_sociale == "Là-bas SARL"
    assert Dossier.objects.get(code="DIFFERENT").nom_usuel == "Là-bas"
    assert Dossier.objects.get(code="SEULEICI").archive
    assert Dossier.objects.get(code="044212").history.count() == 1
    relever(cle, manager)
    assert not Ecart.objects.filter(etat="ouvert").exists()


def test_le_dernier_connu_est_garde_d_un_releve_a_l_autre(cle, manager, trois_ecarts, simulateur):
    relever(cle, manager)
    simulateur.charger(dossiers=[{"codeIbs": "different", "nomUsuel": "Ailleurs", "raisonSociale": "Ici SARL"}])
    relever(cle, manager)
    champs = Ecart.objects.get(classe="different", etat="ouvert").champs
    assert champs["nom_usuel"] == {"voulu": "Ici", "connu": "Là-bas", "constate": "Ailleurs"}
    assert Ecart.objects.filter(classe="different").count() == 1


def test_un_ecart_qui_disparait_est_clos(cle, manager, trois_ecarts, simulateur):
    relever(cle, manager)
    simulateur.charger(dossiers=[{"codeIbs": "different", "nomUsuel": "Ici", "raisonSociale": "Ici SARL"}])
    relever(cle, manager)
    assert Ecart.objects.get(classe="different").etat == Ecart.Etat.CLOS


def test_ce_que_loop_ne_sait_pas_changer_est_bloque_avec_sa_raison(cle, manager, trois_ecarts):
    relever(cle, manager)
    plan, _ = reparer("reparer_la_bas", manager)
    assert {ligne.verdict for ligne in plan.lignes} == {Verdict.BLOQUE}
    assert all("Loop" in ligne.motif for ligne in plan.lignes)


def test_un_siren_different_se_repare_la_bas(cle, manager, simulateur):
    dossier = DossierFactory(cle=cle, code="SIREN01", siren=SIREN)
    simulateur.charger(dossiers=[{"codeIbs": "SIREN01", "siren": AUTRE_SIREN, "provisionne": True}])
    services.demander("actualiser_dossier", par=manager, dossier=dossier)
    vider(cle.guichet_id)
    ecart = Ecart.objects.get()
    assert ecart.champs["siren"] == {"voulu": SIREN, "connu": "", "constate": AUTRE_SIREN}
    _, lot = reparer("reparer_la_bas", manager)
    vider(cle.guichet_id)
    assert lot.operations.get().etat == Etat.REUSSIE
    assert simulateur.dossier("SIREN01")["siren"] == SIREN
    ecart.refresh_from_db()
    assert ecart.etat == Ecart.Etat.REPARE


def test_actualiser_remplit_ce_qui_manque_ici(cle, manager, simulateur):
    dossier = DossierFactory(cle=cle, code="VIDE01", siren="")
    simulateur.charger(
        dossiers=[
            {
                "codeIbs": "VIDE01",
                "siren": SIREN,
                "formeJuridique": "SARL",
                "provisionne": True,
                "etablissements": [{"siret": SIRET, "type": 1, "raisonsociale": "Siège inventé"}],
            }
        ]
    )
    services.demander("actualiser_dossier", par=manager, dossier=dossier)
    vider(cle.guichet_id)
    dossier.refresh_from_db()
    assert (dossier.siren, dossier.forme_juridique) == (SIREN, "SARL")
    assert dossier.revision_id
    assert Etablissement.objects.get(dossier=dossier).siret == SIRET
    assert not Ecart.objects.exists()


def test_un_dossier_cree_pendant_le_releve_n_est_pas_dit_absent(cle, manager, simulateur):
    operation = services.demander("synchroniser_loophub", par=manager, guichet=cle.guichet)
    DossierFactory(cle=cle, code="NOUVEAU")
    vider(cle.guichet_id)
    operation.refresh_from_db()
    assert operation.etat == Etat.REUSSIE
    assert not Ecart.objects.exists()


def test_tester_la_cle_dit_combien_de_dossiers(cle, manager, simulateur):
    simulateur.charger(dossiers=[{"codeIbs": "A1"}, {"codeIbs": "A2"}])
    services.demander("tester_cle", par=manager, guichet=cle.guichet)
    vider(cle.guichet_id)
    cle.refresh_from_db()
    assert (cle.test_reussi, cle.test_message) == (True, "Connexion réussie : 2 dossiers accessibles.")


def test_tester_une_cle_refusee_garde_le_message_du_distant(cle, manager, simulateur):
    cle.cle_abonnement = "abonnement-faux"
    cle.save()
    services.demander("tester_cle", par=manager, guichet=cle.guichet)
    vider(cle.guichet_id)
    cle.refresh_from_db()
    assert cle.test_reussi is False
    assert cle.test_message.startswith("Access denied due to invalid subscription key.")
    assert Operation.objects.get().famille == Operation.Famille.REGLAGE


def test_provisionner_rend_le_dossier_operationnel(cle, manager, simulateur):
    dossier = DossierFactory(cle=cle, code="MANON004")
    simulateur.charger(dossiers=[{"codeIbs": "MANON004"}])
    confirmer(preparer("provisionner", [dossier.pk], {}, par=manager).sceller(), par=manager)
    vider(cle.guichet_id)
    dossier.refresh_from_db()
    assert dossier.statut == Dossier.Statut.OPERATIONNEL
    assert dossier.history.first().statut == Dossier.Statut.OPERATIONNEL
