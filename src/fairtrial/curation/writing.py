"""The training set's files: each piece's share of them, one job a piece, and then all shares as one.

Shares are joined in the order of the pieces, so the bytes do not depend on who wrote them when.
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fairtrial.curation.base import Drop, RowOrigin, TrainingRow
from fairtrial.curation.contamination.grams import list_grams
from fairtrial.curation.duplicates import EXACT, NEAR, FoundDuplicates
from fairtrial.curation.reading import PieceFiles, describe_drop, is_kept, read_turns
from fairtrial.curation.resuming import read_json, write_json, write_whole
from fairtrial.curation.splitting import Sides
from fairtrial.curation.stored import StoredRows

TRAIN, VALIDATION, DROPPED, GRAMS = "train.jsonl", "validation.jsonl", "dropped.jsonl", "grams.bin"
DUPLICATES = "duplicates"
"""The step under whose name duplicates are counted."""
MERGED = 1_000_000
"""Hashes that are merged at a time."""


@dataclass(frozen=True)
class Decided:
    """What was decided of all rows, in files that every process opens.

    Attributes:
        rows: those that stayed before duplicates were looked for.
        folder: of the arrays.
    """

    rows: StoredRows
    folder: Path

    def save(self, found: FoundDuplicates, sides: Sides) -> None:
        """Write the arrays."""
        self.folder.mkdir(parents=True, exist_ok=True)
        held_back = sides.held_back.astype(np.uint8)
        named: dict[str, npt.NDArray[Any]] = {
            "same": found.same_as,
            "likeness": found.likeness,
            "cluster": sides.cluster,
            "held": held_back,
        }
        for name, values in named.items():
            with write_whole(self.folder / f"{name}.npy") as file:
                np.save(file, values)

    def load(self, name: str, piece: int) -> npt.NDArray[Any]:
        """Return an array's part of a piece."""
        start, end = self.rows.starts[piece], self.rows.starts[piece + 1]
        return np.array(np.load(self.folder / f"{name}.npy", mmap_mode="r")[start:end])


@dataclass(frozen=True)
class WritePiece:
    """The job of writing one piece's share of the training set."""

    decided: Decided
    number: int

    @property
    def files(self) -> PieceFiles:
        """What was read of the piece, and where its share goes."""
        return PieceFiles(self.decided.rows.work, self.number)

    @property
    def label(self) -> str:
        """Return which piece it is."""
        return f"writing piece {self.number + 1}"

    def is_done(self) -> bool:
        """Return whether its counts are there, which come last."""
        return self._path("json").exists()

    def run(self) -> None:
        """Write its share of every file."""
        self._path("json").parent.mkdir(parents=True, exist_ok=True)
        counts = {name: Counter[str]() for name in ("sides", "licences", "attributions", "dropped", "documents")}
        grams = [np.zeros(0, np.uint64)]
        with (
            write_whole(self._path(TRAIN)) as train,
            write_whole(self._path(VALIDATION)) as validation,
            write_whole(self._path(DROPPED)) as dropped,
        ):
            for line in self._decide():
                written = encode_line(line)
                if not is_kept(line):
                    dropped.write(written)
                    if line["step"] == DUPLICATES:
                        counts["dropped"][line["reason"]] += 1
                    continue
                held_back = line.pop("held_back")
                written = encode_line(line)
                (validation if held_back else train).write(written)
                counts["sides"][VALIDATION if held_back else TRAIN] += 1
                counts["licences"][line["licence"]] += 1
                counts["attributions"][line["attribution"]] += 1
                counts["documents"][line["source"].get("document", "")] += 1
                if not held_back:
                    grams.append(list_grams(read_row(line)))
        with write_whole(self._path(GRAMS)) as file:
            file.write(sort_once(np.concatenate(grams)).tobytes())
        write_json(self._path("json"), {name: dict(one) for name, one in counts.items()})

    def _path(self, ending: str) -> Path:
        return self.decided.rows.work / "written" / f"{self.number:08d}.{ending}"

    def _decide(self) -> Iterator[dict[str, Any]]:
        """Yield the piece's lines in order, with what was decided of each."""
        decided, number = self.decided, self.number
        same, likeness, cluster, held = (decided.load(name, number) for name in ("same", "likeness", "cluster", "held"))
        named = decided.rows.take_ids(np.where(same >= 0, same, np.maximum(cluster, 0)))
        at = 0
        with self.files.path("rows").open("rb") as lines:
            for written in lines:
                line = json.loads(written)
                if is_kept(line):
                    if same[at] >= 0:
                        line = _drop_duplicate(line, named[at], float(likeness[at]))
                    else:
                        line |= {"cluster": named[at], "held_back": bool(held[at])}
                    at += 1
                yield line


