"""The Loop client: its contract over real HTTP with the simulator, then its reading of every odd answer."""

import json
import socket
from types import SimpleNamespace

import httpx
import pytest
import respx
from django.test import override_settings

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurPassagere
from dossiers.loop.client import ClientLoop
from dossiers.loop.simulateur import APIKEY_REFUSEE, CLE_INVALIDE, CLE_MANQUANTE, SimulateurLoop

# Invented keys, in the shape of Cegid's samples.
CLE = {
    "cle_publique": "PASSERELLETEST00000000001",
    "client_secret": "Zm9pc+/secret:invente==",
    "cle_abonnement": "0123456789abcdef0123456789abcdef",
    "domaine": "CABINETDEMO",
}
STANDARD = CLE | {"cle_publique": "PASSERELLETEST00000000002", "cle_abonnement": "f" * 32, "avancee": False}
CHEMINS = {
    "loophub": "/loophub",
    "ajouter_offre": "/collaborativeOffer/addOffer",
    "ajouter_offre_collaborative": "/collaborativeOffer/addCollaborativeOffer",
    "retirer_offre": "/collaborativeOffer/removeOffer",
    "provisionner": "/companyProvisioning/provisionCompany",
    "dossier_complet": "/DossierComplet",
    "etablissements": "/etablissementComplet",
    "acces_collaborateur": "/checkCollaborateurAccess",
}
# 732829320 / 73282932000074 is the number that python-stdnum documents; the others are fictitious (Luhn holds).
DOSSIERS = [
    {
        "codeIbs": "044212",
        "raisonSociale": "ATELIER FICTIF",
        "maitreDossier": "maitre@cabinet.exemple",
        "engagementManager": "manager@cabinet.exemple",
        "siren": "732829320",
        "formeJuridique": "SARL",
        "etablissements": [{"siret": "73282932000074"}, {"siret": "", "type": 2, "raisonsociale": "ANNEXE"}],
    },
    {"codeIbs": "MANON001"},
    {"codeIbs": "DETACHE", "cles": []},
]
BASE = "https://loop.exemple/loop-api-publiques"
ADD = f"{BASE}/collaborativeOffer/addOffer"
AJOUT = "L'offre consultation a été ajoutée au dossier client MANON001"


@pytest.fixture(scope="module")
def serveur():
    with SimulateurLoop() as sim:
        yield sim


@pytest.fixture
def sim(serveur):
    serveur.remettre_a_zero()
    serveur.charger(
        cles=[CLE, STANDARD],
        dossiers=DOSSIERS,
        contacts=["client@tpe.exemple"],
        collaborateurs=["autre@cabinet.exemple"],
    )
    return serveur


def client(base, cle=CLE, **options):
    acces = {nom: cle[nom] for nom in ("cle_publique", "client_secret", "cle_abonnement")}
    return ClientLoop(base, **{**acces, "chemins": CHEMINS, "delai_total": 3, "taille_max": 10**7} | options)


@pytest.fixture
def loop(sim):
    with client(sim.url) as loop:
        yield loop


def appliques(sim):
    return {ref: n for references in sim.compte()["appliques"].values() for ref, n in references.items()}


# --- contract ----------------------------------------------------------------------------------------------------


def test_loophub(loop):
    distants = loop.loophub("CABINETDEMO")
    assert [distant.code for distant in distants] == ["044212", "MANON001"]
    premier = distants[0]
    assert (premier.raison_sociale, premier.nom_usuel) == ("ATELIER FICTIF", "044212")
    assert (premier.maitre_dossier, premier.engagement_manager) == ("maitre@cabinet.exemple", "manager@cabinet.exemple")
    assert premier.object_id
    assert premier.maitre_dossier_id


def test_loophub_d_un_domaine_inconnu(loop):
    with pytest.raises(ErreurDefinitive, match="DomainNotFound"):
        loop.loophub("AILLEURS")


