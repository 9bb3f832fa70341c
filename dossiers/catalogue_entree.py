"""What an entry of the error catalogue is made of, and where its messages come from."""

from __future__ import annotations

from dataclasses import dataclass

GUIDE = "Cegid, guide « API Cabinet »"
IMPORT_PERSO = "developers.cegid.com, EcritureComptableImportPerso"
IMPORT_JSON = "developers.cegid.com, EcritureComptableImportJson"
ACCES = "developers.cegid.com, CheckCollaboratorAccess"
APIM = "Microsoft, Azure API Management (passerelle de Cegid)"
AZURE = "Microsoft, stockage Azure Blob (codes d’erreur de l’API)"
SIMULATEUR = "Simulateur de Passerelle (aucun texte de Cegid n’est public pour ce refus)"
PASSERELLE = "Passerelle"
LOGICIEL = "Signalez-le à un administrateur : c’est le logiciel qui a construit la demande, pas vous."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entree:
    """One message: what happened (`constat`), why (`cause`), what to do (`remede`), the button for it (`geste`)."""

    motif: str
    constat: str
    cause: str
    remede: str
    source: str
    geste: str = ""
    gravite: str = "erreur"
    systeme: str = "loop"
