"""The findings of the check of a file of entries: code, severity, French sentence (what, why, what to do).

« LPF » is article A. 47 A-1 of the Livre des procédures fiscales (arrêté du 29 juillet 2013): VII and VIII give the
columns, IX the name of the file, X the column Sens, XII the encoding, the amounts and the dates.
« BOFiP » is BOI-CF-IOR-60-40-20. Where neither speaks, a finding is at most an « avertissement ».
"""

from __future__ import annotations

import re

from dossiers.ecritures.rapport import Gravite

B, A, I = Gravite.BLOQUANT, Gravite.AVERTISSEMENT, Gravite.INFORMATION  # noqa: E741
_EXPORTER = "Exportez de nouveau le fichier depuis le logiciel comptable, en texte"


def _insecables(texte: str) -> str:
    """The sentence with the no-break spaces of French typography."""
    texte = texte.replace("« ", "«\u00a0").replace(" »", "\u00a0»").replace(" :", "\u00a0:").replace("n° ", "n°\u00a0")
    return re.sub(" (?=[;!?])", "\u202f", texte)


#: Code -> sentence. The file is not read any further: nothing else is known of it.
REFUS: dict[str, str] = {
    "nom_chemin": "Le nom du fichier contient un chemin ou un caractère interdit, qui sert parfois à écrire ailleurs "
    "que prévu. Renommez-le avec des lettres, des chiffres et des points.",
    "introuvable": "Le fichier n’a pas pu être ouvert : il a été retiré ou déplacé. Déposez-le de nouveau.",
    "vide": "Le fichier est vide : il n’y a rien à importer. Vérifiez que vous avez choisi le bon fichier.",
    "archive": "Le fichier est une archive compressée (ZIP, GZIP ou autre) : Loop attend le texte lui-même. "
    "Décompressez-la et déposez le fichier qu’elle contient.",
    "classeur": "Le fichier est un classeur de tableur : Loop attend du texte. "
    "Enregistrez-le au format texte, ou exportez-le de nouveau depuis le logiciel comptable.",
    "pdf": f"Le fichier est un PDF, fait pour être imprimé : ses écritures ne peuvent pas être lues. {_EXPORTER}.",
    "xml": "Le fichier est en XML. L’article A. 47 A-1 du LPF (VI) le permet pour un FEC, mais Loop attend un fichier "
    f"à plat. {_EXPORTER} séparé par des tabulations ou des barres verticales.",
    "utf16": "Le fichier est en UTF-16, un encodage que l’article A. 47 A-1 du LPF (XII) n’admet pas. "
    "Enregistrez-le en UTF-8.",
    "binaire": f"Le fichier n’est pas du texte : il contient des octets illisibles. {_EXPORTER}.",
    "ligne_longue": "La ligne {ligne} dépasse {maximum} octets : ce n’est pas une ligne d’écriture. "
    f"Le fichier est abîmé, ou ses fins de ligne manquent. {_EXPORTER}.",
    "separateur": "Les colonnes sont séparées par {separateur} : l’article A. 47 A-1 du LPF (VI) n’admet que la "
    f"tabulation ou la barre verticale. {_EXPORTER} avec l’un de ces séparateurs.",
    "sans_separateur": "La première ligne ne contient ni tabulation ni barre verticale : ce n’est pas un FEC. "
    "Vérifiez que vous avez choisi le bon fichier.",
    "entete_absente": "La première ligne porte une écriture et non le nom des colonnes, que l’article A. 47 A-1 du LPF "
    "(VII, 4°) rend obligatoire. Ajoutez cette ligne en tête du fichier.",
    "colonne_manquante": "Il manque dans la première ligne : {nom}, que l’article A. 47 A-1 du LPF (VII et VIII) rend "
    f"obligatoire à la place n° {{rang}}. {_EXPORTER} avec toutes ses colonnes.",
    "memoire": "Le contrôle du fichier a demandé trop de mémoire ; rien n’a été envoyé. "
    "Prévenez un administrateur : le fichier est sans doute abîmé.",
    "temps": "Le contrôle du fichier a dépassé {secondes} secondes ; rien n’a été envoyé. "
    "Partagez le fichier, ou demandez à un administrateur d’allonger ce délai.",
    "arret": "Le contrôle du fichier s’est arrêté sans réponse ; rien n’a été envoyé. "
    "Recommencez ; si cela se répète, prévenez un administrateur.",
}

