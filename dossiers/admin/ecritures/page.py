"""What the page of an import shows, in a number of queries that does not depend on what it has lived."""

from __future__ import annotations

import difflib
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from dossiers.admin.ecritures import releve
from dossiers.admin.ecritures.etats import badge_de, etapes
from dossiers.admin.ecritures.formulaires import chiffres_suspects, propositions
from dossiers.affichage import adresse
from dossiers.ecritures.lien import jauge
from dossiers.ecritures.natures import DeposerEcritures, ImporterEcritures, SuivreImport
from dossiers.models import NON_REGLEES, Dossier, Explication, ImportEcritures, Operation
from dossiers.models import Etat as EtatOperation
from dossiers.services import catalogue

Etat, Source, Genre = ImportEcritures.Etat, ImportEcritures.Source, ImportEcritures.Genre
#: States in which nobody will read the link any more.
SANS_LIEN = (Etat.TERMINE, Etat.EN_ERREUR, Etat.ABANDONNE)
NATURES = (DeposerEcritures.cle, ImporterEcritures.cle, SuivreImport.cle)
OPERATIONS_MONTREES, SUIVIS_MONTRES, SEMBLABLES_MONTRES = 20, 50, 5
CODES_LUS, CODES_MONTRES, CODE_COMMUN = 300, 5, 3
IMPORTS_MONTRES = 5


def operations_de(importation: ImportEcritures) -> list[Operation]:
    """The last operations of an import, newest first."""
    if importation.dossier_id is None:
        return []
    lues = (
        Operation.objects.filter(dossier=importation.dossier_id, nature__in=NATURES)
        .filter(parametres__import=importation.pk)
        .select_related("dossier", "guichet", "explication")
    )
    return list(lues.order_by("-id")[:OPERATIONS_MONTREES])


def suivi_arrete(importation: ImportEcritures, operations: list[Operation]) -> Operation | None:
    """The reading of statuses that stopped before the end of an import that Loop still has; None when one goes on."""
    suivis = [operation for operation in operations if operation.nature == SuivreImport.cle]
    if importation.etat not in ImportEcritures.SUIVIS or any(o.etat in NON_REGLEES for o in suivis):
        return None
    return suivis[0] if suivis else None


def posee(importation: ImportEcritures, operations: list[Operation]) -> bool:
    """Whether nothing will move any more by itself."""
    if importation.etat in ImportEcritures.SUIVIS:
        return not any(o.nature == SuivreImport.cle and o.etat in NON_REGLEES for o in operations)
    if importation.etat in (Etat.DEPOT, Etat.ENVOI):
        return bool(importation.operation and importation.operation.etat == EtatOperation.A_VERIFIER)
    return importation.etat != Etat.CONTROLE


def suivi(request: HttpRequest, importation: ImportEcritures) -> dict[str, Any]:
    """The part of the page that follows the import: steps, what Loop said, what a person must do."""
    par: Any = request.user
    operations = operations_de(importation) if par.has_perm("dossiers.view_operation") else []
    suivis = list(importation.suivis.order_by("id")[:SUIVIS_MONTRES])
    arretee = suivi_arrete(importation, operations)
    return {
        "importation": importation,
        "etat": badge_de(importation),
        "etapes": etapes(importation, suivis),
        "suivis": suivis,
        "operations": operations,
        "finie": posee(importation, operations),
        "a_verifier": _a_verifier(importation),
        "suivi_arrete": arretee,
        **_explication(request, importation, arretee),
    }


def _a_verifier(importation: ImportEcritures) -> dict[str, Any] | None:
    operation = importation.operation
    if not importation.a_verifier or operation is None:
        return None
    attend = operation.etat == EtatOperation.A_VERIFIER
    return {
        "operation": operation,
        "adresse": adresse(operation),
        "attend": attend,
        "a_regarder": operation.definition.a_regarder(operation) if attend else "",
    }


