"""The door of operations: permission on each object, rules, then the row."""

import pytest
from django.core.exceptions import PermissionDenied

from dossiers.models import JAMAIS, Etat, Evenement, Offre, Operation
from dossiers.services import operations as services
from dossiers.services.erreurs import ActionImpossible
from tests.fabriques import (
    CleApiFactory,
    CollaborateurFactory,
    DossierFactory,
    LotFactory,
    OffreFactory,
    OperationFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return CollaborateurFactory(manager=True)


def test_demander_ecrit_la_ligne_et_le_journal(manager):
    dossier = DossierFactory()
    operation = services.demander("actualiser_dossier", par=manager, dossier=dossier)
    assert (operation.etat, operation.cle, operation.demandee_par) == (Etat.EN_ATTENTE, dossier.cle, manager)
    assert operation.evenements.get().type == Evenement.Type.OPERATION_DEMANDEE


def test_demander_deux_fois_la_meme_chose_rend_la_meme_operation(manager):
    dossier = DossierFactory()
    premiere = services.demander("actualiser_dossier", par=manager, dossier=dossier)
    assert services.demander("actualiser_dossier", par=manager, dossier=dossier) == premiere
    assert Operation.objects.count() == 1


def test_sans_permission_rien_n_est_ecrit():
    with pytest.raises(PermissionDenied):
        services.demander("actualiser_dossier", par=CollaborateurFactory(consultation=True), dossier=DossierFactory())
    assert not Operation.objects.exists()


def test_hors_portefeuille_rien_n_est_ecrit():
    personne = CollaborateurFactory(collaborateur=True, portefeuille=True)
    with pytest.raises(PermissionDenied):
        services.demander("actualiser_dossier", par=personne, dossier=DossierFactory())
    services.demander("actualiser_dossier", par=personne, dossier=DossierFactory(maitre_dossier=personne.login_loop))
    assert Operation.objects.count() == 1


@pytest.mark.parametrize(
    ("champs", "mot"),
    [
        ({"archivee": True}, "archivée"),
        ({"activee_loophub": False}, "LoopHub"),
        ({"client_secret_defini_le": None}, "incomplète"),
    ],
)
def test_une_cle_inutilisable_est_expliquee(manager, champs, mot):
    cle = CleApiFactory(prete=True, **champs)
    with pytest.raises(ActionImpossible, match=mot):
        services.demander("synchroniser_loophub", par=manager, guichet=cle.guichet)


def test_une_cle_standard_ne_fait_pas_les_appels_du_cabinet(manager):
    dossier = DossierFactory(cle=CleApiFactory(prete=True, standard=True))
    with pytest.raises(ActionImpossible, match="P04454"):
        services.demander("provisionner", par=manager, dossier=dossier)


def test_annuler_ne_touche_que_ce_qui_n_est_pas_parti_et_rend_le_voulu(manager):
    offre = OffreFactory(voulue=True)
    attente = OperationFactory(dossier=offre.dossier, parametres={"offre": "consultation", "voulue_avant": False})
    parties = [
        OperationFactory(**{etat: True}) for etat in ("en_cours", "incertaine", "a_verifier", "reussie", "echouee")
    ]
    assert services.annuler(Operation.objects.all(), par=manager) == 1
    attente.refresh_from_db()
    offre.refresh_from_db()
    assert attente.etat == Etat.ANNULEE
    assert not offre.voulue
    assert not Operation.objects.filter(pk__in=[p.pk for p in parties], etat=Etat.ANNULEE).exists()


def test_ce_qu_une_restauration_retient_ne_s_annule_pas(manager):
    """It may have left since the backup: nobody can say that nothing was sent."""
    lot = LotFactory(cree_par=manager)
    retenue, attente = OperationFactory(lot=lot, pas_avant=JAMAIS), OperationFactory(lot=lot)
    assert services.annuler([retenue], par=manager) == 0
    assert services.annuler_lot(lot, par=manager) == 1
    retenue.refresh_from_db()
    attente.refresh_from_db()
    assert (retenue.etat, retenue.retenue, attente.etat) == (Etat.EN_ATTENTE, True, Etat.ANNULEE)


def test_une_copie_lue_avant_la_restauration_ne_l_annule_pas_non_plus(manager):
    lue = OperationFactory()
    Operation.objects.update(pas_avant=JAMAIS)
    assert services.annuler([lue], par=manager) == 0
    assert Operation.objects.get().etat == Etat.EN_ATTENTE


def test_annuler_n_efface_pas_le_voulu_d_une_demande_plus_recente(manager):
    offre = OffreFactory(voulue=True)
    premiere = OperationFactory(
        dossier=offre.dossier, objet="o", parametres={"offre": "consultation", "voulue_avant": False}
    )
    OperationFactory(dossier=offre.dossier, objet="o")
    services.annuler([premiere], par=manager)
    assert Offre.objects.get().voulue


def test_relancer_cree_une_autre_operation_une_seule_fois(manager):
    echouee, reussie = OperationFactory(echouee=True), OperationFactory(reussie=True)
    (nouvelle,) = services.relancer([echouee, reussie], par=manager)
    assert (nouvelle.relance_de, nouvelle.etat, nouvelle.objet) == (echouee, Etat.EN_ATTENTE, echouee.objet)
    assert services.relancer([echouee], par=manager) == []
    echouee.refresh_from_db()
    assert echouee.etat == Etat.ECHOUEE


def test_relancer_un_lot_n_emporte_que_ses_echecs(manager):
    lot = LotFactory(cree_par=manager)
    OperationFactory(lot=lot, reussie=True)
    echouee = OperationFactory(lot=lot, echouee=True)
    suite = services.relancer_lot(lot, par=manager)
    assert (suite.total, suite.relance_de) == (1, lot)
    assert suite.operations.get().relance_de == echouee
    with pytest.raises(ActionImpossible, match="plus d’échec"):
        services.relancer_lot(lot, par=manager)


@pytest.mark.parametrize(
    ("decision", "attendu"),
    [("appliquee", Etat.REUSSIE), ("renvoyer", Etat.EN_ATTENTE), ("abandonner", Etat.ECHOUEE)],
)
def test_trancher(manager, decision, attendu):
    offre = OffreFactory(voulue=True)
    operation = OperationFactory(dossier=offre.dossier, a_verifier=True)
    services.trancher(operation, decision, par=manager, motif="Vu dans Loop Hub.")
    operation.refresh_from_db()
    offre.refresh_from_db()
    assert (operation.etat, operation.famille) == (attendu, Operation.Famille.PERSONNE)
    assert offre.constatee is (True if decision == "appliquee" else None)
    evenement = operation.evenements.get()
    assert evenement.acteur == manager
    assert "Vu dans Loop Hub." in evenement.texte


def test_trancher_deux_fois_refuse_la_seconde(manager):
    operation = OperationFactory(a_verifier=True)
    copie = Operation.objects.get(pk=operation.pk)
    services.trancher(operation, "renvoyer", par=manager, motif="Absente.")
    with pytest.raises(ActionImpossible, match="a changé d’état"):
        services.trancher(copie, "appliquee", par=manager, motif="Présente.")


def test_trancher_demande_un_motif_et_un_manager(manager):
    operation = OperationFactory(a_verifier=True)
    with pytest.raises(ActionImpossible, match="constaté"):
        services.trancher(operation, "renvoyer", par=manager, motif="  ")
    with pytest.raises(PermissionDenied):
        services.trancher(operation, "renvoyer", par=CollaborateurFactory(collaborateur=True), motif="Absente.")
