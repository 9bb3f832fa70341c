"""Each sentence of Chorus Pro and of the channel has one explanation, and every one of ours is in the table."""

import ast
import re
from pathlib import Path

import pytest
from django.apps import apps

from dossiers.models import Explication
from dossiers.services.catalogue import entrees, expression, normaliser, semer, trouver
from raccordements import chorus
from raccordements.catalogue import ENTREES
from raccordements.chorus.diagnostic import ABONNEMENTS, COMPTE, JETON, RATTACHEMENT

CHORUS = Path(chorus.__file__).parent
VARIABLE = re.compile(r"\{(?:…|\w{1,40})\}")


def correspondances(systeme, message):
    texte = normaliser(message).rstrip(" .")
    return [e for e in ENTREES if e.systeme == systeme and expression(e.motif).fullmatch(texte)]


@pytest.mark.parametrize("entree", ENTREES, ids=lambda e: f"{e.systeme}-{e.motif[:40]}")
def test_une_entree_dit_tout_et_se_trouve_seule(entree):
    assert correspondances(entree.systeme, VARIABLE.sub("valeur", entree.motif)) == [entree]
    assert entree.source
    for texte in (entree.constat, entree.cause, entree.remede):
        assert texte.endswith("."), "une phrase"
        assert "'" not in texte, "apostrophe typographique"
        assert not re.search(r" [:;!?»]|« ", texte), "espace insécable"


@pytest.mark.parametrize("etape", [JETON, COMPTE, ABONNEMENTS, RATTACHEMENT])
def test_chaque_etape_du_test_est_expliquee(etape):
    assert len(correspondances("chorus", f"{etape} : une cause.")) == 1


@pytest.mark.parametrize("fichier", ["session.py", "erreurs.py", "canal.py", "jetons_en_base.py", "lecture.py"])
def test_chaque_phrase_de_nos_clients_a_son_explication(fichier):
    """Every French sentence given to one of the three families, its variables filled."""
    systeme = "canal" if fichier == "canal.py" else "chorus"
    debuts = [entree.motif for entree in ENTREES if entree.systeme == systeme]
    sans = [
        phrase
        for phrase in phrases(CHORUS / fichier)
        # A sentence that ends with another one has an entry for each of its ends.
        if not correspondances(systeme, phrase)
        and not any(normaliser(debut).startswith(normaliser(phrase.removesuffix("valeur"))) for debut in debuts)
    ]
    assert sans == []


def phrases(chemin):
    for noeud in ast.walk(ast.parse(chemin.read_text())):
        if isinstance(noeud, ast.Call) and getattr(noeud.func, "id", "").startswith("Erreur") and noeud.args:
            texte = ecrite(noeud.args[0])
            if texte and not texte.startswith("…"):
                yield texte


def ecrite(noeud):
    """A literal, or an f-string with its values replaced; empty for what is built elsewhere."""
    if isinstance(noeud, ast.Constant):
        return str(noeud.value)
    if isinstance(noeud, ast.JoinedStr):
        return "".join(p.value if isinstance(p, ast.Constant) else "valeur" for p in noeud.values)
    return ""


@pytest.mark.django_db
def test_la_migration_les_a_semees():
    semer(apps, documentees=ENTREES)
    entrees.oublier()
    assert Explication.objects.filter(systeme__in=("chorus", "canal")).count() == len(ENTREES)
    trouvee = trouver("canal", "La fiche n’est pas partie. Elle ne dit plus ce qui a été approuvé (version 3).")
    assert trouvee.statut == Explication.Statut.DOCUMENTEE
