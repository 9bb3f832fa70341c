"""Encrypted fields keep every value, refuse every search, and their forms never show one."""

import pytest
from django import forms
from django.core.exceptions import FieldError, ValidationError
from django.db import connection, models, transaction
from django.db.models import Case, F, Subquery, Value, When
from django.db.models.functions import Concat, Upper
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from config.champs import ChiffreCharField, ChiffreTextField, SecretsFormMixin, nettoyer_secret


class Coffre(models.Model):
    nom = models.CharField(max_length=50)
    jeton = ChiffreCharField(max_length=60, blank=True, default="")
    note = ChiffreTextField(null=True, blank=True)
    jeton_defini_le = models.DateTimeField(null=True, editable=False)
    jeton_defini_par = models.CharField(max_length=50, blank=True, editable=False)

    class Meta:
        app_label = "config"
        managed = False
        db_table = "essai_coffre"

    def __str__(self):
        return self.nom


class FormulaireCoffre(SecretsFormMixin, forms.ModelForm):
    secrets = ("jeton",)
    personne = "Camille"

    class Meta:
        model = Coffre
        fields = ("nom", "jeton")


@pytest.fixture
def table(db):
    with connection.schema_editor() as editeur:
        editeur.create_model(Coffre)


def brut(coffre) -> bytes:
    with connection.cursor() as curseur:
        curseur.execute("SELECT jeton FROM essai_coffre WHERE id = %s", [coffre.pk])
        return bytes(curseur.fetchone()[0])


def test_la_base_ne_contient_pas_le_secret(table):
    coffre = Coffre.objects.create(nom="a", jeton="tres-secret")
    assert b"tres-secret" not in brut(coffre)
    assert Coffre.objects.get().jeton == "tres-secret"


def test_bulk_update_garde_les_valeurs(table):
    coffres = [Coffre.objects.create(nom=str(n), jeton="ancien", note="n") for n in range(5)]
    for n, coffre in enumerate(coffres):
        coffre.jeton, coffre.note = f"neuf-{n}", None
    Coffre.objects.bulk_update(coffres, ["jeton", "note"], batch_size=2)
    assert list(Coffre.objects.order_by("pk").values_list("jeton", "note")) == [(f"neuf-{n}", None) for n in range(5)]
    assert all(f"neuf-{n}".encode() not in brut(coffre) for n, coffre in enumerate(coffres))


@pytest.mark.parametrize(
    "expression",
    [
        Value("clair"),
        F("nom"),
        Upper("nom"),
        Concat(F("nom"), Value("x")),
        Case(When(nom="a", then=Value("clair")), default=Value("x"), output_field=ChiffreCharField()),
        Subquery(Coffre.objects.values("nom")[:1]),
    ],
)
def test_update_par_une_expression_est_refuse(table, expression):
    coffre = Coffre.objects.create(nom="a", jeton="intact")
    with pytest.raises(FieldError), transaction.atomic():
        Coffre.objects.update(jeton=expression)
    coffre.refresh_from_db()
    assert coffre.jeton == "intact"


def test_update_par_une_valeur_chiffre(table):
    coffre = Coffre.objects.create(nom="a", jeton="ancien")
    Coffre.objects.update(jeton="nouveau")
    coffre.refresh_from_db()
    assert coffre.jeton == "nouveau"
    assert b"nouveau" not in brut(coffre)


@pytest.mark.parametrize("filtre", ["jeton", "jeton__icontains", "jeton__in", "jeton__startswith", "jeton__upper"])
def test_aucune_recherche_par_un_secret(table, filtre):
    with pytest.raises(FieldError):
        Coffre.objects.filter(**{filtre: "x"}).exists()


def test_isnull_reste_permis(table):
    Coffre.objects.create(nom="a")
    assert Coffre.objects.filter(note__isnull=True).exists()


# --- cleaning ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("colle", ["  abc:DEF==\n", "abc:DEF==\r\n", "\tabc:DEF==", "\u00a0abc:DEF==\u00a0"])
def test_les_blancs_d_un_collage_sont_retires(colle):
    assert nettoyer_secret(colle) == "abc:DEF=="


@pytest.mark.parametrize(
    ("valeur", "code"),
    [
        ("ab\ncd", "controle"),
        ("ab cd", "controle"),
        ("ab\x00cd", "controle"),
        ("ab\x7fcd", "controle"),
        ("sésame", "accent"),
    ],
)
def test_un_secret_impossible_est_refuse_sans_etre_montre(valeur, code):
    with pytest.raises(ValidationError) as refus:
        nettoyer_secret(valeur)
    assert refus.value.code == code
    assert valeur not in str(refus.value)


@given(st.text())
def test_ce_qui_est_accepte_tient_dans_un_en_tete(valeur):
    try:
        propre = nettoyer_secret(valeur)
    except ValidationError:
        return
    assert all("!" <= caractere <= "~" for caractere in propre)


# --- forms -------------------------------------------------------------------------------------------------------


def test_le_formulaire_ne_montre_jamais_le_secret(table):
    coffre = Coffre.objects.create(
        nom="a", jeton="tres-secret", jeton_defini_le=timezone.now(), jeton_defini_par="Camille"
    )
    page = FormulaireCoffre(instance=coffre).as_p()
    assert "tres-secret" not in page
    assert "défini le" in page
    assert "par Camille — laisser vide pour ne pas changer" in page


def test_un_secret_refuse_ou_valable_n_est_pas_renvoye_dans_la_page(table):
    formulaire = FormulaireCoffre({"nom": "", "jeton": "tres-secret"})
    assert not formulaire.is_valid()
    assert "tres-secret" not in formulaire.as_p()
    formulaire = FormulaireCoffre({"nom": "a", "jeton": "tres secret"})
    assert formulaire.errors["jeton"]
    assert "tres secret" not in formulaire.as_p()


def test_vide_ne_change_rien(table):
    coffre = Coffre.objects.create(nom="a", jeton="garde", jeton_defini_par="Dominique")
    formulaire = FormulaireCoffre({"nom": "b", "jeton": "  "}, instance=coffre)
    assert formulaire.is_valid(), formulaire.errors
    assert formulaire.changed_data == ["nom"]
    assert formulaire.secrets_definis == []
    formulaire.save()
    coffre.refresh_from_db()
    assert (coffre.nom, coffre.jeton, coffre.jeton_defini_par) == ("b", "garde", "Dominique")


def test_un_secret_neuf_est_date_et_signe(table):
    coffre = Coffre.objects.create(nom="a", jeton="ancien")
    formulaire = FormulaireCoffre({"nom": "a", "jeton": " nouveau \n"}, instance=coffre)
    assert formulaire.is_valid(), formulaire.errors
    assert formulaire.secrets_definis == ["jeton"]
    formulaire.save()
    coffre.refresh_from_db()
    assert (coffre.jeton, coffre.jeton_defini_par) == ("nouveau", "Camille")
    assert timezone.now() - coffre.jeton_defini_le < timezone.timedelta(minutes=1)


def test_un_secret_trop_long_est_refuse(table):
    formulaire = FormulaireCoffre({"nom": "a", "jeton": "x" * 61})
    assert not formulaire.is_valid()
    assert list(formulaire.errors) == ["jeton"]


def test_un_secret_jamais_saisi_le_dit(table):
    assert 'placeholder="à définir"' in FormulaireCoffre().as_p()
