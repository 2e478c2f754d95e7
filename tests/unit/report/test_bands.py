"""Curves with bands: where lines and bands stand, and what is said to those who cannot see them."""

from __future__ import annotations

import pytest

from fairtrial.report.html.bands import lay_out_bands
from fairtrial.studies import Axis, Chart, Curve, Interval, Point


def point(tokens: float, value: float, name: str) -> Point:
    return Point(name, Interval(tokens, tokens, tokens), Interval(value, value - 0.1, value + 0.1), "line")


def chart(*curves: Curve) -> Chart:
    points = tuple(point for curve in curves for point in curve.points)
    return Chart("sums: acc", Axis("tokens", "", log=True), Axis("acc", "1"), points, curves=curves)


def test_lines_and_bands() -> None:
    one = Curve("small", (point(10, 0.2, "0"), point(100, 0.4, "64"), point(1000, 0.6, "native")))
    drawing = lay_out_bands(chart(one, Curve("large", (point(10, 0.5, "0"),))))
    assert drawing is not None
    small, large = drawing.bands
    assert [mark.x for mark in small.marks] == sorted(mark.x for mark in small.marks)
    assert small.marks[1].x == pytest.approx(50, abs=0.01)
    assert small.marks[0].y > small.marks[2].y  # upper means more
    assert len(small.outline.split()) == 6 and len(small.line.split()) == 3
    assert (small.style, large.style) == (1, 2)
    assert "small: 20% at 10, 40% at 100, 60% at 1,000; large: 50% at 10" in drawing.description


def test_nothing_to_draw() -> None:
    assert lay_out_bands(chart()) is None
    assert lay_out_bands(chart(Curve("none", ()))) is None
