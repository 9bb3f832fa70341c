"""Structures: SIRET as pasted, qualification numbers warned, verification asked, portfolio."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dossiers.models import Evenement, Operation
from raccordements.models import EnvironnementChorus, Structure
from tests.fabriques import DossierFactory, siret_fictif
from tests.interlocuteurs.admin.conftest import ROLES, Entrer
from tests.raccordements.admin.conftest import EnRole
from tests.raccordements.fabriques import CompteChorusFactory, StructureFactory, fiche_edi
from tests.rendu import sans_rendu

pytestmark = pytest.mark.django_db
LISTE = "/admin/raccordements/structure/"


def texte(reponse: Any) -> str:
    return reponse.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def saisie(**autres: Any) -> dict[str, Any]:
    return {"siret": siret_fictif(77), "environnement": EnvironnementChorus.PRODUCTION, **autres}


@pytest.fixture
def redacteur(entrer: Entrer) -> Client:
    return entrer(collaborateur=True)


def test_un_siret_colle_avec_ses_espaces_est_compris(redacteur: Client) -> None:
    siret = siret_fictif(77)
    colle = f" {siret[:3]}\u00a0{siret[3:6]} {siret[6:9]}.{siret[9:]} "
    assert redacteur.post(f"{LISTE}add/", saisie(siret=colle, designation="Atelier")).status_code == 302
    structure = Structure.objects.get()
    assert (structure.siret, structure.cree_par) == (siret, redacteur.personne)
    assert Evenement.objects.filter(details__structure=structure.pk, acteur=redacteur.personne).exists()


def test_un_siret_faux_est_refuse_a_son_champ_en_production(redacteur: Client, subtests: pytest.Subtests) -> None:
    for siret in ("123", "12345678901234", "abc", "\0", "9" * 70, ""):
        with subtests.test(siret=siret), sans_rendu():
            reponse = redacteur.post(f"{LISTE}add/", saisie(siret=siret))
            assert reponse.status_code == 200
            assert reponse.context_data["adminform"].form.errors["siret"]  # type: ignore[attr-defined]
    assert "Gardée" in texte(redacteur.post(f"{LISTE}add/", saisie(siret="123", designation="Gardée")))
    assert not Structure.objects.exists()


def test_la_poste_a_sa_propre_regle(redacteur: Client) -> None:
    assert redacteur.post(f"{LISTE}add/", saisie(siret="35600000009075")).status_code == 302


def test_un_siret_de_qualification_est_averti_et_non_bloque(redacteur: Client) -> None:
    envoi = saisie(siret="12345678901234", environnement=EnvironnementChorus.QUALIFICATION)
    reponse = redacteur.post(f"{LISTE}add/", envoi, follow=True)
    assert Structure.objects.get().siret == "12345678901234"
    assert "Structure enregistrée, mais :" in texte(reponse)
    assert "avis-alerte" in texte(redacteur.get(f"{LISTE}{Structure.objects.get().pk}/change/"))


def test_une_structure_n_est_enregistree_qu_une_fois(redacteur: Client) -> None:
    StructureFactory(siret=siret_fictif(77))
    reponse = redacteur.post(f"{LISTE}add/", saisie())
    assert "Cette structure est déjà enregistrée dans cet environnement." in texte(reponse)
    assert Structure.objects.count() == 1


def test_le_dossier_d_un_autre_portefeuille_est_refuse(entrer: Entrer) -> None:
    limite = entrer(collaborateur=True, portefeuille=True)
    reponse = limite.post(f"{LISTE}add/", saisie(dossier=DossierFactory().pk))
    assert reponse.context["adminform"].form.errors["dossier"]
    sien = DossierFactory(maitre_dossier=limite.personne.login_loop)
    assert limite.post(f"{LISTE}add/", saisie(dossier=sien.pk)).status_code == 302


def test_le_siret_ne_change_plus_sous_une_fiche(redacteur: Client) -> None:
    structure = fiche_edi().structure
    reponse = redacteur.post(f"{LISTE}{structure.pk}/change/", saisie())
    assert "ne changent plus" in texte(reponse)
    assert Structure.objects.get().siret == structure.siret


def test_verifier_demande_une_operation(redacteur: Client) -> None:
    structure = StructureFactory(compte=CompteChorusFactory(production=True, pret=True))
    assert redacteur.get(f"{LISTE}{structure.pk}/verifier/").status_code == 405
    reponse = redacteur.post(f"{LISTE}{structure.pk}/verifier/", follow=True)
    operation = Operation.objects.get(nature="verifier_structure")
    assert f"opération n° {operation.pk}" in texte(reponse)


def test_verifier_sans_compte_est_explique(redacteur: Client) -> None:
    structure = StructureFactory()
    reponse = redacteur.post(f"{LISTE}{structure.pk}/verifier/", follow=True)
    assert not Operation.objects.exists()
    assert next(iter(reponse.context["messages"])).level_tag == "error"


def test_la_derniere_verification_se_lit(redacteur: Client) -> None:
    structure = StructureFactory(
        verifiee_le=timezone.now(), active=True, verification="Trouvée dans Chorus Pro.", connexion_edi=True
    )
    page = texte(redacteur.get(f"{LISTE}{structure.pk}/change/"))
    for mot in ("Active,", "Trouvée dans Chorus Pro.", "connexionEDI"):
        assert mot in page


def test_confirmer_l_espace_se_note_et_se_retire(redacteur: Client) -> None:
    structure = StructureFactory()
    redacteur.post(f"{LISTE}{structure.pk}/confirmer/")
    structure.refresh_from_db()
    assert structure.espace_confirme_par == redacteur.personne
    redacteur.post(f"{LISTE}{structure.pk}/infirmer/")
    structure.refresh_from_db()
    assert structure.espace_confirme_le is None
    assert Evenement.objects.filter(details__structure=structure.pk).count() == 2


def test_les_fiches_de_la_structure_et_sa_creation(redacteur: Client) -> None:
    fiche = fiche_edi()
    page = texte(redacteur.get(f"{LISTE}{fiche.structure_id}/change/"))
    assert f"/admin/raccordements/ficheedi/{fiche.pk}/change/" in page
    assert f"/admin/raccordements/ficheedi/add/?structure={fiche.structure_id}" in page
    amorce = texte(redacteur.get(f"/admin/raccordements/ficheedi/add/?structure={fiche.structure_id}"))
    assert f'value="{fiche.structure_id}" selected' in amorce


def test_archiver_puis_remettre(redacteur: Client) -> None:
    structure = StructureFactory(designation="Rangée")
    redacteur.post(f"{LISTE}{structure.pk}/archiver/")
    assert "Rangée archivée." in texte(redacteur.get(LISTE)), "the message, once"
    assert "Rangée" not in texte(redacteur.get(LISTE))
    assert "Rangée" in texte(redacteur.get(LISTE, {"usage": "archives"}))
    redacteur.post(f"{LISTE}{structure.pk}/remettre-en-service/")
    assert "Rangée" in texte(redacteur.get(LISTE))


def test_une_structure_hors_du_portefeuille_n_existe_pas(limite: Client) -> None:
    structure = StructureFactory(dossier=DossierFactory(), designation="Cachée")
    assert "Cachée" not in texte(limite.get(LISTE))
    for chemin in ("change/", "history/"):
        assert limite.get(f"{LISTE}{structure.pk}/{chemin}").status_code == 404
    for chemin in ("change/", "verifier/", "confirmer/", "archiver/"):
        assert limite.post(f"{LISTE}{structure.pk}/{chemin}").status_code == 404
    auto = {"app_label": "raccordements", "model_name": "fiche", "field_name": "structure", "term": "Cachée"}
    assert limite.get("/admin/autocomplete/", auto).json()["results"] == []


def test_qui_peut_quoi(en_role: EnRole) -> None:
    structure = StructureFactory()
    for role in ROLES:
        refuse = role == "consultation"
        with en_role(role) as client:
            assert client.get(f"{LISTE}{structure.pk}/change/").status_code == 200
            for chemin in ("verifier/", "confirmer/", "archiver/"):
                statut = client.post(f"{LISTE}{structure.pk}/{chemin}").status_code
                assert (statut == 403) == refuse, chemin
            assert (client.get(f"{LISTE}add/").status_code == 403) == refuse


def test_le_dossier_montre_ses_structures_et_ses_fiches(redacteur: Client) -> None:
    dossier = DossierFactory()
    fiche = fiche_edi(structure=StructureFactory(dossier=dossier, designation="Du dossier"))
    page = texte(redacteur.get(f"/admin/dossiers/dossier/{dossier.pk}/change/"))
    assert "Du dossier" in page
    assert f"/admin/raccordements/ficheedi/{fiche.pk}/change/" in page


def test_le_nombre_de_requetes_ne_depend_pas_des_lignes(redacteur: Client) -> None:
    dossier = DossierFactory()
    StructureFactory.create_batch(2, dossier=dossier)

    def mesurer() -> int:
        with CaptureQueriesContext(connection) as vues:
            assert redacteur.get(LISTE).status_code == 200
        return len(vues)

    mesurer()
    avant = mesurer()
    StructureFactory.create_batch(30, dossier=dossier)
    assert mesurer() == avant
