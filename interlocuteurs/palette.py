"""The verbs of contacts, for the palette of the core."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.http import HttpRequest

from dossiers.palette.commandes import liste, page, sur_dossier, vers
from dossiers.palette.registre import OBJETS_PROPOSES, Commande, Proposition, Viser, enregistrer
from interlocuteurs.models import Interlocuteur
from interlocuteurs.recherche import rechercher

VOIR, LISTE = "interlocuteurs.view_interlocuteur", "interlocuteurs_interlocuteur_changelist"


def sur_interlocuteur(verbe: str, icone: str) -> Viser:
    """The page of each contact that the object finds, then the list filtered by it."""

    def viser(request: HttpRequest, objet: str) -> Iterator[Proposition]:
        personne: Any = request.user
        visibles = Interlocuteur.objects.visibles_par(personne)
        for interlocuteur in rechercher(visibles, objet, par=personne).order_by("pk")[:OBJETS_PROPOSES]:
            yield Proposition(
                libelle=f"{verbe} – {interlocuteur}",
                adresse=page("interlocuteurs_interlocuteur_change", interlocuteur.pk),
                detail="Interlocuteur",
                icone=icone,
            )
        yield liste(verbe, objet, LISTE, icone)

    return viser


def _commande(cle: str, libelle: str, icone: str, mots: str, *permissions: str, **reste: Any) -> Commande:
    return Commande(
        cle=cle,
        libelle=libelle,
        groupe="Interlocuteurs",
        icone=icone,
        mots=mots.split(),
        permissions=permissions,
        **reste,
    )


enregistrer(
    _commande(
        "interlocuteur",
        "Ouvrir un interlocuteur",
        "person",
        "ouvrir interlocuteur interlocuteurs contact",
        VOIR,
        adresse=vers(LISTE),
        viser=sur_interlocuteur("Ouvrir", "person"),
        exemple="interlocuteur Dupré",
    ),
    _commande(
        "ajouter_interlocuteur",
        "Ajouter un interlocuteur",
        "person_add",
        "ajouter creer interlocuteur contact",
        VOIR,
        "interlocuteurs.add_interlocuteur",
        adresse=vers("interlocuteurs_interlocuteur_add"),
        viser=sur_dossier(
            "Ajouter un interlocuteur", lambda d: page("interlocuteurs_interlocuteur_add", dossier=d.pk), "person_add"
        ),
        exemple="ajouter interlocuteur MANON001",
    ),
    _commande(
        "importer_interlocuteurs",
        "Importer un tableur d’interlocuteurs",
        "table_view",
        "importer import tableur interlocuteurs",
        "interlocuteurs.importer_interlocuteurs",
        adresse=vers("interlocuteurs_importinterlocuteurs_add"),
    ),
    _commande(
        "donner_acces",
        "Donner ou retirer un accès",
        "key",
        "donner retirer acces",
        VOIR,
        "interlocuteurs.planifier_acces",
        adresse=vers(LISTE),
        viser=sur_interlocuteur("Accès", "key"),
        exemple="accès Dupré",
    ),
    _commande(
        "inviter",
        "Voir qui est à inviter sur le tenant",
        "forward_to_inbox",
        "inviter tenant invitation",
        VOIR,
        "interlocuteurs.marquer_invite",
        adresse=vers(LISTE, invitation__exact=Interlocuteur.Invitation.A_INVITER.value),
    ),
)
