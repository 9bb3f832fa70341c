"""The radar: what the core knows of deadlines, its page, its filters, its exports, who sees what."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dossiers.admin import echeances as pages
from dossiers.echeances import ruban
from dossiers.echeances.radar import Criteres, Echeance, compter_par_mois, delai, jours_de_mois, lire, relever
from dossiers.models import CleApi, Evenement, ImportEcritures
from tests.fabriques import CleApiFactory, CollaborateurFactory, DossierFactory, ImportEcrituresFactory

pytestmark = pytest.mark.django_db
PAGE = "/admin/echeances/"
PARIS_MIDI = datetime(2026, 12, 15, 11, tzinfo=UTC)


@pytest.fixture
def administrateur() -> Any:
    return CollaborateurFactory(administrateur=True)


def entrer(client: Client, personne: Any) -> Client:
    client.force_login(personne, backend="django.contrib.auth.backends.ModelBackend")
    return client


def dans(jours: int) -> date:
    return timezone.localdate() + timedelta(days=jours)


def lien(jours: int, **champs: Any) -> ImportEcritures:
    return ImportEcrituresFactory(lien=True, lien_jusqu_au=timezone.now() + timedelta(days=jours), **champs)


def combien(personne: Any, jours: int = 30) -> int:
    return len(relever(personne, Criteres(jours=jours)).reperes)


def premiere(personne: Any, jours: int = 30) -> Echeance:
    return lire(relever(personne, Criteres(jours=jours)).reperes[:1], personne)[0]


# --- sources -----------------------------------------------------------------------------------------------------


def test_une_cle_renouvelee_ou_archivee_disparait(administrateur: Any) -> None:
    cle = CleApiFactory(expire_le=dans(20))
    assert combien(administrateur) == 1
    cle.expire_le = dans(400)
    cle.save()
    assert combien(administrateur, 365) == 0
    CleApi.objects.update(expire_le=dans(20), archivee_le=timezone.now())
    assert combien(administrateur) == 0


def test_un_lien_compte_tant_que_loop_ne_l_a_pas_lu(administrateur: Any) -> None:
    importation = lien(3)
    assert combien(administrateur) == 1
    for etat in ("en_cours", "termine", "abandonne", "refuse"):
        ImportEcritures.objects.update(etat=etat, demande_id="d-1")
        assert combien(administrateur) == 0, etat
    ImportEcritures.objects.filter(pk=importation.pk).update(etat="pret", source="fichier")
    assert combien(administrateur) == 0


def test_le_depasse_vient_d_abord_et_se_compte(administrateur: Any) -> None:
    CleApiFactory(nom="Tardive", expire_le=dans(-400))
    lien(2)
    assert combien(administrateur) == 2
    tardive = premiere(administrateur)
    assert tardive.delai == "dépassée depuis 400 jours"
    assert tardive.description.objet == "Clé « Tardive »"


@pytest.mark.parametrize(
    ("jours", "mots"),
    [(-2, "dépassée depuis 2 jours"), (-1, "dépassée depuis 1 jour"), (0, "aujourd’hui"), (1, "demain")],
)
def test_les_mots_du_delai(jours: int, mots: str) -> None:
    assert delai(jours) == mots


# --- the clock ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("maintenant", "restants"),
    [
        ("2026-12-31T22:59", 1),  # still 2026 in Paris
        ("2026-12-31T23:01", 0),  # already 1 January
    ],
)
def test_le_jour_est_celui_de_paris(administrateur: Any, maintenant: str, restants: int) -> None:
    CleApiFactory(expire_le=date(2027, 1, 1))
    with time_machine.travel(datetime.fromisoformat(f"{maintenant}+00:00"), tick=False):
        assert premiere(administrateur).jours == restants


@pytest.mark.parametrize(
    ("maintenant", "fin", "jours"),
    [
        ("2028-02-28T12:00", "2028-03-01", 2),  # leap day
        ("2027-02-28T12:00", "2027-03-01", 1),
        ("2027-03-27T12:00", "2027-03-29", 2),  # the clock goes forward
        ("2027-10-30T12:00", "2027-11-01", 2),  # and back
        ("2026-12-30T12:00", "2027-01-02", 3),
    ],
)
def test_un_jour_est_un_jour_du_calendrier(administrateur: Any, maintenant: str, fin: str, jours: int) -> None:
    CleApiFactory(expire_le=date.fromisoformat(fin))
    with time_machine.travel(datetime.fromisoformat(f"{maintenant}+00:00"), tick=False):
        assert premiere(administrateur, jours).jours == jours
        assert combien(administrateur, jours - 1) == 0


@time_machine.travel(PARIS_MIDI, tick=False)
def test_par_mois_compte_douze_mois_a_partir_du_courant(administrateur: Any) -> None:
    for fin in ("2026-11-30", "2026-12-01", "2026-12-31", "2027-02-28", "2027-11-30", "2027-12-01"):
        CleApiFactory(expire_le=date.fromisoformat(fin))
    mois = compter_par_mois(relever(administrateur, Criteres(jours=jours_de_mois(dans(0)))), dans(0))
    assert [premier for premier, *_ in mois] == [date(2026, 12, 1), *(date(2027, m, 1) for m in range(1, 12))]
    assert [nombre for _, nombre, _ in mois] == [2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1]
    assert jours_de_mois(date(2026, 12, 15), 1) == 16


# --- who ---------------------------------------------------------------------------------------------------------


def test_le_portefeuille_et_la_permission() -> None:
    moi = CollaborateurFactory(collaborateur=True, portefeuille=True)
    mien = lien(5, dossier=DossierFactory(engagement_manager=moi.login_loop))
    lien(5)
    CleApiFactory(expire_le=dans(5))
    assert [r.pk for r in relever(moi, Criteres(genre="lien")).reperes] == [mien.pk]
    assert combien(CollaborateurFactory()) == 0


def test_la_page_demande_un_droit_et_tait_les_autres_dossiers(client: Client) -> None:
    entrer(client, CollaborateurFactory())
    assert client.get(PAGE).status_code == 403
    moi = CollaborateurFactory(collaborateur=True, portefeuille=True)
    autre = lien(5, dossier=DossierFactory(code="AUTRE001"))
    page = entrer(client, moi).get(PAGE, {"dossier": "AUTRE001"})
    assert "Aucun dossier ne porte ce code" in page.content.decode()
    assert f"Import n°\u00a0{autre.pk}" not in page.content.decode()


# --- page and exports --------------------------------------------------------------------------------------------


def test_la_page_filtre_par_type_horizon_et_dossier(client: Client, administrateur: Any) -> None:
    entrer(client, administrateur)
    CleApiFactory(nom="Clé proche", expire_le=dans(41))
    CleApiFactory(nom="Clé lointaine", expire_le=dans(200))
    importation = lien(5, dossier=DossierFactory(code="MIEN001"))
    page = client.get(PAGE).content.decode()
    assert page.index(f"Import n°\u00a0{importation.pk}") < page.index("Clé proche") < page.index("Clé lointaine")
    assert f"{dans(41):%d/%m/%Y}" in page
    assert "dans 41 jours" in page
    assert "<svg" in page
    assert "Clé lointaine" not in client.get(PAGE, {"horizon": 60}).content.decode()
    assert "Import n°" not in client.get(PAGE, {"genre": "cle"}).content.decode()
    filtree = client.get(PAGE, {"dossier": "mien001"}).content.decode()
    assert "Import n°" in filtree
    assert "Clé proche" not in filtree


@pytest.mark.parametrize(
    "demande", [{"horizon": "x"}, {"genre": "'"}, {"dossier": "?" * 200}, {"page": "-3"}, {"page": "9" * 30}]
)
def test_un_filtre_absurde_est_dit_sans_erreur(client: Client, administrateur: Any, demande: dict[str, str]) -> None:
    assert entrer(client, administrateur).get(PAGE, demande).status_code == 200
    if "page" not in demande:
        assert client.get(f"{PAGE}export.csv", demande).status_code == 400


def test_les_pages_se_feuillettent_en_gardant_les_filtres(client: Client, administrateur: Any) -> None:
    for rang in range(51):
        CleApiFactory(nom=f"K{rang}", expire_le=dans(rang))
    page = entrer(client, administrateur).get(PAGE, {"genre": "cle", "page": 2}).content.decode()
    assert "Clé « K50 »" in page
    assert "Clé « K0 »" not in page
    assert "?genre=cle&amp;page=1" in page


def test_le_nombre_de_requetes_ne_depend_pas_des_lignes(client: Client, administrateur: Any) -> None:
    entrer(client, administrateur)

    def requetes() -> int:
        with CaptureQueriesContext(connection) as prises:
            assert client.get(PAGE).status_code == 200
        return len(prises)

    for _ in range(2):
        lien(5), CleApiFactory(expire_le=dans(5))
    avant = requetes()
    for _ in range(30):
        lien(5), CleApiFactory(expire_le=dans(5))
    assert requetes() == avant


def test_les_exports_suivent_les_filtres_et_sont_journalises(client: Client, administrateur: Any) -> None:
    entrer(client, administrateur)
    CleApiFactory(nom="=1+1", expire_le=dans(10))
    importation = lien(5)
    reponse = client.get(f"{PAGE}export.csv", {"genre": "cle"})
    lignes = b"".join(reponse.streaming_content).decode("utf-8-sig").split("\r\n")  # type: ignore[attr-defined]
    assert lignes[0] == "Échéance;Jours restants;Type;Objet;Code du dossier;Dossier;À faire"
    assert lignes[1].startswith(f"{dans(10):%d/%m/%Y};10;Clé d’API;Clé « =1+1 »;;;")
    assert len(lignes) == 3
    contenu = b"".join(client.get(f"{PAGE}export.xlsx").streaming_content)  # type: ignore[attr-defined]
    feuille = openpyxl.load_workbook(io.BytesIO(contenu)).active
    rangees = list(feuille.iter_rows(values_only=True))
    assert rangees[1][0] == datetime.combine(dans(5), datetime.min.time())
    assert rangees[1][4] == importation.dossier.code
    assert Evenement.objects.filter(type=Evenement.Type.EXPORT, acteur=administrateur).count() == 2
    entrer(client, CollaborateurFactory())
    assert client.get(f"{PAGE}export.csv").status_code == 403


def test_l_export_donne_tout_meme_au_dela_du_plafond_de_la_page(
    client: Client, administrateur: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for rang in range(5):
        CleApiFactory(expire_le=dans(rang))
        lien(rang)
    monkeypatch.setattr(relever, "__kwdefaults__", {**relever.__kwdefaults__, "plafond": 2})
    monkeypatch.setattr(pages, "PAR_PAQUET", 3)
    entrer(client, administrateur)
    assert len(client.get(PAGE).context["lignes"]) == 4
    lignes = b"".join(client.get(f"{PAGE}export.csv").streaming_content)  # type: ignore[attr-defined]
    jours = [ligne.split(";")[1] for ligne in lignes.decode().splitlines()[1:]]
    assert jours == [str(rang) for rang in range(5) for _ in range(2)]


def test_demander_seulement_l_en_tete_n_exporte_rien(client: Client, administrateur: Any) -> None:
    assert entrer(client, administrateur).head(f"{PAGE}export.csv").status_code == 200
    assert not Evenement.objects.filter(type=Evenement.Type.EXPORT).exists()


@time_machine.travel(PARIS_MIDI, tick=False)
def test_un_mois_incomplet_le_dit_et_un_mois_complet_non(administrateur: Any) -> None:
    for fin in ("2026-12-20", "2027-02-10", "2027-02-11", "2027-05-01"):
        CleApiFactory(expire_le=date.fromisoformat(fin))
    releve = relever(administrateur, plafond=2)
    assert releve.incomplet_des == date(2027, 2, 11)
    mois = compter_par_mois(releve, dans(0))
    assert [(nombre, plus) for _, nombre, plus in mois][:5] == [
        (1, False), (0, False), (1, True), (0, True), (0, True),
    ]  # fmt: skip
    assert "février 2027\u00a0: 1+" in str(ruban.tracer(mois))
    assert relever(administrateur, Criteres(jours=60), plafond=2).incomplet_des == date(2027, 2, 11)
    assert relever(administrateur, Criteres(jours=57), plafond=2).incomplet_des is None
