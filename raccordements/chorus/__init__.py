"""Chorus Pro through PISTE, and the channel by which a fiche leaves: client, schemas, errors, simulator."""
