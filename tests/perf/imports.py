"""Import of 20,000 contacts with 500 seeded defects: every one found at its line, no other refused; time and memory."""

from __future__ import annotations

import csv
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.interlocuteurs.imports import defauts
from tests.interlocuteurs.imports.tableurs import xlsx
from tests.perf.terrain import Memoire, Mesure, Terrain, cle_de_mesure, dire

NOMBRE, ABIMEES, DOSSIERS = 20_000, 500, 2_000


def mesurer(terrain: Terrain) -> list[Mesure]:
    from dossiers.models import Dossier
    from interlocuteurs.imports import execution, services
    from tests.fabriques import CollaborateurFactory, InterlocuteurFactory

    cle, personne = cle_de_mesure(), CollaborateurFactory(collaborateur=True)
    Dossier.objects.bulk_create(Dossier(cle=cle, code=defauts.code(rang)) for rang in range(DOSSIERS))
    vieux = Dossier.objects.create(cle=cle, code=defauts.ARCHIVE)
    vieux.archive_le = vieux.cree_le
    vieux.save()
    InterlocuteurFactory(**dict(zip(("email", "nom", "prenom"), defauts.CONNU, strict=True)))
    jeu = defauts.semer(NOMBRE, ABIMEES, DOSSIERS)
    mesures: list[Mesure] = []

    def examiner(chemin: Path) -> Any:
        importation, lue = _chronometrer(lambda: services.recevoir(chemin, chemin.name, cle=cle, par=personne))
        correspondance, _, _ = services.proposition(importation)
        importation, jugee = _chronometrer(lambda: services.examiner(importation, correspondance, "", par=personne))
        forme = chemin.suffix[1:].upper()
        mesures.append(_duree(f"import : lecture de {NOMBRE} lignes, {forme}", lue))
        mesures.append(_duree(f"import : verdict de {NOMBRE} lignes, {forme}", jugee))
        rejets = dict(importation.lignes.filter(verdict="rejetee").values_list("numero", "motif"))
        ecarts = list(jeu.ecarts(rejets))
        trouves = sum(numero in rejets for numero in jeu.defauts)
        mesures.append(
            Mesure(
                quoi=f"import : défauts trouvés à leur ligne, {forme}",
                mesure=f"{trouves} trouvés, {len(set(rejets) - set(jeu.defauts))} refusées à tort",
                repere=f"{len(jeu.defauts)} semés, {len(set(jeu.defauts.values()))} sortes",
                rapport=f"{trouves / len(jeu.defauts):.0%}",
                but="tous, et eux seuls",
                tenu=not ecarts,
            )
        )
        for ecart in ecarts[:10]:
            dire(f"    {ecart}")
        return importation

    with Memoire() as memoire:
        dire("  XLSX : lecture et verdicts…")
        examiner(xlsx(terrain.dossier, "contacts.xlsx", defauts.ENTETES, *jeu.rangees))
        dire("  CSV : lecture et verdicts…")
        importation = examiner(_csv(terrain.dossier / "contacts.csv", jeu))
        dire("  import…")
        services.confirmer(importation, services.sceller(importation), par=personne)
        _, importee = _chronometrer(lambda: execution.avancer(importation.pk, duree=3600))
    importation.refresh_from_db()
    mesures.append(_duree(f"import : {importation.faites} interlocuteurs et opérations créés", importee))
    if (importation.faites, importation.refusees) != (NOMBRE - ABIMEES, 0):
        raise RuntimeError(f"{importation.faites} lignes importées, {importation.refusees} refusées")
    return [*mesures, *_memoires(memoire.depassement)]


def _csv(chemin: Path, jeu: defauts.Jeu) -> Path:
    with chemin.open("w", encoding="utf-16", newline="") as fichier:
        csv.writer(fichier, delimiter=";").writerows([defauts.ENTETES, *jeu.rangees])
    return chemin


def _chronometrer(faire: Callable[[], Any]) -> tuple[Any, float]:
    debut = time.perf_counter()
    resultat = faire()
    return resultat, time.perf_counter() - debut


def _duree(quoi: str, secondes: float) -> Mesure:
    return Mesure(
        quoi=quoi,
        mesure=f"{secondes:.1f} s",
        repere=f"{NOMBRE} lignes",
        rapport=f"{NOMBRE / secondes:.0f} lignes/s",
    )


def _memoires(depassement: float) -> list[Mesure]:
    from django.conf import settings

    permise = settings.IMPORT["memoire"] / 2**20
    # No reader took more: Linux gives the largest child that has ended, and counts in it its parent at the fork.
    lecteur = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
    return [
        Mesure(
            quoi="import : mémoire de pointe du processus lecteur",
            mesure=f"{lecteur:.0f} Mio",
            repere=f"plafond : {permise:.0f} Mio",
            rapport=f"{lecteur / permise:.0%}",
            but="sous le plafond",
            tenu=lecteur < permise,
        ),
        Mesure(
            quoi="import : mémoire de pointe du produit au-dessus du départ",
            mesure=f"{depassement:.0f} Mio",
            repere=f"{NOMBRE} lignes",
            rapport=f"{depassement * 1024 / NOMBRE:.1f} Kio/ligne",
        ),
    ]
