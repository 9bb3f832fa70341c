"""Receiving files and links, saying where they go, giving up; the checks that wait; who may do what."""

import contextlib
import logging
from datetime import timedelta
from pathlib import Path

import pytest
from django.core.exceptions import PermissionDenied
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.utils import timezone

from dossiers.ecritures import services, verification
from dossiers.ecritures.rapport import Rapport
from dossiers.ecritures.services import Destination
from dossiers.models import Evenement, ImportEcritures
from dossiers.services.erreurs import ActionImpossible
from tests.fabriques import (
    CleApiFactory,
    CollaborateurFactory,
    DossierFactory,
    ImportEcrituresFactory,
)

Import = ImportEcritures.Etat
LIEN = "https://stockage.exemple.example/a/ecritures.txt?se={fin}&sig=signature-inventee"


def fichier(nom="ecritures.txt", contenu=b"contenu invente"):
    return SimpleUploadedFile(nom, contenu)


def lien(heures=48):
    return LIEN.format(fin=f"{timezone.now() + timedelta(hours=heures):%Y-%m-%dT%H:%M:%SZ}")


def test_un_fichier_recu_est_garde_a_l_abri_et_attend_son_controle(collaborateur, dossiers, dossier_prive):
    recus = services.recevoir(
        [fichier("../../etc/F\x07EC.txt")], Destination(genre="fec", dossier=dossiers[0]), par=collaborateur
    )
    importation = ImportEcritures.objects.get()
    assert recus == [importation]
    assert (importation.etat, importation.taille, importation.nom_fichier) == (Import.CONTROLE, 15, "FEC.txt")
    chemin = Path(importation.fichier.path)
    assert chemin.is_relative_to(dossier_prive)
    assert chemin.stat().st_mode & 0o077 == 0
    assert Evenement.objects.filter(dossier=dossiers[0], acteur=collaborateur).exists()


#: Name of a file, and the code of the dossier that it names.
NOMS = [
    ("{siren}FEC20251231.txt", "DEMO1"),
    ("{siren}-FEC-20251231.csv", "DEMO1"),
    ("demo2.txt", "DEMO2"),
    ("Écritures demo2 2025.txt", "DEMO2"),
    ("demo1_demo2.txt", None),
    ("inconnu.txt", None),
    ("999999999FEC20251231.txt", None),
    ("999999999-FEC-20251231 demo1.txt", None),
]


def test_un_fichier_trouve_son_dossier_par_son_nom(collaborateur, dossiers):
    for nom, code in NOMS:
        trouve = services.rapprocher(nom.format(siren=dossiers[0].siren), par=collaborateur)
        assert (trouve.code if trouve else None) == code, nom


def test_deux_dossiers_du_meme_siren_laissent_choisir(collaborateur, dossiers, cle):
    DossierFactory(cle=cle, siren=dossiers[0].siren)
    assert services.rapprocher(f"{dossiers[0].siren}FEC20251231.txt", par=collaborateur) is None


def test_un_lien_est_chiffre_et_sa_signature_masquee(collaborateur, dossiers):
    adresse = lien()
    importation = services.recevoir_un_lien(adresse, Destination(genre="fec", dossier=dossiers[0]), par=collaborateur)
    importation.refresh_from_db()
    assert importation.url == adresse
    assert importation.etat == Import.PRET
    brut = ImportEcritures.objects.raw("SELECT id, url AS chiffre FROM dossiers_importecritures")[0].chiffre
    for vu in (importation.lien_affiche, str(importation), brut, *Evenement.objects.values_list("texte", flat=True)):
        assert "signature-inventee" not in str(vu)
    second = services.recevoir_un_lien(lien(72), Destination(genre="fec", dossier=dossiers[0]), par=collaborateur)
    assert second.empreinte == importation.empreinte, "le même fichier, signé de nouveau, est le même contenu"


@pytest.mark.parametrize("adresse", ["http://stockage.exemple.example/a", "https://127.0.0.1/a", "bonjour"])
def test_un_lien_refuse_dit_pourquoi(collaborateur, adresse):
    with pytest.raises(ActionImpossible) as refus:
        services.recevoir_un_lien(adresse, Destination(genre="fec"), par=collaborateur)
    assert refus.value.constat
    assert refus.value.cause
    assert refus.value.remede
    assert not ImportEcritures.objects.exists()


