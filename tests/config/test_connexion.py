"""Login through the real page: password, one-time code, lockout; and the page that switches the codes on and off."""

import re
import time
from base64 import b32decode

import pytest
from django.test import Client
from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

from config import connexion
from config import settings as reglages
from dossiers.models import Collaborateur

PAGE = "/admin/mon-compte/double-authentification/"
MOT_DE_PASSE = "un mot de passe d'essai"


@pytest.fixture(autouse=True)
def pages_nues(settings):
    settings.UNFOLD = {**settings.UNFOLD, "SIDEBAR": {}, "ENVIRONMENT": None}


@pytest.fixture
def personne(db):
    return Collaborateur.objects.create_user("camille", password=MOT_DE_PASSE, is_staff=True, is_superuser=True)


@pytest.fixture
def appareil(personne):
    return TOTPDevice.objects.create(user=personne, name="Application", confirmed=True)


@pytest.fixture
def secours(personne):
    device = StaticDevice.objects.create(user=personne, name="Codes de secours", confirmed=True)
    return StaticToken.objects.create(device=device, token="abcd2345").token


def code_de(appareil, decalage=0) -> str:
    totp = TOTP(appareil.bin_key)
    totp.time = time.time() + decalage
    return f"{totp.token():06d}"


def entrer(client, mot_de_passe=MOT_DE_PASSE, code="", suite=""):
    adresse = f"/admin/login/?next={suite}" if suite else "/admin/login/"
    champs = {"username": "camille", "password": mot_de_passe, "otp_token": code, "next": suite}
    return client.post(adresse, champs)


def connecte(client) -> bool:
    return "_auth_user_id" in client.session


# --- login -------------------------------------------------------------------------------------------------------


def test_la_page_de_connexion_est_en_francais(client, db):
    page = client.get("/admin/login/?next=/admin/").content.decode()
    assert "Code à usage unique (si activé)" in page
    assert 'value="/admin/"' in page
    assert '<html lang="fr"' in page
    assert "Welcome" not in page


def test_sans_appareil_le_mot_de_passe_suffit(client, personne):
    reponse = entrer(client)
    assert (reponse.status_code, reponse["Location"]) == (302, "/admin/")
    assert connecte(client)


def test_la_suite_demandee_est_suivie_mais_pas_ailleurs(client, personne):
    assert entrer(client, suite="/admin/password_change/")["Location"] == "/admin/password_change/"
    assert entrer(Client(), suite="https://ailleurs.example/")["Location"] == "/admin/"


def test_avec_un_appareil_le_code_est_exige(client, appareil):
    reponse = entrer(client)
    assert reponse.status_code == 200
    assert connexion.CODE_REQUIS in reponse.content.decode()
    assert not connecte(client)


def test_un_mot_de_passe_faux_ne_dit_rien_du_code(client, appareil):
    page = entrer(client, "faux", code_de(appareil)).content.decode()
    assert "La connexion est refusée" in page
    assert "code" not in re.search(r'role="alert">(.*?)</div>', page, re.DOTALL)[1]


def test_le_bon_code_ouvre_une_session_verifiee(client, appareil):
    assert entrer(client, code=code_de(appareil)).status_code == 302
    assert client.session["otp_device_id"] == appareil.persistent_id


def test_les_espaces_d_un_code_ne_comptent_pas(client, appareil):
    code = code_de(appareil)
    assert entrer(client, code=f" {code[:3]} {code[3:]} ").status_code == 302


def test_un_code_ne_sert_qu_une_fois(client, appareil):
    code = code_de(appareil)
    assert entrer(client, code=code).status_code == 302
    autre = Client()
    assert connexion.CODE_FAUX in entrer(autre, code=code).content.decode()
    assert not connecte(autre)


def test_un_code_faux_est_refuse_puis_la_verification_se_suspend(client, appareil):
    assert connexion.CODE_FAUX in entrer(client, code="000000").content.decode()
    assert connexion.CODE_SUSPENDU in entrer(client, code=code_de(appareil)).content.decode()
    assert not connecte(client)


def test_un_code_de_secours_sert_une_fois(client, appareil, secours):
    assert entrer(client, code="ABCD 2345").status_code == 302
    assert not StaticToken.objects.exists()
    assert connexion.CODE_FAUX in entrer(Client(), code=secours).content.decode()


def test_un_code_de_l_application_n_use_pas_les_codes_de_secours(client, appareil, secours):
    entrer(client, code="000000")
    assert StaticDevice.objects.get().throttling_failure_count == 0
    assert TOTPDevice.objects.get().throttling_failure_count == 1


def test_l_appareil_d_un_autre_ne_sert_a_rien(client, appareil):
    autre = Collaborateur.objects.create_user("autre", password="x", is_staff=True)
    etranger = TOTPDevice.objects.create(user=autre, name="x", confirmed=True)
    assert entrer(client, code=code_de(etranger)).status_code == 200


def test_un_appareil_non_confirme_n_exige_rien(client, personne):
    TOTPDevice.objects.create(user=personne, name="x", confirmed=False)
    assert entrer(client).status_code == 302


