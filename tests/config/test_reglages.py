"""What settings accept, what they refuse and in which words; .env.example tells all of them and nothing else."""

import ast
import os
import re
import runpy
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from config.reglages import Reglages

RACINE = Path(__file__).resolve().parents[2]
PRODUCTION = {
    "PASSERELLE_ENV": "",
    "PASSERELLE_PRODUCTION": "oui",
    "SECRET_KEY": "une-phrase-de-passe-de-test-bien-plus-longue-que-cinquante-signes",
    "FERNET_KEYS": Fernet.generate_key().decode(),
    "ALLOWED_HOSTS": "passerelle.exemple.test",
    "DATABASE_URL": "postgres://cabinet:p%24ss@base.exemple.test:5432/cabinet",
    "REDIS_URL": "redis://courtier.exemple.test:6379/0",
}


def charger(**reglages: str) -> dict[str, Any]:
    """What the settings define, with nothing but these variables."""
    with mock.patch.dict(os.environ, reglages, clear=True):
        return runpy.run_path(str(RACINE / "config/settings.py"))


def refus_de(**reglages: str) -> str:
    """The whole of what a refused start says."""
    with pytest.raises(ImproperlyConfigured) as refus:
        charger(**reglages)
    return "".join(traceback.format_exception(refus.value))


# --- types -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mot", ["oui", "OUI", "vrai", "1", "true", "on", " oui "])
def test_oui_vaut_vrai(monkeypatch, mot):
    monkeypatch.setenv("ESSAI", mot)
    assert Reglages().booleen("ESSAI") is True


@pytest.mark.parametrize("mot", ["non", "faux", "0", "false", "off"])
def test_non_vaut_faux_meme_si_le_defaut_est_vrai(monkeypatch, mot):
    monkeypatch.setenv("ESSAI", mot)
    assert Reglages().booleen("ESSAI", True) is False


@pytest.mark.parametrize("defaut", [True, False])
def test_un_booleen_vide_garde_son_defaut(monkeypatch, defaut):
    monkeypatch.setenv("ESSAI", " ")
    assert Reglages().booleen("ESSAI", defaut) is defaut


@pytest.mark.parametrize(
    ("methode", "valeur", "attendu"),
    [
        ("booleen", "peut-être", "« oui » ou « non »"),
        ("booleen", "2", "« oui » ou « non »"),
        ("entier", "douze", "un nombre entier"),
        ("entier", "1.5", "un nombre entier"),
        ("entier", "-1", "un nombre entre 0 et"),
        ("entier", "99999999999", "un nombre entre 0 et"),
        ("adresse", "ftp://exemple.test", "une adresse http(s)"),
        ("adresse", "exemple.test", "une adresse http(s)"),
        ("adresse", "http://", "une adresse http(s)"),
        ("adresse", "http://exemple.test:port/", "une adresse http(s)"),
        ("adresse", "https://nom:secret@exemple.test", "une adresse http(s)"),
        ("adresse", "http://exemple.test/loop", "en clair"),
        ("courtier", "exemple.test:6379", "redis://serveur:6379/0"),
        ("courtier", "amqp://exemple.test", "redis://serveur:6379/0"),
        ("courtier", "redis://", "redis://serveur:6379/0"),
        ("courtier", "redis://exemple.test:abc/0", "redis://serveur:6379/0"),
    ],
)
def test_une_mauvaise_valeur_est_refusee_par_son_nom(monkeypatch, methode, valeur, attendu):
    monkeypatch.setenv("ESSAI", valeur)
    with pytest.raises(ImproperlyConfigured) as refus:
        getattr(Reglages(), methode)("ESSAI", *([5] if methode == "entier" else []))
    phrase = str(refus.value).replace("\u00a0", " ")
    assert phrase.startswith("Réglage ESSAI invalide :")
    assert attendu in phrase
    assert "Corrigez-le" in phrase


def test_un_choix_inconnu_dit_les_choix(monkeypatch):
    monkeypatch.setenv("ESSAI", "vert")
    with pytest.raises(ImproperlyConfigured, match="rouge, bleu"):
        Reglages().choix("ESSAI", "rouge", ("rouge", "bleu"))


def test_un_entier_vide_prend_le_defaut(monkeypatch):
    monkeypatch.setenv("ESSAI", "")
    assert Reglages().entier("ESSAI", 7) == 7


def test_un_manquant_est_nomme(monkeypatch):
    monkeypatch.delenv("ESSAI", raising=False)
    with pytest.raises(ImproperlyConfigured, match="Réglage ESSAI manquant"):
        Reglages().texte("ESSAI")


