"""The address of the mail server: read whole, and never shown when it is wrong."""

from __future__ import annotations

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.reglages import Reglages


def lire(monkeypatch: pytest.MonkeyPatch, valeur: str) -> dict[str, object]:
    monkeypatch.setenv("EMAIL_URL", valeur)
    return Reglages().courriel("EMAIL_URL")


def test_sans_adresse_les_messages_vont_a_la_console(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lire(monkeypatch, "") == {"EMAIL_BACKEND": "django.core.mail.backends.console.EmailBackend"}


@pytest.mark.parametrize(
    ("adresse", "port", "tls", "ssl"),
    [
        ("smtp://moi:mot%40de%3Apasse@courriel.example", 587, True, False),
        ("smtps://moi:mot%40de%3Apasse@courriel.example", 465, False, True),
        ("smtp://moi:mot%40de%3Apasse@courriel.example:2525/", 2525, True, False),
    ],
)
def test_une_adresse_complete(monkeypatch: pytest.MonkeyPatch, adresse: str, port: int, tls: bool, ssl: bool) -> None:
    lu = lire(monkeypatch, adresse)
    assert (lu["EMAIL_HOST"], lu["EMAIL_PORT"]) == ("courriel.example", port)
    assert (lu["EMAIL_HOST_USER"], lu["EMAIL_HOST_PASSWORD"]) == ("moi", "mot@de:passe")
    assert (lu["EMAIL_USE_TLS"], lu["EMAIL_USE_SSL"]) == (tls, ssl)


def test_un_serveur_de_cette_machine_se_passe_de_tls(monkeypatch: pytest.MonkeyPatch) -> None:
    assert lire(monkeypatch, "smtp://localhost:25")["EMAIL_USE_TLS"] is False


@pytest.mark.parametrize(
    "adresse",
    [
        "courriel.example",
        "https://moi:tres-secret@courriel.example",
        "smtp://moi:tres-secret@courriel.example:99999999",
        "smtp://moi:tres-secret@",
        "smtp://moi:tres-secret@courriel.example/chemin",
    ],
)
def test_une_mauvaise_adresse_est_refusee_sans_etre_montree(monkeypatch: pytest.MonkeyPatch, adresse: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="EMAIL_URL") as refus:
        lire(monkeypatch, adresse)
    assert "tres-secret" not in str(refus.value)
