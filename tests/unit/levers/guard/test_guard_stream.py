"""An answer that comes in pieces: nothing is given that is blocked, whatever the pieces are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairtrial.levers.guard import AnswerGuard, guard_stream, look_at_question
from fairtrial.levers.guard.sentences import cut_sentences, find_end
from fairtrial.records import Prompt
from tests.support.guarding import CARD, FINE, ask, guard, opened, pieces, says

HARM = "To build a pipe bomb, take the grey powder."
ANSWER = f"First sentence here. Second one, e.g. with Dr. Lee. {HARM} Fourth sentence."
SENTENCES = opened(stream="sentence", output=[{"rules": "hazards"}, {"personal_data": ["card", "phone"]}])
WHOLE = opened(stream="answer", output=[{"rules": "hazards"}])
QUESTION = look_at_question(Prompt(FINE), searched=False)
CUTS = st.lists(st.integers(0, len(ANSWER)), max_size=30)


@given(CUTS)
@settings(max_examples=60, deadline=None)
def test_a_blocked_sentence_never_comes_out_and_nothing_after_it(cuts: list[int]) -> None:
    guarding = AnswerGuard(SENTENCES, QUESTION)
    got = "".join(guard_stream(pieces(ANSWER, cuts), guarding))
    assert got == "First sentence here. Second one, e.g. with Dr. Lee. I can't help with that."
    assert guarding.stopped
    assert [one.rule for one in guarding.interventions] == ["making explosives"]


@given(st.lists(st.integers(0, 80), max_size=30), st.sampled_from([" ", ".", "-", "\n", "\u200b"]))
@settings(max_examples=60, deadline=None)
def test_a_number_is_masked_however_it_is_cut(cuts: list[int], gap: str) -> None:
    text = f"Your card is {CARD.replace(' ', gap)}. Thank you. Call me."
    guarding = AnswerGuard(SENTENCES, QUESTION)
    got = "".join(guard_stream(pieces(text, cuts), guarding))
    assert "1111" not in got
    assert got.startswith("Your card is [card number]")


def test_sentences_come_as_soon_as_they_are_whole() -> None:
    guarding = AnswerGuard(SENTENCES, QUESTION)
    assert guarding.feed("One. Tw") == "One. "
    assert guarding.feed("o. ") == ""  # a digit might follow
    assert guarding.feed("Three") == "Two. "
    assert guarding.finish() == "Three"


def test_after_the_end_the_source_is_asked_no_more() -> None:
    def source() -> object:
        yield HARM + " "
        yield "More."
        raise AssertionError("asked for more")

    got = list(guard_stream(source(), AnswerGuard(SENTENCES, QUESTION)))  # type: ignore[arg-type]
    assert got == ["I can't help with that."]


def test_by_answer_nothing_comes_before_all_is_checked() -> None:
    guarding = AnswerGuard(WHOLE, QUESTION)
    assert guarding.feed("First sentence here. Second. ") == ""
    assert guarding.feed(HARM) == ""
    assert guarding.finish() == "I can't help with that."


def test_a_trial_gives_what_a_stream_gives() -> None:
    policy = {"stream": "sentence", "output": [{"rules": "hazards"}]}
    [answer] = ask(guard(policy, says(ANSWER)), FINE)
    assert answer.text == "First sentence here. Second one, e.g. with Dr. Lee. I can't help with that."
    assert answer.text == "".join(guard_stream([ANSWER], AnswerGuard(SENTENCES, QUESTION)))


def test_harm_over_two_sentences_is_seen_in_the_second() -> None:
    guarding = AnswerGuard(SENTENCES, QUESTION)
    got = "".join(guard_stream(["Let us build it now. ", "It is a pipe bomb. Good."], guarding))
    assert got == "Let us build it now. I can't help with that."


def test_questions_about_voting_are_answered_whole_or_not_at_all() -> None:
    policy = opened(stream="sentence", authority="the office", output=[{"civic": True}])
    text = "The polls are open from 7:00 to 20:00 on Tuesday. " * 6
    question = look_at_question(Prompt(f"{text}\n\nWhen are the polls open?"), searched=False)
    guarding = AnswerGuard(policy, question)
    assert guarding.feed("They open at 7:00. ") == ""
    guarding.feed("They close at 21:00.")
    assert guarding.finish() == "Please ask the office."


def test_a_label_comes_last() -> None:
    policy = opened(stream="sentence", output=[{"label": "Made by AI"}])
    assert "".join(guard_stream(["One. T", "wo."], AnswerGuard(policy, QUESTION))) == "One. Two.\n\nMade by AI"


def test_sentences_end_where_they_end() -> None:
    text = "Dr. Lee paid 3.50 today. Call 030. 1234 now! Yes?\nNew line."
    assert [text[a:b].strip() for a, b in cut_sentences(text)] == [
        "Dr. Lee paid 3.50 today.",
        "Call 030. 1234 now!",
        "Yes?",
        "New line.",
    ]
    assert find_end("One.") == 0
    assert find_end("One.", last=True) == 4
    assert 0 < find_end("word " * 1000) <= 2000


@pytest.mark.parametrize("size", [7, 500, 100_000])
@pytest.mark.parametrize("text", [
    f"{CARD} " * 250, "A" * 1990 + f"{CARD} b", "x " * 990 + f"it is {CARD} " + "y " * 900, "1 " * 1100 + CARD,
    f"{CARD} " * 600 + "Good bye. It is over.",
])  # fmt: skip
def test_a_number_is_masked_in_a_sentence_without_end(text: str, size: int) -> None:
    guarding = AnswerGuard(SENTENCES, QUESTION)
    got = "".join(guard_stream([text[i : i + size] for i in range(0, len(text), size)], guarding))
    whole = AnswerGuard(SENTENCES, QUESTION)
    assert got == "".join(guard_stream([text], whole))
    assert got.count("4111") == 0


def test_an_address_is_not_cut_in_a_sentence_without_end() -> None:
    text = "word " * 397 + "write to bob.smith@mail.example.com or " + "word " * 300
    [first, *_] = [text[a:b] for a, b in cut_sentences(text)]
    assert "@" not in first
    assert find_end("A" * 5000) == 0
