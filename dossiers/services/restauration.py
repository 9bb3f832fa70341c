"""After the restoration of a backup: what waited in it may have left since, and is never sent again blindly.

Every unsettled write becomes uncertain: read back after a quarantine where its kind can, left to a person otherwise.
This is the one place that moves a row from « en attente » to « incertaine »: the base went back, not the operation.

One operation only may be in flight on a remote object: those that wait behind it are held, and doubted in their turn. A
reading tells of the last one alone, whose effect nothing later covers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from dossiers.models import EN_VOL, JAMAIS, NON_REGLEES, Epoque, Etat, Evenement, Operation, journaliser
from dossiers.services.erreurs import ActionImpossible
from dossiers.supervision import epoque

LOT = 1000
DOUTE = "Elle attendait dans la sauvegarde restaurée, et a pu partir depuis."
RETENUE = f"{DOUTE} Elle sera vérifiée quand celles qui la précèdent sur le même objet seront réglées."

PAS_RESTAUREE = ActionImpossible(
    "Rien n’a été changé.",
    "Cette base n’a pas été restaurée depuis que les exécutants y travaillent : ses opérations en attente n’ont pas "
    "d’autre histoire que la sienne.",
    "Vérifiez DATABASE_URL. Si la base est vraiment revenue en arrière, relancez avec --forcer.",
)

Suspension = Callable[[], str]
_SUSPENSIONS: list[Suspension] = []


def suspendre(suspension: Suspension) -> Suspension:
    """Decorator: what an application stops after a restoration, because going on would ask twice for the same thing.

    It returns what it stopped, in French, empty for nothing.
    """
    _SUSPENSIONS.append(suspension)
    return suspension


@dataclass
class Bilan:
    """What was done: operations put in doubt, held behind them, doubted anew, readings to make again; other stops."""

    incertaines: int = 0
    retenues: int = 0
    a_verifier: int = 0
    lectures: int = 0
    suspensions: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Sort:
    """What becomes of some operations: columns to write, type and end of the line of the journal."""

    champs: tuple[tuple[str, Any], ...]
    type: Evenement.Type
    texte: str


def mettre_en_doute(sauvegarde_du: datetime, *, tout_a_verifier: bool = False, forcer: bool = False) -> Bilan:
    """Set apart what may have left since the backup, then let the workers work on this base.

    Parameters
    ----------
    sauvegarde_du:
        When the backup was made.
    tout_a_verifier:
        Whether to leave to a person even what can be read back: a reading does not see an effect that something asked
        for after the backup has covered.
    forcer:
        Whether to do so on a base that gives no sign of having gone back.

    Raises ActionImpossible when the base gives no such sign.
    """
    if epoque.est_ouverte():
        if not forcer:
            raise PAS_RESTAUREE
        epoque.fermer()
    with transaction.atomic():
        Epoque.objects.select_for_update().get(pk=1)
        bilan = _douter(tout_a_verifier)
        bilan.suspensions = [dite for suspension in _SUSPENSIONS if (dite := suspension())]
        epoque.rouvrir(sauvegarde_du, retenues=bool(bilan.retenues))
        journaliser(
            Evenement.Type.MODIFICATION,
            f"Base restaurée depuis la sauvegarde du {timezone.localtime(sauvegarde_du):%d/%m/%Y %H:%M} : "
            f"{bilan.incertaines + bilan.retenues + bilan.a_verifier} opérations mises en doute.",
        )
    return bilan


def _douter(tout_a_verifier: bool) -> Bilan:
    sorts: dict[_Sort, list[Operation]] = defaultdict(list)
    bilan = Bilan()
    en_vie = Operation.objects.non_reglees().select_related("dossier", "guichet").order_by("objet", "id")
    for _, groupe in groupby(en_vie.iterator(chunk_size=LOT), key=lambda operation: operation.objet):
        du_meme_objet = list(groupe)
        ecritures = [operation for operation in du_meme_objet if operation.definition.ecriture]
        lectures = [o for o in du_meme_objet if not o.definition.ecriture and o.etat != Etat.EN_ATTENTE]
        sorts[_reprise()] += lectures
        bilan.lectures += len(lectures)
        tete = next((o.pk for o in ecritures if o.etat in EN_VOL), ecritures[0].pk if ecritures else None)
        for operation in ecritures:
            personne = tout_a_verifier or operation is not ecritures[-1]
            if operation.pk != tete:
                sorts[_retenue(personne)].append(operation)
                bilan.retenues += 1
            elif operation.etat == Etat.A_VERIFIER:
                sorts[_a_verifier()].append(operation)
                bilan.a_verifier += 1
            else:
                sorts[_doute(operation, personne)].append(operation)
                bilan.incertaines += 1
    # What is let go of comes first: an object has one operation in flight.
    for sort, operations in sorted(sorts.items(), key=lambda paire: paire[0] != _reprise()):
        _ecrire(sort, operations)
    return bilan


def _reprise() -> _Sort:
    """A reading whose worker is gone: it is made again."""
    return _Sort(
        (("etat", Etat.EN_ATTENTE), ("jeton", None), ("bail_jusqu_au", None), ("quarantaine_jusqu_au", None)),
        Evenement.Type.OPERATION_REPRISE,
        "reprise après la restauration de la base.",
    )


def _retenue(personne: bool) -> _Sort:
    relectures = settings.OPERATIONS["tentatives"] if personne else 0
    return _Sort(
        (("pas_avant", JAMAIS), ("relectures", relectures), ("message", RETENUE)),
        Evenement.Type.OPERATION_REPRISE,
        "retenue après la restauration de la base, derrière une opération en doute sur le même objet.",
    )


def _quarantaine() -> datetime:
    """End of a quarantine that starts now, to the second: the rows of one restoration share it."""
    fin = timezone.now() + timedelta(seconds=settings.OPERATIONS["quarantaine"] + 1)
    return fin.replace(microsecond=0)


def _a_verifier() -> _Sort:
    """Still for a person, under a new doubt: what was decided after the backup is forgotten."""
    champs = (("etat", Etat.A_VERIFIER), ("jeton", None), ("bail_jusqu_au", None))
    return _Sort(
        (*champs, ("quarantaine_jusqu_au", timezone.now().replace(microsecond=0)), ("message", DOUTE)),
        Evenement.Type.OPERATION_A_VERIFIER,
        "à vérifier de nouveau après la restauration de la base.",
    )


def _doute(operation: Operation, personne: bool) -> _Sort:
    """Uncertain; straight to a person when a reading would be possible, and misleading."""
    if personne and operation.definition.relisible:
        return _a_verifier()
    champs = (("etat", Etat.INCERTAINE), ("jeton", None), ("bail_jusqu_au", None), ("relectures", 0))
    return _Sort(
        (
            *champs,
            ("quarantaine_jusqu_au", _quarantaine()),
            ("pas_avant", timezone.now().replace(microsecond=0)),
            ("famille", Operation.Famille.PASSAGERE),
            ("message", DOUTE),
        ),
        Evenement.Type.OPERATION_INCERTAINE,
        "mise en doute après la restauration de la base, elle a pu partir depuis la sauvegarde.",
    )


def _ecrire(sort: _Sort, operations: Sequence[Operation]) -> None:
    for debut in range(0, len(operations), LOT):
        paquet = operations[debut : debut + LOT]
        Operation.objects.filter(pk__in=[operation.pk for operation in paquet]).update(**dict(sort.champs))
        Evenement.objects.bulk_create(_evenement(operation, sort) for operation in paquet)


def _evenement(operation: Operation, sort: _Sort) -> Evenement:
    return Evenement(
        type=sort.type,
        texte=f"{operation.libelle} : {sort.texte}",
        operation=operation,
        dossier_id=operation.dossier_id,
        lot_id=operation.lot_id,
        guichet_id=operation.guichet_id,
    )


def liberer_les_retenues() -> int:
    """Put in doubt the held operations that nothing precedes any more. Returns how many; called by each sweep."""
    if not Epoque.objects.filter(pk=1, retenues=True).exists():
        return 0
    retenues = Operation.objects.filter(etat=Etat.EN_ATTENTE, pas_avant=JAMAIS)
    devant = Operation.objects.filter(objet=OuterRef("objet"), etat__in=NON_REGLEES).exclude(pk=OuterRef("pk"))
    devant = devant.filter(Q(pk__lt=OuterRef("pk")) | ~Q(etat=Etat.EN_ATTENTE))
    premieres = retenues.filter(~Exists(devant)).select_related("dossier", "guichet").order_by("pk")
    liberees = sum(map(_liberer, premieres[:LOT]))
    if not liberees and not retenues.exists():
        Epoque.objects.filter(pk=1).update(retenues=False)
    return liberees


@transaction.atomic
def _liberer(operation: Operation) -> int:
    personne = operation.relectures >= settings.OPERATIONS["tentatives"]
    sort = _doute(operation, personne)
    encore = Operation.objects.filter(pk=operation.pk, etat=Etat.EN_ATTENTE, pas_avant=JAMAIS)
    if not encore.update(**dict(sort.champs)):
        return 0
    _evenement(operation, sort).save()
    return 1
