"""The page of the machine: who is alive, what waits, what is slow, what needs a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from dossiers.admin import graphique_appels
from dossiers.admin.ecritures.graphique import nombre
from dossiers.admin.navigation import A_VERIFIER
from dossiers.affichage import VIDE, badge, badge_choix, disjoncteur, heure, pluriel
from dossiers.models import Battement, Environnement, Etat, Explication, Operation
from dossiers.supervision import conservation, epoque, mesures, releve  # noqa: F401 - mesures registers itself
from dossiers.supervision.battements import derniers, est_silencieux

#: Signs of life shown; the workers of a practice are a handful.
PROCESSUS_MONTRES = 50
#: Those of Chorus Pro are qualification and production.
ENVIRONNEMENTS = {**dict(Environnement.choices), "qualification": "Qualification"}
SYSTEMES = dict(Explication.Systeme.choices)


@require_safe
def superviser(request: HttpRequest) -> HttpResponse:
    """The page. Its number of queries does not depend on what it shows; it asks nothing of the broker."""
    if not request.user.has_perm("dossiers.view_battement"):  # type: ignore[union-attr]
        raise PermissionDenied
    request.current_app = admin.site.name  # type: ignore[attr-defined]
    files = releve.guichets()
    tranches = releve.tranches(files)
    depuis = min((file.depuis for file in files if file.depuis), default=None)
    contexte = {
        **admin.site.each_context(request),
        "title": "Supervision",
        "genres": _genres(),
        "processus": _processus(),
        "ouverte": epoque.est_ouverte(),
        "dues": _plafonne(sum(file.dues for file in files), any(file.plafonnee for file in files)),
        "attente": _age(depuis),
        "a_verifier": _a_verifier(request),
        "adresse_a_verifier": f"{reverse('admin:dossiers_operation_changelist')}?{A_VERIFIER}",
        "incertaines": _en_etat(Operation.objects.all(), Etat.INCERTAINE),
        "en_pause": sum(file.guichet.en_pause for file in files),
        "files": [_file(file) for file in files],
        "latences": [_latence(latence) for latence in releve.latences(files)],
        "dessin": graphique_appels.tracer(tranches),
        "legende": graphique_appels.legende(),
        "tranches": [(f"{timezone.localtime(t.debut):%H:%M}", nombre(t.reussis), nombre(t.echecs)) for t in tranches],
        **_conservation(request),
    }
    return TemplateResponse(request, "dossiers/supervision.html", contexte)


@require_POST
def controler(request: HttpRequest) -> HttpResponse:
    """Ask a worker for a check of the conservation law."""
    conservation.demander(par=request.user)  # type: ignore[arg-type]
    messages.success(request, "Contrôle demandé : un exécutant le fait, son résultat s’affichera ici.")
    return redirect("supervision")


def _genres() -> list[tuple[str, Any, str]]:
    """Each genre of process: label, badge, last sign of life."""
    vus = derniers()
    return [(str(genre.label), _vie(vus.get(genre)), heure(vus.get(genre))) for genre in Battement.Genre]


def _vie(dernier: datetime | None) -> Any:
    if est_silencieux(dernier):
        return badge("Silencieux" if dernier else "Jamais vu", "heart_broken", "echec")
    return badge("En marche", "favorite", "succes")


def _processus() -> list[dict[str, Any]]:
    return [
        {
            "genre": battement.get_genre_display(),
            "nom": battement.nom,
            "vie": _vie(battement.battu_le),
            "demarre_le": heure(battement.demarre_le),
            "battu_le": heure(battement.battu_le),
            "messages": VIDE if battement.messages is None else nombre(battement.messages),
        }
        for battement in Battement.objects.defer("compteurs").order_by("-battu_le")[:PROCESSUS_MONTRES]
    ]


def _en_etat(operations: Any, etat: Etat) -> str:
    combien = operations.filter(etat=etat).order_by().values("pk")[: releve.PLAFOND + 1].count()
    return _plafonne(min(combien, releve.PLAFOND), combien > releve.PLAFOND)


def _a_verifier(request: HttpRequest) -> str:
    """What this person will find in the list."""
    return _en_etat(Operation.objects.visibles_par(request.user), Etat.A_VERIFIER)  # type: ignore[arg-type]


def _plafonne(combien: int, davantage: bool) -> str:
    return nombre(combien) + ("+" if davantage else "")


def _age(depuis: datetime | None) -> str:
    """`3 minutes`: how long something has been waiting."""
    if depuis is None:
        return "Rien n’attend"
    secondes = int((timezone.now() - depuis).total_seconds())
    if secondes < 60:
        return pluriel(secondes, "seconde")
    if secondes < 3600:
        return pluriel(secondes // 60, "minute")
    return f"{secondes // 3600} h {secondes % 3600 // 60:02d}"


def _file(file: releve.FileGuichet) -> dict[str, Any]:
    guichet = file.guichet
    if guichet.en_pause:
        etat = badge("Ouvert", "pause_circle", "echec")
    elif guichet.echecs_consecutifs:
        etat = badge("Sous surveillance", "warning", "alerte")
    else:
        etat = badge("Fermé", "check_circle", "succes")
    return {
        "nom": guichet.nom,
        "systeme": guichet.get_systeme_display(),
        "environnement": badge_choix(guichet.environnement, ENVIRONNEMENTS[guichet.environnement])
        if guichet.environnement in ENVIRONNEMENTS
        else guichet.environnement,
        "disjoncteur": etat,
        "explication": disjoncteur(guichet) if guichet.en_pause or guichet.echecs_consecutifs else "",
        "dues": _plafonne(file.dues, file.plafonnee),
        "attente": _age(file.depuis) if file.depuis else VIDE,
        "en_cours": f"{file.en_cours} sur {guichet.plafond}",
    }


def _latence(latence: releve.Latence) -> dict[str, str]:
    return {
        "systeme": SYSTEMES.get(latence.systeme, latence.systeme),
        "appels": nombre(latence.appels),
        "echecs": nombre(latence.echecs),
        "mediane": f"{nombre(round(latence.mediane))} ms",
        "p95": f"{nombre(round(latence.p95))} ms",
    }


def _conservation(request: HttpRequest) -> dict[str, Any]:
    controle = conservation.dernier()
    return {
        "controle": controle,
        "attendu": controle is not None and conservation.est_attendu(controle),
        "bilan": [(titre, nombre(combien), exemples) for titre, combien, exemples in controle.bilan]
        if controle
        else [],
        "peut_controler": request.user.has_perm(conservation.PERMISSION),  # type: ignore[union-attr]
    }
