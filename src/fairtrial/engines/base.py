"""What an engine is: the one protocol that every way of running a model fulfils.

An engine is opened for one candidate and then answers requests.  It knows tokens, prompts and its model; it knows
nothing of tasks, grades, the ledger or statistics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from fairtrial.records import Answer, GenerateAnswer, GenerateRequest, Request, ScoreAnswer, ScoreRequest


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What the opened model can do; a task that needs more is refused with a `CapabilityError`, never run degraded.

    Attributes:
        score: gives log-probabilities of given continuations.
        generate: gives text.
        chat: prompts go through a chat template.
        images: accepts images in prompts.
        context_tokens: longest request, prompt and answer together.
        batch_invariant: an answer does not depend at all on what else is in the batch.  False for local engines,
            where the arithmetic differs in the last digits with the batch's shape.
        begins: goes on with an answer that the prompt has begun.
        thoughts: goes on after a thought that the prompt gives (`Prompt.thought`), in the form in which the model
            thinks; None where that can be done but nobody knows whether the model thinks at all.
    """

    score: bool
    generate: bool
    chat: bool
    images: bool
    context_tokens: int
    batch_invariant: bool
    begins: bool = True
    thoughts: bool | None = False


@runtime_checkable
class Engine(Protocol):
    """Runs one candidate's model.  Not thread-safe; close it when done.

    Attributes:
        can: what the model can do.
        record: facts for the audit trail, JSON values only: engine name and version, model file and hash, chat
            template hash, threads, device, and whatever else can change an answer.

    What only some engines can do is a protocol of its own below; ask with ``isinstance``.
    """

    can: Capabilities
    record: Mapping[str, object]

    def check(self, requests: Sequence[Request]) -> None:
        """Raise `TooLongError` or `CapabilityError`, naming the item, if any request cannot be answered.

        Called for all requests of a task before the first is paid for; costs tokenisation only.
        """
        ...

    def score(self, requests: Sequence[ScoreRequest]) -> Iterator[ScoreAnswer]:
        """Yield one answer a request, in the order of the requests.

        The same sequence of requests gives the same answers, bit for bit, on the same machine and settings,
        whatever was asked before.  Log-probabilities that are not numbers are handed over as they are; whoever asked
        refuses them (`fairtrial.engines.finite`).
        """
        ...

    def generate(self, requests: Sequence[GenerateRequest]) -> Iterator[GenerateAnswer]:
        """Yield one answer a request, in the order of the requests; reproducible as `score` is."""
        ...

    def close(self) -> None:
        """Free the model; the engine cannot be used afterwards."""
        ...


@runtime_checkable
class StreamsAnswers(Protocol):
    """An engine that hands each answer over as it comes, since each may have cost money."""

    def as_answered(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer]]:
        """Yield requests of either kind with their answers, in the order in which these come.

        Raises EngineError about requests that failed when all others are answered.
        """
        ...


@runtime_checkable
class MayLeaveOut(Protocol):
    """An engine that may fail at single requests; the others are answered, and the trial goes on without those."""

    def answer_or_tell(self, requests: Sequence[Request]) -> Iterator[tuple[Request, Answer | str]]:
        """Yield requests with their answers, or in words why there is none, in the order in which these come.

        Raises EngineError when too many have failed.
        """
        ...


@runtime_checkable
class CountsWork(Protocol):
    """An engine that tells what it has computed."""

    @property
    def work(self) -> Mapping[str, float]:
        """Return what was computed so far; what is not known is left out.

        ``prefill_tokens``, ``prefill_seconds``, ``decode_tokens``, ``decode_seconds`` (of passes that do only the one)
        and ``kv_bytes``, the cache's size.  ``kept_seconds``: of work that need not be done again, e.g. reading an
        image that was read before.
        """
        ...


def get_work(engine: Engine) -> Mapping[str, float]:
    """Return what an engine tells of its work (see `CountsWork`); empty if it tells nothing."""
    return engine.work if isinstance(engine, CountsWork) else {}


@runtime_checkable
class MayLackLogprobs(Protocol):
    """An engine that cannot always tell the log-probability of its own text; all others can."""

    def why_silent(self) -> str:
        """Return why it does not tell, found out with a request of a few tokens if need be; empty if it does."""
        ...


@runtime_checkable
class GivesDistributions(Protocol):
    """An engine that also tells what it expects next after every token of a text."""

    def text_tokens(self, text: str) -> NDArray[np.int32]:
        """Return (n,) the tokens of a text as it is scored from its beginning: behind the token that the model puts
        before a text.

        Raises TooLongError if they do not fit into the context, EngineError if no token can stand before a text.
        """
        ...

    def text_logits(self, tokens: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return (n - 1, vocabulary) what is expected after each token but the last, as logits."""
        ...


@runtime_checkable
class MeasuresRounding(Protocol):
    """An engine that shows how much of a difference between distributions is its own arithmetic."""

    def text_logits_again(self, tokens: NDArray[np.int32]) -> NDArray[np.float32]:
        """Return what `GivesDistributions.text_logits` returns, computed in passes of another shape.

        Nothing but the order of sums is another; where the engine rounds on its way, the two differ.
        """
        ...
