"""CSV and XLSX as a French spreadsheet reads them, on a real table of PostgreSQL."""

import csv
import io
import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import islice

import openpyxl
import pytest
from django.core.exceptions import FieldError
from django.core.signals import request_finished
from django.db import close_old_connections, connection, models
from django.db.models import F, Value
from django.db.models.functions import Concat
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg.pq import TransactionStatus

from config import exports
from config.champs import ChiffreCharField
from config.exports import Colonne, exporter_csv, exporter_xlsx
from tests.epreuves import repetitions


class Groupe(models.Model):
    nom = models.CharField(max_length=50)

    class Meta:
        app_label = "config"
        managed = False
        db_table = "essai_export_groupe"

    def __str__(self):
        return self.nom


class Ligne(models.Model):
    code = models.CharField(max_length=200, blank=True)
    statut = models.CharField(max_length=10, choices=[("pret", "Prêt"), ("fini", "Terminé")], default="pret")
    montant = models.DecimalField(max_digits=12, decimal_places=2, null=True)
    taux = models.FloatField(null=True)
    nombre = models.IntegerField(null=True)
    actif = models.BooleanField(null=True)
    jour = models.DateField(null=True)
    instant = models.DateTimeField(null=True)
    secret = ChiffreCharField(max_length=50, default="")
    groupe = models.ForeignKey(Groupe, models.CASCADE, null=True, related_name="lignes")

    class Meta:
        app_label = "config"
        managed = False
        db_table = "essai_export_ligne"
        ordering = ["pk"]

    def __str__(self):
        return self.code


TOUTES = [
    Colonne("Code", "code", texte=True),
    Colonne("Statut", "statut"),
    Colonne("Montant", "montant"),
    Colonne("Taux", "taux"),
    Colonne("Nombre", "nombre"),
    Colonne("Actif", "actif"),
    Colonne("Jour", "jour"),
    Colonne("Instant", "instant"),
    Colonne("Groupe", "groupe__nom"),
]


@pytest.fixture
def tables(db):
    with connection.schema_editor() as editeur:
        editeur.create_model(Groupe)
        editeur.create_model(Ligne)


def remplir(combien: int) -> None:
    """So many rows of 150 characters, written by the database itself."""
    with connection.cursor() as curseur:
        curseur.execute(
            "INSERT INTO essai_export_ligne (code, statut, secret) "
            "SELECT repeat('x', 150), 'pret', '' FROM generate_series(1, %s)",
            [combien],
        )


def octets(reponse) -> bytes:
    return b"".join(reponse.streaming_content)


def lire(reponse) -> list[list[str]]:
    texte = octets(reponse).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(texte, newline=""), delimiter=";"))


def test_une_ligne_complete(tables):
    groupe = Groupe.objects.create(nom="Paris ; Lyon")
    Ligne.objects.create(
        code="07955542100027",
        statut="fini",
        montant=Decimal("-1234.50"),
        taux=0.25,
        nombre=-3,
        actif=True,
        jour=date(2027, 1, 2),
        instant=datetime(2027, 7, 1, 22, 5, tzinfo=UTC),
        groupe=groupe,
    )
    entete, ligne = lire(exporter_csv("lignes", TOUTES, Ligne.objects.all()))
    assert entete == [colonne.titre for colonne in TOUTES]
    attendu = ["07955542100027", "Terminé", "-1234,50", "0,25", "-3", "oui", "02/01/2027", "02/07/2027 00:05"]
    assert ligne == [*attendu, "Paris ; Lyon"]


def test_forme_du_fichier(tables):
    Ligne.objects.create(code='un "mot" ; deux\nlignes')
    brut = octets(exporter_csv("x", [Colonne("Numéro", "code"), Colonne("Actif", "actif")], Ligne.objects.all()))
    assert brut.startswith(b"\xef\xbb\xbfNum\xc3\xa9ro;Actif\r\n")
    assert brut.endswith(b'"un ""mot"" ; deux\nlignes";\r\n')


