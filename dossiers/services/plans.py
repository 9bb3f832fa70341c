"""Plan before sending: a bulk gesture first says what it would do, line by line, and writes nothing.

The plan travels with the person's page, signed: its lines carry a fingerprint of the state they were judged on. At the
confirmation each line is judged again; one whose state moved is refused, not silently planned anew.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.core import signing
from django.db import models, transaction

from dossiers.models import Collaborateur, Environnement, Evenement, Lot, Operation, journaliser
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import creer, exiger

SEL = "passerelle.plan"
VALIDITE = 3600


class Verdict(StrEnum):
    FAIRE = "faire"
    RIEN = "rien"
    BLOQUE = "bloque"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ligne:
    """What the gesture would do to one object.

    `etat` is everything the judgement depends on; `facturable` tells a call on the billable key; `appels` how many
    remote calls the line makes.
    """

    pk: int
    libelle: str
    verdict: Verdict
    motif: str
    etat: tuple[Any, ...] = ()
    environnement: str = ""
    appels: int = 1
    facturable: bool = False

    @property
    def empreinte(self) -> str:
        """Short fingerprint of the judgement and of the state it was made on."""
        matiere = json.dumps([self.verdict, self.environnement, *self.etat], default=str)
        return hashlib.sha256(matiere.encode()).hexdigest()[:12]


class Geste(ABC):
    """One bulk gesture. Stateless; registered once by its application.

    Attributes
    ----------
    nom, libelle:
        Stable code; French label of the action.
    modele:
        What it acts on. Its manager has `visibles_par`.
    permission:
        Full name of the permission it requires.
    formulaire:
        Form of its parameters, when it has some.
    """

    nom: ClassVar[str]
    libelle: ClassVar[str]
    modele: ClassVar[type[models.Model]]
    permission: ClassVar[str]
    formulaire: ClassVar[type[forms.Form] | None] = None

    def intitule(self, parametres: dict[str, Any]) -> str:
        """French title of the gesture with its parameters."""
        return self.libelle

    def charger(self, pks: Sequence[int], parametres: dict[str, Any], par: Collaborateur) -> list[Any]:
        """The objects of `pks` that `par` may see, with what `examiner` needs."""
        return list(self.selection(par).filter(pk__in=pks).order_by("pk"))

    def verrouiller(self, pks: Sequence[int], parametres: dict[str, Any]) -> None:
        """Lock what is about to be judged again, in the order of keys: two confirmations over it follow each other."""
        verrous = self.modele._default_manager.filter(pk__in=pks).order_by("pk")
        list(verrous.select_for_update(no_key=True).values_list("pk"))

    def selection(self, par: Collaborateur) -> models.QuerySet[Any]:
        """Every object `par` may act on."""
        manager: Any = self.modele._default_manager
        selection: models.QuerySet[Any] = manager.visibles_par(par)
        return selection

    @abstractmethod
    def examiner(self, objets: Sequence[Any], parametres: dict[str, Any]) -> list[Ligne]:
        """Judge each object, with a number of queries that does not depend on how many there are."""

    @abstractmethod
    def appliquer(
        self, objets: Sequence[tuple[Any, Ligne]], parametres: dict[str, Any], *, lot: Lot, par: Collaborateur
    ) -> list[Operation]:
        """Write the local change and return the operations to create, unsaved. In the confirming transaction."""

    def rattacher(self, operations: Sequence[Operation]) -> None:
        """Note on the business models the operations just created. In the confirming transaction."""


_GESTES: dict[str, Geste] = {}


def enregistrer(classe: type[Geste]) -> type[Geste]:
    """Class decorator: make a gesture known under its name."""
    if classe.nom in _GESTES:
        raise ValueError(f"gesture registered twice: {classe.nom}")
    _GESTES[classe.nom] = classe()
    return classe


def geste(nom: str) -> Geste:
    """The gesture registered under `nom`. Raises KeyError."""
    return _GESTES[nom]


def gestes(modele: type[models.Model]) -> list[Geste]:
    """The gestures that act on `modele`."""
    return [g for g in _GESTES.values() if g.modele is modele]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a gesture would do to a selection."""

    geste: Geste
    parametres: dict[str, Any]
    lignes: list[Ligne]
    pour: int

    def de_verdict(self, verdict: Verdict) -> list[Ligne]:
        return [ligne for ligne in self.lignes if ligne.verdict == verdict]

    @property
    def a_faire(self) -> list[Ligne]:
        return self.de_verdict(Verdict.FAIRE)

    @property
    def rien(self) -> list[Ligne]:
        return self.de_verdict(Verdict.RIEN)

    @property
    def bloquees(self) -> list[Ligne]:
        return self.de_verdict(Verdict.BLOQUE)

    @property
    def appels(self) -> int:
        return sum(ligne.appels for ligne in self.a_faire)

    @property
    def appels_facturables(self) -> int:
        return sum(ligne.appels for ligne in self.a_faire if ligne.facturable)

    @property
    def environnements(self) -> list[str]:
        """Codes of the environments touched; a plan over two of them cannot be confirmed."""
        return sorted({ligne.environnement for ligne in self.a_faire if ligne.environnement})

    @property
    def environnement(self) -> str:
        """French name of the single environment touched, or an empty text."""
        return str(Environnement(self.environnements[0]).label) if len(self.environnements) == 1 else ""

    @property
    def confirmable(self) -> bool:
        return bool(self.a_faire) and len(self.environnements) <= 1

    def sceller(self) -> str:
        """The signed text that the person's page carries to the confirmation."""
        return signing.dumps(
            {
                "geste": self.geste.nom,
                "parametres": self.parametres,
                "pour": self.pour,
                "plan": uuid.uuid4().hex,
                "lignes": [[ligne.pk, ligne.empreinte] for ligne in self.a_faire],
                "rien": len(self.rien),
                "bloquees": len(self.bloquees),
                "environnement": "+".join(self.environnements),
            },
            salt=SEL,
            compress=True,
        )


