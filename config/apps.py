from django.apps import AppConfig
from django.contrib.admin.apps import AdminConfig as DjangoAdminConfig


class ConfigConfig(AppConfig):
    name = "config"


class AdminConfig(DjangoAdminConfig):
    default_site = "config.admin.SiteCabinet"
