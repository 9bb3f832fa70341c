"""The base admin: bounded lists, routed search, what is out of sight is a 404, POST-only buttons, exports of a list."""

import csv
import io
import re
from types import SimpleNamespace

import pytest
from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.http import HttpResponse
from django.test.utils import CaptureQueriesContext
from django.urls import include, path, reverse

from config.accessibilite import declarer
from config.admin import AdminCabinet, AdminHistorise, LignesCabinet, PaginateurBorne, SiteCabinet, bouton
from config.champs import SecretsFormMixin
from config.exports import Colonne, ExportMixin
from dossiers.models import CleApi, Collaborateur, Dossier, Etablissement
from tests.rendu import sans_rendu

JOURNAL: list[tuple] = []
site = SiteCabinet(name="admin")


class FormulaireCle(SecretsFormMixin, forms.ModelForm):
    secrets = ("client_secret", "cle_abonnement")


@admin.register(CleApi, site=site)
class CleEssai(AdminHistorise):
    form = FormulaireCle
    recherche = [(r".*", lambda queryset, terme: queryset.filter(nom__icontains=terme))]


class EtablissementsEssai(LignesCabinet):
    model = Etablissement


@admin.register(Dossier, site=site)
class DossierEssai(ExportMixin, AdminHistorise):
    list_display = ["code", "raison_sociale", "cle"]
    list_select_related = ["cle"]
    list_filter = ["statut"]
    autocomplete_fields = ["cle"]
    inlines = [EtablissementsEssai]
    boutons = ["saluer", "refuser", "cacher"]
    actions = ["compter"]
    colonnes_export = [Colonne("Code", "code", texte=True), Colonne("Statut", "statut")]
    recherche = [
        (r"[0-9]{9}", lambda queryset, terme: queryset.filter(siren=terme)),
        (r"D[0-9]*", lambda queryset, terme: queryset.filter(code__istartswith=terme)),
        (r"\D{3,}", lambda queryset, terme: queryset.filter(raison_sociale__icontains=terme)),
    ]

    @bouton("Saluer", permission="archiver", icone="waving_hand", confirmation="Saluer ce dossier\u00a0?")
    def saluer(self, request, objet):
        self.message_user(request, f"Bonjour {objet.code}", messages.SUCCESS)

    @bouton("Refuser", permission="change")
    def refuser(self, request, objet):
        return HttpResponse("réponse à soi", status=418)

    @bouton("Cacher", visible=lambda objet: False)
    def cacher(self, request, objet):
        raise PermissionDenied

    @admin.action(description="Compter")
    def compter(self, request, queryset):
        self.message_user(request, f"{queryset.count()} comptés")

    def journaliser_export(self, request, nom, filtre):
        JOURNAL.append((request.user.username, nom, filtre))


@admin.register(Collaborateur, site=site)
class CollaborateurEssai(AdminCabinet):
    exclude = ["password"]
    search_fields = ["username"]


urlpatterns = [
    path("accessibilite/", declarer, name="accessibilite"),
    path("admin/", include("dossiers.urls")),
    path("admin/", site.urls),
]
LISTE = "/admin/dossiers/dossier/"


@pytest.fixture(autouse=True)
def adresses(settings):
    settings.ROOT_URLCONF = __name__
    settings.UNFOLD = {**settings.UNFOLD, "SIDEBAR": {}, "ENVIRONMENT": None}
    JOURNAL.clear()


@pytest.fixture
def cle(db):
    return CleApi.objects.create(nom="Cabinet", type="P04454", environnement="test", domaine="D1", cle_publique="K1")


@pytest.fixture
def dossiers(cle):
    return [
        Dossier.objects.create(
            cle=cle, code=f"D{n}", raison_sociale=f"Essai {n}", maitre_dossier="moi@x.example" * (n < 2)
        )
        for n in range(6)
    ]


def personne(nom="chef", *, superuser=True, droits=(), **champs):
    creee = Collaborateur.objects.create(username=nom, is_staff=True, is_superuser=superuser, **champs)
    creee.user_permissions.set(Permission.objects.filter(codename__in=droits))
    return creee


@pytest.fixture
def chef(client, db):
    client.force_login(personne())
    return client


