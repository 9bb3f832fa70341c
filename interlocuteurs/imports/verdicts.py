"""What each line of a spreadsheet would do, judged before anything is written, and again when it is written.

A rejected line has no influence on the others: judged again without the rejected ones, the lines of a contact get the
same verdicts. The lines of one contact are always judged together.
"""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models.functions import Upper

from config.lignes import FORMULE
from dossiers.models import CleApi, Collaborateur, Dossier, Offre
from dossiers.services import plans
from interlocuteurs.courriel import normaliser_courriel, normaliser_nom
from interlocuteurs.imports.correspondance import PAR_NOM, simplifier
from interlocuteurs.imports.lecture import NUL_VISIBLE
from interlocuteurs.imports.proches import CodesProches
from interlocuteurs.models import Interlocuteur, LigneImport
from interlocuteurs.models.interlocuteur import PROFIL
from interlocuteurs.services import acces
from interlocuteurs.services.acces import Cellule
from interlocuteurs.services.fiches import Fiche, porteurs
from interlocuteurs.telephone import est_mobile, lire_telephone

Verdict = LigneImport.Verdict
TELEPHONES = ("mobile", "fixe", "telephone")
VRAIS = frozenset({"oui", "vrai", "o", "x", "1", "yes", "true"})
FAUX = frozenset({"non", "faux", "n", "0", "no", "false"})
OFFRES = {simplifier(mot): code.value for code in Offre.Code for mot in (code.value, str(code.label))} | {
    "coproduction": Offre.Code.COPRODUCTION.value
}
#: A spreadsheet that takes a number for a quantity drops its leading zero.
SANS_ZERO = re.compile(r"[1-9][0-9]{8}")
#: What `config.lignes.inerte` puts before what a spreadsheet would run; a file of rejects comes back with it.
APOSTROPHE = "'"
#: Codes among which near ones are looked for.
CODES_COMPARES = 50_000
LONGUEURS = {"nom": 100, "prenom": 100, "profil": 20}


@dataclass(frozen=True, slots=True, kw_only=True)
class Colonnes:
    """Which cell is what: field -> index, headings, and the offer given to every line when no column has it."""

    correspondance: Mapping[str, int]
    entetes: Sequence[str]
    offre_commune: str = ""

    def titre(self, nom: str) -> str:
        place = self.correspondance.get(nom)
        titre = self.entetes[place].strip() if place is not None and place < len(self.entetes) else ""
        return titre or PAR_NOM[nom].libelle


