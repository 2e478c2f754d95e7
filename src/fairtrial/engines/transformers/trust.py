"""Before a model is trusted with packed trees: do they give what plain evaluation gives?

A few made-up sequences that repeat themselves, so that a model which attends to the wrong tokens is far off, are scored
in each way and compared.  Knows token sequences; nothing of text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from fairtrial.engines.prompts import ScoredSequence
from fairtrial.engines.transformers.generate import Writing, score_incrementally
from fairtrial.engines.transformers.score import Way, score_by
from fairtrial.engines.transformers.session import TransformersSession
from fairtrial.errors import EngineError

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
    """

    packed: bool
    branches: bool
    batched: bool
    why: str

    def scoring(self, window: int | None, longest: int) -> Way:
        """Return the best right way to score sequences of at most ``longest`` tokens, given a model's window."""
        if self.packed and (window is None or longest <= window):
            return "packed tree"
        return "branch by branch" if self.branches else "one by one"

    def writing(self, window: int | None, longest: int) -> Writing:
        """Return the same for answers, prompts included."""
        if self.batched and (window is None or longest <= window):
            return "many at a time"
        return "one after the other" if self.branches else "from the beginning for every token"


def check_ways(session: TransformersSession) -> SupportedWays:
    """Compare every way with plain evaluation, on sequences shorter than any window."""
    sequences = _make_sequences(int(session.network.model.get_output_embeddings().weight.shape[0]))
    plain = score_by(session, sequences, "one by one").logprobs
    scored = sum(len(s.tokens) - s.start for s in sequences)

    def right(name: str, scores: Callable[[], Iterable[float]]) -> tuple[bool, str]:
        try:
            apart = float(np.abs(np.array(list(scores())) - plain).sum()) / scored
        except (EngineError, RuntimeError, TypeError, ValueError, AttributeError, LookupError) as error:
            session.forget()
            return False, f"{name}: {(str(error).splitlines() or [type(error).__name__])[0]}"
        return apart <= ALLOWED[session.network.dtype], f"{name}: {apart:.2g} nats a token"

    packed = right("packed tree", lambda: score_by(session, sequences, "packed tree").logprobs)
    branches = right("branch by branch", lambda: score_by(session, sequences, "branch by branch").logprobs)
    batched = right("many at a time", lambda: score_incrementally(session, [(s.tokens, s.start) for s in sequences]))
    session.forget()
    return SupportedWays(
        packed[0], branches[0], packed[0] and batched[0], "; ".join((packed[1], branches[1], batched[1]))
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
