"""Scoring through one prefix tree, as far as it is the same for every engine: what to compute, what to add up.

Knows token sequences and numbers; nothing of networks or text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.prefix_tree import PrefixTree, build_tree
from fairtrial.engines.prefix_tree.trie import Counts
from fairtrial.engines.prompts import Scored
from fairtrial.records import ScoreAnswer


@dataclass(frozen=True, slots=True)
class Sums:
    """What scoring gives for each sequence.

    Attributes:
        logprobs: (n,) float64, nats, summed over the scored tokens.
        greedy: (n,) bool, whether every scored token was the likeliest.
        nodes: tokens that went through the network.
    """

    logprobs: NDArray[np.float64]
    greedy: NDArray[np.bool_]
    nodes: int


@dataclass(frozen=True)
class Work:
    """The tree of some sequences, and where in it each scored token is predicted.

    ``targets`` are the scored tokens of all sequences, one sequence after the other; ``predicted_at`` the node whose
    logits predict each.
    """

    tree: PrefixTree
    targets: NDArray[np.int32]
    predicted_at: Counts

    @classmethod
    def of(cls, sequences: Sequence[Scored]) -> Work:
        """Build the tree; the last token of a sequence is predicted only, and never computed."""
        tree = build_tree([s.tokens[:-1] for s in sequences])
        start = np.array([s.start - 1 for s in sequences], dtype=np.int64)
        stop = np.array([len(s.tokens) - 1 for s in sequences], dtype=np.int64)
        predicted_at = tree.locate(np.arange(len(sequences)), start, stop)
        return cls(tree, np.concatenate([s.tokens[s.start :] for s in sequences]), predicted_at)


def add_up(sequences: Sequence[Scored], values: NDArray[np.float64], likeliest: NDArray[np.bool_], nodes: int) -> Sums:
    """Return the sums of each sequence.

    Args:
        sequences: at least one.
        values: log-probabilities of all scored tokens, one sequence after the other.
        likeliest: whether each was the likeliest token.
        nodes: tokens that went through the network.
    """
    which = np.repeat(np.arange(len(sequences)), [len(s.tokens) - s.start for s in sequences])
    logprobs = np.bincount(which, weights=values, minlength=len(sequences)).astype(np.float64)
    misses = np.bincount(which, weights=~likeliest, minlength=len(sequences))
    return Sums(logprobs, misses == 0, nodes)


def score_answers(encoded: Sequence[Sequence[Sequence[Scored]]], sums: Sums) -> Iterator[ScoreAnswer]:
    """Yield the answer to each request.

    Args:
        encoded: of each request, of each continuation, the sequences whose scores add up to its own.
        sums: of all those sequences, in order.
    """
    at = 0
    for request in encoded:
        logprobs, greedy = [], []
        for parts in request:
            logprobs.append(float(sums.logprobs[at : at + len(parts)].sum()))
            greedy.append(bool(sums.greedy[at : at + len(parts)].all()))
            at += len(parts)
        every = [scored for parts in request for scored in parts]
        yield ScoreAnswer(
            logprobs=tuple(logprobs),
            greedy=tuple(greedy),
            tokens=tuple(sum(len(s.tokens) - s.start for s in parts) for parts in request),
            prompt_tokens=max((s.start for s in every), default=0),
            truncated_tokens=max((s.truncated for s in every), default=0),
        )
