"""Records of contacts: creating, changing under an optimistic lock, sending again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import connection, transaction
from simple_history.utils import bulk_create_with_history

from dossiers.models import CleApi, Collaborateur, Dossier, Evenement, Lot, Operation, journaliser
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import creer as creer_operations
from dossiers.services.operations import exiger
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.models.interlocuteur import CHAMPS_ENVOYES, CHAMPS_SAISIS, PROFIL
from interlocuteurs.natures import objet_de
from interlocuteurs.services import acces
from interlocuteurs.services.acces import Demande
from interlocuteurs.services.erreurs import CopiePerimee, CourrielDejaPris, Difference

Presence = Interlocuteur.Presence


@dataclass(frozen=True, slots=True, kw_only=True)
class Fiche:
    """What a person types of one contact, as typed."""

    email: str
    nom: str
    prenom: str
    mobile: str = ""
    fixe: str = ""
    profil: str = PROFIL
    social: bool = True
    actif: bool = True
    emetteur_par_defaut: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Nouveau:
    """A contact to create, with its first accès: (dossier, offer)."""

    fiche: Fiche
    acces: Sequence[tuple[Dossier, str]] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Creation:
    """What became of a Nouveau: the contact and its accès, or the refusal of its record."""

    interlocuteur: Interlocuteur | None = None
    demande: Demande = field(default_factory=lambda: Demande([], []))
    refus: ValidationError | CourrielDejaPris | None = None


def lire(fiche: Fiche, *, cle: CleApi) -> Interlocuteur:
    """The contact of a record, unsaved, every field in its kept form, on the domain that `cle` opens.

    Raises ValidationError, field by field. Whether its address is free is not looked at: see `porteurs`.
    """
    interlocuteur = Interlocuteur(environnement=cle.environnement, domaine=cle.domaine.upper(), **asdict(fiche))
    interlocuteur.full_clean(validate_unique=False, validate_constraints=False)
    return interlocuteur


def porteurs(cle: CleApi, emails: Iterable[str]) -> dict[str, Interlocuteur]:
    """The contacts of the domain of `cle` that have these addresses (in their kept form), by address."""
    return {i.email: i for i in Interlocuteur.objects.du_domaine(cle).filter(email__in=set(emails))}


def creer(
    fiche: Fiche, *, cle: CleApi, par: Collaborateur, acces: Sequence[tuple[Dossier, str]] = ()
) -> tuple[Interlocuteur, list[Operation]]:
    """Create one contact and ask for its accès: the first by addClient, the others after it. All or nothing.

    Raises PermissionDenied, ValidationError, CourrielDejaPris, ActionImpossible.
    """
    nouveau = Nouveau(fiche=fiche, acces=acces)
    (creation,) = creer_plusieurs([nouveau], cle=cle, par=par, tout_ou_rien=True)
    if creation.refus is not None:
        raise creation.refus
    if creation.interlocuteur is None:
        raise AssertionError("a creation is either a contact or a refusal")
    return creation.interlocuteur, creation.demande.operations


@transaction.atomic
def creer_plusieurs(
    nouveaux: Sequence[Nouveau],
    *,
    cle: CleApi,
    par: Collaborateur,
    lot: Lot | None = None,
    tout_ou_rien: bool = False,
) -> list[Creation]:
    """Create contacts on the domain of `cle`, and ask for their accès, in a number of queries that does not depend on
    how many there are. A refused record does not stop the others.

    Parameters
    ----------
    lot:
        Lot that the operations belong to.
    tout_ou_rien:
        Raise ActionImpossible when an accès cannot be asked for, and write nothing.

    Raises PermissionDenied. In the caller's transaction when there is one; call it by batches of some hundreds.
    """
    exiger(par, "interlocuteurs.add_interlocuteur")
    if any(nouveau.acces for nouveau in nouveaux):
        exiger(par, "interlocuteurs.planifier_acces")
    _un_createur_a_la_fois(cle)
    lus = [_essayer(nouveau.fiche, cle) for nouveau in nouveaux]
    pris = porteurs(cle, [lu.email for lu in lus if isinstance(lu, Interlocuteur)])
    visibles = set(
        Interlocuteur.objects.visibles_par(par)
        .filter(pk__in=[i.pk for i in pris.values()])
        .values_list("pk", flat=True)
    )
    retenus: dict[str, Interlocuteur] = {}
    creations: list[Creation] = []
    for lu in lus:
        if isinstance(lu, ValidationError):
            creations.append(Creation(refus=lu))
        elif porteur := pris.get(lu.email) or retenus.get(lu.email):
            visible = porteur.pk in visibles or porteur is retenus.get(lu.email)
            creations.append(Creation(refus=CourrielDejaPris(porteur, porteur_visible=visible)))
        else:
            lu.cree_par = par
            retenus[lu.email] = lu
            creations.append(Creation(interlocuteur=lu))
    bulk_create_with_history(list(retenus.values()), Interlocuteur, batch_size=1000, default_user=par)
    Evenement.objects.bulk_create(
        [
            Evenement(
                type=Evenement.Type.MODIFICATION,
                texte=f"Interlocuteur créé : {interlocuteur}.",
                acteur=par,
                lot=lot,
                details={"interlocuteur": interlocuteur.pk},
            )
            for interlocuteur in retenus.values()
        ],
        batch_size=1000,
    )
    return _avec_leurs_acces(creations, nouveaux, par=par, lot=lot, tout_ou_rien=tout_ou_rien)


def _avec_leurs_acces(
    creations: list[Creation], nouveaux: Sequence[Nouveau], *, par: Collaborateur, lot: Lot | None, tout_ou_rien: bool
) -> list[Creation]:
    demandes: list[dict[str, Any]] = [
        {"interlocuteur": creation.interlocuteur.pk, "dossier": dossier.pk, "offre": offre, "voulu": True}
        for creation, nouveau in zip(creations, nouveaux, strict=True)
        if creation.interlocuteur is not None
        for dossier, offre in nouveau.acces
    ]
    if not demandes:
        return creations
    faite = acces.demander_acces(demandes, par=par, lot=lot, tout_ou_rien=tout_ou_rien)
    lignes: dict[int, list[Any]] = {}
    for ligne in faite.lignes:
        lignes.setdefault(demandes[ligne.pk]["interlocuteur"], []).append(ligne)
    operations: dict[int, list[Operation]] = {}
    for operation in faite.operations:
        operations.setdefault(operation.parametres["interlocuteur"], []).append(operation)
    return [
        Creation(
            interlocuteur=creation.interlocuteur,
            demande=Demande(lignes.get(creation.interlocuteur.pk, []), operations.get(creation.interlocuteur.pk, [])),
        )
        if creation.interlocuteur is not None
        else creation
        for creation in creations
    ]


def _essayer(fiche: Fiche, cle: CleApi) -> Interlocuteur | ValidationError:
    try:
        return lire(fiche, cle=cle)
    except ValidationError as exc:
        return exc


def _un_createur_a_la_fois(cle: CleApi) -> None:
    """Until the end of the transaction, nobody else creates on this domain: the look at the addresses stays true."""
    with connection.cursor() as curseur:
        curseur.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))",
            [f"interlocuteurs:{cle.environnement}:{cle.domaine.upper()}"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Modification:
    """What became of a change: the fields changed, the operation that tells Loop, or why there is none."""

    interlocuteur: Interlocuteur
    champs: tuple[str, ...] = ()
    operation: Operation | None = None
    non_envoyee: str = ""


@transaction.atomic
def modifier(interlocuteur: Interlocuteur, fiche: Fiche, *, version: int, par: Collaborateur) -> Modification:
    """Write a record, and queue an updateClient of all of it when Loop has the contact.

    Parameters
    ----------
    version:
        `interlocuteur.version` when the form was opened.

    Raises PermissionDenied, ValidationError, CourrielDejaPris, ActionImpossible; CopiePerimee when the record changed
    since, with both versions.
    """
    exiger(par, "interlocuteurs.change_interlocuteur")
    actuelle = _verrouiller(interlocuteur, par)
    _refuser_anonymise(actuelle)
    saisie = Interlocuteur(environnement=actuelle.environnement, domaine=actuelle.domaine, **asdict(fiche))
    saisie.full_clean(validate_unique=False, validate_constraints=False)
    if actuelle.version != version:
        raise CopiePerimee(actuelle, _differences(actuelle, saisie, version))
    champs = tuple(champ for champ in CHAMPS_SAISIS if getattr(saisie, champ) != getattr(actuelle, champ))
    if not champs:
        return Modification(interlocuteur=actuelle)
    if "email" in champs:
        _permettre_l_adresse(actuelle, saisie.email, par)
    for champ in champs:
        setattr(actuelle, champ, getattr(saisie, champ))
    actuelle.version += 1
    actuelle.ecrire(*champs, "version", par=par)
    libelles = ", ".join(map(Interlocuteur.libelle, champs))
    journaliser(
        Evenement.Type.MODIFICATION,
        f"Fiche de {actuelle} modifiée : {libelles}.",
        acteur=par,
        details={"interlocuteur": actuelle.pk},
    )
    if not set(champs) & set(CHAMPS_ENVOYES):
        return Modification(interlocuteur=actuelle, champs=champs)
    operation, motif = _envoyer(actuelle, par)
    return Modification(interlocuteur=actuelle, champs=champs, operation=operation, non_envoyee=motif)


@transaction.atomic
def renvoyer_fiche(interlocuteur: Interlocuteur, *, par: Collaborateur) -> Operation:
    """Queue an updateClient of the record as it is. Raises PermissionDenied, ActionImpossible."""
    exiger(par, "interlocuteurs.change_interlocuteur")
    actuelle = _verrouiller(interlocuteur, par)
    _refuser_anonymise(actuelle)
    operation, motif = _envoyer(actuelle, par)
    if operation is None:
        raise ActionImpossible(
            "La fiche n’a pas été envoyée à Loop.", motif, "Donnez un accès à l’interlocuteur, puis recommencez."
        )
    return operation


def _verrouiller(interlocuteur: Interlocuteur, par: Collaborateur) -> Interlocuteur:
    visibles = Interlocuteur.objects.visibles_par(par).filter(pk=interlocuteur.pk)
    actuelle: Interlocuteur | None = visibles.select_for_update(no_key=True, of=("self",)).first()
    if actuelle is None:
        raise PermissionDenied("interlocuteurs.change_interlocuteur")
    return actuelle


def _refuser_anonymise(interlocuteur: Interlocuteur) -> None:
    if interlocuteur.anonymise:
        raise ActionImpossible(
            "Rien n’a été enregistré.",
            "Cet interlocuteur a été anonymisé, pour toujours.",
            "Créez un nouvel interlocuteur si la personne revient.",
        )


def _differences(actuelle: Interlocuteur, saisie: Interlocuteur, version: int) -> list[Difference]:
    historique = Interlocuteur.history.model.objects.filter(id=actuelle.pk, version=version)
    base = historique.order_by("-history_date", "-history_id").first()
    lues = (
        Difference(
            champ=champ,
            libelle=Interlocuteur.libelle(champ),
            base=getattr(base, champ, None),
            eux=getattr(actuelle, champ),
            moi=getattr(saisie, champ),
        )
        for champ in CHAMPS_SAISIS
    )
    return [d for d in lues if not d.base == d.eux == d.moi]


def _permettre_l_adresse(actuelle: Interlocuteur, email: str, par: Collaborateur) -> None:
    """An address is changed only while Loop does not have the contact: it is what Loop knows the contact by."""
    en_route = Operation.objects.non_reglees().filter(objet=objet_de(actuelle)).exists()
    if en_route or actuelle.presence not in {Presence.INCONNUE, Presence.ABSENT}:
        raise ActionImpossible(
            "L’adresse e-mail n’a pas été changée.",
            "Loop reconnaît un interlocuteur à son adresse, et aucune fonction documentée ne la change.",
            "Créez un interlocuteur à la nouvelle adresse, donnez-lui les mêmes accès, puis retirez ceux de l’ancien.",
        )
    meme_domaine = Interlocuteur.objects.filter(environnement=actuelle.environnement, domaine=actuelle.domaine)
    if porteur := meme_domaine.filter(email=email).first():
        visible = Interlocuteur.objects.visibles_par(par).filter(pk=porteur.pk).exists()
        raise CourrielDejaPris(porteur, porteur_visible=visible)


def _envoyer(interlocuteur: Interlocuteur, par: Collaborateur) -> tuple[Operation | None, str]:
    """Queue the record with an accès that the contact has; or say why it cannot be."""
    ouvertes = list(Operation.objects.non_reglees().filter(objet=objet_de(interlocuteur)).order_by("id"))
    creation = any(operation.nature == "creer_interlocuteur" for operation in ouvertes)
    if interlocuteur.presence != Presence.PRESENT and not creation:
        return None, "Loop n’a pas encore cet interlocuteur : la fiche partira avec son premier accès."
    retenu = _acces_d_envoi(interlocuteur, ouvertes, par)
    if retenu is None:
        return None, (
            "Loop demande un accès en place pour modifier un interlocuteur : celui-ci n’en a aucun sur vos dossiers en "
            "service."
        )
    if empechement := retenu.dossier.cle.empechement(cabinet=True):
        return None, empechement
    operation = Operation(
        nature="modifier_interlocuteur",
        guichet=retenu.dossier.cle.guichet,
        dossier=retenu.dossier,
        demandee_par=par,
        parametres=acces.parametres_de_la_fiche(interlocuteur, retenu.offre),
        objet=objet_de(interlocuteur),
    )
    return creer_operations([operation], par=par)[0], ""


def _acces_d_envoi(interlocuteur: Interlocuteur, ouvertes: Sequence[Operation], par: Collaborateur) -> Acces | None:
    """An accès to name in an updateClient, which would give it: one in place, else one being given."""
    en_route = {
        (operation.dossier_id, operation.parametres["offre"])
        for operation in ouvertes
        if operation.nature in {"creer_interlocuteur", "donner_acces"}
    }
    voulus = (
        Acces.objects.visibles_par(par)
        .filter(interlocuteur=interlocuteur, voulu=True, dossier__archive_le=None)
        .select_related("dossier__cle__guichet")
        .order_by("id")
    )
    candidats = [a for a in voulus if a.constate or (a.dossier_id, a.offre) in en_route]
    return min(candidats, key=lambda a: (bool(a.dossier.cle.empechement(cabinet=True)), not a.constate), default=None)


def valeurs(interlocuteur: Interlocuteur) -> Fiche:
    """The record of a contact, as a Fiche to start from."""
    return Fiche(**{champ: getattr(interlocuteur, champ) for champ in CHAMPS_SAISIS})


def fiche_depuis(champs: Mapping[str, Any]) -> Fiche:
    """A Fiche from the cleaned data of a form, or a line of a spreadsheet: unknown names are left out."""
    return Fiche(**{champ: champs[champ] for champ in CHAMPS_SAISIS if champ in champs})
