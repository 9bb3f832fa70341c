"""Every answer that is not the expected one, at each call, and its family: tables, without a server."""

from datetime import date
from types import SimpleNamespace

import httpx
import pytest
import respx

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurPassagere
from raccordements.od import contrat
from raccordements.od.erreurs import (
    CLE_ABONNEMENT_REFUSEE,
    CLE_API_REFUSEE,
    CONNEXION_REFUSEE,
    JETON_REFUSE,
    DejaAilleurs,
)
from raccordements.od.matelas import CABINET, PLATEFORMES
from raccordements.od.schemas import Demandeur, DonneesConnexion, Issue, Ligne, Niveau, Qualite

URLS = {"od": "https://od.exemple", "compte": "https://compte.exemple"}
API_KEY = "CLE:secret-de-connexion-invente"
SIREN = "990001018"
LIGNE = Ligne(niveau=Niveau.SUFFIXE, siren=SIREN, suffixe="12345678901234", siret="99000101800011")
ENDPOINT = "https://pdp.exemple.test/od/1"
DU = date(2026, 12, 1)
DEMANDEUR = Demandeur(qualite=Qualite.ADMINISTRATEUR_HABILITE, nom="Camille Inventée", email="c@exemple.test")
BON_JETON = {"accessToken": "jeton-invente", "tokenType": "Bearer", "expiresIn": 3600}
PLATEFORME = {"registrationNumber": "0901", "name": "Plateforme Fictive"}
ONBOARDING = {"onboardingId": "O1", "status": "rightsValidated", "platform": PLATEFORME}
SOUSCRIPTION = {
    "subscriptionId": "S1",
    "status": "subscribed",
    "platform": PLATEFORME,
    "endpoint": ENDPOINT,
    "effectiveDate": "2026-12-01",
    "endDate": None,
}
CONNEXION = {"onboardingId": "O1", "connectionData": {"apiKey": API_KEY}}
SUR_LA_LIGNE = {
    "level": "Suffix",
    "siren": SIREN,
    "suffix": "12345678901234",
    "identifier": f"{SIREN}_12345678901234",
}
INVALIDE = 'Bearer error="invalid_token"'


@pytest.fixture
def reseau():
    with respx.mock(assert_all_called=True) as routeur:
        yield routeur


@pytest.fixture
def cabinet(ouvrir_cabinet):
    return ouvrir_cabinet(URLS)


@pytest.fixture
def plateforme(ouvrir_plateforme):
    return ouvrir_plateforme(URLS, DonneesConnexion(f'{{"apiKey": "{API_KEY}"}}'), LIGNE)


@pytest.fixture
def jeton(reseau):
    return reseau.post("https://compte.exemple/token").mock(return_value=httpx.Response(200, json=BON_JETON))


# --- requests ----------------------------------------------------------------------------------------------------


def corps(appel):
    return httpx.Response(200, content=appel.calls[0].request.content).json()


def test_ce_qui_part_du_cabinet(reseau, cabinet):
    ouvrir = reseau.post("https://od.exemple/onboardings").mock(return_value=httpx.Response(201, json=ONBOARDING))
    lire = reseau.get("https://od.exemple/addressingLines").mock(
        return_value=httpx.Response(200, json={"addressingLine": SUR_LA_LIGNE})
    )
    cabinet.valider_droits(LIGNE, DEMANDEUR, "0901")
    assert cabinet.lire_ligne(LIGNE).onboardings == ()
    entetes = ouvrir.calls[0].request.headers
    assert entetes["x-apikey"] == f"{CABINET['cle_publique']}:{CABINET['client_secret']}"
    assert entetes["ocp-apim-subscription-key"] == CABINET["cle_abonnement"]
    assert "authorization" not in entetes
    assert corps(ouvrir) == {
        "addressingLine": SUR_LA_LIGNE,
        "requester": {"quality": "authorizedAdministrator", "name": "Camille Inventée", "email": "c@exemple.test"},
        "platform": {"registrationNumber": "0901"},
    }
    assert dict(lire.calls[0].request.url.params) == {"level": "Suffix", "identifier": f"{SIREN}_12345678901234"}


