"""`manage.py preuve`: the main job without a screen, through the admin's own pages, then compared with Loop's side.

It knows what a browser knows: addresses, forms and their fields. The password is read from PREUVE_MOT_DE_PASSE.
"""

from __future__ import annotations

import csv
import io
import os
import re
import time
from argparse import ArgumentParser
from collections.abc import Iterable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

import httpx
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from dossiers import demo

OFFRE = "consultation"
PAGES_LUES = 10
LISTE = "/admin/dossiers/dossier/"
FICHE = re.compile(r"/admin/dossiers/dossier/(\d+)/change/")
REUSSIE = "Réussie"


class EchecPreuve(Exception):
    """The proof does not hold; the message is for the person who runs it."""


class Command(BaseCommand):
    help = "Ajoute une offre à des dossiers par les pages de l’admin, puis compare avec ce que le simulateur a compté."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--adresse", default="http://127.0.0.1:8000", help="adresse de l’admin")
        parser.add_argument(
            "--identifiant", required=True, help="qui se connecte (mot de passe\u00a0: PREUVE_MOT_DE_PASSE)"
        )
        parser.add_argument("--simulateur", required=True, metavar="URL", help="adresse du simulateur de Loop")
        parser.add_argument("--nombre", type=int, default=20, help="nombre de dossiers")
        parser.add_argument("--delai", type=float, default=60, help="secondes laissées à un lot pour finir")

    def handle(
        self, *args: Any, adresse: str, identifiant: str, simulateur: str, nombre: int, delai: float, **options: Any
    ) -> None:
        mot_de_passe = os.environ.get("PREUVE_MOT_DE_PASSE", "")
        if not mot_de_passe:
            raise CommandError(
                "La preuve n’a pas commencé\u00a0: PREUVE_MOT_DE_PASSE est vide. "
                "Donnez le mot de passe dans l’environnement."
            )
        try:
            with Admin(adresse.rstrip("/")) as admin, Simulateur(simulateur.rstrip("/")) as loop:
                admin.connecter(identifiant, mot_de_passe)
                self.stdout.write(f"Connexion\u00a0: {identifiant} sur {adresse}")
                choisis = self.choisir(admin, nombre, delai)
                avant = loop.appliques()
                lot = admin.confirmer("ajouter_offre", choisis)
                self.stdout.write(
                    f"Lot confirmé\u00a0: {lot.chemin} ({len(choisis)} dossiers, offre «\u00a0{OFFRE}\u00a0»)"
                )
                admin.attendre(lot, delai)
                constats = constater(admin, lot, choisis, avant, loop.appliques())
        except (EchecPreuve, httpx.HTTPError) as exc:
            raise CommandError(
                f"La preuve a échoué\u00a0: {str(exc) or type(exc).__name__} "
                "Regardez les journaux du serveur web et de l’exécutant, puis relancez."
            ) from exc
        self.conclure(constats)

    def choisir(self, admin: Admin, nombre: int, delai: float) -> dict[str, str]:
        """`nombre` dossiers that may be given the offer; it is first taken from others when too few lack it."""
        libres = admin.a_faire("ajouter_offre", f"sans_{OFFRE}")
        if manque := max(0, nombre - len(libres)):
            porteurs = dict(list(admin.a_faire("retirer_offre", f"avec_{OFFRE}").items())[:manque])
            if len(porteurs) < manque:
                raise EchecPreuve(
                    f"{len(libres) + len(porteurs)} dossiers seulement peuvent recevoir l’offre, il en faut {nombre}."
                )
            admin.attendre(admin.confirmer("retirer_offre", porteurs), delai)
            self.stdout.write(f"Préparation\u00a0: offre retirée de {manque} dossiers, qui l’avaient tous.")
            libres = admin.a_faire("ajouter_offre", f"sans_{OFFRE}")
        if len(libres) < nombre:
            raise EchecPreuve(f"{len(libres)} dossiers seulement peuvent recevoir l’offre, il en faut {nombre}.")
        return dict(list(libres.items())[:nombre])

    def conclure(self, constats: list[Constat]) -> None:
        """Print what was seen. Raises CommandError when anything disagrees."""
        largeurs = [max(len(c.code) for c in constats), max(7, *(len(c.etat) for c in constats))]
        largeurs.append(max(len(c.message) for c in constats))
        titres = f"{'Dossier':<{largeurs[0]}}  {'État':<{largeurs[1]}}  {'Message':<{largeurs[2]}}  Simulateur"
        self.stdout.write(f"\n{titres}\n{'-' * len(titres)}")
        for constat in constats:
            ligne = f"{constat.code:<{largeurs[0]}}  {constat.etat:<{largeurs[1]}}  {constat.message:<{largeurs[2]}}"
            self.stdout.write(
                f"{ligne}  {constat.compte}{'' if constat.accord else '  ' + ', '.join(constat.desaccords)}"
            )
        reussies = sum(constat.etat == REUSSIE for constat in constats)
        comptees = sum(constat.compte for constat in constats)
        accords = sum(constat.accord for constat in constats)
        self.stdout.write(
            f"\n{len(constats)} demandées, {reussies} réussies dans l’admin, {comptees} appliquées dans le simulateur, "
            f"{accords} où les pages, les deux CSV et le simulateur disent la même chose."
        )
        if accords != len(constats):
            raise CommandError(
                "La preuve a échoué\u00a0: les lignes marquées ci-dessus ne disent pas partout la même chose. "
                "Ouvrez ces dossiers dans l’admin et comparez leurs appels au compte du simulateur."
            )
        self.stdout.write("Preuve faite.")


