"""Every word of the admin theme is French, and the compiled catalogue is the one of the source."""

import io
import re
from functools import cache
from pathlib import Path

import pytest
import unfold
from babel.messages.extract import extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.conf import settings
from django.utils.translation import gettext, ngettext, override
from django.utils.translation.template import templatize

CATALOGUE = Path(settings.LOCALE_PATHS[0]) / "fr" / "LC_MESSAGES" / "django.po"
THEME = Path(unfold.__file__).parent
IDENTIQUES = {"Action", "Code", "Date"}
APPELS = re.compile(r"\b(n?p?gettext)\(((?:u?'(?:[^'\\]|\\.)*'|u?\"(?:[^\"\\]|\\.)*\"|[^()'\"])*)\)")
TEXTES = re.compile(r"u?('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")")


@cache
def messages_du_theme() -> set[tuple[str, ...]]:
    """Keys `(singular,)` or `(singular, plural)` of every translatable string of unfold."""
    trouves = set()
    for fichier in THEME.rglob("*.py"):
        mots = {"_": None, "gettext": None, "gettext_lazy": None, "ngettext": (1, 2), "ngettext_lazy": (1, 2)}
        for _ligne, fonction, textes, _note in extract_python(io.BytesIO(fichier.read_bytes()), mots, [], {}):
            textes = (textes,) if isinstance(textes, str) else tuple(t for t in textes if t)
            trouves.add(textes[:2] if fonction.startswith("ngettext") else textes[:1])
    for fichier in THEME.rglob("*.html"):
        for fonction, arguments in APPELS.findall(templatize(fichier.read_text())):
            textes = tuple(eval(t) for t in TEXTES.findall(arguments))
            trouves.add(textes[:2] if fonction == "ngettext" else textes[:1])
    return {cle for cle in trouves if cle and re.search(r"[A-Za-z]", re.sub(r"%\(\w+\)s", "", cle[0]))}


def traduit(cle: tuple[str, ...]) -> str:
    return ngettext(*cle, 2) if len(cle) == 2 else gettext(cle[0])


def test_le_theme_a_bien_ete_lu():
    cles = {cle[0] for cle in messages_du_theme()}
    assert {"Filters", "Type to search", "Apply Filters", "Select all rows", "Log out"} <= cles
    assert len(cles) > 100


def test_chaque_message_du_theme_est_traduit():
    with override("fr"):
        anglais = [cle for cle in messages_du_theme() if traduit(cle) == cle[-1] and cle[0] not in IDENTIQUES]
    assert anglais == []


def lire_catalogue():
    with CATALOGUE.open("rb") as fichier:
        return read_po(fichier, locale="fr")


def test_le_catalogue_compile_est_a_jour():
    compile_ = io.BytesIO()
    write_mo(compile_, lire_catalogue())
    assert CATALOGUE.with_suffix(".mo").read_bytes() == compile_.getvalue(), "relancer pybabel compile"


def test_le_catalogue_n_a_ni_trou_ni_variable_perdue():
    for message in lire_catalogue():
        if not message.id:
            continue
        sources = message.id if isinstance(message.id, tuple) else (message.id,)
        cibles = message.string if isinstance(message.string, tuple) else (message.string,)
        for cible in cibles:
            assert cible, message.id
            variables = set(re.findall(r"%\(\w+\)[sd]|\{\w*\}", " ".join(sources)))
            assert set(re.findall(r"%\(\w+\)[sd]|\{\w*\}", cible)) <= variables, message.id
        assert not message.fuzzy


@pytest.mark.parametrize("signe", [":", ";", "!", "?", "»"])
def test_la_typographie_est_francaise(signe):
    for message in lire_catalogue():
        for cible in message.string if isinstance(message.string, tuple) else (message.string,):
            if message.id:
                texte = re.sub(r"<[^>]+>|https?://\S+", "", cible)
                assert not re.search(rf"(?<![\u00a0\u202f]){re.escape(signe)}(?=\s|$)", texte), cible
                assert "'" not in texte, cible


def test_les_mots_de_django_sont_gardes_ou_repris():
    with override("fr"):
        assert gettext("Log out") == "Déconnexion"
        assert gettext("None") == "Aucun"
