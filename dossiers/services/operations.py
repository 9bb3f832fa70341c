"""The door of operations: asking for one, cancelling, relaunching, deciding for the remote.

Each function checks the permission on each object, then the rules, then writes the row: no caller may skip one.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur, Dossier, Etat, Evenement, Guichet, Lot, Operation, journaliser
from dossiers.operations.registre import nature as nature_de
from dossiers.operations.reglement import passer
from dossiers.operations.reveil import reveiller
from dossiers.services.erreurs import ActionImpossible

#: Few enough for a worker not to wait on their locks, enough for five thousand to take seconds.
ANNULATIONS_PAR_TRANSACTION = 100


def exiger(personne: Collaborateur, permission: str) -> None:
    """Raises PermissionDenied unless `personne` has `permission` (`app.codename`)."""
    if not personne.has_perm(permission):
        raise PermissionDenied(permission)


def creer(operations: Sequence[Operation], *, par: Collaborateur | None) -> list[Operation]:
    """Insert intents and their journal lines, and nudge the workers after commit.

    The caller has checked permission and rules and stands in a transaction with the local change. `par` is None when
    nobody asked.
    """
    creees = Operation.objects.bulk_create(operations, batch_size=1000)
    Evenement.objects.bulk_create(
        [
            Evenement(
                type=Evenement.Type.OPERATION_DEMANDEE,
                texte=f"{operation.libelle} : demandée.",
                operation=operation,
                dossier_id=operation.dossier_id,
                lot_id=operation.lot_id,
                guichet_id=operation.guichet_id,
                acteur=par,
            )
            for operation in creees
        ],
        batch_size=1000,
    )
    reveiller(creees)
    return creees


@transaction.atomic
def demander(
    nature: str,
    *,
    par: Collaborateur,
    guichet: Guichet | None = None,
    dossier: Dossier | None = None,
    parametres: dict[str, Any] | None = None,
) -> Operation:
    """Queue one operation, or return the one already waiting for the same thing.

    Parameters
    ----------
    nature:
        Code of the kind.
    guichet, dossier:
        What it acts on; the guichet defaults to that of the dossier's key.

    Raises PermissionDenied, ActionImpossible.
    """
    definition = nature_de(nature)
    exiger(par, definition.permission)
    if dossier is not None and not Dossier.objects.visibles_par(par).filter(pk=dossier.pk).exists():
        raise PermissionDenied(definition.permission)
    if guichet is None:
        if dossier is None:
            raise ValueError("a dossier or a guichet is needed")
        guichet = dossier.cle.guichet
    guichet = Guichet.objects.select_for_update(no_key=True).get(pk=guichet.pk)
    if empechement := definition.empechement(guichet):
        raise ActionImpossible(f"« {definition.libelle} » n’a pas été demandé.", empechement, "")
    parametres = parametres or {}
    objet = definition.objet(guichet, dossier, parametres)
    deja: Operation | None = (
        Operation.objects.non_reglees().filter(objet=objet, nature=nature, parametres=parametres).order_by("id").first()
    )
    if deja:
        return deja
    operation = Operation(
        nature=nature, guichet=guichet, dossier=dossier, parametres=parametres, objet=objet, demandee_par=par
    )
    return creer([operation], par=par)[0]


def annuler(operations: Iterable[Operation], *, par: Collaborateur) -> int:
    """Cancel what has not started. Returns how many were; the others had left already, or may have: those that a
    restoration holds. Raises PermissionDenied.
    """
    exiger(par, "dossiers.annuler_operation")
    faites, restantes = 0, iter(operations)
    while paquet := list(islice(restantes, ANNULATIONS_PAR_TRANSACTION)):
        with transaction.atomic():
            # Locked: a restoration that holds one meanwhile is waited for.
            tenues = Operation.objects.annulables().select_for_update(of=("self",), no_key=True).order_by("pk")
            surs = set(tenues.filter(pk__in=[o.pk for o in paquet]).values_list("pk", flat=True))
            faites += sum(_annuler_une(operation, par) for operation in paquet if operation.pk in surs)
    return faites


def _annuler_une(operation: Operation, par: Collaborateur) -> bool:
    deja = operation.famille == Operation.Famille.PERSONNE
    quand = "le nouvel envoi qu’une personne avait autorisé" if deja else "tout envoi"
    return passer(
        operation,
        Etat.ANNULEE,
        acteur=par,
        texte=f"{operation.libelle} : annulée avant {quand}.",
        effet=partial(operation.definition.annuler, operation),
    )


@transaction.atomic
def relancer(operations: Sequence[Operation], *, par: Collaborateur, lot: Lot | None = None) -> list[Operation]:
    """Queue anew the failures among `operations`, each at most once.

    A failed row keeps its end: the relaunch is another operation that names it. What its credential now forbids is left
    alone. Raises PermissionDenied; ActionImpossible when the credentials forbid all of them.
    """
    exiger(par, "dossiers.relancer_operation")
    verrouillees = (
        Operation.objects.visibles_par(par)
        .select_for_update(of=("self",), no_key=True)
        .filter(pk__in=[operation.pk for operation in operations], etat=Etat.ECHOUEE, relances=None)
        .select_related("guichet__cleapi", "dossier__cle__guichet")
        .order_by("pk")
    )
    nouvelles: list[Operation] = []
    empechement = ""
    for operation in verrouillees:
        exiger(par, operation.definition.permission)
        guichet = operation.definition.guichet_de(operation)
        if not operation.definition.relancable:
            empechement = "Cette opération ne se relance pas telle quelle : refaites la demande là où elle a été faite."
            continue
        if raison := operation.definition.empechement(guichet):
            empechement = raison
            continue
        nouvelles.append(
            Operation(
                nature=operation.nature,
                guichet=guichet,
                dossier=operation.dossier,
                parametres=operation.parametres,
                objet=operation.objet,
                demandee_par=par,
                relance_de=operation,
                lot=lot,
            )
        )
    if empechement and not nouvelles:
        raise ActionImpossible("Rien n’a été relancé.", empechement, "")
    return creer(nouvelles, par=par)


def annuler_lot(lot: Lot, *, par: Collaborateur) -> int:
    """Cancel what has not started in a lot. Returns how many were. Raises PermissionDenied."""
    attente = Operation.objects.visibles_par(par).annulables().filter(lot=lot)
    return annuler(attente.select_related("dossier", "guichet").iterator(chunk_size=500), par=par)


@transaction.atomic
def relancer_lot(lot: Lot, *, par: Collaborateur) -> Lot:
    """Queue anew, as another lot, the failures of a lot that were not relaunched yet.

    Raises PermissionDenied; ActionImpossible when there are none.
    """
    echecs = list(lot.operations.filter(etat=Etat.ECHOUEE, relances=None))
    suite = Lot.objects.create(
        plan=uuid.uuid4(),
        geste=lot.geste,
        libelle=f"Relance : {lot.libelle}"[:200],
        parametres=lot.parametres,
        environnement=lot.environnement,
        cree_par=par,
        relance_de=lot,
    )
    suite.total = len(relancer(echecs, par=par, lot=suite))
    if not suite.total:
        raise ActionImpossible(
            "Rien n’a été relancé.",
            "Ce lot n’a plus d’échec à relancer.",
            "Ouvrez la relance déjà faite pour en suivre les opérations.",
        )
    suite.save(update_fields=["total"])
    return suite


DECISION_DEPASSEE = ActionImpossible(
    "La décision n’a pas été enregistrée.",
    "L’opération a changé d’état depuis l’affichage de la page.",
    "Rechargez la page et regardez son état actuel.",
)


class Decision:
    """What a person may decide of an operation à vérifier."""

    APPLIQUEE = "appliquee"
    RENVOYER = "renvoyer"
    ABANDONNER = "abandonner"


@transaction.atomic
def trancher(
    operation: Operation, decision: str, *, par: Collaborateur, motif: str, preuve: str = "", doute: str = ""
) -> None:
    """Settle an operation à vérifier by what a person saw in the remote product.

    Parameters
    ----------
    decision:
        `appliquee` (the effect is there), `renvoyer` (it is not: send again), `abandonner` (it is not: leave it).
    motif:
        What the person saw; required, kept in the journal.
    preuve:
        What the kind asks to copy from the remote product before an effect is declared present.
    doute:
        `Operation.doute` as the page showed it: a decision is about the lost answer that its author looked for.

    Raises PermissionDenied, ActionImpossible.
    """
    exiger(par, "dossiers.trancher_operation")
    if not motif.strip():
        raise ActionImpossible(
            "La décision n’a pas été enregistrée.",
            "Elle engage le cabinet et doit pouvoir être relue.",
            "Écrivez en une phrase ce que vous avez constaté.",
        )
    operation = (
        Operation.objects.select_for_update(of=("self",), no_key=True)
        .select_related("dossier", "guichet")
        .get(pk=operation.pk)
    )
    if operation.etat != Etat.A_VERIFIER or (doute and doute != operation.doute):
        raise DECISION_DEPASSEE
    nature = operation.definition
    champs: dict[str, Any] = {"famille": Operation.Famille.PERSONNE, "acteur": par, "depuis": (Etat.A_VERIFIER,)}
    if decision == Decision.APPLIQUEE:
        if nature.preuve:
            champs["parametres"] = operation.parametres | {"preuve": nature.admettre_preuve(operation, preuve)}
        fait = passer(
            operation,
            Etat.REUSSIE,
            texte=f"{operation.libelle} : constatée présente par {par}. {motif}",
            effet=lambda: nature.declarer_appliquee(operation),
            **champs,
        )
    elif decision == Decision.RENVOYER:
        fait = passer(
            operation,
            Etat.EN_ATTENTE,
            texte=f"{operation.libelle} : constatée absente par {par}, renvoi autorisé. {motif}",
            pas_avant=timezone.now(),
            tentatives=0,
            quarantaine_jusqu_au=None,
            **champs,
        )
        if fait:
            reveiller([operation])
    elif decision == Decision.ABANDONNER:
        fait = passer(
            operation,
            Etat.ECHOUEE,
            texte=f"{operation.libelle} : constatée absente par {par}, abandonnée. {motif}",
            effet=lambda: nature.echouer(operation),
            **champs,
        )
    else:
        raise ValueError(decision)
    if not fait:
        raise DECISION_DEPASSEE


def journaliser_refus(personne: Collaborateur, action: str, **champs: Any) -> None:
    """Keep the trace of an action refused for lack of permission."""
    journaliser(Evenement.Type.REFUS, f"Action refusée : {action}.", acteur=personne, **champs)
