"""Answers that people have graded, as a task for a judge: how often the two agree is counted from its grades."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fairtrial.errors import DataError, SpecError
from fairtrial.records import Answer, GenerateRequest, Item, Measure, Observation, Request, content_hash
from fairtrial.tasks.base import TaskCard
from fairtrial.tasks.data.files import read_rows
from fairtrial.tasks.data.rows import Row

AGREES = Measure("agrees")
"""1 where the judge gives the grade that people gave, else 0."""

COLUMNS = ("question", "answer", "grade")


@dataclass(frozen=True, slots=True)
class LabelledRow:
    """One answer that people have graded.

    Attributes:
        question, answer: what was asked and answered.
        place: of the grade on the scale, from 0.
        expected: right answers, if the file has the column ``expected``.
        row: all cells.
    """

    question: str
    answer: str
    place: int
    expected: tuple[str, ...]
    row: Row


class MakesJudgeRequests(Protocol):
    """What asks the judge, and reads what it writes; see `fairtrial.tasks.graders.base.JudgingGrader`."""

    def make_request(self, question: str, answer: str, expected: Sequence[str], row: Row, /) -> GenerateRequest:
        """Return what the judge is asked about one answer."""
        ...

    def read_grade(self, answer: Answer, /) -> float | None:
        """Return the value that the judge's answer gives."""
        ...


def read_labelled_rows(
    path: Path, read_place: Callable[[object], int | None], grades: Sequence[str]
) -> list[LabelledRow]:
    """Return the rows of a file of graded answers.

    Args:
        path: of the file: CSV, TSV, JSON, JSONL or Parquet, with the columns question, answer and grade.
        read_place: from a grade as it is written to its place on the scale; None if it is not on it.
        grades: the scale, for errors.

    Raises DataError if the file cannot be read, lacks a column, or has grades that are not on the scale.
    """
    if not path.is_file():
        raise DataError("there is no such file of graded answers", where=str(path))
    rows = read_rows(path, _find_delimiter(path))
    lacking = [name for name in COLUMNS if not rows or name not in rows[0]]
    if lacking:
        raise DataError(
            f"the column {lacking[0]!r} is missing",
            fix=f"Graded answers have the columns {', '.join(COLUMNS)}, and expected if there are right answers.",
            where=str(path),
        )
    found, bad = [], []
    for number, row in enumerate(rows, start=1):
        place = read_place(row["grade"])
        if place is None:
            bad.append(f"row {number}: the grade is {row['grade']!r:.60}")
            continue
        if row["answer"] in (None, ""):
            bad.append(f"row {number}: there is no answer")
            continue
        expected = row.get("expected")
        right = expected if isinstance(expected, list) else [] if expected in (None, "") else [expected]
        found.append(LabelledRow(str(row["question"]), str(row["answer"]), place, tuple(map(str, right)), row))
    if bad:
        shown = "; ".join(bad[:5]) + (f"; {len(bad) - 5} more" if len(bad) > 5 else "")
        raise DataError(
            f"{len(bad)} of {len(rows)} rows cannot be used: {shown}",
            fix=f"Each needs an answer, and a grade of the scale {', '.join(grades)}.",
            where=str(path),
        )
    return found


def _find_delimiter(path: Path) -> dict[str, str]:
    """Return the option of a CSV file that says what is between its cells: that by which its head has our columns."""
    if path.suffix.lower() != ".csv":
        return {}
    try:
        with path.open(encoding="utf-8-sig", errors="replace") as file:
            head = file.readline(1 << 16)
    except OSError:
        return {}  # what is wrong is said by the reader

    def count_columns(mark: str) -> int:
        return len({name.strip().strip('"') for name in head.split(mark)} & set(COLUMNS))

    return {"delimiter": max((",", ";", "\t"), key=count_columns)}


class LabelledAnswers:
    """The graded answers of one file as items for a judge.  See `fairtrial.tasks.base.Task`.

    An item's right answer is the grade that people gave; the value of its measure ``graded`` is what the judge gave.
    """

    def __init__(
        self, name: str, rows: Sequence[LabelledRow], asks: MakesJudgeRequests, grades: Sequence[str],
        identity: Mapping[str, object],
    ) -> None:  # fmt: skip
        self._rows, self._asks, self._grades = rows, asks, grades
        self._items = tuple(self._make_items())
        self.card = TaskCard(
            name=name,
            version="1",
            revision=f"rows:{content_hash([item.id for item in self._items])}",
            licence="unknown",
            measures=(AGREES, Measure("graded")),
            main_measure=AGREES.name,
            description="Answers that people have graded, to see how often a judge agrees with them.",
            settings={"scale": list(grades), "judge": dict(identity)},
        )

    def _make_items(self) -> Sequence[Item]:
        seen: Counter[str] = Counter()
        found = []
        for number, row in enumerate(self._rows):
            key = content_hash(dict(row.row))
            seen[key] += 1
            item_id = key if seen[key] == 1 else content_hash([key, seen[key]])
            text = f"{row.question}\n\n{row.answer}".strip()
            found.append(Item(item_id, number, text, (), (self._grades[row.place],), item_id, row.row))
        return found

    def items(self) -> Sequence[Item]:
        """Return the graded answers, in the file's order."""
        return self._items

    def requests(self, item: Item) -> Sequence[Request]:
        """Return what the judge is asked about one of them."""
        row = self._rows[item.doc_id]
        try:
            return [self._asks.make_request(row.question, row.answer, row.expected, row.row)]
        except SpecError as error:  # the rubric may fit the rows of the task and not these
            shown = f"{error.message} (row {item.doc_id + 1} of the graded answers, {self.card.name})"
            fix = f"{error.fix} A column that the rubric uses must be in the graded answers, too."
            raise SpecError(shown, fix=fix, where=error.where) from error

    def grade(self, item: Item, answers: Sequence[Answer]) -> Sequence[Observation]:
        """Return the judge's value, and whether it is that of the people; nothing if it cannot be read."""
        value = self._asks.read_grade(answers[0])
        if value is None:
            return []
        right = self._rows[item.doc_id].place / (len(self._grades) - 1)
        return [Observation(AGREES.name, float(abs(value - right) < 1e-9)), Observation("graded", value)]
