"""FEC files made for tests and measures: clean ones, and clean ones with one defect each. All invented."""

from __future__ import annotations

import gzip
import io
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from dossiers.ecritures.entete import OFFICIELLES

#: Fictitious SIREN with a right key.
SIREN = "732829320"
NOM = f"{SIREN}FEC20251231.txt"
ENTETE = list(OFFICIELLES)
JOURNAUX = {"AC": "Achats", "VT": "Ventes", "BQ": "Banque de l’Étang"}
COMPTES = {
    "VT": (("411000", "Clients"), ("707000", "Ventes de marchandises"), ("445710", "TVA collectée")),
    "AC": (("401000", "Fournisseurs"), ("607000", "Achats de marchandises"), ("445660", "TVA déductible")),
    "BQ": (("512000", "Banque"), ("411000", "Clients"), ("627000", "Services bancaires")),
}
ENTREES = 40


@dataclass(slots=True)
class Fichier:
    """A FEC as cells, then as bytes."""

    entete: list[str] = field(default_factory=lambda: list(ENTETE))
    lignes: list[list[str]] = field(default_factory=lambda: list(lignes_propres(ENTREES)))
    separateur: str = "\t"
    encodage: str = "utf-8"
    fin: str = "\r\n"
    nom: str = NOM
    transformer: Callable[[bytes], bytes] = bytes

    def octets(self) -> bytes:
        rangees = (self.separateur.join(cellules) + self.fin for cellules in (self.entete, *self.lignes))
        return self.transformer("".join(rangees).encode(self.encodage))

    def ligne(self, numero: int) -> list[str]:
        """Cells of a line by its number in the file, where the header is 1."""
        return self.lignes[numero - 2]

    def poser(self, numero: int, colonne: str, valeur: str) -> None:
        self.ligne(numero)[self.entete.index(colonne)] = valeur

    def poser_partout(self, colonne: str, regle: Callable[[str], str]) -> None:
        place = self.entete.index(colonne)
        for cellules in self.lignes:
            cellules[place] = regle(cellules[place])


def montant(centimes: int) -> str:
    return f"{centimes // 100},{centimes % 100:02d}"


def lignes_propres(entrees: int) -> Iterator[list[str]]:
    """Three lines an entry, one entry after another, numbered in the whole file; the first is line 2 of the file."""
    for rang in range(1, entrees + 1):
        code = list(JOURNAUX)[rang % 3]
        jour = f"2025{1 + (rang - 1) * 12 // entrees:02d}{1 + rang % 28:02d}"
        net = 10_000 + 37 * rang
        taxe = net // 5
        premier_au_debit = code != "AC"
        for place, (compte, libelle) in enumerate(COMPTES[code]):
            somme = (net + taxe, net, taxe)[place]
            au_debit = premier_au_debit == (place == 0)
            tiers = compte[:2] in {"40", "41"}
            yield [
                code,
                JOURNAUX[code],
                str(rang),
                jour,
                compte,
                libelle,
                f"T{rang % 7}" if tiers else "",
                f"Tiers inventé {rang % 7}" if tiers else "",
                f"P{rang:05d}",
                jour,
                f"Pièce n° {rang} réglée",
                montant(somme) if au_debit else "0,00",
                "0,00" if au_debit else montant(somme),
                "AA" if tiers and rang % 2 else "",
                jour if tiers and rang % 2 else "",
                jour,
                "",
                "",
            ]


@dataclass(frozen=True, slots=True)
class Defaut:
    """One defect: its code, its line in the file (None for the whole file), and how a clean file is spoiled."""

    nom: str
    code: str
    ligne: int | None
    abimer: Callable[[Fichier], None]


#: Lines 80, 81 and 82 are entry 27, a purchase: 401 at the credit, then 607 and 445660 at the debit.
A, B, C = 80, 81, 82


def _cellule(ligne: int, colonne: str, valeur: str) -> Callable[[Fichier], None]:
    return lambda fichier: fichier.poser(ligne, colonne, valeur)


