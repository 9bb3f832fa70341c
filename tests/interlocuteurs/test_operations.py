"""The kinds on contacts, against the simulator: what is written back, what is refused, and nothing applied twice."""

import pytest

from dossiers.models import Etat, Evenement, Operation
from dossiers.operations.registre import nature
from dossiers.services import conservation
from dossiers.services import operations as services_operations
from dossiers.services.catalogue import trouver
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.services.acces import demander_acces
from interlocuteurs.services.fiches import Fiche, creer, modifier, valeurs
from tests.fabriques import AccesFactory, InterlocuteurFactory

pytestmark = pytest.mark.django_db
ADRESSE = "jeanne@tpe.example"
FICHE = Fiche(email=ADRESSE, nom="Inventée", prenom="Jeanne", mobile="07 05 06 03 02", fixe="01 42 68 53 00")
AJOUT = "POST /provisionningCollab/addClient"
MODIF = "POST /provisionningCollab/updateClient"
COLLABORATIVE = "POST /collaborativeOffer/addCollaborativeOffer"
RETRAIT = "POST /provisionningCollab/removeApplication"


def cellule(interlocuteur, dossier, offre="consultation", voulu=True):
    return {"interlocuteur": interlocuteur.pk, "dossier": dossier.pk, "offre": offre, "voulu": voulu}


def etats():
    return list(Operation.objects.order_by("id").values_list("nature", "etat"))


def applique(simulateur, endpoint):
    return simulateur.compte()["appliques"].get(endpoint, {})


def appels(simulateur, endpoint):
    return simulateur.compte()["appels"].get(endpoint, 0)


@pytest.fixture
def demandee(simulateur, cle, dossiers, collaborateur):
    """Create Jeanne with a first accès on DEMO1."""

    def demander(*acces):
        return creer(FICHE, cle=cle, acces=acces or [(dossiers[0], "consultation")], par=collaborateur)[0]

    return demander


@pytest.fixture
def jeanne(simulateur, demandee, travailler):
    """Jeanne, in Loop, with one accès in place."""
    simulateur.inviter(ADRESSE)
    interlocuteur = demandee()
    travailler()
    interlocuteur.refresh_from_db()
    return interlocuteur


def test_creer_avec_plusieurs_acces(simulateur, dossiers, demandee, travailler):
    simulateur.inviter(ADRESSE)
    interlocuteur = demandee((dossiers[0], "consultation"), (dossiers[1], "start"), (dossiers[1], "consultation"))
    natures = ["creer_interlocuteur", "donner_acces", "donner_acces"]
    assert [nature for nature, _ in etats()] == natures
    assert len(set(Operation.objects.values_list("objet", flat=True))) == 1
    travailler()
    assert etats() == [(nature, Etat.REUSSIE) for nature in natures]
    attendus = {("DEMO1", "consultation"), ("DEMO2", "start"), ("DEMO2", "consultation")}
    assert simulateur.acces(ADRESSE) == attendus
    assert appels(simulateur, AJOUT) == 1
    distant = simulateur.interlocuteur(ADRESSE)
    assert distant["telephone"] == "0705060302"
    interlocuteur.refresh_from_db()
    assert str(interlocuteur.interlocuteur_object_id) == distant["object_id"]
    assert str(interlocuteur.utilisateur_object_id) == distant["utilisateur_id"]
    assert interlocuteur.interlocuteur_revision_id
    assert (interlocuteur.presence, interlocuteur.invitation) == ("present", "invite")
    assert interlocuteur.version_envoyee == interlocuteur.version == 1
    assert set(Acces.objects.values_list("dossier__code", "offre")) == attendus
    assert set(Acces.objects.values_list("voulu", "constate")) == {(True, True)}
    assert conservation.verifier().conforme


