"""The kinds of operation of Cegid Loop."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.utils import timezone

from config.http import ErreurDefinitive
from dossiers.loop.client import ClientLoop
from dossiers.loop.schemas import Accuse, DossierComplet, DossierLoopHub, EtablissementLoop
from dossiers.models import CleApi, Dossier, Guichet, Offre, Operation
from dossiers.operations.registre import Constat, Journal, Nature, enregistrer


class NatureLoop(Nature):
    """What all kinds of Loop share. `cabinet`: whether the call needs an advanced key (P04454)."""

    systeme = "loop"
    cabinet: ClassVar[bool] = True
    #: Part of the dossier that the call touches; parts do not wait for each other.
    partie = ""

    def objet(self, guichet: Guichet, dossier: Dossier | None, parametres: dict[str, Any]) -> str:
        cle = guichet.cleapi
        code = dossier.code.upper() if dossier else ""
        return f"loop:{cle.environnement}:{cle.domaine.upper()}:{code}/{self.partie.format(**parametres)}"

    def client(self, guichet: Guichet, journal: Journal) -> AbstractContextManager[ClientLoop]:
        return ClientLoop.pour_cle(guichet.cleapi, journal=journal)

    def empechement(self, guichet: Guichet) -> str:
        return guichet.cleapi.empechement(cabinet=self.cabinet)

    def guichet_de(self, operation: Operation) -> Guichet:
        return operation.dossier.cle.guichet if operation.dossier else operation.guichet


def code_de(operation: Operation) -> str:
    """The dossier's code, as Loop gave it. Raises ErreurDefinitive for an operation without dossier."""
    if operation.dossier is None:
        raise ErreurDefinitive("Cette opération demande un dossier.")
    return operation.dossier.code


def offre_de(operation: Operation) -> QuerySet[Offre]:
    """The row of the offer that the operation is about."""
    return Offre.objects.filter(dossier=operation.dossier, code=operation.parametres["offre"])


class NatureOffre(NatureLoop):
    """Adding or removing an offer. No documented call reads the offers of a dossier: no read-back."""

    partie = "offre/{offre}"
    permission = "dossiers.planifier_offre"
    constatee: bool

    def intitule(self, operation: Operation) -> str:
        offre = Offre.Code(operation.parametres["offre"]).label
        return f"{self.libelle} « {offre} » – {operation.dossier.code if operation.dossier else ''}"

    def reussir(self, operation: Operation, resultat: Accuse) -> None:
        self.declarer_appliquee(operation)

    def declarer_appliquee(self, operation: Operation) -> None:
        offre_de(operation).update(constatee=self.constatee, constatee_le=timezone.now())

    def annuler(self, operation: Operation) -> None:
        avant = operation.parametres.get("voulue_avant")
        # By dossier first: the index on `objet` only holds what is not settled.
        du_dossier = Operation.objects.filter(dossier=operation.dossier, pk__gt=operation.pk)
        plus_tard = du_dossier.filter(objet=operation.objet).exists()
        if avant is not None and not plus_tard:
            offre_de(operation).update(voulue=avant)

    def a_regarder(self, operation: Operation) -> str:
        offre = Offre.Code(operation.parametres["offre"]).label
        return (
            f"Dans Loop Hub, ouvrez le dossier {code_de(operation)} et regardez si l’offre "
            f"« Collaboratif TPE – {offre} » y figure."
        )


@enregistrer
class AjouterOffre(NatureOffre):
    cle = "ajouter_offre"
    libelle = "Ajouter l’offre"
    constatee = True

    def appeler(self, client: ClientLoop, operation: Operation) -> Accuse:
        return client.ajouter_offre(
            code_de(operation), operation.parametres["offre"], operation.parametres.get("contact", "")
        )


@enregistrer
class RetirerOffre(NatureOffre):
    cle = "retirer_offre"
    libelle = "Retirer l’offre"
    constatee = False

    def appeler(self, client: ClientLoop, operation: Operation) -> Accuse:
        return client.retirer_offre(code_de(operation), operation.parametres["offre"])


@enregistrer
class Provisionner(NatureLoop):
    """The reply of provisionCompany and a status call are not documented: no read-back."""

    cle = "provisionner"
    libelle = "Provisionner le dossier"
    partie = "societe"
    permission = "dossiers.provisionner_dossier"

    def appeler(self, client: ClientLoop, operation: Operation) -> Accuse:
        return client.provisionner(code_de(operation))

    def reussir(self, operation: Operation, resultat: Accuse) -> None:
        self.declarer_appliquee(operation)

    def declarer_appliquee(self, operation: Operation) -> None:
        dossier = operation.dossier
        if dossier is not None and dossier.statut != Dossier.Statut.OPERATIONNEL:
            dossier.statut = Dossier.Statut.OPERATIONNEL
            dossier.save(update_fields=["statut"])

    def a_regarder(self, operation: Operation) -> str:
        return (
            f"Dans Loop, regardez le statut du dossier {code_de(operation)} : « Opérationnel » veut dire provisionné."
        )


class NatureLoopHub(NatureLoop):
    """The harmless call that lists the dossiers attached to a key."""

    ecriture = False
    cabinet = False

    def objet(self, guichet: Guichet, dossier: Dossier | None, parametres: dict[str, Any]) -> str:
        return f"{super().objet(guichet, dossier, parametres)}/{guichet.cleapi.cle_publique}"

    def appeler(self, client: ClientLoop, operation: Operation) -> list[DossierLoopHub]:
        return client.loophub(operation.cle.domaine)


