"""The portfolio: how far it is, and the lines of a company as the simulator reads them."""

import datetime as dt

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dossiers.models import Environnement
from raccordements.models import Souscription
from raccordements.souscriptions import progression, reseau, vie
from raccordements.souscriptions.etapes import Progres
from raccordements.souscriptions.routage import Destinataire, qui_recoit
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.raccordements.fabriques_od import (
    LigneAdressageFactory,
    onboardee,
    oubliee,
    planifiee,
    souscrite,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("aujourd_hui")]
JOUR = dt.timedelta(days=1)


def test_l_entonnoir_compte_chaque_souscription_une_fois_en_une_requete(par, aujourd_hui, monkeypatch):
    DossierFactory()
    DossierFactory(siren="")
    planifiee()
    oubliee()
    onboardee()
    souscrite(debut=aujourd_hui + JOUR)
    souscrite()
    finie = souscrite(fin=aujourd_hui)
    vie.terminer(souscrite(fin=aujourd_hui + 9 * JOUR), le=aujourd_hui, par=par)
    vie.terminer(souscrite(), le=aujourd_hui, par=par)
    vie.annuler(planifiee(), par=par)
    with time_machine.travel(dt.datetime(2026, 9, 11, 10, 0, tzinfo=dt.UTC)), CaptureQueriesContext(connection) as vues:
        paliers = progression.paliers(par, jour=aujourd_hui + JOUR)
    assert len(vues) == 1
    assert {p.progres: p.nombre for p in paliers} == {
        None: 2,
        Progres.NON_COMMENCE: 2,
        Progres.ONBOARDE: 1,
        Progres.SOUSCRIT: 0,
        Progres.ACTIF: 2,
        Progres.FIN_A_DIRE: 2,
        Progres.TERMINE: 1,
    }
    assert {p.progres: p.nombre for p in progression.paliers(par)}[Progres.SOUSCRIT] == 1
    for jour in (aujourd_hui, aujourd_hui + JOUR):
        for progres in Progres:
            stade = set(Souscription.objects.au_stade(progres, jour))
            assert stade == {s for s in Souscription.objects.all() if s.progres(jour) == progres}
    monkeypatch.setattr(progression, "PLAFOND", 1)
    actif = next(p for p in progression.paliers(par) if p.progres is Progres.ACTIF)
    assert (actif.nombre, actif.plafonne) == (1, True)
    etranger = CollaborateurFactory(manager=True, portefeuille=True)
    assert {p.nombre for p in progression.paliers(etranger)} == {0}
    assert finie.progres(aujourd_hui) == Progres.ACTIF


def test_le_reseau_d_une_entreprise_se_charge_en_une_requete(par, aujourd_hui):
    dossier = DossierFactory()
    siren = LigneAdressageFactory(dossier=dossier)
    suffixe = LigneAdressageFactory(dossier=dossier, suffixe="USINE")
    servie = souscrite(ligne=siren)
    prevue = planifiee(ligne=suffixe)
    vie.annuler(planifiee(ligne=LigneAdressageFactory(dossier=dossier, suffixe="VIDE")), par=par)
    with CaptureQueriesContext(connection) as vues:
        lues = reseau.charger(dossier.siren, Environnement.BAC_A_SABLE)
    assert len(vues) == 1
    assert {lue.adresse.identifiant: len(lue.routes) for lue in lues} == {
        dossier.siren: 1,
        f"{dossier.siren}_USINE": 1,
        f"{dossier.siren}_VIDE": 0,
    }
    pour = Destinataire.lire(f"{dossier.siren}_usine")
    assert qui_recoit(lues, pour, aujourd_hui).route.souscription == prevue.pk
    present = qui_recoit(lues, pour, aujourd_hui, acquises_seules=True)
    assert (present.route.souscription, present.exacte) == (servie.pk, False)
    assert reseau.charger_pour(dossier) == lues
    assert reseau.charger(dossier.siren, Environnement.PRODUCTION) == ()
