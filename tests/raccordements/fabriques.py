"""Connection sheets to test with, and the certificates they carry. Everything here is invented."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import Any
from uuid import uuid4

import factory
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from django.utils import timezone

from raccordements.certificats.analyse import analyser
from raccordements.certificats.defenses import Limites
from raccordements.certificats.schemas import Analyse
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
    Version,
)
from raccordements.services.approbation import approuver, soumettre
from raccordements.services.certificats import garder
from raccordements.services.contenu import empreinte
from raccordements.services.envoi import Canal, constater, noter_envoi, prendre_pour_envoi
from raccordements.services.redaction import Saisie, creer
from tests.fabriques import CollaborateurFactory, siret_fictif

LIMITES = Limites(taille=64 * 1024, nombre=10, memoire=2**40, secondes=60)
JOUR = dt.timedelta(days=1)
CONTACT = {
    "contact_nom": "Camille Inventée",
    "contact_telephone": "0102030405",
    "contact_courriel": "technique@tpe.example",
}
AS2 = {
    "protocole": Protocole.AS2,
    "partenaire_identifiant": "PARTENAIRE1",
    "partenaire_adresse": "as2.tpe.example",
    "partenaire_port": 4080,
    "partenaire_chemin": "/depot",
}


class CompteChorusFactory(factory.django.DjangoModelFactory):
    """An account of qualification, without secrets; `pret=True` for one that may call."""

    class Meta:
        model = CompteChorus

    class Params:
        production = factory.Trait(environnement=EnvironnementChorus.PRODUCTION)
        pret = factory.Trait(
            client_secret="secret-invente",
            client_secret_defini_le=factory.LazyFunction(timezone.now),
            mot_de_passe="mot-de-passe-invente",
            mot_de_passe_defini_le=factory.LazyFunction(timezone.now),
            mot_de_passe_change_le=factory.LazyFunction(timezone.localdate),
        )

    nom = factory.Sequence(lambda n: f"Compte Chorus {n}")
    environnement = EnvironnementChorus.QUALIFICATION
    client_id = factory.Sequence(lambda n: f"00000000-0000-4000-8000-{n:012d}")
    login = factory.Sequence(lambda n: f"TECH_1_{n}@cpro.fr")


class StructureFactory(factory.django.DjangoModelFactory):
    """A structure of production; `qualification=True` for one of the other environment."""

    class Meta:
        model = Structure

    class Params:
        qualification = factory.Trait(environnement=EnvironnementChorus.QUALIFICATION)

    siret = factory.Sequence(lambda n: siret_fictif(n, 2))
    environnement = EnvironnementChorus.PRODUCTION
    designation = factory.Sequence(lambda n: f"Fournisseur inventé {n}")


@lru_cache
def analyse(rang: int = 0, *, debut: int = -30, fin: int = 335, siren: str = "", usage: str = "deux") -> Analyse:
    """A chain of two, client and server unless `usage` is `client`; dates in days from the first call."""
    maintenant = dt.datetime.now(dt.UTC).replace(microsecond=0)
    cle_racine, cle = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    racine = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Autorité inventée {rang}")])
    attributs = [x509.NameAttribute(NameOID.COMMON_NAME, f"edi{rang}.tpe.example")]
    if siren:
        attributs.append(x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, f"0002 {siren}"))
    usages = [ExtendedKeyUsageOID.CLIENT_AUTH]
    if usage == "deux":
        usages.append(ExtendedKeyUsageOID.SERVER_AUTH)
    autorite = (
        x509.CertificateBuilder()
        .subject_name(racine)
        .issuer_name(racine)
        .public_key(cle_racine.public_key())
        .serial_number(1)
        .not_valid_before(maintenant - 400 * JOUR)
        .not_valid_after(maintenant + 1000 * JOUR)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(cle_racine, hashes.SHA256())
    )
    feuille = (
        x509.CertificateBuilder()
        .subject_name(x509.Name(attributs))
        .issuer_name(racine)
        .public_key(cle.public_key())
        .serial_number(1000 + rang)
        .not_valid_before(maintenant + debut * JOUR)
        .not_valid_after(maintenant + fin * JOUR)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage(usages), critical=False)
        .sign(cle_racine, hashes.SHA256())
    )
    return analyser(pkcs7.serialize_certificates([feuille, autorite], Encoding.DER), LIMITES)


def certificat(rang: int = 0, *, par: Any = None, **options: Any) -> Certificat:
    """A kept certificate; see `analyse`."""
    return garder(analyse(rang, **options), f"certificat_{rang}.p7b", par=par or superutilisateur())


def superutilisateur() -> Any:
    return CollaborateurFactory(superutilisateur=True)


def codes_complets(environnement: str, *raccordes: str) -> dict[str, str]:
    """An answer for every code offered: Complète for `raccordes`, FSO1100A by default, none for the others."""
    raccordes = raccordes or ("FSO1100A",)
    offerts = CodeInterface.objects.offerts(environnement).values_list("code", flat=True)
    return {code: Mode.COMPLETE if code in raccordes else Mode.AUCUN for code in offerts}


def fiche_edi(
    *, par: Any = None, structure: Structure | None = None, protocole: str = Protocole.AS2, **champs: Any
) -> Any:
    """A complete draft, ready to be submitted by anyone but approved by nobody who is `par`."""
    structure = structure or StructureFactory()
    par = par or superutilisateur()
    deux = protocole in {Protocole.AS2, Protocole.PESIT}
    saisie = Saisie(
        champs={**CONTACT, **(AS2 if protocole == Protocole.AS2 else {"protocole": protocole}), **champs},
        codes=codes_complets(structure.environnement),
        certificats={UsageCertificat.LES_DEUX if deux else UsageCertificat.CLIENT: certificat()},
    )
    return creer(Genre.EDI, structure, saisie, par=par)


def fiche_api(*, par: Any = None, structure: Structure | None = None, generation: str = Generation.PISTE) -> Any:
    """A complete draft of an API fiche."""
    piste = {"application_piste": "Application inventée"} if generation == Generation.PISTE else {}
    joints = {UsageCertificat.CLIENT: certificat()} if generation == Generation.CERTIFICAT else {}
    return creer(
        Genre.API,
        structure or StructureFactory(),
        Saisie(champs={**CONTACT, **piste}, certificats=joints),
        par=par or superutilisateur(),
        generation=generation,
    )


def relue(fiche: Any) -> Any:
    """The fiche as the database has it."""
    return Fiche.toutes.get(pk=fiche.pk)


def soumise(fiche: Any, *, par: Any = None) -> Any:
    fiche = relue(fiche)
    soumettre(fiche, edition=fiche.edition, par=par or fiche.cree_par)
    return relue(fiche)


def approuvee(fiche: Any, *, par: Any = None, manager: Any = None) -> Any:
    """Submitted, then approved by someone else."""
    fiche = soumise(fiche, par=par)
    approuver(fiche, empreinte_lue=fiche.version.empreinte, par=manager or superutilisateur())
    return relue(fiche)


def envoyee(fiche: Any, **options: Any) -> Any:
    fiche = approuvee(fiche, **options)
    version = prendre_pour_envoi(fiche, canal=Canal.API, par=None)
    noter_envoi(fiche, version, canal=Canal.API, par=None)
    return relue(fiche)


def activee(fiche: Any, **options: Any) -> Any:
    fiche = envoyee(fiche, **options)
    constater(fiche, Etat.ACTIVEE, source="essai", preuve={"connexionEDI": True}, par=None, code_appli="VFE039")
    return relue(fiche)


def _copie(ligne: Any, **champs: Any) -> Any:
    """A row like another, not written yet."""
    colonnes = [c for c in ligne._meta.concrete_fields if not (c.primary_key or c.generated)]
    return type(ligne)(**{c.attname: getattr(ligne, c.attname) for c in colonnes} | champs)


def semblables(modele: Any, nombre: int) -> list[Any]:
    """Fiches of other partners in the situation of `modele`, with their version and no history, in a few queries."""
    modele = relue(modele)
    version = modele.version
    neuve = {"version_id": None, "version_envoyee_id": None, "etat": Etat.BROUILLON, "approbation": "a_soumettre"}
    attente = {"etat": Version.Etat.EN_ATTENTE, "decide_par_id": None, "decide_le": None}
    structures = StructureFactory.create_batch(nombre)
    fiches = Fiche.toutes.bulk_create(
        _copie(modele, reference=uuid4(), structure_id=structure.pk, **neuve) for structure in structures
    )
    contenus = [
        version.contenu | {"partenaire": {"siret": structure.siret, "designation": structure.designation}}
        for structure in structures
    ]
    versions = Version.objects.bulk_create(
        _copie(version, fiche_id=fiche.pk, contenu=contenu, empreinte=empreinte(contenu), **attente)
        for fiche, contenu in zip(fiches, contenus, strict=True)
    )
    for lignes, champ, copies in (
        (version.participations.all(), "version_id", versions),
        (modele.lignes.all(), "fiche_id", fiches),
        (modele.certificats_joints.all(), "fiche_id", fiches),
    ):
        lignes.model.objects.bulk_create(_copie(une, **{champ: copie.pk}) for une in lignes for copie in copies)
    Version.objects.filter(pk__in=[sienne.pk for sienne in versions]).update(
        etat=version.etat, decide_par=version.decide_par, decide_le=version.decide_le
    )
    for fiche, sienne in zip(fiches, versions, strict=True):
        fiche.version, fiche.etat, fiche.approbation = sienne, modele.etat, modele.approbation
        fiche.version_envoyee = sienne if modele.version_envoyee_id else None
    Fiche.toutes.bulk_update(fiches, ["version", "version_envoyee", "etat", "approbation"])
    return [relue(fiche) for fiche in fiches]
