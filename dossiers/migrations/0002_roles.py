from functools import partial

from django.db import migrations

from dossiers.roles import ADMINISTRATEUR, COLLABORATEUR, CONSULTATION, MANAGER, accorder

DROITS = {
    CONSULTATION: [
        "view_dossier",
        "view_etablissement",
        "view_offre",
        "view_operation",
        "view_lot",
        "view_appel",
        "view_evenement",
        "view_explication",
        "view_ecart",
        "view_importecritures",
    ],
    COLLABORATEUR: [
        "change_dossier",
        "add_etablissement",
        "change_etablissement",
        "delete_etablissement",
        "planifier_offre",
        "actualiser_dossier",
        "annuler_operation",
        "relancer_operation",
        "view_cleapi",
        "add_importecritures",
        "change_importecritures",
        "envoyer_importecritures",
    ],
    MANAGER: [
        "add_dossier",
        "archiver_dossier",
        "provisionner_dossier",
        "corriger_dossier",
        "reparer_ecart",
        "synchroniser_cleapi",
        "tester_cleapi",
        "trancher_operation",
        "change_explication",
        "view_collaborateur",
        "admettre_doublon_importecritures",
        "view_battement",
    ],
    ADMINISTRATEUR: [
        "add_cleapi",
        "change_cleapi",
        "add_collaborateur",
        "change_collaborateur",
        "gerer_rechercheenregistree",
        "controler_battement",
    ],
}


class Migration(migrations.Migration):
    dependencies = [
        ("dossiers", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.RunPython(partial(accorder, application="dossiers", droits=DROITS), migrations.RunPython.noop),
    ]
