"""Personal data: the export tells everything held, the anonymisation leaves the person nowhere in the database."""

import json

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import PermissionDenied
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from django.db.models import Q

from dossiers.echeances.nouvelles import annoncer_les_nouvelles
from dossiers.models import Appel, Avis, Etat, Evenement, Explication, Lot, Operation
from dossiers.services import conservation
from dossiers.services.erreurs import ActionImpossible
from dossiers.services.plans import confirmer
from interlocuteurs.models import Acces, Interlocuteur
from interlocuteurs.services.acces import demander_acces, preparer_cellules
from interlocuteurs.services.donnees import anonymiser, exporter_donnees
from interlocuteurs.services.fiches import Fiche, creer, modifier, valeurs
from interlocuteurs.services.gomme import Gomme
from interlocuteurs.services.remedes import marquer_invite
from interlocuteurs.services.traces import Personne, Trace, enregistrer_trace, evenements_de, operations_de
from tests.fabriques import (
    AccesFactory,
    AppelFactory,
    CollaborateurFactory,
    EvenementFactory,
    ExplicationFactory,
    InterlocuteurFactory,
    LotFactory,
    OperationFactory,
)

pytestmark = pytest.mark.django_db
ADRESSE = "zenobie@xn--ptre-9oa5a.example"
FICHE = Fiche(
    email="Zenobie@Épître.example", nom="Quatrelunes", prenom="Zénobie", mobile="0705060302", fixe="0142685300"
)
#: Nothing of this may remain; names as they were and as they became, telephones in every usual form.
MOTS = (
    "zenobie", "zénobie", "quatrelunes", "cinqsoleils", ADRESSE, "épître", "33705060302", "0705060302", "705060302",
    "07 05 06 03 02", "07.05.06.03.02", "0142685300", "142685300", "01 42 68 53 00", "z\\u00e9nobie",
)  # fmt: skip


def colonnes_de_texte():
    with connection.cursor() as curseur:
        curseur.execute(
            """SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'public'
               AND data_type IN ('text', 'character varying', 'json', 'jsonb', 'character') ORDER BY 1, 2"""
        )
        return curseur.fetchall()


def restes(mots=MOTS):
    """(table, column, text) wherever one of the words is, in the whole database."""
    trouves = []
    with connection.cursor() as curseur:
        for table, colonne in colonnes_de_texte():
            curseur.execute(
                f'SELECT "{colonne}"::text FROM "{table}" WHERE "{colonne}"::text ILIKE ANY(%s)',
                [[f"%{mot}%".replace("\\", "\\\\") for mot in mots]],
            )
            trouves += [(table, colonne, texte) for (texte,) in curseur.fetchall()]
    return trouves


@pytest.fixture
def zenobie(simulateur, cle, dossiers, manager, travailler):
    """A contact with a past: refused, invited, renamed, in plans, with unknown messages, then withdrawn."""
    zenobie, _ = creer(FICHE, cle=cle, acces=[(dossiers[0], "consultation")], par=manager)
    travailler()
    simulateur.inviter("*")
    marquer_invite([zenobie], par=manager)
    travailler()
    zenobie.refresh_from_db()
    modifier(zenobie, Fiche(**(FICHE_DE(zenobie) | {"nom": "Cinqsoleils"})), version=zenobie.version, par=manager)
    travailler()
    zenobie.refresh_from_db()
    scelle = preparer_cellules(
        [{"interlocuteur": zenobie.pk, "dossier": dossiers[1].pk, "offre": "start", "voulu": True}], par=manager
    ).sceller()
    Interlocuteur.objects.update(actif=False)
    confirmer(scelle, par=manager)
    Interlocuteur.objects.update(actif=True)
    demander_acces(
        [{"interlocuteur": zenobie.pk, "dossier": dossiers[0].pk, "offre": "consultation", "voulu": False}], par=manager
    )
    travailler()
    assert set(Operation.objects.values_list("etat", flat=True)) == {Etat.REUSSIE, Etat.ECHOUEE}
    mentionner(zenobie, manager, dossiers)
    zenobie.refresh_from_db()
    return zenobie


