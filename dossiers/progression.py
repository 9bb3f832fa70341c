"""Where a lot stands: counts, rate, time left, failures; a bounded number of queries whatever its size."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Max, Q
from django.utils import timezone

from dossiers.affichage import VIDE, heure, pluriel
from dossiers.models import REGLEES, Collaborateur, Etat, Guichet, Lot, Operation

ECHECS_MONTRES = 50
COURANTES_MONTREES = 3
FENETRE = timedelta(minutes=1)
#: Settled operations from which a time left is worth saying.
SIGNIFICATIF = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Progression:
    """A picture of a lot at one instant."""

    total: int
    par_etat: dict[str, int]
    reglees_par_minute: int
    secondes_observees: float
    en_pause: list[tuple[str, datetime]]
    dernier_reglement: datetime | None

    @property
    def reglees(self) -> int:
        return sum(self.par_etat.get(etat, 0) for etat in REGLEES)

    @property
    def a_verifier(self) -> int:
        return self.par_etat.get(Etat.A_VERIFIER, 0)

    @property
    def finie(self) -> bool:
        """Nothing moves any more by itself: all is settled, or waits for a person."""
        return self.reglees + self.a_verifier >= self.total

    @property
    def pourcent(self) -> int:
        return 100 * self.reglees // self.total if self.total else 100

    @property
    def annulables(self) -> int:
        return self.par_etat.get(Etat.EN_ATTENTE, 0)

    @property
    def etats(self) -> list[tuple[str, str, int]]:
        """Every state with its label and count, those without any included: the sum is the total."""
        return [(etat.value, str(etat.label), self.par_etat.get(etat, 0)) for etat in Etat]

    @property
    def debit(self) -> float:
        """Operations settled per second, over the last minute."""
        return self.reglees_par_minute / self.secondes_observees if self.secondes_observees > 0 else 0.0

    @property
    def debit_en_mots(self) -> str:
        return VIDE if self.finie or not self.debit else f"{self.debit:.1f} par seconde".replace(".", ",")

    @property
    def reste_en_mots(self) -> str:
        if self.finie:
            return "Terminé, hors décisions à prendre" if self.a_verifier else "Terminé"
        if self.reglees < SIGNIFICATIF or not self.debit:
            return "Pas encore estimé"
        secondes = round((self.total - self.a_verifier - self.reglees) / self.debit)
        if secondes < 60:
            return f"Environ {pluriel(max(secondes, 1), 'seconde')}"
        if secondes < 3600:
            return f"Environ {pluriel(round(secondes / 60), 'minute')}"
        return f"Environ {secondes // 3600} h {secondes % 3600 // 60:02d}"

    @property
    def annonce(self) -> str:
        """One sentence for screen readers."""
        nombre = self.par_etat.get(Etat.ECHOUEE, 0)
        faits = [f"Terminé : {self.reglees} sur {self.total}." if self.finie else f"{self.reglees} sur {self.total}."]
        if nombre:
            faits.append(f"{pluriel(nombre, 'échec')}.")
        if self.a_verifier:
            faits.append(f"{pluriel(self.a_verifier, 'opération attend', 'opérations attendent')} votre décision.")
        return " ".join(faits)

    @property
    def pauses(self) -> list[str]:
        return [
            f"Les appels de « {nom} » sont en pause jusqu’au {heure(instant)} après des échecs de suite : "
            f"le travail attend, rien n’est perdu."
            for nom, instant in self.en_pause
        ]


def observer(lot: Lot) -> Progression:
    """Count a lot now, in three queries."""
    maintenant = timezone.now()
    debut = maintenant - FENETRE
    comptes = {
        ligne["etat"]: ligne
        for ligne in lot.operations.order_by()
        .values("etat")
        .annotate(nombre=Count("pk"), recentes=Count("pk", filter=Q(terminee_le__gt=debut)), dernier=Max("terminee_le"))
    }
    en_vie = lot.operations.order_by().exclude(etat__in=REGLEES).values("guichet")
    pauses = Guichet.objects.filter(pk__in=en_vie, pause_jusqu_au__gt=maintenant).values_list("nom", "pause_jusqu_au")
    return Progression(
        total=lot.total,
        par_etat={etat: ligne["nombre"] for etat, ligne in comptes.items()},
        reglees_par_minute=sum(ligne["recentes"] for ligne in comptes.values()),
        secondes_observees=min((maintenant - lot.cree_le).total_seconds(), FENETRE.total_seconds()),
        en_pause=[(nom, instant) for nom, instant in pauses if instant],
        dernier_reglement=max((ligne["dernier"] for ligne in comptes.values() if ligne["dernier"]), default=None),
    )


def echecs(lot: Lot, personne: Collaborateur) -> Any:
    """The last failures of a lot that `personne` may see, newest first, with their explanation."""
    echouees = _visibles(lot, personne).filter(etat=Etat.ECHOUEE).select_related("explication", "dossier", "guichet")
    return echouees.order_by("-terminee_le", "-id")[:ECHECS_MONTRES]


def courantes(lot: Lot, personne: Collaborateur) -> Any:
    """What is being sent now."""
    return _visibles(lot, personne).filter(etat=Etat.EN_COURS).order_by("id")[:COURANTES_MONTREES]


def _visibles(lot: Lot, personne: Collaborateur) -> Any:
    return Operation.objects.visibles_par(personne).filter(lot=lot).select_related("dossier", "guichet")
