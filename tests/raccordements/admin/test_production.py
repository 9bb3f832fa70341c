"""In production, what writes on a remote system needs its box; without it nothing leaves and nothing is lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from config import production
from dossiers.affichage import adresse
from dossiers.models import Environnement, Etat, Lot, Operation
from dossiers.services import plans
from interlocuteurs.models import Interlocuteur
from raccordements.affichage import adresse_fiche
from raccordements.models import EnvironnementChorus
from raccordements.souscriptions.operations import demander_onboarding
from tests.fabriques import AccesFactory, CleApiFactory, DossierFactory, InterlocuteurFactory, OperationFactory
from tests.raccordements.fabriques import StructureFactory, approuvee, fiche_edi
from tests.raccordements.fabriques_od import LigneAdressageFactory, PlateformeFactory, planifiee, relue, souscrite

pytestmark = pytest.mark.django_db
PRODUCTION = Environnement.PRODUCTION
Presence = Interlocuteur.Presence
INTERLOCUTEURS = "/admin/interlocuteurs/interlocuteur/"


@dataclass(frozen=True)
class Envoi:
    """One POST that a page of the product makes; `formulaire`: its page shows the refusal beside what was typed."""

    adresse: str
    champs: dict[str, Any]
    formulaire: bool = False


def dossier_de_production(**champs: Any) -> Any:
    return DossierFactory(cle=CleApiFactory(prete=True, production=True), **champs)


def contact(*, en_place: bool = False, **champs: Any) -> Any:
    """A contact of production that waits for an accès, or has it."""
    dossier = dossier_de_production()
    interlocuteur = InterlocuteurFactory(environnement=PRODUCTION, domaine=dossier.cle.domaine, **champs)
    AccesFactory(interlocuteur=interlocuteur, dossier=dossier, en_place=en_place)
    return interlocuteur


def un_plan(client: Any) -> Envoi:
    plan = plans.preparer("ajouter_offre", [dossier_de_production().pk], {"offre": "start"}, par=client.personne)
    return Envoi("/admin/dossiers/dossier/plan/confirmer/", {"plan": plan.sceller()})


def une_relance(client: Any) -> Envoi:
    return Envoi(
        f"/admin/dossiers/operation/{OperationFactory(echouee=True, dossier=dossier_de_production()).pk}/relancer/", {}
    )


def une_decision(client: Any) -> Envoi:
    pk = OperationFactory(a_verifier=True, dossier=dossier_de_production()).pk
    doute = Operation.objects.get(pk=pk).doute
    return Envoi(
        f"/admin/dossiers/operation/{pk}/trancher/", {"decision": "renvoyer", "motif": "Absent.", "doute": doute}
    )


def un_lot(client: Any) -> Envoi:
    lot = Lot.objects.create(
        plan="1b4e28ba-2fa1-11d2-883f-0016d3cca427",
        geste="ajouter_offre",
        libelle="Inventé",
        environnement=PRODUCTION,
        cree_par=client.personne,
        total=1,
    )
    OperationFactory(echouee=True, dossier=dossier_de_production(), lot=lot)
    return Envoi(f"/admin/dossiers/lot/{lot.pk}/relancer-echecs/", {})


def une_creation(client: Any) -> Envoi:
    champs = {"email": "camille@tpe.example", "nom": "Inventée", "prenom": "Camille", "profil": "2.0", "actif": "on"}
    champs |= {"dossier": dossier_de_production().pk, "offres": ["start"]}
    return Envoi(f"{INTERLOCUTEURS}add/", champs, formulaire=True)


def une_modification(client: Any) -> Envoi:
    interlocuteur = contact(present=True, en_place=True)
    champs = {"email": interlocuteur.email, "nom": "Nouveau nom", "prenom": "Camille", "version": interlocuteur.version}
    return Envoi(
        adresse(interlocuteur), {**champs, "profil": "2.0", "actif": "on", "mobile": "07 05 06 03 02"}, formulaire=True
    )


def un_bouton(nom: str, **etat: Any) -> Callable[[Any], Envoi]:
    return lambda client: Envoi(f"{INTERLOCUTEURS}{contact(**etat).pk}/{nom}/", {})


def des_invites(client: Any) -> Envoi:
    return Envoi(INTERLOCUTEURS, {"action": "noter_invites", "_selected_action": [contact(a_inviter=True).pk]})


def un_rattachement(client: Any) -> Envoi:
    porteur = contact(presence=Presence.AUTRE)
    dossier = DossierFactory(cle=porteur.acces.get().dossier.cle)
    refusee = OperationFactory(
        echouee=True, dossier=dossier, nature="donner_acces", parametres={"email": porteur.email, "offre": "start"}
    )
    return Envoi(f"{INTERLOCUTEURS}rattacher/", {"operation": refusee.pk})


def une_fiche(client: Any) -> Envoi:
    structure = StructureFactory(environnement=EnvironnementChorus.PRODUCTION)
    fiche = approuvee(fiche_edi(structure=structure))
    return Envoi(adresse_fiche(fiche, "envoyer"), {"empreinte": fiche.version.empreinte}, formulaire=True)


def une_demande(nom: str, fabrique: Callable[..., Any]) -> Callable[[Any], Envoi]:
    def demander(client: Any) -> Envoi:
        plateforme = PlateformeFactory(environnement=PRODUCTION)
        souscription = fabrique(ligne=LigneAdressageFactory(dossier=dossier_de_production()), plateforme=plateforme)
        page = f"/admin/raccordements/souscription/{souscription.pk}/demander/{nom}/"
        return Envoi(page, {}, formulaire=True)

    return demander


CAS: dict[str, Callable[[Any], Envoi]] = {
    "plan": un_plan,
    "relance": une_relance,
    "decision": une_decision,
    "lot": un_lot,
    "creation": une_creation,
    "modification": une_modification,
    "invite": un_bouton("marquer-invite", a_inviter=True),
    "rattacher": un_bouton("rattacher", presence=Presence.AUTRE),
    "creer": un_bouton("creer-dans-loop", presence=Presence.ABSENT),
    "renvoyer": un_bouton("renvoyer-fiche", present=True, en_place=True),
    "invites": des_invites,
    "rattachement": un_rattachement,
    "fiche": une_fiche,
    "onboarding": une_demande("onboarding", planifiee),
    "connexion": une_demande("connexion", souscrite),
    "lecture": une_demande("lecture", souscrite),
}


@pytest.mark.parametrize("cas", CAS)
def test_sans_la_case_rien_ne_part_et_rien_n_est_perdu(au_bureau: Client, cas: str) -> None:
    envoi = CAS[cas](au_bureau)
    avant = list(Operation.objects.order_by("pk").values_list("pk", "etat"))
    refus = au_bureau.post(envoi.adresse, envoi.champs)
    page = unescape(refus.content.decode())
    assert list(Operation.objects.order_by("pk").values_list("pk", "etat")) == avant
    assert "Rien n’est parti" in page
    assert production.LIBELLE in page
    if not envoi.formulaire:
        assert refus.status_code == 409
        assert all(
            partie in page for partie in ("Ce qui s’est passé", "Pourquoi", "Que faire", "– production</button>")
        )
        for nom, valeur in envoi.champs.items():
            for une in valeur if isinstance(valeur, list) else [valeur]:
                assert f'<input type="hidden" name="{nom}" value="{une}">' in page
    faite = au_bureau.post(envoi.adresse, envoi.champs | {production.CHAMP: production.OUI})
    assert faite.status_code == 302, unescape(faite.content.decode())[-3000:]
    assert list(Operation.objects.order_by("pk").values_list("pk", "etat")) != avant


@pytest.mark.parametrize("nom", ["terminer", "changer"])
def test_une_fin_que_la_machine_dira_demande_la_case(au_bureau: Client, nom: str) -> None:
    plateforme, autre = PlateformeFactory(environnement=PRODUCTION), PlateformeFactory(environnement=PRODUCTION)
    ligne = LigneAdressageFactory(dossier=dossier_de_production())
    souscription = souscrite(ligne=ligne, plateforme=plateforme)
    page = f"/admin/raccordements/souscription/{souscription.pk}/decider/{nom}/"
    le = timezone.localdate() + timedelta(days=1)
    champs = {"le": le.isoformat(), "plateforme": autre.pk}
    assert production.LIBELLE in au_bureau.get(page).content.decode()
    refus = au_bureau.post(page, champs)
    assert "Rien n’est parti" in unescape(refus.content.decode())
    assert relue(souscription).fin is None
    faite = au_bureau.post(page, champs | {production.CHAMP: production.OUI})
    assert faite.status_code == 302, unescape(faite.content.decode())[-3000:]
    assert relue(souscription).fin is not None


def test_constater_un_effet_qui_se_redemande_demande_la_case(au_bureau: Client) -> None:
    ligne = LigneAdressageFactory(dossier=dossier_de_production())
    prevue = planifiee(ligne=ligne, plateforme=PlateformeFactory(environnement=PRODUCTION))
    demandee = demander_onboarding(prevue, par=au_bureau.personne)
    Operation.objects.filter(pk=demandee.pk).update(etat=Etat.A_VERIFIER, tentatives=1)
    doute = Operation.objects.get(pk=demandee.pk).doute
    envoi = {"decision": "appliquee", "motif": "Vue chez Cegid OD.", "doute": doute}
    page = f"/admin/dossiers/operation/{demandee.pk}/trancher/"
    assert au_bureau.post(page, envoi).status_code == 409
    assert Operation.objects.count() == 1
    assert au_bureau.post(page, envoi | {production.CHAMP: production.OUI}).status_code == 302
    assert Operation.objects.count() == 2


def test_le_bouton_nomme_l_environnement(au_bureau: Client) -> None:
    ici = OperationFactory(echouee=True)
    la_bas = OperationFactory(echouee=True, dossier=dossier_de_production())
    for une, nom in ((ici, "bac à sable"), (la_bas, "production")):
        page = unescape(au_bureau.get(adresse(une)).content.decode())
        assert re.search(rf"Relancer – {nom}\s*</button>", page)


def test_hors_de_la_production_rien_n_est_demande(au_bureau: Client) -> None:
    operation_ = OperationFactory(echouee=True)
    assert au_bureau.post(f"/admin/dossiers/operation/{operation_.pk}/relancer/").status_code == 302
    assert Operation.objects.count() == 2


def test_le_retour_ne_mene_pas_ailleurs(au_bureau: Client) -> None:
    envoi = une_relance(au_bureau)
    refus = au_bureau.post(envoi.adresse, HTTP_REFERER="https://ailleurs.example/piege")
    assert "ailleurs.example" not in refus.content.decode()
