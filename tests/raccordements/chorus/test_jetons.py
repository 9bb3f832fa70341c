"""The life of a PISTE token, and one token call for any number of callers."""

import threading
import time
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from config.http import ErreurDeReglage, ErreurPassagere
from raccordements.chorus.jetons import ECART_HORLOGES, Jeton, JetonsEnMemoire
from raccordements.chorus.matelas import APPLICATIONS

ORIGINE = datetime(2026, 11, 19, 10, tzinfo=UTC)


def ensemble(nombre, geste):
    """Run `geste(rank)` in that many threads at once; return results or errors."""
    barriere = threading.Barrier(nombre)
    rendus = [None] * nombre

    def courir(rang):
        barriere.wait(10)
        try:
            rendus[rang] = geste(rang)
        except Exception as exc:
            rendus[rang] = exc

    fils = [threading.Thread(target=courir, args=(rang,)) for rang in range(nombre)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join(30)
    assert not any(fil.is_alive() for fil in fils)
    return rendus


# --- life --------------------------------------------------------------------------------------------------------


@given(
    duree=st.floats(min_value=0, max_value=86_400),
    ages=st.lists(st.floats(min_value=0, max_value=100_000), min_size=1, max_size=20),
)
def test_un_jeton_sert_exactement_jusqu_a_80_pour_cent_de_sa_vie(duree, ages):
    """Whatever the rhythm of the calls, a token given is under 80 % of its life, and none is asked for before that."""
    jetons, demandes = JetonsEnMemoire(), []
    with time_machine.travel(ORIGINE, tick=False) as horloge:

        def fabriquer():
            demandes.append(datetime.now(UTC))
            return Jeton(f"j{len(demandes)}", datetime.now(UTC), duree)

        for age in sorted(ages):
            horloge.move_to(ORIGINE + timedelta(seconds=age))
            avant = len(demandes)
            jeton = jetons.obtenir("cle", fabriquer)
            vecu = datetime.now(UTC) - jeton.obtenu_le
            if len(demandes) == avant:
                assert vecu < timedelta(seconds=duree * 0.8)
            else:
                assert vecu == timedelta()
                assert avant == 0 or datetime.now(UTC) - demandes[-2] >= timedelta(seconds=duree * 0.8)


def test_une_horloge_qui_recule_ne_fait_pas_durer_un_jeton():
    jeton = Jeton("j", ORIGINE, 3600)
    assert jeton.utilisable(ORIGINE - ECART_HORLOGES)
    assert not jeton.utilisable(ORIGINE - ECART_HORLOGES - timedelta(seconds=1))


def test_le_jeton_n_est_pas_montre():
    assert "secret" not in repr(Jeton("secret", ORIGINE, 3600))


# --- single flight -----------------------------------------------------------------------------------------------


def test_cinquante_appelants_un_seul_appel():
    jetons, appels = JetonsEnMemoire(), []

    def fabriquer():
        appels.append(1)
        time.sleep(0.2)
        return Jeton("j", datetime.now(UTC), 3600)

    rendus = ensemble(50, lambda _: jetons.obtenir("cle", fabriquer).valeur)
    assert rendus == ["j"] * 50
    assert len(appels) == 1


def test_ceux_qui_attendent_recoivent_la_meme_erreur_et_rien_n_est_garde():
    jetons, appels = JetonsEnMemoire(), []

    def echouer():
        appels.append(1)
        time.sleep(0.3)
        raise ErreurDeReglage("refusé")

    rendus = ensemble(20, lambda _: jetons.obtenir("cle", echouer))
    assert all(isinstance(rendu, ErreurDeReglage) for rendu in rendus)
    assert len(appels) == 1
    assert jetons.obtenir("cle", lambda: Jeton("neuf", datetime.now(UTC), 3600)).valeur == "neuf"


def test_chaque_cle_a_son_jeton():
    jetons = JetonsEnMemoire()
    un, deux = (jetons.obtenir(cle, lambda c=cle: Jeton(c, datetime.now(UTC), 3600)) for cle in ("un", "deux"))
    assert (un.valeur, deux.valeur) == ("un", "deux")


def test_oublier_ne_touche_pas_le_jeton_que_quelqu_un_a_deja_remplace():
    jetons = JetonsEnMemoire()
    ancien = jetons.obtenir("cle", lambda: Jeton("ancien", datetime.now(UTC), 3600))
    jetons.oublier("cle", ancien)
    neuf = jetons.obtenir("cle", lambda: Jeton("neuf", datetime.now(UTC), 3600))
    jetons.oublier("cle", ancien)
    assert jetons.obtenir("cle", pytest.fail) == neuf


# --- through the client ------------------------------------------------------------------------------------------


def test_cinquante_clients_demandent_un_seul_jeton(sim, ouvrir, appels_de_jeton):
    jetons = JetonsEnMemoire()
    clients = [ouvrir(sim.urls("qualification"), jetons=jetons, delai_total=20) for _ in range(50)]
    rendus = ensemble(50, lambda rang: clients[rang].verifier_sante().message)
    assert len(set(rendus)) == 1, rendus
    assert appels_de_jeton() == 1


def test_cinquante_clients_refuses_ensemble_demandent_un_seul_autre_jeton(sim, ouvrir, appels_de_jeton):
    jetons = JetonsEnMemoire()
    clients = [ouvrir(sim.urls("qualification"), jetons=jetons, delai_total=20) for _ in range(50)]
    clients[0].verifier_sante()
    sim.avancer(3601)
    rendus = ensemble(50, lambda rang: clients[rang].verifier_sante().message)
    assert len(set(rendus)) == 1, rendus
    assert appels_de_jeton() == 2


def test_le_jeton_est_redemande_a_80_pour_cent_de_sa_vie(horloge, chorus, appels_de_jeton):
    chorus.verifier_sante()
    horloge.shift(2879)
    chorus.verifier_sante()
    assert appels_de_jeton() == 1
    horloge.shift(2)
    chorus.verifier_sante()
    assert appels_de_jeton() == 2


def test_un_jeton_d_une_seconde_sert_a_l_appel_qui_l_a_demande(horloge, sim, chorus, appels_de_jeton):
    sim.charger(applications=[APPLICATIONS["qualification"] | {"duree": 1}])
    chorus.verifier_sante()
    horloge.shift(1)
    chorus.verifier_sante()
    assert appels_de_jeton() == 2


def test_l_attente_d_un_jeton_lent_reste_bornee(sim, ouvrir):
    sim.poser_pannes([{"type": "goutte_entetes", "chemin": "/qualification/api/oauth/token", "secondes": 0.5}])
    debut = time.monotonic()
    with pytest.raises(ErreurPassagere) as erreur:
        ouvrir(sim.urls("qualification"), delai_total=1).verifier_sante()
    assert time.monotonic() - debut < 2
    assert not erreur.value.effet_possible
