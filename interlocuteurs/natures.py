"""The kinds of operation on contacts. One in flight per contact, in the order asked: Loop knows it by its address.

What Loop says of a contact is learnt here (`Interlocuteur.presence`, `invitation`, `Acces.constate`), as no public call
reads one.
"""

from __future__ import annotations

import re
from typing import Any

from django.conf import settings
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from config.http import ErreurDefinitive
from dossiers.loop.client import ClientLoop
from dossiers.loop.natures import NatureLoop, code_de
from dossiers.loop.schemas import AccuseInterlocuteur, FicheInterlocuteur
from dossiers.models import Dossier, Guichet, Offre, Operation
from dossiers.operations.registre import Constat, apres_reussite, enregistrer
from dossiers.services.catalogue import normaliser
from interlocuteurs.models import Acces, Interlocuteur

#: Exact texts of the API Cabinet guide (addClient, updateClient).
EMAIL_PRIS = "L'e-mail de cet interlocuteur est déjà associé à un autre interlocuteur"
A_INVITER = "Pour proposer un service à un interlocuteur vous devez d'abord l'inviter sur votre tenant"
INCONNU = "interlocuteur n'existe pas"

Presence, Invitation = Interlocuteur.Presence, Interlocuteur.Invitation


def dit(message: str, phrase: str) -> bool:
    """Whether a message of Loop is this documented sentence, final period and apostrophe aside."""
    return re.fullmatch(rf"{re.escape(phrase)}\.?", normaliser(message), re.IGNORECASE) is not None


def objet_de(interlocuteur: Interlocuteur) -> str:
    """Name of the remote object that a contact is.

    Its primary key stands for its address: one row per address and domain, and no personal data in a technical name.
    """
    return _objet(interlocuteur.environnement, interlocuteur.domaine, interlocuteur.pk)


def _objet(environnement: str, domaine: str, pk: int) -> str:
    return f"loop:{environnement}:{domaine.upper()}:interlocuteur/{pk}"


class NatureInterlocuteur(NatureLoop):
    """What the kinds on contacts share.

    Parameters of an operation: `interlocuteur` (primary key), `email`, `nom`, `prenom`, `offre`, and `voulu_avant` when
    it changes an accès.
    """

    permission = "interlocuteurs.planifier_acces"

    def objet(self, guichet: Guichet, dossier: Dossier | None, parametres: dict[str, Any]) -> str:
        return _objet(guichet.environnement, guichet.cleapi.domaine, parametres["interlocuteur"])

    def intitule(self, operation: Operation) -> str:
        parametres = operation.parametres
        code = operation.dossier.code if operation.dossier else ""
        offre = f" « {Offre.Code(parametres['offre']).label} »" if "voulu_avant" in parametres else ""
        return f"{self.libelle}{offre}{self.lien} {parametres['prenom']} {parametres['nom']} – {code}"

    #: Word between the offer and the person.
    lien = " :"

    def interlocuteur(self, operation: Operation) -> Interlocuteur:
        """The contact, to make a call about it. Raises ErreurDefinitive for one that was anonymised."""
        trouve: Interlocuteur | None = self.ligne(operation).filter(anonymise_le=None).first()
        if trouve is None:
            raise ErreurDefinitive(
                "Rien n’a été envoyé : l’interlocuteur a été anonymisé, son adresse n’est plus connue. "
                "Abandonnez cette opération."
            )
        return trouve

    def present(self, operation: Operation) -> Interlocuteur:
        """The contact, when Loop has it as ours. Raises ErreurDefinitive otherwise: the call would be refused, or would
        reach someone else's contact."""
        interlocuteur = self.interlocuteur(operation)
        if interlocuteur.presence != Presence.PRESENT:
            raise ErreurDefinitive(
                "Rien n’a été envoyé : l’interlocuteur n’est pas encore créé dans Loop. Réglez d’abord sa création, "
                "depuis sa fiche ; ce qui l’attendait repart ensuite."
            )
        return interlocuteur

    def reussir(self, operation: Operation, resultat: AccuseInterlocuteur) -> None:
        self.declarer_appliquee(operation)
        objets = {"interlocuteur": resultat.interlocuteur, "utilisateur": resultat.utilisateur}
        champs = {
            f"{nom}_{suite}": valeur
            for nom, objet in objets.items()
            for suite, valeur in (("object_id", objet.object_id), ("revision_id", objet.revision_id))
            if valeur
        }
        if champs:
            self.ligne(operation).update(**champs)

    def echouer(self, operation: Operation) -> None:
        if dit(operation.message, A_INVITER):
            self.ligne(operation).update(invitation=Invitation.A_INVITER)
        elif dit(operation.message, INCONNU):
            self.ligne(operation).update(presence=Presence.ABSENT)
            Acces.objects.filter(interlocuteur=operation.parametres["interlocuteur"]).update(
                constate=False, constate_le=timezone.now()
            )

    def annuler(self, operation: Operation) -> None:
        avant = operation.parametres.get("voulu_avant")
        plus_tard = Operation.objects.filter(
            objet=operation.objet,
            pk__gt=operation.pk,
            dossier=operation.dossier,
            parametres__offre=operation.parametres["offre"],
            parametres__has_key="voulu_avant",
        )
        if avant is not None and not plus_tard.exists():
            self.acces(operation).update(voulu=avant)

    def ligne(self, operation: Operation) -> Any:
        return Interlocuteur.objects.filter(pk=operation.parametres["interlocuteur"])

    def acces(self, operation: Operation) -> Any:
        return Acces.objects.filter(
            interlocuteur=operation.parametres["interlocuteur"],
            dossier=operation.dossier,
            offre=operation.parametres["offre"],
        )

    def constater(self, operation: Operation, constate: bool) -> None:
        """Loop has the contact, and its accès is there, or is not."""
        self.ligne(operation).update(presence=Presence.PRESENT)
        self.acces(operation).update(constate=constate, constate_le=timezone.now())

    def a_regarder(self, operation: Operation) -> str:
        parametres = operation.parametres
        offre = Offre.Code(parametres["offre"]).label
        return (
            f"Dans Loop, ouvrez le dossier {code_de(operation)}, puis ses interlocuteurs, et regardez si "
            f"{parametres['email']} y a l’offre « Collaboratif TPE – {offre} »."
        )


