"""After a restoration: a fiche whose sending waited in the backup is held until what became of it is known."""

from datetime import timedelta

import pytest
from django.utils import timezone

from dossiers.models import Etat as EtatOperation
from dossiers.models import Operation
from dossiers.operations import execution
from dossiers.services.operations import Decision, trancher
from dossiers.services.restauration import mettre_en_doute
from dossiers.supervision import epoque
from raccordements.models import Etat, EvenementFiche
from raccordements.natures.fiches import fiche_de
from raccordements.services.envoi import Canal, prendre_pour_envoi
from raccordements.services.erreurs import ActionInterdite
from raccordements.services.operations import demander_envoi
from raccordements.services.pack import canal_de_la_prise
from raccordements.services.redaction import Saisie, modifier
from raccordements.services.transmission import fiche_transmise
from tests.raccordements.fabriques import approuvee, fiche_edi, relue, superutilisateur

pytestmark = pytest.mark.django_db
HIER = timezone.now() - timedelta(days=1)
CHEMIN = "/qualification/portail/fiches"


@pytest.fixture
def prete(structure):
    return approuvee(fiche_edi(structure=structure))


@pytest.fixture
def demandee(prete):
    return demander_envoi(prete, par=superutilisateur())


def partir(operation):
    """What happened after the backup, of which nothing remains here: the version left."""
    fiche = fiche_de(operation)
    with execution.Clients(operation.guichet) as clients:
        clients.pour(operation).transmettre(fiche_transmise(fiche, fiche.version))


def restaurer(**options):
    epoque.est_ouverte()
    return mettre_en_doute(HIER, forcer=True, **options)


def test_une_fiche_partie_depuis_la_sauvegarde_est_notee_et_ne_repart_pas(sim, prete, demandee, relire):
    partir(demandee)
    assert not relue(prete).en_envoi
    assert restaurer().suspensions == ["1 fiche tenue jusqu’à ce que son envoi soit vérifié"]
    tenue = relue(prete)
    assert (tenue.version_en_envoi_id, canal_de_la_prise(tenue)) == (prete.version_id, Canal.API)
    with pytest.raises(ActionInterdite, match="en cours d’envoi"):
        modifier(tenue, Saisie(champs={"commentaires": "x"}), edition=tenue.edition, par=superutilisateur())
    assert relire(demandee).etat == EtatOperation.REUSSIE
    fiche = relue(prete)
    assert (fiche.etat, fiche.version_envoyee_id, fiche.en_envoi) == (Etat.ENVOYEE, prete.version_id, False)
    assert sim.compte()["appels"][f"POST {CHEMIN}"] == 1


def test_une_fiche_restee_part_une_fois_relue(sim, prete, demandee, relire, travailler):
    restaurer()
    relire(demandee)
    assert travailler(demandee).etat == EtatOperation.REUSSIE
    assert relue(prete).etat == Etat.ENVOYEE
    assert sim.compte()["appels"][f"POST {CHEMIN}"] == 1
    assert EvenementFiche.objects.filter(fiche_id=prete.pk, type=EvenementFiche.Type.PRISE).count() == 1


def test_une_personne_qui_abandonne_rend_la_fiche(prete, demandee):
    restaurer(tout_a_verifier=True)
    assert relue(prete).en_envoi
    operation = Operation.objects.get(pk=demandee.pk)
    trancher(operation, Decision.ABANDONNER, par=superutilisateur(), motif="Pas chez le destinataire.")
    assert not relue(prete).en_envoi


def test_une_prise_de_la_sauvegarde_reste_ce_qu_elle_est(sim, prete, demandee, travailler):
    sim.poser_pannes([{"type": "429", "chemin": CHEMIN}])
    travailler(demandee)
    assert restaurer().suspensions == []
    assert EvenementFiche.objects.filter(fiche_id=prete.pk, type=EvenementFiche.Type.PRISE).count() == 1


def modifiee(fiche):
    modifier(fiche, Saisie(champs={"commentaires": "x"}), edition=fiche.edition, par=superutilisateur())


def prise_par_une_personne(fiche):
    prendre_pour_envoi(fiche, canal=Canal.PORTAIL, par=superutilisateur())


@pytest.mark.parametrize("depuis", [modifiee, prise_par_une_personne])
def test_ce_qui_n_est_plus_a_l_operation_n_est_pas_tenu(prete, demandee, depuis):
    depuis(relue(prete))
    prise = relue(prete).version_en_envoi_id
    assert restaurer().suspensions == []
    assert relue(prete).version_en_envoi_id == prise
    assert "prise" not in Operation.objects.get(pk=demandee.pk).parametres