def preparer(nom: str, pks: Sequence[int], parametres: dict[str, Any], *, par: Collaborateur) -> Plan:
    """Judge a selection; nothing is written and no remote is called.

    Raises PermissionDenied; ActionImpossible when the selection is larger than PLAN_MAXIMUM.
    """
    definition = geste(nom)
    exiger(par, definition.permission)
    if len(pks) > settings.PLAN_MAXIMUM:
        raise ActionImpossible(
            f"Le plan n’a pas été préparé : plus de {settings.PLAN_MAXIMUM} lignes sont choisies.",
            "Un plan se relit avant d’être confirmé ; au-delà, plus personne ne le peut.",
            "Filtrez la liste et procédez en plusieurs fois.",
        )
    lignes = definition.examiner(definition.charger(pks, parametres, par), parametres)
    return Plan(geste=definition, parametres=parametres, lignes=lignes, pour=par.pk)


def ouvrir(scelle: str, *, par: Collaborateur) -> dict[str, Any]:
    """Read back a sealed plan. Raises ActionImpossible when it is altered, too old, or someone else's."""
    try:
        contenu: dict[str, Any] = signing.loads(scelle, salt=SEL, max_age=VALIDITE)
    except signing.SignatureExpired as exc:
        raise ActionImpossible(
            "Rien n’a été envoyé.", "Ce plan a plus d’une heure.", "Préparez-le de nouveau."
        ) from exc
    except signing.BadSignature as exc:
        raise ActionImpossible(
            "Rien n’a été envoyé.", "Ce plan a été modifié en chemin.", "Préparez-le de nouveau."
        ) from exc
    if "+" in contenu["environnement"]:
        raise ActionImpossible(
            "Rien n’a été envoyé.",
            "La sélection mêle plusieurs environnements.",
            "Refaites-la pour un seul : bac à sable, test ou production.",
        )
    if contenu["pour"] != par.pk:
        raise ActionImpossible(
            "Rien n’a été envoyé.", "Ce plan a été préparé par une autre personne.", "Préparez le vôtre."
        )
    return contenu


def confirmer(scelle: str, *, par: Collaborateur) -> Lot:
    """Turn a sealed plan into a lot; a second confirmation of the same plan returns the same lot and does nothing.

    Raises PermissionDenied, ActionImpossible.
    """
    contenu = ouvrir(scelle, par=par)
    definition = geste(contenu["geste"])
    exiger(par, definition.permission)
    plan = uuid.UUID(contenu["plan"])
    empreintes, parametres = dict(contenu["lignes"]), contenu["parametres"]
    with transaction.atomic():
        lot, cree = Lot.objects.get_or_create(
            plan=plan,
            defaults={
                "geste": definition.nom,
                "libelle": definition.intitule(parametres)[:200],
                "parametres": parametres,
                "environnement": contenu["environnement"],
                "cree_par": par,
                "sans_objet": contenu["rien"],
                "bloquees": contenu["bloquees"],
            },
        )
        if not cree:
            return lot
        definition.verrouiller(list(empreintes), parametres)
        objets = {objet.pk: objet for objet in definition.charger(list(empreintes), parametres, par)}
        lignes = {ligne.pk: ligne for ligne in definition.examiner(list(objets.values()), parametres)}
        retenues, refus = [], []
        for pk, empreinte in empreintes.items():
            ligne = lignes.get(pk)
            if ligne is None:
                refus.append({"pk": pk, "libelle": "", "motif": "Cette ligne n’est plus accessible."})
            elif ligne.empreinte != empreinte:
                motif = f"L’état a changé depuis le plan : {ligne.motif}"
                refus.append({"pk": pk, "libelle": ligne.libelle, "motif": motif})
            else:
                retenues.append((objets[pk], ligne))
        operations = creer(definition.appliquer(retenues, parametres, lot=lot, par=par), par=par)
        definition.rattacher(operations)
        lot.total, lot.faites_ici, lot.refus = len(operations), len(retenues) - len(operations), refus
        lot.save(update_fields=["total", "faites_ici", "refus"])
        journaliser(
            Evenement.Type.LOT_CONFIRME,
            f"{lot} : lignes confirmées {len(retenues)}, refusées {len(refus)}.",
            lot=lot,
            acteur=par,
        )
    return lot
