"""What a manager must know before approving: remarks on a content, each in three sentences, all ours.

`risques` is a pure function of `Faits`; `faits` reads them from the database.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone

from dossiers import sirene
from raccordements.certificats.lecteur import reglages_de_jugement
from raccordements.certificats.schemas import Analyse, EmetteurConnu, Gravite, Reglages
from raccordements.certificats.schemas import Protocole as ProtocoleJuge
from raccordements.certificats.verdicts import juger
from raccordements.models import (
    Certificat,
    CodeInterface,
    EmetteurAdmis,
    EnvironnementChorus,
    Fiche,
    Generation,
    Genre,
    Mode,
    Protocole,
    Surete,
    UsageCertificat,
)
from raccordements.services.contenu import Contenu, contenu

#: A network value of AIFE seen longer ago is to be checked again.
VUE_ANCIENNE = timedelta(days=365)
PERIODE_PROCHE = timedelta(days=60)
#: PISTE makes this application by itself for each account, in the sandbox only.
APPLICATION_BAC_A_SABLE = "APP_SANDBOX_"
POIDS = {gravite: rang for rang, gravite in enumerate(Gravite)}
Usage = UsageCertificat
#: Files that each protocol may be given (AIFE guide, « Type de certificat »).
USAGES_ADMIS: dict[str, tuple[frozenset[str], ...]] = {
    Protocole.PESIT: (frozenset({Usage.LES_DEUX}), frozenset({Usage.CLIENT, Usage.SERVEUR})),
    Protocole.AS2: (frozenset({Usage.LES_DEUX}), frozenset({Usage.CLIENT, Usage.SERVEUR})),
    Protocole.SFTP: (frozenset({Usage.CLIENT}), frozenset({Usage.LES_DEUX})),
    "api": (frozenset({Usage.CLIENT}), frozenset({Usage.LES_DEUX})),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Risque:
    """One remark: what, why, what to do. A blocking one forbids submitting and sending. `champ`: its field."""

    code: str
    gravite: Gravite
    quoi: str
    pourquoi: str
    que_faire: str
    champ: str = ""

    @property
    def message(self) -> str:
        return f"{self.quoi} {self.pourquoi} {self.que_faire}"

    @property
    def bloquant(self) -> bool:
        return self.gravite is Gravite.BLOQUANT

    def en_json(self) -> dict[str, str]:
        return {**asdict(self), "gravite": self.gravite.value}


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeConnu:
    """What the reference table says of one interface code."""

    code: str
    qualification: bool
    production: bool
    au_guide: bool
    surete: str
    du: date | None = None
    au: date | None = None

    def offert(self, environnement: str, jour: date) -> bool:
        ouvert = self.qualification if environnement == EnvironnementChorus.QUALIFICATION else self.production
        return ouvert and (self.du is None or self.du <= jour) and (self.au is None or jour <= self.au)


@dataclass(frozen=True, slots=True, kw_only=True)
class Voisine:
    """Another fiche of the same structure that Chorus Pro has."""

    fiche: str
    protocole: str
    etat: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FaitsStructure:
    """What is known of the partner; None for what nobody said."""

    active: bool | None = None
    verifiee_le: datetime | None = None
    tiers_teletransmission: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Faits:
    """All that the remarks depend on. `analyses` are by SHA-256 of the content's certificates."""

    contenu: Contenu
    maintenant: datetime
    codes: Sequence[CodeConnu] = ()
    analyses: Mapping[str, Analyse] = field(default_factory=dict)
    voisines: Sequence[Voisine] = ()
    structure: FaitsStructure = field(default_factory=FaitsStructure)
    emetteurs: Sequence[EmetteurConnu] = ()
    reglages: Reglages = field(default_factory=Reglages)

    @property
    def jour(self) -> date:
        return timezone.localdate(self.maintenant)

    @property
    def production(self) -> bool:
        return bool(self.contenu["environnement"] == EnvironnementChorus.PRODUCTION)


def risques(faits: Faits) -> list[Risque]:
    """Every remark on a content, the heaviest first."""
    trouves = [*_manques(faits), *_partenaire(faits), *_certificats(faits)]
    if faits.contenu["type"] == Genre.EDI:
        trouves += [*_periode(faits), *_codes(faits), *_reseau(faits), *_voisines(faits)]
    else:
        trouves += _api(faits)
    return sorted(trouves, key=lambda risque: POIDS[risque.gravite])


def bloquants(trouves: Sequence[Risque]) -> list[Risque]:
    return [risque for risque in trouves if risque.bloquant]


