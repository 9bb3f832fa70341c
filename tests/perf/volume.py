"""Invented dossiers by the million, written by PostgreSQL itself, and a person in the admin who looks at them."""

from __future__ import annotations

import uuid

from django.db import connection
from django.test import Client

from dossiers.models import CleApi, Collaborateur, Dossier
from tests.fabriques import CleApiFactory, CollaborateurFactory

PAR_PORTEFEUILLE = 200
RARE = "Passementerie Zéphyrin"
# A fictitious SIREN: no real one starts with 999. Its key is not checked by the database.
_DOSSIERS = """
WITH mots AS (
  SELECT ARRAY['SARL', 'SAS', 'EURL', 'SCI'] AS formes,
         ARRAY['Boulangerie', 'Garage', 'Menuiserie', 'Pharmacie', 'Atelier', 'Librairie', 'Plomberie', 'Fleuriste',
               'Maçonnerie', 'Restaurant', 'Serrurerie', 'Imprimerie'] AS metiers,
         ARRAY['du Port', 'des Halles', 'de la Gare', 'Saint-Martin', 'du Moulin', 'des Écoles', 'du Lac'] AS lieux),
volume AS (
  SELECT rang, rang / %(par_portefeuille)s AS portefeuille, formes[1 + rang %% 4] AS forme,
         CASE WHEN rang %% 5001 = 0 THEN %(rare)s ELSE metiers[1 + rang %% 12] || ' ' || lieux[1 + rang / 12 %% 7] END
         || ' ' || rang AS nom
    FROM mots, generate_series(%(debut)s, %(fin)s) AS rang)
INSERT INTO dossiers_dossier
       (cle_id, code, nom_usuel, raison_sociale, siren, forme_juridique, statut, maitre_dossier, engagement_manager,
        revision_id, connu, cree_le, synchronise_le, archive_le)
SELECT %(cle)s, 'V' || lpad(rang::text, 7, '0'), nom, forme || ' ' || nom, '999' || lpad((rang - 1)::text, 6, '0'),
       forme, CASE WHEN rang %% 7 = 0 THEN 'a_preparer' ELSE 'operationnel' END,
       'maitre' || portefeuille || '@cabinet.example', 'manager' || portefeuille || '@cabinet.example',
       '', '{}', now(), now(), CASE WHEN rang %% 50 = 0 THEN now() END
  FROM volume
"""
_OFFRES = """
INSERT INTO dossiers_offre (dossier_id, code, voulue, constatee, constatee_le)
SELECT id, 'consultation', true, id %% 35 <> 0, now() FROM dossiers_dossier
 WHERE id %% 5 = 0 AND code > 'V' || lpad(%(debut)s::text, 7, '0')
"""


def garnir(nombre: int) -> None:
    """Bring the base to `nombre` dossiers; each portfolio holds 200 of them whatever their number."""
    deja = Dossier.objects.count()
    cle = CleApi.objects.first() or CleApiFactory(prete=True)
    valeurs = {
        "cle": cle.pk,
        "debut": deja + 1,
        "fin": nombre,
        "par_portefeuille": PAR_PORTEFEUILLE,
        "rare": RARE,
    }
    with connection.cursor() as curseur:
        curseur.execute("SET synchronous_commit = off; SET maintenance_work_mem = '256MB'")
        curseur.execute(_DOSSIERS, valeurs)
        curseur.execute(_OFFRES, valeurs)
        # What autovacuum does within minutes of such a load.
        curseur.execute("VACUUM (ANALYZE) dossiers_dossier")
        curseur.execute("VACUUM (ANALYZE) dossiers_offre")
        curseur.execute("RESET synchronous_commit; RESET maintenance_work_mem")


def entrer(**situation: object) -> Client:
    """A client of the admin logged in as a new person."""
    # Several processes measure one database, each with a count of its own.
    personne: Collaborateur = CollaborateurFactory(username=f"mesure-{uuid.uuid4().hex}", **situation)
    client = Client(HTTP_HOST="localhost")
    client.force_login(personne, backend="django.contrib.auth.backends.ModelBackend")
    client.personne = personne  # type: ignore[attr-defined]
    return client
