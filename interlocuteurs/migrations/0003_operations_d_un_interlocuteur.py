from django.db import migrations

# The parameter `interlocuteur` belongs to this application, the tables to the core: the indexes live here, as SQL.
INDEX = {
    "operation_interlocuteur": ("dossiers_operation", "parametres"),
    "evenement_interlocuteur": ("dossiers_evenement", "details"),
}


class Migration(migrations.Migration):
    # CONCURRENTLY: both tables are large and written to all day.
    atomic = False
    dependencies = [("interlocuteurs", "0002_roles")]
    operations = [
        migrations.RunSQL(
            f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {nom} ON {table} (({colonne} -> 'interlocuteur'), id DESC) "
            f"WHERE ({colonne} -> 'interlocuteur') IS NOT NULL",
            f"DROP INDEX CONCURRENTLY IF EXISTS {nom}",
        )
        for nom, (table, colonne) in INDEX.items()
    ]
