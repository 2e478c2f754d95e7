"""A model with its one context, which grows when needed and keeps the beginning that all requests share.

The shared beginning, the *root* (the few-shot block as a rule), is computed in blocks of a fixed size, always from
empty cells in order.  A root kept from an earlier call is therefore the same, bit for bit, as one computed afresh.
Knows tokens and cells; nothing of requests.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from fairtrial.engines.llamacpp.binding import Context, ContextShape, Floats, Model
from fairtrial.engines.prefix_tree.plan import Step
from fairtrial.engines.prefix_tree.trie import Tokens, common_prefix
from fairtrial.engines.vocabulary import EMPTY

LOGITS_BYTES = 96 << 20  # the library holds the wanted logits twice
_CELLS = 1024  # contexts grow in units of this


@dataclass(frozen=True, slots=True)
class Sizes:
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
    def fitting(cls, *, batch: int, threads: int, vocabulary: int, flash: int) -> Sizes:
        """Return sizes whose logits stay within `LOGITS_BYTES` for a vocabulary of that size."""
        outputs = max(8, min(batch, LOGITS_BYTES // (2 * 4 * vocabulary)))
        batch = max(batch, 8)
        return cls(batch, min(256, outputs), outputs, threads, min(128, batch), flash)


def whole_cells(cells: int) -> int:
    """Return how many cells a context has that must have at least so many."""
    return -(-cells // _CELLS) * _CELLS


class Session:
    """Owns the model and its context."""

    def __init__(self, model: Model, sizes: Sizes) -> None:
        self.model, self.sizes = model, sizes
        self._context: Context | None = None
        self._root: Tokens = EMPTY
        self._flash = sizes.flash
        self.cells = 0
        self.work: dict[str, float] = {}
        """Tokens and seconds of passes that read only, and of those that only write; and the largest cache."""

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
        if cells > self.cells or flash != self._flash:
            self._drop()
            self.cells, self._flash = whole_cells(cells), flash
            shape = ContextShape(self.cells, sizes.batch, sizes.sequences, sizes.outputs, sizes.threads, flash=flash)
            self._context = Context(self.model, shape)
            if self._context.cache_bytes:
                self.work["kv_bytes"] = max(self.work.get("kv_bytes", 0), self._context.cache_bytes)
        block, context = self.sizes.block, self.context
        same = common_prefix(self._root, root) // block * block
        self._root = EMPTY  # until it is whole again
        if same:
            context.keep_only(0, same)
        else:
            context.clear()
        for start in range(same, len(root), block):
            context.tokens[:block] = root[start : start + block]
            context.positions[:block] = np.arange(start, start + block)
            context.set_sequences(np.zeros(block, dtype=np.int32), np.ones(block, dtype=np.int32))
            context.wanted[:block] = 0
            self.run(block)
        self._root = root.copy()
        return context

    def root_length(self, common: int) -> int:
        """Return how much of a common beginning of that length is to be made the root."""
        return common // self.sizes.block * self.sizes.block if self.model.scores_prefixes() else 0

    def step(self, step: Step) -> Floats:
        """Compute one step on top of its trunk in sequence 0, and make the next step's trunk sequence 0.

        Returns:
            (wanted nodes, vocabulary) logits, valid until the next step.
        """
        context, size = self.context, len(step.tokens)
        for branch, join in enumerate(step.joins.tolist()):
            if join:
                context.copy(0, branch + 1, join)
        context.tokens[:size] = step.tokens
        context.positions[:size] = step.depths
        context.set_sequences(step.branch + 1, step.width)
        context.wanted[:size] = step.wanted
        logits = self.run(size)
        keep = max(step.keep, len(self._root))
        if keep:
            context.keep_only(len(step.joins), keep)
        else:
            context.clear()
        return logits

    def run(self, size: int, new: int = 0) -> Floats:
        """Send a pass whose entries are in the context's arrays, and count it; see `Context.run`.

        ``new`` of its tokens are the newest of growing answers.  A pass that reads and writes is not counted.
        """
        begun = time.perf_counter()
        logits = self.context.run(size)
        kind = "decode" if new == size else "prefill"
        if new in (0, size):
            self.work[f"{kind}_tokens"] = self.work.get(f"{kind}_tokens", 0) + size
            self.work[f"{kind}_seconds"] = self.work.get(f"{kind}_seconds", 0) + time.perf_counter() - begun
        return logits

    def forget(self) -> None:
        """Keep nothing for the next call: what is in the cache may not be whole."""
        self._root = EMPTY

    def renew(self) -> None:
        """Give up the context: what is in it is not a number, and what is read later would see it."""
        self._drop()

    def close(self) -> None:
        """Free context and model."""
        self._drop()
        self.model.close()

    def _drop(self) -> None:
        if self._context is not None:
            self._context.close()
        self._context, self._root, self.cells = None, EMPTY, 0
