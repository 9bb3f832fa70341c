"""What Passerelle thinks of an analysis: pure functions, no Django and no clock. The sentences are in `textes.py`."""

from __future__ import annotations

import ipaddress
import math
import re
import unicodedata
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from raccordements.certificats.schemas import (
    Analyse,
    Certificat,
    Chaine,
    EmetteurConnu,
    Gravite,
    Lien,
    Protocole,
    Reglages,
    Verdict,
)
from raccordements.certificats.textes import TEXTES

PARIS = ZoneInfo("Europe/Paris")
CLIENT, SERVEUR, TOUS = "clientAuth", "serverAuth", "anyExtendedKeyUsage"
#: AIFE guide, « Type de certificat ».
USAGES_DEMANDES = {
    Protocole.PESIT: (CLIENT, SERVEUR),
    Protocole.AS2: (CLIENT, SERVEUR),
    Protocole.SFTP: (CLIENT,),
    Protocole.API: (CLIENT,),
}
NOMS = {Protocole.PESIT: "PeSIT", Protocole.AS2: "AS2", Protocole.SFTP: "SFTP", Protocole.API: "l’API"}
HACHAGES_FAIBLES = {"md2": "MD2", "md4": "MD4", "md5": "MD5", "sha1": "SHA-1"}
COURBES_USUELLES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
#: These have no separate hash: their name tells the whole signature.
SANS_HACHAGE = frozenset({"ed25519", "ed448"})
EXPOSANT_MINIMUM = 65537
ELEMENTS = {"csr": "une demande de certificat", "crl": "une liste de révocation", "cle_publique": "une clé publique"}
JOUR = timedelta(days=1)
POIDS = {gravite: poids for poids, gravite in enumerate(Gravite)}


def juger(
    analyse: Analyse,
    protocole: Protocole | str | None,
    siren: str | None,
    maintenant: datetime,
    emetteurs_connus: Collection[EmetteurConnu],
    reglages: Reglages,
    autres: Sequence[Analyse] = (),
) -> list[Verdict]:
    """Every remark on a file of certificates, the heaviest first, then by rank.

    Parameters
    ----------
    protocole:
        What the fiche connects by; None leaves the usages aside.
    siren:
        SIREN of the partner, or its SIRET; None or empty leaves the subject aside.
    maintenant:
        An aware date.
    emetteurs_connus:
        The authorities that the practice accepts.
    autres:
        The other files of the same fiche: a protocol that asks for client and server may be given one file for each.
    """
    juge = _Juge(analyse, maintenant, reglages)
    verdicts = [
        *_fichier(juge, Protocole(protocole) if protocole else None),
        *_chaines(juge),
        *_noms(juge),
        *(_usages(juge, Protocole(protocole), autres) if protocole else ()),
        *(_sirens(juge, siren[:9]) if siren else ()),
        *_emetteurs(juge, emetteurs_connus),
    ]
    for certificat in analyse.certificats:
        verdicts += _dates(juge, certificat)
        verdicts += _solidite(juge, certificat)
    return sorted(verdicts, key=lambda verdict: (POIDS[verdict.gravite], verdict.rang or 0))


def bloque(verdicts: Collection[Verdict]) -> bool:
    """Whether one of the verdicts forbids sending."""
    return any(verdict.gravite is Gravite.BLOQUANT for verdict in verdicts)


@dataclass(frozen=True, slots=True)
class _Juge:
    analyse: Analyse
    maintenant: datetime
    reglages: Reglages

    def dire(
        self,
        code: str,
        certificat: Certificat | None = None,
        *,
        gravite: Gravite | None = None,
        jours: int | None = None,
        **faits: str | int,
    ) -> Verdict:
        texte = TEXTES[code]
        if certificat is not None:
            faits |= {
                "nom": _court(certificat.sujet.court) or f"n° {certificat.rang}",
                "rang": certificat.rang,
                "debut": _date(certificat.debute_le),
                "fin": _date(certificat.expire_le),
            }
        # A name of the certificate that holds braces is a fact, never a format.
        quoi, pourquoi, que_faire = (phrase.format_map(faits) for phrase in texte[1:])
        return Verdict(
            code=code,
            gravite=gravite or texte.gravite,
            quoi=quoi,
            pourquoi=pourquoi,
            que_faire=que_faire,
            rang=certificat.rang if certificat else None,
            jours=jours,
        )

    def jours(self, certificat: Certificat) -> int:
        """Whole days left, 0 on the last one."""
        return math.floor((certificat.expire_le - self.maintenant) / JOUR)

    def est_feuille(self, certificat: Certificat) -> bool:
        return any(chaine.feuille == certificat.rang for chaine in self.analyse.chaines)


# --- file and chains ---------------------------------------------------------------------------------------------


