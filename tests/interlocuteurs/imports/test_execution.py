"""From the confirmation to the end: what was seen is done, once, and an interruption says how far it went."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from functools import partial

import pytest

from tests.interlocuteurs.imports.tableurs import ENTETES, ecrire, texte_csv

pytestmark = pytest.mark.django_db


def rangee(rang, code="DEMO1", offre="start", nom=None):
    return (f"p{rang}@tpe.example", nom or f"Inventé {rang}", "Camille", "07 05 06 03 02", code, offre)


def etat_de(importation):
    importation.refresh_from_db()
    return importation.etat, importation.a_traiter, importation.faites, importation.refusees


def issues(importation):
    return dict(importation.lignes.order_by("numero").values_list("numero", "issue"))


def test_l_import_cree_les_interlocuteurs_leurs_acces_et_les_operations(dossiers, importer, confirmer):
    from dossiers.models import Operation
    from interlocuteurs.models import Acces, Interlocuteur

    importation = confirmer(importer(rangee(1), rangee(1, "DEMO2"), rangee(2), rangee(3, "INCONNU")))
    assert etat_de(importation) == ("termine", 3, 3, 0)
    assert sorted(Interlocuteur.objects.values_list("email", "mobile", "cree_par")) == [
        (f"p{rang}@tpe.example", "+33705060302", importation.cree_par_id) for rang in (1, 2)
    ]
    assert Acces.objects.filter(voulu=True).count() == 3
    operations = Operation.objects.filter(lot=importation.lot).order_by("id")
    natures = sorted((o.parametres["email"][:2], o.nature) for o in operations)
    assert natures == [("p1", "creer_interlocuteur"), ("p1", "donner_acces"), ("p2", "creer_interlocuteur")]
    assert (importation.lot.total, importation.lot.bloquees, importation.lot.plan) == (3, 1, importation.reference)
    assert issues(importation) == {2: "faite", 3: "faite", 4: "faite", 5: ""}
    assert set(importation.lignes.filter(issue="faite").values_list("interlocuteur__email", flat=True)) == {
        "p1@tpe.example",
        "p2@tpe.example",
    }


def test_les_operations_aboutissent_dans_loop(dossiers, simulateur, importer, confirmer, travailler):
    from dossiers.models import Operation

    simulateur.inviter("*")
    importation = confirmer(importer(rangee(1), rangee(1, "DEMO2"), rangee(2)))
    travailler(3)
    assert set(Operation.objects.filter(lot=importation.lot).values_list("etat", flat=True)) == {"reussie"}


def test_un_interlocuteur_deja_la_recoit_l_acces_sans_etre_change(dossiers, importer, confirmer):
    from interlocuteurs.models import Acces, Interlocuteur
    from tests.fabriques import InterlocuteurFactory

    connu = InterlocuteurFactory(email="p1@tpe.example", nom="INVENTE 1", prenom="Camille", mobile="", present=True)
    importation = confirmer(importer(rangee(1)))
    assert etat_de(importation) == ("termine", 1, 1, 0)
    assert Acces.objects.get().interlocuteur == connu
    assert importation.lot.operations.get().nature == "donner_acces"
    apres = Interlocuteur.objects.get()
    assert (apres.nom, apres.mobile, apres.version) == ("INVENTE 1", "", connu.version)


def test_confirmer_deux_fois_n_importe_qu_une_fois(dossiers, importer, confirmer):
    from dossiers.models import Lot, Operation
    from interlocuteurs.imports import execution, services

    importation = importer(rangee(1))
    scelle = services.sceller(importation)
    confirmer(importation)
    encore = services.confirmer(importation, scelle, par=importation.cree_par)
    assert encore.etat == "termine"
    assert execution.avancer(importation.pk) is False
    assert (Lot.objects.count(), Operation.objects.count()) == (1, 1)


def test_reimporter_le_meme_fichier_ne_refait_rien(dossiers, importer, confirmer, verdicts):
    from dossiers.models import Operation
    from interlocuteurs.imports import services

    premier = confirmer(importer(rangee(1), rangee(2)))
    second = importer(rangee(1), rangee(2))
    assert {verdict for verdict, _ in verdicts(second).values()} == {"sans_objet"}
    assert services.deja_importe(second) == premier
    assert Operation.objects.count() == 2


# --- the promise -------------------------------------------------------------------------------------------------


def test_une_ligne_dont_l_etat_a_bouge_est_refusee_et_les_autres_sont_faites(dossiers, importer, confirmer):
    from tests.fabriques import InterlocuteurFactory

    importation = importer(rangee(1), rangee(2))
    InterlocuteurFactory(email="p1@tpe.example", nom="Autre", prenom="Personne")
    importation = confirmer(importation)
    assert etat_de(importation) == ("termine", 2, 1, 1)
    refusee = importation.lignes.get(issue="refusee")
    assert refusee.numero == 2
    assert refusee.motif.startswith("L’état a changé depuis l’aperçu : L’adresse p1@tpe.example est déjà celle de")
    assert [ligne.numero for ligne in importation.lignes.rejets()] == [2]


@pytest.mark.parametrize("situation", ["creee_depuis", "modifiee_depuis", "acces_demande_depuis"])
def test_une_ligne_qui_resterait_a_faire_autrement_est_refusee(dossiers, importer, confirmer, manager, situation):
    """What was seen is not what would be done: told, not done otherwise."""
    from dossiers.models import Operation
    from interlocuteurs.services import acces, fiches
    from tests.fabriques import InterlocuteurFactory

    identite = {"email": "p1@tpe.example", "nom": "Inventé 1", "prenom": "Camille"}
    if situation != "creee_depuis":
        connu = InterlocuteurFactory(**identite)
    importation = importer(rangee(1), rangee(2))
    if situation == "creee_depuis":
        InterlocuteurFactory(**identite)
    elif situation == "modifiee_depuis":
        fiches.modifier(connu, fiches.Fiche(**identite, social=False), version=1, par=manager)
    else:
        demande = {"interlocuteur": connu.pk, "dossier": dossiers[0].pk, "offre": "start", "voulu": True}
        acces.demander_acces([demande], par=manager)
    avant = Operation.objects.count()
    importation = confirmer(importation)
    assert etat_de(importation) == ("termine", 2, 1, 1)
    assert issues(importation) == {2: "refusee", 3: "faite"}
    assert Operation.objects.count() == avant + 1


def test_un_dossier_archive_depuis_l_apercu_est_refuse(dossiers, importer, confirmer):
    from django.utils import timezone

    importation = importer(rangee(1), rangee(2, "DEMO2"))
    dossiers[0].archive_le = timezone.now()
    dossiers[0].save()
    assert etat_de(confirmer(importation)) == ("termine", 2, 1, 1)


@pytest.mark.parametrize("changement", ["correspondance", "lignes", "altere", "vieux", "autre_personne"])
def test_seul_ce_qui_a_ete_vu_se_confirme(dossiers, importer, changement, manager, time_machine):
    from django.core.exceptions import PermissionDenied

    from dossiers.services.erreurs import ActionImpossible
    from interlocuteurs.imports import services
    from interlocuteurs.models import Interlocuteur

    importation = importer(rangee(1))
    scelle, par = services.sceller(importation), importation.cree_par
    if changement == "correspondance":
        autre = importation.correspondance | {"nom": importation.correspondance["prenom"]}
        services.examiner(importation, autre, "", par=par)
    elif changement == "lignes":
        from tests.fabriques import InterlocuteurFactory

        InterlocuteurFactory(email="p1@tpe.example", nom="Inventé 1", prenom="Camille")
        services.examiner(importation, importation.correspondance, "", par=par)
        Interlocuteur.objects.all().delete()
    elif changement == "altere":
        scelle = f"{scelle}x"
    elif changement == "vieux":
        from django.utils import timezone

        time_machine.move_to(timezone.now() + timedelta(hours=2))
    else:
        par = manager
    with pytest.raises((ActionImpossible, PermissionDenied)):
        services.confirmer(importation, scelle, par=par)
    importation.refresh_from_db()
    assert (importation.etat, importation.lot) == ("examine", None)
    assert not Interlocuteur.objects.exists()


def test_sans_ligne_a_importer_rien_ne_se_confirme(dossiers, importer, confirmer):
    from dossiers.services.erreurs import ActionImpossible

    with pytest.raises(ActionImpossible, match="Aucune ligne n’est à importer"):
        confirmer(importer(rangee(1, "INCONNU")))


@pytest.mark.parametrize("role", ["consultation", None])
def test_sans_le_droit_rien_ne_se_fait(dossiers, importer, tmp_path, cle, role):
    from django.core.exceptions import PermissionDenied

    from interlocuteurs.imports import services
    from tests.fabriques import CollaborateurFactory

    personne = CollaborateurFactory(**({role: True} if role else {}))
    with pytest.raises(PermissionDenied):
        services.recevoir(ecrire(tmp_path, "a.csv", texte_csv(rangee(1))), "a.csv", cle=cle, par=personne)
    importation = importer(rangee(1))
    for agir in (
        lambda: services.examiner(importation, importation.correspondance, "", par=personne),
        lambda: services.confirmer(importation, services.sceller(importation), par=personne),
        lambda: services.abandonner(importation, par=personne),
        lambda: services.reprendre(importation, par=personne),
    ):
        with pytest.raises(PermissionDenied):
            agir()


def test_une_cle_empechee_refuse_le_fichier(importer, cle):
    from dossiers.services.erreurs import ActionImpossible

    cle.activee_loophub = False
    cle.save()
    with pytest.raises(ActionImpossible, match="n’est pas activée dans LoopHub"):
        importer(rangee(1))


# --- interruptions -----------------------------------------------------------------------------------------------


@pytest.fixture
def petits_paquets(monkeypatch):
    from interlocuteurs.imports import execution

    monkeypatch.setattr(execution, "PAQUET", 3)


def test_une_interruption_dit_ou_elle_en_est_et_la_reprise_ne_refait_rien(
    dossiers, importer, petits_paquets, monkeypatch, caplog
):
    from dossiers.models import Operation
    from interlocuteurs.imports import execution, services
    from interlocuteurs.models import Interlocuteur

    importation = importer(*(rangee(rang) for rang in range(10)))
    services.confirmer(importation, services.sceller(importation), par=importation.cree_par)
    creer, appels = execution.creer_plusieurs, []

    def tomber(nouveaux, **options):
        appels.append(len(nouveaux))
        faites = creer(nouveaux, **options)
        if len(appels) == 2:
            raise RuntimeError("p4@tpe.example ne passe pas")
        return faites

    monkeypatch.setattr(execution, "creer_plusieurs", tomber)
    assert execution.avancer(importation.pk) is False
    assert etat_de(importation) == ("interrompu", 10, 3, 0)
    assert (Interlocuteur.objects.count(), Operation.objects.count(), importation.lot.total) == (3, 3, 3)
    assert "RuntimeError" in caplog.text
    assert "p4@tpe.example" not in caplog.text
    assert execution.en_attente() == []

    services.reprendre(importation, par=importation.cree_par)
    assert execution.avancer(importation.pk) is False
    assert etat_de(importation) == ("termine", 10, 10, 0)
    assert (Interlocuteur.objects.count(), Operation.objects.count()) == (10, 10)
    importation.lot.refresh_from_db()
    assert importation.lot.total == 10


def test_les_lignes_d_un_interlocuteur_restent_dans_la_meme_transaction(dossiers, importer, petits_paquets, confirmer):
    melees = [rangee(rang, code) for code in ("DEMO1", "DEMO2") for rang in range(4)]
    importation = confirmer(importer(*melees))
    assert etat_de(importation) == ("termine", 8, 8, 0)


def test_un_ouvrier_mort_est_remplace_apres_son_bail(dossiers, importer, petits_paquets):
    from interlocuteurs.imports import execution, services
    from interlocuteurs.models import ImportInterlocuteurs

    importation = importer(*(rangee(rang) for rang in range(7)))
    services.confirmer(importation, services.sceller(importation), par=importation.cree_par)
    assert execution.avancer(importation.pk, duree=0) is True
    assert etat_de(importation) == ("en_cours", 7, 3, 0)
    mort = execution._prendre(importation.pk)
    assert mort is not None
    assert execution.en_attente() == []
    assert execution.avancer(importation.pk) is False
    assert etat_de(importation) == ("en_cours", 7, 3, 0)

    from django.utils import timezone

    ImportInterlocuteurs.objects.update(bail_jusqu_au=timezone.now() - timedelta(seconds=1))
    assert execution.en_attente() == [importation.pk]
    assert execution.avancer(importation.pk) is False
    assert etat_de(importation) == ("termine", 7, 7, 0)
    assert execution._importer_un_paquet(importation.pk, mort) is False


def test_qui_perd_son_droit_en_chemin_interrompt_son_import(dossiers, importer, petits_paquets):
    from interlocuteurs.imports import execution, services

    importation = importer(*(rangee(rang) for rang in range(5)))
    services.confirmer(importation, services.sceller(importation), par=importation.cree_par)
    execution.avancer(importation.pk, duree=0)
    importation.cree_par.groups.clear()
    assert execution.avancer(importation.pk) is False
    assert etat_de(importation) == ("interrompu", 5, 3, 0)
    assert "n’a plus le droit" in importation.incident


def test_les_taches_vont_au_bout_et_le_balayage_reveille(dossiers, importer, petits_paquets, settings, monkeypatch):
    from interlocuteurs import tasks
    from interlocuteurs.imports import execution, services

    envoyes = []
    monkeypatch.setattr(tasks.importer, "apply_async", lambda *message, **options: envoyes.append((*message, options)))
    monkeypatch.setattr(execution, "avancer", partial(execution.avancer, duree=0))
    importation = importer(*(rangee(rang) for rang in range(5)))
    importation = services.confirmer(importation, services.sceller(importation), par=importation.cree_par)
    tasks.lancer(importation)
    assert [arguments for arguments, _ in envoyes] == [(importation.pk,)], "a large import is not done in the request"
    assert etat_de(importation)[2] == 0
    tasks.reprendre_imports()
    assert len(envoyes) == 2
    while envoyes:
        arguments, options = envoyes.pop()
        assert options["expires"] == tasks.PEREMPTION
        tasks.importer(*arguments)
    assert etat_de(importation) == ("termine", 5, 5, 0)


def test_un_petit_import_se_fait_tout_de_suite(dossiers, importer):
    from interlocuteurs import tasks
    from interlocuteurs.imports import services

    importation = importer(rangee(1))
    importation = services.confirmer(importation, services.sceller(importation), par=importation.cree_par)
    tasks.lancer(importation)
    assert etat_de(importation) == ("termine", 1, 1, 0)


def test_sans_courtier_l_import_attend_le_balayage(dossiers, importer, petits_paquets, monkeypatch, caplog):
    from kombu.exceptions import OperationalError

    from interlocuteurs import tasks
    from interlocuteurs.imports import execution, services

    def absent(*_, **__):
        raise OperationalError("courtier absent")

    monkeypatch.setattr(tasks.importer, "apply_async", absent)
    importation = importer(*(rangee(rang) for rang in range(5)))
    importation = services.confirmer(importation, services.sceller(importation), par=importation.cree_par)
    tasks.lancer(importation)
    assert "balayage" in caplog.text
    assert execution.en_attente() == [importation.pk]


# --- rejects -----------------------------------------------------------------------------------------------------


def contenu(reponse):
    return b"".join(reponse.streaming_content)


def test_les_rejets_gardent_leurs_colonnes_et_disent_leur_motif_en_dernier(dossiers, importer, tmp_path):
    from interlocuteurs.imports import rejets

    entetes = ("Remarque", *ENTETES, "Ville")
    lignes = [
        ("à rappeler", *rangee(1, "DEMO7"), "Lyon"),
        ("+33", *rangee(2), "Brest"),
        ("", *rangee(3, "00042"), ""),
    ]
    importation = importer(fichier=ecrire(tmp_path, "a.csv", texte_csv(*lignes, entetes=entetes)))
    lus = list(csv.reader(io.StringIO(contenu(rejets.rejets_csv(importation)).decode("utf-8-sig")), delimiter=";"))
    assert lus[0] == [*entetes, "Motif du rejet"]
    assert [ligne[:8] for ligne in lus[1:]] == [list(lignes[0]), list(lignes[2])]
    assert "DEMO7" in lus[1][8]


@pytest.mark.parametrize("forme", ["csv", "xlsx"])
def test_les_rejets_corriges_reviennent_sans_rien_refaire(dossiers, importer, confirmer, tmp_path, verdicts, forme):
    from dossiers.models import Operation
    from interlocuteurs.imports import rejets
    from interlocuteurs.models import Interlocuteur

    mauvaises = [
        ("p8@tpe.example", "Inventé 8", "Camille", "+33 7 05 06 03 02", "DEMOX", "start"),
        rangee(9, offre="gratuit"),
    ]
    premier = confirmer(importer(rangee(1), *mauvaises, rangee(2)))
    fichier = contenu(getattr(rejets, f"rejets_{forme}")(premier))
    if forme == "csv":
        fichier = fichier.replace(b"DEMOX", b"DEMO2").replace(b"gratuit", b"start")
    chemin = ecrire(tmp_path, f"rejets.{forme}", fichier)
    if forme == "xlsx":
        import openpyxl

        classeur = openpyxl.load_workbook(chemin)
        feuille = classeur.active
        assert [cellule.value for cellule in feuille[1]][-1] == "Motif du rejet"
        assert feuille["D2"].value == "+33 7 05 06 03 02"
        feuille["E2"], feuille["F3"] = "DEMO2", "start"
        feuille.append(rangee(1))
        classeur.save(chemin)
    second = importer(fichier=chemin)
    assert second.entetes == list(ENTETES)
    assert second.empreinte_entetes == premier.empreinte_entetes
    attendus = ["a_creer", "a_creer"] + (["sans_objet"] if forme == "xlsx" else [])
    assert [verdict for verdict, _ in verdicts(second).values()] == attendus
    confirmer(second)
    assert (Interlocuteur.objects.count(), Operation.objects.count()) == (4, 4)


def test_la_correspondance_est_memorisee_pour_les_memes_en_tetes(dossiers, importer, tmp_path, cle, collaborateur):
    from interlocuteurs.imports import services

    entetes = ("Colonne X", "Nom", "Prénom", "Dossier")
    fichier = ecrire(tmp_path, "a.csv", texte_csv(("a@b.example", "Dupont", "Léa", "DEMO1"), entetes=entetes))
    choisie = {"email": 0, "nom": 1, "prenom": 2, "dossier": 3}
    importer(fichier=fichier, correspondance=choisie, offre="start")
    suivant = services.recevoir(fichier, "b.csv", cle=cle, par=collaborateur)
    assert services.proposition(suivant) == (choisie, "start", True)


# --- personal data -----------------------------------------------------------------------------------------------


def test_abandonner_efface_les_lignes(dossiers, importer):
    from interlocuteurs.imports import services
    from interlocuteurs.models import LigneImport

    importation = services.abandonner(importer(rangee(1)), par=importer(rangee(2)).cree_par)
    assert importation.etat == "abandonne"
    assert LigneImport.objects.count() == 1


def test_les_lignes_d_un_ancien_import_sont_effacees(dossiers, importer, confirmer, time_machine):
    from django.utils import timezone

    from interlocuteurs.imports import services
    from interlocuteurs.models import ImportInterlocuteurs, Interlocuteur

    fini, en_cours = confirmer(importer(rangee(1))), importer(rangee(2))
    ImportInterlocuteurs.objects.filter(pk=en_cours.pk).update(etat="en_cours")
    assert services.effacer_les_anciennes() == 0
    time_machine.move_to(timezone.now() + timedelta(days=31))
    assert services.effacer_les_anciennes() == 1
    fini.refresh_from_db()
    assert fini.efface_le is not None
    assert (fini.lignes.count(), en_cours.lignes.count(), Interlocuteur.objects.count()) == (0, 1, 1)
    assert services.effacer_les_anciennes() == 0


def test_l_anonymisation_passe_par_les_lignes_importees(dossiers, importer, confirmer, manager):
    from dossiers.models import Operation
    from interlocuteurs.models import Interlocuteur, LigneImport
    from interlocuteurs.services.donnees import anonymiser, exporter_donnees

    lignes = [("zoe.leveque@tpe.example", "Lévêque", "Zoé", "06 12 34 56 78", "DEMO1", "start"), rangee(2)]
    confirmer(importer(*lignes, ("Zoe.Leveque@tpe.example", "Martin", "Luc", "", "DEMO2", "start")))
    zoe = Interlocuteur.objects.get(nom="Lévêque")
    assert len(exporter_donnees(zoe, par=manager)["lignes importées d’un tableur"]) == 2
    from django.utils import timezone

    Operation.objects.update(etat="annulee", terminee_le=timezone.now())
    anonymiser(zoe, par=manager, motif="Demande de la personne.")
    reste = " ".join(f"{cellules} {motif}" for cellules, motif in LigneImport.objects.values_list("cellules", "motif"))
    assert not [mot for mot in ("leveque", "lévêque", "zoé", "06 12 34") if mot in reste.lower()]
    assert "07 05 06 03 02" in reste, "the line of someone else is untouched"