def _entree(colonne: str, valeur: str) -> Callable[[Fichier], None]:
    def abimer(fichier: Fichier) -> None:
        for ligne in (A, B, C):
            fichier.poser(ligne, colonne, valeur)

    return abimer


def _octets(transformer: Callable[[bytes], bytes]) -> Callable[[Fichier], None]:
    def abimer(fichier: Fichier) -> None:
        fichier.transformer = transformer

    return abimer


def _attributs(**valeurs: object) -> Callable[[Fichier], None]:
    def abimer(fichier: Fichier) -> None:
        for nom, valeur in valeurs.items():
            setattr(fichier, nom, valeur)

    return abimer


def _zip(nom: str) -> Callable[[bytes], bytes]:
    def emballer(octets: bytes) -> bytes:
        tampon = io.BytesIO()
        with zipfile.ZipFile(tampon, "w") as archive:
            archive.writestr(nom, octets)
        return tampon.getvalue()

    return emballer


def _sans_colonne(nom: str) -> Callable[[Fichier], None]:
    def abimer(fichier: Fichier) -> None:
        place = fichier.entete.index(nom)
        for cellules in (fichier.entete, *fichier.lignes):
            del cellules[place]

    return abimer


def _echanger_colonnes(fichier: Fichier) -> None:
    un, deux = fichier.entete.index("PieceRef"), fichier.entete.index("PieceDate")
    for cellules in (fichier.entete, *fichier.lignes):
        cellules[un], cellules[deux] = cellules[deux], cellules[un]


def _colonne_en_double(fichier: Fichier) -> None:
    for cellules in (fichier.entete, *fichier.lignes):
        cellules.append(cellules[0])


def _remplacer_ligne(numero: int, ligne: bytes) -> Callable[[Fichier], None]:
    def transformer(octets: bytes) -> bytes:
        toutes = octets.split(b"\r\n")
        toutes[numero - 1] = ligne
        return b"\r\n".join(toutes)

    return _octets(transformer)


def _recoder_ligne(fichier: Fichier, encodage: str) -> None:
    texte = "\t".join(fichier.ligne(A))
    _remplacer_ligne(A, texte.encode(encodage))(fichier)


def _latin_puis_utf8(fichier: Fichier) -> None:
    fichier.poser_partout("JournalLib", lambda valeur: valeur.replace("’", "'"))
    fichier.encodage = "iso8859-15"
    _recoder_ligne(fichier, "utf-8")


def _inserer(place: int, *lignes: list[str]) -> Callable[[Fichier], None]:
    def abimer(fichier: Fichier) -> None:
        fichier.lignes[place - 2 : place - 2] = [list(ligne) for ligne in lignes]

    return abimer


def _debit_et_credit(fichier: Fichier) -> None:
    fichier.poser(A, "Debit", "5,00")
    valeur = fichier.ligne(A)[12]
    fichier.poser(A, "Credit", montant(int(valeur.replace(",", "")) + 500))


def _nuls(fichier: Fichier) -> None:
    taxe = int(fichier.ligne(C)[11].replace(",", ""))
    fichier.poser(B, "Debit", montant(int(fichier.ligne(B)[11].replace(",", "")) + taxe))
    fichier.poser(C, "Debit", "0,00")


def _eclater(fichier: Fichier) -> None:
    ligne = fichier.lignes.pop(C - 2)
    fichier.lignes.insert(C + 3 - 2, ligne)


def _doubler_ligne(fichier: Fichier) -> None:
    fichier.lignes.insert(C - 2, list(fichier.ligne(B)))
    net = int(fichier.ligne(B)[11].replace(",", ""))
    fichier.poser(A, "Credit", montant(int(fichier.ligne(A)[12].replace(",", "")) + net))


def _doubler_ecriture(fichier: Fichier) -> None:
    for numero in (A, B, C):
        copie = list(fichier.ligne(numero))
        copie[2] = str(ENTREES + 1)
        fichier.lignes.append(copie)


def _retirer_ecriture(fichier: Fichier) -> None:
    del fichier.lignes[A - 2 : C - 1]


