"""Whatever a file holds, its report depends neither on the fast way of reading it nor on how it is cut in blocks."""

import io

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dossiers.ecritures import lignes, suites
from dossiers.ecritures.fec import controler_fec
from tests.dossiers.ecritures import corpus
from tests.epreuves import repetitions

ENTREES = 12
VALEURS = (
    "", " ", "0", "0,00", "0.00", "12,50", "12.5", "-3,00", "3,00-", "+4,00", "1 234,00", "7,005", "D", "C", "+1", "-1",
    "20250229", "20240229", "20251231", "20260101", "20230101", "2025-01-01", "X", "411000", "9", "922", "60", "AC",
    "VT", "1", "2", "007", "A-12", '"cité"', "'", "é€", "\x00", "\x07", "\x1a", "\u00a0", "EUR", "eur", "un\ttab",
    "une|barre",
)  # fmt: skip
VARIANTES = [
    "tabulations, CRLF, UTF-8", "barres verticales", "fins CR", "Windows-1252", "montant et sens D/C",
    "montant et sens +1/-1", "22 colonnes", "points", "zéros vides", "montants entiers", "décimales inégales",
    "numéros par journal", "devises", "sans dernière fin de ligne", "marque UTF-8",
]  # fmt: skip
PLACES = st.integers(0, 3 * ENTREES - 1)
RETOUCHES = st.lists(
    st.one_of(
        st.tuples(st.just("cellule"), PLACES, st.integers(0, 17), st.sampled_from(VALEURS)),
        st.tuples(st.just("copie"), PLACES, PLACES),
        st.tuples(st.just("echange"), PLACES, PLACES),
        st.tuples(st.just("retrait"), PLACES),
        st.tuples(st.just("colonne"), st.integers(0, 17), st.sampled_from(VALEURS)),
        st.tuples(st.just("tri"), st.integers(0, 17)),
        st.tuples(st.just("octet"), st.integers(0, 5_000), st.integers(0, 255)),
    ),
    max_size=6,
)


@pytest.fixture(autouse=True)
def peu(monkeypatch):
    """The thresholds that a small file cannot reach."""
    monkeypatch.setattr(lignes, "APPRENTISSAGE", 3)
    monkeypatch.setattr(lignes, "REVISION", 7)
    monkeypatch.setattr(suites, "VERSEMENT", 4)
    monkeypatch.setattr(suites, "GENERATION", 5)


def fabriquer(variante, retouches):
    fichier = corpus.Fichier(lignes=list(corpus.lignes_propres(ENTREES)))
    while len(fichier.lignes) < corpus.C:
        # The variants that touch chosen lines are not used here: they need more of them.
        fichier.lignes.append(list(fichier.lignes[-1]))
    del fichier.lignes[3 * ENTREES :]
    corpus.PROPRES[variante](fichier)
    octets = []
    for geste, *valeurs in retouches:
        rangees = fichier.lignes
        match geste, valeurs:
            case "cellule", [place, colonne, valeur] if place < len(rangees):
                rangees[place][colonne] = valeur
            case "copie", [place, vers] if place < len(rangees):
                rangees.insert(vers, list(rangees[place]))
            case "echange", [un, deux] if max(un, deux) < len(rangees):
                rangees[un], rangees[deux] = rangees[deux], rangees[un]
            case "retrait", [place] if place < len(rangees):
                del rangees[place]
            case "colonne", [colonne, valeur]:
                for cellules in rangees:
                    cellules[colonne] = valeur
            case "tri", [colonne]:
                rangees.sort(key=lambda cellules, colonne=colonne: cellules[colonne])
            case "octet", [place, valeur]:
                octets.append((place, valeur))
    contenu = bytearray(encoder(fichier))
    for place, valeur in octets:
        if place < len(contenu):
            contenu[place] = valeur
    return fichier.nom, bytes(contenu)


def encoder(fichier):
    if fichier.encodage == "cp1252":
        fichier.lignes = [[valeur.replace("\u202f", " ") for valeur in cellules] for cellules in fichier.lignes]
    return fichier.octets()


@settings(max_examples=repetitions(60, 1000), deadline=None)
@example("Windows-1252", [("octet", 276, 180)], 1)
@example("montant et sens D/C", [("colonne", 2, "0"), ("tri", 0), ("octet", 751, 0)], 1)
@example("tabulations, CRLF, UTF-8", [("colonne", 0, ""), ("colonne", 2, "")], 1)
@given(st.sampled_from(VARIANTES), RETOUCHES, st.integers(1, 6_000))
def test_le_rapport_ne_depend_ni_du_chemin_ni_de_la_decoupe(variante, retouches, bloc):
    nom, octets = fabriquer(variante, retouches)
    attendu = controler_fec(io.BytesIO(octets), nom, lent=True)
    assert controler_fec(io.BytesIO(octets), nom) == attendu
    decoupe = controler_fec(io.BytesIO(octets), nom, bloc=bloc)
    if attendu.refus:
        # What was read of it before its refusal depends on how it is cut.
        assert (decoupe.refus, decoupe.constats[0]) == (attendu.refus, attendu.constats[0])
    else:
        assert decoupe == attendu


@settings(max_examples=repetitions(20, 200), deadline=None)
@given(st.data())
def test_les_totaux_sont_ceux_d_une_addition_naive(donnees):
    fichier = corpus.Fichier(lignes=list(corpus.lignes_propres(ENTREES)))
    centimes = donnees.draw(
        st.lists(st.integers(1, 10**13), min_size=len(fichier.lignes), max_size=len(fichier.lignes))
    )
    sommes = {"Debit": 0, "Credit": 0}
    for cellules, valeur in zip(fichier.lignes, centimes, strict=True):
        place = 11 if cellules[11] != "0,00" else 12
        cellules[place] = corpus.montant(valeur)
        sommes[fichier.entete[place]] += valeur
    rapport = controler_fec(io.BytesIO(fichier.octets()), fichier.nom)
    assert (rapport.debit, rapport.credit) == (sommes["Debit"], sommes["Credit"])
    fausses = {
        2 + 3 * rang
        for rang in range(ENTREES)
        if sum(
            valeur * (1 if cellules[11] != "0,00" else -1)
            for cellules, valeur in zip(fichier.lignes[3 * rang :][:3], centimes[3 * rang :][:3], strict=True)
        )
    }
    assert {c.ligne for c in rapport.constats if c.code == "ecriture_desequilibree"} == fausses


def test_le_chemin_rapide_sert_vraiment(monkeypatch):
    expliquees = []
    expliquer = lignes.Lignes._expliquer

    def compter(self, ligne, rang, lot):
        expliquees.append(rang)
        expliquer(self, ligne, rang, lot)

    monkeypatch.setattr(lignes.Lignes, "_expliquer", compter)
    for nom, regle in corpus.PROPRES.items():
        fichier = corpus.Fichier()
        regle(fichier)
        expliquees.clear()
        controler_fec(io.BytesIO(fichier.octets()), fichier.nom)
        assert len(expliquees) <= 0.1 * len(fichier.lignes), nom
