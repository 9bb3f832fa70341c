"""One operation against the real simulator: each fault of the remote, each point where its worker may be killed."""

from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from dossiers.loop.simulateur import SimulateurLoop
from dossiers.models import Etat, Evenement, Guichet, Operation
from dossiers.operations import balayage, reglement
from dossiers.operations.execution import Clients, executer, vider
from dossiers.operations.registre import nature as nature_de
from dossiers.operations.reservation import reserver, reserver_relecture
from tests.fabriques import CleApiFactory, DossierFactory, OperationFactory

AJOUT, FICHE = "/collaborativeOffer/addOffer", "/DossierComplet"
NATURES = ("ajouter_offre", "corriger_dossier", "actualiser_dossier")
#: Seconds. A call may last DELAI, and COURT when the remote never ends in time: the wait is what these faults cost.
DELAI, COURT, TROP_LENT = 0.5, 0.2, 0.6
SANS_FIN = ("en-têtes au compte-gouttes", "corps au compte-gouttes", "latence au-delà du délai")
PANNES = {
    # fault: (state of a write right after it, effects by then)
    "429": ({"type": "429"}, Etat.EN_ATTENTE, 0),
    "403 avec attente": ({"type": "403_retry_after"}, Etat.EN_ATTENTE, 0),
    "401": ({"type": "401"}, Etat.ECHOUEE, 0),
    "503": ({"type": "503"}, Etat.INCERTAINE, 0),
    "500 avant": ({"type": "500_avant"}, Etat.INCERTAINE, 0),
    "500 après": ({"type": "500_apres"}, Etat.INCERTAINE, 1),
    "coupure avant": ({"type": "coupure_avant"}, Etat.INCERTAINE, 0),
    "coupure après": ({"type": "coupure_apres"}, Etat.INCERTAINE, 1),
    "coupure tardive": ({"type": "coupure_tardive", "secondes": 0.1}, Etat.INCERTAINE, 1),
    "JSON tronqué": ({"type": "json_tronque"}, Etat.INCERTAINE, 1),
    "HTML avec 200": ({"type": "html_200"}, Etat.INCERTAINE, 0),
    "HTML avec 200, appliqué": ({"type": "html_200", "applique": True}, Etat.INCERTAINE, 1),
    "en-têtes au compte-gouttes": ({"type": "goutte_entetes", "secondes": 0.2}, Etat.INCERTAINE, 1),
    "corps au compte-gouttes": ({"type": "goutte_corps", "secondes": 0.2}, Etat.INCERTAINE, 1),
    "latence": ({"type": "latence", "secondes": 0.1}, Etat.REUSSIE, 1),
    "latence au-delà du délai": ({"type": "latence", "secondes": TROP_LENT}, Etat.INCERTAINE, 1),
}


class Tue(BaseException):
    """Stands for kill -9: nothing after it runs."""


@pytest.fixture(scope="module")
def serveur():
    with SimulateurLoop() as simulateur:
        yield simulateur


@pytest.fixture
def loop(serveur, settings):
    serveur.remettre_a_zero()
    settings.LOOP_URLS = settings.LOOP_URLS | {"bac_a_sable": serveur.url}
    settings.OPERATIONS = settings.OPERATIONS | {"delai_appel": DELAI, "disjoncteur_seuil": 100}
    return serveur


@pytest.fixture
def cle(db, loop):
    cle = CleApiFactory(prete=True)
    loop.charger(
        cles=[
            {
                "cle_publique": cle.cle_publique,
                "client_secret": cle.client_secret,
                "cle_abonnement": cle.cle_abonnement,
                "domaine": cle.domaine,
            }
        ]
    )
    return cle


@pytest.fixture
def demande(cle, loop):
    """Create a due operation of a kind of Loop, on a dossier that the simulator knows."""

    def creer(nature):
        dossier = DossierFactory(cle=cle)
        loop.charger(dossiers=[{"codeIbs": dossier.code, "domaine": cle.domaine}])
        parametres = {"ajouter_offre": {"offre": "start"}, "corriger_dossier": {"siren": dossier.siren}}.get(nature, {})
        return OperationFactory(
            nature=nature,
            cle=cle,
            dossier=dossier,
            parametres=parametres,
            objet=nature_de(nature).objet(cle.guichet, dossier, parametres),
        )

    return creer


def etat(operation):
    operation.refresh_from_db()
    return operation.etat


def effets(loop):
    return sum(nombre for references in loop.compte()["appliques"].values() for nombre in references.values())


def ecrite(operation, panne):
    """The fault, on the call that writes: a correction reads before."""
    if operation.nature == "corriger_dossier":
        return panne | {"chemin": FICHE, "si": operation.parametres}
    return panne | {"chemin": AJOUT if operation.nature == "ajouter_offre" else FICHE}


