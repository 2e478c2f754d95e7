"""Waterfalls: where bars and totals stand, what is written beside them, and what is said in words."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from fairtrial.report.html import waterfalls
from fairtrial.report.html.page import _make_environment
from fairtrial.report.html.waterfalls import lay_out_waterfall
from fairtrial.studies import Interval, Waterfall, WaterfallStep
from fairtrial.studies.levers.charts import describe_items

HOSTILE = "<script>alert(1)</script>\u202e"


def make(unit: str = "1", scale: float = 1.0) -> Waterfall:
    steps = (
        WaterfallStep("tuned", 0.4 * scale, 0.7 * scale, Interval(0.3 * scale, 0.2 * scale, 0.4 * scale), "better"),
        WaterfallStep(
            HOSTILE, 0.7 * scale, 0.65 * scale, Interval(-0.05 * scale, -0.15 * scale, 0.05 * scale), "undecided"
        ),
    )
    first = ("base", Interval(0.4 * scale, 0.3 * scale, 0.5 * scale))
    return Waterfall("all", "acc", unit, first, steps, ("all", Interval(0.65 * scale, 0.6 * scale, 0.7 * scale)), False)


def test_bars_of_fewer_items_than_the_figures_say_so() -> None:
    steps = make().steps
    assert describe_items(steps, 17) == ""
    moved = (replace(steps[0], end=0.8), replace(steps[1], start=0.8))
    assert describe_items(moved, 17).startswith("Dots and bars are of the 17 items that all of these candidates")


def test_each_row_begins_where_the_one_before_ends() -> None:
    drawing = lay_out_waterfall(make())
    assert drawing is not None
    base, tuned, other, last = drawing.rows
    assert base.before is None and base.word == ""
    assert tuned.before == base.left == tuned.left
    assert (tuned.right, other.before) == (other.right, tuned.right)
    assert other.left == last.before == last.left
    assert tuned.interval.middle == tuned.right
    assert tuned.interval.left < tuned.right < tuned.interval.right
    assert drawing.better_side == "right"
    assert [row.text for row in drawing.rows] == [
        "40.0% [30.0, 50.0]",
        "+30.0 [+20.0, +40.0]",
        "−5.0 [−15.0, +5.0]",
        "65.0% [60.0, 70.0]",
    ]
    assert tuned.description == "tuned: +30.0 [+20.0, +40.0] points, better"


def test_the_axis_of_shares_ends_at_all_and_at_none() -> None:
    high = replace(make(), first=("base", Interval(0.98, 0.9, 1.0)))
    drawing = lay_out_waterfall(high)
    assert drawing is not None
    assert drawing.labels[-1] == (100.0, "100%")
    assert all(0 <= row.left <= row.right <= 100 for row in drawing.rows)


@pytest.mark.parametrize(
    ("unit", "scale", "texts"),
    [
        ("s", 1.0, ["0.400 s [0.300, 0.500]", "+0.300 s [+0.200, +0.400]"]),
        ("J", 1000.0, ["400 J [300, 500]", "+300 J [+200, +400]"]),
        ("B", 1e9, ["400 MB [300, 500]", "+300 MB [+200, +400]"]),
    ],
)
def test_quantities_have_the_digits_of_the_axis(unit: str, scale: float, texts: list[str]) -> None:
    drawing = lay_out_waterfall(make(unit, scale))
    assert drawing is not None
    assert [row.text for row in drawing.rows[:2]] == texts


def test_what_is_not_uncertain_has_no_interval() -> None:
    exact = WaterfallStep("small", 3e8, 1e8, Interval(-2e8, -2e8, -2e8), "better")
    totals = (("base", Interval(3e8, 3e8, 3e8)), ("small", Interval(1e8, 1e8, 1e8)))
    drawing = lay_out_waterfall(Waterfall("small", "bytes", "B", totals[0], (exact,), totals[1], True))
    assert drawing is not None
    assert not any(row.sure for row in drawing.rows)
    assert [row.text for row in drawing.rows] == ["300 MB", "−200 MB", "100 MB"]
    assert drawing.labels[0] == (0.0, "0 MB")
    assert drawing.better_side == "left"


def test_an_axis_on_which_next_to_nothing_changes_says_its_value_once() -> None:
    at = 98_400_000.0
    still = Interval(at, at, at)
    steps = (WaterfallStep("small", at, at + 100, Interval(100.0, 100.0, 100.0), "tied"),)
    drawing = lay_out_waterfall(Waterfall("all", "bytes", "B", ("base", still), steps, ("all", still), True))
    assert drawing is not None
    told = [text for _, text in drawing.labels if text]
    assert len(drawing.labels) > len(told) == len(set(told)) == 1


def test_unknown_ends_are_cut_off() -> None:
    step = replace(make().steps[0], change=Interval(0.3, -math.inf, math.inf))
    drawing = lay_out_waterfall(replace(make("s"), steps=(step,)))
    assert drawing is not None
    bar = drawing.rows[1].interval
    assert (bar.left, bar.right, bar.cut_left, bar.cut_right) == (0.0, 100.0, True, True)
    assert "∞" in drawing.rows[1].text


def test_nothing_to_draw() -> None:
    assert lay_out_waterfall(replace(make(), steps=())) is None


def test_the_page_draws_and_escapes() -> None:
    text = '{% from "waterfalls.html" import fallen with context %}{{ fallen(chart) }}'
    page = _make_environment().from_string(text).render(chart=make(), waterfalls=waterfalls)
    assert page.count('<div class="row step">') == 2 and page.count('<div class="row total">') == 2
    assert "further right is better" in page
    assert "<script>" not in page and "\u202e" not in page
    assert 'title="undecided">?</span>' in page
