"""What a platform's endpoint may be, checked when it is typed and again when it is given to Cegid OD.

Nothing here opens a connection: Cegid OD will call the endpoint, we never do. The only question asked is the name's, so
that a name which answers a private address today is refused today (DNS rebinding). A redirection cannot be seen without
a call: no address that carries one in its words is accepted (query, fragment, encoded character), and Cegid OD's own
client decides on the rest.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Callable, Collection, Sequence
from urllib.parse import urlsplit

import httpcore
import idna
from django.conf import settings

from config.echeance import resoudre
from dossiers.ecritures.lien import hote_public
from dossiers.services.erreurs import ActionImpossible

LONGUEUR_MAX = 300
#: Seconds that a page waits for the answer of a name server.
DELAI_NOM = 2.0
#: AS112, where the world's reverse look-ups of private addresses are thrown away (RFC 7534): nobody's.
ADRESSE_DE_DEMONSTRATION = "192.31.196.1"

Resolveur = Callable[[str], Sequence[str]]

_CHEMIN = re.compile(r"(?:/[A-Za-z0-9._~-]+)*")
#: Global unicast: neither loopback, mapped, NAT64, unique local, link-local nor multicast (IANA, IPv6 address space).
_IPV6_PUBLIQUE = ipaddress.IPv6Network("2000::/3")
#: What `is_global` of one Python or another lets through: special registries of IANA, and the metadata of Azure.
_RESERVES = [
    ipaddress.ip_network(reseau)
    for reseau in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "168.63.129.16/32",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
]
_RECOPIER = "Demandez à la plateforme l’adresse exacte, puis recopiez-la."


class EndpointRefuse(ActionImpossible):
    """An endpoint, or a host, that must not be kept nor given: never quotes it."""


class NomIrresolu(OSError):
    """The name gave no address, or not in time: another try may."""


def normaliser(adresse: str) -> str:
    """The one spelling of an endpoint, its form alone being checked: lower-case ASCII host, no port, no final slash.

    Raises EndpointRefuse: not https, userinfo, another port than 443, an IP address or a private name as host, IDNA
    refused (RFC 5891), query, fragment, encoded or odd character in the path.
    """
    adresse = adresse.strip(" ")
    if not adresse:
        raise _refus("Aucune adresse n’a été donnée.", _RECOPIER)
    if len(adresse) > LONGUEUR_MAX:
        raise _refus(f"Elle dépasse {LONGUEUR_MAX} caractères.", "Demandez à la plateforme une adresse plus courte.")
    if any(unicodedata.category(c)[0] in "CZ" for c in adresse) or "\\" in adresse:
        raise _refus("Elle contient un espace, une barre inverse ou un caractère invisible.", _RECOPIER)
    try:
        morceaux = urlsplit(adresse)
        port = morceaux.port
    except ValueError:
        raise _refus("Ce n’est pas une adresse lisible.", _RECOPIER) from None
    if morceaux.scheme != "https" or not morceaux.netloc:
        raise _refus("Seule une adresse complète qui commence par https:// est permise.", _RECOPIER)
    if "@" in morceaux.netloc:
        raise _refus("Elle porte un identifiant ou un mot de passe avant le nom du serveur.", _RECOPIER)
    if port not in (None, 443):
        raise _refus(f"Elle désigne le port {port} : seul le port 443, celui de https, est permis.", _RECOPIER)
    if "?" in adresse or "#" in adresse:
        raise _refus(
            "Elle porte des paramètres (« ? » ou « # ») : ils peuvent contenir un secret, ou mener ailleurs.",
            "Demandez à la plateforme une adresse sans paramètre.",
        )
    chemin = morceaux.path.removesuffix("/")
    if _CHEMIN.fullmatch(chemin) is None or {".", ".."} & set(chemin.split("/")):
        raise _refus(
            "Son chemin contient autre chose que des lettres sans accent, des chiffres, des tirets, des points et des "
            "barres simples.",
            _RECOPIER,
        )
    # Not `hostname`, which lower-cases: the Kelvin sign would become a k.
    return f"https://{normaliser_hote(morceaux.netloc.removesuffix(':443'))}{chemin}"


def normaliser_hote(hote: str) -> str:
    """The ASCII form of a host name. Raises EndpointRefuse unless it is a full public DNS name, written without trick.

    An international name is accepted in its own letters (IDNA 2008) or as punycode that says the same; nothing is
    mapped: full-width letters, ligatures and other dots are refused.
    """
    hote = hote.strip(" ")
    try:
        ascii_ = idna.encode(hote.lower() if hote.isascii() else hote, strict=True, std3_rules=True).decode()
        idna.decode(ascii_, strict=True, std3_rules=True)
    except (idna.IDNAError, UnicodeError):
        raise _refus_hote("Ce n’est pas un nom d’hôte lisible.") from None
    if not hote_public(ascii_) or ascii_.rpartition(".")[2].isdecimal() or ascii_.endswith("."):
        raise _refus_hote("Ce n’est pas le nom public d’un serveur.")
    return ascii_


def hote_lisible(hote: str) -> str:
    """A host as two persons must read it: an international name with its punycode, so that a look-alike shows."""
    lisible = idna.decode(hote)
    return hote if lisible == hote else f"{lisible} ({hote})"


def hote_de(endpoint: str) -> str:
    """The host of a normalised endpoint."""
    return urlsplit(endpoint).hostname or ""


def exiger_hote_admis(endpoint: str, hotes: Collection[str]) -> None:
    """Raises EndpointRefuse unless the host of a normalised endpoint is among those that two persons admitted."""
    if hote_de(endpoint) not in hotes:
        raise _refus(
            "Son hôte n’est pas admis pour cette plateforme : deux personnes doivent l’avoir reconnu.",
            "Faites proposer l’hôte par une personne et confirmer par une autre, ou corrigez l’adresse.",
        )


def verifier(
    adresse: str, *, hotes: Collection[str], resoudre: Resolveur | None = None, resolu_exige: bool = True
) -> str:
    """The normalised endpoint, once its form, its host and every address of its name were checked.

    Parameters
    ----------
    hotes:
        Hosts that two persons admitted for the platform.
    resoudre:
        Gives the addresses of a name; raises NomIrresolu. The system's resolver by default.
    resolu_exige:
        Whether a name that does not answer is refused. False when a person types it: the check at use is the one that
        counts, and a platform may open its name later.

    Raises EndpointRefuse; NomIrresolu when `resolu_exige`.
    """
    normale = normaliser(adresse)
    hote = hote_de(normale)
    exiger_hote_admis(normale, hotes)
    try:
        adresses = (resoudre or resoudre_nom)(hote)
        if not adresses:
            raise NomIrresolu("no address")
    except NomIrresolu:
        if resolu_exige:
            raise
        return normale
    if not all(adresse_publique(ip) for ip in adresses):
        raise _refus(
            "Son nom mène à une adresse qui n’est pas publique : celle d’un réseau privé, de la machine elle-même ou "
            "d’un service interne.",
            "Signalez-le à la plateforme et à l’administrateur : ce peut être un détournement.",
        )
    return normale


def adresse_publique(texte: str) -> bool:
    """Whether an IP address can be reached from anywhere, and is nobody's by convention."""
    try:
        ip = ipaddress.ip_address(texte)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and (ip.scope_id or ip not in _IPV6_PUBLIQUE):
        return False
    return ip.is_global and not ip.is_multicast and not any(ip in r for r in _RESERVES if r.version == ip.version)


def resoudre_nom(hote: str) -> Sequence[str]:
    """The addresses of a name by the system's resolver, within DELAI_NOM seconds. Raises NomIrresolu.

    Out of production a name in `.example` (RFC 2606: nobody's, for ever) is that of the demonstration: it is not asked.
    """
    if hote.endswith(".example") and not settings.PRODUCTION:
        return [ADRESSE_DE_DEMONSTRATION]
    try:
        return resoudre(hote, 443, DELAI_NOM)
    except (httpcore.ConnectTimeout, httpcore.ConnectError) as exc:
        raise NomIrresolu(hote) from exc


def _refus(cause: str, remede: str) -> EndpointRefuse:
    return EndpointRefuse("L’endpoint n’a pas été retenu.", cause, remede)


def _refus_hote(cause: str) -> EndpointRefuse:
    return EndpointRefuse("L’hôte n’a pas été retenu.", cause, _RECOPIER)
