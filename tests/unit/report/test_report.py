"""What the report and the tables say, and that hostile text in them stays text."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from fairtrial.errors import FairtrialError
from fairtrial.ledger import Ledger
from fairtrial.pages.showing import make_visible
from fairtrial.report import words
from fairtrial.report.examples import find_flips
from fairtrial.report.html.page import render_report, write_report
from fairtrial.report.html.plots import make_forests, make_round_axis
from fairtrial.report.pictures import ReportPictures
from fairtrial.report.study import is_slim, lay_out, write_cells
from fairtrial.report.summary import Summary, summarise
from fairtrial.report.terminal import list_notes, make_estimates_table, make_verdicts_table
from fairtrial.studies import Column, Interval, Table
from tests.support.ledgers import filled
from tests.support.report_ledger import TRIAL_ID, report_ledger

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> Ledger:
    return report_ledger(tmp_path_factory.mktemp("ledger") / "report.db")


@pytest.fixture(scope="module")
def summary(ledger: Ledger) -> Summary:
    return summarise(ledger, TRIAL_ID)


@pytest.fixture(scope="module")
def page(ledger: Ledger, summary: Summary) -> str:
    return render_report(ledger, summary)


class Elements(HTMLParser):
    """Collects elements with their attributes, and the text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


def test_hostile_text_is_text(page: str) -> None:
    found = Elements(page)
    assert not {"script", "img", "iframe", "object", "embed", "link", "a", "form", "base"} & set(found.tags)
    names = {name for name, _ in found.attributes}
    assert not [name for name in names if name.startswith("on")]
    assert not {"src", "href"} & names
    assert "planted" not in [value for name, value in found.attributes if name == "id"]
    assert "49" not in re.findall(r"\{\{ 7\*7 \}\}|\b49\b(?= ⟨U\+202E⟩)", found.text)
    assert "⟨U+202E⟩" in found.text
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert "<script>window.hacked" in found.text  # shown, not run


def test_the_page_loads_nothing(page: str) -> None:
    assert "http://" not in page
    assert "https://" not in page
    assert "url(" not in page
    assert "default-src 'none'" in page


def test_the_page_says_what_was_found(page: str, summary: Summary) -> None:
    found = Elements(page).text
    for verdict in summary.verdicts:
        assert words.describe_verdict(verdict, summary.task(verdict.task)) in found
    assert "smaller is worse than baseline on choosing (acc)" in found
    assert "better-one is better than baseline on writing (acc)" in found
    assert "joules" in found
    assert "no meter here" in found
    assert "requests were cut to fit the context" in found
    assert "0, 60 looks" not in found
    assert "smaller on choosing is not distinguishable from guessing (25.0%)." in found
    assert "A tie says little about a candidate that only guesses" in found


def test_levers_are_shown_as_the_trial_file_writes_them(ledger: Ledger, summary: Summary) -> None:
    levers = ({"cascade": {"to": "two", "threshold": 0.4}}, {"chat_template": "model"})
    first, *others = summary.candidates
    changed = replace(first, spec=replace(first.spec, levers=levers))
    text = render_report(ledger, replace(summary, candidates=(changed, *others)))
    assert ">cascade: {to: two, threshold: 0.4}, chat_template: model</td>" in text


def turn_round(summary: Summary, name: str) -> Summary:
    """Return the summary as if less of a task's main measure were better."""
    task = summary.task(name)
    measures = tuple(
        replace(one, higher_is_better=False) if one.name == task.main_measure else one for one in task.card.measures
    )
    turned = replace(task, card=replace(task.card, measures=measures))
    return replace(summary, tasks=[turned if one.name == name else one for one in summary.tasks])


def test_a_forest_says_which_side_is_better(summary: Summary) -> None:
    sides = {
        row.verdict.task: one.better_side for one in make_forests(turn_round(summary, "writing")) for row in one.rows
    }
    assert (sides["writing"], sides["choosing"]) == ("left", "right")


def test_fixed_is_what_became_better_whichever_side_that_is(ledger: Ledger, summary: Summary) -> None:
    pictures = ReportPictures(ledger)
    ways = [find_flips(ledger, one, pictures) for one in (summary, turn_round(summary, "writing"))]
    plain, turned = ([(one.fixed, one.broke) for one in way if one.verdict.task == "writing"] for way in ways)
    assert any(fixed or broke for fixed, broke in plain)
    assert turned == [(broke, fixed) for fixed, broke in plain]


def test_narrow_tables_stay_tables_on_a_phone() -> None:
    counts = Table("bins", (Column("confidence"), Column("right", "1"), Column("answers")), (("33 to 40%", 0.333, 21),))
    assert is_slim(write_cells(counts))
    assert is_slim(write_cells(replace(counts, rows=(("", 0.1, 1),))))  # a column that says nothing
    long_name = (Column("a_very_long_name_of_a_thing"), *counts.columns[1:])
    assert not is_slim(
        write_cells(replace(counts, columns=long_name, rows=(("elections_false_claims_choices", 0.5, 1),)))
    )
    sentence = "an answer of a whole sentence that goes on for a while"
    assert not is_slim(write_cells(replace(counts, rows=((sentence, 0.1, 1),))))