def test_un_lien_de_23_heures_est_refuse(collaborateur):
    with pytest.raises(ActionImpossible, match="24"):
        services.recevoir_un_lien(lien(23), Destination(genre="fec"), par=collaborateur)


def test_completer_change_la_destination_et_refait_le_controle_si_le_type_change(collaborateur, dossiers):
    importation = ImportEcrituresFactory(dossier=None, rapport={}, cree_par=collaborateur)
    vers = Destination(genre="fec", dossier=dossiers[0])
    assert services.completer(importation, vers, par=collaborateur).etat == Import.PRET
    vers = Destination(genre="perso", dossier=dossiers[0], modele="MODELEINVENTE", siret="")
    assert services.completer(importation, vers, par=collaborateur).etat == Import.CONTROLE
    importation.refresh_from_db()
    assert (importation.dossier, importation.modele) == (dossiers[0], "MODELEINVENTE")


def test_changer_la_destination_oublie_le_doublon_admis(collaborateur, manager, dossiers):
    importation = ImportEcrituresFactory(doublon_admis_par=manager, dossier=dossiers[0])
    vers = Destination(genre="fec", dossier=dossiers[1])
    assert services.completer(importation, vers, par=collaborateur).doublon_admis_par is None


@pytest.mark.parametrize("geste", ["completer", "abandonner"])
def test_ce_qui_est_parti_ne_bouge_plus(collaborateur, geste):
    importation = ImportEcrituresFactory(parti=True)
    with pytest.raises(ActionImpossible):
        GESTES[geste](importation, collaborateur)


def test_abandonner_garde_la_trace(collaborateur):
    importation = ImportEcrituresFactory()
    services.abandonner(importation, par=collaborateur)
    importation.refresh_from_db()
    assert importation.etat == Import.ABANDONNE
    assert importation.fini_le


def test_un_doublon_ne_s_admet_que_s_il_existe(manager):
    with pytest.raises(ActionImpossible):
        services.admettre_le_doublon(ImportEcrituresFactory(), par=manager)


GESTES = {
    "recevoir": lambda i, par: services.recevoir([fichier()], Destination(genre="fec", dossier=i.dossier), par=par),
    "recevoir_un_lien": lambda i, par: services.recevoir_un_lien(
        lien(), Destination(genre="fec", dossier=i.dossier), par=par
    ),
    "completer": lambda i, par: services.completer(i, Destination(genre="fec", dossier=i.dossier), par=par),
    "abandonner": lambda i, par: services.abandonner(i, par=par),
    "admettre_le_doublon": lambda i, par: services.admettre_le_doublon(i, par=par),
    "reprendre_le_suivi": lambda i, par: services.reprendre_le_suivi(i, par=par),
}


@pytest.mark.parametrize("role", ["consultation", "collaborateur", "manager", "administrateur"])
@pytest.mark.parametrize("sien", [True, False])
def test_qui_peut_quoi(cle, subtests, role, sien):
    personne = CollaborateurFactory(**{role: True}, limite_au_portefeuille=not sien)
    pret = ImportEcrituresFactory(dossier=DossierFactory(cle=cle), empreinte="d" * 64)
    parti = ImportEcrituresFactory(dossier=pret.dossier, empreinte="d" * 64, parti=True)
    for geste, agir in GESTES.items():
        importation = parti if geste == "reprendre_le_suivi" else pret
        roles = {"manager", "administrateur"} | ({"collaborateur"} if geste != "admettre_le_doublon" else set())
        refus = contextlib.nullcontext() if sien and role in roles else pytest.raises(PermissionDenied)
        with subtests.test(geste), transaction.atomic():
            with refus:
                agir(ImportEcritures.objects.get(pk=importation.pk), personne)
            transaction.set_rollback(True)


def test_un_import_sans_dossier_n_est_vu_que_de_son_auteur_dans_un_portefeuille(db):
    auteur, autre = (CollaborateurFactory(collaborateur=True, limite_au_portefeuille=True) for _ in range(2))
    importation = ImportEcrituresFactory(dossier=None, cree_par=auteur)
    assert list(ImportEcritures.objects.visibles_par(auteur)) == [importation]
    assert list(ImportEcritures.objects.visibles_par(autre)) == []
    assert list(ImportEcritures.objects.visibles_par(CollaborateurFactory())) == [importation]


