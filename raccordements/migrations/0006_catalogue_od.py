"""The messages of Cegid OD are explained; a mandate, evidence of who started a subscription, never changes at all."""

from functools import partial

from django.db import migrations

from dossiers.services.catalogue import semer
from raccordements.catalogue_od import ENTREES

FONCTION = """
CREATE OR REPLACE FUNCTION raccordements_mandat_fige() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF {change} THEN
        RAISE EXCEPTION 'a mandate is frozen' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""
TOUT = FONCTION.format(change="NEW IS DISTINCT FROM OLD")
AVANT = FONCTION.format(
    change="(NEW.dossier_id, NEW.qualite, NEW.signe_le, NEW.sha256) "
    "IS DISTINCT FROM (OLD.dossier_id, OLD.qualite, OLD.signe_le, OLD.sha256)"
)


class Migration(migrations.Migration):
    dependencies = [("raccordements", "0005_catalogue")]
    operations = [
        migrations.RunSQL(TOUT, AVANT),
        migrations.RunPython(partial(semer, documentees=ENTREES), migrations.RunPython.noop),
    ]
