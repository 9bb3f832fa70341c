"""The page of a fiche and the lists: what they show, to whom, in how many queries."""

from __future__ import annotations

import csv
import io
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from raccordements.models import Approbation, CertificatJoint, EvenementFiche, Fiche, Generation, Genre, Protocole
from raccordements.services.redaction import Saisie, modifier
from tests.dossiers.admin.formulaires import formulaires
from tests.fabriques import DossierFactory
from tests.interlocuteurs.admin.conftest import ROLES
from tests.raccordements.admin.conftest import EnRole
from tests.raccordements.fabriques import (
    StructureFactory,
    activee,
    certificat,
    fiche_api,
    fiche_edi,
    relue,
    soumise,
    superutilisateur,
)

pytestmark = pytest.mark.django_db
EDI, API = "/admin/raccordements/ficheedi/", "/admin/raccordements/ficheapi/"
JAMAIS = 9
RANG = {"consultation": 0, "collaborateur": 1, "manager": 2, "administrateur": 3}
LECTURES = [
    ("", 0),
    ("export.csv", 0),
    ("export.xlsx", 0),
    ("add/", 1),
    ("{pk}/change/", 0),
    ("{pk}/history/", 0),
    ("{pk}/etape/contact/", 1),
    ("{pk}/cloner/", 1),
    ("{pk}/delete/", JAMAIS),
]
ECRITURES = [
    ("add/", {}, 1),
    ("{pk}/etape/contact/", {"contact_nom": "Autre"}, 1),
    ("{pk}/etape/codes/", {"tout": "complete"}, 1),
    ("{pk}/cloner/", {}, 1),
    ("{pk}/retablir/", {}, 1),
    ("{pk}/supprimer/", {}, 1),
]


def texte(reponse: Any) -> str:
    return reponse.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def requetes(client: Client, adresse: str) -> int:
    with CaptureQueriesContext(connection) as vues:
        assert client.get(adresse).status_code == 200
    return len(vues)


def test_la_page_montre_tout_de_la_fiche(au_bureau: Client) -> None:
    fiche = fiche_edi()
    page = texte(au_bureau.get(f"{EDI}{fiche.pk}/change/"))
    for mot in (
        "Brouillon",
        "À soumettre",
        "Production",
        "Canal d’envoi",
        "Informations générales",
        "Certificat(s)",
        "Contact technique",
        "Caractéristiques réseaux",
        "Codes interfaces",
        "Commentaires",
        "Camille Inventée",
        "CTAIFEP",
        "(Certificat validé)",
        "Chaîne de certification",
        "Brouillon créé.",
        "Risques",
    ):
        assert mot in page, mot


def test_la_fiche_du_guide_et_celle_d_aujourd_hui_se_lisent(au_bureau: Client) -> None:
    assert "Certificat(s)" in texte(au_bureau.get(f"{API}{fiche_api(generation=Generation.CERTIFICAT).pk}/change/"))
    page = texte(au_bureau.get(f"{API}{fiche_api().pk}/change/"))
    assert "Application inventée" in page
    assert "Certificat(s)" not in page


def test_une_mise_a_jour_en_preparation_se_voit_et_s_abandonne(au_bureau: Client) -> None:
    fiche = activee(fiche_edi())
    adresse = f"{EDI}{fiche.pk}/change/"
    assert "Mise à jour en préparation" not in texte(au_bureau.get(adresse))
    modifier(fiche, Saisie(champs={"contact_fax": "0102030405"}), edition=fiche.edition, par=superutilisateur())
    assert "Mise à jour en préparation" in texte(au_bureau.get(adresse))
    au_bureau.post(f"{EDI}{fiche.pk}/retablir/")
    assert relue(fiche).contact_fax == ""
    assert "Mise à jour en préparation" not in texte(au_bureau.get(adresse))


def test_la_page_previent_avant_une_modification_pendant_l_approbation(au_bureau: Client) -> None:
    fiche = soumise(fiche_edi())
    assert "attend une décision" in texte(au_bureau.get(f"{EDI}{fiche.pk}/change/"))
    assert relue(fiche).approbation == Approbation.EN_ATTENTE


def test_la_page_n_accepte_pas_de_formulaire(au_bureau: Client) -> None:
    assert au_bureau.post(f"{EDI}{fiche_edi().pk}/change/", {"etat": "activee"}).status_code == 405


def test_l_historique_se_feuillette(au_bureau: Client) -> None:
    fiche = fiche_edi()
    EvenementFiche.objects.bulk_create(
        EvenementFiche(fiche=fiche, type=EvenementFiche.Type.CONSTAT, texte=f"Constat {n}.") for n in range(150)
    )
    page = au_bureau.get(f"{EDI}{fiche.pk}/history/")
    assert "Constat 149." in texte(page)
    assert "Constat 1." not in texte(page)
    suite = au_bureau.get(f"{EDI}{fiche.pk}/history/", {"avant": page.context["suite"]})
    assert "Constat 1." in texte(suite)
    assert au_bureau.get(f"{EDI}{fiche.pk}/history/", {"avant": "x' or 1"}).status_code == 200


# --- who sees what -----------------------------------------------------------------------------------------------


