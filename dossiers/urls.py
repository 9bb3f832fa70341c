"""Pages of the back office that are not those of one model."""

from django.contrib import admin
from django.urls import path

from dossiers.admin.supervision import controler, superviser
from dossiers.vues.recherche import rechercher

urlpatterns = [
    path("recherche/", admin.site.admin_view(rechercher), name="recherche"),
    path("supervision/", admin.site.admin_view(superviser), name="supervision"),
    path("supervision/controler/", admin.site.admin_view(controler), name="supervision_controler"),
]