def _echanger_ecritures(fichier: Fichier) -> None:
    fichier.lignes[A - 2 : A + 4] = fichier.lignes[A + 1 : A + 4] + fichier.lignes[A - 2 : A + 1]


def en_sens(fichier: Fichier, debit: str = "D", credit: str = "C") -> None:
    """Rewrite the amounts as Montant and Sens."""
    fichier.entete[11:13] = ["Montant", "Sens"]
    for cellules in fichier.lignes:
        au_debit = cellules[11] != "0,00"
        cellules[11:13] = [cellules[11] if au_debit else cellules[12], debit if au_debit else credit]


def _sens(ligne: int, valeur: str) -> Callable[[Fichier], None]:
    def abimer(fichier: Fichier) -> None:
        en_sens(fichier)
        fichier.poser(ligne, "Sens", valeur)

    return abimer


def en_tresorerie(fichier: Fichier, colonnes: int = 22) -> None:
    """Add the columns of a cash accounting."""
    ajouts = [("DateRglt", "20251230"), ("ModeRglt", "Virement"), ("NatOp", ""), ("IdClient", "C12")][: colonnes - 18]
    fichier.entete += [nom for nom, _ in ajouts]
    for cellules in fichier.lignes:
        cellules += [valeur for _, valeur in ajouts]


def _tresorerie(ligne: int, colonne: str, valeur: str) -> Callable[[Fichier], None]:
    def abimer(fichier: Fichier) -> None:
        en_tresorerie(fichier)
        fichier.poser(ligne, colonne, valeur)

    return abimer


def _deux(*gestes: Callable[[Fichier], None]) -> Callable[[Fichier], None]:
    def abimer(fichier: Fichier) -> None:
        for geste in gestes:
            geste(fichier)

    return abimer


def _vieillir(fichier: Fichier) -> None:
    _entree("EcritureDate", "20240610")(fichier)
    _entree("PieceDate", "20240610")(fichier)


