"""Following work: the page of a lot, the page of an operation, the catalogue of messages."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dossiers import progression
from dossiers.models import JAMAIS, Etat, Evenement, Explication, Guichet, Lot, Operation
from dossiers.services.catalogue import entrees
from tests.dossiers.admin.formulaires import formulaire, formulaires
from tests.fabriques import (
    AppelFactory,
    CleApiFactory,
    EvenementFactory,
    ExplicationFactory,
    LotFactory,
    OffreFactory,
    OperationFactory,
)
from tests.rendu import sans_rendu

pytestmark = pytest.mark.django_db


def fiche(objet: Any) -> str:
    return reverse(f"admin:dossiers_{objet._meta.model_name}_change", args=[objet.pk])


def vue_de(client: Client, objet: Any) -> Any:
    """What the page of `objet` has to show, undrawn."""
    with sans_rendu():
        return client.get(fiche(objet)).context_data


def lot_de(**nombres: int) -> Lot:
    """A lot with so many operations of each state."""
    lot = LotFactory(total=sum(nombres.values()))
    for etat, nombre in nombres.items():
        for _ in range(nombre):
            OperationFactory(lot=lot, **({} if etat == "en_attente" else {etat: True}))
    return lot


# --- lots --------------------------------------------------------------------------------------------------------


def test_les_comptes_d_un_lot_font_toujours_son_total() -> None:
    lot = lot_de(en_attente=2, en_cours=1, reussie=3, echouee=1, incertaine=1, a_verifier=1, annulee=1)
    etat = progression.observer(lot)
    assert sum(nombre for _, _, nombre in etat.etats) == lot.total == 10
    assert (etat.reglees, etat.pourcent, etat.finie, etat.annulables) == (5, 50, False, 2)


def test_un_lot_qui_n_attend_que_des_personnes_est_fini() -> None:
    etat = progression.observer(lot_de(reussie=2, a_verifier=1))
    assert (etat.finie, etat.reste_en_mots) == (True, "Terminé, hors décisions à prendre")
    assert "1 opération attend votre décision" in etat.annonce


def test_le_debit_est_celui_de_la_derniere_minute() -> None:
    lot = lot_de(reussie=30, en_attente=60)
    Lot.objects.filter(pk=lot.pk).update(cree_le=timezone.now() - timedelta(hours=1))
    lot.refresh_from_db()
    etat = progression.observer(lot)
    assert etat.debit == pytest.approx(0.5)
    assert (etat.debit_en_mots, etat.reste_en_mots) == ("0,5 par seconde", "Environ 2 minutes")
    lot.operations.update(terminee_le=None, etat=Etat.EN_ATTENTE)
    assert progression.observer(lot).reste_en_mots == "Pas encore estimé"


def test_la_page_d_un_lot_montre_les_echecs_et_leur_remede(manager: Client) -> None:
    lot = lot_de(en_attente=2)
    OperationFactory(lot=lot, echouee=True, explication=ExplicationFactory(ecrite=True), message="Refus < inventé >")
    texte = manager.get(fiche(lot)).content.decode()
    assert "Refus &lt; inventé &gt;" in texte
    assert "Relevez LoopHub puis corrigez le code." in texte
    assert "<noscript><meta http-equiv=" in texte
    assert "progression.js" in texte


def test_une_pause_de_la_cle_est_dite(manager: Client) -> None:
    lot = lot_de(en_attente=1)
    cle = lot.operations.get().cle
    Guichet.objects.filter(pk=cle.guichet_id).update(
        pause_jusqu_au=timezone.now() + timedelta(minutes=5), echecs_consecutifs=5
    )
    assert "en pause jusqu" in manager.get(fiche(lot)).content.decode()
    assert "Ouvert après" in manager.get(fiche(cle)).content.decode()


def test_annuler_ce_qui_n_a_pas_commence(manager: Client) -> None:
    lot = lot_de(en_attente=2, en_cours=1, reussie=1)
    formulaire(manager.get(fiche(lot)), "/annuler-restant/").envoyer(manager)
    assert sorted(lot.operations.values_list("etat", flat=True)) == ["annulee", "annulee", "en_cours", "reussie"]
    assert not [f for f in formulaires(manager.get(fiche(lot))) if f.action.endswith("/annuler-restant/")]


def test_relancer_les_echecs_ouvre_un_autre_lot(manager: Client) -> None:
    lot = lot_de(reussie=1, echouee=2)
    reponse = formulaire(manager.get(fiche(lot)), "/relancer-echecs/").envoyer(manager)
    suite = Lot.objects.get(relance_de=lot)
    assert reponse["Location"] == fiche(suite)
    assert suite.operations.filter(etat=Etat.EN_ATTENTE).count() == 2
    assert f"Lot n° {suite.pk}" in manager.get(fiche(lot)).content.decode().replace("\u00a0", " ").replace(
        "\u202f", " "
    )
    manager.post(reverse("admin:dossiers_lot_relancer_echecs", args=[lot.pk]))
    assert Lot.objects.filter(relance_de=lot).count() == 1


def test_le_resultat_d_un_lot_a_une_ligne_par_operation(manager: Client) -> None:
    lot = lot_de(reussie=2)
    OperationFactory(lot=lot, echouee=True, message="=1+1", requete_id="abc")
    reponse = manager.get(reverse("admin:dossiers_lot_resultat", args=[lot.pk]))
    csv = b"".join(reponse.streaming_content).decode("utf-8-sig")
    lignes = csv.split("\r\n")
    assert len(lignes) == 1 + 3 + 1
    assert ";Échouée;'=1+1;abc;" in csv
    assert Evenement.objects.filter(type=Evenement.Type.EXPORT, acteur=manager.personne).count() == 1  # type: ignore[attr-defined]


def test_la_progression_ne_se_garde_pas_et_ne_s_ecrit_pas(manager: Client) -> None:
    adresse = reverse("admin:dossiers_lot_progression", args=[lot_de(en_attente=1).pk])
    assert "no-store" in manager.get(adresse)["Cache-Control"]
    assert manager.post(adresse).status_code == 405


# --- operations --------------------------------------------------------------------------------------------------


def test_une_operation_echouee_dit_quoi_pourquoi_et_que_faire(manager: Client) -> None:
    explication = ExplicationFactory(ecrite=True, geste="actualiser_loophub")
    operation = OperationFactory(echouee=True, explication=explication, requete_id="req-1", message="Message de Cegid")
    AppelFactory(operation=operation, corps_reponse="***", requete_id="req-1", x_requete_id="xreq-1")
    reponse = manager.get(fiche(operation))
    texte = reponse.content.decode()
    for attendu in (explication.constat, explication.cause, explication.remede, "Message de Cegid", "req-1", "xreq-1"):
        assert attendu in texte
    formulaire(reponse, f"/cleapi/{operation.cle.pk}/relever/").envoyer(manager)
    assert Operation.objects.filter(nature="synchroniser_loophub", guichet=operation.guichet).count() == 1


def test_relancer_ne_nomme_un_environnement_que_pour_y_ecrire(manager: Client) -> None:
    explication = ExplicationFactory(ecrite=True, geste="relancer")
    for nature, dit in (("actualiser_dossier", False), ("ajouter_offre", True)):
        operation = OperationFactory(echouee=True, nature=nature, explication=explication)
        assert bool(vue_de(manager, operation)["remede"]["environnement"]) is dit, nature


def test_un_message_inconnu_est_montre_tel_quel_avec_la_marche_a_suivre(consultation: Client) -> None:
    operation = OperationFactory(echouee=True, message="Jamais vu", explication=ExplicationFactory())
    texte = consultation.get(fiche(operation)).content.decode()
    assert "Jamais vu" in texte
    assert "Ce message n’a pas encore d’explication" in texte


REMEDES = {
    "tester_cle": "Tester la connexion de la clé",
    "relancer": "Relancer l’opération",
    "actualiser_dossier": "Actualiser le dossier depuis Loop",
    "ouvrir_cle": "Ouvrir la clé d’API",
    "ouvrir_dossier": "Ouvrir le dossier",
}


def test_chaque_remede_a_son_bouton_qui_marche(manager: Client, consultation: Client) -> None:
    for geste, bouton in REMEDES.items():
        operation = OperationFactory(echouee=True, explication=ExplicationFactory(ecrite=True, geste=geste))
        reponse = manager.get(fiche(operation))
        remede = reponse.context["remede"]
        assert remede["libelle"] == bouton
        assert bouton in reponse.content.decode()
        with sans_rendu():
            if remede["methode"] == "post":
                assert manager.post(remede["adresse"], remede["champs"]).status_code in {200, 302}, geste
            else:
                assert manager.get(remede["adresse"]).status_code == 200, geste
        assert (vue_de(consultation, operation)["remede"] is None) == (geste != "ouvrir_dossier")


def test_annuler_et_relancer_une_operation(manager: Client) -> None:
    attente, echouee = OperationFactory(), OperationFactory(echouee=True)
    formulaire(manager.get(fiche(attente)), "/annuler/").envoyer(manager)
    attente.refresh_from_db()
    assert attente.etat == Etat.ANNULEE
    reponse = formulaire(manager.get(fiche(echouee)), "/relancer/").envoyer(manager)
    nouvelle = Operation.objects.get(relance_de=echouee)
    assert reponse["Location"] == fiche(nouvelle)
    manager.post(reverse("admin:dossiers_operation_relancer", args=[echouee.pk]))
    assert Operation.objects.filter(relance_de=echouee).count() == 1


def test_ce_qu_une_restauration_retient_n_offre_pas_d_annuler(manager: Client) -> None:
    lot = lot_de(en_attente=1)
    operation = lot.operations.get()
    Operation.objects.update(pas_avant=JAMAIS)
    assert not [f for f in formulaires(manager.get(fiche(operation))) if f.action.endswith("/annuler/")]
    assert not [f for f in formulaires(manager.get(fiche(lot))) if f.action.endswith("/annuler-restant/")]
    reponse = manager.post(reverse("admin:dossiers_operation_annuler", args=[operation.pk]), follow=True)
    assert "a pu partir avant la restauration" in reponse.content.decode()
    assert lot.operations.get().etat == Etat.EN_ATTENTE


@pytest.mark.parametrize(
    ("decision", "etat"),
    [("appliquee", Etat.REUSSIE), ("renvoyer", Etat.EN_ATTENTE), ("abandonner", Etat.ECHOUEE)],
)
def test_trancher(manager: Client, decision: str, etat: Etat) -> None:
    offre = OffreFactory()
    operation = OperationFactory(a_verifier=True, dossier=offre.dossier)
    reponse = manager.get(fiche(operation))
    assert "regardez si l’offre" in reponse.content.decode()
    formulaire(reponse, "/trancher/").envoyer(manager, decision=decision, motif="Vu dans Loop Hub.")
    operation.refresh_from_db()
    assert operation.etat == etat
    assert operation.evenements.filter(texte__contains="Vu dans Loop Hub.", acteur=manager.personne).exists()  # type: ignore[attr-defined]


def test_trancher_depuis_une_page_perimee_ne_change_rien(manager: Client) -> None:
    operation = OperationFactory(a_verifier=True)
    page = formulaire(manager.get(fiche(operation)), "/trancher/")
    Operation.objects.filter(pk=operation.pk).update(quarantaine_jusqu_au=timezone.now())
    reponse = page.envoyer(manager, decision="renvoyer", motif="Absent.")
    assert "changé d’état" in reponse.content.decode()
    operation.refresh_from_db()
    assert operation.etat == Etat.A_VERIFIER


def test_trancher_sans_decision_ou_sans_motif_revient_au_champ(manager: Client) -> None:
    operation = OperationFactory(a_verifier=True)
    adresse = reverse("admin:dossiers_operation_trancher", args=[operation.pk])
    for champs in ({}, {"decision": "appliquee"}, {"decision": "rien", "motif": "Vu."}, {"motif": " "}):
        reponse = manager.post(adresse, champs)
        operation.refresh_from_db()
        assert (reponse.status_code, operation.etat) == (200, Etat.A_VERIFIER), champs
        assert "errorlist" in reponse.content.decode()


def test_trancher_ce_qui_a_deja_bouge_est_explique(manager: Client) -> None:
    operation = OperationFactory(reussie=True)
    adresse = reverse("admin:dossiers_operation_trancher", args=[operation.pk])
    reponse = manager.post(adresse, {"decision": "abandonner", "motif": "Trop tard."}, follow=True)
    assert "a changé d’état" in reponse.content.decode()
    operation.refresh_from_db()
    assert operation.etat == Etat.REUSSIE


def test_la_periode_compte_ses_deux_jours(manager: Client) -> None:
    hier = OperationFactory(creee_le=timezone.now() - timedelta(days=1))
    OperationFactory(creee_le=timezone.now() - timedelta(days=3))
    jour = f"{timezone.localtime(hier.creee_le):%d/%m/%Y}"
    adresse = reverse("admin:dossiers_operation_changelist")
    liste = manager.get(adresse, {"creee_le_from": jour, "creee_le_to": jour}).context["cl"].result_list
    assert [operation.pk for operation in liste] == [hier.pk]


# --- catalogue ---------------------------------------------------------------------------------------------------


def test_un_manager_explique_un_message_une_fois_pour_toutes(manager: Client) -> None:
    explication = ExplicationFactory()
    operation = OperationFactory(echouee=True, explication=explication)
    liste = reverse("admin:dossiers_explication_changelist")
    a_ecrire = manager.get(f"{liste}?statut__exact=a_ecrire").context["cl"].result_list
    assert explication.pk in {entree.pk for entree in a_ecrire}
    champs = {"gravite": "erreur", "constat": "Constat.", "cause": "Cause.", "remede": "Remède."}
    assert manager.post(fiche(explication), {**champs, "remede": ""}).status_code == 200
    assert manager.post(fiche(explication), champs).status_code == 302
    explication.refresh_from_db()
    assert (explication.statut, explication.redigee_par) == (Explication.Statut.ECRITE, manager.personne)  # type: ignore[attr-defined]
    assert "Remède." in manager.get(fiche(operation)).content.decode()
    entrees.oublier()


def test_un_collaborateur_ne_redige_pas(collaborateur: Client) -> None:
    explication = ExplicationFactory()
    assert collaborateur.post(fiche(explication), {"constat": "x", "cause": "y", "remede": "z"}).status_code == 403


def test_le_journal_mene_a_la_frise(manager: Client) -> None:
    evenement = EvenementFactory()
    texte = manager.get(reverse("admin:dossiers_evenement_changelist")).content.decode()
    assert f"#evenement-{evenement.pk}" in texte


def test_l_export_de_la_liste_suit_ses_filtres_et_se_journalise(manager: Client) -> None:
    gardee = OperationFactory(echouee=True)
    exclue = OperationFactory()
    adresse = reverse("admin:dossiers_operation_export_csv")
    csv = b"".join(manager.get(f"{adresse}?etat__exact=echouee").streaming_content).decode()
    assert (gardee.dossier.code in csv, exclue.dossier.code in csv) == (True, False)
    evenement = Evenement.objects.get(type=Evenement.Type.EXPORT)
    assert (evenement.acteur, evenement.details["filtre"]) == (manager.personne, "etat__exact=echouee")  # type: ignore[attr-defined]


def test_les_cles_sans_operation_n_ont_pas_de_dernier_test(manager: Client) -> None:
    assert "Jamais fait" in manager.get(fiche(CleApiFactory())).content.decode()


def test_relancer_avec_une_cle_archivee_est_refuse_et_explique(manager: Client) -> None:
    operation = OperationFactory(echouee=True, lot=LotFactory(total=1))
    type(operation.cle).objects.filter(pk=operation.cle.pk).update(archivee_le=timezone.now())
    for adresse in (
        reverse("admin:dossiers_operation_relancer", args=[operation.pk]),
        reverse("admin:dossiers_lot_relancer_echecs", args=[operation.lot_id]),
    ):
        assert "est archivée" in manager.post(adresse, follow=True).content.decode()
    assert (Operation.objects.count(), Lot.objects.count()) == (1, 1)
