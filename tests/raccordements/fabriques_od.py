"""Platforms, addressing lines and subscriptions to test with. Everything here is invented; no name leads anywhere."""

from __future__ import annotations

import datetime as dt
from hashlib import sha256
from typing import Any

import factory
from django.utils import timezone

from dossiers.models import Environnement
from raccordements.models import HoteAdmis, LigneAdressage, Mandat, Plateforme, Souscription
from raccordements.souscriptions import lignes, mandats, suivi, vie
from raccordements.souscriptions.etapes import Niveau, Qualite
from tests.fabriques import CollaborateurFactory, DossierFactory

DOCUMENT = b"%PDF-1.4\nmandat invente"
#: As Cegid OD would give them; the key is invented.
DONNEES = '{"apiKey":"cle-inventee-de-connexion","perimetre":"invente"}'


class PlateformeFactory(factory.django.DjangoModelFactory):
    """A platform of the sandbox with contract, key and a pattern on an admitted host; `nue=True` without any."""

    class Meta:
        model = Plateforme
        skip_postgeneration_save = True

    class Params:
        nue = factory.Trait(
            contrat_reference="",
            contrat_le=None,
            cle_abonnement="",
            cle_abonnement_defini_le=None,
            modele_endpoint="",
        )

    nom = factory.Sequence(lambda n: f"Plateforme inventée {n}")
    environnement = Environnement.BAC_A_SABLE
    matricule = factory.Sequence(lambda n: f"{n % 8999 + 1:04d}")
    contrat_reference = factory.Sequence(lambda n: f"CONTRAT-INVENTE-{n}")
    contrat_le = dt.date(2026, 1, 15)
    cle_abonnement = "abonnement-de-plateforme-invente"
    cle_abonnement_defini_le = factory.LazyFunction(timezone.now)
    modele_endpoint = factory.LazyAttribute(lambda o: f"https://pa{int(o.matricule)}.example/cegid/{{identifiant}}")

    @factory.post_generation
    def hote(self: Any, create: bool, valeur: Any, **_: Any) -> None:
        if create and self.modele_endpoint:
            admettre(self, f"pa{int(self.matricule)}.example")


def admettre(plateforme: Any, hote: str) -> Any:
    """A host that two persons admitted."""
    return HoteAdmis.objects.create(
        plateforme=plateforme,
        hote=hote,
        propose_par=CollaborateurFactory(manager=True),
        confirme_par=CollaborateurFactory(manager=True),
        confirme_le=timezone.now(),
    )


class MandatFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Mandat

    dossier = factory.SubFactory(DossierFactory)
    demandeur = "Camille Inventée"
    courriel = "direction@tpe.example"
    qualite = Qualite.REPRESENTANT_LEGAL
    signe_le = dt.date(2026, 6, 1)
    contenu = DOCUMENT
    sha256 = sha256(DOCUMENT).hexdigest()
    nom_fichier = "mandat.pdf"
    format = Mandat.Format.PDF
    ajoute_par = factory.SubFactory(CollaborateurFactory)


def deposer(dossier: Any, par: Any, **champs: Any) -> Any:
    """A mandate kept by the service."""
    valeurs = {
        "demandeur": "Camille Inventée",
        "courriel": "direction@tpe.example",
        "qualite": Qualite.ADMINISTRATEUR_HABILITE,
        "signe_le": dt.date(2026, 9, 1),
        "octets": DOCUMENT,
        "nom_fichier": "mandat.pdf",
    }
    return mandats.deposer_mandat(dossier, par=par, **valeurs | champs)


class LigneAdressageFactory(factory.django.DjangoModelFactory):
    """A line of level SIREN of a dossier, for ever; `suffixe="..."` for one of level suffix."""

    class Meta:
        model = LigneAdressage

    dossier = factory.SubFactory(DossierFactory)
    environnement = factory.LazyAttribute(lambda o: o.dossier.cle.environnement)
    suffixe = ""
    niveau = factory.LazyAttribute(lambda o: Niveau.SUFFIXE if o.suffixe else Niveau.SIREN)
    siren = factory.LazyAttribute(lambda o: o.dossier.siren)
    identifiant = factory.LazyAttribute(lambda o: "_".join(filter(None, (o.siren, o.suffixe))))
    debut = dt.date(2026, 1, 1)
    cree_par = factory.SubFactory(CollaborateurFactory)


def superutilisateur() -> Any:
    return CollaborateurFactory(superutilisateur=True)


def ligne(dossier: Any = None, *, par: Any = None, niveau: str = Niveau.SIREN, **champs: Any) -> Any:
    """A line recorded by the service; for ever from the first of January 2026 unless told otherwise."""
    champs = {"debut": dt.date(2026, 1, 1), **champs}
    return lignes.enregistrer_ligne(dossier or DossierFactory(), niveau=niveau, par=par or superutilisateur(), **champs)


def planifiee(
    *, ligne: Any = None, plateforme: Any = None, par: Any = None, avec_mandat: bool = True, **champs: Any
) -> Any:
    """A subscription planned from today on, not started."""
    ligne = ligne or LigneAdressageFactory()
    mandat = MandatFactory(dossier=ligne.dossier) if avec_mandat else None
    champs = {"debut": timezone.localdate(), **champs}
    return vie.souscrire(
        ligne, plateforme or PlateformeFactory(), mandat=mandat, par=par or superutilisateur(), **champs
    )


def onboardee(**options: Any) -> Any:
    souscription = planifiee(**options)
    suivi.commencer_onboarding(souscription, par=options.get("par") or superutilisateur())
    return suivi.noter_onboarding(souscription, numero="ON-1", donnees=DONNEES)


def souscrite(**options: Any) -> Any:
    souscription = onboardee(**options)
    suivi.commencer_souscription(souscription, par=options.get("par") or superutilisateur())
    return suivi.noter_souscription(souscription, numero="SO-1", au=souscription.fin)


def oubliee(**options: Any) -> Any:
    return suivi.noter_oubli(souscrite(**options), message="Ligne inconnue.")


def relue(souscription: Any) -> Any:
    return Souscription.objects.pour_liste().get(pk=souscription.pk)