def test_a_table_that_is_wider_than_a_page_is_turned() -> None:
    names = [f"measure_{at}" for at in range(12)]
    share = Interval(0.455, 0.167, 0.766)
    wide = Table("c", (Column("condition"), *(Column(n, "1") for n in names)), tuple((w, *[share] * 12) for w in "ab"))
    shown = lay_out(wide)
    assert shown.turned and shown.heads == ("condition", "a", "b") and shown.figures == (False, True, True)
    assert shown.rows == tuple((name, "45.5% [16.7, 76.6]", "45.5% [16.7, 76.6]") for name in names)
    assert not lay_out(replace(wide, columns=wide.columns[:4], rows=tuple(row[:4] for row in wide.rows))).turned
    many = tuple((str(at), *[share] * 12) for at in range(11))
    assert not lay_out(replace(wide, rows=many)).turned  # would be as wide


def test_long_texts_are_folded_away(page: str) -> None:
    assert "characters</summary>" in page


def test_the_perplexity_verdict_is_in_logarithms(summary: Summary) -> None:
    [found] = [v for v in summary.verdicts if v.task == "modelling" and v.a == "better-one"]
    text = words.describe_verdict(found, summary.task("modelling"))
    assert found.verdict == "better"
    assert found.difference < 0
    assert "in logarithms" in text
    mine = [e for e in summary.estimates if (e.task, e.candidate) == ("modelling", "better-one")]
    [estimate] = [e for e in mine if e.measure == "ppl"]
    assert estimate.low < estimate.mean < estimate.high
    assert 4 < estimate.mean < 13  # exp of 1.5 to 2.5 nats


def test_the_document_follows_its_schema(summary: Summary) -> None:
    schema = json.loads((ROOT / "docs" / "schemas" / "run.schema.json").read_text())
    document = json.loads(json.dumps(summary.document(Path("x.html")), allow_nan=False))
    jsonschema.validate(document, schema)
    assert document["report"] == "x.html"
    assert len(document["verdicts"]) == 6
    bad = {**document, "verdicts": [{**document["verdicts"][0], "verdict": "splendid"}]}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(bad, schema)


@pytest.mark.parametrize("width", [80, 120])
def test_the_tables_fit_the_terminal(summary: Summary, width: int) -> None:
    out = io.StringIO()
    console = Console(file=out, width=width)
    for shown in (make_estimates_table(summary), make_verdicts_table(summary), *list_notes(summary)):
        console.print(shown)
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= width
    assert "▼ worse" in text
    assert "▲ better" in text
    assert "\x1b" not in text


def test_a_trial_without_answers_has_a_report(tmp_path: Path) -> None:
    with filled(tmp_path / "empty.db") as ledger:
        path = write_report(ledger, summarise(ledger, "tried").trial_id, tmp_path / "made" / "empty.html")
    text = path.read_text()
    assert text.startswith("<!doctype html>")
    assert "Nothing to compare" in text
    assert "Not finished." in text
    assert "<h2>Scores</h2>" not in text
    assert [p.name for p in path.parent.iterdir()] == ["empty.html"]


def test_a_report_that_cannot_be_written_is_an_error(ledger: Ledger, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FairtrialError, match="cannot be written"):
        write_report(ledger, TRIAL_ID, tmp_path / "file" / "report.html")


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(0.6349, "1", "63.5%"), (0.0, "1", "0.0%"), (12345.678, "s", "12,346 s"), (0.00123456, "s", "0.00123 s")],
)
def test_quantities(value: float, unit: str, text: str) -> None:
    assert words.format_quantity(value, unit) == text


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [(-0.12, "1", "−12.0"), (0.034, "1", "+3.4"), (0.0, "1", "+0.0"), (-2.5, "s", "−2.50"), (float("inf"), "s", "∞")],
)
def test_differences(value: float, unit: str, text: str) -> None:
    assert words.format_difference(value, unit) == text


@pytest.mark.parametrize(("low", "high"), [(-0.5, 0.1), (0, 1), (-3e-5, 2e-5), (0.2, 0.2), (-1234, 5678)])
def test_axes_hold_their_values_at_round_ticks(low: float, high: float) -> None:
    axis = make_round_axis(low, high)
    assert axis.low <= low
    assert axis.high >= high
    assert 2 <= len(axis.ticks) <= 9
    assert axis.at(axis.low) == 0
    assert axis.at(axis.high) == 100
    assert axis.at(axis.high + 1) == 100


def test_hidden_characters_become_visible() -> None:
    assert make_visible("a\u202eb\u200bc\x00d\te\nf\ufeff") == "a⟨U+202E⟩b⟨U+200B⟩c⟨U+0000⟩d\te\nf⟨U+FEFF⟩"
