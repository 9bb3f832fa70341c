"""Every odd answer that public clients report, and its family: tables, without a server."""

from datetime import UTC, date, datetime

import httpx
import pytest
import respx

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurPassagere
from raccordements.chorus.erreurs import API_NON_ABONNEE, APPLICATION_REFUSEE, COMPTE_REFUSE
from raccordements.chorus.lecture import booleen, entier, identifiant, jour, moment
from raccordements.chorus.schemas import ETATS_FLUX, IssueFlux, StructureConsultee, StructureTrouvee

URLS = {"oauth": "https://oauth.exemple", "api": "https://api.exemple"}
BON_JETON = {"access_token": "jeton-invente", "token_type": "Bearer", "expires_in": 3600, "scope": "openid"}
RECHERCHER = "https://api.exemple/cpro/structures/v1/rechercher"
DEPOSER = "https://api.exemple/cpro/factures/v1/deposer/flux"
SANS_JETON = (
    'Bearer realm="DefaultRealm", error="invalid_request", error_description="Unable to find token in the message"'
)


@pytest.fixture
def reseau():
    with respx.mock(assert_all_called=True) as routeur:
        yield routeur


@pytest.fixture
def chorus(ouvrir):
    return ouvrir(URLS)


@pytest.fixture
def jeton(reseau):
    return reseau.post("https://oauth.exemple/api/oauth/token").mock(return_value=httpx.Response(200, json=BON_JETON))


# --- requests ----------------------------------------------------------------------------------------------------


def test_la_demande_de_jeton_et_l_appel_ont_la_forme_documentee(reseau, jeton, chorus, identifiants):
    appel = reseau.post(RECHERCHER).mock(
        return_value=httpx.Response(200, json={"codeRetour": 0, "listeStructures": []})
    )
    chorus.rechercher_structures(siret="99000101800011", actives=True)
    demande = jeton.calls[0].request
    assert demande.headers["content-type"] == "application/x-www-form-urlencoded"
    assert dict(httpx.QueryParams(demande.content.decode())) == {
        "grant_type": "client_credentials",
        "client_id": identifiants["client_id"],
        "client_secret": identifiants["client_secret"],
        "scope": "openid",
    }
    requete = appel.calls[0].request
    assert requete.headers["authorization"] == "Bearer jeton-invente"
    assert requete.headers["cpro-account"] == httpx.BasicAuth(
        identifiants["login"], identifiants["mot_de_passe"]
    )._auth_header.removeprefix("Basic ")
    assert requete.headers["content-type"] == requete.headers["accept"] == "application/json;charset=utf-8"
    assert httpx.Response(200, content=requete.content).json() == {
        "structure": {
            "identifiantStructure": "99000101800011",
            "typeIdentifiantStructure": "SIRET",
            "statutStructure": "ACTIF",
        },
        "parametres": {
            "pageResultatDemandee": 1,
            "nbResultatsParPage": 100,
            "triColonne": "IdentifiantStructure",
            "triSens": "Ascendant",
        },
    }


def test_un_service_sans_parametre_recoit_un_objet_vide(reseau, jeton, chorus):
    chemin = "https://api.exemple/cpro/transverses/v1/recuperer/structures/actives/fournisseur"
    appel = reseau.post(chemin).mock(
        return_value=httpx.Response(200, json={"codeRetour": "0", "listeStructures": None})
    )
    assert chorus.structures_actives("fournisseur") == []
    assert appel.calls[0].request.content == b"{}"


def test_la_portee_peut_etre_tue(reseau, jeton, ouvrir):
    reseau.post(RECHERCHER).mock(return_value=httpx.Response(200, json={"codeRetour": 0}))
    ouvrir(URLS, portee="").rechercher_structures(siret="1")
    assert b"scope" not in jeton.calls[0].request.content


