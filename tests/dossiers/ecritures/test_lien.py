"""A link given by a person: what is accepted, how long it will work, and that nothing of it leaks."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dossiers.ecritures.lien import (
    PARIS,
    LienRefuse,
    duree,
    en_clair,
    hote_public,
    jauge,
    lire_instant,
    lire_lien,
    masquer_signatures,
)

MAINTENANT = datetime(2022, 3, 25, 15, 23, 51, tzinfo=UTC)
BASE = "https://stockage.exemple.fr/conteneur/ecritures.txt"
SECRET = "q7invente%2Fsecret%3D"
LOIN = "2022-04-25T15:23:51Z"


def signe(**parametres):
    """A link signed like those of Azure; `sig` last, as there."""
    requete = "&".join(f"{nom}={quote(valeur, safe='')}" for nom, valeur in parametres.items())
    return f"{BASE}?sv=2020-08-04&{requete}&sr=b&sp=r&sig={SECRET}"


def refus(texte, maintenant=MAINTENANT):
    with pytest.raises(LienRefuse) as leve:
        lire_lien(texte, maintenant=maintenant)
    exc = leve.value
    for partie in (exc.constat, exc.cause, exc.remede):
        assert partie.endswith(".")
    assert "invente" not in str(exc) + repr(exc)
    return exc


# --- lifetime ----------------------------------------------------------------------------------------------------


def test_un_lien_signe_est_accepte_et_masque():
    lien = lire_lien(f"  {signe(st='2022-03-24T15:23:51Z', se=LOIN)}\n", maintenant=MAINTENANT)
    assert lien.adresse == signe(st="2022-03-24T15:23:51Z", se=LOIN)
    assert lien.jusqu_au == datetime(2022, 4, 25, 15, 23, 51, tzinfo=UTC)
    assert lien.reste == timedelta(days=31)
    assert lien.affichage.endswith("&sig=•••")
    assert "invente" not in repr(lien) + lien.affichage


@pytest.mark.parametrize(
    ("ecrit", "lu"),
    [
        ("2022-03-26T15:23:51Z", datetime(2022, 3, 26, 15, 23, 51, tzinfo=UTC)),
        ("2022-03-26T15:23:51.1234567Z", datetime(2022, 3, 26, 15, 23, 51, 123456, tzinfo=UTC)),
        ("2022-03-26T15:23Z", datetime(2022, 3, 26, 15, 23, tzinfo=UTC)),
        ("2022-03-26", datetime(2022, 3, 26, tzinfo=UTC)),
        ("2022-03-26T15:23:51+02:00", datetime(2022, 3, 26, 13, 23, 51, tzinfo=UTC)),
        ("2022-03-26t15:23:51-0100", datetime(2022, 3, 26, 16, 23, 51, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 1, 1, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", datetime(1970, 1, 1, tzinfo=UTC)),
        ("2022-03-26T15:23:51", None),
        ("2022-02-30", None),
        ("2022-03-26T25:00Z", None),
        ("２０２２-03-26", None),
        ("1648308231", None),
        ("", None),
    ],
)
def test_les_formes_de_date_d_azure(ecrit, lu):
    assert lire_instant(ecrit) == lu


@pytest.mark.parametrize("se", ["2022-03-27T15%3A23%3A51Z", "2022-03-27T15:23:51Z", "2022-03-27T17:23:51+02:00",
                                "2022-03-27T17%3A23%3A51%2B02%3A00"])  # fmt: skip
@pytest.mark.parametrize("nom", ["se", "SE", "%73e"])
def test_la_fin_se_lit_encodee_ou_non(nom, se):
    lien = lire_lien(f"{BASE}?{nom}={se}&sig={SECRET}", maintenant=MAINTENANT)
    assert lien.jusqu_au == datetime(2022, 3, 27, 15, 23, 51, tzinfo=UTC)


@pytest.mark.parametrize("requete", ["", "?sig=abc", "?id=7", "?se=oui&id=7"])
def test_sans_fin_ecrite_la_duree_est_inconnue(requete):
    lien = lire_lien(BASE + requete, maintenant=MAINTENANT)
    assert (lien.jusqu_au, lien.reste) == (None, None)
    lue = jauge(lien.jusqu_au, maintenant=MAINTENANT)
    assert (lue.heures, lue.pourcent, lue.suffisant) == (None, None, True)
    assert "inconnue" in lue.phrase


@pytest.mark.parametrize("requete", ["se=demain", "se=", "st=hier&se=2022-05-01", "se=2022-05-01&se=2022-06-01"])
def test_une_date_illisible_ou_double_est_refusee(requete):
    assert "illisible" in refus(f"{BASE}?{requete}&sig={SECRET}").cause


def test_un_lien_qui_s_ouvre_plus_tard_est_refuse():
    assert "s’ouvre le 26/03/2022 à 16\u00a0h\u00a000" in refus(signe(st="2022-03-26T15:00Z", se=LOIN)).cause
    assert lire_lien(signe(st="2022-03-25T15:23:51Z", se=LOIN), maintenant=MAINTENANT)


def test_un_lien_fini_est_refuse():
    assert "plus depuis le 25/03/2022 à 16\u00a0h\u00a023" in refus(signe(se="2022-03-25T15:23:51Z")).cause


@given(st.integers(-(10**6), 10**7))
@example(86_399)
@example(86_400)
@example(0)
def test_la_limite_est_de_vingt_quatre_heures_juste(secondes):
    fin = MAINTENANT + timedelta(seconds=secondes)
    texte = signe(se=f"{fin:%Y-%m-%dT%H:%M:%SZ}")
    lue = jauge(fin, maintenant=MAINTENANT)
    assert lue.suffisant is (secondes >= 86_400)
    assert lue.pourcent == max(0, min(100, secondes * 100 // 86_400))
    assert lue.heures == max(0, secondes // 3600)
    if secondes >= 86_400:
        assert lire_lien(texte, maintenant=MAINTENANT).reste == timedelta(seconds=secondes)
    else:
        refus(texte)


# The night of 27 March 2022 has 23 hours in Paris and that of 30 October has 25; the link counts real ones.
@pytest.mark.parametrize(
    ("maintenant", "fin_dite"),
    [
        pytest.param(datetime(2022, 3, 26, 18, 0, tzinfo=PARIS), "27/03/2022 à 18\u00a0h\u00a059", id="mars"),
        pytest.param(datetime(2022, 10, 29, 18, 0, tzinfo=PARIS), "30/10/2022 à 16\u00a0h\u00a059", id="octobre"),
        pytest.param(datetime(2022, 6, 1, 18, 0, tzinfo=PARIS), "02/06/2022 à 17\u00a0h\u00a059", id="juin"),
    ],
)
def test_23_h_59_et_24_h_01_par_dessus_un_changement_d_heure(maintenant, fin_dite):
    depart = maintenant.astimezone(UTC)
    court, long = (
        f"{depart + timedelta(hours=24, minutes=minutes):%Y-%m-%dT%H:%M:%SZ}" for minutes in (-1, 1)
    )  # fmt: skip
    refuse = refus(signe(se=court), maintenant)
    assert "il reste 23\u00a0h\u00a059, jusqu’au" in refuse.cause
    assert fin_dite in refuse.cause
    lien = lire_lien(signe(se=long), maintenant=maintenant)
    assert lien.reste == timedelta(hours=24, minutes=1)
    avant, apres = (jauge(lire_instant(se), maintenant=maintenant) for se in (court, long))
    assert (avant.heures, avant.pourcent, avant.suffisant) == (23, 99, False)
    assert (apres.heures, apres.pourcent, apres.suffisant) == (24, 100, True)
    assert avant.phrase.startswith("Il reste 23\u00a0h\u00a059")
    assert apres.phrase.startswith("Il reste 24\u00a0h\u00a001")


def test_l_heure_qui_vient_deux_fois_dit_laquelle():
    assert en_clair(datetime(2022, 10, 30, 0, 30, tzinfo=UTC)).endswith("2\u00a0h\u00a030 (heure d’été, à Paris)")
    assert en_clair(datetime(2022, 10, 30, 1, 30, tzinfo=UTC)).endswith("2\u00a0h\u00a030 (heure d’hiver, à Paris)")
    assert en_clair(datetime(2022, 3, 27, 1, 30, tzinfo=UTC)).endswith("3\u00a0h\u00a030 (heure de Paris)")


@pytest.mark.parametrize(
    ("secondes", "dite"),
    [(-5, "moins d’une minute"), (59, "moins d’une minute"), (60, "1 min"), (86_399, "23 h 59"), (86_400, "24 h 00"),
     (259_199, "71 h 59"), (259_200, "3 jours"), (280_000, "3 jours et 5 h")],
)  # fmt: skip
def test_la_duree_se_dit_arrondie_en_dessous(secondes, dite):
    assert duree(timedelta(seconds=secondes)).replace("\u00a0", " ") == dite


def test_un_lien_sans_fin_ne_fait_pas_d_erreur():
    lien = lire_lien(signe(se="9999-12-31T23:59:59Z"), maintenant=MAINTENANT)
    assert jauge(lien.jusqu_au, maintenant=MAINTENANT).pourcent == 100


# --- form --------------------------------------------------------------------------------------------------------

PRIVES = [
    "localhost", "LOCALHOST", "localhost.", "a.localhost", "serveur", "fichiers.local", "nas.lan", "x.internal",
    "127.0.0.1", "127.1", "0", "0.0.0.0", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "127.0.0.1.",
    "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "[::1]",
    "[::]", "[fe80::1]", "[fc00::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]",
    "[2002:7f00:1::]", "[64:ff9b::7f00:1]", "[2001:0:7f00:1::]", "-a.fr", "a-.fr", "a..fr", "a_b.fr", "1.2.3",
    "example.1", "xn--.fr-", "１２７.０.０.１",
]  # fmt: skip


@pytest.mark.parametrize("hote", PRIVES)
def test_un_serveur_qui_n_est_pas_public_est_refuse(hote):
    refus(f"https://{hote}/f.txt?se={LOIN}&sig={SECRET}")


@pytest.mark.parametrize("hote", ["stockage.exemple.fr", "a.blob.core.windows.net.", "8.8.8.8", "[2606:4700::1111]",
                                  "xn--caf-dma.fr", "FICHIERS.exemple.FR"])  # fmt: skip
def test_un_serveur_public_est_accepte(hote):
    assert lire_lien(f"https://{hote}/f.txt", maintenant=MAINTENANT).jusqu_au is None


@pytest.mark.parametrize(
    "texte",
    [
        "", "   ", "ecritures.txt", "http://stockage.exemple.fr/f.txt", "ftp://stockage.exemple.fr/f.txt",
        "//stockage.exemple.fr/f.txt", "file:///etc/passwd", "javascript:alert(1)", "https:///f.txt", "https://",
        "https://moi:invente@stockage.exemple.fr/f.txt", "https://@stockage.exemple.fr/f.txt",
        "https://stockage.exemple.fr\\@10.0.0.1/f.txt", "https://stockage.exemple.fr:0/f.txt",
        "https://stockage.exemple.fr:22/f.txt", "https://stockage.exemple.fr:99999/f.txt",
        "https://stockage.exemple.fr:abc/f.txt", "https://stockage.exemple.fr/a b.txt",
        "https://stockage.exemple.fr/a\nb.txt", "https://stock\tage.exemple.fr/f.txt", "https://stockage.exemple.fr/\x00",
        "https://stockage.exemple.fr/a\u202egpj.txt", "https://stockage.exemple.fr/a\ud800", "https://[::1/f.txt",
        "https://stockage.exemple.fr/f.txt#se=2099-01-01", "https://stockage.exemple.fr", "https://stockage.exemple.fr//",
        f"https://stockage.exemple.fr/{'a' * 2000}",
    ],
)  # fmt: skip
def test_une_adresse_douteuse_est_refusee(texte):
    refus(texte)


def test_la_longueur_permise():
    adresse = "https://stockage.exemple.fr/"
    assert lire_lien(adresse + "a" * (2000 - len(adresse)), maintenant=MAINTENANT)
    assert "2000" in refus(adresse + "a" * (2001 - len(adresse))).cause


@given(st.text(max_size=200))
def test_n_importe_quel_texte_donne_un_lien_ou_un_refus(texte):
    for essai in (
        texte,
        f"https://{texte}",
        f"{BASE}?{texte}",
        f"https://stockage.exemple.fr/{texte}?se={texte}&sig=a",
    ):
        try:
            lien = lire_lien(essai, maintenant=MAINTENANT)
        except LienRefuse:
            continue
        assert lien.adresse.startswith("https://")
        assert lien.jusqu_au is None or lien.jusqu_au - MAINTENANT >= timedelta(hours=24)


@given(st.integers(0, 2**32 - 1))
def test_une_adresse_ip_ecrite_en_nombre_n_est_jamais_publique(nombre):
    assert not hote_public(str(nombre))
    assert not hote_public(hex(nombre))


# --- masking -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("nom", ["sig", "SIG", "%73ig", "X-Amz-Signature", "X-Goog-Signature", "token", "u=1%26sig"])
def test_la_signature_ne_se_montre_pas(nom):
    lien = lire_lien(f"{BASE}?{nom}={SECRET}&id=7", maintenant=MAINTENANT)
    assert "invente" not in lien.affichage + repr(lien)
    assert "id=7" in lien.affichage


def test_une_phrase_garde_le_reste_de_ses_mots():
    phrase = f"Le fichier {BASE}?se=2022&sig={SECRET} n'est pas lisible (sig: absente)."
    assert masquer_signatures(phrase) == f"Le fichier {BASE}?se=2022&sig=••• n'est pas lisible (sig: absente)."
