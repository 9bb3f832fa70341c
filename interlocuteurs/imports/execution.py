"""Doing what was confirmed, a batch a transaction: the row says how far it went, and going on redoes nothing."""

from __future__ import annotations

import logging
import time
import traceback
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from dossiers.models import Evenement, Lot, journaliser
from dossiers.services.operations import creer as creer_operations
from dossiers.services.operations import exiger
from interlocuteurs.imports.ecriture import noter_les_issues
from interlocuteurs.imports.services import PERMISSION, interpreter_les_lignes
from interlocuteurs.imports.verdicts import Cadre, Contexte, Jugement, juger
from interlocuteurs.models import ImportInterlocuteurs, LigneImport
from interlocuteurs.services import acces
from interlocuteurs.services.acces import Cellule
from interlocuteurs.services.fiches import Creation, Nouveau, creer_plusieurs, porteurs

logger = logging.getLogger(__name__)
Etat, Issue = ImportInterlocuteurs.Etat, LigneImport.Issue
#: Lines of one transaction: about a second of work, measured, and what an interruption undoes at most.
PAQUET = 250
BAIL = timedelta(minutes=2)
#: Seconds after which a task gives its place to another and asks for a new turn.
TOUR = 20.0
MOMENT = "L’état a changé depuis l’aperçu"


@dataclass(slots=True)
class Sort:
    """What became of one line."""

    jugement: Jugement
    issue: str = Issue.FAITE
    motif: str = ""
    interlocuteur: int | None = None

    def refuser(self, motif: str) -> None:
        self.issue, self.motif = Issue.REFUSEE, motif


def avancer(importation_id: int, *, duree: float = TOUR) -> bool:
    """Import lines until the end, or for `duree` seconds. Returns whether there is more to do.

    Two callers never work on one import: each holds it by a lease, renewed with each batch. A batch that fails is
    undone whole, and the import says so.
    """
    jeton = _prendre(importation_id)
    if jeton is None:
        return False
    fin = time.monotonic() + duree
    try:
        while _importer_un_paquet(importation_id, jeton):
            if time.monotonic() > fin:
                _rendre(importation_id, jeton)
                return True
    except PermissionDenied:
        _interrompre(importation_id, jeton, "La personne qui l’a confirmé n’a plus le droit d’importer.")
    except Exception as exc:
        # The message of an error may quote a line: personal data stay out of the log.
        ou = traceback.extract_tb(exc.__traceback__)[-1]
        logger.error("import %s interrompu : %s, %s:%s", importation_id, type(exc).__name__, ou.name, ou.lineno)
        _interrompre(
            importation_id, jeton, "Une erreur imprévue l’a arrêté ; son type est dans les messages du serveur."
        )
    return False


def _prendre(pk: int) -> uuid.UUID | None:
    jeton = uuid.uuid4()
    pris = ImportInterlocuteurs.objects.reprenables().filter(pk=pk)
    return jeton if pris.update(jeton=jeton, bail_jusqu_au=timezone.now() + BAIL) else None


def _rendre(pk: int, jeton: uuid.UUID, **champs: object) -> bool:
    a_nous = ImportInterlocuteurs.objects.filter(pk=pk, jeton=jeton)
    return bool(a_nous.update(jeton=None, bail_jusqu_au=None, **champs))


def _interrompre(pk: int, jeton: uuid.UUID, incident: str) -> None:
    _rendre(pk, jeton, etat=Etat.INTERROMPU, incident=incident)


@transaction.atomic
def _importer_un_paquet(pk: int, jeton: uuid.UUID) -> bool:
    """Import one batch under the lease. Returns whether there may be more."""
    if not ImportInterlocuteurs.objects.filter(pk=pk, jeton=jeton).update(bail_jusqu_au=timezone.now() + BAIL):
        return False
    importation = ImportInterlocuteurs.objects.select_related("cle", "cree_par", "lot").get(pk=pk)
    exiger(importation.cree_par, PERMISSION)
    lignes = _prochaines(importation)
    if not lignes:
        _terminer(importation, jeton)
        return False
    sorts = _importer(importation, lignes)
    noter_les_issues(
        [(ligne.pk, sort.issue, sort.motif, sort.interlocuteur) for ligne, sort in zip(lignes, sorts, strict=True)]
    )
    reussies = sum(sort.issue == Issue.FAITE for sort in sorts)
    ImportInterlocuteurs.objects.filter(pk=pk).update(
        faites=F("faites") + reussies, refusees=F("refusees") + len(sorts) - reussies
    )
    return True


def _prochaines(importation: ImportInterlocuteurs) -> list[LigneImport]:
    """The next lines, with all those of their contacts."""
    attente = importation.lignes.a_traiter()
    groupes = list(attente.values_list("groupe", flat=True)[:PAQUET])
    return list(attente.filter(groupe__lte=groupes[-1])) if groupes else []