@pytest.mark.parametrize("code", ["\x00", "١٢٣٤٥٦", "a" * 500, "é", "-12345"])
def test_un_code_absurde_est_refuse_proprement(client, appareil, code):
    assert entrer(client, code=code).status_code == 200
    assert not connecte(client)


def test_trop_d_essais_bloquent_avec_une_page_francaise(client, personne, settings):
    settings.AXES_ENABLED, settings.AXES_FAILURE_LIMIT = True, 3
    for _ in range(3):
        reponse = entrer(client, "faux")
    assert reponse.status_code == 429
    page = reponse.content.decode()
    assert "La connexion est bloquée" in page
    assert "1\u00a0heure" in page
    assert entrer(client).status_code == 429
    assert not connecte(client)


def test_un_succes_remet_les_echecs_a_zero(client, personne, settings):
    settings.AXES_ENABLED, settings.AXES_FAILURE_LIMIT = True, 3
    for _ in range(2):
        entrer(client, "faux")
        entrer(client, "faux")
        assert entrer(Client()).status_code == 302


def test_un_nom_avec_un_nul_est_refuse_proprement(client, db):
    assert client.post("/admin/login/", {"username": "a\x00b", "password": "x"}).status_code == 200


# --- « Mon compte » ----------------------------------------------------------------------------------------------


@pytest.fixture
def session(client, personne):
    client.force_login(personne)
    return client


def geste(client, nom, code=""):
    return client.post(PAGE, {"geste": nom, "code": code}, follow=True)


def activer(client, personne) -> list[str]:
    geste(client, "commencer")
    page = geste(client, "confirmer", code_de(TOTPDevice.objects.get(user=personne))).content.decode()
    return [code.replace(" ", "") for code in re.findall(r"<li><code>([^<]+)</code></li>", page)]


def test_la_page_demande_une_connexion(client, db):
    reponse = client.get(PAGE)
    assert reponse.status_code == 302
    assert reponse["Location"].startswith("/admin/login/")


def test_regarder_la_page_ne_cree_rien(session):
    assert "pas activée" in session.get(PAGE).content.decode()
    assert not TOTPDevice.objects.exists()


def test_le_dessin_et_la_cle_sont_ceux_de_l_appareil(session, personne):
    page = geste(session, "commencer").content.decode()
    assert 'src="data:image/svg+xml;base64,' in page
    cle = re.search(r"cette clé\u00a0: <code>(\w+)=*</code>", page)[1]
    appareil = TOTPDevice.objects.get(user=personne)
    assert b32decode(cle) == appareil.bin_key
    assert not appareil.confirmed
    assert "issuer=Passerelle" in appareil.config_url
    assert "no-store" in session.get(PAGE)["Cache-Control"]


def test_un_code_faux_n_active_pas(session, personne):
    geste(session, "commencer")
    assert connexion.CODE_FAUX in geste(session, "confirmer", "000000").content.decode()
    assert not TOTPDevice.objects.get().confirmed
    assert not StaticToken.objects.exists()


def test_activer_donne_dix_codes_montres_une_fois(session, personne):
    codes = activer(session, personne)
    assert len(set(codes)) == 10
    assert set(codes) == set(StaticToken.objects.values_list("token", flat=True))
    page = session.get(PAGE).content.decode()
    assert "<strong>activée</strong>" in page
    assert not any(code[:4] in page for code in codes)
    assert "Il vous reste 10 codes de secours" in page
    nouvelle = Client()
    assert entrer(nouvelle).status_code == 200
    assert entrer(nouvelle, code=codes[0]).status_code == 302


def test_renouveler_et_desactiver_demandent_un_code(session, personne):
    codes = activer(session, personne)
    for nom in ("codes", "desactiver"):
        assert geste(session, nom, "").status_code == 200
        assert geste(session, nom, "faux-code").status_code == 200
        StaticDevice.objects.update(throttling_failure_timestamp=None, throttling_failure_count=0)
    assert set(StaticToken.objects.values_list("token", flat=True)) == set(codes)
    geste(session, "codes", codes[0])
    neufs = set(StaticToken.objects.values_list("token", flat=True))
    assert len(neufs) == 10
    assert not neufs & set(codes)
    geste(session, "desactiver", neufs.pop())
    assert not TOTPDevice.objects.exists()
    assert not StaticDevice.objects.exists()
    assert entrer(Client()).status_code == 302


def test_recommencer_ne_remplace_pas_un_appareil_actif(session, appareil):
    geste(session, "commencer")
    assert TOTPDevice.objects.get() == appareil
    assert "<strong>activée</strong>" in geste(session, "confirmer", code_de(appareil)).content.decode()


@pytest.mark.parametrize("nom", ["", "inconnu"])
def test_un_geste_inconnu_est_refuse(session, nom):
    assert session.post(PAGE, {"geste": nom}).status_code == 400


def test_seuls_lire_et_poster_existent(session):
    assert session.put(PAGE).status_code == 405


def test_les_mots_de_passe_sont_haches_par_argon2():
    """The tests put a faster one before it, in Django's settings and not in the product's."""
    assert reglages.PASSWORD_HASHERS[0].endswith(".Argon2PasswordHasher")
