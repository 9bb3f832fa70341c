"""The home page, whole page through Django, at ten thousand and at a million operations and imports."""

from __future__ import annotations

from typing import Any

from tests.perf.terrain import Mesure, Terrain, dire, mediane, vider_la_base

PETIT, GRAND = 10_000, 1_000_000
LIMITE = 2.0
"""The plot of thirty days reads an index over what was settled in them, which grows with the practice."""
DOSSIERS, MAITRE = 1_000, "maitre@cabinet.example"

# Ended over two years, one in twenty failed, one in a thousand in doubt on an object of its own.
_OPERATIONS = """
INSERT INTO dossiers_operation
       (reference, nature, etat, objet, parametres, dossier_id, guichet_id, creee_le, pas_avant, tentatives, relectures,
        famille, message, code_erreur, requete_id, terminee_le)
SELECT gen_random_uuid(), 'ajouter_offre', etat, 'mesure:' || rang, '{"offre": "consultation"}',
       %(premier)s + rang %% %(dossiers)s, %(guichet)s, quand, quand, 1, 0, '', '', '', '',
       CASE WHEN etat <> 'a_verifier' THEN quand END
  FROM (SELECT rang, now() - rang %% 730 * interval '1 day' AS quand,
               CASE WHEN rang %% 1000 = 7 THEN 'a_verifier' WHEN rang %% 20 = 3 THEN 'echouee' ELSE 'reussie' END
               AS etat
          FROM generate_series(%(debut)s, %(fin)s) AS rang) AS voulues
"""
_IMPORTS = """
INSERT INTO dossiers_importecritures
       (reference, depot, dossier_id, genre, source, fichier, nom_fichier, empreinte, lien_affiche, uri, modele, siret,
        bloquants, avertissements, controles, etat, demande_id, statut_brut, message, cree_par_id, cree_le, fini_le)
SELECT gen_random_uuid(), gen_random_uuid(), %(premier)s + rang %% %(dossiers)s, 'fec', 'fichier', '', '', '', '',
       'mesure', '', '', 0, 0, 1, CASE WHEN rang %% 20 = 3 THEN 'refuse' ELSE 'abandonne' END, '', '', '',
       %(personne)s, now() - rang %% 730 * interval '1 day', now() - rang %% 730 * interval '1 day'
  FROM generate_series(%(debut)s, %(fin)s) AS rang
"""


def garnir(nombre: int) -> None:
    """Bring the base to `nombre` operations and as many imports, of a thousand dossiers."""
    from django.db import connection

    from dossiers.models import CleApi, Dossier, Operation
    from tests.fabriques import CleApiFactory, CollaborateurFactory
    from tests.perf import volume

    deja = Operation.objects.count()
    if not deja:
        CleApiFactory(prete=True)
        volume.garnir(DOSSIERS)
        Dossier.objects.filter(code__lt="V0000020").update(maitre_dossier=MAITRE)
    cle = CleApi.objects.select_related("guichet").get()
    valeurs: dict[str, Any] = {
        "premier": Dossier.objects.order_by("pk").values_list("pk", flat=True)[0],
        "dossiers": DOSSIERS,
        "guichet": cle.guichet_id,
        "personne": CollaborateurFactory(username=f"mesure-accueil-{nombre}").pk,
        "debut": deja + 1,
        "fin": nombre,
    }
    with connection.cursor() as curseur:
        curseur.execute("SET synchronous_commit = off")
        curseur.execute(_OPERATIONS, valeurs)
        curseur.execute(_IMPORTS, valeurs)
        for table in ("operation", "importecritures"):
            # What autovacuum does within minutes of such a load.
            curseur.execute(f"VACUUM (ANALYZE) dossiers_{table}")
        curseur.execute("RESET synchronous_commit")


def parcourir() -> dict[str, float]:
    """Median seconds of the home page of each of these persons."""
    from django.urls import reverse

    from dossiers.models import Collaborateur
    from tests.perf.volume import entrer

    Collaborateur.objects.filter(login_loop=MAITRE).update(login_loop="")
    personnes = {
        "qui voit tout": entrer(superutilisateur=True),
        "limitée à son portefeuille": entrer(manager=True, portefeuille=True, login_loop=MAITRE),
    }

    def page(client: Any) -> float:
        def ouvrir() -> None:
            reponse = client.get(reverse("admin:index"))
            if reponse.status_code != 200 or b"data-ligne" not in reponse.content:
                raise RuntimeError("accueil vide ou refusé")

        return mediane(ouvrir)

    return {nom: page(client) for nom, client in personnes.items()}


def mesurer(terrain: Terrain) -> list[Mesure]:
    vider_la_base()
    temps = []
    for nombre in (PETIT, GRAND):
        dire(f"  {nombre} opérations : écriture…")
        garnir(nombre)
        dire(f"  {nombre} opérations : accueil…")
        temps.append(parcourir())
    petits, grands = temps
    return [
        Mesure(
            quoi=f"accueil à 1 million d’opérations et d’imports, personne {nom}",
            mesure=f"{grands[nom] * 1000:.0f} ms",
            repere=f"à 10 000 : {petits[nom] * 1000:.0f} ms",
            rapport=f"× {grands[nom] / petits[nom]:.2f}",
            but=f"≤ × {LIMITE:g}",
            tenu=grands[nom] <= LIMITE * petits[nom],
        )
        for nom in petits
    ]
