"""From the confirmed plan to the end in Loop, over real HTTP, and what happens when an answer is lost."""

import hashlib
from datetime import timedelta

import pytest
from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.utils import timezone

from dossiers.models import Appel, Etat, Explication, ImportEcritures, ModeleImport, Operation
from dossiers.operations import balayage
from dossiers.services import operations as services
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.plans import Verdict, preparer
from tests.dossiers.ecritures.conftest import CONTENU
from tests.fabriques import CollaborateurFactory, DossierFactory, ImportEcrituresFactory

Import = ImportEcritures.Etat


def relu(importation):
    return ImportEcritures.objects.select_related("operation").get(pk=importation.pk)


def ligne_du_plan(importation, par):
    return preparer("envoyer_ecritures", [importation.pk], {}, par=par).lignes[0]


@pytest.mark.parametrize("genre", [{}, {"perso": True}])
def test_un_fichier_se_depose_s_importe_et_se_suit_jusqu_a_sa_fin(pret, envoyer, travailler, simulateur, genre):
    simulateur.regler_imports(attente=60, duree=60)
    importation = pret(**genre)
    envoyer(importation)
    assert relu(importation).etat == Import.DEPOT
    travailler(2)
    actuel = relu(importation)
    assert (actuel.etat, actuel.statut, actuel.statut_lisible) == (Import.EN_ATTENTE, 1, "en attente")
    assert actuel.demande_id == simulateur.imports()["imports"][0]["id"]
    for secondes, etat in ((90, Import.EN_COURS), (60, Import.TERMINE)):
        simulateur.avancer(secondes)
        travailler()
        assert relu(importation).etat == etat
    assert [suivi.statut for suivi in importation.suivis.all()] == [1, 2, 3]
    assert relu(importation).fini_le
    recu = simulateur.imports()
    assert [blob["empreinte"] for blob in recu["depots"]] == [hashlib.sha256(CONTENU).hexdigest()]
    assert len(recu["imports"]) == 1
    assert recu["imports"][0]["genre"] == importation.genre
    assert recu["intrusions"] == [], "une clé de Loop est allée à l’hébergeur du fichier"
    assert not Operation.objects.non_reglees().exists()


def test_un_lien_part_sans_depot_et_n_est_jamais_ouvert(simulateur, dossiers, envoyer, travailler, collaborateur):
    importation = ImportEcrituresFactory(lien=True, dossier=dossiers[0], cree_par=collaborateur)
    envoyer(importation)
    travailler()
    recu = simulateur.imports()["imports"]
    assert [(ligne["uri"], ligne["url"]) for ligne in recu] == [("", importation.url)]
    assert "signature-inventee" not in "".join(Appel.objects.values_list("corps_requete", flat=True))


def test_un_lien_qui_a_vieilli_dans_la_file_n_est_pas_envoye(simulateur, dossiers, envoyer, travailler, collaborateur):
    importation = ImportEcrituresFactory(lien=True, dossier=dossiers[0], cree_par=collaborateur)
    envoyer(importation)
    ImportEcritures.objects.update(lien_jusqu_au=timezone.now() + timedelta(hours=23))
    travailler()
    assert relu(importation).etat == Import.REFUSE
    assert simulateur.imports()["imports"] == []


@pytest.mark.parametrize(
    ("nom", "depose"), [("ecritures.txt", "ecritures.txt"), ("ECRITURES.CSV", "ECRITURES.CSV"), ("a.b.tsv", "a.b.txt")]
)
def test_le_depot_a_une_extension_que_loop_connait(pret, envoyer, travailler, simulateur, nom, depose):
    envoyer(pret(nom_fichier=nom))
    travailler()
    assert simulateur.imports()["depots"][0]["uri"].endswith(f"/{depose}")


def test_la_fin_en_erreur_garde_le_message_de_loop(pret, envoyer, travailler, simulateur):
    simulateur.regler_imports(attente=0, duree=0, marques={"FEC": "Le compte 411000 n'existe pas."})
    importation = pret(perso=True)
    envoyer(importation)
    travailler(3)
    actuel = relu(importation)
    assert (actuel.etat, actuel.message) == (Import.EN_ERREUR, "Le compte 411000 n'existe pas.")
    assert ModeleImport.objects.get(dossier=importation.dossier).reussi_le is None
    assert Explication.objects.filter(systeme="loop", motif__startswith="Le compte").exists(), (
        "à expliquer par un manager"
    )