def test_une_valeur_secrete_n_est_jamais_montree(monkeypatch):
    monkeypatch.setenv("ESSAI_URL", "redis:motdepasse")
    with pytest.raises(ImproperlyConfigured) as refus:
        Reglages().courtier("ESSAI_URL")
    assert "motdepasse" not in str(refus.value)
    assert refus.value.__cause__ is None


@pytest.mark.parametrize("valeur", ["$HOME", "$ecret", "p$$ss", "a#b", "\\$x", "${HOME}"])
def test_un_dollar_ou_un_diese_est_un_caractere_comme_un_autre(monkeypatch, tmp_path, valeur):
    monkeypatch.setenv("ESSAI", valeur)
    monkeypatch.setenv("ESSAI_FICHIER", "x")
    monkeypatch.delenv("ESSAI_FICHIER")
    fichier = tmp_path / ".env"
    fichier.write_text(f"# commentaire\n\nESSAI_FICHIER={valeur}\n")
    reglages = Reglages(fichier)
    assert reglages.texte("ESSAI") == valeur
    assert reglages.texte("ESSAI_FICHIER") == valeur


def test_l_environnement_l_emporte_sur_le_fichier(monkeypatch, tmp_path):
    monkeypatch.setenv("ESSAI", "processus")
    fichier = tmp_path / ".env"
    fichier.write_text("ESSAI=fichier\n")
    assert Reglages(fichier).texte("ESSAI") == "processus"


@pytest.mark.parametrize("ligne", ["ESSAI = secret", "ESSAI: secret", "secret"])
def test_une_ligne_illisible_du_fichier_est_refusee_sans_etre_montree(tmp_path, ligne, caplog):
    fichier = tmp_path / ".env"
    fichier.write_text(f"# commentaire\n{ligne}\n")
    with pytest.raises(ImproperlyConfigured, match="ligne 2") as refus:
        Reglages(fichier)
    assert "secret" not in str(refus.value) + caplog.text


@pytest.mark.parametrize("cle", ["motdepasse", "a" * 44, "é" * 44, "a" * 42 + "=", "====" * 11])
def test_un_texte_quelconque_n_est_pas_une_cle_de_chiffrement(monkeypatch, cle):
    monkeypatch.setenv("ESSAI", f"{Fernet.generate_key().decode()},{cle}")
    with pytest.raises(ImproperlyConfigured, match="la clé n° 2 n’est pas") as refus:
        Reglages().cles_fernet("ESSAI")
    assert cle not in str(refus.value)


def test_les_cles_gardent_leur_ordre(monkeypatch):
    cles = [Fernet.generate_key().decode() for _ in range(3)]
    monkeypatch.setenv("ESSAI", " , ".join(cles))
    assert Reglages().cles_fernet("ESSAI") == cles


# --- start-up ----------------------------------------------------------------------------------------------------


def importer(expression: str, **reglages: str) -> subprocess.CompletedProcess[str]:
    """Load the settings in a new process, with nothing but these variables."""
    commande = [sys.executable, "-c", f"import config.settings as s; print({expression})"]
    env = {"PATH": os.environ["PATH"], **reglages}
    return subprocess.run(commande, cwd=RACINE, env=env, capture_output=True, text=True, check=False)


def test_une_production_complete_demarre():
    essai = importer("s.DATABASES['default']['PASSWORD'], s.SESSION_COOKIE_SECURE, s.BASE_PRIVEE", **PRODUCTION)
    assert (essai.stdout.strip(), essai.stderr) == ("p$ss True False", "")


def test_un_refus_arrete_le_processus_sans_montrer_la_valeur():
    essai = importer("1", **(PRODUCTION | {"REDIS_URL": "tressecret"}))
    assert essai.returncode != 0
    assert "Réglage REDIS_URL invalide" in essai.stderr
    assert "tressecret" not in essai.stderr


@pytest.mark.parametrize("nom", sorted(set(PRODUCTION) - {"PASSERELLE_ENV", "PASSERELLE_PRODUCTION"}))
def test_la_production_refuse_de_demarrer_sans(nom):
    assert f"Réglage {nom} manquant" in refus_de(**(PRODUCTION | {nom: ""}))


