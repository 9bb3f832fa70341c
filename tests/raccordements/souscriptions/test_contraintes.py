"""What the database itself refuses, whoever writes."""

import datetime as dt

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import ProtectedError
from django.utils import timezone

from raccordements.models import DonneesConnexion, HoteAdmis, LigneAdressage, Mandat, Plateforme, Souscription
from tests.fabriques import CollaborateurFactory, DossierFactory
from tests.raccordements import fabriques_od
from tests.raccordements.fabriques_od import LigneAdressageFactory, MandatFactory, PlateformeFactory

pytestmark = pytest.mark.django_db


def executer(sql, *valeurs):
    with transaction.atomic(), connection.cursor() as curseur:
        curseur.execute(sql, valeurs)
        curseur.execute("SET CONSTRAINTS ALL IMMEDIATE")


def changer(table, affectation, pk, *valeurs):
    executer(f"UPDATE raccordements_{table} SET {affectation} WHERE id = %s", *valeurs, pk)


@pytest.fixture
def souscription():
    return fabriques_od.souscrite(fin=timezone.localdate() + dt.timedelta(days=30))


def copie(souscription, **champs):
    """Another row, straight into the table."""
    valeurs = {
        nom: getattr(souscription, nom)
        for nom in ("dossier", "environnement", "ligne", "plateforme", "mandat", "debut", "fin", "cree_par")
    }
    with transaction.atomic():
        return Souscription.objects.create(**valeurs | champs)


@pytest.mark.parametrize(
    ("affectation", "contrainte"),
    [
        ("fin = debut - 1", "souscription_periode"),
        ("etat = 'active'", "souscription_mots_connus"),
        ("mandat_id = NULL", "souscription_mandatee"),
        ("contrat = ''", "souscription_contrat_et_endpoint"),
        ("endpoint = ''", "souscription_contrat_et_endpoint"),
        ("souscrite_le = NULL", "souscription_datee"),
        ("etat = 'resiliee'", "souscription_resiliee_a_une_fin"),
        ("environnement = 'production'", "souscription_de_sa_ligne"),
    ],
)
def test_une_souscription_impossible_est_refusee(souscription, affectation, contrainte):
    with pytest.raises(IntegrityError, match=contrainte):
        changer("souscription", affectation, souscription.pk)


def test_deux_souscriptions_d_une_ligne_ne_partagent_aucun_jour(souscription):
    veille, lendemain = souscription.debut - dt.timedelta(days=1), souscription.fin + dt.timedelta(days=1)
    for debut, fin in (
        (souscription.fin, None),
        (veille, souscription.debut),
        (veille, None),
        (souscription.debut, souscription.debut),
    ):
        with pytest.raises(IntegrityError, match="souscription_sans_chevauchement"):
            copie(souscription, debut=debut, fin=fin)
    copie(souscription, debut=veille, fin=veille)
    copie(souscription, debut=lendemain, fin=None)
    copie(souscription, debut=lendemain, fin=None, etat="annulee")


def test_un_endpoint_ne_sert_qu_une_ligne_meme_apres_la_fin(souscription):
    autre = LigneAdressageFactory(dossier=souscription.dossier, suffixe="USINE")
    for endpoint in (souscription.endpoint, souscription.endpoint.upper()):
        with pytest.raises(IntegrityError, match="souscription_endpoint_exclusif"):
            copie(souscription, ligne=autre, endpoint=endpoint, debut=dt.date(2031, 1, 1), fin=None)
    copie(souscription, endpoint=souscription.endpoint, debut=dt.date(2031, 1, 1), fin=None)
    copie(souscription, ligne=autre, endpoint="", debut=dt.date(2031, 1, 1), fin=None)


def test_une_souscription_est_du_dossier_de_sa_ligne_et_de_son_mandat(souscription):
    with pytest.raises(IntegrityError, match="souscription_de_sa_ligne"):
        changer("souscription", "dossier_id = %s", souscription.pk, DossierFactory().pk)
    with pytest.raises(IntegrityError, match="souscription_mandat_de_son_dossier"):
        changer("souscription", "mandat_id = %s", souscription.pk, MandatFactory().pk)
    ailleurs = PlateformeFactory(environnement="production")
    with pytest.raises(IntegrityError, match="souscription_environnement_de_sa_plateforme"):
        changer("souscription", "plateforme_id = %s", souscription.pk, ailleurs.pk)


def test_deux_lignes_d_un_niveau_ne_se_chevauchent_pas_pour_un_destinataire():
    ligne = LigneAdressageFactory(suffixe="AGENCE", fin=dt.date(2026, 12, 31))
    memes = {"dossier": ligne.dossier, "siren": ligne.siren}
    for suffixe, debut in (("AGENCE", dt.date(2026, 12, 31)), ("agence", dt.date(2026, 6, 1))):
        with pytest.raises(IntegrityError, match="ligne_sans_chevauchement"), transaction.atomic():
            LigneAdressageFactory(**memes, suffixe=suffixe, debut=debut)
    with pytest.raises(IntegrityError, match="ligne_sans_chevauchement"), transaction.atomic():
        LigneAdressageFactory(siren=ligne.siren, suffixe="AGENCE")
    LigneAdressageFactory(**memes, suffixe="AGENCE", debut=dt.date(2027, 1, 1))
    LigneAdressageFactory(**memes, suffixe="USINE")
    LigneAdressageFactory(**memes)
    LigneAdressageFactory(**memes, suffixe="AGENCE", environnement="production")