def test_ce_qui_part_de_la_plateforme(reseau, jeton, plateforme):
    appel = reseau.post("https://od.exemple/subscriptions").mock(return_value=httpx.Response(201, json=SOUSCRIPTION))
    plateforme.souscrire(ENDPOINT, du=DU)
    assert corps(jeton) == {"apiKey": API_KEY, "addressingLine": SUR_LA_LIGNE}
    assert "ocp-apim-subscription-key" not in jeton.calls[0].request.headers
    entetes = appel.calls[0].request.headers
    assert entetes["authorization"] == "Bearer jeton-invente"
    assert entetes["ocp-apim-subscription-key"] == PLATEFORMES[0]["cle_abonnement"]
    assert "x-apikey" not in entetes
    assert corps(appel) == {
        "addressingLine": SUR_LA_LIGNE,
        "endpoint": ENDPOINT,
        "effectiveDate": "2026-12-01",
        "endDate": None,
    }


def test_les_mots_des_niveaux_se_reglent(reseau, ouvrir_cabinet, settings):
    niveaux = settings.OD_NIVEAUX | {"SIREN_SUFFIXE": "Siret + Suffix"}
    ouvrir = reseau.post("https://od.exemple/onboardings").mock(return_value=httpx.Response(201, json=ONBOARDING))
    ouvrir_cabinet(URLS, niveaux=niveaux).valider_droits(LIGNE, DEMANDEUR, "0901")
    assert corps(ouvrir)["addressingLine"]["level"] == "Siret + Suffix"


def test_un_numero_ne_sort_pas_de_son_chemin(reseau, cabinet):
    appel = reseau.post(url__startswith="https://od.exemple/").mock(
        return_value=httpx.Response(200, json=ONBOARDING | {"onboardingId": "a/../b?c"})
    )
    assert cabinet.annuler_onboarding("a/../b?c") is Issue.TERMINEE
    assert appel.calls[0].request.url.raw_path == b"/onboardings/a%2F..%2Fb%3Fc/cancel"


# --- failures ----------------------------------------------------------------------------------------------------


def refus(statut, code="Interdit", **details):
    return httpx.Response(statut, json={"code": code, "message": "Refusé.", **details})


GESTES = {
    "valider": ("POST", "/onboardings", True, lambda c, p: c.valider_droits(LIGNE, DEMANDEUR, "0901")),
    "recevoir": ("POST", "/onboardings/O1/connectionData", True, lambda c, p: c.recevoir_connexion("O1")),
    "annuler": ("POST", "/onboardings/O1/cancel", True, lambda c, p: c.annuler_onboarding("O1")),
    "souscrire": ("POST", "/subscriptions", True, lambda c, p: p.souscrire(ENDPOINT, du=DU)),
    "terminer": ("POST", "/subscriptions/S1/end", True, lambda c, p: p.terminer("S1", au=DU)),
    "lire": ("GET", "/addressingLines", False, lambda c, p: c.lire_ligne(LIGNE)),
    "souscriptions": ("GET", "/subscriptions", False, lambda c, p: p.souscriptions()),
    "sante_cabinet": ("GET", "/health", False, lambda c, p: c.verifier_cle()),
    "sante_plateforme": ("GET", "/health", False, lambda c, p: p.verifier_cle()),
}
AVEC_JETON = {"souscrire", "terminer", "souscriptions"}
SUREMENT_SANS_EFFET = [
    (lambda: refus(400), ErreurDefinitive),
    (lambda: refus(403), ErreurDefinitive),
    (lambda: refus(404), ErreurDefinitive),
    (lambda: refus(409), ErreurDefinitive),
    (lambda: httpx.Response(403), ErreurDeReglage),
    (lambda: httpx.Response(404), ErreurDeReglage),
    (lambda: httpx.Response(404, json={"statusCode": 404, "message": "Resource not found"}), ErreurDeReglage),
    (lambda: httpx.Response(302, headers={"Location": "https://ailleurs.exemple"}), ErreurDeReglage),
    (lambda: refus(403, contrat.CLE_PLATEFORME_EXIGEE), ErreurDeReglage),
    (lambda: refus(403, contrat.CLE_CABINET_EXIGEE), ErreurDeReglage),
    (lambda: httpx.Response(429, headers={"Retry-After": "7"}), ErreurPassagere),
    (lambda: httpx.Response(403, headers={"Retry-After": "7"}), ErreurPassagere),
    (lambda: httpx.ConnectError("refusée"), ErreurPassagere),
]
DOUTEUX = [
    lambda: httpx.Response(500),
    lambda: refus(500),
    lambda: refus(503, contrat.DEJA_AILLEURS, details={"platform": PLATEFORME}),
    lambda: httpx.Response(502, text="<html>"),
    lambda: httpx.Response(400, text="<html>"),
    lambda: httpx.Response(200, text="<html>Maintenance</html>"),
    lambda: httpx.Response(200, text='{"subscriptionId": "S1", "onb'),
    lambda: httpx.Response(200),
    lambda: httpx.Response(204),
    lambda: httpx.ReadTimeout("lent"),
    lambda: httpx.RemoteProtocolError("coupé"),
]


