"""Levers between a server and an engine that answers live: what they change, and what of an answer they may give early.

The same objects answer as in a trial, by the same steps; only the order is another.  A lever that looks at all of an
answer before any of it is given gives it whole; `fairtrial.levers.staged` has those that ask twice.
"""

from __future__ import annotations

from collections.abc import Sequence

from fairtrial.engines.base import Engine
from fairtrial.engines.live import NOTHING, AnswerPiece, CanAnswerLive, LiveEngine, TokenNote, Wishes, Writing
from fairtrial.errors import FairtrialError
from fairtrial.levers.guard.engine import Checked, GuardEngine
from fairtrial.levers.guard.streaming import AnswerGuard
from fairtrial.levers.retrieve.engine import RetrievingEngine
from fairtrial.levers.staged import StagedLive, list_stages, open_staged
from fairtrial.levers.wrapping import WrappedEngine
from fairtrial.records import GenerateAnswer, GenerateRequest


def open_live(engine: Engine, places: int) -> LiveEngine | None:
    """Return what answers live for a candidate's engine, with all its levers; None where one of them cannot."""
    if isinstance(engine, CanAnswerLive):
        return engine.open_live(places)
    if stages := list_stages(engine):
        lives = [one for stage in stages if (one := open_live(stage, places)) is not None]
        if len(lives) == len(stages):
            return open_staged(engine, lives)
        for one in lives:
            one.close()
        return None
    if not isinstance(engine, WrappedEngine) or not _is_simple(engine):
        return None
    inside = open_live(engine.engine, places)
    return WrappedLive(engine, inside) if inside is not None else None


def _is_simple(engine: WrappedEngine) -> bool:
    """Return whether a lever asks the engine inside once, with one request for each."""
    return isinstance(engine, GuardEngine | RetrievingEngine) or type(engine).generate is WrappedEngine.generate


def is_plain(live: LiveEngine) -> bool:
    """Return whether no lever stands before the engine."""
    return not isinstance(live, WrappedLive | StagedLive)


def asks_once(live: LiveEngine) -> bool:
    """Return whether all of an answer is written in one go, so that a grammar can hold it to a form."""
    return asks_once(live.inside) if isinstance(live, WrappedLive) else not isinstance(live, StagedLive)


def describe_coming(live: LiveEngine | None) -> str:
    """Return how answers come: ``token``, ``sentence``, ``whole``, or ``larger``: whole unless that model is asked."""
    if live is None:
        return "whole"
    if isinstance(live, StagedLive):
        last = describe_coming(live.lives[-1])
        return "larger" if len(live.lives) > 1 and last != "whole" else last
    if not isinstance(live, WrappedLive):
        return "token"
    inside = describe_coming(live.inside)
    if isinstance(live.engine, GuardEngine):
        return "whole" if inside == "whole" or not live.engine.gives_early else "sentence"
    return "whole" if _holds(live.engine) else inside


def _holds(engine: WrappedEngine) -> bool:
    """Return whether a lever changes answers, so that all of one must be there before any of it is given."""
    own = type(engine)
    changes = own.change_answer is not WrappedEngine.change_answer
    return changes or own._pass_answer is not WrappedEngine._pass_answer


class _Ended:
    """An answer that was there at once; see `fairtrial.engines.live.Writing`."""

    def __init__(self, answer: GenerateAnswer) -> None:
        self.notes: list[TokenNote] = []
        self.answer: GenerateAnswer | None = answer
        self.error: FairtrialError | None = None
        self._left = AnswerPiece(answer.text, answer.thought)

    def take(self) -> AnswerPiece:
        left, self._left = self._left, AnswerPiece()
        return left


class _Within:
    """What an answer that a lever changes tells of the one inside."""

    def __init__(self, inside: Writing) -> None:
        self.inside = inside

    @property
    def notes(self) -> Sequence[TokenNote]:
        return self.inside.notes

    @property
    def error(self) -> FairtrialError | None:
        return self.inside.error


