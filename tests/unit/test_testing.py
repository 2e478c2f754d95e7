"""The plugin of pytest, in a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from fairtrial.errors import FairtrialError
from fairtrial.testing import TrialCheck

TESTS = """
import random
import pytest

def released(prompt): return "A" if random.Random(prompt).random() < 0.5 else "B"
def worse(prompt): return "?"

def test_good(fairtrial_check):
    found = fairtrial_check([released, released], "table@1", limit=400, margin=0.3, allow=["doubts"])
    assert found.verdicts[0].items_used == 400

def test_bad(fairtrial_check):
    fairtrial_check({"released": released, "worse": worse}, ["table@1"], limit=400, allow=["doubts"])

def test_from_a_file(fairtrial_check, fairtrial_ledger):
    fairtrial_check("t.yaml", claim="better", allow=["undecided", "missing", "doubts"])
    assert fairtrial_ledger.name == "own.db" and fairtrial_ledger.is_file()

def test_wrong(fairtrial_check):
    fairtrial_check("none.yaml")
"""
TRIAL = "candidates: [{id: a, model: 'fake:a'}, {id: b, model: 'fake:b'}]\ntasks: [{task: table, limit: 5}]\n"


def test_a_test_fails_with_the_verdict_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "test_quality.py").write_text(TESTS)
    (tmp_path / "t.yaml").write_text(TRIAL)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    command = [sys.executable, "-m", "pytest", "-p", "fairtrial.testing", "-p", "no:cacheprovider", "-q"]
    done = subprocess.run(
        [*command, "--fairtrial-ledger", "own.db"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    told = done.stdout
    assert "2 failed, 2 passed" in told, told + done.stderr
    assert "The gate fails: 1 of 1 claims do not hold.\nworse is worse than released on table (acc): −" in told
    assert "none.yaml" in told


def test_loading_the_plugin_loads_nothing_of_fairtrial() -> None:
    code = "import fairtrial.testing, sys; print(sorted(n for n in sys.modules if n.startswith('fairtrial.')))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['fairtrial.testing']"


def test_what_is_no_trial_and_misspelt_settings_are_refused_before_anything_is_asked(tmp_path: Path) -> None:
    asked: list[str] = []

    def ask(prompt: str) -> str:
        asked.append(prompt)
        return "A"

    check = TrialCheck(tmp_path / "own.db")
    rows = [{"question": "q", "answer": "A"}]
    with pytest.raises(FairtrialError, match="path of a trial file"):
        check(None)
    with pytest.raises(FairtrialError, match="bettr"):
        check([ask, ask], rows, claim="bettr")  # type: ignore[arg-type]
    with pytest.raises(FairtrialError, match="nonsense"):
        check([ask, ask], rows, allow=["nonsense"])
    assert not asked and not (tmp_path / "own.db").exists()
