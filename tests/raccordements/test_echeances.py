"""The deadlines of connection sheets and platforms: each is there while its cause is, and goes away with it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dossiers.echeances.radar import Criteres, lire, relever
from raccordements.models import CompteChorus, Etat, Souscription
from raccordements.models.fiche import CertificatJoint, Fiche
from raccordements.services.envoi import constater, desactiver
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.raccordements.fabriques import (
    CompteChorusFactory,
    StructureFactory,
    activee,
    certificat,
    envoyee,
    fiche_edi,
    relue,
    superutilisateur,
)
from tests.raccordements.fabriques_od import LigneAdressageFactory, planifiee, souscrite

pytestmark = pytest.mark.django_db
AN = timezone.localdate() + timedelta(days=300)


def reperes(genre: str, personne: Any = None, jours: int = 365) -> list[tuple[date, int]]:
    releve = relever(personne or superutilisateur(), Criteres(genre=genre, jours=jours))
    return [(repere.jour, repere.pk) for repere in releve.reperes]


def une(genre: str, personne: Any = None) -> Any:
    """The only deadline of this kind, read whole."""
    personne = personne or superutilisateur()
    [echeance] = lire(relever(personne, Criteres(genre=genre, jours=3650)).reperes, personne)
    return echeance


# --- certificates ------------------------------------------------------------------------------------------------


def test_le_certificat_d_une_fiche_en_service_disparait_avec_sa_cause() -> None:
    fiche = fiche_edi(structure=StructureFactory(dossier=DossierFactory()))
    assert reperes("certificat") == []  # a draft has nothing to lose
    fiche = activee(fiche)
    fin = fiche.certificats_joints.get().certificat.expire_le
    echeance = une("certificat")
    assert echeance.jour == timezone.localtime(fin).date()
    assert echeance.description.a_faire == "Préparer le renouvellement"
    assert echeance.description.dossier == fiche.structure.dossier
    CertificatJoint.objects.update(certificat=certificat(7, fin=900))
    assert reperes("certificat") == []
    CertificatJoint.objects.update(certificat=certificat(8, fin=20))
    assert len(reperes("certificat", jours=30)) == 1
    desactiver(relue(fiche), par=superutilisateur(), motif="fin de contrat")
    assert reperes("certificat") == []


def test_la_fin_a_minuit_de_paris_est_du_bon_jour() -> None:
    fiche = activee(fiche_edi())
    joint = fiche.certificats_joints.get()
    type(joint.certificat).objects.filter(pk=joint.certificat_id).update(
        expire_le=datetime(2027, 6, 30, 22, 30, tzinfo=UTC)
    )
    with time_machine.travel(datetime(2027, 6, 1, 12, tzinfo=UTC), tick=False):
        assert reperes("certificat", jours=30) == [(date(2027, 7, 1), joint.pk)]
        assert reperes("certificat", jours=29) == []


# --- technical passwords -----------------------------------------------------------------------------------------


def test_le_mot_de_passe_technique_vaut_424_jours() -> None:
    compte = CompteChorusFactory(mot_de_passe_change_le=date(2027, 1, 1))
    assert une("mot_de_passe").jour == date(2028, 2, 29) == compte.expire_le
    compte.mot_de_passe_change_le = date(2028, 3, 1)
    compte.save()
    assert une("mot_de_passe").jour == compte.expire_le
    CompteChorus.objects.update(archive_le=timezone.now())
    assert reperes("mot_de_passe", jours=3650) == []


@pytest.mark.parametrize("change_le", [None, date(2027, 1, 1), date(2027, 3, 1)])
@pytest.mark.parametrize("fin_lue", [None, date(2027, 12, 31)])
@pytest.mark.parametrize("lue_le", [None, datetime(2027, 2, 1, 23, 30, tzinfo=UTC)])
def test_la_fin_du_mot_de_passe_est_celle_du_compte(change_le: Any, fin_lue: Any, lue_le: Any) -> None:
    compte = CompteChorusFactory(mot_de_passe_change_le=change_le, fin_lue=fin_lue, fin_lue_le=lue_le)
    attendue = [] if compte.expire_le is None else [(compte.expire_le, compte.pk)]
    assert reperes("mot_de_passe", jours=3650) == attendue


# --- fiches ------------------------------------------------------------------------------------------------------


def test_la_fin_de_la_periode_d_une_fiche_en_service() -> None:
    fin = timezone.localdate() + timedelta(days=41)
    fiche = activee(fiche_edi(periode_du=timezone.localdate(), periode_au=fin))
    echeance = une("periode")
    assert (echeance.jour, echeance.delai) == (fin, "dans 41 jours")
    Fiche.objects.filter(pk=fiche.pk).update(periode_au=None)
    assert reperes("periode") == []


@pytest.mark.parametrize(
    ("envoi", "attendue"),
    [
        ("2026-12-24T10:00", date(2026, 12, 28)),  # Christmas, then a week-end
        ("2026-12-31T10:00", date(2027, 1, 4)),
        ("2027-03-26T23:30", date(2027, 3, 30)),  # already Saturday in Paris, then Easter Monday
        ("2028-02-28T10:00", date(2028, 2, 29)),
        ("2027-10-29T12:00", date(2027, 11, 2)),  # the clock goes back, then All Saints' day
    ],
)
def test_l_activation_est_attendue_le_jour_ouvre_suivant(envoi: str, attendue: date) -> None:
    fiche = envoyee(fiche_edi())
    Fiche.objects.filter(pk=fiche.pk).update(envoyee_le=datetime.fromisoformat(f"{envoi}+00:00"))
    with time_machine.travel(datetime(2028, 6, 1, tzinfo=UTC), tick=False):
        assert reperes("activation") == [(attendue, fiche.pk)]


def test_l_activation_constatee_efface_l_attente() -> None:
    fiche = envoyee(fiche_edi())
    assert len(reperes("activation")) == 1
    constater(fiche, Etat.ACTIVEE, source="essai", preuve={}, par=None)
    assert reperes("activation") == []


# --- platforms ---------------------------------------------------------------------------------------------------


def placer(souscription: Any, **champs: Any) -> None:
    Souscription.objects.filter(pk=souscription.pk).update(**champs)


def test_la_date_d_effet_demande_d_agir_jusqu_a_la_souscription() -> None:
    jour = timezone.localdate()
    prevue = planifiee(debut=jour + timedelta(days=20))
    echeance = une("effet")
    assert (echeance.jours, echeance.description.a_faire) == (20, "Mener la souscription à son terme")
    placer(prevue, debut=jour - timedelta(days=3))
    assert une("effet").delai == "dépassée depuis 3 jours"
    placer(prevue, etat="annulee")
    assert reperes("effet") == []


def test_la_date_d_effet_d_une_souscription_acquise_passe_avec_le_jour() -> None:
    jour = timezone.localdate()
    acquise = souscrite(debut=jour + timedelta(days=20))
    assert une("effet").description.a_faire == "Vérifier que la plateforme est prête"
    placer(acquise, debut=jour)
    assert reperes("effet") == []


def test_la_fin_d_une_souscription_attend_une_suite_puis_d_etre_dite() -> None:
    jour = timezone.localdate()
    servie = souscrite()
    placer(servie, debut=jour - timedelta(days=100), fin=jour + timedelta(days=10))
    assert une("fin").description.a_faire == "Préparer la plateforme suivante"
    placer(servie, fin=jour - timedelta(days=1))
    assert une("fin").description.a_faire == "Dire la fin à Cegid OD"
    placer(servie, fin_dite=jour - timedelta(days=1))
    assert reperes("fin") == []


# --- who ---------------------------------------------------------------------------------------------------------


def test_chacun_son_portefeuille() -> None:
    moi = CollaborateurFactory(collaborateur=True, portefeuille=True)
    mien = DossierFactory(maitre_dossier=moi.login_loop)
    for dossier in (mien, DossierFactory(), None):
        activee(fiche_edi(structure=StructureFactory(dossier=dossier), periode_du=timezone.localdate(), periode_au=AN))
    ligne_mienne = planifiee(ligne=LigneAdressageFactory(dossier=mien), debut=AN)
    planifiee(debut=AN)
    assert len(reperes("certificat", moi)) == len(reperes("periode", moi)) == 1
    assert [pk for _, pk in reperes("effet", moi)] == [ligne_mienne.pk]
    assert len(reperes("periode")) == 3
    assert une("periode", moi).description.dossier == mien


def test_sans_la_permission_rien_n_est_montre_et_sans_celle_d_agir_aucun_lien() -> None:
    CompteChorusFactory(mot_de_passe_change_le=timezone.localdate())
    assert une("mot_de_passe", CollaborateurFactory(administrateur=True)).description.remede
    assert une("mot_de_passe", CollaborateurFactory(collaborateur=True)).description.remede == ""
    assert reperes("mot_de_passe", CollaborateurFactory(consultation=True), 3650) == []
    assert relever(CollaborateurFactory()).reperes == []


def test_le_nombre_de_requetes_ne_depend_pas_des_lignes() -> None:
    personne = superutilisateur()

    def requetes() -> int:
        with CaptureQueriesContext(connection) as prises:
            assert lire(relever(personne).reperes, personne)
        return len(prises)

    def peupler(nombre: int) -> None:
        for _ in range(nombre):
            envoyee(fiche_edi(structure=StructureFactory(dossier=DossierFactory()), periode_du=AN, periode_au=AN))
            planifiee(debut=AN)
            CompteChorusFactory(mot_de_passe_change_le=timezone.localdate())

    peupler(2)
    avant = requetes()
    peupler(6)
    assert requetes() == avant
