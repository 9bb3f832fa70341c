"""What is read in a file of certificates and what is thought of it: plain values, JSON both ways.

No Django and no `cryptography` here: the child that reads the file and the pages that show it share this module.
Ranks start at 1. Every text that comes from a certificate is cut, and freed of the characters that would deceive.
"""

from __future__ import annotations

import base64
import hashlib
import types
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Self, TypeVar, get_args, get_origin, get_type_hints

T = TypeVar("T")
ORIGINE = "Contrôle de Passerelle"


class Forme(StrEnum):
    """How the file was written. A base64 text without its first and last lines counts as PEM."""

    PKCS7_DER = "pkcs7_der"
    PKCS7_PEM = "pkcs7_pem"
    CERTIFICAT_DER = "certificat_der"
    CERTIFICAT_PEM = "certificat_pem"


class Lien(StrEnum):
    """How a certificate is linked to the one that issued it."""

    #: The issuer is in the file and its key verifies the signature.
    VERIFIE = "verifie"
    #: The certificate signed itself: the chain ends here.
    RACINE = "racine"
    #: No certificate of the file bears the name of the issuer.
    ABSENT = "absent"
    #: A certificate bears the name of the issuer, its key did not make the signature.
    SIGNATURE_FAUSSE = "signature_fausse"
    #: The issuer is in the file by its name; the signature is of a kind that is not verified any more (MD5, SHA-1).
    NON_VERIFIABLE = "non_verifiable"


class Protocole(StrEnum):
    """What a fiche connects by: the three protocols of an EDI fiche, or the API."""

    PESIT = "pesit"
    SFTP = "sftp"
    AS2 = "as2"
    API = "api"


class Gravite(StrEnum):
    """Weight of a verdict, the heaviest first."""

    BLOQUANT = "bloquant"
    AVERTISSEMENT = "avertissement"
    INFORMATION = "information"


class EnJson:
    """A dataclass that goes to JSON values and comes back equal."""

    __slots__ = ()

    def vers_json(self) -> dict[str, Any]:
        """Values that `json` writes: texts, numbers, lists, objects; dates in ISO 8601, bytes in base64."""
        donnees: dict[str, Any] = _ecrire(self)
        return donnees

    @classmethod
    def depuis_json(cls, donnees: Any) -> Self:
        """The value that `vers_json` wrote. Raises ValueError when a field is missing, unknown or of another type."""
        lu: Self = _lire(cls, donnees)
        return lu


@dataclass(frozen=True, slots=True, kw_only=True)
class Nom(EnJson):
    """A subject or an issuer. An attribute may repeat, in the order of the certificate."""

    texte: str
    cn: tuple[str, ...] = ()
    o: tuple[str, ...] = ()
    ou: tuple[str, ...] = ()
    organization_identifier: tuple[str, ...] = ()
    serial_number: tuple[str, ...] = ()
    #: Characters that do not show (control, direction of writing) were replaced.
    trompeur: bool = False

    @property
    def court(self) -> str:
        """The common name, else the organisation, else the whole name."""
        return next(iter((*self.cn, *self.o)), self.texte)


@dataclass(frozen=True, slots=True)
class SirenLu(EnJson):
    """A SIREN found in a subject, and the attribute that carries it."""

    numero: str
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificat(EnJson):
    """One certificate: what it says, nothing judged.

    `key_usage` and `extended_key_usage` are None when the certificate sets no limit; a usage has its name of RFC 5280
    (`digitalSignature`, `clientAuth`), or its dotted number. `cle_taille` is in bits. `signature_hash` is empty when
    the signature has no separate hash (Ed25519) or is unknown. Fingerprints, serial and identifiers are lower-case hex.
    """

    rang: int
    sujet: Nom
    emetteur: Nom
    sirens: tuple[SirenLu, ...]
    numero_serie: str
    sha256: str
    sha1: str
    debute_le: datetime
    expire_le: datetime
    cle_type: str
    cle_taille: int | None
    courbe: str
    exposant: int | None
    signature_hash: str
    signature_algorithme: str
    key_usage: tuple[str, ...] | None
    extended_key_usage: tuple[str, ...] | None
    noms_alternatifs: tuple[str, ...]
    ac: bool
    longueur_chemin: int | None
    auto_signe: bool
    ski: str
    aki: str
    version: int
    extensions_lisibles: bool


@dataclass(frozen=True, slots=True)
class Maillon(EnJson):
    """One certificate of a chain and its link to the next.

    `emetteur` is the rank of the certificate that bears the name of the issuer, None when there is none or when the
    certificate is its own issuer.
    """

    rang: int
    lien: Lien
    emetteur: int | None = None


@dataclass(frozen=True, slots=True)
class Chaine(EnJson):
    """A chain, from its leaf to its root or to the last certificate that could be reached."""

    maillons: tuple[Maillon, ...]

    @property
    def rangs(self) -> tuple[int, ...]:
        return tuple(maillon.rang for maillon in self.maillons)

    @property
    def feuille(self) -> int:
        return self.maillons[0].rang

    @property
    def complete(self) -> bool:
        """Whether it reaches a certificate that signed itself."""
        return self.maillons[-1].lien is Lien.RACINE


