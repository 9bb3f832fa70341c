from functools import partial

from django.db import migrations

from dossiers.services.catalogue import semer
from raccordements.catalogue import ENTREES


class Migration(migrations.Migration):
    dependencies = [("raccordements", "0004_roles")]
    operations = [migrations.RunPython(partial(semer, documentees=ENTREES), migrations.RunPython.noop)]
