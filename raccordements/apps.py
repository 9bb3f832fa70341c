from django.apps import AppConfig


class RaccordementsConfig(AppConfig):
    name = "raccordements"
    verbose_name = "Raccordements"

    def ready(self) -> None:
        from raccordements import (
            natures,  # noqa: F401 - registers the kinds of operation
            restauration,  # noqa: F401 - registers what is claimed after a restoration
            traces,  # noqa: F401 - registers where fiches and mandates name a person
        )
        from raccordements.souscriptions import gestes  # noqa: F401 - registers the gestures
