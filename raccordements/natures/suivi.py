"""Following a fiche that left until Chorus Pro shows it active: by the channel, or by what its API lets be seen."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from config.http import ErreurDefinitive, ErreurDeReglage
from dossiers.models import Collaborateur, Dossier, Guichet, Operation
from dossiers.operations.registre import Nature, PasEncore, enregistrer
from dossiers.services.operations import creer
from raccordements.chorus.canal import ClientCanal
from raccordements.chorus.client import ClientChorus
from raccordements.chorus.erreurs import API_NON_ABONNEE
from raccordements.models import Action, CompteChorus, Etat, Fiche, Genre, lire_etat
from raccordements.models.fiche import EN_SERVICE
from raccordements.natures.canal import NatureCanal, guichet_du_canal
from raccordements.natures.chorus import NatureChorus, lire_structure
from raccordements.natures.fiches import fiche_de, titre
from raccordements.services.envoi import Canal, constater, noter_code_appli
from raccordements.services.structures import seul_compte
from raccordements.services.suivi import alerter, en_retard

#: A status is read again after this share of the time already waited: seconds at first, an hour later.
PART_DU_TEMPS = 0.25
CONCLUSIFS = frozenset({Etat.ACTIVEE, Etat.DESACTIVEE})
#: What was read longer than this before the sending says nothing of how Chorus Pro stood when it came.
LECTURE_VALABLE = timedelta(days=7)
CANAL, API_CHORUS = "canal « api »", "API de Chorus Pro"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What was seen of a fiche. `etat` is None when nothing can be concluded; `preuve` holds plain values."""

    texte: str
    source: str
    etat: Etat | None = None
    code_appli: str = ""
    preuve: dict[str, Any] = field(default_factory=dict)


class Suivi(Nature):
    """Reads where a sent fiche stands, again and again, until it is active or deactivated. One per version sent."""

    ecriture = False
    permission = "raccordements.constater_fiche"

    def intitule(self, operation: Operation) -> str:
        return titre(self.libelle, operation)

    def objet(self, guichet: Guichet, dossier: Dossier | None, parametres: dict[str, Any]) -> str:
        return f"{self.systeme}:{guichet.environnement}:fiche/{parametres['reference']}/suivi/{parametres['version']}"

    @abstractmethod
    def observer(self, client: Any, fiche: Fiche, operation: Operation) -> Observation:
        """One look. Raises the three families."""

    def appeler(self, client: Any, operation: Operation) -> Observation | None:
        fiche = fiche_de(operation)
        if fiche.version_envoyee_id != operation.parametres["version"] or not fiche.permet(Action.CONSTATER):
            # Settled by a person, or replaced by another sending that has its own follow-up.
            return None
        lue = self.observer(client, fiche, operation)
        if lue.etat in CONCLUSIFS:
            return lue
        depuis: datetime = fiche.envoyee_le or operation.creee_le
        attendu = timezone.now() - depuis
        reglages = settings.CHORUS_SUIVI
        if attendu > timedelta(days=reglages["jours"]):
            raise ErreurDefinitive(
                f"La fiche n’est pas activée {reglages['jours']} jours après son envoi : son suivi s’arrête. Contactez "
                "le support de Chorus Pro, puis relancez le suivi."
            )
        secondes = attendu.total_seconds() * PART_DU_TEMPS
        raise PasEncore(lue, timedelta(seconds=min(max(secondes, reglages["premier"]), reglages["max"])))

    def patienter(self, operation: Operation, resultat: Observation) -> None:
        fiche = _encore_suivie(operation)
        if fiche is None:
            return
        _noter_le_code(fiche, resultat)
        if en_retard(fiche):
            alerter([fiche])

    def reussir(self, operation: Operation, resultat: Observation | None) -> None:
        if resultat is None or resultat.etat is None:
            return
        fiche = _encore_suivie(operation)
        if fiche is None:
            return
        constater(
            fiche,
            resultat.etat,
            source=resultat.source,
            preuve=resultat.preuve,
            par=None,
            code_appli=resultat.code_appli,
        )

    def message(self, resultat: Observation | None) -> str:
        return resultat.texte if resultat else "Plus rien à suivre : la fiche a changé d’état depuis la demande."


