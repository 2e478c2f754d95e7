"""What the page is given: an index of all items, which is small, and blocks with everything about some of them.

The index is columns, one place an item; the blocks are read when an item is opened or its text is searched.  Both are
plain JSON values, so that another source than a file, such as a server beside a running trial, can give them as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fairtrial.ledger import Ledger, query
from fairtrial.ledger.answers import Call
from fairtrial.ledger.encoding import dumps
from fairtrial.ledger.plan import TaskRecord
from fairtrial.records import ImagePart
from fairtrial.report import words
from fairtrial.report.passages import PassageReader
from fairtrial.report.summary import CandidateSummary, Summary
from fairtrial.report.view.facets import FacetColumns
from fairtrial.report.view.gathering import (
    ViewedItem,
    choose_tasks,
    gather_items,
    mean_grade,
    mean_value,
    measure_disagreement,
)
from fairtrial.report.view.prompts import TEXT, PromptTable, name_form
from fairtrial.report.view.readings import SIGNS, AnswerReading, cut_line, describe_answer, grade_of, round_number

FORMAT = 1
"""Of index and blocks; goes up when a page could no longer read them."""

BLOCK_ITEMS = 100
BLOCK_LENGTH = 1_000_000
"""Characters after which a block ends, whatever number of items it has."""

PREVIEW, SHORTEST = 140, 15
"""Characters of a question in the list, at most, and of a last line that stands for all of it, at least."""

LONGEST_ROW = 20_000
"""Characters of a task's own row that are kept."""

NOTHING, RIGHT, WRONG, OPEN = 0, 1, 2, 3
"""States of an answer: none, right, wrong, and graded by a measure that has no right and wrong."""


_ITEM_COLUMNS = ("task", "doc", "id", "cluster", "block", "text", "length", "apart")
_ANSWER_COLUMNS = ("grade", "value", "asked", "signs", "short", "length", "seconds")


