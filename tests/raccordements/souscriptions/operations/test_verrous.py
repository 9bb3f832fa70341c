"""One order of locks everywhere, the line before its subscriptions; a claim that outlives its calls."""

import datetime as dt

import httpx
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dossiers.models import Evenement, Operation
from dossiers.services import conservation, plans
from dossiers.services.erreurs import ActionImpossible
from raccordements.od.client import ClientCabinet
from raccordements.souscriptions import suivi, vie
from raccordements.souscriptions.operations import (
    demander_lecture,
    demander_nouvelles_donnees,
    demander_onboarding,
    demander_resiliation,
    demander_souscription,
    lancer_changement,
)
from tests.fabriques import DossierFactory
from tests.raccordements.fabriques_od import LigneAdressageFactory, onboardee, planifiee, relue

pytestmark = pytest.mark.django_db
SEMAINE = dt.timedelta(days=7)


def tables_verrouillees(faire):
    """The tables of lines and subscriptions, in the order in which their rows are locked."""
    with CaptureQueriesContext(connection) as vues:
        faire()
    verrous = [requete["sql"].partition(" FROM ")[2] for requete in vues if "FOR NO KEY UPDATE" in requete["sql"]]
    noms = [verrou.split()[0].strip('"').removeprefix("raccordements_") for verrou in verrous]
    return [nom for nom in noms if nom in {"ligneadressage", "souscription"}]


def test_la_ligne_se_verrouille_avant_ses_souscriptions(en_place, par):
    vie.terminer(en_place, le=timezone.localdate() + SEMAINE, par=par)
    for demander in (demander_lecture, demander_nouvelles_donnees, demander_resiliation):
        assert tables_verrouillees(lambda demander=demander: demander(en_place, par=par))[0] == "ligneadressage"


def test_la_seconde_etape_aussi(onboardee_la_bas, par):
    assert tables_verrouillees(lambda: demander_souscription(onboardee_la_bas, par=par))[0] == "ligneadressage"


def test_un_changement_et_un_plan_prennent_les_verrous_dans_le_meme_ordre(en_place, autre_plateforme, par):
    suite = vie.changer_de_plateforme(
        en_place, autre_plateforme, le=timezone.localdate() + SEMAINE, par=par, endpoint=""
    )
    plan = plans.preparer("resilier_souscriptions", [en_place.pk, suite.pk], {}, par=par)
    assert plan.a_faire
    assert tables_verrouillees(lambda: plans.confirmer(plan.sceller(), par=par))[:2] == [
        "ligneadressage",
        "souscription",
    ]
    assert tables_verrouillees(lambda: lancer_changement(relue(suite), par=par))[0] == "ligneadressage"


def test_une_rivale_d_un_autre_dossier_n_est_pas_nommee(dossier, plateforme, autre_plateforme, par):
    fin = timezone.localdate() + SEMAINE
    ailleurs = DossierFactory(siren=dossier.siren, code="SECRET77")
    tenante = onboardee(ligne=LigneAdressageFactory(dossier=ailleurs, fin=fin), plateforme=plateforme, fin=fin)
    lendemain = fin + dt.timedelta(days=1)
    suite = planifiee(
        ligne=LigneAdressageFactory(dossier=dossier, debut=lendemain),
        plateforme=autre_plateforme,
        par=par,
        debut=lendemain,
    )
    with pytest.raises(ActionImpossible) as refus:
        demander_onboarding(suite, par=par)
    (bloquee,) = plans.preparer("onboarder_souscriptions", [suite.pk], {}, par=par).bloquees
    for texte in (str(refus.value), bloquee.motif):
        assert "autre dossier" in texte
        assert f"n° {tenante.pk}" not in texte.replace("\u00a0", " ")
        assert ailleurs.code not in texte


def test_le_bail_couvre_la_troisieme_lecture(sim, onboardee_la_bas, par, travailler, relire, monkeypatch, settings):
    sim.poser_pannes([{"type": "coupure_apres", "chemin": "/od/subscriptions"}])
    operation = demander_souscription(onboardee_la_bas, par=par)
    # The first GET of the call goes through, the POST is cut.
    sim.poser_pannes(
        [{"type": "coupure_apres", "chemin": "/od/subscriptions", "si": {"endpoint": onboardee_la_bas.endpoint}}]
    )
    assert travailler(operation).etat == "incertaine"
    corps = {"onboarding": onboardee_la_bas.numero_onboarding}
    httpx.post(f"{sim.racine}/_simulateur/revoquer", json=corps, trust_env=False).raise_for_status()
    baux, lire = [], ClientCabinet.lire_ligne

    def noter(self, ligne):
        baux.append(Operation.objects.get(pk=operation.pk).bail_jusqu_au)
        return lire(self, ligne)

    monkeypatch.setattr(ClientCabinet, "lire_ligne", noter)
    assert relire(operation).etat == "reussie"
    assert baux[0] > timezone.now() + dt.timedelta(seconds=settings.OPERATIONS["bail"])


def test_le_journal_ne_dit_pas_reussie_une_reponse_qui_n_a_pas_ete_gardee(sim, onboardee_la_bas, par, travailler):
    operation = demander_nouvelles_donnees(onboardee_la_bas, par=par)
    suivi.noter_oubli(onboardee_la_bas, message="Ligne inconnue.")
    assert travailler(operation).etat == "echouee"
    fins = Evenement.objects.filter(operation=operation, type__startswith="operation_").exclude(
        type=Evenement.Type.OPERATION_DEMANDEE
    )
    assert [fin.type for fin in fins] == [Evenement.Type.OPERATION_ECHOUEE]
    assert "n’a pas pu être gardée" in fins[0].texte
    assert not [faute for faute in conservation.verifier().fautes if faute.nombre]
