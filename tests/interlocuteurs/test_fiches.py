"""Creating and changing records: kept forms, one address per domain, no stale overwrite."""

import threading

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from dossiers.models import Evenement, Operation
from dossiers.services.erreurs import ActionImpossible
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.services.erreurs import CopiePerimee, CourrielDejaPris
from interlocuteurs.services.fiches import (
    Fiche,
    Nouveau,
    creer,
    creer_plusieurs,
    fiche_depuis,
    modifier,
    porteurs,
    renvoyer_fiche,
    valeurs,
)
from tests.fabriques import AccesFactory, CleApiFactory, CollaborateurFactory, DossierFactory, InterlocuteurFactory

pytestmark = pytest.mark.django_db
FICHE = Fiche(email=" Jeanne@TPE.example ", nom=" Inventée", prenom="Jeanne ", mobile="07 05 06 03 02", fixe="")


def test_creer_range_chaque_champ(cle, collaborateur):
    interlocuteur, operations = creer(FICHE, cle=cle, par=collaborateur)
    interlocuteur.refresh_from_db()
    assert operations == []
    assert (interlocuteur.email, interlocuteur.nom, interlocuteur.prenom) == (
        "jeanne@tpe.example",
        "Inventée",
        "Jeanne",
    )
    assert (interlocuteur.mobile, interlocuteur.profil, interlocuteur.social) == ("+33705060302", "2.0", True)
    assert (interlocuteur.environnement, interlocuteur.domaine) == ("bac_a_sable", "CABINETDEMO")
    assert interlocuteur.cree_par == collaborateur
    assert [(h.history_type, h.history_user) for h in interlocuteur.history.all()] == [("+", collaborateur)]
    assert Evenement.objects.get().details == {"interlocuteur": interlocuteur.pk}
    assert str(interlocuteur) == "Jeanne Inventée (jeanne@tpe.example)"


def test_les_refus_d_une_fiche_sont_champ_par_champ(cle, collaborateur):
    fiche = Fiche(email="jérôme@tpe", nom="", prenom="Je\u202eanne", mobile="12")
    with pytest.raises(ValidationError) as refus:
        creer(fiche, cle=cle, par=collaborateur)
    assert set(refus.value.message_dict) == {"email", "nom", "prenom", "mobile"}
    assert not Interlocuteur.objects.exists()


def test_l_adresse_est_unique_par_domaine(cle, collaborateur):
    porteur, _ = creer(FICHE, cle=cle, par=collaborateur)
    with pytest.raises(CourrielDejaPris) as refus:
        creer(FICHE, cle=cle, par=collaborateur)
    assert (refus.value.porteur, refus.value.porteur_visible) == (porteur, True)
    assert all((refus.value.constat, refus.value.cause, refus.value.remede))
    assert "Inventée" not in str(refus.value)
    creer(FICHE, cle=CleApiFactory(prete=True, domaine="AILLEURS"), par=collaborateur)
    creer(FICHE, cle=CleApiFactory(prete=True, environnement="test"), par=collaborateur)
    assert porteurs(cle, ["jeanne@tpe.example", "x@y.example"]) == {"jeanne@tpe.example": porteur}
    limitee = CollaborateurFactory(collaborateur=True, portefeuille=True)
    with pytest.raises(CourrielDejaPris) as refus:
        creer(FICHE, cle=cle, par=limitee)
    assert not refus.value.porteur_visible


@pytest.mark.parametrize(
    "champs",
    [
        {"email": "a@tpe.example"},
        {"email": "A@tpe.example"},
        {"domaine": "minuscule"},
        {"mobile": "0705060302"},
        {"fixe": "01 42"},
    ],
    ids=str,
)
def test_la_base_refuse_ce_que_le_code_oublierait(champs):
    InterlocuteurFactory(email="a@tpe.example")
    with pytest.raises(IntegrityError), transaction.atomic():
        InterlocuteurFactory(**champs)


def test_les_contraintes_parlent_francais():
    double = InterlocuteurFactory.build(email=InterlocuteurFactory().email)
    with pytest.raises(ValidationError, match="déjà celle d’un autre interlocuteur"):
        double.validate_constraints()


def test_un_acces_reste_sur_le_domaine():
    acces = Acces(interlocuteur=InterlocuteurFactory(domaine="AILLEURS"), dossier=DossierFactory(), offre="start")
    with pytest.raises(ValidationError, match="domaine Loop"):
        acces.full_clean()