# --- checks ------------------------------------------------------------------------------------------------------


@pytest.fixture
def rapports(monkeypatch):
    """Reports that the next checks give, and the files they were asked for."""
    demandes, suite = [], []

    def controler(chemin, genre, nom, **options):
        demandes.append((Path(chemin).read_bytes(), genre, nom))
        return suite.pop(0) if suite else Rapport(genre=genre, lignes=12, empreinte="e" * 64)

    monkeypatch.setattr(verification, "controler", controler)
    return demandes, suite


def test_le_controle_range_l_import(collaborateur, dossiers, rapports):
    demandes, suite = rapports
    suite += [
        Rapport(genre="fec", lignes=12, empreinte="e" * 64),
        Rapport.refuse("vide", "Le fichier est vide.", genre="fec"),
    ]
    bon, mauvais = services.recevoir(
        [fichier("un.txt", b"un"), fichier("deux.txt", b"deux")],
        Destination(genre="fec", dossier=dossiers[0]),
        par=collaborateur,
    )
    assert verification.controler_le_suivant()
    assert not verification.controler_le_suivant()
    assert demandes == [(b"un", "fec", "un.txt"), (b"deux", "fec", "deux.txt")]
    bon.refresh_from_db()
    mauvais.refresh_from_db()
    assert (bon.etat, bon.lignes, bon.empreinte) == (Import.PRET, 12, "e" * 64)
    assert (mauvais.etat, mauvais.bloquants) == (Import.A_CORRIGER, 1)


def test_un_controle_tenu_par_un_autre_n_est_pas_refait_puis_l_est_quand_son_bail_finit(
    collaborateur, dossiers, rapports
):
    (importation,) = services.recevoir([fichier()], Destination(genre="fec", dossier=dossiers[0]), par=collaborateur)
    assert verification._prendre() == importation
    assert not verification.controler_le_suivant()
    assert rapports[0] == []
    ImportEcritures.objects.update(bail_jusqu_au=timezone.now() - timedelta(seconds=1))
    verification.controler_le_suivant()
    assert len(rapports[0]) == 1


def test_pas_plus_de_controles_ensemble_que_le_reglage(collaborateur, dossiers, settings):
    settings.ECRITURES = settings.ECRITURES | {"controles": 2}
    services.recevoir([fichier() for _ in range(5)], Destination(genre="fec", dossier=dossiers[0]), par=collaborateur)
    assert verification.places_libres() == 2
    assert verification._prendre()
    assert verification.places_libres() == 1
    assert verification._prendre()
    assert verification._prendre() is None


def test_un_fichier_qui_emporte_son_processus_n_est_pas_essaye_sans_fin(collaborateur, dossiers, rapports):
    (importation,) = services.recevoir([fichier()], Destination(genre="fec", dossier=dossiers[0]), par=collaborateur)
    for _ in range(verification.CONTROLES_MAX):
        assert verification._prendre()
        ImportEcritures.objects.update(bail_jusqu_au=timezone.now() - timedelta(seconds=1))
    verification.controler_le_suivant()
    importation.refresh_from_db()
    assert importation.etat == Import.A_CORRIGER
    assert rapports[0] == []
    assert importation.rapport["refus"] == "controle_interrompu"


def test_le_controle_d_un_type_abandonne_n_ecrase_pas_le_nouveau(collaborateur, dossiers, rapports):
    (importation,) = services.recevoir([fichier()], Destination(genre="fec", dossier=dossiers[0]), par=collaborateur)
    tenu = verification._prendre()
    services.completer(importation, Destination(genre="perso", dossier=dossiers[0], modele="M"), par=collaborateur)
    assert not verification._noter(tenu, Rapport(genre="fec"))
    importation.refresh_from_db()
    assert importation.etat == Import.CONTROLE