def test_retirer_puis_redonner_garde_l_ordre(simulateur, jeanne, dossiers, collaborateur, travailler):
    demander_acces([cellule(jeanne, dossiers[0], voulu=False)], par=collaborateur)
    demander_acces([cellule(jeanne, dossiers[0])], par=collaborateur)
    travailler()
    assert etats()[1:] == [("retirer_acces", Etat.REUSSIE), ("donner_acces", Etat.REUSSIE)]
    assert simulateur.acces(ADRESSE) == {("DEMO1", "consultation")}
    acces = Acces.objects.get()
    assert (acces.voulu, acces.constate) == (True, True)


@pytest.mark.parametrize("perdue", [False, True], ids=["dite par Loop", "constatée par une personne"])
def test_retirer_l_offre_d_un_dossier_la_retire_a_chaque_interlocuteur(
    simulateur, jeanne, dossiers, manager, collaborateur, travailler, perdue
):
    demander_acces([cellule(jeanne, dossiers[0], "start"), cellule(jeanne, dossiers[1])], par=collaborateur)
    paul = AccesFactory(interlocuteur__present=True, dossier=dossiers[0], offre="consultation", constate=None)
    travailler()
    if perdue:
        simulateur.poser_pannes([{"type": "coupure_apres", "chemin": "/collaborativeOffer/removeOffer"}])
    offre = {"offre": "consultation"}
    retrait = services_operations.demander("retirer_offre", dossier=dossiers[0], parametres=offre, par=manager)
    travailler(2)
    if perdue:
        retrait.refresh_from_db()
        assert retrait.etat == Etat.A_VERIFIER
        assert Acces.objects.get(interlocuteur=jeanne, dossier=dossiers[0], offre="consultation").constate
        vu = services_operations.Decision.APPLIQUEE
        services_operations.trancher(retrait, vu, par=manager, motif="Elle n’y est plus.")
    assert simulateur.acces(ADRESSE) == {("DEMO1", "start"), ("DEMO2", "consultation")}
    constats = Acces.objects.filter(interlocuteur=jeanne).values_list("dossier__code", "offre", "constate")
    assert {(code, offre) for code, offre, constate in constats if constate} == simulateur.acces(ADRESSE)
    ailleurs = Acces.objects.get(pk=paul.pk)
    assert (ailleurs.constate, ailleurs.voulu, ailleurs.en_ecart) == (False, True, True)


def test_un_retrait_refuse_ne_change_aucun_acces(simulateur, jeanne, dossiers, manager, travailler):
    simulateur.poser_pannes([{"type": "401", "chemin": "/collaborativeOffer/removeOffer"}])
    offre = {"offre": "consultation"}
    services_operations.demander("retirer_offre", dossier=dossiers[0], parametres=offre, par=manager)
    travailler()
    assert etats()[-1] == ("retirer_offre", Etat.ECHOUEE)
    assert Acces.objects.get().constate is True


def test_deja_affectee_est_une_information(simulateur, jeanne, dossiers, collaborateur, travailler):
    Acces.objects.update(constate=None)
    demander_acces([cellule(jeanne, dossiers[0])], par=collaborateur)
    travailler()
    derniere = Operation.objects.order_by("-id")[0]
    assert (derniere.etat, derniere.message) == (Etat.REUSSIE, "L'application est déjà affectée à l'interlocuteur.")
    assert trouver("loop", derniere.message).gravite == "information"
    assert Acces.objects.get().constate is True


def test_la_modification_envoie_toute_la_fiche(simulateur, jeanne, collaborateur, travailler):
    fiche = Fiche(email=ADRESSE, nom="Renommée", prenom="Jeanne", mobile="0612345678", actif=False, social=False)
    faite = modifier(jeanne, fiche, version=jeanne.version, par=collaborateur)
    assert set(faite.champs) == {"nom", "mobile", "fixe", "social", "actif"}
    assert faite.operation.parametres["version"] == 2
    travailler()
    distant = simulateur.interlocuteur(ADRESSE)
    assert (distant["nom"], distant["telephone"], distant["actif"], distant["social"]) == (
        "Renommée",
        "0612345678",
        False,
        False,
    )
    jeanne.refresh_from_db()
    assert (jeanne.version, jeanne.version_envoyee, jeanne.a_renvoyer) == (2, 2, False)


