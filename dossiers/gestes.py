"""The bulk gestures of this application: what each would do to a line, and the operations it then creates."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.utils import timezone

from dossiers.models import (
    NON_REGLEES,
    Collaborateur,
    Dossier,
    Ecart,
    Etat,
    Evenement,
    Lot,
    Offre,
    Operation,
)
from dossiers.operations.registre import Nature
from dossiers.operations.registre import nature as nature_de
from dossiers.services.plans import Geste, Ligne, Verdict, enregistrer
from dossiers.services.reconciliation import CHAMPS_MODIFIABLES_LA_BAS, reparer_ici


class GesteOperation(Geste):
    """A gesture that queues one operation of one kind per dossier."""

    modele = Dossier
    nature: ClassVar[str]
    appels_par_ligne: ClassVar[int] = 1

    @property
    def definition(self) -> Nature:
        return nature_de(self.nature)

    def selection(self, par: Collaborateur) -> Any:
        return super().selection(par).select_related("cle__guichet").defer("cle__client_secret", "cle__cle_abonnement")

    def examiner(self, objets: Sequence[Dossier], parametres: dict[str, Any]) -> list[Ligne]:
        contexte = self.contexte(objets, parametres)
        ouvertes = self.operations_ouvertes(objets, parametres)
        return [
            self.examiner_un(dossier, parametres, ouvertes.get(self.objet(dossier, parametres)), contexte)
            for dossier in objets
        ]

    def objet(self, dossier: Dossier, parametres: dict[str, Any]) -> str:
        return self.definition.objet(dossier.cle.guichet, dossier, self.parametres_de(dossier, parametres))

    def parametres_de(self, dossier: Dossier, parametres: dict[str, Any]) -> dict[str, Any]:
        """Parameters of the operation on this dossier."""
        return parametres

    def contexte(self, objets: Sequence[Dossier], parametres: dict[str, Any]) -> dict[int, Any]:
        """What `juger` needs, by dossier, in a bounded number of queries."""
        return {}

    def operations_ouvertes(self, objets: Sequence[Dossier], parametres: dict[str, Any]) -> dict[str, Operation]:
        """The last unsettled operation of each remote object."""
        noms = [self.objet(dossier, parametres) for dossier in objets]
        ouvertes = Operation.objects.filter(objet__in=noms, etat__in=NON_REGLEES).order_by("id")
        return {operation.objet: operation for operation in ouvertes}

    def examiner_un(
        self, dossier: Dossier, parametres: dict[str, Any], ouverte: Operation | None, contexte: dict[int, Any]
    ) -> Ligne:
        connu = contexte.get(dossier.pk)
        if dossier.archive:
            verdict, motif = Verdict.BLOQUE, "Le dossier est archivé : remettez-le en service d’abord."
        elif empechement := self.definition.empechement(dossier.cle.guichet):
            verdict, motif = Verdict.BLOQUE, empechement
        elif ouverte and ouverte.etat == Etat.A_VERIFIER:
            verdict = Verdict.BLOQUE
            motif = f"L’opération n°\u00a0{ouverte.pk} est à vérifier : tranchez-la avant d’en demander une autre."
        elif ouverte and ouverte.nature == self.nature:
            verdict, motif = Verdict.RIEN, f"Déjà demandé (opération n°\u00a0{ouverte.pk})."
        else:
            verdict, motif = self.juger(dossier, parametres, connu, ouverte)
        return Ligne(
            pk=dossier.pk,
            libelle=str(dossier),
            verdict=verdict,
            motif=motif,
            etat=(dossier.code, dossier.cle_id, dossier.statut, ouverte.pk if ouverte else None, connu),
            environnement=dossier.cle.environnement,
            appels=self.appels_par_ligne,
            facturable=dossier.cle.avancee,
        )

    def juger(
        self, dossier: Dossier, parametres: dict[str, Any], connu: Any, ouverte: Operation | None
    ) -> tuple[Verdict, str]:
        """The verdict of a dossier that nothing prevents, and its French sentence."""
        return Verdict.FAIRE, f"{self.definition.libelle}."

    def appliquer(
        self, objets: Sequence[tuple[Dossier, Ligne]], parametres: dict[str, Any], *, lot: Lot, par: Collaborateur
    ) -> list[Operation]:
        return [
            Operation(
                nature=self.nature,
                guichet=dossier.cle.guichet,
                dossier=dossier,
                lot=lot,
                demandee_par=par,
                parametres=self.parametres_de(dossier, parametres),
                objet=self.objet(dossier, parametres),
            )
            for dossier, _ in objets
        ]


class OffreForm(forms.Form):
    offre = forms.ChoiceField(label="Offre", choices=Offre.Code, widget=forms.RadioSelect)


class AjoutOffreForm(OffreForm):
    contact = forms.EmailField(
        label="E-mail de l’interlocuteur",
        required=False,
        help_text="L’ajout se fait par « addCollaborativeOffer » : Loop donne l’offre à cet interlocuteur existant.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if settings.LOOP_AJOUT_OFFRE == "addOffer":
            del self.fields["contact"]
        else:
            self.fields["contact"].required = True


class GesteOffre(GesteOperation):
    permission = "dossiers.planifier_offre"
    formulaire = OffreForm
    voulue: ClassVar[bool]

    def intitule(self, parametres: dict[str, Any]) -> str:
        return f"{self.libelle} « {Offre.Code(parametres['offre']).label} »"

    def contexte(self, objets: Sequence[Dossier], parametres: dict[str, Any]) -> dict[int, Any]:
        offres = Offre.objects.filter(dossier_id__in=[d.pk for d in objets], code=parametres["offre"])
        return {
            dossier: (voulue, constatee)
            for dossier, voulue, constatee in offres.values_list("dossier", "voulue", "constatee")
        }

    def appliquer(
        self, objets: Sequence[tuple[Dossier, Ligne]], parametres: dict[str, Any], *, lot: Lot, par: Collaborateur
    ) -> list[Operation]:
        operations = super().appliquer(objets, parametres, lot=lot, par=par)
        offre = parametres["offre"]
        offres = Offre.objects.filter(dossier__in=[dossier.pk for dossier, _ in objets], code=offre)
        avant = dict(offres.values_list("dossier", "voulue"))
        for operation in operations:
            operation.parametres = operation.parametres | {"voulue_avant": avant.get(operation.dossier_id, False)}
        Offre.objects.bulk_create(
            [Offre(dossier=dossier, code=offre, voulue=self.voulue) for dossier, _ in objets],
            update_conflicts=True,
            unique_fields=["dossier", "code"],
            update_fields=["voulue"],
            batch_size=1000,
        )
        return operations


@enregistrer
class AjouterOffre(GesteOffre):
    nom = nature = "ajouter_offre"
    libelle = "Ajouter l’offre"
    formulaire = AjoutOffreForm
    voulue = True

    def juger(
        self, dossier: Dossier, parametres: dict[str, Any], connu: Any, ouverte: Operation | None
    ) -> tuple[Verdict, str]:
        if connu and connu[1] and not ouverte:
            return Verdict.RIEN, "L’offre est déjà sur le dossier."
        return Verdict.FAIRE, "L’offre sera ajoutée."


@enregistrer
class RetirerOffre(GesteOffre):
    nom = nature = "retirer_offre"
    libelle = "Retirer l’offre"
    voulue = False

    def juger(
        self, dossier: Dossier, parametres: dict[str, Any], connu: Any, ouverte: Operation | None
    ) -> tuple[Verdict, str]:
        if connu and connu[1] is False and not ouverte:
            return Verdict.RIEN, "L’offre n’est pas sur le dossier."
        return Verdict.FAIRE, "L’offre sera retirée."


@enregistrer
class Provisionner(GesteOperation):
    nom = nature = "provisionner"
    libelle = "Provisionner"
    permission = "dossiers.provisionner_dossier"

    def juger(
        self, dossier: Dossier, parametres: dict[str, Any], connu: Any, ouverte: Operation | None
    ) -> tuple[Verdict, str]:
        if dossier.statut == Dossier.Statut.OPERATIONNEL:
            return Verdict.RIEN, "Le dossier est déjà opérationnel."
        return Verdict.FAIRE, "La base SQL et la GED du dossier seront créées."


@enregistrer
class ActualiserDossier(GesteOperation):
    nom = nature = "actualiser_dossier"
    libelle = "Actualiser depuis Loop"
    permission = "dossiers.actualiser_dossier"
    appels_par_ligne = 2


class Archivage(Geste):
    """A local gesture: no remote call, the row is kept."""

    modele = Dossier
    permission = "dossiers.archiver_dossier"
    archive: ClassVar[bool]

    def examiner(self, objets: Sequence[Dossier], parametres: dict[str, Any]) -> list[Ligne]:
        lignes = []
        occupes = set(
            Operation.objects.filter(dossier__in=[d.pk for d in objets], etat__in=NON_REGLEES).values_list(
                "dossier", flat=True
            )
        )
        for dossier in objets:
            if dossier.archive == self.archive:
                verdict, motif = Verdict.RIEN, "Déjà archivé." if self.archive else "Déjà en service."
            elif self.archive and dossier.pk in occupes:
                verdict, motif = (
                    Verdict.BLOQUE,
                    "Une opération de ce dossier n’est pas réglée : attendez sa fin ou annulez-la.",
                )
            else:
                verdict, motif = (
                    Verdict.FAIRE,
                    "Sera archivé ; rien n’est supprimé." if self.archive else "Sera remis en service.",
                )
            lignes.append(
                Ligne(
                    pk=dossier.pk,
                    libelle=str(dossier),
                    verdict=verdict,
                    motif=motif,
                    etat=(dossier.archive_le,),
                    appels=0,
                )
            )
        return lignes

    def appliquer(
        self, objets: Sequence[tuple[Dossier, Ligne]], parametres: dict[str, Any], *, lot: Lot, par: Collaborateur
    ) -> list[Operation]:
        for dossier, _ in objets:
            dossier.archive_le = timezone.now() if self.archive else None
            dossier.archive_par = par if self.archive else None
            dossier.save(update_fields=["archive_le", "archive_par"])
        Evenement.objects.bulk_create(
            Evenement(
                type=Evenement.Type.ARCHIVAGE,
                texte="Dossier archivé." if self.archive else "Dossier remis en service.",
                dossier=dossier,
                lot=lot,
                acteur=par,
            )
            for dossier, _ in objets
        )
        return []


@enregistrer
class Archiver(Archivage):
    nom = "archiver"
    libelle = "Archiver"
    archive = True


@enregistrer
class RemettreEnService(Archivage):
    nom = "remettre_en_service"
    libelle = "Remettre en service"
    archive = False


class GesteEcart(Geste):
    modele = Ecart
    permission = "dossiers.reparer_ecart"

    def selection(self, par: Collaborateur) -> Any:
        return (
            super()
            .selection(par)
            .select_related("cle", "dossier__cle__guichet")
            .defer(
                "cle__client_secret",
                "cle__cle_abonnement",
                "dossier__cle__client_secret",
                "dossier__cle__cle_abonnement",
            )
        )

    def examiner(self, objets: Sequence[Ecart], parametres: dict[str, Any]) -> list[Ligne]:
        return [self.examiner_un(ecart) for ecart in objets]

    def examiner_un(self, ecart: Ecart) -> Ligne:
        if ecart.etat != Ecart.Etat.OUVERT:
            verdict, motif = Verdict.RIEN, "Cet écart est déjà réglé."
        else:
            verdict, motif = self.juger(ecart)
        dossier = ecart.dossier
        return Ligne(
            pk=ecart.pk,
            libelle=str(ecart),
            verdict=verdict,
            motif=motif,
            etat=(
                ecart.classe,
                ecart.champs,
                [getattr(dossier, champ, None) for champ in ecart.champs] if dossier else None,
                dossier.archive_le if dossier else None,
            ),
            environnement=ecart.cle.environnement,
            appels=self.appels_de(ecart),
            facturable=ecart.cle.avancee,
        )

    def appels_de(self, ecart: Ecart) -> int:
        return 0

    @abstractmethod
    def juger(self, ecart: Ecart) -> tuple[Verdict, str]:
        """The verdict of an open difference, and its French sentence."""


@enregistrer
class ReparerIci(GesteEcart):
    nom = "reparer_ici"
    libelle = "Réparer ici"

    def juger(self, ecart: Ecart) -> tuple[Verdict, str]:
        if ecart.classe == Ecart.Classe.ABSENT_ICI:
            return Verdict.FAIRE, "Le dossier sera créé ici avec les valeurs de LoopHub."
        if ecart.classe == Ecart.Classe.ABSENT_LA_BAS:
            return Verdict.FAIRE, "Le dossier sera archivé ici : LoopHub ne le montre plus pour cette clé."
        noms = ", ".join(champ.replace("_", " ") for champ in ecart.champs)
        return Verdict.FAIRE, f"Ces champs prendront la valeur de Loop : {noms}."

    def appliquer(
        self, objets: Sequence[tuple[Ecart, Ligne]], parametres: dict[str, Any], *, lot: Lot, par: Collaborateur
    ) -> list[Operation]:
        reparer_ici([ecart for ecart, _ in objets], par=par)
        return []


@enregistrer
class ReparerLaBas(GesteEcart):
    nom = "reparer_la_bas"
    libelle = "Réparer dans Loop"

    def appels_de(self, ecart: Ecart) -> int:
        return 2

    def juger(self, ecart: Ecart) -> tuple[Verdict, str]:
        if ecart.classe == Ecart.Classe.ABSENT_LA_BAS:
            return (
                Verdict.BLOQUE,
                "Aucune API ne rattache un dossier à une clé : cochez-le dans Loop Hub, puis relevez à nouveau.",
            )
        if ecart.classe == Ecart.Classe.ABSENT_ICI:
            return (
                Verdict.BLOQUE,
                "Il n’y a rien à changer dans Loop : créez le dossier ici, ou décochez-le dans Loop Hub.",
            )
        autres = [champ.replace("_", " ") for champ in ecart.champs if champ not in CHAMPS_MODIFIABLES_LA_BAS]
        if autres:
            return (
                Verdict.BLOQUE,
                f"Aucune API de Loop ne change : {', '.join(autres)}. Changez-les dans Loop, ou réparez ici.",
            )
        if ecart.dossier is None:
            return Verdict.BLOQUE, "Le dossier n’existe plus ici."
        if empechement := ecart.dossier.cle.empechement(cabinet=False):
            return Verdict.BLOQUE, empechement
        return Verdict.FAIRE, f"Loop recevra le SIREN {ecart.dossier.siren or '(vide)'}."

    def appliquer(
        self, objets: Sequence[tuple[Ecart, Ligne]], parametres: dict[str, Any], *, lot: Lot, par: Collaborateur
    ) -> list[Operation]:
        definition = nature_de("corriger_dossier")
        operations = []
        for ecart, _ in objets:
            dossier = ecart.dossier
            voulus = {"siren": dossier.siren, "forme_juridique": dossier.forme_juridique}
            operations.append(
                Operation(
                    nature=definition.cle,
                    guichet=dossier.cle.guichet,
                    dossier=dossier,
                    lot=lot,
                    demandee_par=par,
                    parametres=voulus,
                    objet=definition.objet(dossier.cle.guichet, dossier, voulus),
                )
            )
        return operations
