"""The messages of Chorus Pro, of PISTE and of the channel `api`, each with its explanation.

Data only, written into the table by a migration (`dossiers.services.catalogue.semer`). AIFE's appendix of error
messages is not public: most of these sentences are ours, or the simulated portal's.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from dossiers.catalogue import du_reseau
from dossiers.catalogue_entree import PASSERELLE, Entree

PORTAIL_SIMULE = "Portail simulé de Passerelle (aucun texte de Chorus Pro n’est public pour ce refus)"
PASTELL = "Pastell (Libriciel), client public de Chorus Pro"
RESSAISIR = "Un administrateur doit le corriger sur le compte Chorus Pro, puis tester la connexion."
REGLAGES = "Un administrateur doit corriger ces réglages, puis tester la connexion."
RIEN = "Chorus Pro n’a pas été appelé."
#: Buttons about a key of Cegid, that no page of Chorus Pro has.
GESTES_DE_LOOP = frozenset({"ouvrir_cle", "tester_cle"})


def _chorus(motif: str, constat: str, cause: str, remede: str, source: str = PASSERELLE, **options: Any) -> Entree:
    return Entree(systeme="chorus", motif=motif, constat=constat, cause=cause, remede=remede, source=source, **options)


def _canal(motif: str, constat: str, cause: str, remede: str, source: str = PASSERELLE, **options: Any) -> Entree:
    return Entree(systeme="canal", motif=motif, constat=constat, cause=cause, remede=remede, source=source, **options)


def _reseau(systeme: str) -> tuple[Entree, ...]:
    return tuple(
        replace(entree, geste="") if entree.geste in GESTES_DE_LOOP else entree for entree in du_reseau(systeme)
    )


COMPTES = (
    _chorus(
        "Chorus Pro ne reconnaît pas le jeton donné par PISTE : les adresses des jetons et des API sont peut-être de "
        "deux environnements. Un administrateur doit vérifier ces deux réglages.",
        "Chorus Pro a refusé l’appel.",
        "Le jeton vient sans doute de l’autre environnement que l’API appelée.",
        REGLAGES,
    ),
    _chorus(
        "Chorus Pro refuse le compte technique : son identifiant ou son mot de passe est faux, il a expiré "
        "(424 jours), ou il a été créé il y a moins de 30 minutes. Un administrateur doit le vérifier, puis ressaisir "
        "son mot de passe.",
        "Chorus Pro a refusé le compte technique.",
        "Son identifiant ou son mot de passe est faux, expiré, ou le compte est trop récent.",
        "Le gestionnaire principal vérifie le compte ; un administrateur ressaisit ici son mot de passe.",
    ),
    _chorus(
        "PISTE refuse l’accès à l’API {api}, alors que le jeton est bon : l’application n’y est pas abonnée, ses "
        "conditions d’utilisation ne sont pas acceptées, ou le raccordement n’est pas actif. Un administrateur doit "
        "vérifier l’application dans PISTE.",
        "PISTE ferme cette API à l’application.",
        "L’abonnement à l’API manque, ses conditions ne sont pas acceptées, ou la fiche API n’est pas encore activée.",
        "Dans PISTE, acceptez ses conditions et cochez-la dans l’application ; cela prend jusqu’à 48 heures.",
    ),
    _chorus(
        "PISTE refuse l’application : son identifiant (client id) ou son secret est faux, ou il appartient à l’autre "
        "environnement. Un administrateur doit les recopier depuis « OAuth Credentials » dans PISTE, et non depuis "
        "« API Keys ».",
        "PISTE n’a pas donné de jeton.",
        "L’identifiant ou le secret de l’application est faux, ou de l’autre environnement.",
        "Un administrateur doit les recopier depuis « OAuth Credentials » dans PISTE, puis tester la connexion.",
    ),
    _chorus(
        "PISTE refuse de donner un jeton ({code}) : la demande ou l’application n’est pas admise. Un administrateur "
        "doit vérifier l’application dans PISTE.",
        "PISTE n’a pas donné de jeton.",
        "L’application n’est pas admise à le demander ainsi.",
        "Un administrateur doit vérifier l’application dans PISTE, puis tester la connexion.",
    ),
    _chorus(
        "L’appel à Chorus Pro est impossible : les identifiants sont inutilisables ({cause}). Un administrateur doit "
        "les compléter.",
        RIEN,
        "Un identifiant ou un secret du compte manque, ou ne peut pas être envoyé tel quel.",
        RESSAISIR,
    ),
    _chorus(
        "L’appel à Chorus Pro est impossible : les adresses de l’environnement « {environnement} » ne sont pas "
        "réglées. Un administrateur doit renseigner {reglages}.",
        RIEN,
        "Les adresses de cet environnement ne sont pas réglées sur ce serveur.",
        REGLAGES,
    ),
    *(
        _chorus(
            f"{etape} : {{cause}}",
            "La connexion n’est pas bonne.",
            f"L’étape « {etape} » du test a échoué.",
            "Ouvrez le compte Chorus Pro : chaque étape y donne sa cause et son remède.",
        )
        for etape in (
            "Jeton de l’application PISTE",
            "Compte technique Chorus Pro",
            "Abonnement aux API",
            "Rattachement à la structure",
        )
    ),
)
JETONS = (
    _chorus(
        "Le jeton d’accès n’a pas été obtenu : un autre appel l’attend encore. Rien n’a été modifié ; un nouvel essai "
        "est possible.",
        "L’appel a été remis à plus tard.",
        "Un autre appel demande en ce moment le jeton qui sert à tous, et PISTE tarde à le donner.",
        "Rien à faire : un nouvel essai est prévu.",
    ),
    _chorus(
        "PISTE a répondu autre chose qu’un jeton. Rien n’a été modifié ; un nouvel essai est possible.",
        "L’appel a été remis à plus tard.",
        "La réponse de PISTE n’a pas la forme d’un jeton.",
        "Rien à faire : un nouvel essai est prévu. Si cela dure, un administrateur vérifie l’adresse de PISTE.",
    ),
    _chorus(
        "Chorus Pro a refusé l’appel après une longue attente, peut-être parce que le jeton avait expiré. Rien n’a été "
        "modifié ; un nouvel essai est possible avec un autre jeton.",
        "L’appel a été remis à plus tard.",
        "Le jeton a pu expirer pendant l’attente.",
        "Rien à faire : un nouvel essai est prévu avec un autre jeton.",
    ),
)
LECTURES = (
    _chorus(
        "La recherche n'a retourné aucun résultat",
        "Chorus Pro n’a rien trouvé.",
        "Rien ne correspond à ce qui était cherché dans cet environnement.",
        "Vérifiez le numéro et l’environnement.",
        source=PASTELL,
        gravite="information",
    ),
    _chorus(
        "Chorus Pro a répondu autre chose que ce que son API annonce. Rien n’a été modifié ; un nouvel essai est "
        "possible.",
        "La lecture n’a pas abouti.",
        "La réponse n’a pas la forme que l’API annonce.",
        "Rien à faire : un nouvel essai est prévu. Si cela dure, signalez-le à un administrateur.",
    ),
    _chorus(
        "Chorus Pro a refusé la demande (code {code}) sans l’expliquer.",
        "Chorus Pro a refusé la demande.",
        "Il n’a donné qu’un code.",
        "Notez ce code et le requestid, puis demandez au support de Chorus Pro ce qu’il veut dire.",
    ),
    _chorus(
        "La réponse de Chorus Pro ({source}) n’a pas la forme attendue : le contrat de l’API a peut-être changé. "
        "Signalez-le à un administrateur avec la réponse gardée dans l’appel.",
        "La réponse n’a pas pu être lue.",
        "Le contrat de l’API a peut-être changé.",
        "Signalez-le à un administrateur : la réponse est gardée dans l’appel.",
    ),
)


def _suivis(faire: Any) -> tuple[Entree, ...]:
    """The sentences of what follows a fiche, or starts from it, for one system."""
    return (
        faire(
            "La fiche n’est pas activée {jours} jours après son envoi : son suivi s’arrête. Contactez le support de "
            "Chorus Pro, puis relancez le suivi.",
            "Le suivi de la fiche s’est arrêté.",
            "Elle n’a pas été activée dans le délai réglé.",
            "Contactez le support avec le texte préparé sur la fiche, puis relancez le suivi.",
            geste="relancer",
        ),
        faire(
            "Cette fiche n’existe plus : elle a été supprimée. Rien n’a été envoyé.",
            "Rien n’a été envoyé.",
            "Le brouillon a été supprimé après la demande.",
            "Rien à faire.",
        ),
    )


CANAL = (
    _canal(
        "La fiche n’est pas partie. {raison}",
        "La fiche n’est pas partie.",
        "Elle est vérifiée de nouveau juste avant son départ : le message dit ce qui la retient.",
        "Corrigez-la, faites-la approuver si besoin, puis demandez de nouveau son envoi.",
    ),
    _canal(
        "« Envoyer » n’est pas possible. {raison}",
        "La fiche n’est pas partie.",
        "Son statut ne le permet pas.",
        "Ouvrez la fiche : elle montre ce que son statut permet.",
    ),
    _canal(
        "La fiche n’a pas été envoyée. {raison}",
        "La fiche n’est pas partie.",
        "Elle est déjà en cours d’envoi, ou cette version est déjà partie.",
        "Ouvrez la fiche : son histoire dit qui l’a envoyée, et quand.",
    ),
    _canal(
        "L’envoi par le canal « api » est impossible : son jeton n’est pas réglé. Un administrateur doit renseigner "
        "CHORUS_CANAL_JETON.",
        "La fiche n’est pas partie.",
        "Le jeton du canal manque.",
        "Un administrateur doit renseigner CHORUS_CANAL_JETON, puis la fiche peut être envoyée de nouveau.",
    ),
    _canal(
        "L’envoi par le canal « api » est impossible : il n’est pas réglé pour « {environnement} ». Un administrateur "
        "doit donner « api » à CHORUS_CANAL et une adresse à {reglage}.",
        "La fiche n’est pas partie.",
        "Le canal « api » n’est pas réglé pour cet environnement.",
        "Un administrateur doit régler le canal, ou quelqu’un saisit la fiche sur le portail.",
    ),
    _canal(
        "L’adresse du canal « api » a répondu autre chose que l’état de la fiche. La fiche a pu être prise en compte : "
        "son état va être relu avant tout nouvel envoi.",
        "On ne sait pas encore si la fiche a été reçue.",
        "La réponse n’a pas la forme du contrat.",
        "Rien à faire : l’état va être relu. Si cela dure, un administrateur vérifie l’adresse du canal.",
    ),
    _canal(
        "L’adresse du canal « api » a répondu autre chose que l’état de la fiche. Rien n’a été modifié ; un nouvel "
        "essai est possible.",
        "L’état de la fiche n’a pas été lu.",
        "La réponse n’a pas la forme du contrat.",
        "Rien à faire : un nouvel essai est prévu. Si cela dure, un administrateur vérifie l’adresse du canal.",
    ),
    _canal(
        "Une autre exécution a repris cette opération.",
        "Rien n’a été envoyé par celle-ci.",
        "L’exécutant s’est réveillé trop tard : un autre s’occupe de l’opération.",
        "Rien à faire.",
        gravite="information",
    ),
)


def _refus_du_portail(motif: str, cause: str, remede: str) -> Entree:
    return _canal(
        motif, "La fiche n’est pas partie : le destinataire l’a refusée.", cause, remede, source=PORTAIL_SIMULE
    )


PORTAIL = (
    _refus_du_portail(
        "Le jeton du canal est absent ou refusé.",
        "Le jeton du canal n’est pas celui que le destinataire attend.",
        "Un administrateur doit corriger CHORUS_CANAL_JETON, puis la fiche peut être envoyée de nouveau.",
    ),
    _refus_du_portail(
        "Le partenaire n’existe pas ou n’est pas actif dans cet environnement.",
        "La structure n’est pas connue, ou pas active, dans cet environnement.",
        "Vérifiez la structure dans Chorus Pro, puis l’environnement de la fiche.",
    ),
    _refus_du_portail(
        "La fiche est en cours de traitement : elle n’est pas modifiable.",
        "La version précédente attend encore son activation.",
        "Attendez que la fiche soit activée, puis envoyez la mise à jour.",
    ),
    _refus_du_portail(
        "La fiche est désactivée : elle n’est plus modifiable.",
        "Une fiche désactivée ne se met plus à jour.",
        "Notez la désactivation, puis clonez la fiche pour en préparer une autre.",
    ),
    _refus_du_portail(
        "Le code application partenaire est donné par Chorus Pro.",
        "Le code noté ici n’est pas celui que le destinataire a donné.",
        "Comparez le code appli partenaire de la fiche à celui du portail.",
    ),
    _refus_du_portail(
        "Cette adresse est celle de l’environnement « {environnement} ».",
        "L’adresse du canal est celle de l’autre environnement.",
        "Un administrateur doit corriger les adresses du canal.",
    ),
    _refus_du_portail(
        "Le protocole {protocole} exige un certificat {usages}.",
        "Il manque un certificat pour ce protocole.",
        "Joignez le certificat demandé, faites approuver la fiche, puis envoyez-la.",
    ),
    _refus_du_portail(
        "Le code interface {code} n’est pas proposé en production.",
        "Ce code n’existe qu’en qualification.",
        "Mettez ce code à « Pas de raccordement », faites approuver la fiche, puis envoyez-la.",
    ),
)

ENTREES = (
    COMPTES
    + JETONS
    + LECTURES
    + CANAL
    + PORTAIL
    + _suivis(_chorus)
    + _suivis(_canal)
    + _reseau("chorus")
    + _reseau("canal")
)
