"""The channel `api` and the simulated portal: statuses, « le lendemain matin », and what an activation proves."""

import csv
import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
import respx

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurPassagere
from raccordements.chorus.canal import ClientCanal
from raccordements.chorus.contrat import (
    CertificatTransmis,
    ContactTechnique,
    EtatPortail,
    FicheTransmise,
    Partenaire,
    SuiviFiche,
    lire_etat,
)
from raccordements.chorus.matelas import APPLICATIONS, STRUCTURES, matelas
from raccordements.chorus.portail import JETON_CANAL

SIRET, NOM = STRUCTURES[2][:2]
EDI = FicheTransmise(
    reference="fiche-1",
    empreinte="a" * 64,
    type="EDI",
    environnement="qualification",
    partenaire=Partenaire(identifiant=SIRET, designation=NOM),
    contact=ContactTechnique(
        nom_prenom="Inventée Camille", telephone="0123456789", adresse_electronique="camille@exemple.test"
    ),
    certificats=(CertificatTransmis(usage="client", nom_fichier="client.p7b", contenu=b"faux p7b"),),
    protocole="SFTP",
    du=date(2026, 11, 20),
    au=date(2099, 6, 30),
    codes_interfaces={"FSO1100A": "Complète", "FSO1110A": "Pas de raccordement", "FEN1200A": "Partielle"},
)
API = replace(
    EDI,
    reference="fiche-api",
    type="API",
    certificats=(),
    protocole="",
    codes_interfaces={},
    application_piste=APPLICATIONS["qualification"]["nom"],
    type_utilisation="direct",
)
CONTROLE = "/_simulateur"


@pytest.fixture
def canal(sim):
    with ClientCanal(sim.urls("qualification")["canal"], jeton=JETON_CANAL, delai_total=3, taille_max=10**6) as canal:
        yield canal


@pytest.fixture
def jeudi(sim):
    """The simulator's clock on Thursday 19 November 2026, 10:00 UTC; then `jeudi(days, hours)` later."""
    depart = datetime(2026, 11, 19, 10, tzinfo=UTC)

    def aller(**duree):
        sim.avancer((depart + timedelta(**duree) - sim.maintenant()).total_seconds())

    aller()
    # The accounts' age is counted on this clock.
    sim.charger(**matelas())
    return aller


# --- life of a fiche ---------------------------------------------------------------------------------------------


def test_une_fiche_est_envoyee_recoit_son_code_et_s_active_le_lendemain_matin(jeudi, canal):
    suivi = canal.transmettre(EDI)
    assert suivi.etat is EtatPortail.ENVOYEE
    assert suivi.code_appli.startswith("VFE")
    assert len(suivi.code_appli) == 6
    jeudi(hours=18, minutes=59)  # 5:59 in Paris
    assert canal.suivre("fiche-1").etat is EtatPortail.ENVOYEE
    jeudi(hours=19)
    active = canal.suivre("fiche-1")
    assert (active.etat, active.code_appli) == (EtatPortail.ACTIVEE, suivi.code_appli)
    assert active.etat_le == datetime(2026, 11, 20, 5, 0, tzinfo=UTC)


def test_un_vendredi_le_lendemain_est_lundi(jeudi, canal):
    jeudi(days=1)
    canal.transmettre(EDI)
    jeudi(days=3)
    assert canal.suivre("fiche-1").etat is EtatPortail.ENVOYEE
    jeudi(days=3, hours=20)
    assert canal.suivre("fiche-1").etat is EtatPortail.ACTIVEE


def test_l_activation_d_une_fiche_edi_se_lit_dans_l_api(sim, jeudi, canal, chorus):
    (trouvee,) = chorus.rechercher_structures(siret=SIRET)
    suivi = canal.transmettre(EDI)
    assert chorus.consulter_structure(trouvee.id).connexion_edi is False
    jeudi(days=1)
    consultee = chorus.consulter_structure(trouvee.id)
    assert (consultee.connexion_edi, consultee.recevoir_donnees_via_edi) == (True, True)
    assert chorus.organisations.consulter(SIRET).emetteur_flux_edi is True
    flux = {"environnement": "qualification", "code_appli": suivi.code_appli, "code_interface": "FSO1100A", "nom": "f"}
    numero = httpx.post(f"{sim.racine}{CONTROLE}/flux", json=flux).json()["numero"]
    rendu = chorus.consulter_cr(numero)
    assert (rendu.code_appli, rendu.code_interface, rendu.partenaire) == (suivi.code_appli, "FSO1100A", NOM)


def test_l_activation_d_une_fiche_api_ouvre_les_api_a_l_application(sim, jeudi, canal, chorus):
    sim.charger(applications=[APPLICATIONS["qualification"] | {"raccordee": False}])
    with pytest.raises(ErreurDeReglage):
        chorus.verifier_sante()
    canal.transmettre(API)
    jeudi(days=1)
    chorus.verifier_sante()
    assert canal.suivre("fiche-api").etat is EtatPortail.ACTIVEE


