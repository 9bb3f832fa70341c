"""What a person is told, how they want to be, and the address of their private calendar."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import BadRequest
from django.core.paginator import Paginator
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from dossiers.affichage import badge, pluriel
from dossiers.echeances import avis as services
from dossiers.echeances import calendrier
from dossiers.echeances.registre import sujets_de
from dossiers.models import Agenda, Avis, Collaborateur, Courriel, Evenement, Preference, journaliser

PAR_PAGE = 50
PLAFOND = 1_000


class PreferencesForm(forms.Form):
    """What a person is told of, here and by e-mail; the kinds they may see and no other."""

    frequence = forms.ChoiceField(label="Résumé par courriel", choices=Preference.Frequence, widget=forms.RadioSelect)
    dans_passerelle = forms.MultipleChoiceField(
        label="M’avertir dans Passerelle", required=False, widget=forms.CheckboxSelectMultiple
    )
    par_courriel = forms.MultipleChoiceField(
        label="Mettre dans le résumé par courriel", required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, personne: Collaborateur, **options: Any) -> None:
        self.preference = Preference.objects.filter(personne=personne).first() or Preference(personne=personne)
        self.genres = {sujet.genre: sujet.libelle for sujet in sujets_de(personne)}
        options.setdefault(
            "initial",
            {
                "frequence": self.preference.frequence,
                "dans_passerelle": [genre for genre in self.genres if genre not in self.preference.sans_avis],
                "par_courriel": [genre for genre in self.genres if genre not in self.preference.sans_courriel],
            },
        )
        super().__init__(*args, **options)
        for nom in ("dans_passerelle", "par_courriel"):
            self.fields[nom].choices = list(self.genres.items())  # type: ignore[attr-defined]

    def save(self) -> None:
        """Keep what was declined; what they may not see today keeps what they said of it."""
        lus = self.cleaned_data
        self.preference.frequence = lus["frequence"]
        self.preference.sans_avis = self._refuses(self.preference.sans_avis, lus["dans_passerelle"])
        self.preference.sans_courriel = self._refuses(self.preference.sans_courriel, lus["par_courriel"])
        with transaction.atomic():
            voulu = {nom: getattr(self.preference, nom) for nom in ("frequence", "sans_avis", "sans_courriel")}
            Preference.objects.update_or_create(personne=self.preference.personne, defaults=voulu)
            journaliser(Evenement.Type.MODIFICATION, "Préférences d’avis modifiées.", acteur=self.preference.personne)

    def _refuses(self, anciens: list[str], voulus: list[str]) -> list[str]:
        hors_de_vue = {genre for genre in anciens if genre not in self.genres}
        return sorted(hors_de_vue | (set(self.genres) - set(voulus)))


@require_safe
def montrer(request: HttpRequest) -> HttpResponse:
    """The notices of the person, the last first."""
    personne: Any = request.user
    siens = services.visibles(personne).order_by("-id")
    pks = list(siens.values_list("pk", flat=True)[:PLAFOND])
    page = Paginator(pks, PAR_PAGE).get_page(request.GET.get("page"))
    sujets = {sujet.genre: sujet for sujet in sujets_de(personne)}
    lus = Avis.objects.filter(pk__in=page.object_list).order_by("-id")
    contexte = {
        "page_liste": page,
        "lignes": [
            {"avis": un, "type": badge(sujets[un.genre].libelle, sujets[un.genre].icone, "neutre")} for un in lus
        ],
        "escalade": services.ESCALADE,
        "non_lus": services.non_lus(personne),
        "dernier": pks[0] if pks else 0,
        "requete": "",
    }
    return _page(request, "dossiers/echeances/avis.html", "Avis", contexte)


@require_POST
def lire(request: HttpRequest, pk: int) -> HttpResponse:
    """Mark one notice of the person as read; another one is a 404."""
    personne: Any = request.user
    if not services.visibles(personne).filter(pk=pk).exists():
        raise Http404
    services.lire(personne, pk)
    return redirect("avis")


@require_POST
def tout_lire(request: HttpRequest) -> HttpResponse:
    """Mark as read all that the page knew of: what came since was not seen."""
    vu = request.POST.get("jusqu_a", "")
    if not re.fullmatch(r"[0-9]{1,18}", vu):
        raise BadRequest("avis inconnu")
    combien = services.lire(request.user, jusqu_a=int(vu))  # type: ignore[arg-type]
    if combien:
        messages.success(request, f"{pluriel(combien, 'avis marqué comme lu', 'avis marqués comme lus')}.")
    return redirect("avis")


@require_http_methods(["GET", "HEAD", "POST"])
def preferer(request: HttpRequest) -> HttpResponse:
    """The person's own preferences, and their calendar."""
    personne: Any = request.user
    formulaire = PreferencesForm(request.POST if request.method == "POST" else None, personne=personne)
    if request.method == "POST" and formulaire.is_valid():
        formulaire.save()
        messages.success(request, "Préférences enregistrées. Elles valent pour les avis à venir.")
        return redirect("preferences_avis")
    return _preferences(request, formulaire)


@require_POST
def changer_l_agenda(request: HttpRequest) -> HttpResponse:
    """Make, remake or end the person's calendar. A new address is in this answer and nowhere else."""
    personne: Any = request.user
    geste = request.POST.get("geste")
    if geste not in {"creer", "revoquer"}:
        raise BadRequest("geste inconnu")
    if geste == "creer":
        chemin = reverse("agenda", args=[calendrier.creer(personne)])
        return _preferences(request, PreferencesForm(personne=personne), f"{settings.ADRESSE_PUBLIQUE}{chemin}")
    if calendrier.revoquer(personne):
        messages.success(request, "L’adresse de votre agenda ne répond plus.")
    return redirect("preferences_avis")


def _preferences(request: HttpRequest, formulaire: PreferencesForm, adresse: str = "") -> HttpResponse:
    personne: Any = request.user
    dernier = Courriel.objects.filter(personne=personne).first()
    contexte = {
        "formulaire": formulaire,
        "adresse_courriel": personne.email,
        "courriel_actif": settings.COURRIEL_ACTIF,
        "dernier": dernier,
        "agenda": Agenda.objects.filter(personne=personne).first(),
        "adresse": adresse,
    }
    return _page(request, "dossiers/echeances/preferences.html", "Avis, rappels et agenda", contexte)


def _page(request: HttpRequest, gabarit: str, titre: str, contexte: dict[str, Any]) -> TemplateResponse:
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    return TemplateResponse(request, gabarit, {**admin.site.each_context(request), "title": titre, **contexte})