# --- token -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reponse", "famille", "code"),
    [
        (
            httpx.Response(400, json={"error": "invalid_client", "error_description": "x"}),
            ErreurDeReglage,
            APPLICATION_REFUSEE,
        ),
        (httpx.Response(401, json={"error": "invalid_client"}), ErreurDeReglage, APPLICATION_REFUSEE),
        (httpx.Response(401), ErreurDeReglage, APPLICATION_REFUSEE),
        (httpx.Response(400, json={"error": "invalid_scope"}), ErreurDeReglage, "invalid_scope"),
        (httpx.Response(400, text="<html>"), ErreurPassagere, ""),
        (httpx.Response(403), ErreurDeReglage, ""),
        (httpx.Response(404), ErreurDeReglage, ""),
        (httpx.Response(302, headers={"Location": "https://ailleurs.exemple"}), ErreurDeReglage, ""),
        (httpx.Response(429, headers={"Retry-After": "7"}), ErreurPassagere, ""),
        (httpx.Response(500), ErreurPassagere, ""),
        (httpx.Response(200, text="<html>Maintenance</html>"), ErreurPassagere, ""),
        (httpx.Response(200, json={}), ErreurPassagere, ""),
        (httpx.Response(200, json=[BON_JETON]), ErreurPassagere, ""),
        (httpx.Response(200, json=BON_JETON | {"access_token": ""}), ErreurPassagere, ""),
        (httpx.Response(200, json=BON_JETON | {"access_token": "a b\r\nX: y"}), ErreurPassagere, ""),
        (httpx.Response(200, json=BON_JETON | {"access_token": 12}), ErreurPassagere, ""),
        (httpx.Response(200, json=BON_JETON | {"token_type": "mac"}), ErreurPassagere, ""),
    ],
)
def test_chaque_refus_de_jeton_a_sa_famille(reseau, chorus, reponse, famille, code):
    reseau.post("https://oauth.exemple/api/oauth/token").mock(return_value=reponse)
    with pytest.raises(famille) as erreur:
        chorus.deposer_flux("f.xml", b"<x/>", "IN_DP_E1_CII")
    assert erreur.value.code == code
    if famille is ErreurPassagere:
        assert not erreur.value.effet_possible


@pytest.mark.parametrize("vie", [{"expires_in": "3600"}, {"expires_in": None}, {"expires_in": "bientôt"}, {}])
def test_une_vie_de_jeton_etrange_est_admise(reseau, chorus, vie):
    sans_vie = {nom: valeur for nom, valeur in BON_JETON.items() if nom != "expires_in"}
    jeton = reseau.post("https://oauth.exemple/api/oauth/token").mock(
        return_value=httpx.Response(200, json=sans_vie | {"token_type": "bearer"} | vie)
    )
    reseau.post(RECHERCHER).mock(return_value=httpx.Response(200, json={"codeRetour": 0}))
    chorus.rechercher_structures(siret="1")
    chorus.rechercher_structures(siret="1")
    assert jeton.call_count == 1


# --- services ----------------------------------------------------------------------------------------------------

LECTURES = [
    (httpx.Response(200, json={"codeRetour": 20002, "libelle": "Règle non respectée"}), ErreurDefinitive, "20002"),
    (httpx.Response(400, json={"codeRetour": 20002, "libelle": "Règle non respectée"}), ErreurDefinitive, "20002"),
    (httpx.Response(200, json={"codeRetour": "20001", "libelle": "GDP_MSG_11.022"}), ErreurDefinitive, "20001"),
    (httpx.Response(200, json={"codeRetour": 7}), ErreurDefinitive, "7"),
    (httpx.Response(403), ErreurDeReglage, API_NON_ABONNEE),
    (httpx.Response(403, text="<html>"), ErreurDeReglage, API_NON_ABONNEE),
    (httpx.Response(403, headers={"Retry-After": "5"}), ErreurPassagere, ""),
    (httpx.Response(401, json={"ErrorCode": "401", "Description": "[invalid field]"}), ErreurDeReglage, COMPTE_REFUSE),
    (httpx.Response(401), ErreurDeReglage, COMPTE_REFUSE),
    (httpx.Response(400, headers={"WWW-Authenticate": SANS_JETON}), ErreurDefinitive, "invalid_request"),
    (httpx.Response(404), ErreurDeReglage, ""),
    (httpx.Response(429, headers={"Retry-After": "12"}), ErreurPassagere, ""),
    (httpx.Response(500), ErreurPassagere, ""),
    (httpx.Response(500, json={"codeRetour": 99, "libelle": "Erreur interne"}), ErreurPassagere, "99"),
    (httpx.Response(503, headers={"Retry-After": "3"}), ErreurPassagere, ""),
    (httpx.Response(200, text="<html>Maintenance</html>"), ErreurPassagere, ""),
    (httpx.Response(200, text='{"codeRetour": 0, "listeStr'), ErreurPassagere, ""),
    (httpx.Response(200, json={"listeStructures": []}), ErreurPassagere, ""),
    (httpx.Response(200, json={"codeRetour": None}), ErreurPassagere, ""),
    (httpx.Response(200, json={"codeRetour": True}), ErreurPassagere, ""),
    (httpx.Response(200, json=[]), ErreurPassagere, ""),
    (httpx.Response(200, json={"codeRetour": 0, "listeStructures": ["x"]}), ErreurDefinitive, ""),
    (httpx.Response(200, json={"codeRetour": 0, "listeStructures": [{}]}), ErreurDefinitive, ""),
]


