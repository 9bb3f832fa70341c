"""The radar: every deadline on one page, and the way out of each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import BadRequest, PermissionDenied
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from config.exports import FORMATS, Colonne, exporter_rangees_xlsx
from config.lignes import exporter_lignes
from dossiers.affichage import badge
from dossiers.echeances import ruban
from dossiers.echeances.radar import (
    PAR_PAQUET,
    PLAFOND,
    Criteres,
    Echeance,
    Repere,
    compter_par_mois,
    jours_de_mois,
    lire,
    parcourir,
    relever,
)
from dossiers.echeances.registre import sources_de
from dossiers.models import Collaborateur, Dossier, Evenement, journaliser

PAR_PAGE = 50
HORIZON = 365
HORIZONS = ((30, "30 jours"), (60, "60 jours"), (90, "90 jours"), (HORIZON, "un an"))
COLONNES = (
    Colonne("Échéance", "jour"),
    Colonne("Jours restants", "jours"),
    Colonne("Type", "type"),
    Colonne("Objet", "objet", texte=True),
    Colonne("Code du dossier", "code", texte=True),
    Colonne("Dossier", "dossier", texte=True),
    Colonne("À faire", "a_faire", texte=True),
)


class CriteresForm(forms.Form):
    """The filters of the radar, in its address."""

    horizon = forms.TypedChoiceField(
        label="Échéance d’ici", choices=HORIZONS, coerce=int, required=False, empty_value=HORIZON
    )
    genre = forms.ChoiceField(label="Type", required=False)
    dossier = forms.CharField(label="Code du dossier", max_length=100, required=False)

    def __init__(self, *args: Any, personne: Collaborateur, **options: Any) -> None:
        super().__init__(*args, **options)
        self.personne = personne
        permis = [(source.genre, source.libelle) for source in sources_de(personne)]
        self.fields["genre"].choices = [("", "Tous"), *permis]  # type: ignore[attr-defined]

    def clean_dossier(self) -> tuple[int, ...] | None:
        code = self.cleaned_data["dossier"]
        if not code:
            return None
        # The same code may be on several keys.
        trouves = Dossier.objects.visibles_par(self.personne).de_code(code).order_by("pk")
        cles = tuple(trouves.values_list("pk", flat=True)[:100])
        if not cles:
            raise forms.ValidationError(
                "Aucun dossier ne porte ce code, ou il est hors de votre portefeuille. Vérifiez-le dans la liste des "
                "dossiers."
            )
        return cles

    @property
    def criteres(self) -> Criteres:
        lus = self.cleaned_data
        return Criteres(genre=lus["genre"], jours=lus["horizon"], dossiers=lus["dossier"])


@require_safe
def montrer(request: HttpRequest) -> HttpResponse:
    """The page: one query a source for the days, one for the rows shown."""
    personne: Any = request.user
    formulaire = _formulaire(request)
    jour = timezone.localdate()
    if formulaire.is_valid():
        criteres = formulaire.criteres
        releve = relever(personne, replace(criteres, jours=max(jours_de_mois(jour), criteres.jours)))
        reperes = _dans(releve.reperes, criteres.jours)
        mois = compter_par_mois(releve, jour)
        retards = sum(repere.jour < jour for repere in reperes)
        plafonne = releve.plafonne(jour + timedelta(days=criteres.jours))
    else:
        reperes, mois, retards, plafonne = [], [], 0, False
    page = Paginator(reperes, PAR_PAGE).get_page(request.GET.get("page"))
    parametres = request.GET.copy()
    parametres.pop("page", None)
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    contexte = {
        **admin.site.each_context(request),
        "title": "Échéances",
        "formulaire": formulaire,
        "page_liste": page,
        "lignes": [_ligne(echeance) for echeance in lire(page.object_list, personne)],
        "total": len(reperes),
        "retards": retards,
        "plafond": PLAFOND if plafonne else 0,
        "dessin": ruban.tracer(mois),
        "mois": [(ruban.mois_lisible(premier), ruban.combien(nombre, plus)) for premier, nombre, plus in mois],
        "requete": parametres.urlencode(),
        "exports": [(nom.upper(), reverse("echeances_export", kwargs={"extension": nom})) for nom in FORMATS],
    }
    return TemplateResponse(request, "dossiers/echeances/radar.html", contexte)


@require_safe
def exporter(request: HttpRequest, extension: str) -> HttpResponseBase:
    """All the deadlines of the page's filters, as CSV or XLSX. HEAD says that it is there, and exports nothing."""
    personne: Any = request.user
    formulaire = _formulaire(request)
    if not formulaire.is_valid():
        raise BadRequest("filtre illisible")
    if request.method == "HEAD":
        return HttpResponse()
    reperes = parcourir(personne, formulaire.criteres)
    filtre = request.GET.urlencode()
    journaliser(
        Evenement.Type.EXPORT,
        f"Export des échéances ({extension})" + (f", filtres : {filtre}." if filtre else ", liste entière."),
        acteur=personne,
        details={"fichier": f"echeances.{extension}", "filtre": filtre},
    )
    rangees = (_rangee(echeance) for echeance in _par_paquets(reperes, personne))
    if extension == "xlsx":
        return exporter_rangees_xlsx("echeances", COLONNES, rangees)
    titres = [colonne.titre for colonne in COLONNES]
    return exporter_lignes("echeances", titres, ((f"{jour:%d/%m/%Y}", *suite) for jour, *suite in rangees))


def _formulaire(request: HttpRequest) -> CriteresForm:
    personne: Any = request.user
    if not sources_de(personne):
        raise PermissionDenied
    demande = request.GET.copy()
    demande.setdefault("horizon", str(HORIZON))
    return CriteresForm(demande, personne=personne)


def _dans(reperes: Iterable[Repere], jours: int) -> list[Repere]:
    fin = timezone.localdate() + timedelta(days=jours)
    return [repere for repere in reperes if repere.jour <= fin]


def _ligne(echeance: Echeance) -> dict[str, Any]:
    if echeance.en_retard:
        ton, icone = "echec", "event_busy"
    elif echeance.jours <= 30:
        ton, icone = "alerte", "event_upcoming"
    else:
        ton, icone = "attente", "event"
    return {
        "jour": echeance.jour,
        "delai": badge(echeance.delai, icone, ton),
        "type": badge(echeance.source.libelle, echeance.source.icone, "neutre"),
        "dit": echeance.description,
    }


def _par_paquets(reperes: Iterator[Repere], personne: Collaborateur) -> Iterator[Echeance]:
    while paquet := list(islice(reperes, PAR_PAQUET)):
        yield from lire(paquet, personne)


def _rangee(echeance: Echeance) -> tuple[Any, ...]:
    dit = echeance.description
    code, nom = (dit.dossier.code, str(dit.dossier)) if dit.dossier else ("", "")
    return echeance.jour, echeance.jours, echeance.source.libelle, dit.objet, code, nom, dit.a_faire