def poser(reseau, nom, reponse):
    methode, chemin, ecriture, geste = GESTES[nom]
    if nom in AVEC_JETON:
        reseau.post("https://compte.exemple/token").mock(return_value=httpx.Response(200, json=BON_JETON))
    appel = reseau.route(method=methode, url__startswith=f"https://od.exemple{chemin}")
    appel.mock(**{"side_effect" if isinstance(reponse, Exception) else "return_value": reponse})
    return ecriture, geste


def essayer(cabinet, plateforme, reponse, famille):
    """Meet the same answer at each call; name, whether it writes, and error, one by one."""
    for nom in GESTES:
        with respx.mock(assert_all_called=False) as reseau:
            ecriture, geste = poser(reseau, nom, reponse())
            with pytest.raises(famille) as erreur:
                geste(cabinet, plateforme)
        yield nom, ecriture, erreur.value


@pytest.mark.parametrize(("reponse", "famille"), SUREMENT_SANS_EFFET)
def test_un_refus_a_sa_famille_a_chaque_appel(cabinet, plateforme, reponse, famille):
    for nom, _, erreur in essayer(cabinet, plateforme, reponse, famille):
        assert not getattr(erreur, "effet_possible", False), nom


@pytest.mark.parametrize("reponse", DOUTEUX)
def test_une_reponse_perdue_ne_laisse_un_doute_que_sur_une_ecriture(cabinet, plateforme, reponse):
    for nom, ecriture, erreur in essayer(cabinet, plateforme, reponse, ErreurPassagere):
        assert erreur.effet_possible is ecriture, nom


@pytest.mark.parametrize("donnees", [{}, [], "x", {"subscriptionId": "S1"}, {"onboardingId": "O1"}, [SOUSCRIPTION]])
def test_une_reponse_d_une_autre_forme_a_sa_famille(cabinet, plateforme, donnees):
    familles = (ErreurPassagere, ErreurDefinitive)
    for nom, ecriture, erreur in essayer(cabinet, plateforme, lambda: httpx.Response(200, json=donnees), familles):
        assert getattr(erreur, "effet_possible", False) is ecriture, nom


@pytest.mark.parametrize(
    ("nom", "donnees"),
    [
        ("valider", ONBOARDING | {"platform": {"registrationNumber": "0902"}}),
        ("recevoir", CONNEXION | {"onboardingId": "O2"}),
        ("recevoir", {"onboardingId": "O1", "connectionData": {"apiKey": ""}}),
        ("recevoir", {"onboardingId": "O1", "connectionData": {"apiKey": "c", "reste": "x" * 20_000}}),
        ("annuler", ONBOARDING | {"onboardingId": "O2"}),
        ("souscrire", SOUSCRIPTION | {"endpoint": "https://autre.exemple.test/"}),
        ("souscrire", SOUSCRIPTION | {"effectiveDate": "2026-12-02"}),
        ("souscrire", SOUSCRIPTION | {"endDate": "2027-01-01"}),
        ("terminer", SOUSCRIPTION),
        ("terminer", SOUSCRIPTION | {"subscriptionId": "S2", "endDate": "2026-12-01"}),
    ],
)
def test_un_succes_qui_parle_d_autre_chose_est_douteux(reseau, cabinet, plateforme, nom, donnees):
    _, geste = poser(reseau, nom, httpx.Response(200, json=donnees))
    with pytest.raises(ErreurPassagere) as erreur:
        geste(cabinet, plateforme)
    assert erreur.value.effet_possible


