"""The conservation law: a healthy history passes, and each breach, made in SQL, is found with its ids."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from dossiers.models import REGLEES, Etat, Evenement, Lot, Operation
from dossiers.operations.reglement import passer
from dossiers.operations.reservation import reserver
from dossiers.services import conservation, operations
from tests.fabriques import CollaborateurFactory, DossierFactory, LotFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def manager():
    return CollaborateurFactory(manager=True)


@pytest.fixture
def histoire(manager):
    """Five operations of a lot, in five states, all by the doors of the application."""
    dossier = DossierFactory()
    lot = LotFactory(cree_par=manager, total=5)
    demandees = operations.creer(
        [
            Operation(
                nature="ajouter_offre",
                guichet=dossier.cle.guichet,
                dossier=dossier,
                lot=lot,
                demandee_par=manager,
                parametres={"offre": "consultation"},
                objet=f"objet-{rang}",
            )
            for rang in range(5)
        ],
        par=manager,
    )
    dossier.cle.plafond = 4
    dossier.cle.save()
    reussie, echouee, en_cours = (reserver(dossier.cle.guichet) for _ in range(3))
    passer(reussie, Etat.REUSSIE, jeton=reussie.jeton, texte="Réussie.")
    passer(echouee, Etat.ECHOUEE, jeton=echouee.jeton, texte="Échouée.")
    operations.annuler([demandees[3]], par=manager)
    return {
        "reussie": reussie,
        "echouee": echouee,
        "en_cours": en_cours,
        "annulee": demandees[3],
        "attente": demandees[4],
    }


def sql(requete, *parametres):
    with connection.cursor() as curseur:
        curseur.execute("SET CONSTRAINTS ALL IMMEDIATE")
        curseur.execute(requete, parametres)


def sans_contrainte(table, contrainte):
    sql(f'ALTER TABLE {table} DROP CONSTRAINT "{contrainte}"')


def trouvees(bilan):
    return {faute.titre: faute.exemples for faute in bilan.fautes if faute.nombre}


def test_une_histoire_saine_est_conforme(histoire):
    bilan = conservation.verifier()
    assert bilan.conforme
    assert trouvees(bilan) == {}
    assert bilan.demandees == bilan.lignes == bilan.somme == 5
    assert {etat: nombre for etat, nombre in bilan.par_etat.items() if nombre} == {
        Etat.REUSSIE: 1,
        Etat.ECHOUEE: 1,
        Etat.EN_COURS: 1,
        Etat.ANNULEE: 1,
        Etat.EN_ATTENTE: 1,
    }


def test_une_base_vide_est_conforme():
    bilan = conservation.verifier()
    assert bilan.conforme
    assert bilan.lignes == 0


def test_le_type_d_une_fin_suit_son_etat():
    assert {f"operation_{etat.value}" for etat in REGLEES} <= set(Evenement.Type.values)


def test_un_bail_depasse_est_compte_sans_etre_une_faute(histoire):
    sql("UPDATE dossiers_operation SET bail_jusqu_au = now() - interval '1 hour' WHERE jeton IS NOT NULL")
    bilan = conservation.verifier()
    assert bilan.baux_depasses == 1
    assert bilan.conforme


def effacer_la_demande(h):
    sql("DELETE FROM dossiers_evenement WHERE operation_id = %s AND type = 'operation_demandee'", h["attente"].pk)
    return "Opérations sans événement de demande", h["attente"].pk


def doubler_la_demande(h):
    doubler(h["attente"].pk, "operation_demandee")
    return "Opérations demandées plusieurs fois", h["attente"].pk


def perdre_l_operation(h):
    pk = h["attente"].pk
    sql("UPDATE dossiers_evenement SET operation_id = NULL WHERE operation_id = %s", pk)
    sql("UPDATE dossiers_lot SET total = total - 1")
    sql("DELETE FROM dossiers_operation WHERE id = %s", pk)
    return "Événements de demande sans opération", Evenement.objects.get(operation=None, type="operation_demandee").pk


def inventer_un_etat(h):
    sans_contrainte("dossiers_operation", "operation_reglee_a_une_fin")
    sql("UPDATE dossiers_operation SET etat = 'perdue' WHERE id = %s", h["attente"].pk)
    return "Opérations dans un état inconnu", h["attente"].pk


def fausser_un_lot(h):
    sql("UPDATE dossiers_lot SET total = 6")
    return "Lots dont le total n’est pas le nombre de leurs opérations", Lot.objects.get().pk


def oter_un_bail(h):
    sans_contrainte("dossiers_operation", "operation_en_cours_a_un_bail")
    sql("UPDATE dossiers_operation SET jeton = NULL, bail_jusqu_au = NULL WHERE id = %s", h["en_cours"].pk)
    return "Opérations en cours sans bail", h["en_cours"].pk


def effacer_une_fin(h):
    sql("DELETE FROM dossiers_evenement WHERE type = 'operation_reussie'")
    return "Opérations réglées sans événement de fin", h["reussie"].pk


def doubler_une_fin(h):
    doubler(h["echouee"].pk, "operation_echouee")
    return "Opérations réglées plusieurs fois", h["echouee"].pk


def rouvrir(h):
    sql("UPDATE dossiers_operation SET etat = 'en_attente', terminee_le = NULL WHERE id = %s", h["reussie"].pk)
    return "Événements de fin que l’état de l’opération dément", Evenement.objects.get(type="operation_reussie").pk


def doubler_le_vol(h):
    sql("DROP INDEX operation_une_en_vol_par_objet")
    sql(
        "UPDATE dossiers_operation SET etat = 'a_verifier', objet = %s WHERE id = %s",
        h["en_cours"].objet,
        h["attente"].pk,
    )
    return "Opérations en vol ensemble sur un même objet", h["attente"].pk


def doubler(operation, type_):
    sql(
        "INSERT INTO dossiers_evenement (type, texte, operation_id, details, cree_le) "
        "VALUES (%s, 'bis', %s, '{}', now())",
        type_,
        operation,
    )


BRECHES = [
    effacer_la_demande,
    doubler_la_demande,
    perdre_l_operation,
    inventer_un_etat,
    fausser_un_lot,
    oter_un_bail,
    effacer_une_fin,
    doubler_une_fin,
    rouvrir,
    doubler_le_vol,
]


@pytest.mark.parametrize("breche", BRECHES, ids=lambda b: b.__name__)
def test_chaque_breche_est_trouvee(histoire, breche, capsys):
    titre, pk = breche(histoire)
    bilan = conservation.verifier()
    assert not bilan.conforme
    assert pk in trouvees(bilan)[titre]
    with pytest.raises(CommandError, match="enfreinte"):
        call_command("verifier_operations")
    sortie = capsys.readouterr().out
    assert titre in sortie
    assert f"FAUTE\u00a0: n° {', '.join(map(str, trouvees(bilan)[titre]))}" in sortie


def test_chaque_faute_a_sa_breche(histoire):
    assert len(BRECHES) == len(conservation.FAUTES)


def test_une_operation_effacee_avec_son_journal_manque_a_son_lot(histoire):
    pk = histoire["attente"].pk
    sql("DELETE FROM dossiers_evenement WHERE operation_id = %s", pk)
    sql("DELETE FROM dossiers_operation WHERE id = %s", pk)
    assert list(trouvees(conservation.verifier())) == ["Lots dont le total n’est pas le nombre de leurs opérations"]


def test_seuls_les_dix_premiers_numeros_sont_donnes(manager):
    dossier = DossierFactory()
    crees = [Operation(nature="provisionner", guichet=dossier.cle.guichet, objet=f"o{n}") for n in range(15)]
    Operation.objects.bulk_create(crees)
    faute = conservation.verifier().fautes[0]
    assert (faute.nombre, faute.exemples) == (15, sorted(o.pk for o in crees)[:10])


def test_la_commande_est_calme_quand_tout_va_bien(histoire, capsys):
    call_command("verifier_operations")
    sortie = capsys.readouterr().out
    assert "Tout est conforme." in sortie
    assert "FAUTE" not in sortie


def test_une_seule_requete_pour_un_seul_instant(histoire, django_assert_num_queries):
    with django_assert_num_queries(1):
        conservation.verifier()
