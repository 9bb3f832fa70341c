"""Connection data: revealed once to a person who has just given their password again, with a signed receipt."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_safe
from django_otp.plugins.otp_totp.models import TOTPDevice  # type: ignore[import-untyped]

from dossiers.affichage import adresse, heure
from dossiers.services.erreurs import ActionImpossible
from raccordements.admin.souscriptions.affichage import badge_environnement
from raccordements.admin.souscriptions.formulaires import RevelationForm
from raccordements.admin.souscriptions.pages import PagesObjet
from raccordements.models import DonneesConnexion, Souscription
from raccordements.souscriptions import remise
from raccordements.souscriptions.reauthentification import reauthentifier

VOIR = "raccordements.view_donneesconnexion"
CONSTAT = "Les données de connexion n’ont pas été révélées."


class PagesRemise(PagesObjet):
    """The one page that shows a secret, and the receipt that says to whom."""

    def get_urls(self) -> list[URLPattern]:
        return [
            self.page_a("<path:object_id>/reveler/", self.vue_reveler, "reveler"),
            self.page_a("<path:object_id>/accuse/<int:donnees>/", require_safe(self.vue_accuse), "accuse"),
            *super().get_urls(),
        ]

    def remise_de(self, request: HttpRequest, souscription: Souscription) -> dict[str, Any] | None:
        """What the page of a subscription says of its connection data; None for who may not see them."""
        personne: Any = request.user
        if not personne.has_perm(VOIR):
            return None
        toutes = list(_donnees(souscription)[:10])
        vives = next((donnees for donnees in toutes if donnees.effacees_le is None), None)
        return {
            "vives": vives,
            "reveler": self.url("reveler", souscription.pk)
            if vives and vives.revelees_le is None and personne.has_perm(remise.REVELER)
            else "",
            "accuses": [
                (donnees, self.url("accuse", souscription.pk, donnees.pk)) for donnees in toutes if donnees.revelees_le
            ],
        }

    @method_decorator(sensitive_post_parameters("mot_de_passe", "code"))
    def vue_reveler(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        souscription: Souscription = self.objet_permis(request, object_id, remise.REVELER)
        personne: Any = request.user
        double = TOTPDevice.objects.filter(user=personne, confirmed=True).exists()

        def agir(saisie: dict[str, Any]) -> HttpResponseBase:
            preuve = reauthentifier(request, personne, mot_de_passe=saisie["mot_de_passe"], code=saisie.get("code", ""))
            revelation = remise.reveler(souscription, par=personne, preuve=preuve, remises_a=saisie["remises_a"])
            return self.page(
                request,
                "raccordements/souscriptions/revelation.html",
                f"Données de connexion – {souscription.ligne.identifiant}",
                souscription=souscription,
                badge=badge_environnement(souscription),
                revelation=revelation,
                accuse=_lisible(revelation.accuse),
                retour=adresse(souscription),
            )

        reponse = self.saisir(
            request,
            titre=f"Révéler les données de connexion – {souscription.ligne.identifiant}",
            bouton=f"Révéler une fois – {souscription.get_environnement_display()}",
            formulaire=partial(RevelationForm, double=double),
            agir=agir,
            exiger=lambda: _exiger_a_reveler(souscription),
            retour=adresse(souscription),
            badge=badge_environnement(souscription),
            sujet=souscription.plateforme.nom,
            phrases=[
                "Elles donnent accès à Cegid OD au nom du client. Elles s’affichent une seule fois : préparez "
                "l’endroit où vous les recopierez, et ne les envoyez pas par courriel."
            ],
            danger=True,
        )
        return _sans_trace(reponse)

    def vue_accuse(self, request: HttpRequest, object_id: str, donnees: int) -> HttpResponseBase:
        souscription: Souscription = self.objet_ou_404(request, object_id)
        if not request.user.has_perm(VOIR):  # type: ignore[union-attr]
            raise PermissionDenied(VOIR)
        trouvees = _donnees(souscription).filter(pk=donnees).first() if donnees < 2**63 else None
        if trouvees is None or trouvees.accuse is None:
            raise Http404
        reponse = self.page(
            request,
            "raccordements/souscriptions/accuse.html",
            f"Accusé de remise – {souscription.ligne.identifiant}",
            souscription=souscription,
            badge=badge_environnement(souscription),
            accuse=_lisible(trouvees.accuse),
            signature=trouvees.signature,
            valide=remise.accuse_valide(trouvees),
            retour=adresse(souscription),
        )
        return _sans_trace(reponse)


def _donnees(souscription: Souscription) -> Any:
    """The connection data of a subscription, the last first, without their content."""
    return souscription.donnees_connexion.select_related("revelees_par").defer("contenu")


def _exiger_a_reveler(souscription: Souscription) -> None:
    """Raises ActionImpossible, with who and when, before a password is asked for nothing."""
    vives: DonneesConnexion | None = _donnees(souscription).vives().first()
    if vives is None or vives.revelees_le is None or vives.accuse is None:
        return
    raise ActionImpossible(
        CONSTAT,
        f"{vives.revelees_par} les a révélées le {heure(vives.revelees_le)}, et remises à {vives.accuse['remises_a']}"
        " : c’est une fois pour toutes.",
        "Demandez-les à la personne nommée sur l’accusé. Si elles sont perdues, demandez-en de nouvelles à Cegid OD : "
        "celles-ci ne vaudront plus rien.",
    )


def _lisible(accuse: Any) -> list[tuple[str, Any]]:
    """The lines of a receipt, in the order of the page."""
    instant = datetime.fromisoformat(accuse["revelees_le"])
    return [
        ("Ligne d’adressage", accuse["ligne"]),
        ("Matricule de la plateforme", accuse["plateforme"]),
        ("Révélées par", accuse["revelees_par"]),
        ("Révélées le", heure(instant)),
        ("Remises à", accuse["remises_a"]),
        ("Référence de la souscription", format_html("<code>{}</code>", accuse["souscription"])),
        (
            "Empreinte des données (SHA-256)",
            format_html('<code class="empreinte">{}</code>', accuse["empreinte"]),
        ),
    ]


def _sans_trace(reponse: HttpResponseBase) -> HttpResponseBase:
    """No cache nor history of the browser keeps the page, and nobody else learns its address.

    Under `no-referrer` a browser posts the form with `Origin: null`, which the protection of forms refuses.
    """
    reponse["Cache-Control"] = "no-store, max-age=0"
    reponse["Pragma"] = "no-cache"
    reponse["Referrer-Policy"] = "same-origin"
    return reponse
