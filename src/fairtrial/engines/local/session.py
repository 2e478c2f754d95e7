"""A network with the beginning that all requests share, kept from call to call, and steps of a tree on top of it.

The shared beginning, the *root* (the few-shot block as a rule), is computed in blocks of a fixed size, always from
nothing in order.  A root kept from an earlier call is therefore the same, bit for bit, as one computed afresh.
Knows tokens and cells; nothing of requests.
"""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.local.images import ImageTable
from fairtrial.engines.local.prefix_tree import PrefixTree
from fairtrial.engines.local.prefix_tree.plan import PlanStep
from fairtrial.engines.local.prefix_tree.trie import Indices, Tokens, count_common_prefix
from fairtrial.engines.local.vocabulary import EMPTY

_CELLS = 1024  # memory grows in units of this


class WorkCounter:
    """Counts passes through a network.

    Attributes:
        totals: ``prefill_tokens`` and ``prefill_seconds`` of passes that read, ``decode_tokens`` and
            ``decode_seconds`` of passes that write, and ``kv_bytes``, the largest cache.
    """

    def __init__(self) -> None:
        self.totals: dict[str, float] = {}

    @contextmanager
    def count(self, kind: Literal["prefill", "decode"] | None, tokens: int) -> Iterator[None]:
        """Count a pass of so many tokens; None for one that is neither reading nor writing alone."""
        begun = time.perf_counter()
        yield
        if kind is not None:
            self._add(f"{kind}_tokens", tokens)
            self._add(f"{kind}_seconds", time.perf_counter() - begun)

    def _add(self, name: str, value: float) -> None:
        self.totals[name] = self.totals.get(name, 0) + value

    def note_cache(self, size: int) -> None:
        """Note that keys and values take so many bytes."""
        self.totals["kv_bytes"] = max(self.totals.get("kv_bytes", 0), size)


class LocalSession(ABC):
    """Owns a network and what is in its memory.

    Attributes:
        batch: tokens of one pass.
        block: tokens of one block of the root.
        images: those of the call, whose pseudo tokens stand in its sequences; None if the model sees none.
        work: what was computed so far.
    """

    def __init__(self, batch: int, block: int, images: ImageTable | None = None) -> None:
        self.batch, self.block, self.images = batch, block, images
        self.work = WorkCounter()
        self._root: Tokens = EMPTY

    @abstractmethod
    def begin(self, root: Tokens, cells: int) -> Any:
        """Make ``root``, a whole number of blocks, all that is in memory, with room for ``cells`` tokens in all."""

    @abstractmethod
    def walk(self, tree: PrefixTree, wanted: NDArray[np.bool_], root: int) -> Iterator[tuple[PlanStep, Any]]:
        """Compute the nodes of ``tree`` from ``root`` on, whose path up to there is in memory.

        Yields:
            The step, and (wanted nodes of it, vocabulary) logits, valid until the next one.
        """

    @abstractmethod
    def log_probabilities(
        self, logits: Any, rows: Indices, tokens: Tokens
    ) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
        """Return the log-probability of given tokens, and whether each is the likeliest.

        Args:
            logits: (r, vocabulary).
            rows: (k,) the row that each token is read from.
            tokens: (k,) token ids.

        Returns:
            (k,) float64 nats, NaN where some logit is NaN or infinite; (k,) bool.
        """

    @abstractmethod
    def renew(self) -> None:
        """Give up the memory: what is in it is not a number, and what is read later would see it."""

    @abstractmethod
    def close(self) -> None:
        """Free the network."""

    @abstractmethod
    def _keep(self, tokens: int) -> None:
        """Keep so many leading tokens of what is in memory, and nothing else."""

    @abstractmethod
    def _read_block(self, tokens: Tokens, start: int) -> None:
        """Read a block of the root, which stands at ``start``, behind what is in memory."""

    def root_length(self, common: int) -> int:
        """Return how much of a common beginning of that length is to be made the root."""
        return common // self.block * self.block

    def forget(self) -> None:
        """Keep nothing for the next call: what is in memory may not be whole."""
        self._root = EMPTY

    def _read_root(self, root: Tokens) -> None:
        """Make ``root`` all that is in memory, as much of it as is there already kept."""
        same = count_common_prefix(self._root, root) // self.block * self.block
        self._root = EMPTY  # until it is whole again
        self._keep(same)
        for start in range(same, len(root), self.block):
            self._read_block(root[start : start + self.block], start)
        self._root = root.copy()


def round_up_cells(cells: int) -> int:
    """Return how many cells a memory has that must have at least so many."""
    return -(-cells // _CELLS) * _CELLS
