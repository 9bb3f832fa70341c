"""What contacts add to the pages of the core: a dossier's matrix, remedies, the global search, the menu."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse

from config.production import en_mots
from dossiers import greffes
from dossiers.affichage import adresse
from dossiers.greffes import Entree, Remede, Resultats, Section
from dossiers.models import CleApi, Dossier, Etat, Operation
from interlocuteurs import matrice
from interlocuteurs.courriel import normaliser_courriel
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.recherche import rechercher

INTERLOCUTEURS_MONTRES = 50
A_INVITER = "invitation__exact=a_inviter"
VOIR = "interlocuteurs.view_interlocuteur"
#: Buttons of the catalogue that lead here.
GESTES = frozenset({"ouvrir_interlocuteur", "inviter_tenant", "creer_interlocuteur"})

greffes.greffer_menu(
    "Cegid Loop",
    (
        Entree(titre="Interlocuteurs", icone="contacts", page="interlocuteurs_interlocuteur", permission=VOIR),
        Entree(
            titre="À inviter sur le tenant",
            icone="mail",
            page="interlocuteurs_interlocuteur",
            filtre=A_INVITER,
            permission="interlocuteurs.marquer_invite",
        ),
    ),
)


def liste(filtre: str = "") -> str:
    """Address of the list of contacts."""
    page = reverse("admin:interlocuteurs_interlocuteur_changelist")
    return f"{page}?{filtre}" if filtre else page


@greffes.greffer_section
def section_du_dossier(request: HttpRequest, dossier: Dossier) -> Section | None:
    """The contacts of a dossier, with what each may use on it."""
    personne: Any = request.user
    if not personne.has_perm(VOIR):
        return None
    connus = Acces.objects.filter(dossier=dossier).order_by().values("interlocuteur")
    visibles = Interlocuteur.objects.visibles_par(personne)
    montres = list(visibles.filter(pk__in=connus).order_by("nom", "prenom", "id")[: INTERLOCUTEURS_MONTRES + 1])
    suite, montres = len(montres) > INTERLOCUTEURS_MONTRES, montres[:INTERLOCUTEURS_MONTRES]
    cherche = request.GET.get("interlocuteur", "").strip()
    trouve = _par_adresse(visibles.du_domaine(dossier.cle), cherche)
    if trouve and trouve not in montres:
        montres.insert(0, trouve)
    rangees = matrice.du_dossier(dossier, montres)
    return Section(
        gabarit="interlocuteurs/_section_dossier.html",
        contexte={
            "rangees": rangees,
            "manquantes": [case for rangee in rangees for case in rangee.cases if case.manquante],
            "editable": personne.has_perm("interlocuteurs.planifier_acces") and not dossier.archive,
            "creation": _creation(dossier=dossier.pk) if personne.has_perm("interlocuteurs.add_interlocuteur") else "",
            "retour": f"dossier:{dossier.pk}",
            "titre_ligne": "Interlocuteur",
            "suite": liste(urlencode({"q": dossier.code})) if suite else "",
            "cherche": cherche,
            "introuvable": bool(cherche) and trouve is None,
        },
    )


def _par_adresse(interlocuteurs: Any, saisie: str) -> Interlocuteur | None:
    try:
        return interlocuteurs.filter(email=normaliser_courriel(saisie)).first() if saisie else None  # type: ignore[no-any-return]
    except ValidationError:
        return None


def _creation(**parametres: int) -> str:
    return f"{reverse('admin:interlocuteurs_interlocuteur_add')}?{urlencode(parametres)}"


@greffes.greffer_remedes
def remedes(request: HttpRequest, operations: Sequence[Operation]) -> dict[int, list[Remede]]:
    """The ways out of the documented refusals about contacts; what was taken up since has none left."""
    personne: Any = request.user
    arretees = [o for o in operations if o.etat == Etat.ECHOUEE and o.explication and o.explication.geste in GESTES]
    if not arretees or not personne.has_perm(VOIR):
        return {}
    reprises = Operation.objects.order_by().filter(relance_de__in=[o.pk for o in arretees])
    deja = set(reprises.values_list("relance_de", flat=True))
    arretees = [o for o in arretees if o.pk not in deja]
    visibles = Interlocuteur.objects.visibles_par(personne)
    par_pk = visibles.in_bulk({o.parametres["interlocuteur"] for o in arretees if "interlocuteur" in o.parametres})
    contacts = {o.parametres.get("contact", "").strip().lower() for o in arretees} - {""}
    guichets = {o.guichet_id for o in arretees} if contacts else ()
    domaines = dict(CleApi.objects.filter(guichet__in=guichets).values_list("guichet", "domaine"))
    par_adresse = {
        (i.environnement, i.domaine, i.email): i for i in (visibles.filter(email__in=contacts) if contacts else ())
    }
    return {
        operation.pk: list(
            _sorties(
                personne,
                operation,
                par_pk.get(operation.parametres.get("interlocuteur"))
                or par_adresse.get(
                    (
                        operation.guichet.environnement,
                        domaines.get(operation.guichet_id, "").upper(),
                        operation.parametres.get("contact", "").strip().lower(),
                    )
                ),
            )
        )
        for operation in arretees
    }


def _sorties(personne: Any, operation: Operation, interlocuteur: Interlocuteur | None) -> Any:
    Presence, Invitation = Interlocuteur.Presence, Interlocuteur.Invitation
    if interlocuteur is None:
        if personne.has_perm("interlocuteurs.add_interlocuteur") and operation.parametres.get("contact"):
            yield Remede(
                libelle="Créer à partir de cette saisie", adresse=_creation(operation=operation.pk), reprend=True
            )
        return
    if interlocuteur.presence == Presence.AUTRE and personne.has_perm("interlocuteurs.planifier_acces"):
        yield Remede(
            libelle="Rattacher à cet interlocuteur",
            adresse=reverse("admin:interlocuteurs_interlocuteur_rattacher_operation"),
            methode="post",
            environnement=en_mots(operation.guichet.environnement),
            champs={"operation": operation.pk},
            reprend=True,
        )
    if interlocuteur.invitation == Invitation.A_INVITER and personne.has_perm("interlocuteurs.marquer_invite"):
        yield Remede(
            libelle="Invité : relancer",
            adresse=reverse("admin:interlocuteurs_interlocuteur_marquer_invite", args=[interlocuteur.pk]),
            methode="post",
            environnement=en_mots(operation.guichet.environnement),
            reprend=True,
        )
        yield Remede(libelle="À inviter sur le tenant", adresse=liste(A_INVITER))
    if interlocuteur.presence == Presence.ABSENT and personne.has_perm("interlocuteurs.add_interlocuteur"):
        yield Remede(
            libelle="Créer à partir de cette saisie",
            adresse=reverse("admin:interlocuteurs_interlocuteur_creer_dans_loop", args=[interlocuteur.pk]),
            methode="post",
            environnement=en_mots(operation.guichet.environnement),
            reprend=True,
        )
    yield Remede(libelle="Ouvrir l’interlocuteur", adresse=adresse(interlocuteur))


@greffes.greffer_recherche
def chercher(request: HttpRequest, terme: str, nombre: int) -> Resultats | None:
    """Contacts by name, address, telephone; a code of dossier finds the dossier itself."""
    personne: Any = request.user
    if not personne.has_perm(VOIR):
        return None
    trouves = rechercher(Interlocuteur.objects.visibles_par(personne), terme, par=personne, dossiers=False)
    return Resultats(titre="Interlocuteurs", objets=list(trouves[:nombre]), liste=liste(urlencode({"q": terme})))
