"""The operations of an import of entries: deposit of its file, the request itself, and reading where it stands.

Loop gives no idempotency key: an import whose answer was lost may be in the books. Nothing here ever sends one twice by
itself; only a person who looked in Loop decides (`trancher`).
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import PurePath
from typing import Any, BinaryIO, cast

from django.conf import settings
from django.db.models import F
from django.utils import timezone

from config.http import ErreurDefinitive, ErreurPassagere
from dossiers.ecritures.lien import jauge
from dossiers.loop.client import ClientLoop
from dossiers.loop.natures import NatureLoop, code_de
from dossiers.loop.schemas import IDENTIFIANT_MAX, DemandeImport, Depot, StatutImport
from dossiers.models import Dossier, Evenement, ImportEcritures, Lot, ModeleImport, Operation, SuiviImport
from dossiers.operations.registre import PasEncore, enregistrer
from dossiers.operations.reglement import avec_reprise
from dossiers.services.catalogue import expliquer
from dossiers.services.erreurs import ActionImpossible

Etat, Statut = ImportEcritures.Etat, ImportEcritures.Statut
ETATS = {
    Statut.EN_ATTENTE: Etat.EN_ATTENTE,
    Statut.EN_COURS: Etat.EN_COURS,
    Statut.TERMINE: Etat.TERMINE,
    Statut.EN_ERREUR: Etat.EN_ERREUR,
}
#: A status is read again after this share of the time already waited: seconds at first, minutes later.
PART_DU_TEMPS = 0.25
#: LOOP/EcritureComptableImportURIFichier.html.
EXTENSIONS = (".txt", ".csv", ".tra")


def import_de(operation: Operation) -> ImportEcritures:
    """The import that an operation is about. Raises ErreurDefinitive when it is gone."""
    importation: ImportEcritures | None = ImportEcritures.objects.filter(pk=operation.parametres["import"]).first()
    if importation is None:
        raise ErreurDefinitive("Cet import n’existe plus.")
    return importation


def nom_du_depot(nom: str) -> str:
    """A file name as getFileUrlDeposit takes it: with one of the three extensions its page names."""
    return nom if PurePath(nom).suffix.lower() in EXTENSIONS else f"{PurePath(nom).stem}.txt"


def operation_pour(
    nature: str, importation: ImportEcritures, dossier: Dossier, *, par: Any, lot: Any = None
) -> Operation:
    """An operation of one of these kinds, unsaved."""
    from dossiers.operations.registre import nature as nature_de

    parametres = {"import": importation.pk, "siret": importation.siret, "modele": importation.modele}
    return Operation(
        nature=nature,
        guichet=dossier.cle.guichet,
        dossier=dossier,
        lot=lot,
        demandee_par=par,
        parametres=parametres,
        objet=nature_de(nature).objet(dossier.cle.guichet, dossier, parametres),
    )


class NatureEcritures(NatureLoop):
    """Deposit and request share one object: a dossier's imports leave one after the other."""

    cabinet = False
    relancable = False
    partie = "ecritures"
    permission = "dossiers.envoyer_importecritures"

    def intitule(self, operation: Operation) -> str:
        return f"{super().intitule(operation)} (import n° {operation.parametres['import']})"

    def echouer(self, operation: Operation) -> None:
        ImportEcritures.objects.filter(operation=operation).update(
            etat=Etat.REFUSE, message=operation.message, fini_le=timezone.now()
        )

    def annuler(self, operation: Operation) -> None:
        ImportEcritures.objects.filter(operation=operation).update(etat=Etat.PRET, uri="")


