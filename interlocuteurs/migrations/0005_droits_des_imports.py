from functools import partial

from django.db import migrations

from dossiers.roles import COLLABORATEUR, accorder

DROITS = {COLLABORATEUR: ["view_importinterlocuteurs"]}


class Migration(migrations.Migration):
    dependencies = [("interlocuteurs", "0004_imports")]
    operations = [
        migrations.RunPython(partial(accorder, application="interlocuteurs", droits=DROITS), migrations.RunPython.noop)
    ]
