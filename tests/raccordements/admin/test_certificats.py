"""Certificates: deposit, page, where used, replacing one everywhere."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import pkcs7
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from raccordements.models import Certificat, Etat, Fiche, UsageCertificat
from raccordements.services.redaction import cloner
from tests.dossiers.admin.formulaires import formulaires
from tests.fabriques import DossierFactory
from tests.interlocuteurs.admin.conftest import ROLES, Entrer
from tests.raccordements.admin.conftest import EnRole
from tests.raccordements.admin.test_fiches_creation import cle_privee
from tests.raccordements.fabriques import (
    StructureFactory,
    activee,
    analyse,
    certificat,
    envoyee,
    fiche_edi,
    relue,
    superutilisateur,
)

pytestmark = pytest.mark.django_db
LISTE = "/admin/raccordements/certificat/"


def texte(reponse: Any) -> str:
    return reponse.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def fichier(rang: int, **options: Any) -> SimpleUploadedFile:
    return SimpleUploadedFile(f"nouveau_{rang}.p7b", analyse(rang, **options).normalise)


@pytest.fixture
def redacteur(entrer: Entrer) -> Client:
    return entrer(collaborateur=True)


def test_deposer_analyse_et_montre(redacteur: Client) -> None:
    reponse = redacteur.post(f"{LISTE}add/", {"fichier": fichier(1)}, follow=True)
    kept = Certificat.objects.get()
    page = texte(reponse)
    assert (kept.nom_fichier, kept.ajoute_par) == ("nouveau_1.p7b", redacteur.personne)
    for mot in (
        "(Certificat validé)",
        "Contrôle de Passerelle",
        "Autorité inventée 1",
        "jours restants",
        "Autorité racine",
    ):
        assert mot in page, mot


def test_une_cle_privee_est_refusee_avec_la_phrase_du_lecteur(redacteur: Client) -> None:
    reponse = redacteur.post(f"{LISTE}add/", {"fichier": SimpleUploadedFile("cle.pem", cle_privee())})
    assert "Le fichier a été refusé, et rien n’en a été gardé. Il contient une clé privée" in texte(reponse)
    assert not Certificat.objects.exists()
    assert "PRIVATE KEY" not in texte(reponse)


@pytest.mark.parametrize("donnees", [{}, {"fichier": "pas un fichier"}])
def test_sans_fichier_la_page_le_dit(redacteur: Client, donnees: dict[str, Any]) -> None:
    assert "aucun fichier n’est choisi" in texte(redacteur.post(f"{LISTE}add/", donnees))


def test_un_fichier_enorme_est_arrete(redacteur: Client, settings: Any) -> None:
    settings.TELEVERSEMENTS = {"admin:raccordements_certificat_add": 1000}
    reponse = redacteur.post(f"{LISTE}add/", {"fichier": SimpleUploadedFile("gros.p7b", b"x" * 5000)})
    assert reponse.status_code == 200
    assert "bien plus gros qu’une chaîne de certificats" in texte(reponse)


def test_la_liste_montre_les_jours_restants_et_filtre(redacteur: Client) -> None:
    certificat(2, fin=10)
    certificat(3, fin=-2, debut=-90)
    certificat(4, fin=300)
    page = texte(redacteur.get(LISTE))
    assert "Expiré le" in page
    assert "9 jours restants" in page
    assert "certificat_4" not in texte(redacteur.get(LISTE, {"echeance": "15"}))
    assert "certificat_2" in texte(redacteur.get(LISTE, {"echeance": "15"}))
    assert "certificat_3" in texte(redacteur.get(LISTE, {"echeance": "expires"}))
    assert "certificat_2" in texte(redacteur.get(LISTE, {"q": "edi2.tpe"}))
    lu = redacteur.get(f"{LISTE}export.csv").getvalue().decode("utf-8-sig")
    lignes = {ligne["Fichier"]: ligne for ligne in csv.DictReader(io.StringIO(lu), delimiter=";")}
    assert 9 <= int(lignes["certificat_2.p7b"]["Jours restants"]) <= 10


def test_le_p7b_telecharge_est_public_et_lisible(redacteur: Client) -> None:
    garde = certificat(5)
    reponse = redacteur.get(f"{LISTE}{garde.pk}/certificat.p7b")
    assert len(pkcs7.load_der_pkcs7_certificates(reponse.content)) == 2
    assert "certificat_5.p7b" in reponse["Content-Disposition"]


# --- replacing everywhere ----------------------------------------------------------------------------------------


def test_remplacer_partout_compte_d_abord_puis_prepare(redacteur: Client) -> None:
    brouillon = fiche_edi()
    active = activee(fiche_edi())
    partie = envoyee(fiche_edi())
    ancien = Certificat.objects.get()
    page = redacteur.get(f"{LISTE}{ancien.pk}/remplacer/")
    for compte, nombre in (("remplacables", "2 fiches"), ("en_route", "1 fiche"), ("partenaires", "3 partenaires")):
        assert f'data-compte="{compte}">{nombre}' in texte(page)
    assert Fiche.objects.filter(edition__gt=1).count() == 0, "nothing is written by looking"

    choisi = redacteur.post(f"{LISTE}{ancien.pk}/remplacer/", {"fichier": fichier(6)})
    nouveau = Certificat.objects.exclude(pk=ancien.pk).get()
    assert f"nouveau={nouveau.pk}" in choisi["Location"]
    confirmation = redacteur.get(choisi["Location"])
    assert "Préparer le renouvellement (2 fiches)" in texte(confirmation)
    envoi = next(f for f in formulaires(confirmation) if "nouveau" in f.champs)
    reponse = redacteur.post(
        f"{LISTE}{ancien.pk}/remplacer/",
        {**envoi.champs, "fiches": [brouillon.pk, active.pk], "confirmer": "oui"},
    )
    assert "2 fiches prêtes" in texte(reponse)
    for fiche in (brouillon, active):
        assert fiche.certificats_joints.get().certificat == nouveau
    assert partie.certificats_joints.get().certificat == ancien
    assert relue(active).etat == Etat.ACTIVEE


def test_preparer_le_renouvellement_d_une_fiche_rend_la_fiche_prete(redacteur: Client) -> None:
    fiche, autre = activee(fiche_edi()), fiche_edi()
    ancien = Certificat.objects.get()
    lien = f"{LISTE}{ancien.pk}/remplacer/?fiche={fiche.pk}"
    assert lien in texte(redacteur.get(f"/admin/raccordements/ficheedi/{fiche.pk}/change/"))
    choisi = redacteur.post(lien, {"fichier": fichier(7)})
    assert f"fiche={fiche.pk}" in choisi["Location"]
    page = texte(redacteur.get(choisi["Location"]))
    assert f'name="fiches" value="{fiche.pk}"' in page
    assert f'name="fiches" value="{autre.pk}"' not in page
    nouveau = Certificat.objects.exclude(pk=ancien.pk).get()
    reponse = redacteur.post(lien, {"nouveau": nouveau.pk, "fiches": [fiche.pk], "confirmer": "oui"})
    assert reponse["Location"] == f"/admin/raccordements/ficheedi/{fiche.pk}/change/"
    assert fiche.certificats_joints.get().certificat == nouveau
    assert autre.certificats_joints.get().certificat == ancien


def test_une_nouvelle_fiche_laisse_l_ancienne(redacteur: Client) -> None:
    fiche = activee(fiche_edi())
    ancien, nouveau = Certificat.objects.get(), certificat(8)
    redacteur.post(
        f"{LISTE}{ancien.pk}/remplacer/",
        {"nouveau": nouveau.pk, "fiches": [fiche.pk], "maniere": "nouvelle_fiche", "confirmer": "oui"},
    )
    clone = Fiche.objects.exclude(pk=fiche.pk).get()
    assert clone.certificats_joints.get(usage=UsageCertificat.LES_DEUX).certificat == nouveau
    assert fiche.certificats_joints.get().certificat == ancien


def test_une_confirmation_sans_fiche_ou_avec_le_meme_certificat_est_expliquee(redacteur: Client) -> None:
    fiche = fiche_edi()
    ancien, nouveau = Certificat.objects.get(), certificat(9)
    adresse = f"{LISTE}{ancien.pk}/remplacer/"
    vide = redacteur.post(adresse, {"nouveau": nouveau.pk, "confirmer": "oui"})
    assert vide.status_code == 409
    assert "Aucune fiche n’est cochée." in texte(vide)
    meme = redacteur.post(adresse, {"nouveau": ancien.pk, "fiches": [fiche.pk], "confirmer": "oui"})
    assert "L’ancien certificat et le nouveau sont le même." in texte(meme)
    assert redacteur.post(adresse, {"nouveau": "x", "confirmer": "oui"}).status_code == 404
    autre = {"nouveau": nouveau.pk, "fiches": [fiche.pk], "maniere": "autre", "confirmer": "oui"}
    assert redacteur.post(adresse, autre).status_code == 404


# --- rights ------------------------------------------------------------------------------------------------------


def test_qui_peut_quoi(en_role: EnRole) -> None:
    fiche_edi()
    garde, nouveau = Certificat.objects.get(), certificat(10)
    for role in ROLES:
        attendu = 403 if role == "consultation" else 200
        with en_role(role) as client:
            assert client.get(f"{LISTE}{garde.pk}/change/").status_code == 200
            assert client.get(f"{LISTE}add/").status_code == attendu
            assert client.get(f"{LISTE}{garde.pk}/remplacer/").status_code == attendu
            confirme = client.post(f"{LISTE}{garde.pk}/remplacer/", {"nouveau": nouveau.pk, "confirmer": "oui"})
            assert (confirme.status_code == 403) == (role == "consultation")
            assert client.post(f"{LISTE}{garde.pk}/change/", {}).status_code in {403, 405}


def test_les_certificats_des_autres_portefeuilles_n_existent_pas(limite: Client) -> None:
    fiche_edi(structure=StructureFactory(dossier=DossierFactory()))
    etranger = Certificat.objects.get()
    assert etranger.nom_fichier not in texte(limite.get(LISTE))
    for chemin in ("change/", "remplacer/", "certificat.p7b"):
        assert limite.get(f"{LISTE}{etranger.pk}/{chemin}").status_code == 404
    sien = certificat(11, par=limite.personne)
    assert limite.get(f"{LISTE}{sien.pk}/change/").status_code == 200
    assert limite.get(f"{LISTE}{sien.pk}/remplacer/?nouveau={etranger.pk}").status_code == 404
    depose = {"nouveau": etranger.pk}
    assert "nouveau" in limite.post(f"{LISTE}{sien.pk}/remplacer/", depose).context["formulaire"].errors


def test_le_nombre_de_requetes_ne_depend_pas_des_emplois(redacteur: Client) -> None:
    fiche = fiche_edi()
    certificat(12)
    garde = fiche.certificats_joints.get().certificat

    def mesurer() -> list[int]:
        nombres = []
        for adresse in (LISTE, f"{LISTE}{garde.pk}/change/", f"{LISTE}{garde.pk}/remplacer/"):
            with CaptureQueriesContext(connection) as vues:
                assert redacteur.get(adresse).status_code == 200
            nombres.append(len(vues))
        return nombres

    mesurer()
    avant = mesurer()
    for _ in range(8):
        cloner(fiche, par=superutilisateur(), structure=StructureFactory())
    assert mesurer() == avant
