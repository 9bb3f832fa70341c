"""Imports of entries in each state, and reports of checks, made by hand: no file is read."""

from __future__ import annotations

import uuid
from datetime import date
from typing import Any

from django.utils import timezone

from dossiers.ecritures.rapport import Constat, Gravite, Journal, Mois, Nombre, Rapport
from dossiers.models import Dossier, Etat, ImportEcritures, Operation
from tests.fabriques import CollaborateurFactory, DossierFactory, OperationFactory

#: A link with an invented signature, which no page may show.
SIGNATURE = "Inventee0Signature%2Bsecrete%3D"
LIEN = f"https://depot.example.com/c/ecritures.txt?sv=2024&se=2099-01-01T00:00:00Z&sr=b&sp=r&sig={SIGNATURE}"


def rapport(*constats: Constat, **champs: Any) -> Rapport:
    """The report of a FEC of two journals over three months."""
    valeurs: dict[str, Any] = {
        "genre": "fec",
        "lignes": 1234,
        "ecritures": 617,
        "debit": 1234567,
        "credit": 1234567,
        "debut": date(2025, 1, 1),
        "fin": date(2025, 3, 31),
        "empreinte": "ab" * 32,
        "journaux": (
            Journal(code="VE", libelle="Ventes", lignes=800, debit=1000000, credit=1000000),
            Journal(code="BQ", libelle="Banque", lignes=434, debit=234567, credit=234567),
        ),
        "mois": tuple(
            Mois(mois=f"2025-0{rang}", journal=journal, lignes=100, debit=debit * rang, credit=debit * rang)
            for rang in (1, 2, 3)
            for journal, debit in (("VE", 150000), ("BQ", 40000))
        ),
        "separateur": "\t",
        "encodage": "UTF-8",
        "fin_de_ligne": "CRLF",
        "variante": "18",
    }
    comptes: dict[str, Nombre] = {}
    for constat in constats:
        deja = comptes.get(constat.code)
        combien = deja.nombre + 1 if deja else 1
        comptes[constat.code] = Nombre(code=constat.code, gravite=constat.gravite, nombre=combien)
    return Rapport(constats=constats, nombres=tuple(comptes.values()), **valeurs | champs)


def bloquant(ligne: int, **champs: Any) -> Constat:
    valeurs = {"code": "date_invalide", "message": "Cette date n’existe pas.", "colonne": "EcritureDate"}
    return Constat(ligne=ligne, gravite=Gravite.BLOQUANT, **valeurs | champs)


def importation(etat: str = "pret", *, dossier: Dossier | None = None, **champs: Any) -> ImportEcritures:
    """An import in this state, with what the state requires."""
    if dossier is None and "dossier_id" not in champs:
        dossier = DossierFactory()
    valeurs: dict[str, Any] = {
        "dossier": dossier,
        "etat": etat,
        "nom_fichier": "000000014FEC20251231.txt",  # fictitious SIREN
        "taille": 1000,
        "fichier": "2026/01/invente",
    }
    if etat in ("envoi", "en_attente", "en_cours", "termine", "en_erreur"):
        valeurs["uri"] = f"{uuid.uuid4()}/ecritures.txt"
    if etat in ("en_attente", "en_cours", "termine", "en_erreur"):
        valeurs |= {"demande_id": str(uuid.uuid4()), "envoye_le": timezone.now()}
    if etat in ("termine", "en_erreur", "refuse", "abandonne"):
        valeurs["fini_le"] = timezone.now()
    if isinstance(champs.get("rapport"), Rapport):
        lu: Rapport = champs.pop("rapport")
        valeurs |= {
            "rapport": lu.en_dict(),
            "lignes": lu.lignes,
            "bloquants": lu.bloquants,
            "avertissements": lu.avertissements,
            "periode_debut": lu.debut,
            "periode_fin": lu.fin,
            "empreinte": lu.empreinte,
        }
    valeurs |= champs
    if "cree_par" not in valeurs:
        valeurs["cree_par"] = CollaborateurFactory()
    return ImportEcritures.objects.create(**valeurs)


def par_lien(etat: str = "pret", **champs: Any) -> ImportEcritures:
    """An import by link, the link kept whole as the service does."""
    from dossiers.ecritures.services import lire

    lu = lire(LIEN)
    valeurs: dict[str, Any] = {
        "source": "lien",
        "url": lu.adresse,
        "lien_affiche": lu.affichage,
        "lien_jusqu_au": lu.jusqu_au,
        "nom_fichier": "",
        "fichier": "",
        "taille": None,
        "uri": "",
    }
    return importation(etat, **valeurs | champs)


def operation_de(objet: ImportEcritures, nature: str = "importer_ecritures", **situation: Any) -> Operation:
    """An operation of an import, named by it unless it only reads its status."""
    operation: Operation = OperationFactory(
        dossier=objet.dossier,
        nature=nature,
        parametres={"import": objet.pk, "siret": objet.siret, "modele": objet.modele},
        **situation,
    )
    if nature != "suivre_import":
        ImportEcritures.objects.filter(pk=objet.pk).update(operation=operation)
        objet.operation = operation
    return operation


def a_verifier(**champs: Any) -> ImportEcritures:
    """An import whose request may have been lost."""
    objet = importation("envoi", **champs)
    operation = operation_de(objet, a_verifier=True)
    assert operation.etat == Etat.A_VERIFIER
    return objet


#: One maker for each state people see.
ETATS = {etat: lambda etat=etat, **champs: importation(etat, **champs) for etat in ImportEcritures.Etat.values}
