"""A GGUF model with its one context, which grows when needed.  Knows tokens and cells; nothing of requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.arrays import Floats32
from fairtrial.engines.llamacpp.binding import Context, ContextShape, Model
from fairtrial.engines.llamacpp.embedding import TokenEmbeddings
from fairtrial.engines.local.images import FIRST_IMAGE_TOKEN, ImageEncoder, ImageTable
from fairtrial.engines.local.prefix_tree import PrefixTree, StepLimits, plan_steps
from fairtrial.engines.local.prefix_tree.plan import PlanStep
from fairtrial.engines.local.prefix_tree.trie import Indices, Tokens
from fairtrial.engines.local.session import LocalSession, round_up_cells
from fairtrial.engines.local.vocabulary import EMPTY

LOGITS_BYTES = 96 << 20  # the library holds the wanted logits twice
ROWS_AT_ONCE = 16  # rows of logits turned into log-probabilities at once: they stay in the processor's cache


@dataclass(frozen=True, slots=True)
class SessionSizes:
    """Sizes that decide speed, memory and the last digits of the arithmetic.

    Attributes:
        batch: tokens of one pass.
        sequences: sequences in the cache at once, the trunk included.
        outputs: rows of logits of one pass.
        threads: processor threads.
        block: tokens of one block of the root.
        flash: flash attention: -1 automatic, 0 off, 1 on.
    """

    batch: int
    sequences: int
    outputs: int
    threads: int
    block: int
    flash: int

    @classmethod
    def fit(cls, *, batch: int, threads: int, vocabulary: int, flash: int) -> SessionSizes:
        """Return sizes whose logits stay within `LOGITS_BYTES` for a vocabulary of that size."""
        outputs = max(8, min(batch, LOGITS_BYTES // (2 * 4 * vocabulary)))
        batch = max(batch, 8)
        return cls(batch, min(256, outputs), outputs, threads, min(128, batch), flash)


@dataclass(frozen=True)
class TreePlaces:
    """Where the nodes of a tree stand.

    Attributes:
        tree: whose nodes they are.
        images: those in it; None if the model sees none.
        blocks: (nodes,) see `plan_steps`; None if the tree has no image.
        positions: (sections, nodes).
    """

    tree: PrefixTree
    images: ImageTable | None
    blocks: Indices | None
    positions: NDArray[np.int32]

    @classmethod
    def from_tree(cls, tree: PrefixTree, images: ImageTable | None) -> TreePlaces:
        """Find out where the nodes stand."""
        blocks = images.number_blocks(tree) if images else None
        if images is None or blocks is None:
            return cls(tree, None, None, tree.depths().astype(np.int32)[None])
        return cls(tree, images, blocks, images.tree_positions(tree))

    def find(self, node: int, depths: Tokens | Indices) -> Tokens | Indices:
        """Return the positions at which the tokens at given depths stand on the path of a node."""
        if self.images is None or len(self.positions) == 1:
            return depths
        owner = int(np.searchsorted(self.tree.first, node, side="right")) - 1
        return self.images.find_starts(self.tree.sequences[owner])[depths]


def reads_whole(encoder: ImageEncoder) -> bool:
    """Return whether all cells of a block go through the network in one pass.

    They have to where they see each other; in a plane they stand at one position, by which memory is cut.
    """
    return encoder.whole or encoder.sections > 1


def count_whole_cells(images: ImageTable | None) -> int:
    """Return the cells of the largest block that goes through the network in one pass; 0 if none has to."""
    return images.largest if images is not None and reads_whole(images.encoder) else 0


def limit_steps(sizes: SessionSizes, cells: int, *, mixed: bool, whole: bool) -> StepLimits:
    """Return what one step may hold; ``mixed`` and ``whole`` as in `StepLimits`."""
    return StepLimits(sizes.batch, sizes.sequences - 1, sizes.outputs, cells, mixed=mixed, whole=whole)


class LlamaCppSession(LocalSession):
    """Owns the model and its context."""

    def __init__(
        self,
        model: Model,
        sizes: SessionSizes,
        images: ImageTable | None = None,
        embeddings: TokenEmbeddings | None = None,
    ) -> None:
        """Run ``model``; ``embeddings`` lets text and ``images`` go through it side by side."""
        super().__init__(sizes.batch, sizes.block, images)
        self._embeddings = embeddings
        self.model, self.sizes = model, sizes
        self._context: Context | None = None
        self._flash = sizes.flash
        self.cells = self._image = 0

    @property
    def context(self) -> Context:
        """The context made by `begin`."""
        if self._context is None:
            raise RuntimeError("begin() has not been called")
        return self._context

    def begin(self, root: Tokens, cells: int, *, flash: int = -1) -> Context:
        """Return a context of at least ``cells`` cells in which sequence 0 is ``root`` and nothing else is left.

        ``root`` must be a whole number of blocks long (see `root_length`).  ``flash`` counts where the settings leave
        flash attention open; a change of it makes a new context.
        """
        sizes = self.sizes
        flash = flash if sizes.flash == -1 else sizes.flash
        image = count_whole_cells(self.images)
        if cells > self.cells or image > self._image or flash != self._flash:
            self.renew()
            self.cells, self._flash, self._image = round_up_cells(cells), flash, image
            whole = bool(self.images and self.images.encoder.whole)
            shape = ContextShape(
                self.cells, sizes.batch, sizes.sequences, sizes.outputs, sizes.threads, flash, image, whole
            )
            self._context = Context(self.model, shape)
            if self._context.cache_bytes:
                self.work.note_cache(self._context.cache_bytes)
        self._read_root(root)
        return self.context

    def _keep(self, tokens: int, sequence: int = 0) -> None:
        if tokens:
            self.context.keep_only(sequence, tokens)
        else:
            self.context.clear()

    def _read_block(self, tokens: Tokens, start: int) -> None:
        self.read(tokens, start, wanted=False)

    @property
    def mixes(self) -> bool:
        """Whether text and cells of images go through the network in one pass."""
        return self._embeddings is not None and self.images is not None and not self.images.encoder.whole

    @property
    def blocks_whole(self) -> bool:
        """Whether all cells of a block go through the network in one pass; see `reads_whole`."""
        return self.images is not None and reads_whole(self.images.encoder)

    def root_length(self, common: int) -> int:
        """Return how much of a common beginning of that length is to be made the root."""
        return super().root_length(common) if self.model.scores_prefixes() else 0

    def walk(self, tree: PrefixTree, wanted: NDArray[np.bool_], root: int) -> Iterator[tuple[PlanStep, Floats32]]:
        """Compute the nodes of a tree; see `LocalSession.walk`."""
        places = TreePlaces.from_tree(tree, self.images)
        limits = limit_steps(self.sizes, self.cells, mixed=self.mixes, whole=self.blocks_whole)
        for step in plan_steps(tree, wanted, limits, root, places.blocks):
            yield step, self._compute_step(step, places)

    def _compute_step(self, step: PlanStep, places: TreePlaces) -> Floats32:
        """Compute one step on top of its trunk in sequence 0, and make the next step's trunk sequence 0."""
        context, size = self.context, len(step.tokens)
        for branch, join in enumerate(places.find(step.start, step.joins).tolist()):
            if join:
                context.copy(0, branch + 1, join)
        context.set_sequences(step.branch + 1, step.width)
        context.wanted[:size] = step.wanted
        positions = places.positions[:, step.start : step.stop]
        if step.shows_image:
            logits = self.run_cells(step.tokens, positions)
        else:
            context.tokens[:size] = step.tokens
            context.positions[:size] = positions[0]
            logits = self.run(size)
        keep = np.array([max(step.keep, len(self._root))])
        self._keep(int(places.find(step.stop - 1, keep)[0]), len(step.joins))
        return logits

    def read(self, tokens: Tokens, start: int, *, wanted: bool) -> Floats32:
        """Read tokens that follow what sequence 0 holds; return (n, vocabulary) logits if they are wanted."""
        context, size = self.context, len(tokens)
        context.tokens[:size] = tokens
        context.positions[:size] = np.arange(start, start + size)
        context.set_sequences(np.zeros(size, dtype=np.int32), np.ones(size, dtype=np.int32))
        context.wanted[:size] = wanted
        return self.run(size)

    def read_along(self, tokens: Tokens, longest: int | None) -> Floats32:
        """Return (n, vocabulary) logits, one row after each of (n,) tokens; what the context holds is overwritten.

        ``longest`` limits the tokens of one pass.
        """
        self.begin(EMPTY, len(tokens) + self.batch)
        found = np.empty((len(tokens), self.model.n_vocab), dtype=np.float32)
        size = min(self.sizes.outputs, self.batch, longest or self.batch)
        for start in range(0, len(tokens), size):
            found[start : start + size] = self.read(tokens[start : start + size], start, wanted=True)
        self.forget()
        return found

    def run_cells(self, tokens: Tokens, positions: NDArray[np.int32], new: int = 0) -> Floats32:
        """Send a pass of cells, or where the session `mixes` of cells and text, and count it; see `Context.run_cells`.

        The sequences are in the context's arrays; ``new`` of the tokens are the newest of growing answers.
        """
        assert self.images is not None
        rows = self._embed(tokens, self.images)
        with self.work.count(None if new else "prefill", len(tokens)):
            return self.context.run_cells(rows, positions, whole=self.images.encoder.whole)

    def _embed(self, tokens: Tokens, images: ImageTable) -> Floats32:
        cells = tokens >= FIRST_IMAGE_TOKEN
        shown = images.embed(tokens[cells])
        if cells.all():
            return shown
        assert self._embeddings is not None
        rows = np.empty((len(tokens), shown.shape[1]), dtype=np.float32)
        rows[cells], rows[~cells] = shown, self._embeddings.read_rows(tokens[~cells])
        return rows

    def run(self, size: int, new: int = 0) -> Floats32:
        """Send a pass whose entries are in the context's arrays, and count it; see `Context.run`.

        ``new`` of its tokens are the newest of growing answers.  A pass that reads and writes is not counted.
        """
        with self.work.count("decode" if new == size else None if new else "prefill", size):
            return self.context.run(size)

    def log_probabilities(
        self, logits: Floats32, rows: Indices, tokens: Tokens
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return log-probabilities, and which are likeliest (of equals: the lowest number); see `LocalSession`."""
        top = np.empty(len(logits), dtype=np.int64)
        mass = np.empty(len(logits))
        scratch = np.empty((min(ROWS_AT_ONCE, len(logits)), logits.shape[1]), dtype=np.float32)
        for at in range(0, len(logits), ROWS_AT_ONCE):
            block = logits[at : at + ROWS_AT_ONCE]
            best = block.argmax(axis=1)
            peak = block[np.arange(len(block)), best]
            work = scratch[: len(block)]
            with np.errstate(invalid="ignore"):  # what is not a number stays so, and is told later
                np.subtract(block, peak[:, None], out=work)
            np.exp(work, out=work)
            top[at : at + ROWS_AT_ONCE] = best
            mass[at : at + ROWS_AT_ONCE] = np.log(work.sum(axis=1, dtype=np.float64)) + peak
        return logits[rows, tokens] - mass[rows], top[rows] == tokens

    def renew(self) -> None:
        """Give up the context: what is in it is not a number, and what is read later would see it."""
        if self._context is not None:
            self._context.close()
        self._context, self._root, self.cells, self._image = None, EMPTY, 0, 0

    def close(self) -> None:
        """Free context and model."""
        self.renew()
        self.model.close()
