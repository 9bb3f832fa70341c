"""Imports of entries for the demonstration: files to try, and an import in each state that lasts.

Nothing here exists: the amounts come from a rule, the third parties are numbers, the SIRENs those of `dossiers.demo`.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from dossiers import demo
from dossiers.ecritures import services, verification
from dossiers.ecritures.entete import OFFICIELLES
from dossiers.ecritures.natures import ImporterEcritures, operation_pour
from dossiers.ecritures.services import Destination
from dossiers.models import (
    Collaborateur,
    Dossier,
    Etat,
    Explication,
    ImportEcritures,
    ModeleImport,
    Operation,
    SuiviImport,
)
from dossiers.services import catalogue

Import, Statut = ImportEcritures.Etat, ImportEcritures.Statut
#: Name of the folder of the files to try, and of those that the check refuses.
EXEMPLES, A_CORRIGER = "exemples", "a-corriger"
ANNEE = 2025
MODELE = "Ventes de caisse"
#: Loop's status for which nobody has written a meaning: it is shown as it came.
STATUT_INCONNU = "7"
#: Journal, label, then its accounts: the first takes the whole amount, on the side said, the others share it.
JOURNAUX = (
    ("VE", "Ventes", True, (("411000", "Clients"), ("707000", "Ventes de marchandises"), ("445710", "TVA collectée"))),
    ("AC", "Achats", False, (("401000", "Fournisseurs"), ("607000", "Achats"), ("445660", "TVA déductible"))),
    ("BQ", "Banque", True, (("512000", "Banque"), ("411000", "Clients"), ("758000", "Produits divers"))),
)
ECRITURES_PAR_MOIS = 9


def fec(*, defauts: bool = False) -> bytes:
    """A FEC of one year; `defauts`: a date that no calendar has, an amount that is none, an entry off balance."""
    rangees = [list(ligne) for ligne in _lignes()]
    if defauts:
        rangees[4][OFFICIELLES.index("EcritureDate")] = f"{ANNEE}0231"
        rangees[40][OFFICIELLES.index("Debit")] = "12O,00"
        rangees[100][OFFICIELLES.index("Credit")] = "1,00"
    return "".join("\t".join(rangee) + "\r\n" for rangee in (OFFICIELLES, *rangees)).encode()


def _lignes() -> Iterator[list[str]]:
    numero = 0
    for mois in range(1, 13):
        for rang in range(ECRITURES_PAR_MOIS):
            numero += 1
            code, journal, au_debit, comptes = JOURNAUX[rang % len(JOURNAUX)]
            jour = f"{ANNEE}{mois:02d}{1 + 3 * rang:02d}"
            net = 40_000 + 7_300 * rang + 2_100 * ((mois * 5) % 7)
            sommes = (net + net // 5, net, net // 5)
            for place, ((compte, libelle), somme) in enumerate(zip(comptes, sommes, strict=True)):
                tiers = compte[:2] in {"40", "41"}
                montant = f"{somme // 100},{somme % 100:02d}"
                cotes = (montant, "0,00") if au_debit == (place == 0) else ("0,00", montant)
                yield [
                    *(code, journal, str(numero), jour, compte, libelle),
                    *((f"T{rang}", f"Tiers inventé {rang}") if tiers else ("", "")),
                    *(f"P{numero:04d}", jour, f"Pièce inventée {numero}", *cotes, "", "", f"{ANNEE + 1}0131", "", ""),
                ]


def ventes() -> bytes:
    """A file for a model of the practice's own: its rules are in Loop."""
    lignes = ["date;compte;libelle;debit;credit"]
    for jour in range(1, 29):
        lignes += [
            f"{jour:02d}/03/{ANNEE};530000;Caisse;{jour}20,00;",
            f"{jour:02d}/03/{ANNEE};707000;Ventes;;{jour}20,00",
        ]
    return "".join(f"{ligne}\r\n" for ligne in lignes).encode()


def nom_fec(siren: str) -> str:
    """Name of a FEC closed at the end of the year (LPF, art. A. 47 A-1, IX)."""
    return f"{siren}FEC{ANNEE}1231.txt"


def ecrire_exemples(dossier: Path) -> Path:
    """Write the files to try under `dossier`. Returns their folder."""
    exemples = dossier / EXEMPLES
    (exemples / A_CORRIGER).mkdir(parents=True, exist_ok=True)
    for rang in (1, 2, 3):
        (exemples / nom_fec(demo.siren_fictif(rang))).write_bytes(fec())
    (exemples / A_CORRIGER / nom_fec(demo.siren_fictif(1))).write_bytes(fec(defauts=True))
    (exemples / "DEMO002_ventes.csv").write_bytes(ventes())
    return exemples


