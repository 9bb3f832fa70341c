"""A backup is made while operations leave, more leave, then that older backup is restored: nothing is sent twice.

The person of the scenario reads in Loop, that is in what the simulator counted, whether each effect is there.
"""

from __future__ import annotations

import contextlib
import io
import time
from collections import Counter
from collections.abc import Callable

from django.core.management import CommandError, call_command

from dossiers.models import Etat, Evenement, Operation
from dossiers.services import operations as services
from dossiers.supervision import epoque
from tests.fautes.banc import Banc, EchecBanc, attendre, tuer
from tests.fautes.bilan import Bilan, dresser, reference
from tests.fautes.cabinet import Cabinet

DOSSIERS = 150
#: Seconds; the silence of the bench's processes is 3.
DELAI, APRES_SILENCE = 90.0, 4.0
LATENCE = {"type": "latence", "secondes": 0.15, "fois": -1}
EN_PLAN = (Etat.EN_ATTENTE, Etat.EN_COURS, Etat.INCERTAINE)


class Restauration:
    """One rehearsal; `sans` leaves the command out and lets the workers work all the same."""

    def __init__(self, banc: Banc, *, sans: bool, ecrire: Callable[[str], object]) -> None:
        self.banc, self.sans, self.ecrire = banc, sans, ecrire
        self.cabinet = Cabinet(banc, "RESTOSANS" if sans else "RESTO", dossiers=DOSSIERS, cles=2, plafond=6)
        self.debut = time.monotonic()
        self.vu: dict[str, int] = {}

    def jouer(self) -> Bilan:
        """Ask, back up, let leave, restore, set apart, settle; then compare what Loop applied with what was asked."""
        self.banc.pannes(LATENCE)
        self._demander()
        sauvegarde = self._travailler_et_sauvegarder()
        self._restaurer(sauvegarde)
        if not self.sans:
            self._rien_ne_part()
            self._mettre_en_doute()
        self._finir()
        self.banc.pannes()
        return dresser(self.cabinet)

    def _demander(self) -> None:
        """Offers that only a person can look for, corrections that are read back, and three operations on one offer."""
        cabinet = self.cabinet
        cabinet.planifier("ajouter_offre", cabinet.dossiers, offre="start")
        cabinet.corriger(cabinet.dossiers[:100])
        for geste in ("ajouter_offre", "retirer_offre", "ajouter_offre"):
            cabinet.planifier(geste, cabinet.dossiers[100:120], offre="co-production")
        self._dire("opérations demandées", cabinet.demandees)

    def _travailler_et_sauvegarder(self) -> str:
        with self.banc.horloge(), self.banc.executant() as executant:
            attendre(lambda: self._regles() >= self.cabinet.demandees // 6, DELAI, executant.dernieres_lignes)
            sauvegarde = self._commande("sauvegarder", str(self.banc.racine / "sauvegardes")).strip()
            partis = self._appliques()
            self._dire("réglées au moment de la sauvegarde, ou peu après", self._regles())
            attendre(
                lambda: self._appliques() >= partis + self.cabinet.demandees // 3, DELAI, executant.dernieres_lignes
            )
            tuer(executant)
        self._dire("effets chez Loop quand la base est perdue", self._appliques())
        return sauvegarde

    def _restaurer(self, sauvegarde: str) -> None:
        time.sleep(APRES_SILENCE)
        self._commande("restaurer", sauvegarde, ecraser=True)
        self._dire("réglées dans la base restaurée", self._regles())

    def _rien_ne_part(self) -> None:
        """Workers started too early do nothing."""
        avant = self._appels()
        if epoque.est_ouverte():
            raise EchecBanc("La base restaurée ne sait pas qu’elle l’est.")
        with self.banc.horloge(), self.banc.executant():
            time.sleep(APRES_SILENCE)
        self._dire("appels partis de la base restaurée avant la commande", self._appels() - avant)

    def _mettre_en_doute(self) -> None:
        dit = self._commande("apres_restauration", sauvegarde_du=self._instant())
        self.ecrire("\n".join(f"           {ligne.strip()}" for ligne in dit.splitlines()[:4]))

    def _finir(self) -> None:
        sans = "restauration" if self.sans else ""
        with self.banc.horloge(), self.banc.executant(sans=sans):
            limite = time.monotonic() + DELAI
            while self._en_plan() and time.monotonic() < limite:
                self._decider()
                time.sleep(0.5)
        doutees = Evenement.objects.filter(operation__in=self.cabinet.operations)
        self._dire("relues chez Loop", sum(self.cabinet.operations.values_list("relectures", flat=True)))
        self._dire(
            "décidées par une personne", doutees.filter(acteur=self.cabinet.personne, texte__contains="Lu").count()
        )

    def _decider(self) -> None:
        """A person's work: an effect is there as often as Loop shows it, the earliest operations first."""
        a_voir = self.cabinet.operations.filter(etat=Etat.A_VERIFIER).select_related("dossier", "guichet")
        appliques = self._references()
        for operation in a_voir.order_by("id"):
            lieu = reference(operation)
            dites = sum(
                reference(autre) == lieu
                for autre in self.cabinet.operations.filter(etat=Etat.REUSSIE, objet=operation.objet).select_related(
                    "dossier"
                )
            )
            vue = lieu is not None and appliques[lieu] > dites
            decision = services.Decision.APPLIQUEE if vue else services.Decision.RENVOYER
            services.trancher(operation, decision, par=self.cabinet.personne, motif="Lu dans Loop.")

    # --- what is counted -----------------------------------------------------------------------------------------

    def _regles(self) -> int:
        etats = self.cabinet.etats()
        return sum(etats[etat] for etat in (Etat.REUSSIE, Etat.ECHOUEE, Etat.ANNULEE))

    def _en_plan(self) -> bool:
        etats = self.cabinet.etats()
        return any(etats[etat] for etat in (*EN_PLAN, Etat.A_VERIFIER))

    def _references(self) -> Counter[tuple[str, str]]:
        comptes = self.banc.compte()["appliques"]
        return Counter({(lieu, nom): n for lieu, noms in comptes.items() for nom, n in noms.items()})

    def _appliques(self) -> int:
        return sum(n for (_, nom), n in self._references().items() if self._est_a_nous(nom))

    def _est_a_nous(self, nom: str) -> bool:
        debut = nom.partition(":")[0]
        return any(debut in {dossier.code, str(dossier.object_id)} for dossier in self.cabinet.dossiers)

    def _appels(self) -> int:
        return sum(self.banc.compte()["appels"].values())

    def _instant(self) -> str:
        return str(Operation.objects.latest("creee_le").creee_le.isoformat())

    def _commande(self, nom: str, *arguments: str, **options: object) -> str:
        sortie = io.StringIO()
        try:
            call_command(nom, *arguments, stdout=sortie, stderr=io.StringIO(), **options)
        except CommandError as exc:
            raise EchecBanc(f"manage.py {nom} : {exc}") from exc
        return sortie.getvalue()

    def _dire(self, quoi: str, combien: int) -> None:
        self.vu[quoi] = combien
        self.ecrire(f"  {time.monotonic() - self.debut:5.0f} s  {combien:>5}  {quoi}")


def repeter(banc: Banc, ecrire: Callable[[str], object]) -> bool:
    """With the command, then without. Returns whether nothing was applied twice with it, and something without."""
    ecrire("\nRestauration d’une sauvegarde plus ancienne :")
    avec = Restauration(banc, sans=False, ecrire=ecrire)
    bilan = avec.jouer()
    ecrire(f"  vu : {bilan.vu} ; {bilan.demandees} demandées, {bilan.lignes} en base, {dict(bilan.par_etat)}")
    partis_avant = avec.vu["appels partis de la base restaurée avant la commande"]
    ecrire("\nLa même, sans la commande et sans la garde de la base :")
    with contextlib.suppress(EchecBanc):
        sans = Restauration(banc, sans=True, ecrire=ecrire).jouer()
        ecrire(f"  vu : {sans.vu}")
        return bilan.vert and partis_avant == 0 and not sans.vert
    return False
