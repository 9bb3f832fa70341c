"""The guichet of a credential: written by it, found from it, and what the migration makes of older rows."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.models import ProtectedError
from django.urls import reverse
from django.utils import timezone

from dossiers.admin.cles import CleApiForm
from dossiers.models import CleApi, Guichet
from dossiers.operations.execution import vider
from dossiers.operations.registre import _NATURES
from tests.dossiers.operations.scenario import REFUS, Distant, NatureScriptee
from tests.fabriques import CleApiFactory, CollaborateurFactory, ExplicationFactory, OperationFactory
from tests.raccordements.fabriques import CompteChorusFactory

pytestmark = pytest.mark.django_db


def test_la_cle_tient_son_guichet_a_jour():
    cle = CleApiFactory(nom="Clé du cabinet", plafond=7)
    lu = Guichet.objects.get(cleapi=cle)
    assert (lu.systeme, lu.nom, lu.environnement, lu.plafond) == ("loop", "Clé du cabinet", "bac_a_sable", 7)
    cle.nom, cle.environnement, cle.plafond = "Renommée", "test", 2
    cle.save()
    lu.refresh_from_db()
    assert (lu.nom, lu.environnement, lu.plafond) == ("Renommée", "test", 2)
    assert Guichet.objects.count() == 1


def test_enregistrer_une_cle_n_efface_ni_ses_echecs_ni_le_plafond_qu_un_autre_vient_d_ecrire():
    cle = CleApiFactory()
    assert cle.plafond == 4
    Guichet.objects.update(echecs_consecutifs=5, plafond=9)
    cle.save(update_fields=["archivee_le"])
    cle.nom = "Renommée"
    cle.save(update_fields=["nom"])
    lu = Guichet.objects.get()
    assert (lu.echecs_consecutifs, lu.plafond, lu.nom) == (5, 9, "Renommée")
    cle.save()
    lu.refresh_from_db()
    assert (lu.echecs_consecutifs, lu.plafond) == (5, 4)


def test_chacun_retrouve_ses_identifiants():
    cle, compte = CleApiFactory(nom="Même nom"), CompteChorusFactory(nom="Même nom")
    assert Guichet.objects.get(pk=cle.guichet_id).proprietaire == cle
    assert Guichet.objects.get(pk=compte.guichet_id).proprietaire == compte


def test_une_cle_qui_a_servi_ne_s_efface_pas():
    OperationFactory()
    inutile = CleApiFactory()
    inutile.delete()
    assert not Guichet.objects.filter(pk=inutile.guichet_id).exists()
    with pytest.raises(ProtectedError):
        OperationFactory(dossier=None, nature="tester_cle", parametres={}).cle.delete()
    assert CleApi.objects.count() == 2


@pytest.mark.parametrize(("tape", "garde"), [("64", 64), ("0", 4), ("65", 4), ("", 4)])
def test_le_plafond_se_tape_dans_le_formulaire_des_identifiants(tape, garde):
    cle = CleApiFactory()
    classe = type("Formulaire", (CleApiForm,), {"Meta": type("Meta", (), {"model": CleApi, "fields": ["nom"]})})
    formulaire = classe({"nom": cle.nom, "plafond": tape}, instance=cle)
    assert formulaire.initial["plafond"] == 4
    assert formulaire.is_valid() == (garde == int(tape or 0))
    assert cle.plafond == garde


def test_une_operation_d_un_autre_systeme_se_voit_se_filtre_et_s_execute(client, monkeypatch):
    distant = Distant()
    distant.reponses = [REFUS]
    monkeypatch.setitem(_NATURES, "essai", NatureScriptee(distant, "essai"))
    compte = CompteChorusFactory(nom="Compte de qualification", pret=True)
    autre = OperationFactory(nature="essai", parametres={})
    operation = OperationFactory(dossier=None, guichet=compte.guichet, nature="essai", parametres={})
    assert vider(compte.guichet_id) == 1
    operation.refresh_from_db()
    operation.explication = ExplicationFactory(geste="ouvrir_cle")
    operation.save()
    assert (operation.etat, operation.libelle) == ("echouee", "Essai – Compte de qualification")
    client.force_login(CollaborateurFactory(superutilisateur=True))
    page = client.get(reverse("admin:dossiers_operation_change", args=[operation.pk])).content.decode()
    assert reverse("admin:raccordements_comptechorus_change", args=[compte.pk]) in page
    assert "Ouvrir la clé d’API" not in page
    liste = reverse("admin:dossiers_operation_changelist")
    trouvees = client.get(liste, {"identifiants": compte.guichet_id}).context["cl"].result_list
    assert [trouvee.pk for trouvee in trouvees] == [operation.pk]
    assert autre.cle.nom in client.get(liste).content.decode()


TABLES = ("CleApi", "HistoricalCleApi", "Operation", "Appel", "Evenement")


def test_la_migration_garde_les_operations_de_chaque_cle_dans_les_deux_sens():
    graphe = MigrationLoader(connection)
    etat = graphe.project_state([("dossiers", "0006_recherche_enregistree")])
    migration = graphe.get_migration("dossiers", "0007_guichet")
    avant = etat.apps.get_model
    with connection.cursor() as curseur:
        curseur.execute("CREATE SCHEMA avant; SET LOCAL search_path TO avant, public")
    with connection.schema_editor() as editeur:
        for nom in TABLES:
            editeur.create_model(avant("dossiers", nom))
    champs = {"type": "P04454", "environnement": "test", "domaine": "D", "plafond": 7}
    cles = [
        avant("dossiers", "CleApi").objects.create(pk=pk, nom=nom, cle_publique=nom, **champs)
        for pk, nom in ((41, "Zoé"), (17, "Ali"))
    ]
    for cle in cles:
        operation = avant("dossiers", "Operation").objects.create(nature="tester_cle", objet=cle.nom, cle_id=cle.pk)
        _appel(avant, operation, cle_id=cle.pk)
        avant("dossiers", "Evenement").objects.create(type="export", operation_id=operation.pk, cle_id=cle.pk)
    avant("dossiers", "Evenement").objects.create(type="export")
    avant("dossiers", "CleApi").objects.filter(pk=17).update(echecs_consecutifs=5)
    _verifier_les_cles_etrangeres()

    with connection.schema_editor() as editeur:
        apres = migration.apply(etat.clone(), editeur).apps.get_model
    guichets = apres("dossiers", "Guichet").objects
    assert set(guichets.values_list("cleapi", "systeme", "nom", "plafond", "echecs_consecutifs")) == {
        (41, "loop", "Zoé", 7, 0),
        (17, "loop", "Ali", 7, 5),
    }
    assert _cles(apres, "guichet__cleapi") == {("Zoé", 41, 41, 41), ("Ali", 17, 17, 17)}
    neuf = guichets.create(systeme="loop", nom="Neuve", environnement="test", plafond=2)
    assert neuf.pk > 41
    del champs["plafond"]
    neuve = apres("dossiers", "CleApi").objects.create(
        pk=3, nom="Neuve", cle_publique="N", guichet_id=neuf.pk, **champs
    )
    operation = apres("dossiers", "Operation").objects.create(nature="tester_cle", objet="Neuve", guichet_id=neuf.pk)
    _appel(apres, operation, guichet_id=neuf.pk)
    apres("dossiers", "Evenement").objects.create(type="export", operation_id=operation.pk, guichet_id=neuf.pk)
    _verifier_les_cles_etrangeres()

    with connection.schema_editor() as editeur:
        migration.unapply(etat, editeur)
    assert _cles(avant, "cle") == {("Zoé", 41, 41, 41), ("Ali", 17, 17, 17), ("Neuve", 3, 3, 3)}
    lues = avant("dossiers", "CleApi").objects.values_list("pk", "plafond", "echecs_consecutifs")
    assert set(lues) == {(41, 7, 0), (17, 7, 5), (neuve.pk, 2, 0)}


def _appel(modele, operation, **champs):
    debut = {"debut": timezone.now(), "methode": "GET", "adresse": "http://127.0.0.1/", "duree_ms": 1}
    modele("dossiers", "Appel").objects.create(operation_id=operation.pk, **debut, **champs)


def _cles(modele, chemin):
    """The key of each operation, of its call and of its event."""
    chemins = (chemin, f"appels__{chemin}", f"evenements__{chemin}")
    return set(modele("dossiers", "Operation").objects.values_list("objet", *chemins))


def _verifier_les_cles_etrangeres():
    """PostgreSQL alters no table that owes the check of a deferred constraint."""
    with connection.cursor() as curseur:
        curseur.execute("SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED")