def _fichier(juge: _Juge, protocole: Protocole | None) -> Iterator[Verdict]:
    analyse = juge.analyse
    if analyse.converti:
        yield juge.dire("converti")
    if analyse.ignores:
        yield juge.dire("autres_elements", elements=" et ".join(ELEMENTS[nom] for nom in analyse.ignores))
    if analyse.doublons:
        yield juge.dire("doublons", nombre=_compter(analyse.doublons, "certificat"))
    if not analyse.ordonne:
        yield juge.dire("desordre")
    feuilles = analyse.feuilles
    if len(feuilles) > 1:
        paire = protocole is None or len(USAGES_DEMANDES[protocole]) == len(feuilles)
        yield juge.dire(
            "plusieurs_certificats",
            gravite=Gravite.INFORMATION if paire else None,
            nombre=len(feuilles),
            noms=", ".join(f"« {_court(feuille.sujet.court)} »" for feuille in feuilles),
            attendu="Un certificat de client et un de serveur sont permis pour PeSIT et pour AS2."
            if paire
            else "Ce raccordement n’en demande pas autant.",
        )
    # Behind a false signature, the authorities of the file are out of the chain for that reason alone.
    if all(chaine.maillons[-1].lien is not Lien.SIGNATURE_FAUSSE for chaine in analyse.chaines):
        for rang in analyse.etrangers:
            yield juge.dire("certificat_etranger", analyse.certificat(rang))


def _chaines(juge: _Juge) -> Iterator[Verdict]:
    dits: set[tuple[str, int | None]] = set()
    for chaine in juge.analyse.chaines:
        for verdict in _chaine(juge, chaine):
            # Two chains share their authorities: what is wrong with one is said once.
            if (verdict.code, verdict.rang) not in dits:
                dits.add((verdict.code, verdict.rang))
                yield verdict


def _chaine(juge: _Juge, chaine: Chaine) -> Iterator[Verdict]:
    analyse = juge.analyse
    feuille = analyse.certificat(chaine.feuille)
    dernier = chaine.maillons[-1]
    if feuille.ac:
        yield juge.dire("feuille_ac", feuille)
    if feuille.auto_signe:
        yield juge.dire("auto_signe", feuille)
    for maillon in chaine.maillons:
        if maillon.lien is Lien.NON_VERIFIABLE:
            certificat = analyse.certificat(maillon.rang)
            yield juge.dire("lien_non_verifiable", certificat, algorithme=certificat.signature_algorithme)
    manquant = _court(analyse.certificat(dernier.rang).emetteur.court)
    if dernier.lien is Lien.ABSENT:
        yield juge.dire("chaine_incomplete", feuille, manquant=manquant)
    elif dernier.lien is Lien.SIGNATURE_FAUSSE:
        yield juge.dire("signature_fausse", analyse.certificat(dernier.rang), manquant=manquant)
    elif dernier.lien is not Lien.RACINE:
        yield juge.dire("chaine_circulaire", feuille, manquant=manquant)
    elif len(chaine.maillons) > 1 and all(m.lien in {Lien.VERIFIE, Lien.RACINE} for m in chaine.maillons):
        yield juge.dire("chaine_complete", feuille, etapes=_compter(len(chaine.maillons), "certificat"))
    for dessous, rang in enumerate(chaine.rangs[1:]):
        autorite = analyse.certificat(rang)
        # Version 1 has no way to say that it is an authority; old roots are still of that version.
        if not autorite.ac and autorite.extensions_lisibles and not (autorite.version == 1 and autorite.auto_signe):
            yield juge.dire("emetteur_non_ac", autorite)
        # The leaf is not counted (RFC 5280, 4.2.1.9); an authority alone at the bottom is the leaf here.
        if autorite.longueur_chemin is not None and dessous > autorite.longueur_chemin:
            yield juge.dire("chemin_trop_long", autorite, permis=autorite.longueur_chemin, vus=dessous)


# --- dates -------------------------------------------------------------------------------------------------------


def _dates(juge: _Juge, certificat: Certificat) -> Iterator[Verdict]:
    if certificat.rang in juge.analyse.etrangers:
        return
    feuille = juge.est_feuille(certificat)
    if certificat.expire_le <= certificat.debute_le:
        yield juge.dire("dates_inversees", certificat)
        return
    jours = juge.jours(certificat)
    if juge.maintenant > certificat.expire_le:
        yield juge.dire("expire" if feuille else "autorite_expiree", certificat, jours=jours)
        return
    if juge.maintenant < certificat.debute_le:
        yield juge.dire("pas_encore_valable" if feuille else "autorite_pas_encore_valable", certificat, jours=jours)
    elif feuille or any(certificat.expire_le < garanti.expire_le for garanti in _garantis(juge.analyse, certificat)):
        yield from _echeance(juge, certificat, jours, feuille)
    duree = (certificat.expire_le - certificat.debute_le).days
    if feuille and not certificat.ac and duree > juge.reglages.duree_max_jours:
        yield juge.dire("duree_excessive", certificat, annees=_compter(round(duree / 365.25), "an"))


