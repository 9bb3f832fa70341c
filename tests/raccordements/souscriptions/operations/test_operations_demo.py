"""The demonstration shows every lasting state, and its simulator tells the same story."""

import pytest
from django.core.management import CommandError, call_command

from dossiers.models import Collaborateur, Operation
from dossiers.services import plans
from raccordements import demo_od
from raccordements.models import LigneAdressage, Plateforme, Souscription
from raccordements.souscriptions.conflits import conflits
from raccordements.souscriptions.etapes import EN_COURS, EtatSouscription, Niveau
from raccordements.souscriptions.operations import demander_lecture
from raccordements.souscriptions.reseau import charger_pour

pytestmark = pytest.mark.django_db


@pytest.fixture
def cabinet(db):
    call_command("donnees_demo", "--mots-de-passe-json")


def test_chaque_etat_se_voit_et_le_simulateur_dit_la_meme_chose(cabinet, sim, travailler):
    call_command("donnees_demo_od", "--simulateur", sim.racine)
    souscriptions = Souscription.objects.pour_liste()
    assert {s.etat for s in souscriptions} == set(EtatSouscription.values) - set(EN_COURS)
    niveaux = list(LigneAdressage.objects.values_list("niveau", flat=True))
    assert sorted(niveaux) == sorted([*Niveau.values] * 2)
    assert Plateforme.objects.count() == 2
    assert not Operation.objects.non_reglees().exists()
    distantes = {lu["subscriptions"][0]["subscriptionId"]: lu for lu in sim.onboardings() if lu["subscriptions"]}
    for souscription in souscriptions.filter(etat__in=("souscrite", "resiliee")):
        assert distantes[souscription.numero_distant]["addressingLine"]["identifier"] == souscription.ligne.identifiant
    assert not any(c.bloquant for s in souscriptions for c in conflits(charger_pour(s.dossier)))

    par = Collaborateur.objects.get(username="collaborateur")
    plan = plans.preparer("onboarder_souscriptions", [s.pk for s in souscriptions], {}, par=par)
    assert len(plan.a_faire) == 1
    assert any("sa fin ne lui a pas été dite" in ligne.motif for ligne in plan.bloquees)
    avant = list(souscriptions.values_list("pk", "etat"))
    call_command("donnees_demo_od", "--simulateur", sim.racine)
    assert list(Souscription.objects.pour_liste().values_list("pk", "etat")) == avant
    sim.remettre_a_zero()
    call_command("donnees_demo_od", "--simulateur", sim.racine)
    perdue = souscriptions.filter(etat="souscrite").first()
    assert travailler(demander_lecture(perdue, par=par)).etat == "reussie"
    assert Souscription.objects.get(pk=perdue.pk).etat == "oubliee"


def test_sans_simulateur_ce_qui_est_prevu_suffit(cabinet, settings):
    with pytest.raises(CommandError, match="ne répond pas"):
        call_command("donnees_demo_od", "--simulateur", "http://127.0.0.1:9")
    call_command("donnees_demo_od")
    assert Souscription.objects.count() == len(demo_od.SOUSCRIPTIONS)
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="PASSERELLE_PRODUCTION"):
        call_command("donnees_demo_od")
