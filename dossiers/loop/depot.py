"""The way of a file into Cegid's storage: an address signed for one file, and the PUT that fills it.

The storage is Azure Blob (developers.cegid.com, Loop: EcritureComptableImportURIFichier; Microsoft, « Put Blob »). It
is another host than Loop's: no credential of Loop goes there, the signature in the address is the whole permission.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from config.http import (
    Echange,
    ErreurDefinitive,
    ErreurDeReglage,
    ErreurDistante,
    ErreurPassagere,
    Flux,
    Reponse,
    Transport,
)
from config.reglages import BOUCLE_LOCALE
from dossiers.ecritures.lien import hote_public
from dossiers.loop.schemas import Depot

#: What getFileUrlDeposit takes (its public page).
EXTENSIONS = ("tra", "txt", "csv")
ADRESSE_MAX = 4000
NOM_MAX = 200
REPONSE_MAX = 256 * 1024
MORCEAU = 64 * 1024
#: Of a signed blob: what follows its container, `<uuid>/<name>`, is the shape that the page gives to `uri`.
_CHEMIN_DE_BLOB = re.compile(r"/([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}/[^/]+)\Z")
_XML = re.compile(r"<(Code|Message)>([^<]*)</\1>")


def verifier_nom(nom_fichier: str) -> None:
    """Raise ErreurDefinitive for a name that getFileUrlDeposit does not take."""
    if not 0 < len(nom_fichier) <= NOM_MAX or re.search(r"[/\\\x00-\x1f\x7f]", nom_fichier):
        raise ErreurDefinitive(
            "Le dépôt n’a pas été demandé : le nom du fichier est vide, trop long ou contient un caractère interdit. "
            "Renommez le fichier, puis recommencez."
        )
    if nom_fichier.rpartition(".")[2].lower() not in EXTENSIONS or "." not in nom_fichier.strip("."):
        raise ErreurDefinitive(
            "Le dépôt n’a pas été demandé : Loop n’accepte que les fichiers .tra, .txt et .csv. "
            "Renommez le fichier, puis recommencez."
        )


def uri_du_chemin(url: str) -> str:
    """The `uri` that the path of a deposit address suggests, empty when it has not the known shape.

    Inferred from importPerso's example and the shape that the deposit page gives to `uri`; no page says it.
    """
    trouve = _CHEMIN_DE_BLOB.search(unquote(urlsplit(url).path))
    return trouve[1] if trouve else ""


def adresse_permise(url: str, *, boucle_locale: bool) -> bool:
    """Whether a file may be sent to this address: https to a public host; this machine only for the simulator."""
    if len(url) > ADRESSE_MAX or not re.fullmatch(r"[\x21-\x7e]+", url) or "\\" in url:
        return False
    try:
        morceaux = urlsplit(url)
        hote, port = morceaux.hostname or "", morceaux.port
    except ValueError:
        return False
    if "@" in morceaux.netloc or port == 0 or not morceaux.path.strip("/"):
        return False
    if hote in BOUCLE_LOCALE:
        return boucle_locale and morceaux.scheme in {"http", "https"}
    return morceaux.scheme == "https" and hote_public(hote)


def deposer(
    depot: Depot,
    fichier: BinaryIO,
    taille: int,
    *,
    delai_total: float,
    boucle_locale: bool = False,
    journal: Callable[[Echange], None] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> None:
    """PUT the `taille` bytes left in `fichier` at the signed address, a piece at a time.

    A repeat is harmless: each deposit address is another blob, and a blob that no import names does nothing. So no
    error has `effet_possible`; after any of them, ask for a new address.

    Parameters
    ----------
    taille:
        Bytes. A file that has fewer or more is refused (ErreurDefinitive).
    delai_total:
        Seconds for the whole sending.
    boucle_locale:
        Whether an address on this machine is accepted: the simulator's.
    journal, transport:
        As for config.http.Transport. The trace says the size, and never holds the file nor the signature.

    Raises ErreurPassagere (signature refused or expired, storage busy, cut, too slow), ErreurDefinitive,
    ErreurDeReglage.
    """
    if not adresse_permise(depot.url, boucle_locale=boucle_locale):
        raise adresse_refusee()
    if taille <= 0:
        raise ErreurDefinitive("Rien n’a été déposé : le fichier est vide. Choisissez un autre fichier.")
    morceaux = urlsplit(depot.url)
    with _TransportDepot(
        f"{morceaux.scheme}://{morceaux.netloc}",
        entetes={},
        secrets=_signatures(morceaux.query),
        delai_total=delai_total,
        taille_max=REPONSE_MAX,
        journal=journal,
        transport=transport,
        lire_erreur=_lire_erreur,
    ) as http:
        reponse = http.envoyer(
            "PUT",
            morceaux.path + (f"?{morceaux.query}" if morceaux.query else ""),
            corps=Flux(_lire(fichier, taille), taille),
            entetes={"x-ms-blob-type": "BlockBlob", "Content-Type": "application/octet-stream"},
            ecriture=False,
        )
    if reponse.statut != 201:
        raise ErreurPassagere(
            "Le dépôt du fichier n’a pas été confirmé : le stockage a répondu autre chose que ce qu’il annonce. "
            "Aucun import n’a été demandé ; un nouvel essai est possible.",
            effet_possible=False,
            statut=reponse.statut,
            requete_id=reponse.requete_id,
        )


def adresse_refusee() -> ErreurDefinitive:
    """The error for a deposit address that no file may be sent to."""
    return ErreurDefinitive(
        "Rien n’a été déposé : l’adresse de dépôt donnée par Loop n’est pas une adresse https publique. "
        "Signalez-le à un administrateur avec la réponse gardée dans l’appel."
    )


class _TransportDepot(Transport):
    """A signature that is refused has most often expired: a later try asks for another one."""

    def refus(
        self, reponse: Reponse, lu: tuple[str, str], *, ecriture: bool, statut: int | None = None
    ) -> ErreurDistante:
        refus = super().refus(reponse, lu, ecriture=ecriture, statut=statut)
        marques: dict[str, Any] = {"statut": refus.statut, "code": refus.code, "requete_id": refus.requete_id}
        if refus.statut == 403 and refus.code == "AuthenticationFailed":
            return ErreurPassagere(refus.message, effet_possible=False, **marques)
        # The signature is right, its rights or the network of the storage are not: the same for every later address.
        if refus.statut == 403 and isinstance(refus, ErreurDefinitive):
            return ErreurDeReglage(refus.message, **marques)
        if refus.statut == 404 and not refus.code:
            return ErreurDefinitive(
                "Rien n’a été déposé : l’adresse de dépôt donnée par Loop n’existe pas dans le stockage (HTTP 404). "
                "Signalez-le à un administrateur avec la réponse gardée dans l’appel.",
                **marques,
            )
        return refus


def _lire_erreur(reponse: Reponse) -> tuple[str, str] | None:
    """Azure Storage's `<Error><Code>…</Code><Message>…</Message></Error>`, without the lines that change each time."""
    lus = {nom: html.unescape(valeur).strip() for nom, valeur in _XML.findall(reponse.texte)}
    message = re.split(r"\s*RequestId:", lus.get("Message", ""))[0]
    code = lus.get("Code") or reponse.entetes.get("x-ms-error-code", "")
    return (message or code, code) if message or code else None


def _signatures(requete: str) -> tuple[str, ...]:
    valeurs = [valeur for nom, valeur in parse_qsl(requete) if nom.lower() == "sig"]
    bruts = re.findall(r"(?:^|&)sig=([^&]+)", requete, re.IGNORECASE)
    return tuple(dict.fromkeys(valeurs + bruts))


def _lire(fichier: BinaryIO, taille: int) -> Iterator[bytes]:
    """The file by pieces. Raises ErreurDefinitive when it has not the size that was announced."""
    reste = taille
    while reste:
        try:
            morceau = fichier.read(min(MORCEAU, reste))
        except OSError as exc:
            raise ErreurPassagere(
                "Rien n’a été déposé : le fichier n’a pas pu être lu sur le serveur. Un nouvel essai est possible.",
                effet_possible=False,
            ) from exc
        if not morceau:
            break
        reste -= len(morceau)
        if not reste and fichier.read(1):
            reste = -1
            break
        yield morceau
    if reste:
        raise ErreurDefinitive(
            "Rien n’a été déposé : le fichier a changé pendant l’envoi. Choisissez-le de nouveau, puis recommencez."
        )
