"""Seeded defects: every one found at its line with its reason, no other line refused (20,000 lines: `make bench`)."""

from __future__ import annotations

import csv
import io

import pytest

from tests.interlocuteurs.imports import defauts
from tests.interlocuteurs.imports.tableurs import ecrire, xlsx

NOMBRE, ABIMEES, DOSSIERS = 230, 46, 10


@pytest.mark.django_db
@pytest.mark.parametrize("forme", ["csv", "utf-16", "xlsx"])
def test_chaque_defaut_est_trouve_a_sa_ligne_et_nulle_autre_n_est_refusee(importer, confirmer, cle, tmp_path, forme):
    from interlocuteurs.models import Interlocuteur
    from tests.fabriques import DossierFactory, InterlocuteurFactory

    for rang in range(DOSSIERS):
        DossierFactory(cle=cle, code=defauts.code(rang))
    DossierFactory(cle=cle, code=defauts.ARCHIVE, archive=True)
    InterlocuteurFactory(**dict(zip(("email", "nom", "prenom"), defauts.CONNU, strict=True)))
    jeu = defauts.semer(NOMBRE, ABIMEES, DOSSIERS)
    assert set(jeu.defauts.values()) == set(defauts.DEFAUTS), "every kind is seeded"
    importation = importer(fichier=_fichier(jeu, forme, tmp_path))
    rejets = dict(importation.lignes.filter(verdict="rejetee").values_list("numero", "motif"))
    assert list(jeu.ecarts(rejets)) == []
    confirmer(importation)
    importation.refresh_from_db()
    assert (importation.faites, importation.refusees) == (NOMBRE - ABIMEES, 0)
    assert Interlocuteur.objects.count() == NOMBRE - ABIMEES + 1


def _fichier(jeu, forme, tmp_path):
    if forme == "xlsx":
        return xlsx(tmp_path, "contacts.xlsx", defauts.ENTETES, *jeu.rangees)
    tampon = io.StringIO()
    csv.writer(tampon, delimiter=";", lineterminator="\r\n").writerows([defauts.ENTETES, *jeu.rangees])
    encodage = "utf-8-sig" if forme == "csv" else "utf-16"
    return ecrire(tmp_path, "contacts.csv", tampon.getvalue().encode(encodage))
