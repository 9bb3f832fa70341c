"""The ways out of Loop's documented refusals: each notes what a person did, then takes up what was waiting for it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur, Dossier, Etat, Evenement, Explication, Operation
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.services.acces import Case, Demande, demander_acces

Invitation, Presence = Interlocuteur.Invitation, Interlocuteur.Presence


def interlocuteur_de(operation: Operation) -> Interlocuteur | None:
    """The contact that an operation is about, None for any other operation."""
    pk = operation.parametres.get("interlocuteur")
    return Interlocuteur.objects.filter(pk=pk).first() if pk else None


def porteur_de(operation: Operation) -> Interlocuteur | None:
    """The contact that has the address an operation is about, on the domain of its key."""
    email = operation.parametres.get("email") or operation.parametres.get("contact") or ""
    if operation.guichet.systeme != Explication.Systeme.LOOP:
        return None
    return Interlocuteur.objects.du_domaine(operation.cle).filter(email=email.strip().lower()).first()


@transaction.atomic
def marquer_invite(interlocuteurs: Iterable[Interlocuteur], *, par: Collaborateur) -> Demande:
    """Note that these persons were invited on the tenant, and ask again for the accès that waited for it.

    Raises PermissionDenied.
    """
    exiger(par, "interlocuteurs.marquer_invite")
    retenus = _verrouiller(interlocuteurs, par)
    for interlocuteur in retenus:
        interlocuteur.invitation = Invitation.INVITE
        interlocuteur.invite_le, interlocuteur.invite_par = timezone.now(), par
        interlocuteur.ecrire("invitation", "invite_le", "invite_par", par=par)
    _journaliser(retenus, "invité sur le tenant", par)
    return reprendre(retenus, par=par)


@transaction.atomic
def rattacher(porteur: Interlocuteur, acces: Sequence[tuple[Dossier, str]] = (), *, par: Collaborateur) -> Demande:
    """Take the contact that Loop has at this address as the one here: give it `acces`, and those refused before.

    A person decides it: Loop said that the address is another contact's, and nothing reads that contact. Its record in
    Loop is left as it is until someone changes it here. Someone limited to their portfolio may attach a contact they do
    not see to a dossier they see: they know its address.

    Raises PermissionDenied, ActionImpossible.
    """
    exiger(par, "interlocuteurs.planifier_acces")
    actuel = Interlocuteur.objects.select_for_update(no_key=True, of=("self",)).get(pk=porteur.pk)
    if actuel.anonymise:
        raise ActionImpossible(
            "Rien n’a été rattaché.",
            "Cet interlocuteur a été anonymisé.",
            "Créez un nouvel interlocuteur.",
        )
    dossiers = {dossier.pk for dossier, _ in acces}
    if Dossier.objects.visibles_par(par).filter(pk__in=dossiers).count() != len(dossiers):
        raise PermissionDenied("interlocuteurs.planifier_acces")
    # A line on one of their dossiers: from here on the person sees the contact.
    Acces.objects.bulk_create(
        [Acces(interlocuteur=actuel, dossier=dossier, offre=offre) for dossier, offre in acces], ignore_conflicts=True
    )
    if actuel.presence == Presence.AUTRE:
        Interlocuteur.objects.filter(pk=actuel.pk).update(presence=Presence.PRESENT)
        _journaliser([actuel], "rattaché à l’interlocuteur que Loop a déjà à cette adresse", par)
    demande = reprendre([actuel], par=par, en_plus=acces)
    refusees = {(actuel.pk, dossier.pk, offre) for dossier, offre in acces}
    if bloquee := next((ligne for ligne in demande.bloquees if ligne.etat[:3] in refusees), None):
        raise ActionImpossible("L’interlocuteur n’a pas été rattaché.", bloquee.motif, "")
    return demande


@transaction.atomic
def creer_depuis_echec(interlocuteur: Interlocuteur, *, par: Collaborateur) -> Demande:
    """Create in Loop, from what was typed here, a contact that Loop said it does not have; then give its wanted accès.

    Raises PermissionDenied; ActionImpossible when Loop did not say so.
    """
    exiger(par, "interlocuteurs.add_interlocuteur")
    actuel = next(iter(_verrouiller([interlocuteur], par)), None)
    if actuel is None or actuel.presence != Presence.ABSENT:
        raise ActionImpossible(
            "L’interlocuteur n’a pas été créé dans Loop.",
            "Loop n’a pas dit qu’il manquait, ou l’a reçu depuis.",
            "Rechargez la page et regardez son état.",
        )
    return reprendre([actuel], par=par)


@transaction.atomic
def reprendre(
    interlocuteurs: Sequence[Interlocuteur],
    *,
    par: Collaborateur,
    en_plus: Sequence[tuple[Dossier, str]] = (),
) -> Demande:
    """Ask again for every accès that is wanted, not observed, and not under way, on the dossiers that `par` sees.

    A failure is taken up once, by an operation that names it; the creation comes first, whatever the order of failures.

    Raises PermissionDenied.
    """
    exiger(par, "interlocuteurs.planifier_acces")
    pks = [interlocuteur.pk for interlocuteur in interlocuteurs]
    voulus = Acces.objects.filter(interlocuteur__in=pks, voulu=True, dossier__in=Dossier.objects.visibles_par(par))
    cases = list(voulus.exclude(constate=True).order_by("id").values_list("interlocuteur", "dossier", "offre"))
    cases += [(pk, dossier.pk, offre) for pk in pks for dossier, offre in en_plus]
    echecs = Operation.objects.filter(
        parametres__interlocuteur__in=pks,
        etat=Etat.ECHOUEE,
        relances=None,
        nature__in=["creer_interlocuteur", "donner_acces"],
    ).order_by("id")
    reprises: dict[Case, Operation] = {
        (echec.parametres["interlocuteur"], echec.dossier_id or 0, echec.parametres["offre"]): echec for echec in echecs
    }
    demandes = [
        {"interlocuteur": pk, "dossier": dossier, "offre": offre, "voulu": True}
        for pk, dossier, offre in dict.fromkeys(cases)
    ]
    return demander_acces(demandes, par=par, reprises=reprises)


def _verrouiller(interlocuteurs: Iterable[Interlocuteur], par: Collaborateur) -> list[Interlocuteur]:
    visibles = Interlocuteur.objects.visibles_par(par).filter(
        pk__in=[interlocuteur.pk for interlocuteur in interlocuteurs], anonymise_le=None
    )
    return list(visibles.select_for_update(no_key=True, of=("self",)).order_by("pk"))


def _journaliser(interlocuteurs: Sequence[Interlocuteur], fait: str, par: Collaborateur) -> None:
    Evenement.objects.bulk_create(
        Evenement(
            type=Evenement.Type.MODIFICATION,
            texte=f"{interlocuteur} : {fait}.",
            acteur=par,
            details={"interlocuteur": interlocuteur.pk},
        )
        for interlocuteur in interlocuteurs
    )
