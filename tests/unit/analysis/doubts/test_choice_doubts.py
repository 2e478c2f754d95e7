"""Items that offer a choice twice are counted among those that the trial asks and that offer any."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from fairtrial.analysis.doubts.choices import find_choice_doubts
from fairtrial.ledger import query
from fairtrial.records import Item


def test_choices_that_are_offered_twice_are_counted_item_by_item(monkeypatch: pytest.MonkeyPatch) -> None:
    offered = [("a", "b"), ("a", " A "), ("x",), (), ("b", "b")]
    items = [Item(f"i{n}", n, "q", choices, (), "", {}) for n, choices in enumerate(offered)]
    monkeypatch.setattr(query, "read_trial_order", lambda *_: ["i0", "i3", "i1", "i2"])
    monkeypatch.setattr(query, "iterate_items", lambda *_: iter(items))
    task: Any = SimpleNamespace(form="", id="t", name="quiz")
    trial: Any = SimpleNamespace(id="trial", plan=SimpleNamespace(tasks=[task]))
    ledger: Any = None
    (found,) = find_choice_doubts(ledger, trial)
    assert (found.kind, found.count, found.of) == ("equal_choices", 1, 3)
    assert found.text.startswith("1 of 3 items of quiz offer the same choice more than once")
