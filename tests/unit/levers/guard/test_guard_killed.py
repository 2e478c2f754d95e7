"""A guarded trial whose process is killed ends with the ledger of one that was left alone, guard and all."""

from __future__ import annotations

import multiprocessing
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from tests.e2e.test_kill_and_resume import answers
from tests.support.guarding import CARD
from tests.support.harm_trials import conduct_trial, describe_trial, knows, write_quiz
from tests.support.knowing import rows
from tests.support.pausing import pause_after

POLICY = {
    "stream": "sentence",
    "input": [{"rules": ["hazards"]}, {"personal_data": ["card"]}],
    "output": [{"rules": "hazards"}, {"personal_data": ["card"]}, {"label": "Made by AI"}],
}


def tells(prompt: str) -> str:
    """Give a card's number away."""
    return f"{knows(prompt)} It is {CARD}. Good bye."


def conduct(folder: Path, name: str, trial: dict[str, Any]) -> dict[str, list[tuple[object, ...]]]:
    with conduct_trial(folder, name, trial) as (ledger, _):
        return rows(ledger)


def conduct_in_part(folder: Path, name: str, trial: dict[str, Any], paused: Event) -> None:
    """Conduct a trial until three chunks are stored, and then do nothing."""
    pause_after(3, paused.set)
    conduct(folder, name, trial)


def test_killed_and_resumed_equals_unbroken(tmp_path: Path) -> None:
    write_quiz(tmp_path)
    trial = describe_trial(tells, tells, study={"name": "guard"})
    trial["tasks"][0]["limit"] = 120
    trial["candidates"][1]["levers"] = [{"guard": POLICY}]
    unbroken = conduct(tmp_path, "unbroken.db", trial)
    broken = tmp_path / "broken.db"
    fork = multiprocessing.get_context("fork")
    paused = fork.Event()
    child = fork.Process(target=conduct_in_part, args=(tmp_path, "broken.db", trial, paused))
    child.start()
    assert paused.wait(600)
    child.kill()
    child.join()
    assert 0 < answers(broken) < len(unbroken["answers"])
    assert conduct(tmp_path, "broken.db", trial) == unbroken
    told = str(unbroken["answers"])
    assert "'block'" in told or '"block"' in told
    assert "[card number]" in told