def test_un_modele_qui_a_reussi_est_retenu_pour_le_dossier(pret, envoyer, travailler, simulateur):
    simulateur.regler_imports(attente=0, duree=0)
    importation = pret(perso=True)
    envoyer(importation)
    travailler(3)
    assert relu(importation).etat == Import.TERMINE
    modele = ModeleImport.objects.get(dossier=importation.dossier)
    assert modele.nom == "MODELEINVENTE"
    assert modele.reussi_le


def test_un_statut_inconnu_reste_inconnu_et_le_suivi_continue(pret, envoyer, travailler, simulateur):
    simulateur.regler_imports(statuts={"*": 25})
    importation = pret()
    envoyer(importation)
    travailler(3)
    actuel = relu(importation)
    assert (actuel.etat, actuel.statut, actuel.statut_brut) == (Import.EN_COURS, None, "25")
    assert "25" in actuel.statut_lisible
    assert importation.suivis.count() == 1
    simulateur.regler_imports(statuts={"*": 3})
    travailler()
    assert relu(importation).etat == Import.TERMINE


def test_le_suivi_espace_ses_lectures_et_s_arrete_apres_des_jours(pret, envoyer, travailler, simulateur, settings):
    simulateur.regler_imports(statuts={"*": 2})
    importation = pret()
    envoyer(importation)
    travailler(3)
    suivi = Operation.objects.get(nature="suivre_import")
    delais = []
    for age in (timedelta(0), timedelta(minutes=2), timedelta(hours=5)):
        Operation.objects.filter(pk=suivi.pk).update(creee_le=timezone.now() - age)
        travailler()
        suivi.refresh_from_db()
        delais.append(round((suivi.pas_avant - timezone.now()).total_seconds()))
    assert delais == [settings.ECRITURES["suivi_premier"], 30, settings.ECRITURES["suivi_max"]]
    assert suivi.tentatives == 0
    Operation.objects.filter(pk=suivi.pk).update(creee_le=timezone.now() - timedelta(days=8))
    travailler()
    suivi.refresh_from_db()
    assert suivi.etat == Etat.ECHOUEE
    assert relu(importation).etat == Import.EN_COURS
    assert "relancez le suivi" in relu(importation).message


@pytest.mark.parametrize(
    ("panne", "recus"),
    [
        ("coupure_apres", 1),
        ("500_apres", 1),
        ("json_tronque", 1),
        ("html_200", 0),
        ("coupure_avant", 0),
        ("500_avant", 0),
    ],
)
def test_une_reponse_perdue_n_est_jamais_renvoyee_par_la_machine(pret, envoyer, travailler, simulateur, panne, recus):
    simulateur.poser_pannes([{"type": panne, "chemin": "/importFEC"}])
    importation = pret()
    envoyer(importation)
    travailler(2)
    actuel = relu(importation)
    assert actuel.operation.etat == Etat.INCERTAINE
    assert actuel.a_verifier
    Operation.objects.filter(etat=Etat.INCERTAINE).update(quarantaine_jusqu_au=timezone.now())
    balayage.balayer()
    travailler(3)
    operation = relu(importation).operation
    assert operation.etat == Etat.A_VERIFIER
    assert importation.nom_fichier in operation.definition.a_regarder(operation)
    assert len(simulateur.imports()["imports"]) == recus
    assert simulateur.compte()["appels"]["POST /importFEC"] == 1


@pytest.mark.parametrize("panne", ["429", "403_retry_after"])
def test_ce_qui_n_est_surement_pas_parti_part_plus_tard(pret, envoyer, travailler, simulateur, cle, panne):
    simulateur.regler_imports(attente=0, duree=0)
    simulateur.poser_pannes([{"type": panne, "chemin": "/importFEC", "retry_after": 0}])
    importation = pret()
    envoyer(importation)
    for _ in range(5):
        type(cle.guichet).objects.update(pause_jusqu_au=None)
        travailler()
    assert relu(importation).etat == Import.TERMINE
    assert len(simulateur.imports()["imports"]) == 1