@dataclass(frozen=True, slots=True)
class Constat:
    """What was seen of one dossier: in the lot's CSV, on its own page, in the list's CSV, and at the simulator."""

    code: str
    etat: str
    message: str
    sur_sa_page: bool
    dans_la_liste: bool
    compte: int

    @property
    def desaccords(self) -> list[str]:
        phrase = f"L'offre {OFFRE} a été ajoutée au dossier client {self.code}"
        controles = {
            "état": self.etat == REUSSIE,
            "message": self.message == phrase,
            "message absent de sa page": self.sur_sa_page,
            "offre absente du CSV de la liste": self.dans_la_liste,
            "compte du simulateur": self.compte == 1,
        }
        return [nom for nom, tenu in controles.items() if not tenu]

    @property
    def accord(self) -> bool:
        return not self.desaccords


def constater(
    admin: Admin, lot: Page, choisis: dict[str, str], avant: dict[str, int], apres: dict[str, int]
) -> list[Constat]:
    """Read everything again, from every side, for each dossier (code: primary key)."""
    resultat = {ligne["Code du dossier"]: ligne for ligne in admin.csv(admin.lire(lot.chemin).lien("resultat.csv"))}
    liste = admin.lire(LISTE, {"offres": f"avec_{OFFRE}"})
    avec_offre = {ligne["Code"] for ligne in admin.csv(liste.lien("export.csv"))}
    if len(resultat) != len(choisis):
        raise EchecPreuve(f"Le CSV du lot a {len(resultat)} lignes pour {len(choisis)} dossiers.")
    constats = []
    for code, pk in choisis.items():
        ligne = resultat.get(code, {"État": "", "Message": ""})
        message = ligne["Message"]
        sur_sa_page = bool(message) and message in admin.lire(f"{LISTE}{pk}/change/").texte
        reference = f"{code}:{OFFRE}"
        compte = apres.get(reference, 0) - avant.get(reference, 0)
        constats.append(Constat(code, ligne["État"], message, sur_sa_page, code in avec_offre, compte))
    return constats


@dataclass
class Formulaire:
    """A form as a browser sends it: address, and the fields with their present values."""

    action: str
    champs: dict[str, str] = field(default_factory=dict)


