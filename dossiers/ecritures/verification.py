"""Checking the files that wait, one at a time per place, in a process of its own; the row says who holds it."""

from __future__ import annotations

import uuid
from datetime import timedelta

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from dossiers.ecritures.controle import controler
from dossiers.ecritures.rapport import Rapport
from dossiers.models import ImportEcritures

Etat = ImportEcritures.Etat
#: A check that took its worker with it this many times is not tried again.
CONTROLES_MAX = 3
PAQUET = 100
#: Their file is still to be read.
ATTENDUS = (Etat.CONTROLE, Etat.DEPOT)
_UN_A_LA_FOIS = "SELECT pg_advisory_xact_lock(hashtext('ecritures.verification'))"


def places_libres() -> int:
    """How many checks may start now and have a file to check."""
    en_cours = ImportEcritures.objects.filter(etat=Etat.CONTROLE, bail_jusqu_au__gte=timezone.now()).count()
    places = max(settings.ECRITURES["controles"] - en_cours, 0)
    return len(ImportEcritures.objects.a_controler().values_list("pk")[:places])


def controler_le_suivant() -> bool:
    """Check the oldest file that waits. Returns whether another waits."""
    importation = _prendre()
    if importation is None:
        return False
    if importation.controles > CONTROLES_MAX:
        rapport = Rapport.refuse(
            "controle_interrompu",
            "Le contrôle du fichier n’a pas abouti : le processus qui le faisait s’est arrêté plusieurs fois. "
            "Déposez le fichier de nouveau ; si cela se répète, prévenez un administrateur.",
            genre=importation.genre,
        )
    else:
        rapport = controler(importation.fichier.path, importation.genre, importation.nom_fichier)
    _noter(importation, rapport)
    return ImportEcritures.objects.a_controler().exists()


def _prendre() -> ImportEcritures | None:
    maintenant = timezone.now()
    with transaction.atomic():
        with connection.cursor() as curseur:
            curseur.execute(_UN_A_LA_FOIS)
        if not places_libres():
            return None
        importation: ImportEcritures | None = (
            ImportEcritures.objects.a_controler().order_by("pk").select_for_update(skip_locked=True).first()
        )
        if importation is None:
            return None
        importation.jeton, importation.controles = uuid.uuid4(), importation.controles + 1
        importation.bail_jusqu_au = maintenant + timedelta(seconds=2 * settings.ECRITURES["secondes"] + 60)
        importation.save(update_fields=["jeton", "controles", "bail_jusqu_au"])
    return importation


def _noter(importation: ImportEcritures, rapport: Rapport) -> bool:
    """Write a report under the token of the check; a kind changed meanwhile has its own check to come."""
    return bool(
        ImportEcritures.objects.filter(
            pk=importation.pk, jeton=importation.jeton, genre=importation.genre, etat=Etat.CONTROLE
        ).update(
            etat=Etat.PRET if rapport.envoyable else Etat.A_CORRIGER,
            jeton=None,
            bail_jusqu_au=None,
            rapport=rapport.en_dict(),
            empreinte=rapport.empreinte,
            lignes=rapport.lignes,
            bloquants=rapport.bloquants,
            avertissements=rapport.avertissements,
            periode_debut=rapport.debut,
            periode_fin=rapport.fin,
        )
    )


def effacer_les_anciens() -> int:
    """Erase the files that no sending waits for any more, after ECRITURES_CONSERVATION_JOURS; row and report stay.

    The days count from the end of the import, or from its arrival when it was left there.
    """
    limite = timezone.now() - timedelta(days=settings.ECRITURES["conservation"])
    finis = Q(fini_le__lt=limite) | Q(fini_le=None)
    anciens = ImportEcritures.objects.filter(finis, cree_le__lt=limite, fichier__gt="").exclude(etat__in=ATTENDUS)
    nombre = 0
    for importation in anciens.order_by("cree_le")[:PAQUET]:
        importation.fichier.delete(save=False)
        importation.efface_le = timezone.now()
        importation.save(update_fields=["fichier", "efface_le"])
        nombre += 1
    return nombre