@pytest.mark.parametrize(("reponse", "famille", "code"), LECTURES)
def test_chaque_refus_de_lecture_a_sa_famille(reseau, jeton, chorus, reponse, famille, code):
    reseau.post(RECHERCHER).mock(return_value=reponse)
    with pytest.raises(famille) as erreur:
        chorus.rechercher_structures(siret="99000101800011")
    assert erreur.value.code == code
    assert jeton.call_count == 1
    if famille is ErreurPassagere:
        assert not erreur.value.effet_possible


@pytest.mark.parametrize(
    ("reponse", "famille", "effet"),
    [
        (httpx.Response(200, json={"codeRetour": 0}), ErreurPassagere, True),
        (httpx.Response(200, json={"libelle": "?"}), ErreurPassagere, True),
        (httpx.Response(200, text="<html>"), ErreurPassagere, True),
        (httpx.Response(400, text="<html>"), ErreurPassagere, True),
        (httpx.Response(502), ErreurPassagere, True),
        (httpx.Response(429), ErreurPassagere, False),
        (httpx.Response(200, json={"codeRetour": 20003, "libelle": "Pièce trop lourde"}), ErreurDefinitive, False),
        (httpx.Response(403), ErreurDeReglage, False),
    ],
)
def test_un_depot_est_incertain_des_que_la_reponse_n_est_pas_lisible(reseau, jeton, chorus, reponse, famille, effet):
    reseau.post(DEPOSER).mock(return_value=reponse)
    with pytest.raises(famille) as erreur:
        chorus.deposer_flux("f.xml", b"<x/>", "IN_DP_E1_CII")
    assert getattr(erreur.value, "effet_possible", False) is effet


@pytest.mark.parametrize(
    "panne", [httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadTimeout, httpx.RemoteProtocolError]
)
def test_un_reseau_en_panne_ne_laisse_un_doute_qu_apres_le_depart(reseau, jeton, chorus, panne):
    reseau.post(DEPOSER).mock(side_effect=panne)
    with pytest.raises(ErreurPassagere) as erreur:
        chorus.deposer_flux("f.xml", b"<x/>", "IN_DP_E1_CII")
    assert erreur.value.effet_possible is (panne in {httpx.ReadTimeout, httpx.RemoteProtocolError})


@pytest.mark.parametrize("statut", [200, 400])
def test_20000_est_une_liste_vide_avec_l_un_et_l_autre_statut(reseau, jeton, chorus, statut):
    corps = {"codeRetour": 20000, "libelle": "TRA_MSG_00.015 : La recherche n'a retourné aucun résultat"}
    reseau.post(RECHERCHER).mock(return_value=httpx.Response(statut, json=corps))
    assert chorus.rechercher_structures(siret="99000101800011") == []


def test_le_texte_distant_est_rendu_tel_quel_sans_nos_secrets(reseau, jeton, chorus, identifiants):
    libelle = f"Compte {identifiants['mot_de_passe']} et jeton-invente refusés"
    reseau.post(RECHERCHER).mock(return_value=httpx.Response(200, json={"codeRetour": 1, "libelle": libelle}))
    with pytest.raises(ErreurDefinitive) as refus:
        chorus.rechercher_structures(siret="99000101800011")
    assert refus.value.message == "Compte ••• et ••• refusés"


def test_un_jeton_dit_invalide_avec_400_est_remplace_aussi(reseau, jeton, chorus):
    inconnu = httpx.Response(400, headers={"WWW-Authenticate": 'Bearer realm="DefaultRealm", error="invalid_token"'})
    bonne = httpx.Response(200, json={"codeRetour": 0, "listeStructures": []})
    reseau.post(RECHERCHER).mock(side_effect=[bonne, inconnu, bonne])
    chorus.rechercher_structures(siret="1")
    chorus.rechercher_structures(siret="1")
    assert jeton.call_count == 2


