"""What a manager is told before approving, as a pure function of facts."""

from copy import deepcopy
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from django.core.exceptions import ValidationError

from raccordements.certificats.schemas import Gravite
from raccordements.models import Etat, Mode
from raccordements.services import redaction
from raccordements.services.contenu import contenu
from raccordements.services.redaction import Saisie
from raccordements.services.reference import lire
from raccordements.services.risques import CodeConnu, Faits, FaitsStructure, Voisine, bloquants, faits, risques
from tests.fabriques import siret_fictif
from tests.raccordements.fabriques import StructureFactory, activee, analyse, fiche_edi, relue

# Noon in Paris: the day is the same everywhere.
MAINTENANT = datetime.now(UTC).replace(hour=11, minute=0, second=0, microsecond=0)
JOUR = MAINTENANT.date()
CODES = [
    CodeConnu(**{nom: ligne[nom] for nom in ("code", "qualification", "production", "au_guide", "surete")})
    for ligne in lire("codes_interface.json")
]
DU_GUIDE = [connu for connu in CODES if connu.au_guide]
QUALIFICATION_SEULE = {"FSO1300A", "FSO1301A", "FEN0036A"}


def base(environnement="production", **champs):
    """Facts without any remark but on the certificate's authority, and information."""
    certificat = analyse()
    fige = {
        "format": 1,
        "type": "edi",
        "formulaire": "",
        "environnement": environnement,
        "partenaire": {"siret": siret_fictif(1), "designation": "Inventée"},
        "protocole": "as2",
        "periode": {"du": JOUR.isoformat(), "au": None},
        "contact": {"nom": "C. Inventée", "telephone": "0102030405", "courriel": "c@tpe.example", "fax": ""},
        "reseau": {
            "aife": {"adresse": "93.92.105.71", "port": 24000, "vu_le": JOUR.isoformat()},
            "partenaire": {"identifiant": "P1", "adresse": "as2.tpe.example", "port": 4080, "chemin": "/"},
        },
        "codes": {
            connu.code: Mode.COMPLETE if connu.code == "FSO1100A" else Mode.AUCUN
            for connu in CODES
            if connu.offert(environnement, JOUR)
        },
        "certificats": [{"usage": "client et serveur", "nom_fichier": "as2.p7b", "sha256": certificat.sha256}],
        "application_piste": "",
        "usage_piste": "",
        "commentaires": "",
    }
    options = {
        "codes": CODES,
        "analyses": {certificat.sha256: certificat},
        "structure": FaitsStructure(active=True, verifiee_le=MAINTENANT),
    }
    return Faits(contenu=fige, maintenant=MAINTENANT, **{**options, **champs})


def poser(faits, chemin, valeur):
    """The same facts with one value of the content changed; `chemin` has dots, None takes a key away."""
    fige = deepcopy(faits.contenu)
    *blocs, dernier = chemin.split(".")
    bloc = fige
    for nom in blocs:
        bloc = bloc[nom]
    if valeur is None and blocs == ["codes"]:
        del bloc[dernier]
    else:
        bloc[dernier] = valeur
    return replace(faits, contenu=fige)


def codes_de(faits):
    return {risque.code for risque in risques(faits)}


def graves(faits):
    return {risque.code for risque in bloquants(risques(faits))}


def test_une_fiche_complete_n_a_rien_de_bloquant():
    assert graves(base()) == graves(base("qualification")) == set()
    tous = risques(base())
    assert all(risque.quoi and risque.pourquoi and risque.que_faire for risque in tous)
    poids = [list(Gravite).index(risque.gravite) for risque in tous]
    assert poids == sorted(poids)


