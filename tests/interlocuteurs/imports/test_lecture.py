"""Reading a spreadsheet: encodings, shapes, and every trap refused in French; what could harm, in its own process."""

from __future__ import annotations

import random
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from tests.interlocuteurs.imports.tableurs import FEUILLE, ecrire, recoudre, texte_csv, xlsx

LIGNE = ("zoe@tpe.example", "Lévêque", "Zoé", "06 12 34 56 78", "DEMO1", "start")


def lus(chemin, nom=None):
    """Facts and rows (number, cells, marks) of a file."""
    from interlocuteurs.imports.lecteur import lire

    with lire(chemin, nom or chemin.name) as lecture:
        return lecture.faits, [(ligne.numero, ligne.cellules, ligne.marques) for ligne in lecture.lignes]


def refus(chemin, nom=None):
    """The three parts of the refusal of a file."""
    from dossiers.services.erreurs import ActionImpossible

    with pytest.raises(ActionImpossible) as exc:
        lus(chemin, nom)
    parties = (exc.value.constat, exc.value.cause, exc.value.remede)
    assert all(parties), "a refusal has three parts"
    return " ".join(parties)


# --- CSV ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("debut", "encodage", "nom"),
    [
        pytest.param(b"", "utf-8", "utf-8", id="utf-8"),
        pytest.param(b"", "utf-8-sig", "utf-8-sig", id="utf-8-bom"),
        pytest.param(b"", "cp1252", "cp1252", id="windows-1252"),
        pytest.param(b"\xff\xfe", "utf-16-le", "utf-16", id="utf-16-le"),
        pytest.param(b"\xfe\xff", "utf-16-be", "utf-16", id="utf-16-be"),
    ],
)
@pytest.mark.parametrize("separateur", [";", ",", "\t"])
def test_chaque_encodage_et_chaque_separateur(lecture_ici, tmp_path, debut, encodage, nom, separateur):
    contenu = debut + texte_csv(LIGNE, separateur=separateur).encode(encodage)
    faits, lignes = lus(ecrire(tmp_path, "a.csv", contenu))
    assert faits == {"encodage": nom, "separateur": separateur}
    assert lignes[1] == (2, list(LIGNE), {})


def test_les_lignes_ont_le_numero_que_montre_un_tableur(tmp_path):
    contenu = 'E-mail;Nom\r\n\r\n"a@b.example";"Le ""Grand""\r\nTroisième"\r\nc@d.example;Rien;;\r\n;;\r\n'
    _, lignes = lus(ecrire(tmp_path, "a.csv", contenu))
    assert [(numero, cellules) for numero, cellules, _ in lignes] == [
        (1, ["E-mail", "Nom"]),
        (3, ["a@b.example", 'Le "Grand"\r\nTroisième']),
        (4, ["c@d.example", "Rien"]),
    ]


def test_le_separateur_ne_se_laisse_pas_tromper_par_les_virgules_des_textes(lecture_ici, tmp_path):
    contenu = "Nom;Adresse;Ville\r\n" + "Dupont;1, rue des Lilas, bât. B;Lyon\r\n" * 20
    faits, lignes = lus(ecrire(tmp_path, "a.csv", contenu))
    assert faits["separateur"] == ";"
    assert len(lignes[5][1]) == 3


def test_le_separateur_annonce_a_la_maniere_d_excel(lecture_ici, tmp_path):
    faits, lignes = lus(ecrire(tmp_path, "a.csv", "sep=,\r\nNom,Ville\r\nDupont;Martin,Lyon\r\n"))
    assert faits["separateur"] == ","
    assert lignes[1][:2] == (2, ["Dupont;Martin", "Lyon"])


def test_un_octet_nul_est_montre_et_non_garde(lecture_ici, tmp_path):
    _, lignes = lus(ecrire(tmp_path, "a.csv", b"Nom;Ville\r\nDu\x00pont;Lyon\r\n"))
    assert lignes[1][1] == ["Du␀pont", "Lyon"]


def au_hasard() -> bytes:
    return random.Random(4).randbytes(5000)


