"""Access tokens in the database: one call for any number of threads, processes and hosts.

A row per key. Who finds no usable token takes a lease by one conditional UPDATE, asks, then writes the token under its
lease. The others read the row again and again until the lease changes hands. Nothing is locked during the call; the
lease of a caller that died ends by itself, on the clock of the database.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurDistante, ErreurPassagere
from raccordements.chorus.jetons import Jeton
from raccordements.models.jeton import JetonAcces

#: Seconds between two looks at the row: at first, and at most.
PAUSES = (0.02, 0.25)
_FAMILLES: dict[str, type[ErreurDistante]] = {
    famille.__name__: famille for famille in (ErreurPassagere, ErreurDefinitive, ErreurDeReglage)
}


class JetonsEnBase:
    """See raccordements.chorus.jetons.Jetons. Not to be used inside a transaction: others would see nothing of it.

    Parameters
    ----------
    bail:
        Seconds a caller holds the right to ask: longer than its call.
    attente:
        Seconds the others wait at most: longer than a lease, so that they outlive a dead holder and take its place.
    """

    def __init__(self, *, bail: float = 12.0, attente: float = 13.0) -> None:
        self._bail, self._attente = timedelta(seconds=bail), attente

    def obtenir(self, cle: str, fabriquer: Callable[[], Jeton]) -> Jeton:
        """See Jetons. Raises ErreurPassagere to whoever waited too long for another's call."""
        fin, pause = time.monotonic() + self._attente, PAUSES[0]
        attendu: uuid.UUID | None = None
        while True:
            ligne = _lire(cle)
            jeton = _jeton(ligne)
            if jeton and jeton.utilisable(datetime.now(UTC)):
                return jeton
            if attendu and ligne.bail_echoue == attendu:
                raise _erreur(ligne.echec)
            if bail := self._prendre(ligne):
                return self._fabriquer(cle, bail, fabriquer)
            attendu = ligne.bail or attendu
            if time.monotonic() > fin:
                raise ErreurPassagere(
                    "Le jeton d’accès n’a pas été obtenu : un autre appel l’attend encore. Rien n’a été modifié ; un "
                    "nouvel essai est possible.",
                    effet_possible=False,
                )
            time.sleep(pause)
            pause = min(pause * 1.5, PAUSES[1])

    def oublier(self, cle: str, jeton: Jeton) -> None:
        """See Jetons."""
        garde = _jeton(_lire(cle))
        if garde == jeton:
            JetonAcces.objects.filter(cle=cle, obtenu_le=jeton.obtenu_le).update(valeur="", obtenu_le=None)

    def _prendre(self, vue: JetonAcces) -> uuid.UUID | None:
        """The right to ask for a token, None when somebody has it, or has given one or failed since `vue` was read."""
        bail = uuid.uuid4()
        libre = Q(bail=None) | Q(bail_jusqu_au__lte=Now())
        inchangee = JetonAcces.objects.filter(libre, pk=vue.pk, obtenu_le=vue.obtenu_le, bail_echoue=vue.bail_echoue)
        return bail if inchangee.update(bail=bail, bail_jusqu_au=Now() + self._bail) else None

    def _fabriquer(self, cle: str, bail: uuid.UUID, fabriquer: Callable[[], Jeton]) -> Jeton:
        a_nous = JetonAcces.objects.filter(cle=cle, bail=bail)
        try:
            jeton = fabriquer()
        except ErreurDistante as exc:
            a_nous.update(bail=None, bail_jusqu_au=None, bail_echoue=bail, echec=_en_json(exc))
            raise
        except BaseException:
            a_nous.update(bail=None, bail_jusqu_au=None)
            raise
        a_nous.update(
            valeur=jeton.valeur,
            obtenu_le=jeton.obtenu_le,
            duree=jeton.duree,
            bail=None,
            bail_jusqu_au=None,
            bail_echoue=None,
            echec={},
        )
        return jeton


def _lire(cle: str) -> JetonAcces:
    ligne: JetonAcces | None = JetonAcces.objects.filter(cle=cle).first()
    return ligne or JetonAcces.objects.get_or_create(cle=cle)[0]


def _jeton(ligne: JetonAcces) -> Jeton | None:
    if not ligne.valeur or ligne.obtenu_le is None:
        return None
    return Jeton(ligne.valeur, ligne.obtenu_le, ligne.duree)


def _en_json(erreur: ErreurDistante) -> dict[str, Any]:
    champs = {nom: getattr(erreur, nom) for nom in ("message", "code", "statut", "requete_id")}
    famille = next(nom for nom, famille in _FAMILLES.items() if isinstance(erreur, famille))
    return champs | {"famille": famille, "attendre": getattr(erreur, "attendre", None)}


def _erreur(echec: dict[str, Any]) -> ErreurDistante:
    """The error of the call that was waited for. A token call changes nothing: no effect is possible."""
    famille = _FAMILLES[echec["famille"]]
    champs: dict[str, Any] = {nom: echec[nom] for nom in ("code", "statut", "requete_id")}
    if famille is ErreurPassagere:
        champs |= {"effet_possible": False, "attendre": echec["attendre"]}
    return famille(echec["message"], **champs)
