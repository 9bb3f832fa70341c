"""`manage.py nouvelle_cle`: a key for FERNET_KEYS."""

from typing import Any

from cryptography.fernet import Fernet
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Écrit une clé de chiffrement à placer en tête de FERNET_KEYS (les anciennes continuent de déchiffrer)."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(Fernet.generate_key().decode())
