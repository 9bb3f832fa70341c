"""The error catalogue: from a remote's words to an explanation, and to a manager's desk when there is none."""

from __future__ import annotations

import re
import threading
import time
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from dossiers.catalogue import ENTREES, Entree
from dossiers.models import Collaborateur, Explication

VARIABLE = "{…}"
#: A remote's text is read this far; a sentence that is longer ends with a variable.
LONGUEUR_LUE = 2000
#: A PostgreSQL index row holds 2,704 bytes, and a character up to 4.
LONGUEUR_MOTIF = 500
FRAICHEUR = 30.0

_NOM_DE_VARIABLE = re.compile(r"\{(?:…|\w{1,40})\}")
# What varies in any sentence. E-mails are also personal data.
_IDENTIFIANT = re.compile(
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{24,}\b", re.IGNORECASE
)
_LONG_NOMBRE = re.compile(r"\d{4,}")
_VARIABLE_COUPEE = re.compile(r"\{…?\Z")
_MOT = re.compile(r"[^\W\d_]{2,}")


def normaliser(message: str) -> str:
    """The same words whatever the apostrophe, the spaces or the Unicode form; nothing PostgreSQL cannot store."""
    texte = unicodedata.normalize("NFC", message[:LONGUEUR_LUE]).replace("’", "'")
    return " ".join("".join(c for c in texte if c.isspace() or unicodedata.category(c) not in {"Cc", "Cs"}).split())


def _sans_point(message: str) -> str:
    """The same sentence with or without its final period: Cegid's pages write both."""
    return normaliser(message).rstrip(" .")


def expression(motif: str) -> re.Pattern[str]:
    """The whole-message expression of a catalogue pattern: `{...}` stands for any value, of at least one character.

    Every part but the last is atomic: the leftmost place of a literal is always a right one, so a remote's text,
    however made, is read in one pass and never tried again.
    """
    debut, *parties = map(re.escape, _NOM_DE_VARIABLE.split(_sans_point(motif)))
    if parties:
        *milieu, fin = parties
        debut += "".join(rf"(?>.+?{partie})" for partie in milieu) + f".+{fin}"
    return re.compile(debut, re.IGNORECASE | re.DOTALL)


def generaliser(message: str, variables: Iterable[str]) -> str:
    """The pattern of an unknown message: the values we know of, identifiers and long numbers become `{…}`.

    A text that holds no word once generalised stays as it is: its pattern would match everything.

    Parameters
    ----------
    variables:
        Values known to vary. One of one or two characters counts only when it holds a digit: `le` may be a word.
    """
    texte = normaliser(message)
    motif = _IDENTIFIANT.sub(VARIABLE, texte)
    for valeur in sorted(set(map(normaliser, variables)), key=len, reverse=True):
        if len(valeur) >= 3 or any(c.isdigit() for c in valeur):
            motif = re.sub(rf"(?<!\w){re.escape(valeur)}(?!\w)", VARIABLE, motif, flags=re.IGNORECASE)
    motif = _LONG_NOMBRE.sub(VARIABLE, motif)
    if not _MOT.search(motif.replace(VARIABLE, " ")):
        motif = texte
    if len(motif) > LONGUEUR_MOTIF:
        motif = _VARIABLE_COUPEE.sub("", motif[: LONGUEUR_MOTIF - len(VARIABLE)]).rstrip() + VARIABLE
    return motif


def forme(motif: str) -> str:
    """A pattern without the names of its variables: two patterns of one form match the same messages."""
    return _NOM_DE_VARIABLE.sub(VARIABLE, _sans_point(motif)).casefold()


@dataclass(frozen=True, slots=True)
class _Compilee:
    pk: int
    systeme: str
    expression: re.Pattern[str]


class _Entrees:
    """The compiled catalogue of this process, read again after half a minute."""

    def __init__(self) -> None:
        self._jusqu_a = 0.0
        self._entrees: list[_Compilee] = []

    def lire(self) -> list[_Compilee]:
        """The entries, in the order in which they are tried.

        What someone explained goes before what waits for it; a pattern with fewer variables and more words says more.
        """
        if time.monotonic() > self._jusqu_a:
            lues = Explication.objects.values_list("pk", "systeme", "motif", "statut")
            ordre = sorted(
                lues,
                key=lambda e: (
                    e[3] == Explication.Statut.A_ECRIRE,
                    len(_NOM_DE_VARIABLE.findall(e[2])),
                    -len(e[2]),
                    e[0],
                ),
            )
            self._entrees = [_Compilee(pk, systeme, expression(motif)) for pk, systeme, motif, _ in ordre]
            self._jusqu_a = time.monotonic() + FRAICHEUR
        return self._entrees

    def oublier(self) -> None:
        self._jusqu_a = 0.0


