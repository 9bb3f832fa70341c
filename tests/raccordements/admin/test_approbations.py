"""Submitting, deciding, delegating in the browser: who may, on what was read, and what each page says."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from raccordements.affichage import adresse_fiche
from raccordements.models import Approbation, Delegation, Fiche
from raccordements.services import approbation, redaction
from raccordements.services.redaction import Saisie
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.interlocuteurs.admin.conftest import ROLES
from tests.raccordements.fabriques import (
    StructureFactory,
    approuvee,
    fiche_api,
    fiche_edi,
    relue,
    semblables,
    soumise,
)

pytestmark = pytest.mark.django_db
A_APPROUVER = f"{reverse('admin:raccordements_version_changelist')}?etat__exact=en_attente"
PLUSIEURS = reverse("admin:raccordements_version_approuver_plusieurs")
DELEGUER = reverse("admin:raccordements_delegation_add")


@pytest.fixture
def auteur():
    return CollaborateurFactory(collaborateur=True)


@pytest.fixture
def attendue(auteur):
    """A fiche that waits for a decision."""
    return soumise(fiche_edi(par=auteur))


def page(version, nom="change"):
    return reverse(f"admin:raccordements_version_{nom}", args=[version.pk])


def texte(reponse):
    return re.sub(r"\s+", " ", reponse.content.decode())


def approuver(client, fiche, **champs):
    return client.post(page(fiche.version, "approuver"), {"empreinte": fiche.version.empreinte, **champs})


def refuser(client, fiche, motif="Le port est faux."):
    return client.post(page(fiche.version, "refuser"), {"empreinte": fiche.version.empreinte, "motif": motif})


def corriger(fiche, par):
    fiche = relue(fiche)
    redaction.modifier(fiche, Saisie(champs={"commentaires": "Corrigée."}), edition=fiche.edition, par=par)


# --- rights ------------------------------------------------------------------------------------------------------


def test_chaque_adresse_par_role(en_role, auteur):
    brouillon, autre = fiche_edi(par=auteur), soumise(fiche_api(par=auteur))
    lue = autre.version.empreinte
    choix = {"version": autre.version_id, f"empreinte_{autre.version_id}": lue}
    for role in ROLES:
        ecrit, decide = role != "consultation", role in {"manager", "administrateur"}
        lecture = {
            page(autre.version): 200,
            A_APPROUVER: 200,
            adresse_fiche(brouillon, "soumettre"): 200 if ecrit else 403,
            reverse("admin:raccordements_delegation_changelist"): 200 if ecrit else 403,
            DELEGUER: 200 if decide else 403,
            page(autre.version, "approuver"): 405,
            page(autre.version, "refuser"): 405,
            adresse_fiche(autre, "reprendre"): 405,
            PLUSIEURS: 405,
        }
        ecriture = [
            (adresse_fiche(brouillon, "soumettre"), {"edition": brouillon.edition}, 302 if ecrit else 403),
            (adresse_fiche(brouillon, "reprendre"), {}, 302 if ecrit else 403),
            (page(autre.version, "refuser"), {"empreinte": lue, "motif": ""}, 200 if decide else 403),
            (PLUSIEURS, choix, 200 if decide else 403),
            (page(autre.version, "approuver"), {"empreinte": lue}, 302 if decide else 403),
        ]
        with en_role(role) as client:
            assert {adresse: client.get(adresse).status_code for adresse in lecture} == lecture
            assert [client.post(a, champs).status_code for a, champs, _ in ecriture] == [c for *_, c in ecriture]
            assert relue(autre).approbation == (Approbation.APPROUVEE if decide else Approbation.EN_ATTENTE)


def test_hors_du_portefeuille_rien_n_existe(limite, attendue, auteur):
    ailleurs = fiche_edi(par=auteur, structure=StructureFactory(dossier=DossierFactory()))
    version = soumise(ailleurs).version
    adresses = [page(version), page(version, "approuver"), page(version, "refuser")]
    adresses += [adresse_fiche(ailleurs, nom) for nom in ("soumettre", "reprendre")]
    assert {
        limite.post(adresse, {"motif": "m", "empreinte": version.empreinte}).status_code for adresse in adresses[1:]
    } == {404}
    assert limite.get(adresses[0]).status_code == 404
    envoi = {"version": version.pk, "approuver": version.pk, f"empreinte_{version.pk}": version.empreinte}
    assert limite.post(PLUSIEURS, envoi).status_code == 404
    assert f"Fiche n° {ailleurs.pk}" not in texte(limite.get(A_APPROUVER))
    assert relue(ailleurs).approbation == Approbation.EN_ATTENTE


# --- submitting --------------------------------------------------------------------------------------------------


def test_soumettre_puis_reprendre(entrer):
    client = entrer(collaborateur=True)
    fiche = fiche_edi(par=client.personne)
    vue = texte(client.get(adresse_fiche(fiche, "soumettre")))
    assert "Première version" in vue
    client.post(adresse_fiche(fiche, "soumettre"), {"edition": fiche.edition, "message": "Nouveau client."})
    fiche = relue(fiche)
    assert (fiche.approbation, fiche.version.message) == (Approbation.EN_ATTENTE, "Nouveau client.")
    client.post(adresse_fiche(fiche, "reprendre"))
    assert relue(fiche).approbation == Approbation.A_SOUMETTRE


def test_une_fiche_changee_entre_temps_ne_perd_pas_le_message(entrer, auteur):
    client = entrer(collaborateur=True)
    fiche = fiche_edi(par=client.personne)
    corriger(fiche, auteur)
    reponse = client.post(adresse_fiche(fiche, "soumettre"), {"edition": fiche.edition, "message": "Mon message."})
    assert reponse.status_code == 409
    assert "Mon message." in texte(reponse)
    assert "modifiée par quelqu’un d’autre" in texte(reponse)
    assert relue(fiche).approbation == Approbation.A_SOUMETTRE


def test_un_risque_bloquant_est_dit_et_le_bouton_absent(entrer):
    client = entrer(collaborateur=True)
    fiche = fiche_edi(par=client.personne, contact_nom="")
    vue = texte(client.get(adresse_fiche(fiche, "soumettre")))
    assert "Il manque le nom et le prénom du contact technique." in vue
    assert "Corriger la fiche" in vue
    assert 'name="message"' not in vue
    assert client.post(adresse_fiche(fiche, "soumettre"), {"edition": fiche.edition}).status_code == 409


def test_une_fiche_deja_soumise_n_est_plus_a_soumettre(entrer, attendue):
    client = entrer(collaborateur=True)
    reponse = client.get(adresse_fiche(attendue, "soumettre"))
    assert (reponse.status_code, "En attente d’approbation" in texte(reponse)) == (409, True)


# --- deciding ----------------------------------------------------------------------------------------------------


def test_la_page_dit_tout_avant_la_decision(au_bureau, auteur):
    fiche = approuvee(fiche_edi(par=auteur, partenaire_port=4080))
    redaction.modifier(fiche, Saisie(champs={"partenaire_port": 4999}), edition=fiche.edition, par=auteur)
    fiche = soumise(fiche)
    vue = texte(au_bureau.get(page(fiche.version)))
    assert "Risques, calculés maintenant" in vue
    assert re.search(r"Port du partenaire</th><td><del>4080</del></td><td><ins>4999</ins>", vue)
    assert fiche.version.empreinte in vue
    assert str(auteur) in vue
    assert "Approuver la version 2 – Production" in vue
    assert "api" in vue


def test_approuver_puis_refuser_avec_un_motif(au_bureau, auteur):
    fiche = soumise(fiche_edi(par=auteur))
    reponse = approuver(au_bureau, fiche)
    assert (reponse.status_code, reponse["Location"]) == (302, adresse_fiche(fiche))
    autre = soumise(fiche_edi(par=auteur))
    assert "obligatoire" in texte(refuser(au_bureau, autre, motif="  "))
    assert relue(autre).approbation == Approbation.EN_ATTENTE
    refuser(au_bureau, autre)
    autre = relue(autre)
    assert (autre.approbation, autre.version.motif) == (Approbation.REFUSEE, "Le port est faux.")


@pytest.mark.parametrize("geste", [approuver, refuser])
def test_une_version_qui_a_change_n_est_pas_decidee(geste, au_bureau, auteur, attendue):
    lue = attendue
    corriger(attendue, auteur)
    soumise(attendue)
    reponse = geste(au_bureau, lue)
    assert reponse.status_code == 409
    assert "Ce n’est plus celle que vous avez lue" in texte(reponse)
    assert "Lire la version actuelle" in texte(reponse)
    if geste is refuser:
        assert "Le port est faux." in texte(reponse)
    assert relue(attendue).approbation == Approbation.EN_ATTENTE


def test_l_empreinte_du_post_est_comparee(au_bureau, attendue):
    assert approuver(au_bureau, attendue, empreinte="0" * 64).status_code == 409
    assert relue(attendue).approbation == Approbation.EN_ATTENTE


@pytest.mark.parametrize("role", ["manager", "superutilisateur"])
def test_qui_a_ecrit_lit_pourquoi_et_n_a_pas_de_bouton(role, entrer):
    client = entrer(**{role: True})
    fiche = soumise(fiche_edi(par=client.personne))
    vue = texte(client.get(page(fiche.version)))
    assert "une autre personne doit la relire" in vue
    assert page(fiche.version, "approuver") not in vue
    assert "Pas par vous" in texte(client.get(A_APPROUVER))
    reponse = approuver(client, fiche)
    assert (reponse.status_code, relue(fiche).approbation) == (409, Approbation.EN_ATTENTE)
    assert "une autre personne doit la relire" in texte(client.get(adresse_fiche(fiche)))


# --- the list, and several at once -------------------------------------------------------------------------------


def test_la_liste_va_de_la_plus_ancienne_a_la_plus_recente(au_bureau, auteur):
    premieres = [soumise(fiche_edi(par=auteur)) for _ in range(3)]
    approuvee(fiche_edi(par=auteur))
    vue = texte(au_bureau.get(A_APPROUVER))
    ordre = [int(n) for n in re.findall(r"Fiche n° (\d+), version 1</a>", vue)]
    assert ordre == [fiche.pk for fiche in premieres]
    assert "À vous de décider" in vue


def test_approuver_en_masse_sauf_une(au_bureau, auteur):
    fiches = [soumise(fiche_edi(par=auteur)) for _ in range(3)]
    sienne = soumise(fiche_edi(par=au_bureau.personne))
    choisies = [f.version_id for f in [*fiches, sienne]]
    plan = au_bureau.post(A_APPROUVER, {"action": "approuver_la_selection", "_selected_action": choisies})
    vue = texte(plan)
    assert vue.count('name="approuver"') == 3
    assert "Pas par vous" in vue
    envoi = {"version": choisies, "approuver": [*choisies[1:], "9" * 5000]}
    envoi |= {f"empreinte_{f.version_id}": f.version.empreinte for f in [*fiches, sienne]}
    bilan = texte(au_bureau.post(PLUSIEURS, envoi))
    assert re.findall(r'data-compte="\w+">(\d)', bilan) == ["2", "1", "1"]
    assert "Vous ne pouvez pas décider de cette fiche." in bilan
    assert [relue(f).approbation for f in [*fiches, sienne]] == [
        Approbation.EN_ATTENTE,
        Approbation.APPROUVEE,
        Approbation.APPROUVEE,
        Approbation.EN_ATTENTE,
    ]


@pytest.mark.parametrize("version", ["", "abc", "9" * 30])
def test_une_selection_absurde_est_un_404(version, au_bureau):
    assert au_bureau.post(PLUSIEURS, {"version": version}).status_code == 404


def test_les_requetes_ne_suivent_pas_les_lignes(au_bureau, auteur, entrer):
    delegue = entrer(collaborateur=True)
    approbation.deleguer(delegue.personne, fin=timezone.now() + dt.timedelta(days=1), par=au_bureau.personne)

    def compter(client):
        choisies = list(Fiche.objects.en_attente_d_approbation().values_list("version", flat=True))
        with CaptureQueriesContext(connection) as requetes:
            assert client.get(A_APPROUVER).status_code == 200
            plan = client.post(A_APPROUVER, {"action": "approuver_la_selection", "_selected_action": choisies})
        assert plan.content.decode().count('name="approuver"') == len(choisies)
        return len(requetes)

    attendue = soumise(fiche_edi(par=auteur))
    semblables(attendue, 1)
    compter(au_bureau)
    peu = compter(au_bureau), compter(delegue)
    semblables(attendue, 30)
    assert (compter(au_bureau), compter(delegue)) == peu


# --- delegating --------------------------------------------------------------------------------------------------


def test_deleguer_decider_au_nom_puis_revoquer(au_bureau, entrer, attendue, auteur):
    delegue = entrer(collaborateur=True)
    assert approuver(delegue, attendue).status_code == 403
    demain = timezone.localdate() + dt.timedelta(days=1)
    au_bureau.post(DELEGUER, {"delegue": delegue.personne.pk, "fin": demain.isoformat(), "motif": "Congés"})
    delegation = Delegation.objects.get()
    assert timezone.localtime(delegation.fin).date() == demain + dt.timedelta(days=1)

    assert approuver(delegue, attendue).status_code == 302
    dit = f"par délégation de {au_bureau.personne}"
    for adresse in (page(attendue.version), adresse_fiche(attendue), adresse_fiche(attendue, "passeport")):
        assert dit in texte(au_bureau.get(adresse)), adresse
    assert f"Fiche n° {attendue.pk}" in texte(
        au_bureau.get(reverse("admin:raccordements_delegation_change", args=[delegation.pk]))
    )

    revoquer = reverse("admin:raccordements_delegation_revoquer", args=[delegation.pk])
    assert entrer(manager=True).post(revoquer).status_code == 403
    assert delegue.post(revoquer).status_code == 403
    au_bureau.post(revoquer)
    assert approuver(delegue, soumise(fiche_edi(par=auteur))).status_code == 403


def test_une_delegation_absurde_est_refusee_au_champ(au_bureau, auteur, subtests):
    for jours, delegue, erreur in (
        (-1, auteur, "serait déjà finie"),
        (400, auteur, "un an au plus"),
        (1, au_bureau.personne, "n’est pas disponible|Sélectionnez un choix"),
    ):
        fin = timezone.localdate() + dt.timedelta(days=jours)
        with subtests.test(erreur):
            reponse = au_bureau.post(DELEGUER, {"delegue": delegue.pk, "fin": fin.isoformat(), "motif": "Essai gardé"})
            assert re.search(erreur, texte(reponse))
            assert "Essai gardé" in texte(reponse)
            assert not Delegation.objects.exists()
