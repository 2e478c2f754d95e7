"""A network with the beginning that all requests share, kept from call to call, and steps of a tree on top of it.

The shared beginning, the *root* (the few-shot block as a rule), is computed in blocks of a fixed size, always from
nothing in order.  A root kept from an earlier call is therefore the same, bit for bit, as one computed afresh.
Knows tokens and cells; nothing of requests.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.prefix_tree import Limits, PrefixTree, plan_steps
from fairtrial.engines.prefix_tree.plan import Step
from fairtrial.engines.prefix_tree.trie import Counts, Tokens, common_prefix
from fairtrial.engines.transformers.memory import Path
from fairtrial.engines.transformers.network import Network, out_of_memory
from fairtrial.engines.vocabulary import EMPTY
from fairtrial.errors import EngineError

BLOCK = 256  # tokens of one block of the root
SMALLEST = 16  # tokens of the smallest step that is tried when memory runs out
_CELLS = 1024  # memory grows in units of this
_LOGITS_BYTES = 128 << 20  # logits of one step


class Session:
    """Owns the network and the path that is in memory.

    Attributes:
        network: what computes.
        batch: tokens of one step; halved, for good, when memory runs out.
        computed: tokens that went through the network so far.
        work: tokens and seconds of passes that read, and of those that write; and the largest cache, in bytes.  On
            accelerators, which go on computing when a call returns, the cache alone.
    """

    def __init__(self, network: Network, batch: int, vocabulary: int) -> None:
        self.network = network
        self.batch = batch
        self.outputs = max(8, _LOGITS_BYTES // (4 * vocabulary))
        self.computed = 0
        self.path = Path(0)
        self._root: Tokens = EMPTY
        self.work: dict[str, float] = {}

    @contextmanager
    def counting(self, kind: Literal["prefill", "decode"], tokens: int) -> Iterator[None]:
        """Count a pass of so many tokens."""
        begun = time.perf_counter()
        yield
        self.computed += tokens
        if str(self.network.device) == "cpu":
            self.work[f"{kind}_tokens"] = self.work.get(f"{kind}_tokens", 0) + tokens
            self.work[f"{kind}_seconds"] = self.work.get(f"{kind}_seconds", 0) + time.perf_counter() - begun

    def holding(self, cells: int) -> None:
        """Note that the keys and values of so many tokens have room."""
        self.work["kv_bytes"] = max(self.work.get("kv_bytes", 0), cells * self.network.cell_bytes)

    def begin(self, root: Tokens, cells: int) -> None:
        """Make ``root``, a whole number of blocks, the path in memory, with room for ``cells`` cells in all."""
        same = common_prefix(self._root, root) // BLOCK * BLOCK
        self._root = EMPTY  # until it is whole again
        if cells > self.path.cells:
            self.path, same = Path(-(-cells // _CELLS) * _CELLS), 0
            self.holding(self.path.cells)
        self.path.keep(np.arange(same))
        for start in range(same, len(root), BLOCK):
            seen = np.ones((BLOCK, start + BLOCK), dtype=np.bool_)
            seen[:, start:] = np.tri(BLOCK, dtype=np.bool_)
            self.path.see(self.network.mask(seen))
            block, at = root[None, start : start + BLOCK], np.arange(start, start + BLOCK, dtype=np.int32)[None]
            with self.counting("prefill", BLOCK):
                self.network.read(block, at, self.path, np.array([BLOCK - 1]))
            self.path.keep(np.arange(start + BLOCK))
        self._root = root.copy()

    def forget(self) -> None:
        """Keep nothing for the next call: what is in memory may not be whole."""
        self._root = EMPTY

    def renew(self) -> None:
        """Give up the memory: what is in it is not a number, and what is read later would see it."""
        self.path, self._root = Path(0), EMPTY

    def walk(self, tree: PrefixTree, wanted: NDArray[np.bool_], root: int) -> Iterator[tuple[Step, Any, Counts]]:
        """Compute the nodes of ``tree`` from ``root`` on, whose path up to there is in memory.

        Yields:
            The step, (wanted nodes of it, vocabulary) logits, and the cell of memory that each of its nodes is in;
            valid until the next one.
        """
        done = root
        while done < tree.nodes:
            limits = Limits(self.batch, len(tree.sequences), self.outputs, self.path.cells)
            try:
                for step in plan_steps(tree, wanted, limits, start=done):
                    logits = self._step(step)
                    trunk = self.path.length
                    yield step, logits, np.arange(trunk, trunk + len(step.tokens))
                    self._advance(step)
                    done = step.stop
            except RuntimeError as error:
                if not out_of_memory(error):
                    raise
                self._shrink(error)

    def _step(self, step: Step) -> Any:
        self.path.see(self.network.mask(seen_by(step)))
        with self.counting("prefill", len(step.tokens)):
            return self.network.read(step.tokens[None], step.depths[None], self.path, np.flatnonzero(step.wanted))[0]

    def _advance(self, step: Step) -> None:
        """Keep the path that the next step builds on."""
        keep = max(step.keep, len(self._root))
        joined = int(step.joins[-1])
        last = len(step.joins) - 1
        on_path = (step.branch <= last) & (last < step.branch + step.width)
        cells = np.concatenate([np.arange(joined), self.path.length + np.flatnonzero(on_path)])
        self.path.keep(cells[:keep])

    def _shrink(self, error: RuntimeError) -> None:
        if self.batch <= SMALLEST:
            raise EngineError(
                f"The memory of this machine is too small for steps of {self.batch} tokens: {error}",
                fix="Use a smaller model, a shorter `context`, or a smaller dtype.",
            ) from error
        self.batch = max(SMALLEST, self.batch // 2)


def seen_by(step: Step) -> NDArray[np.bool_]:
    """Return which cells each token of a step sees: (tokens, trunk + tokens); its ancestors and itself.

    Nodes are numbered depth first, so what descends from a node follows it up to the next node that is no deeper.
    """
    size = len(step.tokens)
    seen = np.zeros((size, step.trunk + size), dtype=np.bool_)
    seen[:, : step.trunk] = np.arange(step.trunk) < step.joins[step.branch][:, None]
    until = np.empty(size, dtype=np.int64)
    open_nodes: list[int] = []
    depths = step.depths.tolist()
    for node, depth in enumerate(depths):
        while open_nodes and depths[open_nodes[-1]] >= depth:
            until[open_nodes.pop()] = node
        open_nodes.append(node)
    until[open_nodes] = size
    here = np.arange(size)
    seen[:, step.trunk :] = (here[None, :] <= here[:, None]) & (here[:, None] < until[None, :])
    return seen
