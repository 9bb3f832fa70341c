"""Both clients against the simulator over real HTTP: the two steps, their ends, lost answers, secrets."""

import dataclasses
import json
import threading
from datetime import date
from types import SimpleNamespace

import httpx
import pytest

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurPassagere
from config.masquage import masquer_corps
from raccordements.chorus.jetons import JetonsEnMemoire
from raccordements.od import contrat
from raccordements.od.client import ClientCabinet, ClientPlateforme
from raccordements.od.erreurs import (
    CLE_ABONNEMENT_REFUSEE,
    CLE_API_REFUSEE,
    CONNEXION_REFUSEE,
    JETON_REFUSE,
    DejaAilleurs,
)
from raccordements.od.matelas import ADMINISTRATEUR, CABINET, PLATEFORMES, SIREN_RESERVE
from raccordements.od.schemas import AccesPlateforme, Demandeur, DonneesConnexion, EtatOD, Issue, Ligne, Niveau, Qualite
from raccordements.od.session import NON_GARDE

SIREN = "990001018"
SIRET = "99000101800011"
ENDPOINT = "https://pdp.exemple.test/od/990001018"
UN, DEUX, SANS_CONTRAT = (plateforme["matricule"] for plateforme in PLATEFORMES)
JETON, SOUSCRIRE = "POST /compte/token", "POST /od/subscriptions"
LIGNES = [
    Ligne(niveau=Niveau.SIREN, siren=SIREN),
    Ligne(niveau=Niveau.SIRET, siren=SIREN, siret=SIRET),
    Ligne(niveau=Niveau.CODE_ROUTAGE, siren=SIREN, siret=SIRET, code_routage="SERVICE/ACHATS_1"),
    Ligne(niveau=Niveau.SUFFIXE, siren=SIREN, suffixe="FACTURES-1"),
]


def commander(sim, commande, **corps):
    return httpx.post(f"{sim.racine}/_simulateur/{commande}", json=corps)


# --- the two steps -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("ligne", LIGNES, ids=[ligne.niveau for ligne in LIGNES])
def test_les_deux_etapes_a_chaque_niveau(sim, cabinet, ouvrir_plateforme, demandeur, jour, ligne):
    assert cabinet.lire_ligne(ligne) is None
    ouvert = cabinet.valider_droits(ligne, demandeur, UN)
    assert (ouvert.etat, ouvert.plateforme.nom) == (EtatOD.DROITS_VALIDES, "Plateforme Fictive")
    connexion = cabinet.recevoir_connexion(ouvert.numero)
    assert cabinet.lire_ligne(ligne).onboardings[0].etat is EtatOD.ON_BOARDEE
    plateforme = ouvrir_plateforme(sim.urls(), connexion, ligne)
    assert plateforme.souscriptions() == ()
    souscrite = plateforme.souscrire(ENDPOINT, du=jour(3))
    assert (souscrite.etat, souscrite.du, souscrite.au) == (EtatOD.SOUSCRITE, jour(3), None)
    assert plateforme.souscriptions() == (souscrite,)
    sim.avancer(3 * 86_400)
    (active,) = cabinet.lire_ligne(ligne).souscriptions
    assert (active.numero, active.etat, active.endpoint) == (souscrite.numero, EtatOD.ACTIVE, ENDPOINT)
    assert plateforme.terminer(souscrite.numero, au=jour(1)) is Issue.TERMINEE
    sim.avancer(2 * 86_400)
    assert plateforme.souscriptions()[0].etat is EtatOD.TERMINEE
    assert sim.compte()["appliques"][SOUSCRIRE] == {f"{ligne.identifiant}@{UN}": 1}


def test_les_deux_cles_se_verifient(cabinet, on_boarder, ligne, appels):
    assert cabinet.verifier_cle().message == "UP"
    _, plateforme = on_boarder(ligne)
    assert plateforme.verifier_cle().message == "UP"
    assert appels(JETON) == 0
    plateforme.verifier_connexion()
    assert appels(JETON) == 1


