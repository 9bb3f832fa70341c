"""The verbs of the core: dossiers and their offers, keys, imports of entries, follow-up."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from dossiers.models import CleApi, Dossier, Offre, Operation
from dossiers.palette.registre import OBJETS_PROPOSES, Commande, Proposition, Viser, enregistrer, normaliser
from dossiers.recherche import RECHERCHE_DOSSIER

VOIR_DOSSIER, VOIR_CLE, VOIR_OPERATION = "dossiers.view_dossier", "dossiers.view_cleapi", "dossiers.view_operation"


def page(nom: str, *arguments: Any, **question: Any) -> str:
    """Address of an admin page, with its query string."""
    adresse = reverse(f"admin:{nom}", args=arguments)
    return f"{adresse}?{urlencode(question)}" if question else adresse


def vers(nom: str, **question: Any) -> Callable[[], str]:
    """The same, worked out when it is needed: routes are not known while the applications load."""
    return lambda: page(nom, **question)


def dossiers_de(request: HttpRequest, terme: str) -> list[Dossier]:
    """The first dossiers in service that this person sees and a term finds; none without the right to look at them."""
    if not request.user.has_perm(VOIR_DOSSIER):
        return []
    visibles = Dossier.objects.visibles_par(request.user).filter(archive_le=None)  # type: ignore[arg-type]
    for forme, chercher in RECHERCHE_DOSSIER:
        if re.fullmatch(forme, terme, re.IGNORECASE | re.DOTALL):
            return list(chercher(visibles, terme).order_by("code")[:OBJETS_PROPOSES])
    return []


def sur_dossier(verbe: str, adresse: Callable[[Dossier], str], icone: str) -> Viser:
    """Propositions of a verb for each dossier that the object finds, then the list filtered by it."""

    def viser(request: HttpRequest, objet: str) -> Iterator[Proposition]:
        for dossier in dossiers_de(request, objet):
            yield Proposition(libelle=f"{verbe} – {dossier}", adresse=adresse(dossier), detail="Dossier", icone=icone)
        if request.user.has_perm(VOIR_DOSSIER):
            yield liste(verbe, objet, "dossiers_dossier_changelist", icone)

    return viser


def liste(verbe: str, terme: str, nom: str, icone: str, **filtres: Any) -> Proposition:
    """The list where the rows of a verb are chosen, filtered by what was typed."""
    return Proposition(
        libelle=f"{verbe} : choisir parmi « {terme} »" if terme else f"{verbe} : choisir dans la liste",
        adresse=page(nom, **filtres, **({"q": terme} if terme else {})),
        detail="Liste, puis l’action",
        icone=icone,
    )


def plan(geste: str, **parametres: str) -> Callable[[Dossier], str]:
    """Address of the first step of the plan of a gesture, its parameters already chosen."""
    return lambda dossier: page("dossiers_dossier_preparer", dossier.pk, geste, **parametres)


def _offre(objet: str) -> tuple[str, str]:
    """The offer that the first word names, and the rest."""
    premier, _, reste = objet.partition(" ")
    debut = normaliser(premier)
    codes = [code for code in Offre.Code.values if len(debut) > 1 and code.startswith(debut)]
    return (codes[0], reste.strip()) if codes else ("", objet)


def sur_offre(geste: str, verbe: str, icone: str, sans: str) -> Viser:
    """`co-production MANON001`: the plan of an offer on a dossier; the offer alone filters the list by it."""

    def viser(request: HttpRequest, objet: str) -> Iterable[Proposition]:
        code, terme = _offre(objet)
        libelle = f"{verbe} {Offre.Code(code).label}" if code else verbe
        parametres = {"offre": code} if code else {}
        for dossier in dossiers_de(request, terme) if terme else ():
            yield Proposition(
                libelle=f"{libelle} – {dossier}",
                adresse=plan(geste, **parametres)(dossier),
                detail="Dossier, le plan avant tout effet",
                icone=icone,
            )
        filtres = {"offres": f"{sans}_{code}"} if code else {}
        yield liste(libelle, terme, "dossiers_dossier_changelist", icone, **filtres)

    return viser


def sur_cle(verbe: str, icone: str) -> Viser:
    """The page of each key whose name holds the object: its button is there."""

    def viser(request: HttpRequest, objet: str) -> Iterator[Proposition]:
        for cle in CleApi.objects.filter(archivee_le=None, nom__icontains=objet).order_by("nom")[:OBJETS_PROPOSES]:
            yield Proposition(
                libelle=f"{verbe} – {cle.nom}",
                adresse=page("dossiers_cleapi_change", cle.pk),
                detail=f"Clé d’API, {cle.get_environnement_display()}",
                icone=icone,
            )

    return viser


def sur_operation(request: HttpRequest, objet: str) -> Iterator[Proposition]:
    """`opération 1234`."""
    numero = objet.lstrip("n° ").strip()
    if numero.isascii() and numero.isdecimal() and len(numero) <= 15:
        for operation in Operation.objects.visibles_par(request.user).filter(pk=int(numero)):  # type: ignore[arg-type]
            yield Proposition(
                libelle=f"Ouvrir l’opération n°\u00a0{operation.pk}",
                adresse=page("dossiers_operation_change", operation.pk),
                detail=str(operation),
                icone="send",
            )
    yield liste("Opérations", objet, "dossiers_operation_changelist", "send")


def _commande(
    cle: str, libelle: str, icone: str, mots: str, permissions: Sequence[str], adresse: Callable[[], str], **reste: Any
) -> Commande:
    return Commande(
        cle=cle, libelle=libelle, icone=icone, mots=mots.split(), permissions=permissions, adresse=adresse, **reste
    )


DOSSIERS = vers("dossiers_dossier_changelist")
enregistrer(
    _commande(
        "dossier",
        "Ouvrir un dossier",
        "folder_open",
        "ouvrir dossier dossiers",
        (VOIR_DOSSIER,),
        DOSSIERS,
        groupe="Dossiers",
        viser=sur_dossier("Ouvrir", lambda d: page("dossiers_dossier_change", d.pk), "folder_open"),
        exemple="dossier MANON001",
    ),
    _commande(
        "ajouter_offre",
        "Ajouter une offre",
        "add_circle",
        "ajouter offre offres",
        (VOIR_DOSSIER, "dossiers.planifier_offre"),
        DOSSIERS,
        groupe="Dossiers",
        viser=sur_offre("ajouter_offre", "Ajouter l’offre", "add_circle", "sans"),
        exemple="offre co-production MANON001",
    ),
    _commande(
        "retirer_offre",
        "Retirer une offre",
        "remove_circle",
        "retirer offre offres",
        (VOIR_DOSSIER, "dossiers.planifier_offre"),
        DOSSIERS,
        groupe="Dossiers",
        viser=sur_offre("retirer_offre", "Retirer l’offre", "remove_circle", "avec"),
        exemple="retirer offre start MANON001",
    ),
    _commande(
        "provisionner",
        "Provisionner un dossier",
        "database",
        "provisionner preparer dossier",
        (VOIR_DOSSIER, "dossiers.provisionner_dossier"),
        vers("dossiers_dossier_changelist", statut__exact=Dossier.Statut.A_PREPARER.value),
        groupe="Dossiers",
        viser=sur_dossier("Provisionner", plan("provisionner"), "database"),
        exemple="provisionner MANON001",
    ),
    _commande(
        "actualiser_dossier",
        "Actualiser un dossier depuis Loop",
        "sync",
        "actualiser relire dossier loop",
        (VOIR_DOSSIER, "dossiers.actualiser_dossier"),
        DOSSIERS,
        groupe="Dossiers",
        viser=sur_dossier("Actualiser", plan("actualiser_dossier"), "sync"),
        exemple="actualiser MANON001",
    ),
    _commande(
        "frise",
        "Voir la frise d’un dossier",
        "timeline",
        "frise histoire chronologie dossier",
        (VOIR_DOSSIER,),
        DOSSIERS,
        groupe="Dossiers",
        viser=sur_dossier("Frise", lambda d: page("dossiers_dossier_frise", d.pk), "timeline"),
        exemple="frise MANON001",
    ),
    _commande(
        "importer_ecritures",
        "Importer des écritures",
        "upload_file",
        "importer import ecritures fec",
        ("dossiers.add_importecritures",),
        vers("dossiers_importecritures_add"),
        groupe="Imports d’écritures",
        viser=sur_dossier(
            "Importer des écritures", lambda d: page("dossiers_importecritures_add", dossier=d.pk), "upload_file"
        ),
        exemple="écritures MANON001",
    ),
    _commande(
        "tester_cle",
        "Tester une clé d’API",
        "network_check",
        "tester cle cles connexion",
        (VOIR_CLE, "dossiers.tester_cleapi"),
        vers("dossiers_cleapi_changelist"),
        groupe="Clés d’API",
        viser=sur_cle("Tester la connexion", "network_check"),
        exemple="tester cabinet",
    ),
    _commande(
        "relever_loophub",
        "Synchroniser LoopHub",
        "sync",
        "synchroniser relever loophub",
        (VOIR_CLE, "dossiers.synchroniser_cleapi"),
        vers("dossiers_cleapi_changelist"),
        groupe="Clés d’API",
        viser=sur_cle("Relever LoopHub", "sync"),
        exemple="loophub cabinet",
    ),
    _commande(
        "ecarts",
        "Traiter les écarts avec LoopHub",
        "difference",
        "ecart ecarts reparer traiter loophub",
        ("dossiers.view_ecart", "dossiers.reparer_ecart"),
        vers("dossiers_ecart_changelist"),
        groupe="Dossiers",
    ),
    _commande(
        "operation",
        "Ouvrir une opération",
        "send",
        "ouvrir operation operations",
        (VOIR_OPERATION,),
        vers("dossiers_operation_changelist"),
        groupe="Suivi",
        viser=sur_operation,
        exemple="opération 1234",
    ),
    _commande(
        "trancher",
        "Trancher les opérations à vérifier",
        "person_search",
        "trancher verifier operations",
        (VOIR_OPERATION, "dossiers.trancher_operation"),
        vers("dossiers_operation_changelist", etat__exact="a_verifier"),
        groupe="Suivi",
    ),
    _commande(
        "relancer",
        "Relancer les opérations échouées",
        "refresh",
        "relancer echecs echouees operations",
        (VOIR_OPERATION, "dossiers.relancer_operation"),
        vers("dossiers_operation_changelist", etat__exact="echouee"),
        groupe="Suivi",
    ),
)