def le_temps_passe():
    """Every delay kept in a row is over."""
    passe = timezone.now() - timedelta(seconds=1)
    Operation.objects.filter(bail_jusqu_au__isnull=False).update(bail_jusqu_au=passe)
    Operation.objects.filter(etat=Etat.INCERTAINE).update(quarantaine_jusqu_au=passe)
    Operation.objects.filter(etat=Etat.EN_ATTENTE).update(pas_avant=passe)
    Guichet.objects.update(pause_jusqu_au=None)


@pytest.fixture
def subir(cle, loop, settings):
    """A worker meets a fault."""

    def rencontrer(operation, nom):
        loop.poser_pannes([ecrite(operation, PANNES[nom][0])])
        # A correction reads before it writes: that first call needs its time.
        court = nom in SANS_FIN and operation.nature != "corriger_dossier"
        settings.OPERATIONS = settings.OPERATIONS | {"delai_appel": COURT if court else DELAI}
        vider(cle.guichet_id)
        settings.OPERATIONS = settings.OPERATIONS | {"delai_appel": DELAI}

    return rencontrer


def jusqu_au_bout(cle):
    """Sweeps and workers, until one turn has changed nothing."""
    avant = None
    for _ in range(6):
        le_temps_passe()
        balayage.balayer()
        vider(cle.guichet_id)
        apres = list(Operation.objects.order_by("pk").values_list("etat", "tentatives"))
        if apres == avant:
            return
        avant = apres


def attendre_les_ecritures_tardives(loop, nombre):
    """The simulator may still be applying a request whose caller has given up."""
    limite = timezone.now() + timedelta(seconds=3)
    while effets(loop) < nombre and timezone.now() < limite:
        loop.arrete.wait(0.05)


@pytest.mark.parametrize("nom", PANNES)
def test_une_panne_sur_une_ecriture_mene_a_son_etat(cle, demande, loop, subir, nom):
    _, attendu, appliques = PANNES[nom]
    operation = demande("ajouter_offre")
    subir(operation, nom)
    assert etat(operation) == attendu
    attendre_les_ecritures_tardives(loop, appliques)
    assert effets(loop) == appliques

    jusqu_au_bout(cle)
    fins = {Etat.INCERTAINE: Etat.A_VERIFIER, Etat.EN_ATTENTE: Etat.REUSSIE}
    assert etat(operation) == fins.get(attendu, attendu)
    assert effets(loop) == (1 if operation.etat == Etat.REUSSIE else appliques), "jamais renvoyée à l’aveugle"


@pytest.mark.parametrize("nom", PANNES)
def test_une_ecriture_relisible_est_reglee_par_la_machine(cle, demande, loop, subir, nom):
    _, attendu, appliques = PANNES[nom]
    operation = demande("corriger_dossier")
    subir(operation, nom)
    assert etat(operation) == attendu
    attendre_les_ecritures_tardives(loop, appliques)
    jusqu_au_bout(cle)
    assert etat(operation) == (Etat.ECHOUEE if attendu == Etat.ECHOUEE else Etat.REUSSIE)
    assert effets(loop) == (operation.etat == Etat.REUSSIE)


@pytest.mark.parametrize("nom", PANNES)
def test_une_lecture_se_refait_sans_risque(cle, demande, subir, nom):
    _, attendu, _ = PANNES[nom]
    operation = demande("actualiser_dossier")
    subir(operation, nom)
    assert etat(operation) == (Etat.EN_ATTENTE if attendu == Etat.INCERTAINE else attendu)
    jusqu_au_bout(cle)
    assert etat(operation) == (Etat.ECHOUEE if attendu == Etat.ECHOUEE else Etat.REUSSIE)


@pytest.mark.parametrize("nature", NATURES)
def test_un_distant_injoignable_fait_attendre(cle, demande, loop, settings, nature):
    operation = demande(nature)
    joignable = settings.LOOP_URLS
    # Port 9 ("discard", RFC 863): nothing listens there, and no program takes it by chance.
    settings.LOOP_URLS = joignable | {"bac_a_sable": "http://127.0.0.1:9/loop-api-publiques"}
    vider(cle.guichet_id)
    assert etat(operation) == Etat.EN_ATTENTE
    settings.LOOP_URLS = joignable
    jusqu_au_bout(cle)
    assert etat(operation) == Etat.REUSSIE
    assert effets(loop) == nature_de(nature).ecriture


def tuer_avant_l_appel(cle, monkeypatch):
    assert reserver(cle.guichet)


def tuer_avant_d_ecrire(cle, monkeypatch):
    def conclure(*args, **champs):
        raise Tue

    with monkeypatch.context() as ici:
        ici.setattr(reglement, "conclure", conclure)
        with pytest.raises(Tue):
            vider(cle.guichet_id)


def tuer_pendant_l_ecriture(cle, monkeypatch):
    passer = reglement.passer

    def passer_puis_mourir(*args, **champs):
        # The savepoint stands for the transaction that PostgreSQL rolls back when its client dies.
        with transaction.atomic():
            passer(*args, **champs)
            raise Tue

    with monkeypatch.context() as ici:
        ici.setattr(reglement, "passer", passer_puis_mourir)
        with pytest.raises(Tue):
            vider(cle.guichet_id)


