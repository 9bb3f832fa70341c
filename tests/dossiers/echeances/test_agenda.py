"""The private calendar: read by another library, by nobody without its address, and only what its owner may see."""

from __future__ import annotations

import json
import logging
from datetime import date, timedelta
from typing import Any

import pytest
import vobject
from django.test import Client
from django.utils import timezone

from config.journaux import FormatJSON
from config.masquage import FiltreMasque, masquer_texte
from dossiers.models import Agenda, Collaborateur, Dossier, Evenement
from tests.fabriques import CleApiFactory, CollaborateurFactory, DossierFactory, ImportEcrituresFactory

pytestmark = pytest.mark.django_db
GERER = "/admin/mon-compte/agenda/"


def dans(jours: int) -> date:
    return timezone.localdate() + timedelta(days=jours)


def entrer(client: Client, personne: Any) -> Client:
    client.force_login(personne, backend="django.contrib.auth.backends.ModelBackend")
    return client


def creer(client: Client) -> str:
    """The path of a new calendar, as the page shows it."""
    reponse = client.post(GERER, {"geste": "creer"})
    assert "no-store" in reponse["Cache-Control"]
    debut = reponse.content.decode().partition('value="http://localhost:8000')[2]
    return debut.partition('"')[0]


@pytest.fixture
def administrateur() -> Any:
    return CollaborateurFactory(administrateur=True)


def test_l_agenda_se_lit_avec_une_autre_bibliotheque(client: Client, administrateur: Any) -> None:
    nom = "Clé au nom très long, avec des accents éèà ; des virgules, et une fin \\ étrange"[:80]
    cle = CleApiFactory(nom=nom, expire_le=dans(41))
    chemin = creer(entrer(client, administrateur))
    reponse = Client().get(chemin)
    assert reponse.status_code == 200
    assert reponse["Content-Type"] == "text/calendar; charset=utf-8"
    assert reponse["Cache-Control"] == "private, no-cache"
    octets = reponse.content
    assert octets.endswith(b"\r\n")
    assert b"\n" not in octets.replace(b"\r\n", b"")
    assert max(map(len, octets.split(b"\r\n"))) <= 75
    [entree] = vobject.readOne(octets.decode()).vevent_list
    assert entree.uid.value == f"cle-{cle.pk}@passerelle"
    assert (entree.dtstart.value, entree.dtend.value) == (dans(41), dans(42))
    assert entree.summary.value == f"Clé d’API : Clé « {nom} »"
    assert f"http://localhost:8000/admin/dossiers/cleapi/{cle.pk}/change/" in entree.description.value
    assert "VALARM" not in octets.decode()


def test_l_etag_evite_de_relire(client: Client, administrateur: Any) -> None:
    CleApiFactory(expire_le=dans(41))
    chemin = creer(entrer(client, administrateur))
    etag = Client().get(chemin)["ETag"]
    assert Client().get(chemin, headers={"if-none-match": etag}).status_code == 304
    CleApiFactory(expire_le=dans(42))
    assert Client().get(chemin, headers={"if-none-match": etag}).status_code == 200


def test_une_adresse_remplacee_ou_revoquee_ne_repond_plus(client: Client, administrateur: Any) -> None:
    entrer(client, administrateur)
    premiere, seconde = creer(client), creer(client)
    assert Client().get(premiere).status_code == 404
    assert Client().get(seconde).status_code == 200
    client.post(GERER, {"geste": "revoquer"})
    assert Client().get(seconde).status_code == 404
    assert Agenda.objects.count() == 0
    assert list(Evenement.objects.filter(acteur=administrateur).order_by("pk").values_list("texte", flat=True)) == [
        "Adresse de l’agenda privé créée.",
        "Adresse de l’agenda privé remplacée ; l’ancienne ne répond plus.",
        "Adresse de l’agenda privé révoquée.",
    ]


def test_un_compte_ferme_n_a_plus_d_agenda(client: Client, administrateur: Any) -> None:
    chemin = creer(entrer(client, administrateur))
    Collaborateur.objects.update(is_active=False)
    assert Client().get(chemin).status_code == 404


def test_le_jeton_n_est_garde_nulle_part(client: Client, administrateur: Any) -> None:
    jeton = creer(entrer(client, administrateur)).split("/")[-1].removesuffix(".ics")
    assert len(jeton) == 43  # 256 bits
    agenda = Agenda.objects.get()
    assert agenda.empreinte == Agenda.hacher(jeton) != jeton
    assert jeton not in client.get("/admin/mon-compte/avis/").content.decode()
    assert not Evenement.objects.filter(texte__contains=jeton).exists()


def test_le_jeton_n_est_jamais_dans_les_journaux(
    client: Client, administrateur: Any, caplog: pytest.LogCaptureFixture
) -> None:
    chemin = creer(entrer(client, administrateur))
    jeton = chemin.split("/")[-1].removesuffix(".ics")
    with caplog.at_level(logging.INFO):
        assert Client().get(chemin).status_code == 200
        Client().get(f"/agenda/{jeton}")
    lignes = [record for record in caplog.records if "/agenda/" in record.getMessage()]
    assert lignes
    for record in lignes:
        brute = record.getMessage()
        FiltreMasque().filter(record)
        assert jeton not in record.getMessage()
        assert jeton not in FormatJSON().format(record), json.dumps(brute)
    assert masquer_texte("GET /agenda/abcdefghij.ics 200") == "GET /agenda/••• 200"


def test_l_agenda_ne_montre_que_ce_que_la_personne_voit_aujourd_hui(client: Client) -> None:
    moi = CollaborateurFactory(collaborateur=True, portefeuille=True)
    dossier = DossierFactory(maitre_dossier=moi.login_loop)
    for un in (dossier, DossierFactory()):
        ImportEcrituresFactory(lien=True, dossier=un, lien_jusqu_au=timezone.now() + timedelta(days=3))
    CleApiFactory(nom="Clé du cabinet", expire_le=dans(3))
    chemin = creer(entrer(client, moi))
    lu = vobject.readOne(Client().get(chemin).content.decode())
    assert len([entree for entree in lu.vevent_list if entree.summary.value.startswith("Lien signé")]) == 1
    assert "signature-inventee" not in Client().get(chemin).content.decode()
    Dossier.objects.update(maitre_dossier="")
    contenu = Client().get(chemin).content.decode()
    assert "Lien signé" not in contenu


def test_un_agenda_vide_reste_un_agenda(client: Client, administrateur: Any) -> None:
    lu = vobject.readOne(Client().get(creer(entrer(client, administrateur))).content.decode())
    assert not hasattr(lu, "vevent")


@pytest.mark.parametrize("chemin", ["/agenda/x.ics", f"/agenda/{'a' * 43}.ics", "/agenda/", f"/agenda/{'é' * 43}.ics"])
def test_une_adresse_inventee_n_existe_pas(client: Client, chemin: str) -> None:
    assert client.get(chemin).status_code == 404


def test_l_agenda_se_gere_par_post_et_seulement_par_son_proprietaire(client: Client, administrateur: Any) -> None:
    assert client.post(GERER, {"geste": "creer"}).status_code == 302  # to the login
    assert Agenda.objects.count() == 0
    entrer(client, administrateur)
    assert client.get(GERER).status_code == 405
    assert client.post(GERER, {"geste": "autre"}).status_code == 400
    chemin = creer(client)
    assert Client().post(chemin).status_code == 405
