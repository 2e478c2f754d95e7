"""Reads the rows of a file: lines of JSON as they are, everything else unpacked to such once."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any

from fairtrial.archive.readers.jsonl import parse_document_json
from fairtrial.curation.base import Drop, Note, Piece, RowOrigin, StepContext, TrainingRow, Unread
from fairtrial.curation.formats.parsing import FORMS, NotThisFormError, Parsed, find_form, parse_row
from fairtrial.curation.formats.permitting import LicenceJudge, make_circumstances
from fairtrial.curation.formats.unpacking import find_kind, unpack
from fairtrial.curation.pieces import CutFile, cut_file, read_lines
from fairtrial.errors import ArchiveError, DataError, did_you_mean
from fairtrial.spec.curate import Form, Source

LOOKED_AT = 100
"""First rows by which the form of a file is told."""
LICENCE_COLUMNS = ("licence", "license")
"""Columns taken for the licence of a row where the source names none; what the source states is for the rest."""
_BOM = b"\xef\xbb\xbf"


class FileReader:
    """See `fairtrial.curation.base.Reader`.

    Raises DataError for a file that is missing, of no kind or form that is known, or without a column that is named.
    """

    def __init__(self, source: Source, number: int, context: StepContext) -> None:
        self.source, self.number = source, number
        self.path = Path(source.file or "")
        if not self.path.is_file():
            raise DataError(f"the file {str(self.path)!r} does not exist.", fix=self._name_nearest())
        self.kind, self.packed = find_kind(self.path)
        self.lines = self.path
        if self.kind != "lines" or self.packed:
            self.lines = context.work / "unpacked" / f"{number:04d}.jsonl"
        self.judge = LicenceJudge(self.path.name, make_circumstances(context.rights, context.at))

    def list_pieces(self) -> Sequence[Piece]:
        """Return the pieces of the file, cut where lines end."""
        return self._cut.pieces

    def read(self, piece: Piece) -> Iterator[TrainingRow | Unread]:
        """Yield rows, and those that cannot be read; empty lines are none."""
        for number, line in read_lines(self.lines, piece):
            place = RowOrigin(self.path.name, number)
            if line is None:
                yield Unread(place, Drop("unreadable: too long", "the row is longer than what is read"))
                continue
            line = line.removeprefix(_BOM) if number == 1 else line
            if line.strip():
                yield self._read_row(line, place)

    def describe(self) -> Mapping[str, Any]:
        """Return name, hash and form of the file, and what was stated of its rights."""
        stated = {
            name: value
            for name in ("licence", "licence_column", "attribution", "attribution_column")
            if (value := getattr(self.source, name))
        }
        return {"name": self.path.name, "sha256": self._sha256, "form": self.form, **stated}

    @cached_property
    def form(self) -> Form:
        """The form of the rows, as stated or as the first of them show."""
        first = self._read_first()
        for setting in ("licence_column", "attribution_column"):
            column = getattr(self.source, setting)
            if column and first and not any(column in row for row in first):
                known = sorted({str(name) for row in first for name in row})
                raise DataError(
                    f"{self.path.name!r} has no column {column!r} ({setting}).{did_you_mean(column, known)}",
                    fix=f"Its columns are: {_list(known)}.",
                )
        if self.source.form != "auto":
            return self.source.form
        seen = Counter(form for row in first if (form := find_form(row)))
        if not seen:
            known = sorted({str(name) for row in first for name in row})
            told = f"its columns are {_list(known)}" if known else "none of its first rows is a JSON object"
            raise DataError(
                f"the rows of {self.path.name!r} are of no form that is known: {told}.",
                fix=f"Forms are {', '.join(FORMS)}; docs/curation-steps.md shows a row of each.",
            )
        return seen.most_common(1)[0][0]

    @cached_property
    def _cut(self) -> CutFile:
        self._unpack()
        return cut_file(self.lines, self.number)

    @cached_property
    def _sha256(self) -> str:
        if self.lines == self.path:
            return self._cut.sha256
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def _unpack(self) -> None:
        if self.lines != self.path:
            unpack(self.path, self.kind, self.packed, self.lines)

    def _read_first(self) -> list[dict[str, Any]]:
        self._unpack()
        whole = Piece(self.number, 0, self.lines.stat().st_size, 1)
        found = []
        for _, line in islice(read_lines(self.lines, whole), LOOKED_AT):
            try:
                row = parse_document_json((line or b"").removeprefix(_BOM))
            except ArchiveError:
                continue
            found += [row] if isinstance(row, dict) else []
        return found

    def _read_row(self, line: bytes, place: RowOrigin) -> TrainingRow | Unread:
        try:
            told = parse_document_json(line, doubled=False)
        except ArchiveError as error:
            return Unread(place, Drop("unreadable: no JSON", error.message))
        if not isinstance(told, dict):
            return Unread(place, Drop("unreadable: no JSON", "the row is no JSON object"))
        try:
            parsed = parse_row(told, self.form)
        except NotThisFormError as error:
            other = find_form(told)
            if other not in (None, self.form):
                why = f"it has the form {other}, and the file is read as {self.form}: keep forms in files of their own"
                return Unread(place, Drop(f"unreadable: {other} among {self.form}", why))
            return Unread(place, Drop(f"unreadable: not of the form {self.form}", str(error)))
        return self._make_row(parsed, told, place)

    def _make_row(self, parsed: Parsed, told: Mapping[str, Any], place: RowOrigin) -> TrainingRow:
        own = told if self.form == "fairtrial" else {}
        stated = _read_column(told, self.source.licence_column)
        stated = stated or next(filter(None, (_read_column(told, name) for name in LICENCE_COLUMNS)), "")
        licence, permission, asks_credit = self.judge.judge(stated or self.source.licence or "")
        credit = _read_column(told, self.source.attribution_column) or _read_column(own, "attribution")
        credit = credit or self.source.attribution or ""
        if asks_credit and not credit:
            credit = f"authors not named ({self.path.name}, {licence})"
        came = own.get("source")
        if isinstance(came, Mapping):
            place = RowOrigin(place.source, place.row, _read_column(came, "document"), _read_column(came, "uri"))
        return TrainingRow(
            place,
            parsed.messages,
            parsed.text,
            parsed.chosen,
            parsed.rejected,
            licence,
            credit,
            permission,
            (Note("reading", parsed.note),) if parsed.note else (),
        )

    def _name_nearest(self) -> str:
        folder = self.path.parent
        near = [one.name for one in islice(folder.iterdir(), 1000)] if folder.is_dir() else []
        return did_you_mean(self.path.name, near).strip()


def _read_column(row: Mapping[str, Any], name: str | None) -> str:
    value = row.get(name) if name else None
    return value.strip()[:1000] if isinstance(value, str) else ""


def _list(names: Sequence[str], most: int = 12) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(name[:40] for name in names[:most]) + more
