"""LoopHub against our dossiers: three columns (wanted, last known, observed), differences classed, repairs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection
from django.utils import timezone
from simple_history.utils import bulk_create_with_history, bulk_update_with_history

from dossiers.loop.schemas import DossierComplet, DossierLoopHub, EtablissementLoop
from dossiers.models import Collaborateur, Dossier, Ecart, Etablissement, Evenement, Operation, journaliser

#: Fields that LOOPHUB gives and that a dossier holds.
CHAMPS_LOOPHUB = ("nom_usuel", "raison_sociale", "maitre_dossier", "engagement_manager")
#: Fields that no public Loop API can change: they are mended here, or by hand in Loop.
CHAMPS_MODIFIABLES_LA_BAS = frozenset({"siren", "forme_juridique"})


def valeurs(distant: DossierLoopHub) -> dict[str, str]:
    """The LOOPHUB fields under our names; logins in lower case, as we keep them."""
    return {
        "nom_usuel": distant.nom_usuel,
        "raison_sociale": distant.raison_sociale,
        "maitre_dossier": distant.maitre_dossier.lower(),
        "engagement_manager": distant.engagement_manager.lower(),
    }


def differences(dossier: Dossier, constate: dict[str, str]) -> dict[str, dict[str, str]]:
    """For each field that differs: wanted, last known, observed."""
    return {
        champ: {"voulu": getattr(dossier, champ), "connu": dossier.connu.get(champ, ""), "constate": valeur}
        for champ, valeur in constate.items()
        if getattr(dossier, champ) != valeur
    }


def relever(operation: Operation, distants: Sequence[DossierLoopHub]) -> None:
    """Compare an answer of LOOPHUB with the dossiers of the key; nothing of ours is changed but what was last seen.

    Called inside the settling transaction of the operation. A dossier created since the call was made is left alone.
    """
    maintenant = timezone.now()
    cle = operation.cle
    par_code: dict[str, DossierLoopHub] = {distant.code.upper(): distant for distant in distants}
    locaux = {dossier.code.upper(): dossier for dossier in Dossier.objects.filter(cle=cle).iterator(2000)}
    ecarts: list[Ecart] = []
    vus: list[int] = []
    changes: list[Dossier] = []

    def noter(code: str, classe: Ecart.Classe, champs: dict[str, Any], dossier: Dossier | None = None) -> None:
        ecarts.append(
            Ecart(
                cle=cle,
                code=code,
                dossier=dossier,
                classe=classe,
                champs=champs,
                releve_le=maintenant,
                operation=operation,
            )
        )

    for code, distant in par_code.items():
        constate = valeurs(distant)
        dossier = locaux.get(code)
        if dossier is None:
            champs = {
                champ: {"voulu": "", "connu": "", "constate": valeur} for champ, valeur in constate.items() if valeur
            }
            noter(distant.code, Ecart.Classe.ABSENT_ICI, champs | {"object_id": {"constate": distant.object_id}})
            continue
        if not dossier.archive and (champs := differences(dossier, constate)):
            noter(distant.code, Ecart.Classe.DIFFERENT, champs, dossier)
        vus.append(dossier.pk)
        if dossier.connu != (connu := dossier.connu | constate | {"object_id": distant.object_id}):
            dossier.connu, dossier.object_id = connu, distant.object_id or None
            changes.append(dossier)
    for code, dossier in locaux.items():
        if code not in par_code and not dossier.archive and dossier.cree_le < operation.creee_le:
            noter(dossier.code, Ecart.Classe.ABSENT_LA_BAS, {}, dossier)

    _ecrire_le_vu(changes)
    Dossier.objects.filter(pk__in=vus).update(synchronise_le=maintenant)
    _remplacer_les_ecarts(operation, ecarts, maintenant)
    cle.synchronisee_le = maintenant
    type(cle).objects.filter(pk=cle.pk).update(synchronisee_le=maintenant)
    journaliser(
        Evenement.Type.RECONCILIATION,
        f"LoopHub relevé pour la clé {cle.nom} : {len(par_code)} dossiers, {len(ecarts)} écarts.",
        operation=operation,
        guichet_id=cle.guichet_id,
    )


def _ecrire_le_vu(dossiers: Sequence[Dossier]) -> None:
    """Keep what was last seen: technical, outside history.

    `bulk_update` writes a CASE of as many branches as rows, ten times slower for ten thousand dossiers.
    """
    with connection.cursor() as curseur:
        curseur.execute(
            "UPDATE dossiers_dossier d SET connu = vu.connu, object_id = vu.object_id"
            "  FROM unnest(%s::bigint[], %s::jsonb[], %s::uuid[]) AS vu (id, connu, object_id) WHERE d.id = vu.id",
            [
                [dossier.pk for dossier in dossiers],
                [json.dumps(dossier.connu) for dossier in dossiers],
                [dossier.object_id and str(dossier.object_id) for dossier in dossiers],
            ],
        )


def _remplacer_les_ecarts(operation: Operation, ecarts: Sequence[Ecart], maintenant: datetime) -> None:
    """The new differences replace the open ones of the key; one that did not change keeps its row."""
    anciens = {ecart.code.upper(): ecart for ecart in Ecart.objects.filter(cle=operation.cle, etat=Ecart.Etat.OUVERT)}
    nouveaux, gardes, changes = [], [], []
    for ecart in ecarts:
        ancien = anciens.pop(ecart.code.upper(), None)
        if ancien is None:
            nouveaux.append(ecart)
            continue
        gardes.append(ancien.pk)
        if (ancien.classe, ancien.champs, ancien.dossier_id) != (ecart.classe, ecart.champs, ecart.dossier_id):
            ancien.classe, ancien.champs, ancien.dossier = ecart.classe, ecart.champs, ecart.dossier
            changes.append(ancien)
    Ecart.objects.filter(pk__in=[ecart.pk for ecart in anciens.values()]).update(etat=Ecart.Etat.CLOS)
    Ecart.objects.bulk_update(changes, ["classe", "champs", "dossier"], batch_size=200)
    Ecart.objects.filter(pk__in=gardes).update(releve_le=maintenant, operation=operation)
    Ecart.objects.bulk_create(nouveaux, batch_size=1000)


def constater_la_fiche(
    operation: Operation, complet: DossierComplet, etablissements: Iterable[EtablissementLoop]
) -> None:
    """Write back DossierComplet and etablissementComplet: fill what is empty here, class what differs."""
    dossier = operation.dossier
    if dossier is None:
        return
    constate = {"siren": complet.siren, "forme_juridique": complet.forme_juridique}
    for champ, valeur in constate.items():
        if valeur and not getattr(dossier, champ):
            setattr(dossier, champ, valeur)
    champs = differences(dossier, {champ: valeur for champ, valeur in constate.items() if valeur})
    dossier.connu = dossier.connu | constate
    dossier.revision_id = complet.revision_id
    dossier.object_id = complet.object_id or dossier.object_id
    dossier.synchronise_le = timezone.now()
    dossier.save()
    ouvert = Ecart.objects.filter(cle=operation.cle, code__iexact=dossier.code, etat=Ecart.Etat.OUVERT).first()
    if champs:
        ecart = ouvert or Ecart(cle=operation.cle, code=dossier.code, dossier=dossier)
        ecart.classe, ecart.champs = Ecart.Classe.DIFFERENT, (ecart.champs or {}) | champs
        ecart.releve_le, ecart.operation = timezone.now(), operation
        ecart.save()
    for etablissement in etablissements:
        if etablissement.siret:
            Etablissement.objects.update_or_create(
                dossier=dossier,
                siret=etablissement.siret,
                defaults={
                    "nom": etablissement.nom[:200],
                    "type": etablissement.type,
                    "object_id": etablissement.object_id or None,
                    "revision_id": etablissement.revision_id,
                },
            )


def constater_la_correction(operation: Operation, complet: DossierComplet) -> None:
    """Loop took our values: keep its new revision and close what differed."""
    dossier = operation.dossier
    if dossier is None:
        return
    dossier.revision_id = complet.revision_id
    dossier.connu = dossier.connu | {"siren": complet.siren, "forme_juridique": complet.forme_juridique}
    dossier.save(update_fields=["revision_id", "connu"])
    for ecart in Ecart.objects.filter(dossier=dossier, etat=Ecart.Etat.OUVERT, classe=Ecart.Classe.DIFFERENT):
        ecart.champs = {champ: v for champ, v in ecart.champs.items() if champ not in CHAMPS_MODIFIABLES_LA_BAS}
        ecart.etat = Ecart.Etat.OUVERT if ecart.champs else Ecart.Etat.REPARE
        ecart.save(update_fields=["champs", "etat"])


def reparer_ici(ecarts: Sequence[Ecart], *, par: Collaborateur) -> int:
    """Make our dossiers what Loop says: create the missing, take its values, archive what LoopHub no longer shows.

    The caller has checked permission and the plan, and stands in a transaction. Returns how many were repaired.
    """
    maintenant = timezone.now()
    crees, changes = [], []
    for ecart in ecarts:
        constate = {champ: valeur.get("constate", "") for champ, valeur in ecart.champs.items()}
        if ecart.classe == Ecart.Classe.ABSENT_ICI:
            connu = dict.fromkeys(CHAMPS_LOOPHUB, "") | constate
            object_id = constate.pop("object_id", None) or None
            crees.append(
                Dossier(
                    cle=ecart.cle,
                    code=ecart.code,
                    object_id=object_id,
                    synchronise_le=ecart.releve_le,
                    connu=connu,
                    **constate,
                )
            )
        elif ecart.dossier is not None:
            if ecart.classe == Ecart.Classe.ABSENT_LA_BAS:
                ecart.dossier.archive_le, ecart.dossier.archive_par = maintenant, par
            for champ, valeur in constate.items():
                setattr(ecart.dossier, champ, valeur)
            changes.append(ecart.dossier)
        ecart.etat = Ecart.Etat.REPARE
    if crees:
        crees = bulk_create_with_history(crees, Dossier, batch_size=1000, default_user=par)
    if changes:
        champs = [*CHAMPS_LOOPHUB, "siren", "forme_juridique", "archive_le", "archive_par"]
        bulk_update_with_history(changes, Dossier, champs, batch_size=1000, default_user=par)
    Ecart.objects.filter(pk__in=[ecart.pk for ecart in ecarts]).update(etat=Ecart.Etat.REPARE)
    Evenement.objects.bulk_create(
        [
            Evenement(
                type=Evenement.Type.RECONCILIATION,
                texte=texte,
                dossier=dossier,
                guichet_id=dossier.cle.guichet_id,
                acteur=par,
            )
            for dossiers, texte in ((crees, "Dossier créé depuis LoopHub."), (changes, "Dossier aligné sur LoopHub."))
            for dossier in dossiers
        ],
        batch_size=1000,
    )
    return len(ecarts)
