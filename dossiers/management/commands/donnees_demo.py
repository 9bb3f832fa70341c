"""`manage.py donnees_demo`: an invented practice in the database and, on request, in the Loop simulator.

What is there already is left as it is, so that the work of a previous session is kept; only passwords are new.
"""

from __future__ import annotations

import json
import secrets
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

import httpx
from django.conf import settings
from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, transaction
from django.utils import timezone
from simple_history.utils import bulk_create_with_history

from config.http import ErreurDistante
from dossiers import demo, demo_ecritures
from dossiers.loop.client import ClientLoop
from dossiers.loop.simulateur import SimulateurLoop
from dossiers.models import CleApi, Collaborateur, Dossier, Environnement, Etablissement, Offre

# No letter or digit that is read for another.
ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
ENVOI = 2000
CODE_DE_VOLUME = "V"


class Command(BaseCommand):
    help = "Crée (ou complète) un cabinet inventé et donne de nouveaux mots de passe à ses utilisateurs."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--mots-de-passe-json",
            action="store_true",
            help="n’écrit que les utilisateurs et leurs mots de passe, en JSON",
        )
        parser.add_argument("--simulateur", metavar="URL", help="charge aussi le simulateur de Loop à cette adresse")
        parser.add_argument(
            "--dossiers", type=int, default=0, metavar="N", help="ajoute des dossiers de volume, N en tout"
        )
        parser.add_argument(
            "--ecritures",
            action="store_true",
            help="ajoute des imports d’écritures dans chaque état, et des fichiers à essayer dans var/exemples",
        )

    def handle(
        self,
        *args: Any,
        mots_de_passe_json: bool,
        simulateur: str | None,
        dossiers: int,
        ecritures: bool,
        **options: Any,
    ) -> None:
        if settings.PRODUCTION:
            raise CommandError(
                "Données de démonstration refusées\u00a0: PASSERELLE_PRODUCTION vaut «\u00a0oui\u00a0», et cette "
                "commande écrirait des dossiers inventés et des mots de passe dans cette base. "
                "Lancez-la sur une base de démonstration."
            )
        with transaction.atomic():
            utilisateurs = [creer_personne(personne) for personne in demo.PERSONNES]
            avancee, standard = creer_cles()
            creer_dossiers(avancee, standard)
            creer_volume(avancee, dossiers)
        if dossiers:
            with connection.cursor() as curseur:
                curseur.execute("ANALYZE dossiers_dossier, dossiers_offre")
        if simulateur:
            charger_simulateur(simulateur.rstrip("/"), avancee, standard)
        if ecritures:
            demo_ecritures.ecrire_exemples(settings.VAR)
            demo_ecritures.creer_imports(Collaborateur.objects.get(username=demo.PERSONNES[1].identifiant))
        if mots_de_passe_json:
            self.stdout.write(json.dumps({"utilisateurs": utilisateurs}, ensure_ascii=False))
            return
        self.stdout.write(f"{Dossier.objects.filter(cle__in=(avancee, standard)).count()} dossiers de démonstration.")
        for utilisateur in utilisateurs:
            self.stdout.write("  {role:<34}{identifiant:<18}{mot_de_passe}".format(**utilisateur))


def creer_personne(personne: demo.Personne) -> dict[str, str]:
    """Create the user where missing and give them a new password. Returns what to tell the person who runs the demo."""
    compte, _ = Collaborateur.objects.get_or_create(
        username=personne.identifiant,
        defaults={
            "first_name": personne.prenom,
            "last_name": personne.nom,
            "email": personne.login_loop,
            "login_loop": personne.login_loop,
            "limite_au_portefeuille": personne.limite,
            "is_staff": True,
        },
    )
    mot_de_passe = "-".join("".join(secrets.choice(ALPHABET) for _ in range(4)) for _ in range(4))
    compte.set_password(mot_de_passe)
    compte.save(update_fields=["password"])
    compte.groups.add(Group.objects.get(name=personne.role))
    return {"identifiant": personne.identifiant, "role": personne.libelle, "mot_de_passe": mot_de_passe}


