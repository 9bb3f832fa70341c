"""The words of the portal, the table of actions, and the reference data that the migrations load."""

from datetime import date
from importlib import import_module
from itertools import product
from types import SimpleNamespace
from typing import get_args, get_type_hints

import pytest
from django.apps import apps
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError

from raccordements.certificats import schemas
from raccordements.chorus.contrat import CertificatTransmis, EtatPortail
from raccordements.models import (
    ACTIONS,
    TRANSITIONS,
    Action,
    CodeInterface,
    Etat,
    Genre,
    Mode,
    Protocole,
    ReferenceReseau,
    UsageCertificat,
    lire_etat,
)
from raccordements.models.statuts import actions_permises, est_titre_etat, permise
from raccordements.services.reference import lire, semer
from tests.raccordements.fabriques import StructureFactory

GUIDE = [
    *("FSO1100A", "FSO1101A", "FSO1102A", "FSO1105A", "FSO1110A", "FSO1111A", "FSO1112A", "FSO1113A", "FSO1120A"),
    *("FSO1300A", "FSO1301A", "FEN1200A", "FEN1201A", "FEN0036A", "FAR0037A"),
]


def test_les_cinq_etats_ont_les_mots_du_portail():
    assert [etat.label for etat in Etat] == ["Brouillon", "Envoyée", "Envoyée MAJ", "Activée", "Désactivée"]
    assert [etat.label for etat in Etat] == [etat.value for etat in EtatPortail]
    assert [mode.label for mode in Mode] == ["Pas de raccordement", "Complète", "Partielle"]


@pytest.mark.parametrize(
    ("mot", "etat"),
    [
        ("Brouillon", Etat.BROUILLON),
        ("BROUILLON", Etat.BROUILLON),
        (" brouillon ", Etat.BROUILLON),
        ("ENVOYEE", Etat.ENVOYEE),
        ("Envoyée", Etat.ENVOYEE),
        ("ENVOYEE_MAJ", Etat.ENVOYEE_MAJ),
        ("Envoyée  maj", Etat.ENVOYEE_MAJ),
        ("Activée", Etat.ACTIVEE),
        ("DESACTIVÉE", Etat.DESACTIVEE),
        ("Rejetée", None),
        ("", None),
    ],
)
def test_un_etat_se_lit_comme_le_portail_l_ecrit(mot, etat):
    assert lire_etat(mot) is etat


def test_le_titre_de_la_colonne_se_lit_avec_ou_sans_accent():
    assert all(map(est_titre_etat, ("Etat courant", "État courant", "ETAT COURANT", "Etat", "État")))
    assert not est_titre_etat("Etat civil")


def test_les_mots_sont_ceux_des_autres_modules():
    assert {p.value for p in schemas.Protocole} == {*Protocole.values, "api"}
    assert set(UsageCertificat.values) == set(get_args(get_type_hints(CertificatTransmis)["usage"]))


#: What the guide's text says, and decision 0012 where it is silent, status by status.
PERMISES = {
    Etat.BROUILLON: {
        Action.MODIFIER,
        Action.CHANGER_CERTIFICAT,
        Action.REGLER_CODES,
        Action.SUPPRIMER,
        Action.SOUMETTRE,
        Action.ENVOYER,
    },
    Etat.ENVOYEE: {Action.CONSTATER, Action.RETIRER},
    Etat.ENVOYEE_MAJ: {Action.CONSTATER, Action.RETIRER, Action.DESACTIVER},
    Etat.ACTIVEE: {
        Action.MODIFIER,
        Action.CHANGER_CERTIFICAT,
        Action.REGLER_CODES,
        Action.SOUMETTRE,
        Action.ENVOYER,
        Action.DESACTIVER,
        Action.PROMOUVOIR,
    },
    Etat.DESACTIVEE: {Action.REACTIVER},
}


@pytest.mark.parametrize(("genre", "etat"), list(product(Genre, Etat)))
def test_ce_que_chaque_etat_permet(genre, etat):
    attendues = PERMISES[etat] | {Action.CONSULTER, Action.CLONER}
    if genre == Genre.API:
        attendues -= {Action.REGLER_CODES}
    assert set(actions_permises(genre, etat)) == attendues


