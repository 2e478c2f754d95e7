"""Settings of the retrieve lever that are wrong: one problem each, with what is allowed."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from fairtrial.spec.retrieve import Retrieve


@pytest.mark.parametrize(
    ("setting", "value", "told"),
    [
        ("operator", "business", "operator 'business' does not exist. Operators: commercial, non-commercial"),
        ("operator", "comercial", "commercial'?"),
        ("operator", 3, "operator '3' does not exist. Operators: "),
        ("territory", "Germany", "'Germany' is not a code of two capital letters (ISO 3166-1 alpha-2)"),
        ("territory", "UK", "Write GB"),
    ],
)
def test_a_wrong_circumstance_is_one_problem_in_words(setting: str, value: object, told: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Retrieve.model_validate({"archive": "a.db", setting: value})
    [problem] = caught.value.errors()
    assert told in problem["msg"] and "literal" not in problem["msg"]


def test_an_empty_circumstance_is_unknown() -> None:
    assert Retrieve.model_validate({"archive": "a.db", "operator": "", "territory": ""}).operator == ""
