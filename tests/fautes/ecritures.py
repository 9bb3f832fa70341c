"""1,000 imports of entries whose answers are lost at every point of the way, while workers are killed."""

from __future__ import annotations

import contextlib
import hashlib
import random
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from django.core.files.base import ContentFile

from dossiers.models import Etat, ImportEcritures, Operation
from dossiers.services import plans
from tests.fautes.banc import Banc, tuer
from tests.fautes.cabinet import Cabinet

NOMBRE, VAGUES = 1000, 5
DELAI_FINAL = 150.0
PANNES: tuple[dict[str, Any], ...] = tuple(
    {"type": type_, "chemin": chemin, "proba": proba * part, "fois": -1, **options}
    # What may be tried again meets fewer faults, or the end would only wait for the longest delays.
    for chemin, part in (("/importFEC", 1), ("/depot", 0.5), ("/getFileUrlDeposit", 0.3), ("/getImportStatus", 0.5))
    for type_, proba, options in (
        ("coupure_avant", 0.02, {}),
        ("coupure_apres", 0.03, {}),
        ("coupure_tardive", 0.01, {"secondes": 2}),
        ("500_avant", 0.01, {}),
        ("500_apres", 0.02, {}),
        ("503", 0.01, {}),
        ("429", 0.01, {"retry_after": 1}),
        ("json_tronque", 0.02, {}),
        ("html_200", 0.01, {"applique": True}),
        ("latence", 0.01, {"secondes": 2.5}),
    )
)


class Ecritures:
    """One run. `fautes`: by promise, the number of imports that broke it."""

    def __init__(self, banc: Banc, *, graine: int, ecrire: Callable[[str], object]) -> None:
        self.banc, self.graine, self.ecrire = banc, graine, ecrire
        self.hasard = random.Random(graine)
        self.cabinet = Cabinet(banc, "ECRIT", cles=4, plafond=6, dossiers=NOMBRE)
        self.debut = time.monotonic()

    def jouer(self) -> dict[str, int]:
        """Send, strike, wait for the end; what was seen, then the promises: all but the first five lines must be 0."""
        imports = self._preparer()
        self.banc.imports(attente=1, duree=1)
        self.banc.pannes(*PANNES, graine=self.graine)
        with contextlib.ExitStack() as pile:
            executants = [pile.enter_context(self.banc.executant()) for _ in range(2)]
            pas = NOMBRE // VAGUES
            for vague in range(VAGUES):
                self._envoyer(imports[vague * pas : (vague + 1) * pas])
                time.sleep(self.hasard.uniform(1, 4))
                tuer(executants[vague % 2])
                executants[vague % 2] = pile.enter_context(self.banc.executant())
                self.ecrire(f"  {time.monotonic() - self.debut:5.0f} s  {pas} imports de plus, exécutant tué (kill -9)")
            regle = self.cabinet.attendre_la_fin(DELAI_FINAL)
            self.ecrire(f"  {time.monotonic() - self.debut:5.0f} s  {'tout est réglé' if regle else 'NON RÉGLÉ'}")
        return self._compter()

    def _preparer(self) -> list[ImportEcritures]:
        imports = []
        for rang, dossier in enumerate(self.cabinet.dossiers):
            contenu = f"écritures inventées n° {rang}".encode()
            importation = ImportEcritures(
                dossier=dossier,
                nom_fichier=f"{dossier.siren}FEC20251231.txt",
                taille=len(contenu),
                empreinte=hashlib.sha256(contenu).hexdigest(),
                etat=ImportEcritures.Etat.PRET,
                cree_par=self.cabinet.personne,
            )
            importation.fichier.save("x", ContentFile(contenu), save=False)
            imports.append(importation)
        return ImportEcritures.objects.bulk_create(imports)

    def _envoyer(self, imports: list[ImportEcritures]) -> None:
        personne = self.cabinet.personne
        plan = plans.preparer("envoyer_ecritures", [i.pk for i in imports], {}, par=personne)
        plans.confirmer(plan.sceller(), par=personne)

    def _compter(self) -> dict[str, int]:
        recus: Counter[str] = Counter()
        recus.update(self.banc.compte()["appliques"].get("POST /importFEC", {}))
        a_verifier = perdus = tort = inverse = 0
        for importation in ImportEcritures.objects.filter(dossier__in=self.cabinet.dossiers).select_related(
            "dossier", "operation"
        ):
            fois = recus[f"{importation.dossier.code}:{importation.empreinte}"]
            a_verifier += importation.a_verifier
            connu = importation.etat in (*ImportEcritures.SUIVIS, ImportEcritures.Etat.TERMINE)
            perdus += not connu and not importation.a_verifier and importation.etat != ImportEcritures.Etat.REFUSE
            tort += connu and fois == 0
            inverse += importation.etat == ImportEcritures.Etat.REFUSE and fois > 0
        envois = Operation.objects.filter(nature="importer_ecritures", guichet__cleapi__in=self.cabinet.cles)
        return {
            "imports demandés": NOMBRE,
            "reçus par le simulateur": sum(recus.values()),
            "suivis jusqu’à « terminé »": ImportEcritures.objects.filter(
                dossier__in=self.cabinet.dossiers, etat=ImportEcritures.Etat.TERMINE
            ).count(),
            "laissés à une personne (à vérifier)": a_verifier,
            "envois dont la réponse s’est perdue": envois.filter(evenements__type="operation_incertaine")
            .distinct()
            .count(),
            "reçus deux fois": sum(fois > 1 for fois in recus.values()),
            "perdus": perdus,
            "dits reçus à tort": tort,
            "dits refusés à tort": inverse,
            "encore en vol": self.cabinet.operations.filter(
                etat__in=(Etat.EN_ATTENTE, Etat.EN_COURS, Etat.INCERTAINE)
            ).count(),
        }


PROMESSES = ("reçus deux fois", "perdus", "dits reçus à tort", "dits refusés à tort", "encore en vol")
