"""What the kinds of operation of Cegid OD share, and those that only read: a line, the subscription key of a platform.

What goes with the cabinet's own key queues at its guichet, the starred requests at the platform's. All that is about
one line is done in the order it was asked, whichever the guichet (`objet`). Connection data go in memory from the
answer to their sealed row: never in an operation, an exchange nor a message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from config.http import ErreurDefinitive, ErreurDistante, ErreurPassagere
from dossiers.models import CleApi, Dossier, Etat, Explication, Guichet, Operation
from dossiers.operations.registre import Journal, Nature, enregistrer
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import creer
from raccordements.chorus.jetons_en_base import JetonsEnBase
from raccordements.models import Plateforme, Souscription
from raccordements.od import contrat
from raccordements.od.client import ClientCabinet, ClientPlateforme
from raccordements.od.erreurs import CONNEXION_REFUSEE, JETON_REFUSE
from raccordements.od.schemas import (
    AccesPlateforme,
    DonneesConnexion,
    Ligne,
    Niveau,
    Sante,
)
from raccordements.souscriptions import remise, suivi
from raccordements.souscriptions.concurrence import nom_de_ligne
from raccordements.souscriptions.endpoints import NomIrresolu
from raccordements.souscriptions.erreurs import EtapeInterdite
from raccordements.souscriptions.etapes import EN_PLACE
from raccordements.souscriptions.releve import (
    Releve,
    Suite,
    comparer,
)
from raccordements.souscriptions.traces import ecrire, tracer, verrouiller

#: Refusals that may mean that Cegid OD has forgotten the line: it is read afterwards.
OUBLIS_POSSIBLES = frozenset({CONNEXION_REFUSEE, contrat.ONBOARDING_INCONNU, contrat.SOUSCRIPTION_INCONNUE})
#: Code of what was refused before any call.
SANS_APPEL = "sans_appel"
#: Codes of the refusals that are about one line among those that a platform serves.
D_UNE_LIGNE = frozenset({SANS_APPEL, CONNEXION_REFUSEE, JETON_REFUSE})
#: Nobody's: the test of a subscription key sends neither connection data nor line, and the client wants both.
_SANS_CONNEXION = DonneesConnexion('{"apiKey":"aucune"}')
_SANS_LIGNE = Ligne(niveau=Niveau.SIREN, siren="000000000")


@dataclass(frozen=True, slots=True)
class ClientsOD:
    """The clients of one loop. Each line has secrets of its own, so that a client is opened for one call."""

    journal: Journal

    def cabinet(self, cle: CleApi) -> ClientCabinet:
        return ClientCabinet.pour_cle(cle, journal=self.journal)

    def plateforme(self, souscription: Souscription) -> ClientPlateforme:
        """Raises ErreurDefinitive without connection data or key."""
        with sans_appel():
            acces = remise.acces(souscription)
        return ClientPlateforme.pour_acces(acces, jetons=JetonsEnBase(), journal=self.journal)

    def cle_de(self, plateforme: Plateforme) -> ClientPlateforme:
        """For the test of its subscription key and nothing else."""
        acces = AccesPlateforme(
            environnement=plateforme.environnement,
            cle_abonnement=plateforme.cle_abonnement,
            connexion=_SANS_CONNEXION,
            ligne=_SANS_LIGNE,
        )
        return ClientPlateforme.pour_acces(acces, jetons=JetonsEnBase(), journal=self.journal)


class ReponsePerdue(ActionImpossible):
    """Cegid OD answered, and what it gave cannot be kept."""

    def __init__(self) -> None:
        super().__init__(
            "La réponse de Cegid OD n’a pas pu être gardée.",
            "La souscription a changé d’état pendant l’appel.",
            "Relisez la ligne, puis redemandez ce qui manque.",
        )


@contextmanager
def sans_appel() -> Iterator[None]:
    """A rule that broke, or a name that does not answer, before anything left: told as the remote's refusals are."""
    try:
        yield
    except ActionImpossible as refus:
        raise ErreurDefinitive(str(refus), code=SANS_APPEL) from refus
    except NomIrresolu as exc:
        raise ErreurPassagere(
            "Le nom du serveur de l’endpoint ne répond pas : il ne peut pas être vérifié. Rien n’est parti ; un nouvel "
            "essai est possible.",
            effet_possible=False,
            code=SANS_APPEL,
        ) from exc


