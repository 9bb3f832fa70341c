"""The documented messages of Cegid Loop and our own network sentences, each with its explanation.

Data only: `dossiers.services.catalogue.semer` writes it into the table, from a migration. `motif` is the exact text,
with `{name}` where a value stands; texts that our own code writes have "Passerelle" as `source`.
"""

from __future__ import annotations

from dossiers.catalogue_entree import ACCES, APIM, GUIDE, LOGICIEL, PASSERELLE, SIMULATEUR, Entree
from dossiers.catalogue_imports import DEPOT, IMPORTS

__all__ = ["ENTREES", "GESTES", "Entree", "du_reseau"]

#: Remedy buttons an entry may propose: code kept in the row, French label. A page shows those it can perform.
GESTES = {
    "actualiser_loophub": "Relever LoopHub",
    "actualiser_dossier": "Actualiser depuis Loop",
    "tester_cle": "Tester la connexion",
    "ouvrir_cle": "Ouvrir la clé d’API",
    "ouvrir_dossier": "Ouvrir le dossier",
    "relancer": "Relancer l’opération",
    "trancher": "Trancher l’opération",
    "choisir_dossier": "Choisir le dossier",
    "choisir_etablissement": "Choisir l’établissement",
    "choisir_fichier": "Choisir le fichier",
    "corriger_siret": "Corriger le SIRET",
    "corriger_ecritures": "Corriger les écritures",
    "ouvrir_interlocuteur": "Ouvrir l’interlocuteur",
    "creer_interlocuteur": "Créer l’interlocuteur",
    "inviter_tenant": "Inviter sur le tenant",
}

OFFRES = (
    Entree(
        motif="L'offre {offre} a été ajoutée au dossier client {codeDossier}",
        gravite="information",
        constat="L’offre est sur le dossier.",
        cause="Loop a confirmé l’ajout.",
        remede="Rien à faire.",
        source=f"{GUIDE}, addOffer",
    ),
    Entree(
        motif="L'offre {offre} a été retirée du dossier client {codeDossier}",
        gravite="information",
        constat="L’offre n’est plus sur le dossier.",
        cause="Loop a confirmé le retrait.",
        remede="Rien à faire.",
        source=f"{GUIDE}, removeOffer",
    ),
    Entree(
        motif="The collaborateur {login} is not found.",
        constat="L’accès n’a pas pu être vérifié.",
        cause="Loop ne connaît aucun collaborateur du cabinet sous cet identifiant.",
        remede="Corrigez le maître de dossier, ou faites créer ce collaborateur dans Loop, puis relancez.",
        geste="ouvrir_dossier",
        source=f"{ACCES}, code CollaborateurBadLogin",
    ),
    Entree(
        motif="CollaborateurBadLogin",
        constat="L’accès n’a pas pu être vérifié.",
        cause="Loop refuse l’identifiant du collaborateur, sans autre précision.",
        remede="Corrigez le maître de dossier, ou faites créer ce collaborateur dans Loop, puis relancez.",
        geste="ouvrir_dossier",
        source=f"{ACCES}, code sans message",
    ),
)

INTERLOCUTEURS = (
    Entree(
        motif="L'e-mail de cet interlocuteur est déjà associé à un autre interlocuteur",
        constat="L’interlocuteur n’a pas été enregistré dans Loop.",
        cause="Son adresse e-mail est déjà celle d’un autre interlocuteur.",
        remede="Ouvrez l’interlocuteur qui la porte et rattachez-lui le dossier, ou saisissez une autre adresse.",
        geste="ouvrir_interlocuteur",
        source=f"{GUIDE}, addClient",
    ),
    Entree(
        motif="Pour proposer un service à un interlocuteur vous devez d'abord l'inviter sur votre tenant",
        constat="L’offre n’a pas été donnée à l’interlocuteur.",
        cause="Cette personne n’est pas encore invitée sur le tenant du cabinet.",
        remede="Invitez-la sur le tenant depuis Loop, attendez qu’elle accepte, puis relancez l’opération.",
        geste="inviter_tenant",
        source=f"{GUIDE}, addClient et updateClient",
    ),
    Entree(
        motif="interlocuteur n'existe pas",
        constat="L’interlocuteur n’a pas été modifié.",
        cause="Loop ne connaît aucun interlocuteur à cette adresse e-mail.",
        remede="Vérifiez l’adresse, ou créez l’interlocuteur à partir de cette saisie.",
        geste="creer_interlocuteur",
        source=f"{GUIDE}, updateClient",
    ),
    Entree(
        motif="L'application est déjà affectée à l'interlocuteur.",
        gravite="information",
        constat="L’interlocuteur a déjà cette offre.",
        cause="Elle lui avait été donnée auparavant : Loop n’a rien changé.",
        remede="Aucun changement nécessaire.",
        source=f"{GUIDE}, updateClient",
    ),
)

