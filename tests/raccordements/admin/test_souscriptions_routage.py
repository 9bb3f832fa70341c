"""The routing simulator and the progress of the portfolio, in the browser."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest
from django.test import Client
from django.utils import timezone

from dossiers.models import Evenement
from raccordements.models import Souscription
from raccordements.souscriptions.etapes import EtatSouscription
from tests.interlocuteurs.admin.conftest import Entrer
from tests.raccordements.admin.test_souscriptions_pages import LISTE, dossier_pret, texte
from tests.raccordements.fabriques_od import LigneAdressageFactory, PlateformeFactory, onboardee, planifiee, souscrite

pytestmark = pytest.mark.django_db
ROUTAGE = f"{LISTE}routage/"


@pytest.fixture
def lecteur(entrer: Entrer) -> Client:
    return entrer(consultation=True)


def demander(client: Client, identifiant: str, **autres: Any) -> Any:
    return client.get(f"{ROUTAGE}?{urlencode({'identifiant': identifiant, 'environnement': 'bac_a_sable', **autres})}")


def dessin(reponse: Any, rang: int = 0) -> ElementTree.Element:
    """The SVG of the page, read as XML: a comma in a number, or a mark left open, would show."""
    page = reponse.content.decode()
    debut = [place for place in range(len(page)) if page.startswith('<svg class="graphique ruban"', place)][rang]
    fin = page.index("</svg>\n</div>", debut) + len("</svg>")
    return ElementTree.fromstring(page[debut:fin])


def test_la_ligne_la_plus_precise_gagne(lecteur: Client) -> None:
    dossier = dossier_pret()
    large = souscrite(ligne=LigneAdressageFactory(dossier=dossier))
    precise = souscrite(ligne=LigneAdressageFactory(dossier=dossier, suffixe="COMPTA"))
    reponse = demander(lecteur, f"{dossier.siren}_compta")
    lue = texte(reponse)
    assert f"<strong>{precise.plateforme.nom} reçoit</strong>" in lue
    assert "non consultée : une ligne plus précise a gagné" in lue
    assert f"<strong>{large.plateforme.nom} reçoit</strong>" in texte(demander(lecteur, f"{dossier.siren}_autre"))
    racine = dessin(reponse)
    titres = [titre.text or "" for titre in racine.iter("title")]
    assert any(precise.plateforme.nom in titre for titre in titres)
    for rect in racine.iter("rect"):
        assert float(rect.attrib["x"]) >= 0
        assert float(rect.attrib["width"]) > 0


def test_un_trou_se_voit_et_se_repare(lecteur: Client) -> None:
    ligne = LigneAdressageFactory(dossier=dossier_pret())
    lue = texte(demander(lecteur, ligne.identifiant))
    assert "Personne ne reçoit" in lue
    assert "sans plateforme ce jour-là" in lue
    assert "Planifiez une souscription sur ces jours" in lue


def test_et_si_je_change_de_plateforme(lecteur: Client) -> None:
    souscription = souscrite(ligne=LigneAdressageFactory(dossier=dossier_pret()))
    autre = PlateformeFactory()
    le = timezone.localdate() + timedelta(days=20)
    avant = list(Souscription.objects.values())
    reponse = demander(
        lecteur,
        souscription.ligne.identifiant,
        hypothese="changement",
        souscription=souscription.pk,
        plateforme=autre.pk,
        le=f"{le:%Y-%m-%d}",
        jour=f"{le:%Y-%m-%d}",
    )
    lue = texte(reponse)
    suite = lue[lue.index("Avec ce changement") :]
    assert "Possible" in suite
    assert f"<strong>{autre.nom} reçoit</strong>" in suite
    assert autre.nom in "".join(titre.text or "" for titre in dessin(reponse, 1).iter("title"))
    assert list(Souscription.objects.values()) == avant
    assert not Evenement.objects.filter(acteur=lecteur.personne).exists()  # type: ignore[attr-defined]


def test_et_si_une_seconde_souscription_se_chevauche(lecteur: Client) -> None:
    souscription = souscrite(ligne=LigneAdressageFactory(dossier=dossier_pret()))
    lue = texte(
        demander(
            lecteur,
            souscription.ligne.identifiant,
            hypothese="nouvelle",
            ligne=souscription.ligne_id,
            plateforme=PlateformeFactory().pk,
            le=f"{timezone.localdate():%Y-%m-%d}",
        )
    )
    assert "Impossible" in lue
    assert "Deux souscriptions se chevauchent" in lue
    assert "celle supposée" in lue


@pytest.mark.parametrize(
    ("hypothese", "manque"),
    [("changement", "souscription"), ("fin", "le"), ("fin_de_ligne", "ligne"), ("nouvelle", "plateforme")],
)
def test_une_supposition_incomplete_le_dit_au_champ(lecteur: Client, hypothese: str, manque: str) -> None:
    ligne = LigneAdressageFactory(dossier=dossier_pret())
    reponse = demander(lecteur, ligne.identifiant, hypothese=hypothese, souscription="x", plateforme="x")
    assert reponse.status_code == 200
    assert manque in reponse.context["hypothese"].errors


@pytest.mark.parametrize("identifiant", ["123", "9" * 300, "999000009_" + "é", "<b>"])
def test_un_identifiant_illisible_le_dit_au_champ(lecteur: Client, identifiant: str) -> None:
    reponse = demander(lecteur, identifiant, jour="9999-99-99")
    assert reponse.status_code == 200
    assert {"identifiant", "jour"} <= set(reponse.context["formulaire"].errors)


def test_un_siren_hors_du_portefeuille_ne_se_simule_pas(limite: Client) -> None:
    souscription = souscrite(ligne=LigneAdressageFactory(dossier=dossier_pret()))
    reponse = demander(limite, souscription.ligne.identifiant)
    assert "Aucun dossier que vous voyez" in texte(reponse)
    assert souscription.plateforme.nom not in texte(reponse)


def test_l_entonnoir_mene_a_ses_listes(lecteur: Client, limite: Client) -> None:
    sans = dossier_pret()
    souscrite(ligne=LigneAdressageFactory(dossier=dossier_pret()))
    onboardee(ligne=LigneAdressageFactory(dossier=dossier_pret()))
    prevues = [planifiee(ligne=LigneAdressageFactory(dossier=dossier_pret())) for _ in range(2)]
    reponse = lecteur.get(f"{LISTE}progression/")
    nombres = {rangee["palier"].libelle: (rangee["nombre"], rangee["adresse"]) for rangee in reponse.context["paliers"]}
    attendus = {"Non commencé": "2", "On-boardé": "1", "Souscrit": "0", "Actif": "1", "Terminé": "0"}
    assert {libelle: nombres[libelle][0] for libelle in attendus} == attendus
    for libelle, nombre in attendus.items():
        liste = lecteur.get(nombres[libelle][1])
        assert liste.context["cl"].result_count == int(nombre), libelle
    assert sans.code in texte(lecteur.get(nombres["Sans souscription"][1]))
    assert lecteur.get(f"{LISTE}sans-souscription/?p=abc").status_code == 200
    csv = lecteur.get(f"{LISTE}progression.csv").getvalue().decode()
    assert "Non commencé;2" in csv
    assert Evenement.objects.filter(type=Evenement.Type.EXPORT, acteur=lecteur.personne).exists()  # type: ignore[attr-defined]
    vide = limite.get(f"{LISTE}progression/").context["paliers"]
    assert {rangee["nombre"] for rangee in vide} == {"0"}
    assert all(une.etat == EtatSouscription.NON_COMMENCEE for une in prevues)
