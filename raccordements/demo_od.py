"""The demonstration's platforms, addressing lines and subscriptions; everything is invented.

What is planned is made by the services, by the people of `dossiers.demo`. What Cegid OD knows is asked of the simulator
by the operations themselves, so that the two tell the same story, exchanges and history included.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from dossiers.demo import PERSONNES
from dossiers.models import CleApi, Collaborateur, Dossier, Etat, Operation
from dossiers.operations import execution
from dossiers.roles import ADMINISTRATEUR, COLLABORATEUR, MANAGER
from raccordements.models import LigneAdressage, Mandat, Plateforme, Souscription
from raccordements.od.matelas import PLATEFORMES
from raccordements.souscriptions import vie
from raccordements.souscriptions.etapes import Niveau, Qualite
from raccordements.souscriptions.lignes import enregistrer_ligne
from raccordements.souscriptions.mandats import deposer_mandat
from raccordements.souscriptions.operations import (
    demander_lecture,
    demander_onboarding,
    demander_resiliation,
    demander_souscription,
)
from raccordements.souscriptions.plateformes import confirmer_hote, proposer_hote

JOUR = dt.timedelta(days=1)
#: Dossiers of the demonstration, each with an establishment.
DOSSIERS = ("DEMO001", "DEMO002", "DEMO003")
HOTES = ("pdp-fictive.example", "reseau-imaginaire.example")
CODES = ("ACHATS", "TRAVAUX")
SUFFIXES = ("FACTURES", "FILIALE")
MANDAT = b"%PDF-1.4\n% mandat invente pour la demonstration\n%%EOF\n"
Oublier = Callable[[str], object]


class SimulateurMuet(Exception):
    """An operation of the demonstration did not succeed: the simulator is not the one expected, or does not answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SouscriptionDemo:
    """One subscription to show: line (rank), platform (rank), first day (days from now), and how far it goes.

    `etape`: prevue, sans_mandat, annulee, onboardee, souscrite, finissante, changeante, oubliee.
    """

    ligne: int
    plateforme: int
    etape: str
    dans: int = 0


#: Lines by rank: dossier, level, code or suffix. Two of each level.
LIGNES = (
    (0, Niveau.SIREN, ""),
    (1, Niveau.SIREN, ""),
    (0, Niveau.SIRET, ""),
    (2, Niveau.SIRET, ""),
    (0, Niveau.CODE_ROUTAGE, CODES[0]),
    (2, Niveau.CODE_ROUTAGE, CODES[1]),
    (0, Niveau.SUFFIXE, SUFFIXES[0]),
    (1, Niveau.SUFFIXE, SUFFIXES[1]),
)
SOUSCRIPTIONS = (
    SouscriptionDemo(ligne=0, plateforme=0, etape="souscrite"),
    # The conflict to meet: another platform is to follow, and Cegid OD was not told the end of this one.
    SouscriptionDemo(ligne=1, plateforme=0, etape="changeante"),
    SouscriptionDemo(ligne=2, plateforme=1, etape="souscrite", dans=10),
    SouscriptionDemo(ligne=3, plateforme=1, etape="onboardee"),
    SouscriptionDemo(ligne=4, plateforme=1, etape="annulee"),
    SouscriptionDemo(ligne=4, plateforme=0, etape="prevue"),
    SouscriptionDemo(ligne=5, plateforme=0, etape="sans_mandat"),
    SouscriptionDemo(ligne=6, plateforme=0, etape="oubliee"),
    SouscriptionDemo(ligne=7, plateforme=1, etape="finissante"),
)


def _personne(role: str) -> Collaborateur:
    identifiant = next(personne.identifiant for personne in PERSONNES if personne.role == role and not personne.limite)
    trouvee: Collaborateur = Collaborateur.objects.get(username=identifiant)
    return trouvee


def cabinets() -> list[dict[str, str]]:
    """Every key of their environment as the simulator takes them (`SimulateurOD.charger`), for any dossier; secrets."""
    environnements = CleApi.objects.filter(dossiers__code__in=DOSSIERS).values("environnement")
    cles = CleApi.objects.filter(environnement__in=environnements, cle_abonnement_defini_le__isnull=False)
    return [
        {"cle_publique": c.cle_publique, "client_secret": c.client_secret, "cle_abonnement": c.cle_abonnement}
        for c in cles
    ]


