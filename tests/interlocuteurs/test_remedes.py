"""Every documented refusal is left by its remedy, against the simulator; what waited for it starts again, once."""

import pytest
from django.core.exceptions import PermissionDenied

from dossiers.models import Etat, Operation
from dossiers.services.erreurs import ActionImpossible
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.services.erreurs import CourrielDejaPris
from interlocuteurs.services.fiches import Fiche, creer
from interlocuteurs.services.remedes import (
    creer_depuis_echec,
    interlocuteur_de,
    marquer_invite,
    porteur_de,
    rattacher,
    reprendre,
)
from tests.fabriques import CollaborateurFactory, DossierFactory, InterlocuteurFactory, OperationFactory

pytestmark = pytest.mark.django_db
ADRESSE = "jeanne@tpe.example"
FICHE = Fiche(email=ADRESSE, nom="Inventée", prenom="Jeanne")
DEUX = {("DEMO1", "consultation"), ("DEMO2", "start")}


@pytest.fixture
def jeanne(simulateur, cle, dossiers, collaborateur):
    """Jeanne, asked for with two accès; nothing has left yet."""
    acces = [(dossiers[0], "consultation"), (dossiers[1], "start")]
    return creer(FICHE, cle=cle, acces=acces, par=collaborateur)[0]


def derniers():
    return list(Operation.objects.filter(relances=None).order_by("id").values_list("nature", "etat"))


def test_inviter_puis_noter_relance_tout_dans_l_ordre(simulateur, jeanne, collaborateur, travailler):
    travailler()
    assert set(derniers()) == {("creer_interlocuteur", Etat.ECHOUEE), ("donner_acces", Etat.ECHOUEE)}
    simulateur.inviter(ADRESSE)
    demande = marquer_invite([jeanne], par=collaborateur)
    assert [(o.nature, o.relance_de_id) for o in demande.operations] == [
        (o.nature, o.pk) for o in Operation.objects.filter(etat=Etat.ECHOUEE).order_by("id")
    ]
    travailler()
    assert derniers() == [("creer_interlocuteur", Etat.REUSSIE), ("donner_acces", Etat.REUSSIE)]
    assert simulateur.acces(ADRESSE) == DEUX
    jeanne.refresh_from_db()
    assert (jeanne.invitation, jeanne.invite_par) == ("invite", collaborateur)
    assert marquer_invite([jeanne], par=collaborateur).operations == []


def test_noter_trop_tot_revient_a_faire(jeanne, collaborateur, travailler):
    travailler()
    marquer_invite([jeanne], par=collaborateur)
    travailler()
    jeanne.refresh_from_db()
    assert jeanne.invitation == "a_inviter"


def test_une_creation_refusee_plusieurs_fois_ne_se_relance_qu_une_fois(simulateur, jeanne, collaborateur, travailler):
    travailler()
    Interlocuteur.objects.update(invitation="inconnue")
    reprendre([jeanne], par=collaborateur)
    travailler()
    assert Operation.objects.filter(nature="creer_interlocuteur", etat=Etat.ECHOUEE).count() == 2
    simulateur.inviter(ADRESSE)
    demande = marquer_invite([jeanne], par=collaborateur)
    assert [o.nature for o in demande.operations] == ["creer_interlocuteur", "donner_acces"]
    travailler()
    assert simulateur.compte()["appliques"]["POST /provisionningCollab/addClient"] == {
        f"{ADRESSE}:DEMO1:consultation": 1
    }
    assert simulateur.acces(ADRESSE) == DEUX


def test_rattacher_a_celui_que_loop_a_deja(simulateur, jeanne, collaborateur, travailler):
    simulateur.charger(contacts=[{"email": ADRESSE, "nom": "NOM DE LOOP"}])
    travailler()
    echec = Operation.objects.filter(nature="creer_interlocuteur").get()
    assert (interlocuteur_de(echec), porteur_de(echec)) == (jeanne, jeanne)
    demande = rattacher(jeanne, par=collaborateur)
    assert [o.nature for o in demande.operations] == ["donner_acces", "donner_acces"]
    assert demande.operations[0].relance_de == echec
    travailler()
    assert simulateur.acces(ADRESSE) == DEUX
    assert simulateur.interlocuteur(ADRESSE)["nom"] == "NOM DE LOOP", "sa fiche de là-bas n’est pas touchée"
    jeanne.refresh_from_db()
    assert (jeanne.presence, jeanne.version_envoyee) == ("present", None)


