"""What the core itself gives its home page: the admin package loads it."""

from dossiers.accueil import echeances, graphiques, lignes, sante

__all__ = ["echeances", "graphiques", "lignes", "sante"]
