"""Every verdict of a line, and its reason: before anything is written."""

from __future__ import annotations

import pytest

from tests.interlocuteurs.imports.tableurs import ENTETES, ecrire, texte_csv, xlsx

BONNE = ("zoe@tpe.example", "Lévêque", "Zoé", "06 12 34 56 78", "DEMO1", "start")

pytestmark = pytest.mark.django_db


def ligne(**champs):
    noms = ("email", "nom", "prenom", "mobile", "dossier", "offre")
    return tuple((dict(zip(noms, BONNE, strict=True)) | champs)[nom] for nom in noms)


@pytest.fixture
def juge(dossiers, importer, verdicts):
    """The verdict and the reason of the last of some lines."""

    def juger(*rangees, **options):
        lus = verdicts(importer(*rangees, **options))
        return lus[max(lus)]

    return juger


def test_une_ligne_juste_est_a_creer_et_rien_n_est_ecrit(juge):
    from dossiers.models import Operation
    from interlocuteurs.models import Interlocuteur

    assert juge(BONNE) == ("a_creer", "Création avec l’accès Start sur DEMO1.")
    assert not Interlocuteur.objects.exists()
    assert not Operation.objects.exists()


#: What spoils a line, and what its reason must say.
DEFAUTS = [
    ({"email": ""}, "E-mail : la cellule est vide"),
    ({"email": "zoe.tpe.example"}, "nom@domaine"),
    ({"email": "zo\u200be@tpe.example"}, "caractère invisible"),
    ({"email": "zoé@tpe.example"}, "un accent"),
    ({"nom": ""}, "Nom : la cellule est vide"),
    ({"nom": "  "}, "Nom : la cellule est vide"),
    ({"nom": "-"}, "Nom : la cellule est vide"),
    ({"nom": "=CMD()"}, "Nom : « =CMD() » est une formule"),
    ({"prenom": "@somme"}, "Prénom : « @somme » est une formule"),
    ({"prenom": "+1"}, "est une formule"),
    ({"prenom": "Z\u202eoé"}, "caractère invisible"),
    ({"nom": "D\x00upont"}, "caractère nul"),
    ({"nom": "x" * 101}, "dépasse 100 caractères"),
    ({"mobile": "06 12"}, "nombre de chiffres"),
    ({"mobile": "demander à Paul"}, "Mobile : Le numéro de téléphone n’a pas été compris"),
    ({"mobile": "=0612345678"}, "est une formule"),
    ({"dossier": ""}, "Code dossier : la cellule est vide"),
    ({"dossier": "DEMO3"}, "est inconnu sur la clé « Clé"),
    ({"dossier": "DEMO3"}, "Codes proches : DEMO1, DEMO2."),
    ({"dossier": "x" * 500}, "est inconnu"),
    ({"offre": ""}, "Offre : la cellule est vide"),
    (
        {"offre": "premium"},
        "l’offre « premium » n’existe pas. Choisissez parmi : Start, Co-production,",
    ),
]
HABITUDES = [
    {"email": " ZOE@TPE.example "},
    {"mobile": "+33 6 12 34 56 78"},
    {"mobile": "'+33612345678"},
    {"mobile": "612345678"},
    {"mobile": "-"},
    {"mobile": ""},
    {"dossier": "demo1"},
    {"offre": "Co-production"},
    {"offre": "COPRODUCTION"},
    {"offre": "consultation"},
]


def test_chaque_defaut_a_sa_raison(dossiers, importer, verdicts, subtests):
    lus = verdicts(importer(*(ligne(**champs) for champs, _ in DEFAUTS)))
    for (champs, attendu), (verdict, motif) in zip(DEFAUTS, lus.values(), strict=True):
        with subtests.test(**champs):
            assert verdict == "rejetee"
            assert attendu in motif


def test_ce_qu_une_personne_ecrit_d_habitude_est_compris(dossiers, importer, verdicts, subtests):
    habituelles = [{"email": f"p{rang}@tpe.example"} | champs for rang, champs in enumerate(HABITUDES)]
    lus = verdicts(importer(*(ligne(**champs) for champs in habituelles)))
    for champs, (verdict, motif) in zip(HABITUDES, lus.values(), strict=True):
        with subtests.test(**champs):
            assert verdict == "a_creer", motif


def test_toutes_les_raisons_d_une_ligne_sont_dites(juge):
    verdict, motif = juge(ligne(email="x", nom="", dossier="AUTRE"))
    assert verdict == "rejetee"
    assert all(mot in motif for mot in ("E-mail :", "Nom :", "AUTRE"))


def test_une_formule_d_un_classeur_est_vue_et_non_calculee(juge, tmp_path):
    fichier = xlsx(tmp_path, "a.xlsx", ENTETES, ligne(nom='="Lé"&"vêque"'))
    verdict, motif = juge(fichier=fichier)
    assert (verdict, "est une formule" in motif) == ("rejetee", True)


def test_un_doublon_nomme_l_autre_ligne(juge, importer, verdicts):
    lus = verdicts(importer(BONNE, ligne(offre="consultation"), ligne(email="ZOE@tpe.example", nom="LEVEQUE")))
    assert lus[2][0] == "a_creer"
    assert lus[3] == ("a_rattacher", "Ajout de l’accès Consultation sur DEMO1, après sa création par la ligne 2.")
    assert lus[4][0] == "rejetee"
    assert "même offre qu’à la ligne 2" in lus[4][1]


def test_une_adresse_ne_porte_pas_deux_noms_dans_le_fichier(juge):
    verdict, motif = juge(BONNE, ligne(nom="Martin", dossier="DEMO2"))
    assert verdict == "rejetee"
    assert "déjà celle de Zoé Lévêque à la ligne 2" in motif