class NatureFiche(NatureInterlocuteur):
    """A kind that sends the whole record: what was typed when it was asked for (parameter `version`).

    Its read-back is an updateClient of the same values: no public call reads a contact.
    """

    relecture_ecrit = True

    def fiche(self, operation: Operation) -> FicheInterlocuteur:
        noms = ("email", "nom", "prenom", "telephone", "profil", "social", "actif", "emetteur_par_defaut")
        return FicheInterlocuteur(**{nom: operation.parametres[nom] for nom in noms})

    def noter_la_fiche(self, operation: Operation) -> None:
        """Loop has this record; whoever could be written is invited."""
        version = operation.parametres["version"]
        self.ligne(operation).update(
            presence=Presence.PRESENT,
            invitation=Invitation.INVITE,
            invite_le=Coalesce("invite_le", timezone.now()),
            version_envoyee=Greatest(Coalesce("version_envoyee", 0), version),
        )


@enregistrer
class CreerInterlocuteur(NatureFiche):
    """addClient, with the first accès. Its lost answer is settled by an updateClient of the same values when
    LOOP_RELECTURE_INTERLOCUTEUR says so, else by a person: docs/decisions/0009."""

    cle = "creer_interlocuteur"
    libelle = "Créer l’interlocuteur avec l’accès"

    @property
    def relisible(self) -> bool:  # type: ignore[override]
        return bool(settings.LOOP_RELECTURE_INTERLOCUTEUR)

    def appeler(self, client: ClientLoop, operation: Operation) -> AccuseInterlocuteur:
        offre = operation.parametres["offre"]
        if self.interlocuteur(operation).presence == Presence.PRESENT:
            # Created meanwhile, by an operation asked for at another time.
            return client.donner_acces(operation.parametres["email"], code_de(operation), offre)
        return client.ajouter_interlocuteur(self.fiche(operation), code_de(operation), offre)

    def relire(self, client: ClientLoop, operation: Operation) -> tuple[Constat, AccuseInterlocuteur | None]:
        try:
            resultat = client.modifier_interlocuteur(
                self.fiche(operation), code_de(operation), operation.parametres["offre"]
            )
        except ErreurDefinitive as refus:
            if dit(refus.message, INCONNU):
                return Constat.ABSENTE, None
            raise
        return Constat.APPLIQUEE, resultat

    def declarer_appliquee(self, operation: Operation) -> None:
        if self.ligne(operation).exclude(presence=Presence.PRESENT).exists():
            self.noter_la_fiche(operation)
        self.constater(operation, True)

    def echouer(self, operation: Operation) -> None:
        super().echouer(operation)
        if dit(operation.message, EMAIL_PRIS):
            self.ligne(operation).exclude(presence=Presence.PRESENT).update(presence=Presence.AUTRE)

    def message(self, resultat: AccuseInterlocuteur) -> str:
        return resultat.message or "Loop a créé l’interlocuteur et lui a donné l’accès."


