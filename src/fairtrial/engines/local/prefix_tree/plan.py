"""Cuts a prefix tree into steps, each one pass through the network, depth first.

A step is an unbroken run of nodes in the tree's own order.  Before a step, a cache of keys and values need hold one
path only, the *trunk*: the ancestors of the step's first node.  Every other ancestor is in the step itself.  After the
step, the ancestors of the next node are kept and all else is freed.  So the cache needs room for one path and one
step, whatever the size of the tree, and a prefix shared by many sequences is computed once.

Cuts are made where the path to be kept is shortest (between items rather than inside one), within the last part of a
step.  Where a path has cells of images, they come in blocks: a step may have to hold nothing else, and all of a block.
Knows nothing of models or memory; pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.local.prefix_tree.trie import Indices, PrefixTree, Tokens

SLACK = 0.75  # a step may be cut short at this share of its size, for a better place to cut


@dataclass(frozen=True, slots=True)
class StepLimits:
    """What one step may hold.

    Attributes:
        tokens: nodes in one step.
        branches: different sequences in one step.
        outputs: nodes of one step whose logits are wanted.
        cells: trunk and step together: the tokens that the cache can hold.
        mixed: text and cells of images may stand in one step.
        whole: a block of cells is never cut: if it has more nodes than ``tokens``, it is a step of its own.  Where
            nothing is mixed, a step then holds exactly one block.
    """

    tokens: int
    branches: int
    outputs: int
    cells: int
    mixed: bool = True
    whole: bool = False


@dataclass(frozen=True)
class PlanStep:
    """One pass: nodes ``start`` to ``stop``, of ``len(joins)`` branches numbered in order of appearance.

    Attributes:
        start: number of the first node.
        stop: number after the last.
        tokens: (k,) int32 token ids.
        depths: (k,) int32 positions.
        branch: (k,) int32 the first branch that passes through each node: the one that owns it.
        width: (k,) int32 how many branches pass through it: ``branch`` to ``branch + width - 1``.
        wanted: (k,) bool: logits are needed here.
        blocks: (k,) int64 the block of cells that each node belongs to, -1 for text; None if there is no image.
        joins: (branches,) int32 leading trunk tokens that are each branch's own ancestors.
        trunk: tokens in the cache before the step.
        keep: leading tokens of the last branch that stay in the cache as the next step's trunk.
    """

    start: int
    stop: int
    tokens: Tokens
    depths: Tokens
    branch: Tokens
    width: Tokens
    wanted: NDArray[np.bool_]
    joins: Tokens
    trunk: int
    keep: int
    blocks: Indices | None = None

    @property
    def shows_image(self) -> bool:
        """Whether some node is a cell of an image."""
        return self.blocks is not None and bool((self.blocks >= 0).any())


def plan_steps(
    tree: PrefixTree,
    wanted: NDArray[np.bool_],
    limits: StepLimits,
    start: int = 0,
    blocks: Indices | None = None,
) -> Iterator[PlanStep]:
    """Yield the steps that compute all nodes of ``tree`` from node ``start`` on.

    Args:
        tree: what to compute.
        wanted: (nodes,) bool: where logits are needed.
        limits: what one step may hold; each at least 1, and ``cells`` more than the longest path.
        start: nodes before it are in the cache already; it must not come after a point where the tree branches, nor
            inside a block.
        blocks: (nodes,) the number of the block of cells that each node belongs to, -1 for text; None if there is no
            image.

    Raises:
        ValueError: if a path does not fit in ``limits.cells``.
    """
    tokens, owners, depths = tree.tokens(), tree.owners(), tree.depths()
    needed = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(wanted)])
    cuts = _Cuts.from_blocks(blocks, limits)
    longest = int(depths.max()) + 1
    if longest > limits.cells:
        raise ValueError(f"a path of {longest} tokens does not fit in {limits.cells} cells")
    while start < tree.nodes:
        stop = _find_cut(owners, depths, needed, limits, start, cuts)
        keep = int(depths[stop]) if stop < tree.nodes else 0
        nodes = slice(start, stop)
        branch = owners[nodes] - owners[start]
        shared = tree.shared[owners[start] : owners[stop - 1] + 1]
        yield PlanStep(
            start=start,
            stop=stop,
            tokens=tokens[nodes],
            depths=depths[nodes].astype(np.int32),
            branch=branch.astype(np.int32),
            width=_compute_widths(shared, branch, depths[nodes]),
            wanted=wanted[nodes],
            joins=_find_joins(shared, int(depths[start])),
            trunk=int(depths[start]),
            keep=keep,
            blocks=None if blocks is None else blocks[nodes],
        )
        start = stop


@dataclass(frozen=True, slots=True)
class _Cuts:
    """Where blocks of cells allow a cut, and where they ask for one.

    Attributes:
        allowed: (nodes,) bool, a step may end before this node; None if it may anywhere.
        demanded: nodes before which a step must end, in order.
    """

    allowed: NDArray[np.bool_] | None
    demanded: Indices

    @classmethod
    def from_blocks(cls, blocks: Indices | None, limits: StepLimits) -> _Cuts:
        if blocks is None:
            return cls(None, np.empty(0, dtype=np.int64))
        inside = np.zeros(len(blocks), dtype=np.bool_)
        inside[1:] = (blocks[1:] >= 0) & (blocks[1:] == blocks[:-1])
        changes = np.zeros(len(blocks), dtype=np.bool_)
        if not limits.mixed:
            changes[1:] = (blocks[1:] != blocks[:-1]) if limits.whole else (blocks[1:] >= 0) != (blocks[:-1] >= 0)
        return cls(~inside if limits.whole else None, np.flatnonzero(changes))

    def next_demanded(self, start: int) -> int | None:
        """Return the first node after ``start`` before which a step must end; None if there is none."""
        at = int(np.searchsorted(self.demanded, start, side="right"))
        return int(self.demanded[at]) if at < len(self.demanded) else None

    def next_allowed(self, start: int, last: int, nodes: int) -> int:
        """Return the last allowed cut after ``start`` up to ``last``, or if there is none the first one after that."""
        if self.allowed is None or last >= nodes:
            return last
        before = np.flatnonzero(self.allowed[start + 1 : last + 1])
        if len(before):
            return start + 1 + int(before[-1])
        after = np.flatnonzero(self.allowed[last + 1 :])
        return last + 1 + int(after[0]) if len(after) else nodes


def _find_cut(owners: Indices, depths: Indices, needed: Indices, limits: StepLimits, start: int, cuts: _Cuts) -> int:
    """Return the node before which the step that begins at ``start`` ends."""
    most = min(limits.tokens, max(limits.cells - int(depths[start]), 1))
    most = min(most, int(np.searchsorted(owners, owners[start] + limits.branches)) - start)
    most = min(most, max(int(np.searchsorted(needed, needed[start] + limits.outputs, side="right")) - 1 - start, 1))
    last = cuts.next_allowed(start, start + most, len(depths))
    demanded = cuts.next_demanded(start)
    if demanded is not None and demanded <= last:
        return demanded
    if last >= len(depths):
        return len(depths)
    earliest = min(start + max(1, int(most * SLACK)), last)
    window = depths[earliest : last + 1]
    if cuts.allowed is not None:
        window = np.where(cuts.allowed[earliest : last + 1], window, len(depths))
    best = len(window) - 1 - int(np.argmin(window[::-1]))
    return earliest + best


def _compute_widths(shared: Indices, branch: Indices, depths: Indices) -> Tokens:
    """Return through how many branches each node's path goes, from what neighbouring branches share."""
    width = np.empty(len(branch), dtype=np.int32)
    firsts = np.searchsorted(branch, np.arange(len(shared) + 1))
    for k in range(len(shared)):
        nodes = slice(int(firsts[k]), int(firsts[k + 1]))
        # How much of branch k each later branch still shares: never growing, so it can be searched.
        common = np.minimum.accumulate(shared[k + 1 :])
        width[nodes] = 1 + len(common) - np.searchsorted(common[::-1], depths[nodes], side="right")
    return width


def _find_joins(shared: Indices, trunk: int) -> Tokens:
    """Return how many trunk tokens each branch has as ancestors."""
    joins = shared.copy()
    joins[0] = trunk
    return np.minimum.accumulate(joins).astype(np.int32)
