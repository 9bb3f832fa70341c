from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("raccordements", "0006_catalogue_od")]

    operations = [
        migrations.AddIndex(
            model_name="fiche",
            index=models.Index(
                condition=models.Q(("activee_le__isnull", False)), fields=["activee_le"], name="fiche_activee"
            ),
        ),
        migrations.AddIndex(
            model_name="fiche",
            index=models.Index(condition=models.Q(("approbation", "refusee")), fields=["-id"], name="fiche_refusee"),
        ),
    ]
