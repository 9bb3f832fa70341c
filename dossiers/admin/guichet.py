"""The form of a credential: its guichet's cap is typed beside its own fields."""

from __future__ import annotations

from typing import Any

from django import forms
from unfold.widgets import UnfoldAdminIntegerFieldWidget

from dossiers.models import Guichet

PLAFOND = Guichet._meta.get_field("plafond")


class AvecGuichetForm(forms.ModelForm):
    plafond = PLAFOND.formfield(widget=UnfoldAdminIntegerFieldWidget)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial.setdefault("plafond", self.instance.plafond)

    def clean_plafond(self) -> int:
        return PLAFOND.clean(self.cleaned_data["plafond"], self.instance.guichet)

    def _post_clean(self) -> None:
        super()._post_clean()
        if "plafond" in self.cleaned_data:
            self.instance.plafond = self.cleaned_data["plafond"]
