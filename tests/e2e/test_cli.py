"""The command line as a user meets it: real processes, the fake engine, no terminal."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.commands import run_fairtrial
from tests.support.pausing import start_paused

TRIAL = """
name: small
candidates:
  - {id: one, model: "fake:one"}
  - {id: two, model: "fake:two"}
tasks:
  - {task: table, level: 1, limit: 60, shots: 1}
  - {task: arithmetic_open, level: 1, limit: 20, shots: 1}
"""


def fairtrial(*arguments: str | Path, cwd: Path, timeout: float = 600) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "TERM": "dumb", "XDG_CACHE_HOME": str(cwd / "cache"), "COLUMNS": "100"}
    done = run_fairtrial(*arguments, cwd=cwd, env=env, timeout=timeout)
    assert "Traceback" not in done.stderr, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    return done


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a trial that was run once."""
    folder = tmp_path_factory.mktemp("cli")
    (folder / "small.yaml").write_text(TRIAL)
    done = fairtrial("run", "small.yaml", "--ledger", "small.db", cwd=folder)
    assert done.returncode == 0, done.stderr
    (folder / "first-run.txt").write_text(done.stdout + "\n---\n" + done.stderr)
    return folder


def test_a_run_prints_tables_and_writes_a_report(place: Path) -> None:
    printed, _, progress = (place / "first-run.txt").read_text().partition("\n---\n")
    assert "Verdicts: two against one" in printed
    assert "Report: small.html" in printed
    assert "table  one  60/60" in progress
    assert (place / "small.html").read_text().startswith("<!doctype html>")


def test_a_second_run_asks_nothing_again_and_prints_one_json_document(place: Path) -> None:
    before = json.loads(fairtrial("ledger", "show", "--ledger", "small.db", "--json", cwd=place).stdout)
    done = fairtrial("run", "small.yaml", "--ledger", "small.db", "--json", cwd=place)
    document = json.loads(done.stdout)
    assert done.stderr == ""
    assert document["report"] == "small.html"
    assert {c["id"] for c in document["candidates"]} == {"one", "two"}
    assert {(e["candidate"], e["task"]) for e in document["estimates"]} == {
        (c, t) for c in ("one", "two") for t in ("table", "arithmetic_open")
    }
    [verdict] = [v for v in document["verdicts"] if v["task"] == "table"]
    assert (verdict["a"], verdict["b"], verdict["items_used"]) == ("two", "one", 60)
    assert verdict["low"] <= verdict["difference"] <= verdict["high"]
    after = json.loads(fairtrial("ledger", "show", "--ledger", "small.db", "--json", cwd=place).stdout)
    assert after["rows"] == before["rows"]


def test_export_has_one_line_an_item_and_measure(place: Path) -> None:
    done = fairtrial("ledger", "export", "--ledger", "small.db", "--format", "jsonl", "--answers", cwd=place)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    grades = [line for line in lines if line.get("measure") in {"acc", "exact_match"}]
    assert len(grades) == 2 * (60 + 20)
    assert set(grades[0]) >= {"candidate", "task", "doc_id", "item", "repeat", "measure", "value", "unit"}
    answers = [line for line in lines if "measure" not in line]
    assert {len(line["logprobs"]) for line in answers if line["task"] == "table"} == {4}
    assert [type(line["text"]) for line in answers if line["task"] == "arithmetic_open"] == [str] * (2 * 20)


def test_the_report_needs_no_model(place: Path) -> None:
    done = fairtrial("report", "small", "--ledger", "small.db", "--report", "again.html", cwd=place)
    assert done.returncode == 0
    assert (place / "again.html").read_text() == (place / "small.html").read_text()


def test_compare_needs_no_file(place: Path) -> None:
    done = fairtrial(
        *("compare", "fake:one", "fake:two", "--tasks", "table@1,reading@1", "-n", "20", "--shots", "1"),
        *("--ledger", "compare.db", "--json", "--no-report"),
        cwd=place,
    )
    document = json.loads(done.stdout)
    assert {t["id"] for t in document["tasks"]} == {"table", "reading"}
    assert document["report"] is None


def test_lists(place: Path) -> None:
    names = {t["name"] for t in json.loads(fairtrial("tasks", "--json", cwd=place).stdout)}
    assert {"table", "arithmetic_open", "reading", "logic", "instructions"} <= names
    assert isinstance(json.loads(fairtrial("models", "--json", cwd=place).stdout), list)
    checks = json.loads(fairtrial("doctor", "--json", cwd=place).stdout)["checks"]
    assert {"name", "ok", "detail", "fix", "optional"} == set(checks[0])
    assert fairtrial("--version", cwd=place).stdout.startswith("fairtrial 0")


