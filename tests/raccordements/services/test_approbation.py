"""Who may decide, on what, and what the database refuses to whoever goes around the services."""

import datetime as dt
import random
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import permutations, product

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from dossiers.services.erreurs import ActionImpossible
from raccordements.models import Approbation, Delegation, Fiche, Participation, Version
from raccordements.services import approbation, redaction
from raccordements.services.contenu import contenu, empreinte
from raccordements.services.envoi import Canal, abandonner_envoi, prendre_pour_envoi
from raccordements.services.erreurs import ApprobationInterdite, EmpreinteDifferente, FicheBloquee
from raccordements.services.redaction import Saisie
from tests.epreuves import repetitions
from tests.fabriques import CollaborateurFactory
from tests.raccordements.fabriques import approuvee, fiche_edi, relue, soumise

pytestmark = pytest.mark.django_db


@pytest.fixture
def auteur():
    return CollaborateurFactory(collaborateur=True)


@pytest.fixture
def manager():
    return CollaborateurFactory(manager=True)


def approuver(fiche, par):
    fiche = relue(fiche)
    return approbation.approuver(fiche, empreinte_lue=fiche.version.empreinte, par=par)


def corriger(fiche, par, commentaires="Corrigée."):
    fiche = relue(fiche)
    redaction.modifier(fiche, Saisie(champs={"commentaires": commentaires}), edition=fiche.edition, par=par)


def test_un_manager_approuve_ce_qu_il_a_lu(auteur, manager):
    fiche = soumise(fiche_edi(par=auteur))
    version = approuver(fiche, manager)
    fiche = relue(fiche)
    assert (fiche.approbation, version.decide_par, version.etat) == (Approbation.APPROUVEE, manager, "approuvee")
    assert approbation.verifier_empreinte(fiche) == version
    assert Fiche.objects.a_approuver_par(manager).count() == 0


def test_un_collaborateur_n_approuve_pas(auteur):
    with pytest.raises(PermissionDenied):
        approuver(soumise(fiche_edi(par=auteur)), CollaborateurFactory(collaborateur=True))


@pytest.mark.parametrize("role", ["manager", "superutilisateur"])
@pytest.mark.parametrize("part", ["cree", "modifie", "soumet", "modifie_avant_un_refus", "modifie_puis_retire"])
def test_qui_a_ecrit_n_approuve_jamais(part, role, auteur, manager):
    ecrivain = CollaborateurFactory(**{role: True})
    fiche = fiche_edi(par=ecrivain if part == "cree" else auteur)
    if part in {"modifie", "modifie_avant_un_refus", "modifie_puis_retire"}:
        corriger(fiche, ecrivain)
    if part == "modifie_avant_un_refus":
        fiche = soumise(fiche, par=auteur)
        approbation.refuser(fiche, empreinte_lue=fiche.version.empreinte, motif="Port faux.", par=manager)
        corriger(fiche, auteur, "Corrigée par l’auteur.")
    if part == "modifie_puis_retire":
        approuvee(fiche, par=auteur, manager=manager)
        corriger(fiche, auteur, "Après l’approbation.")
    fiche = soumise(fiche, par=ecrivain if part == "soumet" else auteur)
    with pytest.raises(ApprobationInterdite):
        approuver(fiche, ecrivain)
    with pytest.raises(ApprobationInterdite):
        approbation.refuser(fiche, empreinte_lue=fiche.version.empreinte, motif="m", par=ecrivain)
    assert fiche not in Fiche.objects.a_approuver_par(ecrivain)
    assert "une autre personne" in approbation.motif_de_non_approbation(fiche.version, ecrivain)
    assert relue(fiche).approbation == Approbation.EN_ATTENTE


def test_approuver_une_version_qui_n_est_plus_la(auteur, manager):
    fiche = soumise(fiche_edi(par=auteur))
    lue = fiche.version.empreinte
    corriger(fiche, auteur)
    with pytest.raises(EmpreinteDifferente):
        approbation.approuver(fiche, empreinte_lue=lue, par=manager)
    soumise(fiche)
    with pytest.raises(EmpreinteDifferente):
        approbation.approuver(fiche, empreinte_lue=lue, par=manager)


