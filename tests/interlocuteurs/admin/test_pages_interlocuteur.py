"""The page of a contact: record, stale copy, matrix, remedies, creation, personal data; real forms, as sent."""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from dossiers.models import Environnement, Etat, Evenement, Explication, Lot, Operation
from interlocuteurs.models import Interlocuteur
from tests.dossiers.admin.formulaires import formulaire, formulaires
from tests.fabriques import (
    AccesFactory,
    AppelFactory,
    CleApiFactory,
    DossierFactory,
    InterlocuteurFactory,
    LotFactory,
    OperationFactory,
)
from tests.rendu import sans_rendu

pytestmark = pytest.mark.django_db
LISTE = "/admin/interlocuteurs/interlocuteur/"
AJOUT = f"{LISTE}add/"
MATRICE = f"{LISTE}acces/"


PARAMETRES = {"offre": "start", "voulu_avant": False, "nom": "Inventé", "prenom": "Camille"}


def fiche(objet: Any) -> str:
    return reverse(f"admin:{objet._meta.app_label}_{objet._meta.model_name}_change", args=[objet.pk])


def texte(reponse: Any) -> str:
    return reponse.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def la_fiche(client: Client, interlocuteur: Interlocuteur) -> Any:
    return formulaire(client.get(fiche(interlocuteur)), fiche(interlocuteur))


def messages(reponse: Any) -> str:
    return " ".join(str(m) for m in reponse.context["messages"]).replace("\u00a0", " ").replace("\u202f", " ")


# --- record ------------------------------------------------------------------------------------------------------


def test_modifier_envoie_la_fiche_entiere(au_bureau: Client) -> None:
    acces = AccesFactory(en_place=True, interlocuteur__present=True)
    contact = acces.interlocuteur
    reponse = la_fiche(au_bureau, contact).envoyer(au_bureau, nom="Nouveau nom", follow=True)
    assert reponse.status_code == 302
    contact.refresh_from_db()
    assert (contact.nom, contact.version) == ("Nouveau nom", 2)
    operation = Operation.objects.get(nature="modifier_interlocuteur")
    assert operation.parametres["nom"] == "Nouveau nom"
    page = texte(au_bureau.get(fiche(contact)))
    assert f"opération n° {operation.pk}" in page
    assert "En attente" in page


def test_enregistrer_sans_rien_changer_n_ecrit_rien(au_bureau: Client) -> None:
    contact = InterlocuteurFactory(present=True)
    assert la_fiche(au_bureau, contact).envoyer(au_bureau).status_code == 302
    contact.refresh_from_db()
    assert contact.version == 1
    assert not Operation.objects.exists()


def test_une_copie_perimee_montre_les_deux_versions_et_ne_perd_rien(au_bureau: Client) -> None:
    contact = InterlocuteurFactory(present=True, nom="Départ", prenom="Camille")
    ouvert = la_fiche(au_bureau, contact)
    la_fiche(au_bureau, contact).envoyer(au_bureau, nom="Leur nom", fixe="01 44 55 66 77")
    reponse = ouvert.envoyer(au_bureau, nom="Mon nom", prenom="Dominique")
    assert reponse.status_code == 409
    contact.refresh_from_db()
    assert (contact.nom, contact.prenom) == ("Leur nom", "Camille")
    page = texte(reponse)
    for valeur in ("Départ", "Leur nom", "Mon nom", "Dominique", "À choisir"):
        assert valeur in page
    fusion = formulaire(reponse, fiche(contact))
    assert fusion.champs["nom"] == "Mon nom"
    assert fusion.champs["fixe"] == "01 44 55 66 77", "what I had not touched follows the record"
    assert fusion.envoyer(au_bureau).status_code == 302
    contact.refresh_from_db()
    assert (contact.nom, contact.prenom, contact.fixe) == ("Mon nom", "Dominique", "+33144556677")