@pytest.fixture
def limite(client, dossiers):
    """A person limited to the two first dossiers."""
    droits = ["view_dossier", "change_dossier", "view_etablissement", "add_etablissement", "view_cleapi"]
    client.force_login(
        personne("limite", superuser=False, droits=droits, limite_au_portefeuille=True, login_loop="moi@x.example")
    )
    return client


# --- lists -------------------------------------------------------------------------------------------------------


def test_le_compte_s_arrete_au_plafond(dossiers, monkeypatch):
    monkeypatch.setattr(PaginateurBorne, "PLAFOND", 4)
    with CaptureQueriesContext(connection) as requetes:
        paginateur = PaginateurBorne(Dossier.objects.all(), 2)
        assert (paginateur.count, paginateur.num_pages, paginateur.plafonne) == (4, 2, True)
        assert paginateur.total_affiche == "4+"
    assert len(requetes) == 1
    assert "LIMIT 5" in requetes[0]["sql"]
    monkeypatch.setattr(PaginateurBorne, "PLAFOND", 6)
    assert PaginateurBorne(Dossier.objects.all(), 2).total_affiche == "6"


def test_le_total_est_ecrit_a_la_francaise():
    assert PaginateurBorne(SimpleNamespace(order_by=lambda: None), 2).PLAFOND == 10_000
    paginateur = PaginateurBorne([], 2)
    paginateur.__dict__["_comptees"] = 10_001
    assert paginateur.total_affiche.replace("\u202f", " ").replace("\u00a0", " ") == "10 000+"


def test_une_page_absurde_ramene_dans_la_liste(chef, dossiers, monkeypatch):
    monkeypatch.setattr(DossierEssai, "list_per_page", 2)
    monkeypatch.setattr(DossierEssai, "list_max_show_all", 2)
    for page in ("9999999999", "-1", "0", "abc", "9" * 3000, "1.5", ""):
        reponse = chef.get(LISTE, {"p": page})
        assert reponse.status_code == 200, page
        assert len(reponse.context["cl"].result_list) == 2, page


def test_au_dela_du_plafond_une_phrase_invite_a_preciser(chef, dossiers, monkeypatch):
    monkeypatch.setattr(DossierEssai, "list_per_page", 2)
    monkeypatch.setattr(DossierEssai, "list_max_show_all", 2)
    monkeypatch.setattr(PaginateurBorne, "PLAFOND", 4)
    premiere = chef.get(LISTE).content.decode()
    assert "4+" in premiere
    assert "4 résultats" not in premiere
    assert "précisez la recherche" not in premiere
    for page in ("2", "3", "9999999999"):
        reponse = chef.get(LISTE, {"p": page})
        assert reponse.context["cl"].page_num == 2
        assert "précisez la recherche" in reponse.content.decode()
    assert "across all pages" not in premiere
    assert "Cliquez ici pour sélectionner tous" not in premiere


ABSURDES = (
    "statut__foo=1",
    "inconnu=1",
    "cle__inconnu=1",
    "o=99",
    "o=-99.abc.--1",
    "e=1",
    "statut__exact=absent",
    "id__in=99999999999999999999999",
    "id__exact=99999999999999999999999",
    "id__exact=abc",
    "cree_le__year=99999999999",
    "cree_le__year=999999999999999999999999",
    "cree_le__gte=abc",
    "cree_le__gte=0001-01-01",
    "code__regex=((",
    "cle__client_secret__contains=x",
    "archive_par__password__startswith=a",
    "_to_field=password",
    "_popup=1",
    "_facets=True",
    "all=",
    "q=%E2%80%AE",
    "q=" + "9" * 500,
)


@pytest.mark.django_db(transaction=True)
def test_aucune_requete_ne_fait_tomber_la_liste(client):
    cle = CleApi.objects.create(nom="Cabinet", type="P04454", environnement="test", domaine="D1", cle_publique="K1")
    Dossier.objects.create(cle=cle, code="D1")
    client.force_login(personne())
    client.raise_request_exception = False
    for requete in ABSURDES:
        reponse = client.get(f"{LISTE}?{requete}")
        assert reponse.status_code in {200, 302, 400}, requete
        assert client.get(f"{LISTE}export.csv?{requete}").status_code in {200, 302, 400}, requete
        if reponse.status_code == 302:
            assert reponse["Location"] == f"{LISTE}?e=1", requete
    assert "n’est pas valable" in client.get(f"{LISTE}?e=1").content.decode()


