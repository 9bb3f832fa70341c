import socket

import httpx
import pytest
from django.db import connection

from tests.reseau import ReseauFerme


@pytest.mark.parametrize("adresse", [("192.0.2.1", 80), ("2001:db8::1", 80, 0, 0), ("exemple.test", 80)])
def test_une_connexion_hors_de_la_machine_est_refusee(adresse):
    famille = socket.AF_INET6 if ":" in adresse[0] else socket.AF_INET
    with socket.socket(famille) as prise:
        with pytest.raises(ReseauFerme):
            prise.connect(adresse)
        with pytest.raises(ReseauFerme):
            prise.connect_ex(adresse)


def test_un_nom_n_est_pas_cherche():
    with pytest.raises(ReseauFerme):
        socket.getaddrinfo("exemple.test", 443)


def test_httpx_ne_sort_pas():
    with pytest.raises(ReseauFerme):
        httpx.get("http://exemple.test/")


def test_la_boucle_locale_reste_ouverte():
    with socket.create_server(("127.0.0.1", 0)) as serveur:
        socket.create_connection(("localhost", serveur.getsockname()[1])).close()


@pytest.mark.django_db
def test_la_base_est_un_postgresql_de_test():
    with connection.cursor() as curseur:
        curseur.execute("SELECT current_database(), version()")
        base, version = curseur.fetchone()
    assert base.startswith("test_")
    assert version.startswith("PostgreSQL")