@enregistrer
class SynchroniserLoopHub(NatureLoopHub):
    cle = "synchroniser_loophub"
    libelle = "Relever LoopHub"
    partie = "loophub"
    permission = "dossiers.synchroniser_cleapi"

    def reussir(self, operation: Operation, resultat: Sequence[DossierLoopHub]) -> None:
        from dossiers.services.reconciliation import relever

        relever(operation, resultat)

    def message(self, resultat: Sequence[DossierLoopHub]) -> str:
        nombre = len(resultat)
        return f"{nombre} dossier{'s' if nombre > 1 else ''} dans LoopHub pour cette clé."


@enregistrer
class TesterCle(NatureLoopHub):
    """LOOPHUB checks both secrets and the activation of the key at once."""

    cle = "tester_cle"
    libelle = "Tester la connexion"
    partie = "test"
    permission = "dossiers.tester_cleapi"

    def empechement(self, guichet: Guichet) -> str:
        """Nothing: what is missing is what the test tells."""
        return ""

    def reussir(self, operation: Operation, resultat: Sequence[DossierLoopHub]) -> None:
        self._noter(operation, reussi=True, message=self.message(resultat))

    def echouer(self, operation: Operation) -> None:
        self._noter(operation, reussi=False, message=operation.message)

    def message(self, resultat: Sequence[DossierLoopHub]) -> str:
        nombre = len(resultat)
        return f"Connexion réussie : {nombre} dossier{'s' if nombre > 1 else ''} accessible{'s' if nombre > 1 else ''}."

    @staticmethod
    def _noter(operation: Operation, *, reussi: bool, message: str) -> None:
        CleApi.objects.filter(guichet=operation.guichet_id).update(
            teste_le=timezone.now(), test_reussi=reussi, test_message=message
        )


@dataclass(frozen=True, slots=True)
class Fiche:
    """A dossier as two reads of Loop give it."""

    complet: DossierComplet
    etablissements: list[EtablissementLoop]


@enregistrer
class ActualiserDossier(NatureLoop):
    cle = "actualiser_dossier"
    libelle = "Actualiser depuis Loop"
    partie = "fiche"
    ecriture = False
    cabinet = False
    permission = "dossiers.actualiser_dossier"

    def appeler(self, client: ClientLoop, operation: Operation) -> Fiche:
        code = code_de(operation)
        return Fiche(client.lire_dossier(code), client.etablissements(code))

    def reussir(self, operation: Operation, resultat: Fiche) -> None:
        from dossiers.services.reconciliation import constater_la_fiche

        constater_la_fiche(operation, resultat.complet, resultat.etablissements)

    def message(self, resultat: Fiche) -> str:
        nombre = len(resultat.etablissements)
        return f"Fiche lue dans Loop : {nombre} établissement{'s' if nombre > 1 else ''}."


@enregistrer
class CorrigerDossier(NatureLoop):
    """PUT DossierComplet under its revisionId: a stale one is refused, and a GET tells what was applied."""

    cle = "corriger_dossier"
    libelle = "Corriger dans Loop"
    partie = "fiche"
    cabinet = False
    relisible = True
    permission = "dossiers.corriger_dossier"

    def appeler(self, client: ClientLoop, operation: Operation) -> DossierComplet:
        lu = client.lire_dossier(code_de(operation))
        return client.modifier_dossier(
            code_de(operation),
            object_id=lu.object_id,
            revision_id=lu.revision_id,
            siren=operation.parametres["siren"],
            forme_juridique=operation.parametres.get("forme_juridique") or lu.forme_juridique,
        )

    def relire(self, client: ClientLoop, operation: Operation) -> tuple[Constat, DossierComplet | None]:
        lu = client.lire_dossier(code_de(operation))
        return (Constat.APPLIQUEE, lu) if lu.siren == operation.parametres["siren"] else (Constat.ABSENTE, None)

    def reussir(self, operation: Operation, resultat: DossierComplet) -> None:
        from dossiers.services.reconciliation import constater_la_correction

        constater_la_correction(operation, resultat)

    def message(self, resultat: DossierComplet) -> str:
        return f"Loop a enregistré le SIREN {resultat.siren}." if resultat.siren else "Loop a vidé le SIREN."

    def a_regarder(self, operation: Operation) -> str:
        siren = operation.parametres["siren"]
        return f"Dans Loop, ouvrez le dossier {code_de(operation)} et comparez son SIREN à {siren}."


@dataclass(frozen=True, slots=True)
class Acces:
    """Whether a login may open a dossier."""

    login: str
    permis: bool


@enregistrer
class VerifierAcces(NatureLoop):
    cle = "verifier_acces"
    libelle = "Vérifier l’accès du maître de dossier"
    partie = "acces/{login}"
    ecriture = False
    permission = "dossiers.actualiser_dossier"

    def appeler(self, client: ClientLoop, operation: Operation) -> Acces:
        login = operation.parametres["login"]
        return Acces(login, client.verifier_acces(operation.cle.domaine, code_de(operation), login))

    def reussir(self, operation: Operation, resultat: Acces) -> None:
        """The answer is the message: nothing to write."""

    def message(self, resultat: Acces) -> str:
        return f"{resultat.login} {'peut' if resultat.permis else 'ne peut pas'} ouvrir ce dossier dans Loop."
