"""Creating a fiche as the portal does, and cloning or deleting one; real forms, real files."""

from __future__ import annotations

from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from raccordements.models import (
    Certificat,
    EnvironnementChorus,
    Etat,
    Fiche,
    Generation,
    Genre,
    Protocole,
    UsageCertificat,
    UsagePiste,
)
from tests.fabriques import DossierFactory
from tests.interlocuteurs.admin.conftest import Entrer
from tests.raccordements.fabriques import StructureFactory, activee, analyse, certificat, fiche_api, fiche_edi, relue

pytestmark = pytest.mark.django_db
EDI, API = "/admin/raccordements/ficheedi/", "/admin/raccordements/ficheapi/"


def texte(reponse: Any) -> str:
    return reponse.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def fichier(octets: bytes, nom: str = "certificat_AS2.p7b") -> SimpleUploadedFile:
    return SimpleUploadedFile(nom, octets)


def p7b(rang: int = 0, **options: Any) -> bytes:
    return analyse(rang, **options).normalise


def cle_privee() -> bytes:
    cle = ec.generate_private_key(ec.SECP256R1())
    return cle.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.fixture
def redacteur(entrer: Entrer) -> Client:
    return entrer(collaborateur=True)


def test_la_page_suit_l_ordre_du_portail_et_ne_demande_jamais_le_code_appli(redacteur: Client) -> None:
    page = texte(redacteur.get(f"{EDI}add/"))
    places = [
        page.index(mot) for mot in ("Partenaire *", "Protocole de raccordement", "Fichier du certificat", "Analyser")
    ]
    assert places == sorted(places)
    assert 'name="code_appli"' not in page
    assert "Chorus Pro l’attribue" in page


def test_analyser_cree_le_brouillon_avec_son_certificat(redacteur: Client, subtests: pytest.Subtests) -> None:
    for protocole, usage in (
        (Protocole.AS2, UsageCertificat.LES_DEUX),
        (Protocole.PESIT, UsageCertificat.LES_DEUX),
        (Protocole.SFTP, UsageCertificat.CLIENT),
    ):
        structure = StructureFactory()
        saisie = {"structure": structure.pk, "protocole": protocole, "certificat_fichier": fichier(p7b())}
        with subtests.test(protocole.value):
            reponse = redacteur.post(f"{EDI}add/", {**saisie, "analyser": "oui"})
            fiche = Fiche.objects.get(structure=structure)
            assert reponse.status_code == 302
            assert reponse["Location"] == f"{EDI}{fiche.pk}/etape/certificats/"
            assert (fiche.etat, fiche.protocole, fiche.code_appli) == (Etat.BROUILLON, protocole, "")
            assert fiche.certificats_joints.get().usage == usage
            page = texte(redacteur.get(reponse["Location"]))
            assert "(Certificat validé)(Date de fin de validité : " in page
            assert "Contrôle de Passerelle" in page


def test_deux_fichiers_sont_un_client_et_un_serveur(redacteur: Client) -> None:
    redacteur.post(
        f"{EDI}add/",
        {
            "structure": StructureFactory().pk,
            "protocole": Protocole.AS2,
            "certificat_fichier": fichier(p7b(1, usage="client")),
            "serveur_fichier": fichier(p7b(2), "serveur.p7b"),
        },
    )
    usages = set(Fiche.objects.get().certificats_joints.values_list("usage", flat=True))
    assert usages == {UsageCertificat.CLIENT, UsageCertificat.SERVEUR}


def test_un_brouillon_se_cree_sans_certificat_mais_rien_ne_s_analyse_sans_fichier(redacteur: Client) -> None:
    saisie = {"structure": StructureFactory().pk, "protocole": Protocole.SFTP}
    refusee = redacteur.post(f"{EDI}add/", {**saisie, "analyser": "oui"})
    assert refusee.context["formulaire"].errors["certificat_fichier"]
    assert not Fiche.objects.exists()
    assert redacteur.post(f"{EDI}add/", {**saisie, "enregistrer": "oui"}).status_code == 302
    assert Fiche.objects.get().protocole == Protocole.SFTP


