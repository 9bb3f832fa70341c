"""`python -m tests.fautes`: the whole of the fault tests. `--sans GARDE` plays one scenario without its guard."""

from __future__ import annotations

import argparse
import signal
import sys
import time

from tests import reseau
from tests.fautes.banc import Banc, EchecBanc

NOMS = ("prise", "jeton", "bail", "quarantaine", "ordre", "relecture", "personne")
# The last one leaves a base that went back, where nothing is done any more.
PARTS = ("melee", "ecritures", "souscriptions", "gardes", "deux-ouvriers", "restauration")


def ecrire(ligne: str = "") -> None:
    sys.stdout.write(f"{ligne}\n")
    sys.stdout.flush()


def tableau(lignes: list[tuple[object, ...]]) -> None:
    """Columns aligned, the first to the left, whole numbers to the right."""
    largeurs = [max(len(str(cellule)) for cellule in colonne) for colonne in zip(*lignes, strict=True)]
    for ligne in lignes:
        cellules = (
            f"{cellule:>{largeur}}" if isinstance(cellule, int) else f"{cellule:<{largeur}}"
            for cellule, largeur in zip(ligne, largeurs, strict=True)
        )
        ecrire(f"  {'   '.join(cellules)}".rstrip())


def melee(banc: Banc, graine: int) -> bool:
    """Play the 2,000 operations and print the counts side by side. Returns whether every promise held."""
    from django.core.management import CommandError, call_command

    from dossiers.models import Etat
    from tests.fautes.melee import Melee, traverse

    ecrire(f"Mêlée : 2 000 opérations, 10 kill -9, courtier vidé 2 fois, base arrêtée net (graine {graine})")
    partie = Melee(banc, graine=graine, ecrire=ecrire)
    bilan = partie.jouer()
    ecrire()
    tableau(
        [
            (
                "demandées",
                "journal",
                "en base",
                *(str(etat.label) for etat in Etat),
                "effets comptés par le simulateur",
            ),
            (
                bilan.demandees,
                bilan.journal,
                bilan.lignes,
                *(bilan.par_etat[etat] for etat in Etat),
                bilan.appliquees,
            ),
        ]
    )
    ecrire()
    tableau([*traverse(partie.cabinet).items()])
    ecrire()
    tableau([(promesse, len(vues)) for promesse, vues in bilan.fautes.items()])
    for promesse, vues in bilan.fautes.items():
        for vue in vues[:10]:
            ecrire(f"  FAUTE, {promesse} : {vue}")
    ecrire("\nmanage.py verifier_operations :")
    try:
        call_command("verifier_operations")
    except CommandError as exc:
        ecrire(f"  FAUTE : {exc}")
        return False
    return bilan.vert


def ecritures(banc: Banc, graine: int) -> bool:
    """Play the 1,000 imports of entries. Returns whether none was sent twice, lost, or told wrongly."""
    from tests.fautes.ecritures import PROMESSES, Ecritures

    ecrire(f"\nImports d’écritures : 1 000 fichiers, 5 kill -9, réponses perdues en chemin (graine {graine})")
    vu = Ecritures(banc, graine=graine, ecrire=ecrire).jouer()
    tableau([*vu.items()])
    return not any(vu[promesse] for promesse in PROMESSES)


def souscriptions(banc: Banc, graine: int) -> bool:
    """Play the two steps, the ends and the token of external platforms. Returns whether every promise held."""
    from tests.fautes.souscriptions import PROMESSES, Souscriptions

    ecrire(f"\nSouscriptions : réponses perdues à chaque étape, 6 kill -9, 50 appelants d’un jeton (graine {graine})")
    vu = Souscriptions(banc, graine=graine, ecrire=ecrire).jouer()
    tableau([*vu.items()])
    return not any(vu[promesse] for promesse in PROMESSES)


