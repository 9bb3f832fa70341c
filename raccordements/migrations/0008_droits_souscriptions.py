from functools import partial

from django.db import migrations

from dossiers.roles import ADMINISTRATEUR, COLLABORATEUR, CONSULTATION, MANAGER, accorder

DROITS = {
    CONSULTATION: [
        "view_plateforme",
        "view_hoteadmis",
        "view_ligneadressage",
        "view_souscription",
        "view_mandat",
        "view_donneesconnexion",
    ],
    COLLABORATEUR: [
        "add_ligneadressage",
        "change_ligneadressage",
        "add_mandat",
        "add_souscription",
        "change_souscription",
        "commencer_souscription",
        "terminer_souscription",
    ],
    MANAGER: [
        "add_hoteadmis",
        "change_hoteadmis",
        "confirmer_hoteadmis",
        "regulariser_souscription",
        "reveler_donneesconnexion",
    ],
    ADMINISTRATEUR: ["add_plateforme", "change_plateforme"],
}


class Migration(migrations.Migration):
    dependencies = [
        ("raccordements", "0007_souscriptions"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.RunPython(partial(accorder, application="raccordements", droits=DROITS), migrations.RunPython.noop)
    ]