def tenir(operation: Operation, *, appels: int) -> None:
    """Prove the claim, and lengthen its lease for so many calls more. Raises ErreurPassagere when it is not ours."""
    fin = timezone.now() + timedelta(seconds=settings.OPERATIONS["bail"] + appels * settings.OPERATIONS["delai_appel"])
    if not Operation.objects.filter(pk=operation.pk, jeton=operation.jeton).update(bail_jusqu_au=fin):
        raise ErreurPassagere("Une autre exécution a repris cette opération.", effet_possible=False, code=SANS_APPEL)


def souscription_de(operation: Operation) -> Souscription:
    """The subscription an operation is about, as it is now."""
    souscription: Souscription = Souscription.objects.pour_liste().get(pk=operation.parametres["souscription"])
    return souscription


def parametres_de(souscription: Souscription) -> dict[str, Any]:
    """What an operation keeps of its subscription: names only."""
    ligne = souscription.ligne
    return {
        "souscription": souscription.pk,
        "niveau": ligne.niveau,
        "ligne": ligne.identifiant,
        "plateforme": souscription.plateforme.nom,
    }


def preparer(nature: type[NatureOD], souscription: Souscription, guichet: Guichet, **champs: Any) -> Operation:
    """The operation of a kind on a subscription, unsaved."""
    definition, parametres = nature(), parametres_de(souscription)
    return Operation(
        nature=nature.cle,
        guichet=guichet,
        dossier=souscription.dossier,
        parametres=parametres,
        objet=definition.objet(guichet, souscription.dossier, parametres),
        **champs,
    )


class NatureOD(Nature):
    """Something asked about one subscription with the cabinet's key, unless told otherwise."""

    systeme = "od"
    relancable = False

    def intitule(self, operation: Operation) -> str:
        parametres = operation.parametres
        return f"{self.libelle} – {parametres['ligne']}, {parametres['plateforme']}"

    def objet(self, guichet: Guichet, dossier: Dossier | None, parametres: dict[str, Any]) -> str:
        return nom_de_ligne(guichet.environnement, parametres["niveau"], parametres["ligne"])

    def client(self, guichet: Guichet, journal: Journal) -> AbstractContextManager[ClientsOD]:
        return nullcontext(ClientsOD(journal))

    def empechement(self, guichet: Guichet) -> str:
        cle: CleApi = guichet.cleapi
        return cle.empechement(cabinet=False)

    def temoigne(self, guichet: Guichet, erreur: ErreurDistante | None = None) -> bool:
        """Nothing that was refused here, nor what is about one line, says how the platform's access is.

        On the key of a dossier, which Cegid Loop shares, only the quota of its subscription key does
        (docs/decisions/0015).
        """
        if guichet.systeme == Explication.Systeme.OD:
            return erreur is None or erreur.code not in D_UNE_LIGNE
        return getattr(erreur, "attendre", None) is not None

    def noter(self, operation: Operation, ecrire_: Callable[[Souscription], object]) -> None:
        """Write on the subscription, in the settling transaction.

        What it cannot take any more is told in its history, for a person to sort it out. Raises ActionImpossible when
        it is the answer itself: the operation has not succeeded then.
        """
        souscription = souscription_de(operation)
        try:
            ecrire_(souscription)
        except EtapeInterdite as refus:
            if operation.etat == Etat.REUSSIE:
                raise ReponsePerdue from refus
            self._dire_perdue(souscription, operation)

    def echouer(self, operation: Operation) -> None:
        """Tell in the history of the subscription that an answer could not be kept."""
        if operation.message == str(ReponsePerdue()):
            self._dire_perdue(souscription_de(operation), operation)

    def _dire_perdue(self, souscription: Souscription, operation: Operation) -> None:
        tracer(
            souscription,
            f"la réponse à « {self.libelle} » n’a pas pu être notée, l’état a changé : relisez la ligne.",
            par=None,
            operation=operation.pk,
        )


