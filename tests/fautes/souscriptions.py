"""Subscriptions whose answers are lost at every step while workers are killed, then 50 callers of one expired token."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from django.conf import settings
from django.db import connection
from django.test import override_settings
from django.utils import timezone

from dossiers.models import Etat, Operation
from dossiers.services import plans
from raccordements.models import Souscription
from raccordements.natures.od import ClientsOD
from raccordements.od.matelas import CABINET, PLATEFORMES, matelas
from raccordements.od.simulateur import SimulateurOD
from raccordements.souscriptions import vie
from raccordements.souscriptions.etapes import EtatSouscription
from raccordements.souscriptions.operations import lancer_changement
from tests.fabriques import CleApiFactory, CollaborateurFactory, DossierFactory
from tests.fautes.banc import Banc, EchecBanc, attendre, tuer
from tests.raccordements.fabriques_od import LigneAdressageFactory, PlateformeFactory, planifiee

NOMBRE, APPELANTS = 120, 50
DELAI = 150.0
EN_VOL = (Etat.EN_ATTENTE, Etat.EN_COURS, Etat.INCERTAINE)
SEMAINE = dt.timedelta(days=7)
CHEMINS = (
    ("/od/onboardings", 1.0),
    ("/od/onboardings/{onboarding}/connectionData", 0.5),
    ("/od/subscriptions", 1.0),
    ("/od/subscriptions/{souscription}/end", 0.5),
    ("/od/addressingLines", 0.3),
    ("/compte/token", 0.3),
)
PANNES: tuple[dict[str, Any], ...] = tuple(
    {"type": type_, "chemin": chemin, "proba": proba * part, "fois": -1, **options}
    for chemin, part in CHEMINS
    for type_, proba, options in (
        ("coupure_avant", 0.03, {}),
        ("coupure_apres", 0.05, {}),
        ("coupure_tardive", 0.02, {"secondes": 1.5}),
        ("500_avant", 0.02, {}),
        ("500_apres", 0.03, {}),
        ("429", 0.02, {"retry_after": 1}),
        ("json_tronque", 0.03, {}),
        ("latence", 0.02, {"secondes": 2.5}),
    )
)
PROMESSES = (
    "on-boardées deux fois",
    "souscrites deux fois",
    "dites souscrites à tort",
    "dites non souscrites à tort",
    "fins dites à tort",
    "encore en vol",
    "demandes de jeton de trop",
)


class Souscriptions:
    """One run against a simulator of its own."""

    def __init__(self, banc: Banc, *, graine: int, ecrire: Callable[[str], object]) -> None:
        self.banc, self.graine, self.ecrire = banc, graine, ecrire
        self.hasard = random.Random(graine)
        self.debut = time.monotonic()

    def jouer(self) -> dict[str, int]:
        """Both steps, ends and changes of platform, then the token; what was seen, the promises last: all must be 0."""
        with SimulateurOD() as self.sim, self._adresses():
            self.sim.charger(**matelas(), duree_jeton=5)
            self._preparer()
            self.sim.poser_pannes(PANNES, graine=self.graine)
            with contextlib.ExitStack() as pile:
                self.executants = [pile.enter_context(self.banc.executant()) for _ in range(2)]
                self._vague(pile, "on-boardings", lambda: self._planifier("onboarder_souscriptions", self.prevues))
                self._vague(pile, "souscriptions", lambda: self._planifier("souscrire_plateformes", self.prevues))
                self._vague(pile, "fins et changements de plateforme", self._finir)
            self.sim.poser_pannes([])
            vu = self._compter()
            return vu | {"demandes de jeton de trop": self._appeler_ensemble() - 1}

    @contextlib.contextmanager
    def _adresses(self) -> Iterator[None]:
        """The simulator's, for this process and for those that it starts."""
        urls = self.sim.urls()
        os.environ |= {"OD_URL_BAC_A_SABLE": urls["od"], "OD_COMPTE_URL_BAC_A_SABLE": urls["compte"]}
        with override_settings(OD_URLS=settings.OD_URLS | {"bac_a_sable": urls}):
            yield

    def _preparer(self) -> None:
        self.personne = CollaborateurFactory(superutilisateur=True)
        cle = CleApiFactory(prete=True, plafond=8, nom="Souscriptions", **CABINET)
        self.plateformes = [
            PlateformeFactory(plafond=8, matricule=lue["matricule"], cle_abonnement=lue["cle_abonnement"])
            for lue in PLATEFORMES[:2]
        ]
        self.guichets = [cle.guichet_id, *(plateforme.guichet_id for plateforme in self.plateformes)]
        self.prevues = [
            planifiee(
                ligne=LigneAdressageFactory(dossier=DossierFactory(cle=cle)),
                plateforme=self.plateformes[rang % 2],
                par=self.personne,
            )
            for rang in range(NOMBRE)
        ]

    def _vague(self, pile: contextlib.ExitStack, nom: str, demander: Callable[[], object]) -> None:
        demander()
        for executant in list(self.executants):
            time.sleep(self.hasard.uniform(0.5, 2))
            tuer(executant)
            self.executants.remove(executant)
            self.executants.append(pile.enter_context(self.banc.executant()))
        with contextlib.suppress(EchecBanc):
            attendre(lambda: not self._operations().filter(etat__in=EN_VOL).exists(), DELAI)
        self.ecrire(f"  {time.monotonic() - self.debut:5.0f} s  {nom}, deux exécutants tués (kill -9)")

    def _operations(self) -> Any:
        return Operation.objects.filter(guichet__in=self.guichets)

    def _relues(self) -> Any:
        return Souscription.objects.pour_liste().filter(plateforme__in=self.plateformes)

    def _planifier(self, geste: str, souscriptions: Any) -> None:
        plan = plans.preparer(geste, [souscription.pk for souscription in souscriptions], {}, par=self.personne)
        plans.confirmer(plan.sceller(), par=self.personne)

    def _finir(self) -> None:
        """A third is ended, a third changes platform."""
        le = timezone.localdate() + SEMAINE
        finies = []
        for souscription in self._relues().filter(etat=EtatSouscription.SOUSCRITE):
            if souscription.pk % 3 == 0:
                finies.append(vie.terminer(souscription, le=le, par=self.personne))
            elif souscription.pk % 3 == 1:
                autre = next(p for p in self.plateformes if p.pk != souscription.plateforme_id)
                suite = vie.changer_de_plateforme(souscription, autre, le=le, par=self.personne)
                lancer_changement(suite, par=self.personne)
        self._planifier("resilier_souscriptions", finies)

    def _compter(self) -> dict[str, int]:
        la_bas = {s["subscriptionId"]: s for lu in self.sim.onboardings() for s in lu["subscriptions"]}
        endpoints = {s["endpoint"] for s in la_bas.values()}
        douteuses = set(
            self._operations().filter(etat=Etat.A_VERIFIER).values_list("parametres__souscription", flat=True)
        )
        appliques = self.sim.compte()["appliques"]
        a_tort = non_faites = fins = 0
        for s in self._relues().exclude(pk__in=douteuses):
            distante = la_bas.get(s.numero_distant)
            a_tort += s.souscrite_le is not None and distante is None
            non_faites += s.souscrite_le is None and s.endpoint in endpoints and s.precedente_id is None
            dite = s.etat == EtatSouscription.RESILIEE
            fins += bool(dite and distante and distante["endDate"] != s.fin.isoformat())
        return {
            "opérations": self._operations().count(),
            "souscrites chez Cegid OD": len(la_bas),
            "réponses perdues": self._operations().filter(evenements__type="operation_incertaine").distinct().count(),
            "laissées à une personne (à vérifier)": len(douteuses),
            "échouées": self._operations().filter(etat=Etat.ECHOUEE).count(),
            "on-boardées deux fois": _de_trop(appliques.get("POST /od/onboardings", {})),
            "souscrites deux fois": _de_trop(appliques.get("POST /od/subscriptions", {})),
            "dites souscrites à tort": a_tort,
            "dites non souscrites à tort": non_faites,
            "fins dites à tort": fins,
            "encore en vol": self._operations().filter(etat__in=EN_VOL).count(),
        }

    def _appeler_ensemble(self) -> int:
        """Token calls made by 50 callers of one line, just after its token expired at Cegid Account."""
        self.sim.charger(duree_jeton=3600)
        souscription = self._relues().filter(etat=EtatSouscription.SOUSCRITE).first()
        self._lire(souscription)
        self.sim.avancer(3601)
        avant = self._jetons()
        with ThreadPoolExecutor(APPELANTS) as fils:
            list(fils.map(self._lire, [souscription] * APPELANTS))
        return self._jetons() - avant

    def _jetons(self) -> int:
        return int(self.sim.compte()["appels"].get("POST /compte/token", 0))

    @staticmethod
    def _lire(souscription: Souscription) -> None:
        try:
            with ClientsOD(lambda echange: None).plateforme(souscription) as plateforme:
                plateforme.souscriptions()
        finally:
            connection.close()


def _de_trop(fois: dict[str, int]) -> int:
    return sum(nombre > 1 for nombre in fois.values())
