"""What the name and the first line of a FEC say: SIREN, closing date, separator, columns and their variant."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from stdnum import luhn

from dossiers.ecritures.recueil import Recueil, Refus
from dossiers.ecritures.textes import SEPARATEURS

#: LPF, art. A. 47 A-1, VII, 1°, in their order.
OFFICIELLES = (
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib",
    "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate", "Montantdevise",
    "Idevise",
)  # fmt: skip
#: VII, 2°: in the place of Debit and Credit.
MONTANT_SENS = {"Debit": "Montant", "Credit": "Sens"}
#: VIII, 5° (bénéfices agricoles, cash accounting) and 7° (bénéfices non commerciaux, cash accounting).
TRESORERIE = ("DateRglt", "ModeRglt", "NatOp", "IdClient")
NOMS = {nom.lower(): nom for nom in (*OFFICIELLES, *MONTANT_SENS.values(), *TRESORERIE)}
NOM_FICHIER = re.compile(
    r"(\d{9})[-_ ]?FEC[-_ ]?(\d{8})(?:[-_ (][^.]*)?(?:\.(?:txt|csv|tsv))?", re.ASCII | re.IGNORECASE
)
INTERDITS = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f\u200e\u200f\u202a-\u202e\u2066-\u2069]')


@dataclass(frozen=True, slots=True)
class Structure:
    """The columns of a FEC: official names in the order of the official table, and the place of each in a line."""

    separateur: bytes
    ecrites: tuple[str, ...]
    noms: tuple[str, ...]
    places: tuple[int, ...]

    @property
    def sens(self) -> bool:
        return "Sens" in self.noms

    @property
    def variante(self) -> str:
        return str(len(self.noms))

    @property
    def tresorerie(self) -> bool:
        return len(self.noms) > len(OFFICIELLES)

    @property
    def dans_l_ordre(self) -> bool:
        return self.places == tuple(range(len(self.noms)))


@dataclass(frozen=True, slots=True)
class NomLu:
    """What the name of the file says; "" and None when it does not."""

    siren: str = ""
    cloture: date | None = None


def verifier_nom(nom: str) -> None:
    """Raises Refus for a name that is a path, or hides one."""
    if INTERDITS.search(nom) or nom.strip(". ") == "" or ".." in nom.split(".")[0]:
        raise Refus("nom_chemin")


def lire_nom(nom: str, recueil: Recueil) -> NomLu:
    """SIREN and closing date of a name SIREN-FEC-AAAAMMJJ: LPF, art. A. 47 A-1, IX."""
    lu = NOM_FICHIER.fullmatch(nom)
    if not lu:
        recueil.ajouter("nom_inconnu", valeur=nom)
        return NomLu()
    siren, jour = lu.groups()
    if not luhn.is_valid(siren) or not int(siren):
        recueil.ajouter("nom_siren", valeur=nom, siren=siren)
    cloture = lire_date(jour)
    if cloture is None:
        recueil.ajouter("nom_date", valeur=jour)
    return NomLu(siren, cloture)


def lire_date(texte: str) -> date | None:
    """A real day written AAAAMMJJ between 1900 and 2099, or None: LPF, art. A. 47 A-1, XII, 4°."""
    if len(texte) != 8 or not texte.isascii() or not texte.isdigit() or texte[:2] not in {"19", "20"}:
        return None
    try:
        return date(int(texte[:4]), int(texte[4:6]), int(texte[6:]))
    except ValueError:
        return None


def lire_entete(ligne: str, recueil: Recueil) -> Structure:
    """The columns of a first line without its end.

    Raises Refus: `separateur`, `sans_separateur`, `entete_absente`, `colonne_manquante`.
    """
    separateur = _separateur(ligne)
    ecrites = tuple(nom.strip() for nom in ligne.split(separateur))
    places: dict[str, int] = {}
    connues = [NOMS.get(_simplifier(nom)) for nom in ecrites]
    if sum(connue is not None for connue in connues) < 3 and any(lire_date(nom) for nom in ecrites):
        raise Refus("entete_absente", ligne=1)
    for place, (ecrit, nom) in enumerate(zip(ecrites, connues, strict=True)):
        if nom is None:
            recueil.ajouter("colonne_supplementaire", 1, ecrit[:60], ecrit, nom=ecrit[:60])
        elif nom in places:
            recueil.ajouter("colonne_en_double", 1, nom, ecrit, nom=nom)
        else:
            places[nom] = place
            if ecrit != nom:
                recueil.ajouter("entete_graphie", 1, nom, ecrit, ecrit=ecrit[:60], nom=nom)
    noms = _attendues(places)
    if manquantes := [nom for nom in noms if nom not in places]:
        rang = noms.index(manquantes[0]) + 1
        raise Refus("colonne_manquante", ligne=1, nom=", ".join(manquantes), rang=rang)
    structure = Structure(separateur.encode(), ecrites, noms, tuple(places[nom] for nom in noms))
    if not structure.dans_l_ordre:
        rang, nom = next((rang, nom) for rang, nom in enumerate(noms) if places[nom] != rang)
        recueil.ajouter("colonnes_desordre", 1, nom, nom, nom=nom, trouve=places[nom] + 1, attendu=rang + 1)
    return structure


def _separateur(ligne: str) -> str:
    nombres = {separateur: ligne.count(separateur) for separateur in SEPARATEURS}
    separateur = max(nombres, key=lambda signe: nombres[signe])
    if not nombres[separateur]:
        raise Refus("sans_separateur", ligne=1)
    if separateur not in "\t|":
        raise Refus("separateur", ligne=1, separateur=SEPARATEURS[separateur])
    return separateur


def _simplifier(nom: str) -> str:
    lettres = unicodedata.normalize("NFKD", nom.lower())
    return "".join(lettre for lettre in lettres if lettre.isalnum())


def _attendues(places: dict[str, int]) -> tuple[str, ...]:
    """The official table that this header follows."""
    sens = any(nom in places for nom in MONTANT_SENS.values()) and not all(nom in places for nom in MONTANT_SENS)
    base = tuple(MONTANT_SENS.get(nom, nom) if sens else nom for nom in OFFICIELLES)
    presentes = [nom for nom in TRESORERIE if nom in places]
    if not presentes:
        return base
    return base + (TRESORERIE if "IdClient" in presentes else TRESORERIE[:3])
