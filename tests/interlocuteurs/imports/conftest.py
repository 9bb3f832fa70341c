"""A practice with a few dossiers, and imports of lines written in the test."""

import pytest

from tests.interlocuteurs.imports.tableurs import ecrire, texte_csv


@pytest.fixture
def importer(lecture_ici, tmp_path, cle, collaborateur):
    """Receive lines (a CSV under the usual headings, or any file), map as guessed and examine: the preview."""
    from interlocuteurs.imports import services

    def faire(*rangees, fichier=None, par=None, correspondance=None, offre=""):
        chemin = fichier or ecrire(tmp_path, "contacts.csv", texte_csv(*rangees))
        par = par or collaborateur
        importation = services.recevoir(chemin, chemin.name, cle=cle, par=par)
        proposee, _, _ = services.proposition(importation)
        return services.examiner(importation, correspondance or proposee, offre, par=par)

    return faire


@pytest.fixture
def confirmer():
    """Confirm a preview and go to the end, here and now."""
    from interlocuteurs.imports import execution, services

    def faire(importation):
        importation = services.confirmer(importation, services.sceller(importation), par=importation.cree_par)
        while execution.avancer(importation.pk):
            pass
        importation.refresh_from_db()
        return importation

    return faire


@pytest.fixture
def verdicts():
    """Row number -> (verdict, reason) of an import."""

    def lire(importation):
        lignes = importation.lignes.order_by("numero").values_list("numero", "verdict", "motif")
        return {numero: (verdict, motif) for numero, verdict, motif in lignes}

    return lire


@pytest.fixture
def entrer(db):
    """A client logged in as a new person: `entrer(manager=True)`; `client.personne` is who."""
    from django.test import Client

    from tests.fabriques import CollaborateurFactory

    def ouvrir(**situation):
        client = Client(raise_request_exception=False)
        client.personne = CollaborateurFactory(**situation)
        client.force_login(client.personne, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return ouvrir