@pytest.mark.parametrize("offre", ["start", "co-production", "consultation"])
def test_ajouter_puis_retirer_une_offre(sim, loop, offre):
    assert loop.ajouter_offre("MANON001", offre).message == f"L'offre {offre} a été ajoutée au dossier client MANON001"
    assert sim.offres("MANON001") == {offre}
    assert loop.retirer_offre("MANON001", offre).message == f"L'offre {offre} a été retirée du dossier client MANON001"
    assert sim.offres("MANON001") == set()
    assert sim.compte()["appliques"] == {
        "POST /collaborativeOffer/addOffer": {f"MANON001:{offre}": 1},
        "POST /collaborativeOffer/removeOffer": {f"MANON001:{offre}": 1},
    }


def test_ajouter_une_offre_pour_un_interlocuteur(sim):
    with client(sim.url, ajout="addCollaborativeOffer") as loop:
        loop.ajouter_offre("MANON001", "start", "client@tpe.exemple")
        with pytest.raises(ErreurDefinitive) as refus:
            loop.ajouter_offre("MANON001", "start", "inconnu@tpe.exemple")
        assert refus.value.message == "interlocuteur n'existe pas"
        with pytest.raises(ErreurDefinitive, match="sans réponse"):
            loop.ajouter_offre("MANON001", "start")
    assert appliques(sim) == {"client@tpe.exemple:MANON001:start": 1}


def test_provisionner(sim, loop):
    assert loop.provisionner("MANON001").message == ""
    assert sim.dossier("MANON001")["provisionne"]


def test_un_dossier_inconnu_est_refuse(sim, loop):
    for geste in (lambda: loop.ajouter_offre("ABSENT", "start"), lambda: loop.provisionner("ABSENT")):
        with pytest.raises(ErreurDefinitive) as refus:
            geste()
        assert refus.value.message == "Le dossier ABSENT n'existe pas sur le domaine."
        assert refus.value.requete_id
    assert appliques(sim) == {}


def test_une_offre_inconnue_est_refusee(sim, loop):
    with pytest.raises(ErreurDefinitive):
        loop.ajouter_offre("MANON001", "Start")
    assert appliques(sim) == {}


def test_lire_et_modifier_un_dossier(sim, loop):
    lu = loop.lire_dossier("044212")
    assert (lu.siren, lu.forme_juridique) == ("732829320", "SARL")
    ecrit = loop.modifier_dossier(
        "044212", object_id=lu.object_id, revision_id=lu.revision_id, siren="", forme_juridique="SA"
    )
    assert (ecrit.siren, ecrit.forme_juridique) == ("", "SA")
    assert ecrit.revision_id != lu.revision_id
    assert loop.lire_dossier("044212") == ecrit
    assert sim.compte()["appliques"] == {"PUT /DossierComplet": {f"{lu.object_id}:": 1}}


def test_une_revision_perimee_est_refusee(loop):
    lu = loop.lire_dossier("044212")
    valeurs = {"object_id": lu.object_id, "revision_id": lu.revision_id, "forme_juridique": "SA"}
    loop.modifier_dossier("044212", siren="", **valeurs)
    with pytest.raises(ErreurDefinitive, match="RevisionConflict"):
        loop.modifier_dossier("044212", siren="732829320", **valeurs)
    assert loop.lire_dossier("044212").siren == ""


@pytest.mark.parametrize("siren", ["732829321", "12345678", "7328 9320"])
def test_un_siren_faux_est_refuse(loop, siren):
    lu = loop.lire_dossier("044212")
    with pytest.raises(ErreurDefinitive):
        loop.modifier_dossier(
            "044212", object_id=lu.object_id, revision_id=lu.revision_id, siren=siren, forme_juridique="SA"
        )
    assert loop.lire_dossier("044212").siren == "732829320"


def test_etablissements(loop):
    siege, annexe = loop.etablissements("044212")
    assert (siege.siret, siege.type, siege.nom) == ("73282932000074", 1, "ATELIER FICTIF")
    assert (annexe.siret, annexe.type, annexe.nom) == ("", 2, "ANNEXE")
    assert loop.etablissements("MANON001") == []


def test_verifier_acces(loop):
    assert loop.verifier_acces("CABINETDEMO", "044212", "maitre@cabinet.exemple") is True
    assert loop.verifier_acces("CABINETDEMO", "044212", "autre@cabinet.exemple") is False
    with pytest.raises(ErreurDefinitive) as refus:
        loop.verifier_acces("CABINETDEMO", "044212", "inconnu@cabinet.exemple")
    assert refus.value.code == "CollaborateurBadLogin"
    assert refus.value.message == "The collaborateur inconnu@cabinet.exemple is not found."


