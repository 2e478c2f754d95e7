"""Levers that ask twice, answering live: a thought and then the answer, a small model and then a larger one.

What a stage says is given as it comes where it will stand in the answer: thoughts, the answer after them, the words of
the larger model.  The small model's answer is given whole, once it is known that the larger one is not asked.
"""

from __future__ import annotations

from collections.abc import Sequence

from fairtrial.engines.base import Engine
from fairtrial.engines.live import (
    NOTHING,
    AnswerPiece,
    LiveEngine,
    NoRoomError,
    TokenNote,
    Wishes,
    Writing,
    settle_pieces,
)
from fairtrial.errors import FairtrialError
from fairtrial.levers.cascade.engine import CascadeEngine
from fairtrial.levers.think.answers import TAG
from fairtrial.levers.think.engine import ThinkEngine
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest


class _Staged:
    """An answer of several stages; see `fairtrial.engines.live.Writing`.

    Attributes:
        inside: what is being written in this stage.
        at: by whom; None: it was there at once.
    """

    def __init__(self, request: GenerateRequest, wishes: Wishes) -> None:
        self.request, self.wishes = request, wishes
        self.inside: Writing | None = None
        self.at: LiveEngine | None = None
        self._answer: GenerateAnswer | None = None
        self._error: FairtrialError | None = None
        self._given, self._text, self._thought = AnswerPiece(), "", ""

    @property
    def notes(self) -> Sequence[TokenNote]:
        return self.inside.notes if self.inside is not None else ()

    @property
    def error(self) -> FairtrialError | None:
        return self._error or (self.inside.error if self.inside is not None else None)

    @property
    def answer(self) -> GenerateAnswer | None:
        self._step()
        return self._answer

    def take(self) -> AnswerPiece:
        self._step()
        if self.error is not None:
            raise self.error
        text, thought = (self._answer.text, self._answer.thought) if self._answer else (self._text, self._thought)
        new, self._given = settle_pieces(self._given, text, thought)
        return new

    def _step(self) -> None:
        """Take what has come, and begin the next stage where one has ended."""
        try:
            while self._answer is None and self.error is None and self.inside is not None:
                self._hear(self.inside.take())
                if (found := self.inside.answer) is None:
                    return
                self._end_stage(found)
        except FairtrialError as error:
            self._error = error

    def _begin(self, live: LiveEngine, engine: Engine, request: GenerateRequest, wishes: Wishes) -> None:
        """Begin a stage; what is too long for a place is answered at once, as in a trial."""
        try:
            self.inside, self.at = live.begin(request, wishes), live
        except NoRoomError:
            if self.inside is None:
                raise
            [answer] = engine.generate([request])
            self.inside, self.at = None, None
            self._end_stage(answer)

    def _hear(self, piece: AnswerPiece) -> None:
        raise NotImplementedError

    def _end_stage(self, found: Answer) -> None:
        raise NotImplementedError


class _Thinking(_Staged):
    """A thought, and the answer after it."""

    def __init__(self, engine: ThinkEngine, live: LiveEngine, request: GenerateRequest, wishes: Wishes) -> None:
        super().__init__(request, wishes)
        self._engine, self._live = engine, live
        self._item = engine.begin_item(request)
        self._asked: GenerateRequest | None = None
        self._keeps = engine.settings.limit is not None or not request.prompt.assistant
        self._begun = self._before = self._more = ""
        self._noted: tuple[TokenNote, ...] = ()
        [first] = self._item.first.values() or [None]
        if first is None:
            engine.take_thoughts(self._item, {})
            self._ask()
        else:
            self._begin(live, engine.engine, first, Wishes(top=wishes.top))

    @property
    def notes(self) -> Sequence[TokenNote]:
        """Of the thought's tokens that have text, and then of the answer's."""
        return (*self._noted, *super().notes)

    def _ask(self) -> None:
        asked = self._engine.ask_second(self._item)
        assert isinstance(asked, GenerateRequest)
        self._asked = asked
        self._begin(self._live, self._engine.engine, asked, self.wishes)

    def _hear(self, piece: AnswerPiece) -> None:
        if self._asked is not None:
            self._more += piece.thought
            self._thought = "\n\n".join(filter(None, (self._before, self._more)))
            self._text += piece.text
        elif self._engine.by == "steps":
            self._thought += piece.text
        else:
            self._thought += piece.thought
            self._begun += piece.text
            begun = self._begun.strip()
            if self._keeps and not (len(begun) <= TAG and begun[:1] in "<[◁"):  # else it may be about to think
                self._text = self._begun

    def _end_stage(self, found: Answer) -> None:
        assert isinstance(found, GenerateAnswer)
        if self._asked is not None:
            answer = self._engine.finish_item(self._item, self._asked, found)
            assert isinstance(answer, GenerateAnswer)
            self._answer = answer
            return
        self._answer = self._engine.take_thoughts(self._item, {prompt: found for prompt in self._item.first})
        if self._answer is None:
            self._noted = tuple(note for note in self.notes if note.data)
            [thought] = self._item.thoughts.values()
            self._before = self._thought = thought.text or ""
            self._text = thought.begun
            self._ask()