def test_les_droits_du_demandeur_sont_exiges(cabinet, demandeur):
    reservee = Ligne(niveau=Niveau.SIREN, siren=SIREN_RESERVE)
    admin = Demandeur(qualite=Qualite.ADMINISTRATEUR_HABILITE, nom="Camille Inventée", email=ADMINISTRATEUR)
    for autre in (demandeur, dataclasses.replace(admin, qualite=Qualite.REPRESENTANT_LEGAL)):
        with pytest.raises(ErreurDefinitive) as refus:
            cabinet.valider_droits(reservee, autre, UN)
        assert (refus.value.code, refus.value.statut) == ("RightsNotGranted", 403)
    assert cabinet.valider_droits(reservee, admin, UN).etat is EtatOD.DROITS_VALIDES


def test_sans_contrat_de_cooperation_la_plateforme_ne_souscrit_pas(on_boarder, ligne, jour):
    _, plateforme = on_boarder(ligne, rang=2)
    with pytest.raises(ErreurDefinitive) as refus:
        plateforme.souscrire(ENDPOINT, du=jour())
    assert refus.value.code == "CooperationContractMissing"
    assert "contrat de coopération" in refus.value.message


def test_d_autres_donnees_de_connexion_annulent_les_premieres(sim, cabinet, ouvrir_plateforme, on_boarder, ligne):
    numero, ancienne = on_boarder(ligne)
    ancienne.verifier_connexion()
    neuves = cabinet.recevoir_connexion(numero)
    with pytest.raises(ErreurDeReglage) as refus:
        ancienne.souscriptions()
    assert refus.value.code == CONNEXION_REFUSEE
    assert ouvrir_plateforme(sim.urls(), neuves, ligne).souscriptions() == ()


# --- conflicts ---------------------------------------------------------------------------------------------------


def test_deja_ailleurs_dit_quelle_plateforme_et_depuis_quand(cabinet, on_boarder, demandeur, ligne, jour):
    _, premiere = on_boarder(ligne)
    premiere.souscrire(ENDPOINT, du=jour(2))
    with pytest.raises(DejaAilleurs) as refus:
        cabinet.valider_droits(ligne, demandeur, DEUX)
    assert (refus.value.plateforme.matricule, refus.value.plateforme.nom) == (UN, "Plateforme Fictive")
    assert refus.value.depuis.date() == jour(2)
    assert f"« Plateforme Fictive » (matricule {UN}) depuis le {jour(2):%d/%m/%Y}" in refus.value.message


def test_une_ligne_seulement_on_boardee_est_prise_aussi(cabinet, on_boarder, demandeur, ligne):
    numero, _ = on_boarder(ligne)
    with pytest.raises(DejaAilleurs):
        cabinet.valider_droits(ligne, demandeur, DEUX)
    with pytest.raises(ErreurDefinitive) as refus:
        cabinet.valider_droits(ligne, demandeur, UN)
    assert refus.value.code == "AlreadyOnboarded"
    assert cabinet.annuler_onboarding(numero) is Issue.TERMINEE
    assert cabinet.valider_droits(ligne, demandeur, DEUX).plateforme.matricule == DEUX


def test_changer_de_plateforme_sans_trou_ni_recouvrement(sim, cabinet, on_boarder, ligne, jour):
    _, ancienne = on_boarder(ligne)
    finie = ancienne.souscrire(ENDPOINT, du=jour())
    ancienne.terminer(finie.numero, au=jour(9))
    _, nouvelle = on_boarder(ligne, rang=1)
    with pytest.raises(DejaAilleurs):
        nouvelle.souscrire("https://autre.exemple.test/od", du=jour(9))
    nouvelle.souscrire("https://autre.exemple.test/od", du=jour(10))
    lues = cabinet.lire_ligne(ligne).souscriptions
    assert [(lue.plateforme.matricule, lue.du, lue.au) for lue in lues] == [
        (UN, jour(), jour(9)),
        (DEUX, jour(10), None),
    ]
    assert nouvelle.souscriptions() == lues[1:]


