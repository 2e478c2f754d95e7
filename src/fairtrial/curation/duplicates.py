"""Which rows are dropped as duplicates: the first of several stays.

Nothing is dropped but for a row that stays and is found to be alike: likeness does not pass from row to row.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fairtrial.curation.jobs import CurationJob
from fairtrial.curation.neighbours import PAIR, FindNeighbours, Pairs, unite_pairs
from fairtrial.curation.resuming import write_whole
from fairtrial.curation.stored import Numbers, StoredRows
from fairtrial.spec.curate import Duplicates

EXACT, NEAR = "exact_duplicate", "near_duplicate"
ROUNDS = 8
"""So often rows that stay are compared anew without those that were dropped; two rounds are enough but in odd cases."""

RunJobs = Callable[[Sequence[CurationJob]], None]


@dataclass(frozen=True)
class FoundDuplicates:
    """What is alike.

    Attributes:
        same_as: of each row the earlier one that it is dropped for; -1 where it stays.
        likeness: of each row that is dropped as a near-duplicate, to that one; 1 of an exact duplicate.
        links: pairs that belong together.
        settled: whether the last round found nothing more to drop.
    """

    same_as: Numbers
    likeness: npt.NDArray[np.float32]
    links: Pairs
    settled: bool = True


def find_exact(rows: StoredRows) -> Numbers:
    """Return of each row the first one with the same words; -1 for that one itself."""
    hashes = rows.read_hashes("ids")
    order = np.lexsort((hashes[:, 1], hashes[:, 0]))  # stable: rows with the same words stay in order
    ordered = hashes[order]
    same = np.zeros(len(order), bool)
    same[1:] = (ordered[1:] == ordered[:-1]).all(axis=1)
    first = np.maximum.accumulate(np.where(same, 0, np.arange(len(order))))
    made = np.full(len(order), -1, np.int64)
    made[order[same]] = order[first[same]]
    return made


def find_duplicates(rows: StoredRows, wanted: Duplicates, run: RunJobs) -> FoundDuplicates:
    """Return what is alike among rows.

    Args:
        rows: those that stayed.
        wanted: what counts as alike.
        run: runs jobs to their end.
    """
    same_as = find_exact(rows) if wanted.exact else np.full(rows.count, -1, np.int64)
    likeness = (same_as >= 0).astype(np.float32)
    links = [np.empty(0, PAIR)]
    settled = not wanted.by_likeness
    wordless = rows.read_flags("wordless") if wanted.by_likeness else np.zeros(rows.count, bool)
    for round in range(ROUNDS if wanted.by_likeness else 0):
        left_out = _write_left_out(rows.work, round, wordless | (same_as >= 0))
        together = wanted.together if round == 0 else None
        jobs = [FindNeighbours(rows, band, round, wanted.near, together, left_out) for band in range(rows.bands)]
        run(jobs)
        pairs = unite_pairs([np.load(job.path) for job in jobs])
        links.append(pairs)
        before = int((same_as >= 0).sum())
        if wanted.near is not None:
            drop_near(pairs[pairs["likeness"] >= np.float32(wanted.near)], same_as, likeness)
        if int((same_as >= 0).sum()) == before:
            settled = True
            break
    return FoundDuplicates(same_as, likeness, np.concatenate(links), settled)


def drop_near(pairs: Pairs, same_as: Numbers, likeness: npt.NDArray[np.float32]) -> None:
    """Drop every row that is near an earlier one that stays: write that one, the most alike, and their likeness.

    Args:
        pairs: of near-duplicates, the first of each pair the earlier one.
        same_as: see `FoundDuplicates`; changed.
        likeness: see `FoundDuplicates`; changed.
    """
    order = np.lexsort((pairs["first"], -pairs["likeness"], pairs["second"]))
    told = pairs[order]
    for first, second, alike in zip(
        told["first"].tolist(), told["second"].tolist(), told["likeness"].tolist(), strict=True
    ):
        if same_as[second] < 0 and same_as[first] < 0:
            same_as[second], likeness[second] = first, alike


def _write_left_out(work: Path, round: int, left_out: npt.NDArray[np.bool_]) -> Path:
    path = work / "bands" / f"{round}.out"
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_whole(path) as file:
        file.write(left_out.astype(np.uint8).tobytes())
    return path
