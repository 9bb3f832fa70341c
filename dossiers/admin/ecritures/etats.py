"""States of an import as people see them: badges, the tabs of the board, the steps of the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.safestring import SafeString

from dossiers.affichage import badge
from dossiers.ecritures.rapport import Gravite
from dossiers.models import Etat as EtatOperation
from dossiers.models import ImportEcritures, SuiviImport

Etat, Source, Statut = ImportEcritures.Etat, ImportEcritures.Source, ImportEcritures.Statut
BADGES = {
    Etat.CONTROLE: ("fact_check", "attente"),
    Etat.A_CORRIGER: ("error", "alerte"),
    Etat.PRET: ("task_alt", "succes"),
    Etat.DEPOT: ("upload_file", "attente"),
    Etat.ENVOI: ("send", "attente"),
    Etat.EN_ATTENTE: ("schedule", "attente"),
    Etat.EN_COURS: ("sync", "attente"),
    Etat.TERMINE: ("check_circle", "succes"),
    Etat.EN_ERREUR: ("cancel", "echec"),
    Etat.REFUSE: ("block", "echec"),
    Etat.ABANDONNE: ("remove", "neutre"),
}
GRAVITES = {
    Gravite.BLOQUANT: ("Bloquant", "block", "echec"),
    Gravite.AVERTISSEMENT: ("Avertissement", "warning", "alerte"),
    Gravite.INFORMATION: ("Information", "info", "neutre"),
}
#: Nothing more is counted in a tab.
PLAFOND = 1_000


def badge_de(importation: ImportEcritures) -> SafeString:
    """The state of an import; one whose request may have been lost says so. Its operation is read."""
    if importation.a_verifier:
        return badge("À vérifier", "person_search", "alerte")
    return badge(importation.get_etat_display(), *BADGES[Etat(importation.etat)])


def nom_de(importation: ImportEcritures) -> str:
    """The file, or where the link leads, without its parameters."""
    return importation.nom_fichier or importation.lien_affiche.partition("?")[0].removeprefix("https://")


# --- the board -----------------------------------------------------------------------------------------------------

_DOUTEUX = Q(operation__etat__in=(EtatOperation.INCERTAINE, EtatOperation.A_VERIFIER))
#: Code, title, what it holds: an import is in one tab and one only.
ONGLETS: tuple[tuple[str, str, Q], ...] = (
    ("a_verifier", "À vérifier", Q(etat=Etat.ENVOI) & _DOUTEUX),
    ("a_corriger", "À corriger", Q(etat=Etat.A_CORRIGER)),
    ("prets", "Prêts à envoyer", Q(etat=Etat.PRET)),
    (
        "en_cours",
        "En cours",
        Q(etat__in=(Etat.CONTROLE, Etat.DEPOT, Etat.EN_ATTENTE, Etat.EN_COURS)) | Q(etat=Etat.ENVOI) & ~_DOUTEUX,
    ),
    ("termines", "Terminés", Q(etat=Etat.TERMINE)),
    ("refuses", "En erreur ou refusés", Q(etat__in=(Etat.EN_ERREUR, Etat.REFUSE))),
    ("abandonnes", "Abandonnés", Q(etat=Etat.ABANDONNE)),
)


def compter(imports: QuerySet[ImportEcritures]) -> list[dict[str, Any]]:
    """The tabs with their number of rows, counted up to `PLAFOND` and no more."""
    onglets = []
    for code, titre, condition in ONGLETS:
        nombre = imports.filter(condition).order_by().values("pk")[: PLAFOND + 1].count()
        onglets.append({"code": code, "titre": titre, "nombre": min(nombre, PLAFOND), "plus": nombre > PLAFOND})
    return onglets


# --- the way of an import ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Etape:
    """One step: `situation` is `faite`, `courante`, `arretee` or `avenir`; `mot` says it."""

    nom: str
    situation: str
    icone: str
    mot: str
    instant: datetime | None = None


ETAPES = ("Contrôle", "Dépôt", "Envoi", "En attente", "En cours", "Terminé")
SITUATIONS = {
    "faite": ("check_circle", "fait"),
    "courante": ("pending", "en cours"),
    "arretee": ("cancel", "arrêté ici"),
    "avenir": ("radio_button_unchecked", "à venir"),
}
#: Step at which a state stands, and what it makes of it.
PLACES: dict[str, tuple[int, str]] = {
    Etat.CONTROLE: (0, "courante"),
    Etat.A_CORRIGER: (0, "arretee"),
    Etat.PRET: (0, "faite"),
    Etat.DEPOT: (1, "courante"),
    Etat.ENVOI: (2, "courante"),
    Etat.EN_ATTENTE: (3, "courante"),
    Etat.EN_COURS: (4, "courante"),
    Etat.TERMINE: (5, "faite"),
    Etat.EN_ERREUR: (4, "arretee"),
}


def etapes(importation: ImportEcritures, suivis: Sequence[SuiviImport]) -> list[Etape]:
    """The steps of an import; a link has neither check nor deposit."""
    place, situation = _place(importation)
    premiere = 2 if importation.source == Source.LIEN else 0
    instants = {0: importation.cree_le, 2: importation.envoye_le, 5: importation.fini_le if place == 5 else None}
    for rang, statut in ((3, Statut.EN_ATTENTE), (4, Statut.EN_COURS)):
        instants[rang] = next((suivi.lu_le for suivi in suivis if suivi.statut == statut), None)
    lues = []
    for rang, nom in enumerate(ETAPES[premiere:], start=premiere):
        vecue = "faite" if rang < place else situation if rang == place else "avenir"
        icone, mot = SITUATIONS[vecue]
        instant = importation.fini_le if vecue == "arretee" else instants.get(rang)
        lues.append(Etape(nom=nom, situation=vecue, icone=icone, mot=mot, instant=instant))
    return lues


def _place(importation: ImportEcritures) -> tuple[int, str]:
    if importation.etat == Etat.REFUSE:
        return (2 if importation.uri or importation.source == Source.LIEN else 1), "arretee"
    if importation.etat == Etat.ABANDONNE:
        return (0 if importation.source == Source.FICHIER else 2), "arretee"
    return (2, "arretee") if importation.a_verifier else PLACES[importation.etat]


def pourcent(importation: ImportEcritures) -> int:
    """Share of the way that is done."""
    place, situation = _place(importation)
    return 100 * (place + (situation == "faite")) // len(ETAPES)
