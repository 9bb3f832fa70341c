from django.apps import AppConfig


class RaccordementsConfig(AppConfig):
    name = "raccordements"
    verbose_name = "Raccordements"