@pytest.mark.parametrize(
    ("affectation", "contrainte"),
    [
        ("siret = '99900000900018'", "ligne_parties_de_son_niveau"),
        ("identifiant = '999000009'", "frozen"),
        ("niveau = 'SIREN_SUFFIXE'", "frozen"),
        ("debut = debut - 1", "frozen"),
        ("fin = debut - 1", "ligne_periode"),
        ("annulee_le = now()", "ligne_annulee_par_quelqu_un"),
    ],
)
def test_une_ligne_ne_change_pas(affectation, contrainte):
    ligne = LigneAdressageFactory()
    with pytest.raises(DatabaseError, match=contrainte):
        changer("ligneadressage", affectation, ligne.pk)


@pytest.mark.parametrize(
    "champs", [{"siret": "99900000900018"}, {"suffixe": "12345678901234"}, {"identifiant": "autre"}]
)
def test_une_ligne_mal_faite_n_entre_pas(champs):
    with pytest.raises(IntegrityError, match="ligne_parties_de_son_niveau"):
        LigneAdressageFactory(**champs)


def test_rien_ne_s_efface(souscription):
    hote = HoteAdmis.objects.get(plateforme=souscription.plateforme)
    for modele, pk in (
        (Souscription, souscription.pk),
        (LigneAdressage, LigneAdressageFactory().pk),
        (HoteAdmis, hote.pk),
        (DonneesConnexion, DonneesConnexion.objects.get(souscription=souscription).pk),
    ):
        with pytest.raises(IntegrityError, match="never deleted"):
            executer(f"DELETE FROM {modele._meta.db_table} WHERE id = %s", pk)
    for modele, pk in ((Mandat, souscription.mandat_id), (Plateforme, souscription.plateforme_id)):
        with pytest.raises(ProtectedError):
            modele.objects.get(pk=pk).delete()


def test_un_mandat_ne_change_pas(souscription):
    for affectation in (
        "signe_le = signe_le - 1",
        "qualite = 'administrateur_habilite'",
        "demandeur = 'Autre'",
        "courriel = 'autre@tpe.example'",
        "nom_fichier = 'autre.pdf'",
        "format = 'image/png'",
        "ajoute_le = ajoute_le - interval '1 day'",
        "ajoute_par_id = (SELECT max(id) FROM dossiers_collaborateur)",
    ):
        with pytest.raises(IntegrityError, match="frozen"):
            changer("mandat", affectation, souscription.mandat_id)
    with pytest.raises(IntegrityError, match="frozen"):
        changer("mandat", "contenu = 'autre'", souscription.mandat_id)


def test_un_hote_est_reconnu_par_deux_personnes_puis_ne_change_plus():
    hote = HoteAdmis.objects.get(plateforme=PlateformeFactory())
    for affectation in ("hote = 'autre.example'", "propose_par_id = confirme_par_id", "confirme_le = NULL"):
        with pytest.raises(IntegrityError):
            changer("hoteadmis", affectation, hote.pk)
    seul = CollaborateurFactory(superutilisateur=True)
    with pytest.raises(IntegrityError, match="hote_deux_personnes"), transaction.atomic():
        HoteAdmis.objects.create(
            plateforme=hote.plateforme,
            hote="seul.example",
            propose_par=seul,
            confirme_par=seul,
            confirme_le=timezone.now(),
        )


@pytest.mark.parametrize("matricule", ["0000", "9998", "9999", "12", "A123"])
def test_un_matricule_qui_n_est_pas_d_une_plateforme_est_refuse(matricule):
    with pytest.raises(IntegrityError, match="plateforme_matricule"):
        PlateformeFactory(nue=True, matricule=matricule)


def test_un_contrat_a_une_reference_et_une_date():
    for champs in ({"contrat_le": None}, {"contrat_reference": ""}):
        with pytest.raises(IntegrityError, match="plateforme_contrat_entier"), transaction.atomic():
            PlateformeFactory(**champs)


def test_les_donnees_de_connexion_sont_chiffrees_et_leur_accuse_ne_change_pas(souscription):
    donnees = DonneesConnexion.objects.get(souscription=souscription)
    with connection.cursor() as curseur:
        curseur.execute("SELECT contenu::text FROM raccordements_donneesconnexion WHERE id = %s", [donnees.pk])
        (brut,) = curseur.fetchone()
    assert "cle-inventee" not in bytes.fromhex(brut.removeprefix("\\x")).decode()
    for affectation in ("revelees_le = now()", "contenu = NULL", "empreinte = 'abc'"):
        with pytest.raises(IntegrityError):
            changer("donneesconnexion", affectation, donnees.pk)
    par = CollaborateurFactory()
    complet = "revelees_le = now(), revelees_par_id = %s, accuse = '{}', signature = repeat('a', 64)"
    changer("donneesconnexion", complet, donnees.pk, par.pk)
    for affectation in ("revelees_le = now() + interval '1 day'", "signature = repeat('b', 64)", "accuse = '[]'"):
        with pytest.raises(IntegrityError, match="revealed once"):
            changer("donneesconnexion", affectation, donnees.pk)