def test_une_cle_privee_est_refusee_et_rien_n_en_est_garde(redacteur: Client) -> None:
    structure = StructureFactory()
    secret = cle_privee()
    reponse = redacteur.post(
        f"{EDI}add/",
        {
            "structure": structure.pk,
            "protocole": Protocole.AS2,
            "certificat_fichier": fichier(secret),
            "analyser": "oui",
        },
    )
    page = texte(reponse)
    assert "Le fichier a été refusé, et rien n’en a été gardé." in page
    assert "Il contient une clé privée" in page
    assert secret.decode().splitlines()[1] not in page
    assert f'value="{structure.pk}" selected' in page, "what was typed is kept"
    assert not Certificat.objects.exists()
    assert not Fiche.objects.exists()


def test_le_fichier_lu_n_est_pas_demande_deux_fois(redacteur: Client) -> None:
    reponse = redacteur.post(
        f"{EDI}add/",
        {
            "structure": StructureFactory().pk,
            "protocole": Protocole.AS2,
            "certificat_fichier": fichier(p7b(3)),
            "serveur_fichier": fichier(b"pas un certificat", "serveur.p7b"),
            "analyser": "oui",
        },
    )
    assert reponse.status_code == 200
    assert "serveur_fichier" in reponse.context["formulaire"].errors
    garde = Certificat.objects.get()
    assert f'<option value="{garde.pk}" selected>' in reponse.content.decode()


def test_un_mauvais_fichier_a_sa_phrase(redacteur: Client, subtests: pytest.Subtests) -> None:
    saisie = {"structure": StructureFactory().pk, "protocole": Protocole.AS2}
    for nom, octets in {"vide": b"", "page": b"<html>", "nuls": b"\0" * 200, "gros": b"x" * 70_000}.items():
        with subtests.test(nom):
            reponse = redacteur.post(f"{EDI}add/", {**saisie, "certificat_fichier": fichier(octets)})
            assert reponse.status_code == 200
            assert "Le fichier du certificat n’a pas été lu." in texte(reponse)


def test_un_partenaire_hors_du_portefeuille_est_refuse_a_son_champ(entrer: Entrer) -> None:
    limite = entrer(collaborateur=True, portefeuille=True)
    etrangere = StructureFactory(dossier=DossierFactory())
    reponse = limite.post(f"{EDI}add/", {"structure": etrangere.pk, "protocole": Protocole.AS2})
    assert reponse.status_code == 200
    assert "n’est pas dans votre portefeuille" in texte(reponse)
    assert str(etrangere) not in texte(reponse)


def test_un_partenaire_absurde_n_est_pas_une_erreur_du_serveur(redacteur: Client, subtests: pytest.Subtests) -> None:
    for valeur in ("", "abc", "9" * 30, "\0"):
        with subtests.test(valeur=valeur):
            assert redacteur.post(f"{EDI}add/", {"structure": valeur, "protocole": "telex"}).status_code == 200
            assert redacteur.get(f"{EDI}add/", {"structure": valeur}).status_code in {200, 400}


def test_la_fiche_api_d_aujourd_hui_declare_une_application(redacteur: Client, settings: Any) -> None:
    settings.CHORUS_FICHE_API = "piste"
    page = texte(redacteur.get(f"{API}add/"))
    assert "Application PISTE *" in page
    assert "Fichier du certificat" not in page
    assert "depuis le 1er janvier 2021" in page
    redacteur.post(
        f"{API}add/",
        {
            "structure": StructureFactory().pk,
            "application_piste": "Application inventée",
            "usage_piste": UsagePiste.DIRECT,
        },
    )
    fiche = Fiche.objects.get()
    assert (fiche.genre, fiche.generation, fiche.usage_piste) == (Genre.API, Generation.PISTE, UsagePiste.DIRECT)


