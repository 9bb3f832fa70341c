"""The bulk gestures on subscriptions: the two steps and the end, each shown as a plan before anything is asked."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from dossiers.models import NON_REGLEES, Collaborateur, Etat, Guichet, Lot, Operation
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.plans import Geste, Ligne, Verdict, enregistrer
from raccordements.models import HoteAdmis, LigneAdressage, Souscription
from raccordements.natures.etapes_od import OnboarderSouscription, ResilierSouscription, SouscrirePlateforme
from raccordements.natures.od import NatureOD, preparer
from raccordements.souscriptions import endpoints, regles, suivi
from raccordements.souscriptions.concurrence import exiger_sans_rivale, objet_de, rivales
from raccordements.souscriptions.etapes import EtatSouscription, Pas
from raccordements.souscriptions.operations import guichet_cabinet, guichet_de_fin

_E = EtatSouscription


@dataclass(frozen=True, slots=True)
class Contexte:
    """What the judgement of any number of subscriptions needs, read at once."""

    rivales: dict[int, Souscription]
    ouvertes: dict[str, Operation]
    hotes: dict[int, frozenset[str]]

    @classmethod
    def lire(cls, objets: Sequence[Souscription]) -> Contexte:
        noms = [objet_de(souscription) for souscription in objets]
        ouvertes = Operation.objects.filter(objet__in=noms, etat__in=NON_REGLEES).order_by("-id")
        hotes: defaultdict[int, set[str]] = defaultdict(set)
        plateformes = {souscription.plateforme_id for souscription in objets}
        admis = HoteAdmis.objects.en_vigueur().filter(plateforme__in=plateformes)
        for plateforme, hote in admis.values_list("plateforme", "hote"):
            hotes[plateforme].add(hote)
        return cls(
            rivales=rivales(objets),
            ouvertes={operation.objet: operation for operation in ouvertes},
            hotes={plateforme: frozenset(siens) for plateforme, siens in hotes.items()},
        )


class GesteSouscription(Geste):
    """A gesture that queues one operation of one kind per subscription.

    Attributes
    ----------
    nature, pas:
        The kind, and the step of the table of states that it begins.
    sans_objet:
        States where there is nothing to do, with the sentence that says so.
    fera:
        French sentence of a line to do.
    """

    modele = Souscription
    nature: ClassVar[type[NatureOD]]
    pas: ClassVar[Pas]
    sans_objet: ClassVar[dict[EtatSouscription, str]]
    fera: ClassVar[str]
    appels_par_ligne: ClassVar[int] = 1
    commencer: ClassVar[Callable[..., Souscription]]

    def selection(self, par: Collaborateur) -> Any:
        choisies: Any = super().selection(par)
        return (
            choisies.pour_liste()
            .select_related("dossier__cle__guichet", "plateforme__guichet")
            .defer("dossier__cle__client_secret", "dossier__cle__cle_abonnement")
        )

    def verrouiller(self, pks: Sequence[int], parametres: dict[str, Any]) -> None:
        """The lines first, as every other gesture does."""
        lignes = Souscription.objects.filter(pk__in=pks).order_by().values("ligne")
        verrous = LigneAdressage.objects.filter(pk__in=lignes).order_by("pk")
        list(verrous.select_for_update(no_key=True).values_list("pk"))
        super().verrouiller(pks, parametres)

    def guichet(self, souscription: Souscription) -> Guichet:
        """Where the operation queues. Raises ActionImpossible."""
        return guichet_cabinet(souscription)

    def exiger(self, souscription: Souscription, contexte: Contexte) -> None:
        """The rules of the step, without a query. Raises ActionImpossible."""

    def examiner(self, objets: Sequence[Souscription], parametres: dict[str, Any]) -> list[Ligne]:
        contexte = Contexte.lire(objets)
        return [self._examiner_une(souscription, contexte) for souscription in objets]

    def _examiner_une(self, souscription: Souscription, contexte: Contexte) -> Ligne:
        ouverte, rivale = contexte.ouvertes.get(objet_de(souscription)), contexte.rivales.get(souscription.pk)
        verdict, motif = self._juger(souscription, contexte, ouverte)
        return Ligne(
            pk=souscription.pk,
            libelle=f"{souscription.ligne.identifiant} – {souscription.plateforme.nom} ({souscription.dossier.code})",
            verdict=verdict,
            motif=motif,
            etat=(souscription.etat, souscription.modifiee_le, ouverte and ouverte.pk, rivale and rivale.pk),
            environnement=souscription.environnement,
            appels=self.appels_par_ligne,
        )

    def _juger(self, souscription: Souscription, contexte: Contexte, ouverte: Operation | None) -> tuple[Verdict, str]:
        if ouverte and ouverte.etat == Etat.A_VERIFIER:
            sienne = ouverte.dossier_id == souscription.dossier_id
            laquelle = f"L’opération n°\u00a0{ouverte.pk}" if sienne else "Une opération d’un autre dossier"
            return Verdict.BLOQUE, f"{laquelle} sur cette ligne est à vérifier : elle doit être tranchée d’abord."
        etat = EtatSouscription(souscription.etat)
        if souscription.en_cours:
            return Verdict.RIEN, f"Une étape est déjà en cours ({souscription.get_etat_display().lower()})."
        if etat in self.sans_objet:
            return Verdict.RIEN, self.sans_objet[etat]
        if not souscription.permet(self.pas):
            return Verdict.BLOQUE, f"L’état « {souscription.get_etat_display()} » ne le permet pas."
        try:
            self.exiger(souscription, contexte)
            empechement = self.nature().empechement(self.guichet(souscription))
        except ActionImpossible as refus:
            return Verdict.BLOQUE, f"{refus.cause} {refus.remede}".strip()
        return (Verdict.BLOQUE, empechement) if empechement else (Verdict.FAIRE, self.fera)

    def appliquer(
        self, objets: Sequence[tuple[Souscription, Ligne]], parametres: dict[str, Any], *, lot: Lot, par: Collaborateur
    ) -> list[Operation]:
        operations = []
        for souscription, _ in objets:
            type(self).commencer(souscription, par=par)
            operations.append(
                preparer(self.nature, souscription, self.guichet(souscription), demandee_par=par, lot=lot)
            )
        return operations


@enregistrer
class OnboarderSouscriptions(GesteSouscription):
    nom = "onboarder_souscriptions"
    libelle = "Lancer l’on-boarding"
    permission = OnboarderSouscription.permission
    nature = OnboarderSouscription
    pas = Pas.COMMENCER_ONBOARDING
    sans_objet: ClassVar[dict[EtatSouscription, str]] = {
        _E.ONBOARDEE: "Déjà on-boardée.",
        _E.SOUSCRITE: "Déjà souscrite.",
        _E.RESILIEE: "Résiliée.",
        _E.ANNULEE: "Annulée.",
    }
    fera = "Les droits seront validés et les données de connexion reçues."
    appels_par_ligne = 2
    commencer = staticmethod(suivi.commencer_onboarding)

    def examiner(self, objets: Sequence[Souscription], parametres: dict[str, Any]) -> list[Ligne]:
        """One at a time for a line: Cegid OD has it for one platform, the first to begin."""
        lignes = super().examiner(objets, parametres)
        premieres: dict[str, Souscription] = {}
        for souscription, ligne in sorted(zip(objets, lignes, strict=True), key=lambda paire: paire[0].debut):
            if ligne.verdict == Verdict.FAIRE:
                premieres.setdefault(objet_de(souscription), souscription)
        return [
            _apres(ligne, premieres[objet_de(souscription)])
            if ligne.verdict == Verdict.FAIRE and premieres[objet_de(souscription)].pk != ligne.pk
            else ligne
            for souscription, ligne in zip(objets, lignes, strict=True)
        ]

    def exiger(self, souscription: Souscription, contexte: Contexte) -> None:
        regles.exiger_pret_pour_onboarding(souscription)
        exiger_sans_rivale(souscription, contexte.rivales.get(souscription.pk))


@enregistrer
class SouscrirePlateformes(GesteSouscription):
    nom = "souscrire_plateformes"
    libelle = "Souscrire chez la plateforme"
    permission = SouscrirePlateforme.permission
    nature = SouscrirePlateforme
    pas = Pas.COMMENCER_SOUSCRIPTION
    sans_objet: ClassVar[dict[EtatSouscription, str]] = {
        _E.SOUSCRITE: "Déjà souscrite.",
        _E.RESILIEE: "Résiliée.",
        _E.ANNULEE: "Annulée.",
    }
    fera = "La plateforme sera souscrite pour cette ligne."
    appels_par_ligne = 2
    commencer = staticmethod(suivi.commencer_souscription)

    def guichet(self, souscription: Souscription) -> Guichet:
        guichet: Guichet = souscription.plateforme.guichet
        return guichet

    def exiger(self, souscription: Souscription, contexte: Contexte) -> None:
        regles.exiger_pret_pour_souscription(souscription)
        endpoints.exiger_hote_admis(souscription.endpoint, contexte.hotes.get(souscription.plateforme_id, frozenset()))


@enregistrer
class ResilierSouscriptions(GesteSouscription):
    nom = "resilier_souscriptions"
    libelle = "Résilier"
    permission = ResilierSouscription.permission
    nature = ResilierSouscription
    pas = Pas.COMMENCER_RESILIATION
    sans_objet: ClassVar[dict[EtatSouscription, str]] = {
        _E.NON_COMMENCEE: "Pas encore chez Cegid OD : elle s’annule.",
        _E.RESILIEE: "Déjà résiliée.",
        _E.ANNULEE: "Annulée.",
    }
    fera = "La fin sera dite à Cegid OD."
    commencer = staticmethod(suivi.commencer_resiliation)

    def guichet(self, souscription: Souscription) -> Guichet:
        return guichet_de_fin(souscription)

    def exiger(self, souscription: Souscription, contexte: Contexte) -> None:
        if souscription.souscrite_le is not None and souscription.fin is None:
            raise ActionImpossible(
                "La résiliation n’a pas été lancée.", "Elle n’a pas de date de fin.", "Planifiez sa fin d’abord."
            )


def _apres(ligne: Ligne, premiere: Souscription) -> Ligne:
    return replace(
        ligne,
        verdict=Verdict.BLOQUE,
        motif=f"La souscription n°\u00a0{premiere.pk} de la même ligne commence avant elle et part la première. Lancez "
        "celle-ci quand la fin de l’autre aura été dite à Cegid OD.",
    )
