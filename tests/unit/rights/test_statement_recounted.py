"""A statement counted a second time: from the traces in the ledger, read as plain JSON and added up in loops."""

from __future__ import annotations

import csv
import io
import json
import random
import sqlite3
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from fairtrial.cli.main import app
from fairtrial.ledger import Ledger
from fairtrial.ledger.encoding import encode_answer
from fairtrial.records import GenerateAnswer
from fairtrial.records.passages import PassageUse
from fairtrial.records.trace import TraceStep

CANDIDATES = {"search": "c1", "oracle": "c2", "distractors": "c3"}
WHY = ("", "", "", "did not fit the context", "too little evidence", "not permitted: expired")


def make_use(chance: random.Random, mode: str, told: bool) -> PassageUse:
    number, why = chance.randrange(9), chance.choice(WHY)
    shown = not why
    return PassageUse(
        f"d{number}",
        f"https://{'abc'[number % 3]}.example/{number}",
        0,
        90,
        f"{number}".ljust(64, "0"),
        publisher=("The Tide", "Harbour Courier", "Expired Press")[number % 3],
        withheld="not permitted: expired" if number % 3 == 2 else why,
        cited=shown and number % 3 != 2 and chance.random() < 0.5,
        quoted=chance.randrange(5) if shown and number % 3 != 2 else 0,
        amount=0.07 if shown and number % 3 == 1 else None,
        currency="EUR" if shown and number % 3 == 1 else "",
        mode=mode if told else "search",  # type: ignore[arg-type]
    )


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    """A ledger with answers of three candidates; half of the traces are of when they did not tell the mode."""
    path, chance = tmp_path / "ledger.db", random.Random(11)
    with Ledger.open(path) as store, store.writing(), store.transaction() as db:
        for mode, candidate in CANDIDATES.items():
            spec = json.dumps({"levers": [{"retrieve": {"archive": "news.db", "passages": mode}}]})
            db.execute("INSERT INTO candidates (id, name, spec) VALUES (?, ?, ?)", (candidate, mode, spec))
        for number in range(40):
            db.execute("INSERT INTO requests (id, base, body) VALUES (?, NULL, x'')", (f"r{number}",))
            for mode, candidate in CANDIDATES.items():
                uses = [make_use(chance, mode, number % 2 == 0) for _ in range(chance.randrange(4))]
                trace = (TraceStep("retrieve", passages=tuple(uses)),)
                body = json.dumps(encode_answer(GenerateAnswer("So.", 3, "stop", 5, trace=trace)))
                row = (candidate, f"r{number}", body, f"2026-{10 + number % 3}-15T00:00:00.000Z")
                db.execute("INSERT INTO answers VALUES (?, ?, ?, ?)", row)
    return path


def recount(path: Path) -> dict[str, Any]:
    """Return the counts of November, from SQLite and JSON alone."""
    db = sqlite3.connect(path)
    rows = db.execute("SELECT candidate_id, answer FROM answers WHERE created LIKE '2026-11-%'").fetchall()
    db.close()
    found: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    denied, due = set(), Decimal()
    answers = unshown = 0
    for candidate, text in rows:
        uses = [use for step in json.loads(text).get("trace", []) for use in step.get("passages", [])]
        possible = [use for use in uses if not use.get("withheld", "").startswith("not permitted")]
        shown = [use for use in possible if "withheld" not in use]
        answers += len(shown) > 0
        unshown += len(possible) > 0 and not shown
        for document in {use["document"] for use in possible}:
            own = [use for use in possible if use["document"] == document]
            line = found[document]
            line["retrieved"] += 1
            line["shown"] += any("withheld" not in use for use in own)
            line[candidate] += any("withheld" not in use for use in own)
            line["cited"] += any(use.get("cited") for use in own)
            line["quoted_words"] += sum(use.get("quoted", 0) for use in own)
            line["withheld"] += len({use["withheld"] for use in own if "withheld" in use})
        denied |= {use["document"] for use in uses} - {use["document"] for use in possible}
        due += sum((Decimal(str(use["amount"])) for use in shown if use.get("amount")), Decimal())
    return {"documents": found, "denied": denied, "due": due, "answers": answers, "unshown": unshown}


def state(ledger: Path, *form: str) -> str:
    arguments = ["rights", "statement", "--ledger", str(ledger), "--month", "2026-11", *form]
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert done.exit_code == 0
    return done.output


def test_statement_and_table_and_events_are_what_a_second_count_says(ledger: Path) -> None:
    plain = recount(ledger)
    documents = plain["documents"]
    told = json.loads(state(ledger, "--json"))
    assert (told["answers"], told["answers_shown_nothing"]) == (plain["answers"], plain["unshown"])
    assert told["documents_shown"] == sum(line["shown"] > 0 for line in documents.values()) > 0
    assert told["documents_withheld"] == sum(line["shown"] == 0 for line in documents.values())
    assert Decimal(told["total"]["due"]["EUR"]) == plain["due"] > 0
    assert sum(part["denied"] for part in told["publishers"]) == told["documents_denied"]
    assert told["documents_denied"] >= 3  # those of the publisher whose licence ran out

    rows = {row["document"]: row for row in csv.DictReader(io.StringIO(state(ledger, "-f", "csv").lstrip("\ufeff")))}
    assert set(rows) == set(documents)
    for document, line in documents.items():
        names = ("retrieved", "shown", "cited", "quoted_words", "withheld")
        assert [int(rows[document][name]) for name in names] == [line[name] for name in names]
        tests = [int(rows[document][name]) for name in ("shown_by_oracle", "shown_as_distractors")]
        assert tests == [line["c2"], line["c3"]]
    assert not [row for row in rows.values() if row["publisher"] == "Expired Press"]

    events = [event for line in state(ledger, "-f", "telemetry").splitlines() for event in json.loads(line)["events"]]
    for document, line in documents.items():
        own = [one for one in events if one.get("content_url") == rows[document]["address"]]
        assert sum(one["type"] == "content_retrieved" for one in own) == line["retrieved"]
    assert not [one for one in events if one.get("content_url", "").startswith("https://c.example")]


def test_the_first_line_says_what_a_second_count_says(ledger: Path) -> None:
    plain = recount(ledger)
    shown = sum(line["shown"] > 0 for line in plain["documents"].values())
    head = f"{plain['answers']} answers stored in 2026-11 (UTC) were made with passages of {shown} documents."
    assert head in " ".join(state(ledger).split())