def test_un_secret_ne_se_devine_pas_par_un_filtre(chef, dossiers):
    assert chef.get(f"{LISTE}?archive_par__password__startswith=a").status_code == 400
    assert chef.get("/admin/dossiers/collaborateur/?password__startswith=a").status_code == 400


def test_les_requetes_ne_croissent_pas_avec_la_liste(chef, dossiers, cle):
    chef.get(LISTE)
    with CaptureQueriesContext(connection) as peu:
        chef.get(LISTE)
    Dossier.objects.bulk_create(Dossier(cle=cle, code=f"E{n}") for n in range(30))
    with CaptureQueriesContext(connection) as beaucoup:
        chef.get(LISTE)
    assert len(beaucoup) == len(peu)


def test_chaque_case_dit_sa_ligne(chef, dossiers):
    page = chef.get(LISTE).content.decode()
    assert 'aria-label="Sélectionner D0 – Essai 0"' in page
    assert page.count("Sélectionner D") == 6


def test_le_titre_est_celui_des_objets(chef, dossiers):
    assert chef.get(LISTE).context["title"] == "Dossiers"


# --- search ------------------------------------------------------------------------------------------------------


def test_un_terme_va_a_une_seule_colonne(chef, dossiers):
    Dossier.objects.filter(code="D3").update(siren="732829320")
    toutes = ["D0", "D1", "D2", "D3", "D4", "D5"]
    attendus = {"732829320": ["D3"], "d4": ["D4"], " D ": toutes, "essai ": toutes, "??": [], "   ": toutes}
    for terme, codes in attendus.items():
        with sans_rendu():
            reponse = chef.get(LISTE, {"q": terme})
        assert [dossier.code for dossier in reponse.context_data["cl"].result_list] == codes, terme


def test_la_recherche_ne_touche_qu_une_colonne(chef, dossiers):
    with CaptureQueriesContext(connection) as requetes:
        chef.get(LISTE, {"q": "D4"})
    clauses = [r["sql"] for r in requetes if "WHERE" in r["sql"] and '"dossiers_dossier"' in r["sql"]]
    assert clauses
    assert not any(re.search(r"WHERE.*raison_sociale", sql) for sql in clauses)


# --- out of sight ------------------------------------------------------------------------------------------------


def test_un_objet_hors_portefeuille_n_existe_pas(limite, dossiers):
    sien, autre = dossiers[0], dossiers[5]
    assert len(limite.get(LISTE).context["cl"].result_list) == 2
    for suffixe in ("change/", "history/", "delete/"):
        assert limite.get(f"{LISTE}{autre.pk}/{suffixe}").status_code == 404
    assert limite.post(f"{LISTE}{autre.pk}/saluer/").status_code == 404
    assert limite.get(f"{LISTE}{sien.pk}/change/").status_code == 200
    assert limite.get(f"{LISTE}{sien.pk}/history/").status_code == 200


def test_une_version_passee_hors_portefeuille_n_existe_pas(limite, dossiers):
    version = dossiers[5].history.first().history_id
    assert limite.get(f"{LISTE}{dossiers[5].pk}/history/{version}/").status_code == 404
    sienne = dossiers[0].history.first().history_id
    adresse = f"{LISTE}{dossiers[0].pk}/history/{sienne}/"
    assert limite.get(adresse).status_code == 200
    assert limite.post(adresse, {"code": "PIRATE"}).status_code == 405
    assert limite.get(f"{LISTE}{dossiers[0].pk}/history/abc/").status_code == 404


def test_une_action_ne_prend_pas_les_lignes_des_autres(limite, dossiers):
    choix = {"action": "compter", ACTION_CHECKBOX_NAME: [dossiers[0].pk, dossiers[5].pk]}
    assert "1 comptés" in limite.post(LISTE, choix, follow=True).content.decode()


