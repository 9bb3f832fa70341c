"""The check in its own process: its limits, what it refuses quickly, and files for importPerso."""

import io
import time
import tracemalloc

import pytest

from dossiers.ecritures import controle
from dossiers.ecritures.controle import Limites, controler
from dossiers.ecritures.fec import controler_fec
from dossiers.ecritures.personnalise import controler_perso
from dossiers.ecritures.rapport import Gravite
from tests.dossiers.ecritures import corpus

LIMITES = {"memoire": 256 * 2**20, "secondes": 30}
MIO = 2**20


@pytest.fixture
def deposer(tmp_path):
    def deposer(octets, nom="depot"):
        chemin = tmp_path / nom
        chemin.write_bytes(octets)
        return chemin

    return deposer


def test_le_processus_rend_le_rapport_du_fichier(deposer):
    fichier = corpus.Fichier()
    rapport = controler(deposer(fichier.octets()), "fec", fichier.nom, **LIMITES)
    assert rapport == controler_fec(io.BytesIO(fichier.octets()), fichier.nom)
    assert rapport.envoyable


def test_les_limites_sont_celles_des_reglages(deposer, settings):
    settings.ECRITURES = settings.ECRITURES | {"secondes": 7, "memoire": 200 * MIO}
    assert controler(deposer(corpus.Fichier().octets()), "fec", corpus.NOM).envoyable


def test_un_genre_inconnu_est_une_erreur_du_programme(deposer):
    with pytest.raises(ValueError, match="genre inconnu"):
        controler(deposer(b"x"), "tra", "x.tra", **LIMITES)


def test_un_fichier_absent_le_dit(tmp_path):
    rapport = controler(tmp_path / "rien", "fec", corpus.NOM, **LIMITES)
    assert (rapport.refus, rapport.envoyable) == ("introuvable", False)


@pytest.mark.parametrize("genre", ["fec", "perso"])
def test_deux_gibioctets_de_zeros_sont_refuses_sans_etre_lus(tmp_path, genre):
    chemin = tmp_path / "zeros"
    with chemin.open("wb") as fichier:
        fichier.truncate(2 * 2**30)
    depart = time.monotonic()
    rapport = controler(chemin, genre, corpus.NOM, **LIMITES)
    assert rapport.refus == "binaire"
    assert rapport.taille <= MIO
    assert time.monotonic() - depart < 10


def test_une_ligne_sans_fin_est_refusee_en_memoire_bornee(tmp_path):
    chemin = tmp_path / "sans_fin"
    with chemin.open("wb") as fichier:
        fichier.writelines(_propre(3000))
        fichier.truncate(2 * 2**30)
    rapport = controler(chemin, "fec", corpus.NOM, **LIMITES)
    assert (rapport.refus, rapport.constats[0].ligne) == ("ligne_longue", 3002)


@pytest.mark.epreuve
def test_un_controle_trop_long_est_arrete(tmp_path):
    chemin = tmp_path / "fec"
    with chemin.open("wb") as fichier:
        for bloc in _propre(200_000):
            fichier.write(bloc.replace(b"P0", b'"P0'))
    rapport = controler(chemin, "fec", corpus.NOM, memoire=256 * MIO, secondes=1)
    assert rapport.refus == "temps"
    assert "a dépassé 1 secondes" in rapport.constats[0].message


@pytest.mark.parametrize(("fin", "code"), [("sys.exit(3)", "arret"), ("os.kill(os.getpid(), 9)", "arret")])
def test_un_processus_mort_donne_un_refus(deposer, monkeypatch, tmp_path, fin, code):
    paquet = tmp_path / "dossiers" / "ecritures"
    paquet.mkdir(parents=True)
    (paquet / "controle.py").write_text(f"import os, sys\nprint('du bruit')\n{fin}\n")
    monkeypatch.setattr(controle, "RACINE", tmp_path)
    rapport = controler(deposer(b"x"), "fec", corpus.NOM, **LIMITES)
    assert (rapport.refus, rapport.genre, rapport.nom_fichier) == (code, "fec", corpus.NOM)


def test_la_memoire_manquante_est_dite(deposer, monkeypatch):
    def deborder(*_):
        raise MemoryError

    monkeypatch.setattr(controle, "controler_fec", deborder)
    limites = Limites(genre="fec", nom=corpus.NOM, **LIMITES)
    assert controle.controler_ici(deposer(b"x"), limites).refus == "memoire"


