"""Chorus Pro accounts: secrets never shown, their end, the four steps of the test; and the reference data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from dossiers.models import Evenement, Operation
from raccordements.chorus.schemas import Diagnostic, Etape, Etat
from raccordements.models import CodeInterface, CompteChorus, EmetteurAdmis, ReferenceReseau
from raccordements.services.structures import noter_test
from tests.interlocuteurs.admin.conftest import ROLES, Entrer
from tests.raccordements.admin.conftest import EnRole
from tests.raccordements.fabriques import CompteChorusFactory
from tests.rendu import sans_rendu

pytestmark = pytest.mark.django_db
LISTE = "/admin/raccordements/comptechorus/"
REFERENCE = "/admin/raccordements/"


def texte(reponse: Any) -> str:
    return reponse.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def saisie(**autres: Any) -> dict[str, Any]:
    return {
        "nom": "Compte inventé",
        "environnement": "qualification",
        "client_id": "00000000-0000-4000-8000-000000000000",
        "login": "TECH_1_1@cpro.fr",
        "plafond": 4,
        **autres,
    }


@pytest.fixture
def administrateur(entrer: Entrer) -> Client:
    return entrer(administrateur=True)


def test_un_secret_s_ecrit_et_ne_se_relit_jamais(administrateur: Client) -> None:
    secrets = {"client_secret": "secret-tres-secret", "mot_de_passe": "passe-tres-secret"}
    reponse = administrateur.post(f"{LISTE}add/", saisie(**secrets))
    assert reponse.status_code == 302
    compte = CompteChorus.objects.get()
    assert (compte.client_secret, compte.mot_de_passe) == ("secret-tres-secret", "passe-tres-secret")
    adresse = f"{LISTE}{compte.pk}/change/"
    for page in (adresse, f"{LISTE}{compte.pk}/history/", LISTE, "/admin/dossiers/evenement/"):
        lue = texte(administrateur.get(page))
        assert "tres-secret" not in lue, page
    assert f"défini le {timezone.localdate():%d/%m/%Y}" in texte(administrateur.get(adresse))
    assert "tres-secret" not in administrateur.get(f"{LISTE}export.csv").getvalue().decode()
    vide = saisie(nom="Autre nom", client_secret="", mot_de_passe="")
    assert administrateur.post(adresse, vide).status_code == 302
    compte.refresh_from_db()
    assert (compte.nom, compte.mot_de_passe) == ("Autre nom", "passe-tres-secret")
    assert set(Evenement.objects.filter(guichet=compte.guichet).values_list("type", flat=True)) == {
        Evenement.Type.MODIFICATION,
        Evenement.Type.SECRET,
    }


def test_le_secret_refuse_ne_revient_pas_a_l_ecran(administrateur: Client) -> None:
    reponse = administrateur.post(f"{LISTE}add/", saisie(client_secret="avec un espace", login="accentué"))
    assert reponse.status_code == 200
    assert "avec un espace" not in texte(reponse)
    assert {"client_secret", "login"} <= set(reponse.context["adminform"].form.errors)


def test_le_plafond_est_celui_du_guichet(administrateur: Client) -> None:
    administrateur.post(f"{LISTE}add/", saisie(plafond=7))
    compte = CompteChorus.objects.get()
    assert compte.guichet.plafond == 7
    assert administrateur.post(f"{LISTE}{compte.pk}/change/", saisie(plafond=65)).status_code == 200
    assert 'name="plafond" value="7"' in texte(administrateur.get(f"{LISTE}{compte.pk}/change/"))


def test_la_fin_du_mot_de_passe_a_424_jours(administrateur: Client) -> None:
    aujourd_hui = timezone.localdate()
    compte = CompteChorusFactory(pret=True, mot_de_passe_change_le=aujourd_hui - timedelta(days=400))
    page = texte(administrateur.get(f"{LISTE}{compte.pk}/change/"))
    assert f"{aujourd_hui + timedelta(days=24):%d/%m/%Y}, 24 jours restants" in page
    assert "24 jours restants" in texte(administrateur.get(LISTE))
    demain = saisie(mot_de_passe_change_le=f"{aujourd_hui + timedelta(days=1):%d/%m/%Y}")
    reponse = administrateur.post(f"{LISTE}{compte.pk}/change/", demain)
    assert "elle est dans l’avenir" in texte(reponse)


def test_un_mot_de_passe_expire_est_explique(administrateur: Client) -> None:
    compte = CompteChorusFactory(pret=True, mot_de_passe_change_le=timezone.localdate() - timedelta(days=500))
    page = texte(administrateur.get(f"{LISTE}{compte.pk}/change/"))
    assert "Chorus Pro le refuserait" in page
    assert "Expiré le" in page


def test_tester_demande_une_operation(administrateur: Client) -> None:
    compte = CompteChorusFactory(pret=True)
    assert administrateur.get(f"{LISTE}{compte.pk}/tester/").status_code == 405
    administrateur.post(f"{LISTE}{compte.pk}/tester/", {"siret": "999 000 010 00015"})
    operation = Operation.objects.get(nature="tester_compte_chorus")
    assert operation.guichet == compte.guichet


def test_un_siret_illisible_ne_part_pas(administrateur: Client, subtests: pytest.Subtests) -> None:
    compte = CompteChorusFactory(pret=True)
    for siret in ("123", "x" * 100, "\0"):
        with subtests.test(siret=siret):
            reponse = administrateur.post(f"{LISTE}{compte.pk}/tester/", {"siret": siret}, follow=True)
            assert reponse.status_code in {200, 400}
            assert not Operation.objects.exists()


def test_les_quatre_etapes_du_dernier_test_se_lisent(administrateur: Client) -> None:
    compte = CompteChorusFactory(pret=True)
    detail = Etape(cle="structures", libelle="Structures", etat=Etat.ECHOUE, cause="403 vide", remede="Cocher l’API.")
    noter_test(
        compte,
        Diagnostic(
            (
                Etape(cle="jeton", libelle="Jeton", etat=Etat.REUSSI),
                Etape(cle="compte_technique", libelle="Compte technique", etat=Etat.REUSSI),
                Etape(
                    cle="abonnements",
                    libelle="Abonnement aux API",
                    etat=Etat.ECHOUE,
                    cause="Une API refuse l’application.",
                    remede="Acceptez ses conditions dans PISTE.",
                    details=(detail,),
                ),
                Etape(cle="rattachement", libelle="Rattachement", etat=Etat.NON_ESSAYE),
            )
        ),
    )
    page = texte(administrateur.get(f"{LISTE}{compte.pk}/change/"))
    for mot in ("1. Jeton", "4. Rattachement", "Acceptez ses conditions dans PISTE.", "Cocher l’API.", "Non essayé"):
        assert mot in page, mot


def test_qui_peut_quoi(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    compte = CompteChorusFactory(pret=True, client_id="visible", login="TECH_1_9@cpro.fr")
    rang = ROLES.index(role)
    page = client.get(f"{LISTE}{compte.pk}/change/")
    assert page.status_code == (200 if rang >= 1 else 403)
    assert "secret-invente" not in texte(page)
    assert "mot-de-passe-invente" not in texte(page)
    with sans_rendu():
        assert client.get(f"{LISTE}add/").status_code == (200 if rang >= 3 else 403)
    assert (client.post(f"{LISTE}{compte.pk}/tester/").status_code == 403) == (rang < 2)
    assert (client.post(f"{LISTE}{compte.pk}/archiver/").status_code == 403) == (rang < 3)


def test_archiver_un_compte(administrateur: Client) -> None:
    compte = CompteChorusFactory(pret=True, nom="Ancien compte")
    administrateur.post(f"{LISTE}{compte.pk}/archiver/")
    assert "Ancien compte" not in texte(administrateur.get(LISTE))
    assert "Ancien compte" in texte(administrateur.get(LISTE, {"usage": "archives"}))


# --- reference data ----------------------------------------------------------------------------------------------


def test_les_donnees_de_reference_se_corrigent_et_se_journalisent(au_bureau: Client) -> None:
    reference = ReferenceReseau.objects.get(protocole="as2", environnement="production")
    adresse = f"{REFERENCE}referencereseau/{reference.pk}/change/"
    formulaire = au_bureau.get(adresse).context["adminform"].form
    envoi = {nom: formulaire[nom].value() or "" for nom in formulaire.fields}
    reponse = au_bureau.post(adresse, {**envoi, "port": "24001", "vu_le": "20/11/2026"}, follow=True)
    reference.refresh_from_db()
    assert reference.port == 24001
    assert "Reprendre les valeurs" in texte(reponse)
    assert Evenement.objects.filter(details__modele="raccordements.referencereseau").exists()
    mauvais = au_bureau.post(adresse, {**envoi, "port": "70000"})
    assert mauvais.context["adminform"].form.errors["port"]


def test_un_code_interface_s_ajoute(au_bureau: Client) -> None:
    envoi = {
        "code": "FSO9999A",
        "ordre": 1000,
        "description": "Flux inventé",
        "flux": "E4",
        "format": "UBL",
        "sens": "entrant",
        "qualification": "on",
        "source": "Essai",
        "surete": "C",
    }
    assert au_bureau.post(f"{REFERENCE}codeinterface/add/", envoi).status_code == 302
    assert CodeInterface.objects.get(code="FSO9999A").production is False
    faux = au_bureau.post(f"{REFERENCE}codeinterface/add/", {**envoi, "code": "fso1"})
    assert faux.context["adminform"].form.errors["code"]


def test_un_emetteur_admis_s_ajoute_et_se_supprime(au_bureau: Client) -> None:
    au_bureau.post(f"{REFERENCE}emetteuradmis/add/", {"nom": "Autorité inventée", "sha256": "", "source": ""})
    emetteur = EmetteurAdmis.objects.get(nom="Autorité inventée")
    assert au_bureau.get(f"{REFERENCE}emetteuradmis/{emetteur.pk}/delete/").status_code == 200
    au_bureau.post(f"{REFERENCE}emetteuradmis/{emetteur.pk}/delete/", {"post": "yes"})
    assert not EmetteurAdmis.objects.filter(pk=emetteur.pk).exists()
    assert Evenement.objects.filter(texte__startswith="Suppression", texte__contains="émetteur admis").exists()


def test_les_roles_devant_la_reference(en_role: EnRole) -> None:
    for role in ROLES:
        with en_role(role) as client:
            for page in ("codeinterface", "referencereseau", "emetteuradmis"):
                assert client.get(f"{REFERENCE}{page}/").status_code == 200, page
                ajout = client.get(f"{REFERENCE}{page}/add/").status_code
                assert (ajout == 200) == (role in {"manager", "administrateur"}), page
