import uuid

import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("dossiers", "0001_initial"),
        ("dossiers", "__first__"),
    ]

    operations = [
        migrations.CreateModel(
            name="HistoricalInterlocuteur",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "environnement",
                    models.CharField(
                        choices=[("bac_a_sable", "Bac à sable"), ("test", "Test"), ("production", "Production")],
                        editable=False,
                        max_length=12,
                        verbose_name="environnement",
                    ),
                ),
                ("domaine", models.CharField(editable=False, max_length=60, verbose_name="domaine Loop")),
                ("email", models.CharField(max_length=254, verbose_name="e-mail")),
                ("nom", models.CharField(max_length=100, verbose_name="nom")),
                ("prenom", models.CharField(max_length=100, verbose_name="prénom")),
                (
                    "mobile",
                    models.CharField(
                        blank=True,
                        help_text="Envoyé à Loop. Par exemple 07 05 06 03 02.",
                        max_length=60,
                        verbose_name="téléphone mobile",
                    ),
                ),
                (
                    "fixe",
                    models.CharField(
                        blank=True,
                        help_text="Gardé ici\xa0: Loop n’en prend qu’un.",
                        max_length=60,
                        verbose_name="téléphone fixe",
                    ),
                ),
                ("profil", models.CharField(default="2.0", max_length=20, verbose_name="profil")),
                ("social", models.BooleanField(default=True, verbose_name="social")),
                ("actif", models.BooleanField(default=True, verbose_name="actif")),
                ("emetteur_par_defaut", models.BooleanField(default=False, verbose_name="émetteur par défaut")),
                (
                    "invitation",
                    models.CharField(
                        choices=[("inconnue", "Inconnue"), ("a_inviter", "À inviter"), ("invite", "Invité")],
                        default="inconnue",
                        editable=False,
                        max_length=9,
                        verbose_name="invitation sur le tenant",
                    ),
                ),
                ("invite_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="invité le")),
                ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version de la fiche")),
                ("cree_le", models.DateTimeField(blank=True, editable=False, verbose_name="créé le")),
                (
                    "anonymise_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="anonymisé le"),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "anonymise_par",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="anonymisé par",
                    ),
                ),
                (
                    "cree_par",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="créé par",
                    ),
                ),
                (
                    "history_user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "invite_par",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="invitation notée par",
                    ),
                ),
            ],
            options={
                "verbose_name": "historical interlocuteur",
                "verbose_name_plural": "historical interlocuteurs",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="ImportInterlocuteurs",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reference",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="référence"),
                ),
                ("nom_fichier", models.CharField(max_length=200, verbose_name="fichier")),
                ("empreinte_fichier", models.CharField(max_length=64, verbose_name="empreinte du fichier")),
                ("faits", models.JSONField(default=dict, verbose_name="faits de lecture")),
                ("entetes", models.JSONField(default=list, verbose_name="en-têtes")),
                ("empreinte_entetes", models.CharField(max_length=64, verbose_name="empreinte des en-têtes")),
                ("nombre", models.PositiveIntegerField(default=0, verbose_name="lignes")),
                ("correspondance", models.JSONField(blank=True, null=True, verbose_name="correspondance")),
                (
                    "offre_commune",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("start", "Start"),
                            ("co-production", "Co-production"),
                            ("consultation", "Consultation"),
                        ],
                        max_length=13,
                        verbose_name="offre de toutes les lignes",
                    ),
                ),
                ("comptes", models.JSONField(default=dict, verbose_name="lignes par verdict")),
                ("empreinte_lignes", models.CharField(blank=True, max_length=64, verbose_name="empreinte de l’aperçu")),
                (
                    "etat",
                    models.CharField(
                        choices=[
                            ("lu", "Colonnes à associer"),
                            ("examine", "À confirmer"),
                            ("en_cours", "En cours"),
                            ("interrompu", "Interrompu"),
                            ("termine", "Terminé"),
                            ("abandonne", "Abandonné"),
                        ],
                        default="lu",
                        max_length=10,
                        verbose_name="état",
                    ),
                ),
                ("a_traiter", models.PositiveIntegerField(default=0, verbose_name="lignes à importer")),
                ("faites", models.PositiveIntegerField(default=0, verbose_name="lignes importées")),
                ("refusees", models.PositiveIntegerField(default=0, verbose_name="lignes refusées à la confirmation")),
                ("incident", models.TextField(blank=True, verbose_name="incident")),
                ("jeton", models.UUIDField(blank=True, editable=False, null=True, verbose_name="jeton")),
                ("bail_jusqu_au", models.DateTimeField(blank=True, null=True, verbose_name="bail jusqu’au")),
                ("cree_le", models.DateTimeField(default=django.utils.timezone.now, verbose_name="lu le")),
                ("confirme_le", models.DateTimeField(blank=True, null=True, verbose_name="confirmé le")),
                ("fini_le", models.DateTimeField(blank=True, null=True, verbose_name="fini le")),
                ("efface_le", models.DateTimeField(blank=True, null=True, verbose_name="lignes effacées le")),
                (
                    "cle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="dossiers.cleapi",
                        verbose_name="clé d’API",
                    ),
                ),
                (
                    "cree_par",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="imports_interlocuteurs",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="fait par",
                    ),
                ),
                (
                    "lot",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="dossiers.lot",
                    ),
                ),
            ],
            options={
                "verbose_name": "import d’interlocuteurs",
                "verbose_name_plural": "imports d’interlocuteurs",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["empreinte_entetes", "-id"], name="import_entetes"),
                    models.Index(fields=["empreinte_fichier"], name="import_fichier"),
                    models.Index(
                        condition=models.Q(("etat", "en_cours")), fields=["bail_jusqu_au"], name="import_en_cours"
                    ),
                    models.Index(fields=["cree_par", "-id"], name="import_cree_par"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("faites__gte", 0),
                            (
                                "a_traiter__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("faites"), "+", models.F("refusees")
                                ),
                            ),
                        ),
                        name="import_compte_juste",
                        violation_error_message="Un import ne traite pas plus de lignes qu’il n’en a.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Interlocuteur",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "environnement",
                    models.CharField(
                        choices=[("bac_a_sable", "Bac à sable"), ("test", "Test"), ("production", "Production")],
                        editable=False,
                        max_length=12,
                        verbose_name="environnement",
                    ),
                ),
                ("domaine", models.CharField(editable=False, max_length=60, verbose_name="domaine Loop")),
                ("email", models.CharField(max_length=254, verbose_name="e-mail")),
                ("nom", models.CharField(max_length=100, verbose_name="nom")),
                ("prenom", models.CharField(max_length=100, verbose_name="prénom")),
                (
                    "mobile",
                    models.CharField(
                        blank=True,
                        help_text="Envoyé à Loop. Par exemple 07 05 06 03 02.",
                        max_length=60,
                        verbose_name="téléphone mobile",
                    ),
                ),
                (
                    "fixe",
                    models.CharField(
                        blank=True,
                        help_text="Gardé ici\xa0: Loop n’en prend qu’un.",
                        max_length=60,
                        verbose_name="téléphone fixe",
                    ),
                ),
                ("profil", models.CharField(default="2.0", max_length=20, verbose_name="profil")),
                ("social", models.BooleanField(default=True, verbose_name="social")),
                ("actif", models.BooleanField(default=True, verbose_name="actif")),
                ("emetteur_par_defaut", models.BooleanField(default=False, verbose_name="émetteur par défaut")),
                (
                    "invitation",
                    models.CharField(
                        choices=[("inconnue", "Inconnue"), ("a_inviter", "À inviter"), ("invite", "Invité")],
                        default="inconnue",
                        editable=False,
                        max_length=9,
                        verbose_name="invitation sur le tenant",
                    ),
                ),
                ("invite_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="invité le")),
                (
                    "presence",
                    models.CharField(
                        choices=[
                            ("inconnue", "Jamais envoyé"),
                            ("present", "Présent"),
                            ("autre", "E-mail déjà pris dans Loop"),
                            ("absent", "Absent"),
                        ],
                        default="inconnue",
                        editable=False,
                        max_length=8,
                        verbose_name="dans Loop",
                    ),
                ),
                (
                    "interlocuteur_object_id",
                    models.UUIDField(blank=True, editable=False, null=True, verbose_name="objectId de l’interlocuteur"),
                ),
                (
                    "interlocuteur_revision_id",
                    models.CharField(
                        blank=True, editable=False, max_length=60, verbose_name="revisionId de l’interlocuteur"
                    ),
                ),
                (
                    "utilisateur_object_id",
                    models.UUIDField(
                        blank=True, editable=False, null=True, verbose_name="objectId de l’utilisateur client"
                    ),
                ),
                (
                    "utilisateur_revision_id",
                    models.CharField(
                        blank=True, editable=False, max_length=60, verbose_name="revisionId de l’utilisateur client"
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, editable=False, verbose_name="version de la fiche")),
                (
                    "version_envoyee",
                    models.PositiveIntegerField(
                        blank=True, editable=False, null=True, verbose_name="version connue de Loop"
                    ),
                ),
                ("cree_le", models.DateTimeField(auto_now_add=True, verbose_name="créé le")),
                (
                    "anonymise_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="anonymisé le"),
                ),
                (
                    "anonymise_par",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="anonymisé par",
                    ),
                ),
                (
                    "cree_par",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="créé par",
                    ),
                ),
                (
                    "invite_par",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="invitation notée par",
                    ),
                ),
            ],
            options={
                "verbose_name": "interlocuteur",
                "verbose_name_plural": "interlocuteurs",
                "ordering": ["nom", "prenom", "id"],
                "permissions": [
                    ("planifier_acces", "Peut donner ou retirer un accès"),
                    ("marquer_invite", "Peut noter qu’un interlocuteur est invité sur le tenant"),
                    ("importer_interlocuteurs", "Peut importer des interlocuteurs depuis un tableur"),
                    ("exporter_donnees", "Peut exporter les données personnelles d’un interlocuteur"),
                    ("anonymiser_interlocuteur", "Peut anonymiser un interlocuteur"),
                ],
                "indexes": [
                    models.Index(fields=["nom", "prenom", "id"], name="interlocuteur_ordre"),
                    models.Index(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("email"), name="text_pattern_ops"
                        ),
                        name="interlocuteur_email_prefixe",
                    ),
                    models.Index(
                        condition=models.Q(("mobile", ""), _negated=True),
                        fields=["mobile"],
                        name="interlocuteur_mobile",
                    ),
                    models.Index(
                        condition=models.Q(("fixe", ""), _negated=True), fields=["fixe"], name="interlocuteur_fixe"
                    ),
                    models.Index(
                        condition=models.Q(("invitation", "a_inviter")),
                        fields=["nom", "id"],
                        name="interlocuteur_a_inviter",
                    ),
                    models.Index(fields=["presence", "nom", "id"], name="interlocuteur_presence"),
                    models.Index(fields=["cree_par", "nom", "id"], name="interlocuteur_cree_par"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("nom"), name="gin_trgm_ops"
                        ),
                        name="interlocuteur_nom_trgm",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("prenom"), name="gin_trgm_ops"
                        ),
                        name="interlocuteur_prenom_trgm",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("environnement", "domaine", "email"),
                        name="interlocuteur_email_unique",
                        violation_error_message="Cette adresse e-mail est déjà celle d’un autre interlocuteur de ce domaine.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="interlocuteur_email_minuscule",
                        violation_error_message="L’adresse e-mail s’enregistre en minuscules.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("domaine", django.db.models.functions.text.Upper("domaine"))),
                        name="interlocuteur_domaine_majuscule",
                        violation_error_message="Le domaine s’enregistre en majuscules.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("mobile__regex", "^(\\+[1-9][0-9]{4,14})?$"), ("fixe__regex", "^(\\+[1-9][0-9]{4,14})?$")
                        ),
                        name="interlocuteur_telephones_e164",
                        violation_error_message="Un téléphone s’enregistre au format international.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Acces",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "offre",
                    models.CharField(
                        choices=[
                            ("start", "Start"),
                            ("co-production", "Co-production"),
                            ("consultation", "Consultation"),
                        ],
                        max_length=13,
                        verbose_name="offre",
                    ),
                ),
                ("voulu", models.BooleanField(default=False, verbose_name="voulu")),
                (
                    "constate",
                    models.BooleanField(
                        blank=True,
                        help_text="Vide\xa0: Loop n’en a encore rien dit.",
                        null=True,
                        verbose_name="constaté",
                    ),
                ),
                ("constate_le", models.DateTimeField(blank=True, null=True, verbose_name="constaté le")),
                (
                    "dossier",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acces",
                        to="dossiers.dossier",
                        verbose_name="dossier",
                    ),
                ),
                (
                    "interlocuteur",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="acces",
                        to="interlocuteurs.interlocuteur",
                        verbose_name="interlocuteur",
                    ),
                ),
            ],
            options={
                "verbose_name": "accès",
                "verbose_name_plural": "accès",
                "ordering": ["interlocuteur_id", "dossier_id", "offre"],
                "indexes": [
                    models.Index(fields=["dossier", "interlocuteur"], name="acces_dossier"),
                    models.Index(
                        condition=models.Q(
                            ("constate", None),
                            models.Q(("voulu", models.F("constate")), _negated=True),
                            _connector="OR",
                        ),
                        fields=["interlocuteur"],
                        name="acces_en_ecart",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("interlocuteur", "dossier", "offre"),
                        name="acces_unique",
                        violation_error_message="Cet interlocuteur a déjà une ligne pour cette offre sur ce dossier.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LigneImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("numero", models.PositiveIntegerField(verbose_name="ligne du fichier")),
                ("cellules", models.JSONField(default=list, verbose_name="cellules")),
                ("marques", models.JSONField(default=dict, verbose_name="marques")),
                (
                    "verdict",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("a_creer", "À créer"),
                            ("a_rattacher", "À rattacher"),
                            ("sans_objet", "Déjà fait"),
                            ("rejetee", "Rejetée"),
                        ],
                        max_length=11,
                        verbose_name="verdict",
                    ),
                ),
                ("motif", models.TextField(blank=True, verbose_name="motif")),
                ("empreinte", models.CharField(blank=True, max_length=16, verbose_name="empreinte")),
                (
                    "groupe",
                    models.PositiveIntegerField(
                        blank=True, null=True, verbose_name="première ligne du même interlocuteur"
                    ),
                ),
                (
                    "issue",
                    models.CharField(
                        blank=True,
                        choices=[("faite", "Importée"), ("refusee", "Refusée à la confirmation")],
                        max_length=7,
                        verbose_name="issue",
                    ),
                ),
                (
                    "importation",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lignes",
                        to="interlocuteurs.importinterlocuteurs",
                    ),
                ),
                (
                    "interlocuteur",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="interlocuteurs.interlocuteur",
                    ),
                ),
            ],
            options={
                "verbose_name": "ligne d’import",
                "verbose_name_plural": "lignes d’import",
                "ordering": ["importation_id", "numero"],
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["importation", "verdict", "numero"], name="ligne_import_verdict"),
                    models.Index(
                        condition=models.Q(("issue", ""), ("verdict__in", ("a_creer", "a_rattacher"))),
                        fields=["importation", "groupe", "numero"],
                        name="ligne_import_a_traiter",
                    ),
                ],
                "constraints": [models.UniqueConstraint(fields=("importation", "numero"), name="ligne_import_unique")],
            },
        ),
    ]
