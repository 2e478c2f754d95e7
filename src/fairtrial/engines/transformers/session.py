"""A network of transformers with the path that is in memory, and steps of a tree on top of it.

Knows tokens and cells; nothing of requests.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.local.images import FIRST_IMAGE_TOKEN, ImageTable
from fairtrial.engines.local.prefix_tree import PrefixTree, StepLimits, plan_steps
from fairtrial.engines.local.prefix_tree.plan import PlanStep
from fairtrial.engines.local.prefix_tree.trie import Indices, Tokens
from fairtrial.engines.local.session import LocalSession, round_up_cells
from fairtrial.engines.local.vocabulary import EMPTY
from fairtrial.engines.transformers.memory import TokenPath
from fairtrial.engines.transformers.network import (
    Network,
    ShownCells,
    compute_log_probabilities,
    is_out_of_memory,
)
from fairtrial.errors import EngineError

BLOCK = 256  # tokens of one block of the root
SMALLEST = 16  # tokens of the smallest step that is tried when memory runs out
_LOGITS_BYTES = 128 << 20  # logits of one step


class TransformersSession(LocalSession):
    """Owns the network and the path that is in memory.

    ``batch`` is halved, for good, when memory runs out.
    """

    def __init__(self, network: Network, batch: int, vocabulary: int, images: ImageTable | None = None) -> None:
        super().__init__(batch, BLOCK, images)
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
        cells += self.images.largest if self.images and self.images.encoder.whole else 0  # steps may be so much longer
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
        self, logits: Any, rows: Indices, tokens: Tokens
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return log-probabilities, and whether no token is likelier than each; see `LocalSession`."""
        return compute_log_probabilities(logits, rows, tokens)

    def walk(self, tree: PrefixTree, wanted: NDArray[np.bool_], root: int) -> Iterator[tuple[PlanStep, Any]]:
        """Compute the nodes of a tree; see `LocalSession.walk`.  While a step is given, its nodes follow the path."""
        done = root
        blocks = self.images.number_blocks(tree) if self.images else None
        positions = self.images.tree_positions(tree) if self.images and blocks is not None else None
        whole = self.images is not None and self.images.encoder.whole
        while done < tree.nodes:
            limits = StepLimits(self.batch, len(tree.sequences), self.outputs, self.path.cells, whole=whole)
            try:
                for step in plan_steps(tree, wanted, limits, start=done, blocks=blocks):
                    here = step.depths[None] if positions is None else positions[:, step.start : step.stop]
                    yield step, self._step(step, here, step.blocks if whole else None)
                    self._advance(step)
                    done = step.stop
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                self._shrink(error)

    def _step(self, step: PlanStep, positions: Tokens, together: Indices | None) -> Any:
        """Send a step through the network.

        Args:
            step: its nodes.
            positions: (sections, k) where they stand.
            together: (k,) the block that each node belongs to, -1 for none, where all of a block see each other.
        """
        seen = _find_visible_cells(step)
        if together is not None:
            seen[:, step.trunk :] |= _find_together(together)
        self.path.see(self.network.mask(seen))
        cells = self.find_cells(step.tokens)  # what has to be encoded is encoded here, and not counted as text
        where = positions if len(positions) == 1 else positions[:, None]
        with self.count("prefill", len(step.tokens)):
            return self.network.read(step.tokens[None], where, self.path, np.flatnonzero(step.wanted), cells)[0]

    def shows_image(self, tokens: Tokens) -> bool:
        """Whether some of the tokens are cells of images."""
        return bool((tokens >= FIRST_IMAGE_TOKEN).any())

    def find_cells(self, tokens: Tokens) -> ShownCells | None:
        """Return the cells of images among tokens, encoded; None if there are none."""
        where = tokens >= FIRST_IMAGE_TOKEN
        return ShownCells(where, self.images.embed(tokens[where])) if self.images and where.any() else None

    def next_position(self, tokens: Tokens) -> int:
        """Return the position of what follows a sequence from its beginning."""
        return int(self.images.find_starts(tokens)[-1]) if self.images else len(tokens)

    def continue_plainly(self, path: Tokens, start: int, cache: Any = None, rows: Indices | None = None) -> Any:
        """Send the tokens of a sequence from ``start`` on in the model's own way; see `Network.plain`.

        Args:
            path: the whole sequence.
            start: tokens before it are in ``cache``.
            cache: changed in place; None if nothing is to be kept.
            rows: which of the sent tokens logits are wanted at; None for all.
        """
        tokens = path[start:]
        cells = self.find_cells(tokens)
        if self.images is None:
            return self.network.run_plain(tokens, cache, rows)
        positions = self.images.find_positions(path)[:, start:] if self.images.encoder.sections > 1 else None
        seen = None
        if cells is not None and self.images.encoder.whole:
            seen = np.tri(len(tokens), len(path), start, dtype=np.bool_)
            seen[:, start:] |= _find_together(self.images.number_tokens(path)[start:])
        return self.network.run_plain(tokens, cache, rows, cells, positions, seen)

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


def _find_together(blocks: Indices) -> NDArray[np.bool_]:
    """Return (n, n) which tokens belong to the same block, given (n,) the block of each, -1 for none."""
    return np.equal(blocks[:, None], blocks[None, :]) & np.greater_equal(blocks, 0)[:, None]


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
