"""Who may do what on contacts: every address for the four roles, own and foreign portfolio."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from dossiers.admin.plans import Selection
from dossiers.models import Evenement, Explication, Operation
from dossiers.services import plans
from dossiers.services.plans import Plan
from interlocuteurs.models import Interlocuteur
from tests.fabriques import AccesFactory, DossierFactory, InterlocuteurFactory, OperationFactory
from tests.rendu import sans_rendu

pytestmark = pytest.mark.django_db
RANG = {"consultation": 0, "collaborateur": 1, "manager": 2, "administrateur": 3}
JAMAIS = 9
LISTE = "/admin/interlocuteurs/interlocuteur/"
#: Page, least role that may open it.
LECTURES = [
    ("", 0),
    ("export.csv", 0),
    ("export.xlsx", 0),
    ("add/", 1),
    ("{pk}/change/", 0),
    ("{pk}/history/", 0),
    ("{pk}/donnees/", 2),
    ("{pk}/donnees.json", 2),
    ("{pk}/anonymiser/", 2),
    ("{pk}/delete/", JAMAIS),
]
#: Address, fields, least role that may send them.
ECRITURES: list[tuple[str, dict[str, Any], int]] = [
    ("{pk}/change/", {}, 1),
    ("add/", {}, 1),
    ("acces/", {"vue": ["{pk}:{dossier}:start:0"], "voulu": ["{pk}:{dossier}:start"]}, 1),
    ("rattacher/", {"operation": "0"}, 1),
    ("{pk}/marquer-invite/", {}, 1),
    ("{pk}/rattacher/", {}, 1),
    ("{pk}/creer-dans-loop/", {}, 1),
    ("{pk}/renvoyer-fiche/", {}, 1),
    ("{pk}/geste/", {"geste": "donner_acces", "dossier": "{dossier}", "offre": "start"}, 1),
    ("{pk}/geste/", {"geste": "retirer_acces", "dossier": "{dossier}", "offre": "start"}, 1),
    ("{pk}/anonymiser/", {}, 2),
]


def remplir(valeur: Any, **noms: Any) -> Any:
    if isinstance(valeur, list):
        return [remplir(v, **noms) for v in valeur]
    return valeur.format(**noms)


def test_chaque_page_selon_le_role(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    contact = InterlocuteurFactory()
    vues = {}
    for chemin, minimum in LECTURES:
        with sans_rendu():
            statut = client.get(LISTE + chemin.format(pk=contact.pk)).status_code
        vues[chemin] = (statut, 200 if RANG[role] >= minimum else 403)
    assert {chemin: obtenu for chemin, (obtenu, attendu) in vues.items() if obtenu != attendu} == {}


def test_chaque_ecriture_selon_le_role(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    acces = AccesFactory(interlocuteur__present=True)
    noms = {"pk": acces.interlocuteur_id, "dossier": acces.dossier_id}
    vues = {}
    for chemin, champs, minimum in ECRITURES:
        envoi = {nom: remplir(valeur, **noms) for nom, valeur in champs.items()}
        with sans_rendu():
            statut = client.post(LISTE + chemin.format(**noms), envoi).status_code
        vues[chemin, envoi.get("geste")] = (statut, RANG[role] < minimum)
    assert {cle: statut for cle, (statut, refuse) in vues.items() if (statut == 403) != refuse} == {}
    assert not [statut for statut, _ in vues.values() if statut >= 500]


def test_les_actions_de_la_liste_selon_le_role(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    InterlocuteurFactory()
    page = client.get(LISTE).content.decode()
    for action in ("donner_acces", "retirer_acces", "noter_invites"):
        assert (f'value="{action}"' in page) == (RANG[role] >= 1), action


def test_noter_des_invitations_depuis_la_liste_selon_le_role(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    contact = InterlocuteurFactory(a_inviter=True)
    client.post(LISTE, {"action": "noter_invites", "_selected_action": [contact.pk]})
    contact.refresh_from_db()
    assert (contact.invitation == "invite") == (RANG[role] >= 1)


def test_le_plan_d_une_selection_selon_le_role(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    acces = AccesFactory(interlocuteur__present=True)
    pour, parametres = client.personne.pk, {"dossier": acces.dossier_id, "offre": "start"}  # type: ignore[attr-defined]
    for geste in ("donner_acces", "retirer_acces"):
        selection = Selection(geste=geste, pks=[acces.interlocuteur_id], retour="", pour=pour).sceller()
        plan = Plan(geste=plans.geste(geste), parametres=parametres, lignes=[], pour=pour).sceller()
        with sans_rendu():
            statuts = [
                client.post(f"{LISTE}plan/", {"selection": selection, **parametres}).status_code,
                client.post(f"{LISTE}plan/csv/", {"selection": selection, **parametres}).status_code,
                client.post(f"{LISTE}plan/confirmer/", {"plan": plan}).status_code,
            ]
        assert statuts == ([200, 200, 302] if RANG[role] >= 1 else [403, 403, 403]), geste


def test_la_matrice_d_un_dossier_selon_le_role(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    acces = AccesFactory(interlocuteur__present=True)
    page = client.get(f"/admin/dossiers/dossier/{acces.dossier_id}/change/").content.decode()
    assert f'data-case="{acces.interlocuteur_id}:{acces.dossier_id}:start"' in page
    for geste in ('name="voulu"', "Voir le plan des changements", "Créer un interlocuteur sur ce dossier"):
        assert (geste in page) == (RANG[role] >= 1), geste


def test_les_remedes_d_un_refus_selon_le_role(par_role: tuple[str, Client]) -> None:
    role, client = par_role
    message = "Pour proposer un service à un interlocuteur vous devez d'abord l'inviter sur votre tenant"
    acces = AccesFactory(interlocuteur__a_inviter=True)
    operation = OperationFactory(
        echouee=True,
        dossier=acces.dossier,
        nature="donner_acces",
        message=message,
        explication=Explication.objects.get(motif=message),
        parametres={
            "interlocuteur": acces.interlocuteur_id,
            "offre": acces.offre,
            "voulu_avant": False,
            "email": acces.interlocuteur.email,
            "nom": acces.interlocuteur.nom,
            "prenom": acces.interlocuteur.prenom,
        },
    )
    page = client.get(f"/admin/dossiers/operation/{operation.pk}/change/").content.decode()
    assert ("/marquer-invite/" in page) == (RANG[role] >= 1)
    assert "Ouvrir l’interlocuteur" in page


def test_ce_qui_agit_ne_repond_qu_a_post(entrer: Any) -> None:
    client = entrer(superutilisateur=True)
    contact = InterlocuteurFactory(presence="autre", invitation="a_inviter")
    for chemin in ("marquer-invite", "rattacher", "creer-dans-loop", "renvoyer-fiche"):
        assert client.get(f"{LISTE}{contact.pk}/{chemin}/").status_code == 405
    for chemin in ("acces/", "rattacher/", "plan/confirmer/", f"{contact.pk}/geste/"):
        assert client.get(LISTE + chemin).status_code == 302
    assert client.put(f"{LISTE}{contact.pk}/change/").status_code == 405
    contact.refresh_from_db()
    assert (contact.presence, contact.invitation) == ("autre", "a_inviter")
    assert not Operation.objects.exists()
    assert not Evenement.objects.exists()


def test_une_personne_sans_role_ne_voit_rien(entrer: Any) -> None:
    client, contact = entrer(), InterlocuteurFactory()
    for chemin in ("", f"{contact.pk}/change/", f"{contact.pk}/donnees/", f"{contact.pk}/anonymiser/"):
        assert client.get(LISTE + chemin).status_code == 403, chemin


def test_hors_du_portefeuille_tout_est_introuvable(limite: Client) -> None:
    autre = AccesFactory()
    pk = autre.interlocuteur_id
    for chemin, _ in LECTURES:
        if "{pk}" in chemin:
            assert limite.get(LISTE + chemin.format(pk=pk)).status_code == 404, chemin
    for chemin, champs, _ in ECRITURES:
        if "{pk}/" in chemin:
            envoi = {nom: remplir(valeur, pk=pk, dossier=autre.dossier_id) for nom, valeur in champs.items()}
            assert limite.post(LISTE + chemin.format(pk=pk), envoi).status_code == 404, chemin
    case = f"{pk}:{autre.dossier_id}:start"
    assert limite.post(f"{LISTE}acces/", {"vue": [f"{case}:0"], "voulu": [case]}).status_code == 404
    assert pk not in {i.pk for i in limite.get(LISTE).context["cl"].result_list}
    csv = b"".join(limite.get(f"{LISTE}export.csv").streaming_content).decode()  # type: ignore[attr-defined]
    assert autre.interlocuteur.email not in csv
    assert "Rien ne correspond" in limite.get("/admin/recherche/", {"q": autre.interlocuteur.nom}).content.decode()


def test_d_un_contact_partage_on_ne_voit_que_ses_dossiers(limite: Client) -> None:
    mien = DossierFactory(maitre_dossier=limite.personne.login_loop)  # type: ignore[attr-defined]
    contact = AccesFactory(dossier=mien, en_place=True).interlocuteur
    autre = AccesFactory(interlocuteur=contact, dossier__code="AILLEURS9", en_place=True).dossier
    for page in (f"{LISTE}{contact.pk}/change/", f"{LISTE}{contact.pk}/change/?dossier={autre.pk}", LISTE):
        lue = limite.get(page).content.decode()
        assert mien.code in lue, page
        assert autre.code not in lue, page
    assert not limite.get(LISTE, {"q": "AILLEURS9"}).context["cl"].result_list
    case = f"{contact.pk}:{autre.pk}:start"
    assert limite.post(f"{LISTE}acces/", {"vue": [f"{case}:0"], "voulu": [case]}).status_code == 404
    assert Interlocuteur.objects.count() == 1