GUICHET = (
    Entree(
        motif="Access denied due to missing subscription key. Make sure to include subscription key when making "
        "requests to an API.",
        constat="Cegid a refusé l’appel.",
        cause="La clé d’abonnement (Ocp-Apim-Subscription-Key) n’est pas arrivée jusqu’à Cegid.",
        remede="Un administrateur doit saisir la clé d’abonnement sur la clé d’API, puis tester la connexion.",
        geste="tester_cle",
        source=APIM,
    ),
    Entree(
        motif="Access denied due to invalid subscription key. {suite}",
        constat="Cegid a refusé l’appel.",
        cause="La clé d’abonnement (Ocp-Apim-Subscription-Key) est fausse, ou son abonnement n’est plus actif.",
        remede="Un administrateur doit la ressaisir depuis le portail développeur de Cegid, puis tester la connexion.",
        geste="tester_cle",
        source=APIM,
    ),
    Entree(
        motif="Out of call volume quota. Quota will be replenished in {delai}",
        constat="Cegid n’accepte plus d’appel pour le moment.",
        cause="Le quota d’appels de l’abonnement est épuisé.",
        remede="Rien à faire tout de suite : le travail en attente repart seul quand le quota est rendu.",
        geste="ouvrir_cle",
        source=APIM,
    ),
    Entree(
        motif="Rate limit is exceeded. Try again in {secondes} seconds.",
        constat="Cegid demande de ralentir.",
        cause="Trop d’appels ont été faits en peu de temps avec cette clé.",
        remede="Rien à faire : l’opération repart seule après le délai demandé.",
        geste="ouvrir_cle",
        source=APIM,
    ),
)

SIMULATEUR_LOOP = (
    Entree(
        motif="Access denied due to invalid or inactive x-apikey.",
        constat="Cegid a refusé l’appel.",
        cause="La clé d’API ou son secret est faux, ou la clé n’est pas activée dans Loop Hub.",
        remede="Un administrateur doit ressaisir le secret, activer la clé dans Loop Hub, puis tester la connexion.",
        geste="tester_cle",
        source=SIMULATEUR,
    ),
    Entree(
        motif="The apiKey does not give access to this function.",
        constat="Cegid a refusé l’appel.",
        cause="La clé est standard (P04448) : les offres et le provisionnement demandent une clé avancée (P04454).",
        remede="Rattachez le dossier à une clé avancée, puis refaites l’action.",
        geste="ouvrir_cle",
        source=SIMULATEUR,
    ),
    Entree(
        motif="The domain {domaine} is not found.",
        constat="Cegid a refusé l’appel.",
        cause="Le domaine Loop saisi sur la clé n’est pas celui du cabinet.",
        remede="Un administrateur doit recopier le code du cabinet affiché dans Loop Hub, puis tester la connexion.",
        geste="ouvrir_cle",
        source=SIMULATEUR,
    ),
    Entree(
        motif="The object has been modified by another user.",
        constat="La correction n’a pas été faite dans Loop.",
        cause="Quelqu’un a modifié ce dossier dans Loop au même moment.",
        remede="Actualisez le dossier depuis Loop, regardez ce qui a changé, puis refaites la correction.",
        geste="actualiser_dossier",
        source=SIMULATEUR,
    ),
    Entree(
        motif="The file {uri} is not found.",
        constat="L’import n’a pas été accepté.",
        cause="Loop ne trouve pas le fichier déposé : le dépôt a échoué, ou le fichier y a été effacé.",
        remede="Refaites la demande avec le fichier : il sera déposé de nouveau.",
        geste="choisir_fichier",
        source=SIMULATEUR,
    ),
    Entree(
        motif="The URL must be an https address.",
        constat="L’import n’a pas été accepté.",
        cause="Le lien donné n’est pas une adresse https.",
        remede="Donnez l’adresse https du fichier, ou choisissez le fichier lui-même.",
        geste="choisir_fichier",
        source=SIMULATEUR,
    ),
    Entree(
        motif="The import request {demande} is not found.",
        constat="L’avancement de l’import n’a pas pu être lu.",
        cause="Loop ne connaît aucune demande d’import sous ce numéro.",
        remede="Regardez dans Loop si l’import y figure ; un manager peut corriger le numéro de la demande.",
        source=SIMULATEUR,
    ),
    Entree(
        motif="L'import a échoué : le fichier comporte des erreurs.",
        constat="L’import s’est terminé en erreur : les écritures ne sont pas dans Loop.",
        cause="Loop a trouvé des erreurs dans le fichier.",
        remede="Corrigez le fichier, vérifiez dans Loop qu’aucune de ses écritures n’y est, puis refaites un import.",
        geste="corriger_ecritures",
        source=SIMULATEUR,
    ),
)