def test_un_champ_de_formulaire_ne_propose_pas_les_lignes_des_autres(limite, dossiers, rf):
    demande = rf.get("/")
    demande.user = Collaborateur.objects.get(username="limite")
    champ = Etablissement._meta.get_field("dossier")
    for ma in (AdminCabinet(Etablissement, site), EtablissementsEssai(Dossier, site)):
        formulaire = ma.formfield_for_foreignkey(champ, demande)
        assert set(formulaire.queryset.values_list("code", flat=True)) == {"D0", "D1"}


def test_un_identifiant_brut_ne_revele_pas_un_libelle(limite, dossiers, rf):
    class Brut(AdminCabinet):
        raw_id_fields = ("dossier",)

    demande = rf.get("/")
    demande.user = Collaborateur.objects.get(username="limite")
    champ = Brut(Etablissement, site).formfield_for_foreignkey(Etablissement._meta.get_field("dossier"), demande)
    assert "Essai 0" in champ.widget.render("dossier", dossiers[0].pk)
    for valeur in (dossiers[5].pk, "abc", 10**30):
        assert "Essai 5" not in champ.widget.render("dossier", valeur)


def test_l_autocompletion_ne_montre_que_ce_qu_on_voit(limite, dossiers):
    demande = {"app_label": "dossiers", "model_name": "etablissement", "field_name": "dossier", "term": "Essai"}
    textes = [r["text"] for r in limite.get(reverse("admin:autocomplete"), demande).json()["results"]]
    assert textes == ["D0 – Essai 0", "D1 – Essai 1"]
    assert limite.get(reverse("admin:autocomplete"), demande | {"page": "abc"}).status_code == 404


def test_un_identifiant_absurde_est_un_404(chef):
    for cle in ("0", "abc", "9" * 40, "1/2", "_2F", "%20"):
        assert chef.get(f"{LISTE}{cle}/change/").status_code == 404, cle


def test_une_selection_absurde_est_refusee(chef, dossiers):
    for valeur in ("abc", "9" * 40, "", "-", "1\x00"):
        assert chef.post(LISTE, {"action": "compter", ACTION_CHECKBOX_NAME: [valeur]}).status_code == 400, valeur


def test_rien_ne_se_supprime(chef, dossiers):
    assert chef.get(f"{LISTE}{dossiers[0].pk}/delete/").status_code == 403
    assert chef.post(f"{LISTE}{dossiers[0].pk}/delete/", {"post": "yes"}).status_code == 403
    chef.post(LISTE, {"action": "delete_selected", ACTION_CHECKBOX_NAME: [dossiers[0].pk], "post": "yes"})
    assert Dossier.objects.count() == 6


# --- buttons -----------------------------------------------------------------------------------------------------


def test_un_bouton_est_un_formulaire_post(chef, dossiers):
    fiche = f"{LISTE}{dossiers[0].pk}/"
    page = chef.get(f"{fiche}change/").content.decode()
    assert f'<form method="post" action="{fiche}saluer/"' in page
    assert 'data-confirmation="Saluer ce dossier\u00a0?"' in page
    assert "cacher/" not in page
    assert chef.get(f"{fiche}saluer/").status_code == 405
    reponse = chef.post(f"{fiche}saluer/", follow=True)
    assert reponse.redirect_chain == [(f"{fiche}change/", 302)]
    assert "Bonjour D0" in reponse.content.decode()
    assert chef.post(f"{fiche}refuser/").status_code == 418


def test_un_bouton_demande_son_droit(limite, dossiers):
    fiche = f"{LISTE}{dossiers[0].pk}/"
    assert "saluer/" not in limite.get(f"{fiche}change/").content.decode()
    assert limite.post(f"{fiche}saluer/").status_code == 403
    Collaborateur.objects.get(username="limite").user_permissions.add(
        Permission.objects.get(codename="archiver_dossier")
    )
    assert limite.post(f"{fiche}saluer/").status_code == 302


def test_un_bouton_demande_le_jeton_csrf(dossiers, django_user_model):
    from django.test import Client

    client = Client(enforce_csrf_checks=True)
    client.force_login(personne())
    assert client.post(f"{LISTE}{dossiers[0].pk}/saluer/").status_code == 403


# --- exports of a list -------------------------------------------------------------------------------------------


