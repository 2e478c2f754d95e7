"""Before a model is trusted with packed trees: do they give what plain evaluation gives?

A few made-up sequences that repeat themselves, so that a model which attends to the wrong tokens is far off, are scored
in each way and compared.  Knows token sequences; nothing of text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.prompts import Scored
from fairtrial.engines.transformers.generate import grown_scores
from fairtrial.engines.transformers.score import Way, score_sequences
from fairtrial.engines.transformers.session import Session
from fairtrial.errors import EngineError

ALLOWED: Mapping[str, float] = {"float32": 0.002, "float16": 0.05, "bfloat16": 0.25}
"""Nats by which a token's score may differ on average, by the type that the model computes in."""
_PHRASE, _SHARED, _BRANCH = 12, 30, 10


@dataclass(frozen=True, slots=True)
class Trust:
    """What a model may be asked.

    Attributes:
        scoring: the best way that is right for it.
        batched: whether answers may be written many at a time.
        why: what was found, for the record.
    """

    scoring: Way
    batched: bool
    why: str


def examine(session: Session) -> Trust:
    """Compare every way with plain evaluation, on sequences shorter than any window."""
    sequences = made_up(int(session.network.model.get_output_embeddings().weight.shape[0]))
    allowed = ALLOWED[session.network.dtype]
    plain = score_sequences(session, sequences, "one by one").logprobs
    scored = sum(len(s.tokens) - s.start for s in sequences)
    notes = []
    chosen: Way = "one by one"
    for way in ("packed tree", "branch by branch"):
        apart, said = _apart(session, sequences, plain, way)
        notes.append(f"{way}: {said if apart is None else f'{apart / scored:.2g} nats a token'}")
        if apart is not None and apart <= allowed * scored:
            chosen = way
            break
    batched = False
    if chosen == "packed tree":
        try:
            grown = np.array(grown_scores(session, [(s.tokens, s.start) for s in sequences]))
            apart = float(np.abs(grown - plain).sum())
            batched = apart <= allowed * scored
            notes.append(f"many at a time: {apart / scored:.2g} nats a token")
        except (EngineError, RuntimeError, TypeError, ValueError, AttributeError) as error:
            notes.append(f"many at a time: {error}")
    session.forget()
    return Trust(chosen, batched, "; ".join(notes))


def _apart(session: Session, sequences: list[Scored], plain: NDArray[np.float64], way: Way) -> tuple[float | None, str]:
    """Return how far a way is from plain evaluation in all, or None and why it cannot be taken at all."""
    try:
        found = score_sequences(session, sequences, way).logprobs
    except (EngineError, RuntimeError, TypeError, ValueError, AttributeError, IndexError) as error:
        session.forget()
        return None, str(error).splitlines()[0] if str(error) else type(error).__name__
    difference = float(np.abs(found - plain).sum())
    return (difference, "") if np.isfinite(difference) else (None, "no numbers")


def made_up(vocabulary: int) -> list[Scored]:
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
            out.append(Scored(np.concatenate([middle, tail]).astype(np.int32), len(shared) - 4))
    return out