def test_une_fiche_ancienne_relancee_n_efface_pas_la_nouvelle(simulateur, jeanne, collaborateur, travailler, manager):
    simulateur.poser_pannes([{"type": "401", "chemin": "/provisionningCollab/updateClient"}])
    modifier(jeanne, Fiche(email=ADRESSE, nom="Deux", prenom="Jeanne"), version=1, par=collaborateur)
    travailler()
    jeanne.refresh_from_db()
    modifier(jeanne, Fiche(email=ADRESSE, nom="Trois", prenom="Jeanne"), version=2, par=collaborateur)
    travailler()
    assert simulateur.interlocuteur(ADRESSE)["nom"] == "Trois"
    ancienne = Operation.objects.get(etat=Etat.ECHOUEE)
    (relance,) = services_operations.relancer([ancienne], par=manager)
    travailler()
    relance.refresh_from_db()
    assert relance.etat == Etat.ECHOUEE
    assert relance.explication.geste == "ouvrir_interlocuteur"
    assert simulateur.interlocuteur(ADRESSE)["nom"] == "Trois"


# --- documented refusals -----------------------------------------------------------------------------------------


def test_qui_n_est_pas_invite_est_a_inviter_et_la_suite_ne_part_pas(simulateur, dossiers, demandee, travailler):
    interlocuteur = demandee((dossiers[0], "consultation"), (dossiers[1], "start"))
    travailler()
    assert etats() == [("creer_interlocuteur", Etat.ECHOUEE), ("donner_acces", Etat.ECHOUEE)]
    interlocuteur.refresh_from_db()
    assert interlocuteur.invitation == "a_inviter"
    assert list(Interlocuteur.objects.a_inviter()) == [interlocuteur]
    creation, suite = Operation.objects.order_by("id")
    assert creation.explication.geste == "inviter_tenant"
    assert suite.explication.geste == "ouvrir_interlocuteur"
    assert appels(simulateur, COLLABORATIVE) == 0


def test_une_adresse_prise_dans_loop_ne_donne_rien_a_personne(simulateur, dossiers, demandee, travailler):
    simulateur.charger(contacts=[{"email": ADRESSE.upper(), "nom": "AUTRE"}])
    interlocuteur = demandee((dossiers[0], "consultation"), (dossiers[1], "start"))
    travailler()
    interlocuteur.refresh_from_db()
    assert interlocuteur.presence == "autre"
    assert simulateur.acces(ADRESSE) == set()
    assert simulateur.compte()["appliques"] == {}


def test_inconnu_de_loop_n_a_plus_aucun_acces(simulateur, dossiers, collaborateur, travailler):
    interlocuteur = InterlocuteurFactory(present=True)
    AccesFactory(interlocuteur=interlocuteur, dossier=dossiers[0], en_place=True)
    demander_acces([cellule(interlocuteur, dossiers[1])], par=collaborateur)
    travailler()
    interlocuteur.refresh_from_db()
    assert interlocuteur.presence == "absent"
    assert set(Acces.objects.values_list("dossier__code", "constate")) == {("DEMO1", False), ("DEMO2", False)}


def test_annuler_rend_le_voulu_d_avant(jeanne, dossiers, manager):
    demander_acces([cellule(jeanne, dossiers[0], voulu=False)], par=manager)
    assert not Acces.objects.get().voulu
    services_operations.annuler(Operation.objects.filter(etat=Etat.EN_ATTENTE), par=manager)
    assert Acces.objects.get().voulu


def test_une_creation_anonymisee_ne_part_pas(simulateur, demandee, travailler):
    demandee()
    Interlocuteur.objects.update(anonymise_le="2026-01-01T00:00:00Z")
    travailler()
    assert etats() == [("creer_interlocuteur", Etat.ECHOUEE)]
    assert Operation.objects.get().explication.statut == "documentee"
    assert appels(simulateur, AJOUT) == 0