@enregistrer
class DeposerEcritures(NatureEcritures):
    """getFileUrlDeposit, then the PUT of the file. Nothing is imported yet: a second deposit is another blob."""

    cle = "deposer_ecritures"
    libelle = "Déposer le fichier d’écritures"
    repetable = True

    def appeler(self, client: ClientLoop, operation: Operation) -> Depot:
        importation = import_de(operation)
        # A large file takes longer than a lease.
        fin = timezone.now() + timedelta(seconds=settings.LOOP_DEPOT_DELAI + settings.OPERATIONS["bail"])
        Operation.objects.filter(pk=operation.pk, jeton=operation.jeton).update(bail_jusqu_au=fin)
        try:
            fichier = importation.fichier.open("rb")
        except (OSError, ValueError) as exc:
            raise ErreurDefinitive(
                "Le fichier n’est plus dans le dossier privé du cabinet : il a été effacé ou déplacé. "
                "Déposez-le de nouveau dans un nouvel import."
            ) from exc
        with fichier:
            depot = client.demander_depot(nom_du_depot(importation.nom_fichier))
            client.deposer(depot, cast(BinaryIO, fichier), importation.taille or 0)
        return depot

    def reussir(self, operation: Operation, resultat: Depot) -> None:
        from dossiers.services.operations import creer

        importation = ImportEcritures.objects.select_for_update().get(pk=operation.parametres["import"])
        if importation.operation_id != operation.pk or operation.dossier is None:
            return
        importation.uri, importation.etat = resultat.uri, Etat.ENVOI
        suite = operation_pour(
            ImporterEcritures.cle, importation, operation.dossier, par=operation.demandee_par, lot=operation.lot
        )
        importation.operation = creer([suite], par=operation.demandee_par)[0]
        importation.save(update_fields=["uri", "etat", "operation"])
        if operation.lot_id is not None:
            Lot.objects.filter(pk=operation.lot_id).update(total=F("total") + 1)

    def message(self, resultat: Depot) -> str:
        return "Fichier déposé chez Cegid."

    def declarer_appliquee(self, operation: Operation) -> None:
        """Never asked: a deposit is repeatable, so that it is never à vérifier."""


@enregistrer
class ImporterEcritures(NatureEcritures):
    """importPerso or importFEC. Not repeatable, and no documented call finds a request again: a person decides."""

    cle = "importer_ecritures"
    libelle = "Importer les écritures"
    preuve = "accountingImportRequestId"

    def appeler(self, client: ClientLoop, operation: Operation) -> DemandeImport:
        importation = import_de(operation)
        if importation.operation_id != operation.pk or importation.etat != Etat.ENVOI:
            raise ErreurDefinitive("Cet import attend une autre opération : celle-ci n’a rien envoyé.")
        if importation.lien_jusqu_au and not jauge(importation.lien_jusqu_au, maintenant=timezone.now()).suffisant:
            raise ErreurDefinitive(
                "Le lien ne vaut plus les 24 heures que Loop demande : il n’a pas été envoyé. "
                "Donnez un lien plus récent dans un nouvel import."
            )
        recue = client.importer(
            "fec" if importation.genre == ImportEcritures.Genre.FEC else "perso",
            code=code_de(operation),
            url=importation.url or "",
            uri=importation.uri,
            modele=importation.modele,
            siret=importation.siret,
        )
        if autre := ImportEcritures.objects.filter(demande_id=recue.demande_id).first():
            raise ErreurPassagere(
                f"Loop a répondu avec l’accountingImportRequestId {recue.demande_id}, qui est déjà celui de l’import "
                f"n° {autre.pk}.",
                effet_possible=True,
            )
        return recue

    def reussir(self, operation: Operation, resultat: DemandeImport) -> None:
        self._recevoir(operation, resultat.demande_id)

    def message(self, resultat: DemandeImport) -> str:
        return f"Loop a reçu la demande : {resultat.demande_id}."

    def admettre_preuve(self, operation: Operation, texte: str) -> str:
        demande_id = texte.strip()
        constat = "La décision n’a pas été enregistrée."
        if not demande_id or len(demande_id) > IDENTIFIANT_MAX or not demande_id.isprintable():
            raise ActionImpossible(
                constat,
                "Sans son accountingImportRequestId, un import déclaré reçu ne pourrait pas être suivi.",
                "Recopiez l’identifiant que Loop donne à cet import.",
            )
        if autre := ImportEcritures.objects.filter(demande_id=demande_id).first():
            raise ActionImpossible(
                constat,
                f"Cet accountingImportRequestId est déjà celui de l’import n° {autre.pk}.",
                "Retrouvez celui de cet import-ci, ou autorisez un nouvel envoi s’il est absent de Loop.",
            )
        return demande_id

    def declarer_appliquee(self, operation: Operation) -> None:
        self._recevoir(operation, operation.parametres["preuve"])

    def _recevoir(self, operation: Operation, demande_id: str) -> None:
        from dossiers.services.operations import creer

        importation = ImportEcritures.objects.select_for_update().get(pk=operation.parametres["import"])
        importation.demande_id, importation.etat = demande_id, Etat.EN_ATTENTE
        importation.envoye_le, importation.fini_le, importation.message = timezone.now(), None, ""
        importation.save(update_fields=["demande_id", "etat", "envoye_le", "fini_le", "message"])
        if importation.modele and importation.dossier_id:
            ModeleImport.objects.update_or_create(
                dossier_id=importation.dossier_id,
                nom=importation.modele,
                defaults={"employe_le": timezone.now()},
            )
        if operation.dossier is not None:
            suivi = operation_pour(SuivreImport.cle, importation, operation.dossier, par=operation.demandee_par)
            suivi.pas_avant = timezone.now() + timedelta(seconds=settings.ECRITURES["suivi_premier"])
            creer([suivi], par=operation.demandee_par)

    def a_regarder(self, operation: Operation) -> str:
        importation = import_de(operation)
        fichier = f"« {importation.nom_fichier} »" if importation.nom_fichier else "le fichier du lien"
        doute = operation.evenements.filter(type=Evenement.Type.OPERATION_INCERTAINE).order_by("-id").first()
        heure = timezone.localtime(doute.cree_le if doute else operation.creee_le)
        return (
            f"Dans Loop, ouvrez le suivi des imports du dossier {code_de(operation)} et cherchez {fichier}, demandé "
            f"peu avant le {heure:%d/%m/%Y à %H h %M}. S’il y est, recopiez son accountingImportRequestId ; un second "
            "envoi doublerait les écritures."
        )


