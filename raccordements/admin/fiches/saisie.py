"""Writing one block of a fiche: saved at any moment, never over what another person wrote without being seen."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed
from django.shortcuts import redirect
from django.urls import URLPattern

from config.televersement import trop_gros
from dossiers.services.erreurs import ActionImpossible
from raccordements.admin.fiches import analyses
from raccordements.admin.fiches.base import FicheBase
from raccordements.admin.fiches.etapes import CERTIFICATS, CODES, RESEAU, Etape, Pas, a_completer, chemin, etape_nommee
from raccordements.admin.fiches.formulaires import FORMULAIRES, CodesForm, EtapeForm
from raccordements.affichage import adresse_fiche
from raccordements.models import LIBELLES_AIFE, Approbation, Fiche, Mode, Protocole
from raccordements.services import redaction
from raccordements.services.erreurs import EditionPerimee
from raccordements.services.risques import Risque, faits, risques

TROP_GROS = (
    "Rien n’a été reçu : le fichier est bien plus gros qu’une chaîne de certificats. Demandez à votre fournisseur un "
    "fichier PKCS#7 (.p7b)."
)


class PageEtape(FicheBase):
    """The page of one block."""

    def get_urls(self) -> list[URLPattern]:
        return [
            self.adresse_vue("<path:object_id>/etape/<slug:nom>/", self.vue_etape, "etape"),
            *super().get_urls(),
        ]

    def vue_etape(self, request: HttpRequest, object_id: str, nom: str) -> HttpResponseBase:
        fiche: Fiche = self.visible_ou_404(request, object_id)
        etape = etape_nommee(fiche, nom)
        if etape is None:
            raise Http404
        if not request.user.has_perm(redaction.MODIFIER):
            raise PermissionDenied(redaction.MODIFIER)
        if request.method not in {"GET", "HEAD", "POST"}:
            return HttpResponseNotAllowed(["GET", "HEAD", "POST"])
        if not self.modifiable(request, fiche):
            self.message_user(request, motif_non_modifiable(fiche), messages.WARNING)
            return redirect(adresse_fiche(fiche))
        par: Any = request.user
        if request.method != "POST":
            return self._page_etape(request, fiche, etape, FORMULAIRES[nom](fiche=fiche, par=par))
        return self._ecrire(request, fiche, etape)

    def _ecrire(self, request: HttpRequest, fiche: Fiche, etape: Etape) -> HttpResponseBase:
        par: Any = request.user
        formulaire = FORMULAIRES[etape.nom](request.POST, request.FILES, fiche=fiche, par=par)
        valable = formulaire.is_valid()
        if trop_gros(request):
            formulaire.add_error("certificat_fichier", TROP_GROS)
            valable = False
        if not valable:
            return self._page_etape(request, fiche, etape, formulaire)
        if not vu(fiche, formulaire):
            formulaire.reprendre(fiche)
            return self._page_etape(request, fiche, etape, formulaire, arrivee=True)
        edition = formulaire.cleaned_data["edition"]
        try:
            ecrite = self._enregistrer(request, fiche, formulaire, edition)
        except EditionPerimee as refus:
            actuelle = self.visible_ou_404(request, str(fiche.pk))
            ecarts = formulaire.ecarts(actuelle)
            formulaire.reprendre(actuelle)
            return self._page_etape(request, actuelle, etape, formulaire, refus=refus, ecarts=ecarts)
        except ValidationError as refus:
            formulaire.refuser(refus)
            return self._page_etape(request, fiche, etape, formulaire)
        except ActionImpossible as refus:
            return self._page_etape(request, fiche, etape, formulaire, refus=refus)
        change = ecrite.edition != edition
        texte = "Enregistré." if change else "Rien n’a changé : rien n’a été écrit."
        self.message_user(request, texte, messages.SUCCESS if change else messages.INFO)
        return redirect(self._suite(request, ecrite, etape))

    def _enregistrer(self, request: HttpRequest, fiche: Fiche, formulaire: EtapeForm, edition: int) -> Fiche:
        par: Any = request.user
        tout = request.POST.get("tout", "")
        if isinstance(formulaire, CodesForm) and tout in Mode.values:
            return redaction.regler_tous_les_codes(fiche, tout, edition=edition, par=par)
        ecrite = redaction.modifier(fiche, formulaire.saisie(), edition=edition, par=par)
        if "rafraichir" in request.POST:
            return redaction.rafraichir_le_reseau(ecrite, edition=ecrite.edition, par=par)
        return ecrite

    def _suite(self, request: HttpRequest, fiche: Fiche, etape: Etape) -> str:
        if "continuer" in request.POST:
            suivante = a_completer(chemin(fiche, risques(faits(fiche))), apres=etape.nom)
            return adresse_fiche(fiche, "etape", suivante.nom) if suivante else adresse_fiche(fiche)
        if {"tout", "rafraichir", "analyser"} & set(request.POST):
            return adresse_fiche(fiche, "etape", etape.nom)
        return adresse_fiche(fiche)

    def _page_etape(
        self,
        request: HttpRequest,
        fiche: Fiche,
        etape: Etape,
        formulaire: EtapeForm,
        *,
        refus: ActionImpossible | None = None,
        ecarts: list[tuple[str, str, str]] | None = None,
        arrivee: bool = False,
    ) -> HttpResponse:
        pas = chemin(fiche, risques(faits(fiche)))
        reponse = self.page(
            request,
            "raccordements/etape.html",
            f"{etape.titre} – fiche n° {fiche.pk}",
            fiche=fiche,
            etape=etape,
            pas=pas,
            remarques=_remarques(pas, etape),
            formulaire=formulaire,
            media=self.media + formulaire.media,
            avertissement=avertissement(fiche),
            arrivee=arrivee,
            refus=refus,
            ecarts=ecarts,
            multipart=etape == CERTIFICATS,
            releves=analyses.de_la_fiche(fiche) if etape == CERTIFICATS else [],
            reseau=reseau(fiche) if etape == RESEAU else None,
            rangees=formulaire.rangees if isinstance(formulaire, CodesForm) else [],
            modes=Mode.choices if etape == CODES else [],
            retour=adresse_fiche(fiche),
        )
        reponse.status_code = 409 if refus or arrivee else 200
        return reponse


def _remarques(pas: list[Pas], etape: Etape) -> list[Risque]:
    """What the step calls for, without the remarks on the files that their analysis shows below."""
    tous = next(un.risques for un in pas if un.etape == etape)
    return [risque for risque in tous if not risque.code.startswith("certificat_")]


def vu(fiche: Fiche, formulaire: EtapeForm) -> bool:
    """Whether the person was warned that saving voids what was submitted since."""
    return not avertissement(fiche) or formulaire.cleaned_data["version_vue"] == fiche.version_id


def avertissement(fiche: Fiche) -> str:
    """What saving a change would void, in French; empty when nothing."""
    version = fiche.version
    if version is None or version.pk == fiche.version_active_id:
        return ""
    if fiche.approbation == Approbation.EN_ATTENTE:
        return (
            f"La version {version.numero} de cette fiche attend une décision. Enregistrer une modification annule "
            "cette demande : il faudra soumettre la fiche de nouveau."
        )
    if fiche.approbation == Approbation.APPROUVEE:
        return (
            f"La version {version.numero} de cette fiche est approuvée. Enregistrer une modification annule cette "
            "approbation : il faudra soumettre la fiche de nouveau."
        )
    return ""


def motif_non_modifiable(fiche: Fiche) -> str:
    """Why the blocks of a fiche are closed, and what to do."""
    if fiche.en_envoi:
        return (
            "Cette fiche ne se modifie pas : elle est en cours d’envoi, et ce qui a été approuvé part tel quel. "
            "Attendez la fin de l’envoi, ou abandonnez-le."
        )
    return (
        f"Cette fiche ne se modifie pas : elle est au statut « {fiche.get_etat_display()} ». Attendez qu’elle en "
        "change, ou clonez-la."
    )


def reseau(fiche: Fiche) -> dict[str, Any]:
    """AIFE's side of the network: what the fiche carries, and whether the reference says something else today."""
    porte = fiche.reseau_aife
    reference = redaction.reseau_de_reference(fiche.protocole, fiche.environnement)
    return {
        "valeurs": [(libelle, porte[nom]) for nom, libelle in LIBELLES_AIFE.items() if nom in porte],
        "vu_le": jour_lisible(porte.get("vu_le")),
        "autre": reference != porte,
        "exigee": fiche.protocole == Protocole.AS2,
        "protocole": fiche.get_protocole_display(),
    }


def jour_lisible(iso: str | None) -> str:
    """`2017-06-21` as `21/06/2017`; empty for none."""
    return "/".join(reversed(iso.split("-"))) if iso else ""
