"""The keys and places of a set-up without settings."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config import embarque

RACINE = Path(__file__).resolve().parents[2]


def test_les_cles_sont_creees_une_fois_et_gardees_pour_soi(tmp_path):
    cles = embarque.secrets_locaux(tmp_path / "var")
    assert embarque.secrets_locaux(tmp_path / "var") == cles
    assert (tmp_path / "var/secrets.json").stat().st_mode & 0o777 == 0o600
    assert [f.name for f in (tmp_path / "var").iterdir()] == ["secrets.json"]
    assert embarque.secrets_locaux(tmp_path / "autre")["SECRET_KEY"] != cles["SECRET_KEY"]


def test_deux_processus_partis_ensemble_ont_les_memes_cles(tmp_path):
    code = "import sys; from pathlib import Path; from config.embarque import secrets_locaux\n"
    code += "print('prêt', flush=True); sys.stdin.readline(); print(secrets_locaux(Path(sys.argv[1]))['SECRET_KEY'])"
    commande = [sys.executable, "-c", code, str(tmp_path / "var")]
    ensemble = [
        subprocess.Popen(commande, cwd=RACINE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for processus in ensemble:
        assert processus.stdout.readline() == "prêt\n"
    for processus in ensemble:
        processus.stdin.write("\n")
        processus.stdin.flush()
    assert len({processus.communicate()[0] for processus in ensemble}) == 1


@pytest.mark.parametrize("contenu", ["", "{", "[]", "{}", '{"SECRET_KEY": "x"}'])
def test_un_fichier_de_cles_abime_n_est_pas_remplace(tmp_path, contenu):
    fichier = tmp_path / "secrets.json"
    fichier.write_text(contenu)
    with pytest.raises(ImproperlyConfigured, match="Clés locales illisibles"):
        embarque.secrets_locaux(tmp_path)
    assert fichier.read_text() == contenu


def test_un_dossier_inaccessible_est_dit_en_francais(tmp_path):
    (tmp_path / "var").write_text("un fichier à la place du dossier")
    with pytest.raises(ImproperlyConfigured, match="Clés locales inaccessibles"):
        embarque.secrets_locaux(tmp_path / "var")


def test_le_dossier_des_sockets_est_court_stable_et_propre_a_chaque_copie(tmp_path):
    long = tmp_path / ("long" * 40) / "var"
    un = embarque.dossier_runtime(long)
    assert embarque.dossier_runtime(long) == un
    assert len(str(un / "postgres/.s.PGSQL.5432.lock")) < 80
    assert embarque.dossier_runtime(tmp_path / "autre") != un
    shutil.copytree(long, tmp_path / "copie")
    assert embarque.dossier_runtime(tmp_path / "copie") != un
    (long / "secrets.json").unlink()
    assert embarque.dossier_runtime(long) != un, "un clone refait au même endroit n’a plus les mêmes clés"


@pytest.mark.parametrize(
    ("url", "attendu"),
    [
        (
            "postgres://u:p%40ss%2F%24@h:5433/b",
            {"USER": "u", "PASSWORD": "p@ss/$", "HOST": "h", "PORT": 5433, "NAME": "b"},
        ),
        ("postgresql://h/b", {"USER": "", "PASSWORD": "", "HOST": "h", "PORT": "", "NAME": "b"}),
        ("postgres://u@/%2Fvar%2Frun/b", {"USER": "u", "PASSWORD": "", "HOST": "/var/run", "PORT": "", "NAME": "b"}),
    ],
)
def test_une_adresse_postgresql_est_lue(url, attendu):
    assert embarque.base_depuis_url(url) == attendu | {"ENGINE": "django.db.backends.postgresql"}


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///b",
        "mysql://u:secret@h/b",
        "postgis://u:secret@h/b",
        "postgres://u:secret@h",
        "postgres://u:secret@h:x/b",
        "postgres://u:secret@[h/b",
        "postgres://",
        "u:secret@h",
    ],
)
def test_une_autre_adresse_est_refusee_sans_etre_montree(url):
    with pytest.raises(ImproperlyConfigured, match="Réglage DATABASE_URL invalide") as refus:
        embarque.base_depuis_url(url)
    assert "secret" not in str(refus.value)
