"""Levers that ask twice, answering live: the same answers as in a trial, and their last stage as it is written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from fairtrial.engines.live import NOTHING, AnswerPiece, NoRoomError, Wishes
from fairtrial.levers import read_lever, wrap_engine
from fairtrial.levers.cascade import CascadeEngine
from fairtrial.levers.live import asks_once, describe_coming, is_plain, open_live
from fairtrial.records import GenerateAnswer, GenerateRequest, Prompt
from fairtrial.spec.cascade import Cascade
from tests.support.guarding import guard
from tests.support.retrieving import Scripted
from tests.support.thinking import Thinker

QUESTION = GenerateRequest(Prompt("Question: 6 x 7?\nAnswer:"), max_tokens=6, stop=("\n",))
BEGUN = replace(QUESTION, prompt=Prompt("Question: 6 x 7?", assistant="Answer:"))


class _Coming:
    """An answer that comes three characters at a time, its thought first."""

    def __init__(self, whole: GenerateAnswer) -> None:
        self.whole, self.shown, self.given = whole, 0, AnswerPiece()
        self.notes, self.error, self.answer = [], None, None

    def take(self) -> AnswerPiece:
        thought, text = (
            self.whole.thought[: self.shown],
            self.whole.text[: max(0, self.shown - len(self.whole.thought))],
        )
        new = AnswerPiece(text[len(self.given.text) :], thought[len(self.given.thought) :])
        self.given = AnswerPiece(text, thought)
        return new


class Live:
    """What makes an engine answer live; from the second answer on it says that there is no room, if it is to."""

    places, crowded = 4, False

    def open_live(self, places: int):
        self.begun, self.cancelled = [], []
        return self

    def begin(self, request: GenerateRequest, wishes: Wishes = NOTHING) -> _Coming:
        if self.crowded and self.begun:
            raise NoRoomError("no.")
        [answer] = self.generate([request])
        self.begun.append(_Coming(answer))
        return self.begun[-1]

    def advance(self) -> None:
        for one in self.begun:
            one.shown += 3
            if one.shown >= len(one.whole.text) + len(one.whole.thought):
                one.answer = one.whole

    def cancel(self, writing) -> None:
        self.cancelled.append(writing)


class LiveThinker(Live, Thinker):
    """Thinks, and says so live."""


class Sure(Live, Scripted):
    """Says one thing with so many nats a token."""

    def __init__(self, text: str, nats: float) -> None:
        super().__init__(lambda _: text)
        self.nats = nats

    def generate(self, requests):
        for answer in super().generate(requests):
            yield replace(answer, logprob=self.nats * answer.tokens)


def follow(engine, request: GenerateRequest) -> tuple[GenerateAnswer, list[AnswerPiece]]:
    """Return an answer and what was given of it, pass by pass."""
    live = open_live(engine, 4)
    assert live is not None
    writing = live.begin(request)
    pieces = [writing.take()]
    while writing.answer is None:
        live.advance()
        pieces.append(writing.take())
    return writing.answer, [piece for piece in (*pieces, writing.take()) if piece != AnswerPiece()]


THINKING = [0, 4, 8, 13, 40, "native", {"limit": 5}, {"limit": 50}, {"budget": "native", "most": 2},
            {"budget": 6, "by": "steps"}, {"limit": 3, "by": "steps"}]  # fmt: skip


@pytest.mark.parametrize("crowded", [False, True])
@pytest.mark.parametrize("request_", [QUESTION, BEGUN], ids=["asked", "begun"])
@pytest.mark.parametrize("settings", THINKING, ids=str)
def test_a_thought_and_its_answer_come_as_they_are_written(settings, request_: GenerateRequest, crowded: bool) -> None:
    engine = wrap_engine(read_lever({"think": settings}), LiveThinker(), {})
    [asked] = engine.generate([request_])
    engine.engine.crowded = crowded
    answer, pieces = follow(engine, request_)
    assert answer == asked
    assert "".join(piece.text for piece in pieces) == answer.text
    assert "".join(piece.thought for piece in pieces) == answer.thought
    assert crowded or not answer.thought or len([piece for piece in pieces if piece.thought]) > 1
    assert crowded or len(answer.text) <= 3 or len([piece for piece in pieces if piece.text]) > 1


@pytest.mark.parametrize(("nats", "said", "most"), [(-0.1, "the small one is sure", 1), (-5.0, "the larger one", 9)])
def test_of_a_cascade_the_larger_answer_comes_as_it_is_written(nats: float, said: str, most: int) -> None:
    small, larger = Sure("the small one is sure", nats), Sure("the larger one", -0.1)
    engine = CascadeEngine(Cascade.model_validate({"to": "x", "threshold": 0.5}), small, larger, ("small", "x"))
    [asked] = engine.generate([QUESTION])
    answer, pieces = follow(engine, QUESTION)
    assert answer == asked
    assert "".join(piece.text for piece in pieces) == answer.text == said
    assert (len(pieces) == 1) == (most == 1)
    live = open_live(engine, 4)
    assert (describe_coming(live), asks_once(live), is_plain(live)) == ("larger", False, False)


def test_a_stage_that_nobody_waits_for_is_ended() -> None:
    inside = LiveThinker()
    live = open_live(
        guard({"policy": {"output": [{"rules": ["hazards"]}]}}, wrap_engine(read_lever({"think": 8}), inside, {})), 4
    )
    writing = live.begin(QUESTION)
    live.cancel(writing)
    assert inside.cancelled == inside.begun[-1:]
    assert not asks_once(live)


def test_who_must_be_asked_otherwise_does_not_answer_live() -> None:
    settings = {"to": "x", "threshold": 0.5}
    halves = Sure("a", -1.0), Scripted(lambda _: "b")
    assert open_live(CascadeEngine(Cascade.model_validate(settings), *halves, ("small", "x")), 4) is None
    agreeing = Cascade.model_validate({**settings, "signal": "self_agreement"})
    assert open_live(CascadeEngine(agreeing, Sure("a", -1.0), Sure("b", -1.0), ("small", "x")), 4) is None
    assert describe_coming(None) == "whole"
    assert describe_coming(open_live(LiveThinker(), 4)) == "token"
