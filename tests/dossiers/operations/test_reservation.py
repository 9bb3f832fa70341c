"""The claim: who may start, in which order, how many at once."""

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from dossiers.models import Etat, Guichet, Operation
from dossiers.operations.reservation import reserver, reserver_relecture
from tests.fabriques import CleApiFactory, DossierFactory, OperationFactory


def relu(operation):
    operation.refresh_from_db()
    return operation


def test_la_reservation_pose_un_jeton_et_un_bail(cle, demande, settings):
    demandee = demande()
    prise = reserver(cle.guichet)
    assert prise.pk == demandee.pk
    en_base = relu(demandee)
    assert (en_base.etat, en_base.jeton, en_base.tentatives) == (Etat.EN_COURS, prise.jeton, 1)
    reste = (en_base.bail_jusqu_au - timezone.now()).total_seconds()
    assert settings.OPERATIONS["bail"] - 5 < reste <= settings.OPERATIONS["bail"]


def test_une_operation_prise_ne_se_prend_plus(cle, demande):
    demande()
    assert reserver(cle.guichet) is not None
    assert reserver(cle.guichet) is None


def test_rien_avant_l_heure(cle, demande):
    demande(pas_avant=timezone.now() + timedelta(minutes=1))
    assert reserver(cle.guichet) is None


def test_une_cle_ne_prend_pas_le_travail_d_une_autre(cle, demande):
    demande()
    assert reserver(CleApiFactory(prete=True)) is None


@pytest.mark.parametrize("etat", ["en_cours", "incertaine", "a_verifier"])
def test_un_objet_en_vol_fait_attendre_la_suite(cle, demande, etat):
    demande(objet="essai:A", **{etat: True})
    suivante = demande(objet="essai:A")
    assert reserver(cle.guichet) is None
    Operation.objects.exclude(pk=suivante.pk).update(
        etat=Etat.REUSSIE, jeton=None, bail_jusqu_au=None, terminee_le=timezone.now()
    )
    assert reserver(cle.guichet).pk == suivante.pk


def test_l_ordre_sur_un_objet_tient_meme_si_la_premiere_attend_son_delai(cle, demande):
    demande(objet="essai:A", pas_avant=timezone.now() + timedelta(hours=1))
    demande(objet="essai:A")
    autre = demande(objet="essai:B")
    assert reserver(cle.guichet).pk == autre.pk
    assert reserver(cle.guichet) is None


def test_le_plafond_de_la_cle_est_exact(cle, demande):
    for _ in range(6):
        demande()
    prises = [reserver(cle.guichet) for _ in range(6)]
    assert sum(prise is not None for prise in prises) == cle.plafond == 4


def test_une_cle_en_pause_ne_prend_rien(cle, demande):
    demande()
    Guichet.objects.filter(pk=cle.guichet_id).update(pause_jusqu_au=timezone.now() + timedelta(seconds=30))
    assert reserver(cle.guichet) is None


def test_apres_la_pause_un_seul_essai_a_la_fois(cle, demande, settings):
    demande(), demande()
    Guichet.objects.filter(pk=cle.guichet_id).update(
        echecs_consecutifs=settings.OPERATIONS["disjoncteur_seuil"],
        pause_jusqu_au=timezone.now() - timedelta(seconds=1),
    )
    assert reserver(cle.guichet) is not None
    assert reserver(cle.guichet) is None


def test_la_relecture_attend_la_fin_de_la_quarantaine(cle, demande):
    incertaine = demande("relisible", incertaine=True)
    assert reserver_relecture(cle.guichet, ["relisible"]) is None
    Operation.objects.update(quarantaine_jusqu_au=timezone.now() - timedelta(seconds=1))
    prise = reserver_relecture(cle.guichet, ["relisible"])
    assert prise.pk == incertaine.pk
    assert relu(incertaine).etat == Etat.INCERTAINE
    assert reserver_relecture(cle.guichet, ["relisible"]) is None, "une seule relecture à la fois"


def test_une_nature_sans_relecture_n_est_jamais_relue(cle, demande):
    demande("essai", incertaine=True)
    Operation.objects.update(quarantaine_jusqu_au=timezone.now() - timedelta(seconds=1))
    assert reserver_relecture(cle.guichet, ["relisible"]) is None


@pytest.mark.django_db(transaction=True)
def test_huit_fils_ne_prennent_jamais_deux_fois_la_meme(distant):
    cle = CleApiFactory(prete=True, plafond=64)
    dossier = DossierFactory(cle=cle)
    OperationFactory.create_batch(40, nature="essai", cle=cle, dossier=dossier)
    prises, depart = [], threading.Barrier(8)

    def ouvrier():
        depart.wait()
        while prise := reserver(cle.guichet):
            prises.append(prise.pk)
        connection.close()

    fils = [threading.Thread(target=ouvrier) for _ in range(8)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert len(prises) == len(set(prises)) == 40


@pytest.mark.django_db(transaction=True)
def test_le_plafond_tient_sous_la_concurrence(distant):
    cle = CleApiFactory(prete=True, plafond=3)
    OperationFactory.create_batch(20, nature="essai", cle=cle, dossier=DossierFactory(cle=cle))
    prises, depart = [], threading.Barrier(8)

    def ouvrier():
        depart.wait()
        prises.append(reserver(cle.guichet))
        connection.close()

    fils = [threading.Thread(target=ouvrier) for _ in range(8)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert sum(prise is not None for prise in prises) == 3
