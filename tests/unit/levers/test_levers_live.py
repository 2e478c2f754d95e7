"""Levers before an engine that answers live: the same answers as in a trial, and early what may be given early."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from fairtrial.engines.base import Engine
from fairtrial.engines.live import NOTHING, AnswerPiece, Wishes
from fairtrial.levers.live import open_live
from fairtrial.levers.wrapping import WrappedEngine
from fairtrial.records import GenerateAnswer, GenerateRequest, Prompt
from tests.support.archives import make_archive
from tests.support.guarding import BOMB, CARD, FINE, guard
from tests.support.retrieving import ASK, Scripted, wrap

STEP = 7
"""Characters that come with a pass."""
TWO = f"Knead the dough well. My card is {CARD}. Bake it for an hour."
MASKS = {
    "name": "own",
    "stream": "sentence",
    "input": [{"rules": ["hazards"]}],
    "output": [{"personal_data": ["card"]}],
}


class Speaking:
    """An answer that comes some characters at a time."""

    def __init__(self, answer: GenerateAnswer) -> None:
        self.whole, self.shown, self.taken = answer, 0, 0
        self.notes, self.error = [], None

    @property
    def answer(self) -> GenerateAnswer | None:
        return self.whole if self.shown >= len(self.whole.text) else None

    def take(self) -> AnswerPiece:
        new, self.taken = self.whole.text[self.taken : self.shown], self.shown
        return AnswerPiece(new)


class Speaker(Scripted):
    """Says what a function makes of a prompt, at once or bit by bit."""

    places = 4

    def __init__(self, say: Callable[[str], str]) -> None:
        super().__init__(say)
        self.writings: list[Speaking] = []

    def open_live(self, places: int):
        return self

    def begin(self, request: GenerateRequest, wishes: Wishes = NOTHING) -> Speaking:
        [answer] = self.generate([request])
        self.writings.append(Speaking(answer))
        return self.writings[-1]

    def advance(self) -> None:
        for one in self.writings:
            one.shown += STEP

    def cancel(self, writing) -> None:
        self.writings.remove(writing)


def follow(engine: Engine, request: GenerateRequest) -> tuple[GenerateAnswer, list[str]]:
    """Return an answer and what was given of it pass by pass."""
    live = open_live(engine, 4)
    assert live is not None
    writing = live.begin(request)
    pieces = [writing.take().text]
    while writing.answer is None:
        live.advance()
        pieces.append(writing.take().text)
    pieces.append(writing.take().text)
    assert writing.answer is not None
    return writing.answer, pieces


def same_as_asked(engine: Engine, request: GenerateRequest) -> tuple[GenerateAnswer, list[str]]:
    [asked] = engine.generate([request])
    answer, pieces = follow(engine, request)
    assert answer == asked
    assert "".join(pieces) == answer.text
    return answer, [piece for piece in pieces if piece]


def test_a_guard_gives_sentences_as_they_are_checked() -> None:
    answer, pieces = same_as_asked(guard(MASKS, Speaker(lambda _: TWO)), GenerateRequest(Prompt(FINE), 64))
    assert CARD not in answer.text
    assert pieces[0] == "Knead the dough well. "
    assert len(pieces) == 3


def test_a_guard_that_looks_at_whole_answers_gives_them_whole() -> None:
    policy = {**MASKS, "stream": "answer"}
    _, pieces = same_as_asked(guard(policy, Speaker(lambda _: TWO)), GenerateRequest(Prompt(FINE), 64))
    assert len(pieces) == 1


def test_a_question_that_is_blocked_is_answered_at_once_and_never_asked() -> None:
    speaker = Speaker(lambda _: TWO)
    answer, _ = follow(guard(MASKS, speaker), GenerateRequest(Prompt(BOMB), 64))
    assert speaker.sent == []
    assert answer.trace


def test_after_the_words_of_a_refusal_nothing_comes() -> None:
    policy = {**MASKS, "output": [{"personal_data": ["card"], "action": "block"}]}
    answer, pieces = same_as_asked(guard(policy, Speaker(lambda _: TWO)), GenerateRequest(Prompt(FINE), 64))
    assert answer.text.startswith("Knead the dough well. ")
    assert "Bake" not in answer.text
    assert len(pieces) == 2


def test_passages_stand_before_the_question_and_gates_see_the_whole_answer(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "news.db")
    engine = wrap(archive, Speaker(lambda _: 'They said "the ferry never sails again from here" [1].'))
    answer, pieces = same_as_asked(engine, ASK)
    assert len(pieces) == 1
    assert any(step.passages for step in answer.trace)
    engine.close()


def test_a_lever_that_changes_questions_alone_lets_tokens_pass() -> None:
    class Shouting(WrappedEngine):
        def change_request(self, request):
            return GenerateRequest(Prompt(request.prompt.user.upper()), request.max_tokens)

    class Cutting(Shouting):
        def change_answer(self, request, answer):
            return GenerateAnswer(answer.text[:5], answer.tokens, answer.finish, answer.prompt_tokens)

    request = GenerateRequest(Prompt("who?"), 9)
    answer, pieces = same_as_asked(Shouting(Speaker(lambda prompt: f"{prompt} It is me."), "shout"), request)
    assert answer.text == "WHO? It is me."
    assert len(pieces) > 1
    _, pieces = same_as_asked(Cutting(Speaker(lambda prompt: f"{prompt} It is me."), "cut"), request)
    assert pieces == ["WHO? "]


def test_a_lever_that_asks_several_times_does_not_answer_live() -> None:
    assert open_live(Scripted(lambda _: "no"), 4) is None
    assert open_live(guard(MASKS, Scripted(lambda _: "no")), 4) is None
