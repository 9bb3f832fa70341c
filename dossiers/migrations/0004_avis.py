import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0003_catalogue")]

    operations = [
        migrations.CreateModel(
            name="Tournee",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("nom", models.CharField(max_length=30, unique=True, verbose_name="nom")),
                ("jour", models.DateField(blank=True, null=True, verbose_name="jour")),
                ("finie", models.BooleanField(default=False, verbose_name="finie")),
                ("position", models.JSONField(blank=True, default=dict, verbose_name="position")),
            ],
            options={"verbose_name": "tournée", "verbose_name_plural": "tournées", "default_permissions": ()},
        ),
        migrations.CreateModel(
            name="Courriel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("jour", models.DateField(verbose_name="jour")),
                (
                    "etat",
                    models.CharField(
                        choices=[
                            ("en_envoi", "Envoi commencé"),
                            ("envoye", "Envoyé"),
                            ("a_reprendre", "À reprendre"),
                            ("echoue", "Échoué"),
                        ],
                        default="en_envoi",
                        max_length=11,
                        verbose_name="état",
                    ),
                ),
                ("tentatives", models.PositiveSmallIntegerField(default=1, verbose_name="tentatives")),
                (
                    "essaye_le",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="dernier essai"),
                ),
                (
                    "personne",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="courriels_avis",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "résumé par courriel",
                "verbose_name_plural": "résumés par courriel",
                "ordering": ["-id"],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("etat", "a_reprendre")), fields=["essaye_le"], name="courriel_a_reprendre"
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("personne", "jour"), name="courriel_un_par_jour")],
            },
        ),
        migrations.CreateModel(
            name="Avis",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("genre", models.CharField(max_length=30, verbose_name="type")),
                ("objet", models.BigIntegerField(verbose_name="objet")),
                ("cle", models.CharField(max_length=120, verbose_name="ce qui est dit")),
                ("texte", models.CharField(max_length=400, verbose_name="texte")),
                ("adresse", models.CharField(max_length=300, verbose_name="adresse")),
                ("escalade", models.BooleanField(default=False, verbose_name="faute d’autre destinataire")),
                ("montre", models.BooleanField(default=True, verbose_name="dans Passerelle")),
                ("a_envoyer", models.BooleanField(default=False, verbose_name="à mettre dans un résumé")),
                ("cree_le", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date")),
                ("lu_le", models.DateTimeField(blank=True, null=True, verbose_name="lu le")),
                (
                    "courriel",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="avis",
                        to="dossiers.courriel",
                        verbose_name="résumé",
                    ),
                ),
                (
                    "personne",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="avis",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "avis",
                "verbose_name_plural": "avis",
                "ordering": ["-id"],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("montre", True)), fields=["personne", "-id"], name="avis_personne"
                    ),
                    models.Index(
                        condition=models.Q(("lu_le", None), ("montre", True)),
                        fields=["personne", "-id"],
                        name="avis_non_lus",
                    ),
                    models.Index(
                        condition=models.Q(("a_envoyer", True), ("courriel", None)),
                        fields=["personne", "id"],
                        name="avis_a_envoyer",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("personne", "cle"), name="avis_unique")],
            },
        ),
        migrations.CreateModel(
            name="Preference",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "sans_avis",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="sans avis",
                    ),
                ),
                (
                    "sans_courriel",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=30),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="sans courriel",
                    ),
                ),
                (
                    "frequence",
                    models.CharField(
                        choices=[
                            ("chaque_matin", "Chaque matin ouvré"),
                            ("chaque_semaine", "Une fois par semaine, le premier jour ouvré"),
                            ("jamais", "Jamais"),
                        ],
                        default="chaque_matin",
                        max_length=14,
                        verbose_name="résumé par courriel",
                    ),
                ),
                (
                    "personne",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="preference_avis",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "préférences d’avis",
                "verbose_name_plural": "préférences d’avis",
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Agenda",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "empreinte",
                    models.CharField(
                        editable=False, max_length=64, unique=True, verbose_name="empreinte SHA-256 du jeton"
                    ),
                ),
                (
                    "cree_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="créé le"),
                ),
                (
                    "personne",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="agenda",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "agenda privé",
                "verbose_name_plural": "agendas privés",
                "default_permissions": (),
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("empreinte__regex", "^[0-9a-f]{64}$")), name="agenda_empreinte"
                    )
                ],
            },
        ),
    ]
