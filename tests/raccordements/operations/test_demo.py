"""The demonstration shows every status, by the rules, and its portal tells the same story."""

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from dossiers.models import Collaborateur, Operation
from raccordements import demo
from raccordements.models import Approbation, Certificat, CompteChorus, Etat, EvenementFiche, Fiche, Structure
from raccordements.services.operations import demander_envoi, demander_verification, operation_de_suivi
from raccordements.services.suivi import derniere_alerte

pytestmark = [pytest.mark.django_db, pytest.mark.epreuve]


@pytest.fixture
def cabinet(db):
    call_command("donnees_demo", "--mots-de-passe-json")


@pytest.fixture
def presente(cabinet, sim):
    sim.remettre_a_zero()
    call_command("donnees_demo_chorus", "--simulateur", sim.racine)
    return sim


def test_chaque_statut_et_chaque_approbation_se_voient(presente):
    fiches = Fiche.objects.all()
    assert len(fiches) == len(demo.FICHES)
    assert {fiche.etat for fiche in fiches} == set(Etat.values)
    assert {fiche.approbation for fiche in fiches} == set(Approbation.values)
    assert {fiche.genre for fiche in fiches} == {"edi", "api"}
    assert {"piste", "certificat"} <= {fiche.generation for fiche in fiches}
    assert 8 <= Structure.objects.count() <= 12
    assert Structure.objects.filter(dossier__isnull=False).count() == len(demo.DOSSIERS)
    en_attente = fiches.filter(approbation=Approbation.EN_ATTENTE).first()
    assert en_attente.cree_par.username == "collaborateur"
    active = fiches.filter(etat=Etat.ACTIVEE)
    bientot = Certificat.objects.filter(emplois__fiche__in=active, expire_le__lt=timezone.now() + timedelta(days=45))
    assert bientot.exists()
    alerte = EvenementFiche.objects.get(type="alerte")
    assert derniere_alerte(alerte.fiche) == alerte


def le_portail_dit_la_meme_chose_que_la_base(portail):
    distantes = {fiche["reference"]: fiche for fiche in portail.fiches()}
    envoyees = Fiche.objects.filter(version_envoyee__isnull=False)
    assert set(distantes) == {str(fiche.reference) for fiche in envoyees}
    for fiche in envoyees:
        distante = distantes[str(fiche.reference)]
        assert (distante["etat"], distante["code_appli"]) == (fiche.get_etat_display(), fiche.code_appli)
        assert distante["empreinte"] == (fiche.version_envoyee or fiche.version_active).empreinte


def test_de_l_approbation_a_l_activation_sans_une_main(presente, travailler):
    """The accounts open the simulator, for each structure and then for the fiche that is ready."""
    assert CompteChorus.objects.count() == 2
    collaborateur = Collaborateur.objects.get(username="collaborateur")
    for structure in Structure.objects.all():
        operation = travailler(demander_verification(structure, par=collaborateur))
        assert operation.etat == "reussie"
        assert Structure.objects.get(pk=structure.pk).active, structure
    assert Operation.objects.count() == Structure.objects.count()

    prete = Fiche.objects.get(approbation=Approbation.APPROUVEE, etat=Etat.BROUILLON)
    assert travailler(demander_envoi(prete, par=collaborateur)).etat == "reussie"
    presente.avancer(91)
    assert travailler(operation_de_suivi(Fiche.objects.get(pk=prete.pk))).etat == "reussie"
    assert Fiche.objects.get(pk=prete.pk).etat == Etat.ACTIVEE


def test_relancer_ne_change_rien_et_rend_sa_memoire_au_portail(presente):
    le_portail_dit_la_meme_chose_que_la_base(presente)
    avant = list(Fiche.toutes.order_by("pk").values_list("pk", "etat", "edition", "approbation"))
    call_command("donnees_demo_chorus", "--simulateur", presente.racine)
    presente.remettre_a_zero()
    call_command("donnees_demo_chorus", "--simulateur", presente.racine)
    assert list(Fiche.toutes.order_by("pk").values_list("pk", "etat", "edition", "approbation")) == avant
    le_portail_dit_la_meme_chose_que_la_base(presente)


def test_sans_simulateur_la_base_suffit_et_la_production_refuse(cabinet, settings):
    with pytest.raises(CommandError, match="ne répond pas"):
        call_command("donnees_demo_chorus", "--simulateur", "http://127.0.0.1:9")
    call_command("donnees_demo_chorus")
    assert Fiche.objects.count() == len(demo.FICHES)
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="PASSERELLE_PRODUCTION"):
        call_command("donnees_demo_chorus")
