"""The nudge: whatever the broker does, the person's request does not wait for it."""

import socket
import threading

import pytest


@pytest.fixture
def operation(db):
    from tests.fabriques import OperationFactory

    return OperationFactory()


@pytest.fixture
def reveiller(django_capture_on_commit_callbacks):
    from dossiers.operations import reveil

    def faire(*operations):
        with django_capture_on_commit_callbacks(execute=True):
            reveil.reveiller(list(operations))

    yield faire
    reveil._expediteur.submit(int).result(timeout=30)


@pytest.fixture
def courtier_muet(tmp_path):
    """A broker whose socket takes connections and never says a word."""
    with socket.socket(socket.AF_UNIX) as prise:
        prise.bind(str(tmp_path / "muet.sock"))
        prise.listen(64)
        yield f"redis+socket://{tmp_path}/muet.sock?virtual_host=0"


@pytest.fixture
def courtier_absent(tmp_path):
    return f"redis+socket://{tmp_path}/absent.sock?virtual_host=0"


@pytest.mark.parametrize("panne", ["courtier_muet", "courtier_absent"])
def test_un_courtier_en_panne_ne_fait_attendre_personne(request, monkeypatch, operation, reveiller, caplog, panne):
    from dossiers.tasks import travailler

    courtier = travailler.app.connection_for_write(
        request.getfixturevalue(panne), transport_options={"socket_timeout": 0.2, "max_retries": 0}
    )
    envoyer, essais, demandees = travailler.apply_async, [], threading.Event()

    def vers_le_courtier_en_panne(*args, **options):
        # Held until all have asked: whoever waited for an attempt would wait for itself.
        essais.append(demandees.wait(10))
        return envoyer(*args, connection=courtier, **options)

    monkeypatch.setattr(travailler, "apply_async", vers_le_courtier_en_panne)
    for _ in range(100):
        reveiller(operation)
        assert all(essais), "une demande a attendu le courtier"
    from dossiers.operations import reveil

    assert reveil._expediteur._work_queue.qsize() <= 1, "au plus un envoi attend son tour"
    demandees.set()
    reveil._expediteur.submit(int).result(timeout=30)
    assert 1 <= len(essais) <= 2
    assert all(essais)
    assert caplog.messages.count("courtier injoignable : le balayage prendra le relais") == len(essais)


def test_ce_qui_arrive_pendant_un_envoi_part_avec_le_suivant(monkeypatch, operation, reveiller):
    from dossiers.operations import reveil
    from dossiers.tasks import travailler
    from tests.fabriques import OperationFactory

    autres = OperationFactory.create_batch(3)
    parti, libre, envoyes = threading.Event(), threading.Event(), []

    def lentement(args, **options):
        envoyes.append(args[0])
        parti.set()
        libre.wait(10)

    monkeypatch.setattr(travailler, "apply_async", lentement)
    reveiller(operation)
    assert parti.wait(10)
    for autre in autres * 5:
        reveiller(autre)
    libre.set()
    reveil._expediteur.submit(int).result(timeout=30)
    assert sorted(envoyes) == sorted([operation.guichet_id, *(autre.guichet_id for autre in autres)])


def test_une_cle_recoit_au_plus_autant_de_messages_que_son_plafond(monkeypatch, operation, reveiller):
    from dossiers.operations import reveil
    from dossiers.tasks import travailler
    from tests.fabriques import OperationFactory

    envoyes = []
    monkeypatch.setattr(travailler, "apply_async", lambda args, **options: envoyes.append(args[0]))
    reveiller(*OperationFactory.create_batch(operation.guichet.plafond + 3, dossier=operation.dossier))
    reveil._expediteur.submit(int).result(timeout=30)
    assert envoyes == [operation.guichet_id] * operation.guichet.plafond
