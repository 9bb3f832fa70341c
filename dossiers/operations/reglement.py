"""Settling: what an answer means becomes a state, under the token of the claim and in one transaction.

A worker that wakes up after its lease changed hands settles nothing; its exchanges are kept all the same.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, close_old_connections, connection, transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Greatest
from django.utils import timezone

from config.http import Echange, ErreurDefinitive, ErreurDeReglage, ErreurDistante, ErreurPassagere
from dossiers.models import REGLEES, TRANSITIONS, Etat, Evenement, Guichet, Operation
from dossiers.operations.delais import delai_avant_reprise, pause_du_disjoncteur
from dossiers.operations.registre import Nature, PasEncore, suites
from dossiers.services.catalogue import expliquer
from dossiers.services.erreurs import ActionImpossible

logger = logging.getLogger(__name__)
R = TypeVar("R")

_TYPES = {
    Etat.REUSSIE: Evenement.Type.OPERATION_REUSSIE,
    Etat.ECHOUEE: Evenement.Type.OPERATION_ECHOUEE,
    Etat.INCERTAINE: Evenement.Type.OPERATION_INCERTAINE,
    Etat.A_VERIFIER: Evenement.Type.OPERATION_A_VERIFIER,
    Etat.ANNULEE: Evenement.Type.OPERATION_ANNULEE,
    Etat.EN_ATTENTE: Evenement.Type.OPERATION_REPRISE,
}

_COLONNES = {champ.name: champ.column for champ in Operation._meta.concrete_fields}
_COLONNES_APPEL = ("operation_id", "guichet_id", *(champ.name for champ in fields(Echange)))
_VALEURS = ", ".join(["%s"] * len(_COLONNES_APPEL))
_APPEL = f"INSERT INTO dossiers_appel ({', '.join(_COLONNES_APPEL)}) VALUES ({_VALEURS})"  # noqa: S608 - our names

_PASSAGE = """
WITH passee AS (
  UPDATE dossiers_operation SET {affectations} WHERE id = %s AND etat = ANY(%s) AND jeton IS NOT DISTINCT FROM %s
  RETURNING id, dossier_id, lot_id, guichet_id),
journal AS (
  INSERT INTO dossiers_evenement
    (operation_id, dossier_id, lot_id, guichet_id, type, acteur_id, cree_le, texte, details)
  SELECT *, %s, %s, %s, %s, '{{}}' FROM passee WHERE %s)
