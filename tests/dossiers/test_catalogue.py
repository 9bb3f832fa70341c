"""The error catalogue: every documented message explained, unknown ones queued once, whatever a remote writes."""

import re
import threading
import time
import uuid
from collections import Counter
from pathlib import Path

import httpx
import pytest
from django.apps import apps
from django.db import connection
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from config.http import ErreurDistante, Reponse, Transport, trier
from dossiers.catalogue import ENTREES, GESTES, Entree, du_reseau
from dossiers.loop import simulateur
from dossiers.models import Explication, Operation
from dossiers.operations import balayage
from dossiers.services import catalogue
from dossiers.services.catalogue import expliquer, expression, forme, generaliser, normaliser, rediger, semer, trouver
from tests.epreuves import repetitions
from tests.fabriques import CollaborateurFactory, OperationFactory

VARIABLE = re.compile(r"\{(?:…|\w+)\}")
VALEURS = st.from_regex(r"\A[A-Za-z0-9éèàç_.@:/ +-]{1,40}\Z").map(str.strip).filter(lambda v: v.strip(" ."))
COMPILEES = [(entree, expression(entree.motif)) for entree in ENTREES]
CODES = st.from_regex(r"\A[A-Z0-9][A-Z0-9_.-]{2,34}\Z").filter(lambda code: code[-1] not in "_.-")


@pytest.fixture(autouse=True)
def _catalogue_frais():
    catalogue.entrees.oublier()
    yield
    catalogue.entrees.oublier()


@pytest.fixture
def graine(db):
    """The documented entries, even after a test that emptied the tables."""
    semer(apps)


def remplir(motif: str, valeur: str) -> str:
    return VARIABLE.sub(lambda _: valeur, motif)


def correspondances(message: str) -> list[Entree]:
    texte = normaliser(message).rstrip(" .")
    return [entree for entree, motif in COMPILEES if motif.fullmatch(texte)]


# --- the documented messages -------------------------------------------------------------------------------------


@settings(max_examples=repetitions(5, 15), deadline=None)
@given(valeur=VALEURS)
@example(valeur="1")
def test_un_message_documente_a_une_entree_et_une_seule(valeur):
    for entree in ENTREES:
        assert correspondances(remplir(entree.motif, valeur)) == [entree]


@pytest.mark.parametrize("entree", ENTREES, ids=lambda e: e.motif[:50])
def test_une_entree_dit_tout(entree):
    assert entree.source
    assert entree.geste in GESTES or entree.geste == ""
    assert entree.gravite in Explication.Gravite.values
    assert entree.systeme in Explication.Systeme.values
    for texte in (entree.constat, entree.cause, entree.remede):
        assert texte.endswith("."), "une phrase"
        assert "'" not in texte, "apostrophe typographique"
        assert not re.search(r" [:;!?»]|« ", texte), "espace insécable"


def test_deux_entrees_ne_disent_pas_la_meme_chose():
    doublons = [f for f, n in Counter((e.systeme, forme(e.motif)) for e in ENTREES).items() if n > 1]
    assert doublons == []


def test_les_messages_de_la_reference_y_sont_tous():
    exacts = {entree.motif for entree in ENTREES}
    manquants = MESSAGES_DE_CEGID - exacts
    assert manquants == set()


#: reference/cegid.md sections 1, 2 and 4, copied from there.
MESSAGES_DE_CEGID = {
    "L'e-mail de cet interlocuteur est déjà associé à un autre interlocuteur",
    "Pour proposer un service à un interlocuteur vous devez d'abord l'inviter sur votre tenant",
    "L'application est déjà affectée à l'interlocuteur.",
    "interlocuteur n'existe pas",
    "Le codeIbs n'est pas spécifié.",
    "Le chemin d'accès URI ou l'URL du fichier n'est pas spécifié.",
    "Ambiguité sur le chemin d'accès, seul un des deux champs doit être renseigné.",
    "Le dossier {codeIBS} n'existe pas sur le domaine.",
    "Le numéro SIRET est invalide : il doit comporter 14 chiffres et respecter l'algorithme de Luhn",
    "L'établissement correspondant au SIRET {SIRET} n'est pas reconnu pour le dossier {codeIBS}",
    "Il n'y a pas de payload : la méthode est-elle bien en POST dans la requête ?",
    "Le contexte est obligatoire sans l'option multiPeriode",
    "Il n'y a pas d'écritures à importer (l'objet écritures est vide)",
    "Les écritures doivent être présentées sous formes de tableau",
    "Le tableau d'écritures doit comporter au moins deux lignes",
    "Les dates du contexte doivent être au format ISO 'YYYY-MM-DDTHH:mm:ss.SSSZ'",
    "Les dates de début et fin de cut-off doivent être renseignées ensemble",
    "Le numéro SIRET est invalide : il doit comporter 14 chiffres et respecter l'algorithme de Luhn sur l'écriture "
    "numéro {numeroEcriture}",
    "Les SIRET des écritures doivent appartenir à la même entreprise (SIREN identique)",
    "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an "
    "API.",
}


