"""Invented data for the simulator. Everything here is fictitious: no account, platform nor person has these values."""

from __future__ import annotations

from typing import Any

# Keys of the simulator only, in the shape of Cegid's; no real account has them.
CABINET = {
    "cle_publique": "ODFICTIF00000000000000001",
    "client_secret": "secret-fictif-du-cabinet-1",
    "cle_abonnement": "aaaa0000aaaa0000aaaa0000aaaa0001",
}
PLATEFORMES = (
    {"matricule": "0901", "nom": "Plateforme Fictive", "cle_abonnement": "bbbb0000bbbb0000bbbb0000bbbb0901"},
    {"matricule": "0902", "nom": "Réseau Imaginaire", "cle_abonnement": "bbbb0000bbbb0000bbbb0000bbbb0902"},
    {
        "matricule": "0903",
        "nom": "Passerelle Inventée (sans contrat)",
        "cle_abonnement": "bbbb0000bbbb0000bbbb0000bbbb0903",
        "contrat": False,
    },
)
#: The SIREN of a customer whose only administrator is `ADMINISTRATEUR`; of any other, anybody may act.
SIREN_RESERVE = "990001034"
ADMINISTRATEUR = "administratrice@client.exemple.test"


def matelas() -> dict[str, Any]:
    """What SimulateurOD.charger takes; also the body of POST /_simulateur/charger."""
    tous = [{"siren": "*", "email": "*", "qualite": mot} for mot in ("legalRepresentative", "authorizedAdministrator")]
    reserve = {"siren": SIREN_RESERVE, "email": ADMINISTRATEUR, "qualite": "authorizedAdministrator"}
    return {"cabinets": [CABINET], "plateformes": list(PLATEFORMES), "droits": [*tous, reserve]}