def FICHE_DE(personne):
    from dataclasses import asdict

    return asdict(valeurs(personne))


def mentionner(zenobie, manager, dossiers):
    """What people and the remote write around a contact."""
    message = ExplicationFactory(motif="Zénobie CINQSOLEILS est joignable au 07.05.06.03.02 seulement")
    ExplicationFactory(motif="{…} est joignable au {…} seulement")
    ExplicationFactory(ecrite=True, motif=f"Compte {ADRESSE} fermé", remede="Appelez le 01 42 68 53 00.")
    parametres = {"interlocuteur": zenobie.pk, "email": ADRESSE, "nom": "Cinqsoleils", "prenom": "Zénobie"}
    operation = OperationFactory(
        echouee=True,
        nature="donner_acces",
        demandee_par=manager,
        dossier=dossiers[0],
        explication=message,
        message=message.motif,
        parametres=parametres | {"offre": "start", "voulu_avant": False},
    )
    annoncer_les_nouvelles()
    EvenementFactory(type=Evenement.Type.OPERATION_ECHOUEE, operation=operation)
    annoncer_les_nouvelles()
    AppelFactory(operation=operation, corps_reponse='<p>Z\\u00e9nobie Cinqsoleils</p> "prenom": "Z\\u00e9nobie"')
    par_adresse = OperationFactory(reussie=True, dossier=dossiers[1], parametres={"offre": "start", "contact": ADRESSE})
    AppelFactory(operation=par_adresse, corps_requete=json.dumps({"email": ADRESSE.upper(), "codeDossier": "DEMO2"}))
    EvenementFactory(texte=f"Export, filtres : recherche {ADRESSE}.", details={"filtre": f"q={ADRESSE}"})
    EvenementFactory(
        type=Evenement.Type.EXPORT,
        texte="Export de « interlocuteurs », filtres : Quatrelunes.",
        details={"modele": "interlocuteurs.interlocuteur", "filtre": "Quatrelunes"},
    )
    LotFactory(refus=[{"pk": zenobie.pk, "libelle": f"Zénobie Cinqsoleils ({ADRESSE}) – DEMO1", "motif": "Archivé."}])
    for objet in (zenobie, operation):
        LogEntry.objects.create(
            user=manager,
            content_type=ContentType.objects.get_for_model(objet),
            object_id=str(objet.pk),
            object_repr="Zénobie Cinqsoleils",
            change_message='[{"changed": {"fields": ["Zénobie"]}}]',
            action_flag=CHANGE,
        )


def test_apres_l_anonymisation_la_personne_n_est_nulle_part_et_deux_messages_devenus_le_meme_n_en_font_qu_un(
    zenobie, manager
):
    tables = {table for table, _, _ in restes()}
    assert {
        "dossiers_operation",
        "dossiers_appel",
        "dossiers_avis",
        "dossiers_evenement",
        "dossiers_lot",
        "dossiers_explication",
        "django_admin_log",
        "interlocuteurs_interlocuteur",
        "interlocuteurs_historicalinterlocuteur",
    } <= tables, "le test regarde bien partout"
    assert any("Cinqsoleils" in avis["texte"] for avis in exporter_donnees(zenobie, par=manager)["avis"])
    anonymiser(zenobie, par=manager, motif="Demande écrite de Zénobie Cinqsoleils (07 05 06 03 02).")
    assert restes() == []
    assert f"anonyme {zenobie.pk}" in Avis.objects.get(objet__in=operations_de(zenobie)).texte
    (gardee,) = Explication.objects.filter(motif="{…} est joignable au {…} seulement")
    assert Operation.objects.get(explication=gardee).message.startswith(f"Interlocuteur anonyme {zenobie.pk}")