def test_une_cle_standard_lit_mais_ne_donne_pas_d_offre(sim):
    with client(sim.url, STANDARD) as loop:
        assert len(loop.loophub("CABINETDEMO")) == 2
        with pytest.raises(ErreurDefinitive) as refus:
            loop.ajouter_offre("MANON001", "start")
    assert (refus.value.statut, refus.value.code) == (403, "CabinetKeyRequired")
    assert appliques(sim) == {}


@pytest.mark.parametrize(
    ("cle", "message"),
    [
        (CLE | {"cle_abonnement": "autre"}, CLE_INVALIDE),
        (CLE | {"client_secret": "autre"}, APIKEY_REFUSEE),
        (CLE | {"cle_publique": "AUTRE"}, APIKEY_REFUSEE),
    ],
)
def test_des_identifiants_refuses(sim, cle, message):
    with client(sim.url, cle) as loop, pytest.raises(ErreurDeReglage) as refus:
        loop.ajouter_offre("MANON001", "start")
    assert refus.value.message == message


def test_une_cle_non_activee_dans_loop_hub(sim):
    sim.charger(cles=[CLE | {"active": False}])
    with client(sim.url) as loop, pytest.raises(ErreurDeReglage):
        loop.loophub("CABINETDEMO")


def test_le_journal_recoit_chaque_appel_sans_secret(sim):
    echanges = []
    sim.poser_pannes([{"type": "coupure_apres", "chemin": "/collaborativeOffer/addOffer"}])
    with client(sim.url, journal=echanges.append) as loop:
        loop.loophub("CABINETDEMO")
        with pytest.raises(ErreurPassagere):
            loop.ajouter_offre("MANON001", "start")
    assert [(e.statut, e.erreur) for e in echanges] == [(200, ""), (None, "ErreurPassagere : sans réponse")]
    assert echanges[0].requete_id
    assert len(echanges[0].x_requete_id) == 32
    for secret in (CLE["client_secret"], CLE["cle_abonnement"]):
        assert secret not in repr(echanges) + repr(loop)


# --- every fault of the simulator --------------------------------------------------------------------------------

FAUTES = [
    ({"type": "401"}, ErreurDeReglage, None, 0),
    ({"type": "403_retry_after", "retry_after": 4}, ErreurPassagere, False, 0),
    ({"type": "429", "retry_after": 4}, ErreurPassagere, False, 0),
    ({"type": "500_avant"}, ErreurPassagere, True, 0),
    ({"type": "500_apres"}, ErreurPassagere, True, 1),
    ({"type": "503"}, ErreurPassagere, True, 0),
    ({"type": "coupure_avant"}, ErreurPassagere, True, 0),
    ({"type": "coupure_apres"}, ErreurPassagere, True, 1),
    ({"type": "coupure_tardive", "secondes": 60}, ErreurPassagere, True, 0),
    ({"type": "json_tronque"}, ErreurPassagere, True, 1),
    ({"type": "html_200"}, ErreurPassagere, True, 0),
    ({"type": "html_200", "applique": True}, ErreurPassagere, True, 1),
    ({"type": "goutte_entetes"}, ErreurPassagere, True, 1),
    ({"type": "goutte_corps"}, ErreurPassagere, True, 1),
    ({"type": "latence", "secondes": 5}, ErreurPassagere, True, None),
]
GESTES = {
    "/collaborativeOffer/addOffer": lambda loop: loop.ajouter_offre("MANON001", "start"),
    "/companyProvisioning/provisionCompany": lambda loop: loop.provisionner("MANON001"),
}


@pytest.mark.parametrize("chemin", GESTES)
@pytest.mark.parametrize(("panne", "famille", "effet_possible", "effets"), FAUTES)
def test_chaque_panne_d_une_ecriture(sim, chemin, panne, famille, effet_possible, effets):
    sim.poser_pannes([panne | {"chemin": chemin}])
    with client(sim.url, delai_total=0.4) as loop, pytest.raises(famille) as refus:
        GESTES[chemin](loop)
    assert getattr(refus.value, "effet_possible", None) is effet_possible
    if "retry_after" in panne:
        assert refus.value.attendre == 4
    if effets is not None:
        assert sum(appliques(sim).values()) == effets