def faits(fiche: Fiche, *, fige: Contenu | None = None, maintenant: datetime | None = None) -> Faits:
    """What is known of a fiche now. `fige`: judge this content instead of its present one."""
    juge = contenu(fiche) if fige is None else fige
    empreintes = [joint["sha256"] for joint in juge["certificats"]]
    return Faits(
        contenu=juge,
        maintenant=maintenant or timezone.now(),
        codes=[
            CodeConnu(**ligne)
            for ligne in CodeInterface.objects.values(
                "code", "qualification", "production", "au_guide", "surete", "du", "au"
            )
        ],
        analyses={c.sha256: c.lu for c in Certificat.objects.filter(sha256__in=empreintes).defer("contenu")},
        voisines=[
            Voisine(fiche=f"n° {autre.pk}", protocole=autre.protocole, etat=autre.get_etat_display())
            for autre in Fiche.objects.en_service()
            .filter(structure_id=fiche.structure_id, genre=Genre.EDI)
            .exclude(pk=fiche.pk)
            .order_by("pk")[:10]
        ],
        structure=FaitsStructure(
            active=fiche.structure.active,
            verifiee_le=fiche.structure.verifiee_le,
            tiers_teletransmission=fiche.structure.tiers_teletransmission,
        ),
        emetteurs=[EmetteurConnu(e.nom, e.sha256) for e in EmetteurAdmis.objects.all()],
        reglages=reglages_de_jugement(),
    )


# --- what is missing ---------------------------------------------------------------------------------------------

_OBLIGATOIRES = (
    ("contact", "nom", "contact_nom", "le nom et le prénom du contact technique"),
    ("contact", "telephone", "contact_telephone", "le téléphone du contact technique"),
    ("contact", "courriel", "contact_courriel", "l’adresse électronique du contact technique"),
)
_OBLIGATOIRES_AS2 = (
    ("identifiant", "l’identifiant du partenaire"),
    ("adresse", "l’adresse IP de connexion du partenaire"),
    ("port", "le port du partenaire"),
    ("chemin", "le chemin de dépôt du partenaire"),
)


def _manque(champ: str, nom: str) -> Risque:
    return Risque(
        code=f"manque_{champ}",
        gravite=Gravite.BLOQUANT,
        quoi=f"Il manque {nom}.",
        pourquoi="Le portail Chorus Pro exige ce champ.",
        que_faire="Complétez la fiche.",
        champ=champ,
    )


def _manques(faits: Faits) -> Iterator[Risque]:
    fige = faits.contenu
    for bloc, cle, champ, nom in _OBLIGATOIRES:
        if not fige[bloc][cle]:
            yield _manque(champ, nom)
    if fige["type"] == Genre.EDI:
        if not fige["protocole"]:
            yield _manque("protocole", "le protocole de raccordement")
        if not fige["periode"]["du"]:
            yield _manque("periode_du", "le début de la période de raccordement")
        if fige["protocole"] == Protocole.AS2:
            for cle, nom in _OBLIGATOIRES_AS2:
                if not fige["reseau"]["partenaire"][cle]:
                    yield _manque(f"partenaire_{cle}", nom)
    elif fige["formulaire"] == Generation.PISTE and not fige["application_piste"]:
        yield _manque("application_piste", "le nom de l’application PISTE")


# --- partner -----------------------------------------------------------------------------------------------------


def _partenaire(faits: Faits) -> Iterator[Risque]:
    verdict = sirene.verdict_siret(faits.contenu["partenaire"]["siret"])
    if verdict.message and faits.production:
        yield Risque(
            code="siret_de_test",
            gravite=Gravite.AVERTISSEMENT,
            quoi="Le SIRET du partenaire n’a pas une clé juste.",
            pourquoi="Les structures de test de la qualification en ont de fausses, celles de production jamais.",
            que_faire="Vérifiez que la fiche porte le SIRET réel du client.",
            champ="structure",
        )
    if faits.structure.active is False:
        yield Risque(
            code="structure_inactive",
            gravite=Gravite.AVERTISSEMENT,
            quoi="La structure est inactive dans Chorus Pro.",
            pourquoi="C’est ce que l’API a répondu à la dernière vérification.",
            que_faire="Demandez au gestionnaire principal de la réactiver avant l’envoi.",
            champ="structure",
        )
    if faits.structure.verifiee_le is None:
        yield Risque(
            code="structure_non_verifiee",
            gravite=Gravite.INFORMATION,
            quoi="La structure n’a pas été vérifiée dans Chorus Pro.",
            pourquoi="Personne n’a encore interrogé l’API à son sujet.",
            que_faire="Lancez la vérification si un compte Chorus Pro la voit.",
            champ="structure",
        )
    if faits.structure.tiers_teletransmission:
        yield Risque(
            code="tiers_teletransmission",
            gravite=Gravite.AVERTISSEMENT,
            quoi="La structure passe par un tiers de télétransmission.",
            pourquoi="Selon le guide de l’AIFE, elle n’a alors aucune demande de raccordement à faire.",
            que_faire="Vérifiez avec le client que ce raccordement est bien le sien.",
            champ="structure",
        )


