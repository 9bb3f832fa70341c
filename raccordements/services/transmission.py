"""An approved version as the channel `api` takes it: from its frozen content and nothing else."""

from __future__ import annotations

from datetime import date
from typing import Literal

from dossiers.services.erreurs import ActionImpossible
from raccordements.chorus.contrat import CertificatTransmis, ContactTechnique, FicheTransmise, Partenaire
from raccordements.models import Certificat, Fiche, Genre, Mode, Protocole, UsagePiste, Version
from raccordements.services.contenu import Contenu, lisible

PROTOCOLES: dict[str, Literal["", "PeSIT", "SFTP", "AS2"]] = {
    "": "",
    Protocole.PESIT: "PeSIT",
    Protocole.SFTP: "SFTP",
    Protocole.AS2: "AS2",
}
RESEAU_PARTENAIRE = "reseau.partenaire."


def fiche_transmise(fiche: Fiche, version: Version) -> FicheTransmise:
    """What leaves of `fiche` when `version` is sent. Raises ActionImpossible when a certificate is gone."""
    contenu: Contenu = version.contenu
    contact, periode = contenu["contact"], contenu["periode"]
    protocole, usage = contenu["protocole"], contenu["usage_piste"]
    return FicheTransmise(
        reference=str(fiche.reference),
        empreinte=version.empreinte,
        type="EDI" if contenu["type"] == Genre.EDI else "API",
        environnement=contenu["environnement"],
        partenaire=Partenaire(
            identifiant=contenu["partenaire"]["siret"], designation=contenu["partenaire"]["designation"]
        ),
        contact=ContactTechnique(
            nom_prenom=contact["nom"],
            telephone=contact["telephone"],
            adresse_electronique=contact["courriel"],
            fax=contact["fax"],
        ),
        certificats=_certificats(contenu),
        protocole=PROTOCOLES[protocole],
        du=_jour(periode["du"]),
        au=_jour(periode["au"]),
        codes_interfaces={code: str(Mode(mode).label) for code, mode in sorted(contenu["codes"].items())},
        reseau={
            libelle: valeur
            for champ, (libelle, valeur) in lisible(contenu).items()
            if champ.startswith(RESEAU_PARTENAIRE) and valeur
        },
        application_piste=contenu["application_piste"],
        type_utilisation=str(UsagePiste(usage).label) if usage else "",
        code_appli=fiche.code_appli,
        commentaires=contenu["commentaires"],
    )


def _certificats(contenu: Contenu) -> tuple[CertificatTransmis, ...]:
    voulus = contenu["certificats"]
    gardes = dict(
        Certificat.objects.filter(sha256__in=[voulu["sha256"] for voulu in voulus]).values_list("sha256", "contenu")
    )
    if manquants := [voulu["nom_fichier"] for voulu in voulus if voulu["sha256"] not in gardes]:
        raise ActionImpossible(
            "La fiche n’est pas partie.",
            f"Le certificat approuvé n’est plus dans la base : {', '.join(manquants)}.",
            "Déposez-le de nouveau, puis soumettez la fiche à l’approbation.",
        )
    return tuple(
        CertificatTransmis(
            usage=voulu["usage"], nom_fichier=voulu["nom_fichier"], contenu=bytes(gardes[voulu["sha256"]])
        )
        for voulu in voulus
    )


def _jour(iso: str | None) -> date | None:
    return date.fromisoformat(iso) if iso else None
