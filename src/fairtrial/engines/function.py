"""An engine that calls a function of this process: anything a person can call in Python, on trial.

What the function does inside is its own affair.  It gives text and no scores; a call that raises, takes too long or
returns no text has no answer, with the reason, and too many of those end the run.
"""

from __future__ import annotations

import asyncio
import inspect
import json
import queue
import threading
import traceback
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from fairtrial.engines.base import Capabilities
from fairtrial.engines.chat import make_conversation
from fairtrial.engines.crew import run_in_threads
from fairtrial.engines.refusing import BLIND
from fairtrial.engines.settings import EngineSettings
from fairtrial.engines.stopping import estimate_tokens
from fairtrial.errors import CapabilityError, EngineError
from fairtrial.images import prepare_to_send
from fairtrial.models import ResolvedModel
from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest, list_images
from fairtrial.spec.candidate import Candidate
from fairtrial.spec.functions import IMAGES, RegisteredFunction, count_allowed_failures, find_function
from fairtrial.thoughts import frame_thought, opened_by, separate

NO_SCORES = "a function gives text, and no scores of given texts"
NO_IMAGES = f"the function has no parameter `{IMAGES}`"
HOPELESS = 3
"""Rows that fail before any is answered, after which it is no use to go on."""

TOLD = 3
"""Failures that are told as they happen; the rest are counted."""

LONGEST = 300
"""Characters of a reason."""

AT_A_TIME = 8
"""Calls of an async function at a time."""


class FailedCallError(Exception):
    """A call gave no answer; the message says why, the cause is what the function raised."""


