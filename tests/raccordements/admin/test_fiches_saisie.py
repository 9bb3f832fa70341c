"""Writing a fiche block by block: drafts, refusals at their field, conflicts, voided approvals, interface codes."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from raccordements.models import (
    Approbation,
    CodeInterface,
    Fiche,
    Mode,
    Protocole,
    ReferenceReseau,
    UsageCertificat,
)
from raccordements.services.redaction import Saisie, creer, modifier
from tests.dossiers.admin.formulaires import Formulaire, formulaires
from tests.fabriques import DossierFactory
from tests.interlocuteurs.admin.conftest import Entrer
from tests.raccordements.fabriques import (
    StructureFactory,
    activee,
    analyse,
    approuvee,
    certificat,
    envoyee,
    fiche_api,
    fiche_edi,
    relue,
    soumise,
    superutilisateur,
)

pytestmark = pytest.mark.django_db
EDI, API = "/admin/raccordements/ficheedi/", "/admin/raccordements/ficheapi/"


def texte(reponse: Any) -> str:
    return reponse.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def messages(reponse: Any) -> str:
    return " ".join(str(m) for m in reponse.context["messages"]).replace("\u00a0", " ").replace("\u202f", " ")


def adresse(fiche: Fiche, nom: str) -> str:
    return f"{API if fiche.genre == 'api' else EDI}{fiche.pk}/etape/{nom}/"


def etape(client: Client, fiche: Fiche, nom: str) -> Formulaire:
    """The form of a step, as a browser would send it untouched: the house's reader keeps only inputs."""
    reponse = client.get(adresse(fiche, nom))
    assert reponse.status_code == 200, reponse.status_code
    lu = next(f for f in formulaires(reponse) if "edition" in f.champs)
    lu.action = adresse(fiche, nom)
    formulaire = reponse.context["formulaire"]
    for champ in ("structure", "certificat_garde", "serveur_garde", "commentaires"):
        if champ in formulaire.fields:
            valeur = formulaire[champ].value()
            lu.champs[champ] = getattr(valeur, "pk", valeur) or ""
    return lu


@pytest.fixture
def redacteur(entrer: Entrer) -> Client:
    return entrer(collaborateur=True)


# --- drafts ------------------------------------------------------------------------------------------------------


def test_un_brouillon_incomplet_s_enregistre_a_tout_moment(redacteur: Client) -> None:
    fiche = creer("edi", StructureFactory(), Saisie(), par=redacteur.personne)
    assert etape(redacteur, fiche, "contact").envoyer(redacteur, contact_nom=" Camille Inventée ").status_code == 302
    assert relue(fiche).contact_nom == "Camille Inventée"
    assert relue(fiche).contact_courriel == ""


def test_enregistrer_et_continuer_mene_a_la_premiere_etape_a_completer(redacteur: Client) -> None:
    fiche = creer("edi", StructureFactory(), Saisie(champs={"protocole": Protocole.SFTP}), par=redacteur.personne)
    reponse = etape(redacteur, fiche, "certificats").envoyer(redacteur, continuer="oui")
    assert reponse["Location"] == adresse(fiche, "contact")
    reponse = etape(redacteur, fiche, "commentaires").envoyer(redacteur, continuer="oui")
    assert reponse["Location"] == adresse(fiche, "certificats")


def test_enregistrer_sans_rien_changer_n_ecrit_rien(redacteur: Client) -> None:
    fiche = fiche_edi(structure=StructureFactory())
    for nom in ("generales", "certificats", "contact", "reseau", "codes", "commentaires"):
        reponse = etape(redacteur, fiche, nom).envoyer(redacteur, follow=True)
        assert reponse.status_code == 302, nom
        assert relue(fiche).edition == 1, nom


MAUVAISES = [
    ("contact", "contact_courriel", "sans-arobase"),
    ("contact", "contact_nom", "a" * 151),
    ("contact", "contact_nom", "nul\0"),
    ("reseau", "partenaire_port", "70000"),
    ("reseau", "partenaire_port", "-1"),
    ("reseau", "partenaire_port", "quatre"),
    ("generales", "periode_du", "31/02/2026"),
    ("generales", "periode_au", "01/01/1999"),
    ("generales", "structure", "999999"),
    ("generales", "protocole", "telex"),
    ("commentaires", "commentaires", "a" * 2001),
]


