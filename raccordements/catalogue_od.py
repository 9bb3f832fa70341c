"""The messages of Cegid OD and Cegid Account, each with its explanation.

Data only, written into the table by a migration (`dossiers.services.catalogue.semer`). Cegid publishes no text of these
services: the sentences are the simulator's or ours, beside those of the gateway that Cegid Loop has too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dossiers.catalogue import GUICHET, du_reseau
from dossiers.catalogue_entree import LOGICIEL, PASSERELLE, SIMULATEUR, Entree
from raccordements.catalogue import GESTES_DE_LOOP

NON_FAIT = "Cegid OD a refusé la demande."
RIEN = "Cegid OD n’a pas été appelé."
PLUS_TARD = "L’appel a été remis à plus tard."
CLES = "Un administrateur doit vérifier les deux clés d’abonnement, celle du cabinet et celle de la plateforme."
RELIRE = "Relisez la ligne depuis la souscription (« Le distant nous a oubliés »), puis suivez ce qu’elle propose."
ATTENDRE = "Rien à faire : un nouvel essai est prévu. Si cela dure, signalez-le à un administrateur."


def _od(motif: str, constat: str, cause: str, remede: str, source: str = PASSERELLE, **options: Any) -> Entree:
    return Entree(systeme="od", motif=motif, constat=constat, cause=cause, remede=remede, source=source, **options)


def _refus(motif: str, cause: str, remede: str, constat: str = NON_FAIT) -> Entree:
    return _od(motif, constat, cause, remede, source=SIMULATEUR)


def _demande_mal_faite(motif: str) -> Entree:
    return _refus(motif, "La demande n’a pas la forme que Cegid OD attend.", LOGICIEL)


def _ici(constat: str) -> Entree:
    """A rule of ours that broke between the request and the call; the message ends with its cause and remedy."""
    return _od(
        f"{constat} {{raison}}",
        constat,
        "La règle a été vérifiée de nouveau juste avant l’appel : le message dit ce qui manque ou a changé.",
        "Corrigez-le sur la souscription, sa ligne ou sa plateforme, puis refaites la demande.",
    )


CLIENT = (
    _refus(
        "Le client {siren} n’est pas connu de Cegid.",
        "Cegid ne connaît aucun client de ce SIREN.",
        "Vérifiez le SIREN du dossier, puis demandez à Cegid si ce client est déclaré chez lui.",
    ),
    _refus(
        "Cet utilisateur n’est ni le représentant légal ni un administrateur habilité de ce client.",
        "La personne du mandat n’a pas chez Cegid le droit de commencer une souscription pour ce client.",
        "Faites habiliter cette personne par le client chez Cegid, ou déposez le mandat d’une personne qui l’est.",
    ),
    _demande_mal_faite("Le demandeur doit avoir une qualité connue, un nom et une adresse e-mail."),
)
LIGNES = (
    _refus(
        "La ligne {ligne} est déjà rattachée à la plateforme « {plateforme} » (matricule {matricule}) depuis le "
        "{date}.",
        "Cegid OD n’a qu’une plateforme à la fois pour une ligne, et l’autre n’a pas de fin.",
        "Faites dire la fin de l’autre plateforme à Cegid OD, par qui l’a souscrite, puis recommencez.",
    ),
    _refus(
        "La ligne {ligne} est déjà on-boardée pour cette plateforme.",
        "Un on-boarding de cette plateforme est déjà en cours chez Cegid OD, et il n’est pas celui du cabinet.",
        RELIRE,
    ),
    _refus(
        "La ligne {ligne} a déjà une souscription du {du} {jusque} : deux souscriptions ne peuvent pas se chevaucher.",
        "Chez Cegid OD, une autre souscription de cette ligne couvre une partie de ces jours.",
        "Terminez l’autre souscription la veille de celle-ci, ou choisissez une autre date d’effet.",
    ),
    _refus("Cette ligne d’adressage n’est pas connue.", "Cegid OD n’a rien pour cette ligne.", RELIRE),
    _refus("Cet on-boarding n’est pas connu.", "Cegid OD a oublié cet on-boarding.", RELIRE),
    _refus(
        "Cet on-boarding est annulé : il n’a plus de données de connexion.",
        "L’on-boarding a été annulé chez Cegid OD.",
        RELIRE,
    ),
    _demande_mal_faite("Le niveau de la ligne doit être l’un de : {niveaux}."),
    _refus(
        "Les parties de la ligne d’adressage ne sont pas valides ensemble.",
        "Cegid OD ne reconnaît pas cette ligne : un numéro est faux, ou un code porte un signe qu’il n’admet pas.",
        "Comparez la ligne à l’annuaire ; si elle est fausse, remplacez-la, puis souscrivez la nouvelle.",
    ),
)
PLATEFORMES = (
    _refus(
        "Aucune plateforme n’a ce matricule.",
        "Cegid OD ne connaît aucune plateforme de ce matricule.",
        "Un administrateur doit recopier le matricule de la plateforme depuis l’annuaire.",
    ),
    _refus(
        "La plateforme n’a pas formalisé son contrat de coopération avec Cegid.",
        "Cegid n’a pas de contrat de coopération avec cette plateforme.",
        "Demandez à la plateforme de le signer avec le service commercial de Cegid, puis recommencez.",
    ),
    _refus(
        "L’adresse de notification doit être une adresse https complète.",
        "Cegid OD n’accepte pas cet endpoint.",
        "Demandez à la plateforme l’adresse exacte, corrigez l’endpoint de la souscription, puis souscrivez.",
    ),
    _refus(
        "Cette adresse de notification est déjà celle d’une autre ligne d’adressage.",
        "L’endpoint doit être propre à la ligne, et une autre l’a déjà.",
        "Demandez à la plateforme un endpoint pour cette ligne seule, puis corrigez-le sur la souscription.",
    ),
)
PERIODES = (
    _refus(
        "La période ne peut ni commencer avant aujourd’hui, ni finir avant son début.",
        "La date d’effet est passée, ou la fin la précède.",
        "Corrigez les dates de la souscription, puis souscrivez.",
    ),
    _refus(
        "Une souscription ne peut finir ni avant aujourd’hui, ni avant son début.",
        "Le dernier jour est passé, ou précède le premier.",
        "Choisissez un autre dernier jour ; avant son premier jour, renoncez-y.",
    ),
    _refus(
        "Cette souscription se termine déjà le {date}.",
        "Cegid OD a déjà une fin plus proche, et n’en accepte pas de plus tardive.",
        "Gardez cette fin, et planifiez une autre souscription à partir du lendemain si le client continue.",
    ),
    _refus(
        "Cette souscription n’est pas connue pour cette ligne.",
        "Cegid OD a oublié cette souscription.",
        RELIRE,
    ),
)
ACCES = (
    *(
        _refus(f"Cette demande exige la clé d’abonnement {de_qui}.", "Une autre clé d’abonnement a été envoyée.", CLES)
        for de_qui in ("du cabinet", "de la PDP")
    ),
    _refus(
        "Ce jeton est celui d’une autre plateforme.", "La clé d’abonnement et le jeton sont de deux plateformes.", CLES
    ),
    _refus(
        "Le jeton est celui d’une autre ligne d’adressage.",
        "Les données de connexion gardées sont celles d’une autre ligne.",
        "Demandez de nouvelles données de connexion depuis la souscription, puis recommencez.",
    ),
    _refus(
        "Cette clé d’API est celle d’une autre ligne d’adressage.",
        "Les données de connexion envoyées sont celles d’une autre ligne.",
        "Demandez de nouvelles données de connexion depuis la souscription, puis recommencez.",
    ),
    _refus(
        "La clé d’API n’est pas reconnue.",
        "Cegid Account ne connaît pas, ou plus, ces données de connexion.",
        "Relisez la ligne, puis demandez de nouvelles données de connexion.",
    ),
    _refus(
        "Invalid or missing x-apikey",
        "La clé d’API du cabinet est fausse, ou désactivée.",
        "Un administrateur doit la vérifier sur la fiche de la clé.",
    ),
    _od(
        "Cegid OD attend ici la clé d’abonnement {de_qui}, et en a reçu une autre. Un administrateur doit vérifier que "
        "les deux clés d’abonnement n’ont pas été échangées.",
        NON_FAIT,
        "Les clés d’abonnement du cabinet et de la plateforme ont sans doute été échangées.",
        CLES,
    ),
    _od(
        "Cegid refuse la clé d’abonnement {de_qui} : elle est absente, fausse, ou suspendue dans Cegid Developers. Un "
        "administrateur doit la vérifier, puis la ressaisir.",
        NON_FAIT,
        "La clé d’abonnement n’est pas reconnue par Cegid Developers.",
        "Son propriétaire la vérifie dans Cegid Developers ; un administrateur la ressaisit ici, puis la teste.",
    ),
    _od(
        "Cegid OD refuse la clé d’API du cabinet : elle est fausse, désactivée, ou ne donne pas accès à ce client. Un "
        "administrateur doit la vérifier sur la fiche de la clé.",
        NON_FAIT,
        "La clé d’API du cabinet n’est pas admise pour ce client.",
        "Un administrateur doit vérifier la clé du dossier, puis tester la connexion.",
    ),
    _od(
        "Cegid OD ne reconnaît pas le jeton donné par Cegid Account : il a été révoqué, ou les adresses des deux "
        "services sont de deux environnements. Un administrateur doit vérifier ces deux réglages.",
        NON_FAIT,
        "Le jeton a été révoqué, ou vient d’un autre environnement que le service appelé.",
        "Demandez de nouvelles données de connexion ; si cela continue, un administrateur vérifie les deux adresses.",
    ),
    _od(
        "Cegid Account refuse les données de connexion de cette ligne : elles ont été remplacées, révoquées ou "
        "oubliées. Relisez l’état de la ligne chez Cegid OD, puis redemandez des données de connexion.",
        "La plateforme n’a pas pu être connectée à Cegid OD.",
        "Les données de connexion de la ligne ne valent plus rien.",
        "La ligne est relue d’elle-même : si elle est oubliée, recommencez les deux étapes ; sinon, redemandez des "
        "données.",
    ),
    _od(
        "L’appel à Cegid OD est impossible : {constat} ({manque}). Un administrateur doit les compléter.",
        RIEN,
        "Une clé ou des données de connexion manquent.",
        "Un administrateur doit les compléter, puis la demande peut être refaite.",
    ),
    _od(
        "L’appel à Cegid OD est impossible : les adresses de l’environnement « {environnement} » ne sont pas réglées. "
        "Un administrateur doit renseigner {reglages}.",
        RIEN,
        "Les adresses de cet environnement ne sont pas réglées sur ce serveur.",
        "Un administrateur doit les régler, puis la demande peut être refaite.",
    ),
)
JETONS = (
    _od(
        "Le jeton d’accès n’a pas été obtenu : un autre appel l’attend encore. Rien n’a été modifié ; un nouvel essai "
        "est possible.",
        PLUS_TARD,
        "Un autre appel demande en ce moment le jeton de cette ligne, et Cegid Account tarde à le donner.",
        ATTENDRE,
    ),
    _od(
        "Cegid Account a répondu autre chose qu’un jeton. Rien n’a été modifié ; un nouvel essai est possible.",
        PLUS_TARD,
        "La réponse de Cegid Account n’a pas la forme d’un jeton.",
        ATTENDRE,
    ),
    _od(
        "Cegid OD a refusé l’appel après une longue attente, peut-être parce que le jeton avait expiré. Rien n’a été "
        "modifié ; un nouvel essai est possible avec un autre jeton.",
        PLUS_TARD,
        "Le jeton a pu expirer pendant l’attente.",
        ATTENDRE,
    ),
)
CONTRAT = (
    _od(
        "La réponse de Cegid OD ({source}) n’a pas la forme attendue : le contrat de l’API a peut-être changé. "
        "Signalez-le à un administrateur avec la réponse gardée dans l’appel.",
        "La réponse n’a pas pu être lue.",
        "Le contrat de l’API a peut-être changé.",
        "Signalez-le à un administrateur : la réponse est gardée dans l’appel.",
    ),
    _od(
        "Cegid OD a répondu autre chose que ce que son contrat annonce. La demande a pu être prise en compte : son "
        "effet doit être relu avant de la renvoyer.",
        "On ne sait pas encore si la demande a été prise en compte.",
        "La réponse n’a pas la forme du contrat.",
        "Rien à faire : l’état de la ligne va être relu. Si cela dure, un administrateur vérifie l’adresse réglée.",
    ),
    _od(
        "Cegid OD a répondu autre chose que ce que son contrat annonce. Rien n’a été modifié ; un nouvel essai est "
        "possible.",
        "La lecture n’a pas abouti.",
        "La réponse n’a pas la forme du contrat.",
        ATTENDRE,
    ),
    _refus(
        "Resource not found",
        "L’adresse ou le chemin réglé pour Cegid OD n’est pas le bon.",
        "Un administrateur doit vérifier OD_URL et OD_CHEMINS.",
    ),
    *(
        _demande_mal_faite(motif)
        for motif in (
            "Unsupported Media Type",
            "Le corps de la demande doit être un objet JSON.",
            "Les paramètres level et identifier sont exigés, et eux seuls.",
            "Champs attendus, et eux seuls : {champs}.",
            "Champs attendus dans {objet}, et eux seuls : {champs}.",
            "Le champ {champ} doit être une date AAAA-MM-JJ.",
        )
    ),
    *(
        _refus(motif, "Le service de Cegid est en panne, ou en travaux.", ATTENDRE, constat=PLUS_TARD)
        for motif in ("Internal server error", "Service Unavailable")
    ),
)
ICI = (
    _ici("L’on-boarding n’a pas été lancé."),
    _ici("La souscription chez la plateforme n’a pas été lancée."),
    _ici("La souscription n’a pas été abandonnée."),
    _ici("L’endpoint n’a pas été retenu."),
    _ici(RIEN),
    _od(
        "La réponse de Cegid OD n’a pas pu être gardée. La souscription a changé d’état pendant l’appel. Relisez la "
        "ligne, puis redemandez ce qui manque.",
        "La réponse de Cegid OD n’a pas pu être gardée.",
        "La souscription a changé d’état pendant l’appel.",
        "Relisez la ligne, puis redemandez ce qui manque.",
    ),
    _od(
        "La souscription est déjà passée : rien n’est parti. Planifiez-en une autre.",
        RIEN,
        "Son dernier jour était passé au moment de l’appel.",
        "Planifiez une autre souscription.",
    ),
    _od(
        "Le mandat du client manque : rien n’est parti.",
        RIEN,
        "Le mandat a été détaché de la souscription depuis la demande.",
        "Rattachez le mandat signé, puis relancez l’on-boarding.",
    ),
    _od(
        "Le nom du serveur de l’endpoint ne répond pas : il ne peut pas être vérifié. Rien n’est parti ; un nouvel "
        "essai est possible.",
        PLUS_TARD,
        "Le serveur de noms ne donne aucune adresse pour l’hôte de l’endpoint.",
        "Rien à faire : un nouvel essai est prévu. Si cela dure, vérifiez l’hôte auprès de la plateforme.",
    ),
    _od(
        "Une autre exécution a repris cette opération.",
        "Rien n’a été envoyé par celle-ci.",
        "L’exécutant s’est réveillé trop tard : un autre s’occupe de l’opération.",
        "Rien à faire.",
        gravite="information",
    ),
)


def _sans_geste(entree: Entree) -> Entree:
    return replace(entree, systeme="od", geste="" if entree.geste in GESTES_DE_LOOP else entree.geste)


ENTREES = (
    CLIENT
    + LIGNES
    + PLATEFORMES
    + PERIODES
    + ACCES
    + JETONS
    + CONTRAT
    + ICI
    + tuple(_sans_geste(entree) for entree in (*GUICHET, *du_reseau("od")))
)
