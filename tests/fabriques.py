"""One factory per model, situations as Traits: `CleApiFactory(prete=True)`. Everything here is invented."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.utils import timezone

from dossiers import roles
from dossiers.models import (
    Appel,
    CleApi,
    Collaborateur,
    Dossier,
    Ecart,
    Environnement,
    Etablissement,
    Etat,
    Evenement,
    Explication,
    ImportEcritures,
    Lot,
    Offre,
    Operation,
    RechercheEnregistree,
)
from interlocuteurs.models import Acces, Interlocuteur

MOT_DE_PASSE = "Un-mot-de-passe-de-test-42"
_MOT_DE_PASSE_HACHE = make_password(MOT_DE_PASSE)


def cle_de_luhn(debut: str) -> str:
    """`debut` followed by the digit that makes its Luhn sum right."""
    somme = 0
    for rang, chiffre in enumerate(reversed(debut)):
        valeur = int(chiffre) * (2 if rang % 2 == 0 else 1)
        somme += valeur - 9 if valeur > 9 else valeur
    return debut + str(-somme % 10)


def siren_fictif(rang: int) -> str:
    """A fictitious SIREN with a right key: no real one starts with 999."""
    return cle_de_luhn(f"999{rang % 100_000:05d}")


def siret_fictif(rang: int, etablissement: int = 1) -> str:
    """A fictitious SIRET with a right key, of the fictitious SIREN of the same rank."""
    return cle_de_luhn(f"{siren_fictif(rang)}{etablissement:04d}")


class CollaborateurFactory(factory.django.DjangoModelFactory):
    """Someone of the practice; password `MOT_DE_PASSE`. One keyword per role; `portefeuille=True` limits them."""

    class Meta:
        model = Collaborateur
        skip_postgeneration_save = True

    class Params:
        superutilisateur = factory.Trait(is_superuser=True)
        portefeuille = factory.Trait(limite_au_portefeuille=True)

    username = factory.Sequence(lambda n: f"personne{n}")
    email = factory.LazyAttribute(lambda o: f"{o.username}@cabinet.example")
    login_loop = factory.LazyAttribute(lambda o: f"{o.username}@cabinet.example")
    password = _MOT_DE_PASSE_HACHE
    is_staff = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        demandes = [role for role in roles.ROLES if kwargs.pop(role.lower(), False)]
        personne = super()._create(model_class, *args, **kwargs)
        for role in demandes:
            personne.groups.add(Group.objects.get(name=role))
        return personne


class CleApiFactory(factory.django.DjangoModelFactory):
    """An advanced key of the sandbox, without secrets; `prete=True` for one that may call, `standard=True` a P04448."""

    class Meta:
        model = CleApi

    class Params:
        standard = factory.Trait(type=CleApi.Type.STANDARD)
        production = factory.Trait(environnement=Environnement.PRODUCTION)
        archivee = factory.Trait(archivee_le=factory.LazyFunction(timezone.now))
        prete = factory.Trait(
            client_secret="secret-invente",
            client_secret_defini_le=factory.LazyFunction(timezone.now),
            cle_abonnement="abonnement-invente",
            cle_abonnement_defini_le=factory.LazyFunction(timezone.now),
            activee_loophub=True,
        )

    nom = factory.Sequence(lambda n: f"Clé {n}")
    type = CleApi.Type.AVANCEE
    environnement = Environnement.BAC_A_SABLE
    domaine = "CABINETDEMO"
    cle_publique = factory.Sequence(lambda n: f"cle-publique-{n}")


class DossierFactory(factory.django.DjangoModelFactory):
    """A dossier in service, on a key that may call."""

    class Meta:
        model = Dossier

    class Params:
        operationnel = factory.Trait(statut=Dossier.Statut.OPERATIONNEL)
        archive = factory.Trait(archive_le=factory.LazyFunction(timezone.now))

    cle = factory.SubFactory(CleApiFactory, prete=True)
    code = factory.Sequence(lambda n: f"DEMO{n:05d}")
    nom_usuel = factory.Sequence(lambda n: f"Atelier {n}")
    raison_sociale = factory.Sequence(lambda n: f"SARL Atelier inventé {n}")
    siren = factory.Sequence(siren_fictif)


class EtablissementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Etablissement

    dossier = factory.SubFactory(DossierFactory)
    siret = factory.Sequence(siret_fictif)
    nom = "Établissement principal"


class OffreFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Offre

    dossier = factory.SubFactory(DossierFactory)
    code = Offre.Code.CONSULTATION
    voulue = True


class LotFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Lot

    plan = factory.LazyFunction(uuid.uuid4)
    geste = "ajouter_offre"
    libelle = "Ajouter l’offre « Consultation »"
    parametres = factory.LazyFunction(lambda: {"offre": "consultation"})
    environnement = Environnement.BAC_A_SABLE
    cree_par = factory.SubFactory(CollaborateurFactory)


class OperationFactory(factory.django.DjangoModelFactory):
    """An offer to add, waiting; one Trait per other state. Its name of remote object is its own unless given."""

    class Meta:
        model = Operation

    class Params:
        cle = factory.LazyAttribute(lambda o: o.dossier.cle if o.dossier else CleApiFactory(prete=True))
        en_cours = factory.Trait(
            etat=Etat.EN_COURS,
            tentatives=1,
            jeton=factory.LazyFunction(uuid.uuid4),
            bail_jusqu_au=factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=2)),
        )
        incertaine = factory.Trait(
            etat=Etat.INCERTAINE,
            tentatives=1,
            famille=Operation.Famille.PASSAGERE,
            message="La réponse s’est perdue.",
            quarantaine_jusqu_au=factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=2)),
        )
        a_verifier = factory.Trait(
            etat=Etat.A_VERIFIER, tentatives=1, famille=Operation.Famille.PASSAGERE, message="La réponse s’est perdue."
        )
        reussie = factory.Trait(
            etat=Etat.REUSSIE,
            tentatives=1,
            message="L'offre consultation a bien été ajoutée.",
            terminee_le=factory.LazyFunction(timezone.now),
        )
        echouee = factory.Trait(
            etat=Etat.ECHOUEE,
            tentatives=1,
            famille=Operation.Famille.DEFINITIVE,
            message="Le dossier n'existe pas sur le domaine.",
            terminee_le=factory.LazyFunction(timezone.now),
        )
        annulee = factory.Trait(etat=Etat.ANNULEE, terminee_le=factory.LazyFunction(timezone.now))

    dossier = factory.SubFactory(DossierFactory)
    guichet = factory.LazyAttribute(lambda o: o.cle.guichet)
    nature = "ajouter_offre"
    parametres = factory.LazyFunction(lambda: {"offre": "consultation"})
    objet = factory.Sequence(lambda n: f"loop:test:objet-{n}")


class AppelFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Appel

    operation = factory.SubFactory(OperationFactory)
    guichet = factory.SelfAttribute("operation.guichet")
    debut = factory.LazyFunction(timezone.now)
    methode = "POST"
    adresse = "http://127.0.0.1/loop-api-publiques/collaborativeOffer/addOffer"
    statut = 200
    duree_ms = 120


class EvenementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Evenement

    type = Evenement.Type.MODIFICATION
    texte = "Nom usuel modifié."
    dossier = factory.SubFactory(DossierFactory)


class ExplicationFactory(factory.django.DjangoModelFactory):
    """A message nobody explained yet; `ecrite=True` for one that a manager explained."""

    class Meta:
        model = Explication

    class Params:
        ecrite = factory.Trait(
            statut=Explication.Statut.ECRITE,
            constat="Loop n’a pas trouvé le dossier.",
            cause="Son code n’existe pas sur le domaine de la clé.",
            remede="Relevez LoopHub puis corrigez le code.",
        )

    systeme = Explication.Systeme.LOOP
    motif = factory.Sequence(lambda n: f"Message inconnu {n}")


class EcartFactory(factory.django.DjangoModelFactory):
    """An open difference on the nom usuel; `absent_ici=True` and `absent_la_bas=True` for the two others."""

    class Meta:
        model = Ecart

    class Params:
        absent_ici = factory.Trait(
            dossier=None,
            cle=factory.SubFactory(CleApiFactory, prete=True),
            classe=Ecart.Classe.ABSENT_ICI,
            code=factory.Sequence(lambda n: f"LABAS{n:05d}"),
            champs=factory.LazyFunction(
                lambda: {"nom_usuel": {"voulu": "", "connu": "", "constate": "Atelier de là-bas"}}
            ),
        )
        absent_la_bas = factory.Trait(classe=Ecart.Classe.ABSENT_LA_BAS, champs=factory.LazyFunction(dict))

    dossier = factory.SubFactory(DossierFactory)
    cle = factory.SelfAttribute("dossier.cle")
    code = factory.SelfAttribute("dossier.code")
    classe = Ecart.Classe.DIFFERENT
    champs = factory.LazyAttribute(
        lambda o: {"nom_usuel": {"voulu": o.dossier.nom_usuel, "connu": "", "constate": "Atelier renommé"}}
    )
    releve_le = factory.LazyFunction(timezone.now)
    operation = factory.SubFactory(
        OperationFactory,
        reussie=True,
        dossier=None,
        cle=factory.SelfAttribute("..cle"),
        nature="synchroniser_loophub",
        parametres=factory.LazyFunction(dict),
    )


class RechercheEnregistreeFactory(factory.django.DjangoModelFactory):
    """A search of the list of dossiers, shared with the practice."""

    class Meta:
        model = RechercheEnregistree

    nom = factory.Sequence(lambda n: f"Recherche {n}")
    liste = "dossiers.dossier"
    criteres = "statut__exact=a_preparer"
    partagee = True
    proprietaire = factory.SubFactory(CollaborateurFactory)


class ImportEcrituresFactory(factory.django.DjangoModelFactory):
    """A FEC ready to be sent, without its file; one Trait per other state that matters, `perso=True`, `lien=True`."""

    class Meta:
        model = ImportEcritures

    class Params:
        perso = factory.Trait(genre=ImportEcritures.Genre.PERSO, modele="MODELEINVENTE")
        lien = factory.Trait(
            source=ImportEcritures.Source.LIEN,
            nom_fichier="",
            taille=None,
            url="https://stockage.exemple.example/ecritures.txt?se=2099-01-01T00%3A00%3A00Z&sig=signature-inventee",
            lien_affiche="https://stockage.exemple.example/ecritures.txt?se=2099-01-01T00%3A00%3A00Z&sig=•••",
            lien_jusqu_au=factory.LazyFunction(lambda: timezone.now() + timedelta(days=7)),
        )
        parti = factory.Trait(
            etat=ImportEcritures.Etat.EN_ATTENTE,
            uri="depot-invente/ecritures.txt",
            demande_id=factory.Faker("uuid4"),
            envoye_le=factory.LazyFunction(timezone.now),
        )
        termine = factory.Trait(
            etat=ImportEcritures.Etat.TERMINE,
            uri="depot-invente/ecritures.txt",
            demande_id=factory.Faker("uuid4"),
            statut=3,
            statut_brut="3",
            envoye_le=factory.LazyFunction(timezone.now),
            fini_le=factory.LazyFunction(timezone.now),
        )

    dossier = factory.SubFactory(DossierFactory)
    cree_par = factory.SubFactory(CollaborateurFactory)
    nom_fichier = factory.LazyAttribute(lambda o: f"{o.dossier.siren}FEC20251231.txt" if o.dossier else "ecritures.txt")
    taille = 1000
    empreinte = factory.Sequence(lambda n: f"{n:064x}")
    etat = ImportEcritures.Etat.PRET


class InterlocuteurFactory(factory.django.DjangoModelFactory):
    """A contact that Loop has not received; `present=True` for one it has, `anonyme=True` for an erased one."""

    class Meta:
        model = Interlocuteur

    class Params:
        present = factory.Trait(
            presence=Interlocuteur.Presence.PRESENT,
            invitation=Interlocuteur.Invitation.INVITE,
            version_envoyee=1,
        )
        a_inviter = factory.Trait(invitation=Interlocuteur.Invitation.A_INVITER)
        anonyme = factory.Trait(anonymise_le=factory.LazyFunction(timezone.now))

    environnement = Environnement.BAC_A_SABLE
    domaine = "CABINETDEMO"
    email = factory.Sequence(lambda n: f"client{n}@tpe.example")
    nom = factory.Sequence(lambda n: f"Inventé {n}")
    prenom = "Camille"
    mobile = "+33705060302"


class AccesFactory(factory.django.DjangoModelFactory):
    """An accès wanted; `en_place=True` when Loop gives it."""

    class Meta:
        model = Acces

    class Params:
        en_place = factory.Trait(constate=True, constate_le=factory.LazyFunction(timezone.now))

    interlocuteur = factory.SubFactory(InterlocuteurFactory)
    dossier = factory.SubFactory(DossierFactory)
    offre = Offre.Code.CONSULTATION
    voulu = True
