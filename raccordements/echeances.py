"""The deadlines of the connection sheets and of the external platforms, for the radar of the core."""

from __future__ import annotations

from datetime import UTC, date
from typing import Any

from django.db.models import Case, DateField, Exists, ExpressionWrapper, F, OuterRef, Q, QuerySet, Value, When
from django.db.models.functions import TruncDate
from django.urls import reverse

from config.jours import jour_ouvre_suivant
from dossiers.affichage import adresse
from dossiers.echeances.registre import RETARD, Description, Source, greffer_source
from dossiers.models import Collaborateur
from raccordements.affichage import adresse_fiche
from raccordements.models import Certificat, CompteChorus, Fiche, Souscription
from raccordements.models.compte import VIE_MOT_DE_PASSE
from raccordements.models.fiche import EN_SERVICE, CertificatJoint
from raccordements.models.statuts import PARTIS
from raccordements.souscriptions.etapes import EtatSouscription, Progres

MODIFIER_FICHE = "raccordements.change_fiche"


@greffer_source
class FinDeCertificat(Source):
    """The first end of the chain of a certificate, on a fiche that Chorus Pro has."""

    genre, libelle, icone = "certificat", "Certificat", "workspace_premium"
    permission, permission_remede = "raccordements.view_fiche", MODIFIER_FICHE
    modele = CertificatJoint
    champ, instant = "certificat__expire_le", True
    dossier, createur = "fiche__structure__dossier", "fiche__cree_par"

    def lignes(self, jour: date) -> QuerySet[Any]:
        return CertificatJoint.objects.filter(fiche__etat__in=EN_SERVICE)

    def visibles(self, lignes: QuerySet[Any], personne: Collaborateur) -> QuerySet[Any]:
        if not personne.portefeuille_seul:
            return lignes
        return lignes.filter(fiche__in=Fiche.objects.visibles_par(personne).order_by().values("pk"))

    def charger(self, lignes: QuerySet[Any]) -> QuerySet[Any]:
        return lignes.select_related("certificat", "fiche__structure__dossier").defer(
            "certificat__contenu", "certificat__analyse"
        )

    def decrire(self, ligne: CertificatJoint, jour: date) -> Description:
        fin: Certificat = ligne.certificat
        return Description(
            objet=f"{fin.nom_fichier}, {ligne.get_usage_display().lower()} de la {_en_phrase(ligne.fiche)}",
            adresse=adresse_fiche(ligne.fiche),
            a_faire="Préparer le renouvellement",
            remede=reverse("admin:raccordements_certificat_remplacer", args=[fin.pk]),
            dossier=ligne.fiche.structure.dossier,
        )


@greffer_source
class FinDeMotDePasse(Source):
    """The end of the technical password of an account in service: what Chorus Pro said, else 424 days after its change.

    The same rule as `CompteChorus.expire_le`. An account serves several structures: it has no dossier.
    """

    genre, libelle, icone = "mot_de_passe", "Mot de passe technique", "password"
    permission, permission_remede = "raccordements.view_comptechorus", "raccordements.change_comptechorus"
    modele = CompteChorus
    champ, dossier, administrateurs = "fin_mot_de_passe", "", True

    def lignes(self, jour: date) -> QuerySet[Any]:
        lue_le = TruncDate("fin_lue_le", tzinfo=UTC)
        lue = Q(mot_de_passe_change_le=None) | Q(jour_lu__gt=F("mot_de_passe_change_le"))
        calculee = ExpressionWrapper(
            F("mot_de_passe_change_le") + Value(VIE_MOT_DE_PASSE.days), output_field=DateField()
        )
        fin = Case(When(lue, fin_lue__isnull=False, fin_lue_le__isnull=False, then=F("fin_lue")), default=calculee)
        comptes = CompteChorus.objects.en_service().annotate(jour_lu=lue_le)
        return comptes.annotate(fin_mot_de_passe=fin).filter(fin_mot_de_passe__isnull=False)

    def charger(self, lignes: QuerySet[Any]) -> QuerySet[Any]:
        return lignes.defer("client_secret", "mot_de_passe")

    def decrire(self, ligne: CompteChorus, jour: date) -> Description:
        page = adresse(ligne)
        return Description(
            objet=f"Compte « {ligne.nom} », {ligne.get_environnement_display().lower()}",
            adresse=page,
            a_faire="Renouveler le mot de passe sur Chorus Pro, puis le saisir ici",
            remede=page,
        )


class _SurUneFiche(Source):
    permission, modele = "raccordements.view_fiche", Fiche
    dossier, createur = "structure__dossier", "cree_par"

    def charger(self, lignes: QuerySet[Any]) -> QuerySet[Any]:
        return lignes.select_related("structure__dossier")