@enregistrer
class SuivreFiche(Suivi, NatureCanal):
    """GET of the channel's status. Only that of the hash we sent proves anything."""

    cle = "suivre_fiche"
    libelle = "Suivre la fiche"

    def observer(self, client: ClientCanal, fiche: Fiche, operation: Operation) -> Observation:
        lu = client.suivre(operation.parametres["reference"])
        if lu is None:
            return Observation(texte="Le canal ne connaît pas cette fiche.", source=CANAL)
        preuve = {
            "état": lu.etat_brut,
            "depuis": lu.etat_le.isoformat() if lu.etat_le else "",
            "numéro": lu.numero,
            "empreinte": lu.empreinte,
        }
        if lu.empreinte != operation.parametres["empreinte"]:
            return Observation(
                texte=f"Le canal montre une autre version, au statut « {lu.etat_brut} ».", source=CANAL, preuve=preuve
            )
        return Observation(
            texte=f"Le canal montre « {lu.etat_brut} ».",
            source=CANAL,
            etat=lire_etat(lu.etat_brut),
            code_appli=lu.code_appli,
            preuve=preuve,
        )


@enregistrer
class ObserverFiche(Suivi, NatureChorus):
    """For a fiche that a person typed: the API shows no fiche, only what an activation may change.

    A structure whose connexionEDI was off before the sending and is on after it, and APIs that PISTE closed and now
    opens, are taken as proofs of a first activation, when the first of the two readings is dated and recent. Nothing
    proves an update, nor a change that another fiche may have made (reference, section 4; whether connexionEDI follows
    the fiches is not published).
    """

    cle = "observer_fiche"
    libelle = "Observer dans Chorus Pro la fiche"

    def observer(self, client: ClientChorus, fiche: Fiche, operation: Operation) -> Observation:
        avant = operation.parametres.get("avant", {})
        if fiche.genre == Genre.EDI:
            consultee = lire_structure(client, fiche.structure.siret).consultee
            ouverte, fermee_avant = consultee and consultee.connexion_edi, avant.get("connexion_edi") is False
            quoi, preuve = "connexionEDI", {"connexionEDI": ouverte, "connexionEDI avant l’envoi": not fermee_avant}
        else:
            ouverte, fermee_avant = _api_ouverte(client, fiche), bool(avant.get("api_fermee"))
            quoi, preuve = "l’accès aux API", {"API ouvertes": ouverte, "API ouvertes avant l’envoi": not fermee_avant}
        comparable = fermee_avant and _assez_recente(avant, fiche) and fiche.etat == Etat.ENVOYEE
        if ouverte and comparable and _seule(fiche, operation.guichet.comptechorus):
            return Observation(
                texte=f"Chorus Pro montre {quoi}, absent avant l’envoi.",
                source=API_CHORUS,
                etat=Etat.ACTIVEE,
                preuve=preuve,
            )
        return Observation(
            texte=f"L’API de Chorus Pro ne permet pas de conclure ({quoi}) : regardez la fiche sur le portail.",
            source=API_CHORUS,
            preuve=preuve,
        )


@dataclass(frozen=True, slots=True)
class Guichets:
    """Where calls queue, by environment, looked up once for any number of fiches."""

    canal: Callable[[str], Guichet]
    compte: Callable[[str], CompteChorus | None]


def lancer_suivis(
    envois: Iterable[tuple[Fiche, Canal]], *, par: Collaborateur | None, dans: timedelta | None = None
) -> list[Operation]:
    """Queue the follow-up of what was last sent of each fiche, unless one waits already. Returns all of them.

    A fiche of which nothing can be read (no account, no channel) has none. For the services and the workers: the caller
    has checked permissions, and stands in a transaction.

    Parameters
    ----------
    envois:
        Fiches with their structure and its account, and how each left.
    dans:
        Time before the first look, that of CHORUS_SUIVI by default.
    """
    envois = list(envois)
    attente = timedelta(seconds=settings.CHORUS_SUIVI["premier"]) if dans is None else dans
    guichets = Guichets(canal=cache(guichet_du_canal), compte=cache(seul_compte))
    prepares = [suivi for fiche, canal in envois if (suivi := _preparer(fiche, canal, guichets))]
    deja = {
        suivi.objet: suivi
        for suivi in Operation.objects.non_reglees().filter(objet__in=[suivi.objet for suivi in prepares])
    }
    nouveaux = [suivi for suivi in prepares if suivi.objet not in deja]
    for suivi in nouveaux:
        suivi.demandee_par, suivi.pas_avant = par, timezone.now() + attente
    Fiche.objects.filter(pk__in=[fiche.pk for fiche, _ in envois]).update(suivie_le=timezone.now())
    return [*deja.values(), *creer(nouveaux, par=par)]


