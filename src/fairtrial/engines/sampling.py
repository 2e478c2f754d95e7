"""Choosing the next token from logits, and turning chosen tokens into text that ends at a stop string.

Knows rows of numbers and bytes; nothing of models.  Each request brings its own random generator, so that what it gets
does not depend on what else is being generated.
"""

from __future__ import annotations

import codecs
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairtrial.records import GenerateAnswer, GenerateRequest
from fairtrial.thoughts import Tags, locate, separate

_SHORTLIST = 1024  # tokens sorted at once when looking for the nucleus


def make_generator(request: GenerateRequest) -> np.random.Generator | None:
    """Return the request's own random generator, or None if it is greedy."""
    return np.random.default_rng(request.seed) if request.temperature > 0 else None


def sample_token(logits: NDArray[np.float32], request: GenerateRequest, rng: np.random.Generator | None) -> int:
    """Choose a token from (vocabulary,) logits.

    Greedy takes the likeliest, of equals the one with the lowest number.  Else the logits are divided by the
    temperature, cut to the ``top_k`` likeliest, then to the smallest set that holds ``top_p`` of their mass
    (Holtzman et al. 2020, arXiv:1904.09751), and one uniform number decides.
    """
    likeliest = int(logits.argmax())
    if rng is None or not math.isfinite(
        logits[likeliest]
    ):  # what is not a number comes first; see `compute_token_surprisal`
        return likeliest
    scaled = logits.astype(np.float64) / request.temperature
    tokens = _find_largest(scaled, request.top_k) if 0 < request.top_k < len(scaled) else np.arange(len(scaled))
    mass = np.exp(scaled[tokens] - scaled[tokens].max())
    mass /= mass.sum()
    if request.top_p < 1.0:
        kept = _find_nucleus(mass, request.top_p)
        tokens, mass = tokens[kept], mass[kept]
    edges = np.cumsum(mass)
    at = int(np.searchsorted(edges, rng.random() * edges[-1], side="right"))
    return int(tokens[min(at, len(tokens) - 1)])


def compute_token_surprisal(logits: NDArray[np.float32], token: int) -> float:
    """Return minus the log-probability of a token by (vocabulary,) logits, nats: float32 sums, at least 0.

    NaN if some logit is NaN or infinite: then there are no probabilities.
    """
    with np.errstate(invalid="ignore"):
        peak = logits.max()
        lost = float(np.log(np.exp(logits - peak).sum())) - float(logits[token] - peak)
    return lost if lost > 0 or math.isnan(lost) else 0.0


def _find_largest(values: NDArray[np.float64], count: int) -> NDArray[np.int64]:
    """Return the numbers of the ``count`` largest values, in ascending order of number; lowest numbers win ties."""
    edge = np.partition(values, len(values) - count)[len(values) - count]
    above = np.flatnonzero(values > edge)
    level = np.flatnonzero(values == edge)[: count - len(above)]
    return np.sort(np.concatenate([above, level]))


def _find_nucleus(mass: NDArray[np.float64], top_p: float) -> NDArray[np.int64]:
    """Return, in ascending order, the indices of the fewest entries that together reach ``top_p``."""
    count = min(_SHORTLIST, len(mass))
    while True:
        short = _find_largest(mass, count) if count < len(mass) else np.arange(len(mass))
        order = short[np.argsort(-mass[short], kind="stable")]
        reached = np.cumsum(mass[order])
        if reached[-1] >= top_p or count == len(mass):
            return np.sort(order[: int(np.searchsorted(reached, top_p)) + 1])
        count = min(count * 8, len(mass))


class ThoughtFormat(NamedTuple):
    """How the thought of an answer is told from the answer; see `fairtrial.thoughts`.

    Attributes:
        tags: those that the model may use; none: all is answer.
        opened: the tag with which the prompt ends; empty if it opens no thought.
        waits: whether stop strings wait for more than white space at the beginning, after which a thought may come.
    """

    tags: Tags = ()
    opened: str = ""
    waits: bool = False


class SeparatedText(NamedTuple):
    """What was written: see `fairtrial.thoughts.Separated`; and how many tokens the thought took."""

    thought: str
    answer: str
    ended: bool
    thinking_tokens: int


