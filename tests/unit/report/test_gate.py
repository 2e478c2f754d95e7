"""The quality gate: what lets a pipeline pass, what fails it, and the same as JUnit XML and exit codes."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from fairtrial import api
from fairtrial.cli.main import app
from fairtrial.errors import SpecError, UnknownNameError
from fairtrial.report.gate import GateAllowances, GateQuestions, check_claims, is_failure, judge_gate
from fairtrial.report.junit import write_junit
from fairtrial.report.markdown import draw_interval, escape_markdown
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


def test_a_summary_in_markdown_says_every_claim(made: Path, tmp_path: Path) -> None:
    page, report = tmp_path / "summary.md", tmp_path / "r.html"
    page.write_text("before\n")
    options = ["--summary", str(page), "--report", str(report), "--threads", "1", "--no-wait"]
    assert CliRunner().invoke(app, ["check", "--ledger", str(made), *options]).exit_code == 7
    text = page.read_text()
    assert text.startswith("before\n## ❌") and "the gate fails" in text
    rows = [line for line in text.splitlines() if line.startswith(("| ✅", "| ❌"))]
    assert [line.split(" | ")[1] for line in rows] == ["same", "bad", "good"]
    assert all(line.count("|") == rows[0].count("|") for line in rows)
    assert "<details><summary>Scores" in text and report.is_file()
    good = ["--candidate", "good", "--summary", str(page), "--no-report"]
    assert CliRunner().invoke(app, ["check", "--ledger", str(made), *good]).exit_code == 0
    assert page.read_text().count("\n## ") == 2 and "## ✅" in page.read_text()


def test_markdown_shows_text_as_it_is() -> None:
    told = escape_markdown("a|b `c` <img src=x>\n![d](e) *f*")
    assert "|" not in told.replace("\\|", "") and "<" not in told and "\n" not in told
    assert "\\!\\[d\\](e)" in told and "\\*f\\*" in told


def test_an_interval_is_drawn_around_zero(made: Path) -> None:
    found = api.result(made)
    for verdict in found.verdicts:
        for reach in (0.01, 1.0):
            assert len(draw_interval(verdict, reach)) == 31
    bad = next(verdict for verdict in found.verdicts if verdict.a == "bad")
    assert draw_interval(bad, 1.0).index("●") < 15
    assert draw_interval(bad, 0.01)[0] in "◀●"


def test_a_result_is_checked_in_python(made: Path) -> None:
    found = api.result(made)
    gate = found.check()
    assert not gate.passed and str(gate).startswith(
        "The gate fails: 1 of 3 claims do not hold.\nbad is worse than base"
    )
    assert found.check(candidate="same").passed
    assert "The gate is passed." in str(found.check("better", candidate="good"))
    with pytest.raises(UnknownNameError, match="Did you mean 'undecided'"):
        found.check(allow=["undecidd"])
    with pytest.raises(UnknownNameError, match="claim 'best' does not exist"):
        found.check("best")  # type: ignore[arg-type]
