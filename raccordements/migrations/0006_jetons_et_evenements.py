import django.db.models.deletion
from django.db import migrations, models

import config.champs

TYPES = [
    ("creation", "Création"),
    ("modification", "Modification"),
    ("suppression", "Suppression"),
    ("soumission", "Soumission à l’approbation"),
    ("approbation", "Approbation"),
    ("refus", "Refus"),
    ("annulation", "Approbation annulée"),
    ("prise", "Envoi commencé"),
    ("abandon", "Envoi abandonné"),
    ("envoi", "Envoi"),
    ("activation", "Activation constatée"),
    ("retrait", "Retrait de la demande"),
    ("desactivation", "Désactivation"),
    ("reactivation", "Désactivation annulée"),
    ("code_appli", "Code appli partenaire"),
    ("constat", "Constat"),
    ("verification", "Vérification dans Chorus Pro"),
    ("alerte", "Activation en retard"),
]


class Migration(migrations.Migration):
    dependencies = [("raccordements", "0005_guichet"), ("dossiers", "0008_systeme_canal")]
    operations = [
        migrations.CreateModel(
            name="JetonAcces",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("cle", models.CharField(max_length=64, unique=True, verbose_name="clé")),
                ("valeur", config.champs.ChiffreTextField(blank=True, default="", verbose_name="jeton")),
                ("obtenu_le", models.DateTimeField(blank=True, null=True, verbose_name="obtenu le")),
                ("duree", models.FloatField(default=0, verbose_name="durée (s)")),
                ("bail", models.UUIDField(blank=True, null=True, verbose_name="bail")),
                ("bail_jusqu_au", models.DateTimeField(blank=True, null=True, verbose_name="bail jusqu’au")),
                ("bail_echoue", models.UUIDField(blank=True, null=True, verbose_name="dernier bail en échec")),
                ("echec", models.JSONField(blank=True, default=dict, verbose_name="échec")),
            ],
            options={
                "verbose_name": "jeton d’accès",
                "verbose_name_plural": "jetons d’accès",
                "default_permissions": (),
            },
        ),
        migrations.AlterField(
            model_name="evenementfiche",
            name="type",
            field=models.CharField(choices=TYPES, max_length=13, verbose_name="type"),
        ),
        migrations.AddConstraint(
            model_name="evenementfiche",
            constraint=models.UniqueConstraint(
                condition=models.Q(type="alerte"),
                fields=["fiche", "version"],
                name="evenement_alerte_unique",
                violation_error_message="Le retard de cet envoi est déjà signalé.",
            ),
        ),
        migrations.AddField(
            model_name="fiche",
            name="suivie_le",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="suivi demandé le"),
        ),
        migrations.CreateModel(
            name="CanalFiches",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "environnement",
                    models.CharField(
                        choices=[("qualification", "Qualification"), ("production", "Production")],
                        max_length=13,
                        unique=True,
                        verbose_name="environnement",
                    ),
                ),
                (
                    "guichet",
                    models.OneToOneField(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="%(class)s",
                        to="dossiers.guichet",
                    ),
                ),
            ],
            options={
                "verbose_name": "canal des fiches",
                "verbose_name_plural": "canaux des fiches",
                "default_permissions": (),
            },
        ),
    ]