#: Field, what is typed there and refused.
MAUVAISES = [
    ("email", "prenom\u202e.nom@tpe.example"),
    ("email", "prénom@tpe.example"),
    ("email", "sans-arobase"),
    ("email", "deux@@tpe.example"),
    ("email", "nul\0@tpe.example"),
    ("email", "a" * 260 + "@tpe.example"),
    ("nom", "Du\u200bpont"),
    ("nom", "Du\0pont"),
    ("nom", ""),
    ("prenom", "   "),
    ("mobile", "07 05 06"),
    ("mobile", "numéro de Camille"),
    ("fixe", "+33" + "1" * 30),
]
#: Field, what is typed there, what is kept of it.
FRANCAISES = [
    ("email", " Accueil@ÉLÉPHANT.example ", "accueil@xn--lphant-9uab.example"),
    ("mobile", "+33 (0)6 12 34 56 78", "+33612345678"),
    ("mobile", "0692.12.34.56", "+262692123456"),
    ("fixe", "01\u00a044 55-66.77", "+33144556677"),
    ("nom", "  De   la  Tour ", "De la Tour"),
]


def test_une_mauvaise_saisie_est_dite_a_son_champ(au_bureau: Client, subtests: pytest.Subtests) -> None:
    contact = InterlocuteurFactory()
    ouvert = la_fiche(au_bureau, contact)
    for champ, valeur in MAUVAISES:
        with subtests.test(champ, valeur=valeur), sans_rendu():
            reponse = ouvert.envoyer(au_bureau, **{champ: valeur})
            assert reponse.status_code == 200
            assert reponse.context_data["formulaire"].errors[champ]
    contact.refresh_from_db()
    assert contact.version == 1


def test_une_saisie_francaise_est_comprise(au_bureau: Client) -> None:
    contact = InterlocuteurFactory()
    ouvert = la_fiche(au_bureau, contact)
    for champ, valeur, garde in FRANCAISES:
        version = contact.version + 1
        assert ouvert.envoyer(au_bureau, **{champ: valeur}).status_code == 302
        contact.refresh_from_db()
        assert (getattr(contact, champ), contact.version) == (garde, version), valeur
        ouvert = la_fiche(au_bureau, contact)
        assert ouvert.envoyer(au_bureau).status_code == 302, "what is shown is read back the same"
        contact.refresh_from_db()
        assert contact.version == version, valeur


def test_une_version_forgee_est_refusee(au_bureau: Client) -> None:
    contact = InterlocuteurFactory()
    ouvert = la_fiche(au_bureau, contact)
    for version in ("", "-1", "x", "9" * 30):
        assert ouvert.envoyer(au_bureau, nom="Autre", version=version).status_code == 200
    contact.refresh_from_db()
    assert contact.version == 1


# --- matrix ------------------------------------------------------------------------------------------------------


def matrice(client: Client, page: str) -> Any:
    return formulaire(client.get(page), "/acces/")


def test_la_matrice_montre_voulu_constate_et_en_cours(au_bureau: Client) -> None:
    contact = InterlocuteurFactory(present=True)
    place = AccesFactory(interlocuteur=contact, en_place=True)
    AccesFactory(interlocuteur=contact, dossier=place.dossier, offre="start")
    OperationFactory(
        dossier=place.dossier,
        nature="donner_acces",
        objet=f"loop:bac_a_sable:CABINETDEMO:interlocuteur/{contact.pk}",
        parametres=PARAMETRES | {"interlocuteur": contact.pk},
    )
    for page in (fiche(contact), fiche(place.dossier)):
        lue = texte(au_bureau.get(page))
        for attendu in ('scope="row"', 'scope="col"', "En place", "Pas en place", "En attente", ": accès voulu"):
            assert attendu in lue, (page, attendu)


def test_cocher_deux_dossiers_montre_un_plan_puis_un_lot(au_bureau: Client) -> None:
    contact = InterlocuteurFactory(present=True)
    un = AccesFactory(interlocuteur=contact, en_place=True)
    deux = DossierFactory(cle=un.dossier.cle)
    page = f"{fiche(contact)}?dossier={deux.pk}"
    envoi = matrice(au_bureau, page)
    vues = [f"{contact.pk}:{un.dossier_id}:consultation:1", f"{contact.pk}:{deux.pk}:start:0"]
    plan = au_bureau.post(MATRICE, {"retour": envoi.champs["retour"], "vue": vues, "voulu": [vues[1][:-2]]})
    assert plan.status_code == 200
    assert [len(plan.context["plan"].a_faire), plan.context["plan"].appels] == [2, 2]
    assert not Operation.objects.exists()
    suite = formulaire(plan, "/plan/confirmer/").envoyer(au_bureau)
    assert suite.status_code == 302
    assert set(Operation.objects.values_list("nature", "dossier")) == {
        ("donner_acces", deux.pk),
        ("retirer_acces", un.dossier_id),
    }
    assert au_bureau.get(suite["Location"]).status_code == 200
    assert Lot.objects.get().geste == "changer_acces"


