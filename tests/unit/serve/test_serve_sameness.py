"""What a stored answer and one of now come to: the same, the same but for rounding, or another one."""

from __future__ import annotations

import pytest

from fairtrial.engines.live import TokenNote
from fairtrial.records import GenerateAnswer
from fairtrial.serve.sameness import compare_texts


def say(text: str, thought: str = "") -> GenerateAnswer:
    return GenerateAnswer(text, 4, finish="stop", thought=thought)


def note(*pieces: str | tuple[str, str, float]) -> list[TokenNote]:
    """Notes of tokens; of some, another one and how many nats less likely it was."""
    notes = []
    for piece in pieces:
        written, other, gap = piece if isinstance(piece, tuple) else (piece, "", 0.0)
        top = ((written.encode(), -0.5), (other.encode(), -0.5 - gap)) if other else ()
        notes.append(TokenNote(1, written.encode(), -0.5, top))
    return notes


@pytest.mark.parametrize(("gap", "outcome"), [(0.1, "rounding"), (0.6, "different")])
@pytest.mark.parametrize(
    ("stored", "now", "pieces", "place"),
    [
        (say("It is blue."), say("It is dark."), ["It is", (" dark", " blue", 1.0), "."], "character 6: stored"),
        (say("7", "Three and four."), say("8", "Three and four."), [" Three and four.", (" 8", " 7", 1.0)],
         "character 0: stored"),
        (say("7", "It is odd."), say("8", "It is even."), [" It is", (" even", " odd", 1.0), ".", " 8"],
         "character 6 of the thought: stored"),
        (say("A bee. By AI"), say("A cow. By AI"), ["A", (" cow", " bee", 1.0), "."], "character 2: stored"),
    ],
    ids=["text", "after-a-thought", "in-a-thought", "labelled-by-a-guard"],
)  # fmt: skip
def test_a_word_that_was_nearly_as_likely_is_rounding(stored, now, pieces, place, gap, outcome):
    notes = note(*((one[0], one[1], gap) if isinstance(one, tuple) else one for one in pieces))
    found, told = compare_texts(stored, now, notes)
    assert found == outcome
    assert place in told
    assert told.endswith(f"; these were {gap} nats apart")


def test_what_cannot_be_told_is_another_answer():
    assert compare_texts(say("7"), say("7"), []) == ("same", "")
    assert compare_texts(say("7"), say("8"), [])[0] == "different"  # no probabilities
    assert compare_texts(say("7"), say("8"), note("nine"))[0] == "different"  # no model wrote it
    longer = compare_texts(say("7", "Odd. And more."), say("8", "Odd."), note("Odd.", " 8"))
    assert longer == ("different", "from character 4 of the thought: stored ' And more.', now ''")
