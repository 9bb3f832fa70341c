"""Pages of the back office that are not those of one model."""

from django.contrib import admin
from django.urls import path

from dossiers.vues.recherche import rechercher

urlpatterns = [
    path("recherche/", admin.site.admin_view(rechercher), name="recherche"),
]