# --- certificates ------------------------------------------------------------------------------------------------


def _certificats(faits: Faits) -> Iterator[Risque]:
    fige = faits.contenu
    joints = fige["certificats"]
    api = fige["type"] == Genre.API
    if api and fige["formulaire"] == Generation.PISTE:
        return
    protocole = "api" if api else fige["protocole"]
    usages = frozenset(joint["usage"] for joint in joints)
    if not joints:
        yield _manque("certificats", "le certificat")
    elif protocole and usages not in USAGES_ADMIS[protocole]:
        attendus = (
            "un certificat client et serveur, ou un certificat client et un certificat serveur"
            if Usage.SERVEUR in USAGES_ADMIS[protocole][1]
            else "un seul certificat, client"
        )
        yield Risque(
            code="certificats_du_protocole",
            gravite=Gravite.BLOQUANT,
            quoi="Les certificats joints ne sont pas ceux du protocole.",
            pourquoi=f"Selon le guide de l’AIFE, il demande {attendus}.",
            que_faire="Corrigez l’usage de chaque certificat, ou joignez celui qui manque.",
            champ="certificats",
        )
    for joint in joints:
        yield from _certificat(faits, joint, protocole)


def _certificat(faits: Faits, joint: Mapping[str, str], protocole: str) -> Iterator[Risque]:
    analyse = faits.analyses.get(joint["sha256"])
    if analyse is None:
        yield Risque(
            code="certificat_absent",
            gravite=Gravite.BLOQUANT,
            quoi=f"Le certificat « {joint['nom_fichier']} » n’est plus gardé.",
            pourquoi="Son contenu n’est plus dans la base.",
            que_faire="Déposez-le de nouveau.",
            champ="certificats",
        )
        return
    autres = [a for empreinte, a in faits.analyses.items() if empreinte != joint["sha256"]]
    verdicts = juger(
        analyse,
        ProtocoleJuge(protocole) if protocole else None,
        faits.contenu["partenaire"]["siret"],
        faits.maintenant,
        faits.emetteurs,
        faits.reglages,
        autres,
    )
    for verdict in verdicts:
        yield Risque(
            code=f"certificat_{verdict.code}",
            gravite=verdict.gravite,
            quoi=verdict.quoi,
            pourquoi=verdict.pourquoi,
            que_faire=verdict.que_faire,
            champ="certificats",
        )


# --- EDI ---------------------------------------------------------------------------------------------------------


def _periode(faits: Faits) -> Iterator[Risque]:
    # By name: PostgreSQL does not keep the order of a JSON object's keys.
    du, au = (date.fromisoformat(iso) if (iso := faits.contenu["periode"][borne]) else None for borne in ("du", "au"))
    if not au:
        return
    if du and au < du:
        yield Risque(
            code="periode_inversee",
            gravite=Gravite.BLOQUANT,
            quoi="La période de raccordement finit avant de commencer.",
            pourquoi=f"Elle va du {du:%d/%m/%Y} au {au:%d/%m/%Y}.",
            que_faire="Corrigez l’une des deux dates, ou laissez la seconde vide.",
            champ="periode_au",
        )
    elif au < faits.jour:
        yield Risque(
            code="periode_finie",
            gravite=Gravite.BLOQUANT,
            quoi="La période de raccordement est finie.",
            pourquoi=f"Elle s’arrête au {au:%d/%m/%Y}.",
            que_faire="Repoussez sa fin, ou laissez-la vide.",
            champ="periode_au",
        )
    elif au - faits.jour <= PERIODE_PROCHE:
        yield Risque(
            code="periode_courte",
            gravite=Gravite.AVERTISSEMENT,
            quoi=f"La période de raccordement finit dans {(au - faits.jour).days} jours.",
            pourquoi=f"Elle s’arrête au {au:%d/%m/%Y}.",
            que_faire="Vérifiez cette date avec le client.",
            champ="periode_au",
        )
    fin = min((analyse.expire_le for analyse in faits.analyses.values()), default=None)
    if fin and timezone.localdate(fin) < au:
        yield Risque(
            code="periode_apres_certificat",
            gravite=Gravite.INFORMATION,
            quoi="La période de raccordement dépasse la fin du certificat.",
            pourquoi=f"Le certificat finit le {timezone.localdate(fin):%d/%m/%Y} : les échanges s’arrêteront alors.",
            que_faire="Prévoyez son renouvellement avant cette date.",
            champ="periode_au",
        )


