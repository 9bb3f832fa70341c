"""A link given by a person instead of a file: what may be passed on to Loop, and for how long it will work.

Nothing here touches the network: Cegid fetches the link, we never do. Rules: importPerso page (the address must be
valid at least 24 hours, so that retries and outages can be absorbed); Microsoft, « Create a service SAS » (`st`, `se`).
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit
from zoneinfo import ZoneInfo

from config.masquage import MASQUE, masquer_adresse, nom_sensible

DUREE_MINIMALE = timedelta(hours=24)
LONGUEUR_MAX = 2000
PARIS = ZoneInfo("Europe/Paris")
#: No-break space: French typography before units and signs, inside dates.
_INSECABLE = "\u00a0"
_RECOPIER = "Recopiez le lien en entier depuis l’espace de stockage, puis recommencez."
_RENOUVELER = "Créez un nouveau lien, valable plusieurs jours, puis recommencez."
#: Names that only mean something inside a network (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`).
_SUFFIXES_PRIVES = ("localhost", "local", "internal", "intranet", "lan", "home", "corp", "home.arpa", "private")
_NOM_D_HOTE = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])", re.IGNORECASE)
#: The ISO 8601 forms that Azure documents for `st` and `se`; a day alone is its midnight, in UTC.
_INSTANT = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d(?:\.\d{1,7})?)?(Z|[+-]\d\d:?\d\d))?", re.IGNORECASE)
#: « For ever » is often written 31/12/9999, which no other time zone can show.
_PREMIER, _DERNIER = datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC)
_LIEN_CITE = re.compile(r"https?://[^\s\"'<>]+", re.IGNORECASE)
_SAS = frozenset(
    [
        "sv",
        "ss",
        "srt",
        "st",
        "se",
        "sr",
        "sp",
        "spr",
        "sip",
        "sig",
        "si",
        "skoid",
        "sktid",
        "skt",
        "ske",
        "sks",
        "skv",
        "saoid",
        "suoid",
        "scid",
        "sdd",
        "ses",
    ]
)
_SIGNATURE = re.compile(
    r"(?:(?<![\w.-])|(?<=%26)|(?<=%3F))((?:[\w.-]{0,40}-)?sig(?:nature)?(?:=|%3D))[^\s&#\"'<>]+", re.IGNORECASE
)


class LienRefuse(ValueError):
    """A link that must not be sent: what happened, why, what to do, in French. Never holds the link itself."""

    def __init__(self, constat: str, cause: str, remede: str) -> None:
        super().__init__(f"{constat} {cause} {remede}")
        self.constat, self.cause, self.remede = constat, cause, remede


@dataclass(frozen=True, slots=True, kw_only=True)
class Lien:
    """An accepted link.

    `adresse` is the secret to send as is; `affichage` is what may be shown and kept (signature masked). `jusqu_au` in
    UTC and `reste` are None when the link does not say its end: show it as « inconnue ».
    """

    adresse: str = field(repr=False)
    affichage: str
    jusqu_au: datetime | None
    reste: timedelta | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Jauge:
    """What is left of a link.

    `heures`: whole hours; `pourcent`: share of the 24 hours that Cegid asks for, 0 to 100; both None when unknown.
    `suffisant`: whether the 24 hours are there (an unknown end is not held against the link). `phrase` is in French.
    """

    heures: int | None
    pourcent: int | None
    suffisant: bool
    phrase: str


def lire_lien(texte: str, *, maintenant: datetime) -> Lien:
    """The link written in `texte`; blanks around it are dropped.

    A link without `se=` has an unknown lifetime and is accepted as such: other storages than Azure do not write it.

    Parameters
    ----------
    maintenant:
        Aware. Elapsed time is compared, so that a change of clocks in between counts for nothing.

    Raises LienRefuse.
    """
    adresse = texte.strip()
    _verifier_forme(adresse)
    bornes = _bornes(urlsplit(adresse).query)
    debut, fin = bornes.get("st"), bornes.get("se")
    if debut and debut > maintenant:
        raise _refus(f"Il ne fonctionne pas encore : il s’ouvre le {en_clair(debut)}.", _RENOUVELER)
    reste = fin - maintenant.astimezone(UTC) if fin else None
    if fin and reste is not None and reste < DUREE_MINIMALE:
        if reste <= timedelta():
            raise _refus(f"Il ne fonctionne plus depuis le {en_clair(fin)}.", _RENOUVELER)
        raise _refus(
            f"Loop demande un lien valable encore 24{_INSECABLE}heures au moins, et il reste {duree(reste)}, "
            f"jusqu’au {en_clair(fin)}.",
            _RENOUVELER,
        )
    return Lien(adresse=adresse, affichage=masquer_lien(adresse), jusqu_au=fin, reste=reste)


def jauge(jusqu_au: datetime | None, *, maintenant: datetime) -> Jauge:
    """The gauge of a link that works until `jusqu_au` (None: it does not say); both aware."""
    if jusqu_au is None:
        return Jauge(
            heures=None,
            pourcent=None,
            suffisant=True,
            phrase="Durée de validité inconnue : le lien ne la dit pas. "
            f"Vérifiez qu’il reste valable 24{_INSECABLE}heures au moins.",
        )
    reste = jusqu_au.astimezone(UTC) - maintenant.astimezone(UTC)
    if reste <= timedelta():
        return Jauge(
            heures=0, pourcent=0, suffisant=False, phrase=f"Ce lien ne fonctionne plus depuis le {en_clair(jusqu_au)}."
        )
    return Jauge(
        heures=reste // timedelta(hours=1),
        pourcent=min(100, 100 * reste // DUREE_MINIMALE),
        suffisant=reste >= DUREE_MINIMALE,
        phrase=f"Il reste {duree(reste)} : ce lien fonctionne jusqu’au {en_clair(jusqu_au)}.",
    )


def duree(reste: timedelta) -> str:
    """« 23 h 59 », « 12 min », « 3 jours et 4 h »: always rounded down, so that a missing minute shows."""
    minutes = max(reste, timedelta()) // timedelta(minutes=1)
    heures, minutes = divmod(minutes, 60)
    if heures >= 72:
        jours, heures = divmod(heures, 24)
        return f"{jours}{_INSECABLE}jours" + (f" et {heures}{_INSECABLE}h" if heures else "")
    if heures:
        return f"{heures}{_INSECABLE}h{_INSECABLE}{minutes:02}"
    return f"{minutes}{_INSECABLE}min" if minutes else "moins d’une minute"


def en_clair(instant: datetime) -> str:
    """A moment as read on a French clock; the hour that comes twice in autumn says which of the two it is."""
    local = instant.astimezone(PARIS)
    saison = "de Paris"
    if local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset():
        saison = "d’hiver, à Paris" if local.fold else "d’été, à Paris"
    return f"{local:%d/%m/%Y} à {local.hour}{_INSECABLE}h{_INSECABLE}{local:%M} (heure {saison})"


def masquer_lien(adresse: str) -> str:
    """A link as it may be shown and kept: without its signature nor any other secret of its query string."""
    return masquer_signatures(masquer_adresse(adresse))


def identite(adresse: str) -> str:
    """What a link leads to, however it was signed and spelled: host, port, path, and the query without its signature.

    The fields of a signature are those of Azure (« Create a service SAS ») and Amazon S3 (« Signature Version 4 »).
    """
    morceaux = urlsplit(adresse)
    hote = (morceaux.hostname or "").rstrip(".")
    question = sorted(
        (nom, valeur)
        for nom, valeur in parse_qsl(morceaux.query, keep_blank_values=True)
        if nom.lower() not in _SAS and not nom.lower().startswith("x-amz-") and not nom_sensible(nom)
    )
    return f"{hote}:{morceaux.port or 443}{unquote(morceaux.path)}?{urlencode(question)}"


def masquer_signatures(texte: str) -> str:
    """Free text without the secrets of the links it quotes, otherwise verbatim."""
    return _SIGNATURE.sub(rf"\1{MASQUE}", _LIEN_CITE.sub(lambda lien: masquer_adresse(lien[0]), texte))


def hote_public(hote: str) -> bool:
    """Whether a host may be reached from anywhere: a full DNS name or a public IP address, in their usual spelling.

    Names are not resolved. The odd spellings of an IPv4 address (`2130706433`, `0x7f.1`, `127.1`) are refused.
    """
    hote = hote.lower().removesuffix(".")
    try:
        return _ip_publique(ipaddress.ip_address(hote))
    except ValueError:
        pass
    if any(hote == suffixe or hote.endswith(f".{suffixe}") for suffixe in _SUFFIXES_PRIVES):
        return False
    return len(hote) <= 253 and _NOM_D_HOTE.fullmatch(hote) is not None


def _ip_publique(ip: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(ip, ipaddress.IPv6Address):
        # An IPv4 address inside an IPv6 one: mapped, 6to4, Teredo, NAT64 (RFC 6052), or alone (::a.b.c.d).
        if ip.scope_id or ip.teredo or int(ip) >> 32 == 0:
            return False
        nat64 = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if int(ip) >> 32 == 0x64FF9B << 64 else None
        if incluse := ip.ipv4_mapped or ip.sixtofour or nat64:
            return _ip_publique(incluse)
    return ip.is_global and not ip.is_multicast


def _verifier_forme(adresse: str) -> None:
    """Raise LienRefuse unless this is one https address of a public host, written without any trick."""
    if not adresse:
        raise _refus("Aucun lien n’a été donné.", "Collez le lien du fichier, ou choisissez un fichier.")
    if len(adresse) > LONGUEUR_MAX:
        raise _refus(f"Il dépasse {LONGUEUR_MAX} caractères.", "Créez un lien plus court, puis recommencez.")
    if any(unicodedata.category(c)[0] in "CZ" for c in adresse) or "\\" in adresse:
        raise _refus("Il contient un espace ou un caractère invisible ou interdit.", _RECOPIER)
    try:
        morceaux = urlsplit(adresse)
        hote, port = morceaux.hostname or "", morceaux.port
    except ValueError:
        raise _refus("Ce n’est pas une adresse lisible.", _RECOPIER) from None
    if morceaux.scheme != "https" or not hote:
        raise _refus(
            "Seules les adresses complètes qui commencent par https:// sont permises.",
            "Donnez l’adresse https du fichier, puis recommencez.",
        )
    if "@" in morceaux.netloc:
        raise _refus(
            "Il porte un identifiant ou un mot de passe avant le nom du serveur.",
            "Créez un lien signé, sans identifiant, puis recommencez.",
        )
    if not hote_public(hote):
        raise _refus(
            "Son serveur n’est pas une adresse publique : Loop ne pourrait pas y lire le fichier.",
            "Déposez le fichier dans un espace accessible depuis Internet, ou choisissez le fichier lui-même.",
        )
    if port is not None and port != 443 and port < 1024:
        raise _refus(f"Le port {port} n’est pas celui d’un service de fichiers en https.", _RECOPIER)
    if "#" in adresse:
        raise _refus("Il contient un « # » : ce qui le suit n’est jamais transmis au serveur.", _RECOPIER)
    if not morceaux.path.strip("/") and not morceaux.query:
        raise _refus("Il désigne un serveur, pas un fichier.", _RECOPIER)


def _bornes(requete: str) -> dict[str, datetime]:
    """Beginning (`st`) and end (`se`) of a signed link. Raises LienRefuse when they cannot be read."""
    # Not parse_qsl, which reads the « + » of a time zone as a space.
    couples = [morceau.partition("=") for morceau in requete.split("&")]
    lus = [(unquote(nom).lower(), unquote(valeur)) for nom, _, valeur in couples]
    signe = any(nom == "sig" for nom, _ in lus)
    bornes: dict[str, datetime] = {}
    for nom, valeur in lus:
        if nom not in {"st", "se"}:
            continue
        instant = lire_instant(valeur)
        if nom in bornes or (instant is None and signe):
            raise _refus("Sa date de début ou de fin de validité est illisible.", _RECOPIER)
        # Without a signature these names may mean anything.
        if instant:
            bornes[nom] = instant
    return bornes


def lire_instant(valeur: str) -> datetime | None:
    """A moment as Azure writes it in a signed link, in UTC; None for anything else (a time without a zone included)."""
    trouve = _INSTANT.fullmatch(valeur)
    if not trouve or not valeur.isascii():
        return None
    jour, heure, secondes, zone = trouve.groups()
    # Azure goes to the tenth of a microsecond, Python to the microsecond.
    texte = f"{jour}T{heure or '00:00'}{(secondes or ':00')[:10]}{zone or 'Z'}"
    try:
        instant = datetime.fromisoformat(texte.upper())
    except ValueError:
        return None
    return max(_PREMIER, min(instant, _DERNIER)).astimezone(UTC)


def _refus(cause: str, remede: str) -> LienRefuse:
    return LienRefuse("Ce lien n’a pas été accepté.", cause, remede)