@enregistrer
class ModifierInterlocuteur(NatureFiche):
    """updateClient: the whole record, with an accès that the contact already has.

    Sending the same values again is harmless, yet the kind is not `repetable`: a repeat at once could be overtaken by
    the first request, still on its way, landing after a later change. It is repeated after the quarantine, as a
    read-back, while the contact is held.
    """

    cle = "modifier_interlocuteur"
    libelle = "Modifier l’interlocuteur"
    permission = "interlocuteurs.change_interlocuteur"
    relisible = True
    lien = ""

    def appeler(self, client: ClientLoop, operation: Operation) -> AccuseInterlocuteur:
        interlocuteur = self.present(operation)
        if (interlocuteur.version_envoyee or 0) > operation.parametres["version"]:
            raise ErreurDefinitive(
                "Rien n’a été envoyé : une version plus récente de la fiche est déjà dans Loop, celle-ci l’aurait "
                "effacée. Ouvrez l’interlocuteur et modifiez-le de nouveau si besoin."
            )
        return client.modifier_interlocuteur(self.fiche(operation), code_de(operation), operation.parametres["offre"])

    def relire(self, client: ClientLoop, operation: Operation) -> tuple[Constat, AccuseInterlocuteur | None]:
        try:
            return Constat.APPLIQUEE, self.appeler(client, operation)
        except ErreurDefinitive:
            # Refused now: not applied. The next call gets the same refusal, and is explained.
            return Constat.ABSENTE, None

    def declarer_appliquee(self, operation: Operation) -> None:
        self.noter_la_fiche(operation)

    def message(self, resultat: AccuseInterlocuteur) -> str:
        return resultat.message or "Loop a enregistré la fiche."

    def a_regarder(self, operation: Operation) -> str:
        parametres = operation.parametres
        return (
            f"Dans Loop, ouvrez l’interlocuteur {parametres['email']} du dossier {code_de(operation)} et comparez sa "
            "fiche à celle d’ici."
        )


@enregistrer
class DonnerAcces(NatureInterlocuteur):
    """addCollaborativeOffer for an existing contact. No call reads its offers: no read-back."""

    cle = "donner_acces"
    libelle = "Donner l’accès"
    lien = " à"

    def appeler(self, client: ClientLoop, operation: Operation) -> AccuseInterlocuteur:
        interlocuteur = self.present(operation)
        return client.donner_acces(interlocuteur.email, code_de(operation), operation.parametres["offre"])

    def declarer_appliquee(self, operation: Operation) -> None:
        self.constater(operation, True)

    def message(self, resultat: AccuseInterlocuteur) -> str:
        return resultat.message or "Loop a donné l’accès."


@enregistrer
class RetirerAcces(NatureInterlocuteur):
    """removeApplication: one offer of one contact. No call reads its offers: no read-back."""

    cle = "retirer_acces"
    libelle = "Retirer l’accès"
    lien = " à"

    def appeler(self, client: ClientLoop, operation: Operation) -> AccuseInterlocuteur:
        interlocuteur = self.present(operation)
        return client.retirer_application(interlocuteur.email, code_de(operation), operation.parametres["offre"])

    def declarer_appliquee(self, operation: Operation) -> None:
        self.constater(operation, False)

    def message(self, resultat: AccuseInterlocuteur) -> str:
        return resultat.message or "Loop a retiré l’accès."


@apres_reussite("retirer_offre")
def constater_le_retrait_a_tous(operation: Operation) -> None:
    """An offer removed from a dossier is taken away from each of its contacts (simulated so: no public page says it).

    What the practice wants of them is left as it is: the difference shows, and a person decides.
    """
    acces = Acces.objects.filter(dossier=operation.dossier, offre=operation.parametres["offre"])
    acces.exclude(constate=False).update(constate=False, constate_le=timezone.now())
