"""What the core itself gives its home page: the admin package loads it."""

from dossiers.accueil import echeances, graphiques, lignes

__all__ = ["echeances", "graphiques", "lignes"]
