import uuid

import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.indexes
import django.core.serializers.json
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

import config.champs
import dossiers.models.ecritures


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name="Guichet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "systeme",
                    models.CharField(
                        choices=[
                            ("loop", "Cegid Loop"),
                            ("chorus", "Chorus Pro"),
                            ("od", "Cegid OD"),
                            ("canal", "Canal des fiches"),
                        ],
                        max_length=6,
                        verbose_name="système",
                    ),
                ),
                ("nom", models.CharField(max_length=80, verbose_name="nom")),
                ("environnement", models.CharField(max_length=20, verbose_name="environnement")),
                (
                    "plafond",
                    models.PositiveSmallIntegerField(
                        default=4,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(64),
                        ],
                        verbose_name="appels simultanés au plus",
                    ),
                ),
                ("echecs_consecutifs", models.PositiveIntegerField(default=0, verbose_name="échecs consécutifs")),
                ("pause_jusqu_au", models.DateTimeField(blank=True, null=True, verbose_name="en pause jusqu’au")),
            ],
            options={
                "verbose_name": "identifiants",
                "verbose_name_plural": "identifiants",
                "ordering": ["nom", "id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Collaborateur",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined")),
                (
                    "login_loop",
                    models.CharField(
                        blank=True,
                        help_text="Adresse de connexion à Cegid Loop\u202f; elle relie la personne aux dossiers dont elle a la charge.",
                        max_length=254,
                        verbose_name="identifiant Loop",
                    ),
                ),
                (
                    "limite_au_portefeuille",
                    models.BooleanField(
                        default=False,
                        help_text="La personne ne voit que les dossiers dont elle est maître de dossier ou engagement manager.",
                        verbose_name="limité à son portefeuille",
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "collaborateur",
                "verbose_name_plural": "collaborateurs",
                "ordering": ["username"],
                "abstract": False,
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("login_loop", ""), _negated=True),
                        fields=("login_loop",),
                        name="collaborateur_login_loop_unique",
                        violation_error_message="Cet identifiant Loop est déjà celui d’un autre collaborateur.",
                    )
                ],
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
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
            name="CleApi",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("nom", models.CharField(max_length=80, unique=True, verbose_name="nom")),
                (
                    "type",
                    models.CharField(
                        choices=[("P04448", "Standard (P04448)"), ("P04454", "Avancée (P04454)")],
                        max_length=6,
                        verbose_name="type",
                    ),
                ),
                (
                    "environnement",
                    models.CharField(
                        choices=[("bac_a_sable", "Bac à sable"), ("test", "Test"), ("production", "Production")],
                        max_length=12,
                        verbose_name="environnement",
                    ),
                ),
                (
                    "domaine",
                    models.CharField(
                        help_text="Le code du cabinet affiché dans Loop Hub.",
                        max_length=60,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z0-9_-]+\\Z", "Lettres sans accent, chiffres, tirets et soulignés seulement."
                            )
                        ],
                        verbose_name="domaine Loop",
                    ),
                ),
                (
                    "cle_publique",
                    models.CharField(
                        help_text="La partie «\xa0key\xa0», avant les deux-points\u202f; c’est elle qui est déclarée dans Loop Hub.",
                        max_length=120,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[!-9;-~]+\\Z", "La clé publique ne contient ni espace, ni accent, ni deux-points."
                            )
                        ],
                        verbose_name="clé publique (key)",
                    ),
                ),
                (
                    "client_secret",
                    config.champs.ChiffreCharField(
                        blank=True, default="", max_length=500, verbose_name="client secret"
                    ),
                ),
                (
                    "client_secret_defini_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="client secret défini le"),
                ),
                (
                    "cle_abonnement",
                    config.champs.ChiffreCharField(
                        blank=True,
                        default="",
                        max_length=500,
                        verbose_name="clé d’abonnement (Ocp-Apim-Subscription-Key)",
                    ),
                ),
                (
                    "cle_abonnement_defini_le",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="clé d’abonnement définie le"
                    ),
                ),
                (
                    "activee_loophub",
                    models.BooleanField(
                        default=False,
                        help_text="Un administrateur du cabinet a saisi la clé dans Loop Hub\u202f; sinon, Cegid refuse tous les appels.",
                        verbose_name="activée dans LoopHub",
                    ),
                ),
                (
                    "partenaire",
                    models.CharField(
                        blank=True,
                        help_text="Vide si la clé reste au cabinet.",
                        max_length=120,
                        verbose_name="partagée avec le partenaire",
                    ),
                ),
                ("expire_le", models.DateField(blank=True, null=True, verbose_name="expire le")),
                (
                    "archivee_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archivée le"),
                ),
                ("teste_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="testée le")),
                (
                    "test_reussi",
                    models.BooleanField(blank=True, editable=False, null=True, verbose_name="dernier test réussi"),
                ),
                ("test_message", models.TextField(blank=True, editable=False, verbose_name="résultat du dernier test")),
                (
                    "synchronisee_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="LoopHub relevé le"),
                ),
                (
                    "cle_abonnement_defini_par",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "client_secret_defini_par",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
                "verbose_name": "clé d’API",
                "verbose_name_plural": "clés d’API",
                "ordering": ["nom"],
                "permissions": [
                    ("tester_cleapi", "Peut tester la connexion d’une clé d’API"),
                    ("synchroniser_cleapi", "Peut relever LoopHub avec une clé d’API"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("cle_publique", "environnement"),
                        name="cle_publique_unique",
                        violation_error_message="Cette clé publique est déjà enregistrée pour cet environnement.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("type", "P04454"), _negated=True), ("partenaire", ""), _connector="OR"
                        ),
                        name="cle_avancee_jamais_partagee",
                        violation_error_message="Une clé avancée (P04454) est réservée au cabinet\xa0: elle ne se partage pas avec un partenaire. Utilisez une clé standard (P04448) pour ce partenaire.",
                    ),
                ],
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
        migrations.CreateModel(
            name="Dossier",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        help_text="codeIbs / codeDossier de Loop.",
                        max_length=100,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z0-9][A-Za-z0-9_.-]{0,34}\\Z",
                                "Le code dossier compte 1 à 35 lettres sans accent, chiffres, tirets, points ou soulignés, et commence par une lettre ou un chiffre (exemples\xa0: MANON001, 044212). Recopiez-le depuis Loop.",
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                ("nom_usuel", models.CharField(blank=True, max_length=200, verbose_name="nom usuel")),
                ("raison_sociale", models.CharField(blank=True, max_length=200, verbose_name="raison sociale")),
                ("siren", models.CharField(blank=True, max_length=9, verbose_name="SIREN")),
                ("forme_juridique", models.CharField(blank=True, max_length=20, verbose_name="forme juridique")),
                (
                    "statut",
                    models.CharField(
                        choices=[("a_preparer", "À préparer"), ("operationnel", "Opérationnel")],
                        default="a_preparer",
                        max_length=12,
                        verbose_name="statut",
                    ),
                ),
                ("maitre_dossier", models.CharField(blank=True, max_length=254, verbose_name="maître de dossier")),
                ("engagement_manager", models.CharField(blank=True, max_length=254, verbose_name="engagement manager")),
                ("object_id", models.UUIDField(blank=True, editable=False, null=True, verbose_name="objectId")),
                ("revision_id", models.CharField(blank=True, editable=False, max_length=60, verbose_name="revisionId")),
                (
                    "connu",
                    models.JSONField(
                        blank=True, default=dict, editable=False, verbose_name="dernière version connue de Loop"
                    ),
                ),
                (
                    "synchronise_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="vu dans Loop le"),
                ),
                ("archive_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archivé le")),
                ("cree_le", models.DateTimeField(auto_now_add=True, verbose_name="créé le")),
                (
                    "archive_par",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "cle",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dossiers",
                        to="dossiers.cleapi",
                        verbose_name="clé d’API",
                    ),
                ),
            ],
            options={
                "verbose_name": "dossier",
                "verbose_name_plural": "dossiers",
                "ordering": ["code", "id"],
                "permissions": [
                    ("planifier_offre", "Peut ajouter ou retirer une offre collaborative"),
                    ("provisionner_dossier", "Peut provisionner un dossier dans Loop"),
                    ("actualiser_dossier", "Peut actualiser un dossier depuis Loop"),
                    ("corriger_dossier", "Peut corriger un dossier dans Loop"),
                    ("archiver_dossier", "Peut archiver ou remettre en service un dossier"),
                ],
                "indexes": [
                    models.Index(fields=["code", "id"], name="dossier_ordre"),
                    models.Index(
                        condition=models.Q(("archive_le", None)), fields=["code", "id"], name="dossier_en_service"
                    ),
                    models.Index(
                        condition=models.Q(("archive_le__isnull", False)),
                        fields=["code", "id"],
                        name="dossier_archives",
                    ),
                    models.Index(fields=["nom_usuel", "code", "id"], name="dossier_nom"),
                    models.Index(fields=["statut", "code", "id"], name="dossier_statut"),
                    models.Index(fields=["cle", "code", "id"], name="dossier_cle_ordre"),
                    models.Index(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("code"), name="text_pattern_ops"
                        ),
                        name="dossier_code_prefixe",
                    ),
                    models.Index(
                        condition=models.Q(("siren", ""), _negated=True), fields=["siren"], name="dossier_siren"
                    ),
                    models.Index(condition=models.Q(("siren", "")), fields=["code", "id"], name="dossier_sans_siren"),
                    models.Index(fields=["maitre_dossier", "code", "id"], name="dossier_maitre"),
                    models.Index(fields=["engagement_manager", "code", "id"], name="dossier_engagement"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("raison_sociale"), name="gin_trgm_ops"
                        ),
                        name="dossier_raison_trgm",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("nom_usuel"), name="gin_trgm_ops"
                        ),
                        name="dossier_nom_trgm",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("cle"),
                        django.db.models.functions.text.Upper("code"),
                        name="dossier_code_unique",
                        violation_error_message="Ce code existe déjà pour cette clé (majuscules et minuscules confondues).",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("siren", ""), ("siren__regex", "^[0-9]{9}$"), _connector="OR"),
                        name="dossier_siren_neuf_chiffres",
                        violation_error_message="Le SIREN compte 9 chiffres.",
                    ),
                ],
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
            name="Etablissement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("siret", models.CharField(max_length=14, verbose_name="SIRET")),
                ("nom", models.CharField(blank=True, max_length=200, verbose_name="nom")),
                (
                    "type",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[
                            (1, "Principal – siège social"),
                            (2, "Secondaire"),
                            (3, "Principal"),
                            (4, "Siège social"),
                        ],
                        null=True,
                        verbose_name="type",
                    ),
                ),
                ("object_id", models.UUIDField(blank=True, editable=False, null=True, verbose_name="objectId")),
                ("revision_id", models.CharField(blank=True, editable=False, max_length=60, verbose_name="revisionId")),
                (
                    "dossier",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="etablissements",
                        to="dossiers.dossier",
                        verbose_name="dossier",
                    ),
                ),
            ],
            options={
                "verbose_name": "établissement",
                "verbose_name_plural": "établissements",
                "ordering": ["siret"],
                "indexes": [models.Index(fields=["siret"], name="etablissement_siret")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("dossier", "siret"),
                        name="etablissement_unique",
                        violation_error_message="Cet établissement est déjà enregistré sur ce dossier.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("siret__regex", "^[0-9]{14}$")),
                        name="etablissement_siret_quatorze_chiffres",
                        violation_error_message="Le SIRET compte 14 chiffres.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Explication",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "systeme",
                    models.CharField(
                        choices=[
                            ("loop", "Cegid Loop"),
                            ("chorus", "Chorus Pro"),
                            ("od", "Cegid OD"),
                            ("canal", "Canal des fiches"),
                        ],
                        max_length=6,
                        verbose_name="système",
                    ),
                ),
                (
                    "motif",
                    models.TextField(help_text="Texte exact\u202f; {…} remplace ce qui varie.", verbose_name="message"),
                ),
                (
                    "gravite",
                    models.CharField(
                        choices=[("information", "Information"), ("erreur", "Erreur")],
                        default="erreur",
                        max_length=11,
                        verbose_name="gravité",
                    ),
                ),
                ("constat", models.TextField(blank=True, verbose_name="ce qui s’est passé")),
                ("cause", models.TextField(blank=True, verbose_name="pourquoi")),
                ("remede", models.TextField(blank=True, verbose_name="que faire")),
                ("geste", models.CharField(blank=True, max_length=40, verbose_name="bouton proposé")),
                ("source", models.CharField(blank=True, max_length=300, verbose_name="source")),
                (
                    "statut",
                    models.CharField(
                        choices=[
                            ("documentee", "Documentée par l’éditeur"),
                            ("a_ecrire", "Explication à écrire"),
                            ("ecrite", "Écrite par le cabinet"),
                        ],
                        default="a_ecrire",
                        max_length=10,
                        verbose_name="statut",
                    ),
                ),
                ("occurrences", models.PositiveIntegerField(default=0, editable=False, verbose_name="occurrences")),
                ("vue_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="vue le")),
                (
                    "dernier_requete_id",
                    models.CharField(blank=True, editable=False, max_length=80, verbose_name="dernier requestid"),
                ),
                ("redigee_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="rédigée le")),
                (
                    "redigee_par",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "explication",
                "verbose_name_plural": "messages expliqués",
                "ordering": ["systeme", "id"],
                "constraints": [models.UniqueConstraint(fields=("systeme", "motif"), name="explication_motif_unique")],
            },
        ),
        migrations.CreateModel(
            name="HistoricalCleApi",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("nom", models.CharField(db_index=True, max_length=80, verbose_name="nom")),
                (
                    "type",
                    models.CharField(
                        choices=[("P04448", "Standard (P04448)"), ("P04454", "Avancée (P04454)")],
                        max_length=6,
                        verbose_name="type",
                    ),
                ),
                (
                    "environnement",
                    models.CharField(
                        choices=[("bac_a_sable", "Bac à sable"), ("test", "Test"), ("production", "Production")],
                        max_length=12,
                        verbose_name="environnement",
                    ),
                ),
                (
                    "domaine",
                    models.CharField(
                        help_text="Le code du cabinet affiché dans Loop Hub.",
                        max_length=60,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z0-9_-]+\\Z", "Lettres sans accent, chiffres, tirets et soulignés seulement."
                            )
                        ],
                        verbose_name="domaine Loop",
                    ),
                ),
                (
                    "cle_publique",
                    models.CharField(
                        help_text="La partie «\xa0key\xa0», avant les deux-points\u202f; c’est elle qui est déclarée dans Loop Hub.",
                        max_length=120,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[!-9;-~]+\\Z", "La clé publique ne contient ni espace, ni accent, ni deux-points."
                            )
                        ],
                        verbose_name="clé publique (key)",
                    ),
                ),
                (
                    "client_secret_defini_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="client secret défini le"),
                ),
                (
                    "cle_abonnement_defini_le",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="clé d’abonnement définie le"
                    ),
                ),
                (
                    "activee_loophub",
                    models.BooleanField(
                        default=False,
                        help_text="Un administrateur du cabinet a saisi la clé dans Loop Hub\u202f; sinon, Cegid refuse tous les appels.",
                        verbose_name="activée dans LoopHub",
                    ),
                ),
                (
                    "partenaire",
                    models.CharField(
                        blank=True,
                        help_text="Vide si la clé reste au cabinet.",
                        max_length=120,
                        verbose_name="partagée avec le partenaire",
                    ),
                ),
                ("expire_le", models.DateField(blank=True, null=True, verbose_name="expire le")),
                (
                    "archivee_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archivée le"),
                ),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "cle_abonnement_defini_par",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "client_secret_defini_par",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
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
            ],
            options={
                "verbose_name": "historical clé d’API",
                "verbose_name_plural": "historical clés d’API",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalDossier",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "code",
                    models.CharField(
                        help_text="codeIbs / codeDossier de Loop.",
                        max_length=100,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Za-z0-9][A-Za-z0-9_.-]{0,34}\\Z",
                                "Le code dossier compte 1 à 35 lettres sans accent, chiffres, tirets, points ou soulignés, et commence par une lettre ou un chiffre (exemples\xa0: MANON001, 044212). Recopiez-le depuis Loop.",
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                ("nom_usuel", models.CharField(blank=True, max_length=200, verbose_name="nom usuel")),
                ("raison_sociale", models.CharField(blank=True, max_length=200, verbose_name="raison sociale")),
                ("siren", models.CharField(blank=True, max_length=9, verbose_name="SIREN")),
                ("forme_juridique", models.CharField(blank=True, max_length=20, verbose_name="forme juridique")),
                (
                    "statut",
                    models.CharField(
                        choices=[("a_preparer", "À préparer"), ("operationnel", "Opérationnel")],
                        default="a_preparer",
                        max_length=12,
                        verbose_name="statut",
                    ),
                ),
                ("maitre_dossier", models.CharField(blank=True, max_length=254, verbose_name="maître de dossier")),
                ("engagement_manager", models.CharField(blank=True, max_length=254, verbose_name="engagement manager")),
                ("object_id", models.UUIDField(blank=True, editable=False, null=True, verbose_name="objectId")),
                ("archive_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archivé le")),
                ("cree_le", models.DateTimeField(blank=True, editable=False, verbose_name="créé le")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "archive_par",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "cle",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="dossiers.cleapi",
                        verbose_name="clé d’API",
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
            ],
            options={
                "verbose_name": "historical dossier",
                "verbose_name_plural": "historical dossiers",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalEtablissement",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("siret", models.CharField(max_length=14, verbose_name="SIRET")),
                ("nom", models.CharField(blank=True, max_length=200, verbose_name="nom")),
                (
                    "type",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[
                            (1, "Principal – siège social"),
                            (2, "Secondaire"),
                            (3, "Principal"),
                            (4, "Siège social"),
                        ],
                        null=True,
                        verbose_name="type",
                    ),
                ),
                ("object_id", models.UUIDField(blank=True, editable=False, null=True, verbose_name="objectId")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
                ),
                (
                    "dossier",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="dossiers.dossier",
                        verbose_name="dossier",
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
            ],
            options={
                "verbose_name": "historical établissement",
                "verbose_name_plural": "historical établissements",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="Lot",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("plan", models.UUIDField(editable=False, unique=True, verbose_name="plan")),
                ("geste", models.CharField(max_length=40, verbose_name="geste")),
                ("libelle", models.CharField(max_length=200, verbose_name="libellé")),
                ("parametres", models.JSONField(blank=True, default=dict, verbose_name="paramètres")),
                (
                    "environnement",
                    models.CharField(
                        blank=True,
                        choices=[("bac_a_sable", "Bac à sable"), ("test", "Test"), ("production", "Production")],
                        max_length=12,
                        verbose_name="environnement",
                    ),
                ),
                ("cree_le", models.DateTimeField(default=django.utils.timezone.now, verbose_name="créé le")),
                ("total", models.PositiveIntegerField(default=0, verbose_name="opérations")),
                ("faites_ici", models.PositiveIntegerField(default=0, verbose_name="modifications locales")),
                ("sans_objet", models.PositiveIntegerField(default=0, verbose_name="rien à faire")),
                ("bloquees", models.PositiveIntegerField(default=0, verbose_name="bloquées")),
                (
                    "refus",
                    models.JSONField(
                        blank=True,
                        default=list,
                        encoder=django.core.serializers.json.DjangoJSONEncoder,
                        verbose_name="lignes refusées à la confirmation",
                    ),
                ),
                (
                    "cree_par",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lots",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="créé par",
                    ),
                ),
                (
                    "relance_de",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="relances",
                        to="dossiers.lot",
                    ),
                ),
            ],
            options={
                "verbose_name": "lot",
                "verbose_name_plural": "lots",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="ModeleImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("nom", models.CharField(max_length=100, verbose_name="nom")),
                ("employe_le", models.DateTimeField(default=django.utils.timezone.now, verbose_name="dernier emploi")),
                ("reussi_le", models.DateTimeField(blank=True, null=True, verbose_name="dernier succès")),
                (
                    "dossier",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="modeles_import",
                        to="dossiers.dossier",
                    ),
                ),
            ],
            options={
                "verbose_name": "modèle d’import",
                "verbose_name_plural": "modèles d’import",
                "ordering": ["dossier_id", "nom"],
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("dossier", "nom"), name="modele_import_unique")],
            },
        ),
        migrations.CreateModel(
            name="Offre",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "code",
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
                ("voulue", models.BooleanField(default=False, verbose_name="voulue")),
                (
                    "constatee",
                    models.BooleanField(
                        blank=True,
                        help_text="Vide\xa0: Loop n’en a encore rien dit.",
                        null=True,
                        verbose_name="constatée",
                    ),
                ),
                ("constatee_le", models.DateTimeField(blank=True, null=True, verbose_name="constatée le")),
                (
                    "dossier",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="offres",
                        to="dossiers.dossier",
                        verbose_name="dossier",
                    ),
                ),
            ],
            options={
                "verbose_name": "offre",
                "verbose_name_plural": "offres",
                "ordering": ["dossier_id", "code"],
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            ("constatee", None),
                            models.Q(("voulue", models.F("constatee")), _negated=True),
                            _connector="OR",
                        ),
                        fields=["dossier"],
                        name="offre_en_ecart",
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("dossier", "code"), name="offre_unique")],
            },
        ),
        migrations.CreateModel(
            name="Operation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reference",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="référence"),
                ),
                ("nature", models.CharField(max_length=40, verbose_name="nature")),
                (
                    "etat",
                    models.CharField(
                        choices=[
                            ("en_attente", "En attente"),
                            ("en_cours", "En cours"),
                            ("reussie", "Réussie"),
                            ("echouee", "Échouée"),
                            ("incertaine", "Incertaine"),
                            ("a_verifier", "À vérifier"),
                            ("annulee", "Annulée"),
                        ],
                        default="en_attente",
                        max_length=10,
                        verbose_name="état",
                    ),
                ),
                ("objet", models.CharField(max_length=240, verbose_name="objet distant")),
                ("parametres", models.JSONField(blank=True, default=dict, verbose_name="paramètres")),
                ("creee_le", models.DateTimeField(default=django.utils.timezone.now, verbose_name="créée le")),
                ("pas_avant", models.DateTimeField(default=django.utils.timezone.now, verbose_name="pas avant")),
                ("tentatives", models.PositiveSmallIntegerField(default=0, verbose_name="tentatives")),
                ("relectures", models.PositiveSmallIntegerField(default=0, verbose_name="relectures")),
                ("jeton", models.UUIDField(blank=True, editable=False, null=True, verbose_name="jeton")),
                ("bail_jusqu_au", models.DateTimeField(blank=True, null=True, verbose_name="bail jusqu’au")),
                (
                    "quarantaine_jusqu_au",
                    models.DateTimeField(blank=True, null=True, verbose_name="quarantaine jusqu’au"),
                ),
                (
                    "famille",
                    models.CharField(
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
                ("message", models.TextField(blank=True, verbose_name="message reçu")),
                ("code_erreur", models.CharField(blank=True, max_length=120, verbose_name="code d’erreur")),
                ("requete_id", models.CharField(blank=True, max_length=80, verbose_name="requestid")),
                ("terminee_le", models.DateTimeField(blank=True, null=True, verbose_name="terminée le")),
                (
                    "demandee_par",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="operations",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="demandée par",
                    ),
                ),
                (
                    "dossier",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="operations",
                        to="dossiers.dossier",
                    ),
                ),
                (
                    "explication",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="operations",
                        to="dossiers.explication",
                        verbose_name="explication",
                    ),
                ),
                (
                    "guichet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="operations",
                        to="dossiers.guichet",
                        verbose_name="identifiants",
                    ),
                ),
                (
                    "lot",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="operations",
                        to="dossiers.lot",
                    ),
                ),
                (
                    "relance_de",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="relances",
                        to="dossiers.operation",
                    ),
                ),
            ],
            options={
                "verbose_name": "opération",
                "verbose_name_plural": "opérations",
                "ordering": ["-id"],
                "permissions": [
                    ("annuler_operation", "Peut annuler une opération en attente"),
                    ("relancer_operation", "Peut relancer une opération échouée"),
                    ("trancher_operation", "Peut trancher une opération à vérifier"),
                ],
                "indexes": [
                    models.Index(
                        condition=models.Q(("etat", "en_attente")),
                        fields=["guichet", "pas_avant", "id"],
                        name="operation_due",
                    ),
                    models.Index(
                        condition=models.Q(("bail_jusqu_au__isnull", False)),
                        fields=["bail_jusqu_au"],
                        name="operation_bail",
                    ),
                    models.Index(
                        condition=models.Q(("jeton__isnull", False)), fields=["guichet"], name="operation_en_cours"
                    ),
                    models.Index(
                        condition=models.Q(("etat", "incertaine")),
                        fields=["quarantaine_jusqu_au"],
                        name="operation_quarantaine",
                    ),
                    models.Index(
                        condition=models.Q(("etat__in", ("en_attente", "en_cours", "incertaine", "a_verifier"))),
                        fields=["objet", "id"],
                        name="operation_objet",
                    ),
                    models.Index(fields=["etat", "-id"], name="operation_etat"),
                    models.Index(fields=["nature", "-id"], name="operation_nature"),
                    models.Index(fields=["dossier", "-id"], name="operation_dossier"),
                    models.Index(fields=["lot", "etat", "id"], name="operation_lot"),
                    models.Index(
                        condition=models.Q(("requete_id", ""), _negated=True),
                        fields=["requete_id"],
                        name="operation_requete_id",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("etat__in", ("en_cours", "incertaine", "a_verifier"))),
                        fields=("objet",),
                        name="operation_une_en_vol_par_objet",
                        violation_error_message="Une opération est déjà en vol sur cet objet.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("etat", "en_cours"), _negated=True),
                            models.Q(("bail_jusqu_au__isnull", False), ("jeton__isnull", False)),
                            _connector="OR",
                        ),
                        name="operation_en_cours_a_un_bail",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("etat__in", ("reussie", "echouee", "annulee")), ("terminee_le__isnull", False)),
                            models.Q(
                                ("etat__in", ("en_attente", "en_cours", "incertaine", "a_verifier")),
                                ("terminee_le", None),
                            ),
                            _connector="OR",
                        ),
                        name="operation_reglee_a_une_fin",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ImportEcritures",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reference",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="référence"),
                ),
                ("depot", models.UUIDField(default=uuid.uuid4, editable=False, verbose_name="dépôt")),
                (
                    "genre",
                    models.CharField(
                        choices=[("fec", "FEC (importFEC)"), ("perso", "Personnalisé (importPerso)")],
                        default="fec",
                        max_length=5,
                        verbose_name="type",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[("fichier", "Fichier"), ("lien", "Lien")],
                        default="fichier",
                        max_length=7,
                        verbose_name="source",
                    ),
                ),
                (
                    "fichier",
                    models.FileField(
                        blank=True,
                        storage=dossiers.models.ecritures.entrepot,
                        upload_to=dossiers.models.ecritures.chemin_du_fichier,
                        verbose_name="fichier",
                    ),
                ),
                ("nom_fichier", models.CharField(blank=True, max_length=200, verbose_name="nom du fichier")),
                ("taille", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="taille (octets)")),
                ("empreinte", models.CharField(blank=True, max_length=64, verbose_name="empreinte du contenu")),
                ("url", config.champs.ChiffreTextField(blank=True, editable=False, null=True, verbose_name="lien")),
                (
                    "lien_affiche",
                    models.CharField(blank=True, max_length=2100, verbose_name="lien (signature masquée)"),
                ),
                ("lien_jusqu_au", models.DateTimeField(blank=True, null=True, verbose_name="lien valable jusqu’au")),
                ("uri", models.CharField(blank=True, max_length=500, verbose_name="URI du dépôt")),
                ("modele", models.CharField(blank=True, max_length=100, verbose_name="modèle d’import (MODELE)")),
                ("siret", models.CharField(blank=True, max_length=14, verbose_name="SIRET de l’établissement")),
                ("periode_debut", models.DateField(blank=True, null=True, verbose_name="première écriture")),
                ("periode_fin", models.DateField(blank=True, null=True, verbose_name="dernière écriture")),
                ("lignes", models.PositiveBigIntegerField(blank=True, null=True, verbose_name="lignes")),
                ("bloquants", models.PositiveIntegerField(default=0, verbose_name="défauts bloquants")),
                ("avertissements", models.PositiveIntegerField(default=0, verbose_name="avertissements")),
                ("rapport", models.JSONField(blank=True, null=True, verbose_name="rapport du contrôle")),
                ("jeton", models.UUIDField(blank=True, editable=False, null=True, verbose_name="jeton")),
                ("bail_jusqu_au", models.DateTimeField(blank=True, null=True, verbose_name="bail jusqu’au")),
                ("controles", models.PositiveSmallIntegerField(default=0, verbose_name="contrôles tentés")),
                (
                    "etat",
                    models.CharField(
                        choices=[
                            ("controle", "Contrôle en cours"),
                            ("a_corriger", "À corriger"),
                            ("pret", "Prêt à envoyer"),
                            ("depot", "Dépôt du fichier"),
                            ("envoi", "Envoi à Loop"),
                            ("en_attente", "En attente dans Loop"),
                            ("en_cours", "En cours dans Loop"),
                            ("termine", "Terminé"),
                            ("en_erreur", "En erreur dans Loop"),
                            ("refuse", "Refusé"),
                            ("abandonne", "Abandonné"),
                        ],
                        default="controle",
                        max_length=10,
                        verbose_name="état",
                    ),
                ),
                ("demande_id", models.CharField(blank=True, max_length=100, verbose_name="accountingImportRequestId")),
                (
                    "statut",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[(1, "en attente"), (2, "en cours"), (3, "terminé"), (4, "en erreur")],
                        null=True,
                        verbose_name="statut dans Loop",
                    ),
                ),
                ("statut_brut", models.CharField(blank=True, max_length=80, verbose_name="statut reçu")),
                ("message", models.TextField(blank=True, verbose_name="message reçu")),
                ("suivi_le", models.DateTimeField(blank=True, null=True, verbose_name="statut lu le")),
                ("cree_le", models.DateTimeField(default=django.utils.timezone.now, verbose_name="créé le")),
                ("envoye_le", models.DateTimeField(blank=True, null=True, verbose_name="reçu par Loop le")),
                ("fini_le", models.DateTimeField(blank=True, null=True, verbose_name="fini le")),
                ("efface_le", models.DateTimeField(blank=True, null=True, verbose_name="fichier effacé le")),
                (
                    "cree_par",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="imports_ecritures",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="créé par",
                    ),
                ),
                (
                    "dossier",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="imports_ecritures",
                        to="dossiers.dossier",
                    ),
                ),
                (
                    "doublon_admis_par",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="doublon admis par",
                    ),
                ),
                (
                    "operation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="imports_ecritures",
                        to="dossiers.operation",
                        verbose_name="opération",
                    ),
                ),
            ],
            options={
                "verbose_name": "import d’écritures",
                "verbose_name_plural": "imports d’écritures",
                "ordering": ["-id"],
                "permissions": [
                    ("envoyer_importecritures", "Peut envoyer un import d’écritures à Loop"),
                    ("admettre_doublon_importecritures", "Peut admettre un nouvel envoi d’un même contenu"),
                ],
                "indexes": [
                    models.Index(fields=["dossier", "-id"], name="ecritures_dossier"),
                    models.Index(
                        condition=models.Q(("empreinte__gt", "")),
                        fields=["dossier", "empreinte"],
                        name="ecritures_empreinte",
                    ),
                    models.Index(fields=["etat", "-id"], name="ecritures_etat"),
                    models.Index(fields=["depot", "id"], name="ecritures_depot"),
                    models.Index(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("nom_fichier"), name="text_pattern_ops"
                        ),
                        condition=models.Q(("nom_fichier__gt", "")),
                        name="ecritures_nom",
                    ),
                    models.Index(condition=models.Q(("siret__gt", "")), fields=["siret"], name="ecritures_siret"),
                    models.Index(fields=["cree_par", "-id"], name="ecritures_cree_par"),
                    models.Index(
                        condition=models.Q(("etat", "controle")), fields=["bail_jusqu_au"], name="ecritures_controle"
                    ),
                    models.Index(
                        condition=models.Q(("fichier__gt", "")), fields=["cree_le"], name="ecritures_a_effacer"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("uri__gt", ""), ("url__isnull", False), _negated=True),
                        name="import_ecritures_url_ou_uri",
                        violation_error_message="Un import porte une URL ou une URI, jamais les deux.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("etat__in", ("envoi", "en_attente", "en_cours", "termine", "en_erreur")), _negated=True
                            ),
                            models.Q(("uri", ""), ("url__isnull", False)),
                            models.Q(("uri__gt", ""), ("url__isnull", True)),
                            _connector="OR",
                        ),
                        name="import_ecritures_une_source",
                        violation_error_message="Un import envoyé porte exactement une URL ou une URI.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("etat__in", ("controle", "a_corriger", "pret", "abandonne")),
                            ("dossier__isnull", False),
                            _connector="OR",
                        ),
                        name="import_ecritures_un_dossier",
                        violation_error_message="Un import envoyé a un dossier.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("genre", "fec"),
                            ("etat__in", ("controle", "a_corriger", "pret", "abandonne")),
                            ("modele__gt", ""),
                            _connector="OR",
                        ),
                        name="import_ecritures_un_modele",
                        violation_error_message="Un import personnalisé nomme son modèle.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("etat__in", ("en_attente", "en_cours", "termine", "en_erreur")), _negated=True),
                            ("demande_id__gt", ""),
                            _connector="OR",
                        ),
                        name="import_ecritures_une_demande",
                        violation_error_message="Un import reçu par Loop porte son accountingImportRequestId.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("demande_id__gt", "")),
                        fields=("demande_id",),
                        name="import_ecritures_demande_unique",
                        violation_error_message="Cet accountingImportRequestId est déjà celui d’un autre import.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Evenement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("operation_demandee", "Opération demandée"),
                            ("operation_reussie", "Opération réussie"),
                            ("operation_echouee", "Opération échouée"),
                            ("operation_incertaine", "Opération incertaine"),
                            ("operation_a_verifier", "Opération à vérifier"),
                            ("operation_annulee", "Opération annulée"),
                            ("operation_reprise", "Opération remise en attente"),
                            ("lot_confirme", "Lot confirmé"),
                            ("modification", "Modification"),
                            ("archivage", "Archivage"),
                            ("reconciliation", "Réconciliation"),
                            ("export", "Export"),
                            ("secret", "Secret défini"),
                            ("refus", "Action refusée"),
                        ],
                        max_length=24,
                        verbose_name="type",
                    ),
                ),
                ("texte", models.TextField(verbose_name="texte")),
                ("details", models.JSONField(blank=True, default=dict, verbose_name="détails")),
                ("cree_le", models.DateTimeField(default=django.utils.timezone.now, verbose_name="date")),
                (
                    "acteur",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "dossier",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evenements",
                        to="dossiers.dossier",
                    ),
                ),
                (
                    "guichet",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evenements",
                        to="dossiers.guichet",
                        verbose_name="identifiants",
                    ),
                ),
                (
                    "lot",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evenements",
                        to="dossiers.lot",
                    ),
                ),
                (
                    "operation",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evenements",
                        to="dossiers.operation",
                    ),
                ),
            ],
            options={
                "verbose_name": "événement",
                "verbose_name_plural": "journal",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("dossier__isnull", False)),
                        fields=["dossier", "-id"],
                        name="evenement_dossier",
                    ),
                    models.Index(
                        condition=models.Q(("operation__isnull", False)),
                        fields=["operation", "type"],
                        name="evenement_operation",
                    ),
                    models.Index(fields=["type", "-id"], name="evenement_type"),
                    models.Index(fields=["acteur", "-id"], name="evenement_acteur"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Ecart",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=100, verbose_name="code")),
                (
                    "classe",
                    models.CharField(
                        choices=[
                            ("absent_la_bas", "Absent de LoopHub"),
                            ("absent_ici", "Absent ici"),
                            ("different", "Différent"),
                        ],
                        max_length=13,
                        verbose_name="classe",
                    ),
                ),
                ("champs", models.JSONField(default=dict, verbose_name="différences")),
                (
                    "etat",
                    models.CharField(
                        choices=[("ouvert", "Ouvert"), ("repare", "Réparé"), ("clos", "Disparu au relevé suivant")],
                        default="ouvert",
                        max_length=6,
                        verbose_name="état",
                    ),
                ),
                ("releve_le", models.DateTimeField(verbose_name="relevé le")),
                (
                    "cle",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="ecarts",
                        to="dossiers.cleapi",
                        verbose_name="clé d’API",
                    ),
                ),
                (
                    "dossier",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="ecarts",
                        to="dossiers.dossier",
                    ),
                ),
                (
                    "operation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="ecarts",
                        to="dossiers.operation",
                        verbose_name="relevé",
                    ),
                ),
            ],
            options={
                "verbose_name": "écart",
                "verbose_name_plural": "écarts avec LoopHub",
                "ordering": ["code", "id"],
                "permissions": [("reparer_ecart", "Peut réparer un écart avec LoopHub")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("etat", "ouvert")), fields=["classe", "code", "id"], name="ecart_classe"
                    ),
                    models.Index(fields=["cle", "etat"], name="ecart_cle"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("cle"),
                        django.db.models.functions.text.Upper("code"),
                        condition=models.Q(("etat", "ouvert")),
                        name="ecart_ouvert_unique",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Appel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("debut", models.DateTimeField(verbose_name="début")),
                ("methode", models.CharField(max_length=7, verbose_name="méthode")),
                ("adresse", models.TextField(verbose_name="adresse")),
                ("entetes_requete", models.JSONField(default=dict, verbose_name="en-têtes de la requête")),
                ("corps_requete", models.TextField(blank=True, verbose_name="corps de la requête")),
                ("statut", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="statut HTTP")),
                ("entetes_reponse", models.JSONField(default=dict, verbose_name="en-têtes de la réponse")),
                ("corps_reponse", models.TextField(blank=True, verbose_name="corps de la réponse")),
                ("duree_ms", models.PositiveIntegerField(verbose_name="durée (ms)")),
                ("erreur", models.CharField(blank=True, max_length=300, verbose_name="erreur réseau")),
                ("requete_id", models.CharField(blank=True, max_length=80, verbose_name="requestid")),
                ("x_requete_id", models.CharField(blank=True, max_length=80, verbose_name="x-request-id")),
                (
                    "guichet",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appels",
                        to="dossiers.guichet",
                        verbose_name="identifiants",
                    ),
                ),
                (
                    "operation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="appels",
                        to="dossiers.operation",
                        verbose_name="opération",
                    ),
                ),
            ],
            options={
                "verbose_name": "appel",
                "verbose_name_plural": "appels",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["guichet", "debut"], name="appel_guichet_debut"),
                    models.Index(
                        condition=models.Q(("requete_id", ""), _negated=True),
                        fields=["requete_id"],
                        name="appel_requete_id",
                    ),
                    models.Index(
                        condition=models.Q(("x_requete_id", ""), _negated=True),
                        fields=["x_requete_id"],
                        name="appel_x_requete_id",
                    ),
                ],
            },
        ),
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
                        violation_error_message="Vous avez déjà une recherche de ce nom sur cette liste. Donnez-lui un autre nom, ou supprimez l’ancienne.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SuiviImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("lu_le", models.DateTimeField(default=django.utils.timezone.now, verbose_name="lu le")),
                (
                    "statut",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[(1, "en attente"), (2, "en cours"), (3, "terminé"), (4, "en erreur")],
                        null=True,
                        verbose_name="statut",
                    ),
                ),
                ("statut_brut", models.CharField(max_length=80, verbose_name="statut reçu")),
                ("message", models.TextField(blank=True, verbose_name="message reçu")),
                (
                    "importation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="suivis",
                        to="dossiers.importecritures",
                        verbose_name="import",
                    ),
                ),
            ],
            options={
                "verbose_name": "statut d’import",
                "verbose_name_plural": "statuts d’import",
                "ordering": ["id"],
                "default_permissions": (),
            },
        ),
    ]
