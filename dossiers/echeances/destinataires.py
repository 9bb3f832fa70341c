"""Who is told of a deadline: those in charge, then the managers, and the administrateurs when there is nobody."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.contrib.auth.models import Group
from django.db.models import Q

from dossiers.echeances.registre import Source
from dossiers.models import Collaborateur
from dossiers.roles import ADMINISTRATEUR, MANAGER

#: From this many days left, managers are told of what others are in charge of.
SEUIL_DES_MANAGERS = 7
_MOTEUR = "django.contrib.auth.backends.ModelBackend"


class Charge(NamedTuple):
    """Who a thing belongs to: Loop logins of the dossier, primary key of who made it; empty without."""

    maitre_dossier: str = ""
    engagement_manager: str = ""
    createur: int | None = None
    a_un_dossier: bool = False


@dataclass(frozen=True, slots=True)
class Annuaire:
    """The active people of the practice, read once a turn."""

    par_login: dict[str, int]
    limites: dict[int, str]
    actifs: frozenset[int]
    managers: frozenset[int]
    administrateurs: frozenset[int]

    @classmethod
    def lire(cls) -> Annuaire:
        """Four queries, of the size of the practice."""
        actifs = Collaborateur.objects.filter(is_active=True, is_staff=True).order_by()
        par_login, limites = {}, {}
        for personne in actifs.only("pk", "login_loop", "limite_au_portefeuille", "is_superuser"):
            if personne.login_loop:
                par_login[personne.login_loop] = personne.pk
            if personne.portefeuille_seul:
                limites[personne.pk] = personne.login_loop
        tous = frozenset(actifs.values_list("pk", flat=True))
        administrateurs = actifs.filter(Q(is_superuser=True) | Q(groups__in=_groupe(ADMINISTRATEUR)))
        managers = actifs.filter(groups__in=_groupe(MANAGER))
        return cls(
            par_login,
            limites,
            tous,
            frozenset(managers.values_list("pk", flat=True)),
            frozenset(administrateurs.values_list("pk", flat=True)),
        )

    def voient(self, personnes: frozenset[int], charge: Charge) -> frozenset[int]:
        """Those of `personnes` whose portfolio has the thing: the rule of `PortefeuilleQuerySet`."""
        return frozenset(personne for personne in personnes if self._voit(personne, charge))

    def _voit(self, personne: int, charge: Charge) -> bool:
        login = self.limites.get(personne)
        if login is None:
            return True
        if charge.a_un_dossier:
            return bool(login) and login in (charge.maitre_dossier, charge.engagement_manager)
        return personne == charge.createur


def habilites(permission: str) -> frozenset[int]:
    """The active people of the back office who have this right."""
    trouves = Collaborateur.objects.with_perm(permission, backend=_MOTEUR).filter(is_staff=True).order_by()
    return frozenset(trouves.values_list("pk", flat=True))


def choisir(
    source: Source, charge: Charge, seuil: int, annuaire: Annuaire, permis: frozenset[int]
) -> tuple[frozenset[int], bool]:
    """Who is told of one deadline, and whether it is for want of anybody in charge.

    Parameters
    ----------
    permis:
        Those who have the permission of the source.
    """
    administrateurs = annuaire.administrateurs & permis
    if source.administrateurs:
        return administrateurs, False
    logins = (charge.maitre_dossier, charge.engagement_manager)
    en_charge = frozenset(annuaire.par_login[login] for login in logins if login in annuaire.par_login)
    if charge.createur in annuaire.actifs:
        en_charge |= {charge.createur}
    proches = annuaire.voient(en_charge & permis, charge)
    managers = annuaire.voient(annuaire.managers & permis, charge)
    if not proches:
        return managers or annuaire.voient(administrateurs, charge), True
    return (proches | managers if seuil <= SEUIL_DES_MANAGERS else proches), False


def _groupe(nom: str) -> Any:
    return Group.objects.filter(name=nom).values("pk")
