"""The kinds of operation that read the Chorus Pro API with one account: test, structure, checks before typing."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurDistante
from dossiers.models import Dossier, Guichet, Operation
from dossiers.operations.registre import Journal, Nature, enregistrer
from dossiers.operations.reglement import avec_reprise
from raccordements.chorus.client import DELAI_TEST, ClientChorus
from raccordements.chorus.erreurs import API_NON_ABONNEE, APPLICATION_REFUSEE, COMPTE_REFUSE, JETON_REFUSE
from raccordements.chorus.schemas import Diagnostic, Etape, Etat, StructureConsultee, StructureTrouvee
from raccordements.models import CompteChorus, Structure
from raccordements.natures.fiches import fiche_de, titre
from raccordements.services.structures import etapes_en_json, noter_test, noter_verification
from raccordements.services.traces import Type, tracer

#: Calls of one connection test, at most (ClientChorus.tester).
APPELS_DU_TEST = 7
#: Failures of a step that only other credentials, or rights, take away.
REGLAGES = frozenset({APPLICATION_REFUSEE, JETON_REFUSE, COMPTE_REFUSE, API_NON_ABONNEE})
DANS_CHORUS = "Structure dans Chorus Pro"


class NatureChorus(Nature):
    """A read of the API: a repeat is harmless. Its guichet is that of a CompteChorus."""

    systeme = "chorus"
    ecriture = False
    #: Name of the remote object, from the environment of the account and the parameters.
    partie: str

    def objet(self, guichet: Guichet, dossier: Dossier | None, parametres: dict[str, Any]) -> str:
        return f"chorus:{guichet.environnement}:{self.partie.format(guichet=guichet.pk, **parametres)}"

    def client(self, guichet: Guichet, journal: Journal) -> AbstractContextManager[ClientChorus]:
        return ClientChorus.pour_identifiants(guichet.comptechorus, journal=journal)

    def empechement(self, guichet: Guichet) -> str:
        compte: CompteChorus = guichet.comptechorus
        return str(compte.empechement(timezone.localdate()))


@dataclass(frozen=True, slots=True)
class LectureStructure:
    """What two reads say of a SIRET. `consultee` is None for a structure that the account may not open."""

    trouvees: Sequence[StructureTrouvee]
    trouvee: StructureTrouvee | None
    consultee: StructureConsultee | None


def lire_structure(client: ClientChorus, siret: str) -> LectureStructure:
    """Search a SIRET, then open what was found. Raises the three families."""
    trouvees = client.rechercher_structures(siret=siret)
    trouvee = next((lue for lue in trouvees if lue.identifiant == siret), None)
    consultee = None
    if trouvee is not None:
        try:
            consultee = client.consulter_structure(trouvee.id)
        except ErreurDefinitive:
            # What is answered for a structure out of the account's reach is not documented: found is enough.
            consultee = None
    return LectureStructure(trouvees, trouvee, consultee)


def prolonger_le_bail(operation: Operation) -> None:
    """A connection test makes more calls than a lease is made for."""
    fin = timezone.now() + timedelta(seconds=APPELS_DU_TEST * DELAI_TEST + settings.OPERATIONS["bail"])
    Operation.objects.filter(pk=operation.pk, jeton=operation.jeton).update(bail_jusqu_au=fin)


@enregistrer
class TesterCompteChorus(NatureChorus):
    """« Tester la connexion » in four steps. A test whose steps fail is an operation that fails, with their words."""

    cle = "tester_compte_chorus"
    libelle = "Tester la connexion à Chorus Pro"
    partie = "compte/{guichet}/test"
    permission = "raccordements.tester_comptechorus"

    def empechement(self, guichet: Guichet) -> str:
        """An account said to be over is tried: the answer is the truth."""
        compte: CompteChorus = guichet.comptechorus
        return f"Le compte « {compte.nom} » est archivé." if compte.archive_le else ""

    def appeler(self, client: ClientChorus, operation: Operation) -> Diagnostic:
        prolonger_le_bail(operation)
        diagnostic = client.tester(siret=operation.parametres.get("siret", ""))
        # What was tried is true whatever becomes of the operation, which keeps no result when it fails.
        avec_reprise(lambda: noter_test(_compte(operation), diagnostic))
        if echec := diagnostic.premier_echec:
            famille: type[ErreurDistante] = ErreurDeReglage if echec.code in REGLAGES else ErreurDefinitive
            raise famille(f"{echec.libelle} : {echec.cause}", code=echec.code)
        return diagnostic

    def reussir(self, operation: Operation, resultat: Diagnostic) -> None:
        """Noted as soon as it was done."""

    def echouer(self, operation: Operation) -> None:
        compte = _compte(operation)
        if compte.teste_le is None or compte.teste_le < operation.creee_le:
            # No call could be tried: an address or a secret is missing.
            etape = Etape(cle="reglages", libelle="Réglages", etat=Etat.ECHOUE, cause=operation.message)
            noter_test(compte, Diagnostic((etape,)))

    def message(self, resultat: Diagnostic) -> str:
        faites = [etape.libelle for etape in resultat.etapes if etape.etat is Etat.REUSSI]
        return f"Connexion réussie : {', '.join(faites)}."


@enregistrer
class VerifierStructure(NatureChorus):
    """Search and consult: whether the partner exists, is active, its EDI flags, the end of the technical password."""

    cle = "verifier_structure"
    libelle = "Vérifier la structure"
    partie = "structure/{siret}"
    permission = "raccordements.verifier_structure"

    def intitule(self, operation: Operation) -> str:
        return f"{self.libelle} {operation.parametres['siret']}"

    def appeler(self, client: ClientChorus, operation: Operation) -> LectureStructure:
        return lire_structure(client, operation.parametres["siret"])

    def reussir(self, operation: Operation, resultat: LectureStructure) -> None:
        structure = Structure.objects.get(pk=operation.parametres["structure"])
        noter_verification(structure, trouvees=resultat.trouvees, consultee=resultat.consultee)

    def message(self, resultat: LectureStructure) -> str:
        if resultat.trouvee is None:
            return "Chorus Pro ne connaît pas ce SIRET, ou le compte ne le voit pas."
        return f"Trouvée dans Chorus Pro, statut « {resultat.trouvee.statut or 'non précisé'} »."


@dataclass(frozen=True, slots=True)
class Verification:
    """What the API can say before a fiche is typed on the portal. `structure` is None when it could not be read."""

    etapes: tuple[Etape, ...]
    structure: LectureStructure | None

    @property
    def reussie(self) -> bool:
        return all(etape.etat is not Etat.ECHOUE for etape in self.etapes)


@enregistrer
class VerifierFiche(NatureChorus):
    """Before a hand-over pack: token, account, APIs, attachment, and the structure itself. Done, whatever it finds."""

    cle = "verifier_fiche"
    libelle = "Vérifier avant la saisie la fiche"
    partie = "fiche/{reference}/verification"
    permission = "raccordements.envoyer_fiche"

    def intitule(self, operation: Operation) -> str:
        return titre(self.libelle, operation)

    def appeler(self, client: ClientChorus, operation: Operation) -> Verification:
        prolonger_le_bail(operation)
        siret = operation.parametres["siret"]
        etapes = client.tester(siret=siret).etapes
        try:
            lue = lire_structure(client, siret)
        except ErreurDistante as exc:
            return Verification((*etapes, _structure_illisible(exc)), None)
        return Verification((*etapes, _structure_lue(lue, siret)), lue)

    def reussir(self, operation: Operation, resultat: Verification) -> None:
        fiche = fiche_de(operation, meme_supprimee=True)
        if resultat.structure is not None:
            noter_verification(
                fiche.structure, trouvees=resultat.structure.trouvees, consultee=resultat.structure.consultee
            )
        tracer(
            fiche,
            Type.VERIFICATION,
            self.message(resultat),
            par=operation.demandee_par,
            details={"reussie": resultat.reussie, "etapes": etapes_en_json(resultat.etapes)},
        )

    def message(self, resultat: Verification) -> str:
        a_corriger = [etape.libelle for etape in resultat.etapes if etape.etat is Etat.ECHOUE]
        if a_corriger:
            return f"Vérification dans Chorus Pro : à corriger avant la saisie, {', '.join(a_corriger)}."
        return "Vérification dans Chorus Pro : rien ne s’oppose à la saisie."


def _compte(operation: Operation) -> CompteChorus:
    compte: CompteChorus = CompteChorus.objects.get(guichet=operation.guichet_id)
    return compte


def _structure_lue(lue: LectureStructure, siret: str) -> Etape:
    if lue.trouvee is None:
        return Etape(
            cle="structure",
            libelle=DANS_CHORUS,
            etat=Etat.ECHOUE,
            cause=f"Chorus Pro ne connaît pas le SIRET {siret}, ou le compte ne le voit pas.",
            remede="Vérifiez le numéro et l’environnement de la structure.",
            code="structure_inconnue",
        )
    if not lue.trouvee.active:
        return Etape(
            cle="structure",
            libelle=DANS_CHORUS,
            etat=Etat.ECHOUE,
            cause=f"La structure {siret} est au statut « {lue.trouvee.statut or 'non précisé'} ».",
            remede="Son gestionnaire principal doit la réactiver dans Chorus Pro avant tout raccordement.",
            code="structure_inactive",
        )
    return Etape(cle="structure", libelle=DANS_CHORUS, etat=Etat.REUSSI)


def _structure_illisible(erreur: ErreurDistante) -> Etape:
    return Etape(
        cle="structure",
        libelle=DANS_CHORUS,
        etat=Etat.ECHOUE,
        cause=erreur.message,
        remede="Corrigez les étapes précédentes, puis vérifiez de nouveau.",
        code=erreur.code,
    )
