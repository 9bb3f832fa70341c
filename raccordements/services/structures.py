"""Partners: recording one, noting what Chorus Pro says of it, and what a person confirms."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur, Dossier
from dossiers.services.operations import exiger
from dossiers.sirene import chiffres
from raccordements.chorus.schemas import Diagnostic, Etape, StructureConsultee, StructureTrouvee
from raccordements.models import CompteChorus, Structure

AJOUTER, CONFIRMER = "raccordements.add_structure", "raccordements.confirmer_espace"


@transaction.atomic
def enregistrer_structure(
    siret: str,
    environnement: str,
    *,
    par: Collaborateur,
    designation: str = "",
    dossier: Dossier | None = None,
    compte: CompteChorus | None = None,
) -> Structure:
    """The structure of this SIRET in this environment, created when new. Raises PermissionDenied, ValidationError."""
    exiger(par, AJOUTER)
    if dossier is not None and not Dossier.objects.visibles_par(par).filter(pk=dossier.pk).exists():
        raise PermissionDenied(AJOUTER)
    structure = Structure(
        siret=chiffres(siret),
        environnement=environnement,
        designation=designation.strip(),
        dossier=dossier,
        compte=compte,
        cree_par=par,
    )
    structure.full_clean(validate_unique=False, validate_constraints=False)
    connue: Structure | None = Structure.objects.filter(siret=structure.siret, environnement=environnement).first()
    if connue is None:
        structure.save()
        return structure
    if not Structure.objects.visibles_par(par).filter(pk=connue.pk).exists():
        raise PermissionDenied(AJOUTER)
    return connue


def compte_pour(structure: Structure) -> CompteChorus | None:
    """The account that reads Chorus Pro for a structure: its own, else the only one in service in its environment."""
    return structure.compte or seul_compte(structure.environnement)


def seul_compte(environnement: str) -> CompteChorus | None:
    """The account of an environment, None unless exactly one is in service there."""
    en_service: list[CompteChorus] = list(
        CompteChorus.objects.en_service().filter(environnement=environnement).select_related("guichet")[:2]
    )
    return en_service[0] if len(en_service) == 1 else None


@transaction.atomic
def noter_verification(
    structure: Structure,
    *,
    trouvees: Sequence[StructureTrouvee],
    consultee: StructureConsultee | None = None,
    maintenant: datetime | None = None,
) -> Structure:
    """Write back what the API said of a structure: the result of the search, and the one of the consultation.

    A designation that a person typed is replaced by Chorus Pro's. The end of the technical password also goes to the
    account that was used. For the worker: no permission is asked.
    """
    maintenant = maintenant or timezone.now()
    actuelle: Structure = (
        Structure.objects.select_for_update(no_key=True, of=("self",)).select_related("compte").get(pk=structure.pk)
    )
    trouvee = next((t for t in trouvees if t.identifiant == actuelle.siret), None)
    actuelle.verifiee_le = maintenant
    if trouvee is None:
        actuelle.active, actuelle.statut_lu = None, ""
        actuelle.verification = (
            "Chorus Pro ne connaît pas ce SIRET, ou le compte ne le voit pas. Vérifiez le numéro et l’environnement."
        )
    else:
        actuelle.id_structure_cpp, actuelle.statut_lu = trouvee.id, trouvee.statut
        actuelle.active = trouvee.active
        actuelle.designation = trouvee.designation[:200] or actuelle.designation
        actuelle.verification = f"Trouvée dans Chorus Pro, statut « {trouvee.statut or 'non précisé'} »."
    if consultee is not None:
        actuelle.connexion_edi = consultee.connexion_edi
        actuelle.recevoir_donnees_via_edi = consultee.recevoir_donnees_via_edi
        actuelle.fin_mot_de_passe = consultee.expiration_mot_de_passe
        if actuelle.compte and consultee.expiration_mot_de_passe:
            noter_fin_du_mot_de_passe(actuelle.compte, consultee.expiration_mot_de_passe, maintenant)
    actuelle.save()
    return actuelle


def noter_fin_du_mot_de_passe(compte: CompteChorus, fin: date, maintenant: datetime) -> None:
    """Write the end of the technical password that Chorus Pro gave (dateExpirationMotPasseCompteTech)."""
    compte.fin_lue, compte.fin_lue_le = fin, maintenant
    compte.save(update_fields=["fin_lue", "fin_lue_le"])


def noter_test(compte: CompteChorus, diagnostic: Diagnostic, *, maintenant: datetime | None = None) -> None:
    """Write the outcome of a connection test on an account, step by step. For the worker: no permission is asked."""
    compte.teste_le = maintenant or timezone.now()
    compte.test_reussi = diagnostic.reussi
    compte.test_diagnostic = etapes_en_json(diagnostic.etapes)
    compte.save(update_fields=["teste_le", "test_reussi", "test_diagnostic"])


def etapes_en_json(etapes: Sequence[Etape]) -> list[dict[str, Any]]:
    """The steps of a test as they are kept and shown, without secret."""
    return [
        {
            "cle": etape.cle,
            "libelle": etape.libelle,
            "etat": etape.etat.value,
            "cause": etape.cause,
            "remede": etape.remede,
            "code": etape.code,
            "details": [
                {"libelle": detail.libelle, "etat": detail.etat.value, "cause": detail.cause, "remede": detail.remede}
                for detail in etape.details
            ],
        }
        for etape in etapes
    ]


@transaction.atomic
def confirmer_espace(structure: Structure, *, par: Collaborateur, actif: bool = True) -> None:
    """Note that a person saw the space « Raccordement EDI et API » active, or not any more. No API reads it.

    Raises PermissionDenied.
    """
    exiger(par, CONFIRMER)
    visibles = Structure.objects.visibles_par(par).filter(pk=structure.pk)
    if not visibles.update(
        espace_confirme_le=timezone.now() if actif else None, espace_confirme_par=par if actif else None
    ):
        raise PermissionDenied(CONFIRMER)
