"""A kind of operation whose remote is a script: each call takes the next answer of a list."""

from contextlib import nullcontext

from config.http import ErreurDefinitive, ErreurDeReglage, ErreurPassagere
from dossiers.operations.registre import Constat, Nature

PERDUE = ErreurPassagere("La réponse s’est perdue.", effet_possible=True)
REFUSEE_A_LA_PORTE = ErreurPassagere("Connexion refusée.", effet_possible=False)
PATIENCE = ErreurPassagere("Rate limit is exceeded. Try again in 7 seconds.", attendre=7, effet_possible=False)
REFUS = ErreurDefinitive("Refus inventé pour le test.", statut=400, code="Invente")
REGLAGE = ErreurDeReglage("Access denied due to invalid subscription key.", statut=401)


class Distant:
    """What the scripted remote will answer, and how often it was called."""

    def __init__(self):
        self.reponses, self.constats = [], []
        self.appels, self.lectures, self.ecrits, self.refus_notes, self.annules = [], [], [], [], []

    @staticmethod
    def jouer(script, defaut):
        reponse = script.pop(0) if script else defaut
        if isinstance(reponse, Exception):
            raise reponse
        return reponse


class NatureScriptee(Nature):
    libelle = "Essai"
    permission = "dossiers.planifier_offre"

    def __init__(self, distant, cle, *, ecriture=True, repetable=False, relisible=False):
        self.distant, self.cle = distant, cle
        self.ecriture, self.repetable, self.relisible = ecriture, repetable, relisible

    def objet(self, guichet, dossier, parametres):
        return f"essai:{dossier.code}"

    def client(self, guichet, journal):
        return nullcontext(self.distant)

    def empechement(self, guichet):
        return guichet.cleapi.empechement(cabinet=False)

    def appeler(self, client, operation):
        client.appels.append(operation.pk)
        return client.jouer(client.reponses, "fait")

    def relire(self, client, operation):
        client.lectures.append(operation.pk)
        return client.jouer(client.constats, Constat.INDECIDABLE), "relu"

    def reussir(self, operation, resultat):
        self.distant.ecrits.append((operation.pk, resultat))

    def echouer(self, operation):
        self.distant.refus_notes.append(operation.pk)

    def annuler(self, operation):
        self.distant.annules.append(operation.pk)

    def message(self, resultat):
        return str(resultat)