def test_deux_souscriptions_ne_se_chevauchent_pas(on_boarder, ligne, jour):
    _, plateforme = on_boarder(ligne)
    plateforme.souscrire(ENDPOINT, du=jour(5), au=jour(10))
    for du, au in ((0, 5), (10, 12), (10, None), (6, 7), (0, None)):
        with pytest.raises(ErreurDefinitive) as refus:
            plateforme.souscrire(ENDPOINT, du=jour(du), au=None if au is None else jour(au))
        assert refus.value.code == "SubscriptionOverlap"
    plateforme.souscrire(ENDPOINT, du=jour(0), au=jour(4))
    plateforme.souscrire(ENDPOINT, du=jour(11))


def test_une_adresse_de_notification_ne_sert_qu_a_une_ligne(on_boarder, jour):
    (_, une), (_, autre) = on_boarder(LIGNES[0]), on_boarder(LIGNES[1])
    premiere = une.souscrire(ENDPOINT, du=jour())
    with pytest.raises(ErreurDefinitive) as refus:
        autre.souscrire(ENDPOINT, du=jour())
    assert refus.value.code == "EndpointNotExclusive"
    une.terminer(premiere.numero, au=jour())
    with pytest.raises(ErreurDefinitive):
        autre.souscrire(ENDPOINT, du=jour())


# --- ends --------------------------------------------------------------------------------------------------------


def test_une_souscription_oubliee_est_une_issue_et_non_une_erreur(sim, on_boarder, ligne, jour):
    _, plateforme = on_boarder(ligne)
    souscrite = plateforme.souscrire(ENDPOINT, du=jour())
    assert commander(sim, "oublier", souscription=souscrite.numero).status_code == 200
    assert plateforme.terminer(souscrite.numero, au=jour()) is Issue.OUBLIEE
    assert plateforme.souscriptions() == ()


def test_une_ligne_oubliee_se_voit_par_la_cle_du_cabinet(sim, cabinet, on_boarder, ligne, jour):
    numero, plateforme = on_boarder(ligne)
    souscrite = plateforme.souscrire(ENDPOINT, du=jour())
    assert commander(sim, "oublier", identifiant=ligne.identifiant).status_code == 200
    with pytest.raises(ErreurDeReglage) as refus:
        plateforme.terminer(souscrite.numero, au=jour())
    assert refus.value.code == CONNEXION_REFUSEE
    assert cabinet.lire_ligne(ligne) is None
    assert cabinet.annuler_onboarding(numero) is Issue.OUBLIEE


def test_une_mauvaise_adresse_n_est_jamais_un_oubli(ouvrir_cabinet, on_boarder, sim, ligne, jour, settings):
    chemins = settings.OD_CHEMINS | {"lignes": "/lines", "annuler": "/x/{onboarding}", "terminer": "/x/{souscription}"}
    cabinet = ouvrir_cabinet(sim.urls(), chemins=chemins)
    _, plateforme = on_boarder(ligne, chemins=chemins)
    for geste in (
        lambda: cabinet.lire_ligne(ligne),
        lambda: cabinet.annuler_onboarding("ONB-000001"),
        lambda: plateforme.terminer("SUB-000001", au=jour()),
    ):
        with pytest.raises(ErreurDeReglage) as refus:
            geste()
        assert refus.value.statut == 404


