"""« Tester la connexion »: which of the four steps fails, why, and what to do, from the documented answers.

    token refused            400 invalid_client          the application, its secret, or the environment
    technical account        401 with a good token       login, password, age of the account
    subscription to an API   403, most often empty       terms, box ticked, raccordement
    attachment               absent from the list        rights of the account on the structure

Source: sandbox tests of public clients. A gateway may look at the subscription before the account or after it: nobody
says. So every API is tried, and the account is refused when any of them says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from config.http import ErreurDeReglage, ErreurDistante, ErreurPassagere
from raccordements.chorus.erreurs import API_NON_ABONNEE, APIS, APPLICATION_REFUSEE, COMPTE_REFUSE, JETON_REFUSE
from raccordements.chorus.schemas import Diagnostic, Etape, Etat

JETON = "Jeton de l’application PISTE"
COMPTE = "Compte technique Chorus Pro"
ABONNEMENTS = "Abonnement aux API"
RATTACHEMENT = "Rattachement à la structure"


@dataclass(frozen=True, slots=True)
class Sondes:
    """Harmless calls, which return or raise the three families. `apis`: one for each name in addresses."""

    jeton: Callable[[], object]
    apis: Mapping[str, Callable[[], object]]
    rattachements: Callable[[], set[str]]


def etablir(sondes: Sondes, *, apis: Sequence[str], siret: str) -> Diagnostic:
    """Run the steps in order; see ClientChorus.tester."""
    jeton = _etape_jeton(sondes)
    if jeton.etat is not Etat.REUSSI:
        return Diagnostic(
            (
                jeton,
                _non_essaye("compte_technique", COMPTE, "Il faut d’abord un jeton."),
                _non_essaye("abonnements", ABONNEMENTS, "Il faut d’abord un jeton."),
                _non_essaye("rattachement", RATTACHEMENT, "Il faut d’abord un jeton."),
            )
        )
    erreurs = _sonder(sondes, apis)
    compte = _etape_compte(erreurs)
    abonnements = _etape_abonnements(apis, erreurs)
    return Diagnostic((jeton, compte, abonnements, _etape_rattachement(sondes, compte, erreurs, siret)))


def _sonder(sondes: Sondes, apis: Sequence[str]) -> dict[str, ErreurDistante | None]:
    """What each API answered: None for a success. Stops when going on is useless."""
    erreurs: dict[str, ErreurDistante | None] = {}
    for nom in apis:
        try:
            sondes.apis[nom]()
            erreurs[nom] = None
        except ErreurDistante as exc:
            erreurs[nom] = exc
            if exc.code in {COMPTE_REFUSE, JETON_REFUSE} or (isinstance(exc, ErreurPassagere) and exc.statut is None):
                break
    return erreurs


def _etape_jeton(sondes: Sondes) -> Etape:
    try:
        sondes.jeton()
    except ErreurDistante as exc:
        if exc.code == APPLICATION_REFUSEE:
            return Etape(
                cle="jeton",
                libelle=JETON,
                etat=Etat.ECHOUE,
                cause="PISTE ne reconnaît pas l’application : identifiant (client id) ou secret faux, ou identifiants "
                "de l’autre environnement (qualification et production ont chacun les leurs).",
                remede="Dans PISTE, ouvrez l’application de cet environnement, recopiez le client id et le secret de "
                "« OAuth Credentials » (et non de « API Keys »), puis testez de nouveau.",
                code=exc.code,
            )
        return _echec("jeton", JETON, exc)
    return Etape(cle="jeton", libelle=JETON, etat=Etat.REUSSI)


def _etape_compte(erreurs: Mapping[str, ErreurDistante | None]) -> Etape:
    refus = next((exc for exc in erreurs.values() if exc and exc.code == COMPTE_REFUSE), None)
    if refus:
        return Etape(
            cle="compte_technique",
            libelle=COMPTE,
            etat=Etat.ECHOUE,
            cause="Chorus Pro refuse le compte technique : identifiant ou mot de passe faux, mot de passe de plus de "
            "424 jours, ou compte créé il y a moins de 30 minutes.",
            remede="Vérifiez l’identifiant (TECH_…@cpro.fr) et ressaisissez le mot de passe ; s’il a expiré ou s’il "
            "est perdu, le gestionnaire principal en crée un autre dans « Activités du gestionnaire ».",
            code=COMPTE_REFUSE,
        )
    if None in erreurs.values():
        return Etape(cle="compte_technique", libelle=COMPTE, etat=Etat.REUSSI)
    injoignable = next((exc for exc in erreurs.values() if isinstance(exc, ErreurPassagere)), None)
    if injoignable:
        return _echec("compte_technique", COMPTE, injoignable)
    return _non_essaye(
        "compte_technique",
        COMPTE,
        "Aucune API n’a accepté l’appel : le compte technique n’a pas pu être vérifié.",
        "Réglez d’abord les abonnements ci-dessous.",
    )


def _etape_abonnements(apis: Sequence[str], erreurs: Mapping[str, ErreurDistante | None]) -> Etape:
    details = tuple(_etape_api(nom, erreurs) for nom in apis)
    echouees = [detail for detail in details if detail.etat is Etat.ECHOUE]
    if echouees:
        noms = ", ".join(detail.libelle for detail in echouees)
        return Etape(
            cle="abonnements",
            libelle=ABONNEMENTS,
            etat=Etat.ECHOUE,
            cause=f"Ces API ne sont pas accessibles : {noms}.",
            remede=echouees[0].remede,
            code=echouees[0].code,
            details=details,
        )
    if any(detail.etat is Etat.NON_ESSAYE for detail in details):
        return Etape(
            cle="abonnements",
            libelle=ABONNEMENTS,
            etat=Etat.NON_ESSAYE,
            cause="Toutes les API n’ont pas pu être essayées.",
            remede="Corrigez l’étape précédente, puis testez de nouveau.",
            details=details,
        )
    return Etape(cle="abonnements", libelle=ABONNEMENTS, etat=Etat.REUSSI, details=details)


def _etape_api(nom: str, erreurs: Mapping[str, ErreurDistante | None]) -> Etape:
    libelle = APIS[nom]
    if nom not in erreurs:
        return _non_essaye(nom, libelle, "L’essai s’est arrêté avant.")
    erreur = erreurs[nom]
    if erreur is None:
        return Etape(cle=nom, libelle=libelle, etat=Etat.REUSSI)
    if erreur.code == COMPTE_REFUSE:
        return _non_essaye(nom, libelle, "Le compte technique a été refusé avant.")
    if erreur.code == API_NON_ABONNEE:
        return Etape(
            cle=nom,
            libelle=libelle,
            etat=Etat.ECHOUE,
            cause=f"PISTE ferme l’API {libelle} à cette application, alors que le jeton est bon (HTTP 403).",
            remede="Dans PISTE, acceptez les conditions de cette API (« Consentement CGU API »), cochez-la dans "
            "l’application, et vérifiez que le raccordement est actif ; les droits peuvent mettre jusqu’à 48 heures.",
            code=erreur.code,
        )
    return _echec(nom, libelle, erreur)


def _etape_rattachement(
    sondes: Sondes, compte: Etape, erreurs: Mapping[str, ErreurDistante | None], siret: str
) -> Etape:
    if compte.etat is not Etat.REUSSI:
        return _non_essaye("rattachement", RATTACHEMENT, "Il faut d’abord un compte technique accepté.")
    if not siret:
        return _non_essaye(
            "rattachement", RATTACHEMENT, "Aucune structure n’a été donnée.", "Choisissez une structure à vérifier."
        )
    if erreurs.get("utilisateurs"):
        return _non_essaye("rattachement", RATTACHEMENT, "Il faut d’abord l’accès à l’API Utilisateurs.")
    try:
        atteintes = sondes.rattachements()
    except ErreurDistante as exc:
        return _echec("rattachement", RATTACHEMENT, exc)
    if siret in atteintes:
        return Etape(cle="rattachement", libelle=RATTACHEMENT, etat=Etat.REUSSI)
    return Etape(
        cle="rattachement",
        libelle=RATTACHEMENT,
        etat=Etat.ECHOUE,
        cause=f"Le compte technique n’atteint pas la structure {siret} : elle n’est pas dans ses rattachements "
        f"({len(atteintes)} en tout).",
        remede="Le compte technique a les droits du gestionnaire principal qui l’a créé : prenez un compte créé par le "
        "gestionnaire de cette structure, ou faites-le rattacher à elle dans Chorus Pro.",
        code="structure_non_rattachee",
    )


def _echec(cle: str, libelle: str, erreur: ErreurDistante) -> Etape:
    if isinstance(erreur, ErreurPassagere):
        remede = "Testez de nouveau dans quelques minutes."
    elif isinstance(erreur, ErreurDeReglage):
        remede = "Un administrateur doit corriger ce réglage, puis tester de nouveau."
    else:
        remede = "Signalez ce message à un administrateur."
    return Etape(cle=cle, libelle=libelle, etat=Etat.ECHOUE, cause=erreur.message, remede=remede, code=erreur.code)


def _non_essaye(cle: str, libelle: str, cause: str, remede: str = "Corrigez l’étape précédente.") -> Etape:
    return Etape(cle=cle, libelle=libelle, etat=Etat.NON_ESSAYE, cause=cause, remede=remede)