@enregistrer
class LireSouscription(NatureOD):
    """Reads a line with the cabinet's key. What Cegid OD has forgotten, or remembers again, moves; the rest is told."""

    cle = "lire_souscription"
    libelle = "Relire chez Cegid OD"
    permission = suivi.COMMENCER
    ecriture = False
    relancable = True

    def guichet_de(self, operation: Operation) -> Guichet:
        guichet: Guichet = souscription_de(operation).dossier.cle.guichet
        return guichet

    def appeler(self, client: ClientsOD, operation: Operation) -> Releve:
        souscription = souscription_de(operation)
        with client.cabinet(operation.guichet.cleapi) as cabinet:
            return comparer(souscription, cabinet.lire_ligne(souscription.ligne.adresse))

    def reussir(self, operation: Operation, resultat: Releve) -> None:
        match resultat.suite:
            case Suite.OUBLIEE:
                self.noter(operation, lambda s: suivi.noter_oubli(s, message=resultat.texte))
            case Suite.RETROUVEE:
                self.noter(operation, lambda s: suivi.noter_souscription(s, numero=resultat.numero, au=resultat.au))
            case Suite.A_REGARDER:
                actuelle = verrouiller(souscription_de(operation), None)
                if actuelle.message != resultat.texte:
                    ecrire(actuelle, resultat.texte, par=None, message=resultat.texte)
            case Suite.RIEN:
                lues = Souscription.objects.filter(pk=operation.parametres["souscription"], etat__in=EN_PLACE)
                lues.exclude(message="").update(message="")

    def message(self, resultat: Releve) -> str:
        return resultat.texte


@enregistrer
class TesterCleAbonnement(NatureOD):
    """Whether Cegid OD takes a platform's own subscription key; the outcome is the operation itself."""

    cle = "tester_cle_abonnement"
    libelle = "Tester la clé d’abonnement"
    permission = "raccordements.change_plateforme"
    ecriture = False
    relancable = True

    def intitule(self, operation: Operation) -> str:
        return f"{self.libelle} – {operation.guichet.nom}"

    def objet(self, guichet: Guichet, dossier: Dossier | None, parametres: dict[str, Any]) -> str:
        return f"od:{guichet.environnement}:plateforme/{guichet.pk}/test"

    def empechement(self, guichet: Guichet) -> str:
        return sans_cle(guichet.plateforme)

    def appeler(self, client: ClientsOD, operation: Operation) -> Sante:
        with client.cle_de(operation.guichet.plateforme) as plateforme:
            return plateforme.verifier_cle()

    def reussir(self, operation: Operation, resultat: Sante) -> None:
        """Nothing else keeps it."""

    def message(self, resultat: Sante) -> str:
        return f"Cegid OD accepte cette clé d’abonnement (« {resultat.message} »)."


def lire_ensuite(operation: Operation) -> None:
    """After a refusal that may mean that Cegid OD has forgotten the line: ask what it knows of it."""
    if operation.code_erreur in OUBLIS_POSSIBLES:
        relire_la_ligne(operation)


def relire_la_ligne(operation: Operation) -> None:
    """Queue a reading, in the settling transaction, with the cabinet's key; nothing when that key cannot serve."""
    souscription = souscription_de(operation)
    guichet: Guichet = souscription.dossier.cle.guichet
    if LireSouscription().empechement(guichet):
        return
    creer([preparer(LireSouscription, souscription, guichet, demandee_par=operation.demandee_par)], par=None)


def sans_cle(plateforme: Plateforme) -> str:
    """Why its subscription key cannot be sent, in French; empty when it can."""
    if plateforme.cle_abonnement_defini_le:
        return ""
    return (
        f"La clé d’abonnement Cegid Developers de « {plateforme.nom} » n’est pas définie : un administrateur doit la "
        "saisir."
    )
