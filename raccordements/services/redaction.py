"""Writing a fiche: creating, changing, cloning, deleting. Any change voids an approval and makes its author an editor.

Each function checks the permission, takes the fiche under its lock, then the rules, then writes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from raccordements.models import (
    Action,
    Approbation,
    Certificat,
    CertificatJoint,
    CodeInterface,
    Etat,
    Fiche,
    Generation,
    Genre,
    LigneCode,
    Mode,
    Redaction,
    ReferenceReseau,
    Structure,
    UsageCertificat,
    Version,
)
from raccordements.services.contenu import Contenu, contenu, differences, empreinte
from raccordements.services.erreurs import EditionPerimee
from raccordements.services.traces import Type, exiger_action, tracer, verrouiller

AJOUTER, MODIFIER = "raccordements.add_fiche", "raccordements.change_fiche"
CHAMPS_COMMUNS = ("contact_nom", "contact_telephone", "contact_courriel", "contact_fax", "commentaires")
#: What a person types on each kind of fiche, apart from its codes and certificates, in the order of the portal.
CHAMPS_SAISIS: dict[str, tuple[str, ...]] = {
    Genre.EDI: (
        "protocole",
        "periode_du",
        "periode_au",
        *CHAMPS_COMMUNS[:-1],
        "partenaire_identifiant",
        "partenaire_adresse",
        "partenaire_port",
        "partenaire_chemin",
        "commentaires",
    ),
    Genre.API: ("application_piste", "usage_piste", *CHAMPS_COMMUNS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Saisie:
    """What a person wrote. A field that is absent, or None as a whole, is left as it is.

    Parameters
    ----------
    champs:
        Values by name of CHAMPS_SAISIS.
    codes:
        Mode by interface code; the codes that are absent have no answer.
    certificats:
        One file by usage (`UsageCertificat`).
    structure:
        Another partner, of any environment; only while nothing was sent.
    """

    champs: Mapping[str, Any] = field(default_factory=dict)
    codes: Mapping[str, str] | None = None
    certificats: Mapping[str, Certificat] | None = None
    structure: Structure | None = None


@transaction.atomic
def creer(
    genre: str,
    structure: Structure,
    saisie: Saisie,
    *,
    par: Collaborateur,
    generation: str = "",
    issue_de: Fiche | None = None,
) -> Fiche:
    """A new draft for `structure`, in its environment. It may be incomplete.

    Parameters
    ----------
    generation:
        Form of an API fiche, PISTE by default; empty for EDI.

    Raises PermissionDenied; ValidationError, field by field; ActionImpossible.
    """
    exiger(par, AJOUTER)
    _exiger_la_structure(structure, par)
    fiche = Fiche(
        genre=genre,
        generation=(generation or Generation.PISTE) if genre == Genre.API else "",
        structure=structure,
        environnement=structure.environnement,
        issue_de=issue_de,
        cree_par=par,
    )
    if genre == Genre.EDI and "periode_du" not in saisie.champs:
        fiche.periode_du = timezone.localdate()
    _appliquer_les_champs(fiche, saisie.champs)
    fiche.reseau_aife = reseau_de_reference(fiche.protocole, fiche.environnement)
    fiche.save()
    _appliquer_le_reste(fiche, saisie)
    Redaction.objects.create(fiche=fiche, personne=par)
    origine = f", issue de la fiche n° {issue_de.pk}" if issue_de else ""
    tracer(fiche, Type.CREATION, f"Brouillon créé{origine}.", par=par, vers=Etat.BROUILLON)
    return fiche


@transaction.atomic
def modifier(fiche: Fiche, saisie: Saisie, *, edition: int, par: Collaborateur) -> Fiche:
    """Write `saisie` on a draft, or prepare an update of an active fiche. Nothing is voided when nothing changes.

    Parameters
    ----------
    edition:
        That of the page the person read.

    Raises PermissionDenied, EditionPerimee, ActionInterdite; ValidationError, field by field.
    """
    exiger(par, MODIFIER)
    actuelle = verrouiller(fiche, par)
    exiger_action(actuelle, Action.MODIFIER)
    exiger_edition(actuelle, edition)
    avant = contenu(actuelle)
    if saisie.structure is not None and saisie.structure.pk != actuelle.structure_id:
        _exiger_jamais_envoyee(actuelle, "Le partenaire")
        _exiger_la_structure(saisie.structure, par)
        actuelle.structure = saisie.structure
    protocole, environnement = actuelle.protocole, actuelle.environnement
    actuelle.environnement = actuelle.structure.environnement
    _appliquer_les_champs(actuelle, saisie.champs)
    if (actuelle.protocole, actuelle.environnement) != (protocole, environnement):
        if actuelle.protocole != protocole:
            _exiger_jamais_envoyee(actuelle, "Le protocole")
        actuelle.reseau_aife = reseau_de_reference(actuelle.protocole, actuelle.environnement)
    _appliquer_le_reste(actuelle, saisie)
    return _enregistrer(actuelle, avant, par)


@transaction.atomic
def rafraichir_le_reseau(fiche: Fiche, *, edition: int, par: Collaborateur) -> Fiche:
    """Copy again AIFE's network values of today. Raises as `modifier` does."""
    exiger(par, MODIFIER)
    actuelle = verrouiller(fiche, par)
    exiger_action(actuelle, Action.MODIFIER)
    exiger_edition(actuelle, edition)
    avant = contenu(actuelle)
    actuelle.reseau_aife = reseau_de_reference(actuelle.protocole, actuelle.environnement)
    return _enregistrer(actuelle, avant, par)