def test_une_mauvaise_saisie_est_dite_a_son_champ_et_gardee(redacteur: Client, subtests: pytest.Subtests) -> None:
    fiche = fiche_edi()
    etapes = {nom: etape(redacteur, fiche, nom) for nom, *_ in MAUVAISES}
    for nom, champ, valeur in MAUVAISES:
        with subtests.test(champ=champ, valeur=valeur[:20]):
            reponse = etapes[nom].envoyer(redacteur, **{champ: valeur})
            assert reponse.status_code == 200
            assert reponse.context["formulaire"].errors[champ]
            assert relue(fiche).edition == 1
            if nom == "contact" and "\0" not in valeur:
                assert valeur in texte(reponse)


def test_la_periode_se_donne_en_jours_francais(redacteur: Client) -> None:
    fiche = fiche_edi()
    etape(redacteur, fiche, "generales").envoyer(redacteur, periode_du="21/06/2026", periode_au="30/06/2099")
    assert (relue(fiche).periode_du, relue(fiche).periode_au) == (date(2026, 6, 21), date(2099, 6, 30))


def test_une_etape_inconnue_n_existe_pas(redacteur: Client) -> None:
    assert redacteur.get(adresse(fiche_api(), "codes")).status_code == 404
    assert redacteur.get(adresse(fiche_edi(), "inconnue")).status_code == 404


def test_l_etat_des_etapes_est_dit_en_mots(redacteur: Client) -> None:
    fiche = fiche_edi(par=redacteur.personne, contact_nom="", partenaire_port=4080)
    un = certificat(7, debut=-300, fin=-1)
    modifier(fiche, Saisie(certificats={UsageCertificat.LES_DEUX: un}), edition=1, par=redacteur.personne)
    pas = {p.etape.nom: p.mot for p in redacteur.get(adresse(fiche, "contact")).context["pas"]}
    assert pas["generales"] == "Fait"
    assert pas["contact"] == "À compléter"
    assert pas["certificats"] == "Erreur"


# --- what must not be written ------------------------------------------------------------------------------------


def test_une_fiche_envoyee_ne_se_modifie_pas(redacteur: Client) -> None:
    fiche = envoyee(fiche_edi())
    reponse = redacteur.get(adresse(fiche, "contact"), follow=True)
    assert "Cette fiche ne se modifie pas" in messages(reponse)
    redacteur.post(adresse(fiche, "contact"), {"edition": 1, "version_vue": 0, "contact_nom": "Autre"})
    assert relue(fiche).contact_nom == fiche.contact_nom


def test_partenaire_et_protocole_ne_changent_plus_apres_un_envoi(redacteur: Client) -> None:
    fiche = activee(fiche_edi())
    page = texte(redacteur.get(adresse(fiche, "generales")))
    assert 'name="protocole"' not in page
    assert 'name="structure"' not in page
    etape(redacteur, fiche, "generales").envoyer(redacteur, protocole=Protocole.SFTP, structure=StructureFactory().pk)
    assert relue(fiche).protocole == Protocole.AS2


def test_un_partenaire_d_un_autre_portefeuille_est_refuse(entrer: Entrer) -> None:
    limite = entrer(collaborateur=True, portefeuille=True)
    fiche = fiche_edi(par=limite.personne, structure=StructureFactory(cree_par=limite.personne))
    etrangere = StructureFactory(dossier=DossierFactory())
    reponse = etape(limite, fiche, "generales").envoyer(limite, structure=etrangere.pk)
    assert reponse.context["formulaire"].errors["structure"]
    assert relue(fiche).structure == fiche.structure


def test_le_code_appli_ne_se_saisit_pas(redacteur: Client) -> None:
    fiche = fiche_edi()
    etape(redacteur, fiche, "generales").envoyer(redacteur, code_appli="VFE999", periode_au="30/06/2099")
    assert relue(fiche).code_appli == ""
    assert relue(fiche).edition == 2


# --- conflicts and approval --------------------------------------------------------------------------------------


