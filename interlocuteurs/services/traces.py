"""Where the product keeps words about one person: the tables, the rows of that person, the columns to read or to erase.

An application that keeps such words elsewhere (imports...) registers its own trace.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import reduce
from operator import or_
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import JSONField, Model, Q, QuerySet, TextField
from django.db.models.functions import Cast

from dossiers.echeances.nouvelles import OperationArretee
from dossiers.models import Appel, Avis, Evenement, Explication, Lot, Operation
from interlocuteurs.courriel import afficher_courriel
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.telephone import motif

LOT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Personne:
    """A contact, and every spelling under which it is known here, past ones included.

    Attributes
    ----------
    emails:
        Its addresses: enough to know it, looked for in every table.
    telephones:
        Regular expressions of its numbers. Others may share one: a row of another contact is left alone.
    noms:
        Full names, last names, first names. Others bear them too: they count only where the person is known otherwise.
    operations:
        Primary keys of the operations about the person, or that name its address and no contact.
    """

    interlocuteur: Interlocuteur
    emails: tuple[str, ...]
    telephones: tuple[str, ...]
    noms: tuple[str, ...]
    operations: tuple[int, ...] = ()

    @classmethod
    def de(cls, interlocuteur: Interlocuteur) -> Personne:
        """Read from the record, all its history, and one pass over the operations."""
        fiches = [interlocuteur, *Interlocuteur.history.model.objects.filter(id=interlocuteur.pk)]
        complets = {texte for f in fiches for texte in (f"{f.prenom} {f.nom}", f"{f.nom} {f.prenom}")}
        personne = cls(
            interlocuteur=interlocuteur,
            emails=_du_plus_long(texte for f in fiches for texte in (f.email, afficher_courriel(f.email))),
            telephones=_du_plus_long(motif(numero) for f in fiches for numero in (f.mobile, f.fixe) if numero),
            noms=_du_plus_long(complets | {texte for f in fiches for texte in (f.nom, f.prenom)}),
        )
        textes = Operation.objects.annotate(texte=Cast("parametres", TextField()))
        sans_personne = ~Q(parametres__has_key="interlocuteur")
        adresse = Q(texte__iregex=personne.adresse) | Q(message__iregex=personne.adresse)
        siennes = textes.filter(Q(parametres__interlocuteur=interlocuteur.pk) | (sans_personne & adresse))
        return replace(personne, operations=tuple(siennes.order_by("pk").values_list("pk", flat=True)))

    @property
    def adresse(self) -> str:
        """Regular expression of its addresses, for Python and PostgreSQL; not the end of a longer one."""
        return rf"(?<![\w.+-])({'|'.join(map(re.escape, self.emails))})(?![\w-]|\.\w)"

    @property
    def numeros(self) -> str:
        """Regular expression of its telephones, empty without one; not ten digits of a longer number, as a SIRET."""
        return rf"(?<!\d)({'|'.join(self.telephones)})(?!\d)" if self.telephones else ""

    @property
    def identifiants(self) -> str:
        return "|".join(filter(None, (self.adresse, self.numeros)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """One table that holds words about persons.

    Attributes
    ----------
    nom:
        French name, key of the export.
    colonnes:
        Text and JSON columns that may hold such words.
    siennes:
        Which rows are those of a person.
    citations:
        Whether other rows are searched for its addresses and telephones; off where `siennes` says all.
    exportees:
        Columns of the export; none for what only repeats other tables.
    """

    nom: str
    modele: type[Model]
    colonnes: tuple[str, ...]
    siennes: Callable[[Personne], Q]
    citations: bool = True
    exportees: tuple[str, ...] = ()

    def lignes(self, personne: Personne) -> QuerySet[Any]:
        """The rows of a person, and those that cite it."""
        toutes: QuerySet[Any] = self.modele._default_manager.all()
        if not self.citations:
            return toutes.filter(self.siennes(personne))
        json_ = [nom for nom in self.colonnes if isinstance(self.modele._meta.get_field(nom), JSONField)]
        noms = [f"texte_{nom}" if nom in json_ else nom for nom in self.colonnes]
        citee = reduce(or_, (Q(**{f"{nom}__iregex": personne.identifiants}) for nom in noms))
        annotees: QuerySet[Any] = toutes.annotate(**{f"texte_{nom}": Cast(nom, TextField()) for nom in json_})
        return annotees.filter(self.siennes(personne) | citee)

    def par_lots(self, personne: Personne) -> Iterator[tuple[list[Any], set[int]]]:
        """These rows, a bounded number at a time, and the keys of those that are the person's own."""
        pks = list(self.lignes(personne).order_by("pk").values_list("pk", flat=True))
        for debut in range(0, len(pks), LOT):
            lot = self.modele._default_manager.filter(pk__in=pks[debut : debut + LOT])
            siennes = set(lot.filter(self.siennes(personne)).order_by().values_list("pk", flat=True))
            yield list(lot.order_by("pk")), siennes


