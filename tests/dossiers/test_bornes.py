"""What bounds a process that reads a file from outside: each bound is reached by a real process."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dossiers import bornes

RACINE = Path(__file__).resolve().parents[2]


def borne(programme: str, **autres: int) -> subprocess.CompletedProcess[str]:
    valeurs = {"memoire": 2**28, "secondes": 5, "disque": 0, "enfants": False} | autres
    debut = f"from dossiers.bornes import se_borner; se_borner(**{valeurs})\n"
    return subprocess.run(
        [sys.executable, "-c", debut + programme], cwd=RACINE, env={}, capture_output=True, text=True, timeout=20
    )


def test_la_memoire_est_bornee():
    assert "MemoryError" in borne("bytearray(2**28)").stderr
    assert borne("bytearray(2**26)").returncode == 0


@pytest.mark.epreuve
def test_le_temps_est_borne():
    # Without the alarm, which a busy machine may ring before the process has had its second of computing.
    sans_alarme = "import signal; signal.alarm(0)\n"
    assert borne(f"{sans_alarme}while True: pass", secondes=1).returncode == -signal.SIGXCPU


@pytest.mark.epreuve
def test_un_processus_oublie_s_arrete_seul():
    assert borne("import time; time.sleep(15)", secondes=0).returncode == -signal.SIGALRM


def test_aucun_fichier_n_est_ecrit(tmp_path):
    ecrit = f"import os; os.write(os.open({str(tmp_path / 'a')!r}, os.O_CREAT | os.O_WRONLY), b'xy')"
    assert "File too large" in borne(ecrit).stderr
    assert (tmp_path / "a").stat().st_size == 0
    assert borne(ecrit, disque=2).returncode == 0


def test_la_fin_du_temps_se_dit_avant_l_arret_force(monkeypatch):
    poses = {}
    monkeypatch.setattr(resource, "setrlimit", poses.__setitem__)
    monkeypatch.setattr(signal, "alarm", lambda secondes: None)
    bornes.se_borner(memoire=2**28, secondes=9, disque=0)
    assert poses[resource.RLIMIT_AS] == (2**28, 2**28)
    assert poses[resource.RLIMIT_CPU] == (9, 10)
    assert poses[resource.RLIMIT_CORE] == (0, 0)
    assert resource.RLIMIT_NPROC not in poses