def creer_cles() -> tuple[CleApi, CleApi]:
    """The advanced key of the practice and the standard one of an invented partner, ready for the sandbox."""
    prete = {"domaine": demo.DOMAINE, "activee_loophub": True}
    avancee, _ = CleApi.objects.get_or_create(
        cle_publique="DEMOAVANCEE00000000000001",
        environnement=Environnement.BAC_A_SABLE,
        defaults=prete | {"nom": "Clé du cabinet (démonstration)", "type": CleApi.Type.AVANCEE, **_secrets()},
    )
    standard, _ = CleApi.objects.get_or_create(
        cle_publique="DEMOSTANDARD0000000000001",
        environnement=Environnement.BAC_A_SABLE,
        defaults=prete
        | {"nom": "Clé d’un partenaire (démonstration)", "type": CleApi.Type.STANDARD, "partenaire": "Éditeur inventé"}
        | _secrets(),
    )
    return avancee, standard


def _secrets() -> dict[str, Any]:
    maintenant = timezone.now()
    return {
        "client_secret": secrets.token_urlsafe(32),
        "client_secret_defini_le": maintenant,
        "cle_abonnement": secrets.token_hex(16),
        "cle_abonnement_defini_le": maintenant,
    }


def creer_dossiers(avancee: CleApi, standard: CleApi) -> None:
    """The dossiers of the demonstration that are missing, with their establishments and offers."""
    maintenant = timezone.now()
    connus = set(Dossier.objects.filter(cle__in=(avancee, standard)).values_list("code", flat=True))
    manquants = [dossier for dossier in demo.dossiers() if dossier.code not in connus]
    statuts = Dossier.Statut
    crees = bulk_create_with_history(
        [
            Dossier(
                cle=standard if dossier.standard else avancee,
                code=dossier.code,
                nom_usuel=dossier.nom_usuel,
                raison_sociale=dossier.raison_sociale,
                siren=dossier.siren,
                forme_juridique=dossier.forme_juridique,
                statut=statuts.A_PREPARER if dossier.a_preparer else statuts.OPERATIONNEL,
                maitre_dossier=dossier.maitre_dossier,
                engagement_manager=dossier.engagement_manager,
                archive_le=maintenant if dossier.archive else None,
            )
            for dossier in manquants
        ],
        Dossier,
        default_change_reason="Données de démonstration",
    )
    paires = list(zip(crees, manquants, strict=True))
    bulk_create_with_history(
        [
            Etablissement(
                dossier=cree, siret=siret, nom=modele.nom_usuel, type=Etablissement.Type.SECONDAIRE if rang else 1
            )
            for cree, modele in paires
            for rang, siret in enumerate(modele.sirets)
        ],
        Etablissement,
    )
    Offre.objects.bulk_create(
        Offre(
            dossier=cree,
            code=code,
            voulue=voulue,
            constatee=constatee,
            constatee_le=None if constatee is None else maintenant,
        )
        for cree, modele in paires
        for code, (voulue, constatee) in modele.offres.items()
    )


