"""One-defect files, each found at its line and nothing else forbidden; clean files, of which nothing is said."""

import hashlib
import io

import pytest

from dossiers.ecritures.fec import controler_fec
from dossiers.ecritures.rapport import Gravite, Rapport
from dossiers.ecritures.textes import CONSTATS, REFUS
from tests.dossiers.ecritures import corpus


def controler(fichier, **options):
    return controler_fec(io.BytesIO(fichier.octets()), fichier.nom, **options)


@pytest.mark.parametrize("defaut", corpus.DEFAUTS, ids=lambda defaut: defaut.nom)
def test_un_defaut_est_trouve_a_sa_ligne_et_rien_d_autre_n_est_bloquant(defaut):
    fichier = corpus.Fichier()
    defaut.abimer(fichier)
    rapport = controler(fichier)
    assert (defaut.code, defaut.ligne) in [(constat.code, constat.ligne) for constat in rapport.constats]
    assert {nombre.code for nombre in rapport.nombres if nombre.gravite is Gravite.BLOQUANT} <= {defaut.code}
    assert bool(rapport.refus) == (defaut.code in REFUS)
    if defaut.code in REFUS:
        assert rapport.refus == defaut.code
        assert not rapport.envoyable


def test_le_corpus_compte_au_moins_soixante_defauts_et_toutes_les_sortes():
    assert len(corpus.DEFAUTS) >= 60
    codes = {defaut.code for defaut in corpus.DEFAUTS}
    # Said beside another finding, of a whole file, or by the process around the check: their own tests follow.
    ailleurs = {"journal_desequilibre", "fichier_desequilibre", "journaux_nombreux", "numerotation_absente"}
    formes = {"encodage_octets", "marque_utf8", "fins_de_ligne", "montant_point", "montant_signes", "entete_graphie"}
    formes |= {"colonne_supplementaire", "colonnes_variables"}
    assert codes | ailleurs | formes | {"introuvable", "memoire", "temps", "arret"} == CONSTATS.keys() | REFUS.keys()


@pytest.mark.parametrize("nom", corpus.PROPRES)
def test_un_fichier_propre_ne_donne_ni_blocage_ni_avertissement(nom):
    fichier = corpus.Fichier()
    corpus.PROPRES[nom](fichier)
    rapport = controler(fichier)
    assert [n for n in rapport.nombres if n.gravite is not Gravite.INFORMATION] == []
    assert rapport.envoyable
    assert (rapport.lignes, rapport.ecritures) == (3 * corpus.ENTREES, corpus.ENTREES)
    assert rapport.debit == rapport.credit


