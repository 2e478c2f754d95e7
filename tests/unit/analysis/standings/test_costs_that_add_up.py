"""Which measures are costs: what is spent on an item, and not what an answer is like."""

from __future__ import annotations

from types import SimpleNamespace

from fairtrial.analysis.standings.costs import list_cost_measures
from fairtrial.records import Measure
from fairtrial.tasks.graders.overlap import RUN

SECONDS = Measure("seconds", unit="s", higher_is_better=False, bounds=None)


def test_words_that_stand_in_a_document_are_no_cost():
    task = SimpleNamespace(card=SimpleNamespace(measures=(SECONDS, RUN)))
    assert list_cost_measures(task) == [SECONDS]
