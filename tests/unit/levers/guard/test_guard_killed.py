"""A guarded trial whose process is killed ends with the ledger of one that was left alone, guard and all."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path
from typing import Any

from tests.e2e.test_kill_and_resume import answers
from tests.support.guarding import CARD
from tests.support.harm_trials import conduct_trial, describe_trial, knows, write_quiz
from tests.support.knowing import rows

POLICY = {
    "stream": "sentence",
    "input": [{"rules": ["hazards"]}, {"personal_data": ["card"]}],
    "output": [{"rules": "hazards"}, {"personal_data": ["card"]}, {"label": "Made by AI"}],
}


def tells(prompt: str) -> str:
    """Take a moment, and give a card's number away."""
    time.sleep(0.002)
    return f"{knows(prompt)} It is {CARD}. Good bye."


def conduct(folder: Path, name: str, trial: dict[str, Any]) -> dict[str, list[tuple[object, ...]]]:
    with conduct_trial(folder, name, trial) as (ledger, _):
        return rows(ledger)


def test_killed_and_resumed_equals_unbroken(tmp_path: Path) -> None:
    write_quiz(tmp_path)
    trial = describe_trial(tells, tells, study={"name": "guard"})
    trial["tasks"][0]["limit"] = 120
    trial["candidates"][1]["levers"] = [{"guard": POLICY}]
    unbroken = conduct(tmp_path, "unbroken.db", trial)
    broken = tmp_path / "broken.db"
    child = multiprocessing.get_context("fork").Process(target=conduct, args=(tmp_path, "broken.db", trial))
    child.start()
    whole = len(unbroken["answers"])
    while child.is_alive() and answers(broken) < 0.6 * whole:
        time.sleep(0.005)
    child.kill()
    child.join()
    assert 0 < answers(broken) < whole
    assert conduct(tmp_path, "broken.db", trial) == unbroken
    told = str(unbroken["answers"])
    assert "'block'" in told or '"block"' in told
    assert "[card number]" in told
