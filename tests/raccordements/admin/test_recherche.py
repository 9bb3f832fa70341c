"""« Rechercher fiche EDI » and « Rechercher fiche API »: the portal's criteria, columns, totals, within one's sight."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from datetime import date
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dossiers.models import Evenement
from raccordements.admin.recherche.filtres import CriteresAPIForm, CriteresEDIForm
from raccordements.models import EnvironnementChorus, Etat, Fiche, Genre, LigneCode, Mode, Protocole
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.raccordements.fabriques import StructureFactory
from tests.rendu import sans_rendu

pytestmark = pytest.mark.django_db
EDI = "/admin/raccordements/lignecode/"
API = "/admin/raccordements/ficheapi/"
COMPLETE = {"FSO1100A": Mode.COMPLETE}


@pytest.fixture
def entrer(db: None) -> Callable[..., Client]:
    def ouvrir(**situation: Any) -> Client:
        client = Client(raise_request_exception=False)
        client.personne = CollaborateurFactory(**situation)  # type: ignore[attr-defined]
        client.force_login(client.personne, backend="django.contrib.auth.backends.ModelBackend")  # type: ignore[attr-defined]
        return client

    return ouvrir


@pytest.fixture
def lecteur(entrer: Callable[..., Client]) -> Client:
    return entrer(consultation=True)


def fiche(genre: str = Genre.EDI, codes: dict[str, str] | None = None, **champs: Any) -> Fiche:
    """A row as the services leave it; they are not what is tried here."""
    structure = champs.pop("structure", None) or StructureFactory()
    if genre == Genre.EDI:
        champs = {"protocole": Protocole.SFTP, **champs}
        codes = COMPLETE if codes is None else codes
    else:
        champs = {"generation": "piste", **champs}
    creee = Fiche.objects.create(
        genre=genre,
        structure=structure,
        environnement=structure.environnement,
        cree_par=champs.pop("cree_par", None) or CollaborateurFactory(),
        **champs,
    )
    LigneCode.objects.bulk_create(LigneCode(fiche=creee, code_id=c, mode=m) for c, m in (codes or {}).items())
    return creee


def lignes(client: Client, adresse: str, **criteres: Any) -> list[Any]:
    with sans_rendu():
        reponse: Any = client.get(adresse, criteres)
    assert reponse.status_code == 200
    return list(reponse.context_data["cl"].result_list)


def fiches_et_codes(client: Client, **criteres: Any) -> set[tuple[int, str]]:
    return {(ligne.fiche_id, ligne.code_id) for ligne in lignes(client, EDI, **criteres)}


def page(client: Client, adresse: str, **criteres: Any) -> str:
    return client.get(adresse, criteres).content.decode()


def en_csv(client: Client, adresse: str, **criteres: Any) -> list[dict[str, str]]:
    contenu = b"".join(client.get(f"{adresse}export.csv", criteres).streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(contenu), delimiter=";"))


# --- the portal's page -------------------------------------------------------------------------------------------


def test_les_criteres_sont_ceux_du_portail_dans_son_ordre() -> None:
    edi = ["Partenaire", "Protocole de raccordement", "Code interface", "Période de raccordement du", "au"]
    edi += ["Code Appli partenaire", "Etat courant", "Type d’intégration"]
    assert [champ.label for champ in CriteresEDIForm({})] == edi
    assert len(list(CriteresEDIForm({}).rangees)) == 7
    assert [champ.label for champ in CriteresAPIForm({})] == ["Partenaire", "Etat courant", "Code Appli Partenaire"]


def test_une_ligne_par_fiche_et_code_raccorde(lecteur: Client) -> None:
    codes = {"FSO1100A": Mode.COMPLETE, "FEN1200A": Mode.PARTIELLE, "FAR0037A": Mode.AUCUN}
    fiche(codes=codes, supprimee_le=timezone.now())
    fiche(codes={})
    fiche(Genre.API)
    visible = fiche(codes=codes)
    assert [(ligne.fiche_id, ligne.code_id) for ligne in lignes(lecteur, EDI)] == [
        (visible.pk, "FSO1100A"),
        (visible.pk, "FEN1200A"),
    ]


def test_les_mots_et_les_colonnes_du_portail(lecteur: Client) -> None:
    trouvee = fiche(
        structure=StructureFactory(designation="Fournisseur inventé"),
        code_appli="VFE056",
        periode_du=date(2017, 6, 21),
        periode_au=date(2099, 6, 30),
    )
    texte = page(lecteur, EDI)
    for mot in (
        *("Rechercher fiche EDI", "Critères de recherche", "Résultats de la recherche", "Exporter les résultats"),
        *("Tous les codes interface", "Tous les codes", "Tous les états", "25 lignes par page (1 ligne)"),
        *("Protocole de raccordement", "Date de début", "Date de fin", "Etat courant", "Actions"),
        *("Fournisseur inventé", "SFTP", "VFE056", "FSO1100A", "21/06/2017", "30/06/2099", "Brouillon"),
    ):
        assert mot in texte, mot
    assert f"/admin/raccordements/ficheedi/{trouvee.pk}/change/" in texte
    for _ in range(26):
        fiche()
    texte = page(lecteur, EDI)
    assert "25 lignes par page (27 lignes)" in texte
    assert len(lignes(lecteur, EDI)) == 25
    assert len(lignes(lecteur, EDI, p=2)) == 2


def test_le_crayon_est_a_qui_peut_modifier(lecteur: Client, entrer: Callable[..., Client]) -> None:
    fiche()
    assert "visibility" in page(lecteur, EDI)
    redacteur = entrer(collaborateur=True)
    assert ">edit<" in page(redacteur, EDI)
    Fiche.objects.update(etat=Etat.DESACTIVEE)
    assert ">edit<" not in page(redacteur, EDI)


def test_une_ligne_mene_a_sa_fiche(lecteur: Client) -> None:
    trouvee = fiche()
    ligne = trouvee.lignes.get()
    reponse = lecteur.get(f"{EDI}{ligne.pk}/change/")
    assert reponse["Location"] == f"/admin/raccordements/ficheedi/{trouvee.pk}/change/"
    assert lecteur.post(f"{EDI}{ligne.pk}/change/", {}).status_code == 405


# --- criteria ----------------------------------------------------------------------------------------------------


def _monde() -> dict[str, Fiche]:
    """Two sheets that differ by every criterion."""
    nommee = StructureFactory(designation="Ateliers Zéphyrin")
    une = fiche(
        structure=nommee,
        protocole=Protocole.AS2,
        codes={"FSO1100A": Mode.COMPLETE},
        code_appli="VFE039",
        etat=Etat.DESACTIVEE,
        periode_du=date(2026, 1, 1),
        periode_au=date(2026, 6, 30),
    )
    autre = fiche(
        structure=StructureFactory(designation="Garage du Port"),
        protocole=Protocole.PESIT,
        codes={"FEN1200A": Mode.PARTIELLE},
        code_appli="VFE042",
        etat=Etat.ACTIVEE,
        periode_du=date(2026, 7, 1),
    )
    return {"une": une, "autre": autre}


CRITERES: list[tuple[dict[str, Any], set[str]]] = [
    ({"partenaire": "zéphyrin"}, {"une"}),
    ({"partenaire": "Garage du"}, {"autre"}),
    ({"protocole": ["as2"]}, {"une"}),
    ({"protocole": ["as2", "pesit"]}, {"une", "autre"}),
    ({"code": "FEN1200A"}, {"autre"}),
    ({"du": "2026-07-01"}, {"autre"}),
    ({"du": "30/06/2026"}, {"une", "autre"}),
    ({"au": "2026-06-30"}, {"une"}),
    ({"du": "2026-06-30", "au": "2026-07-01"}, {"une", "autre"}),
    ({"code_appli": " vfe039 "}, {"une"}),
    ({"code_appli": "VFE03"}, set()),
    ({"etat": "activee"}, {"autre"}),
    ({"mode": ["partielle"]}, {"autre"}),
    ({"mode": ["partielle", "complete"]}, {"une", "autre"}),
    ({"partenaire": "zéphyrin", "mode": ["partielle"]}, set()),
]


def test_chaque_critere(lecteur: Client, subtests: pytest.Subtests) -> None:
    monde = _monde()
    for criteres, trouvees in CRITERES:
        with subtests.test(criteres=criteres):
            attendues = {monde[nom].pk for nom in trouvees}
            assert {pk for pk, _ in fiches_et_codes(lecteur, **criteres)} == attendues


def test_un_partenaire_se_cherche_par_ses_numeros_comme_on_les_colle(lecteur: Client) -> None:
    cherchee, _ = fiche(), fiche()
    siret = cherchee.structure.siret
    espace = f"{siret[:3]} {siret[3:6]} {siret[6:9]} {siret[9:]}"
    for terme in (siret, espace, siret[:9], str(cherchee.structure), f" {siret} - n’importe quoi"):
        assert {pk for pk, _ in fiches_et_codes(lecteur, partenaire=terme)} == {cherchee.pk}, terme


def test_les_trois_criteres_de_l_api(lecteur: Client) -> None:
    fiche()
    une = fiche(Genre.API, structure=StructureFactory(designation="Ateliers Zéphyrin"), code_appli="SEI009")
    autre = fiche(Genre.API, etat=Etat.ACTIVEE)
    assert [ligne.pk for ligne in lignes(lecteur, API)] == [autre.pk, une.pk]
    assert [ligne.pk for ligne in lignes(lecteur, API, partenaire="zéphyrin")] == [une.pk]
    assert [ligne.pk for ligne in lignes(lecteur, API, code_appli="sei009")] == [une.pk]
    assert [ligne.pk for ligne in lignes(lecteur, API, etat="activee")] == [autre.pk]
    texte = page(lecteur, API)
    for mot in ("Rechercher fiche API", "État courant", "Code Appli Partenaire", "25 lignes par page (2 lignes)"):
        assert mot in texte, mot
    assert [ligne["Partenaire"] for ligne in en_csv(lecteur, API, partenaire="zéphyrin")] == [str(une.structure)]


FAUX: list[tuple[dict[str, Any], str]] = [
    ({"partenaire": "ab"}, "partenaire"),
    ({"partenaire": "x" * 300}, "partenaire"),
    ({"protocole": ["telepathie"]}, "protocole"),
    ({"code": "FSO9999Z"}, "code"),
    ({"du": "demain"}, "du"),
    ({"du": "0001-01-01"}, "du"),
    ({"au": "31/02/2026"}, "au"),
    ({"du": "2026-02-01", "au": "2026-01-01"}, "au"),
    ({"etat": "rejetee"}, "etat"),
    ({"mode": ["aucun"]}, "mode"),
    ({"code_appli": "V" * 21}, "code_appli"),
]


def test_un_critere_faux_le_dit_a_son_champ(lecteur: Client, subtests: pytest.Subtests) -> None:
    fiche()
    for criteres, champ in FAUX:
        with subtests.test(criteres=criteres):
            reponse = lecteur.get(EDI, criteres)
            assert reponse.status_code == 200
            assert list(reponse.context["cl"].criteres.errors) == [champ]
            assert not list(reponse.context["cl"].result_list)
            assert "un critère n’est pas valable" in reponse.content.decode()
            assert en_csv(lecteur, EDI, **criteres) == []


ABSURDES = [
    ("p=999999999999999999999", 200),
    ("p=-1", 200),
    ("p=abc", 200),
    ("all=", 200),
    ("o=9.-9", 200),
    ("partenaire=%25_%25", 200),
    ("partenaire=%00", 400),
    (f"partenaire={'a' * 10_000}", 400),
    ("fiche__structure__dossier__cle__client_secret__startswith=a", 400),
    ("inconnu=1", 302),
]


def test_une_adresse_absurde_n_est_jamais_une_erreur(lecteur: Client, subtests: pytest.Subtests) -> None:
    fiche()
    fiche(Genre.API)
    for adresse in (EDI, API):
        for demande, statut in ABSURDES:
            with subtests.test(adresse=adresse, demande=demande[:70]):
                if adresse == API:
                    demande = demande.replace("fiche__structure", "structure")
                assert lecteur.get(f"{adresse}?{demande}").status_code == statut


def test_le_critere_choisi_reste_a_l_ecran_et_dans_l_adresse(lecteur: Client) -> None:
    for _ in range(26):
        fiche()
    texte = page(lecteur, EDI, protocole=["sftp"], partenaire="inventé", du="01/01/2026")
    assert 'value="inventé"' in texte
    assert 'value="2026-01-01"' in texte
    texte = page(lecteur, EDI, protocole=["sftp", "as2"], mode="complete")
    for nom, valeur in (("protocole", "sftp"), ("protocole", "as2"), ("mode", "complete")):
        assert re.search(rf'name="{nom}" value="{valeur}"[^>]* checked', texte), valeur
    assert not re.search(r'value="pesit"[^>]* checked', texte)
    suite = "?p=2&amp;mode=complete&amp;protocole=sftp&amp;protocole=as2"
    assert suite in texte or "mode=complete&amp;p=2&amp;protocole=sftp&amp;protocole=as2" in texte
    assert f"{EDI}export.csv?mode=complete&amp;protocole=sftp&amp;protocole=as2" in texte


# --- who sees what -----------------------------------------------------------------------------------------------


def test_la_fiche_hors_du_portefeuille_est_absente(entrer: Callable[..., Client]) -> None:
    limite = entrer(manager=True, portefeuille=True)
    personne = limite.personne  # type: ignore[attr-defined]
    mien = fiche(structure=StructureFactory(dossier=DossierFactory(maitre_dossier=personne.login_loop)))
    cree = fiche(cree_par=personne)
    autre = fiche(structure=StructureFactory(dossier=DossierFactory()))
    assert {pk for pk, _ in fiches_et_codes(limite)} == {mien.pk, cree.pk}
    assert not fiches_et_codes(limite, partenaire=autre.structure.siret)
    assert autre.structure.siret not in str(en_csv(limite, EDI))
    assert limite.get(f"{EDI}{autre.lignes.get().pk}/change/").status_code == 404
    fiche(Genre.API, structure=autre.structure)
    assert lignes(limite, API) == []


def test_sans_droit_sur_les_fiches_rien_ne_se_cherche(entrer: Callable[..., Client]) -> None:
    ligne = fiche().lignes.get()
    client = entrer()
    for suite in ("", "export.csv", "export.xlsx", f"{ligne.pk}/change/"):
        assert client.get(f"{EDI}{suite}").status_code == 403, suite
    assert client.get(API).status_code == 403
    assert client.get(f"{EDI}add/").status_code == 403


# --- exports -----------------------------------------------------------------------------------------------------


def test_l_export_a_les_filtres_de_l_ecran(lecteur: Client) -> None:
    monde = _monde()
    une = monde["une"]
    exportees = en_csv(lecteur, EDI, partenaire="zéphyrin")
    assert exportees == [
        {
            "Partenaire": f"{une.structure.siret} - Ateliers Zéphyrin",
            "Protocole de raccordement": "AS2",
            "Code Appli partenaire": "VFE039",
            "Code interface": "FSO1100A",
            "Date de début": "01/01/2026",
            "Date de fin": "30/06/2026",
            "Etat courant": "Désactivée",
            "SIRET": une.structure.siret,
            "Type d’intégration": "Complète",
            "Environnement": "Production",
        }
    ]
    assert len(en_csv(lecteur, EDI)) == 2
    evenement = Evenement.objects.filter(type=Evenement.Type.EXPORT).earliest("id")
    assert evenement.details["filtre"] == "partenaire=z%C3%A9phyrin"


def test_le_siret_reste_un_texte_dans_le_tableur(lecteur: Client) -> None:
    trouvee = fiche(structure=StructureFactory(siret="00000000000149", designation=""), periode_du=date(2026, 1, 2))
    contenu = b"".join(lecteur.get(f"{EDI}export.xlsx").streaming_content)
    feuille = openpyxl.load_workbook(io.BytesIO(contenu)).active
    titres, valeurs = ([cellule.value for cellule in rangee] for rangee in feuille.iter_rows())
    ligne = dict(zip(titres, valeurs, strict=True))
    assert ligne["SIRET"] == ligne["Partenaire"] == trouvee.structure.siret == "00000000000149"
    assert ligne["Date de début"].date() == date(2026, 1, 2)


def test_une_designation_n_est_jamais_une_formule(lecteur: Client) -> None:
    fiche(structure=StructureFactory(designation="=HYPERLINK(1)"))
    assert not en_csv(lecteur, EDI)[0]["Partenaire"].startswith("=")


# --- volume ------------------------------------------------------------------------------------------------------


def _requetes(client: Client, adresse: str) -> int:
    client.get(adresse)
    with CaptureQueriesContext(connection) as captures:
        assert client.get(adresse).status_code == 200
    return len(captures)


@pytest.mark.parametrize("adresse", [f"{EDI}?etat=brouillon&partenaire=invent", f"{API}?etat=brouillon"])
def test_les_requetes_ne_dependent_pas_du_nombre_de_lignes(lecteur: Client, adresse: str) -> None:
    def jusqu_a(nombre: int) -> None:
        genre = Genre.EDI if adresse.startswith(EDI) else Genre.API
        for _ in range(nombre):
            fiche(genre)

    jusqu_a(2)
    peu = _requetes(lecteur, adresse)
    jusqu_a(30)
    assert _requetes(lecteur, adresse) == peu


def test_au_dela_du_plafond_le_total_le_dit(lecteur: Client, plafond: None) -> None:
    for _ in range(30):
        fiche()
    texte = page(lecteur, EDI)
    assert "25 lignes par page (26+ lignes)" in texte


@pytest.fixture
def plafond(monkeypatch: pytest.MonkeyPatch) -> None:
    from config.admin import PaginateurBorne

    monkeypatch.setattr(PaginateurBorne, "PLAFOND", 26)


def test_la_qualification_se_voit(lecteur: Client) -> None:
    fiche(structure=StructureFactory(qualification=True))
    assert EnvironnementChorus.QUALIFICATION.label in page(lecteur, EDI)