def operations_de(interlocuteur: Interlocuteur) -> QuerySet[Operation]:
    """The operations about a contact. Served by the index `operation_interlocuteur`."""
    return Operation.objects.filter(parametres__interlocuteur=interlocuteur.pk)


def evenements_de(interlocuteur: Interlocuteur) -> QuerySet[Evenement]:
    """The journal of a contact: changes of its record, and life of its operations."""
    operations = operations_de(interlocuteur).order_by().values("pk")
    return Evenement.objects.filter(Q(details__interlocuteur=interlocuteur.pk) | Q(operation__in=operations))


def _evenements(personne: Personne) -> Q:
    # A filter of an export of contacts may be a name.
    exports = Q(type=Evenement.Type.EXPORT, details__modele__startswith="interlocuteurs.")
    return Q(details__interlocuteur=personne.interlocuteur.pk) | Q(operation__in=personne.operations) | exports


def _explications(personne: Personne) -> Q:
    rencontrees = Operation.objects.filter(pk__in=personne.operations).exclude(explication=None).order_by()
    return Q(pk__in=rencontrees.values("explication")) & ~Q(statut=Explication.Statut.DOCUMENTEE)


def _journal_admin(personne: Personne) -> Q:
    acces = Acces.objects.filter(interlocuteur=personne.interlocuteur).values_list("pk", flat=True)
    pages: dict[type[Model], Iterable[int]] = {
        Interlocuteur: [personne.interlocuteur.pk],
        Acces: acces,
        Operation: personne.operations,
    }
    types = ContentType.objects.get_for_models(*pages)
    return reduce(
        or_, (Q(content_type=types[modele], object_id__in=[str(pk) for pk in pks]) for modele, pks in pages.items())
    )


_TRACES: list[Trace] = []


def enregistrer_trace(trace: Trace) -> None:
    """Make a table known to the export and to the anonymisation. Raises ValueError for a name already taken."""
    if any(autre.nom == trace.nom for autre in _TRACES):
        raise ValueError(f"trace registered twice: {trace.nom}")
    _TRACES.append(trace)


def traces() -> list[Trace]:
    """Every trace, in order of registration."""
    return list(_TRACES)


for _trace in (
    Trace(
        nom="appels",
        modele=Appel,
        colonnes=("adresse", "corps_requete", "corps_reponse"),
        # A body repeats what an operation asked, or what Loop answered to it.
        siennes=lambda personne: Q(operation__in=personne.operations),
        citations=False,
        exportees=("debut", "methode", "adresse", "statut", "corps_requete", "corps_reponse", "requete_id"),
    ),
    Trace(
        nom="avis",
        modele=Avis,
        colonnes=("texte",),
        # The title of an operation names its contact.
        siennes=lambda personne: Q(genre=OperationArretee.genre, objet__in=personne.operations),
        exportees=("cree_le", "personne__username", "texte"),
    ),
    Trace(
        nom="journal",
        modele=Evenement,
        colonnes=("texte", "details"),
        siennes=_evenements,
        exportees=("cree_le", "type", "texte", "dossier__code", "acteur__username"),
    ),
    Trace(
        nom="messages expliqués",
        modele=Explication,
        colonnes=("motif", "constat", "cause", "remede"),
        siennes=_explications,
    ),
    Trace(
        nom="opérations",
        modele=Operation,
        colonnes=("parametres", "message"),
        siennes=lambda personne: Q(pk__in=personne.operations),
        citations=False,
        exportees=("pk", "nature", "etat", "creee_le", "terminee_le", "dossier__code", "parametres", "message"),
    ),
    Trace(nom="lots", modele=Lot, colonnes=("libelle", "parametres", "refus"), siennes=lambda personne: Q(pk__in=[])),
    Trace(
        nom="historique",
        modele=Interlocuteur.history.model,
        colonnes=("history_change_reason",),
        siennes=lambda personne: Q(id=personne.interlocuteur.pk),
        citations=False,
        exportees=(
            "history_date",
            "history_user__username",
            "email",
            "nom",
            "prenom",
            "mobile",
            "fixe",
            "profil",
            "social",
            "actif",
            "emetteur_par_defaut",
            "invitation",
            "version",
        ),
    ),
    Trace(
        nom="journal de l’administration",
        modele=LogEntry,
        colonnes=("object_repr", "change_message"),
        siennes=_journal_admin,
        exportees=("action_time", "user__username", "object_repr"),
    ),
):
    enregistrer_trace(_trace)


def _du_plus_long(termes: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({terme.strip() for terme in termes if terme.strip()}, key=lambda t: (-len(t), t)))