def test_terminer_et_annuler_se_repetent_sans_mal(cabinet, on_boarder, ligne, jour):
    numero, plateforme = on_boarder(ligne)
    souscrite = plateforme.souscrire(ENDPOINT, du=jour())
    assert [plateforme.terminer(souscrite.numero, au=jour(4)) for _ in range(2)] == [Issue.TERMINEE] * 2
    assert plateforme.terminer(souscrite.numero, au=jour(2)) is Issue.TERMINEE
    with pytest.raises(ErreurDefinitive) as refus:
        plateforme.terminer(souscrite.numero, au=jour(4))
    assert refus.value.code == "SubscriptionEnded"
    assert [cabinet.annuler_onboarding(numero) for _ in range(2)] == [Issue.TERMINEE] * 2
    lue = cabinet.lire_ligne(ligne)
    assert lue.onboardings[0].etat is EtatOD.ANNULEE
    assert lue.souscriptions[0].au == jour()


# --- credentials -------------------------------------------------------------------------------------------------


def test_chaque_cle_du_cabinet_refusee_est_nommee(sim, ouvrir_cabinet, ligne):
    attendus = {"cle_abonnement": CLE_ABONNEMENT_REFUSEE, "client_secret": CLE_API_REFUSEE}
    for nom, code in attendus.items():
        for geste in (lambda c: c.verifier_cle(), lambda c: c.lire_ligne(ligne), lambda c: c.recevoir_connexion("1")):
            with pytest.raises(ErreurDeReglage) as refus:
                geste(ouvrir_cabinet(sim.urls(), **{nom: "autre"}))
            assert refus.value.code == code
            assert "du cabinet" in refus.value.message


def test_les_deux_cles_d_abonnement_echangees_sont_nommees(sim, ouvrir_cabinet, on_boarder, ligne, demandeur, jour):
    numero, plateforme = on_boarder(ligne)
    with pytest.raises(ErreurDeReglage) as refus:
        ouvrir_cabinet(sim.urls(), cle_abonnement=PLATEFORMES[0]["cle_abonnement"]).recevoir_connexion(numero)
    assert refus.value.code == CLE_ABONNEMENT_REFUSEE
    assert "la clé d’abonnement du cabinet" in refus.value.message
    sim.charger(cabinets=[CABINET | {"cle_abonnement": PLATEFORMES[0]["cle_abonnement"]}])
    sim.base.execute("DELETE FROM plateforme WHERE matricule = ?", (UN,))
    with pytest.raises(ErreurDeReglage) as refus:
        plateforme.souscrire(ENDPOINT, du=jour())
    assert sim.compte()["appliques"].get(SOUSCRIRE) is None


def test_la_cle_de_la_plateforme_refusee_est_nommee(sim, on_boarder, ouvrir_plateforme, cabinet, ligne, jour):
    numero, _ = on_boarder(ligne)
    acces = AccesPlateforme(
        environnement="bac_a_sable", cle_abonnement="autre", connexion=cabinet.recevoir_connexion(numero), ligne=ligne
    )
    plateforme = ouvrir_plateforme(sim.urls(), acces.connexion, ligne, acces=acces)
    for geste in (plateforme.verifier_cle, plateforme.souscriptions, lambda: plateforme.souscrire(ENDPOINT, du=jour())):
        with pytest.raises(ErreurDeReglage) as refus:
            geste()
        assert refus.value.code == CLE_ABONNEMENT_REFUSEE
        assert "de la plateforme" in refus.value.message


def test_une_plateforme_ne_se_sert_pas_du_jeton_d_une_autre(sim, cabinet, on_boarder, ouvrir_plateforme, ligne):
    numero, _ = on_boarder(ligne)
    intruse = ouvrir_plateforme(sim.urls(), cabinet.recevoir_connexion(numero), ligne, rang=1)
    with pytest.raises(ErreurDefinitive) as refus:
        intruse.souscriptions()
    assert refus.value.code == "ForeignToken"


def test_des_donnees_de_connexion_ne_servent_qu_a_leur_ligne(sim, cabinet, on_boarder, ouvrir_plateforme):
    numero, _ = on_boarder(LIGNES[0])
    with pytest.raises(ErreurDeReglage) as refus:
        ouvrir_plateforme(sim.urls(), cabinet.recevoir_connexion(numero), LIGNES[1]).souscriptions()
    assert refus.value.code == CONNEXION_REFUSEE


