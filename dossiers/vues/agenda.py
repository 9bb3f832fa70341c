"""The private calendar, outside the login: its address is the secret."""

from __future__ import annotations

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from dossiers.echeances import calendrier


@require_safe
def servir(request: HttpRequest, jeton: str) -> HttpResponse:
    """The calendar of this token. Raises Http404 for one that was revoked, or whose owner left."""
    agenda = calendrier.trouver(jeton)
    if agenda is None:
        raise Http404
    contenu = calendrier.ecrire(agenda.personne)
    empreinte = f'"{hashlib.sha256(contenu).hexdigest()}"'
    reponse = HttpResponse(contenu, content_type="text/calendar; charset=utf-8")
    reponse["ETag"], reponse["Cache-Control"] = empreinte, "private, no-cache"
    reponse["Content-Disposition"] = 'inline; filename="echeances.ics"'
    reponse["X-Robots-Tag"] = "noindex"
    return get_conditional_response(request, etag=empreinte, response=reponse) or reponse