@pytest.mark.parametrize(
    "message",
    [
        "L’e-mail de cet interlocuteur est déjà associé à un autre interlocuteur.",
        "LE DOSSIER 044212 N'EXISTE PAS SUR LE DOMAINE.",
        "Le dossier\u00a0044212 n'existe pas  sur le domaine",
        "Les dates du contexte doivent être au format ISO 'YYYY-MM-DDTHH:mm:ss.SSSZ' ",
        "La date du justificatif doit être au format ISO 'YYYY-MM-DDTHH:mm:ss.SSSZ'",
        "The collaborateur quelqu.un@cabinet.example is not found.",
        "An error occurred during the JSON import request: The collaborator 12 does not have access to the folder A B",
        "Out of call volume quota. Quota will be replenished in 01:02:03.",
        "Rate limit is exceeded. Try again in 7 seconds.",
        simulateur.CLE_MANQUANTE,
        simulateur.CLE_INVALIDE,
        simulateur.APIKEY_REFUSEE,
    ],
)
def test_les_ecritures_voisines_sont_reconnues(message):
    assert len(correspondances(message)) == 1


def test_l_application_deja_affectee_est_une_information(graine):
    explication = trouver("loop", "L'application est déjà affectée à l'interlocuteur.")
    assert explication.gravite == Explication.Gravite.INFORMATION
    assert explication.remede == "Aucun changement nécessaire."


# --- our own sentences -------------------------------------------------------------------------------------------


def reponse(statut: int) -> Reponse:
    return Reponse(statut=statut, entetes={}, texte="", donnees=None, requete_id="")


@pytest.mark.parametrize("ecriture", [True, False], ids=["ecriture", "lecture"])
@pytest.mark.parametrize("statut", [301, 401, 403, 404, 408, 429, 500, 502, 503, 504])
def test_chaque_refus_sans_message_a_son_explication(statut, ecriture):
    assert len(correspondances(trier(reponse(statut), ("", ""), ecriture=ecriture).message)) == 1


def repondre(contenu: bytes) -> httpx.MockTransport:
    return httpx.MockTransport(lambda requete: httpx.Response(200, stream=httpx.ByteStream(contenu)))


def casser(exception: type[Exception]) -> httpx.MockTransport:
    def lever(requete: httpx.Request) -> httpx.Response:
        raise exception("invente")

    return httpx.MockTransport(lever)


@pytest.mark.parametrize("ecriture", [True, False], ids=["ecriture", "lecture"])
@pytest.mark.parametrize(
    "reseau",
    [
        casser(httpx.ConnectError),
        casser(httpx.ReadTimeout),
        casser(httpx.ReadError),
        casser(httpx.RemoteProtocolError),
        repondre(b"x" * 2000),
        repondre(b"\xff\xfe\xff"),
    ],
    ids=["connexion", "delai", "coupure", "protocole", "taille", "illisible"],
)
def test_chaque_panne_du_reseau_a_son_explication(reseau, ecriture):
    transport = Transport("http://127.0.0.1:9", entetes={}, delai_total=1, taille_max=1000, transport=reseau)
    with transport, pytest.raises(ErreurDistante) as levee:
        transport.envoyer("POST", "/chemin", ecriture=ecriture)
    assert len(correspondances(levee.value.message)) == 1


@pytest.mark.parametrize(
    ("adresse", "entetes", "chemin"),
    [("ftp://cegid", {}, "/"), ("http://127.0.0.1:9", {"x-apikey": "é"}, "/"), ("http://127.0.0.1:9", {}, "/\x00")],
    ids=["adresse", "en-tete", "chemin"],
)
def test_chaque_reglage_impossible_a_son_explication(adresse, entetes, chemin):
    with pytest.raises(ErreurDistante) as levee:
        Transport(adresse, entetes=entetes, delai_total=1, taille_max=1000).envoyer("GET", chemin, ecriture=False)
    assert len(correspondances(levee.value.message)) == 1


