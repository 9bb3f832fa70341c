"""The verdicts on certificates: gravity and French sentences of each code. Data only; `verdicts.py` says when.

What comes from Chorus Pro (AIFE guide « Fiche de raccordement », page « Certificats »): a certificate in its validity,
its whole chain, client and server usages for PeSIT and AS2, client usage for SFTP and API, an accepted issuer. Every
threshold and the rest are general practice: `schemas.ORIGINE` stands beside each sentence.
"""

from __future__ import annotations

from typing import NamedTuple

from raccordements.certificats.schemas import Gravite

BLOQUANT, AVERTISSEMENT, INFORMATION = Gravite.BLOQUANT, Gravite.AVERTISSEMENT, Gravite.INFORMATION


class Texte(NamedTuple):
    """Gravity, then what was seen, why it matters, what to do; `{…}` are the facts of the verdict."""

    gravite: Gravite
    quoi: str
    pourquoi: str
    que_faire: str


RIEN = "Vous n’avez rien à faire."
RENOUVELER = "Demandez le renouvellement à votre fournisseur de certificats, puis déposez le nouveau fichier."
CHAINE = (
    "Demandez à votre fournisseur le fichier PKCS#7 (.p7b) avec toute la chaîne, ou ajoutez-y le certificat manquant."
)
AUTRE_CERTIFICAT = (
    "Demandez à votre fournisseur un certificat d’authentification qui convient, puis déposez son fichier."
)

