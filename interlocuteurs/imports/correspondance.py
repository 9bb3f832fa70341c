"""Which column of a spreadsheet is what: French headings recognised with their synonyms."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

#: The lines among which the headings are looked for: a title may stand above them.
LIGNES_EXAMINEES = 10
#: Heading that the rejects add; coming back with a corrected file, it is not one of its columns.
MOTIF_DU_REJET = "Motif du rejet"


@dataclass(frozen=True, slots=True)
class Champ:
    """What a column may give. `synonymes` are headings once simplified; the first ones are the surest."""

    nom: str
    libelle: str
    obligatoire: bool
    synonymes: tuple[str, ...]


CHAMPS = (
    Champ(
        "email",
        "E-mail",
        True,
        (
            "e mail",
            "email",
            "mail",
            "courriel",
            "adresse e mail",
            "adresse email",
            "adresse mail",
            "adresse courriel",
            "adresse electronique",
            "courrier electronique",
            "mel",
        ),
    ),
    Champ("nom", "Nom", True, ("nom", "nom de famille", "nom d usage", "nom contact", "nom du contact")),
    Champ("prenom", "Prénom", True, ("prenom", "prenoms", "prenom contact", "prenom du contact")),
    Champ(
        "mobile",
        "Téléphone mobile",
        False,
        ("mobile", "portable", "telephone mobile", "telephone portable", "tel mobile", "tel portable", "gsm", "mob"),
    ),
    Champ(
        "fixe",
        "Téléphone fixe",
        False,
        ("fixe", "telephone fixe", "tel fixe", "ligne fixe", "telephone bureau", "tel bureau"),
    ),
    Champ(
        "telephone",
        "Téléphone (mobile ou fixe)",
        False,
        ("telephone", "tel", "numero de telephone", "n de telephone", "n telephone", "phone"),
    ),
    Champ(
        "dossier",
        "Code du dossier",
        True,
        (
            "dossier",
            "code dossier",
            "code du dossier",
            "codedossier",
            "codeibs",
            "code ibs",
            "code client",
            "n dossier",
            "numero de dossier",
            "numero dossier",
            "code",
        ),
    ),
    Champ(
        "offre",
        "Offre",
        True,
        ("offre", "code offre", "offre collaborative", "application", "acces", "service"),
    ),
    Champ("profil", "Profil", False, ("profil", "profile", "profil utilisateur")),
    Champ("social", "Social (oui ou non)", False, ("social", "acces social", "paie")),
)
OBLIGATOIRES = tuple(champ for champ in CHAMPS if champ.obligatoire)
PAR_NOM = {champ.nom: champ for champ in CHAMPS}
#: Simplified heading -> (field, rank of the synonym).
_SYNONYMES = {synonyme: (champ.nom, rang) for champ in CHAMPS for rang, synonyme in enumerate(champ.synonymes)}


def simplifier(titre: str) -> str:
    """A heading without accent, case, punctuation nor brackets: `Adresse e-mail (pro) *` -> `adresse e mail`."""
    sans_parentheses = re.sub(r"\([^)]*\)", " ", titre)
    decompose = unicodedata.normalize("NFKD", sans_parentheses)
    sans_accent = "".join(c for c in decompose if not unicodedata.combining(c))
    return re.sub(r"[^a-z0-9]+", " ", sans_accent.lower()).strip()


def deviner(entetes: Sequence[str]) -> dict[str, int]:
    """Field -> index of its column; the surest synonym wins, then the leftmost column."""
    trouvees: dict[str, tuple[int, int]] = {}
    for place, titre in enumerate(entetes):
        nom, rang = _SYNONYMES.get(simplifier(titre), ("", 0))
        if nom and (nom not in trouvees or rang < trouvees[nom][0]):
            trouvees[nom] = (rang, place)
    return {nom: place for nom, (_, place) in trouvees.items()}


def ligne_d_entete(rangees: Sequence[Sequence[str]]) -> int:
    """Index, among the first rows, of the one that holds the headings: the first with the most known ones."""
    connues = [len(deviner(rangee)) for rangee in rangees[:LIGNES_EXAMINEES]]
    return connues.index(max(connues)) if connues and max(connues) > 1 else 0


def lettre(place: int) -> str:
    """Name of a column in a spreadsheet: 0 -> A, 26 -> AA."""
    reste, nom = place + 1, ""
    while reste:
        reste, rang = divmod(reste - 1, 26)
        nom = chr(65 + rang) + nom
    return nom


def empreinte(entetes: Sequence[str]) -> str:
    """Fingerprint of a set of headings in their order: two files with the same one are mapped alike."""
    matiere = json.dumps([simplifier(titre) for titre in entetes])
    return hashlib.sha256(matiere.encode()).hexdigest()


def manquants(correspondance: dict[str, int], offre_commune: str) -> list[str]:
    """French labels of the required fields that no column gives; an offer for every line stands for its column."""
    donnes = set(correspondance) | ({"offre"} if offre_commune else set())
    return [champ.libelle for champ in OBLIGATOIRES if champ.nom not in donnes]
