"""Subscriptions in the browser: planning, the two steps asked for, change, end, oblivion, mandates, portfolio."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from dossiers.models import Environnement, Evenement, Operation
from raccordements.models import Mandat, Souscription
from raccordements.souscriptions import vie
from raccordements.souscriptions.erreurs import EtapeInterdite
from raccordements.souscriptions.etapes import EtatSouscription
from tests.fabriques import CleApiFactory, DossierFactory
from tests.interlocuteurs.admin.conftest import Entrer
from tests.raccordements.fabriques_od import (
    DOCUMENT,
    LigneAdressageFactory,
    MandatFactory,
    PlateformeFactory,
    onboardee,
    oubliee,
    planifiee,
    relue,
    souscrite,
    superutilisateur,
)

pytestmark = pytest.mark.django_db
LISTE = "/admin/raccordements/souscription/"


def texte(reponse: Any) -> str:
    return reponse.content.decode().replace("\u00a0", " ").replace("\u202f", " ")


def dossier_pret(**champs: Any) -> Any:
    return DossierFactory(cle=CleApiFactory(prete=True), **champs)


def ligne_prete(**champs: Any) -> Any:
    return LigneAdressageFactory(dossier=dossier_pret(), **champs)


@pytest.fixture
def redacteur(entrer: Entrer) -> Client:
    return entrer(collaborateur=True)


def page(client: Client, souscription: Any) -> str:
    return texte(client.get(f"{LISTE}{souscription.pk}/change/"))


def test_planifier_depuis_le_dossier(redacteur: Client) -> None:
    ligne, plateforme = ligne_prete(), PlateformeFactory()
    mandat = MandatFactory(dossier=ligne.dossier)
    assert f"/souscription/add/?dossier={ligne.dossier_id}" in texte(
        redacteur.get(f"/admin/dossiers/dossier/{ligne.dossier_id}/change/")
    )
    saisie = {
        "ligne": ligne.pk,
        "plateforme": plateforme.pk,
        "debut": f"{timezone.localdate():%Y-%m-%d}",
        "mandat": mandat.pk,
    }
    reponse = redacteur.post(f"{LISTE}add/?dossier={ligne.dossier_id}", saisie, follow=True)
    souscription = Souscription.objects.get()
    assert souscription.endpoint == plateforme.endpoint_pour(ligne.identifiant)
    lue = texte(reponse)
    for mot in ("Représentant légal", "Camille Inventée", "Lancer l’on-boarding – Bac à sable", souscription.endpoint):
        assert mot in lue, mot
    assert "Passerelle n’en reçoit aucune" in lue
    seconde = redacteur.post(f"{LISTE}add/?dossier={ligne.dossier_id}", saisie)
    assert seconde.status_code == 409
    assert "reçoit déjà pour cette ligne" in texte(seconde)
    assert "Ouvrir cette souscription" in texte(seconde)
    assert f'value="{saisie["debut"]}"' in texte(seconde)


def test_l_endpoint_hostile_est_dit_au_champ(redacteur: Client) -> None:
    ligne, plateforme = ligne_prete(), PlateformeFactory()
    saisie = {
        "ligne": ligne.pk,
        "plateforme": plateforme.pk,
        "debut": f"{timezone.localdate():%Y-%m-%d}",
        "endpoint": "https://10.0.0.1/x",
    }
    reponse = redacteur.post(f"{LISTE}add/?dossier={ligne.dossier_id}", saisie)
    assert reponse.status_code == 200
    assert "endpoint" in reponse.context["formulaire"].errors
    assert not Souscription.objects.exists()


def test_le_choix_du_dossier_quand_rien_ne_le_dit(redacteur: Client) -> None:
    assert "Pour quel dossier" in texte(redacteur.get(f"{LISTE}add/"))
    for mauvais in ("abc", "999999999", "9" * 30):
        assert redacteur.get(f"{LISTE}add/?dossier={mauvais}").status_code == 404


@pytest.mark.parametrize(
    ("fabrique", "nom", "nature", "etat"),
    [
        (planifiee, "onboarding", "onboarder_souscription", EtatSouscription.ONBOARDING),
        (onboardee, "souscription", "souscrire_plateforme", EtatSouscription.SOUSCRIPTION),
        (souscrite, "lecture", "lire_souscription", EtatSouscription.SOUSCRITE),
        (souscrite, "connexion", "renouveler_connexion", EtatSouscription.SOUSCRITE),
        (onboardee, "resiliation", "resilier_souscription", EtatSouscription.RESILIATION),
    ],
)
def test_chaque_bouton_demande_son_operation(
    redacteur: Client, fabrique: Any, nom: str, nature: str, etat: EtatSouscription
) -> None:
    souscription = fabrique(ligne=ligne_prete())
    adresse = f"{LISTE}{souscription.pk}/demander/{nom}/"
    assert adresse in page(redacteur, souscription)
    demande = texte(redacteur.get(adresse))
    assert "– Bac à sable</button>" in demande
    assert not Operation.objects.exists()
    reponse = redacteur.post(adresse, follow=True)
    operation = Operation.objects.get(nature=nature)
    assert relue(souscription).etat == etat
    lue = texte(reponse)
    assert 'data-finie="non"' in lue
    assert f"Opération n° {operation.pk}" in lue
    suivi = redacteur.get(f"{LISTE}{souscription.pk}/avancement/")
    assert suivi.json()["finie"] is False
    assert "no-store" in suivi["Cache-Control"]


def test_une_etape_qui_finit_pendant_la_lecture_de_la_page_reste_suivie(redacteur: Client) -> None:
    souscription = planifiee(ligne=ligne_prete())
    Souscription.objects.filter(pk=souscription.pk).update(etat=EtatSouscription.ONBOARDING)
    assert 'data-finie="non"' in page(redacteur, souscription)
    assert redacteur.get(f"{LISTE}{souscription.pk}/avancement/").json()["finie"] is False


def test_une_demande_impossible_se_dit_en_trois_parties(redacteur: Client) -> None:
    souscription = planifiee(ligne=ligne_prete(), avec_mandat=False)
    reponse = redacteur.post(f"{LISTE}{souscription.pk}/demander/onboarding/")
    assert reponse.status_code == 409
    assert "Il manque le mandat" in texte(reponse)
    assert redacteur.post(f"{LISTE}{souscription.pk}/demander/inventee/").status_code == 404


def test_la_production_se_confirme_par_une_case(redacteur: Client) -> None:
    dossier = DossierFactory(cle=CleApiFactory(prete=True, production=True))
    plateforme = PlateformeFactory(environnement=Environnement.PRODUCTION, modele_endpoint="")
    souscription = planifiee(ligne=LigneAdressageFactory(dossier=dossier), plateforme=plateforme)
    adresse = f"{LISTE}{souscription.pk}/demander/onboarding/"
    refusee = redacteur.post(adresse)
    assert "cochez cette case pour agir en production" in texte(refusee)
    assert not Operation.objects.exists()
    assert redacteur.post(adresse, {"production": "on"}).status_code == 302
    assert Operation.objects.get().nature == "onboarder_souscription"


def test_changer_de_plateforme_puis_le_faire(redacteur: Client) -> None:
    souscription, autre = souscrite(ligne=ligne_prete()), PlateformeFactory()
    dans_dix_jours = timezone.localdate() + timedelta(days=10)
    adresse = f"{LISTE}{souscription.pk}/decider/changer/"
    formulaire = redacteur.get(adresse).context["formulaire"]
    assert list(formulaire.fields["plateforme"].queryset) == [autre]
    redacteur.post(adresse, {"plateforme": autre.pk, "le": f"{dans_dix_jours:%Y-%m-%d}"})
    suite = Souscription.objects.get(precedente=souscription)
    assert relue(souscription).fin == dans_dix_jours - timedelta(days=1)
    assert "Faire le changement de plateforme – Bac à sable" in page(redacteur, suite)
    redacteur.post(f"{LISTE}{suite.pk}/demander/changement/")
    assert list(Operation.objects.order_by("pk").values_list("nature", flat=True)) == [
        "resilier_souscription",
        "onboarder_souscription",
    ]


def test_un_changement_sans_le_droit_de_resilier_se_refuse_en_trois_parties(entrer: Entrer) -> None:
    suite = vie.changer_de_plateforme(
        souscrite(ligne=ligne_prete()),
        PlateformeFactory(),
        le=timezone.localdate() + timedelta(days=10),
        par=superutilisateur(),
    )
    client = entrer(consultation=True)
    droit = Permission.objects.get(codename="commencer_souscription", content_type__app_label="raccordements")
    client.personne.user_permissions.add(droit)  # type: ignore[attr-defined]
    adresse = f"{LISTE}{suite.pk}/demander/changement/"
    assert adresse not in page(client, suite)
    reponse = client.post(adresse)
    assert reponse.status_code == 409
    assert "vos droits ne permettent pas de résilier" in texte(reponse)
    assert not Operation.objects.exists()


def test_une_souscription_a_venir_s_abandonne(redacteur: Client) -> None:
    souscription = souscrite(ligne=ligne_prete(), debut=timezone.localdate() + timedelta(days=10))
    adresse = f"{LISTE}{souscription.pk}/demander/renoncement/"
    assert adresse in page(redacteur, souscription)
    redacteur.post(adresse)
    assert Operation.objects.get().nature == "renoncer_souscription"
    assert "demander/renoncement/" not in page(redacteur, souscrite(ligne=ligne_prete()))


def test_planifier_la_fin_puis_la_retirer_puis_resilier(redacteur: Client) -> None:
    souscription = souscrite(ligne=ligne_prete())
    base = f"{LISTE}{souscription.pk}/"
    assert f"{base}demander/resiliation/" not in page(redacteur, souscription)
    hier = timezone.localdate() - timedelta(days=1)
    passee = redacteur.post(f"{base}decider/terminer/", {"le": f"{hier:%Y-%m-%d}"})
    assert passee.status_code == 409
    assert "Cette date est passée" in texte(passee)
    redacteur.post(f"{base}decider/terminer/", {"le": f"{timezone.localdate():%Y-%m-%d}", "motif": "Départ"})
    assert "Retirer la fin prévue" in page(redacteur, souscription)
    assert f"{base}demander/resiliation/" in page(redacteur, souscription)
    redacteur.post(f"{base}decider/rouvrir/")
    assert relue(souscription).fin is None


def test_oubliee_une_personne_recommence_ou_clot(entrer: Entrer, redacteur: Client) -> None:
    souscription = oubliee(ligne=ligne_prete())
    assert f"{LISTE}{souscription.pk}/decider/reprendre/" not in page(redacteur, souscription)
    assert redacteur.get(f"{LISTE}{souscription.pk}/decider/clore/").status_code == 403
    manager = entrer(manager=True)
    adresse = f"{LISTE}{souscription.pk}/decider/reprendre/"
    assert adresse in page(manager, souscription)
    assert manager.post(adresse, {"motif": ""}).status_code == 200
    manager.post(adresse, {"motif": "Lu au portail"})
    assert relue(souscription).etat == EtatSouscription.NON_COMMENCEE


def test_annuler_et_corriger(redacteur: Client) -> None:
    souscription = planifiee(ligne=ligne_prete())
    demain = timezone.localdate() + timedelta(days=1)
    base = f"{LISTE}{souscription.pk}/decider/"
    redacteur.post(f"{base}corriger/", {"debut": f"{demain:%Y-%m-%d}", "endpoint": ""})
    assert relue(souscription).debut == demain
    redacteur.post(f"{base}annuler/", {"motif": "Erreur"})
    assert relue(souscription).etat == EtatSouscription.ANNULEE


def test_le_mandat_se_depose_se_rattache_et_se_telecharge(redacteur: Client, entrer: Entrer) -> None:
    souscription = planifiee(ligne=ligne_prete(), avec_mandat=False)
    adresse = f"{LISTE}mandats/deposer/?souscription={souscription.pk}"
    assert adresse in page(redacteur, souscription)
    saisie = {
        "demandeur": "Camille Inventée",
        "courriel": "direction@tpe.example",
        "qualite": "administrateur_habilite",
        "signe_le": f"{timezone.localdate():%Y-%m-%d}",
    }
    qualites = dict(redacteur.get(adresse).context["formulaire"].fields["qualite"].choices)
    saisie["qualite"] = next(iter(qualites))
    mauvais = redacteur.post(adresse, {**saisie, "contenu": SimpleUploadedFile("m.exe", b"MZ")})
    assert "ni un PDF" in texte(mauvais)
    assert "Camille Inventée" in texte(mauvais)
    redacteur.post(adresse, {**saisie, "contenu": SimpleUploadedFile("../mandat é.pdf", DOCUMENT)})
    mandat = Mandat.objects.get()
    assert relue(souscription).mandat_id == mandat.pk
    document = f"{LISTE}mandats/{mandat.pk}/document/"
    assert document in page(redacteur, souscription)
    reponse = redacteur.get(document)
    assert reponse.content == DOCUMENT
    assert reponse["Content-Disposition"].startswith("attachment")
    assert reponse["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in reponse["Cache-Control"]
    assert Evenement.objects.filter(type=Evenement.Type.EXPORT, details__mandat=mandat.pk).exists()
    assert entrer(manager=True, portefeuille=True).get(document).status_code == 404


def test_un_mandat_qui_ne_peut_etre_rattache_n_est_pas_depose(
    redacteur: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    souscription = planifiee(ligne=ligne_prete(), avec_mandat=False)

    def refuser(*_: Any, **__: Any) -> None:
        raise EtapeInterdite("La souscription n’a pas été modifiée.", "L’étape a commencé.", "Attendez sa fin.")

    monkeypatch.setattr(vie, "corriger", refuser)
    saisie = {
        "demandeur": "Camille Inventée",
        "courriel": "direction@tpe.example",
        "qualite": "representant_legal",
        "signe_le": "01/06/2026",
        "contenu": SimpleUploadedFile("mandat.pdf", DOCUMENT),
    }
    reponse = redacteur.post(f"{LISTE}mandats/deposer/?souscription={souscription.pk}", saisie)
    assert reponse.status_code == 409
    assert not Mandat.objects.exists()


def test_une_fin_passee_et_non_dite_se_voit(redacteur: Client) -> None:
    hier = timezone.localdate() - timedelta(days=1)
    souscription = souscrite(ligne=ligne_prete())
    Souscription.objects.filter(pk=souscription.pk).update(debut=hier, fin=hier)
    assert "Cegid OD ne le sait pas" in page(redacteur, souscription)
    assert "Fin à dire à Cegid OD : 1" in texte(redacteur.get(f"{LISTE}progression/"))
    assert souscription.ligne.identifiant in texte(redacteur.get(f"{LISTE}?progres=fin_a_dire"))
    assert souscription.ligne.identifiant not in texte(redacteur.get(f"{LISTE}?progres=termine"))
    Souscription.objects.filter(pk=souscription.pk).update(fin_dite=hier)
    lue = page(redacteur, souscription)
    assert "Cegid OD ne le sait pas" not in lue
    assert "Fin connue de Cegid OD" in lue


def test_hors_du_portefeuille_rien_n_existe(limite: Client) -> None:
    souscription = souscrite(ligne=ligne_prete())
    base = f"{LISTE}{souscription.pk}/"
    for chemin in (
        "change/",
        "avancement/",
        "demander/resiliation/",
        "decider/changer/",
        "reveler/",
        "accuse/1/",
    ):
        assert limite.get(f"{base}{chemin}").status_code == 404, chemin
    for chemin in ("demander/lecture/", "decider/terminer/"):
        assert limite.post(f"{base}{chemin}").status_code == 404, chemin
    dossier = souscription.dossier_id
    for chemin in (f"add/?dossier={dossier}", f"mandats/deposer/?dossier={dossier}"):
        assert limite.get(f"{LISTE}{chemin}").status_code == 404, chemin
    assert limite.get(f"{LISTE}mandats/deposer/?souscription={souscription.pk}").status_code == 404
    assert souscription.ligne.identifiant not in texte(limite.get(LISTE))
    # A raw id of another dossier in a form is no choice.
    sien = dossier_pret(maitre_dossier=limite.personne.login_loop)  # type: ignore[attr-defined]
    reponse = limite.post(f"{LISTE}add/?dossier={sien.pk}", {"ligne": souscription.ligne_id})
    assert "ligne" in reponse.context["formulaire"].errors


def test_qui_consulte_ne_voit_aucun_geste(entrer: Entrer) -> None:
    souscription = onboardee(ligne=ligne_prete())
    client = entrer(consultation=True)
    lue = page(client, souscription)
    assert "demander/" not in lue
    assert "decider/" not in lue
    assert client.get(f"{LISTE}{souscription.pk}/demander/souscription/").status_code == 403
    assert client.get(f"{LISTE}add/?dossier={souscription.dossier_id}").status_code == 403


def test_les_requetes_ne_dependent_pas_des_lignes(redacteur: Client) -> None:
    dossier, plateforme = dossier_pret(), PlateformeFactory()
    une = planifiee(ligne=LigneAdressageFactory(dossier=dossier), plateforme=plateforme)
    adresses = (
        LISTE,
        f"{LISTE}{une.pk}/change/",
        f"/admin/raccordements/ligneadressage/{une.ligne_id}/change/",
        "/admin/raccordements/ligneadressage/",
        f"/admin/dossiers/dossier/{dossier.pk}/change/",
        f"{LISTE}routage/?identifiant={dossier.siren}&environnement=bac_a_sable",
        f"{LISTE}progression/",
        f"{LISTE}conflits/",
    )

    def planifier(nombre: int) -> None:
        for rang in range(nombre):
            ligne = LigneAdressageFactory(dossier=dossier, suffixe=f"S{nombre}{rang}")
            planifiee(ligne=ligne, plateforme=plateforme, par=redacteur.personne)  # type: ignore[attr-defined]

    def mesurer() -> list[int]:
        nombres = []
        for adresse in adresses:
            with CaptureQueriesContext(connection) as requetes:
                assert redacteur.get(adresse).status_code == 200
            nombres.append(len(requetes))
        return nombres

    planifier(1)
    mesurer()
    avant = mesurer()
    planifier(30)
    assert mesurer() == avant


def test_la_liste_filtre_cherche_et_exporte(redacteur: Client) -> None:
    active, prevue = souscrite(ligne=ligne_prete()), planifiee(ligne=ligne_prete())
    for filtre, presente, absente in (
        ("progres=actif", active, prevue),
        ("etat__exact=non_commencee", prevue, active),
        (f"plateforme={active.plateforme_id}", active, prevue),
        (f"q={prevue.ligne.identifiant}", prevue, active),
        (f"q=n° {active.pk}", active, prevue),
        (f"q={prevue.dossier.code}", prevue, active),
    ):
        lue = texte(redacteur.get(f"{LISTE}?{filtre}"))
        assert presente.ligne.identifiant in lue, filtre
        assert f">{absente.ligne.identifiant}" not in lue, filtre
    export = redacteur.get(f"{LISTE}export.csv").getvalue().decode()
    assert active.endpoint in export
    assert "cle-inventee" not in export


def test_le_demarrage_en_nombre_passe_par_le_plan(redacteur: Client) -> None:
    souscriptions = [planifiee(ligne=ligne_prete()) for _ in range(2)]
    reponse = redacteur.post(
        LISTE,
        {"action": "onboarder_souscriptions", "_selected_action": [une.pk for une in souscriptions], "index": 0},
    )
    assert "Plan" in texte(reponse)
    assert all(une.ligne.identifiant in texte(reponse) for une in souscriptions)
    assert not Operation.objects.exists()
