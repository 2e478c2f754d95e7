"""The live display: intervals as bars, lines without a terminal."""

from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from fairtrial.analysis.verdicts import Verdict
from fairtrial.cli.live import WIDTH, LiveDisplay, PlainDisplay, interval_bar
from fairtrial.cli.time_left import TimeLeft, describe_seconds, describe_start
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


def run_steps(shown: LiveDisplay | PlainDisplay) -> None:
    """A run of two candidates on one task; the ledger has half of the first one's answers."""
    shown.step(Progress("check", "small", "quiz", 0, 100, reused=50))
    shown.step(Progress("check", "large", "quiz", 0, 100))
    shown.step(Progress("start", done=50, total=200))
    shown.step(Progress("ask", "small", "quiz", 50, 100, 0.5, reused=50))
    shown.step(Progress("ask", "small", "quiz", 100, 100, 0.5))
    shown.step(Progress("ask", "large", "quiz", 50, 100, 0.5))


def test_the_whole_run_has_a_bar_with_the_time_that_is_left() -> None:
    out = io.StringIO()
    live = LiveDisplay(Console(file=out, width=120))
    run_steps(live)
    live.live.console.print(live.picture())
    shown = out.getvalue()
    assert "resuming: 50 of 200 answers are in the ledger, 150 are to be asked" in shown
    [whole] = [line for line in shown.splitlines() if line.startswith("all ")]
    assert "150/200" in whole
    assert whole.rstrip().endswith("at most 1 s left")


@pytest.mark.parametrize("width", [40, 60])
def test_in_a_narrow_terminal_no_figure_is_broken(width: int) -> None:
    out = io.StringIO()
    live = LiveDisplay(Console(file=out, width=width))
    run_steps(live)
    live.step(Progress("look", "small", "a-task-with-a-long-name", 100, 500, look=replace(LOOK, task="quiz")))
    live.live.console.print(live.picture())
    lines = out.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert [line.split()[-2:] for line in lines if line.startswith("quiz  large") or line.startswith("quiz large")] == [
        ["50/100", "0.5"]
    ]


def test_lines_without_a_terminal_say_how_far_the_run_is() -> None:
    out = io.StringIO()
    run_steps(PlainDisplay(Console(file=out, width=200)))
    lines = out.getvalue().splitlines()
    assert lines[0] == "resuming: 50 of 200 answers are in the ledger, 150 are to be asked"
    assert lines[-1] == "quiz  small  100/100  0.5  (100 of 200 in all, at most 1 s left)"


def test_time_left_goes_by_what_each_candidate_took() -> None:
    now = iter([0.0, 0.0, 10.0, 110.0])
    left = TimeLeft(lambda: next(now))
    for key, known in ((("quiz", "small"), 40), (("quiz", "large"), 0), (("other", "large"), 0)):
        left.expect(key, 100, known)
    assert left.estimate() is None
    left.start()
    left.count(("quiz", "small"), 40, 100, 40)  # known before: costs nothing, says nothing
    assert left.estimate() is None
    left.count(("quiz", "small"), 60, 100, 0)  # 20 in 10 s
    assert left.estimate() == pytest.approx(40 * 0.5 + 200 * 0.5)
    left.count(("quiz", "large"), 50, 100, 0)  # 50 in 100 s
    assert left.estimate() == pytest.approx(40 * 0.5 + 50 * 2 + 100 * 110 / 70)
    left.close(("other", "large"))
    assert left.estimate() == pytest.approx(40 * 0.5 + 50 * 2)
    assert (left.done, left.total) == (110, 200)


def test_answers_that_another_candidate_gave_meanwhile_leave_nothing_to_wait_for() -> None:
    now = iter([0.0, 10.0, 10.0])
    left = TimeLeft(lambda: next(now))
    for name in ("a", "its-twin"):
        left.expect(("quiz", name), 20, 0)
    left.start()
    left.count(("quiz", "a"), 20, 20, 0)
    assert left.estimate() == pytest.approx(10)
    left.count(("quiz", "its-twin"), 20, 20, 20)
    assert left.estimate() == 0


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.2, "1 s"), (89.0, "89 s"), (90.0, "2 min"), (3600.0, "60 min"), (7500.0, "2 h 5 min")]
)
def test_times_in_words(seconds: float, words: str) -> None:
    assert describe_seconds(seconds) == words


@pytest.mark.parametrize(
    ("known", "total", "words"),
    [
        (0, 0, "nothing to ask"),
        (0, 1200, "1,200 answers to ask"),
        (1200, 1200, "all 1,200 answers are in the ledger; nothing is asked"),
    ],
)
def test_a_run_says_at_once_what_there_is_to_ask(known: int, total: int, words: str) -> None:
    assert describe_start(known, total) == words


def test_judgements_are_told_at_the_start_and_as_they_come() -> None:
    assert describe_start(0, 30, 15) == "30 answers to ask; 15 judgements to ask"
    assert describe_start(30, 30, 1) == "all 30 answers are in the ledger; 1 judgement to ask"
    out = io.StringIO()
    console = Console(file=out, width=200)
    plain, live = PlainDisplay(console), LiveDisplay(console)
    for shown in (plain, live):
        shown.step(Progress("check", "a, rating by strict", "quiz", 0, 15))
        shown.step(Progress("start", done=30, total=30, judgements=15))
        shown.step(Progress("judge", "a, rating by strict", "quiz", 15, 15))
    console.print(live.picture())
    lines = out.getvalue().splitlines()
    assert lines[0] == "all 30 answers are in the ledger; 15 judgements to ask"
    assert lines[1].startswith("quiz  a, rating by strict  15/15")
    assert "15/15" in lines[-1]
    live.time_left.close(("quiz", "a"))
    assert live.time_left.rows["quiz", "a, rating by strict"].closed