def test_rattacher_un_dossier_au_porteur_local(simulateur, cle, dossiers, collaborateur, travailler):
    simulateur.inviter("*")
    creer(FICHE, cle=cle, acces=[(dossiers[0], "consultation")], par=collaborateur)
    travailler()
    limitee = CollaborateurFactory(collaborateur=True, portefeuille=True)
    sien = DossierFactory(cle=cle, code="DEMO3", maitre_dossier=limitee.login_loop)
    simulateur.charger(dossiers=[{"codeIbs": "DEMO3"}])
    with pytest.raises(CourrielDejaPris) as refus:
        creer(FICHE, cle=cle, acces=[(sien, "start")], par=limitee)
    porteur = refus.value.porteur
    rattacher(porteur, [(sien, "start")], par=limitee)
    travailler()
    assert simulateur.acces(ADRESSE) == {("DEMO1", "consultation"), ("DEMO3", "start")}
    assert list(Interlocuteur.objects.visibles_par(limitee)) == [porteur]


def test_rattacher_reste_dans_son_portefeuille_et_son_domaine(jeanne, dossiers, collaborateur):
    limitee = CollaborateurFactory(collaborateur=True, portefeuille=True)
    with pytest.raises(PermissionDenied):
        rattacher(jeanne, [(dossiers[0], "start")], par=limitee)
    avant = Acces.objects.count()
    with pytest.raises(ActionImpossible, match="domaine"):
        rattacher(jeanne, [(DossierFactory(cle__domaine="AILLEURS"), "start")], par=collaborateur)
    assert Acces.objects.count() == avant
    with pytest.raises(ActionImpossible, match="anonymisé"):
        rattacher(InterlocuteurFactory(anonyme=True), par=collaborateur)


def test_creer_a_partir_de_la_saisie(simulateur, jeanne, dossiers, collaborateur, travailler):
    simulateur.inviter("*")
    travailler()
    simulateur.base.execute("DELETE FROM interlocuteur")
    simulateur.base.execute("DELETE FROM offre")
    Acces.objects.filter(offre="start").update(constate=None)
    reprendre([jeanne], par=collaborateur)
    travailler()
    jeanne.refresh_from_db()
    assert jeanne.presence == "absent"
    demande = creer_depuis_echec(jeanne, par=collaborateur)
    assert [o.nature for o in demande.operations] == ["creer_interlocuteur", "donner_acces"]
    travailler()
    assert simulateur.acces(ADRESSE) == DEUX
    assert simulateur.interlocuteur(ADRESSE)["prenom"] == "Jeanne"
    jeanne.refresh_from_db()
    assert jeanne.presence == "present"
    with pytest.raises(ActionImpossible):
        creer_depuis_echec(jeanne, par=collaborateur)


def test_les_remedes_ont_leur_permission(jeanne):
    consultation = CollaborateurFactory(consultation=True)
    limitee = CollaborateurFactory(collaborateur=True, portefeuille=True)
    for remede in (lambda par: marquer_invite([jeanne], par=par), lambda par: creer_depuis_echec(jeanne, par=par)):
        with pytest.raises(PermissionDenied):
            remede(consultation)
    with pytest.raises(PermissionDenied):
        rattacher(jeanne, par=consultation)
    assert marquer_invite([jeanne], par=limitee).operations == []
    jeanne.refresh_from_db()
    assert jeanne.invitation == "inconnue", "hors de son portefeuille"


def test_une_operation_d_un_autre_genre_n_a_pas_d_interlocuteur():
    operation = OperationFactory(parametres={"offre": "start", "contact": "Nobody@tpe.example "})
    assert interlocuteur_de(operation) is None
    porteur = InterlocuteurFactory(email="nobody@tpe.example")
    assert porteur_de(operation) == porteur
