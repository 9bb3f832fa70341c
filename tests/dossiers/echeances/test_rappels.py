"""Reminders: at each threshold once, to who is concerned, whatever the days missed and the process killed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, connection
from django.test.utils import CaptureQueriesContext
from hypothesis import given
from hypothesis import strategies as st

from dossiers.echeances import avis as services
from dossiers.echeances import rappels
from dossiers.echeances.rappels import faire_la_tournee, seuil_atteint
from dossiers.echeances.registre import RETARD, SEUILS
from dossiers.echeances.sources import FinDeCle
from dossiers.models import Avis, CleApi, Collaborateur, Preference, Tournee
from tests.fabriques import CleApiFactory, CollaborateurFactory, DossierFactory, ImportEcrituresFactory

pytestmark = pytest.mark.django_db
#: A Tuesday.
DEBUT = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.fixture
def horloge() -> Iterator[Any]:
    with time_machine.travel(DEBUT, tick=False) as voyage:
        yield voyage


@pytest.fixture
def administrateur() -> Any:
    return CollaborateurFactory(administrateur=True)


def avancer(horloge: Any, jours: int) -> None:
    horloge.shift(timedelta(days=jours))


def lien(jours: int, **champs: Any) -> Any:
    return ImportEcrituresFactory(lien=True, lien_jusqu_au=datetime.now(UTC) + timedelta(days=jours), **champs)


def avertis() -> set[Any]:
    return {avis.personne for avis in Avis.objects.select_related("personne")}


# --- thresholds --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("jours", "seuil"),
    [(61, None), (60, 60), (31, 60), (30, 30), (16, 30), (15, 15), (8, 15), (7, 7), (0, 7), (-1, RETARD), (-9, RETARD)],
)
def test_le_seuil_est_le_plus_proche_atteint(jours: int, seuil: int | None) -> None:
    assert seuil_atteint(jours, SEUILS) == seuil


@given(st.integers(-400, 400), st.integers(0, 60))
def test_le_seuil_ne_remonte_jamais(jours: int, passes: int) -> None:
    avant, apres = (seuil_atteint(reste, SEUILS) for reste in (jours, jours - passes))
    assert avant is None or (apres is not None and apres <= avant)


def test_chaque_seuil_est_dit_une_fois(horloge: Any, administrateur: Any) -> None:
    CleApiFactory(expire_le=date(2027, 2, 1))  # 62 days
    dits, comptes = [2, 32, 47, 55, 63], [0]
    # The first day, the last one, each day of a threshold and the day before it.
    for jour in sorted({0, 69, *dits, *(dit - 1 for dit in dits)}):
        horloge.move_to(DEBUT + timedelta(days=jour))
        assert faire_la_tournee()
        faire_la_tournee()
        comptes.append(Avis.objects.count())
        assert (comptes[-1] > comptes[-2]) == (jour in dits), jour
    assert comptes[-1] == len(SEUILS)
    assert Avis.objects.order_by("pk").last().texte.startswith("Clé d’API, échéance dépassée depuis le 01/02/2027")


def test_des_jours_manques_ne_font_qu_un_avis(horloge: Any, administrateur: Any) -> None:
    CleApiFactory(expire_le=date(2027, 1, 31))
    faire_la_tournee()
    assert Avis.objects.count() == 0
    avancer(horloge, 55)  # 6 days left: 60, 30, 15 and 7 were missed
    faire_la_tournee()
    assert [avis.cle.rpartition(":")[2] for avis in Avis.objects.all()] == ["7"]


def test_une_nouvelle_date_se_rappelle_de_nouveau(horloge: Any, administrateur: Any) -> None:
    cle = CleApiFactory(expire_le=date(2026, 12, 6))
    faire_la_tournee()
    cle.expire_le = date(2026, 12, 7)
    cle.save()
    avancer(horloge, 1)
    faire_la_tournee()
    assert Avis.objects.count() == 2


def test_ce_qui_est_regle_ne_se_rappelle_pas(horloge: Any, administrateur: Any) -> None:
    CleApiFactory(expire_le=date(2026, 12, 6), archivee_le=datetime.now(UTC))
    faire_la_tournee()
    assert Avis.objects.count() == 0


@pytest.mark.parametrize(
    ("maintenant", "fin", "dit"),
    [
        ("2026-12-31T22:30", "2027-01-08", False),  # 23:30 in Paris, 8 days left: the 15 days were told
        ("2027-01-01T08:00", "2027-01-08", True),
        ("2028-02-22T08:00", "2028-02-29", True),  # leap day
        ("2027-03-28T08:00", "2027-04-04", True),  # the night the clock goes forward
        ("2027-10-31T08:00", "2027-11-07", True),  # and back
        ("2027-03-28T03:30", "2027-04-04", False),  # 5:30 in Paris, summer time: too early
        ("2027-03-28T04:30", "2027-04-04", True),
    ],
)
def test_l_heure_et_le_jour_sont_ceux_de_paris(administrateur: Any, maintenant: str, fin: str, dit: bool) -> None:
    CleApiFactory(expire_le=date.fromisoformat(fin))
    with time_machine.travel(datetime.fromisoformat(f"{maintenant}+00:00"), tick=False):
        faire_la_tournee()
    assert Avis.objects.filter(cle__endswith=":7").exists() is dit


# --- once, and in several turns ----------------------------------------------------------------------------------


def test_une_tournee_interrompue_reprend_sans_rien_repeter(
    horloge: Any, administrateur: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rappels, "PAQUET", 2)
    for rang in range(5):
        CleApiFactory(expire_le=date(2026, 12, 3 + rang // 2))  # two of the same day across two turns
    assert not faire_la_tournee(paquets=1)
    assert Avis.objects.count() == 2
    assert not faire_la_tournee(paquets=1)
    assert Avis.objects.count() == 4
    assert faire_la_tournee()
    assert Avis.objects.count() == 5
    assert rappels.est_faite(date(2026, 12, 1))


def test_une_panne_au_milieu_ne_perd_ni_ne_repete_rien(
    horloge: Any, administrateur: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    CleApiFactory(expire_le=date(2026, 12, 6))
    monkeypatch.setattr(Tournee, "save", lambda *a, **k: (_ for _ in ()).throw(RuntimeError("tué")))
    with pytest.raises(RuntimeError, match="tué"):
        faire_la_tournee()
    assert Avis.objects.count() == 0
    monkeypatch.undo()
    faire_la_tournee()
    Tournee.objects.update(jour=None)  # as if the day were begun again
    faire_la_tournee()
    assert Avis.objects.count() == 1


def test_une_source_ou_une_ligne_en_panne_ne_retient_pas_les_autres(
    horloge: Any, administrateur: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    cassee = CleApiFactory(nom="Cassée", expire_le=date(2026, 12, 6))
    CleApiFactory(nom="Bonne", expire_le=date(2026, 12, 6))
    decrire = FinDeCle.decrire
    monkeypatch.setattr(
        FinDeCle, "decrire", lambda self, cle, jour: decrire(self, cle, jour) if cle != cassee else 1 / 0
    )
    assert faire_la_tournee()
    assert "Bonne" in Avis.objects.get().texte
    assert f"avis cle : la ligne {cassee.pk}" in caplog.text
    avancer(horloge, 1)
    monkeypatch.setattr(FinDeCle, "lignes", lambda self, jour: CleApi.objects.extra(where=["n_existe_pas"]))
    lien(5)
    assert faire_la_tournee()
    assert set(Avis.objects.values_list("genre", flat=True)) == {"cle", "lien"}
    assert "rappels cle" in caplog.text


def test_la_base_refuse_deux_fois_le_meme_avis(administrateur: Any) -> None:
    Avis.objects.create(personne=administrateur, genre="cle", objet=1, cle="cle:1", texte="t", adresse="/")
    with pytest.raises(IntegrityError):
        Avis.objects.create(personne=administrateur, genre="cle", objet=1, cle="cle:1", texte="t", adresse="/")


# --- who ---------------------------------------------------------------------------------------------------------


def test_les_personnes_en_charge_puis_les_managers_a_sept_jours(horloge: Any, administrateur: Any) -> None:
    maitre, engagement, auteur = (CollaborateurFactory(collaborateur=True) for _ in range(3))
    manager = CollaborateurFactory(manager=True)
    dossier = DossierFactory(maitre_dossier=maitre.login_loop, engagement_manager=engagement.login_loop)
    lien(10, dossier=dossier, cree_par=auteur)
    faire_la_tournee()
    assert avertis() == {maitre, engagement, auteur}
    avancer(horloge, 3)
    faire_la_tournee()
    assert avertis() == {maitre, engagement, auteur, manager}
    assert not Avis.objects.filter(escalade=True).exists()


def test_sans_personne_d_actif_les_administrateurs_sont_prevenus_et_on_le_dit(
    horloge: Any, administrateur: Any
) -> None:
    parti = CollaborateurFactory(collaborateur=True, is_active=False)
    lien(10, dossier=DossierFactory(maitre_dossier=parti.login_loop), cree_par=parti)
    faire_la_tournee()
    assert avertis() == {administrateur}
    assert Avis.objects.get().escalade


def test_sans_personne_d_actif_les_managers_passent_avant_les_administrateurs(
    horloge: Any, administrateur: Any
) -> None:
    manager = CollaborateurFactory(manager=True)
    CollaborateurFactory(manager=True, portefeuille=True)  # not of this dossier
    parti = CollaborateurFactory(collaborateur=True, is_active=False)
    lien(10, dossier=DossierFactory(maitre_dossier=parti.login_loop), cree_par=parti)
    faire_la_tournee()
    assert avertis() == {manager}
    assert Avis.objects.get().escalade


def test_qui_ne_verrait_pas_l_objet_n_est_pas_prevenu(horloge: Any, administrateur: Any) -> None:
    sans_droit = CollaborateurFactory()
    hors_portefeuille = CollaborateurFactory(collaborateur=True, portefeuille=True)
    lien(10, dossier=DossierFactory(maitre_dossier=sans_droit.login_loop), cree_par=hors_portefeuille)
    faire_la_tournee()
    assert avertis() == {administrateur}


def test_les_preferences_sont_suivies(horloge: Any, administrateur: Any) -> None:
    muet, sans_courriel = CollaborateurFactory(administrateur=True), CollaborateurFactory(administrateur=True)
    Preference.objects.create(personne=muet, sans_avis=["cle"], sans_courriel=["cle"])
    Preference.objects.create(personne=sans_courriel, frequence=Preference.Frequence.JAMAIS)
    CleApiFactory(expire_le=date(2026, 12, 6))
    faire_la_tournee()
    assert avertis() == {administrateur, sans_courriel}
    assert [avis.a_envoyer for avis in Avis.objects.filter(personne=sans_courriel)] == [False]


def test_le_nombre_de_requetes_ne_depend_pas_des_echeances(horloge: Any, administrateur: Any) -> None:
    def requetes() -> int:
        Tournee.objects.all().delete()
        with CaptureQueriesContext(connection) as prises:
            faire_la_tournee()
        return len(prises)

    def peupler(nombre: int) -> None:
        for _ in range(nombre):
            CleApiFactory(expire_le=date(2026, 12, 6))
            lien(5)

    peupler(2)
    avant = requetes()
    peupler(30)
    assert requetes() == avant
    assert Avis.objects.count() >= 32
    assert services.non_lus(Collaborateur.objects.get(pk=administrateur.pk))
