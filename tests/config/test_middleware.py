"""Malformed addresses and cookies get a French 400, and never reach a view."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from config.middleware import LONGUEUR_REQUETE, EntreeSaineMiddleware


def passer(chemin="/admin/", requete="", **entetes):
    demande = RequestFactory().get(chemin, **entetes)
    demande.META["QUERY_STRING"] = requete
    return EntreeSaineMiddleware(lambda request: HttpResponse("vue"))(demande)


@pytest.mark.parametrize(
    ("requete", "motif"),
    [
        ("q=%00", "caractère interdit"),
        ("q=a%1Bb", "caractère interdit"),
        ("q=%7F", "caractère interdit"),
        ("%00=1", "caractère interdit"),
        ("q=\x00", "caractère interdit"),
        ("q=%FF%FE", "octets illisibles"),
        ("q=%C3", "octets illisibles"),
        ("q=%ED%A0%80", "octets illisibles"),
        ("q=" + "a" * LONGUEUR_REQUETE, "trop longue"),
    ],
)
def test_une_requete_malformee_est_refusee(requete, motif):
    reponse = passer(requete=requete)
    assert reponse.status_code == 400
    page = reponse.content.decode()
    assert motif in page
    assert '<html lang="fr">' in page


@pytest.mark.parametrize("chemin", ["/admin/%00/", "/admin/a%0Ab/", "/admin/%FF/", "/admin/%C3%28/"])
def test_un_chemin_malforme_est_refuse(chemin):
    assert passer(chemin).status_code == 400


@pytest.mark.parametrize("temoin", ['sessionid="\\000\\000\\000\\000\\000\\000\\000\\000"', 'csrftoken="a\\012b"'])
def test_un_temoin_malforme_est_refuse(temoin):
    assert passer(HTTP_COOKIE=temoin).status_code == 400


@pytest.mark.parametrize(
    "requete", ["", "q=%C3%A9t%C3%A9+au+Caf%C3%A9", "q=a%09b", "q=a%0D%0Ab", "o=1.-2&p=3", "q=100%25"]
)
def test_une_requete_ordinaire_passe(requete):
    assert passer(requete=requete).content == b"vue"


@pytest.mark.parametrize("chemin", ["/admin/dossiers/dossier/MANON001/", "/admin/%C3%A9t%C3%A9/", "/admin/a_2Fb/"])
def test_un_chemin_ordinaire_passe(chemin):
    assert passer(chemin).content == b"vue"


@given(st.binary(max_size=60))
def test_aucune_requete_ne_fait_tomber_le_filtre(octets):
    assert passer(requete=octets.decode("latin-1")).status_code in {200, 400}


def test_le_filtre_est_avant_les_sessions(settings):
    place = settings.MIDDLEWARE.index
    assert place("config.middleware.EntreeSaineMiddleware") < place(
        "django.contrib.sessions.middleware.SessionMiddleware"
    )
