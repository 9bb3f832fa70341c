"""What people are told of an approval: who may decide, then who asked; never who did it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from dossiers.echeances.nouvelles import annoncer_les_nouvelles
from dossiers.models import Avis
from raccordements.accueil import a_decider_par
from raccordements.models import Version
from raccordements.services.approbation import approuver, deleguer, refuser
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.raccordements.fabriques import StructureFactory, fiche_edi, soumise

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _depuis_le_debut(db: None) -> None:
    """The first turn tells nothing of the past."""
    annoncer_les_nouvelles()


def avertis(genre: str) -> set[Any]:
    """Whoever was told; the factories make superusers, who may decide too."""
    annoncer_les_nouvelles()
    annoncer_les_nouvelles()
    avis = Avis.objects.filter(genre=genre, personne__is_superuser=False).select_related("personne")
    return {un.personne for un in avis}


def test_une_fiche_soumise_est_dite_a_qui_peut_l_approuver() -> None:
    auteur, manager = CollaborateurFactory(manager=True), CollaborateurFactory(manager=True)
    delegue = CollaborateurFactory(collaborateur=True)
    CollaborateurFactory(collaborateur=True)
    CollaborateurFactory(manager=True, portefeuille=True)  # not of this dossier
    CollaborateurFactory(manager=True, is_active=False)
    deleguer(delegue, fin=timezone.now() + timedelta(days=1), par=manager)
    fiche = fiche_edi(par=auteur, structure=StructureFactory(dossier=DossierFactory()))
    soumise(fiche, par=auteur)
    assert avertis("fiche_soumise") == {manager, delegue}


def test_une_decision_deja_prise_n_est_plus_demandee() -> None:
    manager = CollaborateurFactory(manager=True)
    fiche = soumise(fiche_edi(par=CollaborateurFactory(collaborateur=True)))
    approuver(fiche, empreinte_lue=fiche.version.empreinte, par=manager)
    assert avertis("fiche_soumise") == set()


@pytest.mark.parametrize("issue", ["approuvée", "refusée"])
def test_la_decision_est_dite_a_l_auteur_et_pas_au_decideur(issue: str) -> None:
    auteur, manager = CollaborateurFactory(collaborateur=True), CollaborateurFactory(manager=True)
    fiche = soumise(fiche_edi(par=auteur), par=auteur)
    if issue == "approuvée":
        approuver(fiche, empreinte_lue=fiche.version.empreinte, par=manager)
    else:
        refuser(fiche, empreinte_lue=fiche.version.empreinte, motif="à revoir", par=manager)
    assert avertis("fiche_decidee") == {auteur}
    assert f"{issue} par {manager}" in Avis.objects.get(genre="fiche_decidee").texte


def test_une_nouvelle_version_se_redemande() -> None:
    auteur, manager = CollaborateurFactory(collaborateur=True), CollaborateurFactory(manager=True)
    fiche = soumise(fiche_edi(par=auteur), par=auteur)
    assert avertis("fiche_soumise") == {manager}
    refuser(fiche, empreinte_lue=fiche.version.empreinte, motif="à revoir", par=manager)
    soumise(fiche, par=auteur)
    avertis("fiche_soumise")
    assert Avis.objects.filter(genre="fiche_soumise", personne=manager).count() == 2


def test_un_delegue_dont_tout_delegant_a_ecrit_la_fiche_ne_peut_rien_decider() -> None:
    auteur, autre, delegue = (CollaborateurFactory(manager=True), CollaborateurFactory(manager=True),
                              CollaborateurFactory(collaborateur=True))  # fmt: skip
    demain = timezone.now() + timedelta(days=1)
    deleguer(delegue, fin=demain, par=auteur)
    fiche = soumise(fiche_edi(par=auteur), par=auteur)
    assert avertis("fiche_soumise") == {autre}
    assert not a_decider_par(Version.objects.all(), delegue).exists()
    deleguer(delegue, fin=demain, par=autre)
    refuser(fiche, empreinte_lue=fiche.version.empreinte, motif="à revoir", par=autre)
    soumise(fiche, par=auteur)
    assert avertis("fiche_soumise") == {autre, delegue}
    assert a_decider_par(Version.objects.all(), delegue).exists()
