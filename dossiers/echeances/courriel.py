"""The digest: one mail a person a day at most, on a working morning, with what they have not read yet.

The row is written first, its notices tied to it, then the mail leaves, then the end is noted. A process killed in
between leaves « Envoi commencé »: such a mail is never sent again. It errs towards a lost mail, never towards two; the
notices of a lost one are in the product. What surely did not leave (no connection to the server, a refusal for now) is
tried again, then leaves its notices to the next digest. Without a server nothing is written nor sent.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from itertools import chain
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone

from config.jours import est_ouvre, jour_ouvre_suivant
from dossiers.affichage import pluriel
from dossiers.echeances.avis import ESCALADE, accessibles
from dossiers.models import Avis, Collaborateur, Courriel, Preference

logger = logging.getLogger(__name__)
#: Paris; the reminders of the day are written by then.
HEURE = time(7, 0)
#: Mails of one turn, notices written in one mail.
PAR_TOUR, LIGNES = 50, 100
TENTATIVES = 5
REPRISE = timedelta(minutes=15)
#: A notice goes in no digest after that: longer than a week and its holidays, so that a server set up late sends no
#: pile of old news.
FRAICHEUR = timedelta(days=14)


class _Injoignable(Exception):
    """No mail server answers: that of everybody."""


def envoyer_les_resumes(*, limite: int = PAR_TOUR) -> int:
    """Send what is due now. Returns how many mails left."""
    maintenant = timezone.localtime()
    jour = maintenant.date()
    if not settings.COURRIEL_ACTIF:
        return 0
    _delier_les_anciens(jour)
    if maintenant.time() < HEURE or not est_ouvre(jour):
        return 0
    repris = Courriel.objects.filter(
        etat=Courriel.Etat.A_REPRENDRE, jour=jour, essaye_le__lt=timezone.now() - REPRISE
    ).order_by("essaye_le")
    a_reprendre = (courriel for courriel in list(repris[:limite]) if _reprendre(courriel))
    partis = 0
    for courriel in chain(a_reprendre, _preparer(jour, limite)):
        try:
            partis += _essayer(courriel)
        except _Injoignable:
            # A mute server would hold a worker for EMAIL_DELAI at each mail: the others wait for another turn.
            break
    return partis


def premier_ouvre_de_la_semaine(jour: date) -> date:
    """The first working day of the week of `jour`, Monday but for holidays."""
    lundi = jour - timedelta(days=jour.weekday())
    return jour_ouvre_suivant(lundi - timedelta(days=1))


def _preparer(jour: date, limite: int) -> Iterator[Courriel]:
    """The next mails, each with its row written and its notices tied to it just before it is sent."""
    attendent = Avis.objects.filter(a_envoyer=True, courriel=None, lu_le=None, cree_le__gte=timezone.now() - FRAICHEUR)
    premier = premier_ouvre_de_la_semaine(jour)
    fin = timezone.make_aware(datetime.combine(premier + timedelta(days=1), time()))
    deja = Courriel.objects.filter(personne=OuterRef("pk"), jour__gte=premier).exclude(etat=Courriel.Etat.ECHOUE)
    personnes = (
        Collaborateur.objects.filter(is_active=True, is_staff=True)
        .exclude(email="")
        .exclude(courriels_avis__jour=jour)
        .exclude(preference_avis__frequence=Preference.Frequence.JAMAIS)
        .filter(
            Q(pk__in=attendent.order_by().values("personne"), preference_avis=None)
            | Q(
                pk__in=attendent.order_by().values("personne"),
                preference_avis__frequence=Preference.Frequence.CHAQUE_MATIN,
            )
            # Once, of what waited on the first working day; the rest is for the next week.
            | Q(
                ~Exists(deja),
                pk__in=attendent.filter(cree_le__lt=fin).order_by().values("personne"),
                preference_avis__frequence=Preference.Frequence.CHAQUE_SEMAINE,
            )
        )
        .order_by("pk")
    )
    for personne in list(personnes[:limite]):
        if courriel := _prendre(personne, jour, attendent):
            yield courriel


@transaction.atomic
def _prendre(personne: Collaborateur, jour: date, attendent: QuerySet[Avis]) -> Courriel | None:
    """The mail of this person and day, None when another process has it."""
    courriel, cree = Courriel.objects.get_or_create(personne=personne, jour=jour)
    if not cree:
        return None
    attendent.filter(personne=personne).update(courriel=courriel, a_envoyer=False)
    return courriel


def _reprendre(courriel: Courriel) -> bool:
    """Take again a mail that did not leave; False when another process has it."""
    moi = Courriel.objects.filter(pk=courriel.pk, etat=Courriel.Etat.A_REPRENDRE, essaye_le=courriel.essaye_le)
    pris = moi.update(etat=Courriel.Etat.EN_ENVOI, essaye_le=timezone.now(), tentatives=F("tentatives") + 1)
    if pris:
        courriel.refresh_from_db()
    return bool(pris)


def _delier_les_anciens(jour: date) -> None:
    """Give up the mails of another day that never left: the digest of today has their notices."""
    for courriel in Courriel.objects.filter(etat=Courriel.Etat.A_REPRENDRE, jour__lt=jour)[:PAR_TOUR]:
        _delier(courriel, Courriel.Etat.A_REPRENDRE)


@transaction.atomic
def _delier(courriel: Courriel, etat: Courriel.Etat) -> None:
    """End a mail that surely did not leave, if it is still in `etat`; its notices wait for the next one."""
    siens = Courriel.objects.filter(pk=courriel.pk, etat=etat)
    if siens.update(etat=Courriel.Etat.ECHOUE, essaye_le=timezone.now()):
        Avis.objects.filter(courriel=courriel).update(courriel=None, a_envoyer=True)


def _essayer(courriel: Courriel) -> bool:
    """Send it; a failure that nobody foresaw is written in the log and holds no other mail back."""
    try:
        return _envoyer(courriel)
    except _Injoignable:
        raise
    except Exception:
        logger.exception("résumé %s : envoi abandonné", courriel.pk)
        return False


def _envoyer(courriel: Courriel) -> bool:
    """Send it, outside any transaction, and note what became of it. Raises _Injoignable."""
    try:
        message = _message(courriel)
    except Exception:
        logger.exception("résumé %s : message non écrit", courriel.pk)
        return _remettre(courriel)
    if message is None:
        return _noter(courriel, Courriel.Etat.ENVOYE, parti=False)
    connexion = get_connection()
    try:
        connexion.open()
    except (OSError, SMTPException) as panne:
        logger.warning("résumé %s : serveur de courriel injoignable (%s)", courriel.pk, type(panne).__name__)
        _remettre(courriel)
        raise _Injoignable from panne
    try:
        connexion.send_messages([message])
    except (OSError, SMTPException) as panne:
        code = _code(panne)
        if not 400 <= code < 600:
            # It may have left: the row stays « Envoi commencé », and nobody sends it again.
            logger.warning("résumé %s : envoi interrompu (%s)", courriel.pk, type(panne).__name__)
            return False
        logger.warning("résumé %s refusé par le serveur de courriel (code %s)", courriel.pk, code)
        return _remettre(courriel) if code < 500 else _noter(courriel, Courriel.Etat.ECHOUE, parti=False)
    finally:
        connexion.close()
    return _noter(courriel, Courriel.Etat.ENVOYE, parti=True)


def _code(panne: Exception) -> int:
    """The answer of the server that took nothing (RFC 5321: 4xx for now, 5xx for good); 0 without one."""
    if isinstance(panne, SMTPRecipientsRefused):
        return max((code for code, _ in panne.recipients.values()), default=0)
    return panne.smtp_code if isinstance(panne, SMTPResponseException) else 0


def _remettre(courriel: Courriel) -> bool:
    """Put off a mail that surely did not leave, or end it after the last try."""
    if courriel.tentatives < TENTATIVES:
        return _noter(courriel, Courriel.Etat.A_REPRENDRE, parti=False)
    _delier(courriel, Courriel.Etat.EN_ENVOI)
    return False


def _noter(courriel: Courriel, etat: Courriel.Etat, *, parti: bool) -> bool:
    Courriel.objects.filter(pk=courriel.pk).update(etat=etat, essaye_le=timezone.now())
    return parti


def _message(courriel: Courriel) -> EmailMessage | None:
    """The digest of what its person may see today; None when nothing is left of it."""
    personne = courriel.personne
    siens = accessibles(personne).filter(courriel=courriel).order_by("-id")
    avis = list(siens[: LIGNES + 1])
    if not avis:
        return None
    base = settings.ADRESSE_PUBLIQUE
    lignes = [f"Bonjour {personne},", ""]
    for un in avis[:LIGNES]:
        lignes += [f"- {un.texte}", f"  {base}{un.adresse}"]
        if un.escalade:
            lignes.append(f"  {ESCALADE}")
        lignes.append("")
    if len(avis) > LIGNES:
        lignes += ["D’autres avis vous attendent dans Passerelle.", ""]
    lignes += [
        "--",
        f"Vos préférences, pour recevoir moins de messages : {base}{reverse('preferences_avis')}",
    ]
    combien = pluriel(len(avis), "avis", "avis") if len(avis) <= LIGNES else f"plus de {LIGNES} avis"
    return EmailMessage(
        subject=f"Passerelle : {combien}",
        body="\n".join(lignes),
        to=[personne.email],
        headers={"Auto-Submitted": "auto-generated"},
    )