def lignes(reponse) -> list[list[str]]:
    texte = b"".join(reponse.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(texte, newline=""), delimiter=";"))


def test_l_export_suit_la_liste_a_l_ecran(chef, dossiers):
    Dossier.objects.filter(code__in=["D1", "D2"]).update(statut="operationnel")
    page = chef.get(LISTE, {"statut__exact": "operationnel", "o": "-1", "q": "D"})
    adresse = re.search(rf'href="({LISTE}export\.csv\?[^"]*)"', page.content.decode())[1].replace("&amp;", "&")
    assert lignes(chef.get(adresse)) == [["Code", "Statut"], ["D2", "Opérationnel"], ["D1", "Opérationnel"]]
    (journal,) = JOURNAL
    assert journal[:2] == ("chef", "dossiers.csv")
    assert "statut__exact=operationnel" in journal[2]


def test_l_export_ignore_la_page(chef, dossiers, monkeypatch):
    monkeypatch.setattr(DossierEssai, "list_per_page", 2)
    assert len(lignes(chef.get(f"{LISTE}export.csv?p=2"))) == 7


def test_l_export_de_la_selection(chef, dossiers):
    choix = {"action": "exporter_selection_csv", ACTION_CHECKBOX_NAME: [dossiers[0].pk, dossiers[3].pk]}
    assert [ligne[0] for ligne in lignes(chef.post(LISTE, choix))] == ["Code", "D0", "D3"]
    assert JOURNAL == [("chef", "dossiers.csv", "2 ligne(s) choisie(s)")]


def test_l_export_xlsx_est_un_classeur(chef, dossiers):
    reponse = chef.get(f"{LISTE}export.xlsx")
    assert b"".join(reponse.streaming_content).startswith(b"PK")
    assert JOURNAL == [("chef", "dossiers.xlsx", "")]


def test_l_export_respecte_le_portefeuille_et_les_droits(limite, client, dossiers):
    assert [ligne[0] for ligne in lignes(limite.get(f"{LISTE}export.csv"))] == ["Code", "D0", "D1"]
    client.force_login(personne("sans", superuser=False))
    assert client.get(f"{LISTE}export.csv").status_code == 403
    assert len(JOURNAL) == 1


def test_un_export_ne_s_ecrit_pas(chef, dossiers):
    assert chef.post(f"{LISTE}export.csv").status_code == 405
    assert chef.head(f"{LISTE}export.csv").status_code == 200
    assert JOURNAL == []


# --- forms and site ----------------------------------------------------------------------------------------------


def test_le_formulaire_d_un_secret_signe_la_personne(chef, cle):
    adresse = f"/admin/dossiers/cleapi/{cle.pk}/change/"
    champs = {"nom": "Cabinet", "type": "P04454", "environnement": "test", "domaine": "D1", "cle_publique": "K1"}
    reponse = chef.post(adresse, champs | {"plafond": "4", "client_secret": "neuf", "cle_abonnement": ""})
    assert reponse.status_code == 302, reponse.context["errors"]
    cle.refresh_from_db()
    assert (cle.client_secret, cle.client_secret_defini_par.username) == ("neuf", "chef")
    assert cle.cle_abonnement_defini_le is None
    assert "neuf" not in chef.get(adresse).content.decode()


def test_l_historique_se_lit(chef, cle):
    assert chef.get(f"/admin/dossiers/cleapi/{cle.pk}/history/").status_code == 200


def test_le_site_n_accepte_que_les_pages_de_la_maison():
    essai = SiteCabinet(name="essai")
    essai.register(Dossier)
    essai.register(CleApi, admin.ModelAdmin)
    assert not essai.is_registered(Dossier)
    assert not essai.is_registered(CleApi)
    essai.register(Dossier, AdminCabinet)
    assert essai.is_registered(Dossier)


def test_le_site_par_defaut_est_celui_du_cabinet():
    assert isinstance(admin.site._wrapped if admin.site._wrapped else admin.site, SiteCabinet)


def test_la_palette_ne_tombe_pas(chef):
    for page in ("abc", "99999", "0"):
        assert chef.get(f"/admin/search/?s=dossier&page={page}").status_code == 404, page
    assert chef.get("/admin/search/?s=dossier").status_code == 200
