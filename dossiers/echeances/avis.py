"""Notices: writing them once, to who wants them; showing what a person may still see today."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from dossiers.echeances.registre import Annonce, sujets_de
from dossiers.models import Avis, Collaborateur, Preference

#: Unread notices counted in the header.
COMPTE_MAX = 99
ESCALADE = "Personne d’actif n’est chargé de ce dossier : vous recevez cet avis comme manager ou administrateur."


def annoncer(annonces: Iterable[Annonce]) -> int:
    """Write the notices of these, once each, in the caller's transaction. Returns how many were not written yet.

    Who declined a kind in the product and by e-mail gets none of it. Two writers at once write one.
    """
    voulues = {(personne, annonce.cle): annonce for annonce in annonces for personne in annonce.personnes}
    cles = {cle for _, cle in voulues}
    for ecrite in Avis.objects.filter(cle__in=cles).values_list("personne", "cle"):
        voulues.pop(ecrite, None)
    preferences = _preferences({personne for personne, _ in voulues})
    avis = [_avis(personne, annonce, preferences.get(personne)) for (personne, _), annonce in voulues.items()]
    avis = [un for un in avis if un.montre or un.a_envoyer]
    Avis.objects.bulk_create(avis, batch_size=1000, ignore_conflicts=True)
    return len(avis)


def accessibles(personne: Collaborateur, genres: Container[str] | None = None) -> QuerySet[Avis]:
    """Their notices about what they may see today: permission and portfolio of each kind; only of `genres` if given."""
    permis = Q(pk__in=())
    for sujet in sujets_de(personne):
        if genres is not None and sujet.genre not in genres:
            continue
        objets = sujet.visibles(sujet.modele._default_manager.order_by(), personne)
        permis |= Q(Exists(objets.filter(pk=OuterRef("objet"))), genre=sujet.genre)
    return Avis.objects.filter(permis, personne=personne)


def visibles(personne: Collaborateur) -> QuerySet[Avis]:
    """Those of the product, the last first."""
    return accessibles(personne).filter(montre=True)


def non_lus(personne: Collaborateur) -> str:
    """How many they have not read: `3`, `99+`, empty for none. One query, a second one when there are some.

    Every page asks: the kinds there are spare the database the conditions of the twenty others.
    """
    genres = Avis.objects.filter(personne=personne, montre=True, lu_le=None).order_by().values_list("genre").distinct()
    presents = {genre for (genre,) in genres}
    if not presents:
        return ""
    avis = accessibles(personne, presents).filter(montre=True, lu_le=None)
    combien = avis.order_by()[: COMPTE_MAX + 1].count()
    return f"{COMPTE_MAX}+" if combien > COMPTE_MAX else str(combien or "")


def lire(personne: Collaborateur, pk: int | None = None, *, jusqu_a: int | None = None) -> int:
    """Mark as read one of those they see, or all up to the notice `jusqu_a`. Returns how many were not."""
    siens = visibles(personne).filter(lu_le=None)
    if pk is not None:
        siens = siens.filter(pk=pk)
    if jusqu_a is not None:
        siens = siens.filter(pk__lte=jusqu_a)
    return siens.order_by().update(lu_le=timezone.now())


def _preferences(personnes: Iterable[int]) -> Mapping[int, Preference]:
    return {preference.personne_id: preference for preference in Preference.objects.filter(personne__in=personnes)}


def _avis(personne: int, annonce: Annonce, preference: Preference | None) -> Avis:
    preference = preference or Preference()
    champs: dict[str, Any] = annonce._asdict()
    del champs["personnes"]
    champs["texte"] = _court(annonce.texte, Avis._meta.get_field("texte").max_length)
    return Avis(
        personne_id=personne,
        **champs,
        montre=annonce.genre not in preference.sans_avis,
        a_envoyer=annonce.genre not in preference.sans_courriel and preference.frequence != Preference.Frequence.JAMAIS,
    )


def _court(texte: str, longueur: Any) -> str:
    return texte if len(texte) <= longueur else f"{texte[: longueur - 1]}…"
