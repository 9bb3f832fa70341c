"""What people are told of the approval of a fiche: who may decide, then who asked. Never who did it."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from dossiers.echeances.destinataires import Annuaire, Charge, habilites
from dossiers.echeances.nouvelles import lire_la_suite
from dossiers.echeances.registre import Annonce, Nouvelle, chacune, greffer_nouvelle
from raccordements.affichage import adresse_fiche
from raccordements.models import Delegation, EvenementFiche, Fiche, Version
from raccordements.services.approbation import APPROUVER

Type = EvenementFiche.Type


def _journal(*types: str) -> Any:
    lignes = EvenementFiche.objects.filter(type__in=types, fiche__supprimee_le=None, version__isnull=False)
    return lignes.select_related("fiche__structure__dossier", "version", "acteur")


def _charge(fiche: Fiche) -> Charge:
    dossier = fiche.structure.dossier
    if dossier is None:
        return Charge(createur=fiche.cree_par_id)
    return Charge(dossier.maitre_dossier, dossier.engagement_manager, fiche.cree_par_id, True)


@greffer_nouvelle
class FicheSoumise(Nouvelle):
    """A fiche waits for a decision: told to who may take it, in their own name or by delegation."""

    genre, libelle, icone = "fiche_soumise", "Fiche à approuver", "approval"
    permission, modele = "raccordements.view_fiche", Fiche

    def relever(self, position: dict[str, Any]) -> tuple[list[Annonce], dict[str, Any]]:
        lignes, position = lire_la_suite(_journal(Type.SOUMISSION), position)
        attendues = [ligne for ligne in lignes if ligne.version.etat == Version.Etat.EN_ATTENTE]
        if not attendues:
            return [], position
        annuaire, permis = Annuaire.lire(), self._decideurs()
        redacteurs = self._redacteurs([ligne.version_id for ligne in attendues])

        def annonce(ligne: Any) -> Annonce:
            siens = redacteurs.get(ligne.version_id, set())
            decident = frozenset(qui for qui, au_nom_de in permis if not {qui, au_nom_de} & siens)
            return Annonce(
                genre=self.genre,
                objet=ligne.fiche_id,
                cle=f"{self.genre}:{ligne.version_id}",
                texte=f"{ligne.fiche} : {ligne.acteur or 'quelqu’un'} demande une décision.",
                adresse=adresse_fiche(ligne.fiche),
                personnes=annuaire.voient(decident, _charge(ligne.fiche)),
            )

        return chacune(self.genre, attendues, annonce), position

    def _decideurs(self) -> set[tuple[int, int]]:
        """Who may decide, and in whose name: their own, or that of who delegated it to them."""
        delegations = Delegation.objects.en_cours().filter(delegue__is_active=True, delegue__is_staff=True)
        seuls = habilites(APPROUVER)
        recues = delegations.filter(delegant__in=seuls).exclude(delegue__in=seuls)
        return {(personne, personne) for personne in seuls} | set(recues.values_list("delegue", "delegant"))

    def _redacteurs(self, versions: list[int]) -> dict[int, set[int]]:
        """Who took part in writing each version: they never decide on it."""
        par_version: dict[int, set[int]] = {}
        participations = Version.objects.filter(pk__in=versions).values_list("pk", "participations__personne")
        for version, personne in participations:
            par_version.setdefault(version, set()).add(personne)
        return par_version


@greffer_nouvelle
class FicheDecidee(Nouvelle):
    """A fiche was approved or refused: told to who submitted it and who made it."""

    genre, libelle, icone = "fiche_decidee", "Fiche approuvée ou refusée", "verified"
    permission, modele = "raccordements.view_fiche", Fiche

    def relever(self, position: dict[str, Any]) -> tuple[list[Annonce], dict[str, Any]]:
        lignes, position = lire_la_suite(_journal(Type.APPROBATION, Type.REFUS).filter(~Q(acteur=None)), position)
        return chacune(self.genre, lignes, self._annonce), position

    def _annonce(self, ligne: Any) -> Annonce:
        return Annonce(
            genre=self.genre,
            objet=ligne.fiche_id,
            cle=f"{self.genre}:{ligne.pk}",
            texte=f"{ligne.fiche} : {self._mot(ligne)} par {ligne.acteur}.",
            adresse=adresse_fiche(ligne.fiche),
            personnes=frozenset({ligne.version.soumise_par_id, ligne.fiche.cree_par_id} - {ligne.acteur_id}),
        )

    def _mot(self, ligne: EvenementFiche) -> str:
        return "approuvée" if ligne.type == Type.APPROBATION else "refusée"
