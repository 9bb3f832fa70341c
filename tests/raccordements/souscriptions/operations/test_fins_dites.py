"""Planned ends told on their day without anybody asking: once, bounded, never against a refusal of the same day."""

import datetime as dt

import pytest
from django.utils import timezone

from dossiers.models import Evenement, Operation
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import annuler
from dossiers.supervision import epoque
from raccordements import tasks
from raccordements.models import Plateforme, Souscription
from raccordements.souscriptions import suivi, vie
from raccordements.souscriptions.etapes import EtatSouscription
from raccordements.souscriptions.fins import dire_les_fins
from raccordements.souscriptions.operations import demander_resiliation
from tests.raccordements.fabriques_od import LigneAdressageFactory, relue, souscrite

pytestmark = pytest.mark.django_db
E = EtatSouscription
JOUR = dt.timedelta(days=1)


@pytest.fixture
def finissante(en_place, par):
    return vie.terminer(en_place, le=timezone.localdate(), motif="Départ", par=par)


def test_une_fin_dont_le_jour_est_venu_est_dite_une_fois(sim, finissante, travailler):
    assert (dire_les_fins(), dire_les_fins()) == (1, 0)
    operation = Operation.objects.get(nature="resilier_souscription")
    assert (operation.demandee_par, operation.guichet) == (None, finissante.plateforme.guichet)
    assert relue(finissante).etat == E.RESILIATION
    assert travailler(operation).etat == "reussie"
    jour = timezone.localdate()
    assert (relue(finissante).etat, relue(finissante).fin_dite) == (E.RESILIEE, jour)
    assert sim.onboardings()[0]["subscriptions"][0]["endDate"] == jour.isoformat()
    assert dire_les_fins() == 0
    assert Evenement.objects.filter(texte__contains="son jour est venu", acteur=None).exists()


def test_ni_une_fin_a_venir_ni_une_fin_deja_dite_ni_sans_cle(en_place, par, travailler):
    vie.terminer(en_place, le=timezone.localdate() + JOUR, par=par)
    assert dire_les_fins() == 0
    Souscription.objects.filter(pk=en_place.pk).update(fin=timezone.localdate(), fin_dite=timezone.localdate())
    assert dire_les_fins() == 0
    Souscription.objects.filter(pk=en_place.pk).update(fin_dite=timezone.localdate() + JOUR)
    Plateforme.objects.update(cle_abonnement_defini_le=None)
    assert dire_les_fins() == 0
    Plateforme.objects.update(cle_abonnement_defini_le=timezone.now())
    assert dire_les_fins() == 1


def test_refusee_elle_n_est_redite_que_le_lendemain(sim, finissante, travailler):
    sim.poser_pannes([{"type": "401", "chemin": "/od/subscriptions/{souscription}/end", "fois": 2}])
    dire_les_fins()
    assert travailler(Operation.objects.get(nature="resilier_souscription")).etat == "echouee"
    assert (relue(finissante).etat, bool(relue(finissante).message)) == (E.SOUSCRITE, True)
    assert dire_les_fins() == 0
    # What is read meanwhile clears the message, not the refusal.
    Souscription.objects.update(message="")
    assert dire_les_fins() == 0
    Operation.objects.update(terminee_le=timezone.now() - JOUR)
    assert dire_les_fins() == 1


def test_annulee_par_une_personne_elle_n_est_pas_redemandee_le_jour_meme(finissante, par):
    dire_les_fins()
    assert annuler(Operation.objects.filter(nature="resilier_souscription"), par=par) == 1
    assert relue(finissante).etat == E.SOUSCRITE
    assert dire_les_fins() == 0


def test_celle_qu_on_ne_peut_demander_n_arrete_pas_les_autres(dossier, plateforme, par, monkeypatch):
    for rang in range(2):
        une = souscrite(ligne=LigneAdressageFactory(dossier=dossier, suffixe=f"S{rang}"), plateforme=plateforme)
        vie.terminer(une, le=timezone.localdate(), par=par)
    commencer, vues = suivi.commencer_resiliation, []

    def refuser_la_premiere(souscription, **options):
        vues.append(souscription.pk)
        if len(vues) == 1:
            raise ActionImpossible("Refusée.", "Essai.", "Rien.")
        return commencer(souscription, **options)

    monkeypatch.setattr(suivi, "commencer_resiliation", refuser_la_premiere)
    assert dire_les_fins() == 1
    assert len(vues) == 2


def test_ce_qu_une_personne_a_demande_n_est_pas_redemande(finissante, par):
    demander_resiliation(finissante, par=par)
    assert dire_les_fins() == 0
    assert Operation.objects.filter(nature="resilier_souscription").count() == 1


def test_un_tour_est_borne_et_le_suivant_prend_le_reste(sim, dossier, plateforme, par):
    for rang in range(3):
        une = souscrite(ligne=LigneAdressageFactory(dossier=dossier, suffixe=f"S{rang}"), plateforme=plateforme)
        vie.terminer(une, le=timezone.localdate(), par=par)
    assert (dire_les_fins(limite=2), dire_les_fins(limite=2), dire_les_fins(limite=2)) == (2, 1, 0)


def test_une_base_restauree_attend_d_etre_rouverte(finissante, monkeypatch):
    monkeypatch.setattr(epoque, "est_ouverte", lambda: False)
    tasks.dire_les_fins()
    assert not Operation.objects.filter(nature="resilier_souscription").exists()
    monkeypatch.setattr(epoque, "est_ouverte", lambda: True)
    tasks.dire_les_fins()
    assert Operation.objects.filter(nature="resilier_souscription").exists()