def test_creer_avec_un_acces_impossible_n_ecrit_rien(cle, dossiers, collaborateur):
    archive = DossierFactory(cle=cle, archive=True)
    with pytest.raises(ActionImpossible, match="archivé"):
        creer(FICHE, cle=cle, acces=[(dossiers[0], "start"), (archive, "start")], par=collaborateur)
    assert not Interlocuteur.objects.exists()
    assert not Operation.objects.exists()


def test_creer_en_nombre_trie_sans_arreter(cle, dossiers, collaborateur):
    porteur = InterlocuteurFactory(email="pris@tpe.example")
    archive = DossierFactory(cle=cle, archive=True)
    fiches = [
        "un@tpe.example",
        "pris@tpe.example",
        "UN@tpe.example",
        "mauvais",
        "deux@tpe.example",
        "trois@tpe.example",
    ]
    nouveaux = [
        Nouveau(fiche=Fiche(email=email, nom="Inventé", prenom="P"), acces=[(dossiers[0], "start")]) for email in fiches
    ]
    nouveaux[-1] = Nouveau(fiche=nouveaux[-1].fiche, acces=[(archive, "start"), (dossiers[1], "start")])
    un, pris, double, mauvais, deux, trois = creer_plusieurs(nouveaux, cle=cle, par=collaborateur)
    assert pris.refus.porteur == porteur
    assert double.refus.porteur == un.interlocuteur
    assert isinstance(mauvais.refus, ValidationError)
    assert [len(c.demande.operations) for c in (un, deux, trois)] == [1, 1, 1]
    assert un.demande.operations[0].parametres["interlocuteur"] == un.interlocuteur.pk
    assert [ligne.motif for ligne in trois.demande.bloquees] == [
        "Le dossier est archivé : remettez-le en service d’abord."
    ]
    assert Interlocuteur.objects.count() == 4
    assert Interlocuteur.history.count() == 4


def test_creer_en_nombre_fait_un_nombre_fixe_de_requetes(cle, dossiers, collaborateur):
    def lot(prefixe, nombre):
        return [
            Nouveau(
                fiche=Fiche(email=f"{prefixe}{rang}@tpe.example", nom="N", prenom="P"),
                acces=[(dossiers[rang % 2], "start")],
            )
            for rang in range(nombre)
        ]

    creer_plusieurs(lot("a", 1), cle=cle, par=collaborateur)
    with CaptureQueriesContext(connection) as peu:
        creer_plusieurs(lot("b", 2), cle=cle, par=collaborateur)
    with CaptureQueriesContext(connection) as beaucoup:
        creer_plusieurs(lot("c", 60), cle=cle, par=collaborateur)
    assert len(beaucoup) == len(peu)


