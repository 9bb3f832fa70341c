"""The columns of operations, calls and events are renamed, not rewritten: a guichet takes the number of its key."""

import django.core.validators
import django.db.models.deletion
from django.db import migrations, models

REPRENDRE = """
INSERT INTO dossiers_guichet (id, systeme, nom, environnement, plafond, echecs_consecutifs, pause_jusqu_au)
SELECT id, 'loop', nom, environnement, plafond, echecs_consecutifs, pause_jusqu_au FROM dossiers_cleapi;
SELECT setval(pg_get_serial_sequence('dossiers_guichet', 'id'), max(id)) FROM dossiers_guichet;
UPDATE dossiers_cleapi SET guichet_id = id;
SET CONSTRAINTS ALL IMMEDIATE;
"""
RENDRE = """
UPDATE dossiers_cleapi c
   SET plafond = g.plafond, echecs_consecutifs = g.echecs_consecutifs, pause_jusqu_au = g.pause_jusqu_au
  FROM dossiers_guichet g WHERE g.id = c.guichet_id;
UPDATE dossiers_cleapi SET guichet_id = NULL;
DELETE FROM dossiers_guichet WHERE systeme = 'loop';
SET CONSTRAINTS ALL IMMEDIATE;
"""
RENUMEROTER = """
UPDATE {table} t SET guichet_id = c.id
  FROM dossiers_cleapi c WHERE c.guichet_id = t.guichet_id AND c.id <> c.guichet_id;
SET CONSTRAINTS ALL IMMEDIATE;
"""


def guichet(**options):
    return models.ForeignKey(
        on_delete=django.db.models.deletion.PROTECT, to="dossiers.guichet", verbose_name="identifiants", **options
    )


def renommer(modele, **options):
    """`cle` of a model becomes `guichet`. On the way back, numbers change while no constraint looks at them."""
    return [
        migrations.RenameField(modele, "cle", "guichet"),
        migrations.AlterField(modele, "guichet", guichet(db_constraint=False, **options)),
        migrations.RunSQL(migrations.RunSQL.noop, RENUMEROTER.format(table=f"dossiers_{modele}")),
        migrations.AlterField(modele, "guichet", guichet(**options)),
    ]


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0006_recherche_enregistree")]

    operations = [
        migrations.CreateModel(
            name="Guichet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "systeme",
                    models.CharField(
                        choices=[("loop", "Cegid Loop"), ("chorus", "Chorus Pro"), ("od", "Cegid OD")],
                        max_length=6,
                        verbose_name="système",
                    ),
                ),
                ("nom", models.CharField(max_length=80, verbose_name="nom")),
                ("environnement", models.CharField(max_length=20, verbose_name="environnement")),
                (
                    "plafond",
                    models.PositiveSmallIntegerField(
                        default=4,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(64),
                        ],
                        verbose_name="appels simultanés au plus",
                    ),
                ),
                ("echecs_consecutifs", models.PositiveIntegerField(default=0, verbose_name="échecs consécutifs")),
                ("pause_jusqu_au", models.DateTimeField(blank=True, null=True, verbose_name="en pause jusqu’au")),
            ],
            options={
                "verbose_name": "identifiants",
                "verbose_name_plural": "identifiants",
                "ordering": ["nom", "id"],
                "default_permissions": (),
            },
        ),
        migrations.AddField(
            "cleapi",
            "guichet",
            models.OneToOneField(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)s",
                to="dossiers.guichet",
            ),
        ),
        migrations.RunSQL(REPRENDRE, RENDRE),
        migrations.AlterField(
            "cleapi",
            "guichet",
            models.OneToOneField(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)s",
                to="dossiers.guichet",
            ),
        ),
        migrations.RemoveIndex("operation", "operation_due"),
        migrations.RemoveIndex("operation", "operation_en_cours"),
        migrations.RemoveIndex("appel", "appel_cle_debut"),
        *renommer("operation", related_name="operations"),
        *renommer("appel", related_name="appels", db_index=False),
        *renommer("evenement", related_name="evenements", null=True, blank=True),
        migrations.AddIndex(
            "operation",
            models.Index(
                condition=models.Q(("etat", "en_attente")), fields=["guichet", "pas_avant", "id"], name="operation_due"
            ),
        ),
        migrations.AddIndex(
            "operation",
            models.Index(condition=models.Q(("jeton__isnull", False)), fields=["guichet"], name="operation_en_cours"),
        ),
        migrations.AddIndex("appel", models.Index(fields=["guichet", "debut"], name="appel_guichet_debut")),
        migrations.RemoveField("cleapi", "plafond"),
        migrations.RemoveField("cleapi", "echecs_consecutifs"),
        migrations.RemoveField("cleapi", "pause_jusqu_au"),
        migrations.RemoveField("historicalcleapi", "plafond"),
    ]
