"""Connection data: sealed, shown once, with a receipt that nobody can make up."""

import datetime as dt
import logging
import threading

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection
from django.utils import timezone
from django_otp.oath import totp
from django_otp.plugins.otp_totp.models import TOTPDevice

from dossiers.models import Evenement
from dossiers.services.erreurs import ActionImpossible
from raccordements.models import DonneesConnexion
from raccordements.souscriptions import remise, suivi
from raccordements.souscriptions.reauthentification import Preuve, reauthentifier
from tests.fabriques import MOT_DE_PASSE, CollaborateurFactory
from tests.raccordements.fabriques_od import DONNEES, onboardee, planifiee, souscrite

CLE = "cle-inventee-de-connexion"


def preuve(personne, depuis=dt.timedelta()):
    return Preuve(personne=personne.pk, faite_le=timezone.now() - depuis)


def reveler(souscription, par, **options):
    options = {"preuve": preuve(par), "remises_a": "Camille Inventée, service client", **options}
    return remise.reveler(souscription, par=par, **options)


@pytest.fixture
def manager():
    return CollaborateurFactory(manager=True)


@pytest.mark.django_db
def test_elles_se_revelent_une_fois_avec_un_accuse_signe(manager, caplog):
    souscription = onboardee()
    caplog.set_level(logging.DEBUG)
    revelation = reveler(souscription, manager)
    assert revelation.donnees == DONNEES
    donnees = DonneesConnexion.objects.get()
    assert remise.accuse_valide(donnees)
    assert (donnees.revelees_par, donnees.accuse["remises_a"]) == (manager, "Camille Inventée, service client")
    assert donnees.accuse["empreinte"] == donnees.empreinte
    with pytest.raises(ActionImpossible, match="une fois"):
        reveler(souscription, CollaborateurFactory(superutilisateur=True))
    traces = [f"{e.texte} {e.details}" for e in Evenement.objects.all()]
    for texte in (repr(revelation), repr(donnees), str(donnees), str(donnees.accuse), caplog.text, *traces):
        assert CLE not in texte


@pytest.mark.django_db
def test_un_accuse_modifie_n_est_plus_valide(manager, settings):
    reveler(onboardee(), manager)
    donnees = DonneesConnexion.objects.get()
    ancienne = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "autre-cle-inventee", [ancienne]
    assert remise.accuse_valide(donnees)
    settings.SECRET_KEY_FALLBACKS = []
    assert not remise.accuse_valide(donnees)
    settings.SECRET_KEY = ancienne
    for champ in ("remises_a", "revelees_par", "empreinte"):
        modifie = DonneesConnexion.objects.get()
        modifie.accuse[champ] = "autre"
        assert not remise.accuse_valide(modifie)


@pytest.mark.django_db
def test_il_faut_le_droit_la_vue_et_une_preuve_recente(manager):
    souscription = onboardee()
    with pytest.raises(PermissionDenied):
        reveler(souscription, CollaborateurFactory(collaborateur=True))
    with pytest.raises(PermissionDenied):
        reveler(souscription, CollaborateurFactory(manager=True, portefeuille=True))
    for fausse in (
        preuve(CollaborateurFactory()),
        preuve(manager, dt.timedelta(minutes=6)),
        preuve(manager, dt.timedelta(minutes=-1)),
    ):
        with pytest.raises(PermissionDenied):
            reveler(souscription, manager, preuve=fausse)
    with pytest.raises(ActionImpossible, match="nomme la personne"):
        reveler(souscription, manager, remises_a=" ")
    with pytest.raises(ActionImpossible, match="n’en a pas"):
        reveler(planifiee(), manager)
    assert DonneesConnexion.objects.get().revelees_le is None
    assert reveler(souscription, manager).donnees == DONNEES


@pytest.mark.django_db
def test_de_nouvelles_donnees_effacent_les_anciennes_et_gardent_leur_accuse(manager):
    souscription = onboardee()
    reveler(souscription, manager)
    suivi.noter_nouvelles_donnees(souscription, donnees='{"apiKey":"seconde-cle-inventee"}')
    ancienne = DonneesConnexion.objects.exclude(effacees_le=None).get()
    assert ancienne.contenu is None
    assert remise.accuse_valide(ancienne)
    assert "seconde-cle" in reveler(souscription, manager).donnees
    with pytest.raises(ActionImpossible):
        suivi.noter_nouvelles_donnees(planifiee(), donnees="{}")


@pytest.mark.django_db
def test_la_machine_s_en_sert_apres_la_remise_jusqu_a_la_fin(manager):
    souscription = souscrite(fin=timezone.localdate())
    reveler(souscription, manager)
    acces = remise.acces(souscription)
    assert acces.connexion.api_key == CLE
    assert (acces.ligne.identifiant, acces.environnement) == (souscription.ligne.identifiant, "bac_a_sable")
    assert acces.cle_abonnement == "abonnement-de-plateforme-invente"
    assert CLE not in repr(acces)
    assert "abonnement" not in repr(acces).replace("cle_abonnement", "")
    suivi.commencer_resiliation(souscription, par=CollaborateurFactory(superutilisateur=True))
    suivi.noter_resiliation(souscription)
    assert DonneesConnexion.objects.get().contenu is None
    with pytest.raises(ActionImpossible):
        remise.acces(souscription)


@pytest.mark.django_db
def test_se_reauthentifier_demande_son_propre_mot_de_passe(rf, manager, settings):
    settings.AXES_ENABLED, settings.AXES_FAILURE_LIMIT = True, 2
    requete = rf.post("/")
    requete.user = manager
    donnee = reauthentifier(requete, manager, mot_de_passe=MOT_DE_PASSE)
    assert donnee.personne == manager.pk
    for _ in range(2):
        with pytest.raises(ValidationError) as refus:
            reauthentifier(requete, manager, mot_de_passe="un-autre-mot-de-passe")
        assert list(refus.value.message_dict) == ["mot_de_passe"]
    with pytest.raises(ValidationError):
        reauthentifier(requete, manager, mot_de_passe=MOT_DE_PASSE)


@pytest.mark.django_db
def test_le_code_est_demande_a_qui_en_a_un(rf, manager):
    appareil = TOTPDevice.objects.create(user=manager, name="Application", confirmed=True)
    requete = rf.post("/")
    for code in ("", "12"):
        with pytest.raises(ValidationError) as refus:
            reauthentifier(requete, manager, mot_de_passe=MOT_DE_PASSE, code=code)
        assert list(refus.value.message_dict) == ["code"]
    juste = f"{totp(appareil.bin_key):06d}"
    assert reauthentifier(requete, manager, mot_de_passe=MOT_DE_PASSE, code=juste).personne == manager.pk


@pytest.mark.django_db(transaction=True)
def test_deux_revelations_en_meme_temps_une_seule_les_obtient():
    souscription = onboardee()
    personnes = [CollaborateurFactory(superutilisateur=True) for _ in range(4)]
    depart = threading.Barrier(len(personnes))
    obtenues, refusees = [], []

    def tenter(personne):
        try:
            depart.wait(timeout=10)
            obtenues.append(reveler(souscription, personne))
        except ActionImpossible as refus:
            refusees.append(refus)
        finally:
            connection.close()

    fils = [threading.Thread(target=tenter, args=(personne,)) for personne in personnes]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join(timeout=20)
    assert (len(obtenues), len(refusees)) == (1, 3)
    assert Evenement.objects.filter(texte__contains="révélées").count() == 1