entrees = _Entrees()


class _Compteur:
    """Counts unknown messages without making workers wait for one row.

    Thousands of operations may stop on the same sentence at once. In a process, one thread writes while the others
    leave their count with it: a row is updated as often as one connection can, and no count is left behind.
    """

    def __init__(self) -> None:
        self._attente: Counter[int] = Counter()
        self._requetes: dict[int, str] = {}
        self._garde = threading.Lock()
        self._ecriture = threading.Lock()

    def compter(self, pk: int, requete_id: str) -> None:
        with self._garde:
            self._attente[pk] += 1
            self._requetes[pk] = requete_id or self._requetes.get(pk, "")
        # Whoever leaves a count after the last look of the writer finds the lock free.
        while self._attente and self._ecriture.acquire(blocking=False):
            try:
                self._ecrire()
            finally:
                self._ecriture.release()

    def _ecrire(self) -> None:
        with self._garde:
            attente, self._attente = self._attente, Counter()
            requetes, self._requetes = self._requetes, {}
        for pk, nombre in attente.items():
            champs: dict[str, Any] = {"occurrences": F("occurrences") + nombre, "vue_le": Now()}
            if requetes[pk]:
                champs["dernier_requete_id"] = requetes[pk][:80]
            Explication.objects.filter(pk=pk).update(**champs)


compteur = _Compteur()


def trouver(systeme: str, message: str) -> Explication | None:
    """The catalogue entry of a message, or None when no one has met it."""
    texte = _sans_point(message)
    for entree in entrees.lire():
        if entree.systeme == systeme and entree.expression.fullmatch(texte):
            explication = Explication.objects.filter(pk=entree.pk).first()
            if explication is None:
                entrees.oublier()
                return trouver(systeme, message)
            return explication
    return None


def expliquer(systeme: str, message: str, *, variables: Iterable[str] = (), requete_id: str = "") -> Explication | None:
    """The entry of `message`; an unknown one is queued for a manager to explain once for all.

    Call it outside any transaction: it writes one row that other operations write too.

    Parameters
    ----------
    variables:
        Values known to vary (dossier code, offer...), so that one unknown sentence makes one entry.
    requete_id:
        The remote's request id, kept on the entry for its support.
    """
    if not _sans_point(message):
        return None
    explication = trouver(systeme, message)
    if explication is None:
        motif = generaliser(message, variables)
        explication, creee = Explication.objects.get_or_create(systeme=systeme, motif=motif)
        if creee:
            entrees.oublier()
    if explication.statut == Explication.Statut.A_ECRIRE:
        compteur.compter(explication.pk, requete_id)
    return explication


def rediger(explication: Explication, *, par: Collaborateur) -> None:
    """Keep the remedy a manager wrote; operations already stopped on this message show it at once."""
    explication.statut = Explication.Statut.ECRITE
    explication.redigee_par = par
    explication.redigee_le = timezone.now()
    champs = ["motif", "gravite", "constat", "cause", "remede", "geste", "statut", "redigee_par", "redigee_le"]
    explication.save(update_fields=champs)
    entrees.oublier()


def semer(apps: Any, schema_editor: Any = None, documentees: Iterable[Entree] = ENTREES) -> None:
    """Write the documented entries, from a migration; may be run again, by a later migration that brings more.

    A documented entry takes its newest text, a message met before it was documented gets its explanation, and what a
    manager wrote is never touched.

    Parameters
    ----------
    apps:
        Registry of the migration, or `django.apps.apps`.
    """
    modele = apps.get_model("dossiers", "Explication")
    connues = {(ligne.systeme, forme(ligne.motif)): ligne for ligne in modele.objects.all()}
    for entree in documentees:
        champs = asdict(entree)
        ligne = connues.get((entree.systeme, forme(entree.motif)))
        if ligne is None:
            modele.objects.create(statut=Explication.Statut.DOCUMENTEE.value, **champs)
        elif ligne.statut != Explication.Statut.ECRITE.value:
            modele.objects.filter(pk=ligne.pk).update(statut=Explication.Statut.DOCUMENTEE.value, **champs)
    entrees.oublier()
