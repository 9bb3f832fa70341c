"""The search forms of the portal: their labels, their order, and what each criterion asks of the database.

Source: AIFE guide « Fiche de raccordement (EDI et API) », 2017, pages « Rechercher fiche EDI » and « Rechercher fiche
API ». The portal lists every code appli; a list read from the rows would grow with them, so the code is typed here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any, ClassVar

from django import forms
from django.contrib.admin import ListFilter
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.datastructures import MultiValueDict

from dossiers.recherche import FORME_SIRET, LONGUEUR_NOM
from raccordements.admin.termes import RECHERCHE_STRUCTURE
from raccordements.models import CodeInterface, Etat, Mode, Protocole, Structure

Lignes = QuerySet[Any]
PREMIER_JOUR, DERNIER_JOUR = date(1900, 1, 1), date(2999, 12, 31)
#: As the portal shows a partner, « SIRET - désignation »: the SIRET alone says which.
FORME_PARTENAIRE = rf"({FORME_SIRET})\s+-\s+.*"
HORS_CALENDRIER = "Cette date n’est pas retenue : l’année est sans doute mal tapée. Saisissez une date de 1900 à 2999."


def de_partenaire(terme: str) -> QuerySet[Structure]:
    """Structures by SIRET, SIREN, part of their designation, or « SIRET - désignation » as the portal writes it."""
    if colle := re.fullmatch(FORME_PARTENAIRE, terme, re.DOTALL):
        terme = colle[1]
    for forme, chercher in RECHERCHE_STRUCTURE:
        if re.fullmatch(forme, terme, re.IGNORECASE | re.DOTALL):
            return chercher(Structure.objects.order_by(), terme)
    return Structure.objects.none()


class PartenaireField(forms.CharField):
    """A partner typed as people know it; two letters would be found in half of the names."""

    def validate(self, value: str) -> None:
        super().validate(value)
        if value and len(value) < LONGUEUR_NOM:
            raise ValidationError("Ce nom est trop court. Saisissez trois lettres au moins, un SIREN ou un SIRET.")


class JourField(forms.DateField):
    """A day as a date control sends it, or as people write it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            input_formats=["%Y-%m-%d", "%d/%m/%Y"],
            widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "min": PREMIER_JOUR, "max": DERNIER_JOUR}),
            validators=[
                MinValueValidator(PREMIER_JOUR, HORS_CALENDRIER),
                MaxValueValidator(DERNIER_JOUR, HORS_CALENDRIER),
            ],
            required=False,
            **options,
        )

    def prepare_value(self, value: Any) -> Any:
        # A date control only shows the ISO form, and an address may hold the French one.
        try:
            return self.to_python(value)
        except ValidationError:
            return value


def _partenaire() -> PartenaireField:
    attributs = {"placeholder": "SIRET, SIREN ou nom", "autocomplete": "off"}
    return PartenaireField(label="Partenaire", required=False, max_length=200, widget=forms.TextInput(attributs))


def _code_appli(libelle: str) -> forms.CharField:
    attributs = {"placeholder": "Tous les codes", "autocomplete": "off"}
    return forms.CharField(label=libelle, required=False, max_length=20, widget=forms.TextInput(attributs))


def _etat() -> forms.ChoiceField:
    return forms.ChoiceField(label="Etat courant", required=False, choices=[("", "Tous les états"), *Etat.choices])


def _a_cocher(libelle: str, choix: list[tuple[str, str]]) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=libelle, required=False, choices=choix, widget=forms.CheckboxSelectMultiple(attrs={"class": "a-cocher"})
    )


def _codes_interface() -> list[tuple[str, str]]:
    return [("", "Tous les codes interface"), *((code.pk, str(code)) for code in CodeInterface.objects.all())]