def test_une_ecriture_hors_des_services_fait_tomber_la_demande(auteur, manager):
    fiche = soumise(fiche_edi(par=auteur))
    Fiche.objects.filter(pk=fiche.pk).update(commentaires="Par-derrière.")
    with pytest.raises(EmpreinteDifferente, match="ne correspond plus"):
        approuver(fiche, manager)
    assert relue(fiche).approbation == Approbation.A_SOUMETTRE


def test_un_refus_donne_son_motif_et_laisse_corriger(auteur, manager):
    fiche = soumise(fiche_edi(par=auteur))
    lue = fiche.version.empreinte
    with pytest.raises(ActionImpossible, match="motif"):
        approbation.refuser(fiche, empreinte_lue=lue, motif="  ", par=manager)
    version = approbation.refuser(fiche, empreinte_lue=lue, motif="Le port est faux.", par=manager)
    assert relue(fiche).approbation == Approbation.REFUSEE
    assert version.motif == "Le port est faux."
    with pytest.raises(EmpreinteDifferente):
        prendre_pour_envoi(fiche, canal=Canal.API, par=None)
    corriger(fiche, auteur)
    assert soumise(fiche).version.numero == 2


def test_un_risque_bloquant_apparu_depuis_empeche_d_approuver(auteur, manager):
    fiche = soumise(fiche_edi(par=auteur))
    with time_machine.travel("2040-01-01"), pytest.raises(FicheBloquee):
        approuver(fiche, manager)
    assert relue(fiche).approbation == Approbation.EN_ATTENTE


# --- delegation --------------------------------------------------------------------------------------------------


def dans(jours):
    return timezone.now() + dt.timedelta(days=jours)


def test_un_delegue_approuve_au_nom_du_delegant_jusqu_a_la_fin(auteur, manager):
    delegue = CollaborateurFactory(collaborateur=True)
    delegation = approbation.deleguer(delegue, fin=dans(3), par=manager, motif="Congés")
    version = approuver(soumise(fiche_edi(par=auteur)), delegue)
    assert (version.delegation, version.decide_par) == (delegation, delegue)
    assert version.participations.get(personne=manager).role == Participation.Role.DELEGANT

    Delegation.objects.update(fin=timezone.now() - dt.timedelta(seconds=1), debut=dans(-5))
    with pytest.raises(PermissionDenied):
        approuver(soumise(fiche_edi(par=auteur)), delegue)


def test_une_delegation_ne_contourne_pas_la_regle(auteur, manager):
    delegue = CollaborateurFactory(collaborateur=True)
    approbation.deleguer(delegue, fin=dans(3), par=manager)
    with pytest.raises(ApprobationInterdite, match="au nom de qui"):
        approuver(soumise(fiche_edi(par=manager)), delegue)
    fiche = fiche_edi(par=auteur)
    corriger(fiche, delegue)
    with pytest.raises(ApprobationInterdite):
        approuver(soumise(fiche), delegue)


def test_une_delegation_se_revoque_par_qui_l_a_donnee(auteur, manager):
    delegue = CollaborateurFactory(collaborateur=True)
    delegation = approbation.deleguer(delegue, fin=dans(3), par=manager)
    with pytest.raises(PermissionDenied):
        approbation.revoquer(delegation, par=CollaborateurFactory(manager=True))
    approbation.revoquer(delegation, par=manager)
    with pytest.raises(PermissionDenied):
        approuver(soumise(fiche_edi(par=auteur)), delegue)
    with pytest.raises(PermissionDenied):
        approbation.deleguer(manager, fin=dans(3), par=delegue)
    for fin, a_qui in ((dans(-1), delegue), (dans(1), manager)):
        with pytest.raises(ValidationError):
            approbation.deleguer(a_qui, fin=fin, par=manager)


def test_un_delegant_qui_a_perdu_son_role_ne_delegue_plus_rien(auteur, manager):
    delegue = CollaborateurFactory(collaborateur=True)
    approbation.deleguer(delegue, fin=dans(3), par=manager)
    manager.groups.clear()
    with pytest.raises(PermissionDenied):
        approuver(soumise(fiche_edi(par=auteur)), delegue)


# --- in bulk -----------------------------------------------------------------------------------------------------


