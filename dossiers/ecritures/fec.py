"""The check of a FEC, from its bytes to its report: LPF, art. A. 47 A-1. No Django."""

from __future__ import annotations

from datetime import date
from itertools import chain
from typing import BinaryIO

from dossiers.ecritures.entete import lire_date, lire_entete, lire_nom, verifier_nom
from dossiers.ecritures.flux import BLOC, Bloc, Flux
from dossiers.ecritures.lignes import Lignes
from dossiers.ecritures.rapport import Rapport, visible
from dossiers.ecritures.recueil import Recueil, Refus
from dossiers.ecritures.suites import Suites
from dossiers.ecritures.valeurs import mois_avant

COLONNES_DITES = 60


def controler_fec(fichier: BinaryIO, nom: str, *, bloc: int = BLOC, lent: bool = False) -> Rapport:
    """Read a FEC once, to its end, in bounded memory.

    Parameters
    ----------
    fichier:
        Bytes, at their start; a stream without its own buffer costs the least.
    nom:
        Name of the file as the person gave it.
    bloc:
        Bytes read at once.
    lent:
        Explain every line, even those of which nothing is to be said. Neither changes the report.
    """
    recueil = Recueil()
    flux = Flux(fichier, recueil, bloc=bloc)
    try:
        verifier_nom(nom)
        lu = lire_nom(nom, recueil)
        blocs = flux.blocs()
        premier = next(blocs)
        structure = lire_entete(_premiere_ligne(premier, flux), recueil)
        recueil.allegements = {"compte_invalide"} if structure.tresorerie else ()
        lignes = Lignes(structure, lu, recueil, flux, lent=lent)
        suites = Suites(structure.separateur, recueil, flux.decoder)
        for suivant in chain([_sans_entete(premier)], blocs):
            suites.avaler(lignes.lire(suivant))
    except Refus as refus:
        return recueil.refuser(refus, "fec", nom, flux.taille)
    suites.finir()
    if not suites.lignes:
        recueil.ajouter("sans_ecriture", 1)
    debut, fin = _jour(suites.debut), _jour(suites.fin)
    _juger_periode(debut, fin, lu.cloture, recueil)
    return Rapport(
        genre="fec",
        nom_fichier=nom,
        constats=recueil.constats(),
        nombres=recueil.nombres(),
        taille=flux.taille,
        empreinte=flux.empreinte,
        lignes=suites.lignes,
        ecritures=suites.ecritures,
        debit=suites.debit,
        credit=suites.credit,
        debut=debut,
        fin=fin,
        journaux=suites.journaux(),
        mois=suites.mois(),
        encodage=flux.encodage,
        fin_de_ligne=flux.fin_de_ligne,
        siren=lu.siren,
        cloture=lu.cloture,
        separateur=structure.separateur.decode(),
        colonnes=tuple(visible(nom) for nom in structure.ecrites[:COLONNES_DITES]),
        variante=structure.variante,
        sens=structure.sens,
    )


def _premiere_ligne(premier: Bloc, flux: Flux) -> str:
    return flux.decoder(flux.sans_fin(premier.octets.partition(b"\n")[0], 1))


def _sans_entete(premier: Bloc) -> Bloc:
    return Bloc(premier.octets.partition(b"\n")[2], premier.numero + 1, premier.nombre - 1)


def _jour(octets: bytes) -> date | None:
    return lire_date(octets.decode()) if octets else None


def _juger_periode(debut: date | None, fin: date | None, cloture: date | None, recueil: Recueil) -> None:
    """An exercice has twelve months, or is told; none has more than twenty-four."""
    if not debut or not fin:
        return
    if cloture:
        if mois_avant(cloture, 24) < debut <= mois_avant(cloture, 12):
            recueil.ajouter("exercice_long", debut=f"{debut:%d/%m/%Y}", cloture=f"{cloture:%d/%m/%Y}")
    elif debut <= mois_avant(fin, 24):
        recueil.ajouter("periode_longue", debut=f"{debut:%d/%m/%Y}", fin=f"{fin:%d/%m/%Y}")
