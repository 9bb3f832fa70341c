"""The verdict of a scenario: what was asked, what the rows say, what the simulator applied."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from django.db.models import Exists, OuterRef

from dossiers.models import REGLEES, Appel, Etat, Evenement, Operation
from tests.fautes.cabinet import OFFRES, Cabinet

ENDPOINTS = {
    "ajouter_offre": "POST /collaborativeOffer/addOffer",
    "retirer_offre": "POST /collaborativeOffer/removeOffer",
    "provisionner": "POST /companyProvisioning/provisionCompany",
    "corriger_dossier": "PUT /DossierComplet",
    "creer_interlocuteur": "POST /provisionningCollab/addClient",
}
Reference = tuple[str, str]

PERDUE = "perdue(s)"
DE_TROP = "appliquée(s) plus de fois que demandé"
FAUSSE_REUSSITE = "dite(s) réussie(s) à tort"
FAUX_ECHEC = "dite(s) échouée(s) à tort"
CONTRAIRE = "état(s) final(s) contraire(s) à la dernière demande"
CHEVAUCHEMENT = "chevauchement(s) d’appels sur un même objet"
ABANDON = "laissée(s) à une personne alors qu’une relecture suffit"
DEVINETTE = "devinée(s) sans relecture ni personne"
INATTENDUE = "autre(s) fin(s) que celle attendue"


def reference(operation: Operation) -> Reference | None:
    """Where the simulator counts the effect of an operation; None for a reading."""
    dossier = operation.dossier
    assert dossier is not None
    if operation.nature in OFFRES:
        nom = f"{dossier.code}:{operation.parametres['offre']}"
    elif operation.nature == "corriger_dossier":
        nom = f"{dossier.object_id}:{operation.parametres['siren']}"
    elif operation.nature == "creer_interlocuteur":
        nom = f"{operation.parametres['email']}:{dossier.code}:{operation.parametres['offre']}"
    else:
        nom = dossier.code
    return (ENDPOINTS[operation.nature], nom) if operation.nature in ENDPOINTS else None


@dataclass
class Bilan:
    """What a scenario left.

    Attributes
    ----------
    demandees, journal, lignes:
        Operations that the scenario asked for, that the journal tells, that have a row.
    par_etat:
        How many rows in each state.
    appliquees:
        Effects that the simulator counted.
    fautes:
        By promise, what breaks it, one sentence each.
    """

    demandees: int
    journal: int
    lignes: int
    par_etat: Counter[str]
    appliquees: int
    fautes: dict[str, list[str]] = field(default_factory=dict)

    @property
    def vert(self) -> bool:
        return not any(self.fautes.values())

    @property
    def vu(self) -> str:
        """The faults in one line."""
        return ", ".join(f"{len(vues)} {promesse}" for promesse, vues in self.fautes.items() if vues) or "rien"


def dresser(cabinet: Cabinet) -> Bilan:
    """Compare intents, rows and effects, reference by reference.

    For one reference, with R operations réussies, V à vérifier and E échouées or annulées, the simulator must have
    counted between R and R + V effects: fewer is a false success, up to E more is a false failure, and beyond that an
    effect was applied more often than it was asked for.
    """
    operations = list(cabinet.operations.select_related("dossier").order_by("id"))
    siens = {nom for dossier in cabinet.dossiers for nom in (dossier.code, str(dossier.object_id))} | set(cabinet.fins)
    appliques: Counter[Reference] = Counter()
    for endpoint, references in cabinet.banc.compte()["appliques"].items():
        # An updateClient here is the read-back of a creation, with the same values.
        for nom, nombre in references.items() if endpoint in ENDPOINTS.values() else ():
            if nom.partition(":")[0] in siens:
                appliques[endpoint, nom] = nombre
    bilan = Bilan(
        demandees=cabinet.demandees,
        journal=Evenement.objects.filter(
            type=Evenement.Type.OPERATION_DEMANDEE, operation__in=cabinet.operations
        ).count(),
        lignes=len(operations),
        par_etat=Counter(operation.etat for operation in operations),
        appliquees=appliques.total(),
    )
    bilan.fautes = {
        PERDUE: _perdues(bilan, operations),
        **_effets(operations, appliques),
        CONTRAIRE: _etats_finaux(cabinet, operations),
        CHEVAUCHEMENT: _chevauchements(cabinet),
        ABANDON: [dire(o) for o in operations if o.etat == Etat.A_VERIFIER and o.definition.relisible],
        DEVINETTE: _devinees(cabinet),
        INATTENDUE: [dire(o) for o in operations if o.etat != cabinet.fins.get(o.parametres.get("email"), o.etat)],
    }
    return bilan


def dire(operation: Operation) -> str:
    sur = operation.parametres.get("email") or operation.dossier.code
    return f"n° {operation.pk} ({operation.nature}, {sur}) : {operation.get_etat_display()}"


def _perdues(bilan: Bilan, operations: list[Operation]) -> list[str]:
    en_plan = [dire(o) for o in operations if o.etat not in {*REGLEES, Etat.A_VERIFIER}]
    if bilan.demandees == bilan.journal == bilan.lignes:
        return en_plan
    return [f"{bilan.demandees} demandées, {bilan.journal} au journal, {bilan.lignes} en base", *en_plan]


def _effets(operations: list[Operation], appliques: Counter[Reference]) -> dict[str, list[str]]:
    etats: dict[Reference, Counter[str]] = defaultdict(Counter)
    for operation in operations:
        if lieu := reference(operation):
            etats[lieu][operation.etat] += 1
    doubles, fausses_reussites, faux_echecs = [], [], []
    for lieu in etats.keys() | appliques.keys():
        compte, effets = etats[lieu], appliques[lieu]
        reussies, ouvertes = compte[Etat.REUSSIE], compte[Etat.REUSSIE] + compte[Etat.A_VERIFIER]
        phrase = f"{' '.join(lieu)} : {effets} effet(s) pour {dict(compte)}"
        if effets > compte.total():
            doubles.append(phrase)
        elif effets > ouvertes and compte[Etat.ECHOUEE] + compte[Etat.ANNULEE]:
            faux_echecs.append(phrase)
        elif effets < reussies:
            fausses_reussites.append(phrase)
    return {DE_TROP: doubles, FAUSSE_REUSSITE: fausses_reussites, FAUX_ECHEC: faux_echecs}


def _etats_finaux(cabinet: Cabinet, operations: list[Operation]) -> list[str]:
    """Offers whose operations all succeeded, and which are not there as the last of them wanted."""
    visibles = cabinet.banc.offres()
    par_objet: dict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        if operation.nature in OFFRES:
            par_objet[operation.objet].append(operation)
    return [
        dire(suite[-1])
        for suite in par_objet.values()
        if all(operation.etat == Etat.REUSSIE for operation in suite)
        and ((suite[-1].dossier.code, suite[-1].parametres["offre"]) in visibles)
        != (suite[-1].nature == "ajouter_offre")
    ]


def _chevauchements(cabinet: Cabinet) -> list[str]:
    """Calls of one object that were under way together, by their traces (to the millisecond)."""
    appels: dict[str, list[Any]] = defaultdict(list)
    for objet, debut, duree in (
        Appel.objects.filter(operation__in=cabinet.operations)
        .order_by("debut")
        .values_list("operation__objet", "debut", "duree_ms")
    ):
        appels[objet].append((debut.timestamp(), debut.timestamp() + (duree - 1) / 1000))
    return [objet for objet, suite in appels.items() for avant, apres in pairwise(suite) if apres[0] < avant[1]]


def _devinees(cabinet: Cabinet) -> list[str]:
    """Writes that cannot be read back, whose answer was lost, and which no person was asked about."""

    def evenement(type_: Evenement.Type) -> Exists:
        return Exists(Evenement.objects.filter(operation=OuterRef("pk"), type=type_))

    perdues = cabinet.operations.filter(evenement(Evenement.Type.OPERATION_INCERTAINE)).exclude(
        evenement(Evenement.Type.OPERATION_A_VERIFIER)
    )
    return [dire(o) for o in perdues.select_related("dossier") if not o.definition.relisible]