@enregistrer
class SuivreImport(NatureEcritures):
    """getImportStatus, until it says ended."""

    cle = "suivre_import"
    libelle = "Suivre l’import d’écritures"
    partie = "ecritures/{import}"
    ecriture = False
    relancable = True

    def appeler(self, client: ClientLoop, operation: Operation) -> StatutImport:
        statut = client.statut_import(import_de(operation).demande_id)
        if statut.statut == Statut.EN_ERREUR and statut.message:
            connus = [code_de(operation), *map(str, operation.parametres.values())]
            avec_reprise(lambda: expliquer(self.systeme, statut.message, variables=connus))
        if statut.statut in (Statut.TERMINE, Statut.EN_ERREUR):
            return statut
        attendu = timezone.now() - operation.creee_le
        reglages = settings.ECRITURES
        if attendu > timedelta(days=reglages["suivi_jours"]):
            raise ErreurDefinitive(
                f"Loop n’a pas fini cet import en {reglages['suivi_jours']} jours : son suivi s’arrête. Regardez-le "
                "dans Loop, puis relancez le suivi."
            )
        secondes = attendu.total_seconds() * PART_DU_TEMPS
        raise PasEncore(statut, timedelta(seconds=min(max(secondes, reglages["suivi_premier"]), reglages["suivi_max"])))

    def patienter(self, operation: Operation, resultat: StatutImport) -> None:
        noter_le_statut(operation, resultat)

    def reussir(self, operation: Operation, resultat: StatutImport) -> None:
        noter_le_statut(operation, resultat)

    def echouer(self, operation: Operation) -> None:
        ImportEcritures.objects.filter(pk=operation.parametres["import"]).update(message=operation.message)

    def annuler(self, operation: Operation) -> None:
        """The import goes on in Loop without us; relaunching the operation follows it again."""

    def message(self, resultat: StatutImport) -> str:
        lu = str(Statut(resultat.statut).label) if resultat.statut else f"code inconnu « {resultat.brut} »"
        return f"Import {lu}." + (f" {resultat.message}" if resultat.message else "")


def noter_le_statut(operation: Operation, lu: StatutImport) -> None:
    """Write what getImportStatus said; the history keeps it when it changed. An unknown code is one still running."""
    importation = ImportEcritures.objects.select_for_update().get(pk=operation.parametres["import"])
    maintenant = timezone.now()
    statut = Statut(lu.statut) if lu.statut else None
    if (importation.statut_brut, importation.message) != (lu.brut, lu.message):
        SuiviImport.objects.create(
            importation=importation, lu_le=maintenant, statut=statut, statut_brut=lu.brut, message=lu.message
        )
    importation.statut, importation.statut_brut, importation.message = statut, lu.brut, lu.message
    importation.suivi_le, importation.etat = maintenant, ETATS[statut] if statut else Etat.EN_COURS
    if statut in (Statut.TERMINE, Statut.EN_ERREUR):
        importation.fini_le = maintenant
    importation.save(update_fields=["statut", "statut_brut", "message", "suivi_le", "etat", "fini_le"])
    if statut == Statut.TERMINE and importation.modele:
        ModeleImport.objects.filter(dossier=importation.dossier_id, nom=importation.modele).update(reussi_le=maintenant)