# --- faults: never twice -----------------------------------------------------------------------------------------

EFFETS = {
    "coupure_avant": 0,
    "coupure_apres": 1,
    "500_avant": 0,
    "500_apres": 1,
    "json_tronque": 1,
    "html_200": 0,
}


@pytest.mark.parametrize("panne", EFFETS)
def test_une_creation_incertaine_sans_relecture_attend_une_personne(simulateur, demandee, travailler, manager, panne):
    simulateur.inviter(ADRESSE)
    simulateur.poser_pannes([{"type": panne, "chemin": "/provisionningCollab/addClient"}])
    demandee()
    travailler(4)
    (operation,) = Operation.objects.all()
    assert operation.etat == Etat.A_VERIFIER
    assert (appels(simulateur, AJOUT), appels(simulateur, MODIF)) == (1, 0)
    assert ADRESSE in operation.definition.a_regarder(operation)
    decision = "appliquee" if EFFETS[panne] else "renvoyer"
    services_operations.trancher(operation, decision, par=manager, motif="Vu dans Loop.")
    travailler()
    operation.refresh_from_db()
    assert operation.etat == Etat.REUSSIE
    assert applique(simulateur, AJOUT) == {f"{ADRESSE}:DEMO1:consultation": 1}
    assert Acces.objects.get().constate is True
    assert Interlocuteur.objects.get().presence == "present"


@pytest.mark.parametrize("panne", EFFETS)
def test_une_creation_incertaine_avec_relecture_se_regle_seule(simulateur, demandee, travailler, settings, panne):
    settings.LOOP_RELECTURE_INTERLOCUTEUR = True
    simulateur.inviter(ADRESSE)
    simulateur.poser_pannes([{"type": panne, "chemin": "/provisionningCollab/addClient"}])
    demandee()
    travailler()
    assert Operation.objects.get().etat in {Etat.INCERTAINE, Etat.REUSSIE}
    travailler(2)
    operation = Operation.objects.get()
    assert operation.etat == Etat.REUSSIE
    assert applique(simulateur, AJOUT) == {f"{ADRESSE}:DEMO1:consultation": 1}
    assert appels(simulateur, AJOUT) == (1 if EFFETS[panne] else 2)
    assert appels(simulateur, MODIF) == 1
    interlocuteur = Interlocuteur.objects.get()
    assert (interlocuteur.presence, interlocuteur.version_envoyee) == ("present", 1)


def test_la_relecture_attend_la_quarantaine(simulateur, demandee, cle, settings):
    from dossiers.operations.execution import vider

    settings.LOOP_RELECTURE_INTERLOCUTEUR = True
    simulateur.inviter(ADRESSE)
    simulateur.poser_pannes([{"type": "coupure_apres", "chemin": "/provisionningCollab/addClient"}])
    demandee()
    vider(cle.guichet_id)
    vider(cle.guichet_id)
    assert Operation.objects.get().etat == Etat.INCERTAINE
    assert appels(simulateur, MODIF) == 0


def test_une_relecture_elle_meme_perdue_reprend_une_quarantaine(simulateur, demandee, travailler, settings):
    from django.utils import timezone

    settings.LOOP_RELECTURE_INTERLOCUTEUR = True
    simulateur.inviter(ADRESSE)
    simulateur.poser_pannes(
        [
            {"type": "coupure_apres", "chemin": "/provisionningCollab/addClient"},
            {"type": "coupure_apres", "chemin": "/provisionningCollab/updateClient"},
        ]
    )
    demandee()
    travailler()
    travailler()
    operation = Operation.objects.get()
    assert operation.etat == Etat.INCERTAINE
    reste = (operation.quarantaine_jusqu_au - timezone.now()).total_seconds()
    assert reste > settings.OPERATIONS["quarantaine"] - 10
    travailler()
    operation.refresh_from_db()
    assert operation.etat == Etat.REUSSIE
    assert applique(simulateur, AJOUT) == {f"{ADRESSE}:DEMO1:consultation": 1}