@pytest.mark.parametrize("panne", [panne for panne, *_ in FAUTES if panne["type"] != "401"], ids=str)
def test_aucune_panne_d_une_lecture_ne_laisse_d_effet_possible(sim, panne):
    sim.poser_pannes([panne])
    with client(sim.url, delai_total=0.4) as loop, pytest.raises(ErreurPassagere) as refus:
        loop.loophub("CABINETDEMO")
    assert refus.value.effet_possible is False


# --- odd answers -------------------------------------------------------------------------------------------------

INVITATION = "Pour proposer un service à un interlocuteur vous devez d'abord l'inviter sur votre tenant"
OBJET = {
    "stack": "MicroserviceError[X]: /srv/secret/chemin.js",
    "message": "refus",
    "code": "X",
    "error": None,
    "id": "1",
    "name": "MicroserviceError[X]",
    "statusCode": 400,
    "requestId": "2",
}


def reponse(statut=200, **corps):
    return httpx.Response(statut, **corps)


@pytest.mark.parametrize(
    ("reponse", "message"),
    [
        pytest.param(reponse(400, json=OBJET), "refus", id="a"),
        pytest.param(reponse(200, json=OBJET), "refus", id="a-en-200"),
        pytest.param(reponse(403, json=OBJET | {"statusCode": 403}), "refus", id="a-403"),
        pytest.param(reponse(200, json={"error": {"instanceId": "1", "message": "refus"}}), "refus", id="b"),
        pytest.param(reponse(200, json={"error": {"instanceId": "1"}}), "Erreur sans message.", id="b-sans-message"),
        pytest.param(reponse(200, json={"error": "refus"}), "refus", id="b-texte"),
        pytest.param(
            reponse(200, json={"success": [], "errors": [{"message": "un"}, {"message": "deux"}]}), "un deux", id="c"
        ),
        pytest.param(reponse(200, json={"success": [{}], "errors": ["trois"]}), "trois", id="c-texte"),
        pytest.param(reponse(400, json={"statusCode": 400, "message": "mauvaise"}), "mauvaise", id="d"),
        pytest.param(reponse(200, text=INVITATION), INVITATION, id="texte-nu"),
        pytest.param(reponse(200, json=INVITATION), INVITATION, id="chaine-json"),
        pytest.param(reponse(200, json={"message": INVITATION}), INVITATION, id="message"),
        pytest.param(reponse(400, text=INVITATION), INVITATION, id="texte-nu-400"),
        pytest.param(reponse(404, json=OBJET | {"statusCode": 404}), "refus", id="a-404"),
    ],
)
@respx.mock
def test_les_formes_de_refus_sont_definitives(respx_mock, reponse, message):
    respx_mock.post(ADD).mock(return_value=reponse)
    with client(BASE) as loop, pytest.raises(ErreurDefinitive) as refus:
        loop.ajouter_offre("MANON001", "consultation")
    assert refus.value.message == message
    assert "chemin.js" not in repr(refus.value)


@pytest.mark.parametrize(
    ("statut", "famille"), [(401, ErreurDeReglage), (429, ErreurPassagere), (500, ErreurPassagere)]
)
@respx.mock
def test_le_statut_ecrit_dans_un_200_est_le_vrai(respx_mock, statut, famille):
    respx_mock.post(ADD).respond(200, json={"statusCode": statut, "message": "non"})
    with client(BASE) as loop, pytest.raises(famille) as refus:
        loop.ajouter_offre("MANON001", "consultation")
    assert getattr(refus.value, "effet_possible", None) is {401: None, 429: False, 500: True}[statut]


@respx.mock
def test_un_refus_en_200_ne_montre_pas_un_secret_renvoye(respx_mock):
    respx_mock.post(ADD).respond(200, json={"error": {"message": f"clé {CLE['client_secret']} refusée"}})
    with client(BASE) as loop, pytest.raises(ErreurDefinitive) as refus:
        loop.ajouter_offre("MANON001", "consultation")
    assert refus.value.message == "clé ••• refusée"


