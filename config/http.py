"""The one way out: an HTTP transport with a total deadline, one tree of errors, and a masked trace of every attempt.

Nothing here knows a remote: its clients give the base address, the headers, and how its failures are read.
"""

from __future__ import annotations

import json
import re
import ssl
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Self, cast
from urllib.parse import urlsplit

import httpx

from config.echeance import Echeance, TransportBorne
from config.journaux import noter_appel
from config.masquage import masquer_adresse, masquer_connus, masquer_corps, masquer_entetes

ATTENTE_MAX = 3600.0
CORPS_GARDE = 16 * 1024
# Longer bodies are cut before they are masked, so that keeping a trace never costs more than the call.
CORPS_MASQUE_ENTIER = 128 * 1024
ENTETES = {"Accept": "application/json", "Accept-Encoding": "gzip", "User-Agent": "Passerelle"}
ENTETE_PERMIS = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")


class ErreurDistante(Exception):
    """Any failure of a call to a remote; what it means is its family, and there are three::

        ErreurDistante
        ├── ErreurPassagere    a later try may work (`attendre`, `effet_possible`)
        ├── ErreurDefinitive   understood and refused: the same request will be refused again
        └── ErreurDeReglage    a credential or an address that an administrator must correct

    `message` is the remote's own text verbatim (known secrets apart), or our sentence in French when it gave none.
    `str()` shows neither it nor any body: it may name a person.
    """

    def __init__(self, message: str, *, statut: int | None = None, code: str = "", requete_id: str = "") -> None:
        self.message, self.statut, self.code, self.requete_id = message, statut, code, requete_id
        faits = {"HTTP": statut, "code": code, "requête": requete_id}
        super().__init__(", ".join(f"{nom} {fait}" for nom, fait in faits.items() if fait) or "sans réponse")


class ErreurPassagere(ErreurDistante):
    """A later try may work.

    `attendre`: seconds the remote asked for, None when it did not say. `effet_possible`: the request was a write that
    may have been applied; the caller must treat its result as unknown and never send it again blindly.
    """

    def __init__(
        self,
        message: str,
        *,
        attendre: float | None = None,
        effet_possible: bool,
        statut: int | None = None,
        code: str = "",
        requete_id: str = "",
    ) -> None:
        super().__init__(message, statut=statut, code=code, requete_id=requete_id)
        self.attendre, self.effet_possible = attendre, effet_possible


class ErreurDefinitive(ErreurDistante):
    """Understood and refused."""


