from django.apps import AppConfig


class RaccordementsConfig(AppConfig):
    name = "raccordements"
    verbose_name = "Raccordements"

    def ready(self) -> None:
        from raccordements import (
            avis,  # noqa: F401 - registers what people are told of an approval
            echeances,  # noqa: F401 - registers the deadlines
            natures,  # noqa: F401 - registers the kinds of operation
            restauration,  # noqa: F401 - registers what is claimed after a restoration
            retention,  # noqa: F401 - registers what is never erased
            traces,  # noqa: F401 - registers where fiches and mandates name a person
        )
        from raccordements.souscriptions import gestes  # noqa: F401 - registers the gestures
