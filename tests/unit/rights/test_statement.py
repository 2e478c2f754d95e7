"""Statements for holders of rights: counted from traces in a ledger; the same in every form; telemetry by its rules."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from fairtrial.cli.main import app
from fairtrial.errors import RightsError
from fairtrial.ledger import Ledger
from fairtrial.ledger.encoding import encode_answer
from fairtrial.ledger.passage_uses import read_passage_answers
from fairtrial.records import GenerateAnswer, content_hash
from fairtrial.records.passages import PassageUse
from fairtrial.records.trace import TraceStep
from fairtrial.report.statement import render_csv, render_page, render_statement
from fairtrial.report.statement.table import describe_statement
from fairtrial.rights.statement import AnsweredWith, count_uses, make_sessions, read_month
from fairtrial.rights.statement.counting import add_counts
from fairtrial.rights.statement.uses import select_publisher

SCHEMA = json.loads(
    (Path(__file__).parents[3] / "docs" / "schemas" / "content-telemetry-session.schema.json").read_text()
)
CHECK = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.FormatChecker())
MONTH = read_month("2026-11")
AT = datetime(2026, 11, 26, 12, tzinfo=UTC)


def use(document: str = "d1", **other: Any) -> PassageUse:
    told = {
        "uri": f"https://harbour.example/{document}",
        "start": 0,
        "end": 120,
        "sha256": content_hash([document]).ljust(64, "0")[:64],
        "publisher": "Harbour Courier",
        "holder": "Harbour Press",
        "licence": "LicenseRef-harbour-2026",
    }
    return PassageUse(document, **{**told, **other})


def answer(*uses: PassageUse, at: datetime = AT, request: str = "r1") -> AnsweredWith:
    return AnsweredWith(at, "small", "c1", request, uses, 200, 30)


SHOWN = use(cited=True, quoted=7, amount=0.1, currency="EUR")
SECOND = use(start=120, end=300, amount=None)
HELD = use("another", withheld="the quotation is over the limit", publisher="The Evening Post", holder="")


def test_an_answer_counts_once_for_a_document() -> None:
    statement = count_uses([answer(SHOWN, SECOND, HELD), answer(SHOWN, request="r2")], MONTH)
    (courier, post) = statement.publishers
    assert (statement.answers, courier.publisher, courier.holders) == (2, "Harbour Courier", ("Harbour Press",))
    (line,) = courier.documents
    counts = line.counts
    assert (counts.retrieved, counts.shown, counts.cited, counts.quoted_words) == (2, 2, 2, 14)
    assert counts.due == {"EUR": Decimal("0.2")}  # not 0.2000000001
    assert (post.counts.shown, post.counts.withheld) == (0, {"the quotation is over the limit": 1})


def test_amounts_in_several_currencies_are_all_told() -> None:
    statement = count_uses([answer(use(amount=0.1, currency="EUR", also_due="0.2 USD, 1.5 GBP"), SHOWN)], MONTH)
    assert statement.counts.due == {"EUR": Decimal("0.2"), "GBP": Decimal("1.5"), "USD": Decimal("0.2")}


def test_a_month_ends_where_the_next_begins() -> None:
    inside = [answer(SHOWN, at=MONTH.begin), answer(SHOWN, at=MONTH.end - timedelta(milliseconds=1))]
    outside = [answer(SHOWN, at=MONTH.begin - timedelta(milliseconds=1)), answer(SHOWN, at=MONTH.end)]
    assert count_uses([*inside, *outside], MONTH).answers == 2
    assert read_month("2026-12").end == datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-00", "26-11", "2026-11-01", "0000-01", "2026-1١"])
def test_what_is_no_month_is_refused(text: str) -> None:
    with pytest.raises(RightsError, match="no month like 2026-11"):
        read_month(text)


def test_a_statement_for_one_licensor_tells_nothing_of_others() -> None:
    answers = [answer(SHOWN, HELD), answer(HELD, request="r2")]
    own = select_publisher(answers, "harbour  COURIER")
    told = json.dumps(list(make_sessions(own))) + render_csv(count_uses(own, MONTH))
    assert "harbour.example/d1" in told and "another" not in told and len(own) == 1
    assert select_publisher(answers, "Harbour Press") == own


def test_what_was_withheld_or_denied_is_not_counted_as_shown() -> None:
    denied = use("d2", withheld="not permitted: expired", mode="oracle")
    statement = count_uses([answer(replace(SHOWN, mode="oracle"), denied, HELD), answer(HELD, request="r2")], MONTH)
    assert (statement.answers, statement.shown, statement.withheld, statement.unshown) == (1, 1, 1, 1)
    (courier, post) = statement.publishers
    assert [line.document for line in courier.documents] == ["d1"]
    assert (courier.counts.retrieved, courier.counts.withheld, courier.denied, post.denied) == (1, {}, 1, 0)
    assert courier.counts.tests == {"oracle": 1} and courier.counts.due == {"EUR": Decimal("0.1")}
    assert describe_statement(statement) == (
        "1 answer stored in 2026-11 (UTC) was made with passages of 1 document. Of 1 more document passages were found "
        "and all withheld. For 1 more answer nothing that was found was shown to the model."
    )
    page = render_page(statement)
    assert "shown in tests: 1 of 1, because the question names the document (passages: oracle)" in page
    assert "1 document that questions of tests name is not counted for them: their use was denied" in page
    assert "example/d2" not in page + render_csv(statement) + json.dumps(list(make_sessions([answer(denied)])))


def test_a_publisher_of_whom_all_was_denied_has_no_row() -> None:
    statement = count_uses([answer(use(withheld="not permitted: expired", mode="oracle"))], MONTH)
    assert (statement.answers, statement.shown, statement.unshown, statement.denied) == (0, 0, 0, 1)
    assert render_csv(statement).count("\n") == 1
    console = Console(width=60, file=io.StringIO(), record=True)
    for part in render_statement(statement):
        console.print(part)
    shown = console.export_text()
    assert "Harbour Courier" in shown and "their use was" in shown and "retrieved" not in shown
    assert "<table" not in render_page(statement)


USES = st.builds(
    use,
    st.sampled_from(["d1", "d2", "d3"]),
    publisher=st.sampled_from(["A", "a ", "B", ""]),
    withheld=st.sampled_from(["", "", "why"]),
    mode=st.sampled_from(["search", "oracle", "distractors"]),
    cited=st.booleans(),
    quoted=st.integers(0, 9),
    amount=st.none() | st.sampled_from([0.01, 0.02, 0.1]),
    currency=st.sampled_from(["EUR", "GBP"]),
)
ANSWERS = st.lists(st.builds(lambda uses: answer(*uses), st.lists(USES, min_size=1, max_size=4)), max_size=5)


@settings(max_examples=60, deadline=None)
@given(ANSWERS, st.randoms())
def test_sums_are_sums_whatever_the_order(answers: list[AnsweredWith], random: Any) -> None:
    statement = count_uses(answers, MONTH)
    assert statement.counts == add_counts(line.counts for part in statement.publishers for line in part.documents)
    shuffled = list(answers)
    random.shuffle(shuffled)
    assert count_uses(shuffled, MONTH) == statement
    words = sum(one.quoted for given_ in answers for one in given_.passages)
    assert statement.counts.quoted_words == words
    due = sum((Decimal(str(u.amount)) for a in answers for u in a.passages if u.amount and u.shown), Decimal())
    assert sum(statement.counts.due.values(), Decimal()) == due
    rows = list(csv.DictReader(io.StringIO(render_csv(statement))))
    assert sum(int(row["quoted_words"] or 0) for row in rows) == words
    assert sum((Decimal(row["due"] or "0") for row in rows), Decimal()) == due


@settings(max_examples=60, deadline=None)
@given(ANSWERS)
def test_events_keep_the_rules_of_the_standard(answers: list[AnsweredWith]) -> None:
    sessions = list(make_sessions(answers))
    assert len(sessions) == len(answers)
    for session in sessions:
        CHECK.validate(session)
        ids = [event["id"] for event in session["events"]]
        assert len(set(ids)) == len(ids)
        kinds = [event["type"] for event in session["events"]]
        assert (kinds[0], kinds[-1]) == ("turn_started", "turn_completed")


def test_events_tell_what_was_found_shown_and_named() -> None:
    (session,) = make_sessions([answer(SHOWN, SECOND, HELD)])
    told = [(event["type"], event.get("content_url", "")) for event in session["events"][1:-1]]
    one, two = "https://harbour.example/d1", "https://harbour.example/another"
    assert told == [
        ("content_retrieved", one),
        ("content_retrieved", two),
        ("content_grounded", one),
        ("content_grounded", one),
        ("content_cited", one),
    ]
    cited = session["events"][-2]
    assert cited["data"]["citation_type"] == "direct_quote" and cited["license_ref"] == "LicenseRef-harbour-2026"
    assert cited["data"]["content_hash"] == f"sha256:{SHOWN.sha256}"
    assert session == next(make_sessions([answer(SHOWN, SECOND, HELD)]))


@pytest.mark.parametrize(
    "uri", ["articles/1.md", "https://x.example/a b", "https://x.example/ä", "javascript:x", "//["]
)
def test_what_is_no_address_is_told_as_an_identifier(uri: str) -> None:
    (session,) = make_sessions([answer(use(uri=uri, cited=True))])
    CHECK.validate(session)
    assert {event.get("content_id") for event in session["events"][1:-1]} == {uri}


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (-2, {"id": None}),
        (-2, {"output_id": ""}),
        (-2, {"content_url": None}),
        (-2, {"data": {}}),
        (-2, {"data": {"citation_type": "quoted"}}),
        (-1, {"turn": {"privacy_level": "minimal", "query_text": "What?"}}),
        (-1, {"turn": {}}),
        (1, {"source_role": "crawler"}),
        (1, {"type": "content_displayed"}),
        (2, {"citation_id": "880e8400-e29b-41d4-a716-446655440113"}),
        (2, {"timestamp": "yesterday"}),
    ],
)
def test_the_schema_refuses_what_the_standard_refuses(place: int, change: dict[str, Any]) -> None:
    (session,) = make_sessions([answer(SHOWN)])
    CHECK.validate(session)
    event = {**session["events"][place], **change}
    session["events"][place] = {name: value for name, value in event.items() if value is not None}
    with pytest.raises(jsonschema.ValidationError):
        CHECK.validate(session)


HOSTILE = use(publisher='=HYPERLINK("x")', uri="@SUM(1)<script>\x1b[31m\u202e", licence="=1+1", withheld="<b>\n+1")


def test_no_form_runs_what_a_document_calls_itself() -> None:
    statement = count_uses([answer(HOSTILE)], MONTH)
    rows = list(csv.reader(io.StringIO(render_csv(statement))))
    assert [cell for cell in rows[1] if cell[:1] in ("=", "+", "-", "@")] == []
    page = render_page(statement)
    assert "<script" not in page and "\x1b" not in page and "\u202e" not in page and "<b>" not in page
    console = Console(width=60, file=io.StringIO(), record=True)
    for part in render_statement(statement):
        console.print(part)
    assert "\x1b" not in console.export_text() and "\u202e" not in console.export_text()


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    path = tmp_path / "ledger.db"
    with Ledger.open(path) as store, store.writing(), store.transaction() as db:
        db.execute("INSERT INTO candidates (id, name, spec) VALUES ('c1', 'small', '{}')")
        trace = (TraceStep("retrieve", passages=(SHOWN, HELD)),)
        body = json.dumps(encode_answer(GenerateAnswer("So they say.", 3, "stop", 5, trace=trace)))
        for number, day in enumerate(
            ("2026-10-31T23:59:59.999Z", "2026-11-01T00:00:00.000Z", "2026-11-30T23:59:59.999Z")
        ):
            db.execute("INSERT INTO requests (id, base, body) VALUES (?, NULL, x'')", (f"r{number}",))
            db.execute("INSERT INTO answers VALUES ('c1', ?, ?, ?)", (f"r{number}", body, day))
    return path


def call(ledger: Path, *arguments: str) -> str:
    done = CliRunner().invoke(app, ["rights", "statement", "--ledger", str(ledger), *arguments], catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_answers_of_the_month_are_read_from_the_ledger(ledger: Path) -> None:
    with Ledger.open(ledger, create=False) as store:
        found = list(read_passage_answers(store, MONTH.begin, MONTH.end))
    assert [one.request_id for one in found] == ["r1", "r2"]
    assert found[0].passages == (SHOWN, HELD) and (found[0].candidate, found[0].tokens_out) == ("small", 3)


def test_a_search_alone_shows_no_model_anything_and_owes_nothing(ledger: Path) -> None:
    with Ledger.open(ledger) as store, store.writing(), store.transaction() as db:
        db.execute('UPDATE candidates SET spec = \'{"model": "search"}\'')
    told = json.loads(call(ledger, "--month", "2026-11", "--json"))
    assert (told["answers"], told["answers_shown_nothing"], told["documents_shown"]) == (0, 2, 0)
    assert (told["total"]["shown"], told["total"]["due"]) == (0, {})
    assert told["total"]["withheld"]["no model was asked"] == 2
    events = [json.loads(line) for line in call(ledger, "--month", "2026-11", "-f", "telemetry").splitlines()]
    assert all(CHECK.is_valid(one) for one in events)
    assert "content_grounded" not in json.dumps(events) and "content_retrieved" in json.dumps(events)


def test_every_form_says_the_same(ledger: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    shown = call(ledger, "--month", "2026-11")
    assert "2 answers stored in 2026-11 (UTC)" in " ".join(shown.split()) and "Due in all: 0.20 EUR" in shown
    assert max(len(line) for line in shown.splitlines()) <= 60
    told = json.loads(call(ledger, "--month", "2026-11", "--json"))
    assert told["total"]["due"] == {"EUR": "0.20"} and told["total"]["quoted_words"] == 14
    sessions = [json.loads(line) for line in call(ledger, "--month", "2026-11", "-f", "telemetry").splitlines()]
    assert len(sessions) == 2 and all(CHECK.is_valid(one) for one in sessions)
    call(ledger, "--month", "2026-11", "-f", "csv", "-o", str(tmp_path / "s.csv"))
    assert (tmp_path / "s.csv").read_bytes().startswith(b"\xef\xbb\xbfperiod,publisher")
    assert "0.20 EUR" in call(ledger, "--month", "2026-11", "-f", "html")
    assert "0 answers" in call(ledger, "--month", "2026-09")