def test_le_plan_d_une_matrice_a_son_csv(au_bureau: Client) -> None:
    contact = InterlocuteurFactory(present=True, prenom="=Camille")
    un = AccesFactory(interlocuteur=contact, en_place=True)
    archive = AccesFactory(interlocuteur=contact, dossier__archive=True, dossier__cle=un.dossier.cle)
    vues = [f"{contact.pk}:{un.dossier_id}:consultation:1", f"{contact.pk}:{archive.dossier_id}:start:0"]
    plan = au_bureau.post(MATRICE, {"vue": vues, "voulu": [vues[1][:-2]]})
    envoi = formulaire(plan, "/plan/csv/")
    reponse = envoi.envoyer(au_bureau)
    octets = b"".join(reponse.streaming_content)
    lu = octets.decode("utf-8-sig").replace("\u00a0", " ")
    titres, *lignes = csv.reader(io.StringIO(lu, newline=""), delimiter=";")
    assert titres == ["Ligne", "Verdict", "Motif", "Appels", "Sur la clé facturable", "Environnement"]
    assert [ligne[1:4] for ligne in lignes] == [
        ["À faire", "L’accès sera retiré.", "1"],
        ["Bloqué", "Le dossier est archivé : remettez-le en service d’abord.", "0"],
    ]
    assert lignes[0][0].startswith("'=Camille")
    assert not Operation.objects.exists()
    altere = {**envoi.champs, "selection": envoi.champs["selection"][:-1] + "x"}
    assert au_bureau.post(f"{LISTE}plan/csv/", altere).status_code == 409


def test_le_csv_d_un_plan_ne_sert_qu_a_qui_l_a_prepare(au_bureau: Client, entrer: Any) -> None:
    acces = AccesFactory(en_place=True, interlocuteur__present=True)
    vue = f"{acces.interlocuteur_id}:{acces.dossier_id}:consultation:1"
    envoi = formulaire(au_bureau.post(MATRICE, {"vue": [vue]}), "/plan/csv/")
    assert envoi.envoyer(entrer(manager=True)).status_code == 409
    au_bureau.personne.groups.clear()  # type: ignore[attr-defined]
    assert envoi.envoyer(au_bureau).status_code == 403


def test_ne_rien_changer_le_dit(au_bureau: Client) -> None:
    acces = AccesFactory(en_place=True, interlocuteur__present=True)
    case = f"{acces.interlocuteur_id}:{acces.dossier_id}:consultation"
    retour = f"dossier:{acces.dossier_id}"
    reponse = au_bureau.post(MATRICE, {"retour": retour, "vue": [f"{case}:1"], "voulu": [case]}, follow=True)
    assert "Aucune case n’a changé" in messages(reponse)
    assert reponse.redirect_chain[-1][0] == fiche(acces.dossier)


def test_redemander_ce_qui_manque(au_bureau: Client) -> None:
    acces = AccesFactory(interlocuteur__present=True)
    envoi = matrice(au_bureau, fiche(acces.interlocuteur))
    plan = envoi.envoyer(au_bureau, redemander="oui")
    assert plan.context["plan"].appels == 1


def test_une_matrice_forgee_est_refusee(au_bureau: Client) -> None:
    for vue in ("", "1", "1:1:start", "x:1:start:1", "1:1:autre:1", "1:1:start:2", f"{'9' * 30}:1:start:0"):
        assert au_bureau.post(MATRICE, {"vue": [vue], "voulu": []}).status_code == 400, vue


def test_ajouter_par_son_adresse_un_interlocuteur_a_un_dossier(au_bureau: Client) -> None:
    dossier, contact = DossierFactory(), InterlocuteurFactory(email="camille@tpe.example")
    lue = au_bureau.get(fiche(dossier), {"interlocuteur": " Camille@TPE.example "})
    assert f'data-case="{contact.pk}:{dossier.pk}:start"' in lue.content.decode()
    assert "n’a l’adresse" in texte(au_bureau.get(fiche(dossier), {"interlocuteur": "inconnu@tpe.example"}))


# --- refusals and remedies ---------------------------------------------------------------------------------------

