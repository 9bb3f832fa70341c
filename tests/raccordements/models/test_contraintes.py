"""What the database itself refuses, asked in SQL."""

import hashlib

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from raccordements.models import Certificat, CompteChorus, EvenementFiche
from tests.fabriques import CollaborateurFactory
from tests.raccordements.fabriques import (
    CompteChorusFactory,
    StructureFactory,
    certificat,
    envoyee,
    fiche_api,
    fiche_edi,
    soumise,
)

pytestmark = pytest.mark.django_db


def executer(sql, *valeurs):
    with transaction.atomic(), connection.cursor() as curseur:
        curseur.execute(sql, valeurs)
        curseur.execute("SET CONSTRAINTS ALL IMMEDIATE")


def changer(table, affectation, pk, *valeurs):
    executer(f"UPDATE raccordements_{table} SET {affectation} WHERE id = %s", *valeurs, pk)


@pytest.mark.parametrize(
    ("affectation", "contrainte"),
    [
        ("periode_au = periode_du - 1", "fiche_periode"),
        ("periode_du = NULL, periode_au = now()", "fiche_periode"),
        ("etat = 'rejetee'", "fiche_mots_connus"),
        ("protocole = 'ftp'", "fiche_mots_connus"),
        ("approbation = 'approuvee'", "fiche_approbation_d_une_version"),
        ("etat = 'envoyee'", "fiche_envoyee_a_une_version"),
        ("etat = 'activee', supprimee_le = now()", "fiche_brouillon_seul_supprime"),
        ("partenaire_port = 70000", "fiche_port_possible"),
        ("application_piste = 'A'", "fiche_champs_de_son_genre"),
        ("genre = 'api', generation = 'piste'", "fiche_champs_de_son_genre"),
        ("environnement = 'qualification'", "fiche_environnement_de_sa_structure"),
    ],
)
def test_une_fiche_edi_impossible_est_refusee(affectation, contrainte):
    fiche = fiche_edi()
    with pytest.raises(IntegrityError, match=contrainte):
        changer("fiche", affectation, fiche.pk)


def test_une_fiche_api_n_a_ni_protocole_ni_reseau():
    fiche = fiche_api()
    for affectation in ("protocole = 'as2'", "periode_du = now()", "partenaire_port = 1", "generation = ''"):
        with pytest.raises(IntegrityError, match="fiche_champs_de_son_genre"):
            changer("fiche", affectation, fiche.pk)


def test_un_mode_hors_des_trois_et_un_code_en_double_sont_refuses():
    fiche = fiche_edi()
    with pytest.raises(IntegrityError, match="ligne_code_mode"):
        executer("UPDATE raccordements_lignecode SET mode = 'totale' WHERE fiche_id = %s", fiche.pk)
    with pytest.raises(IntegrityError, match="ligne_code_unique"):
        executer(
            "INSERT INTO raccordements_lignecode (fiche_id, code_id, mode) VALUES (%s, 'FSO1100A', 'aucun')", fiche.pk
        )


def test_une_fiche_n_attend_qu_une_decision_et_un_refus_a_un_motif():
    fiche = soumise(fiche_edi())
    with pytest.raises(IntegrityError, match="version_une_en_attente"):
        executer(
            "INSERT INTO raccordements_version (fiche_id, numero, contenu, empreinte, etat, risques, message, motif, "
            "soumise_par_id, soumise_le) SELECT fiche_id, 2, contenu, empreinte, etat, risques, '', '', "
            "soumise_par_id, now() FROM raccordements_version WHERE id = %s",
            fiche.version_id,
        )
    manager = CollaborateurFactory(manager=True)
    with pytest.raises(IntegrityError, match="version_refus_motive"):
        changer("version", "etat = 'refusee', decide_par_id = %s, decide_le = now()", fiche.version_id, manager.pk)


def test_une_fiche_envoyee_garde_sa_version():
    fiche = envoyee(fiche_edi())
    with pytest.raises(IntegrityError, match="fiche_envoyee_a_une_version"):
        changer("fiche", "version_envoyee_id = NULL", fiche.pk)
    with pytest.raises(IntegrityError, match="foreign key"):
        executer("DELETE FROM raccordements_version WHERE id = %s", fiche.version_envoyee_id)


def test_un_certificat_est_borne_et_son_empreinte_est_la_sienne():
    pk = certificat().pk
    with pytest.raises(IntegrityError, match="certificat_empreinte_du_contenu"):
        changer("certificat", "sha256 = %s", pk, "0" * 64)
    gros = b"0" * (64 * 1024 + 1)
    with pytest.raises(IntegrityError, match="certificat_taille"):
        changer("certificat", "contenu = %s, sha256 = %s", pk, gros, hashlib.sha256(gros).hexdigest())
    for bloc in (b"PRIVATE KEY", b"RSA PRIVATE KEY", b"OPENSSH PRIVATE KEY"):
        cle = b"0 -----BEGIN " + bloc + b"-----"
        with pytest.raises(IntegrityError, match="certificat_sans_cle_privee"):
            changer("certificat", "contenu = %s, sha256 = %s", pk, cle, hashlib.sha256(cle).hexdigest())
    Certificat.objects.get(pk=pk).full_clean()


def test_une_structure_a_quatorze_chiffres_et_n_existe_qu_une_fois():
    structure = StructureFactory()
    with pytest.raises(IntegrityError, match="structure_siret_quatorze_chiffres"):
        changer("structure", "siret = '1234'", structure.pk)
    with pytest.raises(IntegrityError, match="structure_unique"):
        StructureFactory(siret=structure.siret)


def test_une_delegation_finit_apres_son_debut_et_va_a_un_autre():
    qui, autre = CollaborateurFactory(), CollaborateurFactory()
    sql = (
        "INSERT INTO raccordements_delegation (delegant_id, delegue_id, debut, fin, motif, creee_le) "
        "VALUES (%s, %s, now(), now() + %s * interval '1 day', '', now())"
    )
    with pytest.raises(IntegrityError, match="delegation_finit_apres_son_debut"):
        executer(sql, qui.pk, autre.pk, -1)
    with pytest.raises(IntegrityError, match="delegation_a_un_autre"):
        executer(sql, qui.pk, qui.pk, 1)


def test_les_secrets_d_un_compte_sont_chiffres_et_hors_de_l_historique():
    compte = CompteChorusFactory(pret=True)
    with connection.cursor() as curseur:
        curseur.execute("SELECT client_secret, mot_de_passe FROM raccordements_comptechorus WHERE id = %s", [compte.pk])
        ligne = curseur.fetchone()
        curseur.execute("SELECT to_jsonb(h)::text FROM raccordements_historicalcomptechorus h")
        historique = "".join(texte for (texte,) in curseur.fetchall())
    assert "invente" not in "".join(bytes(valeur).decode() for valeur in ligne)
    assert "secret-invente" not in historique
    assert "mot-de-passe-invente" not in historique
    relu = CompteChorus.objects.get(pk=compte.pk)
    assert (relu.client_secret, relu.mot_de_passe) == ("secret-invente", "mot-de-passe-invente")
    assert "invente" not in f"{relu!r}{relu}"


def test_une_participation_ne_se_detruit_pas():
    fiche = soumise(fiche_edi())
    with pytest.raises(DatabaseError, match="never changed"):
        executer("DELETE FROM raccordements_participation WHERE version_id = %s", fiche.version_id)
    assert EvenementFiche.objects.filter(fiche=fiche).count() == 2