@greffer_source
class FinDePeriode(_SurUneFiche):
    """The last day of the connection period of an EDI fiche that Chorus Pro has."""

    genre, libelle, icone = "periode", "Période de raccordement", "date_range"
    permission_remede = MODIFIER_FICHE
    champ = "periode_au"

    def lignes(self, jour: date) -> QuerySet[Any]:
        return Fiche.objects.en_service().filter(periode_au__isnull=False)

    def decrire(self, ligne: Fiche, jour: date) -> Description:
        page = adresse_fiche(ligne)
        return Description(
            objet=str(ligne),
            adresse=page,
            a_faire="Prolonger la période, ou noter la désactivation",
            remede=page,
            dossier=ligne.structure.dossier,
        )


@greffer_source
class AttenteActivation(_SurUneFiche):
    """A fiche that was sent: AIFE activates it the next working day (`raccordements.services.suivi`)."""

    genre, libelle, icone = "activation", "Activation attendue", "hourglass_top"
    permission_remede = "raccordements.constater_fiche"
    champ, instant, seuils = "envoyee_le", True, (RETARD,)

    def lignes(self, jour: date) -> QuerySet[Any]:
        return Fiche.objects.filter(etat__in=PARTIS)

    def jour_de(self, valeur: Any) -> date:
        return jour_ouvre_suivant(super().jour_de(valeur))

    def decrire(self, ligne: Fiche, jour: date) -> Description:
        page = adresse_fiche(ligne)
        return Description(
            objet=f"{ligne} ({ligne.get_etat_display()})",
            adresse=page,
            a_faire="Constater l’activation, ou écrire au support",
            remede=page,
            dossier=ligne.structure.dossier,
        )


class _SurUneSouscription(Source):
    permission, modele = "raccordements.view_souscription", Souscription
    createur = "cree_par"

    def charger(self, lignes: QuerySet[Any]) -> QuerySet[Any]:
        return lignes.pour_liste()


@greffer_source
class EffetDeSouscription(_SurUneSouscription):
    """The first day of a subscription: to be subscribed before it, or the platform receives nothing that day."""

    genre, libelle, icone = "effet", "Effet d’une souscription", "start"
    permission_remede = "raccordements.commencer_souscription"
    champ = "debut"

    def lignes(self, jour: date) -> QuerySet[Any]:
        a_venir = Souscription.objects.au_stade(Progres.SOUSCRIT, jour).exclude(etat=EtatSouscription.RESILIEE)
        return Souscription.objects.vivantes().filter(
            Q(souscrite_le=None) | Q(etat=EtatSouscription.OUBLIEE) | Q(pk__in=a_venir.order_by().values("pk"))
        )

    def decrire(self, ligne: Souscription, jour: date) -> Description:
        page = adresse(ligne)
        return Description(
            objet=str(ligne),
            adresse=page,
            a_faire="Vérifier que la plateforme est prête" if ligne.acquise else "Mener la souscription à son terme",
            remede=page,
            dossier=ligne.dossier,
        )


@greffer_source
class FinDeSouscription(_SurUneSouscription):
    """The last day of a subscription: what follows it is to be prepared before, Cegid OD is to be told after."""

    genre, libelle, icone = "fin", "Fin d’une souscription", "event_busy"
    permission_remede = "raccordements.terminer_souscription"
    champ = "fin"

    def lignes(self, jour: date) -> QuerySet[Any]:
        suite = Souscription.objects.filter(ligne=OuterRef("ligne"), debut__gt=OuterRef("fin")).exclude(
            etat=EtatSouscription.ANNULEE
        )
        a_dire = Souscription.objects.au_stade(Progres.FIN_A_DIRE, jour)
        sans_suite = Souscription.objects.acquises().filter(~Exists(suite), fin__gte=jour)
        return Souscription.objects.filter(fin__isnull=False).filter(
            Q(pk__in=a_dire.order_by().values("pk")) | Q(pk__in=sans_suite.order_by().values("pk"))
        )

    def decrire(self, ligne: Souscription, jour: date) -> Description:
        page = adresse(ligne)
        passee = ligne.fin is not None and ligne.fin < jour
        return Description(
            objet=str(ligne),
            adresse=page,
            a_faire="Dire la fin à Cegid OD" if passee else "Préparer la plateforme suivante",
            remede=page,
            dossier=ligne.dossier,
        )


def _en_phrase(fiche: Any) -> str:
    texte = str(fiche)
    return texte[:1].lower() + texte[1:]