@dataclass(frozen=True, slots=True, kw_only=True)
class Saisie:
    """A line as understood, every field in its kept form; `motifs` say what was not."""

    numero: int
    email: str
    nom: str
    prenom: str
    mobile: str
    fixe: str
    profil: str
    social: bool
    code: str
    offre: str
    motifs: tuple[str, ...] = ()

    @property
    def fiche(self) -> Fiche:
        return Fiche(
            email=self.email,
            nom=self.nom,
            prenom=self.prenom,
            mobile=self.mobile,
            fixe=self.fixe,
            profil=self.profil,
            social=self.social,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Jugement:
    """The verdict of a line, its reason in French, and the fingerprint of all that it was judged on.

    `groupe` is the number of the first line of the same contact; `interlocuteur` the contact here that has the address.
    """

    saisie: Saisie
    verdict: str
    motif: str
    groupe: int
    empreinte: str = ""
    interlocuteur: Interlocuteur | None = None
    dossier: Dossier | None = None


# --- one line ----------------------------------------------------------------------------------------------------


class _Lecteur:
    """Reads the fields of one line and gathers what is wrong with them."""

    def __init__(self, cellules: Sequence[str], marques: Mapping[int, str], colonnes: Colonnes) -> None:
        self.cellules, self.marques, self.colonnes = cellules, marques, colonnes
        self.motifs: list[str] = []

    def texte(self, nom: str) -> str:
        """The cell of a field as text; empty when it is missing or refused."""
        place = self.colonnes.correspondance.get(nom)
        brut = self.cellules[place] if place is not None and place < len(self.cellules) else ""
        valeur = brut.strip()
        if valeur.startswith(APOSTROPHE) and FORMULE.match(valeur[1:]):
            valeur = valeur[1:]
        marque = self.marques.get(place, "") if place is not None else ""
        if marque == "formule" or (valeur and self._est_formule(nom, valeur)):
            self.refuser(nom, f"« {valeur[:40]} » est une formule : elle n’est pas calculée ici. Collez sa valeur.")
        elif marque == "erreur":
            self.refuser(nom, f"la cellule contient l’erreur de tableur {valeur[:20]}. Corrigez-la.")
        elif NUL_VISIBLE in valeur:
            self.refuser(nom, "la cellule contient un caractère nul, montré « ␀ ». Retapez-la.")
        else:
            return "" if valeur == "-" else valeur
        return ""

    @staticmethod
    def _est_formule(nom: str, valeur: str) -> bool:
        if valeur == "-":
            return False
        return valeur[0] in "=@\uff1d\uff20" if nom in TELEPHONES else FORMULE.match(valeur) is not None

    def refuser(self, nom: str, cause: str) -> None:
        self.motifs.append(f"{self.colonnes.titre(nom)} : {cause}")

    def exige(self, nom: str, lire: Callable[[str], str]) -> str:
        """A required field."""
        avant = len(self.motifs)
        valeur = self.texte(nom)
        if not valeur and len(self.motifs) == avant:
            self.refuser(nom, "la cellule est vide. Remplissez-la.")
        return self.lu(nom, valeur, lire)

    def lu(self, nom: str, valeur: str, lire: Callable[[str], str]) -> str:
        if not valeur:
            return ""
        try:
            lue = lire(valeur)
        except ValidationError as exc:
            self.refuser(nom, exc.messages[0])
            return ""
        if len(lue) > LONGUEURS.get(nom, len(lue)):
            self.refuser(nom, f"le texte dépasse {LONGUEURS[nom]} caractères. Raccourcissez-le.")
            return ""
        return lue

    def telephone(self, nom: str) -> str:
        return self.lu(nom, self.texte(nom), _telephone)

    def offre(self) -> str:
        if "offre" not in self.colonnes.correspondance:
            return self.colonnes.offre_commune
        return self.exige("offre", _offre)

    def social(self) -> bool:
        valeur = simplifier(self.texte("social"))
        if valeur and valeur not in VRAIS | FAUX:
            self.refuser("social", "la réponse n’a pas été comprise. Écrivez « oui » ou « non ».")
        return valeur not in FAUX


def interpreter(numero: int, cellules: Sequence[str], marques: Mapping[int, str], colonnes: Colonnes) -> Saisie:
    """Understand one line by itself, without the database.

    Parameters
    ----------
    numero:
        Its row in the spreadsheet.
    marques:
        What the reader saw: index of the cell -> `formule` or `erreur`.
    """
    lecteur = _Lecteur(cellules, marques, colonnes)
    email = lecteur.exige("email", normaliser_courriel)
    nom, prenom = lecteur.exige("nom", normaliser_nom), lecteur.exige("prenom", normaliser_nom)
    mobile, fixe, autre = (lecteur.telephone(champ) for champ in TELEPHONES)
    if autre and est_mobile(autre):
        mobile = mobile or autre
    elif autre:
        fixe = fixe or autre
    return Saisie(
        numero=numero,
        email=email,
        nom=nom,
        prenom=prenom,
        mobile=mobile,
        fixe=fixe,
        profil=lecteur.lu("profil", lecteur.texte("profil"), normaliser_nom) or PROFIL,
        social=lecteur.social(),
        code=lecteur.exige("dossier", str),
        offre=lecteur.offre(),
        motifs=tuple(lecteur.motifs),
    )


@lru_cache(maxsize=4096)
def _telephone(texte: str) -> str:
    return lire_telephone(f"0{texte}" if SANS_ZERO.fullmatch(texte) else texte)


def _offre(texte: str) -> str:
    if code := OFFRES.get(simplifier(texte)):
        return code
    connues = ", ".join(str(code.label) for code in Offre.Code)
    raise ValidationError(f"l’offre « {texte[:40]} » n’existe pas. Choisissez parmi : {connues}.", code="offre")


# --- lines together ----------------------------------------------------------------------------------------------


class Cadre:
    """For whom and on which key lines are judged."""

    def __init__(self, cle: CleApi, par: Collaborateur) -> None:
        self.cle, self.par = cle, par

    @property
    def dossiers(self) -> Any:
        """The dossiers of the key that the person may see: any other one is unknown."""
        return Dossier.objects.visibles_par(self.par).filter(cle=self.cle).order_by()

    @cached_property
    def proches(self) -> CodesProches:
        return CodesProches(self.dossiers.filter(archive_le=None).values_list("code", flat=True)[:CODES_COMPARES])

    @cached_property
    def empechement(self) -> str:
        return self.cle.empechement(cabinet=True)


@dataclass(frozen=True, slots=True)
class Contexte:
    """What the database knows of some lines, in a number of queries that does not depend on how many they are."""

    cadre: Cadre
    porteurs: dict[str, Interlocuteur]
    visibles: set[int]
    dossiers: dict[str, Dossier]

    @classmethod
    def lire(cls, saisies: Sequence[Saisie], cadre: Cadre) -> Contexte:
        connus = porteurs(cadre.cle, {saisie.email for saisie in saisies if saisie.email})
        pks = [interlocuteur.pk for interlocuteur in connus.values()]
        visibles = Interlocuteur.objects.visibles_par(cadre.par).filter(pk__in=pks).values_list("pk", flat=True)
        codes = {saisie.code.upper() for saisie in saisies if saisie.code}
        trouves = cadre.dossiers.annotate(majuscule=Upper("code")).filter(majuscule__in=codes).defer("connu")
        dossiers = {dossier.majuscule: dossier for dossier in trouves}
        for dossier in dossiers.values():
            dossier.cle = cadre.cle
        return cls(cadre, connus, set(visibles), dossiers)


def juger(saisies: Sequence[Saisie], contexte: Contexte) -> list[Jugement]:
    """Judge lines in the order of the file; all the lines of a contact must be among them."""
    juge = _Juge(contexte)
    jugements = [juge.juger(saisie) for saisie in saisies]
    return _juger_les_acces(jugements)


class _Juge:
    def __init__(self, contexte: Contexte) -> None:
        self.contexte = contexte
        self.premieres: dict[str, Saisie] = {}
        self.cases: dict[tuple[str, int, str], int] = {}

    def juger(self, saisie: Saisie) -> Jugement:
        dossier = self.contexte.dossiers.get(saisie.code.upper())
        motifs = list(saisie.motifs)
        if saisie.code and (motif := self._dossier(saisie.code, dossier)):
            motifs.append(motif)
        porteur = self.contexte.porteurs.get(saisie.email)
        premiere = self.premieres.get(saisie.email)
        if not motifs and dossier is not None:
            motifs = [
                motif for motif in (self._identite(saisie, porteur, premiere), self._doublon(saisie, dossier)) if motif
            ]
        if motifs or dossier is None:
            return Jugement(saisie=saisie, verdict=Verdict.REJETEE, motif=" ".join(motifs), groupe=saisie.numero)
        self.cases[saisie.email, dossier.pk, saisie.offre] = saisie.numero
        self.premieres.setdefault(saisie.email, saisie)
        return self._retenue(saisie, dossier, porteur, premiere)

    def _dossier(self, code: str, dossier: Dossier | None) -> str:
        if dossier is None:
            proches = self.contexte.cadre.proches.proposer(code)
            suite = f"Codes proches : {', '.join(proches)}." if proches else "Vérifiez-le dans la liste des dossiers."
            return f"Le dossier « {code[:40]} » est inconnu sur la clé « {self.contexte.cadre.cle.nom} ». {suite}"
        if dossier.archive:
            return f"Le dossier {dossier.code} est archivé : remettez-le en service d’abord."
        return ""

    def _identite(self, saisie: Saisie, porteur: Interlocuteur | None, premiere: Saisie | None) -> str:
        if porteur is not None and not _meme_personne(saisie, porteur):
            titulaire = (
                f"celle de {porteur.nom_complet}"
                if porteur.pk in self.contexte.visibles
                else "celle d’un autre interlocuteur, hors de votre portefeuille"
            )
            return f"L’adresse {saisie.email} est déjà {titulaire}. Corrigez le nom ou l’adresse."
        if porteur is None and premiere is not None and not _meme_personne(saisie, premiere):
            return (
                f"L’adresse {saisie.email} est déjà celle de {premiere.prenom} {premiere.nom} à la ligne "
                f"{premiere.numero}. Corrigez le nom ou l’adresse."
            )
        return ""

    def _doublon(self, saisie: Saisie, dossier: Dossier) -> str:
        autre = self.cases.get((saisie.email, dossier.pk, saisie.offre))
        return (
            f"Même adresse, même dossier et même offre qu’à la ligne {autre}. Supprimez l’une des deux."
            if autre
            else ""
        )

    def _retenue(
        self, saisie: Saisie, dossier: Dossier, porteur: Interlocuteur | None, premiere: Saisie | None
    ) -> Jugement:
        groupe = premiere.numero if premiere else saisie.numero
        acces_voulu = f"l’accès {Offre.Code(saisie.offre).label} sur {dossier.code}"
        if porteur is not None:
            verdict, motif = Verdict.A_RATTACHER, f"Ajout de {acces_voulu}."
        elif empechement := self.contexte.cadre.empechement:
            verdict, motif = Verdict.REJETEE, empechement
        elif premiere is not None:
            verdict, motif = Verdict.A_RATTACHER, f"Ajout de {acces_voulu}, après sa création par la ligne {groupe}."
        else:
            verdict, motif = Verdict.A_CREER, f"Création avec {acces_voulu}."
        connue = porteur if porteur is not None and porteur.pk in self.contexte.visibles else premiere
        return Jugement(
            saisie=saisie,
            verdict=verdict,
            motif=motif + _remarque(saisie, connue),
            groupe=groupe,
            empreinte=_empreinte(verdict, saisie, dossier, porteur, ()),
            interlocuteur=porteur,
            dossier=dossier,
        )


def _juger_les_acces(jugements: list[Jugement]) -> list[Jugement]:
    """Let the accès of the contacts already here be judged as anywhere else."""
    cellules = [
        Cellule(pk=rang, interlocuteur=j.interlocuteur, dossier=j.dossier, offre=j.saisie.offre, voulu=True)
        for rang, j in enumerate(jugements)
        if j.interlocuteur is not None and j.dossier is not None
    ]
    lignes = {ligne.pk: ligne for ligne in acces.juger(cellules)} if cellules else {}
    return [_selon(jugement, lignes.get(rang)) for rang, jugement in enumerate(jugements)]


def _selon(jugement: Jugement, ligne: plans.Ligne | None) -> Jugement:
    if ligne is None or jugement.dossier is None:
        return jugement
    verdicts = {
        plans.Verdict.FAIRE: (Verdict.A_RATTACHER, jugement.motif),
        plans.Verdict.RIEN: (Verdict.RIEN, ligne.motif + _remarque_de(jugement)),
        plans.Verdict.BLOQUE: (Verdict.REJETEE, ligne.motif),
    }
    verdict, motif = verdicts[ligne.verdict]
    return Jugement(
        saisie=jugement.saisie,
        verdict=verdict,
        motif=motif,
        groupe=jugement.groupe,
        empreinte=_empreinte(verdict, jugement.saisie, jugement.dossier, jugement.interlocuteur, ligne.etat),
        interlocuteur=jugement.interlocuteur,
        dossier=jugement.dossier,
    )


def _meme_personne(a: Saisie | Interlocuteur, b: Saisie | Interlocuteur) -> bool:
    """The same name and first name, whatever their case, accents and hyphens."""
    return (_cle_de_nom(a.nom), _cle_de_nom(a.prenom)) == (_cle_de_nom(b.nom), _cle_de_nom(b.prenom))


@lru_cache(maxsize=4096)
def _cle_de_nom(nom: str) -> str:
    decompose = unicodedata.normalize("NFKD", nom)
    return "".join(c for c in decompose if c.isalnum()).casefold()


def _remarque(saisie: Saisie, connue: Saisie | Interlocuteur | None) -> str:
    """What the line says otherwise than the record that is kept: an import creates records, it does not change them."""
    if connue is None:
        return ""
    autres = [
        libelle
        for champ, libelle in (("mobile", "mobile"), ("fixe", "téléphone fixe"))
        if getattr(saisie, champ) and getattr(saisie, champ) != getattr(connue, champ)
    ]
    return f" Autre {' et autre '.join(autres)} que sur la fiche : elle reste telle quelle." if autres else ""


def _remarque_de(jugement: Jugement) -> str:
    _, separateur, remarque = jugement.motif.partition(" Autre ")
    return f"{separateur}{remarque}"


def _empreinte(
    verdict: str, saisie: Saisie, dossier: Dossier, porteur: Interlocuteur | None, etat: tuple[Any, ...]
) -> str:
    matiere = [
        verdict,
        *(getattr(saisie, champ) for champ in Saisie.__slots__ if champ != "motifs"),
        (dossier.pk, dossier.code, dossier.archive_le),
        (porteur.pk, porteur.version) if porteur else None,
        etat,
    ]
    return hashlib.sha256(json.dumps(matiere, default=str).encode()).hexdigest()[:16]