def test_approuver_en_masse_sauf_quelques_unes(auteur, manager):
    fiches = [soumise(fiche_edi(par=auteur)) for _ in range(4)]
    sienne = soumise(fiche_edi(par=manager))
    lues = {f: f.version.empreinte for f in [*fiches, sienne]}
    corriger(fiches[3], auteur)
    bilan = approbation.approuver_plusieurs(lues, par=manager, sauf=[fiches[0].pk])
    assert bilan.approuvees == [fiches[1], fiches[2]]
    assert bilan.ecartees == [fiches[0]]
    assert [(f, type(r)) for f, r in bilan.refus] == [(fiches[3], EmpreinteDifferente), (sienne, ApprobationInterdite)]
    assert relue(fiches[0]).approbation == Approbation.EN_ATTENTE
    with pytest.raises(PermissionDenied):
        approbation.approuver_plusieurs(lues, par=auteur)


# --- the database ------------------------------------------------------------------------------------------------


def executer(sql, *valeurs):
    with transaction.atomic(), connection.cursor() as curseur:
        curseur.execute(sql, valeurs)
        curseur.execute("SET CONSTRAINTS ALL IMMEDIATE")


APPROUVER_EN_SQL = (
    "UPDATE raccordements_version SET etat = 'approuvee', decide_par_id = %s, decide_le = now() WHERE id = %s"
)


def test_la_base_refuse_qu_un_redacteur_decide(auteur):
    fiche = soumise(fiche_edi(par=auteur))
    version = fiche.version
    with pytest.raises(IntegrityError, match="version_decidee_par_un_tiers"):
        executer(APPROUVER_EN_SQL, auteur.pk, version.pk)
    with pytest.raises(IntegrityError, match="participation_unique"):
        executer(
            "INSERT INTO raccordements_participation (version_id, personne_id, role) VALUES (%s, %s, 'decideur')",
            version.pk,
            auteur.pk,
        )
    for sql in (
        "UPDATE raccordements_participation SET role = 'decideur' WHERE version_id = %s",
        "DELETE FROM raccordements_participation WHERE version_id = %s",
    ):
        with pytest.raises(DatabaseError, match="never changed"):
            executer(sql, version.pk)


def test_la_base_refuse_une_decision_sans_participation(auteur, manager):
    version = soumise(fiche_edi(par=auteur)).version
    with pytest.raises(IntegrityError, match="version_decidee_par_un_tiers"):
        executer(APPROUVER_EN_SQL, manager.pk, version.pk)
    with pytest.raises(IntegrityError, match="version_decidee_par_quelqu_un"):
        executer("UPDATE raccordements_version SET etat = 'approuvee' WHERE id = %s", version.pk)


def test_la_base_refuse_une_fiche_approuvee_dont_la_version_ne_l_est_pas(auteur, manager):
    fiche, autre = soumise(fiche_edi(par=auteur)), approuvee(fiche_edi(par=auteur), manager=manager)
    with pytest.raises(IntegrityError, match="fiche_approbation_de_sa_version"):
        executer("UPDATE raccordements_fiche SET approbation = 'approuvee' WHERE id = %s", fiche.pk)
    with pytest.raises(IntegrityError, match="fiche_approbation_de_sa_version"):
        executer(
            "UPDATE raccordements_fiche SET approbation = 'approuvee', version_id = %s WHERE id = %s",
            autre.version_id,
            fiche.pk,
        )
    with pytest.raises(IntegrityError, match="fiche_approbation_d_une_version"):
        executer("UPDATE raccordements_fiche SET version_id = NULL WHERE id = %s", autre.pk)
    with pytest.raises(IntegrityError, match="fiche_envoi_de_la_version_approuvee"):
        executer("UPDATE raccordements_fiche SET version_en_envoi_id = version_id WHERE id = %s", fiche.pk)


def test_la_base_garde_une_version_telle_qu_elle_fut_soumise(auteur, manager):
    version = approuvee(fiche_edi(par=auteur), manager=manager).version
    for colonne, valeur in (("contenu", "'{}'"), ("empreinte", f"'{'0' * 64}'"), ("numero", "9")):
        with pytest.raises(DatabaseError, match="frozen"):
            executer(f"UPDATE raccordements_version SET {colonne} = {valeur} WHERE id = %s", version.pk)
    with pytest.raises(DatabaseError, match="settled"):
        executer(
            "UPDATE raccordements_version SET etat = 'en_attente', decide_par_id = NULL WHERE id = %s",
            version.pk,
        )