def test_la_lecture_d_une_autre_ligne_n_est_pas_prise_pour_celle_ci(reseau, cabinet, plateforme):
    _, geste = poser(reseau, "lire", httpx.Response(200, json={"addressingLine": {"identifier": "autre"}}))
    with pytest.raises(ErreurPassagere):
        geste(cabinet, plateforme)


# --- what the remote does not know ---------------------------------------------------------------------------------


@pytest.mark.parametrize("statut", [404, 410])
@pytest.mark.parametrize(
    ("nom", "code", "attendu"),
    [
        ("lire", contrat.LIGNE_INCONNUE, None),
        ("annuler", contrat.ONBOARDING_INCONNU, Issue.OUBLIEE),
        ("terminer", contrat.SOUSCRIPTION_INCONNUE, Issue.OUBLIEE),
    ],
)
def test_un_objet_oublie_est_une_issue(reseau, cabinet, plateforme, nom, code, attendu, statut):
    _, geste = poser(reseau, nom, refus(statut, code))
    assert geste(cabinet, plateforme) is attendu


@pytest.mark.parametrize("nom", ["lire", "annuler", "terminer"])
@pytest.mark.parametrize("reponse", [refus(404, "AutreChose"), refus(400, contrat.SOUSCRIPTION_INCONNUE)])
def test_un_autre_refus_n_est_pas_un_oubli(reseau, cabinet, plateforme, nom, reponse):
    _, geste = poser(reseau, nom, reponse)
    with pytest.raises(ErreurDefinitive):
        geste(cabinet, plateforme)


@pytest.mark.parametrize(
    ("details", "matricule"),
    [
        ({"platform": PLATEFORME, "since": "2026-09-01"}, "0901"),
        ({"platform": {"registrationNumber": 901}}, "901"),
        ({"platform": None}, None),
        (["x"], None),
        (None, None),
    ],
)
def test_deja_ailleurs_se_lit_quand_le_refus_le_dit(reseau, cabinet, plateforme, details, matricule):
    _, geste = poser(reseau, "valider", refus(409, contrat.DEJA_AILLEURS, details=details))
    with pytest.raises(ErreurDefinitive) as erreur:
        geste(cabinet, plateforme)
    assert (erreur.value.code, erreur.value.message) == (contrat.DEJA_AILLEURS, "Refusé.")
    assert isinstance(erreur.value, DejaAilleurs) is (matricule is not None)
    if matricule:
        assert erreur.value.plateforme.matricule == matricule


# --- credentials ---------------------------------------------------------------------------------------------------

PASSERELLE = {"statusCode": 401, "message": "Access denied due to invalid subscription key. Make sure to provide…"}


@pytest.mark.parametrize(
    ("nom", "reponse", "code"),
    [
        ("lire", httpx.Response(401, json=PASSERELLE), CLE_ABONNEMENT_REFUSEE),
        ("lire", httpx.Response(401), CLE_API_REFUSEE),
        ("souscriptions", httpx.Response(401, json=PASSERELLE), CLE_ABONNEMENT_REFUSEE),
        ("souscriptions", httpx.Response(401), JETON_REFUSE),
        ("souscriptions", httpx.Response(401, json=PASSERELLE, headers={"WWW-Authenticate": INVALIDE}), JETON_REFUSE),
        ("sante_plateforme", httpx.Response(401), CLE_ABONNEMENT_REFUSEE),
        ("sante_cabinet", httpx.Response(401), CLE_API_REFUSEE),
    ],
)
def test_un_401_nomme_ce_qui_est_a_corriger(reseau, cabinet, plateforme, nom, reponse, code):
    _, geste = poser(reseau, nom, reponse)
    with pytest.raises(ErreurDeReglage) as erreur:
        geste(cabinet, plateforme)
    assert erreur.value.code == code


