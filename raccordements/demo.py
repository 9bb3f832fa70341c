"""The demonstration's accounts, structures and fiches, in each status; everything is invented.

It is made by the services, by the people of `dossiers.demo`, so that it obeys every rule. The SIRETs are those of the
simulator's data, and of dossiers of the demonstration: fictitious, with a right key but for two of qualification.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.db import transaction
from django.utils import timezone

from dossiers.demo import PERSONNES
from dossiers.models import Collaborateur, Dossier
from dossiers.roles import COLLABORATEUR, MANAGER
from raccordements.certificats.analyse import analyser
from raccordements.certificats.defenses import Limites
from raccordements.chorus.matelas import APPLICATIONS, COMPTES, STRUCTURES
from raccordements.models import (
    Certificat,
    CodeInterface,
    CompteChorus,
    EnvironnementChorus,
    Etat,
    Fiche,
    Generation,
    Genre,
    Mode,
    Protocole,
    Structure,
    UsageCertificat,
)
from raccordements.services.approbation import approuver, refuser, soumettre
from raccordements.services.certificats import garder
from raccordements.services.envoi import Canal, constater, desactiver, noter_envoi, prendre_pour_envoi
from raccordements.services.redaction import Saisie, creer, modifier
from raccordements.services.structures import enregistrer_structure

QUALIFICATION, PRODUCTION = EnvironnementChorus.QUALIFICATION, EnvironnementChorus.PRODUCTION
#: Ranks, in the simulator's data, of the structures of qualification; the third has a wrong key, as some really do.
RANGS_DE_QUALIFICATION = (2, 3, 5, 6)
#: Dossiers of the demonstration whose first establishment is a structure of production.
DOSSIERS = ("DEMO001", "DEMO002", "DEMO003", "DEMO006", "DEMO008", "DEMO012")
CODES = ("FSO1100A", "FSO1110A", "FEN1200A")
RAISON = "données de démonstration"
LIMITES = Limites(taille=64 * 1024, nombre=10, memoire=2**40, secondes=60)
JOUR = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class FicheDemo:
    """One fiche to show: on which structure (rank in its environment), and how far it went.

    `etape`: brouillon, soumise, refusee, approuvee, or a status of Etat. `jours`: since it left. `fin`: days left to
    its certificate.
    """

    rang: int
    environnement: EnvironnementChorus = PRODUCTION
    protocole: Protocole | None = None
    generation: Generation = Generation.PISTE
    etape: str = "brouillon"
    jours: int = 0
    fin: int = 400
    champs: dict[str, Any] = field(default_factory=dict)

    @property
    def genre(self) -> Genre:
        return Genre.EDI if self.protocole else Genre.API


FICHES = (
    FicheDemo(rang=0, protocole=Protocole.AS2, etape=Etat.ACTIVEE, jours=320, fin=38),
    FicheDemo(rang=1, protocole=Protocole.SFTP, etape=Etat.ENVOYEE, jours=6),
    FicheDemo(rang=2, protocole=Protocole.PESIT, etape=Etat.ENVOYEE_MAJ, jours=1, fin=700),
    FicheDemo(rang=3, protocole=Protocole.SFTP, etape=Etat.DESACTIVEE, jours=200, fin=150),
    FicheDemo(rang=4, protocole=Protocole.AS2, etape="soumise"),
    FicheDemo(rang=5, protocole=Protocole.SFTP, etape="refusee"),
    FicheDemo(rang=0, environnement=QUALIFICATION, protocole=Protocole.AS2, etape=Etat.ACTIVEE, jours=40),
    FicheDemo(rang=1, environnement=QUALIFICATION, protocole=Protocole.SFTP, etape="approuvee"),
    FicheDemo(rang=2, environnement=QUALIFICATION, protocole=Protocole.PESIT),
    FicheDemo(rang=0, etape=Etat.ACTIVEE, jours=90),
    FicheDemo(rang=1, etape=Etat.ENVOYEE, jours=1),
    FicheDemo(rang=3, etape="soumise"),
    FicheDemo(rang=2, generation=Generation.CERTIFICAT, etape=Etat.ACTIVEE, jours=300, fin=20),
    FicheDemo(rang=0, environnement=QUALIFICATION),
)
CONTACT = {
    "contact_nom": "Camille Inventée",
    "contact_telephone": "0102030405",
    "contact_courriel": "technique@client-demo.example",
}
RESEAU = {
    "partenaire_identifiant": "PARTENAIREDEMO",
    "partenaire_adresse": "as2.client-demo.example",
    "partenaire_port": 4080,
    "partenaire_chemin": "/depot",
}


def _personne(role: str) -> Collaborateur:
    identifiant = next(personne.identifiant for personne in PERSONNES if personne.role == role and not personne.limite)
    trouvee: Collaborateur = Collaborateur.objects.get(username=identifiant)
    return trouvee


@transaction.atomic
def creer_raccordements() -> list[Fiche]:
    """Accounts, structures, then fiches unless there are some. The people of `dossiers.demo` must exist.

    Returns the fiches that Chorus Pro is said to have.
    """
    collaborateur, manager = _personne(COLLABORATEUR), _personne(MANAGER)
    comptes = {environnement: _compte(environnement) for environnement in EnvironnementChorus}
    structures = _structures(collaborateur, comptes)
    siennes = Fiche.toutes.filter(structure__in=[s for liste in structures.values() for s in liste])
    if not siennes.exists():
        for rang, modele in enumerate(FICHES):
            _Recit(modele, structures[modele.environnement][modele.rang], rang, collaborateur, manager).raconter()
    return list(siennes.filter(version_envoyee__isnull=False).select_related("structure"))


def structures_du_portail() -> list[dict[str, Any]]:
    """The structures of the dossiers as the simulator takes them (`SimulateurChorus.charger`)."""
    connus = {siret for siret, _, _ in STRUCTURES}
    siennes = Structure.objects.filter(environnement=PRODUCTION, dossier__isnull=False).exclude(siret__in=connus)
    return [
        {
            "environnement": PRODUCTION.value,
            "idStructureCPP": 32_000_000 + structure.pk,
            "identifiant": structure.siret,
            "designation": structure.designation.upper(),
            "genre": "PRIVEE",
        }
        for structure in siennes
    ]


def _compte(environnement: EnvironnementChorus) -> CompteChorus:
    """The account whose secrets are the simulator's."""
    application, technique = APPLICATIONS[environnement.value], COMPTES[environnement.value]
    maintenant = timezone.now()
    compte, _ = CompteChorus.objects.get_or_create(
        environnement=environnement,
        client_id=application["client_id"],
        login=technique["login"],
        defaults={
            "nom": f"Chorus Pro, {environnement.label.lower()} (démonstration)",
            "application": application["nom"],
            "client_secret": application["client_secret"],
            "client_secret_defini_le": maintenant,
            "mot_de_passe": technique["mot_de_passe"],
            "mot_de_passe_defini_le": maintenant,
            "mot_de_passe_change_le": timezone.localdate() - 30 * JOUR,
        },
    )
    return compte


