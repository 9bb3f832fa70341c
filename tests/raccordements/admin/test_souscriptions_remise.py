"""Connection data in the browser: once, after the password and the code, with a receipt, and never again."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from dossiers.models import Evenement
from raccordements.models import DonneesConnexion
from tests.fabriques import MOT_DE_PASSE
from tests.interlocuteurs.admin.conftest import Entrer
from tests.raccordements.admin.test_souscriptions_pages import LISTE, page, texte
from tests.raccordements.fabriques_od import DONNEES, onboardee

pytestmark = pytest.mark.django_db
CLE = "cle-inventee-de-connexion"
SAISIE = {"remises_a": "Dominique Inventé, plateforme", "mot_de_passe": MOT_DE_PASSE}


@pytest.fixture
def souscription(db: None) -> Any:
    return onboardee()


def adresse(souscription: Any) -> str:
    return f"{LISTE}{souscription.pk}/reveler/"


def test_reveler_une_fois_puis_plus_jamais(au_bureau: Client, entrer: Entrer, souscription: Any) -> None:
    assert adresse(souscription) in page(au_bureau, souscription)
    assert CLE not in texte(au_bureau.get(adresse(souscription)))
    reponse = au_bureau.post(adresse(souscription), SAISIE)
    assert CLE in texte(reponse)
    assert "no-store" in reponse["Cache-Control"]
    # `no-referrer` would have the browser post with `Origin: null`, which is refused.
    assert reponse["Referrer-Policy"] == "same-origin"
    assert "Signature valable" in texte(reponse)
    # Reloading the page sends the same again.
    for client in (au_bureau, entrer(manager=True)):
        encore = client.post(adresse(souscription), SAISIE)
        assert encore.status_code == 409
        lue = texte(encore)
        assert CLE not in lue
        assert f"{au_bureau.personne} les a révélées le" in lue  # type: ignore[attr-defined]
        assert "Dominique Inventé" in lue
        assert client.get(adresse(souscription)).status_code == 409
    assert Evenement.objects.filter(type=Evenement.Type.SECRET, acteur=au_bureau.personne).count() == 1  # type: ignore[attr-defined]
    lue = page(au_bureau, souscription)
    assert CLE not in lue
    assert "elles ne se révèlent qu’une fois" in lue


def test_l_accuse_se_relit_sans_les_donnees_et_dit_sa_falsification(au_bureau: Client, souscription: Any) -> None:
    au_bureau.post(adresse(souscription), SAISIE)
    donnees = DonneesConnexion.objects.get()
    accuse = f"{LISTE}{souscription.pk}/accuse/{donnees.pk}/"
    assert accuse in page(au_bureau, souscription)
    lue = texte(au_bureau.get(accuse))
    assert donnees.signature in lue
    assert donnees.empreinte in lue
    assert "Signature valable" in lue
    assert CLE not in lue
    assert DONNEES not in lue
    with pytest.MonkeyPatch.context() as faux:
        faux.setattr("raccordements.souscriptions.remise.accuse_valide", lambda donnees: False)
        assert "Signature non reconnue" in texte(au_bureau.get(accuse))
    assert au_bureau.get(f"{LISTE}{souscription.pk}/accuse/{donnees.pk + 1}/").status_code == 404


def test_un_mauvais_mot_de_passe_ne_revele_rien(au_bureau: Client, souscription: Any) -> None:
    reponse = au_bureau.post(adresse(souscription), {**SAISIE, "mot_de_passe": "faux-mot"})
    assert CLE not in texte(reponse)
    assert "mot_de_passe" in reponse.context["formulaire"].errors
    assert "faux-mot" not in texte(reponse)
    assert 'value="Dominique Inventé, plateforme"' in texte(reponse)
    assert DonneesConnexion.objects.get().revelees_le is None


def test_trop_d_essais_bloquent(au_bureau: Client, souscription: Any, settings: Any) -> None:
    settings.AXES_ENABLED, settings.AXES_FAILURE_LIMIT = True, 2
    for _ in range(2):
        au_bureau.post(adresse(souscription), {**SAISIE, "mot_de_passe": "faux"})
    assert CLE not in texte(au_bureau.post(adresse(souscription), SAISIE))
    assert DonneesConnexion.objects.get().revelees_le is None


def test_le_code_est_demande_a_qui_en_a_un(au_bureau: Client, souscription: Any) -> None:
    appareil = TOTPDevice.objects.create(user=au_bureau.personne, name="téléphone", confirmed=True)  # type: ignore[attr-defined]
    session = au_bureau.session
    session["otp_device_id"] = appareil.persistent_id
    session.save()
    assert 'name="code"' in texte(au_bureau.get(adresse(souscription)))
    sans = au_bureau.post(adresse(souscription), SAISIE)
    assert "code" in sans.context["formulaire"].errors
    assert CLE not in texte(sans)
    code = f"{totp(appareil.bin_key):06d}"
    assert CLE in texte(au_bureau.post(adresse(souscription), {**SAISIE, "code": code}))


def test_sans_le_droit_la_page_est_fermee(entrer: Entrer, souscription: Any) -> None:
    client = entrer(collaborateur=True)
    assert "reveler/" not in page(client, souscription)
    assert client.post(adresse(souscription), SAISIE).status_code == 403
    assert DonneesConnexion.objects.get().revelees_le is None
