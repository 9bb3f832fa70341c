"""The rules of the core, and what it never erases."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from dossiers.echeances.registre import RETARD, sources
from dossiers.models import REGLEES, Appel, Avis, Courriel, Ecart
from dossiers.retention.registre import Garde, Regle, enregistrer


def _avis(avant: datetime) -> QuerySet[Any]:
    """Old notices, but those of a deadline still past due: while it is, their row says that it was told."""
    jour = timezone.localdate()
    depassee = Q(pk__in=())
    for source in sources():
        lignes = source.jusqu_au(source.lignes(jour), jour).order_by()
        depassee |= Q(Exists(lignes.filter(pk=OuterRef("objet"))), genre=source.genre)
    anciens = Avis.objects.filter(Q(lu_le__lt=avant) | Q(montre=False), cree_le__lt=avant)
    return anciens.exclude(depassee, cle__endswith=f":{RETARD}")


def _courriels(avant: datetime) -> QuerySet[Any]:
    """Old digests, but one whose notices would go in another."""
    a_envoyer = Avis.objects.filter(courriel=OuterRef("pk"), a_envoyer=True)
    return Courriel.objects.filter(~Exists(a_envoyer), jour__lt=timezone.localdate(avant))


enregistrer(
    Regle(
        cle="appels",
        libelle="Appels aux systèmes distants",
        garde="L’opération, son état, le message reçu, son requestid et son journal. L’appel ne servait plus qu’au "
        "support. Celui d’une opération qui n’est pas réglée reste, quel que soit son âge.",
        anciennes=lambda avant: Appel.objects.filter(debut__lt=avant, operation__etat__in=REGLEES),
    ),
    Regle(
        cle="sessions",
        libelle="Sessions finies",
        garde="Rien\u00a0: une session finie n’ouvre plus rien. Qui s’est connecté, et quand, est une autre ligne.",
        anciennes=lambda avant: Session.objects.filter(expire_date__lt=avant),
    ),
    Regle(
        cle="connexions",
        libelle="Connexions réussies",
        garde="La date de la dernière connexion, sur la fiche du collaborateur.",
        anciennes=lambda avant: AccessLog.objects.filter(attempt_time__lt=avant),
    ),
    Regle(
        cle="essais",
        libelle="Essais de connexion",
        garde="Rien\u00a0: un essai bloquant ne bloque plus après CONNEXION_BLOCAGE_HEURES.",
        anciennes=lambda avant: AccessAttempt.objects.filter(attempt_time__lt=avant),
    ),
    Regle(
        cle="echecs_connexion",
        libelle="Connexions refusées",
        garde="Rien\u00a0: elles servent à voir une attaque en cours.",
        anciennes=lambda avant: AccessFailureLog.objects.filter(attempt_time__lt=avant),
    ),
    Regle(
        cle="avis",
        libelle="Avis lus ou seulement envoyés",
        garde="Ce que l’avis disait reste sur la fiche, au journal et dans les échéances. Un avis non lu reste, et "
        "celui d’une échéance encore dépassée.",
        anciennes=_avis,
    ),
    Regle(
        cle="courriels",
        libelle="Résumés par courriel",
        garde="Les avis qu’ils portaient.",
        anciennes=_courriels,
    ),
    Regle(
        cle="ecarts",
        libelle="Écarts réparés ou clos",
        garde="La réconciliation au journal, avec qui l’a faite.",
        anciennes=lambda avant: Ecart.objects.exclude(etat=Ecart.Etat.OUVERT).filter(releve_le__lt=avant),
    ),
    Garde(
        libelle="Journal",
        raison="Il est la preuve de ce qui a été demandé à Cegid et à Chorus Pro, et la loi de conservation le compare "
        "aux opérations.",
    ),
    Garde(
        libelle="Opérations et lots",
        raison="Demandées = en base = somme des états\u00a0: en ôter une ferait croire à une perte. Leur résultat, "
        "leur message et leur requestid restent.",
    ),
    Garde(libelle="Historiques des fiches", raison="Ils disent qui a changé quoi\u00a0; l’anonymisation les nettoie."),
    Garde(
        libelle="Secrets", raison="Une clé archivée garde les siens, chiffrés\u00a0: ses opérations la nomment encore."
    ),
)
