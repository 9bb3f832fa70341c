"""Routing simulator and conflict detector, against a reference that looks at every day one by one."""

import datetime as dt
import random
from dataclasses import replace
from itertools import combinations, pairwise

from hypothesis import given
from hypothesis import strategies as st

from raccordements.od.schemas import Ligne, Niveau
from raccordements.souscriptions import conflits as detecteur
from raccordements.souscriptions.conflits import (
    ChangementDePlateforme,
    Fin,
    FinDeLigne,
    Genre,
    NouvelleLigne,
    NouvelleSouscription,
    conflits,
    consequences,
    supposer,
)
from raccordements.souscriptions.routage import Destinataire, LigneDatee, Motif, Route, frise, qui_recoit
from tests.epreuves import repetitions
from tests.raccordements.souscriptions.oracle import (
    JOURS,
    SIREN,
    SIRETS,
    accord,
    destinataires,
    jours,
    reference,
    reseau,
)

CAS = repetitions(20_000, 100_000)
UN = dt.timedelta(days=1)
LUNDI = dt.date(2026, 6, 1)


def route(numero=1, *, debut=LUNDI, fin=None, plateforme=1, endpoint="", acquise=True):
    return Route(
        souscription=numero,
        plateforme_id=plateforme,
        plateforme=f"Plateforme {plateforme}",
        endpoint=endpoint,
        debut=debut,
        fin=fin,
        acquise=acquise,
    )


def ligne(id_=1, *routes, niveau=Niveau.SIREN, debut=LUNDI, fin=None, **parties):
    adresse = Ligne(niveau=niveau, siren=SIREN, **parties)
    return LigneDatee(id=id_, adresse=adresse, debut=debut, fin=fin, routes=routes)


def test_des_cas_par_milliers_s_accordent_avec_la_reference():
    hasard = random.Random(2026)
    pour_qui = destinataires()
    faits = bords = servis = 0
    while faits < CAS:
        lignes = reseau(hasard)
        periodes = [periode for ligne in lignes for periode in (ligne, *ligne.routes)]
        limites = {p.debut - UN for p in periodes} | {p.debut for p in periodes}
        limites |= {jour for p in periodes if p.fin for jour in (p.fin, p.fin + UN)}
        choisis = sorted(limites & set(JOURS)) + hasard.sample(JOURS, 5)
        for destinataire in hasard.sample(pour_qui, 6):
            for jour in choisis:
                attendu = reference(lignes, destinataire, jour)
                assert accord(qui_recoit(lignes, destinataire, jour)) == attendu, (lignes, destinataire, jour)
                faits, bords, servis = faits + 1, bords + (jour in limites), servis + (attendu is not None)
    assert bords > CAS // 2
    assert CAS // 4 < servis < faits


@given(graine=st.integers(0, 2**32), rang=st.integers(0, 26), acquises_seules=st.booleans())
def test_la_frise_dit_chaque_jour_ce_que_dit_la_reference(graine, rang, acquises_seules):
    lignes, destinataire = reseau(random.Random(graine)), destinataires()[rang]
    vues = lignes
    if acquises_seules:
        vues = tuple(replace(li, routes=tuple(r for r in li.routes if r.acquise)) for li in lignes)
    segments = frise(lignes, destinataire, du=JOURS[0], au=JOURS[-1], acquises_seules=acquises_seules)
    assert (segments[0].debut, segments[-1].fin) == (JOURS[0], JOURS[-1])
    assert all(apres.debut == avant.fin + UN for avant, apres in pairwise(segments))
    for jour in JOURS:
        segment = next(s for s in segments if s.debut <= jour <= s.fin)
        assert accord(segment.reception) == reference(vues, destinataire, jour)


