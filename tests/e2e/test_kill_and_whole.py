"""What a run knew of a candidate as a whole is not lost when it is killed; what was never known has a reason."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger, query
from fairtrial.planning.plan import plan_trial
from fairtrial.report.summary import summarise
from fairtrial.running.conductor import run
from fairtrial.spec.source import load_trial

TRIAL = """
name: killed
candidates: [{id: first, model: "fake:first"}, {id: second, model: "fake:second"}]
tasks: [{task: table, level: 1, limit: 50}]
"""
SLOW = """
import sys, time
from fairtrial.engines.fake import FakeEngine
from fairtrial.cli.main import app
plain = FakeEngine.score
def score(self, requests):
    if self._seed == b"second":
        time.sleep(3600)
    return plain(self, requests)
FakeEngine.score = score
app(["run", sys.argv[1], "--ledger", sys.argv[2], "--no-report", "--quiet"])
"""
"""The program, with a second candidate that does not answer."""


def whole_rows(ledger: Path) -> list[tuple[str, float]]:
    """What a ledger holds of candidates as a whole by now."""
    try:
        with closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as db:
            return list(db.execute("SELECT measure, value FROM observations WHERE item_id = '' AND task_id = ''"))
    except sqlite3.Error:
        return []


def finished(
    place: Path, trial: str = "killed.yaml"
) -> tuple[dict[str, dict[str, query.WholeRow]], dict[tuple[str, str], str]]:
    """Run to the end; return what each candidate needs by measure, and why the rest is absent."""
    loaded = load_trial(place / trial)
    with Ledger.open(place / "l.db") as ledger:
        plan = plan_trial(loaded.trial, place)
        with ledger.writing():
            run(plan, loaded.text, ledger, EngineSettings())
        summary = summarise(ledger, plan.id)
    absent = {(a.candidate, a.measure): a.reason for a in summary.absences}
    return {candidate.name: dict(candidate.needs) for candidate in summary.candidates}, absent


def test_a_killed_run_leaves_what_it_knew(tmp_path: Path) -> None:
    (tmp_path / "killed.yaml").write_text(TRIAL)
    program = [sys.executable, "-c", SLOW, str(tmp_path / "killed.yaml"), str(tmp_path / "l.db")]
    with subprocess.Popen(program, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=dict(os.environ)) as process:
        started = time.monotonic()
        while not whole_rows(tmp_path / "l.db") and process.poll() is None and time.monotonic() - started < 600:
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    before = dict(whole_rows(tmp_path / "l.db"))
    assert before["load_seconds"] > 0
    needs, absent = finished(tmp_path)
    assert needs["first"]["load_seconds"].value == before["load_seconds"]
    assert needs["second"]["load_seconds"].value > 0
    assert ("first", "load_seconds") not in absent


def test_what_no_run_of_the_trial_has_measured_has_a_reason(tmp_path: Path) -> None:
    """All answers are in the ledger, and nothing of how they came about: no run had time to say it."""
    (tmp_path / "killed.yaml").write_text(TRIAL)
    finished(tmp_path)
    with Ledger.open(tmp_path / "l.db") as ledger, ledger.transaction() as db:
        db.execute("DELETE FROM observations WHERE item_id = ''")
        db.execute("DELETE FROM absences WHERE item_id = ''")
    needs, absent = finished(tmp_path)
    assert needs["first"] == {}
    assert "it was not loaded" in absent["first", "load_seconds"]
    assert "it was not loaded" in absent["second", "memory_bytes"]
    (tmp_path / "more.yaml").write_text(TRIAL.replace("limit: 50", "limit: 150").replace("killed", "more"))
    needs, absent = finished(tmp_path, "more.yaml")
    assert needs["first"]["load_seconds"].value > 0
    assert not any(measure == "load_seconds" for _, measure in absent)
