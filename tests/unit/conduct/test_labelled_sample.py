"""The labelled sample: that it is whole, and that the rules keep agreeing with it."""

from __future__ import annotations

import pytest

from fairtrial.conduct.sample import MEASURES, count_labels, load_labelled_answers
from fairtrial.errors import UnknownNameError


def test_the_halves_share_no_question() -> None:
    halves = {half: {one.asked for one in load_labelled_answers(half)} for half in ("written_with", "held_out")}
    assert not halves["written_with"] & halves["held_out"]
    assert len(load_labelled_answers()) >= 300
    assert {one.model for one in load_labelled_answers()} >= {
        "gemma3-270m",
        "qwen2.5-coder-0.5b",
        "smollm2-135m-instruct",
    }


@pytest.mark.parametrize("measure", [name for name in MEASURES if name not in ("partial", "unclear", "corrects")])
def test_the_rules_agree_with_people(measure: str) -> None:
    found = count_labels(measure)
    total = found.both + found.grader_only + found.people_only + found.neither
    assert total > 120
    assert (found.grader_only + found.people_only) / total < 0.08
    assert found.both > 5


def test_counts_are_those_of_the_half() -> None:
    unclear = count_labels("unclear", "written_with")
    assert sum((unclear.both, unclear.grader_only, unclear.people_only, unclear.neither)) == len(
        load_labelled_answers("written_with")
    )
    refused, given = count_labels("refusal"), count_labels("not_refused")
    assert (refused.both, refused.grader_only) == (given.neither, given.people_only)


def test_an_unknown_measure_is_told() -> None:
    with pytest.raises(UnknownNameError, match="refusal"):
        count_labels("refusals")
