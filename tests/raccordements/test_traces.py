"""A person who asks what is kept of them is told of the fiches and the mandates that name them."""

import pytest

from interlocuteurs.services.traces import Personne, traces
from raccordements.models import Fiche
from tests.fabriques import InterlocuteurFactory
from tests.raccordements.fabriques import fiche_edi

pytestmark = pytest.mark.django_db
FICHES = "contacts techniques des fiches de raccordement"


def test_les_fiches_dont_une_personne_est_le_contact_sont_a_elle_et_restent():
    sienne, autre = fiche_edi(), fiche_edi()
    Fiche.objects.filter(pk=sienne.pk).update(contact_courriel="Camille@client-invente.example")
    Fiche.objects.filter(pk=autre.pk).update(contact_courriel="autre@client-invente.example")
    personne = Personne.de(InterlocuteurFactory(email="camille@client-invente.example"))
    trace = next(trace for trace in traces() if trace.nom == FICHES)
    assert list(trace.lignes(personne)) == [sienne]
    assert trace.colonnes == ()
    assert "contact_nom" in trace.exportees
