"""What probes read: alive without a database, ready only when all is, measured only for who may."""

import json

import pytest
from django.db import OperationalError
from django.test import Client, RequestFactory, override_settings

from config import metriques, sante


def lire(reponse):
    return json.loads(reponse.content)


# --- /health/live ------------------------------------------------------------------------------------------------


def test_vivant_sans_base_ni_session(client):
    # Without the `db` fixture, any query fails the test.
    reponse = client.get("/health/live")
    assert (reponse.status_code, lire(reponse)) == (200, {"etat": "vivant"})
    assert reponse["Cache-Control"] == "no-store"
    assert not reponse.cookies


@override_settings(SECURE_SSL_REDIRECT=True, ALLOWED_HOSTS=["passerelle.exemple.test"])
def test_une_sonde_vient_par_l_adresse_et_sans_https():
    assert Client(headers={"host": "10.0.0.7:8000"}).get("/health/live").status_code == 200


def test_une_sonde_ne_fait_que_lire(client):
    assert client.post("/health/live").status_code == 405


# --- /health/ready -----------------------------------------------------------------------------------------------


@pytest.fixture
def en_marche(db, monkeypatch):
    """Everything that `/health/ready` looks at is well, but the database and the broker, which are real."""
    for nom in ("executant", "horloge", "restauration"):
        monkeypatch.setitem(sante._CONTROLES, nom, str)


def test_pret_quand_tout_repond(client, en_marche):
    reponse = client.get("/health/ready")
    assert reponse.status_code == 200, reponse.content
    assert lire(reponse)["etat"] == "prêt"
    assert set(lire(reponse)["controles"]) == {
        "base",
        "migrations",
        "courtier",
        "executant",
        "horloge",
        "restauration",
    }
    assert reponse["Cache-Control"] == "no-store"


def test_la_base_absente_ne_fait_pas_attendre_le_reste(client, monkeypatch):
    class Absente:
        def cursor(self):
            raise OperationalError("connection to server at 10.0.0.1, password secret-invente")

    monkeypatch.setattr(sante, "connection", Absente())
    reponse = client.get("/health/ready")
    assert reponse.status_code == 503
    trouves = lire(reponse)["controles"]
    assert "DATABASE_URL" in trouves["base"]["cause"]
    assert all("non vérifié" in t["cause"] for nom, t in trouves.items() if nom != "base")
    assert "secret-invente" not in reponse.content.decode()


def test_un_courtier_muet_rend_indisponible(client, en_marche, settings, tmp_path):
    settings.CELERY_BROKER_URL = f"redis+socket://{tmp_path}/absent.sock?virtual_host=0"
    reponse = client.get("/health/ready")
    assert reponse.status_code == 503
    assert "REDIS_URL" in lire(reponse)["controles"]["courtier"]["cause"]


def test_une_migration_non_appliquee_rend_indisponible(client, en_marche, monkeypatch):
    sante._connues.cache_clear()
    connues = sante._connues()
    monkeypatch.setattr(sante, "_connues", lambda: connues | {("dossiers", "9999_inventee")})
    reponse = client.get("/health/ready")
    assert reponse.status_code == 503
    assert lire(reponse)["controles"]["migrations"]["cause"].startswith("1 à appliquer")


def test_un_controle_qui_tombe_se_dit_sans_son_message(client, en_marche, monkeypatch):
    def tomber():
        raise OperationalError("secret-invente")

    monkeypatch.setitem(sante._CONTROLES, "horloge", tomber)
    reponse = client.get("/health/ready")
    assert reponse.status_code == 503
    assert "journaux" in lire(reponse)["controles"]["horloge"]["cause"]
    assert "secret-invente" not in reponse.content.decode()


def test_des_sondes_en_nombre_ne_font_les_controles_qu_une_fois(client, settings, monkeypatch):
    faits, heure = [], [1000.0]
    monkeypatch.setattr(sante, "_gardes", sante._Gardes())
    monkeypatch.setattr(sante, "controles", lambda: faits.append(1) or {"base": "" if len(faits) == 1 else "en panne"})
    monkeypatch.setattr(sante.time, "monotonic", lambda: heure[0])
    settings.SUPERVISION = settings.SUPERVISION | {"sondes": 2}
    assert [client.get("/health/ready").status_code for _ in range(5)] == [200] * 5
    assert len(faits) == 1
    heure[0] += 2
    assert client.get("/health/ready").status_code == 503
    assert len(faits) == 2


