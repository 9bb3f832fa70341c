"""Accès, judged cell by cell (contact, dossier, offer) then asked for: the one place that decides what is sent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction

from dossiers.models import NON_REGLEES, Collaborateur, Dossier, Etat, Lot, Offre, Operation
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import creer as creer_operations
from dossiers.services.operations import exiger
from dossiers.services.plans import Ligne, Plan, Verdict, preparer
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.models.acces import meme_domaine
from interlocuteurs.natures import objet_de
from interlocuteurs.telephone import pour_loop

Case = tuple[int, int, str]
Presence = Interlocuteur.Presence


@dataclass(frozen=True, slots=True, kw_only=True)
class Cellule:
    """One accès to give or to withdraw. `pk` names its line in a plan."""

    pk: int
    interlocuteur: Interlocuteur
    dossier: Dossier
    offre: str
    voulu: bool

    @property
    def case(self) -> Case:
        return self.interlocuteur.pk, self.dossier.pk, self.offre


@dataclass(frozen=True, slots=True)
class Connu:
    """What is known of a cell: wanted, last observed (None: never)."""

    voulu: bool = False
    constate: bool | None = None


@dataclass(slots=True)
class Terrain:
    """What the judgement of some cells depends on, read in two queries however many they are."""

    acces: dict[Case, Connu] = field(default_factory=dict)
    ouvertes: dict[int, list[Operation]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def lire(cls, cellules: Iterable[Cellule]) -> Terrain:
        terrain = cls()
        interlocuteurs = {cellule.interlocuteur.pk: cellule.interlocuteur for cellule in cellules}
        lignes = Acces.objects.filter(interlocuteur__in=interlocuteurs).order_by()
        for pk, dossier, offre, voulu, constate in lignes.values_list(
            "interlocuteur", "dossier", "offre", "voulu", "constate"
        ):
            terrain.acces[pk, dossier, offre] = Connu(voulu, constate)
        objets = [objet_de(interlocuteur) for interlocuteur in interlocuteurs.values()]
        for operation in Operation.objects.filter(objet__in=objets, etat__in=NON_REGLEES).order_by("id"):
            terrain.ouvertes[operation.parametres["interlocuteur"]].append(operation)
        return terrain

    def connu(self, cellule: Cellule) -> Connu:
        return self.acces.get(cellule.case, Connu())

    def ouverte(self, cellule: Cellule) -> Operation | None:
        """The last unsettled operation that changes this accès."""
        return next(
            (
                operation
                for operation in reversed(self.ouvertes[cellule.interlocuteur.pk])
                if (operation.dossier_id, operation.parametres["offre"]) == (cellule.dossier.pk, cellule.offre)
                and "voulu_avant" in operation.parametres
            ),
            None,
        )

    def creation_demandee(self, interlocuteur: Interlocuteur) -> bool:
        return any(operation.nature == "creer_interlocuteur" for operation in self.ouvertes[interlocuteur.pk])


def charger(demandes: Sequence[Mapping[str, Any]], *, par: Collaborateur, rangs: Iterable[int] = ()) -> list[Cellule]:
    """The cells asked for, less those that `par` may not see. Of two demands on one accès, the last holds.

    Parameters
    ----------
    demandes:
        `[{"interlocuteur": pk, "dossier": pk, "offre": code, "voulu": bool}]`.
    rangs:
        Ranks to keep; all by default.
    """
    gardees = set(rangs)
    retenues = {
        (demande["interlocuteur"], demande["dossier"], demande["offre"]): rang for rang, demande in enumerate(demandes)
    }
    interlocuteurs = Interlocuteur.objects.visibles_par(par).in_bulk({demande["interlocuteur"] for demande in demandes})
    dossiers = _dossiers(par).in_bulk({demande["dossier"] for demande in demandes})
    return [
        Cellule(
            pk=rang,
            interlocuteur=interlocuteurs[pk],
            dossier=dossiers[dossier],
            offre=Offre.Code(offre).value,
            voulu=bool(demandes[rang]["voulu"]),
        )
        for (pk, dossier, offre), rang in retenues.items()
        if pk in interlocuteurs and dossier in dossiers and (not gardees or rang in gardees)
    ]


def _dossiers(par: Collaborateur) -> Any:
    visibles = Dossier.objects.visibles_par(par).select_related("cle__guichet")
    return visibles.defer("cle__client_secret", "cle__cle_abonnement")


def juger(cellules: Sequence[Cellule]) -> list[Ligne]:
    """What asking for each cell would do: `faire`, `rien` or `bloque`, and why, in French."""
    terrain = Terrain.lire(cellules)
    return [_ligne(cellule, terrain) for cellule in cellules]


def _ligne(cellule: Cellule, terrain: Terrain) -> Ligne:
    interlocuteur, dossier = cellule.interlocuteur, cellule.dossier
    connu, ouverte = terrain.connu(cellule), terrain.ouverte(cellule)
    verdict, motif, appels = _verdict(cellule, connu, ouverte, terrain)
    etat = (interlocuteur.presence, interlocuteur.invitation, interlocuteur.actif, interlocuteur.anonymise)
    return Ligne(
        pk=cellule.pk,
        libelle=f"{interlocuteur} – {dossier.code} – {Offre.Code(cellule.offre).label}",
        verdict=verdict,
        motif=motif,
        etat=(*cellule.case, cellule.voulu, connu.voulu, connu.constate, ouverte.pk if ouverte else None, *etat),
        environnement=dossier.cle.environnement,
        appels=appels,
        facturable=dossier.cle.avancee,
    )


def _verdict(cellule: Cellule, connu: Connu, ouverte: Operation | None, terrain: Terrain) -> tuple[Verdict, str, int]:
    if motif := _empechement(cellule, terrain):
        return Verdict.BLOQUE, motif, 0
    if ouverte and (ouverte.nature != "retirer_acces") == cellule.voulu:
        return Verdict.RIEN, f"Déjà demandé (opération n° {ouverte.pk}).", 0
    return _donner(cellule, connu, ouverte, terrain) if cellule.voulu else _retirer(cellule, connu, ouverte, terrain)


def _empechement(cellule: Cellule, terrain: Terrain) -> str:
    interlocuteur, dossier = cellule.interlocuteur, cellule.dossier
    if interlocuteur.anonymise:
        return "L’interlocuteur a été anonymisé : son adresse n’est plus connue."
    if dossier.archive:
        return "Le dossier est archivé : remettez-le en service d’abord."
    if not meme_domaine(interlocuteur, dossier):
        return "Le dossier n’est pas sur le domaine Loop de l’interlocuteur : créez-le sur le domaine du dossier."
    if empechement := dossier.cle.empechement(cabinet=True):
        return empechement
    a_verifier = [o.pk for o in terrain.ouvertes[interlocuteur.pk] if o.etat == Etat.A_VERIFIER]
    if a_verifier:
        return f"L’opération n° {a_verifier[0]} est à vérifier : tranchez-la avant d’en demander une autre."
    return ""


def _donner(cellule: Cellule, connu: Connu, ouverte: Operation | None, terrain: Terrain) -> tuple[Verdict, str, int]:
    interlocuteur = cellule.interlocuteur
    if not interlocuteur.actif:
        return Verdict.BLOQUE, "L’interlocuteur est désactivé : réactivez-le d’abord.", 0
    if interlocuteur.invitation == Interlocuteur.Invitation.A_INVITER:
        return (
            Verdict.BLOQUE,
            "À inviter sur le tenant du cabinet : invitez la personne, notez-le, puis recommencez.",
            0,
        )
    if interlocuteur.presence == Presence.AUTRE:
        return Verdict.BLOQUE, "Loop a déjà un interlocuteur à cette adresse : rattachez-le depuis la fiche.", 0
    if connu.constate and not ouverte:
        if connu.voulu:
            return Verdict.RIEN, "L’interlocuteur a déjà cet accès.", 0
        return Verdict.FAIRE, "Sera noté ici : Loop donne déjà cet accès.", 0
    if interlocuteur.presence == Presence.PRESENT or terrain.creation_demandee(interlocuteur):
        return Verdict.FAIRE, "L’accès sera donné.", 1
    return Verdict.FAIRE, "L’interlocuteur sera créé dans Loop s’il ne l’est pas, avec cet accès.", 1


def _retirer(cellule: Cellule, connu: Connu, ouverte: Operation | None, terrain: Terrain) -> tuple[Verdict, str, int]:
    if not (connu.voulu or connu.constate or ouverte):
        return Verdict.RIEN, "L’interlocuteur n’a pas cet accès.", 0
    if _jamais_donne(cellule, connu, ouverte):
        return Verdict.FAIRE, "Sera noté ici : Loop n’a pas donné cet accès.", 0
    return Verdict.FAIRE, "L’accès sera retiré.", 1


def _jamais_donne(cellule: Cellule, connu: Connu, ouverte: Operation | None) -> bool:
    """Whether Loop surely does not give this accès: it said so, or does not have the contact as ours."""
    absent = connu.constate is False or (connu.constate is None and cellule.interlocuteur.presence != Presence.PRESENT)
    return absent and ouverte is None


def appliquer(
    cellules: Sequence[Cellule],
    *,
    par: Collaborateur,
    lot: Lot | None = None,
    reprises: Mapping[Case, Operation] | None = None,
) -> list[Operation]:
    """Write what is wanted of cells judged `faire`, and return the operations to create, unsaved.

    The first accès of a contact that Loop does not have creates it (addClient); the others follow it, on the same
    remote object, by addCollaborativeOffer.

    Parameters
    ----------
    reprises:
        Failed operation that the one on this cell takes up.
    """
    terrain = Terrain.lire(cellules)
    operations: list[Operation] = []
    crees: set[int] = set()
    for cellule in cellules:
        interlocuteur, connu, ouverte = cellule.interlocuteur, terrain.connu(cellule), terrain.ouverte(cellule)
        if cellule.voulu and connu.constate and not ouverte:
            continue
        if not cellule.voulu and _jamais_donne(cellule, connu, ouverte):
            continue
        nature = "donner_acces" if cellule.voulu else "retirer_acces"
        parametres = parametres_de(interlocuteur, cellule.offre)
        cree = interlocuteur.pk in crees or terrain.creation_demandee(interlocuteur)
        if cellule.voulu and interlocuteur.presence != Presence.PRESENT and not cree:
            nature, parametres = "creer_interlocuteur", parametres_de_la_fiche(interlocuteur, cellule.offre)
            crees.add(interlocuteur.pk)
        operations.append(
            Operation(
                nature=nature,
                guichet=cellule.dossier.cle.guichet,
                dossier=cellule.dossier,
                lot=lot,
                demandee_par=par,
                relance_de=(reprises or {}).get(cellule.case),
                parametres=parametres | {"voulu_avant": connu.voulu},
                objet=objet_de(interlocuteur),
            )
        )
    Acces.objects.bulk_create(
        [
            Acces(interlocuteur=c.interlocuteur, dossier=c.dossier, offre=c.offre, voulu=c.voulu)
            for c in {cellule.case: cellule for cellule in cellules}.values()
        ],
        update_conflicts=True,
        unique_fields=["interlocuteur", "dossier", "offre"],
        update_fields=["voulu"],
        batch_size=1000,
    )
    return operations


def parametres_de(interlocuteur: Interlocuteur, offre: str) -> dict[str, Any]:
    """Parameters of an operation on one accès."""
    return {
        "interlocuteur": interlocuteur.pk,
        "email": interlocuteur.email,
        "nom": interlocuteur.nom,
        "prenom": interlocuteur.prenom,
        "offre": offre,
    }


def parametres_de_la_fiche(interlocuteur: Interlocuteur, offre: str) -> dict[str, Any]:
    """Parameters of an operation that sends the whole record; Loop's only telephone is a mobile one."""
    return parametres_de(interlocuteur, offre) | {
        "telephone": pour_loop(interlocuteur.mobile),
        "profil": interlocuteur.profil,
        "social": interlocuteur.social,
        "actif": interlocuteur.actif,
        "emetteur_par_defaut": interlocuteur.emetteur_par_defaut,
        "version": interlocuteur.version,
    }