def gardes(banc: Banc) -> bool:
    """Play each scenario with and without its guard. Returns whether all are green with, and red without."""
    from tests.fautes.gardes import GARDES

    ecrire("\nLes gardes, une par une : vert avec, rouge sans")
    lignes: list[tuple[object, ...]] = [("garde", "avec", "sans", "ce que l’on voit sans elle", "durée")]
    bonnes = True
    for garde in GARDES:
        debut = time.monotonic()
        avec, sans = (garde.eprouver(banc, sans=sans) for sans in (False, True))
        montree = bool(sans.fautes[garde.empeche])
        bonnes &= avec.vert and montree
        duree = f"{time.monotonic() - debut:.0f} s"
        lignes.append((garde.libelle, "vert" if avec.vert else "ROUGE", "rouge" if montree else "VERT", sans.vu, duree))
        if not avec.vert:
            ecrire(f"  FAUTE avec {garde.libelle} : {avec.vu}")
        if not montree:
            ecrire(f"  FAUTE : sans {garde.libelle}, 0 {garde.empeche}")
    tableau(lignes)
    return bonnes


def sans_une_garde(banc: Banc, nom: str) -> bool:
    """Play one scenario without its guard and show what it forbids."""
    from tests.fautes.gardes import GARDES

    garde = next(garde for garde in GARDES if garde.nom == nom)
    ecrire(f"Sans {garde.libelle} :")
    bilan = garde.eprouver(banc, sans=True)
    for promesse, vues in bilan.fautes.items():
        for vue in vues:
            ecrire(f"  {promesse} : {vue}")
    ecrire(f"Vu : {bilan.vu}")
    return bilan.vert


def jouer(banc: Banc, nom: str, graine: int) -> bool:
    """Play one part. Returns whether it held. The last two start and stop the clock themselves."""
    from tests.fautes import deux_ouvriers, restauration

    if nom == "restauration":
        return restauration.repeter(banc, ecrire)
    if nom == "deux-ouvriers":
        return deux_ouvriers.comparer(banc, ecrire)
    with banc.horloge():
        if nom == "melee":
            return melee(banc, graine)
        if nom == "souscriptions":
            return souscriptions(banc, graine)
        return ecritures(banc, graine) if nom == "ecritures" else gardes(banc)


def main() -> int:
    lecteur = argparse.ArgumentParser(prog="make fautes", description="Injection de pannes dans les opérations.")
    lecteur.add_argument("--sans", metavar="GARDE", help="retirer cette garde et montrer ce qu’elle empêche")
    lecteur.add_argument("--graine", type=int, default=1, help="des pannes et des moments tirés au sort")
    lecteur.add_argument("--seulement", choices=PARTS, help="une part de l’épreuve")
    choix = lecteur.parse_args()
    if choix.sans and choix.sans not in NOMS:
        ecrire(
            f"Rien n’a été essayé : la garde « {choix.sans} » n’existe pas. Choisissez l’une de : {', '.join(NOMS)}."
        )
        return 2
    reseau.fermer()
    # A stop must go through the bench's own end: a frozen worker would outlive it.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    debut = time.monotonic()
    try:
        with Banc() as banc:
            import django
            from django.core.management import call_command

            django.setup()
            call_command("migrate", verbosity=0)
            if choix.sans:
                with banc.horloge():
                    tient = sans_une_garde(banc, choix.sans)
            else:
                tenues = [jouer(banc, nom, choix.graine) for nom in PARTS if choix.seulement in {None, nom}]
                tient = all(tenues)
    except EchecBanc as exc:
        ecrire(f"Le banc d’essai n’a pas fonctionné. {exc}")
        return 2
    except KeyboardInterrupt:
        return 130
    ecrire(f"\n{'TOUT TIENT' if tient else 'PROMESSE ROMPUE'} ({time.monotonic() - debut:.0f} s)")
    return 0 if tient else 1


if __name__ == "__main__":
    sys.exit(main())