def test_les_vides_sont_vides(tables):
    Ligne.objects.create()
    assert octets(exporter_csv("x", TOUTES, Ligne.objects.all())).endswith("\r\n;Prêt;;;;;;;\r\n".encode())


def test_en_tetes_de_la_reponse(tables):
    reponse = exporter_csv("clés", TOUTES[:1], Ligne.objects.all())
    assert reponse["Content-Type"] == "text/csv; charset=utf-8"
    assert reponse["Content-Disposition"].startswith("attachment; filename*=utf-8''cl%C3%A9s_20")
    assert reponse["Cache-Control"] == "no-store"


def test_une_formule_est_rendue_inerte(tables):
    codes = ["=1+1", "+33 1 00 00 00 00", "-cmd", "@SUM(A1)", "\tx", "\rx", "  =1", "\n=1"]
    codes += ["\u00a0=1", "\u202f@x", "\ufeff=1", "＝1"]
    Ligne.objects.bulk_create(Ligne(code=code) for code in codes)
    assert lire(exporter_csv("x", TOUTES[:1], Ligne.objects.all()))[1:] == [["'" + code] for code in codes]


def test_un_texte_ordinaire_n_est_pas_touche(tables):
    codes = ["D=1", "a-b", "0123", "1-2", "é@x", "'=1", "(=1)"]
    Ligne.objects.bulk_create(Ligne(code=code) for code in codes)
    assert lire(exporter_csv("x", TOUTES[:1], Ligne.objects.all()))[1:] == [[code] for code in codes]


DEBUTS = st.sampled_from(["", "=", "+", "-", "@", " =", "'="])
SUITES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=repetitions(15, 60), deadline=None)
@given(st.lists(st.builds(str.__add__, DEBUTS, SUITES), min_size=1))
def test_tout_texte_se_relit_et_aucun_n_est_une_formule(tables, codes):
    lignes = Ligne.objects.bulk_create(Ligne(code=code) for code in codes)
    ecrites = Ligne.objects.filter(pk__in=[ligne.pk for ligne in lignes])
    rendus = [rang[0] for rang in lire(exporter_csv("x", [Colonne("A", "code"), Colonne("B", "pk")], ecrites))[1:]]
    assert [rendu.removeprefix("'") for rendu in rendus] == [code.removeprefix("'") for code in codes]
    assert not [rendu for rendu in rendus if rendu.lstrip().startswith(("=", "+", "-", "@"))]


def test_un_choix_disparu_garde_sa_valeur(tables):
    Ligne.objects.create(statut="=ancien")
    assert lire(exporter_csv("x", TOUTES[1:2], Ligne.objects.all()))[1] == ["'=ancien"]


def test_une_expression_peut_etre_une_colonne(tables):
    Ligne.objects.create(code="A", statut="pret")
    colonne = Colonne("Les deux", Concat(F("code"), Value(" %s/"), F("statut"), output_field=models.TextField()))
    assert lire(exporter_csv("x", [colonne], Ligne.objects.all()))[1] == ["A %s/pret"]


def test_exactement_le_queryset_filtre_ordre_et_tranche(tables):
    Ligne.objects.bulk_create(Ligne(code=f"C{n}", nombre=n) for n in range(10))
    queryset = Ligne.objects.filter(nombre__gte=4, code__contains="C").order_by("-nombre")[:3]
    assert [rang[0] for rang in lire(exporter_csv("x", TOUTES[:1], queryset))[1:]] == ["C9", "C8", "C7"]


def test_distinct_porte_sur_les_lignes_et_non_sur_les_textes(tables):
    groupe = Groupe.objects.create(nom="G")
    Ligne.objects.bulk_create(Ligne(code="même", groupe=groupe) for _ in range(3))
    queryset = Ligne.objects.filter(groupe__lignes__code="même").distinct()
    assert len(lire(exporter_csv("x", TOUTES[:1], queryset))) == 4