class _Passing(_Staged):
    """A small model's answer, or that of the larger one where the small one is unsure."""

    def __init__(self, engine: CascadeEngine, lives: tuple[LiveEngine, LiveEngine], request: GenerateRequest,
                 wishes: Wishes) -> None:  # fmt: skip
        super().__init__(request, wishes)
        self._engine, self._larger = engine, lives[1]
        self._first: GenerateAnswer | None = None
        self._signal = 0.0
        self._begin(lives[0], engine.small, request, wishes)

    def _hear(self, piece: AnswerPiece) -> None:
        if self._first is not None:
            self._text += piece.text
            self._thought += piece.thought

    def _end_stage(self, found: Answer) -> None:
        assert isinstance(found, GenerateAnswer)
        if self._first is None:
            [self._signal], _ = self._engine.signals([self.request], [found])
            if self._engine.is_unsure(self._signal):
                self._first = found
                self._begin(self._larger, self._engine.larger, self.request, self.wishes)
                return
        first, more = (found, None) if self._first is None else (self._first, found)
        answer = self._engine.join_answers(first, self._signal, (), more)
        assert isinstance(answer, GenerateAnswer)
        self._answer = answer


class StagedLive:
    """A lever that asks twice, answering live; see `fairtrial.engines.live.LiveEngine`.

    Attributes:
        engine: the lever's.
        lives: what answers live for the engines that it asks, each once.
    """

    def __init__(self, engine: ThinkEngine | CascadeEngine, lives: Sequence[LiveEngine]) -> None:
        self.engine, self.lives = engine, tuple(lives)
        self.places = min(one.places for one in lives)

    def begin(self, request: GenerateRequest, wishes: Wishes = NOTHING) -> Writing:
        """Begin an answer with its first stage."""
        self.engine.check([request])
        if isinstance(self.engine, ThinkEngine):
            return _Thinking(self.engine, self.lives[0], request, wishes)
        return _Passing(self.engine, (self.lives[0], self.lives[-1]), request, wishes)

    def advance(self) -> None:
        """Send one pass for all answers, of each engine."""
        for one in self.lives:
            one.advance()

    def cancel(self, writing: Writing) -> None:
        """Stop an answer."""
        if isinstance(writing, _Staged) and writing.at is not None and writing.inside is not None:
            writing.at.cancel(writing.inside)

    def close(self) -> None:
        """Give up what the engines hold."""
        for one in self.lives:
            one.close()


def list_stages(engine: Engine) -> Sequence[Engine]:
    """Return the engines that a lever asks one after the other, if it can be gone through live; else nothing."""
    if isinstance(engine, ThinkEngine):
        return (engine.engine,)
    if isinstance(engine, CascadeEngine) and engine.settings.signal == "mean_logprob":
        return (engine.small, engine.larger)
    return ()


def open_staged(engine: Engine, lives: Sequence[LiveEngine]) -> StagedLive:
    """Return what answers live for a lever, with what does for each of `list_stages`."""
    assert isinstance(engine, ThinkEngine | CascadeEngine)
    return StagedLive(engine, lives)
