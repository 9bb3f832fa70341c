"""The deadlines of the core: keys to renew, links that stop being valid."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet

from dossiers.affichage import adresse
from dossiers.echeances.registre import Description, Source, greffer_source
from dossiers.models import CleApi, ImportEcritures

E = ImportEcritures.Etat
#: Loop has yet to read the link of these.
LIEN_UTILE = (E.CONTROLE, E.A_CORRIGER, E.PRET, E.ENVOI, E.EN_ATTENTE)


@greffer_source
class FinDeCle(Source):
    """The end of an API key in service, as the practice noted it. A key is shared: it has no dossier."""

    genre, libelle, icone = "cle", "Clé d’API", "key"
    permission, permission_remede = "dossiers.view_cleapi", "dossiers.change_cleapi"
    modele = CleApi
    champ, dossier, administrateurs = "expire_le", "", True

    def lignes(self, jour: date) -> QuerySet[Any]:
        return CleApi.objects.filter(archivee_le=None, expire_le__isnull=False)

    def charger(self, lignes: QuerySet[Any]) -> QuerySet[Any]:
        return lignes.defer("client_secret", "cle_abonnement")

    def decrire(self, ligne: CleApi, jour: date) -> Description:
        page = adresse(ligne)
        return Description(
            objet=f"Clé « {ligne.nom} »",
            adresse=page,
            a_faire="Remplacer la clé, puis noter sa nouvelle fin",
            remede=page,
        )


@greffer_source
class FinDeLien(Source):
    """The end of the signed link of an import that Loop has not read yet."""

    genre, libelle, icone = "lien", "Lien signé", "link"
    permission, permission_remede = "dossiers.view_importecritures", "dossiers.add_importecritures"
    modele = ImportEcritures
    champ, instant, createur = "lien_jusqu_au", True, "cree_par"

    def lignes(self, jour: date) -> QuerySet[Any]:
        en_attente = ImportEcritures.objects.filter(etat__in=LIEN_UTILE, source=ImportEcritures.Source.LIEN)
        return en_attente.filter(lien_jusqu_au__isnull=False)

    def charger(self, lignes: QuerySet[Any]) -> QuerySet[Any]:
        return lignes.select_related("dossier").defer("url", "rapport")

    def decrire(self, ligne: ImportEcritures, jour: date) -> Description:
        page = adresse(ligne)
        return Description(
            # The link itself, even masked, is no name for a mail.
            objet=f"Import n°\u00a0{ligne.pk}",
            adresse=page,
            a_faire="Envoyer l’import, ou donner un nouveau lien"
            if ligne.modifiable
            else "Vérifier l’import dans Loop",
            remede=page,
            dossier=ligne.dossier,
        )
