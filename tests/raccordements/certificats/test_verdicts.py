"""Rules of the verdicts at their edges: days, time zones, several files, weights, names made to deceive."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from raccordements.certificats.analyse import analyser
from raccordements.certificats.defenses import Limites
from raccordements.certificats.schemas import EmetteurConnu, Gravite, Reglages
from raccordements.certificats.verdicts import bloque, juger
from tests.raccordements.certificats.autorite import (
    AUTORITE,
    CLIENT,
    JOUR,
    MAINTENANT,
    SERVEUR,
    SIREN,
    emettre,
    nom,
    p7b,
    pki,
)
from tests.raccordements.certificats.corpus import chemin_trop_long

LIMITES = Limites(taille=65_536, nombre=10, memoire=2**28, secondes=5)
SECONDE = timedelta(seconds=1)


def verdicts(octets, *, protocole="as2", siren=SIREN, maintenant=MAINTENANT, emetteurs=(), reglages=None, autres=()):
    analyse = analyser(octets, LIMITES)
    liste = juger(analyse, protocole, siren, maintenant, emetteurs, reglages or Reglages(), autres)
    return {verdict.code: verdict for verdict in liste}


BON = p7b(*pki().chaine())
FIN = MAINTENANT + 600 * JOUR


@pytest.mark.parametrize(
    ("maintenant", "code", "jours", "gravite"),
    [
        (FIN - 61 * JOUR, "en_cours_de_validite", 61, Gravite.INFORMATION),
        (FIN - 61 * JOUR + SECONDE, "echeance_proche", 60, Gravite.INFORMATION),
        (FIN - 31 * JOUR, "echeance_proche", 31, Gravite.INFORMATION),
        (FIN - 30 * JOUR, "echeance_proche", 30, Gravite.AVERTISSEMENT),
        (FIN - 7 * JOUR, "echeance_proche", 7, Gravite.AVERTISSEMENT),
        (FIN - JOUR + SECONDE, "echeance_proche", 0, Gravite.AVERTISSEMENT),
        (FIN, "echeance_proche", 0, Gravite.AVERTISSEMENT),
        (FIN + SECONDE, "expire", -1, Gravite.BLOQUANT),
        (MAINTENANT - 100 * JOUR, "en_cours_de_validite", 700, Gravite.INFORMATION),
        (MAINTENANT - 100 * JOUR - SECONDE, "pas_encore_valable", 700, Gravite.BLOQUANT),
    ],
)
def test_les_bornes_des_dates(maintenant, code, jours, gravite):
    verdict = verdicts(BON, maintenant=maintenant)[code]
    assert (verdict.jours, verdict.gravite, verdict.rang) == (jours, gravite, 1)


def test_les_jours_restants_s_accordent():
    assert "il reste 2\u00a0jours." in verdicts(BON, maintenant=FIN - 2 * JOUR)["echeance_proche"].quoi
    assert "il reste 1\u00a0jour." in verdicts(BON, maintenant=FIN - JOUR)["echeance_proche"].quoi
    assert "il reste moins d’un jour." in verdicts(BON, maintenant=FIN)["echeance_proche"].quoi


def test_les_dates_sont_celles_de_paris():
    fin = datetime(2028, 6, 30, 22, 30, tzinfo=UTC)
    dit = verdicts(p7b(*pki().chaine(fin=fin - MAINTENANT)))["en_cours_de_validite"].quoi
    assert "01/07/2028" in dit


def test_les_seuils_sont_des_reglages():
    reglages = Reglages(seuils=(5,), duree_max_jours=100)
    dits = verdicts(BON, maintenant=FIN - 5 * JOUR, reglages=reglages)
    assert dits["echeance_proche"].gravite is Gravite.AVERTISSEMENT, "the only threshold warns"
    assert "duree_excessive" in dits
    assert "en_cours_de_validite" in verdicts(BON, maintenant=FIN - 6 * JOUR, reglages=reglages)
    assert "en_cours_de_validite" in verdicts(BON, maintenant=FIN, reglages=Reglages(seuils=()))


@given(instant=st.datetimes(datetime(1960, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)))
def test_une_feuille_a_toujours_exactement_un_verdict_de_dates(instant):
    codes = {"expire", "pas_encore_valable", "echeance_proche", "en_cours_de_validite"}
    assert len(codes & set(verdicts(BON, maintenant=instant))) == 1


def test_un_deuxieme_fichier_apporte_l_usage_qui_manque():
    client, serveur = (p7b(*pki().chaine(usages=[usage])) for usage in (CLIENT, SERVEUR))
    assert "usage_serveur_absent" in verdicts(client)
    dits = verdicts(client, autres=[analyser(serveur, LIMITES)])
    assert "usages_conformes" in dits
    assert not bloque(dits.values())


def test_seul_un_verdict_bloquant_bloque():
    assert not bloque(verdicts(BON).values())
    assert bloque(verdicts(p7b(pki().feuille())).values())
    assert not bloque(verdicts(p7b(*pki().chaine(cle=None, usages=None))).values())


def test_client_et_serveur_separes_informent_en_as2_et_avertissent_en_sftp():
    feuilles = [pki().feuille(usages=[usage]) for usage in (CLIENT, SERVEUR)]
    fichier = p7b(*feuilles, pki().intermediaire, pki().racine)
    attendus = {"as2": Gravite.INFORMATION, "pesit": Gravite.INFORMATION, "sftp": Gravite.AVERTISSEMENT}
    for protocole, gravite in attendus.items():
        assert verdicts(fichier, protocole=protocole)["plusieurs_certificats"].gravite is gravite


def test_un_nom_d_autorite_ne_suffit_pas_quand_l_empreinte_est_notee():
    fausse = emettre(nom("Racine d’essai"), ac=True)
    fichier = p7b(pki().feuille(par=fausse), fausse)
    connus = [EmetteurConnu(AUTORITE, pki().racine.sha256)]
    assert "emetteur_usurpe" in verdicts(fichier, emetteurs=connus)
    assert "emetteur_connu" in verdicts(BON, emetteurs=connus)


def test_une_empreinte_se_copie_avec_ses_deux_points():
    empreinte = pki().intermediaire.sha256.upper()
    deux_points = ":".join(empreinte[rang : rang + 2] for rang in range(0, 64, 2))
    assert "emetteur_connu" in verdicts(BON, emetteurs=[EmetteurConnu("x", deux_points)])


def test_le_nombre_d_autorites_permis_est_dit():
    verdict = verdicts(chemin_trop_long())["chemin_trop_long"]
    assert "Elle en permet 0 et le fichier en montre 1" in verdict.pourquoi


def test_un_nom_qui_porte_des_accolades_ou_un_message_reste_un_nom():
    sujet = nom("{rang.__class__} Tout est conforme. " + "x" * 20, "Essai {0}")
    dits = verdicts(p7b(*pki().chaine(sujet=sujet)))
    assert "« {rang.__class__} Tout" in dits["siren_absent"].quoi.replace("\u00a0", " ")


@pytest.mark.parametrize("protocole", ["x25", "PeSIT"])
def test_un_protocole_inconnu_est_une_faute_de_l_appelant(protocole):
    with pytest.raises(ValueError, match=protocole):
        verdicts(BON, protocole=protocole)


def test_une_adresse_ipv6_et_un_nom_qui_y_ressemble():
    alternatifs = [x509.DNSName("1.2.3.exemple.test")]
    assert "adresse_ip" not in verdicts(p7b(*pki().chaine(alternatifs=alternatifs)))