@pytest.fixture
def a_verifier(pret, envoyer, travailler, simulateur):
    """An import received by Loop, whose answer was lost."""
    simulateur.regler_imports(attente=0, duree=0)
    simulateur.poser_pannes([{"type": "coupure_apres", "chemin": "/importFEC"}])
    importation = pret()
    envoyer(importation)
    travailler(2)
    Operation.objects.filter(etat=Etat.INCERTAINE).update(quarantaine_jusqu_au=timezone.now())
    balayage.balayer()
    return relu(importation)


def test_declarer_recu_demande_l_identifiant_de_loop(a_verifier, simulateur, manager, travailler):
    operation = a_verifier.operation
    deja = ImportEcrituresFactory(termine=True)
    for preuve in ("", "  ", "x" * 101, deja.demande_id):
        with pytest.raises(ActionImpossible):
            services.trancher(operation, "appliquee", par=manager, motif="Vu dans Loop.", preuve=preuve)
    demande = simulateur.imports()["imports"][0]["id"]
    services.trancher(operation, "appliquee", par=manager, motif="Vu dans Loop.", preuve=f" {demande} ")
    travailler(2)
    actuel = relu(a_verifier)
    assert (actuel.etat, actuel.demande_id) == (Import.TERMINE, demande)
    assert len(simulateur.imports()["imports"]) == 1


def test_seul_un_manager_declare_recu_ou_autorise_un_envoi(a_verifier, collaborateur, manager, travailler, simulateur):
    for decision in ("appliquee", "renvoyer", "abandonner"):
        with pytest.raises(PermissionDenied):
            services.trancher(a_verifier.operation, decision, par=collaborateur, motif="Vu.", preuve="abc")
    services.trancher(a_verifier.operation, "renvoyer", par=manager, motif="Absent du suivi de Loop.")
    travailler(3)
    assert relu(a_verifier).etat == Import.TERMINE
    assert len(simulateur.imports()["imports"]) == 2


def test_une_decision_ne_vaut_que_pour_le_doute_que_l_on_a_vu(a_verifier, manager, travailler, simulateur):
    operation = a_verifier.operation
    vu = operation.doute
    simulateur.poser_pannes([{"type": "coupure_apres", "chemin": "/importFEC"}])
    services.trancher(operation, "renvoyer", par=manager, motif="Absent du suivi de Loop.", doute=vu)
    travailler()
    for decision in ("renvoyer", "abandonner", "appliquee"):
        with pytest.raises(ActionImpossible, match="changé d’état"):
            services.trancher(operation, decision, par=manager, motif="Absent.", preuve="abc")
    Operation.objects.filter(etat=Etat.INCERTAINE).update(quarantaine_jusqu_au=timezone.now())
    balayage.balayer()
    with pytest.raises(ActionImpossible, match="changé d’état"):
        services.trancher(operation, "renvoyer", par=manager, motif="Absent.", doute=vu)
    travailler()
    assert len(simulateur.imports()["imports"]) == 2


def test_un_renvoi_annule_ne_se_dit_pas_jamais_envoye(a_verifier, manager):
    services.trancher(a_verifier.operation, "renvoyer", par=manager, motif="Absent du suivi de Loop.")
    services.annuler([relu(a_verifier).operation], par=manager)
    dernier = a_verifier.operation.evenements.order_by("id").last().texte
    assert "avant le nouvel envoi" in dernier


def test_un_identifiant_deja_connu_ne_perd_pas_la_reponse(pret, envoyer, travailler, simulateur, respx_mock, settings):
    deja = ImportEcrituresFactory(termine=True)
    importation = pret()
    envoyer(importation)
    respx_mock.get(url__regex=".*getFileUrlDeposit.*").respond(
        json={"depositUrl": f"{simulateur.racine}/depot/x/f.txt?sig=s", "uri": "x/f.txt"}
    )
    respx_mock.put(url__regex=".*/depot/.*").respond(201)
    respx_mock.post(url__regex=".*/importFEC").respond(json={"accountingImportRequestId": deja.demande_id})
    travailler(2)
    operation = relu(importation).operation
    assert operation.etat == Etat.INCERTAINE
    assert f"import n° {deja.pk}" in operation.message
    assert operation.appels.exists()