#: Code -> (severity, sentence).
CONSTATS: dict[str, tuple[Gravite, str]] = {
    # --- the name of the file: LPF IX
    "nom_inconnu": (I, "Le nom du fichier n’a pas la forme SIREN-FEC-AAAAMMJJ (LPF, art. A. 47 A-1, IX) : ni le SIREN "
                    "ni la clôture n’ont pu être comparés au dossier. Vérifiez que c’est le bon fichier."),
    "nom_siren": (A, "Le SIREN {siren} du nom du fichier est faux : sa clé ne correspond pas. "
                  "Corrigez le nom, ou vérifiez que c’est le bon fichier."),
    "nom_date": (A, "La date {valeur} du nom du fichier n’existe pas : la clôture n’est pas connue. Corrigez le nom."),
    # --- encoding, lines: LPF VI and XII
    "encodages_melanges": (B, "Cette ligne n’a pas le même encodage que le début du fichier ({encodage}) : ses accents "
                           "seraient faux. Le fichier a sans doute été recollé ; exportez-le en une seule fois."),
    "encodage_octets": (I, "Le fichier est en {encodage}. Vérifiez que les accents sont justes dans Loop, "
                        "ou enregistrez-le en UTF-8."),
    "marque_utf8": (I, "Le fichier commence par une marque UTF-8 (BOM). Si Loop ne reconnaît pas la première colonne, "
                    "enregistrez-le en UTF-8 sans marque."),
    "fins_de_ligne": (I, "Cette ligne ne finit pas comme la première (CRLF ou LF). Le fichier a sans doute été "
                      "recollé ou modifié à la main ; vérifiez qu’il est complet."),
    "ligne_vide": (A, "Cette ligne est vide : elle ne porte aucune écriture. Supprimez-la, et vérifiez qu’il ne manque "
                   "rien à cet endroit."),
    "nombre_colonnes": (B, "Cette ligne a {trouve} colonnes, la première ligne en a {attendu} : les valeurs seraient "
                        "décalées. Cherchez un séparateur en trop ou une fin de ligne dans un libellé."),
    "colonnes_variables": (I, "Cette ligne a {trouve} colonnes, la première en a {attendu}. "
                           "Vérifiez que le modèle d’import l’accepte."),
    "caractere_controle": (A, "La colonne {colonne} contient un caractère de commande invisible, que Loop peut refuser "
                           "ou couper. Retirez-le du libellé dans le logiciel comptable."),
    "caractere_nul": (B, "La colonne {colonne} contient un caractère nul : le fichier est abîmé. Exportez-le de "
                      "nouveau."),
    "guillemets": (A, "La valeur de la colonne {colonne} est entre guillemets : un FEC n’en a pas, ils feraient partie "
                   "de la valeur. Exportez le fichier sans guillemets."),
    # --- header: LPF VII 1° and 4°, VIII 3° to 9°
    "colonnes_desordre": (B, "La colonne {nom} est à la place n° {trouve} au lieu de la place n° {attendu} : l’article "
                          "A. 47 A-1 du LPF (VII) impose l’ordre. Exportez le fichier dans l’ordre officiel."),
    "colonne_en_double": (B, "La colonne {nom} est présente deux fois dans la première ligne : l’une des deux serait "
                          "ignorée. Supprimez celle qui est en trop."),
    "colonne_supplementaire": (I, "La colonne « {nom} » s’ajoute aux colonnes officielles ; l’article A. 47 A-1 du LPF "
                               "(VII) le permet. Elle n’est pas contrôlée."),
    "entete_graphie": (I, "La colonne « {ecrit} » est écrite autrement que son nom officiel, {nom}. Si Loop ne la "
                       "reconnaît pas, corrigez la première ligne."),
    "sans_ecriture": (B, "Le fichier n’a que sa ligne d’en-tête : il n’y a aucune écriture à importer. "
                      "Vérifiez la période choisie à l’export."),
    # --- values of a line
    "champ_vide": (B, "La colonne {colonne} est vide : l’article A. 47 A-1 du LPF (VII) la rend obligatoire. "
                   "Complétez l’écriture dans le logiciel comptable."),
    "reglement_vide": (A, "La colonne {colonne} est vide : l’article A. 47 A-1 du LPF (VIII) la demande pour une "
                       "comptabilité de trésorerie. Complétez l’écriture si elle a été réglée."),
    "date_invalide": (B, "La colonne {colonne} ne porte pas une date réelle au format AAAAMMJJ (LPF, art. A. 47 A-1, "
                      "XII). Corrigez cette date."),
    "date_apres_cloture": (A, "L’écriture est datée après la clôture du {cloture}, lue dans le nom du fichier. "
                           "Corrigez la date, ou le nom du fichier."),
    "date_trop_ancienne": (A, "L’écriture est datée de plus de 24 mois avant la clôture du {cloture}, lue dans le nom "
                           "du fichier. Corrigez la date, ou le nom du fichier."),
    "exercice_long": (I, "Les écritures commencent le {debut}, plus de 12 mois avant la clôture du {cloture}. "
                      "Vérifiez que l’exercice est bien long."),
    "periode_longue": (A, "Les écritures vont du {debut} au {fin}, plus de 24 mois : un FEC porte sur un seul "
                       "exercice. Vérifiez les dates extrêmes."),
    "validation_avant_ecriture": (A, "L’écriture est validée avant sa propre date (EcritureDate). Le texte ne "
                                  "l’interdit pas, mais c’est souvent une erreur d’export ; vérifiez ces deux dates."),
    "compte_invalide": (B, "Le numéro de compte ne commence pas par trois chiffres du plan comptable (LPF, art. "
                        "A. 47 A-1, VII). Corrigez le compte dans le logiciel comptable."),
    "compte_classe_9": (A, "Le compte est de la classe 9 (analytique), hors de la comptabilité générale d’un FEC. "
                        "Vérifiez que l’export ne mêle pas l’analytique."),
    "auxiliaire_sans_libelle": (A, "Le compte auxiliaire (CompAuxNum) n’a pas de libellé (CompAuxLib) : le tiers "
                                "serait créé sans nom. Complétez le tiers dans le logiciel comptable."),
    "auxiliaire_sans_numero": (A, "Le libellé auxiliaire (CompAuxLib) n’a pas de numéro (CompAuxNum) : le tiers serait "
                               "perdu. Complétez le tiers dans le logiciel comptable."),
    "lettrage_sans_code": (A, "Il y a une date de lettrage (DateLet) sans code de lettrage (EcritureLet) : le lettrage "
                           "serait perdu. Vérifiez le lettrage de cette ligne."),
    "devise_sans_code": (A, "Il y a un montant en devise (Montantdevise) sans code de devise (Idevise) : on ne sait "
                         "pas en quelle monnaie. Complétez l’écriture."),
    "devise_inconnue": (A, "Le code de devise n’a pas trois lettres majuscules, comme EUR ou USD. Corrigez-le."),
    # --- amounts: LPF X and XII 2°
    "montant_illisible": (B, "La colonne {colonne} ne porte pas un montant lisible (LPF, art. A. 47 A-1, XII) : "
                          "chiffres, virgule, deux décimales, signe à un bout. Corrigez ce montant."),
    "montant_milliers": (B, "Le montant a un séparateur de milliers, que l’article A. 47 A-1 du LPF (XII) refuse. "
                         "Exportez les montants sans espace ni point entre les milliers."),
    "montant_precision": (B, "Le montant a plus de deux décimales : le total ne tomberait plus juste. "
                          "Arrondissez-le au centime."),
    "montant_point": (I, "Les décimales sont séparées par un point ; l’article A. 47 A-1 du LPF (XII) demande une "
                      "virgule. Vérifiez un montant dans Loop après l’import."),
    "montant_separateurs": (A, "Ce montant a un point et d’autres du fichier une virgule, ou l’inverse : l’un des deux "
                            "peut être mal lu. Exportez tous les montants de la même façon."),
    "montant_signes": (A, "Ce montant a son signe d’un côté, et d’autres du fichier de l’autre côté. "
                       "Exportez tous les montants de la même façon."),
    "debit_et_credit": (B, "La ligne a un débit et un crédit : une ligne n’a que l’un des deux. "
                        "Partagez-la en deux lignes."),
    "montants_nuls": (A, "La ligne n’a ni débit ni crédit : elle ne change aucun compte. "
                      "Vérifiez qu’un montant n’a pas été perdu."),
    "sens_invalide": (B, "Le sens n’est ni D ou C, ni +1 ou -1 (LPF, art. A. 47 A-1, X) : le montant n’a pas de côté. "
                      "Corrigez le sens."),
    "sens_melange": (A, "Le sens est écrit D ou C sur des lignes, +1 ou -1 sur d’autres : l’article A. 47 A-1 du LPF "
                     "(X) demande l’une des deux façons. Exportez le fichier d’une seule façon."),
    # --- entries
    "ecriture_desequilibree": (B, "L’écriture {numero} du journal {journal} n’est pas équilibrée : débit {debit}, "
                               "crédit {credit}, écart {ecart}. Cherchez la ligne qui manque ou le montant faux."),
    "ecriture_plusieurs_journaux": (B, "L’écriture {numero} est partagée entre plusieurs journaux ({journaux}), et "
                                    "n’est équilibrée qu’en tout. Mettez toutes ses lignes dans le même journal."),
    "ecriture_plusieurs_dates": (B, "L’écriture {numero} du journal {journal} a plusieurs dates : {autre}, puis "
                                 "{date}. Une écriture n’a qu’une date ; corrigez-la ou changez son numéro."),
    "ecriture_eclatee": (A, "L’écriture {numero} du journal {journal} est en {morceaux} morceaux séparés dans le "
                         "fichier. Elle est équilibrée en tout ; vérifiez que Loop n’en fait pas plusieurs écritures."),
    "ligne_double": (A, "La ligne répète exactement une ligne précédente de l’écriture {numero} : même compte, même "
                     "pièce, même libellé, même montant. Vérifiez qu’elle n’est pas en double."),
    "ecriture_double": (A, "L’écriture {numero} du journal {journal} ressemble à celle de la ligne {autre} : mêmes "
                        "date, compte, pièce, libellé et total. Vérifiez qu’elle n’a pas été saisie deux fois."),
    "numero_trou": (A, "La numérotation saute de {avant} à {apres}{serie} : le BOFiP demande une suite sans rupture. "
                    "Vérifiez qu’il ne manque pas d’écriture."),
    "numero_desordre": (A, "Le numéro {apres} vient après {avant}{serie} : écriture en désordre, ou numéro déjà pris "
                        "par une autre. Le BOFiP demande une numérotation croissante ; vérifiez l’ordre de l’export."),
    "numerotation_absente": (A, "Les numéros d’écriture ne suivent aucune suite, ni dans le fichier ni par journal : "
                             "on ne peut pas voir s’il en manque. Vérifiez l’ordre de l’export."),
    "journal_desequilibre": (A, "Le journal {journal} n’est pas équilibré : débit {debit}, crédit {credit}, écart "
                             "{ecart}. Corrigez les écritures signalées."),
    "fichier_desequilibre": (A, "Le fichier n’est pas équilibré : débit {debit}, crédit {credit}, écart {ecart}. "
                             "Corrigez les écritures signalées."),
    "journaux_nombreux": (A, "Le fichier a plus de {maximum} codes de journal : la colonne JournalCode porte peut-être "
                          "autre chose. Vérifiez cette colonne."),
}  # fmt: skip

REFUS = {code: _insecables(phrase) for code, phrase in REFUS.items()}
CONSTATS = {code: (gravite, _insecables(phrase)) for code, (gravite, phrase) in CONSTATS.items()}

SEPARATEURS: dict[str, str] = {"\t": "des tabulations", "|": "des barres verticales", ";": "des points-virgules",
                               ",": "des virgules"}  # fmt: skip


def euros(centimes: int) -> str:
    """An amount in cents as it is read in French: « 1 234,50 € » with its no-break spaces."""
    signe = "−" if centimes < 0 else ""
    entier, decimales = divmod(abs(centimes), 100)
    return f"{signe}{entier:,}".replace(",", "\u202f") + f",{decimales:02d}\u00a0€"