def test_une_mise_a_jour_repasse_par_envoyee_maj_et_garde_son_code(jeudi, canal):
    code = canal.transmettre(EDI).code_appli
    jeudi(days=1)
    renouvelee = replace(EDI, empreinte="b" * 64, code_appli=code)
    maj = canal.transmettre(renouvelee)
    assert (maj.etat, maj.code_appli, maj.empreinte) == (EtatPortail.ENVOYEE_MAJ, code, "b" * 64)
    jeudi(days=4)
    assert canal.suivre("fiche-1").etat is EtatPortail.ACTIVEE


def test_renvoyer_la_meme_version_ne_change_rien(sim, jeudi, canal):
    premier = canal.transmettre(EDI)
    assert canal.transmettre(EDI) == premier
    jeudi(days=1)
    assert canal.transmettre(EDI).etat is EtatPortail.ACTIVEE
    assert sim.compte()["appliques"] == {"POST /qualification/portail/fiches": {f"fiche-1:{'a' * 12}": 1}}


def test_une_fiche_en_traitement_ou_desactivee_ne_prend_pas_d_autre_version(sim, jeudi, canal):
    canal.transmettre(EDI)
    with pytest.raises(ErreurDefinitive) as refus:
        canal.transmettre(replace(EDI, empreinte="b" * 64))
    assert (refus.value.statut, refus.value.code) == (409, "en_traitement")
    httpx.post(f"{sim.racine}{CONTROLE}/fiche", json={"reference": "fiche-1", "geste": "desactiver"})
    assert canal.suivre("fiche-1").etat is EtatPortail.DESACTIVEE
    jeudi(days=9)
    with pytest.raises(ErreurDefinitive) as refus:
        canal.transmettre(replace(EDI, empreinte="b" * 64))
    assert refus.value.code == "desactivee"


def test_une_fiche_retenue_ne_s_active_pas(sim, jeudi, canal):
    canal.transmettre(EDI)
    httpx.post(f"{sim.racine}{CONTROLE}/fiche", json={"reference": "fiche-1", "geste": "retenir"})
    jeudi(days=20)
    assert canal.suivre("fiche-1").etat is EtatPortail.ENVOYEE
    httpx.post(f"{sim.racine}{CONTROLE}/fiche", json={"reference": "fiche-1", "geste": "liberer"})
    assert canal.suivre("fiche-1").etat is EtatPortail.ACTIVEE


def test_une_fiche_s_active_sur_demande_et_le_matin_peut_venir_plus_tot(sim, jeudi, canal):
    canal.transmettre(EDI)
    httpx.post(f"{sim.racine}{CONTROLE}/fiche", json={"reference": "fiche-1", "geste": "activer"})
    assert canal.suivre("fiche-1").etat is EtatPortail.ACTIVEE
    httpx.post(f"{sim.racine}{CONTROLE}/matin", json={"secondes": 90})
    canal.transmettre(replace(EDI, reference="fiche-2"))
    jeudi(seconds=80)
    assert canal.suivre("fiche-2").etat is EtatPortail.ENVOYEE
    jeudi(seconds=95)
    assert canal.suivre("fiche-2").etat is EtatPortail.ACTIVEE
    httpx.post(f"{sim.racine}{CONTROLE}/matin", json={"secondes": None})
    canal.transmettre(replace(EDI, reference="fiche-3"))
    jeudi(hours=1)
    assert canal.suivre("fiche-3").etat is EtatPortail.ENVOYEE


def test_chaque_fiche_a_son_code_meme_pour_une_structure(canal):
    codes = {canal.transmettre(replace(EDI, reference=f"fiche-{n}")).code_appli for n in range(30)}
    assert len(codes) == 30


def test_une_fiche_inconnue_n_est_pas_une_erreur(canal):
    assert canal.suivre("jamais-vue") is None