def test_un_import_abandonne_par_une_personne_ne_se_relance_pas_en_aveugle(a_verifier, manager):
    services.trancher(a_verifier.operation, "abandonner", par=manager, motif="Absent du suivi de Loop.")
    actuel = relu(a_verifier)
    assert actuel.etat == Import.REFUSE
    with pytest.raises(ActionImpossible, match="là où elle a été faite"):
        services.relancer([actuel.operation], par=manager)


def test_les_autres_envois_du_dossier_attendent_la_decision(a_verifier, pret, dossiers, collaborateur):
    ligne = ligne_du_plan(pret(), collaborateur)
    assert ligne.verdict == Verdict.BLOQUE
    assert f"n° {a_verifier.operation_id}" in ligne.motif
    assert ligne_du_plan(pret(dossier=dossiers[1]), collaborateur).verdict == Verdict.FAIRE


def test_un_refus_de_loop_rend_l_import_a_la_personne(pret, envoyer, travailler, simulateur, cle):
    importation = pret(dossier=DossierFactory(cle=cle, code="ABSENT"))
    envoyer(importation)
    travailler(2)
    actuel = relu(importation)
    assert actuel.etat == Import.REFUSE
    assert actuel.message == "Le dossier ABSENT n'existe pas sur le domaine."
    assert actuel.modifiable


def test_un_fichier_disparu_est_dit(pret, envoyer, travailler, simulateur):
    importation = pret()
    importation.fichier.storage.delete(importation.fichier.name)
    envoyer(importation)
    travailler()
    assert relu(importation).etat == Import.REFUSE
    assert "effacé ou déplacé" in relu(importation).message


def test_annuler_avant_le_depart_rend_l_import_pret(pret, envoyer, collaborateur):
    importation = pret()
    envoyer(importation)
    services.annuler([relu(importation).operation], par=collaborateur)
    assert relu(importation).etat == Import.PRET
    assert ligne_du_plan(importation, collaborateur).verdict == Verdict.FAIRE


def test_un_depot_interrompu_est_refait_sans_rien_importer_deux_fois(pret, envoyer, travailler, simulateur):
    simulateur.regler_imports(attente=0, duree=0)
    simulateur.poser_pannes([{"type": "coupure_apres", "chemin": "/depot"}])
    importation = pret()
    envoyer(importation)
    travailler(4)
    assert relu(importation).etat == Import.TERMINE
    assert len(simulateur.imports()["depots"]) == 2
    assert len(simulateur.imports()["imports"]) == 1


# --- the plan ----------------------------------------------------------------------------------------------------


def test_le_meme_contenu_est_retenu_et_nomme_le_premier_envoi(pret, envoyer, travailler, collaborateur, manager):
    from dossiers.ecritures.services import admettre_le_doublon

    premier = pret(empreinte="a" * 64)
    second = pret(empreinte="a" * 64)
    assert ligne_du_plan(second, collaborateur).verdict == Verdict.FAIRE
    envoyer(premier)
    for tour in range(2):
        ligne = ligne_du_plan(second, collaborateur)
        assert ligne.verdict == Verdict.BLOQUE, tour
        assert f"l’import n° {premier.pk}" in ligne.motif
        travailler(2)
    with pytest.raises(PermissionDenied):
        admettre_le_doublon(second, par=collaborateur)
    admettre_le_doublon(second, par=manager)
    ligne = ligne_du_plan(second, collaborateur)
    assert ligne.verdict == Verdict.FAIRE
    assert "Attention" in ligne.motif


def test_un_contenu_deux_fois_dans_un_plan_ne_part_qu_une_fois(pret, envoyer, collaborateur, dossiers):
    jumeaux = [pret(empreinte="b" * 64) for _ in range(2)]
    autre_dossier = pret(empreinte="b" * 64, dossier=dossiers[1])
    plan = preparer("envoyer_ecritures", [i.pk for i in (*jumeaux, autre_dossier)], {}, par=collaborateur)
    assert [ligne.verdict for ligne in plan.lignes] == [Verdict.FAIRE, Verdict.BLOQUE, Verdict.FAIRE]