CLIENT_LOOP = (
    Entree(
        motif="L’appel à Cegid Loop est impossible : la clé d’API est incomplète ({champs}). Un administrateur doit la "
        "compléter sur la fiche de la clé.",
        constat="Rien n’a été envoyé à Loop.",
        cause="La clé d’API n’a pas tous ses secrets.",
        remede="Un administrateur doit compléter la clé, puis tester la connexion.",
        geste="ouvrir_cle",
        source=PASSERELLE,
    ),
    Entree(
        motif="L’appel à Cegid Loop est impossible : aucune adresse n’est réglée pour l’environnement "
        "« {environnement} ». Un administrateur doit renseigner le réglage {reglage}.",
        constat="Rien n’a été envoyé à Loop.",
        cause="L’adresse de Loop pour cet environnement manque dans les réglages du serveur.",
        remede="Un administrateur doit renseigner le réglage cité, puis relancer l’opération.",
        geste="relancer",
        source=PASSERELLE,
    ),
    Entree(
        motif="L’offre n’a pas été demandée : l’ajout par addCollaborativeOffer exige un interlocuteur. Choisissez-en "
        "un, puis recommencez.",
        constat="L’offre n’a pas été demandée.",
        cause="Le nouvel appel de Cegid donne une offre à un interlocuteur, et aucun n’est choisi.",
        remede="Refaites l’action en donnant l’adresse e-mail de l’interlocuteur.",
        geste="ouvrir_dossier",
        source=PASSERELLE,
    ),
    Entree(
        motif="Cette opération demande un dossier.",
        constat="Rien n’a été envoyé à Loop.",
        cause="L’opération ne porte sur aucun dossier.",
        remede=LOGICIEL,
        source=PASSERELLE,
    ),
    Entree(
        motif="Rien n’a été envoyé : l’interlocuteur n’est pas encore créé dans Loop. Réglez d’abord sa création, "
        "depuis sa fiche ; ce qui l’attendait repart ensuite.",
        constat="Rien n’a été envoyé à Loop.",
        cause="L’opération suivait la création de l’interlocuteur, qui n’a pas abouti.",
        remede="Ouvrez l’interlocuteur et réglez sa création : les accès qui l’attendaient sont redemandés avec elle.",
        geste="ouvrir_interlocuteur",
        source=PASSERELLE,
    ),
    Entree(
        motif="Rien n’a été envoyé : une version plus récente de la fiche est déjà dans Loop, celle-ci l’aurait "
        "effacée. Ouvrez l’interlocuteur et modifiez-le de nouveau si besoin.",
        constat="Rien n’a été envoyé à Loop.",
        cause="Cette modification est ancienne : Loop a déjà reçu une fiche plus récente, qu’elle aurait effacée.",
        remede="Ouvrez l’interlocuteur : sa fiche d’ici est celle que Loop a. Modifiez-la si elle ne convient pas.",
        geste="ouvrir_interlocuteur",
        source=PASSERELLE,
    ),
    Entree(
        motif="Rien n’a été envoyé : l’interlocuteur a été anonymisé, son adresse n’est plus connue. Abandonnez cette "
        "opération.",
        constat="Rien n’a été envoyé à Loop.",
        cause="L’interlocuteur a été anonymisé depuis la demande.",
        remede="Aucune suite à donner. Si la personne revient, créez un nouvel interlocuteur.",
        source=PASSERELLE,
    ),
    Entree(
        motif="La réponse de Cegid Loop ({source}) n’a pas la forme attendue : le contrat de l’API a peut-être changé. "
        "Signalez-le à un administrateur avec la réponse gardée dans l’appel.",
        constat="La réponse de Loop n’a pas pu être lue.",
        cause="Elle n’a pas la forme que Cegid documente : l’API a peut-être changé.",
        remede="Signalez-le à un administrateur : la réponse reçue est gardée sur cette page, dans l’appel.",
        source=PASSERELLE,
    ),
    Entree(
        motif="Cegid Loop a répondu autre chose que ce que son API annonce. La demande a pu être prise en compte : "
        "vérifiez son effet dans Loop avant de la renvoyer.",
        constat="On ne sait pas si Loop a fait ce qui lui était demandé.",
        cause="Sa réponse n’est ni le succès ni le refus que Cegid documente.",
        remede="Laissez la vérification se faire ; si une personne est demandée, regardez dans Loop puis tranchez.",
        geste="trancher",
        source=PASSERELLE,
    ),
    Entree(
        motif="Cegid Loop a répondu autre chose que ce que son API annonce. Rien n’a été modifié ; un nouvel essai est "
        "possible.",
        constat="La lecture dans Loop n’a pas abouti.",
        cause="La réponse n’est pas celle que Cegid documente.",
        remede="Rien à faire tout de suite : la lecture est refaite seule. Si cela dure, prévenez un administrateur.",
        geste="relancer",
        source=PASSERELLE,
    ),
    Entree(
        motif="Erreur sans message.",
        constat="Loop a refusé la demande.",
        cause="Il n’a donné aucune raison.",
        remede="Ouvrez l’appel ci-dessous et transmettez son requestid au support de Cegid.",
        source=PASSERELLE,
    ),
)


