"""Pages of the back office that are not those of one model."""

from django.contrib import admin
from django.urls import path

from config.exports import FORMATS
from dossiers.accueil.page import exporter as exporter_graphique
from dossiers.admin import avis, echeances
from dossiers.admin.supervision import controler, superviser
from dossiers.vues.commandes import lister, regler_les_raccourcis, resultats
from dossiers.vues.recherche import rechercher

urlpatterns = [
    path("commandes/", admin.site.admin_view(lister), name="commandes"),
    path("commandes/resultats/", admin.site.admin_view(resultats), name="commandes_resultats"),
    path("commandes/raccourcis/", admin.site.admin_view(regler_les_raccourcis), name="commandes_raccourcis"),
    path("accueil/<slug:code>.csv", admin.site.admin_view(exporter_graphique), name="accueil_csv"),
    path("echeances/", admin.site.admin_view(echeances.montrer), name="echeances"),
    *(
        path(
            f"echeances/export.{extension}",
            admin.site.admin_view(echeances.exporter),
            {"extension": extension},
            name="echeances_export",
        )
        for extension in FORMATS
    ),
    path("avis/", admin.site.admin_view(avis.montrer), name="avis"),
    path("avis/lus/", admin.site.admin_view(avis.tout_lire), name="avis_tout_lire"),
    path("avis/<int:pk>/lu/", admin.site.admin_view(avis.lire), name="avis_lire"),
    path("mon-compte/avis/", admin.site.admin_view(avis.preferer), name="preferences_avis"),
    path("mon-compte/agenda/", admin.site.admin_view(avis.changer_l_agenda), name="agenda_prive"),
    path("recherche/", admin.site.admin_view(rechercher), name="recherche"),
    path("supervision/", admin.site.admin_view(superviser), name="supervision"),
    path("supervision/controler/", admin.site.admin_view(controler), name="supervision_controler"),
]