def test_un_conflit_garde_ce_qui_a_ete_tape_et_montre_la_version_actuelle(redacteur: Client) -> None:
    fiche = fiche_edi()
    ouvert = etape(redacteur, fiche, "contact")
    modifier(fiche, Saisie(champs={"contact_nom": "Leur nom"}), edition=1, par=superutilisateur())
    reponse = ouvert.envoyer(redacteur, contact_nom="Mon nom", contact_fax="0102030406")
    assert reponse.status_code == 409
    assert relue(fiche).contact_nom == "Leur nom"
    page = texte(reponse)
    for mot in ("modifiée par quelqu’un d’autre", "Leur nom", "Mon nom", "0102030406"):
        assert mot in page
    fusion = next(f for f in formulaires(reponse) if "edition" in f.champs)
    fusion.action = adresse(fiche, "contact")
    assert fusion.champs["contact_nom"] == "Mon nom"
    assert fusion.envoyer(redacteur).status_code == 302
    assert relue(fiche).contact_nom == "Mon nom"


def test_un_conflit_sur_les_codes_garde_les_choix(redacteur: Client) -> None:
    fiche = fiche_edi()
    ouvert = etape(redacteur, fiche, "codes")
    modifier(fiche, Saisie(champs={"contact_nom": "Leur nom"}), edition=1, par=superutilisateur())
    reponse = ouvert.envoyer(redacteur, mode_FSO1110A=Mode.PARTIELLE)
    assert reponse.status_code == 409
    assert ("FSO1110A", "Pas de raccordement", "Partielle") in reponse.context["ecarts"]
    fusion = next(f for f in formulaires(reponse) if "edition" in f.champs)
    assert fusion.champs["mode_FSO1110A"] == Mode.PARTIELLE


@pytest.mark.parametrize("faire", [soumise, approuvee])
def test_modifier_pendant_l_approbation_avertit_puis_annule(redacteur: Client, faire: Any) -> None:
    fiche = faire(fiche_edi())
    page = texte(redacteur.get(adresse(fiche, "contact")))
    assert "Enregistrer une modification annule cette" in page
    assert relue(fiche).approbation != Approbation.A_SOUMETTRE
    etape(redacteur, fiche, "contact").envoyer(redacteur, contact_nom="Autre nom")
    assert relue(fiche).approbation == Approbation.A_SOUMETTRE


def test_une_soumission_arrivee_entre_temps_n_est_pas_annulee_sans_avertissement(redacteur: Client) -> None:
    fiche = fiche_edi()
    ouvert = etape(redacteur, fiche, "contact")
    soumise(fiche)
    reponse = ouvert.envoyer(redacteur, contact_nom="Autre nom")
    assert reponse.status_code == 409
    assert relue(fiche).approbation == Approbation.EN_ATTENTE
    assert "attend une décision" in texte(reponse)
    suite = next(f for f in formulaires(reponse) if "edition" in f.champs)
    suite.action = adresse(fiche, "contact")
    assert suite.champs["contact_nom"] == "Autre nom"
    assert suite.envoyer(redacteur).status_code == 302
    assert (relue(fiche).contact_nom, relue(fiche).approbation) == ("Autre nom", Approbation.A_SOUMETTRE)


# --- interface codes ---------------------------------------------------------------------------------------------


def test_le_tableau_des_codes_se_lit_a_l_oreille_et_au_clavier(redacteur: Client) -> None:
    fiche = fiche_edi()
    page = texte(redacteur.get(adresse(fiche, "codes")))
    offerts = CodeInterface.objects.offerts(fiche.environnement).count()
    assert page.count('<fieldset class="choix-mode">') == offerts
    assert page.count('<input type="radio" name="mode_') == 3 * offerts
    assert "FSO1100A, Flux structuré facture" in page
    assert "Disponible uniquement sur l’espace de qualification." in page


def test_un_geste_met_tous_les_codes_dans_un_mode(redacteur: Client, subtests: pytest.Subtests) -> None:
    fiche = fiche_edi()
    offerts = CodeInterface.objects.offerts(fiche.environnement, timezone.localdate())
    for mode in Mode.values:
        with subtests.test(mode):
            etape(redacteur, fiche, "codes").envoyer(redacteur, tout=mode)
            assert dict(fiche.lignes.values_list("code_id", "mode")) == dict.fromkeys(
                offerts.values_list("code", flat=True), mode
            )


def test_un_code_de_qualification_est_refuse_en_production_avec_la_phrase_du_service(
    redacteur: Client, subtests: pytest.Subtests
) -> None:
    fiche = fiche_edi()
    ouvert = etape(redacteur, fiche, "codes")
    for code in ("FSO1300A", "FSO1301A", "FEN0036A"):
        with subtests.test(code):
            reponse = ouvert.envoyer(redacteur, **{f"mode_{code}": Mode.COMPLETE})
            assert reponse.status_code == 200
            assert f"{code} n’est pas proposé en production" in texte(reponse)
            assert relue(fiche).edition == 1