REFUS = {
    "pris": "L'e-mail de cet interlocuteur est déjà associé à un autre interlocuteur",
    "inviter": "Pour proposer un service à un interlocuteur vous devez d'abord l'inviter sur votre tenant",
    "absent": "interlocuteur n'existe pas",
}


def refusee(message: str, **contact: Any) -> Operation:
    """An operation that Loop refused so, with its contact and the wanted accès."""
    acces = AccesFactory(interlocuteur=InterlocuteurFactory(**contact))
    personne = acces.interlocuteur
    return OperationFactory(
        echouee=True,
        dossier=acces.dossier,
        nature="creer_interlocuteur" if "presence" in contact else "donner_acces",
        message=message,
        explication=Explication.objects.get(motif=message),
        objet=f"loop:bac_a_sable:CABINETDEMO:interlocuteur/{personne.pk}",
        parametres={
            "interlocuteur": personne.pk,
            "email": personne.email,
            "nom": personne.nom,
            "prenom": personne.prenom,
            "offre": acces.offre,
            "voulu_avant": False,
        },
    )


@pytest.mark.parametrize(
    ("message", "contact", "bouton"),
    [
        (REFUS["pris"], {"presence": "autre"}, "Rattacher à cet interlocuteur"),
        (REFUS["inviter"], {"invitation": "a_inviter"}, "Invité : relancer"),
        (REFUS["absent"], {"presence": "absent"}, "Créer à partir de cette saisie"),
    ],
)
def test_chaque_refus_se_quitte_par_son_bouton(
    au_bureau: Client, message: str, contact: dict[str, str], bouton: str
) -> None:
    operation = refusee(message, **contact)
    lot = Lot.objects.create(plan="0" * 32, geste="changer_acces", libelle="Lot", total=1, cree_par=au_bureau.personne)  # type: ignore[attr-defined]
    Operation.objects.filter(pk=operation.pk).update(lot=lot)
    personne = Interlocuteur.objects.get()

    def sous_le_bouton(page: Any) -> list[Any]:
        return [f for f in formulaires(page) if bouton in " ".join(f.textes.replace("\u00a0", " ").split())]

    for depuis in (operation, lot, personne):
        with transaction.atomic():
            lue = au_bureau.get(fiche(depuis))
            assert sous_le_bouton(lue), texte(lue)
            assert sous_le_bouton(lue)[0].envoyer(au_bureau).status_code == 302
            suite = Operation.objects.exclude(pk=operation.pk).get()
            assert (suite.etat, suite.dossier_id) == (Etat.EN_ATTENTE, operation.dossier_id)
            assert suite.relance_de_id == operation.pk
            personne.refresh_from_db()
            assert personne.invitation == "invite" or "invitation" not in contact
            if depuis is personne:
                assert not sous_le_bouton(au_bureau.get(fiche(personne)))
            transaction.set_rollback(True)


def boutons(reponse: Any) -> list[str]:
    """The names of the buttons and links that look like buttons, in the order of the page."""
    lus = re.findall(r'class="bouton-fiche[^"]*"[^>]*>(.*?)</(?:a|button)>', texte(reponse), re.DOTALL)
    return [" ".join(re.sub(r"<span.*?</span>", "", nom, flags=re.DOTALL).split()) for nom in lus]


@pytest.mark.parametrize(
    ("message", "contact", "premier"),
    [
        (REFUS["pris"], {"presence": "autre"}, "Rattacher à cet interlocuteur"),
        (REFUS["inviter"], {"invitation": "a_inviter"}, "Invité : relancer"),
        (REFUS["absent"], {"presence": "absent"}, "Créer à partir de cette saisie"),
    ],
)
def test_relancer_tel_quel_ne_tente_pas_tant_que_le_refus_tient(
    au_bureau: Client, message: str, contact: dict[str, str], premier: str
) -> None:
    operation = refusee(message, **contact)
    lus = boutons(au_bureau.get(fiche(operation)))
    assert lus[0] == f"{premier} – bac à sable"
    assert "Relancer – bac à sable" not in lus
    # Once the cause is gone, sending it again makes sense, after the page of the contact.
    Interlocuteur.objects.update(presence="present", invitation="invite")
    reponse = au_bureau.get(fiche(operation))
    assert boutons(reponse) == ["Ouvrir l’interlocuteur", "Relancer – bac à sable"]
    assert reponse.content.decode().count("bouton-primaire") == 1