def _importer(importation: ImportInterlocuteurs, lignes: Sequence[LigneImport]) -> list[Sort]:
    """Judge lines again and do those whose state did not move; what became of each, in the same order."""
    cle, par, lot = importation.cle, importation.cree_par, importation.lot
    if lot is None:
        raise ValueError("a confirmed import has a lot")
    saisies = [saisie for saisie, _ in interpreter_les_lignes(importation, lignes)]
    # Held first: two decisions about one contact follow each other.
    acces.verrouiller(i.pk for i in porteurs(cle, {saisie.email for saisie in saisies}).values())
    jugements = juger(saisies, Contexte.lire(saisies, Cadre(cle, par)))
    sorts = [Sort(jugement, motif=jugement.motif) for jugement in jugements]
    retenus: list[Sort] = []
    for ligne, sort in zip(lignes, sorts, strict=True):
        if sort.jugement.empreinte == ligne.empreinte:
            retenus.append(sort)
        else:
            sort.refuser(f"{MOMENT} : {sort.jugement.motif}")
    operations = _rattacher([sort for sort in retenus if sort.jugement.interlocuteur], importation, lot)
    operations += _creer([sort for sort in retenus if not sort.jugement.interlocuteur], importation, lot)
    reussies = sum(sort.issue == Issue.FAITE for sort in sorts)
    Lot.objects.filter(pk=lot.pk).update(
        total=F("total") + operations, faites_ici=F("faites_ici") + max(reussies - operations, 0)
    )
    return sorts


def _rattacher(sorts: Sequence[Sort], importation: ImportInterlocuteurs, lot: Lot) -> int:
    """Give their accès to the contacts already here. Returns the number of operations."""
    cellules = []
    for rang, sort in enumerate(sorts):
        interlocuteur, dossier = sort.jugement.interlocuteur, sort.jugement.dossier
        if interlocuteur is None or dossier is None:
            raise ValueError("a line to attach has a contact and a dossier")
        sort.interlocuteur = interlocuteur.pk
        offre = sort.jugement.saisie.offre
        cellules.append(Cellule(pk=rang, interlocuteur=interlocuteur, dossier=dossier, offre=offre, voulu=True))
    if not cellules:
        return 0
    return len(creer_operations(acces.appliquer(cellules, par=importation.cree_par, lot=lot), par=importation.cree_par))


def _creer(sorts: Sequence[Sort], importation: ImportInterlocuteurs, lot: Lot) -> int:
    """Create the new contacts with their accès, each from its first line. Returns the number of operations."""
    par_courriel: dict[str, list[Sort]] = {}
    for sort in sorts:
        par_courriel.setdefault(sort.jugement.saisie.email, []).append(sort)
    if not par_courriel:
        return 0
    nouveaux = [
        Nouveau(
            fiche=groupe[0].jugement.saisie.fiche,
            acces=[(s.jugement.dossier, s.jugement.saisie.offre) for s in groupe if s.jugement.dossier],
        )
        for groupe in par_courriel.values()
    ]
    creations = creer_plusieurs(nouveaux, cle=importation.cle, par=importation.cree_par, lot=lot)
    for groupe, creation in zip(par_courriel.values(), creations, strict=True):
        _noter_la_creation(groupe, creation)
    return sum(len(creation.demande.operations) for creation in creations)


def _noter_la_creation(groupe: Sequence[Sort], creation: Creation) -> None:
    if creation.interlocuteur is None:
        for sort in groupe:
            sort.refuser(f"{MOMENT} : {' '.join(getattr(creation.refus, 'messages', [str(creation.refus)]))}")
        return
    bloques = {ligne.etat[:3]: ligne.motif for ligne in creation.demande.bloquees}
    for sort in groupe:
        sort.interlocuteur = creation.interlocuteur.pk
        dossier = sort.jugement.dossier
        case = (creation.interlocuteur.pk, dossier.pk if dossier else 0, sort.jugement.saisie.offre)
        if motif := bloques.get(case):
            sort.refuser(f"L’interlocuteur est créé, sans cet accès : {motif}")


def _terminer(importation: ImportInterlocuteurs, jeton: uuid.UUID) -> None:
    if _rendre(importation.pk, jeton, etat=Etat.TERMINE, fini_le=timezone.now()):
        importation.refresh_from_db(fields=["faites", "refusees"])
        journaliser(
            Evenement.Type.MODIFICATION,
            f"{importation.lot} : {importation.faites} lignes importées, {importation.refusees} refusées.",
            lot=importation.lot,
            acteur=importation.cree_par,
        )


def en_attente() -> list[int]:
    """Imports under way that nobody holds: their message was lost, or their worker died."""
    return list(ImportInterlocuteurs.objects.reprenables().order_by("pk").values_list("pk", flat=True))
