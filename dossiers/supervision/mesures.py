"""What `/metrics` tells of the operations, the calls and the processes."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils import timezone

from config.metriques import Mesure, collecter, histogramme
from dossiers.models import NON_REGLEES, REGLEES, Battement, Explication
from dossiers.supervision import epoque, releve


@collecter
def operations() -> Iterable[Mesure]:
    """Operations by state and remote system, the queue, the breakers."""
    en_vie = Mesure("operations", f"Opérations non réglées ; chaque état est compté jusqu’à {releve.PLAFOND}.")
    _noter(en_vie, releve.operations_en_vie(), [etat.value for etat in NON_REGLEES])
    reglees = Mesure("operations_reglees_heure", "Opérations réglées depuis une heure, comptées de même.")
    _noter(reglees, releve.operations_reglees(), [etat.value for etat in REGLEES])
    dues = Mesure("operations_dues", f"Opérations à faire maintenant, jusqu’à {releve.DUES_MAX} par identifiants.")
    age = Mesure("operation_due_age_secondes", "Âge de la plus ancienne opération à faire.")
    ouverts = Mesure("disjoncteurs_ouverts", "Identifiants en pause après des échecs.")
    files = releve.guichets()
    maintenant = timezone.now()
    for systeme in Explication.Systeme.values:
        du_systeme = [file for file in files if file.guichet.systeme == systeme]
        ages = [(maintenant - file.depuis).total_seconds() for file in du_systeme if file.depuis]
        dues.noter(sum(file.dues for file in du_systeme), systeme=systeme)
        age.noter(round(max(ages, default=0.0), 1), systeme=systeme)
        ouverts.noter(sum(file.guichet.en_pause for file in du_systeme), systeme=systeme)
    return en_vie, reglees, dues, age, ouverts


def _noter(mesure: Mesure, comptes: dict[tuple[str, str], int], etats: list[str]) -> None:
    for etat in etats:
        for systeme in Explication.Systeme.values:
            mesure.noter(comptes.get((etat, systeme), 0), etat=etat, systeme=systeme)


@collecter
def processus() -> Iterable[Mesure]:
    """Signs of life, the queue of messages as the workers see it, and the calls that they counted."""
    age = Mesure("battement_age_secondes", "Secondes depuis le dernier signe de vie de chaque processus.")
    file = Mesure("messages_en_file", "Messages en file au courtier, au dernier signe de vie d’un exécutant.")
    ouverte = Mesure("base_ouverte", "1 quand les exécutants peuvent travailler sur cette base, 0 après restauration.")
    ouverte.noter(int(epoque.est_ouverte()))
    battements = list(Battement.objects.order_by("-battu_le"))
    for battement in battements:
        secondes = (timezone.now() - battement.battu_le).total_seconds()
        age.noter(round(secondes, 1), genre=battement.genre, processus=battement.nom)
    for battement in battements:
        if battement.messages is not None:
            file.noter(battement.messages)
            break
    releves = {battement.nom: battement.compteurs for battement in battements if battement.compteurs}
    return age, file, ouverte, histogramme(releves)