@given(st.integers(0, 2**32))
def test_les_conflits_sont_ceux_que_l_on_voit_jour_par_jour(graine):
    lignes = reseau(random.Random(graine))
    vus = conflits(lignes)

    def jours_de(genre, *identifiants):
        trouves = [c for c in vus if c.genre is genre and set(c.lignes) <= set(identifiants)]
        return set().union(*(jours(c.debut, c.fin) for c in trouves))

    for une in lignes:
        nom = une.adresse.identifiant
        memes = [autre for autre in lignes if autre.cle == une.cle]
        noms = {autre.adresse.identifiant for autre in memes}
        attendus = set()
        for a, b in combinations(memes, 2):
            attendus |= jours(a.debut, a.fin) & jours(b.debut, b.fin)
        assert jours_de(Genre.LIGNES, *noms) == attendus
        if len(memes) == 1:
            couverts = set().union(*(jours(r.debut, r.fin) for r in une.routes))
            assert jours_de(Genre.TROU, nom) == jours(une.debut, une.fin) - couverts
            doubles = set()
            for a, b in combinations(une.routes, 2):
                doubles |= jours(a.debut, a.fin) & jours(b.debut, b.fin)
            assert jours_de(Genre.SOUSCRIPTIONS, nom) == doubles
            dehors = {r.souscription for r in une.routes if jours(r.debut, r.fin) - jours(une.debut, une.fin)}
            assert {c.souscriptions[0] for c in vus if c.genre is Genre.HORS_LIGNE and c.lignes == (nom,)} == dehors
    partages = {
        frozenset((a.souscription, b.souscription))
        for la, lb in combinations(lignes, 2)
        for a in la.routes
        for b in lb.routes
        if a.endpoint and a.endpoint == b.endpoint
    }
    assert {frozenset(c.souscriptions) for c in vus if c.genre is Genre.ENDPOINT} == partages


def test_les_comparaisons_croissent_comme_les_lignes(monkeypatch):
    """Two thousand lines of one recipient that follow each other, each with its platform: no pair is compared twice."""
    vues = 0
    fin = detecteur._fin

    def compter(periode):
        nonlocal vues
        vues += 1
        return fin(periode)

    monkeypatch.setattr(detecteur, "_fin", compter)
    jours_ = [LUNDI + rang * UN for rang in range(2_000)]
    suites = [
        ligne(rang, route(rang, debut=jour, fin=jour, endpoint=f"https://pa.example/{rang}"), debut=jour, fin=jour)
        for rang, jour in enumerate(jours_, 1)
    ]
    fidele = ligne(9_999, *(route(r, debut=j, fin=j, endpoint="https://pa.example/e") for r, j in enumerate(jours_)))
    assert conflits(suites) == ()
    assert [c.genre for c in conflits([replace(fidele, fin=jours_[-1])])] == []
    assert vues < 40 * len(jours_)


def test_la_ligne_la_plus_fine_l_emporte_dans_l_ordre_de_l_annuaire():
    parties = {"siret": SIRETS[0], "code_routage": "ACHATS", "suffixe": "AGENCE"}
    lignes = [
        ligne(1, route(1)),
        ligne(2, route(2), niveau=Niveau.SIRET, siret=SIRETS[0]),
        ligne(3, route(3), niveau=Niveau.CODE_ROUTAGE, siret=SIRETS[0], code_routage="ACHATS"),
        ligne(4, route(4), niveau=Niveau.SUFFIXE, suffixe="AGENCE"),
    ]
    tout = Destinataire(siren=SIREN, **parties)
    for restantes, gagnante in ((4, 4), (3, 3), (2, 2), (1, 1)):
        trouvee = qui_recoit(lignes[:restantes], tout, LUNDI)
        assert (trouvee.ligne.id, trouvee.exacte) == (gagnante, gagnante == 4)
    assert qui_recoit([], tout, LUNDI).ligne is None


def test_une_ligne_sans_plateforme_s_efface_et_se_dit():
    siret = ligne(2, niveau=Niveau.SIRET, siret=SIRETS[0])
    finie = ligne(3, route(3), niveau=Niveau.SIRET, siret=SIRETS[0], debut=LUNDI - 9 * UN, fin=LUNDI - UN)
    trouvee = qui_recoit([ligne(1, route(1)), siret, finie], Destinataire.lire(SIREN), LUNDI)
    assert (trouvee.exacte, trouvee.ecartees) == (True, ())
    trouvee = qui_recoit([ligne(1, route(1)), siret, finie], Destinataire(siren=SIREN, siret=SIRETS[0]), LUNDI)
    assert (trouvee.ligne.id, trouvee.exacte) == (1, False)
    assert trouvee.ecartees == ((siret, Motif.SANS_PLATEFORME), (finie, Motif.HORS_PERIODE))