@pytest.mark.parametrize(
    ("reponse", "famille", "code"),
    [
        (refus(401, "InvalidApiKey"), ErreurDeReglage, CONNEXION_REFUSEE),
        (httpx.Response(401), ErreurDeReglage, CONNEXION_REFUSEE),
        (refus(400), ErreurDeReglage, CONNEXION_REFUSEE),
        (refus(403), ErreurDeReglage, CONNEXION_REFUSEE),
        (httpx.Response(404), ErreurDeReglage, ""),
        (httpx.Response(302), ErreurDeReglage, ""),
        (httpx.Response(429, headers={"Retry-After": "7"}), ErreurPassagere, ""),
        (httpx.Response(500), ErreurPassagere, ""),
        (httpx.Response(400, text="<html>"), ErreurPassagere, ""),
        (httpx.Response(200, text="<html>"), ErreurPassagere, ""),
        (httpx.Response(200, json={}), ErreurPassagere, ""),
        (httpx.Response(200, json=[BON_JETON]), ErreurPassagere, ""),
        (httpx.Response(200, json=BON_JETON | {"accessToken": ""}), ErreurPassagere, ""),
        (httpx.Response(200, json=BON_JETON | {"accessToken": "a b\r\nX: y"}), ErreurPassagere, ""),
        (httpx.Response(200, json=BON_JETON | {"accessToken": 12}), ErreurPassagere, ""),
        (httpx.Response(200, json=BON_JETON | {"tokenType": "mac"}), ErreurPassagere, ""),
    ],
)
def test_chaque_refus_de_jeton_a_sa_famille(reseau, plateforme, reponse, famille, code):
    reseau.post("https://compte.exemple/token").mock(return_value=reponse)
    with pytest.raises(famille) as erreur:
        plateforme.souscrire(ENDPOINT, du=DU)
    assert erreur.value.code == code
    assert not getattr(erreur.value, "effet_possible", False)


@pytest.mark.parametrize("vie", [{"expiresIn": "3600"}, {"expiresIn": None}, {"expiresIn": "bientôt"}])
def test_une_vie_de_jeton_etrange_est_admise(reseau, jeton, plateforme, vie):
    jeton.mock(return_value=httpx.Response(200, json=BON_JETON | vie))
    reseau.get("https://od.exemple/subscriptions").mock(return_value=httpx.Response(200, json={"subscriptions": []}))
    assert [plateforme.souscriptions() for _ in range(2)] == [(), ()]
    assert jeton.call_count == 1


def test_le_texte_distant_est_rendu_tel_quel_sans_nos_secrets(reseau, jeton, plateforme):
    phrase = f"Clé {API_KEY} et jeton-invente refusés"
    reseau.get("https://od.exemple/subscriptions").mock(
        return_value=httpx.Response(400, json={"code": "X", "message": phrase})
    )
    with pytest.raises(ErreurDefinitive) as erreur:
        plateforme.souscriptions()
    assert erreur.value.message == "Clé ••• et ••• refusés"


def test_un_jeton_refuse_apres_une_longue_attente_n_est_pas_remplace_sous_le_meme_bail(
    reseau, jeton, plateforme, monkeypatch
):
    ecrire = reseau.post("https://od.exemple/subscriptions").mock(return_value=httpx.Response(401))
    reseau.get("https://od.exemple/subscriptions").mock(return_value=httpx.Response(200, json={"subscriptions": []}))
    plateforme.souscriptions()
    instants = iter((0.0, 2.9))
    monkeypatch.setattr("raccordements.session.time", SimpleNamespace(monotonic=lambda: next(instants)))
    with pytest.raises(ErreurPassagere) as erreur:
        plateforme.souscrire(ENDPOINT, du=DU)
    assert not erreur.value.effet_possible
    assert (jeton.call_count, ecrire.call_count) == (1, 1)