def verrouiller(pks: Iterable[int]) -> None:
    """Lock contacts in the order of keys, so that two decisions about one contact follow each other."""
    verrous = Interlocuteur.objects.filter(pk__in=set(pks)).order_by("pk")
    list(verrous.select_for_update(no_key=True).values_list("pk"))


@dataclass(frozen=True, slots=True)
class Demande:
    """What became of cells asked for without a plan: the judgement of each, and the operations queued."""

    lignes: list[Ligne]
    operations: list[Operation]

    @property
    def bloquees(self) -> list[Ligne]:
        return [ligne for ligne in self.lignes if ligne.verdict == Verdict.BLOQUE]


@transaction.atomic
def demander_acces(
    demandes: Sequence[Mapping[str, Any]],
    *,
    par: Collaborateur,
    lot: Lot | None = None,
    reprises: Mapping[Case, Operation] | None = None,
    tout_ou_rien: bool = False,
) -> Demande:
    """Judge cells and queue at once what can be; those that `par` may not see are left out.

    Parameters
    ----------
    demandes:
        As in `charger`.
    tout_ou_rien:
        Raise ActionImpossible when a cell is blocked or not visible, and write nothing.

    Raises PermissionDenied without `planifier_acces`.
    """
    exiger(par, "interlocuteurs.planifier_acces")
    verrouiller(demande["interlocuteur"] for demande in demandes)
    cellules = charger(demandes, par=par)
    lignes = juger(cellules)
    if tout_ou_rien:
        _exiger_tout(demandes, lignes)
    a_faire = {ligne.pk for ligne in lignes if ligne.verdict == Verdict.FAIRE}
    operations = appliquer([c for c in cellules if c.pk in a_faire], par=par, lot=lot, reprises=reprises)
    return Demande(lignes, creer_operations(operations, par=par))