class Page(HTMLParser):
    """A page reduced to its text, links, forms and `data-` attributes."""

    def __init__(self, chemin: str, html: str) -> None:
        super().__init__()
        self.chemin = chemin
        self.formulaires: list[Formulaire] = []
        self.liens: list[tuple[str, str]] = []
        self.donnees: dict[str, str] = {}
        self._morceaux: list[str] = []
        self._lien: str | None = None
        self._texte_du_lien: list[str] = []
        self._hors_texte = 0
        self.feed(html)
        self.close()
        self.texte = " ".join("".join(self._morceaux).replace("\u00a0", " ").split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        valeurs = {nom: valeur or "" for nom, valeur in attrs}
        self.donnees.update({nom: valeur for nom, valeur in valeurs.items() if nom.startswith("data-")})
        if tag == "form":
            self.formulaires.append(Formulaire(valeurs.get("action") or self.chemin))
        elif tag in {"input", "select", "textarea", "button"} and self.formulaires and valeurs.get("name"):
            coche = "checked" in valeurs or valeurs.get("type") not in {"checkbox", "radio"}
            self.formulaires[-1].champs.setdefault(valeurs["name"], "")
            if coche and valeurs.get("value"):
                self.formulaires[-1].champs[valeurs["name"]] = valeurs["value"]
        elif tag == "a":
            self._lien, self._texte_du_lien = valeurs.get("href", ""), []
        elif tag in {"script", "style"}:
            self._hors_texte += 1

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._lien is not None:
            self.liens.append((self._lien, " ".join("".join(self._texte_du_lien).split())))
            self._lien = None
        elif tag in {"script", "style"}:
            self._hors_texte = max(0, self._hors_texte - 1)

    def handle_data(self, data: str) -> None:
        if not self._hors_texte:
            self._morceaux.append(data)
            if self._lien is not None:
                self._texte_du_lien.append(data)

    def formulaire(self, *noms: str) -> Formulaire:
        """The form that has all these fields. Raises EchecPreuve."""
        for formulaire in self.formulaires:
            if set(noms) <= set(formulaire.champs):
                return formulaire
        raise EchecPreuve(f"La page {self.chemin} n’a pas le formulaire attendu ({', '.join(noms)}).")

    def lien(self, morceau: str) -> str:
        """The address of the first link that holds `morceau`. Raises EchecPreuve."""
        for adresse, _ in self.liens:
            if morceau in adresse:
                return adresse
        raise EchecPreuve(f"La page {self.chemin} n’a pas le lien attendu ({morceau}).")


class Admin:
    """A person in the admin, without a screen."""

    def __init__(self, adresse: str) -> None:
        self._http = httpx.Client(base_url=adresse, timeout=30, follow_redirects=True, trust_env=False)
        self._http.headers["Referer"] = f"{adresse}/"

    def __enter__(self) -> Admin:
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.close()

    def connecter(self, identifiant: str, mot_de_passe: str) -> None:
        """Raises EchecPreuve when the login is refused."""
        page = self.lire("/admin/login/")
        arrivee = self._poster(page.formulaire("username", "password"), username=identifiant, password=mot_de_passe)
        if "/login/" in arrivee.chemin:
            raise EchecPreuve(f"La connexion de «\u00a0{identifiant}\u00a0» est refusée.")

    def lire(self, chemin: str, filtres: dict[str, str] | None = None) -> Page:
        return self._page(self._http.get(chemin, params=filtres))

    def csv(self, chemin: str) -> list[dict[str, str]]:
        """The lines of an export, by their titles."""
        return _lignes_csv(self._verifier(self._http.get(chemin)))

    def a_faire(self, geste: str, offres: str) -> dict[str, str]:
        """The dossiers of the filtered list that a plan would act upon: primary key by code."""
        filtres = {"offres": offres}
        trouves: dict[str, str] = {}
        for rang in range(1, PAGES_LUES + 1):
            page = self.lire(LISTE, filtres | {"p": str(rang)})
            lus = {texte.split()[0]: vu[1] for lien, texte in page.liens if texte and (vu := FICHE.search(lien))}
            if lus.keys() <= trouves.keys():
                break
            trouves |= lus
        if not trouves:
            return {}
        formulaire = self.plan(geste, trouves.values(), filtres).formulaire("selection")
        lignes = _lignes_csv(self._verifier(self._http.post(formulaire.action, data=formulaire.champs)))
        permis = {ligne["Ligne"].split(" – ")[0] for ligne in lignes if ligne["Verdict"] == "À faire"}
        return {code: pk for code, pk in trouves.items() if code in permis}

    def plan(self, geste: str, pks: Iterable[str], filtres: dict[str, str] | None = None) -> Page:
        """Choose rows and an action, give the offer, and stop at the plan: nothing is sent yet."""
        liste = self.lire(LISTE, filtres)
        jeton = liste.formulaire("csrfmiddlewaretoken").champs["csrfmiddlewaretoken"]
        choix = {"action": geste, "index": "0", "select_across": "0", "csrfmiddlewaretoken": jeton}
        reponse = self._http.post(LISTE, params=filtres, data=choix | {"_selected_action": list(pks)})
        formulaire = self._page(reponse).formulaire("selection", "offre")
        contact = {"contact": demo.CONTACT} if "contact" in formulaire.champs else {}
        return self._poster(formulaire, offre=OFFRE, **contact)

    def confirmer(self, geste: str, choisis: dict[str, str]) -> Page:
        """Plan on exactly these dossiers, and confirm. Returns the page of the lot. Raises EchecPreuve."""
        lot = self._poster(self.plan(geste, choisis.values()).formulaire("plan"))
        if "data-adresse" not in lot.donnees:
            raise EchecPreuve(f"La confirmation n’a pas mené au suivi d’un lot, mais à {lot.chemin}.")
        return lot

    def attendre(self, lot: Page, delai: float) -> None:
        """Follow a lot to its end, whatever it is. Raises EchecPreuve after `delai` seconds."""
        fin = time.monotonic() + delai
        while True:
            etat = self._verifier(self._http.get(lot.donnees["data-adresse"])).json()
            if etat["finie"]:
                break
            if time.monotonic() > fin:
                raise EchecPreuve(
                    f"Le lot {lot.chemin} n’est pas fini après {delai:g} s\u00a0: {etat['reglees']} / {etat['total']}."
                )
            time.sleep(0.3)

    def _poster(self, formulaire: Formulaire, **champs: str) -> Page:
        return self._page(self._http.post(formulaire.action, data=formulaire.champs | champs))

    def _page(self, reponse: httpx.Response) -> Page:
        self._verifier(reponse)
        return Page(reponse.url.path, reponse.text)

    def _verifier(self, reponse: httpx.Response) -> httpx.Response:
        if reponse.is_error:
            raise EchecPreuve(f"{reponse.request.method} {reponse.url.path} a répondu HTTP {reponse.status_code}.")
        return reponse


class Simulateur:
    """What the simulator counted by itself."""

    def __init__(self, adresse: str) -> None:
        self._http = httpx.Client(base_url=adresse, timeout=30, trust_env=False)

    def __enter__(self) -> Simulateur:
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.close()

    def appliques(self) -> dict[str, int]:
        """Offers added since it was created, by reference (`code:offre`)."""
        reponse = self._http.get("/_simulateur/compte").raise_for_status()
        appliques = reponse.json()["appliques"]
        chemins = (settings.LOOP_CHEMINS["ajouter_offre"], settings.LOOP_CHEMINS["ajouter_offre_collaborative"])
        comptes: dict[str, int] = {}
        for chemin in chemins:
            for reference, nombre in appliques.get(f"POST {chemin}", {}).items():
                comptes[reference] = comptes.get(reference, 0) + nombre
        return comptes


def _lignes_csv(reponse: httpx.Response) -> list[dict[str, str]]:
    texte = reponse.content.decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(texte, newline=""), delimiter=";"))
