"""How a trial is run, as far as it must not change what comes out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fairtrial.planning.plan import Plan
from fairtrial.running.progress import OnProgress
from fairtrial.running.runners import RunnerPlace, read_place

DEFAULT_LEDGER = Path("fairtrial.db")


def ignore(told: object) -> None:
    """Do nothing with what is told."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """How a trial is run, as far as it must not change what comes out.

    Attributes:
        threads: processor threads of local engines; None finds a good number.
        wait: wait when another process is writing to the ledger, rather than raise LedgerBusyError.
        trust_task_code: let Python code that task files name run.
        task_paths: more folders or files with task YAML.
        on_progress: called after every step of the run.
        on_note: called with a line about anything else that takes time.
        on: where answers are made: ``local``, ``processes``, ``ray``, or a Ray's address (`docs/many-machines.md`).
        workers: engines that work at the same time, at most, where several can; None takes what suits the machines.
        on_plan: called with what `run` is about to do; what it raises ends the run before anything is asked.
    """

    threads: int | None = None
    wait: bool = True
    trust_task_code: bool = False
    task_paths: Sequence[Path] = ()
    on_progress: OnProgress = ignore
    on_note: Callable[[str], None] = ignore
    on_plan: Callable[[Plan], None] = ignore
    on: str = "local"
    workers: int | None = None

    def __post_init__(self) -> None:
        read_place(self.on, self.workers)  # wrong words are told before anything else

    @property
    def place(self) -> RunnerPlace:
        """Where answers are made.  Raises SpecError if that is no place."""
        return read_place(self.on, self.workers)
