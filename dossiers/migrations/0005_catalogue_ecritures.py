from django.db import migrations

from dossiers.services.catalogue import semer


class Migration(migrations.Migration):
    dependencies = [("dossiers", "0004_ecritures")]
    operations = [migrations.RunPython(semer, migrations.RunPython.noop)]
