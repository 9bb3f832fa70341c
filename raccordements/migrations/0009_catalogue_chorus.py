from functools import partial

from django.db import migrations

from dossiers.services.catalogue import semer
from raccordements.catalogue import ENTREES


class Migration(migrations.Migration):
    dependencies = [("raccordements", "0008_droits_souscriptions"), ("dossiers", "0008_systeme_canal")]
    operations = [migrations.RunPython(partial(semer, documentees=ENTREES), migrations.RunPython.noop)]
