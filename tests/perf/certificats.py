"""Certificate files: analyses a second as a share of bare parsing, and what the start of a child costs."""

from __future__ import annotations

from tests.perf.terrain import Mesure, Terrain, dire, mediane

FICHIERS, CERTIFICATS = 100, 3


def mesurer(terrain: Terrain) -> list[Mesure]:
    from cryptography.hazmat.primitives.serialization.pkcs7 import load_der_pkcs7_certificates
    from django.conf import settings

    from raccordements.certificats import lecteur, verdicts
    from raccordements.certificats.analyse import analyser
    from raccordements.certificats.schemas import Analyse, EmetteurConnu
    from tests.raccordements.certificats.autorite import AUTORITE, MAINTENANT, SIREN, cle_rsa, p7b, pki

    dire(f"  {FICHIERS} fichiers de {CERTIFICATS} certificats, clés RSA…")
    fichiers = [p7b(*pki().chaine(cle=cle_rsa())) for _ in range(FICHIERS)]
    bornes, reglages = lecteur.limites(), lecteur.reglages_de_jugement()
    connus = [EmetteurConnu(AUTORITE)]
    analyses = [analyse for analyse in lecteur.analyser_plusieurs(fichiers) if isinstance(analyse, Analyse)]
    if len(analyses) != FICHIERS:
        raise RuntimeError(f"{FICHIERS - len(analyses)} fichiers refusés")
    nue = mediane(lambda: [load_der_pkcs7_certificates(fichier) for fichier in fichiers])
    analyse = mediane(lambda: [analyser(fichier, bornes) for fichier in fichiers])
    jugement = mediane(lambda: [verdicts.juger(a, "as2", SIREN, MAINTENANT, connus, reglages) for a in analyses])
    depart = mediane(lambda: lecteur._demander([], bornes))
    un_par_un = mediane(lambda: [lecteur.analyser(fichier) for fichier in fichiers[:3]], 3) / 3
    en_lot = mediane(lambda: lecteur.analyser_plusieurs(fichiers))
    lots = -(-FICHIERS // settings.CERTIFICATS["fichiers"])
    repere = f"{FICHIERS / nue:.0f} lectures/s, load_der_pkcs7_certificates seul"
    return [
        _mesure("analyse dans le processus (chaîne vérifiée, clé privée cherchée)", analyse, nue, repere),
        _mesure("verdicts d’une analyse", jugement, nue, repere),
        _mesure(f"lot de {FICHIERS} fichiers, {lots} processus enfant", en_lot, nue, repere),
        _mesure("un processus enfant par fichier", un_par_un * FICHIERS, nue, repere),
        Mesure(
            quoi="certificats : démarrage du processus enfant, sans fichier",
            mesure=f"{depart * 1000:.0f} ms",
            repere=f"{analyse / FICHIERS * 1000:.1f} ms l’analyse elle-même",
            rapport=f"× {depart * FICHIERS / analyse:.0f}",
        ),
    ]


def _mesure(quoi: str, secondes: float, nue: float, repere: str) -> Mesure:
    return Mesure(
        quoi=f"certificats : {quoi}",
        mesure=f"{FICHIERS / secondes:.0f}/s",
        repere=repere,
        rapport=f"{nue / secondes:.1%}",
    )
