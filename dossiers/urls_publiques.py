"""Pages outside the login of the back office."""

from django.urls import re_path

from dossiers.vues.agenda import servir

urlpatterns = [re_path(r"^agenda/(?P<jeton>[A-Za-z0-9_-]{43})\.ics\Z", servir, name="agenda")]