def _echeance(juge: _Juge, certificat: Certificat, jours: int, feuille: bool) -> Iterator[Verdict]:
    reste = _compter(jours, "jour") if jours else "moins d’un jour"
    atteints = [seuil for seuil in juge.reglages.seuils if jours <= seuil]
    if not atteints:
        if feuille:
            yield juge.dire("en_cours_de_validite", certificat, jours=jours, reste=reste)
        return
    code = "echeance_proche" if feuille else "autorite_echeance"
    # The largest threshold informs: there is still all the time to renew.
    premier = min(atteints) == max(juge.reglages.seuils) and len(juge.reglages.seuils) > 1
    yield juge.dire(code, certificat, gravite=Gravite.INFORMATION if premier else None, jours=jours, reste=reste)


def _garantis(analyse: Analyse, autorite: Certificat) -> Iterator[Certificat]:
    """The leaves whose chain goes through an authority."""
    for chaine in analyse.chaines:
        if autorite.rang in chaine.rangs[1:]:
            yield analyse.certificat(chaine.feuille)


# --- strength ----------------------------------------------------------------------------------------------------


def _solidite(juge: _Juge, certificat: Certificat) -> Iterator[Verdict]:
    if certificat.rang in juge.analyse.etrangers:
        return
    if not certificat.extensions_lisibles:
        yield juge.dire("extensions_illisibles", certificat)
    minimum = juge.reglages.ec_minimum if certificat.cle_type == "EC" else juge.reglages.rsa_minimum
    if certificat.cle_taille is not None and certificat.cle_taille < minimum:
        yield juge.dire("cle_faible", certificat, cle=_cle(certificat), minimum=minimum)
    elif certificat.cle_type != "RSA" and certificat.courbe not in COURBES_USUELLES:
        yield juge.dire("cle_inhabituelle", certificat, cle=_cle(certificat))
    if certificat.exposant is not None and certificat.exposant < EXPOSANT_MINIMUM:
        yield juge.dire("exposant_faible", certificat, exposant=certificat.exposant)
    # Nobody relies on the signature of a root: it is trusted for itself.
    if certificat.auto_signe and not juge.est_feuille(certificat):
        return
    if certificat.signature_hash in HACHAGES_FAIBLES:
        yield juge.dire("signature_faible", certificat, hachage=HACHAGES_FAIBLES[certificat.signature_hash])
    elif not certificat.signature_hash and certificat.signature_algorithme.lower() not in SANS_HACHAGE:
        yield juge.dire("signature_inconnue", certificat, algorithme=certificat.signature_algorithme)


def _cle(certificat: Certificat) -> str:
    if certificat.courbe:
        return f"courbe {certificat.courbe}"
    taille = f" de {certificat.cle_taille} bits" if certificat.cle_taille else ""
    return f"{certificat.cle_type}{taille}"


# --- usages ------------------------------------------------------------------------------------------------------


def _usages(juge: _Juge, protocole: Protocole, autres: Sequence[Analyse]) -> Iterator[Verdict]:
    feuilles = juge.analyse.feuilles
    toutes = [feuille for analyse in (juge.analyse, *autres) for feuille in analyse.feuilles]
    demandes = USAGES_DEMANDES[protocole]
    faits: dict[str, Any] = {
        "protocole": NOMS[protocole],
        "demande": "un certificat de client et de serveur" if SERVEUR in demandes else "un certificat de client",
    }
    absents = [usage for usage in demandes if not any(_permet(feuille, usage) for feuille in toutes)]
    seule = feuilles[0] if len(feuilles) == 1 else None
    vagues = [feuille for feuille in feuilles if feuille.extended_key_usage is None]
    if absents and vagues:
        for feuille in vagues:
            yield juge.dire("usages_non_precises", feuille, **faits)
    elif absents:
        codes = {CLIENT: "usage_client_absent", SERVEUR: "usage_serveur_absent"}
        for usage in absents:
            yield juge.dire(codes[usage], seule, **faits)
    else:
        yield juge.dire("usages_conformes", seule, **faits)
    for feuille in feuilles:
        if feuille.key_usage is not None and not feuille.ac and "digitalSignature" not in feuille.key_usage:
            yield juge.dire("usage_signature_absent", feuille)


def _permet(certificat: Certificat, usage: str) -> bool:
    return bool({usage, TOUS} & set(certificat.extended_key_usage or ()))


# --- subject and issuer ------------------------------------------------------------------------------------------