def test_la_fiche_api_du_guide_porte_un_certificat(redacteur: Client, settings: Any) -> None:
    settings.CHORUS_FICHE_API = "certificat"
    page = texte(redacteur.get(f"{API}add/"))
    assert "Application PISTE *" not in page
    saisie = {"structure": StructureFactory().pk, "certificat_fichier": fichier(p7b(usage="client"))}
    reponse = redacteur.post(f"{API}add/", saisie, follow=True)
    fiche = Fiche.objects.get()
    assert fiche.generation == Generation.CERTIFICAT
    assert fiche.certificats_joints.get().usage == UsageCertificat.CLIENT
    assert "(Certificat validé)(Date de fin de validité : " in texte(reponse)


# --- cloning, deleting -------------------------------------------------------------------------------------------


def test_cloner_pour_un_autre_partenaire(redacteur: Client) -> None:
    fiche, autre = fiche_edi(), StructureFactory()
    page = redacteur.get(f"{EDI}{fiche.pk}/cloner/")
    assert page.status_code == 200
    reponse = redacteur.post(f"{EDI}{fiche.pk}/cloner/", {"structure": autre.pk})
    clone = Fiche.objects.exclude(pk=fiche.pk).get()
    assert reponse["Location"] == f"{EDI}{clone.pk}/change/"
    assert (clone.structure, clone.issue_de_id, clone.contact_nom) == (autre, fiche.pk, fiche.contact_nom)


def test_cloner_vers_la_production_les_codes_de_qualification_est_refuse_avec_sa_phrase(redacteur: Client) -> None:
    qualification = StructureFactory(qualification=True)
    fiche = fiche_edi(structure=qualification)
    reponse = redacteur.post(f"{EDI}{fiche.pk}/cloner/", {"structure": StructureFactory().pk})
    assert reponse.status_code == 200
    assert "ne sont pas proposés en production" in texte(reponse)


def test_supprimer_un_brouillon_le_sort_des_listes(redacteur: Client) -> None:
    fiche = fiche_edi(par=redacteur.personne)
    assert redacteur.get(f"{EDI}{fiche.pk}/supprimer/").status_code == 405
    assert redacteur.post(f"{EDI}{fiche.pk}/supprimer/")["Location"] == EDI
    assert relue(fiche).supprimee_le is not None
    assert redacteur.get(f"{EDI}{fiche.pk}/change/").status_code == 404


def test_une_fiche_active_ne_se_supprime_pas(redacteur: Client) -> None:
    fiche = activee(fiche_edi())
    reponse = redacteur.post(f"{EDI}{fiche.pk}/supprimer/", follow=True)
    assert "« Supprimer » n’est pas possible." in texte(reponse)
    assert relue(fiche).supprimee_le is None
    assert f"{EDI}{fiche.pk}/supprimer/" not in texte(redacteur.get(f"{EDI}{fiche.pk}/change/"))


def test_une_fiche_api_n_est_pas_sous_l_adresse_des_fiches_edi(redacteur: Client) -> None:
    fiche = fiche_api()
    assert redacteur.get(f"{API}{fiche.pk}/change/").status_code == 200
    assert redacteur.get(f"{EDI}{fiche.pk}/change/").status_code == 404
    assert EnvironnementChorus(fiche.environnement) == EnvironnementChorus.PRODUCTION


def test_un_certificat_deja_depose_ressert(redacteur: Client) -> None:
    garde = certificat(4)
    saisie = {"structure": StructureFactory().pk, "protocole": Protocole.AS2, "certificat_garde": garde.pk}
    assert redacteur.post(f"{EDI}add/", {**saisie, "analyser": "oui"}).status_code == 302
    assert Fiche.objects.get().certificats_joints.get().certificat == garde
