from functools import partial

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from dossiers.roles import ADMINISTRATEUR, accorder

DROITS = {ADMINISTRATEUR: ["gerer_rechercheenregistree"]}


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0005_catalogue_ecritures")]

    operations = [
        migrations.CreateModel(
            name="RechercheEnregistree",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("nom", models.CharField(max_length=80, verbose_name="nom")),
                ("liste", models.CharField(editable=False, max_length=100, verbose_name="liste")),
                ("criteres", models.CharField(editable=False, max_length=2000, verbose_name="critères")),
                (
                    "partagee",
                    models.BooleanField(
                        default=False,
                        help_text="Chacun y retrouve les seules lignes qu’il a le droit de voir.",
                        verbose_name="partagée avec le cabinet",
                    ),
                ),
                (
                    "cree_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="créée le"),
                ),
                (
                    "proprietaire",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recherches_enregistrees",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="propriétaire",
                    ),
                ),
            ],
            options={
                "verbose_name": "recherche enregistrée",
                "verbose_name_plural": "recherches enregistrées",
                "ordering": ["nom", "id"],
                "permissions": [
                    ("gerer_rechercheenregistree", "Peut renommer ou supprimer les recherches partagées des autres")
                ],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("partagee", True)), fields=["liste", "nom"], name="recherche_partagee"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("proprietaire", "liste", "nom"),
                        name="recherche_enregistree_nom_unique",
                        violation_error_message="Vous avez déjà une recherche de ce nom sur cette liste. "
                        "Donnez-lui un autre nom, ou supprimez l’ancienne.",
                    )
                ],
            },
        ),
        migrations.RunPython(partial(accorder, application="dossiers", droits=DROITS), migrations.RunPython.noop),
    ]