@pytest.mark.django_db(transaction=True)
def test_deux_creations_simultanees_d_une_adresse():
    cle = CleApiFactory(prete=True)
    par = CollaborateurFactory(superutilisateur=True)
    depart, issues = threading.Barrier(2), []

    def creer_un():
        depart.wait()
        try:
            creer(FICHE, cle=cle, par=par)
            issues.append("créé")
        except CourrielDejaPris:
            issues.append("pris")
        connection.close()

    fils = [threading.Thread(target=creer_un) for _ in range(2)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert sorted(issues) == ["créé", "pris"]


# --- changing ----------------------------------------------------------------------------------------------------


@pytest.fixture
def jeanne(dossiers):
    personne = InterlocuteurFactory(present=True, nom="Inventée", prenom="Jeanne")
    AccesFactory(interlocuteur=personne, dossier=dossiers[0], en_place=True)
    return personne


def avec(personne, **champs):
    from dataclasses import replace

    return replace(valeurs(personne), **champs)


def test_une_copie_perimee_est_refusee_avec_les_deux_versions(jeanne, collaborateur, manager):
    modifier(jeanne, avec(jeanne, nom="Leur nom", mobile=""), version=1, par=manager)
    with pytest.raises(CopiePerimee) as refus:
        modifier(jeanne, avec(jeanne, nom="Mon nom", prenom="Mon prénom"), version=1, par=collaborateur)
    lues = {d.champ: (d.base, d.eux, d.moi, d.conflit) for d in refus.value.differences}
    assert lues == {
        "nom": ("Inventée", "Leur nom", "Mon nom", True),
        "prenom": ("Jeanne", "Jeanne", "Mon prénom", False),
        "mobile": ("+33705060302", "", "+33705060302", False),
    }
    assert (refus.value.actuelle.version, refus.value.actuelle.nom) == (2, "Leur nom")
    assert [d.libelle for d in refus.value.differences] == ["nom", "prénom", "téléphone mobile"]
    assert Interlocuteur.objects.get().nom == "Leur nom"
    assert Operation.objects.count() == 1


def test_enregistrer_sans_rien_changer_n_envoie_rien(jeanne, collaborateur):
    faite = modifier(jeanne, avec(jeanne, mobile="07.05.06.03.02"), version=1, par=collaborateur)
    assert (faite.champs, faite.operation) == ((), None)
    assert Interlocuteur.objects.get().version == 1


def test_le_telephone_fixe_reste_ici(jeanne, collaborateur):
    faite = modifier(jeanne, avec(jeanne, fixe="01 42 68 53 00"), version=1, par=collaborateur)
    assert (faite.champs, faite.operation, faite.non_envoyee) == (("fixe",), None, "")


def test_ce_qui_ne_part_pas_dit_pourquoi(jeanne, collaborateur):
    Acces.objects.update(constate=False)
    faite = modifier(jeanne, avec(jeanne, nom="Autre"), version=1, par=collaborateur)
    assert faite.operation is None
    assert "accès en place" in faite.non_envoyee
    jeanne.refresh_from_db()
    assert jeanne.a_renvoyer
    with pytest.raises(ActionImpossible, match="accès en place"):
        renvoyer_fiche(jeanne, par=collaborateur)
    Acces.objects.update(constate=True)
    assert renvoyer_fiche(jeanne, par=collaborateur).parametres["version"] == 2
    neuve = InterlocuteurFactory()
    assert "premier accès" in modifier(neuve, avec(neuve, nom="X"), version=1, par=collaborateur).non_envoyee


def test_la_modification_ne_cite_jamais_un_acces_non_voulu(jeanne, dossiers, collaborateur):
    """updateClient gives the offer that it names."""
    Acces.objects.update(voulu=False)
    AccesFactory(interlocuteur=jeanne, dossier=dossiers[1], offre="start")
    faite = modifier(jeanne, avec(jeanne, nom="Autre"), version=1, par=collaborateur)
    assert faite.operation is None


def test_l_adresse_ne_change_que_tant_que_loop_ne_l_a_pas(jeanne, collaborateur):
    with pytest.raises(ActionImpossible, match="reconnaît"):
        modifier(jeanne, avec(jeanne, email="autre@tpe.example"), version=1, par=collaborateur)
    neuve = InterlocuteurFactory()
    with pytest.raises(CourrielDejaPris) as refus:
        modifier(neuve, avec(neuve, email=jeanne.email.upper()), version=1, par=collaborateur)
    assert refus.value.porteur == jeanne
    faite = modifier(neuve, avec(neuve, email="Autre@tpe.example"), version=1, par=collaborateur)
    assert faite.interlocuteur.email == "autre@tpe.example"


def test_une_fiche_invalide_ou_anonymisee_ne_se_modifie_pas(jeanne, collaborateur):
    with pytest.raises(ValidationError):
        modifier(jeanne, avec(jeanne, mobile="12"), version=1, par=collaborateur)
    anonyme = InterlocuteurFactory(anonyme=True)
    with pytest.raises(ActionImpossible, match="anonymisé"):
        modifier(anonyme, avec(anonyme, nom="X"), version=1, par=collaborateur)


def test_qui_peut_creer_et_modifier(jeanne, cle, dossiers):
    consultation = CollaborateurFactory(consultation=True)
    limitee = CollaborateurFactory(collaborateur=True, portefeuille=True)
    with pytest.raises(PermissionDenied):
        creer(FICHE, cle=cle, par=consultation)
    with pytest.raises(PermissionDenied):
        modifier(jeanne, avec(jeanne, nom="X"), version=1, par=consultation)
    with pytest.raises(PermissionDenied):
        modifier(jeanne, avec(jeanne, nom="X"), version=1, par=limitee)
    with pytest.raises(ActionImpossible, match="portefeuille"):
        creer(FICHE, cle=cle, acces=[(dossiers[0], "start")], par=limitee)
    sien = DossierFactory(cle=cle, engagement_manager=limitee.login_loop)
    creer(FICHE, cle=cle, acces=[(sien, "start")], par=limitee)
    AccesFactory(interlocuteur=jeanne, dossier=sien)
    faite = modifier(jeanne, avec(jeanne, nom="X"), version=1, par=limitee)
    assert faite.operation is None, "l’accès en place est sur un dossier d’un autre"


def test_une_fiche_depuis_un_formulaire_ou_un_tableur():
    lue = fiche_depuis({"email": "a@tpe.example", "nom": "N", "prenom": "P", "mobile": "", "inconnu": 1})
    assert lue == Fiche(email="a@tpe.example", nom="N", prenom="P")
