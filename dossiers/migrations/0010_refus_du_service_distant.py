from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0009_supervision")]

    operations = [
        migrations.AlterField(
            model_name="operation",
            name="famille",
            field=models.CharField(
                blank=True,
                choices=[
                    ("passagere", "Passagère"),
                    ("definitive", "Refus du service distant"),
                    ("reglage", "Réglage à corriger"),
                    ("personne", "Décidée par une personne"),
                ],
                max_length=10,
                verbose_name="famille",
            ),
        ),
    ]