@pytest.mark.parametrize("fichier", ["dossiers/loop/client.py", "dossiers/loop/schemas.py"])
def test_chaque_phrase_du_client_a_son_explication(fichier):
    source = (Path(__file__).resolve().parents[2] / fichier).read_text()
    levees = re.findall(r"Erreur(?:Passagere|Definitive|DeReglage)\(\s*((?:f?\"[^\"]*\"\s*)+)", source)
    assert levees
    for levee in levees:
        phrase = "".join(re.findall(r"\"([^\"]*)\"", levee))
        phrase = re.sub(r"\{suite\}", "Rien n’a été modifié ; un nouvel essai est possible.", phrase)
        assert len(correspondances(re.sub(r"\{[^{}]*\}", "valeur", phrase))) == 1, phrase


def test_le_bail_expire_a_son_explication(graine, monkeypatch):
    operation = OperationFactory(en_cours=True)
    Operation.objects.update(bail_jusqu_au="2020-01-01T00:00:00Z")
    assert balayage.expirer_les_baux() == 1
    operation.refresh_from_db()
    assert trouver("loop", operation.message).geste == "trancher"


def test_les_phrases_du_reseau_valent_pour_tout_systeme(graine):
    semer(apps, documentees=du_reseau("chorus"))
    message = trier(reponse(500), ("", ""), ecriture=True).message
    assert trouver("chorus", message).systeme == "chorus"
    assert trouver("autre", message) is None


# --- unknown messages --------------------------------------------------------------------------------------------


