"""What the check of a file of accounting entries reports. No Django, no reading of files: values and their JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from enum import StrEnum
from typing import Any, Self

#: Findings kept for one code, then for a whole report; the true numbers are in `Rapport.nombres`.
GARDES_PAR_CODE, GARDES = 100, 2_000
#: Characters of a value shown in a finding.
EXTRAIT_MAX = 60


class Gravite(StrEnum):
    """What a finding means for the import: it forbids it, a person judges, or it is said for what it is worth."""

    BLOQUANT = "bloquant"
    AVERTISSEMENT = "avertissement"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constat:
    """One finding.

    `ligne` counts from 1, the header; None is the whole file. `colonne` is the official name of the column, or "".
    `message` is a French sentence: what, why, what to do. `extrait`: the value, control characters shown as signs.
    """

    code: str
    gravite: Gravite
    message: str
    ligne: int | None = None
    colonne: str = ""
    extrait: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Nombre:
    """How many findings one code has in the file, kept or not."""

    code: str
    gravite: Gravite
    nombre: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Journal:
    """Totals of one journal, in cents."""

    code: str
    libelle: str
    lignes: int
    debit: int
    credit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Mois:
    """Totals of one journal over one month (`mois`: "2025-01"), in cents; what is past the caps is not kept."""

    mois: str
    journal: str
    lignes: int
    debit: int
    credit: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rapport:
    """The check of one file.

    `genre`: "fec" or "perso". `refus`: code of the finding for which the file was not read to its end, "" when it was;
    its sentence is then in `constats`. `lignes` counts the data lines of a FEC, and every line of another file.
    `debit`, `credit`: cents. `taille`: bytes. `empreinte`: SHA-256 of the content in hexadecimal, "" after a refusal.
    `separateur`: the character itself. `encodage`: "UTF-8", "UTF-8 avec BOM", "ASCII", "Windows-1252", "ISO 8859-15".
    `fin_de_ligne`: "CRLF", "LF", "CR" or "" . `colonnes`: names of the header as written, or number of columns found.
    `variante`: "18", "21" or "22" columns; `sens`: True when the amounts are in Montant and Sens.
    `siren`, `cloture`: read in the name of the file. `debut`, `fin`: first and last EcritureDate.
    """

    genre: str
    nom_fichier: str = ""
    refus: str = ""
    constats: tuple[Constat, ...] = ()
    nombres: tuple[Nombre, ...] = ()
    taille: int = 0
    empreinte: str = ""
    lignes: int = 0
    ecritures: int = 0
    debit: int = 0
    credit: int = 0
    debut: date | None = None
    fin: date | None = None
    journaux: tuple[Journal, ...] = ()
    mois: tuple[Mois, ...] = ()
    separateur: str = ""
    encodage: str = ""
    fin_de_ligne: str = ""
    colonnes: tuple[str, ...] = field(default=())
    variante: str = ""
    sens: bool = False
    siren: str = ""
    cloture: date | None = None

    @property
    def bloquants(self) -> int:
        """Number of findings that forbid the import."""
        return self._compter(Gravite.BLOQUANT)

    @property
    def avertissements(self) -> int:
        return self._compter(Gravite.AVERTISSEMENT)

    @property
    def informations(self) -> int:
        return self._compter(Gravite.INFORMATION)

    @property
    def envoyable(self) -> bool:
        """Whether nothing found forbids the import."""
        return not self.refus and not self.bloquants

    def _compter(self, gravite: Gravite) -> int:
        return sum(nombre.nombre for nombre in self.nombres if nombre.gravite == gravite)

    def en_dict(self) -> dict[str, Any]:
        """Values that JSON can hold: what a JSONField keeps, and what `depuis_dict` reads."""
        corps = asdict(self)
        for nom in DATES:
            corps[nom] = corps[nom] and corps[nom].isoformat()
        return corps

    @classmethod
    def depuis_dict(cls, corps: dict[str, Any]) -> Self:
        """Raises KeyError, TypeError or ValueError on anything that `en_dict` does not write; ignores unknown keys."""
        valeurs = {champ.name: corps[champ.name] for champ in fields(cls)}
        for nom in DATES:
            valeurs[nom] = date.fromisoformat(valeurs[nom]) if valeurs[nom] else None
        valeurs["constats"] = tuple(Constat(**_grave(element)) for element in valeurs["constats"])
        valeurs["nombres"] = tuple(Nombre(**_grave(element)) for element in valeurs["nombres"])
        valeurs["journaux"] = tuple(Journal(**element) for element in valeurs["journaux"])
        valeurs["mois"] = tuple(Mois(**element) for element in valeurs["mois"])
        valeurs["colonnes"] = tuple(valeurs["colonnes"])
        return cls(**valeurs)

    def en_json(self) -> str:
        return json.dumps(self.en_dict())

    @classmethod
    def depuis_json(cls, texte: str | bytes) -> Self:
        """Raises KeyError, TypeError or ValueError."""
        return cls.depuis_dict(json.loads(texte))

    @classmethod
    def refuse(cls, code: str, message: str, **connus: Any) -> Self:
        """The report of a file that could not be read: one finding that forbids the import."""
        constat = Constat(code=code, gravite=Gravite.BLOQUANT, message=message)
        nombre = Nombre(code=code, gravite=Gravite.BLOQUANT, nombre=1)
        return cls(refus=code, constats=(constat,), nombres=(nombre,), **connus)


DATES = ("debut", "fin", "cloture")


def _grave(element: dict[str, Any]) -> dict[str, Any]:
    return element | {"gravite": Gravite(element["gravite"])}


def visible(texte: str) -> str:
    """The text as a page and a database can hold it: control characters shown by their sign (␀, ␉, ␊)."""
    if texte.isprintable():
        return texte
    return "".join(_signe(caractere) for caractere in texte)


def extrait(valeur: str) -> str:
    """At most `EXTRAIT_MAX` characters of a value, control characters shown by their sign."""
    montre = visible(valeur[: EXTRAIT_MAX + 1])
    return montre if len(montre) <= EXTRAIT_MAX else montre[: EXTRAIT_MAX - 1] + "…"


def _signe(caractere: str) -> str:
    numero = ord(caractere)
    if numero < 0x20:
        return chr(0x2400 + numero)
    if numero == 0x7F:
        return "␡"
    # Spaces of every kind are not « printable » for Python: French writes with two of them.
    return caractere if caractere.isprintable() or caractere.isspace() else "\ufffd"


def trier(constats: Iterable[Constat]) -> tuple[Constat, ...]:
    """The gravest first, then in the order of the file."""
    rangs = list(Gravite)
    return tuple(sorted(constats, key=lambda constat: (rangs.index(constat.gravite), constat.ligne or 0, constat.code)))