def test_ce_qui_n_est_que_prevu_ne_recoit_pas_encore():
    lignes = [ligne(1, route(1, acquise=False))]
    assert qui_recoit(lignes, Destinataire(siren=SIREN), LUNDI).route is not None
    assert qui_recoit(lignes, Destinataire(siren=SIREN), LUNDI, acquises_seules=True).route is None


def test_un_changement_de_plateforme_suppose_ne_laisse_ni_trou_ni_double():
    lignes = [ligne(1, route(1, fin=LUNDI + 30 * UN), fin=LUNDI + 30 * UN)]
    changement = ChangementDePlateforme(
        souscription=1, plateforme_id=2, plateforme="Plateforme 2", endpoint="https://pa.example/2", le=LUNDI + 10 * UN
    )
    suite = consequences(lignes, changement, destinataire=Destinataire(siren=SIREN), du=LUNDI, au=LUNDI + 30 * UN)
    assert (suite.possible, suite.apparus, suite.disparus) == (True, (), ())
    assert [(s.debut, s.fin, s.reception.route.plateforme_id) for s in suite.apres] == [
        (LUNDI, LUNDI + 9 * UN, 1),
        (LUNDI + 10 * UN, LUNDI + 30 * UN, 2),
    ]
    assert len(suite.avant) == 1
    assert lignes[0].routes == (route(1, fin=LUNDI + 30 * UN),)


def test_une_fin_supposee_montre_le_trou_et_qui_prend_la_place():
    siret = ligne(2, route(2), niveau=Niveau.SIRET, siret=SIRETS[0])
    pour = Destinataire(siren=SIREN, siret=SIRETS[0])
    suite = consequences(
        [ligne(1, route(1)), siret], Fin(souscription=2, le=LUNDI + 4 * UN), destinataire=pour, du=LUNDI
    )
    (trou,) = suite.apparus
    assert (trou.genre, trou.debut, trou.fin, trou.bloquant) == (Genre.TROU, LUNDI + 5 * UN, None, False)
    assert [(s.debut, s.fin, s.reception.ligne.id) for s in suite.apres] == [
        (LUNDI, LUNDI + 4 * UN, 2),
        (LUNDI + 5 * UN, None, 1),
    ]


def test_ce_que_la_base_refuserait_se_dit_avant():
    lignes = [ligne(1, route(1, endpoint="https://pa.example/A"))]
    pour = Destinataire(siren=SIREN)
    double = NouvelleSouscription(ligne=1, route=route(None, debut=LUNDI + 3 * UN, plateforme=2))
    jumelle = NouvelleLigne(ligne=ligne(None, debut=LUNDI + 5 * UN))
    partage = NouvelleLigne(
        ligne=ligne(None, route(None, endpoint="https://pa.example/a"), niveau=Niveau.SUFFIXE, suffixe="USINE")
    )
    for changement, genre in ((double, Genre.SOUSCRIPTIONS), (jumelle, Genre.LIGNES), (partage, Genre.ENDPOINT)):
        suite = consequences(lignes, changement, destinataire=pour, du=LUNDI)
        assert genre in {conflit.genre for conflit in suite.apparus}
        assert not suite.possible
        assert all(conflit.remede for conflit in suite.apparus)
    suite = consequences(lignes, FinDeLigne(ligne=1, le=LUNDI + 5 * UN), destinataire=pour, du=LUNDI)
    assert [conflit.genre for conflit in suite.apparus] == [Genre.HORS_LIGNE]


def test_un_changement_de_ce_qui_n_est_pas_la_ne_change_rien():
    lignes = (ligne(1, route(1, fin=LUNDI + 3 * UN)),)
    absent = ChangementDePlateforme(souscription=9, plateforme_id=2, plateforme="P", le=LUNDI)
    apres_la_fin = ChangementDePlateforme(souscription=1, plateforme_id=2, plateforme="P", le=LUNDI + 4 * UN)
    assert (
        supposer(lignes, absent, apres_la_fin, Fin(souscription=9, le=LUNDI), FinDeLigne(ligne=9, le=LUNDI)) == lignes
    )
