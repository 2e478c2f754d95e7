"""Read a table of signed agreements, and find those that cover a document.

A table that has any mistake is refused as a whole, with all its mistakes: a row that was left out might have denied.
It is only ever read where its operator names it, never because it lies beside documents.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml

from fairtrial.errors import RightsError, did_you_mean
from fairtrial.rights.agreements.fields import FIELDS, LISTS, Values, read_coverage, read_statements
from fairtrial.rights.agreements.matching import Coverage
from fairtrial.rights.record import RAW_CHARACTERS, Evidence, Statement
from fairtrial.rights.signals import AGREEMENT

MOST_BYTES: Final = 4 << 20
_SHOWN_MISTAKES: Final = 10


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was agreed with one holder of rights.

    Attributes:
        id: by which it is known; no two of a table have the same.
        holder: whom it was agreed with.
        coverage: which documents it is about.
        statements: what it says of each use that it names.
        raw: the row as it stands in the table.
        licence: name of the licence, if it has one; otherwise ``LicenseRef-`` and the id.
        terms_url: where the agreement can be read.
    """

    id: str
    holder: str
    coverage: Coverage
    statements: tuple[Statement, ...]
    raw: str
    licence: str
    terms_url: str = ""


@dataclass(frozen=True, slots=True)
class AgreementTable:
    """Agreements of one file.

    Attributes:
        where: the file's name.
        sha256: of its bytes.
        agreements: in the file's order.
    """

    where: str
    sha256: str
    agreements: tuple[Agreement, ...]

    def find(self, uri: str, publisher: str, source: str, seen: datetime) -> tuple[Evidence, ...]:
        """Return the evidence of all agreements that cover a document, in the table's order."""
        return tuple(
            Evidence(
                AGREEMENT,
                f"{self.where}, {one.id}",
                one.raw,
                self.sha256,
                seen,
                statements=one.statements,
                holder=one.holder,
                licence=one.licence,
                terms_url=one.terms_url,
            )
            for one in self.agreements
            if one.coverage.matches(uri, publisher, source)
        )


def load_agreements(path: Path) -> AgreementTable:
    """Return the agreements of a ``.yaml``, ``.yml`` or ``.csv`` file.

    Raises RightsError for a file that cannot be read, with every row that is wrong and why.
    """
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= MOST_BYTES else b""
    except OSError as error:
        raise RightsError(f"the table of agreements cannot be read: {error.strerror}.", where=str(path)) from None
    if size > MOST_BYTES:
        raise RightsError(
            f"the file has {size:,} bytes; a table of agreements has {MOST_BYTES:,} at most.", where=str(path)
        )
    kind = path.suffix.casefold()
    if kind not in {".yaml", ".yml", ".csv"}:
        raise RightsError(
            f"a table of agreements is a .yaml or .csv file, not {kind or 'one without a suffix'}.", where=str(path)
        )
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise RightsError(f"byte {error.start} is not UTF-8.", fix="Save it as UTF-8.", where=str(path)) from None
    try:
        rows = _list_csv_rows(text) if kind == ".csv" else _list_yaml_rows(text)
        agreements = _read_rows(rows)
    except RightsError as error:
        raise RightsError(error.message, fix=error.fix, where=str(path)) from None
    return AgreementTable(path.name, hashlib.sha256(data).hexdigest(), agreements)


def _read_rows(rows: list[tuple[str, dict[str, Any]]]) -> tuple[Agreement, ...]:
    """Return the agreements of named rows; raises RightsError with all mistakes."""
    mistakes: list[str] = []
    known: dict[str, str] = {}
    found: list[Agreement] = []
    for name, row in rows:
        try:
            one = _read_row(row)
            if one.id in known:
                raise RightsError(f"has the id {one.id[:40]!r} of {known[one.id]}")
            known[one.id] = name
            found.append(one)
        except RightsError as error:
            mistakes.append(f"{name} {error.message}")
    if mistakes:
        more = len(mistakes) - _SHOWN_MISTAKES
        listed = [*mistakes[:_SHOWN_MISTAKES], *([f"and {more} more"] if more > 0 else [])]
        raise RightsError("; ".join(listed) + ".", fix="Nothing of the table is used until every row is right.")
    return tuple(found)


def _read_row(row: dict[str, Any]) -> Agreement:
    values = _list_values(row)
    name = next(iter(values.get("id", ())), "")
    if not name:
        raise RightsError("has no id")
    raw = json.dumps({key: list(v) if len(v) > 1 else v[0] for key, v in values.items()}, ensure_ascii=False)
    one = {key: next(iter(values.get(key, ())), "") for key in ("holder", "licence", "terms_url")}
    licence = one["licence"] or "LicenseRef-" + re.sub(r"[^A-Za-z0-9.-]+", "-", name)
    coverage, statements = read_coverage(values), read_statements(values)
    return Agreement(name, one["holder"], coverage, statements, raw[:RAW_CHARACTERS], licence, one["terms_url"])


def _list_values(row: dict[str, Any]) -> Values:
    """Return the values of each field that is filled in."""
    values: dict[str, tuple[str, ...]] = {}
    for name, given in row.items():
        if name not in FIELDS:
            raise RightsError(f"has a field {str(name)[:40]!r} that is not known.{did_you_mean(str(name), FIELDS)}")
        texts = given if isinstance(given, list) else [given]
        if not all(isinstance(one, str) for one in texts):
            raise RightsError(f"{name}: is neither a text nor a list of texts")
        if name in LISTS:
            parts = [part for one in texts for part in re.split(LISTS[name], one.strip())]
        elif len(texts) > 1:
            raise RightsError(f"{name}: has {len(texts)} values and takes one")
        else:
            parts = [one.strip() for one in texts]
        if filled := tuple(part for part in parts if part):
            values[name] = filled
    return values


def _list_csv_rows(text: str) -> list[tuple[str, dict[str, Any]]]:
    head = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=head.count)  # spreadsheets of some languages write semicolons
    try:
        lines = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise RightsError(f"it is not CSV: {error}.") from None
    names = [name.strip() for name in lines[0]] if lines else []
    if len(set(names)) < len(names):
        raise RightsError("two columns have the same name.")
    rows = []
    for number, cells in enumerate(lines[1:], 2):
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != len(names):
            raise RightsError(f"row {number} has {len(cells)} cells, and the first row {len(names)}.")
        rows.append((f"row {number}", dict(zip(names, cells, strict=True))))
    return rows


class _Loader(yaml.BaseLoader):
    """Reads every value as text (the country NO is no boolean) and refuses keys that stand there twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode)]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise RightsError(f"line {node.start_mark.line + 1}: {twice[0][:40]!r} stands there twice.")
        return super().construct_mapping(node, deep)


def _list_yaml_rows(text: str) -> list[tuple[str, dict[str, Any]]]:
    try:
        document = yaml.load(text, _Loader)  # a BaseLoader: makes texts, lists and mappings alone
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}: " if mark else ""
        raise RightsError(f"{line}it is not YAML: {getattr(error, 'problem', None) or 'damaged'}.") from None
    except RecursionError:
        raise RightsError("it is nested too deeply.") from None
    listed = document.get("agreements") if isinstance(document, dict) and set(document) == {"agreements"} else document
    if not isinstance(listed, list) or not all(isinstance(one, dict) for one in listed):
        raise RightsError("it is no list of agreements.", fix="Write agreements: and below it one item for each.")
    return [(f"agreement {number}", one) for number, one in enumerate(listed, 1)]
