import uuid

import django.contrib.postgres.constraints
import django.contrib.postgres.indexes
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
import django.utils.timezone
import simple_history.models
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models

import config.champs
import raccordements.models.adressage
import raccordements.models.certificat


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("dossiers", "0001_initial"),
        ("dossiers", "__first__"),
    ]

    operations = [
        BtreeGistExtension(),
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
        migrations.CreateModel(
            name="Certificat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "sha256",
                    models.CharField(editable=False, max_length=64, unique=True, verbose_name="empreinte SHA-256"),
                ),
                ("contenu", models.BinaryField(max_length=65536, verbose_name="certificats (PKCS#7)")),
                ("nom_fichier", models.CharField(max_length=150, verbose_name="nom du fichier")),
                ("sujet", models.CharField(max_length=500, verbose_name="sujet")),
                ("emetteur", models.CharField(max_length=500, verbose_name="émetteur")),
                ("numero_serie", models.CharField(blank=True, max_length=64, verbose_name="numéro de série")),
                ("debute_le", models.DateTimeField(verbose_name="valable du")),
                ("expire_le", models.DateTimeField(verbose_name="valable au")),
                ("analyse", models.JSONField(default=dict, verbose_name="analyse")),
                ("ajoute_le", models.DateTimeField(default=django.utils.timezone.now, verbose_name="ajouté le")),
                (
                    "ajoute_par",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="ajouté par",
                    ),
                ),
            ],
            options={
                "verbose_name": "certificat",
                "verbose_name_plural": "certificats",
                "ordering": ["expire_le", "id"],
                "indexes": [models.Index(fields=["expire_le"], name="certificat_expire")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("sha256", raccordements.models.certificat.EmpreinteHexadecimale("contenu"))
                        ),
                        name="certificat_empreinte_du_contenu",
                        violation_error_message="L’empreinte n’est pas celle du contenu.",
                    ),
                    models.CheckConstraint(
                        condition=django.db.models.lookups.LessThanOrEqual(
                            raccordements.models.certificat.Octets("contenu"), 65536
                        ),
                        name="certificat_taille",
                        violation_error_message="Le fichier de certificats dépasse 64 ko.",
                    ),
                    models.CheckConstraint(
                        condition=django.db.models.lookups.Exact(
                            raccordements.models.certificat.MarqueDeCle("contenu"), 0
                        ),
                        name="certificat_sans_cle_privee",
                        violation_error_message="Le fichier contient une clé privée\xa0: il n’est pas gardé.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CodeInterface",
            fields=[
                (
                    "code",
                    models.CharField(
                        max_length=8,
                        primary_key=True,
                        serialize=False,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}[0-9]{4}[A-Z]\\Z", "Trois capitales, quatre chiffres, une capitale."
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                ("ordre", models.PositiveSmallIntegerField(default=1000, verbose_name="ordre")),
                ("description", models.CharField(max_length=200, verbose_name="description")),
                ("flux", models.CharField(max_length=4, verbose_name="flux")),
                ("format", models.CharField(max_length=80, verbose_name="format")),
                (
                    "sens",
                    models.CharField(
                        choices=[("entrant", "Vers Chorus Pro"), ("sortant", "Depuis Chorus Pro")],
                        max_length=7,
                        verbose_name="sens",
                    ),
                ),
                ("syntaxe_flux", models.CharField(blank=True, max_length=60, verbose_name="syntaxeFlux")),
                ("qualification", models.BooleanField(default=True, verbose_name="offert en qualification")),
                ("production", models.BooleanField(default=True, verbose_name="offert en production")),
                ("du", models.DateField(blank=True, null=True, verbose_name="valable du")),
                ("au", models.DateField(blank=True, null=True, verbose_name="valable au")),
                ("au_guide", models.BooleanField(default=False, verbose_name="au formulaire de 2017")),
                ("source", models.CharField(max_length=300, verbose_name="source")),
                (
                    "surete",
                    models.CharField(
                        choices=[
                            ("A", "A – texte officiel de l’AIFE"),
                            ("B", "B – code public qui fonctionne ou mesure datée"),
                            ("C", "C – un seul témoignage, ou une déduction"),
                        ],
                        max_length=1,
                        verbose_name="sûreté",
                    ),
                ),
                ("remarque", models.TextField(blank=True, verbose_name="remarque")),
            ],
            options={
                "verbose_name": "code interface",
                "verbose_name_plural": "codes interfaces",
                "ordering": ["ordre", "code"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("au", None), ("du", None), ("au__gte", models.F("du")), _connector="OR"),
                        name="code_interface_periode",
                        violation_error_message="La validité finit avant de commencer.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CompteChorus",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("nom", models.CharField(max_length=80, unique=True, verbose_name="nom")),
                (
                    "environnement",
                    models.CharField(
                        choices=[("qualification", "Qualification"), ("production", "Production")],
                        max_length=13,
                        verbose_name="environnement",
                    ),
                ),
                (
                    "application",
                    models.CharField(
                        blank=True,
                        help_text="Son nom sur PISTE, unique\xa0: c’est lui que la fiche API déclare.",
                        max_length=150,
                        verbose_name="application PISTE",
                    ),
                ),
                (
                    "client_id",
                    models.CharField(
                        help_text="Partie «\xa0OAuth Credentials\xa0» de l’application PISTE, et non «\xa0API Keys\xa0».",
                        max_length=120,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[!-~]+\\Z", "Ni espace, ni accent\xa0: copiez la valeur d’un seul tenant."
                            )
                        ],
                        verbose_name="client id",
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
                    "login",
                    models.CharField(
                        help_text="De la forme TECH_1_123456@cpro.fr, créé par le gestionnaire principal.",
                        max_length=254,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[!-~]+\\Z", "Ni espace, ni accent\xa0: copiez la valeur d’un seul tenant."
                            )
                        ],
                        verbose_name="compte technique",
                    ),
                ),
                (
                    "mot_de_passe",
                    config.champs.ChiffreCharField(
                        blank=True, default="", max_length=500, verbose_name="mot de passe du compte technique"
                    ),
                ),
                (
                    "mot_de_passe_defini_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="mot de passe défini le"),
                ),
                (
                    "mot_de_passe_change_le",
                    models.DateField(
                        blank=True,
                        help_text="Chorus Pro le refuse 424 jours plus tard.",
                        null=True,
                        verbose_name="mot de passe créé ou changé sur Chorus Pro le",
                    ),
                ),
                (
                    "fin_lue",
                    models.DateField(
                        blank=True, editable=False, null=True, verbose_name="fin du mot de passe lue dans Chorus Pro"
                    ),
                ),
                ("fin_lue_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="fin lue le")),
                ("teste_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="testé le")),
                (
                    "test_reussi",
                    models.BooleanField(blank=True, editable=False, null=True, verbose_name="dernier test réussi"),
                ),
                (
                    "test_diagnostic",
                    models.JSONField(blank=True, default=list, editable=False, verbose_name="étapes du dernier test"),
                ),
                ("archive_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archivé le")),
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
                (
                    "mot_de_passe_defini_par",
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
                "verbose_name": "compte Chorus Pro",
                "verbose_name_plural": "comptes Chorus Pro",
                "ordering": ["nom"],
                "permissions": [("tester_comptechorus", "Peut tester la connexion d’un compte Chorus Pro")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("environnement", "client_id", "login"),
                        name="compte_chorus_unique",
                        violation_error_message="Ce compte technique est déjà enregistré avec cette application PISTE.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Delegation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("debut", models.DateTimeField(default=django.utils.timezone.now, verbose_name="du")),
                ("fin", models.DateTimeField(verbose_name="jusqu’au")),
                ("motif", models.CharField(blank=True, max_length=200, verbose_name="motif")),
                (
                    "creee_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="créée le"),
                ),
                (
                    "revoquee_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="révoquée le"),
                ),
                (
                    "delegant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations_donnees",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="délégant",
                    ),
                ),
                (
                    "delegue",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="delegations_recues",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="délégué",
                    ),
                ),
            ],
            options={
                "verbose_name": "délégation d’approbation",
                "verbose_name_plural": "délégations d’approbation",
                "ordering": ["-id"],
                "permissions": [("deleguer_approbation", "Peut déléguer ses approbations")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("fin__gt", models.F("debut"))),
                        name="delegation_finit_apres_son_debut",
                        violation_error_message="La délégation finit avant de commencer.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("delegant", models.F("delegue")), _negated=True),
                        name="delegation_a_un_autre",
                        violation_error_message="On ne se délègue pas à soi-même.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="EmetteurAdmis",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "nom",
                    models.CharField(
                        help_text="Nom commun ou organisation de l’autorité.", max_length=200, verbose_name="nom"
                    ),
                ),
                (
                    "sha256",
                    models.CharField(
                        blank=True,
                        max_length=64,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[0-9a-f]{64}\\Z", "64 chiffres hexadécimaux, en minuscules."
                            )
                        ],
                        verbose_name="empreinte SHA-256 de son certificat",
                    ),
                ),
                ("source", models.CharField(blank=True, max_length=300, verbose_name="source")),
            ],
            options={
                "verbose_name": "émetteur admis",
                "verbose_name_plural": "émetteurs admis",
                "ordering": ["nom", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("nom", "sha256"),
                        name="emetteur_admis_unique",
                        violation_error_message="Cet émetteur est déjà sur la liste.",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Fiche",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reference",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="référence"),
                ),
                (
                    "genre",
                    models.CharField(
                        choices=[("edi", "EDI"), ("api", "API")], editable=False, max_length=3, verbose_name="type"
                    ),
                ),
                (
                    "generation",
                    models.CharField(
                        blank=True,
                        choices=[("piste", "Application PISTE"), ("certificat", "Certificat (formulaire de 2017)")],
                        editable=False,
                        max_length=10,
                        verbose_name="formulaire",
                    ),
                ),
                (
                    "environnement",
                    models.CharField(
                        choices=[("qualification", "Qualification"), ("production", "Production")],
                        editable=False,
                        max_length=13,
                        verbose_name="environnement",
                    ),
                ),
                (
                    "protocole",
                    models.CharField(
                        blank=True,
                        choices=[("pesit", "PeSIT"), ("sftp", "SFTP"), ("as2", "AS2")],
                        max_length=5,
                        verbose_name="protocole de raccordement",
                    ),
                ),
                ("periode_du", models.DateField(blank=True, null=True, verbose_name="période de raccordement, du")),
                ("periode_au", models.DateField(blank=True, null=True, verbose_name="période de raccordement, au")),
                (
                    "code_appli",
                    models.CharField(blank=True, editable=False, max_length=20, verbose_name="code appli partenaire"),
                ),
                ("contact_nom", models.CharField(blank=True, max_length=150, verbose_name="nom prénom")),
                ("contact_telephone", models.CharField(blank=True, max_length=40, verbose_name="téléphone")),
                (
                    "contact_courriel",
                    models.CharField(
                        blank=True,
                        max_length=254,
                        validators=[
                            django.core.validators.EmailValidator(
                                "Cette adresse électronique est incomplète\xa0: vérifiez ce qui entoure l’arobase."
                            )
                        ],
                        verbose_name="adresse électronique",
                    ),
                ),
                ("contact_fax", models.CharField(blank=True, max_length=40, verbose_name="fax")),
                (
                    "reseau_aife",
                    models.JSONField(
                        blank=True, default=dict, editable=False, verbose_name="caractéristiques réseaux, AIFE"
                    ),
                ),
                (
                    "partenaire_identifiant",
                    models.CharField(blank=True, max_length=128, verbose_name="identifiant du partenaire"),
                ),
                (
                    "partenaire_adresse",
                    models.CharField(blank=True, max_length=253, verbose_name="adresse IP de connexion du partenaire"),
                ),
                (
                    "partenaire_port",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                        verbose_name="port du partenaire",
                    ),
                ),
                (
                    "partenaire_chemin",
                    models.CharField(blank=True, max_length=200, verbose_name="chemin de dépôt du partenaire"),
                ),
                ("application_piste", models.CharField(blank=True, max_length=150, verbose_name="application PISTE")),
                (
                    "usage_piste",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("direct", "Raccordement direct"),
                            ("client_lourd", "Logiciel installé chez le client («\xa0client lourd\xa0»)"),
                            ("concentrateur", "Éditeur qui appelle pour ses clients («\xa0concentrateur\xa0»)"),
                        ],
                        max_length=14,
                        verbose_name="type d’utilisation",
                    ),
                ),
                ("commentaires", models.TextField(blank=True, max_length=2000, verbose_name="commentaires")),
                (
                    "etat",
                    models.CharField(
                        choices=[
                            ("brouillon", "Brouillon"),
                            ("envoyee", "Envoyée"),
                            ("envoyee_maj", "Envoyée MAJ"),
                            ("activee", "Activée"),
                            ("desactivee", "Désactivée"),
                        ],
                        default="brouillon",
                        editable=False,
                        max_length=11,
                        verbose_name="état courant",
                    ),
                ),
                (
                    "approbation",
                    models.CharField(
                        choices=[
                            ("a_soumettre", "À soumettre"),
                            ("en_attente", "En attente d’approbation"),
                            ("approuvee", "Approuvée"),
                            ("refusee", "Refusée"),
                        ],
                        default="a_soumettre",
                        editable=False,
                        max_length=11,
                        verbose_name="approbation",
                    ),
                ),
                ("edition", models.PositiveIntegerField(default=1, editable=False, verbose_name="édition")),
                ("envoyee_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="envoyée le")),
                ("activee_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="activée le")),
                (
                    "suivie_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="suivi demandé le"),
                ),
                (
                    "cree_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="créée le"),
                ),
                (
                    "modifiee_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="modifiée le"),
                ),
                (
                    "supprimee_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="supprimée le"),
                ),
                (
                    "cree_par",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="fiches_creees",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="créée par",
                    ),
                ),
                (
                    "issue_de",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="issues",
                        to="raccordements.fiche",
                        verbose_name="issue de",
                    ),
                ),
            ],
            options={
                "verbose_name": "fiche de raccordement",
                "verbose_name_plural": "fiches de raccordement",
                "ordering": ["-id"],
                "permissions": [
                    ("supprimer_fiche", "Peut supprimer un brouillon de fiche"),
                    ("soumettre_fiche", "Peut soumettre une fiche à l’approbation"),
                    ("approuver_fiche", "Peut approuver ou refuser une fiche"),
                    ("envoyer_fiche", "Peut envoyer une fiche approuvée"),
                    ("constater_fiche", "Peut noter ce que le portail dit d’une fiche"),
                    ("desactiver_fiche", "Peut noter une désactivation, ou l’annuler"),
                    ("promouvoir_fiche", "Peut préparer la fiche de production d’une fiche qualifiée"),
                ],
            },
        ),
        migrations.CreateModel(
            name="CertificatJoint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "usage",
                    models.CharField(
                        choices=[
                            ("client", "Client"),
                            ("serveur", "Serveur"),
                            ("client et serveur", "Client et serveur"),
                        ],
                        max_length=17,
                        verbose_name="usage",
                    ),
                ),
                (
                    "certificat",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="emplois",
                        to="raccordements.certificat",
                        verbose_name="certificat",
                    ),
                ),
                (
                    "fiche",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="certificats_joints",
                        to="raccordements.fiche",
                    ),
                ),
            ],
            options={
                "verbose_name": "certificat d’une fiche",
                "verbose_name_plural": "certificats d’une fiche",
                "ordering": ["fiche_id", "usage"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("fiche", "usage"),
                        name="certificat_joint_usage_unique",
                        violation_error_message="Cette fiche a déjà un certificat pour cet usage.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("usage__in", ["client", "serveur", "client et serveur"])),
                        name="certificat_joint_usage",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="FicheAPI",
            fields=[],
            options={
                "verbose_name": "fiche API",
                "verbose_name_plural": "fiches API",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("raccordements.fiche",),
        ),
        migrations.CreateModel(
            name="FicheEDI",
            fields=[],
            options={
                "verbose_name": "fiche EDI",
                "verbose_name_plural": "fiches EDI",
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("raccordements.fiche",),
        ),
        migrations.CreateModel(
            name="HistoricalCodeInterface",
            fields=[
                (
                    "code",
                    models.CharField(
                        db_index=True,
                        max_length=8,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[A-Z]{3}[0-9]{4}[A-Z]\\Z", "Trois capitales, quatre chiffres, une capitale."
                            )
                        ],
                        verbose_name="code",
                    ),
                ),
                ("ordre", models.PositiveSmallIntegerField(default=1000, verbose_name="ordre")),
                ("description", models.CharField(max_length=200, verbose_name="description")),
                ("flux", models.CharField(max_length=4, verbose_name="flux")),
                ("format", models.CharField(max_length=80, verbose_name="format")),
                (
                    "sens",
                    models.CharField(
                        choices=[("entrant", "Vers Chorus Pro"), ("sortant", "Depuis Chorus Pro")],
                        max_length=7,
                        verbose_name="sens",
                    ),
                ),
                ("syntaxe_flux", models.CharField(blank=True, max_length=60, verbose_name="syntaxeFlux")),
                ("qualification", models.BooleanField(default=True, verbose_name="offert en qualification")),
                ("production", models.BooleanField(default=True, verbose_name="offert en production")),
                ("du", models.DateField(blank=True, null=True, verbose_name="valable du")),
                ("au", models.DateField(blank=True, null=True, verbose_name="valable au")),
                ("au_guide", models.BooleanField(default=False, verbose_name="au formulaire de 2017")),
                ("source", models.CharField(max_length=300, verbose_name="source")),
                (
                    "surete",
                    models.CharField(
                        choices=[
                            ("A", "A – texte officiel de l’AIFE"),
                            ("B", "B – code public qui fonctionne ou mesure datée"),
                            ("C", "C – un seul témoignage, ou une déduction"),
                        ],
                        max_length=1,
                        verbose_name="sûreté",
                    ),
                ),
                ("remarque", models.TextField(blank=True, verbose_name="remarque")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
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
                "verbose_name": "historical code interface",
                "verbose_name_plural": "historical codes interfaces",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalCompteChorus",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("nom", models.CharField(db_index=True, max_length=80, verbose_name="nom")),
                (
                    "environnement",
                    models.CharField(
                        choices=[("qualification", "Qualification"), ("production", "Production")],
                        max_length=13,
                        verbose_name="environnement",
                    ),
                ),
                (
                    "application",
                    models.CharField(
                        blank=True,
                        help_text="Son nom sur PISTE, unique\xa0: c’est lui que la fiche API déclare.",
                        max_length=150,
                        verbose_name="application PISTE",
                    ),
                ),
                (
                    "client_id",
                    models.CharField(
                        help_text="Partie «\xa0OAuth Credentials\xa0» de l’application PISTE, et non «\xa0API Keys\xa0».",
                        max_length=120,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[!-~]+\\Z", "Ni espace, ni accent\xa0: copiez la valeur d’un seul tenant."
                            )
                        ],
                        verbose_name="client id",
                    ),
                ),
                (
                    "client_secret_defini_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="client secret défini le"),
                ),
                (
                    "login",
                    models.CharField(
                        help_text="De la forme TECH_1_123456@cpro.fr, créé par le gestionnaire principal.",
                        max_length=254,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[!-~]+\\Z", "Ni espace, ni accent\xa0: copiez la valeur d’un seul tenant."
                            )
                        ],
                        verbose_name="compte technique",
                    ),
                ),
                (
                    "mot_de_passe_defini_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="mot de passe défini le"),
                ),
                (
                    "mot_de_passe_change_le",
                    models.DateField(
                        blank=True,
                        help_text="Chorus Pro le refuse 424 jours plus tard.",
                        null=True,
                        verbose_name="mot de passe créé ou changé sur Chorus Pro le",
                    ),
                ),
                ("archive_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archivé le")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
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
                (
                    "mot_de_passe_defini_par",
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
            ],
            options={
                "verbose_name": "historical compte Chorus Pro",
                "verbose_name_plural": "historical comptes Chorus Pro",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalEmetteurAdmis",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "nom",
                    models.CharField(
                        help_text="Nom commun ou organisation de l’autorité.", max_length=200, verbose_name="nom"
                    ),
                ),
                (
                    "sha256",
                    models.CharField(
                        blank=True,
                        max_length=64,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[0-9a-f]{64}\\Z", "64 chiffres hexadécimaux, en minuscules."
                            )
                        ],
                        verbose_name="empreinte SHA-256 de son certificat",
                    ),
                ),
                ("source", models.CharField(blank=True, max_length=300, verbose_name="source")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
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
                "verbose_name": "historical émetteur admis",
                "verbose_name_plural": "historical émetteurs admis",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalPlateforme",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("nom", models.CharField(max_length=80, verbose_name="nom")),
                (
                    "environnement",
                    models.CharField(
                        choices=[("bac_a_sable", "Bac à sable"), ("test", "Test"), ("production", "Production")],
                        max_length=12,
                        verbose_name="environnement",
                    ),
                ),
                (
                    "matricule",
                    models.CharField(
                        help_text="Ses 4 chiffres dans l’annuaire de la facturation électronique.",
                        max_length=4,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[0-9]{4}\\Z", "Le matricule d’une plateforme compte 4 chiffres."
                            )
                        ],
                        verbose_name="matricule",
                    ),
                ),
                (
                    "contrat_reference",
                    models.CharField(blank=True, max_length=80, verbose_name="contrat de coopération, référence"),
                ),
                ("contrat_le", models.DateField(blank=True, null=True, verbose_name="contrat de coopération signé le")),
                (
                    "cle_abonnement_defini_le",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="clé d’abonnement définie le"
                    ),
                ),
                (
                    "modele_endpoint",
                    models.CharField(
                        blank=True,
                        help_text="Avec {identifiant} dans son chemin\xa0: chaque ligne d’adressage a ainsi le sien. Son hôte doit être admis par deux personnes.",
                        max_length=200,
                        verbose_name="modèle d’endpoint",
                    ),
                ),
                (
                    "cree_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="créée le"),
                ),
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
                "verbose_name": "historical plateforme",
                "verbose_name_plural": "historical plateformes",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalReferenceReseau",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                (
                    "protocole",
                    models.CharField(
                        choices=[("pesit", "PeSIT"), ("sftp", "SFTP"), ("as2", "AS2")],
                        max_length=5,
                        verbose_name="protocole",
                    ),
                ),
                (
                    "environnement",
                    models.CharField(
                        choices=[("qualification", "Qualification"), ("production", "Production")],
                        max_length=13,
                        verbose_name="environnement",
                    ),
                ),
                ("identifiant", models.CharField(blank=True, max_length=60, verbose_name="identifiant")),
                ("adresse", models.CharField(blank=True, max_length=253, verbose_name="adresse")),
                (
                    "port",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                        verbose_name="port",
                    ),
                ),
                ("chemin", models.CharField(blank=True, max_length=200, verbose_name="chemin de dépôt")),
                ("chiffrement", models.CharField(blank=True, max_length=60, verbose_name="algorithme de chiffrement")),
                ("signature", models.CharField(blank=True, max_length=60, verbose_name="algorithme de signature")),
                ("mdn", models.CharField(blank=True, max_length=60, verbose_name="mode de livraison MDN")),
                ("variante", models.CharField(blank=True, max_length=80, verbose_name="variante du protocole")),
                ("vu_le", models.DateField(verbose_name="vu le")),
                ("source", models.CharField(max_length=300, verbose_name="source")),
                ("history_id", models.AutoField(primary_key=True, serialize=False)),
                ("history_date", models.DateTimeField(db_index=True)),
                ("history_change_reason", models.CharField(max_length=100, null=True)),
                (
                    "history_type",
                    models.CharField(choices=[("+", "Created"), ("~", "Changed"), ("-", "Deleted")], max_length=1),
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
                "verbose_name": "historical valeurs réseau de l’AIFE",
                "verbose_name_plural": "historical valeurs réseau de l’AIFE",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="HistoricalStructure",
            fields=[
                ("id", models.BigIntegerField(auto_created=True, blank=True, db_index=True, verbose_name="ID")),
                ("siret", models.CharField(max_length=14, verbose_name="SIRET")),
                (
                    "environnement",
                    models.CharField(
                        choices=[("qualification", "Qualification"), ("production", "Production")],
                        max_length=13,
                        verbose_name="environnement",
                    ),
                ),
                ("designation", models.CharField(blank=True, max_length=200, verbose_name="désignation")),
                (
                    "id_structure_cpp",
                    models.BigIntegerField(blank=True, editable=False, null=True, verbose_name="idStructureCPP"),
                ),
                (
                    "espace_confirme_le",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="espace Raccordement confirmé le"
                    ),
                ),
                (
                    "editeur",
                    models.CharField(
                        blank=True,
                        help_text="Celui qui a pu être raccordé en qualification.",
                        max_length=150,
                        verbose_name="éditeur du logiciel",
                    ),
                ),
                (
                    "editeur_qualifie_le",
                    models.DateField(blank=True, null=True, verbose_name="éditeur raccordé en qualification le"),
                ),
                (
                    "tiers_teletransmission",
                    models.BooleanField(
                        default=False,
                        help_text="Dans ce cas, la structure n’a aucune demande de raccordement à faire (guide AIFE).",
                        verbose_name="passe par un tiers de télétransmission",
                    ),
                ),
                (
                    "cree_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="créée le"),
                ),
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
                    "compte",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        help_text="Celui qui voit cette structure par l’API\u202f; il sert aux vérifications.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="raccordements.comptechorus",
                        verbose_name="compte Chorus Pro",
                    ),
                ),
                (
                    "cree_par",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="créée par",
                    ),
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
                    "espace_confirme_par",
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
                "verbose_name": "historical structure",
                "verbose_name_plural": "historical structures",
                "ordering": ("-history_date", "-history_id"),
                "get_latest_by": ("history_date", "history_id"),
            },
            bases=(simple_history.models.HistoricalChanges, models.Model),
        ),
        migrations.CreateModel(
            name="LigneAdressage",
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
                (
                    "niveau",
                    models.CharField(
                        choices=[
                            ("SIREN", "SIREN"),
                            ("SIREN_SIRET", "SIRET"),
                            ("SIREN_SIRET_CODEROUTAGE", "Code de routage"),
                            ("SIREN_SUFFIXE", "Suffixe"),
                        ],
                        max_length=23,
                        verbose_name="niveau",
                    ),
                ),
                ("siren", models.CharField(max_length=9, verbose_name="SIREN")),
                ("siret", models.CharField(blank=True, max_length=14, verbose_name="SIRET")),
                ("code_routage", models.CharField(blank=True, max_length=100, verbose_name="code de routage")),
                ("suffixe", models.CharField(blank=True, max_length=100, verbose_name="suffixe")),
                (
                    "identifiant",
                    models.CharField(editable=False, max_length=125, verbose_name="identifiant d’adressage"),
                ),
                ("debut", models.DateField(verbose_name="du")),
                ("fin", models.DateField(blank=True, null=True, verbose_name="au (inclus)")),
                ("motif", models.CharField(blank=True, max_length=200, verbose_name="motif de la fin")),
                (
                    "cree_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="créée le"),
                ),
                ("annulee_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="annulée le")),
                (
                    "annulee_par",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "cree_par",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="créée par",
                    ),
                ),
                (
                    "dossier",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lignes_adressage",
                        to="dossiers.dossier",
                        verbose_name="dossier",
                    ),
                ),
                (
                    "remplace",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="remplacantes",
                        to="raccordements.ligneadressage",
                        verbose_name="remplace",
                    ),
                ),
            ],
            options={
                "verbose_name": "ligne d’adressage",
                "verbose_name_plural": "lignes d’adressage",
                "ordering": ["siren", "identifiant", "debut", "id"],
                "indexes": [
                    models.Index(fields=["dossier", "debut"], name="ligne_adressage_dossier"),
                    models.Index(fields=["siren", "environnement"], name="ligne_adressage_siren"),
                    models.Index(condition=models.Q(("siret__gt", "")), fields=["siret"], name="ligne_adressage_siret"),
                    models.Index(fields=["niveau", "-id"], name="ligne_adressage_niveau"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("code_routage", ""),
                                ("identifiant", models.F("siren")),
                                ("niveau", "SIREN"),
                                ("siret", ""),
                                ("suffixe", ""),
                            ),
                            models.Q(
                                models.Q(
                                    ("siren", django.db.models.functions.text.Left("siret", 9)),
                                    ("siret__regex", "^[0-9]{14}$"),
                                ),
                                ("code_routage", ""),
                                (
                                    "identifiant",
                                    django.db.models.functions.text.Concat("siren", models.Value("_"), "siret"),
                                ),
                                ("niveau", "SIREN_SIRET"),
                                ("suffixe", ""),
                            ),
                            models.Q(
                                models.Q(
                                    ("siren", django.db.models.functions.text.Left("siret", 9)),
                                    ("siret__regex", "^[0-9]{14}$"),
                                ),
                                ("code_routage__regex", "^[A-Za-z0-9_-]{1,100}$"),
                                (
                                    "identifiant",
                                    django.db.models.functions.text.Concat(
                                        "siren", models.Value("_"), "siret", models.Value("_"), "code_routage"
                                    ),
                                ),
                                ("niveau", "SIREN_SIRET_CODEROUTAGE"),
                                ("suffixe", ""),
                            ),
                            models.Q(
                                models.Q(("suffixe__regex", "^[0-9]{14}(_|$)"), _negated=True),
                                ("code_routage", ""),
                                (
                                    "identifiant",
                                    django.db.models.functions.text.Concat("siren", models.Value("_"), "suffixe"),
                                ),
                                ("niveau", "SIREN_SUFFIXE"),
                                ("siret", ""),
                                ("suffixe__regex", "^[A-Za-z0-9_-]{1,100}$"),
                            ),
                            _connector="OR",
                        ),
                        name="ligne_parties_de_son_niveau",
                        violation_error_message="Les parties de la ligne ne sont pas celles de son niveau.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("siren__regex", "^[0-9]{9}$")),
                        name="ligne_siren",
                        violation_error_message="Le SIREN compte 9 chiffres.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("fin", None), ("fin__gte", models.F("debut")), _connector="OR"),
                        name="ligne_periode",
                        violation_error_message="La ligne finit avant de commencer. Corrigez l’une des deux dates.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("annulee_le", None), ("annulee_par", None)),
                            models.Q(("annulee_le__isnull", False), ("annulee_par__isnull", False)),
                            _connector="OR",
                        ),
                        name="ligne_annulee_par_quelqu_un",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("environnement__in", ["bac_a_sable", "test", "production"])),
                        name="ligne_environnement",
                        violation_error_message="Cet environnement n’existe pas.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("annulee_le", None)),
                        expressions=[
                            ("environnement", "="),
                            ("niveau", "="),
                            (django.db.models.functions.text.Upper("identifiant"), "="),
                            (raccordements.models.adressage.Periode(), "&&"),
                        ],
                        name="ligne_sans_chevauchement",
                        violation_error_message="Une ligne de ce niveau existe déjà pour ce destinataire sur cette période. Terminez-la d’abord, ou choisissez d’autres dates.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("annulee_le", None)),
                        fields=("remplace",),
                        name="ligne_une_remplacante",
                        violation_error_message="Cette ligne est déjà remplacée par une autre.",
                    ),
                    models.UniqueConstraint(fields=("id", "dossier", "environnement"), name="ligne_cible"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LigneCode",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("aucun", "Pas de raccordement"),
                            ("complete", "Complète"),
                            ("partielle", "Partielle"),
                        ],
                        max_length=9,
                        verbose_name="type d’intégration",
                    ),
                ),
                (
                    "code",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lignes",
                        to="raccordements.codeinterface",
                        verbose_name="code interface",
                    ),
                ),
                (
                    "fiche",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lignes",
                        to="raccordements.fiche",
                    ),
                ),
            ],
            options={
                "verbose_name": "code interface d’une fiche",
                "verbose_name_plural": "codes interfaces d’une fiche",
                "ordering": ["fiche_id", "code_id"],
                "default_permissions": (),
                "indexes": [
                    models.Index(
                        condition=models.Q(("mode", "aucun"), _negated=True),
                        fields=["-fiche", "code"],
                        include=("mode",),
                        name="ligne_code_cherchee",
                    ),
                    models.Index(
                        condition=models.Q(("mode", "aucun"), _negated=True),
                        fields=["code", "-fiche"],
                        name="ligne_code_raccordee",
                    ),
                    models.Index(
                        condition=models.Q(("mode", "aucun"), _negated=True),
                        fields=["mode", "-fiche"],
                        name="ligne_code_par_mode",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("fiche", "code"), name="ligne_code_unique"),
                    models.CheckConstraint(
                        condition=models.Q(("mode__in", ["aucun", "complete", "partielle"])), name="ligne_code_mode"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Mandat",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("demandeur", models.CharField(max_length=150, verbose_name="demandé par (nom, prénom)")),
                (
                    "courriel",
                    models.CharField(
                        max_length=254,
                        validators=[
                            django.core.validators.EmailValidator(
                                "Cette adresse électronique est incomplète\xa0: vérifiez ce qui entoure l’arobase."
                            )
                        ],
                        verbose_name="adresse électronique",
                    ),
                ),
                (
                    "qualite",
                    models.CharField(
                        choices=[
                            ("representant_legal", "Représentant légal"),
                            ("administrateur_habilite", "Administrateur habilité"),
                        ],
                        max_length=23,
                        verbose_name="en qualité de",
                    ),
                ),
                ("signe_le", models.DateField(verbose_name="signé le")),
                ("contenu", models.BinaryField(max_length=5242880, verbose_name="document")),
                ("sha256", models.CharField(editable=False, max_length=64, verbose_name="empreinte SHA-256")),
                ("nom_fichier", models.CharField(max_length=150, verbose_name="nom du fichier")),
                (
                    "format",
                    models.CharField(
                        choices=[("application/pdf", "PDF"), ("image/png", "PNG"), ("image/jpeg", "JPEG")],
                        max_length=15,
                        verbose_name="format",
                    ),
                ),
                (
                    "ajoute_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="ajouté le"),
                ),
                (
                    "ajoute_par",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="ajouté par",
                    ),
                ),
                (
                    "dossier",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="mandats",
                        to="dossiers.dossier",
                        verbose_name="dossier",
                    ),
                ),
            ],
            options={
                "verbose_name": "mandat",
                "verbose_name_plural": "mandats",
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["dossier", "-id"], name="mandat_dossier")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("sha256", raccordements.models.certificat.EmpreinteHexadecimale("contenu"))
                        ),
                        name="mandat_empreinte_du_contenu",
                        violation_error_message="L’empreinte n’est pas celle du document.",
                    ),
                    models.CheckConstraint(
                        condition=django.db.models.lookups.LessThanOrEqual(
                            raccordements.models.certificat.Octets("contenu"), 5242880
                        ),
                        name="mandat_taille",
                        violation_error_message="Le document dépasse 5 Mo.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("qualite__in", ["representant_legal", "administrateur_habilite"])),
                        name="mandat_qualite",
                        violation_error_message="La demande vient du représentant légal ou d’un administrateur habilité.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("courriel__gt", ""), ("demandeur__gt", "")),
                        name="mandat_demandeur",
                        violation_error_message="Le mandat nomme la personne qui l’a signé.",
                    ),
                    models.UniqueConstraint(fields=("id", "dossier"), name="mandat_dossier_cible"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Plateforme",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("nom", models.CharField(max_length=80, verbose_name="nom")),
                (
                    "environnement",
                    models.CharField(
                        choices=[("bac_a_sable", "Bac à sable"), ("test", "Test"), ("production", "Production")],
                        max_length=12,
                        verbose_name="environnement",
                    ),
                ),
                (
                    "matricule",
                    models.CharField(
                        help_text="Ses 4 chiffres dans l’annuaire de la facturation électronique.",
                        max_length=4,
                        validators=[
                            django.core.validators.RegexValidator(
                                "^[0-9]{4}\\Z", "Le matricule d’une plateforme compte 4 chiffres."
                            )
                        ],
                        verbose_name="matricule",
                    ),
                ),
                (
                    "contrat_reference",
                    models.CharField(blank=True, max_length=80, verbose_name="contrat de coopération, référence"),
                ),
                ("contrat_le", models.DateField(blank=True, null=True, verbose_name="contrat de coopération signé le")),
                (
                    "cle_abonnement",
                    config.champs.ChiffreCharField(
                        blank=True,
                        default="",
                        max_length=500,
                        verbose_name="clé d’abonnement de la plateforme (Ocp-Apim-Subscription-Key)",
                    ),
                ),
                (
                    "cle_abonnement_defini_le",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="clé d’abonnement définie le"
                    ),
                ),
                (
                    "modele_endpoint",
                    models.CharField(
                        blank=True,
                        help_text="Avec {identifiant} dans son chemin\xa0: chaque ligne d’adressage a ainsi le sien. Son hôte doit être admis par deux personnes.",
                        max_length=200,
                        verbose_name="modèle d’endpoint",
                    ),
                ),
                (
                    "cree_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="créée le"),
                ),
                (
                    "archivee_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archivée le"),
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
                "verbose_name": "plateforme",
                "verbose_name_plural": "plateformes",
                "ordering": ["nom", "id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("nom", "environnement"),
                        name="plateforme_nom_unique",
                        violation_error_message="Une plateforme de ce nom est déjà enregistrée dans cet environnement.",
                    ),
                    models.UniqueConstraint(
                        fields=("matricule", "environnement"),
                        name="plateforme_matricule_unique",
                        violation_error_message="Ce matricule est déjà celui d’une plateforme de cet environnement.",
                    ),
                    models.UniqueConstraint(fields=("id", "environnement"), name="plateforme_environnement_cible"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("matricule__regex", "^[0-9]{4}$"),
                            models.Q(("matricule__in", ("0000", "9998", "9999")), _negated=True),
                        ),
                        name="plateforme_matricule",
                        violation_error_message="Ce matricule n’est pas celui d’une plateforme agréée\xa0: il compte 4 chiffres, et 0000, 9998 et 9999 désignent le portail public, personne et Chorus Pro. Recopiez-le depuis l’annuaire.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("contrat_le", None), ("contrat_reference", "")),
                            models.Q(("contrat_le__isnull", False), ("contrat_reference__gt", "")),
                            _connector="OR",
                        ),
                        name="plateforme_contrat_entier",
                        violation_error_message="Un contrat de coopération a une référence et une date. Saisissez les deux.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("environnement__in", ["bac_a_sable", "test", "production"])),
                        name="plateforme_environnement",
                        violation_error_message="Cet environnement n’existe pas.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="HoteAdmis",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hote", models.CharField(max_length=253, verbose_name="hôte")),
                (
                    "propose_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="proposé le"),
                ),
                (
                    "confirme_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="confirmé le"),
                ),
                ("retire_le", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="retiré le")),
                (
                    "confirme_par",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="confirmé par",
                    ),
                ),
                (
                    "propose_par",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="proposé par",
                    ),
                ),
                (
                    "retire_par",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="retiré par",
                    ),
                ),
                (
                    "plateforme",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="hotes",
                        to="raccordements.plateforme",
                        verbose_name="plateforme",
                    ),
                ),
            ],
            options={
                "verbose_name": "hôte admis",
                "verbose_name_plural": "hôtes admis",
                "ordering": ["plateforme_id", "hote", "id"],
                "permissions": [("confirmer_hoteadmis", "Peut confirmer un hôte proposé par une autre personne")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("retire_le", None)),
                        fields=("plateforme", "hote"),
                        name="hote_unique",
                        violation_error_message="Cet hôte est déjà proposé ou admis pour cette plateforme.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("confirme_par", models.F("propose_par")), _negated=True),
                        name="hote_deux_personnes",
                        violation_error_message="Un hôte est confirmé par une autre personne que celle qui l’a proposé.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("confirme_le", None), ("confirme_par", None)),
                            models.Q(("confirme_le__isnull", False), ("confirme_par__isnull", False)),
                            _connector="OR",
                        ),
                        name="hote_confirme_par_quelqu_un",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("retire_le", None), ("retire_par", None)),
                            models.Q(("retire_le__isnull", False), ("retire_par__isnull", False)),
                            _connector="OR",
                        ),
                        name="hote_retire_par_quelqu_un",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("hote__regex", "^[a-z0-9.-]+\\.[a-z][a-z0-9-]*[a-z0-9]$")),
                        name="hote_nom_public",
                        violation_error_message="L’hôte est un nom complet, en minuscules, sans accent.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Redaction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("depuis", models.DateTimeField(default=django.utils.timezone.now, verbose_name="depuis")),
                (
                    "fiche",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="redactions",
                        to="raccordements.fiche",
                    ),
                ),
                (
                    "personne",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "rédaction d’une fiche",
                "verbose_name_plural": "rédactions des fiches",
                "ordering": ["fiche_id", "id"],
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("fiche", "personne"), name="redaction_unique")],
            },
        ),
        migrations.CreateModel(
            name="ReferenceReseau",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "protocole",
                    models.CharField(
                        choices=[("pesit", "PeSIT"), ("sftp", "SFTP"), ("as2", "AS2")],
                        max_length=5,
                        verbose_name="protocole",
                    ),
                ),
                (
                    "environnement",
                    models.CharField(
                        choices=[("qualification", "Qualification"), ("production", "Production")],
                        max_length=13,
                        verbose_name="environnement",
                    ),
                ),
                ("identifiant", models.CharField(blank=True, max_length=60, verbose_name="identifiant")),
                ("adresse", models.CharField(blank=True, max_length=253, verbose_name="adresse")),
                (
                    "port",
                    models.PositiveIntegerField(
                        blank=True,
                        null=True,
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(65535),
                        ],
                        verbose_name="port",
                    ),
                ),
                ("chemin", models.CharField(blank=True, max_length=200, verbose_name="chemin de dépôt")),
                ("chiffrement", models.CharField(blank=True, max_length=60, verbose_name="algorithme de chiffrement")),
                ("signature", models.CharField(blank=True, max_length=60, verbose_name="algorithme de signature")),
                ("mdn", models.CharField(blank=True, max_length=60, verbose_name="mode de livraison MDN")),
                ("variante", models.CharField(blank=True, max_length=80, verbose_name="variante du protocole")),
                ("vu_le", models.DateField(verbose_name="vu le")),
                ("source", models.CharField(max_length=300, verbose_name="source")),
            ],
            options={
                "verbose_name": "valeurs réseau de l’AIFE",
                "verbose_name_plural": "valeurs réseau de l’AIFE",
                "ordering": ["protocole", "environnement"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("protocole", "environnement"),
                        name="reference_reseau_unique",
                        violation_error_message="Ces valeurs existent déjà pour ce protocole et cet environnement.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("port", None), ("port__range", (1, 65535)), _connector="OR"),
                        name="reference_reseau_port_possible",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Souscription",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reference",
                    models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="référence"),
                ),
                (
                    "environnement",
                    models.CharField(
                        choices=[("bac_a_sable", "Bac à sable"), ("test", "Test"), ("production", "Production")],
                        editable=False,
                        max_length=12,
                        verbose_name="environnement",
                    ),
                ),
                ("endpoint", models.CharField(blank=True, max_length=300, verbose_name="endpoint exclusif")),
                ("debut", models.DateField(verbose_name="date d’effet")),
                ("fin", models.DateField(blank=True, null=True, verbose_name="date de fin (incluse)")),
                (
                    "fin_dite",
                    models.DateField(
                        blank=True, editable=False, null=True, verbose_name="fin connue de Cegid OD (incluse)"
                    ),
                ),
                ("servie", models.BooleanField(default=False, editable=False, verbose_name="a été souscrite")),
                (
                    "etat",
                    models.CharField(
                        choices=[
                            ("non_commencee", "Non commencée"),
                            ("onboarding", "On-boarding en cours"),
                            ("onboardee", "On-boardée"),
                            ("souscription", "Souscription en cours"),
                            ("souscrite", "Souscrite"),
                            ("resiliation", "Résiliation en cours"),
                            ("resiliee", "Résiliée"),
                            ("oubliee", "Oubliée par Cegid OD"),
                            ("annulee", "Annulée"),
                        ],
                        default="non_commencee",
                        editable=False,
                        max_length=13,
                        verbose_name="état",
                    ),
                ),
                (
                    "contrat",
                    models.CharField(blank=True, editable=False, max_length=80, verbose_name="contrat de coopération"),
                ),
                (
                    "numero_onboarding",
                    models.CharField(blank=True, editable=False, max_length=120, verbose_name="numéro d’on-boarding"),
                ),
                (
                    "numero_distant",
                    models.CharField(blank=True, editable=False, max_length=120, verbose_name="numéro de souscription"),
                ),
                ("message", models.TextField(blank=True, editable=False, verbose_name="dernier message de Cegid OD")),
                ("motif", models.CharField(blank=True, editable=False, max_length=200, verbose_name="motif de la fin")),
                (
                    "onboardee_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="on-boardée le"),
                ),
                (
                    "souscrite_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="souscrite le"),
                ),
                (
                    "resiliee_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="résiliée le"),
                ),
                (
                    "cree_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="créée le"),
                ),
                (
                    "modifiee_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="modifiée le"),
                ),
                (
                    "cree_par",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="créée par",
                    ),
                ),
                (
                    "dossier",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="souscriptions",
                        to="dossiers.dossier",
                        verbose_name="dossier",
                    ),
                ),
                (
                    "ligne",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="souscriptions",
                        to="raccordements.ligneadressage",
                        verbose_name="ligne d’adressage",
                    ),
                ),
                (
                    "mandat",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="souscriptions",
                        to="raccordements.mandat",
                        verbose_name="mandat",
                    ),
                ),
                (
                    "plateforme",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="souscriptions",
                        to="raccordements.plateforme",
                        verbose_name="plateforme",
                    ),
                ),
                (
                    "precedente",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suivantes",
                        to="raccordements.souscription",
                        verbose_name="prend la suite de",
                    ),
                ),
            ],
            options={
                "verbose_name": "souscription",
                "verbose_name_plural": "souscriptions",
                "ordering": ["-id"],
                "permissions": [
                    ("commencer_souscription", "Peut lancer l’on-boarding ou la souscription d’une ligne"),
                    ("terminer_souscription", "Peut terminer une souscription ou changer de plateforme"),
                    ("regulariser_souscription", "Peut reprendre ou clore une souscription oubliée par Cegid OD"),
                ],
                "indexes": [
                    models.Index(fields=["dossier", "-id"], name="souscription_dossier"),
                    models.Index(fields=["plateforme", "-id"], name="souscription_plateforme"),
                    models.Index(fields=["etat", "-id"], name="souscription_etat"),
                    models.Index(fields=["debut", "-id"], name="souscription_debut"),
                    models.Index(condition=models.Q(("fin__isnull", False)), fields=["fin"], name="souscription_fin"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("fin", None), ("fin__gte", models.F("debut")), _connector="OR"),
                        name="souscription_periode",
                        violation_error_message="La souscription finit avant de commencer. Corrigez l’une des deux dates.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("environnement__in", ["bac_a_sable", "test", "production"]),
                            (
                                "etat__in",
                                [
                                    "non_commencee",
                                    "onboarding",
                                    "onboardee",
                                    "souscription",
                                    "souscrite",
                                    "resiliation",
                                    "resiliee",
                                    "oubliee",
                                    "annulee",
                                ],
                            ),
                        ),
                        name="souscription_mots_connus",
                        violation_error_message="L’état ou l’environnement n’existe pas.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("etat__in", ("non_commencee", "annulee")), ("mandat__isnull", False), _connector="OR"
                        ),
                        name="souscription_mandatee",
                        violation_error_message="L’on-boarding demande le mandat daté du client.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("etat__in", ("souscription", "souscrite")), _negated=True),
                            models.Q(("contrat__gt", ""), ("endpoint__gt", ""), ("onboardee_le__isnull", False)),
                            _connector="OR",
                        ),
                        name="souscription_contrat_et_endpoint",
                        violation_error_message="La souscription chez la plateforme demande son contrat de coopération et un endpoint exclusif.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("etat__in", ("souscrite", "resiliee")), _negated=True),
                            ("souscrite_le__isnull", False),
                            models.Q(("etat", "resiliee"), ("servie", True)),
                            _connector="OR",
                        ),
                        name="souscription_datee",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("etat", "annulee"), _negated=True), ("servie", False), _connector="OR"
                        ),
                        name="souscription_servie_non_annulee",
                        violation_error_message="Une souscription qui a servi ne s’annule pas\xa0: elle se termine.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("etat", "resiliee"), _negated=True),
                            models.Q(("fin__isnull", False), ("resiliee_le__isnull", False)),
                            _connector="OR",
                        ),
                        name="souscription_resiliee_a_une_fin",
                        violation_error_message="Une souscription résiliée a une date de fin.",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("etat", "annulee"), _negated=True),
                        fields=("precedente",),
                        name="souscription_une_suite",
                        violation_error_message="Un changement de plateforme est déjà prévu pour cette souscription.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("etat", "annulee"), _negated=True),
                        expressions=[("ligne", "="), (raccordements.models.adressage.Periode(), "&&")],
                        name="souscription_sans_chevauchement",
                        violation_error_message="Cette ligne a déjà une souscription sur cette période. Terminez-la d’abord, ou choisissez d’autres dates.",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("endpoint__gt", ""), models.Q(("etat", "annulee"), _negated=True)),
                        expressions=[(django.db.models.functions.text.Lower("endpoint"), "="), ("ligne", "<>")],
                        name="souscription_endpoint_exclusif",
                        violation_error_message="Cet endpoint est déjà celui d’une autre ligne\xa0: Cegid OD en demande un par ligne. Demandez-en un autre à la plateforme.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="DonneesConnexion",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "contenu",
                    config.champs.ChiffreTextField(
                        blank=True, editable=False, null=True, verbose_name="données de connexion"
                    ),
                ),
                ("empreinte", models.CharField(editable=False, max_length=64, verbose_name="empreinte SHA-256")),
                (
                    "recues_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="reçues le"),
                ),
                (
                    "revelees_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="révélées le"),
                ),
                ("accuse", models.JSONField(blank=True, editable=False, null=True, verbose_name="accusé de remise")),
                ("signature", models.CharField(blank=True, editable=False, max_length=64, verbose_name="signature")),
                (
                    "effacees_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="effacées le"),
                ),
                (
                    "revelees_par",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="révélées par",
                    ),
                ),
                (
                    "souscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="donnees_connexion",
                        to="raccordements.souscription",
                        verbose_name="souscription",
                    ),
                ),
            ],
            options={
                "verbose_name": "données de connexion",
                "verbose_name_plural": "données de connexion",
                "ordering": ["-id"],
                "permissions": [("reveler_donneesconnexion", "Peut révéler, une fois, des données de connexion")],
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("effacees_le", None)),
                        fields=("souscription",),
                        name="donnees_connexion_vives_uniques",
                        violation_error_message="Cette souscription a déjà des données de connexion.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("contenu__isnull", False), ("effacees_le", None)),
                            models.Q(("contenu__isnull", True), ("effacees_le__isnull", False)),
                            _connector="OR",
                        ),
                        name="donnees_connexion_effacees",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("accuse__isnull", True),
                                ("revelees_le", None),
                                ("revelees_par", None),
                                ("signature", ""),
                            ),
                            models.Q(
                                ("accuse__isnull", False),
                                ("revelees_le__isnull", False),
                                ("revelees_par__isnull", False),
                                ("signature__regex", "^[0-9a-f]{64}$"),
                            ),
                            _connector="OR",
                        ),
                        name="donnees_connexion_revelees_avec_accuse",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("empreinte__regex", "^[0-9a-f]{64}$")), name="donnees_connexion_empreinte"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Structure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("siret", models.CharField(max_length=14, verbose_name="SIRET")),
                (
                    "environnement",
                    models.CharField(
                        choices=[("qualification", "Qualification"), ("production", "Production")],
                        max_length=13,
                        verbose_name="environnement",
                    ),
                ),
                ("designation", models.CharField(blank=True, max_length=200, verbose_name="désignation")),
                (
                    "id_structure_cpp",
                    models.BigIntegerField(blank=True, editable=False, null=True, verbose_name="idStructureCPP"),
                ),
                (
                    "statut_lu",
                    models.CharField(blank=True, editable=False, max_length=40, verbose_name="statut dans Chorus Pro"),
                ),
                (
                    "active",
                    models.BooleanField(blank=True, editable=False, null=True, verbose_name="active dans Chorus Pro"),
                ),
                (
                    "connexion_edi",
                    models.BooleanField(blank=True, editable=False, null=True, verbose_name="connexionEDI"),
                ),
                (
                    "recevoir_donnees_via_edi",
                    models.BooleanField(blank=True, editable=False, null=True, verbose_name="recevoirDonneesViaEDI"),
                ),
                (
                    "fin_mot_de_passe",
                    models.DateField(
                        blank=True, editable=False, null=True, verbose_name="fin du mot de passe technique"
                    ),
                ),
                (
                    "verifiee_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="vérifiée le"),
                ),
                (
                    "verification",
                    models.TextField(blank=True, editable=False, verbose_name="résultat de la vérification"),
                ),
                (
                    "espace_confirme_le",
                    models.DateTimeField(
                        blank=True, editable=False, null=True, verbose_name="espace Raccordement confirmé le"
                    ),
                ),
                (
                    "editeur",
                    models.CharField(
                        blank=True,
                        help_text="Celui qui a pu être raccordé en qualification.",
                        max_length=150,
                        verbose_name="éditeur du logiciel",
                    ),
                ),
                (
                    "editeur_qualifie_le",
                    models.DateField(blank=True, null=True, verbose_name="éditeur raccordé en qualification le"),
                ),
                (
                    "tiers_teletransmission",
                    models.BooleanField(
                        default=False,
                        help_text="Dans ce cas, la structure n’a aucune demande de raccordement à faire (guide AIFE).",
                        verbose_name="passe par un tiers de télétransmission",
                    ),
                ),
                (
                    "cree_le",
                    models.DateTimeField(default=django.utils.timezone.now, editable=False, verbose_name="créée le"),
                ),
                (
                    "archivee_le",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="archivée le"),
                ),
                (
                    "compte",
                    models.ForeignKey(
                        blank=True,
                        help_text="Celui qui voit cette structure par l’API\u202f; il sert aux vérifications.",
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="structures",
                        to="raccordements.comptechorus",
                        verbose_name="compte Chorus Pro",
                    ),
                ),
                (
                    "cree_par",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="créée par",
                    ),
                ),
                (
                    "dossier",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="structures",
                        to="dossiers.dossier",
                        verbose_name="dossier",
                    ),
                ),
                (
                    "espace_confirme_par",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "structure",
                "verbose_name_plural": "structures",
                "ordering": ["siret", "environnement"],
                "permissions": [
                    ("verifier_structure", "Peut vérifier une structure dans Chorus Pro"),
                    ("confirmer_espace", "Peut confirmer que l’espace Raccordement EDI et API est actif"),
                ],
                "indexes": [
                    models.Index(fields=["verifiee_le"], name="structure_verifiee"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Upper("designation"), name="gin_trgm_ops"
                        ),
                        name="structure_designation_trgm",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("siret", "environnement"),
                        name="structure_unique",
                        violation_error_message="Cette structure est déjà enregistrée dans cet environnement.",
                    ),
                    models.UniqueConstraint(fields=("id", "environnement"), name="structure_environnement_cible"),
                    models.CheckConstraint(
                        condition=models.Q(("siret__regex", "^[0-9]{14}$")),
                        name="structure_siret_quatorze_chiffres",
                        violation_error_message="Le SIRET compte 14 chiffres.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("environnement__in", ["qualification", "production"])),
                        name="structure_environnement",
                        violation_error_message="L’environnement est Qualification ou Production.",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="fiche",
            name="structure",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="fiches",
                to="raccordements.structure",
                verbose_name="partenaire",
            ),
        ),
        migrations.CreateModel(
            name="Version",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("numero", models.PositiveIntegerField(verbose_name="numéro")),
                ("contenu", models.JSONField(verbose_name="contenu")),
                ("empreinte", models.CharField(max_length=64, verbose_name="empreinte SHA-256")),
                (
                    "etat",
                    models.CharField(
                        choices=[
                            ("en_attente", "En attente d’approbation"),
                            ("approuvee", "Approuvée"),
                            ("refusee", "Refusée"),
                            ("caduque", "Caduque"),
                        ],
                        default="en_attente",
                        max_length=10,
                        verbose_name="état",
                    ),
                ),
                ("risques", models.JSONField(blank=True, default=list, verbose_name="risques à la soumission")),
                ("message", models.TextField(blank=True, verbose_name="message au manager")),
                ("soumise_le", models.DateTimeField(default=django.utils.timezone.now, verbose_name="soumise le")),
                ("decide_le", models.DateTimeField(blank=True, null=True, verbose_name="décidée le")),
                ("motif", models.TextField(blank=True, verbose_name="motif")),
                (
                    "decide_role",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(models.When(decide_par__isnull=False, then=models.Value("decideur"))),
                        output_field=models.CharField(max_length=9, null=True),
                    ),
                ),
                (
                    "decide_par",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="décidée par",
                    ),
                ),
                (
                    "delegation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="raccordements.delegation",
                        verbose_name="par délégation",
                    ),
                ),
                (
                    "fiche",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="raccordements.fiche",
                    ),
                ),
                (
                    "soumise_par",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="soumise par",
                    ),
                ),
            ],
            options={
                "verbose_name": "version d’une fiche",
                "verbose_name_plural": "versions des fiches",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("fiche", "numero"), name="version_numero_unique"),
                    models.UniqueConstraint(
                        condition=models.Q(("etat", "en_attente")),
                        fields=("fiche",),
                        name="version_une_en_attente",
                        violation_error_message="Cette fiche attend déjà une décision.",
                    ),
                    models.UniqueConstraint(fields=("id", "etat", "fiche"), name="version_etat_cible"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("decide_le__isnull", False),
                                ("decide_par__isnull", False),
                                ("etat__in", ("approuvee", "refusee")),
                            ),
                            models.Q(
                                ("decide_le", None), ("decide_par", None), ("etat__in", ("en_attente", "caduque"))
                            ),
                            _connector="OR",
                        ),
                        name="version_decidee_par_quelqu_un",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("etat", "refusee"), _negated=True), ("motif__gt", ""), _connector="OR"
                        ),
                        name="version_refus_motive",
                        violation_error_message="Un refus donne son motif.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("empreinte__regex", "^[0-9a-f]{64}$")), name="version_empreinte"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Participation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "role",
                    models.CharField(
                        choices=[("redacteur", "Rédacteur"), ("delegant", "Délégant"), ("decideur", "Décideur")],
                        max_length=9,
                        verbose_name="rôle",
                    ),
                ),
                (
                    "personne",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="participations",
                        to="raccordements.version",
                    ),
                ),
            ],
            options={
                "verbose_name": "participation à une version",
                "verbose_name_plural": "participations aux versions",
                "ordering": ["version_id", "id"],
                "default_permissions": (),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("version", "personne"),
                        name="participation_unique",
                        violation_error_message="Qui a rédigé une version ne l’approuve pas.",
                    ),
                    models.UniqueConstraint(fields=("version", "personne", "role"), name="participation_cible"),
                    models.UniqueConstraint(
                        condition=models.Q(("role", "decideur")), fields=("version",), name="participation_un_decideur"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ("redacteur", "delegant", "decideur"))),
                        name="participation_role",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="fiche",
            name="version",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="raccordements.version",
                verbose_name="version soumise",
            ),
        ),
        migrations.AddField(
            model_name="fiche",
            name="version_active",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="raccordements.version",
                verbose_name="version active",
            ),
        ),
        migrations.AddField(
            model_name="fiche",
            name="version_en_envoi",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="raccordements.version",
                verbose_name="version en cours d’envoi",
            ),
        ),
        migrations.AddField(
            model_name="fiche",
            name="version_envoyee",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="raccordements.version",
                verbose_name="dernière version envoyée",
            ),
        ),
        migrations.CreateModel(
            name="EvenementFiche",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "type",
                    models.CharField(
                        choices=[
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
                        ],
                        max_length=13,
                        verbose_name="type",
                    ),
                ),
                (
                    "de",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("brouillon", "Brouillon"),
                            ("envoyee", "Envoyée"),
                            ("envoyee_maj", "Envoyée MAJ"),
                            ("activee", "Activée"),
                            ("desactivee", "Désactivée"),
                        ],
                        max_length=11,
                        verbose_name="état avant",
                    ),
                ),
                (
                    "vers",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("brouillon", "Brouillon"),
                            ("envoyee", "Envoyée"),
                            ("envoyee_maj", "Envoyée MAJ"),
                            ("activee", "Activée"),
                            ("desactivee", "Désactivée"),
                        ],
                        max_length=11,
                        verbose_name="état après",
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
                    "fiche",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="evenements",
                        to="raccordements.fiche",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="evenements",
                        to="raccordements.version",
                    ),
                ),
            ],
            options={
                "verbose_name": "événement d’une fiche",
                "verbose_name_plural": "événements des fiches",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["fiche", "-id"], name="evenement_fiche_frise"),
                    models.Index(fields=["acteur", "-id"], name="evenement_fiche_acteur"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("type", "alerte")),
                        fields=("fiche", "version"),
                        name="evenement_alerte_unique",
                        violation_error_message="Le retard de cet envoi est déjà signalé.",
                    )
                ],
            },
        ),
        migrations.AddIndex(
            model_name="fiche",
            index=models.Index(fields=["genre", "-id"], name="fiche_genre"),
        ),
        migrations.AddIndex(
            model_name="fiche",
            index=models.Index(fields=["genre", "etat", "-id"], name="fiche_etat"),
        ),
        migrations.AddIndex(
            model_name="fiche",
            index=models.Index(fields=["structure", "-id"], name="fiche_structure"),
        ),
        migrations.AddIndex(
            model_name="fiche",
            index=models.Index(
                condition=models.Q(("protocole", ""), _negated=True),
                fields=["protocole", "-id"],
                name="fiche_protocole",
            ),
        ),
        migrations.AddIndex(
            model_name="fiche",
            index=models.Index(
                condition=models.Q(("code_appli", ""), _negated=True),
                fields=["code_appli", "-id"],
                name="fiche_code_appli",
            ),
        ),
        migrations.AddIndex(
            model_name="fiche",
            index=models.Index(
                condition=models.Q(("periode_du__isnull", False)), fields=["periode_du", "-id"], name="fiche_periode_du"
            ),
        ),
        migrations.AddIndex(
            model_name="fiche",
            index=models.Index(
                condition=models.Q(("periode_au__isnull", False)), fields=["periode_au", "-id"], name="fiche_periode_au"
            ),
        ),
        migrations.AddIndex(
            model_name="fiche",
            index=models.Index(
                condition=models.Q(("approbation", "en_attente")), fields=["-id"], name="fiche_a_approuver"
            ),
        ),
        migrations.AddIndex(
            model_name="fiche",
            index=models.Index(
                condition=models.Q(("etat__in", ["envoyee", "envoyee_maj"])), fields=["envoyee_le"], name="fiche_suivie"
            ),
        ),
        migrations.AddIndex(
            model_name="fiche",
            index=models.Index(fields=["cree_par", "-id"], name="fiche_cree_par"),
        ),
        migrations.AddConstraint(
            model_name="fiche",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("periode_au", None),
                    models.Q(("periode_au__gte", models.F("periode_du")), ("periode_du__isnull", False)),
                    _connector="OR",
                ),
                name="fiche_periode",
                violation_error_message="La période de raccordement finit avant de commencer. Corrigez l’une des deux dates, ou laissez la seconde vide.",
            ),
        ),
        migrations.AddConstraint(
            model_name="fiche",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("application_piste", ""), ("generation", ""), ("genre", "edi"), ("usage_piste", "")),
                    models.Q(
                        ("generation__in", ["piste", "certificat"]),
                        ("genre", "api"),
                        ("partenaire_adresse", ""),
                        ("partenaire_chemin", ""),
                        ("partenaire_identifiant", ""),
                        ("partenaire_port", None),
                        ("periode_du", None),
                        ("protocole", ""),
                        ("reseau_aife", {}),
                    ),
                    _connector="OR",
                ),
                name="fiche_champs_de_son_genre",
                violation_error_message="Une fiche EDI et une fiche API n’ont pas les mêmes champs.",
            ),
        ),
        migrations.AddConstraint(
            model_name="fiche",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("approbation__in", ["a_soumettre", "en_attente", "approuvee", "refusee"]),
                    ("etat__in", ["brouillon", "envoyee", "envoyee_maj", "activee", "desactivee"]),
                    ("protocole__in", ["", "pesit", "sftp", "as2"]),
                    ("environnement__in", ["qualification", "production"]),
                ),
                name="fiche_mots_connus",
                violation_error_message="L’état, l’approbation, le protocole ou l’environnement n’existe pas.",
            ),
        ),
        migrations.AddConstraint(
            model_name="fiche",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approbation", "a_soumettre"), ("version", None)),
                    models.Q(models.Q(("approbation", "a_soumettre"), _negated=True), ("version__isnull", False)),
                    _connector="OR",
                ),
                name="fiche_approbation_d_une_version",
                violation_error_message="Une approbation porte sur une version.",
            ),
        ),
        migrations.AddConstraint(
            model_name="fiche",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("version_en_envoi", None),
                    models.Q(
                        ("approbation", "approuvee"),
                        ("etat__in", ["brouillon", "activee"]),
                        ("version_en_envoi", models.F("version")),
                    ),
                    _connector="OR",
                ),
                name="fiche_envoi_de_la_version_approuvee",
                violation_error_message="Seule la version approuvée part.",
            ),
        ),
        migrations.AddConstraint(
            model_name="fiche",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("etat__in", ["envoyee", "envoyee_maj"]), _negated=True),
                    ("version_envoyee__isnull", False),
                    _connector="OR",
                ),
                name="fiche_envoyee_a_une_version",
                violation_error_message="Une fiche envoyée garde la version qui est partie.",
            ),
        ),
        migrations.AddConstraint(
            model_name="fiche",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("supprimee_le", None), models.Q(("etat", "brouillon"), ("version_en_envoi", None)), _connector="OR"
                ),
                name="fiche_brouillon_seul_supprime",
                violation_error_message="Seul un brouillon se supprime.",
            ),
        ),
        migrations.AddConstraint(
            model_name="fiche",
            constraint=models.CheckConstraint(
                condition=models.Q(("partenaire_port", None), ("partenaire_port__range", (1, 65535)), _connector="OR"),
                name="fiche_port_possible",
                violation_error_message="Un port va de 1 à 65535.",
            ),
        ),
    ]
