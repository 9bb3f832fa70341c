from django.apps import AppConfig


class InterlocuteursConfig(AppConfig):
    name = "interlocuteurs"
    verbose_name = "Interlocuteurs"