class CriteresForm(forms.Form):
    """A search form read from the address: every criterion is optional, several are joined by « et »."""

    use_required_attribute = False
    partenaire = _partenaire()

    def __init__(self, valeurs: Mapping[str, list[str]]) -> None:
        super().__init__(MultiValueDict(valeurs), auto_id="critere_%s", label_suffix="\u00a0:")

    @property
    def rangees(self) -> Iterator[list[forms.BoundField]]:
        """The fields as they are laid out: two dates make one criterion."""
        for champ in self:
            if champ.name == "du":
                yield [champ, self["au"]]
            elif champ.name != "au":
                yield [champ]

    def conditions(self, vers_fiche: str = "") -> Iterator[Q]:
        """One condition for each criterion given; `vers_fiche` leads from the rows to their fiche."""
        for nom, valeur in self.cleaned_data.items():
            if valeur:
                yield self.condition(nom, valeur, vers_fiche)

    def condition(self, nom: str, valeur: Any, vers_fiche: str) -> Q:
        if nom == "partenaire":
            return Q(**{f"{vers_fiche}structure__in": de_partenaire(valeur).values("pk")})
        if nom == "code_appli":
            return Q(**{f"{vers_fiche}code_appli": valeur.upper()})
        return Q(**{f"{vers_fiche}{nom}": valeur})


class CriteresEDIForm(CriteresForm):
    """The seven criteria of « Rechercher fiche EDI »."""

    protocole = _a_cocher("Protocole de raccordement", Protocole.choices)
    code = forms.ChoiceField(label="Code interface", required=False, choices=_codes_interface)
    du = JourField(label="Période de raccordement du")
    au = JourField(label="au")
    code_appli = _code_appli("Code Appli partenaire")
    etat = _etat()
    mode = _a_cocher("Type d’intégration", [choix for choix in Mode.choices if choix[0] != Mode.AUCUN])

    def clean(self) -> dict[str, Any]:
        valeurs = super().clean() or self.cleaned_data
        du, au = valeurs.get("du"), valeurs.get("au")
        if du and au and au < du:
            self.add_error("au", "La période finit avant de commencer. Corrigez l’une des deux dates.")
        return valeurs

    def condition(self, nom: str, valeur: Any, vers_fiche: str) -> Q:
        if nom == "du":
            finie = {f"{vers_fiche}periode_au__gte": valeur}
            return Q(**{f"{vers_fiche}periode_du__isnull": False}) & (
                Q(**{f"{vers_fiche}periode_au": None}) | Q(**finie)
            )
        if nom == "au":
            return Q(**{f"{vers_fiche}periode_du__lte": valeur})
        if nom == "protocole":
            return Q(**{f"{vers_fiche}protocole__in": valeur})
        if nom in {"code", "mode"}:
            return Q(mode__in=valeur) if nom == "mode" else Q(code=valeur)
        return super().condition(nom, valeur, vers_fiche)


class CriteresAPIForm(CriteresForm):
    """The three criteria of « Rechercher fiche API »."""

    etat = _etat()
    code_appli = _code_appli("Code Appli Partenaire")


class Criteres(ListFilter):
    """The whole form as one filter of the admin: the list, its exports and its saved searches read the same address.

    A value that is not one shows its message at its field, and no row.
    """

    title = "critères de recherche"
    formulaire: ClassVar[Callable[[Mapping[str, list[str]]], CriteresForm]]
    vers_fiche = ""

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: Any, model_admin: Any) -> None:
        super().__init__(request, params, model, model_admin)
        self.used_parameters = {nom: params.pop(nom) for nom in self.expected_parameters() if nom in params}
        self.form = self.formulaire(self.used_parameters)

    def has_output(self) -> bool:
        return True

    def expected_parameters(self) -> list[str]:
        return list(self.formulaire.base_fields)  # type: ignore[attr-defined]

    def choices(self, changelist: Any) -> list[dict[str, Any]]:
        return []

    def queryset(self, request: HttpRequest, queryset: Lignes) -> Lignes:
        if not self.form.is_valid():
            return queryset.none()
        return queryset.filter(*self.form.conditions(self.vers_fiche))


class CriteresEDI(Criteres):
    formulaire = CriteresEDIForm
    vers_fiche = "fiche__"


class CriteresAPI(Criteres):
    formulaire = CriteresAPIForm
