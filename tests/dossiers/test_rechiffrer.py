"""Key rotation: every secret goes under the new key, none is lost, and the old key can then be removed."""

import fernet_fields
import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.apps.registry import Apps
from django.core.management import CommandError, call_command
from django.db import connection, models

from config.champs import ChiffreCharField
from dossiers.management.commands import rechiffrer
from dossiers.models import CleApi
from tests.fabriques import CleApiFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def avec_cles(settings):
    """Change the keys of the process, as a restart would."""

    def poser(*cles):
        settings.FERNET_KEYS = list(cles)
        for champ in CleApi._meta.local_concrete_fields:
            if isinstance(champ, fernet_fields.EncryptedField):
                for nom in ("keys", "fernet_keys", "fernet"):
                    champ.__dict__.pop(nom, None)

    initiales = list(settings.FERNET_KEYS)
    yield poser
    poser(*initiales)


@pytest.fixture
def ancienne(settings):
    return settings.FERNET_KEYS[0]


def secrets():
    return sorted(CleApi.objects.values_list("client_secret", "cle_abonnement"))


def jetons():
    with connection.cursor() as curseur:
        curseur.execute("SELECT client_secret, cle_abonnement FROM dossiers_cleapi ORDER BY id")
        return [tuple(map(bytes, ligne)) for ligne in curseur.fetchall()]


def test_les_secrets_passent_sous_la_nouvelle_cle(avec_cles, ancienne, capsys, monkeypatch):
    monkeypatch.setattr(rechiffrer, "LOT", 2)
    for rang in range(5):
        CleApiFactory(client_secret=f"secret-{rang}", cle_abonnement="")
    avant = secrets()
    nouvelle = Fernet.generate_key().decode()
    avec_cles(nouvelle, ancienne)
    call_command("rechiffrer")
    assert "Total\u00a0: 10 rechiffrés." in capsys.readouterr().out
    avec_cles(nouvelle)
    assert secrets() == avant

    gardes = jetons()
    call_command("rechiffrer")
    assert "Total\u00a0: 0 rechiffrés." in capsys.readouterr().out
    assert jetons() == gardes, "un second passage ne réécrit rien"

    avec_cles(ancienne)
    with pytest.raises(fernet_fields.DecryptionError):
        secrets()


def test_un_secret_que_rien_n_ouvre_est_nomme_et_garde(avec_cles, ancienne, capsys):
    perdue = CleApiFactory(client_secret="perdu")
    avec_cles(Fernet.generate_key().decode())
    saine = CleApiFactory(client_secret="sain")
    avant = jetons()
    with pytest.raises(CommandError, match=f"dossiers_cleapi n° {perdue.pk}") as levee:
        call_command("rechiffrer")
    assert "2 illisibles" in capsys.readouterr().out
    assert "perdu" not in str(levee.value)
    assert jetons() == avant
    saine.refresh_from_db()
    assert saine.client_secret == "sain"


def test_aucun_secret_n_est_montre(avec_cles, ancienne, capsys):
    CleApiFactory(client_secret="ne-pas-montrer", cle_abonnement="ni-celui-ci")
    nouvelle = Fernet.generate_key().decode()
    avec_cles(nouvelle, ancienne)
    call_command("rechiffrer")
    sortie = "".join(capsys.readouterr())
    assert not [secret for secret in ("ne-pas-montrer", "ni-celui-ci", nouvelle, ancienne) if secret in sortie]


def test_toute_table_qui_chiffre_est_trouvee_et_tournee(avec_cles, ancienne):
    registre = Apps()

    class Historique(models.Model):  # noqa: DJ008
        history_id = models.AutoField(primary_key=True)
        secret = ChiffreCharField(max_length=50, null=True)

        class Meta:
            app_label = "essai"
            apps = registre

    champs = rechiffrer.champs_chiffres(Historique)
    assert [champ.name for champ in champs] == ["secret"]
    assert CleApi in [modele for modele, _ in rechiffrer.modeles_chiffres()]
    assert CleApi.history.model in apps.get_models(include_auto_created=True)
    with connection.schema_editor() as editeur:
        editeur.create_model(Historique)
    Historique.objects.create(secret="gardé")
    Historique.objects.create(secret=None)
    nouvelle = Fernet.generate_key().decode()
    avec_cles(nouvelle, ancienne)
    for nom in ("keys", "fernet_keys", "fernet"):
        champs[0].__dict__.pop(nom, None)
    compte = rechiffrer.rechiffrer(Historique, champs)
    assert (compte.rechiffres, compte.a_jour, compte.illisibles) == (1, 0, [])
    assert list(Historique.objects.order_by("pk").values_list("secret", flat=True)) == ["gardé", None]


def test_une_base_vide_se_rechiffre(capsys):
    CleApi.objects.all().delete()
    call_command("rechiffrer")
    assert "Total\u00a0: 0 rechiffrés." in capsys.readouterr().out
