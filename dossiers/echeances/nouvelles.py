"""What became of what people asked for: a refused operation, the end of a lot. Read from the journal."""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Count, Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from dossiers.affichage import adresse, pluriel
from dossiers.echeances.avis import annoncer
from dossiers.echeances.registre import Annonce, Nouvelle, chacune, greffer_nouvelle, nouvelles
from dossiers.models import Etat, Evenement, Lot, Operation, Tournee

logger = logging.getLogger(__name__)
#: Lines of a journal read in one turn.
LIMITE = 2_000
#: Lines read again: a number given early may be committed late.
RECUL = 1_000
#: A lot that is not settled by then is told of no more.
ATTENTE_MAX = timedelta(days=30)
#: A line or a lot whose number is given is committed by then.
ECRITURE_MAX = timedelta(hours=1)
EN_COURS = (Etat.EN_ATTENTE, Etat.EN_COURS, Etat.INCERTAINE)
ARRETEES = (Etat.ECHOUEE, Etat.A_VERIFIER)


def annoncer_les_nouvelles() -> int:
    """Tell what happened since the last turn, each kind in a transaction with its position. Returns the notices.

    A kind that cannot be read is written in the log and holds no other back.
    """
    combien = 0
    for nouvelle in nouvelles():
        try:
            combien += _relever(nouvelle)
        except Exception:
            logger.exception("avis %s : relevé interrompu", nouvelle.genre)
    return combien


@transaction.atomic
def _relever(nouvelle: Nouvelle) -> int:
    nom = f"nouvelle:{nouvelle.genre}"
    Tournee.objects.get_or_create(nom=nom)
    tournee = Tournee.objects.select_for_update(skip_locked=True, no_key=True).filter(nom=nom).first()
    if tournee is None:  # another process is at it
        return 0
    annonces, tournee.position = nouvelle.relever(tournee.position)
    tournee.save(update_fields=["position"])
    return annoncer(annonces)


def lire_la_suite(journal: QuerySet[Any], position: dict[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """The lines of a journal since `position`, and the next one; none the first time.

    Parameters
    ----------
    journal:
        Its lines that matter, of any order; numbered by their primary key, dated by `cree_le`. An old one is not
        read again: its notice may have been purged.
    """
    if "vu" not in position:
        dernier = journal.model._default_manager.aggregate(dernier=Max("pk"))["dernier"] or 0
        return [], {"debut": dernier, "vu": dernier}
    debut = max(position["debut"], position["vu"] - RECUL)
    a_lire = Q(pk__gt=position["vu"]) | Q(cree_le__gte=timezone.now() - ECRITURE_MAX)
    lignes = list(journal.filter(a_lire, pk__gt=debut).order_by("pk")[: LIMITE + RECUL])
    return lignes, position | {"vu": max([position["vu"], *(ligne.pk for ligne in lignes)])}


@greffer_nouvelle
class OperationArretee(Nouvelle):
    """An operation asked for by itself was refused, or waits for a person. Never told to who decided so."""

    genre, libelle, icone = "operation", "Opération échouée ou à vérifier", "cancel"
    permission, modele = "dossiers.view_operation", Operation

    def relever(self, position: dict[str, Any]) -> tuple[list[Annonce], dict[str, Any]]:
        journal = (
            Evenement.objects.filter(
                type__in=(Evenement.Type.OPERATION_ECHOUEE, Evenement.Type.OPERATION_A_VERIFIER),
                lot=None,
                operation__demandee_par__isnull=False,
            )
            .exclude(acteur=F("operation__demandee_par"))
            .select_related("operation__dossier")
        )
        lignes, position = lire_la_suite(journal, position)
        return chacune(self.genre, lignes, self._annonce), position

    def _annonce(self, ligne: Evenement) -> Annonce:
        operation: Any = ligne.operation
        return Annonce(
            genre=self.genre,
            objet=operation.pk,
            cle=f"{self.genre}:{ligne.pk}",
            texte=f"{ligne.get_type_display()} : {operation.libelle}.",
            adresse=adresse(operation),
            personnes=frozenset([operation.demandee_par_id]),
        )


@greffer_nouvelle
class LotFini(Nouvelle):
    """A lot is settled and some of its operations were refused or wait for a person: one notice for all of them."""

    genre, libelle, icone = "lot", "Lot fini avec des échecs", "stacks"
    permission, modele = "dossiers.view_lot", Lot

    def relever(self, position: dict[str, Any]) -> tuple[list[Annonce], dict[str, Any]]:
        if "vu" not in position:
            return [], {"vu": Lot.objects.aggregate(dernier=Max("pk"))["dernier"] or 0}
        en_cours = Operation.objects.filter(lot=OuterRef("pk"), etat__in=EN_COURS)
        suivants = Lot.objects.filter(pk__gt=position["vu"]).order_by("pk")
        lots = list(suivants.annotate(court=Exists(en_cours))[:LIMITE])
        arrets = self._arrets([lot.pk for lot in lots if not lot.court])
        finis = [lot for lot in lots if lot.pk in arrets]
        annonces = chacune(self.genre, finis, lambda lot: self._annonce(lot, *arrets[lot.pk]))
        return annonces, {"vu": self._jusqu_ou(lots, position["vu"])}

    def _arrets(self, lots: list[int]) -> dict[int, tuple[int, int]]:
        """How many were refused and how many wait for a person, in the lots that have some."""
        comptes = (
            Operation.objects.filter(lot__in=lots, etat__in=ARRETEES)
            .order_by()
            .values("lot")
            .annotate(echouees=Count("pk", filter=Q(etat=Etat.ECHOUEE)), a_verifier=Count("pk"))
        )
        return {compte["lot"]: (compte["echouees"], compte["a_verifier"] - compte["echouees"]) for compte in comptes}

    def _annonce(self, lot: Lot, echouees: int, a_verifier: int) -> Annonce:
        comptes = [pluriel(echouees, "opération échouée", "opérations échouées")] if echouees else []
        comptes += [pluriel(a_verifier, "opération à vérifier", "opérations à vérifier")] if a_verifier else []
        return Annonce(
            genre=self.genre,
            objet=lot.pk,
            cle=f"{self.genre}:{lot.pk}",
            texte=f"{lot} : {' et '.join(comptes)} sur {lot.total}.",
            adresse=adresse(lot),
            personnes=frozenset([lot.cree_par_id]),
        )

    def _jusqu_ou(self, lots: list[Any], vu: int) -> int:
        """The last lot before the first one to look at again."""
        maintenant = timezone.now()
        for lot in lots:
            age = maintenant - lot.cree_le
            if age < ECRITURE_MAX or (lot.court and age < ATTENTE_MAX):
                break
            vu = lot.pk
        return vu
