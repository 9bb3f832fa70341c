"""The list of dossiers, whole page through Django, at ten thousand and at a million dossiers."""

from __future__ import annotations

from tests.perf.terrain import Mesure, Terrain, dire, mediane, vider_la_base

PETIT, GRAND = 10_000, 1_000_000
LIMITE = 1.5
PORTEFEUILLE = 7

PAGES = {
    "page 1": "",
    "filtre statut": "statut__exact=a_preparer",
    "filtre service : archivés": "service=archives",
    "filtre service : tous": "service=tous",
    "filtre clé": "cle={cle}",
    "filtre offres : avec": "offres=avec_consultation",
    "filtre offres : en écart": "offres=ecart",
    "recherche début de code": "q=V00012",
    "recherche code entier": "q=V0001234",
    "recherche SIREN": "q=999 001 233",
    "recherche nom rare": "q=Zéphyrin 5001",
    "recherche mot dans 1 nom sur 12": "q=Boulangerie",
    "recherche e-mail": f"q=maitre{PORTEFEUILLE}@cabinet.example",
    "dernière page atteignable": "service=tous&p=200",
    "tri par nom": "o=2",
}
LIMITEE = "page 1, personne limitée à son portefeuille"


def parcourir() -> dict[str, float]:
    """Median seconds of each page."""
    from django.urls import reverse

    from dossiers.models import CleApi, Collaborateur
    from tests.perf.volume import entrer

    liste = reverse("admin:dossiers_dossier_changelist")
    cle = CleApi.objects.values_list("pk", flat=True).first()
    Collaborateur.objects.all().delete()
    tous = entrer(superutilisateur=True)
    limite = entrer(manager=True, portefeuille=True, login_loop=f"maitre{PORTEFEUILLE}@cabinet.example")

    def page(client: object, filtres: str) -> float:
        def ouvrir() -> None:
            reponse = client.get(f"{liste}?{filtres.format(cle=cle)}")  # type: ignore[attr-defined]
            if reponse.status_code != 200 or b'name="_selected_action"' not in reponse.content:
                raise RuntimeError(f"page vide ou refusée : {filtres}")

        return mediane(ouvrir)

    return {nom: page(tous, filtres) for nom, filtres in PAGES.items()} | {LIMITEE: page(limite, "")}


def mesurer(terrain: Terrain) -> list[Mesure]:
    from tests.perf.volume import garnir

    vider_la_base()
    temps = []
    for nombre in (PETIT, GRAND):
        dire(f"  {nombre} dossiers : écriture…")
        garnir(nombre)
        dire(f"  {nombre} dossiers : pages…")
        temps.append(parcourir())
    petits, grands = temps
    return [
        Mesure(
            quoi=f"liste à 1 million, {nom}",
            mesure=f"{grands[nom] * 1000:.0f} ms",
            repere=f"à 10 000 : {petits[nom] * 1000:.0f} ms",
            rapport=f"× {grands[nom] / petits[nom]:.2f}",
            but=f"≤ × {LIMITE}",
            tenu=grands[nom] <= LIMITE * petits[nom],
        )
        for nom in petits
    ]
