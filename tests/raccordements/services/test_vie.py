"""The life of a fiche: draft, approval, sending, activation, update, withdrawal, deactivation."""

import pytest
import time_machine
from django.core.exceptions import PermissionDenied, ValidationError

from dossiers.services.erreurs import ActionImpossible
from raccordements.models import (
    Action,
    Approbation,
    Etat,
    EvenementFiche,
    Fiche,
    Genre,
    Mode,
    ReferenceReseau,
    UsageCertificat,
)
from raccordements.services import approbation, envoi, redaction
from raccordements.services.contenu import contenu, empreinte
from raccordements.services.envoi import Canal, Constat
from raccordements.services.erreurs import ActionInterdite, EditionPerimee, EmpreinteDifferente
from raccordements.services.redaction import Saisie
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.raccordements.fabriques import (
    AS2,
    StructureFactory,
    activee,
    approuvee,
    certificat,
    envoyee,
    fiche_api,
    fiche_edi,
    relue,
    soumise,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def auteur():
    return CollaborateurFactory(collaborateur=True)


@pytest.fixture
def manager():
    return CollaborateurFactory(manager=True)


def corriger(fiche, par, **champs):
    fiche = relue(fiche)
    return redaction.modifier(
        fiche, Saisie(champs=champs or {"commentaires": "Corrigée."}), edition=fiche.edition, par=par
    )


def test_du_brouillon_a_activee_puis_mise_a_jour(auteur, manager):
    fiche = activee(fiche_edi(par=auteur), manager=manager)
    assert (fiche.etat, fiche.code_appli, fiche.version_active.numero) == (Etat.ACTIVEE, "VFE039", 1)
    premiere = fiche.version_active

    corriger(fiche, auteur, contact_telephone="0199000000")
    fiche = relue(fiche)
    assert (fiche.etat, fiche.approbation, fiche.version) == (Etat.ACTIVEE, Approbation.A_SOUMETTRE, None)
    assert fiche.version_active == premiere

    fiche = envoyee(fiche, par=auteur, manager=manager)
    assert fiche.etat == Etat.ENVOYEE_MAJ
    envoi.constater(fiche, Etat.ACTIVEE, source="canal api", preuve={"etat": "Activée"}, par=None)
    fiche = relue(fiche)
    assert (fiche.etat, fiche.version_active.numero, fiche.code_appli) == (Etat.ACTIVEE, 2, "VFE039")
    passages = fiche.evenements.exclude(de="").order_by("id").values_list("de", "vers")
    assert list(passages) == [
        ("brouillon", "envoyee"),
        ("envoyee", "activee"),
        ("activee", "envoyee_maj"),
        ("envoyee_maj", "activee"),
    ]


def test_ce_qui_part_est_la_version_approuvee(auteur):
    fiche = approuvee(fiche_edi(par=auteur))
    version = envoi.prendre_pour_envoi(fiche, canal=Canal.API, par=None)
    assert version == fiche.version
    assert empreinte(version.contenu) == version.empreinte == empreinte(contenu(relue(fiche)))


def test_rien_ne_change_pendant_l_envoi(auteur):
    fiche = approuvee(fiche_edi(par=auteur))
    version = envoi.prendre_pour_envoi(fiche, canal=Canal.PORTAIL, par=auteur)
    with pytest.raises(ActionInterdite, match="en cours d’envoi"):
        corriger(fiche, auteur)
    with pytest.raises(ActionInterdite):
        redaction.supprimer(fiche, par=auteur)
    with pytest.raises(ActionInterdite, match="déjà en cours"):
        envoi.prendre_pour_envoi(fiche, canal=Canal.API, par=None)
    envoi.abandonner_envoi(fiche, version, motif="Le portail était fermé.", par=auteur)
    corriger(fiche, auteur)
    with pytest.raises(ActionInterdite):
        envoi.noter_envoi(fiche, version, canal=Canal.PORTAIL, par=auteur)


def test_une_version_ne_part_pas_deux_fois(auteur):
    fiche = activee(fiche_edi(par=auteur))
    with pytest.raises(ActionInterdite, match="déjà partie"):
        envoi.prendre_pour_envoi(fiche, canal=Canal.API, par=None)


def test_la_saisie_sur_le_portail_donne_la_date_et_le_code(auteur):
    fiche = approuvee(fiche_edi(par=auteur))
    version = envoi.prendre_pour_envoi(fiche, canal=Canal.PORTAIL, par=auteur)
    fiche = envoi.noter_envoi(fiche, version, canal=Canal.PORTAIL, par=auteur, code_appli=" vfe042 ")
    assert (fiche.etat, fiche.code_appli) == (Etat.ENVOYEE, "VFE042")
    assert fiche.evenements.filter(texte="Version 1 saisie sur le portail.", acteur=auteur).exists()
    envoi.noter_code_appli(fiche, "AUTRE1", source="relecture", par=auteur)
    assert relue(fiche).code_appli_inhabituel
    with pytest.raises(ActionImpossible, match="vide ou trop long"):
        envoi.noter_code_appli(fiche, " ", source="relecture", par=auteur)


def test_une_ecriture_hors_des_services_ne_part_pas(auteur):
    fiche = approuvee(fiche_edi(par=auteur))
    Fiche.objects.filter(pk=fiche.pk).update(contact_nom="Quelqu’un d’autre")
    with pytest.raises(EmpreinteDifferente, match="ne dit plus ce qui a été approuvé"):
        envoi.prendre_pour_envoi(fiche, canal=Canal.API, par=None)
    fiche = relue(fiche)
    assert (fiche.approbation, fiche.version, fiche.version_en_envoi) == (Approbation.A_SOUMETTRE, None, None)
    assert fiche.evenements.filter(type=EvenementFiche.Type.ANNULATION).exists()


def test_un_certificat_expire_depuis_l_approbation_ne_part_pas(auteur):
    fiche = approuvee(fiche_edi(par=auteur))
    with time_machine.travel("2040-01-01"), pytest.raises(ActionImpossible, match="n’est pas partie"):
        envoi.prendre_pour_envoi(fiche, canal=Canal.API, par=None)
    assert relue(fiche).approbation == Approbation.APPROUVEE


def test_une_modification_annule_la_demande_et_l_approbation(auteur):
    fiche = soumise(fiche_edi(par=auteur))
    en_attente = fiche.version
    corriger(fiche, auteur)
    en_attente.refresh_from_db()
    fiche = relue(fiche)
    assert (en_attente.etat, fiche.approbation, fiche.version) == ("caduque", Approbation.A_SOUMETTRE, None)
    fiche = approuvee(fiche)
    corriger(fiche, auteur, commentaires="Encore.")
    assert relue(fiche).approbation == Approbation.A_SOUMETTRE
    assert fiche.evenements.filter(type=EvenementFiche.Type.ANNULATION).count() == 2


def test_enregistrer_sans_rien_changer_n_annule_rien(auteur):
    fiche = approuvee(fiche_edi(par=auteur))
    corriger(fiche, auteur, **AS2)
    assert relue(fiche).approbation == Approbation.APPROUVEE
    assert relue(fiche).edition == fiche.edition


def test_une_page_perimee_n_ecrase_rien(auteur, manager):
    fiche = fiche_edi(par=auteur)
    corriger(fiche, manager, commentaires="Du manager.")
    with pytest.raises(EditionPerimee):
        redaction.modifier(fiche, Saisie(champs={"commentaires": "Vieux."}), edition=1, par=auteur)
    assert relue(fiche).commentaires == "Du manager."


def test_reprendre_une_demande(auteur):
    fiche = soumise(fiche_edi(par=auteur))
    approbation.reprendre(fiche, par=auteur)
    assert relue(fiche).approbation == Approbation.A_SOUMETTRE
    with pytest.raises(ActionImpossible):
        approbation.reprendre(fiche, par=auteur)
    assert soumise(fiche).version.numero == 2


def test_retrait_et_desactivation_se_defont(auteur, manager):
    fiche = envoyee(fiche_edi(par=auteur))
    with pytest.raises(ActionImpossible, match="motif"):
        envoi.retirer(fiche, motif=" ", par=auteur)
    envoi.retirer(fiche, motif="Demande annulée avec le support.", par=auteur)
    fiche = relue(fiche)
    assert (fiche.etat, fiche.approbation, fiche.version_envoyee) == (Etat.BROUILLON, Approbation.A_SOUMETTRE, None)

    fiche = activee(fiche)
    corriger(fiche, auteur)
    fiche = envoyee(fiche, par=auteur)
    envoi.retirer(fiche, motif="Mise à jour annulée.", par=auteur)
    fiche = relue(fiche)
    assert (fiche.etat, fiche.version_envoyee) == (Etat.ACTIVEE, fiche.version_active)

    envoi.desactiver(fiche, motif="Vue « Désactivée » sur le portail.", par=manager)
    with pytest.raises(ActionInterdite):
        corriger(fiche, auteur)
    envoi.reactiver(fiche, motif="Notée par erreur.", par=manager)
    assert relue(fiche).etat == Etat.ACTIVEE


def test_constater_ne_fait_que_ce_que_la_table_et_les_droits_permettent(auteur, manager):
    fiche = fiche_edi(par=auteur)
    assert envoi.constater(fiche, Etat.ACTIVEE, source="fichier", preuve={}, par=auteur) is Constat.CONTRAIRE
    assert envoi.constater(fiche, Etat.BROUILLON, source="fichier", preuve={}, par=auteur) is Constat.DEJA
    assert relue(fiche).etat == Etat.BROUILLON
    fiche = activee(fiche)
    # A deactivation is noted by a manager: a file that says so is no way round.
    assert envoi.constater(fiche, Etat.DESACTIVEE, source="fichier", preuve={}, par=auteur) is Constat.CONTRAIRE
    assert relue(fiche).etat == Etat.ACTIVEE
    assert envoi.constater(fiche, Etat.DESACTIVEE, source="fichier", preuve={}, par=manager) is Constat.APPLIQUE
    assert relue(fiche).etat == Etat.DESACTIVEE


def test_retablir_la_version_active(auteur):
    fiche = activee(fiche_edi(par=auteur))
    corriger(fiche, auteur, contact_fax="0102030406")
    fiche = relue(fiche)
    redaction.regler_tous_les_codes(fiche, Mode.PARTIELLE, edition=fiche.edition, par=auteur)
    Fiche.objects.filter(pk=fiche.pk).update(reseau_aife={"adresse": "203.0.113.9"})
    fiche = relue(fiche)
    redaction.retablir(fiche, edition=fiche.edition, par=auteur)
    assert empreinte(contenu(relue(fiche))) == fiche.version_active.empreinte
    with pytest.raises(ActionImpossible, match="exactement ce que Chorus Pro a déjà"):
        soumise(fiche, par=auteur)
    with pytest.raises(ActionImpossible, match="Aucune version"):
        redaction.retablir(fiche_edi(par=auteur), edition=1, par=auteur)


def test_un_clone_dit_la_meme_chose_et_garde_ses_redacteurs(auteur, manager):
    modele = fiche_edi(par=auteur)
    clone = redaction.cloner(modele, par=manager)
    assert contenu(clone) == contenu(modele)
    assert (clone.etat, clone.code_appli, clone.issue_de) == (Etat.BROUILLON, "", modele)
    assert set(clone.redactions.values_list("personne", flat=True)) == {auteur.pk, manager.pk}


def test_supprimer_un_brouillon_le_cache_et_garde_son_histoire(auteur):
    fiche = soumise(fiche_edi(par=auteur))
    redaction.supprimer(fiche, par=auteur)
    assert not Fiche.objects.filter(pk=fiche.pk).exists()
    assert relue(fiche).evenements.filter(type=EvenementFiche.Type.SUPPRESSION).exists()
    with pytest.raises(PermissionDenied):
        corriger(fiche, auteur)
    with pytest.raises(ActionInterdite):
        redaction.supprimer(activee(fiche_edi(par=auteur)), par=auteur)


def test_le_reseau_de_l_aife_est_copie_de_la_reference(auteur):
    fiche = fiche_edi(par=auteur)
    assert fiche.reseau_aife["identifiant"] == "CTAIFEP"
    assert fiche.reseau_aife["vu_le"] == "2017-06-21"
    fiche = corriger(fiche, auteur, protocole="sftp")
    assert fiche.reseau_aife == {"adresse": "192.168.131.22", "port": 6321, "vu_le": "2017-06-21"}
    ReferenceReseau.objects.filter(protocole="sftp").update(adresse="203.0.113.7", vu_le="2026-10-01")
    assert relue(fiche).reseau_aife["adresse"] == "192.168.131.22"
    fiche = redaction.rafraichir_le_reseau(fiche, edition=fiche.edition, par=auteur)
    assert relue(fiche).reseau_aife["adresse"] == "203.0.113.7"


def test_partenaire_et_protocole_ne_changent_plus_apres_un_envoi(auteur):
    fiche = activee(fiche_edi(par=auteur))
    with pytest.raises(ActionImpossible, match="Le protocole"):
        corriger(fiche, auteur, protocole="sftp")
    with pytest.raises(ActionImpossible, match="Le partenaire"):
        redaction.modifier(fiche, Saisie(structure=StructureFactory()), edition=fiche.edition, par=auteur)


def test_une_fiche_api_n_a_ni_code_ni_certificat(auteur):
    fiche = fiche_api(par=auteur)
    for saisie in (
        Saisie(codes={"FSO1100A": Mode.COMPLETE}),
        Saisie(certificats={UsageCertificat.CLIENT: certificat()}),
    ):
        with pytest.raises(ValidationError):
            redaction.modifier(fiche, saisie, edition=1, par=auteur)
    with pytest.raises(ValueError, match="protocole"):
        corriger(fiche, auteur, protocole="as2")
    ancienne = fiche_api(par=auteur, generation="certificat")
    assert ancienne.certificats_joints.count() == 1
    assert activee(ancienne).etat == activee(fiche).etat == Etat.ACTIVEE


def test_le_code_appli_ne_se_saisit_pas(auteur):
    with pytest.raises(ValueError, match="code_appli"):
        corriger(fiche_edi(par=auteur), auteur, code_appli="VFE039")
    with pytest.raises(ValueError, match="etat"):
        redaction.creer(Genre.EDI, StructureFactory(), Saisie(champs={"etat": "activee"}), par=auteur)


def test_un_brouillon_s_enregistre_incomplet_et_ne_se_soumet_pas(auteur):
    fiche = redaction.creer(Genre.EDI, StructureFactory(), Saisie(), par=auteur)
    with pytest.raises(ActionImpossible) as refus:
        soumise(fiche)
    codes = {risque.code for risque in refus.value.risques}
    assert {"manque_protocole", "manque_contact_nom", "manque_certificats", "aucun_code"} <= codes


@pytest.mark.parametrize(
    "champs",
    [
        {"contact_courriel": "sans arobase"},
        {"periode_du": None, "periode_au": "2026-01-01"},
        {"partenaire_port": 70000},
    ],
)
def test_un_champ_impossible_est_refuse_meme_en_brouillon(auteur, champs):
    with pytest.raises(ValidationError):
        corriger(fiche_edi(par=auteur), auteur, **champs)


def test_on_ne_voit_que_les_fiches_de_son_portefeuille(manager):
    limite = CollaborateurFactory(collaborateur=True, portefeuille=True)
    autre = fiche_edi(structure=StructureFactory(dossier=DossierFactory()))
    sienne = fiche_edi(structure=StructureFactory(dossier=DossierFactory(maitre_dossier=limite.login_loop)))
    assert list(Fiche.objects.visibles_par(limite)) == [sienne]
    with pytest.raises(PermissionDenied):
        corriger(autre, limite)
    with pytest.raises(PermissionDenied):
        redaction.creer(Genre.EDI, autre.structure, Saisie(), par=limite)
    corriger(sienne, limite)


def test_chaque_action_a_son_droit():
    consultation, auteur = CollaborateurFactory(consultation=True), CollaborateurFactory(collaborateur=True)
    fiche = fiche_edi(par=auteur)
    for geste in (
        lambda: redaction.creer(Genre.EDI, fiche.structure, Saisie(), par=consultation),
        lambda: corriger(fiche, consultation),
        lambda: redaction.cloner(fiche, par=consultation),
        lambda: redaction.supprimer(fiche, par=consultation),
        lambda: soumise(fiche, par=consultation),
        lambda: envoi.prendre_pour_envoi(fiche, canal=Canal.API, par=consultation),
        lambda: envoi.constater(fiche, Etat.ACTIVEE, source="s", preuve={}, par=consultation),
        lambda: envoi.desactiver(fiche, motif="m", par=auteur),
    ):
        with pytest.raises(PermissionDenied):
            geste()
    assert relue(fiche).actions == [
        Action.CONSULTER,
        Action.MODIFIER,
        Action.CHANGER_CERTIFICAT,
        Action.REGLER_CODES,
        Action.SUPPRIMER,
        Action.SOUMETTRE,
        Action.ENVOYER,
        Action.CLONER,
    ]
