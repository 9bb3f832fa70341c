"""From qualification to production; renewing a certificate everywhere; keeping what the reader and the API say."""

import datetime as dt

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from dossiers.services.erreurs import ActionImpossible
from raccordements.certificats.lecteur import FichierRefuse
from raccordements.chorus.schemas import Diagnostic, StructureConsultee, StructureTrouvee
from raccordements.chorus.schemas import Etape as EtapeTest
from raccordements.chorus.schemas import Etat as EtatTest
from raccordements.models import Approbation, Certificat, EnvironnementChorus, Etat, Mode, Structure
from raccordements.services import redaction, structures
from raccordements.services.certificats import (
    Maniere,
    emplois,
    garder,
    nom_de_fichier,
    preparer_renouvellement,
    recevoir,
)
from raccordements.services.contenu import contenu, differences
from raccordements.services.promotion import (
    EtatPrerequis,
    codes_abandonnes,
    prerequis,
    promouvoir,
    structure_de_production,
)
from raccordements.services.redaction import Saisie
from tests.fabriques import CollaborateurFactory, DossierFactory, siret_fictif
from tests.raccordements.fabriques import (
    CompteChorusFactory,
    StructureFactory,
    activee,
    analyse,
    certificat,
    codes_complets,
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


def qualifiee(auteur, **options):
    fiche = fiche_edi(par=auteur, structure=StructureFactory(qualification=True, **options))
    codes = codes_complets("qualification", "FSO1100A", "FSO1300A", "FEN0036A")
    return activee(redaction.modifier(fiche, Saisie(codes=codes), edition=1, par=auteur))


# --- promotion ---------------------------------------------------------------------------------------------------


def test_la_production_part_de_la_fiche_qualifiee_sans_les_codes_de_qualification(auteur):
    fiche = qualifiee(auteur)
    reelle = StructureFactory()
    assert codes_abandonnes(contenu(fiche)) == ["FEN0036A", "FSO1300A", "FSO1301A"]
    nouvelle = promouvoir(fiche, par=auteur, structure=reelle)
    assert (nouvelle.etat, nouvelle.approbation) == (Etat.BROUILLON, Approbation.A_SOUMETTRE)
    assert (nouvelle.structure, nouvelle.environnement, nouvelle.code_appli) == (reelle, "production", "")
    assert nouvelle.reseau_aife["adresse"] == "93.92.105.71"
    changes = {d.champ for d in differences(contenu(fiche), contenu(nouvelle))}
    assert {c for c in changes if not c.startswith("reseau.aife")} == {
        "environnement",
        "partenaire",
        "codes.FSO1300A",
        "codes.FSO1301A",
        "codes.FEN0036A",
    }
    assert soumise(nouvelle).approbation == Approbation.EN_ATTENTE


def test_la_structure_de_production_du_meme_siret_est_prise(auteur):
    fiche = qualifiee(auteur)
    with pytest.raises(ActionImpossible, match="structure de production"):
        promouvoir(fiche, par=auteur)
    StructureFactory(siret=fiche.structure.siret)
    assert promouvoir(fiche, par=auteur).structure.environnement == EnvironnementChorus.PRODUCTION


def test_une_structure_d_un_autre_portefeuille_n_est_ni_prise_ni_montree(auteur):
    fiche = qualifiee(auteur)
    structure = StructureFactory(siret=fiche.structure.siret, dossier=DossierFactory())
    limitee = CollaborateurFactory(manager=True, portefeuille=True)
    assert structure_de_production(fiche, limitee) is None
    assert structure_de_production(fiche, auteur) == structure


def test_seule_une_fiche_active_en_qualification_est_promue(auteur):
    with pytest.raises(ActionImpossible):
        promouvoir(fiche_edi(par=auteur, structure=StructureFactory(qualification=True)), par=auteur)
    with pytest.raises(ActionImpossible):
        promouvoir(activee(fiche_edi(par=auteur)), par=auteur)
    with pytest.raises(PermissionDenied):
        promouvoir(qualifiee(auteur), par=CollaborateurFactory(consultation=True))


def test_l_application_du_bac_a_sable_ne_suit_pas(auteur):
    fiche = fiche_api(par=auteur, structure=StructureFactory(qualification=True))
    fiche = redaction.modifier(
        fiche, Saisie(champs={"application_piste": "APP_SANDBOX_c@tpe.example"}), edition=1, par=auteur
    )
    assert promouvoir(activee(fiche), par=auteur, structure=StructureFactory()).application_piste == ""


def test_chaque_prerequis_dit_ou_il_en_est(auteur):
    fiche = qualifiee(auteur)
    etats = {p.cle: p.etat for p in prerequis(fiche)}
    assert etats == {
        "qualification": EtatPrerequis.ACQUIS,
        "structure": EtatPrerequis.MANQUANT,
        "espace": EtatPrerequis.A_CONFIRMER,
        "certificat": EtatPrerequis.ACQUIS,
        "periode": EtatPrerequis.ACQUIS,
    }
    reelle = StructureFactory(active=True)
    structures.confirmer_espace(reelle, par=auteur)
    reelle.refresh_from_db()
    assert {p.etat for p in prerequis(fiche, reelle)} == {EtatPrerequis.ACQUIS}
    reelle.active = False
    assert {p.cle: p.etat for p in prerequis(fiche, reelle)}["structure"] == EtatPrerequis.MANQUANT


def test_l_editeur_qualifie_suffit_et_l_api_demande_un_compte(auteur):
    directe = fiche_api(par=auteur, structure=StructureFactory(editeur_qualifie_le=dt.date(2026, 1, 5)))
    etats = {p.cle: p.etat for p in prerequis(directe)}
    assert (etats["qualification"], etats["compte"]) == (EtatPrerequis.ACQUIS, EtatPrerequis.A_CONFIRMER)
    for pret, attendu in ((False, EtatPrerequis.MANQUANT), (True, EtatPrerequis.ACQUIS)):
        compte = CompteChorusFactory(production=True, pret=pret)
        structure = StructureFactory(compte=compte)
        assert {p.cle: p.etat for p in prerequis(directe, structure)}["compte"] == attendu
    assert {p.cle: p.etat for p in prerequis(fiche_edi(par=auteur))}["qualification"] == EtatPrerequis.MANQUANT


# --- renewal -----------------------------------------------------------------------------------------------------


def test_renouveler_compte_d_abord_puis_ne_change_que_le_certificat(auteur):
    ancien, nouveau = certificat(), certificat(1)
    brouillon, active = fiche_edi(par=auteur), activee(fiche_edi(par=auteur))
    partie = envoyee(fiche_edi(par=auteur))
    vus = emplois(ancien, par=auteur)
    assert (set(vus.remplacables), vus.en_route, vus.eteintes) == ({brouillon, active}, (partie,), ())
    assert vus.partenaires == 3
    avant = {f.pk: contenu(f) for f in vus.remplacables}

    bilan = preparer_renouvellement(ancien, nouveau, par=auteur)
    assert (set(bilan.pretes), bilan.refus) == ({brouillon, active}, [])
    for fiche in bilan.pretes:
        changes = differences(avant[fiche.pk], contenu(relue(fiche)))
        assert [d.champ for d in changes] == ["certificats.client et serveur"]
    active = relue(active)
    assert (active.etat, active.approbation) == (Etat.ACTIVEE, Approbation.A_SOUMETTRE)
    assert envoyee(active).etat == Etat.ENVOYEE_MAJ


def test_renouveler_par_une_nouvelle_fiche_laisse_l_active(auteur):
    active = activee(fiche_edi(par=auteur))
    avant = contenu(active)
    (nouvelle,) = preparer_renouvellement(
        certificat(), certificat(1), par=auteur, maniere=Maniere.NOUVELLE_FICHE
    ).pretes
    assert contenu(relue(active)) == avant
    assert (nouvelle.issue_de, nouvelle.etat, nouvelle.code_appli) == (active, Etat.BROUILLON, "")
    assert [d.champ for d in differences(avant, contenu(nouvelle))] == ["certificats.client et serveur"]


def test_une_designation_relue_dans_chorus_pro_n_empeche_pas_de_renouveler(auteur):
    active = activee(fiche_edi(par=auteur))
    Structure.objects.filter(pk=active.structure_id).update(designation="NOM QUE CHORUS PRO DONNE")
    assert preparer_renouvellement(certificat(), certificat(1), par=auteur).pretes == [active]


def test_une_fiche_deja_en_modification_n_est_pas_renouvelee(auteur):
    active = activee(fiche_edi(par=auteur))
    redaction.modifier(active, Saisie(champs={"commentaires": "En cours."}), edition=active.edition, par=auteur)
    bilan = preparer_renouvellement(certificat(), certificat(1), par=auteur)
    assert not bilan.pretes
    assert "autre chose que son certificat" in str(bilan.refus[0][1])
    with pytest.raises(ActionImpossible):
        preparer_renouvellement(certificat(), certificat(), par=auteur)
    assert not preparer_renouvellement(certificat(), certificat(1), par=auteur, fiches=[]).refus


def test_un_meme_certificat_n_est_garde_qu_une_fois(auteur):
    premier = garder(analyse(), "Certificat AS2.P7B", par=auteur)
    second = garder(analyse(), "autre.p7b", par=auteur)
    assert premier == second
    assert premier.lu == analyse()
    assert bytes(Certificat.objects.get().contenu) == analyse().normalise
    with pytest.raises(PermissionDenied):
        garder(analyse(2), "c.p7b", par=CollaborateurFactory(consultation=True))


def test_un_fichier_se_lit_dans_un_processus_a_part(auteur):
    assert recevoir(analyse(3).normalise, "c.pem", par=auteur).nom_fichier == "c.p7b"
    with pytest.raises(FichierRefuse):
        recevoir(b"-----BEGIN PRIVATE KEY-----\nMAo=\n-----END PRIVATE KEY-----\n", "cle.pem", par=auteur)
    assert Certificat.objects.count() == 1


@pytest.mark.parametrize(
    ("nom", "attendu"),
    [
        ("a.p7b", "a.p7b"),
        ("C:\\x\\b.P7B", "b.P7B"),
        ("../c.cer", "c.p7b"),
        (".p7b", ".p7b.p7b"),
        ("", "certificat.p7b"),
    ],
)
def test_le_nom_du_fichier_est_celui_que_le_portail_attend(nom, attendu):
    assert nom_de_fichier(nom) == attendu


# --- structures and accounts -------------------------------------------------------------------------------------


def test_une_structure_est_la_meme_par_siret_et_environnement(auteur):
    siret = siret_fictif(77)
    premiere = structures.enregistrer_structure(f" {siret[:9]} {siret[9:]} ", "production", par=auteur, designation="A")
    assert structures.enregistrer_structure(siret, "production", par=auteur) == premiere
    assert structures.enregistrer_structure(siret, "qualification", par=auteur) != premiere
    with pytest.raises(PermissionDenied):
        structures.enregistrer_structure(siret, "production", par=CollaborateurFactory(consultation=True))


def trouvee(siret, statut="ACTIVE"):
    return StructureTrouvee(
        id=42, identifiant=siret, type_identifiant="SIRET", designation="Chez Chorus", statut=statut
    )


def consultee(**champs):
    vides = dict.fromkeys(StructureConsultee.__dataclass_fields__)
    return StructureConsultee(**{**vides, **champs})


def test_ce_que_dit_l_api_est_garde_et_date():
    compte = CompteChorusFactory(production=True, mot_de_passe_change_le=dt.date(2026, 1, 1))
    structure = StructureFactory(compte=compte)
    structures.noter_verification(
        structure,
        trouvees=[trouvee("11111111111111"), trouvee(structure.siret)],
        consultee=consultee(connexion_edi=True, expiration_mot_de_passe=dt.date(2027, 5, 1)),
    )
    structure.refresh_from_db()
    assert (structure.id_structure_cpp, structure.active, structure.connexion_edi) == (42, True, True)
    assert structure.designation == "Chez Chorus"
    compte.refresh_from_db()
    assert compte.expire_le == structure.fin_mot_de_passe == dt.date(2027, 5, 1)
    structures.noter_verification(structure, trouvees=[])
    structure.refresh_from_db()
    assert (structure.active, structure.designation) == (None, "Chez Chorus")


def test_le_mot_de_passe_expire_424_jours_apres_son_changement():
    compte = CompteChorusFactory(pret=True, mot_de_passe_change_le=dt.date(2026, 1, 1))
    assert compte.expire_le == dt.date(2027, 3, 1)
    compte.fin_lue, compte.fin_lue_le = dt.date(2025, 12, 1), timezone.make_aware(dt.datetime(2025, 11, 1))
    assert compte.expire_le == dt.date(2027, 3, 1), "read before the password was changed"
    assert compte.empechement(dt.date(2027, 3, 1)) == ""
    assert "expiré le 01/03/2027" in compte.empechement(dt.date(2027, 3, 2))
    assert "incomplet" in CompteChorusFactory().empechement(dt.date(2026, 1, 1))
    assert CompteChorusFactory(login="tech@ailleurs.example").login_inhabituel


def test_un_test_de_connexion_est_garde_etape_par_etape():
    compte = CompteChorusFactory()
    refuse = EtapeTest(
        cle="jeton", libelle="Jeton", etat=EtatTest.ECHOUE, cause="Refusé.", remede="Corrigez.", code="invalid_client"
    )
    structures.noter_test(compte, Diagnostic((refuse,)))
    compte.refresh_from_db()
    assert compte.test_reussi is False
    assert compte.test_diagnostic[0]["remede"] == "Corrigez."


def test_un_siret_a_cle_fausse_n_est_admis_qu_en_qualification(auteur):
    assert structures.enregistrer_structure("12345678900000", "qualification", par=auteur).remarque_siret
    with pytest.raises(ValidationError, match="clé de contrôle"):
        structures.enregistrer_structure("12345678900000", "production", par=auteur)
    for illisible in ("1234", "ABCDEFGHIJKLMN"):
        with pytest.raises(ValidationError):
            structures.enregistrer_structure(illisible, "qualification", par=auteur)
    assert structures.enregistrer_structure("00000000000149", "production", par=auteur).remarque_siret
    # La Poste: the sum of the digits is a multiple of 5.
    assert not structures.enregistrer_structure("35600000000048", "production", par=auteur).remarque_siret


def test_le_siret_d_une_structure_employee_ne_change_plus(auteur):
    fiche = fiche_edi(par=auteur)
    structure = Structure.objects.get(pk=fiche.structure_id)
    structure.siret = siret_fictif(4321)
    with pytest.raises(ValidationError, match="ne changent plus"):
        structure.full_clean()
    structure = Structure.objects.get(pk=fiche.structure_id)
    structure.compte = CompteChorusFactory()
    with pytest.raises(ValidationError, match="autre environnement"):
        structure.full_clean()
    assert fiche.lignes.filter(mode=Mode.COMPLETE).count() == 1
