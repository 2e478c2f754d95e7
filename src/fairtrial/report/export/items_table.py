"""A trial as a table: a row an item, with what each candidate answered, whether it was right and what it cost.

Reads the ledger block by block, so that few rows are in memory at once; knows no file format.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fairtrial.ledger import Ledger, query
from fairtrial.ledger.answers import Call, ItemRepeat, read_calls, read_item_block, read_observed, read_requests
from fairtrial.records import Item, ScoreRequest
from fairtrial.report.summary import Summary, TaskSummary
from fairtrial.report.words import describe_verdict, is_doubtful

BLOCK_ITEMS = 500
"""Items whose answers are read together."""

COSTS = {"seconds": "seconds", "tokens_in": "tokens in", "tokens_out": "tokens out", "usd": "usd"}
"""Measures of what an answer cost, and what their columns are called."""

ID_COLUMN = re.compile(r"(?i:(?:^|[ _.-])id$)|[a-z]I[dD]$")
"""Names of columns such as ``Ticket ID``, ``item_id`` and ``questionId``."""

SheetCell = str | float | int | None


@dataclass(frozen=True, slots=True)
class SheetColumn:
    """One column: its title, and whether it holds texts, numbers or whole numbers."""

    title: str
    kind: type[str] | type[float] | type[int]


@dataclass(frozen=True, slots=True)
class ItemsTable:
    """The columns of a trial's items, and its rows."""

    ledger: Ledger
    summary: Summary

    @property
    def repeats(self) -> int:
        """The largest number of repeats of any task."""
        counted = [query.count_repeats(self.ledger, self.summary.trial_id, t.content_id) for t in self.summary.tasks]
        return max(counted, default=1)

    def list_costs(self) -> dict[str, list[str]]:
        """Return the measures of cost that each candidate has values of, by its name."""
        found = {}
        for candidate in self.summary.candidates:
            own = {e.measure for e in self.summary.estimates if e.candidate == candidate.name}
            found[candidate.name] = [name for name in COSTS if name in own]
        return found

    def columns(self) -> list[SheetColumn]:
        """Return the columns: task, id, question and right answer, then those of each candidate."""
        head = [SheetColumn("task", str), SheetColumn("id", str)]
        head += [SheetColumn("repeat", int)] if self.repeats > 1 else []
        head += [SheetColumn("question", str), SheetColumn("choices", str), SheetColumn("expected", str)]
        costs = self.list_costs()
        for candidate in self.summary.candidates:
            name = candidate.name
            head += [SheetColumn(f"{name} answer", str), SheetColumn(f"{name} {self._name_grade()}", float)]
            head += [SheetColumn(f"{name} {COSTS[measure]}", float) for measure in costs[name]]
        return head

    def _name_grade(self) -> str:
        """Return what the column of grades is called: ``correct`` where all tasks grade from wrong to right."""
        units = {task.measure(task.main_measure).unit for task in self.summary.tasks}
        return "correct" if units == {"1"} else "score"

    def rows(self) -> Iterator[list[SheetCell]]:
        """Yield the rows, a row an item and repeat, in the tasks' own order; an empty cell is what is not there."""
        costs, several = self.list_costs(), self.repeats > 1
        for task in self.summary.tasks:
            order = query.read_order(self.ledger, self.summary.trial_id, task.content_id)
            ids = [item for _, item in sorted(zip(order.doc_ids, order.item_ids, strict=True))]
            column = self._find_id_column(task, ids)
            for start in range(0, len(ids), BLOCK_ITEMS):
                yield from self._read_block(
                    task, ids[start : start + BLOCK_ITEMS], order.repeats, costs, several, column
                )

    def _find_id_column(self, task: TaskSummary, ids: Sequence[str]) -> str:
        """Return the column of the data that names items, each by another name; ``id`` if there is no such one."""
        first = read_item_block(self.ledger, task.content_id, ids[:1])
        names = [str(name) for item in first.values() for name in item.data]
        recorded = self.summary.candidates[0].spec.document.get("recorded")
        stated = recorded.get("id") if isinstance(recorded, Mapping) and recorded.get("score") else None
        likely = [str(stated)] if stated in names else [name for name in names if ID_COLUMN.search(name)]
        if "id" in names or len(likely) != 1:
            return "id"
        seen: set[str] = set()
        for start in range(0, len(ids), BLOCK_ITEMS):
            block = read_item_block(self.ledger, task.content_id, ids[start : start + BLOCK_ITEMS])
            seen |= {str(item.data.get(likely[0])) for item in block.values()}
        return likely[0] if len(seen) == len(ids) else "id"

    def _read_block(
        self,
        task: TaskSummary,
        ids: Sequence[str],
        repeats: int,
        costs: Mapping[str, Sequence[str]],
        several: bool,
        column: str,
    ) -> Iterator[list[SheetCell]]:
        """Yield the rows of some items."""
        items = read_item_block(self.ledger, task.content_id, ids)
        places = [(c, c.content_id, task.content_id) for c in self.summary.candidates]
        calls = {c.name: read_calls(self.ledger, own, t, ids, repeats) for c, own, t in places}
        seen = {c.name: read_observed(self.ledger, own, t, ids, repeats) for c, own, t in places}
        said = _Answers(self.ledger, items, list(calls.values()))
        for item_id in ids:
            item = items[item_id]
            for repeat in range(repeats):
                place = (item_id, repeat)
                if not any(place in seen[c.name] or place in calls[c.name] for c in self.summary.candidates):
                    continue
                row: list[SheetCell] = [task.name, _name_item(item, column), *([repeat + 1] if several else [])]
                row += [item.question, " | ".join(item.choices), " | ".join(item.gold)]
                for candidate in self.summary.candidates:
                    values = seen[candidate.name].get(place, {})
                    row.append(said.find(item, calls[candidate.name].get(place, ())))
                    row.append(_get(values, task.main_measure))
                    row += [_get(values, measure) for measure in costs[candidate.name]]
                yield row


