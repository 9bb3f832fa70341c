"""What each answer of a remote makes of an operation."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dossiers.models import Etat, Evenement, Guichet, Operation
from dossiers.operations import balayage, reglement
from dossiers.operations.execution import Clients, executer, vider
from dossiers.operations.registre import Constat
from dossiers.operations.reservation import reserver
from tests.dossiers.operations.scenario import PATIENCE, PERDUE, REFUS, REFUSEE_A_LA_PORTE, REGLAGE


def etat(operation):
    operation.refresh_from_db()
    return operation.etat


def evenements(operation):
    return list(operation.evenements.order_by("id").values_list("type", flat=True))


@pytest.mark.parametrize(
    ("nature", "reponse", "attendu"),
    [
        ("essai", "fait", Etat.REUSSIE),
        ("essai", REFUS, Etat.ECHOUEE),
        ("essai", REGLAGE, Etat.ECHOUEE),
        ("essai", REFUSEE_A_LA_PORTE, Etat.EN_ATTENTE),
        ("essai", PATIENCE, Etat.EN_ATTENTE),
        ("essai", PERDUE, Etat.INCERTAINE),
        ("relisible", PERDUE, Etat.INCERTAINE),
        ("lecture", PERDUE, Etat.EN_ATTENTE),
    ],
)
def test_chaque_reponse_mene_a_son_etat(cle, demande, distant, nature, reponse, attendu):
    operation = demande(nature)
    distant.reponses = [reponse]
    assert vider(cle.guichet_id, duree=0.2) >= 1
    assert etat(operation) == attendu
    assert operation.jeton is None
    assert operation.bail_jusqu_au is None
    assert len(distant.appels) == 1


def test_le_message_verbatim_et_la_famille_sont_gardes(cle, demande, distant):
    operation = demande()
    distant.reponses = [REFUS]
    vider(cle.guichet_id)
    assert etat(operation) == Etat.ECHOUEE
    assert (operation.message, operation.code_erreur, operation.famille) == (REFUS.message, "Invente", "definitive")
    assert operation.explication.motif == REFUS.message
    assert distant.refus_notes == [operation.pk]
    assert evenements(operation) == [Evenement.Type.OPERATION_ECHOUEE]


def test_l_attente_demandee_par_le_distant_est_dans_la_ligne_et_met_la_cle_en_pause(cle, demande, distant):
    operation, autre = demande(), demande()
    distant.reponses = [PATIENCE]
    assert vider(cle.guichet_id) == 1
    assert etat(operation) == Etat.EN_ATTENTE
    assert 5 < (operation.pas_avant - timezone.now()).total_seconds() <= 7
    cle.refresh_from_db()
    assert cle.guichet.en_pause
    assert cle.guichet.echecs_consecutifs == 0
    assert etat(autre) == Etat.EN_ATTENTE


def test_les_essais_ont_une_fin(cle, demande, distant, settings):
    settings.OPERATIONS = settings.OPERATIONS | {"tentatives": 3, "disjoncteur_seuil": 100}
    operation = demande()
    distant.reponses = [REFUSEE_A_LA_PORTE] * 3
    for _ in range(3):
        Operation.objects.update(pas_avant=timezone.now())
        vider(cle.guichet_id)
    assert etat(operation) == Etat.ECHOUEE
    assert operation.famille == Operation.Famille.PASSAGERE
    assert len(distant.appels) == 3


def test_un_ouvrier_qui_se_reveille_tard_ne_change_rien(cle, demande, distant):
    operation = demande()
    prise = reserver(cle.guichet)
    Operation.objects.update(bail_jusqu_au=timezone.now() - timedelta(seconds=1))
    balayage.expirer_les_baux()
    assert etat(operation) == Etat.INCERTAINE
    with Clients(cle.guichet) as clients:
        executer(prise, clients)
    assert etat(operation) == Etat.INCERTAINE
    assert distant.ecrits == []


def test_un_bail_expire_rend_incertaine_une_ecriture_et_rend_une_lecture_a_l_attente(cle, demande):
    ecriture, lecture = demande("essai"), demande("lecture")
    reserver(cle.guichet), reserver(cle.guichet)
    assert balayage.expirer_les_baux() == 0
    Operation.objects.update(bail_jusqu_au=timezone.now() - timedelta(seconds=1))
    assert balayage.expirer_les_baux() == 2
    assert etat(ecriture) == Etat.INCERTAINE
    assert ecriture.quarantaine_jusqu_au > timezone.now()
    assert ecriture.explication.remede
    assert etat(lecture) == Etat.EN_ATTENTE


def test_un_appel_sans_risque_qui_tue_son_processus_a_une_fin(cle, demande, settings, distant):
    lecture = demande("lecture")
    reserver(cle.guichet)
    Operation.objects.update(
        bail_jusqu_au=timezone.now() - timedelta(seconds=1), tentatives=settings.OPERATIONS["tentatives"]
    )
    balayage.expirer_les_baux()
    assert etat(lecture) == Etat.ECHOUEE
    assert distant.refus_notes == [lecture.pk]


def test_une_relecture_qui_tue_son_processus_passe_a_une_personne(cle, demande, settings):
    operation = demande("relisible", incertaine=True)
    Operation.objects.update(
        quarantaine_jusqu_au=timezone.now() - timedelta(seconds=1), relectures=settings.OPERATIONS["tentatives"]
    )
    balayage.balayer()
    assert etat(operation) == Etat.A_VERIFIER


def test_sans_relecture_une_personne_decide_apres_la_quarantaine(cle, demande):
    operation = demande("essai", incertaine=True)
    balayage.balayer()
    assert etat(operation) == Etat.INCERTAINE
    Operation.objects.update(quarantaine_jusqu_au=timezone.now() - timedelta(seconds=1))
    balayage.balayer()
    assert etat(operation) == Etat.A_VERIFIER
    assert evenements(operation) == [Evenement.Type.OPERATION_A_VERIFIER]


@pytest.mark.parametrize(
    ("constat", "attendu", "ecrits"),
    [
        (Constat.APPLIQUEE, Etat.REUSSIE, 1),
        (Constat.ABSENTE, Etat.EN_ATTENTE, 0),
        (Constat.INDECIDABLE, Etat.A_VERIFIER, 0),
        (REFUS, Etat.A_VERIFIER, 0),
    ],
)
def test_la_relecture_regle(cle, demande, distant, settings, constat, attendu, ecrits):
    settings.OPERATIONS = settings.OPERATIONS | {"disjoncteur_seuil": 100}
    operation = demande("relisible", incertaine=True)
    Operation.objects.update(quarantaine_jusqu_au=timezone.now() - timedelta(seconds=1))
    distant.constats, distant.reponses = [constat], [REFUSEE_A_LA_PORTE]
    with Clients(cle.guichet) as clients:
        from dossiers.operations.execution import relire
        from dossiers.operations.reservation import reserver_relecture

        relire(reserver_relecture(cle.guichet, ["relisible"]), clients)
    assert etat(operation) == attendu
    assert len(distant.ecrits) == ecrits
    assert distant.appels == []


def test_une_relecture_qui_echoue_se_refait_plus_tard_puis_passe_a_une_personne(cle, demande, distant, settings):
    settings.OPERATIONS = settings.OPERATIONS | {"tentatives": 2, "disjoncteur_seuil": 100}
    operation = demande("relisible", incertaine=True)
    distant.constats = [PERDUE, PERDUE]
    Operation.objects.update(quarantaine_jusqu_au=timezone.now() - timedelta(seconds=1))
    vider(cle.guichet_id)
    assert etat(operation) == Etat.INCERTAINE
    assert operation.jeton is None
    assert operation.quarantaine_jusqu_au > timezone.now()
    Operation.objects.update(quarantaine_jusqu_au=timezone.now() - timedelta(seconds=1))
    vider(cle.guichet_id)
    assert etat(operation) == Etat.A_VERIFIER


def test_le_disjoncteur_s_ouvre_fait_attendre_et_se_referme(cle, demande, distant, settings):
    seuil = settings.OPERATIONS["disjoncteur_seuil"]
    operations = [demande() for _ in range(seuil + 3)]
    distant.reponses = [REFUSEE_A_LA_PORTE] * seuil
    assert vider(cle.guichet_id) == seuil
    cle.refresh_from_db()
    assert cle.guichet.en_pause
    assert cle.guichet.echecs_consecutifs == seuil
    assert balayage.travail_du() == {}
    assert not Operation.objects.filter(etat=Etat.ECHOUEE).exists()

    Guichet.objects.update(pause_jusqu_au=timezone.now() - timedelta(seconds=1))
    distant.reponses = [REFUSEE_A_LA_PORTE]
    assert vider(cle.guichet_id) == 1
    cle.refresh_from_db()
    assert cle.guichet.en_pause
    assert cle.guichet.pause_jusqu_au > timezone.now() + timedelta(seconds=settings.OPERATIONS["disjoncteur_pause"])

    Guichet.objects.update(pause_jusqu_au=timezone.now() - timedelta(seconds=1))
    Operation.objects.update(pas_avant=timezone.now())
    assert vider(cle.guichet_id) == len(operations)
    cle.refresh_from_db()
    assert (cle.guichet.echecs_consecutifs, cle.guichet.pause_jusqu_au) == (0, None)
    assert all(etat(operation) == Etat.REUSSIE for operation in operations)


def test_la_base_absente_au_moment_d_ecrire_ne_perd_pas_la_reponse(cle, demande, monkeypatch):
    operation = demande()
    vraie, pannes = reglement.passer, [1, 1]

    def passer(*args, **kwargs):
        if pannes:
            pannes.pop()
            raise reglement.OperationalError("the connection is closed")
        return vraie(*args, **kwargs)

    monkeypatch.setattr(reglement, "passer", passer)
    monkeypatch.setattr(reglement.time, "sleep", lambda _: None)
    monkeypatch.setattr(reglement, "close_old_connections", lambda: None)
    vider(cle.guichet_id)
    assert pannes == []
    assert etat(operation) == Etat.REUSSIE


def test_le_travail_du_dit_combien_de_boucles_lancer(cle, demande):
    assert balayage.travail_du() == {}
    for _ in range(6):
        demande()
    assert balayage.travail_du() == {cle.guichet_id: 4}
    reserver(cle.guichet), reserver(cle.guichet), reserver(cle.guichet)
    assert balayage.travail_du() == {cle.guichet_id: 1}


def test_une_boucle_fait_le_menage_quand_les_balayages_ne_passent_plus(cle, demande, monkeypatch):
    from dossiers.tasks import travailler

    monkeypatch.setattr(balayage, "cadence", balayage._Cadence())
    monkeypatch.setattr(travailler, "apply_async", lambda *args, **options: None)
    premiere, seconde = demande(incertaine=True), demande(en_cours=True)
    passe = timezone.now() - timedelta(seconds=1)
    Operation.objects.filter(pk=premiere.pk).update(quarantaine_jusqu_au=passe)
    Operation.objects.filter(pk=seconde.pk).update(bail_jusqu_au=passe)
    travailler(cle.pk)
    assert (etat(premiere), etat(seconde)) == (Etat.A_VERIFIER, Etat.INCERTAINE)

    Operation.objects.filter(pk=seconde.pk).update(quarantaine_jusqu_au=passe)
    travailler(cle.pk)
    assert etat(seconde) == Etat.INCERTAINE, "une fois par intervalle suffit"
