"""Rows of tokens to blocks that go through the network at once, and the order in which steps take rows.

A block is rows one after the other, without padding; the network is told where each begins, so that none sees another
(`fairtrial.levers.tune.attention`).  A step's loss is the mean over the learned tokens of all its rows, so how rows are
put into blocks decides speed and memory only.  Knows numbers alone.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from fairtrial.engines.local.prefix_tree.trie import Tokens


@dataclass(frozen=True, slots=True)
class TokenRow:
    """A row as the network reads it.

    Attributes:
        tokens: (n,) int32, at least two.
        learned: (n,) bool, the tokens whose loss is lowered; never the first, which nothing predicts.
        id: of the row that it was made from.
    """

    tokens: Tokens
    learned: NDArray[np.bool_]
    id: str = ""

    @property
    def targets(self) -> int:
        """Number of learned tokens."""
        return int(self.learned.sum())


@dataclass(frozen=True)
class RowBlock:
    """Some rows, one after the other, in ascending length.

    Attributes:
        rows: those of it, as numbers in what was packed.
        tokens: (t,) int32 of all rows.
        positions: (t,) of each token in its row.
        lengths: (rows,) tokens of each.
        predicting: (k,) places whose logits predict a learned token.
        targets: (k,) the learned tokens.
    """

    rows: tuple[int, ...]
    tokens: Tokens
    positions: NDArray[np.int64]
    lengths: NDArray[np.int64]
    predicting: NDArray[np.int64]
    targets: NDArray[np.int64]

    @cached_property
    def spread(self) -> NDArray[np.int64]:
        """(t,) the place of each token where every row is padded to the longest, row after row."""
        longest = int(self.lengths.max())
        return np.repeat(np.arange(len(self.lengths)) * longest, self.lengths) + self.positions

    @cached_property
    def row_of_target(self) -> NDArray[np.int64]:
        """(k,) which row of the block, counted from 0, each learned token stands in."""
        ends = np.cumsum(self.lengths)
        return np.searchsorted(ends, self.predicting, side="right")


def make_block(rows: Sequence[TokenRow], numbers: Sequence[int]) -> RowBlock:
    """Return the block of the rows of these numbers."""
    chosen = [rows[number] for number in numbers]
    lengths = np.array([len(row.tokens) for row in chosen], dtype=np.int64)
    learned = np.concatenate([row.learned for row in chosen])
    tokens = np.concatenate([row.tokens for row in chosen])
    where = np.flatnonzero(learned)
    return RowBlock(
        tuple(numbers),
        tokens,
        np.concatenate([np.arange(n, dtype=np.int64) for n in lengths]),
        lengths,
        where - 1,
        tokens[where].astype(np.int64),
    )


def pack_rows(
    rows: Sequence[TokenRow], numbers: Sequence[int], size: int, *, packing: bool = True, group: int = 1
) -> list[RowBlock]:
    """Return rows as blocks of at most ``size`` tokens, what is longer in a block of its own.

    Rows of like length come together, for the sake of what has to be padded after all: attention.

    Args:
        rows: all that there are.
        numbers: those to be packed.
        size: tokens of a block; without ``packing``, with each row counted as long as the longest of its block.
        packing: put rows one after the other; else a block stands for rows that are padded.
        group: so many rows that follow each other in ``numbers`` stay in one block.
    """
    units = [list(numbers[at : at + group]) for at in range(0, len(numbers), group)]
    found: list[list[int]] = []
    used = 0
    for unit in sorted(units, key=lambda some: (max(len(rows[i].tokens) for i in some), some[0])):
        lengths = [len(rows[i].tokens) for i in unit]
        own = sum(lengths) if packing else len(unit) * max(lengths)
        after = used + own if packing else ((len(found[-1]) if found else 0) + len(unit)) * max(lengths)
        if not found or after > size:
            found.append([])
            after = own
        found[-1] += unit
        used = after
    return [make_block(rows, sorted(some, key=lambda i: (len(rows[i].tokens), i))) for some in found]


def count_steps(rows: int, batch: int, epochs: float) -> int:
    """Return the steps that it takes to see each of ``rows`` so often, ``batch`` at a time; at least 1."""
    whole = math.ceil(rows / batch)
    return max(1, round(whole * epochs))


def draw_steps(rows: int, batch: int, seed: int, first: int, last: int) -> Iterator[tuple[int, list[int]]]:
    """Yield step numbers from ``first`` up to ``last``, without it, with the rows of each.

    Every epoch is an order of its own, drawn by (seed, epoch) alone, so that a step's rows do not depend on where
    training has begun.  The last step of an epoch may have fewer rows.
    """
    in_epoch = math.ceil(rows / batch)
    epoch, order = -1, np.empty(0, dtype=np.int64)
    for step in range(first, last):
        if step // in_epoch != epoch:
            epoch = step // in_epoch
            order = np.random.Generator(np.random.PCG64(np.random.SeedSequence([seed, epoch]))).permutation(rows)
        at = (step % in_epoch) * batch
        yield step, [int(number) for number in order[at : at + batch]]
