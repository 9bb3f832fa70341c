"""Has files of certificates read by a process of its own, bounded in memory and time, and tells refusals in French.

The bytes go to the child through a pipe and nowhere else: no file, no log, no exception holds them. Only
`Analyse.normalise` may be kept, never what was sent.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.views.decorators.debug import sensitive_variables

from dossiers.services.erreurs import ActionImpossible
from raccordements.certificats.defenses import Limites
from raccordements.certificats.schemas import Analyse, Reglages

ENFANT = "raccordements.certificats.analyse"
CONSTAT = "Le fichier du certificat n’a pas été lu."
CONSTAT_CLE = "Le fichier a été refusé, et rien n’en a été gardé."
EXPORTER = "Demandez à votre fournisseur un fichier PKCS#7 (.p7b) qui contient le certificat et toute sa chaîne."
REGENERER = (
    "Ne l’envoyez à personne. Exportez le certificat seul, sans sa clé, au format PKCS#7 (.p7b) ; si ce fichier a déjà "
    "quitté votre poste, demandez la révocation du certificat."
)
#: Cause and remedy of each code of `defenses.Refus`.
REFUS: dict[str, tuple[str, str]] = {
    "vide": ("Il est vide.", "Vérifiez que vous avez choisi le bon fichier."),
    "taille": ("Il dépasse {maximum} kilooctets ; une chaîne de certificats en fait moins de dix.", EXPORTER),
    "cle_privee": ("Il contient une clé privée, qui ne doit jamais quitter le serveur du partenaire.", REGENERER),
    "magasin": (
        "C’est un magasin de clés (PKCS#12 .p12 ou .pfx, ou Java .jks) : il contient une clé privée, qui ne doit "
        "jamais quitter le serveur du partenaire.",
        REGENERER,
    ),
    "nombre": ("Il contient plus de {maximum} certificats différents.", "N’y laissez que le certificat et sa chaîne."),
    "sans_certificat": ("Il a la forme attendue mais ne contient aucun certificat.", EXPORTER),
    "csr": (
        "C’est une demande de certificat (CSR), pas le certificat.",
        "Transmettez cette demande à votre fournisseur, et déposez ici le certificat qu’il vous rend.",
    ),
    "crl": ("C’est une liste de certificats révoqués (CRL), pas un certificat.", EXPORTER),
    "cle_publique": ("C’est une clé publique seule, sans le certificat qui dit à qui elle appartient.", EXPORTER),
    "page": (
        "C’est une page web, sans doute enregistrée à la place du fichier.",
        "Retournez sur le site de votre fournisseur, connectez-vous, et téléchargez le fichier .p7b lui-même.",
    ),
    "document": ("C’est un document, une image ou une archive, pas un certificat.", EXPORTER),
    "texte": ("C’est un texte qui ne contient aucun certificat.", EXPORTER),
    "tronque": (
        "Il est incomplet : sa fin manque, ou l’une de ses lignes BEGIN et END.",
        "Téléchargez-le de nouveau, sans l’ouvrir ni copier son contenu à la main.",
    ),
    "base64": (
        "Le contenu placé entre ses lignes BEGIN et END n’est pas du base64.",
        "Téléchargez-le de nouveau, sans l’ouvrir ni copier son contenu à la main.",
    ),
    "chiffre": ("C’est un message chiffré (PKCS#7 « enveloped »), pas une chaîne de certificats.", EXPORTER),
    "contenu": ("C’est un PKCS#7 d’une autre sorte, qui ne transporte pas de certificats.", EXPORTER),
    "illisible": ("Son contenu n’est pas un certificat, ou il est abîmé.", EXPORTER),
    "abime": ("Son certificat n° {rang} est abîmé : l’un de ses champs ne peut pas être lu.", EXPORTER),
    "ressources": (
        "Sa lecture demandait trop de mémoire ou de temps ; aucun vrai certificat n’en demande autant.",
        "N’ouvrez pas ce fichier, et prévenez un administrateur s’il vient d’un tiers.",
    ),
}


class FichierRefuse(ActionImpossible):
    """A file that is not read, told in three parts; `code` is a key of `REFUS`."""

    def __init__(self, code: str, **faits: int) -> None:
        cause, remede = REFUS[code]
        cle = code in {"cle_privee", "magasin"}
        super().__init__(CONSTAT_CLE if cle else CONSTAT, cause.format(**faits), remede)
        self.code = code


def limites() -> Limites:
    """The ceilings of one reading, from the settings."""
    reglages = settings.CERTIFICATS
    return Limites(
        taille=reglages["taille"],
        nombre=reglages["nombre"],
        memoire=reglages["memoire"],
        secondes=reglages["secondes"],
    )


def reglages_de_jugement() -> Reglages:
    """The thresholds of `verdicts.juger`, from the settings."""
    return Reglages(seuils=settings.CERTIFICATS["seuils"], duree_max_jours=settings.CERTIFICATS["duree_max_jours"])


@sensitive_variables()
def analyser(octets: bytes) -> Analyse:
    """What a file of certificates says. Raises FichierRefuse."""
    resultat = analyser_plusieurs([octets])[0]
    if isinstance(resultat, FichierRefuse):
        raise resultat
    return resultat


@sensitive_variables()
def analyser_plusieurs(fichiers: Sequence[bytes]) -> list[Analyse | FichierRefuse]:
    """What each file says, or why it is refused, in the same order; one child for as many files as it can read.

    A file that stops the child is refused and the others are given to a new one: none suffers for its neighbour, and
    each hostile file costs at most twice `CERTIFICATS_LECTURE_SECONDES`.
    """
    bornes = limites()
    resultats: list[Analyse | FichierRefuse] = []
    while len(resultats) < len(fichiers):
        reste = fichiers[len(resultats) : len(resultats) + settings.CERTIFICATS["fichiers"]]
        # One byte too many is enough for the child to refuse a file by its size.
        reponses = _demander([fichier[: bornes.taille + 1] for fichier in reste], bornes)
        resultats += [_resultat(reponse) for reponse in reponses] or [FichierRefuse("ressources")]
    return resultats


@sensitive_variables()
def _demander(fichiers: Sequence[bytes], bornes: Limites) -> list[Any]:
    """The answers of one child, fewer than the files when it was stopped on the way.

    The child has neither settings nor environment: a hostile file finds no secret there.
    """
    demande = b"".join(base64.b64encode(fichier) + b"\n" for fichier in fichiers)
    with subprocess.Popen(
        [sys.executable, "-B", "-m", ENFANT, json.dumps(asdict(bornes))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=settings.BASE_DIR,
        env={},
    ) as enfant:
        try:
            sortie = enfant.communicate(demande, timeout=2 * bornes.secondes)[0]
        except subprocess.TimeoutExpired:
            enfant.kill()
            sortie = enfant.communicate()[0]
    reponses: list[Any] = []
    for ligne in sortie.splitlines()[: len(fichiers)]:
        try:
            reponses.append(json.loads(ligne))
        except ValueError:
            break
    return reponses


def _resultat(reponse: Any) -> Analyse | FichierRefuse:
    # The child reads hostile bytes: what it says is checked as what comes from outside.
    if not isinstance(reponse, dict):
        return FichierRefuse("illisible")
    if "analyse" in reponse:
        try:
            return Analyse.depuis_json(reponse["analyse"])
        except ValueError:
            return FichierRefuse("illisible")
    try:
        faits = dict(reponse["faits"])
        if "maximum" in faits and reponse["refus"] == "taille":
            faits["maximum"] //= 1024
        return FichierRefuse(reponse["refus"], **faits)
    except (KeyError, TypeError, ValueError):
        return FichierRefuse("illisible")