def creer_imports(par: Collaborateur) -> None:
    """An import in each state that lasts, unless there are some already; the checks are made at once.

    Parameters
    ----------
    par:
        Who asked for them. They add, send and see every dossier.
    """
    if ImportEcritures.objects.exists():
        return
    dossiers = {
        dossier.code: dossier for dossier in Dossier.objects.filter(code__startswith="DEMO").select_related("cle")
    }
    fecs = {
        rang: _recevoir(nom_fec(demo.siren_fictif(rang)), fec(defauts=rang == 3), dossiers[f"DEMO{rang:03d}"], par)
        for rang in (1, 2, 3, 4, 6, 8, 11, 12)
    }
    _recevoir("DEMO002_ventes.csv", ventes(), dossiers["DEMO002"], par, genre="perso", modele=MODELE)
    debut = timezone.now()
    lien = (
        f"https://stockage-demo.example/depot/ecritures-mars.txt?sv=2024-08-04&se={debut + timedelta(days=9):%Y-%m-%d}"
    )
    services.recevoir_un_lien(
        f"{lien}&sr=b&sp=r&sig=Inventee", Destination(genre="fec", dossier=dossiers["DEMO013"]), par=par
    )
    while verification.controler_le_suivant():
        pass
    _terminer(fecs[2], (Statut.EN_ATTENTE, Statut.EN_COURS, Statut.TERMINE), modele=MODELE)
    _terminer(
        fecs[4], (Statut.EN_ATTENTE, Statut.EN_ERREUR), message="L'import a échoué : le fichier comporte des erreurs."
    )
    _laisser_en_cours(fecs[6])
    _refuser(fecs[8])
    _perdre_la_reponse(fecs[11], par)
    services.abandonner(fecs[12], par=par)


def _recevoir(nom: str, contenu: bytes, dossier: Dossier, par: Collaborateur, **champs: Any) -> ImportEcritures:
    destination = Destination(**{"genre": "fec", "dossier": dossier, **champs})
    return services.recevoir([SimpleUploadedFile(nom, contenu)], destination, par=par)[0]


def _recu(importation: ImportEcritures, etat: str, **champs: Any) -> None:
    """Write an import as Loop would have left it."""
    importation.refresh_from_db()
    for nom, valeur in {"etat": etat, "uri": f"{importation.reference}/{importation.nom_fichier}", **champs}.items():
        setattr(importation, nom, valeur)
    importation.save()


def _terminer(
    importation: ImportEcritures, statuts: tuple[Statut, ...], *, modele: str = "", message: str = ""
) -> None:
    fini, dernier = timezone.now(), statuts[-1]
    recu = fini - timedelta(minutes=3)
    _recu(
        importation,
        Import.TERMINE if dernier == Statut.TERMINE else Import.EN_ERREUR,
        demande_id=str(uuid.uuid4()),
        envoye_le=recu,
        statut=dernier,
        statut_brut=str(dernier.value),
        message=message,
        suivi_le=fini,
        fini_le=fini,
    )
    for rang, statut in enumerate(statuts):
        vu = message if statut == dernier else ""
        SuiviImport.objects.create(
            importation=importation,
            lu_le=recu + timedelta(minutes=rang),
            statut=statut,
            statut_brut=str(statut.value),
            message=vu,
        )
    if modele:
        ModeleImport.objects.create(dossier_id=importation.dossier_id, nom=modele, reussi_le=fini)


def _laisser_en_cours(importation: ImportEcritures) -> None:
    recu = timezone.now() - timedelta(minutes=20)
    champs = {"envoye_le": recu, "statut_brut": STATUT_INCONNU, "suivi_le": recu + timedelta(minutes=1)}
    _recu(importation, Import.EN_COURS, demande_id=str(uuid.uuid4()), **champs)
    SuiviImport.objects.create(importation=importation, lu_le=champs["suivi_le"], statut_brut=STATUT_INCONNU)


def _refuser(importation: ImportEcritures) -> None:
    """Refused for an establishment that Loop has not: the dossier has two, one click mends it."""
    dossier = importation.dossier
    assert dossier is not None  # noqa: S101 - received with it
    siret = demo.siret_fictif(dossier.siren, 9)
    message = f"L'établissement correspondant au SIRET {siret} n'est pas reconnu pour le dossier {dossier.code}"
    importation.siret = siret
    operation = _operation(importation, Etat.ECHOUEE, message=message, terminee_le=timezone.now())
    _recu(importation, Import.REFUSE, siret=siret, message=message, operation=operation, fini_le=operation.terminee_le)


def _perdre_la_reponse(importation: ImportEcritures, par: Collaborateur) -> None:
    message = "La réponse de Cegid s’est perdue après l’envoi."
    operation = _operation(importation, Etat.A_VERIFIER, message=message, demandee_par=par)
    _recu(importation, Import.ENVOI, operation=operation)


def _operation(importation: ImportEcritures, etat: Etat, *, message: str, **champs: Any) -> Operation:
    assert importation.dossier is not None  # noqa: S101 - received with it
    operation = operation_pour(ImporterEcritures.cle, importation, importation.dossier, par=importation.cree_par)
    operation.etat, operation.message, operation.tentatives = etat, message, 1
    refusee = etat == Etat.ECHOUEE
    operation.famille = Operation.Famille.DEFINITIVE if refusee else Operation.Famille.PASSAGERE
    operation.explication = catalogue.trouver(Explication.Systeme.LOOP, message) if refusee else None
    for nom, valeur in champs.items():
        setattr(operation, nom, valeur)
    operation.save()
    return operation
