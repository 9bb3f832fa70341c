"""Sending in the browser: both channels, the hand-over pack, what people note afterwards, and who may."""

import datetime as dt
import hashlib
import io
import re
import zipfile

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dossiers.models import Evenement, Operation
from raccordements.affichage import adresse_fiche
from raccordements.models import Approbation, Etat, EvenementFiche, Fiche
from raccordements.services import pack
from raccordements.services.envoi import Canal, prendre_pour_envoi
from raccordements.services.erreurs import ActionInterdite
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.interlocuteurs.admin.conftest import ROLES
from tests.raccordements.fabriques import (
    StructureFactory,
    activee,
    approuvee,
    envoyee,
    fiche_api,
    fiche_edi,
    relue,
    soumise,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def auteur():
    return CollaborateurFactory(collaborateur=True)


@pytest.fixture
def portail(settings):
    settings.CHORUS_CANAL = "portail"


@pytest.fixture
def prete(auteur):
    """A fiche of production whose version is approved."""
    return approuvee(fiche_edi(par=auteur))


def texte(reponse):
    return re.sub(r"\s+", " ", reponse.content.decode())


def prise(fiche):
    """The fiche, its approved version in the hands of a person."""
    prendre_pour_envoi(fiche, canal=Canal.PORTAIL, par=None)
    return relue(fiche)


def envoyer(client, fiche, **champs):
    donnees = {"empreinte": fiche.version.empreinte, "production": "on", **champs}
    return client.post(adresse_fiche(fiche, "envoyer"), donnees)


def saisir(client, fiche, **champs):
    donnees = {"version": fiche.version_en_envoi_id, "jour": timezone.localdate().isoformat(), **champs}
    return client.post(adresse_fiche(fiche, "saisie"), donnees)


# --- rights ------------------------------------------------------------------------------------------------------


def test_chaque_adresse_par_role(en_role, portail, auteur):
    prete, tenue = approuvee(fiche_edi(par=auteur)), prise(approuvee(fiche_edi(par=auteur)))
    partie, active = envoyee(fiche_edi(par=auteur)), activee(fiche_api(par=auteur))
    for role in ROLES:
        oui, fait = (403, 403) if role == "consultation" else (200, 302)
        gere, decide = (200, 302) if role in {"manager", "administrateur"} else (403, 403)
        lecture = {
            adresse_fiche(prete, "envoyer"): oui,
            adresse_fiche(tenue, "pack"): oui,
            adresse_fiche(tenue, "pack_zip"): oui,
            adresse_fiche(tenue, "pack_certificat", "les_deux"): oui,
            adresse_fiche(tenue, "abandonner"): oui,
            adresse_fiche(tenue, "envoi_progression"): 200,
            adresse_fiche(partie, "constater"): oui,
            adresse_fiche(partie, "retirer"): oui,
            adresse_fiche(active, "desactiver"): gere,
            adresse_fiche(tenue, "saisie"): 405,
            adresse_fiche(partie, "suivre"): 405,
            adresse_fiche(tenue, "pack_verifier"): 405,
        }
        tenue_ici = {"version": tenue.version_en_envoi_id}
        ecriture = [
            (adresse_fiche(prete, "envoyer"), {"empreinte": prete.version.empreinte, "production": "on"}, fait),
            (adresse_fiche(tenue, "pack_verifier"), {}, fait),
            (adresse_fiche(tenue, "saisie"), tenue_ici | {"jour": timezone.localdate().isoformat()}, fait),
            (adresse_fiche(partie, "suivre"), {}, fait),
            (adresse_fiche(partie, "retirer"), {"motif": "m"}, fait),
            (adresse_fiche(active, "desactiver"), {"motif": "m"}, decide),
            (adresse_fiche(active, "reactiver"), {"motif": "m"}, decide),
        ]
        with en_role(role) as client:
            assert {adresse: client.get(adresse).status_code for adresse in lecture} == lecture
            assert [client.post(a, champs).status_code for a, champs, _ in ecriture] == [c for *_, c in ecriture]
        with en_role(role) as client:
            abandon = client.post(adresse_fiche(tenue, "abandonner"), tenue_ici | {"motif": "m"})
            constat = client.post(adresse_fiche(partie, "constater"), {"preuve": "Vue."})
            assert (abandon.status_code, constat.status_code) == (fait, fait)


NOMS = (
    "envoyer",
    "pack",
    "pack_zip",
    "abandonner",
    "envoi_progression",
    "constater",
    "retirer",
    "desactiver",
    "reactiver",
)


def test_hors_du_portefeuille_rien_n_existe(limite, portail, auteur):
    ailleurs = approuvee(fiche_edi(par=auteur, structure=StructureFactory(dossier=DossierFactory())))
    assert {limite.get(adresse_fiche(ailleurs, nom)).status_code for nom in NOMS} == {404}
    ecrits = (
        "envoyer",
        "saisie",
        "abandonner",
        "constater",
        "suivre",
        "retirer",
        "desactiver",
        "reactiver",
        "pack_verifier",
    )
    assert {limite.post(adresse_fiche(ailleurs, nom), {"motif": "m"}).status_code for nom in ecrits} == {404}
    assert limite.get(adresse_fiche(ailleurs, "pack_certificat", "les_deux")).status_code == 404
    # The address of the other kind leads nowhere.
    assert limite.get(adresse_fiche(ailleurs, "pack").replace("ficheedi", "ficheapi")).status_code == 404


# --- channel api -------------------------------------------------------------------------------------------------


def test_le_bouton_nomme_le_canal_et_l_environnement(au_bureau, prete):
    vue = texte(au_bureau.get(adresse_fiche(prete, "envoyer")))
    assert "Envoyer par le canal «\u00a0api\u00a0» – Production" in vue.replace("&nbsp;", "\u00a0") or re.search(
        "Envoyer par le canal « api » – Production", vue
    )
    assert prete.version.empreinte in vue
    assert "Envoyer par le canal" in texte(au_bureau.get(adresse_fiche(prete)))


def test_envoyer_par_le_canal_api_pose_une_operation_suivie_en_direct(au_bureau, prete):
    reponse = envoyer(au_bureau, prete)
    assert (reponse.status_code, reponse["Location"]) == (302, adresse_fiche(prete))
    operation = Operation.objects.get(nature="transmettre_fiche")
    assert operation.parametres["empreinte"] == prete.version.empreinte
    vue = texte(au_bureau.get(adresse_fiche(prete)))
    assert f'data-adresse="{adresse_fiche(prete, "envoi_progression")}"' in vue
    assert f"/operation/{operation.pk}/" in vue
    etat = au_bureau.get(adresse_fiche(prete, "envoi_progression")).json()
    assert (etat["finie"], "html" in etat) == (False, True)

    au_bureau.post(adresse_fiche(prete, "abandonner"), {"motif": "Le client renonce."})
    operation.refresh_from_db()
    assert operation.etat == "annulee"
    assert au_bureau.get(adresse_fiche(prete, "envoi_progression")).json()["finie"] is True


def test_la_production_se_confirme(au_bureau, prete):
    reponse = envoyer(au_bureau, prete, production="")
    assert "cochez cette case pour agir en production" in texte(reponse)
    assert not Operation.objects.exists()


def test_une_autre_version_que_celle_lue_ne_part_pas(au_bureau, prete):
    reponse = envoyer(au_bureau, prete, empreinte="0" * 64)
    assert (reponse.status_code, "n’est plus celle que vous avez lue" in texte(reponse)) == (409, True)
    assert not Operation.objects.exists()


def test_ce_qui_n_est_pas_approuve_ne_part_pas(au_bureau, auteur):
    fiche = soumise(fiche_edi(par=auteur))
    assert au_bureau.get(adresse_fiche(fiche, "envoyer")).status_code == 409
    assert envoyer(au_bureau, fiche).status_code == 409
    assert not Operation.objects.exists()


# --- channel portail: the pack -----------------------------------------------------------------------------------


def test_preparer_la_saisie_remet_la_version_approuvee(portail, au_bureau, prete):
    vue = texte(au_bureau.get(adresse_fiche(prete, "envoyer")))
    assert "Préparer la saisie par le canal" in vue
    assert envoyer(au_bureau, prete)["Location"] == adresse_fiche(prete, "pack")
    fiche = relue(prete)
    assert (fiche.version_en_envoi, fiche.etat) == (prete.version, Etat.BROUILLON)
    feuille = texte(au_bureau.get(adresse_fiche(fiche, "pack"))).partition('class="feuille"')[2]
    blocs = [
        "Informations générales",
        "Certificat(s)",
        "Contact technique",
        "Caractéristiques réseaux",
        "Codes interfaces",
        "Commentaires",
    ]
    places = [feuille.index(f">{bloc}") for bloc in blocs]
    assert places == sorted(places)
    for attendu in ("Créer Fiche EDI", "Confirmer et envoyer", fiche.version.empreinte, "FSO1100A", "certificat_0.p7b"):
        assert attendu in feuille


def test_le_zip_porte_la_feuille_le_contenu_et_les_certificats(portail, au_bureau, prete):
    fiche = prise(prete)
    reponse = au_bureau.get(adresse_fiche(fiche, "pack_zip"))
    with zipfile.ZipFile(io.BytesIO(reponse.content)) as archive:
        noms = set(archive.namelist())
        sommes = dict(ligne.split("  ")[::-1] for ligne in archive.read("SHA256SUMS").decode().splitlines())
        assert noms == {"fiche.html", "SHA256SUMS", *sommes}
        for nom, somme in sommes.items():
            assert hashlib.sha256(archive.read(nom)).hexdigest() == somme
        assert sommes["contenu.json"] == fiche.version.empreinte
        feuille = archive.read("fiche.html").decode()
    assert fiche.version.empreinte in feuille
    assert "/static/" not in feuille
    assert Evenement.objects.filter(type=Evenement.Type.EXPORT, details__fiche=fiche.pk).exists()
    certificat = au_bureau.get(adresse_fiche(fiche, "pack_certificat", "les_deux"))
    assert hashlib.sha256(certificat.content).hexdigest() == sommes["certificats/les_deux_certificat_0.p7b"]
    assert "attachment" in certificat["Content-Disposition"]
    assert au_bureau.get(adresse_fiche(fiche, "pack_certificat", "serveur")).status_code == 404


def test_noter_la_saisie(portail, au_bureau, prete):
    fiche = prise(prete)
    reponse = saisir(au_bureau, fiche, code_appli=" vfe039 ")
    assert (reponse.status_code, reponse["Location"]) == (302, adresse_fiche(fiche))
    fiche = relue(fiche)
    assert (fiche.etat, fiche.code_appli, fiche.version_en_envoi) == (Etat.ENVOYEE, "VFE039", None)
    envoi = fiche.evenements.get(type=EvenementFiche.Type.ENVOI)
    assert (envoi.acteur, envoi.details["canal"]) == (au_bureau.personne, "portail")


def test_une_date_absurde_ne_perd_pas_la_saisie(portail, au_bureau, prete, subtests):
    fiche = prise(prete)
    for jours, dit in ((-3, "jour de l’approbation"), (1, "jour de l’approbation"), (None, "obligatoire")):
        jour = "" if jours is None else (timezone.localdate() + dt.timedelta(days=jours)).isoformat()
        with subtests.test(jours=jours):
            vue = texte(saisir(au_bureau, fiche, jour=jour, code_appli="VFE777"))
            assert dit in vue
            assert "VFE777" in vue
            assert relue(fiche).etat == Etat.BROUILLON


def test_une_saisie_d_un_jour_passe_est_datee_de_ce_jour(portail, au_bureau, auteur):
    with time_machine.travel(timezone.now() - dt.timedelta(days=4)):
        fiche = prise(approuvee(fiche_edi(par=auteur)))
    jour = timezone.localdate() - dt.timedelta(days=2)
    saisir(au_bureau, fiche, jour=jour.isoformat())
    assert timezone.localtime(relue(fiche).envoyee_le).date() == jour


def test_ce_que_la_machine_envoie_ne_se_note_ni_ne_s_abandonne_comme_une_saisie(auteur):
    manager = CollaborateurFactory(manager=True)
    fiche = approuvee(fiche_edi(par=auteur))
    version = prendre_pour_envoi(fiche, canal=Canal.API, par=None)
    for geste in (
        lambda: pack.noter_saisie(fiche, version=version.pk, jour=timezone.localdate(), par=manager),
        lambda: pack.abandonner_saisie(fiche, version=version.pk, motif="m", par=manager),
    ):
        with pytest.raises(ActionInterdite, match="machine"):
            geste()
    assert relue(fiche).version_en_envoi == version


def test_abandonner_demande_un_motif_et_garde_l_approbation(portail, au_bureau, prete):
    fiche = prise(prete)
    adresse = adresse_fiche(fiche, "abandonner")
    assert "obligatoire" in texte(au_bureau.post(adresse, {"version": fiche.version_en_envoi_id, "motif": " "}))
    assert au_bureau.post(adresse, {"version": fiche.version_en_envoi_id + 1, "motif": "m"}).status_code == 409
    au_bureau.post(adresse, {"version": fiche.version_en_envoi_id, "motif": "Portail fermé."})
    fiche = relue(fiche)
    assert (fiche.version_en_envoi, fiche.approbation) == (None, Approbation.APPROUVEE)
    assert fiche.evenements.filter(texte__contains="Portail fermé.").exists()
    assert au_bureau.get(adresse).status_code == 409


def test_sans_envoi_pas_de_dossier_de_saisie(portail, au_bureau, prete):
    for nom in ("pack", "pack_zip"):
        assert au_bureau.get(adresse_fiche(prete, nom)).status_code == 409


# --- afterwards --------------------------------------------------------------------------------------------------


def test_constater_avec_sa_preuve(au_bureau, auteur):
    fiche = envoyee(fiche_edi(par=auteur))
    adresse = adresse_fiche(fiche, "constater")
    assert "obligatoire" in texte(au_bureau.post(adresse, {"preuve": ""}))
    au_bureau.post(adresse, {"preuve": "Vue à 9 h sur le portail.", "code_appli": "VFE042"})
    fiche = relue(fiche)
    assert (fiche.etat, fiche.code_appli) == (Etat.ACTIVEE, "VFE042")
    assert "Vue à 9 h sur le portail." in texte(au_bureau.get(adresse_fiche(fiche)))
    assert au_bureau.get(adresse).status_code == 409


@pytest.mark.parametrize(
    ("nom", "depart", "arrivee"),
    [("retirer", envoyee, Etat.BROUILLON), ("desactiver", activee, Etat.DESACTIVEE)],
)
def test_retirer_et_desactiver_donnent_leur_motif(nom, depart, arrivee, au_bureau, auteur):
    fiche = depart(fiche_edi(par=auteur))
    avant = fiche.etat
    assert "obligatoire" in texte(au_bureau.post(adresse_fiche(fiche, nom), {"motif": "  "}))
    assert relue(fiche).etat == avant
    au_bureau.post(adresse_fiche(fiche, nom), {"motif": "Demandé au support."})
    assert relue(fiche).etat == arrivee
    tard = au_bureau.post(adresse_fiche(fiche, nom), {"motif": "Encore une fois."})
    assert (tard.status_code, "Encore une fois." in texte(tard)) == (409, True)


def test_une_desactivation_s_annule(au_bureau, auteur):
    fiche = activee(fiche_edi(par=auteur))
    au_bureau.post(adresse_fiche(fiche, "desactiver"), {"motif": "Par erreur."})
    au_bureau.post(adresse_fiche(fiche, "reactiver"), {"motif": "C’était une erreur."})
    assert relue(fiche).etat == Etat.ACTIVEE


def test_non_activee_le_texte_pour_le_support_est_pret(au_bureau, auteur):
    fiche = envoyee(fiche_edi(par=auteur))
    assert "Non activée" not in texte(au_bureau.get(adresse_fiche(fiche)))
    Fiche.objects.filter(pk=fiche.pk).update(envoyee_le=timezone.now() - dt.timedelta(days=8))
    vue = texte(au_bureau.get(adresse_fiche(fiche)))
    assert "Non activée" in vue
    assert "Message prêt à copier" in vue
    assert fiche.structure.siret in vue


def test_les_requetes_des_sections_ne_suivent_pas_l_histoire(au_bureau, auteur):
    fiche = envoyee(fiche_edi(par=auteur))

    def compter():
        with CaptureQueriesContext(connection) as requetes:
            au_bureau.get(adresse_fiche(fiche))
        return len(requetes)

    compter()
    peu = compter()
    for n in range(30):
        EvenementFiche.objects.create(fiche_id=fiche.pk, type="constat", texte=f"Note {n}.", acteur=auteur)
    assert compter() == peu