@dataclass(frozen=True, slots=True, kw_only=True)
class Analyse(EnJson):
    """A file that was read.

    `certificats` are without duplicates, chain by chain from leaf to root, whatever the order of the file.
    `normalise` is the only thing to keep: a DER PKCS#7 of these certificates alone, whose `sha256` is the same for
    the same certificates given as PEM or DER, in any order. DER sorts a SET by its bytes: the order of the chain is in
    `chaines`, not in that file. `etrangers` are the ranks of the authorities that no chain uses; `ignores` names what
    the file held beside certificates (`csr`, `crl`, `cle_publique`).
    """

    forme: Forme
    certificats: tuple[Certificat, ...]
    chaines: tuple[Chaine, ...]
    etrangers: tuple[int, ...]
    doublons: int
    ordonne: bool
    ignores: tuple[str, ...]
    normalise: bytes = field(repr=False)
    sha256: str

    def __post_init__(self) -> None:
        rangs = [certificat.rang for certificat in self.certificats]
        cites = {
            rang for chaine in self.chaines for maillon in chaine.maillons for rang in (maillon.rang, maillon.emetteur)
        }
        if not self.chaines or rangs != list(range(1, len(rangs) + 1)) or not all(c.maillons for c in self.chaines):
            raise ValueError("chains or ranks do not hold together")
        if not (cites - {None}) | set(self.etrangers) <= set(rangs):
            raise ValueError("a rank is of no certificate")
        if hashlib.sha256(self.normalise).hexdigest() != self.sha256:
            raise ValueError("the fingerprint is not that of the file")

    @property
    def converti(self) -> bool:
        """Whether the file was not the PKCS#7 that Chorus Pro asks for."""
        return self.forme not in {Forme.PKCS7_DER, Forme.PKCS7_PEM}

    @property
    def feuilles(self) -> tuple[Certificat, ...]:
        """The certificates of the partner itself, one a chain."""
        return tuple(self.certificat(chaine.feuille) for chaine in self.chaines)

    @property
    def expire_le(self) -> datetime:
        """When the first certificate of a chain ends, authorities included: nothing works after that."""
        return min(self.certificat(rang).expire_le for chaine in self.chaines for rang in chaine.rangs)

    def certificat(self, rang: int) -> Certificat:
        return self.certificats[rang - 1]

    def emetteur_manquant(self, chaine: Chaine) -> Nom | None:
        """Name of the issuer that the file lacks, None when the chain is complete."""
        return None if chaine.complete else self.certificat(chaine.maillons[-1].rang).emetteur


@dataclass(frozen=True, slots=True)
class EmetteurConnu(EnJson):
    """An authority that the practice accepts: its common name or organisation, the SHA-256 of its certificate if known.

    A name alone proves little: anyone can make an authority that bears it.
    """

    nom: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reglages:
    """Thresholds of the verdicts: days before the end, bits of the keys, days of the longest life.

    Chorus Pro publishes no figure for any of them: reference « Certificats », last lines.
    """

    #: From the largest, which informs, to the others, which warn.
    seuils: tuple[int, ...] = (60, 30, 15, 7)
    rsa_minimum: int = 2048
    ec_minimum: int = 256
    duree_max_jours: int = 1827


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict(EnJson):
    """One remark of ours, in three sentences. `rang` is None when about the whole file; `jours` are those left."""

    code: str
    gravite: Gravite
    quoi: str
    pourquoi: str
    que_faire: str
    rang: int | None = None
    jours: int | None = None
    #: Who says so, shown beside each remark: these are not Chorus Pro's controls.
    origine: str = ORIGINE

    @property
    def message(self) -> str:
        return f"{self.quoi} {self.pourquoi} {self.que_faire}"


# --- JSON --------------------------------------------------------------------------------------------------------


def _ecrire(valeur: Any) -> Any:
    if isinstance(valeur, EnJson) and is_dataclass(valeur):
        return {champ.name: _ecrire(getattr(valeur, champ.name)) for champ in fields(valeur)}
    if isinstance(valeur, tuple):
        return [_ecrire(element) for element in valeur]
    if isinstance(valeur, datetime):
        return valeur.isoformat()
    if isinstance(valeur, bytes):
        return base64.b64encode(valeur).decode()
    return valeur.value if isinstance(valeur, StrEnum) else valeur


def _lire(genre: Any, donnees: Any) -> Any:
    if get_origin(genre) is types.UnionType:
        present = next(membre for membre in get_args(genre) if membre is not type(None))
        return None if donnees is None else _lire(present, donnees)
    if get_origin(genre) is tuple:
        return tuple(_lire(get_args(genre)[0], element) for element in _exiger(list, donnees))
    if is_dataclass(genre):
        return _lire_objet(genre, _exiger(dict, donnees))
    if genre is datetime:
        instant = datetime.fromisoformat(_exiger(str, donnees))
        return _exiger_utc(instant)
    if genre is bytes:
        return base64.b64decode(_exiger(str, donnees), validate=True)
    if issubclass(genre, StrEnum):
        return genre(donnees)
    return _exiger(genre, donnees)


def _lire_objet(genre: Any, donnees: dict[str, Any]) -> Any:
    types_attendus = _champs(genre)
    if donnees.keys() != types_attendus.keys():
        raise ValueError(f"other fields than those of {genre.__name__}")
    return genre(**{nom: _lire(attendu, donnees[nom]) for nom, attendu in types_attendus.items()})


@lru_cache(maxsize=32)
def _champs(genre: Any) -> dict[str, Any]:
    types_attendus = get_type_hints(genre)
    return {champ.name: types_attendus[champ.name] for champ in fields(genre)}


def _exiger(genre: type[T], valeur: Any) -> T:
    if type(valeur) is not genre:
        raise ValueError(f"{genre.__name__} expected")
    return valeur


def _exiger_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("a date without its time zone")
    return instant.astimezone(UTC)