@pytest.mark.parametrize(
    ("nom", "valeur"),
    [
        ("DEBUG", "oui"),
        ("DATABASE_URL", "sqlite:///base.sqlite3"),
        ("DATABASE_URL", "postgres://cabinet:tressecret@base:port/cabinet"),
        ("DATABASE_URL", "postgres://cabinet:tressecret@base:5432"),
        ("DATABASE_URL", "tressecret"),
        ("REDIS_URL", "tressecret"),
        ("FERNET_KEYS", "tressecret"),
        ("FERNET_KEYS", PRODUCTION["SECRET_KEY"]),
        ("JOURNAL_NIVEAU", "BAVARD"),
        ("CONNEXION_ESSAIS", "cinq"),
        ("PASSERELLE_PRODUCTION", "ouais"),
    ],
)
def test_un_mauvais_reglage_arrete_le_demarrage_sans_se_montrer(nom, valeur):
    dit = refus_de(**(PRODUCTION | {nom: valeur}))
    assert f"Réglage {nom} invalide" in dit
    assert "tressecret" not in dit
    assert PRODUCTION["SECRET_KEY"] not in dit


def test_la_cle_de_chiffrement_n_est_pas_celle_des_sessions():
    assert "Réglage FERNET_KEYS invalide" in refus_de(**(PRODUCTION | {"SECRET_KEY": PRODUCTION["FERNET_KEYS"]}))


# --- .env.example ------------------------------------------------------------------------------------------------


def lus_par_les_reglages() -> dict[str, object]:
    """Name -> default when it is written as a constant, else None; read from the source of the settings."""
    lus: dict[str, object] = {"PASSERELLE_ENV": None}
    for noeud in ast.walk(ast.parse((RACINE / "config/settings.py").read_text())):
        if not (isinstance(noeud, ast.Call) and ast.unparse(noeud.func).startswith("reglages.") and noeud.args):
            continue
        nom = ast.literal_eval(noeud.args[0])
        defaut = noeud.args[1] if len(noeud.args) > 1 else None
        lus[nom] = lus.get(nom)
        try:
            lus[nom] = eval(compile(ast.Expression(defaut), "", "eval"), {"__builtins__": {}}) if defaut else lus[nom]
        except NameError:
            continue
    return lus


def exemple() -> dict[str, tuple[str, str]]:
    """Name -> (default shown, comment above)."""
    lignes = re.findall(r"((?:^# .*\n)+)#([A-Z][A-Z0-9_]*)=(.*)$", (RACINE / ".env.example").read_text(), re.MULTILINE)
    return {nom: (valeur, commentaire) for commentaire, nom, valeur in lignes}


def test_chaque_reglage_lu_est_documente_et_reciproquement():
    assert set(lus_par_les_reglages()) == set(exemple())


def test_les_defauts_documentes_sont_les_vrais():
    def ecrit(valeur: object) -> str:
        if isinstance(valeur, bool):
            return "oui" if valeur else "non"
        return ",".join(valeur) if isinstance(valeur, tuple) else str(valeur)

    reels = {nom: ecrit(valeur) for nom, valeur in lus_par_les_reglages().items() if valeur is not None}
    assert len(reels) > 20
    assert {nom: exemple()[nom][0] for nom in reels} == reels


def test_aucun_autre_fichier_ne_lit_l_environnement():
    permis = {"config/settings.py", "config/reglages.py"}
    lecture = re.compile(r"os\.(environ\b(?!\.setdefault\(\"DJANGO_SETTINGS_MODULE\"| \\|)|getenv)")
    fautes = [
        str(fichier.relative_to(RACINE))
        for app in ("config", "dossiers", "interlocuteurs", "raccordements")
        for fichier in (RACINE / app).rglob("*.py")
        if lecture.search(fichier.read_text())
    ]
    assert set(fautes) <= permis


@pytest.mark.parametrize("nom", ["RETENTION_AVIS_JOURS", "RETENTION_COURRIELS_JOURS"])
def test_un_rappel_n_est_pas_efface_avant_son_echeance(nom):
    cles = {"SECRET_KEY": "x" * 60, "FERNET_KEYS": Fernet.generate_key().decode()}
    dit = refus_de(PASSERELLE_ENV="", **cles, **{nom: "60"})
    assert f"Réglage {nom} invalide" in dit
    assert "Mettez 61 ou plus, ou 0" in dit


@pytest.mark.parametrize(
    ("reglages", "actif"),
    [({}, True), (PRODUCTION, False), (PRODUCTION | {"EMAIL_URL": "smtp://courriel.exemple.test"}, True)],
)
def test_en_production_la_console_n_est_pas_un_serveur_de_courriel(reglages, actif):
    cles = {"SECRET_KEY": PRODUCTION["SECRET_KEY"], "FERNET_KEYS": PRODUCTION["FERNET_KEYS"]}
    assert charger(**({"PASSERELLE_ENV": ""} | cles | reglages))["COURRIEL_ACTIF"] is actif
