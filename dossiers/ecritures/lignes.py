"""The lines of a FEC, one by one when something is to be said of them, by whole blocks when nothing is.

`Lignes._expliquer` holds every rule of a line. `_motif` is one expression that only matches lines it would say nothing
of; it must never match another one, and `tests/dossiers/ecritures/test_fec_oracle.py` compares both ways.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import compress
from operator import gt, mul, not_

from dossiers.ecritures.entete import NomLu, Structure
from dossiers.ecritures.flux import Bloc, Flux
from dossiers.ecritures.recueil import Recueil
from dossiers.ecritures.valeurs import MONTANT, Jours, Montants, centimes, tous_les_centimes

#: Places in the official table; Montant and Sens stand in those of Debit and Credit.
JOURNAL, JOURNAL_LIB, NUMERO, DATE, COMPTE, COMPTE_LIB, AUX, AUX_LIB, PIECE, PIECE_DATE = range(10)
LIBELLE, DEBIT, CREDIT, LETTRE, DATE_LETTRE, VALIDATION, DEVISE_MONTANT, DEVISE, REGLEMENT, MODE = range(10, 20)
#: Columns never « à blanc si non utilisé » in the tables of VII and VIII; the others have rules of their own.
OBLIGATOIRES = (JOURNAL_LIB, COMPTE_LIB, PIECE, LIBELLE)
#: First lines read one by one, to see how the file writes its amounts; then a new look after so many odd ones.
APPRENTISSAGE, REVISION = 50, 1000
COMPTE_FORME = re.compile(rb"[1-8]\d\d")
DEVISE_FORME = re.compile(rb"[A-Z]{3}")
CONTROLES = re.compile(rb"[\x00-\x1f\x7f]")


@dataclass(slots=True)
class Lot:
    """What the entries need of some lines, in columns.

    `premiere`: number of the first of lines that follow each other; `numeros`: those of other lines. `cles`:
    JournalCode, JournalLib, EcritureNum and EcritureDate as written ("" for a date that tells nothing), joined by the
    separator; `details`: CompteNum to EcritureLib, in the same way. `debits` and `montants` (debit + credit): cents.
    `doutes`: lines whose entry cannot be judged, by their place; -1 is the entry left open by the lot before.
    """

    premiere: int = 0
    numeros: list[int] = field(default_factory=list)
    cles: list[bytes] = field(default_factory=list)
    details: list[bytes] = field(default_factory=list)
    debits: list[int] = field(default_factory=list)
    montants: list[int] = field(default_factory=list)
    jours: set[bytes] = field(default_factory=set)
    doutes: set[int] = field(default_factory=set)

    def ligne(self, place: int) -> int:
        """Number in the file of the line at this place of the lot."""
        return self.numeros[place] if self.numeros else self.premiere + place


class Lignes:
    """The rules of a line.

    Parameters
    ----------
    lent:
        Explain every line: same findings, ten times slower.
    """

    def __init__(self, structure: Structure, nom: NomLu, recueil: Recueil, flux: Flux, *, lent: bool = False) -> None:
        self._structure, self._nom, self._recueil = structure, nom, recueil
        self._sep = structure.separateur
        self._flux, self._texte = flux, flux.decoder
        self._fin = b"\r\n" if flux.crlf else b"\n"
        self._montants = Montants(recueil)
        self.jours = Jours(nom.cloture)
        self._motif: re.Pattern[bytes] | None = None
        self._style: tuple[object, ...] = ()
        self._libre = False
        self._expliquees = 0
        self._douter = False
        self._cle = self._sep * 3
        self._rapide = structure.dans_l_ordre and not lent

    def lire(self, bloc: Bloc) -> Lot:
        """The lines of one block; what is wrong in them is told."""
        if self._motif is not None and not self._douter:
            trouvees = self._motif.findall(bloc.octets)
            if len(trouvees) == bloc.nombre and (lot := self._d_un_coup(trouvees, bloc)):
                return lot
        return self._une_a_une(bloc)

    # --- by blocks -----------------------------------------------------------------------------------------------

    def _d_un_coup(self, trouvees: list[tuple[bytes, ...]], bloc: Bloc) -> Lot | None:
        """None when a date or an amount asks for an explanation."""
        cles, dates, details, *montants, validations = zip(*trouvees, strict=True)
        sommes, credits_ = montants if self._structure.sens else montants[::-1]
        jours = set(dates)
        permis = self.jours.permis
        if not jours <= permis and not (self.jours.apprendre(jours) and jours <= permis):
            return None
        if any(validations):
            autres = set(validations) - {b""}
            if not self.jours.apprendre(autres) or any(
                map(gt, compress(dates, validations), compress(validations, validations))
            ):
                return None
        valeurs = list(map(centimes, sommes)) if self._libre else tous_les_centimes(sommes, self._montants.decimale)
        if not all(valeurs):
            return None
        self._cle = cles[-1]
        return Lot(
            premiere=bloc.numero,
            cles=list(cles),
            details=list(details),
            debits=list(map(mul, valeurs, map(not_, credits_))),
            montants=valeurs,
            jours=jours,
        )

    def _composer(self) -> None:
        """The expression of a line of which nothing is to be said, in the style of this file; groups as in `zip`."""
        montants = self._montants
        nul = montants.nuls.most_common(1)[0][0].decode("latin-1") if montants.nuls else ""
        total = montants.formes.total()
        libre = not montants.decimale or montants.formes[2] < 0.98 * total
        style = (montants.decimale, montants.signe, montants.sens, nul, libre)
        if style == self._style or (self._structure.sens and not montants.sens):
            return
        self._style, self._libre = style, libre
        s = re.escape(self._sep.decode())
        # By what they admit, not by what they exclude: a tenth faster (measured).
        suite = r"[ -{}~\x80-\xff]*+" if self._sep == b"|" else r"[ -~\x80-\xff]*+"
        texte = (r"[!#-{}~\x80-\xff]" if self._sep == b"|" else r"[!#-~\x80-\xff]") + suite
        jour = (
            r"(?:19|20)\d\d(?:(?:0[13578]|1[02])(?:0[1-9]|[12]\d|3[01])|(?:0[469]|11)(?:0[1-9]|[12]\d|30)"
            r"|02(?:0[1-9]|1\d|2[0-8]))"
        )
        signe = "-?+" if montants.signe == b"<" else ""
        decimale = re.escape(montants.decimale.decode())
        cents = rf"(?:{decimale}\d{{1,2}}+)?+" if libre else rf"{decimale}\d\d"
        montant = rf"({signe}\d{{1,12}}+{cents if decimale else ''})"
        if self._structure.sens:
            sens = r"(?:\+1|(-)1)" if montants.sens == b"1" else "(?:D|(C))"
            sommes = f"{montant}{s}{sens}"
        else:
            nul_et_separateur = nul + self._sep.decode()
            tete, reste = re.escape(nul_et_separateur[0]), re.escape(nul_et_separateur[1:])
            sommes = rf"(?:({tete}){reste})?+{montant}(?(4)|{s}{re.escape(nul)})"
        devise = rf"(?:(?:0(?:[.,]0++)?+)?+{s}(?:[A-Z]{{3}})?+|-?+\d{{1,12}}+(?:[.,]\d++)?+{s}[A-Z]{{3}})"
        champs = [
            rf"({texte}{s}{texte}{s}{texte}{s}(\d{{8}}))",
            rf"([1-8]\d\d[^{s}\x00-\x20\x22\x7f]*+{s}{texte}{s}(?:{s}|{texte}{s}{texte}){s}{texte}{s}(?:\2|{jour}){s}{texte})",
            sommes,
            rf"(?:{s}|{texte}{s}(?:\2|{jour})?+)",
            r"(?:\2|(\d{8}))",
            devise,
        ]
        if self._structure.tresorerie:
            champs += [jour, texte] + [rf"(?:{texte})?+"] * (len(self._structure.noms) - 20)
        champs += [rf"(?:{texte})?+"] * (len(self._structure.ecrites) - len(self._structure.noms))
        self._motif = re.compile(f"(?m:^){s.join(champs)}".encode("latin-1") + self._fin)

    # --- one by one ----------------------------------------------------------------------------------------------

    def _une_a_une(self, bloc: Bloc) -> Lot:
        lot = Lot()
        for rang, brute in enumerate(bloc.octets.split(b"\n")[:-1], start=bloc.numero):
            ligne = self._flux.sans_fin(brute, rang)
            if not self._simple(ligne, rang, lot):
                self._expliquer(ligne, rang, lot)
                if self._rapide:
                    self._reviser()
        lot.jours.discard(b"")
        return lot

    def _simple(self, ligne: bytes, rang: int, lot: Lot) -> bool:
        """Keep a line of which nothing is to be said; False for another one."""
        if self._motif is None:
            return False
        lue = self._motif.fullmatch(ligne + self._fin)
        seule = lue and self._d_un_coup([lue.groups(b"")], Bloc(ligne, rang, 1))
        if not seule:
            return False
        self._garder(lot, rang, seule.cles[0], seule.details[0], seule.debits[0], seule.montants[0], seule.jours)
        return True

    def _reviser(self) -> None:
        """After an odd line: the expression follows what it taught, so that it never matches a line to explain."""
        self._expliquees += 1
        montants = self._montants
        if self._motif is None:
            du = self._expliquees >= APPRENTISSAGE
        else:
            vus = (montants.decimale, montants.signe, montants.sens)
            du = self._style[:3] != vus or self._expliquees % REVISION == 0
        if du:
            self._composer()

    def _garder(
        self, lot: Lot, rang: int, cle: bytes, detail: bytes, debit: int, montant: int, jours: set[bytes]
    ) -> None:
        if self._douter:
            lot.doutes.add(len(lot.numeros))
            self._douter = False
        lot.numeros.append(rang)
        lot.cles.append(cle)
        lot.details.append(detail)
        lot.debits.append(debit)
        lot.montants.append(montant)
        lot.jours |= jours
        self._cle = cle

    def _expliquer(self, ligne: bytes, rang: int, lot: Lot) -> None:
        """Every rule of a line: tell what is wrong, and keep what can be read of it."""
        if not ligne.strip():
            return self._dire("ligne_vide", rang, "", b"")
        champs = ligne.split(self._sep)
        attendu = len(self._structure.ecrites)
        if len(champs) != attendu:
            # The entry before and the entry after may have lost this line.
            lot.doutes.add(len(lot.numeros) - 1)
            self._douter = True
            return self._dire("nombre_colonnes", rang, "", ligne, trouve=len(champs), attendu=attendu)
        valeurs = [champs[place] for place in self._structure.places]
        noms = self._structure.noms
        if CONTROLES.search(ligne.replace(self._sep, b"")):
            for ecrit, valeur in zip(self._structure.ecrites, champs, strict=True):
                if CONTROLES.search(valeur):
                    self._dire("caractere_nul" if b"\0" in valeur else "caractere_controle", rang, ecrit, valeur)
        for colonne, valeur in enumerate(valeurs):
            if valeur[:1] == b'"' == valeur[-1:] and len(valeur) > 1:
                self._dire("guillemets", rang, noms[colonne], valeur)
        for colonne in OBLIGATOIRES:
            vide = not valeurs[colonne].strip()
            if vide and not (colonne == JOURNAL_LIB and self._structure.tresorerie):
                self._dire("champ_vide", rang, noms[colonne], valeurs[colonne])
        doute, cle = self._cle_de(valeurs, rang)
        self._compte(valeurs, rang)
        jour = self._dates(valeurs, rang)
        self._facultatifs(valeurs, rang)
        debit, montant, illisible = self._sommes(valeurs, rang)
        jours = {jour} & self.jours.reels
        # The date of a line without its number says nothing of the entry that lends it one.
        cle.append(b"" if doute else jour)
        self._garder(lot, rang, self._sep.join(cle), self._sep.join(valeurs[COMPTE:DEBIT]), debit, montant, jours)
        if doute or illisible:
            lot.doutes.add(len(lot.numeros) - 1)
        self._douter = doute
        return None

    def _dire(self, code: str, rang: int, colonne: str, valeur: bytes, **faits: str | int) -> None:
        self._recueil.ajouter(code, rang, colonne, self._texte(valeur), **faits)

    def _cle_de(self, valeurs: list[bytes], rang: int) -> tuple[bool, list[bytes]]:
        """Journal, its label, number: what is missing is taken from the line before, and the entry not judged."""
        journal, libelle, numero = valeurs[JOURNAL], valeurs[JOURNAL_LIB], valeurs[NUMERO]
        precedente = self._cle.split(self._sep)
        doute = False
        if not journal.strip() and not self._structure.tresorerie:
            self._dire("champ_vide", rang, "JournalCode", journal)
            journal, doute = precedente[0], True
        if not numero.strip():
            self._dire("champ_vide", rang, "EcritureNum", numero)
            numero, doute = precedente[2], True
        return doute, [journal, libelle, numero]

    def _compte(self, valeurs: list[bytes], rang: int) -> None:
        compte, aux, aux_libelle = valeurs[COMPTE], valeurs[AUX].strip(), valeurs[AUX_LIB].strip()
        if not compte.strip():
            if not self._structure.tresorerie:
                self._dire("champ_vide", rang, "CompteNum", compte)
        elif compte[:1] == b"9" and compte[:3].isdigit() and len(compte) > 2:
            self._dire("compte_classe_9", rang, "CompteNum", compte)
        elif not COMPTE_FORME.match(compte):
            self._dire("compte_invalide", rang, "CompteNum", compte)
        if aux and not aux_libelle:
            self._dire("auxiliaire_sans_libelle", rang, "CompAuxLib", valeurs[AUX])
        if aux_libelle and not aux:
            self._dire("auxiliaire_sans_numero", rang, "CompAuxNum", valeurs[AUX_LIB])

    def _dates(self, valeurs: list[bytes], rang: int) -> bytes:
        """EcritureDate when it is a real day, else empty."""
        jour = valeurs[DATE]
        if not self._jour(valeurs, DATE, rang):
            jour = b""
        elif self._nom.cloture and jour not in self.jours.permis:
            code = "date_apres_cloture" if self.jours.trop_tard(jour) else "date_trop_ancienne"
            self._dire(code, rang, "EcritureDate", jour, cloture=f"{self._nom.cloture:%d/%m/%Y}")
        self._jour(valeurs, PIECE_DATE, rang)
        if self._jour(valeurs, VALIDATION, rang) and jour > valeurs[VALIDATION]:
            self._dire("validation_avant_ecriture", rang, "ValidDate", valeurs[VALIDATION])
        if valeurs[DATE_LETTRE].strip():
            self._jour(valeurs, DATE_LETTRE, rang)
            if not valeurs[LETTRE].strip():
                self._dire("lettrage_sans_code", rang, "EcritureLet", valeurs[DATE_LETTRE])
        return jour

    def _jour(self, valeurs: list[bytes], colonne: int, rang: int) -> bool:
        valeur = valeurs[colonne]
        if valeur.strip() and self.jours.apprendre({valeur}):
            return True
        self._dire("date_invalide" if valeur.strip() else "champ_vide", rang, self._structure.noms[colonne], valeur)
        return False

    def _facultatifs(self, valeurs: list[bytes], rang: int) -> None:
        montant, devise = valeurs[DEVISE_MONTANT].strip(), valeurs[DEVISE].strip()
        if devise and not DEVISE_FORME.fullmatch(devise):
            self._dire("devise_inconnue", rang, "Idevise", valeurs[DEVISE])
        if montant:
            lu = MONTANT.fullmatch(montant)
            if not lu or not (lu[2] or lu[4]):
                self._dire("montant_illisible", rang, "Montantdevise", valeurs[DEVISE_MONTANT])
            elif not devise and (lu[2] + (lu[4] or b"")).strip(b"0"):
                self._dire("devise_sans_code", rang, "Idevise", valeurs[DEVISE_MONTANT])
        if self._structure.tresorerie:
            if not valeurs[REGLEMENT].strip():
                self._dire("reglement_vide", rang, "DateRglt", valeurs[REGLEMENT])
            else:
                self._jour(valeurs, REGLEMENT, rang)
            if not valeurs[MODE].strip():
                self._dire("reglement_vide", rang, "ModeRglt", valeurs[MODE])

    def _sommes(self, valeurs: list[bytes], rang: int) -> tuple[int, int, bool]:
        """Debit, debit + credit, and whether one of them could not be read."""
        noms = self._structure.noms
        premier = self._montants.lire(valeurs[DEBIT], rang, noms[DEBIT], self._texte(valeurs[DEBIT]))
        if self._structure.sens:
            debiteur = self._montants.lire_sens(valeurs[CREDIT], rang, self._texte(valeurs[CREDIT]))
            debit, credit = (premier, 0) if debiteur else (0, premier)
            lisible = debiteur is not None
            vide = not valeurs[DEBIT].strip()
        else:
            debit, credit = premier, self._montants.lire(valeurs[CREDIT], rang, "Credit", self._texte(valeurs[CREDIT]))
            lisible, vide = True, not (valeurs[DEBIT].strip() or valeurs[CREDIT].strip())
        if vide:
            self._dire("champ_vide", rang, noms[DEBIT], b"")
        elif debit and credit:
            self._dire("debit_et_credit", rang, noms[CREDIT], valeurs[DEBIT] + b" / " + valeurs[CREDIT])
        elif debit == 0 == credit:
            self._dire("montants_nuls", rang, noms[DEBIT], valeurs[DEBIT])
        lisible = lisible and not vide and debit is not None and credit is not None
        return debit or 0, (debit or 0) + (credit or 0), not lisible
