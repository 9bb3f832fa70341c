"""The verbs of Chorus Pro and of Cegid OD, for the palette of the core."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from django.conf import settings
from django.http import HttpRequest

from dossiers.palette.commandes import liste, page, sur_dossier, vers
from dossiers.palette.registre import OBJETS_PROPOSES, Commande, Proposition, Viser, enregistrer
from raccordements.admin.section_envoi import a_envoyer
from raccordements.admin.termes import RECHERCHE_FICHE
from raccordements.affichage import adresse_fiche
from raccordements.models import Approbation, CompteChorus, Fiche, Version
from raccordements.services import approbation, certificats, envoi, redaction
from raccordements.souscriptions import vie

VOIR_FICHE = "raccordements.view_fiche"
VOIR_SOUSCRIPTION, SOUSCRIPTIONS = "raccordements.view_souscription", "raccordements_souscription_changelist"
VERSIONS = "raccordements_version_changelist"
CERTIFICATS = "raccordements_certificat_changelist"
A_SOUMETTRE = {Approbation.A_SOUMETTRE, Approbation.REFUSEE}
#: `30 j`, `30 jours`, `J-30`, `dans 30 jours`.
DUREE = re.compile(r"(?:j\s*-\s*|sous\s+|dans\s+)?([0-9]{1,4})\s*(?:j|jrs?|jours?)?", re.IGNORECASE)


def fiches_de(request: HttpRequest, terme: str) -> list[Fiche]:
    """The first fiches that this person sees and a term finds: number, code appli, SIRET, SIREN or name of partner."""
    visibles = Fiche.objects.visibles_par(request.user).select_related("structure")  # type: ignore[arg-type]
    for forme, chercher in RECHERCHE_FICHE:
        if re.fullmatch(forme, terme, re.IGNORECASE | re.DOTALL):
            return list(chercher(visibles, terme).order_by("-pk")[: 4 * OBJETS_PROPOSES])
    return []


def sur_fiche(
    verbe: str, icone: str, nom: str = "change", retenir: Callable[[Fiche], bool] = lambda fiche: True
) -> Viser:
    """The page `nom` of each fiche that the object finds and the verb suits."""

    def viser(request: HttpRequest, objet: str) -> Iterator[Proposition]:
        retenues = [fiche for fiche in fiches_de(request, objet) if retenir(fiche)]
        for fiche in retenues[:OBJETS_PROPOSES]:
            yield Proposition(
                libelle=f"{verbe} – {fiche}",
                adresse=adresse_fiche(fiche, nom),
                detail=f"Fiche {fiche.genre}, {fiche.get_environnement_display()}",
                icone=icone,
            )

    return viser


def a_approuver(request: HttpRequest, objet: str) -> Iterator[Proposition]:
    """The page where the frozen version of a fiche is read, then approved or refused."""
    for fiche in fiches_de(request, objet):
        if fiche.approbation == Approbation.EN_ATTENTE and fiche.version_id:
            yield Proposition(
                libelle=f"Lire puis décider – {fiche}",
                adresse=page("raccordements_version_change", fiche.version_id),
                detail="Version soumise à l’approbation",
                icone="gavel",
            )


def expirations(request: HttpRequest, objet: str) -> Iterator[Proposition]:
    """`expirations 30 j`: the certificates that end within the first threshold that covers so many days."""
    lue = DUREE.fullmatch(objet.strip())
    if not lue:
        return
    jours, seuils = int(lue[1]), sorted(settings.CERTIFICATS["seuils"])
    seuil = next((s for s in seuils if s >= jours), seuils[-1] if seuils else None)
    if seuil is not None:
        yield Proposition(
            libelle=f"Certificats expirant dans {seuil} jours au plus",
            adresse=page(CERTIFICATS, echeance=seuil),
            detail="Certificats",
            icone="event_busy",
        )


def sur_compte(request: HttpRequest, objet: str) -> Iterator[Proposition]:
    """The page of each account whose name holds the object: its button is there."""
    for compte in CompteChorus.objects.filter(archive_le=None, nom__icontains=objet).order_by("nom")[:OBJETS_PROPOSES]:
        yield Proposition(
            libelle=f"Tester la connexion – {compte.nom}",
            adresse=page("raccordements_comptechorus_change", compte.pk),
            detail=f"Compte Chorus Pro, {compte.get_environnement_display()}",
            icone="network_check",
        )


def lignes_de_souscription(request: HttpRequest, objet: str) -> Iterator[Proposition]:
    """The list of subscriptions filtered by the object."""
    yield liste("Souscriptions", objet, SOUSCRIPTIONS, "alt_route")


def _commande(
    groupe: str, cle: str, libelle: str, icone: str, mots: str, permissions: tuple[str, ...], **reste: Any
) -> Commande:
    return Commande(
        cle=cle, libelle=libelle, groupe=groupe, icone=icone, mots=mots.split(), permissions=permissions, **reste
    )


CHORUS, OD = "Chorus Pro", "Cegid OD"
enregistrer(
    *(
        _commande(
            CHORUS,
            f"creer_fiche_{genre}",
            f"Créer fiche {genre.upper()}",
            "note_add",
            f"creer fiche {genre}",
            (f"raccordements.view_fiche{genre}", redaction.AJOUTER),
            adresse=vers(f"raccordements_fiche{genre}_add"),
        )
        for genre in ("edi", "api")
    ),
    *(
        _commande(
            CHORUS,
            f"rechercher_fiche_{genre}",
            f"Rechercher fiche {genre.upper()}",
            "manage_search",
            f"rechercher fiche fiches {genre}",
            (f"raccordements.view_fiche{genre}",),
            adresse=vers(nom),
            viser=sur_fiche("Ouvrir", "description", retenir=lambda fiche, g=genre: fiche.genre.lower() == g),
            exemple=f"fiche {genre} VFE056",
        )
        for genre, nom in (("edi", "raccordements_lignecode_changelist"), ("api", "raccordements_ficheapi_changelist"))
    ),
    _commande(
        CHORUS,
        "soumettre",
        "Soumettre une fiche à l’approbation",
        "outgoing_mail",
        "soumettre approbation",
        (VOIR_FICHE, approbation.SOUMETTRE),
        adresse=vers("raccordements_ficheedi_changelist", approbation__exact=Approbation.A_SOUMETTRE.value),
        viser=sur_fiche("Soumettre", "outgoing_mail", "soumettre", lambda f: f.approbation in A_SOUMETTRE),
        exemple="soumettre VFE056",
    ),
    _commande(
        CHORUS,
        "approuver",
        "Approuver ou refuser une fiche",
        "gavel",
        "approuver refuser decider",
        ("raccordements.view_version", approbation.APPROUVER),
        adresse=vers(VERSIONS, etat__exact=Version.Etat.EN_ATTENTE.value),
        viser=a_approuver,
        exemple="approuver VFE056",
    ),
    _commande(
        CHORUS,
        "envoyer_fiche",
        "Envoyer une fiche approuvée",
        "send",
        "envoyer transmettre fiche",
        (VOIR_FICHE, envoi.ENVOYER),
        adresse=vers("raccordements_ficheedi_changelist", approbation__exact=Approbation.APPROUVEE.value),
        viser=sur_fiche("Envoyer", "send", "envoyer", a_envoyer),
        exemple="envoyer VFE056",
    ),
    _commande(
        CHORUS,
        "passeport",
        "Imprimer le passeport d’une fiche",
        "badge",
        "passeport imprimer",
        (VOIR_FICHE,),
        adresse=vers("raccordements_ficheedi_changelist"),
        viser=sur_fiche("Passeport", "badge", "passeport"),
        exemple="passeport VFE056",
    ),
    _commande(
        CHORUS,
        "deposer_certificat",
        "Déposer un certificat",
        "workspace_premium",
        "deposer ajouter certificat",
        (certificats.AJOUTER,),
        adresse=vers("raccordements_certificat_add"),
    ),
    _commande(
        CHORUS,
        "expirations",
        "Voir les certificats qui expirent",
        "event_busy",
        "expirations expirent expirer certificats echeances",
        ("raccordements.view_certificat",),
        adresse=vers(CERTIFICATS),
        viser=expirations,
        exemple="expirations 30 j",
    ),
    _commande(
        CHORUS,
        "tester_compte",
        "Tester un compte Chorus Pro",
        "network_check",
        "tester compte chorus connexion",
        ("raccordements.change_comptechorus", "raccordements.tester_comptechorus"),
        adresse=vers("raccordements_comptechorus_changelist"),
        viser=sur_compte,
    ),
    _commande(
        OD,
        "souscrire",
        "Souscrire une plateforme",
        "alt_route",
        "souscrire souscription plateforme pdp",
        (VOIR_SOUSCRIPTION, vie.SOUSCRIRE),
        adresse=vers("raccordements_souscription_add"),
        viser=sur_dossier(
            "Souscrire une plateforme", lambda d: page("raccordements_souscription_add", dossier=d.pk), "alt_route"
        ),
        exemple="souscrire MANON001",
    ),
    _commande(
        OD,
        "souscriptions",
        "Suivre les souscriptions",
        "alt_route",
        "souscriptions suivre plateforme pdp",
        (VOIR_SOUSCRIPTION,),
        adresse=vers(SOUSCRIPTIONS),
        viser=lignes_de_souscription,
        exemple="souscriptions MANON001",
    ),
    _commande(
        OD,
        "routage",
        "Simuler le routage d’une facture",
        "fork_right",
        "simuler routage facture",
        (VOIR_SOUSCRIPTION, "raccordements.view_ligneadressage"),
        adresse=vers("raccordements_souscription_routage"),
    ),
    _commande(
        OD,
        "progression",
        "Voir la progression du portefeuille",
        "stacked_bar_chart",
        "progression portefeuille pdp",
        (VOIR_SOUSCRIPTION,),
        adresse=vers("raccordements_souscription_progression"),
    ),
    _commande(
        OD,
        "sans_souscription",
        "Voir les dossiers sans souscription",
        "playlist_remove",
        "sans souscription dossiers",
        (VOIR_SOUSCRIPTION,),
        adresse=vers("raccordements_souscription_sans"),
    ),
)
