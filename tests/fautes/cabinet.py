"""What one scenario asks of the product: a practice with its keys and dossiers, known to the simulator too."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import connection

from dossiers.models import CleApi, Dossier, Etat, Operation
from dossiers.services import operations as services
from dossiers.services import plans
from interlocuteurs.services.fiches import Fiche, Nouveau, creer_plusieurs
from tests.fabriques import CleApiFactory, CollaborateurFactory, DossierFactory, siren_fictif
from tests.fautes.banc import Banc, EchecBanc, attendre

DOMAINE = "CABINETDEMO"
OFFRES = ("ajouter_offre", "retirer_offre")


class Cabinet:
    """One scenario's practice, with dossiers of its own.

    Parameters
    ----------
    prefixe:
        Start of the codes of its dossiers; one per scenario.
    cles, plafond:
        How many keys, and the calls that each allows at once.
    dossiers:
        How many, dealt among the keys.

    `fins` foretells, by the e-mail of the contact it is about, the state in which an operation ends.
    """

    def __init__(self, banc: Banc, prefixe: str, *, dossiers: int, cles: int = 1, plafond: int = 8) -> None:
        self.banc = banc
        self.personne = CollaborateurFactory(superutilisateur=True)
        self.cles: list[CleApi] = [
            CleApiFactory(prete=True, plafond=plafond, domaine=DOMAINE, nom=f"{prefixe} {rang}") for rang in range(cles)
        ]
        self.dossiers: list[Dossier] = Dossier.objects.bulk_create(
            DossierFactory.build(
                cle=self.cles[rang % cles],
                code=f"{prefixe}{rang:05}",
                object_id=uuid.uuid4(),
                siren=siren_fictif(rang),
            )
            for rang in range(dossiers)
        )
        self.demandees = 0
        self.fins: dict[str, Etat] = {}
        banc.charger(
            cles=[
                {
                    "cle_publique": cle.cle_publique,
                    "client_secret": cle.client_secret,
                    "cle_abonnement": cle.cle_abonnement,
                    "domaine": DOMAINE,
                }
                for cle in self.cles
            ],
            dossiers=[{"codeIbs": d.code, "objectId": str(d.object_id), "domaine": DOMAINE} for d in self.dossiers],
        )

    @property
    def operations(self) -> Any:
        return Operation.objects.filter(guichet__cleapi__in=self.cles)

    def planifier(self, geste: str, dossiers: Sequence[Dossier], **parametres: Any) -> None:
        """Plan and confirm a gesture on dossiers, as the plan page does."""
        plan = plans.preparer(geste, [dossier.pk for dossier in dossiers], parametres, par=self.personne)
        self.demandees += len(plan.a_faire)
        plans.confirmer(plan.sceller(), par=self.personne)

    def corriger(self, dossiers: Iterable[Dossier]) -> None:
        """Ask that Loop take the SIREN of each dossier: each call has an effect of its own, which can be read back."""
        for dossier in dossiers:
            services.demander(
                "corriger_dossier", dossier=dossier, parametres={"siren": dossier.siren}, par=self.personne
            )
            self.demandees += 1

    def creer_interlocuteurs(self, fins: Mapping[str, Etat]) -> None:
        """Create a contact of each e-mail, with its first accès on the first dossier; their ends are foretold."""
        acces = [(self.dossiers[0], "consultation")]
        fiches = [Fiche(email=email, nom="Inventé", prenom="Camille") for email in fins]
        nouveaux = [Nouveau(fiche=fiche, acces=acces) for fiche in fiches]
        creer_plusieurs(nouveaux, cle=self.cles[0], par=self.personne, tout_ou_rien=True)
        self.demandees += len(nouveaux)
        self.fins |= fins

    def etats(self) -> Counter[str]:
        return Counter(self.operations.order_by().values_list("etat", flat=True))

    def attendre_la_fin(self, secondes: float) -> bool:
        """Whether no machine has anything left to do, within `secondes`; the persons' part is done meanwhile."""

        def fini() -> bool:
            self.trancher_les_suites()
            etats = self.etats()
            return not any(etats[etat] for etat in (Etat.EN_ATTENTE, Etat.EN_COURS, Etat.INCERTAINE))

        try:
            attendre(fini, secondes)
        except EchecBanc:
            return False
        return True

    def trancher_les_suites(self) -> None:
        """A person's work: decide, by what Loop Hub shows, of each offer that other operations wait behind."""
        en_attente = self.operations.filter(etat=Etat.EN_ATTENTE).values("objet")
        bloquantes = self.operations.filter(
            etat=Etat.A_VERIFIER, nature__in=OFFRES, objet__in=en_attente
        ).select_related("dossier", "guichet")
        if not bloquantes:
            return
        visibles = self.banc.offres()
        for operation in bloquantes:
            presente = (operation.dossier.code, operation.parametres["offre"]) in visibles
            appliquee = presente == (operation.nature == "ajouter_offre")
            services.trancher(
                operation,
                services.Decision.APPLIQUEE if appliquee else services.Decision.RENVOYER,
                par=self.personne,
                motif="Regardé dans Loop Hub.",
            )

    @staticmethod
    def oublier_la_connexion() -> None:
        """Let go of a connection that a restart of the database has broken."""
        connection.close()
