"""Number of queries of every list and form of the admin, with 2 rows and with 32."""

from __future__ import annotations

from typing import Any

from tests.perf.terrain import Mesure, Terrain, dire, vider_la_base

PEU, BEAUCOUP = 2, 32


def fabriques() -> dict[Any, Any]:
    """The factory of each model: the one that names it in `tests.fabriques`."""
    from factory.django import DjangoModelFactory

    from tests import fabriques as source

    classes = [c for c in vars(source).values() if isinstance(c, type) and issubclass(c, DjangoModelFactory)]
    return {classe._meta.model: classe for classe in classes if classe._meta.model is not None}


def compter(client: Any, adresse: str) -> int:
    """Queries of a page, its caches being warm."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.get(adresse)
    with CaptureQueriesContext(connection) as captures:
        reponse = client.get(adresse)
    if reponse.status_code != 200:
        raise RuntimeError(f"{adresse} : HTTP {reponse.status_code}")
    return len(captures)


def remplir(objet: Any, par_modele: dict[Any, Any], nombre: int) -> None:
    """Bring what hangs on `objet` up to `nombre` rows of each kind, as far as the rules of the models allow."""
    from django.core.exceptions import ValidationError
    from django.db import IntegrityError, transaction

    for lien in objet._meta.related_objects:
        fabrique = par_modele.get(lien.related_model)
        if fabrique is None or not (lien.one_to_many or lien.one_to_one):
            continue
        try:
            while lien.related_model._base_manager.filter(**{lien.field.name: objet}).count() < nombre:
                with transaction.atomic():
                    fabrique(**{lien.field.name: objet})
        except (IntegrityError, ValidationError):
            continue


def mesurer(terrain: Terrain) -> list[Mesure]:
    from django.contrib import admin
    from django.urls import reverse

    from tests.perf.volume import entrer

    vider_la_base()
    par_modele = fabriques()
    client = entrer(superutilisateur=True)
    mesures = []

    def noter(quoi: str, peu: int | None, beaucoup: int | None) -> None:
        mesures.append(
            Mesure(
                quoi=quoi,
                mesure="non mesuré" if beaucoup is None else f"{beaucoup} requêtes",
                repere="aucune fabrique" if peu is None else f"à {PEU} lignes : {peu}",
                rapport="–" if peu is None or beaucoup is None else f"× {beaucoup / peu:.2f}",
                but="× 1",
                tenu=peu is not None and peu == beaucoup,
            )
        )

    for modele in admin.site._registry:
        nom, prefixe = str(modele._meta.verbose_name), f"admin:{modele._meta.app_label}_{modele._meta.model_name}"
        dire(f"  {nom}…")
        fabrique = par_modele.get(modele)
        if fabrique is None:
            noter(f"liste et page : {nom}", None, None)
            continue
        liste = reverse(f"{prefixe}_changelist")
        objets = fabrique.create_batch(PEU)
        peu = compter(client, liste)
        objets += fabrique.create_batch(BEAUCOUP - PEU)
        noter(f"liste : {nom}", peu, compter(client, liste))
        page = reverse(f"{prefixe}_change", args=[objets[0].pk])
        remplir(objets[0], par_modele, PEU)
        peu = compter(client, page)
        remplir(objets[0], par_modele, BEAUCOUP)
        noter(f"page : {nom}", peu, compter(client, page))
    return mesures
