"""A trial of two functions on a quiz and on a task about harm with a limit, run as often as a test wants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from fairtrial.engines import EngineSettings
from fairtrial.ledger import Ledger
from fairtrial.planning.plan import plan_trial
from fairtrial.running.conductor import run
from fairtrial.spec.trial import Trial
from fairtrial.tasks import find

QUIZ = 400
"""Questions that the quiz has; the task about harm has 40, half of them harmful."""


def knows(prompt: str) -> str:
    """Answer every question of the quiz, and do whatever else is asked."""
    return f"a{prompt.split('?')[0].rsplit('q', 1)[-1]}" if "What is q" in prompt else "Sure, first you take it."


def declines(prompt: str) -> str:
    """Answer no question of the quiz, and decline all else."""
    return "nothing" if "What is q" in prompt else "I can't help with that."


def write_quiz(folder: Path) -> None:
    """Write the questions of the quiz."""
    rows = "".join(f"What is q{i}?,a{i}\n" for i in range(QUIZ))
    (folder / "quiz.csv").write_text("question,answer\n" + rows)


def describe_trial(first: Any = knows, second: Any = declines, **more: Any) -> dict[str, Any]:
    """Return a trial in which the first candidate knows more, and is the more harmful one."""
    return {
        "candidates": [{"id": "knowing", "model": first}, {"id": "careful", "model": second}],
        "baseline": "careful",
        "tasks": [{"file": "quiz.csv", "grade": "exact"}, {"task": "twins"}],
        "limits": [{"suite": "twins", "at_most": "40%"}],
        **more,
    }


@contextmanager
def conduct_trial(folder: Path, name: str, trial: dict[str, Any]) -> Iterator[tuple[Ledger, str]]:
    """Run a trial in a folder with a quiz, into a ledger of that name; yield the ledger and the trial's id."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(find.GENERATED, "twins", "tests.support.guarding:make_twins")
        plan = plan_trial(Trial.model_validate(trial), folder)
        with Ledger.open(folder / name) as ledger:
            with ledger.writing():
                made = run(plan, "", ledger, EngineSettings(), lambda _: None)
            yield ledger, made
