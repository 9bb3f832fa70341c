"""What the connection sheets and the subscriptions never erase."""

from __future__ import annotations

from dossiers.retention.registre import Garde, enregistrer

enregistrer(
    Garde(
        libelle="Fiches, versions, approbations et certificats joints",
        raison="Ils disent ce qui a été approuvé et envoyé, par qui\u00a0: le passeport d’une fiche les cite.",
    ),
    Garde(
        libelle="Souscriptions, lignes d’adressage et mandats",
        raison="Une ligne d’adressage est permanente, et le mandat prouve qui l’a voulue.",
    ),
)
