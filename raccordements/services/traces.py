"""Taking a fiche under its lock, moving it along the table of statuses, and writing its history."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone

from dossiers.models import Collaborateur
from raccordements.models import TRANSITIONS, Action, Etat, EvenementFiche, Fiche, Version
from raccordements.services.erreurs import ActionInterdite

Type = EvenementFiche.Type


def verrouiller(fiche: Fiche, par: Collaborateur | None) -> Fiche:
    """The fiche as it is now, locked until the end of the transaction, among those `par` may see (None: all).

    Raises PermissionDenied when `par` does not see it, or when it was deleted.
    """
    presentes = Fiche.objects.all() if par is None else Fiche.objects.visibles_par(par)
    trouvee: Fiche | None = (
        presentes.filter(pk=fiche.pk)
        .select_for_update(no_key=True, of=("self",))
        .select_related("structure", "version", "version_en_envoi", "version_envoyee", "version_active")
        .first()
    )
    if trouvee is None:
        raise PermissionDenied("raccordements.view_fiche")
    return trouvee


def exiger_action(fiche: Fiche, action: Action) -> None:
    """Raises ActionInterdite unless the table permits `action`, and nobody is sending the fiche."""
    if not fiche.permet(action):
        raise ActionInterdite(
            f"« {action.label} » n’est pas possible.",
            f"La fiche est au statut « {fiche.get_etat_display()} », qui ne le permet pas.",
            "Attendez qu’elle change de statut, ou clonez-la pour en préparer une autre.",
        )
    if fiche.en_envoi and action not in {Action.CONSULTER, Action.CLONER, Action.ENVOYER}:
        raise ActionInterdite(
            f"« {action.label} » n’est pas possible.",
            "La fiche est en cours d’envoi : ce qui a été approuvé part tel quel.",
            "Attendez la fin de l’envoi, ou abandonnez-le, puis recommencez.",
        )


def tracer(
    fiche: Fiche,
    type_: EvenementFiche.Type,
    texte: str,
    *,
    par: Collaborateur | None,
    version: Version | None = None,
    de: str = "",
    vers: str = "",
    details: dict[str, Any] | None = None,
) -> EvenementFiche:
    """Write one line of the history, in the caller's transaction. `texte` is French and without secret."""
    return EvenementFiche.objects.create(
        fiche_id=fiche.pk, type=type_, texte=texte, acteur=par, version=version, de=de, vers=vers, details=details or {}
    )


def transitionner(
    fiche: Fiche,
    action: Action,
    type_: EvenementFiche.Type,
    texte: str,
    *,
    par: Collaborateur | None,
    au_sujet_de: Version | None = None,
    details: dict[str, Any] | None = None,
    **champs: Any,
) -> None:
    """Move a locked fiche along TRANSITIONS by one conditional UPDATE, with its event. `champs` are written with it.

    Raises ActionInterdite when its status has no such way out, or changed meanwhile.
    """
    de = Etat(fiche.etat)
    vers = TRANSITIONS[action].get(de)
    moi = Fiche.objects.filter(pk=fiche.pk, etat=de)
    if vers is None or not moi.update(etat=vers, modifiee_le=timezone.now(), **champs):
        raise ActionInterdite(
            f"« {action.label} » n’a pas été noté.",
            f"La fiche est au statut « {de.label} », ou vient d’en changer.",
            "Rechargez la page : elle montre son statut actuel et ce qu’il permet.",
        )
    tracer(fiche, type_, texte, par=par, version=au_sujet_de, de=de, vers=vers, details=details)
    fiche.etat = vers
    for nom, valeur in champs.items():
        setattr(fiche, nom, valeur)
