from django.apps import AppConfig


class DossiersConfig(AppConfig):
    name = "dossiers"
    verbose_name = "Cabinet"

    def ready(self) -> None:
        from dossiers import gestes  # noqa: F401 - registers the gestures
        from dossiers.loop import natures  # noqa: F401 - registers the kinds of operation
