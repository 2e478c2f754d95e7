"""Runs that were started from the workbench: found again by the next one, stopped from it, never started twice."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from fairtrial.errors import LedgerBusyError
from fairtrial.workbench import runs
from fairtrial.workbench.notes import FOLDER, is_going
from fairtrial.workbench.runs import RunTable

SLEEPS = (sys.executable, "-c", "import time; print('begun', flush=True); time.sleep(1000)", "fairtrial")


@pytest.fixture(autouse=True)
def sleeping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "_command", lambda *words: (*SLEEPS, *words))


def test_a_run_outlives_its_workbench_is_found_again_and_stopped(tmp_path: Path) -> None:
    async def start() -> None:
        table = RunTable(tmp_path)
        run = await table.start(tmp_path / "t.yaml", tmp_path / "x.db")
        same = await table.start(tmp_path / "t.yaml", tmp_path / "x.db")
        assert same is run and run.state == "running"
        with pytest.raises(LedgerBusyError, match=r"another run writes to the ledger x\.db"):
            await table.start(tmp_path / "other.yaml", tmp_path / "x.db")
        note = tmp_path / FOLDER / "1.json"
        beside = RunTable(tmp_path).runs[1]
        assert not beside.owned  # its own workbench is there
        note.write_text(json.dumps({**json.loads(note.read_text()), "owner": 2**22 + 1}))
        later = RunTable(tmp_path)
        found = later.find_run("1")
        assert found.owned and found.state == "running" and found.ledger == tmp_path / "x.db"
        later.cancel(found)
        assert found.state in ("stopping", "cancelled")
        await asyncio.wait_for(run.process.wait() if run.process else asyncio.sleep(0), 600)
        assert found.state == "cancelled" and run.state == "failed"
        assert RunTable(tmp_path).runs == {} and not (tmp_path / FOLDER).exists()

    asyncio.run(start())


def test_a_note_of_somebody_elses_process_is_not_believed(tmp_path: Path) -> None:
    folder = tmp_path / FOLDER
    folder.mkdir()
    own = {"number": 1, "file": "t.yaml", "ledger": "x.db", "started": 0.0, "owner": 0, "owner_born": 0.0}
    for number, told in enumerate(({"pid": os.getpid(), "born": 0.0}, {"pid": 1, "born": 0.0}, {"pid": "x"}), 1):
        (folder / f"{number}.json").write_text(json.dumps({**own, **told, "number": number}))
    assert RunTable(tmp_path).runs == {}
    assert not is_going(os.getpid(), 0.0)