@pytest.mark.parametrize(
    ("chemin", "valeur", "attendu"),
    [
        ("contact.nom", "", "manque_contact_nom"),
        ("contact.telephone", "", "manque_contact_telephone"),
        ("contact.courriel", "", "manque_contact_courriel"),
        ("protocole", "", "manque_protocole"),
        ("periode.du", None, "manque_periode_du"),
        ("certificats", [], "manque_certificats"),
        ("reseau.partenaire.identifiant", "", "manque_partenaire_identifiant"),
        ("reseau.partenaire.adresse", "", "manque_partenaire_adresse"),
        ("reseau.partenaire.port", None, "manque_partenaire_port"),
        ("reseau.partenaire.chemin", "", "manque_partenaire_chemin"),
        ("periode.au", date(2020, 1, 1).isoformat(), "periode_inversee"),
        ("codes.FSO1105A", None, "codes_sans_reponse"),
        ("codes.FSO1100A", Mode.AUCUN, "aucun_code"),
        ("codes.FSO9999A", Mode.COMPLETE, "codes_inconnus"),
        ("codes.FSO1300A", Mode.COMPLETE, "codes_de_qualification"),
    ],
)
def test_ce_qui_empeche_de_soumettre(chemin, valeur, attendu):
    assert graves(poser(base(), chemin, valeur)) == {attendu}


def test_seul_l_as2_exige_le_reseau_du_partenaire():
    vide = {"identifiant": "", "adresse": "", "port": None, "chemin": ""}
    for protocole, attendus in (("pesit", set()), ("sftp", set()), ("as2", 4)):
        faits = poser(poser(base(), "reseau.partenaire", vide), "protocole", protocole)
        manques = {code for code in graves(faits) if code.startswith("manque_partenaire_")}
        assert (len(manques) if protocole == "as2" else manques) == attendus


@pytest.mark.parametrize(
    ("chemin", "valeur", "attendu"),
    [
        ("reseau.aife.adresse", "192.168.131.22", "aife_privee"),
        ("reseau.aife.adresse", "", "aife_inconnue"),
        ("reseau.aife.vu_le", "2017-06-21", "aife_ancienne"),
        ("reseau.partenaire.adresse", "10.0.0.8", "partenaire_prive"),
        ("codes.FSO1116A", Mode.COMPLETE, "codes_incertains"),
        ("codes.FSO1106A", None, "codes_recents_sans_reponse"),
        ("partenaire.siret", "00000000000149", "siret_de_test"),
        ("periode.au", JOUR.isoformat(), "periode_courte"),
        ("periode.au", "2099-06-30", "periode_apres_certificat"),
    ],
)
def test_ce_qui_est_seulement_dit(chemin, valeur, attendu):
    faits = poser(base(), chemin, valeur)
    assert attendu in codes_de(faits) - codes_de(base())
    assert graves(faits) == set()


@pytest.mark.parametrize(
    ("champs", "attendu"),
    [
        ({"structure": FaitsStructure(active=False, verifiee_le=MAINTENANT)}, "structure_inactive"),
        ({"structure": FaitsStructure()}, "structure_non_verifiee"),
        ({"structure": FaitsStructure(tiers_teletransmission=True)}, "tiers_teletransmission"),
        ({"voisines": [Voisine(fiche="n° 7", protocole="as2", etat="Activée")]}, "autre_fiche_meme_protocole"),
        ({"voisines": [Voisine(fiche="n° 7", protocole="sftp", etat="Envoyée")]}, "autre_fiche_autre_protocole"),
        (
            {"codes": [replace(c, au=date(2020, 1, 1)) if c.code == "FSO1100A" else c for c in CODES]},
            "codes_hors_validite",
        ),
    ],
)
def test_ce_que_les_autres_faits_disent(champs, attendu):
    assert attendu in codes_de(base(**champs))
    assert graves(base(**champs)) == set()


def avec_certificats(*joints, protocole="as2"):
    fige = [{"usage": usage, "nom_fichier": "c.p7b", "sha256": a.sha256} for usage, a in joints]
    faits = replace(base(), analyses={a.sha256: a for _, a in joints})
    return poser(poser(faits, "certificats", fige), "protocole", protocole)


