"""A network of transformers with the path that is in memory, and steps of a tree on top of it.

Knows tokens and cells; nothing of requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.local.prefix_tree import PrefixTree, StepLimits, plan_steps
from fairtrial.engines.local.prefix_tree.plan import PlanStep
from fairtrial.engines.local.prefix_tree.trie import Counts, Tokens
from fairtrial.engines.local.session import LocalSession, round_up_cells
from fairtrial.engines.local.vocabulary import EMPTY
from fairtrial.engines.transformers.memory import TokenPath
from fairtrial.engines.transformers.network import Network, compute_log_probabilities, is_out_of_memory
from fairtrial.errors import EngineError

BLOCK = 256  # tokens of one block of the root
SMALLEST = 16  # tokens of the smallest step that is tried when memory runs out
_LOGITS_BYTES = 128 << 20  # logits of one step


class TransformersSession(LocalSession):
    """Owns the network and the path that is in memory.

    ``batch`` is halved, for good, when memory runs out.
    """

    def __init__(self, network: Network, batch: int, vocabulary: int) -> None:
        super().__init__(batch, BLOCK)
        self.network = network
        self.outputs = max(8, _LOGITS_BYTES // (4 * vocabulary))
        self.path = TokenPath(0)

    def count(self, kind: Literal["prefill", "decode"], tokens: int) -> AbstractContextManager[None]:
        """Count a pass of so many tokens; accelerators go on computing when a call returns, so theirs are not timed."""
        return self.work.count(kind, tokens) if str(self.network.device) == "cpu" else nullcontext()

    def note_cells(self, cells: int) -> None:
        """Note that the keys and values of so many tokens have room."""
        self.work.note_cache(cells * self.network.cell_bytes)

    def begin(self, root: Tokens, cells: int) -> None:
        """Make ``root`` the path in memory, with room for ``cells`` cells in all; see `LocalSession.begin`."""
        if cells > self.path.cells:
            self.renew()
            self.path = TokenPath(round_up_cells(cells))
            self.note_cells(self.path.cells)
        self._read_root(root)

    def _keep(self, tokens: int) -> None:
        self.path.keep(np.arange(tokens))

    def _read_block(self, tokens: Tokens, start: int) -> None:
        size = len(tokens)
        seen = np.ones((size, start + size), dtype=np.bool_)
        seen[:, start:] = np.tri(size, dtype=np.bool_)
        self.path.see(self.network.mask(seen))
        positions = np.arange(start, start + size, dtype=np.int32)
        with self.count("prefill", size):
            self.network.read(tokens[None], positions[None], self.path, np.array([size - 1]))
        self._keep(start + size)

    def renew(self) -> None:
        """Give up the memory; see `LocalSession.renew`."""
        self.path, self._root = TokenPath(0), EMPTY

    def close(self) -> None:
        """Give up the memory; the network goes with its last user."""
        self.renew()

    def log_probabilities(
        self, logits: Any, rows: Counts, tokens: Tokens
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return log-probabilities, and whether no token is likelier than each; see `LocalSession`."""
        return compute_log_probabilities(logits, rows, tokens)

    def walk(self, tree: PrefixTree, wanted: NDArray[np.bool_], root: int) -> Iterator[tuple[PlanStep, Any]]:
        """Compute the nodes of a tree; see `LocalSession.walk`.  While a step is given, its nodes follow the path."""
        done = root
        while done < tree.nodes:
            limits = StepLimits(self.batch, len(tree.sequences), self.outputs, self.path.cells)
            try:
                for step in plan_steps(tree, wanted, limits, start=done):
                    yield step, self._step(step)
                    self._advance(step)
                    done = step.stop
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                self._shrink(error)

    def _step(self, step: PlanStep) -> Any:
        self.path.see(self.network.mask(_find_visible_cells(step)))
        with self.count("prefill", len(step.tokens)):
            return self.network.read(step.tokens[None], step.depths[None], self.path, np.flatnonzero(step.wanted))[0]

    def _advance(self, step: PlanStep) -> None:
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


def _find_visible_cells(step: PlanStep) -> NDArray[np.bool_]:
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