SELECT 1 FROM passee
"""


def avec_reprise(faire: Callable[[], R]) -> R:
    """Run `faire` again while the database is away, for half a lease: an answer already received must not be lost.

    Raises OperationalError or InterfaceError when the database is still away after that.
    """
    fin = time.monotonic() + settings.OPERATIONS["bail"] / 2
    while True:
        try:
            return faire()
        except (OperationalError, InterfaceError):
            if time.monotonic() > fin:
                raise
            logger.warning("base de données injoignable, nouvel essai dans une seconde")
            time.sleep(1)
            close_old_connections()


def passer(
    operation: Operation,
    etat: Etat,
    *,
    texte: str = "",
    jeton: Any = None,
    effet: Callable[[], None] | None = None,
    acteur: Any = None,
    echanges: Sequence[Echange] = (),
    depuis: Sequence[Etat] = (),
    **champs: Any,
) -> bool:
    """Move `operation` to `etat` by compare-and-set and write the journal; False when it had moved already.

    Parameters
    ----------
    texte:
        Sentence for the journal; no line when empty.
    jeton:
        Token that must still hold the row; None for a row that no worker holds.
    effet:
        Business writes, in the same transaction.
    echanges:
        HTTP attempts to keep, even when the row had moved: they are evidence.
    depuis:
        The only states it may leave, when fewer than those of TRANSITIONS.
    champs:
        Other columns to set.
    """
    departs = [
        depart for depart, arrivees in TRANSITIONS.items() if etat in arrivees and (not depuis or depart in depuis)
    ]
    champs |= {"etat": etat, "jeton": None, "bail_jusqu_au": None}
    champs["terminee_le"] = timezone.now() if etat in REGLEES else None
    with transaction.atomic(savepoint=False):
        fait = _ecrire_le_passage(operation, departs, champs, jeton, texte, acteur, echanges)
        if fait:
            for nom, valeur in champs.items():
                setattr(operation, nom, valeur)
            if effet is not None:
                effet()
            for suite in suites(operation.nature) if etat == Etat.REUSSIE else ():
                suite(operation)
    return fait


def _ecrire_le_passage(
    operation: Operation,
    departs: Sequence[Etat],
    champs: dict[str, Any],
    jeton: Any,
    texte: str,
    acteur: Any,
    echanges: Sequence[Echange],
) -> bool:
    """The calls, the change of state and its line of the journal, in one exchange with PostgreSQL.

    Every operation ends here, and each exchange waits for its turn among the threads of a worker (`make bench`).
    """
    etat = champs["etat"]
    passage = _PASSAGE.format(affectations=", ".join(f"{_COLONNES[nom]} = %s" for nom in champs))
    valeurs = [_en_base(valeur) for valeur in champs.values()]
    valeurs += [
        operation.pk,
        [depart.value for depart in departs],
        jeton,
        _TYPES[etat],
        acteur and acteur.pk,
        timezone.now(),
        texte,
        bool(texte),
    ]
    appels, parametres = _des_appels(operation, echanges)
    with connection.cursor() as curseur:
        curseur.execute("; ".join([*appels, passage]), [*parametres, *valeurs])
        while curseur.nextset():
            pass
        return curseur.fetchone() is not None


def _en_base(valeur: Any) -> Any:
    return json.dumps(valeur) if isinstance(valeur, dict) else getattr(valeur, "pk", valeur)


def _des_appels(operation: Operation, echanges: Sequence[Echange]) -> tuple[list[str], list[Any]]:
    """Statements and parameters that write HTTP attempts, already masked by the transport."""
    parametres: list[Any] = []
    for echange in echanges:
        valeurs = (getattr(echange, nom) for nom in _COLONNES_APPEL[2:])
        parametres += [operation.pk, operation.guichet_id]
        parametres += [_en_base(valeur) for valeur in valeurs]
    return [_APPEL] * len(echanges), parametres


def conclure(operation: Operation, echanges: Sequence[Echange], etat: Etat, **champs: Any) -> bool:
    """Settle a claimed operation: exchanges, state, business writes and journal in one transaction.

    Returns False when the claim no longer holds; the exchanges are written all the same, as evidence.
    """
    jeton = operation.jeton

    @transaction.atomic
    def ecrire() -> bool:
        return passer(operation, etat, jeton=jeton, echanges=echanges, **champs)

    a_nous = avec_reprise(ecrire)
    if not a_nous:
        logger.warning("operation %s: lease lost, answer kept as evidence only", operation.pk)
    return a_nous


def liberer_relecture(operation: Operation, echanges: list[Echange], pas_avant: datetime) -> None:
    """Let go of an uncertain operation whose read-back failed; it may be read again after `pas_avant`."""

    def ecrire() -> None:
        with transaction.atomic():
            appels, parametres = _des_appels(operation, echanges)
            if appels:
                with connection.cursor() as curseur:
                    curseur.execute("; ".join(appels), parametres)
            Operation.objects.filter(pk=operation.pk, jeton=operation.jeton).update(
                jeton=None, bail_jusqu_au=None, quarantaine_jusqu_au=pas_avant
            )

    avec_reprise(ecrire)


def terminer(operation: Operation, echanges: list[Echange], resultat: Any) -> bool:
    """Settle as réussie and write the result on the business models.

    When they cannot keep it any more: échouée, or, read back after a doubt, for a person to settle.
    """
    nature, etat, jeton = operation.definition, operation.etat, operation.jeton
    requete_id = echanges[-1].requete_id if echanges else ""
    try:
        return conclure(
            operation,
            echanges,
            Etat.REUSSIE,
            effet=lambda: nature.reussir(operation, resultat),
            texte=f"{nature.intitule(operation)} : réussie.",
            message=nature.message(resultat),
            famille="",
            explication=None,
            code_erreur="",
            requete_id=requete_id,
        )
    except ActionImpossible as refus:
        # The transaction was undone: the row is still claimed.
        operation.etat, operation.jeton = etat, jeton
        if etat == Etat.INCERTAINE:
            return conclure(
                operation,
                echanges,
                Etat.A_VERIFIER,
                message=str(refus),
                requete_id=requete_id,
                texte=f"{nature.intitule(operation)} : effet relu, mais impossible à garder. {refus}",
            )
        return echouer(operation, echanges, ErreurDefinitive(str(refus), requete_id=requete_id))


def _constat(operation: Operation, erreur: ErreurDistante, famille: str) -> dict[str, Any]:
    explication = avec_reprise(
        lambda: expliquer(
            operation.definition.systeme,
            erreur.message,
            variables=[operation.dossier.code if operation.dossier else "", *map(str, operation.parametres.values())],
            requete_id=erreur.requete_id,
        )
    )
    return {
        "famille": famille,
        "message": erreur.message,
        "code_erreur": erreur.code,
        "requete_id": erreur.requete_id,
        "explication": explication,
    }


def echouer(operation: Operation, echanges: list[Echange], erreur: ErreurDistante) -> bool:
    """Settle as échouée: understood and refused, or a setting to mend, or tries used up."""
    famille = (
        Operation.Famille.REGLAGE
        if isinstance(erreur, ErreurDeReglage)
        else Operation.Famille.PASSAGERE
        if isinstance(erreur, ErreurPassagere)
        else Operation.Famille.DEFINITIVE
    )
    return conclure(
        operation,
        echanges,
        Etat.ECHOUEE,
        effet=lambda: operation.definition.echouer(operation),
        texte=f"{operation.definition.intitule(operation)} : échouée. {erreur.message}",
        **_constat(operation, erreur, famille),
    )


def reporter(operation: Operation, echanges: list[Echange], erreur: ErreurPassagere) -> bool:
    """Back to waiting with a delay kept in the row, or échouée when the tries are used up.

    Only for what surely had no effect.
    """
    if operation.tentatives >= settings.OPERATIONS["tentatives"]:
        return echouer(operation, echanges, erreur)
    return conclure(
        operation,
        echanges,
        Etat.EN_ATTENTE,
        pas_avant=timezone.now() + delai_avant_reprise(operation.tentatives, erreur.attendre),
        **_constat(operation, erreur, Operation.Famille.PASSAGERE),
    )


def patienter(operation: Operation, echanges: list[Echange], attente: PasEncore) -> bool:
    """Back to waiting because the remote has not finished: this was no failed try."""
    nature = operation.definition
    return conclure(
        operation,
        echanges,
        Etat.EN_ATTENTE,
        pas_avant=timezone.now() + attente.delai,
        effet=lambda: nature.patienter(operation, attente.resultat),
        tentatives=0,
        message=nature.message(attente.resultat),
        famille="",
        explication=None,
        code_erreur="",
        requete_id=echanges[-1].requete_id if echanges else "",
    )


def douter(operation: Operation, echanges: list[Echange], erreur: ErreurDistante) -> bool:
    """Uncertain: the write may have been applied. Its quarantine starts now."""
    return conclure(
        operation,
        echanges,
        Etat.INCERTAINE,
        quarantaine_jusqu_au=timezone.now() + timedelta(seconds=settings.OPERATIONS["quarantaine"]),
        texte=f"{operation.definition.intitule(operation)} : réponse perdue, effet inconnu. {erreur.message}",
        **_constat(operation, erreur, Operation.Famille.PASSAGERE),
    )


def signaler(guichet: Guichet, nature: Nature, erreur: ErreurDistante | None = None) -> None:
    """What an answer says of the credential: understood, even refused, its circuit closes; else a failure counts."""
    if not nature.temoigne(guichet, erreur):
        return
    if erreur is None or isinstance(erreur, ErreurDefinitive):
        signaler_succes(guichet)
    else:
        signaler_echec(guichet, erreur)


def signaler_succes(guichet: Guichet) -> None:
    """The remote answered this credential properly: the circuit closes."""
    if guichet.echecs_consecutifs or guichet.pause_jusqu_au:
        avec_reprise(lambda: Guichet.objects.filter(pk=guichet.pk).update(echecs_consecutifs=0, pause_jusqu_au=None))
        guichet.echecs_consecutifs, guichet.pause_jusqu_au = 0, None


def signaler_echec(guichet: Guichet, erreur: ErreurDistante) -> None:
    """Count a failure of this credential; open its circuit at the threshold, or for the time the remote asked for.

    While the circuit is open, nothing of the guichet is claimed: work waits, nothing fails.
    """
    maintenant = timezone.now()
    attendre = getattr(erreur, "attendre", None)
    if attendre is not None:
        jusqu_au = maintenant + timedelta(seconds=attendre)
        champs: dict[str, Any] = {"pause_jusqu_au": Greatest(F("pause_jusqu_au"), Value(jusqu_au))}
    else:
        seuil, pause = settings.OPERATIONS["disjoncteur_seuil"], settings.OPERATIONS["disjoncteur_pause"]
        paliers = [
            When(echecs_consecutifs__gte=echecs - 1, then=Value(maintenant + repos))
            for echecs in range(seuil + 10, seuil - 1, -1)
            if (repos := pause_du_disjoncteur(echecs, seuil, pause))
        ]
        champs = {
            "pause_jusqu_au": Case(*paliers, default=F("pause_jusqu_au")),
            "echecs_consecutifs": F("echecs_consecutifs") + 1,
        }

    def ecrire() -> None:
        Guichet.objects.filter(pk=guichet.pk).update(**champs)
        guichet.refresh_from_db(fields=["echecs_consecutifs", "pause_jusqu_au"])

    avec_reprise(ecrire)
