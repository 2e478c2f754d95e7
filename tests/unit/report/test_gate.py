"""The quality gate: what lets a pipeline pass, what fails it, and the same as JUnit XML and exit codes."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fairtrial.cli.main import app
from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.report.gate import GateAllowances, GateQuestions, check_claims, is_failure, judge_gate
from fairtrial.report.junit import write_junit
from fairtrial.report.summary import summarise
from tests.support.standing_ledger import ACC, TRIAL, trial_ledger


def column(share: float, n: int = 400, seed: int = 1) -> list[float]:
    rng = np.random.default_rng(seed)
    return [float(x) for x in rng.permutation(np.arange(n) < share * n)]


@pytest.fixture
def made(tmp_path: Path) -> Path:
    base = column(0.6)
    same = [1.0 - v if i < 2 else v for i, v in enumerate(base)]
    tasks = {"t": {ACC["name"]: {"base": base, "same": same, "bad": column(0.3, seed=2), "good": [1.0] * 400}}}
    trial_ledger(tmp_path / "l.db", ["base", "same", "bad", "good"], tasks, decide={"margin": 0.03}).close()
    return tmp_path / "l.db"


def outcomes(path: Path, asked: GateQuestions) -> dict[str, str]:
    from fairtrial.ledger import Ledger

    with Ledger.open(path) as ledger:
        return {check.candidate: check.outcome for check in check_claims(summarise(ledger, TRIAL), asked)}


def test_each_claim_has_its_outcome(made: Path) -> None:
    assert outcomes(made, GateQuestions()) == {"same": "holds", "bad": "refuted", "good": "holds"}
    assert outcomes(made, GateQuestions("better")) == {"same": "refuted", "bad": "refuted", "good": "holds"}
    assert outcomes(made, GateQuestions(candidate="good")) == {"good": "holds"}


def test_unknown_names_are_told(made: Path) -> None:
    with pytest.raises(UnknownNameError, match="gud"):
        outcomes(made, GateQuestions(candidate="gud"))


def test_one_candidate_cannot_be_checked(tmp_path: Path) -> None:
    trial_ledger(tmp_path / "l.db", ["base"], {"t": {ACC["name"]: {"base": [1.0, 0.0]}}}).close()
    with pytest.raises(SpecError, match="nothing to check"):
        outcomes(tmp_path / "l.db", GateQuestions())


def test_what_is_undecided_fails_unless_allowed(tmp_path: Path) -> None:
    tasks = {"t": {ACC["name"]: {"base": column(0.5, 12), "new": column(0.5, 12, seed=5)}}}
    trial_ledger(tmp_path / "l.db", ["base", "new"], tasks, decide={"margin": 0.01}).close()
    from fairtrial.ledger import Ledger

    with Ledger.open(tmp_path / "l.db") as ledger:
        summary = summarise(ledger, TRIAL)
        [check] = check_claims(summary, GateQuestions())
        assert check.outcome == "undecided"
        assert is_failure(check, False)
        assert not is_failure(check, True)
        [suite] = ET.fromstring(
            write_junit(summary, judge_gate(summary, GateQuestions(), GateAllowances(undecided=True)))
        )
        assert (suite.get("failures"), suite.get("skipped")) == ("0", "1")


def test_the_verb_fails_with_its_own_code_and_writes_junit(made: Path, tmp_path: Path) -> None:
    run = CliRunner().invoke
    done = run(app, ["check", "--ledger", str(made), "--junit", str(tmp_path / "out" / "j.xml"), "--json"])
    assert done.exit_code == 7
    document = json.loads(done.stdout)
    assert document["passed"] is False
    assert {c["candidate"]: c["outcome"] for c in document["checks"]}["bad"] == "refuted"
    [suite] = ET.parse(tmp_path / "out" / "j.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == ("3", "1")
    good = run(app, ["check", "--ledger", str(made), "--candidate", "good", "--claim", "better"])
    assert good.exit_code == 0
    assert "The gate is passed." in good.stdout