def test_init_writes_once(tmp_path: Path) -> None:
    assert fairtrial("init", cwd=tmp_path).returncode == 0
    again = fairtrial("init", cwd=tmp_path)
    assert again.returncode == 2
    assert "--force" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "none.yaml"], 2, "there is no file 'none.yaml'"),
        (["run", "small.yaml", "--sped"], 2, "no such option: --sped"),
        (["run", "task.yaml"], 2, "Did you mean 'table'"),
        (["run", "level.yaml"], 2, "level"),
        (["run", "model.yaml"], 3, "there is no file 'none.gguf'"),
        (["run", "engine.yaml"], 3, "not a GGUF file"),
        (["report", "--ledger", "none.db"], 5, "there is no ledger 'none.db'"),
        (["report", "smell", "--ledger", "small.db"], 2, "Did you mean 'small'"),
        (["ledger", "show", "--ledger", "small.yaml"], 5, "is not a ledger"),
        (["compare", "fake:a", "fake:b", "--tasks", "table@x"], 2, "whole number"),
    ],
)
def test_mistakes_have_their_exit_code_and_no_traceback(
    place: Path, arguments: list[str], code: int, message: str
) -> None:
    (place / "task.yaml").write_text(TRIAL.replace("task: table", "task: tabel"))
    (place / "level.yaml").write_text(TRIAL.replace("level: 1, limit: 60", "level: 77, limit: 60"))
    (place / "model.yaml").write_text(TRIAL.replace("fake:one", "gguf:none.gguf"))
    (place / "engine.yaml").write_text(TRIAL.replace("fake:one", "gguf:small.yaml"))
    done = fairtrial(*arguments, cwd=place)
    assert done.returncode == code, done.stderr
    assert message in " ".join(done.stderr.split())


def test_too_long_requests_stop_the_trial_before_it_starts(place: Path) -> None:
    text = TRIAL.replace('model: "fake:one"', 'model: "fake:one", context: 64')
    (place / "long.yaml").write_text(text)
    done = fairtrial("run", "long.yaml", "--ledger", "long.db", cwd=place)
    assert done.returncode == 4
    assert "table item" in done.stderr
    shown = json.loads(fairtrial("ledger", "show", "--ledger", "long.db", "--json", cwd=place).stdout)
    assert shown["rows"]["answers"] == 0


def test_a_budget_stops_a_run_and_a_larger_one_goes_on(place: Path) -> None:
    def run_within(items: int) -> subprocess.CompletedProcess[str]:
        (place / "budget.yaml").write_text(TRIAL.replace("limit: 60", "limit: 150") + f"budget: {{items: {items}}}\n")
        return fairtrial("run", "budget.yaml", "--ledger", "budget.db", "--no-report", "--json", cwd=place)

    refused = run_within(30)
    assert refused.returncode == 6
    assert "does not allow a single round" in refused.stderr
    for items, stopped in ((100, True), (1000, False)):
        done = run_within(items)
        assert done.returncode == 0, done.stderr
        said = " ".join(json.loads(done.stdout)["endings"])
        assert ("stopped by the budget of 100 item answers; " in said) == stopped
        assert ("undecided: " in said) == stopped
    shown = json.loads(fairtrial("ledger", "show", "--ledger", "budget.db", "--json", cwd=place).stdout)
    assert shown["rows"]["answers"] == 2 * (150 + 20)


def test_a_plan_asks_nothing_unless_it_is_told_to(place: Path) -> None:
    text = TRIAL.replace("limit: 60", "limit: 150") + "decide: {stop_early: true}\nbudget: {minutes: 10}\n"
    (place / "plan.yaml").write_text(text)
    first = fairtrial("plan", "plan.yaml", "--ledger", "plan.db", cwd=place)
    assert first.returncode == 0, first.stderr
    assert "speed not measured" in first.stdout
    assert "no price known" in first.stdout
    assert not (place / "plan.db").exists()
    done = fairtrial("plan", "plan.yaml", "--ledger", "plan.db", "--pilot", "10", "--json", cwd=place)
    document = json.loads(done.stdout)
    assert {(rate["task"], rate["known"]) for rate in document["rates"]} == {("table", 50), ("arithmetic_open", 20)}
    assert document["totals"][-1]["fits"] == {"minutes": True}
    assert 0 < document["spent"]["minutes"] < 10
    wrong = fairtrial("plan", "plan.yaml", "--pilot", "0", cwd=place)
    assert wrong.returncode == 2


def test_clearing_up(place: Path) -> None:
    done = fairtrial("ledger", "gc", "--ledger", "small.db", "--drop", "small", "--dry-run", "--json", cwd=place)
    assert json.loads(done.stdout)["trials"] == 1
    assert fairtrial("ledger", "export", "--ledger", "small.db", cwd=place).stdout


def test_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    trial = TRIAL.replace("limit: 60", "limit: 200")
    (tmp_path / "small.yaml").write_text(trial)
    run = ("run", str(tmp_path / "small.yaml"), "--ledger", str(tmp_path / "small.db"), "--no-report")
    process = start_paused(2, *run)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=600)
    assert process.returncode == 130, errors
    assert "Interrupted" in errors
    assert "Traceback" not in errors
    assert 0 < answers(tmp_path) < 2 * (200 + 20)
    done = fairtrial("run", "small.yaml", "--ledger", "small.db", "--no-report", "--json", cwd=tmp_path)
    assert done.returncode == 0
    assert answers(tmp_path) == 2 * (200 + 20)


def answers(place: Path) -> int:
    if not (place / "small.db").exists():
        return 0
    done = fairtrial("ledger", "show", "--ledger", "small.db", "--json", cwd=place)
    return int(json.loads(done.stdout)["rows"]["answers"]) if done.returncode == 0 else 0


def test_two_runs_on_one_ledger_take_turns(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(TRIAL)
    run = [sys.executable, "-m", "fairtrial", "run", "small.yaml", "--ledger", "small.db", "--no-report", "--json"]
    both = [subprocess.Popen(run, cwd=tmp_path, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    documents = [json.loads(process.communicate(timeout=600)[0]) for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert documents[0]["verdicts"] == documents[1]["verdicts"]
    assert answers(tmp_path) == 2 * (60 + 20)
