"""The portal's results file: tolerant of its shape, matched, planned, then noted with its evidence."""

import datetime as dt
import io
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from openpyxl import Workbook

from raccordements.affichage import adresse_fiche
from raccordements.models import Etat, EvenementFiche, Fiche
from raccordements.services import portail
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.interlocuteurs.admin.conftest import ROLES
from tests.raccordements.fabriques import StructureFactory, activee, envoyee, fiche_api, fiche_edi, relue, semblables

pytestmark = pytest.mark.django_db
EDI, API = (reverse(f"admin:raccordements_{modele}_resultats") for modele in ("ficheedi", "ficheapi"))
CONFIRMER = reverse("admin:raccordements_ficheedi_resultats_confirmer")
TITRES = (
    "Partenaire",
    "Protocole de raccordement",
    "Code Appli partenaire",
    "Code interface",
    "Date de début",
    "Date de fin",
    "Etat courant",
)


@pytest.fixture
def auteur():
    return CollaborateurFactory(collaborateur=True)


@pytest.fixture
def partie(auteur):
    """An EDI fiche that was sent."""
    return envoyee(fiche_edi(par=auteur))


def rangee(fiche, etat="Activée", code_appli="VFE039", interface="FSO1100A"):
    partenaire = f"{fiche.structure.siret} - {fiche.structure.designation}"
    return (partenaire, fiche.get_protocole_display(), code_appli, interface, "01/01/2026", "", etat)


def csv(*rangees, titres=TITRES, separateur=";", encodage="utf-8-sig"):
    return "".join(separateur.join(ligne) + "\r\n" for ligne in (titres, *rangees)).encode(encodage)


def deposer(client, octets, *, nom="resultats.csv", adresse=EDI, environnement="production", exporte_le=None):
    instant = timezone.localtime(exporte_le or timezone.now() + dt.timedelta(seconds=30))
    donnees = {
        "fichier": SimpleUploadedFile(nom, octets),
        "environnement": environnement,
        "exporte_le": f"{instant:%Y-%m-%dT%H:%M:%S}",
    }
    return client.post(adresse, donnees)


def texte(reponse):
    return re.sub(r"\s+", " ", reponse.content.decode())


def comptes(reponse):
    return {nom: int(n) for nom, n in re.findall(r'data-compte="(\w+)">(\d+)<', reponse.content.decode())}


def confirmer(client, reponse, adresse=CONFIRMER):
    (scelle,) = re.findall(r'name="plan" value="([^"]+)"', reponse.content.decode())
    return client.post(adresse, {"plan": scelle})


# --- rights ------------------------------------------------------------------------------------------------------


def test_chaque_adresse_par_role(en_role, partie):
    for role in ROLES:
        attendu = 403 if role == "consultation" else 200
        with en_role(role) as client:
            assert (client.get(EDI).status_code, client.get(API).status_code) == (attendu, attendu)
            assert deposer(client, csv(rangee(partie))).status_code == attendu
            assert client.get(CONFIRMER).status_code == 405
            assert client.post(CONFIRMER, {"plan": "faux"}).status_code == (403 if role == "consultation" else 409)
            assert relue(partie).etat == Etat.ENVOYEE


@pytest.mark.parametrize(("role", "visible"), [("consultation", False), ("collaborateur", True)])
def test_la_liste_y_mene_qui_le_peut(role, visible, entrer):
    client = entrer(**{role: True})
    for adresse in (EDI, API):
        assert (f'href="{adresse}"' in texte(client.get(adresse.removesuffix("resultats/")))) is visible


def test_une_fiche_hors_du_portefeuille_reste_inconnue(limite, auteur):
    ailleurs = envoyee(fiche_edi(par=auteur, structure=StructureFactory(dossier=DossierFactory())))
    reponse = deposer(limite, csv(rangee(ailleurs)))
    assert comptes(reponse) == {"introuvable": 1}
    assert adresse_fiche(ailleurs) not in texte(reponse)


def test_le_plan_d_un_autre_ne_vaut_rien(au_bureau, entrer, partie):
    plan = deposer(au_bureau, csv(rangee(partie)))
    assert confirmer(entrer(manager=True), plan).status_code == 409
    assert au_bureau.post(CONFIRMER, {"plan": "x" + "y" * 40}).status_code == 409
    assert relue(partie).etat == Etat.ENVOYEE