# --- /metrics ----------------------------------------------------------------------------------------------------


def demander(**entetes):
    demande = RequestFactory().get("/metrics", **entetes)
    return sante._peut_mesurer(demande)


@pytest.mark.parametrize("adresse", ["127.0.0.1", "::1"])
def test_sans_jeton_cette_machine_seulement(adresse):
    assert demander(REMOTE_ADDR=adresse)


@pytest.mark.parametrize("adresse", ["10.0.0.1", "", "n’importe quoi"])
def test_sans_jeton_les_autres_sont_refusees(adresse):
    assert not demander(REMOTE_ADDR=adresse)


@pytest.mark.parametrize("entete", ["HTTP_X_FORWARDED_FOR", "HTTP_FORWARDED", "HTTP_X_REAL_IP"])
def test_ce_que_passe_un_mandataire_ne_vient_pas_de_cette_machine(entete):
    assert not demander(REMOTE_ADDR="127.0.0.1", **{entete: "203.0.113.9"})


def test_avec_jeton_lui_seul_ouvre(settings):
    settings.METRIQUES_JETON = "jeton-invente"
    assert demander(REMOTE_ADDR="10.0.0.1", HTTP_AUTHORIZATION="Bearer jeton-invente")
    assert not demander(REMOTE_ADDR="127.0.0.1")
    assert not demander(REMOTE_ADDR="127.0.0.1", HTTP_AUTHORIZATION="Bearer autre-é")


def test_sans_jeton_personne_en_production(settings):
    settings.PRODUCTION = True
    assert not demander(REMOTE_ADDR="127.0.0.1")
    settings.METRIQUES_JETON = "jeton-invente"
    assert demander(REMOTE_ADDR="10.0.0.1", HTTP_AUTHORIZATION="Bearer jeton-invente")


def test_un_refus_ne_dit_rien(client, settings):
    settings.METRIQUES_JETON = "jeton-invente"
    reponse = client.get("/metrics")
    assert (reponse.status_code, reponse["WWW-Authenticate"]) == (401, "Bearer")
    assert "jeton-invente" not in reponse.content.decode()


# --- the text format ---------------------------------------------------------------------------------------------


def test_le_format_de_prometheus():
    mesure = metriques.Mesure("essai", "Un\nessai.")
    mesure.noter(1.5, nom='a"b\\c\nd')
    mesure.noter(2)
    assert metriques.exposer([mesure]) == (
        "# HELP passerelle_essai Un\\nessai.\n"
        "# TYPE passerelle_essai gauge\n"
        'passerelle_essai{nom="a\\"b\\\\c\\nd"} 1.5\n'
        "passerelle_essai 2\n"
    )


def test_un_histogramme_cumule_ses_seaux():
    appels = metriques.Appels()
    for duree in (10, 60, 60, 99_000):
        appels.compter("api.exemple.test", "reussi", duree)
    texte = metriques.exposer([metriques.histogramme({"hote:1": appels.releve()})])
    etiquettes = 'processus="hote:1",hote="api.exemple.test",issue="reussi"'
    assert f'passerelle_appel_secondes_bucket{{{etiquettes},le="0.05"}} 1\n' in texte
    assert f'passerelle_appel_secondes_bucket{{{etiquettes},le="0.1"}} 3\n' in texte
    assert f'passerelle_appel_secondes_bucket{{{etiquettes},le="30"}} 3\n' in texte
    assert f'passerelle_appel_secondes_bucket{{{etiquettes},le="+Inf"}} 4\n' in texte
    assert f"passerelle_appel_secondes_sum{{{etiquettes}}} 99.13\n" in texte
    assert f"passerelle_appel_secondes_count{{{etiquettes}}} 4\n" in texte