def test_chaque_page_selon_le_role(en_role: EnRole) -> None:
    fiches = {EDI: fiche_edi(), API: fiche_api()}
    for role in ROLES:
        with en_role(role) as client:
            vues = {
                liste + chemin: (client.get(liste + chemin.format(pk=fiche.pk)).status_code, rang)
                for liste, fiche in fiches.items()
                for chemin, rang in LECTURES
            }
            assert vues == {un: (200 if RANG[role] >= rang else 403, rang) for un, (_, rang) in vues.items()}


def test_chaque_ecriture_selon_le_role(en_role: EnRole) -> None:
    fiche = fiche_edi()
    for role in ROLES:
        with en_role(role) as client:
            for chemin, champs, rang in ECRITURES:
                envoi = {"edition": fiche.edition, "version_vue": 0, **champs}
                statut = client.post(EDI + chemin.format(pk=fiche.pk), envoi).status_code
                assert (statut == 403) == (RANG[role] < rang), (chemin, statut)
                assert statut < 500
            if role == "consultation":
                assert relue(fiche).edition == 1
                assert relue(fiche).supprimee_le is None


def test_une_fiche_hors_du_portefeuille_n_existe_pas(limite: Client) -> None:
    fiche = fiche_edi(structure=StructureFactory(dossier=DossierFactory()))
    for chemin, _ in LECTURES:
        if "{pk}" in chemin:
            assert limite.get(EDI + chemin.format(pk=fiche.pk)).status_code == 404, chemin
    for chemin, champs, _ in ECRITURES:
        if "{pk}" in chemin:
            assert limite.post(EDI + chemin.format(pk=fiche.pk), champs).status_code == 404, chemin
    assert str(fiche.structure) not in texte(limite.get(EDI))
    assert relue(fiche).edition == 1


# --- lists -------------------------------------------------------------------------------------------------------


def test_la_liste_edi_montre_ou_en_est_le_travail(au_bureau: Client) -> None:
    fiche_edi(structure=StructureFactory(designation="Atelier visible"))
    page = texte(au_bureau.get(EDI))
    for mot in ("Atelier visible", "AS2", "Production", "Brouillon", "À soumettre", "jours restants"):
        assert mot in page, mot


def test_la_recherche_va_a_la_bonne_colonne(au_bureau: Client, subtests: pytest.Subtests) -> None:
    structure = StructureFactory(designation="Atelier cherché")
    fiche = fiche_edi(structure=structure)
    siret = structure.siret
    espace = f"{siret[:3]} {siret[3:6]} {siret[6:]}"
    for terme in (siret, espace, siret[:9], "Atelier cherch", f"n° {fiche.pk}", "inconnu"):
        with subtests.test(terme):
            assert ("Atelier cherché" in texte(au_bureau.get(EDI, {"q": terme}))) is (terme != "inconnu")


def test_les_filtres_viennent_des_choix(au_bureau: Client) -> None:
    proche = fiche_edi(structure=StructureFactory(designation="Bientôt fini"))
    finissant = {"client et serveur": certificat(21, fin=20)}
    modifier(proche, Saisie(certificats=finissant), edition=1, par=superutilisateur())
    fiche_edi(structure=StructureFactory(designation="Encore long"), protocole=Protocole.SFTP)
    page = texte(au_bureau.get(EDI, {"echeance": "30"}))
    assert "Bientôt fini" in page
    assert "Encore long" not in page
    assert "Encore long" in texte(au_bureau.get(EDI, {"protocole__exact": "sftp"}))
    assert au_bureau.get(EDI, {"echeance": "x"}).status_code == 302


def test_le_csv_est_celui_de_la_liste(au_bureau: Client) -> None:
    fiche = fiche_edi()
    fiche_edi(protocole=Protocole.SFTP)
    reponse = au_bureau.get(f"{EDI}export.csv", {"protocole__exact": "as2"})
    lignes = list(csv.DictReader(io.StringIO(reponse.getvalue().decode("utf-8-sig")), delimiter=";"))
    assert [ligne["SIRET"] for ligne in lignes] == [fiche.structure.siret]
    assert lignes[0]["Etat courant"] == "Brouillon"


def test_le_nombre_de_requetes_ne_depend_pas_des_lignes(au_bureau: Client) -> None:
    fiche = fiche_edi()
    fiche_edi()
    page = f"{EDI}{fiche.pk}/change/"
    for adresse in (EDI, page):
        requetes(au_bureau, adresse)
    mesure = {adresse: requetes(au_bureau, adresse) for adresse in (EDI, page)}
    autres = Fiche.objects.bulk_create(
        Fiche(
            genre=Genre.EDI,
            structure=fiche.structure if n % 2 else StructureFactory(),
            environnement=fiche.environnement,
            cree_par=fiche.cree_par,
        )
        for n in range(30)
    )
    joint = fiche.certificats_joints.get()
    CertificatJoint.objects.bulk_create(
        CertificatJoint(fiche=autre, certificat=joint.certificat, usage=joint.usage) for autre in autres
    )
    EvenementFiche.objects.bulk_create(
        EvenementFiche(fiche=fiche, type=EvenementFiche.Type.CONSTAT, texte="Constat.") for _ in range(15)
    )
    assert {adresse: requetes(au_bureau, adresse) for adresse in (EDI, page)} == mesure


def test_les_boutons_partent_en_post(au_bureau: Client) -> None:
    fiche = fiche_edi()
    gestes = [f for f in formulaires(au_bureau.get(f"{EDI}{fiche.pk}/change/")) if f.action.endswith("/supprimer/")]
    assert [f.methode for f in gestes] == ["post"]
