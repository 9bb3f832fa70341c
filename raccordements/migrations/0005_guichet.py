import django.db.models.deletion
from django.db import migrations, models

REPRENDRE = """
INSERT INTO dossiers_guichet (systeme, nom, environnement, plafond, echecs_consecutifs)
SELECT 'chorus', nom, environnement, 4, 0 FROM raccordements_comptechorus;
UPDATE raccordements_comptechorus c SET guichet_id = g.id
  FROM dossiers_guichet g WHERE g.systeme = 'chorus' AND g.nom = c.nom;
SET CONSTRAINTS ALL IMMEDIATE;
"""
RENDRE = """
UPDATE raccordements_comptechorus SET guichet_id = NULL;
DELETE FROM dossiers_guichet WHERE systeme = 'chorus';
SET CONSTRAINTS ALL IMMEDIATE;
"""


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0007_guichet"), ("raccordements", "0004_roles")]

    operations = [
        migrations.AddField(
            "comptechorus",
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
            "comptechorus",
            "guichet",
            models.OneToOneField(
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="%(class)s",
                to="dossiers.guichet",
            ),
        ),
    ]
