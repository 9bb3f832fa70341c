from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView

from config.accessibilite import declarer

urlpatterns = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("accessibilite/", declarer, name="accessibilite"),
    path("", include("dossiers.urls_publiques")),
    path("admin/", include("dossiers.urls")),
    path("admin/", admin.site.urls),
]
