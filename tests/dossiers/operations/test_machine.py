"""Whatever the order of events, an operation moves along TRANSITIONS only, and one object has one in flight."""

from collections import Counter
from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from dossiers.models import EN_VOL, TRANSITIONS, Etat, Evenement, Guichet, Operation
from dossiers.operations import balayage, registre
from dossiers.operations.execution import Clients, executer, relire
from dossiers.operations.registre import Constat
from dossiers.operations.reservation import reserver, reserver_relecture
from dossiers.services import operations as services
from dossiers.services.erreurs import ActionImpossible
from tests.dossiers.operations.scenario import PERDUE, REFUS, REFUSEE_A_LA_PORTE, Distant, NatureScriptee
from tests.epreuves import repetitions
from tests.fabriques import CleApiFactory, CollaborateurFactory, DossierFactory, OperationFactory


class Machine(RuleBasedStateMachine):
    """Two remote objects, workers that answer late or never, people who cancel and decide."""

    def __init__(self):
        super().__init__()
        for modele in (Evenement, Operation):
            modele.objects.all()._raw_delete("default")
        self.distant = Distant()
        self.natures = dict(registre._NATURES)
        for nature in (
            NatureScriptee(self.distant, "essai"),
            NatureScriptee(self.distant, "relisible", relisible=True),
        ):
            registre._NATURES[nature.cle] = nature
        self.cle = CleApiFactory(prete=True, plafond=3)
        self.dossier = DossierFactory(cle=self.cle)
        self.personne = CollaborateurFactory(superutilisateur=True)
        self.prises, self.etats = [], {}

    def teardown(self):
        registre._NATURES.clear()
        registre._NATURES.update(self.natures)

    @rule(nature=st.sampled_from(["essai", "relisible"]), objet=st.sampled_from(["A", "B"]))
    def demander(self, nature, objet):
        OperationFactory(nature=nature, objet=objet, cle=self.cle, dossier=self.dossier, parametres={})

    @rule()
    def prendre(self):
        if prise := reserver(self.cle.guichet):
            self.prises.append((executer, prise))

    @rule()
    def prendre_pour_relire(self):
        if prise := reserver_relecture(self.cle.guichet, ["relisible"]):
            self.prises.append((relire, prise))

    @rule(
        reponse=st.sampled_from(["fait", REFUS, PERDUE, REFUSEE_A_LA_PORTE]),
        constat=st.sampled_from([*Constat, PERDUE]),
        laquelle=st.integers(min_value=0, max_value=5),
    )
    def repondre(self, reponse, constat, laquelle):
        if self.prises:
            que_faire, prise = self.prises.pop(laquelle % len(self.prises))
            self.distant.reponses, self.distant.constats = [reponse], [constat]
            with Clients(self.cle.guichet) as clients:
                que_faire(prise, clients)

    @rule()
    def le_temps_passe(self):
        passe = timezone.now() - timedelta(seconds=1)
        Operation.objects.filter(bail_jusqu_au__isnull=False).update(bail_jusqu_au=passe)
        Operation.objects.filter(etat=Etat.INCERTAINE).update(quarantaine_jusqu_au=passe)
        Operation.objects.filter(etat=Etat.EN_ATTENTE).update(pas_avant=passe)
        Guichet.objects.update(pause_jusqu_au=None)

    @rule()
    def balayer(self):
        balayage.balayer()

    @rule()
    def annuler(self):
        services.annuler(Operation.objects.all(), par=self.personne)

    @rule(decision=st.sampled_from(["appliquee", "renvoyer", "abandonner"]))
    def trancher(self, decision):
        for operation in Operation.objects.filter(etat=Etat.A_VERIFIER)[:1]:
            try:
                services.trancher(operation, decision, par=self.personne, motif="Vu dans Loop.")
            except ActionImpossible:
                pytest.fail("une décision sur un état à jour est toujours permise")

    @invariant()
    def seules_les_transitions_permises(self):
        for pk, etat in Operation.objects.values_list("pk", "etat"):
            avant = self.etats.get(pk, Etat.EN_ATTENTE)
            assert etat == avant or etat in TRANSITIONS[avant], f"{avant} -> {etat}"
            self.etats[pk] = Etat(etat)

    @invariant()
    def une_seule_en_vol_par_objet(self):
        en_vol = Counter(Operation.objects.filter(etat__in=EN_VOL).values_list("objet", flat=True))
        assert all(nombre == 1 for nombre in en_vol.values())

    @invariant()
    def le_plafond_tient(self):
        assert Operation.objects.filter(jeton__isnull=False).count() <= self.cle.plafond


@pytest.mark.django_db
def test_les_etats_ne_bougent_que_par_la_table():
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=repetitions(8, 100),
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_un_etat_regle_ne_bouge_plus():
    assert all(not TRANSITIONS[etat] for etat in (Etat.REUSSIE, Etat.ECHOUEE, Etat.ANNULEE))
    assert set(TRANSITIONS) == set(Etat)
