"""Personal data of one contact: what is held on it, and its erasure. What remains: docs/donnees-personnelles.md"""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from dossiers.models import Collaborateur, Evenement, Explication, Operation, journaliser
from dossiers.services import catalogue
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.operations import exiger
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.models.interlocuteur import CHAMPS_SAISIS
from interlocuteurs.natures import objet_de
from interlocuteurs.services.gomme import Gomme
from interlocuteurs.services.traces import Personne, Trace, traces

#: RFC 2606: no address of this domain can exist.
DOMAINE_ANONYME = "anonyme.invalid"
EFFACE = "•••"


def pseudonyme(interlocuteur: Interlocuteur) -> dict[str, str]:
    """What stands for a contact once anonymised: always the same, and telling nothing of the person."""
    return {
        "email": f"interlocuteur-{interlocuteur.pk}@{DOMAINE_ANONYME}",
        "prenom": "Interlocuteur",
        "nom": f"anonyme {interlocuteur.pk}",
    }


def exporter_donnees(interlocuteur: Interlocuteur, *, par: Collaborateur) -> dict[str, Any]:
    """Everything held on one person, for DjangoJSONEncoder: record, accès, history, operations, calls, journal.

    Written in the journal. Raises PermissionDenied.
    """
    _exiger(interlocuteur, "interlocuteurs.exporter_donnees", par)
    interlocuteur = Interlocuteur.objects.select_related("cree_par", "invite_par").get(pk=interlocuteur.pk)
    fiche = {champ: getattr(interlocuteur, champ) for champ in CHAMPS_SAISIS}
    fiche |= {
        champ: getattr(interlocuteur, champ)
        for champ in (
            "environnement",
            "domaine",
            "invitation",
            "invite_le",
            "presence",
            "interlocuteur_object_id",
            "interlocuteur_revision_id",
            "utilisateur_object_id",
            "utilisateur_revision_id",
            "version",
            "cree_le",
            "anonymise_le",
        )
    }
    fiche |= {"cree_par": str(interlocuteur.cree_par or ""), "invite_par": str(interlocuteur.invite_par or "")}
    acces = Acces.objects.filter(interlocuteur=interlocuteur).order_by("dossier__code", "offre")
    export: dict[str, Any] = {
        "exporte_le": timezone.now(),
        "exporte_par": str(par),
        "fiche": fiche,
        "acces": list(acces.values("dossier__code", "offre", "voulu", "constate", "constate_le")),
    }
    personne = Personne.de(interlocuteur)
    for trace in traces():
        if trace.exportees:
            export[trace.nom] = list(trace.lignes(personne).order_by("pk").values(*trace.exportees))
    journaliser(
        Evenement.Type.EXPORT,
        f"Export des données personnelles de {interlocuteur}.",
        acteur=par,
        details={"interlocuteur": interlocuteur.pk},
    )
    return export