def test_les_vieux_fichiers_sont_effaces_le_reste_est_garde(collaborateur, dossiers, settings):
    recus = services.recevoir(
        [fichier() for _ in range(3)], Destination(genre="fec", dossier=dossiers[0]), par=collaborateur
    )
    vieux, recent, _vivant = recus
    jours = settings.ECRITURES["conservation"]
    for importation, age in ((vieux, jours + 1), (recent, jours - 1)):
        services.abandonner(importation, par=collaborateur)
        moment = timezone.now() - timedelta(days=age)
        ImportEcritures.objects.filter(pk=importation.pk).update(cree_le=moment, fini_le=moment)
    chemin = Path(vieux.fichier.path)
    assert verification.effacer_les_anciens() == 1
    vieux.refresh_from_db()
    assert not chemin.exists()
    assert (vieux.fichier.name, bool(vieux.efface_le), vieux.nom_fichier) == ("", True, "ecritures.txt")
    assert sum(1 for importation in (recent, _vivant) if Path(importation.fichier.path).exists()) == 2


def test_un_nom_de_fichier_ne_se_lit_pas_dans_les_messages_du_serveur(collaborateur, caplog):
    with caplog.at_level(logging.DEBUG):
        services.recevoir([fichier("client-confidentiel.txt")], Destination(genre="fec"), par=collaborateur)
    assert "confidentiel" not in caplog.text


def test_reprendre_le_suivi_ne_double_pas_celui_qui_court(collaborateur, cle):
    importation = ImportEcrituresFactory(parti=True, dossier=DossierFactory(cle=cle))
    premiere = services.reprendre_le_suivi(importation, par=collaborateur)
    assert services.reprendre_le_suivi(importation, par=collaborateur) == premiere
    with pytest.raises(ActionImpossible):
        services.reprendre_le_suivi(ImportEcrituresFactory(termine=True), par=collaborateur)


def test_rapprocher_ignore_les_dossiers_d_une_autre_cle_archivee(collaborateur):
    DossierFactory(code="VIEUX", archive=True, cle=CleApiFactory(prete=True))
    assert services.rapprocher("vieux.txt", par=collaborateur) is None


def test_un_dossier_refuse_n_est_pas_remplace_par_celui_du_nom(collaborateur, dossiers):
    vers = Destination(genre="fec", a_trouver=False)
    (importation,) = services.recevoir([fichier("demo2.txt")], vers, par=collaborateur)
    assert importation.dossier is None


def test_deux_adresses_du_meme_fichier_sont_un_meme_contenu_deux_fichiers_non(collaborateur, dossiers):
    fin = f"{timezone.now() + timedelta(days=3):%Y-%m-%dT%H:%M:%SZ}"

    def empreinte(adresse):
        vers = Destination(genre="fec", dossier=dossiers[0])
        return services.recevoir_un_lien(f"{adresse}&se={fin}&sig=inventee", vers, par=collaborateur).empreinte

    base = empreinte("https://stockage.exemple.example/a/%46EC.txt?id=A&sv=2020")
    assert empreinte("https://STOCKAGE.exemple.example:443/a/FEC.txt?sv=2024&id=A") == base
    assert empreinte("https://stockage.exemple.example/a/FEC.txt?sv=2020&id=B") != base


def test_un_depot_qui_echoue_ne_laisse_aucun_fichier(collaborateur, dossiers, dossier_prive, monkeypatch):
    monkeypatch.setattr(services, "_journaliser", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        services.recevoir([fichier()], Destination(genre="fec", dossier=dossiers[0]), par=collaborateur)
    assert [chemin for chemin in dossier_prive.rglob("*") if chemin.is_file()] == []


@pytest.mark.parametrize(
    ("etat", "efface"),
    [(Import.A_CORRIGER, True), (Import.PRET, True), (Import.CONTROLE, False), (Import.DEPOT, False)],
)
def test_un_fichier_oublie_est_efface_un_fichier_attendu_ne_l_est_pas(collaborateur, dossiers, settings, etat, efface):
    (importation,) = services.recevoir([fichier()], Destination(genre="fec", dossier=dossiers[0]), par=collaborateur)
    vieux = timezone.now() - timedelta(days=settings.ECRITURES["conservation"] + 1)
    ImportEcritures.objects.update(etat=etat, cree_le=vieux)
    assert verification.effacer_les_anciens() == efface
    assert Path(importation.fichier.path).exists() != efface
