"""The kinds of operation that write at Cegid OD: the two steps, other connection data, the end."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

from django.utils import timezone

from config.http import ErreurDefinitive, ErreurDeReglage
from dossiers.models import Explication, Guichet, Operation
from dossiers.operations.registre import Constat, enregistrer
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import creer
from raccordements.models import Plateforme, Souscription
from raccordements.natures.od import (
    SANS_APPEL,
    ClientsOD,
    NatureOD,
    lire_ensuite,
    preparer,
    relire_la_ligne,
    sans_appel,
    sans_cle,
    souscription_de,
    tenir,
)
from raccordements.od.client import ClientCabinet
from raccordements.od.erreurs import CONNEXION_REFUSEE
from raccordements.od.schemas import Demandeur, Issue, Qualite, SouscriptionDistante
from raccordements.souscriptions import regles, suivi
from raccordements.souscriptions.concurrence import exiger_libre_la_bas
from raccordements.souscriptions.releve import la_meme, onboarding_chez_od, souscription_chez_od

# Refusals of Cegid OD that mean that the work is done; their codes are ours, as all those of `od.contrat`.
DEJA_ONBOARDEE = "AlreadyOnboarded"
DEJA_FINIE = "SubscriptionEnded"


@dataclass(frozen=True, slots=True)
class Connexion:
    """What an on-boarding gives; `donnees` is a secret."""

    numero: str
    donnees: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Fin:
    """How an end went, and the last day that Cegid OD has; None for what it does not know, or for an on-boarding."""

    issue: Issue
    au: date | None = None


class Renvoyable(NatureOD):
    """Its answer, lost, is asked for again after the quarantine: that is how connection data are read back.

    A request processed late would void what another gave before it, so that two of them never run into each other.
    """

    relisible = True
    relecture_ecrit = True
    constat_ecrit = True

    def declarer_appliquee(self, operation: Operation) -> None:
        """A person cannot copy connection data: the same is asked again, and takes up what is there."""
        suite = preparer(type(self), souscription_de(operation), operation.guichet, demandee_par=operation.demandee_par)
        creer([suite], par=None)


@enregistrer
class OnboarderSouscription(Renvoyable):
    """Step 1: the rights are validated, then the connection data received and sealed."""

    cle = "onboarder_souscription"
    libelle = "Lancer l’on-boarding"
    permission = suivi.COMMENCER

    def appeler(self, client: ClientsOD, operation: Operation) -> Connexion:
        souscription = souscription_de(operation)
        with sans_appel():
            regles.exiger_pret_pour_onboarding(souscription)
            exiger_libre_la_bas(souscription)
        tenir(operation, appels=1)
        with client.cabinet(operation.guichet.cleapi) as cabinet:
            return self._recevoir(cabinet, souscription, self._ouvrir(cabinet, souscription))

    def relire(self, client: ClientsOD, operation: Operation) -> tuple[Constat, Connexion | None]:
        souscription = souscription_de(operation)
        with client.cabinet(operation.guichet.cleapi) as cabinet:
            ouvert = onboarding_chez_od(souscription, cabinet.lire_ligne(souscription.ligne.adresse))
            if ouvert is None:
                return Constat.ABSENTE, None
            return Constat.APPLIQUEE, self._recevoir(cabinet, souscription, ouvert.numero)

    def reussir(self, operation: Operation, resultat: Connexion) -> None:
        self.noter(operation, lambda s: suivi.noter_onboarding(s, numero=resultat.numero, donnees=resultat.donnees))

    def echouer(self, operation: Operation) -> None:
        self.noter(operation, lambda s: suivi.noter_echec_onboarding(s, message=operation.message))

    def annuler(self, operation: Operation) -> None:
        self.noter(operation, lambda s: suivi.noter_echec_onboarding(s, message=""))

    def message(self, resultat: Connexion) -> str:
        return f"On-boarding {resultat.numero} : droits validés, données de connexion reçues et mises sous scellé."

    def a_regarder(self, operation: Operation) -> str:
        return (
            f"Regardez chez Cegid OD si la ligne {operation.parametres['ligne']} est on-boardée pour "
            f"« {operation.parametres['plateforme']} »."
        )

    def _recevoir(self, cabinet: ClientCabinet, souscription: Souscription, numero: str) -> Connexion:
        suivi.noter_droits(souscription, numero=numero)
        return Connexion(numero, cabinet.recevoir_connexion(numero).texte)

    def _ouvrir(self, cabinet: ClientCabinet, souscription: Souscription) -> str:
        """The number of the on-boarding, the one that is there already when there is one."""
        mandat, adresse = souscription.mandat, souscription.ligne.adresse
        if mandat is None:
            raise ErreurDefinitive("Le mandat du client manque : rien n’est parti.", code=SANS_APPEL)
        demandeur = Demandeur(qualite=Qualite(mandat.qualite), nom=mandat.demandeur, email=mandat.courriel)
        try:
            return cabinet.valider_droits(adresse, demandeur, souscription.plateforme.matricule).numero
        except ErreurDefinitive as exc:
            if exc.code != DEJA_ONBOARDEE:
                raise
            ouvert = onboarding_chez_od(souscription, cabinet.lire_ligne(adresse))
            if ouvert is None:
                raise
            return ouvert.numero


@enregistrer
class RenouvelerConnexion(Renvoyable):
    """Other connection data for a line that is on-boarded: those the platform had are void."""

    cle = "renouveler_connexion"
    libelle = "Demander de nouvelles données de connexion"
    permission = suivi.COMMENCER

    def appeler(self, client: ClientsOD, operation: Operation) -> Connexion:
        numero = souscription_de(operation).numero_onboarding
        with client.cabinet(operation.guichet.cleapi) as cabinet:
            return Connexion(numero, cabinet.recevoir_connexion(numero).texte)

    def relire(self, client: ClientsOD, operation: Operation) -> tuple[Constat, Connexion]:
        return Constat.APPLIQUEE, self.appeler(client, operation)

    def reussir(self, operation: Operation, resultat: Connexion) -> None:
        self.noter(operation, lambda s: suivi.noter_nouvelles_donnees(s, donnees=resultat.donnees))

    def echouer(self, operation: Operation) -> None:
        super().echouer(operation)
        lire_ensuite(operation)

    def message(self, resultat: Connexion) -> str:
        return "Nouvelles données de connexion reçues et mises sous scellé ; les précédentes ne valent plus rien."


@enregistrer
class SouscrirePlateforme(NatureOD):
    """Step 2, in the name of the platform. What is there already is taken up, never asked twice."""

    cle = "souscrire_plateforme"
    libelle = "Souscrire chez la plateforme"
    permission = suivi.COMMENCER
    relisible = True
    preuve = "numéro de la souscription chez Cegid OD"

    def empechement(self, guichet: Guichet) -> str:
        plateforme: Plateforme = guichet.plateforme
        return plateforme.empechement()

    def appeler(self, client: ClientsOD, operation: Operation) -> SouscriptionDistante:
        souscription = souscription_de(operation)
        with sans_appel():
            endpoint = suivi.verifier_avant_appel(souscription)
        du = max(souscription.debut, timezone.localdate())
        if souscription.fin is not None and souscription.fin < du:
            raise ErreurDefinitive(
                "La souscription est déjà passée : rien n’est parti. Planifiez-en une autre.", code=SANS_APPEL
            )
        tenir(operation, appels=2)
        with client.plateforme(souscription) as plateforme:
            deja = la_meme(souscription, plateforme.souscriptions())
            return deja or plateforme.souscrire(endpoint, du=du, au=souscription.fin)

    def relire(self, client: ClientsOD, operation: Operation) -> tuple[Constat, SouscriptionDistante | None]:
        souscription = souscription_de(operation)
        trouvee = self._lire(client, operation, souscription)
        return (Constat.APPLIQUEE, trouvee) if trouvee else (Constat.ABSENTE, None)

    def reussir(self, operation: Operation, resultat: SouscriptionDistante) -> None:
        lue = resultat
        self.noter(operation, lambda s: suivi.noter_souscription(s, numero=lue.numero, du=lue.du, au=lue.au))

    def admettre_preuve(self, operation: Operation, texte: str) -> str:
        numero = texte.strip()
        if not numero or len(numero) > 120 or not numero.isprintable():
            raise ActionImpossible(
                "La décision n’a pas été enregistrée.",
                "Sans le numéro de la souscription, sa fin ne pourrait pas être dite à Cegid OD.",
                "Recopiez le numéro que Cegid OD donne à cette souscription.",
            )
        return numero

    def declarer_appliquee(self, operation: Operation) -> None:
        numero = operation.parametres["preuve"]
        self.noter(operation, lambda s: suivi.noter_souscription(s, numero=numero, au=s.fin))

    def echouer(self, operation: Operation) -> None:
        self.noter(operation, lambda s: suivi.noter_echec_souscription(s, message=operation.message))
        lire_ensuite(operation)

    def annuler(self, operation: Operation) -> None:
        self.noter(operation, lambda s: suivi.noter_echec_souscription(s, message=""))

    def message(self, resultat: SouscriptionDistante) -> str:
        return f"Souscription {resultat.numero} notée par Cegid OD."

    def a_regarder(self, operation: Operation) -> str:
        return (
            f"Regardez chez Cegid OD si la ligne {operation.parametres['ligne']} a une souscription de "
            f"« {operation.parametres['plateforme']} » avec cet endpoint, et relevez son numéro."
        )

    def _lire(self, client: ClientsOD, operation: Operation, souscription: Souscription) -> SouscriptionDistante | None:
        """With the platform's access; with the cabinet's when Cegid Account does not know that access any more."""
        try:
            with client.plateforme(souscription) as plateforme:
                return la_meme(souscription, plateforme.souscriptions())
        except ErreurDeReglage as exc:
            if exc.code != CONNEXION_REFUSEE:
                raise
        tenir(operation, appels=1)
        with client.cabinet(souscription.dossier.cle) as cabinet:
            return souscription_chez_od(souscription, cabinet.lire_ligne(souscription.ligne.adresse))


@enregistrer
class RenoncerSouscription(NatureOD):
    """A subscription given up before its first day: with its on-boarding, so that it never routes."""

    cle = "renoncer_souscription"
    libelle = "Renoncer avant le premier jour"
    permission = suivi.TERMINER
    repetable = True

    def appeler(self, client: ClientsOD, operation: Operation) -> Fin:
        souscription = souscription_de(operation)
        with sans_appel():
            regles.exiger_renoncable(souscription)
        with client.cabinet(operation.guichet.cleapi) as cabinet:
            issue = cabinet.annuler_onboarding(souscription.numero_onboarding)
        return Fin(issue, timezone.localdate() if issue is Issue.TERMINEE else None)

    def reussir(self, operation: Operation, resultat: Fin) -> None:
        oubliee = resultat.issue is Issue.OUBLIEE
        self.noter(operation, lambda s: suivi.noter_resiliation(s, oubliee=oubliee, au=resultat.au))

    def declarer_appliquee(self, operation: Operation) -> None:
        self.noter(operation, lambda s: suivi.noter_resiliation(s, oubliee=True))

    def echouer(self, operation: Operation) -> None:
        """A call repeated past midnight may be refused here though the first one was applied: the line is read."""
        self.noter(operation, lambda s: suivi.noter_echec_resiliation(s, message=operation.message))
        if operation.code_erreur == SANS_APPEL:
            relire_la_ligne(operation)
        else:
            lire_ensuite(operation)

    def annuler(self, operation: Operation) -> None:
        self.noter(operation, lambda s: suivi.noter_echec_resiliation(s, message=""))

    def message(self, resultat: Fin) -> str:
        if resultat.issue is Issue.OUBLIEE:
            return "Cegid OD ne la connaissait plus : il n’y avait rien à abandonner."
        return "On-boarding annulé chez Cegid OD : rien ne passera par cette plateforme."


@enregistrer
class ResilierSouscription(NatureOD):
    """The end told to Cegid OD, its last day included; an on-boarding that no subscription followed is given up."""

    cle = "resilier_souscription"
    libelle = "Résilier"
    permission = suivi.TERMINER
    repetable = True

    def empechement(self, guichet: Guichet) -> str:
        if guichet.systeme != Explication.Systeme.OD:
            return super().empechement(guichet)
        # Archived, or without a contract any more: what it has must still be ended.
        return sans_cle(guichet.plateforme)

    def appeler(self, client: ClientsOD, operation: Operation) -> Fin:
        souscription = souscription_de(operation)
        if souscription.souscrite_le is None:
            with client.cabinet(operation.guichet.cleapi) as cabinet:
                return Fin(cabinet.annuler_onboarding(souscription.numero_onboarding))
        aujourd_hui = timezone.localdate()
        au = max(souscription.fin or aujourd_hui, aujourd_hui)
        with client.plateforme(souscription) as plateforme:
            try:
                issue = plateforme.terminer(souscription.numero_distant, au=au)
            except ErreurDefinitive as exc:
                if exc.code != DEJA_FINIE:
                    raise
                tenir(operation, appels=1)
                lues = (s.au for s in plateforme.souscriptions() if s.numero == souscription.numero_distant)
                la_bas = next(lues, None)
                if la_bas is None:
                    raise
                return Fin(Issue.TERMINEE, la_bas)
        return Fin(issue, au if issue is Issue.TERMINEE else None)

    def reussir(self, operation: Operation, resultat: Fin) -> None:
        oubliee = resultat.issue is Issue.OUBLIEE
        self.noter(operation, lambda s: suivi.noter_resiliation(s, oubliee=oubliee, au=resultat.au))

    def declarer_appliquee(self, operation: Operation) -> None:
        self.noter(operation, suivi.noter_resiliation)

    def echouer(self, operation: Operation) -> None:
        self.noter(operation, lambda s: suivi.noter_echec_resiliation(s, message=operation.message))
        lire_ensuite(operation)

    def annuler(self, operation: Operation) -> None:
        self.noter(operation, lambda s: suivi.noter_echec_resiliation(s, message=""))

    def message(self, resultat: Fin) -> str:
        if resultat.issue is Issue.OUBLIEE:
            return "Cegid OD ne la connaissait plus : il n’y avait rien à terminer."
        return f"Fin notée par Cegid OD : dernier jour le {resultat.au:%d/%m/%Y}." if resultat.au else "Fin notée."
