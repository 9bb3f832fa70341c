"""The passport: the page, its JSON, and the command that computes the hash again."""

import copy
import io
import json
import re

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dossiers.models import Evenement
from raccordements.affichage import adresse_fiche
from raccordements.models import Version
from raccordements.services import passeport, redaction
from raccordements.services.redaction import Saisie
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.interlocuteurs.admin.conftest import ROLES
from tests.raccordements.fabriques import StructureFactory, activee, approuvee, fiche_api, fiche_edi, relue

pytestmark = pytest.mark.django_db


@pytest.fixture
def auteur():
    return CollaborateurFactory(collaborateur=True)


@pytest.fixture
def active(auteur):
    """A fiche whose second version, with another port, waits beside the active one."""
    fiche = activee(fiche_edi(par=auteur))
    redaction.modifier(fiche, Saisie(champs={"partenaire_port": 4999}), edition=fiche.edition, par=auteur)
    return approuvee(fiche)


def texte(reponse):
    return re.sub(r"\s+", " ", reponse.content.decode())


def verifier(chemin):
    """What the command printed, and whether it failed."""
    sortie = io.StringIO()
    try:
        call_command("verifier_passeport", str(chemin), stdout=sortie)
    except CommandError as exc:
        return sortie.getvalue() + str(exc), exc.returncode
    return sortie.getvalue(), 0


def test_chaque_adresse_par_role(en_role, active):
    adresses = [adresse_fiche(active, nom) for nom in ("passeport", "passeport_json")]
    for role in ROLES:
        with en_role(role) as client:
            assert {client.get(adresse).status_code for adresse in adresses} == {200}
            assert {client.post(adresse).status_code for adresse in adresses} == {405}


def test_hors_du_portefeuille_rien_n_existe(limite, auteur):
    ailleurs = fiche_edi(par=auteur, structure=StructureFactory(dossier=DossierFactory()))
    for nom in ("passeport", "passeport_json"):
        assert limite.get(adresse_fiche(ailleurs, nom)).status_code == 404


def test_la_page_dit_les_faits_la_chaine_les_approbations_et_l_empreinte(au_bureau, active):
    vue = texte(au_bureau.get(adresse_fiche(active, "passeport")))
    for attendu in (active.structure.siret, "VFE039", "Autorité inventée 0", "autorité racine", "Première version"):
        assert attendu in vue
    assert active.version_active.empreinte in vue
    suite = texte(au_bureau.get(adresse_fiche(active, "passeport") + "?version=2"))
    assert active.version.empreinte in suite
    assert re.search(r"Port du partenaire</th><td><del>4080</del></td><td><ins>4999</ins>", suite)


def test_une_version_absurde_est_expliquee(au_bureau, active, subtests):
    for version, statut in (("9", 409), ("x", 404), ("9" * 20, 404)):
        for nom in ("passeport", "passeport_json"):
            with subtests.test(version=version, nom=nom):
                assert au_bureau.get(adresse_fiche(active, nom) + f"?version={version}").status_code == statut


def test_un_brouillon_et_une_fiche_piste_ont_leur_passeport(au_bureau, auteur):
    fiche = fiche_api(par=auteur)
    assert "brouillon jamais soumis" in texte(au_bureau.get(adresse_fiche(fiche, "passeport")))
    assert passeport.verifier(au_bureau.get(adresse_fiche(fiche, "passeport_json")).json()).conforme


def test_le_json_se_verifie_par_la_commande(au_bureau, active, tmp_path):
    reponse = au_bureau.get(adresse_fiche(active, "passeport_json"))
    assert "attachment" in reponse["Content-Disposition"]
    assert Evenement.objects.filter(type=Evenement.Type.EXPORT, details__fiche=active.pk).exists()
    chemin = tmp_path / "passeport.json"
    chemin.write_bytes(reponse.content)
    dit, code = verifier(chemin)
    assert code == 0
    assert dit.count(active.version_active.empreinte) == 2
    assert "Base de données\u00a0: égale" in dit
    # Neither the order of the keys nor the spaces count.
    chemin.write_text(json.dumps(dict(reversed(reponse.json().items()))))
    assert verifier(chemin)[1] == 0


def falsifier(document, cas):
    faux = copy.deepcopy(document)
    if cas == "contenu":
        faux["contenu"]["contact"]["courriel"] = "autre@tpe.example"
    elif cas == "empreinte":
        faux["empreinte"] = "0" * 64
    elif cas == "approbateur":
        faux["versions"][0]["decidee_par"] = "quelqu’un d’autre"
    else:
        # Whoever computes both hashes again still has the database against them.
        faux["contenu"]["contact"]["courriel"] = "autre@tpe.example"
        faux["empreinte"] = passeport.empreinte(faux["contenu"])
        faux["sceau"] = passeport.empreinte({cle: v for cle, v in faux.items() if cle != "sceau"})
    return faux


def test_un_passeport_falsifie_est_reconnu(active, auteur, tmp_path, subtests):
    document, chemin = passeport.etablir(active, par=auteur), tmp_path / "faux.json"
    for cas, dit in (
        ("contenu", "Contenu\u00a0: différent"),
        ("empreinte", "Contenu\u00a0: différent"),
        ("approbateur", "Document entier\u00a0: différent"),
        ("tout refait", "Base de données\u00a0: différente"),
    ):
        with subtests.test(cas):
            chemin.write_text(json.dumps(falsifier(document, cas)))
            sortie, code = verifier(chemin)
            assert (code, dit in sortie) == (1, True), sortie


@pytest.mark.parametrize(
    "octets",
    [b"", b"{", b"[1]", b'{"passeport": 1}', b'{"passeport": 1, "contenu": {"a": 1.5}}', b"\xff\xfe", b"[" * 9999],
)
def test_ce_qui_n_est_pas_un_passeport_est_dit(octets, tmp_path):
    chemin = tmp_path / "autre.json"
    chemin.write_bytes(octets)
    dit, code = verifier(chemin)
    assert (code, "n’est pas un passeport" in dit) == (1, True)
    assert "n’a pas été ouvert" in verifier(tmp_path / "absent.json")[0]


def test_une_version_d_une_autre_base_n_est_verifiee_que_par_elle_meme(active, auteur):
    document = passeport.etablir(active, par=auteur)
    del document["sceau"]
    document["fiche"]["reference"] = "00000000-0000-4000-8000-000000000000"
    document["sceau"] = passeport.empreinte(document)
    verification = passeport.verifier(document)
    assert (verification.conforme, verification.base) == (True, None)
    for absurde in ("pas un uuid", None, 7):
        document["fiche"]["reference"] = absurde
        assert passeport.verifier(document).base is None


def test_les_requetes_ne_suivent_pas_les_versions(au_bureau, auteur):
    fiche = approuvee(fiche_edi(par=auteur))

    def compter():
        with CaptureQueriesContext(connection) as requetes:
            au_bureau.get(adresse_fiche(fiche, "passeport"))
        return len(requetes)

    compter()
    peu = compter()
    for n in range(8):
        courante = relue(fiche)
        redaction.modifier(courante, Saisie(champs={"commentaires": f"{n}"}), edition=courante.edition, par=auteur)
        approuvee(courante)
    assert Version.objects.filter(fiche=fiche).count() == 9
    assert compter() == peu