def _structures(
    par: Collaborateur, comptes: dict[EnvironnementChorus, CompteChorus]
) -> dict[EnvironnementChorus, list[Structure]]:
    dossiers = {d.code: d for d in Dossier.objects.filter(code__in=DOSSIERS).prefetch_related("etablissements")}
    production = [
        enregistrer_structure(
            dossier.etablissements.all()[0].siret,
            PRODUCTION,
            par=par,
            designation=dossier.raison_sociale,
            dossier=dossier,
            compte=comptes[PRODUCTION],
        )
        for dossier in (dossiers[code] for code in DOSSIERS)
    ]
    qualification = [
        enregistrer_structure(siret, QUALIFICATION, par=par, designation=nom, compte=comptes[QUALIFICATION])
        for siret, nom, _ in (STRUCTURES[rang] for rang in RANGS_DE_QUALIFICATION)
    ]
    return {PRODUCTION: production, QUALIFICATION: qualification}


@dataclass
class _Recit:
    """Makes one fiche and takes it as far as its model says, each step by who would do it."""

    modele: FicheDemo
    structure: Structure
    rang: int
    collaborateur: Collaborateur
    manager: Collaborateur

    def raconter(self) -> None:
        modele = self.modele
        self.fiche = creer(
            modele.genre, self.structure, self._saisie(), par=self.collaborateur, generation=self._generation()
        )
        if modele.etape == "brouillon":
            return
        self._soumettre()
        if modele.etape == "soumise":
            return
        if modele.etape == "refusee":
            refuser(
                self.fiche,
                empreinte_lue=self._empreinte(),
                motif="Le client passe par AS2 : revoyez le protocole avec lui.",
                par=self.manager,
            )
            return
        self._approuver()
        if modele.etape != "approuvee":
            self._envoyer()

    def _envoyer(self) -> None:
        etape, parti = self.modele.etape, timezone.now() - self.modele.jours * JOUR
        if etape == Etat.ENVOYEE:
            self._partir(parti)
            return
        self._partir(parti - 100 * JOUR if etape == Etat.ENVOYEE_MAJ else parti)
        preuve = {"source": RAISON}
        constater(self.fiche, Etat.ACTIVEE, source=RAISON, preuve=preuve, par=None)
        if etape == Etat.ENVOYEE_MAJ:
            saisie = Saisie(champs={"commentaires": "Certificat renouvelé chez le client."})
            modifier(self.fiche, saisie, edition=self._relue().edition, par=self.collaborateur)
            self._soumettre()
            self._approuver()
            self._partir(parti)
        if etape == Etat.DESACTIVEE:
            desactiver(self.fiche, motif="Le client a changé de logiciel.", par=self.manager)

    def _saisie(self) -> Saisie:
        modele = self.modele
        if modele.protocole is None:
            application = APPLICATIONS[modele.environnement.value]["nom"]
            piste = {} if modele.generation == Generation.CERTIFICAT else {"application_piste": application}
            return Saisie(champs={**CONTACT, **piste}, certificats=self._certificats())
        if modele.etape == "brouillon":
            return Saisie(champs={"protocole": modele.protocole, "contact_nom": CONTACT["contact_nom"]})
        offerts = CodeInterface.objects.offerts(modele.environnement).values_list("code", flat=True)
        return Saisie(
            champs={
                **CONTACT,
                **(RESEAU if modele.protocole == Protocole.AS2 else {}),
                "protocole": modele.protocole,
                "periode_du": timezone.localdate() - modele.jours * JOUR,
            },
            codes={code: Mode.PARTIELLE if code in CODES else Mode.AUCUN for code in offerts},
            certificats=self._certificats(),
        )

    def _certificats(self) -> dict[str, Certificat]:
        modele = self.modele
        if modele.protocole is None and modele.generation == Generation.PISTE:
            return {}
        deux = modele.protocole in {Protocole.AS2, Protocole.PESIT}
        octets = certificat(f"edi{self.rang}.client-demo.example", self.structure.siret[:9], fin=modele.fin)
        garde = garder(analyser(octets, LIMITES), f"client_{self.rang}.p7b", par=self.collaborateur)
        return {UsageCertificat.LES_DEUX if deux else UsageCertificat.CLIENT: garde}

    def _generation(self) -> str:
        return "" if self.modele.protocole else self.modele.generation

    def _relue(self) -> Fiche:
        relue: Fiche = Fiche.objects.select_related("version").get(pk=self.fiche.pk)
        return relue

    def _empreinte(self) -> str:
        version = self._relue().version
        return version.empreinte if version else ""

    def _soumettre(self) -> None:
        soumettre(self.fiche, edition=self._relue().edition, par=self.collaborateur, message="Relue avec le client.")

    def _approuver(self) -> None:
        approuver(self.fiche, empreinte_lue=self._empreinte(), par=self.manager)

    def _partir(self, quand: dt.datetime) -> None:
        version = prendre_pour_envoi(self.fiche, canal=Canal.API, par=None)
        noter_envoi(self.fiche, version, canal=Canal.API, par=None, envoyee_le=quand)


def certificat(nom: str, siren: str, *, fin: int) -> bytes:
    """A DER PKCS#7 of a chain of two, client and server, for a SIREN, with `fin` days left; its keys are lost."""
    maintenant = dt.datetime.now(dt.UTC).replace(microsecond=0)
    cle_racine, cle = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    racine = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Autorité inventée (démonstration)")])
    sujet = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, nom),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"0002 {siren}"),
        ]
    )
    usages: Sequence[x509.ObjectIdentifier] = (ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH)
    emission = x509.CertificateBuilder().issuer_name(racine)
    autorite = (
        emission.subject_name(racine)
        .public_key(cle_racine.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(maintenant - 700 * JOUR)
        .not_valid_after(maintenant + 2000 * JOUR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(cle_racine, hashes.SHA256())
    )
    feuille = (
        emission.subject_name(sujet)
        .public_key(cle.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(maintenant - 350 * JOUR)
        .not_valid_after(maintenant + fin * JOUR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .sign(cle_racine, hashes.SHA256())
    )
    return pkcs7.serialize_certificates([feuille, autorite], Encoding.DER)