class TextBuilder:
    """Text put together from the bytes of tokens as they come; ends before the first stop string in its answer.

    Characters and stop strings may be spread over several tokens.  Stop strings in a thought end nothing.
    """

    def __init__(self, stop: Sequence[str], thinking: ThoughtFormat | None = None) -> None:
        self._stop = tuple(s for s in stop if s)
        self._longest = max(map(len, self._stop), default=0)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._text = ""
        self._thinking = thinking = thinking or ThoughtFormat()
        self._state = "undecided" if thinking.tags else "answering"
        self._ends = frozenset(tag[-1] for pair in thinking.tags for tag in pair) | {">"}
        self._from = 0  # where the answer begins
        self._tokens = self._thinking_tokens = 0

    def push(self, data: bytes) -> bool:
        """Add a token's bytes; return whether a stop string has appeared, at which the text then ends."""
        self._tokens += 1
        return self._add(self._decoder.decode(data))

    def finish(self) -> str:
        """Return the answer's text.  An unfinished character at its end becomes U+FFFD."""
        return self.build().answer

    def build(self) -> SeparatedText:
        """Return the whole, thought and answer."""
        self._add(self._decoder.decode(b"", final=True))
        if self._state == "undecided":
            self._cut(self._from)
        thought, answer, ended, found = separate(self._text, self._thinking.tags, self._thinking.opened)
        tokens = self._thinking_tokens
        if found and not tokens:  # its beginning was not to be seen
            tokens = round(self._tokens * len(thought) / max(1, len(self._text)))
        return SeparatedText(thought, answer, ended, tokens)

    def settle(self) -> tuple[str, str]:
        """Return of thought and answer what will not change whatever comes next, so that it can be given already."""
        if self._state == "undecided":
            return "", ""
        thought, answer, _, _ = separate(self._text, self._thinking.tags, self._thinking.opened)
        if self._state == "thinking":
            return thought, ""
        return thought, answer[: len(answer) - self._count_unsure(answer)]

    def read_answer(self) -> str:
        """Return all of the answer so far, with what may yet turn out to be the beginning of a stop string."""
        if self._state != "answering":
            return ""
        return separate(self._text, self._thinking.tags, self._thinking.opened).answer

    def _count_unsure(self, text: str) -> int:
        """Return how many characters at the end may yet turn out to be the beginning of a stop string."""
        for size in range(min(self._longest - 1, len(text)), 0, -1):
            if any(stop.startswith(text[-size:]) for stop in self._stop):
                return size
        return 0

    def _add(self, more: str) -> bool:
        if not more:
            self._thinking_tokens = self._tokens if self._state == "thinking" else self._thinking_tokens
            return False
        begin = max(0, len(self._text) - self._longest + 1)
        self._text += more
        if self._state != "answering":
            self._follow(more)
            blank = self._state == "undecided" and not self._thinking.waits and not self._text.strip()
            if self._state != "answering" and not blank:
                return False
            begin = 0
        return self._cut(max(begin, self._from))

    def _follow(self, more: str) -> None:
        """Find out whether the text is in a thought still; while it is, only the end of a tag can change that."""
        if self._state == "undecided" or not self._ends.isdisjoint(more):
            before, opened = self._state, self._thinking.opened
            place = locate(opened + self._text, self._thinking.tags)
            self._state, self._from = place.state, max(0, place.at - len(opened))
            if before == "thinking" or place.state == "thinking":
                self._thinking_tokens = self._tokens
        else:
            self._thinking_tokens = self._tokens

    def _cut(self, begin: int) -> bool:
        found = [at for at in (self._text.find(s, begin) for s in self._stop) if at >= 0]
        if found:
            self._text = self._text[: min(found)]
            self._decoder.reset()
        return bool(found)


def make_answer(
    text: TextBuilder, *, tokens: int, ended: bool, prompt_tokens: int, truncated: int, logprob: float
) -> GenerateAnswer:
    """Return the answer that a text is.

    Args:
        text: all of it.
        tokens: generated, those of the thought included.
        ended: whether an end token or a stop string ended it; a thought that has not come to its end is cut off anyway.
        prompt_tokens: of the prompt.
        truncated: tokens cut from the prompt.
        logprob: of all generated tokens, nats.
    """
    thought, answer, whole, thinking_tokens = text.build()
    return GenerateAnswer(
        text=answer,
        tokens=tokens,
        finish="stop" if ended and whole else "length",
        prompt_tokens=prompt_tokens,
        truncated_tokens=truncated,
        logprob=logprob,
        reasoning_tokens=min(thinking_tokens, tokens),
        thought=thought,
    )