def test_une_sante_qui_dit_non_est_passagere(reseau, jeton, chorus):
    corps = {"body": "L'API CPRO est indisponible.", "statusCodeValue": 503, "statusCode": "SERVICE_UNAVAILABLE"}
    reseau.get("https://api.exemple/cpro/transverses/v1/health-check").mock(
        return_value=httpx.Response(200, json=corps)
    )
    with pytest.raises(ErreurPassagere) as erreur:
        chorus.verifier_sante()
    assert erreur.value.message == "L'API CPRO est indisponible."


def test_une_erreur_des_organisations_est_une_liste(reseau, jeton, chorus):
    corps = [
        {"error": "NotFoundReference", "message": "Aucun Services trouvé"},
        {"error": "Autre", "message": "Autre fait"},
    ]
    reseau.get("https://api.exemple/cpro/organisations/v1/structures/x").mock(
        return_value=httpx.Response(400, json=corps)
    )
    with pytest.raises(ErreurDefinitive) as refus:
        chorus.organisations.consulter("x")
    assert (refus.value.code, refus.value.message) == ("NotFoundReference", "Aucun Services trouvé Autre fait")


# --- values ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("valeur", "attendu"),
    [
        ("2018-02-16T15:10:28.137+01:00", datetime(2018, 2, 16, 14, 10, 28, 137000, tzinfo=UTC)),
        ("2018-02-16T15:10:28Z", datetime(2018, 2, 16, 15, 10, 28, tzinfo=UTC)),
        ("2016-10-25 17:42", datetime(2016, 10, 25, 15, 42, tzinfo=UTC)),
        ("2022-09-14 13:00:08", datetime(2022, 9, 14, 11, 0, 8, tzinfo=UTC)),
        ("2026-01-02", datetime(2026, 1, 1, 23, 0, tzinfo=UTC)),
        ("0001-01-01", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("2026-02-30", None),
        ("16/02/2018", None),
        ("2026-W01-1", None),
        ("", None),
        (None, None),
        (20180216, None),
        ({"date": 1}, None),
    ],
)
def test_les_dates_des_quatre_formes(valeur, attendu):
    assert moment({"d": valeur}, "d") == attendu


def test_le_jour_est_celui_de_paris():
    assert jour({"d": "2027-01-30T23:30:00Z"}, "d") == date(2027, 1, 31)
    assert jour({"d": "2027-01-31"}, "d") == date(2027, 1, 31)


@pytest.mark.parametrize(
    ("valeur", "attendu"),
    [
        (True, True),
        ("true", True),
        ("OUI", True),
        (1, True),
        ("0", False),
        (False, False),
        ("Non", False),
        (None, None),
        ("", None),
        ("peut-être", None),
        (2, None),
        ([], None),
    ],
)
def test_les_booleens_inconnus_restent_inconnus(valeur, attendu):
    assert booleen({"b": valeur}, "b") is attendu


@pytest.mark.parametrize(
    ("valeur", "attendu"),
    [(12, 12), ("12", 12), (12.0, 12), (-1, -1), ("1e3", None), (True, None), (None, None), (1.5, None)],
)
def test_les_nombres(valeur, attendu):
    assert entier({"n": valeur}, "n") == attendu


def test_un_siret_en_nombre_retrouve_ses_zeros():
    assert identifiant({"i": 149}, "i", "SIRET") == "00000000000149"
    assert identifiant({"i": 149}, "i", "HORS_UE") == "149"
    assert identifiant({"i": "149"}, "i", "SIRET") == "149"


def test_une_structure_consultee_sans_rien_reste_inconnue():
    consultee = StructureConsultee.depuis_json({"informationGenerales": {"idStructureCPP": "12"}, "parametres": None})
    assert consultee.id == 12
    assert (consultee.connexion_edi, consultee.expiration_mot_de_passe, consultee.ville) == (None, None, "")


def test_un_statut_inconnu_n_est_ni_actif_ni_inactif():
    assert StructureTrouvee.depuis_json({"idStructureCPP": 1, "statut": "EN_COURS"}).active is None


def test_chaque_etat_de_flux_connu_a_son_issue():
    assert IssueFlux.INCONNUE not in ETATS_FLUX.values()
    assert ETATS_FLUX["IN_INTEGRE_PARTIEL"] is IssueFlux.INTEGREE_EN_PARTIE