@pytest.mark.parametrize(
    ("tuer", "appliques"), [(tuer_avant_l_appel, 0), (tuer_avant_d_ecrire, 1), (tuer_pendant_l_ecriture, 1)]
)
@pytest.mark.parametrize("nature", NATURES)
def test_un_executant_tue_ne_perd_ni_ne_double_rien(cle, demande, loop, monkeypatch, nature, tuer, appliques):
    operation = demande(nature)
    tuer(cle, monkeypatch)
    assert etat(operation) == Etat.EN_COURS, "la ligne garde la prise de l’exécutant mort"
    assert effets(loop) == (appliques if operation.definition.ecriture else 0)

    jusqu_au_bout(cle)
    if nature == "ajouter_offre":
        assert etat(operation) == Etat.A_VERIFIER
        assert effets(loop) == appliques
    else:
        assert etat(operation) == Etat.REUSSIE
        assert effets(loop) == operation.definition.ecriture


def test_un_executant_tue_pendant_la_relecture_la_laisse_a_un_autre(cle, demande, loop):
    operation = demande("corriger_dossier")
    loop.poser_pannes([ecrite(operation, {"type": "coupure_apres"})])
    vider(cle.guichet_id)
    le_temps_passe()
    assert reserver_relecture(cle.guichet, ["corriger_dossier"]).pk == operation.pk
    assert reserver_relecture(cle.guichet, ["corriger_dossier"]) is None
    jusqu_au_bout(cle)
    assert etat(operation) == Etat.REUSSIE
    assert effets(loop) == 1


def test_un_refus_de_la_cle_pendant_la_relecture_la_remet_a_plus_tard(cle, demande, loop):
    operation = demande("corriger_dossier")
    loop.poser_pannes([ecrite(operation, {"type": "coupure_apres"})])
    vider(cle.guichet_id)
    loop.poser_pannes([{"type": "401", "chemin": FICHE}])
    le_temps_passe()
    vider(cle.guichet_id)
    assert etat(operation) == Etat.INCERTAINE
    assert operation.jeton is None
    jusqu_au_bout(cle)
    assert etat(operation) == Etat.REUSSIE


def test_un_executant_gele_apres_sa_prise_n_envoie_plus_rien(cle, demande, loop, settings):
    operation = demande("ajouter_offre")
    prise = reserver(cle.guichet)
    # What is left of the lease is shorter than the two calls that an operation may make.
    prise.bail_jusqu_au = timezone.now() + timedelta(seconds=2 * settings.OPERATIONS["delai_appel"] - 0.1)
    with Clients(cle.guichet) as clients:
        executer(prise, clients)
    assert etat(operation) == Etat.EN_ATTENTE
    assert loop.compte()["appels"] == {}


def test_un_executant_gele_dont_la_ligne_a_change_de_mains_n_y_touche_pas(cle, demande, loop):
    operation = demande("ajouter_offre")
    prise = reserver(cle.guichet)
    le_temps_passe()
    balayage.balayer()
    prise.bail_jusqu_au = timezone.now() - timedelta(minutes=5)
    with Clients(cle.guichet) as clients:
        executer(prise, clients)
    assert etat(operation) == Etat.INCERTAINE
    assert loop.compte()["appels"] == {}


def test_une_suivante_partie_la_premiere_fait_attendre_celle_qui_arrive_apres_coup(cle, demande):
    """Two transactions may commit in the order opposite to their numbers."""
    premiere, suivante = demande("ajouter_offre"), demande("ajouter_offre")
    Operation.objects.filter(pk=suivante.pk).update(objet=premiere.objet, etat=Etat.A_VERIFIER)
    autre = demande("ajouter_offre")
    assert reserver(cle.guichet).pk == autre.pk
    assert reserver(cle.guichet) is None
    assert etat(premiere) == Etat.EN_ATTENTE


def test_la_base_absente_au_signalement_d_un_echec_ne_perd_pas_la_reponse(cle, demande, loop, monkeypatch):
    operation = demande("ajouter_offre")
    loop.poser_pannes([{"type": "429"}])
    manager, pannes = Guichet.objects, [1]
    filtrer = manager.filter

    def filter(*args, **champs):
        if pannes and args == () and list(champs) == ["pk"] and operation_en_cours():
            pannes.pop()
            raise reglement.OperationalError("the connection is closed")
        return filtrer(*args, **champs)

    def operation_en_cours():
        return Operation.objects.filter(pk=operation.pk, etat=Etat.EN_COURS).exists()

    monkeypatch.setattr(reglement.Guichet.objects, "filter", filter)
    monkeypatch.setattr(reglement.time, "sleep", lambda _: None)
    monkeypatch.setattr(reglement, "close_old_connections", lambda: None)
    vider(cle.guichet_id)
    assert pannes == []
    assert etat(operation) == Etat.EN_ATTENTE
    assert not operation.evenements.filter(type=Evenement.Type.OPERATION_INCERTAINE).exists()
