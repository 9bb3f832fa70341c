"""The portal's own results file (« Exporter les résultats »): read, matched with the fiches, then noted as evidence.

AIFE publishes neither the format of this file nor its columns: those of the results table are expected (AIFE guide,
« Rechercher fiche EDI » and « Rechercher fiche API »), in any order, with any other beside them. An EDI file has one
row per fiche and interface code.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from pathlib import Path
from typing import Any

from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from dossiers.services.plans import VALIDITE
from interlocuteurs.imports.correspondance import LIGNES_EXAMINEES, simplifier
from interlocuteurs.imports.lecteur import Ligne, lire
from raccordements.models import TRANSITIONS, Action, Etat, EvenementFiche, Fiche, Genre, Protocole, lire_etat
from raccordements.models.statuts import est_titre_etat
from raccordements.services.envoi import CONSTATER, DESACTIVER, Constat, constater
from raccordements.services.traces import verrouiller

SEL = "passerelle.resultats-portail"
#: Fiches noted by one confirmation: it is done within the request. The same file deposited again notes the next ones.
MAXIMUM = 200
NUMEROS_GARDES = 20
CODE_MAX = 20
SIRET = re.compile(r"[0-9]{14}")
#: Simplified headings of each column but the status, which has its own rule.
TITRES = {
    "partenaire": {"partenaire", "siret", "identifiant partenaire", "identifiant", "structure"},
    "code_appli": {"code appli partenaire", "code appli", "code application partenaire", "code application"},
    "protocole": {"protocole de raccordement", "protocole"},
}


class Verdict(StrEnum):
    """What one fiche of the file calls for."""

    NOTER = "noter"
    CONTRAIRE = "contraire"
    ANCIEN = "ancien"
    INCOMPRIS = "incompris"
    INTROUVABLE = "introuvable"
    DEJA = "deja"


@dataclass(frozen=True, slots=True)
class Trouvaille:
    """The rows of the file that speak of one fiche: what names it, and the status words they give."""

    siret: str
    partenaire: str
    protocole: str
    code_appli: str
    mots: tuple[str, ...]
    numeros: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LigneDuPlan:
    """One `Trouvaille`, the fiche it is matched with if any, the verdict, and in French why."""

    trouvaille: Trouvaille
    verdict: Verdict
    motif: str
    fiche: Fiche | None = None
    etat: Etat | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanResultats:
    """What a file would note. Nothing is written before `confirmer`."""

    nom: str
    genre: str
    environnement: str
    exporte_le: datetime
    lignes: tuple[LigneDuPlan, ...]

    def de_verdict(self, verdict: Verdict) -> list[LigneDuPlan]:
        return [ligne for ligne in self.lignes if ligne.verdict is verdict]

    @property
    def a_ecrire(self) -> list[LigneDuPlan]:
        """What a confirmation writes: the notes, and the contrary words, for the history."""
        return [*self.de_verdict(Verdict.NOTER), *self.de_verdict(Verdict.CONTRAIRE)][:MAXIMUM]

    @property
    def reste(self) -> int:
        """What would be left for another deposit of the file."""
        return len(self.de_verdict(Verdict.NOTER)) + len(self.de_verdict(Verdict.CONTRAIRE)) - len(self.a_ecrire)

    def sceller(self, par: Collaborateur) -> str:
        """The signed text that the page carries to `confirmer`."""
        lignes = [
            (
                ligne.fiche.pk,
                ligne.fiche.etat,
                ligne.etat.value,
                ligne.trouvaille.code_appli,
                ligne.trouvaille.mots[0],
                ligne.trouvaille.numeros[:NUMEROS_GARDES],
            )
            for ligne in self.a_ecrire
            if ligne.fiche is not None and ligne.etat is not None
        ]
        contenu = [par.pk, self.nom, self.exporte_le.isoformat(), lignes]
        return signing.dumps(contenu, salt=SEL, compress=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bilan:
    """What a confirmation did: fiches noted, contrary words written, and refusals with their reason."""

    notees: list[Fiche] = field(default_factory=list)
    contraires: list[Fiche] = field(default_factory=list)
    refus: list[tuple[Fiche, str]] = field(default_factory=list)


def examiner(
    chemin: Path, nom: str, *, genre: str, environnement: str, exporte_le: datetime, par: Collaborateur
) -> PlanResultats:
    """Read a results file and match its rows with the fiches that `par` may see. Writes nothing.

    Parameters
    ----------
    chemin, nom:
        Where the file was received; its name for the person, whose extension says what it should be.
    environnement:
        The portal it comes from: the file does not say it.
    exporte_le:
        When it was exported: a fiche sent since is not judged by it.

    Raises PermissionDenied; ActionImpossible when the file cannot be read or has not the columns of the portal.
    """
    exiger(par, CONSTATER)
    with lire(chemin, nom) as lecture:
        trouvailles = _regrouper(_rangees(lecture.lignes))
    connues = _Connues(trouvailles, genre, environnement, par)
    lignes = tuple(_juger(trouvaille, connues, exporte_le) for trouvaille in trouvailles)
    return PlanResultats(
        nom=_nom_lisible(nom), genre=genre, environnement=environnement, exporte_le=exporte_le, lignes=lignes
    )


def confirmer(scelle: str, *, par: Collaborateur) -> Bilan:
    """Note what a sealed plan says, each fiche in a transaction of its own: one refusal does not stop the others.

    Raises PermissionDenied; ActionImpossible for a plan that is too old, altered, or someone else's.
    """
    exiger(par, CONSTATER)
    nom, exporte_le, lignes = _ouvrir(scelle, par)
    fiches = Fiche.objects.visibles_par(par).in_bulk([ligne[0] for ligne in lignes])
    bilan = Bilan()
    for pk, vu, etat, code, mot, numeros in lignes:
        if pk not in fiches:
            continue
        preuve = {
            "fichier": nom,
            "exporté le": f"{timezone.localtime(exporte_le):%d/%m/%Y %H:%M}",
            "lignes": ", ".join(map(str, numeros)),
            "état lu": mot,
        }
        try:
            constat = _noter(fiches[pk], Etat(etat), vu, exporte_le, code_appli=code, preuve=preuve, par=par)
        except ActionImpossible as refus:
            bilan.refus.append((fiches[pk], str(refus)))
        except PermissionDenied:
            bilan.refus.append((fiches[pk], "Elle n’est plus parmi les fiches que vous suivez."))
        else:
            (bilan.contraires if constat is Constat.CONTRAIRE else bilan.notees).append(fiches[pk])
    return bilan


@transaction.atomic
def _noter(
    fiche: Fiche,
    etat: Etat,
    vu: str,
    exporte_le: datetime,
    *,
    code_appli: str,
    preuve: dict[str, Any],
    par: Collaborateur,
) -> Constat:
    actuelle = verrouiller(fiche, par)
    if actuelle.etat != vu or _plus_recente(actuelle, exporte_le):
        raise ActionImpossible(
            "Rien n’a été noté.",
            "La fiche a changé depuis que le plan a été lu.",
            "Exportez de nouveau les résultats du portail, puis déposez le nouveau fichier.",
        )
    return constater(
        actuelle, etat, source="fichier de résultats du portail", preuve=preuve, par=par, code_appli=code_appli
    )


# --- reading -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rangee:
    numero: int
    partenaire: str
    protocole: str
    code_appli: str
    mot: str


def _rangees(lignes: Iterator[Ligne]) -> Iterator[_Rangee]:
    """The rows under the headings, which may have a title above them."""
    places: dict[str, int] = {}
    for ligne in islice(lignes, LIGNES_EXAMINEES):
        places = _colonnes(ligne.cellules)
        if "etat" in places and ("partenaire" in places or "code_appli" in places):
            break
    else:
        raise ActionImpossible(
            "Le fichier n’a pas été lu.",
            "Aucune de ses premières lignes n’a les titres « Etat courant » et « Partenaire » (ou « Code Appli »).",
            "Déposez le fichier que donne « Exporter les résultats » du portail, sans en changer les titres.",
        )
    for ligne in lignes:
        lues = {
            champ: ligne.cellules[place].strip() if place < len(ligne.cellules) else ""
            for champ, place in places.items()
        }
        if any(lues.values()):
            yield _Rangee(
                ligne.numero,
                lues.get("partenaire", "")[:250],
                _protocole(lues.get("protocole", "")),
                lues.get("code_appli", "").upper()[: CODE_MAX + 1],
                lues["etat"][:40],
            )


def _colonnes(titres: Sequence[str]) -> dict[str, int]:
    """Field -> place of its column; the leftmost one when a title repeats."""
    places: dict[str, int] = {}
    for place, titre in enumerate(titres):
        if est_titre_etat(titre):
            places.setdefault("etat", place)
        for champ, connus in TITRES.items():
            if simplifier(titre) in connus:
                places.setdefault(champ, place)
    return places


def _protocole(mot: str) -> str:
    return mot.lower() if mot.lower() in Protocole.values else ""


def _regrouper(rangees: Iterable[_Rangee]) -> list[Trouvaille]:
    """The rows by fiche, in the order of the file: by code appli, else by partner and protocol."""
    groupes: dict[tuple[str, ...], list[_Rangee]] = {}
    for rangee in rangees:
        cle = (rangee.code_appli,) if rangee.code_appli else (_siret(rangee.partenaire), rangee.protocole)
        groupes.setdefault(cle, []).append(rangee)
    return [
        Trouvaille(
            siret=_siret(groupe[0].partenaire),
            partenaire=groupe[0].partenaire,
            protocole=groupe[0].protocole,
            code_appli=groupe[0].code_appli,
            mots=tuple(dict.fromkeys(rangee.mot for rangee in groupe)),
            numeros=tuple(rangee.numero for rangee in groupe),
        )
        for groupe in groupes.values()
    ]


def _siret(partenaire: str) -> str:
    """The fourteen figures that begin « SIRET - désignation », however they are spaced; empty when there are none."""
    chiffres = re.sub(r"[\s.\u00a0\u202f]", "", partenaire)[:14]
    # A spreadsheet that took the number for one drops its leading zeros.
    seul = chiffres.partition("-")[0]
    if seul.isascii() and seul.isdecimal() and len(seul) in {12, 13}:
        return seul.zfill(14)
    return chiffres if SIRET.fullmatch(chiffres) else ""


# --- matching ----------------------------------------------------------------------------------------------------


class _Connues:
    """The fiches that a file may speak of, read in a few queries whatever its length."""

    def __init__(self, trouvailles: Sequence[Trouvaille], genre: str, environnement: str, par: Collaborateur) -> None:
        siennes = Fiche.objects.visibles_par(par).filter(genre=genre, environnement=environnement)
        visibles = siennes.select_related("structure").order_by("id")
        self.par_code: dict[str, list[Fiche]] = {}
        self.par_siret: dict[str, list[Fiche]] = {}
        for fiche in visibles.filter(code_appli__in={t.code_appli for t in trouvailles if t.code_appli}):
            self.par_code.setdefault(fiche.code_appli, []).append(fiche)
        for fiche in visibles.filter(structure__siret__in={t.siret for t in trouvailles if t.siret}):
            self.par_siret.setdefault(fiche.structure.siret, []).append(fiche)
        pks = {fiche.pk for fiches in (*self.par_code.values(), *self.par_siret.values()) for fiche in fiches}
        self.deja_contraires = {
            (pk, (details.get("preuve") or {}).get("état lu"))
            for pk, details in EvenementFiche.objects.filter(fiche__in=pks, type=EvenementFiche.Type.CONSTAT)
            .order_by("fiche", "-id")
            .distinct("fiche")
            .values_list("fiche", "details")
        }
        self.edi = genre == Genre.EDI
        self.desactivable = par.has_perm(DESACTIVER)

    def de(self, trouvaille: Trouvaille) -> list[Fiche]:
        """The fiches that this finding may be of: one, none, or several."""
        if trouvaille.code_appli and (trouvees := self.par_code.get(trouvaille.code_appli)):
            return trouvees
        possibles = [
            fiche
            for fiche in self.par_siret.get(trouvaille.siret, ())
            if not (fiche.code_appli and trouvaille.code_appli)
            and (not self.edi or not trouvaille.protocole or fiche.protocole == trouvaille.protocole)
        ]
        # The portal rather shows what left than a draft of ours.
        return [fiche for fiche in possibles if fiche.version_envoyee_id or fiche.en_envoi] or possibles


def _juger(trouvaille: Trouvaille, connues: _Connues, exporte_le: datetime) -> LigneDuPlan:
    def dire(verdict: Verdict, motif: str, fiche: Fiche | None = None, etat: Etat | None = None) -> LigneDuPlan:
        return LigneDuPlan(trouvaille=trouvaille, verdict=verdict, motif=motif, fiche=fiche, etat=etat)

    candidates = connues.de(trouvaille)
    if not candidates:
        return dire(Verdict.INTROUVABLE, "Aucune des fiches que vous suivez ne lui correspond.")
    if len(candidates) > 1:
        noms = ", ".join(f"n° {fiche.pk}" for fiche in candidates[:5])
        return dire(Verdict.INTROUVABLE, f"Plusieurs fiches lui correspondent ({noms}) : notez leur état à la main.")
    fiche = candidates[0]
    if trouvaille.siret and trouvaille.siret != fiche.structure.siret:
        return dire(Verdict.INCOMPRIS, "Ce code appli est ici celui d’un autre partenaire : rien n’est noté.", fiche)
    if len(trouvaille.mots) > 1:
        return dire(Verdict.INCOMPRIS, f"Le fichier lui donne plusieurs états : {', '.join(trouvaille.mots)}.", fiche)
    if len(trouvaille.code_appli) > CODE_MAX:
        return dire(Verdict.INCOMPRIS, "Son code appli est trop long : Chorus Pro en donne six caractères.", fiche)
    etat = lire_etat(trouvaille.mots[0])
    if etat is None:
        return dire(Verdict.INCOMPRIS, f"« {trouvaille.mots[0]} » n’est aucun des cinq états du portail.", fiche)
    if _plus_recente(fiche, exporte_le):
        return dire(Verdict.ANCIEN, "La fiche est partie après l’export : le fichier ne parle pas de cet envoi.", fiche)
    verdict, motif = _effet(fiche, etat, trouvaille.code_appli, desactivable=connues.desactivable)
    if verdict is Verdict.CONTRAIRE and (fiche.pk, trouvaille.mots[0]) in connues.deja_contraires:
        return dire(Verdict.DEJA, "Cet état contraire est déjà dans l’histoire de la fiche.", fiche, etat)
    return dire(verdict, motif, fiche, etat)


def _effet(fiche: Fiche, etat: Etat, code_appli: str, *, desactivable: bool) -> tuple[Verdict, str]:
    """What `constater` would do, and in which words."""
    code = f"Code appli partenaire {code_appli} à noter." if code_appli and code_appli != fiche.code_appli else ""
    if etat == fiche.etat:
        return (Verdict.NOTER, code) if code else (Verdict.DEJA, "Passerelle le sait déjà.")
    actuel = Etat(fiche.etat)
    if not fiche.en_envoi:
        for action in (Action.CONSTATER, Action.DESACTIVER):
            if TRANSITIONS[action].get(actuel) == etat and (desactivable or action != Action.DESACTIVER):
                return Verdict.NOTER, f"De « {actuel.label} » à « {etat.label} ». {code}".strip()
    return (
        Verdict.CONTRAIRE,
        f"Le portail montre « {etat.label} », la fiche est « {actuel.label} » : ce sera écrit dans son histoire, "
        f"sans changer son état. {code}".strip(),
    )


def _plus_recente(fiche: Fiche, exporte_le: datetime) -> bool:
    return fiche.envoyee_le is not None and fiche.envoyee_le > exporte_le


def _nom_lisible(nom: str) -> str:
    base = nom.replace("\\", "/").rpartition("/")[2]
    return "".join(c for c in base if c.isprintable())[:150] or "fichier"


def _ouvrir(scelle: str, par: Collaborateur) -> tuple[str, datetime, list[list[Any]]]:
    try:
        personne, nom, exporte_le, lignes = signing.loads(scelle, salt=SEL, max_age=VALIDITE)
    except signing.SignatureExpired as exc:
        raise ActionImpossible(
            "Rien n’a été noté.", "Le plan a plus d’une heure.", "Déposez de nouveau le fichier."
        ) from exc
    except (signing.BadSignature, ValueError) as exc:
        raise ActionImpossible(
            "Rien n’a été noté.", "Le plan a été modifié en chemin.", "Déposez de nouveau le fichier."
        ) from exc
    if personne != par.pk:
        raise ActionImpossible(
            "Rien n’a été noté.", "Le plan a été préparé par une autre personne.", "Déposez vous-même le fichier."
        )
    return nom, datetime.fromisoformat(exporte_le), lignes