DEFAUTS: tuple[Defaut, ...] = (
    # refusals
    Defaut("fichier vide", "vide", None, _octets(lambda _: b"")),
    Defaut("que des fins de ligne", "vide", None, _octets(lambda _: b"\r\n \r\n")),
    Defaut("binaire", "binaire", None, _octets(lambda octets: bytes(range(256)) * 40)),
    Defaut("zéros", "binaire", None, _octets(lambda _: bytes(100_000))),
    Defaut("zip", "archive", None, _octets(_zip("fec.txt"))),
    Defaut("gzip", "archive", None, _octets(gzip.compress)),
    Defaut("xlsx", "classeur", None, _octets(_zip("[Content_Types].xml"))),
    Defaut("ancien classeur", "classeur", None, _octets(lambda octets: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + octets)),
    Defaut("pdf", "pdf", None, _octets(lambda octets: b"%PDF-1.7\n" + octets)),
    Defaut("xml", "xml", None, _octets(lambda _: b'\xef\xbb\xbf<?xml version="1.0"?><comptabilite/>')),
    Defaut("utf-16", "utf16", None, _attributs(encodage="utf-16")),
    Defaut("utf-16 sans marque", "utf16", None, _attributs(encodage="utf-16-le")),
    Defaut("chemin dans le nom", "nom_chemin", None, _attributs(nom=f"../{NOM}")),
    Defaut("chemin Windows dans le nom", "nom_chemin", None, _attributs(nom=rf"C:\temp\{NOM}")),
    Defaut("nom à l’envers", "nom_chemin", None, _attributs(nom="fec\u202etxt.exe")),
    Defaut("points-virgules", "separateur", 1, _attributs(separateur=";")),
    Defaut("sans séparateur", "sans_separateur", 1, _attributs(separateur=" ")),
    Defaut("sans en-tête", "entete_absente", 1, _octets(lambda octets: octets.partition(b"\n")[2])),
    Defaut("sans ValidDate", "colonne_manquante", 1, _sans_colonne("ValidDate")),
    Defaut("sans Credit", "colonne_manquante", 1, _sans_colonne("Credit")),
    Defaut("ligne sans fin", "ligne_longue", 122, _octets(lambda octets: octets + b"x" * 200_000)),
    # name, header, form
    Defaut("SIREN faux", "nom_siren", None, _attributs(nom="732829321FEC20251231.txt")),
    Defaut("clôture impossible", "nom_date", None, _attributs(nom=f"{SIREN}FEC20251331.txt")),
    Defaut("autre nom", "nom_inconnu", None, _attributs(nom="export compta.txt")),
    Defaut("colonnes échangées", "colonnes_desordre", 1, _echanger_colonnes),
    Defaut("colonne en double", "colonne_en_double", 1, _colonne_en_double),
    Defaut("que l’en-tête", "sans_ecriture", 1, lambda fichier: fichier.lignes.clear()),
    Defaut("UTF-8 puis Windows-1252", "encodages_melanges", A, lambda fichier: _recoder_ligne(fichier, "cp1252")),
    Defaut("ISO 8859-15 puis UTF-8", "encodages_melanges", A, _latin_puis_utf8),
    Defaut("ligne vide", "ligne_vide", A, _inserer(A, [""])),
    Defaut("colonne de moins", "nombre_colonnes", B, lambda fichier: fichier.ligne(B).pop()),
    Defaut("colonne de plus", "nombre_colonnes", B, lambda fichier: fichier.ligne(B).insert(10, "à\ttort")),
    Defaut("ligne coupée en deux", "nombre_colonnes", B, _cellule(B, "EcritureLib", "coupé\r\nen deux")),
    Defaut("caractère de commande", "caractere_controle", B, _cellule(B, "EcritureLib", "son\x07nette")),
    Defaut("caractère nul", "caractere_nul", B, _cellule(B, "EcritureLib", "nu\x00l")),
    Defaut("guillemets", "guillemets", B, _cellule(B, "EcritureLib", '"Facture"')),
    # required values
    *(
        Defaut(f"{colonne} vide", "champ_vide", B, _cellule(B, colonne, ""))
        for colonne in ENTETE
        if colonne not in {"CompAuxNum", "CompAuxLib", "Debit", "Credit", "EcritureLet", "DateLet", "Montantdevise"}
        and colonne != "Idevise"
    ),
    Defaut("libellé d’espaces", "champ_vide", B, _cellule(B, "EcritureLib", "   ")),
    Defaut("débit et crédit vides", "champ_vide", B, _deux(_cellule(B, "Debit", ""), _cellule(B, "Credit", ""))),
    Defaut("EcritureNum vide en tête d’écriture", "champ_vide", A, _cellule(A, "EcritureNum", "")),
    # dates
    Defaut("30 février", "date_invalide", B, _cellule(B, "EcritureDate", "20250230")),
    Defaut("29 février 2025", "date_invalide", B, _cellule(B, "PieceDate", "20250229")),
    Defaut("date à la française", "date_invalide", B, _cellule(B, "PieceDate", "12/03/2025")),
    Defaut("mois 13", "date_invalide", B, _cellule(B, "ValidDate", "20251301")),
    Defaut(
        "lettrage le 31 avril", "date_invalide", A,
        _deux(_cellule(A, "EcritureLet", "B"), _cellule(A, "DateLet", "20250431")),
    ),
    Defaut(
        "après la clôture", "date_apres_cloture", A,
        _deux(_entree("EcritureDate", "20260103"), _entree("ValidDate", "20260103")),
    ),
    Defaut("trois ans avant", "date_trop_ancienne", A, _entree("EcritureDate", "20220103")),
    Defaut("exercice long", "exercice_long", None, _vieillir),
    Defaut(
        "période longue", "periode_longue", None,
        _deux(_attributs(nom="sans cloture.txt"), _entree("EcritureDate", "20221231")),
    ),
    Defaut("validée avant", "validation_avant_ecriture", B, _cellule(B, "ValidDate", "20250101")),
    Defaut("lettrage sans code", "lettrage_sans_code", B, _cellule(B, "DateLet", "20251001")),
    # accounts, currency
    Defaut("compte en lettres", "compte_invalide", B, _cellule(B, "CompteNum", "ACHAT")),
    Defaut("compte trop court", "compte_invalide", B, _cellule(B, "CompteNum", "60")),
    Defaut("compte de classe 0", "compte_invalide", B, _cellule(B, "CompteNum", "060700")),
    Defaut("compte analytique", "compte_classe_9", B, _cellule(B, "CompteNum", "922000")),
    Defaut("tiers sans nom", "auxiliaire_sans_libelle", B, _cellule(B, "CompAuxNum", "T9")),
    Defaut("tiers sans numéro", "auxiliaire_sans_numero", B, _cellule(B, "CompAuxLib", "Tiers")),
    Defaut("devise sans code", "devise_sans_code", B, _cellule(B, "Montantdevise", "12,00")),
    Defaut("code de devise faux", "devise_inconnue", B, _cellule(B, "Idevise", "euro")),
    Defaut(
        "montant en devise illisible", "montant_illisible", B,
        _deux(_cellule(B, "Montantdevise", "douze"), _cellule(B, "Idevise", "USD")),
    ),
    # amounts
    Defaut("montant en lettres", "montant_illisible", B, _cellule(B, "Debit", "cent")),
    Defaut("montant démesuré", "montant_illisible", B, _cellule(B, "Debit", "1234567890123,00")),
    Defaut("deux signes", "montant_illisible", B, _cellule(B, "Debit", "-12,00-")),
    Defaut("milliers avec espace", "montant_milliers", B, _cellule(B, "Debit", "1 234,00")),
    Defaut("milliers avec espace insécable", "montant_milliers", B, _cellule(B, "Debit", "1\u202f234,00")),
    Defaut("milliers avec point", "montant_milliers", B, _cellule(B, "Debit", "1.234,00")),
    Defaut("trois décimales", "montant_precision", B, _cellule(B, "Debit", "109,991")),
    Defaut(
        "point parmi des virgules", "montant_separateurs", B,
        lambda fichier: fichier.poser(B, "Debit", fichier.ligne(B)[11].replace(",", ".")),
    ),
    Defaut("débit et crédit", "debit_et_credit", A, _debit_et_credit),
    Defaut("ni débit ni crédit", "montants_nuls", C, _nuls),
    Defaut("sens inconnu", "sens_invalide", B, _sens(B, "X")),
    Defaut("sens vide", "champ_vide", B, _sens(B, "")),
    Defaut("sens de deux sortes", "sens_melange", B, _sens(B, "+1")),
    Defaut("règlement sans date", "reglement_vide", B, _tresorerie(B, "DateRglt", "")),
    Defaut("règlement sans mode", "reglement_vide", B, _tresorerie(B, "ModeRglt", "")),
    Defaut("date de règlement fausse", "date_invalide", B, _tresorerie(B, "DateRglt", "20251232")),
    # entries
    Defaut("écriture déséquilibrée", "ecriture_desequilibree", A, _cellule(B, "Debit", "0,01")),
    Defaut(
        "ligne d’un autre journal", "ecriture_plusieurs_journaux", B,
        _deux(_cellule(B, "JournalCode", "OD"), _cellule(B, "JournalLib", "Divers")),
    ),
    Defaut("deux dates", "ecriture_plusieurs_dates", B, _cellule(B, "EcritureDate", "20250901")),
    Defaut("écriture en deux morceaux", "ecriture_eclatee", C + 3, _eclater),
    Defaut("ligne en double", "ligne_double", C, _doubler_ligne),
    Defaut("écriture en double", "ecriture_double", 122, _doubler_ecriture),
    Defaut("écriture manquante", "numero_trou", A, _retirer_ecriture),
    Defaut("écritures échangées", "numero_desordre", A + 3, _echanger_ecritures),
)  # fmt: skip


