"""The ground of the simulators, over real HTTP: faults, counts, clock, store, process."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import httpx
import pytest
from django.core.management import CommandError, call_command

from config.simulateur import PANNES, PanneInvalide, ReponseSimulee, Simulateur, route
from tests.epreuves import repetitions

RACINE = Path(__file__).resolve().parents[2]
# Nothing here speaks TLS, and httpx reads the authorities again for each call, at ten times the price of the call.
lire, poster = partial(httpx.get, verify=False), partial(httpx.post, verify=False)


class Compteur(Simulateur):
    prefixe = "/api"

    @route("POST", "/ajouts")
    def ajouter(self, requete):
        self.compter(requete, requete.corps["nom"])
        if requete.corps["nom"] == "casse":
            raise RuntimeError("défaut voulu")
        return ReponseSimulee(corps={"ajoute": requete.corps["nom"], "texte": "é" * 20})

    @route("GET", "/heure")
    def heure(self, requete):
        return ReponseSimulee(corps={"heure": self.maintenant().isoformat(), "recu": requete.corps})

    @route("POST", "/_simulateur/salut")
    def saluer(self, requete):
        return ReponseSimulee(corps={"salut": requete.corps["a"]})


@pytest.fixture
def sim():
    with Compteur() as sim:
        yield sim


def ajouter(sim, nom="a", **options):
    return poster(f"{sim.url}/ajouts", json={"nom": nom}, timeout=5, **options)


def appliques(sim):
    return sim.compte()["appliques"].get("POST /ajouts", {})


def test_compte_les_appels_et_les_effets_par_reference(sim):
    for nom in ("a", "a", "b"):
        assert ajouter(sim, nom).status_code == 200
    lire(f"{sim.url}/heure")
    compte = lire(f"{sim.racine}/_simulateur/compte").json()
    assert compte == {
        "appliques": {"POST /ajouts": {"a": 2, "b": 1}},
        "appels": {"POST /ajouts": 3, "GET /heure": 1},
    }


def test_un_traitement_en_defaut_n_applique_rien(sim):
    assert ajouter(sim, "casse").status_code == 500
    assert appliques(sim) == {}


def test_chemin_et_methode_inconnus(sim):
    assert lire(f"{sim.url}/inconnu").json() == {"statusCode": 404, "message": "Resource not found"}
    assert lire(f"{sim.url}/ajouts").status_code == 404
    assert lire(f"{sim.racine}/ailleurs").status_code == 404


def test_un_get_peut_porter_un_corps_json(sim):
    assert httpx.request("GET", f"{sim.url}/heure", json={"a": 1}, verify=False).json()["recu"] == {"a": 1}


def test_n_ecoute_que_la_boucle_locale(sim):
    assert sim._serveur.socket.getsockname()[0] == "127.0.0.1"


def test_horloge_mobile(sim):
    avant = sim.maintenant()
    assert poster(f"{sim.racine}/_simulateur/horloge", json={"avance_secondes": 86400}).status_code == 200
    assert 86399 < (sim.maintenant() - avant).total_seconds() < 86410
    sim.remettre_a_zero()
    assert (sim.maintenant() - avant).total_seconds() < 60


def test_remise_a_zero(sim):
    ajouter(sim)
    sim.poser_pannes([{"type": "503", "fois": -1}])
    poster(f"{sim.racine}/_simulateur/remise_a_zero")
    assert sim.compte() == {"appliques": {}, "appels": {}}
    assert lire(f"{sim.racine}/_simulateur/etat").json()["pannes"] == []
    assert ajouter(sim).status_code == 200


def test_un_simulateur_ajoute_ses_commandes(sim):
    assert poster(f"{sim.racine}/_simulateur/salut", json={"a": 1}).json() == {"salut": 1}
    assert poster(f"{sim.racine}/_simulateur/salut", json={}).status_code == 400
    assert poster(f"{sim.racine}/_simulateur/inconnue").status_code == 404


@pytest.mark.parametrize("pannes", [[{"type": "inconnue"}], [{}], ["429"], [{"type": "429", "secondse": 1}], None])
def test_panne_invalide(sim, pannes):
    assert poster(f"{sim.racine}/_simulateur/pannes", json=pannes).status_code == 400


def test_panne_invalide_ne_change_rien(sim):
    sim.poser_pannes([{"type": "503"}])
    with pytest.raises(PanneInvalide):
        sim.poser_pannes([{"type": "429"}, {"type": "inconnue"}])
    assert ajouter(sim).status_code == 503


def test_une_panne_vise_un_chemin_un_corps_et_un_nombre_de_fois(sim):
    panne = {"type": "503", "chemin": "/ajouts", "si": {"nom": "b"}, "fois": 2}
    poster(f"{sim.racine}/_simulateur/pannes", json=[panne])
    assert ajouter(sim, "a").status_code == 200
    assert lire(f"{sim.url}/heure").status_code == 200
    assert [ajouter(sim, "b").status_code for _ in range(3)] == [503, 503, 200]


def test_les_tirages_sont_rejouables(sim):
    def tirages(graine):
        pannes = {"graine": graine, "pannes": [{"type": "503", "proba": 0.5, "fois": -1}]}
        poster(f"{sim.racine}/_simulateur/pannes", json=pannes)
        return [ajouter(sim).status_code for _ in range(20)]

    premier = tirages(1)
    assert set(premier) == {200, 503}
    assert tirages(1) == premier != tirages(2)


@pytest.mark.parametrize(
    ("panne", "statut", "attente", "effets"),
    [
        ({"type": "401"}, 401, None, {}),
        ({"type": "403_retry_after", "retry_after": 5}, 403, "5", {}),
        ({"type": "429", "retry_after": 7}, 429, "7", {}),
        ({"type": "500_avant"}, 500, None, {}),
        ({"type": "500_apres"}, 500, None, {"a": 1}),
        ({"type": "503"}, 503, None, {}),
        ({"type": "503", "retry_after": 2}, 503, "2", {}),
        ({"type": "html_200"}, 200, None, {}),
        ({"type": "html_200", "applique": True}, 200, None, {"a": 1}),
    ],
)
def test_pannes_par_statut(sim, panne, statut, attente, effets):
    sim.poser_pannes([panne])
    reponse = ajouter(sim)
    assert (reponse.status_code, reponse.headers.get("retry-after")) == (statut, attente)
    assert appliques(sim) == effets
    assert reponse.headers["content-type"].startswith(
        "text/html" if panne["type"] == "html_200" else "application/json"
    )


def test_latence(sim):
    sim.poser_pannes([{"type": "latence", "secondes": 0.3}])
    debut = time.monotonic()
    assert ajouter(sim).status_code == 200
    assert time.monotonic() - debut >= 0.3


@pytest.mark.parametrize(("genre", "effets"), [("coupure_avant", {}), ("coupure_apres", {"a": 1})])
def test_coupures(sim, genre, effets):
    sim.poser_pannes([{"type": genre}])
    with pytest.raises(httpx.ReadError):
        ajouter(sim)
    assert appliques(sim) == effets
    assert ajouter(sim).status_code == 200


def test_coupure_tardive_applique_apres_coup(sim):
    sim.poser_pannes([{"type": "coupure_tardive", "secondes": 0.3}])
    with pytest.raises(httpx.ReadError):
        ajouter(sim)
    assert appliques(sim) == {}
    assert lire(f"{sim.racine}/_simulateur/etat").json()["ecritures_tardives"] == 1
    fin = time.monotonic() + 5
    while appliques(sim) != {"a": 1}:
        assert time.monotonic() < fin
        time.sleep(0.02)


def test_une_remise_a_zero_oublie_les_ecritures_tardives(sim):
    sim.poser_pannes([{"type": "coupure_tardive", "secondes": 0.2}])
    with pytest.raises(httpx.ReadError):
        ajouter(sim)
    sim.remettre_a_zero()
    time.sleep(0.4)
    assert appliques(sim) == {}


def test_json_tronque_a_bonne_figure(sim):
    sim.poser_pannes([{"type": "json_tronque"}])
    reponse = ajouter(sim)
    assert (reponse.status_code, reponse.headers["content-type"]) == (200, "application/json")
    assert len(reponse.content) == int(reponse.headers["content-length"])
    with pytest.raises(json.JSONDecodeError):
        reponse.json()
    assert appliques(sim) == {"a": 1}


@pytest.mark.parametrize("genre", ["goutte_entetes", "goutte_corps"])
def test_gouttes(sim, genre):
    sim.poser_pannes([{"type": genre, "secondes": 0.005}])
    debut = time.monotonic()
    assert ajouter(sim).json()["ajoute"] == "a"
    assert time.monotonic() - debut > 0.2
    assert appliques(sim) == {"a": 1}


def test_toutes_les_pannes_annoncees_sont_jouables(sim):
    for genre in sorted(PANNES):
        sim.poser_pannes([{"type": genre, "secondes": 0.001}])
        try:
            ajouter(sim)
        except httpx.TransportError:
            assert genre.startswith("coupure")
    assert sim._pannes[0].fois == 0


def test_l_arret_coupe_les_connexions_ouvertes():
    sim = Compteur()
    sim.demarrer()
    with httpx.Client(verify=False) as client:
        client.get(f"{sim.url}/heure")
        sim.arreter()
        with pytest.raises(httpx.TransportError):
            client.get(f"{sim.url}/heure")


def test_seize_clients_a_la_fois(sim):
    def client():
        with httpx.Client(verify=False) as http:
            statuts.extend(http.post(f"{sim.url}/ajouts", json={"nom": "a"}).status_code for _ in range(combien))

    combien, statuts = repetitions(10, 25), []
    fils = [threading.Thread(target=client) for _ in range(16)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert statuts == [200] * 16 * combien
    assert appliques(sim) == {"a": 16 * combien}


def test_le_magasin_survit_a_un_arret(tmp_path):
    magasin = str(tmp_path / "magasin.sqlite3")
    with Compteur(magasin=magasin) as sim:
        ajouter(sim)
    with Compteur(magasin=magasin) as sim:
        assert appliques(sim) == {"a": 1}


@pytest.mark.epreuve
def test_la_commande_sert_puis_s_arrete_proprement(tmp_path):
    magasin = tmp_path / "sous" / "loop.sqlite3"
    commande = [sys.executable, "manage.py", "simulateur", "loop", "--port", "0", "--magasin", str(magasin)]
    with subprocess.Popen(commande, cwd=RACINE, env=os.environ, stdout=subprocess.PIPE, text=True) as processus:
        try:
            racine = processus.stdout.readline().split("http://")[1].split("/")[0]
            assert lire(f"http://{racine}/_simulateur/etat").json()["nom"] == "loop"
            processus.send_signal(signal.SIGTERM)
            assert processus.wait(10) == 0
        finally:
            processus.kill()
    assert magasin.exists()


@pytest.fixture
def signaux():
    """The command takes the signals that end a process: they are given back."""
    avant = {signum: signal.getsignal(signum) for signum in (signal.SIGTERM, signal.SIGINT)}
    yield
    for signum, gestionnaire in avant.items():
        signal.signal(signum, gestionnaire)


def test_la_commande_dit_quand_le_port_est_pris(sim, signaux):
    with pytest.raises(CommandError, match="est déjà pris"):
        call_command("simulateur", "loop", port=sim._serveur.server_address[1])
