"""The door of imports: receive a file, say what is what, see every verdict, confirm what was seen, go to the end.

Nothing is written on contacts before the confirmation. It is bound to the file, the mapping and the fingerprints of the
lines of the preview: a line whose state moved since is refused, not silently imported otherwise.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import timedelta
from itertools import chain, islice
from pathlib import Path, PurePath
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from dossiers.models import CleApi, Collaborateur, Evenement, Lot, Offre, journaliser
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from dossiers.services.plans import VALIDITE
from interlocuteurs.imports import lecteur
from interlocuteurs.imports.correspondance import (
    LIGNES_EXAMINEES,
    MOTIF_DU_REJET,
    PAR_NOM,
    deviner,
    empreinte,
    ligne_d_entete,
    manquants,
    simplifier,
)
from interlocuteurs.imports.ecriture import noter_les_verdicts
from interlocuteurs.imports.lecteur import Lecture, Ligne
from interlocuteurs.imports.verdicts import Cadre, Colonnes, Contexte, Saisie, interpreter, juger
from interlocuteurs.models import ImportInterlocuteurs, LigneImport

PERMISSION = "interlocuteurs.importer_interlocuteurs"
SEL = "passerelle.import"
GESTE = "importer_interlocuteurs"
PAQUET = 1000
Etat, Verdict = ImportInterlocuteurs.Etat, LigneImport.Verdict
#: How long the lines of a finished import are kept, for its rejects to be corrected.
CONSERVATION = timedelta(days=30)


# --- reading -----------------------------------------------------------------------------------------------------


def recevoir(chemin: Path, nom: str, *, cle: CleApi, par: Collaborateur) -> ImportInterlocuteurs:
    """Read a file, keep its lines as they are, and guess its columns.

    Parameters
    ----------
    chemin, nom:
        Where the file was received; its name for the person, whose extension says what it should be.
    cle:
        The key whose dossiers and domain the contacts are for.

    Raises PermissionDenied, ActionImpossible.
    """
    exiger(par, PERMISSION)
    if empechement := cle.empechement(cabinet=True):
        raise ActionImpossible("Le fichier n’a pas été lu.", empechement, "")
    with lecteur.lire(chemin, nom) as lecture:
        entetes, lignes = _separer_les_entetes(lecture)
        importation = ImportInterlocuteurs(
            cle=cle,
            nom_fichier=_nom_lisible(nom),
            empreinte_fichier=_sha256(chemin),
            faits=lecture.faits,
            entetes=entetes,
            empreinte_entetes=empreinte(entetes),
            cree_par=par,
        )
        with transaction.atomic():
            importation.save()
            importation.nombre = _garder(importation, lignes)
            importation.save(update_fields=["nombre"])
    return importation


def _separer_les_entetes(lecture: Lecture) -> tuple[list[str], Iterator[Ligne]]:
    """The headings, without the column that a file of rejects adds; then the lines under them."""
    premieres = list(islice(lecture.lignes, LIGNES_EXAMINEES))
    rang = ligne_d_entete([ligne.cellules for ligne in premieres])
    entetes = premieres[rang].cellules
    if entetes and simplifier(entetes[-1]) == simplifier(MOTIF_DU_REJET):
        entetes = entetes[:-1]
        premieres = [Ligne(ligne.numero, ligne.cellules[: len(entetes)], ligne.marques) for ligne in premieres]
        suite: Iterator[Ligne] = (
            Ligne(ligne.numero, ligne.cellules[: len(entetes)], ligne.marques) for ligne in lecture.lignes
        )
    else:
        suite = lecture.lignes
    lignes = chain(premieres[rang + 1 :], suite)
    return entetes, (ligne for ligne in lignes if any(cellule.strip() for cellule in ligne.cellules))


def _garder(importation: ImportInterlocuteurs, lignes: Iterator[Ligne]) -> int:
    nombre = 0
    while paquet := list(islice(lignes, PAQUET)):
        nombre += len(paquet)
        if nombre > settings.IMPORT["lignes"]:
            raise lecteur.refus("lignes", maximum=settings.IMPORT["lignes"])
        LigneImport.objects.bulk_create(
            LigneImport(importation=importation, numero=ligne.numero, cellules=ligne.cellules, marques=ligne.marques)
            for ligne in paquet
        )
    if not nombre:
        raise lecteur.refus("vide")
    return nombre


def _nom_lisible(nom: str) -> str:
    base = PurePath(nom.replace("\\", "/")).name
    return "".join(c for c in base if c.isprintable())[:200] or "fichier"


def _sha256(chemin: Path) -> str:
    with chemin.open("rb") as fichier:
        return hashlib.file_digest(fichier, "sha256").hexdigest()


def deja_importe(importation: ImportInterlocuteurs) -> ImportInterlocuteurs | None:
    """An earlier import of the very same file that was confirmed."""
    memes = ImportInterlocuteurs.objects.filter(empreinte_fichier=importation.empreinte_fichier, cle=importation.cle)
    return memes.filter(pk__lt=importation.pk, confirme_le__isnull=False).order_by("-pk").first()


# --- mapping and preview -----------------------------------------------------------------------------------------


def proposition(importation: ImportInterlocuteurs) -> tuple[dict[str, int], str, bool]:
    """Mapping to start from, offer of every line, and whether they are remembered from the same set of headings."""
    if importation.correspondance is not None:
        return importation.correspondance, importation.offre_commune, False
    memes = ImportInterlocuteurs.objects.filter(empreinte_entetes=importation.empreinte_entetes)
    connu = memes.exclude(correspondance=None).exclude(pk=importation.pk).order_by("-pk").first()
    if connu is not None and connu.correspondance is not None:
        return connu.correspondance, connu.offre_commune, True
    return deviner(importation.entetes), "", False


def examiner(
    importation: ImportInterlocuteurs, correspondance: Mapping[str, int], offre_commune: str, *, par: Collaborateur
) -> ImportInterlocuteurs:
    """Keep a mapping and judge every line with it; nothing is written on contacts.

    Parameters
    ----------
    correspondance:
        Field -> index of its column.
    offre_commune:
        Code of the offer given to every line, when no column has it; empty otherwise.

    Raises PermissionDenied; ActionImpossible when a required field has no column, or the import has started.
    """
    exiger(par, PERMISSION)
    retenue = _verifier(importation, correspondance, offre_commune)
    with transaction.atomic():
        importation = verrouiller(importation, {Etat.LU, Etat.EXAMINE}, par)
        importation.correspondance = retenue
        importation.offre_commune = "" if "offre" in retenue else offre_commune
        comptes: Counter[str] = Counter()
        empreintes: list[str] = []
        cadre = Cadre(importation.cle, par)
        lignes = importation.lignes.order_by("numero").iterator(PAQUET)
        for paquet in par_groupes(interpreter_les_lignes(importation, lignes)):
            saisies = [saisie for saisie, _ in paquet]
            jugements = juger(saisies, Contexte.lire(saisies, cadre))
            noter_les_verdicts([(pk, jugement) for (_, pk), jugement in zip(paquet, jugements, strict=True)])
            comptes.update(jugement.verdict for jugement in jugements)
            empreintes += (f"{j.saisie.numero}:{j.verdict}:{j.empreinte}" for j in jugements)
        importation.comptes = {str(verdict): nombre for verdict, nombre in comptes.items()}
        importation.empreinte_lignes = hashlib.sha256(";".join(sorted(empreintes)).encode()).hexdigest()
        importation.etat = Etat.EXAMINE
        importation.a_traiter = sum(comptes[verdict] for verdict in LigneImport.A_FAIRE)
        importation.save()
    return importation


def _verifier(
    importation: ImportInterlocuteurs, correspondance: Mapping[str, int], offre_commune: str
) -> dict[str, int]:
    largeur = len(importation.entetes)
    retenue = {nom: place for nom, place in correspondance.items() if nom in PAR_NOM and 0 <= place < largeur}
    if offre_commune and offre_commune not in Offre.Code.values:
        raise ValueError(offre_commune)
    if absents := manquants(retenue, offre_commune):
        raise ActionImpossible(
            "L’aperçu n’a pas été préparé.",
            f"Aucune colonne ne donne : {', '.join(absents)}.",
            "Choisissez la colonne de chacun, ou ajoutez-la au fichier et envoyez-le de nouveau.",
        )
    return retenue


def interpreter_les_lignes(
    importation: ImportInterlocuteurs, lignes: Iterable[LigneImport]
) -> Iterator[tuple[Saisie, int]]:
    """Each line as understood with the mapping of its import, and its primary key."""
    colonnes = Colonnes(
        correspondance=importation.correspondance or {},
        entetes=importation.entetes,
        offre_commune=importation.offre_commune,
    )
    for ligne in lignes:
        yield interpreter(ligne.numero, ligne.cellules, ligne.marques_par_place(), colonnes), ligne.pk


def par_groupes(saisies: Iterable[tuple[Saisie, int]]) -> Iterator[list[tuple[Saisie, int]]]:
    """Batches of about `PAQUET` lines; all the lines of one contact stand in the same, in the order of the file."""
    groupes: dict[str, list[tuple[Saisie, int]]] = {}
    for saisie, pk in saisies:
        groupes.setdefault(saisie.email or f"ligne {saisie.numero}", []).append((saisie, pk))
    paquet: list[tuple[Saisie, int]] = []
    for groupe in groupes.values():
        paquet += groupe
        if len(paquet) >= PAQUET:
            yield paquet
            paquet = []
    if paquet:
        yield paquet


def verrouiller(importation: ImportInterlocuteurs, etats: Collection[str], par: Collaborateur) -> ImportInterlocuteurs:
    """The row, held until the end of the transaction.

    Raises ActionImpossible when it is in another state, PermissionDenied when it is another person's: its verdicts
    depend on whose portfolio it is.
    """
    actuelle: ImportInterlocuteurs = (
        ImportInterlocuteurs.objects.select_for_update(of=("self",), no_key=True)
        .select_related("cle", "cree_par")
        .get(pk=importation.pk)
    )
    if actuelle.cree_par_id != par.pk:
        raise PermissionDenied(PERMISSION)
    if actuelle.etat not in etats:
        raise ActionImpossible(
            "Rien n’a été fait.",
            f"Cet import est dans l’état « {actuelle.get_etat_display()} ».",
            "Ouvrez sa page pour voir où il en est.",
        )
    return actuelle


# --- confirmation ------------------------------------------------------------------------------------------------


def sceller(importation: ImportInterlocuteurs) -> str:
    """The signed text that the preview carries to the confirmation: what was seen, and by whom."""
    return signing.dumps(_promesse(importation), salt=SEL)


def _promesse(importation: ImportInterlocuteurs) -> dict[str, Any]:
    return {
        "import": importation.pk,
        "pour": importation.cree_par_id,
        "fichier": importation.empreinte_fichier,
        "correspondance": importation.correspondance,
        "offre": importation.offre_commune,
        "lignes": importation.empreinte_lignes,
    }


def confirmer(importation: ImportInterlocuteurs, scelle: str, *, par: Collaborateur) -> ImportInterlocuteurs:
    """Start the import that was seen, once: confirming it again returns it and does nothing.

    Its lines are then imported by `execution.avancer`, in a task.

    Raises PermissionDenied, ActionImpossible.
    """
    exiger(par, PERMISSION)
    promesse = _ouvrir(scelle)
    with transaction.atomic():
        actuelle = verrouiller(importation, Etat.values, par)
        if actuelle.confirme_le is not None and promesse == _promesse(actuelle):
            return actuelle
        if actuelle.etat != Etat.EXAMINE or promesse != _promesse(actuelle):
            raise ActionImpossible(
                "Rien n’a été importé.",
                "Les colonnes ou les lignes de cet import ne sont plus celles de l’aperçu.",
                "Relisez le nouvel aperçu, puis confirmez-le.",
            )
        if not actuelle.a_traiter:
            raise ActionImpossible(
                "Rien n’a été importé.", "Aucune ligne n’est à importer.", "Corrigez les rejets, puis envoyez-les."
            )
        if empechement := actuelle.cle.empechement(cabinet=True):
            raise ActionImpossible("Rien n’a été importé.", empechement, "")
        actuelle.lot = Lot.objects.create(
            plan=actuelle.reference,
            geste=GESTE,
            libelle=f"Import d’interlocuteurs n° {actuelle.pk}",
            parametres={"import": actuelle.pk},
            environnement=actuelle.cle.environnement,
            cree_par=par,
            sans_objet=actuelle.comptes.get(Verdict.RIEN, 0),
            bloquees=actuelle.comptes.get(Verdict.REJETEE, 0),
        )
        actuelle.etat, actuelle.confirme_le = Etat.EN_COURS, timezone.now()
        actuelle.save(update_fields=["lot", "etat", "confirme_le"])
        journaliser(
            Evenement.Type.LOT_CONFIRME,
            f"{actuelle.lot} : {actuelle.a_traiter} lignes confirmées.",
            lot=actuelle.lot,
            acteur=par,
        )
    return actuelle


def _ouvrir(scelle: str) -> dict[str, Any]:
    try:
        promesse: dict[str, Any] = signing.loads(scelle, salt=SEL, max_age=VALIDITE)
    except signing.SignatureExpired as exc:
        raise ActionImpossible(
            "Rien n’a été importé.", "Cet aperçu a plus d’une heure.", "Préparez-le de nouveau."
        ) from exc
    except signing.BadSignature as exc:
        raise ActionImpossible(
            "Rien n’a été importé.", "Cet aperçu a été modifié en chemin.", "Préparez-le de nouveau."
        ) from exc
    return promesse


def reprendre(importation: ImportInterlocuteurs, *, par: Collaborateur) -> ImportInterlocuteurs:
    """Put an interrupted import under way again, from the first line that is not done.

    Raises PermissionDenied, ActionImpossible.
    """
    exiger(par, PERMISSION)
    with transaction.atomic():
        actuelle = verrouiller(importation, {Etat.INTERROMPU}, par)
        actuelle.etat, actuelle.incident = Etat.EN_COURS, ""
        actuelle.save(update_fields=["etat", "incident"])
    return actuelle


def abandonner(importation: ImportInterlocuteurs, *, par: Collaborateur) -> ImportInterlocuteurs:
    """Give up an import that was not confirmed: its lines are erased. One that was interrupted stops where it is.

    Raises PermissionDenied, ActionImpossible.
    """
    exiger(par, PERMISSION)
    with transaction.atomic():
        actuelle = verrouiller(importation, {Etat.LU, Etat.EXAMINE, Etat.INTERROMPU}, par)
        actuelle.etat, actuelle.fini_le = Etat.ABANDONNE, timezone.now()
        actuelle.save(update_fields=["etat", "fini_le"])
        if actuelle.confirme_le is None:
            _effacer_les_lignes(actuelle)
    return actuelle


def effacer_les_anciennes() -> int:
    """Erase the lines of the imports finished for longer than `CONSERVATION`, or never confirmed in that time."""
    limite = timezone.now() - CONSERVATION
    anciennes = ImportInterlocuteurs.objects.filter(efface_le=None).exclude(etat=Etat.EN_COURS)
    perimees = anciennes.filter(Q(fini_le__lt=limite) | Q(fini_le=None, cree_le__lt=limite))
    nombre = 0
    for importation in perimees:
        with transaction.atomic():
            _effacer_les_lignes(importation)
            nombre += 1
    return nombre


def _effacer_les_lignes(importation: ImportInterlocuteurs) -> None:
    importation.lignes.all().delete()
    importation.efface_le = timezone.now()
    importation.save(update_fields=["efface_le"])