@pytest.mark.parametrize("vide", [Ligne.objects.none, lambda: Ligne.objects.filter(pk__in=[])])
def test_un_export_vide_a_son_entete(tables, vide):
    assert lire(exporter_csv("x", TOUTES[:2], vide())) == [["Code", "Statut"]]
    feuille = openpyxl.load_workbook(io.BytesIO(octets(exporter_xlsx("x", TOUTES[:2], vide())))).active
    assert [cellule.value for cellule in feuille[1]] == ["Code", "Statut"]


@pytest.mark.parametrize("exporter", [exporter_csv, exporter_xlsx])
@pytest.mark.parametrize("source", ["secret", "inconnu", "groupe__lignes__code"])
def test_une_colonne_impossible_est_refusee_avant_le_premier_octet(tables, exporter, source):
    with pytest.raises(FieldError):
        exporter("x", [Colonne("X", source)], Ligne.objects.all())


def test_aucune_instance_n_est_construite(tables, monkeypatch):
    Ligne.objects.create(code="A")
    monkeypatch.setattr(Ligne, "__init__", lambda *a, **k: pytest.fail("une instance a été construite"))
    assert len(lire(exporter_csv("x", TOUTES, Ligne.objects.all()))) == 2


def test_un_abandon_libere_la_connexion(tables):
    remplir(20_000)
    reponse = exporter_csv("x", TOUTES, Ligne.objects.all())
    paquets = iter(reponse.streaming_content)
    assert len(list(islice(paquets, 3))) == 3
    assert connection.connection.info.transaction_status is TransactionStatus.ACTIVE
    request_finished.disconnect(close_old_connections)
    try:
        reponse.close()
    finally:
        request_finished.connect(close_old_connections)
    assert connection.connection.info.transaction_status is TransactionStatus.INTRANS
    assert Ligne.objects.count() == 20_000


def test_la_memoire_est_plate_et_le_premier_paquet_immediat(tables):
    remplir(30_000)
    tracemalloc.start()
    paquets = iter(exporter_csv("x", TOUTES, Ligne.objects.all()).streaming_content)
    assert next(paquets).startswith(b"\xef\xbb\xbfCode;")
    total = sum(len(paquet) for paquet in paquets)
    _, sommet = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total > 4_500_000
    assert sommet < total / 3


def test_xlsx_types_et_textes(tables):
    Ligne.objects.create(
        code="07955542100027",
        statut="fini",
        montant=Decimal("12.50"),
        nombre=7,
        actif=False,
        jour=date(2027, 1, 2),
        instant=datetime(2027, 7, 1, 22, 5, tzinfo=UTC),
    )
    Ligne.objects.create(code="=1+1", jour=date(1850, 3, 4))
    feuille = openpyxl.load_workbook(io.BytesIO(octets(exporter_xlsx("x", TOUTES, Ligne.objects.all())))).active
    premiere, seconde = list(feuille.iter_rows(min_row=2, values_only=True))
    instant = datetime(2027, 7, 2, 0, 5)
    assert premiere == ("07955542100027", "Terminé", 12.5, None, 7, "non", datetime(2027, 1, 2), instant, None)
    assert seconde[0] == "=1+1"
    assert feuille["A3"].data_type == "s"
    assert feuille["A2"].number_format == "@"
    assert seconde[6] == "04/03/1850"


def test_xlsx_continue_sur_une_autre_feuille(tables, monkeypatch):
    monkeypatch.setattr(exports, "LIGNES_PAR_FEUILLE", 4)
    Ligne.objects.bulk_create(Ligne(code=f"C{n}") for n in range(9))
    classeur = openpyxl.load_workbook(io.BytesIO(octets(exporter_xlsx("x", TOUTES[:1], Ligne.objects.all()))))
    assert [feuille.max_row - 1 for feuille in classeur] == [4, 4, 1]
    assert [feuille["A1"].value for feuille in classeur] == ["Code"] * 3
