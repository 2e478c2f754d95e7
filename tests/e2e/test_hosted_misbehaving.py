"""Whole trials with servers that misbehave: what is paid for is kept, what is odd is said, keys stay unseen."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fairtrial.ledger import Ledger
from tests.support.commands import run_fairtrial
from tests.support.hosted import KEY
from tests.support.servers.misbehaving import Exchange, misbehaving

pytest.importorskip("httpx2")

ENVIRONMENT = {**os.environ, "PLANTED_KEY": KEY + "\n"}


def trial(folder: Path, url: str, items: int = 20, task: str = "arithmetic_open", more: str = "") -> Path:
    path = folder / "trial.yaml"
    path.write_text(
        "fairtrial: 1\nname: odd\ncandidates:\n"
        f"  - {{id: served, model: 'openai:m', decoding: {{max_tokens: 6}}, endpoint: {{base_url: '{url}', "
        f"concurrency: 4, key_env: PLANTED_KEY, retries: 2{more}}}}}\n"
        f"tasks: [{{task: {task}, limit: {items}, shots: 0}}]\n"
    )
    return path


def command(path: Path, *more: str) -> list[str]:
    return ["run", str(path), "--ledger", str(path.parent / "l.db"), *more]


def start(path: Path, **streams: int) -> subprocess.Popen[str]:
    program = [sys.executable, "-m", "fairtrial", *command(path, "--no-report")]
    return subprocess.Popen(program, env=ENVIRONMENT, text=True, **streams)


def run(path: Path, *more: str) -> subprocess.CompletedProcess[str]:
    return run_fairtrial(*command(path, *more), env=ENVIRONMENT, cwd=path.parent)


def stored(path: Path) -> list[dict[str, Any]]:
    with Ledger.open(path.parent / "l.db", create=False) as ledger:
        return [json.loads(body) for (body,) in ledger.read("SELECT answer FROM answers")]


def question(exchange: Exchange) -> str:
    return str(exchange.body["messages"][-1]["content"])


def test_one_bad_answer_loses_no_paid_one(tmp_path: Path) -> None:
    bad: list[str] = []

    def behave(exchange: Exchange) -> None:
        if exchange.number == 5:
            bad.append(question(exchange))
        good = {"content": [{"token": "4", "logprob": -0.1}]}
        if bad and question(exchange) == bad[0]:
            exchange.answer(logprobs={"content": [{"token": "4", "logprob": float("nan")}]})
        else:
            exchange.answer(logprobs=good)

    with misbehaving(behave) as server:
        path = trial(tmp_path, server.url)
        done = run(path, "--no-report")
        assert done.returncode == 4, done.stderr
        assert "NaN is no log-probability" in done.stderr
        assert len(stored(path)) == 19, "all others are kept"
        before = len(server.seen)
        server.behave = lambda exchange: exchange.answer(logprobs={"content": [{"token": "4", "logprob": -0.1}]})
        assert run(path, "--no-report").returncode == 0
        assert [question(exchange) for exchange in server.seen[before:]] == bad, "only the bad one is asked again"
    assert len(stored(path)) == 20


def test_refusals_are_wrong_answers_that_are_counted_and_said(tmp_path: Path) -> None:
    def behave(exchange: Exchange) -> None:
        if exchange.number % 4 == 1:
            exchange.reply({"error": {"code": "content_filter", "message": "no <b>such</b> words"}}, 400)
        else:
            exchange.answer()

    with misbehaving(behave) as server:
        path = trial(tmp_path, server.url, task="instructions")
        done = run(path, "--json")
        assert done.returncode == 0, done.stderr
        document = json.loads(done.stdout)
        [doubt] = [d for d in document["doubts"] if d["kind"] == "refused"]
        assert (doubt["count"], doubt["of"], doubt["headline"]) == (5, 20, True)
        assert doubt["text"] in (tmp_path / "odd.html").read_text()
        said = run(path, "--no-report")
        assert "were refused by its server" in " ".join(said.stdout.split())
        assert len(server.seen) == 20
    with Ledger.open(tmp_path / "l.db", create=False) as ledger:
        [(best,)] = ledger.read(
            "SELECT max(o.value) FROM observations o JOIN observations s ON s.item_id = o.item_id "
            "AND s.measure = 'sign:refused' WHERE o.measure LIKE '%acc%' OR o.measure LIKE '%follow%'"
        )
        assert best == 0.0, "an empty text keeps many an instruction; a refusal keeps none"


def test_settings_that_are_refused_and_tokens_that_are_not_counted_are_said(tmp_path: Path) -> None:
    def behave(exchange: Exchange) -> None:
        if "temperature" in exchange.body:
            exchange.reply({"error": {"message": "Only the default (1) value.", "param": "temperature"}}, 400)
        else:
            exchange.answer(usage=None)

    with misbehaving(behave) as server:
        path = trial(tmp_path, server.url)
        done = run(path, "--json")
        assert done.returncode == 0, done.stderr
        assert len(server.seen) == 21
    doubts = {d["kind"]: d for d in json.loads(done.stdout)["doubts"]}
    assert doubts["changed"]["headline"]
    assert "refuses 'temperature' (Only the default (1) value)" in doubts["changed"]["text"]
    assert "did not say how many tokens 20 of 20" in doubts["counted"]["text"]
    page = (tmp_path / "odd.html").read_text()
    assert "at the temperature that the server chooses" in page
    assert "what they cost is an estimate" in page


def echoing(exchange: Exchange) -> None:
    if exchange.method == "GET":
        exchange.reply({"data": [{"id": f"model-of-{KEY}"}]})
    else:
        exchange.answer(f"4 {exchange.headers['authorization']} {KEY[:12]}\n{KEY[12:]}")


def erring(status: int) -> Callable[[Exchange], None]:
    def behave(exchange: Exchange) -> None:
        if exchange.method == "GET":
            echoing(exchange)
        else:
            exchange.reply({"error": {"message": json.dumps(exchange.headers)}}, status)

    return behave


@pytest.mark.parametrize("behave", [echoing, erring(400), erring(401), erring(404), erring(500), erring(200)])
def test_a_key_that_a_server_repeats_is_nowhere(tmp_path: Path, behave: Callable[[Exchange], None]) -> None:
    with misbehaving(behave) as server:
        path = trial(tmp_path, server.url, 5)
        done = run(path)
        spoken = done.stdout + done.stderr
        assert done.returncode == (0 if behave is echoing else 4), done.stderr
        masked = [bool(answer["masked"]) for answer in stored(path)] if behave is echoing else []
        assert all(masked) and bool(masked) == (behave is echoing)
        for verb in (
            ["report", "--json"],
            ["ledger", "export", "--format", "jsonl"],
            ["export", "--format", "inspect"],
        ):
            more = run_fairtrial(*verb, "--ledger", "l.db", env=ENVIRONMENT, cwd=tmp_path)
            spoken += more.stdout + more.stderr
        assert "Traceback" not in spoken
    spoken += "".join(file.read_bytes().decode("latin-1") for file in tmp_path.rglob("*") if file.is_file())
    assert KEY not in spoken
    assert KEY[:16] not in spoken
    assert KEY[-16:] not in spoken


@pytest.mark.parametrize("chat", [True, False], ids=["while answering", "while opening"])
@pytest.mark.parametrize("presses", [1, 2, 3])
def test_ctrl_c_on_a_silent_server(tmp_path: Path, chat: bool, presses: int) -> None:
    with misbehaving(lambda exchange: exchange.wait()) as server:
        path = trial(tmp_path, server.url)
        if not chat:
            path.write_text(path.read_text().replace("model: 'openai:m'", "model: 'openai:m', chat: none"))
        process = start(path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        while not server.seen and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.3)
        for _ in range(presses):
            process.send_signal(signal.SIGINT)
            time.sleep(0.05)
        out, err = process.communicate(timeout=600)  # the server would keep it waiting for twice as long
    assert process.returncode == 130
    assert "Traceback" not in out + err
    assert "Exception ignored" not in out + err
    assert err.count("Interrupted.") == 1
    with Ledger.open(tmp_path / "l.db", create=False) as ledger:
        assert list(ledger.read("SELECT outcome FROM sessions")) == [("interrupted",)]


def test_ctrl_c_keeps_what_has_come(tmp_path: Path) -> None:
    def behave(exchange: Exchange) -> None:
        if exchange.number < 3:
            exchange.answer()
        else:
            exchange.wait()

    with misbehaving(behave) as server:
        path = trial(tmp_path, server.url)
        process = start(path, stderr=subprocess.PIPE)
        while len(server.seen) < 3 + 4 and process.poll() is None:  # four at a time: three have come
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=600)
    assert process.returncode == 130
    assert len(stored(path)) == 3
