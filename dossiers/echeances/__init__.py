"""Deadlines: the radar, its reminders, the notices they make, and the private calendar."""

from dossiers.echeances.radar import Resume, par_mois, prochaines

__all__ = ["Resume", "par_mois", "prochaines"]
