"""One token call for any number of threads, processes and hosts; a holder that dies; errors shared, never kept."""

import threading
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, connections
from django.utils import timezone

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurPassagere
from raccordements.chorus.client import ClientChorus
from raccordements.chorus.jetons import Jeton
from raccordements.chorus.jetons_en_base import JetonsEnBase
from raccordements.models import JetonAcces
from raccordements.services.veille import oublier_les_jetons
from tests.epreuves import repetitions

CLE = "c" * 64
JETON = "POST /qualification/api/oauth/token"


def neuf(valeur="j", duree=3600.0):
    return Jeton(valeur, datetime.now(UTC), duree)


def ensemble(nombre, geste):
    """Run `geste()` in that many threads at once, each with its own connection; return results or errors."""
    barriere, rendus = threading.Barrier(nombre), [None] * nombre

    def courir(rang):
        try:
            connection.ensure_connection()
            barriere.wait(20)
            rendus[rang] = geste()
        except Exception as exc:
            rendus[rang] = exc
        finally:
            connections.close_all()

    fils = [threading.Thread(target=courir, args=(rang,)) for rang in range(nombre)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join(90)
    return rendus


# --- several connections -----------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_des_appelants_en_foule_un_seul_appel_au_simulateur(compte, sim):
    foule = repetitions(12, 50)
    clients = [ClientChorus.pour_identifiants(compte) for _ in range(foule)]
    restants = list(clients)

    def geste():
        with restants.pop() as client:
            return client.verifier_sante().message

    rendus = ensemble(foule, geste)
    assert {type(rendu) for rendu in rendus} == {str}, rendus
    assert sim.compte()["appels"][JETON] == 1


@pytest.mark.django_db(transaction=True)
def test_ceux_qui_attendent_recoivent_l_erreur_et_rien_n_en_est_garde(monkeypatch):
    # On a busy machine everybody takes more than twelve seconds to look twice.
    appels, regards, jetons, dormir = [], Counter(), JetonsEnBase(bail=60, attente=60), time.sleep

    def compter(secondes):
        regards[threading.get_ident()] += 1
        dormir(secondes)

    monkeypatch.setattr("raccordements.chorus.jetons_en_base.time.sleep", compter)

    def refuser():
        appels.append(1)
        # Everybody else has looked twice: they wait for this call.
        while sum(combien >= 2 for combien in regards.copy().values()) < 11 and len(appels) == 1:
            dormir(0.02)
        raise ErreurDeReglage("Application refusée.", code="invalid_client", statut=400)

    rendus = ensemble(12, lambda: jetons.obtenir(CLE, refuser))
    assert {(type(e), e.message, e.code, e.statut) for e in rendus} == {
        (ErreurDeReglage, "Application refusée.", "invalid_client", 400)
    }
    assert len(appels) == 1
    assert jetons.obtenir(CLE, lambda: neuf("apres")).valeur == "apres"


@pytest.mark.django_db(transaction=True)
def test_une_panne_inattendue_laisse_la_place_au_suivant():
    appels, jetons = [], JetonsEnBase()

    def casser():
        appels.append(1)
        time.sleep(0.1)
        if len(appels) == 1:
            raise RuntimeError("bogue")
        return neuf()

    rendus = ensemble(4, lambda: jetons.obtenir(CLE, casser))
    assert sorted(type(rendu).__name__ for rendu in rendus) == ["Jeton", "Jeton", "Jeton", "RuntimeError"]
    assert len(appels) == 2


# --- one connection ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_qui_regarda_pendant_un_appel_qui_echoue_ne_redemande_pas():
    """Everyone who waited would ask in turn: as many refused calls as callers."""
    jetons, pendant = JetonsEnBase(), []

    def refuser():
        pendant.append(JetonAcces.objects.get())
        raise ErreurDeReglage("Application refusée.", code="invalid_client", statut=400)

    with pytest.raises(ErreurDeReglage):
        jetons.obtenir(CLE, refuser)
    assert jetons._prendre(pendant[0]) is None
    assert jetons._prendre(JetonAcces.objects.get()) is not None


@pytest.mark.django_db
def test_une_reussite_efface_l_echec_d_avant():
    """Who waited on the call that failed, and looks again after the next one, finds no error without its words."""
    jetons = JetonsEnBase()

    def refuser():
        raise ErreurDeReglage("Application refusée.", code="invalid_client", statut=400)

    with pytest.raises(ErreurDeReglage):
        jetons.obtenir(CLE, refuser)
    assert JetonAcces.objects.get().bail_echoue is not None
    jetons.obtenir(CLE, neuf)
    assert (JetonAcces.objects.get().bail_echoue, JetonAcces.objects.get().echec) == (None, {})


@pytest.mark.django_db
def test_le_jeton_est_garde_chiffre_et_sert_jusqu_a_80_pour_cent():
    jetons = JetonsEnBase()
    assert jetons.obtenir(CLE, lambda: neuf("le-jeton")).valeur == "le-jeton"
    assert JetonsEnBase().obtenir(CLE, pytest.fail).valeur == "le-jeton"
    with connection.cursor() as curseur:
        curseur.execute("SELECT valeur::text FROM raccordements_jetonacces")
        assert "le-jeton" not in curseur.fetchone()[0]
    assert "le-jeton" not in repr(JetonAcces.objects.get())
    JetonAcces.objects.update(obtenu_le=timezone.now() - timedelta(seconds=2881))
    assert jetons.obtenir(CLE, lambda: neuf("suivant")).valeur == "suivant"


@pytest.mark.django_db
def test_un_tenant_mort_cede_sa_place_a_la_fin_de_son_bail():
    JetonAcces.objects.create(cle=CLE, bail=uuid.uuid4(), bail_jusqu_au=timezone.now() - timedelta(seconds=1))
    assert JetonsEnBase().obtenir(CLE, lambda: neuf("repris")).valeur == "repris"
    assert JetonAcces.objects.get().bail is None


@pytest.mark.django_db
def test_un_tenant_vivant_est_attendu_puis_l_attente_finit():
    JetonAcces.objects.create(cle=CLE, bail=uuid.uuid4(), bail_jusqu_au=timezone.now() + timedelta(minutes=1))
    with pytest.raises(ErreurPassagere) as erreur:
        JetonsEnBase(attente=0.05).obtenir(CLE, pytest.fail)
    assert not erreur.value.effet_possible


@pytest.mark.django_db
def test_un_tenant_reveille_apres_son_bail_n_ecrase_pas_le_jeton_du_suivant():
    jetons = JetonsEnBase()

    def lent():
        JetonAcces.objects.update(bail=uuid.uuid4(), valeur="", obtenu_le=None)
        JetonAcces.objects.update(valeur="du-suivant", obtenu_le=timezone.now(), duree=3600, bail=None)
        return neuf("du-lent")

    assert jetons.obtenir(CLE, lent).valeur == "du-lent"
    assert jetons.obtenir(CLE, pytest.fail).valeur == "du-suivant"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "erreur",
    [
        ErreurPassagere("Indisponible.", effet_possible=False, attendre=30.0, statut=503),
        ErreurDefinitive("Refusé.", code="x", requete_id="r1"),
        ErreurDeReglage("À corriger.", code="invalid_client"),
    ],
)
def test_l_erreur_d_un_autre_garde_sa_famille_et_ses_faits(erreur):
    jetons, autre = JetonsEnBase(), uuid.uuid4()
    JetonAcces.objects.create(cle=CLE, bail=autre, bail_jusqu_au=timezone.now() + timedelta(minutes=1))

    def echouer():
        raise erreur

    # The other holder fails while we sleep.
    vrai = time.sleep
    with pytest.MonkeyPatch.context() as rustine:

        def dormir(secondes):
            JetonAcces.objects.filter(bail=autre).update(bail=None, bail_echoue=autre, echec=en_json(erreur))
            vrai(0)

        from raccordements.chorus.jetons_en_base import _en_json as en_json

        rustine.setattr("raccordements.chorus.jetons_en_base.time.sleep", dormir)
        with pytest.raises(type(erreur)) as recue:
            jetons.obtenir(CLE, pytest.fail)
    assert recue.value.__dict__ == erreur.__dict__
    # Whoever comes later was not waiting: it asks.
    assert jetons.obtenir(CLE, neuf).valeur == "j"


@pytest.mark.django_db
def test_oublier_ne_touche_pas_le_jeton_deja_remplace():
    jetons = JetonsEnBase()
    ancien = jetons.obtenir(CLE, lambda: neuf("ancien"))
    jetons.oublier(CLE, ancien)
    remplacant = jetons.obtenir(CLE, lambda: neuf("remplacant"))
    jetons.oublier(CLE, ancien)
    assert jetons.obtenir(CLE, pytest.fail) == remplacant


@pytest.mark.django_db
def test_les_vieux_jetons_sont_oublies_et_pas_ceux_qu_on_attend():
    JetonsEnBase().obtenir("a" * 64, neuf)
    JetonAcces.objects.create(cle="b" * 64, obtenu_le=timezone.now() - timedelta(days=3))
    JetonAcces.objects.create(cle="d" * 64, bail=uuid.uuid4(), bail_jusqu_au=timezone.now())
    assert oublier_les_jetons() == 1
    assert set(JetonAcces.objects.values_list("cle", flat=True)) == {"a" * 64, "d" * 64}
