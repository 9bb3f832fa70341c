"""One id from the web page to the task and to the remote call; JSON lines without a secret."""

import io
import json
import logging

import httpx
import pytest
from celery import shared_task
from django.http import HttpResponse
from django.test import RequestFactory

from config import journaux
from config.http import ErreurPassagere, Transport
from config.journaux import ENTETE, RequeteMiddleware, requete_courante


def formateur(forme="json"):
    """A logger set as the settings do, and what it writes."""
    sortie = io.StringIO()
    poignee = logging.StreamHandler(sortie)
    reglages = journaux.configuration(niveau="INFO", forme=forme)
    for filtre in reglages["handlers"]["console"]["filters"]:
        poignee.addFilter(reglages["filters"][filtre]["()"]())
    poignee.setFormatter(journaux.FormatJSON())
    journal = logging.Logger("essai")
    journal.addHandler(poignee)
    return journal, sortie


# --- lines -------------------------------------------------------------------------------------------------------


def test_une_ligne_json_porte_la_requete_et_ses_champs():
    journal, sortie = formateur()
    jeton = requete_courante.set("requete-1")
    journal.info("dossier %s", "044212", extra={"champs": {"duree_ms": 12, "message": "n’écrase rien"}})
    requete_courante.reset(jeton)
    ligne = json.loads(sortie.getvalue())
    assert (ligne["requete"], ligne["niveau"], ligne["duree_ms"]) == ("requete-1", "INFO", 12)
    assert ligne["message"] == "dossier 044212"


def test_une_ligne_json_est_masquee_partout():
    journal, sortie = formateur()
    try:
        raise ValueError("token=zQx-secret-9")
    except ValueError:
        journal.exception("x-apikey: zQx-secret-9", extra={"champs": {"chemin": "/f?sig=zQx-secret-9"}})
    assert sortie.getvalue().count("\n") == 1
    assert "zQx" not in sortie.getvalue()
    assert "ValueError" in json.loads(sortie.getvalue())["exception"]


def test_hors_d_une_requete_il_n_y_a_qu_un_tiret():
    journal, sortie = formateur()
    journal.warning("seul")
    assert json.loads(sortie.getvalue())["requete"] == "-"


# --- web ---------------------------------------------------------------------------------------------------------


def servir(**entetes):
    vus = []

    def vue(request):
        vus.append(requete_courante.get())
        return HttpResponse("fait")

    reponse = RequeteMiddleware(vue)(RequestFactory().get("/admin/", **entetes))
    return reponse[ENTETE], vus


def test_une_requete_recoit_un_identifiant_et_le_rend():
    rendu, vus = servir()
    assert [rendu] == vus
    assert len(rendu) == 32
    assert requete_courante.get() == ""


def test_un_identifiant_recu_est_garde():
    assert servir(HTTP_X_REQUEST_ID="mandataire-0001") == ("mandataire-0001", ["mandataire-0001"])


@pytest.mark.parametrize("recu", ["court", "a" * 65, "avec espace!", "ligne\nsuivante", "é" * 10])
def test_un_identifiant_malforme_est_remplace(recu):
    rendu, _ = servir(HTTP_X_REQUEST_ID=recu)
    assert rendu != recu
    assert len(rendu) == 32


def test_la_requete_web_s_ecrit_sans_ce_que_l_on_cherche(client, caplog, db):
    with caplog.at_level("INFO", logger="config.acces"):
        client.get("/admin/login/?next=nom-cherche")
    (ligne,) = [r for r in caplog.records if r.name == "config.acces"]
    assert ligne.champs["chemin"] == "/admin/login/"
    assert "nom-cherche" not in caplog.text


# --- tasks and calls ---------------------------------------------------------------------------------------------


@shared_task(name="tests.noter_la_requete", bind=True)
def noter_la_requete(self):
    return requete_courante.get()


def jouer(entetes):
    """Run the task as a worker does with a message of these headers."""
    from celery.app.trace import build_tracer

    noter_la_requete.request.clear()
    tracer = build_tracer(noter_la_requete.name, noter_la_requete, app=noter_la_requete.app)
    return tracer("numero", (), {}, request={"id": "numero", "is_eager": True, **entetes}).retval


def test_une_tache_reprend_la_requete_qui_l_a_demandee():
    entetes = {}
    jeton = requete_courante.set("requete-2")
    journaux._porter(headers=entetes)
    requete_courante.reset(jeton)
    assert jouer(entetes) == "requete-2"
    assert requete_courante.get() == ""


def test_une_tache_que_personne_n_a_demandee_a_la_sienne():
    entetes = {}
    journaux._porter(headers=entetes)
    assert entetes == {}
    assert len(jouer(entetes)) == 32


def distant(repondre):
    return Transport(
        "https://api.exemple.test",
        entetes={},
        secrets=["zQx-secret-9"],
        delai_total=5,
        taille_max=1000,
        transport=httpx.MockTransport(repondre),
    )


def test_un_appel_s_ecrit_sans_adresse_complete_ni_secret(caplog):
    with caplog.at_level("INFO", logger="config.appels"):
        distant(lambda requete: httpx.Response(200, json={})).envoyer(
            "GET", "/zQx-secret-9/fiche", params={"nom": "cherche"}, ecriture=False
        )
    (ligne,) = [r for r in caplog.records if r.name == "config.appels"]
    assert (ligne.champs["issue"], ligne.champs["statut"]) == ("reussi", 200)
    assert "zQx" not in caplog.text + str(ligne.champs)
    assert "cherche" not in caplog.text


def test_un_appel_en_echec_dit_sa_famille(caplog):
    def tarder(requete):
        raise httpx.ReadTimeout("lent")

    with caplog.at_level("INFO", logger="config.appels"), pytest.raises(ErreurPassagere):
        distant(tarder).envoyer("POST", "/fiche", ecriture=True)
    assert [r.champs["issue"] for r in caplog.records if r.name == "config.appels"] == ["passagere"]


def test_le_reveil_porte_la_requete_jusqu_au_courtier(monkeypatch):
    from dossiers import tasks
    from dossiers.operations import reveil

    vues = []
    monkeypatch.setattr(tasks.travailler, "apply_async", lambda *a, **o: vues.append(requete_courante.get()))
    jeton = requete_courante.set("requete-3")
    reveil._poster({1: 1})
    requete_courante.reset(jeton)
    reveil._expediteur.submit(str).result(5)
    assert vues == ["requete-3"]