# --- refusals ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("faux", "code"),
    [
        ({"reference": "une espace"}, "champ_invalide"),
        ({"empreinte": "abc"}, "champ_invalide"),
        ({"partenaire": Partenaire(identifiant="", designation="X")}, "champ_invalide"),
        ({"partenaire": Partenaire(identifiant="11111111111111", designation="X")}, "partenaire"),
        ({"contact": ContactTechnique(nom_prenom=" ", telephone="1", adresse_electronique="a@b.c")}, "champ_invalide"),
        ({"protocole": ""}, "champ_invalide"),
        ({"du": None}, "champ_invalide"),
        ({"au": date(2020, 1, 1)}, "champ_invalide"),
        ({"codes_interfaces": {"FSO1100A": "Oui"}}, "champ_invalide"),
        ({"codes_interfaces": {"FSO1100A": "Pas de raccordement"}}, "codes_interfaces"),
        ({"codes_interfaces": {}}, "codes_interfaces"),
        ({"certificats": ()}, "certificats"),
        ({"protocole": "AS2"}, "certificats"),
        ({"protocole": "PeSIT"}, "certificats"),
        ({"certificats": EDI.certificats * 11}, "champ_invalide"),
        ({"code_appli": "VFE039"}, "code_appli"),
        ({"environnement": "production"}, "environnement"),
    ],
)
def test_une_fiche_fausse_est_refusee_sans_effet(sim, canal, faux, code):
    with pytest.raises(ErreurDefinitive) as refus:
        canal.transmettre(replace(EDI, **faux))
    assert refus.value.code == code
    assert refus.value.message
    assert sim.fiches() == []


def test_une_fiche_api_designe_une_application(canal):
    with pytest.raises(ErreurDefinitive) as refus:
        canal.transmettre(replace(API, application_piste=""))
    assert refus.value.code == "application"
    canal.transmettre(replace(API, application_piste="", certificats=EDI.certificats))


def test_les_codes_de_qualification_ne_sont_pas_offerts_en_production(sim):
    codes = {"FSO1300A": "Complète", "FSO1100A": "Complète"}
    with ClientCanal(sim.urls("production")["canal"], jeton=JETON_CANAL, delai_total=3, taille_max=10**6) as canal:
        with pytest.raises(ErreurDefinitive) as refus:
            canal.transmettre(replace(EDI, environnement="production", codes_interfaces=codes))
        assert "FSO1300A" in refus.value.message
        sans = codes | {"FSO1300A": "Pas de raccordement"}
        assert canal.transmettre(replace(EDI, environnement="production", codes_interfaces=sans)).code_appli


def test_le_jeton_du_canal_est_exige(sim):
    sim.charger(jetons_canal=["autre-jeton"])
    with (
        ClientCanal(sim.urls("qualification")["canal"], jeton=JETON_CANAL, delai_total=3, taille_max=10**6) as canal,
        pytest.raises(ErreurDeReglage) as refus,
    ):
        canal.transmettre(EDI)
    assert refus.value.statut == 401
    with pytest.raises(ErreurDeReglage):
        ClientCanal("https://canal.exemple", jeton="", delai_total=3, taille_max=10**6)


@pytest.mark.parametrize("corps", [b"", b"[]", b'"x"', b"{}", b'{"type": []}', b'{"contrat": 1, "certificats": {}}'])
def test_un_corps_illisible_est_refuse_et_n_est_pas_une_panne(sim, corps):
    entetes = {"Authorization": f"Bearer {JETON_CANAL}", "Content-Type": "application/json"}
    reponse = httpx.post(f"{sim.urls('qualification')['canal']}/fiches", content=corps, headers=entetes)
    assert reponse.status_code == 400
    assert reponse.json()["message"]


# --- answers of the channel --------------------------------------------------------------------------------------


@pytest.mark.parametrize("panne", ["500_apres", "coupure_apres", "json_tronque", "html_200"])
def test_un_envoi_sans_reponse_est_incertain_et_se_relit(sim, canal, panne):
    sim.poser_pannes([{"type": panne, "chemin": "/qualification/portail/fiches", "applique": True}])
    with pytest.raises(ErreurPassagere) as erreur:
        canal.transmettre(EDI)
    assert erreur.value.effet_possible
    assert canal.suivre("fiche-1").etat is EtatPortail.ENVOYEE
    canal.transmettre(EDI)
    assert len(sim.fiches()) == 1


SUIVI = {"reference": "fiche-1", "empreinte": "a" * 64, "etat": "Envoyée", "codeAppliPartenaire": "VFE039"}


@pytest.mark.parametrize(
    "reponse",
    [
        httpx.Response(200, json={}),
        httpx.Response(200, json=[]),
        httpx.Response(200, text="<html>"),
        httpx.Response(201, json=SUIVI | {"reference": "autre"}),
        httpx.Response(201, json=SUIVI | {"empreinte": "c" * 64}),
        httpx.Response(204),
        httpx.Response(502),
    ],
)
def test_une_reponse_etrange_laisse_l_envoi_incertain(reponse):
    with respx.mock, ClientCanal("https://canal.exemple", jeton="j", delai_total=3, taille_max=10**6) as canal:
        respx.post("https://canal.exemple/fiches").mock(return_value=reponse)
        with pytest.raises(ErreurPassagere) as erreur:
            canal.transmettre(EDI)
    assert erreur.value.effet_possible