def _sirens(juge: _Juge, siren: str) -> Iterator[Verdict]:
    for feuille in juge.analyse.feuilles:
        lus = {lu.numero: lu.source for lu in reversed(feuille.sirens)}
        if not lus:
            yield juge.dire("siren_absent", feuille, siren=siren)
            continue
        if len(lus) > 1:
            yield juge.dire("siren_contradictoire", feuille, lus=", ".join(sorted(lus)))
        if siren in lus:
            yield juge.dire("siren_conforme", feuille, siren=siren, source=lus[siren])
        else:
            lu = feuille.sirens[0]
            yield juge.dire("siren_different", feuille, siren=siren, lu=lu.numero, source=lu.source)


def _emetteurs(juge: _Juge, connus: Collection[EmetteurConnu]) -> Iterator[Verdict]:
    if not connus:
        yield juge.dire("liste_vide")
        return
    for chaine in juge.analyse.chaines:
        feuille = juge.analyse.certificat(chaine.feuille)
        if feuille.auto_signe:
            continue
        yield _emetteur(juge, chaine, feuille, connus)


def _emetteur(juge: _Juge, chaine: Chaine, feuille: Certificat, connus: Collection[EmetteurConnu]) -> Verdict:
    # A fingerprint proves an authority only when every signature down to the leaf was verified.
    verifies: list[str] = []
    for maillon in chaine.maillons:
        if maillon.lien is not Lien.VERIFIE or maillon.emetteur is None:
            break
        verifies.append(juge.analyse.certificat(maillon.emetteur).sha256)
    noms: set[str] = set()
    for rang in chaine.rangs:
        emetteur = juge.analyse.certificat(rang).emetteur
        noms |= {_simple(nom) for nom in (*emetteur.cn, *emetteur.o)}
    for connu in connus:
        if connu.sha256 and _empreinte(connu.sha256) in verifies:
            preuve = "Son certificat a l’empreinte notée dans la liste."
            return juge.dire("emetteur_connu", feuille, connu=_court(connu.nom), preuve=preuve)
    nommes = [connu for connu in connus if _simple(connu.nom) in noms]
    if sans_empreinte := [connu for connu in nommes if not connu.sha256]:
        preuve = "Il est reconnu à son nom seul : notez l’empreinte de son certificat pour un contrôle plus sûr."
        return juge.dire("emetteur_connu", feuille, connu=_court(sans_empreinte[0].nom), preuve=preuve)
    if nommes:
        return juge.dire("emetteur_usurpe", feuille, connu=_court(nommes[0].nom))
    return juge.dire("emetteur_inconnu", feuille, emetteur=_court(feuille.emetteur.court))


def _noms(juge: _Juge) -> Iterator[Verdict]:
    for certificat in juge.analyse.certificats:
        if certificat.sujet.trompeur or certificat.emetteur.trompeur:
            yield juge.dire("nom_trompeur", certificat)
    for feuille in juge.analyse.feuilles:
        if not feuille.sujet.cn and not feuille.sujet.o:
            yield juge.dire("sujet_vide", feuille)
        noms = [*feuille.sujet.cn, *(nom[4:] for nom in feuille.noms_alternatifs if nom.startswith("DNS:"))]
        if joker := next((nom for nom in noms if nom.strip().startswith("*.")), ""):
            yield juge.dire("joker", feuille, trouve=_court(joker))
        adresses = [nom[3:] for nom in feuille.noms_alternatifs if nom.startswith("IP:")]
        if adresse := next((nom for nom in (*adresses, *noms) if nom in adresses or _est_une_adresse(nom)), ""):
            yield juge.dire("adresse_ip", feuille, trouve=_court(adresse))


def _est_une_adresse(nom: str) -> bool:
    try:
        ipaddress.ip_address(nom.strip())
    except ValueError:
        return False
    return True


# --- words -------------------------------------------------------------------------------------------------------


def _simple(nom: str) -> str:
    """A name without case, accents nor repeated spaces."""
    sans_accents = "".join(c for c in unicodedata.normalize("NFKD", nom) if not unicodedata.combining(c))
    return " ".join(sans_accents.casefold().split())


def _empreinte(texte: str) -> str:
    return re.sub(r"[^0-9a-f]", "", texte.lower())


def _court(texte: str) -> str:
    return texte if len(texte) <= 80 else texte[:79] + "…"


def _date(instant: datetime) -> str:
    """As every date of the product: in Paris; year 9999 may not have a next day."""
    try:
        return f"{instant.astimezone(PARIS):%d/%m/%Y}"
    except OverflowError:
        return f"{instant:%d/%m/%Y}"


def _compter(nombre: int, mot: str) -> str:
    return f"{nombre}\u00a0{mot}{'s' if nombre > 1 else ''}"
