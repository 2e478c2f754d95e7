"""Jobs are done once, by one process or several; an error of one is that of all; processes end with their parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import pytest

from fairtrial.curation.jobs import LocalExecutor
from fairtrial.curation.writing import merge_sorted, sort_once
from fairtrial.errors import FairtrialError
from fairtrial.spreading import gang


@dataclass(frozen=True)
class Mark:
    """Leaves a file with the id of its process."""

    path: Path
    fails: str = ""
    label = "a mark"

    def is_done(self) -> bool:
        return self.path.exists()

    def run(self) -> None:
        if self.fails == "killed" or (self.fails == "killed once" and not self.path.with_suffix(".died").exists()):
            self.path.with_suffix(".died").touch()
            os.kill(os.getpid(), signal.SIGKILL)
        if self.fails and self.fails != "killed once":
            raise FairtrialError(self.fails, fix="Mend it.")
        self.path.write_text("after all" if self.fails else str(os.getpid()))


@dataclass(frozen=True)
class Patient(Mark):
    """Waits until another job is done."""

    awaited: Path = Path()

    def run(self) -> None:
        while not self.awaited.exists():
            time.sleep(0.01)
        super().run()


def make(folder: Path, fails: Sequence[str] = ("",) * 6) -> list[Mark]:
    return [Mark(folder / str(number), problem) for number, problem in enumerate(fails)]


@pytest.mark.parametrize("processes", [1, 2])
def test_only_what_is_not_done_is_done(tmp_path: Path, processes: int) -> None:
    jobs = make(tmp_path)
    jobs[2].path.write_text("before")
    told: list[tuple[int, int]] = []
    with LocalExecutor(processes) as executor:
        executor.run(jobs, lambda done, of: told.append((done, of)))
    assert [job.path.read_text() == "before" for job in jobs] == [False, False, True, False, False, False]
    assert told == [(done, 6) for done in range(1, 7)]
    assert (str(os.getpid()) in {job.path.read_text() for job in jobs}) == (processes == 1)


@pytest.mark.parametrize("processes", [1, 2])
def test_an_error_of_a_job_comes_as_it_is(tmp_path: Path, processes: int) -> None:
    with (
        LocalExecutor(processes) as executor,
        pytest.raises(FairtrialError, match=r"^the third is bad\nMend it\.$"),
    ):
        executor.run(make(tmp_path, ["", "", "the third is bad", ""]), lambda *_: None)


def test_what_a_killed_process_was_doing_another_one_does_again(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    jobs = make(tmp_path, ["", "killed once", "", "killed once", ""])
    with LocalExecutor(2) as executor:
        executor.run(jobs, lambda done, of: told.append((done, of)))
    assert [job.path.read_text() == "after all" for job in jobs] == [False, True, False, True, False]
    assert told == [(done, 5) for done in range(6)]


def test_a_job_that_ends_every_process_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gang, "LOSSES", 2)
    told = r"(?s)^a mark: a worker was ended by signal 9, and so it went 2 times.*fewer --workers.*continues from there"
    with LocalExecutor(2) as executor, pytest.raises(FairtrialError, match=told):
        executor.run(make(tmp_path, ["killed", "", "", ""]), lambda *_: None)


def test_a_job_that_takes_long_keeps_no_other_waiting(tmp_path: Path) -> None:
    jobs = [Patient(tmp_path / "waits", awaited=tmp_path / "29"), *make(tmp_path, [""] * 30)]
    with LocalExecutor(2) as executor:
        executor.run(jobs, lambda *_: None)
    assert all(job.is_done() for job in jobs)


def test_processes_end_with_their_parent(tmp_path: Path) -> None:
    code = (
        "from tests.unit.curation.test_jobs import *\n"
        "LocalExecutor(2).run(make(Path(sys.argv[1])), lambda *_: None)\n"
        "print(*{p.pid for p in psutil.Process().children()}, flush=True)\n"
        "time.sleep(3600)\n"
    )
    top = Path(__file__).parents[3]
    paths = os.pathsep.join([str(top), *sys.path])
    with subprocess.Popen(
        [sys.executable, "-c", code, str(tmp_path)],
        cwd=top,
        env={**os.environ, "PYTHONPATH": paths},
        stdout=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout is not None
        children = [int(one) for one in parent.stdout.readline().split()]
        assert len(children) == 2
        parent.kill()
    end = time.monotonic() + 600
    while any(map(psutil.pid_exists, children)) and time.monotonic() < end:
        time.sleep(0.05)
    assert not any(map(psutil.pid_exists, children))


@pytest.mark.parametrize("most", [3, 10, 10_000])
def test_sorted_files_are_merged_some_values_at_a_time(tmp_path: Path, most: int) -> None:
    values = np.random.default_rng(1).integers(0, 2**64, (5, 200), np.uint64)
    values[1, :50] = values[0, :50]
    values[2, :2] = (0, 2**64 - 1)
    paths = [tmp_path / str(number) for number in range(6)]
    for path, one in zip(paths, [*values, values[0, :0]], strict=True):
        path.write_bytes(sort_once(one).tobytes())
    blocks = list(merge_sorted(paths, most))
    assert max(map(len, blocks)) < 5 * most + 20
    assert (np.concatenate(blocks) == np.unique(values)).all()
