"""Where the rules put what they find: every finding counted, a bounded number kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection

from dossiers.ecritures import rapport
from dossiers.ecritures.rapport import Constat, Gravite, Nombre, Rapport, visible
from dossiers.ecritures.textes import CONSTATS, REFUS


class Refus(Exception):
    """The file cannot be read. `code` is a key of `textes.REFUS`, `faits` fill its sentence."""

    def __init__(self, code: str, *, ligne: int | None = None, **faits: str | int) -> None:
        super().__init__(code)
        self.code, self.ligne = code, ligne
        self.message = visible(REFUS[code].format(ligne=ligne, **faits))


class Recueil:
    """Findings of one file, each code in the order of its lines.

    `allegements`: codes that are only an « avertissement » in this file.
    """

    def __init__(self) -> None:
        self.allegements: Collection[str] = ()
        self._nombres: Counter[str] = Counter()
        self._gardes: defaultdict[str, list[Constat]] = defaultdict(list)

    def ajouter(
        self, code: str, ligne: int | None = None, colonne: str = "", valeur: str = "", **faits: str | int
    ) -> None:
        """Count one finding, and keep it while its code has room."""
        self._nombres[code] += 1
        gardes = self._gardes[code]
        if len(gardes) < rapport.GARDES_PAR_CODE:
            message = visible(CONSTATS[code][1].format(colonne=colonne, valeur=valeur, **faits))
            gardes.append(
                Constat(
                    code=code,
                    gravite=self._gravite(code),
                    message=message,
                    ligne=ligne,
                    colonne=visible(colonne),
                    extrait=rapport.extrait(valeur),
                )
            )

    def une_fois(self, code: str, ligne: int | None = None, colonne: str = "", valeur: str = "", **faits: str) -> None:
        """The same, for what is said once for the whole file."""
        if not self._nombres[code]:
            self.ajouter(code, ligne, colonne, valeur, **faits)

    def compter(self, code: str, nombre: int) -> None:
        """Count findings that are not kept."""
        self._nombres[code] += nombre

    def constats(self) -> tuple[Constat, ...]:
        tous = rapport.trier(constat for gardes in self._gardes.values() for constat in gardes)
        return tous[: rapport.GARDES]

    def nombres(self) -> tuple[Nombre, ...]:
        rangs = list(Gravite)
        nombres = [
            Nombre(code=code, gravite=self._gravite(code), nombre=nombre)
            for code, nombre in self._nombres.items()
            if nombre
        ]
        return tuple(sorted(nombres, key=lambda nombre: (rangs.index(nombre.gravite), nombre.code)))

    def refuser(self, refus: Refus, genre: str, nom: str, taille: int) -> Rapport:
        """The report of a file that cannot be read any further: the refusal, then what was found before it."""
        constat = Constat(code=refus.code, gravite=Gravite.BLOQUANT, message=refus.message, ligne=refus.ligne)
        nombre = Nombre(code=refus.code, gravite=Gravite.BLOQUANT, nombre=1)
        return Rapport(
            genre=genre,
            nom_fichier=visible(nom),
            refus=refus.code,
            constats=(constat, *self.constats()),
            nombres=(nombre, *self.nombres()),
            taille=taille,
        )

    def _gravite(self, code: str) -> Gravite:
        gravite = CONSTATS[code][0]
        return Gravite.AVERTISSEMENT if code in self.allegements and gravite is Gravite.BLOQUANT else gravite
