"""The live display: intervals as bars, lines without a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from fairtrial.analysis.verdicts import Verdict
from fairtrial.cli.live import WIDTH, LiveDisplay, PlainDisplay, interval_bar
from fairtrial.running.progress import Progress

LOOK = Verdict(
    a="small", b="large", task="quiz", measure="acc", verdict="undecided", difference=0.0, low=-0.1, high=0.1,
    confidence=0.95, margin=0.05, items_used=100, items_total=500, clusters_used=100, flips_to_right=3,
    flips_to_wrong=3, p_value=1.0, p_adjusted=None, method="betting", unit="1",
)  # fmt: skip


def look(low: float, high: float, verdict: str = "undecided") -> Verdict:
    return replace(LOOK, low=low, high=high, verdict=verdict)


def test_a_bar_has_zero_in_the_middle_and_marks_the_margin() -> None:
    assert interval_bar(look(-0.15, 0.15)) == "━" * 11 + "╋" + "━" * 4 + "┿" + "━" * 4 + "╋" + "━" * 11
    assert interval_bar(look(0.06, 0.12, "better")).index("│") == WIDTH // 2
    assert interval_bar(look(-0.01, 0.01, "tied")).strip() == "┊   ━┿━   ┊"
    outside = interval_bar(look(-2.0, float("inf")))
    assert (outside[0], outside[-1], len(outside)) == ("◀", "▶", WIDTH)
    beyond = interval_bar(look(0.5, 0.6, "better"))
    assert beyond.endswith("▶")
    assert "━" not in beyond
    assert interval_bar(look(-0.6, -0.5, "worse")).startswith("◀")
    assert len(interval_bar(replace(LOOK, margin=0.0))) == WIDTH


def test_each_question_has_its_row_and_hostile_names_are_harmless() -> None:
    out = io.StringIO()
    console = Console(file=out, width=120)
    live = LiveDisplay(console)
    name = "[red]evil\x1b[31m"
    live.step(Progress("ask", name, "quiz", 50, 500, 0.5))
    live.step(Progress("look", name, "quiz", 100, 500, look=replace(LOOK, a=name)))
    live.step(Progress("look", "third", "quiz", 100, 500, look=replace(LOOK, a="third")))
    live.step(
        Progress("drop", "third", "quiz", 100, note="dropped on quiz: certainly not the best, by the evidence of small")
    )
    console.print(live.picture())
    shown = out.getvalue()
    assert "\x1b" not in shown
    assert "[red]evil⟨U+001B⟩[31m" in shown
    assert "? undecided [−10.0, +10.0]" in " ".join(shown.split())
    assert "third: dropped on quiz: certainly not the best, by the evidence of small" in shown
    assert [line for line in shown.splitlines() if "third − large" in line and "dropped" in line]


def test_without_a_terminal_a_verdict_is_one_line_and_told_once() -> None:
    out = io.StringIO()
    plain = PlainDisplay(Console(file=out, width=200))
    for found in (LOOK, look(0.01, 0.09, "better"), look(0.01, 0.09, "better")):
        plain.step(Progress("look", "small", "quiz", 100, 500, look=found))
    assert " ".join(out.getvalue().split()) == "quiz small against large ▲ better [+1.0, +9.0] 100 items"
