"""Generates small tables and questions about them: cells, rows, extremes, counts, sums.

Every choice of a word question stands in the table as often as the right one; numbers follow
`fairtrial.tasks.procedural.choices`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fairtrial.tasks.base import TaskOptions
from fairtrial.tasks.procedural.base import ChoiceTask, Question, Scene
from fairtrial.tasks.procedural.choices import draw_wrong_numbers
from fairtrial.tasks.procedural.draw import Draw
from fairtrial.tasks.procedural.suite import Suite, SuiteLevel, load_suite, load_words, split_texts

QUESTIONS = 3


def build_table(options: TaskOptions) -> ChoiceTask:
    """Return the task ``table``."""
    return ChoiceTask(load_suite("table"), make_scene, options, label="Table")


@dataclass(frozen=True, slots=True)
class DrawnColumn:
    """A column: its name and one cell a row, words or numbers."""

    name: str
    cells: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class DrawnTable:
    """A table in memory; all columns are as long as ``key``."""

    spec: Mapping[str, Any]
    key: DrawnColumn
    words: tuple[DrawnColumn, ...]
    shared: tuple[DrawnColumn, ...]
    numbers: tuple[DrawnColumn, ...]

    def name_row(self, row: int) -> str:
        """Return what a question calls ``row``, e.g. ``the lamp``."""
        return str(self.spec["key"]["the"]).format(self.key.cells[row])


@dataclass(frozen=True, slots=True)
class QuestionContext:
    """What a question maker gets: the draws, the table, the templates, and how many choices to offer."""

    draw: Draw
    table: DrawnTable
    suite: Suite
    kind: str
    count: int
    rank: int

    def fill_text(self, **slots: object) -> str:
        """Return a question of this kind with its slots filled."""
        template = self.draw.pick(self.suite.read_lines(self.kind))
        return template.format(key_name=self.table.key.name, **slots)

    def offer_among(self, text: str, gold: object, others: Sequence[object]) -> Question | None:
        """Offer ``gold`` among some of ``others``; None if they are too few."""
        rest = sorted({str(o) for o in others} - {str(gold)})
        if len(rest) < self.count - 1:
            return None
        return Question(text, str(gold), tuple(self.draw.sample(rest, self.count - 1)), {"ask": self.kind})

    def offer_number(self, text: str, gold: int, plausible: Sequence[int]) -> Question | None:
        """Offer ``gold`` among other numbers; None if its rank does not allow it."""
        wrong = draw_wrong_numbers(self.draw, gold, plausible, self.rank, self.count)
        return None if wrong is None else Question(text, str(gold), wrong, {"ask": self.kind})


def make_scene(draw: Draw, suite: Suite, level: SuiteLevel) -> Scene:
    """Return a table and `QUESTIONS` different questions about it."""
    how, count = level.settings, level.choices or 4
    kinds = [draw.pick(how["ask"]) for _ in range(QUESTIONS)]
    ranks = [draw.draw_below(count) for _ in range(QUESTIONS)]
    spec, style = draw.pick(suite.read_table("tables")), draw.pick(how["styles"])
    while True:
        drawn = draw_table(draw, spec, how)
        questions = [
            draw_question(QuestionContext(draw, drawn, suite, kind, count, rank))
            for kind, rank in zip(kinds, ranks, strict=True)
        ]
        ready = tuple(q for q in questions if q is not None)
        if len({q.text for q in ready}) == QUESTIONS:
            return Scene(kind=spec["kind"], questions=ready, context=_write_table(drawn, style))


def draw_question(asking: QuestionContext) -> Question | None:
    """Return a question of the context's kind; None if this table has none."""
    for _ in range(30):
        question = ASK[asking.kind](asking)
        if question is not None:
            return question
    return None


def draw_table(draw: Draw, spec: Mapping[str, Any], how: Mapping[str, Any]) -> DrawnTable:
    """Return a table of a spec, with as many rows and columns of each kind as ``how`` says."""
    rows = int(how["rows"])
    lists = load_words()
    key = DrawnColumn(spec["key"]["name"], tuple(draw.sample(lists[spec["key"]["from"]], rows)))
    fit = [c for c in spec["words"] if len(lists[c["from"]]) >= rows]
    word_columns = [
        DrawnColumn(c["name"], tuple(draw.sample(lists[c["from"]], rows))) for c in draw.sample(fit, how["words"])
    ]
    shared = [
        DrawnColumn(c["name"], tuple(draw.pick(split_texts(c["values"])) for _ in range(rows)))
        for c in draw.sample(spec["shared"], how["shared"])
    ]
    numbers = [
        DrawnColumn(c["name"], tuple(draw.sample(range(c["low"], c["high"] + 1), rows)))
        for c in draw.sample(spec["numbers"], how["numbers"])
    ]
    return DrawnTable(spec, key, tuple(word_columns), tuple(shared), tuple(numbers))


def _write_table(drawn: DrawnTable, style: str) -> str:
    columns = [drawn.key, *drawn.words, *drawn.shared, *drawn.numbers]
    rows = [
        [c.name for c in columns],
        *([str(cell) for cell in row] for row in zip(*(c.cells for c in columns), strict=True)),
    ]
    if style == "commas":
        return "\n".join(",".join(row) for row in rows)
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _ask_cell(a: QuestionContext) -> Question | None:
    column, row = a.draw.pick([*a.table.words, *a.table.numbers]), a.draw.draw_below(len(a.table.key.cells))
    return a.offer_among(
        a.fill_text(column=column.name, the_key=a.table.name_row(row)), column.cells[row], column.cells
    )


