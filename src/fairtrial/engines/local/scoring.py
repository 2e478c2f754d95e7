"""Log-probabilities of given continuations, all requests of a call through one prefix tree.

Knows token sequences and numbers; nothing of networks or text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.local.images import count_text
from fairtrial.engines.local.prefix_tree import PrefixTree, build_tree
from fairtrial.engines.local.prefix_tree.trie import Indices
from fairtrial.engines.local.session import LocalSession
from fairtrial.engines.prompts import ScoredSequence
from fairtrial.records import ScoreAnswer


@dataclass(frozen=True, slots=True)
class SequenceScores:
    """What scoring gives for each sequence.

    Attributes:
        logprobs: (n,) float64, nats, summed over the scored tokens.
        greedy: (n,) bool, whether every scored token was the likeliest.
        nodes: tokens that went through the network.
    """

    logprobs: NDArray[np.float64]
    greedy: NDArray[np.bool_]
    nodes: int


class TokenScores(NamedTuple):
    """What scoring gives for each scored token, of one sequence after the other.

    Attributes:
        logprobs: (k,) float64, nats.
        likeliest: (k,) bool.
        nodes: tokens that went through the network.
    """

    logprobs: NDArray[np.float64]
    likeliest: NDArray[np.bool_]
    nodes: int


@dataclass(frozen=True)
class ScoringPlan:
    """The tree of some sequences, and where in it each scored token is predicted.

    ``targets`` are the scored tokens of all sequences, one sequence after the other; ``predicted_at`` the node whose
    logits predict each.
    """

    tree: PrefixTree
    targets: NDArray[np.int32]
    predicted_at: Indices

    @classmethod
    def from_sequences(cls, sequences: Sequence[ScoredSequence]) -> ScoringPlan:
        """Build the tree; the last token of a sequence is predicted only, and never computed."""
        tree = build_tree([s.tokens[:-1] for s in sequences])
        start = np.array([s.start - 1 for s in sequences], dtype=np.int64)
        stop = np.array([len(s.tokens) - 1 for s in sequences], dtype=np.int64)
        predicted_at = tree.locate(np.arange(len(sequences)), start, stop)
        return cls(tree, np.concatenate([s.tokens[s.start :] for s in sequences]), predicted_at)

    @property
    def wanted(self) -> NDArray[np.bool_]:
        """(nodes,) where logits are wanted."""
        wanted = np.zeros(self.tree.nodes, dtype=np.bool_)
        wanted[self.predicted_at] = True
        return wanted

    @property
    def longest(self) -> int:
        """Tokens of the longest path."""
        return int(self.tree.lengths.max())

    @property
    def common(self) -> int:
        """Leading tokens that all sequences share, before the first image, and after which nothing is predicted yet."""
        text = count_text(self.tree.sequences[0])
        return min(self.tree.common, int(self.predicted_at.min()), self.tree.nodes - 1, text)


ScoreTokens = Callable[[Sequence[ScoredSequence]], TokenScores]
"""Scores sequences, at least one, each with at least one token to be scored."""


def score_sequences(sequences: Sequence[ScoredSequence], way: ScoreTokens) -> SequenceScores:
    """Score all ``sequences``; those without a token to be scored get 0."""
    some = np.array([i for i, s in enumerate(sequences) if len(s.tokens) > s.start], dtype=np.int64)
    logprobs, greedy = np.zeros(len(sequences)), np.ones(len(sequences), dtype=np.bool_)
    if not len(some):
        return SequenceScores(logprobs, greedy, 0)
    part = [sequences[i] for i in some]
    found = _sum_scores(part, way(part))
    logprobs[some], greedy[some] = found.logprobs, found.greedy
    return SequenceScores(logprobs, greedy, found.nodes)


def score_each(sequences: Sequence[ScoredSequence], way: ScoreTokens) -> TokenScores:
    """Score sequences one after the other, where a model cannot go back to a prefix."""
    logprobs, likeliest, nodes = zip(*(way([scored]) for scored in sequences), strict=True)
    return TokenScores(np.concatenate(logprobs), np.concatenate(likeliest), sum(nodes))


def score_tree(session: LocalSession, sequences: Sequence[ScoredSequence]) -> TokenScores:
    """Score sequences through one tree, packed into steps: each distinct prefix is computed once."""
    plan = ScoringPlan.from_sequences(sequences)
    tree = plan.tree
    # The root is shared by all and no logits are wanted in it; it begins the first sequence.
    root = session.root_length(plan.common)
    session.begin(tree.sequences[0][:root], plan.longest + session.batch)
    order = np.argsort(plan.predicted_at, kind="stable")
    nodes, targets = plan.predicted_at[order], plan.targets[order]
    values, likeliest = np.empty(len(order)), np.empty(len(order), dtype=np.bool_)
    for step, logits in session.walk(tree, plan.wanted, root):
        here = slice(*np.searchsorted(nodes, [step.start, step.stop]))
        rows = (np.cumsum(step.wanted) - 1)[nodes[here] - step.start]
        values[order[here]], likeliest[order[here]] = session.log_probabilities(logits, rows, targets[here])
    return TokenScores(values, likeliest, tree.nodes)


def _sum_scores(sequences: Sequence[ScoredSequence], scores: TokenScores) -> SequenceScores:
    """Return the sums of each sequence, of which there is at least one."""
    which = np.repeat(np.arange(len(sequences)), [len(s.tokens) - s.start for s in sequences])
    logprobs = np.bincount(which, weights=scores.logprobs, minlength=len(sequences)).astype(np.float64)
    misses = np.bincount(which, weights=~scores.likeliest, minlength=len(sequences))
    return SequenceScores(logprobs, misses == 0, scores.nodes)


def score_answers(encoded: Sequence[Sequence[Sequence[ScoredSequence]]], sums: SequenceScores) -> Iterator[ScoreAnswer]:
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