def _explication(request: HttpRequest, importation: ImportEcritures, arretee: Operation | None) -> dict[str, Any]:
    """The message that stopped the import, its entry of the catalogue, and the ways out of it."""
    message = importation.message if importation.etat in (Etat.REFUSE, Etat.EN_ERREUR) else ""
    entree: Explication | None = None
    if arretee is not None and arretee.etat == EtatOperation.ECHOUEE:
        message, entree = arretee.message, arretee.explication
    if message and entree is None:
        entree = catalogue.trouver(Explication.Systeme.LOOP, message)
    geste = entree.geste if entree and importation.modifiable else ""
    dossier = importation.dossier
    return {
        "message": message,
        "explication": entree,
        "geste": geste,
        "suspects": chiffres_suspects(importation.siret, dossier) if geste == "corriger_siret" else [],
        "proches": codes_proches(dossier, request.user) if dossier and geste == "actualiser_loophub" else [],
        "adresse_relever": (
            reverse("admin:dossiers_cleapi_relever", args=[dossier.cle_id])
            if dossier and geste == "actualiser_loophub" and request.user.has_perm("dossiers.synchroniser_cleapi")  # type: ignore[union-attr]
            else ""
        ),
    }


def codes_proches(dossier: Dossier, par: Any) -> list[Dossier]:
    """Dossiers of the same key whose code looks like this one: same beginning, then the nearest spellings."""
    debut = dossier.code[: max(CODE_COMMUN, len(dossier.code) // 2)]
    voisins = (
        Dossier.objects.visibles_par(par)
        .en_service()
        .filter(cle=dossier.cle_id, code__istartswith=debut)
        .exclude(pk=dossier.pk)
        .order_by("code")[:CODES_LUS]
    )
    par_code = {voisin.code.upper(): voisin for voisin in voisins}
    proches = difflib.get_close_matches(dossier.code.upper(), par_code, n=CODES_MONTRES, cutoff=0.5)
    return [par_code[code] for code in proches]


def contexte(request: HttpRequest, importation: ImportEcritures) -> dict[str, Any]:
    """The rest of the page: what is sent, the report, the doubles, the link."""
    return {
        "freres": freres(importation),
        "jauge": _jauge(importation),
        "manques": manques(importation),
        "du_depot": ImportEcritures.objects.visibles_par(request.user)  # type: ignore[arg-type]
        .filter(depot=importation.depot)
        .exclude(pk=importation.pk)
        .exists(),
        **rapport(importation),
    }


def freres(importation: ImportEcritures) -> list[tuple[ImportEcritures, str]]:
    """The last imports of the same content into the same dossier, with their state."""
    semblables = ImportEcritures.objects.meme_contenu(importation).select_related("operation", "cree_par")
    lus = semblables.defer("rapport", "url").order_by("-id")[:SEMBLABLES_MONTRES]
    return [(frere, badge_de(frere)) for frere in lus]


def rapport(importation: ImportEcritures) -> dict[str, Any]:
    """The report of the check, ready to be shown."""
    lu = releve.lire(importation)
    return {"importation": importation, "releve": releve.relever(lu) if lu else None}


def manques(importation: ImportEcritures) -> list[str]:
    """What must still be said before sending."""
    if not importation.modifiable:
        return []
    absents = []
    if importation.dossier_id is None:
        absents.append("le dossier")
    if importation.genre == Genre.PERSO and not importation.modele:
        absents.append("le modèle d’import (MODELE)")
    return absents


def _jauge(importation: ImportEcritures) -> dict[str, Any] | None:
    """The lifetime of a link, while it matters."""
    if importation.source != Source.LIEN or importation.etat in SANS_LIEN:
        return None
    lue = jauge(importation.lien_jusqu_au, maintenant=timezone.now())
    return {"jauge": lue, "connue": lue.pourcent is not None}


def section_du_dossier(request: HttpRequest, dossier: Dossier) -> dict[str, Any] | None:
    """The last imports of a dossier and the models they used; None for who may not see them."""
    if not request.user.has_perm("dossiers.view_importecritures"):  # type: ignore[union-attr]
        return None
    imports = dossier.imports_ecritures.select_related("operation", "cree_par").defer("rapport", "url")
    return {
        "imports": [
            (i, badge_de(i), releve.periode(i.periode_debut, i.periode_fin))
            for i in imports.order_by("-id")[:IMPORTS_MONTRES]
        ],
        "modeles": propositions(dossier)["modeles"],
    }
