"""Contacts made for measures and tests, with seeded defects of every kind. All invented."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

ENTETES = ("E-mail", "Nom", "Prénom", "Mobile", "Fixe", "Code dossier", "Offre", "Remarque")
EMAIL, NOM, PRENOM, MOBILE, FIXE, DOSSIER, OFFRE = range(7)
OFFRES = ("start", "Co-production", "consultation")
MOBILES = ("07 05 06 03 02", "+33 6 12 34 56 78", "0692 12 34 56", "07.05.06.03.02", "")
#: Name of the contact that the database has under the address `connu@tpe.example`.
CONNU = ("connu@tpe.example", "Titulaire", "Ancien")
ARCHIVE = "VIEUX"

Rangee = list[str]


def _poser(place: int, valeur: str) -> Callable[[Rangee, Rangee], None]:
    def abimer(rangee: Rangee, _: Rangee) -> None:
        rangee[place] = valeur

    return abimer


def _doubler(rangee: Rangee, autre: Rangee) -> None:
    rangee[:] = [autre[EMAIL].upper(), *autre[1:]]


def _usurper(rangee: Rangee, autre: Rangee) -> None:
    rangee[EMAIL] = autre[EMAIL]


def _glisser(signe: str) -> Callable[[Rangee, Rangee], None]:
    def abimer(rangee: Rangee, _: Rangee) -> None:
        rangee[EMAIL] = rangee[EMAIL][:2] + signe + rangee[EMAIL][2:]

    return abimer


#: Kind -> (how a good line is spoiled, given an earlier good one; what its reason must say).
DEFAUTS: dict[str, tuple[Callable[[Rangee, Rangee], None], str]] = {
    "e-mail vide": (_poser(EMAIL, ""), "E-mail : la cellule est vide"),
    "e-mail sans arobase": (_poser(EMAIL, "personne.tpe.example"), "nom@domaine"),
    "e-mail invisible": (_glisser("\u200b"), "caractère invisible"),
    "e-mail bidirectionnel": (_glisser("\u202e"), "caractère invisible"),
    "e-mail avec espace": (_glisser(" "), "contient une espace"),
    "e-mail accentué": (_glisser("é"), "un accent"),
    "e-mail d’un autre ici": (_poser(EMAIL, CONNU[0]), f"déjà celle de {CONNU[2]} {CONNU[1]}"),
    "e-mail d’un autre dans le fichier": (_usurper, "à la ligne"),
    "doublon": (_doubler, "même offre qu’à la ligne"),
    "nom vide": (_poser(NOM, "  "), "Nom : la cellule est vide"),
    "nom en formule": (_poser(NOM, "=HYPERLINK()"), "est une formule"),
    "nom trop long": (_poser(NOM, "x" * 101), "dépasse 100 caractères"),
    "prénom vide": (_poser(PRENOM, ""), "Prénom : la cellule est vide"),
    "prénom en formule": (_poser(PRENOM, "@SOMME(A1)"), "est une formule"),
    "mobile trop court": (_poser(MOBILE, "06 12"), "nombre de chiffres"),
    "mobile illisible": (_poser(MOBILE, "voir avec Paul"), "n’a pas été compris"),
    "fixe trop long": (_poser(FIXE, "01 23 45 67 89 10"), "nombre de chiffres"),
    "dossier vide": (_poser(DOSSIER, ""), "Code dossier : la cellule est vide"),
    "dossier inconnu": (_poser(DOSSIER, "AUTRE01"), "est inconnu"),
    "dossier à un signe près": (_poser(DOSSIER, "MESURE00X7"), "Codes proches : MESURE00"),
    "dossier archivé": (_poser(DOSSIER, ARCHIVE), "est archivé"),
    "offre vide": (_poser(OFFRE, ""), "Offre : la cellule est vide"),
    "offre inconnue": (_poser(OFFRE, "premium"), "l’offre « premium » n’existe pas"),
}


@dataclass(slots=True)
class Jeu:
    """Lines under `ENTETES`, and the defect of each spoiled one by its row in the spreadsheet."""

    rangees: list[Rangee]
    defauts: dict[int, str] = field(default_factory=dict)

    def ecarts(self, rejets: dict[int, str]) -> Iterator[str]:
        """What differs from the expected rejects: a defect not found, a good line refused, another reason."""
        for numero in sorted(self.defauts.keys() | rejets.keys()):
            defaut, motif = self.defauts.get(numero), rejets.get(numero)
            if motif is None:
                yield f"ligne {numero} : « {defaut} » non trouvé"
            elif defaut is None:
                yield f"ligne {numero} : refusée à tort, {motif}"
            elif DEFAUTS[defaut][1] not in motif:
                yield f"ligne {numero} : « {defaut} » dit {motif}"


def code(rang: int) -> str:
    return f"MESURE{rang:04d}"


def semer(nombre: int, defauts: int, dossiers: int, graine: int = 20261122) -> Jeu:
    """`nombre` lines over `dossiers` dossiers, of which `defauts` spoiled, every kind in turn, at random rows."""
    hasard = random.Random(graine)
    jeu = Jeu([_bonne(rang, dossiers, hasard) for rang in range(nombre)])
    # The first tenth stays good: a duplicate needs an earlier line, and a line of a dossier near "MESURE00X7".
    abimees = sorted(hasard.sample(range(nombre // 10, nombre), defauts))
    for tour, rang in enumerate(abimees):
        defaut = list(DEFAUTS)[tour % len(DEFAUTS)]
        DEFAUTS[defaut][0](jeu.rangees[rang], jeu.rangees[hasard.randrange(nombre // 10)])
        jeu.defauts[rang + 2] = defaut
    return jeu


def _bonne(rang: int, dossiers: int, hasard: random.Random) -> Rangee:
    return [
        f"contact{rang}@tpe.example",
        f"Inventé-{rang}",
        "Camille",
        hasard.choice(MOBILES),
        "01 23 45 67 89" if rang % 5 else "",
        code(rang % dossiers) if rang % 7 else code(rang % dossiers).lower(),
        hasard.choice(OFFRES),
        "texte libre ; avec un point-virgule",
    ]
