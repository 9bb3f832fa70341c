"""Taking a line or a subscription under its lock, moving it along the table of states, and writing its history."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.utils import timezone

from dossiers.models import Collaborateur, Evenement, journaliser
from raccordements.models import LigneAdressage, Souscription
from raccordements.souscriptions.erreurs import EtapeInterdite
from raccordements.souscriptions.etapes import TRANSITIONS_SOUSCRIPTION, EtatSouscription, Pas


def verrouiller_ligne(ligne: LigneAdressage, par: Collaborateur | None) -> LigneAdressage:
    """The line as it is now, locked until the end of the transaction: before its subscriptions, always.

    Raises PermissionDenied when `par` does not see it (None: all).
    """
    visibles = LigneAdressage.objects.all() if par is None else LigneAdressage.objects.visibles_par(par)
    trouvee: LigneAdressage | None = (
        visibles.filter(pk=ligne.pk)
        .select_for_update(no_key=True, of=("self",))
        .select_related("dossier", "dossier__cle")
        .defer("dossier__cle__client_secret", "dossier__cle__cle_abonnement")
        .first()
    )
    if trouvee is None:
        raise PermissionDenied("raccordements.view_ligneadressage")
    return trouvee


def verrouiller(souscription: Souscription, par: Collaborateur | None) -> Souscription:
    """The subscription as it is now, locked until the end of the transaction. Raises PermissionDenied as above."""
    visibles = Souscription.objects.all() if par is None else Souscription.objects.visibles_par(par)
    trouvee: Souscription | None = (
        visibles.filter(pk=souscription.pk).select_for_update(no_key=True, of=("self",)).pour_liste().first()
    )
    if trouvee is None:
        raise PermissionDenied("raccordements.view_souscription")
    return trouvee


def exiger_pas(souscription: Souscription, pas: Pas) -> None:
    """Raises EtapeInterdite unless the table permits `pas`."""
    if not souscription.permet(pas):
        raise EtapeInterdite(
            f"« {pas.label} » n’est pas possible.",
            f"La souscription est à l’état « {souscription.get_etat_display()} », qui ne le permet pas.",
            "Rechargez la page : elle montre l’état actuel et ce qu’il permet.",
        )


def avancer(
    souscription: Souscription,
    pas: Pas,
    texte: str,
    *,
    par: Collaborateur | None,
    type_: Evenement.Type = Evenement.Type.MODIFICATION,
    **champs: Any,
) -> None:
    """Move a subscription along the table by one conditional UPDATE, with its line of the journal.

    Raises EtapeInterdite when its state has no such way out, or changed meanwhile.
    """
    exiger_pas(souscription, pas)
    de = EtatSouscription(souscription.etat)
    vers = TRANSITIONS_SOUSCRIPTION[pas][de]
    champs |= {"etat": vers, "modifiee_le": timezone.now()}
    if not Souscription.objects.filter(pk=souscription.pk, etat=de).update(**champs):
        raise EtapeInterdite(
            f"« {pas.label} » n’a pas été noté.",
            "La souscription vient de changer d’état.",
            "Rechargez la page : elle montre l’état actuel et ce qu’il permet.",
        )
    for nom, valeur in champs.items():
        setattr(souscription, nom, valeur)
    tracer(souscription, texte, par=par, type_=type_, de=de.value, vers=vers.value)


def ecrire(souscription: Souscription, texte: str, *, par: Collaborateur | None, **champs: Any) -> None:
    """Write fields of a locked subscription, with the line of the journal that says it."""
    champs["modifiee_le"] = timezone.now()
    for nom, valeur in champs.items():
        setattr(souscription, nom, valeur)
    souscription.save(update_fields=list(champs))
    tracer(souscription, texte, par=par)


def tracer(
    souscription: Souscription,
    texte: str,
    *,
    par: Collaborateur | None,
    type_: Evenement.Type = Evenement.Type.MODIFICATION,
    **details: Any,
) -> Evenement:
    """One line of the journal of the dossier, about this subscription. `texte` is French and without secret."""
    return journaliser(
        type_,
        f"Souscription n°\u00a0{souscription.pk}, {souscription.ligne.identifiant}\u00a0: {texte}",
        dossier=souscription.dossier,
        acteur=par,
        details={"souscription": souscription.pk, **details},
    )


def evenements_de(souscription: Souscription) -> QuerySet[Evenement]:
    """The history of a subscription, the last first; its dossier's index serves it."""
    return Evenement.objects.filter(
        dossier_id=souscription.dossier_id, details__souscription=souscription.pk
    ).pour_frise()