@pytest.mark.parametrize(
    ("joints", "protocole", "juste"),
    [
        ([("client et serveur", analyse())], "as2", True),
        ([("client", analyse()), ("serveur", analyse(1))], "pesit", True),
        ([("client", analyse())], "as2", False),
        ([("serveur", analyse())], "sftp", False),
        ([("client", analyse(usage="client"))], "sftp", True),
        ([("client", analyse()), ("serveur", analyse(1))], "sftp", False),
    ],
)
def test_le_nombre_et_l_usage_des_certificats_suivent_le_protocole(joints, protocole, juste):
    trouves = codes_de(avec_certificats(*joints, protocole=protocole))
    assert ("certificats_du_protocole" in trouves) is not juste


def test_un_certificat_expire_ou_absent_bloque_et_une_fin_proche_avertit():
    for perime in (analyse(7, debut=-300, fin=-1), analyse(8, debut=5, fin=300)):
        assert graves(avec_certificats(("client et serveur", perime)))
    proche = avec_certificats(("client et serveur", analyse(9, fin=10)))
    assert graves(proche) == set()
    assert any(r.champ == "certificats" and "jour" in r.message for r in risques(proche))
    assert graves(replace(base(), analyses={})) == {"certificat_absent"}


def test_une_periode_finie_bloque():
    faits = poser(poser(base(), "periode.du", "2020-01-01"), "periode.au", "2020-12-31")
    assert graves(faits) == {"periode_finie"}


# --- 15 codes, 2 environments ------------------------------------------------------------------------------------


@pytest.mark.parametrize("environnement", ["qualification", "production"])
@pytest.mark.parametrize("code", [connu.code for connu in DU_GUIDE])
def test_les_quinze_codes_dans_les_deux_environnements(code, environnement):
    offert = environnement == "qualification" or code not in QUALIFICATION_SEULE
    connu = next(connu for connu in CODES if connu.code == code)
    assert connu.offert(environnement, JOUR) is offert
    raccorde = poser(poser(base(environnement), "codes.FSO1100A", Mode.AUCUN), f"codes.{code}", Mode.PARTIELLE)
    assert graves(raccorde) == (set() if offert else {"codes_de_qualification"})
    if offert:
        assert graves(poser(base(environnement), f"codes.{code}", None)) >= {"codes_sans_reponse"}


@pytest.mark.django_db
@pytest.mark.parametrize("environnement", ["qualification", "production"])
def test_un_code_de_qualification_ne_s_enregistre_pas_en_production(environnement, subtests):
    fiche = fiche_edi(structure=StructureFactory(environnement=environnement))
    for code in (connu.code for connu in DU_GUIDE):
        saisie = Saisie(codes={code: Mode.COMPLETE})
        with subtests.test(code):
            if environnement == "production" and code in QUALIFICATION_SEULE:
                with pytest.raises(ValidationError, match=code):
                    redaction.modifier(fiche, saisie, edition=fiche.edition, par=fiche.cree_par)
            else:
                fiche = redaction.modifier(fiche, saisie, edition=fiche.edition, par=fiche.cree_par)
                assert dict(fiche.lignes.values_list("code_id", "mode")) == {code: Mode.COMPLETE}


def test_la_table_a_les_quinze_codes_du_guide():
    assert len(DU_GUIDE) == 15
    assert {connu.code for connu in DU_GUIDE if not connu.production} == QUALIFICATION_SEULE


# --- from the database -------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_les_faits_se_lisent_dans_la_base():
    premiere = activee(fiche_edi())
    autre = fiche_edi(structure=premiere.structure)
    lus = faits(autre)
    assert lus.contenu == contenu(autre)
    assert [voisine.fiche for voisine in lus.voisines] == [f"n° {premiere.pk}"]
    assert "autre_fiche_meme_protocole" in codes_de(lus)
    assert not faits(premiere).voisines
    assert relue(premiere).etat == Etat.ACTIVEE