class _Passed(_Within):
    """An answer that a lever changes; see `fairtrial.engines.live.Writing`.

    What comes early is given only where the lever changes no answers.
    """

    def __init__(self, engine: WrappedEngine, request: GenerateRequest, sent: GenerateRequest, inside: Writing) -> None:
        super().__init__(inside)
        self._engine, self._request, self._sent = engine, request, sent
        self._holds = _holds(engine)
        self._answer: GenerateAnswer | None = None
        self._given = AnswerPiece()

    @property
    def answer(self) -> GenerateAnswer | None:
        if self._answer is None and (found := self.inside.answer) is not None:
            self._answer = self._finish(found)
        return self._answer

    def _finish(self, found: GenerateAnswer) -> GenerateAnswer:
        return self._engine._pass_answer(self._request, self._sent, found)

    def take(self) -> AnswerPiece:
        if self._holds:
            self._raise_error()
            answer = self.answer
            return self._give(answer.text, answer.thought) if answer else AnswerPiece()
        return self.inside.take()

    def _give(self, text: str, thought: str) -> AnswerPiece:
        new = AnswerPiece(text[len(self._given.text) :], thought[len(self._given.thought) :])
        self._given = AnswerPiece(text, thought)
        return new

    def _raise_error(self) -> None:
        if self.error is not None:
            raise self.error


class _Guarded(_Within):
    """An answer that a guard checks sentence by sentence; see `fairtrial.engines.live.Writing`.

    Its thought is given at the end, since what may be shown of it is known then.
    """

    def __init__(self, engine: GuardEngine, checked: Checked, inside: Writing) -> None:
        super().__init__(inside)
        self._engine, self._checked = engine, checked
        self._guard: AnswerGuard | None = None
        self._answer: GenerateAnswer | None = None
        self._text = ""
        self._given = 0
        self._thought_given = False
        # What it was answered from may be known only with the answer.
        self._early = not engine._searches

    @property
    def answer(self) -> GenerateAnswer | None:
        if self._answer is None and (found := self.inside.answer) is not None:
            self._take_early()
            self._answer = self._engine._check_answer(self._checked, found, self._guard)
            self._text = self._answer.text
        return self._answer

    def _take_early(self) -> None:
        if not self._early:
            return
        if self._guard is None:
            self._guard = AnswerGuard(self._engine.opened, self._checked.question)
        if self._answer is None:
            self._text += self._guard.feed(self.inside.take().text)

    def take(self) -> AnswerPiece:
        if self.error is not None:
            raise self.error
        answer = self.answer
        thought = ""
        if answer is None:
            self._take_early()
        elif not self._thought_given:
            thought, self._thought_given = answer.thought, True
        new, self._given = self._text[self._given :], len(self._text)
        return AnswerPiece(new, thought)


class WrappedLive:
    """A lever's engine, answering live; see `fairtrial.engines.live.LiveEngine`."""

    def __init__(self, engine: WrappedEngine, inside: LiveEngine) -> None:
        self.engine, self.inside, self.places = engine, inside, inside.places

    def begin(self, request: GenerateRequest, wishes: Wishes = NOTHING) -> Writing:
        """Begin an answer; what a lever says without asking is there at once."""
        engine = self.engine
        if isinstance(engine, GuardEngine):
            [checked] = engine._check_questions([request])
            if checked.sent is None:
                return _Ended(engine._hold_back(checked))
            return _Guarded(engine, checked, self.inside.begin(checked.sent, wishes))
        engine.prepare([request])
        if isinstance(engine, RetrievingEngine) and engine._prepare(request).refused:
            return _Ended(engine._abstain(request))
        sent = engine.change_request(request)
        return _Passed(engine, request, sent, self.inside.begin(sent, wishes))

    def advance(self) -> None:
        """Send one pass for all answers."""
        self.inside.advance()

    def cancel(self, writing: Writing) -> None:
        """Stop an answer."""
        if isinstance(writing, _Passed | _Guarded):
            self.inside.cancel(writing.inside)

    def close(self) -> None:
        """Give up what the engine inside holds."""
        self.inside.close()
