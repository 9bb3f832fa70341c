from django.db import migrations

from raccordements.services.reference import semer


class Migration(migrations.Migration):
    dependencies = [("raccordements", "0002_gardes")]
    operations = [migrations.RunPython(semer, migrations.RunPython.noop)]