_DOUTE = {
    "constat": "On ne sait pas si la demande a été prise en compte.",
    "remede": "Ne refaites pas la demande : l’effet est vérifié tout seul, ou une personne est appelée à trancher.",
    "geste": "trancher",
}
_LECTURE = {
    "constat": "La lecture n’a pas abouti ; rien n’a été modifié.",
    "remede": "Rien à faire tout de suite : un nouvel essai part tout seul. Si cela dure, prévenez un administrateur.",
    "geste": "relancer",
}
_REFUS = {"constat": "Le service distant a refusé l’appel.", "geste": "tester_cle"}
_APRES_DOUTE = "La demande a pu être prise en compte : vérifiez son effet avant de la renvoyer."
_APRES_LECTURE = "Rien n’a été modifié ; un nouvel essai est possible."
_LENT = "Le service distant a mis plus de temps que le délai permis."
_ABIMEE = "Sa réponse est abîmée, ou dépasse la taille permise."
_COUPE = "La ligne a été coupée pendant l’échange."
_PANNE = "Le service distant est en panne, en maintenance ou débordé."

#: What our own transport (config/http.py) and sweep (operations/balayage.py) say, whatever the remote system.
_RESEAU: tuple[dict[str, str], ...] = (
    {
        "motif": "La connexion à {hote} n’a pas pu s’établir : le service est injoignable ou trop lent. Rien n’a été "
        "envoyé ; un nouvel essai est possible.",
        "constat": "Rien n’a été envoyé.",
        "cause": "Le service distant est injoignable, ou le réseau du cabinet est coupé.",
        "remede": _LECTURE["remede"],
        "geste": "tester_cle",
    },
    _DOUTE
    | {
        "motif": f"{{hote}} n’a pas fini de répondre dans le délai de {{secondes}} s. {_APRES_DOUTE}",
        "cause": _LENT,
    },
    _LECTURE
    | {
        "motif": f"{{hote}} n’a pas fini de répondre dans le délai de {{secondes}} s. {_APRES_LECTURE}",
        "cause": _LENT,
    },
    _DOUTE | {"motif": f"La réponse de {{hote}} est illisible ou trop volumineuse. {_APRES_DOUTE}", "cause": _ABIMEE},
    _LECTURE
    | {"motif": f"La réponse de {{hote}} est illisible ou trop volumineuse. {_APRES_LECTURE}", "cause": _ABIMEE},
    _DOUTE
    | {
        "motif": f"La connexion à {{hote}} s’est rompue avant la fin de la réponse. {_APRES_DOUTE}",
        "cause": _COUPE,
    },
    _LECTURE
    | {
        "motif": f"La connexion à {{hote}} s’est rompue avant la fin de la réponse. {_APRES_LECTURE}",
        "cause": _COUPE,
    },
    _DOUTE
    | {
        "motif": "Le service distant a répondu une erreur momentanée (HTTP {statut}) sans l’expliquer. Un nouvel essai "
        "est possible plus tard, après avoir vérifié que la demande n’a pas été prise en compte.",
        "cause": _PANNE,
    },
    _LECTURE
    | {
        "motif": "Le service distant a répondu une erreur momentanée (HTTP {statut}) sans l’expliquer. Un nouvel essai "
        "est possible plus tard.",
        "constat": "La demande n’a pas été prise en compte.",
        "cause": _PANNE,
    },
    _REFUS
    | {
        "motif": "Le service distant refuse l’appel (HTTP {statut}) : les identifiants sont absents ou refusés. Un "
        "administrateur doit vérifier la clé d’accès.",
        "cause": "Le secret de la clé est faux, expiré, ou la clé n’est pas activée.",
        "remede": "Un administrateur doit ressaisir les secrets de la clé, puis tester la connexion.",
    },
    _REFUS
    | {
        "motif": "Le service distant refuse l’appel (HTTP {statut}) : l’accès n’est pas accordé. Un administrateur "
        "doit vérifier les droits de la clé d’accès.",
        "cause": "La clé est reconnue, mais n’a pas droit à cette fonction.",
        "remede": "Un administrateur doit vérifier le type de la clé et son activation, puis tester la connexion.",
    },
    _REFUS
    | {
        "motif": "Le service distant refuse l’appel (HTTP {statut}) : l’adresse réglée renvoie ailleurs. Un "
        "administrateur doit corriger l’adresse du service.",
        "cause": "L’adresse du service, dans les réglages, n’est plus la bonne.",
        "remede": "Un administrateur doit corriger cette adresse, puis tester la connexion.",
    },
    _REFUS
    | {
        "motif": "Le service distant refuse l’appel (HTTP {statut}) : ce chemin n’existe pas. Un administrateur doit "
        "vérifier l’adresse et le chemin réglés.",
        "cause": "L’adresse ou le chemin du service, dans les réglages, n’est pas le bon.",
        "remede": "Un administrateur doit corriger l’adresse et le chemin, puis tester la connexion.",
    },
    {
        "motif": "L’adresse du service distant est invalide : il faut une adresse http(s) complète. Un administrateur "
        "doit la corriger dans les réglages.",
        "constat": "Rien n’a été envoyé.",
        "cause": "L’adresse du service, dans les réglages, n’est pas une adresse http(s).",
        "remede": "Un administrateur doit la corriger, puis relancer l’opération.",
        "geste": "relancer",
    },
    {
        "motif": "L’adresse à appeler chez {hote} est invalide. Un administrateur doit corriger ce chemin dans les "
        "réglages.",
        "constat": "Rien n’a été envoyé.",
        "cause": "Le chemin de cette fonction, dans les réglages, ne peut pas faire partie d’une adresse.",
        "remede": "Un administrateur doit le corriger, puis relancer l’opération.",
        "geste": "relancer",
    },
    {
        "motif": "L’en-tête {nom} ne peut pas être envoyé : sa valeur est vide ou contient un caractère interdit "
        "(accent, espace aux bords, retour à la ligne). Un administrateur doit la ressaisir.",
        "constat": "Rien n’a été envoyé.",
        "cause": "Un secret de la clé contient un caractère qui ne peut pas voyager : il a sans doute été mal collé.",
        "remede": "Un administrateur doit le ressaisir sur la clé d’API, puis tester la connexion.",
        "geste": "ouvrir_cle",
    },
    _DOUTE
    | {
        "motif": "Le processus qui faisait l’appel s’est arrêté avant d’en noter la réponse.",
        "cause": "Le serveur a redémarré, ou l’exécutant a été arrêté pendant l’appel.",
    },
)


def du_reseau(systeme: str) -> tuple[Entree, ...]:
    """Our own sentences about one remote system (code of Explication.Systeme)."""
    return tuple(Entree(systeme=systeme, source=PASSERELLE, **textes) for textes in _RESEAU)


ENTREES = OFFRES + INTERLOCUTEURS + IMPORTS + DEPOT + GUICHET + SIMULATEUR_LOOP + CLIENT_LOOP + du_reseau("loop")