class ErreurDeReglage(ErreurDistante):
    """A credential, a right or an address to correct before any other try."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Echange:
    """One HTTP attempt as it may be kept and shown: already masked. `duree_ms` in milliseconds, `debut` in UTC.

    Bodies over 16 kB are cut and say so. `erreur` is empty for an attempt sorted as a success.
    """

    methode: str
    adresse: str
    entetes_requete: Mapping[str, str]
    corps_requete: str
    statut: int | None
    entetes_reponse: Mapping[str, str]
    corps_reponse: str
    duree_ms: int
    erreur: str
    requete_id: str
    x_requete_id: str
    debut: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class Reponse:
    """An answer read to its end. `donnees` is the parsed JSON, None when the body is not JSON (or is `null`)."""

    statut: int
    entetes: Mapping[str, str]
    texte: str
    donnees: Any
    requete_id: str

    def __repr__(self) -> str:
        return f"<Reponse HTTP {self.statut}, {len(self.texte)} caractères>"


@dataclass(frozen=True, slots=True)
class Flux:
    """A request body read while it is sent, of exactly `taille` bytes: never whole in memory, never in a trace."""

    morceaux: Iterable[bytes]
    taille: int


LecteurErreur = Callable[[Reponse], tuple[str, str] | None]


def lire_erreur_usuelle(reponse: Reponse) -> tuple[str, str] | None:
    """Message and code of the usual JSON failures, None when the body holds none."""
    donnees = reponse.donnees
    if not isinstance(donnees, dict):
        return None
    erreur = donnees["error"] if isinstance(donnees.get("error"), dict) else donnees
    message = next((erreur[nom] for nom in ("message", "errorMessage", "libelle") if erreur.get(nom)), "")
    code = next((erreur[nom] for nom in ("code", "errorCode") if erreur.get(nom)), "")
    return (message, str(code)) if isinstance(message, str) and message else None


class Transport:
    """Sends JSON requests to one remote, over one kept-alive connection, and sorts every failure.

    TLS is verified; no redirect, cookie, proxy nor environment variable is followed. One thread at a time.

    Parameters
    ----------
    base_url:
        Address every path is appended to.
    entetes:
        Headers of every request. Values must be printable ASCII.
    secrets:
        Values removed from every trace and message.
    delai_total:
        Seconds for a whole call: name resolution, connection, request, answer, however slowly its bytes come.
    taille_max:
        Largest answer in bytes, once decompressed.
    journal:
        Called exactly once per attempt, whatever its end, when the connection has been released. What it raises goes
        up in place of the result: a caller that made a write must then hold it for uncertain.
    transport:
        Replaces the network in tests.
    lire_erreur:
        How this remote writes its failures: (message, code) or None.

    Raises ErreurDeReglage for an address or a header that cannot be used.
    """

    def __init__(
        self,
        base_url: str,
        *,
        entetes: Mapping[str, str],
        secrets: Iterable[str] = (),
        delai_total: float,
        taille_max: int,
        journal: Callable[[Echange], None] | None = None,
        transport: httpx.BaseTransport | None = None,
        lire_erreur: LecteurErreur = lire_erreur_usuelle,
    ) -> None:
        morceaux = urlsplit(base_url)
        if morceaux.scheme not in {"http", "https"} or not morceaux.hostname:
            raise ErreurDeReglage(
                "L’adresse du service distant est invalide : il faut une adresse http(s) complète. "
                "Un administrateur doit la corriger dans les réglages."
            )
        self._hote = morceaux.hostname
        self._base_url = base_url.rstrip("/")
        self._entetes = ENTETES | _entetes_permis(entetes)
        self._secrets = tuple(secrets)
        self._delai_total, self._taille_max = delai_total, taille_max
        self._journal, self._lire_erreur = journal, lire_erreur
        self._echeance = Echeance()
        self._transport = transport or TransportBorne(self._echeance)

    def __repr__(self) -> str:
        return f"<Transport {self._hote}>"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def close(self) -> None:
        """Release the kept-alive connection."""
        self._transport.close()

    def envoyer(
        self,
        methode: str,
        chemin: str,
        *,
        corps: Any = None,
        params: Mapping[str, str] | None = None,
        entetes: Mapping[str, str] | None = None,
        ecriture: bool,
    ) -> Reponse:
        """Send one request and return its 2xx answer.

        `corps` is sent as JSON, with GET too; a Flux is sent as it comes, and what reading it raises goes up.
        `ecriture` says whether the request changes something remote: it decides `effet_possible` when the answer is
        unknown. The sorting is in `trier`, and here for what never got an answer.

        Raises ErreurPassagere, ErreurDefinitive, ErreurDeReglage; nothing else, the journal's own failures apart.
        """
        tous = {**self._entetes, **_entetes_permis(entetes or {})}
        contenu: bytes | Iterable[bytes] | None = None
        trace = b""
        if isinstance(corps, Flux):
            contenu, trace = corps.morceaux, f"({corps.taille} octets non gardés)".encode()
            tous["Content-Length"] = str(corps.taille)
        elif corps is not None:
            contenu = trace = json.dumps(corps, ensure_ascii=False).encode()
            tous.setdefault("Content-Type", "application/json")
        try:
            requete = httpx.Request(
                methode,
                self._base_url + chemin,
                params=params,
                headers=tous,
                content=contenu,
                extensions={"timeout": httpx.Timeout(self._delai_total).as_dict()},
            )
        except httpx.InvalidURL as exc:
            raise ErreurDeReglage(
                f"L’adresse à appeler chez {self._hote} est invalide. "
                "Un administrateur doit corriger ce chemin dans les réglages."
            ) from exc
        debut, chrono = datetime.now(UTC), time.monotonic()
        self._echeance.fin = chrono + self._delai_total
        recu = _Recu()
        erreur = "interrompu"
        try:
            reponse = self._echanger(requete, recu, ecriture)
            erreur = ""
            return reponse
        except ErreurDistante as exc:
            erreur = f"{type(exc).__name__} : {exc}"
            raise
        finally:
            duree, chemin = round((time.monotonic() - chrono) * 1000), masquer_connus(requete.url.path, self._secrets)
            noter_appel(methode, self._hote, chemin, recu.statut, duree, erreur)
            if self._journal:
                self._journal(self._echange(requete, trace, recu, debut, duree, erreur))

    def refus(
        self, reponse: Reponse, lu: tuple[str, str], *, ecriture: bool, statut: int | None = None
    ) -> ErreurDistante:
        """`trier`, with the known secrets out of the message. For the clients whose remote refuses with a 200."""
        message, code = lu
        return trier(
            reponse, (_enregistrable(masquer_connus(message, self._secrets)), code), ecriture=ecriture, statut=statut
        )

    def _echanger(self, requete: httpx.Request, recu: _Recu, ecriture: bool) -> Reponse:
        try:
            reponse = self._transport.handle_request(requete)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as exc:
            if _certificat_refuse(exc):
                raise ErreurDeReglage(
                    f"La connexion à {self._hote} est refusée par prudence : son certificat n’est pas valable pour "
                    "cette adresse. Rien n’a été envoyé. Un administrateur doit vérifier l’adresse réglée, ou ce qui "
                    "intercepte les connexions entre le cabinet et ce service."
                ) from exc
            raise ErreurPassagere(
                f"La connexion à {self._hote} n’a pas pu s’établir : le service est injoignable ou trop lent. "
                "Rien n’a été envoyé ; un nouvel essai est possible.",
                effet_possible=False,
            ) from exc
        except httpx.TransportError as exc:
            raise self._sans_reponse(exc, ecriture) from exc
        recu.statut, recu.entetes = reponse.status_code, dict(reponse.headers)
        illisible: ErreurPassagere | None = None
        try:
            self._lire(reponse, recu)
            recu.decoder()
        except (httpx.TransportError, _CorpsIllisible) as exc:
            illisible = self._sans_reponse(exc, ecriture, statut=recu.statut, requete_id=recu.requete_id)
            illisible.__cause__ = exc
        finally:
            reponse.close()
        lue = recu.en_reponse()
        if 200 <= lue.statut < 300:
            if illisible:
                raise illisible
            return lue
        raise self.refus(lue, self._lire_erreur(lue) or ("", ""), ecriture=ecriture) from illisible

    def _lire(self, reponse: httpx.Response, recu: _Recu) -> None:
        """Read the body under the size cap; the decompressed size counts, so that a small bomb stays small."""
        codage = reponse.headers.get("content-encoding", "identity").strip().lower()
        if codage not in {"identity", "gzip", "x-gzip"}:
            raise _CorpsIllisible("codage")
        gzip = None if codage == "identity" else zlib.decompressobj(16 + zlib.MAX_WBITS)
        morceau = b""
        for morceau in cast(httpx.SyncByteStream, reponse.stream):
            place = self._taille_max - len(recu.corps) + 1
            try:
                recu.corps += gzip.decompress(morceau, place) if gzip else morceau[:place]
            except zlib.error as exc:
                raise _CorpsIllisible("compression") from exc
            if len(recu.corps) > self._taille_max:
                raise _CorpsIllisible("taille")
        if gzip and morceau and not gzip.eof:
            raise _CorpsIllisible("compression")

    def _sans_reponse(
        self, exc: Exception, ecriture: bool, *, statut: int | None = None, requete_id: str = ""
    ) -> ErreurPassagere:
        if isinstance(exc, httpx.TimeoutException):
            fait = f"{self._hote} n’a pas fini de répondre dans le délai de {self._delai_total:g} s"
        elif isinstance(exc, _CorpsIllisible):
            fait = f"La réponse de {self._hote} est illisible ou trop volumineuse"
        else:
            fait = f"La connexion à {self._hote} s’est rompue avant la fin de la réponse"
        suite = (
            "La demande a pu être prise en compte : vérifiez son effet avant de la renvoyer."
            if ecriture
            else "Rien n’a été modifié ; un nouvel essai est possible."
        )
        return ErreurPassagere(f"{fait}. {suite}", effet_possible=ecriture, statut=statut, requete_id=requete_id)

    def _echange(
        self, requete: httpx.Request, contenu: bytes, recu: _Recu, debut: datetime, duree_ms: int, erreur: str
    ) -> Echange:
        return Echange(
            methode=requete.method,
            adresse=masquer_adresse(str(requete.url), self._secrets),
            entetes_requete=masquer_entetes(dict(requete.headers), self._secrets),
            corps_requete=_garder(contenu, self._secrets),
            statut=recu.statut,
            entetes_reponse=masquer_entetes(recu.entetes, self._secrets),
            corps_reponse=_garder(bytes(recu.corps), self._secrets),
            duree_ms=duree_ms,
            erreur=erreur,
            requete_id=recu.entetes.get("requestid", ""),
            x_requete_id=recu.entetes.get("x-request-id", ""),
            debut=debut,
        )


def trier(reponse: Reponse, lu: tuple[str, str], *, ecriture: bool, statut: int | None = None) -> ErreurDistante:
    """The family of a failed answer.

    `lu` is the remote's (message, code), empty when its body could not be read. `statut` replaces the HTTP status for
    the remotes that write the true one in a 200 body. Statuses without effect on a write are those a gateway gives
    before passing the request on (401, 403, 429); for the others an unreadable refusal leaves a write uncertain.
    """
    statut = reponse.statut if statut is None else statut
    message, code = lu
    attente = lire_attente(reponse.entetes.get("retry-after", ""))
    marques: dict[str, Any] = {"statut": statut, "code": code, "requete_id": reponse.requete_id}

    def passagere(attendre: float | None, effet_possible: bool) -> ErreurPassagere:
        texte = message or (
            f"Le service distant a répondu une erreur momentanée (HTTP {statut}) sans l’expliquer. "
            "Un nouvel essai est possible plus tard"
            + (", après avoir vérifié que la demande n’a pas été prise en compte." if effet_possible else ".")
        )
        return ErreurPassagere(texte, attendre=attendre, effet_possible=effet_possible, **marques)

    def reglage(cause: str) -> ErreurDeReglage:
        texte = message or f"Le service distant refuse l’appel (HTTP {statut}) : {cause}."
        return ErreurDeReglage(texte, **marques)

    if statut == 429 or (statut == 403 and attente is not None):
        return passagere(lire_attente_apim(reponse.texte) if attente is None else attente, False)
    if statut == 401:
        return reglage("les identifiants sont absents ou refusés. Un administrateur doit vérifier la clé d’accès")
    if statut == 403:
        if "quota" in reponse.texte.lower() and (quota := lire_attente_apim(reponse.texte)) is not None:
            return passagere(quota, False)
        if code:
            return ErreurDefinitive(message, **marques)
        return reglage("l’accès n’est pas accordé. Un administrateur doit vérifier les droits de la clé d’accès")
    if statut < 400:
        return reglage("l’adresse réglée renvoie ailleurs. Un administrateur doit corriger l’adresse du service")
    if statut == 404 and (not message or _dit_par_la_passerelle(reponse.donnees)):
        return reglage("ce chemin n’existe pas. Un administrateur doit vérifier l’adresse et le chemin réglés")
    if statut == 408 or statut >= 500 or not message:
        return passagere(attente if statut == 503 else None, ecriture)
    return ErreurDefinitive(message, **marques)


def lire_attente(valeur: str) -> float | None:
    """Seconds of a Retry-After header (a number, or an HTTP date), at most one hour; None when absent or absurd."""
    valeur = valeur.strip()
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,6})?", valeur):
        return min(float(valeur), ATTENTE_MAX)
    try:
        secondes = (parsedate_to_datetime(valeur) - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(secondes, ATTENTE_MAX) if secondes >= 0 else None


def lire_attente_apim(texte: str) -> float | None:
    """Seconds that Azure API Management writes in its own sentences, at most one hour; None without one.

    « Rate limit is exceeded. Try again in 12 seconds. », « Quota will be replenished in 01:02:03. » (a number of days
    may come first: `1.02:03:04`). Source: learn.microsoft.com, rate-limit-policy and quota-policy.
    """
    if trouve := re.search(r"try again in ([0-9]{1,9}) second", texte, re.IGNORECASE):
        return lire_attente(trouve[1])
    if trouve := re.search(r"replenished in (?:(\d{1,4})\.)?(\d{1,3}):(\d\d):(\d\d)", texte, re.IGNORECASE):
        jours, heures, minutes, secondes = (int(groupe or 0) for groupe in trouve.groups())
        return min(float(((jours * 24 + heures) * 60 + minutes) * 60 + secondes), ATTENTE_MAX)
    return None


class _CorpsIllisible(Exception):
    """An answer body over the size cap, in an unknown encoding, or damaged."""


class _Recu:
    """What has been received so far of one answer: a trace is owed even when it stops half-way."""

    def __init__(self) -> None:
        self.statut: int | None = None
        self.entetes: dict[str, str] = {}
        self.corps = bytearray()
        self.texte = ""

    @property
    def requete_id(self) -> str:
        return self.entetes.get("requestid") or self.entetes.get("x-request-id", "")

    def decoder(self) -> None:
        trouve = re.search(r"charset=\"?([\w.:-]+)", self.entetes.get("content-type", ""), re.IGNORECASE)
        codage = trouve[1].lower() if trouve else "utf-8"
        try:
            self.texte = self.corps.decode("utf-8-sig" if codage == "utf-8" else codage)
        except (UnicodeDecodeError, LookupError) as exc:
            raise _CorpsIllisible("jeu de caractères") from exc

    def en_reponse(self) -> Reponse:
        try:
            donnees = json.loads(self.texte)
        except (ValueError, RecursionError):
            donnees = None
        return Reponse(
            statut=self.statut or 0, entetes=self.entetes, texte=self.texte, donnees=donnees, requete_id=self.requete_id
        )


def _certificat_refuse(erreur: BaseException | None) -> bool:
    """Whether a failed connection comes from the remote's certificate: trying again changes nothing."""
    while erreur is not None:
        if isinstance(erreur, ssl.SSLCertVerificationError):
            return True
        erreur = erreur.__cause__ or erreur.__context__
    return False


