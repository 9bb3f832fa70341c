"""What of Chorus Pro and of Cegid OD needs a person, on the home page; their figures and their plots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import TruncDate
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from config.jours import est_ouvre
from dossiers.accueil.lignes import il_y_a, minuit
from dossiers.accueil.registre import (
    OUBLI_JOURS,
    Carte,
    Graphique,
    Ligne,
    Rangee,
    du_dossier,
    greffer_cartes,
    greffer_graphique,
    greffer_lignes,
    liste,
    rangs_de,
)
from dossiers.admin.filtres import FiltreChoix
from raccordements.models import (
    Approbation,
    Delegation,
    Etat,
    Fiche,
    FicheAPI,
    FicheEDI,
    HoteAdmis,
    Participation,
    Plateforme,
    Souscription,
    Version,
)
from raccordements.models.statuts import PARTIS
from raccordements.services import approbation, envoi, redaction
from raccordements.services.suivi import envoyees_avant
from raccordements.souscriptions import plateformes, vie
from raccordements.souscriptions.etapes import EtatSouscription, Progres
from raccordements.souscriptions.progression import Palier, paliers

VOIR_FICHE, VOIR_SOUSCRIPTION = "raccordements.view_fiche", "raccordements.view_souscription"
#: Title of a kind, its rows, and their right.
GENRES = (
    ("edi", "EDI", FicheEDI, "raccordements.view_ficheedi"),
    ("api", "API", FicheAPI, "raccordements.view_ficheapi"),
)
#: Working days of the histogram; the last bar has the others.
DELAI_MAX = 5
DELAIS_DEPUIS = 365


# --- filters: what this person may decide ----------------------------------------------------------------------------


def a_decider_par(versions: QuerySet[Any], personne: Any) -> QuerySet[Any]:
    """Submitted versions this person may decide on, as `services.approbation` judges: written neither by them, nor by
    the one in whose name they would decide."""
    attendues = versions.filter(etat=Version.Etat.EN_ATTENTE).exclude(_redigees_par(personne.pk))
    if personne.has_perm(approbation.APPROUVER):
        return attendues
    recues = Delegation.objects.en_cours().filter(delegue=personne).select_related("delegant")
    possibles = Q(pk__in=())
    for delegation in recues:
        if delegation.delegant.is_active and delegation.delegant.has_perm(approbation.APPROUVER):
            possibles |= ~_redigees_par(delegation.delegant_id)
    return attendues.filter(possibles)


def _redigees_par(personne: int) -> Q:
    return Q(Exists(Participation.objects.filter(version=OuterRef("pk"), personne=personne)))


class FiltreADecider(FiltreChoix):
    """Of the list of versions."""

    title = "à vous de décider"
    parameter_name = "a_decider"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("oui", "À vous de décider")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return a_decider_par(queryset, request.user) if self.valeur() else queryset


def hotes_a_confirmer_par(personne: Any) -> QuerySet[Any]:
    """Hosts that another person proposed, and nobody confirmed or withdrew."""
    return HoteAdmis.objects.filter(confirme_le=None, retire_le=None).exclude(propose_par=personne)


class FiltreHotes(FiltreChoix):
    """Of the list of platforms."""

    title = "hôtes"
    parameter_name = "hotes"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("a_confirmer", "À confirmer par vous")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if not self.valeur():
            return queryset
        return queryset.filter(pk__in=hotes_a_confirmer_par(request.user).order_by().values("plateforme"))


# --- lines -----------------------------------------------------------------------------------------------------------


@greffer_lignes
def versions(request: HttpRequest) -> Iterator[Ligne]:
    """Fiches that wait for this person's decision."""
    personne: Any = request.user
    if personne.has_perm("raccordements.view_version"):
        yield Ligne(
            code="fiches-a-approuver",
            un="fiche à approuver, écrite par d’autres",
            des="fiches à approuver, écrites par d’autres",
            verbe="Approuver ou refuser",
            adresse=liste(Version, etat__exact=Version.Etat.EN_ATTENTE, a_decider="oui"),
            icone="approval",
            urgente=True,
            rangs=a_decider_par(rangs_de(request, Version), personne),
            date="soumise_le",
        )


