"""What Loop answers, parsed at the border.

Reading is tolerant where the public pages leave a doubt (bare array or `{"data": []}`, numbers for texts, extra keys)
and strict on what a record is known by. Source: API Cabinet guide (LOOPHUB, screens of March 2022);
developers.cegid.com, Loop: DossierComplet, etablissement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Self
from uuid import UUID

from config.http import ErreurDefinitive
from dossiers.ecritures.lien import masquer_signatures

LONGUEUR_MAX = 200
ADRESSE_MAX = 4000
MESSAGE_MAX = 1000
#: Characters of an accountingImportRequestId and of a deposit URI that are kept: samples have 36 and about 60.
IDENTIFIANT_MAX, URI_MAX = 100, 500
MESSAGES_MAX = 20
NOMS_DE_MESSAGE = frozenset({"message", "messages", "errormessage", "error", "errors", "erreur", "erreurs", "details"})
# C0 controls and lone surrogates are valid JSON escapes and cannot be stored in PostgreSQL.
INTERDITS = re.compile("[\x00-\x1f\x7f\ud800-\udfff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class DossierLoopHub:
    """One file attached to an application key, as LOOPHUB lists it. Logins are e-mail addresses of the firm's staff."""

    code: str
    object_id: str
    nom: str
    prenom: str
    nom_usuel: str
    raison_sociale: str
    maitre_dossier: str
    maitre_dossier_id: str
    engagement_manager: str
    engagement_manager_id: str

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """Raises ErreurDefinitive when the element is not an object or has no code."""
        objet = _objet(donnees, "LOOPHUB")
        return cls(
            code=_obligatoire(objet, "codeIbs", "LOOPHUB"),
            object_id=_uuid(objet, "objectId"),
            nom=_texte(objet, "nom"),
            prenom=_texte(objet, "prenom"),
            nom_usuel=_texte(objet, "nomUsuel"),
            raison_sociale=_texte(objet, "raisonSociale"),
            maitre_dossier=_texte(objet, "maitreDossier"),
            maitre_dossier_id=_uuid(objet, "maitreDossierId"),
            engagement_manager=_texte(objet, "engagementManager"),
            engagement_manager_id=_uuid(objet, "engagementManagerId"),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class DossierComplet:
    """The legal identity of a file. `revision_id` must be sent back, as received, to change it."""

    object_id: str
    revision_id: str
    siren: str
    forme_juridique: str

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """Raises ErreurDefinitive when the object has no objectId or revisionId."""
        objet = _objet(donnees, "DossierComplet")
        return cls(
            object_id=_obligatoire(objet, "objectId", "DossierComplet"),
            revision_id=_obligatoire(objet, "revisionId", "DossierComplet"),
            siren=_numero(objet, "siren", 9),
            forme_juridique=_texte(objet, "formeJuridique")[:20],
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class EtablissementLoop:
    """One establishment. `type`: 1 principal and head office, 2 secondary, 3 principal, 4 head office; None unknown.

    The public page is cut before the SIRET: it is read under `siret` or `SIRET`, and empty when absent or malformed.
    """

    object_id: str
    revision_id: str
    type: int | None
    nom: str
    siret: str

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """Raises ErreurDefinitive when the element is not an object."""
        objet = _objet(donnees, "etablissementComplet")
        personne = f"{_texte(objet, 'prenom')} {_texte(objet, 'name')}".strip()
        genre = _texte(objet, "type")
        return cls(
            object_id=_uuid(objet, "objectId"),
            revision_id=_texte(objet, "revisionId"),
            type=int(genre) if genre in {"1", "2", "3", "4"} else None,
            nom=_texte(objet, "raisonsociale") or personne,
            siret=_numero(objet, "siret", 14) or _numero(objet, "SIRET", 14),
        )


@dataclass(frozen=True, slots=True)
class Accuse:
    """Loop's word that a write was done; `message` is verbatim, empty when Loop said nothing."""

    message: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class FicheInterlocuteur:
    """The record of a contact as Loop takes it. `telephone` becomes its mobile number (API Cabinet guide)."""

    email: str
    nom: str
    prenom: str
    telephone: str
    profil: str
    social: bool
    actif: bool = True
    emetteur_par_defaut: bool = False


@dataclass(frozen=True, slots=True)
class ObjetDistant:
    """An object of Loop and its revision; empty texts when the answer did not name it."""

    object_id: str = ""
    revision_id: str = ""

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """From `{"module", "className", "data": {"objectId", "$status", "revisionId"}}`; never an exception."""
        data = donnees.get("data") if isinstance(donnees, dict) else None
        if not isinstance(data, dict):
            return cls()
        return cls(_uuid(data, "objectId"), _texte(data, "revisionId")[:60])


@dataclass(frozen=True, slots=True)
class AccuseInterlocuteur(Accuse):
    """Loop's word that a contact was written, with its two objects when the answer gives them."""

    interlocuteur: ObjetDistant = ObjetDistant()
    utilisateur: ObjetDistant = ObjetDistant()

    @classmethod
    def depuis_json(cls, donnees: Any, message: str) -> Self:
        """Source: API Cabinet guide, removeApplication; `user` is not shown for addClient and may be absent."""
        objet = donnees if isinstance(donnees, dict) else {}
        interloc, user = (ObjetDistant.depuis_json(objet.get(nom)) for nom in ("interloc", "user"))
        return cls(message, interloc, user)


@dataclass(frozen=True, slots=True)
class Depot:
    """Where to put a file (`url`, signed: never shown) and how an import names it afterwards (`uri`)."""

    url: str = field(repr=False)
    uri: str

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """`uri` may be empty. Raises ErreurDefinitive when there is no address."""
        objet = _enveloppe(donnees)
        url, uri = (_champ(objet, nom, ADRESSE_MAX) for nom in ("depositUrl", "uri"))
        if not url:
            raise inattendue("getFileUrlDeposit")
        return cls(url, uri)


@dataclass(frozen=True, slots=True)
class DemandeImport:
    """Loop's word that an import was recorded; it runs later. `demande_id` is what its status is asked with."""

    demande_id: str
    message: str = ""

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """`demande_id` is empty when the answer names none; never an exception."""
        objet = _enveloppe(donnees)
        return cls(_champ(objet, "accountingImportRequestId", IDENTIFIANT_MAX), _champ(objet, "message", MESSAGE_MAX))


@dataclass(frozen=True, slots=True)
class StatutImport:
    """How far an import is.

    `brut` is Loop's code as written; `statut` the code when it is a known one: 1 waiting, 2 running, 3 ended, 4 ended
    in error (two open-source connectors citing Cegid: no public page gives the scale). `message`: Loop's own text.
    """

    brut: str
    statut: int | None
    message: str = ""

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self | None:
        """None when the answer holds no status. The fields of a failure are not public: the usual ones are read."""
        objet = _enveloppe(donnees)
        brut = _champ(objet, "status", 40) or _champ(objet, "statut", 40)
        if not brut:
            return None
        connu = re.fullmatch(r"0*([1-4])(?:\.0+)?", brut)
        return cls(brut, int(connu[1]) if connu else None, _message(objet))


def liste(donnees: Any, source: str) -> list[Any]:
    """The elements of a list answer, bare or under `data`. Raises ErreurDefinitive."""
    if isinstance(donnees, dict):
        donnees = donnees.get("data")
    if not isinstance(donnees, list):
        raise inattendue(source)
    return donnees


def inattendue(source: str) -> ErreurDefinitive:
    """The error for an answer that does not have the documented shape."""
    return ErreurDefinitive(
        f"La réponse de Cegid Loop ({source}) n’a pas la forme attendue : le contrat de l’API a peut-être changé. "
        "Signalez-le à un administrateur avec la réponse gardée dans l’appel."
    )


def _objet(donnees: Any, source: str) -> dict[str, Any]:
    if not isinstance(donnees, dict):
        raise inattendue(source)
    return donnees


def _texte(objet: dict[str, Any], nom: str, longueur: int = LONGUEUR_MAX) -> str:
    valeur = objet.get(nom)
    if valeur is None or isinstance(valeur, dict | list | bool):
        return ""
    return INTERDITS.sub("", str(valeur)).strip()[:longueur]


def _enveloppe(donnees: Any) -> dict[str, Any]:
    """The object of an answer, alone, in an array of one or under `data`; empty for anything else."""
    if isinstance(donnees, dict) and isinstance(donnees.get("data"), dict | list):
        donnees = donnees["data"]
    if isinstance(donnees, list) and len(donnees) == 1:
        donnees = donnees[0]
    return donnees if isinstance(donnees, dict) else {}


def _champ(objet: dict[str, Any], nom: str, longueur: int) -> str:
    """The text of a field whatever the letter case of its name, empty when longer than `longueur`."""
    exact = nom if nom in objet else next((autre for autre in objet if autre.lower() == nom.lower()), nom)
    texte = _texte(objet, exact, longueur + 1)
    return texte if len(texte) <= longueur else ""


def _message(objet: dict[str, Any]) -> str:
    """What an answer says in words, in the places where failures usually are."""
    lus: list[str] = []
    a_lire: list[Any] = [objet]
    for element in a_lire:
        if isinstance(element, str):
            lus.append(INTERDITS.sub(" ", element).strip())
        elif isinstance(element, list):
            a_lire += element[:MESSAGES_MAX]
        elif isinstance(element, dict):
            a_lire += [valeur for nom, valeur in element.items() if nom.lower() in NOMS_DE_MESSAGE]
        if len(a_lire) > 10 * MESSAGES_MAX:
            break
    texte = masquer_signatures(" ".join(dict.fromkeys(filter(None, lus))))
    return texte if len(texte) <= MESSAGE_MAX else f"{texte[:MESSAGE_MAX]}…"


def _obligatoire(objet: dict[str, Any], nom: str, source: str) -> str:
    valeur = _texte(objet, nom)
    if not valeur or len(valeur) > 100:
        raise inattendue(source)
    return valeur


def _uuid(objet: dict[str, Any], nom: str) -> str:
    try:
        return str(UUID(_texte(objet, nom)))
    except ValueError:
        return ""


def _numero(objet: dict[str, Any], nom: str, chiffres: int) -> str:
    valeur = re.sub(r"[\s.\u00a0\u202f]", "", _texte(objet, nom))
    return valeur if re.fullmatch(rf"[0-9]{{{chiffres}}}", valeur) else ""