def test_un_404_qui_ne_parle_pas_de_la_fiche_est_une_erreur():
    with respx.mock, ClientCanal("https://canal.exemple", jeton="j", delai_total=3, taille_max=10**6) as canal:
        respx.get("https://canal.exemple/fiches/fiche-1").mock(return_value=httpx.Response(404))
        with pytest.raises(ErreurDeReglage):
            canal.suivre("fiche-1")


def test_un_etat_inconnu_reste_inconnu():
    suivi = SuiviFiche.depuis_json(SUIVI | {"etat": "Rejetée"})
    assert (suivi.etat, suivi.etat_brut) == (None, "Rejetée")


@pytest.mark.parametrize(
    ("mot", "etat"),
    [
        ("BROUILLON", EtatPortail.BROUILLON),
        ("ENVOYEE", EtatPortail.ENVOYEE),
        (" envoyée  MAJ ", EtatPortail.ENVOYEE_MAJ),
        ("ENVOYEE_MAJ", EtatPortail.ENVOYEE_MAJ),
        ("Activée", EtatPortail.ACTIVEE),
        ("desactivee", EtatPortail.DESACTIVEE),
        ("", None),
        ("Refusée", None),
    ],
)
def test_un_etat_se_lit_comme_les_ecrans_l_ecrivent(mot, etat):
    assert lire_etat(mot) is etat


def test_le_canal_vient_des_reglages(sim, settings):
    settings.CHORUS_URLS = {"qualification": sim.urls("qualification"), "production": {"canal": ""}}
    settings.CHORUS_CANAL, settings.CHORUS_CANAL_JETON = "api", JETON_CANAL
    with ClientCanal.pour_environnement("qualification") as canal:
        assert canal.suivre("fiche-1") is None
    assert JETON_CANAL not in repr(canal)
    with pytest.raises(ErreurDeReglage, match="sans réponse") as refus:
        ClientCanal.pour_environnement("production")
    assert "CHORUS_CANAL_URL_PRODUCTION" in refus.value.message
    settings.CHORUS_CANAL = "portail"
    with pytest.raises(ErreurDeReglage):
        ClientCanal.pour_environnement("qualification")


# --- typed on the portal -----------------------------------------------------------------------------------------


def saisir(sim, **valeurs):
    corps = {"environnement": "qualification", "type": "EDI", "partenaire": {"identifiant": SIRET, "designation": NOM}}
    return httpx.post(f"{sim.racine}{CONTROLE}/saisie", json=corps | valeurs)


def test_une_saisie_sur_le_portail_suit_les_memes_etats(sim, jeudi):
    brouillon = saisir(sim, soumettre=False, reference="saisie").json()
    assert (brouillon["etat"], brouillon["codeAppliPartenaire"]) == ("Brouillon", "")
    envoyee = saisir(sim, reference="saisie").json()
    assert envoyee["etat"] == "Envoyée"
    assert envoyee["codeAppliPartenaire"]
    assert saisir(sim, reference="saisie", commentaires="autre").status_code == 400
    jeudi(days=1)
    assert sim.fiche("saisie")["etat"] == "Activée"
    maj = saisir(sim, reference="saisie", commentaires="autre").json()
    assert (maj["etat"], maj["codeAppliPartenaire"]) == ("Envoyée MAJ", envoyee["codeAppliPartenaire"])


def test_une_saisie_active_la_structure_de_son_environnement_seulement(sim, jeudi, chorus):
    saisir(sim, environnement="production")
    jeudi(days=1)
    assert len(sim.fiches()) == 1
    (trouvee,) = chorus.rechercher_structures(siret=SIRET)
    assert chorus.consulter_structure(trouvee.id).connexion_edi is False


@pytest.mark.parametrize(
    "faux", [{"environnement": "ailleurs"}, {"type": "PDP"}, {"partenaire": {}}, {"partenaire": None}]
)
def test_une_saisie_illisible_est_refusee(sim, faux):
    assert saisir(sim, **faux).status_code == 400
    assert sim.fiches() == []


def test_les_resultats_s_exportent_une_ligne_par_code_raccorde(sim, jeudi, canal):
    code = canal.transmettre(EDI).code_appli
    canal.transmettre(API)
    jeudi(days=1)
    export = httpx.get(f"{sim.racine}{CONTROLE}/export", params={"environnement": "qualification"})
    lignes = list(csv.reader(io.StringIO(export.content.decode("utf-8-sig")), delimiter=";"))
    partenaire = f"{SIRET} - {NOM}"
    assert lignes[1:] == [
        [partenaire, "SFTP", code, "FSO1100A", "20/11/2026", "30/06/2099", "Activée"],
        [partenaire, "SFTP", code, "FEN1200A", "20/11/2026", "30/06/2099", "Activée"],
    ]
    assert httpx.get(f"{sim.racine}{CONTROLE}/export").text.count("\n") == 1
