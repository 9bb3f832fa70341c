"""What subscriptions add to the pages of the core: the menu, a section of a dossier."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from dossiers import greffes
from dossiers.greffes import Entree, Section
from dossiers.models import Dossier
from raccordements.admin.souscriptions.affichage import badge_environnement, badge_etat, badge_ligne, periode
from raccordements.admin.souscriptions.formulaires import mandats_de
from raccordements.models import Souscription
from raccordements.souscriptions import lignes, mandats, vie

VOIR, VOIR_LIGNE = "raccordements.view_souscription", "raccordements.view_ligneadressage"
VOIR_MANDAT = "raccordements.view_mandat"
LIGNES_MONTREES = 20

greffes.greffer_menu(
    "Cegid OD",
    (
        Entree(titre="Souscriptions", icone="alt_route", page="raccordements_souscription", permission=VOIR),
        Entree(
            titre="Progression",
            icone="filter_alt",
            page="admin:raccordements_souscription_progression",
            permission=VOIR,
        ),
        Entree(
            titre="Conflits et trous", icone="rule", page="admin:raccordements_souscription_conflits", permission=VOIR
        ),
        Entree(
            titre="Simulateur de routage",
            icone="route",
            page="admin:raccordements_souscription_routage",
            permission=VOIR,
        ),
        Entree(
            titre="Lignes d’adressage", icone="signpost", page="raccordements_ligneadressage", permission=VOIR_LIGNE
        ),
        Entree(
            titre="Plateformes",
            icone="dns",
            page="raccordements_plateforme",
            permission="raccordements.view_plateforme",
        ),
    ),
)


@greffes.greffer_section
def section_du_dossier(request: HttpRequest, dossier: Dossier) -> Section | None:
    """The addressing lines of a dossier, its subscriptions and its mandates."""
    personne: Any = request.user
    if not (personne.has_perm(VOIR) and personne.has_perm(VOIR_LIGNE)):
        return None
    jour = timezone.localdate()
    souscriptions = Souscription.objects.filter(dossier=dossier).pour_liste().order_by("-id")[:LIGNES_MONTREES]
    return Section(
        gabarit="raccordements/souscriptions/_section_dossier.html",
        contexte={
            "lignes": [
                (ligne, badge_ligne(ligne, jour), periode(ligne.debut, ligne.fin))
                for ligne in dossier.lignes_adressage.presentes().order_by("-id")[:LIGNES_MONTREES]
            ],
            "souscriptions": [
                (une, badge_etat(une), badge_environnement(une), periode(une.debut, une.fin)) for une in souscriptions
            ],
            "mandats": [
                (mandat, reverse("admin:raccordements_souscription_mandat_document", args=[mandat.pk]))
                for mandat in (mandats_de(dossier)[:LIGNES_MONTREES] if personne.has_perm(VOIR_MANDAT) else ())
            ],
            "liens": _liens(personne, dossier),
        },
    )


def _liens(personne: Any, dossier: Dossier) -> list[tuple[str, str]]:
    """What this person may add to the dossier, and the simulator."""
    suite = urlencode({"dossier": dossier.pk})
    possibles = (
        ("Ajouter une ligne d’adressage…", "ligneadressage_add", lignes.AJOUTER),
        ("Planifier une souscription…", "souscription_add", vie.SOUSCRIRE),
        ("Déposer un mandat…", "souscription_mandat_deposer", mandats.DEPOSER),
    )
    liens = [
        (libelle, f"{reverse(f'admin:raccordements_{page}')}?{suite}")
        for libelle, page, permission in possibles
        if personne.has_perm(permission)
    ]
    if dossier.siren:
        question = urlencode({"identifiant": dossier.siren, "environnement": dossier.cle.environnement})
        liens.append(("Simuler le routage", f"{reverse('admin:raccordements_souscription_routage')}?{question}"))
    return liens