def test_le_processus_n_a_ni_environnement_ni_django(deposer, monkeypatch, tmp_path):
    monkeypatch.setenv("SECRET_KEY", "secret-invente")
    paquet = tmp_path / "dossiers" / "ecritures"
    paquet.mkdir(parents=True)
    (paquet / "controle.py").write_text("import os, pathlib\npathlib.Path('vu').write_text(repr(dict(os.environ)))\n")
    monkeypatch.setattr(controle, "RACINE", tmp_path)
    controler(deposer(b"x"), "fec", corpus.NOM, **LIMITES)
    vu = (tmp_path / "vu").read_text()
    assert "secret-invente" not in vu
    assert "PYTHONHASHSEED" in vu


@pytest.mark.epreuve
def test_une_ecriture_fausse_parmi_trente_mille_lignes_est_trouvee_en_memoire_bornee(tmp_path):
    chemin = tmp_path / "fec"
    fautive = 21_001
    with chemin.open("wb") as fichier:
        for rang, bloc in enumerate(_propre(30_000)):
            depart = 2 + 3 * 1000 * rang
            if depart <= fautive < depart + 3000:
                lignes = bloc.split(b"\n")
                champs = lignes[fautive - depart].split(b"\t")
                champs[11 if champs[11] != b"0,00" else 12] = b"0,01"
                lignes[fautive - depart] = b"\t".join(champs)
                bloc = b"\n".join(lignes)
            fichier.write(bloc)
    tracemalloc.start()
    with chemin.open("rb", buffering=0) as fichier:
        rapport = controler_fec(fichier, corpus.NOM)
    pointe = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    [constat] = [constat for constat in rapport.constats if constat.gravite is Gravite.BLOQUANT]
    assert (constat.code, constat.ligne) == ("ecriture_desequilibree", fautive - (fautive - 2) % 3)
    assert (rapport.lignes, rapport.ecritures) == (30_000, 10_000)
    assert pointe < 20 * MIO


def _propre(lignes):
    """The header and at least `lignes` clean lines, by blocks of a thousand entries, numbered in the whole file."""
    modele = corpus.Fichier(lignes=list(corpus.lignes_propres(1000)), fin="\n")
    for rang in range(-(-lignes // 3000)):
        for cellules in modele.lignes:
            cellules[2] = str(int(cellules[2]) + 1000 * bool(rang))
            cellules[8] = f"P{cellules[2]:0>8}"
        octets = modele.octets()
        yield octets if not rang else octets.partition(b"\n")[2]


# --- importPerso -------------------------------------------------------------------------------------------------


def perso(octets, nom="modele.csv"):
    return controler_perso(io.BytesIO(octets), nom)


@pytest.mark.parametrize("separateur", [";", ",", "\t", "|"])
def test_un_fichier_personnalise_n_est_juge_que_sur_sa_forme(separateur):
    lignes = [["Date", "Compte", "Libellé", "Montant"], ["1/1/25", "ABC", "é", "12.5"], ["", "", "", "x"]]
    octets = "".join(separateur.join(ligne) + "\n" for ligne in lignes).encode()
    rapport = perso(octets)
    assert rapport.envoyable
    assert rapport.constats == ()
    assert (rapport.separateur, rapport.lignes, rapport.variante, rapport.encodage) == (separateur, 3, "4", "UTF-8")
    assert (rapport.taille, rapport.genre) == (len(octets), "perso")


def test_un_nombre_de_colonnes_qui_varie_est_une_information_a_sa_ligne():
    rapport = perso(b'a;b;c\n1;2;3\n"x;y";2;3\n1;2\n')
    assert [(c.code, c.ligne, c.gravite) for c in rapport.constats] == [("colonnes_variables", 4, Gravite.INFORMATION)]


@pytest.mark.parametrize(
    "nom", ["fichier vide", "binaire", "zip", "gzip", "xlsx", "ancien classeur", "pdf", "utf-16", "chemin dans le nom"]
)
def test_un_fichier_personnalise_refuse(nom):
    [defaut] = [defaut for defaut in corpus.DEFAUTS if defaut.nom == nom]
    fichier = corpus.Fichier()
    defaut.abimer(fichier)
    rapport = perso(fichier.octets(), fichier.nom)
    assert rapport.refus == defaut.code


def test_un_fichier_personnalise_d_encodages_melanges():
    rapport = perso("é;1\n".encode() + "é;1\n".encode("cp1252"))
    assert [(c.code, c.ligne) for c in rapport.constats] == [("encodages_melanges", 2)]


def test_un_fichier_personnalise_sans_separateur():
    assert (perso(b"M VT 010125\nM VT 020125\n").separateur, perso(b"abc\n").lignes) == ("", 1)