@du_dossier
@greffer_lignes
def fiches(request: HttpRequest) -> Iterator[Ligne]:
    """Fiches refused, late, approved and not sent, and this person's forgotten drafts."""
    personne: Any = request.user
    limite, oubli = envoyees_avant(timezone.now()), minuit(il_y_a(OUBLI_JOURS))
    for suffixe, genre, modele, voir in GENRES:
        if not personne.has_perm(voir):
            continue
        toutes = rangs_de(request, modele)
        corrige = personne.has_perm(redaction.MODIFIER)
        yield Ligne(
            code=f"fiches-refusees-{suffixe}",
            un=f"fiche {genre} refusée",
            des=f"fiches {genre} refusées",
            verbe="Corriger et soumettre" if corrige else "Consulter les fiches refusées",
            adresse=liste(modele, approbation__exact=Approbation.REFUSEE),
            icone="block",
            dossier="structure__dossier",
            urgente=True,
            rangs=toutes.filter(approbation=Approbation.REFUSEE),
            date="version__decide_le",
        )
        yield Ligne(
            code=f"fiches-en-retard-{suffixe}",
            un=f"fiche {genre} envoyée, pas activée le jour ouvré suivant",
            des=f"fiches {genre} envoyées, pas activées le jour ouvré suivant",
            verbe="Relancer le support" if corrige else "Consulter les fiches en retard",
            adresse=liste(modele, etat__in=",".join(sorted(PARTIS)), envoyee_le__lt=limite.isoformat()),
            icone="running_with_errors",
            dossier="structure__dossier",
            urgente=True,
            rangs=toutes.filter(etat__in=PARTIS, envoyee_le__lt=limite),
            date="envoyee_le",
        )
        if personne.has_perm(envoi.ENVOYER):
            yield Ligne(
                code=f"fiches-a-envoyer-{suffixe}",
                un=f"fiche {genre} approuvée, pas encore envoyée",
                des=f"fiches {genre} approuvées, pas encore envoyées",
                verbe="Envoyer ces fiches",
                adresse=liste(
                    modele,
                    etat__exact=Etat.BROUILLON,
                    approbation__exact=Approbation.APPROUVEE,
                    version_en_envoi__isnull=True,
                ),
                icone="send",
                dossier="structure__dossier",
                rangs=toutes.filter(
                    etat=Etat.BROUILLON, approbation=Approbation.APPROUVEE, version_en_envoi__isnull=True
                ),
                date="version__decide_le",
            )
        if corrige:
            yield Ligne(
                code=f"fiches-oubliees-{suffixe}",
                un=f"de vos brouillons de fiches {genre}, laissé depuis plus de {OUBLI_JOURS}\u00a0jours",
                des=f"de vos brouillons de fiches {genre}, laissés depuis plus de {OUBLI_JOURS}\u00a0jours",
                verbe="Soumettre ou supprimer ces brouillons",
                adresse=liste(
                    modele,
                    etat__exact=Etat.BROUILLON,
                    approbation__exact=Approbation.A_SOUMETTRE,
                    cree_par__exact=personne.pk,
                    modifiee_le__lt=oubli.isoformat(),
                ),
                icone="edit_note",
                dossier="structure__dossier",
                rangs=toutes.filter(
                    etat=Etat.BROUILLON,
                    approbation=Approbation.A_SOUMETTRE,
                    cree_par=personne,
                    modifiee_le__lt=oubli,
                ),
                date="modifiee_le",
            )


@du_dossier
@greffer_lignes
def souscriptions(request: HttpRequest) -> Iterator[Ligne]:
    """Subscriptions that Cegid OD forgot, or whose end it does not know; hosts that wait for a second person."""
    personne: Any = request.user
    if personne.has_perm(VOIR_SOUSCRIPTION):
        toutes, jour = rangs_de(request, Souscription), timezone.localdate()
        yield Ligne(
            code="souscriptions-oubliees",
            un="souscription oubliée par Cegid OD",
            des="souscriptions oubliées par Cegid OD",
            verbe="Régulariser les souscriptions" if personne.has_perm(vie.REGULARISER) else "Consulter ces oublis",
            adresse=liste(Souscription, etat__exact=EtatSouscription.OUBLIEE),
            icone="link_off",
            dossier="dossier",
            urgente=True,
            rangs=toutes.filter(etat=EtatSouscription.OUBLIEE),
            date="modifiee_le",
        )
        yield Ligne(
            code="souscriptions-fin-a-dire",
            un="souscription finie que Cegid OD route encore",
            des="souscriptions finies que Cegid OD route encore",
            verbe="Dire la fin à Cegid OD" if personne.has_perm(vie.TERMINER) else "Consulter ces souscriptions",
            adresse=liste(Souscription, progres=Progres.FIN_A_DIRE),
            icone="event_busy",
            dossier="dossier",
            urgente=True,
            rangs=toutes.au_stade(Progres.FIN_A_DIRE, jour),
            date="fin",
        )
        yield Ligne(
            code="changements-en-attente",
            un="changement de plateforme prévu, pas encore fait",
            des="changements de plateforme prévus, pas encore faits",
            verbe="Lever les conflits" if personne.has_perm(vie.TERMINER) else "Consulter les conflits",
            adresse=reverse("admin:raccordements_souscription_conflits"),
            icone="call_split",
            dossier="dossier",
            rangs=toutes.changements_en_attente(),
            date="cree_le",
        )
    if personne.has_perm("raccordements.view_plateforme") and personne.has_perm(plateformes.CONFIRMER):
        en_service = rangs_de(request, Plateforme).filter(archivee_le=None)
        hotes = hotes_a_confirmer_par(personne).filter(plateforme=OuterRef("pk")).order_by("propose_le")
        yield Ligne(
            code="hotes-a-confirmer",
            un="plateforme dont un hôte attend une seconde personne",
            des="plateformes dont un hôte attend une seconde personne",
            verbe="Confirmer ou retirer ces hôtes",
            adresse=liste(Plateforme, hotes="a_confirmer"),
            icone="dns",
            rangs=en_service.annotate(propose_le=Subquery(hotes.values("propose_le")[:1])).exclude(propose_le=None),
            date="propose_le",
        )


