"""The guichet of a credential: written by it, found from it, and what the migration makes of older rows."""

from __future__ import annotations

import pytest
from django.db.models import ProtectedError
from django.urls import reverse

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
