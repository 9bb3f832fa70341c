"""The fault tests take guards out of the product by their words: one that moved must be seen here, not only there."""

import pytest


@pytest.fixture
def sans_garde(monkeypatch, settings):
    """The module of the fault tests' worker; what it changes in the product is put back."""
    from dossiers.operations import balayage, reglement, reservation
    from tests.fautes import sans_garde

    settings.OPERATIONS = dict(settings.OPERATIONS)
    for module, noms in (
        (reservation, ("_GUICHET", "RESERVATION")),
        (reglement, ("passer", "conclure")),
        (balayage, ("passer",)),
    ):
        for nom in noms:
            monkeypatch.setattr(module, nom, getattr(module, nom))
    return sans_garde


@pytest.mark.parametrize("nom", ["prise", "ordre"])
def test_la_garde_est_encore_dans_la_requete(sans_garde, nom):
    from dossiers.operations import reservation

    avant = reservation.RESERVATION
    sans_garde.GARDES[nom]()
    assert avant != reservation.RESERVATION


def test_sans_l_ordre_une_operation_passe_devant_celle_qui_la_precede(sans_garde, cle, demande):
    from dossiers.operations.reservation import reserver

    premiere = demande(objet="essai:A", incertaine=True)
    suivante = demande(objet="essai:B")
    type(suivante).objects.filter(pk=suivante.pk).update(objet=premiere.objet)
    assert reserver(cle.guichet) is None
    sans_garde.sans_ordre()
    with pytest.raises(Exception, match="operation_une_en_vol_par_objet"):
        reserver(cle.guichet)


def test_sans_jeton_un_reveil_tardif_ecrase_la_suite(sans_garde, cle, demande, distant):
    from datetime import timedelta

    from django.utils import timezone

    from dossiers.models import Etat, Operation
    from dossiers.operations.execution import Clients, executer
    from dossiers.operations.reservation import reserver
    from tests.dossiers.operations.scenario import REFUS

    operation = demande()
    tardive = reserver(cle.guichet)
    Operation.objects.update(etat=Etat.EN_ATTENTE, jeton=None, bail_jusqu_au=None, pas_avant=timezone.now())
    tardive.bail_jusqu_au = timezone.now() + timedelta(hours=1)
    assert reserver(cle.guichet).pk == operation.pk
    distant.reponses = [REFUS, REFUS]
    with Clients(cle.guichet) as clients:
        executer(tardive, clients)
        operation.refresh_from_db()
        assert operation.etat == Etat.EN_COURS
        sans_garde.sans_jeton()
        executer(tardive, clients)
    operation.refresh_from_db()
    assert operation.etat == Etat.ECHOUEE


def test_sans_bail_une_ecriture_interrompue_repart_a_l_aveugle(sans_garde, cle, demande):
    from datetime import timedelta

    from django.utils import timezone

    from dossiers.models import Etat, Operation
    from dossiers.operations import balayage

    operation = demande(en_cours=True)
    Operation.objects.update(bail_jusqu_au=timezone.now() - timedelta(seconds=1))
    sans_garde.sans_bail()
    balayage.expirer_les_baux()
    operation.refresh_from_db()
    assert operation.etat == Etat.EN_ATTENTE


def test_sans_quarantaine_la_relecture_est_immediate(sans_garde, cle, demande, distant):
    from dossiers.models import Etat
    from dossiers.operations.execution import vider
    from dossiers.operations.registre import Constat
    from tests.dossiers.operations.scenario import PERDUE

    operation = demande("relisible")
    distant.reponses, distant.constats = [PERDUE], [Constat.APPLIQUEE]
    sans_garde.sans_quarantaine()
    vider(cle.guichet_id)
    operation.refresh_from_db()
    assert operation.etat == Etat.REUSSIE
    assert distant.lectures == [operation.pk]
