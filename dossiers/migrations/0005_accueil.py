import django.contrib.postgres.indexes
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0004_avis")]

    operations = [
        migrations.AddIndex(
            model_name="appel",
            index=django.contrib.postgres.indexes.BrinIndex(autosummarize=True, fields=["debut"], name="appel_debut"),
        ),
        migrations.AddIndex(
            model_name="importecritures",
            index=models.Index(
                condition=models.Q(("fini_le__isnull", False)),
                fields=["fini_le", "etat"],
                include=("dossier",),
                name="ecritures_fin",
            ),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(
                condition=models.Q(("terminee_le__isnull", False)),
                fields=["terminee_le", "etat"],
                include=("dossier",),
                name="operation_fin",
            ),
        ),
        migrations.AddIndex(
            model_name="operation",
            index=models.Index(condition=models.Q(("etat", "echouee")), fields=["creee_le"], name="operation_echouee"),
        ),
    ]
