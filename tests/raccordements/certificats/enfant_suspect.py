"""A reader that misbehaves on demand, to be started in the place of the real one: its parent must hold."""

from __future__ import annotations

import base64
import json
import os
import sys
import time

from dossiers.bornes import se_borner
from raccordements.certificats.analyse import analyser
from raccordements.certificats.defenses import Limites, Refus


def faire(octets: bytes, limites: Limites, *, seul: bool) -> object:
    if octets == b"boucle":
        while True:
            pass
    if octets == b"dort" and not seul:
        time.sleep(3600)
    if octets == b"memoire":
        bytearray(2 * limites.memoire)
    if octets in {b"meurt", b"dort"}:
        os._exit(3)
    if octets == b"bavarde":
        return ["rien", "de", "prévu"]
    if octets == b"ment":
        return {"analyse": {"forme": "pkcs7_der"}}
    if octets == b"invente":
        return {"refus": "code-inconnu", "faits": {}}
    if octets == b"coupe":
        sys.stdout.write('{"analyse": ')
        sys.stdout.flush()
        os._exit(0)
    if octets == b"environnement":
        return {"refus": "nombre", "faits": {"maximum": len(set(os.environ) - {"LC_CTYPE"})}}
    try:
        return {"analyse": analyser(octets, limites).vers_json()}
    except Refus as refus:
        return {"refus": refus.code, "faits": refus.faits}


if __name__ == "__main__":
    bornes = Limites(**json.loads(sys.argv[1]))
    se_borner(memoire=bornes.memoire, secondes=bornes.secondes, disque=0, enfants=False)
    for rang, ligne in enumerate(sys.stdin):
        sys.stdout.write(json.dumps(faire(base64.b64decode(ligne), bornes, seul=not rang)) + "\n")
        sys.stdout.flush()