def test_le_resume_dit_ce_que_le_fichier_contient():
    rapport = controler(corpus.Fichier())
    net = sum(10_000 + 37 * rang for rang in range(1, corpus.ENTREES + 1))
    taxe = sum((10_000 + 37 * rang) // 5 for rang in range(1, corpus.ENTREES + 1))
    assert rapport.debit == rapport.credit == net + taxe
    assert (str(rapport.debut), str(rapport.fin)) == ("2025-01-02", "2025-12-13")
    assert (rapport.siren, str(rapport.cloture)) == (corpus.SIREN, "2025-12-31")
    assert (rapport.separateur, rapport.encodage, rapport.fin_de_ligne) == ("\t", "UTF-8", "CRLF")
    assert (rapport.variante, rapport.sens, len(rapport.colonnes)) == ("18", False, 18)
    assert {journal.code: journal.libelle for journal in rapport.journaux} == corpus.JOURNAUX
    assert sum(journal.lignes for journal in rapport.journaux) == rapport.lignes
    assert sum(mois.debit for mois in rapport.mois) == rapport.debit
    assert sum(mois.credit for mois in rapport.mois) == rapport.credit
    assert rapport.mois[0].mois == "2025-01"
    octets = corpus.Fichier().octets()
    assert (rapport.empreinte, rapport.taille) == (hashlib.sha256(octets).hexdigest(), len(octets))
    assert Rapport.depuis_json(rapport.en_json()) == rapport


@pytest.mark.parametrize(
    ("nom", "codes"),
    [
        ("marque UTF-8", {"marque_utf8"}),
        ("Windows-1252", {"encodage_octets"}),
        ("points", {"montant_point"}),
        ("en-tête en capitales et colonne de plus", {"entete_graphie", "colonne_supplementaire"}),
    ],
)
def test_ce_qui_est_admis_est_dit_en_information(nom, codes):
    fichier = corpus.Fichier()
    corpus.PROPRES[nom](fichier)
    assert {constat.code for constat in controler(fichier).constats} == codes


def test_les_fins_de_ligne_de_deux_sortes_sont_dites():
    fichier = corpus.Fichier()
    fichier.transformer = lambda octets: octets.replace(b"\r\n", b"\n", 5)
    assert [(constat.code, constat.ligne) for constat in controler(fichier).constats] == [("fins_de_ligne", 6)]


def test_deux_facons_d_ecrire_le_signe():
    fichier = corpus.Fichier()
    corpus.PROPRES["signe à gauche"](fichier)
    for ligne in (83, 84, 85):
        cellules = fichier.ligne(ligne)
        cellules[11:13] = [f"{valeur}-" if valeur != "0,00" else valeur for valeur in cellules[12:10:-1]]
    rapport = controler(fichier)
    assert [(n.code, n.nombre) for n in rapport.nombres] == [("montant_signes", 3)]


def test_un_journal_et_un_fichier_desequilibres_le_disent_avec_leurs_montants():
    fichier = corpus.Fichier()
    fichier.poser(81, "Debit", "0,01")
    messages = {constat.code: constat.message for constat in controler(fichier).constats}
    assert set(messages) == {"ecriture_desequilibree", "journal_desequilibre", "fichier_desequilibre"}
    assert (
        "L’écriture 27 du journal AC n’est pas équilibrée\u00a0: débit 22,00\u00a0€"
        in messages["ecriture_desequilibree"]
    )
    assert "Le journal AC" in messages["journal_desequilibre"]


def test_un_fichier_trie_par_compte_est_juge_ecriture_par_ecriture():
    fichier = corpus.Fichier(lignes=list(corpus.lignes_propres(1200)))
    fichier.lignes.sort(key=lambda cellules: cellules[4])
    rapport = controler(fichier)
    nombres = {nombre.code: nombre.nombre for nombre in rapport.nombres}
    assert rapport.bloquants == 0
    assert nombres["ecriture_eclatee"] == rapport.ecritures == 1200
    fichier.poser(50, "Credit", "999,99")
    assert controler(fichier).bloquants == 1


def test_une_numerotation_sans_suite_est_dite_une_fois(monkeypatch):
    from dossiers.ecritures import numeros

    monkeypatch.setattr(numeros, "ABANDON", 20)
    fichier = corpus.Fichier()
    for rang, cellules in enumerate(fichier.lignes):
        cellules[2] = str((rang // 3) * 7919 % 1000)
    assert [(n.code, n.nombre) for n in controler(fichier).nombres] == [("numerotation_absente", 1)]


def test_trop_de_journaux(monkeypatch):
    from dossiers.ecritures import suites

    monkeypatch.setattr(suites, "JOURNAUX_MAX", 2)
    rapport = controler(corpus.Fichier())
    assert [nombre.code for nombre in rapport.nombres] == ["journaux_nombreux"]
    assert [journal.code for journal in rapport.journaux][-1] == "(autres)"
    assert sum(journal.debit for journal in rapport.journaux) == rapport.debit


def test_les_constats_sont_bornes_et_comptes():
    fichier = corpus.Fichier(lignes=list(corpus.lignes_propres(400)))
    fichier.poser_partout("ValidDate", lambda _: "")
    rapport = controler(fichier)
    assert len(rapport.constats) == 100
    assert rapport.bloquants == 1200
    assert [constat.ligne for constat in rapport.constats] == list(range(2, 102))


def test_un_extrait_est_court_et_montre_les_caracteres_de_commande():
    fichier = corpus.Fichier()
    fichier.poser(81, "EcritureLib", "\x07" + "é" * 300)
    [constat] = controler(fichier).constats
    assert constat.extrait.startswith("␇é")
    assert len(constat.extrait) == 60
    assert "\x07" not in constat.message + constat.extrait


def test_un_caractere_de_commande_a_chaque_ligne_ne_fait_pas_un_binaire():
    fichier = corpus.Fichier()
    fichier.poser_partout("EcritureLib", lambda valeur: f"{valeur}\x1f")
    assert [(n.code, n.nombre) for n in controler(fichier).nombres] == [("caractere_controle", 120)]


def test_les_comptes_d_une_tresorerie_sont_libres():
    fichier = corpus.Fichier()
    corpus.en_tresorerie(fichier)
    for colonne in ("JournalCode", "JournalLib", "CompteNum"):
        fichier.poser_partout(colonne, lambda _: "")
    assert controler(fichier).envoyable
    fichier.poser(81, "CompteNum", "RECETTES")
    rapport = controler(fichier)
    assert rapport.envoyable
    assert [(n.code, n.gravite) for n in rapport.nombres] == [("compte_invalide", Gravite.AVERTISSEMENT)]


def test_aucune_phrase_n_a_d_apostrophe_droite_ni_d_espace_secable_devant_un_signe_double():
    for code, phrase in [*REFUS.items(), *((code, phrase) for code, (_, phrase) in CONSTATS.items())]:
        assert phrase.endswith("."), code
        assert not set("'") & set(phrase), code
        assert not any(f" {signe}" in phrase for signe in ":;!?»"), code
