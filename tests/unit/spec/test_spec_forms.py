"""Forms as a trial file writes them."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from fairtrial.spec.forms import name_form, read_form
from fairtrial.spec.trial import TaskEntry


def test_forms_have_names() -> None:
    assert TaskEntry(task="table", forms=("permuted", "order")).forms == ("permuted", "order")
    assert name_form("permuted") == "permuted"
    assert read_form({"permuted": {}})[0] == "permuted"


@pytest.mark.parametrize(
    ("forms", "told"),
    [
        (["permutted"], "Did you mean 'permuted'"),
        (["permuted", "permuted"], "listed twice"),
        ([{"permuted": 3}], "has no settings"),
        ([{"permuted": {}, "order": {}}], "exactly one key"),
        ([3], "a form is a name"),
        ([{"permuted": {"strength": 3}}], "unknown key 'strength'"),
        ([{"blur": "strong"}], "radius must be a number; got 'strong'. Standard deviation of the blur"),
        ([{"jpeg": 5}], "quality must be greater than or equal to 10; got 5. .*colours would turn into others"),
        ([{"turn": {"keeps_answers": 1}}], "keeps_answers must be true or false; got 1"),
    ],
)
def test_wrong_forms_are_refused(forms: Any, told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        TaskEntry.model_validate({"task": "table", "forms": forms})
