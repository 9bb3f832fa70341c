"""What the page of a contact shows around its form, in a number of queries that does not depend on the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.paginator import Page
from django.http import HttpRequest

from config.admin import PaginateurBorne
from dossiers.models import Collaborateur, Dossier, Evenement, Operation
from interlocuteurs import matrice
from interlocuteurs.matrice import Rangee
from interlocuteurs.models import Acces, Interlocuteur

DOSSIERS_PAR_FEUILLET = 50
OPERATIONS_MONTREES = EVENEMENTS_MONTRES = 20


def rangees_de(request: HttpRequest, interlocuteur: Interlocuteur) -> tuple[list[Rangee], Page]:
    """One sheet of the matrix; the dossier named by `dossier` comes first, even without accès."""
    visibles = Dossier.objects.visibles_par(request.user)  # type: ignore[arg-type]
    connus = Acces.objects.filter(interlocuteur=interlocuteur).order_by().values("dossier")
    feuillet = PaginateurBorne(visibles.filter(pk__in=connus).order_by("code", "id"), DOSSIERS_PAR_FEUILLET).get_page(
        request.GET.get("feuillet")
    )
    dossiers = list(feuillet.object_list)
    ajoute = request.GET.get("dossier", "")
    if ajoute.isdecimal() and len(ajoute) <= 18 and int(ajoute) not in {d.pk for d in dossiers}:
        dossiers = [*visibles.filter(pk=int(ajoute)), *dossiers]
    return matrice.de_l_interlocuteur(interlocuteur, dossiers), feuillet


def operations_de(interlocuteur: Interlocuteur, par: Collaborateur) -> list[Operation]:
    """The last operations on a contact that `par` may see."""
    if not par.has_perm("dossiers.view_operation"):
        return []
    visibles = Operation.objects.visibles_par(par).filter(parametres__interlocuteur=interlocuteur.pk)
    lues = visibles.select_related("dossier", "guichet", "explication")
    return list(lues.order_by("-id")[:OPERATIONS_MONTREES])


def evenements_de(interlocuteur: Interlocuteur, operations: Sequence[Operation]) -> list[Evenement]:
    """The last events on the record, and on these operations, newest first."""
    lus = Evenement.objects.select_related("acteur").order_by("-id")
    sur_la_fiche = lus.filter(details__interlocuteur=interlocuteur.pk)[:EVENEMENTS_MONTRES]
    sur_les_operations = lus.filter(operation__in=operations)[:EVENEMENTS_MONTRES]
    ensemble = {evenement.pk: evenement for evenement in (*sur_la_fiche, *sur_les_operations)}
    return sorted(ensemble.values(), key=lambda evenement: -evenement.pk)[:EVENEMENTS_MONTRES]


def avis_de(interlocuteur: Interlocuteur) -> dict[str, Any] | None:
    """What stands in the way of this contact, in three parts; its button is among those of the page."""
    if interlocuteur.anonymise:
        return None
    if interlocuteur.invitation == Interlocuteur.Invitation.A_INVITER:
        return {
            "constat": "Loop a refusé de donner un accès à cette personne.",
            "cause": "Elle n’est pas encore invitée sur le tenant du cabinet.",
            "remede": "Invitez-la depuis Loop puis, une fois fait, choisissez « Invité : relancer ».",
        }
    if interlocuteur.presence == Interlocuteur.Presence.AUTRE:
        return {
            "constat": "Loop n’a pas créé cet interlocuteur.",
            "cause": "Loop a déjà un interlocuteur à cette adresse.",
            "remede": "Si c’est la même personne, choisissez « Rattacher à cet interlocuteur » ; "
            "sinon, corrigez l’adresse.",
        }
    if interlocuteur.presence == Interlocuteur.Presence.ABSENT:
        return {
            "constat": "Loop ne connaît pas cet interlocuteur.",
            "cause": "Il n’existe pas, ou n’existe plus, à cette adresse.",
            "remede": "Vérifiez l’adresse, puis choisissez « Créer à partir de cette saisie ».",
        }
    return None
