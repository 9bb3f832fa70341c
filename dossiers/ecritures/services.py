"""The door of imports of entries: receive files or a link, complete them, admit a double, give up.

Each function checks the permission on each object, then the rules, then writes. Sending is a gesture with its plan
(`gestes`); checking a file is a worker's (`verification`).
"""

from __future__ import annotations

import hashlib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import PurePath
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone

from dossiers.ecritures.lien import Lien, LienRefuse, identite, lire_lien
from dossiers.ecritures.natures import SuivreImport
from dossiers.models import Collaborateur, Dossier, Evenement, ImportEcritures, Operation, journaliser
from dossiers.operations.reveil import reveiller_les_controles
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import demander, exiger

AJOUTER, MODIFIER = "dossiers.add_importecritures", "dossiers.change_importecritures"
ADMETTRE = "dossiers.admettre_doublon_importecritures"
Etat, Genre, Source = ImportEcritures.Etat, ImportEcritures.Genre, ImportEcritures.Source
SIREN_DU_NOM = re.compile(r"(?<![0-9])([0-9]{9})-?FEC-?[0-9]{8}(?![0-9])", re.IGNORECASE)
MOTS_DU_NOM = 10
CONTROLES = re.compile(r"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Where entries go, as a person said it: everything but the kind may still be unknown.

    `a_trouver`: whether a file without a dossier may be given one by its name.
    """

    genre: str
    dossier: Dossier | None = None
    modele: str = ""
    siret: str = ""
    a_trouver: bool = True


def nom_lisible(nom: str) -> str:
    """The last part of a file name, without control character, cut to what the column holds."""
    dernier = PurePath(nom.replace("\\", "/")).name
    return CONTROLES.sub("", dernier)[:200] or "fichier"


def rapprocher(nom: str, *, par: Collaborateur) -> Dossier | None:
    """The only dossier in service that a file name designates: by the SIREN of a FEC's, or by a code written in it.

    A FEC is named SIREN + FEC + closing date (LPF, art. A.47 A-1, X).
    """
    visibles = Dossier.objects.visibles_par(par).en_service().order_by("pk")
    if trouve := SIREN_DU_NOM.search(nom):
        du_siren: list[Dossier] = list(visibles.filter(siren=trouve[1])[:2])
        return du_siren[0] if len(du_siren) == 1 else None
    racine = PurePath(nom).stem
    mots = [racine, *filter(None, re.split(r"[\s_.()-]+", racine))][:MOTS_DU_NOM]
    uniques = {dossier.pk: dossier for mot in mots for dossier in visibles.de_code(mot)[:2]}
    return next(iter(uniques.values())) if len(uniques) == 1 else None


def recevoir(
    fichiers: Sequence[UploadedFile[Any]], destination: Destination, *, par: Collaborateur
) -> list[ImportEcritures]:
    """Keep files in the private folder, one import each, and have them checked.

    Without a dossier in `destination`, each file is matched by its name. Raises PermissionDenied.
    """
    exiger(par, AJOUTER)
    _exiger_le_dossier(destination.dossier, par)
    depot = uuid.uuid4()
    recus: list[ImportEcritures] = []
    try:
        for fichier in fichiers:
            nom = nom_lisible(fichier.name or "")
            importation = ImportEcritures(
                depot=depot,
                dossier=destination.dossier or (rapprocher(nom, par=par) if destination.a_trouver else None),
                genre=destination.genre,
                modele=destination.modele,
                siret=destination.siret,
                nom_fichier=nom,
                taille=fichier.size or 0,
                cree_par=par,
            )
            recus.append(importation)
            importation.fichier.save(nom, fichier, save=False)
        with transaction.atomic():
            for importation in recus:
                importation.save()
                _journaliser(importation, f"{importation} : fichier reçu.", par)
            reveiller_les_controles()
    except BaseException:
        # No row names them: nobody would ever erase them.
        for importation in recus:
            importation.fichier.delete(save=False)
        raise
    return recus


def recevoir_un_lien(texte: str, destination: Destination, *, par: Collaborateur) -> ImportEcritures:
    """Record a link that Loop will read itself; this product never opens it.

    Raises PermissionDenied; ActionImpossible for a link that cannot be given to Loop.
    """
    exiger(par, AJOUTER)
    _exiger_le_dossier(destination.dossier, par)
    lien = lire(texte)
    importation = ImportEcritures(
        dossier=destination.dossier,
        genre=destination.genre,
        source=Source.LIEN,
        modele=destination.modele,
        siret=destination.siret,
        url=lien.adresse,
        lien_affiche=lien.affichage,
        lien_jusqu_au=lien.jusqu_au,
        # A link is signed anew each time it is given: what it leads to is the same.
        empreinte=hashlib.sha256(identite(lien.adresse).encode()).hexdigest(),
        etat=Etat.PRET,
        cree_par=par,
    )
    with transaction.atomic():
        importation.save()
        _journaliser(importation, f"{importation} : lien reçu.", par)
    return importation


def lire(texte: str, *, maintenant: datetime | None = None) -> Lien:
    """`lire_lien`, a refusal being told in three parts. Raises ActionImpossible."""
    try:
        return lire_lien(texte, maintenant=maintenant or timezone.now())
    except LienRefuse as refus:
        raise ActionImpossible(refus.constat, refus.cause, refus.remede) from refus


@transaction.atomic
def completer(importation: ImportEcritures, destination: Destination, *, par: Collaborateur) -> ImportEcritures:
    """Say where an import goes, as long as nothing has left. A file whose kind changes is checked again.

    Raises PermissionDenied, ActionImpossible.
    """
    exiger(par, MODIFIER)
    _exiger_le_dossier(destination.dossier, par)
    actuel = _prendre(importation, par)
    if not actuel.modifiable:
        raise ActionImpossible(
            "L’import n’a pas été modifié.",
            f"Il est parti entre-temps : il est « {actuel.get_etat_display()} ».",
            "Suivez-le jusqu’à sa fin ; pour d’autres écritures, faites un nouvel import.",
        )
    a_recontroler = actuel.source == Source.FICHIER and actuel.genre != destination.genre
    actuel.dossier, actuel.genre = destination.dossier, destination.genre
    actuel.modele, actuel.siret, actuel.doublon_admis_par = destination.modele, destination.siret, None
    if actuel.etat == Etat.REFUSE:
        actuel.etat, actuel.fini_le = Etat.PRET, None
    if a_recontroler:
        actuel.etat, actuel.controles, actuel.jeton, actuel.bail_jusqu_au = Etat.CONTROLE, 0, None, None
    actuel.save()
    _journaliser(actuel, f"{actuel} : destination modifiée.", par)
    if a_recontroler:
        reveiller_les_controles()
    return actuel


@transaction.atomic
def admettre_le_doublon(importation: ImportEcritures, *, par: Collaborateur) -> None:
    """Let the same content be sent again to the same dossier. Raises PermissionDenied, ActionImpossible."""
    exiger(par, ADMETTRE)
    actuel = _prendre(importation, par)
    if actuel.etat not in (Etat.PRET, Etat.REFUSE) or not ImportEcritures.objects.meme_contenu(actuel).exists():
        raise ActionImpossible(
            "Rien n’a été changé.",
            "Cet import n’est pas prêt, ou son contenu n’a jamais été envoyé à ce dossier.",
            "Ouvrez son plan d’envoi : il dit ce qui le retient.",
        )
    actuel.doublon_admis_par = par
    actuel.save(update_fields=["doublon_admis_par"])
    _journaliser(actuel, f"{actuel} : nouvel envoi du même contenu admis.", par)


@transaction.atomic
def abandonner(importation: ImportEcritures, *, par: Collaborateur) -> None:
    """Give up an import that has not left; its file is erased later. Raises PermissionDenied, ActionImpossible."""
    exiger(par, MODIFIER)
    actuel = _prendre(importation, par)
    if not actuel.modifiable:
        raise ActionImpossible(
            "L’import n’a pas été abandonné.",
            "Il est déjà parti : Loop a reçu la demande, ou a pu la recevoir.",
            "Annulez son opération si elle est encore en attente ; sinon, suivez-le jusqu’à sa fin.",
        )
    actuel.etat, actuel.fini_le, actuel.jeton, actuel.bail_jusqu_au = Etat.ABANDONNE, timezone.now(), None, None
    actuel.save(update_fields=["etat", "fini_le", "jeton", "bail_jusqu_au"])
    _journaliser(actuel, f"{actuel} : abandonné.", par)


def reprendre_le_suivi(importation: ImportEcritures, *, par: Collaborateur) -> Operation:
    """Read again the status of an import that Loop has not finished. Raises PermissionDenied, ActionImpossible."""
    if importation.etat not in ImportEcritures.SUIVIS or importation.dossier is None:
        raise ActionImpossible(
            "Le suivi n’a pas été repris.", "Cet import n’est pas en cours dans Loop.", "Rechargez la page."
        )
    parametres = {"import": importation.pk, "siret": importation.siret, "modele": importation.modele}
    return demander(SuivreImport.cle, par=par, dossier=importation.dossier, parametres=parametres)


def _exiger_le_dossier(dossier: Dossier | None, par: Collaborateur) -> None:
    if dossier is not None and not Dossier.objects.visibles_par(par).filter(pk=dossier.pk).exists():
        raise PermissionDenied(AJOUTER)


def _prendre(importation: ImportEcritures, par: Collaborateur) -> ImportEcritures:
    verrouilles = ImportEcritures.objects.visibles_par(par).select_for_update(of=("self",))
    actuel: ImportEcritures | None = verrouilles.filter(pk=importation.pk).first()
    if actuel is None:
        raise PermissionDenied(MODIFIER)
    return actuel


def _journaliser(importation: ImportEcritures, texte: str, par: Collaborateur) -> None:
    journaliser(Evenement.Type.MODIFICATION, texte, dossier=importation.dossier, acteur=par)
