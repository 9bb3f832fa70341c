"""Reminders: once a day, each deadline that reached a threshold is told, once, to whom it concerns.

A turn goes on from where the last one stopped, and a bounded number of rows is one transaction with its position: a
process killed in the middle loses nothing and repeats nothing. A deadline has one threshold on a given day, the
nearest: days without a turn make one notice, never four. A source that cannot be read is written in the log, waits for
the next day, and holds no other back.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from dossiers.echeances.avis import annoncer
from dossiers.echeances.destinataires import Annuaire, Charge, choisir, habilites
from dossiers.echeances.registre import Annonce, Source, chacune, sources
from dossiers.models import Tournee

logger = logging.getLogger(__name__)
NOM = "rappels"
#: Paris; what is decided in the night by the remotes is there.
HEURE = time(6, 0)
#: Deadlines read in one transaction, and such transactions in one turn.
PAQUET, PAQUETS = 500, 20


def seuil_atteint(jours: int, seuils: Sequence[int]) -> int | None:
    """The nearest threshold that `jours` days left have reached; None when it is too early."""
    return min((seuil for seuil in seuils if jours <= seuil), default=None)


def faire_la_tournee(*, paquets: int = PAQUETS) -> bool:
    """Go on with the reminders of the day. Returns whether they are all done."""
    maintenant = timezone.localtime()
    if maintenant.time() < HEURE:
        return True
    return any(_avancer(maintenant.date()) for _ in range(paquets))


def est_faite(jour: date) -> bool:
    """Whether the reminders of this day are all written."""
    return Tournee.objects.filter(nom=NOM, jour=jour, finie=True).exists()


@transaction.atomic
def _avancer(jour: date) -> bool:
    """One bounded step, with its position. True when nothing is left to this process today."""
    Tournee.objects.get_or_create(nom=NOM)
    tournee = Tournee.objects.select_for_update(skip_locked=True, no_key=True).filter(nom=NOM).first()
    if tournee is None:  # another process is at it
        return True
    if tournee.jour != jour:
        tournee.jour, tournee.finie, tournee.position = jour, False, {}
    if tournee.finie:
        return True
    genres = sorted(source.genre for source in sources())
    restants = [genre for genre in genres if genre >= tournee.position.get("genre", "")]
    connues = {source.genre: source for source in sources()}
    for genre in restants:
        apres = tournee.position.get("apres") if genre == tournee.position.get("genre") else None
        try:
            with transaction.atomic():
                suite = _rappeler(connues[genre], jour, apres)
        except Exception:
            logger.exception("rappels %s : lecture interrompue", genre)
            continue
        if suite is not None:
            tournee.position = {"genre": genre, "apres": suite}
            break
    else:
        tournee.finie, tournee.position = True, {}
    tournee.save()
    return tournee.finie


def _rappeler(source: Source, jour: date, apres: list[Any] | None) -> list[Any] | None:
    """Tell the next deadlines of a source. Returns where it stopped, None when it has no more."""
    lues = list(_suivantes(source, jour, apres))
    annuaire, permis = Annuaire.lire(), habilites(source.permission)
    dus: dict[Any, tuple[date, int, Charge]] = {}
    for pk, valeur, *charge in lues:
        fin = source.jour_de(valeur)
        seuil = seuil_atteint((fin - jour).days, source.seuils)
        if seuil is not None:
            dus[pk] = fin, seuil, _charge(source, charge)

    def annonce(ligne: Any) -> Annonce:
        fin, seuil, sa_charge = dus[ligne.pk]
        personnes, escalade = choisir(source, sa_charge, seuil, annuaire, permis)
        dit = source.decrire(ligne, jour)
        verbe = "échéance dépassée depuis le" if fin < jour else "échéance le"
        return Annonce(
            genre=source.genre,
            objet=ligne.pk,
            cle=f"{source.genre}:{ligne.pk}:{fin.isoformat()}:{seuil}",
            texte=f"{source.libelle}, {verbe} {fin:%d/%m/%Y} : {dit.objet}. {dit.a_faire}.",
            adresse=dit.adresse,
            personnes=personnes,
            escalade=escalade,
        )

    annoncer(chacune(source.genre, source.charger(source.lignes(jour).filter(pk__in=list(dus))), annonce))
    if len(lues) < PAQUET:
        return None
    dernier, valeur = lues[-1][:2]
    return [valeur.isoformat(), dernier]


def _suivantes(source: Source, jour: date, apres: list[Any] | None) -> QuerySet[Any]:
    """Key, date, and whose it is, of the next rows within the largest threshold."""
    lignes = source.jusqu_au(source.lignes(jour), jour + timedelta(days=max(source.seuils)))
    if apres is not None:
        valeur = (datetime if source.instant else date).fromisoformat(apres[0])
        lignes = lignes.filter(
            Q(**{f"{source.champ}__gt": valeur}) | Q(**{source.champ: valeur}, pk__gt=apres[1]),
            **{f"{source.champ}__gte": valeur},
        )
    logins = [f"{source.dossier}__{nom}" for nom in ("maitre_dossier", "engagement_manager", "pk") if source.dossier]
    return lignes.values_list("pk", source.champ, *logins, *filter(None, [source.createur]))[:PAQUET]


def _charge(source: Source, valeurs: Sequence[Any]) -> Charge:
    maitre, engagement, dossier = valeurs[:3] if source.dossier else (None, None, None)
    createur = valeurs[-1] if source.createur else None
    return Charge(maitre or "", engagement or "", createur, dossier is not None)