def creer_volume(cle: CleApi, nombre: int) -> None:
    """Plain dossiers by COPY, `nombre` in all, one in two with an offer: for measures, without history."""
    deja = Dossier.objects.filter(cle=cle, code__startswith=CODE_DE_VOLUME).count()
    if nombre <= deja:
        return
    colonnes = (
        "cle_id, code, nom_usuel, raison_sociale, siren, forme_juridique, statut, maitre_dossier, engagement_manager, "
        "revision_id, connu, cree_le"
    )
    maintenant = timezone.now()
    maitre, manager = demo.PERSONNES[1].login_loop, demo.PERSONNES[3].login_loop
    with connection.cursor() as curseur:
        with curseur.copy(f"COPY dossiers_dossier ({colonnes}) FROM STDIN") as copie:
            for rang in range(deja + 1, nombre + 1):
                nom = f"{demo.METIERS[rang % 12]} {demo.LIEUX[rang // 12 % 5]} {rang}"
                code, siren, forme = f"{CODE_DE_VOLUME}{rang:07d}", demo.siren_de_volume(rang), demo.FORMES[rang % 5]
                statut = Dossier.Statut.OPERATIONNEL.value if rang % 7 else Dossier.Statut.A_PREPARER.value
                identite = (cle.pk, code, nom, f"{forme} {nom}", siren, forme)
                copie.write_row((*identite, statut, maitre, manager, "", "{}", maintenant))
        curseur.execute(
            """INSERT INTO dossiers_offre (dossier_id, code, voulue, constatee, constatee_le)
               SELECT id, 'consultation', true, id %% 5 <> 0, %s FROM dossiers_dossier
                WHERE cle_id = %s AND code LIKE %s AND id %% 2 = 0 ON CONFLICT DO NOTHING""",
            [maintenant, cle.pk, f"{CODE_DE_VOLUME}%"],
        )


def charger_simulateur(adresse: str, avancee: CleApi, standard: CleApi) -> None:
    """Give the simulator the keys, and the dossiers it lacks; the few known differences are in `dossiers.demo`.

    A dossier that it already knows is left alone: a store kept from a previous session has a life of its own.

    Raises CommandError when no simulator answers there.
    """
    try:
        with httpx.Client(base_url=adresse, timeout=60, trust_env=False) as http:
            _envoyer(http, cles=[_cle_distante(cle) for cle in (avancee, standard)], contacts=[demo.CONTACT])
            for cle in (avancee, standard):
                manquants = _dossiers_distants(cle, _deja_la_bas(adresse, cle))
                while morceau := list(islice(manquants, ENVOI)):
                    _envoyer(http, dossiers=morceau)
    except (httpx.HTTPError, ErreurDistante) as exc:
        raise CommandError(
            "Le simulateur n’a pas été chargé\u00a0: il ne répond pas comme attendu à l’adresse donnée "
            f"({type(exc).__name__}). "
            "Démarrez-le avec «\u00a0manage.py simulateur loop\u00a0» et vérifiez l’adresse, puis relancez."
        ) from exc


def _envoyer(http: httpx.Client, **donnees: Sequence[Any]) -> None:
    http.post("/_simulateur/charger", json=donnees).raise_for_status()


def _cle_distante(cle: CleApi) -> dict[str, Any]:
    champs = ("cle_publique", "client_secret", "cle_abonnement", "domaine", "avancee")
    return {champ: getattr(cle, champ) for champ in champs} | {"active": cle.activee_loophub}


def _deja_la_bas(adresse: str, cle: CleApi) -> set[str]:
    client = ClientLoop(
        adresse + SimulateurLoop.prefixe,
        cle_publique=cle.cle_publique,
        client_secret=cle.client_secret,
        cle_abonnement=cle.cle_abonnement,
        chemins={"loophub": "/loophub"},
        delai_total=60,
        taille_max=settings.REPONSE_TAILLE_MAX,
    )
    with client:
        return {distant.code for distant in client.loophub(cle.domaine)}


def _dossiers_distants(cle: CleApi, presents: set[str]) -> Iterator[dict[str, Any]]:
    """What Loop should know of the dossiers of a key, less what it knows."""
    de_demo = {dossier.code: dossier.dans_loop() for dossier in demo.dossiers()}

    def distants() -> Iterator[dict[str, Any] | None]:
        if cle.avancee:
            yield from demo.seulement_dans_loop()
        for dossier in Dossier.objects.filter(cle=cle).iterator(ENVOI):
            yield de_demo[dossier.code] if dossier.code in de_demo else demo.fiche_loop(dossier)

    for distant in distants():
        if distant is not None and distant["codeIbs"] not in presents:
            yield {"domaine": cle.domaine, "cles": [cle.cle_publique]} | distant