@pytest.mark.parametrize(
    ("contenu", "attendu"),
    [
        pytest.param(b"", "aucune ligne", id="vide"),
        pytest.param(b"\r\n;;\r\n  \r\n", "aucune ligne", id="blancs"),
        pytest.param(au_hasard(), "pas un tableau", id="binaire"),
        pytest.param("Nom;Ville\r\nZoé;Lyon".encode("utf-16-le"), "pas un tableau", id="utf-16-sans-marque"),
        pytest.param(b"\xff\xfeN\x00o\x00\x00\xd8", "encodage", id="utf-16-tronque"),
        pytest.param(b"Nom;Ville\r\n\x81\x8d;x\r\n", "encodage", id="encodage-inconnu"),
        pytest.param("Nom;Ville\r\nZoé;Lyon".encode("utf-32"), "encodage", id="utf-32"),
        pytest.param("Nom;Ville\r\n" + "x" * 10_000_000 + ";y\r\n", "ligne 2 a une cellule", id="cellule-de-10-mo"),
        pytest.param('Nom;Ville\r\na;b\r\n"c;d\r\ne;f\r\n', "ligne 3, un guillemet", id="guillemet-ouvert"),
        pytest.param('Nom;Ville\r\n"a"b;c\r\n', "ligne 2, un guillemet", id="texte-apres-guillemet"),
        pytest.param("Nom;Ville\r\n" + ";" * 150 + "x\r\n", "ligne 2 compte plus de 100 colonnes", id="colonnes"),
        pytest.param("Nom;Ville\r\n" + "a;b\r\n" * 20_011, "plus de 20000 lignes", id="lignes"),
        pytest.param(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "ancien classeur", id="xls-renomme"),
        pytest.param(b"%PDF-1.7\n\x00\x01\x02\x03\x04" + bytes(200), "pas un tableau", id="pdf-renomme"),
    ],
)
def test_un_csv_impossible_est_refuse(lecture_ici, tmp_path, contenu, attendu):
    assert attendu in refus(ecrire(tmp_path, "a.csv", contenu))


@pytest.mark.parametrize("nom", ["a.ods", "a.pdf", "a.xlsm", "sans-extension", "a." + "x" * 300])
def test_une_autre_extension_est_refusee(lecture_ici, tmp_path, nom):
    assert "ne s’importent pas" in refus(ecrire(tmp_path, "a", texte_csv(LIGNE)), nom)


# --- XLSX --------------------------------------------------------------------------------------------------------


def test_un_classeur_donne_le_texte_des_cellules(lecture_ici, tmp_path):
    chemin = tmp_path / "a.xlsx"
    with xlsxwriter.Workbook(chemin) as classeur:
        feuille = classeur.add_worksheet("Contacts")
        classeur.add_worksheet("Autre")
        zeros = classeur.add_format({"num_format": "000000"})
        jour = classeur.add_format({"num_format": "dd/mm/yyyy"})
        feuille.write_row(0, 0, ["E-mail", "Nom"])
        feuille.write_row(2, 0, ["a@b.example", 612345678, 6.5, True])
        feuille.write_number(2, 4, 44212, zeros)
        feuille.write_datetime(2, 5, datetime(2026, 11, 22), jour)
        feuille.write_formula(3, 0, '=A3&"x"')
        feuille.write_string(3, 1, "=texte")
        feuille.write_formula(4, 0, "=1/0", value="#DIV/0!")
    faits, lignes = lus(chemin)
    assert faits == {"feuille": "Contacts", "feuilles_ignorees": 1}
    assert lignes == [
        (1, ["E-mail", "Nom"], {}),
        (3, ["a@b.example", "612345678", "6,5", "oui", "044212", "22/11/2026"], {}),
        (4, ['=A3&"x"', "=texte"], {0: "formule"}),
        (5, ["=1/0"], {0: "formule"}),
    ]


ENTITES = (
    '<?xml version="1.0"?><!DOCTYPE sst [<!ENTITY a "aaaaaaaaaa">'
    + "".join(f'<!ENTITY {chr(98 + rang)} "{f"&{chr(97 + rang)};" * 10}">' for rang in range(9))
    + "]><sst><si><t>&j;</t></si></sst>"
)
TEXTE = '<c r="{}" t="inlineStr"><is><t>{}</t></is></c>'
FEUILLE_1 = "xl/worksheets/sheet1.xml"


def remplace(tmp_path, partie, contenu):
    """An ordinary workbook, one part of which is this."""
    return recoudre(xlsx(tmp_path, "a.xlsx", ["E-mail", "Nom"], ["a@b.example", "Dupont"]), partie, contenu)


@pytest.mark.parametrize(
    ("partie", "contenu", "attendu"),
    [
        pytest.param("xl/sharedStrings.xml", ENTITES, "définitions qu’aucun tableur", id="bombe-d-entites"),
        pytest.param(
            FEUILLE_1,
            FEUILLE.format(f'<row r="99999999999">{TEXTE.format("A99999999999", "x")}</row>'),
            "abîmé",
            id="ligne-impossible",
        ),
    ],
)
def test_un_classeur_piege_est_refuse(tmp_path, partie, contenu, attendu):
    assert attendu in refus(remplace(tmp_path, partie, contenu))


