"""« Rechercher fiche EDI », whole page through Django, at ten thousand and at a million fiche-code rows; its CSV."""

from __future__ import annotations

import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from tests.perf.exports import copier
from tests.perf.terrain import Memoire, Mesure, Terrain, chronometrer, dire, mediane, vider_la_base

PETIT, GRAND = 10_000, 1_000_000
LIMITE, RAPPORT, PREMIER_OCTET, MEMOIRE = 1.5, 4, 0.3, 32
RACCORDES, REPONSES = 10, 15
"""Codes connected among those answered: the others say « Pas de raccordement » and are no row of the search."""
STRUCTURES_D_UN_PORTEFEUILLE = 20
MAITRE = "maitre@cabinet.example"

PAGES = {
    "page 1": "",
    "partenaire, SIRET": "partenaire=99900007700017",
    "partenaire, SIREN": "partenaire=999000078",
    "partenaire, nom rare": "partenaire=Zéphyrin 101",
    "partenaire, mot dans 1 nom sur 12": "partenaire=Boulangerie",
    "protocole": "protocole=as2",
    "code interface": "code=FSO1100A",
    "période du": "du=2026-06-01",
    "période au": "au=2020-01-10",
    "code appli partenaire": "code_appli=VFE0000777",
    "état courant": "etat=activee",
    "état courant, 1 fiche sur 50": "etat=desactivee",
    "type d’intégration": "mode=partielle",
    "les sept critères": (
        "partenaire=Boulangerie&protocole=as2&code=FSO1100A&du=2020-01-01&au=2099-01-01&etat=activee&mode=complete"
    ),
    "page 2": "p=2",
    "dernière page atteignable": "p=400",
}
LIMITEE = "page 1, personne limitée à son portefeuille"

# Fictitious SIRET: no real one starts with 999. Their keys are not checked by the database.
_STRUCTURES = """
WITH mots AS (
  SELECT ARRAY['Boulangerie', 'Garage', 'Menuiserie', 'Pharmacie', 'Atelier', 'Librairie', 'Plomberie', 'Fleuriste',
               'Maçonnerie', 'Restaurant', 'Serrurerie', 'Imprimerie'] AS metiers)
INSERT INTO raccordements_structure
       (siret, environnement, designation, dossier_id, statut_lu, verification, editeur, tiers_teletransmission,
        cree_le)
SELECT '999' || lpad(rang::text, 6, '0') || '00017', 'production',
       CASE WHEN rang %% 101 = 0 THEN 'Passementerie Zéphyrin' ELSE metiers[1 + rang %% 12] || ' du Port' END
       || ' ' || rang,
       CASE WHEN rang <= %(portefeuille)s THEN %(dossier)s END, '', '', '', false, now()
  FROM mots, generate_series(%(debut)s, %(fin)s) AS rang
"""
_FICHES = """
INSERT INTO raccordements_fiche
       (reference, genre, generation, structure_id, environnement, protocole, periode_du, periode_au, code_appli,
        contact_nom, contact_telephone, contact_courriel, contact_fax, reseau_aife, partenaire_identifiant,
        partenaire_adresse, partenaire_chemin, application_piste, usage_piste, commentaires, etat, approbation, edition,
        cree_par_id, cree_le, modifiee_le)
SELECT gen_random_uuid(), 'edi', '', structure.id, 'production',
       (ARRAY['pesit', 'sftp', 'as2'])[1 + rang %% 3], DATE '2020-01-01' + rang %% 2500,
       CASE WHEN rang %% 2 = 0 THEN DATE '2099-06-30' END, 'VFE' || lpad(rang::text, 7, '0'),
       'Camille Inventée', '0102030405', 'technique@tpe.example', '', '{"identifiant": "CTAIFEP"}', '', '', '', '', '',
       'Fiche de mesure.',
       CASE WHEN rang %% 50 = 0 THEN 'desactivee' WHEN rang %% 4 = 0 THEN 'brouillon' ELSE 'activee' END,
       'a_soumettre', 1, %(personne)s, now(), now()
  FROM generate_series(%(debut)s, %(fin)s) AS rang
  JOIN raccordements_structure AS structure ON structure.siret = '999' || lpad((1 + rang / 5)::text, 6, '0') || '00017'
"""
_LIGNES = """
INSERT INTO raccordements_lignecode (fiche_id, code_id, mode)
SELECT fiche.id, code.code,
       CASE WHEN code.rang > %(raccordes)s THEN 'aucun' WHEN fiche.id %% 3 = 0 THEN 'partielle' ELSE 'complete' END
  FROM raccordements_fiche AS fiche,
       (SELECT code, row_number() OVER (ORDER BY ordre, code) AS rang FROM raccordements_codeinterface) AS code
 WHERE fiche.id > %(depuis)s AND code.rang <= %(reponses)s
"""


