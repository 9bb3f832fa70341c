"""The imports of the demonstration: files that the check judges as said, and an import in each state that lasts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.management import call_command

from dossiers import demo_ecritures
from dossiers.ecritures.controle import controler
from dossiers.models import ImportEcritures, ModeleImport, Operation

pytestmark = pytest.mark.django_db


def test_les_fichiers_a_essayer_sont_juges_comme_prevu(tmp_path: Path) -> None:
    exemples = demo_ecritures.ecrire_exemples(tmp_path)
    fichiers = sorted(p for p in exemples.rglob("*") if p.is_file())
    assert len(fichiers) == 5
    for fichier in fichiers:
        rapport = controler(fichier, "perso" if fichier.suffix == ".csv" else "fec", fichier.name)
        if fichier.parent.name == demo_ecritures.A_CORRIGER:
            assert {c.ligne for c in rapport.constats if c.gravite == "bloquant"} >= {6, 42}
            assert rapport.bloquants >= 3
        else:
            assert (rapport.bloquants, rapport.avertissements) == (0, 0), rapport.constats


def test_chaque_etat_qui_dure_est_montre(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings.VAR = tmp_path
    champ: Any = ImportEcritures._meta.get_field("fichier")
    monkeypatch.setattr(champ, "storage", FileSystemStorage(tmp_path / "ecritures"))
    for _ in range(2):
        call_command("donnees_demo", "--ecritures", "--mots-de-passe-json")
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["utilisateurs"]
    etats = {i.pk: "a_verifier" if i.a_verifier else i.etat for i in ImportEcritures.objects.all()}
    assert sorted(etats.values()) == sorted(
        ["pret"] * 3 + ["a_corriger", "termine", "en_erreur", "en_cours", "refuse", "a_verifier", "abandonne"]
    )
    assert ImportEcritures.objects.get(etat="en_cours").statut_lisible == "inconnu : « 7 »"
    assert Operation.objects.get(etat="echouee").explication.geste == "choisir_etablissement"
    assert ModeleImport.objects.get().nom == demo_ecritures.MODELE
    assert (tmp_path / "exemples" / "DEMO002_ventes.csv").exists()
