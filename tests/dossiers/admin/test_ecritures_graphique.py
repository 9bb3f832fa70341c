"""The plot of a report: its scale, its caps, and the same numbers in its table."""

from __future__ import annotations

import re

import pytest

from dossiers.admin.ecritures.graphique import AUTRES, montant, tracer
from dossiers.ecritures.rapport import Mois


def mois(periode: str, journal: str, debit: int) -> Mois:
    return Mois(mois=periode, journal=journal, lignes=1, debit=debit, credit=debit)


def test_rien_a_tracer() -> None:
    assert tracer([], {}) is None
    assert tracer([mois("2025-01", "VE", 0)], {}) is None


def test_les_plus_grands_journaux_puis_les_autres() -> None:
    graphique = tracer([mois("2025-01", f"J{rang}", rang * 1000) for rang in range(1, 9)], {"J8": "Ventes"})
    assert graphique is not None
    assert [serie.nom for serie in graphique.series] == ["J8 – Ventes", "J7", "J6", "J5", "J4", AUTRES]
    periode, montants, total = graphique.lignes[0]
    assert (periode, montants[-1], total) == ("01/2025", montant(6000), montant(36000))
    assert len(re.findall("<rect class=", graphique.dessin)) == 6


def test_plus_de_deux_ans_se_lisent_par_annee() -> None:
    graphique = tracer([mois(f"{2020 + r // 12}-{r % 12 + 1:02d}", "VE", 100) for r in range(36)], {})
    assert graphique is not None
    assert [ligne[0] for ligne in graphique.lignes] == ["2020", "2021", "2022"]


@pytest.mark.parametrize("plus_haut", [1, 99, 100, 101, 123_456, 10**9, 7 * 10**14])
def test_les_barres_partent_de_zero_et_tiennent_dans_le_cadre(plus_haut: int) -> None:
    graphique = tracer([mois("2025-01", "VE", plus_haut), mois("2025-02", "VE", -plus_haut)], {})
    assert graphique is not None
    barres = [
        (float(y), float(hauteur))
        for y, hauteur in re.findall(
            r'<rect class="serie-0" x="[\d.]+" y="([\d.]+)" width="[\d.]+" height="([\d.]+)"', graphique.dessin
        )
    ]
    assert len(barres) == 1, "a negative total has no bar, and its number is in the table"
    y, hauteur = barres[0]
    assert y >= 22
    assert y + hauteur == pytest.approx(226, abs=0.2)
    assert graphique.lignes[1][2] == montant(-plus_haut)


def test_un_code_de_journal_n_est_pas_interprete() -> None:
    graphique = tracer([mois("2025-01", "<b>", 100)], {})
    assert graphique is not None
    assert "<b>" not in graphique.dessin