def test_les_remedes_d_un_lot_passent_avant_sa_relance(au_bureau: Client) -> None:
    lot = LotFactory(cree_par=au_bureau.personne, total=1)  # type: ignore[attr-defined]
    operation = refusee(REFUS["inviter"], invitation="a_inviter")
    Operation.objects.update(lot=lot)
    primaires = re.compile(r'bouton-primaire">\s*(?:<span.*?</span>\s*)?(.*?)\s*</', re.DOTALL)
    lue = au_bureau.get(fiche(lot))
    assert "Relancer les échecs – bac à sable" in boutons(lue)
    assert primaires.findall(texte(lue)) == ["Invité : relancer – bac à sable"]
    Operation.objects.filter(pk=operation.pk).update(lot=None)
    OperationFactory(echouee=True, lot=lot)
    assert primaires.findall(texte(au_bureau.get(fiche(lot)))) == ["Relancer les échecs – bac à sable"]


def test_relancer_reste_le_bouton_d_une_panne_passee(au_bureau: Client) -> None:
    explication = Explication.objects.filter(geste="relancer").first()
    operation = OperationFactory(echouee=True, explication=explication)
    assert boutons(au_bureau.get(fiche(operation))) == ["Relancer l’opération – bac à sable"]
    sans_explication = OperationFactory(echouee=True)
    assert boutons(au_bureau.get(fiche(sans_explication))) == ["Relancer – bac à sable"]


def test_deja_affectee_est_une_information(au_bureau: Client) -> None:
    operation = OperationFactory(reussie=True, message="L'application est déjà affectée à l'interlocuteur.")
    page = texte(au_bureau.get(fiche(operation)))
    assert "Information" in page
    assert "Aucun changement nécessaire." in page


def test_la_liste_des_invitations_a_faire(au_bureau: Client) -> None:
    operation = refusee(REFUS["inviter"], invitation="a_inviter")
    contact, autre = Interlocuteur.objects.get(), InterlocuteurFactory()
    liste = au_bureau.get(LISTE, {"invitation__exact": "a_inviter"})
    assert [i.pk for i in liste.context["cl"].result_list] == [contact.pk]
    au_bureau.post(LISTE, {"action": "noter_invites", "_selected_action": [contact.pk, autre.pk]})
    contact.refresh_from_db()
    autre.refresh_from_db()
    assert (contact.invitation, autre.invitation) == ("invite", "inconnue")
    assert Operation.objects.get(relance_de=operation).nature in {"creer_interlocuteur", "donner_acces"}


# --- creation ----------------------------------------------------------------------------------------------------

SAISIE = {"email": "camille@tpe.example", "nom": "Inventée", "prenom": "Camille", "profil": "2.0", "actif": "on"}


def test_creer_avec_ses_premiers_acces(au_bureau: Client) -> None:
    dossier = DossierFactory()
    assert au_bureau.get(f"{AJOUT}?dossier={dossier.pk}").status_code == 200
    reponse = au_bureau.post(AJOUT, {**SAISIE, "dossier": dossier.pk, "offres": ["start", "consultation"]})
    contact = Interlocuteur.objects.get()
    assert reponse["Location"] == fiche(contact)
    assert list(Operation.objects.order_by("id").values_list("nature", flat=True)) == [
        "creer_interlocuteur",
        "donner_acces",
    ]


def test_un_doublon_est_vu_avant_tout_envoi_et_se_rattache(au_bureau: Client) -> None:
    porteur = InterlocuteurFactory(email=SAISIE["email"], nom="Porteuse", present=True)
    dossier = DossierFactory()
    saisie = {**SAISIE, "email": "CAMILLE@tpe.example", "dossier": dossier.pk, "offres": ["start"]}
    reponse = au_bureau.post(AJOUT, saisie)
    assert reponse.status_code == 200
    assert fiche(porteur) in texte(reponse)
    assert not Operation.objects.exists()
    assert au_bureau.post(AJOUT, {**saisie, "rattacher": "oui"})["Location"] == fiche(porteur)
    assert Operation.objects.get().nature == "donner_acces"
    assert Interlocuteur.objects.count() == 1