# --- figures and plots -----------------------------------------------------------------------------------------------


@greffer_cartes
def cartes(request: HttpRequest) -> Iterator[Carte]:
    """Drafts and fiches that wait for approval; active subscriptions."""
    droit = request.user.has_perm  # type: ignore[union-attr]
    for suffixe, genre, modele, voir in GENRES:
        if droit(voir):
            yield Carte(
                code=f"brouillons-{suffixe}",
                titre=f"Brouillons de fiches {genre}",
                adresse=liste(modele, etat__exact=Etat.BROUILLON),
                icone="edit_note",
                rangs=rangs_de(request, modele).filter(etat=Etat.BROUILLON),
            )
    if droit("raccordements.view_version"):
        yield Carte(
            code="a-approuver",
            titre="Fiches en attente d’approbation",
            adresse=liste(Version, etat__exact=Version.Etat.EN_ATTENTE),
            icone="approval",
            rangs=rangs_de(request, Version).filter(etat=Version.Etat.EN_ATTENTE),
        )
    if droit(VOIR_SOUSCRIPTION):
        yield Carte(
            code="souscriptions-actives",
            titre="Souscriptions actives",
            adresse=liste(Souscription, progres=Progres.ACTIF),
            icone="alt_route",
            rangs=rangs_de(request, Souscription).au_stade(Progres.ACTIF, timezone.localdate()),
        )


@greffer_graphique("activations")
def activations(request: HttpRequest) -> Graphique | None:
    """How many working days Chorus Pro took to activate a fiche, as of its last sending."""
    if not request.user.has_perm(VOIR_FICHE):  # type: ignore[union-attr]
        return None
    visibles: Any = Fiche.objects.visibles_par(request.user)  # type: ignore[arg-type]
    paires = (
        visibles.filter(activee_le__gte=minuit(il_y_a(DELAIS_DEPUIS)), envoyee_le__lte=F("activee_le"))
        .order_by()
        .annotate(envoi=TruncDate("envoyee_le"), activation=TruncDate("activee_le"))
        .values_list("envoi", "activation")
        .annotate(combien=Count("*"))
    )
    comptes = Counter[int]()
    for parti, active, combien in paires:
        comptes[jours_ouvres(parti, active)] += combien
    noms = ["Le jour\nmême", "1\u00a0jour", *(f"{n}\u00a0jours" for n in range(2, DELAI_MAX)), f"{DELAI_MAX} et plus"]
    return Graphique(
        code="activations",
        titre="Délai d’activation des fiches, en jours ouvrés",
        phrase="Fiches activées depuis un an, selon les jours ouvrés passés depuis leur dernier envoi\u202f; Chorus "
        "Pro annonce le lendemain.",
        entete="Délai",
        series=(("Fiches activées", 3),),
        rangees=[
            Rangee(libelle=nom.replace("\n", " "), court=nom, valeurs=(comptes[n],)) for n, nom in enumerate(noms)
        ],
    )


def jours_ouvres(debut: date, fin: date) -> int:
    """Working days after `debut`, up to `fin` included; no more than DELAI_MAX are told apart."""
    jour, passes = debut, 0
    while jour < fin and passes < DELAI_MAX:
        jour += timedelta(days=1)
        passes += est_ouvre(jour)
    return passes


@greffer_graphique("souscriptions")
def entonnoir(request: HttpRequest) -> Graphique | None:
    """How far the portfolio is with external platforms; the figures and the lists are those of its own page."""
    if not request.user.has_perm(VOIR_SOUSCRIPTION):  # type: ignore[union-attr]
        return None
    return Graphique(
        code="souscriptions",
        titre="Souscriptions aux plateformes, par étape",
        phrase="«\u00a0Sans souscription\u00a0» compte des dossiers en service\u202f; les autres étapes, des "
        "souscriptions.",
        entete="Étape",
        series=(("Nombre", 0),),
        rangees=[
            Rangee(
                libelle=palier.libelle,
                court=_court(palier),
                valeurs=(palier.nombre,),
                plus=palier.plafonne,
                adresse=liste(Souscription, progres=palier.progres)
                if palier.progres
                else reverse("admin:raccordements_souscription_sans"),
            )
            for palier in paliers(request.user)  # type: ignore[arg-type]
        ],
    )


def _court(palier: Palier) -> str:
    """The label of a bar, on two lines at most."""
    return palier.libelle.removesuffix(" à Cegid OD").replace(" ", "\n", 1) if palier.progres else "Aucune"
