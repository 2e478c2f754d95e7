"""Thinking for a set number of tokens: what is asked in which call, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from fairtrial.engines.base import Engine
from fairtrial.errors import CapabilityError, SpecError
from fairtrial.levers import count_calls, read_lever, wrap_engine
from fairtrial.levers.think.steps import ask_after_steps, split_question
from fairtrial.records import GenerateAnswer, GenerateRequest, ImagePart, Pair, Prompt, ScoreRequest, TextPart
from fairtrial.records.trace import count_calls as count_tokens
from tests.support.thinking import Thinker

QUESTION = GenerateRequest(Prompt("Question: 6 x 7?\nAnswer:"), max_tokens=6, stop=("\n",))
CHOICES = ScoreRequest(
    (Pair(Prompt("Question: 6 x 7?\nAnswer:"), "42"), Pair(Prompt("Question: 6 x 7?\nAnswer:"), "7"))
)


def wrapped(engine: Engine, settings: Any) -> Engine:
    return wrap_engine(read_lever({"think": settings}), engine, {})


def asked(engine: Thinker, settings: Any, request: GenerateRequest = QUESTION) -> GenerateAnswer:
    [answer] = wrapped(engine, settings).generate([request])
    return answer


def said(answer: GenerateAnswer) -> list[str]:
    return [step.action for step in answer.trace if step.action]


@pytest.mark.parametrize(("budget", "text"), [(0, "7 is it."), (4, "7 is it."), (8, "42 is it."), (11, "42 is it.")])
def test_a_thought_is_cut_at_the_budget(budget: int, text: str) -> None:
    engine = Thinker()
    answer = asked(engine, budget)
    assert (answer.text, answer.finish) == (text, "stop")
    assert answer.reasoning_tokens == budget
    assert answer.tokens == budget + 3  # and the three words of the answer
    assert count_tokens(answer.trace, (0, 0)) == (5 * len(engine.asked), budget + 3)
    assert said(answer) == ([f"thought for {budget} tokens, cut"] if budget else [])
    words = [f"w{i}" for i in range(max(0, budget - 1))]  # the tag is a token, too
    assert answer.thought.split() == words


def test_a_thought_that_ends_before_the_budget_needs_no_second_call() -> None:
    engine = Thinker()
    answer = asked(engine, 40)
    assert (answer.text, answer.tokens, answer.reasoning_tokens, len(engine.asked)) == ("42 is it.", 15, 12, 1)
    assert said(answer) == ["thought for 12 tokens, to its end"]


def test_an_answer_that_was_begun_is_gone_on_with() -> None:
    engine = Thinker()
    answer = asked(engine, 13)  # the thought takes twelve
    first, second = engine.asked
    assert isinstance(second, GenerateRequest) and isinstance(first, GenerateRequest)
    assert (second.prompt.assistant, second.max_tokens) == ("42 ", 5)
    assert (answer.text, answer.tokens, answer.reasoning_tokens) == ("42 is it.", 15, 12)


def test_natively_a_model_thinks_as_long_as_it_likes() -> None:
    answer = asked(Thinker(), "native")
    assert (answer.text, answer.tokens, answer.unfinished) == ("42 is it.", 15, False)
    cut = asked(Thinker(), {"budget": "native", "most": 2})
    assert (cut.text, cut.unfinished, cut.tokens) == ("", True, 8)  # nothing is forced: 2 and the task's own 6


def test_a_limit_asks_for_nothing_more() -> None:
    cut, whole = asked(Thinker(), {"limit": 5}), asked(Thinker(), {"limit": 50})
    assert (cut.text, cut.unfinished, cut.tokens) == ("", True, 5)
    assert (whole.text, whole.tokens) == ("42 is it.", 15)


@pytest.mark.parametrize(
    ("budget", "text", "tokens"), [(0, " 7 is it.", 3), (4, " 7 is it.", 7), (8, " 42 is it.", 11)]
)
def test_in_steps_the_answer_is_asked_for_by_the_tasks_own_cue(budget: int, text: str, tokens: int) -> None:
    engine = Thinker(tags=False)
    answer = asked(engine, budget)
    assert (answer.text, answer.tokens, answer.reasoning_tokens) == (text, tokens, budget)
    last = engine.asked[-1]
    assert isinstance(last, GenerateRequest)
    shown = "".join(f" w{i}" for i in range(budget))
    steps = f"Question: 6 x 7?\nLet's think step by step.{shown}\nAnswer:"
    assert last.prompt.plain() == (steps if budget else QUESTION.prompt.plain())
    assert (last.max_tokens, last.stop) == (6, ("\n",))


def test_steps_end_where_the_model_writes_the_cue_itself() -> None:
    answer = asked(Thinker(tags=False), 40)
    assert answer.text == " 42 is it."
    assert said(answer) == ["thought for 11 tokens, to its end"]
    short, long = (asked(Thinker(tags=False), {"limit": n}) for n in (5, 40))
    assert (short.unfinished, short.tokens) == (True, 5)
    assert (long.text, long.unfinished) == (" 42 is it.", False)


@pytest.mark.parametrize("tags", [True, False])
def test_choices_are_scored_after_the_thought(tags: bool) -> None:
    for budget, right in ((0, False), (3, False), (9, True)):
        engine = Thinker(tags=tags)
        [answer] = wrapped(engine, budget).score([CHOICES])
        assert answer.greedy[0] == right
        assert count_tokens(answer.trace, (0, 0))[1] == budget
        assert len(engine.asked) == (2 if budget else 1)  # both choices follow one thought
    with pytest.raises(CapabilityError, match="never asked for"):
        wrapped(Thinker(tags=tags), {"limit": 4}).check([CHOICES])
    with pytest.raises(CapabilityError, match="document"):
        wrapped(Thinker(tags=tags), 4).check([replace(CHOICES, rolling=True)])


def test_a_text_after_no_question_is_scored_as_it_is() -> None:
    engine = Thinker()
    list(wrapped(engine, 4).score([replace(CHOICES, pairs=(*CHOICES.pairs, Pair(Prompt(""), "42")))]))
    last = engine.asked[-1]
    assert isinstance(last, ScoreRequest)
    assert [pair.prompt.thought is None for pair in last.pairs] == [False, False, True]


def test_who_cannot_go_on_is_refused_by_name() -> None:
    for can, by, words in (
        ({"thoughts": None}, "auto", "nothing tells how this model thinks"),
        ({"thoughts": False}, "tags", "needs a chat template"),
        ({"thoughts": False, "begins": False}, "steps", "goes on with no answer"),
    ):
        engine = Thinker()
        engine.can = replace(engine.can, **can)
        with pytest.raises(CapabilityError, match=words):
            wrapped(engine, {"budget": 3, "by": by})


def test_a_thought_that_is_not_shown_cannot_be_given_back() -> None:
    class Hiding(Thinker):
        def _written(self, request: GenerateRequest) -> GenerateAnswer:
            return GenerateAnswer("", request.max_tokens, "length", reasoning_tokens=request.max_tokens)

    with pytest.raises(CapabilityError, match="does not show"):
        asked(Hiding(), 30)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "either 'budget' or 'limit'"),
        ({"budget": 3, "limit": 4}, "either 'budget' or 'limit'"),
        ("nativ", "Did you mean 'native'"),
        (-1, "number of tokens"),
        (True, "number of tokens"),
        ({"budget": 3, "by": "magic"}, "'auto', 'tags' or 'steps'"),
    ],
)
def test_wrong_settings_are_told(settings: Any, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        read_lever({"think": settings})


def test_what_it_may_cost_is_known_beforehand() -> None:
    own, _ = count_calls(read_lever({"think": 100}), QUESTION)
    assert (own.about, own.most, own.written) == (2.0, 2, 100)
    assert own.added > 200
    once, _ = count_calls(read_lever({"think": 0}), QUESTION)
    assert (once.most, once.written) == (1, 0)
    assert count_calls(read_lever({"think": "native"}), QUESTION)[0].about is None


def test_the_cue_is_the_last_line_of_the_question() -> None:
    own = split_question(Prompt("Passage: so.\nWho?\nThe answer is:"), "", False)
    assert (own.prompt.user, own.cue, own.stop) == (
        "Passage: so.\nWho?\n",
        "The answer is:",
        ("\nPassage:", "\nThe answer is:"),
    )
    none = split_question(Prompt("Who?"), "", True)
    assert (none.prompt.user, none.cue) == ("Who?\n", "Answer:")
    begun = split_question(Prompt("Who?\nAnswer:", assistant="It is"), "", True)
    assert (begun.prompt.user, begun.cue, begun.prompt.assistant) == ("Who?\n", "Answer: It is", "")
    image = ImagePart.of(b"x", "image/png")
    shown = split_question(Prompt([TextPart("Look:\n"), image]), "Say:", True)
    assert shown.prompt.images == (image,)
    assert ask_after_steps(shown, "Hm.", " a b ").plain().endswith("<image>\nHm. a b\nSay:")
