"""From qualification to production: what must be there first, and the fiche of production."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from raccordements.certificats.schemas import Gravite
from raccordements.models import (
    Action,
    CodeInterface,
    CompteChorus,
    EnvironnementChorus,
    Etat,
    Fiche,
    Genre,
    Structure,
)
from raccordements.services.contenu import Contenu, Difference, differences
from raccordements.services.redaction import Saisie, creer, reseau_de_reference, saisie_depuis
from raccordements.services.risques import APPLICATION_BAC_A_SABLE, faits, risques
from raccordements.services.traces import exiger_action, verrouiller

PROMOUVOIR = "raccordements.promouvoir_fiche"


class EtatPrerequis(StrEnum):
    ACQUIS = "acquis"
    A_CONFIRMER = "à confirmer"
    MANQUANT = "manquant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Prerequis:
    """One condition of a connection in production (AIFE guide, « Périmètre et prérequis »), and where it stands."""

    cle: str
    libelle: str
    etat: EtatPrerequis
    explication: str


def prerequis(fiche: Fiche, structure: Structure | None = None) -> list[Prerequis]:
    """The conditions of production for a qualified fiche, and for the structure of production once it is known."""
    liste = [_qualifiee(fiche, structure), _structure(structure), _espace(structure)]
    if fiche.genre == Genre.API:
        liste.append(_compte(structure))
    if fiche.demande_un_certificat:
        liste.append(_certificat(fiche))
    if fiche.genre == Genre.EDI:
        liste.append(_periode(fiche))
    return liste


def structure_de_production(fiche: Fiche, par: Collaborateur) -> Structure | None:
    """The structure of the same SIRET in production, when `par` sees one. Fictitious ones have none."""
    trouvee: Structure | None = (
        Structure.objects.visibles_par(par)
        .filter(siret=fiche.structure.siret, environnement=EnvironnementChorus.PRODUCTION)
        .first()
    )
    return trouvee


@transaction.atomic
def promouvoir(fiche: Fiche, *, par: Collaborateur, structure: Structure | None = None) -> Fiche:
    """The draft of production of a fiche that is active in qualification. It stays to be read, submitted and approved.

    It takes the content that is active, without the codes that production does not offer nor the sandbox application;
    the period begins today at the earliest; AIFE's values are those of production.

    Parameters
    ----------
    structure:
        The structure of production; by default that of the same SIRET. A fictitious one needs it.

    Raises PermissionDenied, ActionInterdite, ValidationError; ActionImpossible without a structure of production, or
    from a fiche of production.
    """
    exiger(par, PROMOUVOIR)
    qualifiee = verrouiller(fiche, par)
    exiger_action(qualifiee, Action.PROMOUVOIR)
    if qualifiee.environnement != EnvironnementChorus.QUALIFICATION or qualifiee.version_active is None:
        raise ActionImpossible(
            "La fiche de production n’a pas été préparée.",
            "Seule une fiche active en qualification se prépare pour la production.",
            "Clonez cette fiche si vous en voulez une autre.",
        )
    cible = structure or structure_de_production(qualifiee, par)
    if cible is None or cible.environnement != EnvironnementChorus.PRODUCTION:
        raise ActionImpossible(
            "La fiche de production n’a pas été préparée.",
            "La structure de production n’est pas connue : celles de qualification sont souvent fictives.",
            "Enregistrez la structure réelle du client en production, puis choisissez-la.",
        )
    saisie = saisie_de_production(qualifiee.version_active.contenu, qualifiee.genre)
    return creer(qualifiee.genre, cible, saisie, par=par, generation=qualifiee.generation, issue_de=qualifiee)


def saisie_de_production(fige: Contenu, genre: str) -> Saisie:
    """What to write in production for a content of qualification."""
    saisie = saisie_depuis(fige, genre)
    champs = dict(saisie.champs)
    if genre == Genre.EDI:
        aujourd_hui = timezone.localdate()
        champs["periode_du"] = max(champs["periode_du"] or aujourd_hui, aujourd_hui)
        if champs["periode_au"] and champs["periode_au"] < aujourd_hui:
            champs["periode_au"] = None
    elif champs["application_piste"].upper().startswith(APPLICATION_BAC_A_SABLE):
        champs["application_piste"] = ""
    offerts = set(CodeInterface.objects.offerts(EnvironnementChorus.PRODUCTION).values_list("code", flat=True))
    codes = {code: mode for code, mode in (saisie.codes or {}).items() if code in offerts}
    return Saisie(champs=champs, codes=codes, certificats=saisie.certificats)


def differences_de_production(fiche: Fiche, structure: Structure | None) -> list[Difference]:
    """What the draft of production would change to the content that is active in qualification.

    Raises ActionImpossible when one of its certificates is not kept any more.
    """
    if fiche.version_active is None:
        return []
    fige = fiche.version_active.contenu
    saisie = saisie_de_production(fige, fiche.genre)
    production: Contenu = {**fige, "environnement": EnvironnementChorus.PRODUCTION.value, "codes": saisie.codes}
    if structure is not None:
        production["partenaire"] = {"siret": structure.siret, "designation": structure.designation}
    if fiche.genre == Genre.EDI:
        du, au = saisie.champs["periode_du"], saisie.champs["periode_au"]
        production["periode"] = {"du": du.isoformat(), "au": au and au.isoformat()}
        aife = reseau_de_reference(fige["protocole"], EnvironnementChorus.PRODUCTION)
        production["reseau"] = {**fige["reseau"], "aife": aife}
    else:
        production["application_piste"] = saisie.champs["application_piste"]
    return differences(fige, production)


def codes_abandonnes(fige: Contenu) -> list[str]:
    """The codes of a content of qualification that production does not offer."""
    offerts = set(CodeInterface.objects.offerts(EnvironnementChorus.PRODUCTION).values_list("code", flat=True))
    return sorted(set(fige["codes"]) - offerts)


def _dire(cle: str, libelle: str, etat: EtatPrerequis, explication: str) -> Prerequis:
    return Prerequis(cle=cle, libelle=libelle, etat=etat, explication=explication)


def _qualifiee(fiche: Fiche, structure: Structure | None) -> Prerequis:
    libelle = "La structure, ou l’éditeur de son logiciel, est raccordée en qualification"
    if fiche.etat == Etat.ACTIVEE and fiche.environnement == EnvironnementChorus.QUALIFICATION:
        return _dire("qualification", libelle, EtatPrerequis.ACQUIS, f"La fiche n° {fiche.pk} y est « Activée ».")
    porteuse = structure or fiche.structure
    if porteuse.editeur_qualifie_le:
        return _dire(
            "qualification",
            libelle,
            EtatPrerequis.ACQUIS,
            f"Éditeur {porteuse.editeur or 'du logiciel'}, raccordé le {porteuse.editeur_qualifie_le:%d/%m/%Y}.",
        )
    return _dire(
        "qualification",
        libelle,
        EtatPrerequis.MANQUANT,
        "Ni la structure ni son éditeur ne sont notés raccordés en qualification : menez d’abord cette étape, ou notez "
        "sur la structure la date de raccordement de l’éditeur.",
    )


def _structure(structure: Structure | None) -> Prerequis:
    libelle = "La structure de production est connue et active"
    if structure is None:
        return _dire(
            "structure", libelle, EtatPrerequis.MANQUANT, "Enregistrez la structure réelle du client en production."
        )
    if structure.active:
        return _dire("structure", libelle, EtatPrerequis.ACQUIS, f"{structure} est active dans Chorus Pro.")
    if structure.active is False:
        return _dire(
            "structure",
            libelle,
            EtatPrerequis.MANQUANT,
            f"{structure} est inactive dans Chorus Pro : son gestionnaire principal doit la réactiver.",
        )
    return _dire(
        "structure", libelle, EtatPrerequis.A_CONFIRMER, f"{structure} n’a pas encore été vérifiée dans Chorus Pro."
    )


def _espace(structure: Structure | None) -> Prerequis:
    libelle = "L’espace « Raccordement EDI et API » est actif, avec un utilisateur rattaché"
    if structure and structure.espace_confirme_le:
        le = timezone.localtime(structure.espace_confirme_le)
        confirme = f"Confirmé le {le:%d/%m/%Y} par {structure.espace_confirme_par}."
        return _dire("espace", libelle, EtatPrerequis.ACQUIS, confirme)
    return _dire(
        "espace",
        libelle,
        EtatPrerequis.A_CONFIRMER,
        "Aucune API ne le dit : le gestionnaire l’active dans « Activités du gestionnaire », puis vous le "
        "confirmez ici.",
    )


def _compte(structure: Structure | None) -> Prerequis:
    libelle = "Un utilisateur technique de production est créé"
    compte: CompteChorus | None = structure.compte if structure else None
    if compte is None:
        return _dire(
            "compte",
            libelle,
            EtatPrerequis.A_CONFIRMER,
            "Aucun compte Chorus Pro n’est rattaché à la structure : le gestionnaire principal crée l’utilisateur "
            "technique, puis un administrateur l’enregistre ici.",
        )
    if empechement := compte.empechement(timezone.localdate()):
        return _dire("compte", libelle, EtatPrerequis.MANQUANT, empechement)
    return _dire("compte", libelle, EtatPrerequis.ACQUIS, f"Compte « {compte.nom} ».")


def _certificat(fiche: Fiche) -> Prerequis:
    libelle = "Le certificat est valide"
    graves = [
        risque
        for risque in risques(faits(fiche))
        if risque.gravite is Gravite.BLOQUANT and risque.champ == "certificats"
    ]
    if graves:
        return _dire("certificat", libelle, EtatPrerequis.MANQUANT, graves[0].message)
    return _dire("certificat", libelle, EtatPrerequis.ACQUIS, "Aucun contrôle ne le bloque aujourd’hui.")


def _periode(fiche: Fiche) -> Prerequis:
    libelle = "La période de raccordement est ouverte"
    if fiche.periode_au and fiche.periode_au < timezone.localdate():
        return _dire(
            "periode",
            libelle,
            EtatPrerequis.MANQUANT,
            f"Elle a fini le {fiche.periode_au:%d/%m/%Y} : la fiche de production n’aura pas de date de fin.",
        )
    fin = f"jusqu’au {fiche.periode_au:%d/%m/%Y}" if fiche.periode_au else "sans date de fin"
    return _dire("periode", libelle, EtatPrerequis.ACQUIS, f"Elle va {fin}.")