@pytest.mark.parametrize(
    "corps",
    [
        {"json": {}},
        {"json": []},
        {"json": {"message": "L'offre start a été ajoutée au dossier client MANON001"}},
        {"json": {"message": "L'offre consultation a été ajoutée au dossier client MANON0011"}},
        {"json": {"message": "L'offre consultation a été retirée du dossier client MANON001"}},
        {"json": {"message": "L'offre consultation n'a pas été ajoutée au dossier client MANON001"}},
        {"json": {"message": f"{AJOUT} mais"}},
        {"json": {"message": "Demande enregistrée"}},
        {"text": ""},
        {"text": "null"},
        {"text": "<html>maintenance</html>"},
        {"text": '{"message": "L\'offre consul'},
        {"json": {"success": [], "errors": []}},
    ],
    ids=str,
)
@respx.mock
def test_une_reponse_non_reconnue_laisse_une_ecriture_incertaine(respx_mock, corps):
    respx_mock.post(ADD).mock(return_value=reponse(200, **corps))
    with client(BASE) as loop, pytest.raises(ErreurPassagere) as refus:
        loop.ajouter_offre("MANON001", "consultation")
    assert refus.value.effet_possible


@pytest.mark.parametrize(
    "corps",
    [
        {"json": {"message": AJOUT}},
        {"json": {"message": f"  {AJOUT.upper()} ."}, "upper": True},
        {"json": {"message": AJOUT.replace(" a été", "  a\u00a0été") + "."}},
        {"json": {"message": AJOUT.replace("'", "’")}},
        {"json": AJOUT},
        {"text": AJOUT},
    ],
    ids=str,
)
@respx.mock
def test_la_phrase_de_succes_est_lue_largement(respx_mock, corps):
    if corps.pop("upper", False):
        corps = {"json": {"message": AJOUT.upper()}}
    respx_mock.post(ADD).mock(return_value=reponse(200, **corps))
    with client(BASE) as loop:
        assert loop.ajouter_offre("MANON001", "consultation").message


@pytest.mark.parametrize(
    "corps", [{"text": ""}, {"json": {}}, {"json": None}, {"text": "OK"}, {"json": {"x": 1}}], ids=str
)
@respx.mock
def test_provisionner_accepte_tout_corps_qui_n_est_pas_un_refus(respx_mock, corps):
    respx_mock.post(f"{BASE}/companyProvisioning/provisionCompany").mock(return_value=reponse(200, **corps))
    with client(BASE) as loop:
        loop.provisionner("MANON001")


@pytest.mark.parametrize("enveloppe", [lambda liste: liste, lambda liste: {"data": liste}], ids=["nue", "data"])
@respx.mock
def test_loophub_lit_les_deux_enveloppes_et_des_codes_numeriques(respx_mock, enveloppe):
    elements = [{"codeIbs": 44212, "objectId": "pas-un-uuid", "nom": None, "raisonSociale": "A\u0000B", "neuf": [1]}]
    route = respx_mock.get(f"{BASE}/loophub").respond(200, json=enveloppe(elements))
    with client(BASE) as loop:
        (distant,) = loop.loophub("CABINETDEMO")
    assert (distant.code, distant.object_id, distant.nom, distant.raison_sociale) == ("44212", "", "", "AB")
    assert json.loads(route.calls.last.request.content) == {"apiKey": CLE["cle_publique"], "domain": "CABINETDEMO"}


@pytest.mark.parametrize(
    "donnees", [{}, {"data": None}, [1], [{}], [{"codeIbs": ""}], "x", 3, [{"codeIbs": {}}]], ids=str
)
@respx.mock
def test_une_forme_inattendue_de_loophub_est_refusee(respx_mock, donnees):
    respx_mock.get(f"{BASE}/loophub").respond(200, json=donnees)
    with client(BASE) as loop, pytest.raises(ErreurDefinitive) as refus:
        loop.loophub("CABINETDEMO")
    assert "LOOPHUB" in refus.value.message


COMPLET = {"objectId": "6bd825aa-995e-44a4-a182-f03b5bc6a888", "revisionId": "0x01", "siren": "", "formeJuridique": ""}


