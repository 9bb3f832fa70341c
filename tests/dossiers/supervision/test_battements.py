"""Signs of life: written, bounded, missed; and the banner that says so on every page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config import courtier, sante
from dossiers.models import Battement, Epoque
from dossiers.supervision import bandeau, battements, epoque
from dossiers.supervision.horloge import Horloge
from tests.fabriques import CollaborateurFactory

pytestmark = pytest.mark.django_db
Genre = Battement.Genre
LONGTEMPS = timedelta(minutes=12)


def signe(genre: Genre, nom: str = "hote:1", *, age: timedelta = timedelta(0)) -> Battement:
    maintenant = timezone.now()
    return Battement.objects.create(genre=genre, nom=nom, demarre_le=maintenant - LONGTEMPS, battu_le=maintenant - age)


@pytest.fixture
def en_marche() -> None:
    epoque.est_ouverte()
    signe(Genre.EXECUTANT)
    signe(Genre.HORLOGE)


# --- signs of life -----------------------------------------------------------------------------------------------


def test_un_processus_n_a_qu_une_ligne_quoi_qu_il_dure() -> None:
    debut = timezone.now()
    for _ in range(3):
        battements.battre(Genre.EXECUTANT, debut, messages=4)
    (ligne,) = Battement.objects.all()
    assert (ligne.demarre_le, ligne.messages) == (debut, 4)
    assert not battements.est_silencieux(ligne.battu_le)


def test_un_signe_tient_en_deux_requetes(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        battements.battre(Genre.EXECUTANT, timezone.now())


def test_les_morts_sont_oublies_le_dernier_de_son_genre_excepte() -> None:
    signe(Genre.EXECUTANT, "mort:1", age=timedelta(days=2))
    signe(Genre.HORLOGE, "morte:1", age=timedelta(days=3))
    battements.battre(Genre.EXECUTANT, timezone.now())
    assert set(Battement.objects.values_list("genre", flat=True)) == {"executant", "horloge"}
    assert not Battement.objects.filter(nom="mort:1").exists()


def test_le_pouls_d_un_executant_dit_la_longueur_de_la_file() -> None:
    with courtier.client() as client:
        client.delete("passerelle")
        client.rpush("passerelle", "un", "deux")
    try:
        battements.Pouls().battre()
    finally:
        with courtier.client() as client:
            client.delete("passerelle")
    assert Battement.objects.get().messages == 2


def test_un_courtier_muet_n_arrete_pas_le_pouls(settings: Any, tmp_path: Any) -> None:
    settings.CELERY_BROKER_URL = f"redis+socket://{tmp_path}/absent.sock?virtual_host=0"
    battements.Pouls().battre()
    assert Battement.objects.get().messages is None


def test_une_faute_inattendue_n_arrete_pas_le_pouls(monkeypatch: pytest.MonkeyPatch, caplog: Any) -> None:
    """The row of the époque is gone for one beat: the thread says so, and beats again."""
    pouls, battus = battements.Pouls(), []

    def battre() -> None:
        battus.append(1)
        if len(battus) == 1:
            raise Epoque.DoesNotExist
        pouls._arret.set()

    monkeypatch.setattr(pouls, "battre", battre)
    monkeypatch.setattr(pouls._arret, "wait", lambda delai: pouls._arret.is_set())
    monkeypatch.setattr(battements, "close_old_connections", lambda: None)
    monkeypatch.setattr(battements.connection, "close", lambda: None)
    pouls.run()
    assert len(battus) == 2
    assert [trace.levelname for trace in caplog.records if trace.name == battements.__name__] == ["ERROR"]


def test_un_executant_qui_s_arrete_s_efface_devant_un_autre_seulement() -> None:
    pouls = battements.Pouls()
    pouls.battre()
    pouls.join = lambda timeout=None: None  # type: ignore[method-assign,assignment]
    pouls.arreter()
    assert Battement.objects.count() == 1, "le dernier dit depuis quand plus rien ne part"
    signe(Genre.EXECUTANT, "autre:1")
    pouls.arreter()
    assert list(Battement.objects.values_list("nom", flat=True)) == ["autre:1"]


def test_l_horloge_ne_bat_que_lorsque_le_courtier_prend_son_message(monkeypatch: pytest.MonkeyPatch) -> None:
    from celery.beat import PersistentScheduler, SchedulingError

    monkeypatch.setattr("dossiers.supervision.horloge.close_old_connections", lambda: None)
    horloge = Horloge.__new__(Horloge)
    horloge._demarre_le, horloge._prochain = timezone.now(), 0.0

    def refuser(self: Any, *args: Any, **options: Any) -> None:
        raise SchedulingError("courtier absent")

    monkeypatch.setattr(PersistentScheduler, "apply_async", refuser)
    with pytest.raises(SchedulingError):
        horloge.apply_async()
    assert not Battement.objects.exists()
    monkeypatch.setattr(PersistentScheduler, "apply_async", lambda self, *args, **options: "pris")
    assert horloge.apply_async() == "pris"
    assert Battement.objects.get().genre == Genre.HORLOGE


# --- the banner --------------------------------------------------------------------------------------------------


def accueil(client: Client) -> str:
    return client.get(reverse("admin:index")).content.decode()


@pytest.fixture
def quelqu_un(client: Client) -> Client:
    client.force_login(CollaborateurFactory(consultation=True), backend="django.contrib.auth.backends.ModelBackend")
    return client


def test_tout_en_marche_aucun_bandeau(quelqu_un: Client, en_marche: None) -> None:
    assert "bandeau-silence" not in accueil(quelqu_un)


def test_le_bandeau_vient_avec_le_silence_et_s_en_va_avec_lui(quelqu_un: Client, en_marche: None) -> None:
    Battement.objects.filter(genre=Genre.EXECUTANT).update(battu_le=timezone.now() - LONGTEMPS)
    depuis = f"{timezone.localtime(timezone.now() - LONGTEMPS):%d/%m/%Y à %H:%M}"
    page = accueil(quelqu_un)
    assert f"Les tâches ne partent plus depuis le {depuis}" in page
    assert "Prévenez un administrateur" in page
    battements.battre(Genre.EXECUTANT, timezone.now())
    assert "bandeau-silence" not in accueil(quelqu_un)


def test_une_horloge_muette_se_dit_autrement(quelqu_un: Client, en_marche: None) -> None:
    Battement.objects.filter(genre=Genre.HORLOGE).update(battu_le=timezone.now() - LONGTEMPS)
    assert "Les tâches périodiques ne partent plus" in accueil(quelqu_un)


def test_une_base_neuve_dit_que_rien_n_a_demarre(quelqu_un: Client) -> None:
    assert "rien n’a démarré sur cette base" in accueil(quelqu_un)


def test_une_base_restauree_passe_avant_tout(quelqu_un: Client, en_marche: None) -> None:
    Epoque.objects.update(identite="une autre base")
    page = accueil(quelqu_un)
    assert "cette base a été restaurée" in page
    assert "apres_restauration" in page


def test_le_bandeau_est_sur_chaque_page_et_mene_a_la_supervision_qui_peut(client: Client) -> None:
    client.force_login(CollaborateurFactory(manager=True), backend="django.contrib.auth.backends.ModelBackend")
    for nom in ("admin:index", "admin:dossiers_dossier_changelist", "admin:dossiers_operation_changelist", "recherche"):
        page = client.get(reverse(nom)).content.decode()
        assert page.count("bandeau-silence") == 1, nom
        assert reverse("supervision") in page, nom


def test_la_page_de_connexion_n_en_dit_rien(client: Client) -> None:
    assert "bandeau-silence" not in client.get(reverse("admin:login")).content.decode()


def test_le_bandeau_tient_en_une_requete_gardee_quelques_secondes(
    en_marche: None, settings: Any, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(1):
        bandeau.chercher()
    settings.SUPERVISION = settings.SUPERVISION | {"bandeau": 5}
    try:
        bandeau.bandeau_courant()
        with django_assert_num_queries(0):
            assert bandeau.bandeau_courant() is None
    finally:
        bandeau.cache.clear()


# --- /health/ready -----------------------------------------------------------------------------------------------


def test_pret_dit_les_processus_et_la_base(client: Client, en_marche: None) -> None:
    assert sante.controles() == dict.fromkeys(
        ("base", "migrations", "courtier", "executant", "horloge", "restauration"), ""
    )
    Battement.objects.filter(genre=Genre.HORLOGE).update(battu_le=timezone.now() - LONGTEMPS)
    Battement.objects.filter(genre=Genre.EXECUTANT).delete()
    Epoque.objects.update(fermee_le=timezone.now())
    trouves = sante.controles()
    assert trouves["horloge"].startswith("silence depuis le")
    assert trouves["executant"] == "n’a jamais démarré"
    assert "apres_restauration" in trouves["restauration"]
    assert client.get("/health/ready").status_code == 503
