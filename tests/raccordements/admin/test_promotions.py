"""From qualification to production in the browser: prerequisites, what changes, the draft."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from raccordements.affichage import adresse_fiche
from raccordements.models import EnvironnementChorus, Fiche, Mode
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.interlocuteurs.admin.conftest import ROLES
from tests.raccordements.fabriques import StructureFactory, activee, envoyee, fiche_edi, relue

pytestmark = pytest.mark.django_db
PRODUCTION = EnvironnementChorus.PRODUCTION


@pytest.fixture
def auteur():
    return CollaborateurFactory(collaborateur=True)


@pytest.fixture
def qualifiee(auteur):
    """Active in qualification, with a code that production does not offer."""
    fiche = fiche_edi(par=auteur, structure=StructureFactory(qualification=True, siret="99900042400027"))
    fiche.lignes.filter(code="FSO1300A").update(mode=Mode.COMPLETE)
    return activee(fiche)


def texte(reponse):
    return re.sub(r"\s+", " ", reponse.content.decode())


def reelle(fiche, **champs):
    return StructureFactory(siret=fiche.structure.siret, environnement=PRODUCTION, **champs)


def test_chaque_adresse_par_role(en_role, qualifiee):
    cible, adresse = reelle(qualifiee), adresse_fiche(qualifiee, "promouvoir")
    for role in ROLES:
        permis = role != "consultation"
        with en_role(role) as client:
            assert client.get(adresse).status_code == (200 if permis else 403)
            assert client.post(adresse, {"structure": cible.pk}).status_code == (302 if permis else 403)
            assert Fiche.objects.filter(issue_de=qualifiee).exists() is permis


def test_hors_du_portefeuille_rien_n_existe(limite, auteur):
    structure = StructureFactory(qualification=True, dossier=DossierFactory())
    ailleurs = activee(fiche_edi(par=auteur, structure=structure))
    assert limite.get(adresse_fiche(ailleurs, "promouvoir")).status_code == 404
    assert limite.post(adresse_fiche(ailleurs, "promouvoir"), {"structure": 1}).status_code == 404


def test_les_prerequis_disent_comment_faire_et_la_page_ce_qui_change(au_bureau, qualifiee):
    vue = texte(au_bureau.get(adresse_fiche(qualifiee, "promouvoir")))
    assert re.findall(r'data-prerequis="(\w+)"', vue) == [
        "qualification",
        "structure",
        "espace",
        "certificat",
        "periode",
    ]
    assert reverse("admin:raccordements_structure_add") in vue
    assert "FSO1300A" in vue
    assert re.search(r"Environnement</th><td><del>Qualification</del></td><td><ins>Production</ins>", vue)


def test_promouvoir_ouvre_le_brouillon_de_production(au_bureau, qualifiee):
    cible = reelle(qualifiee)
    adresse = adresse_fiche(qualifiee, "promouvoir")
    assert f'value="{cible.pk}" selected' in texte(au_bureau.get(adresse))
    reponse = au_bureau.post(adresse, {"structure": cible.pk})
    brouillon = Fiche.objects.get(issue_de=qualifiee)
    assert reponse["Location"] == adresse_fiche(brouillon)
    assert (brouillon.environnement, brouillon.structure) == (PRODUCTION, cible)
    assert brouillon.periode_du >= timezone.localdate()
    assert not brouillon.lignes.filter(code="FSO1300A").exists()
    assert "en est déjà issue" in texte(au_bureau.get(adresse))


def test_une_structure_que_l_on_ne_voit_pas_est_refusee_au_champ(entrer, auteur):
    dossier = DossierFactory(maitre_dossier="moi@cabinet.example")
    client = entrer(manager=True, portefeuille=True, login_loop="moi@cabinet.example")
    fiche = activee(fiche_edi(par=auteur, structure=StructureFactory(qualification=True, dossier=dossier)))
    etrangere = StructureFactory(dossier=DossierFactory())
    reponse = client.post(adresse_fiche(fiche, "promouvoir"), {"structure": etrangere.pk})
    assert (reponse.status_code, "pas parmi celles que vous suivez" in texte(reponse)) == (200, True)
    assert client.post(adresse_fiche(fiche, "promouvoir"), {"structure": "abc"}).status_code == 200
    assert not Fiche.objects.filter(issue_de=fiche).exists()


@pytest.mark.parametrize("cas", ["pas active", "deja en production"])
def test_seule_une_fiche_active_en_qualification_se_prepare(cas, au_bureau, auteur):
    if cas == "pas active":
        fiche = envoyee(fiche_edi(par=auteur, structure=StructureFactory(qualification=True)))
    else:
        fiche = activee(fiche_edi(par=auteur))
    assert au_bureau.get(adresse_fiche(fiche, "promouvoir")).status_code == 409
    assert (
        au_bureau.post(adresse_fiche(fiche, "promouvoir"), {"structure": reelle_ou_sienne(fiche).pk}).status_code == 409
    )
    assert not Fiche.objects.filter(issue_de=relue(fiche)).exists()


def reelle_ou_sienne(fiche):
    return fiche.structure if fiche.environnement == PRODUCTION else reelle(fiche)