TEXTES: dict[str, Texte] = {
    # --- dates
    "expire": Texte(
        BLOQUANT,
        "Le certificat « {nom} » a expiré le {fin}.",
        "Chorus Pro demande un certificat valable le jour du raccordement, et arrête les échanges à son expiration.",
        RENOUVELER,
    ),
    "pas_encore_valable": Texte(
        BLOQUANT,
        "Le certificat « {nom} » n’est valable qu’à partir du {debut}.",
        "Chorus Pro demande un certificat valable le jour du raccordement.",
        "Attendez cette date pour soumettre la fiche, ou gardez l’ancien certificat jusque-là.",
    ),
    "dates_inversees": Texte(
        BLOQUANT,
        "Le certificat « {nom} » finit le {fin}, avant de commencer le {debut}.",
        "Aucun serveur ne l’acceptera : il n’est valable à aucun moment.",
        AUTRE_CERTIFICAT,
    ),
    "echeance_proche": Texte(
        AVERTISSEMENT,
        "Le certificat « {nom} » expire le {fin} : il reste {reste}.",
        "À son expiration les échanges s’arrêtent, et un renouvellement prend plusieurs jours.",
        RENOUVELER,
    ),
    "en_cours_de_validite": Texte(
        INFORMATION,
        "Le certificat « {nom} » est valable jusqu’au {fin} : il reste {reste}.",
        "Aucune échéance n’est proche.",
        RIEN,
    ),
    "duree_excessive": Texte(
        AVERTISSEMENT,
        "Le certificat « {nom} » est émis pour {annees}.",
        "Les autorités reconnues émettent pour trois ans au plus : ce certificat a sans doute été fait à la main.",
        "Vérifiez son origine auprès du partenaire.",
    ),
    "autorite_expiree": Texte(
        BLOQUANT,
        "L’autorité « {nom} » a expiré le {fin}.",
        "Un certificat ne peut plus être vérifié quand l’un de ceux de sa chaîne n’est plus valable.",
        "Demandez à votre fournisseur la chaîne à jour, puis déposez le nouveau fichier.",
    ),
    "autorite_pas_encore_valable": Texte(
        BLOQUANT,
        "L’autorité « {nom} » n’est valable qu’à partir du {debut}.",
        "Un certificat ne peut pas être vérifié avant que tous ceux de sa chaîne soient valables.",
        "Demandez à votre fournisseur la chaîne en vigueur, puis déposez le nouveau fichier.",
    ),
    "autorite_echeance": Texte(
        AVERTISSEMENT,
        "L’autorité « {nom} » expire le {fin}, avant le certificat qu’elle garantit : il reste {reste}.",
        "Les échanges s’arrêtent dès que l’un des certificats de la chaîne n’est plus valable.",
        "Demandez à votre fournisseur la chaîne qui la remplace.",
    ),
    # --- usages
    "usage_client_absent": Texte(
        BLOQUANT,
        "Aucun certificat du fichier n’est prévu pour l’authentification d’un client.",
        "Chorus Pro demande pour {protocole} {demande}.",
        AUTRE_CERTIFICAT,
    ),
    "usage_serveur_absent": Texte(
        BLOQUANT,
        "Aucun certificat du fichier n’est prévu pour l’authentification d’un serveur.",
        "Chorus Pro demande pour {protocole} {demande}.",
        "Demandez un certificat qui a les deux usages, ou ajoutez au fichier un certificat de serveur.",
    ),
    "usages_non_precises": Texte(
        AVERTISSEMENT,
        "Le certificat « {nom} » ne dit pas à quels usages il est destiné.",
        "Chorus Pro demande pour {protocole} {demande} ; un certificat sans précision peut être refusé.",
        "Demandez à votre fournisseur s’il convient, ou un certificat aux usages précisés.",
    ),
    "usages_conformes": Texte(
        INFORMATION,
        "Les usages conviennent à {protocole}.",
        "Chorus Pro demande {demande}.",
        RIEN,
    ),
    "usage_signature_absent": Texte(
        AVERTISSEMENT,
        "La clé du certificat « {nom} » n’est pas prévue pour signer (usage « digitalSignature » absent).",
        "Une authentification TLS récente demande une signature : la connexion peut être refusée.",
        AUTRE_CERTIFICAT,
    ),
    # --- strength
    "cle_faible": Texte(
        BLOQUANT,
        "La clé du certificat « {nom} » est trop courte : {cle}.",
        "Une clé de moins de {minimum} bits peut être cassée, et les serveurs récents la refusent.",
        AUTRE_CERTIFICAT,
    ),
    "cle_inhabituelle": Texte(
        AVERTISSEMENT,
        "La clé du certificat « {nom} » est d’une sorte inhabituelle : {cle}.",
        "Les passerelles d’échange n’acceptent souvent que RSA et les courbes P-256, P-384 et P-521.",
        "Demandez au support de Chorus Pro si elle convient, ou un certificat à clé RSA.",
    ),
    "exposant_faible": Texte(
        AVERTISSEMENT,
        "La clé RSA du certificat « {nom} » a un exposant de {exposant}.",
        "Le référentiel général de sécurité demande un exposant d’au moins 65537.",
        AUTRE_CERTIFICAT,
    ),
    "signature_faible": Texte(
        BLOQUANT,
        "Le certificat « {nom} » est signé avec {hachage}.",
        "Cette signature peut être contrefaite, et les serveurs récents la refusent.",
        AUTRE_CERTIFICAT,
    ),
    "signature_inconnue": Texte(
        AVERTISSEMENT,
        "Le certificat « {nom} » est signé d’une façon inconnue ({algorithme}).",
        "Sa solidité n’a pas pu être jugée.",
        "Demandez à votre fournisseur comment il est signé.",
    ),
    # --- chain
    "chaine_complete": Texte(
        INFORMATION,
        "La chaîne de « {nom} » est complète : {etapes}.",
        "Chaque signature a été vérifiée avec la clé du certificat suivant.",
        RIEN,
    ),
    "chaine_incomplete": Texte(
        BLOQUANT,
        "La chaîne de « {nom} » est incomplète : le certificat de « {manquant} » manque.",
        "Chorus Pro demande le certificat avec l’ensemble de sa chaîne.",
        CHAINE,
    ),
    "chaine_circulaire": Texte(
        BLOQUANT,
        "La chaîne de « {nom} » tourne en rond : « {manquant} » y revient.",
        "Une chaîne finit par une autorité qui se garantit elle-même.",
        CHAINE,
    ),
    "signature_fausse": Texte(
        BLOQUANT,
        "Le certificat « {nom} » n’est pas signé par le certificat de « {manquant} » qui est dans le fichier.",
        "Celui-ci porte le nom de l’émetteur, mais une autre clé : la chaîne ne peut pas être vérifiée.",
        CHAINE,
    ),
    "lien_non_verifiable": Texte(
        AVERTISSEMENT,
        "La signature du certificat « {nom} » n’a pas pu être vérifiée ({algorithme}).",
        "Elle est d’une sorte que les outils récents ne vérifient plus.",
        AUTRE_CERTIFICAT,
    ),
    "desordre": Texte(
        INFORMATION,
        "Les certificats du fichier n’étaient pas dans l’ordre de la chaîne.",
        "Certains outils attendent le certificat du partenaire d’abord.",
        "Vous n’avez rien à faire : Passerelle les a remis en ordre.",
    ),
    "certificat_etranger": Texte(
        AVERTISSEMENT,
        "Le certificat « {nom} » ne fait partie d’aucune chaîne du fichier.",
        "Il n’a émis ni le certificat du partenaire ni l’un de ses émetteurs.",
        "Retirez-le du fichier, ou ajoutez le certificat qui le relie aux autres.",
    ),
    "doublons": Texte(
        INFORMATION,
        "Le fichier contenait {nombre} en double.",
        "Un certificat répété n’apporte rien.",
        "Vous n’avez rien à faire : Passerelle n’en a gardé qu’un de chaque.",
    ),
    "plusieurs_certificats": Texte(
        AVERTISSEMENT,
        "Le fichier contient {nombre} certificats de partenaire : {noms}.",
        "{attendu}",
        "Vérifiez que ce sont les bons ; sinon, ne laissez que le certificat de ce raccordement et sa chaîne.",
    ),
    "emetteur_non_ac": Texte(
        BLOQUANT,
        "Le certificat « {nom} » en a signé un autre sans être une autorité.",
        "Seul le certificat d’une autorité peut en garantir un autre : la chaîne sera refusée.",
        AUTRE_CERTIFICAT,
    ),
    "chemin_trop_long": Texte(
        BLOQUANT,
        "L’autorité « {nom} » n’a pas le droit d’avoir autant d’autorités sous elle.",
        "Elle en permet {permis} et le fichier en montre {vus} : la chaîne sera refusée.",
        CHAINE,
    ),
    # --- nature
    "auto_signe": Texte(
        BLOQUANT,
        "Le certificat « {nom} » s’est signé lui-même.",
        "Chorus Pro demande un certificat d’une autorité reconnue (référentiel général de sécurité, liste européenne).",
        AUTRE_CERTIFICAT,
    ),
    "feuille_ac": Texte(
        BLOQUANT,
        "Le certificat « {nom} » est celui d’une autorité, pas celui d’un partenaire.",
        "Le fichier contient la chaîne sans le certificat qu’elle garantit, ou un certificat fait à la main.",
        "Ajoutez au fichier le certificat du partenaire, ou demandez-le à votre fournisseur.",
    ),
    "extensions_illisibles": Texte(
        AVERTISSEMENT,
        "Une partie du certificat « {nom} » n’a pas pu être lue.",
        "Ses usages et sa qualité d’autorité n’ont pas été contrôlés.",
        "Demandez à votre fournisseur de vérifier ce certificat.",
    ),
    # --- subject and issuer
    "siren_conforme": Texte(
        INFORMATION,
        "Le certificat « {nom} » porte le SIREN {siren} du partenaire.",
        "Il est lu dans son sujet ({source}).",
        RIEN,
    ),
    "siren_absent": Texte(
        AVERTISSEMENT,
        "Le certificat « {nom} » ne porte aucun SIREN.",
        "Le référentiel général de sécurité place celui du titulaire dans le sujet : « 0002 » puis le SIREN, ou NTRFR.",
        "Vérifiez que ce certificat est bien celui du partenaire, SIREN {siren}.",
    ),
    "siren_different": Texte(
        AVERTISSEMENT,
        "Le certificat « {nom} » porte le SIREN {lu}, et le partenaire a le SIREN {siren}.",
        "Un certificat appartient à la structure que nomme son sujet ({source}).",
        "Vérifiez le partenaire choisi et le fichier ; un opérateur peut raccorder avec le sien.",
    ),
    "siren_contradictoire": Texte(
        AVERTISSEMENT,
        "Le certificat « {nom} » porte plusieurs SIREN : {lus}.",
        "Son sujet ne dit pas à quelle structure il appartient.",
        "Demandez à votre fournisseur de vérifier ce certificat.",
    ),
    "emetteur_connu": Texte(
        INFORMATION,
        "L’émetteur « {connu} » de « {nom} » est dans la liste du cabinet.",
        "{preuve}",
        RIEN,
    ),
    "emetteur_inconnu": Texte(
        AVERTISSEMENT,
        "L’émetteur « {emetteur} » de « {nom} » n’est pas dans la liste du cabinet.",
        "Chorus Pro n’accepte que les autorités reconnues (liste européenne, référentiel général de sécurité).",
        "Vérifiez cette autorité ; si elle est reconnue, ajoutez-la à la liste.",
    ),
    "emetteur_usurpe": Texte(
        AVERTISSEMENT,
        "Une autorité de « {nom} » porte le nom de « {connu} » sans avoir son empreinte.",
        "L’autorité a peut-être changé de certificat ; ou quelqu’un a fait une autorité qui porte son nom.",
        "Comparez l’empreinte avec celle que publie l’autorité avant de l’ajouter à la liste.",
    ),
    "liste_vide": Texte(
        INFORMATION,
        "L’émetteur n’a pas été contrôlé.",
        "La liste des autorités du cabinet est vide.",
        "Remplissez cette liste pour que ce contrôle soit fait.",
    ),
    "sujet_vide": Texte(
        AVERTISSEMENT,
        "Le certificat n° {rang} ne nomme pas son titulaire.",
        "Son sujet n’a ni nom commun ni organisation.",
        AUTRE_CERTIFICAT,
    ),
    "nom_trompeur": Texte(
        AVERTISSEMENT,
        "Le nom du certificat « {nom} » ou de son émetteur contient des caractères invisibles.",
        "Ils servent à faire passer un nom pour un autre ; ils sont montrés ici par un signe.",
        "Vérifiez l’origine de ce fichier avant de vous en servir.",
    ),
    "joker": Texte(
        AVERTISSEMENT,
        "Le certificat « {nom} » vaut pour tous les serveurs d’un domaine ({trouve}).",
        "Sa clé est sans doute partagée entre plusieurs serveurs, et un raccordement désigne un seul partenaire.",
        "Demandez un certificat au nom du seul serveur ou service qui se raccorde.",
    ),
    "adresse_ip": Texte(
        AVERTISSEMENT,
        "Le certificat « {nom} » est au nom d’une adresse IP ({trouve}).",
        "Les autorités reconnues certifient un nom de domaine ou de service.",
        "Demandez un certificat au nom du serveur ou du service qui se raccorde.",
    ),
    # --- file
    "converti": Texte(
        INFORMATION,
        "Le fichier n’était pas un PKCS#7 (.p7b) : Passerelle l’a converti.",
        "Chorus Pro demande ce format, avec toute la chaîne.",
        "Vous n’avez rien à faire : le fichier converti est celui qui sera joint.",
    ),
    "autres_elements": Texte(
        INFORMATION,
        "Le fichier contenait aussi {elements}.",
        "Chorus Pro ne demande que des certificats.",
        "Vous n’avez rien à faire : Passerelle ne l’a pas gardé.",
    ),
}
