"""Draw the three pictures of docs/statistics.md:  python -m bench.draw_statistics

Simulates what it draws (seeded, under a minute).  Writes plain SVG; knows nothing of the verdict benchmark's figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.simulated_pairs import Scenario, draw, peeking_t, sequential
from fairtrial.stats.paired import Rule
from fairtrial.stats.sequential import trace_interval

FOLDER = Path(__file__).resolve().parents[1] / "docs" / "statistics"
WIDTH, HEIGHT, LEFT, BOTTOM, TOP = 640, 300, 62, 44, 26
COLOURS = ("#0b6e99", "#c2410c", "#6b7280")
LOOK = (
    "text{font:12px system-ui,sans-serif;fill:#374151}.g{stroke:#9ca3af;stroke-width:.5}"
    "@media(prefers-color-scheme:dark){text{fill:#d1d5db}}"
)


@dataclass(frozen=True)
class Axis:
    """One axis: its range, the values marked on it, how they are written, and its name."""

    low: float
    high: float
    ticks: Sequence[float]
    form: str
    name: str

    def share(self, value: float) -> float:
        """Return where a value lies, 0 to 1."""
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True)
class Chart:
    """Axes, and a growing list of SVG elements."""

    x: Axis
    y: Axis
    body: list[str]

    def at(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of a point in pixels, kept inside the frame."""
        sx, sy = (min(1.0, max(0.0, s)) for s in (self.x.share(x), self.y.share(y)))
        return LEFT + sx * (WIDTH - LEFT - 20), HEIGHT - BOTTOM - sy * (HEIGHT - BOTTOM - TOP)

    def line(self, xs: Sequence[float], ys: Sequence[float], colour: str, style: str = "") -> None:
        """Add a line."""
        points = " ".join("{:.1f},{:.1f}".format(*self.at(x, y)) for x, y in zip(xs, ys, strict=True))
        self.body.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2" {style}/>')

    def band(self, xs: Sequence[float], low: Sequence[float], high: Sequence[float], colour: str) -> None:
        """Add a filled band."""
        edge = [*zip(xs, high, strict=True), *reversed(list(zip(xs, low, strict=True)))]
        points = " ".join("{:.1f},{:.1f}".format(*self.at(x, y)) for x, y in edge)
        self.body.append(f'<polygon points="{points}" fill="{colour}" fill-opacity=".18"/>')

    def note(self, x: float, y: float, text: str, colour: str = "") -> None:
        """Add a text at a point."""
        px, py = self.at(x, y)
        self.body.append(f'<text x="{px + 4:.1f}" y="{py - 5:.1f}" style="fill:{colour}">{text}</text>')

    def write(self, name: str, title: str) -> None:
        """Write the picture."""
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img">',
            f"<title>{title}</title><style>{LOOK}</style>",
            f'<text x="{LEFT}" y="14">{self.y.name}</text>',
            f'<text x="{WIDTH - 20}" y="{HEIGHT - 8}" text-anchor="end">{self.x.name}</text>',
        ]
        for tick in self.y.ticks:
            (x0, y), (x1, _) = self.at(self.x.low, tick), self.at(self.x.high, tick)
            parts.append(f'<line class="g" x1="{x0:.1f}" y1="{y:.1f}" x2="{x1:.1f}" y2="{y:.1f}"/>')
            parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{self.y.form.format(tick)}</text>')
        for tick in self.x.ticks:
            x, y = self.at(tick, self.y.low)
            parts.append(f'<text x="{x:.1f}" y="{y + 16:.1f}" text-anchor="middle">{self.x.form.format(tick)}</text>')
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / name).write_text("\n".join([*parts, *self.body, "</svg>", ""]), encoding="utf-8")


def path() -> None:
    """Draw one run: the interval shrinks until it leaves 0."""
    rng = np.random.default_rng(7)
    drawn = draw(Scenario("", 1000, 0.05, 0.2), 0.05, rng)
    chart = Chart(
        Axis(0, 1000, (0, 250, 500, 750, 1000), "{:.0f}", "items answered by both"),
        Axis(-0.3, 0.3, (-0.2, -0.1, 0, 0.1, 0.2), "{:+.1f}", "difference of accuracy, with its interval"),
        [],
    )
    for target, colour in (("population", COLOURS[2]), ("benchmark", COLOURS[0])):
        found = trace_interval(drawn.sums, Rule(target=target, total=1000))  # type: ignore[arg-type]
        chart.band(found.n, found.low, found.high, colour)
        chart.note(620, found.high[60] + 0.005, target, colour)
        if target == "benchmark":
            stop = found.n[int((found.low > 0).argmax())]
            chart.line([stop, stop], [-0.3, 0.3], COLOURS[1], 'stroke-dasharray="4 3"')
            chart.note(stop, 0.25, f"better: stops after {stop} items", COLOURS[1])
    mean = np.cumsum(drawn.sums) / np.arange(1, 1001)
    chart.line(range(10, 1001, 10), mean[9::10], COLOURS[0])
    chart.write("path.svg", "Shrinking interval of one simulated trial with a true gap of 5 points")


def peeking() -> None:
    """Draw how often two equal systems are declared different, by the number of items looked at in batches of 25."""
    counts, rounds = (100, 200, 400, 800, 1600, 3200), 800
    chart = Chart(
        Axis(0, 3200, counts[1:], "{:.0f}", "items, with a look after every 25"),
        Axis(0, 0.5, (0, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5), "{:.0%}", "false verdicts between two equal systems"),
        [],
    )
    for way, name, colour in ((peeking_t, "paired t, peeking", COLOURS[1]), (sequential, "fairtrial", COLOURS[0])):
        rates = []
        for n in counts:
            rng = np.random.default_rng(n)
            scenario = Scenario("", n, 0.0, 0.2, "population", margin=0.0)
            rates.append(float(np.mean([way(scenario, draw(scenario, 0.0, rng)).wrong for _ in range(rounds)])))
        chart.line(counts, rates, colour)
        chart.note(2000, rates[-2] + 0.01, name, colour)
    chart.line((0, 3200), (0.05, 0.05), COLOURS[2], 'stroke-dasharray="2 4"')
    chart.write("peeking.svg", "Rate of false verdicts under repeated looks")


def savings() -> None:
    """Draw the median share of items used, by the true gap, for four sizes of benchmark."""
    gaps = (0.03, 0.04, 0.05, 0.07, 0.1, 0.15, 0.2)
    chart = Chart(
        Axis(0.03, 0.2, gaps[::2], "{:.0%}", "true gap, 20% of the items differ"),
        Axis(0, 1, (0, 0.25, 0.5, 0.75, 1), "{:.0%}", "median share of a benchmark's items until the verdict"),
        [],
    )
    for n, colour in ((500, COLOURS[2]), (1000, COLOURS[1]), (5000, COLOURS[0])):
        shares = []
        for gap in gaps:
            rng = np.random.default_rng(n)
            scenario = Scenario("", n, gap, 0.2)
            shares.append(float(np.median([sequential(scenario, draw(scenario, gap, rng)).share for _ in range(300)])))
        chart.line(gaps, shares, colour)
        chart.note(gaps[1], shares[1] + 0.01, f"{n:,} items", colour)
    chart.write("savings.svg", "Share of items used, by gap and size of the benchmark")


if __name__ == "__main__":
    path()
    peeking()
    savings()
