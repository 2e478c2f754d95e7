"""What an engine answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fairtrial.records.trace import Trace


@dataclass(frozen=True, slots=True)
class ScoreAnswer:
    """Log-probabilities of the continuations of one `ScoreRequest`, in its order.

    Attributes:
        logprobs: sum over the continuation's tokens, nats.
        greedy: whether each continuation is what greedy decoding would have produced.
        tokens: number of tokens in each continuation.
        prompt_tokens: tokens of the longest prompt as the model saw it.
        truncated_tokens: tokens cut from the left of the longest request because it did not fit; 0 as a rule.
        paid: tokens read and written as an endpoint counts and charges them, which reads the prompt anew for every
            continuation; None for engines that read it once.
        sent_bytes: bytes sent to another machine for this answer; None where that is not counted.
        trace: what happened to the answer on its way; empty if the model was simply asked.
    """

    logprobs: tuple[float, ...]
    greedy: tuple[bool, ...]
    tokens: tuple[int, ...]
    prompt_tokens: int = 0
    truncated_tokens: int = 0
    paid: tuple[int, int] | None = field(default=None, compare=False)
    sent_bytes: int | None = field(default=None, compare=False)
    trace: Trace = ()

    @property
    def moved(self) -> tuple[int, int]:
        """Tokens read and written for it by one model: as charged, else the prompt once and every continuation."""
        return self.paid or (self.prompt_tokens + sum(self.tokens), 0)


@dataclass(frozen=True, slots=True)
class GenerateAnswer:
    """Text for one `GenerateRequest`.

    Attributes:
        text: the new text, without the stop string.
        tokens: number of tokens generated (a stop string's included).
        finish: ``stop`` (stop string or end token), ``length``, or ``refused`` (by the server, e.g. a content filter).
        prompt_tokens: tokens of the prompt as the model saw it.
        truncated_tokens: tokens cut from the left of the prompt because it did not fit; 0 as a rule.
        logprob: log-probability of all generated tokens in the model's own distribution (whatever the temperature),
            nats; None where the engine does not tell.
        logprob_tokens: tokens that ``logprob`` is the sum of, where they are not all; an endpoint may leave out those
            that ended the answer.
        reasoning_tokens: of ``tokens``, those that were spent on reasoning and are not in the text.
        sent_bytes: bytes sent to another machine for this answer; None where that is not counted.
        trace: what happened to the answer on its way; empty if the model was simply asked.
        thought: reasoning that came before the answer, kept apart from ``text``; empty if there was none to be seen.
        counted: whether the token counts are our own, because the server gave none.
        masked: whether a secret that the server repeated was masked in it.
        said: the server's or the model's own words where it refused to answer.
        changed: settings of the request that the server refused, each with its words; it was asked without them.
        credits: what licences ask to stand beside the answer wherever it is shown; no part of what is graded.
    """

    text: str
    tokens: int
    finish: Literal["stop", "length", "refused"]
    prompt_tokens: int = 0
    truncated_tokens: int = 0
    logprob: float | None = field(default=None, compare=False)
    logprob_tokens: int | None = field(default=None, compare=False)
    reasoning_tokens: int = field(default=0, compare=False)
    sent_bytes: int | None = field(default=None, compare=False)
    trace: Trace = ()
    thought: str = ""
    counted: bool = field(default=False, compare=False)
    masked: bool = field(default=False, compare=False)
    said: str = field(default="", compare=False)
    changed: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    credits: tuple[str, ...] = ()

    @property
    def unfinished(self) -> bool:
        """Whether all tokens went to reasoning, so that there is no answer."""
        thinking = bool(self.thought) or self.reasoning_tokens > 0
        return self.finish == "length" and thinking and not self.text.strip()

    @property
    def moved(self) -> tuple[int, int]:
        """Tokens that one model read and wrote for it."""
        return self.prompt_tokens, self.tokens


Answer = ScoreAnswer | GenerateAnswer
