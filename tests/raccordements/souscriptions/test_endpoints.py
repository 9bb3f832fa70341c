"""No hostile address is accepted, and none is called."""

import socket
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from raccordements.souscriptions import endpoints
from raccordements.souscriptions.endpoints import EndpointRefuse, NomIrresolu
from tests.raccordements.souscriptions.hostiles import HOSTILES, HOTES, PUBLIQUE, REBOND, RESEAU


def resoudre(hote):
    return RESEAU[hote]


@pytest.fixture(autouse=True)
def connexions(monkeypatch):
    """Every connection or question that leaves: there must be none."""
    tentees = []
    for nom in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, nom, lambda soi, *adresse: tentees.append(adresse))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *hote, **_: tentees.append(hote))
    yield tentees
    assert tentees == []


def test_il_y_en_a_au_moins_soixante():
    assert len(set(HOSTILES)) >= 60


@pytest.mark.parametrize("adresse", HOSTILES)
def test_une_adresse_hostile_est_refusee_a_la_saisie_et_a_l_emploi(adresse):
    for resolu_exige in (False, True):
        with pytest.raises(EndpointRefuse) as refus:
            endpoints.verifier(adresse, hotes=HOTES, resoudre=resoudre, resolu_exige=resolu_exige)
        assert refus.value.cause
        assert refus.value.remede
        assert "motdepasse" not in str(refus.value)


@pytest.mark.parametrize(
    ("adresse", "raison"),
    [
        ("http://pa.example/client", "commence par https"),
        ("https://user:motdepasse@pa.example/client", "identifiant ou un mot de passe"),
        ("https://pa.example:8443/client", "le port 8443"),
        ("https://pa.example/client?cle=abc", "paramètres"),
        ("https://pa.example/a%2fb", "chemin"),
        ("https://10.0.0.1/client", "nom public"),
        ("https://ailleurs.example/client", "pas admis"),
        ("https://interne.example/client", "pas publique"),
    ],
)
def test_le_refus_dit_ce_qui_ne_va_pas(adresse, raison):
    with pytest.raises(EndpointRefuse) as refus:
        endpoints.verifier(adresse, hotes=HOTES, resoudre=resoudre)
    assert raison in refus.value.cause


def test_un_nom_qui_change_de_reponse_est_refuse_a_l_emploi():
    rang = count()

    def rebondir(_):
        return REBOND[next(rang)]

    adresse = "https://rebond.example/client"
    assert endpoints.verifier(adresse, hotes=HOTES, resoudre=rebondir, resolu_exige=False) == adresse
    with pytest.raises(EndpointRefuse, match="n’est pas publique"):
        endpoints.verifier(adresse, hotes=HOTES, resoudre=rebondir)


def test_un_nom_muet_attend_a_la_saisie_et_se_dit_a_l_emploi():
    adresse = "https://vide.example/client"
    assert endpoints.verifier(adresse, hotes=HOTES, resoudre=resoudre, resolu_exige=False) == adresse
    with pytest.raises(NomIrresolu):
        endpoints.verifier(adresse, hotes=HOTES, resoudre=resoudre)


@pytest.mark.parametrize(
    ("adresse", "normale"),
    [
        ("https://pa.example/cegid/999000009_SERVICE-1", "https://pa.example/cegid/999000009_SERVICE-1"),
        ("  HTTPS://PA.Example:443/cegid/ ", "https://pa.example/cegid"),
        ("https://pa.example", "https://pa.example"),
        ("https://plateforme-agréée.fr/a", "https://xn--plateforme-agre-onba.fr/a"),
        ("https://xn--plateforme-agre-onba.fr/a", "https://xn--plateforme-agre-onba.fr/a"),
    ],
)
def test_une_adresse_permise_a_une_seule_ecriture(adresse, normale):
    assert endpoints.normaliser(adresse) == normale
    assert endpoints.normaliser(normale) == normale


def test_un_hote_international_se_lit_avec_son_punycode():
    assert endpoints.hote_lisible("pa.example") == "pa.example"
    assert endpoints.hote_lisible("xn--plateforme-agre-onba.fr") == "plateforme-agréée.fr (xn--plateforme-agre-onba.fr)"


@pytest.mark.parametrize("signe", ["\u212a", "ſ", "ﬁ", "Ⅷ", "\u200b", "\u2044"])
def test_aucun_signe_n_est_converti_en_lettre(signe):
    with pytest.raises(EndpointRefuse):
        endpoints.normaliser(f"https://p{signe}a.example/client")


@pytest.mark.parametrize(
    ("adresse", "publique"),
    [
        (PUBLIQUE, True),
        ("8.8.8.8", True),
        ("2a00:1450:4007:80e::2003", True),
        ("10.0.0.1", False),
        ("172.16.0.1", False),
        ("192.168.0.1", False),
        ("127.0.0.1", False),
        ("0.0.0.0", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("192.0.0.192", False),
        ("192.0.2.1", False),
        ("198.18.0.1", False),
        ("192.88.99.1", False),
        ("168.63.129.16", False),
        ("224.0.0.1", False),
        ("240.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("::ffff:8.8.8.8", False),
        ("::8.8.8.8", False),
        ("64:ff9b::808:808", False),
        ("64:ff9b:1::808:808", False),
        ("2002:808:808::1", False),
        ("2001::1", False),
        ("2001:db8::1", False),
        ("3fff::1", False),
        ("fc00::1", False),
        ("fd00:ec2::254", False),
        ("fe80::1", False),
        ("ff02::1", False),
        ("pas une adresse", False),
    ],
)
def test_seules_les_adresses_publiques_le_sont(adresse, publique):
    assert endpoints.adresse_publique(adresse) is publique


def test_en_production_un_nom_d_exemple_est_demande_comme_un_autre(settings, monkeypatch, connexions):
    assert endpoints.resoudre_nom("pa.example") == [endpoints.ADRESSE_DE_DEMONSTRATION]
    settings.PRODUCTION = True

    def absent(*_, **__):
        raise socket.gaierror("unknown")

    monkeypatch.setattr(socket, "getaddrinfo", absent)
    with pytest.raises(NomIrresolu):
        endpoints.resoudre_nom("pa.example")


@given(st.text(max_size=40))
def test_rien_de_ce_qui_se_tape_ne_fait_autre_chose_que_passer_ou_etre_refuse(suite):
    for adresse in (suite, f"https://{suite}", f"https://pa.example{suite}"):
        try:
            normale = endpoints.verifier(adresse, hotes=HOTES, resoudre=resoudre)
        except (EndpointRefuse, NomIrresolu):
            continue
        assert endpoints.hote_de(normale) in {"pa.example"}
