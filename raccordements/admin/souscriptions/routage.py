"""The routing simulator: who receives for an identifier on a day, why, and what a planned change would do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.urls import URLPattern
from django.utils import timezone
from django.views.decorators.http import require_safe

from dossiers.models import Dossier, Environnement
from raccordements.admin.souscriptions import ruban
from raccordements.admin.souscriptions.affichage import periode
from raccordements.admin.souscriptions.formulaires import JourDemande, choix
from raccordements.admin.souscriptions.pages import PagesObjet, exiger_droit
from raccordements.models import Plateforme
from raccordements.souscriptions.conflits import (
    Changement,
    ChangementDePlateforme,
    Conflit,
    Fin,
    FinDeLigne,
    NouvelleSouscription,
    conflits,
    consequences,
    supposer,
)
from raccordements.souscriptions.etapes import Niveau
from raccordements.souscriptions.reseau import charger
from raccordements.souscriptions.routage import (
    Destinataire,
    LigneDatee,
    Motif,
    Reception,
    Route,
    Segment,
    frise,
    qui_recoit,
)

VOIR = "raccordements.view_souscription"
AUCUNE = "Rien : la situation connue"
CONFLITS_MONTRES = 50
AVANT, APRES = timedelta(days=90), timedelta(days=275)


class Hypothese(models.TextChoices):
    """What may be supposed."""

    CHANGEMENT = "changement", "Changer de plateforme"
    FIN = "fin", "Terminer une souscription"
    FIN_DE_LIGNE = "fin_de_ligne", "Terminer une ligne"
    NOUVELLE = "nouvelle", "Planifier une souscription de plus"


#: The fields that each supposition needs.
REQUIS: dict[str, tuple[str, ...]] = {
    Hypothese.CHANGEMENT: ("souscription", "plateforme", "le"),
    Hypothese.FIN: ("souscription", "le"),
    Hypothese.FIN_DE_LIGNE: ("ligne", "le"),
    Hypothese.NOUVELLE: ("ligne", "plateforme", "le"),
}


class RoutageForm(forms.Form):
    """The question: for which recipient, on which day, where."""

    identifiant = forms.CharField(
        label="Identifiant d’adressage du destinataire",
        max_length=200,
        help_text="Tel qu’une facture le porte : SIREN, SIREN_SIRET, SIREN_SIRET_CODE ou SIREN_SUFFIXE.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "class": "champ-large"}),
    )
    jour = JourDemande(label="Jour")
    environnement = forms.ChoiceField(label="Environnement", choices=Environnement.choices)

    def __init__(self, *args: Any, par: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.par = par

    def clean_identifiant(self) -> Destinataire:
        destinataire = Destinataire.lire(self.cleaned_data["identifiant"])
        if not Dossier.objects.visibles_par(self.par).filter(siren=destinataire.siren).exists():
            raise ValidationError(
                "Aucun dossier que vous voyez n’a ce SIREN. Vérifiez l’identifiant, ou complétez le SIREN du dossier."
            )
        return destinataire


class HypotheseForm(forms.Form):
    """« Et si » : one supposed change, among the lines of the company."""

    hypothese = forms.ChoiceField(label="Supposer", choices=[("", AUCUNE), *Hypothese.choices], required=False)
    souscription = forms.TypedChoiceField(label="Souscription", required=False, coerce=int, empty_value=None)
    ligne = forms.TypedChoiceField(label="Ligne d’adressage", required=False, coerce=int, empty_value=None)
    plateforme = choix("Plateforme", requis=False)
    le = JourDemande(
        label="Date",
        facultatif=True,
        help_text="Premier jour d’un changement ou d’une souscription de plus, dernier jour d’une fin.",
    )

    def __init__(self, *args: Any, lignes: Sequence[LigneDatee], environnement: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.lignes = lignes
        routes = [
            (route.souscription, f"N° {route.souscription} – {route.plateforme}, {ligne.adresse.identifiant}")
            for ligne in lignes
            for route in ligne.routes
        ]
        connues = [(ligne.id, f"{ligne.adresse.identifiant}, {periode(ligne.debut, ligne.fin)}") for ligne in lignes]
        self.fields["souscription"].choices = [("", "—"), *routes]  # type: ignore[attr-defined]
        self.fields["ligne"].choices = [("", "—"), *connues]  # type: ignore[attr-defined]
        self.fields["plateforme"].queryset = (  # type: ignore[attr-defined]
            Plateforme.objects.en_service().pour_liste().filter(environnement=environnement)
        )

    def clean(self) -> dict[str, Any]:
        lu: dict[str, Any] = super().clean() or {}
        for champ in REQUIS.get(lu.get("hypothese", ""), ()):
            if not lu.get(champ) and champ not in self.errors:
                self.add_error(champ, "Cette supposition en demande une valeur. Choisissez-la, puis recommencez.")
        return lu

    def changement(self) -> Changement | None:
        """What is supposed; None for nothing."""
        lu = self.cleaned_data
        plateforme: Plateforme | None = lu.get("plateforme")
        match lu.get("hypothese"):
            case Hypothese.CHANGEMENT if plateforme:
                return ChangementDePlateforme(
                    souscription=lu["souscription"],
                    plateforme_id=plateforme.pk,
                    plateforme=plateforme.nom,
                    endpoint=plateforme.endpoint_pour(self._identifiant(lu["souscription"])),
                    le=lu["le"],
                )
            case Hypothese.FIN:
                return Fin(souscription=lu["souscription"], le=lu["le"])
            case Hypothese.FIN_DE_LIGNE:
                return FinDeLigne(ligne=lu["ligne"], le=lu["le"])
            case Hypothese.NOUVELLE if plateforme:
                identifiant = next(une.adresse.identifiant for une in self.lignes if une.id == lu["ligne"])
                route = Route(
                    souscription=None,
                    plateforme_id=plateforme.pk,
                    plateforme=plateforme.nom,
                    endpoint=plateforme.endpoint_pour(identifiant),
                    debut=lu["le"],
                )
                return NouvelleSouscription(ligne=lu["ligne"], route=route)
        return None

    def _identifiant(self, souscription: int) -> str:
        return next(
            ligne.adresse.identifiant
            for ligne in self.lignes
            if any(route.souscription == souscription for route in ligne.routes)
        )


class PagesRoutage(PagesObjet):
    """A page that reads, and writes nothing."""

    def get_urls(self) -> list[URLPattern]:
        return [self.page_a("routage/", require_safe(self.vue_routage), "routage"), *super().get_urls()]

    def vue_routage(self, request: HttpRequest) -> HttpResponseBase:
        exiger_droit(request, VOIR)
        demande = {"jour": f"{timezone.localdate():%Y-%m-%d}", "environnement": Environnement.PRODUCTION.value}
        demande |= {nom: valeur for nom, valeur in request.GET.items() if valeur}
        pose = bool(request.GET.get("identifiant"))
        question = RoutageForm(demande if pose else None, initial=demande, par=request.user)
        contexte: dict[str, Any] = {"formulaire": question}
        if pose and question.is_valid():
            contexte |= _repondre(request, **question.cleaned_data)
        return self.page(
            request,
            "raccordements/souscriptions/routage.html",
            "Simulateur de routage",
            retour=self.url("changelist"),
            **contexte,
        )


def _repondre(request: HttpRequest, identifiant: Destinataire, jour: date, environnement: str) -> dict[str, Any]:
    """The answer for a recipient and a day, and for the supposed change if there is one."""
    lignes = charger(identifiant.siren, environnement)
    du, au = jour - AVANT, jour + APRES
    suppose = HypotheseForm(request.GET, lignes=lignes, environnement=environnement)
    changement = suppose.changement() if suppose.is_valid() else None
    trouves = conflits(lignes)
    segments = frise(lignes, identifiant, du=du, au=au)
    cles = set(identifiant.cles())
    siennes = {ligne.adresse.identifiant for ligne in lignes if ligne.cle in cles}
    siens = [conflit for conflit in trouves if siennes.intersection(conflit.lignes)]
    contexte: dict[str, Any] = {
        "hypothese": suppose,
        "jour": jour,
        "reponse": _reponse(lignes, identifiant, jour),
        "conflits": [_conflit(conflit) for conflit in trouves[:CONFLITS_MONTRES]],
        "conflits_tus": len(trouves[CONFLITS_MONTRES:]),
        "segments": [_segment(segment) for segment in segments],
        "ruban": ruban.tracer(lignes, identifiant, segments, siens, du=du, au=au, jour=jour),
        "du": du,
        "au": au,
    }
    if changement is not None:
        suite = consequences(lignes, changement, destinataire=identifiant, du=du, au=au)
        supposees = supposer(lignes, changement)
        contexte["suite"] = {
            "possible": suite.possible,
            "apparus": [_conflit(conflit) for conflit in suite.apparus],
            "disparus": [_conflit(conflit) for conflit in suite.disparus],
            "reponse": _reponse(supposees, identifiant, jour),
            "segments": [_segment(segment) for segment in suite.apres],
            "ruban": ruban.tracer(
                supposees, identifiant, suite.apres, conflits(supposees), du=du, au=au, jour=jour, connues=lignes
            ),
        }
    return contexte


def _reponse(lignes: Sequence[LigneDatee], destinataire: Destinataire, jour: date) -> dict[str, Any]:
    """Who receives that day, the levels in the order they were tried, and what Cegid OD has already."""
    reception = qui_recoit(lignes, destinataire, jour)
    acquise = qui_recoit(lignes, destinataire, jour, acquises_seules=True)
    return {
        "reception": reception,
        "qui": ruban.qui(reception),
        "chez_od": ruban.qui(acquise),
        "etapes": list(_etapes(reception, destinataire)),
    }


def _etapes(reception: Reception, destinataire: Destinataire) -> list[tuple[str, str, str]]:
    """Each level in order: its name, the identifier tried, what was found."""
    motifs: dict[Any, list[Motif]] = {}
    for ligne, motif in reception.ecartees:
        motifs.setdefault(ligne.cle, []).append(motif)
    gagnante = reception.ligne.cle if reception.ligne else None
    etapes, gagne = [], False
    for cle in destinataire.cles():
        if gagne:
            constat = "non consultée : une ligne plus précise a gagné"
        elif cle == gagnante:
            constat, gagne = f"gagne : {ruban.qui(reception)} reçoit", True
        elif cle in motifs:
            constat = f"écartée : {', '.join(dict.fromkeys(motif.value for motif in motifs[cle]))}"
        else:
            constat = "aucune ligne enregistrée"
        etapes.append((str(Niveau(cle[0].value).label), cle[1], constat))
    return etapes


def _segment(segment: Segment) -> tuple[str, str, str, str]:
    """Days, platform, line, remark."""
    reception = segment.reception
    if reception.ligne is None or reception.route is None:
        return periode(segment.debut, segment.fin), "personne", "—", "trou : aucune plateforme ne reçoit"
    remarques = [
        "" if reception.exacte else "une ligne plus large sert de repli",
        "plusieurs souscriptions se disputent ces jours" if reception.ambigue else "",
        "" if reception.route.acquise else "prévu, pas encore chez Cegid OD",
    ]
    return (
        periode(segment.debut, segment.fin),
        reception.route.plateforme,
        reception.ligne.adresse.identifiant,
        " ; ".join(filter(None, remarques)),
    )


def _conflit(conflit: Conflit) -> dict[str, Any]:
    return {
        "conflit": conflit,
        "quand": periode(conflit.debut, conflit.fin),
        "souscriptions": ", ".join(f"n° {pk}" if pk else "celle supposée" for pk in conflit.souscriptions),
    }
