"""The signed document that proves who starts a subscription, and in what capacity."""

from __future__ import annotations

from datetime import date
from hashlib import sha256

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur, Dossier, Evenement, journaliser
from dossiers.services.operations import exiger
from raccordements.models import Mandat
from raccordements.models.souscription import TAILLE_MANDAT
from raccordements.souscriptions.regles import exiger_dossier

DEPOSER = "raccordements.add_mandat"
#: First bytes of what is accepted. Nothing here opens the document: it is kept, and given back as a download.
_MARQUES = {b"%PDF-": Mandat.Format.PDF, b"\x89PNG\r\n\x1a\n": Mandat.Format.PNG, b"\xff\xd8\xff": Mandat.Format.JPEG}


@transaction.atomic
def deposer_mandat(
    dossier: Dossier,
    *,
    demandeur: str,
    courriel: str,
    qualite: str,
    signe_le: date,
    octets: bytes,
    nom_fichier: str,
    par: Collaborateur,
) -> Mandat:
    """Keep a mandate: PDF, PNG or JPEG, 5 MB at most. Raises PermissionDenied, ActionImpossible, ValidationError."""
    exiger(par, DEPOSER)
    visible = Dossier.objects.visibles_par(par).filter(pk=dossier.pk).first()
    if visible is None:
        raise PermissionDenied(DEPOSER)
    exiger_dossier(visible, "Le mandat n’a pas été déposé.")
    mandat = Mandat(
        dossier=visible,
        demandeur=" ".join(demandeur.split()),
        courriel=courriel.strip(),
        qualite=qualite,
        signe_le=signe_le,
        contenu=octets,
        sha256=sha256(octets).hexdigest(),
        nom_fichier=_nom(nom_fichier),
        format=_format(octets),
        ajoute_par=par,
    )
    if signe_le > timezone.localdate():
        raise ValidationError(
            {"signe_le": "Le mandat serait signé dans l’avenir. Corrigez la date, ou attendez sa signature."}
        )
    mandat.full_clean(exclude={"contenu"}, validate_unique=False, validate_constraints=False)
    mandat.save()
    journaliser(
        Evenement.Type.MODIFICATION,
        f"Mandat du {signe_le:%d/%m/%Y} déposé ({mandat.get_qualite_display().lower()}).",
        dossier=visible,
        acteur=par,
        details={"mandat": mandat.pk, "sha256": mandat.sha256},
    )
    return mandat


def _format(octets: bytes) -> str:
    if len(octets) > TAILLE_MANDAT:
        raise ValidationError(
            {"contenu": "Le document dépasse 5 Mo : il n’a pas été gardé. Numérisez-le en plus petit."}
        )
    for marque, format_ in _MARQUES.items():
        if octets.startswith(marque):
            return format_.value
    raise ValidationError(
        {"contenu": "Ce document n’est ni un PDF, ni une image PNG ou JPEG : choisissez-en un autre."}
    )


def _nom(nom: str) -> str:
    """The last part of a file name, printable."""
    dernier = nom.replace("\\", "/").rsplit("/", 1)[-1]
    return "".join(c for c in dernier if c.isprintable()).strip()[-150:] or "mandat"
