"""Deadlines: the radar, its reminders, the notices they make, and the private calendar."""