@transaction.atomic
def regler_tous_les_codes(fiche: Fiche, mode: str, *, edition: int, par: Collaborateur) -> Fiche:
    """Give one mode to every code offered in the environment of the fiche, today. Raises as `modifier` does."""
    offerts = CodeInterface.objects.offerts(fiche.environnement, timezone.localdate())
    codes = {code: Mode(mode).value for code in offerts.values_list("code", flat=True)}
    return modifier(fiche, Saisie(codes=codes), edition=edition, par=par)


@transaction.atomic
def retablir(fiche: Fiche, *, edition: int, par: Collaborateur) -> Fiche:
    """Give up the changes prepared on an active fiche: it says again what Chorus Pro has. Raises as `modifier` does."""
    exiger(par, MODIFIER)
    actuelle = verrouiller(fiche, par)
    if actuelle.version_active is None:
        raise ActionImpossible(
            "La fiche n’a pas été rétablie.",
            "Aucune version n’est active : il n’y a rien à quoi revenir.",
            "Corrigez la fiche, ou supprimez-la si elle n’est qu’un brouillon.",
        )
    fige = actuelle.version_active.contenu
    retablie = modifier(actuelle, saisie_depuis(fige, actuelle.genre), edition=edition, par=par)
    if retablie.reseau_aife != fige["reseau"]["aife"]:
        avant = contenu(retablie)
        retablie.reseau_aife = fige["reseau"]["aife"]
        retablie = _enregistrer(retablie, avant, par)
    return retablie


@transaction.atomic
def cloner(
    fiche: Fiche,
    *,
    par: Collaborateur,
    structure: Structure | None = None,
    certificats: Mapping[str, Certificat] | None = None,
) -> Fiche:
    """A draft with the content of `fiche`, for another structure or with other certificates when they are given.

    What is not active in the model keeps its editors: they do not approve the clone either.
    Raises PermissionDenied, ValidationError.
    """
    exiger(par, AJOUTER)
    modele = verrouiller(fiche, par)
    saisie = saisie_depuis(contenu(modele), modele.genre)
    if certificats is not None:
        saisie = Saisie(champs=saisie.champs, codes=saisie.codes, certificats=certificats)
    clone = creer(
        modele.genre,
        structure or modele.structure,
        saisie,
        par=par,
        generation=modele.generation,
        issue_de=modele,
    )
    if clone.environnement == modele.environnement:
        clone.reseau_aife = modele.reseau_aife
        clone.save(update_fields=["reseau_aife"])
    _heriter_des_redacteurs(clone, modele)
    return clone