def _codes(faits: Faits) -> Iterator[Risque]:
    choix: Mapping[str, str] = faits.contenu["codes"]
    environnement = faits.contenu["environnement"]
    connus = {connu.code: connu for connu in faits.codes}
    raccordes = sorted(code for code, mode in choix.items() if mode != Mode.AUCUN)
    offerts = [connu for connu in faits.codes if connu.offert(environnement, faits.jour)]
    if interdits := [code for code in raccordes if faits.production and code in connus and not connus[code].production]:
        yield Risque(
            code="codes_de_qualification",
            gravite=Gravite.BLOQUANT,
            quoi=f"{_liste(interdits)} : code disponible uniquement en qualification.",
            pourquoi="Le portail de production ne le propose pas (guide AIFE).",
            que_faire="Retirez-le de cette fiche de production.",
            champ="codes",
        )
    if inconnus := [code for code in choix if code not in connus]:
        yield Risque(
            code="codes_inconnus",
            gravite=Gravite.BLOQUANT,
            quoi=f"{_liste(inconnus)} : code inconnu.",
            pourquoi="Il n’est pas dans la table des codes interfaces.",
            que_faire="Ajoutez-le à la table s’il existe, ou retirez-le de la fiche.",
            champ="codes",
        )
    if not raccordes:
        yield Risque(
            code="aucun_code",
            gravite=Gravite.BLOQUANT,
            quoi="Aucun flux n’est raccordé.",
            pourquoi="Tous les codes interfaces sont à « Pas de raccordement », ou sans réponse.",
            que_faire="Choisissez « Complète » ou « Partielle » pour au moins un code.",
            champ="codes",
        )
    if sans_reponse := [connu.code for connu in offerts if connu.au_guide and connu.code not in choix]:
        yield Risque(
            code="codes_sans_reponse",
            gravite=Gravite.BLOQUANT,
            quoi=f"{_liste(sans_reponse)} : aucun choix n’est fait.",
            pourquoi="Le portail demande un choix pour chaque code interface.",
            que_faire="Choisissez un mode pour chacun, ou « Pas de raccordement » pour tous ceux qui restent.",
            champ="codes",
        )
    if tardifs := [connu.code for connu in offerts if not connu.au_guide and connu.code not in choix]:
        yield Risque(
            code="codes_recents_sans_reponse",
            gravite=Gravite.INFORMATION,
            quoi=f"{_liste(tardifs)} : aucun choix n’est fait pour ces codes plus récents que le guide.",
            pourquoi="Le portail les propose peut-être aujourd’hui ; ils ne sont pas dans le guide de 2017.",
            que_faire="Laissez-les ainsi, ou choisissez un mode si le portail les montre.",
            champ="codes",
        )
    if fermes := [c for c in raccordes if c in connus and _ferme(connus[c], environnement, faits.jour)]:
        yield Risque(
            code="codes_hors_validite",
            gravite=Gravite.AVERTISSEMENT,
            quoi=f"{_liste(fermes)} : code hors de sa période de validité.",
            pourquoi="La table des codes interfaces le dit fermé à cette date.",
            que_faire="Vérifiez sur le portail qu’il est proposé.",
            champ="codes",
        )
    if incertains := [code for code in raccordes if code in connus and connus[code].surete != Surete.A]:
        yield Risque(
            code="codes_incertains",
            gravite=Gravite.AVERTISSEMENT,
            quoi=f"{_liste(incertains)} : code dont l’existence n’est pas confirmée par un texte officiel.",
            pourquoi="Il vient d’une source publique de sûreté B ou C.",
            que_faire="Vérifiez sur le portail qu’il est proposé.",
            champ="codes",
        )


def _ferme(connu: CodeConnu, environnement: str, jour: date) -> bool:
    ouvert = connu.production if environnement == EnvironnementChorus.PRODUCTION else connu.qualification
    return ouvert and not connu.offert(environnement, jour)


