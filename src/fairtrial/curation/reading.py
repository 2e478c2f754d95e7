"""A piece of a source read and judged row by row: the first stage, one job a piece.

Of each piece stay: its rows in reading order, those that were dropped among them; hashes of the words of those that
stay, their signatures and bands; and counts.  The counts are written last and say that the piece is done.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fairtrial.curation.base import ConversationTurn, Drop, Piece, Step, TrainingRow, Unread
from fairtrial.curation.order import CurationOrder, open_readers, open_steps
from fairtrial.curation.resuming import write_json, write_whole
from fairtrial.curation.signatures import hash_bands, is_wordless, list_words, sign_rows
from fairtrial.records import hash_bytes

READING = "reading"
"""The step under whose name rows that cannot be read are counted."""

BATCH = 512
"""Rows whose signatures are computed together."""


@dataclass(frozen=True, slots=True)
class PieceFiles:
    """The files of a piece, by their ending."""

    work: Path
    number: int

    def path(self, ending: str) -> Path:
        """Return the path of one of them."""
        return self.work / "pieces" / f"{self.number:08d}.{ending}"


@dataclass
class _Collected:
    """What of a piece is not written row by row."""

    read: int = 0
    unread: int = 0
    dropped: Counter[tuple[str, str]] = field(default_factory=Counter)
    changed: Counter[str] = field(default_factory=Counter)
    ids: list[bytes] = field(default_factory=list)
    documents: list[bytes] = field(default_factory=list)
    words: list[list[str]] = field(default_factory=list)
    signatures: list[np.ndarray[Any, np.dtype[np.uint32]]] = field(default_factory=list)


@dataclass(frozen=True)
class ReadPiece:
    """The job of reading and judging one piece."""

    order: CurationOrder
    piece: Piece
    number: int

    @property
    def files(self) -> PieceFiles:
        """Where it writes."""
        return PieceFiles(self.order.work, self.number)

    @property
    def label(self) -> str:
        """Return where its rows come from."""
        source = self.order.settings.sources[self.piece.source]
        return f"{source.file or source.archive}, from row {self.piece.first}"

    def is_done(self) -> bool:
        """Return whether its counts are there, which come last."""
        return self.files.path("json").exists()

    def run(self) -> None:
        """Read and judge its rows."""
        files, found = self.files, _Collected()
        files.path("json").parent.mkdir(parents=True, exist_ok=True)
        steps = open_steps(self.order)
        with write_whole(files.path("rows")) as rows:
            for one in open_readers(self.order)[self.piece.source].read(self.piece):
                line = self._judge(one, steps, found)
                rows.write(json.dumps(line, ensure_ascii=False, separators=(",", ":")).encode() + b"\n")
                if len(found.words) == BATCH:
                    self._sign(found)
        self._sign(found)
        self._write_arrays(found)
        counts = {
            "read": found.read,
            "unread": found.unread,
            "kept": len(found.ids),
            "dropped": [[step, reason, count] for (step, reason), count in sorted(found.dropped.items())],
            "changed": dict(sorted(found.changed.items())),
        }
        write_json(files.path("json"), counts)

    def _judge(self, one: TrainingRow | Unread, steps: Mapping[str, Step], found: _Collected) -> dict[str, Any]:
        """Return the line of a row, and add up what is counted."""
        if isinstance(one, TrainingRow) and not _is_unicode(one):
            one = Unread(one.place, Drop("half a surrogate pair", "a character that no encoding has"))
        if isinstance(one, Unread):
            found.unread += 1
            found.dropped[READING, one.drop.reason] += 1
            return describe_drop("", one.place.to_json(), READING, one.drop)
        found.read += 1
        row = one
        for name, step in steps.items():
            judged = step.apply(row)
            if isinstance(judged, Drop):
                found.dropped[name, judged.reason] += 1
                return describe_drop(row.id, row.place.to_json(), name, judged)
            row = judged
        found.changed.update({note.step for note in row.changes})
        identity = row.id
        found.ids.append(bytes.fromhex(identity))
        found.documents.append(bytes.fromhex(hash_bytes(row.place.document.encode())) if row.place.document else b"")
        found.words.append(list_words(row) if self.order.settings.duplicates.by_likeness else [])
        return write_row(row, identity)

    def _sign(self, found: _Collected) -> None:
        """Compute the signatures of the rows whose words wait."""
        wanted = self.order.settings.duplicates
        if found.words and wanted.by_likeness:
            found.signatures.append(sign_rows(found.words, wanted.permutations, wanted.ngram, wanted.seed))
        found.words = []

    def _write_arrays(self, found: _Collected) -> None:
        """Write hashes of words and documents, 16 bytes a row, and signatures and bands."""
        wanted = self.order.settings.duplicates
        with write_whole(self.files.path("ids")) as file:
            file.write(b"".join(found.ids))
        with write_whole(self.files.path("documents")) as file:
            file.write(b"".join(one or bytes(16) for one in found.documents))
        if wanted.by_likeness:
            made = np.concatenate([np.zeros((0, wanted.permutations), np.uint32), *found.signatures])
            wordless = is_wordless(made).astype(np.uint8)
            for ending, values in (("signatures", made), ("bands", hash_bands(made)), ("wordless", wordless)):
                with write_whole(self.files.path(ending)) as file:
                    file.write(values.tobytes())


def _is_unicode(row: TrainingRow) -> bool:
    try:
        "".join([*row.texts(), row.licence, row.attribution]).encode()
    except UnicodeEncodeError:
        return False
    return True


def describe_drop(identity: str, place: Mapping[str, object], step: str, drop: Drop) -> dict[str, Any]:
    """Return the line of a row that is left out, as ``dropped.jsonl`` has it."""
    named = {"id": identity} if identity else {}
    return {**named, "source": place, "step": step, "reason": drop.reason, "detail": drop.detail}


def write_row(row: TrainingRow, identity: str) -> dict[str, Any]:
    """Return the line of a row that stays, as a training set has it, its cluster to come."""
    changes, grounds = (
        [{"step": note.step, "detail": note.detail} for note in notes] for notes in (row.changes, row.grounds)
    )
    return {
        "id": identity,
        **row.content(),
        "source": row.place.to_json(),
        "licence": row.licence,
        "attribution": row.attribution,
        **({"changes": changes} if changes else {}),
        **({"grounds": grounds} if grounds else {}),
    }


def is_kept(line: Mapping[str, Any]) -> bool:
    """Return whether a line of a piece is of a row that stays."""
    return "reason" not in line


def read_turns(written: Any) -> tuple[ConversationTurn, ...]:
    """Return turns as `fairtrial.curation.base.TrainingRow.content` writes them."""
    return tuple(ConversationTurn(one["role"], one["content"]) for one in written)
