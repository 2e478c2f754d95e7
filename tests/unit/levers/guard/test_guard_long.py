"""Long questions and answers: everything is read, and each part of it once, so that time grows with length alone."""

from __future__ import annotations

import time

import pytest

from fairtrial.archive.hostile.instructions import find_instructions
from fairtrial.levers.guard.checks import rules
from fairtrial.levers.guard.checks.personal import find_places
from fairtrial.levers.guard.checks.rules import RuleLooker
from fairtrial.levers.guard.sentences import cut_sentences
from fairtrial.levers.guard.streaming import AnswerGuard
from fairtrial.levers.guard.supplying import look_at_question
from fairtrial.records import Prompt
from fairtrial.spec.guard import RuleSettings
from tests.support.guarding import BOMB, opened

FILLER = "The garden is green and the sea is calm today. "
LIMIT = 8.0
"""Processor seconds: each of these takes under half a second, and took minutes."""


def look(text: str) -> list[str]:
    looker = RuleLooker(RuleSettings(), cuts=False)
    return [one.rule for one in looker.look(look_at_question(Prompt(text), searched=False)).findings]


def test_a_long_question_is_read_once_and_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    def count(text: str) -> object:
        read.append(len(text))
        return find_instructions(text)

    monkeypatch.setattr(rules, "find_instructions", count)
    text = FILLER * 4_000
    assert look(text) == []
    assert sum(read) < 2.5 * len(text)
    for hidden in (BOMB, BOMB[::-1]):
        assert look(f"{text}{hidden} {FILLER}") != []


@pytest.mark.parametrize("unit", ["@", "build ", "kill him. vet. ", 'ignore all previous "x" ', "\n", "a.", "'a "])
def test_what_repeats_takes_no_longer(unit: str) -> None:
    text = unit * (60_000 // len(unit))
    begun = time.process_time()
    look(text)
    assert time.process_time() - begun < LIMIT


def test_ends_of_sentences_and_numbers_are_found_in_linear_time() -> None:
    begun = time.process_time()
    spans = cut_sentences("So it is. " * 40_000)
    assert (len(spans), spans[-1]) == (40_000, (399_990, 400_000))
    assert cut_sentences("." * 100_000) == [(0, 100_000)]
    cards = find_places("4111 1111 1111 1111, " * 10_000, ("card", "iban"))
    assert len(cards) == 10_000
    assert time.process_time() - begun < LIMIT


def test_an_answer_that_comes_at_once_is_given_as_one_that_comes_in_pieces() -> None:
    policy = opened(stream="sentence", output=[{"personal_data": ["card"]}])
    text = "It is 4111 1111 1111 1111. So it is. " * 60
    given = []
    for size in (7, len(text)):
        guard = AnswerGuard(policy, look_at_question(Prompt("Which?"), searched=False))
        parts = [guard.feed(text[at : at + size]) for at in range(0, len(text), size)]
        given.append("".join([*parts, guard.finish()]))
    assert given[0] == given[1] == text.replace("4111 1111 1111 1111", "[card number]")
    policy.close()