def _point(fichier: Fichier) -> None:
    for colonne in ("Debit", "Credit"):
        fichier.poser_partout(colonne, lambda valeur: valeur.replace(",", "."))


def _negatif(bout: str) -> Callable[[Fichier], None]:
    def changer(fichier: Fichier) -> None:
        for numero in (A, B, C):
            cellules = fichier.ligne(numero)
            debit, credit = cellules[11:13]
            signer = {"gauche": "-{}", "droite": "{}-"}[bout].format
            cellules[11:13] = [
                signer(credit) if credit != "0,00" else "0,00",
                signer(debit) if debit != "0,00" else "0,00",
            ]

    return changer


def _par_journal(fichier: Fichier) -> None:
    derniers: dict[str, int] = {}
    connus: dict[tuple[str, str], str] = {}
    for cellules in fichier.lignes:
        cle = (cellules[0], cellules[2])
        if cle not in connus:
            derniers[cle[0]] = derniers.get(cle[0], 0) + 1
            connus[cle] = f"{cle[0]}-{derniers[cle[0]]:04d}"
        cellules[2] = connus[cle]


def _latin(fichier: Fichier) -> None:
    fichier.poser_partout("JournalLib", lambda valeur: valeur.replace("’", "'"))
    fichier.encodage = "iso8859-15"


