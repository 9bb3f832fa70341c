"""Encrypted model fields, and forms that write secrets without ever showing them.

`fernet_fields` (djfernet-redux) encrypts; every key comes from `settings.FERNET_KEYS`. It has one defect, reproduced on
1.0.0: `bulk_update()` and `update(champ=<expression>)` store the encrypted repr of the SQL expression, and the value is
lost. `ChampChiffre` closes that hole.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import fernet_fields
from django import forms
from django.core.exceptions import FieldError, ValidationError
from django.db.models import Case, Expression, Value
from django.db.models.functions import Cast
from django.utils import timezone
from unfold.widgets import UnfoldAdminPasswordWidget

LONGUEUR_SECRET = 500


class ChampChiffre:
    """Mixin to put before a `fernet_fields` field: plain values are encrypted, everything else is refused.

    Raises
    ------
    FieldError:
        On a lookup or transform other than `isnull` (two encryptions of one value differ: no search can work), and on
        `update()` with an SQL expression. `bulk_update()` is accepted: its expressions carry plain values of the field.
    """

    def get_db_prep_save(self, value: Any, connection: Any) -> Any:
        if not hasattr(value, "as_sql"):
            return super().get_db_prep_save(value, connection)  # type: ignore[misc]
        if self._vient_de_bulk_update(value):
            return value
        raise FieldError(f"{self}: an encrypted field takes plain values, not SQL expressions.")

    def get_lookup(self, lookup_name: str) -> Any:
        if lookup_name == "isnull":
            return super().get_lookup(lookup_name)  # type: ignore[misc]
        raise FieldError(f"{self}: encrypted, it cannot be searched ({lookup_name}).")

    def get_transform(self, lookup_name: str) -> Any:
        raise FieldError(f"{self}: encrypted, it cannot be searched ({lookup_name}).")

    def _vient_de_bulk_update(self, expression: Expression) -> bool:
        # bulk_update hands over Case(When(pk=…, then=Value(…, output_field=this field))), inside a Cast on PostgreSQL;
        # each typed Value is encrypted on its own when compiled. An untyped one would be written in clear.
        return (
            isinstance(expression, (Case, Cast))
            and isinstance(expression.output_field, fernet_fields.EncryptedField)
            and all(
                isinstance(feuille._output_field_or_none, fernet_fields.EncryptedField)
                for feuille in expression.flatten()
                if isinstance(feuille, Value) and feuille.value is not None
            )
        )


class ChiffreCharField(ChampChiffre, fernet_fields.EncryptedCharField):
    """A short secret, encrypted at rest; `max_length` bounds the clear text."""


class ChiffreTextField(ChampChiffre, fernet_fields.EncryptedTextField):
    """A long secret, encrypted at rest."""


def nettoyer_secret(valeur: str) -> str:
    """A secret as it will be sent in a header: without the blanks and line ends that come with a paste.

    Raises
    ------
    ValidationError:
        Inner control character or space (`controle`), letter out of ASCII (`accent`): no HTTP header may carry them
        (RFC 9110, section 5.5). The message never quotes the secret.
    """
    valeur = valeur.strip()
    if not valeur.isascii():
        raise ValidationError(
            "Le secret est refusé : il contient un caractère accentué ou invisible, qu’aucune clé ne porte. "
            "Copiez-le de nouveau depuis sa source, sans passer par un traitement de texte.",
            code="accent",
        )
    if any(ord(caractere) < 0x21 or ord(caractere) == 0x7F for caractere in valeur):
        raise ValidationError(
            "Le secret est refusé : il contient une espace ou un saut de ligne en son milieu. "
            "Copiez-le de nouveau d’un seul tenant.",
            code="controle",
        )
    return valeur


class SaisieSecrete(UnfoldAdminPasswordWidget):
    """A password box that is always empty: what is stored, or was just typed, never goes back to a page."""

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "new-password", "spellcheck": "false", **(attrs or {})}, render_value=False)

    def format_value(self, value: Any) -> None:
        return None


class SecretFormField(forms.CharField):
    """A secret to write: empty means unchanged, and its value is cleaned by `nettoyer_secret`."""

    widget = SaisieSecrete

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("max_length", LONGUEUR_SECRET)
        super().__init__(**{**kwargs, "required": False, "strip": False, "initial": None})

    def clean(self, value: Any) -> str:
        return nettoyer_secret(super().clean(value))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return bool(data and str(data).strip())


class SecretsFormMixin:
    """For a ModelForm: each field of `secrets` is write-only, and dated when it changes.

    The model has, beside each secret, `<champ>_defini_le` and `<champ>_defini_par`. `personne` is who writes;
    `AdminCabinet.get_form` sets it.
    """

    secrets: Sequence[str] = ()
    personne: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for nom in self.secrets:
            ancien = self.fields.get(nom)  # type: ignore[attr-defined]
            if ancien is None:
                continue
            longueur = ancien.max_length or LONGUEUR_SECRET
            champ = SecretFormField(label=ancien.label, help_text=ancien.help_text, max_length=longueur)
            champ.widget.attrs["placeholder"] = self._rappel(nom)
            self.fields[nom] = champ  # type: ignore[attr-defined]
            self.initial.pop(nom, None)  # type: ignore[attr-defined]

    def _rappel(self, nom: str) -> str:
        instance = self.instance  # type: ignore[attr-defined]
        le: datetime | None = getattr(instance, f"{nom}_defini_le")
        if le is None:
            return "à définir"
        par = getattr(instance, f"{nom}_defini_par")
        auteur = f" par {par}" if par else ""
        # « une clé »: the one secret of its gender.
        accord = "e" if nom.startswith("cle_") else ""
        return f"défini{accord} le {timezone.localtime(le):%d/%m/%Y}{auteur} — laisser vide pour ne pas changer"

    def _post_clean(self) -> None:
        # construct_instance writes each cleaned value: an unchanged secret is taken out before, or it would be emptied.
        for nom in self.secrets:
            if valeur := self.cleaned_data.pop(nom, ""):  # type: ignore[attr-defined]
                setattr(self.instance, nom, valeur)  # type: ignore[attr-defined]
                setattr(self.instance, f"{nom}_defini_le", timezone.now())  # type: ignore[attr-defined]
                setattr(self.instance, f"{nom}_defini_par", self.personne)  # type: ignore[attr-defined]
        super()._post_clean()  # type: ignore[misc]

    @property
    def secrets_definis(self) -> list[str]:
        """Names of the secrets this form has just written, for the journal."""
        return [nom for nom in self.secrets if nom in self.changed_data]  # type: ignore[attr-defined]