def garnir(nombre: int) -> None:
    """Bring the base to `nombre` rows of the search, five fiches for each structure."""
    from django.db import connection
    from django.db.models import Max

    from raccordements.models import Fiche, Structure
    from tests.fabriques import CollaborateurFactory, DossierFactory

    deja, fiches = Fiche.objects.count(), nombre // RACCORDES
    structures = Structure.objects.count()
    valeurs = {
        "portefeuille": STRUCTURES_D_UN_PORTEFEUILLE if not deja else 0,
        "dossier": DossierFactory(maitre_dossier=MAITRE).pk,
        "personne": CollaborateurFactory(username=f"mesure-redaction-{nombre}").pk,
        "raccordes": RACCORDES,
        "reponses": REPONSES,
        "depuis": Fiche.objects.aggregate(dernier=Max("pk"))["dernier"] or 0,
    }
    with connection.cursor() as curseur:
        curseur.execute("SET synchronous_commit = off; SET maintenance_work_mem = '256MB'")
        curseur.execute(_STRUCTURES, valeurs | {"debut": structures + 1, "fin": 1 + fiches // 5})
        curseur.execute(_FICHES, valeurs | {"debut": deja + 1, "fin": fiches})
        curseur.execute(_LIGNES, valeurs)
        for table in ("structure", "fiche", "lignecode"):
            # What autovacuum does within minutes of such a load.
            curseur.execute(f"VACUUM (ANALYZE) raccordements_{table}")
        curseur.execute("RESET synchronous_commit; RESET maintenance_work_mem")


def liste() -> str:
    from django.urls import reverse

    return reverse("admin:raccordements_lignecode_changelist")


def parcourir() -> dict[str, float]:
    """Median seconds of each page."""
    from tests.perf.volume import entrer

    adresse = liste()
    tous = entrer(superutilisateur=True)
    limite = entrer(manager=True, portefeuille=True, login_loop=MAITRE)

    def page(client: Any, criteres: str) -> float:
        def ouvrir() -> None:
            reponse = client.get(f"{adresse}?{criteres}")
            if reponse.status_code != 200 or b'name="_selected_action"' not in reponse.content:
                raise RuntimeError(f"page vide ou refusée : {criteres}")

        return mediane(ouvrir)

    temps = {nom: page(tous, criteres) for nom, criteres in PAGES.items()} | {LIMITEE: page(limite, "")}
    limite.personne.delete()
    return temps


def exporter_a_part() -> tuple[int, float, float, float]:
    """Bytes, first row (s), whole (s), memory (MiB); in a process of its own, where no freed memory hides the use."""
    import django

    django.setup()
    from tests.perf.volume import entrer

    client: Any = entrer(superutilisateur=True)
    client.get(f"{liste()}export.csv?code_appli=VFE0000777").getvalue()
    debut = time.perf_counter()
    with Memoire() as memoire:
        paquets = iter(client.get(f"{liste()}export.csv").streaming_content)
        octets = len(next(paquets)) + len(next(paquets))
        premier = time.perf_counter() - debut
        octets += sum(map(len, paquets))
    return octets, premier, time.perf_counter() - debut, memoire.depassement


def exporter() -> list[Mesure]:
    """The CSV of every row, beside COPY of the same rows and columns as PostgreSQL holds them."""
    from django.contrib import admin
    from django.test import RequestFactory

    from dossiers.models import Collaborateur
    from raccordements.models import LigneCode

    page: Any = admin.site._registry[LigneCode]
    demande = RequestFactory().get("/")
    demande.user = Collaborateur.objects.filter(is_superuser=True)[0]
    lignes = page.get_queryset(demande).order_by(*page.ordering)
    sources = [colonne.source for colonne in page.colonnes_export]
    nue = min(chronometrer(lambda: copier(lignes, sources)) for _ in range(2))
    with ProcessPoolExecutor(1, mp_context=get_context("spawn"), max_tasks_per_child=1) as autre:
        essais = [autre.submit(exporter_a_part).result() for _ in range(2)]
    octets, premier, csv, memoire = min(essais, key=lambda essai: essai[2])
    nue = min(nue, chronometrer(lambda: copier(lignes, sources)))
    quoi = f"CSV de {GRAND} lignes de fiches"
    return [
        Mesure(
            quoi=f"{quoi} ({octets / 2**20:.0f} Mio)",
            mesure=f"{csv:.1f} s",
            repere=f"COPY de la même requête : {nue:.1f} s",
            rapport=f"× {csv / nue:.1f}",
            but=f"≤ × {RAPPORT}",
            tenu=csv <= RAPPORT * nue,
        ),
        Mesure(
            quoi=f"{quoi} : première ligne",
            mesure=f"{premier:.3f} s",
            repere=f"limite : {PREMIER_OCTET} s",
            rapport=f"{premier / PREMIER_OCTET:.0%}",
            but="≤ 100 %",
            tenu=premier <= PREMIER_OCTET,
        ),
        Mesure(
            quoi=f"{quoi} : mémoire au-dessus du repos",
            mesure=f"{memoire:.0f} Mio",
            repere=f"limite : {MEMOIRE} Mio",
            rapport=f"{memoire / MEMOIRE:.0%}",
            but="≤ 100 %",
            tenu=memoire <= MEMOIRE,
        ),
    ]


def mesurer(terrain: Terrain) -> list[Mesure]:
    from django.apps import apps

    from raccordements.services.reference import semer

    vider_la_base()
    semer(apps, None)
    temps = []
    for nombre in (PETIT, GRAND):
        dire(f"  {nombre} lignes : écriture…")
        garnir(nombre)
        dire(f"  {nombre} lignes : pages…")
        temps.append(parcourir())
    petits, grands = temps
    dire("  CSV…")
    return [
        Mesure(
            quoi=f"recherche EDI à {GRAND} lignes, {nom}",
            mesure=f"{grands[nom] * 1000:.0f} ms",
            repere=f"à {PETIT} : {petits[nom] * 1000:.0f} ms",
            rapport=f"× {grands[nom] / petits[nom]:.2f}",
            but=f"≤ × {LIMITE}",
            tenu=grands[nom] <= LIMITE * petits[nom],
        )
        for nom in petits
    ] + exporter()
