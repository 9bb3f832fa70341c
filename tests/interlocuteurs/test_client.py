"""The four calls on contacts: bodies as documented, over real HTTP; then every odd answer and its family."""

import json

import httpx
import pytest
import respx
from django.conf import settings

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurPassagere
from dossiers.loop.client import ClientLoop
from dossiers.loop.schemas import FicheInterlocuteur

FICHE = FicheInterlocuteur(
    email="collab@tpe.example",
    nom="API",
    prenom="COLLAB",
    telephone="0705060302",
    profil="2.0",
    social=True,
    actif=True,
    emetteur_par_defaut=False,
)
ACCES = ("DEMO1", "consultation")
PRIS = "L'e-mail de cet interlocuteur est déjà associé à un autre interlocuteur"
A_INVITER = "Pour proposer un service à un interlocuteur vous devez d'abord l'inviter sur votre tenant"
INCONNU = "interlocuteur n'existe pas"
DEJA = "L'application est déjà affectée à l'interlocuteur."
OBJETS = {
    "interloc": {
        "module": "cabinet",
        "className": "interlocuteur",
        "data": {
            "objectId": "5b2f3c1e-0000-4000-8000-000000000001",
            "$status": "none",
            "revisionId": "0x0000000000033A12",
        },
    },
    "user": {
        "module": "cabinet",
        "className": "utilisateurClient",
        "data": {
            "objectId": "5b2f3c1e-0000-4000-8000-000000000002",
            "$status": "none",
            "revisionId": "0x0000000000033A13",
        },
    },
}
GESTES = {
    "addClient": lambda loop: loop.ajouter_interlocuteur(FICHE, *ACCES),
    "updateClient": lambda loop: loop.modifier_interlocuteur(FICHE, *ACCES),
    "removeApplication": lambda loop: loop.retirer_application(FICHE.email, *ACCES),
    "addCollaborativeOffer": lambda loop: loop.donner_acces(FICHE.email, *ACCES),
}


def client(base, **options):
    return ClientLoop(
        base,
        cle_publique="CLEPUBLIQUEINVENTEE",
        client_secret="secret-invente",
        cle_abonnement="abonnement-invente",
        chemins=settings.LOOP_CHEMINS,
        delai_total=3,
        taille_max=10**6,
        **options,
    )


@pytest.fixture
def loop(simulateur):
    with client(simulateur.url) as loop:
        yield loop


# --- real HTTP, with the simulator -------------------------------------------------------------------------------


def test_creer_modifier_donner_retirer(simulateur, loop):
    simulateur.inviter(FICHE.email)
    cree = GESTES["addClient"](loop)
    assert simulateur.acces(FICHE.email) == {ACCES}
    assert simulateur.interlocuteur(FICHE.email)["object_id"] == cree.interlocuteur.object_id
    assert cree.utilisateur.object_id
    assert GESTES["addCollaborativeOffer"](loop).message == DEJA
    assert "ajoutée" in loop.donner_acces(FICHE.email, "DEMO2", "start").message
    assert GESTES["updateClient"](loop).message == DEJA
    assert not loop.modifier_interlocuteur(FICHE, "DEMO2", "consultation").message
    retire = GESTES["removeApplication"](loop)
    assert retire.interlocuteur.object_id == cree.interlocuteur.object_id
    assert retire.interlocuteur.revision_id != cree.interlocuteur.revision_id
    assert simulateur.acces(FICHE.email) == {("DEMO2", "start"), ("DEMO2", "consultation")}
    assert simulateur.compte()["appliques"]["POST /provisionningCollab/addClient"] == {
        "collab@tpe.example:DEMO1:consultation": 1
    }


def test_l_adresse_est_unique_par_domaine_quelle_que_soit_la_casse(simulateur, loop):
    simulateur.charger(contacts=["COLLAB@TPE.example"])
    for acces in (ACCES, ("DEMO2", "start")):
        with pytest.raises(ErreurDefinitive) as refus:
            loop.ajouter_interlocuteur(FICHE, *acces)
        assert refus.value.message == PRIS
    assert simulateur.compte()["appliques"] == {}


@pytest.mark.parametrize("geste", ["addClient"])
def test_qui_n_est_pas_invite_est_refuse_puis_accepte(simulateur, loop, geste):
    with pytest.raises(ErreurDefinitive) as refus:
        GESTES[geste](loop)
    assert refus.value.message == A_INVITER
    httpx.post(f"{simulateur.racine}/_simulateur/inviter", json={"emails": ["*"]}).raise_for_status()
    GESTES[geste](loop)


