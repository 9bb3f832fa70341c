"""Subscriptions of customers to external platforms. What no service may break is also here: foreign keys of several columns
and triggers, which Django does not write."""

import uuid

import django.contrib.postgres.constraints
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

CLES = """
ALTER TABLE raccordements_souscription
    ADD CONSTRAINT souscription_de_sa_ligne
        FOREIGN KEY (ligne_id, dossier_id, environnement)
        REFERENCES raccordements_ligneadressage (id, dossier_id, environnement),
    ADD CONSTRAINT souscription_environnement_de_sa_plateforme
        FOREIGN KEY (plateforme_id, environnement) REFERENCES raccordements_plateforme (id, environnement),
    ADD CONSTRAINT souscription_mandat_de_son_dossier
        FOREIGN KEY (mandat_id, dossier_id) REFERENCES raccordements_mandat (id, dossier_id);
"""
SANS_CLES = """
ALTER TABLE raccordements_souscription
    DROP CONSTRAINT souscription_de_sa_ligne,
    DROP CONSTRAINT souscription_environnement_de_sa_plateforme,
    DROP CONSTRAINT souscription_mandat_de_son_dossier;
"""
DECLENCHEURS = """
CREATE FUNCTION raccordements_jamais_effacee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never deleted: it is ended or cancelled', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER ligne_jamais_effacee BEFORE DELETE ON raccordements_ligneadressage
    FOR EACH ROW EXECUTE FUNCTION raccordements_jamais_effacee();
CREATE TRIGGER souscription_jamais_effacee BEFORE DELETE ON raccordements_souscription
    FOR EACH ROW EXECUTE FUNCTION raccordements_jamais_effacee();
CREATE TRIGGER donnees_connexion_jamais_effacees BEFORE DELETE ON raccordements_donneesconnexion
    FOR EACH ROW EXECUTE FUNCTION raccordements_jamais_effacee();
CREATE TRIGGER hote_jamais_efface BEFORE DELETE ON raccordements_hoteadmis
    FOR EACH ROW EXECUTE FUNCTION raccordements_jamais_effacee();

CREATE FUNCTION raccordements_ligne_figee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.dossier_id, NEW.environnement, NEW.niveau, NEW.identifiant, NEW.debut, NEW.remplace_id)
        IS DISTINCT FROM (OLD.dossier_id, OLD.environnement, OLD.niveau, OLD.identifiant, OLD.debut, OLD.remplace_id)
    THEN
        RAISE EXCEPTION 'an addressing line is frozen: it is ended or superseded' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ligne_figee BEFORE UPDATE ON raccordements_ligneadressage
    FOR EACH ROW EXECUTE FUNCTION raccordements_ligne_figee();

CREATE FUNCTION raccordements_mandat_fige() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.dossier_id, NEW.qualite, NEW.signe_le, NEW.sha256)
        IS DISTINCT FROM (OLD.dossier_id, OLD.qualite, OLD.signe_le, OLD.sha256)
    THEN
        RAISE EXCEPTION 'a mandate is frozen' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER mandat_fige BEFORE UPDATE ON raccordements_mandat
    FOR EACH ROW EXECUTE FUNCTION raccordements_mandat_fige();

CREATE FUNCTION raccordements_hote_fige() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.plateforme_id, NEW.hote, NEW.propose_par_id) IS DISTINCT FROM (OLD.plateforme_id, OLD.hote, OLD.propose_par_id)
        OR (OLD.confirme_le IS NOT NULL
            AND (NEW.confirme_le, NEW.confirme_par_id) IS DISTINCT FROM (OLD.confirme_le, OLD.confirme_par_id))
        OR (OLD.retire_le IS NOT NULL
            AND (NEW.retire_le, NEW.retire_par_id, NEW.confirme_le)
                IS DISTINCT FROM (OLD.retire_le, OLD.retire_par_id, OLD.confirme_le))
    THEN
        RAISE EXCEPTION 'an admitted host is frozen: it is withdrawn' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hote_fige BEFORE UPDATE ON raccordements_hoteadmis
    FOR EACH ROW EXECUTE FUNCTION raccordements_hote_fige();

CREATE FUNCTION raccordements_accuse_fige() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.souscription_id, NEW.empreinte) IS DISTINCT FROM (OLD.souscription_id, OLD.empreinte)
        OR (OLD.effacees_le IS NOT NULL AND NEW.effacees_le IS DISTINCT FROM OLD.effacees_le)
        OR (OLD.revelees_le IS NOT NULL
            AND (NEW.revelees_le, NEW.revelees_par_id, NEW.accuse, NEW.signature)
                IS DISTINCT FROM (OLD.revelees_le, OLD.revelees_par_id, OLD.accuse, OLD.signature))
    THEN
        RAISE EXCEPTION 'connection data are revealed once, and their receipt is frozen' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accuse_fige BEFORE UPDATE ON raccordements_donneesconnexion
    FOR EACH ROW EXECUTE FUNCTION raccordements_accuse_fige();
"""
SANS_DECLENCHEURS = """
DROP TRIGGER accuse_fige ON raccordements_donneesconnexion;
DROP FUNCTION raccordements_accuse_fige();
DROP TRIGGER hote_fige ON raccordements_hoteadmis;
DROP FUNCTION raccordements_hote_fige();
DROP TRIGGER mandat_fige ON raccordements_mandat;
DROP FUNCTION raccordements_mandat_fige();
DROP TRIGGER ligne_figee ON raccordements_ligneadressage;
DROP FUNCTION raccordements_ligne_figee();
DROP TRIGGER hote_jamais_efface ON raccordements_hoteadmis;
DROP TRIGGER donnees_connexion_jamais_effacees ON raccordements_donneesconnexion;
DROP TRIGGER souscription_jamais_effacee ON raccordements_souscription;
DROP TRIGGER ligne_jamais_effacee ON raccordements_ligneadressage;
DROP FUNCTION raccordements_jamais_effacee();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("dossiers", "0008_systeme_canal"),
        ("raccordements", "0006_jetons_et_evenements"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        BtreeGistExtension(),
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
            },
        ),
        migrations.AddIndex(
            model_name="ligneadressage",
            index=models.Index(fields=["dossier", "debut"], name="ligne_adressage_dossier"),
        ),
        migrations.AddIndex(
            model_name="ligneadressage",
            index=models.Index(fields=["siren", "environnement"], name="ligne_adressage_siren"),
        ),
        migrations.AddIndex(
            model_name="ligneadressage",
            index=models.Index(condition=models.Q(("siret__gt", "")), fields=["siret"], name="ligne_adressage_siret"),
        ),
        migrations.AddIndex(
            model_name="ligneadressage",
            index=models.Index(fields=["niveau", "-id"], name="ligne_adressage_niveau"),
        ),
        migrations.AddConstraint(
            model_name="ligneadressage",
            constraint=models.CheckConstraint(
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
                            ("siren", django.db.models.functions.text.Left("siret", 9)), ("siret__regex", "^[0-9]{14}$")
                        ),
                        ("code_routage", ""),
                        ("identifiant", django.db.models.functions.text.Concat("siren", models.Value("_"), "siret")),
                        ("niveau", "SIREN_SIRET"),
                        ("suffixe", ""),
                    ),
                    models.Q(
                        models.Q(
                            ("siren", django.db.models.functions.text.Left("siret", 9)), ("siret__regex", "^[0-9]{14}$")
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
                        ("identifiant", django.db.models.functions.text.Concat("siren", models.Value("_"), "suffixe")),
                        ("niveau", "SIREN_SUFFIXE"),
                        ("siret", ""),
                        ("suffixe__regex", "^[A-Za-z0-9_-]{1,100}$"),
                    ),
                    _connector="OR",
                ),
                name="ligne_parties_de_son_niveau",
                violation_error_message="Les parties de la ligne ne sont pas celles de son niveau.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ligneadressage",
            constraint=models.CheckConstraint(
                condition=models.Q(("siren__regex", "^[0-9]{9}$")),
                name="ligne_siren",
                violation_error_message="Le SIREN compte 9 chiffres.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ligneadressage",
            constraint=models.CheckConstraint(
                condition=models.Q(("fin", None), ("fin__gte", models.F("debut")), _connector="OR"),
                name="ligne_periode",
                violation_error_message="La ligne finit avant de commencer. Corrigez l’une des deux dates.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ligneadressage",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("annulee_le", None), ("annulee_par", None)),
                    models.Q(("annulee_le__isnull", False), ("annulee_par__isnull", False)),
                    _connector="OR",
                ),
                name="ligne_annulee_par_quelqu_un",
            ),
        ),
        migrations.AddConstraint(
            model_name="ligneadressage",
            constraint=models.CheckConstraint(
                condition=models.Q(("environnement__in", ["bac_a_sable", "test", "production"])),
                name="ligne_environnement",
                violation_error_message="Cet environnement n’existe pas.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ligneadressage",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="ligneadressage",
            constraint=models.UniqueConstraint(
                condition=models.Q(("annulee_le", None)),
                fields=("remplace",),
                name="ligne_une_remplacante",
                violation_error_message="Cette ligne est déjà remplacée par une autre.",
            ),
        ),
        migrations.AddConstraint(
            model_name="ligneadressage",
            constraint=models.UniqueConstraint(fields=("id", "dossier", "environnement"), name="ligne_cible"),
        ),
        migrations.AddIndex(
            model_name="mandat",
            index=models.Index(fields=["dossier", "-id"], name="mandat_dossier"),
        ),
        migrations.AddConstraint(
            model_name="mandat",
            constraint=models.CheckConstraint(
                condition=models.Q(("sha256", raccordements.models.certificat.EmpreinteHexadecimale("contenu"))),
                name="mandat_empreinte_du_contenu",
                violation_error_message="L’empreinte n’est pas celle du document.",
            ),
        ),
        migrations.AddConstraint(
            model_name="mandat",
            constraint=models.CheckConstraint(
                condition=django.db.models.lookups.LessThanOrEqual(
                    raccordements.models.certificat.Octets("contenu"), 5242880
                ),
                name="mandat_taille",
                violation_error_message="Le document dépasse 5 Mo.",
            ),
        ),
        migrations.AddConstraint(
            model_name="mandat",
            constraint=models.CheckConstraint(
                condition=models.Q(("qualite__in", ["representant_legal", "administrateur_habilite"])),
                name="mandat_qualite",
                violation_error_message="La demande vient du représentant légal ou d’un administrateur habilité.",
            ),
        ),
        migrations.AddConstraint(
            model_name="mandat",
            constraint=models.CheckConstraint(
                condition=models.Q(("courriel__gt", ""), ("demandeur__gt", "")),
                name="mandat_demandeur",
                violation_error_message="Le mandat nomme la personne qui l’a signé.",
            ),
        ),
        migrations.AddConstraint(
            model_name="mandat",
            constraint=models.UniqueConstraint(fields=("id", "dossier"), name="mandat_dossier_cible"),
        ),
        migrations.AddConstraint(
            model_name="plateforme",
            constraint=models.UniqueConstraint(
                fields=("nom", "environnement"),
                name="plateforme_nom_unique",
                violation_error_message="Une plateforme de ce nom est déjà enregistrée dans cet environnement.",
            ),
        ),
        migrations.AddConstraint(
            model_name="plateforme",
            constraint=models.UniqueConstraint(
                fields=("matricule", "environnement"),
                name="plateforme_matricule_unique",
                violation_error_message="Ce matricule est déjà celui d’une plateforme de cet environnement.",
            ),
        ),
        migrations.AddConstraint(
            model_name="plateforme",
            constraint=models.UniqueConstraint(fields=("id", "environnement"), name="plateforme_environnement_cible"),
        ),
        migrations.AddConstraint(
            model_name="plateforme",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("matricule__regex", "^[0-9]{4}$"),
                    models.Q(("matricule__in", ("0000", "9998", "9999")), _negated=True),
                ),
                name="plateforme_matricule",
                violation_error_message="Ce matricule n’est pas celui d’une plateforme agréée\xa0: il compte 4 chiffres, et 0000, 9998 et 9999 désignent le portail public, personne et Chorus Pro. Recopiez-le depuis l’annuaire.",
            ),
        ),
        migrations.AddConstraint(
            model_name="plateforme",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("contrat_le", None), ("contrat_reference", "")),
                    models.Q(("contrat_le__isnull", False), ("contrat_reference__gt", "")),
                    _connector="OR",
                ),
                name="plateforme_contrat_entier",
                violation_error_message="Un contrat de coopération a une référence et une date. Saisissez les deux.",
            ),
        ),
        migrations.AddConstraint(
            model_name="plateforme",
            constraint=models.CheckConstraint(
                condition=models.Q(("environnement__in", ["bac_a_sable", "test", "production"])),
                name="plateforme_environnement",
                violation_error_message="Cet environnement n’existe pas.",
            ),
        ),
        migrations.AddConstraint(
            model_name="hoteadmis",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retire_le", None)),
                fields=("plateforme", "hote"),
                name="hote_unique",
                violation_error_message="Cet hôte est déjà proposé ou admis pour cette plateforme.",
            ),
        ),
        migrations.AddConstraint(
            model_name="hoteadmis",
            constraint=models.CheckConstraint(
                condition=models.Q(("confirme_par", models.F("propose_par")), _negated=True),
                name="hote_deux_personnes",
                violation_error_message="Un hôte est confirmé par une autre personne que celle qui l’a proposé.",
            ),
        ),
        migrations.AddConstraint(
            model_name="hoteadmis",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("confirme_le", None), ("confirme_par", None)),
                    models.Q(("confirme_le__isnull", False), ("confirme_par__isnull", False)),
                    _connector="OR",
                ),
                name="hote_confirme_par_quelqu_un",
            ),
        ),
        migrations.AddConstraint(
            model_name="hoteadmis",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("retire_le", None), ("retire_par", None)),
                    models.Q(("retire_le__isnull", False), ("retire_par__isnull", False)),
                    _connector="OR",
                ),
                name="hote_retire_par_quelqu_un",
            ),
        ),
        migrations.AddConstraint(
            model_name="hoteadmis",
            constraint=models.CheckConstraint(
                condition=models.Q(("hote__regex", "^[a-z0-9.-]+\\.[a-z][a-z0-9-]*[a-z0-9]$")),
                name="hote_nom_public",
                violation_error_message="L’hôte est un nom complet, en minuscules, sans accent.",
            ),
        ),
        migrations.AddIndex(
            model_name="souscription",
            index=models.Index(fields=["dossier", "-id"], name="souscription_dossier"),
        ),
        migrations.AddIndex(
            model_name="souscription",
            index=models.Index(fields=["plateforme", "-id"], name="souscription_plateforme"),
        ),
        migrations.AddIndex(
            model_name="souscription",
            index=models.Index(fields=["etat", "-id"], name="souscription_etat"),
        ),
        migrations.AddIndex(
            model_name="souscription",
            index=models.Index(fields=["debut", "-id"], name="souscription_debut"),
        ),
        migrations.AddIndex(
            model_name="souscription",
            index=models.Index(condition=models.Q(("fin__isnull", False)), fields=["fin"], name="souscription_fin"),
        ),
        migrations.AddConstraint(
            model_name="souscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("fin", None), ("fin__gte", models.F("debut")), _connector="OR"),
                name="souscription_periode",
                violation_error_message="La souscription finit avant de commencer. Corrigez l’une des deux dates.",
            ),
        ),
        migrations.AddConstraint(
            model_name="souscription",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="souscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("etat__in", ("non_commencee", "annulee")), ("mandat__isnull", False), _connector="OR"
                ),
                name="souscription_mandatee",
                violation_error_message="L’on-boarding demande le mandat daté du client.",
            ),
        ),
        migrations.AddConstraint(
            model_name="souscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("etat__in", ("souscription", "souscrite")), _negated=True),
                    models.Q(("contrat__gt", ""), ("endpoint__gt", ""), ("onboardee_le__isnull", False)),
                    _connector="OR",
                ),
                name="souscription_contrat_et_endpoint",
                violation_error_message="La souscription chez la plateforme demande son contrat de coopération et un endpoint exclusif.",
            ),
        ),
        migrations.AddConstraint(
            model_name="souscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("etat__in", ("souscrite", "resiliee")), _negated=True),
                    ("souscrite_le__isnull", False),
                    _connector="OR",
                ),
                name="souscription_datee",
            ),
        ),
        migrations.AddConstraint(
            model_name="souscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("etat", "resiliee"), _negated=True),
                    models.Q(("fin__isnull", False), ("resiliee_le__isnull", False)),
                    _connector="OR",
                ),
                name="souscription_resiliee_a_une_fin",
                violation_error_message="Une souscription résiliée a une date de fin.",
            ),
        ),
        migrations.AddConstraint(
            model_name="souscription",
            constraint=models.UniqueConstraint(
                condition=models.Q(("etat", "annulee"), _negated=True),
                fields=("precedente",),
                name="souscription_une_suite",
                violation_error_message="Un changement de plateforme est déjà prévu pour cette souscription.",
            ),
        ),
        migrations.AddConstraint(
            model_name="souscription",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("etat", "annulee"), _negated=True),
                expressions=[("ligne", "="), (raccordements.models.adressage.Periode(), "&&")],
                name="souscription_sans_chevauchement",
                violation_error_message="Cette ligne a déjà une souscription sur cette période. Terminez-la d’abord, ou choisissez d’autres dates.",
            ),
        ),
        migrations.AddConstraint(
            model_name="souscription",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("endpoint__gt", ""), models.Q(("etat", "annulee"), _negated=True)),
                expressions=[(django.db.models.functions.text.Lower("endpoint"), "="), ("ligne", "<>")],
                name="souscription_endpoint_exclusif",
                violation_error_message="Cet endpoint est déjà celui d’une autre ligne\xa0: Cegid OD en demande un par ligne. Demandez-en un autre à la plateforme.",
            ),
        ),
        migrations.AddConstraint(
            model_name="donneesconnexion",
            constraint=models.UniqueConstraint(
                condition=models.Q(("effacees_le", None)),
                fields=("souscription",),
                name="donnees_connexion_vives_uniques",
                violation_error_message="Cette souscription a déjà des données de connexion.",
            ),
        ),
        migrations.AddConstraint(
            model_name="donneesconnexion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("contenu__isnull", False), ("effacees_le", None)),
                    models.Q(("contenu__isnull", True), ("effacees_le__isnull", False)),
                    _connector="OR",
                ),
                name="donnees_connexion_effacees",
            ),
        ),
        migrations.AddConstraint(
            model_name="donneesconnexion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("accuse__isnull", True), ("revelees_le", None), ("revelees_par", None), ("signature", "")
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
        ),
        migrations.AddConstraint(
            model_name="donneesconnexion",
            constraint=models.CheckConstraint(
                condition=models.Q(("empreinte__regex", "^[0-9a-f]{64}$")), name="donnees_connexion_empreinte"
            ),
        ),
        migrations.RunSQL(CLES, SANS_CLES),
        migrations.RunSQL(DECLENCHEURS, SANS_DECLENCHEURS),
    ]
