"""Log-probabilities of given continuations, all requests of a call through one prefix tree.

Three ways, the first that is right for a model is taken: the tree packed into steps; the tree walked branch by branch
with copies of the model's own cache; every sequence by itself.  Knows token sequences; nothing of text.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.prefix_tree import PrefixTree
from fairtrial.engines.prompts import Scored
from fairtrial.engines.scoring import Sums, Work, add_up
from fairtrial.engines.transformers.network import log_probabilities
from fairtrial.engines.transformers.session import BLOCK, Session

Way = Literal["packed tree", "branch by branch", "one by one"]
Values = tuple[NDArray[np.float64], NDArray[np.bool_]]


def score_sequences(session: Session, sequences: Sequence[Scored], way: Way) -> Sums:
    """Score all ``sequences``."""
    some = np.array([i for i, s in enumerate(sequences) if len(s.tokens) > s.start], dtype=np.int64)
    logprobs, greedy = np.zeros(len(sequences)), np.ones(len(sequences), dtype=np.bool_)
    before = session.computed
    if len(some):
        part = [sequences[i] for i in some]
        values, likeliest = _WAYS[way](session, part)
        found = add_up(part, values, likeliest, 0)
        logprobs[some], greedy[some] = found.logprobs, found.greedy
    return Sums(logprobs, greedy, session.computed - before)


def _packed(session: Session, sequences: Sequence[Scored]) -> Values:
    work = Work.of(sequences)
    tree = work.tree
    wanted = np.zeros(tree.nodes, dtype=np.bool_)
    wanted[work.predicted_at] = True
    # The root is shared by all and no logits are wanted in it; it begins the first sequence.
    root = min(tree.common, int(work.predicted_at.min()), tree.nodes - 1) // BLOCK * BLOCK
    session.begin(tree.sequences[0][:root], int(tree.lengths.max()) + session.batch)
    order = np.argsort(work.predicted_at, kind="stable")
    nodes, targets = work.predicted_at[order], work.targets[order]
    values, likeliest = np.empty(len(order)), np.empty(len(order), dtype=np.bool_)
    for step, logits, _ in session.walk(tree, wanted, root):
        here = slice(*np.searchsorted(nodes, [step.start, step.stop]))
        rows = (np.cumsum(step.wanted) - 1)[nodes[here] - step.start]
        values[order[here]], likeliest[order[here]] = log_probabilities(logits, rows, targets[here])
    return values, likeliest


def _branch_by_branch(session: Session, sequences: Sequence[Scored]) -> Values:
    work = Work.of(sequences)
    found: dict[tuple[int, int], tuple[float, bool]] = {}
    targets: dict[int, list[int]] = {}
    for node, token in zip(work.predicted_at.tolist(), work.targets.tolist(), strict=True):
        targets.setdefault(node, []).append(token)
    walker = _Walker(session, work.tree, targets, found)
    walker.walk(0, len(work.tree.sequences), 0, session.network.new_cache())
    pairs = [found[node, token] for node, token in zip(work.predicted_at.tolist(), work.targets.tolist(), strict=True)]
    return np.array([value for value, _ in pairs]), np.array([likeliest for _, likeliest in pairs])


class _Walker:
    """Walks a tree depth first; the model's own cache is copied where the tree branches."""

    def __init__(
        self,
        session: Session,
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
        tokens = self.tree.sequences[low][depth:common]
        with self.session.counting("prefill", len(tokens)):
            logits = self.session.network.plain(tokens, cache, np.array(wanted or [common - depth - 1]))
        for row, at in enumerate(wanted):
            asked = np.array(self.targets[first + at], dtype=np.int32)
            values, likeliest = log_probabilities(logits, np.full(len(asked), row), asked)
            for token, value, top in zip(asked.tolist(), values.tolist(), likeliest.tolist(), strict=True):
                self.found[first + at, token] = (value, top)


def _one_by_one(session: Session, sequences: Sequence[Scored]) -> Values:
    values, likeliest = [], []
    for scored in sequences:
        tokens = scored.tokens
        with session.counting("prefill", len(tokens) - 1):
            logits = session.network.plain(tokens[:-1], None, np.arange(scored.start - 1, len(tokens) - 1))
        found = log_probabilities(logits, np.arange(len(tokens) - scored.start), tokens[scored.start :])
        values.append(found[0])
        likeliest.append(found[1])
    return np.concatenate(values), np.concatenate(likeliest)


_WAYS = {"packed tree": _packed, "branch by branch": _branch_by_branch, "one by one": _one_by_one}