def _entete_libre(fichier: Fichier) -> None:
    fichier.entete = [nom.upper().replace("DEBIT", "Débit") for nom in fichier.entete] + ["Analytique"]
    for cellules in fichier.lignes:
        cellules.append("")


def _entiers(fichier: Fichier) -> None:
    for cellules in fichier.lignes:
        cellules[11:13] = [valeur.replace(",", "") if valeur != "0,00" else "0" for valeur in cellules[11:13]]


def _une_decimale(fichier: Fichier) -> None:
    for colonne in ("Debit", "Credit"):
        fichier.poser_partout(colonne, lambda valeur: valeur.removesuffix("0").removesuffix(",0"))


def _zeros_vides(fichier: Fichier) -> None:
    for colonne in ("Debit", "Credit"):
        fichier.poser_partout(colonne, lambda valeur: valeur if valeur != "0,00" else "")


def _bissextile(fichier: Fichier) -> None:
    fichier.nom = f"{SIREN}FEC20241231.txt"
    for colonne in ("EcritureDate", "PieceDate", "DateLet", "ValidDate"):
        fichier.poser_partout(colonne, lambda valeur: valeur and "20240229")


def _dollars(fichier: Fichier) -> None:
    fichier.poser_partout("Montantdevise", lambda _: "12.345")
    fichier.poser_partout("Idevise", lambda _: "USD")


#: Name -> how the clean file is written otherwise, with nothing to correct in it.
PROPRES: dict[str, Callable[[Fichier], None]] = {
    "tabulations, CRLF, UTF-8": lambda fichier: None,
    "barres verticales": _attributs(separateur="|"),
    "fins LF": _attributs(fin="\n"),
    "fins CR": _attributs(fin="\r"),
    "sans dernière fin de ligne": _octets(lambda octets: octets.rstrip(b"\r\n")),
    "marque UTF-8": _attributs(encodage="utf-8-sig"),
    "Windows-1252": _attributs(encodage="cp1252"),
    "ISO 8859-15": _latin,
    "montant et sens D/C": en_sens,
    "montant et sens +1/-1": lambda fichier: en_sens(fichier, "+1", "-1"),
    "21 colonnes": lambda fichier: en_tresorerie(fichier, 21),
    "22 colonnes": en_tresorerie,
    "22 colonnes, montant et sens": _deux(en_sens, en_tresorerie),
    "points": _point,
    "zéros vides": _zeros_vides,
    "montants entiers": _entiers,
    "décimales inégales": _une_decimale,
    "signe à gauche": _negatif("gauche"),
    "signe à droite": _negatif("droite"),
    "numéros par journal": _par_journal,
    "en-tête en capitales et colonne de plus": _entete_libre,
    "devises": _dollars,
    "nom avec tirets": _attributs(nom=f"{SIREN}-FEC-20251231.csv"),
    "année bissextile": _bissextile,
}
