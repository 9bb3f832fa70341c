from django.db import migrations, models

#: What was told of the others is not known: the end of a subscription is told again without harm. One UPDATE: a row
#: updated twice leaves checks of its foreign keys pending, and PostgreSQL then refuses to alter the table.
REPRISE = """
UPDATE raccordements_souscription SET servie = TRUE, fin_dite = CASE WHEN etat = 'resiliee' THEN fin END
    WHERE souscrite_le IS NOT NULL AND etat <> 'annulee'
"""


class Migration(migrations.Migration):
    dependencies = [("raccordements", "0010_recherche_edi")]
    operations = [
        migrations.AddField(
            model_name="souscription",
            name="fin_dite",
            field=models.DateField(
                blank=True, editable=False, null=True, verbose_name="fin connue de Cegid OD (incluse)"
            ),
        ),
        migrations.AddField(
            model_name="souscription",
            name="servie",
            field=models.BooleanField(default=False, editable=False, verbose_name="a été souscrite"),
        ),
        migrations.RunSQL(REPRISE, migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="souscription", name="souscription_datee"),
        migrations.AddConstraint(
            model_name="souscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("etat__in", ("souscrite", "resiliee")), _negated=True),
                    ("souscrite_le__isnull", False),
                    models.Q(("etat", "resiliee"), ("servie", True)),
                    _connector="OR",
                ),
                name="souscription_datee",
            ),
        ),
        migrations.AddConstraint(
            model_name="souscription",
            constraint=models.CheckConstraint(
                condition=models.Q(models.Q(("etat", "annulee"), _negated=True), ("servie", False), _connector="OR"),
                name="souscription_servie_non_annulee",
                violation_error_message="Une souscription qui a servi ne s’annule pas : elle se termine.",
            ),
        ),
    ]
