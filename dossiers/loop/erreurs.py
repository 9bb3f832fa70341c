"""How Loop writes its failures, with or without an HTTP status that says so.

Shapes (developers.cegid.com, Loop: CheckCollaboratorAccess, EcritureComptableImportJson, DossierComplet; generic Azure
API Management for the last one)::

    a  {"stack", "message", "code", "error": null, "id", "name", "statusCode", "requestId"}    HTTP 400, 403, 500
    b  {"error": {"instanceId", "message"}}                                                     HTTP 200
    c  {"success": [...], "errors": [...]}                                                      HTTP 200
    d  {"statusCode": 401, "message": "..."}                                                    the gateway

and French sentences whose wrapper is not documented: plain text, JSON string or `{"message": "..."}`. The `stack`
of (a) is never read. A message that quotes a signed link loses its signature here.
"""

from __future__ import annotations

import re
from typing import Any

from config.http import Reponse
from dossiers.ecritures.lien import masquer_signatures

# Exact texts of the API Cabinet guide, importPerso and importJson; `.+` stands for the variable part.
REFUS_CONNUS = re.compile(
    "|".join(
        (
            r"L'e-mail de cet interlocuteur est déjà associé à un autre interlocuteur",
            r"Pour proposer un service à un interlocuteur vous devez d'abord l'inviter sur votre tenant",
            r"interlocuteur n'existe pas",
            r"Le codeIbs n'est pas spécifié\.",
            r"Le chemin d'accès URI ou l'URL du fichier n'est pas spécifié\.",
            r"Ambiguité sur le chemin d'accès, seul un des deux champs doit être renseigné\.",
            r"Le dossier .+ n'existe pas sur le domaine\.",
            r"Le numéro SIRET est invalide : il doit comporter 14 chiffres et respecter l'algorithme de Luhn.*",
            r"L'établissement correspondant au SIRET .+ n'est pas reconnu pour le dossier .+",
        )
    ),
    re.IGNORECASE,
)
TEXTE_MAX = 2000


def lire_erreur(reponse: Reponse) -> tuple[str, str] | None:
    """Message and code of a Loop failure, None when the answer is not a readable one.

    With a 2xx status only the four shapes and the known refusals count; with another, any sentence is the refusal.
    """
    lu = _lire_erreur(reponse)
    return (masquer_signatures(lu[0]), lu[1]) if lu else None


def _lire_erreur(reponse: Reponse) -> tuple[str, str] | None:
    donnees = reponse.donnees
    if isinstance(donnees, dict):
        for lire in (_objet_d_erreur, _erreur_emboitee, _liste_d_erreurs):
            if lu := lire(donnees):
                return lu
    texte = lire_phrase(reponse)
    if texte and (not 200 <= reponse.statut < 300 or REFUS_CONNUS.fullmatch(texte)):
        return texte, ""
    return None


def lire_phrase(reponse: Reponse) -> str:
    """The sentence of an answer that is one: plain text, JSON string or `message`; empty for HTML and anything else."""
    donnees = reponse.donnees
    if isinstance(donnees, dict):
        donnees = donnees.get("message")
    elif donnees is None and not re.match(r"\s*[<{\[]|\s*null\s*\Z", reponse.texte):
        donnees = reponse.texte
    return donnees.strip() if isinstance(donnees, str) and len(donnees) <= TEXTE_MAX else ""


def statut_ecrit(donnees: Any) -> int | None:
    """The failure status written in a body (shapes a and d), None without one."""
    statut = donnees.get("statusCode") if isinstance(donnees, dict) else None
    return statut if isinstance(statut, int) and not isinstance(statut, bool) and 400 <= statut < 600 else None


def _objet_d_erreur(donnees: dict[str, Any]) -> tuple[str, str] | None:
    code, message = donnees.get("code"), donnees.get("message")
    if statut_ecrit(donnees) is None and not (isinstance(code, str) and code):
        return None
    code = code if isinstance(code, str) else ""
    message = message if isinstance(message, str) and message else code
    return (message, code) if message else None


def _erreur_emboitee(donnees: dict[str, Any]) -> tuple[str, str] | None:
    erreur = donnees.get("error")
    if isinstance(erreur, str) and erreur:
        return erreur, ""
    if not isinstance(erreur, dict) or not erreur:
        return None
    return _objet_d_erreur(erreur) or (str(erreur.get("message") or "Erreur sans message."), "")


def _liste_d_erreurs(donnees: dict[str, Any]) -> tuple[str, str] | None:
    erreurs = donnees.get("errors")
    if not isinstance(erreurs, list) or not erreurs:
        return None
    lues = [
        (_objet_d_erreur(erreur) or _erreur_emboitee(erreur) or (str(erreur.get("message") or ""), ""))
        if isinstance(erreur, dict)
        else (str(erreur), "")
        for erreur in erreurs
    ]
    messages = dict.fromkeys(message for message, _ in lues if message)
    return " ".join(messages) or "Erreur sans message.", next((code for _, code in lues if code), "")
