"""Levers in the plan of a stored trial."""

from __future__ import annotations

import pytest

from fairtrial.errors import LedgerError
from fairtrial.ledger.plan import make_plan_record
from tests.support.ledgers import plan


@pytest.mark.parametrize(
    "levers", [[{"cascade": 5}], [{"cascade": None}], [{}], [{"quantize": 4}], [{"a": 1, "b": 2}], [5], ["x"], {"a": 1}]
)
def test_levers_that_are_none_are_damage(levers: object) -> None:
    document = plan()
    document["candidates"][0]["spec"] = {"model": "fake:x", "levers": levers}  # type: ignore[index]
    with pytest.raises(LedgerError, match="levers") as caught:
        make_plan_record(document, "trial t")
    assert caught.value.where == "trial t"


def test_levers_in_their_short_form_are_levers() -> None:
    document = plan()
    levers = ({"quantize": "q4_0"}, {"other": ["a", 1]}, {"none": None}, {"cascade": {"to": "b", "threshold": "50%"}})
    document["candidates"][0]["spec"] = {"model": "fake:x", "levers": list(levers)}  # type: ignore[index]
    assert make_plan_record(document).candidates[0].spec.levers == levers
