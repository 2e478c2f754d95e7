"""Which rows are alike: for one band of the signatures, pairs of rows that share it, checked by whole signatures.

Rows whose hash of a band is the same form a run.  Within a run every row is compared with those before it, so that no
pair is missed; a run that is too long for that, as templates make them, is cut by the hashes of the bands that follow.
Memory grows with the number of rows by some numbers each, never with their words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fairtrial.curation.resuming import write_whole
from fairtrial.curation.signatures import WordHashes, estimate_likeness, mix
from fairtrial.curation.stored import Numbers, StoredRows

LONGEST_RUN = 64
"""In a run of more rows not every pair is compared."""
FOLLOWING = 3
"""So many bands more cut a run that is longer."""
LINKS = 4
"""So many rows of a run each other one is compared with to find what belongs together."""
BLOCK = 65_536
"""Pairs that are compared at a time."""

PAIR = np.dtype([("first", np.int64), ("second", np.int64), ("likeness", np.float32)])
Pairs = npt.NDArray[np.void]


@dataclass(frozen=True)
class FindNeighbours:
    """The job of finding what is alike by one band.

    Attributes:
        rows: all rows.
        band: which.
        round: how often rows were dropped before; what was dropped then is in ``left_out``.
        near: least likeness of near-duplicates; None: none are looked for.
        together: least likeness of what belongs together; None: nothing is looked for.
        left_out: file with a byte a row, 1 where it takes no part.
    """

    rows: StoredRows
    band: int
    round: int
    near: float | None
    together: float | None
    left_out: Path

    @property
    def path(self) -> Path:
        """File of the pairs."""
        return self.rows.work / "bands" / f"{self.round}-{self.band:03d}.npy"

    @property
    def label(self) -> str:
        """Return which band it is."""
        return f"comparing by band {self.band + 1}"

    def is_done(self) -> bool:
        """Return whether the pairs are there."""
        return self.path.exists()

    def run(self) -> None:
        """Find the pairs."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        taking = np.flatnonzero(np.fromfile(self.left_out, np.uint8) == 0)
        hashes = self.rows.read_band(self.band)[taking]
        found: list[Pairs] = []
        members, starts = _find_runs(hashes)
        if self.together is not None:
            found.append(self._compare(taking[members], starts, self.together, LINKS))
        if self.near is not None:
            for kept, cuts in self._cut_long_runs(taking, hashes, members, starts):
                found.append(self._compare(taking[kept], cuts, self.near, LONGEST_RUN))
        with write_whole(self.path) as file:
            np.save(file, unite_pairs(found))

    def _cut_long_runs(
        self, taking: Numbers, hashes: WordHashes, members: Numbers, starts: Numbers
    ) -> list[tuple[Numbers, Numbers]]:
        """Return the runs of at most `LONGEST_RUN` rows, and those that the bands that follow make of the others."""
        made = []
        for step in range(1, FOLLOWING + 2):
            lengths = np.diff(starts)
            short = np.repeat(lengths <= LONGEST_RUN, lengths) | (step > FOLLOWING)
            made.append((members[short], _count_up(lengths[(lengths <= LONGEST_RUN) | (step > FOLLOWING)])))
            members = np.sort(members[~short])
            if not len(members):
                break
            following = self.rows.read_band((self.band + step) % self.rows.bands)[taking]
            hashes = mix(hashes ^ mix(following + np.uint64(step)))
            chosen, starts = _find_runs(hashes[members])
            members = members[chosen]
        return made

    def _compare(self, members: Numbers, starts: Numbers, least: float, rounds: int) -> Pairs:
        """Return the pairs of runs that are at least so alike.

        Args:
            members: rows, run after run, each run in rising order.
            starts: where each run begins in ``members``, and their end.
            least: likeness.
            rounds: in each, the first row left of every run is compared with all after it; what is alike leaves.
        """
        found = [np.empty(0, PAIR)]
        for _ in range(rounds):
            lengths = np.diff(starts)
            several = lengths > 1
            members = members[np.repeat(several, lengths)]
            lengths = lengths[several]
            starts = _count_up(lengths)
            if not len(members):
                break
            rest = np.ones(len(members), bool)
            rest[starts[:-1]] = False
            first, second = np.repeat(members[starts[:-1]], lengths - 1), members[rest]
            likeness = self._estimate(first, second)
            alike = likeness >= least
            pairs = np.empty(int(alike.sum()), PAIR)
            pairs["first"], pairs["second"], pairs["likeness"] = first[alike], second[alike], likeness[alike]
            found.append(pairs)
            run = np.repeat(np.arange(len(lengths)), lengths - 1)[~alike]
            members, starts = second[~alike], _count_up(np.bincount(run, minlength=len(lengths)))
        return np.concatenate(found)

    def _estimate(self, first: Numbers, second: Numbers) -> npt.NDArray[np.float32]:
        made = np.empty(len(first), np.float32)
        for at in range(0, len(first), BLOCK):
            block = slice(at, at + BLOCK)
            made[block] = estimate_likeness(
                self.rows.take_signatures(first[block]), self.rows.take_signatures(second[block])
            )
        return made


def unite_pairs(parts: Sequence[Pairs]) -> Pairs:
    """Return all pairs once, by their rows."""
    joined = np.concatenate([np.empty(0, PAIR), *parts])
    joined = joined[np.lexsort((joined["second"], joined["first"]))]
    new = np.ones(len(joined), bool)
    new[1:] = (joined["first"][1:] != joined["first"][:-1]) | (joined["second"][1:] != joined["second"][:-1])
    return joined[new]


def _find_runs(hashes: WordHashes) -> tuple[Numbers, Numbers]:
    """Return the places of all hashes that are there more than once, run after run, and where each run begins."""
    order = np.argsort(hashes, kind="stable")
    values = hashes[order]
    cuts = np.flatnonzero(np.concatenate([[True], values[1:] != values[:-1], [True]])) if len(values) else np.zeros(1)
    lengths = np.diff(cuts).astype(np.int64)
    several = lengths > 1
    return order[np.repeat(several, lengths)], _count_up(lengths[several])


def _count_up(lengths: Numbers) -> Numbers:
    """Return where runs of these lengths begin, and their end."""
    return np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
