"""A folder of a retrieval set in BEIR's form as a table: a row a judged question, with what should be found for it.

``queries.jsonl`` has the questions, ``qrels/SPLIT.tsv`` the judgements, ``corpus.jsonl`` the documents; of these only
the ids are looked at, one row after the other.  The first two may be packed, e.g. by gzip.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from fairtrial.archive.readers.beir import CORPUS, ID, JUDGEMENTS, QUERIES
from fairtrial.archive.readers.jsonl import parse_document_json
from fairtrial.errors import ArchiveError, DataError, did_you_mean
from fairtrial.spec.own import DataFile
from fairtrial.tasks.data.datasets import convert_to_json
from fairtrial.tasks.data.files import fill_columns
from fairtrial.tasks.data.rows import RowDict
from fairtrial.tasks.data.unpacking import MemoryBudget, open_text
from fairtrial.tasks.graders.relevant import MOST_GRADE, names_place
from fairtrial.tasks.own.faults import Fault, show
from fairtrial.tasks.own.reading import FileRows

USUAL: tuple[dict[str, Any], ...] = ({"retrieved": {"k": 10, "rank": "documents"}},)
"""How a retrieval set is graded unless the trial says otherwise."""

HEADER = ["query-id", "corpus-id", "score"]
USUAL_SPLIT = "test"
_LONGEST = 32 << 20
_ENDS = (".tsv", ".tsv.gz")


@dataclass
class _Judgements:
    """What a file of judgements says.

    Attributes:
        grades: question id -> document id -> grade; 0: judged, and not relevant.
        places: question id -> the line that names it first.
        faults: lines that cannot be read, with their places.
        negative: grades below 0, which count as 0.
    """

    grades: dict[str, dict[str, int]] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    faults: list[tuple[str, str]] = field(default_factory=list)
    negative: int = 0


def is_retrieval_set(path: Path) -> bool:
    """Return whether a folder is that of a retrieval set: it has questions or documents of one, or judgements."""
    return (path / JUDGEMENTS).is_dir() or any((path / name).is_file() for name in (*QUERIES, *CORPUS))


def read_retrieval_set(file: DataFile, path: Path) -> FileRows:
    """Return the judged questions of a retrieval set.

    Each row has ``id``, ``query`` and ``relevant``, and what else `queries.jsonl` says of it but ``metadata``.

    Raises DataError if a file is missing or cannot be read, or no question is judged.
    """
    queries = _find(path, QUERIES)
    judged = _read_judgements(_find_split(path, file.split))
    wanted = {name for name, grades in judged.grades.items() if any(grades.values())}
    empty = len(judged.grades) - len(wanted)
    found, faults = _read_queries(queries, wanted)
    missing = [name for name in judged.grades if name in wanted and name not in found]
    rows = [{**found[name], "relevant": judged.grades[name]} for name in judged.grades if name in found]
    if not rows and not faults and not judged.faults:
        told = f"its judgements name none of its questions, e.g. {missing[0]!r:.80}" if missing else "judges nothing"
        raise DataError(told, where=str(path))
    every = [*judged.faults, *faults]
    places = [f"question {row['id']!r:.60}" for row in rows]
    documents = {name for one in wanted & found.keys() for name, grade in judged.grades[one].items() if grade}
    counts = {"judged": sum(sum(map(bool, grades.values())) for grades in judged.grades.values())}
    notes = [f"judgements of {file.split or _find_split(path, '').name.partition('.')[0]}"]
    unknown: Collection[str] = ()
    if any((path / name).is_file() for name in CORPUS):
        unknown = documents - _find_documents(_find(path, CORPUS), documents)
    else:
        notes.append(f"no {CORPUS[0]} to check them against")
    lost = [bool(judged.grades[one][name]) for one in found for name in judged.grades[one] if name in unknown]
    counts |= {"unknown_documents": sum(lost)}
    counts |= {"unknown_queries": sum(sum(map(bool, judged.grades[one].values())) for one in missing)}
    if any(counts[name] for name in counts if name != "judged"):
        notes.append(
            f"{counts['unknown_documents']:,} judgements of unknown documents, {counts['unknown_queries']:,} of "
            "unknown questions"
        )
    else:
        counts = {}
    notes += [f"{empty:,} questions without anything relevant left out"] if empty else []
    notes += [f"{judged.negative:,} negative grades count as 0"] if judged.negative else []
    return FileRows(
        [convert_to_json(row) for row in fill_columns(rows)],
        places,
        tuple(Fault(len(rows) + n, place, why) for n, (place, why) in enumerate(every)),
        tuple(notes),
        counts=counts,
    )


def _find(path: Path, names: tuple[str, ...]) -> Path:
    for name in names:
        if (path / name).is_file():
            return path / name
    there = sorted(one.name for one in path.iterdir())[:8]
    raise DataError(
        f"has no {names[0]}, as a retrieval set in BEIR's form has",
        fix=f"It has: {', '.join(there)}. Expected are corpus.jsonl, queries.jsonl and qrels/test.tsv.",
        where=str(path),
    )


def _find_split(path: Path, split: str) -> Path:
    """Return the file of judgements of a split; of none, those of the usual one, or the only ones."""
    folder = path / JUDGEMENTS
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    splits = {one.name.partition(".")[0]: one for one in files if one.name.endswith(_ENDS)}
    if not splits:
        raise DataError(
            f"has no judgements: {JUDGEMENTS}/{USUAL_SPLIT}.tsv is not there",
            fix=f"Write it, with the columns {', '.join(HEADER)} between tabs.",
            where=str(path),
        )
    chosen = split or (USUAL_SPLIT if USUAL_SPLIT in splits else next(iter(splits)) if len(splits) == 1 else "")
    if chosen not in splits:
        told = f"has no split {split!r}{did_you_mean(split, splits)}" if split else "has several splits"
        raise DataError(told, fix=f"Name one: {{path: ..., split: {' | '.join(splits)}}}.", where=str(path))
    return splits[chosen]


def _read_judgements(path: Path) -> _Judgements:
    """Return what a file of judgements says, its lines that cannot be read among it."""
    found = _Judgements()
    budget = MemoryBudget()
    for number, line in _read_lines(path):
        cells = [cell.strip() for cell in line.rstrip("\r\n").split("\t")]
        if cells == HEADER or not any(cells):
            continue
        budget.spend(len(line) + 200, path)
        place = f"{JUDGEMENTS}/{path.name} line {number}"
        if why := _add_judgement(found, cells, place):
            found.faults.append((place, why))
    return found


def _add_judgement(found: _Judgements, cells: list[str], place: str) -> str:
    """Add a line to what is known; return what is wrong with it, empty if nothing."""
    if len(cells) != len(HEADER) or not cells[0] or not cells[1]:
        return f"has {len(cells)} cells; expected three between tabs: {', '.join(HEADER)}"
    query, document, told = cells
    try:
        grade = float(told)
    except ValueError:
        return f"the score {show(told)} is no number"
    if grade != grade or grade != int(min(max(grade, -MOST_GRADE), MOST_GRADE)):
        return f"the score {show(told)} is no whole number up to {MOST_GRADE}"
    if names_place(document):
        return f"the document {show(document)} has an id that reads as a place in one (ADDRESS#START-END)"
    found.negative += grade < 0
    value = max(0, int(grade))
    found.places.setdefault(query, place)
    if found.grades.setdefault(query, {}).setdefault(document, value) != value:
        return f"judges {show(document)} for {show(query)} again, and otherwise"
    return ""


def _read_queries(path: Path, wanted: Collection[str]) -> tuple[dict[str, RowDict], list[tuple[str, str]]]:
    """Return the questions that are wanted by their ids, and what is wrong with others, with its place."""
    found: dict[str, RowDict] = {}
    faults: list[tuple[str, str]] = []
    budget = MemoryBudget()
    for number, line in _read_lines(path):
        if not line.strip():
            continue
        place = f"{path.name} line {number}"
        try:
            name, row = _parse_row(line)
        except (ArchiveError, DataError) as error:
            faults.append((place, error.message.removesuffix(".")))
            continue
        if name not in wanted:
            continue
        budget.spend(len(line) + 500, path)
        if name in found:
            faults.append((place, f"the _id {show(name)} stands in the file twice"))
        elif not isinstance(row.get("text"), str) or not row["text"].strip():
            faults.append((place, f"the question {show(name)} has no text"))
        else:
            own = {key: value for key, value in row.items() if key not in (ID, "text", "metadata")}
            found[name] = {**own, "id": name, "query": row["text"]}
    return found, faults


def _find_documents(path: Path, wanted: Collection[str]) -> set[str]:
    """Return those of some documents that the corpus has; it is read no further than these stand."""
    there: set[str] = set()
    for _, line in _read_lines(path):
        if len(there) == len(wanted):
            break
        try:
            name, _ = _parse_row(line)
        except (ArchiveError, DataError):
            continue  # whoever adds it to an archive is told
        if name in wanted:
            there.add(name)
    return there


def _read_lines(path: Path) -> Iterator[tuple[int, str]]:
    with open_text(path, None) as text:
        number = 0
        while line := text.readline(_LONGEST):
            number += 1
            if len(line) >= _LONGEST and not line.endswith("\n"):
                raise DataError(f"line {number} has more than {_LONGEST:,} characters", where=str(path))
            yield number, line


def _parse_row(line: str) -> tuple[str, Mapping[str, Any]]:
    """Return the id and the fields of a row.  Raises ArchiveError or DataError if it has none."""
    row = parse_document_json(line.encode("utf-8", "surrogatepass"))
    given = row.get(ID) if isinstance(row, Mapping) else None
    name = str(given).strip() if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if not name:
        raise DataError("is no JSON object with an _id")
    return name, row