@transaction.atomic
def supprimer(fiche: Fiche, *, par: Collaborateur) -> None:
    """Delete a draft: it leaves every list; its history stays. Raises PermissionDenied, ActionInterdite."""
    exiger(par, "raccordements.supprimer_fiche")
    actuelle = verrouiller(fiche, par)
    exiger_action(actuelle, Action.SUPPRIMER)
    annuler_l_approbation(actuelle, par=par, motif="le brouillon est supprimé")
    actuelle.supprimee_le = timezone.now()
    actuelle.save(update_fields=["approbation", "version", "supprimee_le"])
    tracer(actuelle, Type.SUPPRESSION, "Brouillon supprimé.", par=par)


def saisie_depuis(fige: Contenu, genre: str) -> Saisie:
    """What to write for a fiche to say `fige`, its partner and AIFE's network values apart.

    Raises ActionImpossible when one of its certificates is not kept any more.
    """
    plats = {
        "protocole": fige["protocole"],
        "periode_du": _jour(fige["periode"]["du"]),
        "periode_au": _jour(fige["periode"]["au"]),
        "application_piste": fige["application_piste"],
        "usage_piste": fige["usage_piste"],
        "commentaires": fige["commentaires"],
        **{f"contact_{champ}": valeur for champ, valeur in fige["contact"].items()},
        **{f"partenaire_{champ}": valeur for champ, valeur in fige["reseau"]["partenaire"].items()},
    }
    empreintes = {joint["usage"]: joint["sha256"] for joint in fige["certificats"]}
    gardes = {certificat.sha256: certificat for certificat in Certificat.objects.filter(sha256__in=empreintes.values())}
    if set(empreintes.values()) - set(gardes):
        raise ActionImpossible(
            "La fiche n’a pas été reprise.",
            "L’un de ses certificats n’est plus gardé.",
            "Déposez de nouveau ce certificat, puis recommencez.",
        )
    return Saisie(
        champs={champ: plats[champ] for champ in CHAMPS_SAISIS[genre]},
        codes=fige["codes"],
        certificats={usage: gardes[sha256] for usage, sha256 in empreintes.items()},
    )


def reseau_de_reference(protocole: str, environnement: str) -> dict[str, Any]:
    """AIFE's network values to copy on a fiche; empty when none are known."""
    reference = ReferenceReseau.objects.filter(protocole=protocole, environnement=environnement).first()
    return reference.valeurs() if reference else {}


def annuler_l_approbation(fiche: Fiche, *, par: Collaborateur | None, motif: str) -> None:
    """Void what was submitted or approved, on a locked fiche that the caller saves.

    Parameters
    ----------
    motif:
        French, to follow « parce que ».
    """
    if fiche.version is None:
        return
    version = fiche.version
    Version.objects.filter(pk=version.pk, etat=Version.Etat.EN_ATTENTE).update(etat=Version.Etat.CADUQUE)
    if fiche.approbation in {Approbation.EN_ATTENTE, Approbation.APPROUVEE} and version.pk != fiche.version_active_id:
        quoi = "Approbation" if fiche.approbation == Approbation.APPROUVEE else "Demande d’approbation"
        tracer(
            fiche,
            Type.ANNULATION,
            f"{quoi} de la version {version.numero} annulée, parce que {motif}.",
            par=par,
            version=version,
        )
    fiche.version, fiche.approbation = None, Approbation.A_SOUMETTRE


def exiger_edition(fiche: Fiche, edition: int) -> None:
    """Raises EditionPerimee when the fiche is not at the edition that the person read."""
    if fiche.edition != edition:
        raise EditionPerimee(
            "Rien n’a été enregistré.",
            "La fiche a été modifiée par quelqu’un d’autre depuis l’ouverture de votre page.",
            "Rechargez-la, relisez ce qui a changé, puis refaites votre modification.",
        )


def _enregistrer(fiche: Fiche, avant: Contenu, par: Collaborateur) -> Fiche:
    apres = contenu(fiche)
    if empreinte(avant) == empreinte(apres):
        return fiche
    annuler_l_approbation(fiche, par=par, motif="la fiche a été modifiée")
    fiche.edition += 1
    fiche.modifiee_le = timezone.now()
    fiche.save()
    Redaction.objects.get_or_create(fiche=fiche, personne=par)
    changees = differences(avant, apres)
    tracer(
        fiche,
        Type.MODIFICATION,
        f"Fiche modifiée : {', '.join(difference.libelle for difference in changees)}.",
        par=par,
        details={"champs": [difference.champ for difference in changees]},
    )
    return fiche