@transaction.atomic
def anonymiser(interlocuteur: Interlocuteur, *, par: Collaborateur, motif: str) -> Interlocuteur:
    """Replace the person by a stable pseudonym wherever the product holds their name, address or telephones. For ever.

    What was asked, when, by whom, on which dossier and with which result remains: the accounting trail.

    Parameters
    ----------
    motif:
        Why, for the journal; the person's own words are erased from it too.

    Raises PermissionDenied; ActionImpossible without a reason, while an operation is unsettled, or while Loop still
    gives an accès: nobody could withdraw it any more.
    """
    _exiger(interlocuteur, "interlocuteurs.anonymiser_interlocuteur", par)
    verrou = Interlocuteur.objects.select_for_update(no_key=True, of=("self",))
    personne: Interlocuteur = verrou.get(pk=interlocuteur.pk)
    _permettre(personne, motif)
    connue, nouveau = Personne.de(personne), pseudonyme(personne)
    nom = f"{nouveau['prenom']} {nouveau['nom']}"
    gomme = Gomme(connue, email=nouveau["email"], nom=nom, telephone=EFFACE, cles=nouveau)
    # The pattern of a message is shared: what was the person in it is one more variable.
    gomme_de_motif = Gomme(connue, email=catalogue.VARIABLE, nom=catalogue.VARIABLE, telephone=catalogue.VARIABLE)
    for trace in traces():
        _effacer(trace, connue, gomme_de_motif if trace.modele is Explication else gomme)
    # Field by field: a first name alone must not take the whole pseudonym.
    vide = {"mobile": "", "fixe": ""}
    Interlocuteur.history.model.objects.filter(id=personne.pk).update(**nouveau, **vide)
    for champ, valeur in (nouveau | vide).items():
        setattr(personne, champ, valeur)
    personne.version += 1
    personne.anonymise_le, personne.anonymise_par, personne.actif = timezone.now(), par, False
    personne.interlocuteur_object_id = personne.utilisateur_object_id = None
    personne.interlocuteur_revision_id = personne.utilisateur_revision_id = ""
    personne.ecrire(
        *nouveau,
        *vide,
        "version",
        "actif",
        "anonymise_le",
        "anonymise_par",
        "interlocuteur_object_id",
        "interlocuteur_revision_id",
        "utilisateur_object_id",
        "utilisateur_revision_id",
        par=par,
    )
    journaliser(
        Evenement.Type.MODIFICATION,
        f"{personne} : données personnelles effacées. Motif : {gomme.effacer(motif.strip())}",
        acteur=par,
        details={"interlocuteur": personne.pk, "anonymisation": True},
    )
    catalogue.entrees.oublier()
    return personne


def _exiger(interlocuteur: Interlocuteur, permission: str, par: Collaborateur) -> None:
    exiger(par, permission)
    if not Interlocuteur.objects.visibles_par(par).filter(pk=interlocuteur.pk).exists():
        raise PermissionDenied(permission)


def _permettre(personne: Interlocuteur, motif: str) -> None:
    refus = ""
    remede = ""
    if personne.anonymise:
        refus, remede = "L’interlocuteur est déjà anonymisé.", "Il n’y a plus rien à effacer."
    elif not motif.strip():
        refus, remede = (
            "L’effacement est définitif et doit pouvoir être justifié.",
            "Écrivez-en le motif en une phrase.",
        )
    elif Operation.objects.non_reglees().filter(objet=objet_de(personne)).exists():
        refus = "Une opération de cet interlocuteur n’est pas réglée."
        remede = "Attendez sa fin, annulez-la ou tranchez-la, puis recommencez."
    elif Acces.objects.filter(interlocuteur=personne, constate=True).exists():
        refus = "Loop lui donne encore des accès, que personne ne pourrait plus retirer sans son adresse."
        remede = "Retirez-lui ses accès, attendez que Loop l’ait fait, puis recommencez."
    if refus:
        raise ActionImpossible("L’interlocuteur n’a pas été anonymisé.", refus, remede)


def _effacer(trace: Trace, personne: Personne, gomme: Gomme) -> None:
    """Erase the person from the rows of one table; a row that holds nothing of it is not written."""
    longueurs = {nom: getattr(trace.modele._meta.get_field(nom), "max_length", None) for nom in trace.colonnes}
    for lignes, siennes in trace.par_lots(personne):
        changees = []
        for ligne in lignes:
            avant = {colonne: getattr(ligne, colonne) for colonne in trace.colonnes}
            apres = gomme.ligne(avant, sienne=ligne.pk in siennes)
            if apres != avant:
                for colonne, valeur in apres.items():
                    setattr(ligne, colonne, valeur[: longueurs[colonne]] if isinstance(valeur, str) else valeur)
                changees.append(ligne)
        if trace.modele is Explication:
            _ecrire_les_explications(changees)
        else:
            trace.modele._default_manager.bulk_update(changees, trace.colonnes, batch_size=100)


def _ecrire_les_explications(explications: list[Any]) -> None:
    """Two messages may become one once the person is out of them: the newer gives its operations to the older."""
    for explication in explications:
        autre = Explication.objects.filter(systeme=explication.systeme, motif=explication.motif).exclude(
            pk=explication.pk
        )
        if gardee := autre.first():
            Operation.objects.filter(explication=explication).update(explication=gardee)
            explication.delete()
        else:
            explication.save(update_fields=["motif", "constat", "cause", "remede"])