def _dit_par_la_passerelle(donnees: Any) -> bool:
    """Azure API Management's own object, written before any service saw the request."""
    return isinstance(donnees, dict) and set(donnees) == {"statusCode", "message"}


def _entetes_permis(entetes: Mapping[str, str]) -> dict[str, str]:
    for nom, valeur in entetes.items():
        if not ENTETE_PERMIS.fullmatch(valeur):
            raise ErreurDeReglage(
                f"L’en-tête {nom} ne peut pas être envoyé : sa valeur est vide ou contient un caractère interdit "
                "(accent, espace aux bords, retour à la ligne). Un administrateur doit la ressaisir."
            )
    return dict(entetes)


def _enregistrable(texte: str) -> str:
    """Without the NUL and the lone surrogates that JSON may carry and PostgreSQL refuses."""
    return texte.replace("\0", "\ufffd").encode("utf-8", errors="replace").decode()


def _garder(corps: bytes, secrets: tuple[str, ...]) -> str:
    """A body as it is kept in a trace: masked, at most 16 kB, and saying when it was cut."""
    coupe = corps[:CORPS_GARDE] if len(corps) > CORPS_MASQUE_ENTIER else corps
    texte = _enregistrable(masquer_corps(coupe.decode("utf-8", errors="replace"), secrets))
    if len(corps) <= CORPS_GARDE:
        return texte[:CORPS_GARDE]
    return f"{texte[:CORPS_GARDE]}… (coupé : {len(corps)} octets en tout)"
