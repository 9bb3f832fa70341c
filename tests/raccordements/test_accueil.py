"""What Chorus Pro and Cegid OD put on the home page: each number is that of its list, for each role."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from raccordements.accueil import DELAI_MAX, jours_ouvres
from raccordements.models import Delegation, Fiche, HoteAdmis, Souscription
from raccordements.services import approbation
from raccordements.souscriptions import plateformes, vie
from raccordements.souscriptions.etapes import EtatSouscription
from tests.accueil import cartes, comparer, graphiques, ligne, lignes, ouvrir, rangs_de_la_liste
from tests.dossiers.admin.conftest import Entrer, entrer, limite
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.interlocuteurs.admin.conftest import ROLES
from tests.raccordements import fabriques, fabriques_od
from tests.raccordements.admin.conftest import EnRole, en_role

__all__ = ["en_role", "entrer", "limite"]

pytestmark = pytest.mark.django_db


def vieillir(fiche: Any, jours: int = 10, **champs: Any) -> Any:
    """Move a fiche into the past."""
    quand = timezone.now() - timedelta(days=jours)
    Fiche.toutes.filter(pk=fiche.pk).update(**(champs or {"modifiee_le": quand}))
    return fiche


def refusee(fiche: Any) -> Any:
    """A fiche that a manager refused."""
    fabriques.soumise(fiche)
    fiche = fabriques.relue(fiche)
    approbation.refuser(
        fiche,
        empreinte_lue=fiche.version.empreinte,
        motif="Le port n’est pas celui du partenaire.",
        par=CollaborateurFactory(manager=True),
    )
    return fiche


def cabinet(nombre: int = 1) -> None:
    """Fiches of both kinds in each situation, and subscriptions, written by somebody else."""
    for _ in range(nombre):
        for faire in (fabriques.fiche_edi, fabriques.fiche_api):
            refusee(faire())
            fabriques.soumise(faire())
            fabriques.approuvee(faire())
            vieillir(fabriques.envoyee(faire()), envoyee_le=timezone.now() - timedelta(days=9))
            fabriques.envoyee(faire())
        fabriques_od.oubliee()
        fabriques_od.planifiee()


def brouillons(personne: Any) -> None:
    """A draft of each kind that its author left aside."""
    for faire in (fabriques.fiche_edi, fabriques.fiche_api):
        vieillir(faire(par=personne))


def liste_juste(client: Client, code: str) -> int:
    """The number of a line, which is that of the list where it leads."""
    attendue = ligne(client, code)
    assert rangs_de_la_liste(client, attendue.ligne.adresse) == attendue.compte.nombre
    return attendue.compte.nombre  # type: ignore[no-any-return]


def test_chaque_nombre_est_celui_de_sa_liste(en_role: EnRole) -> None:
    cabinet()
    for role in ROLES:
        with en_role(role, rendu=True) as client:
            ecrit, decide = role != "consultation", role in {"manager", "administrateur"}
            if ecrit:
                brouillons(client.personne)  # type: ignore[attr-defined]
            comptees = comparer(client)
            for genre in ("edi", "api"):
                assert comptees[f"fiches-refusees-{genre}"] == 1
                assert comptees[f"fiches-en-retard-{genre}"] == 1
                assert comptees.get(f"fiches-a-envoyer-{genre}") == (1 if ecrit else None)
                assert comptees.get(f"fiches-oubliees-{genre}") == (1 if ecrit else None)
            assert comptees.get("fiches-a-approuver") == (2 if decide else None)
            assert comptees["a-approuver"] == 2
            assert comptees["souscriptions-oubliees"] == 1
            verbes = {une.ligne.verbe.split()[0] for une in lignes(client).values()}
            assert (verbes == {"Consulter"}) == (not ecrit)


def test_on_ne_doit_pas_approuver_ce_qu_on_a_ecrit(entrer: Entrer) -> None:
    client = entrer(administrateur=True)
    fabriques.soumise(fabriques.fiche_edi(par=client.personne), par=client.personne)  # type: ignore[attr-defined]
    assert ligne(client, "fiches-a-approuver") is None
    assert cartes(client)["a-approuver"][0].nombre == 1
    autre = entrer(manager=True)
    assert liste_juste(autre, "fiches-a-approuver") == 1


def test_une_delegation_donne_a_decider_sauf_ce_que_le_delegant_a_ecrit(entrer: Entrer) -> None:
    delegue, delegant = entrer(collaborateur=True), CollaborateurFactory(manager=True)
    fabriques.soumise(fabriques.fiche_edi())
    fabriques.soumise(fabriques.fiche_edi(par=delegant), par=delegant)
    assert ligne(delegue, "fiches-a-approuver") is None
    fin = timezone.now() + timedelta(days=1)
    Delegation.objects.create(delegant=delegant, delegue=delegue.personne, fin=fin)  # type: ignore[attr-defined]
    assert liste_juste(delegue, "fiches-a-approuver") == 1
    delegant.is_active = False
    delegant.save()
    assert ligne(delegue, "fiches-a-approuver") is None


def test_un_hote_attend_une_autre_personne(entrer: Entrer) -> None:
    proposant, confirmant = entrer(manager=True), entrer(manager=True)
    plateforme = fabriques_od.PlateformeFactory()
    plateformes.proposer_hote(plateforme, "hote.pa.example", par=proposant.personne)  # type: ignore[attr-defined]
    fabriques_od.PlateformeFactory()
    assert ligne(proposant, "hotes-a-confirmer") is None
    assert liste_juste(confirmant, "hotes-a-confirmer") == 1
    plateformes.confirmer_hote(HoteAdmis.objects.get(hote="hote.pa.example"), par=confirmant.personne)  # type: ignore[attr-defined]
    assert ligne(confirmant, "hotes-a-confirmer") is None


def test_une_fin_que_cegid_od_ignore_se_dit(entrer: Entrer) -> None:
    client = entrer(collaborateur=True)
    souscription = fabriques_od.souscrite()
    hier = timezone.localdate() - timedelta(days=1)
    Souscription.objects.filter(pk=souscription.pk).update(debut=hier - timedelta(days=30), fin=hier, servie=True)
    assert liste_juste(client, "souscriptions-fin-a-dire") == 1


def test_la_personne_limitee_ne_compte_que_ce_qu_elle_voit(limite: Client) -> None:
    sien = DossierFactory(maitre_dossier=limite.personne.login_loop)  # type: ignore[attr-defined]
    refusee(fabriques.fiche_edi(structure=fabriques.StructureFactory(dossier=sien)))
    refusee(fabriques.fiche_edi())
    fabriques.soumise(fabriques.fiche_edi())
    fabriques_od.oubliee()
    comptees = comparer(limite)
    assert comptees["fiches-refusees-edi"] == comptees["brouillons-edi"] == 1
    assert not {"fiches-a-approuver", "souscriptions-oubliees"} & comptees.keys()


def test_sans_identifiant_loop_la_page_s_ouvre(entrer: Entrer) -> None:
    client = entrer(manager=True, portefeuille=True, login_loop="")
    fabriques_od.planifiee()
    assert comparer(client)["souscriptions-actives"] == 0
    assert client.get(reverse("admin:raccordements_souscription_progression")).status_code == 200


def test_le_nombre_de_requetes_ne_depend_pas_des_rangs(entrer: Entrer) -> None:
    client = entrer(superutilisateur=True)

    def requetes() -> int:
        with CaptureQueriesContext(connection) as prises:
            ouvrir(client)
        return len(prises)

    cabinet()
    brouillons(client.personne)  # type: ignore[attr-defined]
    requetes()
    peu = requetes()
    cabinet(2)
    brouillons(client.personne)  # type: ignore[attr-defined]
    assert requetes() == peu


# --- plots -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("debut", "fin", "attendu"),
    [
        (date(2026, 11, 20), date(2026, 11, 20), 0),  # a Friday
        (date(2026, 11, 20), date(2026, 11, 22), 0),  # the Sunday after it
        (date(2026, 11, 20), date(2026, 11, 23), 1),
        (date(2026, 12, 24), date(2026, 12, 28), 1),  # over Christmas, a Friday
        (date(2026, 11, 10), date(2026, 11, 12), 1),  # over 11 November
        (date(2026, 1, 5), date(2026, 11, 12), DELAI_MAX),
    ],
)
def test_les_jours_ouvres(debut: date, fin: date, attendu: int) -> None:
    assert jours_ouvres(debut, fin) == attendu


def test_le_delai_d_activation_se_compte_en_jours_ouvres(entrer: Entrer) -> None:
    client = entrer(consultation=True)
    lundi = timezone.localtime() - timedelta(days=timezone.localdate().weekday() + 14)
    for retard in (0, 1, 1, 21):
        vieillir(fabriques.activee(fabriques.fiche_api()), envoyee_le=lundi, activee_le=lundi + timedelta(days=retard))
    vieillir(fabriques.activee(fabriques.fiche_api()), envoyee_le=lundi, activee_le=lundi - timedelta(days=400))
    valeurs = [rangee.valeurs[0] for rangee in graphiques(client)["activations"].rangees]
    assert (valeurs[0], valeurs[-1], sum(valeurs)) == (1, 1, 4)


def test_l_entonnoir_mene_a_ses_listes(entrer: Entrer) -> None:
    client = entrer(consultation=True)
    fabriques_od.planifiee()
    fabriques_od.onboardee()
    premiere, *suivantes = graphiques(client)["souscriptions"].rangees
    for rangee in suivantes:
        assert rangs_de_la_liste(client, rangee.adresse) == rangee.valeurs[0]
    assert client.get(premiere.adresse).status_code == 200


def test_un_changement_qui_attend_se_dit(entrer: Entrer) -> None:
    client = entrer(collaborateur=True)
    souscription = fabriques_od.souscrite()
    le = timezone.localdate() + timedelta(days=10)
    vie.changer_de_plateforme(
        souscription, fabriques_od.PlateformeFactory(), le=le, par=fabriques_od.superutilisateur()
    )
    attendue = ligne(client, "changements-en-attente")
    page = client.get(attendue.ligne.adresse)
    assert attendue.compte.nombre == len(page.context["attendent"]) == 1
    # Its end told, the former platform routes no more: the line has none until the new one is started.
    fin = le - timedelta(days=1)
    Souscription.objects.filter(pk=souscription.pk).update(
        etat=EtatSouscription.RESILIEE, fin=fin, fin_dite=fin, resiliee_le=timezone.now()
    )
    page = client.get(attendue.ligne.adresse)
    assert ligne(client, "changements-en-attente").compte.nombre == len(page.context["attendent"]) == 1