def test_un_jumeau_qui_ne_part_pas_ne_retient_pas_l_autre(pret, collaborateur):
    premier = pret(empreinte="9" * 64, etat=Import.ABANDONNE)
    second = pret(empreinte="9" * 64)
    plan = preparer("envoyer_ecritures", [premier.pk, second.pk], {}, par=collaborateur)
    assert [ligne.verdict for ligne in plan.lignes] == [Verdict.RIEN, Verdict.FAIRE]


def test_le_siren_du_fichier_doit_etre_celui_du_dossier(pret, collaborateur, dossiers):
    autre = pret(rapport={"siren": dossiers[1].siren})
    ligne = ligne_du_plan(autre, collaborateur)
    assert ligne.verdict == Verdict.BLOQUE
    assert "SIREN" in ligne.motif
    assert ligne_du_plan(pret(rapport={"siren": dossiers[0].siren}), collaborateur).verdict == Verdict.FAIRE
    assert ligne_du_plan(pret(rapport={"siren": ""}), collaborateur).verdict == Verdict.FAIRE


def test_deux_plans_prepares_du_meme_contenu_ne_partent_pas_tous_deux(pret, collaborateur):
    from dossiers.services.plans import confirmer

    jumeaux = [pret(empreinte="c" * 64) for _ in range(2)]
    scelles = [preparer("envoyer_ecritures", [i.pk], {}, par=collaborateur).sceller() for i in jumeaux]
    lots = [confirmer(scelle, par=collaborateur) for scelle in scelles]
    assert [lot.total for lot in lots] == [1, 0]
    assert "Même contenu" in lots[1].refus[0]["motif"]


#: An import that cannot leave, the verdict of its line and a word of its reason.
EMPECHES = [
    ({"etat": Import.CONTROLE}, Verdict.BLOQUE, "contrôle"),
    ({"etat": Import.A_CORRIGER}, Verdict.BLOQUE, "défauts"),
    ({"etat": Import.ABANDONNE}, Verdict.RIEN, "abandonné"),
    ({"parti": True}, Verdict.RIEN, "Déjà parti"),
    ({"dossier": None}, Verdict.BLOQUE, "dossier"),
    ({"perso": True, "modele": ""}, Verdict.BLOQUE, "MODELE"),
    ({"lien": True, "lien_jusqu_au": timezone.now() + timedelta(hours=23)}, Verdict.BLOQUE, "24 heures"),
    ({"fichier": ""}, Verdict.BLOQUE, "effacé"),
]


def test_ce_qui_ne_peut_pas_partir_dit_pourquoi(collaborateur, subtests):
    for champs, verdict, mot in EMPECHES:
        with subtests.test(mot):
            ligne = ligne_du_plan(ImportEcrituresFactory(**champs), collaborateur)
            assert ligne.verdict == verdict
            assert mot in ligne.motif


def test_le_plan_ne_fait_pas_plus_de_requetes_pour_plus_d_imports(
    pret, collaborateur, django_assert_max_num_queries, dossiers
):
    deux = [pret().pk for _ in range(2)]
    trente = deux + [pret().pk for _ in range(30)]
    with django_assert_max_num_queries(20) as mesure:
        preparer("envoyer_ecritures", deux, {}, par=CollaborateurFactory(collaborateur=True))
    with django_assert_max_num_queries(len(mesure)):
        preparer("envoyer_ecritures", trente, {}, par=CollaborateurFactory(collaborateur=True))


@pytest.mark.parametrize(
    "champs",
    [
        {"parti": True, "lien": True},
        {"parti": True, "uri": ""},
        {"parti": True, "dossier": None},
        {"parti": True, "demande_id": ""},
        {"parti": True, "genre": "perso", "modele": ""},
    ],
)
def test_la_base_refuse_un_import_envoye_mal_forme(db, champs):
    with pytest.raises(IntegrityError), transaction.atomic():
        ImportEcrituresFactory(**champs)
