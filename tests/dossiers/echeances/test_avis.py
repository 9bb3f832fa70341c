"""Notices: the bell, the page, reading them, and what the end of a lot or of an operation tells."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dossiers.echeances import avis as services
from dossiers.echeances import nouvelles
from dossiers.echeances.avis import annoncer
from dossiers.echeances.nouvelles import annoncer_les_nouvelles
from dossiers.echeances.registre import Annonce
from dossiers.models import Avis, Dossier, Etat, Evenement, Lot, Operation, Preference, Tournee
from tests.fabriques import (
    CollaborateurFactory,
    DossierFactory,
    EvenementFactory,
    ImportEcrituresFactory,
    LotFactory,
    OperationFactory,
)

pytestmark = pytest.mark.django_db
PAGE = "/admin/avis/"


@pytest.fixture
def personne() -> Any:
    return CollaborateurFactory(collaborateur=True)


def entrer(client: Client, personne: Any) -> Client:
    client.force_login(personne, backend="django.contrib.auth.backends.ModelBackend")
    return client


def avis(personne: Any, *, dossier: Any = None, **champs: Any) -> Avis:
    importation = ImportEcrituresFactory(lien=True, dossier=dossier or DossierFactory())
    valeurs = {"genre": "lien", "cle": f"lien:{importation.pk}", "texte": f"Import n° {importation.pk}", **champs}
    return Avis.objects.create(
        personne=personne, objet=importation.pk, adresse=f"/admin/dossiers/importecritures/{importation.pk}/", **valeurs
    )


# --- page and bell -----------------------------------------------------------------------------------------------


def test_la_cloche_dit_combien_et_la_page_mene_a_l_objet(client: Client, personne: Any) -> None:
    un = avis(personne)
    avis(CollaborateurFactory(collaborateur=True))
    page = entrer(client, personne).get(PAGE).content.decode()
    assert 'aria-label="Avis non lus : 1"' in page
    assert f'<a href="{un.adresse}">{un.texte}</a>' in page
    assert page.count("Non lu<") == 1


def test_marquer_comme_lu_un_par_un_ou_tous_par_post(client: Client, personne: Any) -> None:
    premier, autre = avis(personne), avis(CollaborateurFactory(collaborateur=True))
    avis(personne)
    dernier = avis(personne)
    entrer(client, personne)
    assert f'name="jusqu_a" value="{dernier.pk}"' in client.get(PAGE).content.decode()
    assert client.get(f"{PAGE}{premier.pk}/lu/").status_code == client.get(f"{PAGE}lus/").status_code == 405
    assert client.post(f"{PAGE}{autre.pk}/lu/").status_code == 404
    assert client.post(f"{PAGE}{premier.pk}/lu/").status_code == 302
    assert services.non_lus(personne) == "2"
    avis(personne)  # it came after the page was shown
    for absurde in ({}, {"jusqu_a": "x"}, {"jusqu_a": "9" * 30}):
        assert client.post(f"{PAGE}lus/", absurde).status_code == 400
    assert client.post(f"{PAGE}lus/", {"jusqu_a": dernier.pk}).status_code == 302
    assert services.non_lus(personne) == "1"
    assert Avis.objects.get(pk=autre.pk).lu_le is None


def test_un_objet_sorti_du_portefeuille_n_est_plus_montre(client: Client) -> None:
    moi = CollaborateurFactory(collaborateur=True, portefeuille=True)
    dossier = DossierFactory(maitre_dossier=moi.login_loop)
    un = avis(moi, dossier=dossier)
    ImportEcrituresFactory(dossier=DossierFactory(maitre_dossier=moi.login_loop))  # they still see another one
    assert un.texte in entrer(client, moi).get(PAGE).content.decode()
    Dossier.objects.filter(pk=dossier.pk).update(maitre_dossier="autre@cabinet.example")
    page = client.get(PAGE).content.decode()
    assert un.texte not in page
    assert "Avis : aucun à lire" in page
    assert client.post(f"{PAGE}{un.pk}/lu/").status_code == 404


def test_sans_la_permission_l_avis_n_est_plus_montre(personne: Any) -> None:
    avis(personne)
    personne.groups.clear()
    assert not services.visibles(type(personne).objects.get(pk=personne.pk)).exists()


def test_le_compte_est_plafonne_et_coute_deux_requetes_au_plus(client: Client, personne: Any) -> None:
    with CaptureQueriesContext(connection) as prises:
        assert services.non_lus(personne) == ""
    assert len(prises) == 1
    un = avis(personne)
    Avis.objects.bulk_create(
        Avis(personne=personne, genre="lien", objet=un.objet, cle=f"c{rang}", texte="t", adresse="/")
        for rang in range(150)
    )
    entrer(client, personne)
    personne = type(personne).objects.get(pk=personne.pk)
    personne.has_perm("dossiers.view_lot")
    with CaptureQueriesContext(connection) as prises:
        assert services.non_lus(personne) == "99+"
    assert len(prises) == 2
    assert "Avis non lus : 99+" in client.get(PAGE).content.decode()


def test_le_nombre_de_requetes_de_la_page_ne_depend_pas_des_avis(client: Client, personne: Any) -> None:
    entrer(client, personne)

    def requetes() -> int:
        with CaptureQueriesContext(connection) as prises:
            assert client.get(PAGE).status_code == 200
        return len(prises)

    for _ in range(2):
        avis(personne)
    avant = requetes()
    for _ in range(30):
        avis(personne)
    assert requetes() == avant


# --- preferences -------------------------------------------------------------------------------------------------


def test_les_preferences_se_gardent_et_un_choix_inconnu_est_refuse(
    client: Client, personne: Any, settings: Any
) -> None:
    entrer(client, personne)
    adresse = "/admin/mon-compte/avis/"
    Preference.objects.create(personne=personne, sans_avis=["hors_de_vue"])
    donnees = {"frequence": "jamais", "dans_passerelle": ["lien", "lot"], "par_courriel": ["lot"]}
    assert client.post(adresse, donnees).status_code == 302
    gardee = Preference.objects.get()
    assert gardee.frequence == "jamais"
    assert "hors_de_vue" in gardee.sans_avis
    assert "lien" not in gardee.sans_avis
    assert "lien" in gardee.sans_courriel
    assert Evenement.objects.filter(acteur=personne, texte="Préférences d’avis modifiées.").exists()
    refus = client.post(adresse, {"frequence": "jamais", "dans_passerelle": ["n_existe_pas"]})
    assert refus.status_code == 200
    assert "Sélectionnez un choix valide" in refus.content.decode()
    page = client.get(adresse).content.decode()
    assert personne.email in page
    settings.COURRIEL_ACTIF = False
    assert "Aucun résumé ne part" in client.get(adresse).content.decode()


# --- events ------------------------------------------------------------------------------------------------------


def commencer() -> None:
    """The first turn tells nothing of the past."""
    annoncer_les_nouvelles()
    assert Avis.objects.count() == 0


def arreter(operation: Operation, type_: str = Evenement.Type.OPERATION_ECHOUEE, acteur: Any = None) -> None:
    EvenementFactory(type=type_, operation=operation, lot=operation.lot, dossier=operation.dossier, acteur=acteur)


def test_le_passe_n_est_pas_annonce(personne: Any) -> None:
    arreter(OperationFactory(echouee=True, demandee_par=personne))
    OperationFactory(echouee=True, lot=LotFactory(cree_par=personne))
    commencer()
    annoncer_les_nouvelles()
    assert Avis.objects.count() == 0


@pytest.mark.parametrize("situation", ["echouee", "a_verifier"])
def test_une_operation_arretee_est_dite_a_qui_l_a_demandee(personne: Any, situation: str) -> None:
    commencer()
    operation = OperationFactory(**{situation: True}, demandee_par=personne)
    arreter(operation, f"operation_{situation}")
    arreter(OperationFactory(reussie=True, demandee_par=personne), "operation_reussie")
    arreter(OperationFactory(echouee=True))  # asked for by nobody
    assert annoncer_les_nouvelles() == 1
    assert annoncer_les_nouvelles() == 0
    un = Avis.objects.get()
    assert (un.personne, un.objet) == (personne, operation.pk)
    assert services.visibles(personne).count() == 1


def test_jamais_a_qui_l_a_fait(personne: Any) -> None:
    commencer()
    arreter(OperationFactory(echouee=True, demandee_par=personne), acteur=personne)
    annoncer_les_nouvelles()
    assert Avis.objects.count() == 0


def test_un_lot_fait_un_seul_avis_et_seulement_une_fois_fini(personne: Any) -> None:
    commencer()
    lot = LotFactory(cree_par=personne, total=4)
    for situation in ("echouee", "echouee", "a_verifier"):
        arreter(OperationFactory(**{situation: True}, lot=lot, demandee_par=personne), f"operation_{situation}")
    derniere = OperationFactory(lot=lot, demandee_par=personne)
    annoncer_les_nouvelles()
    assert Avis.objects.count() == 0
    Operation.objects.filter(pk=derniere.pk).update(etat=Etat.REUSSIE, terminee_le=timezone.now())
    annoncer_les_nouvelles()
    annoncer_les_nouvelles()
    un = Avis.objects.get()
    assert un.texte.endswith("2 opérations échouées et 1 opération à vérifier sur 4.")
    assert (un.personne, un.genre) == (personne, "lot")


def test_un_lot_reussi_ne_dit_rien_et_un_vieux_lot_ne_retient_pas_les_autres(personne: Any) -> None:
    commencer()
    bloque = LotFactory(cree_par=personne, cree_le=timezone.now() - timedelta(days=31))
    OperationFactory(lot=bloque)
    OperationFactory(lot=LotFactory(cree_par=personne, cree_le=timezone.now() - timedelta(hours=2)), reussie=True)
    annoncer_les_nouvelles()
    assert Avis.objects.count() == 0
    assert Tournee.objects.get(nom="nouvelle:lot").position["vu"] == Lot.objects.order_by("pk").last().pk


def test_une_annonce_trop_longue_est_coupee(personne: Any) -> None:
    annonce = Annonce("lien", 1, "lien:1", "é" * 500, "/", frozenset([personne.pk]))
    assert annoncer([annonce, annonce]) == 1
    assert Avis.objects.get().texte == "é" * 399 + "…"


def test_un_avis_purge_n_est_pas_dit_une_seconde_fois(personne: Any) -> None:
    """The numbers read again are those that a slow transaction may have given, not all that are near."""
    commencer()
    arreter(OperationFactory(echouee=True, demandee_par=personne))
    assert annoncer_les_nouvelles() == 1
    Evenement.objects.update(cree_le=timezone.now() - timedelta(days=200))
    Avis.objects.all().delete()
    assert annoncer_les_nouvelles() == 0
    arreter(OperationFactory(echouee=True, demandee_par=personne))
    assert annoncer_les_nouvelles() == 1


def test_un_numero_donne_tot_et_valide_tard_est_dit(personne: Any) -> None:
    commencer()
    arreter(OperationFactory(echouee=True, demandee_par=personne))
    Tournee.objects.filter(nom="nouvelle:operation").update(
        position={"debut": 0, "vu": Evenement.objects.latest("pk").pk}
    )
    assert annoncer_les_nouvelles() == 1


def test_un_type_ou_une_ligne_en_panne_ne_retient_pas_les_autres(
    personne: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    commencer()
    for _ in range(2):
        arreter(OperationFactory(echouee=True, demandee_par=personne))
    OperationFactory(echouee=True, lot=LotFactory(cree_par=personne, cree_le=timezone.now() - timedelta(hours=2)))
    premiere = Operation.objects.order_by("pk")[0]
    dire = nouvelles.OperationArretee._annonce
    monkeypatch.setattr(
        nouvelles.OperationArretee,
        "_annonce",
        lambda self, ligne: dire(self, ligne) if ligne.operation_id != premiere.pk else 1 / 0,
    )
    assert annoncer_les_nouvelles() == 2
    assert set(Avis.objects.values_list("genre", flat=True)) == {"operation", "lot"}
    arreter(OperationFactory(echouee=True, demandee_par=personne))
    monkeypatch.setattr(nouvelles.LotFini, "relever", lambda self, position: 1 / 0)
    assert annoncer_les_nouvelles() == 1
    assert "avis lot" in caplog.text
