"""A plugin of pytest: a test passes if a trial's candidates are as good as its baseline, and else says the verdict.

    def test_the_new_prompt_is_no_worse(fairtrial_check):
        fairtrial_check("trial.yaml")

    def test_my_system(fairtrial_check):
        fairtrial_check([released, my_system], tasks="questions.csv", margin=0.05)

pytest finds it by itself where fairtrial is installed.  Answers stay in a ledger, so that the next run asks for what is
new only.  Nothing else of fairtrial imports pytest, and nothing of fairtrial is loaded before a test asks for it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

import pytest

import fairtrial as ft

LEDGER = "fairtrial_ledger"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add where answers are kept, as an option and a setting."""
    told = "the file that keeps every answer of trials in tests"
    parser.getgroup("fairtrial").addoption("--fairtrial-ledger", default=None, metavar="FILE", help=told)
    parser.addini(LEDGER, help=f"{told} (default: fairtrial.db beside the configuration)", default="fairtrial.db")


@pytest.fixture(scope="session")
def fairtrial_ledger(pytestconfig: pytest.Config) -> Path:
    """The ledger of trials in tests: ``--fairtrial-ledger``, else the setting ``fairtrial_ledger``."""
    given = pytestconfig.getoption("--fairtrial-ledger")
    if given is not None:
        return Path(given)
    return Path(pytestconfig.rootpath, str(pytestconfig.getini(LEDGER)))


class TrialCheck:
    """Runs trials and fails the test that asks for one unless its claims hold; see `__call__`."""

    def __init__(self, ledger: Path) -> None:
        self.ledger = ledger

    def __call__(
        self,
        trial: Any,
        tasks: Any = None,
        *,
        claim: Literal["not-worse", "better"] = "not-worse",
        limit: int | None = None,
        margin: float | str = 0.02,
        allow: Collection[str] = (),
        alone: bool = False,
    ) -> ft.Result:
        """Run a trial, or what is missing of it; fail unless every candidate is as good as the baseline on every task.

        Args:
            trial: the path of a trial file, a `Trial`, a `Result`; or candidates as `ft.compare` takes them, the
                baseline first.
            tasks: what candidates are asked, as `ft.compare` takes it.
            claim: ``not-worse`` (by more than the margin), or ``better``.
            limit: of candidates: items of each task at most.
            margin: of candidates: differences inside it are tied.
            allow: what the test may pass with: ``undecided``, ``missing``, ``doubts``.
            alone: judge each claim as if it were the only one.

        Returns what was found.  Raises FairtrialError for a trial that cannot be run and, before anything is asked,
        for a claim or an allowance that there is none of.
        """
        __tracebackhide__ = True
        import_module("fairtrial.api.results").read_allowances(claim, allow)  # before anything is asked
        _refuse_other(trial)
        if isinstance(trial, ft.Result):
            found = trial
        elif tasks is not None or (isinstance(trial, Sequence | Mapping) and not isinstance(trial, str)):
            found = ft.compare(trial, tasks or (), self.ledger, limit=limit, margin=margin, progress=False)
        else:
            found = ft.run(trial, self.ledger, progress=False)
        gate = found.check(claim, alone=alone, allow=allow)
        if not gate.passed:
            pytest.fail(str(gate), pytrace=False)
        return found


def _refuse_other(trial: Any) -> None:
    """Raise FairtrialError for what is neither a trial nor candidates."""
    if not isinstance(trial, ft.Result | ft.Trial | str | Path | Sequence | Mapping):
        raise ft.FairtrialError(
            f"a trial is the path of a trial file, a Trial, a Result or a list of candidates; got {trial!r:.60}.",
            fix='Write fairtrial_check("trial.yaml"), or fairtrial_check([first, second], tasks=[...]).',
        )


@pytest.fixture
def fairtrial_check(fairtrial_ledger: Path) -> TrialCheck:
    """Run a trial and fail, with the verdict in words, unless its candidates are as good as the baseline."""
    return TrialCheck(fairtrial_ledger)