def test_une_relecture_refusee_par_le_tenant_va_a_une_personne(simulateur, demandee, travailler, settings):
    settings.LOOP_RELECTURE_INTERLOCUTEUR = True
    simulateur.charger(contacts=[{"email": ADRESSE}])
    simulateur.base.execute("DELETE FROM invitation")
    simulateur.poser_pannes([{"type": "coupure_avant", "chemin": "/provisionningCollab/addClient"}])
    demandee()
    travailler(3)
    assert etats() == [("creer_interlocuteur", Etat.A_VERIFIER)]


@pytest.mark.parametrize("panne", EFFETS)
def test_une_modification_incertaine_est_refaite_apres_la_quarantaine(
    simulateur, jeanne, collaborateur, travailler, panne
):
    simulateur.poser_pannes([{"type": panne, "chemin": "/provisionningCollab/updateClient"}])
    modifier(jeanne, Fiche(email=ADRESSE, nom="Deux", prenom="Jeanne"), version=1, par=collaborateur)
    travailler(2)
    assert etats()[1:] == [("modifier_interlocuteur", Etat.REUSSIE)]
    assert simulateur.interlocuteur(ADRESSE)["nom"] == "Deux"
    assert simulateur.acces(ADRESSE) == {("DEMO1", "consultation")}


def test_une_modification_incertaine_puis_refusee_finit_expliquee(simulateur, jeanne, collaborateur, travailler):
    simulateur.poser_pannes([{"type": "coupure_avant", "chemin": "/provisionningCollab/updateClient"}])
    modifier(jeanne, Fiche(email=ADRESSE, nom="Deux", prenom="Jeanne"), version=1, par=collaborateur)
    travailler()
    simulateur.base.execute("DELETE FROM interlocuteur")
    travailler(3)
    derniere = Operation.objects.order_by("-id")[0]
    assert (derniere.etat, derniere.message) == (Etat.ECHOUEE, "interlocuteur n'existe pas")
    assert derniere.explication.geste == "creer_interlocuteur"


@pytest.mark.parametrize("voulu", [True, False])
def test_un_acces_incertain_n_est_jamais_renvoye(simulateur, jeanne, dossiers, collaborateur, travailler, voulu):
    endpoint = COLLABORATIVE if voulu else RETRAIT
    simulateur.poser_pannes([{"type": "coupure_apres", "chemin": endpoint.partition(" ")[2]}])
    dossier = dossiers[1] if voulu else dossiers[0]
    demander_acces([cellule(jeanne, dossier, voulu=voulu)], par=collaborateur)
    travailler(4)
    assert Operation.objects.order_by("-id")[0].etat == Etat.A_VERIFIER
    assert sum(applique(simulateur, endpoint).values()) == appels(simulateur, endpoint) == 1


def test_la_nature_dit_si_elle_se_relit(settings):
    creation = nature("creer_interlocuteur")
    settings.LOOP_RELECTURE_INTERLOCUTEUR = False
    assert not creation.relisible
    settings.LOOP_RELECTURE_INTERLOCUTEUR = True
    assert creation.relisible
    assert not nature("modifier_interlocuteur").repetable


def test_le_journal_nomme_la_personne_et_le_dossier(jeanne, dossiers):
    textes = list(Evenement.objects.filter(dossier=dossiers[0]).order_by("id").values_list("texte", flat=True))
    assert len(textes) == 2
    assert all("Jeanne Inventée" in texte and "DEMO1" in texte and ADRESSE not in texte for texte in textes)


def test_les_valeurs_d_une_fiche_se_reprennent(jeanne):
    assert valeurs(jeanne) == Fiche(
        email=ADRESSE, nom="Inventée", prenom="Jeanne", mobile="+33705060302", fixe="+33142685300"
    )