@pytest.mark.parametrize("donnees", [COMPLET, [COMPLET], {"data": [COMPLET]}], ids=["objet", "liste", "data"])
@respx.mock
def test_dossier_complet_lit_les_trois_enveloppes(respx_mock, donnees):
    respx_mock.get(f"{BASE}/DossierComplet", params={"codeDossier": "A&B"}).respond(200, json=donnees)
    with client(BASE) as loop:
        assert loop.lire_dossier("A&B").revision_id == "0x01"


@pytest.mark.parametrize("donnees", [{}, [], [COMPLET, COMPLET], COMPLET | {"revisionId": ""}], ids=str)
@respx.mock
def test_dossier_complet_de_forme_inattendue(respx_mock, donnees):
    respx_mock.get(f"{BASE}/DossierComplet").respond(200, json=donnees)
    with client(BASE) as loop, pytest.raises(ErreurDefinitive):
        loop.lire_dossier("X")


@pytest.mark.parametrize(
    "succes",
    [[], [{}], [COMPLET | {"objectId": "autre"}], [COMPLET | {"siren": "732829320"}], [COMPLET, COMPLET], None],
)
@respx.mock
def test_une_modification_mal_confirmee_reste_incertaine(respx_mock, succes):
    respx_mock.put(f"{BASE}/DossierComplet").respond(200, json={"success": succes, "errors": []})
    with client(BASE) as loop, pytest.raises(ErreurPassagere) as refus:
        loop.modifier_dossier("X", object_id=COMPLET["objectId"], revision_id="0x00", siren="", forme_juridique="")
    assert refus.value.effet_possible


@pytest.mark.parametrize("statut", [400, 403, 500])
@respx.mock
def test_verifier_acces_refuse_avec_trois_statuts(respx_mock, statut):
    corps = OBJET | {"code": "CollaborateurBadLogin", "statusCode": statut}
    respx_mock.post(f"{BASE}/checkCollaborateurAccess").respond(statut, json=corps)
    with client(BASE) as loop, pytest.raises(ErreurDefinitive) as refus:
        loop.verifier_acces("D", "X", "l")
    assert (refus.value.code, refus.value.statut) == ("CollaborateurBadLogin", statut)


@respx.mock
def test_verifier_acces_en_panne_reste_passager(respx_mock):
    respx_mock.post(f"{BASE}/checkCollaborateurAccess").respond(500, text="<html>")
    with client(BASE) as loop, pytest.raises(ErreurPassagere) as refus:
        loop.verifier_acces("D", "X", "l")
    assert not refus.value.effet_possible


# --- settings and secrets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("champ", ["cle_publique", "client_secret", "cle_abonnement"])
@pytest.mark.parametrize("valeur", ["", "accentué", "a\r\nX-Injecte: 1"])
def test_une_cle_inutilisable_est_refusee_avant_toute_connexion(monkeypatch, champ, valeur):
    monkeypatch.setattr(socket, "getaddrinfo", None)
    with pytest.raises(ErreurDeReglage) as refus:
        client(BASE, CLE | {champ: valeur})
    assert not valeur or valeur not in refus.value.message


def cle_stockee(environnement):
    return SimpleNamespace(environnement=environnement, **CLE)


def test_pour_cle_lit_les_reglages(sim):
    with (
        override_settings(LOOP_URLS={"test": sim.url}, LOOP_CHEMINS=CHEMINS),
        ClientLoop.pour_cle(cle_stockee("test")) as loop,
    ):
        assert len(loop.loophub("CABINETDEMO")) == 2


def test_pour_cle_sans_adresse_nomme_le_reglage():
    with override_settings(LOOP_URLS={"production": ""}), pytest.raises(ErreurDeReglage) as refus:
        ClientLoop.pour_cle(cle_stockee("production"))
    assert "LOOP_URL_PRODUCTION" in refus.value.message


def test_repr_sans_secret():
    with client(BASE) as loop:
        assert repr(loop) == f"<ClientLoop {CLE['cle_publique']}>"


def test_les_phrases_de_401_sont_celles_d_apim(sim):
    sans = httpx.get(f"{sim.url}/loophub")
    assert sans.status_code == 401
    assert sans.json() == {"statusCode": 401, "message": CLE_MANQUANTE}
