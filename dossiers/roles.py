"""The four roles of the practice, as groups. Each application grants its own permissions in its own migration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.apps.registry import Apps
from django.contrib.auth.management import create_permissions
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

CONSULTATION = "Consultation"
COLLABORATEUR = "Collaborateur"
MANAGER = "Manager"
ADMINISTRATEUR = "Administrateur"
#: From the least to the most: each role may do all that the one before may.
ROLES = (CONSULTATION, COLLABORATEUR, MANAGER, ADMINISTRATEUR)


def accorder(
    apps: Apps, schema_editor: BaseDatabaseSchemaEditor, application: str, droits: Mapping[str, Iterable[str]]
) -> None:
    """Create the groups where missing and give each role its permissions and those of the roles before it.

    Parameters
    ----------
    application:
        Label of the application whose permissions these are.
    droits:
        Codenames by role.

    For migrations: permissions are created first, as Django itself only creates them after all migrations.
    """
    config: Any = apps.get_app_config(application)
    config.models_module = getattr(config, "models_module", None) or True
    create_permissions(config, apps=apps, verbosity=0, using=schema_editor.connection.alias)
    groupe, permission = apps.get_model("auth", "Group"), apps.get_model("auth", "Permission")
    cumul: set[str] = set()
    for role in ROLES:
        cumul |= set(droits.get(role, ()))
        trouvees = permission.objects.filter(content_type__app_label=application, codename__in=cumul)
        manquantes = cumul - set(trouvees.values_list("codename", flat=True))
        if manquantes:
            raise LookupError(f"unknown permissions: {', '.join(sorted(manquantes))}")
        groupe.objects.get_or_create(name=role)[0].permissions.add(*trouvees)