@pytest.mark.parametrize("geste", ["updateClient", "removeApplication", "addCollaborativeOffer"])
def test_un_inconnu_est_refuse(loop, geste):
    with pytest.raises(ErreurDefinitive) as refus:
        GESTES[geste](loop)
    assert refus.value.message == INCONNU


def test_la_modification_ecrit_toute_la_fiche(simulateur, loop):
    simulateur.charger(contacts=[{"email": FICHE.email, "nom": "ANCIEN", "acces": [ACCES]}])
    loop.modifier_interlocuteur(FICHE, *ACCES)
    lu = simulateur.interlocuteur(FICHE.email)
    assert {nom: lu[nom] for nom in ("nom", "prenom", "telephone", "profile", "social", "actif", "defaultIssuer")} == {
        "nom": "API",
        "prenom": "COLLAB",
        "telephone": "0705060302",
        "profile": "2.0",
        "social": True,
        "actif": True,
        "defaultIssuer": False,
    }


@pytest.mark.parametrize(
    "changement",
    [{"social": "true"}, {"telephone": None}, {"profile": 2.0}, {"nom": ""}, {"inconnu": 1}, {"email": 1}],
    ids=str,
)
def test_le_simulateur_exige_chaque_champ_et_son_type(simulateur, changement):
    simulateur.inviter("*")
    corps = {
        "email": FICHE.email,
        "codeDossier": "DEMO1",
        "offre": "consultation",
        "nom": "API",
        "prenom": "COLLAB",
        "telephone": "",
        "profile": "2.0",
        "social": True,
    }
    entetes = {
        "x-apikey": "CLEPUBLIQUEINVENTEE:secret-invente",
        "Ocp-Apim-Subscription-Key": "abonnement-invente",
    }
    adresse = f"{simulateur.url}/provisionningCollab/addClient"
    assert httpx.post(adresse, json=corps | changement, headers=entetes).status_code == 400
    assert httpx.post(adresse, json=corps, headers=entetes).status_code == 200


# --- every answer and its family ---------------------------------------------------------------------------------

BASE = "https://loop.exemple/loop-api-publiques"
ADRESSES = {
    "addClient": f"{BASE}/provisionningCollab/addClient",
    "updateClient": f"{BASE}/provisionningCollab/updateClient",
    "removeApplication": f"{BASE}/provisionningCollab/removeApplication",
    "addCollaborativeOffer": f"{BASE}/collaborativeOffer/addCollaborativeOffer",
}


@pytest.fixture(params=list(GESTES))
def geste(request):
    return request.param


def appeler(geste, reponse):
    with respx.mock(assert_all_called=True) as routeur:
        route = routeur.post(ADRESSES[geste]).mock(**reponse)
        with client(BASE, transport=httpx.HTTPTransport(trust_env=False)) as loop:
            return GESTES[geste](loop), json.loads(route.calls[0].request.content)


def test_les_corps_sont_ceux_du_guide():
    objets = {"return_value": httpx.Response(200, json=OBJETS)}
    fiche = {
        "email": "collab@tpe.example",
        "codeDossier": "DEMO1",
        "offre": "consultation",
        "nom": "API",
        "prenom": "COLLAB",
        "telephone": "0705060302",
        "profile": "2.0",
        "social": True,
    }
    trois = {nom: fiche[nom] for nom in ("email", "codeDossier", "offre")}
    assert appeler("addClient", objets)[1] == fiche
    assert appeler("updateClient", objets)[1] == fiche | {"actif": True, "defaultIssuer": False}
    assert appeler("removeApplication", objets)[1] == trois
    assert appeler("addCollaborativeOffer", objets)[1] == trois


@pytest.mark.parametrize(
    "reponse",
    [
        pytest.param(httpx.Response(200, json=OBJETS), id="objets"),
        pytest.param(httpx.Response(200, json={"interloc": OBJETS["interloc"]}), id="sans-user"),
        pytest.param(httpx.Response(200, json=OBJETS | {"message": DEJA, "autre": [1]}), id="champs-de-plus"),
        pytest.param(httpx.Response(200, text=DEJA), id="texte"),
        pytest.param(httpx.Response(200, text=DEJA.rstrip(".").replace("'", "’")), id="sans-point"),
        pytest.param(httpx.Response(200, json=DEJA), id="chaine-json"),
        pytest.param(httpx.Response(200, json={"message": DEJA}), id="message"),
    ],
)
def test_un_succes(geste, reponse):
    accuse, _ = appeler(geste, {"return_value": reponse})
    assert accuse.interlocuteur.object_id or "déjà affectée" in accuse.message