def _drop_duplicate(line: dict[str, Any], of: str, likeness: float) -> dict[str, Any]:
    """Return the line of a row that is left out for an earlier one."""
    if line["id"] == of:
        drop = Drop(EXACT, f"the same words as an earlier row: {of}")
    else:
        drop = Drop(NEAR, f"as similar as {likeness:.2f} to an earlier row: {of}")
    return describe_drop(line["id"], line["source"], DUPLICATES, drop)


def encode_line(line: dict[str, Any]) -> bytes:
    """Return a line as canonical JSON: sorted keys, no spaces, UTF-8."""
    return json.dumps(line, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def read_row(line: dict[str, Any]) -> TrainingRow:
    """Return the words of a line of a training set as a row."""
    return TrainingRow(
        RowOrigin(line["source"]["source"], line["source"]["row"]),
        read_turns(line.get("messages", line.get("prompt", ()))),
        line.get("text", ""),
        line.get("chosen", ""),
        line.get("rejected", ""),
    )


def join_shares(work: Path, pieces: int, folder: Path) -> dict[str, dict[str, Any]]:
    """Join the shares of all pieces; return of each file its sha256 and bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    described = {}
    for name in (TRAIN, VALIDATION, DROPPED):
        blocks = (
            block for number in range(pieces) for block in _read_blocks(work / "written" / f"{number:08d}.{name}")
        )
        described[name] = _write_blocks(folder / name, blocks)
    shares = [work / "written" / f"{number:08d}.{GRAMS}" for number in range(pieces)]
    described[GRAMS] = _write_blocks(folder / GRAMS, (one.tobytes() for one in merge_sorted(shares)))
    return described


class SortedFile:
    """A file of sorted uint64 that is read from its beginning to its end, a little at a time."""

    def __init__(self, path: Path, step: int) -> None:
        """Read ``step`` values at a time."""
        self._path, self._step, self._at = path, step, 0
        self._ahead = np.empty(0, "<u8")

    def read_below(self, edge: int | None) -> npt.NDArray[np.uint64]:
        """Return the next values that are less than ``edge``; all that are left if it is None."""
        parts = [self._ahead]
        while edge is None or not len(parts[-1]) or parts[-1][-1] < edge:
            parts.append(np.fromfile(self._path, "<u8", self._step, offset=8 * self._at))
            self._at += len(parts[-1])
            if not len(parts[-1]):
                break
        joined = np.concatenate(parts)
        end = len(joined) if edge is None else int(np.searchsorted(joined, np.uint64(edge)))
        self._ahead = joined[end:].copy()
        return joined[:end]


def merge_sorted(paths: Sequence[Path], most: int = MERGED) -> Iterator[npt.NDArray[np.uint64]]:
    """Yield the values of files of sorted uint64, each once, in order, about ``most`` at a time.

    The values are hashes, which fall evenly: equal ranges hold about as many each.
    """
    sizes = [path.stat().st_size // 8 for path in paths]
    ranges = max(1, -(-sum(sizes) // most))
    held = [SortedFile(path, size // ranges + 1) for path, size in zip(paths, sizes, strict=True)]
    edges = [(2**64 * number) // ranges for number in range(1, ranges)]
    for edge in [*edges, None]:
        parts = [one.read_below(edge) for one in held]
        if parts:
            yield sort_once(np.concatenate(parts))


def sort_once(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Return values in order, each once; several times as fast as `numpy.unique`, which hashes them."""
    values = np.sort(values)
    new = np.ones(len(values), bool)
    new[1:] = values[1:] != values[:-1]
    return values[new].astype("<u8", copy=False)


def sum_counts(work: Path, pieces: int) -> dict[str, Counter[str]]:
    """Return what the jobs of all pieces counted, together."""
    told: dict[str, Counter[str]] = {}
    for number in range(pieces):
        for name, counts in read_json(work / "written" / f"{number:08d}.json").items():
            told.setdefault(name, Counter()).update(counts)
    return told


def _read_blocks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(2**20):
            yield block


def _write_blocks(path: Path, blocks: Iterator[bytes]) -> dict[str, Any]:
    digest, size = hashlib.sha256(), 0
    with write_whole(path) as file:
        for block in blocks:
            file.write(block)
            digest.update(block)
            size += len(block)
    return {"sha256": digest.hexdigest(), "bytes": size}