def _reseau(faits: Faits) -> Iterator[Risque]:
    aife: Mapping[str, Any] = faits.contenu["reseau"]["aife"]
    if not aife.get("adresse"):
        yield Risque(
            code="aife_inconnue",
            gravite=Gravite.INFORMATION,
            quoi="L’adresse de l’AIFE n’est pas connue pour ce protocole et cet environnement.",
            pourquoi="Aucune source publique ne la donne.",
            que_faire="Relevez-la sur le portail et ajoutez-la aux valeurs réseau de l’AIFE.",
            champ="reseau_aife",
        )
    elif _privee(aife["adresse"]):
        yield Risque(
            code="aife_privee",
            gravite=Gravite.AVERTISSEMENT,
            quoi=f"L’adresse de l’AIFE, {aife['adresse']}, est une adresse privée.",
            pourquoi="C’est une valeur de démonstration du guide de 2017 : aucun partenaire ne peut la joindre.",
            que_faire="Relevez la valeur actuelle sur le portail avant de paramétrer le réseau.",
            champ="reseau_aife",
        )
    vu_le = aife.get("vu_le")
    if aife.get("adresse") and vu_le and faits.jour - date.fromisoformat(vu_le) > VUE_ANCIENNE:
        yield Risque(
            code="aife_ancienne",
            gravite=Gravite.INFORMATION,
            quoi=f"Les valeurs réseau de l’AIFE ont été vues le {date.fromisoformat(vu_le):%d/%m/%Y}.",
            pourquoi="Elles datent de plus d’un an et ont pu changer.",
            que_faire="Comparez-les avec le portail.",
            champ="reseau_aife",
        )
    sienne = faits.contenu["reseau"]["partenaire"]["adresse"]
    if _privee(sienne):
        yield Risque(
            code="partenaire_prive",
            gravite=Gravite.AVERTISSEMENT,
            quoi=f"L’adresse du partenaire, {sienne}, est une adresse privée.",
            pourquoi="Chorus Pro ne peut pas la joindre depuis l’internet.",
            que_faire="Demandez au contact technique l’adresse publique.",
            champ="partenaire_adresse",
        )


def _voisines(faits: Faits) -> Iterator[Risque]:
    protocole = faits.contenu["protocole"]
    for voisine in faits.voisines:
        meme = voisine.protocole == protocole
        autre = Protocole(voisine.protocole).label if voisine.protocole else "EDI"
        yield Risque(
            code="autre_fiche_meme_protocole" if meme else "autre_fiche_autre_protocole",
            gravite=Gravite.AVERTISSEMENT,
            quoi=f"La fiche {voisine.fiche}, {autre}, est déjà « {voisine.etat} » pour ce partenaire.",
            pourquoi="Deux fiches actives pour un SIRET et un protocole reçoivent deux codes appli partenaire."
            if meme
            else "L’annexe EDI de l’AIFE demande à un partenaire d’utiliser un seul protocole.",
            que_faire="Vérifiez que celle-ci doit s’y ajouter, et non la mettre à jour.",
            champ="structure",
        )


# --- API ---------------------------------------------------------------------------------------------------------


def _api(faits: Faits) -> Iterator[Risque]:
    fige = faits.contenu
    if fige["formulaire"] == Generation.CERTIFICAT:
        yield Risque(
            code="api_par_certificat",
            gravite=Gravite.AVERTISSEMENT,
            quoi="Cette fiche API suit le formulaire de 2017, avec un certificat.",
            pourquoi="Chorus Pro refuse l’authentification de l’API par certificat depuis le 1er janvier 2021.",
            que_faire="Créez une fiche API déclarée par une application PISTE.",
            champ="generation",
        )
    bac_a_sable = fige["application_piste"].upper().startswith(APPLICATION_BAC_A_SABLE)
    if fige["application_piste"] and bac_a_sable == faits.production:
        yield Risque(
            code="application_de_l_autre_environnement",
            gravite=Gravite.AVERTISSEMENT,
            quoi="L’application PISTE ne semble pas être celle de cet environnement.",
            pourquoi="PISTE nomme celle de la qualification, et elle seule, « APP_SANDBOX_ » suivi de l’adresse "
            "du compte.",
            que_faire="Vérifiez son nom sur PISTE.",
            champ="application_piste",
        )


def _liste(codes: Sequence[str]) -> str:
    return ", ".join(codes)


def _privee(adresse: str) -> bool:
    try:
        return ipaddress.ip_address(adresse).is_private
    except ValueError:
        return False
