"""Before a model is trusted with packed trees: do they give what plain evaluation gives?

A few made-up sequences that repeat themselves, so that a model which attends to the wrong tokens is far off, are scored
in each way and compared.  Knows token sequences; nothing of text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.local.prefix_tree.trie import Tokens
from fairtrial.engines.prompts import ScoredSequence
from fairtrial.engines.transformers.generate import WritingWay, score_incrementally
from fairtrial.engines.transformers.score import ScoringWay, score_by
from fairtrial.engines.transformers.session import TransformersSession
from fairtrial.errors import EngineError, ModelError

ALLOWED: Mapping[str, float] = {"float32": 0.002, "float16": 0.05, "bfloat16": 0.25}
"""Nats by which a token's score may differ on average, by the type that the model computes in."""
_PHRASE, _SHARED, _BRANCH = 12, 30, 10


@dataclass(frozen=True, slots=True)
class SupportedWays:
    """What a model may be asked.

    Attributes:
        packed: whether trees may be packed into steps.
        branches: whether what it has read may be kept in its own cache and built upon.
        batched: whether answers may be written many at a time.
        why: what was found, for the record.
        alone: whether every sequence may be read by itself.
    """

    packed: bool
    branches: bool
    batched: bool
    why: str
    alone: bool = True

    @property
    def any(self) -> bool:
        """Whether there is a right way at all."""
        return self.packed or self.branches or self.alone

    def pick_scoring(self, window: int | None, longest: int) -> ScoringWay:
        """Return the best right way to score sequences of at most ``longest`` tokens, given a model's window."""
        if self.packed and (window is None or longest <= window):
            return "packed tree"
        return "branch by branch" if self.branches else "one by one"

    def pick_writing(self, window: int | None, longest: int) -> WritingWay:
        """Return the same for answers, prompts included."""
        if self.batched and (window is None or longest <= window):
            return "many at a time"
        return "one after the other" if self.branches else "from the beginning for every token"


def check_ways(session: TransformersSession) -> SupportedWays:
    """Compare every way with plain evaluation, on sequences shorter than any window.

    Raises ModelError if even that changes with what comes later.
    """
    sequences = _make_sequences(int(session.network.model.get_output_embeddings().weight.shape[0]))
    plain = score_by(session, sequences, "one by one").logprobs
    _check_direction(session, sequences[0].tokens)
    return compare_ways(session, sequences, plain, ("packed tree", "branch by branch"))


def compare_ways(
    session: TransformersSession,
    sequences: Sequence[ScoredSequence],
    plain: NDArray[np.float64],
    ways: Sequence[ScoringWay],
) -> SupportedWays:
    """Return which ways give what plain evaluation gives.

    Args:
        session: any.
        sequences: to be scored.
        plain: (n,) what they score in plain evaluation.
        ways: to be tried; none of the others is trusted, and reading a sequence alone always is unless it is tried.
    """
    scored = sum(len(s.tokens) - s.start for s in sequences)

    def right(name: str, scores: Callable[[], Iterable[float]]) -> tuple[bool, str]:
        try:
            apart = float(np.abs(np.array(list(scores())) - plain).sum()) / scored
        except (EngineError, RuntimeError, TypeError, ValueError, AttributeError, LookupError) as error:
            session.forget()
            return False, f"{name}: {(str(error).splitlines() or [type(error).__name__])[0]}"
        return apart <= ALLOWED[session.network.dtype], f"{name}: {apart:.2g} nats a token"

    found = {way: right(way, lambda way=way: score_by(session, sequences, way).logprobs) for way in ways}  # type: ignore[misc]
    pairs = [(s.tokens, s.start) for s in sequences]
    batched = right("many at a time", lambda: score_incrementally(session, pairs))
    session.forget()
    packed, branches, alone = (found.get(way, (False, ""))[0] for way in get_args(ScoringWay))
    why = "; ".join(told for _, told in (*found.values(), batched))
    return SupportedWays(packed, branches, packed and batched[0], why, alone or "one by one" not in ways)


def _check_direction(session: TransformersSession, tokens: Tokens) -> None:
    """Raise ModelError if a model's own evaluation of a text changes with what follows."""
    half = len(tokens) // 2
    short, long = session.network.run_plain(tokens[:half]), session.network.run_plain(tokens)[:half]
    apart = float((short.float().log_softmax(-1) - long.float().log_softmax(-1)).abs().mean())
    if apart > ALLOWED[session.network.dtype]:
        raise ModelError(
            f"This model ({type(session.network.model).__name__}) does not read text from left to right: what it "
            "expects after a word changes with the words that follow, so it can neither score nor generate here.",
            fix="Use a model that continues its prompt word by word.",
        )


def _make_sequences(vocabulary: int) -> list[ScoredSequence]:
    """Return sequences that share a beginning, branch, and branch again; each repeats a phrase of its own."""
    rng = np.random.default_rng(7)
    phrase = rng.integers(vocabulary // 10, vocabulary // 2, _PHRASE).astype(np.int32)
    shared = np.resize(phrase, _SHARED)
    out = []
    for branch in range(3):
        other = rng.integers(vocabulary // 10, vocabulary // 2, 3 + branch).astype(np.int32)
        middle = np.concatenate([shared, np.roll(phrase, -(_SHARED % _PHRASE))[: 3 * branch], other])
        for end in range(2):
            tail = np.resize(phrase if end else other, _BRANCH)
            out.append(ScoredSequence(np.concatenate([middle, tail]).astype(np.int32), len(shared) - 4))
    return out
