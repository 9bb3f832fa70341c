from functools import partial

from django.db import migrations

from dossiers.roles import ADMINISTRATEUR, COLLABORATEUR, CONSULTATION, MANAGER, accorder

DROITS = {
    CONSULTATION: [
        "view_structure",
        "view_fiche",
        "view_ficheedi",
        "view_ficheapi",
        "view_certificat",
        "view_codeinterface",
        "view_referencereseau",
        "view_emetteuradmis",
        "view_version",
        "view_evenementfiche",
        "view_plateforme",
        "view_hoteadmis",
        "view_ligneadressage",
        "view_souscription",
        "view_mandat",
        "view_donneesconnexion",
    ],
    COLLABORATEUR: [
        "add_structure",
        "change_structure",
        "verifier_structure",
        "confirmer_espace",
        "add_certificat",
        "add_fiche",
        "change_fiche",
        "add_ficheedi",
        "change_ficheedi",
        "add_ficheapi",
        "change_ficheapi",
        "supprimer_fiche",
        "soumettre_fiche",
        "envoyer_fiche",
        "constater_fiche",
        "promouvoir_fiche",
        "view_comptechorus",
        "view_delegation",
        "add_ligneadressage",
        "change_ligneadressage",
        "add_mandat",
        "add_souscription",
        "change_souscription",
        "commencer_souscription",
        "terminer_souscription",
    ],
    MANAGER: [
        "approuver_fiche",
        "deleguer_approbation",
        "desactiver_fiche",
        "tester_comptechorus",
        "add_codeinterface",
        "change_codeinterface",
        "add_referencereseau",
        "change_referencereseau",
        "add_emetteuradmis",
        "change_emetteuradmis",
        "delete_emetteuradmis",
        "add_hoteadmis",
        "change_hoteadmis",
        "confirmer_hoteadmis",
        "regulariser_souscription",
        "reveler_donneesconnexion",
    ],
    ADMINISTRATEUR: [
        "add_comptechorus",
        "change_comptechorus",
        "add_plateforme",
        "change_plateforme",
    ],
}


class Migration(migrations.Migration):
    dependencies = [
        ("raccordements", "0003_reference"),
        ("dossiers", "0003_catalogue"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.RunPython(partial(accorder, application="raccordements", droits=DROITS), migrations.RunPython.noop),
    ]