@pytest.mark.parametrize("absente", ["cle_publique", "client_secret", "cle_abonnement"])
def test_une_cle_incomplete_n_appelle_rien(sim, ouvrir_cabinet, absente):
    with pytest.raises(ErreurDeReglage) as refus:
        ouvrir_cabinet(sim.urls(), **{absente: ""})
    assert "incomplète" in refus.value.message


@pytest.mark.parametrize("texte", ["", "{}", "[]", '{"apiKey": 12}', '{"apiKey"', "[" * 100_000])
def test_des_donnees_de_connexion_sans_cle_n_appellent_rien(sim, ouvrir_plateforme, ligne, texte):
    with pytest.raises(ErreurDeReglage) as refus:
        ouvrir_plateforme(sim.urls(), DonneesConnexion(texte), ligne)
    assert "données de connexion" in refus.value.message


# --- tokens ------------------------------------------------------------------------------------------------------


def ensemble(nombre, geste):
    """Run `geste(rank)` in that many threads at once; return results or errors."""
    barriere, rendus = threading.Barrier(nombre), [None] * nombre

    def courir(rang):
        barriere.wait(10)
        try:
            rendus[rang] = geste(rang)
        except Exception as exc:
            rendus[rang] = exc

    fils = [threading.Thread(target=courir, args=(rang,)) for rang in range(nombre)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join(30)
    return rendus


def test_cinquante_appelants_un_seul_jeton_puis_un_seul_autre(
    sim, cabinet, on_boarder, ouvrir_plateforme, ligne, appels
):
    numero, _ = on_boarder(ligne)
    connexion, jetons = cabinet.recevoir_connexion(numero), JetonsEnMemoire()
    clients = [ouvrir_plateforme(sim.urls(), connexion, ligne, jetons=jetons, delai_total=20) for _ in range(50)]
    assert ensemble(50, lambda rang: clients[rang].souscriptions()) == [()] * 50
    assert appels(JETON) == 1
    sim.avancer(3601)
    assert ensemble(50, lambda rang: clients[rang].souscriptions()) == [()] * 50
    assert appels(JETON) == 2


def test_chaque_ligne_a_son_jeton_et_d_autres_donnees_un_autre(sim, cabinet, on_boarder, ouvrir_plateforme, appels):
    jetons = JetonsEnMemoire()
    numero, une = on_boarder(LIGNES[0], jetons=jetons)
    _, autre = on_boarder(LIGNES[1], jetons=jetons)
    for _ in range(2):
        une.souscriptions()
        autre.souscriptions()
    assert appels(JETON) == 2
    connexion = cabinet.recevoir_connexion(numero)
    assert ouvrir_plateforme(sim.urls(), connexion, LIGNES[0], jetons=jetons).souscriptions() == ()
    assert appels(JETON) == 3
    # A token of the former data would have been sent first, and refused.
    assert appels("GET /od/subscriptions") == 5


def test_un_jeton_neuf_refuse_n_en_demande_pas_un_autre(sim, on_boarder, ligne, appels):
    _, plateforme = on_boarder(ligne)
    sim.charger(duree_jeton=0)
    with pytest.raises(ErreurDeReglage) as refus:
        plateforme.souscriptions()
    assert refus.value.code == JETON_REFUSE
    assert (appels(JETON), appels("GET /od/subscriptions")) == (1, 1)


def test_un_jeton_revoque_est_remplace_une_fois_puis_dit(sim, on_boarder, ligne, jour, appels):
    _, plateforme = on_boarder(ligne)
    plateforme.souscriptions()
    sim.charger(duree_jeton=0)
    sim.avancer(3601)
    with pytest.raises(ErreurDeReglage) as refus:
        plateforme.souscrire(ENDPOINT, du=jour())
    assert refus.value.code == JETON_REFUSE
    assert (appels(JETON), appels(SOUSCRIRE)) == (2, 2)
    assert sim.compte()["appliques"].get(SOUSCRIRE) is None


# --- lost answers ------------------------------------------------------------------------------------------------

PERTES = [("500_avant", 0), ("500_apres", 1), ("coupure_avant", 0), ("coupure_apres", 1), ("json_tronque", 1)]


@pytest.mark.parametrize(("panne", "effets"), [*PERTES, ("html_200", 0), ("goutte_corps", 1)])
def test_une_souscription_dont_la_reponse_est_perdue_se_relit(sim, cabinet, on_boarder, ligne, jour, panne, effets):
    _, plateforme = on_boarder(ligne, delai_total=1)
    plateforme.verifier_connexion()
    sim.poser_pannes([{"type": panne, "chemin": "/od/subscriptions"}])
    with pytest.raises(ErreurPassagere) as erreur:
        plateforme.souscrire(ENDPOINT, du=jour())
    assert erreur.value.effet_possible
    assert len(plateforme.souscriptions()) == len(cabinet.lire_ligne(ligne).souscriptions) == effets


@pytest.mark.parametrize(("panne", "effets"), PERTES)
def test_un_on_boarding_dont_la_reponse_est_perdue_se_relit(sim, cabinet, demandeur, ligne, panne, effets):
    sim.poser_pannes([{"type": panne, "chemin": "/od/onboardings"}])
    with pytest.raises(ErreurPassagere) as erreur:
        cabinet.valider_droits(ligne, demandeur, UN)
    assert erreur.value.effet_possible
    etat = cabinet.lire_ligne(ligne)
    assert len(etat.onboardings if etat else ()) == effets


def test_des_donnees_de_connexion_perdues_se_redemandent(sim, cabinet, ouvrir_plateforme, demandeur, ligne):
    ouvert = cabinet.valider_droits(ligne, demandeur, UN)
    sim.poser_pannes([{"type": "coupure_apres", "chemin": "/od/onboardings/{onboarding}/connectionData"}])
    with pytest.raises(ErreurPassagere) as erreur:
        cabinet.recevoir_connexion(ouvert.numero)
    assert erreur.value.effet_possible
    assert ouvrir_plateforme(sim.urls(), cabinet.recevoir_connexion(ouvert.numero), ligne).souscriptions() == ()


@pytest.mark.parametrize("panne", ["500_apres", "coupure_apres", "json_tronque", "html_200", "429", "503"])
def test_un_jeton_qui_n_arrive_pas_ne_laisse_jamais_de_doute_sur_une_ecriture(sim, on_boarder, ligne, jour, panne):
    _, plateforme = on_boarder(ligne)
    sim.poser_pannes([{"type": panne, "chemin": "/compte/token"}])
    with pytest.raises(ErreurPassagere) as erreur:
        plateforme.souscrire(ENDPOINT, du=jour())
    assert not erreur.value.effet_possible
    assert sim.compte()["appliques"].get(SOUSCRIRE) is None


# --- secrets -----------------------------------------------------------------------------------------------------


def test_ni_cle_ni_jeton_ni_donnees_de_connexion_dans_les_traces(sim, ouvrir_cabinet, ouvrir_plateforme, ligne, jour):
    traces = []
    cabinet = ouvrir_cabinet(sim.urls(), journal=traces.append)
    demandeur = Demandeur(qualite=Qualite.REPRESENTANT_LEGAL, nom="Dominique Exemple", email="c@exemple.test")
    ouvert = cabinet.valider_droits(ligne, demandeur, UN)
    perdues = []
    for panne in ("json_tronque", "goutte_corps"):
        sim.poser_pannes([{"type": panne, "chemin": "/od/onboardings/{onboarding}/connectionData"}])
        lente = ouvrir_cabinet(sim.urls(), journal=traces.append, delai_total=0.5)
        with pytest.raises(ErreurPassagere):
            lente.recevoir_connexion(ouvert.numero)
        perdues.append(sim.base.execute("SELECT api_key FROM onboarding").fetchone()[0])
    connexion = cabinet.recevoir_connexion(ouvert.numero)
    plateforme = ouvrir_plateforme(sim.urls(), connexion, ligne, journal=traces.append)
    plateforme.souscrire(ENDPOINT, du=jour())
    sim.avancer(3601)
    plateforme.souscriptions()
    jetons = [lu["jeton"] for lu in sim.base.execute("SELECT jeton FROM jeton")]
    assert len(jetons) == 2
    acces = AccesPlateforme(environnement="x", cle_abonnement="cle-cachee", connexion=connexion, ligne=ligne)
    ecrit = repr([dataclasses.asdict(trace) for trace in traces]) + repr((cabinet, plateforme, connexion, acces))
    demi_cles = [moitie for cle in (*perdues, connexion.api_key) for moitie in cle.split(":")]
    abonnements = (CABINET["client_secret"], CABINET["cle_abonnement"], PLATEFORMES[0]["cle_abonnement"], "cle-cachee")
    for secret in (*jetons, *demi_cles, *abonnements):
        assert secret not in ecrit
    confidentiels = [t.corps_reponse for t in traces if t.adresse.endswith(("/connectionData", "/token"))]
    assert confidentiels == [NON_GARDE] * 5
    assert "Dominique Exemple" in ecrit


def test_un_refus_de_donnees_de_connexion_se_lit_dans_la_trace(sim, ouvrir_cabinet):
    traces = []
    with pytest.raises(ErreurDefinitive):
        ouvrir_cabinet(sim.urls(), journal=traces.append).recevoir_connexion("ONB-000404")
    assert contrat.ONBOARDING_INCONNU in traces[0].corps_reponse


def test_les_donnees_de_connexion_sont_masquees_par_leur_nom_aussi():
    corps = json.dumps({"status": "onboarded", "connectionData": {"certificat": "valeur-cachee", "autre": [1]}})
    assert masquer_corps(corps) == '{"status": "onboarded", "connectionData": "•••"}'


# --- settings ----------------------------------------------------------------------------------------------------


def test_les_reglages_donnent_adresses_chemins_et_mots(sim, settings, demandeur, ligne, jour):
    settings.OD_URLS = {"bac_a_sable": sim.urls()}
    with ClientCabinet.pour_cle(SimpleNamespace(environnement="bac_a_sable", **CABINET)) as cabinet:
        connexion = cabinet.recevoir_connexion(cabinet.valider_droits(ligne, demandeur, UN).numero)
    acces = AccesPlateforme(
        environnement="bac_a_sable", cle_abonnement=PLATEFORMES[0]["cle_abonnement"], connexion=connexion, ligne=ligne
    )
    with ClientPlateforme.pour_acces(acces, jetons=JetonsEnMemoire()) as plateforme:
        assert plateforme.souscrire(ENDPOINT, du=jour()).etat is EtatOD.ACTIVE
    assert set(settings.OD_NIVEAUX) == set(Niveau)


@pytest.mark.parametrize("environnement", ["test", "production"])
def test_sans_adresse_l_erreur_nomme_les_reglages(environnement):
    with pytest.raises(ErreurDeReglage) as refus:
        ClientCabinet.pour_cle(SimpleNamespace(environnement=environnement, **CABINET))
    assert f"OD_COMPTE_URL_{environnement.upper()}" in refus.value.message


def test_un_etat_inconnu_n_est_pas_devine():
    lue = contrat.lire_souscription(
        {"subscriptionId": "S1", "status": "suspended", "platform": {"registrationNumber": 901}, "endDate": "demain"}
    )
    assert (lue.etat, lue.etat_brut, lue.plateforme.matricule, lue.du, lue.au) == (None, "suspended", "901", None, None)
    assert contrat.lire_souscription(
        {"subscriptionId": 1, "platform": {"registrationNumber": "0901"}, "effectiveDate": "2026-11-30"}
    ).du == date(2026, 11, 30)
