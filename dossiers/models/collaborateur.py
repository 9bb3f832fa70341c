from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q


class Collaborateur(AbstractUser):
    """A person of the practice who uses the back office (the user model)."""

    login_loop = models.CharField(
        "identifiant Loop",
        max_length=254,
        blank=True,
        help_text="Adresse de connexion à Cegid Loop ; elle relie la personne aux dossiers dont elle a la charge.",
    )
    limite_au_portefeuille = models.BooleanField(
        "limité à son portefeuille",
        default=False,
        help_text="La personne ne voit que les dossiers dont elle est maître de dossier ou engagement manager.",
    )

    class Meta(AbstractUser.Meta):
        verbose_name = "collaborateur"
        verbose_name_plural = "collaborateurs"
        ordering = ["username"]
        constraints = [
            models.UniqueConstraint(
                fields=["login_loop"],
                condition=~Q(login_loop=""),
                name="collaborateur_login_loop_unique",
                violation_error_message="Cet identifiant Loop est déjà celui d’un autre collaborateur.",
            )
        ]

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def portefeuille_seul(self) -> bool:
        """Whether lists and pages are limited to this person's own dossiers."""
        return self.limite_au_portefeuille and not self.is_superuser

    def clean(self) -> None:
        super().clean()
        self.login_loop = self.login_loop.strip().lower()

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.login_loop = self.login_loop.strip().lower()
        super().save(*args, **kwargs)
