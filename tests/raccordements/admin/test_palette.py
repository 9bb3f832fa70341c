"""The verbs of Chorus Pro, of Cegid OD and of contacts: what an object typed after them leads to."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from raccordements.affichage import adresse_fiche
from tests.fabriques import AccesFactory, CleApiFactory, DossierFactory, InterlocuteurFactory
from tests.raccordements.fabriques import StructureFactory, approuvee, fiche_api, fiche_edi, soumise

pytestmark = pytest.mark.django_db


def adresses(client: Client, texte: str) -> list[str]:
    lues = client.get("/admin/commandes/resultats/", {"q": texte}).json()["propositions"]
    return [proposition["adresse"] for proposition in lues]


def test_approuver_mene_a_la_version_soumise_et_elle_seule(au_bureau: Client) -> None:
    fiche = soumise(fiche_edi())
    type(fiche).objects.filter(pk=fiche.pk).update(code_appli="VFE056")
    page = f"/admin/raccordements/version/{fiche.version_id}/change/"
    assert adresses(au_bureau, "approuver vfe056")[0] == page
    assert au_bureau.get(page).status_code == 200
    brouillon = fiche_edi()
    assert not [a for a in adresses(au_bureau, f"approuver {brouillon.pk}") if "/version/" in a]


def test_chaque_verbe_ne_propose_que_les_fiches_qui_s_y_pretent(au_bureau: Client) -> None:
    prete, brouillon, api = approuvee(fiche_edi()), fiche_edi(), fiche_api()
    assert adresse_fiche(prete, "envoyer") in adresses(au_bureau, f"envoyer {prete.pk}")
    assert adresse_fiche(brouillon, "envoyer") not in adresses(au_bureau, f"envoyer {brouillon.pk}")
    assert adresse_fiche(brouillon, "soumettre") in adresses(au_bureau, f"soumettre {brouillon.pk}")
    assert adresse_fiche(prete, "soumettre") not in adresses(au_bureau, f"soumettre {prete.pk}")
    assert adresse_fiche(api) in adresses(au_bureau, f"rechercher fiche api {api.pk}")
    assert adresse_fiche(api) not in adresses(au_bureau, f"rechercher fiche edi {api.pk}")


@pytest.mark.parametrize(
    ("texte", "echeance"),
    [("expirations 30 j", 30), ("expirations 8", 15), ("certificats dans 90 jours", 60), ("expirations J-7", 7)],
)
def test_les_expirations_prennent_le_seuil_qui_couvre(au_bureau: Client, texte: str, echeance: int) -> None:
    page = f"/admin/raccordements/certificat/?echeance={echeance}"
    assert adresses(au_bureau, texte)[0] == page
    assert au_bureau.get(page).status_code == 200


def test_hors_du_portefeuille_rien_n_est_propose(limite: Client) -> None:
    cle, login = CleApiFactory(prete=True), limite.personne.login_loop  # type: ignore[attr-defined]
    sien = DossierFactory(code="MANON001", cle=cle, maitre_dossier=login)
    autre = DossierFactory(code="MANON002", cle=cle, maitre_dossier="autre@cabinet.example")
    fiches = [soumise(fiche_edi(structure=StructureFactory(dossier=d))) for d in (sien, autre)]
    contacts = [InterlocuteurFactory(nom=f"Dupré {d.code}") for d in (sien, autre)]
    for interlocuteur, dossier in zip(contacts, (sien, autre), strict=True):
        AccesFactory(interlocuteur=interlocuteur, dossier=dossier)
    vues = [f"/admin/raccordements/version/{fiche.version_id}/change/" for fiche in fiches]
    for fiche, attendu in zip(fiches, (True, False), strict=True):
        trouvees = adresses(limite, f"approuver {fiche.pk}")
        assert [page in trouvees for page in vues] == [attendu, False]
    trouves: Any = adresses(limite, "interlocuteur Dupré")
    pages = [f"/admin/interlocuteurs/interlocuteur/{contact.pk}/change/" for contact in contacts]
    assert [page in trouves for page in pages] == [True, False]


def test_la_consultation_n_atteint_aucun_acte(entrer: Any) -> None:
    client, fiche = entrer(consultation=True), approuvee(fiche_edi())
    for texte in (
        f"envoyer {fiche.pk}",
        f"soumettre {fiche.pk}",
        f"approuver {fiche.pk}",
        "créer fiche edi",
        "souscrire",
    ):
        for adresse in adresses(client, texte):
            assert client.get(adresse).status_code in {200, 302}
            assert not {"add", "envoyer", "soumettre"} & set(adresse.partition("?")[0].split("/"))
