from functools import partial

from django.db import migrations

from dossiers.roles import COLLABORATEUR, CONSULTATION, MANAGER, accorder

DROITS = {
    CONSULTATION: [
        "view_interlocuteur",
        "view_acces",
    ],
    COLLABORATEUR: [
        "add_interlocuteur",
        "change_interlocuteur",
        "planifier_acces",
        "marquer_invite",
        "importer_interlocuteurs",
        "view_importinterlocuteurs",
    ],
    MANAGER: [
        "exporter_donnees",
        "anonymiser_interlocuteur",
    ],
}


class Migration(migrations.Migration):
    dependencies = [
        ("interlocuteurs", "0001_initial"),
        ("dossiers", "0003_catalogue"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.RunPython(partial(accorder, application="interlocuteurs", droits=DROITS), migrations.RunPython.noop),
    ]