def test_une_ligne_rejetee_n_en_entraine_pas_une_autre(juge, importer, verdicts):
    lus = verdicts(importer(ligne(mobile="x"), BONNE, ligne(dossier="DEMO9", nom="Martin")))
    assert [verdict for verdict, _ in lus.values()] == ["rejetee", "a_creer", "rejetee"]
    assert "DEMO9" in lus[4][1]


def test_un_interlocuteur_connu_est_a_rattacher_meme_sans_accent(juge):
    from tests.fabriques import InterlocuteurFactory

    InterlocuteurFactory(email="zoe@tpe.example", nom="LEVEQUE", prenom="zoe", mobile="+33612345678", present=True)
    assert juge(BONNE) == ("a_rattacher", "Ajout de l’accès Start sur DEMO1.")


def test_un_autre_telephone_n_ecrase_pas_la_fiche_et_le_dit(juge):
    from tests.fabriques import InterlocuteurFactory

    InterlocuteurFactory(email="zoe@tpe.example", nom="Lévêque", prenom="Zoé", present=True)
    assert juge(BONNE)[1].endswith("Autre mobile que sur la fiche : elle reste telle quelle.")


def test_une_adresse_connue_sous_un_autre_nom_est_rejetee(juge):
    from tests.fabriques import InterlocuteurFactory

    InterlocuteurFactory(email="zoe@tpe.example", nom="Martin", prenom="Paul")
    verdict, motif = juge(BONNE)
    assert verdict == "rejetee"
    assert "déjà celle de Paul Martin" in motif


def test_la_meme_adresse_sur_un_autre_domaine_est_une_autre_personne(juge):
    from tests.fabriques import InterlocuteurFactory

    InterlocuteurFactory(email="zoe@tpe.example", nom="Martin", domaine="AUTRECABINET")
    assert juge(BONNE)[0] == "a_creer"


def test_ce_qui_est_deja_fait_ou_demande_n_est_pas_a_refaire(juge, dossiers):
    from tests.fabriques import AccesFactory, InterlocuteurFactory

    connu = InterlocuteurFactory(email="zoe@tpe.example", nom="Lévêque", prenom="Zoé", mobile="", present=True)
    AccesFactory(interlocuteur=connu, dossier=dossiers[0], offre="start", en_place=True)
    assert juge(ligne(mobile="")) == ("sans_objet", "L’interlocuteur a déjà cet accès.")


@pytest.mark.parametrize(
    ("situation", "attendu"),
    [({"actif": False}, "désactivé"), ({"a_inviter": True}, "inviter sur le tenant")],
)
def test_un_interlocuteur_empeche_est_rejete_avec_la_raison(juge, situation, attendu):
    from tests.fabriques import InterlocuteurFactory

    InterlocuteurFactory(email="zoe@tpe.example", nom="Lévêque", prenom="Zoé", **situation)
    verdict, motif = juge(BONNE)
    assert verdict == "rejetee"
    assert attendu in motif


def test_un_dossier_archive_est_refuse(juge, cle):
    from tests.fabriques import DossierFactory

    DossierFactory(cle=cle, code="VIEUX", archive=True)
    assert "archivé" in juge(ligne(dossier="VIEUX"))[1]


def test_hors_du_portefeuille_un_dossier_est_inconnu_et_n_est_pas_propose(importer, verdicts, cle):
    from tests.fabriques import CollaborateurFactory, DossierFactory, InterlocuteurFactory

    personne = CollaborateurFactory(collaborateur=True, portefeuille=True)
    DossierFactory(cle=cle, code="DEMO1", maitre_dossier=personne.login_loop)
    DossierFactory(cle=cle, code="DEMO2", maitre_dossier="autre@cabinet.example")
    InterlocuteurFactory(email="cache@tpe.example", nom="Secret", prenom="Paul")
    lus = verdicts(importer(BONNE, ligne(dossier="DEMO2"), ligne(email="cache@tpe.example"), par=personne))
    assert lus[2][0] == "a_creer"
    assert lus[3][0] == "rejetee"
    assert "« DEMO2 » est inconnu" in lus[3][1]
    assert "Codes proches : DEMO1." in lus[3][1]
    assert lus[4][0] == "rejetee"
    assert "hors de votre portefeuille" in lus[4][1]
    assert "Secret" not in lus[4][1]


def test_l_offre_peut_valoir_pour_toutes_les_lignes(dossiers, importer, verdicts, tmp_path):
    entetes = ("Courriel", "Nom", "Prénom", "Dossier", "Tél.")
    contenu = texte_csv(("a@b.example", "Dupont", "Léa", "DEMO1", "01 23 45 67 89"), entetes=entetes)
    importation = importer(fichier=ecrire(tmp_path, "a.csv", contenu), offre="consultation")
    assert verdicts(importation)[2] == ("a_creer", "Création avec l’accès Consultation sur DEMO1.")


def test_une_colonne_obligatoire_absente_empeche_l_apercu(dossiers, importer, tmp_path):
    from dossiers.services.erreurs import ActionImpossible

    contenu = texte_csv(("a@b.example", "Dupont"), entetes=("Courriel", "Nom"))
    with pytest.raises(ActionImpossible, match="Prénom, Code du dossier, Offre"):
        importer(fichier=ecrire(tmp_path, "a.csv", contenu))


def test_le_nombre_de_requetes_ne_depend_pas_du_nombre_de_lignes(dossiers, importer):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    def requetes(nombre):
        lignes = [ligne(email=f"p{rang}@tpe.example") for rang in range(nombre)]
        with CaptureQueriesContext(connection) as contexte:
            importer(*lignes)
        return len(contexte)

    requetes(2)
    assert requetes(3) == requetes(60)
