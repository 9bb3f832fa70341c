"""The check of a file for importPerso: its form only, since its model is the client's. No Django."""

from __future__ import annotations

import re
from collections import Counter
from typing import BinaryIO

from dossiers.ecritures.entete import verifier_nom
from dossiers.ecritures.flux import BLOC, Flux
from dossiers.ecritures.rapport import Rapport
from dossiers.ecritures.recueil import Recueil, Refus

SEPARATEURS = (b";", b"\t", b"|", b",")
#: A quoted value, whose separators are text.
CITATION = re.compile(rb'"[^"\n]*"')
ECHANTILLON = 50


def controler_perso(fichier: BinaryIO, nom: str, *, bloc: int = BLOC) -> Rapport:
    """Read a file once, to its end, in bounded memory: encoding, separator, size, lines, columns of each line."""
    recueil = Recueil()
    flux = Flux(fichier, recueil, bloc=bloc)
    separateur, attendu, lignes = b"", 0, 0
    try:
        verifier_nom(nom)
        for suivant in flux.blocs():
            octets = suivant.octets
            textes = CITATION.sub(b"", octets) if b'"' in octets else octets
            rangees = [
                flux.sans_fin(rangee, rang) for rang, rangee in enumerate(textes.split(b"\n")[:-1], suivant.numero)
            ]
            if not separateur:
                separateur = _separateur(rangees)
                attendu = rangees[0].count(separateur) + 1 if separateur else 1
            lignes += suivant.nombre
            if not separateur:
                continue
            for rang, rangee in enumerate(rangees, start=suivant.numero):
                trouve = rangee.count(separateur) + 1
                if trouve != attendu and rangee.strip():
                    recueil.ajouter(
                        "colonnes_variables", rang, "", flux.decoder(rangee), trouve=trouve, attendu=attendu
                    )
    except Refus as refus:
        return recueil.refuser(refus, "perso", nom, flux.taille)
    return Rapport(
        genre="perso",
        nom_fichier=nom,
        constats=recueil.constats(),
        nombres=recueil.nombres(),
        taille=flux.taille,
        empreinte=flux.empreinte,
        lignes=lignes,
        separateur=separateur.decode(),
        encodage=flux.encodage,
        fin_de_ligne=flux.fin_de_ligne,
        variante=str(attendu),
    )


def _separateur(rangees: list[bytes]) -> bytes:
    """The sign that cuts the most of the first lines into the same number of columns; b"" when none does."""

    def note(signe: bytes) -> tuple[int, int]:
        nombres = Counter(rangee.count(signe) for rangee in rangees[:ECHANTILLON])
        del nombres[0]
        nombre, lignes = nombres.most_common(1)[0] if nombres else (0, 0)
        return lignes, nombre

    meilleur = max(SEPARATEURS, key=note)
    return meilleur if note(meilleur)[0] else b""