def test_la_piste_comptable_reste(zenobie, manager, dossiers):
    avant = list(Operation.objects.order_by("id").values_list("pk", "nature", "etat", "dossier", "lot", "terminee_le"))
    compte = (Appel.objects.count(), Evenement.objects.count(), Lot.objects.count(), Acces.objects.count())
    anonyme = anonymiser(zenobie, par=manager, motif="Départ du client.")
    assert avant == list(
        Operation.objects.order_by("id").values_list("pk", "nature", "etat", "dossier", "lot", "terminee_le")
    )
    assert (Appel.objects.count(), Evenement.objects.count() - 1, Lot.objects.count(), Acces.objects.count()) == compte
    assert conservation.verifier().somme == len(avant)
    pseudonyme = f"interlocuteur-{zenobie.pk}@anonyme.invalid"
    assert str(anonyme) == f"Interlocuteur anonyme {zenobie.pk} ({pseudonyme})"
    corps = json.loads(Appel.objects.filter(corps_requete__contains='"nom"').order_by("id")[0].corps_requete)
    assert (corps["email"], corps["codeDossier"], corps["offre"]) == (pseudonyme, "DEMO1", "consultation")
    assert operations_de(zenobie).filter(parametres__email=pseudonyme).count() == operations_de(zenobie).count()
    journal = Evenement.objects.latest("id")
    assert (journal.acteur, journal.details["anonymisation"]) == (manager, True)
    assert "Départ du client." in journal.texte
    assert [(h.nom, h.email) for h in anonyme.history.all()] == [(f"anonyme {zenobie.pk}", pseudonyme)] * 4


def test_les_autres_personnes_restent_telles_quelles(zenobie, manager):
    homonyme = InterlocuteurFactory(email="x" + ADRESSE, nom="Cinqsoleils", prenom="Zénobie", mobile="+33705060302")
    creer_un = EvenementFactory(texte=f"Interlocuteur créé : {homonyme}.", details={"interlocuteur": homonyme.pk})
    operation = OperationFactory(
        reussie=True,
        nature="donner_acces",
        parametres={"interlocuteur": homonyme.pk, "email": homonyme.email, "nom": "Cinqsoleils", "offre": "start"},
    )
    appel = AppelFactory(operation=operation, corps_requete='{"nom": "Cinqsoleils", "telephone": "0705060302"}')
    siret = EvenementFactory(texte="SIRET 11070506030299 modifié.")
    lot = LotFactory(
        refus=[
            {"pk": homonyme.pk, "libelle": f"{homonyme} – DEMO1", "motif": "Archivé."},
            {"pk": zenobie.pk, "libelle": f"{zenobie} – DEMO1", "motif": "Archivé."},
        ]
    )
    avant = [(type(o), o.pk, vars(type(o).objects.get(pk=o.pk))) for o in (homonyme, operation, appel, siret)]
    anonymiser(zenobie, par=manager, motif="Départ.")
    for modele, pk, valeurs_ in avant:
        apres = vars(modele.objects.get(pk=pk))
        assert {k: v for k, v in apres.items() if k != "_state"} == {k: v for k, v in valeurs_.items() if k != "_state"}
    creer_un.refresh_from_db()
    assert creer_un.texte == f"Interlocuteur créé : {homonyme}."
    lot.refresh_from_db()
    premiere, seconde = lot.refus
    assert premiere["libelle"] == f"{homonyme} – DEMO1"
    assert seconde["libelle"].startswith(f"Interlocuteur anonyme {zenobie.pk} (interlocuteur-")


@pytest.mark.parametrize("etat", ["en_attente", "en_cours", "incertaine", "a_verifier"])
def test_pas_tant_qu_une_operation_n_est_pas_reglee(manager, etat):
    from interlocuteurs.natures import objet_de

    personne = InterlocuteurFactory()
    traits = {} if etat == "en_attente" else {etat: True}
    OperationFactory(nature="donner_acces", objet=objet_de(personne), parametres={}, **traits)
    with pytest.raises(ActionImpossible, match="réglée"):
        anonymiser(personne, par=manager, motif="Départ.")
    personne.refresh_from_db()
    assert not personne.anonymise


