"""The rules that bind lines together: balance of the entries, numbers, duplicates, totals; in bounded memory.

An entry is a run of lines with the same JournalCode and EcritureNum. Only the runs that do not balance are kept, past a
number in a temporary SQLite base that spills to disk: an entry in pieces is judged as a whole, in a file of any size.
"""

from __future__ import annotations

import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import accumulate, compress, groupby, islice
from operator import eq, itemgetter, ne, sub

from dossiers.ecritures.lignes import Lot
from dossiers.ecritures.numeros import Numerotation
from dossiers.ecritures.rapport import GARDES_PAR_CODE, Journal, Mois, visible
from dossiers.ecritures.recueil import Recueil
from dossiers.ecritures.textes import euros

#: Journals, and totals by month and journal, kept.
JOURNAUX_MAX, MOIS_MAX = 200, 2_400
#: Lines of one entry among which duplicates are looked for.
LIGNES_COMPAREES = 50_000
#: An entry is compared with the last ones before it: at least so many, at most twice.
GENERATION = 16_384
AUTRES = b"\x00"
VERSEMENT = 1_000
#: EcritureNum, JournalCode, line, debit and credit in cents (as text: SQLite's integers are too short), doubt.
Piece = tuple[bytes, bytes, int, str, str, bool]
Faits = dict[str, str | int]


@dataclass(slots=True)
class Ouverte:
    """The entry whose next line may still come."""

    journal: bytes
    numero: bytes
    jour: bytes
    ligne: int
    detail: bytes
    lignes: int = 0
    debit: int = 0
    credit: int = 0
    doute: bool = False
    dernier_jour: bytes = b""
    vues: set[int] = field(default_factory=set)


class Memoire:
    """The last entries seen, by what makes two of them alike."""

    def __init__(self) -> None:
        self._recentes: dict[int, int] = {}
        self._anciennes: dict[int, int] = {}
        self._place = GENERATION

    def voir(self, empreinte: int, ligne: int) -> int | None:
        """Remember an entry; the line of one alike, if there was one."""
        autre = self._recentes.get(empreinte, self._anciennes.get(empreinte))
        self._recentes[empreinte] = ligne
        self._place -= 1
        if not self._place:
            self._recentes, self._anciennes, self._place = {}, self._recentes, GENERATION
        return autre

    def toutes_neuves(self, empreintes: list[int], lignes: list[int]) -> bool:
        """Remember entries at once, if none is like another; False, and nothing is done, when one must look closer."""
        if (
            len(empreintes) >= self._place
            or len(set(empreintes)) < len(empreintes)
            or not self._recentes.keys().isdisjoint(empreintes)
            or not self._anciennes.keys().isdisjoint(empreintes)
        ):
            return False
        self._recentes.update(zip(empreintes, lignes, strict=True))
        self._place -= len(empreintes)
        return True