def creer_souscriptions(oublier: Oublier | None) -> int:
    """Platforms, lines, then the subscriptions that are not there yet. Returns how many there are.

    Parameters
    ----------
    oublier:
        Makes the simulator forget the line of this identifier. None without a simulator: what is planned is made, and
        nothing is asked.

    Raises SimulateurMuet. The people of `dossiers.demo` must exist.
    """
    recit = _Recit(_personne(COLLABORATEUR), oublier)
    with transaction.atomic():
        plateformes = [_plateforme(rang) for rang in range(len(HOTES))]
        dossiers = {dossier.code: dossier for dossier in Dossier.objects.filter(code__in=DOSSIERS)}
        lignes = [recit.ligne(dossiers[DOSSIERS[rang]], niveau, code) for rang, niveau, code in LIGNES]
    siennes = Souscription.objects.filter(ligne__in=lignes)
    for modele in SOUSCRIPTIONS:
        ligne, plateforme = lignes[modele.ligne], plateformes[modele.plateforme]
        if not siennes.filter(ligne=ligne, plateforme=plateforme).exists():
            recit.raconter(modele, ligne, plateformes)
    return siennes.count()


def _plateforme(rang: int) -> Plateforme:
    """The platform whose key is the simulator's, its host admitted by two people."""
    modele, hote = PLATEFORMES[rang], HOTES[rang]
    environnement = CleApi.objects.filter(dossiers__code=DOSSIERS[0]).values_list("environnement", flat=True)[0]
    trouvee = Plateforme.objects.filter(matricule=modele["matricule"], environnement=environnement).first()
    if trouvee is not None:
        return trouvee
    plateforme = Plateforme(
        nom=f"{modele['nom']} (démonstration)",
        environnement=environnement,
        matricule=modele["matricule"],
        contrat_reference=f"CONTRAT-DEMO-{modele['matricule']}",
        contrat_le=timezone.localdate() - 60 * JOUR,
        cle_abonnement=modele["cle_abonnement"],
        cle_abonnement_defini_le=timezone.now(),
        modele_endpoint=f"https://{hote}/cegid/{{identifiant}}",
    )
    plateforme.save()
    confirmer_hote(proposer_hote(plateforme, hote, par=_personne(MANAGER)), par=_personne(ADMINISTRATEUR))
    return plateforme


@dataclass
class _Recit:
    """Makes each subscription and takes it as far as its model says."""

    par: Collaborateur
    oublier: Oublier | None

    def ligne(self, dossier: Dossier, niveau: Niveau, code: str) -> LigneAdressage:
        deja = LigneAdressage.objects.presentes().filter(dossier=dossier, niveau=niveau).first()
        if deja is not None:
            return deja
        parties = {"suffixe" if niveau is Niveau.SUFFIXE else "code_routage": code} if code else {}
        if niveau in {Niveau.SIRET, Niveau.CODE_ROUTAGE}:
            parties["siret"] = dossier.etablissements.all()[0].siret
        return enregistrer_ligne(dossier, niveau=niveau, debut=timezone.localdate(), par=self.par, **parties)

    def raconter(self, modele: SouscriptionDemo, ligne: LigneAdressage, plateformes: list[Plateforme]) -> None:
        souscription = vie.souscrire(
            ligne,
            plateformes[modele.plateforme],
            debut=timezone.localdate() + modele.dans * JOUR,
            mandat=None if modele.etape == "sans_mandat" else self._mandat(ligne.dossier),
            par=self.par,
        )
        if modele.etape == "annulee":
            vie.annuler(souscription, motif="Le client a changé d’avis.", par=self.par)
        if self.oublier is None or modele.etape in {"prevue", "sans_mandat", "annulee"}:
            return
        self._faire(demander_onboarding, souscription)
        if modele.etape == "onboardee":
            return
        self._faire(demander_souscription, souscription)
        match modele.etape:
            case "finissante":
                vie.terminer(souscription, le=timezone.localdate(), motif="Le client cesse son activité.", par=self.par)
                self._faire(demander_resiliation, souscription)
            case "changeante":
                autre = next(p for p in plateformes if p.pk != souscription.plateforme_id)
                vie.changer_de_plateforme(souscription, autre, le=timezone.localdate() + 15 * JOUR, par=self.par)
            case "oubliee":
                self.oublier(ligne.identifiant)
                self._faire(demander_lecture, souscription)

    def _mandat(self, dossier: Dossier) -> Mandat:
        deja: Mandat | None = Mandat.objects.filter(dossier=dossier).first()
        return deja or deposer_mandat(
            dossier,
            demandeur="Camille Inventée",
            courriel="direction@client-demo.example",
            qualite=Qualite.REPRESENTANT_LEGAL,
            signe_le=timezone.localdate() - 5 * JOUR,
            octets=MANDAT,
            nom_fichier="mandat.pdf",
            par=self.par,
        )

    def _faire(self, demander: Callable[..., Operation], souscription: Souscription) -> None:
        """Ask, and do what is asked here, as a worker would."""
        operation = demander(souscription, par=self.par)
        execution.vider(operation.guichet_id)
        operation.refresh_from_db()
        if operation.etat != Etat.REUSSIE:
            raise SimulateurMuet(operation.message or operation.get_etat_display())
