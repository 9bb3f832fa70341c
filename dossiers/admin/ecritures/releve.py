"""The report of a check as the page of an import shows it, and as a CSV holds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from config.lignes import Cellule
from dossiers.admin.ecritures.etats import GRAVITES
from dossiers.admin.ecritures.graphique import Graphique, montant, nombre, tracer
from dossiers.affichage import VIDE, badge, pluriel
from dossiers.ecritures.rapport import Constat, Gravite, Rapport
from dossiers.models import ImportEcritures
from dossiers.sirene import afficher_siren

CONSTATS_MONTRES = 20
JOURNAUX_MONTRES = 100
TITRES_CSV = ("Gravité", "Code", "Ligne", "Colonne", "Constat", "Valeur lue")
SEPARATEURS = {"\t": "tabulation", "|": "barre verticale", ";": "point-virgule", ",": "virgule"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Groupe:
    """The findings of one code: `nombre` in the file, `gardes` in the report, the first ones to show.

    `commun` is their sentence when they all have the same, else "".
    """

    code: str
    badge: SafeString
    nombre: int
    commun: str
    gardes: int
    montres: list[Constat]
    ouvert: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Releve:
    """A report ready to be shown."""

    verdict: SafeString
    phrase: str
    faits: list[tuple[str, str]]
    groupes: list[Groupe]
    constats_gardes: int
    journaux: list[tuple[str, str, str, str, str, str]]
    autres_journaux: int
    graphique: Graphique | None


def lire(importation: ImportEcritures) -> Rapport | None:
    """The report of an import; None when there is none, or none that this version reads."""
    try:
        return Rapport.depuis_dict(importation.rapport) if importation.rapport else None
    except (KeyError, TypeError, ValueError):
        return None


def relever(rapport: Rapport) -> Releve:
    """What the page shows of a report."""
    return Releve(
        verdict=_verdict(rapport),
        phrase=_phrase(rapport),
        faits=list(_faits(rapport)),
        groupes=list(_groupes(rapport)),
        constats_gardes=len(rapport.constats),
        journaux=[
            (j.code, j.libelle, nombre(j.lignes), montant(j.debit), montant(j.credit), _ecart(j.debit - j.credit))
            for j in rapport.journaux[:JOURNAUX_MONTRES]
        ],
        autres_journaux=max(len(rapport.journaux) - JOURNAUX_MONTRES, 0),
        graphique=tracer(rapport.mois, {j.code: j.libelle for j in rapport.journaux}),
    )


def lignes_csv(rapport: Rapport) -> Iterator[tuple[Cellule, ...]]:
    """Every finding that the report keeps."""
    for constat in rapport.constats:
        mot = GRAVITES[constat.gravite][0]
        yield (mot, constat.code, constat.ligne, constat.colonne, constat.message, constat.extrait)


def _verdict(rapport: Rapport) -> SafeString:
    if not rapport.envoyable:
        return badge("À corriger", "block", "echec")
    if rapport.avertissements:
        return badge("Envoyable, à relire", "warning", "alerte")
    return badge("Rien à redire", "check_circle", "succes")


def _phrase(rapport: Rapport) -> str:
    if rapport.refus:
        return "Le fichier n’a pas pu être lu jusqu’au bout : rien ne partira. La raison est ci-dessous."
    comptes = ", ".join(
        pluriel_francais(combien, mot, mots)
        for combien, mot, mots in (
            (rapport.bloquants, "défaut bloquant", "défauts bloquants"),
            (rapport.avertissements, "avertissement", "avertissements"),
            (rapport.informations, "information", "informations"),
        )
        if combien
    )
    suite = (
        "Corrigez le fichier dans le logiciel qui l’a produit, puis déposez-le dans un nouvel import."
        if rapport.bloquants
        else "Rien n’empêche l’envoi."
    )
    return f"{comptes or 'Aucun constat'}. {suite}"


def pluriel_francais(combien: int, mot: str, mots: str) -> str:
    """`pluriel` with the thousands of a large number apart."""
    return pluriel(combien, mot, mots).replace(str(combien), nombre(combien), 1)


def _faits(rapport: Rapport) -> Iterator[tuple[str, str]]:
    fec = rapport.genre == ImportEcritures.Genre.FEC
    yield "Lignes d’écriture" if fec else "Lignes", nombre(rapport.lignes)
    if fec:
        yield "Écritures", nombre(rapport.ecritures)
        yield "Période", periode(rapport.debut, rapport.fin)
        yield "Total des débits", montant(rapport.debit)
        yield "Total des crédits", montant(rapport.credit)
        yield "Équilibre", _ecart(rapport.debit - rapport.credit)
        colonnes = f"{rapport.variante} colonnes" if rapport.variante else VIDE
        yield "Forme", f"{colonnes}, {'Montant et Sens' if rapport.sens else 'Débit et Crédit'}"
    elif rapport.colonnes:
        yield "Colonnes", nombre(len(rapport.colonnes))
    yield "Encodage", rapport.encodage or VIDE
    separateur = SEPARATEURS.get(rapport.separateur, rapport.separateur)
    yield "Séparateur", ", fins de ligne ".join(filter(None, (separateur, rapport.fin_de_ligne))) or VIDE
    if rapport.siren:
        yield "SIREN du nom", afficher_siren(rapport.siren)
    if rapport.cloture:
        yield "Clôture du nom", f"{rapport.cloture:%d/%m/%Y}"


def periode(debut: Any, fin: Any) -> str:
    """`01/01/2025 – 31/12/2025`; a dash when the first day is not known."""
    return f"{debut:%d/%m/%Y} – {fin:%d/%m/%Y}" if debut and fin else VIDE


def _ecart(ecart: int) -> str:
    if not ecart:
        return "Équilibré"
    return f"Écart de {montant(abs(ecart))} ({'débit' if ecart > 0 else 'crédit'} en trop)"


def _groupes(rapport: Rapport) -> Iterator[Groupe]:
    par_code: dict[str, list[Constat]] = {}
    for constat in rapport.constats:
        par_code.setdefault(constat.code, []).append(constat)
    rangs = list(Gravite)
    for compte in sorted(rapport.nombres, key=lambda n: (rangs.index(n.gravite), -n.nombre, n.code)):
        gardes = par_code.get(compte.code, [])
        messages = {constat.message for constat in gardes}
        yield Groupe(
            code=compte.code,
            badge=badge(*GRAVITES[compte.gravite]),
            nombre=compte.nombre,
            commun=messages.pop() if len(messages) == 1 else "",
            gardes=len(gardes),
            montres=gardes[:CONSTATS_MONTRES],
            ouvert=compte.gravite == Gravite.BLOQUANT,
        )
