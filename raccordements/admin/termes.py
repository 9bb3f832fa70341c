"""Search of structures, fiches and certificates by the shape of the term: each goes to indexed columns."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from dossiers.admin.filtres import FiltreChoix
from dossiers.recherche import FORME_SIREN, FORME_SIRET, LONGUEUR_NOM, par_numero
from dossiers.sirene import chiffres
from raccordements.models import Certificat, CertificatJoint, Fiche, Structure

FORME_NUMERO = r"(?:n\s*°\s*)?[0-9]{1,8}"
FORME_CODE_APPLI = r"[A-Za-z]{3}[0-9]{3}"


def _de_siret(structures: QuerySet[Structure], terme: str) -> QuerySet[Structure]:
    return structures.filter(siret=chiffres(terme))


def _de_siren(structures: QuerySet[Structure], terme: str) -> QuerySet[Structure]:
    return structures.filter(siret__startswith=chiffres(terme))


def _de_nom(structures: QuerySet[Structure], terme: str) -> QuerySet[Structure]:
    if len(terme) < LONGUEUR_NOM:
        return structures.filter(designation__istartswith=terme)
    return structures.filter(designation__icontains=terme)


RECHERCHE_STRUCTURE = ((FORME_SIRET, _de_siret), (FORME_SIREN, _de_siren), (r".+", _de_nom))


def chercher_structures(structures: QuerySet[Structure], terme: str) -> QuerySet[Structure]:
    """Structures by SIRET, SIREN or designation; none for an empty term."""
    terme = terme.strip()[:200]
    if not terme:
        return structures.none()
    sirets = chiffres(terme)
    if sirets.isascii() and sirets.isdigit() and len(sirets) in {9, 14}:
        return structures.filter(siret__startswith=sirets)
    return _de_nom(structures, terme)


def _fiches_de(chercher: Any) -> Any:
    def trouver(fiches: QuerySet, terme: str) -> QuerySet:
        return fiches.filter(structure__in=chercher(Structure.objects.order_by(), terme).values("pk"))

    return trouver


def _de_numero(fiches: QuerySet, terme: str) -> QuerySet:
    return par_numero(fiches, "".join(filter(str.isdigit, terme)))


def _de_code_appli(fiches: QuerySet, terme: str) -> QuerySet:
    return fiches.filter(code_appli=terme.upper())


RECHERCHE_FICHE = (
    (FORME_SIRET, _fiches_de(_de_siret)),
    (FORME_SIREN, _fiches_de(_de_siren)),
    (FORME_NUMERO, _de_numero),
    (FORME_CODE_APPLI, _de_code_appli),
    (r".+", _fiches_de(_de_nom)),
)


def _de_empreinte(certificats: QuerySet[Certificat], terme: str) -> QuerySet[Certificat]:
    return certificats.filter(sha256=terme.replace(":", "").lower())


def _de_sujet(certificats: QuerySet[Certificat], terme: str) -> QuerySet[Certificat]:
    return certificats.filter(
        Q(sujet__icontains=terme) | Q(nom_fichier__icontains=terme) | Q(numero_serie__iexact=terme)
    )


RECHERCHE_CERTIFICAT = ((r"(?:[0-9a-f]{2}:?){32}", _de_empreinte), (r".+", _de_sujet))


class FiltreEcheance(FiltreChoix):
    """The days left before a certificate ends: the thresholds of CERTIFICATS_SEUILS."""

    title = "échéance"
    parameter_name = "echeance"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        seuils = [(str(jours), f"Dans {jours} jours au plus") for jours in settings.CERTIFICATS["seuils"]]
        return [("expires", "Expirés"), *seuils]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        choix, maintenant = self.valeur(), timezone.now()
        if not choix:
            return queryset
        if choix == "expires":
            return self.finissant(queryset, Q(expire_le__lt=maintenant))
        return self.finissant(queryset, Q(expire_le__range=(maintenant, maintenant + timedelta(days=int(choix)))))

    def finissant(self, queryset: QuerySet[Any], quand: Q) -> QuerySet[Any]:
        """The rows whose certificate ends so."""
        return queryset.filter(quand)


class FiltreEcheanceFiche(FiltreEcheance):
    """The same, of the certificates of a fiche."""

    title = "échéance du certificat"

    def finissant(self, queryset: QuerySet[Any], quand: Q) -> QuerySet[Any]:
        finissants = Certificat.objects.order_by().filter(quand).values("pk")
        return queryset.filter(pk__in=CertificatJoint.objects.filter(certificat__in=finissants).values("fiche"))


class FiltreUsage(FiltreChoix):
    """What is in service unless asked otherwise; `champ` is the date of archiving."""

    title = "usage"
    parameter_name = "usage"
    all_option = None
    champ = "archive_le"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("en_service", "En service"), ("archives", "Archivés"), ("tous", "Tous")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        choix = self.valeur() or "en_service"
        return queryset if choix == "tous" else queryset.filter(**{f"{self.champ}__isnull": choix == "en_service"})


class FiltreUsageStructure(FiltreUsage):
    champ = "archivee_le"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[str, str]]:
        return [("en_service", "En service"), ("archives", "Archivées"), ("tous", "Toutes")]


def certificats_visibles(personne: Any) -> QuerySet[Certificat]:
    """The certificates of the fiches `personne` may see, and those they gave; all for who is not limited."""
    certificats = Certificat.objects.all()
    if not getattr(personne, "portefeuille_seul", False):
        return certificats
    joints = CertificatJoint.objects.filter(fiche__in=Fiche.objects.visibles_par(personne).values("pk"))
    return certificats.filter(Q(pk__in=joints.values("certificat")) | Q(ajoute_par=personne))