def test_les_autres_refus(manager, collaborateur):
    acces = AccesFactory(en_place=True)
    with pytest.raises(ActionImpossible, match="encore des accès"):
        anonymiser(acces.interlocuteur, par=manager, motif="Départ.")
    libre = InterlocuteurFactory()
    with pytest.raises(ActionImpossible, match="motif"):
        anonymiser(libre, par=manager, motif="  ")
    with pytest.raises(PermissionDenied):
        anonymiser(libre, par=collaborateur, motif="Départ.")
    with pytest.raises(PermissionDenied):
        anonymiser(libre, par=CollaborateurFactory(manager=True, portefeuille=True), motif="Départ.")
    anonymiser(libre, par=manager, motif="Départ.")
    with pytest.raises(ActionImpossible, match="déjà anonymisé"):
        anonymiser(libre, par=manager, motif="Départ.")


def test_une_adresse_rendue_est_libre(cle, manager):
    personne, _ = creer(FICHE, cle=cle, par=manager)
    anonymiser(personne, par=manager, motif="Départ.")
    assert creer(FICHE, cle=cle, par=manager)[0].pk != personne.pk


def test_l_export_dit_tout_et_rien_de_secret(zenobie, manager, dossiers):
    lu = json.loads(json.dumps(exporter_donnees(zenobie, par=manager), cls=DjangoJSONEncoder))
    assert lu["fiche"]["email"] == ADRESSE
    assert lu["fiche"]["nom"] == "Cinqsoleils"
    assert {(a["dossier__code"], a["offre"]) for a in lu["acces"]} == {("DEMO1", "consultation")}
    assert [h["nom"] for h in lu["historique"]] == ["Quatrelunes", "Quatrelunes", "Cinqsoleils"]
    assert len(lu["opérations"]) == operations_de(zenobie).count() + 1
    assert any("addClient" in appel["adresse"] for appel in lu["appels"])
    assert any("demandée" in evenement["texte"] for evenement in lu["journal"])
    texte = json.dumps(lu)
    assert not any(secret in texte for secret in ("secret-invente", "abonnement-invente"))
    assert Evenement.objects.latest("id").type == Evenement.Type.EXPORT


def test_l_export_a_sa_permission(collaborateur):
    personne = InterlocuteurFactory()
    for par in (collaborateur, CollaborateurFactory(manager=True, portefeuille=True)):
        with pytest.raises(PermissionDenied):
            exporter_donnees(personne, par=par)


def test_les_operations_et_le_journal_d_une_personne_se_lisent_par_index(zenobie):
    with connection.cursor() as curseur:
        curseur.execute("SET LOCAL enable_seqscan = off")
    assert "operation_interlocuteur" in operations_de(zenobie).order_by("-id").explain()
    assert "evenement_interlocuteur" in Evenement.objects.filter(details__interlocuteur=zenobie.pk).explain()
    assert evenements_de(zenobie).count() > operations_de(zenobie).count()


def test_une_trace_ne_s_enregistre_qu_une_fois():
    with pytest.raises(ValueError, match="twice"):
        enregistrer_trace(Trace(nom="lots", modele=Lot, colonnes=(), siennes=lambda personne: Q()))


def test_la_gomme_ne_touche_ni_les_cles_ni_la_piste():
    personne = Personne(
        interlocuteur=Interlocuteur(pk=7), emails=("a@x.example",), telephones=(), noms=("Ana Nom", "Nom", "Ana", "L")
    )
    gomme = Gomme(personne, email="e@i", nom="N", telephone="T")
    assert gomme.effacer('{"nom": "NOM", "offre": "Nom", "autre": ["a@x.example", 3, null, "L"]}') == (
        '{"nom": "N", "offre": "Nom", "autre": ["e@i", 3, null, "N"]}'
    )
    assert gomme.effacer("L’offre d’Ana : Anabelle, nom.") == "L’offre d’N : Anabelle, N."
    assert gomme.effacer("maria@x.example, A@X.example, a@x.example.fr") == "maria@x.example, e@i, a@x.example.fr"
    assert gomme.effacer('{"coupé": "Nom') == '{"coupé": "N'
