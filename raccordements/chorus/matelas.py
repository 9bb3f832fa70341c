"""Invented data for the simulator, as the « matelas de données » that AIFE generates for a qualification account.

Everything here is fictitious: the SIREN 990001xxx are attributed to nobody. Some of the qualification's SIRETs fail the
Luhn check on purpose, as they do on the real platform.
"""

from __future__ import annotations

from typing import Any

# Credentials of the simulator only, in the shape of PISTE's and Chorus Pro's; no real account has them.
APPLICATIONS = {
    "qualification": {
        "environnement": "qualification",
        "client_id": "11111111-aaaa-4aaa-8aaa-111111111111",
        "client_secret": "22222222-bbbb-4bbb-8bbb-222222222222",
        "nom": "APP_SANDBOX_cabinet@exemple.test",
    },
    "production": {
        "environnement": "production",
        "client_id": "33333333-cccc-4ccc-8ccc-333333333333",
        "client_secret": "44444444-dddd-4ddd-8ddd-444444444444",
        "nom": "PASSERELLE-CABINET",
    },
}
COMPTES = {
    "qualification": {
        "environnement": "qualification",
        "login": "TECH_1_900001@cpro.fr",
        "mot_de_passe": "Simulé-qualification-1",
    },
    "production": {
        "environnement": "production",
        "login": "TECH_1_900002@cpro.fr",
        "mot_de_passe": "Simulé-production-1",
    },
}
#: SIRET, name, public or private. The first five meet the Luhn check, the others do not.
STRUCTURES = (
    ("99000101800011", "COMMUNE DE VALFICTIF", "PUBLIQUE"),
    ("99000102600014", "SYNDICAT FICTIF DES EAUX", "PUBLIQUE"),
    ("99000103400018", "BATIMENT FICTIF SAS", "PRIVEE"),
    ("99000104200011", "IMPRIMERIE INVENTEE SARL", "PRIVEE"),
    ("99000105900015", "CONSEIL IMAGINAIRE SAS", "PRIVEE"),
    ("99000101800019", "FOURNISSEUR QUALIF 1", "PRIVEE"),
    ("99000102600019", "FOURNISSEUR QUALIF 2", "PRIVEE"),
    ("00000000000149", "DESTINATAIRE QUALIF", "PUBLIQUE"),
)
EN_PRODUCTION = 5


def matelas() -> dict[str, Any]:
    """What SimulateurChorus.charger takes, for both environments; also the body of POST /_simulateur/charger."""
    structures = [_structure("qualification", rang) for rang in range(len(STRUCTURES))]
    structures += [_structure("production", rang) for rang in range(EN_PRODUCTION)]
    return {
        "applications": list(APPLICATIONS.values()),
        "comptes": list(COMPTES.values()),
        "structures": structures,
    }


def _structure(environnement: str, rang: int) -> dict[str, Any]:
    siret, designation, genre = STRUCTURES[rang]
    numero = (26_300_000 if environnement == "qualification" else 31_500_000) + rang
    services = [
        {
            "idService": numero * 10,
            "codeService": "FACTURES_PUBLIQUES",
            "libelleService": "FACTURES PUBLIQUES",
            "estActif": True,
            "statutService": "ACTIF",
            "dateDbtService": "2016-10-25 17:42",
            "dateFinService": None,
        },
        {
            "idService": numero * 10 + 1,
            "codeService": "COMPTA",
            "libelleService": "SERVICE COMPTABLE",
            "estActif": True,
            "statutService": "ACTIF",
            "dateDbtService": "2019-01-02 08:00",
            "dateFinService": "2050-12-31 00:00",
        },
    ]
    return {
        "environnement": environnement,
        "idStructureCPP": numero,
        "identifiant": siret,
        "designation": designation,
        "genre": genre,
        "services": services if genre == "PUBLIQUE" else [],
        "adresse": {"adresse": "1 RUE INVENTEE", "codePostal": "99999", "ville": "VALFICTIF"},
    }
