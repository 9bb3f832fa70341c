"""What the refusals of Cegid OD and Cegid Account mean: which credential to correct, or which platform has the line.

Shapes: `{"code", "message", "details"}`, ours (see `contrat`); `{"statusCode", "message"}`, the gateway's own (generic
Azure API Management); a challenge `WWW-Authenticate: Bearer error="invalid_token"` (RFC 6750).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurDistante, ErreurPassagere, Reponse, Transport
from raccordements.chorus.erreurs import jeton_refuse
from raccordements.od import contrat
from raccordements.od.schemas import PlateformeDistante

#: Codes of the errors that name the credential to correct.
CLE_ABONNEMENT_REFUSEE = "cle_abonnement_refusee"
CLE_API_REFUSEE = "cle_api_refusee"
JETON_REFUSE = "jeton_refuse"
CONNEXION_REFUSEE = "connexion_refusee"


class DejaAilleurs(ErreurDefinitive):
    """The line is routed by another platform: `plateforme`, `depuis` (None when the refusal does not say)."""

    def __init__(
        self, message: str, *, plateforme: PlateformeDistante, depuis: datetime | None, **marques: Any
    ) -> None:
        super().__init__(message, **marques)
        self.plateforme, self.depuis = plateforme, depuis


class TransportOD(Transport):
    """Transport to Cegid OD. `proprietaire` says whose subscription key it carries."""

    proprietaire = "du cabinet"

    def refus(
        self, reponse: Reponse, lu: tuple[str, str], *, ecriture: bool, statut: int | None = None
    ) -> ErreurDistante:
        erreur = super().refus(reponse, lu, ecriture=ecriture, statut=statut)
        marques: dict[str, Any] = {"statut": erreur.statut, "requete_id": erreur.requete_id}
        if erreur.statut == 401 and not jeton_refuse(reponse) and "subscription key" in lu[0].lower():
            return self.abonnement_refuse(marques)
        if erreur.statut == 401:
            return self.identite_refusee(marques)
        if not isinstance(erreur, ErreurDefinitive):
            return erreur
        if erreur.code in {contrat.CLE_PLATEFORME_EXIGEE, contrat.CLE_CABINET_EXIGEE}:
            attendue = "de la plateforme" if erreur.code == contrat.CLE_PLATEFORME_EXIGEE else "du cabinet"
            return ErreurDeReglage(
                f"Cegid OD attend ici la clé d’abonnement {attendue}, et en a reçu une autre. Un administrateur doit "
                "vérifier que les deux clés d’abonnement n’ont pas été échangées.",
                code=CLE_ABONNEMENT_REFUSEE,
                **marques,
            )
        ailleurs = contrat.lire_ailleurs(reponse.donnees)
        if erreur.code == contrat.DEJA_AILLEURS and ailleurs:
            plateforme, depuis = ailleurs
            return DejaAilleurs(erreur.message, plateforme=plateforme, depuis=depuis, code=erreur.code, **marques)
        return erreur

    def abonnement_refuse(self, marques: dict[str, Any]) -> ErreurDeReglage:
        """The error of a subscription key that the gateway does not take."""
        return ErreurDeReglage(
            f"Cegid refuse la clé d’abonnement {self.proprietaire} : elle est absente, fausse, ou suspendue dans "
            "Cegid Developers. Un administrateur doit la vérifier, puis la ressaisir.",
            code=CLE_ABONNEMENT_REFUSEE,
            **marques,
        )

    def identite_refusee(self, marques: dict[str, Any]) -> ErreurDeReglage:
        """The error of a 401 that is not about the subscription key."""
        return ErreurDeReglage(
            "Cegid OD refuse la clé d’API du cabinet : elle est fausse, désactivée, ou ne donne pas accès à ce client. "
            "Un administrateur doit la vérifier sur la fiche de la clé.",
            code=CLE_API_REFUSEE,
            **marques,
        )


class TransportPlateforme(TransportOD):
    """Transport of the starred requests: the platform's subscription key and a Bearer."""

    proprietaire = "de la plateforme"

    def identite_refusee(self, marques: dict[str, Any]) -> ErreurDeReglage:
        return ErreurDeReglage(
            "Cegid OD ne reconnaît pas le jeton donné par Cegid Account : il a été révoqué, ou les adresses des deux "
            "services sont de deux environnements. Un administrateur doit vérifier ces deux réglages.",
            code=JETON_REFUSE,
            **marques,
        )


class TransportClePlateforme(TransportOD):
    """Transport that carries the platform's subscription key and nothing else."""

    proprietaire = "de la plateforme"

    def identite_refusee(self, marques: dict[str, Any]) -> ErreurDeReglage:
        return self.abonnement_refuse(marques)


class TransportCompte(Transport):
    """Transport of the token call, whose every refusal is about the connection data."""

    def refus(
        self, reponse: Reponse, lu: tuple[str, str], *, ecriture: bool, statut: int | None = None
    ) -> ErreurDistante:
        erreur = super().refus(reponse, lu, ecriture=ecriture, statut=statut)
        if erreur.statut == 401 or (erreur.code and isinstance(erreur, ErreurDefinitive)):
            return ErreurDeReglage(
                "Cegid Account refuse les données de connexion de cette ligne : elles ont été remplacées, révoquées ou "
                "oubliées. Relisez l’état de la ligne chez Cegid OD, puis redemandez des données de connexion.",
                code=CONNEXION_REFUSEE,
                statut=erreur.statut,
                requete_id=erreur.requete_id,
            )
        return erreur


def non_reconnue(reponse: Reponse, *, ecriture: bool) -> ErreurPassagere:
    """The error for an answer that is neither the success of the contract nor a readable refusal."""
    suite = (
        "La demande a pu être prise en compte : son effet doit être relu avant de la renvoyer."
        if ecriture
        else "Rien n’a été modifié ; un nouvel essai est possible."
    )
    return ErreurPassagere(
        f"Cegid OD a répondu autre chose que ce que son contrat annonce. {suite}",
        effet_possible=ecriture,
        statut=reponse.statut,
        requete_id=reponse.requete_id,
    )
