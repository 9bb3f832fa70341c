"""What of the contacts needs a person, on the home page: invitations on the tenant, imports left half-way."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.http import HttpRequest

from dossiers.accueil.lignes import il_y_a, jour_saisi, minuit
from dossiers.accueil.registre import OUBLI_JOURS, Ligne, greffer_lignes, liste, rangs_de
from interlocuteurs.imports.services import PERMISSION as IMPORTER
from interlocuteurs.models import ImportInterlocuteurs, Interlocuteur

INVITER, VOIR_IMPORT = "interlocuteurs.marquer_invite", "interlocuteurs.view_importinterlocuteurs"
Etat = ImportInterlocuteurs.Etat
#: Nothing was confirmed yet.
BROUILLONS = (Etat.LU, Etat.EXAMINE)


@greffer_lignes
def lignes(request: HttpRequest) -> Iterator[Ligne]:
    """Contacts that Loop refused until they are invited; imports that stopped, or that this person forgot."""
    personne: Any = request.user
    if personne.has_perm(INVITER):
        yield Ligne(
            code="a-inviter",
            un="interlocuteur à inviter sur le tenant",
            des="interlocuteurs à inviter sur le tenant",
            verbe="Inviter ces interlocuteurs",
            adresse=liste(
                Interlocuteur, invitation__exact=Interlocuteur.Invitation.A_INVITER, anonymise_le__isnull=True
            ),
            icone="mail",
            rangs=rangs_de(request, Interlocuteur).a_inviter(),
            date="cree_le",
        )
    if personne.has_perm(VOIR_IMPORT) and personne.has_perm(IMPORTER):
        tous, oubli = rangs_de(request, ImportInterlocuteurs), il_y_a(OUBLI_JOURS)
        yield Ligne(
            code="imports-interlocuteurs-interrompus",
            un="import d’interlocuteurs interrompu",
            des="imports d’interlocuteurs interrompus",
            verbe="Reprendre ou abandonner ces imports",
            adresse=liste(ImportInterlocuteurs, etat__exact=Etat.INTERROMPU),
            icone="upload_file",
            urgente=True,
            rangs=tous.filter(etat=Etat.INTERROMPU),
            date="cree_le",
        )
        yield Ligne(
            code="imports-interlocuteurs-oublies",
            un=f"de vos imports d’interlocuteurs, à confirmer depuis plus de {OUBLI_JOURS}\u00a0jours",
            des=f"de vos imports d’interlocuteurs, à confirmer depuis plus de {OUBLI_JOURS}\u00a0jours",
            verbe="Confirmer ou abandonner ces imports",
            adresse=liste(
                ImportInterlocuteurs,
                etat__in=",".join(BROUILLONS),
                cree_par__exact=personne.pk,
                cree_le_to=jour_saisi(oubli - timedelta(days=1)),
            ),
            icone="upload_file",
            rangs=tous.filter(etat__in=BROUILLONS, cree_par=personne, cree_le__lt=minuit(oubli)),
            date="cree_le",
        )
