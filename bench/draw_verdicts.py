"""Draw the picture of docs/how-to-read-a-verdict.md:  python -m bench.draw_verdicts

Four intervals of the demo (examples/demo.yaml on two cores of a Xeon), each as if it were the only question, at a
margin of 6 points.  Writes plain SVG that is readable in light and dark.
"""

from __future__ import annotations

from pathlib import Path

PICTURE = Path(__file__).resolve().parents[1] / "docs" / "statistics" / "verdicts.svg"
MARGIN = 6.0
ROWS = (
    ("better", "▲", "q4_1 against q2_k", "patterns, 200 items", 20.5, 11.4, 28.9),
    ("worse", "▼", "q2_k against q4_1", "arithmetic_open, 200 items", -25.0, -37.9, -5.0),
    ("tied", "=", "q2_k against q4_1", "reading, 600 items", -2.3, -5.5, 0.9),
    ("undecided", "?", "q2_k against q4_1", "reading, its first 100 items", 0.0, -7.6, 7.6),
)
"""Verdict and its sign; who; where; difference and interval in points."""
TICKS = (-40, -30, -20, -10, 0, 10, 20, 30)
WIDTH, LEFT, RIGHT, TOP, STEP = 680, 200, 130, 40, 48
COLOURS = {
    "better": ("#1c6b3c", "#7fcf9b"),
    "worse": ("#a4281f", "#f2948a"),
    "tied": ("#22618c", "#85bfe6"),
    "undecided": ("#7b5a06", "#e0bd62"),
}


def style() -> str:
    """Return the style sheet: one set of colours for light, one for dark."""
    light = "".join(f".{name}{{color:{colour}}}" for name, (colour, _) in COLOURS.items())
    dark = "".join(f".{name}{{color:{colour}}}" for name, (_, colour) in COLOURS.items())
    return (
        "text{font:13px system-ui,sans-serif;fill:#1d1c1a}.s{font-size:12px;fill:#5f5b53}"
        ".w{font-weight:650;fill:currentColor}"
        ".i{stroke:currentColor;stroke-width:2.5}.d{fill:currentColor}.m{fill:#22618c;fill-opacity:.14}"
        f".z{{stroke:#5f5b53}}{light}@media(prefers-color-scheme:dark){{text{{fill:#ece8df}}.s{{fill:#a8a296}}"
        f".w{{fill:currentColor}}.m{{fill:#85bfe6;fill-opacity:.2}}.z{{stroke:#a8a296}}{dark}}}"
    )


def place(value: float) -> float:
    """Return where a difference stands, in pixels."""
    return LEFT + (value - TICKS[0]) / (TICKS[-1] - TICKS[0]) * (WIDTH - LEFT - RIGHT)


def draw() -> str:
    """Return the picture."""
    foot = TOP + STEP * len(ROWS)
    band = place(-MARGIN), place(MARGIN) - place(-MARGIN)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {foot + 46}" role="img">',
        "<title>Four intervals against the margin: better, worse, tied, undecided</title>",
        f"<style>{style()}</style>",
        f'<rect class="m" x="{band[0]:.1f}" y="{TOP - 10}" width="{band[1]:.1f}" height="{foot - TOP + 10}"/>',
        f'<text class="s" x="{place(0):.1f}" y="{TOP - 18}" text-anchor="middle">margin: ±{MARGIN:g} points</text>',
        f'<line class="z" x1="{place(0):.1f}" x2="{place(0):.1f}" y1="{TOP - 10}" y2="{foot}"/>',
    ]
    for at, (word, sign, who, where, middle, low, high) in enumerate(ROWS):
        y = TOP + STEP * at + STEP / 2 - 4
        x0, x, x1 = (place(value) for value in (low, middle, high))
        ends = "".join(f'<line class="i" x1="{e:.1f}" x2="{e:.1f}" y1="{y - 5}" y2="{y + 5}"/>' for e in (x0, x1))
        label = f"{middle:+.1f} [{low:+.1f}, {high:+.1f}]".replace("-", "−").replace("+0.0 ", "0.0 ")
        parts += [
            f'<text x="0" y="{y - 3}">{who}</text><text class="s" x="0" y="{y + 13}">{where}</text>',
            f'<g class="{word}"><line class="i" x1="{x0:.1f}" x2="{x1:.1f}" y1="{y}" y2="{y}"/>{ends}',
            f'<circle class="d" cx="{x:.1f}" cy="{y}" r="5"/>',
            f'<text class="w" x="{WIDTH}" y="{y - 3}" text-anchor="end">{sign} {word}</text></g>',
            f'<text class="s" x="{WIDTH}" y="{y + 13}" text-anchor="end">{label}</text>',
        ]
    parts += [
        f'<text class="s" x="{place(tick):.1f}" y="{foot + 16}" text-anchor="middle">{tick:+d}</text>'.replace(
            "+0<", "0<"
        ).replace(">-", ">−")
        for tick in TICKS
    ]
    what = "difference in percentage points, with 95% interval; right of 0 is better than the baseline"
    middle_of_axis = (place(TICKS[0]) + place(TICKS[-1])) / 2
    parts.append(f'<text class="s" x="{middle_of_axis:.1f}" y="{foot + 38}" text-anchor="middle">{what}</text>')
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(draw(), encoding="utf-8")