@settings(max_examples=repetitions(8, 25), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(codes=st.lists(CODES, min_size=2, max_size=4, unique=True))
def test_un_message_inconnu_fait_une_seule_ligne_quel_que_soit_le_code(graine, codes):
    Explication.objects.filter(statut="a_ecrire").delete()
    for code in codes:
        phrase = f"Rien ne va plus pour {code} chez {code.lower()}@exemple.test, réf. {uuid.uuid4()}"
        expliquer("loop", phrase, variables=[code, "consultation"], requete_id=f"req-{code}"[:80])
    ligne = Explication.objects.get(statut="a_ecrire")
    assert ligne.occurrences == len(codes)
    assert ligne.dernier_requete_id == f"req-{codes[-1]}"[:80]
    assert "@" not in ligne.motif


@pytest.mark.parametrize(
    ("messages", "variables"),
    [
        (["Le dossier 7 est fermé", "Le dossier 12 est fermé"], [["7"], ["12"]]),
        (["Offre start refusée au restart", "Offre consultation refusée au restart"], [["start"], ["consultation"]]),
        (["Verrou 123456 posé", "Verrou 99999 posé"], [[], []]),
    ],
    ids=["code-court", "mot-entier", "nombre"],
)
def test_ce_qui_varie_ne_fait_pas_deux_lignes(messages, variables):
    assert len({generaliser(m, v) for m, v in zip(messages, variables, strict=True)}) == 1


@pytest.mark.parametrize("message", ["MANON001", "123456", "{}", "{…}", '{"a": 1}', "{codeIBS}", "…", "@"])
def test_un_message_sans_mot_ne_reconnait_que_lui(message):
    motif = expression(generaliser(message, ["MANON001"]))
    assert not motif.fullmatch("Une tout autre phrase") or message in {"{…}", "{codeIBS}"}


@settings(max_examples=repetitions(60, 200), deadline=None)
@given(st.text(max_size=700), CODES)
def test_le_motif_d_un_message_le_reconnait(message, code):
    message = f"Refus {message} {code}"
    motif = generaliser(message, [code])
    assert len(motif) <= 500
    assert expression(motif).fullmatch(normaliser(message).rstrip(" ."))


def test_un_texte_hostile_est_lu_d_un_trait():
    motif = expression("Le {a} dossier {b} dossier {c} dossier {d} dossier {e} fin")
    debut = time.perf_counter()
    assert not motif.fullmatch("Le x" + " dossier x" * 20_000)
    assert time.perf_counter() - debut < 1


@pytest.mark.parametrize("message", ["a\x00b refus", "refus \ud800 refus", "x" * 100_000, "refus 😀 " * 900])
def test_un_texte_que_la_base_ne_sait_pas_garder_est_garde_quand_meme(db, message):
    premiere, seconde = expliquer("loop", message), expliquer("loop", message)
    assert premiere == seconde
    assert Explication.objects.get(pk=premiere.pk).occurrences == 2


@pytest.mark.parametrize("message", ["", "  ", ".", "\x00"])
def test_un_message_vide_n_occupe_personne(db, message):
    avant = Explication.objects.count()
    assert expliquer("loop", message) is None
    assert Explication.objects.count() == avant


def test_un_message_connu_n_entre_pas_dans_la_file(graine):
    avant = Explication.objects.count()
    expliquer("loop", "Le dossier JAMAISVU n'existe pas sur le domaine.", variables=["JAMAISVU"])
    assert Explication.objects.count() == avant


def test_le_remede_ecrit_apparait_aussitot(graine):
    phrase = "Le service {} est fermé le dimanche"
    operation = OperationFactory(echouee=True, explication=expliquer("loop", phrase.format("AB12"), variables=["AB12"]))
    manager = CollaborateurFactory(manager=True)
    explication = Explication.objects.get(pk=operation.explication_id)
    explication.constat, explication.cause, explication.remede = "Fermé.", "Dimanche.", "Attendez lundi."
    rediger(explication, par=manager)
    operation.refresh_from_db()
    assert operation.explication.remede == "Attendez lundi."
    autre = expliquer("loop", phrase.format("ZZ99"), variables=["ZZ99"])
    assert (autre.pk, autre.statut, autre.redigee_par) == (explication.pk, "ecrite", manager)
    assert autre.redigee_le is not None
    autre.refresh_from_db()
    assert autre.occurrences == 1, "une explication écrite n’attend plus personne"


def test_une_ligne_disparue_ne_bloque_rien(graine):
    premiere = expliquer("loop", "Message qui passe")
    Explication.objects.filter(pk=premiere.pk).delete()
    assert expliquer("loop", "Message qui passe").pk != premiere.pk


# --- seeding -----------------------------------------------------------------------------------------------------


def test_semer_deux_fois_ne_change_rien(graine):
    avant = list(Explication.objects.order_by("pk").values())
    semer(apps)
    assert list(Explication.objects.order_by("pk").values()) == avant
    assert Explication.objects.filter(statut="documentee").count() >= len(ENTREES)


def test_semer_garde_ce_qu_un_manager_a_ecrit(graine):
    explication = trouver("loop", "interlocuteur n'existe pas")
    explication.remede = "Appelez le client."
    rediger(explication, par=CollaborateurFactory(manager=True))
    semer(apps)
    explication.refresh_from_db()
    assert (explication.remede, explication.statut) == ("Appelez le client.", "ecrite")


def test_semer_explique_ce_qui_attendait(graine):
    attente = expliquer("loop", "Le coffre AB12 est fermé", variables=["AB12"])
    nouvelle = Entree(
        motif="Le coffre {coffre} est fermé.", constat="c", cause="c", remede="Ouvrez-le.", source="essai"
    )
    semer(apps, documentees=[nouvelle])
    attente.refresh_from_db()
    assert (attente.statut, attente.remede) == ("documentee", "Ouvrez-le.")
    assert trouver("loop", "Le coffre ZZ est fermé").pk == attente.pk


# --- counting ----------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_un_comptage_concurrent_est_exact_et_peu_couteux():
    pk = expliquer("loop", "Message que tous rencontrent").pk
    requetes = []
    combien = repetitions(20, 50)
    depart = threading.Barrier(8)

    def travailler() -> None:
        def noter(executer, sql, params, many, contexte):
            requetes.append(sql)
            time.sleep(0.002)
            return executer(sql, params, many, contexte)

        try:
            depart.wait()
            with connection.execute_wrapper(noter):
                for _ in range(combien):
                    catalogue.compteur.compter(pk, "req")
        finally:
            connection.close()

    fils = [threading.Thread(target=travailler) for _ in range(8)]
    for fil in fils:
        fil.start()
    for fil in fils:
        fil.join()
    assert Explication.objects.get(pk=pk).occurrences == 1 + 8 * combien
    assert len(requetes) < 8 * combien