def test_un_code_force_n_est_jamais_une_erreur_du_serveur(redacteur: Client, subtests: pytest.Subtests) -> None:
    fiche = fiche_edi()
    ouvert = etape(redacteur, fiche, "codes")
    for nom, mode in (("mode_FSO1100A", "n'importe"), ("mode_'; --", "complete")):
        with subtests.test(nom):
            assert ouvert.envoyer(redacteur, **{nom: mode}).status_code in {200, 302}
            assert relue(fiche).edition == 1


def test_changer_d_environnement_avec_des_codes_de_qualification_est_refuse(redacteur: Client) -> None:
    fiche = fiche_edi(structure=StructureFactory(qualification=True))
    reponse = etape(redacteur, fiche, "generales").envoyer(redacteur, structure=StructureFactory().pk)
    assert reponse.status_code == 200
    assert "ne sont pas proposés en production" in texte(reponse)


# --- network and certificates ------------------------------------------------------------------------------------


def test_les_valeurs_de_l_aife_sont_montrees_avec_leur_jour_et_se_reprennent(redacteur: Client) -> None:
    fiche = fiche_edi()
    reference = ReferenceReseau.objects.get(protocole=Protocole.AS2, environnement=fiche.environnement)
    page = texte(redacteur.get(adresse(fiche, "reseau")))
    assert "CTAIFEP" in page
    assert f"{reference.vu_le:%d/%m/%Y}" in page
    assert "Identifiant *" in page
    assert "Reprendre les valeurs" not in page
    reference.port, reference.vu_le = 24999, date(2026, 11, 20)
    reference.save()
    assert "Reprendre les valeurs" in texte(redacteur.get(adresse(fiche, "reseau")))
    etape(redacteur, fiche, "reseau").envoyer(redacteur, rafraichir="oui", partenaire_chemin="/autre")
    assert relue(fiche).reseau_aife["port"] == 24999
    assert relue(fiche).partenaire_chemin == "/autre", "what was typed beside it is kept"


def test_changer_de_protocole_change_les_valeurs_et_l_usage_du_certificat(redacteur: Client) -> None:
    fiche = fiche_edi()
    etape(redacteur, fiche, "generales").envoyer(redacteur, protocole=Protocole.SFTP)
    actuelle = relue(fiche)
    assert actuelle.reseau_aife["port"] == 6321
    assert actuelle.certificats_joints.get().usage == UsageCertificat.CLIENT


def test_mettre_a_jour_le_certificat_puis_le_retirer(redacteur: Client) -> None:
    fiche = fiche_edi()
    nouveau = SimpleUploadedFile("nouveau.p7b", analyse(11).normalise)
    reponse = etape(redacteur, fiche, "certificats").envoyer(redacteur, certificat_fichier=nouveau, analyser="oui")
    assert reponse["Location"] == adresse(fiche, "certificats")
    assert fiche.certificats_joints.get().certificat.nom_fichier == "nouveau.p7b"
    assert "nouveau.p7b" in texte(redacteur.get(adresse(fiche, "certificats")))
    etape(redacteur, fiche, "certificats").envoyer(redacteur, certificat_garde="")
    assert not fiche.certificats_joints.exists()


def test_l_emetteur_manquant_est_nomme(redacteur: Client) -> None:
    from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

    feuille = pkcs7.load_der_pkcs7_certificates(analyse(12).normalise)
    seule = [c for c in feuille if c.subject != c.issuer]
    fiche = fiche_edi()
    seul = SimpleUploadedFile("seul.p7b", pkcs7.serialize_certificates(seule, Encoding.DER))
    etape(redacteur, fiche, "certificats").envoyer(redacteur, certificat_fichier=seul)
    page = texte(redacteur.get(adresse(fiche, "certificats")))
    assert "Émetteur manquant" in page
    assert "Autorité inventée 12" in page


def test_un_certificat_serveur_est_refuse_en_sftp(redacteur: Client) -> None:
    fiche = fiche_edi(protocole=Protocole.SFTP)
    page = texte(redacteur.get(adresse(fiche, "certificats")))
    assert "serveur_fichier" not in page
