"""Following what was sent: until when an activation is awaited, and what is said when it does not come.

Source: AIFE guide, 2017: an automatic treatment activates a fiche « le lendemain de son dépôt »; when it does not, « il
est conseillé de vous rapprocher du Support ». The treatment is taken to rest on week-ends and holidays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from config.jours import jour_ouvre_suivant
from raccordements.chorus.lecture import PARIS
from raccordements.models import Action, EvenementFiche, Fiche, Genre
from raccordements.models.statuts import PARTIS
from raccordements.services.traces import Type

#: Fiches told late in one turn.
LIMITE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class TexteSupport:
    """A request to the support, ready to be copied."""

    destinataire: str
    objet: str
    corps: str


def echeance_activation(envoyee_le: datetime) -> datetime:
    """Until when an activation is normal: the end, in Paris, of the working day that follows the sending."""
    jour = jour_ouvre_suivant(envoyee_le.astimezone(PARIS).date())
    return datetime.combine(jour + timedelta(days=1), time(), PARIS)


def en_retard(fiche: Fiche, maintenant: datetime | None = None) -> bool:
    """Whether a fiche that was sent should have been activated by now."""
    if fiche.envoyee_le is None or not fiche.permet(Action.CONSTATER):
        return False
    return (maintenant or timezone.now()) >= echeance_activation(fiche.envoyee_le)


def derniere_alerte(fiche: Fiche) -> EvenementFiche | None:
    """The alert about what was last sent, None when it is not late, or not told yet."""
    alerte: EvenementFiche | None = (
        EvenementFiche.objects.filter(fiche_id=fiche.pk, type=Type.ALERTE, version=fiche.version_envoyee)
        .order_by("-id")
        .first()
    )
    return alerte


def alerter_les_retards(maintenant: datetime | None = None, *, limite: int = LIMITE) -> int:
    """Write an alert on each late fiche, once per sending (`evenement_alerte_unique`). Returns how many were late.

    Parameters
    ----------
    limite:
        Most fiches in one turn; the oldest first.
    """
    maintenant = maintenant or timezone.now()
    deja = EvenementFiche.objects.filter(fiche=OuterRef("pk"), type=Type.ALERTE, version=OuterRef("version_envoyee_id"))
    tardives = Fiche.objects.filter(
        ~Exists(deja), etat__in=PARTIS, envoyee_le__lt=envoyees_avant(maintenant), version_envoyee__isnull=False
    ).order_by("envoyee_le")[:limite]
    return alerter(tardives)


def alerter(fiches: Iterable[Fiche]) -> int:
    """Write an alert on each of these late fiches, unless it has one for what was last sent. Returns how many."""
    alertes = [
        EvenementFiche(
            fiche_id=fiche.pk,
            version_id=fiche.version_envoyee_id,
            type=Type.ALERTE,
            texte=(
                f"Toujours « {fiche.get_etat_display()} » à la fin du jour ouvré qui suit l’envoi du "
                f"{_jour(fiche.envoyee_le)} : contactez le support de Chorus Pro, le texte de la demande est prêt."
            ),
        )
        for fiche in fiches
    ]
    EvenementFiche.objects.bulk_create(alertes, ignore_conflicts=True)
    return len(alertes)


def texte_support(fiche: Fiche) -> TexteSupport:
    """What to write to the support about a fiche that is not activated. Nothing secret; the contact of the fiche signs.

    Parameters
    ----------
    fiche:
        With its structure.
    """
    structure = fiche.structure
    raccordement = f"EDI ({fiche.get_protocole_display()})" if fiche.genre == Genre.EDI else "API"
    lignes = {
        "Partenaire": f"{structure}",
        "Environnement": fiche.get_environnement_display(),
        "Type de fiche": raccordement,
        "Code appli partenaire": fiche.code_appli or "pas encore communiqué",
        "État courant affiché": fiche.get_etat_display(),
        "Soumise le": _jour(fiche.envoyee_le),
        "Application PISTE": fiche.application_piste,
        "Contact technique": ", ".join(
            filter(None, (fiche.contact_nom, fiche.contact_telephone, fiche.contact_courriel))
        ),
    }
    faits = "\n".join(f"- {libelle} : {valeur}" for libelle, valeur in lignes.items() if valeur)
    return TexteSupport(
        destinataire="Support Chorus Pro, par le formulaire d’assistance du portail",
        objet=(
            f"Fiche de raccordement {raccordement} non activée – {structure.siret}"
            f"{f' – {fiche.code_appli}' if fiche.code_appli else ''}"
        ),
        corps=(
            "Bonjour,\n\n"
            f"La fiche de raccordement ci-dessous, soumise le {_jour(fiche.envoyee_le)}, est toujours au statut "
            f"« {fiche.get_etat_display()} » alors que le guide annonce son activation le lendemain du dépôt.\n\n"
            f"{faits}\n\n"
            "Pouvez-vous nous dire ce qui retient son activation, et ce qu’il nous faut corriger ?\n\n"
            f"Cordialement,\n{fiche.contact_nom or 'Le cabinet'}"
        ),
    )


def envoyees_avant(maintenant: datetime) -> datetime:
    """The midnight before which whatever was sent is late now: `echeance_activation` only depends on the day."""
    jour: date = maintenant.astimezone(PARIS).date()
    while echeance_activation(datetime.combine(jour, time(), PARIS)) > maintenant:
        jour -= timedelta(days=1)
    return datetime.combine(jour + timedelta(days=1), time(), PARIS)


def _jour(moment: datetime | None) -> str:
    return f"{moment.astimezone(PARIS):%d/%m/%Y}" if moment else ""
