"""What no service may break: the approval of a fiche is that of its own version, who wrote never decides, what was frozen
stays so, and a subscription belongs to its line, its platform and its dossier. Django writes neither foreign keys of several
columns nor triggers."""

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
ALTER TABLE raccordements_souscription
    ADD CONSTRAINT souscription_de_sa_ligne
        FOREIGN KEY (ligne_id, dossier_id, environnement)
        REFERENCES raccordements_ligneadressage (id, dossier_id, environnement),
    ADD CONSTRAINT souscription_environnement_de_sa_plateforme
        FOREIGN KEY (plateforme_id, environnement) REFERENCES raccordements_plateforme (id, environnement),
    ADD CONSTRAINT souscription_mandat_de_son_dossier
        FOREIGN KEY (mandat_id, dossier_id) REFERENCES raccordements_mandat (id, dossier_id);
"""
SANS_CLES = """
ALTER TABLE raccordements_souscription
    DROP CONSTRAINT souscription_de_sa_ligne,
    DROP CONSTRAINT souscription_environnement_de_sa_plateforme,
    DROP CONSTRAINT souscription_mandat_de_son_dossier;
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

CREATE FUNCTION raccordements_jamais_effacee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is never deleted: it is ended or cancelled', TG_TABLE_NAME USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER ligne_jamais_effacee BEFORE DELETE ON raccordements_ligneadressage
    FOR EACH ROW EXECUTE FUNCTION raccordements_jamais_effacee();
CREATE TRIGGER souscription_jamais_effacee BEFORE DELETE ON raccordements_souscription
    FOR EACH ROW EXECUTE FUNCTION raccordements_jamais_effacee();
CREATE TRIGGER donnees_connexion_jamais_effacees BEFORE DELETE ON raccordements_donneesconnexion
    FOR EACH ROW EXECUTE FUNCTION raccordements_jamais_effacee();
CREATE TRIGGER hote_jamais_efface BEFORE DELETE ON raccordements_hoteadmis
    FOR EACH ROW EXECUTE FUNCTION raccordements_jamais_effacee();

CREATE FUNCTION raccordements_ligne_figee() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.dossier_id, NEW.environnement, NEW.niveau, NEW.identifiant, NEW.debut, NEW.remplace_id)
        IS DISTINCT FROM (OLD.dossier_id, OLD.environnement, OLD.niveau, OLD.identifiant, OLD.debut, OLD.remplace_id)
    THEN
        RAISE EXCEPTION 'an addressing line is frozen: it is ended or superseded' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER ligne_figee BEFORE UPDATE ON raccordements_ligneadressage
    FOR EACH ROW EXECUTE FUNCTION raccordements_ligne_figee();

CREATE FUNCTION raccordements_mandat_fige() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.dossier_id, NEW.qualite, NEW.signe_le, NEW.sha256)
        IS DISTINCT FROM (OLD.dossier_id, OLD.qualite, OLD.signe_le, OLD.sha256)
    THEN
        RAISE EXCEPTION 'a mandate is frozen' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER mandat_fige BEFORE UPDATE ON raccordements_mandat
    FOR EACH ROW EXECUTE FUNCTION raccordements_mandat_fige();

CREATE FUNCTION raccordements_hote_fige() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.plateforme_id, NEW.hote, NEW.propose_par_id) IS DISTINCT FROM (OLD.plateforme_id, OLD.hote, OLD.propose_par_id)
        OR (OLD.confirme_le IS NOT NULL
            AND (NEW.confirme_le, NEW.confirme_par_id) IS DISTINCT FROM (OLD.confirme_le, OLD.confirme_par_id))
        OR (OLD.retire_le IS NOT NULL
            AND (NEW.retire_le, NEW.retire_par_id, NEW.confirme_le)
                IS DISTINCT FROM (OLD.retire_le, OLD.retire_par_id, OLD.confirme_le))
    THEN
        RAISE EXCEPTION 'an admitted host is frozen: it is withdrawn' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER hote_fige BEFORE UPDATE ON raccordements_hoteadmis
    FOR EACH ROW EXECUTE FUNCTION raccordements_hote_fige();

CREATE FUNCTION raccordements_accuse_fige() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.souscription_id, NEW.empreinte) IS DISTINCT FROM (OLD.souscription_id, OLD.empreinte)
        OR (OLD.effacees_le IS NOT NULL AND NEW.effacees_le IS DISTINCT FROM OLD.effacees_le)
        OR (OLD.revelees_le IS NOT NULL
            AND (NEW.revelees_le, NEW.revelees_par_id, NEW.accuse, NEW.signature)
                IS DISTINCT FROM (OLD.revelees_le, OLD.revelees_par_id, OLD.accuse, OLD.signature))
    THEN
        RAISE EXCEPTION 'connection data are revealed once, and their receipt is frozen' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accuse_fige BEFORE UPDATE ON raccordements_donneesconnexion
    FOR EACH ROW EXECUTE FUNCTION raccordements_accuse_fige();
"""
SANS_DECLENCHEURS = """
DROP TRIGGER accuse_fige ON raccordements_donneesconnexion;
DROP FUNCTION raccordements_accuse_fige();
DROP TRIGGER hote_fige ON raccordements_hoteadmis;
DROP FUNCTION raccordements_hote_fige();
DROP TRIGGER mandat_fige ON raccordements_mandat;
DROP FUNCTION raccordements_mandat_fige();
DROP TRIGGER ligne_figee ON raccordements_ligneadressage;
DROP FUNCTION raccordements_ligne_figee();
DROP TRIGGER hote_jamais_efface ON raccordements_hoteadmis;
DROP TRIGGER donnees_connexion_jamais_effacees ON raccordements_donneesconnexion;
DROP TRIGGER souscription_jamais_effacee ON raccordements_souscription;
DROP TRIGGER ligne_jamais_effacee ON raccordements_ligneadressage;
DROP FUNCTION raccordements_jamais_effacee();
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
