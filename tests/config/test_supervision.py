"""« make demo » when something goes wrong: it says what, and leaves nothing running."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from config import supervision_demo
from config.supervision_demo import EchecDemo, Supervision

RACINE = Path(__file__).resolve().parents[2]

# Two children instead of the whole product: one that lasts, one that the test can make end.
DEUX_ENFANTS = """
import sys
from pathlib import Path
from signal import SIGKILL, SIGTERM
from config.supervision_demo import Supervision

class Essai(Supervision):
    def _demarrer(self):
        for nom, code in (("durable", "import time; time.sleep(60)"), ("fragile", sys.argv[2])):
            enfant = self._enfant(nom, [sys.executable, "-c", code], arrets=((SIGTERM, 1), (SIGKILL, 5)))
            print(nom, self._lancer(enfant).pid, flush=True)
        self.utilisateurs = [{"role": "Manager", "identifiant": "m", "mot_de_passe": "x"}]

essai = Essai(Path.cwd(), Path(sys.argv[1]), port_web=1, ports_simulateurs={}, base_privee=False, courtier_prive=False,
              ecrire=lambda ligne: print(ligne, flush=True))
sys.exit(essai.executer())
"""


@pytest.fixture
def lancer(tmp_path):
    """Start the supervisor of two children; `fragile` runs the given Python line."""
    processus = []

    def demarrer(fragile: str) -> tuple[subprocess.Popen, list[int]]:
        commande = [sys.executable, "-c", DEUX_ENFANTS, str(tmp_path), fragile]
        supervision = subprocess.Popen(
            commande, cwd=RACINE, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, start_new_session=True
        )
        processus.append(supervision)
        return supervision, [int(supervision.stdout.readline().split()[1]) for _ in range(2)]

    yield demarrer
    for supervision in processus:
        supervision.kill()
        supervision.communicate()


def existe(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_un_port_deja_pris_est_dit_avec_la_sortie_de_secours(settings, monkeypatch, capsys):
    # The terminal and the signals are those of the tests.
    monkeypatch.setattr(supervision_demo, "_terminal", contextlib.nullcontext)
    with socket.create_server(("127.0.0.1", 0)) as occupant:
        settings.DEMO_PORT = port = occupant.getsockname()[1]
        with pytest.raises(SystemExit) as fin:
            call_command("demo")
    assert fin.value.code == 1
    sortie = capsys.readouterr().out
    assert f"Port {port} indisponible pour le serveur web\u00a0: il est déjà pris." in sortie
    assert f"make demo DEMO_PORT={port + 10}" in sortie
    assert "\n2/" not in sortie


def test_la_demonstration_est_refusee_en_production(settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="Démonstration refusée"):
        call_command("demo")


def test_un_enfant_qui_meurt_est_nomme_avec_la_fin_de_son_journal(lancer):
    supervision, pids = lancer("import time; time.sleep(0.2); print('panne inventée'); raise SystemExit(3)")
    sortie, _ = supervision.communicate(timeout=30)
    assert supervision.returncode == 1
    assert "«\u00a0fragile\u00a0» s’est arrêté (code 3)" in sortie
    assert "panne inventée" in sortie
    assert not any(map(existe, pids))


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_demander_l_arret_arrete_tout_et_rend_zero(lancer, signum):
    supervision, pids = lancer("import time; time.sleep(60)")
    while "Ctrl-C" not in supervision.stdout.readline():
        continue
    supervision.send_signal(signum)
    sortie, _ = supervision.communicate(timeout=30)
    assert supervision.returncode == 0
    assert "Tout est arrêté." in sortie
    assert not any(map(existe, pids))


def test_une_etape_en_echec_est_nommee_avec_la_fin_de_son_journal(tmp_path):
    supervision = Supervision(
        RACINE, tmp_path, port_web=1, ports_simulateurs={}, base_privee=False, courtier_prive=False, ecrire=print
    )
    with pytest.raises(EchecDemo, match="a échoué") as echec:
        supervision._sortie("essai", "etape_inventee")
    assert "manage.py etape_inventee" in str(echec.value)
    assert "Unknown command" in str(echec.value)
    assert "Unknown command" in (tmp_path / "journaux/essai.log").read_text()


@pytest.fixture
def raccroche():
    """SIGHUP asks for the end, as under the supervisor."""
    avant = signal.signal(signal.SIGHUP, signal.default_int_handler)
    yield
    signal.signal(signal.SIGHUP, avant)


def test_une_demande_d_arret_attend_la_fin_du_releve_des_enfants(tmp_path, raccroche):
    """Raised inside `Popen.poll`, it leaves a lock taken: the child is waited for in vain, then stays a zombie."""
    releves = []

    class Interrompu:
        @property
        def code(self):
            signal.raise_signal(signal.SIGHUP)
            releves.append("fini")

    supervision = Supervision(
        RACINE, tmp_path, port_web=1, ports_simulateurs={}, base_privee=False, courtier_prive=False, ecrire=print
    )
    supervision._enfants = [Interrompu()]
    with pytest.raises(KeyboardInterrupt):
        supervision._verifier_enfants()
    assert releves == ["fini"]


@pytest.mark.epreuve
def test_un_enfant_sourd_est_arrete_de_force(lancer, tmp_path):
    sourd = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('sourd', flush=True)"
    supervision, pids = lancer(f"{sourd}; time.sleep(60)")
    while "sourd" not in (tmp_path / "journaux/fragile.log").read_text():
        time.sleep(0.02)
    supervision.send_signal(signal.SIGINT)
    assert supervision.wait(30) == 0
    assert not any(map(existe, pids))


@pytest.mark.epreuve
@pytest.mark.skipif(sys.platform != "linux", reason="le noyau ne prévient les enfants que sous Linux")
def test_rien_ne_survit_a_une_supervision_tuee(lancer):
    supervision, pids = lancer("import time; time.sleep(60)")
    supervision.kill()
    limite = time.monotonic() + 10
    while any(map(existe, pids)) and time.monotonic() < limite:
        time.sleep(0.1)
    assert not any(map(existe, pids))
