"""What no service may break: the approval of a fiche is that of its own version, who wrote never decides, and what was
frozen stays so. Django writes neither foreign keys of several columns nor triggers."""

from django.db import migrations

CLES = """
ALTER TABLE raccordements_fiche
    ADD CONSTRAINT fiche_approbation_de_sa_version
        FOREIGN KEY (version_id, approbation, id) REFERENCES raccordements_version (id, etat, fiche_id)
        DEFERRABLE INITIALLY DEFERRED,
    ADD CONSTRAINT fiche_environnement_de_sa_structure
        FOREIGN KEY (structure_id, environnement) REFERENCES raccordements_structure (id, environnement)
        DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE raccordements_version
    ADD CONSTRAINT version_decidee_par_un_tiers
        FOREIGN KEY (id, decide_par_id, decide_role)
        REFERENCES raccordements_participation (version_id, personne_id, role)
        DEFERRABLE INITIALLY IMMEDIATE;
"""
SANS_CLES = """
ALTER TABLE raccordements_fiche
    DROP CONSTRAINT fiche_approbation_de_sa_version, DROP CONSTRAINT fiche_environnement_de_sa_structure;
ALTER TABLE raccordements_version DROP CONSTRAINT version_decidee_par_un_tiers;
"""
DECLENCHEURS = """
CREATE FUNCTION raccordements_version_figee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.fiche_id, NEW.numero, NEW.contenu, NEW.empreinte, NEW.soumise_par_id)
        IS DISTINCT FROM (OLD.fiche_id, OLD.numero, OLD.contenu, OLD.empreinte, OLD.soumise_par_id)
    THEN
        RAISE EXCEPTION 'a submitted version is frozen' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.etat <> 'en_attente' AND (NEW.etat, NEW.decide_par_id) IS DISTINCT FROM (OLD.etat, OLD.decide_par_id) THEN
        RAISE EXCEPTION 'a settled version does not change' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER version_figee BEFORE UPDATE ON raccordements_version
    FOR EACH ROW EXECUTE FUNCTION raccordements_version_figee();
CREATE FUNCTION raccordements_participation_figee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a participation is never changed' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER participation_figee BEFORE UPDATE OR DELETE ON raccordements_participation
    FOR EACH ROW EXECUTE FUNCTION raccordements_participation_figee();
"""
SANS_DECLENCHEURS = """
DROP TRIGGER participation_figee ON raccordements_participation;
DROP FUNCTION raccordements_participation_figee();
DROP TRIGGER version_figee ON raccordements_version;
DROP FUNCTION raccordements_version_figee();
"""


class Migration(migrations.Migration):
    dependencies = [("raccordements", "0001_initial")]
    operations = [
        migrations.RunSQL(CLES, SANS_CLES),
        migrations.RunSQL(DECLENCHEURS, SANS_DECLENCHEURS),
    ]
