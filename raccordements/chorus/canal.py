"""The channel `api`: a fiche is posted to a configured address and its status is read there. See `contrat`."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import Self
from urllib.parse import quote

import httpx
from django.conf import settings

from config.http import Echange, ErreurDefinitive, ErreurDeReglage, ErreurPassagere, Reponse, Transport
from raccordements.chorus.contrat import FICHE_INCONNUE, FicheTransmise, SuiviFiche


class ClientCanal:
    """Posts fiches to one address. A context manager, for one thread; every method raises the three families.

    Parameters
    ----------
    url:
        Base address of one environment.
    jeton:
        Bearer token that the address asks for.
    delai_total, taille_max, journal, transport:
        As for config.http.Transport.

    Raises ErreurDeReglage when the token is missing or cannot be sent.
    """

    def __init__(
        self,
        url: str,
        *,
        jeton: str,
        delai_total: float,
        taille_max: int,
        journal: Callable[[Echange], None] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        if not jeton:
            raise ErreurDeReglage(
                "L’envoi par le canal « api » est impossible : son jeton n’est pas réglé. "
                "Un administrateur doit renseigner CHORUS_CANAL_JETON."
            )
        self._transport = Transport(
            url,
            entetes={"Authorization": f"Bearer {jeton}"},
            secrets=(jeton,),
            delai_total=delai_total,
            taille_max=taille_max,
            journal=journal,
            transport=transport,
        )

    @classmethod
    def pour_environnement(
        cls,
        environnement: str,
        *,
        journal: Callable[[Echange], None] | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> Self:
        """The channel of an environment, from the settings. Raises ErreurDeReglage."""
        url = settings.CHORUS_URLS.get(environnement, {}).get("canal", "")
        if settings.CHORUS_CANAL != "api" or not url:
            raise ErreurDeReglage(
                f"L’envoi par le canal « api » est impossible : il n’est pas réglé pour « {environnement} ». Un "
                f"administrateur doit donner « api » à CHORUS_CANAL et une adresse à "
                f"CHORUS_CANAL_URL_{environnement.upper()}."
            )
        return cls(
            url,
            jeton=settings.CHORUS_CANAL_JETON,
            delai_total=settings.OPERATIONS["delai_appel"],
            taille_max=settings.REPONSE_TAILLE_MAX,
            journal=journal,
            transport=transport,
        )

    def __repr__(self) -> str:
        return f"<ClientCanal {self._transport!r}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, genre: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._transport.close()

    def transmettre(self, fiche: FicheTransmise) -> SuiviFiche:
        """Post a fiche, or an update of one that was activated.

        A repeat of the same reference and hash is harmless by contract; an uncertain one is settled by `suivre`.
        """
        reponse = self._transport.envoyer("POST", "/fiches", corps=fiche.en_json(), ecriture=True)
        suivi = self._lire(reponse, fiche.reference, ecriture=True)
        if suivi.empreinte != fiche.empreinte:
            raise _autre_chose(reponse, ecriture=True)
        return suivi

    def suivre(self, reference: str) -> SuiviFiche | None:
        """The status of a fiche, None when the channel does not know it."""
        try:
            reponse = self._transport.envoyer("GET", f"/fiches/{quote(reference, safe='')}", ecriture=False)
        except ErreurDefinitive as exc:
            if exc.statut == 404 and exc.code == FICHE_INCONNUE:
                return None
            raise
        return self._lire(reponse, reference, ecriture=False)

    @staticmethod
    def _lire(reponse: Reponse, reference: str, *, ecriture: bool) -> SuiviFiche:
        try:
            suivi = SuiviFiche.depuis_json(reponse.donnees)
        except ErreurDefinitive as exc:
            raise _autre_chose(reponse, ecriture=ecriture) from exc
        if suivi.reference != reference:
            raise _autre_chose(reponse, ecriture=ecriture)
        return suivi


def _autre_chose(reponse: Reponse, *, ecriture: bool) -> ErreurPassagere:
    suite = (
        "La fiche a pu être prise en compte : son état va être relu avant tout nouvel envoi."
        if ecriture
        else "Rien n’a été modifié ; un nouvel essai est possible."
    )
    return ErreurPassagere(
        f"L’adresse du canal « api » a répondu autre chose que l’état de la fiche. {suite}",
        effet_possible=ecriture,
        statut=reponse.statut,
        requete_id=reponse.requete_id,
    )
