"""A restored base lets nothing leave, until what it holds was put in doubt; then nothing is sent twice blindly."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from config import courtier
from dossiers import tasks
from dossiers.models import JAMAIS, Epoque, Etat, Evenement
from dossiers.operations import balayage, execution
from dossiers.operations.registre import Constat
from dossiers.services import conservation, operations, restauration
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.restauration import mettre_en_doute
from dossiers.supervision import epoque
from tests.fabriques import CollaborateurFactory, DossierFactory, OperationFactory

HIER = timezone.now() - timedelta(days=1)


@pytest.fixture
def sans_quarantaine(settings):
    settings.OPERATIONS = settings.OPERATIONS | {"quarantaine": -5}


def etat(operation):
    operation.refresh_from_db()
    return operation.etat


def tourner(cle):
    """A sweep and a loop, as a worker makes them."""
    restauration.liberer_les_retenues()
    balayage.balayer()
    execution.vider(cle.guichet_id)
    balayage.balayer()


# --- a base knows that it went back ------------------------------------------------------------------------------


def test_une_base_neuve_est_ouverte_par_le_premier_venu(db):
    assert not Epoque.objects.exists()
    assert epoque.est_ouverte()
    assert Epoque.objects.get().identite.count("/") == 3
    assert epoque.est_ouverte()


def test_une_table_recreee_ferme_la_base(db):
    """What pg_restore does in place: the same rows, in another table."""
    epoque.est_ouverte()
    with connection.cursor() as curseur:
        curseur.execute("CREATE TABLE copie AS SELECT * FROM dossiers_epoque")
        curseur.execute("ALTER TABLE dossiers_epoque RENAME TO ancienne; ALTER TABLE copie RENAME TO dossiers_epoque")
    assert not epoque.est_ouverte()


def test_une_base_fermee_le_reste(db):
    epoque.est_ouverte()
    epoque.fermer()
    assert not epoque.est_ouverte()


def test_le_temoin_du_courtier_ferme_une_base_revenue_en_arriere(db, demande):
    operations.creer([], par=None)
    Evenement.objects.create(type=Evenement.Type.MODIFICATION, texte="avant")
    epoque.Temoin.lire().confronter()
    assert epoque.est_ouverte()
    temoin = epoque.Temoin.lire()
    assert temoin.note == temoin.dernier > 0
    try:
        with courtier.client() as client:
            client.set(temoin.cle, temoin.dernier + 1)
        epoque.Temoin.lire().confronter()
        assert not epoque.est_ouverte()
    finally:
        with courtier.client() as client:
            client.delete(temoin.cle)


def test_un_courtier_vide_ne_ferme_rien(db):
    epoque.Temoin("passerelle:repere:essai", 0, 5).confronter()
    assert epoque.est_ouverte()


def test_rien_ne_part_d_une_base_restauree(demande, distant, restauree, cle, monkeypatch):
    operation = demande()
    restauree()
    monkeypatch.setattr(tasks.travailler, "apply_async", lambda *args, **options: None)
    tasks.travailler(cle.guichet_id)
    tasks.balayer()
    assert (etat(operation), distant.appels) == (Etat.EN_ATTENTE, [])
    Epoque.objects.all().delete()
    tasks.travailler(cle.guichet_id)
    assert distant.appels == [operation.pk]


# --- what waited is doubted --------------------------------------------------------------------------------------


def test_sans_restauration_rien_n_est_mis_en_doute(demande):
    operation = demande()
    epoque.est_ouverte()
    with pytest.raises(ActionImpossible):
        mettre_en_doute(HIER)
    assert etat(operation) == Etat.EN_ATTENTE
    mettre_en_doute(HIER, forcer=True)
    assert etat(operation) == Etat.INCERTAINE


def test_une_ecriture_qui_ne_se_relit_pas_va_a_une_personne(demande, distant, restauree, cle, sans_quarantaine):
    attente, en_cours = demande(), demande(en_cours=True)
    restauree()
    bilan = mettre_en_doute(HIER)
    assert (bilan.incertaines, bilan.retenues) == (2, 0)
    assert epoque.est_ouverte()
    tourner(cle)
    assert distant.appels == []
    assert {etat(attente), etat(en_cours)} == {Etat.A_VERIFIER}


def test_une_ecriture_qui_se_relit_est_relue_avant_tout_envoi(demande, distant, restauree, cle, sans_quarantaine):
    partie, restee = demande("relisible"), demande("relisible")
    restauree()
    mettre_en_doute(HIER)
    distant.constats = [Constat.APPLIQUEE, Constat.ABSENTE]
    tourner(cle)
    assert sorted(distant.lectures) == [partie.pk, restee.pk]
    assert distant.appels == [distant.lectures[1]]
    assert {etat(partie), etat(restee)} == {Etat.REUSSIE}


def test_la_quarantaine_est_attendue(demande, distant, restauree, cle):
    operation = demande("relisible")
    restauree()
    mettre_en_doute(HIER)
    tourner(cle)
    assert (etat(operation), distant.lectures) == (Etat.INCERTAINE, [])


def test_tout_peut_etre_laisse_a_une_personne(demande, distant, restauree, cle):
    operation = demande("relisible")
    restauree()
    mettre_en_doute(HIER, tout_a_verifier=True)
    tourner(cle)
    assert (etat(operation), distant.lectures) == (Etat.A_VERIFIER, [])


def test_une_lecture_est_refaite(demande, distant, restauree, cle):
    attente, en_cours = demande("lecture"), demande("lecture", en_cours=True)
    restauree()
    assert mettre_en_doute(HIER).lectures == 1
    tourner(cle)
    assert {etat(attente), etat(en_cours)} == {Etat.REUSSIE}


def test_sur_un_meme_objet_chacune_est_mise_en_doute_a_son_tour(demande, distant, restauree, cle, sans_quarantaine):
    """The constraint allows one in flight; the others must neither leave nor be forgotten."""
    dossier = DossierFactory(cle=cle)
    suite = [demande("relisible", dossier=dossier, objet="essai:meme") for _ in range(3)]
    restauree()
    bilan = mettre_en_doute(HIER)
    assert (bilan.incertaines, bilan.retenues) == (1, 2)
    assert [etat(operation) for operation in suite] == [Etat.A_VERIFIER, Etat.EN_ATTENTE, Etat.EN_ATTENTE]
    personne = CollaborateurFactory(superutilisateur=True)
    for rang in (0, 1):
        tourner(cle)
        assert distant.appels == distant.lectures == []
        operations.trancher(suite[rang], operations.Decision.APPLIQUEE, par=personne, motif="Vu.")
    assert Epoque.objects.get().retenues
    distant.constats = [Constat.APPLIQUEE]
    tourner(cle)
    assert distant.lectures == [suite[2].pk], "la dernière seule se relit : rien ne la recouvre"
    assert (etat(suite[2]), distant.appels) == (Etat.REUSSIE, [])
    tourner(cle)
    assert not Epoque.objects.get().retenues


def test_ce_qui_etait_en_vol_passe_avant_ce_qui_attendait_derriere(demande, restauree, cle):
    dossier = DossierFactory(cle=cle)
    attente = demande(dossier=dossier, objet="essai:meme")
    vol = demande(dossier=dossier, objet="essai:meme", en_cours=True)
    restauree()
    mettre_en_doute(HIER)
    assert (etat(vol), etat(attente)) == (Etat.INCERTAINE, Etat.EN_ATTENTE)
    assert attente.pas_avant == JAMAIS


def test_une_decision_prise_sur_une_page_d_avant_n_est_plus_acceptee(demande, restauree):
    operation = demande(a_verifier=True)
    doute = operation.doute
    restauree()
    assert mettre_en_doute(HIER).a_verifier == 1
    assert etat(operation) == Etat.A_VERIFIER
    assert operation.doute != doute


def test_un_travailleur_d_avant_n_ecrit_plus_rien(demande, distant, restauree, cle):
    from dossiers.operations import reglement

    operation = demande(en_cours=True)
    restauree()
    mettre_en_doute(HIER)
    assert not reglement.terminer(operation, [], "fait")
    assert etat(operation) == Etat.INCERTAINE


def test_chaque_doute_est_au_journal_et_la_conservation_tient(demande, distant, restauree, cle, sans_quarantaine):
    dossier = DossierFactory(cle=cle)
    operations_ = [
        demande(), demande(en_cours=True), demande(a_verifier=True), demande("lecture", en_cours=True),
        demande(dossier=dossier, objet="essai:meme"), demande(dossier=dossier, objet="essai:meme"),
    ]  # fmt: skip
    for operation in operations_:
        Evenement.objects.create(type=Evenement.Type.OPERATION_DEMANDEE, texte="demandée", operation=operation)
    restauree()
    mettre_en_doute(HIER)
    for operation in operations_:
        assert operation.evenements.count() == 2
    assert Evenement.objects.filter(operation=None, texte__contains="5 opérations mises en doute").count() == 1
    assert conservation.verifier().conforme
    tourner(cle)
    assert conservation.verifier().conforme


def test_les_reglees_ne_bougent_pas(restauree):
    reglees = [OperationFactory(**{nom: True}) for nom in ("reussie", "echouee", "annulee")]
    restauree()
    mettre_en_doute(HIER)
    assert [etat(operation) for operation in reglees] == [Etat.REUSSIE, Etat.ECHOUEE, Etat.ANNULEE]


def test_les_imports_d_interlocuteurs_s_arretent(restauree, cle):
    from interlocuteurs.models import ImportInterlocuteurs

    importation = ImportInterlocuteurs.objects.create(
        cle=cle, nom_fichier="contacts.csv", etat="en_cours", cree_par=CollaborateurFactory()
    )
    restauree()
    (dite,) = mettre_en_doute(HIER).suspensions
    assert "1 imports" in dite
    importation.refresh_from_db()
    assert importation.etat == "interrompu"
    assert "restaurée" in importation.incident


# --- the command -------------------------------------------------------------------------------------------------


def test_la_commande_dit_ce_qu_elle_a_fait(demande, restauree, capsys):
    demande()
    restauree()
    call_command("apres_restauration", sauvegarde_du=f"{HIER.isoformat()}")
    dit = capsys.readouterr().out
    assert "1  opérations mises en doute" in dit
    assert "relevez LoopHub" in dit
    assert Epoque.objects.get().sauvegarde_du == HIER


@pytest.mark.parametrize("instant", ["hier", "2999-01-01T00:00", "2026-13-45"])
def test_un_instant_impossible_ne_change_rien(restauree, demande, instant):
    operation = demande()
    restauree()
    with pytest.raises(CommandError, match="Rien n’a été changé"):
        call_command("apres_restauration", sauvegarde_du=instant)
    assert etat(operation) == Etat.EN_ATTENTE
    assert not epoque.est_ouverte()


def test_la_commande_refuse_une_base_qui_n_est_pas_restauree(db):
    epoque.est_ouverte()
    with pytest.raises(CommandError, match="n’a pas été restaurée"):
        call_command("apres_restauration", sauvegarde_du=HIER.isoformat())