def _exiger_tout(demandes: Sequence[Mapping[str, Any]], lignes: Sequence[Ligne]) -> None:
    distinctes = {(demande["interlocuteur"], demande["dossier"], demande["offre"]) for demande in demandes}
    if len(lignes) < len(distinctes):
        raise ActionImpossible(
            "L’accès n’a pas été demandé.",
            "Ce dossier ou cet interlocuteur n’est pas dans votre portefeuille.",
            "Demandez-le à la personne qui en a la charge.",
        )
    if bloquee := next((ligne for ligne in lignes if ligne.verdict == Verdict.BLOQUE), None):
        raise ActionImpossible(f"L’accès n’a pas été demandé : {bloquee.libelle}.", bloquee.motif, "")


def preparer_cellules(demandes: Sequence[Mapping[str, Any]], *, par: Collaborateur) -> Plan:
    """The plan of an edited matrix; `plans.confirmer` takes it from there. Raises PermissionDenied, ActionImpossible.

    Parameters
    ----------
    demandes:
        As in `charger`; a line of the plan is known by its rank in it.
    """
    cellules = [
        {
            "interlocuteur": int(demande["interlocuteur"]),
            "dossier": int(demande["dossier"]),
            "offre": Offre.Code(demande["offre"]).value,
            "voulu": bool(demande["voulu"]),
        }
        for demande in demandes
    ]
    return preparer("changer_acces", range(len(cellules)), {"cellules": cellules}, par=par)
