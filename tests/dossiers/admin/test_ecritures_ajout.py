"""A new import, its destination, several files at once: what is refused is said at its field, nothing is lost."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Q
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from dossiers.models import Evenement, ImportEcritures, ModeleImport, Operation
from tests.dossiers.admin.ecritures import LIEN, SIGNATURE, importation, operation_de, rapport
from tests.dossiers.admin.formulaires import formulaire
from tests.dossiers.admin.test_ecritures import page, requetes, texte
from tests.fabriques import CleApiFactory, DossierFactory, EtablissementFactory

pytestmark = pytest.mark.django_db
AJOUT = reverse("admin:dossiers_importecritures_add")
CONTENU = b"JournalCode\tJournalLib\r\nVE\tVentes\r\n"


@pytest.fixture(autouse=True)
def _dossier_prive(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setattr(ImportEcritures._meta.get_field("fichier"), "storage", FileSystemStorage(tmp_path))


def fichier(nom: str = "ecritures.txt", contenu: bytes = CONTENU) -> SimpleUploadedFile:
    return SimpleUploadedFile(nom, contenu)


def deposer(client: Client, *fichiers: SimpleUploadedFile, **champs: Any) -> Any:
    return client.post(AJOUT, {"genre": "fec", **champs, "fichiers": list(fichiers)})


def erreur(reponse: Any, champ: str) -> str:
    """What the page says at a field."""
    return " ".join(reponse.context["formulaire"].errors.get(champ, ()))


def le_seul() -> ImportEcritures:
    return ImportEcritures.objects.get()


def garde(reponse: Any) -> str:
    trouve = re.search(r'name="lien_garde" value="([^"]+)"', reponse.content.decode())
    return trouve[1] if trouve else ""


# --- files ---------------------------------------------------------------------------------------------------------


def test_un_fichier_recu_attend_son_controle(collaborateur: Client) -> None:
    dossier = DossierFactory()
    reponse = deposer(collaborateur, fichier("C:\\chemin\\mars.txt"), dossier=dossier.pk, modele="  Banque  ")
    objet = le_seul()
    assert (reponse.status_code, reponse["Location"]) == (302, page("change", objet.pk))
    assert (objet.etat, objet.nom_fichier, objet.dossier, objet.modele) == ("controle", "mars.txt", dossier, "Banque")
    assert objet.fichier.read() == CONTENU
    assert (objet.cree_par, objet.taille) == (collaborateur.personne, len(CONTENU))  # type: ignore[attr-defined]


def test_ce_qui_manque_ou_ne_va_pas_est_dit_au_champ(collaborateur: Client) -> None:
    dossier = DossierFactory()
    saisie = {"genre": "perso", "dossier": dossier.pk, "modele": "Caisse", "siret": "1 2"}
    for lien, champ, phrase in (
        ("", "fichiers", "ni fichier ni lien n’est donné"),
        ("http://depot.example.com/a.txt", "lien", "commencent par https://"),
        ("https://10.0.0.1/a.txt", "lien", "pas une adresse publique"),
        ("https://qui:quoi@depot.example.com/a.txt", "lien", "identifiant ou un mot de passe"),
        ("https://depot.example.com/a.txt?se=2020-01-01T00:00:00Z&sig=x", "lien", "ne fonctionne plus"),
    ):
        reponse = collaborateur.post(AJOUT, saisie | ({"lien": lien} if lien else {}))
        assert phrase in erreur(reponse, champ)
        html = reponse.content.decode()
        assert 'value="Caisse"' in html
        assert 'value="1 2"' in html
        assert str(dossier) in html
        assert re.search(r'value="perso"[^>]*checked', html)
    assert not ImportEcritures.objects.exists()


def test_un_fichier_vide_est_refuse_et_les_autres_sont_recus(collaborateur: Client) -> None:
    assert "est vide" in erreur(deposer(collaborateur, fichier(contenu=b"")), "fichiers")
    assert not ImportEcritures.objects.exists()
    reponse = deposer(collaborateur, fichier(), fichier("vide.txt", b""))
    assert le_seul().nom_fichier == "ecritures.txt"
    assert "N’ont pas été reçus, parce qu’ils sont vides : vide.txt" in texte(collaborateur.get(reponse["Location"]))


def test_un_fichier_trop_gros_n_est_pas_garde_et_la_saisie_l_est(collaborateur: Client, settings: Any) -> None:
    settings.TELEVERSEMENTS = {"admin:dossiers_importecritures_add": 2 * 2**20}
    reponse = deposer(collaborateur, fichier(contenu=b"x" * 3 * 2**20), modele="Caisse")
    assert "dépassent ensemble 2 Mo" in erreur(reponse, "fichiers")
    assert "ni fichier ni lien" not in erreur(reponse, "fichiers")
    assert 'value="Caisse"' in reponse.content.decode()
    assert not ImportEcritures.objects.exists()
    assert deposer(collaborateur, fichier()).status_code == 302


def test_un_siret_faux_ne_perd_pas_le_fichier(collaborateur: Client) -> None:
    dossier = DossierFactory()
    juste = EtablissementFactory(dossier=dossier).siret
    faux = juste[:-1] + str((int(juste[-1]) + 1) % 10)
    reponse = deposer(collaborateur, fichier(), dossier=dossier.pk, siret=faux)
    objet = le_seul()
    assert (objet.dossier, objet.siret) == (dossier, "")
    vue = collaborateur.get(reponse["Location"].partition("#")[0])
    assert "sa clé de contrôle est fausse" in texte(vue)
    html = vue.content.decode()
    assert f'<mark class="suspect">{faux[-1]}</mark>' in html
    assert f"chiffre n° 14 : {juste[-1]} au lieu de {faux[-1]}" in html
    envoi = formulaire(vue, "/destination/")
    reponse = envoi.envoyer(collaborateur, dossier=dossier.pk, siret_propose=juste)
    assert reponse.status_code == 302
    assert le_seul().siret == juste


# --- a link --------------------------------------------------------------------------------------------------------


def test_un_lien_est_recu_et_sa_signature_ne_revient_jamais(collaborateur: Client) -> None:
    reponse = collaborateur.post(AJOUT, {"genre": "fec", "lien": LIEN, "dossier": DossierFactory().pk})
    objet = le_seul()
    assert (objet.etat, objet.source, objet.url) == ("pret", "lien", LIEN)
    html = collaborateur.get(reponse["Location"]).content.decode()
    assert "sig=•••" in html
    assert SIGNATURE not in html
    for evenement in Evenement.objects.all():
        assert SIGNATURE not in evenement.texte


def test_un_lien_saisi_survit_a_une_autre_erreur_sans_se_montrer(collaborateur: Client, entrer: Any) -> None:
    saisie = {"genre": "fec", "lien": LIEN, "siret": "12"}
    reponse = collaborateur.post(AJOUT, saisie)
    assert erreur(reponse, "siret")
    assert SIGNATURE not in reponse.content.decode()
    assert "sig=•••" in reponse.content.decode()
    scelle = garde(reponse)
    assert scelle
    autre = entrer(collaborateur=True)
    assert "ni fichier ni lien" in erreur(autre.post(AJOUT, {"genre": "fec", "lien_garde": scelle}), "fichiers")
    oublie = collaborateur.post(AJOUT, {"genre": "fec", "lien_garde": scelle, "oublier_lien": "oui"})
    assert "ni fichier ni lien" in erreur(oublie, "fichiers")
    assert collaborateur.post(AJOUT, {"genre": "fec", "lien_garde": scelle}).status_code == 302
    assert le_seul().url == LIEN


def test_un_fichier_et_un_lien_a_la_fois_se_refusent(collaborateur: Client) -> None:
    reponse = deposer(collaborateur, fichier(), lien=LIEN)
    assert "un fichier et un lien sont donnés à la fois" in erreur(reponse, "lien")
    assert garde(reponse)
    assert SIGNATURE not in reponse.content.decode()
    assert not ImportEcritures.objects.exists()


def test_un_lien_refuse_n_est_montre_que_masque(collaborateur: Client) -> None:
    reponse = collaborateur.post(AJOUT, {"genre": "fec", "lien": LIEN.replace("2099", "2020")})
    assert "ne fonctionne plus" in erreur(reponse, "lien")
    assert SIGNATURE not in reponse.content.decode()
    assert not garde(reponse)
    public = "http://depot.example.com/mars.txt"
    assert f'value="{public}"' in collaborateur.post(AJOUT, {"genre": "fec", "lien": public}).content.decode()


def test_un_scelle_forge_est_ignore(collaborateur: Client) -> None:
    for forge in ("x", "gAAAAA", "é"):
        assert erreur(collaborateur.post(AJOUT, {"genre": "fec", "lien_garde": forge}), "fichiers")


# --- proposals -----------------------------------------------------------------------------------------------------


def test_les_modeles_du_dossier_sont_proposes_le_dernier_succes_d_abord(collaborateur: Client) -> None:
    dossier = DossierFactory()
    maintenant = timezone.now()
    for nom, succes in (("Ancien", 9), ("Récent", 1), ("Jamais", None)):
        ModeleImport.objects.create(
            dossier=dossier, nom=nom, reussi_le=maintenant - timedelta(days=succes) if succes else None
        )
    siret = EtablissementFactory(dossier=dossier).siret
    lu = collaborateur.get(page("propositions"), {"dossier": dossier.pk}).json()
    assert [m["valeur"] for m in lu["modeles"]] == ["Récent", "Ancien", "Jamais"]
    assert [e["valeur"] for e in lu["etablissements"]] == [siret]
    for adresse in (f"{AJOUT}?dossier={dossier.pk}", page("change", importation(dossier=dossier).pk)):
        html = collaborateur.get(adresse).content.decode()
        assert html.index('value="Récent"') < html.index('value="Ancien"')
        assert f'value="{siret}"' in html
    for absurde in ("", "x", "9" * 30):
        assert collaborateur.get(page("propositions"), {"dossier": absurde}).status_code == 404


# --- destination ---------------------------------------------------------------------------------------------------


def test_la_destination_se_change_tant_que_rien_n_est_parti(collaborateur: Client) -> None:
    ailleurs = DossierFactory()
    objet = importation(rapport=rapport())
    vue = collaborateur.get(page("change", objet.pk))
    reponse = formulaire(vue, "/destination/").envoyer(
        collaborateur, dossier=ailleurs.pk, genre="perso", modele="Ventes"
    )
    assert reponse.status_code == 302
    objet.refresh_from_db()
    assert (objet.dossier, objet.genre, objet.modele, objet.etat) == (ailleurs, "perso", "Ventes", "controle")
    assert "L’import n’a pas été modifié" in texte(
        collaborateur.post(page("destination", importation("en_cours").pk), {"genre": "fec"}, follow=True)
    )


def test_une_destination_fausse_est_dite_au_champ_et_gardee(collaborateur: Client) -> None:
    objet = importation(modele="Avant")
    for champs, phrase in (
        ({"dossier": "999999"}, "Ce dossier n’a pas été retenu"),
        ({"dossier": "x"}, "Ce dossier n’a pas été retenu"),
        ({"siret": "12345678901234"}, "clé de contrôle est fausse"),
        ({"modele": "a\u200bb"}, "caractère invisible"),
        ({"modele": "m" * 101}, "100"),
        ({"genre": "autre"}, "autre"),
    ):
        reponse = collaborateur.post(page("destination", objet.pk), {"genre": "fec", "modele": "Saisi", **champs})
        assert reponse.status_code == 200, champs
        assert phrase in " ".join(" ".join(e) for e in reponse.context["formulaire"].errors.values())
        assert "Saisi" in reponse.content.decode() or "modele" in champs
    objet.refresh_from_db()
    assert objet.modele == "Avant"


def test_un_dossier_hors_du_portefeuille_n_est_pas_choisi(limite: Client) -> None:
    objet = importation(dossier_id=None, cree_par=limite.personne)  # type: ignore[attr-defined]
    reponse = limite.post(page("destination", objet.pk), {"genre": "fec", "dossier": DossierFactory().pk})
    assert "n’est pas dans votre portefeuille" in texte(reponse)


# --- remedies ------------------------------------------------------------------------------------------------------


def refuse(message: str, **champs: Any) -> ImportEcritures:
    objet = importation("refuse", message=message, **champs)
    operation_de(objet, echouee=True, message=message)
    return objet


def test_un_etablissement_inconnu_se_remplace_d_un_clic(collaborateur: Client) -> None:
    dossier = DossierFactory()
    juste = EtablissementFactory(dossier=dossier).siret
    autre = EtablissementFactory().siret
    objet = refuse(
        f"L'établissement correspondant au SIRET {autre} n'est pas reconnu pour le dossier {dossier.code}",
        dossier=dossier,
        siret=autre,
    )
    vue = collaborateur.get(page("change", objet.pk))
    assert objet.message.replace("'", "&#x27;") in vue.content.decode()
    assert "Établissements connus de ce dossier" in texte(vue)
    envoi = formulaire(vue, "/destination/")
    envoi.envoyer(collaborateur, dossier=dossier.pk, siret=autre, siret_propose=juste)
    objet.refresh_from_db()
    assert (objet.siret, objet.etat) == (juste, "pret")


def test_un_dossier_absent_du_domaine_propose_loophub_et_les_codes_proches(
    collaborateur: Client, manager: Client
) -> None:
    cle = CleApiFactory(prete=True)
    dossier = DossierFactory(cle=cle, code="MANON001")
    proche, loin = DossierFactory(cle=cle, code="MANON010"), DossierFactory(cle=cle, code="ZEBRE001")
    ailleurs = DossierFactory(code="MANON002")
    objet = refuse("Le dossier MANON001 n'existe pas sur le domaine.", dossier=dossier)
    vue = manager.get(page("change", objet.pk))
    html = vue.content.decode()
    assert f'name="dossier_propose" value="{proche.pk}"' in html
    for absent in (loin, ailleurs, dossier):
        assert f'name="dossier_propose" value="{absent.pk}"' not in html
    assert formulaire(vue, f"/cleapi/{cle.pk}/relever/")
    assert f"/cleapi/{cle.pk}/relever/" not in collaborateur.get(page("change", objet.pk)).content.decode()
    formulaire(vue, "/destination/").envoyer(manager, dossier=dossier.pk, dossier_propose=proche.pk)
    objet.refresh_from_db()
    assert objet.dossier == proche


def test_une_ambiguite_se_leve_en_gardant_l_un_des_deux(collaborateur: Client) -> None:
    for message in (
        "Ambiguité sur le chemin d'accès, seul un des deux champs doit être renseigné.",
        "Le chemin d'accès URI ou l'URL du fichier n'est pas spécifié.",
    ):
        vue = collaborateur.get(page("change", refuse(message).pk))
        assert "ne porte que le fichier déposé" in texte(vue)
        assert formulaire(vue, "/geste/")
        assert "Nouvel import, même destination" in texte(vue)


def test_un_message_inconnu_est_montre_tel_quel(collaborateur: Client) -> None:
    vue = texte(collaborateur.get(page("change", importation("en_erreur", message="Zut 42 <b>").pk)))
    assert "Zut 42 &lt;b&gt;" in vue
    assert "n’a pas encore d’explication" in vue


# --- several files -------------------------------------------------------------------------------------------------


def test_une_page_de_depot_perimee_ne_defait_pas_le_choix_d_un_autre(collaborateur: Client) -> None:
    deposer(collaborateur, fichier("un.txt"), fichier("deux.txt"))
    un, deux = ImportEcritures.objects.order_by("id")
    vue = collaborateur.get(page("depot", un.depot)).content.decode()
    assert f'name="initial-import-{deux.pk}-dossier"' in vue
    d_un_autre, a_moi = DossierFactory(), DossierFactory()
    ImportEcritures.objects.filter(pk=deux.pk).update(dossier=d_un_autre)
    champs: dict[str, Any] = {f"import-{un.pk}-dossier": a_moi.pk}
    for i in (un, deux):
        for nom in ("dossier", "modele", "siret"):
            champs |= {f"initial-import-{i.pk}-{nom}": ""} | {f"import-{i.pk}-{nom}": ""} | champs
    assert collaborateur.post(page("depot", un.depot), champs).status_code == 302
    un.refresh_from_db()
    deux.refresh_from_db()
    assert (un.dossier, deux.dossier) == (a_moi, d_un_autre)


def test_plusieurs_fichiers_trouvent_leur_dossier_et_partent_ensemble(collaborateur: Client) -> None:
    par_siren, par_code = DossierFactory(), DossierFactory(code="MANON001")
    reponse = deposer(
        collaborateur,
        fichier(f"{par_siren.siren}FEC20251231.txt"),
        fichier("ecritures_MANON001.txt"),
        fichier("inconnu.txt"),
    )
    imports = list(ImportEcritures.objects.order_by("id"))
    depot = page("depot", imports[0].depot)
    assert reponse["Location"] == depot
    assert [i.dossier for i in imports] == [par_siren, par_code, None]
    vue = collaborateur.get(depot)
    assert texte(vue).count("À choisir") == 1

    choisi = DossierFactory()
    champs = {}
    for i in imports:
        champs |= {f"import-{i.pk}-dossier": i.dossier_id or choisi.pk, f"import-{i.pk}-modele": ""}
        champs[f"import-{i.pk}-siret"] = "12" if i == imports[1] else ""
    vue = collaborateur.post(depot, champs)
    assert "incomplet ou trop long" in texte(vue)
    imports[2].refresh_from_db()
    assert imports[2].dossier == choisi
    champs[f"import-{imports[1].pk}-siret"] = ""
    assert collaborateur.post(depot, champs).status_code == 302

    etat = collaborateur.get(page("depot_progression", imports[0].depot)).json()
    assert (etat["finie"], etat["pourcent"]) == (False, 0)
    ImportEcritures.objects.filter(~Q(pk=imports[2].pk)).update(etat="pret")
    ImportEcritures.objects.filter(pk=imports[2].pk).update(etat="a_corriger", bloquants=3)
    etat = collaborateur.get(page("depot_progression", imports[0].depot)).json()
    assert (etat["finie"], etat["pourcent"]) == (True, 100)
    assert "3 défauts bloquants" in etat["morceaux"][f"verdict-{imports[2].pk}"]
    plan = formulaire(collaborateur.get(depot), f"/envoyer/?depot__exact={imports[0].depot}").envoyer(collaborateur)
    assert "2 imports d’écritures" in texte(plan)
    formulaire(plan, "/plan/confirmer/").envoyer(collaborateur)
    assert Operation.objects.filter(nature="deposer_ecritures").count() == 2


def test_le_cout_d_un_depot_ne_depend_pas_de_ses_fichiers(collaborateur: Client) -> None:
    petit, grand = importation(), importation()
    importation(depot=petit.depot)
    for _ in range(31):
        importation(depot=grand.depot)
    requetes(collaborateur, page("depot", petit.depot))
    assert requetes(collaborateur, page("depot", petit.depot)) == requetes(collaborateur, page("depot", grand.depot))


def test_un_depot_inconnu_est_introuvable(collaborateur: Client) -> None:
    assert collaborateur.get(page("depot", "7e57ab1e-0000-4000-8000-000000000000")).status_code == 404
