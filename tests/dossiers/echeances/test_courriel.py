"""The digest: when it leaves, what it says, and that it never leaves twice."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused, SMTPServerDisconnected
from typing import Any

import pytest
import time_machine
from django.core import mail

from dossiers.echeances import courriel as module
from dossiers.echeances.courriel import envoyer_les_resumes, premier_ouvre_de_la_semaine
from dossiers.models import Avis, Collaborateur, Courriel, Dossier, Preference
from dossiers.tasks import prevenir
from tests.fabriques import CleApiFactory, CollaborateurFactory, DossierFactory, ImportEcrituresFactory

pytestmark = pytest.mark.django_db
#: Tuesday, 10:00 in Paris.
MARDI = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest.fixture
def horloge() -> Iterator[Any]:
    with time_machine.travel(MARDI, tick=False) as voyage:
        yield voyage


@pytest.fixture
def personne() -> Any:
    return CollaborateurFactory(collaborateur=True)


def avis(personne: Any, **champs: Any) -> Avis:
    dossier = champs.pop("dossier", None) or DossierFactory()
    importation = ImportEcrituresFactory(lien=True, dossier=dossier)
    return Avis.objects.create(
        personne=personne,
        genre="lien",
        objet=importation.pk,
        cle=f"lien:{importation.pk}",
        texte=f"Import n° {importation.pk}",
        adresse=f"/admin/dossiers/importecritures/{importation.pk}/change/",
        a_envoyer=True,
        **champs,
    )


def test_un_seul_message_par_jour_avec_des_liens_et_sans_secret(horloge: Any, personne: Any, settings: Any) -> None:
    settings.ADRESSE_PUBLIQUE = "https://passerelle.cabinet.example"
    un = avis(personne)
    avis(personne, escalade=True)
    assert envoyer_les_resumes() == 1
    assert envoyer_les_resumes() == 0
    [message] = mail.outbox
    assert message.to == [personne.email]
    assert message.subject == "Passerelle : 2 avis"
    assert f"https://passerelle.cabinet.example{un.adresse}" in message.body
    assert "comme manager ou administrateur" in message.body
    assert message.extra_headers == {"Auto-Submitted": "auto-generated"}
    assert "signature" not in message.body
    assert "/agenda/" not in message.body
    avis(personne)
    assert envoyer_les_resumes() == 0  # the next working day
    horloge.shift(timedelta(days=1))
    assert envoyer_les_resumes() == 1
    assert mail.outbox[1].subject == "Passerelle : 1 avis"


@pytest.mark.parametrize(
    ("maintenant", "part"),
    [
        ("2026-12-01T05:30", False),  # 6:30 in Paris
        ("2026-12-01T06:30", True),
        ("2026-12-05T09:00", False),  # Saturday
        ("2026-12-25T09:00", False),  # holiday
        ("2027-01-01T09:00", False),
        ("2027-03-29T09:00", False),  # Easter Monday, after the clock went forward
        ("2027-03-30T05:30", True),  # 7:30 in Paris, summer time
        ("2027-11-02T05:30", False),  # 6:30 in Paris, winter time again
        ("2028-02-29T09:00", True),
    ],
)
def test_le_matin_des_jours_ouvres_seulement(personne: Any, maintenant: str, part: bool) -> None:
    with time_machine.travel(datetime.fromisoformat(f"{maintenant}+00:00"), tick=False):
        avis(personne)
        assert envoyer_les_resumes() == part


@pytest.mark.parametrize(
    ("jour", "premier"),
    [
        ("2026-12-03", "2026-11-30"),
        ("2027-03-31", "2027-03-30"),  # Easter Monday
        ("2027-01-01", "2026-12-28"),
        ("2027-05-19", "2027-05-18"),  # Whit Monday
    ],
)
def test_le_premier_jour_ouvre_de_la_semaine(jour: str, premier: str) -> None:
    assert premier_ouvre_de_la_semaine(date.fromisoformat(jour)) == date.fromisoformat(premier)


def test_une_fois_par_semaine(horloge: Any, personne: Any) -> None:
    Preference.objects.create(personne=personne, frequence=Preference.Frequence.CHAQUE_SEMAINE)
    avis(personne)  # a Tuesday
    assert envoyer_les_resumes() == 0
    horloge.move_to(datetime(2026, 12, 7, 9, tzinfo=UTC))
    avis(personne)
    assert envoyer_les_resumes() == 1
    assert mail.outbox[0].subject == "Passerelle : 2 avis"
    horloge.shift(timedelta(hours=1))
    avis(personne)  # the same Monday, after the mail
    for jours in (0, 1, 1):
        horloge.shift(timedelta(days=jours))
        assert envoyer_les_resumes() == 0
    horloge.move_to(datetime(2026, 12, 14, 9, tzinfo=UTC))
    assert envoyer_les_resumes() == 1


def test_une_semaine_commencee_sans_serveur_se_rattrape(horloge: Any, personne: Any) -> None:
    Preference.objects.create(personne=personne, frequence=Preference.Frequence.CHAQUE_SEMAINE)
    avis(personne, cree_le=datetime(2026, 11, 30, 9, tzinfo=UTC))
    assert envoyer_les_resumes() == 1


@pytest.mark.parametrize("situation", ["jamais", "inactif", "sans adresse", "deja lu", "hors de vue"])
def test_rien_ne_part(horloge: Any, situation: str) -> None:
    personne = CollaborateurFactory(collaborateur=True, portefeuille=True)
    un = avis(personne, dossier=DossierFactory(maitre_dossier=personne.login_loop))
    match situation:
        case "jamais":
            Preference.objects.create(personne=personne, frequence=Preference.Frequence.JAMAIS)
        case "inactif":
            Collaborateur.objects.update(is_active=False)
        case "sans adresse":
            Collaborateur.objects.update(email="")
        case "deja lu":
            Avis.objects.filter(pk=un.pk).update(lu_le=datetime.now(UTC))
        case "hors de vue":
            Dossier.objects.update(maitre_dossier="")
    assert envoyer_les_resumes() == 0
    assert mail.outbox == []


class Serveur:
    """A mail server that fails where it is told."""

    def __init__(self, *, ouverture: Exception | None = None, envoi: BaseException | None = None) -> None:
        self.ouverture, self.envoi, self.recus = ouverture, envoi, 0

    def open(self) -> None:
        if self.ouverture:
            raise self.ouverture

    def send_messages(self, messages: list[Any]) -> None:
        self.recus += len(messages)
        if self.envoi:
            raise self.envoi

    def close(self) -> None:
        pass


def brancher(monkeypatch: pytest.MonkeyPatch, serveur: Serveur) -> Serveur:
    monkeypatch.setattr(module, "get_connection", lambda: serveur)
    return serveur


def etat() -> str:
    return Courriel.objects.get().etat


def test_un_processus_tue_pendant_l_envoi_n_envoie_pas_deux_fois(
    horloge: Any, personne: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    avis(personne)
    serveur = brancher(monkeypatch, Serveur(envoi=KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        envoyer_les_resumes()
    serveur.envoi = None
    for jours in (0, 1, 1):
        horloge.shift(timedelta(days=jours))
        assert envoyer_les_resumes() == 0
    assert (serveur.recus, etat()) == (1, "en_envoi")
    assert Avis.objects.filter(montre=True).count() == 1  # it is in the product all the same


def test_un_envoi_coupe_n_est_pas_repete(horloge: Any, personne: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    avis(personne)
    serveur = brancher(monkeypatch, Serveur(envoi=SMTPServerDisconnected("coupé")))
    envoyer_les_resumes()
    horloge.shift(timedelta(hours=1))
    envoyer_les_resumes()
    assert (serveur.recus, etat()) == (1, "en_envoi")


def test_un_serveur_injoignable_est_retente_plus_tard(
    horloge: Any, personne: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    avis(personne)
    serveur = brancher(monkeypatch, Serveur(ouverture=ConnectionRefusedError()))
    assert envoyer_les_resumes() == 0
    assert etat() == "a_reprendre"
    serveur.ouverture = None
    assert envoyer_les_resumes() == 0  # too soon
    horloge.shift(timedelta(minutes=16))
    assert envoyer_les_resumes() == 1
    assert (etat(), Courriel.objects.get().tentatives) == ("envoye", 2)


def test_un_serveur_muet_n_est_essaye_qu_une_fois_par_tour(
    horloge: Any, personne: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    for une in (personne, CollaborateurFactory(collaborateur=True), CollaborateurFactory(collaborateur=True)):
        avis(une)
    serveur, essais = brancher(monkeypatch, Serveur(ouverture=TimeoutError())), []
    monkeypatch.setattr(serveur, "open", lambda: essais.append(1) or (_ for _ in ()).throw(TimeoutError()))
    assert envoyer_les_resumes() == 0
    assert (len(essais), Courriel.objects.count()) == (1, 1)


def test_qui_n_est_plus_du_cabinet_ne_recoit_rien(horloge: Any, personne: Any) -> None:
    avis(personne)
    Collaborateur.objects.filter(pk=personne.pk).update(is_staff=False)
    assert envoyer_les_resumes() == 0
    assert mail.outbox == []


@pytest.mark.parametrize("frequence", [None, Preference.Frequence.CHAQUE_SEMAINE])
@pytest.mark.parametrize("essais", [1, module.TENTATIVES + 2])
def test_ce_qui_n_est_surement_pas_parti_part_le_lendemain(
    horloge: Any, personne: Any, monkeypatch: pytest.MonkeyPatch, essais: int, frequence: str | None
) -> None:
    """After every try of the day, or when nobody tried again before the night."""
    horloge.move_to(datetime(2026, 11, 30, 9, tzinfo=UTC))
    if frequence:
        Preference.objects.create(personne=personne, frequence=frequence)
    avis(personne)
    serveur = brancher(monkeypatch, Serveur(ouverture=ConnectionRefusedError()))
    for _ in range(essais):
        envoyer_les_resumes()
        horloge.shift(timedelta(minutes=16))
    assert Courriel.objects.get().tentatives == min(essais, module.TENTATIVES)
    assert etat() == ("a_reprendre" if essais == 1 else "echoue")
    serveur.ouverture = None
    assert envoyer_les_resumes() == (1 if essais == 1 else 0)
    assert serveur.recus == (1 if essais == 1 else 0)
    horloge.shift(timedelta(days=1))
    assert envoyer_les_resumes() == (0 if essais == 1 else 1)


def test_une_reprise_d_hier_donne_ses_avis_au_resume_du_jour(
    horloge: Any, personne: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    avis(personne)
    serveur = brancher(monkeypatch, Serveur(ouverture=ConnectionRefusedError()))
    envoyer_les_resumes()
    serveur.ouverture = None
    horloge.shift(timedelta(days=1))
    assert (envoyer_les_resumes(), serveur.recus) == (1, 1)
    assert list(Courriel.objects.order_by("jour").values_list("etat", flat=True)) == ["echoue", "envoye"]
    horloge.shift(timedelta(days=1))
    assert envoyer_les_resumes() == 0


@pytest.mark.parametrize(
    ("refus", "attendu"),
    [
        (SMTPDataError(554, b"refus"), "echoue"),
        (SMTPDataError(451, b"plus tard"), "a_reprendre"),
        (SMTPRecipientsRefused({"p@cabinet.example": (450, b"liste grise")}), "a_reprendre"),
        (SMTPRecipientsRefused({"p@cabinet.example": (550, b"inconnu")}), "echoue"),
    ],
)
def test_un_refus_du_serveur_est_definitif_ou_pour_l_instant(
    horloge: Any, personne: Any, monkeypatch: pytest.MonkeyPatch, refus: Exception, attendu: str
) -> None:
    avis(personne)
    serveur = brancher(monkeypatch, Serveur(envoi=refus))
    assert envoyer_les_resumes() == 0
    assert etat() == attendu
    serveur.envoi = None
    horloge.shift(timedelta(minutes=16))
    assert envoyer_les_resumes() == (attendu == "a_reprendre")
    horloge.shift(timedelta(days=1))
    assert envoyer_les_resumes() == 0


def test_un_message_qu_on_ne_sait_pas_ecrire_ne_retient_pas_les_autres(
    horloge: Any, personne: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    avis(personne)
    avis(CollaborateurFactory(collaborateur=True))
    ecrire = module._message
    monkeypatch.setattr(module, "_message", lambda c: ecrire(c) if c.personne != personne else 1 / 0)
    assert envoyer_les_resumes() == 1
    assert Courriel.objects.get(personne=personne).etat == "a_reprendre"


def test_sans_serveur_de_courriel_rien_n_est_fait_puis_seul_le_recent_part(
    horloge: Any, personne: Any, settings: Any
) -> None:
    settings.COURRIEL_ACTIF = False
    avis(personne)
    assert envoyer_les_resumes() == 0
    assert (mail.outbox, Courriel.objects.count()) == ([], 0)
    horloge.shift(timedelta(days=15))  # a Wednesday
    avis(personne)
    settings.COURRIEL_ACTIF = True
    assert envoyer_les_resumes() == 1
    assert mail.outbox[0].subject == "Passerelle : 1 avis"


def test_un_tour_est_borne_et_le_suivant_continue(horloge: Any) -> None:
    for _ in range(3):
        avis(CollaborateurFactory(collaborateur=True))
    assert envoyer_les_resumes(limite=2) == 2
    assert envoyer_les_resumes(limite=2) == 1


def test_la_tache_du_matin_rappelle_puis_envoie(horloge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dossiers.tasks.epoque.est_ouverte", lambda: True)
    administrateur = CollaborateurFactory(administrateur=True)
    CleApiFactory(nom="Clé du cabinet", expire_le=date(2026, 12, 8))
    prevenir()
    prevenir()
    [message] = mail.outbox
    assert message.to == [administrateur.email]
    assert "Clé du cabinet" in message.body
    assert "08/12/2026" in message.body


def test_une_base_restauree_ne_previent_personne(horloge: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dossiers.tasks.epoque.est_ouverte", lambda: False)
    avis(CollaborateurFactory(collaborateur=True))
    prevenir()
    assert mail.outbox == []


def test_deux_processus_a_la_fois_ne_prennent_pas_le_meme_resume(horloge: Any, personne: Any) -> None:
    avis(personne)
    assert module._prendre(personne, date(2026, 12, 1), Avis.objects.all())
    assert module._prendre(personne, date(2026, 12, 1), Avis.objects.all()) is None
