from django.db import migrations, models

SYSTEMES = [("loop", "Cegid Loop"), ("chorus", "Chorus Pro"), ("od", "Cegid OD"), ("canal", "Canal des fiches")]


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0007_guichet")]
    operations = [
        migrations.AlterField(
            model_name=modele,
            name="systeme",
            field=models.CharField(choices=SYSTEMES, max_length=6, verbose_name="système"),
        )
        for modele in ("explication", "guichet")
    ]
