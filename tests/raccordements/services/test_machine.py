"""Whatever the order of events, nothing leaves but what was approved, and who wrote never decides."""

from collections import Counter

import pytest
from django.db import connection
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from dossiers.services.erreurs import ActionImpossible
from raccordements.models import ACTIONS, TRANSITIONS, Approbation, Etat, Fiche, Participation, Version
from raccordements.services import approbation, envoi, redaction
from raccordements.services.contenu import contenu, empreinte
from raccordements.services.envoi import Canal
from raccordements.services.erreurs import ApprobationInterdite
from raccordements.services.redaction import Saisie
from tests.epreuves import repetitions
from tests.fabriques import CollaborateurFactory
from tests.raccordements.fabriques import StructureFactory, certificat, fiche_edi, relue

PASSAGES = {(de, vers) for sens in TRANSITIONS.values() for de, vers in sens.items()}
QUI = st.integers(min_value=0, max_value=2)
RELECTEUR = 3
VUS = Counter()
CANAUX = st.sampled_from(list(Canal))


class Machine(RuleBasedStateMachine):
    """One fiche; three people who write and one who reads again, superusers; two channels; Chorus Pro; an intruder."""

    def __init__(self):
        super().__init__()
        self.personnes = [CollaborateurFactory(superutilisateur=True) for _ in range(4)]
        self.fiche = fiche_edi(par=self.personnes[0], structure=StructureFactory())
        self.certificats = [certificat(), certificat(1)]
        self.etat = Etat.BROUILLON
        #: Who wrote something since the version that is active; those who submitted each version.
        self.ecrivains, self.parties, self.numero = {self.personnes[0].pk}, [], 0

    def essayer(self, geste, *attendues):
        """What `geste` gave, None when it was refused as a person may see it."""
        try:
            return geste()
        except (ActionImpossible, *attendues):
            return None

    @rule(qui=QUI)
    def modifier(self, qui):
        self.numero += 1
        fiche, par = relue(self.fiche), self.personnes[qui]
        saisie = Saisie(champs={"commentaires": f"Écrit {self.numero}"})
        if self.essayer(lambda: redaction.modifier(fiche, saisie, edition=fiche.edition, par=par)):
            self.ecrivains.add(par.pk)

    @rule(qui=QUI, lequel=st.integers(min_value=0, max_value=1))
    def changer_le_certificat(self, qui, lequel):
        fiche, par = relue(self.fiche), self.personnes[qui]
        saisie = Saisie(certificats={"client et serveur": self.certificats[lequel]})
        avant = fiche.edition
        faite = self.essayer(lambda: redaction.modifier(fiche, saisie, edition=fiche.edition, par=par))
        if faite and faite.edition != avant:
            self.ecrivains.add(par.pk)

    @rule(qui=QUI)
    def soumettre(self, qui):
        fiche = relue(self.fiche)
        self.essayer(lambda: approbation.soumettre(fiche, edition=fiche.edition, par=self.personnes[qui]))

    @rule(qui=QUI)
    def reprendre(self, qui):
        self.essayer(lambda: approbation.reprendre(self.fiche, par=self.personnes[qui]))

    @rule(qui=QUI | st.just(RELECTEUR), approuve=st.booleans())
    def decider(self, qui, approuve):
        fiche, par = relue(self.fiche), self.personnes[qui]
        if fiche.version is None:
            return
        lue = fiche.version.empreinte
        interdit = par.pk in {*self.ecrivains, fiche.cree_par_id, fiche.version.soumise_par_id}
        try:
            if approuve:
                approbation.approuver(fiche, empreinte_lue=lue, par=par)
            else:
                approbation.refuser(fiche, empreinte_lue=lue, motif="À revoir.", par=par)
            assert not interdit, "an author or an editor decided"
        except ApprobationInterdite:
            assert interdit
        except ActionImpossible:
            pass

    @rule(canal=CANAUX, intrusion=st.booleans())
    def prendre(self, canal, intrusion=False):
        if intrusion:
            self.quelqu_un_ecrit_dans_la_table()
        fiche = relue(self.fiche)
        if version := self.essayer(lambda: envoi.prendre_pour_envoi(fiche, canal=canal, par=None)):
            assert version.etat == Version.Etat.APPROUVEE
            assert empreinte(version.contenu) == version.empreinte == empreinte(contenu(relue(self.fiche)))

    @rule(canal=CANAUX)
    def noter_l_envoi(self, canal):
        fiche = relue(self.fiche)
        version = fiche.version_en_envoi or fiche.versions.first()
        if version and self.essayer(lambda: envoi.noter_envoi(fiche, version, canal=canal, par=None)):
            assert fiche.version_en_envoi_id == version.pk
            assert version.pk not in self.parties, "left twice"
            self.parties.append(version.pk)

    @rule()
    def abandonner_l_envoi(self):
        fiche = relue(self.fiche)
        version = fiche.version_en_envoi or fiche.versions.first()
        if version:
            self.essayer(lambda: envoi.abandonner_envoi(fiche, version, motif="Le portail est fermé.", par=None))

    @rule(etat=st.sampled_from(Etat))
    def chorus_pro_montre(self, etat):
        fiche = relue(self.fiche)
        avant = fiche.etat
        envoi.constater(fiche, etat, source="canal api", preuve={}, par=None)
        if (avant, relue(fiche).etat) in {("envoyee", "activee"), ("envoyee_maj", "activee")}:
            self.ecrivains = set()

    @rule(geste=st.sampled_from(["retirer", "desactiver", "reactiver"]), qui=QUI)
    def noter(self, geste, qui):
        self.essayer(lambda: getattr(envoi, geste)(self.fiche, motif="Vu sur le portail.", par=self.personnes[qui]))

    @rule(qui=QUI)
    def retablir(self, qui):
        fiche, par = relue(self.fiche), self.personnes[qui]
        avant = fiche.edition
        faite = self.essayer(lambda: redaction.retablir(fiche, edition=fiche.edition, par=par))
        if faite and faite.edition != avant:
            self.ecrivains.add(par.pk)

    @rule(pas=st.integers(min_value=1, max_value=6))
    def avancer(self, pas):
        """The next right steps, so that the other rules meet every status."""
        for _ in range(pas):
            self.avancer_d_un_pas()
            self.seuls_les_passages_de_la_table(relue(self.fiche))

    def avancer_d_un_pas(self):
        fiche = relue(self.fiche)
        if fiche.en_envoi:
            self.noter_l_envoi(Canal.API)
        elif fiche.etat in {Etat.ENVOYEE, Etat.ENVOYEE_MAJ}:
            self.chorus_pro_montre(Etat.ACTIVEE)
        elif fiche.approbation == Approbation.EN_ATTENTE:
            for qui in range(len(self.personnes)):
                self.decider(qui, True)
        elif fiche.approbation == Approbation.APPROUVEE and fiche.version_id != fiche.version_envoyee_id:
            self.prendre(Canal.PORTAIL)
        elif fiche.etat == Etat.DESACTIVEE:
            self.noter("reactiver", 0)
        elif fiche.approbation == Approbation.APPROUVEE and self.numero % 2:
            self.numero += 1
            self.noter("desactiver", 0)
        elif fiche.approbation == Approbation.APPROUVEE:
            self.modifier(0)
        else:
            self.soumettre(0)

    @rule()
    def quelqu_un_ecrit_dans_la_table(self):
        self.numero += 1
        Fiche.objects.filter(pk=self.fiche.pk).update(contact_fax=str(self.numero))

    @invariant()
    def tout_tient(self):
        fiche = relue(self.fiche)
        self.seuls_les_passages_de_la_table(fiche)
        self.rien_ne_part_sans_avoir_ete_approuve(fiche)
        self.qui_a_ecrit_n_a_jamais_decide()
        self.la_base_est_d_accord()

    def seuls_les_passages_de_la_table(self, fiche):
        etat = Etat(fiche.etat)
        assert etat == self.etat or (self.etat, etat) in PASSAGES, f"{self.etat} -> {etat}"
        self.etat = etat
        VUS[etat] += 1

    def rien_ne_part_sans_avoir_ete_approuve(self, fiche):
        for version in filter(None, (fiche.version_en_envoi, fiche.version_envoyee, fiche.version_active)):
            assert version.etat == Version.Etat.APPROUVEE
            assert version.fiche_id == fiche.pk
            assert empreinte(version.contenu) == version.empreinte
        if fiche.etat != Etat.BROUILLON:
            assert fiche.version_envoyee is not None
        if fiche.approbation == Approbation.A_SOUMETTRE:
            assert fiche.version is None
            assert not fiche.en_envoi

    def qui_a_ecrit_n_a_jamais_decide(self):
        decidees = Version.objects.filter(fiche=self.fiche).exclude(decide_par=None)
        participations = Participation.objects.filter(version__in=decidees)
        roles = {(p.version_id, p.personne_id): p.role for p in participations}
        for version in decidees:
            assert version.decide_par_id not in {self.fiche.cree_par_id, version.soumise_par_id}
            assert roles[version.pk, version.decide_par_id] == Participation.Role.DECIDEUR

    def la_base_est_d_accord(self):
        with connection.cursor() as curseur:
            curseur.execute("SET CONSTRAINTS ALL IMMEDIATE")
            curseur.execute("SET CONSTRAINTS ALL DEFERRED")


@pytest.mark.django_db
def test_rien_ne_part_que_ce_qui_fut_approuve():
    """A whole life step by step, so that every status is met, then lives that are drawn."""
    VUS.clear()
    machine = Machine()
    for _ in range(24):
        machine.avancer(1)
        machine.tout_tient()
    assert set(VUS) == set(Etat), VUS
    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=repetitions(4, 15),
            stateful_step_count=repetitions(25, 40),
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_une_action_qui_fait_passer_est_permise_la_ou_elle_part():
    for action, sens in TRANSITIONS.items():
        assert ACTIONS[action].edi == ACTIONS[action].api == frozenset(sens), action