class FunctionEngine:
    """See `fairtrial.engines.base.Engine`, `StreamsAnswers` and `MayLeaveOut`."""

    def __init__(self, candidate: Candidate, found: RegisteredFunction, settings: EngineSettings) -> None:
        self._candidate = candidate
        self._function = found.function
        self._arguments = found.arguments
        self._read_image = settings.read_image
        self._on_note = settings.on_note or (lambda _: None)
        self._threads = self._function.concurrency or (AT_A_TIME if self._function.is_async else 1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._starting = threading.Lock()
        self._answered = self._failed = 0
        self._closed = False
        self.can = Capabilities(
            score=False,
            generate=True,
            chat=candidate.chat != "none",
            images=IMAGES in self._arguments.every,
            context_tokens=2**31 - 1,
            batch_invariant=False,
            thoughts=None if candidate.tags else False,
        )
        self.record: Mapping[str, object] = {
            "engine": "function",
            "function": self._function.name,
            "given": list(self._arguments.every),
            "concurrency": self._threads,
            "scores": NO_SCORES,
            **({} if self.can.images else {"sees_no_images": NO_IMAGES}),
        }

    @classmethod
    def open(cls, candidate: Candidate, model: ResolvedModel, settings: EngineSettings) -> FunctionEngine:
        """Find the function.  Raises SpecError if it is not of this process; EngineError for a template of prompts."""
        if candidate.chat not in ("none", "model"):
            raise EngineError(
                f"candidate {candidate.id!r}: a function is given text or messages, and no chat template applies.",
                fix="Leave out `chat`, or write chat: model.",
            )
        return cls(candidate, find_function(model.spec), settings)

    def check(self, requests: Sequence[Request]) -> None:
        """Raise CapabilityError for scores, and for images that the function does not take."""
        for request in requests:
            if isinstance(request, ScoreRequest):
                raise CapabilityError(
                    f"candidate {self._candidate.id!r} gives no token scores: {NO_SCORES}.",
                    where=request.label,
                    fix="Ask for the letter of a choice with `ask: letter` beside the task, for all candidates alike.",
                )
            if list_images(request) and not self.can.images:
                raise CapabilityError(
                    f"candidate {self._candidate.id!r} cannot see images: {NO_IMAGES}.",
                    where=request.label,
                    fix=f"Give it one, which gets the images' bytes as a list. {BLIND}",
                )

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Raise CapabilityError for the first request."""
        self.check(requests)
        return iter(())

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield answers in the order of the requests.  Raises EngineError for the first that fails."""
        found = {id(request): answer for request, answer in self.as_answered(requests)}
        for request in requests:
            answer = found[id(request)]
            assert isinstance(answer, GenerateAnswer)
            yield answer

    def as_answered(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        """Yield requests with their answers as they come; raises EngineError at the end if one has failed."""
        failures: list[tuple[Request, str]] = []
        for request, got in self.answer_or_tell(requests):
            if isinstance(got, str):
                failures.append((request, got))
            else:
                yield request, got
        if failures:
            request, why = failures[0]
            raise EngineError(f"candidate {self._candidate.id!r} {why}.", where=request.label)

    def answer_or_tell(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer | str]]:
        """Yield requests with their answers, or with why there is none; see `MayLeaveOut`."""
        if self._closed:
            raise EngineError("This engine has been closed.")
        self.check(requests)
        asked = [request for request in requests if isinstance(request, GenerateRequest)]
        with closing(self._call_all(asked)) as coming:
            for request, got in coming:
                if isinstance(got, GenerateAnswer):
                    self._answered += 1
                    yield request, got
                elif isinstance(got, FailedCallError):
                    self._count_failure(request, got)
                    yield request, str(got)
                else:
                    raise got

    def close(self) -> None:
        """Answer no more, and end what is under way of an async function."""
        self._closed = True
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._loop = None

    def _call_all(
        self, requests: Sequence[GenerateRequest]
    ) -> Generator[tuple[GenerateRequest, GenerateAnswer | BaseException], None, None]:
        """Yield requests with their answers as they come: one call at a time in this thread, several in threads."""
        if self._threads > 1 or self._function.is_async:
            yield from run_in_threads(requests, self._answer, self._threads, lambda e: isinstance(e, FailedCallError))
            return
        for request in requests:
            try:
                yield request, self._answer(request)
            except FailedCallError as error:
                yield request, error

    def _count_failure(self, request: Request, error: FailedCallError) -> None:
        """Count a row that failed, tell of the first few, and raise EngineError when there are too many."""
        self._failed += 1
        if self._failed <= TOLD:
            more = "; further failures are counted, and told at the end" if self._failed == TOLD else ""
            self._on_note(f"{self._candidate.id}, {request.label or 'a row'}: {error}{more}")
        asked = self._answered + self._failed
        hopeless = not self._answered and self._failed >= HOPELESS and self._function.max_failures is None
        if hopeless or self._failed > count_allowed_failures(self._function, asked):
            of = "all" if not self._answered else f"{self._failed:,} of {asked:,}"
            allowed = "" if hopeless else f", and {count_allowed_failures(self._function, asked):,} may"
            raise EngineError(
                f"candidate {self._candidate.id!r} {error}. So it went with {of} rows so far{allowed}.",
                fix="Mend the function, or allow more with ft.Function(..., max_failures=N). Answers so far are kept.",
                where=request.label,
            ) from error.__cause__

    def _answer(self, request: GenerateRequest) -> GenerateAnswer:
        """Return the answer to a request.  Raises FailedCallError if there is none."""
        values = self._make_values(request)
        positional = [values[name] for name in self._arguments.positional]
        keywords = {name: values[what] for name, what in self._arguments.keywords}
        try:
            got = self._call(positional, keywords)
        except TimeoutError as error:
            if not error.args:
                raise FailedCallError(f"took longer than {self._function.timeout:g} seconds") from error
            raise FailedCallError(describe_failure(error)) from error
        except (Exception, SystemExit) as error:
            raise FailedCallError(describe_failure(error)) from error
        return self._make_answer(request, values[FIRST_ASKED], got)

    def _make_values(self, request: GenerateRequest) -> dict[str, Any]:
        """Return all that a function can be given."""
        prompt = request.prompt
        wanted = self._arguments.every
        told = make_conversation(prompt, self._candidate.system) if "messages" in wanted else ()
        messages = [{"role": one.role, "content": one.text} for one in told]
        thought, plain = "", prompt.plain()
        if prompt.thought is not None:
            before, after = frame_thought(self._candidate.tags[0], "")
            thought = before + prompt.thought + after
            plain = prompt.with_answer(thought + prompt.assistant).plain()
        if messages and thought + prompt.assistant:
            messages.append({"role": "assistant", "content": thought + prompt.assistant})
        return {
            "prompt": plain,
            "messages": messages,
            "row": json.loads(request.row or "{}"),
            IMAGES: [prepare_to_send(self._read_image(one))[1] for one in prompt.images] if IMAGES in wanted else [],
            "system": "\n\n".join(filter(None, (self._candidate.system, prompt.system))),
            "max_tokens": request.max_tokens,
            "temperature": request.temperature,
            "stop": list(request.stop),
            "seed": request.seed,
        }

    def _call(self, positional: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
        """Return what the function returns, awaited if need be; at the time limit, raise TimeoutError without words."""
        limit = self._function.timeout
        if limit is None or self._function.is_async:
            return self._await(self._function.call(*positional, **keywords))
        done: queue.SimpleQueue[tuple[Any, BaseException | None]] = queue.SimpleQueue()

        def work() -> None:
            try:
                done.put((self._await(self._function.call(*positional, **keywords)), None))
            except BaseException as error:
                done.put((None, error))

        threading.Thread(target=work, name="call", daemon=True).start()
        try:
            got, error = done.get(timeout=limit)
        except queue.Empty:
            raise TimeoutError from None
        if error is not None:
            raise error
        return got

    def _await(self, got: Any) -> Any:
        """Return what an awaitable comes to, in a loop of our own; anything else as it is."""
        if not inspect.isawaitable(got):
            return got
        future = asyncio.run_coroutine_threadsafe(_as_coroutine(got), self._find_loop())
        try:
            return future.result(self._function.timeout)
        except TimeoutError:
            future.cancel()
            raise

    def _find_loop(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                threading.Thread(target=self._loop.run_forever, name="async functions", daemon=True).start()
            return self._loop

    def _make_answer(self, request: GenerateRequest, prompt: str, got: object) -> GenerateAnswer:
        """Return the answer that a function's value is: all of it, whatever the task's stop strings are.

        Raises FailedCallError if it is none.
        """
        if isinstance(got, GenerateAnswer):
            return got
        if not isinstance(got, str):
            raise FailedCallError(f"returned {_describe_value(got)}, not text")
        parts = separate(got, self._candidate.tags, opened_by(request.prompt.assistant, self._candidate.tags))
        written = estimate_tokens(len(got.encode(errors="replace")))
        hidden = round(written * len(parts.thought) / max(1, len(parts.thought) + len(parts.answer)))
        return GenerateAnswer(
            text=parts.answer,
            tokens=written,
            finish="stop" if parts.ended else "length",
            prompt_tokens=estimate_tokens(len((self._candidate.system + prompt).encode(errors="replace"))),
            reasoning_tokens=hidden,
            thought=parts.thought,
            counted=True,
        )


FIRST_ASKED = "prompt"
"""The text whose length stands for the tokens that a function reads."""


async def _as_coroutine(awaitable: Any) -> Any:
    return await awaitable


def describe_failure(error: BaseException) -> str:
    """Return in words, as the rest of a sentence, what a function raised, and where."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    words = " ".join(str(error).split())[:LONGEST].rstrip(".")
    return f"raised {type(error).__name__}{': ' if words else ''}{words}{place}"


def _describe_value(value: object) -> str:
    return "None" if value is None else f"{type(value).__name__} {value!r:.40}"