def _ask_line(a: QuestionContext) -> Question | None:
    """Ask for the whole row of a key: its key with the right cell, or with a cell of another row."""
    column, row = a.draw.pick(a.table.words), a.draw.draw_below(len(a.table.key.cells))
    lines = [f"{a.table.key.cells[row]} | {cell}" for cell in column.cells]
    return a.offer_among(a.fill_text(the_key=a.table.name_row(row)), lines[row], lines)


def _ask_row(a: QuestionContext) -> Question | None:
    column, row = a.draw.pick([*a.table.words, *a.table.numbers]), a.draw.draw_below(len(a.table.key.cells))
    return a.offer_among(
        a.fill_text(column=column.name, value=column.cells[row]), a.table.key.cells[row], a.table.key.cells
    )


def _ask_other_cell(a: QuestionContext) -> Question | None:
    other, column = a.draw.sample([*a.table.words, *a.table.numbers], 2)
    row = a.draw.draw_below(len(a.table.key.cells))
    return a.offer_among(
        a.fill_text(column=column.name, other=other.name, value=other.cells[row]), column.cells[row], column.cells
    )


def _ask_extreme(a: QuestionContext) -> Question | None:
    column = a.draw.pick(a.table.numbers)
    best = (max if a.kind == "most" else min)(column.cells)
    return a.offer_among(
        a.fill_text(column=column.name), a.table.key.cells[column.cells.index(best)], a.table.key.cells
    )


def _ask_count(a: QuestionContext) -> Question | None:
    column = a.draw.pick(a.table.shared)
    value = a.draw.pick(sorted(set(column.cells)))
    return a.offer_number(a.fill_text(column=column.name, value=value), column.cells.count(value), ())


def _ask_count_above(a: QuestionContext) -> Question | None:
    column = a.draw.pick(a.table.numbers)
    limit = a.draw.draw_between(min(column.cells), max(column.cells)) // 5 * 5
    above = sum(n > limit for n in column.cells)
    return a.offer_number(a.fill_text(column=column.name, value=limit), above, (len(column.cells) - above,))


def _ask_count_both(a: QuestionContext) -> Question | None:
    other, column = a.draw.pick(a.table.shared), a.draw.pick(a.table.numbers)
    value = a.draw.pick(sorted(set(other.cells)))
    limit = a.draw.draw_between(min(column.cells), max(column.cells)) // 5 * 5
    both = sum(o == value and n > limit for o, n in zip(other.cells, column.cells, strict=True))
    text = a.fill_text(column=column.name, other=other.name, value=value, limit=limit)
    return a.offer_number(text, both, (other.cells.count(value),))


def _ask_difference(a: QuestionContext) -> Question | None:
    column = a.draw.pick(a.table.numbers)
    high, low = a.draw.sample(range(len(column.cells)), 2)
    if column.cells[high] < column.cells[low]:
        high, low = low, high
    gold = column.cells[high] - column.cells[low]
    text = a.fill_text(column=column.name, the_key=a.table.name_row(high), the_other_key=a.table.name_row(low))
    return a.offer_number(text, gold, (gold + 1, gold - 1, gold + 10, gold - 10)) if gold > 3 else None


def _ask_ranked(a: QuestionContext) -> Question | None:
    """Ask for the highest, or the second highest, among the rows that share a value."""
    other, column = a.draw.pick(a.table.shared), a.draw.pick(a.table.numbers)
    value = a.draw.pick(sorted(set(other.cells)))
    rows = sorted((n, r) for r, (o, n) in enumerate(zip(other.cells, column.cells, strict=True)) if o == value)
    if len(rows) < 3:
        return None
    keys = a.table.key.cells
    gold = keys[rows[-1 if a.kind == "most_of" else -2][1]]
    rivals = [keys[r] for _, r in rows] + [keys[column.cells.index(max(column.cells))]]
    if len(set(rivals)) < a.count:
        rivals = list(keys)
    return a.offer_among(a.fill_text(column=column.name, other=other.name, value=value), gold, rivals)


def _ask_sum_of(a: QuestionContext) -> Question | None:
    other, column = a.draw.pick(a.table.shared), a.draw.pick(a.table.numbers)
    value = a.draw.pick(sorted(set(other.cells)))
    parts = [n for o, n in zip(other.cells, column.cells, strict=True) if o == value]
    if not 3 <= len(parts) <= 6:
        return None
    gold = sum(parts)
    slips = [gold - n for n in parts] + [gold + 10, gold - 10, gold + 1, gold - 1]
    return a.offer_number(a.fill_text(column=column.name, other=other.name, value=value), gold, slips)


def _ask_widest_gap(a: QuestionContext) -> Question | None:
    first, second = a.draw.sample(a.table.numbers, 2)
    gaps = [x - y for x, y in zip(first.cells, second.cells, strict=True)]
    if max(gaps) <= 0 or gaps.count(max(gaps)) > 1:
        return None
    keys = a.table.key.cells
    rivals = [keys[r] for r in sorted(range(len(gaps)), key=lambda r: -gaps[r])[:4]]
    rivals += [keys[first.cells.index(max(first.cells))], keys[second.cells.index(min(second.cells))]]
    return a.offer_among(a.fill_text(column=first.name, other=second.name), keys[gaps.index(max(gaps))], rivals)


ASK: Mapping[str, Callable[[QuestionContext], Question | None]] = {
    "cell": _ask_cell,
    "line": _ask_line,
    "row": _ask_row,
    "other_cell": _ask_other_cell,
    "most": _ask_extreme,
    "least": _ask_extreme,
    "count": _ask_count,
    "count_above": _ask_count_above,
    "count_both": _ask_count_both,
    "difference": _ask_difference,
    "most_of": _ask_ranked,
    "second_of": _ask_ranked,
    "sum_of": _ask_sum_of,
    "widest_gap": _ask_widest_gap,
}