class Suites:
    """Follows the entries of one file, lot after lot.

    Parameters
    ----------
    texte:
        How the bytes of this file are shown.
    """

    def __init__(self, separateur: bytes, recueil: Recueil, texte: Callable[[bytes], str]) -> None:
        self._sep, self._recueil, self._texte = separateur, recueil, texte
        self._ouverte: Ouverte | None = None
        self._numeros = Numerotation()
        self._totaux: dict[tuple[bytes, bytes], list[int]] = {}
        self._libelles: dict[bytes, bytes] = {}
        self._memoire = Memoire()
        self._pieces: list[Piece] = []
        self._base: sqlite3.Connection | None = None
        self.lignes = self.ecritures = self.debit = self.credit = 0
        self.debut = self.fin = b""

    def avaler(self, lot: Lot) -> None:
        """The next lines of the file."""
        if -1 in lot.doutes and self._ouverte:
            self._ouverte.doute = True
        if not (nombre := len(lot.cles)):
            return
        if lot.jours:
            self.debut = min(self.debut or b"9", *lot.jours)
            self.fin = max(self.fin, *lot.jours)
        cles = lot.cles
        departs = [0, *compress(range(1, nombre), map(ne, cles, islice(cles, 1, None)))]
        fins = [*departs[1:], nombre]
        debits = self._parts(lot.debits, departs)
        credits_ = list(map(sub, self._parts(lot.montants, departs), debits))
        self.lignes += nombre
        self.debit += sum(debits)
        self.credit += sum(credits_)
        tetes = [cles[depart].split(self._sep) for depart in departs]
        numeros = [tete[2] for tete in tetes]

        def passer(rang: int) -> None:
            self._morceau(lot, departs[rang], fins[rang], tetes[rang], debits[rang], credits_[rang])

        if len(departs) < 3 or lot.doutes or any(map(eq, numeros, islice(numeros, 1, None))):
            for rang in range(len(departs)):
                passer(rang)
            return
        passer(0)
        self._clore()
        milieu = slice(1, -1)
        self._entieres(lot, departs[milieu], fins[milieu], tetes[milieu], debits[milieu], credits_[milieu])
        passer(-1)

    @staticmethod
    def _parts(valeurs: list[int], departs: list[int]) -> list[int]:
        """Sums of the values from each start to the next."""
        cumuls = list(accumulate(valeurs, initial=0))
        bornes = [cumuls[depart] for depart in departs] + cumuls[-1:]
        return list(map(sub, islice(bornes, 1, None), bornes))

    def _entieres(
        self,
        lot: Lot,
        departs: list[int],
        fins: list[int],
        tetes: list[list[bytes]],
        debits: list[int],
        credits_: list[int],
    ) -> None:
        """Entries that begin and end in the lot, of one piece: the same as `_morceau` and `_clore`, for all at once."""
        self.ecritures += len(departs)
        journaux, libelles, numeros, jours = zip(*tetes, strict=True)
        lignes = list(map(lot.ligne, departs)) if lot.numeros else [lot.premiere + depart for depart in departs]
        longueurs = list(map(sub, fins, departs))
        self._numeros.voir_tous(journaux, numeros, lignes)
        if debits != credits_:
            for rang in compress(range(len(debits)), map(ne, debits, credits_)):
                self._verser(numeros[rang], journaux[rang], lignes[rang], debits[rang], credits_[rang], False)
        premiers = [lot.details[depart] for depart in departs]
        empreintes = list(map(hash, zip(journaux, jours, premiers, debits, longueurs, strict=True)))
        if not self._memoire.toutes_neuves(empreintes, lignes):
            for journal, numero, ligne, empreinte in zip(journaux, numeros, lignes, empreintes, strict=True):
                self._comparer(journal, numero, ligne, empreinte)
        totaux = self._totaux
        for journal, libelle, jour, longueur, debit, credit in zip(
            journaux, libelles, jours, longueurs, debits, credits_, strict=True
        ):
            total = totaux.get((journal, jour[:6])) or self._total(journal, libelle, jour[:6])
            total[0] += longueur
            total[1] += debit
            total[2] += credit
        if len(set(lot.details)) < len(lot.details):
            for depart, fin, numero in zip(departs, fins, numeros, strict=True):
                self._chercher_doubles(lot, depart, fin, numero, set())

    def _morceau(self, lot: Lot, depart: int, fin: int, tete: list[bytes], debit: int, credit: int) -> None:
        """Lines of one entry, all that it has or a part of them."""
        journal, libelle, numero, jour = tete
        ligne, ouverte = lot.ligne(depart), self._ouverte
        if ouverte is None or ouverte.journal != journal or ouverte.numero != numero:
            self._clore()
            ouverte = self._ouverte = Ouverte(journal, numero, jour, ligne, lot.details[depart])
        elif jour and ouverte.dernier_jour not in (b"", jour):
            autre, date = (f"{d[6:].decode()}/{d[4:6].decode()}/{d[:4].decode()}" for d in (ouverte.dernier_jour, jour))
            faits: Faits = {"numero": self._court(numero), "journal": self._court(journal), "autre": autre}
            self._recueil.ajouter("ecriture_plusieurs_dates", ligne, "EcritureDate", jour.decode(), date=date, **faits)
        ouverte.dernier_jour = jour or ouverte.dernier_jour
        ouverte.jour = ouverte.jour or jour
        ouverte.lignes += fin - depart
        ouverte.debit += debit
        ouverte.credit += credit
        ouverte.doute = ouverte.doute or any(depart <= doute < fin for doute in lot.doutes)
        total = self._total(journal, libelle, jour[:6])
        total[0] += fin - depart
        total[1] += debit
        total[2] += credit
        self._chercher_doubles(lot, depart, fin, numero, ouverte.vues)

    def _clore(self) -> None:
        """The open entry has all its lines."""
        if (ouverte := self._ouverte) is None:
            return
        self._ouverte = None
        self.ecritures += 1
        if ouverte.debit != ouverte.credit or ouverte.doute:
            self._verser(ouverte.numero, ouverte.journal, ouverte.ligne, ouverte.debit, ouverte.credit, ouverte.doute)
        self._numeros.voir(ouverte.journal, ouverte.numero, ouverte.ligne)
        empreinte = hash((ouverte.journal, ouverte.jour, ouverte.detail, ouverte.debit, ouverte.lignes))
        self._comparer(ouverte.journal, ouverte.numero, ouverte.ligne, empreinte)

    def _comparer(self, journal: bytes, numero: bytes, ligne: int, empreinte: int) -> None:
        autre = self._memoire.voir(empreinte, ligne)
        if autre is not None:
            faits: Faits = {"numero": self._court(numero), "journal": self._court(journal), "autre": autre}
            self._recueil.ajouter("ecriture_double", ligne, "EcritureNum", self._texte(numero), **faits)

    def _chercher_doubles(self, lot: Lot, depart: int, fin: int, numero: bytes, vues: set[int]) -> None:
        for place in range(depart, fin):
            empreinte = hash((lot.details[place], lot.montants[place], lot.debits[place]))
            if empreinte in vues:
                self._recueil.ajouter("ligne_double", lot.ligne(place), numero=self._court(numero))
            elif len(vues) < LIGNES_COMPAREES:
                vues.add(empreinte)

    def _court(self, octets: bytes) -> str:
        return visible(self._texte(octets)[:40])

    # --- totals --------------------------------------------------------------------------------------------------

    def _total(self, journal: bytes, libelle: bytes, mois: bytes) -> list[int]:
        """Lines, debit and credit of a journal over a month; past the caps, of what is left of it."""
        if journal not in self._libelles:
            if len(self._libelles) < JOURNAUX_MAX:
                self._libelles[journal] = libelle
            else:
                self._recueil.une_fois("journaux_nombreux", colonne="JournalCode", maximum=str(JOURNAUX_MAX))
                journal = AUTRES
        if (journal, mois) not in self._totaux and len(self._totaux) >= MOIS_MAX:
            mois = b""
        return self._totaux.setdefault((journal, mois), [0, 0, 0])

    def journaux(self) -> tuple[Journal, ...]:
        """Totals by journal, in the order of the file."""
        sommes: dict[bytes, list[int]] = {}
        for (journal, _), total in self._totaux.items():
            sommes[journal] = [a + b for a, b in zip(sommes.get(journal, (0, 0, 0)), total, strict=True)]
        return tuple(
            Journal(code=self._nom(journal), libelle=self._court(libelle), lignes=lignes, debit=debit, credit=credit)
            for journal, (lignes, debit, credit) in sommes.items()
            for libelle in [self._libelles.get(journal, b"")]
        )

    def mois(self) -> tuple[Mois, ...]:
        """Totals by month and journal."""
        return tuple(
            Mois(
                mois=f"{mois[:4].decode()}-{mois[4:].decode()}",
                journal=self._nom(journal),
                lignes=lignes,
                debit=debit,
                credit=credit,
            )
            for (journal, mois), (lignes, debit, credit) in sorted(
                self._totaux.items(), key=lambda element: element[0][::-1]
            )
            if mois
        )

    def _nom(self, journal: bytes) -> str:
        return "(autres)" if journal == AUTRES else self._court(journal)

    # --- end of the file -----------------------------------------------------------------------------------------

    def finir(self) -> None:
        """The findings that need the whole file."""
        self._clore()
        self._juger_pieces()
        self._numeros.dire(self._recueil, self._texte)
        for journal in self.journaux():
            if journal.debit != journal.credit:
                faits: Faits = {"journal": journal.code, **_soldes(journal.debit, journal.credit)}
                self._recueil.ajouter("journal_desequilibre", None, "JournalCode", journal.code, **faits)
        if self.debit != self.credit:
            self._recueil.ajouter("fichier_desequilibre", None, "", "", **_soldes(self.debit, self.credit))
        if self._base:
            self._base.close()

    def _verser(self, numero: bytes, journal: bytes, ligne: int, debit: int, credit: int, doute: bool) -> None:
        self._pieces.append((numero, journal, ligne, str(debit), str(credit), doute))
        if len(self._pieces) < VERSEMENT:
            return
        if self._base is None:
            self._base = sqlite3.connect("")
            self._base.execute("CREATE TABLE piece (numero, journal, ligne, debit, credit, doute)")
        self._base.executemany("INSERT INTO piece VALUES (?, ?, ?, ?, ?, ?)", self._pieces)
        self._pieces.clear()

    def _lire_pieces(self) -> Iterable[Piece]:
        """By number, then journal, then line."""
        if self._base is None:
            return sorted(self._pieces)
        self._base.executemany("INSERT INTO piece VALUES (?, ?, ?, ?, ?, ?)", self._pieces)
        return self._base.execute("SELECT * FROM piece ORDER BY numero, journal, ligne")

    def _juger_pieces(self) -> None:
        """An entry in pieces is balanced as a whole, or in several journals, or not at all."""
        nombres: Counter[str] = Counter()
        trouvees: defaultdict[str, list[tuple[int, bytes, Faits]]] = defaultdict(list)
        for code, ligne, numero, faits in self._verdicts():
            nombres[code] += 1
            trouvees[code].append((ligne, numero, faits))
            if len(trouvees[code]) >= 10 * GARDES_PAR_CODE:
                trouvees[code] = sorted(trouvees[code], key=itemgetter(0))[:GARDES_PAR_CODE]
        for code, toutes in trouvees.items():
            gardees = sorted(toutes, key=itemgetter(0))[:GARDES_PAR_CODE]
            for ligne, numero, faits in gardees:
                self._recueil.ajouter(
                    code, ligne, "EcritureNum", self._texte(numero), numero=self._court(numero), **faits
                )
            self._recueil.compter(code, nombres[code] - len(gardees))

    def _verdicts(self) -> Iterator[tuple[str, int, bytes, Faits]]:
        for numero, pieces in groupby(self._lire_pieces(), key=itemgetter(0)):
            fautives: list[tuple[int, bytes, int, int]] = []
            for journal, morceaux in groupby(pieces, key=itemgetter(1)):
                premiere = derniere = nombre = debit = credit = 0
                doute = False
                for _, _, ligne, au_debit, au_credit, douteuse in morceaux:
                    premiere, derniere, nombre = premiere or ligne, ligne, nombre + 1
                    debit, credit, doute = debit + int(au_debit), credit + int(au_credit), doute or bool(douteuse)
                self.ecritures -= nombre - 1
                if debit != credit and not doute:
                    fautives.append((premiere, journal, debit, credit))
                elif nombre > 1 and not doute:
                    yield "ecriture_eclatee", derniere, numero, {"journal": self._court(journal), "morceaux": nombre}
                if len(fautives) >= GARDES_PAR_CODE:
                    yield from self._desequilibres(numero, fautives)
                    fautives.clear()
            if len(fautives) > 1 and not sum(debit - credit for _, _, debit, credit in fautives):
                fautives.sort()
                noms = ", ".join(self._court(journal) for _, journal, _, _ in fautives)
                yield "ecriture_plusieurs_journaux", fautives[1][0], numero, {"journaux": noms[:80]}
            else:
                yield from self._desequilibres(numero, fautives)

    def _desequilibres(
        self, numero: bytes, fautives: list[tuple[int, bytes, int, int]]
    ) -> Iterator[tuple[str, int, bytes, Faits]]:
        for ligne, journal, debit, credit in fautives:
            faits: Faits = {"journal": self._court(journal), **_soldes(debit, credit)}
            yield "ecriture_desequilibree", ligne, numero, faits


def _soldes(debit: int, credit: int) -> Faits:
    return {"debit": euros(debit), "credit": euros(credit), "ecart": euros(abs(debit - credit))}
