from django.apps import AppConfig


class DossiersConfig(AppConfig):
    name = "dossiers"
    verbose_name = "Cabinet"

    def ready(self) -> None:
        from dossiers import gestes  # noqa: F401 - registers the gestures
        from dossiers.echeances import nouvelles, sources  # noqa: F401 - registers what people are told of the core
        from dossiers.ecritures import gestes as gestes_ecritures  # noqa: F401
        from dossiers.ecritures import natures as natures_ecritures  # noqa: F401
        from dossiers.loop import natures  # noqa: F401 - registers the kinds of operation
        from dossiers.retention import regles  # noqa: F401 - registers what is erased with age
