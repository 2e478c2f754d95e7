"""The gate against another baseline than the trial's: the same verdicts as if the trial had been about it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fairtrial.analysis.verdicts import find_verdicts, iterate_questions
from fairtrial.cli.main import app
from fairtrial.errors import UnknownNameError
from fairtrial.ledger import query
from fairtrial.ledger.plan import make_plan_record
from fairtrial.report.gate import GateQuestions, change_baseline, check_claims
from fairtrial.report.summary import summarise
from tests.support.standing_ledger import ACC, SECONDS, TRIAL, coins, trial_ledger

NAMES = ("base", "good", "weak")


def ledger_of(path: Path, names: tuple[str, ...] = NAMES, early: bool = False):  # type: ignore[no-untyped-def]
    rng = np.random.default_rng(3)
    acc = dict(zip(NAMES, (coins(rng, share, 300) for share in (0.6, 0.9, 0.3)), strict=True))
    seconds = {name: [float(x) for x in rng.gamma(4.0, 0.25, 300)] for name in NAMES}
    tasks = {task: {ACC["name"]: acc, SECONDS["name"]: seconds} for task in ("t", "u")}
    return trial_ledger(path, names, tasks, decide={"margin": 0.03, "stop_early": early})


@pytest.mark.parametrize("early", [False, True])
def test_verdicts_are_those_of_a_trial_with_that_baseline(tmp_path: Path, early: bool) -> None:
    with (
        ledger_of(tmp_path / "a.db", early=early) as one,
        ledger_of(tmp_path / "b.db", NAMES[1:] + NAMES[:1], early) as two,
    ):
        other = find_verdicts(one, TRIAL, "good")
        assert {(v.a, v.b) for v in other} == {("base", "good"), ("weak", "good")}
        assert sorted(other, key=lambda v: (v.task, v.a)) == sorted(
            find_verdicts(two, TRIAL), key=lambda v: (v.task, v.a)
        )
        assert find_verdicts(one, TRIAL) == find_verdicts(one, TRIAL, "base") != other


def test_the_gate_turns_with_its_baseline(tmp_path: Path) -> None:
    with ledger_of(tmp_path / "a.db") as ledger:
        summary = summarise(ledger, TRIAL)
        own = {(c.candidate, c.task): c.outcome for c in check_claims(summary, GateQuestions())}
        turned = {
            (c.candidate, c.task): c.outcome
            for c in check_claims(change_baseline(ledger, summary, "weak"), GateQuestions("better"))
        }
        assert own == {(c, t): o for c, o in (("good", "holds"), ("weak", "refuted")) for t in "tu"}
        assert turned == {(c, t): "holds" for c in ("base", "good") for t in "tu"}
        with pytest.raises(UnknownNameError, match=r"Did you mean 'weak'"):
            change_baseline(ledger, summary, "week")


def test_what_ended_the_asking_stays_the_trials_own(tmp_path: Path) -> None:
    with ledger_of(tmp_path / "a.db", early=True) as ledger:
        plan = json.loads(json.dumps(query.find_trial(ledger, TRIAL).document))
    for task in plan["tasks"]:
        task["measures"] = ["acc", "seconds"]
    for baseline, want in (
        ("", {"good": [("good", "base")], "weak": [("weak", "base")]}),
        ("weak", {"base": [("weak", "base")], "good": [("good", "base"), ("weak", "base")]}),
    ):
        found = {
            q.a.name: [(e.a.name, e.b.name) for e in q.ended_by]
            for q in iterate_questions(make_plan_record(plan), baseline)
            if q.measure.name == "seconds" and q.task.name == "t"
        }
        assert found == want


def test_the_verb_names_its_baseline(tmp_path: Path) -> None:
    ledger_of(tmp_path / "a.db").close()
    run = CliRunner().invoke
    done = run(app, ["check", "--ledger", str(tmp_path / "a.db"), "--baseline", "weak", "--json"])
    assert done.exit_code == 0
    document = json.loads(done.stdout)
    assert (document["passed"], document["baseline"]) == (True, "weak")
    assert {check["candidate"] for check in document["checks"]} == {"base", "good"}
    junit = tmp_path / "j.xml"
    assert (
        run(app, ["check", "--ledger", str(tmp_path / "a.db"), "--baseline", "good", "--junit", str(junit)]).exit_code
        == 7
    )
    assert "base is not worse than good" in junit.read_text()
    wrong = run(app, ["check", "--ledger", str(tmp_path / "a.db"), "--baseline", "week"])
    assert wrong.exit_code != 0 and "Did you mean 'weak'" in str(wrong.exception)