def test_le_porteur_hors_portefeuille_n_est_pas_nomme(limite: Client) -> None:
    porteur = InterlocuteurFactory(email=SAISIE["email"], nom="Porteuse")
    dossier = DossierFactory(maitre_dossier=limite.personne.login_loop)  # type: ignore[attr-defined]
    page = texte(limite.post(AJOUT, {**SAISIE, "dossier": dossier.pk, "offres": ["start"]}))
    assert "Porteuse" not in page
    assert fiche(porteur) not in page
    assert "Rattacher à cet interlocuteur" in page


def test_creer_en_production_se_confirme(au_bureau: Client) -> None:
    dossier = DossierFactory(cle=CleApiFactory(prete=True, environnement=Environnement.PRODUCTION))
    saisie = {**SAISIE, "dossier": dossier.pk, "offres": ["start"]}
    assert "Je confirme agir en production" in texte(au_bureau.post(AJOUT, saisie))
    assert not Interlocuteur.objects.exists()
    assert au_bureau.post(AJOUT, {**saisie, "production": "oui"}).status_code == 302


def test_creer_a_partir_d_une_operation(au_bureau: Client) -> None:
    operation = OperationFactory(
        echouee=True,
        message=REFUS["absent"],
        explication=Explication.objects.get(motif=REFUS["absent"]),
        parametres={"offre": "start", "contact": "inconnue@tpe.example"},
    )
    page = au_bureau.get(fiche(operation)).content.decode()
    assert f"{AJOUT}?operation={operation.pk}" in page
    depart = au_bureau.get(AJOUT, {"operation": operation.pk}).context["formulaire"].initial
    assert (depart["email"], depart["dossier"]) == ("inconnue@tpe.example", operation.dossier_id)


# --- personal data -----------------------------------------------------------------------------------------------


def test_exporter_puis_anonymiser(au_bureau: Client) -> None:
    contact = InterlocuteurFactory(nom="Effaçable")
    base = f"{LISTE}{contact.pk}/"
    assert "Effaçable" in texte(au_bureau.get(f"{base}donnees/"))
    assert au_bureau.get(f"{base}donnees.json").json()["fiche"]["nom"] == "Effaçable"
    assert Evenement.objects.filter(type=Evenement.Type.EXPORT).count() == 2
    assert au_bureau.post(f"{base}anonymiser/", {"motif": "Demande reçue."}).status_code == 200
    contact.refresh_from_db()
    assert not contact.anonymise, "not confirmed"
    reponse = au_bureau.post(f"{base}anonymiser/", {"motif": "Demande reçue.", "confirme": "on"})
    assert reponse.status_code == 302
    page = texte(au_bureau.get(fiche(contact)))
    assert "Effaçable" not in page
    assert "Anonymisé" in page
    assert au_bureau.post(fiche(contact), {**SAISIE, "version": 2}).status_code in {200, 409}
    contact.refresh_from_db()
    assert contact.nom.startswith("anonyme")


def test_les_donnees_a_imprimer_se_lisent_en_francais(au_bureau: Client) -> None:
    contact = AccesFactory(interlocuteur__present=True).interlocuteur
    operation = refusee(REFUS["inviter"], invitation="a_inviter")
    personne = Interlocuteur.objects.get(pk=operation.parametres["interlocuteur"])
    Operation.objects.update(parametres=operation.parametres | {"telephone": "0705060302", "actif": True})
    la_fiche(au_bureau, personne).envoyer(au_bureau, nom="Renommée")
    AppelFactory(operation=operation, corps_requete=f'{{"email": "{personne.email}"}}')
    page = texte(au_bureau.get(f"{LISTE}{personne.pk}/donnees/"))
    lus = set(re.findall(r"<dt>(.*?)</dt>|<th scope=\"col\">(.*?)</th>", page))
    libelles = {a or b for a, b in lus}
    assert {"Prénom", "Téléphone mobile", "Dossier", "État", "Émetteur par défaut"} <= libelles
    assert not [libelle for libelle in libelles if "_" in libelle or not libelle[:1].isupper()]
    for montre in ("07 05 06 03 02", "Échouée", "Bac à sable"):
        assert montre in page
    assert contact.email not in page


def test_anonymiser_est_refuse_tant_qu_un_acces_est_en_place(au_bureau: Client) -> None:
    contact = AccesFactory(en_place=True, interlocuteur__present=True).interlocuteur
    reponse = au_bureau.post(f"{LISTE}{contact.pk}/anonymiser/", {"motif": "Demande.", "confirme": "on"})
    assert reponse.status_code == 409
    assert "Retirez-lui ses accès" in texte(reponse)