def _appliquer_les_champs(fiche: Fiche, champs: Mapping[str, Any]) -> None:
    inconnus = set(champs) - set(CHAMPS_SAISIS[fiche.genre])
    if inconnus:
        raise ValueError(f"not fields that a person types: {', '.join(sorted(inconnus))}")
    for champ, valeur in champs.items():
        setattr(fiche, champ, valeur.strip() if isinstance(valeur, str) else valeur)
    fiche.full_clean(exclude=["reference", "structure"], validate_unique=False)


def _appliquer_le_reste(fiche: Fiche, saisie: Saisie) -> None:
    if saisie.codes is not None:
        _appliquer_les_codes(fiche, saisie.codes)
    elif fiche.genre == Genre.EDI:
        _refuser_hors_environnement(fiche, dict(fiche.lignes.values_list("code_id", "mode")))
    if saisie.certificats is not None:
        _appliquer_les_certificats(fiche, saisie.certificats)


def _appliquer_les_codes(fiche: Fiche, codes: Mapping[str, str]) -> None:
    if fiche.genre != Genre.EDI and codes:
        raise ValidationError("Une fiche API n’a pas de code interface. Retirez ces codes, ou créez une fiche EDI.")
    _refuser_hors_environnement(fiche, codes)
    en_place = dict(fiche.lignes.values_list("code_id", "mode"))
    fiche.lignes.exclude(code_id__in=codes).delete()
    LigneCode.objects.bulk_create(
        [
            LigneCode(fiche=fiche, code_id=code, mode=Mode(mode))
            for code, mode in codes.items()
            if en_place.get(code) != mode
        ],
        update_conflicts=True,
        unique_fields=["fiche", "code"],
        update_fields=["mode"],
    )


def _refuser_hors_environnement(fiche: Fiche, codes: Mapping[str, str]) -> None:
    offerts = set(CodeInterface.objects.offerts(fiche.environnement).values_list("code", flat=True))
    refuses = sorted(set(codes) - offerts)
    if refuses:
        environnement = fiche.get_environnement_display().lower()
        raise ValidationError(
            {
                "codes": f"Les codes interfaces ont été refusés : {', '.join(refuses)} n’est pas proposé en "
                f"{environnement}. Retirez-le de la fiche."
                if len(refuses) == 1
                else f"Les codes interfaces ont été refusés : {', '.join(refuses)} ne sont pas proposés en "
                f"{environnement}. Retirez-les de la fiche."
            }
        )


def _appliquer_les_certificats(fiche: Fiche, certificats: Mapping[str, Certificat]) -> None:
    if certificats and not fiche.demande_un_certificat:
        raise ValidationError(
            "Le certificat a été refusé : une fiche API déclarée par une application PISTE n’en porte pas. Retirez-le."
        )
    voulus = {UsageCertificat(usage).value: certificat.pk for usage, certificat in certificats.items()}
    en_place = dict(fiche.certificats_joints.values_list("usage", "certificat_id"))
    if voulus == en_place:
        return
    fiche.certificats_joints.all().delete()
    CertificatJoint.objects.bulk_create(
        CertificatJoint(fiche=fiche, certificat_id=pk, usage=usage) for usage, pk in voulus.items()
    )


def _exiger_la_structure(structure: Structure, par: Collaborateur) -> None:
    if not Structure.objects.visibles_par(par).en_service().filter(pk=structure.pk).exists():
        raise PermissionDenied("raccordements.view_structure")


def _exiger_jamais_envoyee(fiche: Fiche, quoi: str) -> None:
    if fiche.version_envoyee_id is not None:
        raise ActionImpossible(
            f"{quoi} n’a pas été changé.",
            "Chorus Pro connaît déjà cette fiche, sous ce partenaire et ce protocole.",
            "Clonez la fiche : la nouvelle aura son propre code appli partenaire.",
        )


def _heriter_des_redacteurs(clone: Fiche, modele: Fiche) -> None:
    redacteurs = modele.redactions.values_list("personne", flat=True)
    Redaction.objects.bulk_create(
        [Redaction(fiche=clone, personne_id=personne) for personne in redacteurs], ignore_conflicts=True
    )


def _jour(iso: str | None) -> date | None:
    return date.fromisoformat(iso) if iso else None
