"""The invented practice of the demonstration: its people, its dossiers, and what Loop would say of them.

Nothing here exists. Names are put together from two lists, e-mails end in `.example` (RFC 2606), and the SIRENs carry a
right key behind four zeros, a range where INSEE gives no number: they are fictitious and look so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from stdnum import luhn

from dossiers import roles

DOMAINE = "CABINETDEMO"
NOMBRE = 60
#: A contact that Loop knows, for `addCollaborativeOffer`.
CONTACT = "interlocuteur@client-demo.example"
METIERS = (
    "Boulangerie",
    "Garage",
    "Menuiserie",
    "Pharmacie",
    "Librairie",
    "Pépinière",
    "Imprimerie",
    "Serrurerie",
    "Fromagerie",
    "Cordonnerie",
    "Papeterie",
    "Horlogerie",
)
LIEUX = ("du Renard bleu", "des Neuf Lunes", "de la Tour de sel", "du Pont suspendu", "des Quatre Échos")
FORMES = ("SARL", "SAS", "EURL", "SA", "SCI")

# Ranks of the dossiers that show one situation each.
RANGS_STANDARD = frozenset({11, 22, 33, 44})
RANGS_ARCHIVES = frozenset({9, 19, 29, 39})
RANGS_SANS_SIREN = frozenset({7, 14})
RANG_DOUBLON = 60  # same SIREN as the one before
RANG_NON_RATTACHE = 17  # in Loop, and not ticked for the key in Loop Hub
RANG_INCONNU = 33  # Loop has no such code; on the standard key, so that no offer is ever asked for it
RANG_AUTRE_NOM, RANG_AUTRE_MAITRE, RANG_AUTRE_SIREN = 21, 42, 54


@dataclass(frozen=True, slots=True)
class Personne:
    """A user: identifier, role, French label of the role, name, and whether only their portfolio is seen."""

    identifiant: str
    role: str
    prenom: str
    nom: str
    limite: bool = False

    @property
    def login_loop(self) -> str:
        return f"{self.identifiant}@cabinet-demo.example"

    @property
    def libelle(self) -> str:
        return f"{self.role} (son portefeuille)" if self.limite else self.role


PERSONNES = (
    Personne("consultation", roles.CONSULTATION, "Camille", "Consulte"),
    Personne("collaborateur", roles.COLLABORATEUR, "Colette", "Collabore"),
    Personne("portefeuille", roles.COLLABORATEUR, "Paul", "Portefeuille", limite=True),
    Personne("manager", roles.MANAGER, "Manon", "Manage"),
    Personne("administrateur", roles.ADMINISTRATEUR, "Adrien", "Administre"),
)
_MAITRES = [personne.login_loop for personne in PERSONNES if personne.role == roles.COLLABORATEUR]
_MANAGER = next(personne.login_loop for personne in PERSONNES if personne.role == roles.MANAGER)


@dataclass(frozen=True, slots=True, kw_only=True)
class DossierDemo:
    """A dossier as the practice holds it. `offres`: wanted and observed, by offer."""

    rang: int
    code: str
    nom_usuel: str
    forme_juridique: str
    siren: str
    maitre_dossier: str
    engagement_manager: str
    a_preparer: bool
    standard: bool
    archive: bool
    sirets: list[str] = field(default_factory=list)
    offres: dict[str, tuple[bool, bool | None]] = field(default_factory=dict)

    @property
    def raison_sociale(self) -> str:
        return f"{self.forme_juridique} {self.nom_usuel}"

    def dans_loop(self) -> dict[str, object] | None:
        """The dossier as Loop knows it, None when it does not: the known differences of the demonstration."""
        if self.rang == RANG_INCONNU:
            return None
        ecarts: dict[int, dict[str, object]] = {
            RANG_NON_RATTACHE: {"cles": []},
            RANG_AUTRE_NOM: {"nomUsuel": f"{self.nom_usuel} et fils"},
            RANG_AUTRE_MAITRE: {"maitreDossier": _MANAGER},
            RANG_AUTRE_SIREN: {"siren": siren_fictif(NOMBRE + 1)},
        }
        etablissements = [{"siret": siret} for siret in self.sirets]
        fiche = fiche_loop(self) | {"etablissements": etablissements, "provisionne": not self.a_preparer}
        return fiche | ecarts.get(self.rang, {})


def fiche_loop(dossier: Any) -> dict[str, object]:
    """A dossier of ours, of the demonstration or of the database, under the names of Loop."""
    return {
        "codeIbs": dossier.code,
        "nomUsuel": dossier.nom_usuel,
        "raisonSociale": dossier.raison_sociale,
        "maitreDossier": dossier.maitre_dossier,
        "engagementManager": dossier.engagement_manager,
        "siren": dossier.siren,
        "formeJuridique": dossier.forme_juridique,
    }


def siren_fictif(rang: int) -> str:
    """The fictitious SIREN of a rank between 1 and 9,999, with a right key."""
    debut = f"0000{rang:04d}"
    return debut + luhn.calc_check_digit(debut)


def siret_fictif(siren: str, numero: int = 1) -> str:
    """A fictitious SIRET of a SIREN, with a right key."""
    debut = f"{siren}{numero:04d}"
    return debut + luhn.calc_check_digit(debut)


def siren_de_volume(rang: int) -> str:
    """The fictitious SIREN of a rank between 1 and 9,999,999, for tables filled by benchmarks only."""
    debut = f"0{rang:07d}"
    return debut + luhn.calc_check_digit(debut)


def dossiers() -> Iterator[DossierDemo]:
    """The dossiers of the practice, always the same."""
    for rang in range(1, NOMBRE + 1):
        siren = "" if rang in RANGS_SANS_SIREN else siren_fictif(rang - 1 if rang == RANG_DOUBLON else rang)
        sirets = [siret_fictif(siren, numero) for numero in range(1, 3 if rang % 8 == 0 else 2)] if siren else []
        yield DossierDemo(
            rang=rang,
            code=f"0{44000 + rang}" if rang % 5 == 0 else f"DEMO{rang:03d}",
            nom_usuel=f"{METIERS[rang % len(METIERS)]} {LIEUX[rang // len(METIERS) % len(LIEUX)]}",
            forme_juridique=FORMES[rang % len(FORMES)],
            siren=siren,
            maitre_dossier=_MAITRES[1 if rang % 6 == 0 else 0],
            engagement_manager=_MANAGER,
            a_preparer=rang % 7 == 0,
            standard=rang in RANGS_STANDARD,
            archive=rang in RANGS_ARCHIVES,
            sirets=sirets if rang % 5 != 4 else [],
            offres=dict(_offres(rang)),
        )


def _offres(rang: int) -> Iterator[tuple[str, tuple[bool, bool | None]]]:
    if rang in RANGS_STANDARD:
        return
    if rang % 4 == 1:
        yield "consultation", (True, True)
    if rang % 6 == 2:
        yield "co-production", (True, True)
    if rang % 10 == 3:
        yield "start", (True, None)  # wanted, and Loop has said nothing of it
    if rang % 15 == 4:
        yield "start", (False, True)  # still there, and no longer wanted


def seulement_dans_loop() -> Iterator[dict[str, object]]:
    """Dossiers that Loop has and the practice has not."""
    for rang in range(1, 4):
        siren = siren_fictif(NOMBRE + 1 + rang)
        nom = f"{METIERS[rang]} des Marées hautes"
        yield {
            "codeIbs": f"LABAS{rang:03d}",
            "nomUsuel": nom,
            "raisonSociale": f"SAS {nom}",
            "maitreDossier": _MAITRES[0],
            "engagementManager": _MANAGER,
            "siren": siren,
            "formeJuridique": "SAS",
            "etablissements": [{"siret": siret_fictif(siren)}],
        }
