"""External PDP subscriptions: platforms, addressing lines, subscriptions, routing simulator, progress."""

from raccordements.admin.souscriptions import greffes, lignes, plateformes, souscriptions

__all__ = ["greffes", "lignes", "plateformes", "souscriptions"]