@dataclass(slots=True)
class ViewBuilder:
    """Takes items one by one; gives blocks of them as they fill, and at the end the index.

    Attributes:
        candidates: how many there are.
        tasks: those that are shown.
        images: all that are shown, by hash.
        answers: how many there are, repeats included.
        passages: gives the words of passages that may be displayed; None: none are.
    """

    candidates: int
    tasks: Sequence[TaskRecord]
    passages: PassageReader | None = None
    images: dict[str, ImagePart] = field(default_factory=dict)
    answers: int = 0
    blocks: int = 0
    _items: dict[str, list[Any]] = field(default_factory=lambda: {name: [] for name in _ITEM_COLUMNS})
    _said: list[dict[str, list[Any]]] = field(default_factory=list)
    _facets: FacetColumns = field(default_factory=FacetColumns)
    _clusters: dict[tuple[int, str], int] = field(default_factory=dict)
    _table: PromptTable = field(default_factory=PromptTable)
    _waiting: list[str] = field(default_factory=list)
    _graded: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._said = [{name: [] for name in _ANSWER_COLUMNS} for _ in range(self.candidates)]

    @property
    def items(self) -> int:
        """How many items there are by now."""
        return self._facets.count

    def add(self, one: ViewedItem) -> str | None:
        """Take the next item; return a block, as JSON text, if it is full now."""
        task, item = self.tasks[one.task], one.item
        grades = [mean_grade(found, task) for found in one.readings]
        if any(grade_of(task.main_measure, r.values) not in (None, 0, 1) for found in one.readings for r in found):
            self._graded.add(one.task)
        cluster = self._clusters.setdefault((one.task, one.cluster), len(self._clusters))
        told = (one.task, item.doc_id, item.id, cluster, self.blocks, preview_question(item.question))
        apart = round(measure_disagreement(one.readings, grades), 3)
        for name, value in zip(_ITEM_COLUMNS, (*told, len(item.question), apart), strict=True):
            self._items[name].append(value)
        self._facets.add(item.data, task.card.settings.document.get("level"))
        for column, found, grade in zip(self._said, one.readings, grades, strict=True):
            self._add_answers(column, found, grade, task)
        self.images.update((image.hash, image) for image in item.images)
        self._waiting.append(dumps(self._describe_item(one)))
        full = len(self._waiting) >= BLOCK_ITEMS or sum(map(len, self._waiting)) >= BLOCK_LENGTH
        return self.take_block() if full else None

    def _add_answers(
        self, column: dict[str, list[Any]], found: Sequence[AnswerReading], grade: float | None, task: TaskRecord
    ) -> None:
        """Enter one candidate's answers to one item."""
        self.answers += len(found)
        signs = {sign for reading in found for sign in reading.signs}
        value = mean_value(found, task.main_measure.name)
        seconds = mean_value(found, "seconds")
        told = {
            "grade": None if grade is None else round_number(grade),
            "value": None if value is None else round_number(value),
            "asked": len(found),
            "signs": sum(1 << i for i, sign in enumerate(SIGNS) if sign in signs),
            "short": found[0].short if found else "",
            "length": max((reading.length for reading in found), default=0),
            "seconds": None if seconds is None else float(f"{seconds:.3g}"),
        }
        for name in _ANSWER_COLUMNS:
            column[name].append(told[name])

    def _describe_item(self, one: ViewedItem) -> dict[str, Any]:
        """Return everything about one item, its requests as places in the block's table."""
        item = one.item
        body: dict[str, Any] = {"question": item.question, "choices": list(item.choices), "gold": list(item.gold)}
        if item.images:
            body["images"] = [image.hash for image in item.images]
        row = dumps(dict(item.data))
        body["row"] = dict(item.data) if len(row) <= LONGEST_ROW else None
        body["answers"] = [[self._describe_reading(reading, one) for reading in found] for found in one.readings]
        return body

    def _describe_reading(self, reading: AnswerReading, one: ViewedItem) -> dict[str, Any]:
        return {
            "calls": self._describe_calls(reading.calls, one),
            "values": {name: round_number(value) for name, (value, _) in sorted(reading.values.items())},
            "signs": list(reading.signs),
            "read": reading.read,
            "shares": [round(share, 4) for share in reading.shares],
            "judged": [{"by": name, "calls": self._describe_calls(found, one)} for name, found in reading.judgements],
        }

    def _describe_calls(self, calls: Sequence[Call], one: ViewedItem) -> list[dict[str, Any]]:
        places = [
            self._table.place_of(call.request_id, one.requests[call.request_id])
            if call.request_id in one.requests
            else None
            for call in calls
        ]
        return [
            {"request": place, **describe_answer(self._add_words(call.answer))}
            for place, call in zip(places, calls, strict=True)
        ]

    def _add_words(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.passages is None or "trace" not in answer:
            return answer
        return {**answer, "trace": self.passages.add_words(answer["trace"])}

    def take_block(self) -> str | None:
        """Return what waits as a block, as JSON text; None if nothing does."""
        if not self._waiting:
            return None
        table = {"messages": self._table.messages, "requests": self._table.requests}
        text = f'{dumps(table)[:-1]},"items":[{",".join(self._waiting)}]}}'
        self.images |= self._table.images
        self._table, self._waiting, self.blocks = PromptTable(), [], self.blocks + 1
        return text

    def columns(self) -> dict[str, Any]:
        """Return what of the index is about items."""
        binary = [at not in self._graded for at in range(len(self.tasks))]
        for column in self._said:
            rows = zip(self._items["task"], column["grade"], column["asked"], strict=True)
            column["state"] = [_find_state(grade, asked, binary[task]) for task, grade, asked in rows]
        facets = self._facets.facets()
        return {
            "items": {**self._items, "facets": [list(facet.of_items) for facet in facets]},
            "answers": self._said,
            "facets": [{"name": facet.name, "values": list(facet.values)} for facet in facets],
            "clusters": [name for _, name in self._clusters],
            "binary": binary,
        }


def preview_question(question: str) -> str:
    """Return what tells a question apart in a list: its last line where that asks something after a longer text."""
    last = question.rstrip().rpartition("\n")[2].strip()
    asks = len(question) > PREVIEW and last.endswith("?") and SHORTEST <= len(last) <= PREVIEW
    return last if asks else cut_line(question, PREVIEW)


def _find_state(grade: float | None, asked: int, binary: bool) -> int:
    """Return the state of a candidate's answers to an item: right means right in every repeat."""
    if not asked:
        return NOTHING
    if grade is None:
        return OPEN
    return RIGHT if grade >= (1 if binary else 0.5) else WRONG


def build_blocks(ledger: Ledger, summary: Summary, builder: ViewBuilder) -> Iterator[str]:
    """Yield the blocks of a trial, as JSON texts; afterwards the builder knows the index."""
    for one in gather_items(ledger, query.find_trial(ledger, summary.trial_id), builder.tasks):
        if (block := builder.add(one)) is not None:
            yield block
    if (block := builder.take_block()) is not None:
        yield block


def make_builder(ledger: Ledger, summary: Summary, tasks: Sequence[str] = ()) -> ViewBuilder:
    """Return the builder for a trial's tasks, or some of them."""
    trial = query.find_trial(ledger, summary.trial_id)
    return ViewBuilder(len(trial.plan.candidates), choose_tasks(trial, tasks), PassageReader(ledger))


def _describe_candidate(candidate: CandidateSummary) -> dict[str, str]:
    """Return who a candidate is, and what stands around the prompts that it was sent."""
    form = name_form(candidate.spec)
    return {
        "name": candidate.name,
        "model": candidate.spec.model,
        "id": candidate.content_id[:12],
        "system": str(candidate.spec.document.get("system") or ""),
        "form": "" if form == TEXT else form,
    }


def make_index(ledger: Ledger, summary: Summary, builder: ViewBuilder) -> dict[str, Any]:
    """Return the index of a trial whose blocks were built."""
    columns = builder.columns()
    shown = {task.name for task in builder.tasks}
    return {
        "format": FORMAT,
        "trial": {
            "id": summary.trial_id,
            "name": summary.name,
            "created": summary.created,
            "finished": summary.finished,
            "ledger": ledger.path.name,
        },
        "baseline": [c.name for c in summary.candidates].index(summary.baseline),
        "candidates": [_describe_candidate(c) for c in summary.candidates],
        "tasks": [
            {
                "name": task.name,
                "measure": task.main_measure.name,
                "unit": task.main_measure.unit,
                "binary": binary,
                "description": task.card.description,
            }
            for task, binary in zip(builder.tasks, columns.pop("binary"), strict=True)
        ],
        "signs": [{"name": name, "text": text} for name, text in SIGNS.items()],
        "doubts": [d.text for d in summary.doubts if d.headline],
        "verdicts": [
            {
                "a": v.a,
                "b": v.b,
                "task": v.task,
                "word": v.verdict,
                "mark": words.MARKS[v.verdict],
                "text": words.describe_verdict(v, summary.task(v.task)),
            }
            for v in summary.verdicts
            if v.task in shown
        ],
        **columns,
    }
