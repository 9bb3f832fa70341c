"""Pages asked for without being drawn, for tests that judge an answer and not what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.template.response import SimpleTemplateResponse


@contextmanager
def sans_rendu() -> Iterator[None]:
    """Address, middlewares, guards and view all run; the template, nine tenths of the cost of a page, does not.

    What the view found is then in `reponse.context_data`.
    """
    with pytest.MonkeyPatch.context() as correctif:
        correctif.setattr(SimpleTemplateResponse, "rendered_content", "")
        yield
