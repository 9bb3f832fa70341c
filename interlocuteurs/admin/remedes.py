"""The ways out of Loop's refusals, as buttons of a contact: each asks again for what was waiting."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect

from config import production
from config.admin import AdminCabinet, bouton
from dossiers.affichage import adresse, phrase, pluriel
from dossiers.models import Operation
from dossiers.services.erreurs import ActionImpossible
from interlocuteurs.models import Interlocuteur
from interlocuteurs.natures import objet_de
from interlocuteurs.services import fiches, remedes
from interlocuteurs.services.acces import Demande

Presence, Invitation = Interlocuteur.Presence, Interlocuteur.Invitation
LIGNES_DITES = 3


def a_creer(interlocuteur: Interlocuteur) -> bool:
    """Whether Loop said it does not have this contact, and nobody asked since to create it."""
    if interlocuteur.presence != Presence.ABSENT or interlocuteur.anonymise:
        return False
    return not Operation.objects.non_reglees().filter(objet=objet_de(interlocuteur)).exists()


class RemedesAdmin(AdminCabinet):
    """The buttons of the remedies; in production each is confirmed by its box."""

    def has_planifier_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("interlocuteurs.planifier_acces")  # type: ignore[union-attr]

    def vue_rattacher(self, request: HttpRequest) -> HttpResponseBase:
        """Give the accès that an operation was refused to the contact that has its address."""
        if not self.has_planifier_permission(request):
            raise PermissionDenied
        numero = request.POST.get("operation", "")
        if not numero.isdecimal() or len(numero) > 18:
            raise BadRequest("numéro d’opération illisible")
        par: Any = request.user
        visibles = Operation.objects.visibles_par(par).select_related("dossier", "guichet")
        operation = visibles.filter(pk=int(numero)).first()
        if operation is None:
            raise Http404
        porteur = remedes.porteur_de(operation)
        if porteur is None:
            raise ActionImpossible(
                "Rien n’a été rattaché.",
                "L’adresse de cette opération n’est celle d’aucun interlocuteur connu ici.",
                "Créez l’interlocuteur à partir de cette saisie.",
            )
        if production.manque(operation.guichet.environnement, request.POST):
            return self.page_production(request, "Rattacher à cet interlocuteur", adresse(operation))
        offre = operation.parametres.get("offre")
        acces = [(operation.dossier, offre)] if operation.dossier and offre else []
        self._dire(request, remedes.rattacher(porteur, acces, par=par))
        return redirect(adresse(porteur))

    @bouton(
        "Invité : relancer",
        permission="marquer_invite",
        icone="mark_email_read",
        variante="primaire",
        visible=lambda interlocuteur: interlocuteur.invitation == Invitation.A_INVITER and not interlocuteur.anonymise,
        environnement=lambda interlocuteur: interlocuteur.environnement,
    )
    def marquer_invite(self, request: HttpRequest, interlocuteur: Interlocuteur) -> None:
        self._essayer(request, lambda: remedes.marquer_invite([interlocuteur], par=request.user))  # type: ignore[arg-type]

    @bouton(
        "Rattacher à cet interlocuteur",
        permission="planifier",
        icone="link",
        variante="primaire",
        confirmation="Prendre l’interlocuteur que Loop a déjà à cette adresse pour celui-ci, et lui donner ses accès ?",
        visible=lambda interlocuteur: interlocuteur.presence == Presence.AUTRE and not interlocuteur.anonymise,
        environnement=lambda interlocuteur: interlocuteur.environnement,
    )
    def rattacher(self, request: HttpRequest, interlocuteur: Interlocuteur) -> None:
        self._essayer(request, lambda: remedes.rattacher(interlocuteur, par=request.user))  # type: ignore[arg-type]

    @bouton(
        "Créer à partir de cette saisie",
        permission="add",
        icone="person_add",
        variante="primaire",
        visible=lambda interlocuteur: a_creer(interlocuteur),
        environnement=lambda interlocuteur: interlocuteur.environnement,
    )
    def creer_dans_loop(self, request: HttpRequest, interlocuteur: Interlocuteur) -> None:
        self._essayer(request, lambda: remedes.creer_depuis_echec(interlocuteur, par=request.user))  # type: ignore[arg-type]

    @bouton(
        "Renvoyer la fiche à Loop",
        permission="change",
        icone="sync",
        visible=lambda interlocuteur: interlocuteur.a_renvoyer and not interlocuteur.anonymise,
        environnement=lambda interlocuteur: interlocuteur.environnement,
    )
    def renvoyer_fiche(self, request: HttpRequest, interlocuteur: Interlocuteur) -> None:
        try:
            operation = fiches.renvoyer_fiche(interlocuteur, par=request.user)  # type: ignore[arg-type]
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.ERROR)
        else:
            self.message_user(request, f"La fiche part vers Loop (opération n° {operation.pk}).", messages.SUCCESS)

    def _essayer(self, request: HttpRequest, agir: Any) -> None:
        try:
            demande = agir()
        except ActionImpossible as refus:
            self.message_user(request, phrase(refus), messages.ERROR)
        else:
            self._dire(request, demande)

    def _dire(self, request: HttpRequest, demande: Demande) -> None:
        """What a remedy set going, and what still stands in the way."""
        nombre = len(demande.operations)
        if nombre:
            texte = pluriel(nombre, "accès redemandé à Loop", "accès redemandés à Loop")
            self.message_user(request, f"C’est noté : {texte}.", messages.SUCCESS)
        else:
            self.message_user(request, "C’est noté. Aucun accès n’attendait : rien n’est envoyé.", messages.INFO)
        for ligne in demande.bloquees[:LIGNES_DITES]:
            self.message_user(request, f"{ligne.libelle} : {ligne.motif}", messages.WARNING)
