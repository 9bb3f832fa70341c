"""Each sentence of Cegid OD, simulated or ours, has one explanation, and every one of them is in the table."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps

from dossiers.models import Explication
from dossiers.services.catalogue import entrees, expression, normaliser, semer, trouver
from raccordements import catalogue, natures, od
from raccordements.catalogue_od import ENTREES
from raccordements.natures.od import ReponsePerdue
from raccordements.od import simulateur
from tests.raccordements.test_catalogue_chorus import VARIABLE, ecrite, phrases

OD, NATURES = Path(od.__file__).parent, Path(natures.__file__).parent
CLIENTS = [OD / nom for nom in ("client.py", "session.py", "erreurs.py", "contrat.py")]
CLIENTS += [NATURES / nom for nom in ("od.py", "etapes_od.py")]
#: Faults that the ground of every simulator plays.
PANNES = ["Internal server error", "Service Unavailable", "Rate limit is exceeded. Try again in 3 seconds."]


def correspondances(message):
    texte = normaliser(message).rstrip(" .")
    return [entree for entree in ENTREES if expression(entree.motif).fullmatch(texte)]


def refus_du_simulateur():
    """Every sentence given to `refus` or `echec`, and the constants of the gateway."""
    for nom in ("simulateur.py", "simulateur_regles.py"):
        for noeud in ast.walk(ast.parse((OD / nom).read_text())):
            if not isinstance(noeud, ast.Call):
                continue
            fonction = noeud.func.id if isinstance(noeud.func, ast.Name) else getattr(noeud.func, "attr", "")
            rang = {"refus": 2, "echec": 1}.get(fonction)
            if rang is not None and len(noeud.args) > rang and (texte := ecrite(noeud.args[rang])):
                # « dans {objet} » is there or not.
                yield from (texte.replace("attendusvaleur", forme) for forme in {"attendus dans valeur", "attendus"})
    yield from (simulateur.CLE_MANQUANTE, simulateur.CLE_INVALIDE, simulateur.APIKEY_REFUSEE, *PANNES)


@pytest.mark.parametrize("entree", ENTREES, ids=lambda e: e.motif[:50])
def test_une_entree_dit_tout_et_se_trouve_seule(entree):
    assert correspondances(VARIABLE.sub("valeur", entree.motif)) == [entree]
    assert (entree.systeme, bool(entree.source)) == ("od", True)
    for texte in (entree.constat, entree.cause, entree.remede):
        assert texte.endswith("."), "une phrase"
        assert "'" not in texte, "apostrophe typographique"
        assert not re.search(r" [:;!?»]|\u00ab ", texte), "espace insécable"


def test_chaque_message_du_simulateur_a_une_explication_et_une_seule():
    messages = sorted(set(refus_du_simulateur()))
    assert len(messages) > 30
    assert {message: len(correspondances(message)) for message in messages} == dict.fromkeys(messages, 1)


@pytest.mark.parametrize("fichier", CLIENTS, ids=lambda f: f"{f.parent.name}/{f.name}")
def test_chaque_phrase_de_nos_clients_a_son_explication(fichier):
    debuts = [normaliser(entree.motif) for entree in ENTREES]
    sans = [
        phrase
        for phrase in phrases(fichier)
        if len(correspondances(phrase)) != 1
        and not any(debut.startswith(normaliser(phrase.removesuffix("valeur"))) for debut in debuts)
    ]
    assert sans == []


def test_les_phrases_des_sessions_ont_leur_explication_chez_les_deux():
    lues = list(phrases(OD.parent / "session.py"))
    assert len(lues) == 2
    for noms, table in ((("Cegid OD", "Cegid Account"), ENTREES), (("Chorus Pro", "PISTE"), catalogue.ENTREES)):
        motifs = {normaliser(entree.motif).rstrip(" .") for entree in table}
        for phrase in lues:
            assert {normaliser(phrase.replace("valeur", nom, 1)).rstrip(" .") for nom in noms} & motifs


def test_ce_qui_est_refuse_ici_avant_l_appel_s_explique_aussi():
    for refus in (
        str(ReponsePerdue()),
        "L’on-boarding n’a pas été lancé. Il manque le mandat. Déposez-le.",
        "Cegid OD n’a pas été appelé. Il manque la clé. Faites-la saisir.",
    ):
        assert len(correspondances(refus)) == 1


@pytest.mark.django_db
def test_la_migration_les_a_semees():
    assert Explication.objects.filter(systeme="od", statut=Explication.Statut.DOCUMENTEE).count() == len(ENTREES)
    semer(apps, documentees=ENTREES)
    entrees.oublier()
    assert Explication.objects.filter(systeme="od").count() == len(ENTREES)
    refusee = "La ligne 990001034 est déjà on-boardée pour cette plateforme."
    assert "Relisez" in trouver("od", refusee).remede
