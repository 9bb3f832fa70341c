from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("raccordements", "0009_catalogue_chorus")]
    operations = [
        migrations.AddIndex(
            model_name="lignecode",
            index=models.Index(
                condition=models.Q(("mode", "aucun"), _negated=True),
                fields=["-fiche", "code"],
                include=("mode",),
                name="ligne_code_cherchee",
            ),
        )
    ]
