"""What of the core needs a person, and its figures: operations, imports, differences, messages, the machine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone

from dossiers.accueil.registre import (
    OUBLI_JOURS,
    PLAFOND_LIGNE,
    RECENT_JOURS,
    Carte,
    Conseil,
    Ligne,
    du_dossier,
    greffer_cartes,
    greffer_lignes,
    liste,
    rangs_de,
)
from dossiers.admin.ecritures.etats import ONGLETS
from dossiers.ecritures import services as ecritures
from dossiers.models import (
    NON_REGLEES,
    Battement,
    Dossier,
    Ecart,
    Etat,
    Explication,
    Guichet,
    ImportEcritures,
    Operation,
)
from dossiers.supervision import conservation
from dossiers.supervision.battements import derniers, est_silencieux

VOIR_OPERATION, VOIR_IMPORT = "dossiers.view_operation", "dossiers.view_importecritures"
TRANCHER, RELANCER = "dossiers.trancher_operation", "dossiers.relancer_operation"
ONGLET = {code: condition for code, _, condition in ONGLETS}
CONSEILS_MAX = 3
SEMAINE = 7


def il_y_a(jours: int) -> date:
    """The day it was so many days ago, in Paris."""
    return timezone.localdate() - timedelta(days=jours)


def minuit(jour: date) -> datetime:
    """The first instant of a day, in Paris."""
    return timezone.make_aware(datetime.combine(jour, time.min))


def jour_saisi(jour: date) -> str:
    """A day as the date filters of the lists take it."""
    return f"{jour:%d/%m/%Y}"


# --- lines -----------------------------------------------------------------------------------------------------------


@du_dossier
@greffer_lignes
def operations(request: HttpRequest) -> Iterator[Ligne]:
    """Operations in doubt for who may settle them; failed ones that nobody asked for again."""
    droit = request.user.has_perm
    if not droit(VOIR_OPERATION):
        return
    toutes = rangs_de(request, Operation)
    if droit(TRANCHER):
        yield Ligne(
            code="operations-a-verifier",
            un="opération à vérifier",
            des="opérations à vérifier",
            verbe="Trancher les opérations",
            adresse=liste(Operation, etat__exact=Etat.A_VERIFIER),
            icone="person_search",
            urgente=True,
            rangs=toutes.filter(etat=Etat.A_VERIFIER),
            dossier="dossier",
            date="creee_le",
        )
    depuis = il_y_a(RECENT_JOURS)
    filtres = {"etat__exact": Etat.ECHOUEE, "relances__isnull": True, "creee_le_from": jour_saisi(depuis)}
    echouees = toutes.filter(etat=Etat.ECHOUEE, relances=None, creee_le__gte=minuit(depuis))
    yield Ligne(
        code="operations-echouees",
        un=f"opération échouée depuis {RECENT_JOURS}\u00a0jours, pas relancée",
        des=f"opérations échouées depuis {RECENT_JOURS}\u00a0jours, pas relancées",
        verbe="Traiter les échecs" if droit(RELANCER) else "Consulter les échecs",
        adresse=liste(Operation, **filtres),
        icone="cancel",
        urgente=True,
        rangs=echouees,
        dossier="dossier",
        date="creee_le",
        conseils=lambda: conseils(echouees, filtres),
    )


def conseils(echouees: QuerySet[Any], filtres: dict[str, Any]) -> Sequence[Conseil]:
    """The explanations that most of the last failures share: what happened, what to do."""
    dernieres = echouees.order_by("-creee_le").values_list("explication_id", flat=True)[:PLAFOND_LIGNE]
    comptees = Counter(pk for pk in dernieres if pk is not None).most_common(CONSEILS_MAX)
    connues = Explication.objects.in_bulk([pk for pk, _ in comptees])
    return [
        Conseil(
            nombre=combien,
            texte=" ".join(filter(None, (connues[pk].constat, connues[pk].remede))) or connues[pk].motif,
            adresse=liste(Operation, **filtres, explication__exact=pk),
        )
        for pk, combien in comptees
    ]


@du_dossier
@greffer_lignes
def imports(request: HttpRequest) -> Iterator[Ligne]:
    """Imports of entries that stopped, and those this person prepared and forgot."""
    personne: Any = request.user
    if not personne.has_perm(VOIR_IMPORT):
        return
    tous, depuis, oubli = rangs_de(request, ImportEcritures), il_y_a(RECENT_JOURS), il_y_a(OUBLI_JOURS)
    agit = personne.has_perm(ecritures.MODIFIER)
    commun: dict[str, Any] = {"icone": "receipt_long", "date": "cree_le", "dossier": "dossier"}
    yield Ligne(
        code="imports-a-verifier",
        un="import d’écritures à vérifier dans Loop",
        des="imports d’écritures à vérifier dans Loop",
        verbe="Vérifier les imports" if agit else "Consulter les imports",
        adresse=liste(ImportEcritures, tableau="a_verifier"),
        urgente=True,
        rangs=tous.filter(ONGLET["a_verifier"]),
        **commun,
    )
    yield Ligne(
        code="imports-refuses",
        un=f"import d’écritures en erreur ou refusé depuis {RECENT_JOURS}\u00a0jours",
        des=f"imports d’écritures en erreur ou refusés depuis {RECENT_JOURS}\u00a0jours",
        verbe="Reprendre les imports" if agit else "Consulter les imports refusés",
        adresse=liste(ImportEcritures, tableau="refuses", fini_le__gte=minuit(depuis).isoformat()),
        urgente=True,
        rangs=tous.filter(ONGLET["refuses"], fini_le__gte=minuit(depuis)),
        **(commun | {"date": "fini_le"}),
    )
    yield Ligne(
        code="imports-a-corriger",
        un="import d’écritures à corriger",
        des="imports d’écritures à corriger",
        verbe="Corriger les imports" if agit else "Consulter les imports à corriger",
        adresse=liste(ImportEcritures, tableau="a_corriger"),
        rangs=tous.filter(ONGLET["a_corriger"]),
        **commun,
    )
    if agit:
        yield Ligne(
            code="imports-oublies",
            un=f"de vos imports d’écritures, prêt depuis plus de {OUBLI_JOURS}\u00a0jours",
            des=f"de vos imports d’écritures, prêts depuis plus de {OUBLI_JOURS}\u00a0jours",
            verbe="Envoyer ou abandonner ces imports",
            adresse=liste(
                ImportEcritures,
                tableau="prets",
                cree_par__exact=personne.pk,
                cree_le_to=jour_saisi(oubli - timedelta(days=1)),
            ),
            rangs=tous.filter(ONGLET["prets"], cree_par=personne, cree_le__lt=minuit(oubli)),
            **commun,
        )


@du_dossier
@greffer_lignes
def ecarts_et_messages(request: HttpRequest) -> Iterator[Ligne]:
    """Open differences with LoopHub; messages of the remotes that nobody explained, for who may."""
    droit = request.user.has_perm
    if droit("dossiers.view_ecart"):
        yield Ligne(
            code="ecarts",
            un="écart ouvert avec LoopHub",
            des="écarts ouverts avec LoopHub",
            verbe="Réparer les écarts" if droit("dossiers.reparer_ecart") else "Consulter les écarts",
            adresse=liste(Ecart, etat=Ecart.Etat.OUVERT),
            icone="difference",
            rangs=rangs_de(request, Ecart).filter(etat=Ecart.Etat.OUVERT),
            dossier="dossier",
            date="releve_le",
        )
    if droit("dossiers.change_explication"):
        a_ecrire = Explication.Statut.A_ECRIRE
        yield Ligne(
            code="messages",
            un="message reçu sans explication",
            des="messages reçus sans explication",
            verbe="Écrire les explications",
            adresse=liste(Explication, statut__exact=a_ecrire),
            icone="edit_note",
            rangs=rangs_de(request, Explication).filter(statut=a_ecrire),
            date="vue_le",
        )


@greffer_lignes
def machine(request: HttpRequest) -> Iterator[Ligne]:
    """What the supervision page says is wrong, for an administrator."""
    if not request.user.has_perm(conservation.PERMISSION):
        return
    vus = derniers()
    silencieux = [vus.get(genre) for genre in Battement.Genre if est_silencieux(vus.get(genre))]
    controle = conservation.dernier()
    enfreinte = controle is not None and controle.conforme is False and not conservation.est_attendu(controle)
    commun: dict[str, Any] = {"adresse": reverse("supervision"), "icone": "monitor_heart", "urgente": True}
    yield Ligne(
        code="machine-silencieuse",
        un="processus silencieux",
        des="processus silencieux",
        verbe="Ouvrir la supervision",
        nombre=len(silencieux),
        depuis=min(filter(None, silencieux), default=None),
        **commun,
    )
    yield Ligne(
        code="identifiants-en-pause",
        un="jeu d’identifiants en pause après des échecs",
        des="jeux d’identifiants en pause après des échecs",
        verbe="Examiner les disjoncteurs",
        rangs=Guichet.objects.filter(pause_jusqu_au__gt=timezone.now()),
        **commun,
    )
    yield Ligne(
        code="conservation",
        un="contrôle des opérations en défaut",
        des="contrôles des opérations en défaut",
        verbe="Lire le contrôle",
        nombre=int(enfreinte),
        depuis=controle.fini_le if controle else None,
        **commun,
    )


# --- figures ---------------------------------------------------------------------------------------------------------


@greffer_cartes
def cartes(request: HttpRequest) -> Iterator[Carte]:
    """Dossiers, operations, imports."""
    droit = request.user.has_perm
    if droit("dossiers.view_dossier"):
        statut = Dossier.Statut.OPERATIONNEL
        yield Carte(
            code="dossiers",
            titre="Dossiers opérationnels",
            adresse=liste(Dossier, statut__exact=statut),
            icone="folder_open",
            rangs=rangs_de(request, Dossier).filter(statut=statut, archive_le=None),
        )
    if droit(VOIR_OPERATION):
        depuis = il_y_a(SEMAINE)
        toutes = rangs_de(request, Operation)
        yield Carte(
            code="operations-en-cours",
            titre="Opérations pas encore réglées",
            adresse=liste(Operation, etat__in=",".join(NON_REGLEES)),
            icone="sync",
            rangs=toutes.filter(etat__in=NON_REGLEES),
        )
        yield Carte(
            code="echecs",
            titre=f"Échecs depuis {SEMAINE}\u00a0jours",
            adresse=liste(Operation, etat__exact=Etat.ECHOUEE, creee_le_from=jour_saisi(depuis)),
            icone="cancel",
            rangs=toutes.filter(etat=Etat.ECHOUEE, creee_le__gte=minuit(depuis)),
        )
    if droit(VOIR_IMPORT):
        yield Carte(
            code="imports-prets",
            titre="Imports d’écritures prêts à envoyer",
            adresse=liste(ImportEcritures, tableau="prets"),
            icone="receipt_long",
            rangs=rangs_de(request, ImportEcritures).filter(ONGLET["prets"]),
        )
