"""The page of a dossier, the page of a key, the search."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from dossiers.models import CleApi, Dossier, Etablissement, Evenement, Operation
from dossiers.sirene import afficher_siren, afficher_siret
from tests.dossiers.admin.formulaires import formulaires
from tests.fabriques import (
    AppelFactory,
    CleApiFactory,
    DossierFactory,
    EtablissementFactory,
    EvenementFactory,
    OffreFactory,
    OperationFactory,
    siren_fictif,
    siret_fictif,
)
from tests.rendu import sans_rendu

pytestmark = pytest.mark.django_db
LISTE = "/admin/dossiers/dossier/"
SECRET = "secret-tape-ici"


def fiche(objet: Any) -> str:
    return reverse(f"admin:dossiers_{objet._meta.model_name}_change", args=[objet.pk])


def champs_de(client: Client, dossier: Dossier) -> dict[str, str]:
    """What the form of a dossier would send untouched."""
    return next(f for f in formulaires(client.get(fiche(dossier))) if "nom_usuel" in f.champs).champs


def trouves(client: Client, terme: str, **filtres: str) -> set[str]:
    with sans_rendu():
        reponse = client.get(LISTE, {"q": terme, **filtres})
    return {dossier.code for dossier in reponse.context_data["cl"].result_list}


# --- form --------------------------------------------------------------------------------------------------------


def test_modifier_ecrit_le_journal(collaborateur: Client) -> None:
    dossier = DossierFactory(nom_usuel="Avant")
    reponse = collaborateur.post(fiche(dossier), {**champs_de(collaborateur, dossier), "nom_usuel": "Après"})
    assert reponse.status_code == 302
    evenement = Evenement.objects.get(dossier=dossier, type=Evenement.Type.MODIFICATION)
    assert evenement.texte.replace("\u00a0", " ").replace("\u202f", " ") == "Nom usuel : « Avant » devient « Après »."
    assert evenement.acteur == collaborateur.personne  # type: ignore[attr-defined]
    assert dossier.history.count() == 2


def test_enregistrer_sans_rien_changer_n_ecrit_rien(collaborateur: Client) -> None:
    dossier = EtablissementFactory().dossier
    assert collaborateur.post(fiche(dossier), champs_de(collaborateur, dossier)).status_code == 302
    assert not Evenement.objects.exists()


def test_le_code_et_la_cle_ne_changent_plus(manager: Client) -> None:
    dossier = DossierFactory()
    autre = CleApiFactory()
    champs = champs_de(manager, dossier) | {"code": "AUTRE", "cle": autre.pk, "statut": "operationnel"}
    assert manager.post(fiche(dossier), champs).status_code == 302
    avant = (dossier.code, dossier.cle_id, dossier.statut)
    dossier.refresh_from_db()
    assert (dossier.code, dossier.cle_id, dossier.statut) == avant


def ajout(**champs: Any) -> dict[str, Any]:
    """What the form of a new dossier sends."""
    return {
        "cle": CleApiFactory().pk,
        "code": "BON1",
        "etablissements-TOTAL_FORMS": 0,
        "etablissements-INITIAL_FORMS": 0,
        **champs,
    }


def test_un_manager_ajoute_un_dossier_a_la_main(manager: Client) -> None:
    for code in ("044212", "MANON001", "a-b_c.d"):
        assert manager.post(f"{LISTE}add/", ajout(code=code)).status_code == 302
        assert Evenement.objects.get(dossier__code=code).texte == "Dossier créé à la main."


SAISIES_FAUSSES = [
    ("code", "É 1", "lettres sans accent"),
    ("code", "x" * 10_000, "caractères"),
    ("code", "x" * 36, "1 à 35"),
    ("code", "", "obligatoire"),
    ("siren", "123456789", "clé"),
    ("siren", "12345", "9"),
    ("siren", "000000000", ""),
    ("siren", "9" * 10_000, "trop long"),
    ("nom_usuel", "a\x00b", "nul"),
    ("nom_usuel", "x" * 10_000, "caractères"),
    ("cle", "abc", ""),
    ("cle", "99999999999999999999", ""),
]


def test_une_saisie_fausse_revient_au_champ(manager: Client) -> None:
    champs = ajout(nom_usuel="Gardé")
    for champ, valeur, attendu in SAISIES_FAUSSES:
        # The box of the keys is drawn: it looks for the row that was sent.
        with nullcontext() if champ == "cle" else sans_rendu():
            reponse = manager.post(f"{LISTE}add/", champs | {champ: valeur})
        assert reponse.status_code == 200, (champ, valeur[:40])
        erreurs = reponse.context_data["adminform"].form.errors
        assert list(erreurs) == [champ], valeur[:40]
        assert attendu in str(erreurs[champ])
    assert not Dossier.objects.exists()


def test_le_meme_code_en_minuscules_est_refuse(manager: Client) -> None:
    dossier = DossierFactory(code="MANON001")
    reponse = manager.post(f"{LISTE}add/", ajout(cle=dossier.cle_id, code="manon001"))
    assert "majuscules et minuscules" in reponse.content.decode()


def test_un_siren_et_un_siret_se_collent_avec_leurs_espaces(collaborateur: Client) -> None:
    dossier = DossierFactory(siren="")
    siren, siret = siren_fictif(7), siret_fictif(7)
    champs = champs_de(collaborateur, dossier) | {
        "siren": f" {siren[:3]}\u00a0{siren[3:6]}.{siren[6:]} ",
        "etablissements-TOTAL_FORMS": "1",
        "etablissements-0-siret": afficher_siret(siret),
        "etablissements-0-nom": "Siège",
    }
    assert collaborateur.post(fiche(dossier), champs).status_code == 302
    dossier.refresh_from_db()
    assert dossier.siren == siren
    assert Etablissement.objects.get(dossier=dossier).siret == siret
    assert f"Établissement {afficher_siret(siret)} ajouté." in set(dossier.evenements.values_list("texte", flat=True))
    texte = collaborateur.get(fiche(dossier)).content.decode()
    assert f'value="{afficher_siret(siret)}"' in texte
    assert afficher_siren(siren) in texte


def test_un_siret_faux_revient_au_champ_et_ne_perd_rien(collaborateur: Client) -> None:
    dossier = DossierFactory()
    champs = champs_de(collaborateur, dossier) | {
        "nom_usuel": "À garder",
        "etablissements-TOTAL_FORMS": "1",
        "etablissements-0-siret": "99900001712345",
    }
    reponse = collaborateur.post(fiche(dossier), champs)
    assert reponse.status_code == 200
    assert 'value="À garder"' in reponse.content.decode()
    assert "SIRET" in str(reponse.context["inline_admin_formsets"][0].formset.errors)


def test_une_structure_de_test_est_signalee_et_acceptee(collaborateur: Client) -> None:
    dossier = DossierFactory()
    champs = champs_de(collaborateur, dossier) | {
        "etablissements-TOTAL_FORMS": "1",
        "etablissements-0-siret": "00000000000149",
    }
    reponse = collaborateur.post(fiche(dossier), champs)
    assert reponse.status_code == 302
    assert any("test" in str(message) for message in get_messages(reponse.wsgi_request))


def test_un_nombre_d_etablissements_absurde_n_est_pas_une_erreur_interne(
    collaborateur: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dossiers.admin.dossiers.EtablissementsEnLigne.max_num", 5)
    dossier = DossierFactory()
    champs = champs_de(collaborateur, dossier)
    for nombre in ("abc", "-1", "99999999", ""):
        reponse = collaborateur.post(fiche(dossier), champs | {"etablissements-TOTAL_FORMS": nombre})
        assert reponse.status_code in {200, 302, 400}, nombre


def test_un_meme_siren_sous_un_autre_code_est_montre(collaborateur: Client) -> None:
    dossier = DossierFactory()
    double = DossierFactory(siren=dossier.siren, archive=True)
    texte = collaborateur.get(fiche(dossier)).content.decode()
    assert "Même SIREN sous un autre code" in texte
    assert fiche(double) in texte
    assert "Même SIREN" not in collaborateur.get(fiche(DossierFactory())).content.decode()


# --- timeline ----------------------------------------------------------------------------------------------------


def test_la_frise_montre_tout_dans_l_ordre_et_chaque_lien_permanent_mene_a_sa_ligne(
    consultation: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dossiers.admin.dossiers.EVENEMENTS_PAR_PAGE", 10)
    dossier = DossierFactory()
    evenements = [EvenementFactory(dossier=dossier, texte=f"Fait {rang}") for rang in range(25)]
    operation = OperationFactory(dossier=dossier)
    evenements.append(EvenementFactory(dossier=dossier, operation=operation, type=Evenement.Type.OPERATION_REUSSIE))
    adresse = reverse("admin:dossiers_dossier_frise", args=[dossier.pk])
    vus: list[int] = []
    suite: str | None = adresse
    while suite:
        reponse = consultation.get(suite)
        vus += [e.pk for e in reponse.context["evenements"]]
        suivant = reponse.context["suivant"]
        suite = f"{adresse}?depuis={suivant.pk}" if suivant else None
    assert vus == [e.pk for e in reversed(evenements)]
    ancien = consultation.get(f"{adresse}?depuis={evenements[3].pk}").content.decode()
    assert f'id="evenement-{evenements[3].pk}"' in ancien
    premiere = consultation.get(adresse).content.decode()
    assert fiche(operation) in premiere
    filtree = consultation.get(f"{adresse}?type=operation_reussie").context["evenements"]
    assert [e.pk for e in filtree] == [evenements[-1].pk]


def test_une_frise_absurde_reste_une_frise(consultation: Client) -> None:
    adresse = reverse("admin:dossiers_dossier_frise", args=[EvenementFactory().dossier_id])
    for requete in ("depuis=abc", "depuis=-1", "depuis=99999999999999999999", "type=inconnu", "depuis=٣"):
        assert consultation.get(f"{adresse}?{requete}").status_code == 200, requete
    assert consultation.post(adresse).status_code == 405


# --- list and search ---------------------------------------------------------------------------------------------


def test_la_recherche_va_selon_la_forme_du_terme(consultation: Client) -> None:
    manon = DossierFactory(code="MANON001", nom_usuel="Fleurs de Manon", maitre_dossier="chef@cabinet.example")
    autre = DossierFactory(code="044212", raison_sociale="SAS Le Pain inventé")
    etablissement = EtablissementFactory(dossier=autre, siret=siret_fictif(900))
    requete, x_requete = "0A1b2c3d-1234-1234-1234-123456789abc", "0123456789abcdef0123456789abcdef"
    AppelFactory(operation__dossier=manon, requete_id=requete.lower(), x_requete_id=x_requete)
    OperationFactory(dossier=autre, requete_id="ffffffff-1234-1234-1234-123456789abc")
    assert trouves(consultation, "manon0") == {"MANON001"}
    assert trouves(consultation, "fleurs de") == {"MANON001"}
    assert trouves(consultation, "Pain") == {"044212"}
    assert trouves(consultation, "0442") == {"044212"}
    assert trouves(consultation, afficher_siren(manon.siren)) == {"MANON001"}
    assert trouves(consultation, afficher_siret(etablissement.siret)) == {"044212"}
    assert trouves(consultation, "Chef@Cabinet.example") == {"MANON001"}
    assert trouves(consultation, requete) == {"MANON001"}
    assert trouves(consultation, x_requete.upper()) == {"MANON001"}
    assert trouves(consultation, "ffffffff-1234-1234-1234-123456789abc") == {"044212"}
    assert trouves(consultation, "introuvable") == set()


def test_les_filtres_de_la_liste(entrer: Any) -> None:
    client = entrer(consultation=True)
    mien = DossierFactory(code="MIEN", maitre_dossier=client.personne.login_loop)
    DossierFactory(code="ARCHIVE", archive=True)
    ecart = OffreFactory(dossier__code="ECART", dossier__siren="", voulue=True, constatee=False).dossier
    OffreFactory(dossier=mien, voulue=True, constatee=True)
    OffreFactory(dossier=mien, code="start", voulue=False, constatee=None)
    assert trouves(client, "") == {"MIEN", "ECART"}
    assert trouves(client, "", service="archives") == {"ARCHIVE"}
    assert trouves(client, "", service="tous") == {"MIEN", "ECART", "ARCHIVE"}
    assert trouves(client, "", portefeuille="mien") == {"MIEN"}
    assert trouves(client, "", offres="ecart") == {"ECART"}
    assert trouves(client, "", offres="avec_consultation") == {"MIEN"}
    assert trouves(client, "", offres="sans_consultation") == {"ECART"}
    assert trouves(client, "", siren_connu="sans") == {"ECART"}
    assert trouves(client, "", cle=str(ecart.cle_id)) == {"ECART"}
    assert trouves(client, "", statut__exact="operationnel") == set()


def test_la_recherche_globale_ouvre_la_seule_reponse(consultation: Client) -> None:
    dossier = DossierFactory(code="UNIQUE1")
    operation = OperationFactory(dossier=dossier, requete_id="aaaaaaaa-1234-1234-1234-123456789abc")
    DossierFactory(code="DOUBLE1")
    DossierFactory(code="DOUBLE2")
    assert consultation.get("/admin/recherche/", {"q": " unique1 "})["Location"] == fiche(dossier)
    page = consultation.get("/admin/recherche/", {"q": "double"})
    assert {d.code for d in page.context["dossiers"]} == {"DOUBLE1", "DOUBLE2"}
    requete = consultation.get("/admin/recherche/", {"q": operation.requete_id})
    assert ([*requete.context["dossiers"]], [*requete.context["operations"]]) == ([dossier], [operation])
    assert consultation.post("/admin/recherche/", {"q": "x"}).status_code == 405


def test_un_terme_absurde_ne_casse_pas_la_recherche(consultation: Client) -> None:
    for terme in ("", "é", "a" * 3000, "%", "'; --", "0" * 14, "1" * 300, "a@b", "\\", "٣٣٣"):
        assert consultation.get("/admin/recherche/", {"q": terme}).status_code == 200, terme


def test_la_recherche_globale_ne_fait_pas_plus_de_requetes_quand_elle_trouve_plus(consultation: Client) -> None:
    def requetes() -> int:
        with CaptureQueriesContext(connection) as captures:
            consultation.get("/admin/recherche/", {"q": "ATELIER"})
        return len(captures)

    DossierFactory.create_batch(2)
    requetes()
    peu = requetes()
    DossierFactory.create_batch(30)
    assert requetes() == peu


# --- keys --------------------------------------------------------------------------------------------------------


def champs_de_cle(**autres: Any) -> dict[str, Any]:
    return {
        "nom": "Clé du cabinet",
        "type": "P04454",
        "environnement": "bac_a_sable",
        "domaine": "CABINETDEMO",
        "cle_publique": "PUBLIQUE",
        "plafond": "4",
        **autres,
    }


def test_les_secrets_s_ecrivent_et_ne_se_relisent_jamais(administrateur: Client) -> None:
    ajout = champs_de_cle(client_secret=f" {SECRET}\n", cle_abonnement="abonnement-tape")
    assert administrateur.post("/admin/dossiers/cleapi/add/", ajout).status_code == 302
    cle = CleApi.objects.get()
    assert (cle.client_secret, cle.cle_abonnement) == (SECRET, "abonnement-tape")
    assert cle.client_secret_defini_par == administrateur.personne  # type: ignore[attr-defined]
    textes = list(cle.guichet.evenements.filter(type=Evenement.Type.SECRET).values_list("texte", flat=True))
    assert len(textes) == 2
    assert administrateur.post(fiche(cle), champs_de_cle(nom="Renommée")).status_code == 302
    cle.refresh_from_db()
    assert (cle.nom, cle.client_secret) == ("Renommée", SECRET)
    assert cle.guichet.evenements.filter(type=Evenement.Type.SECRET).count() == 2
    for adresse in (fiche(cle), "/admin/dossiers/cleapi/", f"{fiche(cle).removesuffix('change/')}history/"):
        page = administrateur.get(adresse)
        assert page.status_code == 200
        assert SECRET not in page.content.decode()
    assert SECRET not in str(list(cle.guichet.evenements.values()))


def test_une_page_en_erreur_ne_rend_pas_le_secret_tape(administrateur: Client) -> None:
    reponse = administrateur.post("/admin/dossiers/cleapi/add/", champs_de_cle(nom="", client_secret=SECRET))
    assert reponse.status_code == 200
    assert SECRET not in reponse.content.decode()


CLES_FAUSSES = [
    ("client_secret", "cle:secret", "key:secret"),
    ("client_secret", "sécret", "accentué"),
    ("cle_abonnement", "a\nb", "saut de ligne"),
    ("cle_publique", "cle:secret", "deux-points"),
    ("domaine", "a b", "Lettres"),
    ("plafond", "0", ""),
    ("plafond", "99999999999", ""),
    ("type", "P0", ""),
]


def test_une_cle_mal_collee_est_expliquee(administrateur: Client) -> None:
    for champ, valeur, attendu in CLES_FAUSSES:
        with sans_rendu():
            reponse = administrateur.post("/admin/dossiers/cleapi/add/", champs_de_cle(**{champ: valeur}))
        assert reponse.status_code == 200, (champ, valeur)
        erreurs = reponse.context_data["adminform"].form.errors
        assert list(erreurs) == [champ], valeur
        assert attendu in str(erreurs[champ])
    assert not CleApi.objects.exists()


def test_une_cle_avancee_ne_se_partage_pas(administrateur: Client) -> None:
    reponse = administrateur.post("/admin/dossiers/cleapi/add/", champs_de_cle(partenaire="Un partenaire"))
    assert "réservée au cabinet" in reponse.content.decode()


def test_tester_et_relever_se_demandent_d_un_bouton(manager: Client) -> None:
    cle = CleApiFactory(prete=True)
    for nom, nature in (("tester", "tester_cle"), ("relever", "synchroniser_loophub")):
        reponse = manager.post(reverse(f"admin:dossiers_cleapi_{nom}", args=[cle.pk]), follow=True)
        assert Operation.objects.filter(guichet=cle.guichet, nature=nature).count() == 1
        assert Operation.objects.get(guichet=cle.guichet, nature=nature).libelle in reponse.content.decode()


def test_relever_avec_une_cle_incomplete_est_explique(manager: Client) -> None:
    cle = CleApiFactory()
    reponse = manager.post(reverse("admin:dossiers_cleapi_relever", args=[cle.pk]), follow=True)
    assert "incomplète" in reponse.content.decode()
    assert not Operation.objects.exists()


def test_archiver_une_cle_attend_la_fin_de_ses_operations(administrateur: Client) -> None:
    operation = OperationFactory()
    archiver = reverse("admin:dossiers_cleapi_archiver", args=[operation.cle.pk])
    assert "l’utilisent encore" in administrateur.post(archiver, follow=True).content.decode()
    Operation.objects.all().delete()
    administrateur.post(archiver)
    cle = CleApi.objects.get(pk=operation.cle.pk)
    assert cle.archivee_le
    assert cle.guichet.evenements.filter(type=Evenement.Type.ARCHIVAGE).count() == 1
    assert cle not in administrateur.get("/admin/dossiers/cleapi/").context["cl"].result_list
    assert cle in administrateur.get("/admin/dossiers/cleapi/?usage=archivees").context["cl"].result_list
    administrateur.post(reverse("admin:dossiers_cleapi_remettre_en_service", args=[cle.pk]))
    cle.refresh_from_db()
    assert cle.archivee_le is None


def test_les_appels_du_mois_se_comptent_sur_la_cle_facturable(manager: Client) -> None:
    facturable, gratuite = CleApiFactory(), CleApiFactory(standard=True)
    for cle in (facturable, gratuite):
        AppelFactory(operation__dossier__cle=cle)
    assert manager.get(fiche(facturable)).context["appels_du_mois"] == 1
    assert "facturable</dt>" not in manager.get(fiche(gratuite)).content.decode()
    assert f"/admin/dossiers/dossier/?cle={facturable.pk}" in manager.get(fiche(facturable)).content.decode()
