"""Connection data: sealed when received, shown once to a person who has just authenticated anew, with a signed receipt.

They stay sealed for the machine, which asks Cegid Account for tokens with them, until the end (docs/decisions/0015).
The receipt is signed with SECRET_KEY, its fallbacks included (HMAC-SHA-256).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from dossiers.models import Collaborateur, Evenement
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from raccordements.models import DonneesConnexion, Souscription
from raccordements.od.schemas import AccesPlateforme
from raccordements.od.schemas import DonneesConnexion as DonneesRecues
from raccordements.services.contenu import canonique
from raccordements.souscriptions.reauthentification import Preuve
from raccordements.souscriptions.traces import tracer, verrouiller

REVELER = "raccordements.reveler_donneesconnexion"
#: How long a proof of identity is good for.
VALIDITE_PREUVE = timedelta(minutes=5)
_SEL = "raccordements.souscriptions.accuse"
_CONSTAT = "Les données de connexion n’ont pas été révélées."


@dataclass(frozen=True, slots=True, kw_only=True)
class Revelation:
    """The connection data in clear, for one page, and the receipt that says they were given."""

    donnees: str = field(repr=False)
    accuse: Mapping[str, Any]
    signature: str


def garder(souscription: Souscription, donnees: str) -> DonneesConnexion:
    """Seal connection data just received; those of an earlier on-boarding are erased. In the caller's transaction."""
    effacer(souscription)
    return DonneesConnexion.objects.create(
        souscription=souscription, contenu=donnees, empreinte=sha256(donnees.encode()).hexdigest()
    )


def effacer(souscription: Souscription) -> None:
    """Erase the connection data of a subscription; their fingerprint and their receipt stay."""
    DonneesConnexion.objects.vives().filter(souscription=souscription).update(contenu=None, effacees_le=timezone.now())


def reveler(
    souscription: Souscription,
    *,
    par: Collaborateur,
    preuve: Preuve,
    remises_a: str,
    maintenant: datetime | None = None,
) -> Revelation:
    """Show the connection data, the one time that they may be, and sign the receipt.

    Parameters
    ----------
    preuve:
        That `par` has authenticated anew, from `reauthentification.reauthentifier`.
    remises_a:
        Who receives them at the platform; written on the receipt.

    Raises PermissionDenied (no permission, not visible, proof of another person or too old); ActionImpossible when they
    were revealed already or are not there.
    """
    exiger(par, REVELER)
    maintenant = maintenant or timezone.now()
    if preuve.personne != par.pk or not timedelta() <= maintenant - preuve.faite_le <= VALIDITE_PREUVE:
        raise PermissionDenied(REVELER)
    destinataire = " ".join(remises_a.split())[:150]
    if not destinataire:
        raise ActionImpossible(
            _CONSTAT,
            "L’accusé de remise nomme la personne qui les reçoit.",
            "Écrivez à qui vous les remettez chez la plateforme.",
        )
    with transaction.atomic():
        actuelle = verrouiller(souscription, par)
        donnees: DonneesConnexion | None = (
            DonneesConnexion.objects.vives().filter(souscription=actuelle).select_for_update(no_key=True).first()
        )
        if donnees is None or donnees.contenu is None:
            raise ActionImpossible(
                _CONSTAT,
                "Cette souscription n’en a pas, ou elles sont effacées.",
                "Lancez l’on-boarding, ou recommencez-le si Cegid OD a oublié la ligne.",
            )
        if donnees.revelees_le is not None:
            raise ActionImpossible(
                _CONSTAT,
                f"Elles l’ont déjà été, le {timezone.localtime(donnees.revelees_le):%d/%m/%Y}, une fois pour toutes.",
                "Demandez-les à la personne nommée sur l’accusé. Si elles sont perdues, demandez-en de nouvelles à "
                "Cegid OD : celles-ci ne vaudront plus rien.",
            )
        accuse = {
            "souscription": str(actuelle.reference),
            "ligne": actuelle.ligne.identifiant,
            "plateforme": actuelle.plateforme.matricule,
            "empreinte": donnees.empreinte,
            "revelees_par": par.get_username(),
            "revelees_le": maintenant.isoformat(),
            "remises_a": destinataire,
        }
        donnees.revelees_le, donnees.revelees_par = maintenant, par
        donnees.accuse, donnees.signature = accuse, _signer(accuse, settings.SECRET_KEY)
        donnees.save(update_fields=["revelees_le", "revelees_par", "accuse", "signature"])
        tracer(
            actuelle,
            f"données de connexion révélées, remises à {destinataire}.",
            par=par,
            type_=Evenement.Type.SECRET,
            empreinte=donnees.empreinte,
        )
    return Revelation(donnees=donnees.contenu, accuse=accuse, signature=donnees.signature)


def accuse_valide(donnees: DonneesConnexion) -> bool:
    """Whether the receipt is the one that was signed here, for these data."""
    if not donnees.accuse or donnees.accuse.get("empreinte") != donnees.empreinte:
        return False
    cles = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return any(constant_time_compare(donnees.signature, _signer(donnees.accuse, cle)) for cle in cles)


def acces(souscription: Souscription) -> AccesPlateforme:
    """What the worker calls Cegid OD with for the platform. Raises ActionImpossible when a part is missing."""
    actuelle = Souscription.objects.select_related("ligne", "plateforme").get(pk=souscription.pk)
    donnees: DonneesConnexion | None = DonneesConnexion.objects.vives().filter(souscription=actuelle).first()
    if donnees is None or donnees.contenu is None or not actuelle.plateforme.cle_abonnement:
        raise ActionImpossible(
            "Cegid OD n’a pas été appelé.",
            "Il manque les données de connexion de la ligne, ou la clé d’abonnement de la plateforme.",
            "Faites l’on-boarding, et faites saisir la clé par un administrateur.",
        )
    return AccesPlateforme(
        environnement=actuelle.environnement,
        cle_abonnement=actuelle.plateforme.cle_abonnement,
        connexion=DonneesRecues(donnees.contenu),
        ligne=actuelle.ligne.adresse,
    )


def _signer(accuse: Mapping[str, Any], cle: str | bytes) -> str:
    return salted_hmac(_SEL, canonique(accuse), secret=cle, algorithm="sha256").hexdigest()
