"""The engine of a candidate that thinks for a set number of tokens: two calls, the second after the thought.

What a model has written stays written: a thought that is cut is given back to its end, and an answer that was begun is
gone on with.  The same for every engine that goes on with a begun answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from fairtrial.engines.base import Engine, MayLeaveOut, StreamsAnswers, get_work
from fairtrial.errors import CapabilityError, EngineError
from fairtrial.levers.cascade.coming import stream_answers
from fairtrial.levers.think.answers import OWN, Thought, finish_answer, finish_scores, keep_answer, read_thought
from fairtrial.levers.think.steps import ask_after_steps, begin_steps, is_thinkable, split_question
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Prompt, Request, ScoreAnswer, ScoreRequest
from fairtrial.spec.think import NATIVE, Think

STOPS = ("\n", ".")
"""End what a model says after a thought that was to be all."""

_Asked = Iterator[tuple[Request, Answer | str]]
"""Requests with their answers, or with why there is none."""


@dataclass
class ThinkItem:
    """A request on its way.

    Attributes:
        request: what is asked of the candidate.
        first: of each prompt that is thought about, the request that asks for the thought.
        thoughts: of each of these prompts what came of it.
    """

    request: Request
    first: Mapping[Prompt, GenerateRequest]
    thoughts: dict[Prompt, Thought] = field(default_factory=dict)


class ThinkEngine:
    """See `fairtrial.engines.base.Engine`.  The engine inside stays its owner's to close.

    Attributes:
        by: ``tags`` or ``steps``, how the model thinks.
    """

    def __init__(self, settings: Think, engine: Engine) -> None:
        """Find out how the model thinks.  Raises CapabilityError if it cannot be made to answer after a thought."""
        self.settings, self.engine, self.can = settings, engine, engine.can
        self.by = self._choose_way()
        self.record: Mapping[str, object] = {"engine": "think", "thinks_by": self.by, OWN: dict(engine.record)}
        self._closed = False
        if isinstance(engine, StreamsAnswers):
            self.as_answered = self._as_answered
        if isinstance(engine, MayLeaveOut):
            self.answer_or_tell = self._answer_or_tell

    def _choose_way(self) -> str:
        can, by = self.can, self.settings.by
        if by == "auto":
            if can.thoughts is None:
                raise CapabilityError(
                    "think: nothing tells how this model thinks.",
                    fix="Write by: tags (it writes <think> ... </think>, or the candidate's `thoughts`), or by: steps.",
                )
            by = "tags" if can.thoughts else "steps"
        if by == "tags" and can.thoughts is False:
            raise CapabilityError(
                "think: by: tags needs a chat template, and a model with tags for its thoughts"
                + ("." if can.begins else "; and this endpoint goes on with no answer that is begun."),
                fix="Write by: steps, or name the tags with the candidate's `thoughts`."
                if can.begins
                else "Say how it does with endpoint: {begun: ...}, or ask it in running text with chat: none.",
            )
        if by == "steps" and not can.begins and self.settings.tokens:
            raise CapabilityError(
                "think: the answer is asked for after a thought, and this endpoint goes on with no answer that is "
                "begun.",
                fix="Say how it does with endpoint: {begun: ...}, or ask it in running text with chat: none.",
            )
        return by

    @property
    def work(self) -> Mapping[str, float]:
        """What the engine inside has computed."""
        return get_work(self.engine)

    def check(self, requests: Sequence[Request]) -> None:
        """Raise what the engine inside raises for the longest prompts and answers that may come.

        Raises CapabilityError for what cannot be thought about.
        """
        for request in requests:
            if isinstance(request, ScoreRequest) and (request.rolling or self.settings.limit is not None):
                why = (
                    "a document that is scored asks nothing"
                    if request.rolling
                    else "with a limit the choice is never asked for"
                )
                raise CapabilityError(
                    f"think: {why}.",
                    fix="Leave the task out." if request.rolling else "Write a budget in place of the limit.",
                    where=request.label,
                )
        self.engine.check([one for request in requests for one in self._list_longest(request)])

    def _list_longest(self, request: Request) -> Iterator[Request]:
        """Yield requests that take as much room as those that will be sent."""
        if not self.settings.tokens:
            yield self._ask_for_answer(request, _think_nothing(request))
            return
        yield request
        if isinstance(request, ScoreRequest):
            room = max(len(f"{request.delimiter}{pair.continuation}".encode()) for pair in request.pairs)
        else:
            room = request.max_tokens
        for first in self._ask_for_thoughts(request).values():
            yield replace(first, max_tokens=self.settings.tokens + room, label=request.label)

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield one answer a request, in order."""
        for answer in self._in_order(requests):
            assert isinstance(answer, ScoreAnswer)
            yield answer

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield one answer a request, in order."""
        for answer in self._in_order(requests):
            assert isinstance(answer, GenerateAnswer)
            yield answer

    def close(self) -> None:
        """Answer no more."""
        self._closed = True

    def _in_order(self, requests: Sequence[Request]) -> Iterator[Answer]:
        got = {id(request): answer for request, answer in self._as_answered(requests)}
        yield from (got[id(request)] for request in requests)

    def _as_answered(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        """Yield requests with their answers as they come; a failure is raised when all others are there."""
        failures: list[EngineError] = []
        for request, got in self._answer(requests, lambda asked: stream_answers(self.engine, asked, failures)):
            assert not isinstance(got, str)
            yield request, got
        if failures:
            raise failures[0]

    def _answer_or_tell(self, requests: Sequence[Request]) -> _Asked:
        """Yield requests with their answers, or with why there is none; see `MayLeaveOut`."""
        assert isinstance(self.engine, MayLeaveOut)
        return self._answer(requests, self.engine.answer_or_tell)

    def _answer(
        self, requests: Sequence[Request], ask: Callable[[Sequence[Request]], Iterable[tuple[Request, Answer | str]]]
    ) -> _Asked:
        """Yield requests with their answers: those that need no second call as soon as all thoughts are there."""
        if self._closed:
            raise EngineError("This engine has been closed.")
        items = [self.begin_item(request) for request in requests]
        first = {one.id: one for item in items for one in item.first.values()}
        got = {asked.id: answer for asked, answer in ask(list(first.values()))} if first else {}
        second: list[tuple[Request, ThinkItem]] = []
        for item in items:
            answers = {prompt: got.get(one.id) for prompt, one in item.first.items()}
            if told := next((answer for answer in answers.values() if isinstance(answer, str)), None):
                yield item.request, told
                continue
            if None in answers.values():
                continue  # it has failed; whoever asks raises it
            found = {prompt: answer for prompt, answer in answers.items() if isinstance(answer, GenerateAnswer)}
            if (done := self.take_thoughts(item, found)) is not None:
                yield item.request, done
            else:
                second.append((self.ask_second(item), item))
        of = {id(asked): item for asked, item in second}
        for asked, answer in ask([asked for asked, _ in second]) if second else ():
            item = of[id(asked)]
            yield item.request, answer if isinstance(answer, str) else self.finish_item(item, asked, answer)

    def begin_item(self, request: Request) -> ThinkItem:
        """Return a request with what asks for the thoughts about its prompts."""
        return ThinkItem(request, self._ask_for_thoughts(request))

    def take_thoughts(self, item: ThinkItem, answers: Mapping[Prompt, GenerateAnswer]) -> GenerateAnswer | None:
        """Take what the first calls came to; return the whole answer where no second call is needed."""
        read = {prompt: self._read(item.request, answer) for prompt, answer in answers.items()}
        item.thoughts = read if self.settings.tokens else _think_nothing(item.request)
        done = next((thought for thought in item.thoughts.values() if thought.done), None)
        return keep_answer(done) if done is not None else None

    def ask_second(self, item: ThinkItem) -> Request:
        """Return what asks for the answer after the thoughts."""
        return self._ask_for_answer(item.request, item.thoughts)

    def finish_item(self, item: ThinkItem, asked: Request, answer: Answer) -> Answer:
        """Return the answer that is given, with what happened to it."""
        if isinstance(answer, ScoreAnswer):
            return finish_scores(list(item.thoughts.values()), asked, item.request, answer)
        thought = next(iter(item.thoughts.values()), None)
        return finish_answer(thought, asked, item.request, answer)

    def _ask_for_thoughts(self, request: Request) -> dict[Prompt, GenerateRequest]:
        """Return what asks for a thought about each prompt of a request; nothing if none is to be thought."""
        tokens, settings = self.settings.tokens, self.settings
        if not tokens:
            return {}
        found = {}
        for prompt in request.prompts:
            if isinstance(request, GenerateRequest):
                first = request
            elif not is_thinkable(prompt):
                continue
            else:
                sought = {"query": request.query, "relevant": request.relevant}
                first = GenerateRequest(prompt, tokens, STOPS, label=request.label, **sought)  # type: ignore[arg-type]
            if self.by == "tags":
                more = request.max_tokens if settings.budget == NATIVE and isinstance(request, GenerateRequest) else 0
                free = prompt.with_answer("") if prompt.assistant else prompt  # an answer that is begun is no thought
                found[prompt] = replace(first, prompt=free, max_tokens=tokens + more)
                continue
            question = split_question(prompt, settings.cue, self.can.chat)
            begun = begin_steps(question, settings.opener)
            found[prompt] = replace(first, prompt=begun, max_tokens=tokens, stop=question.stop)
        return found

    def _read(self, request: Request, answer: GenerateAnswer) -> Thought:
        """Return what the first call came to."""
        if self.by == "tags":
            given = isinstance(request, ScoreRequest) or bool(request.prompt.assistant)
            final = self.settings.limit is not None or (self.settings.budget == NATIVE and not given)
            most = request.max_tokens if isinstance(request, GenerateRequest) else 0
            return read_thought(answer, final, given, most)
        cut = answer.finish == "length"
        thought = Thought(answer.text, answer.tokens, cut, answer=answer)
        if answer.finish == "refused":
            return replace(thought, done=answer)
        if self.settings.limit is not None and (cut or answer.tokens >= self.settings.limit):
            whole = replace(answer, text="", thought=answer.text, reasoning_tokens=answer.tokens, finish="length")
            return replace(thought, done=whole)
        return thought

    def _ask_for_answer(self, request: Request, thoughts: Mapping[Prompt, Thought]) -> Request:
        """Return what asks for the answer after the thoughts about a request's prompts."""
        if isinstance(request, ScoreRequest):
            pairs = tuple(replace(p, prompt=self._give(p.prompt, thoughts.get(p.prompt), " ")) for p in request.pairs)
            return replace(request, pairs=pairs)
        thought = thoughts.get(request.prompt)
        prompt = self._give(request.prompt, thought, "")
        left = request.max_tokens - (thought.begun_tokens if thought else 0)
        if self.settings.limit is not None and thought is not None and self.by == "steps":
            left = min(left, self.settings.limit - thought.tokens)
        seed = request.seed + 1 if request.seed and thought is not None and thought.answer else request.seed
        return replace(request, prompt=prompt, max_tokens=max(1, left), seed=seed)

    def _give(self, prompt: Prompt, thought: Thought | None, gap: str) -> Prompt:
        """Return a prompt with what was thought about it; as it is where nothing was to be."""
        if thought is None:
            return prompt
        if self.by == "tags":
            return prompt.with_answer(prompt.assistant + thought.begun, thought.text)
        if not self.settings.tokens:
            return prompt
        question = split_question(prompt, self.settings.cue, self.can.chat)
        return ask_after_steps(question, self.settings.opener, thought.text or "", gap if self.can.chat else "")


def _think_nothing(request: Request) -> dict[Prompt, Thought]:
    """Return that nothing is thought about a request's prompts."""
    written = isinstance(request, GenerateRequest)
    return {prompt: Thought() for prompt in request.prompts if written or is_thinkable(prompt)}
