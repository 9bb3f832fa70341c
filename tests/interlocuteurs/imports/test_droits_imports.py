"""Who may do what with imports of contacts: every address for the four roles, their own import and another's."""

from __future__ import annotations

import pytest
from django.urls import reverse

from tests.interlocuteurs.imports.tableurs import texte_csv
from tests.rendu import sans_rendu

pytestmark = pytest.mark.django_db
RANG = {"consultation": 0, "collaborateur": 1, "manager": 2, "administrateur": 3}
LISTE = "/admin/interlocuteurs/importinterlocuteurs/"
#: Page, whether it is for who carries the import only.
LECTURES = [
    ("change/", False),
    ("progression/", False),
    ("lignes.csv", False),
    ("rejets.csv", False),
    ("rejets.xlsx", False),
    ("colonnes/", True),
]
ECRITURES = ("colonnes/", "confirmer/", "reprendre/", "abandonner/")
RANGEE = ("p1@tpe.example", "Inventé", "Camille", "", "DEMO1", "start")


@pytest.fixture(params=RANG)
def role(request):
    return request.param


def statuts(client, importation, envoyer=False):
    agir = client.post if envoyer else client.get
    pages = ECRITURES if envoyer else [page for page, _ in LECTURES]
    with sans_rendu():
        return {page: agir(f"{LISTE}{importation.pk}/{page}").status_code for page in pages}


def test_deposer_un_fichier_selon_le_role(entrer, lecture_ici, cle, dossiers, role):
    from django.core.files.uploadedfile import SimpleUploadedFile

    from interlocuteurs.models import ImportInterlocuteurs

    client = entrer(**{role: True})
    permis = RANG[role] >= 1
    ajout = reverse("admin:interlocuteurs_importinterlocuteurs_add")
    with sans_rendu():
        for page in (LISTE, f"{LISTE}export.csv", ajout):
            assert client.get(page).status_code == (200 if permis else 403), page
    fichier = SimpleUploadedFile("contacts.csv", texte_csv(RANGEE).encode())
    assert client.post(ajout, {"cle": cle.pk, "fichier": fichier}).status_code == (302 if permis else 403)
    assert ImportInterlocuteurs.objects.exists() == permis


def test_mener_son_import_selon_le_role(entrer, dossiers, importer, collaborateur, role):
    client = entrer(**{role: True})
    importation = importer(RANGEE)
    # Theirs, whatever their role is now.
    importation.cree_par = client.personne
    importation.save()
    permis = RANG[role] >= 1
    assert statuts(client, importation) == {page: 200 if permis else 403 for page, _ in LECTURES}
    attendus = {"colonnes/": 409, "confirmer/": 302, "reprendre/": 302, "abandonner/": 302}
    assert statuts(client, importation, envoyer=True) == (attendus if permis else dict.fromkeys(ECRITURES, 403))
    importation.refresh_from_db()
    assert importation.etat == ("abandonne" if permis else "examine")


def test_l_import_d_un_autre_se_regarde_et_ne_se_mene_pas(entrer, dossiers, importer, subtests):
    importation = importer(RANGEE)
    for role, rang in RANG.items():
        client = entrer(**{role: True})
        with subtests.test(role):
            vus = {page: 200 if rang >= 1 and not meneur else 403 for page, meneur in LECTURES}
            assert statuts(client, importation) == vus
            assert statuts(client, importation, envoyer=True) == dict.fromkeys(ECRITURES, 403)
    importation.refresh_from_db()
    assert importation.etat == "examine"


def test_limite_a_son_portefeuille_l_import_d_un_autre_n_existe_pas(entrer, dossiers, importer, subtests):
    importation = importer(RANGEE)
    for role, rang in RANG.items():
        client = entrer(**{role: True}, portefeuille=True)
        with subtests.test(role), sans_rendu():
            assert client.get(LISTE).status_code == (200 if rang >= 1 else 403)
            assert set(statuts(client, importation).values()) == {404}
            assert set(statuts(client, importation, envoyer=True).values()) == {404}


def test_limite_a_son_portefeuille_un_dossier_d_un_autre_est_rejete(entrer, dossiers, importer, confirmer, role):
    from django.core.exceptions import PermissionDenied

    from interlocuteurs.models import Interlocuteur

    personne = entrer(**{role: True}, portefeuille=True).personne
    dossiers[0].maitre_dossier = personne.login_loop
    dossiers[0].save()
    autre = ("p2@tpe.example", "Inventé", "Camille", "", "DEMO2", "start")
    if RANG[role] < 1:
        with pytest.raises(PermissionDenied):
            importer(RANGEE, autre, par=personne)
        return
    importation = confirmer(importer(RANGEE, autre, par=personne))
    assert (importation.faites, importation.comptes["rejetee"]) == (1, 1)
    assert list(Interlocuteur.objects.values_list("email", flat=True)) == ["p1@tpe.example"]
