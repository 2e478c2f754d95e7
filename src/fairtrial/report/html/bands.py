"""Where the lines and bands of a chart of curves stand, in per cent of its box: 0, 0 is the upper left corner.

The template draws.  Lines differ in their dashes, too, so that they can be told apart without colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairtrial.report.html.scatter import Scale, Tick, format_tick, make_scale
from fairtrial.studies import Chart, Curve, Point

STYLES = 6
"""Kinds of lines; then they begin again."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a line: its place, and the length of thinking or whatever else it is called."""

    x: float
    y: float
    name: str


@dataclass(frozen=True, slots=True)
class Band:
    """A curve ready to be drawn.

    Attributes:
        style: number of its kind of line, from 1.
        outline: of the band, as an SVG polygon's points; ``line``: of the polyline.
        marks: its points.
    """

    label: str
    style: int
    outline: str
    line: str
    marks: tuple[Mark, ...]


@dataclass(frozen=True, slots=True)
class BandLayout:
    """A chart of curves ready to be drawn."""

    chart: Chart
    x: tuple[Tick, ...]
    y: tuple[Tick, ...]
    bands: tuple[Band, ...]
    description: str


def lay_out_bands(chart: Chart) -> BandLayout | None:
    """Return where everything of a chart of curves stands; None if it has no points."""
    curves = [curve for curve in chart.curves if curve.points]
    if not curves:
        return None
    points = [point for curve in curves for point in curve.points]
    x, y = make_scale(chart.x, [point.x for point in points]), make_scale(chart.y, [point.y for point in points])
    bands = tuple(_lay_out_curve(curve, i % STYLES + 1, x, y) for i, curve in enumerate(curves))
    told = "; ".join(_describe_curve(curve, chart) for curve in curves)
    return BandLayout(
        chart,
        x.ticks,
        tuple(Tick(100 - tick.at, tick.text) for tick in y.ticks),
        bands,
        f"{chart.title}. {chart.x.label}, {chart.y.label}. {told}.",
    )


def _lay_out_curve(curve: Curve, style: int, x: Scale, y: Scale) -> Band:
    """Return one curve."""
    at = [x.at(point.x.value) for point in curve.points]
    up, high, low = (
        [100 - y.at(end) for end in ends]
        for ends in zip(*((p.y.value, p.y.high, p.y.low) for p in curve.points), strict=True)
    )
    outline = [*zip(at, high, strict=True), *zip(reversed(at), reversed(low), strict=True)]
    return Band(
        curve.label,
        style,
        _write_points(outline),
        _write_points(list(zip(at, up, strict=True))),
        tuple(Mark(a, b, point.label) for a, b, point in zip(at, up, curve.points, strict=True)),
    )


def _write_points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.2f},{y:.2f}" for x, y in points)


def _describe_curve(curve: Curve, chart: Chart) -> str:
    """Return a curve in words, for those who cannot see it."""
    return f"{curve.label}: " + ", ".join(_describe_point(point, chart) for point in curve.points)


def _describe_point(point: Point, chart: Chart) -> str:
    return f"{format_tick(point.y.value, chart.y)} at {format_tick(point.x.value, chart.x)}"