def _preparer(fiche: Fiche, canal: Canal, guichets: Guichets) -> Operation | None:
    version, structure = fiche.version_envoyee, fiche.structure
    if version is None:
        return None
    parametres: dict[str, Any] = {
        "fiche": fiche.pk,
        "reference": str(fiche.reference),
        "siret": structure.siret,
        "version": version.pk,
        "empreinte": version.empreinte,
    }
    nature: Suivi
    if canal is Canal.API:
        nature, guichet = SuivreFiche(), guichets.canal(fiche.environnement)
    else:
        compte = structure.compte or guichets.compte(structure.environnement)
        if compte is None:
            return None
        nature, guichet = ObserverFiche(), compte.guichet
        fermee = any(etape.get("code") == API_NON_ABONNEE for etape in compte.test_diagnostic)
        lu_le = structure.verifiee_le if fiche.genre == Genre.EDI else compte.teste_le
        parametres["avant"] = {
            "connexion_edi": structure.connexion_edi,
            "api_fermee": fermee,
            "lu_le": lu_le.isoformat() if lu_le else "",
        }
    if nature.empechement(guichet):
        return None
    return Operation(
        nature=nature.cle,
        guichet=guichet,
        dossier=structure.dossier,
        parametres=parametres,
        objet=nature.objet(guichet, structure.dossier, parametres),
    )


def _encore_suivie(operation: Operation) -> Fiche | None:
    """The fiche under its lock; None when it was deleted, or its last sending is another, since it was looked at."""
    suivies = Fiche.objects.select_for_update(no_key=True, of=("self",))
    parametres = operation.parametres
    fiche: Fiche | None = suivies.filter(pk=parametres["fiche"], version_envoyee=parametres["version"]).first()
    return fiche


def _noter_le_code(fiche: Fiche, lue: Observation) -> None:
    if lue.code_appli:
        noter_code_appli(fiche, lue.code_appli, source=lue.source, par=None)


def _api_ouverte(client: ClientChorus, fiche: Fiche) -> bool:
    """Whether the account may call, and reaches the partner."""
    try:
        client.verifier_sante()
        return fiche.structure.siret in {lu.identifiant for lu in client.mes_rattachements()}
    except ErreurDeReglage as exc:
        if exc.code == API_NON_ABONNEE:
            return False
        raise


def _assez_recente(avant: dict[str, Any], fiche: Fiche) -> bool:
    """Whether what was known before the sending is dated, and of LECTURE_VALABLE before it at most."""
    lu_le = avant.get("lu_le")
    if not lu_le or fiche.envoyee_le is None:
        return False
    return datetime.fromisoformat(lu_le) >= fiche.envoyee_le - LECTURE_VALABLE


def _seule(fiche: Fiche, compte: CompteChorus) -> bool:
    """Whether no other fiche, sent or once active, may have changed what is read.

    connexionEDI is of the structure. PISTE opens the APIs to an application: to every structure read with it, among
    which those without an account may be.
    """
    autres = Fiche.objects.filter(
        genre=fiche.genre, environnement=fiche.environnement, etat__in=(*EN_SERVICE, Etat.DESACTIVEE)
    ).exclude(pk=fiche.pk)
    if fiche.genre == Genre.EDI:
        return not autres.filter(structure=fiche.structure_id).exists()
    lues = Q(structure__compte=None) | Q(structure__compte__client_id=compte.client_id)
    return not autres.filter(lues).exists()
