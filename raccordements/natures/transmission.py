"""Sending an approved fiche by the channel `api`: claimed by the worker, posted once, read back when unsure."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction

from config.http import ErreurDefinitive, ErreurPassagere
from dossiers.models import Dossier, Guichet, Operation
from dossiers.operations.registre import Constat, enregistrer
from dossiers.services.erreurs import ActionImpossible
from raccordements.chorus.canal import ClientCanal
from raccordements.chorus.contrat import EtatPortail, SuiviFiche
from raccordements.models import Fiche, Version
from raccordements.natures.canal import NatureCanal
from raccordements.natures.fiches import fiche_de, titre, version_de
from raccordements.natures.suivi import lancer_suivis
from raccordements.services.approbation import verifier_empreinte
from raccordements.services.envoi import Canal, abandonner_envoi, noter_envoi, prendre_pour_envoi
from raccordements.services.erreurs import ActionInterdite
from raccordements.services.traces import Type, tracer
from raccordements.services.transmission import fiche_transmise


@enregistrer
class TransmettreFiche(NatureCanal):
    """POST of a version. The worker claims the fiche (`prendre_pour_envoi`), under its own lease, before any socket.

    The claim lasts until the operation is settled, tries and read-backs included: every end lets go of it, by noting
    that the version left or by giving it back. `parametres["prise"]` is the operation that holds it.
    """

    cle = "transmettre_fiche"
    libelle = "Transmettre la fiche"
    permission = "raccordements.envoyer_fiche"
    relisible = True
    relancable = False

    def intitule(self, operation: Operation) -> str:
        return titre(self.libelle, operation)

    def objet(self, guichet: Guichet, dossier: Dossier | None, parametres: dict[str, Any]) -> str:
        return f"canal:{guichet.environnement}:fiche/{parametres['reference']}"

    def appeler(self, client: ClientCanal, operation: Operation) -> SuiviFiche:
        fiche, version = prendre(operation)
        try:
            corps = fiche_transmise(fiche, version)
        except ActionImpossible as refus:
            raise ErreurDefinitive(str(refus)) from refus
        return client.transmettre(corps)

    def relire(self, client: ClientCanal, operation: Operation) -> tuple[Constat, SuiviFiche | None]:
        lu = client.suivre(operation.parametres["reference"])
        recue = lu is not None and lu.etat is not EtatPortail.BROUILLON
        if recue and lu is not None and lu.empreinte == operation.parametres["empreinte"]:
            return Constat.APPLIQUEE, lu
        # Not known, or still with the former hash: our version is not there, and a repeat is judged by the channel.
        return Constat.ABSENTE, None

    def reussir(self, operation: Operation, resultat: SuiviFiche) -> None:
        self._noter(operation, code_appli=resultat.code_appli, numero=resultat.numero)

    def declarer_appliquee(self, operation: Operation) -> None:
        self._noter(operation)

    def echouer(self, operation: Operation) -> None:
        rendre(operation, motif=operation.message or "l’envoi a échoué")

    def annuler(self, operation: Operation) -> None:
        rendre(operation, motif="l’opération a été annulée")

    def message(self, resultat: SuiviFiche) -> str:
        code = f", code appli partenaire {resultat.code_appli}" if resultat.code_appli else ""
        return f"Fiche reçue par le canal sous le n° {resultat.numero or 'non communiqué'}{code}."

    def a_regarder(self, operation: Operation) -> str:
        parametres = operation.parametres
        return (
            f"Regardez, chez le destinataire du canal, si la fiche {parametres['reference']} y est avec l’empreinte "
            f"{parametres['empreinte'][:12]}…"
        )

    def _noter(self, operation: Operation, *, code_appli: str = "", numero: str = "") -> None:
        fiche, version = fiche_de(operation, meme_supprimee=True), version_de(operation)
        details = {"operation": operation.pk, **({"numero": numero} if numero else {})}
        try:
            actuelle = noter_envoi(fiche, version, canal=Canal.API, par=None, code_appli=code_appli, details=details)
        except (ActionInterdite, PermissionDenied):
            # Someone gave the claim back, or deleted the draft, meanwhile: what left is told to whoever looks.
            tracer(
                fiche,
                Type.CONSTAT,
                f"La version {version.numero} est partie, alors que son envoi avait été abandonné ici : comparez la "
                "fiche à celle du destinataire.",
                par=None,
                version=version,
                details=details,
            )
            return
        lancer_suivis([(actuelle, Canal.API)], par=operation.demandee_par)


def prendre(operation: Operation) -> tuple[Fiche, Version]:
    """Claim the fiche for this operation, or go on with the claim it has. Committed before any socket.

    The operation's row is locked first, as its settling does. Raises ErreurDefinitive, and then nothing leaves;
    ErreurPassagere when the lease is not ours any more.
    """
    refus: ActionImpossible | None = None
    with transaction.atomic():
        tenues = Operation.objects.select_for_update(of=("self",), no_key=True)
        tenue = tenues.filter(pk=operation.pk, jeton=operation.jeton).first()
        if tenue is None:
            raise ErreurPassagere("Une autre exécution a repris cette opération.", effet_possible=False)
        fiche = fiche_de(operation)
        try:
            version = _deja_prise(fiche, tenue) or _prendre(fiche, tenue)
        except ActionImpossible as exc:
            # What claiming wrote to say why (a voided approval) is kept.
            refus = exc
    if refus is not None:
        raise ErreurDefinitive(str(refus)) from refus
    return fiche, version


def _prendre(fiche: Fiche, operation: Operation) -> Version:
    if fiche.version_id != operation.parametres["version"]:
        raise ActionImpossible(
            "La fiche n’est pas partie.",
            "Elle a changé depuis la demande d’envoi : ce n’est plus la version qui devait partir.",
            "Relisez-la, faites-la approuver si besoin, puis demandez de nouveau son envoi.",
        )
    version = prendre_pour_envoi(fiche, canal=Canal.API, par=None)
    parametres = operation.parametres | {"prise": operation.pk}
    Operation.objects.filter(pk=operation.pk).update(parametres=parametres)
    return version


def _deja_prise(fiche: Fiche, operation: Operation) -> Version | None:
    """The version this operation holds since a former try, proved again; None when it holds none."""
    return verifier_empreinte(fiche) if _tient(fiche, operation) else None


def _tient(fiche: Fiche, operation: Operation) -> bool:
    parametres = operation.parametres
    return bool(parametres.get("prise") == operation.pk and fiche.version_en_envoi_id == parametres["version"])


def rendre(operation: Operation, *, motif: str) -> None:
    """Give back the claim that an operation holds, if any: its version surely did not leave.

    The row is read again: whoever settles may hold an older copy of it.
    """
    actuelle = Operation.objects.get(pk=operation.pk)
    fiche = Fiche.toutes.filter(pk=actuelle.parametres["fiche"]).select_related("version_en_envoi").first()
    if fiche is None or fiche.version_en_envoi is None or not _tient(fiche, actuelle):
        return
    with suppress(ActionInterdite):
        abandonner_envoi(fiche, fiche.version_en_envoi, motif=motif, par=None)