def _get(values: Mapping[str, tuple[float, float]], measure: str) -> float | None:
    found = values.get(measure)
    return None if found is None else found[0]


def _name_item(item: Item, column: str) -> str:
    """Return what the data call an item: their own id, in the column of that name, else its number from 0."""
    own = item.data.get(column)
    return str(own) if isinstance(own, str | int) and not isinstance(own, bool) else str(item.doc_id)


class _Answers:
    """What answers say: the text, or of scored continuations the likeliest."""

    def __init__(
        self, ledger: Ledger, items: Mapping[str, Item], calls: Sequence[Mapping[ItemRepeat, list[Call]]]
    ) -> None:
        wanted = {
            call.request_id
            for found in calls
            for (item, _), own in found.items()
            for call in own
            if "logprobs" in call.answer and len(call.answer["logprobs"]) != len(items[item].choices)
        }
        self._requests = read_requests(ledger, sorted(wanted)) if wanted else {}

    def find(self, item: Item, calls: Sequence[Call]) -> str | None:
        """Return what a candidate answered to an item; None for nothing."""
        written = [str(call.answer["text"]) for call in calls if "text" in call.answer]
        if written or not calls:
            return written[0] if written else None
        scores = [float("-inf") if x is None else float(x) for x in calls[0].answer.get("logprobs", ())]
        if not scores:
            return None
        best = scores.index(max(scores))
        if len(scores) == len(item.choices):
            return item.choices[best]
        request = self._requests.get(calls[0].request_id)
        return request.pairs[best].continuation if isinstance(request, ScoreRequest) else None


VERDICT_COLUMNS = (
    SheetColumn("task", str), SheetColumn("measure", str), SheetColumn("candidate", str),
    SheetColumn("compared with", str), SheetColumn("verdict", str), SheetColumn("difference", float),
    SheetColumn("low", float), SheetColumn("high", float), SheetColumn("confidence", float),
    SheetColumn("margin", float), SheetColumn("unit", str), SheetColumn("fixed", int), SheetColumn("broke", int),
    SheetColumn("items", int), SheetColumn("doubtful", str), SheetColumn("in words", str),
)  # fmt: skip


def list_verdict_rows(summary: Summary) -> Iterator[list[SheetCell]]:
    """Yield a row a verdict; shares and their differences are shares, not points."""
    for one in summary.verdicts:
        measured: list[SheetCell] = [one.difference, one.low, one.high, one.confidence, one.margin]
        yield [
            one.task, one.measure, one.a, one.b, one.label,
            *[value if isinstance(value, float) and abs(value) != float("inf") else None for value in measured],
            "share" if one.unit == "1" else one.unit, one.flips_to_right, one.flips_to_wrong, one.items_used,
            "yes" if is_doubtful(summary, one) else "", describe_verdict(one, summary.task(one.task)),
        ]  # fmt: skip