# --- shape of the file -------------------------------------------------------------------------------------------


def classeur(*rangees):
    feuille, tampon = Workbook(), io.BytesIO()
    for ligne in (("Export du portail",), TITRES, *rangees):
        feuille.active.append(ligne)
    feuille.save(tampon)
    return tampon.getvalue()


FORMES = {
    "telle quelle": lambda r: (csv(*r), "r.csv"),
    "latin-1": lambda r: (csv(*r, encodage="cp1252"), "r.csv"),
    "virgules": lambda r: (csv(*r, separateur=","), "r.csv"),
    "tabulations": lambda r: (csv(*r, separateur="\t"), "r.txt"),
    "accent et casse": lambda r: (csv(*r, titres=(*TITRES[:-1], "ÉTAT COURANT")), "r.csv"),
    "desordre et inconnues": lambda r: (
        csv(*[("?", *ligne[::-1]) for ligne in r], titres=("Actions", *TITRES[::-1])),
        "r.csv",
    ),
    "titre au-dessus": lambda r: (b"Resultats de la recherche\r\n\r\n" + csv(*r, encodage="utf-8"), "r.csv"),
    "classeur": lambda r: (classeur(*r), "r.xlsx"),
}


def test_toutes_les_formes_donnent_le_meme_plan(au_bureau, partie, subtests):
    for forme, ecrire in FORMES.items():
        octets, nom = ecrire([rangee(partie), rangee(partie, interface="FSO1110A")])
        with subtests.test(forme):
            reponse = deposer(au_bureau, octets, nom=nom)
            assert comptes(reponse) == {"noter": 1}, texte(reponse)
            assert "De «\u00a0Envoyée\u00a0» à «\u00a0Activée\u00a0»" in reponse.content.decode()


def test_toutes_les_ecritures_de_l_etat(au_bureau, partie, subtests):
    for mot in ("Activée", "ACTIVEE", "activée", "Activee"):
        with subtests.test(mot):
            assert comptes(deposer(au_bureau, csv(rangee(partie, mot)))) == {"noter": 1}


def test_un_fichier_qui_n_en_est_pas_un_est_explique(au_bureau, subtests):
    for octets, nom, dit in (
        (b"a;b\r\n1;2\r\n", "r.csv", "Exporter les résultats"),
        (b"PK\x03\x04 faux", "r.xlsx", "abîmé"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "r.xls", "ancien classeur"),
        (b"x", "r.pdf", "ne s’importent pas"),
        (b"\x00\x01\x02" * 100, "r.csv", "n’est pas un tableau"),
    ):
        with subtests.test(dit):
            reponse = deposer(au_bureau, octets, nom=nom)
            assert (reponse.status_code, dit in texte(reponse)) == (409, True)


def test_ce_que_le_fichier_ne_dit_pas_est_demande(au_bureau):
    demain = timezone.now() + dt.timedelta(days=1)
    assert "à venir" in texte(deposer(au_bureau, csv(), exporte_le=demain))
    assert "obligatoire" in texte(deposer(au_bureau, csv(), environnement=""))


# --- verdicts ----------------------------------------------------------------------------------------------------


def test_confirmer_note_l_activation_le_code_et_la_preuve(au_bureau, partie):
    bilan = confirmer(au_bureau, deposer(au_bureau, csv(rangee(partie))))
    assert comptes(bilan) == {"notees": 1, "contraires": 0, "refus": 0}
    fiche = relue(partie)
    assert (fiche.etat, fiche.code_appli, fiche.version_active) == (Etat.ACTIVEE, "VFE039", partie.version_envoyee)
    activation = fiche.evenements.get(type=EvenementFiche.Type.ACTIVATION)
    assert (activation.acteur, activation.details["preuve"]["fichier"]) == (au_bureau.personne, "resultats.csv")
    assert activation.details["preuve"]["lignes"] == "2"
    assert comptes(deposer(au_bureau, csv(rangee(fiche)))) == {"deja": 1}


