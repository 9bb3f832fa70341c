"""Sending imports of entries, one or many, through the plan page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.db.models.fields.json import KeyTextTransform
from django.utils import timezone

from dossiers.ecritures.lien import DUREE_MINIMALE
from dossiers.ecritures.natures import DeposerEcritures, ImporterEcritures, operation_pour
from dossiers.models import NON_REGLEES, Collaborateur, Dossier, Etat, ImportEcritures, Lot, Operation
from dossiers.operations.registre import nature as nature_de
from dossiers.services.plans import Geste, Ligne, Verdict, enregistrer
from dossiers.sirene import afficher_siren

Import = ImportEcritures.Etat
#: Remote calls of one import: deposit address, deposit, request; a link only needs the last.
APPELS = {ImportEcritures.Source.FICHIER: 3, ImportEcritures.Source.LIEN: 1}
PREMIERS = 3


@enregistrer
class EnvoyerEcritures(Geste):
    """Deposits what was checked, then asks Loop to import it. What may be in the books already is held back."""

    nom = "envoyer_ecritures"
    libelle = "Envoyer à Loop"
    modele = ImportEcritures
    permission = "dossiers.envoyer_importecritures"

    def selection(self, par: Collaborateur) -> Any:
        return (
            super()
            .selection(par)
            .select_related("dossier__cle__guichet", "operation")
            .annotate(siren_du_nom=KeyTextTransform("siren", "rapport"))
            .defer("rapport", "url", "dossier__cle__client_secret", "dossier__cle__cle_abonnement")
        )

    def verrouiller(self, pks: Sequence[int], parametres: dict[str, Any]) -> None:
        # Two imports of one content must be judged one after the other: their dossiers are what they share.
        dossiers = Dossier.objects.filter(imports_ecritures__in=pks).order_by("pk").values("pk")
        list(Dossier.objects.filter(pk__in=dossiers).order_by("pk").select_for_update(no_key=True).values_list("pk"))
        super().verrouiller(pks, parametres)

    def examiner(self, objets: Sequence[ImportEcritures], parametres: dict[str, Any]) -> list[Ligne]:
        semblables = self._semblables(objets)
        retenues = self._operations_a_verifier(objets)
        vus: dict[tuple[int | None, str], ImportEcritures] = {}
        lignes = []
        for importation in objets:
            freres = semblables.get((importation.dossier_id, importation.empreinte), [])
            freres = [frere for frere in freres if frere.pk != importation.pk]
            contenu = (importation.dossier_id, importation.empreinte)
            jumeau = vus.get(contenu, importation)
            verdict, motif = self.juger(importation, freres, jumeau, retenues)
            if verdict == Verdict.FAIRE:
                vus.setdefault(contenu, importation)
            lignes.append(
                Ligne(
                    pk=importation.pk,
                    libelle=str(importation),
                    verdict=verdict,
                    motif=motif,
                    etat=(
                        importation.etat,
                        importation.dossier_id,
                        importation.genre,
                        importation.modele,
                        importation.siret,
                        importation.empreinte,
                        importation.doublon_admis_par_id,
                        siren_du_nom(importation),
                        importation.dossier.siren if importation.dossier else "",
                        [frere.pk for frere in freres],
                    ),
                    environnement=importation.dossier.cle.environnement if importation.dossier else "",
                    appels=APPELS[ImportEcritures.Source(importation.source)],
                    facturable=bool(importation.dossier and importation.dossier.cle.avancee),
                )
            )
        return lignes

    def juger(
        self,
        importation: ImportEcritures,
        freres: Sequence[ImportEcritures],
        jumeau: ImportEcritures,
        retenues: dict[str, int],
    ) -> tuple[Verdict, str]:
        """The verdict of one import.

        Parameters
        ----------
        freres:
            Imports of the same content for the same dossier that left, or may have.
        jumeau:
            The first line of this plan that leaves with that content, or the import itself.
        retenues:
            Operations à vérifier, by remote object.
        """
        dossier = importation.dossier
        if importation.etat == Import.CONTROLE:
            return Verdict.BLOQUE, "Le contrôle du fichier n’est pas fini : attendez-le, puis refaites le plan."
        if importation.etat == Import.A_CORRIGER:
            return Verdict.BLOQUE, "Le contrôle a trouvé des défauts bloquants : corrigez le fichier et déposez-le."
        if importation.etat == Import.ABANDONNE:
            return Verdict.RIEN, "Cet import est abandonné."
        if importation.etat not in (Import.PRET, Import.REFUSE):
            return Verdict.RIEN, f"Déjà parti : il est « {importation.get_etat_display()} »."
        if dossier is None:
            return Verdict.BLOQUE, "Aucun dossier n’est choisi : ouvrez l’import et choisissez-le."
        if dossier.archive:
            return Verdict.BLOQUE, "Le dossier est archivé : remettez-le en service d’abord."
        if siren_du_nom(importation) and dossier.siren and siren_du_nom(importation) != dossier.siren:
            return Verdict.BLOQUE, (
                f"Le nom du fichier porte le SIREN {afficher_siren(siren_du_nom(importation))}, celui du dossier est "
                f"{afficher_siren(dossier.siren)} : choisissez le bon dossier, ou corrigez le nom du fichier."
            )
        if empechement := dossier.cle.empechement(cabinet=False):
            return Verdict.BLOQUE, empechement
        if importation.genre == ImportEcritures.Genre.PERSO and not importation.modele:
            return Verdict.BLOQUE, "Un import personnalisé nomme son modèle (MODELE) : ouvrez l’import et écrivez-le."
        if importation.source == ImportEcritures.Source.FICHIER and not importation.fichier:
            return Verdict.BLOQUE, "Le fichier a été effacé : déposez-le de nouveau dans un nouvel import."
        if importation.lien_jusqu_au and importation.lien_jusqu_au < timezone.now() + DUREE_MINIMALE:
            return Verdict.BLOQUE, "Le lien ne vaut plus 24 heures : donnez un lien plus récent dans un nouvel import."
        objet = nature_de(ImporterEcritures.cle).objet(dossier.cle.guichet, dossier, {})
        if attente := retenues.get(objet):
            return Verdict.BLOQUE, (
                f"L’opération n° {attente} du même dossier est à vérifier : tranchez-la avant d’envoyer d’autres "
                "écritures."
            )
        if jumeau is not importation and importation.empreinte:
            return Verdict.BLOQUE, f"Même contenu que l’import n° {jumeau.pk} de ce plan : n’en gardez qu’un."
        if freres and importation.doublon_admis_par_id is None:
            return Verdict.BLOQUE, (
                f"Même contenu que {_nommer(freres)} : un second envoi doublerait les écritures. "
                "S’il le faut vraiment, un manager l’admet sur la page de l’import."
            )
        return Verdict.FAIRE, self._motif(importation, freres)

    def _motif(self, importation: ImportEcritures, freres: Sequence[ImportEcritures]) -> str:
        geste = "sera déposé puis importé" if importation.source == ImportEcritures.Source.FICHIER else "sera importé"
        motif = f"Le fichier {geste} dans {importation.dossier}."
        if freres:
            return f"{motif} Attention : même contenu que {_nommer(freres)}, nouvel envoi admis."
        if importation.avertissements:
            return f"{motif} Avertissements du contrôle : {importation.avertissements}."
        return motif

    def _semblables(self, objets: Sequence[ImportEcritures]) -> dict[tuple[int | None, str], list[ImportEcritures]]:
        empreintes = {importation.empreinte for importation in objets if importation.empreinte}
        dossiers = {importation.dossier_id for importation in objets}
        trouves: dict[tuple[int | None, str], list[ImportEcritures]] = {}
        deja = ImportEcritures.objects.filter(
            Q(etat__in=ImportEcritures.PARTIS), dossier__in=dossiers, empreinte__in=empreintes
        ).only("pk", "dossier", "empreinte", "etat", "cree_le", "envoye_le", "nom_fichier", "lien_affiche", "genre")
        for frere in deja.order_by("pk"):
            trouves.setdefault((frere.dossier_id, frere.empreinte), []).append(frere)
        return trouves

    def _operations_a_verifier(self, objets: Sequence[ImportEcritures]) -> dict[str, int]:
        nature = nature_de(ImporterEcritures.cle)
        noms = {nature.objet(o.dossier.cle.guichet, o.dossier, {}) for o in objets if o.dossier is not None}
        a_verifier = Operation.objects.filter(
            objet__in=noms, etat__in=(Etat.INCERTAINE, Etat.A_VERIFIER), nature=nature.cle
        )
        return dict(a_verifier.filter(etat__in=NON_REGLEES).values_list("objet", "pk"))

    def appliquer(
        self,
        objets: Sequence[tuple[ImportEcritures, Ligne]],
        parametres: dict[str, Any],
        *,
        lot: Lot,
        par: Collaborateur,
    ) -> list[Operation]:
        operations = []
        for importation, _ in objets:
            de_fichier = importation.source == ImportEcritures.Source.FICHIER
            nature = DeposerEcritures.cle if de_fichier else ImporterEcritures.cle
            assert importation.dossier is not None  # noqa: S101 - judged so just before
            operations.append(operation_pour(nature, importation, importation.dossier, par=par, lot=lot))
        return operations

    def rattacher(self, operations: Sequence[Operation]) -> None:
        for operation in operations:
            depot = operation.nature == DeposerEcritures.cle
            ImportEcritures.objects.filter(pk=operation.parametres["import"]).update(
                etat=Import.DEPOT if depot else Import.ENVOI, operation=operation, uri="", message="", fini_le=None
            )


def siren_du_nom(importation: ImportEcritures) -> str:
    """The SIREN that the check read in the name of the file, as `selection` brings it; empty without one."""
    return importation.__dict__.get("siren_du_nom") or ""


def _nommer(freres: Sequence[ImportEcritures]) -> str:
    """The earlier imports in one French phrase, the most recent first."""
    derniers = list(reversed(freres))
    noms = [
        f"l’import n° {frere.pk} du {timezone.localtime(frere.envoye_le or frere.cree_le):%d/%m/%Y} "
        f"({frere.get_etat_display().lower()})"
        for frere in derniers[:PREMIERS]
    ]
    autres = len(derniers) - len(noms)
    return ", ".join(noms) + (f" et {autres} autres" if autres else "")
