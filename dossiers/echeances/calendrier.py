"""The private calendar: the deadlines of one person for whoever holds its address, and nothing else."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime, time, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from icalendar import Calendar, Event

from dossiers.echeances.radar import Criteres, Echeance, lire, relever
from dossiers.models import Agenda, Collaborateur, Evenement, journaliser

#: Entries of one calendar, the soonest.
ENTREES = 1_000
JOURS = 365


@transaction.atomic
def creer(personne: Collaborateur) -> str:
    """A new address for this person's calendar: its token, shown this once. The former address is dead."""
    jeton = secrets.token_urlsafe(32)
    _, nouveau = Agenda.objects.update_or_create(
        personne=personne, defaults={"empreinte": Agenda.hacher(jeton), "cree_le": timezone.now()}
    )
    fait = "créée" if nouveau else "remplacée ; l’ancienne ne répond plus"
    journaliser(Evenement.Type.SECRET, f"Adresse de l’agenda privé {fait}.", acteur=personne)
    return jeton


@transaction.atomic
def revoquer(personne: Collaborateur) -> bool:
    """End this person's calendar. Returns whether there was one."""
    supprimes, _ = Agenda.objects.filter(personne=personne).delete()
    if supprimes:
        journaliser(Evenement.Type.SECRET, "Adresse de l’agenda privé révoquée.", acteur=personne)
    return bool(supprimes)


def trouver(jeton: str) -> Agenda | None:
    """The calendar of this token, of an active person; None for any other."""
    agendas = Agenda.objects.select_related("personne").filter(personne__is_active=True, personne__is_staff=True)
    return agendas.filter(empreinte=Agenda.hacher(jeton)).first()


def ecrire(personne: Collaborateur) -> bytes:
    """Their deadlines of the year to come, and those past due, as iCalendar (RFC 5545): whole days, no alarm."""
    calendrier = Calendar()
    calendrier.add("version", "2.0")
    calendrier.add("prodid", "-//Passerelle//Echeances//FR")
    calendrier.add("x-wr-calname", "Échéances Passerelle")
    reperes = relever(personne, Criteres(jours=JOURS), plafond=ENTREES).reperes[:ENTREES]
    # The same content the whole day long: its ETag says so.
    releve_le = datetime.combine(timezone.localdate(), time(), UTC)
    for echeance in lire(reperes, personne):
        calendrier.add_component(_entree(echeance, releve_le))
    return bytes(calendrier.to_ical())


def _entree(echeance: Echeance, releve_le: datetime) -> Event:
    dit, entree = echeance.description, Event()
    entree.add("uid", f"{echeance.repere.genre}-{echeance.repere.pk}@passerelle")
    entree.add("dtstamp", releve_le)
    entree.add("dtstart", echeance.jour)
    entree.add("dtend", echeance.jour + timedelta(days=1))
    entree.add("summary", f"{echeance.source.libelle} : {dit.objet}")
    dossier = f"Dossier : {dit.dossier}\n" if dit.dossier else ""
    entree.add("description", f"{dossier}{dit.a_faire}\n{settings.ADRESSE_PUBLIQUE}{dit.adresse}")
    entree.add("transp", "TRANSPARENT")
    return entree
