from django.apps import AppConfig


class InterlocuteursConfig(AppConfig):
    name = "interlocuteurs"
    verbose_name = "Interlocuteurs"

    def ready(self) -> None:
        from interlocuteurs import (
            gestes,  # noqa: F401 - registers the gestures
            natures,  # noqa: F401 - registers the kinds of operation
            restauration,  # noqa: F401 - registers what stops after a restoration
        )
        from interlocuteurs.imports import traces  # noqa: F401 - registers where imports keep personal data
