"""Where fiches and mandates name a person: read by the export of personal data, and never erased.

What was approved and sent, and the mandate that a subscription rests on, are evidence: they keep the name they bore
(GDPR, article 17.3 e).
"""

from __future__ import annotations

from functools import reduce
from operator import or_

from django.db.models import Q

from interlocuteurs.services.traces import Personne, Trace, enregistrer_trace
from raccordements.models import Fiche, Mandat


def _par_adresse(champ: str, personne: Personne) -> Q:
    return reduce(or_, (Q(**{f"{champ}__iexact": email}) for email in personne.emails))


enregistrer_trace(
    Trace(
        nom="contacts techniques des fiches de raccordement",
        modele=Fiche,
        colonnes=(),
        siennes=lambda personne: _par_adresse("contact_courriel", personne),
        citations=False,
        exportees=("reference", "contact_nom", "contact_telephone", "contact_courriel", "contact_fax", "cree_le"),
    )
)
enregistrer_trace(
    Trace(
        nom="mandats de souscription",
        modele=Mandat,
        colonnes=(),
        siennes=lambda personne: _par_adresse("courriel", personne),
        citations=False,
        exportees=("demandeur", "courriel", "qualite", "signe_le"),
    )
)