# --- at the same moment ------------------------------------------------------------------------------------------


def courir(depart, avant, pause, geste):
    """What `geste` gave once the others were ready too and `avant` was over, None when it was refused."""
    depart.wait()
    if avant:
        avant.result()
    time.sleep(pause)
    try:
        return geste()
    except ActionImpossible:
        return None


@pytest.mark.django_db(transaction=True)
def test_des_courses_entre_modifier_approuver_et_envoyer():
    """Whoever wins, what leaves was approved as it is, by someone who did not write it.

    In every order: all at once, one on the heels of the other, one after the other.
    """
    auteur, manager = CollaborateurFactory(collaborateur=True), CollaborateurFactory(manager=True)
    fiche = fiche_edi(par=auteur)
    allures = product(permutations(("approuver", "modifier", "envoyer")), ("ensemble", "de près", "à la suite"))
    tours = list(allures) * repetitions(1, 11)
    issues, hasard = Counter(), random.Random(5)
    with ThreadPoolExecutor(3) as fils:
        for tour, (ordre, allure) in enumerate(tours):
            debut = time.monotonic()
            fiche = soumise(fiche)
            # On a machine that is busy every gesture is slow: the starts spread out as much.
            rythme = time.monotonic() - debut
            lue, edition = fiche.version.empreinte, fiche.edition
            saisie = Saisie(champs={"commentaires": f"Tour {tour}"})
            gestes = {
                "approuver": partial(approbation.approuver, fiche, empreinte_lue=lue, par=manager),
                "modifier": partial(redaction.modifier, fiche, saisie, edition=edition, par=auteur),
                "envoyer": partial(prendre_pour_envoi, fiche, canal=Canal.API, par=None),
            }
            depart, promesses, avant = threading.Barrier(3), {}, None
            for rang, nom in enumerate(ordre):
                pause = (rang * (allure == "de près") + hasard.uniform(0, 0.25)) * rythme
                promesses[nom] = fils.submit(courir, depart, avant, pause, gestes[nom])
                avant = promesses[nom] if allure == "à la suite" else None
            approuve, _modifiee, partie = (promesses[nom].result() for nom in gestes)
            fiche = relue(fiche)
            issues["approuvée"] += approuve is not None
            issues["partie"] += partie is not None
            issues["modifiée"] += fiche.edition != edition
            if partie is not None:
                partie.refresh_from_db()
                assert (partie.etat, partie.decide_par_id) == (Version.Etat.APPROUVEE, manager.pk)
                assert partie.empreinte == lue == empreinte(partie.contenu)
                assert fiche.version_en_envoi == partie
                # Who edits after the claim waits: what leaves is still what the fiche says.
                assert fiche.edition == edition
                abandonner_envoi(fiche, partie, motif="Fin du tour.", par=None)
            if relue(fiche).approbation == Approbation.APPROUVEE:
                assert empreinte(contenu(fiche)) == fiche.version.empreinte
                corriger(fiche, auteur, f"Fin du tour {tour}")
        barriere = threading.Barrier(3)
        for promesse in [fils.submit(fermer, barriere) for _ in range(3)]:
            promesse.result()
    assert all(0 < issues[issue] < len(tours) for issue in ("approuvée", "partie", "modifiée")), issues
    decideurs = Participation.objects.filter(role="decideur").values_list("personne", flat=True)
    assert set(decideurs) == {manager.pk}


def fermer(barriere):
    """Close the connection of one thread: none takes a second turn before the others took theirs."""
    barriere.wait()
    connection.close()


@pytest.mark.django_db(transaction=True)
def test_deux_managers_decident_ensemble_un_seul_gagne():
    auteur = CollaborateurFactory(collaborateur=True)
    managers = [CollaborateurFactory(manager=True) for _ in range(2)]
    fiche = soumise(fiche_edi(par=auteur))
    depart, issues = threading.Barrier(2), []

    def decider(manager):
        depart.wait()
        try:
            approbation.approuver(fiche, empreinte_lue=fiche.version.empreinte, par=manager)
            issues.append("gagné")
        except EmpreinteDifferente:
            issues.append("perdu")
        connection.close()

    fils = [threading.Thread(target=decider, args=(manager,)) for manager in managers]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert sorted(issues) == ["gagné", "perdu"]
