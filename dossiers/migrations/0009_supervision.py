import uuid
from functools import partial

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from dossiers.roles import ADMINISTRATEUR, MANAGER, accorder

DROITS = {MANAGER: ["view_battement"], ADMINISTRATEUR: ["controler_battement"]}


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0008_systeme_canal")]

    operations = [
        migrations.CreateModel(
            name="Battement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "genre",
                    models.CharField(
                        choices=[("executant", "Exécutant"), ("horloge", "Horloge")], max_length=9, verbose_name="genre"
                    ),
                ),
                ("nom", models.CharField(max_length=120, verbose_name="processus")),
                ("demarre_le", models.DateTimeField(verbose_name="démarré le")),
                ("battu_le", models.DateTimeField(verbose_name="dernier signe")),
                ("messages", models.PositiveIntegerField(blank=True, null=True, verbose_name="messages en file")),
                ("compteurs", models.JSONField(blank=True, default=dict, verbose_name="compteurs")),
            ],
            options={
                "verbose_name": "battement",
                "verbose_name_plural": "supervision",
                "ordering": ["genre", "nom"],
                "permissions": [("controler_battement", "Peut lancer le contrôle de conservation des opérations")],
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["genre", "battu_le"], name="battement_genre")],
                "constraints": [models.UniqueConstraint(fields=("genre", "nom"), name="battement_unique")],
            },
        ),
        migrations.CreateModel(
            name="Epoque",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("identite", models.CharField(max_length=120, verbose_name="identité")),
                ("repere", models.UUIDField(default=uuid.uuid4, verbose_name="repère")),
                ("ouverte_le", models.DateTimeField(default=django.utils.timezone.now, verbose_name="ouverte le")),
                ("fermee_le", models.DateTimeField(blank=True, null=True, verbose_name="fermée le")),
                (
                    "sauvegarde_du",
                    models.DateTimeField(blank=True, null=True, verbose_name="restaurée depuis la sauvegarde du"),
                ),
                ("retenues", models.BooleanField(default=False, verbose_name="opérations retenues")),
            ],
            options={
                "verbose_name": "époque",
                "verbose_name_plural": "époques",
                "default_permissions": (),
                "constraints": [models.CheckConstraint(condition=models.Q(("pk", 1)), name="epoque_unique")],
            },
        ),
        migrations.CreateModel(
            name="ControleConservation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("demande_le", models.DateTimeField(default=django.utils.timezone.now, verbose_name="demandé le")),
                ("commence_le", models.DateTimeField(blank=True, null=True, verbose_name="commencé le")),
                ("fini_le", models.DateTimeField(blank=True, null=True, verbose_name="fini le")),
                ("conforme", models.BooleanField(blank=True, null=True, verbose_name="conforme")),
                ("bilan", models.JSONField(blank=True, default=list, verbose_name="bilan")),
                (
                    "demande_par",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="demandé par",
                    ),
                ),
            ],
            options={
                "verbose_name": "contrôle de conservation",
                "verbose_name_plural": "contrôles de conservation",
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("pk", 1)), name="controle_conservation_unique")
                ],
            },
        ),
        migrations.RunPython(partial(accorder, application="dossiers", droits=DROITS), migrations.RunPython.noop),
    ]