@pytest.mark.parametrize("phrase", [PRIS, A_INVITER, INCONNU])
@pytest.mark.parametrize(
    "enveloppe",
    [
        pytest.param(lambda p: httpx.Response(200, text=p), id="200-texte"),
        pytest.param(lambda p: httpx.Response(200, json=p), id="200-chaine"),
        pytest.param(lambda p: httpx.Response(200, json={"message": p}), id="200-message"),
        pytest.param(lambda p: httpx.Response(200, json={"error": {"instanceId": "i", "message": p}}), id="200-error"),
        pytest.param(lambda p: httpx.Response(200, json={"success": [], "errors": [{"message": p}]}), id="200-errors"),
        pytest.param(lambda p: httpx.Response(400, text=p), id="400-texte"),
        pytest.param(lambda p: httpx.Response(403, json={"message": p, "code": "X", "statusCode": 403}), id="403"),
        pytest.param(lambda p: httpx.Response(400, json={"message": p, "code": "X", "statusCode": 400}), id="400"),
    ],
)
def test_un_refus_documente_est_definitif_et_garde_ses_mots(geste, phrase, enveloppe):
    with pytest.raises(ErreurDefinitive) as refus:
        appeler(geste, {"return_value": enveloppe(phrase)})
    assert refus.value.message == phrase


@pytest.mark.parametrize(
    ("reponse", "effet_possible"),
    [
        pytest.param({"return_value": httpx.Response(503)}, True, id="indisponible"),
        pytest.param({"return_value": httpx.Response(500, json={"message": "x"})}, True, id="panne"),
        pytest.param({"return_value": httpx.Response(200, text="<html></html>")}, True, id="page"),
        pytest.param({"return_value": httpx.Response(200, text="")}, True, id="vide"),
        pytest.param({"return_value": httpx.Response(200, json={})}, True, id="objet-vide"),
        pytest.param({"return_value": httpx.Response(200, json=[])}, True, id="liste"),
        pytest.param({"return_value": httpx.Response(200, json={"interloc": {"data": {}}})}, True, id="sans-id"),
        pytest.param({"return_value": httpx.Response(200, json={"interloc": "x", "user": 3})}, True, id="types"),
        pytest.param({"return_value": httpx.Response(200, text="Une phrase inconnue.")}, True, id="phrase-inconnue"),
        pytest.param({"return_value": httpx.Response(200, text='{"interloc": {"mod')}, True, id="tronque"),
        pytest.param({"side_effect": httpx.ReadTimeout}, True, id="delai"),
        pytest.param({"side_effect": httpx.RemoteProtocolError}, True, id="coupure"),
        pytest.param({"side_effect": httpx.ConnectError}, False, id="connexion"),
        pytest.param({"return_value": httpx.Response(429, headers={"Retry-After": "2"})}, False, id="debit"),
    ],
)
def test_ce_qui_n_est_pas_reconnu_est_incertain(geste, reponse, effet_possible):
    with pytest.raises(ErreurPassagere) as panne:
        appeler(geste, reponse)
    assert panne.value.effet_possible is effet_possible


def test_des_identifiants_refuses_sont_un_reglage(geste):
    with pytest.raises(ErreurDeReglage):
        appeler(geste, {"return_value": httpx.Response(401, json={"statusCode": 401, "message": "Access denied"})})


def test_le_nom_du_champ_du_contact_se_regle():
    with respx.mock() as routeur:
        route = routeur.post(ADRESSES["addCollaborativeOffer"]).mock(return_value=httpx.Response(200, text=DEJA))
        with client(
            BASE, transport=httpx.HTTPTransport(trust_env=False), champ_contact="contact", ajout="addOffer"
        ) as loop:
            loop.donner_acces(FICHE.email, *ACCES)
    corps = json.loads(route.calls[0].request.content)
    assert corps == {"codeDossier": "DEMO1", "offre": "consultation", "contact": FICHE.email}