@pytest.mark.parametrize(
    ("partie", "contenu", "attendu"),
    [
        pytest.param(
            FEUILLE_1,
            FEUILLE.format(f'<row r="1">{TEXTE.format("A1", "x" * 100_000)}</row>'),
            "ligne 1 a une cellule",
            id="cellule-demesuree",
        ),
        pytest.param(
            FEUILLE_1,
            FEUILLE.format(f'<row r="1">{TEXTE.format("ZZZZZZ1", "x")}</row>'),
            "abîmé",
            id="colonne-impossible",
        ),
        pytest.param(FEUILLE_1, "<worksheet><sheetData>", "abîmé", id="xml-tronque"),
        pytest.param("xl/workbook.xml", "ceci n’est pas du XML", "abîmé", id="pas-du-xml"),
    ],
)
def test_un_classeur_abime_est_refuse(lecture_ici, tmp_path, partie, contenu, attendu):
    assert attendu in refus(remplace(tmp_path, partie, contenu))


def test_une_bombe_zip_est_refusee_sans_etre_depliee(lecture_ici, tmp_path, monkeypatch):
    monkeypatch.setattr("interlocuteurs.imports.defenses.DEPLIE_MAX", 2**20)
    assert "place démesurée" in refus(remplace(tmp_path, FEUILLE_1, " " * 2**21))


def test_un_classeur_tronque_est_refuse(lecture_ici, tmp_path):
    chemin = xlsx(tmp_path, "a.xlsx", ["E-mail"], ["a@b.example"])
    chemin.write_bytes(chemin.read_bytes()[:2500])
    assert "abîmé" in refus(chemin)


def test_l_extension_doit_dire_vrai(lecture_ici, tmp_path):
    classeur = xlsx(tmp_path, "a.xlsx", ["E-mail"], ["a@b.example"])
    assert "pas celui d’un fichier « .csv »" in refus(classeur, "contacts.csv")
    assert "pas celui d’un fichier « .xlsx »" in refus(ecrire(tmp_path, "b.csv", texte_csv(LIGNE)), "contacts.XLSX")


@pytest.mark.epreuve
def test_un_lecteur_qui_prend_trop_de_memoire_est_arrete(tmp_path, settings):
    settings.IMPORT = settings.IMPORT | {"memoire": 64 * 2**20}
    textes = "".join(f"<si><t>{rang:030000d}</t></si>" for rang in range(2_000))
    sst = f'<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">{textes}</sst>'
    chemin = remplace(tmp_path, "xl/sharedStrings.xml", sst)
    assert "trop de mémoire" in refus(chemin)
    settings.IMPORT = settings.IMPORT | {"memoire": 512 * 2**20}
    assert len(lus(chemin)[1]) == 2, "the ceiling on memory is what stopped it"


@pytest.mark.epreuve
def test_un_lecteur_trop_lent_est_arrete(tmp_path, settings):
    settings.IMPORT = settings.IMPORT | {"secondes": 1}
    rangees = "".join(f'<row r="{rang}">{TEXTE.format(f"A{rang}", "x")}</row>' for rang in range(1, 400_000))
    chemin = remplace(tmp_path, FEUILLE_1, FEUILLE.format(rangees))
    settings.IMPORT = settings.IMPORT | {"lignes": 1_000_000}
    assert "trop de mémoire ou de temps" in refus(chemin)


def test_le_lecteur_ne_charge_pas_django_et_n_a_aucun_secret(tmp_path):
    """A hostile file that takes hold of its reader finds neither settings nor environment."""
    essai = (
        "import sys, os; sys.argv = ['x', 'a.csv', 'csv', "
        '\'{"lignes": 9, "colonnes": 9, "memoire": 536870912, "secondes": 9}\']\n'
        "import interlocuteurs.imports.lecture as lecture\n"
        "lecture.main(sys.argv[1:])\n"
        "charges = {nom for nom in sys.modules if nom.split('.')[0] in {'django', 'config', 'dossiers'}}\n"
        "assert charges == {'dossiers', 'dossiers.bornes'}, charges\n"
    )
    ecrire(tmp_path, "a.csv", texte_csv(LIGNE))
    racine = Path(__file__).resolve().parents[3]
    fait = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(racine)!r})\n{essai}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={},
        check=False,
    )
    assert (fait.returncode, fait.stderr) == (0, "")
    assert '"fin"' in fait.stdout