def test_la_table_parle_de_toutes_les_actions_et_ne_mene_qu_a_des_etats():
    assert set(ACTIONS) == set(Action)
    assert all(set(sens) | set(sens.values()) <= set(Etat) for sens in TRANSITIONS.values())
    assert not permise(Action.SUPPRIMER, Genre.API, Etat.ENVOYEE)


# --- reference data ----------------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_la_migration_charge_la_table_des_codes():
    codes = {code.code: code for code in CodeInterface.objects.all()}
    assert [code for code, ligne in codes.items() if ligne.au_guide] == GUIDE
    assert set(codes) - set(GUIDE) == {"FSO1106A", "FSO1116A", "FSO1117A"}
    assert codes["FSO1116A"].surete == "C"
    assert {c for c, ligne in codes.items() if not ligne.production} == {"FSO1300A", "FSO1301A", "FEN0036A"}
    assert all(ligne.qualification and ligne.source and ligne.format for ligne in codes.values())
    for ligne in codes.values():
        ligne.full_clean()
    assert CodeInterface.objects.offerts("production").count() == 15
    assert CodeInterface.objects.offerts("qualification").count() == 18


@pytest.mark.django_db
def test_la_migration_ne_reprend_pas_ce_que_le_cabinet_a_corrige():
    CodeInterface.objects.filter(code="FSO1101A").update(production=False, remarque="Fermé, vu le 01/10/2026.")
    CodeInterface.objects.get(code="FSO1117A").delete()
    ReferenceReseau.objects.filter(protocole="as2").update(adresse="203.0.113.5")
    semer(apps, SimpleNamespace())
    assert not CodeInterface.objects.get(code="FSO1101A").production
    assert CodeInterface.objects.filter(code="FSO1117A").exists()
    assert ReferenceReseau.objects.get(protocole="as2").adresse == "203.0.113.5"


@pytest.mark.django_db
def test_un_code_a_une_validite():
    CodeInterface.objects.filter(code="FSO1105A").update(du=date(2020, 1, 1), au=date(2025, 12, 31))
    code = CodeInterface.objects.get(code="FSO1105A")
    assert [code.valable(jour) for jour in (date(2019, 12, 31), date(2025, 12, 31), date(2026, 1, 1))] == [
        False,
        True,
        False,
    ]
    assert code not in CodeInterface.objects.offerts("production", date(2026, 1, 1))
    code.du = date(2026, 1, 1)
    with pytest.raises(ValidationError):
        code.full_clean()


@pytest.mark.django_db
def test_les_valeurs_de_l_aife_disent_quand_elles_furent_vues():
    assert ReferenceReseau.objects.get(protocole="as2").valeurs() == {
        "identifiant": "CTAIFEP",
        "adresse": "93.92.105.71",
        "port": 24000,
        "chemin": "/",
        "chiffrement": "AES256",
        "signature": "SHA2",
        "mdn": "Synchrone et signé",
        "vu_le": "2017-06-21",
    }
    assert {ligne["environnement"] for ligne in lire("reseau_aife.json")} == {"production"}


@pytest.mark.django_db
def test_les_roles_ont_leurs_droits():
    droits = import_module("raccordements.migrations.0004_roles").DROITS
    cumul = set()
    for role in ("Consultation", "Collaborateur", "Manager", "Administrateur"):
        cumul |= set(droits[role])
        groupe = Group.objects.get(name=role)
        en_base = groupe.permissions.filter(content_type__app_label="raccordements").values_list("codename", flat=True)
        assert set(en_base) == cumul
    assert "approuver_fiche" not in {*droits["Consultation"], *droits["Collaborateur"]}


@pytest.mark.django_db
def test_une_structure_s_affiche_comme_sur_le_portail():
    structure = StructureFactory(siret="00000000000149", designation="REC100FOURNISSEUR")
    assert str(structure) == "00000000000149 - REC100FOURNISSEUR"
    assert structure.remarque_siret.startswith("Ce numéro est celui d’une structure de test")