def test_chaque_verdict_a_sa_raison(au_bureau, auteur, partie):
    active = activee(fiche_edi(par=auteur))
    inconnue = ("99900099999999 - Inconnue", "SFTP", "VFE777", "FSO1100A", "", "", "Activée")
    voisine = envoyee(fiche_edi(par=auteur, structure=partie.structure))
    mot = envoyee(fiche_edi(par=auteur))
    deux = envoyee(fiche_edi(par=auteur))
    reponse = deposer(
        au_bureau,
        csv(
            rangee(active, "Brouillon"),
            inconnue,
            rangee(partie, code_appli=""),
            rangee(mot, "En étude", "VFE050"),
            rangee(deux, "Activée", "VFE051"),
            rangee(deux, "Envoyée", "VFE051"),
        ),
    )
    assert comptes(reponse) == {"contraire": 1, "introuvable": 2, "incompris": 2}
    vue = texte(reponse)
    assert f"n° {partie.pk}, n° {voisine.pk}" in vue
    assert "aucun des cinq états" in vue
    assert "plusieurs états" in vue


def test_un_etat_contraire_s_ecrit_une_fois_dans_l_histoire(au_bureau, auteur):
    active = activee(fiche_edi(par=auteur))
    octets = csv(rangee(active, "Envoyée"))
    bilan = confirmer(au_bureau, deposer(au_bureau, octets))
    assert comptes(bilan)["contraires"] == 1
    assert relue(active).etat == Etat.ACTIVEE
    assert active.evenements.filter(type=EvenementFiche.Type.CONSTAT).count() == 1
    assert comptes(deposer(au_bureau, octets)) == {"deja": 1}


def test_un_fichier_anterieur_a_l_envoi_ne_dit_rien_de_lui(au_bureau, partie):
    hier = timezone.now() - dt.timedelta(days=1)
    assert comptes(deposer(au_bureau, csv(rangee(partie)), exporte_le=hier)) == {"ancien": 1}


def test_une_fiche_qui_change_entre_le_plan_et_la_confirmation_est_laissee(au_bureau, partie):
    plan = deposer(au_bureau, csv(rangee(partie)))
    Fiche.objects.filter(pk=partie.pk).update(envoyee_le=timezone.now() + dt.timedelta(hours=1))
    assert comptes(confirmer(au_bureau, plan)) == {"notees": 0, "contraires": 0, "refus": 1}
    assert relue(partie).etat == Etat.ENVOYEE


def test_le_code_d_un_autre_partenaire_n_est_pas_note(au_bureau, auteur, partie):
    autre = activee(fiche_edi(par=auteur))
    assert autre.code_appli == "VFE039"
    assert comptes(deposer(au_bureau, csv(rangee(partie, "Activée", "VFE039")))) == {"incompris": 1}


def test_l_environnement_et_le_genre_separent(au_bureau, auteur, partie):
    assert comptes(deposer(au_bureau, csv(rangee(partie)), environnement="qualification")) == {"introuvable": 1}
    api = envoyee(fiche_api(par=auteur))
    lignes = csv(
        (f"{api.structure.siret} - X", "VFE060", "ENVOYEE"),
        titres=("Partenaire", "Code Appli Partenaire", "État courant"),
    )
    assert comptes(deposer(au_bureau, lignes, adresse=API)) == {"noter": 1}
    assert comptes(deposer(au_bureau, lignes)) == {"introuvable": 1}


def test_les_ecritures_sont_bornees(au_bureau, auteur, monkeypatch):
    monkeypatch.setattr(portail, "MAXIMUM", 2)
    fiches = [envoyee(fiche_edi(par=auteur)) for _ in range(3)]
    octets = csv(*[rangee(fiche, code_appli=f"VFE10{n}") for n, fiche in enumerate(fiches)])
    plan = deposer(au_bureau, octets)
    assert "déposez de nouveau le même fichier" in texte(plan)
    assert comptes(confirmer(au_bureau, plan))["notees"] == 2
    assert comptes(confirmer(au_bureau, deposer(au_bureau, octets)))["notees"] == 1


def test_les_requetes_du_plan_ne_suivent_pas_les_lignes(au_bureau, partie):
    fiches = [partie, *semblables(partie, 1)]

    def compter():
        octets = csv(*[rangee(fiche, code_appli=f"VFE1{n:02d}") for n, fiche in enumerate(fiches)])
        with CaptureQueriesContext(connection) as requetes:
            assert comptes(deposer(au_bureau, octets)) == {"noter": len(fiches)}
        return len(requetes)

    compter()
    peu = compter()
    fiches += semblables(partie, 30)
    assert compter() == peu
