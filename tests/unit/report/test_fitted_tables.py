"""Tables in narrow terminals: no word and no interval is broken; rows become blocks where a table has no room."""

from __future__ import annotations

import pytest
from rich import box
from rich.table import Table
from rich.text import Text

from fairtrial.report.fitting import FittedTable, indent
from tests.support.terminal import show


def make_table(rows: int = 2) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title=Text("Verdicts of a trial with a title that is long"))
    table.add_column("task", overflow="fold")
    table.add_column("candidate", overflow="fold")
    table.add_column("difference", justify="right")
    table.add_column("items", justify="right", no_wrap=True)
    for at in range(rows):
        table.add_row("reading", f"candidate-{at}", Text("−20.5 [−28.9, −11.4]"), "600")
    return table


def test_a_table_with_room_is_a_table() -> None:
    shown = show(FittedTable(make_table(), heads=2), width=80)
    assert "─" in shown
    assert [line.split() for line in shown.splitlines() if "reading" in line] == [
        ["reading", f"candidate-{at}", "−20.5", "[−28.9,", "−11.4]", "600"] for at in range(2)
    ]


@pytest.mark.parametrize("width", [24, 30, 40, 50])
def test_without_room_each_row_is_a_block_with_whole_words(width: int) -> None:
    shown = show(FittedTable(make_table(), heads=2), width=width)
    assert max(map(len, shown.splitlines())) <= width
    assert "─" not in shown
    for word in ("Verdicts", "reading", "candidate-0", "candidate-1", "difference", "[−28.9,", "−11.4]", "items"):
        assert word in shown.split()
    if_wide = [line for line in shown.splitlines() if "difference −20.5 [−28.9, −11.4]" in line]
    assert len(if_wide) == (2 if width >= 33 else 0)


def test_in_a_lined_block_each_value_has_a_line_and_empty_ones_have_none() -> None:
    table = make_table(1)
    table.add_column("note")
    table.columns[-1]._cells.append("")
    shown = show(FittedTable(table, lined=True), width=40)
    assert [line.split()[0] for line in shown.splitlines()[-3:] if line.strip()] == ["difference", "items"]


def test_texts_give_way_to_figures() -> None:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("step")
    table.add_column("seconds", justify="right", overflow="fold")
    table.add_row(Text("what it is, in several words"), Text("−0.0343 [−0.0527, −0.0158]"))
    shown = show(FittedTable(table), width=44)
    assert "−0.0343 [−0.0527, −0.0158]" in shown
    assert max(map(len, shown.splitlines())) <= 44
    assert "─" in shown


def test_printing_twice_prints_the_same() -> None:
    table = FittedTable(make_table(), heads=2)
    for width in (80, 40, 80):
        assert show(table, width=width) == show(FittedTable(make_table(), heads=2), width=width)


def test_indented_text_stays_indented() -> None:
    lines = show(indent(Text("word " * 30)), width=40).splitlines()
    assert " ".join(lines).split() == ["word"] * 30
    assert len(lines) > 3 and all(line.startswith("  word") for line in lines)


def test_the_last_column_is_not_cut_off() -> None:
    table = Table(title="Worth", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("step", "worth its cost?", "changes for certain", "costs"):
        table.add_column(name, overflow="fold")
    table.add_row(
        "tuned, on average over all others",
        "a trade",
        "+24.5 points on instructions; -27.5 points on elections_false_claims_choices (helpful)",
        "-7% seconds, -29% tokens written, -8% bytes of memory, +10% bytes of weights",
    )
    shown = show(FittedTable(table), width=80)
    words = "tuned, average others trade instructions; elections_false_claims_choices seconds, tokens written, weights"
    assert [word for word in words.split() if word not in shown.split()] == []
    assert max(map(len, shown.splitlines())) <= 80


def test_a_table_that_just_fits_is_printed_as_rich_would() -> None:
    natural = show(make_table(), width=200)
    width = max(map(len, natural.splitlines()[1:]))
    lines = show(FittedTable(make_table(), heads=2), width=width).splitlines()
    rows = [line for line in natural.splitlines() if "reading" in line or "─" in line]
    assert [line for line in lines if "reading" in line or "─" in line] == rows
