"""Log-probabilities of given continuations, all requests of a call through one prefix tree.

Three ways, the first that is right for a model is taken: the tree packed into steps; the tree walked branch by branch
with copies of the model's own cache; every sequence by itself.  Knows token sequences; nothing of text.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from fairtrial.engines.local.prefix_tree import PrefixTree
from fairtrial.engines.local.scoring import (
    ScoringPlan,
    SequenceScores,
    TokenScores,
    score_each,
    score_sequences,
    score_tree,
)
from fairtrial.engines.prompts import ScoredSequence
from fairtrial.engines.transformers.session import TransformersSession

ScoringWay = Literal["packed tree", "branch by branch", "one by one"]


def score_by(session: TransformersSession, sequences: Sequence[ScoredSequence], way: ScoringWay) -> SequenceScores:
    """Score all ``sequences`` in one of the ways."""
    return score_sequences(sequences, partial(_WAYS[way], session))


def _score_branches(session: TransformersSession, sequences: Sequence[ScoredSequence]) -> TokenScores:
    plan = ScoringPlan.from_sequences(sequences)
    found: dict[tuple[int, int], tuple[float, bool]] = {}
    asked = list(zip(plan.predicted_at.tolist(), plan.targets.tolist(), strict=True))
    targets: dict[int, list[int]] = {}
    for node, token in asked:
        targets.setdefault(node, []).append(token)
    walker = _Walker(session, plan.tree, targets, found)
    walker.walk(0, len(plan.tree.sequences), 0, session.network.new_cache())
    values, likeliest = zip(*(found[key] for key in asked), strict=True)
    return TokenScores(np.array(values), np.array(likeliest), plan.tree.nodes)


class _Walker:
    """Walks a tree depth first; the model's own cache is copied where the tree branches."""

    def __init__(
        self,
        session: TransformersSession,
        tree: PrefixTree,
        targets: dict[int, list[int]],
        found: dict[tuple[int, int], tuple[float, bool]],
    ) -> None:
        self.session, self.tree, self.targets, self.found = session, tree, targets, found

    def walk(self, low: int, high: int, depth: int, cache: Any) -> None:
        """Compute sequences ``low`` to ``high``, whose first ``depth`` tokens are the same and in ``cache``."""
        tree = self.tree
        shared = tree.shared[low + 1 : high]
        common = len(tree.sequences[low]) if len(shared) == 0 else int(min(shared.min(), len(tree.sequences[low])))
        if common > depth:
            self._read(low, depth, common, cache)
        if len(shared) == 0:
            return
        edges = [low, *(low + 1 + np.flatnonzero(shared == common)).tolist(), high]
        children = [(a, b) for a, b in itertools.pairwise(edges) if len(tree.sequences[a]) > common or b > a + 1]
        for i, (first, last) in enumerate(children):
            self.walk(first, last, common, cache if i == len(children) - 1 else copy.deepcopy(cache))

    def _read(self, low: int, depth: int, common: int, cache: Any) -> None:
        first = int(self.tree.first[low]) + depth - int(self.tree.shared[low])
        wanted = [at for at in range(common - depth) if first + at in self.targets]
        path = self.tree.sequences[low][:common]
        with self.session.count("prefill", common - depth):
            logits = self.session.continue_plainly(path, depth, cache, np.array(wanted or [common - depth - 1]))
        for row, at in enumerate(wanted):
            asked = np.array(self.targets[first + at], dtype=np.int32)
            values, likeliest = self.session.log_probabilities(logits, np.full(len(asked), row), asked)
            for token, value, top in zip(asked.tolist(), values.tolist(), likeliest.tolist(), strict=True):
                self.found[first + at, token] = (value, top)


def _score_alone(session: TransformersSession, sequences: Sequence[ScoredSequence]) -> TokenScores:
    return score_each(sequences, partial(_score_plainly, session))


def _score_plainly(session: TransformersSession, sequences: Sequence[ScoredSequence]) -> TokenScores:
    """Score one sequence in the model's own way."""
    (scored,) = sequences
    tokens, nodes = scored.tokens, len(scored.tokens) - 1
    with session.count("prefill", nodes):
        logits = session.continue_plainly(tokens[:-1], 0, None, np.arange(scored.start - 1, nodes))
    found = session.log_probabilities(logits, np.arange(len(tokens) - scored.start), tokens[scored.start :])
    return TokenScores(*found, nodes)


_WAYS = {"packed tree": score_tree, "branch by branch": _score_branches, "one by one": _score_alone}
