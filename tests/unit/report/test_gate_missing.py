"""A gate does not pass on what happens to be there: it says what is missing, and fails unless that is allowed."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from fairtrial.analysis.doubts import Doubt
from fairtrial.cli.main import app
from fairtrial.ledger import Chunk, Ending, Ledger, query
from fairtrial.records import Item, Observation, content_hash
from fairtrial.report.gate import GateAllowances, GateQuestions, change_baseline, judge_gate
from fairtrial.report.junit import write_junit
from fairtrial.report.summary import Summary, summarise
from tests.support.standing_ledger import TRIAL, Column, trial_ledger

ITEMS = 400


def half() -> list[float]:
    """Right at half of the items, in random order."""
    return [float(x) for x in np.random.default_rng(4).permutation(np.arange(ITEMS) < ITEMS // 2)]


def made(
    path: Path,
    columns: dict[str, Column],
    early: bool = False,
    pairing: dict[str, Any] | None = None,
    margin: float = 0.05,
) -> Ledger:
    """A trial, and what its plan says of a recorded candidate."""
    decide = {"margin": margin, "stop_early": early}
    ledger = trial_ledger(path, list(columns), {"t": {"acc": columns}}, decide=decide)
    if pairing is not None:
        plan = json.loads(json.dumps(query.find_trial(ledger, TRIAL).document))
        plan["tasks"][0]["pairings"] = [pairing]
        with ledger.transaction() as db:
            db.execute("UPDATE trials SET plan = ?", (json.dumps(plan),))
    return ledger


def checked(path: Path, *options: str) -> tuple[Result, dict[str, Any]]:
    done = CliRunner().invoke(app, ["check", "--ledger", str(path), "--json", *options])
    return done, json.loads(done.stdout)


def test_a_log_without_the_items_that_the_candidate_failed(tmp_path: Path) -> None:
    """It lacks 60 of the 400 items, all of which it failed."""
    base = half()
    failed = [i for i, right in enumerate(base) if not right][:60]
    log = [None if i in failed else right for i, right in enumerate(base)]
    pairing = {"candidate": "log", "items": ITEMS, "paired": 340, "recorded": 340, "ambiguous": 0, "examples": []}
    made(tmp_path / "l.db", {"base": base, "log": log}, pairing=pairing).close()
    done, document = checked(tmp_path / "l.db", "--junit", str(tmp_path / "j.xml"))
    assert done.exit_code == 7
    assert not document["passed"]
    assert document["missing"][0] == "60 of 400 items of t have no recorded answer of log."
    assert [check["outcome"] for check in document["checks"]] == ["holds"]  # by what is there
    suites = {suite.get("name"): suite for suite in ET.parse(tmp_path / "j.xml").getroot()}
    assert suites["standing: missing"].get("failures") == "2"
    plain = CliRunner().invoke(app, ["check", "--ledger", str(tmp_path / "l.db")])
    assert "Missing: 60 of 400 items of t have no recorded answer of log." in plain.stdout
    assert "The gate fails: there is something missing to judge by (--allow-missing lets it pass)." in " ".join(
        plain.stdout.split()
    )
    done, document = checked(tmp_path / "l.db", "--allow-missing")
    assert (done.exit_code, document["passed"], document["allowed"]["missing"]) == (0, True, True)


BUDGET = Ending("budget", "stopped by the budget of 800 item answers")


@pytest.mark.parametrize("ending", [None, BUDGET, Ending("interrupted")])
def test_a_trial_that_was_killed_or_stopped_half_way(tmp_path: Path, ending: Ending | None) -> None:
    base = half()
    with made(tmp_path / "l.db", {"base": base[:300], "new": base[:300]}) as ledger:
        [task] = query.find_trial(ledger, TRIAL).plan.tasks
        others = [content_hash(["t", i]) for i in range(300, ITEMS)]
        # the last 100 of 400 items are not asked yet
        ledger.add_items(task.id, [Item(x, i, f"question {i}", (), (), str(i), {}) for i, x in enumerate(others, 300)])
        with ledger.transaction() as db:
            db.executemany(
                "INSERT INTO trial_items VALUES (?, ?, ?, ?)",
                [(TRIAL, task.id, i, item) for i, item in enumerate(others, 300)],
            )
        session = ledger.open_session(TRIAL, {})
        if ending:
            ledger.close_session(session, ending)
    done, document = checked(tmp_path / "l.db")
    assert [check["outcome"] for check in document["checks"]] == ["holds"]
    assert (done.exit_code, document["missing"]) == (
        7,
        ["100 of 400 items of t (acc) have no answer to judge by of both new and base."],
    )


def test_null_answers_on_both_sides(tmp_path: Path) -> None:
    base: list[float | None] = list(half())
    base[:150] = [None] * 150
    made(tmp_path / "l.db", {"base": base, "new": base}).close()
    done, document = checked(tmp_path / "l.db")
    assert (done.exit_code, document["passed"]) == (7, False)
    assert document["missing"][0].startswith("150 of 400 items of t (acc) have no answer to judge by")


def test_a_measure_that_the_task_gives_to_some_items_only_is_not_missing(tmp_path: Path) -> None:
    base = half()
    with made(tmp_path / "l.db", {"base": base, "new": base}) as ledger:
        plan = json.loads(json.dumps(query.find_trial(ledger, TRIAL).document))
        [task] = plan["tasks"]
        part = {**task["card"]["measures"][0], "name": "part"}
        task["card"]["measures"].append(part)
        task["measures"] = ["acc", "part"]
        with ledger.transaction() as db:
            db.execute("UPDATE trials SET plan = ?", (json.dumps(plan),))
        for name in ("base", "new"):
            seen = [(task["id"], content_hash(["t", i]), 0, Observation("part", 1.0)) for i in range(60)]
            ledger.commit(content_hash(["c", name]), Chunk(observations=seen))
        assert summarise(ledger, TRIAL).gaps == []


def test_a_candidate_that_the_device_left_out(tmp_path: Path) -> None:
    base = half()
    with made(tmp_path / "l.db", {"base": base, "new": base}) as ledger:
        fit = {"device": {}, "candidates": {}, "excluded": {"large": ["it needs 9 GB of memory; 4 GB are allowed"]}}
        ledger.close_session(ledger.open_session(TRIAL, {"fit": fit}), Ending("finished"))
    done, document = checked(tmp_path / "l.db")
    told = "large was not tried: it does not fit the device (it needs 9 GB of memory; 4 GB are allowed)."
    assert (done.exit_code, document["missing"]) == (7, [told])
    assert checked(tmp_path / "l.db", "--candidate", "new")[0].exit_code == 0
    assert checked(tmp_path / "l.db", "--allow-missing")[0].exit_code == 0


def test_a_trial_that_stops_early_may_end_early_and_not_half_way(tmp_path: Path) -> None:
    """What is settled needs no more items; what is open and was left needs them, even where undecided may pass."""
    rng = np.random.default_rng(3)
    base = [float(x) for x in rng.random(ITEMS) < 0.5]
    columns: dict[str, Column] = {"base": base, "good": [1.0] * 200, "same": [float(x) for x in rng.random(100) < 0.5]}
    with made(tmp_path / "l.db", columns, early=True) as ledger:
        summary = summarise(ledger, TRIAL)
        assert [v.verdict for v in summary.verdicts] == ["better", "undecided"]
        [gap] = summary.gaps
        assert (gap.kind, gap.candidate, gap.count, gap.of) == ("unasked", "same", 300, 400)
        assert judge_gate(summary, GateQuestions(candidate="good")).passed
        assert not judge_gate(summary, GateQuestions(), GateAllowances(undecided=True)).passed
        assert judge_gate(summary, GateQuestions(), GateAllowances(undecided=True, missing=True)).passed


def with_doubts(summary: Summary, doubts: Sequence[Doubt]) -> Summary:
    return replace(summary, doubts=doubts)


def test_what_the_headline_doubts_fails_the_gate(tmp_path: Path) -> None:
    base = half()
    loud = Doubt("unread", "No answer could be read from 390 of 400 texts of new on t.", "t", "new", 390, 400, True)
    quiet = replace(loud, headline=False)
    with made(tmp_path / "l.db", {"base": base, "new": base}) as ledger:
        summary = summarise(ledger, TRIAL)
    assert judge_gate(with_doubts(summary, [quiet]), GateQuestions()).passed
    doubted = with_doubts(summary, [loud])
    found = judge_gate(doubted, GateQuestions())
    assert (found.passed, found.doubts) == (False, [loud.text])
    assert 'message="doubts"' in write_junit(doubted, found)
    assert judge_gate(doubted, GateQuestions(), GateAllowances(doubts=True)).passed
    elsewhere = with_doubts(summary, [replace(loud, task="u"), replace(loud, candidate="third")])
    assert judge_gate(elsewhere, GateQuestions()).passed


def test_no_answers_at_all_are_missing_and_not_only_undecided(tmp_path: Path) -> None:
    made(tmp_path / "l.db", {"base": half(), "new": []}).close()
    done, document = checked(tmp_path / "l.db", "--allow-undecided")
    assert (done.exit_code, document["passed"]) == (7, False)
    assert document["missing"][0].startswith("400 of 400 items of t (acc) have no answer to judge by")


def test_another_baseline_has_its_own_gaps(tmp_path: Path) -> None:
    columns: dict[str, Column] = {"base": half(), "part": half()[:300], "new": half()}
    with made(tmp_path / "l.db", columns) as ledger:
        summary = summarise(ledger, TRIAL)
        assert judge_gate(summary, GateQuestions(candidate="new")).passed
        turned = judge_gate(change_baseline(ledger, summary, "part"), GateQuestions(candidate="new"))
        assert turned.missing == ["100 of 400 items of t (acc) have no answer to judge by of both new and part."]


def test_claims_may_be_judged_alone_where_all_must_hold(tmp_path: Path) -> None:
    zeros = [float(i < 200) for i in range(ITEMS)]
    columns: dict[str, Column] = {"base": zeros} | {
        f"c{i}": [float(i < 200 + 9) for i in range(ITEMS)] if i == 3 else zeros for i in range(20)
    }
    made(tmp_path / "l.db", columns, margin=0.001).close()
    for options, word in (((), "undecided"), (("--alone",), "holds")):
        _, document = checked(tmp_path / "l.db", "--claim", "better", "--candidate", "c3", *options)
        assert [check["outcome"] for check in document["checks"]] == [word]
